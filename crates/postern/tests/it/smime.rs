//! S/MIME through the binary: a certificate is brought, mail goes out sealed to it, and nobody but its holder reads the words; once
//! it is revoked, the words stay in the portal.

#[path = "../../../channels/tests/it/support/mailbox.rs"]
#[expect(dead_code, reason = "the tests of the channels' crate, whose file this is, use all of it")]
mod mailbox;

use crate::clinic::{Clinic, eventually, patient, postern, printed};
use crate::mailers::postfix::{DOMAIN, Postfix};
use mailbox::{Like, MailAuthority, Mailbox};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::Command;

const WORDS: &str = "Your HbA1c came back at 8.2 %.";
const FROM: &str = "notices@clinic.example";

/// A clinic that sends through Postfix and believes one authority for mail.
struct World {
    clinic: Clinic,
    authority: MailAuthority,
    rosa: Mailbox,
    address: String,
    /// The key of a member of staff.
    person: String,
}

impl World {
    fn open(name: &str, postfix: &Postfix) -> Self {
        let address = format!("{name}@{DOMAIN}");
        let authority = MailAuthority::new("Mail authority");
        let own = authority.certify(&Like::curve(FROM));
        let rosa = authority.certify(&Like::rsa(&address));
        let mut clinic = Clinic::new(name, &patient("p1", "+12125550101", &address));
        for (file, text) in [
            ("authority.pem", &authority.pem),
            ("own.pem", &own.certificate),
            ("own.key", &own.key),
            ("rosa.pem", &rosa.certificate),
            ("rosa.key", &rosa.key),
        ] {
            std::fs::write(clinic.folder.join(file), text).unwrap();
        }
        std::fs::write(clinic.folder.join("revoked.crl"), authority.revokes(&[], 2099)).unwrap();
        let at = |file: &str| clinic.folder.join(file);
        let sections = format!(
            "[[smarthost]]\nvendor = \"relay\"\nservice = \"notices\"\nhost = \"localhost\"\nport = {}\n\
             from = {FROM:?}\ntrust = {:?}\n\n[smime]\nauthorities = {:?}\nrevocations = [{:?}]\n\n\
             [[smime.sender]]\ncertificate = {:?}\nkey_file = {:?}\n\n[tenant.clinic]\n",
            postfix.good,
            postfix.roots,
            at("authority.pem"),
            at("revoked.crl"),
            at("own.pem"),
            at("own.key"),
        );
        clinic.configure("[tenant.clinic]\n", &sections);
        // An emergency is somebody's: a person with a key of their own, trained, so that no hours bind.
        let soon = postern_base::Clock::now(&postern_base::SystemClock) + jiff::SignedDuration::from_hours(24);
        let (soon, data) = (soon.to_string(), clinic.data_text());
        let person = ["key", "add", "--staff", "--label", "Dr. Linden", "--second-factor-until", &soon];
        let key = printed(&postern(&[&person[..], &["--data", &data, "--json"]].concat()));
        let person = key["api_key"].as_str().unwrap().to_owned();
        let trained =
            format!("[tenant.clinic.deployment]\ntrained_until = {{ {} = \"2099-12-31\" }}\n", key["api_key_id"]);
        clinic.configure("[tenant.clinic.deployment]\n", &trained);
        clinic.serve();
        for (vendor, service, status) in [("simulator", "mail", "terminated"), ("relay", "notices", "executed")] {
            let row = json!({
                "vendor": vendor, "service": service, "tier": "hipaa", "channels": ["email"],
                "agreement": { "status": status, "effective": "2020-01-01", "expires": "2099-12-31",
                               "services": [service], "required_terms": true }
            });
            assert_eq!(clinic.client().put("/v1/vendors", &row).status, 204);
        }
        Self { clinic, authority, rosa, address, person }
    }

    fn bring(&self, certificate: &str) -> crate::client::Answer {
        let new = json!({ "address": self.address, "certificate": certificate });
        self.clinic.client().post("/v1/patients/p1/certificates", &new)
    }

    /// Asks that the words be sealed; the plan's e-mail, if there is one.
    fn send(&self, opening: &str) -> (String, Option<Value>) {
        let until = postern_base::Clock::now(&postern_base::SystemClock) + jiff::SignedDuration::from_hours(1);
        let request = json!({
            "patient": "Patient/p1", "purpose": "emergency", "urgency": "emergency", "channels": ["portal", "email"],
            "email_mode": "smime", "origin": "staff",
            "break_glass": { "actor": "Dr. Linden", "reason": "a value that cannot wait", "expires_at": until.to_string() }, "content": { "subject": "Your result", "body": format!("{opening} {WORDS}") }
        });
        let accepted = self.clinic.client_with(&self.person).post("/v1/messages", &request);
        assert_eq!(accepted.status, 202, "{}", accepted.text());
        let accepted = accepted.json();
        let plan = accepted["decision"]["deliveries"].as_array().expect("a plan").clone();
        (accepted["id"].as_str().unwrap().to_owned(), plan.into_iter().find(|d| d["channel"] == "email"))
    }

    fn file(&self, name: &str) -> PathBuf {
        self.clinic.folder.join(name)
    }

    /// What OpenSSL reads in a mail, with the key of its reader, once it has verified who signed it.
    fn opened(&self, mail: &str) -> String {
        // Postfix writes what travelled with its own line ends, and its headers in front.
        std::fs::write(self.file("mail"), mail).unwrap();
        let run = |arguments: &[&str]| {
            let done = Command::new("openssl").arg("cms").args(arguments).current_dir(self.file("")).output().unwrap();
            assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
            done.stdout
        };
        let signed = run(&["-decrypt", "-in", "mail", "-recip", "rosa.pem", "-inkey", "rosa.key"]);
        std::fs::write(self.file("signed"), signed).unwrap();
        let read = run(&["-verify", "-in", "signed", "-CAfile", "authority.pem", "-purpose", "smimesign"]);
        String::from_utf8(read).unwrap()
    }
}

#[test]
fn the_words_travel_sealed_to_the_patients_certificate_until_it_is_revoked() {
    let Some(postfix) = Postfix::shared() else { return };
    let mut world = World::open("smime-sealed", &postfix);
    let (_, before) = world.send("Hello.");
    assert!(before.is_none_or(|mail| mail["mode"] != "smime"), "no certificate is on record");

    let added = world.bring(&world.rosa.certificate);
    assert_eq!((added.status, &added.json()["usable"]), (201, &json!(true)), "{}", added.text());
    assert!(!added.text().contains(&world.address), "the address is not told again");
    let (id, plan) = world.send("Good day.");
    let plan = plan.unwrap_or_else(|| {
        panic!("no e-mail: {}", world.clinic.client().get(&format!("/v1/messages/{id}/decision")).text())
    });
    assert_eq!((&plan["mode"], &plan["form"]), (&json!("smime"), &json!("full")), "{plan}");
    let sealed = |mail: &String| mail.contains("smime-type=\"authEnveloped-data\"");
    let mail = eventually("the sealed mail is there", || {
        let mut mails = postfix.mails_with(&world.address).into_iter();
        mails.find(|mail| sealed(mail) && world.opened(mail).contains("Good day."))
    });
    assert!(!mail.contains("HbA1c") && !mail.contains("Your result"), "{mail}");
    let read = world.opened(&mail);
    assert!(read.contains("HbA1c came back at 8.2"), "{read}");

    std::fs::write(world.file("revoked.crl"), world.authority.revokes(&[7], 2099)).unwrap();
    world.clinic.signal("HUP");
    eventually("the list is read again", || {
        let list = world.clinic.client().get("/v1/patients/p1/certificates").json();
        (list["certificates"][0]["reason"] == "revoked").then_some(())
    });
    let (_, after) = world.send("Good evening.");
    assert!(after.is_none_or(|mail| mail["mode"] != "smime"), "it was revoked");

    world.clinic.stop();
    let (exit, report) = world.clinic.verify(&["--message", &id, "--replay"]);
    assert_eq!(exit, 0, "{report}");
    // What waited while the certificate came may have gone sealed too; nothing did after it was revoked.
    for mail in postfix.mails_with(&world.address).iter().filter(|mail| sealed(mail)) {
        assert!(!world.opened(mail).contains("Good evening."), "{mail}");
    }
}

#[test]
fn a_certificate_that_can_never_be_used_is_refused_with_its_reason_and_what_is_kept_can_be_removed() {
    let Some(postfix) = Postfix::shared() else { return };
    let mut world = World::open("smime-import", &postfix);
    let stranger = MailAuthority::new("Somebody else");
    let address = world.address.clone();
    let of = |like: Like, authority: &MailAuthority| authority.certify(&like).certificate;
    for (certificate, why) in [
        (of(Like::rsa("luis@example.org"), &world.authority), "rfc822Name"),
        (of(Like { years: (2020, 2021), ..Like::rsa(&address) }, &world.authority), "expired"),
        (of(Like::rsa(&address), &stranger), "trusted"),
        (
            of(
                Like { usages: vec![rcgen::KeyUsagePurpose::DigitalSignature], ..Like::rsa(&address) },
                &world.authority,
            ),
            "key usage",
        ),
        ("no certificate".to_owned(), "PEM"),
    ] {
        let refused = world.bring(&certificate);
        assert_eq!(refused.status, 422, "{}", refused.text());
        assert!(refused.text().contains(why) && !refused.text().contains(&address), "{why}: {}", refused.text());
    }
    assert_eq!(world.clinic.client().get("/v1/patients/p1/certificates").json(), json!({ "certificates": [] }));
    let nobody = json!({ "address": address, "certificate": world.rosa.certificate });
    assert_eq!(world.clinic.client().post("/v1/patients/p77/certificates", &nobody).status, 404);

    let first = world.bring(&world.rosa.certificate).json();
    assert_eq!(world.bring(&world.rosa.certificate).json(), first, "twice is once");
    world.clinic.stop();
    let data = world.clinic.data_text();
    let certificate =
        |arguments: &[&str]| postern(&[&["certificate"], arguments, &["--data", &data, "--json"]].concat());
    let listed = printed(&certificate(&["list", "--patient", "p1"]));
    assert_eq!(listed["certificates"].as_array().unwrap().len(), 1, "{listed}");
    let fingerprint = first["fingerprint"].as_str().unwrap();
    let file = world.file("rosa.pem");
    let again = certificate(&["add", "--patient", "p1", "--address", &world.address, file.to_str().unwrap()]);
    assert_eq!(printed(&again)["certificates"][0]["fingerprint"], fingerprint);
    assert_eq!(certificate(&["remove", "--patient", "p1", fingerprint]).status.code(), Some(0));
    assert_eq!(certificate(&["remove", "--patient", "p1", fingerprint]).status.code(), Some(2), "it is gone");
    let (exit, report) = world.clinic.verify(&[]);
    assert_eq!(exit, 0, "{report}");
}
