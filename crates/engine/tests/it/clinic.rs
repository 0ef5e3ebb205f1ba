//! A clinic on a temporary store: simulated vendors, a clock moved by hand, seeded randomness.

use crate::records;
use jiff::{SignedDuration, Timestamp};
use postern_base::rng::NoEntropy;
use postern_base::{Channel, Clock, MessageId, Rng, Secret, TenantId};
use postern_channels::portal::Portal;
use postern_channels::registry::Providers;
use postern_channels::simulator::{Arrival, Callback, Inbox, Line, SimulatedVendor};
use postern_channels::{Duty, MailDomains, Profile, Provider, RawRequest};
use postern_engine::faults::{Faults, NoFaults};
use postern_engine::wire::{self, Vendor};
use postern_engine::{
    AcceptError, Accepted, Dispatched, Engine, EngineConfig, Holder, Principal, PrincipalKind, Scope,
};
use postern_gate::TransportFloor;
use postern_store::{RootKey, Store};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use tokio::sync::mpsc;

pub(crate) const NUMBER: &str = "+12125550101";
pub(crate) const EMAIL: &str = "pat@example.org";

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub(crate) struct HandClock(Mutex<Timestamp>);

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

impl HandClock {
    pub(crate) fn move_on(&self, by: SignedDuration) {
        let mut now = self.0.lock().unwrap();
        *now = now.checked_add(by).unwrap();
    }
}

/// Bytes that look random and are the same in every run.
#[derive(Debug)]
pub(crate) struct SeededRng(AtomicU64);

impl SeededRng {
    pub(crate) fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }
}

impl Rng for SeededRng {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), NoEntropy> {
        for byte in buffer {
            // SplitMix64 (public domain): one step per byte is plenty for a test.
            let state = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed).wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            *byte = ((mixed ^ (mixed >> 31)) & 0xff) as u8;
        }
        Ok(())
    }
}

/// A directory that goes away with the test.
#[derive(Debug)]
pub(crate) struct Directory(pub(crate) PathBuf);

impl Directory {
    fn new() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let name = format!("postern-engine-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

/// The clinic.
pub(crate) struct Clinic {
    pub(crate) engine: Engine,
    pub(crate) clock: Arc<HandClock>,
    pub(crate) inbox: Arc<Inbox>,
    pub(crate) principal: Principal,
    directory: Directory,
    rng: Arc<SeededRng>,
    callbacks: mpsc::Receiver<Callback>,
    sms: Arc<SimulatedVendor>,
    providers: Providers,
}

pub(crate) fn principal(tenant: &str) -> Principal {
    Principal {
        tenant: tenant.parse().unwrap(),
        id: "key_test".into(),
        kind: PrincipalKind::Staff,
        scopes: vec![Scope::Admin],
        holder: Holder {
            name: Some("Dr. Linden".into()),
            role: Some("clinician".into()),
            second_factor_until: Some("2027-12-31T00:00:00Z".parse().unwrap()),
        },
    }
}

pub(crate) fn vendor(name: &str, service: &str, channels: &[Channel], expires: &str) -> Vendor {
    serde_json::from_value(json!({
        "vendor": name, "service": service, "tier": "hipaa", "channels": channels,
        "agreement": {"status": "executed", "effective": "2026-01-01", "expires": expires, "services": [service],
                      "required_terms": true},
        "sender_registration": "approved",
    }))
    .unwrap()
}

/// The practice's own mail, which is handed to recipients' servers under TLS that their domains enforce.
pub(crate) fn own_mail() -> Profile {
    Profile {
        vendor: "self".into(),
        service: "email".into(),
        channels: &[Channel::Email],
        receipts: false,
        idempotent: false,
        smime: false,
        floor: TransportFloor::EnforcedTls,
        last_mile: "",
    }
}

pub(crate) fn settings(name: &str, line: &str) -> Value {
    json!({
        "tenant": {
            "name": name, "role": "covered_entity",
            "sender": {"alias": name, "reveals_specialty": false},
            "callback": line, "state": "NY", "link_domains": ["sunrise.example"], "revocation_regime": "2024", "policy": {},
        },
        "numbers": [line],
        "deployment": {
            "risk_record": true, "portal_available": true, "portal_two_factor": true, "no_trackers": true,
            "dkim": true, "voice_srtp": true,
            "trained_until": {"key_test": "2027-12-31"},
        },
        "transport": {"email_tiers": {"example.org": "dane"}},
    })
}

impl Clinic {
    /// Tuesday, 1 December 2026, three in the afternoon in New York; one patient, `p1`.
    pub(crate) async fn open() -> Self {
        Self::open_with(records::patient("p1", NUMBER, EMAIL), Arc::new(NoFaults)).await
    }

    pub(crate) async fn open_with(resources: Vec<Value>, faults: Arc<dyn Faults>) -> Self {
        let clock = Arc::new(HandClock(Mutex::new("2026-12-01T15:00:00-05:00".parse().unwrap())));
        let rng = Arc::new(SeededRng::new(7));
        let directory = Directory::new();
        let (sender, callbacks) = mpsc::channel(1024);
        let inbox = Arc::new(Inbox::new(sender, Arc::clone(&rng) as Arc<dyn Rng>));
        let line = |vendor: &str, service: &str, address: &str| Line {
            vendor: vendor.into(),
            service: service.into(),
            address: address.into(),
            secret: Secret::new(vec![9; 32]),
        };
        let sms = Arc::new(SimulatedVendor::sms(line("twilio", "messaging", "+15555550100"), Arc::clone(&inbox)));
        let email = SimulatedVendor::email(line("own-mx", "direct", "no-reply@sunrise.example"), Arc::clone(&inbox));
        let mut providers = Providers::new();
        providers.add(Arc::new(Portal::new())).unwrap();
        providers.add(Arc::clone(&sms) as _).unwrap();
        providers.add(Arc::new(email)).unwrap();
        let engine = build(&directory, &clock, &rng, &providers, faults).await;
        let clinic =
            Self { engine, clock, inbox, principal: principal("sunrise"), directory, rng, callbacks, sms, providers };
        clinic.found("sunrise", "Sunrise Health", "+15555550100").await;
        clinic.import(resources).await;
        clinic
    }

    /// Creates a tenant with every vendor in force.
    pub(crate) async fn found(&self, tenant: &str, name: &str, line: &str) {
        let principal = principal(tenant);
        let text = serde_json::to_vec(&settings(name, line)).unwrap();
        self.engine.put_tenant(&principal, &text).await.unwrap();
        for row in [
            vendor("twilio", "messaging", &[Channel::Sms], "2027-12-31"),
            vendor("own-mx", "direct", &[Channel::Email], "2027-12-31"),
            vendor("self", "portal", &[Channel::Portal, Channel::Chat], "2027-12-31"),
        ] {
            self.engine.put_vendor(&principal, &row).await.unwrap();
        }
    }

    pub(crate) async fn import(&self, resources: Vec<Value>) {
        self.import_for(&self.principal, resources).await;
    }

    pub(crate) async fn import_for(&self, principal: &Principal, resources: Vec<Value>) {
        self.engine.import(principal, &records::bundle(resources), &mut |_, _| {}).await.unwrap();
    }

    /// The process dies and starts again, on the same directory.
    pub(crate) async fn restart(mut self) -> Self {
        self.engine.store().clone().close().await;
        self.engine = build(&self.directory, &self.clock, &self.rng, &self.providers, Arc::new(NoFaults)).await;
        self
    }

    /// The same with one more provider, and a say in where the power is cut.
    pub(crate) async fn with_provider(mut self, provider: Arc<dyn Provider>, faults: Arc<dyn Faults>) -> Self {
        self.providers.add(provider).unwrap();
        self.engine.store().clone().close().await;
        self.engine = build(&self.directory, &self.clock, &self.rng, &self.providers, faults).await;
        self
    }

    /// The same, with somebody who looks up mail domains, and a domain of its own.
    pub(crate) async fn with_domains(mut self, domains: Arc<dyn MailDomains>, own: &str) -> Self {
        self.providers.look_up_with(domains);
        let clinic = self.restart().await;
        let config = EngineConfig { own_domains: vec![own.to_owned()], ..EngineConfig::default() };
        let engine = clinic.engine_with(config);
        Self { engine, ..clinic }
    }

    /// The same, with somebody on duty.
    pub(crate) async fn with_duty(mut self, duty: Arc<dyn Duty>) -> Self {
        self.providers.tell_of_alerts(duty);
        self.restart().await
    }

    pub(crate) async fn accept(&self, request: &Value) -> Result<Accepted, AcceptError> {
        self.engine.accept(&self.principal, None, &serde_json::to_vec(request).unwrap()).await
    }

    pub(crate) async fn send(&self, request: &Value) -> wire::Accepted {
        self.accept(request).await.unwrap().answer
    }

    /// Dispatches until nothing is due.
    pub(crate) async fn settle(&self) -> Dispatched {
        let mut all = Dispatched::default();
        for _ in 0..50 {
            let step = self.engine.dispatch_due().await.unwrap();
            all.claimed += step.claimed;
            all.sent += step.sent;
            all.ended += step.ended;
            all.again += step.again;
            all.held += step.held;
            if step.claimed == 0 {
                return all;
            }
        }
        panic!("dispatch never came to rest: {all:?}");
    }

    /// Lets the vendors tell what is due, and hands it to the engine.
    pub(crate) async fn hear(&mut self) -> usize {
        self.inbox.tick(self.clock.now()).await;
        let mut heard = 0;
        while let Ok(callback) = self.callbacks.try_recv() {
            let vendor = format!("{}/{}", callback.vendor, callback.service);
            heard += self.engine.receive(&vendor, callback.request).await.unwrap();
        }
        heard
    }

    /// The patient writes back.
    pub(crate) async fn patient_writes(&mut self, from: &str, text: &str) {
        assert!(self.sms.reply(from, text, self.clock.now()).await);
        self.hear().await;
    }

    /// The next webhook as it would arrive, without handing it in.
    pub(crate) async fn next_callback(&mut self) -> RawRequest {
        self.inbox.tick(self.clock.now()).await;
        self.callbacks.try_recv().unwrap().request
    }

    pub(crate) fn minutes(&self, minutes: i64) {
        self.clock.move_on(SignedDuration::from_mins(minutes));
    }

    pub(crate) fn arrivals(&self, channel: Channel) -> Vec<Arrival> {
        self.inbox.arrivals().into_iter().filter(|arrival| arrival.channel == channel).collect()
    }

    pub(crate) async fn states(&self, id: MessageId) -> Vec<(Channel, String)> {
        let message = self.engine.message(&self.principal, id, false).await.unwrap();
        message.deliveries.into_iter().map(|d| (d.channel, d.state)).collect()
    }

    pub(crate) async fn codes(&self, id: MessageId) -> Vec<(String, String)> {
        let entries = self.engine.entries(&self.principal, id).await.unwrap();
        entries.into_iter().map(|entry| (entry.kind, entry.code.unwrap_or_default())).collect()
    }

    /// Another engine over the same store, with settings of its own.
    pub(crate) fn engine_with(&self, config: EngineConfig) -> Engine {
        let clock = Arc::clone(&self.clock) as Arc<dyn Clock>;
        let rng = Arc::clone(&self.rng) as Arc<dyn Rng>;
        Engine::new(self.engine.store().clone(), self.providers.clone(), clock, rng, config)
    }

    /// Where its data lie.
    pub(crate) fn folder(&self) -> &std::path::Path {
        &self.directory.0
    }

    pub(crate) fn tenant(&self) -> TenantId {
        self.principal.tenant.clone()
    }
}

async fn build(
    directory: &Directory,
    clock: &Arc<HandClock>,
    rng: &Arc<SeededRng>,
    providers: &Providers,
    faults: Arc<dyn Faults>,
) -> Engine {
    let clock = Arc::clone(clock) as Arc<dyn Clock>;
    let rng = Arc::clone(rng) as Arc<dyn Rng>;
    let root = root();
    let store = Store::open(&directory.0, root, Arc::clone(&clock), Arc::clone(&rng)).await.unwrap();
    Engine::with_faults(store, providers.clone(), clock, rng, EngineConfig::default(), faults)
}

/// A reminder with an event of its own, so that it is nobody's duplicate.
pub(crate) fn root() -> RootKey {
    RootKey(Secret::new([5; 32]))
}

pub(crate) fn reminder(event: &str) -> Value {
    json!({
        "patient": "Patient/p1", "purpose": "appointment_reminder", "event": format!("Appointment/{event}"),
        "template": {"name": "appointment_reminder", "data": {"start": "2026-12-04T14:00", "site": "12 Main St"}},
    })
}

pub(crate) fn result(channels: Option<&[Channel]>) -> Value {
    let mut request = json!({
        "patient": "Patient/p1", "purpose": "test_result",
        "content": {"subject": "Your result", "body": "Your HbA1c came back at 8.2 %. Please start the diet we discussed."},
    });
    if let Some(channels) = channels {
        request["channels"] = json!(channels);
    }
    request
}
