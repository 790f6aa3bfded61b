//! `where: {mode: degraded, temp: {from: 5, to: 35}}`: what the named groups of a signal must have caught.

use super::decimal::{Decimal, Number, same_value};
use super::quoted;
use crate::language::decode::{Ruled, Shape};
use crate::language::{Decode, Diagnostics, Node, Value};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What the named groups of a signal must have caught, by name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Where(BTreeMap<String, Expected>);

/// Expects nothing.
pub(super) static ANYTHING: Where = Where(BTreeMap::new());

/// What is expected of one group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Expected {
    /// This value: compared as decimal numbers where both are, else as text.
    Is(String),
    /// One of these.
    OneOf(Vec<String>),
    /// A number in a range.
    Within(Range),
}

crate::record! {
    /// A range of numbers, both ends included; one of them may be left out.
    pub struct Range {
        /// The least.
        from: Option<Number> = "from" optional,
        /// The most.
        to: Option<Number> = "to" optional,
    }
}

impl Range {
    /// Whether a text is a number in it.
    pub fn holds(&self, text: &str) -> bool {
        Decimal::parse(text).is_some_and(|value| {
            self.from.as_ref().is_none_or(|from| from.decimal() <= value)
                && self.to.as_ref().is_none_or(|to| value <= to.decimal())
        })
    }

    /// Why nothing can be in it.
    fn contradiction(&self) -> Option<(String, &'static str)> {
        match (&self.from, &self.to) {
            (None, None) => Some(("a range needs `from`, `to`, or both".to_owned(), "has no end")),
            (Some(from), Some(to)) if from.decimal() > to.decimal() => {
                Some((format!("nothing is from {from} to {to}"), "the wrong way round"))
            }
            _ => None,
        }
    }
}

impl std::fmt::Display for Range {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (&self.from, &self.to) {
            (Some(from), Some(to)) => write!(f, "from {from} to {to}"),
            (Some(from), None) => write!(f, "at least {from}"),
            (None, Some(to)) => write!(f, "at most {to}"),
            (None, None) => f.write_str("a number"),
        }
    }
}

impl Expected {
    fn holds(&self, value: &str) -> bool {
        match self {
            Self::Is(expected) => same_value(expected, value),
            Self::OneOf(all) => all.iter().any(|expected| same_value(expected, value)),
            Self::Within(range) => range.holds(value),
        }
    }

    /// `` cause=`watchdog` ``, `temp from 5 to 35`.
    fn text(&self, group: &str) -> String {
        match self {
            Self::Is(value) => format!("{group}={}", quoted(value)),
            Self::OneOf(all) => {
                format!("{group}={}", all.iter().map(|v| quoted(v)).collect::<Vec<_>>().join(" or "))
            }
            Self::Within(range) => format!("{group} {range}"),
        }
    }
}

impl Where {
    /// Whether nothing is expected.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is expected of a group.
    pub fn expects(&self, group: &str) -> Option<&Expected> {
        self.0.get(group)
    }

    /// Whether all groups caught what is expected.
    pub fn holds(&self, fields: &BTreeMap<String, String>) -> bool {
        self.broken(fields).is_none()
    }

    /// The first group that did not, as it was seen: `` temp=`80` ``, ``no `temp` ``.
    pub(super) fn broken(&self, fields: &BTreeMap<String, String>) -> Option<String> {
        self.0.iter().find_map(|(group, expected)| match fields.get(group) {
            Some(value) if expected.holds(value) => None,
            Some(value) => Some(format!("{group}={}", quoted(value))),
            None => Some(format!("no `{group}`")),
        })
    }

    /// What is expected, in words; empty if nothing is.
    pub(super) fn text(&self) -> String {
        self.0.iter().map(|(group, expected)| expected.text(group)).collect::<Vec<_>>().join(", ")
    }
}

/// A signal and what is expected of its groups, in words: `` `boot` with cause=`watchdog` ``.
pub(super) fn shown(signal: &crate::names::Signal, fields: &Where) -> String {
    if fields.is_empty() { format!("`{signal}`") } else { format!("`{signal}` with {}", fields.text()) }
}

impl<const N: usize> From<[(String, String); N]> for Where {
    fn from(pairs: [(String, String); N]) -> Self {
        Self(pairs.into_iter().map(|(group, value)| (group, Expected::Is(value))).collect())
    }
}

impl Ruled for Where {
    fn is_nothing(&self) -> bool {
        self.is_empty()
    }
}

impl Decode for Where {
    fn shape() -> Shape {
        BTreeMap::<String, Expected>::shape()
    }

    fn decode(node: &Node, out: &mut Diagnostics) -> Option<Self> {
        BTreeMap::decode(node, out).map(Self)
    }
}

impl Decode for Expected {
    fn shape() -> Shape {
        let more = Shape::Either(Box::new(Vec::<String>::shape()), Box::new(Range::shape()));
        Shape::Either(Box::new(String::shape()), Box::new(more))
    }

    fn decode(node: &Node, out: &mut Diagnostics) -> Option<Self> {
        match &node.value {
            Value::List(items) if items.is_empty() => {
                out.error(node.span, "none of no values can be seen", "expected at least one value", None);
                None
            }
            Value::List(_) => Vec::decode(node, out).map(Self::OneOf),
            Value::Map(_) => {
                let range = Range::decode(node, out)?;
                if let Some((message, label)) = range.contradiction() {
                    out.error(
                        node.span,
                        message,
                        label,
                        Some("write it like `{from: 5, to: 35}`".to_owned()),
                    );
                    return None;
                }
                Some(Self::Within(range))
            }
            _ => String::decode(node, out).map(Self::Is),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::parse;

    fn read(text: &str) -> Result<Where, (String, Option<String>)> {
        let mut out = Diagnostics::new();
        let node = parse(text).unwrap();
        Where::decode(&node, &mut out).ok_or_else(|| {
            let problem = out.into_sorted().remove(0);
            (problem.message, problem.help)
        })
    }

    fn fields(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn a_group_is_a_text_one_of_several_or_in_a_range() {
        let of = read("{mode: [safe, off], temp: {from: -5, to: 35.5}, slot: a}").unwrap();
        let good = [("mode", "off"), ("temp", "35.50"), ("slot", "a"), ("x", "y")];
        assert!(of.holds(&fields(&good)));
        for (group, value, broken) in [
            ("mode", "on", "mode=`on`"),
            ("temp", "35.51", "temp=`35.51`"),
            ("temp", "-5.01", "temp=`-5.01`"),
            ("temp", "warm", "temp=`warm`"),
            ("slot", "b", "slot=`b`"),
        ] {
            let mut seen = fields(&good);
            seen.insert(group.to_owned(), value.to_owned());
            assert_eq!(of.broken(&seen).unwrap(), broken);
        }
        assert_eq!(of.broken(&fields(&good[1..])).unwrap(), "no `mode`");
        assert_eq!(of.text(), "mode=`safe` or `off`, slot=`a`, temp from -5 to 35.5");
        let json = serde_json::to_string(&of).unwrap();
        assert_eq!(serde_json::from_str::<Where>(&json).unwrap(), of);
    }

    #[test]
    fn ranges_that_hold_nothing_are_refused() {
        for (text, message) in [
            ("{t: {from: 5, to: 4}}", "nothing is from 5 to 4"),
            ("{t: {}}", "a range needs `from`, `to`, or both"),
            ("{t: {from: 5C}}", "`5C` is not a number"),
            ("{t: []}", "none of no values can be seen"),
            ("{t: {fro: 5}}", "unknown field `fro`"),
        ] {
            assert_eq!(read(text).unwrap_err().0, message);
        }
    }
}
