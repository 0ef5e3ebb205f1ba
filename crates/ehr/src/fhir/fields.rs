//! Reading elements out of a JSON object, noting what could not be understood instead of failing.

use super::Issue;
use serde_json::{Map, Value};

/// What was wrong with an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Problem {
    /// One value where FHIR wants an array. It was read.
    ScalarForArray,
    /// An array where FHIR wants one value. It was read when it held exactly one.
    ArrayForScalar,
    /// Text where a number belongs, a number where an object belongs, and so on. It was dropped.
    WrongType,
    /// `null`, an empty array, empty text or an empty object, which FHIR does not allow. It was taken as absent.
    Empty,
    /// Not a FHIR date, dateTime or instant. It was dropped.
    BadDate,
    /// A code of a vocabulary that Postern must understand and does not.
    UnknownCode,
    /// A contact point that is no number or e-mail address. It was dropped.
    BadAddress,
    /// A reference that leads nowhere Postern can follow.
    BadReference,
    /// An extension with no value, or with several.
    BadExtension,
}

impl Problem {
    /// One clause for a report.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ScalarForArray => "one value where an array belongs; read",
            Self::ArrayForScalar => "an array where one value belongs",
            Self::WrongType => "a value of the wrong type; dropped",
            Self::Empty => "empty or null; taken as absent",
            Self::BadDate => "not a FHIR date; dropped",
            Self::UnknownCode => "a code Postern does not know",
            Self::BadAddress => "not a phone number or e-mail address; dropped",
            Self::BadReference => "a reference that cannot be followed",
            Self::BadExtension => "an extension without exactly one value",
        }
    }
}

/// Where an element stands, such as `Patient.telecom[2].value`. Built as text only when there is something to report.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Path<'p> {
    parent: Option<&'p Path<'p>>,
    name: &'p str,
    index: Option<usize>,
}

impl<'p> Path<'p> {
    pub(crate) const fn root(name: &'p str) -> Self {
        Self { parent: None, name, index: None }
    }

    fn child<'c>(&'c self, name: &'c str, index: Option<usize>) -> Path<'c> {
        Path { parent: Some(self), name, index }
    }

    fn text(&self) -> String {
        let mut text = self.parent.map(|parent| parent.text() + ".").unwrap_or_default();
        text.push_str(self.name);
        if let Some(index) = self.index {
            text.push_str(&format!("[{index}]"));
        }
        text
    }
}

/// An object that can be read out of [`Fields`].
pub(crate) trait Element: Sized {
    fn read(fields: &mut Fields<'_, '_>) -> Self;
}

/// One JSON object, being read.
pub(crate) struct Fields<'a, 'i> {
    map: &'a Map<String, Value>,
    at: Path<'a>,
    issues: &'i mut Vec<Issue>,
}

impl<'a, 'i> Fields<'a, 'i> {
    pub(crate) const fn new(map: &'a Map<String, Value>, at: Path<'a>, issues: &'i mut Vec<Issue>) -> Self {
        Self { map, at, issues }
    }

    /// How many issues there are so far.
    pub(crate) const fn issue_count(&self) -> usize {
        self.issues.len()
    }

    pub(crate) fn note(&mut self, name: &str, index: Option<usize>, problem: Problem) {
        let path = self.at.child(name, index).text();
        self.issues.push(Issue { path, problem });
    }

    /// Reads with another list of issues.
    pub(crate) fn quietly<T>(&self, issues: &mut Vec<Issue>, read: impl FnOnce(&mut Fields<'_, '_>) -> T) -> T {
        read(&mut Fields { map: self.map, at: self.at, issues })
    }

    /// Every key of the object.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.map.keys().map(String::as_str)
    }

    /// Whether the element is there at all, whatever it holds.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.map.contains_key(name)
    }

    /// The value, when there is one; `null` and empty values are noted.
    fn value(&mut self, name: &str) -> Option<&'a Value> {
        let value = self.map.get(name)?;
        let empty = match value {
            Value::Null => true,
            Value::Array(items) => items.is_empty(),
            Value::Object(members) => members.is_empty(),
            Value::String(text) => text.trim().is_empty(),
            _ => false,
        };
        if empty {
            self.note(name, None, Problem::Empty);
            return None;
        }
        Some(value)
    }

    fn single(&mut self, name: &str) -> Option<&'a Value> {
        let value = self.value(name)?;
        let Value::Array(items) = value else { return Some(value) };
        self.note(name, None, Problem::ArrayForScalar);
        items.first().filter(|_| items.len() == 1)
    }

    pub(crate) fn text(&mut self, name: &str) -> Option<String> {
        let value = self.single(name)?;
        if let Value::String(text) = value {
            return Some(text.trim().to_owned());
        }
        self.note(name, None, Problem::WrongType);
        None
    }

    pub(crate) fn boolean(&mut self, name: &str) -> Option<bool> {
        let value = self.single(name)?;
        if value.as_bool().is_none() {
            self.note(name, None, Problem::WrongType);
        }
        value.as_bool()
    }

    pub(crate) fn positive(&mut self, name: &str) -> Option<u32> {
        let value = self.single(name)?;
        let number = value.as_u64().and_then(|n| u32::try_from(n).ok()).filter(|n| *n > 0);
        if number.is_none() {
            self.note(name, None, Problem::WrongType);
        }
        number
    }

    /// Texts of a repeating primitive. `null` stands for "see the extension beside it" there, and is no issue.
    pub(crate) fn texts(&mut self, name: &str) -> Vec<String> {
        let Some(value) = self.value(name) else { return Vec::new() };
        let items = match value {
            Value::Array(items) => items.iter().collect(),
            one => {
                self.note(name, None, Problem::ScalarForArray);
                vec![one]
            }
        };
        let mut texts = Vec::with_capacity(items.len());
        for (index, item) in items.into_iter().enumerate() {
            match item {
                Value::String(text) if !text.trim().is_empty() => texts.push(text.trim().to_owned()),
                Value::Null => {}
                _ => self.note(name, Some(index), Problem::WrongType),
            }
        }
        texts
    }

    pub(crate) fn one<T: Element>(&mut self, name: &str) -> Option<T> {
        let value = self.single(name)?;
        let Value::Object(map) = value else {
            self.note(name, None, Problem::WrongType);
            return None;
        };
        let at = self.at.child(name, None);
        Some(T::read(&mut Fields { map, at, issues: self.issues }))
    }

    pub(crate) fn many<T: Element>(&mut self, name: &str) -> Vec<T> {
        let Some(value) = self.value(name) else { return Vec::new() };
        let items = match value {
            Value::Array(items) => items.iter().collect(),
            one => {
                self.note(name, None, Problem::ScalarForArray);
                vec![one]
            }
        };
        let mut read = Vec::with_capacity(items.len());
        for (index, item) in items.into_iter().enumerate() {
            match item {
                Value::Object(map) if !map.is_empty() => {
                    let at = self.at.child(name, Some(index));
                    read.push(T::read(&mut Fields { map, at, issues: self.issues }));
                }
                Value::Null | Value::Object(_) => self.note(name, Some(index), Problem::Empty),
                _ => self.note(name, Some(index), Problem::WrongType),
            }
        }
        read
    }
}
