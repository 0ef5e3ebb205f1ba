//! FHIR R4 resources: the document as it came, and a lenient view of what Postern reads in it.

mod consent;
mod datatypes;
pub mod date;
mod fields;
mod persons;
mod records;

pub use consent::{Consent, Provision, ProvisionActor, ProvisionData, VerificationResult};
pub use datatypes::{
    Address, CodeableConcept, Coding, ContactPoint, Extension, ExtensionValue, HumanName, Identifier, Period, Reference,
};
pub use fields::Problem;
pub use persons::{Patient, PatientContact, PatientLink, RelatedPerson};
pub use records::{
    Appointment, Bundle, BundleEntry, DiagnosticReport, Flag, Location, MedicationRequest, Organization, Participant,
    StatusOnly,
};

use crate::json::{self, Limits, Refused};
use fields::{Element, Fields, Path};
use serde_json::{Map, Value};

/// Gives types that hold PHI a `Debug` that prints their name and nothing else (invariant 4).
macro_rules! quiet_debug {
    ($($name:ident),+ $(,)?) => {
        $(impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(stringify!($name))
            }
        })+
    };
}
pub(crate) use quiet_debug;

/// Postern's code systems and extensions begin with this.
pub const POSTERN: &str = "https://postern.example/fhir/";

/// An element that could not be understood, or was repaired. Carries no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// Where, such as `Patient.telecom[2].value`.
    pub path: String,
    /// What was wrong.
    pub problem: Problem,
}

impl std::fmt::Display for Issue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.path, self.problem.as_str())
    }
}

/// Why a whole resource counts as unreadable though it is JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Unreadable {
    /// A `modifierExtension`: it may turn the meaning of anything around, and Postern knows none.
    ModifierExtension,
    /// `implicitRules`: rules of meaning that Postern does not know.
    ImplicitRules,
    /// `meta.security` in no form of FHIR's: what it protects cannot be told.
    Labels,
}

/// The typed view of a resource.
#[derive(Debug, Clone)]
pub enum Body {
    /// Patient.
    Patient(Box<Patient>),
    /// RelatedPerson.
    RelatedPerson(Box<RelatedPerson>),
    /// Consent.
    Consent(Box<Consent>),
    /// VerificationResult.
    VerificationResult(Box<VerificationResult>),
    /// Flag.
    Flag(Flag),
    /// Appointment.
    Appointment(Appointment),
    /// DiagnosticReport.
    DiagnosticReport(DiagnosticReport),
    /// MedicationRequest.
    MedicationRequest(MedicationRequest),
    /// Organization.
    Organization(Organization),
    /// Location.
    Location(Location),
    /// Bundle.
    Bundle(Bundle),
    /// A type Postern does not import; its status can still be read.
    Other(StatusOnly),
}

/// The types that are imported.
pub const READ_TYPES: &[&str] = &[
    "Patient",
    "RelatedPerson",
    "Consent",
    "VerificationResult",
    "Flag",
    "Appointment",
    "DiagnosticReport",
    "MedicationRequest",
    "Coverage",
    "Organization",
    "Location",
];

/// A resource.
#[derive(Clone)]
pub struct Resource {
    document: Map<String, Value>,
    resource_type: String,
    id: Option<String>,
    security: Vec<Coding>,
    last_updated: Option<jiff::Timestamp>,
    body: Body,
    issues: Vec<Issue>,
    unreadable: Option<Unreadable>,
}

impl std::fmt::Debug for Resource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Resource").field("resource_type", &self.resource_type).finish_non_exhaustive()
    }
}

impl Resource {
    /// Reads one resource from JSON text, checked against `limits` first.
    ///
    /// # Errors
    /// Why the text is no resource.
    pub fn from_slice(text: &[u8], limits: &Limits) -> Result<Self, Refused> {
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        json::check(text, limits)?;
        Self::from_value(serde_json::from_slice(text).map_err(|_| Refused::NotJson)?)
    }

    /// Views a parsed document as a resource. Repeated keys are already lost by then: prefer [`Resource::from_slice`].
    ///
    /// # Errors
    /// [`Refused::NotAResource`] without an object with a sound `resourceType`.
    pub fn from_value(value: Value) -> Result<Self, Refused> {
        let Value::Object(document) = value else { return Err(Refused::NotAResource) };
        let resource_type = match document.get("resourceType") {
            Some(Value::String(name)) if is_type_name(name) => name.clone(),
            _ => return Err(Refused::NotAResource),
        };
        let mut issues = Vec::new();
        let mut fields = Fields::new(&document, Path::root(&resource_type), &mut issues);
        let id = fields.text("id");
        let meta: Option<Meta> = fields.one("meta");
        let body = Body::read(&resource_type, &mut fields);
        let unreadable = unreadable(&document);
        let (security, last_updated) = meta.map(|m| (m.security, m.last_updated)).unwrap_or_default();
        Ok(Self { id, security, last_updated, body, issues, unreadable, resource_type, document })
    }

    /// `Patient`, `Consent`, ...
    #[must_use]
    pub fn resource_type(&self) -> &str {
        &self.resource_type
    }

    /// The logical id.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// `Type/id`.
    #[must_use]
    pub fn reference(&self) -> Option<String> {
        self.id.as_ref().map(|id| format!("{}/{id}", self.resource_type))
    }

    /// The security labels of `meta`.
    #[must_use]
    pub fn security(&self) -> &[Coding] {
        &self.security
    }

    /// `meta.lastUpdated`.
    #[must_use]
    pub const fn last_updated(&self) -> Option<jiff::Timestamp> {
        self.last_updated
    }

    /// The typed view.
    #[must_use]
    pub const fn body(&self) -> &Body {
        &self.body
    }

    /// What could not be understood.
    #[must_use]
    pub fn issues(&self) -> &[Issue] {
        &self.issues
    }

    /// Whether the resource as a whole must count as unreadable.
    #[must_use]
    pub const fn unreadable(&self) -> Option<Unreadable> {
        self.unreadable
    }

    /// The document as it came, every unknown element included.
    #[must_use]
    pub const fn document(&self) -> &Map<String, Value> {
        &self.document
    }

    /// References to the patients the resource is about, as written.
    #[must_use]
    pub fn subjects(&self) -> Vec<&str> {
        fn one(reference: Option<&Reference>) -> Vec<&str> {
            reference.and_then(|r| r.reference.as_deref()).into_iter().collect()
        }
        match &self.body {
            Body::Patient(_) | Body::Organization(_) | Body::Location(_) | Body::Bundle(_) => Vec::new(),
            Body::RelatedPerson(body) => one(body.patient.as_ref()),
            Body::Consent(body) => one(body.patient.as_ref()),
            Body::VerificationResult(body) => body.target.iter().filter_map(|r| r.reference.as_deref()).collect(),
            Body::Flag(body) => one(body.subject.as_ref()),
            Body::DiagnosticReport(body) => one(body.subject.as_ref()),
            Body::MedicationRequest(body) => one(body.subject.as_ref()),
            Body::Other(body) => one(body.subject.as_ref()),
            Body::Appointment(body) => {
                let actors = body.participant.iter().filter_map(|p| p.actor.as_ref()?.reference.as_deref());
                actors.filter(|reference| is_patient(reference)).collect()
            }
        }
    }
}

fn is_patient(reference: &str) -> bool {
    reference.starts_with("Patient/") || reference.contains("/Patient/") || reference.starts_with("urn:")
}

/// Type names are ASCII words, so that a report may print them without printing what somebody hid there.
fn is_type_name(name: &str) -> bool {
    (1..=40).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphabetic())
}

/// Looks for what Postern may not ignore, at any depth outside `contained` resources.
fn unreadable(document: &Map<String, Value>) -> Option<Unreadable> {
    if document.get("implicitRules").is_some_and(|rules| !rules.is_null()) {
        return Some(Unreadable::ImplicitRules);
    }
    if !are_labels_read(document) {
        return Some(Unreadable::Labels);
    }
    fn modified(map: &Map<String, Value>) -> bool {
        map.iter().any(|(key, value)| match (key.as_str(), value) {
            ("contained" | "resource", _) => false,
            ("modifierExtension", Value::Null) => false,
            ("modifierExtension", Value::Array(items)) => !items.is_empty(),
            ("modifierExtension", _) => true,
            (_, Value::Object(inner)) => modified(inner),
            (_, Value::Array(items)) => items.iter().any(|item| item.as_object().is_some_and(modified)),
            _ => false,
        })
    }
    modified(document).then_some(Unreadable::ModifierExtension)
}

/// Whether the labels are absent or a list of codings, so that none is passed over.
fn are_labels_read(document: &Map<String, Value>) -> bool {
    match document.get("meta") {
        None | Some(Value::Null) => true,
        Some(Value::Object(meta)) => match meta.get("security") {
            None | Some(Value::Null | Value::Object(_)) => true,
            Some(Value::Array(labels)) => labels.iter().all(|label| label.is_object() || label.is_null()),
            Some(_) => false,
        },
        Some(_) => false,
    }
}

#[derive(Default)]
struct Meta {
    security: Vec<Coding>,
    last_updated: Option<jiff::Timestamp>,
}

impl Element for Meta {
    fn read(f: &mut Fields<'_, '_>) -> Self {
        let last_updated = f.text("lastUpdated").and_then(|text| text.parse().ok());
        Self { security: f.many("security"), last_updated }
    }
}

impl Body {
    fn read(resource_type: &str, f: &mut Fields<'_, '_>) -> Self {
        match resource_type {
            "Patient" => Self::Patient(Box::new(Patient::read(f))),
            "RelatedPerson" => Self::RelatedPerson(Box::new(RelatedPerson::read(f))),
            "Consent" => Self::Consent(Box::new(Consent::read(f))),
            "VerificationResult" => Self::VerificationResult(Box::new(VerificationResult::read(f))),
            "Flag" => Self::Flag(Flag::read(f)),
            "Appointment" => Self::Appointment(Appointment::read(f)),
            "DiagnosticReport" => Self::DiagnosticReport(DiagnosticReport::read(f)),
            "MedicationRequest" => Self::MedicationRequest(MedicationRequest::read(f)),
            "Organization" => Self::Organization(Organization::read(f)),
            "Location" => Self::Location(Location::read(f)),
            "Bundle" => Self::Bundle(Bundle::read(f)),
            _ => Self::Other(StatusOnly::read(f)),
        }
    }
}

#[cfg(test)]
mod tests;
