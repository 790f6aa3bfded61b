//! Places in a device's memory, as people write them: a symbol of the firmware, or an address.

use crate::board_file::Word;
use crate::language::decode::{Ruled, Shape};
use crate::language::scalar::scalar;
use crate::language::{Decode, Diagnostics, Mention, Node};
use crate::plan::{BoardPlan, Symbol};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A place in memory: `TARGET_TENTHS`, `SETTINGS+4`, `0x20000100`. Symbols are looked up in the image that is programmed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Location(String);

/// What a location is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parts<'a> {
    /// An address.
    Address(u32),
    /// So many bytes behind a symbol.
    Symbol(&'a str, u32),
}

impl Location {
    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What it is made of; `None` for a text that is no location.
    pub fn parts(&self) -> Option<Parts<'_>> {
        if self.0.starts_with(|c: char| c.is_ascii_digit()) {
            return self.0.parse().ok().map(|Word(address)| Parts::Address(address));
        }
        match self.0.split_once('+') {
            Some((symbol, offset)) => {
                let Word(offset) = offset.trim().parse().ok()?;
                Some(Parts::Symbol(symbol.trim(), offset))
            }
            None if self.0.trim().is_empty() => None,
            None => Some(Parts::Symbol(self.0.trim(), 0)),
        }
    }

    /// Where it is on this board, and how much belongs to it (0 if nobody knows). `None` for a symbol that the plan
    /// does not know, which the resolver refuses.
    pub fn on(&self, board: &BoardPlan) -> Option<Symbol> {
        match self.parts()? {
            Parts::Address(address) => Some(Symbol { address, size: 0 }),
            Parts::Symbol(name, offset) => board.symbols.get(name).map(|symbol| Symbol {
                address: symbol.address.wrapping_add(offset),
                size: symbol.size.saturating_sub(offset),
            }),
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for Location {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl Ruled for Location {}

impl Decode for Location {
    fn shape() -> Shape {
        Shape::Scalar("a symbol of the firmware or an address", "TARGET_TENTHS")
    }

    fn decode(node: &Node, out: &mut Diagnostics) -> Option<Self> {
        let location = Self(scalar(node, "a symbol of the firmware or an address", out)?.to_owned());
        match location.parts() {
            Some(Parts::Symbol(name, _)) => out.mention(Mention::Symbol(name.to_owned()), node.span),
            Some(Parts::Address(_)) => {}
            None => {
                out.error(
                    node.span,
                    format!("`{location}` is neither a symbol nor an address"),
                    "expected a place in memory",
                    Some("write a symbol like `TARGET_TENTHS` or `SETTINGS+4`, or an address like `0x20000100`".to_owned()),
                );
                return None;
            }
        }
        Some(location)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_offsets_and_addresses() {
        assert_eq!(Location::from("0x2000_0100").parts(), Some(Parts::Address(0x2000_0100)));
        assert_eq!(Location::from("TARGET").parts(), Some(Parts::Symbol("TARGET", 0)));
        assert_eq!(Location::from("app::STATE+0x10").parts(), Some(Parts::Symbol("app::STATE", 16)));
        for wrong in ["", " ", "0xzz", "A+", "A+x"] {
            assert_eq!(Location::from(wrong).parts(), None, "{wrong}");
        }
    }
}
