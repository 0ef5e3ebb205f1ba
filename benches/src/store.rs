//! How many messages per second the store takes in durably and ledgered, without HTTP, beside plain SQLite doing the same
//! rows in two ways: one transaction per message, and one per 64 messages.

use crate::machine::cpu_seconds;
use crate::report::Line;
use crate::timing::Timings;
use jiff::{SignedDuration, Timestamp};
use postern_base::{
    Channel, Clock, DeliveryId, EntryId, Form, Language, Level, MessageId, PatientId, Phi, Purpose, Rng, Secret,
    SystemClock, SystemRng, TenantId,
};
use postern_ledger::{Entry, Kind};
use postern_store::{
    AcceptOutcome, CandidateRecord, DeliveryState, NewDelivery, NewMessage, RootKey, Store, StoredRendition,
    TenantRecord, Tenanted,
};
use rusqlite::Connection;
use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long each variant runs.
const RUN: Duration = Duration::from_secs(4);

/// Messages per transaction in the plain group commit: as many as there are callers.
const GROUP: usize = 64;

/// Measures the store at 1, 64 and 256 callers, and plain SQLite.
pub(crate) async fn run(directory: &Path) -> Result<Vec<Line>, Box<dyn Error>> {
    let mut lines = Vec::new();
    let raw = RawSqlite::open(&directory.join("raw.db"))?;
    let alone = raw.measure(1)?;
    let grouped = raw.measure(GROUP)?;
    let note = "the same rows without keys, tree or checks: one transaction per message";
    lines.push(Line::rate("store", "plain SQLite, one commit per message", alone, "-", note));
    lines.push(Line::rate(
        "store",
        "plain SQLite, 64 messages per commit",
        grouped,
        "-",
        "one writer that never waits for callers",
    ));

    let mut root = [0u8; 32];
    SystemRng.fill(&mut root)?;
    let data = directory.join("store");
    std::fs::create_dir_all(&data)?;
    let store = Store::open(&data, RootKey(Secret::new(root)), Arc::new(SystemClock), Arc::new(SystemRng)).await?;
    let tenant: TenantId = "bench".parse()?;
    let made = entry(&tenant, Kind::Administered, None)?;
    store.put_tenant(TenantRecord { id: tenant.clone(), settings: b"{}".to_vec() }, made).await?;
    for callers in [1usize, 64, 256] {
        let cpu = cpu_seconds("self");
        let (stored, took, mut timings) = storm(&store.tenant(&tenant), &tenant, callers).await?;
        let rate = stored / took;
        let cpu_each = (cpu_seconds("self") - cpu) / stored.max(1.0) * 1e6;
        let against =
            if callers == 64 { format!("; {:.1} × one commit per message", rate / alone) } else { String::new() };
        let note = format!(
            "p50 {:.1} ms, p99 {:.1} ms; {cpu_each:.0} µs CPU per message, callers and sealing included{against}",
            timings.quantile(500).as_secs_f64() * 1e3,
            timings.quantile(990).as_secs_f64() * 1e3
        );
        let goal = if callers == 64 { "27,000" } else { "-" };
        lines.push(Line::rate("store", &format!("accept, durable and ledgered, {callers} callers"), rate, goal, &note));
    }
    store.close().await;
    Ok(lines)
}

/// Lets `callers` store messages one after the other for [`RUN`]: how many, in how many seconds, and how long each waited.
async fn storm(store: &Tenanted, tenant: &TenantId, callers: usize) -> Result<(f64, f64, Timings), Box<dyn Error>> {
    let started = Instant::now();
    let tasks: Vec<_> = (0..callers)
        .map(|caller| {
            let (store, tenant) = (store.clone(), tenant.clone());
            tokio::spawn(async move {
                let mut timings = Timings::with_capacity(10_000);
                let mut round = 0u32;
                while started.elapsed() < RUN {
                    let message = message(&tenant, caller, round).map_err(|_| "a message could not be made")?;
                    let began = Instant::now();
                    let outcome = store.accept(message).await.map_err(|_| "the store refused a message")?;
                    timings.add(began.elapsed());
                    if !matches!(outcome, AcceptOutcome::Stored) {
                        return Err("a fresh message was taken for an old one");
                    }
                    round += 1;
                }
                Ok(timings)
            })
        })
        .collect();
    let mut all = Timings::default();
    for task in tasks {
        all.join(task.await??);
    }
    let stored = u32::try_from(all.count()).map_or(f64::MAX, f64::from);
    Ok((stored, started.elapsed().as_secs_f64(), all))
}

/// An entry about nothing in particular.
fn entry(tenant: &TenantId, kind: Kind, message: Option<MessageId>) -> Result<Entry, Box<dyn Error>> {
    let now: Timestamp = SystemClock.now();
    Ok(Entry {
        message,
        policy: Some("1/built-in".into()),
        code: Some("send".into()),
        commitments: message.map(|_| ("body".to_owned(), [7u8; 32])).into_iter().collect(),
        ..Entry::new(EntryId::new(now, &SystemRng)?, tenant.clone(), kind, now)
    })
}

/// A reminder as the engine stores it: portal copy and text, about a kilobyte.
fn message(tenant: &TenantId, caller: usize, round: u32) -> Result<NewMessage, Box<dyn Error>> {
    let now = SystemClock.now();
    let id = MessageId::new(now, &SystemRng)?;
    let mut key = [0u8; 32];
    SystemRng.fill(&mut key)?;
    let patient: PatientId = format!("Patient/p{}", caller % 50).parse().map_err(|_| "bad patient reference")?;
    let portal = DeliveryId::new(now, &SystemRng)?;
    let delivery = |id, channel, point: &str, form, level, after| NewDelivery {
        id,
        candidate: CandidateRecord { channel, point: Phi::new(point.into()), mode: None, form, level, vendor: None },
        due: now + SignedDuration::from_hours(24),
        priority: 3,
        after,
        state: DeliveryState::Queued,
    };
    let rendition = |form, chars: usize| StoredRendition {
        channel: None,
        form,
        language: Language::En,
        subject: None,
        body: Phi::new("x".repeat(chars)),
        measured: b"{\"level\":\"L1\"}".to_vec(),
    };
    Ok(NewMessage {
        id,
        idempotency_key: Some(Phi::new(format!("bench-{caller}-{round}-{id}"))),
        fingerprint: key,
        patient,
        purpose: Purpose::AppointmentReminder,
        event: Some(format!("Appointment/{caller}-{round}")),
        template: None,
        content: Phi::new(vec![b'c'; 64]),
        request: Phi::new(vec![b'r'; 200]),
        decision: Phi::new(vec![b'd'; 300]),
        outcome: "send",
        commitment_key: Secret::new(key),
        renditions: vec![rendition(Form::Full, 240), rendition(Form::Minimal, 140), rendition(Form::Notice, 120)],
        expires_at: now + SignedDuration::from_hours(72),
        deliveries: vec![
            delivery(portal, Channel::Portal, "Patient/p1", Form::Full, Level::L1, None),
            delivery(
                DeliveryId::new(now, &SystemRng)?,
                Channel::Sms,
                "+12125550101",
                Form::Minimal,
                Level::L1,
                Some(portal),
            ),
        ],
        entries: vec![entry(tenant, Kind::Accepted, Some(id))?],
        facts: None,
        link: None,
        files: Vec::new(),
    })
}

/// SQLite as anyone would use it: same durability, none of what Postern adds.
struct RawSqlite {
    database: Connection,
}

impl RawSqlite {
    fn open(path: &Path) -> Result<Self, Box<dyn Error>> {
        let database = Connection::open(path)?;
        database.execute_batch(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;
             CREATE TABLE message (seq INTEGER PRIMARY KEY, body BLOB NOT NULL);
             CREATE TABLE delivery (seq INTEGER PRIMARY KEY, message INTEGER NOT NULL, due INTEGER NOT NULL, body BLOB NOT NULL);
             CREATE TABLE idempotency (seq INTEGER PRIMARY KEY, key INTEGER NOT NULL UNIQUE);
             CREATE TABLE leaf (seq INTEGER PRIMARY KEY, body BLOB NOT NULL);",
        )?;
        Ok(Self { database })
    }

    /// Messages per second with `group` of them per transaction.
    fn measure(&self, group: usize) -> Result<f64, Box<dyn Error>> {
        let many = |row: &str| vec![row; group].join(",");
        let message = format!("INSERT INTO message (body) VALUES {}", many("(randomblob(1100))"));
        let delivery = format!(
            "INSERT INTO delivery (message, due, body) VALUES {},{}",
            many("(last_insert_rowid(), 1, randomblob(60))"),
            many("(last_insert_rowid(), 2, randomblob(60))")
        );
        let idempotency = format!("INSERT INTO idempotency (key) VALUES {}", many("(random())"));
        let leaf = format!("INSERT INTO leaf (body) VALUES {}", many("(randomblob(300))"));
        let started = Instant::now();
        let mut commits = 0u32;
        while started.elapsed() < RUN {
            for sql in ["BEGIN IMMEDIATE", &message, &delivery, &idempotency, &leaf, "COMMIT"] {
                self.database.prepare_cached(sql)?.execute([])?;
            }
            commits += 1;
        }
        let messages = f64::from(commits) * u32::try_from(group).map_or(0.0, f64::from);
        Ok(messages / started.elapsed().as_secs_f64())
    }
}
