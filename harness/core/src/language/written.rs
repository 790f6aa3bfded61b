//! A value of a table as one line in the words of a scenario: `recovers: {from: power_cut, to: ready, within: 5s}`.

use super::decode::{Decode, Shape};
use super::diagnostic::Diagnostics;
use super::node::{Key, Node, Span, Value};
use serde::Serialize;

/// A line of a table of kinds: the word and what stands behind it.
type Line = (&'static str, fn() -> Shape);

/// As a scenario would say it, in one line, without what may be left out. `table` is that of `T`, and `kind` the word
/// of this value in it.
pub(crate) fn one_line<T>(of: &T, kind: &'static str, table: &[Line]) -> String
where
    T: Decode + Serialize + PartialEq,
{
    let reads = |node: &Node| T::decode(node, &mut Diagnostics::new()).as_ref() == Some(of);
    let Some(mut fields) = fields(of, kind, table) else { return kind.to_owned() };
    // What may be left out is what decodes to the same value when it is not there.
    let mut at = 0;
    while at < fields.len() {
        let mut without = fields.clone();
        without.remove(at);
        if reads(&written(kind, &without)) {
            fields = without;
        } else {
            at += 1;
        }
    }
    match fields.as_slice() {
        // The first field may stand for all if the others may be left out.
        [(_, value @ Value::Scalar { .. })] if reads(&bare(mapping(&[(kind, value.clone())]))) => {
            format!("{kind}: {}", line(value))
        }
        _ => format!("{kind}: {}", line(&mapping(&fields))),
    }
}

/// Its fields as nodes, in the order in which its documentation has them.
fn fields<T: Serialize>(of: &T, kind: &str, table: &[Line]) -> Option<Vec<(&'static str, Value)>> {
    let (_, shape) = table.iter().find(|(word, _)| *word == kind)?;
    let Shape::Record(record) = shape() else { return None };
    let json = serde_json::to_value(of).ok()?;
    let of_kind = json.get(kind)?;
    let written = |name| of_kind.get(name).filter(|field| !field.is_null());
    Some(record.fields.iter().filter_map(|f| Some((f.name, value(written(f.name)?)))).collect())
}

fn bare(value: Value) -> Node {
    Node { span: Span::default(), value }
}

fn mapping(fields: &[(&str, Value)]) -> Value {
    let key = |text: &str| Key { span: Span::default(), text: text.to_owned() };
    Value::Map(fields.iter().map(|(name, value)| (key(name), bare(value.clone()))).collect())
}

fn written(kind: &str, fields: &[(&str, Value)]) -> Node {
    bare(mapping(&[(kind, mapping(fields))]))
}

fn value(json: &serde_json::Value) -> Value {
    use serde_json::Value as Json;
    match json {
        Json::Null => Value::Null,
        Json::String(text) => Value::Scalar { text: text.clone(), plain: false },
        Json::Bool(_) | Json::Number(_) => Value::Scalar { text: json.to_string(), plain: true },
        Json::Array(items) => Value::List(items.iter().map(|item| bare(value(item))).collect()),
        Json::Object(entries) => {
            // What is absent is not written.
            let written = entries.iter().filter(|(_, item)| !item.is_null());
            let fields: Vec<_> = written.map(|(name, item)| (name.as_str(), value(item))).collect();
            mapping(&fields)
        }
    }
}

fn line(value: &Value) -> String {
    let commas = |parts: Vec<String>| parts.join(", ");
    match value {
        Value::Null => "null".to_owned(),
        Value::Scalar { text, .. } => scalar(text),
        Value::List(items) => format!("[{}]", commas(items.iter().map(|item| line(&item.value)).collect())),
        Value::Map(entries) => format!(
            "{{{}}}",
            commas(entries.iter().map(|(k, v)| format!("{}: {}", scalar(&k.text), line(&v.value))).collect())
        ),
    }
}

/// Quotes what YAML would not read back as this text, wherever it stands. JSON's quoting is YAML's too.
fn scalar(text: &str) -> String {
    let plain = text.starts_with(|c: char| c.is_alphanumeric() || c == '_')
        && text.chars().all(|c| c.is_alphanumeric() || "_-./%+".contains(c));
    if plain { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}
