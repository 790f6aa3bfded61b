//! Command lines that a report offers for copying, safe to paste into a POSIX shell whatever names stand in them.

/// A word as a POSIX shell reads it back: itself where it has no character that a shell acts on, else between single
/// quotes (POSIX.1 Shell Command Language, 2.2.2).
///
/// Escaping the result for a terminal ([`visible`](crate::escape::visible)) leaves it one word: no character of the
/// quoting is escaped, and escapes are harmless inside it.
pub fn word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./=,:+@%".contains(c);
    // zsh expands `=name` at the beginning of a word.
    if !text.is_empty() && text.chars().all(plain) && !text.starts_with('=') {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// A path that no program takes for an option.
pub fn path(text: &str) -> String {
    if text.starts_with('-') { format!("./{text}") } else { text.to_owned() }
}

/// The command line of brownout with these arguments; nothing without arguments.
pub fn brownout(arguments: &[String]) -> String {
    if arguments.is_empty() {
        return String::new();
    }
    let words: Vec<_> = arguments.iter().map(|argument| word(argument)).collect();
    format!("brownout {}", words.join(" "))
}

/// The command line that judges a recorded run again.
pub fn judge(folder: &str) -> String {
    format!("brownout judge {}", word(&path(folder)))
}

#[cfg(test)]
mod tests {
    use super::{path, word};
    use crate::escape::{ascii, visible};
    use proptest::prelude::*;

    /// The words of a line as a POSIX shell splits it; `None` where it would do anything but that.
    fn split(line: &str) -> Option<Vec<String>> {
        let (mut words, mut open): (Vec<String>, Option<String>) = (Vec::new(), None);
        let mut rest = line.chars();
        while let Some(c) = rest.next() {
            match c {
                ' ' => words.extend(open.take()),
                '\'' => {
                    let word = open.get_or_insert_default();
                    loop {
                        match rest.next()? {
                            '\'' => break,
                            inside => word.push(inside),
                        }
                    }
                }
                '\\' => open.get_or_insert_default().push(rest.next().filter(|c| *c != '\n')?),
                // Everything else that 2.2 and 2.3 name, and what shells commonly add: braces, history, `=name`.
                '\n' | '\t' | '|' | '&' | ';' | '<' | '>' | '(' | ')' | '$' | '`' | '"' | '*' | '?' | '['
                | ']' | '#' | '~' | '!' | '{' | '}' | '^' => return None,
                '=' if open.is_none() => return None,
                c => open.get_or_insert_default().push(c),
            }
        }
        words.extend(open);
        Some(words)
    }

    #[test]
    fn ordinary_names_stay_as_they_are() {
        for text in ["scenarios/power/cut.yaml", "cut_at=25%,tear=random", "reports/x/nth=3-7", "1@a:b+c"] {
            assert_eq!(word(text), text);
        }
        assert_eq!(word(""), "''");
        assert_eq!(word("it's; rm -rf ~"), r"'it'\''s; rm -rf ~'");
        assert_eq!(word("=ls"), "'=ls'");
        assert_eq!(word(&path("-rf")), "./-rf");
    }

    proptest! {
        #[test]
        fn a_word_stays_one_word(text in any::<String>(), hostile in "[-='\"$`\\\\;&|<>(){}!~*?#\\[\\] \n\ta-c\u{e9}\u{1b}]{0,12}") {
            for text in [text, hostile] {
                let line = format!("a {} b", word(&text));
                prop_assert_eq!(split(&line), Some(vec!["a".to_owned(), text.clone(), "b".to_owned()]));
                // As it is printed: what cannot be shown is not what it was, but does nothing.
                prop_assert_eq!(split(&visible(&word(&text))), Some(vec![visible(&text)]));
                prop_assert_eq!(split(&ascii(&word(&text))), Some(vec![ascii(&text)]));
            }
        }
    }
}
