//! E-mail through the binary: accepted over HTTP, gated, and handed to a real Postfix over verified STARTTLS, or to nobody.

use crate::clinic::{Clinic, Folder, eventually, patient};
use crate::mailers::postfix::{DOMAIN, Postfix};
use crate::mailers::send_at_any_hour;
use crate::peers::missing_peer;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

/// A clinic whose only e-mail vendor is the smarthost on `port`, serving.
fn clinic(name: &str, postfix: &Postfix, port: u16) -> Clinic {
    let mut clinic = Clinic::new(name, &patient("p1", "+12125550101", &format!("{name}@{DOMAIN}")));
    through(&mut clinic, &postfix.roots, port, "");
    clinic
}

/// Makes the smarthost on `port`, whose `roots` are trusted, the clinic's only e-mail vendor, with `more` tables of configuration; the
/// clinic serves then.
pub(crate) fn through(clinic: &mut Clinic, roots: &Path, port: u16, more: &str) {
    let smarthost = format!(
        "{more}\n[[smarthost]]\nvendor = \"relay\"\nservice = \"notices\"\nhost = \"localhost\"\nport = {port}\n\
         from = \"notices@clinic.example\"\ntrust = {roots:?}\n\n{}\n[tenant.clinic]\n",
        dkim(&clinic.folder)
    );
    clinic.configure("[tenant.clinic]\n", &smarthost);
    clinic.serve();
    let mut client = clinic.client();
    let row = |vendor: &str, service: &str, status: &str| {
        json!({
            "vendor": vendor, "service": service, "tier": "hipaa", "channels": ["email"],
            "agreement": { "status": status, "effective": "2020-01-01", "expires": "2099-12-31",
                           "services": [service], "required_terms": true }
        })
    };
    for row in [row("simulator", "mail", "terminated"), row("relay", "notices", "executed")] {
        let put = client.put("/v1/vendors", &row);
        assert_eq!(put.status, 204, "{}", put.text());
    }
}

/// Two keys for our own domain, and one for another, which signs nothing of ours.
fn dkim(folder: &Folder) -> String {
    let keys =
        [("rsa", "clinic.example", "RSA"), ("ed", "clinic.example", "ED25519"), ("no", "other.example", "ED25519")];
    let section = |(selector, domain, algorithm): (&str, &str, &str)| {
        let file = folder.join(&format!("dkim-{selector}.pem"));
        let made = Command::new("openssl").args(["genpkey", "-algorithm", algorithm, "-out"]).arg(&file).output();
        assert!(made.expect("openssl runs").status.success());
        format!("[[dkim]]\ndomain = \"{domain}\"\nselector = \"{selector}\"\nkey_file = {file:?}\n")
    };
    keys.map(section).concat()
}

const WORDS: &str = "Your HbA1c came back at 8.2 %.";

/// Sends the result, which may be told behind the portal's door only, and gives the message's id and the id of its e-mail.
fn send(clinic: &mut Clinic) -> (String, String) {
    let sent = send_at_any_hour(clinic, "notify", WORDS);
    let plan = sent["decision"]["deliveries"].as_array().unwrap_or_else(|| panic!("{sent}")).clone();
    let mail = plan.iter().find(|d| d["channel"] == "email").unwrap_or_else(|| panic!("no e-mail: {sent}"));
    assert_eq!((&mail["form"], &mail["level"]), (&json!("notice"), &json!("L0")), "{sent}");
    let id = sent["message"]["id"].as_str().expect("an id").to_owned();
    let message = clinic.client().get(&format!("/v1/messages/{id}")).json();
    let deliveries = message["deliveries"].as_array().expect("deliveries").clone();
    let delivery = deliveries.iter().find(|d| d["channel"] == "email").expect("queued")["id"].clone();
    (id, delivery.as_str().expect("an id").to_owned())
}

/// The ledger's codes for the e-mail, by kind.
pub(crate) fn told(clinic: &Clinic, id: &str, delivery: &str, kind: &str) -> Vec<String> {
    let entries = clinic.client().get(&format!("/v1/messages/{id}/entries")).json();
    let entries = entries["entries"].as_array().expect("entries").clone();
    let of = |e: &&Value| e["kind"] == kind && e["delivery"] == delivery;
    entries.iter().filter(of).map(|e| e["code"].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn a_notice_reaches_a_real_mail_server_over_verified_starttls_and_says_nothing_of_the_result() {
    let Some(postfix) = Postfix::shared() else { return };
    let mut clinic = clinic("mail-good", &postfix, postfix.good);
    let (id, delivery) = send(&mut clinic);
    let mail = eventually("the mail is in the mailbox", || postfix.mails_with(&format!("mail-good@{DOMAIN}")).pop());
    assert!(mail.contains("using TLSv1.") && mail.contains("From: "), "{mail}");
    assert!(mail.contains("notices@clinic.example") && mail.contains("Sunrise Health"), "{mail}");
    assert!(!mail.contains("HbA1c") && !mail.contains("8.2") && !mail.contains("Your result"), "{mail}");
    eventually("the delivery ends", || (told(&clinic, &id, &delivery, "terminal") == ["delivered"]).then_some(()));
    assert_eq!(told(&clinic, &id, &delivery, "attempt_started").len(), 1);
    assert_eq!(told(&clinic, &id, &delivery, "attempt_ended"), ["delivered"]);
    assert_eq!(postfix.mails_with(&format!("mail-good@{DOMAIN}")).len(), 1, "one mail");
    let entries = clinic.client().get(&format!("/v1/messages/{id}/entries")).json();
    let entries = entries["entries"].as_array().expect("entries").clone();
    let ended = entries.iter().find(|e| e["kind"] == "attempt_ended" && e["delivery"] == delivery.as_str());
    let session = ended.expect("an end")["session"].clone();
    assert_eq!((&session["protocol"], &session["peer_name"]), (&json!("TLSv1_3"), &json!("localhost")), "{session}");
    assert_eq!(session["policy"], "pkix", "{session}");
    assert_eq!(session["peer_certificate_sha256"].as_str().map(str::len), Some(64), "{session}");
    clinic.stop();
    let (exit, report) = clinic.verify(&["--message", &id]);
    assert_eq!(exit, 0, "{report}");
}

#[test]
fn a_mail_in_the_mailbox_carries_two_signatures_of_our_domain_that_dkimpy_verifies() {
    let Some(postfix) = Postfix::shared() else { return };
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/peers/venv/bin/python");
    if !Command::new(&python).args(["-c", "import dkim, nacl"]).output().is_ok_and(|done| done.status.success()) {
        missing_peer("dkimpy");
        return;
    }
    let mut clinic = clinic("mail-signed", &postfix, postfix.good);
    send(&mut clinic);
    let mail = eventually("the mail is in the mailbox", || postfix.mails_with(&format!("mail-signed@{DOMAIN}")).pop());
    assert_eq!(mail.matches("DKIM-Signature:").count(), 2, "{mail}");
    let file = clinic.folder.join("signed.eml");
    std::fs::write(&file, &mail).expect("the mail is kept");
    // The public keys are OpenSSL's reading of the private ones, not ours.
    let script = "import base64, dkim, subprocess, sys\nfolder = sys.argv[1]\n\
        def dns(name, timeout=5):\n    selector = name.decode().split('.')[0]\n\
        \x20   assert name.decode() == selector + '._domainkey.clinic.example.'\n\
        \x20   key = ['openssl', 'pkey', '-in', f'{folder}/dkim-{selector}.pem', '-pubout', '-outform', 'DER']\n\
        \x20   der = subprocess.run(key, check=True, capture_output=True).stdout\n\
        \x20   kind, key = ('rsa', der) if selector == 'rsa' else ('ed25519', der[-32:])\n\
        \x20   return f'v=DKIM1; k={kind}; p={base64.b64encode(key).decode()}'.encode()\n\
        mail = dkim.DKIM(open(f'{folder}/signed.eml', 'rb').read().replace(b'\\r\\n', b'\\n').replace(b'\\n', b'\\r\\n'))\n\
        print(mail.verify(0, dnsfunc=dns), mail.verify(1, dnsfunc=dns))";
    let told = Command::new(&python).args(["-c", script]).arg(clinic.folder.join("")).output().expect("python runs");
    let (said, complained) = (String::from_utf8_lossy(&told.stdout), String::from_utf8_lossy(&told.stderr));
    assert_eq!(said.trim(), "True True", "{complained}\n{mail}");
}

#[test]
fn nothing_is_handed_to_a_server_whose_certificate_is_anothers() {
    let Some(postfix) = Postfix::shared() else { return };
    for (name, port) in [("mail-name", postfix.wrong_name), ("mail-self", postfix.self_signed)] {
        let mut clinic = clinic(name, &postfix, port);
        let (id, delivery) = send(&mut clinic);
        let codes = eventually("an attempt ends", || {
            let codes = told(&clinic, &id, &delivery, "attempt_ended");
            (!codes.is_empty()).then_some(codes)
        });
        assert!(codes.iter().all(|code| code.contains("certificate") || code.contains("tls")), "{name}: {codes:?}");
        assert!(told(&clinic, &id, &delivery, "terminal").is_empty(), "{name}: it is tried again later");
        assert!(postfix.mails_with(&format!("{name}@{DOMAIN}")).is_empty(), "{name}");
        // The portal copy does not wait for it.
        eventually("the copy is there", || {
            clinic.client().get("/v1/patients/p1/portal-copies").text().contains(WORDS).then_some(())
        });
    }
}
