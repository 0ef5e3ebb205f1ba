//! E-mail straight to the recipient's server, through the binary: the body where the domain enforces TLS, the portal where it does
//! not, and a record of both.

use crate::clinic::{Clinic, eventually, patient, postern, printed};
use crate::mail::told;
use crate::mail_asks::where_it_is_one_o_clock;
use crate::mailers::internet::{BACK, BACK_DOMAIN, Internet, ip};
use crate::mailers::send_at_any_hour;
use serde_json::{Value, json};

const WORDS: &str = "Your HbA1c came back at 8.2 %.";

/// A clinic that sends e-mail straight, with one patient who has a mailbox at `domain`, serving.
fn clinic(internet: &Internet, domain: &str) -> Clinic {
    clinic_of(internet, domain, &patient("p1", "+12125550101", &format!("alma@{domain}")))
}

pub(crate) fn clinic_of(internet: &Internet, domain: &str, patients: &[Value]) -> Clinic {
    let name = format!("direct-{}", domain.replace('.', "-"));
    let mut clinic = Clinic::new(&name, patients);
    clinic.configure("[tenant.clinic]\n", &format!("{}\n[tenant.clinic]\n", section(internet)));
    clinic.serve();
    agree_to_direct(&clinic);
    clinic
}

/// The section that leads into `internet`.
pub(crate) fn section(internet: &Internet) -> String {
    format!(
        "[direct]\nfrom = \"notices@clinic.example\"\nhelo = \"mail.clinic.example\"\ndns = [\"{}\"]\ntrust_anchors = {:?}\n\
         trust = {:?}\nrehearsal = {{ smtp_port = {port}, https_port = {port} }}\n",
        internet.zones.nsd,
        internet.zones.anchors,
        internet.roots,
        port = internet.port
    )
}

/// Mail goes straight, and no more by the simulator.
pub(crate) fn agree_to_direct(clinic: &Clinic) {
    let mut client = clinic.client();
    for (vendor, service, status) in [("simulator", "mail", "terminated"), ("self", "email", "executed")] {
        let row = json!({
            "vendor": vendor, "service": service, "tier": "hipaa", "channels": ["email"],
            "agreement": { "status": status, "effective": "2020-01-01", "expires": "2099-12-31",
                           "services": [service], "required_terms": true }
        });
        assert_eq!(client.put("/v1/vendors", &row).status, 204);
    }
}

/// Sends a result in these words; gives the message's id and the form planned by e-mail when it was accepted.
fn send(clinic: &mut Clinic, words: &str) -> (String, Value) {
    let sent = send_at_any_hour(clinic, "enforced_tls", words);
    let plan = sent["decision"]["deliveries"].as_array().unwrap_or_else(|| panic!("{sent}")).clone();
    let mail = plan.iter().find(|delivery| delivery["channel"] == "email").unwrap_or_else(|| panic!("{sent}"));
    (sent["message"]["id"].as_str().expect("an id").to_owned(), mail["form"].clone())
}

pub(crate) fn mail_of(clinic: &Clinic, id: &str) -> Value {
    let message = clinic.client().get(&format!("/v1/messages/{id}")).json();
    let deliveries = message["deliveries"].as_array().expect("deliveries").clone();
    deliveries.into_iter().find(|delivery| delivery["channel"] == "email").expect("an e-mail")
}

pub(crate) fn list(clinic: &Clinic, path: &str, name: &str) -> Vec<Value> {
    clinic.client().get(path).json()[name].as_array().expect("a list").clone()
}

#[test]
fn a_body_goes_where_the_domain_enforces_tls_and_the_record_says_by_what_it_was_proved() {
    let Some(internet) = Internet::shared() else { return };
    for (domain, tier) in [("dane.test", "dane"), ("sts.test", "sts")] {
        let mut clinic = clinic(&internet, domain);
        // Nobody looked the domain up yet: accepting plans for the worse, and dispatch knows better.
        let (id, form) = send(&mut clinic, WORDS);
        assert_eq!(form, "notice", "{domain}");
        let address = format!("To: <alma@{domain}>");
        let mail = eventually("the mail is there", || {
            internet.mta.mails_with(&address).into_iter().find(|mail| mail.contains("HbA1c came back"))
        });
        assert!(mail.contains("using TLSv1.3") && mail.contains("notices@clinic.example"), "{mail}");
        let delivery = eventually("the delivery ends", || {
            Some(mail_of(&clinic, &id)).filter(|delivery| delivery["state"] == "delivered")
        });
        assert_eq!((&delivery["form"], &delivery["mode"]), (&json!("full"), &json!("enforced_tls")), "{delivery}");
        let entries = list(&clinic, &format!("/v1/messages/{id}/entries"), "entries");
        let session = entries.iter().map(|entry| &entry["session"]).find(|session| session.is_object());
        let session = session.unwrap_or_else(|| panic!("{entries:?}"));
        assert_eq!((&session["policy"], &session["protocol"]), (&json!(tier), &json!("TLSv1_3")), "{session}");
        assert_eq!(session["peer_name"], format!("mx.{domain}"));
        // The next one is planned by what was found, by a process that did not look it up itself.
        let again = format!("{WORDS} Please call us.");
        assert_eq!(send(&mut clinic, &again).1, "full", "{domain}");
        let known = list(&clinic, "/v1/mail-domains", "domains");
        assert_eq!((&known[0]["domain"], &known[0]["tier"]), (&json!(domain), &json!(tier)), "{known:?}");
        assert_eq!(known[0]["policy"].is_object(), tier == "sts", "{known:?}");
        assert!(known[0]["found_at"].is_string());
        clinic.stop();
        let (exit, report) = clinic.verify(&["--message", &id]);
        assert_eq!(exit, 0, "{report}");
    }
}

#[test]
fn a_log_that_tells_everything_names_no_mailbox_no_domain_and_no_server_of_a_patient() {
    let Some(internet) = Internet::shared() else { return };
    let mut clinic = clinic_of(&internet, "sts.test", &where_it_is_one_o_clock("p1", "alma@sts.test"));
    clinic.stop();
    clinic.configure("level = \"info\"", "level = \"trace\"");
    clinic.serve();
    let result = json!({
        "patient": "Patient/p1", "purpose": "test_result", "channels": ["portal", "email"],
        "content": { "subject": "Your result", "body": WORDS }
    });
    let accepted = clinic.client().post("/v1/messages", &result);
    assert_eq!(accepted.status, 202, "{}", accepted.text());
    let id = accepted.json()["id"].as_str().expect("an id").to_owned();
    eventually("the delivery ends", || (mail_of(&clinic, &id)["state"] == "delivered").then_some(()));
    let log = std::fs::read_to_string(clinic.folder.join("server.log")).expect("the log");
    assert!(log.contains("a server is ready for the final dot"), "it is the log, and tells everything: {log}");
    for name in ["sts.test", "alma@", "HbA1c"] {
        let line = log.lines().find(|line| line.contains(name));
        assert_eq!(line, None, "{name} is in the log");
    }
}

#[test]
fn where_tls_fails_the_text_is_in_the_portal_nothing_left_and_somebody_has_to_look() {
    let Some(internet) = Internet::shared() else { return };
    for (domain, code) in [
        ("danebad.test", "validation-failure"),
        ("stsself.test", "certificate-not-trusted"),
        ("plain.test", "starttls-not-supported"),
        ("forged.test", "dnssec-invalid"),
    ] {
        let mut clinic = clinic(&internet, domain);
        let (id, _) = send(&mut clinic, WORDS);
        let failures = eventually("a failure is on record", || {
            Some(list(&clinic, "/v1/tls-failures?open=true", "failures")).filter(|failures| !failures.is_empty())
        });
        let failure = failures.last().expect("one").clone();
        assert_eq!((&failure["code"], &failure["domain"]), (&json!(code), &json!(domain)), "{failure}");
        assert_eq!(failure["vendor"], "self/email", "{failure}");
        if code != "dnssec-invalid" {
            assert!(failure["server"].as_str().is_some_and(|server| server.starts_with("mx.")), "{failure}");
        }
        eventually("the copy is there", || {
            clinic.client().get("/v1/patients/p1/portal-copies").text().contains(WORDS).then_some(())
        });
        let delivery = eventually("the notice waits", || {
            Some(mail_of(&clinic, &id))
                .filter(|delivery| delivery["form"] == "notice" && delivery["state"] != "attempting")
        });
        assert_eq!(delivery["mode"], "notify", "{domain}: {delivery}");
        assert!(internet.mta.mails_with(&format!("alma@{domain}")).is_empty(), "{domain}");
        let path = format!("/v1/tls-failures/{}/review", failure["id"]);
        assert_eq!(clinic.client().post(&path, &json!({})).status, 204, "{domain}");
        assert_eq!(clinic.client().post(&path, &json!({})).status, 404, "somebody looked at it before");
        let all = list(&clinic, "/v1/tls-failures", "failures");
        let seen = all.iter().find(|seen| seen["id"] == failure["id"]).expect("it stays");
        assert!(seen["reviewed_at"].is_string() && seen["reviewed_by"].as_str().is_some(), "{seen}");
        clinic.stop();
        let (exit, report) = clinic.verify(&["--message", &id]);
        assert_eq!(exit, 0, "{report}");
    }
}

/// Their request for their own record at `address`, in the clear (45 CFR 164.524).
pub(crate) fn asks_for_plain_mail(address: &str) -> Value {
    let of = |name: &str| format!("https://postern.example/fhir/StructureDefinition/{name}");
    let system = |name: &str| format!("https://postern.example/fhir/CodeSystem/{name}");
    json!({
        "resourceType": "Consent", "id": "asks", "status": "active", "patient": { "reference": "Patient/p1" },
        "category": [{ "coding": [{ "system": system("postern-consent"), "code": "access-request" }] }],
        "dateTime": "2026-11-01T10:00:00-05:00",
        "policy": [{ "uri": "https://www.ecfr.gov/current/title-45/part-164/section-164.524" }],
        "provision": { "type": "permit", "extension": [
            { "url": of("contact-point"), "valueContactPoint": { "system": "email", "value": address } },
            { "url": of("access-mode"), "valueCode": "plain" }
        ] }
    })
}

#[test]
fn who_asked_for_plain_mail_and_was_told_the_risk_gets_it_in_the_clear_where_their_server_takes_no_other_and_the_record_says_so()
 {
    let Some(internet) = Internet::shared() else { return };
    let address = "asks@plain.test";
    let records = [where_it_is_one_o_clock("p1", address), vec![asks_for_plain_mail(address)]].concat();
    let clinic = clinic_of(&internet, "plain.test", &records);
    let words = "Your ferritin came back at 41.";
    let asks = |words: &str| {
        json!({
            "patient": "Patient/p1", "purpose": "test_result", "channels": ["portal", "email"], "email_mode": "plain",
            "content": { "subject": "Your result", "body": words, "level": "L3" }
        })
    };
    let plain = |answer: &Value| {
        let plan = answer["decision"]["deliveries"].as_array().cloned().unwrap_or_default();
        plan.iter().any(|delivery| delivery["channel"] == "email" && delivery["mode"] == "plain")
    };
    let early = clinic.client().post("/v1/messages", &asks("Your iron came back at 80."));
    assert!(!plain(&early.json()), "nobody told them the risk yet: {}", early.text());
    let told = json!({ "kind": "email_risk", "contact_point": address, "how": "on paper" });
    let noted = clinic.client().post("/v1/patients/p1/notices", &told);
    assert!((200..300).contains(&noted.status), "{}", noted.text());
    let sent = clinic.client().post("/v1/messages", &asks(words));
    assert!(plain(&sent.json()), "{}", sent.text());
    let id = sent.json()["id"].as_str().expect("an id").to_owned();
    let mail = eventually("the mail is there", || {
        internet.mta.mails_with(&format!("To: <{address}>")).into_iter().find(|mail| mail.contains(words))
    });
    assert!(!mail.contains("using TLS"), "{mail}");
    eventually("the delivery ends", || (mail_of(&clinic, &id)["state"] == "delivered").then_some(()));
    let entries = list(&clinic, &format!("/v1/messages/{id}/entries"), "entries");
    let ended: Vec<&Value> = entries.iter().filter(|entry| entry["kind"] == "attempt_ended").collect();
    assert!(ended.iter().any(|entry| entry["code"] == "delivered_in_clear"), "{ended:?}");
}

#[test]
fn what_a_server_takes_and_brings_back_later_ends_as_failed_and_closes_the_address() {
    let Some(internet) = Internet::shared() else { return };
    let address = "bounce@pkix.test";
    let mut clinic = Clinic::new("direct-back", &where_it_is_one_o_clock("p1", address));
    let back = format!("[inbound_mail]\nlisten = \"{}:{}\"\ndomain = \"{BACK_DOMAIN}\"\n", ip(BACK), internet.port);
    clinic.configure("[tenant.clinic]\n", &format!("{}\n{back}\n[tenant.clinic]\n", section(&internet)));
    clinic.serve();
    agree_to_direct(&clinic);
    let result = |words: &str| {
        json!({
            "patient": "Patient/p1", "purpose": "test_result", "channels": ["portal", "email"],
            "content": { "subject": "Your result", "body": words }
        })
    };
    let accepted = clinic.client().post("/v1/messages", &result(WORDS));
    assert_eq!(accepted.status, 202, "{}", accepted.text());
    let id = accepted.json()["id"].as_str().expect("an id").to_owned();
    let mail = eventually("it came back", || Some(mail_of(&clinic, &id)).filter(|mail| mail["state"] == "failed"));
    let delivery = mail["id"].as_str().expect("an id");
    // Their server said 250, and only then that there is nobody.
    assert_eq!(told(&clinic, &id, delivery, "attempt_ended"), ["delivered"]);
    assert_eq!(told(&clinic, &id, delivery, "terminal"), ["delivered", "failed"]);
    assert_eq!(told(&clinic, &id, delivery, "receipt"), ["bounced-5.1.1"]);
    let closed = eventually("the address is closed", || list(&clinic, "/v1/suppressions", "suppressions").pop());
    assert_eq!((&closed["address"], &closed["code"]), (&json!(address), &json!("5.1.1")), "{closed}");
    assert_eq!((&closed["message"], &closed["patient"]), (&json!(id), &json!("Patient/p1")), "{closed}");
    let next = clinic.client().post("/v1/messages:check", &result("Your iron came back at 80.")).json();
    let channels: Vec<&Value> =
        next["deliveries"].as_array().expect("a plan").iter().map(|delivery| &delivery["channel"]).collect();
    assert_eq!(channels, [&json!("portal")], "nothing is written there again: {next}");
    clinic.stop();
    let (exit, report) = clinic.verify(&["--message", &id]);
    assert_eq!(exit, 0, "{report}");
}

#[test]
fn the_doctor_says_what_is_missing_for_our_domain_and_what_to_publish_while_the_server_runs() {
    let Some(internet) = Internet::shared() else { return };
    let clinic = clinic(&internet, "plain.test");
    let data = clinic.data_text();
    let asked = postern(&["doctor", "email", "--data", &data, "--json"]);
    assert_eq!(asked.status.code(), Some(1), "{}", String::from_utf8_lossy(&asked.stderr));
    let told = printed(&asked);
    assert_eq!(told["domain"], "clinic.example", "{told}");
    let findings = told["findings"].as_array().expect("findings");
    let of = |subject: &str| findings.iter().find(|finding| finding["subject"] == subject).expect("every subject");
    assert_eq!(of("dmarc")["standing"], "bad", "{told}");
    assert_eq!(of("dmarc")["publish"][0]["at"], "_dmarc.clinic.example", "{told}");
    assert!(of("dkim")["said"].as_str().is_some_and(|said| said.contains("[[dkim]]")), "{told}");
    let asked = postern(&["doctor", "email", "--data", &data]);
    let text = String::from_utf8_lossy(&asked.stdout).into_owned();
    assert!(text.contains("publish _dmarc.clinic.example. IN TXT \"v=DMARC1; p=quarantine"), "{text}");
    let other = postern(&["doctor", "email", "--data", &data, "elsewhere.example"]);
    assert_eq!(other.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&other.stderr).contains("it comes from clinic.example"));
}
