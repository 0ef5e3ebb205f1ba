//! The event a request is about.

use super::points::coded;
use super::{labels, local, missing, own_resources, patient_of};
use crate::fhir::date::Calendar;
use crate::fhir::{Body, CodeableConcept, DiagnosticReport, ExtensionValue, Resource};
use jiff::Timestamp;
use postern_base::PatientId;
use postern_gate::facts::{ClinicianHold, Event, EventStatus, ResultClass};
use postern_gate::{Fact, Missing, result_kinds};

const LOINC: &str = "http://loinc.org";
const SECTIONS: &str = "http://terminology.hl7.org/CodeSystem/v2-0074";

/// The event `reference` (`Appointment/a1`) of `patient`. Unknown when it is not there, is somebody else's, or cannot be
/// understood.
#[must_use]
pub fn event(resources: &[Resource], reference: &str, patient: &PatientId) -> Fact<Event> {
    let Some(wanted) = local(reference) else { return Fact::Unknown(Missing::Unreadable) };
    let own = own_resources(resources, patient);
    let Some(record) = own.iter().find(|record| record.resource.reference().as_deref() == Some(wanted)) else {
        let elsewhere = resources.iter().any(|r| r.reference().as_deref() == Some(wanted));
        return Fact::Unknown(missing(elsewhere));
    };
    if record.unreadable() {
        return Fact::Unknown(Missing::Unreadable);
    }
    let zones = super::patient::zones(resources, &own, patient, None);
    let calendar = Calendar::new(zones.iter().map(String::as_str));
    read(record.resource, wanted, patient, &calendar).map_or(Fact::Unknown(Missing::Unreadable), Fact::Known)
}

fn read(resource: &Resource, reference: &str, patient: &PatientId, calendar: &Calendar) -> Option<Event> {
    let labels = labels::categories(resource.security())?;
    let begin = |text: Option<&String>| text.and_then(|text| calendar.begin(text)).map(|(earliest, _)| earliest);
    let mut event = Event { labels, ..Event::new(reference.to_owned(), EventStatus::Unknown, None) };
    match resource.body() {
        Body::Appointment(body) => {
            let declined = body.participant.iter().any(|p| {
                let actor = p.actor.as_ref().and_then(|a| a.reference.as_deref()).and_then(patient_of);
                actor.as_ref() == Some(patient) && p.status.as_deref() == Some("declined")
            });
            event.status = if declined { EventStatus::Cancelled } else { appointment_status(body.status.as_deref()) };
            event.at = begin(body.start.as_ref());
            // Whether it is over cannot be told from a time that cannot be read.
            if event.at.is_none() && (body.start.is_some() || body.start_unreadable) {
                return None;
            }
        }
        Body::DiagnosticReport(body) => {
            event.status = report_status(body.status.as_deref());
            event.at = begin(body.issued.as_ref()).or_else(|| begin(body.effective.as_ref()));
            event.result_class = match coded(&body.extension, "result-class", |code| match code {
                "malignancy" => Some(ResultClass::Malignancy),
                "genetic" => Some(ResultClass::Genetic),
                "hiv" => Some(ResultClass::Hiv),
                "hepatitis" => Some(ResultClass::Hepatitis),
                "drug_test" => Some(ResultClass::DrugTest),
                "other" => Some(ResultClass::Other),
                _ => None,
            }) {
                Fact::Known(class) => Some(class),
                Fact::Unknown(Missing::NotRecorded) => None,
                Fact::Unknown(_) => return None,
            };
            (event.told_classes, event.tested_classes) = classes(body);
            event.clinician_release = release(&body.extension, calendar);
            event.hold = hold(&body.extension, calendar);
        }
        Body::MedicationRequest(body) => {
            event.status = order_status(body.status.as_deref());
            event.at = begin(body.authored_on.as_ref());
        }
        Body::Other(body) => event.status = order_status(body.status.as_deref()),
        _ => return None,
    }
    Some(event)
}

/// The kinds of result that a report tells, and the kinds of test it is of.
fn classes(body: &DiagnosticReport) -> (Vec<ResultClass>, Vec<ResultClass>) {
    let words = |concept: &CodeableConcept| {
        let displays = concept.coding.iter().filter_map(|coding| coding.display.clone());
        displays.chain(concept.text.clone()).collect::<Vec<_>>()
    };
    let names: Vec<String> = body.code.iter().flat_map(words).collect();
    let conclusions: Vec<String> =
        body.conclusion.iter().cloned().chain(body.conclusion_code.iter().flat_map(words)).collect();
    let (names, conclusions): (Vec<&str>, Vec<&str>) =
        (names.iter().map(String::as_str).collect(), conclusions.iter().map(String::as_str).collect());
    let report = result_kinds::Report {
        loinc: &body.code.iter().flat_map(|code| code.codes(LOINC)).collect::<Vec<_>>(),
        sections: &body.category.iter().flat_map(|category| category.codes(SECTIONS)).collect::<Vec<_>>(),
        names: &names,
        conclusions: &conclusions,
    };
    (result_kinds::told_by(report), result_kinds::tested(report))
}

/// A release counts from its latest possible instant; one that cannot be read is none.
fn release(extensions: &[crate::fhir::Extension], calendar: &Calendar) -> Option<Timestamp> {
    match super::points::extension(extensions, "clinician-release")? {
        ExtensionValue::Text(text) => calendar.begin(text).map(|(_, latest)| latest),
        _ => None,
    }
}

/// A clinician's hold (45 CFR 171.201): who, why and until when, each an extension of its own. A hold with any part missing is
/// still a hold that somebody meant; the gate asks a person about it.
fn hold(extensions: &[crate::fhir::Extension], calendar: &Calendar) -> Option<ClinicianHold> {
    let part = |name| super::points::extension(extensions, name);
    let (by, reason, until) = (part("hold-by"), part("hold-reason"), part("hold-until"));
    if by.is_none() && reason.is_none() && until.is_none() {
        return None;
    }
    Some(ClinicianHold {
        named: match by {
            Some(ExtensionValue::Reference(reference)) => {
                reference.reference.as_deref().and_then(local).is_some_and(|r| r.starts_with("Practitioner"))
            }
            Some(ExtensionValue::Text(name)) => !name.trim().is_empty(),
            _ => false,
        },
        physical_harm: matches!(reason, Some(ExtensionValue::Text(code)) if code == "physical-harm"),
        until: match until {
            Some(ExtensionValue::Text(text)) => calendar.begin(text).map(|(_, latest)| latest),
            _ => None,
        },
    })
}

fn appointment_status(status: Option<&str>) -> EventStatus {
    match status {
        Some("booked" | "pending") => EventStatus::Active,
        // Nobody has given the patient that time yet.
        Some("proposed" | "waitlist") => EventStatus::Pending,
        Some("cancelled") => EventStatus::Cancelled,
        Some("entered-in-error") => EventStatus::InError,
        // Who is there needs no reminder.
        Some("fulfilled" | "noshow" | "arrived" | "checked-in") => EventStatus::Past,
        _ => EventStatus::Unknown,
    }
}

/// A result that is not final yet is not the event a result message is about.
fn report_status(status: Option<&str>) -> EventStatus {
    match status {
        Some("final" | "amended" | "corrected" | "appended") => EventStatus::Active,
        Some("registered" | "partial" | "preliminary") => EventStatus::Pending,
        Some("cancelled") => EventStatus::Cancelled,
        Some("entered-in-error") => EventStatus::InError,
        _ => EventStatus::Unknown,
    }
}

/// Where orders, invoices, visits and tasks stand: the words of the status codes of FHIR R4.
fn order_status(status: Option<&str>) -> EventStatus {
    match status {
        Some(
            "active" | "issued" | "in-progress" | "planned" | "balanced" | "final" | "arrived" | "triaged" | "onleave"
            | "requested" | "received" | "accepted" | "ready" | "preparation" | "available" | "billed" | "billable",
        ) => EventStatus::Active,
        Some("entered-in-error") => EventStatus::InError,
        Some("draft" | "on-hold" | "registered") => EventStatus::Pending,
        Some(
            "cancelled" | "stopped" | "revoked" | "rejected" | "declined" | "failed" | "not-done" | "aborted"
            | "nullified" | "not-billable" | "inactive",
        ) => EventStatus::Cancelled,
        Some("completed" | "finished" | "ended" | "amended" | "corrected" | "appended") => EventStatus::Past,
        _ => EventStatus::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_visit_that_is_not_booked_or_has_begun_nobody_is_reminded() {
        for (status, found) in [
            ("booked", EventStatus::Active),
            ("pending", EventStatus::Active),
            ("proposed", EventStatus::Pending),
            ("waitlist", EventStatus::Pending),
            ("arrived", EventStatus::Past),
            ("checked-in", EventStatus::Past),
            ("noshow", EventStatus::Past),
            ("postponed", EventStatus::Unknown),
        ] {
            assert_eq!(appointment_status(Some(status)), found, "{status}");
        }
    }
}
