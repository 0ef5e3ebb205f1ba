//! Templates as TOML files.

use super::{DataClass, Slot, Template, Text};
use crate::wire::WireError;
use postern_base::{Channel, Form, Language, Purpose};
use serde::Deserialize;

/// The largest template file, in bytes.
pub(crate) const BYTES_MAX: usize = 64 * 1024;
/// The longest value a slot may ask for, in characters.
const CHARS_MAX: usize = 4_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    about: String,
    purposes: Vec<Purpose>,
    #[serde(default)]
    sender: Option<String>,
    #[serde(default)]
    slot: Vec<SlotRow>,
    text: Vec<TextRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SlotRow {
    name: String,
    class: String,
    #[serde(default)]
    max: Option<usize>,
    #[serde(default)]
    required: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TextRow {
    language: Language,
    form: Form,
    #[serde(default)]
    channels: Vec<Channel>,
    #[serde(default)]
    subject: Option<String>,
    body: String,
}

/// Whether `name` can name a template or slot: `a-z`, `0-9` and `_`, 1 to 40 characters, beginning with a letter.
pub(crate) fn is_name(name: &str) -> bool {
    name.len() <= 40
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

impl Template {
    /// Reads a template file; `version` is the version it gets. What it says is not judged here: see [`super::check()`].
    ///
    /// # Errors
    /// [`WireError`]: the key or line that was not understood, and what was expected.
    pub fn parse(source: &str, version: u32) -> Result<Self, WireError> {
        if source.len() > BYTES_MAX {
            return Err(WireError::new("template", format!("at most {BYTES_MAX} bytes")));
        }
        let deserializer = toml::Deserializer::parse(source).map_err(|error| not_toml(source, &error))?;
        let file: File = serde_path_to_error::deserialize(deserializer).map_err(|error| {
            let key = error.path().to_string();
            let what = error.inner().message().to_owned();
            if key == "." { WireError::new(line(source, error.inner()), what) } else { WireError::new(key, what) }
        })?;
        file.into_template(version)
    }
}

fn not_toml(source: &str, error: &toml::de::Error) -> WireError {
    WireError::new(line(source, error), format!("not TOML: {}", error.message()))
}

fn line(source: &str, error: &toml::de::Error) -> String {
    let Some(span) = error.span() else { return "the file".to_owned() };
    let before = source.as_bytes().get(..span.start).unwrap_or_default();
    format!("line {}", before.iter().filter(|byte| **byte == b'\n').count().saturating_add(1))
}

impl File {
    fn into_template(self, version: u32) -> Result<Template, WireError> {
        let named = |field: String, name: &str| {
            let what = "expected a-z, 0-9 and _, at most 40 characters, beginning with a letter";
            if is_name(name) { Ok(()) } else { Err(WireError::new(field, what)) }
        };
        named("name".to_owned(), &self.name)?;
        let mut slots = Vec::with_capacity(self.slot.len());
        for (at, row) in self.slot.into_iter().enumerate() {
            named(format!("slot[{at}].name"), &row.name)?;
            slots.push(row.into_slot(at)?);
        }
        let mut texts = Vec::with_capacity(self.text.len());
        for row in self.text {
            let one = |channel| Text {
                language: row.language,
                form: row.form,
                channel,
                subject: row.subject.clone(),
                body: row.body.clone(),
            };
            if row.channels.is_empty() {
                texts.push(one(None));
            }
            texts.extend(row.channels.iter().map(|channel| one(Some(*channel))));
        }
        let Self { name, about, purposes, sender, .. } = self;
        Ok(Template { name, version, about, purposes, sender, slots, texts })
    }
}

impl SlotRow {
    fn into_slot(self, at: usize) -> Result<Slot, WireError> {
        let class: DataClass = self.class.parse().map_err(|()| {
            let known: Vec<&str> = DataClass::ALL.iter().map(|class| class.as_str()).collect();
            WireError::new(format!("slot[{at}].class"), format!("not a data class; known: {}", known.join(", ")))
        })?;
        let chars_max = self.max.unwrap_or_else(|| class.chars_max());
        if !(1..=CHARS_MAX).contains(&chars_max) {
            return Err(WireError::new(format!("slot[{at}].max"), format!("expected 1 to {CHARS_MAX}")));
        }
        Ok(Slot { name: self.name, class, chars_max, required: self.required })
    }
}
