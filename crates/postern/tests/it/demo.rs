//! The demo as a user meets it: the real binary with its clinic, its simulators and its clock at ten in the morning.

use crate::client::Client;
use crate::clinic::{Folder, POSTERN, free_port};
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};

/// A running demo.
#[derive(Debug)]
pub(crate) struct Demo {
    pub(crate) folder: Folder,
    child: Child,
    /// Every decision of the morning, as the demo printed it.
    pub(crate) morning: Vec<Value>,
    pub(crate) client: Client,
    // Held open: a demo whose output nobody reads would stop.
    _output: BufReader<ChildStdout>,
}

impl Demo {
    pub(crate) fn start(name: &str) -> Self {
        let folder = Folder::new(name);
        let address = free_port();
        let data = folder.join("data");
        let mut child = Command::new(POSTERN)
            .args(["demo", "--json", "--listen", &address.to_string(), "--data", data.to_str().expect("UTF-8")])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("the binary runs");
        let mut output = BufReader::new(child.stdout.take().expect("piped"));
        let mut morning = Vec::new();
        let key = loop {
            let mut line = String::new();
            assert_ne!(output.read_line(&mut line).expect("readable"), 0, "the demo ended early");
            let line: Value = serde_json::from_str(&line).expect("JSON lines");
            if let Some(key) = line["api_key"].as_str() {
                break key.to_owned();
            }
            morning.push(line);
        };
        Self { folder, child, morning, client: Client::new(address, &key), _output: output }
    }

    /// The first decision of the morning for a patient and purpose whose note holds `note`.
    pub(crate) fn decision(&self, patient: &str, purpose_note: &str, nth: usize) -> &Value {
        let mut found = self.morning.iter().filter(|line| {
            line["patient"] == patient && line["note"].as_str().is_some_and(|n| n.contains(purpose_note))
        });
        &found.nth(nth).unwrap_or_else(|| panic!("nothing for {patient}"))["decision"]
    }

    /// Answers as a patient, as the page's form would.
    pub(crate) fn reply(&mut self, from: &str, text: &str) {
        let body = format!("from={}&text={text}", from.replace('+', "%2B"));
        let form = [("Content-Type", "application/x-www-form-urlencoded")];
        let answer = self.client.call("POST", "/simulator/reply", &form, body.as_bytes()).expect("an answer");
        assert_eq!(answer.status, 303, "{}", answer.text());
    }

    /// Sends and gives the answer's body.
    pub(crate) fn send(&mut self, body: &Value) -> Value {
        let answer = self.client.post("/v1/messages", body);
        assert_eq!(answer.status, 202, "{}", answer.text());
        answer.json()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A bill: no event, so that it is never the same message twice when the amount differs.
pub(crate) fn bill(patient: &str, amount: &str) -> Value {
    json!({
        "patient": format!("Patient/{patient}"), "purpose": "billing",
        "template": { "name": "billing_statement", "data": { "amount": amount } }
    })
}

/// Whether a decision plans something on `channel`, and in which form.
pub(crate) fn planned<'a>(decision: &'a Value, channel: &str) -> Option<&'a str> {
    decision["deliveries"].as_array()?.iter().find(|d| d["channel"] == channel)?["form"].as_str()
}

/// The rules against `channel`.
pub(crate) fn against<'a>(decision: &'a Value, channel: &str) -> Vec<&'a str> {
    let all = decision["refusals"].as_array().map(Vec::as_slice).unwrap_or_default();
    all.iter().filter(|r| r["channel"] == channel).filter_map(|r| r["rule"].as_str()).collect()
}
