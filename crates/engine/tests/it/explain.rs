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

/// Cases that differ in what they are answered, for whoever looks at answers.
pub(crate) fn samples() -> Vec<(String, Value)> {
    let result = json!({"patient": "Patient/p1", "purpose": "test_result",
        "content": {"body": "Your potassium is 4.1 mmol/L, within range.", "level": "L3"}});
    let mut expired = case(reminder());
    expired["vendors"][0]["agreement"]["expires"] = json!("2026-11-30");
    let mut night = case(reminder());
    night["now"] = json!("2026-12-01T23:00:00-05:00");
    let mut away = case(reminder());
    away["ehr"]["status"] = json!("unreachable");
    let mut stopped = case(reminder());
    stopped["history"] = json!({"opt_outs": [
        {"at": "2026-12-01T14:00:00-05:00", "channel": "sms", "contact_point": "+12125550101", "scope": "all"}]});
    let mut twice = case(reminder());
    twice["request"]["event"] = json!("Appointment/gone");
    let named = [
        ("reminder", case(reminder())),
        ("result", case(result)),
        ("agreement expired", expired),
        ("night", night),
        ("the EHR is away", away),
        ("stopped", stopped),
        ("an event nobody knows", twice),
    ];
    named.into_iter().map(|(name, case)| (name.to_owned(), case)).collect()
}

#[test]
fn an_answer_says_what_carriers_make_of_a_text_and_nothing_of_that_of_anything_else() {
    let of = |body: &str| {
        let mut request = reminder();
        request["content"]["body"] = json!(format!("Sunrise Health, 555-555-0100: {body} Reply STOP to opt out"));
        let answer = decide(&case(request));
        let [text] = &answer.deliveries[..] else { panic!("one text: {answer:?}") };
        assert_eq!(text.channel, Channel::Sms);
        let length = text.length.clone().unwrap();
        (length.encoding, length.units, length.segments)
    };
    // 52 characters stand around the body.
    assert_eq!(of(&"a".repeat(108)), ("GSM-7".to_owned(), 160, 1));
    assert_eq!(of("Mañana"), ("GSM-7".to_owned(), 58, 1));
    assert_eq!(of("Está bien, mañana a las dos."), ("UCS-2".to_owned(), 80, 2));
    assert_eq!(of("“Mañana”"), ("GSM-7".to_owned(), 60, 1), "plain signs are what is sent");
    let result = json!({"patient": "Patient/p1", "purpose": "test_result",
        "content": {"body": "Your potassium is 4.1 mmol/L, within range.", "level": "L3"}});
    let answer = decide(&case(result));
    assert!(answer.deliveries.iter().all(|d| d.length.is_some() == (d.channel == Channel::Sms)), "{answer:?}");
}

#[test]
fn every_answer_shows_each_candidate_and_says_what_would_change_it() {
    for (name, case) in samples() {
        let answer = decide(&case);
        let changes = answer.changes.unwrap();
        assert!(!answer.candidates.is_empty(), "{name}");
        for delivery in &answer.deliveries {
            let chosen = |c: &&postern_engine::wire::AnsweredCandidate| {
                c.result == "chosen" && (c.channel, c.form) == (delivery.channel, delivery.form)
            };
            assert_eq!(answer.candidates.iter().filter(chosen).count(), 1, "{name}");
        }
        let answered = !changes.alternatives.is_empty() || !changes.nothing.is_empty();
        assert_eq!(changes.goal.is_some(), answered, "{name}");
    }
}

#[test]
fn what_would_change_it_names_who_alone_can() {
    let said = |wanted: &str| {
        let (_, case) = samples().into_iter().find(|(name, _)| name == wanted).unwrap();
        let changes = decide(&case).changes.unwrap();
        let pairs = changes.alternatives.iter().map(|a| (a.changes[0].change.clone(), a.changes[0].who.clone()));
        pairs.map(|(change, who)| format!("{change} by {who}")).collect::<Vec<_>>()
    };
    assert_eq!(said("stopped"), ["allow_portal by caller", "opt_back_in by patient"]);
    assert_eq!(said("the EHR is away"), ["system_answers by system"]);
    assert!(said("agreement expired").contains(&"execute_agreement by administrator".to_owned()));
    assert!(said("night").contains(&"wait by time".to_owned()));
    assert!(said("an event nobody knows").is_empty());
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
