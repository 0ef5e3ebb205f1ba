//! Two practices in one database, their patients signed in, a message for each: what every attack of these tests begins with.

use super::browser::{Browser, Enrolled};
use crate::client::Client;
use crate::clinic::{Clinic, eventually, patient, postern, printed};
use serde_json::{Value, json};

/// The second practice. Its name is not as plain as the first one's.
const OTHER: &str = "Other <i>Health</i> & Sons";

/// Everybody there is.
pub(super) struct Ward {
    pub(super) clinic: Clinic,
    /// A patient of the first practice, signed in, with the message that is theirs.
    pub(super) alma: Enrolled,
    pub(super) message: String,
    /// Another patient of the same practice, who has not enrolled, and their message.
    pub(super) theirs: String,
    /// A patient of the second practice with the same id, signed in, and their message.
    pub(super) stranger: Enrolled,
    pub(super) elsewhere: String,
    other_key: String,
}

/// What a message says: HTML, template signs and a header, all of which are text.
pub(super) const BODY: &str =
    "Your HbA1c came back at 8.2 %. <script>alert(1)</script> {{ 7*7 }} {% raw %} & \"quoted\"";

impl Ward {
    pub(super) fn open(name: &str) -> Self {
        Self::with(name, |_| {})
    }

    /// The same, its configuration changed before it serves.
    pub(super) fn with(name: &str, configure: impl FnOnce(&Clinic)) -> Self {
        let mut people = patient("p1", "+12125550101", "pat@mail.example");
        people.extend(patient("p2", "+12125550102", "sam@mail.example"));
        let mut clinic = Clinic::new(name, &people);
        clinic.add_practice("other", OTHER);
        let data = clinic.data_text();
        configure(&clinic);
        let made = postern(&["key", "--json", "--tenant", "other", "--scope", "admin", "--data", &data]);
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let other_key = printed(&made)["api_key"].as_str().unwrap().to_owned();
        let file = clinic.folder.join("patients.json");
        let file = file.to_str().unwrap();
        let done = postern(&["import", "--tenant", "other", "--data", &data, file, "--json"]);
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));

        let address = clinic.serve();
        let (mut own, mut other) = (clinic.client(), Client::new(address, &other_key));
        let row = json!({
            "vendor": "self", "service": "portal", "tier": "hipaa", "channels": ["portal"],
            "agreement": { "status": "executed", "effective": "2020-01-01", "expires": "2099-12-31",
                           "services": ["portal"], "required_terms": true }
        });
        let answer = other.put("/v1/vendors", &row);
        assert_eq!(answer.status, 204, "{}", answer.text());
        let alma = Browser::new(address, "clinic").enrol(&invited(&mut own, "p1"), "alma");
        let stranger = Browser::new(address, "other").enrol(&invited(&mut other, "p1"), "alma");
        let message = sent(&mut own, "p1", BODY);
        let theirs = sent(&mut own, "p2", BODY);
        let elsewhere = sent(&mut other, "p1", BODY);
        Self { clinic, alma, message, theirs, stranger, elsewhere, other_key }
    }

    /// A browser that knows nothing, at the first practice.
    pub(super) fn nobody(&self) -> Browser {
        self.alma.browser.other()
    }

    /// An invitation for a patient of the first practice.
    pub(super) fn invite(&self, patient: &str) -> String {
        invited(&mut self.clinic.client(), patient)
    }

    /// How many entries the ledger has: whatever changes anything leaves one.
    pub(super) fn entries(&self) -> u64 {
        let metrics = self.clinic.client().get("/metrics").text();
        let line = metrics.lines().find_map(|line| line.strip_prefix("postern_log_size ")).expect("it is counted");
        line.trim().parse().expect("a number")
    }

    /// A program of the second practice.
    pub(super) fn other_staff(&self) -> Client {
        Client::new(self.clinic.address(), &self.other_key)
    }

    /// What the practice can see of what a patient wrote.
    pub(super) fn written(&self) -> Value {
        let mine = self.clinic.client().get("/v1/patients/p1/inbound?why=treatment").json();
        let theirs = self.other_staff().get("/v1/patients/p1/inbound?why=treatment");
        json!([mine, theirs.json()])
    }
}

pub(super) fn invited(client: &mut Client, patient: &str) -> String {
    let answer = client.post(&format!("/v1/patients/{patient}/portal-invitations"), &json!({}));
    answer.json()["code"].as_str().unwrap_or_else(|| panic!("{}", answer.text())).to_owned()
}

/// Sends a message to be read in the portal alone, and waits until it can be.
pub(super) fn sent(client: &mut Client, patient: &str, body: &str) -> String {
    sent_of(client, patient, body, &json!([]))
}

/// The same, specially protected in some way.
pub(super) fn sent_of(client: &mut Client, patient: &str, body: &str, categories: &Value) -> String {
    let request = json!({
        "patient": format!("Patient/{patient}"), "purpose": "test_result", "channels": ["portal"],
        "content": { "subject": "Your result", "body": body, "language": "en", "categories": categories }
    });
    let answer = client.post("/v1/messages", &request);
    assert_eq!(answer.status, 202, "{}", answer.text());
    let id = answer.json()["id"].as_str().unwrap().to_owned();
    readable(client, &id);
    id
}

/// Waits until a message can be read in the portal.
pub(super) fn readable(client: &mut Client, id: &str) {
    eventually("the message can be read", || {
        let message = client.get(&format!("/v1/messages/{id}")).json();
        let state = message["deliveries"][0]["state"].as_str().unwrap_or_default().to_owned();
        assert!(!matches!(state.as_str(), "failed" | "refused" | "held"), "{message}");
        (state == "delivered").then_some(())
    });
}
