//! A mail as its reader's program shows it: Chromium, on a phone and a desk, by day and in the dark, every mail looked at by axe.

use crate::clinic::eventually;
use crate::mail_asks::where_it_is_one_o_clock;
use crate::mail_back::{THERE, practice_of};
use crate::portal::{browser, pictures, tell};
use serde_json::{Value, json};

/// A result, of which a notice goes, and a reminder, which goes as it is.
fn requests(language: &str) -> [Value; 2] {
    let body = if language == "es" { "Su HbA1c salió en 8.2 %." } else { "Your HbA1c came back at 8.2 %." };
    let start =
        json!({ "name": "appointment_reminder", "data": { "start": "2099-12-03T10:00", "site": "Main Street" } });
    [
        json!({
            "patient": "Patient/p1", "purpose": "test_result", "channels": ["portal", "email"],
            "content": { "subject": "HbA1c", "body": body, "language": language }
        }),
        json!({
            "patient": "Patient/p1", "purpose": "appointment_reminder", "channels": ["portal", "email"],
            "template": start
        }),
    ]
}

#[test]
fn a_mail_reads_well_on_a_phone_and_in_the_dark_and_says_the_same_with_and_without_html() {
    let Some(peers) = browser() else { return };
    let mut mails: Vec<Value> = Vec::new();
    for language in ["en", "es"] {
        let address = format!("reader-{language}@{THERE}");
        let mut patients = where_it_is_one_o_clock("p1", &address);
        let coding = json!({ "system": "urn:ietf:bcp:47", "code": language });
        patients[0]["communication"] = json!([{ "language": { "coding": [coding] }, "preferred": true }]);
        let Some(practice) = practice_of(&format!("mail-pages-{language}"), &patients, "") else { return };
        for request in requests(language) {
            let accepted = practice.clinic.client().post("/v1/messages", &request);
            assert_eq!(accepted.status, 202, "{}", accepted.text());
        }
        let arrived = eventually("both are there", || {
            let arrived = practice.postfix.mails_with(&address);
            (arrived.len() == requests(language).len()).then_some(arrived)
        });
        for (nth, raw) in arrived.into_iter().enumerate() {
            mails.push(json!({ "name": format!("{nth}-{language}"), "language": language, "raw": raw }));
        }
    }
    let mut known = json!({ "mails": mails, "never": ["8.2", "HbA1c"] });
    if let Some(shots) = pictures() {
        known["shots"] = json!(shots);
    }
    tell(&peers, "mails", &known);
}
