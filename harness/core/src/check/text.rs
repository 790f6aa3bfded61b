//! A check as one line in the scenario's own words, for reports: `recovers: {from: power_cut, to: ready, within: 5s}`.

use super::Check;
use crate::language::node::{Key, Node, Span, Value};
use crate::language::{Decode, Diagnostics, Shape};

impl Check {
    /// As a scenario would say it, in one line, without what may be left out.
    pub fn text(&self) -> String {
        let kind = self.kind();
        let Some(mut fields) = self.fields() else { return kind.to_owned() };
        // What may be left out is what decodes to the same check when it is not there.
        let mut at = 0;
        while at < fields.len() {
            let mut without = fields.clone();
            without.remove(at);
            if Self::decode(&written(kind, &without), &mut Diagnostics::new()).as_ref() == Some(self) {
                fields = without;
            } else {
                at += 1;
            }
        }
        match fields.as_slice() {
            // The first field may stand for all if the others may be left out.
            [(_, value @ Value::Scalar { .. })] if self.reads_from(value) => {
                format!("{kind}: {}", line(value))
            }
            _ => format!("{kind}: {}", line(&mapping(&fields))),
        }
    }

    /// Its fields as nodes, in the order in which its documentation has them.
    fn fields(&self) -> Option<Vec<(&'static str, Value)>> {
        let (_, shape) = Self::TABLE.iter().find(|(word, _)| *word == self.kind())?;
        let Shape::Record(record) = shape() else { return None };
        let json = serde_json::to_value(self).ok()?;
        let of_kind = json.get(self.kind())?;
        Some(record.fields.iter().filter_map(|f| Some((f.name, value(of_kind.get(f.name)?)))).collect())
    }

    fn reads_from(&self, scalar: &Value) -> bool {
        let node = mapping(&[(self.kind(), scalar.clone())]);
        Self::decode(&bare(node), &mut Diagnostics::new()).as_ref() == Some(self)
    }
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
            let fields: Vec<_> = entries.iter().map(|(name, item)| (name.as_str(), value(item))).collect();
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{BootsAtMost, Durable, Never, Recovers, ResetCause, Seen};
    use crate::time::Duration;

    #[test]
    fn a_check_reads_as_it_is_written() {
        let seen = Seen { signal: "ready".into(), fields: Default::default(), at_least: 1 };
        let fields = [("cause".to_owned(), "power on: \"1\"".to_owned())].into();
        let texts: Vec<_> = [
            Check::Seen(seen.clone()),
            Check::Seen(Seen { at_least: 2, ..seen.clone() }),
            Check::Seen(Seen { fields, ..seen }),
            Check::Never(Never { signal: "panic".into() }),
            Check::Recovers(Recovers {
                from: "power_cut".to_owned(),
                to: "ready".into(),
                within: Duration::from_millis(1500),
            }),
            Check::Durable(Durable { setting: "target".into() }),
            Check::ResetCause(ResetCause { after: "reset".to_owned(), is: "pin".to_owned() }),
            Check::BootsAtMost(BootsAtMost { times: 3 }),
        ]
        .iter()
        .map(Check::text)
        .collect();
        assert_eq!(
            texts,
            [
                "seen: ready",
                "seen: {signal: ready, at_least: 2}",
                r#"seen: {signal: ready, where: {cause: "power on: \"1\""}}"#,
                "never: panic",
                "recovers: {from: power_cut, to: ready, within: 1.5s}",
                "durable: target",
                "reset_cause: {after: reset, is: pin}",
                "boots_at_most: 3",
            ]
        );
    }
}
