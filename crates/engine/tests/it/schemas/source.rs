//! JSON Schemas from the wire types as they are written: names, types and attributes of serde, descriptions from the comments.

use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The workspace's root.
pub(super) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[derive(Debug, Default)]
struct Item {
    is_enum: bool,
    about: String,
    serde: String,
    members: Vec<Member>,
}

#[derive(Debug, Default, Clone)]
struct Member {
    name: String,
    kind: String,
    about: String,
    serde: String,
}

/// The types of the wire, and the words of every vocabulary.
pub(super) struct Source {
    items: BTreeMap<String, Item>,
    words: BTreeMap<String, (String, Vec<String>)>,
}

/// What the types do not say: texts with words or a form of their own.
fn refined(owner: &str, field: &str, source: &Source) -> Option<Value> {
    let words = |file: &str, kind: &str| json!({ "type": "string", "enum": source.spellings(file, kind) });
    Some(match (owner, field) {
        ("Request", "patient") => json!({ "type": "string", "pattern": "^(Patient/)?[A-Za-z0-9.-]{1,64}$" }),
        ("OptOutSeen", "scope") => json!({ "type": "string", "pattern": "^(all|purpose:[a-z_]+)$" }),
        ("Answer", "outcome") | ("AnsweredAlternative", "outcome") => words("gate/src/decision.rs", "Outcome"),
        ("Answer" | "AnsweredChange", "waiting_for") => words("gate/src/decision.rs", "WaitingFor"),
        ("AnsweredRefusal" | "AnsweredVerdict", "effect") => words("gate/src/decision.rs", "Effect"),
        ("AnsweredRule" | "AnsweredVerdict", "result") => words("gate/src/decision.rs", "Verdict"),
        ("AnsweredCandidate", "result") => words("gate/src/examine.rs", "Fate"),
        ("AnsweredChoice", "by") => words("gate/src/decision.rs", "Criterion"),
        ("AnsweredChanges", "goal") => words("gate/src/change.rs", "Goal"),
        ("AnsweredChange", "change") => words("gate/src/remedy.rs", "Remedy"),
        ("AnsweredChange", "who") => words("gate/src/remedy.rs", "Who"),
        _ => return None,
    })
}

impl Source {
    /// Reads the types.
    pub(super) fn read() -> Self {
        let mut items = BTreeMap::new();
        let folder = root().join("crates/engine/src/wire");
        let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        for path in paths {
            let text = fs::read_to_string(path).unwrap();
            read_items(text.split("#[cfg(test)]").next().unwrap(), &mut items);
        }
        let vocabulary = fs::read_to_string(root().join("crates/base/src/vocabulary.rs")).unwrap();
        Self { items, words: read_words(&vocabulary) }
    }

    /// The spellings that `as_str` of a type gives.
    fn spellings(&self, file: &str, kind: &str) -> Vec<String> {
        let text = fs::read_to_string(root().join("crates").join(file)).unwrap();
        let (_, body) = text.split_once(&format!("impl {kind} {{")).unwrap();
        let (_, body) = body.split_once("fn as_str(self)").unwrap();
        let body = body.split("\n    }\n").next().unwrap();
        body.lines().filter_map(|line| line.split_once("=> \"")?.1.split('"').next()).map(str::to_owned).collect()
    }

    /// The schema of `root` with everything that it refers to.
    pub(super) fn schema(&self, root: &str, id: &str, title: &str, given: bool) -> Value {
        let mut found = BTreeMap::new();
        let own = self.object(root, given, &mut found);
        let mut schema = Map::new();
        schema.insert("$schema".into(), json!("https://json-schema.org/draft/2020-12/schema"));
        schema.insert("$id".into(), json!(id));
        schema.insert("title".into(), json!(title));
        schema.extend(own.as_object().unwrap().clone());
        schema.insert("$defs".into(), json!(found));
        Value::Object(schema)
    }

    fn object(&self, name: &str, given: bool, found: &mut BTreeMap<String, Value>) -> Value {
        let item = &self.items[name];
        let mut properties = Map::new();
        let mut required = Vec::new();
        let all_default = has(&item.serde, "default");
        for member in &item.members {
            let key = renamed(&member.serde).unwrap_or_else(|| member.name.clone());
            let mut schema = match refined(name, &key, self) {
                Some(schema) if member.kind.starts_with("Option<") && !(given && skips(member)) => nullable(schema),
                Some(schema) => schema,
                None => self.typed(&member.kind, given, given && skips(member), found),
            };
            schema.as_object_mut().unwrap().insert("description".into(), json!(member.about));
            properties.insert(key.clone(), schema);
            let optional = member.kind.starts_with("Option<") || all_default || has(&member.serde, "default");
            if if given { !skips(member) } else { !optional } {
                required.push(key);
            }
        }
        let mut schema = json!({
            "type": "object", "description": item.about, "additionalProperties": false, "required": required,
            "properties": properties,
        });
        if name == "Request" {
            schema["oneOf"] = json!([
                { "type": "object", "required": ["content"], "properties": { "content": { "type": "object" }, "template": { "type": "null" } } },
                { "type": "object", "required": ["template"], "properties": { "template": { "type": "object" }, "content": { "type": "null" } } },
            ]);
        }
        schema
    }

    fn typed(&self, kind: &str, given: bool, skipped: bool, found: &mut BTreeMap<String, Value>) -> Value {
        let kind = kind.trim();
        let inner = |open: &str| kind.strip_prefix(open).and_then(|rest| rest.strip_suffix('>'));
        if let Some(inner) = inner("Option<") {
            let schema = self.typed(inner, given, false, found);
            return if skipped { schema } else { nullable(schema) };
        }
        if let Some(inner) = inner("Vec<") {
            return json!({ "type": "array", "items": self.typed(inner, given, false, found) });
        }
        if let Some(inner) = inner("BTreeMap<") {
            let (key, value) = inner.split_once(", ").unwrap();
            let mut schema =
                json!({ "type": "object", "additionalProperties": self.typed(value, given, false, found) });
            if key != "String" {
                self.typed(key, given, false, found);
                // Written out: readers of OpenAPI take no reference here.
                schema["propertyNames"] = found[key].clone();
            }
            return schema;
        }
        match kind.rsplit("::").next().unwrap() {
            "String" | "PhiText" => json!({ "type": "string" }),
            // Judged later, as a whole, by whoever reads it (a tenant's policy): any value is taken here.
            "Value" => json!({ "type": ["object", "array", "string", "number", "boolean"] }),
            "bool" => json!({ "type": "boolean" }),
            "u32" => json!({ "type": "integer", "minimum": 0, "maximum": u32::MAX }),
            "usize" => json!({ "type": "integer", "minimum": 0 }),
            "Timestamp" => json!({ "type": "string", "format": "date-time" }),
            "Date" => json!({ "type": "string", "format": "date" }),
            "Time" => json!({ "type": "string", "pattern": "^[0-2][0-9]:[0-5][0-9](:[0-5][0-9])?$" }),
            "Records" => json!({
                "type": "object", "required": ["resourceType"],
                "properties": {
                    "resourceType": { "type": "string", "const": "Bundle" },
                    "entry": { "type": ["array", "null"], "items": { "type": "object", "required": ["resource"] } },
                },
            }),
            name => {
                if !found.contains_key(name) {
                    found.insert(name.to_owned(), Value::Null);
                    let schema = self.named(name, given, found);
                    found.insert(name.to_owned(), schema);
                }
                json!({ "$ref": format!("#/$defs/{name}") })
            }
        }
    }

    fn named(&self, name: &str, given: bool, found: &mut BTreeMap<String, Value>) -> Value {
        if let Some((about, words)) = self.words.get(name) {
            return json!({ "type": "string", "description": about, "enum": words });
        }
        let item = self.items.get(name).unwrap_or_else(|| panic!("no type {name} on the wire"));
        if !item.is_enum {
            return self.object(name, given, found);
        }
        let word = |member: &Member| renamed(&member.serde).unwrap_or_else(|| snake(&member.name));
        json!({ "type": "string", "description": item.about, "enum": item.members.iter().map(word).collect::<Vec<_>>() })
    }
}

fn nullable(schema: Value) -> Value {
    json!({ "anyOf": [schema, { "type": "null" }] })
}

fn has(serde: &str, word: &str) -> bool {
    serde.split([',', '(', ')', ' ', '=']).any(|part| part == word)
}

fn skips(member: &Member) -> bool {
    has(&member.serde, "skip_serializing_if")
}

fn renamed(serde: &str) -> Option<String> {
    let (_, rest) = serde.split_once("rename = \"")?;
    rest.split('"').next().map(str::to_owned)
}

fn snake(name: &str) -> String {
    let mut text = String::new();
    for (index, letter) in name.chars().enumerate() {
        if letter.is_uppercase() && index > 0 {
            text.push('_');
        }
        text.extend(letter.to_lowercase());
    }
    text
}

fn comment(line: &str) -> Option<&str> {
    line.trim().strip_prefix("///").map(str::trim)
}

fn read_items(text: &str, items: &mut BTreeMap<String, Item>) {
    let mut about: Vec<&str> = Vec::new();
    let mut serde = String::new();
    let mut open: Option<(String, Item)> = None;
    for line in text.lines() {
        let code = line.trim();
        if let Some(words) = comment(line) {
            about.push(words);
        } else if code.starts_with("#[") {
            if code.starts_with("#[serde") {
                serde.push_str(code);
            }
        } else if let Some((name, item)) = &mut open {
            if line == "}" {
                let (name, item) = (name.clone(), std::mem::take(item));
                items.insert(name, item);
                open = None;
            } else {
                let (name, kind) =
                    code.trim_end_matches(',').split_once(": ").unwrap_or((code.trim_end_matches(','), ""));
                let name = name.trim_start_matches("pub(crate) ").trim_start_matches("pub ").to_owned();
                let member = Member { name, kind: kind.to_owned(), about: about.join(" "), serde: serde.clone() };
                item.members.push(member);
            }
            about.clear();
            serde.clear();
        } else {
            let head = line.strip_prefix("pub struct ").map(|rest| (false, rest));
            let head = head.or_else(|| line.strip_prefix("pub enum ").map(|rest| (true, rest)));
            if let Some((is_enum, name)) = head.and_then(|(is, rest)| Some((is, rest.strip_suffix(" {")?))) {
                let item = Item { is_enum, about: about.join(" "), serde: serde.clone(), members: Vec::new() };
                open = Some((name.to_owned(), item));
            }
            about.clear();
            serde.clear();
        }
    }
}

fn read_words(text: &str) -> BTreeMap<String, (String, Vec<String>)> {
    let mut words = BTreeMap::new();
    for part in text.split("\nvocabulary! {").skip(1) {
        let part = part.split("\n}\n").next().unwrap();
        let about: Vec<&str> = part.lines().take_while(|line| !line.contains(" as \"")).filter_map(comment).collect();
        let name = part.lines().find_map(|line| line.split_once(" as \"")).unwrap().0.trim();
        let list = part.lines().filter_map(|line| line.split_once(" = \"")?.1.split('"').next());
        words.insert(name.to_owned(), (about.join(" "), list.map(str::to_owned).collect()));
    }
    words
}
