//! The demo's clinic in detail: what each situation allows, and what a change does to what is already queued.

use crate::story::Demo;
use serde_json::{Value, json};

/// The nth decision of the morning for a patient whose note holds `note`.
fn decision<'a>(demo: &'a Demo, patient: &str, note: &str) -> &'a Value {
    let found = demo
        .told
        .iter()
        .find(|line| line["patient"] == patient && line["note"].as_str().is_some_and(|n| n.contains(note)));
    &found.unwrap_or_else(|| panic!("nothing was decided for {patient}"))["decision"]
}

/// A bill: it has no event, so it is never the same message twice when the amount differs.
fn bill(patient: &str, amount: &str) -> Value {
    json!({
        "patient": format!("Patient/{patient}"), "purpose": "billing",
        "template": { "name": "billing_statement", "data": { "amount": amount } }
    })
}

/// Whether a decision plans something on `channel`, and in which form.
fn planned<'a>(decision: &'a Value, channel: &str) -> Option<&'a str> {
    decision["deliveries"].as_array()?.iter().find(|d| d["channel"] == channel)?["form"].as_str()
}

/// The rules against `channel`.
fn against<'a>(decision: &'a Value, channel: &str) -> Vec<&'a str> {
    let all = decision["refusals"].as_array().map(Vec::as_slice).unwrap_or_default();
    all.iter().filter(|r| r["channel"] == channel).filter_map(|r| r["rule"].as_str()).collect()
}

#[test]
fn a_morning_in_the_clinic_says_to_each_what_may_be_said() {
    let demo = Demo::start("morning");
    // A reminder goes out as a short text beside the portal copy.
    let ordinary = decision(&demo, "p01", "");
    assert_eq!((planned(ordinary, "sms"), planned(ordinary, "portal")), (Some("minimal"), Some("full")), "{ordinary}");
    // Who said no to texts gets none.
    for opted_out in ["p29", "p30"] {
        assert_eq!(planned(decision(&demo, opted_out, ""), "sms"), None);
    }
    // Nobody verified this number, and nobody knows who gave that one.
    assert_eq!(planned(decision(&demo, "p33", ""), "sms"), None);
    assert_eq!(planned(decision(&demo, "p47", ""), "sms"), None);
    // 45 CFR 164.522(b): one may be texted only, the other mailed only.
    let texted = decision(&demo, "p31", "");
    assert_eq!(planned(texted, "email"), None);
    assert!(against(texted, "email").contains(&"PRI-20"), "{texted}");
    let mailed = decision(&demo, "p32", "");
    assert_eq!(planned(mailed, "sms"), None);
    assert!(against(mailed, "sms").contains(&"PRI-20"), "{mailed}");
    // A shared phone hears no more than that there is something.
    assert_eq!(planned(decision(&demo, "p34", ""), "sms"), Some("notice"));
    // The voice vendor's agreement is over.
    assert!(against(decision(&demo, "p41", ""), "voice").contains(&"SEC-12"));
    // It is early in California.
    let early = decision(&demo, "p42", "");
    let text = early["deliveries"].as_array().unwrap().iter().find(|d| d["channel"] == "sms").expect("a text, later");
    assert!(text["not_before"].is_string(), "{early}");
    assert_eq!(decision(&demo, "p45", "deceased")["outcome"], "hold");
    assert_eq!(decision(&demo, "p46", "cancelled")["outcome"], "refuse");
    assert_eq!(decision(&demo, "p06", "the same again")["outcome"], "refuse");
}

#[test]
fn an_agreement_that_ends_stops_also_what_is_queued() {
    let mut demo = Demo::start("agreement");
    let first = demo.send(&bill("p12", "10.00"));
    assert!(planned(&first["decision"], "sms").is_some(), "{first}");
    let vendors = demo.client.get("/v1/vendors").json();
    let mut row = vendors["vendors"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["service"] == "messaging")
        .expect("the text vendor")
        .clone();
    let id = first["id"].as_str().unwrap();
    let accepted: jiff::Timestamp =
        demo.client.get(&format!("/v1/messages/{id}")).json()["accepted_at"].as_str().unwrap().parse().unwrap();
    let mut later = bill("p13", "10.00");
    later["send_at"] = json!((accepted + jiff::SignedDuration::from_secs(4)).to_string());
    later["channels"] = json!(["sms", "portal"]);
    let queued = demo.send(&later);
    row["agreement"]["expires"] = json!("2020-02-02");
    assert_eq!(demo.client.put("/v1/vendors", &row).status, 204);
    let after = demo.send(&bill("p14", "10.00"));
    assert_eq!(planned(&after["decision"], "sms"), None, "{after}");
    assert!(against(&after["decision"], "sms").contains(&"SEC-12"), "{after}");
    let id = queued["id"].as_str().unwrap().to_owned();
    let state = crate::clinic::eventually("the queued text ends", || {
        let message = demo.client.get(&format!("/v1/messages/{id}")).json();
        let text = message["deliveries"].as_array()?.iter().find(|d| d["channel"] == "sms")?.clone();
        let state = text["state"].as_str()?.to_owned();
        (state != "queued" && state != "waiting").then_some(state)
    });
    assert!(["refused", "held"].contains(&state.as_str()), "{state}");
}

#[test]
fn the_pages_of_the_demo_are_for_this_machine_only_and_allow_no_script() {
    let mut demo = Demo::start("pages");
    for path in ["/", "/simulator", "/simulator/style.css"] {
        let page = demo.client.get(path);
        assert_eq!(page.status, 200, "{path}");
        let policy = page.header("content-security-policy").expect("a policy").to_owned();
        assert!(policy.contains("default-src 'none'") && !policy.contains("script"), "{policy}");
        assert!(!page.text().contains("<script"));
        let elsewhere = demo.client.call("GET", path, &[("Sec-Fetch-Site", "cross-site")], b"").expect("an answer");
        assert_eq!(elsewhere.status, 403, "{path}");
    }
}
