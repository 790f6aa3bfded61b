//! The table as the conformance firmware prints it.

use serde::{Deserialize, Serialize};

/// What each of its lines begins with.
const PREFIX: &str = "conformance: ";
/// The format that this module reads.
const VERSION: &str = "1";
/// A device that never stops must not fill our memory.
const MOST_ROWS: usize = 1000;
/// Longest name or unit, in characters.
const LONGEST_WORD: usize = 64;

/// The chip, as it says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chip {
    /// Its part number, as in FICR: `0x52840`.
    pub part: String,
    /// Package, function and revision: `AAD0`.
    pub variant: String,
}

/// One measured quantity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measured {
    /// Its name: a group and a quantity in it, as in `nvmc.word_write`.
    pub name: String,
    /// Its value.
    pub value: i64,
    /// In which unit.
    pub unit: String,
}

/// A table, as far as it has been printed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    chip: Option<Chip>,
    rows: Vec<Measured>,
    ended: bool,
    trouble: Option<String>,
}

impl Table {
    /// Takes a console line. What is no line of the table is left out; a table that begins anew is begun anew.
    pub fn take(&mut self, line: &str) {
        // Noise, or what a device said before its power went, may stand before it.
        let Some((_, text)) = line.trim_end().rsplit_once(PREFIX) else { return };
        match text.split_once(' ') {
            Some(("begin", facts)) => *self = Self::begun(facts),
            Some(("end", count)) => self.end(count),
            _ if text == "panic" => self.trouble = Some("the conformance firmware panicked".to_owned()),
            _ => {
                if let Some(row) = measured(text).filter(|_| self.rows.len() < MOST_ROWS) {
                    self.add(row);
                }
            }
        }
    }

    fn begun(facts: &str) -> Self {
        let fact = |name: &str| {
            let (_, value) =
                facts.split(' ').filter_map(|fact| fact.split_once('=')).find(|(n, _)| *n == name)?;
            Some(value.chars().take(LONGEST_WORD).collect::<String>())
        };
        let chip = fact("part").zip(fact("variant")).map(|(part, variant)| Chip { part, variant });
        let version = fact("version").unwrap_or_default();
        let trouble =
            (version != VERSION).then(|| format!("the table has format `{version}`, not {VERSION}"));
        Self { chip, trouble, ..Self::default() }
    }

    fn end(&mut self, count: &str) {
        let wanted = count.strip_prefix("lines=").and_then(|count| count.parse::<usize>().ok());
        // Rows that were added by the harness are not the firmware's.
        if wanted != Some(self.rows.len()) {
            self.trouble.get_or_insert_with(|| {
                format!("{} lines of the table were received, and `{count}` were sent", self.rows.len())
            });
        }
        self.ended = true;
    }

    /// Adds a row that was measured from outside.
    pub fn add(&mut self, row: Measured) {
        self.rows.push(row);
    }

    /// The chip, once the table has begun.
    pub fn chip(&self) -> Option<&Chip> {
        self.chip.as_ref()
    }

    /// What was measured, in order.
    pub fn rows(&self) -> &[Measured] {
        &self.rows
    }

    /// Whether nothing more is to come.
    pub fn ended(&self) -> bool {
        self.ended
    }

    /// Why it is not whole, if it is not.
    pub fn trouble(&self) -> Option<String> {
        let silent = || match (&self.chip, self.ended) {
            (None, _) => Some("the conformance firmware said nothing".to_owned()),
            (Some(_), false) => Some("the table breaks off".to_owned()),
            (Some(_), true) => None,
        };
        self.trouble.clone().or_else(silent)
    }
}

/// `name=value unit`
fn measured(text: &str) -> Option<Measured> {
    let (name, rest) = text.split_once('=')?;
    let (value, unit) = rest.split_once(' ').unwrap_or((rest, ""));
    let word = |text: &str| !text.is_empty() && text.len() <= LONGEST_WORD;
    let named =
        name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._".contains(&byte));
    (word(name) && named && unit.len() <= LONGEST_WORD)
        .then(|| value.parse().ok())
        .flatten()
        .map(|value| Measured { name: name.to_owned(), value, unit: unit.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn table(lines: &[&str]) -> Table {
        let mut table = Table::default();
        lines.iter().for_each(|line| table.take(line));
        table
    }

    const BEGIN: &str = "conformance: begin version=1 part=0x52840 variant=AAD0";

    #[test]
    fn a_whole_table_is_read() {
        let table = table(&[
            "noise",
            "confor\0conformance: begin version=1 part=0x52840 variant=AAD0",
            "conformance: rtc.compare_n=-1 ticks\r",
            "conformance: end lines=1",
        ]);
        assert_eq!(table.trouble(), None);
        assert_eq!(table.chip().map(|chip| chip.variant.as_str()), Some("AAD0"));
        let row = Measured { name: "rtc.compare_n".to_owned(), value: -1, unit: "ticks".to_owned() };
        assert_eq!(table.rows(), [row]);
    }

    #[test]
    fn a_table_that_begins_anew_forgets_what_was_before() {
        let table = table(&[
            BEGIN,
            "conformance: a.b=1 us",
            BEGIN,
            "conformance: a.c=2 us",
            "conformance: end lines=1",
        ]);
        assert_eq!(table.trouble(), None);
        assert_eq!(table.rows().len(), 1);
    }

    #[test]
    fn what_is_not_whole_says_so() {
        assert_eq!(table(&["hello"]).trouble().as_deref(), Some("the conformance firmware said nothing"));
        assert_eq!(
            table(&[BEGIN, "conformance: a.b=1 us"]).trouble().as_deref(),
            Some("the table breaks off")
        );
        let lost = table(&[BEGIN, "conformance: a.b=1 us", "conformance: end lines=2"]);
        assert_eq!(
            lost.trouble().as_deref(),
            Some("1 lines of the table were received, and `lines=2` were sent")
        );
        let other = table(&["conformance: begin version=9 part=1 variant=x", "conformance: end lines=0"]);
        assert_eq!(other.trouble().as_deref(), Some("the table has format `9`, not 1"));
        let panicked = table(&[BEGIN, "conformance: panic", "conformance: end lines=0"]);
        assert_eq!(panicked.trouble().as_deref(), Some("the conformance firmware panicked"));
    }

    proptest! {
        #[test]
        fn any_lines_are_read_or_left_out(lines in proptest::collection::vec("(conformance: )?\\PC*", 0..20)) {
            let mut table = Table::default();
            lines.iter().for_each(|line| table.take(line));
            prop_assert!(table.rows().len() <= lines.len());
            prop_assert!(table.rows().iter().all(|row| row.name.len() <= LONGEST_WORD));
        }
    }
}
