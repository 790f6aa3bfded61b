//! Regular expressions of board files and scenarios: what a device may say decides nothing about how long they take.

use crate::board_file::pattern;
use crate::language::decode::{Ruled, Shape};
use crate::language::{Decode, Diagnostics, Node};
use regex::{Error, Regex, RegexBuilder};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;

/// A compiled pattern takes at most this much memory, in bytes; the `regex` crate then matches in linear time.
const LIMIT: usize = 1 << 20;

/// Compiles a pattern within the limit.
pub(crate) fn compile(pattern: &str) -> Result<Regex, Error> {
    RegexBuilder::new(pattern).size_limit(LIMIT).build()
}

/// A regular expression over what a device says.
#[derive(Clone, Debug)]
pub struct Pattern(Regex);

impl Pattern {
    /// Whether it is found in a text.
    pub fn is_in(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

impl std::str::FromStr for Pattern {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        compile(text).map(Self)
    }
}

impl Serialize for Pattern {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.0.as_str())
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Cow::<'de, str>::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

impl Ruled for Pattern {}

impl Decode for Pattern {
    fn shape() -> Shape {
        Shape::Scalar("a regular expression", "'saved'")
    }

    fn decode(node: &Node, out: &mut Diagnostics) -> Option<Self> {
        // The text was checked, so compiling it again succeeds.
        pattern(node, out)?.parse().ok()
    }
}
