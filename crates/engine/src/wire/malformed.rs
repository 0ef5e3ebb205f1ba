//! Why a document was not understood, without repeating any value of it.

use super::objects::Objects;
use serde::de::DeserializeOwned;

/// A document that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{field}`: {what}")]
pub struct WireError {
    /// The field, as a path such as `request.content.level`; `.` is the document itself.
    pub field: String,
    /// What is wrong with it, or what was expected. Never a value.
    pub what: String,
}

impl WireError {
    /// An error at `field`.
    #[must_use]
    pub fn new(field: impl Into<String>, what: impl Into<String>) -> Self {
        Self { field: field.into(), what: what.into() }
    }

    /// The same error, one level further out.
    #[must_use]
    pub fn within(mut self, parent: &str) -> Self {
        self.field = if self.field == "." { parent.to_owned() } else { format!("{parent}.{}", self.field) };
        self
    }
}

/// Reads one JSON document.
///
/// # Errors
/// [`WireError`], naming the first field that is not as it should be.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, WireError> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        explain(&path, error.inner())
    })?;
    deserializer
        .end()
        .map_err(|error| WireError::new(".", format!("more text after the document, {}", position(&error))))?;
    // Most documents hold no array at all; one that does is read again with arrays where they belong.
    if bytes.contains(&b'[') {
        objects_only::<T>(bytes)?;
    }
    Ok(value)
}

fn objects_only<T: DeserializeOwned>(bytes: &[u8]) -> Result<(), WireError> {
    let document: serde_json::Value = serde_json::from_slice(bytes).map_err(|error| explain(".", &error))?;
    serde_path_to_error::deserialize::<_, T>(Objects(&document))
        .map(drop)
        .map_err(|error| explain(&error.path().to_string(), error.inner()))
}

fn explain(path: &str, error: &serde_json::Error) -> WireError {
    let place = if path.is_empty() || path == "?" { "." } else { path };
    if !error.is_data() {
        return WireError::new(place_of(place), format!("not valid JSON, {}", position(error)));
    }
    let message = error.to_string();
    if let Some(name) = between(&message, "missing field `") {
        return WireError::new(join(place, name), "this field is required");
    }
    if let Some(name) = between(&message, "unknown field `") {
        let name = if is_plain(name) { name } else { "(unprintable)" };
        let known = message.rsplit_once(", expected ").map_or("", |(_, rest)| without_position(rest));
        let what = if known.is_empty() {
            "this field is not known".to_owned()
        } else {
            format!("this field is not known; known: {}", known.trim_start_matches("one of "))
        };
        return WireError::new(field_of_unknown(place, name), what);
    }
    if let Some(name) = between(&message, "duplicate field `") {
        return WireError::new(join(place, name), "this field is given twice");
    }
    // The vocabulary's own errors hold the words it knows and no value.
    if message.starts_with("not a ") || message.starts_with("expected ") || message.starts_with("a tenant id ") {
        return WireError::new(place_of(place), without_position(&message));
    }
    if ["failed to parse", "failed to find", "required range"].iter().any(|said| message.contains(said)) {
        return WireError::new(place_of(place), INSTANT);
    }
    let what = message.rsplit_once(", expected ").map_or_else(
        || "not a value this field takes".to_owned(),
        |(_, rest)| format!("expected {}", in_plain_words(without_position(rest))),
    );
    WireError::new(place_of(place), what)
}

/// What is said of a time or a day that cannot be read: its own words may repeat it.
const INSTANT: &str = "expected an instant with its offset, such as 2026-12-01T15:00:00-05:00, or, where a day is asked for, one such as 2026-12-01";

/// What serde expected, without the names of Rust's types.
fn in_plain_words(expected: &str) -> &str {
    match expected.split(' ').next().unwrap_or_default() {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number, not negative",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        "struct" | "map" => "an object",
        "tuple" | "sequence" => "a list",
        "enum" | "variant" => "one of the words this field takes",
        _ if expected == "a map" => "an object",
        _ if expected == "a sequence" => "a list",
        _ => expected,
    }
}

fn position(error: &serde_json::Error) -> String {
    format!("line {} column {}", error.line(), error.column())
}

fn without_position(text: &str) -> &str {
    text.rsplit_once(" at line ").map_or(text, |(head, _)| head)
}

fn between<'a>(text: &'a str, open: &str) -> Option<&'a str> {
    let (_, rest) = text.strip_prefix(open).map(|rest| ("", rest))?;
    rest.split_once('`').map(|(name, _)| name)
}

fn is_plain(name: &str) -> bool {
    (1..=40).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

fn place_of(path: &str) -> String {
    path.split('.')
        .map(|part| if is_plain(part.split('[').next().unwrap_or(part)) || part.starts_with('[') { part } else { "?" })
        .collect::<Vec<_>>()
        .join(".")
        .replace("?.?", ".")
}

fn join(place: &str, name: &str) -> String {
    if place == "." { name.to_owned() } else { format!("{}.{name}", place_of(place)) }
}

/// The path of an unknown field may or may not already end in it.
fn field_of_unknown(place: &str, name: &str) -> String {
    let place = place_of(place);
    if place == name || place.ends_with(&format!(".{name}")) { place } else { join(&place, name) }
}
