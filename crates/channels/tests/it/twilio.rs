//! Twilio, against its own OpenAPI file (Prism), its own library for signatures, a peer that plays its API, and a scripted server for
//! what none of them does on request.

use crate::support::Still;
use crate::support::authority::Authority;
use crate::support::node::{Vendor, answer, node};
use crate::support::permits::{Wish, now, permitted};
use crate::support::prism::{Prism, package};
use crate::support::proxy::with_tls;
use crate::support::scratch::Scratch;
use crate::support::scripted::server_config;
use crate::support::web::{Reply, Web};
use async_trait::async_trait;
use jiff::Timestamp;
use postern_base::{Phi, Secret};
use postern_channels::conformance::{Permitted, Subject, Told, check};
use postern_channels::https::HttpsConfig;
use postern_channels::sms::twilio::webhook::{SIGNATURE, sign};
use postern_channels::sms::twilio::{Sender, Twilio, TwilioConfig, TwilioError};
use postern_channels::tls::Roots;
use postern_channels::{Health, Provider, ProviderRef, RawRequest, ReceiptState, ReceiveError, Received, Sent};
use serde_json::{Value, json};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

const ACCOUNT: &str = "AC0123456789abcdef0123456789abcdef";
const TOKEN: &str = "t0ken-of-the-account";
const HOST: &str = "vendor.test";
const CALLBACK: &str = "https://clinic.example/v1/webhooks/textco/messaging";
const PATIENT: &str = "+12125550142";

fn config(address: SocketAddr, roots: &Path) -> TwilioConfig {
    TwilioConfig {
        vendor: "textco".to_owned(),
        service: "messaging".to_owned(),
        https: HttpsConfig {
            origin: format!("https://{HOST}:{}", address.port()),
            address: Some(address),
            roots: Roots::File(roots.to_owned()),
            connect_time: Duration::from_secs(10),
            answer_time: Duration::from_secs(20),
        },
        account: ACCOUNT.to_owned(),
        token: Secret::new(TOKEN.to_owned()),
        key: None,
        sender: Sender::Number("+15555550199".to_owned()),
        callback: CALLBACK.to_owned(),
    }
}

fn twilio(config: TwilioConfig) -> Twilio {
    Twilio::new(config, Arc::new(Still(now()))).unwrap()
}

async fn send(twilio: &Twilio, to: &str) -> Sent {
    let (recorded, outbound) = permitted(&Wish::text(to)).await;
    twilio.send(recorded, outbound, now()).await
}

/// A peer that plays Twilio, and our account with it.
struct Played {
    vendor: Vendor,
    twilio: Arc<Twilio>,
    _scratch: Scratch,
}

fn played(name: &str, change: impl FnOnce(&mut TwilioConfig)) -> Option<Played> {
    let scratch = Scratch::new(&format!("twilio-{name}"));
    let authority = Authority::new();
    let roots = authority.write(&scratch.0);
    let identity = authority.identity(HOST);
    let (key, certificate) = (scratch.0.join("key.pem"), scratch.0.join("certificate.pem"));
    std::fs::write(&key, &identity.key).unwrap();
    std::fs::write(&certificate, &identity.certificate).unwrap();
    let arguments = [key.as_os_str(), certificate.as_os_str(), ACCOUNT.as_ref(), TOKEN.as_ref()];
    let vendor = Vendor::start("twilio.js", "twilio", &arguments)?;
    let mut config = config(([127, 0, 0, 1], vendor.port).into(), &roots);
    change(&mut config);
    Some(Played { vendor, twilio: Arc::new(twilio(config)), _scratch: scratch })
}

fn permanent(code: &str) -> Sent {
    Sent::PermanentFailure { code: code.to_owned() }
}

fn temporary(code: &str) -> Sent {
    Sent::TemporaryFailure { code: code.to_owned() }
}

fn unknown(code: &str) -> Sent {
    Sent::Unknown { code: code.to_owned() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_is_taken_once_as_it_was_committed_to_and_can_be_asked_about() {
    let Some(Played { vendor, twilio, _scratch }) = played("once", |_| {}) else { return };
    let (recorded, outbound) = permitted(&Wish::text(PATIENT)).await;
    let attempt = outbound.idempotency_key.clone();
    let Sent::Accepted(handover) = twilio.send(recorded, outbound, now()).await else { panic!() };
    assert_eq!(handover.session.unwrap().peer_name, HOST);
    let taken = vendor.events("taken");
    assert_eq!(taken.len(), 1);
    let one = &taken[0];
    assert_eq!((&one["to"], &one["body"]), (&json!(PATIENT), &json!(Wish::text(PATIENT).body)));
    assert_eq!(one["from"], "+15555550199");
    assert_eq!(one["callback"], format!("{CALLBACK}?attempt={attempt}"));
    assert_eq!((&one["service"], &one["smart"]), (&Value::Null, &json!("false")));
    let mut receipt = None;
    while !receipt.as_ref().is_some_and(|state| *state == ReceiptState::Delivered) {
        receipt = twilio.status(&handover.reference).await.map(|receipt| receipt.state);
    }
    assert_eq!(twilio.status(&ProviderRef("SMffff".to_owned())).await, None);
    assert_eq!(twilio.status(&ProviderRef("../Calls".to_owned())).await, None);
    assert_eq!(twilio.probe().await, Health::Up);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_refusal_means_what_it_says_and_whom_the_carrier_blocks_opted_out() {
    let Some(Played { vendor, twilio, _scratch }) = played("refusals", |config| {
        config.https.answer_time = Duration::from_millis(700);
        config.sender = Sender::Service("MG0123456789abcdef0123456789abcdef".to_owned());
    }) else {
        return;
    };
    assert_eq!(send(&twilio, "+12125559010").await, permanent("twilio-21211"));
    assert_eq!(send(&twilio, "+12125559029").await, temporary("twilio-20429"));
    assert_eq!(send(&twilio, "+12125559050").await, temporary("http-503"));
    assert_eq!(send(&twilio, "+12125559054").await, unknown("http-500"));
    vendor.tell(&json!({ "do": "block", "number": PATIENT }));
    vendor.events("taken");
    let blocked = send(&twilio, PATIENT).await;
    assert_eq!(blocked, permanent("twilio-21610"));
    assert!(twilio.opted_out("twilio-21610") && !twilio.opted_out("twilio-21211"));
    assert!(vendor.events("taken").is_empty());
    // Taken and never answered, and taken before the connection was lost: nobody knows, and it is not sent again.
    assert_eq!(send(&twilio, "+12125559020").await, unknown("answer-time-out"));
    assert_eq!(send(&twilio, "+12125559070").await, unknown("connection-lost"));
    let taken = vendor.events("taken");
    assert_eq!(taken.len(), 2);
    assert_eq!(taken[0]["service"], "MG0123456789abcdef0123456789abcdef");
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_wrong_token_or_an_unverified_session_nothing_is_taken() {
    let Some(wrong) = played("token", |config| config.token = Secret::new("another".to_owned())) else { return };
    assert_eq!(send(&wrong.twilio, PATIENT).await, temporary("twilio-20003"));
    assert_eq!(wrong.twilio.probe().await, Health::Down { code: "http-401".to_owned() });
    let elsewhere = |config: &mut TwilioConfig| config.https.origin = config.https.origin.replace(HOST, "other.test");
    let Some(other) = played("name", elsewhere) else { return };
    let sent = send(&other.twilio, PATIENT).await;
    assert_eq!(sent, Sent::BelowFloor { found: None, code: "certificate-host-mismatch".to_owned(), peer: None });
    assert!(wrong.vendor.events("taken").is_empty() && other.vendor.events("taken").is_empty());
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let Some(nobody) = played("nobody", |config| config.https.address = Some(free)) else { return };
    assert_eq!(send(&nobody.twilio, PATIENT).await, temporary("connect"));
}

#[tokio::test]
async fn a_call_that_was_heard_and_not_answered_is_unknown_however_it_ends() {
    for (reply, code) in [
        (Reply::Silence, "answer-time-out"),
        (Reply::Cut, "connection-lost"),
        (Reply::Say(201, "", "{"), "answer-not-understood"),
        (Reply::Say(504, "", ""), "http-504"),
    ] {
        let scratch = Scratch::new("twilio-web");
        let web = Web::start(vec![reply], &scratch.0).await;
        let mut config = config(web.address, &web.roots);
        config.https.answer_time = Duration::from_millis(400);
        assert_eq!(send(&twilio(config), PATIENT).await, unknown(code));
        assert_eq!(web.calls().len(), 1);
    }
}

#[test]
fn what_is_not_set_right_is_named() {
    let of = |change: fn(&mut TwilioConfig)| {
        let scratch = Scratch::new("twilio-config");
        let roots = Authority::new().write(&scratch.0);
        let mut config = config(([127, 0, 0, 1], 1).into(), &roots);
        change(&mut config);
        Twilio::new(config, Arc::new(Still(now()))).unwrap_err()
    };
    let key = |error| match error {
        TwilioError::Value { key, .. } => key,
        TwilioError::Https(_) => "origin",
    };
    assert_eq!(key(of(|config| config.account = "AC1".to_owned())), "account");
    assert_eq!(key(of(|config| config.sender = Sender::Service("MG1".to_owned()))), "messaging_service");
    assert_eq!(key(of(|config| config.callback = "http://clinic.example/".to_owned())), "callback");
    assert_eq!(key(of(|config| config.https.origin = "http://api.example".to_owned())), "origin");
}

// Against Twilio's own description of its API.

#[tokio::test]
async fn calls_and_answers_are_as_twilios_own_openapi_file_describes_them() {
    let file = "@twilio/cli-core/src/services/twilio-api/twilio_api_v2010.json";
    let Some(file) = package(file, "Twilio's OpenAPI file (npm)") else { return };
    let Some(prism) = Prism::start(&file).await else { return };
    let scratch = Scratch::new("twilio-prism");
    let authority = Authority::new();
    let roots = authority.write(&scratch.0);
    let address = with_tls(prism.port, server_config(&authority.identity(HOST))).await;
    for sender in [Sender::Number("+15555550199".into()), Sender::Service("MG0123456789abcdef0123456789abcdef".into())]
    {
        let twilio = twilio(TwilioConfig { sender, ..config(address, &roots) });
        let sent = send(&twilio, PATIENT).await;
        let Sent::Accepted(handover) = sent else { panic!("{sent:?}") };
        assert!(handover.reference.0.starts_with("SM"), "{handover:?}");
        // The message of the file's example, which is answered whatever is asked for.
        let example = ProviderRef("SMb7c0a2ce80504485a6f653a7110836f5".to_owned());
        let receipt = twilio.status(&example).await.unwrap();
        assert_eq!((receipt.state, receipt.code.as_str()), (ReceiptState::Underway, "twilio-30007"));
        assert_eq!(twilio.status(&handover.reference).await, None, "an answer about another message says nothing");
        assert_eq!(twilio.probe().await, Health::Up);
    }
}

// Against Twilio's own library.

#[test]
fn signatures_are_the_ones_of_twilios_own_library_both_ways() {
    let Some(library) = node("twilio_signatures.js", "twilio") else { return };
    let token = Secret::new(TOKEN.to_owned());
    let texts = ["", "STOP", "año nuevo & más = 1+1", "😀 %41", "a\nb", "  "];
    let urls =
        [CALLBACK, "https://clinic.example:8443/hook", "https://clinic.example/hook?a=b&c=d", "https://clinic.example"];
    let mut requests = Vec::new();
    for (nth, url) in urls.iter().cycle().take(240).enumerate() {
        let fields: Vec<(String, String)> = (0..nth % 7)
            .map(|field| {
                (format!("{}Field{}", ["A", "z", "M"][field % 3], (field * 7) % 5), texts[(nth + field) % 6].to_owned())
            })
            .collect();
        let unique: std::collections::BTreeMap<_, _> = fields.into_iter().collect();
        let fields: Vec<(String, String)> = unique.into_iter().rev().collect();
        requests.push((url.to_string(), fields));
    }
    let asked: Vec<Value> = requests
        .iter()
        .map(|(url, fields)| {
            let params: serde_json::Map<String, Value> = fields.iter().map(|(n, v)| (n.clone(), json!(v))).collect();
            json!({ "token": TOKEN, "url": url, "params": params, "signature": sign(&token, url, fields) })
        })
        .collect();
    let judged = answer(library, &json!(asked));
    let scratch = Scratch::new("twilio-signatures");
    let roots = Authority::new().write(&scratch.0);
    let twilio = twilio(config(([127, 0, 0, 1], 1).into(), &roots));
    for ((url, fields), judged) in requests.iter().zip(judged.as_array().unwrap()) {
        assert_eq!(judged[0], json!(sign(&token, url, fields)), "{url} {fields:?}");
        assert_eq!(judged[1], true, "{url} {fields:?}");
        // The signature is theirs; what is signed says nothing we know.
        let request = request(url, fields, judged[0].as_str().unwrap());
        assert_eq!(twilio.receive(&request).err(), Some(ReceiveError::Unreadable));
    }
}

fn request(url: &str, fields: &[(String, String)], signature: &str) -> RawRequest {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    RawRequest {
        url: url.to_owned(),
        headers: vec![(SIGNATURE.to_owned(), signature.to_owned())],
        body: Phi::new(body.into_bytes()),
        at: now(),
    }
}

fn signed(fields: &[(&str, &str)]) -> RawRequest {
    let account = [("AccountSid", ACCOUNT)];
    let fields: Vec<(String, String)> =
        account.iter().chain(fields).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    request(CALLBACK, &fields, &sign(&Secret::new(TOKEN.to_owned()), CALLBACK, &fields))
}

#[test]
fn what_twilio_tells_is_a_receipt_or_a_patients_message_and_of_another_account_nothing() {
    let scratch = Scratch::new("twilio-told");
    let roots = Authority::new().write(&scratch.0);
    let twilio = twilio(config(([127, 0, 0, 1], 1).into(), &roots));
    let receipt = |status: &str, error: &str| {
        let mut fields = vec![("MessageSid", "SM1"), ("MessageStatus", status), ("To", PATIENT)];
        if !error.is_empty() {
            fields.push(("ErrorCode", error));
        }
        match twilio.receive(&signed(&fields)).unwrap().pop() {
            Some(Received::Receipt(receipt)) => (receipt.state, receipt.code),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(receipt("delivered", ""), (ReceiptState::Delivered, "delivered".to_owned()));
    assert_eq!(receipt("undelivered", "30003"), (ReceiptState::Failed, "twilio-30003".to_owned()));
    assert_eq!(receipt("teleported", ""), (ReceiptState::Underway, "teleported".to_owned()));
    let message =
        [("MessageSid", "SM2"), ("From", PATIENT), ("To", "+15555550199"), ("Body", "STOP"), ("SmsStatus", "received")];
    let Some(Received::Message(message)) = twilio.receive(&signed(&message)).unwrap().pop() else { panic!() };
    assert_eq!((message.from.reveal().as_str(), message.text.reveal().as_str()), (PATIENT, "STOP"));
    assert_eq!((message.to.as_str(), message.reference.0.as_str()), ("+15555550199", "SM2"));
    for odd in [
        &[("MessageStatus", "delivered")][..],
        &[("MessageSid", "SM/3"), ("MessageStatus", "delivered")],
        &[("MessageSid", "SM3"), ("From", PATIENT)],
        &[("MessageSid", "SM3"), ("From", "whatsapp:+1"), ("To", "x"), ("Body", "hi")],
    ] {
        assert_eq!(twilio.receive(&signed(odd)).err(), Some(ReceiveError::Unreadable), "{odd:?}");
    }
    let other = vec![("AccountSid".to_owned(), "AC9".to_owned()), ("MessageSid".to_owned(), "SM1".to_owned())];
    let other = request(CALLBACK, &other, &sign(&Secret::new(TOKEN.to_owned()), CALLBACK, &other));
    assert_eq!(twilio.receive(&other).err(), Some(ReceiveError::Unreadable));
}

#[async_trait]
impl Subject for Played {
    fn provider(&self) -> Arc<dyn Provider> {
        Arc::clone(&self.twilio) as _
    }
    fn now(&self) -> Timestamp {
        now()
    }
    async fn permitted(&self) -> Permitted {
        permitted(&Wish::text(PATIENT)).await
    }
    async fn permitted_elsewhere(&self) -> Permitted {
        permitted(&Wish { vendor: "otherco".to_owned(), ..Wish::text(PATIENT) }).await
    }
    async fn permitted_above_floor(&self) -> Option<Permitted> {
        None
    }
    async fn taken(&self) -> u64 {
        u64::try_from(self.vendor.events("taken").len()).unwrap()
    }
    async fn requests(&self) -> Vec<(RawRequest, Told)> {
        let reference = ProviderRef("SM7".to_owned());
        let receipt = signed(&[("MessageSid", "SM7"), ("MessageStatus", "delivered"), ("To", PATIENT)]);
        let message =
            signed(&[("MessageSid", "SM8"), ("From", PATIENT), ("To", "+15555550199"), ("Body", "Stop please")]);
        vec![
            (receipt, Told::Receipt { reference, state: ReceiptState::Delivered }),
            (message, Told::Message { from: Phi::new(PATIENT.to_owned()), text: Phi::new("Stop please".to_owned()) }),
        ]
    }
    fn signs_time(&self) -> bool {
        false
    }
    fn unreadable(&self) -> Option<RawRequest> {
        Some(signed(&[("Weather", "fine")]))
    }
    fn never_printed(&self) -> Vec<String> {
        vec![TOKEN.to_owned(), PATIENT.to_owned(), Wish::text(PATIENT).body, "Stop please".to_owned()]
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn twilio_conforms() {
    let Some(subject) = played("conforms", |_| {}) else { return };
    assert_eq!(check(&subject).await, Vec::new());
}
