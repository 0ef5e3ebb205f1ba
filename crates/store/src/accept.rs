//! Accepting: one message with its sealed parts, deliveries, idempotency row and ledger entries, in one transaction.
//!
//! Sealing happens in the caller's task, and the contents of files are written before: the writer only looks for earlier keys and inserts
//! rows, many messages at a time.

use crate::attachments::File;
use crate::coverage::{DECISIONS, DELIVERIES, IDEMPOTENCY, MESSAGES as COVERED, PORTAL_LINKS};
use crate::database::{Failure, Row, Value, array, bytes, column, id, places};
use crate::decisions::{self, DECISION};
use crate::frame::Framer;
use crate::keys::{Field, Index, PatientKey, TenantKeys};
use crate::open::Tenanted;
use crate::outbox::{delivery_columns, is_queue_state, state_number};
use crate::records::{
    AcceptOutcome, CandidateRecord, DeliveryState, NewDelivery, NewMessage, StoreError, StoredRendition,
};
use crate::seal::{Place, Sealer};
use crate::writer::{Job, Tx};
use jiff::Timestamp;
use postern_base::{DeliveryId, MessageId, Phi, Rng};
use postern_ledger::{Entry, RowState};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use tokio::sync::oneshot;

/// Seconds in an idempotency bucket. A key is honoured while it stands in the current or the last one: 7 to 14 days.
const BUCKET_SECONDS: i64 = 7 * 24 * 3_600;

/// The bucket of an instant.
pub(crate) fn bucket(at: jiff::Timestamp) -> i64 {
    at.as_second().div_euclid(BUCKET_SECONDS)
}

/// What the writer found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Stored,
    Replayed(MessageId),
    Conflict,
}

/// A message ready to be inserted.
#[derive(Debug)]
struct Prepared {
    tenant: Arc<TenantKeys>,
    key: Arc<PatientKey>,
    id: MessageId,
    /// Indexes of the caller's key and of the fingerprint.
    idempotency: Option<(Index, Index)>,
    message: Vec<Value>,
    deliveries: Vec<Vec<Value>>,
    entries: Vec<Entry>,
    /// What its decision was made from.
    decision: Option<Vec<Value>>,
    /// The link of its notice, where one goes.
    link: Option<Vec<Value>>,
    /// What its first entry states of the message and its deliveries.
    states: Vec<RowState>,
    /// Files that go with it, their contents written.
    files: Vec<File>,
}

/// A message on its way through the writer.
#[derive(Debug)]
pub(crate) struct Accepting {
    prepared: Prepared,
    verdict: Option<Verdict>,
    reply: oneshot::Sender<Result<Verdict, StoreError>>,
}

impl Accepting {
    pub(crate) fn answer(self, outcome: Result<(), StoreError>) {
        let answer = outcome.and_then(|()| self.verdict.ok_or(StoreError::Unavailable));
        self.reply.send(answer).ok();
    }
}

/// The place of a part of a message.
pub(crate) const fn part<'m>(column: &'static str, message: &'m [u8]) -> Place<'m> {
    Place { table: "messages", column, row: message }
}

/// The place of a delivery's contact point.
pub(crate) const fn address_of(delivery: &[u8]) -> Place<'_> {
    Place { table: "deliveries", column: "address", row: delivery }
}

impl Tenanted {
    /// Stores a message, its sealed bodies, outbox rows and ledger entries in one transaction, once per idempotency key.
    ///
    /// # Errors
    /// [`StoreError`]; after any of them nothing of the message is stored.
    pub async fn accept(&self, message: NewMessage) -> Result<AcceptOutcome, StoreError> {
        let tenant = self.keys().await?;
        self.admissible(&message.entries)?;
        let key = self.shared.keyring.patient_or_new(&self.shared.readers, &tenant, &message.patient).await?;
        let at = self.shared.clock.now();
        if let Some(before) = self.answered_before(&tenant, &message, at).await? {
            return self.answer_again(before).await;
        }
        let contents = message.files.iter().map(|(about, content)| (about, &content.reveal()[..]));
        let (files, _begun) = self.begin_files(contents, at, (&tenant, &key)).await?;
        let prepared = prepare((tenant, key), message, files, at, self.shared.keyring.rng())?;
        let (reply, answer) = oneshot::channel();
        self.shared.queue.push(Job::Accept(Box::new(Accepting { prepared, verdict: None, reply })))?;
        self.answer_again(answer.await.unwrap_or(Err(StoreError::Unavailable))?).await
    }

    /// What the key of a message with files was answered with before: its files are then not written once more. The writer asks again, for a key
    /// that comes meanwhile.
    async fn answered_before(
        &self,
        tenant: &TenantKeys,
        message: &NewMessage,
        at: Timestamp,
    ) -> Result<Option<Verdict>, StoreError> {
        let Some((caller, fingerprint)) = idempotency(tenant, message).filter(|_| !message.files.is_empty()) else {
            return Ok(None);
        };
        let (sql, values) = earlier(tenant.seq, &[caller], bucket(at));
        let row = self.shared.one(&sql, values).await?;
        Ok(row.as_ref().map(known).transpose()?.map(|(_, before)| verdict(before, fingerprint)))
    }

    async fn answer_again(&self, verdict: Verdict) -> Result<AcceptOutcome, StoreError> {
        Ok(match verdict {
            Verdict::Stored => AcceptOutcome::Stored,
            Verdict::Conflict => AcceptOutcome::Conflict,
            Verdict::Replayed(message) => {
                AcceptOutcome::Replayed { message, decision: self.decision_of(message).await? }
            }
        })
    }

    /// Whether entries are this tenant's own. One that has no leaf is found by the writer, which refuses its write alone.
    pub(crate) fn admissible(&self, entries: &[Entry]) -> Result<(), StoreError> {
        if entries.iter().any(|entry| entry.tenant != self.tenant) {
            return Err(StoreError::NotFound);
        }
        Ok(())
    }
}

fn prepare(
    (tenant, key): (Arc<TenantKeys>, Arc<PatientKey>),
    message: NewMessage,
    files: Vec<File>,
    at: Timestamp,
    rng: &dyn Rng,
) -> Result<Prepared, StoreError> {
    let now = at.as_microsecond();
    let sealer = key.sealer();
    let row = message.id.0.as_bytes();
    let mut about = Framer::default();
    about.put_optional(message.event.as_deref().map(str::as_bytes));
    about.put_optional(message.template.as_ref().map(|template| template.name.as_bytes()));
    about.put(&message.template.as_ref().map_or(0, |template| template.version).to_be_bytes());
    let mut body = Framer::default();
    // The first frame held the answer, which is the decision again, in rows of an earlier Postern.
    body.put(b"").put(message.request.reveal()).put(message.decision.reveal());
    for rendition in &message.renditions {
        put_rendition(&mut body, rendition);
    }
    let deliveries = message
        .deliveries
        .iter()
        .map(|delivery| delivery_row(&tenant, &key, &message, delivery, now, rng))
        .collect::<Result<Vec<_>, _>>()?;
    let columns = vec![
        tenant.seq.into(),
        bytes(message.id.0),
        key.index.to_vec().into(),
        message.purpose.as_str().into(),
        message.outcome.into(),
        now.into(),
        message.expires_at.as_microsecond().into(),
        tenant.index(Field::Source, message.content.reveal()).to_vec().into(),
        sealer.seal(part("commitment_key", row), message.commitment_key.reveal(), rng)?.into(),
        sealer.seal(part("about", row), &about.finish(), rng)?.into(),
        sealer.seal(part("body", row), &body.finish(), rng)?.into(),
    ];
    let idempotency = idempotency(&tenant, &message);
    let mut states = vec![COVERED.inserted(MESSAGES, &columns)?];
    for delivery in &deliveries {
        states.push(DELIVERIES.inserted(delivery_columns(), delivery)?);
    }
    let decision = match message.entries.first().zip(message.facts.as_ref()) {
        Some((entry, facts)) => Some(decisions::row(&tenant, &key, message.id, entry.id, facts, rng)?),
        None => None,
    };
    if let Some(row) = &decision {
        states.push(DECISIONS.inserted(DECISION, row)?);
    }
    let link = message.link.map(|token| vec![tenant.seq.into(), bytes(message.id.0), token.to_vec().into()]);
    if let Some(row) = &link {
        states.push(PORTAL_LINKS.inserted(LINK, row)?);
    }
    let (entries, id) = (message.entries, message.id);
    Ok(Prepared { files, idempotency, id, message: columns, deliveries, decision, link, entries, states, tenant, key })
}

/// Indexes of the caller's key and of the fingerprint.
fn idempotency(tenant: &TenantKeys, message: &NewMessage) -> Option<(Index, Index)> {
    let caller = message.idempotency_key.as_ref()?;
    let fingerprint = tenant.index(Field::Fingerprint, &message.fingerprint);
    Some((tenant.index(Field::Idempotency, caller.reveal().as_bytes()), fingerprint))
}

fn put_rendition(body: &mut Framer, rendition: &StoredRendition) {
    body.put_optional(rendition.channel.map(|channel| channel.as_str().as_bytes()))
        .put(rendition.form.as_str().as_bytes())
        .put(rendition.language.as_str().as_bytes())
        .put_optional(rendition.subject.as_ref().map(|subject| subject.reveal().as_bytes()))
        .put(rendition.body.reveal().as_bytes())
        .put(&rendition.measured);
}

fn delivery_row(
    tenant: &TenantKeys,
    key: &PatientKey,
    message: &NewMessage,
    delivery: &NewDelivery,
    now: i64,
    rng: &dyn Rng,
) -> Result<Vec<Value>, StoreError> {
    // A notice waits until its portal copy has come to an end; one whose portal copy is not to come waits for nothing.
    let waits = delivery
        .after
        .is_some_and(|first| message.deliveries.iter().any(|other| other.id == first && !other.state.is_terminal()));
    let live = !waits && is_queue_state(delivery.state);
    let (point, candidate) = candidate_values(tenant, key.sealer(), delivery.id, &delivery.candidate, rng)?;
    let mut row = vec![
        tenant.seq.into(),
        bytes(delivery.id.0),
        bytes(message.id.0),
        key.index.to_vec().into(),
        message.purpose.as_str().into(),
        delivery.priority.into(),
        delivery.due.as_microsecond().into(),
        state_number(delivery.state).into(),
        0_i32.into(),
        i32::from(live).into(),
        delivery.after.map_or(Value::Null, |first| bytes(first.0)),
        message.expires_at.as_microsecond().into(),
        // A delivery that waits for a person ends with the message's life.
        Value::from((delivery.state == DeliveryState::Held).then(|| message.expires_at.as_microsecond())),
        now.into(),
        point,
    ];
    row.extend(candidate);
    Ok(row)
}

/// The blind index of a candidate's point, and the columns of the candidate in the order of
/// [`crate::outbox::CANDIDATE_COLUMNS`].
pub(crate) fn candidate_values(
    tenant: &TenantKeys,
    sealer: Sealer<'_>,
    delivery: DeliveryId,
    candidate: &CandidateRecord,
    rng: &dyn Rng,
) -> Result<(Value, Vec<Value>), StoreError> {
    let address = candidate.point.reveal();
    let sealed = sealer.seal(address_of(delivery.0.as_bytes()), address.as_bytes(), rng)?;
    let vendor = candidate.vendor.as_ref();
    let columns = vec![
        candidate.channel.as_str().into(),
        Value::from(candidate.mode.map(|mode| mode.as_str().to_owned())),
        candidate.form.as_str().into(),
        candidate.level.as_str().into(),
        Value::from(vendor.map(|vendor| vendor.vendor.clone())),
        Value::from(vendor.map(|vendor| vendor.service.clone())),
        sealed.into(),
    ];
    Ok((tenant.point(address).to_vec().into(), columns))
}

const MESSAGES: &str = "INSERT INTO messages (tenant, id, patient, purpose, outcome, accepted_at, expires_at, source, \
     commitment_key, about, body) VALUES";
const LINK: &str = "INSERT INTO portal_links (tenant, message, token) VALUES";
const KEYS: &str = "INSERT INTO idempotency (tenant, bucket, key, fingerprint, message) VALUES";

type Caller = (i64, Index);
/// A message that came under a key, and the fingerprint's index.
type Earlier = (MessageId, Index);

/// Which of these callers' keys came before: asks of the two buckets in which a key is honoured.
fn earlier(tenant: i64, callers: &[Index], current: i64) -> (String, Vec<Value>) {
    let sql = format!(
        "SELECT key, message, fingerprint FROM idempotency WHERE tenant = ? AND bucket IN (?, ?) AND key IN ({})",
        places(callers.len())
    );
    let mut values: Vec<Value> = vec![tenant.into(), (current - 1).into(), current.into()];
    values.extend(callers.iter().map(|caller| Value::from(caller.to_vec())));
    (sql, values)
}

/// A row of that answer: the caller's key, and what came under it.
fn known(row: &Row) -> Result<(Index, Earlier), Failure> {
    let fingerprint = column::<Vec<u8>>(row, 2)?.try_into().map_err(|_| Failure::Damaged)?;
    Ok((array(row, 0)?, (MessageId(id(row, 1)?), fingerprint)))
}

/// What a key that came before is answered with.
fn verdict((first, known): Earlier, fingerprint: Index) -> Verdict {
    if known == fingerprint { Verdict::Replayed(first) } else { Verdict::Conflict }
}

/// Writes every accepted message among `jobs` with as few statements as may be.
pub(crate) async fn accept_all(
    tx: &mut Tx,
    jobs: &mut [Job],
    outcomes: &mut [Result<(), StoreError>],
) -> Result<(), Failure> {
    let mut accepting: Vec<(&mut Accepting, &mut Result<(), StoreError>)> = jobs
        .iter_mut()
        .zip(outcomes)
        .filter_map(|(job, outcome)| match job {
            Job::Accept(accepting) => Some((accepting.as_mut(), outcome)),
            Job::Other(_) | Job::Close(_) => None,
        })
        .collect();
    if accepting.is_empty() {
        return Ok(());
    }
    let mut earlier = earlier_keys(tx, accepting.iter().map(|(one, _)| &one.prepared)).await?;
    for (one, outcome) in &mut accepting {
        one.verdict = None;
        let prepared = &one.prepared;
        // The key may have been destroyed after the caller sealed with it.
        if tx.keyring.patients.is_destroyed(prepared.tenant.seq, prepared.key.index) {
            **outcome = Err(StoreError::KeyDestroyed);
            continue;
        }
        let verdict = match prepared.idempotency {
            None => Verdict::Stored,
            Some((caller, fingerprint)) => match earlier.get(&(prepared.tenant.seq, caller)) {
                Some(before) => verdict(*before, fingerprint),
                None => {
                    earlier.insert((prepared.tenant.seq, caller), (prepared.id, fingerprint));
                    Verdict::Stored
                }
            },
        };
        one.verdict = Some(verdict);
    }
    let stored: Vec<&Prepared> = accepting
        .iter()
        .filter(|(one, _)| one.verdict == Some(Verdict::Stored))
        .map(|(one, _)| &one.prepared)
        .collect();
    insert_all(tx, &stored).await
}

async fn insert_all(tx: &mut Tx, stored: &[&Prepared]) -> Result<(), Failure> {
    if stored.is_empty() {
        return Ok(());
    }
    let keys: Vec<&Arc<PatientKey>> = stored.iter().map(|one| &one.key).collect();
    let mut fresh = tx.store_keys(&keys).await?;
    let messages: Vec<&[Value]> = stored.iter().map(|one| one.message.as_slice()).collect();
    tx.insert(MESSAGES, &messages, "").await?;
    let deliveries: Vec<&[Value]> = stored.iter().flat_map(|one| &one.deliveries).map(Vec::as_slice).collect();
    tx.insert(delivery_columns(), &deliveries, "").await?;
    let decisions: Vec<&[Value]> = stored.iter().filter_map(|one| one.decision.as_deref()).collect();
    tx.insert(DECISION, &decisions, "").await?;
    let links: Vec<&[Value]> = stored.iter().filter_map(|one| one.link.as_deref()).collect();
    tx.insert(LINK, &links, "").await?;
    let bucket = bucket(tx.now);
    let mut keys = Vec::with_capacity(stored.len());
    for one in stored {
        let states = one.states.iter().cloned().chain(fresh.remove(&one.key.id));
        for state in states {
            tx.state(&one.tenant, state);
        }
        if let Some((caller, fingerprint)) = one.idempotency {
            let (caller, fingerprint) = (caller.to_vec(), fingerprint.to_vec());
            let row = vec![one.tenant.seq.into(), bucket.into(), caller.into(), fingerprint.into(), bytes(one.id.0)];
            tx.state(&one.tenant, IDEMPOTENCY.inserted(KEYS, &row)?);
            keys.push(row);
        }
        for file in &one.files {
            file.write_with(tx, &one.tenant, one.id).await?;
        }
        tx.append_first(&one.tenant, &one.entries)?;
    }
    tx.insert(KEYS, &keys, "").await?;
    Ok(())
}

/// Which of the callers' keys came before: the message and the fingerprint's index.
async fn earlier_keys<'p>(
    tx: &mut Tx,
    prepared: impl Iterator<Item = &'p Prepared>,
) -> Result<HashMap<Caller, Earlier>, Failure> {
    let callers: HashSet<Caller> =
        prepared.filter_map(|one| one.idempotency.map(|(caller, _)| (one.tenant.seq, caller))).collect();
    let mut by_tenant: HashMap<i64, Vec<Index>> = HashMap::new();
    for (tenant, caller) in callers {
        by_tenant.entry(tenant).or_default().push(caller);
    }
    let current = bucket(tx.now);
    let mut found = HashMap::new();
    for (tenant, callers) in by_tenant {
        for chunk in callers.chunks(64) {
            let (sql, values) = earlier(tenant, chunk, current);
            for row in tx.all(&sql, values).await? {
                let (caller, before) = known(&row)?;
                found.insert((tenant, caller), before);
            }
        }
    }
    Ok(found)
}

/// The parts of a message's body, opened.
pub(crate) struct Body {
    pub(crate) request: Phi<Vec<u8>>,
    pub(crate) decision: Phi<Vec<u8>>,
    pub(crate) renditions: Vec<StoredRendition>,
}

impl Body {
    /// Takes apart what [`prepare`] put together.
    pub(crate) fn parse(plain: &[u8]) -> Result<Self, StoreError> {
        let mut frames = crate::frame::Frames(plain);
        let mut next = || frames.take().map(|bytes| Phi::new(bytes.to_vec()));
        let (_, request, decision) = (next()?, next()?, next()?);
        let mut renditions = Vec::new();
        while !frames.is_empty() {
            renditions.push(StoredRendition {
                channel: frames.optional_text()?.map(parse).transpose()?,
                form: parse(frames.text()?)?,
                language: parse(frames.text()?)?,
                subject: frames.optional_text()?.map(|text| Phi::new(text.to_owned())),
                body: Phi::new(frames.text()?.to_owned()),
                measured: frames.take()?.to_vec(),
            });
        }
        Ok(Self { request, decision, renditions })
    }
}

fn parse<T: std::str::FromStr>(text: &str) -> Result<T, StoreError> {
    text.parse().map_err(|_| StoreError::Damaged)
}
