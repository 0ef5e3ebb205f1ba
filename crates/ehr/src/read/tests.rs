use super::*;
use crate::facts::record;
use postern_gate::facts::ConsentKind;
use serde_json::json;

fn run(text: &[u8]) -> (Vec<ReadResource>, Report) {
    let mut found = Vec::new();
    let mut keep = |resource| {
        found.push(resource);
        ControlFlow::Continue(())
    };
    let report = read(text, &Limits::default(), &mut keep, &mut |_| {}).unwrap();
    (found, report)
}

fn names(found: &[ReadResource]) -> Vec<String> {
    found.iter().map(|r| format!("{}/{}", r.resource_type, r.id)).collect()
}

fn patient(id: &str) -> Value {
    json!({"resourceType": "Patient", "id": id, "telecom": [{"system": "sms", "value": "212-555-0101"}, {"system": "sms", "value": "?"}]})
}

fn consent(id: &str, patient: &str, decision: &str) -> Value {
    json!({"resourceType": "Consent", "id": id, "status": "active", "patient": {"reference": patient},
        "category": [{"coding": [{"system": "https://postern.example/fhir/CodeSystem/postern-consent", "code": "contact-consent"}]}],
        "provision": {"type": decision}})
}

fn bundle(kind: &str, entries: Value) -> Vec<u8> {
    json!({"resourceType": "Bundle", "type": kind, "entry": entries}).to_string().into_bytes()
}

/// The kinds of consent that patient p1 has once everything read was stored, the later row of one id replacing the earlier.
fn stored_kinds(found: &[ReadResource]) -> Vec<ConsentKind> {
    let rows: HashMap<String, &ReadResource> =
        found.iter().map(|r| (format!("{}/{}", r.resource_type, r.id), r)).collect();
    let read = |r: &&ReadResource| Resource::from_slice(r.json.reveal(), &Limits::default()).unwrap();
    let resources: Vec<Resource> = rows.values().map(read).collect();
    let record = record(&resources, &"p1".parse().unwrap(), "2026-12-01T20:00:00Z".parse().unwrap());
    record.consents.known().unwrap().iter().map(|c| c.kind).collect()
}

#[test]
fn a_single_resource_a_bundle_and_lines_are_told_apart() {
    let one = patient("p1").to_string();
    let pretty = serde_json::to_string_pretty(&patient("p1")).unwrap();
    let lines = format!("{}\n\n{}\r\n", patient("p1"), consent("c1", "Patient/p1", "permit"));
    let collection =
        bundle("collection", json!([{"resource": patient("p1")}, {"resource": consent("c1", "Patient/p1", "deny")}]));
    let list = json!([patient("p1"), consent("c1", "Patient/p1", "deny")]).to_string();
    let bundles = format!(
        "{}\n{}\n",
        String::from_utf8_lossy(&collection),
        String::from_utf8_lossy(&bundle("collection", json!([])))
    );
    let bom = format!("\u{feff}{one}");
    assert_eq!(names(&run(one.as_bytes()).0), ["Patient/p1"]);
    assert_eq!(names(&run(pretty.as_bytes()).0), ["Patient/p1"]);
    assert_eq!(names(&run(bom.as_bytes()).0), ["Patient/p1"]);
    for text in [lines.as_bytes(), &collection, list.as_bytes(), bundles.as_bytes()] {
        assert_eq!(names(&run(text).0), ["Patient/p1", "Consent/c1"]);
    }
    assert_eq!(run(b"").1.total_read(), 0);
    assert_eq!(run(b"PK\x03\x04not json").1.unread_count, 1);
}

#[test]
fn a_bundle_that_goes_on_line_by_line_without_indents_is_one_document() {
    let text = b"{\"resourceType\":\"Bundle\",\"type\":\"collection\",\"entry\":[\n\
        {\"resource\":{\"resourceType\":\"Patient\",\"id\":\"p1\"}},\n\
        {\"resource\":{\"resourceType\":\"Patient\",\"id\":\"p2\"}}\n]}\n";
    let (found, report) = run(text);
    assert_eq!(names(&found), ["Patient/p1", "Patient/p2"], "{report:?}");
}

#[test]
fn a_resource_is_ready_to_be_stored() {
    let (found, report) = run(patient("p1").to_string().as_bytes());
    assert_eq!(found[0].patient, Some("p1".parse().unwrap()));
    assert_eq!(found[0].points.len(), 1);
    assert_eq!(&**found[0].points[0].reveal(), "+12125550101");
    assert_eq!(
        found[0].issues[0].to_string(),
        "Patient.telecom[1].value: not a phone number or e-mail address; dropped"
    );
    assert_eq!((report.read["Patient"], report.issue_count), (1, 1));
}

#[test]
fn a_broken_line_or_entry_never_stops_the_rest() {
    let lines = format!("{}\n{{\"resourceType\":\"Consent\",\"id\n{}\n", patient("p1"), patient("p2"));
    let (found, report) = run(lines.as_bytes());
    assert_eq!(names(&found), ["Patient/p1", "Patient/p2"]);
    assert_eq!(report.unread[0].place, Place { line: 2, entry: None });
    let broken = br#"{"resourceType":"Bundle","type":"collection","entry":[
        {"resource":{"resourceType":"Patient","id":"p1"}},
        {"resource":{"resourceType":"Patient","id":"p2","active":tru}},
        {"resource":{"resourceType":"Consent","id":"c","status":"active","status":"inactive"}},
        {"fullUrl":"urn:uuid:1"}, 7, {"resource":{"id":"x"}},
        {"resource":{"resourceType":"Patient","id":"p3"}}]}"#;
    let (found, report) = run(broken);
    assert_eq!(names(&found), ["Patient/p1", "Patient/p3"]);
    let entries: Vec<Option<usize>> = report.unread.iter().map(|u| u.place.entry).collect();
    assert_eq!(entries, [Some(1), Some(2), Some(3), Some(4), Some(5)]);
    assert_eq!(report.unread[1].reason, Reason::Refused(Refused::RepeatedKey));
}

#[test]
fn a_bundle_that_is_cut_off_gives_what_came_before_the_cut() {
    let whole = bundle("collection", json!([{"resource": patient("p1")}, {"resource": patient("p2")}]));
    let (found, report) = run(&whole[..whole.len() - 20]);
    assert_eq!(names(&found), ["Patient/p1", "Patient/p2"]);
    assert_eq!(report.unread[0].reason, Reason::CutOff);
    let text = r#"{"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Patient","id":"p1"}},{"resource":{"resourceType":"Patient","id":"p2""#;
    let (found, report) = run(text.as_bytes());
    assert_eq!(names(&found), ["Patient/p1"]);
    assert_eq!(report.unread[0].reason, Reason::CutOff);
}

#[test]
fn references_by_full_url_become_relative_and_ids_are_made() {
    let entries = json!([
        {"fullUrl": "urn:uuid:0c0ffee0-0000-4000-8000-000000000002",
            "resource": {"resourceType": "Consent", "status": "active",
                "patient": {"reference": "urn:uuid:0c0ffee0-0000-4000-8000-000000000001"}},
            "request": {"method": "POST", "url": "Consent"}},
        {"fullUrl": "urn:uuid:0c0ffee0-0000-4000-8000-000000000001",
            "resource": {"resourceType": "Patient"}, "request": {"method": "POST", "url": "Patient"}}]);
    let (found, _) = run(&bundle("transaction", entries));
    assert_eq!(
        names(&found),
        ["Consent/0c0ffee0-0000-4000-8000-000000000002", "Patient/0c0ffee0-0000-4000-8000-000000000001"]
    );
    assert_eq!(found[0].patient, found[1].patient);
    let nameless = json!({"resourceType": "Organization", "name": "Sunrise"}).to_string();
    let again = [run(nameless.as_bytes()).0, run(nameless.as_bytes()).0];
    assert_eq!(again[0][0].id, again[1][0].id, "the same text, the same id");
}

#[test]
fn searchsets_and_histories_are_read_for_what_they_are() {
    let entries = json!([
        {"search": {"mode": "match"}, "resource": patient("p1")},
        {"search": {"mode": "outcome"}, "resource": {"resourceType": "OperationOutcome", "issue": []}},
        {"search": {"mode": "include"}, "resource": {"resourceType": "Observation", "id": "o1"}}]);
    let (found, report) = run(&bundle("searchset", entries));
    assert_eq!(names(&found), ["Patient/p1"]);
    assert_eq!((report.skipped["OperationOutcome"], report.skipped["Observation"]), (1, 1));
    let entries = json!([
        {"request": {"method": "DELETE", "url": "Consent/c2"}},
        {"resource": consent("c1", "Patient/p1", "deny"), "request": {"method": "PUT", "url": "Consent/c1"}},
        {"resource": consent("c1", "Patient/p1", "permit"), "request": {"method": "PUT", "url": "Consent/c1"}},
        {"resource": consent("c2", "Patient/p1", "permit"), "request": {"method": "PUT", "url": "Consent/c2"}}]);
    let (found, report) = run(&bundle("history", entries));
    assert_eq!(names(&found), ["Consent/c1"]);
    assert!(String::from_utf8_lossy(found[0].json.reveal()).contains("deny"), "the newest comes first");
    assert_eq!(report.skipped["Consent older version"], 2);
}

#[test]
fn two_contents_under_one_id_leave_a_consent_that_denies() {
    let lines = format!("{}\n{}\n", consent("c1", "Patient/p1", "deny"), consent("c1", "Patient/p1", "permit"));
    let (found, report) = run(lines.as_bytes());
    assert_eq!(report.unread[0].reason, Reason::RepeatedId);
    assert_eq!(stored_kinds(&found), [ConsentKind::Unreadable]);
    let lines = format!("{}\n{}\n", consent("c1", "Patient/p1", "deny"), consent("c1", "Patient/p2", "permit"));
    let (found, _) = run(lines.as_bytes());
    assert_eq!(stored_kinds(&found), [ConsentKind::ContactConsent], "another patient's consent does not replace it");
    let same = format!("{}\n{}\n", consent("c1", "Patient/p1", "deny"), consent("c1", "Patient/p1", "deny"));
    assert_eq!(run(same.as_bytes()).1.skipped["Consent again"], 1);
}

#[test]
fn the_newer_of_two_dated_versions_stays_in_any_order() {
    let dated = |decision: &str, at: &str| {
        let mut document = consent("c1", "Patient/p1", decision);
        document["meta"] = json!({"lastUpdated": at});
        document.to_string()
    };
    let (old, new) = (dated("permit", "2026-01-01T00:00:00Z"), dated("deny", "2026-06-01T00:00:00Z"));
    for lines in [format!("{old}\n{new}\n"), format!("{new}\n{old}\n")] {
        let last = run(lines.as_bytes()).0.pop().unwrap();
        assert!(String::from_utf8_lossy(last.json.reveal()).contains("deny"));
    }
}

#[test]
fn a_consent_of_nobody_and_one_with_a_modifier_are_reported() {
    let mut modified = consent("c1", "Patient/p1", "permit");
    modified["modifierExtension"] = json!([{"url": "x", "valueBoolean": true}]);
    let lines = format!("{modified}\n{}\n", consent("c2", "urn:uuid:nowhere", "deny"));
    let (found, report) = run(lines.as_bytes());
    assert_eq!(stored_kinds(&found), [ConsentKind::Unreadable]);
    let reasons: Vec<Reason> = report.unread.iter().map(|u| u.reason).collect();
    assert_eq!(reasons, [Reason::Unreadable(crate::fhir::Unreadable::ModifierExtension), Reason::NoPatient]);
}

#[test]
fn for_a_decision_even_a_consent_of_nobody_is_kept() {
    let entries = json!([{"resource": patient("p1")}, {"resource": consent("c2", "urn:uuid:nowhere", "permit")}]);
    let (found, _) = resources(&bundle("collection", entries), &Limits::default()).unwrap();
    let record = record(&found, &"p1".parse().unwrap(), "2026-12-01T20:00:00Z".parse().unwrap());
    assert_eq!(record.consents.known().unwrap()[0].kind, ConsentKind::Unreadable);
}

#[test]
fn a_patient_without_a_sound_id_is_not_renamed() {
    let (found, report) = run(patient("p_1").to_string().as_bytes());
    assert!(found.is_empty());
    assert_eq!(report.unread[0].reason, Reason::BadId);
}

#[test]
fn hostile_input_is_refused_entry_by_entry() {
    let deep = format!(
        "{{\"resourceType\":\"Patient\",\"id\":\"p1\",\"extension\":{}{}}}",
        "[".repeat(5000),
        "]".repeat(5000)
    );
    let long = format!("{{\"resourceType\":\"Patient\",\"id\":\"p1\",\"n\":1{}}}", "0".repeat(5000));
    for text in [deep, long] {
        let (found, report) = run(text.as_bytes());
        assert!(found.is_empty());
        assert_eq!(report.unread_count, 1);
    }
    let limits = Limits { resource_bytes: 40, bundle_bytes: 400, ..Limits::default() };
    let mut none = |_| ControlFlow::Continue(());
    let lines = format!("{}\n{}\n", patient("p1"), patient("p2"));
    let report = read(lines.as_bytes(), &limits, &mut none, &mut |_| {}).unwrap();
    assert_eq!(report.unread_count, 2);
    let huge = bundle(
        "collection",
        json!([{"resource": patient("p1")}, {"resource": patient("p2")}, {"resource": patient("p3")}]),
    );
    assert!(matches!(read(&*huge, &limits, &mut none, &mut |_| {}), Err(ReadError::TooLarge(400))));
    let mut nested = patient("p1");
    for _ in 0..6 {
        nested = json!({"resourceType": "Bundle", "type": "collection", "entry": [{"resource": nested}]});
    }
    assert_eq!(run(nested.to_string().as_bytes()).1.unread[0].reason, Reason::NestedBundle);
}

#[test]
fn the_reader_stops_when_it_is_told_to_and_says_how_far_it_is() {
    let lines: String = (0..10).map(|n| format!("{}\n", patient(&format!("p{n}")))).collect();
    let (mut count, mut last) = (0, 0);
    let mut stop = |_| {
        count += 1;
        if count == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    read(lines.as_bytes(), &Limits::default(), &mut stop, &mut |done| last = done).unwrap();
    assert_eq!(count, 3);
    assert!(last > 0 && last < lines.len() as u64);
}

#[test]
fn no_text_makes_the_reader_panic() {
    let whole = bundle(
        "transaction",
        json!([{"fullUrl": "urn:uuid:1", "resource": patient("p1")}, {"resource": consent("c1", "Patient/p1", "deny")}]),
    );
    for cut in 0..whole.len() {
        run(&whole[..cut]);
        let mut damaged = whole.clone();
        damaged[cut] = b"\"{}[],:\\x"[cut % 9];
        run(&damaged);
    }
}

#[test]
fn an_imported_coverage_that_names_somebody_else_closes_the_bill() {
    let coverage = |holder: &str| {
        json!({"resourceType": "Coverage", "id": "cov1", "status": "active",
            "beneficiary": {"reference": "Patient/p1"}, "subscriber": {"reference": holder}})
    };
    let dependent = |holder: &str| {
        let (found, _) =
            run(&bundle("collection", json!([{"resource": patient("p1")}, {"resource": coverage(holder)}])));
        assert!(found.iter().any(|r| r.resource_type == "Coverage" && r.patient == Some("p1".parse().unwrap())));
        let read = |r: &ReadResource| Resource::from_slice(r.json.reveal(), &Limits::default()).unwrap();
        let resources: Vec<Resource> = found.iter().map(read).collect();
        let record = record(&resources, &"p1".parse().unwrap(), "2026-12-01T20:00:00Z".parse().unwrap());
        record.patient.known().unwrap().dependent
    };
    assert!(dependent("RelatedPerson/father") && !dependent("Patient/p1"));
}
