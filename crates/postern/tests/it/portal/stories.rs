//! More stories in the real browser: who stands for somebody, who guesses, who comes back, who uses no mouse. Who they are was made
//! beforehand over HTTP, so that each story begins where it matters.

use super::browser::{Browser, Enrolled};
use super::ward::{readable, sent_of};
use super::{Running, browser, tell};
use crate::client::Client;
use crate::clinic::{Clinic, POSTERN, eventually, free_port, patient, pause};
use postern_base::Clock as _;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

/// What a story needs to know of somebody who enrolled.
pub(super) fn known_of(somebody: &Enrolled, root: &str) -> Value {
    let cookies: Vec<Value> = somebody
        .browser
        .cookies
        .iter()
        .map(|(name, value)| json!({ "name": name, "value": value, "url": root }))
        .collect();
    json!({
        "root": root, "base": format!("{root}{}", somebody.browser.base), "cookies": cookies, "login": somebody.name,
        "key": somebody.key, "password": super::browser::PASSWORD, "offset": somebody.browser.ahead, "never": ["8.2", "Beech"],
    })
}

/// `known` with `more`.
pub(super) fn and(mut known: Value, more: &Value) -> Value {
    for (key, value) in more.as_object().expect("a table") {
        known[key.as_str()] = value.clone();
    }
    known
}

impl Running {
    pub(super) fn root(&self) -> (String, SocketAddr, String) {
        let portal = self.said["portal"].as_str().expect("an address").trim_end_matches('/');
        let (root, tenant) = portal.split_once("/p/").expect("a path");
        let port = root.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
        (root.to_owned(), SocketAddr::from(([127, 0, 0, 1], port)), tenant.to_owned())
    }

    /// Where it listens.
    pub(super) fn address(&self) -> SocketAddr {
        self.root().1
    }

    /// A browser that knows nothing.
    pub(super) fn stranger(&self) -> Browser {
        let (_, address, tenant) = self.root();
        let mut browser = Browser::new(address, &tenant);
        browser.ahead = self.offset;
        browser
    }

    /// Enrols the patient of the `nth` invitation.
    pub(super) fn enrolled(&self, nth: usize, name: &str) -> Enrolled {
        let invited = &self.said["invitations"][nth];
        let born: Vec<&str> = invited["born"].as_str().expect("a date").split('-').collect();
        let browser = self.stranger();
        let family = invited["family_name"].as_str().expect("a name");
        browser.enrol_as((born[0], born[1], born[2]), family, invited["code"].as_str().expect("a code"), name)
    }

    pub(super) fn client(&self) -> Client {
        Client::new(self.root().1, self.said["api_key"].as_str().expect("a key"))
    }

    /// Ends it as an operator would, and serves what it left behind by the machine's own clock.
    pub(super) fn end_and_serve(&mut self) -> Serving {
        let told = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().expect("kill runs");
        assert!(told.success() && self.child.wait().expect("it ended").success());
        let address = free_port();
        let data = self.folder.join("data");
        let child = Command::new(POSTERN)
            .args(["serve", "--listen", &address.to_string(), "--data", data.to_str().expect("UTF-8")])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary runs");
        let serving = Serving { child, address };
        eventually("it is ready", || {
            let ready = Client::new(address, "").call("GET", "/readyz", &[], b"");
            ready.is_ok_and(|answer| answer.status == 200).then_some(())
        });
        serving
    }
}

/// A server over a data directory of somebody else.
pub(super) struct Serving {
    child: Child,
    pub(super) address: SocketAddr,
}

impl Drop for Serving {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A boy of twelve with his mother on the record, and whether she may act for him.
fn family(grant: &str, born: &str) -> Vec<Value> {
    let mut all = patient("p1", "+12125550101", "pat@mail.example");
    all[0]["birthDate"] = json!(born);
    all[0]["name"] = json!([{ "use": "official", "family": "Beech", "given": ["Rowan"] }]);
    all.push(json!({
        "resourceType": "RelatedPerson", "id": "r1", "active": true, "patient": { "reference": "Patient/p1" },
        "relationship": [{ "coding": [{ "system": "http://terminology.hl7.org/CodeSystem/v3-RoleCode", "code": "NMTH" }] }],
    }));
    all.push(json!({
        "resourceType": "Consent", "id": "g1", "status": grant,
        "scope": { "coding": [{ "system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy" }] },
        "category": [{ "coding": [{ "system": "https://postern.example/fhir/CodeSystem/postern-consent", "code": "proxy-communication" }] }],
        "patient": { "reference": "Patient/p1" }, "dateTime": "2026-02-01T10:00:00-05:00",
        "provision": { "type": "permit", "actor": [{ "role": { "text": "proxy" }, "reference": { "reference": "RelatedPerson/r1" } }] },
    }));
    all
}

#[test]
fn a_mother_reads_for_her_son_never_what_is_his_alone_and_nothing_once_he_is_of_age() {
    let Some(peers) = browser() else { return };
    let mut clinic = Clinic::new("story-proxy", &family("active", "2014-05-05"));
    let address = clinic.serve();
    let open = sent_of(&mut clinic.client(), "p1", "Your HbA1c came back at 8.2 %.", &json!([]));
    let alone = "Your chlamydia test came back negative. Its number is 8.2.";
    let hidden = sent_of(&mut clinic.client(), "p1", alone, &json!(["minor_confidential"]));
    let invited = clinic.client().post("/v1/patients/p1/portal-invitations", &json!({ "person": "RelatedPerson/r1" }));
    let code = invited.json()["code"].as_str().unwrap_or_else(|| panic!("{}", invited.text())).to_owned();
    let mother = Browser::new(address, "clinic").enrol_as(("2014", "05", "05"), "Beech", &code, "mother");
    let of_mother = |address: SocketAddr| known_of(&mother, &format!("http://localhost:{}", address.port()));
    let more = json!({ "open": open, "hidden": hidden, "son": "Rowan", "ended": false });
    tell(&peers, "proxy", &and(of_mother(address), &more));
    for (resources, why) in [(family("inactive", "2014-05-05"), "revoked"), (family("active", "2008-05-05"), "of-age")]
    {
        clinic.stop();
        clinic.import(&resources);
        let address = clinic.serve();
        tell(&peers, "proxy", &and(of_mother(address), &json!({ "open": open, "hidden": hidden, "ended": why })));
    }
}

#[test]
fn a_girl_of_fourteen_asks_that_her_mother_reads_no_more_and_a_practice_sends_her_a_file() {
    let Some(peers) = browser() else { return };
    let mut clinic = Clinic::new("story-minor", &family("active", "2012-05-05"));
    let address = clinic.serve();
    let invite = |body: &Value| {
        let invited = clinic.client().post("/v1/patients/p1/portal-invitations", body);
        invited.json()["code"].as_str().unwrap_or_else(|| panic!("{}", invited.text())).to_owned()
    };
    let (for_mother, own) = (invite(&json!({ "person": "RelatedPerson/r1" })), invite(&json!({})));
    let born = ("2012", "05", "05");
    let mut mother = Browser::new(address, "clinic").enrol_as(born, "Beech", &for_mother, "mother");
    let girl = Browser::new(address, "clinic").enrol_as(born, "Beech", &own, "girl");
    let request = json!({
        "patient": "Patient/p1", "purpose": "treatment_update",
        "content": { "body": "Here is the plan for your knee.", "level": "L2" }
    });
    let form = format!(
        "--b\r\nContent-Disposition: form-data; name=\"request\"\r\n\r\n{request}\r\n--b\r\nContent-Disposition: form-data; \
         name=\"file\"; filename=\"plan.txt\"\r\n\r\nTen steps a day.\r\n--b--\r\n"
    );
    let headers = [("Content-Type", "multipart/form-data; boundary=b")];
    let sent = clinic.client().call("POST", "/v1/messages", &headers, form.as_bytes()).unwrap();
    let id = sent.json()["id"].as_str().unwrap_or_else(|| panic!("{}", sent.text())).to_owned();
    readable(&mut clinic.client(), &id);
    let known = known_of(&girl, &format!("http://localhost:{}", address.port()));
    tell(&peers, "minor", &and(known, &json!({ "message": id, "file": "Ten steps a day." })));
    // The story took longer than a connection stands open.
    mother.browser = mother.browser.at(address);
    assert_eq!(mother.browser.get(&format!("/messages/{id}")).status, 200, "the practice decides, and has not yet");
    let wishes = clinic.client().get("/v1/wishes").json();
    let newest = &wishes["wishes"][0];
    assert_eq!(
        (newest["wish"].as_str(), newest["person"].as_str()),
        (Some("proxy_end"), Some("RelatedPerson/r1")),
        "{wishes}"
    );
    let metrics = clinic.client().get("/metrics").text();
    assert!(metrics.contains("postern_alerts_total{rule=\"PRI-05\"} 1"), "somebody must look: {metrics}");
    clinic.stop();
    clinic.import(&family("inactive", "2012-05-05"));
    mother.browser = mother.browser.at(clinic.serve());
    assert_eq!(mother.browser.get(&format!("/messages/{id}")).status, 404);
}

#[test]
fn who_guesses_is_stopped_in_both_languages_and_the_owner_gets_in_by_passkey() {
    let Some(peers) = browser() else { return };
    let running = Running::start("story-attacker");
    tell(&peers, "attacker", &running.known(1, &json!({ "language": "en" })));
}

#[test]
fn what_is_specially_protected_asks_for_a_factor_again_after_ten_minutes() {
    let Some(peers) = browser() else { return };
    let earlier = postern_base::SystemClock.now() - jiff::SignedDuration::from_secs(11 * 60);
    let mut running = Running::start_at("story-again", earlier);
    let somebody = running.enrolled(0, "protected");
    let request = json!({
        "patient": "Patient/p01", "purpose": "test_result", "channels": ["portal"],
        "content": { "body": "Your HIV test came back. The value is 8.2.", "language": "en", "categories": ["hiv"] }
    });
    let answer = running.client().post("/v1/messages", &request);
    let id = answer.json()["id"].as_str().unwrap_or_else(|| panic!("{}", answer.text())).to_owned();
    readable(&mut running.client(), &id);
    // Eleven minutes pass: what the demo left is served by a clock that is so far ahead.
    let serving = running.end_and_serve();
    let known = known_of(&somebody, &format!("http://localhost:{}", serving.address.port()));
    tell(&peers, "again", &and(known, &json!({ "message": id, "body": "8.2", "offset": 0 })));
}

#[test]
fn a_message_that_waits_obeys_a_choice_made_meanwhile() {
    let Some(peers) = browser() else { return };
    // Three minutes before texts may go on the coast where patient 44 lives: their reminder of this morning waits.
    let running = Running::start_at("story-queued", "2026-12-01T16:57:00Z".parse().expect("an instant"));
    let mut client = running.client();
    let listed = client.get("/v1/patients/p44/messages").json();
    let id = listed["messages"][0]["id"].as_str().unwrap_or_else(|| panic!("{listed}")).to_owned();
    let mut text = || {
        let message = client.get(&format!("/v1/messages/{id}")).json();
        let deliveries = message["deliveries"].as_array().expect("a list").clone();
        deliveries.into_iter().find(|one| one["channel"] == "sms").expect("a text is planned")
    };
    assert_eq!(text()["state"], "waiting");
    let invited = running.client().post("/v1/patients/p44/portal-invitations", &json!({}));
    let code = invited.json()["code"].as_str().unwrap_or_else(|| panic!("{}", invited.text())).to_owned();
    let (root, address, tenant) = running.root();
    let mut visitor = Browser::new(address, &tenant);
    visitor.ahead = running.offset;
    let somebody = visitor.enrol_as(("1996", "10", "18"), "+14155550144", &code, "chooser");
    tell(&peers, "queued", &known_of(&somebody, &root));
    assert_eq!(text()["state"], "waiting", "it was not too late to choose");
    // For as long as the hours take to open.
    let ended = (0..12_000).find_map(|_| {
        pause();
        Some(text()).filter(|one| one["state"] != "waiting")
    });
    assert_eq!(ended.expect("it is decided again")["state"], "refused");
}

#[test]
fn without_a_mouse_one_signs_in_reads_and_signs_out_and_going_back_shows_nothing() {
    let Some(peers) = browser() else { return };
    let running = Running::start("story-keyboard");
    let somebody = running.enrolled(0, "typist");
    tell(&peers, "keyboard", &known_of(&somebody, &running.root().0));
}
