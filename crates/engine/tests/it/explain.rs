//! A case decides as the API does, without a store.

use crate::clinic::settings;
use crate::records;
use postern_base::{Channel, Form};
use postern_engine::explain;
use serde_json::{Value, json};

fn case(request: Value) -> Value {
    let bundle: Value =
        serde_json::from_slice(&records::bundle(records::patient("p1", "+12125550101", "pat@example.org"))).unwrap();
    json!({
        "id": "a-case", "now": "2026-12-01T15:00:00-05:00",
        "tenant": settings("Sunrise Health", "+15555550100")["tenant"],
        "vendors": [
            crate::clinic::vendor("twilio", "messaging", &[Channel::Sms], "2027-12-31"),
            crate::clinic::vendor("self", "portal", &[Channel::Portal], "2027-12-31"),
        ],
        "ehr": {"status": "live"}, "bundle": bundle, "request": request,
    })
}

fn decide(case: &Value) -> postern_engine::wire::Answer {
    explain(&serde_json::to_vec(case).unwrap()).unwrap()
}

fn reminder() -> Value {
    json!({"patient": "Patient/p1", "purpose": "appointment_reminder", "channels": ["sms"],
        "content": {"body": "Sunrise Health: appt 12/04 2:00 PM, call 555-555-0100. Reply STOP to opt out", "level": "L1"}})
}

#[test]
fn a_short_reminder_travels_verbatim_as_minimal() {
    let answer = decide(&case(reminder()));
    assert_eq!(answer.outcome, "send");
    assert_eq!(
        answer.deliveries.iter().map(|d| (d.channel, d.form)).collect::<Vec<_>>(),
        [(Channel::Sms, Form::Minimal)]
    );
}

#[test]
fn a_link_to_somebody_else_stops_the_text() {
    let mut request = reminder();
    request["content"]["body"] =
        json!("Sunrise Health: appt 12/04 2:00 PM, see bit.ly/x or call 555-555-0100. Reply STOP to opt out");
    assert_eq!(decide(&case(request)).outcome, "refuse");
}

#[test]
fn a_policy_that_loosens_refuses_everything_and_raises_an_alert() {
    let mut case = case(reminder());
    case["tenant"]["policy"] = json!({"matrix": {"test_result": {"L3": {"sms": "full"}}}});
    let answer = decide(&case);
    assert_eq!(answer.outcome, "refuse");
    assert!(
        answer
            .alerts
            .iter()
            .any(|alert| alert.rule == "SYS-01" && alert.sentence.contains("matrix.test_result.L3.sms"))
    );
}

#[test]
fn an_unknown_field_anywhere_in_a_case_is_named() {
    for pointer in
        ["", "/tenant", "/tenant/sender", "/request", "/request/content", "/vendors/0", "/vendors/0/agreement"]
    {
        let mut case = case(reminder());
        case.pointer_mut(pointer).unwrap()["colour"] = json!("blue");
        let error = explain(&serde_json::to_vec(&case).unwrap()).unwrap_err();
        assert!(error.field.ends_with("colour"), "{pointer}: {error}");
    }
}

#[test]
fn a_key_given_twice_refuses_the_case() {
    let text = serde_json::to_string(&case(reminder())).unwrap().replacen("\"id\":", "\"id\":\"x\",\"id\":", 1);
    assert!(explain(text.as_bytes()).is_err());
}
