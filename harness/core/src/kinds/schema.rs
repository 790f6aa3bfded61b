//! JSON schema (draft 2020-12) of the files that people write, so that editors complete and check them.
//!
//! It is a little wider than the language: where a scenario may say `$name`, any text is let through.

use super::{example_of, short_form, tables, words_of};
use crate::board_file::Board;
use crate::language::{Record, Rule, Shape};
use crate::rig_file::RigFile;
use crate::scenario::Scenario;
use serde_json::{Map, Value, json};

/// Which file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemaOf {
    /// A scenario.
    Scenario,
    /// A board file.
    Board,
    /// A rig file.
    Rig,
}

/// The schema of a file.
pub fn schema(of: SchemaOf) -> Value {
    let (title, record) = match of {
        SchemaOf::Scenario => ("brownout scenario", Scenario::RECORD),
        SchemaOf::Board => ("brownout board file", Board::RECORD),
        SchemaOf::Rig => ("brownout rig file", RigFile::RECORD),
    };
    let mut root = object(record);
    let mut definitions = Map::new();
    match of {
        SchemaOf::Rig => {
            let driver = json!({"type": ["object", "string"], "maxProperties": 1, "minProperties": 1});
            definitions.insert("drivers".to_owned(), driver);
        }
        SchemaOf::Scenario | SchemaOf::Board => {
            let of_boards = of == SchemaOf::Board;
            for table in tables().into_iter().filter(|table| (table.name == "sources") == of_boards) {
                let kinds = table.kinds.iter().map(|kind| {
                    let words = kind.record().map(|record| words_of(record.doc)).unwrap_or_default();
                    let mut inner = of_shape(&kind.shape);
                    describe(&mut inner, &words);
                    (kind.word.to_owned(), inner)
                });
                let mut properties: Map<_, _> = kinds.collect();
                let mut most = 1;
                // The other fields of such a source stand beside its word, not behind it.
                for (word, record) in table.kinds.iter().filter_map(|kind| Some((kind.word, kind.record()?)))
                {
                    if of_boards && record.fields.iter().any(|field| field.name == word) {
                        most = most.max(record.fields.len());
                        if let Value::Object(fields) = &object(record)["properties"] {
                            properties.extend(fields.clone());
                        }
                    }
                }
                definitions.insert(
                    definition(table.name),
                    json!({
                        "type": "object",
                        "description": words_of(table.doc),
                        "properties": properties,
                        "additionalProperties": false,
                        "minProperties": 1,
                        "maxProperties": most,
                    }),
                );
            }
        }
    }
    if let Value::Object(root) = &mut root {
        root.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
        root.insert("title".to_owned(), json!(title));
        root.insert("$defs".to_owned(), Value::Object(definitions));
    }
    root
}

fn definition(table: &str) -> String {
    table.replace(' ', "_")
}

fn describe(schema: &mut Value, words: &str) {
    if let (Value::Object(schema), false) = (schema, words.is_empty()) {
        schema.insert("description".to_owned(), json!(words));
    }
}

fn object(record: &'static Record) -> Value {
    let properties: Map<_, _> = record
        .fields
        .iter()
        .map(|field| {
            let mut inner = of_shape(&(field.shape)());
            describe(&mut inner, &words_of(field.doc));
            if let (Value::Object(inner), Some(Rule::NotEmpty)) = (&mut inner, field.rule) {
                let bound = match inner.get("type").and_then(Value::as_str) {
                    Some("array") => "minItems",
                    Some("object") => "minProperties",
                    _ => "minLength",
                };
                inner.insert(bound.to_owned(), json!(1));
            }
            if let (Value::Object(inner), Some(default)) = (&mut inner, field.default) {
                let default = default();
                let value = serde_json::from_str(&default).unwrap_or_else(|_| json!(default));
                inner.insert("default".to_owned(), value);
            }
            (field.name.to_owned(), inner)
        })
        .collect();
    let required: Vec<_> =
        record.fields.iter().filter(|field| !field.optional).map(|field| field.name).collect();
    let mut object = json!({
        "type": "object",
        "description": words_of(record.doc),
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    });
    if let (Value::Object(object), Some(example)) = (&mut object, example_of(record.doc)) {
        object.insert("examples".to_owned(), json!([example]));
    }
    object
}

fn of_shape(shape: &Shape) -> Value {
    match shape {
        Shape::Scalar(what, example) => {
            json!({"type": ["string", "number", "boolean"], "description": what, "examples": [example]})
        }
        Shape::Whole => {
            json!({"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": r"\$"}]})
        }
        Shape::Word(["true", "false"]) => {
            json!({"anyOf": [{"type": "boolean"}, {"type": "string", "pattern": r"\$"}]})
        }
        Shape::Word(words) => json!({"anyOf": [{"enum": words}, {"type": "string", "pattern": r"\$"}]}),
        Shape::List(inner) => json!({"type": "array", "items": of_shape(inner)}),
        Shape::Names(inner) => json!({"type": "object", "additionalProperties": of_shape(inner)}),
        Shape::Kind(table) => json!({"$ref": format!("#/$defs/{}", definition(table))}),
        Shape::Either(first, second) => json!({"anyOf": [of_shape(first), of_shape(second)]}),
        Shape::Record(record) => {
            let mut forms = vec![object(record)];
            // A list or mapping is never the short form; see `Fields::of`.
            if let Some(first) = short_form(record) {
                match (first.shape)() {
                    Shape::List(_) | Shape::Names(_) | Shape::Record(_) | Shape::Kind(_) => {}
                    scalar => forms.push(of_shape(&scalar)),
                }
            }
            if record.fields.iter().all(|field| field.optional) {
                forms.push(json!({"type": "null"}));
            }
            match forms.len() {
                1 => forms.remove(0),
                _ => json!({"anyOf": forms}),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every `$ref` of a schema.
    fn references(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(map) => {
                if let Some(Value::String(reference)) = map.get("$ref") {
                    found.push(reference.clone());
                }
                map.values().for_each(|inner| references(inner, found));
            }
            Value::Array(items) => items.iter().for_each(|inner| references(inner, found)),
            _ => {}
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        for of in [SchemaOf::Scenario, SchemaOf::Board, SchemaOf::Rig] {
            let schema = schema(of);
            let mut found = Vec::new();
            references(&schema, &mut found);
            assert!(!found.is_empty());
            for reference in found {
                assert!(schema.pointer(&reference[1..]).is_some(), "{of:?}: {reference}");
            }
        }
    }

    #[test]
    fn what_belongs_to_a_source_stands_beside_it() {
        let schema = schema(SchemaOf::Board);
        let sources = &schema["$defs"]["sources"];
        assert!(
            sources["properties"]["sequence"].is_object() && sources["properties"]["mqtt"]["anyOf"].is_null()
        );
        assert_eq!(sources["maxProperties"], json!(2));
    }

    #[test]
    fn a_scenario_has_its_tables() {
        let schema = schema(SchemaOf::Scenario);
        assert!(schema.pointer("/$defs/steps/properties/power_cut").is_some());
        assert_eq!(schema.pointer("/properties/expect/minItems"), Some(&json!(1)));
        assert_eq!(schema["required"], json!(["scenario", "expect"]));
    }
}
