//! Mail that comes back, through the binary: a real Postfix bounces to us, swaks and Python's smtplib write to us.

use crate::clinic::{Clinic, eventually, free_port, patient};
use crate::mail::{through, told};
use crate::mailers::authority::Authority;
use crate::mailers::mta::{Listener, Mta, Settings};
use crate::peers::missing_peer;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};

/// Where our mail comes back to.
pub(crate) const BACK: &str = "back.clinic.example";
/// A domain whose mail is filed.
pub(crate) const THERE: &str = "patients.example";
/// A domain where nobody is, which shows only after a mail was taken.
const GONE: &str = "gone.example";
/// A domain whose mailboxes are full, which shows as late.
const FULL: &str = "full.example";

/// An address that Postfix refuses at once.
const DEAD: &str = "dead@patients.example";

/// A practice with a Postfix that brings back what it cannot deliver.
pub(crate) struct Practice {
    pub(crate) clinic: Clinic,
    pub(crate) postfix: Mta,
    pub(crate) back: SocketAddr,
}

/// A practice whose patient is at `address`, which nobody verified; `None` without Postfix.
fn practice(name: &str, address: &str) -> Option<Practice> {
    // Without its verification: a code that verifies an address goes there at any hour, and only there.
    let mut patients = patient("p1", "+12125550101", address);
    patients.pop();
    practice_of(name, &patients, "")
}

/// A practice with these patients, and `more` tables of configuration; `None` without Postfix.
pub(crate) fn practice_of(name: &str, patients: &[Value], tables: &str) -> Option<Practice> {
    if !Mta::may_start() {
        return None;
    }
    let (back, port) = (free_port(), free_port());
    let authority = Authority::new();
    // By an alias: what it knows at once to be undeliverable it would refuse in the session, and not bring back.
    let more = format!(
        "relay_domains = {BACK}\nsmtp_tls_security_level = may\n\
         virtual_alias_maps = inline:{{{{pat@{GONE}=x@gone.invalid}}, {{josé@{GONE}=x@gone.invalid}}, {{pat@{FULL}=x@full.invalid}}}}\n\
         transport_maps = inline:{{{{gone.invalid=error:5.1.1 no such user here}}, \
         {{full.invalid=error:5.2.2 mailbox is full}}, {{{BACK}=smtp:[127.0.0.1]:{}}}}}\n",
        back.port()
    );
    let answers = &format!("{{{DEAD}=550 5.1.1 no such user here}}");
    let settings = Settings { host: "relay.example", domains: &[THERE], answers, more: &more };
    let identity = Some(authority.identity("localhost"));
    // It takes addresses beyond ASCII too.
    let options = vec!["smtpd_discard_ehlo_keywords=".to_owned()];
    let postfix = Mta::start(&settings, vec![Listener { address: port, identity, options }]);
    let roots = authority.write(&postfix.dir);
    let own = authority.identity(BACK);
    let (certificate, key) = (postfix.dir.join("back.pem"), postfix.dir.join("back.key"));
    std::fs::write(&certificate, own.certificate).expect("written");
    std::fs::write(&key, own.key).expect("written");
    let inbound = format!(
        "[inbound_mail]\nlisten = \"{back}\"\ndomain = \"{BACK}\"\ncertificate = {certificate:?}\nkey = {key:?}\n"
    );
    let mut clinic = Clinic::new(name, patients);
    through(&mut clinic, &roots, port.port(), &format!("{inbound}{tables}"));
    Some(Practice { clinic, postfix, back })
}

impl Practice {
    /// Sends a code that verifies the address, and gives the message's id and the id of its e-mail.
    fn send(&self) -> (String, String) {
        let code = json!({
            "patient": "Patient/p1", "purpose": "one_time_code", "channels": ["email"],
            "template": { "name": "one_time_code", "data": { "code": "482913" } }
        });
        let accepted = self.clinic.client().post("/v1/messages", &code);
        assert_eq!(accepted.status, 202, "{}", accepted.text());
        let id = accepted.json()["id"].as_str().expect("an id").to_owned();
        let message = self.get(&format!("/v1/messages/{id}"));
        let deliveries = message["deliveries"].as_array().expect("deliveries").clone();
        let mail = deliveries.iter().find(|d| d["channel"] == "email").unwrap_or_else(|| panic!("{}", accepted.text()));
        (id, mail["id"].as_str().expect("an id").to_owned())
    }

    pub(crate) fn get(&self, path: &str) -> Value {
        let answer = self.clinic.client().get(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.json()
    }

    /// Whether a result would go by e-mail now; the rules that say no.
    fn refusals(&self) -> Vec<String> {
        let ask = json!({
            "patient": "Patient/p1", "purpose": "one_time_code", "channels": ["email"],
            "template": { "name": "one_time_code", "data": { "code": "482913" } }
        });
        let answer = self.clinic.client().post("/v1/messages:check", &ask).json();
        let refusals = answer["refusals"].as_array().expect("refusals").clone();
        let of_mail = refusals.iter().filter(|refusal| refusal["channel"] == "email");
        of_mail.map(|refusal| refusal["rule"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// The header of the mail that reached `address`.
    pub(crate) fn header(&self, address: &str, name: &str) -> String {
        let mail = eventually("the mail is in the mailbox", || self.postfix.mails_with(address).pop());
        let line = mail.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("no {name}: {mail}"));
        line.split(['<', '>']).nth(1).expect("an address").to_owned()
    }

    /// Speaks SMTP as swaks does, and gives its exit code and what was said.
    pub(crate) fn swaks(&self, arguments: &[&str]) -> Option<(i32, String)> {
        if !Path::new("/usr/bin/swaks").exists() {
            missing_peer("swaks");
            return None;
        }
        let mut swaks = Command::new("/usr/bin/swaks");
        swaks.args(["--server", &self.back.ip().to_string(), "--port", &self.back.port().to_string()]);
        swaks.args(["--helo", "mx.patients.example"]).args(arguments);
        let output = swaks.stdin(Stdio::null()).output().expect("swaks runs");
        Some((output.status.code().unwrap_or(-1), String::from_utf8_lossy(&output.stdout).into_owned()))
    }
}

#[test]
fn a_mail_that_postfix_brings_back_ends_its_delivery_and_closes_the_address_until_a_person_opens_it() {
    let Some(mut practice) = practice("back-gone", &format!("pat@{GONE}")) else { return };
    let (id, delivery) = practice.send();
    eventually("it came back", || {
        (told(&practice.clinic, &id, &delivery, "terminal").last()? == "failed").then_some(())
    });
    // The relay took it, so it counted as delivered; then it came back.
    assert_eq!(told(&practice.clinic, &id, &delivery, "terminal"), ["delivered", "failed"]);
    assert_eq!(told(&practice.clinic, &id, &delivery, "receipt"), ["bounced-5.1.1"]);
    let listed = eventually("the address is closed", || {
        let listed = practice.get("/v1/suppressions");
        (listed["suppressions"][0]["reason"] == "hard_bounce").then_some(listed)
    });
    let row = &listed["suppressions"][0];
    assert_eq!((&row["code"], &row["address"]), (&json!("5.1.1"), &json!(format!("pat@{GONE}"))), "{listed}");
    assert_eq!((&row["message"], &row["patient"]), (&json!(id), &json!("Patient/p1")), "{listed}");
    let mut client = practice.clinic.client();
    let lift = format!("/v1/suppressions/{}/lift", row["id"]);
    assert_eq!(client.post(&lift, &json!({ "reason": "because" })).status, 422);
    assert_eq!(client.post(&lift, &json!({ "reason": "patient_confirmed" })).status, 204);
    assert_eq!(client.post(&lift, &json!({ "reason": "patient_confirmed" })).status, 404);
    assert_eq!(practice.get("/v1/suppressions")["suppressions"], json!([]));
    practice.clinic.stop();
    let (exit, report) = practice.clinic.verify(&["--message", &id]);
    assert_eq!(exit, 0, "{report}");
}

#[test]
fn a_mail_to_an_address_beyond_ascii_comes_back_as_any_other() {
    let address = format!("josé@{GONE}");
    let Some(practice) = practice("back-wide", &address) else { return };
    let (id, delivery) = practice.send();
    eventually("it came back", || {
        (told(&practice.clinic, &id, &delivery, "receipt") == ["bounced-5.1.1"]).then_some(())
    });
    // The receipt is on record a moment before the address is closed.
    let closed = eventually("the address is closed", || {
        let listed = practice.get("/v1/suppressions");
        listed["suppressions"][0].is_object().then_some(listed)
    });
    assert_eq!(closed["suppressions"][0]["address"], json!(address));
}

#[test]
fn an_address_that_is_refused_in_the_session_is_closed_as_one_that_bounces() {
    let Some(practice) = practice("back-dead", DEAD) else { return };
    let (id, delivery) = practice.send();
    eventually("it failed", || (told(&practice.clinic, &id, &delivery, "terminal") == ["failed"]).then_some(()));
    assert_eq!(told(&practice.clinic, &id, &delivery, "attempt_ended"), ["rcpt-550-5.1.1"]);
    let listed = practice.get("/v1/suppressions");
    let row = &listed["suppressions"][0];
    assert_eq!((&row["reason"], &row["code"], &row["address"]), (&json!("hard_bounce"), &json!("5.1.1"), &json!(DEAD)));
}

#[test]
fn a_full_mailbox_fails_the_delivery_and_stays_the_patients() {
    let Some(practice) = practice("back-full", &format!("pat@{FULL}")) else { return };
    let (id, delivery) = practice.send();
    eventually("it came back", || {
        (told(&practice.clinic, &id, &delivery, "receipt") == ["bounced-5.2.2"]).then_some(())
    });
    assert_eq!(practice.get("/v1/suppressions")["suppressions"], json!([]));
}

#[test]
fn a_patients_stop_by_mail_is_obeyed_and_what_they_enclose_waits_for_a_person() {
    let address = format!("pat@{THERE}");
    let Some(practice) = practice("back-reply", &address) else { return };
    practice.send();
    let reply_to = practice.header(&address, "Reply-To:");
    assert!(reply_to.starts_with("r-") && reply_to.ends_with(BACK), "{reply_to}");
    let written = ["--tls", "--from", &address, "--to", &reply_to, "--attach-type", "image/png", "--attach", "PNG"];
    let body = ["--body", "See the picture, please.\n\n> Reply STOP to stop."];
    let Some((exit, said)) = practice.swaks(&[&written[..], &body].concat()) else { return };
    assert_eq!(exit, 0, "{said}");
    assert!(said.contains("TLSv1.3") || said.contains("TLSv1_3"), "{said}");
    let mails = practice.get("/v1/mails");
    assert_eq!((&mails["mails"][0]["kind"], &mails["mails"][0]["secured"]), (&json!("reply"), &json!(true)), "{mails}");
    let mail = practice.clinic.client().get(&format!("/v1/mails/{}", mails["mails"][0]["id"]));
    assert!(mail.status == 200 && mail.text().contains("See the picture"), "{}", mail.text());
    let review = format!("/v1/mails/{}/review", mails["mails"][0]["id"]);
    assert_eq!(practice.clinic.client().post(&review, &json!({})).status, 204);
    assert_eq!(practice.get("/v1/mails")["mails"], json!([]));
    assert!(!practice.refusals().contains(&"TCP-11".to_owned()), "what was quoted was not said");

    let (exit, said) =
        practice.swaks(&["--tls", "--from", &address, "--to", &reply_to, "--body", "STOP"]).expect("there");
    assert_eq!(exit, 0, "{said}");
    assert!(practice.refusals().contains(&"TCP-11".to_owned()), "{:?}", practice.refusals());
}

#[test]
fn what_a_patient_writes_is_read_by_those_who_may_who_say_why_and_it_is_recorded() {
    let address = format!("pat@{THERE}");
    let Some(mut practice) = practice("back-read", &address) else { return };
    let (id, _) = practice.send();
    let reply_to = practice.header(&address, "Reply-To:");
    for body in ["Thank you, I feel better.\n\n> Your code is 482913", "May I come an hour later?"] {
        let arguments = ["--tls", "--from", &address, "--to", &reply_to, "--body", body];
        let Some((exit, said)) = practice.swaks(&arguments) else { return };
        assert_eq!(exit, 0, "{said}");
    }
    let mut client = practice.clinic.client();
    assert_eq!(client.get("/v1/patients/p1/inbound").status, 422, "a reason is asked for");
    assert_eq!(client.get("/v1/patients/p1/inbound?why=curiosity").status, 422);
    let page = practice.get("/v1/patients/p1/inbound?why=treatment&limit=1");
    let row = &page["inbound"][0];
    assert_eq!((&row["text"], &row["answers"]), (&json!("May I come an hour later?"), &json!(id)), "{page}");
    assert_eq!((&row["from"], &row["theirs"], &row["read_as"]), (&json!(address), &json!(true), &json!("other")));
    let next = page["next"].as_str().expect("there is more");
    let page = practice.get(&format!("/v1/patients/p1/inbound?why=treatment&cursor={next}"));
    assert_eq!((&page["inbound"][0]["text"], &page["next"]), (&json!("Thank you, I feel better."), &json!(null)));
    let entries = practice.get(&format!("/v1/messages/{id}/entries"));
    let read: Vec<&Value> = entries["entries"].as_array().expect("entries").iter().collect();
    let read: Vec<&&Value> = read.iter().filter(|entry| entry["code"] == "inbound_read_treatment").collect();
    assert!(read.len() == 2 && read.iter().all(|entry| entry["kind"] == "disclosed"), "{entries}");
    assert!(read[0]["actor"].as_str().expect("who").starts_with("key:"), "{entries}");

    practice.clinic.stop();
    let data = practice.clinic.data_text();
    let arguments = ["inbound", "--json", "--patient", "p1", "--why", "patient-request", "--data", &data];
    let shown = crate::clinic::postern(&arguments);
    assert!(shown.status.success(), "{}", String::from_utf8_lossy(&shown.stderr));
    assert_eq!(crate::clinic::printed(&shown)["inbound"][1]["text"], "Thank you, I feel better.");
    let (exit, report) = practice.clinic.verify(&["--message", &id]);
    assert_eq!(exit, 0, "{report}");
}

#[test]
fn an_address_is_verified_by_the_code_that_went_there_and_anew_after_a_bounce() {
    let address = format!("pat@{THERE}");
    let Some(practice) = practice("back-verify", &address) else { return };
    let refused = || {
        let result = json!({
            "patient": "Patient/p1", "purpose": "test_result", "channels": ["portal", "email"],
            "content": { "subject": "Your result", "body": "Your HbA1c came back at 8.2 %." }
        });
        let answer = practice.clinic.client().post("/v1/messages:check", &result).json();
        let refusals = answer["refusals"].as_array().expect("refusals").clone();
        refusals.iter().any(|refusal| refusal["rule"] == "EML-03" && refusal["channel"] == "email")
    };
    assert!(refused(), "nobody verified it");
    let mut client = practice.clinic.client();
    let asked = client.call("POST", "/v1/patients/p1/address-verification", &[], b"").expect("the server answers");
    assert_eq!(asked.status, 202, "{}", asked.text());
    let id = asked.json()["id"].as_str().expect("an id").to_owned();
    let mail = eventually("the code is in the mailbox", || practice.postfix.mails_with(&address).pop());
    assert!(!mail.contains("result") && mail.contains("A code from Sunrise Health"), "{mail}");
    let digits = |word: &&str| word.len() == 6 && word.bytes().all(|b| b.is_ascii_digit());
    let code = mail.split(|c: char| !c.is_ascii_alphanumeric()).find(digits).unwrap_or_else(|| panic!("{mail}"));
    let confirm = format!("/v1/messages/{id}/confirm-address");
    let wrong = if code == "000000" { "000001" } else { "000000" };
    eventually("it is known to have gone out", || {
        (client.post(&confirm, &json!({ "code": wrong })).status == 422).then_some(())
    });
    assert!(refused(), "a code that is another proves nothing");
    let confirmed = client.post(&confirm, &json!({ "code": code }));
    assert_eq!((confirmed.status, &confirmed.json()["address"]), (200, &json!(address)), "{}", confirmed.text());
    assert!(!refused(), "it was verified");
    assert_eq!(client.post(&confirm, &json!({ "code": code })).status, 422, "once");
    let asked = client.call("POST", "/v1/patients/p1/address-verification", &[], b"").expect("the server answers");
    assert_eq!(asked.json()["decision"]["outcome"], "refuse", "no second factor by e-mail: {}", asked.text());

    let bounces = practice.header(&address, "Return-Path:");
    let bounce = "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\
                  Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx\n\nFinal-Recipient: rfc822; x@y.example\n\
                  Action: failed\nStatus: 5.1.1\n\n--b--\n";
    let file = practice.clinic.folder.join("bounce.eml");
    std::fs::write(&file, bounce).expect("written");
    let data = format!("@{}", file.display());
    let Some((exit, said)) = practice.swaks(&["--from", "<>", "--to", &bounces, "--data", &data]) else { return };
    assert_eq!(exit, 0, "{said}");
    assert!(refused(), "verified anew after a bounce");
}

#[test]
fn nothing_is_relayed_and_nothing_hostile_is_kept_or_crashes_the_listener() {
    let address = format!("pat@{THERE}");
    let Some(practice) = practice("back-hostile", &address) else { return };
    practice.send();
    let bounces = practice.header(&address, "Return-Path:");
    for elsewhere in ["victim@elsewhere.example", &format!("pat@{THERE}"), &format!("b-00@{BACK}")] {
        let Some((exit, said)) = practice.swaks(&["--from", "x@y.example", "--to", elsewhere]) else { return };
        assert!(exit == 24 && said.contains("550 5.1.1"), "{elsewhere}: {exit} {said}");
    }
    let script = practice.clinic.folder.join("hostile.py");
    std::fs::write(&script, HOSTILE).expect("written");
    let mut python = Command::new("python3");
    python.arg(&script).arg(practice.back.port().to_string()).arg(&bounces);
    // What fuzzing begins with, and what it found.
    python.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/seeds"));
    let output = python.output().expect("python3 runs");
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && said.contains("every one was answered"), "{said}");
    let answer = practice.clinic.client().get("/readyz");
    assert_eq!(answer.status, 200, "{}", answer.text());
}

/// Python's own SMTP library, and bytes that it would not send.
const HOSTILE: &str = r#"
import pathlib, smtplib, socket, sys
port, bounces, seeds = int(sys.argv[1]), sys.argv[2], pathlib.Path(sys.argv[3])

def library(content):
    with smtplib.SMTP("127.0.0.1", port, timeout=20) as server:
        server.ehlo("evil.example")
        server.mail("")
        assert server.rcpt(bounces)[0] == 250
        return server.data(content)[0]

# Bytes that are no text, and shapes that are no mail.
deep = b"x"
for n in range(300):
    deep = b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n%s\r\n--b%d--\r\n" % (n, n, deep, n)
for content in [
    b"\xff\xfe\x00\x80" * 1000,
    b"Subject: \0\0\r\n\r\n\0\0",
    b"X-Long: " + b"a" * 500000 + b"\r\n\r\nx",
    b"X: y\r\n" * 50000 + b"\r\nx",
    deep,
    b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\n" * 200000,
    b"Content-Type: text/plain; charset=klingon\r\nContent-Transfer-Encoding: base64\r\n\r\n====\0",
    b"",
    *(seed.read_bytes() for kind in ["arrived", "reports", "status"] for seed in sorted((seeds / kind).iterdir())),
]:
    assert library(content) == 250, content[:40]
assert library(b"Received: by x\r\n" * 60 + b"\r\nx") == 554
try:
    assert library(b"a" * (5 << 20)) == 552
except smtplib.SMTPServerDisconnected:
    pass

def raw(data, slow=False):
    with socket.create_connection(("127.0.0.1", port), timeout=20) as peer:
        peer.recv(1000)
        said = b""
        try:
            peer.sendall(data)
            peer.shutdown(socket.SHUT_WR)
        except OSError:
            # It was sent away before it had said all.
            pass
        try:
            while chunk := peer.recv(65536):
                said += chunk
        except OSError:
            pass
        return said

garbled = raw(b"\0\xff\r\n" * 1000)
assert 0 < garbled.count(b"\r\n") <= 12, "sent away after a few mistakes"
endless = raw(b"A" * 10_000_000)
assert b"\r\n2" not in endless and endless.count(b"\r\n") <= 2, endless
assert b"250 2.0.0 Kept" not in raw(b"EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<%s>\r\nDATA\r\nhalf a mail" % bounces.encode())
# What is pushed behind STARTTLS in the clear is never obeyed.
injected = raw(b"EHLO x\r\nSTARTTLS\r\nEHLO y\r\nMAIL FROM:<>\r\n")
assert b"250 2.1.0" not in injected, injected
# A whole pipelined session in one write.
whole = raw(b"EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<%s>\r\nDATA\r\nSubject: x\r\n\r\nhello\r\n.\r\nQUIT\r\n" % bounces.encode())
assert b"250 2.0.0 Kept" in whole and b"221" in whole, whole
print("every one was answered")
"#;
