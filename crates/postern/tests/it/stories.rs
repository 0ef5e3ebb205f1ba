//! What Postern is for, told as it happens in the demo's clinic.

use crate::clinic::{eventually, postern, printed};
use crate::demo::{Demo, against, bill, planned};
use serde_json::{Value, json};

#[test]
fn a_morning_in_the_clinic_says_to_each_what_may_be_said() {
    let demo = Demo::start("morning");
    // A reminder goes out as a short text beside the portal copy.
    let ordinary = demo.decision("p01", "", 0);
    assert_eq!((planned(ordinary, "sms"), planned(ordinary, "portal")), (Some("minimal"), Some("full")), "{ordinary}");
    // Who said no to texts gets none.
    for opted_out in ["p29", "p30"] {
        assert_eq!(planned(demo.decision(opted_out, "", 0), "sms"), None);
    }
    // Nobody verified this number, and nobody knows who gave that one.
    assert_eq!(planned(demo.decision("p33", "", 0), "sms"), None);
    assert_eq!(planned(demo.decision("p47", "", 0), "sms"), None);
    // 45 CFR 164.522(b): one may be texted only, the other mailed only.
    let texted = demo.decision("p31", "", 0);
    assert_eq!(planned(texted, "email"), None);
    assert!(against(texted, "email").contains(&"PRI-20"), "{texted}");
    let mailed = demo.decision("p32", "", 0);
    assert_eq!(planned(mailed, "sms"), None);
    assert!(against(mailed, "sms").contains(&"PRI-20"), "{mailed}");
    // A shared phone hears no more than that there is something.
    assert_eq!(planned(demo.decision("p34", "", 0), "sms"), Some("notice"));
    // The voice vendor's agreement is over.
    assert!(against(demo.decision("p41", "", 0), "voice").contains(&"SEC-12"));
    // It is early in California.
    let early = demo.decision("p42", "", 0);
    let text = early["deliveries"].as_array().unwrap().iter().find(|d| d["channel"] == "sms").expect("a text, later");
    assert!(text["not_before"].is_string(), "{early}");
    assert_eq!(demo.decision("p45", "deceased", 0)["outcome"], "hold");
    assert_eq!(demo.decision("p46", "cancelled", 0)["outcome"], "refuse");
    assert_eq!(demo.decision("p06", "the same again", 0)["outcome"], "refuse");
    let outcomes: Vec<&str> = demo.morning.iter().filter_map(|line| line["decision"]["outcome"].as_str()).collect();
    assert_eq!(outcomes.len(), demo.morning.len() - 1, "every line but the summary is a decision");
}

#[test]
fn a_value_is_refused_by_text_and_becomes_a_portal_copy_with_a_notice() {
    let mut demo = Demo::start("value");
    let refused = demo.decision("p04", "by text only", 0).clone();
    assert_eq!(refused["outcome"], "refuse");
    let reasons = refused["refusals"].as_array().unwrap();
    let reason = reasons.iter().find(|r| r["channel"] == "sms").expect("a reason");
    for part in ["rule", "citation", "sentence"] {
        assert!(reason[part].as_str().is_some_and(|text| !text.is_empty()), "{reason}");
    }
    assert!(!refused.to_string().contains("8.2"), "a reason holds no value: {refused}");
    let redirected = demo.decision("p04", "any way", 0);
    assert_eq!(planned(redirected, "portal"), Some("full"), "{redirected}");
    let notice = planned(redirected, "sms").or(planned(redirected, "email"));
    assert_eq!(notice, Some("notice"), "{redirected}");
    // The copy is read through the API, in full; what arrived outside says nothing of it.
    let copies = demo.client.get("/v1/patients/p04/portal-copies").json();
    let bodies: Vec<&str> = copies["copies"].as_array().unwrap().iter().filter_map(|c| c["body"].as_str()).collect();
    assert!(bodies.iter().any(|body| body.contains("8.2 %")), "{copies}");
    let page = demo.client.get("/simulator").text();
    assert!(page.contains("Sunrise Health") && !page.contains("8.2"), "nothing of the value left");
}

#[test]
fn stop_stops_the_next_message_and_the_one_that_is_queued() {
    let mut demo = Demo::start("stop");
    let now = demo.send(&bill("p10", "10.00"));
    let id = now["id"].as_str().unwrap();
    let accepted: jiff::Timestamp =
        demo.client.get(&format!("/v1/messages/{id}")).json()["accepted_at"].as_str().unwrap().parse().unwrap();
    // One is already queued when the patient answers.
    let mut later = bill("p11", "20.00");
    later["send_at"] = json!((accepted + jiff::SignedDuration::from_secs(4)).to_string());
    later["channels"] = json!(["sms", "portal"]);
    let queued = demo.send(&later);
    assert!(planned(&queued["decision"], "sms").is_some(), "{queued}");
    demo.reply("+12125550111", "STOP");
    let next = eventually("the next text is refused", || {
        let body = bill("p11", "30.00");
        let answer = demo.client.post("/v1/messages:check", &body).json();
        planned(&answer, "sms").is_none().then_some(answer)
    });
    assert!(!against(&next, "sms").is_empty(), "{next}");
    let id = queued["id"].as_str().unwrap().to_owned();
    let ended = eventually("the queued text ends", || {
        let message = demo.client.get(&format!("/v1/messages/{id}")).json();
        let text = message["deliveries"].as_array()?.iter().find(|d| d["channel"] == "sms")?.clone();
        ["refused", "delivered", "sent", "failed"].contains(&text["state"].as_str()?).then_some(text)
    });
    assert_eq!(ended["state"], "refused", "{ended}");
    // The patient hears once that it was heard.
    let confirmed = eventually("the confirmation arrives", || {
        let page = demo.client.get("/simulator").text();
        page.contains("no more texts").then_some(page)
    });
    assert!(!confirmed.contains("$20.00"));
}

#[test]
fn an_agreement_that_ends_stops_its_vendor_at_once_also_for_what_is_queued() {
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
    let state = eventually("the queued text ends", || {
        let message = demo.client.get(&format!("/v1/messages/{id}")).json();
        let text = message["deliveries"].as_array()?.iter().find(|d| d["channel"] == "sms")?.clone();
        let state = text["state"].as_str()?.to_owned();
        (state != "queued" && state != "waiting").then_some(state)
    });
    assert!(["refused", "held"].contains(&state.as_str()), "{state}");
}

#[test]
fn every_answer_of_the_demo_can_be_proved_and_its_ledger_verifies_while_it_runs() {
    let mut demo = Demo::start("proof");
    let sent = demo.send(&bill("p15", "10.00"));
    let id = sent["id"].as_str().unwrap().to_owned();
    let proof = demo.client.get(&format!("/v1/messages/{id}/proof"));
    assert_eq!(proof.status, 200);
    assert!(proof.text().starts_with("c2sp.org/tlog-proof@v1\n"), "{}", proof.text());
    let checkpoint = demo.client.get("/ledger/checkpoint");
    assert_eq!(checkpoint.status, 200, "{}", checkpoint.text());
    let data = demo.folder.join("data");
    let report = postern(&["verify", "--data", data.to_str().unwrap(), "--message", &id, "--json"]);
    let verdict: Value = printed(&report);
    assert_eq!(report.status.code(), Some(0), "{verdict}");
    assert!(verdict["rows"].as_u64().is_some_and(|rows| rows > 100), "{verdict}");
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
