//! What is not understood is refused by name, and nothing of it is repeated or stored.

use crate::clinic::Clinic;
use postern_engine::{AcceptError, EngineConfig};
use serde_json::{Value, json};

async fn refused(clinic: &Clinic, request: Value) -> (String, String) {
    match clinic.accept(&request).await {
        Err(AcceptError::Malformed(error)) => (error.field, error.what),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn every_bad_field_is_named_and_no_value_is_repeated() {
    let clinic = Clinic::open().await;
    let base = || json!({"patient": "Patient/p1", "purpose": "test_result", "content": {"body": "Zanzibar text", "level": "L1"}});
    let with = |pointer: &str, value: Value| {
        let mut request = base();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        request.pointer_mut(parent).unwrap()[name] = value;
        request
    };
    for (pointer, value, field) in [
        ("/colour", json!("Zanzibar"), "colour"),
        ("/content/colour", json!("Zanzibar"), "content.colour"),
        ("/content/level", json!("Zanzibar"), "content.level"),
        ("/content/categories", json!("Zanzibar"), "content.categories"),
        ("/content/body", json!(7), "content.body"),
        ("/content/body", json!(" "), "content.body"),
        ("/purpose", json!("Zanzibar"), "purpose"),
        ("/patient", json!("Zanzibar Smith"), "patient"),
        ("/channels", json!(["sms", "Zanzibar"]), "channels[1]"),
        ("/send_at", json!("Zanzibar"), "send_at"),
        ("/expires_at", json!("2020-01-01T00:00:00Z"), "expires_at"),
        ("/in_reply_to", json!(3), "in_reply_to"),
        ("/in_reply_to", json!("Zanzibar"), "in_reply_to"),
        ("/recipient", json!("Zanzibar"), "recipient"),
        ("/recipient", json!({"role": "self", "ref": "RelatedPerson/Zanzibar"}), "recipient.ref"),
        ("/channels", json!("Zanzibar"), "channels"),
        ("/template", json!({"name": "test_result"}), "template"),
        ("/break_glass", json!({"actor": "a"}), "break_glass.reason"),
    ] {
        let (named, what) = refused(&clinic, with(pointer, value)).await;
        assert_eq!(named, field);
        assert!(!what.contains("Zanzibar"), "{what}");
        let of_rust = ["usize", "u32", "i64", "struct", "enum", "sequence", "map", "tuple"];
        assert!(!of_rust.iter().any(|word| what.contains(word)), "{what}");
    }
    let (named, _) = refused(&clinic, json!({"purpose": "test_result"})).await;
    assert_eq!(named, "patient");
    let slot = json!({"patient": "Patient/p1", "purpose": "test_result",
        "template": {"name": "test_result", "data": {"test": "A1c", "value": "8", "ssn": "Zanzibar"}}});
    let (named, what) = refused(&clinic, slot).await;
    assert_eq!(named, "template.data.ssn");
    assert!(!what.contains("Zanzibar"));
    let stored = clinic.engine.messages_of(&clinic.principal, "Patient/p1", None, 10).await.unwrap();
    assert!(stored.is_empty());
}

#[tokio::test]
async fn emergency_access_for_longer_than_a_day_is_refused() {
    let clinic = Clinic::open().await;
    let glass = |hours: i64| {
        let until = postern_base::Clock::now(&*clinic.clock) + jiff::SignedDuration::from_hours(hours);
        json!({"patient": "Patient/p1", "purpose": "emergency", "urgency": "emergency", "origin": "staff",
            "content": {"body": "Please call us about your visit.", "level": "L1"},
            "break_glass": {"actor": "Dr. Linden", "reason": "recall of a device", "expires_at": until.to_string()}})
    };
    // 45 CFR 164.312(a)(2)(i): nobody breaks the glass in a colleague's name.
    for colleague in ["Dr. Lee", "Practitioner/dr-lee", "Device/pump-1", "system"] {
        let mut request = glass(1);
        request["break_glass"]["actor"] = json!(colleague);
        assert_eq!(refused(&clinic, request).await.0, "break_glass.actor", "{colleague}");
    }
    let (field, _) = refused(&clinic, glass(25)).await;
    assert_eq!(field, "break_glass.expires_at");
    assert!(clinic.accept(&glass(24)).await.is_ok());
}

#[tokio::test]
async fn settings_that_cannot_be_meant_are_refused_by_name() {
    let clinic = Clinic::open().await;
    for (key, value) in [("state", "ZZ"), ("state", "ny"), ("callback", "911"), ("callback", "call us")] {
        let mut settings = crate::clinic::settings("Sunrise Health", "+15555550100");
        settings["tenant"][key] = json!(value);
        let text = serde_json::to_vec(&settings).unwrap();
        let error = clinic.engine.put_tenant(&clinic.principal, &text).await.unwrap_err();
        assert!(error.to_string().contains(&format!("tenant.{key}")), "{error}");
    }
    let row = crate::clinic::vendor("twilio", "messaging", &[postern_base::Channel::Sms], "2025-12-31");
    let error = clinic.engine.put_vendor(&clinic.principal, &row).await.unwrap_err();
    assert!(error.to_string().contains("agreement.expires"), "{error}");
}

#[tokio::test]
async fn text_that_is_not_json_is_refused_with_its_place() {
    let clinic = Clinic::open().await;
    let error = clinic.engine.accept(&clinic.principal, None, b"{\"patient\": Zanzibar").await.unwrap_err();
    let AcceptError::Malformed(error) = error else { panic!("{error:?}") };
    assert!(error.what.starts_with("not valid JSON, line 1"), "{error:?}");
    assert!(!error.to_string().contains("Zanzibar"));
}

#[tokio::test]
async fn an_unknown_patient_is_said_to_be_unknown() {
    let clinic = Clinic::open().await;
    let request = json!({"patient": "Patient/nobody", "purpose": "survey", "content": {"body": "hello"}});
    assert_eq!(clinic.accept(&request).await.unwrap_err(), AcceptError::NoSuchPatient);
}

#[tokio::test]
async fn a_draining_engine_takes_no_more_and_says_when_to_come_back() {
    let clinic = Clinic::open().await;
    clinic.engine.drain();
    let request = json!({"patient": "Patient/p1", "purpose": "survey", "content": {"body": "hello"}});
    assert!(matches!(clinic.accept(&request).await, Err(AcceptError::Busy { .. })));
}

#[tokio::test]
async fn a_full_queue_turns_requests_away_until_there_is_room_again() {
    let clinic = Clinic::open().await;
    let narrow = clinic.engine_with(EngineConfig { queue_depth: 1, ..EngineConfig::default() });
    let ask = |amount: &str| {
        let template = json!({"name": "billing_statement", "data": {"amount": amount}});
        json!({"patient": "Patient/p1", "purpose": "billing", "template": template}).to_string().into_bytes()
    };
    narrow.accept(&clinic.principal, None, &ask("31.00")).await.unwrap();
    narrow.gauges().await.unwrap();
    let refused = narrow.accept(&clinic.principal, None, &ask("47.00")).await;
    assert!(matches!(refused, Err(AcceptError::Busy { .. })), "{refused:?}");
    clinic.settle().await;
    narrow.gauges().await.unwrap();
    narrow.accept(&clinic.principal, None, &ask("47.00")).await.unwrap();
}
