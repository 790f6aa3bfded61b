//! What is expected of a kind of chip, in a file of its own.

use crate::language::decode::Shape;
use crate::language::render::Problems;
use crate::language::scalar::from_str;
use crate::language::{Decode, Diagnostics, Node, Value, parse};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

crate::record! {
    /// What is expected of a kind of chip.
    pub struct Expectations {
        /// The part number that FICR of such a chip holds.
        part: String = "part",
        /// The quantities, by name.
        quantities: BTreeMap<String, Quantity> = "quantities" (NotEmpty),
    }
}

crate::record! {
    /// One quantity.
    pub struct Quantity {
        /// Its unit.
        unit: String = "unit" (OneLine),
        /// What it may be; one without is only noted.
        expect: Option<Range> = "expect" optional,
        /// Where that comes from: a figure of a data sheet, or on what it was measured.
        source: String = "source" (OneLine),
        /// What else it is known to be, somewhere.
        known: Option<Known> = "known" optional,
    }
}

crate::record! {
    /// A difference that is known and stands for itself.
    pub struct Known {
        /// What the quantity is there.
        range: Range = "range",
        /// Where, and why.
        why: String = "why" (OneLine),
    }
}

/// Whole numbers from one to another, both included; written `36..50`, or `4` for one alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Range {
    /// The least.
    pub from: i64,
    /// The greatest.
    pub to: i64,
}

impl Range {
    /// Whether a value lies in it.
    pub const fn holds(self, value: i64) -> bool {
        self.from <= value && value <= self.to
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.from == self.to {
            write!(f, "{}", self.from)
        } else {
            write!(f, "{}..{}", self.from, self.to)
        }
    }
}

impl std::str::FromStr for Range {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (from, to) = text.split_once("..").unwrap_or((text, text));
        match (from.trim().parse(), to.trim().parse()) {
            (Ok(from), Ok(to)) if from <= to => Ok(Self { from, to }),
            (Ok(_), Ok(_)) => Err(format!("`{text}` is empty; write the lesser number first")),
            _ => Err(format!("`{text}` is not a range of whole numbers; write it like `36..50`")),
        }
    }
}

impl Decode for Range {
    fn shape() -> Shape {
        Shape::Scalar("whole numbers, both ends included", "36..50")
    }

    fn decode(node: &Node, out: &mut Diagnostics) -> Option<Self> {
        from_str(node, "a range of whole numbers", out)
    }
}

impl Expectations {
    /// Reads the file. `path` is for messages.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn read(path: &str, text: &str) -> Result<Self, Problems> {
        let problems = |found| Problems { path: path.to_owned(), text: text.to_owned(), found };
        let node = parse(text).map_err(problems)?;
        let mut out = Diagnostics::new();
        // One word is the short form of a record, but no such file.
        let read = match &node.value {
            Value::Scalar { .. } => None,
            _ => Self::decode(&node, &mut out),
        };
        if read.is_none() && out.is_empty() {
            out.error(node.span, "expected a mapping, found a value", "expected a mapping", None);
        }
        match read {
            Some(read) if out.is_empty() => Ok(read),
            _ => Err(problems(out.into_sorted())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_written_as_they_are_read() {
        for text in ["36..50", "-1..4", "7"] {
            assert_eq!(text.parse::<Range>().map(|range| range.to_string()), Ok(text.to_owned()));
        }
        assert!("5..4".parse::<Range>().is_err());
        assert!("1..x".parse::<Range>().is_err());
        assert!("".parse::<Range>().is_err());
    }

    #[test]
    fn a_file_is_read_or_its_problems_are_told() {
        let file = "part: '0x52840'\nquantities:\n  a.b: {unit: us, expect: 1..2, source: PS}\n";
        let read = Expectations::read("x.yaml", file).map(|read| read.quantities.len());
        assert_eq!(read.ok(), Some(1));
        let wrong = Expectations::read("x.yaml", "part: x\nquantities:\n  a: {unit: us, expect: 2..1}\n");
        assert_eq!(wrong.err().map(|problems| problems.found.len()), Some(2));
        assert!(Expectations::read("x.yaml", "part").is_err());
    }
}
