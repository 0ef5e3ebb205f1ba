//! What goes out by e-mail of itself, through the binary: an address is asked about before anything goes there, and who begins to write
//! by e-mail is told its risk. And what comes back of an offer, and of our domain: the one click that ends offers, and reports.

use crate::clinic::{eventually, patient, postern, printed};
use crate::mail_back::{BACK, Practice, THERE, practice_of};
use crate::mailers::send_at_any_hour;
use postern_base::{Clock, SystemClock};
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

/// Nothing of what came or went stands in the log, which tells everything it can.
fn log_holds_none(practice: &Practice, texts: &[&str]) {
    let log = std::fs::read_to_string(practice.clinic.folder.join("server.log")).expect("the log");
    assert!(log.contains("listening for mail"), "it is the log: {log}");
    for text in texts {
        assert!(!log.contains(text), "{text} is in the log");
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
    let Some(mut practice) = practice_of("asks", &patients, "") else { return };
    practice.clinic.stop();
    practice.clinic.configure("level = \"info\"", "level = \"trace\"");
    practice.clinic.serve();
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
    log_holds_none(&practice, &[&address, &code, RESULT, "mallory@", &format!("Is it {wrong}?")]);
}

#[test]
fn two_practices_that_write_to_one_mailbox_each_verify_it_for_themselves_by_their_own_code() {
    let address = format!("shared@{THERE}");
    let Some(mut practice) = practice_of("asks-two", &unverified("p1", "+12125550101", &address), "") else { return };
    practice.clinic.stop();
    practice.clinic.add_practice("other", "Other Health");
    let (data, file) = (practice.clinic.data_text(), practice.clinic.folder.join("patients.json"));
    let imported = postern(&["import", "--tenant", "other", "--data", &data, file.to_str().expect("UTF-8"), "--json"]);
    assert!(imported.status.success(), "{}", String::from_utf8_lossy(&imported.stderr));
    let made = postern(&["key", "--json", "--tenant", "other", "--scope", "admin", "--data", &data]);
    let key = printed(&made)["api_key"].as_str().expect("a key").to_owned();
    practice.clinic.serve();
    let other = || practice.clinic.client_with(&key);
    for (vendor, service, channel) in [("self", "portal", "portal"), ("relay", "notices", "email")] {
        let row = json!({
            "vendor": vendor, "service": service, "tier": "hipaa", "channels": [channel],
            "agreement": { "status": "executed", "effective": "2020-01-01", "expires": "2099-12-31",
                           "services": [service], "required_terms": true }
        });
        assert_eq!(other().put("/v1/vendors", &row).status, 204);
    }
    let waits_there = || {
        let answer = other().post("/v1/messages:check", &result("p1")).json();
        let refusals = answer["refusals"].as_array().unwrap_or_else(|| panic!("{answer}")).clone();
        refusals.iter().any(|refusal| refusal["rule"] == "EML-03" && refusal["channel"] == "email")
    };
    practice.sends("p1");
    let accepted = other().post("/v1/messages", &result("p1"));
    assert_eq!(accepted.status, 202, "{}", accepted.text());
    let mails = eventually("both ask", || {
        let mails = practice.mails(&address, "and write ");
        (mails.len() == 2).then_some(mails)
    });
    let (theirs, ours): (Vec<String>, Vec<String>) = mails.into_iter().partition(|mail| mail.contains("Other Health"));
    let ([theirs], [ours]) = (&theirs[..], &ours[..]) else { panic!("one of each: {theirs:?} {ours:?}") };
    assert!(practice.waits_for_verification("p1") && waits_there());
    let (code_here, code_there) = (code_in(ours), code_in(theirs));
    if code_here != code_there {
        practice.answer(ours, &address, &[], &code_there);
        assert!(practice.waits_for_verification("p1"), "the other practice's code proves nothing here");
    }
    practice.answer(ours, &address, &[], &format!("{code_here}\n"));
    eventually("it is verified here", || (!practice.waits_for_verification("p1")).then_some(()));
    assert!(waits_there(), "and not there: they never heard of us");
    practice.answer(theirs, &address, &[], &format!("{code_there}\n"));
    eventually("it is verified there", || (!waits_there()).then_some(()));
}

#[test]
fn who_begins_to_write_by_email_is_told_its_risk_once_and_no_program_is() {
    let address = format!("rosa@{THERE}");
    let patients = where_it_is_one_o_clock("p1", &address);
    let Some(mut practice) = practice_of("risk", &patients, "") else { return };
    practice.clinic.stop();
    practice.clinic.configure("level = \"info\"", "level = \"trace\"");
    practice.clinic.serve();
    send_at_any_hour(&mut practice.clinic, "notify", RESULT);
    let mail = eventually("the notice is there", || practice.mails(&address, "Reply-To").pop());
    let risk = "E-mail is not private";
    practice.answer(&mail, &address, &["--header", "Auto-Submitted: auto-replied"], "I am away.");
    practice.answer(&mail, &address, &[], "Can I come at nine?");
    practice.answer(&mail, &address, &[], "Or at ten?");
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
    log_holds_none(&practice, &[&address, "Can I come at nine?", "And on Friday?", RESULT, risk]);
}

/// A signed authorization for offers to this address (45 CFR 164.508), and the consent to get them.
fn authorization(address: &str) -> Vec<Value> {
    let system = |name: &str| format!("https://postern.example/fhir/StructureDefinition/{name}");
    ["marketing-authorization", "contact-consent"]
        .map(|kind| {
            json!({
                "resourceType": "Consent", "id": kind, "status": "active", "patient": { "reference": "Patient/p1" },
                "category": [{ "coding": [{ "system": "https://postern.example/fhir/CodeSystem/postern-consent", "code": kind }] }],
                "dateTime": "2026-02-01T10:00:00Z", "performer": [{ "reference": "Patient/p1" }],
                "sourceReference": { "reference": "DocumentReference/signed" },
                "policyRule": { "coding": [{ "system": "http://terminology.hl7.org/CodeSystem/consentpolicycodes", "code": "hipaa-auth" }] },
                "provision": {
                    "type": "permit", "period": { "start": "2026-02-01", "end": "2099-02-01" },
                    "purpose": [{ "system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HMARKT" }],
                    "extension": [
                        { "url": system("contact-channel"), "valueCodeableConcept": { "coding": [{ "system": "http://hl7.org/fhir/contact-point-system", "code": "email" }] } },
                        { "url": system("contact-point"), "valueContactPoint": { "system": "email", "value": address } }
                    ]
                }
            })
        })
        .to_vec()
}

/// A patient of whom only a mailbox and a time zone are known, and there it is about one in the afternoon: what is
/// sent by itself and offers wait for the hours, and the tests say the same at night.
pub(crate) fn where_it_is_one_o_clock(id: &str, address: &str) -> Vec<Value> {
    let ahead = 13 - i32::from(SystemClock.now().to_zoned(jiff::tz::TimeZone::UTC).hour());
    let mut records = patient(id, "+12125550101", address);
    let person = &mut records[0];
    person["telecom"].as_array_mut().expect("telecom").remove(0);
    person.as_object_mut().expect("a resource").remove("address");
    // The signs of these zones are turned round: Etc/GMT-5 is five hours ahead.
    let zone = format!("Etc/GMT{:+}", -ahead);
    person["extension"] = json!([{ "url": "http://hl7.org/fhir/StructureDefinition/timezone", "valueCode": zone }]);
    records.remove(1);
    records
}

#[test]
fn an_offer_carries_the_one_click_that_ends_offers_and_nothing_else() {
    let address = format!("offers@{THERE}");
    let patients = [where_it_is_one_o_clock("p1", &address), authorization(&address)].concat();
    let Some(mut practice) = practice_of("one-click", &patients, "") else { return };
    practice.clinic.stop();
    practice.clinic.configure(
        "link_domains = []\n",
        "link_domains = [\"clinic.example\"]\npostal_address = \"1 Main St, New York, NY 10001\"\n",
    );
    let head = "[tenant.clinic.deployment]\n";
    practice.clinic.configure(head, &format!("{head}dkim = true\npostal_address = true\n"));
    practice.clinic.serve();
    let offer = |news: &str| {
        json!({
            "patient": "Patient/p1", "purpose": "marketing", "channels": ["email"],
            "template": { "name": "marketing", "data": { "news": news } },
            "marketing": { "kind": "own_service", "remuneration": "none", "drug_lapsed_days": 0 }
        })
    };
    let (first, next) = (offer("Our new walk-in hours start Monday"), offer("Our doors stay open late on Friday"));
    let accepted = practice.clinic.client().post("/v1/messages", &first);
    assert_eq!(
        (accepted.status, &accepted.json()["decision"]["outcome"]),
        (202, &json!("send")),
        "{}",
        accepted.text()
    );
    let mail = eventually("the offer is there", || practice.mails(&address, "List-Unsubscribe").pop());
    let unfolded = mail.replace("\n ", " ").replace("\n\t", " ");
    assert!(unfolded.contains("\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\n"), "{mail}");
    let header = unfolded.lines().find(|line| line.starts_with("List-Unsubscribe:")).expect("the header");
    let link = header.split(['<', '>']).nth(1).expect("a link");
    assert!(header.contains("<mailto:u-"), "{header}");
    let (_, path) = link.split_once("clinic.example").expect("on the practice's own domain");

    let refused = || {
        let answer = practice.clinic.client().post("/v1/messages:check", &next).json();
        (answer["outcome"] != "send").then(|| answer.to_string())
    };
    let mut stranger = practice.clinic.client();
    let page = stranger.get(path);
    let leads = page.header("location").unwrap_or_default().to_owned();
    assert!(page.status == 303 && leads.contains("/stop/"), "it leads to the page that asks: {} {leads}", page.status);
    let page = stranger.get(leads.split_once("clinic.example").map_or(leads.as_str(), |(_, path)| path));
    assert!(page.status == 200 && refused().is_none(), "a look ends nothing: {}", page.text());
    let other = if path.ends_with('b') { 'c' } else { 'b' };
    let changed = format!("{}{other}", path.strip_suffix(|_| true).unwrap_or(path));
    let click = b"List-Unsubscribe=One-Click";
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    assert_eq!(stranger.call("POST", &changed, &form, click).expect("it answers").status, 404);
    assert!(refused().is_none());
    assert_eq!(stranger.call("POST", path, &form, click).expect("it answers").status, 200);
    let why = refused().expect("offers have ended");
    assert!(why.contains("TCP-11") || why.contains("EML-01"), "{why}");
    let again = practice.clinic.client().post("/v1/messages", &next);
    assert_ne!(again.json()["decision"]["outcome"], "send", "{}", again.text());
    let care = practice.clinic.client().post("/v1/messages:check", &result("p1")).json();
    assert!(care["deliveries"].to_string().contains(&address), "what belongs to care still comes: {care}");
}

#[test]
fn reports_on_our_domain_come_in_through_the_listener_and_are_read() {
    let address = format!("reports@{THERE}");
    let Some(practice) = practice_of("reports", &patient("p1", "+12125550101", &address), "") else { return };
    let tls = json!({
        "organization-name": "Host", "report-id": "t-1", "contact-info": "tls@host.example",
        "date-range": { "start-datetime": "2026-11-20T00:00:00Z", "end-datetime": "2026-11-20T23:59:59Z" },
        "policies": [{
            "policy": { "policy-type": "sts", "policy-domain": "clinic.example" },
            "summary": { "total-successful-session-count": 40, "total-failure-session-count": 2 },
            "failure-details": [{ "result-type": "certificate-expired", "receiving-mx-hostname": "mx.clinic.example", "failed-session-count": 2 }]
        }]
    });
    let dmarc = "<feedback><report_metadata><org_name>Host</org_name><report_id>d-1</report_id><date_range><begin>1795305600</begin>\
                 <end>1795391999</end></date_range></report_metadata><policy_published><domain>clinic.example</domain></policy_published>\
                 <record><row><source_ip>192.0.2.1</source_ip><count>7</count><policy_evaluated><disposition>none</disposition>\
                 <dkim>pass</dkim><spf>pass</spf></policy_evaluated></row></record></feedback>";
    for (role, name, kind, text) in [
        ("tls-reports", "host!clinic.example!1!2.json", "application/tlsrpt+json", tls.to_string()),
        ("dmarc-reports", "host!clinic.example!1!2.xml", "text/xml", dmarc.to_owned()),
    ] {
        let file = practice.clinic.folder.join(name);
        std::fs::write(&file, text).expect("written");
        let (to, attached) = (format!("{role}@{BACK}"), format!("@{}", file.display()));
        let arguments = [
            "--tls",
            "--from",
            "noreply@host.example",
            "--to",
            &to,
            "--attach-type",
            kind,
            "--attach-name",
            name,
            "--attach",
            &attached,
        ];
        let Some((exit, said)) = practice.swaks(&arguments) else { return };
        assert_eq!(exit, 0, "{said}");
    }
    let reports = practice.get("/v1/mail-reports")["mail_reports"].clone();
    let reports = if reports.is_null() { practice.get("/v1/mail-reports") } else { reports };
    let text = reports.to_string();
    for part in ["certificate-expired", "t-1", "d-1"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(practice.get("/v1/mails")["mails"], json!([]), "nothing waits for a person");
}
