//! A store in a scratch directory, a clock that is moved by hand, and things to put in.

use jiff::{SignedDuration, Timestamp};
use postern_base::{
    Channel, Clock, DeliveryId, EntryId, Form, Language, Level, MessageId, PatientId, Phi, Purpose, Rng, Secret,
    SystemRng, TenantId,
};
use postern_gate::decision::VendorRef;
use postern_gate::facts::Address;
use postern_ledger::{Entry, Kind};
use postern_store::{
    CandidateRecord, DeliveryState, NewDelivery, NewMessage, OpenError, Options, RootKey, Store, StoredRendition,
    TenantRecord, Tenanted,
};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock};

/// Where the clock begins.
pub(crate) const START: i64 = 1_770_000_000;

/// A clock that is moved by hand.
#[derive(Debug)]
pub(crate) struct HandClock(AtomicI64);

impl HandClock {
    pub(crate) fn forward(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

/// A directory that goes away with its owner.
#[derive(Debug)]
pub(crate) struct Scratch(pub(crate) PathBuf);

impl Scratch {
    pub(crate) fn new() -> Self {
        let mut name = [0u8; 8];
        SystemRng.fill(&mut name).unwrap();
        let name: String = name.iter().map(|byte| format!("{byte:02x}")).collect();
        let path = std::env::temp_dir().join(format!("postern-store-{name}"));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

/// A store with two tenants.
#[derive(Debug)]
pub(crate) struct Bench {
    pub(crate) scratch: Arc<Scratch>,
    pub(crate) clock: Arc<HandClock>,
    pub(crate) store: Store,
    pub(crate) sunrise: Tenanted,
    pub(crate) harbor: Tenanted,
}

pub(crate) static SUNRISE: LazyLock<TenantId> = LazyLock::new(|| "sunrise".parse().unwrap());
pub(crate) static HARBOR: LazyLock<TenantId> = LazyLock::new(|| "harbor".parse().unwrap());

pub(crate) fn root() -> RootKey {
    RootKey(Secret::new([9; 32]))
}

pub(crate) async fn open(dir: &Path, clock: &Arc<HandClock>, options: Options) -> Result<Store, OpenError> {
    Store::open_with(dir, root(), Arc::clone(clock) as Arc<dyn Clock>, Arc::new(SystemRng), options).await
}

impl Bench {
    pub(crate) async fn new() -> Self {
        Self::with(Options::default()).await
    }

    pub(crate) async fn with(options: Options) -> Self {
        let scratch = Arc::new(Scratch::new());
        let clock = Arc::new(HandClock(AtomicI64::new(START)));
        let store = open(&scratch.0, &clock, options).await.unwrap();
        for id in [&*SUNRISE, &*HARBOR] {
            let tenant = TenantRecord { id: id.clone(), settings: b"{}".to_vec() };
            store.put_tenant(tenant, entry(id, Kind::Administered, None, &clock)).await.unwrap();
        }
        Self { sunrise: store.tenant(&SUNRISE), harbor: store.tenant(&HARBOR), scratch, clock, store }
    }

    /// Closes the store and opens it again.
    pub(crate) async fn reopened(self, options: Options) -> Self {
        let Self { scratch, clock, store, sunrise, harbor } = self;
        drop((sunrise, harbor));
        store.close().await;
        let store = open(&scratch.0, &clock, options).await.unwrap();
        Self { sunrise: store.tenant(&SUNRISE), harbor: store.tenant(&HARBOR), scratch, clock, store }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn entry(&self, kind: Kind, message: Option<MessageId>) -> Entry {
        entry(&SUNRISE, kind, message, &self.clock)
    }

    /// A message with one text to a number, due now.
    pub(crate) fn message(&self, patient: &str, number: &str) -> NewMessage {
        message(&SUNRISE, patient, number, &self.clock)
    }

    /// Claims one delivery.
    pub(crate) async fn claim(&self) -> Option<postern_store::Claim> {
        self.store.claim(self.now(), 1, SignedDuration::from_secs(30)).await.unwrap().pop()
    }
}

pub(crate) fn entry(tenant: &TenantId, kind: Kind, message: Option<MessageId>, clock: &HandClock) -> Entry {
    Entry { message, ..Entry::new(EntryId::new(clock.now(), &SystemRng).unwrap(), tenant.clone(), kind, clock.now()) }
}

pub(crate) fn address(text: &str) -> Address {
    Phi::new(Arc::from(text))
}

pub(crate) fn patient(id: &str) -> PatientId {
    id.parse().unwrap()
}

pub(crate) fn delivery(channel: Channel, to: &str, clock: &HandClock) -> NewDelivery {
    NewDelivery {
        id: DeliveryId::new(clock.now(), &SystemRng).unwrap(),
        candidate: CandidateRecord {
            channel,
            point: address(to),
            mode: None,
            form: Form::Minimal,
            level: Level::L1,
            vendor: Some(VendorRef { vendor: "sim".to_owned(), service: "sms".to_owned() }),
        },
        due: clock.now(),
        priority: 2,
        after: None,
        state: DeliveryState::Queued,
    }
}

pub(crate) fn message(tenant: &TenantId, of: &str, number: &str, clock: &HandClock) -> NewMessage {
    let id = MessageId::new(clock.now(), &SystemRng).unwrap();
    let mut key = [0u8; 32];
    SystemRng.fill(&mut key).unwrap();
    NewMessage {
        id,
        idempotency_key: None,
        fingerprint: [1; 32],
        patient: patient(of),
        purpose: Purpose::AppointmentReminder,
        event: Some("Appointment/a1".to_owned()),
        template: None,
        content: Phi::new(b"reminder".to_vec()),
        request: Phi::new(b"{\"request\":1}".to_vec()),
        decision: Phi::new(b"{\"decision\":1}".to_vec()),
        outcome: "send",
        commitment_key: Secret::new(key),
        renditions: vec![StoredRendition {
            channel: None,
            form: Form::Minimal,
            language: Language::En,
            subject: None,
            body: Phi::new("See you at ten.".to_owned()),
            measured: b"{}".to_vec(),
        }],
        expires_at: clock.now() + SignedDuration::from_hours(24),
        deliveries: vec![delivery(Channel::Sms, number, clock)],
        entries: vec![entry(tenant, Kind::Accepted, Some(id), clock)],
        facts: None,
        link: None,
        files: Vec::new(),
    }
}
