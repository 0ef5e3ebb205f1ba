//! Synthetic patients as FHIR, written by the test that needs them.

use serde_json::{Value, json};

/// Postern's extensions and code systems.
const POSTERN: &str = "https://postern.example/fhir";

/// A patient with a verified number and mail address of their own, in New York.
pub(crate) fn patient(id: &str, number: &str, email: &str) -> Vec<Value> {
    patient_in(id, number, email, "en")
}

/// The same, with a preferred language.
pub(crate) fn patient_in(id: &str, number: &str, email: &str, language: &str) -> Vec<Value> {
    let source = json!({"url": format!("{POSTERN}/StructureDefinition/contact-source"), "valueCode": "patient"});
    let mobile = json!({"url": format!("{POSTERN}/StructureDefinition/line-type"), "valueCode": "mobile"});
    let personal = json!({"url": format!("{POSTERN}/StructureDefinition/mailbox-kind"), "valueCode": "personal"});
    let mut all = vec![json!({
        "resourceType": "Patient", "id": id, "active": true,
        "name": [{"use": "official", "family": "Beech", "given": ["Alma"]}],
        "birthDate": "1978-10-12",
        "telecom": [
            {"system": "sms", "value": number, "use": "mobile", "rank": 1, "extension": [source, mobile]},
            {"system": "email", "value": email, "use": "home", "rank": 2, "extension": [source, personal]},
        ],
        "address": [{"use": "home", "line": ["1 Elm St"], "city": "New York", "state": "NY", "postalCode": "10001"}],
        "communication": [{"language": {"coding": [{"system": "urn:ietf:bcp:47", "code": language}]}, "preferred": true}],
    })];
    for (system, value) in [("sms", number), ("email", email)] {
        all.push(verification(id, system, value));
        all.push(consent(id, system, value, "permit"));
    }
    all
}

/// A contact point was verified and still is.
pub(crate) fn verification(patient: &str, system: &str, value: &str) -> Value {
    json!({
        "resourceType": "VerificationResult", "id": format!("v-{patient}-{system}"),
        "target": [{"reference": format!("Patient/{patient}")}],
        "targetLocation": [format!("Patient.telecom.where(system='{system}' and value='{value}')")],
        "status": "validated", "statusDate": "2026-10-01T10:00:00-05:00",
        "lastPerformed": "2026-10-01T10:00:00-05:00", "nextScheduled": "2027-10-01",
    })
}

/// The patient permits, or denies, contact at a point.
pub(crate) fn consent(patient: &str, system: &str, value: &str, ruling: &str) -> Value {
    let reasons: Vec<Value> = ["TREAT", "HPAYMT", "HOPERAT", "PATADMIN", "CAREMGT"]
        .iter()
        .map(|code| json!({"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": code}))
        .collect();
    json!({
        "resourceType": "Consent", "id": format!("c-{patient}-{system}"), "status": "active",
        "scope": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}]},
        "category": [{"coding": [{"system": format!("{POSTERN}/CodeSystem/postern-consent"), "code": "contact-consent"}]}],
        "patient": {"reference": format!("Patient/{patient}")},
        "dateTime": "2026-02-01T10:00:00-05:00",
        "provision": {
            "type": ruling,
            "extension": [
                {"url": format!("{POSTERN}/StructureDefinition/contact-channel"), "valueCodeableConcept":
                    {"coding": [{"system": "http://hl7.org/fhir/contact-point-system", "code": system}]}},
                {"url": format!("{POSTERN}/StructureDefinition/contact-point"), "valueContactPoint":
                    {"system": system, "value": value}},
            ],
            "purpose": reasons,
        },
    })
}

/// An appointment.
pub(crate) fn appointment(id: &str, patient: &str, status: &str, start: &str) -> Value {
    json!({
        "resourceType": "Appointment", "id": id, "status": status, "start": start,
        "participant": [{"actor": {"reference": format!("Patient/{patient}")}, "status": "accepted"}],
    })
}

/// A bundle of resources.
pub(crate) fn bundle(resources: Vec<Value>) -> Vec<u8> {
    let entries: Vec<Value> = resources.into_iter().map(|resource| json!({"resource": resource})).collect();
    serde_json::to_vec(&json!({"resourceType": "Bundle", "type": "collection", "entry": entries})).unwrap()
}
