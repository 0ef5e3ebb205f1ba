//! A patient's resources as the gate's facts (CASES, "Facts in the bundle").
//!
//! The rule of this module: what is missing or cannot be understood becomes Unknown, Unreadable or a denial, never leave.

mod consents;
mod events;
mod labels;
mod patient;
mod points;
mod verifications;

pub use events::event;
pub(crate) use points::system;

use crate::fhir::date::Calendar;
use crate::fhir::{Body, Resource};
use crate::normal;
use jiff::Timestamp;
use jiff::civil::Date;
use postern_base::{PatientId, Phi};
use postern_gate::facts::{Address, Consent, ContactPoint, Patient, RelatedPerson};
use postern_gate::reference::SHARERS_MOST;
use postern_gate::{Fact, Missing};
use std::collections::{BTreeSet, HashMap};
use verifications::Verifications;

/// What a patient's resources say.
#[derive(Debug, Clone)]
pub struct PatientRecord {
    /// The patient.
    pub patient: Fact<Patient>,
    /// Every Consent of the patient.
    pub consents: Fact<Vec<Consent>>,
    /// The persons related to the patient.
    pub related: Vec<RelatedPerson>,
    /// Who the patient is: for addressing them, and for finding their identifiers in text.
    pub identity: Identity,
}

/// Who the patient is.
#[derive(Debug, Clone, Default)]
pub struct Identity {
    /// First given name of the name in use.
    pub first_name: Option<Phi<String>>,
    /// Every full name on the record, `Given Family`.
    pub names: Vec<Phi<String>>,
    /// Family names alone.
    pub family_names: Vec<Phi<String>>,
    /// Date of birth, when it is known to the day.
    pub birth_date: Option<Phi<Date>>,
    /// Values of `Patient.identifier`: MRN, plan and account numbers.
    pub identifiers: Vec<Phi<String>>,
    /// Street lines of every address.
    pub streets: Vec<Phi<String>>,
    /// Numbers and e-mail addresses, normalised.
    pub points: Vec<Address>,
    /// The persons related to the patient, each by reference with their name.
    pub related_names: Vec<(String, Phi<String>)>,
}

/// Reads everything about `patient` out of `resources`, which may hold other patients' records too. `now` decides what has
/// expired.
#[must_use]
pub fn record(resources: &[Resource], patient: &PatientId, now: Timestamp) -> PatientRecord {
    let own = own_resources(resources, patient);
    let zones = patient::zones(resources, &own, patient, Some(now));
    let calendar = Calendar::new(zones.iter().map(String::as_str));
    let context = Context { patient, now, calendar, verifications: Verifications::of(&own) };
    let (patient_fact, mut identity) =
        patient::patient(&own, &context, zones, patient::insured_by_another(resources, patient));
    identity.related_names = patient::related_names(&own);
    let consents = consents::consents(&own, resources, &context);
    let patient_fact = patient_fact.map(|mut known| {
        for address in consents::alternative_addresses(&own, &consents) {
            if !known.postal.contains(&address) {
                known.postal.push(address);
            }
        }
        for point in &mut known.points {
            let others = sharers(resources, patient, point);
            point.crowded = u32::try_from(others.len()).is_ok_and(|others| others > SHARERS_MOST);
            point.closed_by_another = !point.crowded && closed_by_one_of(&others, resources, point, now);
            point.of_another = is_of_another(&own, point);
        }
        known
    });
    PatientRecord {
        patient: patient_fact,
        consents: Fact::Known(consents),
        related: patient::related(&own, &context),
        identity,
    }
}

/// Whether the record gives a contact point as a related person's too, or as that of somebody to call about the patient.
fn is_of_another(own: &[Own<'_>], point: &ContactPoint) -> bool {
    // What only the mailbox's own server may tell apart is one mailbox to whoever reads it.
    let is_it = |written: &crate::fhir::ContactPoint| {
        value(written).is_some_and(|value| value.reveal().eq_ignore_ascii_case(point.value.reveal()))
    };
    own.iter().any(|record| match record.resource.body() {
        Body::RelatedPerson(body) => body.telecom.iter().any(is_it),
        Body::Patient(body) => body.contact.iter().flat_map(|contact| &contact.telecom).any(is_it),
        _ => false,
    })
}

/// A contact point as it is compared; `None` = it is none.
fn value(written: &crate::fhir::ContactPoint) -> Option<Address> {
    normal::normalise(system(written), written.value.as_deref()?)
}

/// Other patients who use a contact point: those whom the record names as sharing it, and those whose own record has it. Each is asked
/// once, and of more than may be asked none is.
fn sharers(resources: &[Resource], patient: &PatientId, point: &ContactPoint) -> BTreeSet<PatientId> {
    let named = point.shared_with.iter().filter(|reference| reference.starts_with("Patient/"));
    // Large letters in a mailbox name nobody else (RFC 5321 section 2.4).
    let is_it = |value: Address| value.reveal().eq_ignore_ascii_case(point.value.reveal());
    let have = resources.iter().filter_map(|resource| match resource.body() {
        Body::Patient(body) if body.telecom.iter().filter_map(value).any(is_it) => resource.id(),
        _ => None,
    });
    let all = named.map(String::as_str).chain(have).filter_map(|other| other.parse().ok());
    all.filter(|other| other != patient).collect()
}

/// Whether one of `others` asked not to be reached at a contact point (45 CFR 164.522(b)).
fn closed_by_one_of(
    others: &BTreeSet<PatientId>,
    resources: &[Resource],
    point: &ContactPoint,
    now: Timestamp,
) -> bool {
    others.iter().any(|other| {
        let own = own_resources(resources, other);
        let zones = patient::zones(resources, &own, other, Some(now));
        let calendar = Calendar::new(zones.iter().map(String::as_str));
        let context = Context { patient: other, now, calendar, verifications: Verifications::of(&own) };
        let consents = consents::consents(&own, &[], &context);
        postern_gate::closes(&consents, point.system, &point.value, now)
    })
}

/// What reading one patient's records needs at every step.
struct Context<'a> {
    patient: &'a PatientId,
    now: Timestamp,
    calendar: Calendar,
    verifications: Verifications<'a>,
}

/// A resource of the patient, and whether another of the same id contradicts it.
#[derive(Clone, Copy)]
struct Own<'a> {
    resource: &'a Resource,
    contradicted: bool,
}

impl Own<'_> {
    /// It must count as unreadable, whatever it says.
    fn unreadable(&self) -> bool {
        self.contradicted || self.resource.unreadable().is_some()
    }
}

/// The resources about the patient, one for each id: the newest by `meta.lastUpdated`, or, when two of one id differ and
/// neither is known to be newer, one that is marked as contradicted.
fn own_resources<'a>(resources: &'a [Resource], patient: &PatientId) -> Vec<Own<'a>> {
    let mut kept: Vec<Own<'a>> = Vec::new();
    let mut by_id: HashMap<String, usize> = HashMap::new();
    let related: Vec<String> = resources
        .iter()
        .filter(|r| matches!(r.body(), Body::RelatedPerson(_)) && is_about(r, patient))
        .filter_map(Resource::reference)
        .collect();
    let verifies_related = |resource: &Resource| {
        matches!(resource.body(), Body::VerificationResult(_))
            && resource.subjects().iter().any(|r| local(r).is_some_and(|l| related.iter().any(|known| known == l)))
    };
    for resource in resources.iter().filter(|r| is_about(r, patient) || verifies_related(r) || warns_of_nobody(r)) {
        let Some(reference) = resource.reference() else {
            kept.push(Own { resource, contradicted: false });
            continue;
        };
        let Some(earlier) = by_id.get(&reference).and_then(|index| kept.get_mut(*index)) else {
            by_id.insert(reference, kept.len());
            kept.push(Own { resource, contradicted: false });
            continue;
        };
        if earlier.resource.document() == resource.document() {
            continue;
        }
        match (earlier.resource.last_updated(), resource.last_updated()) {
            (Some(old), Some(new)) if old < new => *earlier = Own { resource, contradicted: false },
            (Some(old), Some(new)) if old > new => {}
            _ => earlier.contradicted = true,
        }
    }
    kept
}

/// A flag that names nobody by reference, among a patient's records: whom it protects cannot be seen, so it protects whoever is asked about.
fn warns_of_nobody(resource: &Resource) -> bool {
    matches!(resource.body(), Body::Flag(_)) && resource.subjects().iter().all(|subject| local(subject).is_none())
}

fn is_about(resource: &Resource, patient: &PatientId) -> bool {
    if let Body::Patient(_) = resource.body() {
        return resource.id() == Some(patient.as_str());
    }
    resource.subjects().iter().any(|reference| is_reference_to(reference, patient))
}

/// Whether a literal reference names the patient: relative, absolute or to a version.
fn is_reference_to(reference: &str, patient: &PatientId) -> bool {
    patient_of(reference).as_ref() == Some(patient)
}

/// The patient a literal reference names, if it names one.
#[must_use]
pub fn patient_of(reference: &str) -> Option<PatientId> {
    local(reference).filter(|local| local.starts_with("Patient/"))?.parse().ok()
}

/// `Type/id` of a literal reference: without the server before it and the version after it.
pub(crate) fn local(reference: &str) -> Option<&str> {
    let whole = reference.split_once("/_history/").map_or(reference, |(before, _)| before);
    let mut slashes = whole.rmatch_indices('/').map(|(at, _)| at);
    slashes.next()?;
    let tail = slashes.next().map_or(Some(whole), |at| whole.get(at + 1..))?;
    (!tail.contains(['?', '#', ':'])).then_some(tail)
}

/// The reason a record that should be there is not known.
fn missing(found: bool) -> Missing {
    if found { Missing::Unreadable } else { Missing::NotRecorded }
}

#[cfg(test)]
mod tests;
