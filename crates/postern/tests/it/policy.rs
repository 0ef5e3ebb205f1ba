//! A tenant's policy on a running server: read again on SIGHUP, and never loosened by it.

use crate::clinic::{Clinic, eventually, patient};
use serde_json::{Value, json};

/// What would become of a text message at noon.
fn text_message(clinic: &Clinic) -> Value {
    let request = json!({
        "patient": "Patient/p1", "purpose": "one_time_code", "channels": ["sms"],
        "template": { "name": "one_time_code", "data": { "code": "123456" } }
    });
    let answer = clinic.client().post("/v1/messages:check", &request);
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["outcome"].clone()
}

fn write(clinic: &Clinic, policy: &str) {
    std::fs::write(clinic.data().join("clinic.policy.toml"), policy).expect("written");
}

fn log_says(clinic: &Clinic, words: &str) -> Option<()> {
    std::fs::read_to_string(clinic.folder.join("server.log")).is_ok_and(|log| log.contains(words)).then_some(())
}

#[test]
fn a_policy_that_was_tightened_is_in_force_after_sighup_and_one_that_loosens_is_refused_and_changes_nothing() {
    let mut clinic = Clinic::new("sighup", &patient("p1", "+12125550101", "pat@mail.example"));
    clinic.configure("[tenant.clinic]\n", "[tenant.clinic]\npolicy_file = \"clinic.policy.toml\"\n");
    write(&clinic, "");
    clinic.serve();
    assert_eq!(text_message(&clinic), "send");

    write(&clinic, "disabled_channels = [\"sms\"]\n");
    assert_eq!(text_message(&clinic), "send", "nothing is read until it is asked for");
    clinic.signal("HUP");
    eventually("texts are switched off", || (text_message(&clinic) == "refuse").then_some(()));

    write(&clinic, "[window]\nfrom = \"05:00\"\nto = \"23:00\"\n");
    clinic.signal("HUP");
    eventually("the log says that it loosens", || log_says(&clinic, "stay as they were"));
    assert_eq!(text_message(&clinic), "refuse", "the tightened policy is still in force");

    write(&clinic, "");
    clinic.signal("HUP");
    eventually("texts are back", || (text_message(&clinic) == "send").then_some(()));
    clinic.stop();
}
