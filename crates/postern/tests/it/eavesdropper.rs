//! What an eavesdropper sees of results that may not travel in the clear, through the binary: captured by tcpdump in every situation in
//! which TLS cannot be had, beside a result that its patient asked to get in plain. And where each of them is instead.

use crate::clinic::{Clinic, eventually};
use crate::direct::{asks_for_plain_mail, clinic_of, list, mail_of};
use crate::mail_asks::where_it_is_one_o_clock;
use crate::mailers::capture::Capture;
use crate::mailers::internet::{Internet, SCRIPTED, ip};
use crate::mailers::proxy::without_starttls_at;
use serde_json::{Value, json};
use std::net::SocketAddr;

/// Domains whose servers turn out to be nobody's to trust, and the reason that is on record then.
const REFUSED: [(&str, &str); 10] = [
    ("stsplain.test", "starttls-not-supported"),
    ("stsstrip.test", "starttls-not-supported"),
    ("stswrong.test", "certificate-host-mismatch"),
    ("stsself.test", "certificate-not-trusted"),
    ("danebad.test", "validation-failure"),
    ("danechain.test", "validation-failure"),
    ("stsbad.test", "validation-failure"),
    ("plain.test", "starttls-not-supported"),
    ("wrong.test", "certificate-host-mismatch"),
    ("self.test", "certificate-not-trusted"),
];

/// The first so many enforce TLS by name, so that a body is on its way until the session shows what it is worth.
const ENFORCING: usize = 6;

/// Where a body does go, over a session that holds.
const GOOD: &str = "dane.test";
const BODY: &str = "Your quetzalcoatlus panel came back at 8.2 percent.";
/// Nobody else is called so, and nobody else says so.
const WORDS: [&str; 3] = ["xochitl", "zx81", "quetzalcoatlus"];

fn mailbox(domain: &str) -> String {
    format!("xochitl.zx81@{domain}")
}

/// A patient in each place, the one who asked for plain mail, and the one whose mail goes as it should.
fn patients() -> Vec<(String, String)> {
    let domains = REFUSED.iter().map(|(domain, _)| *domain).chain([GOOD]);
    let others = domains.enumerate().map(|(nth, domain)| (format!("p{}", nth + 2), mailbox(domain)));
    [("p1".to_owned(), mailbox("plain.test"))].into_iter().chain(others).collect()
}

fn result(patient: &str) -> Value {
    json!({
        "patient": format!("Patient/{patient}"), "purpose": "test_result", "channels": ["portal", "email"], "email_mode": "enforced_tls",
        "content": { "subject": "Your result", "body": BODY, "level": "L3", "language": "en" }
    })
}

/// Sends the result; gives the message's id.
fn send(clinic: &Clinic, request: &Value) -> String {
    let accepted = clinic.client().post("/v1/messages", request);
    assert_eq!(accepted.status, 202, "{}", accepted.text());
    accepted.json()["id"].as_str().expect("an id").to_owned()
}

/// The text is in the portal, a notice waits where a body may not go, and somebody is told why.
fn is_redirected_and_on_record(clinic: &Clinic, patient: &str, id: &str, (domain, code): (&str, &str)) {
    eventually(&format!("{domain}: the copy is there"), || {
        clinic.client().get(&format!("/v1/patients/{patient}/portal-copies")).text().contains(BODY).then_some(())
    });
    eventually(&format!("{domain}: the failure is on record"), || {
        let failures = list(clinic, "/v1/tls-failures?open=true", "failures");
        failures.iter().any(|failure| failure["domain"] == domain && failure["code"] == code).then_some(())
    });
    let mail = eventually(&format!("{domain}: a notice waits"), || {
        let mail = mail_of(clinic, id);
        (mail["form"] == "notice" && mail["state"] == "queued").then_some(mail)
    });
    assert_eq!(mail["mode"], "notify", "{domain}: {mail}");
}

#[test]
fn not_a_byte_of_a_result_travels_in_the_clear_wherever_tls_cannot_be_had_and_it_is_in_the_portal_and_on_record() {
    let Some(internet) = Internet::shared() else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.expect("a runtime");
    let stripped = SocketAddr::new(ip(SCRIPTED), internet.port);
    runtime.block_on(without_starttls_at(stripped, SocketAddr::new(ip(2), internet.port)));
    let patients = patients();
    let records = patients.iter().flat_map(|(id, address)| where_it_is_one_o_clock(id, address));
    let records: Vec<Value> = records.chain([asks_for_plain_mail(&mailbox("plain.test"))]).collect();
    let mut clinic = clinic_of(&internet, "eavesdropper", &records);
    let Some(capture) = Capture::start(&clinic.folder.join(""), internet.port) else { return };
    for (id, address) in &patients {
        let told = json!({ "kind": "email_risk", "contact_point": address, "how": "on paper", "answer": "accepts" });
        let noted = clinic.client().post(&format!("/v1/patients/{id}/notices"), &told);
        assert!((200..300).contains(&noted.status), "{}", noted.text());
    }

    let sent: Vec<String> = patients[1..].iter().map(|(id, _)| send(&clinic, &result(id))).collect();
    for (((id, _), message), refused) in patients[1..].iter().zip(&sent).zip(REFUSED) {
        is_redirected_and_on_record(&clinic, id, message, refused);
        assert!(internet.mta.mails_with(&mailbox(refused.0)).is_empty(), "{}", refused.0);
    }
    for (message, (domain, _)) in sent.iter().zip(REFUSED).take(ENFORCING) {
        let entries = list(&clinic, &format!("/v1/messages/{message}/entries"), "entries");
        let started = |entry: &Value| entry["kind"] == "attempt_started" && entry["code"] == "email/full/L3";
        assert_eq!(entries.iter().filter(|entry| started(entry)).count(), 1, "{domain}: {entries:?}");
    }
    // Where an enforced session can be had the body does go: it would have gone elsewhere too.
    let mail = eventually("the body is there", || internet.mta.mails_with(&mailbox(GOOD)).pop());
    assert!(mail.contains("quetzalcoatlus") && mail.contains("using TLSv1.3"), "{mail}");
    assert!(capture.times("EHLO mail.clinic.example") > REFUSED.len());
    for words in WORDS {
        assert_eq!(capture.times(words), 0, "{words} travelled in the clear");
    }

    // What this binary does send in the clear is captured: who asked for that, and was told the risk, gets it so.
    let mut plain = result("p1");
    plain["email_mode"] = json!("plain");
    send(&clinic, &plain);
    for words in WORDS {
        eventually(&format!("{words} is captured"), || (capture.times(words) > 0).then_some(()));
    }
    capture.missed_nothing();
    clinic.stop();
    let (exit, report) = clinic.verify(&[]);
    assert_eq!(exit, 0, "{report}");
}
