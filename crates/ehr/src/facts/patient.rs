//! The Patient, related persons and flags.

use super::points::{begin, end, extension, is_over, points};
use super::{Context, Identity, Own, labels, local, missing, patient_of};
use crate::fhir::date::{self, Calendar, Moment};
use crate::fhir::{self, Body, ExtensionValue, Resource};
use crate::{normal, zones as table};
use jiff::Timestamp;
use postern_base::{PatientId, Phi};
use postern_gate::Fact;
use postern_gate::facts::{Flags, Patient, RelatedPerson, System};
use std::collections::BTreeSet;

const FLAGS: &str = "https://postern.example/fhir/CodeSystem/postern-flag";

/// The patient's own record.
fn found<'a>(own: &[Own<'a>]) -> Option<(Own<'a>, &'a fhir::Patient)> {
    own.iter().find_map(|record| match record.resource.body() {
        Body::Patient(body) => Some((*record, &**body)),
        _ => None,
    })
}

/// Whether a Coverage names somebody else as the one who holds the insurance (`Coverage.subscriber`, `.policyHolder`, or a
/// `relationship` other than `self`): bills and explanations may reach that person (RULES SPC-07).
pub(super) fn insured_by_another(all: &[Resource], patient: &PatientId) -> bool {
    let is_patient = |value: &serde_json::Value| {
        value.get("reference").and_then(serde_json::Value::as_str).and_then(patient_of).as_ref() == Some(patient)
    };
    all.iter().filter(|resource| resource.resource_type() == "Coverage").any(|resource| {
        let about = resource.subjects().into_iter().any(|reference| patient_of(reference).as_ref() == Some(patient));
        if about && resource.unreadable().is_some() {
            // What cannot be understood may name somebody else.
            return true;
        }
        let coverage = resource.document();
        let over = coverage.get("status").and_then(serde_json::Value::as_str).is_some_and(|status| status != "active");
        let own = coverage.get("beneficiary").is_some_and(is_patient) && !over;
        let other = ["subscriber", "policyHolder"].iter().any(|holder| {
            coverage.get(*holder).is_some_and(|value| value.get("reference").is_some() && !is_patient(value))
        });
        let codings = coverage.get("relationship").and_then(|concept| concept.get("coding")?.as_array());
        let mut codes = codings.into_iter().flatten().filter_map(|coding| coding.get("code")?.as_str());
        own && (other || codes.any(|code| code != "self"))
    })
}

pub(super) fn patient(
    own: &[Own<'_>],
    context: &Context<'_>,
    zones: Vec<String>,
    dependent: bool,
) -> (Fact<Patient>, Identity) {
    let Some((record, body)) = found(own) else { return (Fact::Unknown(missing(false)), Identity::default()) };
    let identity = identity(body);
    let (Some(labels), false) = (labels::categories(record.resource.security()), record.unreadable()) else {
        return (Fact::Unknown(missing(true)), identity);
    };
    let current: Vec<&fhir::Address> = body.address.iter().filter(|a| in_use(a, context)).collect();
    let home = current.iter().find(|a| a.use_code.as_deref() == Some("home")).or_else(|| current.first());
    let replaced = body.link_unreadable || body.link.iter().any(|l| l.kind.as_deref() == Some("replaced-by"));
    let patient = Patient {
        id: context.patient.clone(),
        active: body.active.unwrap_or(true) && !body.active_unreadable && !replaced,
        replaced,
        deceased: body.deceased,
        birth_date: birth_date(body).filter(|born| *born <= latest_day(context.now)),
        language: language(body),
        states: states(&current),
        unknown_state: current.iter().any(|address| is_domestic(address) && state_of(address).is_none()),
        country: home.and_then(|a| a.country.as_deref()).map(country),
        zones,
        // No field of FHIR R4 says it: it is asked in the portal.
        wanted_hours: None,
        unknown_clock: unknown_clock(body, context.now),
        points: points(&context.patient.reference(), &body.telecom, context),
        postal: current.iter().filter_map(|a| normal::postal(a)).collect(),
        flags: flags(own, context),
        labels,
        dependent,
        names: identity.names.clone(),
    };
    (Fact::Known(patient), identity)
}

fn in_use(address: &fhir::Address, context: &Context<'_>) -> bool {
    address.use_code.as_deref() != Some("old")
        && !address.period.as_ref().is_some_and(|p| p.unreadable || is_over(p, context))
}

/// Every state that the addresses lie in: whoever lives in two is under the law of both (RULES 0.4, PRI-30).
fn states(addresses: &[&fhir::Address]) -> Vec<String> {
    let domestic = addresses.iter().filter(|address| is_domestic(address));
    let all: BTreeSet<&str> = domestic.filter_map(|address| state_of(address)).collect();
    all.into_iter().map(Into::into).collect()
}

fn is_domestic(address: &fhir::Address) -> bool {
    address.country.as_deref().is_none_or(|written| matches!(&*country(written), "US" | ""))
}

/// The state of an address: as it is written, else that of its ZIP code, which an address of one line ends in.
fn state_of(address: &fhir::Address) -> Option<&'static str> {
    let last = || address.text.as_deref().and_then(|text| text.split_whitespace().next_back());
    let zip = address.postal_code.as_deref().or_else(last);
    address.state.as_deref().and_then(table::state_code).or_else(|| table::state_of_zip(zip?))
}

/// ISO 3166-1 alpha-2 for the United States with their territories, and for Canada; any other country as it is written.
fn country(written: &str) -> String {
    let word: String = written.to_uppercase().chars().filter(|c| !matches!(c, '.' | ' ')).collect();
    match word.as_str() {
        "US"
        | "USA"
        | "UNITEDSTATES"
        | "UNITEDSTATESOFAMERICA"
        | "UNITEDSTATESOFAMERICA(THE)"
        | "AMERICA"
        | "PR"
        | "PRI"
        | "GU"
        | "GUM"
        | "VI"
        | "VIR"
        | "AS"
        | "ASM"
        | "MP"
        | "MNP" => "US".into(),
        "CA" | "CAN" | "CANADA" => "CA".into(),
        _ => word,
    }
}

/// The latest day it is anywhere. Nobody was born after it: such a date is a slip, and the age is not known.
fn latest_day(now: jiff::Timestamp) -> jiff::civil::Date {
    jiff::tz::Offset::constant(14).to_datetime(now).date()
}

fn birth_date(body: &fhir::Patient) -> Option<jiff::civil::Date> {
    match date::parse(body.birth_date.as_deref()?)? {
        Moment::Days(first, after) if first.tomorrow().is_ok_and(|next| next == after) => Some(first),
        _ => None,
    }
}

/// The preferred language, or the only one; BCP 47 as written, ISO 639-2 and names of the built-in ones mapped.
fn language(body: &fhir::Patient) -> Option<String> {
    let preferred = body.communication.iter().find(|c| c.preferred);
    let chosen = preferred.or_else(|| body.communication.first().filter(|_| body.communication.len() == 1))?;
    let concept = chosen.language.as_ref()?;
    let word = concept.coding.iter().find_map(|c| c.code.as_deref()).or(concept.text.as_deref())?;
    Some(match word.to_ascii_lowercase().as_str() {
        "spa" | "spanish" | "español" => "es".into(),
        "eng" | "english" => "en".into(),
        _ => word.to_owned(),
    })
}

fn identity(body: &fhir::Patient) -> Identity {
    let current = |name: &&fhir::HumanName| name.use_code.as_deref() != Some("old");
    let first = body.name.iter().filter(current).find_map(|name| name.given.first());
    let addresses = body
        .telecom
        .iter()
        .filter_map(|point| normal::normalise(super::points::system(point), point.value.as_deref()?));
    Identity {
        first_name: first.cloned().map(Phi::new),
        names: body.name.iter().filter_map(full).map(Phi::new).collect(),
        family_names: body.name.iter().filter_map(|name| name.family.clone()).map(Phi::new).collect(),
        birth_date: birth_date(body).map(Phi::new),
        identifiers: body.identifier.iter().filter_map(|i| i.value.clone()).map(Phi::new).collect(),
        streets: body.address.iter().flat_map(|a| &a.line).cloned().map(Phi::new).collect(),
        points: addresses.collect(),
        related_names: Vec::new(),
    }
}

fn full(name: &fhir::HumanName) -> Option<String> {
    match (name.given.first(), &name.family) {
        (Some(given), Some(family)) => Some(format!("{given} {family}")),
        _ => name.text.clone(),
    }
}

/// What the persons related to the patient are called, where the record says so.
pub(super) fn related_names(own: &[Own<'_>]) -> Vec<(String, Phi<String>)> {
    let named = own.iter().filter_map(|record| match record.resource.body() {
        Body::RelatedPerson(body) => {
            let current = body.name.iter().find(|name| name.use_code.as_deref() != Some("old"));
            Some((record.resource.reference()?, Phi::new(current.and_then(full)?)))
        }
        _ => None,
    });
    named.collect()
}

/// Every zone the patient may be in: addresses, the facilities on the record, area codes, a stated zone (RULES TCP-07).
///
/// An address whose time is over by `now`, in whatever zone, is none of them; without an instant every address counts.
pub(super) fn zones(all: &[Resource], own: &[Own<'_>], patient: &PatientId, now: Option<Timestamp>) -> Vec<String> {
    let mut zones: BTreeSet<String> = BTreeSet::new();
    if let Some((_, body)) = found(own) {
        for address in body.address.iter().filter(|address| !is_past(address, now)) {
            extend(&mut zones, address);
        }
        for point in body.telecom.iter().filter(|p| p.use_code.as_deref() != Some("old")) {
            let number = match super::points::system(point) {
                System::Sms | System::Phone => point.value.as_deref().and_then(normal::phone),
                _ => None,
            };
            zones.extend(number.iter().flat_map(|n| table::of_number(n)).map(|zone| (*zone).to_owned()));
        }
        zones.extend(stated_zone(&body.extension));
        let custodian = body.managing_organization.as_ref().and_then(|r| r.reference.as_deref()).and_then(local);
        for address in places(all, |reference| custodian == Some(reference)) {
            extend(&mut zones, address);
        }
    }
    let visits: Vec<&str> = own.iter().flat_map(|record| visit_places(record.resource, patient)).collect();
    for address in places(all, |reference| visits.contains(&reference)) {
        extend(&mut zones, address);
    }
    zones.into_iter().collect()
}

/// Whether an address is out of use, or its time is over by `now` by every clock of the country.
fn is_past(address: &fhir::Address, now: Option<Timestamp>) -> bool {
    let end = address.period.as_ref().filter(|period| !period.unreadable).and_then(|period| period.end.as_deref());
    let over =
        |end: &str, now: Timestamp| Calendar::new(std::iter::empty()).end(end).is_some_and(|(_, latest)| latest <= now);
    address.use_code.as_deref() == Some("old") || end.zip(now).is_some_and(|(end, now)| over(end, now))
}

fn extend(zones: &mut BTreeSet<String>, address: &fhir::Address) {
    zones.extend(zones_of(address).into_iter().flatten().map(ToOwned::to_owned));
}

/// The zones of an address: of its state, or abroad of its country; `None` = it names a country that the table does not have.
fn zones_of(address: &fhir::Address) -> Option<Vec<&'static str>> {
    match address.country.as_deref().filter(|_| !is_domestic(address)) {
        None => {
            let state = state_of(address);
            Some(state.map(|state| table::of_state(state, address.postal_code.as_deref())).unwrap_or_default())
        }
        Some(abroad) => table::of_country(abroad, address.state.as_deref()),
    }
}

/// Whether an address or a number in use is in a country whose zones nobody here knows, and the record states none.
fn unknown_clock(body: &fhir::Patient, now: Timestamp) -> bool {
    let abroad = |address: &fhir::Address| !is_past(address, Some(now)) && zones_of(address).is_none();
    let dialled = |point: &fhir::ContactPoint| {
        let calls = matches!(super::points::system(point), System::Sms | System::Phone);
        let number = point.value.as_deref().filter(|_| calls).and_then(normal::phone);
        let unknown = |number: String| !number.starts_with("+1") && table::of_number(&number).is_empty();
        point.use_code.as_deref() != Some("old") && number.is_some_and(unknown)
    };
    stated_zone(&body.extension).is_none() && (body.address.iter().any(abroad) || body.telecom.iter().any(dialled))
}

/// A zone stated on the record (HL7 `timezone` extension, or Postern's own), when it is one.
fn stated_zone(extensions: &[fhir::Extension]) -> Option<String> {
    let standard =
        extensions.iter().find(|e| e.url.as_deref() == Some("http://hl7.org/fhir/StructureDefinition/timezone"));
    let value = standard.map(|e| &e.value).or_else(|| extension(extensions, "timezone"))?;
    match value {
        ExtensionValue::Text(name) if jiff::tz::TimeZone::get(name).is_ok() => Some(name.clone()),
        _ => None,
    }
}

/// Locations at which an appointment of the patient takes place.
fn visit_places<'a>(resource: &'a Resource, patient: &PatientId) -> Vec<&'a str> {
    let Body::Appointment(body) = resource.body() else { return Vec::new() };
    let actors: Vec<&str> = body.participant.iter().filter_map(|p| p.actor.as_ref()?.reference.as_deref()).collect();
    if !actors.iter().any(|reference| patient_of(reference).as_ref() == Some(patient)) {
        return Vec::new();
    }
    actors.into_iter().filter_map(local).filter(|reference| reference.starts_with("Location/")).collect()
}

fn places(all: &[Resource], wanted: impl Fn(&str) -> bool) -> Vec<&fhir::Address> {
    let named = all.iter().filter(|r| r.reference().is_some_and(|reference| wanted(&reference)));
    let addresses = named.flat_map(|resource| match resource.body() {
        Body::Organization(body) => body.address.iter().collect(),
        Body::Location(body) => body.address.iter().collect(),
        _ => Vec::new(),
    });
    addresses.collect()
}

pub(super) fn related(own: &[Own<'_>], context: &Context<'_>) -> Vec<RelatedPerson> {
    let persons = own.iter().filter_map(|record| match record.resource.body() {
        Body::RelatedPerson(body) => {
            let reference = record.resource.reference()?;
            let begun = begin(body.period.as_ref(), context).is_none_or(|from| from <= context.now);
            let over = body.period.as_ref().is_some_and(|period| is_over(period, context));
            let readable = !record.unreadable() && !body.active_unreadable && !body.period_unreadable;
            Some(RelatedPerson {
                relationship: body.relationship.iter().flat_map(|c| &c.coding).filter_map(|c| c.code.clone()).collect(),
                active: readable && body.active.unwrap_or(true) && begun && !over,
                until: end(body.period.as_ref(), context),
                points: points(&reference, &body.telecom, context),
                reference,
            })
        }
        _ => None,
    });
    persons.collect()
}

fn flags(own: &[Own<'_>], context: &Context<'_>) -> Flags {
    let mut flags = Flags::default();
    for record in own {
        let Body::Flag(body) = record.resource.body() else { continue };
        // An unknown status or a period that cannot be read keeps a flag flying.
        let off = matches!(body.status.as_deref(), Some("inactive" | "entered-in-error"));
        let over = body.period.as_ref().is_some_and(|period| {
            let end = period.end.as_deref().and_then(|end| context.calendar.end(end));
            !period.unreadable && end.is_some_and(|(_, latest)| latest <= context.now)
        });
        if record.unreadable() || body.code_unreadable {
            flags.unreadable = true;
        }
        if off || over {
            continue;
        }
        for code in body.code.iter().flat_map(|concept| concept.codes(FLAGS)) {
            match code {
                "endangerment" => flags.endangerment = true,
                "no-automated" => flags.no_automated = true,
                "unsafe-device" => flags.unsafe_device = true,
                "deaf" => flags.deaf = true,
                "blind" => flags.blind = true,
                "await-clinician" => flags.await_clinician = true,
                _ => flags.unreadable = true,
            }
        }
    }
    flags
}
