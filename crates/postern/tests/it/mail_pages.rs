//! A mail as its reader's program shows it: Chromium, on a phone and a desk, by day and in the dark, every mail looked at by axe.

use crate::clinic::eventually;
use crate::mail_asks::where_it_is_one_o_clock;
use crate::mail_back::{THERE, practice_of};
use crate::portal::{browser, pictures, tell};
use serde_json::{Value, json};

/// What is asked for, so that mails of several kinds go out.
fn requests() -> [(&'static str, Value); 3] {
    let to = |purpose: &str| json!({ "patient": "Patient/p1", "purpose": purpose, "channels": ["portal", "email"] });
    let and = |mut request: Value, more: Value| {
        for (key, value) in more.as_object().expect("a table") {
            request[key.as_str()] = value.clone();
        }
        request
    };
    let start =
        json!({ "name": "appointment_reminder", "data": { "start": "2099-12-03T10:00", "site": "Main Street" } });
    let words = json!({ "subject": "Your result", "body": "Your HbA1c came back at 8.2 %." });
    let code = json!({ "name": "one_time_code", "data": { "code": "482913" } });
    [
        ("notice", and(to("test_result"), json!({ "content": words }))),
        ("reminder", and(to("appointment_reminder"), json!({ "template": start }))),
        ("code", and(to("one_time_code"), json!({ "template": code, "channels": ["email"] }))),
    ]
}

#[test]
fn a_mail_reads_well_on_a_phone_and_in_the_dark_and_says_the_same_with_and_without_html() {
    let Some(peers) = browser() else { return };
    for language in ["en", "es"] {
        let mut mails: Vec<Value> = Vec::new();
        for (kind, request) in requests() {
            let address = format!("{kind}-{language}@{THERE}");
            let mut patients = where_it_is_one_o_clock(&address);
            patients[0]["communication"] =
                json!([{ "language": { "coding": [{ "code": language }] }, "preferred": true }]);
            if kind == "code" {
                // By mail a code only ever verifies the mailbox it goes to (RULES OTP-02).
                patients.retain(|resource| resource["resourceType"] != "VerificationResult");
            }
            let name = format!("mail-pages-{kind}-{language}");
            let Some(practice) = practice_of(&name, &patients, "") else { return };
            let accepted = practice.clinic.client().post("/v1/messages", &request);
            assert_eq!(accepted.status, 202, "{}", accepted.text());
            let mail = eventually("the mail is there", || practice.postfix.mails_with(&address).pop());
            mails.push(json!({ "name": format!("{kind}-{language}"), "language": language, "raw": mail }));
        }
        let mut known = json!({ "mails": mails, "never": ["8.2", "HbA1c", "482913"] });
        if let Some(shots) = pictures() {
            known["shots"] = json!(shots);
        }
        tell(&peers, "mails", &known);
    }
}
