//! Many deliveries side by side: who waits for a slow or broken vendor, and who does not.

use crate::clinic::{Clinic, reminder, vendor};
use crate::records;
use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use postern_base::Channel;
use postern_channels::provider::{Destination, Handover, Health, reference_for};
use postern_channels::sms::rates::Each;
use postern_channels::{Outbound, Profile, Provider, Sent};
use postern_engine::faults::NoFaults;
use postern_engine::{Engine, EngineConfig, TextLimit};
use postern_gate::{Permit, TransportFloor};
use postern_ledger::Recorded;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use tokio::sync::watch;

/// How the carrier is today.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    /// It takes codes, and never answers to anything else.
    Stuck,
    /// It answers that it cannot now.
    Down,
    /// It hears everything, and nobody learns what it did.
    Lost,
    /// It takes everything.
    Well,
}

/// A carrier of text messages.
#[derive(Debug)]
pub(crate) struct Carrier {
    profile: Profile,
    pub(crate) mood: Mutex<Mood>,
    /// How many it can speak to at once; `None` = any number.
    sessions: Option<u32>,
    calls: AtomicU32,
    at_once: AtomicU32,
    most_at_once: AtomicU32,
    taken: Mutex<Vec<String>>,
}

impl Carrier {
    fn new(mood: Mood, sessions: Option<u32>) -> Arc<Self> {
        Self::named("carrier", mood, sessions)
    }

    pub(crate) fn named(vendor: &'static str, mood: Mood, sessions: Option<u32>) -> Arc<Self> {
        let profile = Profile {
            vendor: vendor.into(),
            service: "texts".into(),
            channels: &[Channel::Sms],
            receipts: false,
            idempotent: false,
            smime: false,
            floor: TransportFloor::VerifiedTls,
            last_mile: "",
        };
        let (calls, at_once, most_at_once) = (AtomicU32::new(0), AtomicU32::new(0), AtomicU32::new(0));
        let (mood, taken) = (Mutex::new(mood), Mutex::default());
        Arc::new(Self { profile, mood, sessions, calls, at_once, most_at_once, taken })
    }

    pub(crate) fn calls(&self) -> u32 {
        self.calls.load(Ordering::SeqCst)
    }

    pub(crate) fn taken(&self) -> usize {
        self.taken.lock().unwrap().len()
    }
}

#[async_trait]
impl Provider for Carrier {
    fn profile(&self) -> &Profile {
        &self.profile
    }

    fn destination(&self, _contact_point: &str) -> Option<Destination> {
        self.sessions.map(|sessions| Destination { name: "everybody".to_owned(), sessions })
    }

    async fn send(&self, recorded: Recorded<Permit>, outbound: Outbound, now: Timestamp) -> Sent {
        if let Err(refused) = self.profile.admit(&recorded, &outbound, now) {
            return refused;
        }
        self.calls.fetch_add(1, Ordering::SeqCst);
        let now_at_once = self.at_once.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_at_once.fetch_max(now_at_once, Ordering::SeqCst);
        let mood = *self.mood.lock().unwrap();
        let body = outbound.body.reveal().clone();
        if mood == Mood::Stuck && !body.contains("482913") {
            std::future::pending::<()>().await;
        }
        // Others have their turn before this one is over.
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
        self.at_once.fetch_sub(1, Ordering::SeqCst);
        if mood == Mood::Down {
            return Sent::TemporaryFailure { code: "connect-lost".to_owned() };
        }
        if mood == Mood::Lost {
            return Sent::Unknown { code: "lost-after-submit".to_owned() };
        }
        self.taken.lock().unwrap().push(body);
        Sent::Delivered(Handover { reference: reference_for(recorded.permit().binding().delivery), session: None })
    }

    async fn probe(&self) -> Health {
        match *self.mood.lock().unwrap() {
            Mood::Well | Mood::Stuck => Health::Up,
            Mood::Down | Mood::Lost => Health::Down { code: "connect-lost".to_owned() },
        }
    }
}

/// A clinic of `patients` whose text messages all go through `carrier`.
pub(crate) async fn clinic_of(patients: u32, carrier: &Arc<Carrier>) -> Clinic {
    let mut resources = Vec::new();
    for n in 0..patients {
        let (patient, number) = (format!("p{n}"), format!("+1212555{:04}", 100 + n));
        resources.extend(records::patient(&patient, &number, &format!("{patient}@example.org")));
        resources.push(records::appointment(&format!("a{n}"), &patient, "booked", "2026-12-04T14:00:00-05:00"));
    }
    let clinic = Clinic::open_with(resources, Arc::new(NoFaults)).await;
    let clinic = clinic.with_provider(Arc::clone(carrier) as _, Arc::new(NoFaults)).await;
    let name = carrier.profile.vendor.clone();
    for (name, service, until) in [("twilio", "messaging", "2026-11-30"), (&name, "texts", "2027-12-31")] {
        let row = vendor(name, service, &[Channel::Sms], until);
        clinic.engine.put_vendor(&clinic.principal, &row).await.unwrap();
    }
    clinic
}

pub(crate) fn by_sms(n: u32) -> Value {
    let mut request = reminder(&format!("a{n}"));
    request["patient"] = json!(format!("Patient/p{n}"));
    request["channels"] = json!(["sms"]);
    request
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_not_behind_reminders_at_a_vendor_that_does_not_answer() {
    let carrier = Carrier::new(Mood::Stuck, None);
    let clinic = clinic_of(31, &carrier).await;
    let config = EngineConfig { under_way: 12, kept_free: 4, claim: 4, ..EngineConfig::default() };
    let engine = clinic.engine_with(config);
    for n in 0..30 {
        let body = serde_json::to_vec(&by_sms(n)).unwrap();
        engine.accept(&clinic.principal, None, &body).await.unwrap();
    }
    let (_stop, stopped) = watch::channel(false);
    let running = tokio::spawn(engine.clone().run(stopped));
    until("the reminders hold every place they may have", || carrier.calls() >= 8).await;

    let code = json!({
        "patient": "Patient/p30", "purpose": "one_time_code", "channels": ["sms"],
        "template": {"name": "one_time_code", "data": {"code": "482913"}},
    });
    engine.accept(&clinic.principal, None, &serde_json::to_vec(&code).unwrap()).await.unwrap();
    until("the code is out", || carrier.taken() == 1).await;
    assert_eq!(carrier.calls(), 9, "eight reminders that are stuck, and the code");
    running.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vendor_at_which_nothing_gets_through_is_left_alone_for_a_while_and_then_tried_with_one() {
    let carrier = Carrier::new(Mood::Down, None);
    let clinic = clinic_of(40, &carrier).await;
    let mut ids = Vec::new();
    for n in 0..20 {
        ids.push(clinic.send(&by_sms(n)).await.id);
    }
    clinic.settle().await;
    assert_eq!(carrier.calls(), 20, "what was under way together finds out together");
    for n in 20..40 {
        ids.push(clinic.send(&by_sms(n)).await.id);
    }
    clinic.settle().await;
    assert_eq!(carrier.calls(), 20, "nobody is called while the lane is closed");
    for id in ids.iter().skip(20) {
        let codes = clinic.codes(*id).await;
        assert!(codes.iter().all(|(kind, _)| kind == "accepted"), "no attempt, and no entry: {codes:?}");
    }

    clinic.clock.move_on(SignedDuration::from_secs(15));
    clinic.engine.dispatch_due().await.unwrap();
    assert_eq!(carrier.calls(), 21, "one finds out for all");
    *carrier.mood.lock().unwrap() = Mood::Well;
    for _ in 0..60 {
        clinic.clock.move_on(SignedDuration::from_secs(60));
        clinic.settle().await;
    }
    assert_eq!(carrier.taken(), 40);
    for id in ids {
        assert_eq!(clinic.states(id).await, [(Channel::Sms, "delivered".into())]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_take_two_sessions_get_two_and_everything_is_brought_all_the_same() {
    let carrier = Carrier::new(Mood::Well, Some(2));
    let clinic = clinic_of(40, &carrier).await;
    for n in 0..40 {
        clinic.send(&by_sms(n)).await;
    }
    for _ in 0..200 {
        clinic.settle().await;
        clinic.clock.move_on(SignedDuration::from_millis(100));
    }
    assert_eq!(carrier.taken(), 40);
    assert!(carrier.most_at_once.load(Ordering::SeqCst) <= 2);
    assert_eq!(carrier.calls(), 40, "nobody was called twice");
}

/// Waits for what runs beside this test; nothing is asserted about how long.
async fn until(what: &str, done: impl Fn() -> bool) {
    for _ in 0..3000 {
        if done() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("it never came to pass: {what}");
}

#[tokio::test]
async fn what_was_used_of_a_day_is_used_for_the_next_process_too() {
    let clinic = Clinic::open().await;
    let limit = TextLimit {
        vendor: "twilio".to_owned(),
        service: "messaging".to_owned(),
        carrier: None,
        segments: 2,
        each: Each::Day,
        of: "brand b".to_owned(),
        word: "brand",
    };
    let process = || clinic.engine_with(EngineConfig { text_limits: vec![limit.clone()], ..EngineConfig::default() });
    let told = async |engine: &Engine, digits: &str| {
        let code = json!({
            "patient": "Patient/p1", "purpose": "one_time_code", "channels": ["sms"],
            "template": {"name": "one_time_code", "data": {"code": digits}},
        });
        let taken = engine.accept(&clinic.principal, None, &serde_json::to_vec(&code).unwrap()).await.unwrap();
        engine.dispatch_due().await.unwrap();
        let message = engine.message(&clinic.principal, taken.answer.id, false).await.unwrap();
        (message.deliveries[0].state.clone(), message.deliveries[0].code.clone())
    };
    let first = process();
    assert_eq!(told(&first, "482911").await.0, "sent");
    let next = process();
    assert_eq!(told(&next, "482912").await.0, "sent", "half of the day was used");
    let waits = ("queued".to_owned(), Some("rate:brand".to_owned()));
    assert_eq!(told(&process(), "482913").await, waits, "by the two before it");
    clinic.minutes(25 * 60);
    assert_eq!(told(&process(), "482914").await.0, "sent", "the next day has its own");
}
