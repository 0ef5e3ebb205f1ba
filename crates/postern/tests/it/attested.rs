//! What is recorded of a patient through the API and the command line, and what is sent or not sent because of it.

use crate::client::Client;
use crate::clinic::{Clinic, code, eventually, patient, postern, printed};
use serde_json::{Value, json};
use std::io::Write as _;
use std::process::{Command, Stdio};

const NUMBER: &str = "+12125550101";
const CHECKS: &str = "/v1/patients/p1/number-checks";

/// Whether a decision sends on `channel`.
fn sends(decision: &Value, channel: &str) -> bool {
    decision["deliveries"].as_array().is_some_and(|plan| plan.iter().any(|delivery| delivery["channel"] == channel))
}

/// Whether `rule` stands against a candidate of a decision.
fn stands_against(decision: &Value, rule: &str) -> bool {
    decision["refusals"].as_array().is_some_and(|all| all.iter().any(|refusal| refusal["rule"] == rule))
}

fn recorded(client: &mut Client, path: &str, body: &Value) -> Value {
    let answer = client.post(path, body);
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()
}

fn accepted(client: &mut Client, request: &Value) -> Value {
    let answer = client.post("/v1/messages", request);
    assert_eq!(answer.status, 202, "{}", answer.text());
    answer.json()
}

fn checked(client: &mut Client, request: &Value) -> Value {
    let answer = client.post("/v1/messages:check", request);
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

/// A request that is decided now and goes out in a moment, so that something can happen in between.
fn in_a_moment(mut request: Value) -> Value {
    let soon = postern_base::Clock::now(&postern_base::SystemClock) + jiff::SignedDuration::from_secs(4);
    request["send_at"] = json!(soon.to_string());
    request
}

/// How the text of a message ended: its state and code.
fn ended(client: &mut Client, accepted: &Value, channel: &str) -> (String, String) {
    let path = format!("/v1/messages/{}", accepted["id"].as_str().expect("an id"));
    eventually("the delivery comes to an end", || {
        let message = client.get(&path).json();
        let delivery = message["deliveries"].as_array()?.iter().find(|one| one["channel"] == channel)?.clone();
        let state = delivery["state"].as_str()?.to_owned();
        let over = matches!(state.as_str(), "delivered" | "refused" | "failed" | "expired" | "unknown" | "held");
        over.then(|| (state, delivery["code"].as_str().unwrap_or_default().to_owned()))
    })
}

/// The server has verified everything it wrote, and every decision is made again as it was.
fn holds(clinic: &mut Clinic) {
    clinic.stop();
    let (exit, report) = clinic.verify(&["--replay"]);
    assert_eq!(exit, 0, "{report}");
}

#[test]
fn a_number_that_was_looked_up_is_used_as_the_answer_says_and_what_is_queued_obeys_too() {
    let mut clinic = Clinic::new("number-checks", &patient("p1", NUMBER, "pat@mail.example"));
    clinic.serve();
    let mut client = clinic.client();
    let first = accepted(&mut client, &code("p1", "111111"));
    assert!(sends(&first["decision"], "sms"), "{first}");
    assert_eq!(ended(&mut client, &first, "sms").0, "delivered");

    let line = |kind: &str| json!({ "number": "(212) 555-0101", "source": "carrier look-up", "line_type": kind });
    let said = recorded(&mut client, CHECKS, &line("voip"));
    assert_eq!((&said["number_ends"], &said["line_type"]), (&json!("01"), &json!("voip")));
    let decision = checked(&mut client, &code("p1", "222222"));
    assert!(!sends(&decision, "sms") && stands_against(&decision, "OTP-02"), "{decision}");
    recorded(&mut client, CHECKS, &line("mobile"));
    assert!(sends(&checked(&mut client, &code("p1", "222222")), "sms"));

    let asked = |answer: &str| json!({ "number": NUMBER, "source": "reassigned numbers database", "reassigned": answer, "known_on": "2026-10-01" });
    recorded(&mut client, CHECKS, &asked("no"));
    let queued = accepted(&mut client, &in_a_moment(code("p1", "333333")));
    assert!(sends(&queued["decision"], "sms"), "{queued}");
    recorded(&mut client, CHECKS, &asked("yes"));
    let decision = checked(&mut client, &code("p1", "444444"));
    assert!(!sends(&decision, "sms") && stands_against(&decision, "TCP-18"), "{decision}");
    assert_eq!(ended(&mut client, &queued, "sms"), ("refused".to_owned(), "TCP-18".to_owned()));
    assert_eq!(clinic.sent().len(), 1, "the first, and nothing of what was queued");

    let list = client.get(CHECKS);
    assert_eq!(list.json()["number_checks"].as_array().expect("a list").len(), 4);
    assert!(!list.text().contains("2125550101"), "the number is not told again");
    holds(&mut clinic);
}

#[test]
fn a_number_verified_long_ago_is_used_again_once_it_was_looked_up() {
    let mut records = patient("p1", NUMBER, "pat@mail.example");
    records[1]["lastPerformed"] = json!("2025-01-01T10:00:00Z");
    let mut clinic = Clinic::new("stale-number", &records);
    let reminder = json!({
        "patient": "Patient/p1", "purpose": "billing", "channels": ["sms"],
        "template": { "name": "billing_statement", "data": { "amount": "40.00" } }
    });
    let data = clinic.data_text();
    let add = |body: &Value| {
        let mut child = Command::new(crate::clinic::POSTERN)
            .args(["number-check", "add", "--patient", "p1", "--data", &data, "--json"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        child.stdin.take().expect("piped").write_all(body.to_string().as_bytes()).expect("it reads");
        child.wait_with_output().expect("it ends")
    };
    clinic.serve();
    let before = checked(&mut clinic.client(), &reminder);
    assert!(stands_against(&before, "TCP-18"), "{before}");
    clinic.stop();

    // 47 CFR 64.1200(m): the answer is about a day; without it, it protects nobody.
    let without_day = json!({ "number": NUMBER, "source": "database", "reassigned": "no" });
    let refused = add(&without_day);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("known_on"));
    let mut whole = without_day;
    whole["known_on"] = json!("2025-01-01");
    assert_eq!(printed(&add(&whole))["number_checks"][0]["reassigned"], "no");
    let listed = printed(&postern(&["number-check", "list", "--patient", "p1", "--data", &data, "--json"]));
    assert_eq!(listed["number_checks"].as_array().expect("a list").len(), 1);

    clinic.serve();
    let after = checked(&mut clinic.client(), &reminder);
    assert!(!stands_against(&after, "TCP-18"), "{after}");
    holds(&mut clinic);
}

#[test]
fn a_look_up_that_says_nothing_or_of_another_number_or_of_tomorrow_is_not_recorded() {
    let mut clinic = Clinic::new("bad-checks", &patient("p1", NUMBER, "pat@mail.example"));
    clinic.serve();
    let mut client = clinic.client();
    let good = json!({ "number": NUMBER, "source": "database", "reassigned": "no", "known_on": "2026-10-01" });
    let with = |field: &str, value: Value| {
        let mut body = good.clone();
        body[field] = value;
        body
    };
    for (field, body) in [
        ("number", with("number", json!("+12125550199"))),
        ("number", with("number", json!("pat@mail.example"))),
        ("source", with("source", json!(""))),
        ("source", with("source", json!("two\nlines"))),
        ("checked_at", with("checked_at", json!("2099-01-01T00:00:00Z"))),
        ("known_on", with("known_on", json!("2099-01-01"))),
        ("reassigned", json!({ "number": NUMBER, "source": "database" })),
        ("reassigned", with("reassigned", json!("perhaps"))),
    ] {
        let answer = client.post(CHECKS, &body);
        assert_eq!((answer.status, &answer.json()["field"]), (422, &json!(field)), "{}", answer.text());
        assert!(!answer.text().contains("0199"), "no value is repeated");
    }
    assert_eq!(client.post("/v1/patients/nobody/number-checks", &good).status, 404);
    assert_eq!(client.get(CHECKS).json(), json!({ "number_checks": [] }));
    let made = client.post("/v1/keys", &json!({ "scopes": ["consent:read", "messages:write"] })).json();
    let mut reader = clinic.client_with(made["api_key"].as_str().expect("a key"));
    assert_eq!((reader.get(CHECKS).status, reader.post(CHECKS, &good).status), (200, 403));
    holds(&mut clinic);
}

const NOTICES: &str = "/v1/patients/p1/notices";

fn notice(kind: &str, answer: Option<&str>) -> Value {
    let mut body = json!({ "kind": kind, "how": "on paper at the desk" });
    if kind == "email_risk" {
        body["contact_point"] = json!("pat@mail.example");
    }
    if let Some(answer) = answer {
        body["answer"] = json!(answer);
    }
    body
}

/// Whether `rule` obliges the sender to something.
fn obliges(decision: &Value, rule: &str) -> bool {
    decision["obligations"].as_array().is_some_and(|all| all.iter().any(|one| one["rule"] == rule))
}

#[test]
fn who_accepts_the_risk_of_email_gets_clinical_mail_and_who_objects_gets_none_not_even_what_is_queued() {
    let mut records = patient("p1", NUMBER, "pat@mail.example");
    // Nobody verified the address, so that a code by mail, which no hours bind, may verify it.
    records.truncate(2);
    let mut clinic = Clinic::new("email-risk", &records);
    clinic.serve();
    let mut client = clinic.client();
    let clinical = json!({
        "patient": "Patient/p1", "purpose": "follow_up", "channels": ["email", "portal"], "email_mode": "enforced_tls",
        "content": { "subject": "After your visit", "body": "Please keep the bandage on your knee dry until Friday.", "level": "L2" }
    });
    assert!(stands_against(&checked(&mut client, &clinical), "PRI-22"));
    recorded(&mut client, NOTICES, &notice("email_risk", None));
    assert!(stands_against(&checked(&mut client, &clinical), "PRI-22"), "told, and nothing accepted");
    recorded(&mut client, NOTICES, &notice("email_risk", Some("accepts")));
    let decision = checked(&mut client, &clinical);
    assert!(!stands_against(&decision, "PRI-22"), "{decision}");

    let by_mail = |digits: &str| {
        let mut request = code("p1", digits);
        request["channels"] = json!(["email"]);
        request
    };
    let before = accepted(&mut client, &by_mail("222222"));
    assert_eq!(ended(&mut client, &before, "email").0, "delivered");
    let queued = accepted(&mut client, &in_a_moment(by_mail("333333")));
    assert!(sends(&queued["decision"], "email"), "{queued}");
    let said = recorded(&mut client, NOTICES, &notice("email_risk", Some("objects")));
    assert_eq!((&said["stands"], &said["contact_point_ends"]), (&json!(true), &json!("le")));
    let decision = checked(&mut client, &by_mail("444444"));
    assert!(!sends(&decision, "email") && stands_against(&decision, "PRI-22"), "{decision}");
    assert_eq!(ended(&mut client, &queued, "email").0, "refused");
    assert_eq!(clinic.sent().len(), 1, "the first, and nothing of what was queued");

    // Only the patient takes it back, and then it is taken back.
    recorded(&mut client, NOTICES, &notice("email_risk", Some("accepts")));
    assert!(sends(&checked(&mut client, &by_mail("555555")), "email"));
    let list = client.get(NOTICES);
    let stands: Vec<bool> =
        list.json()["notices"].as_array().expect("a list").iter().map(|one| one["stands"] == true).collect();
    assert_eq!(stands, [true, false, false, true], "told; accepted; objected; accepted again");
    assert!(!list.text().contains("pat@"), "the address is not told again");
    holds(&mut clinic);
}

#[test]
fn who_wants_to_hear_no_more_of_fundraising_hears_no_more_of_it() {
    let mut clinic = Clinic::new("fundraising", &patient("p1", NUMBER, "pat@mail.example"));
    clinic.serve();
    let mut client = clinic.client();
    let asks = json!({
        "patient": "Patient/p1", "purpose": "marketing", "channels": ["sms"],
        "content": { "body": "Sunrise Health: please support our new wing. Call 555-555-0100. Reply STOP to opt out", "level": "L1" },
        "marketing": { "kind": "fundraising", "remuneration": "none", "drug_lapsed_days": 0 }
    });
    assert!(!stands_against(&checked(&mut client, &asks), "PRI-13"));
    recorded(&mut client, NOTICES, &notice("fundraising", None));
    assert!(!stands_against(&checked(&mut client, &asks), "PRI-13"), "told of the right, and silent");
    recorded(&mut client, NOTICES, &notice("fundraising", Some("objects")));
    let decision = checked(&mut client, &asks);
    assert!(stands_against(&decision, "PRI-13"), "{decision}");
    recorded(&mut client, NOTICES, &notice("fundraising", Some("accepts")));
    assert!(!stands_against(&checked(&mut client, &asks), "PRI-13"), "of their own accord");
    holds(&mut clinic);
}

#[test]
fn the_notice_of_privacy_practices_is_offered_to_each_patient_and_counts_in_its_version() {
    let mut records = patient("p1", NUMBER, "pat@mail.example");
    records.extend(patient("p2", "+12125550102", "ola@mail.example"));
    let mut clinic = Clinic::new("privacy-notice", &records);
    let result = |patient: &str| {
        json!({
            "patient": format!("Patient/{patient}"), "purpose": "test_result", "channels": ["portal"],
            "content": { "body": "Your HbA1c came back at 8.2 %." }
        })
    };
    clinic.serve();
    assert!(!obliges(&checked(&mut clinic.client(), &result("p1")), "PRI-18"), "nobody says which notice is in force");
    clinic.stop();

    // What is true of one patient is no setting of the practice.
    let head = "[tenant.clinic.deployment]\n";
    clinic.configure(head, "[tenant.clinic.deployment]\nprivacy_notice = true\n");
    let refused = postern(&["notice", "list", "--patient", "p1", "--data", &clinic.data_text()]);
    let why = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(refused.status.code() == Some(3) && why.contains("deployment.privacy_notice"), "{why}");
    clinic.configure("privacy_notice = true\n", "privacy_notice_version = \"2026-02\"\n");
    clinic.serve();
    let mut client = clinic.client();
    let mut given = notice("privacy_practices", Some("accepts"));
    assert_eq!(client.post(NOTICES, &given).json()["field"], "version");
    for (version, still) in [("2025-01", true), ("2026-02", false)] {
        given["version"] = json!(version);
        recorded(&mut client, NOTICES, &given);
        assert_eq!(obliges(&checked(&mut client, &result("p1")), "PRI-18"), still, "{version}");
    }
    assert!(obliges(&checked(&mut client, &result("p2")), "PRI-18"), "another patient was offered nothing");
    holds(&mut clinic);
}

#[test]
fn who_asked_not_to_be_called_to_sell_is_not_for_five_years_on_any_record_with_that_number() {
    let mut records = patient("p1", NUMBER, "pat@mail.example");
    records.extend(patient("p2", NUMBER, "ola@mail.example"));
    let mut clinic = Clinic::new("do-not-call", &records);
    let head = "[tenant.clinic.deployment]\n";
    clinic.configure(head, "[tenant.clinic.deployment]\ndo_not_call = { national = [], own = [] }\n");
    clinic.serve();
    let mut client = clinic.client();
    let offer = |patient: &str| {
        json!({
            "patient": format!("Patient/{patient}"), "purpose": "marketing", "channels": ["sms"],
            "content": { "body": "Sunrise Health: our open house is on Saturday. Call 555-555-0100. Reply STOP to opt out", "level": "L1" },
            "marketing": { "kind": "own_service", "remuneration": "none", "drug_lapsed_days": 0 }
        })
    };
    let path = "/v1/patients/p1/do-not-call";
    let refused = |patient: &str| stands_against(&checked(&mut clinic.client(), &offer(patient)), "TCP-10");
    assert!(!refused("p1"));
    let old = recorded(&mut client, path, &json!({ "number": NUMBER, "asked_at": "2019-01-01T12:00:00Z" }));
    assert_eq!(old, json!({ "do_not_call": [] }), "the five years are over");
    assert!(!refused("p1"));
    let asked = json!({ "number": NUMBER, "asked_at": "2025-01-01T12:00:00Z" });
    let stands = json!({ "do_not_call": [
        { "number_ends": "01", "asked_at": "2025-01-01T12:00:00Z", "until": "2030-01-01T12:00:00Z" }
    ] });
    assert_eq!(recorded(&mut client, path, &asked), stands);
    assert!(refused("p1") && refused("p2"), "the number is the other's too");
    assert_eq!(client.get("/v1/patients/p2/do-not-call").json(), stands);
    let back = json!({ "number": NUMBER, "withdrawn": true });
    assert_eq!(recorded(&mut client, path, &back), json!({ "do_not_call": [] }));
    assert!(!refused("p1") && !refused("p2"));
    assert_eq!(client.post(path, &json!({ "number": "+12125550199" })).json()["field"], "number");
    holds(&mut clinic);
}

#[test]
fn no_copy_is_shown_on_pages_of_which_nobody_says_that_no_tracker_runs_there() {
    let mut clinic = Clinic::new("trackers", &patient("p1", NUMBER, "pat@mail.example"));
    let result = json!({
        "patient": "Patient/p1", "purpose": "test_result", "channels": ["portal"],
        "content": { "body": "Your HbA1c came back at 8.2 %." }
    });
    for (from, to, stands) in [
        ("no_trackers = true", "# no_trackers", true),
        ("# no_trackers", "no_trackers = false #", true),
        ("no_trackers = false #", "no_trackers = true #", false),
    ] {
        clinic.configure(from, to);
        clinic.serve();
        let decision = checked(&mut clinic.client(), &result);
        assert_eq!((stands_against(&decision, "CHT-02"), sends(&decision, "portal")), (stands, !stands), "{decision}");
        clinic.stop();
    }
}
