//! From nodes to types. A type says how it is written once, with [`record!`](crate::record!) or [`kinds!`](crate::kinds!);
//! decoding, help texts, `brownout kinds` and the JSON schema all come from that.

use super::diagnostic::{Diagnostics, Mention, did_you_mean};
use super::node::{Key, Node, Span, Value};

/// A type that can be read from a node. Problems go to `out`; `None` means that at least one did.
pub trait Decode: Sized {
    /// What may stand here, for messages and schema.
    fn shape() -> Shape;

    /// Reads the node.
    fn decode(node: &Node, out: &mut Diagnostics) -> Option<Self>;
}

/// What may stand at a place.
#[derive(Clone, Debug)]
pub enum Shape {
    /// A scalar, described in words with an example: `("a duration", "2s")`.
    Scalar(&'static str, &'static str),
    /// A whole number, zero included.
    Whole,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A list of these.
    List(Box<Shape>),
    /// A mapping from names to these.
    Names(Box<Shape>),
    /// A mapping with these fields.
    Record(&'static Record),
    /// A mapping with exactly one key out of a table of kinds: `{power_cut: {…}}`.
    Kind(&'static str),
    /// Either of two.
    Either(Box<Shape>, Box<Shape>),
}

/// How a mapping is written.
#[derive(Debug)]
pub struct Record {
    /// What it is, from its doc comment.
    pub doc: &'static str,
    /// Its fields in the order to show them.
    pub fields: &'static [Field],
}

/// One field of a mapping.
#[derive(Debug)]
pub struct Field {
    /// The key.
    pub name: &'static str,
    /// What it means.
    pub doc: &'static str,
    /// Whether it may be left out.
    pub optional: bool,
    /// What it is when left out, as it would be written; none for what is then absent.
    pub default: Option<fn() -> String>,
    /// What its value must be besides well-formed.
    pub rule: Option<Rule>,
    /// What may stand there.
    pub shape: fn() -> Shape,
}

/// What a field demands of its value beyond its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// A number of at least 1, a duration longer than zero.
    Positive,
    /// At least one entry, or one character.
    NotEmpty,
    /// A text without control characters, so that a line with it in it stays one line.
    OneLine,
    /// The kind of a fault in the method; checked when a plan is made.
    FaultKind,
    /// The kind of a fault, or a command, in the method; checked when a plan is made.
    FaultOrCommand,
}

/// A value that a [`Rule`] can be asked of.
pub trait Ruled {
    /// Whether it is a number above zero; true of what is no number.
    fn is_positive(&self) -> bool {
        true
    }

    /// Whether there is nothing in it.
    fn is_nothing(&self) -> bool {
        false
    }

    /// Its text, for what names something.
    fn name(&self) -> Option<&str> {
        None
    }
}

/// Takes the fields out of a mapping one by one and complains of those that nobody took.
pub struct Fields<'a> {
    span: Span,
    entries: Vec<Option<Entry<'a>>>,
    known: &'static [Field],
}

struct Entry<'a> {
    name: &'a str,
    span: Span,
    node: &'a Node,
}

impl<'a> Fields<'a> {
    /// Begins with a mapping. Where all fields but the first may be left out, the first one's value may stand for
    /// the mapping (`wait: ready` for `wait: {for: ready}`), and where all may, nothing may.
    pub fn of(node: &'a Node, record: &'static Record, out: &mut Diagnostics) -> Option<Self> {
        let fields = record.fields;
        let entries = match &node.value {
            Value::Map(entries) => entries
                .iter()
                .map(|(Key { span, text }, node)| Some(Entry { name: text, span: *span, node }))
                .collect(),
            Value::Scalar { .. } if !fields.is_empty() && fields[1..].iter().all(|f| f.optional) => {
                vec![Some(Entry { name: fields[0].name, span: node.span, node })]
            }
            Value::Null if fields.iter().all(|f| f.optional) => Vec::new(),
            other => {
                let names: Vec<_> = fields.iter().map(|f| f.name).collect();
                out.error(
                    node.span,
                    format!("expected a mapping, found {}", other.kind()),
                    "expected a mapping here",
                    Some(format!("its fields are: {}", names.join(", "))),
                );
                return None;
            }
        };
        Some(Self { span: node.span, entries, known: fields })
    }

    fn take(&mut self, name: &str) -> Option<&'a Node> {
        let slot = self.entries.iter_mut().find(|slot| slot.as_ref().is_some_and(|e| e.name == name))?;
        slot.take().map(|entry| entry.node)
    }

    /// A field that must be there.
    pub fn required<T: Decode>(&mut self, name: &'static str, out: &mut Diagnostics) -> Option<T> {
        match self.take(name) {
            Some(node) => T::decode(node, out),
            None => {
                out.error(
                    self.span,
                    format!("`{name}` is missing"),
                    format!("`{name}` is missing here"),
                    Some(format!("add `{name}: {}`", example(&T::shape()))),
                );
                None
            }
        }
    }

    /// A field that may be left out. The outer `None` is a problem, the inner one absence.
    pub fn optional<T: Decode>(&mut self, name: &'static str, out: &mut Diagnostics) -> Option<Option<T>> {
        match self.take(name) {
            Some(node) => T::decode(node, out).map(Some),
            None => Some(None),
        }
    }

    /// Where the value of a field stands.
    pub fn span_of(&self, name: &str) -> Option<Span> {
        self.entries.iter().flatten().find(|entry| entry.name == name).map(|entry| entry.node.span)
    }

    /// Asks a rule of a value that was written at `span`.
    pub fn obey<T: Ruled>(
        name: &str,
        rule: Rule,
        value: &T,
        span: Span,
        out: &mut Diagnostics,
    ) -> Option<()> {
        match rule {
            Rule::Positive if !value.is_positive() => {
                out.error(span, format!("`{name}` cannot be zero"), "expected more than zero", None);
                return None;
            }
            Rule::NotEmpty if value.is_nothing() => {
                out.error(span, format!("`{name}` has nothing in it"), "expected at least one entry", None);
                return None;
            }
            Rule::FaultKind => {
                out.mention(Mention::Fault(value.name().unwrap_or_default().to_owned()), span);
            }
            Rule::FaultOrCommand => {
                out.mention(Mention::FaultOrCommand(value.name().unwrap_or_default().to_owned()), span);
            }
            Rule::OneLine => return one_line(value.name().unwrap_or_default(), span, out),
            Rule::Positive | Rule::NotEmpty => {}
        }
        Some(())
    }

    /// Complains of every field that was not taken.
    pub fn finish(self, out: &mut Diagnostics) -> Option<()> {
        let mut whole = Some(());
        for entry in self.entries.into_iter().flatten() {
            let names = self.known.iter().map(|f| f.name);
            let help = match did_you_mean(entry.name, names.clone()) {
                _ if entry.name == CORRELATION => NO_CORRELATION.to_owned(),
                Some(near) => format!("did you mean `{near}`?"),
                None if self.known.is_empty() => "there are no fields here; write `{}`".to_owned(),
                None => format!("the fields here are: {}", names.collect::<Vec<_>>().join(", ")),
            };
            out.error(entry.span, format!("unknown field `{}`", entry.name), "unknown field", Some(help));
            whole = None;
        }
        whole
    }
}

/// A parameter of tc-netem(8) that is left out on purpose.
const CORRELATION: &str = "correlation";

/// Why, and what there is instead.
const NO_CORRELATION: &str = "netem's correlation lowers how much is lost instead of making bursts of it; for bursts \
     write `burst_loss: {lost: 5%, burst: 8}`";

/// Refuses control characters: on a console a line end would begin a second command.
pub(super) fn one_line(text: &str, span: Span, out: &mut Diagnostics) -> Option<()> {
    let Some(found) = text.chars().find(|c| c.is_control()) else { return Some(()) };
    let found = found.escape_default();
    out.error(
        span,
        format!("the control character `{found}` has no place here"),
        "has a control character",
        Some("a device is sent one line; write two steps for two lines".to_owned()),
    );
    None
}

/// A short example of a shape, for help texts.
pub fn example(shape: &Shape) -> String {
    match shape {
        Shape::Scalar(_, example) => (*example).to_owned(),
        Shape::Whole => "1".to_owned(),
        Shape::Word(words) => words.first().copied().unwrap_or("…").to_owned(),
        Shape::List(inner) => format!("[{}]", example(inner)),
        Shape::Names(inner) => format!("{{name: {}}}", example(inner)),
        Shape::Kind(_) => "{…}".to_owned(),
        Shape::Either(first, _) => example(first),
        Shape::Record(record) => {
            let fields: Vec<_> = record
                .fields
                .iter()
                .filter(|f| !f.optional)
                .map(|f| format!("{}: {}", f.name, example(&(f.shape)())))
                .collect();
            format!("{{{}}}", fields.join(", "))
        }
    }
}

impl<T: Decode> Decode for Vec<T> {
    fn shape() -> Shape {
        Shape::List(Box::new(T::shape()))
    }

    fn decode(node: &Node, out: &mut Diagnostics) -> Option<Self> {
        match &node.value {
            Value::List(items) => {
                // Decode every item before giving up, so that all problems are seen.
                let decoded: Vec<_> = items.iter().map(|item| T::decode(item, out)).collect();
                decoded.into_iter().collect()
            }
            other => {
                let help = match other {
                    Value::Scalar { text, .. } => format!("write `[{text}]`"),
                    Value::Map(_) => "begin each entry with `- `".to_owned(),
                    _ => {
                        format!("write `[{}]`, or one entry a line, each behind a `- `", example(&T::shape()))
                    }
                };
                out.error(
                    node.span,
                    format!("expected a list, found {}", other.kind()),
                    "expected a list",
                    Some(help),
                );
                None
            }
        }
    }
}

impl<T> Ruled for Vec<T> {
    fn is_nothing(&self) -> bool {
        self.is_empty()
    }
}

/// What may be left out obeys where it is written.
impl<T: Ruled> Ruled for Option<T> {
    fn is_positive(&self) -> bool {
        self.as_ref().is_none_or(T::is_positive)
    }

    fn is_nothing(&self) -> bool {
        self.as_ref().is_some_and(T::is_nothing)
    }

    fn name(&self) -> Option<&str> {
        self.as_ref().and_then(T::name)
    }
}

impl<T: Decode> Decode for std::collections::BTreeMap<String, T> {
    fn shape() -> Shape {
        Shape::Names(Box::new(T::shape()))
    }

    fn decode(node: &Node, out: &mut Diagnostics) -> Option<Self> {
        match &node.value {
            Value::Map(entries) => {
                let decoded: Vec<_> = entries
                    .iter()
                    .map(|(key, value)| Some((key.text.clone(), T::decode(value, out)?)))
                    .collect();
                decoded.into_iter().collect()
            }
            other => {
                out.error(
                    node.span,
                    format!("expected a mapping from names, found {}", other.kind()),
                    "expected a mapping",
                    Some(format!("write it as `{}`", example(&Self::shape()))),
                );
                None
            }
        }
    }
}

impl<T: Decode> Decode for Box<T> {
    fn shape() -> Shape {
        T::shape()
    }

    fn decode(node: &Node, out: &mut Diagnostics) -> Option<Self> {
        T::decode(node, out).map(Box::new)
    }
}

/// What is inside an `Option`; lets [`record!`](crate::record) name it.
pub trait Inner {
    /// The type inside.
    type T: Decode;

    /// Its shape.
    fn shape() -> Shape {
        Self::T::shape()
    }
}

impl<T: Decode> Inner for Option<T> {
    type T = T;
}

/// A default as it would be written.
pub fn written<T: serde::Serialize>(value: &T) -> String {
    fn flow(value: &serde_json::Value) -> String {
        match value {
            serde_json::Value::String(text) => text.clone(),
            serde_json::Value::Array(items) => {
                format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", "))
            }
            serde_json::Value::Object(fields) => {
                let fields: Vec<_> =
                    fields.iter().map(|(key, value)| format!("{key}: {}", flow(value))).collect();
                format!("{{{}}}", fields.join(", "))
            }
            other => other.to_string(),
        }
    }
    serde_json::to_value(value).map(|value| flow(&value)).unwrap_or_default()
}

/// Two tables as one, for [`kinds!`](crate::kinds). `N` is the sum of their lengths; neither is empty.
pub const fn joined<T: Copy, const N: usize>(first: &[T], second: &[T]) -> [T; N] {
    let mut all = [first[0]; N];
    let mut at = 0;
    while at < N {
        all[at] = if at < first.len() { first[at] } else { second[at - first.len()] };
        at += 1;
    }
    all
}

/// The kinds there are, where that is a help.
fn listed(words: &[&str]) -> String {
    if words.len() <= LISTED_AT_MOST {
        format!("the kinds are: {}", words.join(", "))
    } else {
        "`brownout kinds` lists them".to_owned()
    }
}

/// The most kinds that a message lists.
const LISTED_AT_MOST: usize = 20;

/// Takes a mapping with exactly one key out of `words`.
pub fn one_kind<'a>(
    node: &'a Node,
    noun: &'static str,
    words: &[&'static str],
    out: &mut Diagnostics,
) -> Option<(&'static str, &'a Node)> {
    let entries = match &node.value {
        Value::Map(entries) => entries,
        other => {
            let written = match other {
                Value::Scalar { text, .. } => did_you_mean(text, words.iter().copied()),
                _ => None,
            };
            let help = match written {
                Some(word) => format!("write `{word}: {{}}`, with its fields between the braces"),
                None => listed(words),
            };
            out.error(
                node.span,
                format!("expected a {noun}, found {}", other.kind()),
                format!("expected a {noun}"),
                Some(help),
            );
            return None;
        }
    };
    let [(key, value)] = entries.as_slice() else {
        let span = entries.get(1).map_or(node.span, |(second, _)| second.span);
        let (label, help) = match entries.get(1) {
            Some((second, _)) if words.contains(&second.text.as_str()) => {
                ("a second one", "begin it with a `- ` of its own".to_owned())
            }
            Some((second, _)) => {
                let owner = &entries[0].0.text;
                let help = format!("indent `{}` one step further, if it belongs to `{owner}`", second.text);
                ("more than the kind", help)
            }
            None => ("nothing here", listed(words)),
        };
        out.error(span, format!("expected exactly one {noun}, found {}", entries.len()), label, Some(help));
        return None;
    };
    match words.iter().find(|word| **word == key.text) {
        Some(word) => {
            out.mention(Mention::Kind { noun, word }, key.span);
            Some((word, value))
        }
        None => {
            let help = match did_you_mean(&key.text, words.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => listed(words),
            };
            out.error(key.span, format!("unknown {noun} `{}`", key.text), "not a kind", Some(help));
            None
        }
    }
}
