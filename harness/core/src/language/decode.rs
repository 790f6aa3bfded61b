//! From nodes to types. A type says how it is written once, with [`record!`](crate::record) or [`kinds!`](crate::kinds);
//! decoding, help texts, `brownout kinds` and the JSON schema all come from that.

use super::diagnostic::{Diagnostics, Mention, did_you_mean};
use super::node::{Key, Node, Span, Value};
use crate::time::Duration;

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
    /// What may stand there.
    pub shape: fn() -> Shape,
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

    /// Complains of every field that was not taken.
    pub fn finish(self, out: &mut Diagnostics) -> Option<()> {
        let mut whole = Some(());
        for entry in self.entries.into_iter().flatten() {
            let names = self.known.iter().map(|f| f.name);
            let help = match did_you_mean(entry.name, names.clone()) {
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

/// A short example of a shape, for help texts.
pub fn example(shape: &Shape) -> String {
    match shape {
        Shape::Scalar(_, example) => (*example).to_owned(),
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

/// The text of a scalar, or a problem.
pub fn scalar<'a>(node: &'a Node, expected: &str, out: &mut Diagnostics) -> Option<&'a str> {
    match &node.value {
        Value::Scalar { text, .. } => Some(text),
        other => {
            out.error(
                node.span,
                format!("expected {expected}, found {}", other.kind()),
                format!("expected {expected}"),
                None,
            );
            None
        }
    }
}

/// Reads a scalar with `FromStr`; its error is the message.
pub fn from_str<T: std::str::FromStr>(node: &Node, expected: &str, out: &mut Diagnostics) -> Option<T>
where
    T::Err: std::fmt::Display,
{
    match scalar(node, expected, out)?.parse() {
        Ok(value) => Some(value),
        Err(error) => {
            out.error(node.span, error.to_string(), format!("expected {expected}"), None);
            None
        }
    }
}

/// Reads one of a few words.
pub fn word<T: Copy>(node: &Node, words: &[(&'static str, T)], out: &mut Diagnostics) -> Option<T> {
    let text = scalar(node, "a word", out)?;
    if let Some((_, value)) = words.iter().find(|(name, _)| *name == text) {
        return Some(*value);
    }
    let names = words.iter().map(|(name, _)| *name);
    let help = match did_you_mean(text, names.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("it is one of: {}", names.collect::<Vec<_>>().join(", ")),
    };
    out.error(node.span, format!("`{text}` is not known here"), "not known here", Some(help));
    None
}

impl Decode for Duration {
    fn shape() -> Shape {
        Shape::Scalar("a duration with its unit", "2s")
    }

    fn decode(node: &Node, out: &mut Diagnostics) -> Option<Self> {
        from_str(node, "a duration with its unit", out)
    }
}

impl Decode for String {
    fn shape() -> Shape {
        Shape::Scalar("a text", "text")
    }

    fn decode(node: &Node, out: &mut Diagnostics) -> Option<Self> {
        scalar(node, "a text", out).map(str::to_owned)
    }
}

macro_rules! decode_whole_number {
    ($($type:ty),*) => {$(
        impl Decode for $type {
            fn shape() -> Shape {
                Shape::Scalar("a whole number", "1")
            }

            fn decode(node: &Node, out: &mut Diagnostics) -> Option<Self> {
                let text = scalar(node, "a whole number", out)?;
                match text.parse() {
                    Ok(value) => Some(value),
                    Err(_) => {
                        out.error(
                            node.span,
                            format!("`{text}` is not a whole number from 0 to {}", <$type>::MAX),
                            "expected a whole number",
                            None,
                        );
                        None
                    }
                }
            }
        }
    )*};
}
decode_whole_number!(u32, u64);

impl Decode for bool {
    fn shape() -> Shape {
        Shape::Word(&["true", "false"])
    }

    fn decode(node: &Node, out: &mut Diagnostics) -> Option<Self> {
        word(node, &[("true", true), ("false", false)], out)
    }
}

macro_rules! decode_name {
    ($($type:ident, $what:literal);* $(;)?) => {$(
        impl Decode for crate::names::$type {
            fn shape() -> Shape {
                Shape::Scalar(concat!("the name of ", $what), "name")
            }

            fn decode(node: &Node, out: &mut Diagnostics) -> Option<Self> {
                let name = crate::names::$type::from(scalar(node, concat!("the name of ", $what), out)?);
                out.mention(Mention::$type(name.clone()), node.span);
                Some(name)
            }
        }
    )*};
}
decode_name! {
    Dut, "a device"; Signal, "a signal"; Command, "a command"; Setting, "a setting"; Defect, "a defect"; Region, "a region";
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
                out.error(
                    node.span,
                    format!("expected a list, found {}", other.kind()),
                    "expected a list",
                    Some(format!("write `[{}]` or one `- ` a line", example(&T::shape()))),
                );
                None
            }
        }
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

/// A struct that is written as a mapping.
///
/// Each field is `name: Type = "key"` (must be there), `name: Type = "key" or <value>` (may be left out) or
/// `name: Option<Type> = "key" optional`.
#[macro_export]
macro_rules! record {
    (
        $(#[doc = $doc:literal])+
        $(#[derive($($derive:ident),*)])?
        pub struct $type:ident {
            $( $(#[doc = $field_doc:literal])+ $field:ident : $field_type:ty = $key:literal $($mode:ident $($default:expr)?)?, )*
        }
    ) => {
        $(#[doc = $doc])+
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        $(#[derive($($derive),*)])?
        pub struct $type {
            $( $(#[doc = $field_doc])+ #[serde(rename = $key)] pub $field: $field_type, )*
        }

        impl $type {
            /// How it is written.
            pub const RECORD: &'static $crate::language::Record = &$crate::language::Record {
                doc: concat!($($doc, "\n"),+),
                fields: &[$( $crate::language::Field {
                    name: $key,
                    doc: concat!($($field_doc, "\n"),+),
                    optional: $crate::record!(@is_optional $($mode)?),
                    shape: || $crate::record!(@shape $field_type, $($mode)?),
                }, )*],
            };
        }

        impl $crate::language::Decode for $type {
            fn shape() -> $crate::language::Shape {
                $crate::language::Shape::Record(Self::RECORD)
            }

            #[allow(unused_mut)]
            fn decode(
                node: &$crate::language::Node,
                out: &mut $crate::language::Diagnostics,
            ) -> Option<Self> {
                let mut fields = $crate::language::decode::Fields::of(node, Self::RECORD, out)?;
                // Take every field before giving up, so that all problems are seen.
                $( let $field = $crate::record!(@take fields, out, $field_type, $key, $($mode $($default)?)?); )*
                let whole = fields.finish(out);
                whole?;
                Some(Self { $( $field: $field?, )* })
            }
        }
    };
    (@is_optional) => { false };
    (@is_optional $mode:ident) => { true };
    (@shape $type:ty, optional) => { <$type as $crate::language::decode::Inner>::shape() };
    (@shape $type:ty, $($mode:ident)?) => { <$type as $crate::language::Decode>::shape() };
    (@take $fields:ident, $out:ident, $type:ty, $key:literal,) => { $fields.required::<$type>($key, $out) };
    (@take $fields:ident, $out:ident, $type:ty, $key:literal, optional) => {
        $fields.optional::<<$type as $crate::language::decode::Inner>::T>($key, $out)
    };
    (@take $fields:ident, $out:ident, $type:ty, $key:literal, or $default:expr) => {
        $fields.optional::<$type>($key, $out).map(|value| value.unwrap_or_else(|| $default))
    };
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

/// An enum that is written as a word; each variant is `Variant = "word"`.
#[macro_export]
macro_rules! words {
    ($type:ty { $($variant:ident = $word:literal),+ $(,)? }) => {
        impl $crate::language::Decode for $type {
            fn shape() -> $crate::language::Shape {
                $crate::language::Shape::Word(&[$($word),+])
            }

            fn decode(node: &$crate::language::Node, out: &mut $crate::language::Diagnostics) -> Option<Self> {
                $crate::language::decode::word(node, &[$(($word, <$type>::$variant)),+], out)
            }
        }

        impl $type {
            /// As it is written.
            pub const fn word(self) -> &'static str {
                match self { $(<$type>::$variant => $word),+ }
            }
        }
    };
}

/// A table of kinds: an enum that is written as a mapping with one key, `{kind: {fields}}`. Each line is one
/// module with one type; the macro makes the enum, its decoding and the list for `brownout kinds`.
#[macro_export]
macro_rules! kinds {
    (
        $(#[doc = $doc:literal])+
        pub enum $enum:ident($noun:literal, $plural:literal) { $( $word:literal => $variant:ident($type:ty), )+ }
    ) => {
        $(#[doc = $doc])+
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        pub enum $enum {
            $( #[doc = concat!("`", $word, "`")] #[serde(rename = $word)] $variant($type), )+
        }

        impl $enum {
            /// The words of the table with their shapes, in its order.
            pub const TABLE: &'static [(&'static str, fn() -> $crate::language::Shape)] =
                &[$( ($word, <$type as $crate::language::Decode>::shape), )+];

            /// The word of this kind.
            pub const fn kind(&self) -> &'static str {
                match self { $( Self::$variant(_) => $word, )+ }
            }
        }

        impl $crate::language::Decode for $enum {
            fn shape() -> $crate::language::Shape {
                $crate::language::Shape::Kind($plural)
            }

            fn decode(node: &$crate::language::Node, out: &mut $crate::language::Diagnostics) -> Option<Self> {
                const WORDS: &[&str] = &[$($word),+];
                let (key, value) = $crate::language::decode::one_kind(node, $noun, WORDS, out)?;
                match key {
                    $( $word => <$type as $crate::language::Decode>::decode(value, out).map(Self::$variant), )+
                    _ => None,
                }
            }
        }
    };
}

/// Takes a mapping with exactly one key out of `words`.
pub fn one_kind<'a>(
    node: &'a Node,
    noun: &str,
    words: &[&'static str],
    out: &mut Diagnostics,
) -> Option<(&'static str, &'a Node)> {
    let entries = match &node.value {
        Value::Map(entries) => entries,
        other => {
            let first = words.first().copied().unwrap_or("kind");
            out.error(
                node.span,
                format!("expected {noun}, found {}", other.kind()),
                format!("expected {noun}"),
                Some(format!("write it as `{first}: {{…}}`; the kinds are: {}", words.join(", "))),
            );
            return None;
        }
    };
    let [(key, value)] = entries.as_slice() else {
        out.error(
            node.span,
            format!("expected exactly one kind of {noun}, found {}", entries.len()),
            "one kind a list entry",
            Some("begin each with its own `- `, or indent its fields one step further".to_owned()),
        );
        return None;
    };
    match words.iter().find(|word| **word == key.text) {
        Some(word) => {
            out.mention(Mention::Kind(word), key.span);
            Some((word, value))
        }
        None => {
            let help = match did_you_mean(&key.text, words.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("the kinds are: {}", words.join(", ")),
            };
            out.error(key.span, format!("unknown {noun} `{}`", key.text), "not a kind", Some(help));
            None
        }
    }
}
