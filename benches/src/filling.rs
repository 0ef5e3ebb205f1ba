//! A box filled for the portal's pages: patients by import, and messages by the store's own accept, many to a commit. Ten messages go the whole way
//! through the server first; the rest are those ten again, of other patients and sealed with their keys, as they stand once the portal has them. What
//! a page reads is then what the server would have written; what is missing is only the second gate's rows, which no page reads.

use crate::clinic::{Clinic, Connection, Server, get, post, sms_patient};
use crate::portal::{Size, TENANT};
use jiff::SignedDuration;
use postern_base::{
    Clock, DeliveryId, EntryId, MessageId, PatientId, Phi, Rng, Secret, SystemClock, SystemRng, TenantId,
};
use postern_ledger::{Entry, Kind};
use postern_store::{
    AcceptOutcome, CandidateRecord, DeliveryState, MessageRecord, NewDelivery, NewMessage, RootKey, Store, Tenanted,
};
use serde_json::{Value, json};
use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Patients in one import.
const BATCH: usize = 10_000;
/// Messages that go the whole way, one for each that a patient gets in turn.
const ROUNDS: usize = 10;
/// Callers that fill: as many as share a commit.
const FILLING: usize = 64;

/// Makes the patients and their messages, all of which are to be read in the portal alone.
pub(crate) async fn fill(data: &Path, binary: &Path, size: &Size) -> Result<Clinic, Box<dyn Error>> {
    let clinic = Clinic::make(data, binary, std::iter::empty())?;
    for first in (0..size.patients).step_by(BATCH) {
        let last = size.patients.min(first + BATCH);
        clinic.import((first..last).flat_map(sms_patient).chain((first..last).map(visit)))?;
        eprintln!("{last} of {} patients", size.patients);
    }
    let models = by_the_server(&clinic).await?;
    let store = open(data).await?;
    let filled = by_the_store(&store, &models, size).await;
    store.close().await;
    filled.map(|()| clinic)
}

/// The appointment that a reminder is about.
fn visit(number: usize) -> Value {
    json!({
        "resourceType": "Appointment", "id": format!("a{number}"), "status": "booked", "start": "2027-12-03T14:30:00-05:00",
        "participant": [{ "actor": { "reference": format!("Patient/p{number}") }, "status": "accepted" }],
    })
}

/// The message of the first patient in `round`: of every ten one names an appointment, so that its records are read for it alone.
fn request(round: usize) -> Value {
    let (purpose, subject, body) = match round % 3 {
        0 => ("test_result", "Your result", format!("Your HbA1c came back at {}.{round} %.", 5 + round % 4)),
        1 => ("follow_up", "After your visit", format!("Please go on with the exercises of sheet {round}.")),
        _ => ("treatment_update", "Your plan", format!("Take the walk of plan {round} every day.")),
    };
    if round + 1 == ROUNDS {
        return json!({
            "patient": "Patient/p0", "purpose": "appointment_reminder", "channels": ["portal"],
            "event": "Appointment/a0",
            "content": { "body": "Your visit is at 2:30 PM on December 3.", "language": "en" },
        });
    }
    json!({
        "patient": "Patient/p0", "purpose": purpose, "channels": ["portal"],
        "content": { "subject": subject, "body": body, "language": "en" },
    })
}

/// Sends the first patient their messages and waits until each can be read; gives their ids.
async fn by_the_server(clinic: &Clinic) -> Result<Vec<MessageId>, Box<dyn Error>> {
    let server = Server::start(clinic).await?;
    let mut connection = Connection::open(server.address).await?;
    let mut ids = Vec::with_capacity(ROUNDS);
    for round in 0..ROUNDS {
        let asked = post(&clinic.key, "messages", &format!("model-{round}"), &request(round).to_string());
        let answer = connection.exchange(&asked).await?;
        let id = serde_json::from_str::<Value>(&answer.body)?;
        let id = id.get("id").and_then(Value::as_str).and_then(|id| id.parse().ok());
        ids.push(id.ok_or_else(|| format!("a message was answered {}: {}", answer.status, answer.body))?);
    }
    loop {
        let metrics = connection.exchange(&get(&clinic.key, "/metrics")).await?;
        let queued = metrics.body.lines().find_map(|line| line.strip_prefix("postern_queued ")).unwrap_or("0");
        if queued.trim() == "0" {
            return Ok(ids);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The store of a clinic whose server is not running.
async fn open(data: &Path) -> Result<Store, Box<dyn Error>> {
    let text = std::fs::read_to_string(data.join("root.key"))?;
    let mut root = [0u8; 32];
    for (byte, digits) in root.iter_mut().zip(text.trim().as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits)?, 16)?;
    }
    Ok(Store::open(data, RootKey(Secret::new(root)), Arc::new(SystemClock), Arc::new(SystemRng)).await?)
}

/// Stores the rest, each patient's messages in turn, oldest round first.
async fn by_the_store(store: &Store, models: &[MessageId], size: &Size) -> Result<(), Box<dyn Error>> {
    let tenant: TenantId = TENANT.parse()?;
    let tenanted = store.tenant(&tenant);
    let mut records = Vec::with_capacity(models.len());
    for id in models {
        records.push(tenanted.message(*id).await?.ok_or("a message is not there")?);
    }
    let (records, next) = (Arc::new(records), Arc::new(AtomicUsize::new(models.len())));
    let started = Instant::now();
    let tasks: Vec<_> = (0..FILLING)
        .map(|_| {
            let (tenanted, tenant) = (tenanted.clone(), tenant.clone());
            tokio::spawn(put(tenanted, tenant, Arc::clone(&records), Arc::clone(&next), size.clone()))
        })
        .collect();
    while tasks.iter().any(|task| !task.is_finished()) {
        tokio::time::sleep(Duration::from_secs(2)).await;
        let done = next.load(Ordering::Relaxed).min(size.messages);
        eprintln!("{done} of {} messages, after {:.0} s", size.messages, started.elapsed().as_secs_f64());
    }
    for task in tasks {
        task.await??;
    }
    Ok(())
}

/// Stores the messages whose turn it is, one after the other, until there is none.
async fn put(
    store: Tenanted,
    tenant: TenantId,
    models: Arc<Vec<MessageRecord>>,
    next: Arc<AtomicUsize>,
    size: Size,
) -> Result<(), String> {
    loop {
        let nth = next.fetch_add(1, Ordering::Relaxed);
        if nth >= size.messages {
            return Ok(());
        }
        let (patient, round) = (nth % size.patients, nth / size.patients);
        let model = models.get(round % models.len()).ok_or("there is no model")?;
        let message = like(model, &tenant, patient).map_err(|error| error.to_string())?;
        match store.accept(message).await {
            Ok(AcceptOutcome::Stored) => {}
            other => return Err(format!("a message was not stored: {other:?}")),
        }
    }
}

/// A message like `model`, of another patient, that stands in the portal.
fn like(model: &MessageRecord, tenant: &TenantId, patient: usize) -> Result<NewMessage, Box<dyn Error>> {
    let now = SystemClock.now();
    let id = MessageId::new(now, &SystemRng)?;
    let mut key = [0u8; 32];
    SystemRng.fill(&mut key)?;
    let of_them = |bytes: &[u8]| -> Result<Vec<u8>, std::str::Utf8Error> {
        let text = std::str::from_utf8(bytes)?.replace("Patient/p0\"", &format!("Patient/p{patient}\""));
        Ok(text.replace("Appointment/a0\"", &format!("Appointment/a{patient}\"")).into_bytes())
    };
    let request = of_them(model.request.reveal())?;
    let event = serde_json::from_slice::<Value>(&request)?.pointer("/request/event").cloned();
    let reference = format!("Patient/p{patient}");
    let patient: PatientId = reference.parse().map_err(|_| "bad patient reference")?;
    let mut deliveries = Vec::with_capacity(model.deliveries.len());
    for one in &model.deliveries {
        deliveries.push(NewDelivery {
            id: DeliveryId::new(now, &SystemRng)?,
            candidate: CandidateRecord { point: Phi::new(reference.as_str().into()), ..one.candidate.clone() },
            due: now,
            priority: 3,
            after: None,
            state: DeliveryState::Delivered,
        });
    }
    let mut entry = Entry::new(EntryId::new(now, &SystemRng)?, tenant.clone(), Kind::Accepted, now);
    (entry.message, entry.code) = (Some(id), Some("send".into()));
    entry.commitments = [("content".to_owned(), key)].into_iter().collect();
    Ok(NewMessage {
        id,
        idempotency_key: None,
        fingerprint: key,
        patient,
        purpose: model.purpose,
        event: event.and_then(|event| event.as_str().map(str::to_owned)),
        template: None,
        content: Phi::new(id.0.as_bytes().to_vec()),
        request: Phi::new(request),
        decision: model.decision.clone(),
        outcome: "send",
        commitment_key: Secret::new(key),
        renditions: model.renditions.clone(),
        expires_at: now + SignedDuration::from_hours(72),
        deliveries,
        entries: vec![entry],
        facts: None,
        link: None,
        files: Vec::new(),
    })
}
