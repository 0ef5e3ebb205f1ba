//! The other resources: events, flags, places, bundles.

use super::datatypes::{Address, CodeableConcept, Extension, Period, Reference};
use super::fields::{Element, Fields};
use super::quiet_debug;

/// Appointment.
#[derive(Clone, Default)]
pub struct Appointment {
    /// `booked`, `cancelled`, ...
    pub status: Option<String>,
    /// When it begins.
    pub start: Option<String>,
    /// `start` is there and is no text.
    pub start_unreadable: bool,
    /// Who takes part.
    pub participant: Vec<Participant>,
}

/// Appointment.participant.
#[derive(Clone, Default)]
pub struct Participant {
    /// Who.
    pub actor: Option<Reference>,
    /// `accepted`, `declined`, `tentative`, `needs-action`.
    pub status: Option<String>,
}

/// DiagnosticReport.
#[derive(Clone, Default)]
pub struct DiagnosticReport {
    /// `final`, `amended`, `preliminary`, ...
    pub status: Option<String>,
    /// Whose.
    pub subject: Option<Reference>,
    /// When it was made available.
    pub issued: Option<String>,
    /// What time it is about.
    pub effective: Option<String>,
    /// What its test is.
    pub code: Option<CodeableConcept>,
    /// The sections it is filed under.
    pub category: Vec<CodeableConcept>,
    /// What it concludes, in words.
    pub conclusion: Option<String>,
    /// What it concludes, in codes.
    pub conclusion_code: Vec<CodeableConcept>,
    /// Extensions.
    pub extension: Vec<Extension>,
}

/// MedicationRequest.
#[derive(Clone, Default)]
pub struct MedicationRequest {
    /// `active`, `stopped`, ...
    pub status: Option<String>,
    /// Whose.
    pub subject: Option<Reference>,
    /// When it was written.
    pub authored_on: Option<String>,
}

/// Any other resource: what most have in common.
#[derive(Clone, Default)]
pub struct StatusOnly {
    /// The status.
    pub status: Option<String>,
    /// Whose (`subject`, `patient` or, of a Coverage, `beneficiary`).
    pub subject: Option<Reference>,
}

/// Flag.
#[derive(Clone, Default)]
pub struct Flag {
    /// `active`, `inactive`, `entered-in-error`.
    pub status: Option<String>,
    /// What it says.
    pub code: Option<CodeableConcept>,
    /// `code` is there and part of it could not be read.
    pub code_unreadable: bool,
    /// Whose.
    pub subject: Option<Reference>,
    /// When it is in force.
    pub period: Option<Period>,
}

/// Organization.
#[derive(Clone, Default)]
pub struct Organization {
    /// Its name.
    pub name: Option<String>,
    /// Its addresses.
    pub address: Vec<Address>,
}

/// Location.
#[derive(Clone, Default)]
pub struct Location {
    /// Its name.
    pub name: Option<String>,
    /// Its address.
    pub address: Option<Address>,
}

/// Bundle: what it is; [`crate::read`] takes it apart.
#[derive(Clone, Default)]
pub struct Bundle {
    /// `collection`, `transaction`, `searchset`, ...
    pub kind: Option<String>,
}

/// Bundle.entry, without its resource.
#[derive(Clone, Default)]
pub struct BundleEntry {
    /// The absolute URL of the resource.
    pub full_url: Option<String>,
    /// `match`, `include`, `outcome`.
    pub search_mode: Option<String>,
    /// `GET`, `PUT`, `POST`, `DELETE`, ...
    pub method: Option<String>,
    /// The URL of the request.
    pub request_url: Option<String>,
}

quiet_debug!(
    Appointment,
    Participant,
    DiagnosticReport,
    MedicationRequest,
    StatusOnly,
    Flag,
    Organization,
    Location,
    Bundle,
    BundleEntry
);

impl Element for Appointment {
    fn read(f: &mut Fields<'_, '_>) -> Self {
        let start = f.text("start");
        let start_unreadable = start.is_none() && (f.has("start") || f.has("_start"));
        Self { status: f.text("status"), start, start_unreadable, participant: f.many("participant") }
    }
}

impl Element for Participant {
    fn read(f: &mut Fields<'_, '_>) -> Self {
        Self { actor: f.one("actor"), status: f.text("status") }
    }
}

impl Element for DiagnosticReport {
    fn read(f: &mut Fields<'_, '_>) -> Self {
        Self {
            status: f.text("status"),
            subject: f.one("subject"),
            issued: f.text("issued"),
            effective: f.text("effectiveDateTime"),
            code: f.one("code"),
            category: f.many("category"),
            conclusion: f.text("conclusion"),
            conclusion_code: f.many("conclusionCode"),
            extension: f.many("extension"),
        }
    }
}

impl Element for MedicationRequest {
    fn read(f: &mut Fields<'_, '_>) -> Self {
        Self { status: f.text("status"), subject: f.one("subject"), authored_on: f.text("authoredOn") }
    }
}

impl Element for StatusOnly {
    fn read(f: &mut Fields<'_, '_>) -> Self {
        // Elements of unknown types may have any shape: a status that is no text, or a list of subjects, is no issue here.
        let mut ignored = Vec::new();
        f.quietly(&mut ignored, |f| Self {
            status: f.text("status"),
            subject: f.one("subject").or_else(|| f.one("patient")).or_else(|| f.one("beneficiary")),
        })
    }
}

impl Element for Flag {
    fn read(f: &mut Fields<'_, '_>) -> Self {
        let before = f.issue_count();
        let code = f.one("code");
        Self {
            code_unreadable: f.issue_count() > before,
            code,
            status: f.text("status"),
            subject: f.one("subject"),
            period: f.one("period"),
        }
    }
}

impl Element for Organization {
    fn read(f: &mut Fields<'_, '_>) -> Self {
        Self { name: f.text("name"), address: f.many("address") }
    }
}

impl Element for Location {
    fn read(f: &mut Fields<'_, '_>) -> Self {
        Self { name: f.text("name"), address: f.one("address") }
    }
}

impl Element for Bundle {
    fn read(f: &mut Fields<'_, '_>) -> Self {
        Self { kind: f.text("type") }
    }
}

#[derive(Default)]
struct Search {
    mode: Option<String>,
}

impl Element for Search {
    fn read(f: &mut Fields<'_, '_>) -> Self {
        Self { mode: f.text("mode") }
    }
}

#[derive(Default)]
struct Call {
    method: Option<String>,
    url: Option<String>,
}

impl Element for Call {
    fn read(f: &mut Fields<'_, '_>) -> Self {
        Self { method: f.text("method"), url: f.text("url") }
    }
}

impl Element for BundleEntry {
    fn read(f: &mut Fields<'_, '_>) -> Self {
        let search: Search = f.one("search").unwrap_or_default();
        let call: Call = f.one("request").unwrap_or_default();
        Self { full_url: f.text("fullUrl"), search_mode: search.mode, method: call.method, request_url: call.url }
    }
}
