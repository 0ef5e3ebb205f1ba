//! The FHIR resources of the made-up clinic.

use super::clinic::{DemoPatient, Situation};
use jiff::ToSpan as _;
use jiff::civil::Date;
use serde_json::{Value, json};

const EXTENSION: &str = "https://postern.example/fhir/StructureDefinition";
const CONSENT: &str = "https://postern.example/fhir/CodeSystem/postern-consent";
const FLAG: &str = "https://postern.example/fhir/CodeSystem/postern-flag";
const POINT: &str = "http://hl7.org/fhir/contact-point-system";
const REASON: &str = "http://terminology.hl7.org/CodeSystem/v3-ActReason";
const ACT: &str = "http://terminology.hl7.org/CodeSystem/v3-ActCode";

/// The organisation and its site.
pub(super) fn clinic() -> Vec<Value> {
    vec![
        json!({ "resourceType": "Organization", "id": "sunrise", "active": true, "name": "Sunrise Health" }),
        json!({
            "resourceType": "Location", "id": "main", "status": "active", "name": "Main Street",
            "address": { "line": ["1 Main Street"], "city": "New York", "state": "NY", "postalCode": "10001", "country": "US" },
            "managingOrganization": { "reference": "Organization/sunrise" },
        }),
    ]
}

/// Everything about one patient.
pub(super) fn of(patient: &DemoPatient, today: Date) -> Vec<Value> {
    let mut all = vec![person(patient, today), visit(patient, today)];
    if patient.number <= 10
        || matches!(patient.situation, Situation::Part2 | Situation::Confidential | Situation::NoTls)
    {
        all.push(report(patient, today));
    }
    if patient.situation != Situation::Unverified {
        all.extend(points(patient).into_iter().map(|(system, value)| verified(patient, system, &value, today)));
    }
    match patient.situation {
        Situation::OptedOut => all.push(consent(patient, "sms", &patient.phone(), "deny", today)),
        Situation::NoConsent => {}
        _ => all.extend(
            points(patient).into_iter().map(|(system, value)| consent(patient, system, &value, "permit", today)),
        ),
    }
    if patient.situation == Situation::Confidential {
        all.push(one_address_only(patient, today));
    }
    if patient.situation == Situation::UnsafeDevice {
        all.push(json!({
            "resourceType": "Flag", "id": format!("flag-{}", patient.id()), "status": "active",
            "code": { "coding": [{ "system": FLAG, "code": "unsafe-device" }] }, "subject": subject(patient),
        }));
    }
    all
}

fn subject(patient: &DemoPatient) -> Value {
    json!({ "reference": format!("Patient/{}", patient.id()) })
}

fn reference(patient: u32) -> String {
    format!("Patient/p{patient:02}")
}

/// The contact points that this patient has.
fn points(patient: &DemoPatient) -> Vec<(&'static str, String)> {
    match patient.situation {
        Situation::MailOnly | Situation::NoTls => vec![("email", patient.mail())],
        Situation::CallsOnly => vec![("phone", patient.phone())],
        _ => vec![("sms", patient.phone()), ("email", patient.mail())],
    }
}

fn person(patient: &DemoPatient, today: Date) -> Value {
    let (given, family) = patient.name();
    let telecom: Vec<Value> = points(patient).iter().enumerate().map(|(i, (s, v))| point(patient, i, s, v)).collect();
    let language = if patient.spanish { "es" } else { "en" };
    let (city, state, code) = if patient.situation == Situation::Pacific {
        ("San Francisco", "CA", "94103")
    } else {
        ("New York", "NY", "10001")
    };
    let mut person = json!({
        "resourceType": "Patient", "id": patient.id(), "active": true,
        "name": [{ "use": "official", "family": family, "given": [given] }],
        "birthDate": patient.born(today).to_string(), "telecom": telecom,
        "address": [{ "use": "home", "line": [format!("{} Elm Street", patient.number)], "city": city, "state": state,
                      "postalCode": code, "country": "US" }],
        "communication": [{ "language": { "coding": [{ "system": "urn:ietf:bcp:47", "code": language }] }, "preferred": true }],
        "managingOrganization": { "reference": "Organization/sunrise" },
    });
    let special = match patient.situation {
        Situation::Deceased => Some(("deceasedBoolean", json!(true))),
        // For one of the two the whole record is of the programme, for the other only the report.
        Situation::Part2 if patient.number == 38 => {
            Some(("meta", json!({ "security": [{ "system": ACT, "code": "42CFRPart2" }] })))
        }
        _ => None,
    };
    if let (Some((field, value)), Some(person)) = (special, person.as_object_mut()) {
        person.insert(field.into(), value);
    }
    person
}

fn point(patient: &DemoPatient, index: usize, system: &str, value: &str) -> Value {
    let source = if patient.situation == Situation::NoConsent { "staff" } else { "patient" };
    let mut extension = vec![json!({ "url": format!("{EXTENSION}/contact-source"), "valueCode": source })];
    if system == "email" {
        extension.push(json!({ "url": format!("{EXTENSION}/mailbox-kind"), "valueCode": "personal" }));
    } else {
        extension.push(json!({ "url": format!("{EXTENSION}/line-type"), "valueCode": "mobile" }));
        if patient.situation == Situation::SharedPhone {
            let other = if patient.number == 34 { 35 } else { 34 };
            extension.push(json!({
                "url": format!("{EXTENSION}/shared-with"), "valueReference": { "reference": reference(other) },
            }));
        }
    }
    let kind = if system == "email" { "home" } else { "mobile" };
    json!({
        "id": format!("t{index}"), "system": system, "value": value, "use": kind, "rank": index.saturating_add(1),
        "extension": extension,
    })
}

fn visit(patient: &DemoPatient, today: Date) -> Value {
    let status = if patient.situation == Situation::CancelledVisit { "cancelled" } else { "booked" };
    let day = today.saturating_add(2.days());
    json!({
        "resourceType": "Appointment", "id": format!("visit-{}", patient.id()), "status": status,
        "start": super::clock::local(day, jiff::civil::Time::constant(0, 0, 0, 0))
            .saturating_add(jiff::SignedDuration::from_hours(i64::from(patient.hour())))
            .map_or_else(|_| day.to_string(), |at| at.to_string()),
        "participant": [
            { "actor": subject(patient), "status": "accepted" },
            { "actor": { "reference": "Location/main" }, "status": "accepted" },
        ],
    })
}

fn report(patient: &DemoPatient, today: Date) -> Value {
    let labels = if patient.situation == Situation::Part2 {
        json!({ "security": [{ "system": ACT, "code": "42CFRPart2" }] })
    } else {
        json!({})
    };
    json!({
        "resourceType": "DiagnosticReport", "id": format!("report-{}", patient.id()), "meta": labels, "status": "final",
        "code": { "coding": [{ "system": "http://loinc.org", "code": "4548-4", "display": "Hemoglobin A1c" }] },
        "subject": subject(patient), "issued": format!("{today}T12:00:00Z"),
        "extension": [{ "url": format!("{EXTENSION}/result-class"), "valueCode": "other" }],
    })
}

fn verified(patient: &DemoPatient, system: &str, value: &str, today: Date) -> Value {
    let on = today.saturating_sub(60.days());
    json!({
        "resourceType": "VerificationResult", "id": format!("verified-{}-{system}", patient.id()),
        "target": [subject(patient)],
        "targetLocation": [format!("Patient.telecom.where(system='{system}' and value='{value}')")],
        "status": "validated", "statusDate": format!("{on}T15:00:00Z"), "lastPerformed": format!("{on}T15:00:00Z"),
        "nextScheduled": today.saturating_add(300.days()).to_string(),
        "validationProcess": [{ "text": "one-time code round trip" }],
    })
}

/// The bones of a Consent of `kind`.
fn consent_of(patient: &DemoPatient, id: &str, kind: &str, policy: &str, today: Date, provision: Value) -> Value {
    let given = today.saturating_sub(200.days());
    json!({
        "resourceType": "Consent", "id": format!("{id}-{}", patient.id()), "status": "active",
        "scope": { "coding": [{
            "system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy",
        }] },
        "category": [
            { "coding": [{ "system": "http://loinc.org", "code": "59284-0" }] },
            { "coding": [{ "system": CONSENT, "code": kind }] },
        ],
        "patient": subject(patient), "dateTime": format!("{given}T15:00:00Z"),
        "organization": [{ "reference": "Organization/sunrise" }],
        "policyRule": { "coding": [{ "system": ACT, "code": policy }] },
        "provision": provision,
    })
}

/// For a number or address, and nothing else.
fn at(system: &str, value: &str) -> Value {
    json!([
        { "url": format!("{EXTENSION}/contact-channel"),
          "valueCodeableConcept": { "coding": [{ "system": POINT, "code": system }] } },
        { "url": format!("{EXTENSION}/contact-point"), "valueContactPoint": { "system": system, "value": value } },
    ])
}

fn consent(patient: &DemoPatient, system: &str, value: &str, kind: &str, today: Date) -> Value {
    let policy = if kind == "permit" { "OPTIN" } else { "OPTOUT" };
    let mut provision = json!({ "type": kind, "extension": at(system, value) });
    if kind == "permit"
        && let Some(provision) = provision.as_object_mut()
    {
        let purposes: Vec<Value> = ["TREAT", "PATADMIN", "CAREMGT", "HPAYMT"]
            .iter()
            .map(|code| json!({ "system": REASON, "code": code }))
            .collect();
        provision.insert("purpose".into(), json!(purposes));
    }
    consent_of(patient, &format!("consent-{system}"), "contact-consent", policy, today, provision)
}

/// 45 CFR 164.522(b): everything is denied but one address.
fn one_address_only(patient: &DemoPatient, today: Date) -> Value {
    // One of them may be texted, the other asked for mail.
    let (system, value) = if patient.number == 31 { ("sms", patient.phone()) } else { ("email", patient.mail()) };
    let provision = json!({
        "type": "deny",
        "provision": [{ "type": "permit", "extension": at(system, &value) }],
    });
    consent_of(patient, "confidential", "confidential-communication", "OPTOUT", today, provision)
}
