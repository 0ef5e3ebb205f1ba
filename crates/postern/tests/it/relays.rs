//! Bodies through a relay, through the binary: only where the relay is declared to hand them on over TLS and bears it out in the session
//! (RFC 8689), against aiosmtpd; else a notice, the portal, and a word on record.

use crate::clinic::{Clinic, eventually, patient};
use crate::direct::{list, mail_of};
use crate::mailers::aiosmtpd::Aiosmtpd;
use crate::mailers::send_at_any_hour;
use serde_json::{Value, json};

const WORDS: &str = "Your HbA1c came back at 8.2 %.";

/// A clinic whose only e-mail vendor is `relay`, of which it says that it `enforces` TLS; it serves. The patient's domain enforces TLS, as the
/// practice vouches.
fn clinic(name: &str, relay: &Aiosmtpd, enforces: &str) -> Clinic {
    let mut clinic = Clinic::new(name, &patient("p1", "+12125550101", "rosa@patients.example"));
    let smarthost = format!(
        "[[smarthost]]\nvendor = \"relay\"\nservice = \"bodies\"\nhost = \"localhost\"\nport = {}\n\
         from = \"notices@clinic.example\"\ntrust = {:?}\n{enforces}\n\
         [tenant.clinic.transport.email_tiers]\n\"patients.example\" = \"dane\"\n\n[tenant.clinic]\n",
        relay.address.port(),
        relay.roots
    );
    clinic.configure("[tenant.clinic]\n", &smarthost);
    clinic.serve();
    for (vendor, service, status) in [("simulator", "mail", "terminated"), ("relay", "bodies", "executed")] {
        let row = json!({
            "vendor": vendor, "service": service, "tier": "hipaa", "channels": ["email"],
            "agreement": { "status": status, "effective": "2020-01-01", "expires": "2099-12-31",
                           "services": [service], "required_terms": true }
        });
        assert_eq!(clinic.client().put("/v1/vendors", &row).status, 204);
    }
    clinic
}

/// Sends the result and gives what its e-mail came to, and the record of the attempt that brought it there.
fn brought(clinic: &mut Clinic) -> (Value, Vec<Value>) {
    let sent = send_at_any_hour(clinic, "enforced_tls", WORDS);
    let id = sent["message"]["id"].as_str().unwrap_or_else(|| panic!("{sent}")).to_owned();
    let mail =
        eventually("the relay has it", || Some(mail_of(clinic, &id)).filter(|mail| mail["state"] == "delivered"));
    let entries = list(clinic, &format!("/v1/messages/{id}/entries"), "entries");
    let of_mail = |entry: &Value| entry["kind"] == "attempt_ended" && entry["delivery"] == mail["id"];
    let ended = entries.into_iter().filter(of_mail).collect();
    clinic.stop();
    assert_eq!(clinic.verify(&["--message", &id]).0, 0);
    (mail, ended)
}

fn taken(relay: &Aiosmtpd, how: &str) {
    assert_eq!(relay.taken(), [format!("{how} notices@clinic.example rosa@patients.example")]);
}

#[test]
fn a_body_goes_through_a_relay_that_is_declared_to_enforce_tls_and_announces_it() {
    let Some(relay) = Aiosmtpd::start("relay-good", true) else { return };
    let mut clinic = clinic("relay-good", &relay, "enforces_tls = \"requiretls\"");
    let (mail, ended) = brought(&mut clinic);
    assert_eq!((&mail["form"], &mail["mode"]), (&json!("full"), &json!("enforced_tls")), "{mail}");
    taken(&relay, "requiretls");
    assert_eq!(ended.last().map(|entry| &entry["session"]["onward"]), Some(&json!("requiretls")), "{ended:?}");
}

#[test]
fn a_relay_that_does_not_bear_out_what_was_declared_gets_a_notice_and_the_failure_is_on_record() {
    let Some(relay) = Aiosmtpd::start("relay-false", false) else { return };
    let mut clinic = clinic("relay-false", &relay, "enforces_tls = \"requiretls\"");
    let (mail, ended) = brought(&mut clinic);
    assert_eq!((&mail["form"], &mail["mode"]), (&json!("notice"), &json!("notify")), "{mail}");
    taken(&relay, "plain");
    assert!(ended.iter().any(|entry| entry["code"] == "requiretls-not-offered"), "{ended:?}");
    clinic.serve();
    let failures = list(&clinic, "/v1/tls-failures?open=true", "failures");
    let of_relay = |failure: &Value| failure["vendor"] == "relay/bodies" && failure["code"] == "requiretls-not-offered";
    assert!(failures.iter().any(of_relay), "{failures:?}");
    assert!(clinic.client().get("/v1/patients/p1/portal-copies").text().contains(WORDS));
}

#[test]
fn a_relay_of_which_nothing_is_declared_gets_no_body_whatever_it_announces() {
    let Some(relay) = Aiosmtpd::start("relay-silent", true) else { return };
    let mut clinic = clinic("relay-silent", &relay, "");
    let (mail, _) = brought(&mut clinic);
    assert_eq!((&mail["form"], &mail["mode"]), (&json!("notice"), &json!("notify")), "{mail}");
    taken(&relay, "plain");
}
