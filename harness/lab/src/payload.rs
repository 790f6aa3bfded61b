//! What messages consist of that are not as they should be, made from good ones by a seed.

use brownout_core::chance::Chance;
use brownout_core::network::{Content, PayloadKind};
use serde_json::{Map, Value, json};

/// Stands for what JSON cannot hold while the rest is put together. No text from outside holds it: it is random.
const HOLE: &str = "\u{e000}f3b1c29e";

/// How deep is too deep.
const LEVELS: usize = 10_000;
/// How long is too long, in bytes.
const LONG: usize = 60 * 1024;

/// The bytes of a message. `serial` is put in the place of `{n}`.
pub fn bytes(content: &Content, serial: u64) -> Vec<u8> {
    let raw = match content {
        Content::Literal(payload) => payload.0.clone(),
        Content::Corpus(file) => file.bytes().to_vec(),
        Content::Made { kind, from, seed } => made(*kind, from, &mut Chance::new(*seed)),
    };
    numbered(&raw, serial)
}

fn numbered(raw: &[u8], serial: u64) -> Vec<u8> {
    const MARK: &[u8] = b"{n}";
    let mut bytes = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.windows(MARK.len()).position(|window| window == MARK) {
        bytes.extend_from_slice(&rest[..at]);
        bytes.extend_from_slice(serial.to_string().as_bytes());
        rest = &rest[at + MARK.len()..];
    }
    bytes.extend_from_slice(rest);
    bytes
}

fn made(kind: PayloadKind, from: &str, chance: &mut Chance) -> Vec<u8> {
    // What is no JSON is taken as a text.
    let good: Value = serde_json::from_str(from).unwrap_or_else(|_| Value::String(from.to_owned()));
    let text = match kind {
        PayloadKind::MissingField => missing(good, chance),
        PayloadKind::ExtraField => extra(good, chance),
        PayloadKind::Null => with_leaf(good, chance, any, |_, _| "null".to_owned()),
        PayloadKind::WrongType => with_leaf(good, chance, any, |old, _| other_type(old).to_string()),
        PayloadKind::OutOfRange => with_leaf(good, chance, Value::is_number, |_, chance| {
            one_of(
                chance,
                &["1e308", "-1e308", "100000", "-273.16", "4294967296", "-2147483649", "9007199254740993"],
            )
        }),
        PayloadKind::Nan => with_leaf(good, chance, Value::is_number, |_, chance| {
            one_of(chance, &["NaN", "Infinity", "-Infinity", "nan", "1e999"])
        }),
        PayloadKind::Deep => {
            with_leaf(good, chance, any, |_, _| format!("{}{}", "[".repeat(LEVELS), "]".repeat(LEVELS)))
        }
        PayloadKind::Huge => with_leaf(good, chance, any, |_, _| format!("\"{}\"", "A".repeat(LONG))),
        PayloadKind::DuplicatedKey => duplicated(good, chance),
        PayloadKind::Truncated => {
            let text = good.to_string();
            let at = 1 + chance.below(text.len().saturating_sub(1).max(1) as u64) as usize;
            return text.as_bytes().get(..at).unwrap_or_default().to_vec();
        }
        PayloadKind::NotJson => other_notation(&good, chance),
        PayloadKind::InvalidUtf8 => {
            let text = with_leaf(good, chance, any, |_, _| format!("\"{HOLE}\""));
            // A byte that never stands in UTF-8, an overlong form, half of a surrogate pair (RFC 3629).
            let wrong: &[&[u8]] = &[b"\xff", b"\xc0\xaf", b"\xed\xa0\x80"];
            let wrong = wrong.get(chance.below(3) as usize).copied().unwrap_or(b"\xff");
            return match text.split_once(HOLE) {
                Some((before, after)) => [before.as_bytes(), wrong, after.as_bytes()].concat(),
                None => wrong.to_vec(),
            };
        }
        PayloadKind::Empty => String::new(),
        PayloadKind::SchemaDrift => drifted(good, chance),
    };
    text.into_bytes()
}

fn any(_: &Value) -> bool {
    true
}

fn one_of(chance: &mut Chance, all: &[&str]) -> String {
    let at = chance.below(all.len() as u64) as usize;
    all.get(at).copied().unwrap_or_default().to_owned()
}

/// The text of a value in which one leaf that is wanted is another text. A value that has no such leaf becomes that text.
fn with_leaf(
    mut good: Value,
    chance: &mut Chance,
    wanted: fn(&Value) -> bool,
    other: impl FnOnce(&Value, &mut Chance) -> String,
) -> String {
    let mut paths = Vec::new();
    leaves(&good, String::new(), wanted, &mut paths);
    let path = paths.get(chance.below(paths.len() as u64) as usize);
    let Some(leaf) = path.and_then(|path| good.pointer_mut(path)) else { return other(&good, chance) };
    let text = other(leaf, chance);
    *leaf = Value::String(HOLE.to_owned());
    good.to_string().replacen(&format!("\"{HOLE}\""), &text, 1)
}

fn leaves(value: &Value, path: String, wanted: fn(&Value) -> bool, out: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                leaves(value, format!("{path}/{}", escaped(key)), wanted, out);
            }
        }
        Value::Array(all) => {
            for (at, value) in all.iter().enumerate() {
                leaves(value, format!("{path}/{at}"), wanted, out);
            }
        }
        leaf if wanted(leaf) => out.push(path),
        _ => {}
    }
}

/// A key in a JSON pointer (RFC 6901).
fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// The objects in a value, and how to come to them.
fn objects(value: &Value, path: String, out: &mut Vec<String>) {
    let Value::Object(fields) = value else { return };
    for (key, value) in fields {
        objects(value, format!("{path}/{}", escaped(key)), out);
    }
    out.push(path);
}

fn object<'a>(good: &'a mut Value, chance: &mut Chance) -> Option<&'a mut Map<String, Value>> {
    let mut paths = Vec::new();
    objects(good, String::new(), &mut paths);
    let path = paths.get(chance.below(paths.len() as u64) as usize)?;
    good.pointer_mut(path)?.as_object_mut()
}

fn key(fields: &Map<String, Value>, chance: &mut Chance) -> Option<String> {
    fields.keys().nth(chance.below(fields.len() as u64) as usize).cloned()
}

fn missing(mut good: Value, chance: &mut Chance) -> String {
    if let Some(fields) = object(&mut good, chance)
        && let Some(key) = key(fields, chance)
    {
        fields.remove(&key);
    }
    good.to_string()
}

fn extra(mut good: Value, chance: &mut Chance) -> String {
    let mut known = Vec::new();
    leaves(&good, String::new(), any, &mut known);
    // One that differs from a known one by its first letter.
    let near = known.last().and_then(|path| path.rsplit('/').next()).map(capitalised).unwrap_or_default();
    let names = ["unexpected", "admin", "__proto__", &near, "reboot"];
    let values = [json!(true), json!(1), json!({"a": [1, 2, 3]}), json!("text"), Value::Null];
    let name = one_of(chance, &names);
    let value = values.get(chance.below(values.len() as u64) as usize).cloned().unwrap_or_default();
    if let Some(fields) = object(&mut good, chance) {
        fields.insert(name, value);
    }
    good.to_string()
}

fn other_type(old: &Value) -> Value {
    match old {
        Value::Number(number) => Value::String(number.to_string()),
        Value::String(_) => json!(12345),
        Value::Bool(flag) => json!(u8::from(*flag)),
        Value::Null => json!(false),
        Value::Array(_) | Value::Object(_) => json!([]),
    }
}

fn duplicated(mut good: Value, chance: &mut Chance) -> String {
    let Some(fields) = object(&mut good, chance) else { return good.to_string() };
    let Some(key) = key(fields, chance) else { return good.to_string() };
    let Some(old) = fields.get_mut(&key) else { return good.to_string() };
    let (first, second) = (old.to_string(), doubled(old).to_string());
    *old = Value::String(HOLE.to_owned());
    let name = Value::String(key).to_string();
    good.to_string().replacen(&format!("\"{HOLE}\""), &format!("{first},{name}:{second}"), 1)
}

/// Another value of the same type.
fn doubled(old: &Value) -> Value {
    match old {
        Value::Number(number) => json!(number.as_f64().unwrap_or(0.0) + 1.0),
        Value::String(text) => Value::String(format!("{text}-2")),
        Value::Bool(flag) => Value::Bool(!flag),
        other => other.clone(),
    }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// The same said otherwise than in JSON: as a line of words, as a form, in XML, in YAML; or not in text at all.
fn other_notation(good: &Value, chance: &mut Chance) -> String {
    const NO_TEXT: &str = "\u{0}\u{1}\u{2}";
    let mut paths = Vec::new();
    leaves(good, String::new(), any, &mut paths);
    let words = |path: &String| path.split('/').skip(1).map(str::to_owned).collect::<Vec<_>>();
    let value = |path: &String| match good.pointer(path) {
        Some(Value::String(text)) => text.clone(),
        other => other.map(Value::to_string).unwrap_or_default(),
    };
    let said = match chance.below(5) {
        0 => paths.last().map(|path| [words(path), vec![value(path)]].concat().join(" ")),
        1 => Some(
            paths.iter().rev().map(|path| field(&words(path), &value(path))).collect::<Vec<_>>().join("&"),
        ),
        2 => Some(element("message", good)),
        3 => None,
        _ => Some(format!("---{}\n", block(good, 0))),
    };
    // One word alone may be JSON after all.
    said.filter(|text| serde_json::from_str::<Value>(text).is_err()).unwrap_or_else(|| NO_TEXT.to_owned())
}

/// A field of a form.
fn field(words: &[String], value: &str) -> String {
    format!("{}={value}", words.last().map_or("value", String::as_str))
}

/// As XML has it.
fn element(name: &str, value: &Value) -> String {
    let inside = match value {
        Value::Object(fields) => fields.iter().map(|(name, value)| element(name, value)).collect(),
        Value::Array(all) => all.iter().map(|value| element("item", value)).collect(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    format!("<{name}>{inside}</{name}>")
}

/// As YAML has it, in blocks.
fn block(value: &Value, depth: usize) -> String {
    let indent = "  ".repeat(depth);
    let line = |lead: String, value: &Value| format!("\n{indent}{lead}{}", block(value, depth + 1));
    match value {
        Value::Object(fields) => fields.iter().map(|(name, value)| line(format!("{name}:"), value)).collect(),
        Value::Array(all) => all.iter().map(|value| line("-".to_owned(), value)).collect(),
        Value::String(text) => format!(" {text}"),
        other => format!(" {other}"),
    }
}

/// As a later version of the cloud might have it: wrapped, names in another style, numbers with their unit.
fn drifted(mut good: Value, chance: &mut Chance) -> String {
    match chance.below(3) {
        0 => json!({"version": 2, "payload": good}).to_string(),
        1 => {
            if let Some(fields) = object(&mut good, chance)
                && let Some(key) = key(fields, chance)
                && let Some(value) = fields.remove(&key)
            {
                fields.insert(format!("new{}", capitalised(&key)), value);
            }
            good.to_string()
        }
        _ => with_leaf(good, chance, any, |old, _| json!({"value": old, "unit": "x-new"}).to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use brownout_core::network::Payload;
    use proptest::prelude::*;

    const GOOD: &str = r#"{"id":"b-{n}","set":{"target":21.5}}"#;

    fn of(kind: PayloadKind, seed: u64) -> Vec<u8> {
        bytes(&Content::Made { kind, from: GOOD.to_owned(), seed }, 7)
    }

    #[test]
    fn each_kind_is_wrong_in_its_own_way() {
        let parses = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).is_ok();
        let good: Value = serde_json::from_slice(&bytes(&Content::Literal(Payload::from(GOOD)), 7)).unwrap();
        assert_eq!(good["id"], "b-7");
        for seed in 0..40 {
            for kind in PayloadKind::ALL {
                let made = of(*kind, seed);
                let text = String::from_utf8_lossy(&made);
                let readable = parses(&made);
                match kind {
                    // It may read, but as no number that there is.
                    PayloadKind::Nan => assert!(!readable || text.contains("1e999"), "{text}"),
                    PayloadKind::Deep
                    | PayloadKind::Truncated
                    | PayloadKind::NotJson
                    | PayloadKind::InvalidUtf8
                    | PayloadKind::Empty => assert!(!readable, "{kind:?}: {text}"),
                    // It reads, and which of the two is taken is the reader's choice.
                    PayloadKind::DuplicatedKey => {
                        assert!(readable && text.len() > GOOD.len(), "{text}");
                    }
                    _ => {
                        assert!(readable, "{kind:?}: {text}");
                        assert_ne!(serde_json::from_slice::<Value>(&made).unwrap(), good, "{kind:?}");
                    }
                }
                assert_eq!(made, of(*kind, seed), "by seed");
            }
        }
        assert!(of(PayloadKind::Huge, 1).len() > LONG && of(PayloadKind::Deep, 1).len() > 2 * LEVELS);
    }

    #[test]
    fn what_is_no_json_says_the_same_in_another_notation() {
        let all: std::collections::BTreeSet<String> =
            (0..60).map(|seed| String::from_utf8(of(PayloadKind::NotJson, seed)).unwrap()).collect();
        let wanted = [
            "\u{0}\u{1}\u{2}",
            "---\nid: b-7\nset:\n  target: 21.5\n",
            "<message><id>b-7</id><set><target>21.5</target></set></message>",
            "set target 21.5",
            "target=21.5&id=b-7",
        ];
        assert_eq!(all.iter().map(String::as_str).collect::<Vec<_>>(), wanted);
    }

    proptest! {
        #[test]
        fn what_is_no_json_never_is(from in "\\PC{0,24}|[0-9]{1,3}|\\[[0-9]\\]", seed: u64) {
            let made = bytes(&Content::Made { kind: PayloadKind::NotJson, from, seed }, seed);
            prop_assert!(serde_json::from_slice::<Value>(&made).is_err());
        }

        #[test]
        fn any_text_is_made_wrong(from in "\\PC{0,24}", seed: u64, at in 0..PayloadKind::ALL.len()) {
            let kind = PayloadKind::ALL[at];
            let made = bytes(&Content::Made { kind, from, seed }, seed);
            prop_assert!(made.len() < 128 * 1024);
        }
    }
}
