//! What goes out by e-mail of itself, through the binary: an address is asked about before anything goes there, and who begins to write
//! by e-mail is told its risk.

use crate::clinic::{eventually, patient};
use crate::mail_back::{Practice, THERE, practice_of};
use crate::mailers::send_at_any_hour;
use serde_json::{Value, json};

const RESULT: &str = "Your HbA1c came back at 8.2 %.";

/// A patient whose address nobody verified.
fn unverified(id: &str, sms: &str, address: &str) -> Vec<Value> {
    let mut resources = patient(id, sms, address);
    resources.pop();
    resources
}

fn result(patient: &str) -> Value {
    json!({
        "patient": format!("Patient/{patient}"), "purpose": "test_result", "channels": ["portal", "email"],
        "content": { "subject": "Your result", "body": RESULT }
    })
}

impl Practice {
    /// Whether something would go by e-mail to the patient, but for its address.
    fn waits_for_verification(&self, patient: &str) -> bool {
        let answer = self.clinic.client().post("/v1/messages:check", &result(patient)).json();
        let refusals = answer["refusals"].as_array().expect("refusals").clone();
        refusals.iter().any(|refusal| refusal["rule"] == "EML-03" && refusal["channel"] == "email")
    }

    fn sends(&self, patient: &str) {
        let accepted = self.clinic.client().post("/v1/messages", &result(patient));
        assert_eq!(accepted.status, 202, "{}", accepted.text());
    }

    /// Mails in the mailbox that say so.
    fn mails(&self, address: &str, words: &str) -> Vec<String> {
        self.postfix.mails_with(address).into_iter().filter(|mail| mail.contains(words)).collect()
    }

    /// Answers a mail as its reader would.
    fn answer(&self, mail: &str, from: &str, more: &[&str], words: &str) {
        let line = mail.lines().find(|line| line.starts_with("Reply-To:")).expect("an address for answers");
        let to = line.split(['<', '>']).nth(1).expect("an address");
        let arguments = [&["--tls", "--from", from, "--to", to, "--body", words], more].concat();
        if let Some((exit, said)) = self.swaks(&arguments) {
            assert_eq!(exit, 0, "{said}");
        }
    }
}

fn code_in(mail: &str) -> String {
    let (_, rest) = mail.split_once("and write ").unwrap_or_else(|| panic!("{mail}"));
    rest.chars().take_while(char::is_ascii_digit).collect()
}

#[test]
fn an_address_is_asked_about_of_itself_and_an_answer_with_the_code_verifies_it_for_that_patient_alone() {
    let address = format!("family@{THERE}");
    let patients = [unverified("p1", "+12125550101", &address), unverified("p2", "+12125550102", &address)].concat();
    let Some(practice) = practice_of("asks", &patients, "") else { return };
    practice.sends("p1");
    practice.sends("p1");
    let mail = eventually("the address is asked about", || practice.mails(&address, "and write ").pop());
    assert!(!mail.contains("HbA1c") && !mail.contains("result") && !mail.contains("https://"), "{mail}");
    assert!(practice.waits_for_verification("p1") && practice.waits_for_verification("p2"));
    let code = code_in(&mail);

    let wrong = if code == "000000" { "000001" } else { "000000" };
    practice.answer(&mail, &address, &[], &format!("Is it {wrong}?"));
    assert!(practice.waits_for_verification("p1"), "another code proves nothing");
    practice.answer(&mail, &address, &["--header", "Auto-Submitted: auto-replied"], &format!("Away. {code}"));
    assert!(practice.waits_for_verification("p1"), "a program that answers proves nothing");
    practice.answer(&mail, &address, &[], &format!("Hello,\n\n> and write {code}."));
    assert!(practice.waits_for_verification("p1"), "what is quoted was not said");
    practice.answer(&mail, &format!("mallory@{THERE}"), &[], &code);
    assert!(practice.waits_for_verification("p1"), "from elsewhere");
    practice.answer(&mail, &address, &[], &format!("{code}\n"));
    eventually("it is verified", || (!practice.waits_for_verification("p1")).then_some(()));
    assert!(practice.waits_for_verification("p2"), "who shares the mailbox did not answer for themselves");
    let known = practice.get("/v1/patients/p1/verifications");
    assert!(known.to_string().contains("answered a mail with its code"), "{known}");
    assert_eq!(practice.mails(&address, "and write ").len(), 1, "asked once");
}

#[test]
fn who_begins_to_write_by_email_is_told_its_risk_once_and_no_program_is() {
    let address = format!("rosa@{THERE}");
    let patients = patient("p1", "+12125550101", &address);
    let Some(mut practice) = practice_of("risk", &patients, "") else { return };
    send_at_any_hour(&mut practice.clinic, "notify", RESULT);
    let mail = eventually("the notice is there", || practice.mails(&address, "Reply-To").pop());
    let risk = "E-mail is not private";
    practice.answer(&mail, &address, &["--header", "Auto-Submitted: auto-replied"], "I am away.");
    practice.answer(&mail, &address, &[], "Can I come at nine?");
    let told = eventually("the risk is told", || practice.mails(&address, risk).pop());
    assert!(!told.contains("HbA1c") && told.contains("Auto-Submitted: auto-generated"), "{told}");
    let notices = eventually("it is noted", || {
        let notices = practice.get("/v1/patients/p1/notices");
        notices.to_string().contains("email_risk 1").then_some(notices)
    });
    assert!(notices.to_string().contains("in answer to theirs"), "{notices}");
    practice.answer(&mail, &address, &[], "And on Friday?");
    practice.answer(&told, &address, &[], "Thank you.");
    // What is answered to a later word comes after whatever was answered to these.
    practice.answer(&mail, &address, &[], "HELP");
    eventually("help is told", || practice.mails(&address, "for help").pop());
    assert_eq!(practice.mails(&address, risk).len(), 1, "once");
}
