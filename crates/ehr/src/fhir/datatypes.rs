//! The FHIR datatypes Postern reads. Codes stay text: a code nobody has heard of is a fact too.

use super::fields::{Element, Fields, Problem};
use super::quiet_debug;

/// Coding.
#[derive(Clone, Default)]
pub struct Coding {
    /// The code system.
    pub system: Option<String>,
    /// The code.
    pub code: Option<String>,
    /// Its name for people.
    pub display: Option<String>,
}

/// CodeableConcept.
#[derive(Clone, Default)]
pub struct CodeableConcept {
    /// The codings, which mean the same.
    pub coding: Vec<Coding>,
    /// Its name for people.
    pub text: Option<String>,
}

/// Reference.
#[derive(Clone, Default)]
pub struct Reference {
    /// The literal reference.
    pub reference: Option<String>,
}

/// Period: FHIR dateTimes, the end included.
#[derive(Clone, Default)]
pub struct Period {
    /// Start.
    pub start: Option<String>,
    /// End.
    pub end: Option<String>,
    /// A bound is there and could not be read.
    pub unreadable: bool,
}

/// ContactPoint.
#[derive(Clone, Default)]
pub struct ContactPoint {
    /// Element id.
    pub id: Option<String>,
    /// `sms`, `phone`, `email`, ...
    pub system: Option<String>,
    /// The number or address, as written.
    pub value: Option<String>,
    /// `home`, `work`, `temp`, `old`, `mobile`.
    pub use_code: Option<String>,
    /// Preference, 1 = first.
    pub rank: Option<u32>,
    /// When it is or was in use.
    pub period: Option<Period>,
    /// Extensions.
    pub extension: Vec<Extension>,
}

/// Address.
#[derive(Clone, Default)]
pub struct Address {
    /// `home`, `work`, `temp`, `old`, `billing`.
    pub use_code: Option<String>,
    /// The whole as text.
    pub text: Option<String>,
    /// Street lines.
    pub line: Vec<String>,
    /// City.
    pub city: Option<String>,
    /// State, as written.
    pub state: Option<String>,
    /// Postal code.
    pub postal_code: Option<String>,
    /// Country, as written.
    pub country: Option<String>,
    /// When it is or was in use.
    pub period: Option<Period>,
}

/// HumanName.
#[derive(Clone, Default)]
pub struct HumanName {
    /// `official`, `usual`, `nickname`, `old`, ...
    pub use_code: Option<String>,
    /// Family name.
    pub family: Option<String>,
    /// Given names.
    pub given: Vec<String>,
    /// The whole as text.
    pub text: Option<String>,
}

/// Identifier.
#[derive(Clone, Default)]
pub struct Identifier {
    /// The namespace.
    pub system: Option<String>,
    /// The value.
    pub value: Option<String>,
    /// What kind.
    pub kind: Option<CodeableConcept>,
}

/// Extension.
#[derive(Clone, Default)]
pub struct Extension {
    /// Which one.
    pub url: Option<String>,
    /// Its value.
    pub value: ExtensionValue,
    /// Extensions inside it.
    pub extension: Vec<Extension>,
}

/// The value of an extension, as far as Postern reads values.
#[derive(Clone, Default)]
pub enum ExtensionValue {
    /// There is none, or one of a type Postern does not read.
    #[default]
    None,
    /// code, string, uri, dateTime, instant, date, time: all text.
    Text(String),
    /// boolean.
    Boolean(bool),
    /// CodeableConcept; a Coding is read as one with that coding.
    Concept(CodeableConcept),
    /// ContactPoint.
    Point(Box<ContactPoint>),
    /// Address.
    Address(Box<Address>),
    /// Reference.
    Reference(Reference),
}

quiet_debug!(
    Coding,
    CodeableConcept,
    Reference,
    Period,
    ContactPoint,
    Address,
    HumanName,
    Identifier,
    Extension,
    ExtensionValue
);

impl Coding {
    /// Whether the coding is `code` of `system`.
    #[must_use]
    pub fn is(&self, system: &str, code: &str) -> bool {
        self.system.as_deref() == Some(system) && self.code.as_deref() == Some(code)
    }
}

impl CodeableConcept {
    /// The codes of `system`.
    pub fn codes<'a>(&'a self, system: &'a str) -> impl Iterator<Item = &'a str> {
        self.coding.iter().filter(move |c| c.system.as_deref() == Some(system)).filter_map(|c| c.code.as_deref())
    }
}

impl Element for Coding {
    fn read(f: &mut Fields<'_, '_>) -> Self {
        Self { system: f.text("system"), code: f.text("code"), display: f.text("display") }
    }
}

impl Element for CodeableConcept {
    fn read(f: &mut Fields<'_, '_>) -> Self {
        Self { coding: f.many("coding"), text: f.text("text") }
    }
}

impl Element for Reference {
    fn read(f: &mut Fields<'_, '_>) -> Self {
        Self { reference: f.text("reference") }
    }
}

impl Element for Period {
    fn read(f: &mut Fields<'_, '_>) -> Self {
        let (start, end) = (f.text("start"), f.text("end"));
        let lost = (f.has("start") && start.is_none()) || (f.has("end") && end.is_none());
        let mut unreadable = lost || f.has("_start") || f.has("_end");
        for (name, text) in [("start", &start), ("end", &end)] {
            if text.as_deref().is_some_and(|text| super::date::parse(text).is_none()) {
                f.note(name, None, Problem::BadDate);
                unreadable = true;
            }
        }
        Self { start, end, unreadable }
    }
}

impl Element for ContactPoint {
    fn read(f: &mut Fields<'_, '_>) -> Self {
        Self {
            id: f.text("id"),
            system: f.text("system"),
            value: f.text("value"),
            use_code: f.text("use"),
            rank: f.positive("rank"),
            period: f.one("period"),
            extension: f.many("extension"),
        }
    }
}

impl Element for Address {
    fn read(f: &mut Fields<'_, '_>) -> Self {
        Self {
            use_code: f.text("use"),
            text: f.text("text"),
            line: f.texts("line"),
            city: f.text("city"),
            state: f.text("state"),
            postal_code: f.text("postalCode"),
            country: f.text("country"),
            period: f.one("period"),
        }
    }
}

impl Element for HumanName {
    fn read(f: &mut Fields<'_, '_>) -> Self {
        Self { use_code: f.text("use"), family: f.text("family"), given: f.texts("given"), text: f.text("text") }
    }
}

impl Element for Identifier {
    fn read(f: &mut Fields<'_, '_>) -> Self {
        Self { system: f.text("system"), value: f.text("value"), kind: f.one("type") }
    }
}

impl Element for Extension {
    fn read(f: &mut Fields<'_, '_>) -> Self {
        let url = f.text("url");
        let extension = f.many("extension");
        let names: Vec<&str> = f.keys().filter(|key| key.starts_with("value")).collect();
        if url.is_none() || names.len() > 1 || (names.is_empty() && extension.is_empty()) {
            f.note("value[x]", None, Problem::BadExtension);
            return Self { url, value: ExtensionValue::None, extension };
        }
        let value = match names.first().copied() {
            Some("valueBoolean") => f.boolean("valueBoolean").map(ExtensionValue::Boolean),
            Some("valueCodeableConcept") => f.one("valueCodeableConcept").map(ExtensionValue::Concept),
            Some("valueCoding") => f
                .one("valueCoding")
                .map(|coding| ExtensionValue::Concept(CodeableConcept { coding: vec![coding], text: None })),
            Some("valueContactPoint") => f.one("valueContactPoint").map(|p| ExtensionValue::Point(Box::new(p))),
            Some("valueAddress") => f.one("valueAddress").map(|a| ExtensionValue::Address(Box::new(a))),
            Some("valueReference") => f.one("valueReference").map(ExtensionValue::Reference),
            Some(
                name @ ("valueCode" | "valueString" | "valueUri" | "valueUrl" | "valueCanonical" | "valueDateTime"
                | "valueInstant" | "valueDate" | "valueTime"),
            ) => f.text(name).map(ExtensionValue::Text),
            _ => None,
        };
        Self { url, value: value.unwrap_or_default(), extension }
    }
}
