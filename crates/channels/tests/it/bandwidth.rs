//! Bandwidth, against its own OpenAPI file (Prism), a peer that plays its API and holds what is said to that file's schemas, the file's own
//! examples of events, and a scripted server for what none of them does on request.

use crate::support::Still;
use crate::support::authority::Authority;
use crate::support::node::{Vendor, answer, node};
use crate::support::permits::{Wish, now, permitted};
use crate::support::prism::Prism;
use crate::support::proxy::with_tls;
use crate::support::scratch::Scratch;
use crate::support::scripted::server_config;
use crate::support::web::{Reply, Web};
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use postern_base::{Clock, Phi, Secret};
use postern_channels::conformance::{Permitted, Subject, Told, check};
use postern_channels::https::HttpsConfig;
use postern_channels::sms::bandwidth::{Bandwidth, BandwidthConfig, BandwidthError};
use postern_channels::tls::Roots;
use postern_channels::{Health, Provider, ProviderRef, RawRequest, ReceiptState, ReceiveError, Received, Sent};
use serde_json::{Value, json};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const ACCOUNT: &str = "9900000";
const APPLICATION: &str = "93de2206-9669-4e07-948d-329f4b722ee2";
const CLIENT: &str = "cl1ent-of-the-account";
const SECRET: &str = "s3cret-of-the-client";
const USER: &str = "bandwidth";
const PASSWORD: &str = "p4ssword-of-the-webhooks";
const HOST: &str = "vendor.test";
const OURS: &str = "+15555550199";
const PATIENT: &str = "+12125550142";

fn config(address: SocketAddr, roots: &Path) -> BandwidthConfig {
    let https = HttpsConfig {
        origin: format!("https://{HOST}:{}", address.port()),
        address: Some(address),
        roots: Roots::File(roots.to_owned()),
        connect_time: Duration::from_secs(10),
        answer_time: Duration::from_secs(20),
    };
    BandwidthConfig {
        vendor: "textco".to_owned(),
        service: "messaging".to_owned(),
        tokens: https.clone(),
        https,
        account: ACCOUNT.to_owned(),
        client: CLIENT.to_owned(),
        client_secret: Secret::new(SECRET.to_owned()),
        application: APPLICATION.to_owned(),
        from: OURS.to_owned(),
        callback_user: USER.to_owned(),
        callback_password: Secret::new(PASSWORD.to_owned()),
    }
}

fn bandwidth(config: BandwidthConfig) -> Bandwidth {
    Bandwidth::new(config, Arc::new(Still(now()))).unwrap()
}

/// One that nobody is behind: for what comes to us.
fn alone(name: &str) -> Bandwidth {
    let scratch = Scratch::new(name);
    let roots = Authority::new().write(&scratch.0);
    bandwidth(config(([127, 0, 0, 1], 1).into(), &roots))
}

async fn send(bandwidth: &Bandwidth, to: &str) -> Sent {
    let (recorded, outbound) = permitted(&Wish::text(to)).await;
    bandwidth.send(recorded, outbound, now()).await
}

/// A clock that a test sets.
#[derive(Debug)]
struct Set(Mutex<Timestamp>);

impl Set {
    fn on(&self, seconds: i64) {
        let mut at = self.0.lock().unwrap();
        *at += SignedDuration::from_secs(seconds);
    }
}

impl Clock for Set {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

/// A peer that plays Bandwidth, and our account with it.
struct Played {
    vendor: Vendor,
    bandwidth: Arc<Bandwidth>,
    clock: Arc<Set>,
    _scratch: Scratch,
}

fn played(name: &str, change: impl FnOnce(&mut BandwidthConfig)) -> Option<Played> {
    let scratch = Scratch::new(&format!("bandwidth-{name}"));
    let authority = Authority::new();
    let roots = authority.write(&scratch.0);
    let identity = authority.identity(HOST);
    let (key, certificate) = (scratch.0.join("key.pem"), scratch.0.join("certificate.pem"));
    std::fs::write(&key, &identity.key).unwrap();
    std::fs::write(&certificate, &identity.certificate).unwrap();
    let words = [ACCOUNT, APPLICATION, CLIENT, SECRET, USER, PASSWORD];
    let files = [key.as_os_str(), certificate.as_os_str()];
    let arguments: Vec<_> = files.into_iter().chain(words.iter().map(AsRef::as_ref)).collect();
    let vendor = Vendor::start("bandwidth.js", "bandwidth-sdk", &arguments)?;
    let mut config = config(([127, 0, 0, 1], vendor.port).into(), &roots);
    change(&mut config);
    let clock = Arc::new(Set(Mutex::new(now())));
    let bandwidth = Arc::new(Bandwidth::new(config, Arc::clone(&clock) as _).unwrap());
    Some(Played { vendor, bandwidth, clock, _scratch: scratch })
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
    let Some(Played { vendor, bandwidth, clock: _, _scratch }) = played("once", |_| {}) else { return };
    let (recorded, outbound) = permitted(&Wish::text(PATIENT)).await;
    let tag = outbound.idempotency_key.clone();
    let Sent::Accepted(handover) = bandwidth.send(recorded, outbound, now()).await else { panic!() };
    assert_eq!(handover.session.unwrap().peer_name, HOST);
    let taken = vendor.events("taken");
    assert_eq!(taken.len(), 1);
    let mut one = taken[0].clone();
    let id = one.as_object_mut().and_then(|one| one.remove("id"));
    assert_eq!(id, Some(json!(handover.reference.0)));
    let body = Wish::text(PATIENT).body;
    let right = json!({
        "event": "taken", "applicationId": APPLICATION, "to": [PATIENT], "from": OURS, "text": body, "tag": tag
    });
    assert_eq!(one, right, "all of it, and nothing more");
    let mut receipt = None;
    while !receipt.as_ref().is_some_and(|state| *state == ReceiptState::Delivered) {
        receipt = bandwidth.status(&handover.reference).await.map(|receipt| receipt.state);
    }
    assert_eq!(bandwidth.status(&ProviderRef("ffff".to_owned())).await, None);
    assert_eq!(bandwidth.status(&ProviderRef("x&messageId=y".to_owned())).await, None);
    assert_eq!(bandwidth.probe().await, Health::Up);
    assert_eq!(vendor.events("granted").len(), 1, "one token does for all of it");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_refusal_means_what_it_says_and_a_lost_answer_is_never_sent_again() {
    let hasty = |config: &mut BandwidthConfig| config.https.answer_time = Duration::from_millis(700);
    let Some(Played { vendor, bandwidth, clock: _, _scratch }) = played("refusals", hasty) else { return };
    assert_eq!(send(&bandwidth, "+12125559010").await, permanent("field-to"));
    assert_eq!(send(&bandwidth, "+12125559011").await, temporary("field-from"), "our number is not right");
    assert_eq!(send(&bandwidth, "+12125559029").await, temporary("http-429"));
    assert_eq!(send(&bandwidth, "+12125559050").await, temporary("http-503"));
    assert_eq!(send(&bandwidth, "+12125559054").await, unknown("http-500"));
    assert!(vendor.events("taken").is_empty());
    assert_eq!(send(&bandwidth, "+12125559020").await, unknown("answer-time-out"));
    assert_eq!(send(&bandwidth, "+12125559070").await, unknown("connection-lost"));
    assert_eq!(vendor.events("taken").len(), 2);
    assert!(vendor.events("malformed").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_up_tells_failed_delivered_and_what_nobody_knows_apart() {
    let Some(Played { vendor, bandwidth, clock: _, _scratch }) = played("look-up", |_| {}) else { return };
    let settled = async |to: &str, code: &str| {
        let Sent::Accepted(handover) = send(&bandwidth, to).await else { panic!() };
        loop {
            let receipt = bandwidth.status(&handover.reference).await.unwrap();
            if !["ACCEPTED", "SENDING"].contains(&receipt.code.as_str()) {
                assert_eq!(receipt.code, code);
                return receipt.state;
            }
        }
    };
    assert_eq!(settled(PATIENT, "DELIVERED").await, ReceiptState::Delivered);
    assert_eq!(settled("+12125559032", "bandwidth-4770").await, ReceiptState::Failed);
    assert_eq!(settled("+12125559016", "bandwidth-4775").await, ReceiptState::Failed);
    assert_eq!(settled("+12125559033", "bandwidth-9902").await, ReceiptState::Underway);
    assert!(bandwidth.opted_out("bandwidth-4775"), "the recipient told their carrier to stop");
    for other in ["bandwidth-4770", "bandwidth-4470", "bandwidth-4482", "4775", "message-failed"] {
        assert!(!bandwidth.opted_out(other), "{other}");
    }
    drop(vendor);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_had_anew_before_it_ends_and_once_when_it_is_refused() {
    let Some(Played { vendor, bandwidth, clock, _scratch }) = played("token", |_| {}) else { return };
    let granted = || vendor.events("granted").len();
    for _ in 0..3 {
        assert!(matches!(send(&bandwidth, PATIENT).await, Sent::Accepted(_)));
    }
    assert_eq!(granted(), 1);
    clock.on(3600 - 61);
    assert!(matches!(send(&bandwidth, PATIENT).await, Sent::Accepted(_)));
    assert_eq!(granted(), 1, "it is good for a second more");
    clock.on(2);
    assert!(matches!(send(&bandwidth, PATIENT).await, Sent::Accepted(_)));
    assert_eq!(granted(), 2);
    vendor.tell(&json!({ "do": "revoke" }));
    assert!(
        matches!(send(&bandwidth, PATIENT).await, Sent::Accepted(_)),
        "the refused call took nothing, and is made again"
    );
    assert_eq!((granted(), vendor.events("taken").len()), (3, 6));
    // Nothing is said about how long a token lasts: it is used once.
    vendor.set(&json!({ "expires": null }));
    vendor.tell(&json!({ "do": "revoke" }));
    assert!(matches!(send(&bandwidth, PATIENT).await, Sent::Accepted(_)));
    assert_eq!(bandwidth.probe().await, Health::Up);
    assert_eq!(granted(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_token_or_a_verified_session_nothing_is_said_of_the_message() {
    let wrong = |config: &mut BandwidthConfig| config.client_secret = Secret::new("another".to_owned());
    let Some(wrong) = played("secret", wrong) else { return };
    assert_eq!(send(&wrong.bandwidth, PATIENT).await, temporary("token-http-401"));
    assert_eq!(wrong.bandwidth.probe().await, Health::Down { code: "token-http-401".to_owned() });
    let elsewhere = |config: &mut HttpsConfig| config.origin = config.origin.replace(HOST, "other.test");
    let below = Sent::BelowFloor { found: None, code: "certificate-host-mismatch".to_owned(), peer: None };
    for of_tokens in [true, false] {
        let change = |config: &mut BandwidthConfig| {
            elsewhere(if of_tokens { &mut config.tokens } else { &mut config.https });
        };
        let Some(other) = played("name", change) else { return };
        assert_eq!(send(&other.bandwidth, PATIENT).await, below);
        assert!(other.vendor.events("taken").is_empty());
    }
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let nobody = |config: &mut BandwidthConfig| config.tokens.address = Some(free);
    let Some(nobody) = played("nobody", nobody) else { return };
    assert_eq!(send(&nobody.bandwidth, PATIENT).await, temporary("token-connect"));
    assert!(wrong.vendor.events("taken").is_empty() && nobody.vendor.events("taken").is_empty());
}

const TOKEN: Reply = Reply::Say(200, "", r#"{"access_token":"t","token_type":"Bearer","expires_in":3600}"#);

#[tokio::test]
async fn what_the_server_of_tokens_does_with_a_call_never_makes_a_message_unknown() {
    for (reply, code) in [
        (Reply::Silence, "token-answer-time-out"),
        (Reply::Cut, "token-connection-lost"),
        (Reply::Say(200, "", "{"), "token-http-200"),
        (Reply::Say(200, "", r#"{"access_token":""}"#), "token-http-200"),
        (Reply::Say(500, "", ""), "token-http-500"),
    ] {
        let scratch = Scratch::new("bandwidth-tokens");
        let web = Web::start(vec![reply], &scratch.0).await;
        let mut config = config(web.address, &web.roots);
        config.tokens.answer_time = Duration::from_millis(400);
        assert_eq!(send(&bandwidth(config), PATIENT).await, temporary(code));
        assert!(web.calls().iter().all(|(head, _)| head.starts_with("POST /api/v1/oauth2/token ")));
    }
}

#[tokio::test]
async fn a_call_that_was_heard_and_not_answered_is_unknown_however_it_ends() {
    for (reply, code) in [
        (Reply::Silence, "answer-time-out"),
        (Reply::Cut, "connection-lost"),
        (Reply::Say(202, "", "{"), "answer-not-understood"),
        (Reply::Say(504, "", ""), "http-504"),
    ] {
        let scratch = Scratch::new("bandwidth-web");
        let web = Web::start(vec![TOKEN, reply], &scratch.0).await;
        let mut config = config(web.address, &web.roots);
        config.https.answer_time = Duration::from_millis(400);
        assert_eq!(send(&bandwidth(config), PATIENT).await, unknown(code));
        assert_eq!(web.calls().len(), 2, "a token, and the message once");
    }
}

#[test]
fn what_is_not_set_right_is_named() {
    let of = |change: fn(&mut BandwidthConfig)| {
        let scratch = Scratch::new("bandwidth-config");
        let roots = Authority::new().write(&scratch.0);
        let mut config = config(([127, 0, 0, 1], 1).into(), &roots);
        change(&mut config);
        match Bandwidth::new(config, Arc::new(Still(now()))).unwrap_err() {
            BandwidthError::Value { key, .. } => key,
            BandwidthError::Https(_) => "origin",
        }
    };
    assert_eq!(of(|config| config.account = "99/../1".to_owned()), "account");
    assert_eq!(of(|config| config.application = "an application".to_owned()), "application");
    assert_eq!(of(|config| config.from = "Sunrise".to_owned()), "from");
    assert_eq!(of(|config| config.client = String::new()), "client_id");
    assert_eq!(of(|config| config.callback_user = "a:b".to_owned()), "callback_user");
    assert_eq!(of(|config| config.callback_password = Secret::new("short".to_owned())), "callback_password_file");
    assert_eq!(of(|config| config.https.origin = "http://api.example".to_owned()), "origin");
    assert_eq!(of(|config| config.tokens.origin = "http://api.example".to_owned()), "origin");
}

#[tokio::test]
async fn calls_and_answers_are_as_bandwidths_own_openapi_file_describes_them() {
    let Some(library) = node("bandwidth_description.js", "bandwidth-sdk") else { return };
    let scratch = Scratch::new("bandwidth-prism");
    let file = scratch.0.join("messaging.json");
    std::fs::write(&file, answer(library, &json!("paths")).to_string()).unwrap();
    let Some(prism) = Prism::start(&file).await else { return };
    let web = Web::start(vec![TOKEN], &scratch.0).await;
    let authority = Authority::new();
    let beside = scratch.0.join("prism");
    std::fs::create_dir(&beside).unwrap();
    let mut config = config(web.address, &web.roots);
    config.https.roots = Roots::File(authority.write(&beside));
    let address = with_tls(prism.port, server_config(&authority.identity(HOST))).await;
    config.https.origin = format!("https://{HOST}:{}", address.port());
    config.https.address = Some(address);
    let bandwidth = bandwidth(config);
    let sent = send(&bandwidth, PATIENT).await;
    let Sent::Accepted(handover) = sent else { panic!("{sent:?}") };
    // The message of the file's example, which is answered whatever is asked for: one that was received, with an error that says that
    // nobody knows.
    let example = ProviderRef("1589228074636lm4k2je7j7jklbn2".to_owned());
    assert_eq!(handover.reference, example);
    let receipt = bandwidth.status(&example).await.unwrap();
    assert_eq!((receipt.state, receipt.code.as_str()), (ReceiptState::Underway, "bandwidth-9902"));
    let other = ProviderRef("another".to_owned());
    assert_eq!(bandwidth.status(&other).await, None, "an answer about another message says nothing");
    assert_eq!(bandwidth.probe().await, Health::Up);
}

fn request(authorization: &str, body: &Value) -> RawRequest {
    RawRequest {
        url: "https://clinic.example/v1/webhooks/textco/messaging".to_owned(),
        headers: vec![("authorization".to_owned(), authorization.to_owned())],
        body: Phi::new(body.to_string().into_bytes()),
        at: now(),
    }
}

fn credentials() -> String {
    format!("Basic {}", STANDARD.encode(format!("{USER}:{PASSWORD}")))
}

fn believed(body: &Value) -> RawRequest {
    request(&credentials(), body)
}

fn event(kind: &str, direction: &str, more: &Value) -> Value {
    let mut event = json!({
        "type": kind, "time": "2026-11-30T15:59:59Z", "description": "x", "to": PATIENT,
        "message": {
            "id": "14762070468292kw2fuqty55yp2b2", "owner": OURS, "applicationId": APPLICATION, "time": "2026-11-30T15:59:58Z",
            "segmentCount": 1, "direction": direction, "to": [OURS], "from": PATIENT, "text": "STOP"
        }
    });
    for (key, value) in more.as_object().unwrap() {
        *event.pointer_mut(&format!("/{key}")).unwrap() = value.clone();
    }
    event
}

#[test]
fn every_example_of_their_file_is_read_as_what_it_is() {
    let Some(library) = node("bandwidth_description.js", "bandwidth-sdk") else { return };
    let examples = answer(library, &json!("examples"));
    let bandwidth = alone("bandwidth-examples");
    let mut seen = Vec::new();
    for example in examples.as_array().unwrap() {
        let mut event = example["value"].clone();
        let id = event["message"]["id"].as_str().unwrap().to_owned();
        // Some are of another application; of that we are told nothing.
        if event["message"]["applicationId"] != APPLICATION {
            assert_eq!(bandwidth.receive(&believed(&json!([event]))).err(), Some(ReceiveError::Unreadable));
            event["message"]["applicationId"] = json!(APPLICATION);
        }
        let mut received = bandwidth.receive(&believed(&json!([event]))).unwrap();
        assert_eq!(received.len(), 1);
        seen.push(match received.pop().unwrap() {
            Received::Receipt(receipt) => {
                assert_eq!(receipt.reference.0, id);
                (format!("{:?}", receipt.state), receipt.code)
            }
            Received::Message(message) => {
                assert_eq!((message.reference.0, message.from.reveal().as_str()), (id, "+12345678901"));
                assert_eq!(message.to, "+12345678902");
                ("said".to_owned(), message.text.reveal().clone())
            }
        });
    }
    seen.sort();
    seen.dedup();
    let right = [
        ("Delivered", "message-delivered"),
        ("Failed", "bandwidth-4432"),
        ("Underway", "message-sending"),
        ("Underway", "message-sent"),
        ("said", "Hey, check out the MMS!"),
        ("said", "Hey, check out this SMS!"),
    ];
    assert_eq!(seen, right.map(|(kind, word)| (kind.to_owned(), word.to_owned())));
}

#[test]
fn a_message_of_ours_that_comes_by_is_no_patients_and_an_unknown_kind_is_a_step_on_the_way() {
    let bandwidth = alone("bandwidth-told");
    let receipt = |event: Value| match bandwidth.receive(&believed(&json!([event]))).unwrap().pop() {
        Some(Received::Receipt(receipt)) => (receipt.state, receipt.code),
        other => panic!("{other:?}"),
    };
    let (underway, failed) = (ReceiptState::Underway, ReceiptState::Failed);
    let none = json!({});
    assert_eq!(receipt(event("message-received", "out", &none)), (underway, "message-received".to_owned()));
    assert_eq!(receipt(event("message-failed", "in", &none)), (underway, "message-failed".to_owned()));
    assert_eq!(receipt(event("message-failed", "out", &none)), (failed, "message-failed".to_owned()));
    assert_eq!(receipt(event("message-teleported", "out", &none)), (underway, "message-teleported".to_owned()));
    assert_eq!(receipt(event("suggestion-response", "in", &none)), (underway, "suggestion-response".to_owned()));
    let mut lost = event("message-failed", "out", &none);
    lost["errorCode"] = json!(9902);
    assert_eq!(receipt(lost), (underway, "bandwidth-9902".to_owned()), "no receipt of the carrier's is no failure");
}

#[test]
fn what_a_patient_wrote_counts_from_when_it_was_written_and_never_from_later_than_now() {
    let bandwidth = alone("bandwidth-time");
    let at = |time: Value| {
        let event = event("message-received", "in", &json!({ "message/time": time }));
        match bandwidth.receive(&believed(&json!([event]))).unwrap().pop() {
            Some(Received::Message(message)) => message.at,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(at(json!("2026-11-30T09:00:00.250Z")), "2026-11-30T09:00:00.250Z".parse::<Timestamp>().unwrap());
    assert_eq!(at(json!("2031-01-01T00:00:00Z")), now());
    assert_eq!(at(json!("yesterday")), now());
    assert_eq!(at(Value::Null), now());
}

#[test]
fn of_several_events_each_is_taken_and_one_that_cannot_be_read_takes_none_with_it() {
    let bandwidth = alone("bandwidth-several");
    let received = event("message-received", "in", &json!({}));
    let odd = event("message-received", "in", &json!({ "message/from": "whatsapp:+1" }));
    let foreign = event("message-delivered", "out", &json!({ "message/applicationId": "another" }));
    let path = event("message-delivered", "out", &json!({ "message/id": "../x" }));
    let delivered = event("message-delivered", "out", &json!({}));
    let all = json!([odd, received, 7, foreign, delivered, path]);
    let kinds: Vec<bool> =
        bandwidth.receive(&believed(&all)).unwrap().iter().map(|one| matches!(one, Received::Message(_))).collect();
    assert_eq!(kinds, [true, false]);
    for unreadable in [json!([]), json!({}), json!([odd]), json!([foreign]), json!([path]), json!("[]"), received] {
        assert_eq!(bandwidth.receive(&believed(&unreadable)).err(), Some(ReceiveError::Unreadable), "{unreadable}");
    }
}

#[async_trait]
impl Subject for Played {
    fn provider(&self) -> Arc<dyn Provider> {
        Arc::clone(&self.bandwidth) as _
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
        let receipt = event("message-delivered", "out", &json!({ "message/id": "SM7" }));
        let message = event("message-received", "in", &json!({ "message/text": "Stop please" }));
        vec![
            (believed(&json!([receipt])), Told::Receipt { reference, state: ReceiptState::Delivered }),
            (
                believed(&json!([message])),
                Told::Message { from: Phi::new(PATIENT.to_owned()), text: Phi::new("Stop please".to_owned()) },
            ),
        ]
    }
    fn signs_time(&self) -> bool {
        false
    }
    fn signs_body(&self) -> bool {
        false
    }
    fn unreadable(&self) -> Option<RawRequest> {
        Some(believed(&json!([{ "weather": "fine" }])))
    }
    fn never_printed(&self) -> Vec<String> {
        let secrets = [SECRET, PASSWORD, PATIENT, "Stop please"].map(str::to_owned);
        let encoded = credentials().trim_start_matches("Basic ").to_owned();
        secrets.into_iter().chain([encoded, Wish::text(PATIENT).body]).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bandwidth_conforms() {
    let Some(subject) = played("conforms", |_| {}) else { return };
    assert_eq!(check(&subject).await, Vec::new());
}
