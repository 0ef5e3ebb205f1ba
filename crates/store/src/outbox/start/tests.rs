use super::*;
use crate::records::{
    CandidateRecord, Claim, DeliveryState, Finish, NewDelivery, NewMessage, RootKey, StoredRendition, TenantRecord,
};
use crate::{AcceptOutcome, Tenanted};
use jiff::{SignedDuration, Timestamp};
use postern_base::{Channel, Clock, DeliveryId, Form, Language, Level, Phi, Purpose, Rng, Secret, SystemRng, TenantId};
use postern_gate::facts::PastOutcome;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};

#[derive(Debug)]
pub(crate) struct HandClock(pub(crate) AtomicI64);

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

pub(crate) struct Bench {
    pub(crate) dir: PathBuf,
    pub(crate) clock: Arc<HandClock>,
    pub(crate) store: Store,
    pub(crate) tenant: Tenanted,
}

impl Drop for Bench {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.dir).ok();
    }
}

impl Bench {
    pub(crate) async fn new() -> Self {
        let mut name = [0u8; 8];
        SystemRng.fill(&mut name).unwrap();
        let dir = std::env::temp_dir().join(format!("postern-start-{:016x}", u64::from_be_bytes(name)));
        let clock = Arc::new(HandClock(AtomicI64::new(1_770_000_000)));
        let store = open(&dir, &clock).await;
        let id: TenantId = "sunrise".parse().unwrap();
        let tenant = store.tenant(&id);
        let bench = Self { dir, clock, store, tenant };
        let record = TenantRecord { id, settings: b"{}".to_vec() };
        bench.store.put_tenant(record, bench.entry(Kind::Administered, None)).await.unwrap();
        bench
    }

    pub(crate) fn entry(&self, kind: Kind, message: Option<MessageId>) -> Entry {
        Entry {
            message,
            ..Entry::new(
                EntryId::new(self.clock.now(), &SystemRng).unwrap(),
                "sunrise".parse().unwrap(),
                kind,
                self.clock.now(),
            )
        }
    }

    pub(crate) fn clock_now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The same, over another store.
    pub(crate) fn on(&self, store: &Store, tenant: &Tenanted) -> Self {
        let dir = self.dir.with_extension("none");
        Self { dir, clock: Arc::clone(&self.clock), store: store.clone(), tenant: tenant.clone() }
    }

    pub(crate) fn new_message(&self, patient: &str, tenant: &str) -> NewMessage {
        let now = self.clock.now();
        let id = MessageId::new(now, &SystemRng).unwrap();
        let point = Phi::new(Arc::from("+12125550101"));
        NewMessage {
            id,
            idempotency_key: Some(Phi::new(format!("key {id}"))),
            fingerprint: [1; 32],
            patient: patient.parse().unwrap(),
            purpose: Purpose::Billing,
            event: None,
            template: None,
            content: Phi::new(Vec::new()),
            request: Phi::new(Vec::new()),
            decision: Phi::new(Vec::new()),
            outcome: "send",
            commitment_key: Secret::new([3; 32]),
            renditions: vec![StoredRendition {
                channel: Some(Channel::Portal),
                form: Form::Full,
                language: Language::En,
                subject: None,
                body: Phi::new("Your bill.".to_owned()),
                measured: Vec::new(),
            }],
            expires_at: now + SignedDuration::from_hours(1),
            deliveries: vec![NewDelivery {
                id: DeliveryId::new(now, &SystemRng).unwrap(),
                candidate: CandidateRecord {
                    channel: Channel::Portal,
                    point,
                    mode: None,
                    form: Form::Full,
                    level: Level::L2,
                    vendor: None,
                },
                due: now,
                priority: 0,
                after: None,
                state: DeliveryState::Queued,
            }],
            entries: vec![Entry { tenant: tenant.parse().unwrap(), ..self.entry(Kind::Accepted, Some(id)) }],
            facts: Some(Phi::new(b"what the gate saw".to_vec())),
            link: Some([id.0.into_bytes(), [0; 16]].concat().try_into().unwrap()),
            files: Vec::new(),
        }
    }

    pub(crate) async fn accept(&self) -> MessageId {
        let message = self.new_message("p1", "sunrise");
        let id = message.id;
        assert!(matches!(self.tenant.accept(message).await.unwrap(), AcceptOutcome::Stored));
        id
    }

    pub(crate) async fn claim(&self) -> Option<Claim> {
        self.store.claim(self.clock.now(), 1, SignedDuration::from_secs(30)).await.unwrap().pop()
    }

    /// What [`Log::commit`] does once it has read the permit.
    pub(crate) async fn start(&self, claim: &Claim, attempt: AttemptId) -> Result<Committed, StoreError> {
        let tenant = self.tenant.keys().await.unwrap();
        let mut entry = self.entry(Kind::AttemptStarted, Some(claim.message));
        entry.tenant = claim.tenant.clone();
        entry.attempt = Some(attempt);
        self.store
            .shared
            .queue
            .write(Start { tenant, lease: claim.lease, message: claim.message, attempt, decision: None, entry })
            .await
    }

    pub(crate) fn attempt(&self) -> AttemptId {
        AttemptId::new(self.clock.now(), &SystemRng).unwrap()
    }

    pub(crate) fn forward(&self, seconds: i64) {
        self.clock.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

pub(crate) async fn open(dir: &std::path::Path, clock: &Arc<HandClock>) -> Store {
    let root = RootKey(Secret::new([9; 32]));
    Store::open(dir, root, Arc::clone(clock) as Arc<dyn Clock>, Arc::new(SystemRng)).await.unwrap()
}

#[tokio::test]
async fn an_attempt_that_began_and_never_ended_comes_back_as_interrupted() {
    let bench = Bench::new().await;
    let message = bench.accept().await;
    let claim = bench.claim().await.unwrap();
    let attempt = bench.attempt();
    let committed = bench.start(&claim, attempt).await.unwrap();
    let entries = bench.tenant.entries(message).await.unwrap();
    assert_eq!(
        entries.last().map(|(index, entry)| (*index, entry.kind)),
        Some((committed.index, Kind::AttemptStarted))
    );
    assert_eq!(entries[1].1.previous, Some(entries[0].1.id));
    assert!(bench.claim().await.is_none());
    bench.forward(31);
    let again = bench.claim().await.unwrap();
    assert_eq!((again.interrupted, again.attempts, again.state), (Some(attempt), 1, DeliveryState::Attempting));
    // A provider that takes the id for one and the same send may be asked again with it.
    bench.start(&again, attempt).await.unwrap();
    let done = Finish::State { state: DeliveryState::Delivered, code: "ok".to_owned(), reference: None };
    bench.tenant.finish(again.lease, done, vec![bench.entry(Kind::Terminal, Some(message))]).await.unwrap();
    assert!(bench.claim().await.is_none());
    let copies = bench.tenant.portal_copies(&"p1".parse().unwrap(), 10).await.unwrap();
    assert_eq!(copies.iter().map(|copy| copy.body.reveal().as_str()).collect::<Vec<_>>(), ["Your bill."]);
}

#[tokio::test]
async fn a_started_attempt_survives_a_crash() {
    let bench = Bench::new().await;
    bench.accept().await;
    let claim = bench.claim().await.unwrap();
    let attempt = bench.attempt();
    bench.start(&claim, attempt).await.unwrap();
    let second = bench.dir.with_extension("copy");
    std::fs::create_dir_all(&second).unwrap();
    for name in ["postern.db", "postern.db-wal"] {
        std::fs::copy(bench.dir.join(name), second.join(name)).unwrap();
    }
    // What is on the disk while the process still runs is what a killed one leaves.
    let after = open(&second, &bench.clock).await;
    bench.forward(31);
    let again = after.claim(bench.clock.now(), 1, SignedDuration::from_secs(30)).await.unwrap();
    assert_eq!(again[0].interrupted, Some(attempt));
    after.close().await;
    std::fs::remove_dir_all(&second).unwrap();
}

#[tokio::test]
async fn without_the_current_lease_no_attempt_starts_and_nothing_is_recorded() {
    let bench = Bench::new().await;
    let message = bench.accept().await;
    let slow = bench.claim().await.unwrap();
    bench.forward(30);
    assert_eq!(bench.start(&slow, bench.attempt()).await.unwrap_err(), StoreError::LeaseLost, "the lease is over");
    let quick = bench.claim().await.unwrap();
    assert_eq!(bench.start(&slow, bench.attempt()).await.unwrap_err(), StoreError::LeaseLost, "another has it");
    let elsewhere = Claim { message: bench.accept().await, ..quick.clone() };
    assert_eq!(bench.start(&elsewhere, bench.attempt()).await.unwrap_err(), StoreError::LeaseLost, "another message");
    assert_eq!(bench.tenant.entries(message).await.unwrap().len(), 1);
    bench.start(&quick, bench.attempt()).await.unwrap();
    let failed = Finish::State { state: DeliveryState::Failed, code: "no".to_owned(), reference: None };
    bench.tenant.finish(quick.lease, failed, Vec::new()).await.unwrap();
    assert_eq!(bench.start(&quick, bench.attempt()).await.unwrap_err(), StoreError::LeaseLost, "it has ended");
}

#[tokio::test]
async fn what_was_attempted_is_a_past_delivery_and_says_when_it_failed() {
    let bench = Bench::new().await;
    let message = bench.accept().await;
    let patient = "p1".parse().unwrap();
    let points = [Phi::new(Arc::from("+12125550101"))];
    let epoch = Timestamp::UNIX_EPOCH;
    let claim = bench.claim().await.unwrap();
    bench.start(&claim, bench.attempt()).await.unwrap();
    for points in [&points[..], &[]] {
        let past = bench.tenant.reading().await.unwrap().past_deliveries(&patient, points, epoch, None).await.unwrap();
        assert_eq!(past.len(), 1);
        assert_eq!(
            (past[0].at, past[0].channel, past[0].purpose),
            (bench.clock.now(), Channel::Portal, Purpose::Billing)
        );
        assert_eq!(past[0].point.reveal().as_ref(), "+12125550101");
    }
    assert!(
        bench
            .tenant
            .reading()
            .await
            .unwrap()
            .past_deliveries(&patient, &points, epoch, Some(message))
            .await
            .unwrap()
            .is_empty()
    );
    let later = bench.clock.now() + SignedDuration::from_secs(1);
    assert!(
        bench.tenant.reading().await.unwrap().past_deliveries(&patient, &points, later, None).await.unwrap().is_empty()
    );
    assert_eq!(bench.store.tenants_of_point("+12125550101").await.unwrap(), ["sunrise".parse().unwrap()]);
    let (last, purpose) = bench.tenant.last_message_to(&points[0]).await.unwrap().unwrap();
    assert_eq!((last, purpose), (message, Purpose::Billing));
    let failed = Finish::State { state: DeliveryState::Failed, code: "no".to_owned(), reference: None };
    bench.tenant.finish(claim.lease, failed, Vec::new()).await.unwrap();
    let past = bench.tenant.reading().await.unwrap().past_deliveries(&patient, &points, epoch, None).await.unwrap();
    assert_eq!(past.iter().map(|delivery| delivery.outcome).collect::<Vec<_>>(), [Some(PastOutcome::Failed)]);
}

#[tokio::test]
async fn what_was_under_way_when_its_patients_key_was_destroyed_ends_as_unknown_and_comes_back_no_more() {
    for handed_over in [false, true] {
        let bench = Bench::new().await;
        let message = bench.accept().await;
        let claim = bench.claim().await.unwrap();
        bench.start(&claim, bench.attempt()).await.unwrap();
        if handed_over {
            let deadline = bench.clock.now() + SignedDuration::from_secs(20);
            let sent = Finish::Sent { reference: "r-1".to_owned(), deadline };
            bench.tenant.finish(claim.lease, sent, Vec::new()).await.unwrap();
        }
        let patient = "p1".parse().unwrap();
        bench.tenant.destroy_patient_key(&patient, bench.entry(Kind::KeyDestroyed, None)).await.unwrap();
        for _ in 0..3 {
            bench.forward(60);
            assert!(bench.claim().await.is_none());
            assert!(bench.store.overdue(bench.clock.now(), 10).await.unwrap().is_empty());
        }
        let entries = bench.tenant.entries(message).await.unwrap();
        let last: Vec<_> = entries.iter().map(|(_, entry)| (entry.kind, entry.code.as_deref())).collect();
        let ends = last.iter().filter(|end| **end == (Kind::Terminal, Some("unreadable"))).count();
        assert_eq!(ends, 1, "handed over: {handed_over}, {last:?}");
        assert_eq!(bench.store.next_due().await.unwrap(), None, "nobody waits for it any more");
    }
}

#[tokio::test]
async fn what_was_held_when_its_patients_key_was_destroyed_is_looked_after_no_more() {
    let bench = Bench::new().await;
    let message = bench.accept().await;
    let claim = bench.claim().await.unwrap();
    let held = Finish::State { state: DeliveryState::Held, code: "SYS-06".to_owned(), reference: None };
    bench.tenant.finish(claim.lease, held, Vec::new()).await.unwrap();
    let patient = "p1".parse().unwrap();
    bench.tenant.destroy_patient_key(&patient, bench.entry(Kind::KeyDestroyed, None)).await.unwrap();
    let before = bench.tenant.entries(message).await.unwrap().len();
    bench.forward(7_200);
    assert!(bench.store.overdue(bench.clock.now(), 10).await.unwrap().is_empty());
    assert_eq!(bench.tenant.entries(message).await.unwrap().len(), before, "it ended with the key");
}
