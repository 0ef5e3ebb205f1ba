//! What a message is about: visits, reports, orders.

use super::*;

#[test]
fn an_event_is_the_patients_own_and_known_to_stand() {
    let visit = |status: &str| {
        json!({"resourceType": "Appointment", "id": "a1", "status": status, "start": "2026-12-04T14:00:00-05:00",
            "participant": [{"actor": {"reference": "Patient/p1"}, "status": "accepted"}]})
    };
    let status = |document: Value| event(&read(vec![patient(), document]), "Appointment/a1", &p1()).map(|e| e.status);
    assert_eq!(status(visit("booked")), Fact::Known(EventStatus::Active));
    assert_eq!(status(visit("cancelled")), Fact::Known(EventStatus::Cancelled));
    assert_eq!(status(visit("entered-in-error")), Fact::Known(EventStatus::InError));
    assert_eq!(status(visit("fulfilled")), Fact::Known(EventStatus::Past));
    assert_eq!(status(visit("maybe")), Fact::Known(EventStatus::Unknown));
    let others = with(visit("booked"), "participant", json!([{"actor": {"reference": "Patient/p2"}}]));
    assert_eq!(status(others), Fact::Unknown(Missing::Unreadable));
    let declined =
        with(visit("booked"), "participant", json!([{"actor": {"reference": "Patient/p1"}, "status": "declined"}]));
    assert_eq!(status(declined), Fact::Known(EventStatus::Cancelled));
    let absent = event(&read(vec![patient()]), "Appointment/a1", &p1());
    assert!(matches!(absent, Fact::Unknown(Missing::NotRecorded)));
}

#[test]
fn a_result_keeps_class_release_and_labels() {
    let report = json!({"resourceType": "DiagnosticReport", "id": "d1", "status": "final",
        "subject": {"reference": "https://ehr.example/fhir/Patient/p1/_history/3"}, "issued": "2026-11-30T10:00:00Z",
        "meta": {"security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "PSY"}]},
        "extension": [{"url": url("result-class"), "valueCode": "malignancy"},
            {"url": url("clinician-release"), "valueDateTime": "2026-12-01T09:00:00-05:00"}]});
    let found = event(&read(vec![patient(), report.clone()]), "DiagnosticReport/d1", &p1());
    let found = found.known().unwrap();
    assert_eq!(found.result_class, Some(ResultClass::Malignancy));
    assert_eq!(found.clinician_release.unwrap().to_string(), "2026-12-01T14:00:00Z");
    assert_eq!(found.labels, [Category::MentalHealth]);
    let preliminary = with(report.clone(), "status", json!("preliminary"));
    let found = event(&read(vec![patient(), preliminary]), "DiagnosticReport/d1", &p1());
    assert!(found.is_known_and(|e| e.status == EventStatus::Pending));
    let unclear = with(report, "extension", json!([{"url": url("result-class"), "valueCode": "bad"}]));
    let found = event(&read(vec![patient(), unclear]), "DiagnosticReport/d1", &p1());
    assert!(matches!(found, Fact::Unknown(Missing::Unreadable)));
}

#[test]
fn a_report_says_itself_what_it_tells_and_which_tests_it_is_of() {
    let kinds = |code: Value, conclusion: &str| {
        let report = json!({"resourceType": "DiagnosticReport", "id": "d1", "status": "final",
            "subject": {"reference": "Patient/p1"}, "code": code, "conclusion": conclusion});
        let found = event(&read(vec![patient(), report]), "DiagnosticReport/d1", &p1());
        let found = found.known().unwrap().clone();
        (found.told_classes, found.tested_classes)
    };
    let loinc = |code: &str| json!({"coding": [{"system": "http://loinc.org", "code": code}]});
    assert_eq!(kinds(loinc("4548-4"), "Well controlled."), (vec![], vec![ResultClass::Other]));
    assert_eq!(kinds(loinc("99999-0"), ""), (vec![], vec![]));
    let skin = kinds(json!({"text": "Surgical pathology: melanoma"}), "");
    assert_eq!(skin, (vec![ResultClass::Malignancy], vec![ResultClass::Malignancy]));
    let display = json!({"coding": [{"system": "urn:lab", "code": "7", "display": "HCV antibody"}]});
    assert_eq!(kinds(display, "Non-reactive.").1, [ResultClass::Hepatitis]);
    assert_eq!(kinds(json!({"text": "Panel 7"}), "Basal cell carcinoma").0, [ResultClass::Malignancy]);
}

#[test]
fn an_appointment_whose_begin_cannot_be_read_is_not_known() {
    let visit = |start: Value| {
        json!({"resourceType": "Appointment", "id": "a1", "status": "booked", "start": start,
            "participant": [{"actor": {"reference": "Patient/p1"}}]})
    };
    let found = |start: Value| event(&read(vec![patient(), visit(start)]), "Appointment/a1", &p1());
    assert!(found(json!("2026-12-04T14:00:00-05:00")).known().is_some());
    for start in [json!("tomorrow"), json!(7)] {
        assert!(matches!(found(start), Fact::Unknown(Missing::Unreadable)));
    }
}
