//! What patients choose, page by page, and what a link ends without an account.

use super::{Running, browser, tell};
use serde_json::json;

#[test]
fn a_patient_adds_a_number_and_chooses_times_language_and_whom_to_call() {
    let Some(peers) = browser() else { return };
    let running = Running::start("portal-wishes");
    tell(&peers, "wishes", &running.known(1, &json!({ "language": "en" })));
    tell(&peers, "wishes", &running.known(2, &json!({ "language": "es" })));
}

#[test]
fn a_link_ends_a_kind_of_message_without_an_account() {
    let Some(peers) = browser() else { return };
    let running = Running::start("portal-stop");
    tell(&peers, "stop", &running.known(0, &json!({ "reached": "p01@mail.example" })));
}
