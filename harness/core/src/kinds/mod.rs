//! What can be written: every table of kinds and every file, as data, as text and as JSON schema.

mod schema;
mod text;

pub use schema::{SchemaOf, schema};

use crate::board_file::Board;
use crate::check::Check;
use crate::fault::Fault;
use crate::language::{Record, Shape};
use crate::plan::Source;
use crate::rig_file::RigFile;
use crate::scenario::Scenario;
use crate::step::{Steady, Step};
use crate::trigger::Trigger;

/// A table of kinds.
#[derive(Clone, Debug)]
pub struct Table {
    /// What it holds, in the plural: `faults`.
    pub name: &'static str,
    /// What they are.
    pub doc: &'static str,
    /// Its kinds in the order of the table.
    pub kinds: Vec<Kind>,
}

/// One kind.
#[derive(Clone, Debug)]
pub struct Kind {
    /// As it is written.
    pub word: &'static str,
    /// What stands behind it.
    pub shape: Shape,
}

impl Kind {
    /// Its record, if it is written as a mapping with fields.
    pub fn record(&self) -> Option<&'static Record> {
        match self.shape {
            Shape::Record(record) => Some(record),
            _ => None,
        }
    }
}

/// Every table, in the order in which a scenario uses them.
pub fn tables() -> Vec<Table> {
    vec![
        Table { name: "steady conditions", doc: Steady::DOC, kinds: kinds(Steady::TABLE) },
        Table { name: "steps", doc: Step::DOC, kinds: kinds(Step::TABLE) },
        Table { name: "faults", doc: Fault::DOC, kinds: kinds(Fault::TABLE) },
        Table { name: "triggers", doc: Trigger::DOC, kinds: kinds(Trigger::TABLE) },
        Table { name: "checks", doc: Check::DOC, kinds: kinds(Check::TABLE) },
        Table {
            name: "sources",
            doc: "Where a board file says that a signal is recognised.",
            kinds: kinds(Source::TABLE),
        },
    ]
}

/// A line of a table: the word and what stands behind it.
type Line = (&'static str, fn() -> Shape);

fn kinds(table: &[Line]) -> Vec<Kind> {
    table.iter().map(|(word, shape)| Kind { word, shape: shape() }).collect()
}

/// Every file that people write: its name and its fields.
pub fn files() -> [(&'static str, &'static Record); 3] {
    [("scenario", Scenario::RECORD), ("board", Board::RECORD), ("rig", RigFile::RECORD)]
}

/// What there is by a name: the tables that have a kind of that name, or a table itself, or a file, as text of at
/// most 80 columns. Without a name, everything in brief. `more` are tables that only others know (drivers).
///
/// # Errors
/// There is nothing of that name; the text says what was probably meant.
pub fn describe(name: Option<&str>, more: &[Table]) -> Result<String, String> {
    text::describe(name, more)
}

/// The example of a doc comment: its last line in backquotes.
pub fn example_of(doc: &str) -> Option<&str> {
    doc.lines().rev().map(str::trim).find_map(|line| line.strip_prefix('`')?.strip_suffix('`'))
}

/// The words of a doc comment, without its example, on one line.
pub fn words_of(doc: &str) -> String {
    let words = doc.lines().map(str::trim).filter(|line| !(line.starts_with('`') && line.ends_with('`')));
    words.filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

/// A shape in words: `a duration with its unit, like 2s`.
pub fn shape_in_words(shape: &Shape) -> String {
    match shape {
        Shape::Scalar(what, example) if example.starts_with('<') => (*what).to_owned(),
        Shape::Scalar(what, example) => format!("{what}, like {example}"),
        Shape::Whole => "a whole number".to_owned(),
        Shape::Word(words) => words.join(" | "),
        Shape::List(inner) => match inner.as_ref() {
            Shape::Kind(table) => format!("a list of {table}"),
            inner => format!("a list, each {}", shape_in_words(inner)),
        },
        Shape::Names(inner) => format!("names, each with {}", shape_in_words(inner)),
        Shape::Record(record) => {
            let names: Vec<_> = record.fields.iter().map(|field| field.name).collect();
            format!("a mapping with {}", names.join(", "))
        }
        Shape::Kind(table) => format!("one of the {table}"),
        Shape::Either(first, second) => format!("{}; or {}", shape_in_words(first), shape_in_words(second)),
    }
}

/// The first field, if its value may stand for the whole mapping.
pub(crate) fn short_form(record: &'static Record) -> Option<&'static crate::language::Field> {
    let (first, rest) = record.fields.split_first()?;
    rest.iter().all(|field| field.optional).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::{Decode, Diagnostics, parse};

    fn parses(table: &str, text: &str) -> bool {
        let node = parse(text).unwrap_or_else(|e| panic!("{text}: {e:?}"));
        let mut out = Diagnostics::new();
        let whole = match table {
            "steady conditions" => Steady::decode(&node, &mut out).is_some(),
            "steps" => Step::decode(&node, &mut out).is_some(),
            "faults" => Fault::decode(&node, &mut out).is_some(),
            "triggers" => Trigger::decode(&node, &mut out).is_some(),
            "checks" => Check::decode(&node, &mut out).is_some(),
            other => panic!("no decoder for the table `{other}`"),
        };
        assert!(out.is_empty(), "{text}: {:?}", out.into_sorted());
        whole
    }

    #[test]
    fn every_kind_has_a_doc_and_an_example_that_parses() {
        for table in tables().iter().filter(|table| table.name != "sources") {
            for kind in &table.kinds {
                let record = kind.record().unwrap_or_else(|| panic!("`{}` has no fields", kind.word));
                assert!(!words_of(record.doc).is_empty(), "`{}` has no doc", kind.word);
                let example =
                    example_of(record.doc).unwrap_or_else(|| panic!("`{}` has no example", kind.word));
                assert!(example.starts_with(&format!("{}:", kind.word)), "{example}");
                assert!(parses(table.name, example), "{example}");
            }
        }
    }

    #[test]
    fn every_default_reads_back() {
        for table in tables() {
            for record in table.kinds.iter().filter_map(Kind::record) {
                for field in record.fields {
                    if let Some(default) = field.default {
                        assert!(field.optional && !default().is_empty(), "{}", field.name);
                        assert!(parse(&format!("a: {}", default())).is_ok(), "{}", default());
                    }
                }
            }
        }
    }
}
