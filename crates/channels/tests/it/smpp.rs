//! SMPP against two message centres that we did not write (the npm package smpp, and the library of Jasmin's own server), over TLS.

use crate::support::Still;
use crate::support::authority::Authority;
use crate::support::node::Vendor;
use crate::support::permits::{Wish, now, permitted};
use crate::support::scratch::Scratch;
use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use postern_base::{Channel, Secret, SystemRng};
use postern_channels::conformance::{self, Permitted, Subject, check};
use postern_channels::sms::smpp::{Long, Smpp, SmppConfig};
use postern_channels::tls::Roots;
use postern_channels::{Health, Provider, RawRequest, ReceiptState, Received, Sent, Told};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

const HOST: &str = "smsc.test";
pub(crate) const PASSWORD: &str = "s3cret";

/// A centre, our link to it, and what it told us.
pub(crate) struct Centre {
    pub(crate) vendor: Vendor,
    pub(crate) smpp: Arc<Smpp>,
    pub(crate) told: mpsc::Receiver<Told>,
    _scratch: Scratch,
}

pub(crate) fn config(vendor: &Vendor, scratch: &Scratch) -> SmppConfig {
    SmppConfig {
        vendor: "textco".to_owned(),
        service: "messaging".to_owned(),
        host: HOST.to_owned(),
        port: vendor.port,
        address: Some(([127, 0, 0, 1], vendor.port).into()),
        roots: Roots::File(scratch.0.join("authority.pem")),
        system_id: "clinic".to_owned(),
        password: Secret::new(PASSWORD.to_owned()),
        system_type: String::new(),
        from: "+15555550199".to_owned(),
        window: 10,
        per_second: None,
        long: Long::Header,
        opted_out: vec![0x401],
        answer_time: Duration::from_secs(20),
        silence: Duration::from_secs(30),
    }
}

impl Centre {
    pub(crate) fn start(name: &str, change: impl FnOnce(&mut SmppConfig)) -> Option<Self> {
        let (vendor, scratch) = centre(name, HOST)?;
        Some(Self::at(vendor, scratch, change))
    }

    /// Our link to the centre that `vendor` plays.
    fn at(vendor: Vendor, scratch: Scratch, change: impl FnOnce(&mut SmppConfig)) -> Self {
        let mut config = config(&vendor, &scratch);
        change(&mut config);
        let (sender, told) = mpsc::channel(4096);
        let smpp = Arc::new(Smpp::new(config, sender, Arc::new(Still(now())), Arc::new(SystemRng)).unwrap());
        Self { vendor, smpp, told, _scratch: scratch }
    }

    async fn send(&self, wish: &Wish) -> Sent {
        let (recorded, outbound) = permitted(wish).await;
        self.smpp.send(recorded, outbound, now()).await
    }

    /// The next thing it told us, which is kept.
    async fn heard(&mut self) -> Received {
        let told = self.told.recv().await.unwrap();
        let received = told.received.clone();
        told.kept(true);
        received
    }

    async fn eventually(&self, kind: &str, count: usize) -> Vec<Value> {
        for _ in 0..3000 {
            let events = self.vendor.events(kind);
            if events.len() >= count {
                return events;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("never {count} of {kind}");
    }
}

/// A centre whose certificate is for `host`.
fn centre(name: &str, host: &str) -> Option<(Vendor, Scratch)> {
    centre_on("smsc.js", "smpp", name, host)
}

fn centre_on(script: &str, package: &str, name: &str, host: &str) -> Option<(Vendor, Scratch)> {
    let scratch = Scratch::new(&format!("smpp-{name}"));
    let authority = Authority::new();
    authority.write(&scratch.0);
    let identity = authority.identity(host);
    let (key, certificate) = (scratch.0.join("key.pem"), scratch.0.join("certificate.pem"));
    std::fs::write(&key, &identity.key).unwrap();
    std::fs::write(&certificate, &identity.certificate).unwrap();
    Some((Vendor::start(script, package, &[key, certificate])?, scratch))
}

fn text(to: &str, body: &str) -> Wish {
    Wish { body: format!("Sunrise Health: {body} Reply STOP to opt out."), ..Wish::text(to) }
}

fn reference(sent: Sent) -> String {
    let Sent::Accepted(handover) = sent else { panic!("{sent:?}") };
    assert_eq!(handover.session.unwrap().peer_name, HOST);
    handover.reference.0
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_is_submitted_once_over_a_verified_session_and_its_receipt_names_it() {
    let Some(mut centre) = Centre::start("once", |_| {}) else { return };
    let wish = text("+12125550142", "visit on Tuesday.");
    let name = reference(centre.send(&wish).await);
    let Received::Receipt(receipt) = centre.heard().await else { panic!("no receipt") };
    assert_eq!((receipt.reference.0, receipt.state), (name, ReceiptState::Delivered));
    let taken = centre.vendor.events("taken");
    assert_eq!(taken.len(), 1);
    let one = &taken[0];
    assert_eq!((&one["to"], &one["from"], &one["ton"]), (&json!("12125550142"), &json!("15555550199"), &json!(1)));
    assert_eq!((&one["text"], &one["coding"]), (&json!(wish.body), &json!(0)));
    assert_eq!(centre.eventually("answered", 1).await[0]["status"], 0, "it hears that we have the receipt");
    assert_eq!(centre.smpp.probe().await, Health::Up);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_text_goes_in_parts_that_the_other_side_puts_together_again() {
    for (long, name) in [(Long::Header, "udh"), (Long::Parameters, "sar")] {
        let Some(mut centre) = Centre::start(name, |config| config.long = long) else { return };
        let words = "Bring your list of medicines, your insurance card and a photo id {1}. ".repeat(4);
        let wish = text("+12125550142", &words);
        reference(centre.send(&wish).await);
        let taken = centre.eventually("taken", 3).await;
        let whole: String = taken.iter().map(|part| part["text"].as_str().unwrap()).collect();
        assert_eq!(whole, wish.body);
        let receipts: Vec<&Value> = taken.iter().map(|part| &part["receipt"]).collect();
        assert_eq!(receipts, [&json!(0), &json!(0), &json!(1)]);
        for (nth, part) in (1u8..).zip(&taken) {
            match long {
                Long::Header => assert!(part["udh"].as_str().unwrap().ends_with(&format!("03{nth:02x}")), "{part}"),
                Long::Parameters => assert_eq!((&part["sar"], &part["of"]), (&json!(nth), &json!(3))),
            }
        }
        assert!(matches!(centre.heard().await, Received::Receipt(receipt) if receipt.state == ReceiptState::Delivered));
        let wish = text("+12125550142", "¿Está bien? ✓");
        reference(centre.send(&wish).await);
        let taken = centre.eventually("taken", 4).await;
        assert_eq!((&taken[3]["text"], &taken[3]["coding"]), (&json!(wish.body), &json!(8)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_for_good_or_for_a_while_and_one_says_that_the_recipient_opted_out() {
    let Some(centre) = Centre::start("refusals", |_| {}) else { return };
    let sent = centre.send(&text("+12125559010", "visit.")).await;
    assert_eq!(sent, Sent::PermanentFailure { code: "smpp-0x0000000b".to_owned() });
    let sent = centre.send(&text("+12125559008", "visit.")).await;
    assert_eq!(sent, Sent::TemporaryFailure { code: "smpp-0x00000008".to_owned() });
    let Sent::PermanentFailure { code } = centre.send(&text("+12125559016", "visit.")).await else { panic!() };
    assert!(centre.smpp.opted_out(&code) && !centre.smpp.opted_out("smpp-0x0000000b"));
    assert!(centre.vendor.events("taken").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_as_too_fast_goes_again_after_a_pause_and_arrives_once() {
    let Some(centre) = Centre::start("throttled", |_| {}) else { return };
    reference(centre.send(&text("+12125559058", "visit.")).await);
    assert_eq!(centre.vendor.events("throttled").len(), 2);
    assert_eq!(centre.vendor.events("taken").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_go_in_a_second_than_the_account_may() {
    let Some(centre) = Centre::start("rate", |config| config.per_second = Some(40)) else { return };
    centre.vendor.set(&json!({ "rate": 80 }));
    let sends = (0..60).map(|nth| {
        let smpp = Arc::clone(&centre.smpp);
        tokio::spawn(async move {
            let (recorded, outbound) = permitted(&text(&format!("+1212555{nth:04}"), "visit.")).await;
            smpp.send(recorded, outbound, now()).await
        })
    });
    for sent in sends.collect::<Vec<_>>() {
        reference(sent.await.unwrap());
    }
    assert_eq!((centre.vendor.events("taken").len(), centre.vendor.events("throttled").len()), (60, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_left_and_was_not_answered_is_unknown_and_the_link_comes_back_by_itself() {
    let Some(centre) = Centre::start("lost", |config| config.answer_time = Duration::from_secs(1)) else { return };
    let sent = centre.send(&text("+12125559070", "visit.")).await;
    assert_eq!(sent, Sent::Unknown { code: "connection-lost".to_owned() });
    let sent = centre.send(&text("+12125550142", "visit.")).await;
    assert!(matches!(sent, Sent::TemporaryFailure { .. } | Sent::Accepted(_)), "{sent:?}");
    centre.eventually("bound", 2).await;
    while !matches!(centre.send(&text("+12125550143", "visit.")).await, Sent::Accepted(_)) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let sent = centre.send(&text("+12125559020", "visit.")).await;
    assert_eq!(sent, Sent::Unknown { code: "answer-time-out".to_owned() });
    reference(centre.send(&text("+12125550144", "visit.")).await);
    let to = |number: &str| centre.vendor.events("taken").iter().filter(|one| one["to"] == number).count();
    assert_eq!((to("12125559070"), to("12125559020"), to("12125550143")), (1, 1, 1), "and nothing is sent twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn receipts_are_read_by_text_by_parameter_and_around_a_parameter_that_is_broken() {
    let Some(mut centre) = Centre::start("receipts", |_| {}) else { return };
    for (number, state) in [
        ("+12125550142", ReceiptState::Delivered),
        ("+12125559032", ReceiptState::Failed),
        ("+12125559061", ReceiptState::Delivered),
        ("+12125559062", ReceiptState::Delivered),
    ] {
        let name = reference(centre.send(&text(number, "visit.")).await);
        let Received::Receipt(receipt) = centre.heard().await else { panic!("{number}") };
        assert_eq!((receipt.reference.0, receipt.state), (name, state), "{number}");
    }
    assert_eq!(centre.vendor.events("closed").len(), 0, "the bind outlives a bad parameter");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_patients_message_arrives_whole_and_is_delivered_again_until_it_is_kept() {
    let Some(mut centre) = Centre::start("inbound", |_| {}) else { return };
    centre.smpp.begin();
    centre.eventually("bound", 1).await;
    let message =
        json!({ "do": "message", "source": "+12125550142", "destination": "15555550199", "text": "Stop, por favor ñ" });
    centre.vendor.tell(&message);
    let told = centre.told.recv().await.unwrap();
    let Received::Message(first) = told.received.clone() else { panic!() };
    assert_eq!((first.from.reveal().as_str(), first.to.as_str()), ("+12125550142", "+15555550199"));
    assert_eq!((first.text.reveal().as_str(), first.channel), ("Stop, por favor ñ", Channel::Sms));
    told.kept(false);
    assert_eq!(centre.eventually("answered", 1).await[0]["status"], 0x64, "later, please");
    centre.vendor.tell(&message);
    let Received::Message(again) = centre.heard().await else { panic!() };
    assert_eq!(again.reference, first.reference, "it is the same message");
    assert_eq!(centre.eventually("answered", 2).await[1]["status"], 0);
    centre.vendor.tell(&message);
    let Received::Message(another) = centre.heard().await else { panic!() };
    assert_ne!(another.reference, first.reference, "the patient wrote it once more");

    let texts = ["I do not want any more ", "messages from you, ", "please stop"];
    centre.vendor.tell(&json!({
        "do": "parts", "source": "+12125550142", "destination": "15555550199", "texts": texts, "reference": 9, "order": [2, 0, 1]
    }));
    let Received::Message(whole) = centre.heard().await else { panic!() };
    assert_eq!(whole.text.reveal(), &texts.concat());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_verified_session_or_the_right_password_nothing_is_sent() {
    let Some((vendor, scratch)) = centre("name", "other.test") else { return };
    let (told, _heard) = mpsc::channel(1);
    let smpp = Smpp::new(config(&vendor, &scratch), told, Arc::new(Still(now())), Arc::new(SystemRng)).unwrap();
    let (recorded, outbound) = permitted(&Wish::text("+12125550142")).await;
    let sent = smpp.send(recorded, outbound, now()).await;
    assert_eq!(sent, Sent::BelowFloor { found: None, code: "certificate-host-mismatch".to_owned(), peer: None });
    let Some(centre) = Centre::start("password", |config| config.password = Secret::new("wrong".to_owned())) else {
        return;
    };
    let sent = centre.send(&Wish::text("+12125550142")).await;
    assert_eq!(sent, Sent::TemporaryFailure { code: "bind-0x0000000e".to_owned() });
    assert!(matches!(centre.smpp.probe().await, Health::Down { .. }));
    assert!(centre.vendor.events("taken").is_empty() && vendor.events("bound").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_no_smpp_end_the_session_and_a_strange_question_does_not() {
    let Some(centre) = Centre::start("strange", |config| config.silence = Duration::from_millis(500)) else { return };
    reference(centre.send(&text("+12125550142", "visit.")).await);
    // A question nobody knows: command 0x0000abcd.
    centre.vendor.tell(&json!({ "do": "raw", "hex": "000000100000abcd0000000000000005" }));
    centre.eventually("enquired", 1).await;
    reference(centre.send(&text("+12125550143", "visit.")).await);
    assert!(centre.vendor.events("closed").is_empty());
    centre.vendor.tell(&json!({ "do": "raw", "hex": "ffffffffffffffffffffffffffffffff" }));
    centre.eventually("closed", 1).await;
    centre.eventually("bound", 2).await;
    // A centre that no longer answers is left, and tried again.
    centre.vendor.set(&json!({ "deaf": true }));
    centre.eventually("closed", 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_permits_time_runs_out_in_line_nothing_leaves() {
    let Some(centre) = Centre::start("line", |config| {
        config.window = 1;
        config.answer_time = Duration::from_secs(2);
    }) else {
        return;
    };
    reference(centre.send(&text("+12125550142", "visit.")).await);
    let smpp = Arc::clone(&centre.smpp);
    let (recorded, outbound) = permitted(&text("+12125559020", "visit.")).await;
    let first = tokio::spawn(async move { smpp.send(recorded, outbound, now()).await });
    centre.eventually("taken", 2).await;
    let (recorded, outbound) = permitted(&text("+12125550143", "visit.")).await;
    let late = recorded.permit().not_after().checked_sub(SignedDuration::from_millis(200)).unwrap();
    let sent = centre.smpp.send(recorded, outbound, late).await;
    assert_eq!(sent, Sent::TemporaryFailure { code: "permit-ran-out".to_owned() });
    assert_eq!(first.await.unwrap(), Sent::Unknown { code: "answer-time-out".to_owned() });
    reference(centre.send(&text("+12125550144", "visit.")).await);
    assert!(centre.vendor.events("taken").iter().all(|one| one["to"] != "12125550143"));
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_receipts_refusals_and_patients_words_pass_between_us_and_jasmins_library() {
    let Some((vendor, scratch)) = centre_on("smsc.py", "smpp.twisted.server", "jasmin", HOST) else { return };
    let mut centre = Centre::at(vendor, scratch, |_| {});
    for (body, coding) in [("visit on Tuesday.", "SMSC_DEFAULT_ALPHABET"), ("¿Está bien? ✓", "UCS2")] {
        let wish = Wish { body: body.to_owned(), ..Wish::text("+12125550142") };
        let name = reference(centre.send(&wish).await);
        let Received::Receipt(receipt) = centre.heard().await else { panic!("no receipt: {body}") };
        assert_eq!((receipt.reference.0, receipt.state), (name.clone(), ReceiptState::Delivered), "{body}");
        let taken = centre.vendor.events("taken").pop().unwrap();
        assert_eq!((&taken["id"], &taken["text"], &taken["coding"]), (&json!(name), &json!(body), &json!(coding)));
        assert_eq!(taken["to"], "12125550142");
    }
    assert_eq!(centre.eventually("answered", 2).await[1]["status"], "ESME_ROK", "it hears that we have the receipt");
    let sent = centre.send(&text("+12125559010", "visit.")).await;
    assert_eq!(sent, Sent::PermanentFailure { code: "smpp-0x0000000b".to_owned() });
    for words in ["STOP", "Alto, señor ✋"] {
        centre.vendor.tell(&json!({
            "do": "message", "source": "+12125550142", "destination": "15555550199", "text": words
        }));
        let Received::Message(message) = centre.heard().await else { panic!("{words}") };
        assert_eq!((message.text.reveal().as_str(), message.from.reveal().as_str()), (words, "+12125550142"));
    }
    assert_eq!(centre.eventually("answered", 4).await[3]["status"], "ESME_ROK");
}

#[tokio::test(flavor = "multi_thread")]
async fn jasmins_library_turns_away_who_does_not_know_the_password() {
    let Some((vendor, scratch)) = centre_on("smsc.py", "smpp.twisted.server", "jasmin-password", HOST) else { return };
    let centre = Centre::at(vendor, scratch, |config| config.password = Secret::new("wrong".to_owned()));
    let sent = centre.send(&Wish::text("+12125550142")).await;
    assert_eq!(sent, Sent::TemporaryFailure { code: "bind-0x0000000e".to_owned() });
    assert!(centre.vendor.events("taken").is_empty());
}

#[async_trait]
impl Subject for Centre {
    fn provider(&self) -> Arc<dyn Provider> {
        Arc::clone(&self.smpp) as _
    }
    fn now(&self) -> Timestamp {
        now()
    }
    async fn permitted(&self) -> Permitted {
        permitted(&Wish::text("+12125550142")).await
    }
    async fn permitted_elsewhere(&self) -> Permitted {
        permitted(&Wish { vendor: "otherco".to_owned(), ..Wish::text("+12125550142") }).await
    }
    async fn permitted_above_floor(&self) -> Option<Permitted> {
        None
    }
    async fn taken(&self) -> u64 {
        u64::try_from(self.vendor.events("taken").len()).unwrap()
    }
    async fn requests(&self) -> Vec<(RawRequest, conformance::Told)> {
        Vec::new()
    }
    fn unreadable(&self) -> Option<RawRequest> {
        None
    }
    fn never_printed(&self) -> Vec<String> {
        vec![PASSWORD.to_owned(), "2125550142".to_owned(), Wish::text("").body]
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn smpp_conforms() {
    let Some(subject) = Centre::start("conforms", |_| {}) else { return };
    assert_eq!(check(&subject).await, Vec::new());
}
