//! The main job, as stories over the demo: the real binary, its API, its simulated vendors, ten in the morning in New York.

use crate::client::{Answer, Client};
use crate::clinic::{Folder, POSTERN, eventually, free_port, postern};
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

/// A demo that runs until the test is over.
pub(crate) struct Demo {
    folder: Folder,
    child: Child,
    pub(crate) client: Client,
    /// The morning's messages as the demo told them, and the summary.
    pub(crate) told: Vec<Value>,
}

impl Demo {
    pub(crate) fn start(name: &str) -> Self {
        let folder = Folder::new(name);
        let address = free_port();
        let log = std::fs::File::create(folder.join("demo.log")).expect("the log can be written");
        let mut child = Command::new(POSTERN)
            .args(["demo", "--json", "--listen", &address.to_string(), "--data"])
            .arg(folder.join("data"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("the binary runs");
        let mut told = Vec::new();
        let mut key = None;
        for line in BufReader::new(child.stdout.take().expect("piped")).lines().map_while(Result::ok) {
            let line: Value = serde_json::from_str(&line).expect("JSON lines");
            if let Some(said) = line["api_key"].as_str() {
                key = Some(said.to_owned());
                break;
            }
            told.push(line);
        }
        let key = key.expect("the demo gives a key");
        let mut demo = Self { folder, child, client: Client::new(address, &key), told };
        eventually("the demo answers", || {
            demo.client.call("GET", "/readyz", &[], b"").is_ok_and(|answer| answer.status == 200).then_some(())
        });
        demo
    }

    pub(crate) fn send(&mut self, body: &Value) -> Value {
        let answer = self.client.post("/v1/messages", body);
        assert_eq!(answer.status, 202, "{}", answer.text());
        answer.json()
    }

    /// Plays a patient at the simulator.
    fn reply(&mut self, from: &str, text: &str) -> Answer {
        let form = format!("from={}&text={}", from.replace('+', "%2B"), text.replace(' ', "+"));
        let form_type = [("Content-Type", "application/x-www-form-urlencoded")];
        self.client.call("POST", "/simulator/reply", &form_type, form.as_bytes()).expect("an answer")
    }

    /// The message once it has come to an end.
    fn ended(&mut self, accepted: &Value) -> Value {
        let id = accepted["id"].as_str().expect("an id").to_owned();
        eventually("the message comes to an end", || {
            let message = self.client.get(&format!("/v1/messages/{id}")).json();
            let state = message["state"].as_str().unwrap_or_default().to_owned();
            matches!(state.as_str(), "delivered" | "refused" | "failed" | "expired" | "unknown").then_some(message)
        })
    }

    /// The number of a patient of the demo, as a decision names it.
    fn number(&self, patient: &str) -> String {
        self.told
            .iter()
            .filter(|line| line["patient"] == patient)
            .flat_map(|line| line["decision"]["deliveries"].as_array().cloned().unwrap_or_default())
            .find(|delivery| delivery["channel"] == "sms")
            .and_then(|delivery| delivery["contact_point"].as_str().map(str::to_owned))
            .unwrap_or_else(|| panic!("{patient} has no number in the morning's decisions"))
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A statement by text: the morning's reminders used up the day's cap on automated messages of care (RULES TCP-03).
fn statement(patient: &str, amount: &str) -> Value {
    json!({
        "patient": format!("Patient/{patient}"), "purpose": "billing", "channels": ["sms"],
        "template": { "name": "billing_statement", "data": { "amount": amount } }
    })
}

fn delivery<'a>(answer: &'a Value, channel: &str) -> Option<&'a Value> {
    answer["deliveries"].as_array()?.iter().find(|delivery| delivery["channel"] == channel)
}

#[test]
fn a_reminder_goes_out_as_minimal_and_a_result_stays_behind_the_portals_door() {
    let mut demo = Demo::start("story-result");
    let reminder = demo.told.iter().find(|line| line["patient"] == "p07").expect("told").clone();
    assert_eq!(reminder["decision"]["outcome"], "send");
    assert_eq!(delivery(&reminder["decision"], "sms").expect("a text")["form"], "minimal", "{reminder}");

    let words = "Your HbA1c came back at 8.2 %.";
    let by_text = demo.send(&json!({
        "patient": "Patient/p07", "purpose": "test_result", "channels": ["sms"], "content": { "body": words }
    }));
    assert_eq!(by_text["decision"]["outcome"], "refuse", "{by_text}");
    let reason = &by_text["decision"]["refusals"][0];
    for part in ["rule", "citation", "sentence"] {
        assert!(reason[part].as_str().is_some_and(|text| text.len() > 3), "{part}: {reason}");
    }
    assert!(demo.ended(&by_text)["deliveries"].as_array().is_none_or(|d| d.iter().all(|d| d["state"] == "refused")));

    let any_way = demo.send(&json!({
        "patient": "Patient/p07", "purpose": "test_result", "content": { "body": words }
    }));
    let decision = &any_way["decision"];
    assert_eq!(delivery(decision, "portal").expect("the copy")["form"], "full", "{decision}");
    let notice = decision["deliveries"].as_array().expect("a plan").iter().find(|d| d["channel"] != "portal");
    assert_eq!(notice.expect("a contact")["form"], "notice", "{decision}");
    assert_eq!(notice.expect("a contact")["level"], "L0", "{decision}");
    assert_eq!(demo.ended(&any_way)["state"], "delivered");

    let copies = demo.client.get("/v1/patients/p07/portal-copies");
    assert!(copies.text().contains(words), "{}", copies.text());
    let arrived = demo.client.get("/simulator").text();
    assert!(!arrived.contains("HbA1c") && !arrived.contains("8.2"), "the value is on an open channel");
}

#[test]
fn stop_refuses_the_next_text_at_once_and_what_is_already_queued() {
    let mut demo = Demo::start("story-stop");
    let number = demo.number("p08");
    let last = demo.told.iter().filter_map(|line| line["message"].as_str()).next_back().expect("a message").to_owned();
    let accepted_at = demo.client.get(&format!("/v1/messages/{last}")).json()["accepted_at"].clone();
    let demo_time: jiff::Timestamp = accepted_at.as_str().and_then(|at| at.parse().ok()).expect("the demo's clock");
    let mut queued = statement("p08", "31.00");
    queued["send_at"] = json!((demo_time + jiff::SignedDuration::from_secs(10)).to_string());
    let queued = demo.send(&queued);
    assert_ne!(queued["decision"]["outcome"], "refuse", "{queued}");

    assert_eq!(demo.reply(&number, "pls STOP texting me").status, 303);
    let next = eventually("the opt-out is known", || {
        let answer = demo.client.post("/v1/messages:check", &statement("p08", "47.00")).json();
        (answer["outcome"] == "refuse").then_some(answer)
    });
    let rules: Vec<&str> =
        next["refusals"].as_array().expect("reasons").iter().filter_map(|r| r["rule"].as_str()).collect();
    assert!(rules.iter().any(|rule| ["TCP-11", "TCP-14", "SYS-03"].contains(rule)), "{rules:?}");

    let ended = demo.ended(&queued);
    assert_eq!(ended["state"], "refused", "{ended}");
    assert_eq!(ended["deliveries"][0]["attempts"], 0, "{ended}");
}

#[test]
fn a_wrong_number_is_used_again_only_once_it_is_recorded_that_the_number_was_verified_since() {
    let mut demo = Demo::start("story-wrong-number");
    let number = demo.number("p09");
    let against = |demo: &mut Demo, rule: &str| {
        let answer = demo.client.post("/v1/messages:check", &statement("p09", "31.00")).json();
        answer["refusals"].as_array().is_some_and(|all| all.iter().any(|refusal| refusal["rule"] == rule))
    };
    assert!(!against(&mut demo, "TCP-19") && !against(&mut demo, "EML-03"));
    assert_eq!(demo.reply(&number, "Wrong number, I am not her").status, 303);
    eventually("the reply is heard", || against(&mut demo, "TCP-19").then_some(()));
    let path = "/v1/patients/p09/verifications";
    let found = |verified: bool| json!({ "contact_point": number, "verified": verified, "how": "called the patient" });
    let mut early = found(true);
    early["at"] = json!("2020-01-01T00:00:00Z");
    assert_eq!(demo.client.post(path, &early).status, 201);
    assert!(against(&mut demo, "TCP-19"), "what was found out before says nothing of since");
    assert_eq!(demo.client.post(path, &found(true)).status, 201);
    assert!(!against(&mut demo, "TCP-19") && !against(&mut demo, "EML-03"));
    let not_theirs = demo.client.post(path, &found(false));
    assert_eq!(not_theirs.json()["contact_point_ends"].as_str().map(str::len), Some(2), "{}", not_theirs.text());
    assert!(against(&mut demo, "EML-03"), "it is not theirs after all");
    assert_eq!(demo.client.get(path).json()["verifications"].as_array().map(Vec::len), Some(3));
}

#[test]
fn an_agreement_that_ends_stops_its_vendor_that_minute() {
    let mut demo = Demo::start("story-agreement");
    let before = demo.client.post("/v1/messages:check", &statement("p09", "31.00")).json();
    assert_eq!(before["outcome"], "send", "{before}");
    let rows = demo.client.get("/v1/vendors").json();
    let mut row =
        rows["vendors"].as_array().expect("rows").iter().find(|row| row["service"] == "messaging").expect("it").clone();
    row["agreement"]["expires"] = json!("2020-01-02");
    assert_eq!(demo.client.put("/v1/vendors", &row).status, 204);
    let after = demo.send(&statement("p09", "31.00"));
    assert_eq!(after["decision"]["outcome"], "refuse", "{after}");
    assert!(after["decision"]["refusals"].to_string().contains("SEC-12"), "{after}");
}

#[test]
fn what_the_demo_did_is_on_a_record_that_verifies() {
    let mut demo = Demo::start("story-verify");
    let sent = demo.send(&statement("p10", "31.00"));
    assert_eq!(demo.ended(&sent)["state"], "delivered");
    let proof = demo.client.get(&format!("/v1/messages/{}/proof", sent["id"].as_str().expect("an id")));
    assert!(proof.text().starts_with("c2sp.org/tlog-proof@v1"), "{}", proof.text());
    assert!(demo.client.get("/ledger/checkpoint").text().lines().count() >= 4);
    let data = demo.folder.join("data");
    let verified = postern(&["verify", "--json", "--data", data.to_str().expect("UTF-8")]);
    assert_eq!(verified.status.code(), Some(0), "{}", String::from_utf8_lossy(&verified.stdout));
}

#[test]
fn the_demo_shows_every_situation_with_a_reason_for_each_refusal() {
    let demo = Demo::start("story-morning");
    let morning: Vec<&Value> = demo.told.iter().filter(|line| line["decision"].is_object()).collect();
    assert!(morning.len() >= 50, "{}", morning.len());
    for outcome in ["send", "refuse", "hold"] {
        assert!(morning.iter().any(|line| line["decision"]["outcome"] == outcome), "no {outcome}");
    }
    for line in morning.iter().filter(|line| line["decision"]["outcome"] != "send") {
        let reasons = line["decision"]["refusals"].as_array().map_or(0, Vec::len);
        assert!(reasons > 0 || !line["decision"]["alerts"].as_array().is_none_or(Vec::is_empty), "{line}");
    }
    let patients: std::collections::BTreeSet<&str> =
        morning.iter().filter_map(|line| line["patient"].as_str()).collect();
    assert_eq!(patients.len(), 50);
}
