//! Reports on TLS to the domains that ask for them (RFC 8460), through the binary: the day after, signed, by mail and by HTTPS, and of a
//! day on which nothing happened none. The server lives through three days by libfaketime.

use crate::clinic::{Clinic, eventually, patient, pause};
use crate::clocks::begins_at;
use crate::direct::{agree_to_direct, section};
use crate::mailers::internet::{Internet, SCRIPTED, ip};
use crate::mailers::web::{Reply, Web};
use crate::peers::missing_peer;
use jiff::{SignedDuration, Timestamp};
use postern_base::{Clock, Secret, SystemClock};
use postern_channels::email::Dkim;
use postern_channels::email::reports::{Report, read};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

const DAY: i64 = 86_400;
const WORDS: &str = "Your HbA1c came back at 8.2 %.";
/// Who has a mailbox where. The servers of `pkix.test` take no address beyond ASCII (RFC 6531), those of `wide.test` do.
const MAILBOXES: [(&str, &str); 5] = [
    ("p1", "alma@sts.test"),
    ("p2", "alma@pkix.test"),
    ("p3", "alma@stsself.test"),
    ("p4", "josé@wide.test"),
    ("p5", "josé@pkix.test"),
];

/// A clinic that sends e-mail straight and signs it, not serving; and the key's record.
fn clinic(internet: &Internet) -> (Clinic, Dkim) {
    let patients: Vec<Value> = MAILBOXES
        .into_iter()
        .zip(1..)
        .flat_map(|((id, address), nth)| patient(id, &format!("+1212555010{nth}"), address))
        .collect();
    let clinic = Clinic::new("tls-reports", &patients);
    let key = clinic.folder.join("dkim.pem");
    let made = ["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-quiet", "-out"];
    assert!(Command::new("openssl").args(made).arg(&key).status().expect("openssl runs").success());
    let pem = Secret::new(std::fs::read(&key).expect("the key"));
    let dkim = Dkim::new("clinic.example", "p2026", &pem).expect("a key");
    let section = format!(
        "{}\n[[dkim]]\ndomain = \"clinic.example\"\nselector = \"p2026\"\nkey_file = {key:?}\n\n[tenant.clinic]\n",
        section(internet)
    );
    clinic.configure("[tenant.clinic]\n", &section);
    clinic.configure("level = \"info\"", "level = \"trace\"");
    (clinic, dkim)
}

/// A result for everybody, worth sending for an hour. Gives how each e-mail ended, by patient.
fn a_day_of_mail(clinic: &Clinic, now: Timestamp) -> Vec<(&'static str, Value)> {
    let ids = MAILBOXES.map(|(id, _)| {
        let result = json!({
            "patient": format!("Patient/{id}"), "purpose": "test_result", "channels": ["portal", "email"],
            "expires_at": now + SignedDuration::from_hours(1),
            "content": { "subject": "Your result", "body": WORDS }
        });
        let accepted = clinic.client().post("/v1/messages", &result);
        assert_eq!(accepted.status, 202, "{}", accepted.text());
        (id, accepted.json()["id"].as_str().expect("an id").to_owned())
    });
    let seen = |id: &str| {
        let message = clinic.client().get(&format!("/v1/messages/{id}")).json();
        let of_mail = |delivery: &&Value| delivery["channel"] == "email";
        message["deliveries"].as_array().expect("deliveries").iter().find(of_mail).cloned()
    };
    let tried = |delivery: &Value| delivery["attempts"].as_u64() > Some(0) && delivery["state"] != "attempting";
    ids.map(|(patient, id)| (patient, eventually("the e-mail was tried", || seen(&id).filter(tried)))).to_vec()
}

/// What somebody else's libraries find in a packed report, held to the members and words of RFC 8460 section 4.4 and 4.3.
const READER: &str = r#"
import datetime, email, gzip, json, sys
data = open(sys.argv[1], "rb").read()
if not data.startswith(b"\x1f\x8b"):
    mail = email.message_from_bytes(data)
    assert mail.get_content_type() == "multipart/report" and mail.get_param("report-type") == "tlsrpt"
    [part] = [part for part in mail.walk() if part.get_content_type() == "application/tlsrpt+gzip"]
    data = part.get_payload(decode=True)
report = json.loads(gzip.decompress(data))
assert set(report) == {"organization-name", "date-range", "contact-info", "report-id", "policies"}, report
begins, ends = [datetime.datetime.fromisoformat(report["date-range"][name].replace("Z", "+00:00")) for name in ("start-datetime", "end-datetime")]
assert (ends - begins).total_seconds() == 86399 and begins.strftime("%H:%M:%S") == "00:00:00", (begins, ends)
WORDS = {"starttls-not-supported", "certificate-host-mismatch", "certificate-expired", "certificate-not-trusted", "validation-failure",
         "tlsa-invalid", "dnssec-invalid", "dane-required", "sts-policy-fetch-error", "sts-policy-invalid", "sts-webpki-invalid"}
found = []
for one in report["policies"]:
    policy, summary, details = one["policy"], one["summary"], one.get("failure-details", [])
    assert policy["policy-type"] in {"tlsa", "sts", "no-policy-found"} and set(policy) <= {"policy-type", "policy-string", "policy-domain", "mx-host"}
    assert all(detail["result-type"] in WORDS for detail in details)
    failed = sum(detail["failed-session-count"] for detail in details)
    assert failed == summary["total-failure-session-count"], one
    found.append([policy["policy-type"], policy["policy-domain"], summary["total-successful-session-count"], failed,
                  sorted({(detail["result-type"], detail["receiving-mx-hostname"]) for detail in details})])
print(json.dumps([report["organization-name"], report["contact-info"], int(begins.timestamp()), found]))
"#;

/// What [`READER`] says of `bytes`.
fn reads(clinic: &Clinic, bytes: &[u8]) -> Value {
    let file = clinic.folder.join("report");
    std::fs::write(&file, bytes).expect("written");
    let output = Command::new("python3").args(["-c", READER]).arg(&file).output().expect("python3 runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// Whether dkimpy, by a clock at `instant`, finds our signature right.
fn is_signed(clinic: &Clinic, dkim: &Dkim, mail: &str, instant: Timestamp) -> Option<bool> {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/peers/venv/bin/python");
    if !python.exists() {
        missing_peer("dkimpy");
        return None;
    }
    let script = "import sys, dkim\nname, text, file = sys.argv[1:]\n\
        print(dkim.verify(open(file, 'rb').read(), dnsfunc=lambda asked, timeout=5: text.encode() if asked.decode() == name + '.' else b''))";
    let file = clinic.folder.join("mail");
    std::fs::write(&file, mail).expect("written");
    let (name, text) = dkim.record();
    let mut command = Command::new(python);
    begins_at(&mut command, instant);
    let output = command.args(["-c", script, &name, &text]).arg(&file).output().expect("python runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8_lossy(&output.stdout).trim() == "True")
}

/// The reports on `domain` of the day that begins at `from` that arrived by mail.
fn mailed(internet: &Internet, domain: &str, from: i64) -> Vec<String> {
    let id = format!("{from}_{domain}_clinic.example");
    let of_day = |mail: &String| mail.replace("\n\t", " ").replace("\n ", " ").contains(&format!("Report-ID: <{id}>"));
    internet.mta.mails_with(&format!("TLS-Report-Domain: {domain}")).into_iter().filter(of_day).collect()
}

fn list(clinic: &Clinic, path: &str, name: &str) -> Vec<Value> {
    clinic.client().get(path).json()[name].as_array().expect("a list").clone()
}

#[test]
fn the_day_after_every_domain_that_asks_hears_how_tls_did_also_one_where_it_failed_and_of_a_quiet_day_none_does() {
    let Some(internet) = Internet::shared() else { return };
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let host = SCRIPTED + 9;
    let identity = internet.authority.identity(&format!("mx.scripted{host}.test"));
    let at = SocketAddr::new(ip(host), internet.port);
    let web = runtime.block_on(Web::start_at(at, vec![Reply::Say(201, "", "")], &identity));
    let (mut clinic, dkim) = clinic(&internet);
    // Tomorrow at an hour at which anybody in New York may be written to: signatures and certificates of today hold then.
    let first = (SystemClock.now().as_second().div_euclid(DAY) + 1) * DAY;
    let hour = |day: i64, hour: i64| Timestamp::from_second(first + day * DAY + hour * 3600).expect("an instant");

    if clinic.serve_from(hour(0, 18)).is_none() {
        return;
    }
    agree_to_direct(&clinic);
    let ended = a_day_of_mail(&clinic, hour(0, 18));
    let of = |patient: &str| &ended.iter().find(|(id, _)| *id == patient).expect("everybody").1;
    for well in ["p1", "p2", "p4"] {
        assert_eq!(of(well)["state"], "delivered", "{well}: {}", of(well));
    }
    assert_ne!(of("p3")["state"], "delivered", "{}", of("p3"));
    assert_ne!(of("p5")["state"], "delivered", "its server takes no such address: {}", of("p5"));
    assert!(mailed(&internet, "pkix.test", first).is_empty() && web.calls().is_empty(), "the day is not over");
    clinic.stop();

    clinic.serve_from(hour(1, 9)).expect("it was there before");
    let failures = list(&clinic, "/v1/tls-failures", "failures");
    let of_domain = failures.iter().filter(|failure| failure["domain"] == "stsself.test");
    let failed: u64 = of_domain.filter_map(|failure| failure["attempts"].as_u64()).sum();
    assert!(failed > 0 && failures.iter().all(|failure| failure["code"] == "certificate-not-trusted"), "{failures:?}");
    let good = eventually("the domain without a policy hears by mail", || mailed(&internet, "pkix.test", first).pop());
    let bad = eventually("the domain whose TLS failed hears too", || mailed(&internet, "stsself.test", first).pop());
    eventually("the third hears by HTTPS", || (web.calls().len() == 1).then_some(()));
    let about = |found: Value| json!(["clinic.example", "postmaster@clinic.example", first, [found]]);
    assert_eq!(reads(&clinic, good.as_bytes()), about(json!(["no-policy-found", "pkix.test", 1, 0, []])));
    let why = json!([["certificate-not-trusted", "mx.self.test"]]);
    assert_eq!(reads(&clinic, bad.as_bytes()), about(json!(["sts", "stsself.test", 0, failed, why])));
    let (head, body) = web.calls().pop().expect("a call");
    assert!(head.starts_with("POST /v1/report HTTP/1.1\r\n") && head.contains("application/tlsrpt+gzip"), "{head}");
    assert_eq!(reads(&clinic, &body), about(json!(["sts", "sts.test", 1, 0, []])));
    for mail in [&good, &bad] {
        assert!(mail.contains("To: <tls-reports@pkix.test>") && mail.contains("using TLSv1.3"), "{mail}");
        assert!(matches!(read(mail.as_bytes()), Some(Report::Tls(_))), "we read our own: {mail}");
        if let Some(signed) = is_signed(&clinic, &dkim, mail, hour(1, 10)) {
            assert!(signed, "{mail}");
            let changed = mail.replace("A report on TLS", "A report on tls");
            assert_eq!(is_signed(&clinic, &dkim, &changed, hour(1, 10)), Some(false), "it was changed on the way");
        }
        for name in ["alma", "jos", "HbA1c"] {
            assert!(!mail.contains(name), "{name} is in a report");
        }
    }
    let noted = || list(&clinic, "/v1/mail-reports", "reports").iter().filter(|one| one["kind"] == "tls_sent").count();
    eventually("all three are on record", || (noted() == 3).then_some(()));
    clinic.stop();

    // Nothing happened on the second day but the sending of reports, which is no session with a patient's domain.
    clinic.serve_from(hour(2, 9)).expect("it was there before");
    let known = |clinic: &Clinic| list(clinic, "/v1/mail-reports", "reports").len();
    let before = known(&clinic);
    (0..50).for_each(|_| pause());
    let second = first + DAY;
    for domain in ["pkix.test", "stsself.test", "sts.test", "wide.test"] {
        assert!(mailed(&internet, domain, second).is_empty(), "{domain} hears of a quiet day");
    }
    assert_eq!((web.calls().len(), known(&clinic)), (1, before));
    clinic.stop();
    let log = std::fs::read_to_string(clinic.folder.join("server.log")).expect("the log");
    assert!(log.contains("a server is ready for the final dot"), "it is the log, and tells everything: {log}");
    let names = ["sts.test", "pkix.test", "stsself.test", "wide.test", "scripted", "tls-reports@", "alma@", "HbA1c"];
    // As it is written, as Rust escapes it, as A-labels would.
    for name in names.into_iter().chain(["josé", "jos\\u{e9}", "jos%C3%A9"]) {
        let line = log.lines().find(|line| line.contains(name));
        assert_eq!(line, None, "{name} is in the log");
    }
    assert_eq!(clinic.verify(&[]).0, 0);
}
