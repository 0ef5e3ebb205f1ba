//! `docs/schemas` says exactly what the parser takes and what the answer holds. Both are tried on the same documents.

mod source;

use postern_engine::explain;
use postern_engine::wire::{Answer, Case, parse};
use serde_json::{Map, Value, json};
use source::{Source, root};
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

const CASE: &str = "docs/schemas/case.schema.json";
const DECISION: &str = "docs/schemas/decision.schema.json";

fn written() -> [(&'static str, Value); 2] {
    let source = Source::read();
    let of = |name, file: &str, title, given| {
        source.schema(name, &format!("https://postern.example/schemas/{file}"), title, given)
    };
    [
        (CASE, of("Case", "case.schema.json", "A case: everything one decision depends on", false)),
        (DECISION, of("Answer", "decision.schema.json", "A decision, as explain and the API give it", true)),
    ]
}

fn text(schema: &Value) -> String {
    format!("{}\n", serde_json::to_string_pretty(schema).unwrap())
}

fn schema(file: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(root().join(file)).unwrap()).unwrap()
}

#[test]
#[ignore = "writes docs/schemas anew: cargo xtask schemas"]
fn regenerate() {
    for (file, schema) in written() {
        fs::write(root().join(file), text(&schema)).unwrap();
    }
}

#[test]
fn the_schemas_in_the_documents_are_those_of_the_types() {
    for (file, schema) in written() {
        let committed = fs::read_to_string(root().join(file)).unwrap_or_default();
        assert!(committed == text(&schema), "{file} is not what the types say; run `cargo xtask schemas`");
    }
}

/// A validator that is not ours.
struct Validator {
    schemas: boon::Schemas,
    index: boon::SchemaIndex,
}

impl Validator {
    fn of(schema: &Value) -> Self {
        let (mut schemas, mut compiler) = (boon::Schemas::new(), boon::Compiler::new());
        compiler.enable_format_assertions();
        let id = schema["$id"].as_str().unwrap().to_owned();
        compiler.add_resource(&id, schema.clone()).unwrap();
        let index = compiler.compile(&id, &mut schemas).unwrap();
        Self { schemas, index }
    }

    fn complaint(&self, document: &Value) -> Option<String> {
        self.schemas.validate(document, self.index).err().map(|error| format!("{error:#}"))
    }

    fn takes(&self, document: &Value) -> bool {
        self.complaint(document).is_none()
    }
}

fn is_read(document: &Value) -> bool {
    parse::<Case>(document.to_string().as_bytes()).is_ok()
}

fn resolved<'a>(schema: &'a Value, whole: &'a Value) -> &'a Value {
    if let Some(reference) = schema["$ref"].as_str() {
        return resolved(whole.pointer(reference.trim_start_matches('#')).unwrap(), whole);
    }
    match schema["anyOf"].as_array() {
        Some(options) => resolved(&options[0], whole),
        None => schema,
    }
}

/// A document with every field there is.
fn filled(schema: &Value, whole: &Value) -> Value {
    let schema = resolved(schema, whole);
    if let Some(words) = schema["enum"].as_array() {
        return words[0].clone();
    }
    match schema["type"].as_str() {
        Some("object") if schema["properties"]["resourceType"].is_object() => {
            json!({ "resourceType": "Bundle", "entry": [] })
        }
        Some("object") => {
            let fields = schema["properties"].as_object().cloned().unwrap_or_default();
            let mut made: Map<String, Value> = fields.iter().map(|(k, v)| (k.clone(), filled(v, whole))).collect();
            if schema["additionalProperties"].is_object() {
                let key = schema.get("propertyNames").map_or(json!("x"), |names| filled(names, whole));
                made.insert(key.as_str().unwrap().to_owned(), filled(&schema["additionalProperties"], whole));
            }
            Value::Object(made)
        }
        Some("array") => json!([filled(&schema["items"], whole)]),
        Some("boolean") => json!(true),
        Some("integer") => json!(1),
        _ => match (schema["format"].as_str(), schema["pattern"].as_str()) {
            (Some("date-time"), _) => json!("2026-12-01T15:00:00-05:00"),
            (Some("date"), _) => json!("2026-12-01"),
            (_, Some(pattern)) if pattern.contains("Patient") => json!("Patient/p1"),
            (_, Some(pattern)) if pattern.contains("all|") => json!("all"),
            (_, Some(_)) => json!("09:00"),
            _ => json!("text"),
        },
    }
}

/// Every place in `document`, with its schema.
fn places<'a>(at: &str, document: &Value, schema: &'a Value, whole: &'a Value, into: &mut Vec<(String, &'a Value)>) {
    let schema_here = resolved(schema, whole);
    into.push((at.to_owned(), schema));
    match document {
        Value::Object(fields) if schema_here["properties"]["resourceType"].is_null() => {
            for (key, value) in fields {
                let inner = schema_here["properties"].get(key).unwrap_or(&schema_here["additionalProperties"]);
                places(&format!("{at}/{key}"), value, inner, whole, into);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                places(&format!("{at}/{index}"), item, &schema_here["items"], whole, into);
            }
        }
        _ => {}
    }
}

/// A case with every field; the parser takes content and template together, the engine does not.
fn every_field(whole: &Value) -> Value {
    filled(whole, whole)
}

/// The same for the validator, which is told that only one of the two is given.
fn without_one_of(whole: &Value) -> Value {
    let mut open = whole.clone();
    open["$defs"]["Request"].as_object_mut().unwrap().remove("oneOf");
    open
}

#[test]
fn a_document_with_every_field_is_taken_by_both() {
    let whole = without_one_of(&schema(CASE));
    let document = every_field(&whole);
    assert_eq!(Validator::of(&whole).complaint(&document), None);
    parse::<Case>(document.to_string().as_bytes()).unwrap();
}

#[test]
fn a_field_that_is_left_out_or_null_or_unknown_or_of_another_type_is_judged_alike() {
    let whole = without_one_of(&schema(CASE));
    let validator = Validator::of(&whole);
    let document = every_field(&whole);
    let mut found = Vec::new();
    places("", &document, &whole, &whole, &mut found);
    assert!(found.len() > 150, "only {} places", found.len());
    let both = |document: &Value, what: String| {
        let (read, taken) = (is_read(document), validator.takes(document));
        assert_eq!(read, taken, "{what}: the parser says {read}, the schema says {taken}");
        read
    };
    for (at, schema) in &found {
        if at.starts_with("/bundle") {
            continue;
        }
        for other in [json!(null), json!(true), json!(-1), json!(1.5), json!("zzz"), json!([]), json!({}), json!([[]])]
        {
            let mut changed = document.clone();
            *changed.pointer_mut(at).unwrap() = other.clone();
            // Words of free texts and dates are read by rules that a schema does not hold.
            let here = resolved(schema, &whole);
            let free = here["type"] == "string" && here["enum"].is_null();
            if !(free && other == json!("zzz")) {
                both(&changed, format!("{at} = {other}"));
            }
        }
        if let Some((parent, key)) = at.rsplit_once('/') {
            let mut less = document.clone();
            if let Some(fields) = less.pointer_mut(parent).unwrap().as_object_mut() {
                fields.remove(key);
                both(&less, format!("without {at}"));
            }
        }
        let closed = resolved(schema, &whole)["additionalProperties"] == json!(false);
        if let (true, Some(_)) = (closed, document.pointer(at).unwrap().as_object()) {
            let mut more = document.clone();
            more.pointer_mut(at).unwrap()["zzz"] = json!(1);
            assert!(!both(&more, format!("{at}/zzz")));
        }
    }
}

/// The words that an error lists as known or expected.
fn listed(what: &str) -> BTreeSet<String> {
    let list = what.split_once("known: ").map_or(what, |(_, list)| list);
    let list = list.trim_start_matches("expected ").trim_start_matches("one of ").replace(" or ", ", ");
    list.split(", ").map(|word| word.trim().trim_matches('`').to_owned()).collect()
}

#[test]
fn the_parser_knows_no_field_and_no_word_that_the_schema_does_not() {
    let whole = without_one_of(&schema(CASE));
    let document = every_field(&whole);
    let mut found = Vec::new();
    places("", &document, &whole, &whole, &mut found);
    for (at, schema) in found {
        let here = resolved(schema, &whole);
        let mut changed = document.clone();
        let place = changed.pointer_mut(&at).unwrap();
        let expected: BTreeSet<String> = if here["additionalProperties"] == json!(false) {
            place["zzz"] = json!(1);
            here["properties"].as_object().unwrap().keys().cloned().collect()
        } else if let Some(words) = here["enum"].as_array() {
            *place = json!("zzz");
            words.iter().map(|word| word.as_str().unwrap().to_owned()).collect()
        } else {
            continue;
        };
        let error = parse::<Case>(changed.to_string().as_bytes()).unwrap_err();
        assert_eq!(listed(&error.what), expected, "{at}: {error}");
    }
}

#[test]
fn a_decision_with_every_field_is_read_and_written_as_it_was() {
    let whole = schema(DECISION);
    let document = filled(&whole, &whole);
    assert_eq!(Validator::of(&whole).complaint(&document), None);
    let answer: Answer = serde_json::from_value(document.clone()).unwrap();
    let mut again = serde_json::to_value(&answer).unwrap();
    normalise(&mut again);
    let mut before = document;
    normalise(&mut before);
    assert_eq!(again, before);
}

/// One spelling for instants.
fn normalise(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Ok(instant) = text.parse::<jiff::Timestamp>() {
                *text = instant.to_string();
            }
        }
        Value::Array(items) => items.iter_mut().for_each(normalise),
        Value::Object(fields) => fields.values_mut().for_each(normalise),
        _ => {}
    }
}

/// Every case file beside these tests.
fn cases() -> Vec<PathBuf> {
    let mut folders = vec![root().join("crates/engine/tests/cases")];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(folder) else { continue };
        for entry in entries.map(|entry| entry.unwrap().path()) {
            let name = entry.file_name().unwrap().to_string_lossy().into_owned();
            if entry.is_dir() {
                folders.push(entry);
            } else if name.ends_with(".json") && !name.ends_with(".expect.json") {
                found.push(entry);
            }
        }
    }
    found.sort();
    found
}

#[test]
fn every_case_and_every_answer_to_one_is_as_the_schemas_say() {
    let (case, decision) = (Validator::of(&schema(CASE)), Validator::of(&schema(DECISION)));
    let mut documents: Vec<(String, Value)> = crate::explain::samples();
    for path in cases() {
        let text = fs::read_to_string(&path).unwrap();
        documents.push((path.display().to_string(), serde_json::from_str(&text).unwrap()));
    }
    for (name, document) in documents {
        let Ok(answer) = explain(document.to_string().as_bytes()) else { continue };
        assert_eq!(case.complaint(&document), None, "{name}");
        assert_eq!(decision.complaint(&serde_json::to_value(&answer).unwrap()), None, "{name}");
    }
}
