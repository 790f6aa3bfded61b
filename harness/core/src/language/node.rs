//! A YAML document as a tree in which everything knows where it stands.

/// A range of bytes in one source file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Where.
    pub span: Span,
    /// What.
    pub value: Value,
}

/// The kinds of YAML value. Scalars keep the text that was written, so that `1.10` stays `1.10`.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing, `null` or `~`.
    Null,
    /// A plain or quoted scalar as written; `plain` if it stood without quotes.
    Scalar {
        /// The text.
        text: String,
        /// Without quotes?
        plain: bool,
    },
    /// A sequence.
    List(Vec<Node>),
    /// A mapping in the order written; keys are scalars with spans of their own.
    Map(Vec<(Key, Node)>),
}

/// The key of a mapping entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Where.
    pub span: Span,
    /// The text.
    pub text: String,
}

impl Value {
    /// The kind in words, for messages: `a list`.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Scalar { .. } => "a value",
            Self::List(_) => "a list",
            Self::Map(_) => "a mapping",
        }
    }
}

impl Node {
    /// The node at a path of keys.
    pub fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |node, key| match &node.value {
            Value::Map(entries) => entries.iter().find(|(k, _)| k.text == *key).map(|(_, node)| node),
            _ => None,
        })
    }
}
