//! Hostile text made harmless: whatever a device, broker or certificate says is shown, never obeyed.

use std::fmt::Write as _;
use unicode_width::UnicodeWidthChar;

/// Text with everything escaped that a terminal, a log viewer or a bidi algorithm would act on rather than show:
/// control characters (so ANSI and OSC sequences too), line ends, bidi controls, zero-width and other invisible
/// characters, and characters that XML forbids. `\x1b` for what fits two hex digits below 0x80, else `\u{202e}`.
///
/// The result is one line, and each of its characters takes at least one column.
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        push(&mut out, c);
    }
    out
}

/// As [`visible`], and no longer than `most` characters of output; what was left out is counted at the end.
pub fn visible_capped(text: &str, most: usize) -> String {
    let mut out = String::new();
    let mut length = 0;
    for (taken, c) in text.chars().enumerate() {
        let before = out.len();
        push(&mut out, c);
        length += out.get(before..).map_or(0, |added| added.chars().count());
        if length > most {
            out.truncate(before);
            let left_out = text.chars().count() - taken;
            let _ = write!(out, " [{left_out} more characters]");
            break;
        }
    }
    out
}

/// Longest sentence of a report, in characters. A reason may quote a console line of 4 KiB.
const LONGEST_SENTENCE: usize = 1000;

/// A sentence of a verdict, which may quote a device: [`visible`], and not so long that it buries the rest.
pub fn sentence(text: &str) -> String {
    visible_capped(text, LONGEST_SENTENCE)
}

/// As [`visible`], with everything outside ASCII escaped too, for terminals that have nothing else.
pub fn ascii(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii() { push(&mut out, c) } else { hex(&mut out, c) }
    }
    out
}

fn push(out: &mut String, c: char) {
    match c {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        _ if is_harmless(c) => out.push(c),
        _ => hex(out, c),
    }
}

fn hex(out: &mut String, c: char) {
    // Writing to a String cannot fail.
    let _ = if c.is_ascii() {
        write!(out, "\\x{:02x}", u32::from(c))
    } else {
        write!(out, "\\u{{{:x}}}", u32::from(c))
    };
}

fn is_harmless(c: char) -> bool {
    // Width 0 covers combining marks without a base, ZWJ and its relatives, bidi controls, tags and BOM.
    let invisible = matches!(c, '\u{ad}' | '\u{115f}' | '\u{1160}' | '\u{2028}'..='\u{202e}' | '\u{2800}' | '\u{3164}'
        | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}');
    let not_a_character = u32::from(c) & 0xfffe == 0xfffe || ('\u{fdd0}'..='\u{fdef}').contains(&c);
    !c.is_control() && !invisible && !not_a_character && c.width().is_some_and(|w| w > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nothing_is_obeyed() {
        assert_eq!(visible("\x1b]0;owned\x07"), "\\x1b]0;owned\\x07");
        assert_eq!(visible("a\r\nb\tc\0"), "a\\r\\nb\\tc\\x00");
        assert_eq!(visible("\u{202e}txt.exe\u{2066}"), "\\u{202e}txt.exe\\u{2066}");
        assert_eq!(visible("\u{9b}31m"), "\\u{9b}31m");
        assert_eq!(visible("a\u{200b}b\u{feff}\u{ffff}"), "a\\u{200b}b\\u{feff}\\u{ffff}");
        assert_eq!(visible("Grüße, 世界"), "Grüße, 世界");
        assert_eq!(ascii("21 °C"), "21 \\u{b0}C");
    }

    #[test]
    fn length_is_capped() {
        assert_eq!(visible_capped("abcdef", 6), "abcdef");
        assert_eq!(visible_capped("abcdefg", 6), "abcdef [1 more characters]");
        assert_eq!(visible_capped("abc\x1b\x1b", 6), "abc [2 more characters]");
    }

    proptest! {
        #[test]
        fn every_character_left_takes_a_column(text in any::<String>()) {
            let out = visible(&text);
            prop_assert!(out.chars().all(|c| c.width().is_some_and(|w| w > 0)));
            prop_assert!(ascii(&text).bytes().all(|b| (0x20..0x7f).contains(&b)));
        }

        #[test]
        fn escaping_again_changes_nothing(text in any::<String>()) {
            let once = visible(&text);
            prop_assert_eq!(visible(&once), once);
        }
    }
}
