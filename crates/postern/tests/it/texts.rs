//! Text messages through the binary: accepted over HTTP, gated, taken by a vendor we did not write, and what comes back.

use crate::clinic::{Clinic, code, eventually, patient};
use crate::mailers::authority::{Authority, Identity};
use crate::peers::node::{Vendor, answer, node};
use serde_json::{Value, json};
use std::path::PathBuf;

/// Our number with every vendor here: the callback of a clinic that quickstart makes.
const OURS: &str = "+12125550100";
const ACCOUNT: &str = "AC0123456789abcdef0123456789abcdef";
const TOKEN: &str = "t0ken-of-the-account";

/// A clinic whose only vendor of texts is the one that `vendor` plays, as `section` configures it; it serves.
pub(crate) fn through(clinic: &mut Clinic, name: &str, section: &str) {
    clinic.configure("[tenant.clinic]\n", &format!("{section}\n[tenant.clinic]\n"));
    clinic.serve();
    agree(clinic, "simulator", "terminated");
    agree(clinic, name, "executed");
}

/// Puts the agreement with a vendor of texts into the registry, in this state.
pub(crate) fn agree(clinic: &Clinic, vendor: &str, status: &str) {
    let row = json!({
        "vendor": vendor, "service": "messaging", "tier": "hipaa", "channels": ["sms"],
        "agreement": { "status": status, "effective": "2020-01-01", "expires": "2099-12-31",
                       "services": ["messaging"], "required_terms": true },
        "sender_registration": "approved"
    });
    let put = clinic.client().put("/v1/vendors", &row);
    assert_eq!(put.status, 204, "{}", put.text());
}

/// Key, certificate and the authority that a vendor on `localhost` shows.
fn identity(clinic: &Clinic, vendor: &str) -> (PathBuf, PathBuf, PathBuf) {
    let authority = Authority::new();
    let Identity { certificate, key } = authority.identity("localhost");
    let [key_file, certificate_file, roots] =
        ["key.pem", "cert.pem", "roots.pem"].map(|name| clinic.folder.join(&format!("{vendor}-{name}")));
    for (file, text) in [(&key_file, &key), (&certificate_file, &certificate), (&roots, &authority.certificate)] {
        std::fs::write(file, text).expect("written");
    }
    (key_file, certificate_file, roots)
}

/// A message centre on the npm package smpp, and the section that leads to it.
pub(crate) fn centre(clinic: &Clinic, more: &str) -> Option<(Vendor, String)> {
    centre_named(clinic, "centre", more)
}

/// One of several. What it took stands in a file by its name, a line each, also when it is gone.
pub(crate) fn centre_named(clinic: &Clinic, name: &str, more: &str) -> Option<(Vendor, String)> {
    let (key, certificate, roots) = identity(clinic, name);
    let log = clinic.folder.join(&format!("{name}.log"));
    let vendor = Vendor::start("smsc.js", "smpp", &[key, certificate, log])?;
    let password = clinic.folder.join("smpp.password");
    std::fs::write(&password, "s3cret\n").expect("written");
    let section = format!(
        "[[smpp]]\nvendor = \"{name}\"\nhost = \"localhost\"\nport = {}\nsystem_id = \"clinic\"\npassword_file = {password:?}\n\
         from = \"{OURS}\"\ntrust = {roots:?}\nopted_out_statuses = [1025]\n{more}",
        vendor.port
    );
    Some((vendor, section))
}

/// Twilio as a peer plays it, with its webhooks signed by Twilio's own library, and the section that leads to it.
fn twilio(clinic: &mut Clinic) -> Option<(Vendor, String)> {
    let (key, certificate, roots) = identity(clinic, "twilio");
    let vendor = Vendor::start("twilio.js", "twilio", &[key, certificate, ACCOUNT.into(), TOKEN.into()])?;
    let token = clinic.folder.join("twilio.token");
    std::fs::write(&token, format!("{TOKEN}\n")).expect("written");
    clinic.configure("[server]\n", "[server]\npublic_url = \"https://clinic.example\"\n");
    let section = format!(
        "[[twilio]]\nendpoint = \"https://localhost:{}\"\naccount = \"{ACCOUNT}\"\ntoken_file = {token:?}\n\
         from = \"{OURS}\"\ntrust = {roots:?}\n",
        vendor.port
    );
    Some((vendor, section))
}

const APPLICATION: &str = "93de2206-9669-4e07-948d-329f4b722ee2";
const PASSWORD: &str = "p4ssword-of-the-webhooks";

/// Bandwidth as a peer plays it, held to Bandwidth's own description of its API, and the section that leads to it.
fn bandwidth(clinic: &Clinic) -> Option<(Vendor, String)> {
    let (key, certificate, roots) = identity(clinic, "bandwidth");
    let words = ["9900000", APPLICATION, "cl1ent", "s3cret", "hooks", PASSWORD].map(PathBuf::from);
    let arguments: Vec<PathBuf> = [key, certificate].into_iter().chain(words).collect();
    let vendor = Vendor::start("bandwidth.js", "bandwidth-sdk", &arguments)?;
    let [secret, password] = [("client.secret", "s3cret"), ("hooks.password", PASSWORD)].map(|(name, word)| {
        let file = clinic.folder.join(name);
        std::fs::write(&file, format!("{word}\n")).expect("written");
        file
    });
    let endpoint = format!("https://localhost:{}", vendor.port);
    let section = format!(
        "[[bandwidth]]\nendpoint = \"{endpoint}\"\ntoken_endpoint = \"{endpoint}\"\naccount = \"9900000\"\n\
         client_id = \"cl1ent\"\nclient_secret_file = {secret:?}\napplication = \"{APPLICATION}\"\nfrom = \"{OURS}\"\n\
         callback_user = \"hooks\"\ncallback_password_file = {password:?}\ntrust = {roots:?}\n"
    );
    Some((vendor, section))
}

fn clinic(name: &str) -> Clinic {
    let patients: Vec<Value> = (1..=4)
        .flat_map(|n| patient(&format!("p{n}"), &format!("+1212555014{n}"), &format!("p{n}@mail.example")))
        .chain(patient("p9", "+12125559016", "p9@mail.example"))
        .chain(patient("p8", "+12125559071", "p8@mail.example"))
        .collect();
    Clinic::new(name, &patients)
}

/// Sends a code, which goes at any hour, and gives the message's id.
fn send(clinic: &Clinic, patient: &str, number: &str) -> String {
    let sent = clinic.client().post("/v1/messages", &code(patient, number));
    assert_eq!(sent.status, 202, "{}", sent.text());
    sent.json()["id"].as_str().expect("an id").to_owned()
}

fn ended(clinic: &Clinic, id: &str) -> Value {
    eventually("the message comes to an end", || {
        let message = clinic.client().get(&format!("/v1/messages/{id}")).json();
        let state = message["state"].as_str().unwrap_or_default().to_owned();
        matches!(state.as_str(), "delivered" | "refused" | "failed" | "expired" | "unknown").then_some(message)
    })
}

/// What the message says of its length is what the calculator of others makes of the text that was taken.
fn says_the_length_that_others_count(clinic: &Clinic, id: &str, text: &str) {
    let Some(calculator) = node("segments.js", "sms-segments-calculator") else { return };
    let counted = answer(calculator, &json!([text]));
    let said = &clinic.client().get(&format!("/v1/messages/{id}")).json()["deliveries"][0]["length"];
    assert_eq!(json!([said["encoding"], said["units"], said["segments"]]), counted[0], "{text}: {said}");
    let decision = clinic.client().get(&format!("/v1/messages/{id}/decision")).json();
    assert_eq!(&decision["deliveries"][0]["length"], said, "{decision}");
}

/// A text whose answer is lost ends by what the vendor tells of it later, under the name that we gave it; and it is taken once.
fn is_told_of_though_its_answer_was_lost(clinic: &Clinic, vendor: &Vendor) {
    let id = send(clinic, "p8", "87654321");
    assert_eq!(ended(clinic, &id)["state"], "delivered");
    let entries = clinic.client().get(&format!("/v1/messages/{id}/entries")).json();
    let entries = entries["entries"].as_array().expect("entries").clone();
    let lost = |entry: &Value| entry["code"].as_str().is_some_and(|code| code.starts_with("unknown:"));
    assert!(entries.iter().any(lost), "the answer was lost: {entries:?}");
    let taken = vendor.events("taken");
    let times = taken.iter().filter(|one| one.to_string().contains("87654321")).count();
    assert_eq!(times, 1, "{taken:?}");
}

/// Whether the next message to `patient` is refused, as it is once a STOP has arrived.
fn refused_by_opt_out(clinic: &Clinic, patient: &str) -> Option<()> {
    let body = json!({
        "patient": format!("Patient/{patient}"), "purpose": "appointment_reminder", "channels": ["sms"],
        "template": { "name": "appointment_reminder", "data": { "start": "2027-12-04T14:00" } }
    });
    let checked = clinic.client().post("/v1/messages:check", &body).json();
    let refusals = checked["refusals"].as_array().cloned().unwrap_or_default();
    refusals.iter().any(|refusal| refusal["rule"] == "TCP-11" || refusal["rule"] == "TCP-14").then_some(())
}

#[test]
fn a_text_goes_through_a_message_centre_and_its_receipt_ends_it_and_a_stop_ends_them_all() {
    let mut clinic = clinic("smpp");
    let Some((vendor, section)) = centre(&clinic, "") else { return };
    through(&mut clinic, "centre", &section);
    let id = send(&clinic, "p1", "12345678");
    assert_eq!(ended(&clinic, &id)["state"], "delivered");
    let taken = vendor.events("taken");
    assert_eq!(taken.len(), 1);
    assert_eq!(taken[0]["to"], "12125550141");
    says_the_length_that_others_count(&clinic, &id, taken[0]["text"].as_str().expect("a text"));
    assert!(taken[0]["text"].as_str().is_some_and(|text| text.contains("12345678")), "{}", taken[0]);

    assert_eq!(refused_by_opt_out(&clinic, "p2"), None);
    let number = OURS.trim_start_matches('+');
    vendor.tell(&json!({ "do": "message", "source": "+12125550142", "destination": number, "text": "Por favor STOP" }));
    eventually("the next text is refused", || refused_by_opt_out(&clinic, "p2"));
    eventually("one confirmation goes out", || {
        vendor.events("taken").iter().any(|one| one["to"] == "12125550142").then_some(())
    });
    assert!(vendor.events("answered").iter().all(|answer| answer["status"] == 0));

    // Whom the carrier blocks has told the carrier to stop.
    let id = send(&clinic, "p9", "23456789");
    assert_eq!(ended(&clinic, &id)["state"], "failed");
    eventually("the block is an opt-out", || refused_by_opt_out(&clinic, "p9"));
    clinic.stop();
    assert_eq!(clinic.verify(&[]).0, 0);
}

#[test]
fn a_text_goes_through_twilio_and_what_its_own_library_signed_is_believed_and_nothing_else() {
    let mut clinic = clinic("twilio");
    let Some((vendor, section)) = twilio(&mut clinic) else { return };
    through(&mut clinic, "twilio", &section);
    let address = clinic.address();
    vendor.set(&json!({ "webhooks": format!("http://{address}") }));
    let id = send(&clinic, "p1", "12345678");
    assert_eq!(ended(&clinic, &id)["state"], "delivered");
    assert_eq!(vendor.events("taken").len(), 1);
    is_told_of_though_its_answer_was_lost(&clinic, &vendor);
    let hook = "https://clinic.example/v1/webhooks/twilio/messaging";
    let says = |text: &str| json!({ "do": "message", "url": hook, "from": "+12125550142", "to": OURS, "text": text });
    assert_eq!(refused_by_opt_out(&clinic, "p2"), None);

    let forged = "AccountSid=AC0&MessageSid=SM1&From=%2B12125550143&To=%2B12125550100&Body=STOP";
    let headers = [("Content-Type", "application/x-www-form-urlencoded"), ("X-Twilio-Signature", "c2lnbmVk")];
    let answer = clinic.client_with("").call("POST", "/v1/webhooks/twilio/messaging", &headers, forged.as_bytes());
    assert_eq!(answer.expect("an answer").status, 401);
    assert_eq!(refused_by_opt_out(&clinic, "p3"), None);

    vendor.tell(&says("ALTO"));
    eventually("the next text is refused", || refused_by_opt_out(&clinic, "p2"));
    vendor.tell(&says("START"));
    eventually("it is not any more", || refused_by_opt_out(&clinic, "p2").is_none().then_some(()));
    let webhooks = vendor.events("webhook");
    assert!(webhooks.iter().all(|one| one["status"] == 204), "{webhooks:?}");

    vendor.tell(&json!({ "do": "block", "number": "+12125550144" }));
    let id = send(&clinic, "p4", "34567890");
    assert_eq!(ended(&clinic, &id)["state"], "failed");
    eventually("the block is an opt-out", || refused_by_opt_out(&clinic, "p4"));
    clinic.stop();
    assert_eq!(clinic.verify(&[]).0, 0);
}

#[test]
fn a_text_goes_through_bandwidth_and_a_stop_counts_on_whatever_way_it_comes_and_in_whatever_order() {
    let mut clinic = clinic("bandwidth");
    let Some((vendor, section)) = bandwidth(&clinic) else { return };
    through(&mut clinic, "bandwidth", &section);
    let path = "/v1/webhooks/bandwidth/messaging";
    vendor.set(&json!({ "webhooks": format!("http://{}{path}", clinic.address()) }));
    let id = send(&clinic, "p1", "12345678");
    assert_eq!(ended(&clinic, &id)["state"], "delivered");
    let taken = vendor.events("taken");
    assert_eq!(taken.len(), 1);
    assert!(taken[0]["text"].as_str().is_some_and(|text| text.contains("12345678")), "{}", taken[0]);

    is_told_of_though_its_answer_was_lost(&clinic, &vendor);
    let forged = json!([{
        "type": "message-received", "time": "2026-01-01T00:00:00Z", "to": OURS, "description": "x",
        "message": { "id": "f0rged", "owner": OURS, "applicationId": APPLICATION, "time": "2026-01-01T00:00:00Z",
                     "segmentCount": 1, "direction": "in", "to": [OURS], "from": "+12125550143", "text": "STOP" }
    }]);
    for wrong in ["Basic aG9va3M6Z3Vlc3NlZA==", "Basic ", ""] {
        let headers = [("Content-Type", "application/json"), ("Authorization", wrong)];
        let answer = clinic.client_with("").call("POST", path, &headers, forged.to_string().as_bytes());
        assert_eq!(answer.expect("an answer").status, 401);
    }
    assert_eq!(refused_by_opt_out(&clinic, "p3"), None);

    let says = |text: &str, time: Value| {
        vendor.tell(&json!({ "do": "message", "from": "+12125550142", "to": OURS, "text": text, "time": time }));
    };
    assert_eq!(refused_by_opt_out(&clinic, "p2"), None);
    says("STOP", Value::Null);
    eventually("the next text is refused", || refused_by_opt_out(&clinic, "p2"));
    // Written before the STOP, and told after it.
    let told = || vendor.events("webhook").iter().filter(|one| one["kind"] == "message-received").count();
    says("START", json!("2026-01-01T00:00:00Z"));
    eventually("it is told", || (told() == 2).then_some(()));
    assert_eq!(refused_by_opt_out(&clinic, "p2"), Some(()));
    says("START", Value::Null);
    eventually("it is not refused any more", || refused_by_opt_out(&clinic, "p2").is_none().then_some(()));
    let webhooks = vendor.events("webhook");
    assert!(webhooks.iter().all(|one| one["status"] == 204), "{webhooks:?}");

    // The carrier says of a text it was given that its recipient opted out.
    let id = send(&clinic, "p9", "34567890");
    assert_eq!(ended(&clinic, &id)["state"], "failed");
    eventually("the carrier's word is an opt-out", || refused_by_opt_out(&clinic, "p9"));
    assert!(vendor.events("malformed").is_empty());
    clinic.stop();
    assert_eq!(clinic.verify(&[]).0, 0);
}
