//! The listing that `brownout kinds` prints, 80 columns wide.

use super::{Kind, Table, example_of, files, shape_in_words, short_form, tables, words_of};
use crate::fault::Fault;
use crate::language::diagnostic::did_you_mean;
use crate::language::{Field, Record};
use std::fmt::Write as _;

const WIDTH: usize = 80;

pub(super) fn describe(name: Option<&str>, more: &[Table]) -> Result<String, String> {
    let mut tables = tables();
    tables.extend_from_slice(more);
    let Some(name) = name else { return Ok(overview(&tables)) };
    let mut text = String::new();
    for table in &tables {
        if table.name == name || table.name.strip_suffix('s') == Some(name) {
            brief(table, &mut text);
        }
        // A step that is a fault is shown once, as a fault.
        let doubled = table.name == "steps" && tables.iter().any(|t| t.name == "faults" && has(t, name));
        for kind in table.kinds.iter().filter(|kind| kind.word == name && !doubled) {
            full(table.name.strip_suffix('s').unwrap_or(table.name), kind, &mut text);
        }
    }
    for (_, record) in files().iter().filter(|(file, _)| *file == name) {
        paragraph(&words_of(record.doc), 0, &mut text);
        fields(record, &mut text);
    }
    if text.is_empty() {
        let kinds = tables.iter().flat_map(|table| table.kinds.iter().map(|kind| kind.word));
        let names = kinds.chain(tables.iter().map(|table| table.name)).chain(files().map(|(file, _)| file));
        return Err(match did_you_mean(name, names) {
            Some(near) => format!("there is no `{name}`; did you mean `{near}`?"),
            None => format!("there is no `{name}`; `brownout kinds` lists what there is"),
        });
    }
    Ok(text)
}

fn has(table: &Table, name: &str) -> bool {
    table.kinds.iter().any(|kind| kind.word == name)
}

fn overview(tables: &[Table]) -> String {
    let mut text = String::new();
    for table in tables {
        brief(table, &mut text);
        text.push('\n');
    }
    text.push_str("files\n");
    for (name, record) in files() {
        entry(name, &first_sentence(record.doc), &mut text);
    }
    text.push_str("\n`brownout kinds <name>` shows one of them with its fields.\n");
    text
}

fn brief(table: &Table, text: &mut String) {
    let _ = writeln!(text, "{}", table.name);
    paragraph(&words_of(table.doc), 2, text);
    // Steps that are faults are listed as faults.
    let faults: &[_] = if table.name == "steps" { Fault::WORDS } else { &[] };
    for kind in table.kinds.iter().filter(|kind| !faults.contains(&kind.word)) {
        entry(
            kind.word,
            &kind.record().map_or_else(|| shape_in_words(&kind.shape), |r| first_sentence(r.doc)),
            text,
        );
    }
}

fn entry(name: &str, words: &str, text: &mut String) {
    const INDENT: usize = 23;
    let mut wrapped = String::new();
    paragraph(words, INDENT, &mut wrapped);
    if name.len() > INDENT - 4 {
        let _ = write!(text, "  {name}\n{wrapped}");
    } else {
        let _ = write!(text, "  {name:<19}  {}", wrapped.trim_start());
    }
}

fn full(noun: &str, kind: &Kind, text: &mut String) {
    if !text.is_empty() {
        text.push('\n');
    }
    let _ = writeln!(text, "{} ({noun})", kind.word);
    let Some(record) = kind.record() else {
        paragraph(&shape_in_words(&kind.shape), 2, text);
        return;
    };
    paragraph(&words_of(record.doc), 2, text);
    if let Some(example) = example_of(record.doc) {
        text.push_str("\n  for example\n");
        let _ = writeln!(text, "    {example}");
    }
    fields(record, text);
    if let Some(field) = short_form(record).filter(|_| record.fields.len() > 1 || !record.fields[0].optional)
    {
        let _ = writeln!(text, "\n  short: {}: <{}>", kind.word, field.name);
    }
}

fn fields(record: &Record, text: &mut String) {
    text.push_str("\n  fields\n");
    for field in record.fields {
        let _ = writeln!(text, "    {}{}", field.name, presence(field));
        paragraph(&words_of(field.doc), 8, text);
        paragraph(&shape_in_words(&(field.shape)()), 8, text);
    }
}

fn presence(field: &Field) -> String {
    match (field.optional, field.default) {
        (false, _) => String::new(),
        (true, None) => " (may be left out)".to_owned(),
        (true, Some(default)) => match default().as_str() {
            "[]" | "{}" => " (may be left out)".to_owned(),
            default => format!(" (if left out: {default})"),
        },
    }
}

fn first_sentence(doc: &str) -> String {
    let words = words_of(doc);
    match words.find(". ") {
        Some(end) => words[..=end].to_owned(),
        None => words,
    }
}

/// Breaks at spaces; a word longer than the line has a line of its own.
fn paragraph(words: &str, indent: usize, text: &mut String) {
    let mut column = 0;
    for word in words.split_whitespace() {
        let width = word.chars().count();
        if column > 0 && column + 1 + width > WIDTH {
            text.push('\n');
            column = 0;
        }
        if column == 0 {
            let _ = write!(text, "{:indent$}{word}", "");
            column = indent + width;
        } else {
            let _ = write!(text, " {word}");
            column += 1 + width;
        }
    }
    if column > 0 {
        text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_listing_reads_well() {
        insta::assert_snapshot!(describe(None, &[]).unwrap());
    }

    #[test]
    fn a_kind_reads_well() {
        insta::assert_snapshot!(describe(Some("power_cut"), &[]).unwrap());
        insta::assert_snapshot!(describe(Some("seen"), &[]).unwrap());
        insta::assert_snapshot!(describe(Some("board"), &[]).unwrap());
    }

    #[test]
    fn no_line_is_wider_than_a_terminal_but_examples() {
        let tables = tables();
        let kinds = tables.iter().flat_map(|t| t.kinds.iter().map(|k| Some(k.word)));
        for name in kinds.chain([None]).chain(files().map(|(file, _)| Some(file))) {
            let text = describe(name, &[]).unwrap();
            for line in text.lines().filter(|line| !line.contains(": {")) {
                assert!(line.chars().count() <= WIDTH, "{line}");
            }
        }
    }

    #[test]
    fn what_is_not_there_is_guessed() {
        assert_eq!(
            describe(Some("powercut"), &[]).unwrap_err(),
            "there is no `powercut`; did you mean `power_cut`?"
        );
    }

    #[test]
    fn tables_of_others_are_listed_too() {
        let shape = crate::language::Shape::Record(crate::step::Wait::RECORD);
        let drivers =
            Table { name: "power drivers", doc: "Switches.", kinds: vec![Kind { word: "relay", shape }] };
        let more = [drivers];
        assert!(describe(None, &more).unwrap().contains("power drivers\n  Switches.\n  relay "));
        assert!(describe(Some("relay"), &more).unwrap().starts_with("relay (power driver)\n"));
    }
}
