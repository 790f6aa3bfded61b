//! From YAML text to nodes.
//!
//! This reads the parser's events itself and not through serde, because serde's data model forgets what the language
//! needs: the text of a number as it was written (`1.10`), whether a word stood in quotes, and where a key stands.
//!
//! YAML is taken without its surprises: no tags, no directives, one document, keys that are words and stand once.
//! Anchors and aliases work, within limits.

use super::diagnostic::Diagnostic;
use super::node::{Key, Node, Span, Value};
use granit_parser::{ErrorKind, Event, Options, Parser, ScalarStyle, ScanError};
use std::collections::{BTreeMap, BTreeSet};

/// The longest file that is read, in bytes.
pub const MAX_BYTES: usize = 1 << 20;

/// How deep lists and mappings may be nested.
pub const MAX_DEPTH: usize = 64;

/// How many nodes a file may have, aliases written out.
pub const MAX_NODES: usize = 100_000;

/// Reads one YAML document. The error holds a syntax error, or every duplicate key and other thing that the
/// language refuses.
pub fn parse(text: &str) -> Result<Node, Vec<Diagnostic>> {
    if text.len() > MAX_BYTES {
        return Err(vec![problem(
            Span::default(),
            format!("the file has {} bytes; at most {MAX_BYTES} are read", text.len()),
            "too long",
            None,
        )]);
    }
    let mut options = Options::default();
    options.disallow_directives = true;
    options.block_nesting_limit = MAX_DEPTH + 1;
    options.flow_nesting_limit = MAX_DEPTH + 1;
    options.set_emit_comments(false);
    let mut builder = Builder::default();
    for event in Parser::new_from_str_with_options(text, options) {
        let step = match event {
            Ok((event, span)) => {
                if let Some(tag) = event.tag() {
                    builder.problems.push(problem(
                        span_of(&span.tag_span().unwrap_or(span), text),
                        format!("the tag `{}` is not used here", tag.original()),
                        "a tag",
                        Some("take it away; a text that looks like a number may stand in quotes"),
                    ));
                }
                builder.event(event, span_of(&span, text))
            }
            Err(error) => Err(syntax_error(&error, text)),
        };
        if let Err(fatal) = step {
            builder.problems.push(fatal);
            return Err(builder.problems);
        }
    }
    if !builder.problems.is_empty() {
        return Err(builder.problems);
    }
    match builder.root {
        Some(Node { value: Value::Null, .. }) | None => Err(vec![problem(
            Span::default(),
            "the file is empty".to_owned(),
            "nothing here",
            Some("the files under `scenarios` and `rigs` show what stands in one"),
        )]),
        Some(root) => Ok(root),
    }
}

fn span_of(span: &granit_parser::Span, text: &str) -> Span {
    let offset = |marker: granit_parser::Marker| marker.byte_offset().unwrap_or(0).min(text.len());
    Span { start: offset(span.start), end: offset(span.end) }
}

fn problem(span: Span, message: String, label: &str, help: Option<&str>) -> Diagnostic {
    Diagnostic { message, span, label: label.to_owned(), help: help.map(str::to_owned) }
}

/// A collection that is not closed yet.
struct Open {
    start: usize,
    anchor: usize,
    depth: usize,
    kind: OpenKind,
}

enum OpenKind {
    List(Vec<Node>),
    Map { entries: Vec<(Key, Node)>, seen: BTreeSet<String>, key: Option<Key> },
}

/// What an alias stands for, and what it costs to write it out.
struct Anchored {
    node: Node,
    nodes: usize,
    depth: usize,
}

#[derive(Default)]
struct Builder {
    stack: Vec<Open>,
    root: Option<Node>,
    documents: usize,
    nodes: usize,
    anchors: BTreeMap<usize, Anchored>,
    problems: Vec<Diagnostic>,
}

impl Builder {
    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), Diagnostic> {
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    return Err(problem(
                        span,
                        "a file holds one document".to_owned(),
                        "a second one begins here",
                        Some("put it into a file of its own"),
                    ));
                }
                Ok(())
            }
            Event::Scalar(text, style, anchor, _) => {
                let plain = matches!(style, ScalarStyle::Plain);
                let value = match text.as_ref() {
                    "" | "~" | "null" if plain => Value::Null,
                    _ => Value::Scalar { text: text.into_owned(), plain },
                };
                self.add(Node { span, value }, anchor, 1, 0)
            }
            Event::SequenceStart(_, anchor, _) => self.open(span, anchor, OpenKind::List(Vec::new())),
            Event::MappingStart(_, anchor, _) => self.open(
                span,
                anchor,
                OpenKind::Map { entries: Vec::new(), seen: BTreeSet::new(), key: None },
            ),
            Event::SequenceEnd | Event::MappingEnd => self.close(span),
            Event::Alias(id) => match self.anchors.get(&id) {
                Some(Anchored { node, nodes, depth }) => {
                    let (node, nodes, depth) = (node.clone(), *nodes, *depth);
                    self.add(node, 0, nodes, depth)
                }
                None => Err(problem(
                    span,
                    "this alias stands inside what it stands for".to_owned(),
                    "refers to itself",
                    None,
                )),
            },
            _ => Ok(()),
        }
    }

    fn open(&mut self, span: Span, anchor: usize, kind: OpenKind) -> Result<(), Diagnostic> {
        if self.stack.len() >= MAX_DEPTH {
            return Err(too_deep(span));
        }
        self.stack.push(Open { start: span.start, anchor, depth: 0, kind });
        Ok(())
    }

    fn close(&mut self, end: Span) -> Result<(), Diagnostic> {
        let Some(open) = self.stack.pop() else { return Ok(()) };
        // A block ends where its last entry does; the event stands at the next token, maybe lines below.
        let (value, last) = match open.kind {
            OpenKind::List(items) => {
                let last = items.last().map(|node| node.span.end);
                (Value::List(items), last)
            }
            OpenKind::Map { entries, .. } => {
                let last = entries.last().map(|(key, node)| node.span.end.max(key.span.end));
                (Value::Map(entries), last)
            }
        };
        let flow = end.end > end.start;
        let end = if flow { end.end } else { last.unwrap_or(end.start) };
        let span = Span { start: open.start, end: end.max(open.start) };
        self.add(Node { span, value }, open.anchor, 1, open.depth + 1)
    }

    /// Puts a whole node where it belongs. `more` is how many nodes it adds to those already counted, `depth` how
    /// deep it is in itself.
    fn add(&mut self, node: Node, anchor: usize, more: usize, depth: usize) -> Result<(), Diagnostic> {
        self.nodes += more;
        if self.nodes > MAX_NODES {
            return Err(problem(
                node.span,
                format!("the file has more than {MAX_NODES} values, aliases written out"),
                "one too many",
                None,
            ));
        }
        if self.stack.len() + depth > MAX_DEPTH {
            return Err(too_deep(node.span));
        }
        if anchor != 0 {
            let nodes = count(&node.value);
            self.anchors.insert(anchor, Anchored { node: node.clone(), nodes, depth });
        }
        let Some(open) = self.stack.last_mut() else {
            self.root.get_or_insert(node);
            return Ok(());
        };
        open.depth = open.depth.max(depth);
        match &mut open.kind {
            OpenKind::List(items) => items.push(node),
            OpenKind::Map { entries, seen, key } => match key.take() {
                Some(key) => entries.push((key, node)),
                None => {
                    let complaint = match node.value {
                        Value::Scalar { text, .. } => {
                            let new = seen.insert(text.clone());
                            *key = Some(Key { span: node.span, text });
                            (!new).then_some((
                                "stands twice in one mapping",
                                "the second one",
                                "keep one of them",
                            ))
                        }
                        _ => {
                            *key = Some(Key { span: node.span, text: String::new() });
                            Some(("is not a key", "expected a word", "a key is a word before a `:`"))
                        }
                    };
                    if let Some((what, label, help)) = complaint {
                        let name = match key {
                            Some(key) if !key.text.is_empty() => format!("`{}`", key.text),
                            _ => "this".to_owned(),
                        };
                        self.problems.push(problem(node.span, format!("{name} {what}"), label, Some(help)));
                    }
                }
            },
        }
        Ok(())
    }
}

fn too_deep(span: Span) -> Diagnostic {
    problem(span, format!("nested more than {MAX_DEPTH} deep"), "too deep", None)
}

fn count(value: &Value) -> usize {
    1 + match value {
        Value::Null | Value::Scalar { .. } => 0,
        Value::List(items) => items.iter().map(|node| count(&node.value)).sum(),
        Value::Map(entries) => entries.iter().map(|(_, node)| count(&node.value)).sum(),
    }
}

/// The parser's complaint, in words that help somebody who does not know YAML's grammar.
fn syntax_error(error: &ScanError, text: &str) -> Diagnostic {
    let at = error.marker().byte_offset().unwrap_or(text.len()).min(text.len());
    let end = text[at..].chars().next().map_or(at, |c| if c == '\n' { at } else { at + c.len_utf8() });
    let span = Span { start: at, end };
    let (label, help): (&str, Option<&str>) = match error.kind() {
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabAtBlockScalarStart => {
            // The parser stands behind the tab, or on it.
            let line = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
            let tab = text[line..].find('\t').map_or(at, |tab| line + tab);
            return problem(
                Span { start: tab, end: tab + 1 },
                "a tab in the indentation".to_owned(),
                "a tab",
                Some("indent with spaces; YAML takes no tabs"),
            );
        }
        ErrorKind::MappingValueNotAllowed | ErrorKind::InvalidColonPlacement => (
            "this `:`",
            Some(
                "put a text that holds `: ` in quotes; or check the indentation, and that brackets above it are closed",
            ),
        ),
        ErrorKind::UnclosedFlowCollection { open } => {
            return problem(
                span,
                format!("`{open}` is never closed"),
                "still open here",
                Some("close it with `]` or `}`"),
            );
        }
        ErrorKind::UnclosedQuotedScalar => ("still open here", Some("close the quotes")),
        ErrorKind::RecursionLimitExceeded => return too_deep(span),
        ErrorKind::DirectiveDisallowed => {
            ("here", Some("take the `%` line away; if the line is text, put it in quotes"))
        }
        ErrorKind::UnknownAnchor => {
            ("not known", Some("a text that begins with `*` or `&` stands in quotes"))
        }
        ErrorKind::UnexpectedCharacter { .. } => {
            ("here", Some("a text that begins with a special character stands in quotes"))
        }
        ErrorKind::ExpectedBlockMappingKey
        | ErrorKind::ExpectedBlockSequenceEntry
        | ErrorKind::InvalidIndentation => {
            ("here", Some("check that this line begins in the same column as the lines it belongs to"))
        }
        _ => ("here", None),
    };
    problem(span, format!("not valid YAML: {}", error.info()), label, help)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        parse(text).unwrap_err().remove(0).message
    }

    fn text_at(text: &str, path: &[&str]) -> String {
        let node = parse(text).unwrap();
        let span = node.at(path).unwrap().span;
        text[span.start..span.end].to_owned()
    }

    #[test]
    fn scalars_keep_the_text_that_was_written() {
        let node = parse("{a: 1.10, b: '1.10', c: ~, d: on}").unwrap();
        let value = |key| node.at(&[key]).unwrap().value.clone();
        assert_eq!(value("a"), Value::Scalar { text: "1.10".to_owned(), plain: true });
        assert_eq!(value("b"), Value::Scalar { text: "1.10".to_owned(), plain: false });
        assert_eq!(value("c"), Value::Null);
        assert_eq!(value("d"), Value::Scalar { text: "on".to_owned(), plain: true });
    }

    #[test]
    fn everything_knows_where_it_stands() {
        let text = "é: ü\nblock:\n  - one\n  - two # more\n\nflow: {x: [1, 2]}\n";
        assert_eq!(text_at(text, &["é"]), "ü");
        assert_eq!(text_at(text, &["block"]), "- one\n  - two");
        assert_eq!(text_at(text, &["flow"]), "{x: [1, 2]}");
        assert_eq!(text_at(text, &["flow", "x"]), "[1, 2]");
    }

    #[test]
    fn aliases_stand_for_their_nodes() {
        let node = parse("a: &x {b: 1}\nc: *x\n").unwrap();
        assert_eq!(node.at(&["a"]).unwrap().value, node.at(&["c"]).unwrap().value);
    }

    #[test]
    fn alias_bombs_are_refused() {
        let mut wide = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        let mut deep = "a0: &a0 [x]\n".to_owned();
        for n in 1..100 {
            let items = vec![format!("*a{}", n - 1); 10].join(", ");
            wide.push_str(&format!("a{n}: &a{n} [{items}]\n"));
            deep.push_str(&format!("a{n}: &a{n} [*a{}]\n", n - 1));
        }
        assert_eq!(refusal(&wide), "the file has more than 100000 values, aliases written out");
        assert_eq!(refusal(&deep), "nested more than 64 deep");
    }

    #[test]
    fn deep_nesting_is_refused() {
        assert_eq!(refusal(&"[".repeat(70)), "nested more than 64 deep");
        assert_eq!(refusal(&format!("{}{}", "[".repeat(65), "]".repeat(65))), "nested more than 64 deep");
        assert!(parse(&format!("{}{}", "[".repeat(64), "]".repeat(64))).is_ok());
        let blocks: String = (0..70).map(|n| format!("{}a:\n", " ".repeat(n))).collect();
        assert_eq!(refusal(&blocks), "nested more than 64 deep");
    }

    #[test]
    fn long_files_are_refused() {
        let long = format!("a: {}", "b".repeat(MAX_BYTES));
        assert!(refusal(&long).contains("at most 1048576 are read"));
    }

    #[test]
    fn many_keys_take_no_time_to_compare() {
        let text: String = (0..40_000).map(|n| format!("k{n}: 1\n")).collect();
        assert!(parse(&text).is_ok());
    }
}
