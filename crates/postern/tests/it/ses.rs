//! Mail through Amazon SES, through the binary: moto plays Amazon and checks our signatures.

use crate::clinic::{Clinic, eventually, patient};
use crate::mail::told;
use crate::mailers::moto::Moto;
use crate::mailers::send_at_any_hour;
use serde_json::json;

const WORDS: &str = "Your HbA1c came back at 8.2 %.";

/// A clinic whose only e-mail vendor is SES as moto plays it, with this secret; it serves.
fn clinic(name: &str, moto: &Moto, secret: &str) -> Clinic {
    let mut clinic = Clinic::new(name, &patient("p1", "+12125550101", "pat@patients.example"));
    let file = clinic.folder.join("ses.secret");
    std::fs::write(&file, format!("{secret}\n")).expect("written");
    let section = format!(
        "[[ses]]\nregion = \"us-east-1\"\nfrom = \"messages@sunrise.example\"\naccess_key_id = \"{}\"\n\
         secret_access_key_file = {file:?}\nconfiguration_set = \"tls\"\nenforces_tls = true\n\
         endpoint = \"https://localhost:{}\"\ntrust = {:?}\n\n[tenant.clinic]\n",
        moto.key.0, moto.port, moto.roots
    );
    clinic.configure("[tenant.clinic]\n", &section);
    clinic.serve();
    for (vendor, service, status) in [("simulator", "mail", "terminated"), ("aws", "ses", "executed")] {
        let row = json!({
            "vendor": vendor, "service": service, "tier": "hipaa", "channels": ["email"],
            "agreement": { "status": status, "effective": "2020-01-01", "expires": "2099-12-31",
                           "services": [service], "required_terms": true }
        });
        let put = clinic.client().put("/v1/vendors", &row);
        assert_eq!(put.status, 204, "{}", put.text());
    }
    clinic
}

/// Sends the result, which goes to the portal, and gives the ids of the message and of its notice by e-mail.
fn send(clinic: &mut Clinic) -> (String, String) {
    let sent = send_at_any_hour(clinic, "notify", WORDS);
    let id = sent["message"]["id"].as_str().unwrap_or_else(|| panic!("{sent}")).to_owned();
    let message = clinic.client().get(&format!("/v1/messages/{id}")).json();
    let deliveries = message["deliveries"].as_array().expect("deliveries").clone();
    let mail = deliveries.iter().find(|delivery| delivery["channel"] == "email");
    let mail = mail.unwrap_or_else(|| panic!("no e-mail: {sent}"))["id"].as_str().expect("an id").to_owned();
    (id, mail)
}

#[test]
fn a_notice_goes_through_amazon_signed_and_its_session_is_on_record() {
    let Some(moto) = Moto::own() else { return };
    moto.check_signatures();
    let mut clinic = clinic("ses-good", &moto, &moto.key.1);
    let (id, delivery) = send(&mut clinic);
    eventually("the delivery ends", || (told(&clinic, &id, &delivery, "terminal") == ["delivered"]).then_some(()));
    let mails = moto.mails();
    let [mail] = &mails[..] else { panic!("one mail: {mails:?}") };
    let raw = mail["raw_data"].as_str().expect("a mail");
    assert!(raw.contains("messages@sunrise.example") && raw.contains("To: <pat@patients.example>"), "{raw}");
    assert!(!raw.contains("HbA1c") && !raw.contains("8.2"), "{raw}");
    let entries = clinic.client().get(&format!("/v1/messages/{id}/entries")).json();
    let entries = entries["entries"].as_array().expect("entries").clone();
    let of_mail =
        |entry: &&serde_json::Value| entry["kind"] == "attempt_ended" && entry["delivery"] == delivery.as_str();
    let session = entries.iter().find(of_mail).expect("an end")["session"].clone();
    assert!(session["protocol"].as_str().expect("TLS").starts_with("TLSv1_"), "{session}");
    assert_eq!(session["peer_name"], "localhost", "{session}");
    clinic.stop();
    let (exit, report) = clinic.verify(&["--message", &id]);
    assert_eq!(exit, 0, "{report}");
}

#[test]
fn while_amazon_refuses_our_key_the_mail_waits_and_is_not_failed() {
    let Some(moto) = Moto::own() else { return };
    moto.check_signatures();
    let mut clinic = clinic("ses-key", &moto, "another");
    let (id, delivery) = send(&mut clinic);
    let code = eventually("an attempt ends", || told(&clinic, &id, &delivery, "attempt_ended").pop());
    assert!(code.starts_with("ses-403"), "{code}");
    assert_eq!(told(&clinic, &id, &delivery, "terminal"), [""; 0]);
    assert!(moto.mails().is_empty());
}
