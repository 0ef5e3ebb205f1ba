use super::*;
use serde_json::json;

fn patient() -> Value {
    json!({"resourceType": "Patient", "id": "p1", "active": true, "name": [{"family": "Beech", "given": ["Alma", "Q"]}],
        "telecom": [{"system": "sms", "value": "+12125550101", "rank": 1}, {"system": "email", "value": "a@example.org"}],
        "birthDate": "1978-10-12", "gender": "female"})
}

fn read(document: &Value) -> Resource {
    Resource::from_value(document.clone()).expect("a resource")
}

fn as_patient(resource: &Resource) -> &Patient {
    match resource.body() {
        Body::Patient(patient) => patient,
        _ => panic!("not a patient"),
    }
}

/// What real servers send: thirteen oddities of one Patient, each with what becomes of it.
#[test]
fn the_oddities_of_real_servers_cost_at_most_the_odd_element() {
    let odd: [(&str, Value, &[Problem]); 12] = [
        ("favouriteColour", json!("blue"), &[]),
        ("name", json!({"family": "Beech"}), &[Problem::ScalarForArray]),
        ("gender", json!("unknown-code"), &[]),
        ("name", json!([]), &[Problem::Empty]),
        ("name", json!(null), &[Problem::Empty]),
        ("telecom", json!([{"system": "sms", "value": 2125550101u64}]), &[Problem::WrongType]),
        ("birthDate", json!("12.10.1978"), &[Problem::BadDate]),
        ("_birthDate", json!({"extension": [{"url": "x", "valueString": "y"}]}), &[]),
        ("birthDate", json!(""), &[Problem::Empty]),
        ("link", json!([{"other": {"reference": "Patient/p2"}}]), &[Problem::UnknownCode]),
        ("telecom", json!([{"system": "sms", "value": "+12125550101", "rank": 0}]), &[Problem::WrongType]),
        ("name", json!([{"given": ["A", null], "_given": [null, {"id": "x"}]}]), &[]),
    ];
    for (key, value, problems) in odd {
        let mut document = patient();
        document[key] = value;
        let resource = read(&document);
        let found: Vec<Problem> = resource.issues().iter().map(|issue| issue.problem).collect();
        assert_eq!(found, problems, "{key}: {document}");
        assert_eq!(resource.id(), Some("p1"));
        assert_eq!(resource.unreadable(), None);
        assert_eq!(as_patient(&resource).active, Some(true), "the rest is still read");
    }
}

#[test]
fn a_modifier_extension_at_any_depth_makes_the_whole_unreadable() {
    let modifier = json!([{"url": "https://example.org/not", "valueBoolean": true}]);
    for path in ["", "/telecom/0", "/name/0"] {
        let mut document = patient();
        document.pointer_mut(path).unwrap()["modifierExtension"] = modifier.clone();
        assert_eq!(read(&document).unreadable(), Some(Unreadable::ModifierExtension), "{path}");
    }
    let mut document = patient();
    document["modifierExtension"] = json!([]);
    assert_eq!(read(&document).unreadable(), None);
    document["contained"] = json!([{"resourceType": "Organization", "modifierExtension": modifier}]);
    assert_eq!(read(&document).unreadable(), None, "a contained resource is its own");
}

#[test]
fn labels_in_no_form_of_fhirs_make_the_whole_unreadable_and_a_lone_one_is_read() {
    let with = |meta: Value| {
        let mut document = patient();
        document["meta"] = meta;
        read(&document).unreadable()
    };
    for meta in [json!("R"), json!([{"security": []}]), json!({"security": "R"}), json!({"security": ["R"]})] {
        assert_eq!(with(meta.clone()), Some(Unreadable::Labels), "{meta}");
    }
    for meta in [json!(null), json!({}), json!({"security": []}), json!({"security": {"code": "HIV"}})] {
        assert_eq!(with(meta.clone()), None, "{meta}");
    }
}

#[test]
fn what_is_written_back_is_what_was_read() {
    let text = r#"{"resourceType":"Patient","id":"p1","unknown":{"a":[1,2.50,1e-400,null]},"_birthDate":{"id":"x"},"telecom":{"system":"sms"},"name":[],"n":12345678901234567890.123456789}"#;
    let resource = Resource::from_slice(text.as_bytes(), &Limits::default()).unwrap();
    let written = Value::Object(resource.document().clone());
    assert_eq!(written, serde_json::from_str::<Value>(text).unwrap());
    for number in ["2.50", "1e-400", "12345678901234567890.123456789"] {
        assert!(written.to_string().contains(number), "{number}: {written}");
    }
}

#[test]
fn an_issue_says_where_and_never_what() {
    let mut document = patient();
    document["telecom"][1]["value"] = json!({"secret": "Beech"});
    let issue = read(&document).issues()[0].to_string();
    assert_eq!(issue, "Patient.telecom[1].value: a value of the wrong type; dropped");
}

#[test]
fn what_is_no_resource_is_refused() {
    for document in
        [json!(null), json!([]), json!({}), json!({"resourceType": 1}), json!({"resourceType": "Bad Name <x>"})]
    {
        assert_eq!(Resource::from_value(document).map(|_| ()), Err(Refused::NotAResource));
    }
}
