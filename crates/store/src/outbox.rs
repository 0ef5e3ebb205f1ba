//! The outbox: what is due, who holds it, and how it ends.
//!
//! A claim takes a lease and raises the fence in one statement; whatever is done under it names the fence, so a worker whose
//! lease was taken over can neither start nor finish anything. `attempt_started` is written with the state `attempting` in one
//! transaction: after a crash, such a delivery comes back with the attempt that may or may not have happened.

mod ending;
pub(crate) mod start;

pub use start::Recorder;

use crate::accept::address_of;
use crate::database::{Failure, Row, Value, bytes, column, id, optional_id, optional_word, places, time, word};
use crate::keys::Index;
use crate::open::Store;
use crate::records::{CandidateRecord, Claim, DeliveryState, Finish, StoreError};
use crate::writer::{Tx, Write};
use jiff::{SignedDuration, Timestamp};
use postern_base::{AttemptId, DeliveryId, EntryId, MessageId, Phi};
use postern_gate::decision::VendorRef;
use postern_ledger::{Entry, Kind, Lease};
use std::sync::Arc;

/// How long whoever looks after an overdue delivery holds it, in seconds.
const OVERDUE_LEASE_SECONDS: i64 = 60;

// CROSS JOIN keeps the order, so that the index by tenant and id is used: SQLite by itself begins with every message of all tenants.
const TENANT_OF: &str = "SELECT t.name FROM tenants t CROSS JOIN messages m ON m.tenant = t.seq AND m.id = ?";
const DELIVERY: &str =
    "SELECT t.name, d.message FROM tenants t CROSS JOIN deliveries d ON d.tenant = t.seq AND d.id = ?";

/// The number a state has in the database.
pub(crate) const fn state_number(state: DeliveryState) -> i32 {
    match state {
        DeliveryState::Queued => 0,
        DeliveryState::Waiting => 1,
        DeliveryState::Held => 2,
        DeliveryState::Attempting => 3,
        DeliveryState::Sent => 4,
        DeliveryState::Delivered => 5,
        DeliveryState::Failed => 6,
        DeliveryState::Refused => 7,
        DeliveryState::Expired => 8,
        DeliveryState::Unknown => 9,
    }
}

/// The state behind a number.
pub(crate) const fn state_of(number: i32) -> Result<DeliveryState, StoreError> {
    Ok(match number {
        0 => DeliveryState::Queued,
        1 => DeliveryState::Waiting,
        2 => DeliveryState::Held,
        3 => DeliveryState::Attempting,
        4 => DeliveryState::Sent,
        5 => DeliveryState::Delivered,
        6 => DeliveryState::Failed,
        7 => DeliveryState::Refused,
        8 => DeliveryState::Expired,
        9 => DeliveryState::Unknown,
        _ => return Err(StoreError::Damaged),
    })
}

/// Whether a worker acts on a delivery in this state when it falls due.
pub(crate) const fn is_queue_state(state: DeliveryState) -> bool {
    matches!(state, DeliveryState::Queued | DeliveryState::Waiting | DeliveryState::Attempting)
}

/// The columns of a candidate, as [`crate::accept::candidate_values`] gives them and [`read_candidate`] takes them.
pub(crate) const CANDIDATE_COLUMNS: &str = "channel, mode, form, level, vendor, service, address";

/// The head of an INSERT of new deliveries.
pub(crate) const fn delivery_columns() -> &'static str {
    "INSERT INTO deliveries (tenant, id, message, patient, purpose, priority, due, state, attempts, live, after, expires_at, deadline, changed_at, \
     point, channel, mode, form, level, vendor, service, address) VALUES"
}

/// A candidate whose contact point is still sealed.
#[derive(Debug)]
pub(crate) struct SealedCandidate {
    record: CandidateRecord,
    sealed: Vec<u8>,
}

/// Reads [`CANDIDATE_COLUMNS`] from column `from` on.
pub(crate) fn read_candidate(row: &Row, from: usize) -> Result<SealedCandidate, StoreError> {
    let vendor: Option<String> = column(row, from + 4)?;
    let service: Option<String> = column(row, from + 5)?;
    Ok(SealedCandidate {
        record: CandidateRecord {
            channel: word(row, from)?,
            point: Phi::new(Arc::from("")),
            mode: optional_word(row, from + 1)?,
            form: word(row, from + 2)?,
            level: word(row, from + 3)?,
            vendor: vendor.zip(service).map(|(vendor, service)| VendorRef { vendor, service }),
        },
        sealed: column(row, from + 6)?,
    })
}

impl SealedCandidate {
    /// Opens the contact point.
    pub(crate) fn open(
        self,
        sealer: crate::seal::Sealer<'_>,
        delivery: DeliveryId,
    ) -> Result<CandidateRecord, StoreError> {
        let plain = sealer.open(address_of(delivery.0.as_bytes()), &self.sealed)?;
        let text = std::str::from_utf8(plain.reveal()).map_err(|_| StoreError::Damaged)?;
        Ok(CandidateRecord { point: Phi::new(Arc::from(text)), ..self.record })
    }
}

/// A claimed row, with its contact point still sealed.
#[derive(Debug)]
struct ClaimedRow {
    tenant: i64,
    patient: Index,
    message: MessageId,
    lease: Lease,
    candidate: SealedCandidate,
    attempts: u32,
    interrupted: Option<AttemptId>,
    state: DeliveryState,
    reference: Option<String>,
    expires_at: Timestamp,
    priority: u8,
}

const CLAIMED: &str =
    "seq, tenant, patient, message, id, fence, attempts, attempt, state, reference, expires_at, priority";

impl ClaimedRow {
    fn read(row: &Row) -> Result<(i64, Self), StoreError> {
        let state = state_of(column(row, 8)?)?;
        let attempt = optional_id(row, 7)?.map(AttemptId);
        let fence = u64::try_from(column::<i64>(row, 5)?).map_err(|_| StoreError::Damaged)?;
        let claimed = Self {
            tenant: column(row, 1)?,
            patient: crate::database::array(row, 2)?,
            message: MessageId(id(row, 3)?),
            lease: Lease { delivery: DeliveryId(id(row, 4)?), fence },
            attempts: column(row, 6)?,
            interrupted: if state == DeliveryState::Attempting { attempt } else { None },
            state,
            reference: column(row, 9)?,
            expires_at: time(row, 10)?,
            priority: u8::try_from(column::<i64>(row, 11)?).map_err(|_| StoreError::Damaged)?,
            candidate: read_candidate(row, 12)?,
        };
        Ok((column(row, 0)?, claimed))
    }
}

/// How many deliveries a claim may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// The last priority that goes ahead of others; smaller goes first.
    pub ahead_until: u8,
    /// Up to so many in all, if they go ahead.
    pub ahead: u32,
    /// Up to so many in all otherwise.
    pub rest: u32,
}

impl Room {
    /// Room for `limit` of any priority.
    #[must_use]
    pub const fn of(limit: u32) -> Self {
        Self { ahead_until: 0, ahead: limit, rest: limit }
    }

    fn at(self, priority: i32) -> usize {
        let room = if priority <= i32::from(self.ahead_until) { self.ahead } else { self.rest };
        usize::try_from(room).unwrap_or(usize::MAX)
    }
}

/// Takes what is due.
#[derive(Debug)]
struct ClaimDue {
    now: Timestamp,
    room: Room,
    lease: SignedDuration,
}

/// The end of a lease that begins at `now`.
fn lease_end(now: Timestamp, lease: SignedDuration) -> i64 {
    now.saturating_add(lease).unwrap_or(Timestamp::MAX).as_microsecond()
}

impl ClaimDue {
    /// Up to `left` rows of one priority that are due, in the order they fell due. Where there is not room for all, every tenant with
    /// something due gets the same share, and what one leaves the others get: ten thousand of one hold up nobody else's.
    async fn of_priority(&self, tx: &mut Tx, priority: i32, left: usize) -> Result<Vec<i64>, Failure> {
        let next =
            "SELECT tenant FROM deliveries WHERE live = 1 AND priority = ? AND tenant > ? ORDER BY tenant LIMIT 1";
        let mut tenants: Vec<i64> = Vec::new();
        while let Some(row) = tx.one(next, vec![priority.into(), tenants.last().copied().unwrap_or(-1).into()]).await? {
            tenants.push(column(&row, 0)?);
        }
        let sql = "SELECT seq, due FROM deliveries WHERE live = 1 AND priority = ? AND tenant = ? AND due <= ? \
             ORDER BY due LIMIT ? OFFSET ?";
        let mut found: Vec<(i64, i64)> = Vec::new();
        let mut taken: usize = 0;
        while found.len() < left && !tenants.is_empty() {
            let share = left.saturating_sub(found.len()).div_ceil(tenants.len());
            // With fewer places than tenants it is another's turn each time; a prime turns with a clock of whole seconds too.
            let turn = self.now.as_microsecond().rem_euclid(7_919);
            let first = usize::try_from(turn).unwrap_or(0).checked_rem(tenants.len());
            tenants.rotate_left(first.unwrap_or(0));
            let mut more = Vec::new();
            for tenant in tenants {
                let places = share.min(left.saturating_sub(found.len()));
                if places == 0 {
                    break;
                }
                let values = [i64::from(priority), tenant, self.now.as_microsecond(), count(places), count(taken)];
                let rows = tx.all(sql, values.map(Value::from).to_vec()).await?;
                if rows.len() == share {
                    more.push(tenant);
                }
                for row in rows {
                    found.push((column(&row, 1)?, column(&row, 0)?));
                }
            }
            (tenants, taken) = (more, taken.saturating_add(share));
        }
        found.sort_unstable();
        Ok(found.into_iter().map(|(_, seq)| seq).collect())
    }
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

impl Write for ClaimDue {
    type Output = Vec<ClaimedRow>;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Output, Failure> {
        // Priorities are few: each is one step in the index, and only its due rows are read.
        let next = "SELECT priority FROM deliveries WHERE live = 1 AND priority > ? ORDER BY priority LIMIT 1";
        let mut chosen: Vec<i64> = Vec::new();
        let mut priority = -1_i32;
        while chosen.len() < self.room.at(priority) {
            let Some(row) = tx.one(next, vec![priority.into()]).await? else { break };
            priority = column(&row, 0)?;
            let left = self.room.at(priority).saturating_sub(chosen.len());
            chosen.extend(self.of_priority(tx, priority, left).await?);
        }
        take(tx, &chosen, "due", lease_end(self.now, self.lease)).await
    }
}

/// Takes what has no receipt by its deadline.
#[derive(Debug)]
struct ClaimOverdue {
    now: Timestamp,
    limit: u32,
}

impl Write for ClaimOverdue {
    type Output = Vec<ClaimedRow>;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Output, Failure> {
        let sql = "SELECT seq FROM deliveries WHERE deadline IS NOT NULL AND deadline <= ? ORDER BY deadline LIMIT ?";
        let rows = tx.all(sql, vec![self.now.as_microsecond().into(), i64::from(self.limit).into()]).await?;
        let chosen = rows.iter().map(|row| column(row, 0)).collect::<Result<Vec<i64>, _>>()?;
        let lease = SignedDuration::from_secs(OVERDUE_LEASE_SECONDS);
        take(tx, &chosen, "deadline", lease_end(self.now, lease)).await
    }
}

/// Leases rows until `until` and moves `timer` there, so that they come back if nobody ends the lease. In the order of `chosen`.
async fn take(tx: &mut Tx, chosen: &[i64], timer: &str, until: i64) -> Result<Vec<ClaimedRow>, Failure> {
    let mut claimed = Vec::with_capacity(chosen.len());
    for chunk in chosen.chunks(128) {
        let sql = format!(
            "UPDATE deliveries SET fence = fence + 1, lease_until = ?, {timer} = ? WHERE seq IN ({}) \
             RETURNING {CLAIMED}, {CANDIDATE_COLUMNS}",
            places(chunk.len())
        );
        let mut values: Vec<Value> = vec![until.into(), until.into()];
        values.extend(chunk.iter().map(|seq| Value::from(*seq)));
        let mut rows = tx.returning(&sql, values).await?.iter().map(ClaimedRow::read).collect::<Result<Vec<_>, _>>()?;
        rows.sort_by_key(|(seq, _)| chunk.iter().position(|chosen| chosen == seq));
        claimed.extend(rows.into_iter().map(|(_, row)| row));
    }
    Ok(claimed)
}

impl Store {
    /// Claims up to `limit` deliveries that are due at `now`, urgent ones first: lease and fence in one statement. A claim
    /// whose predecessor died between `attempt_started` and its end says so in [`Claim::interrupted`].
    ///
    /// A delivery whose contact point cannot be opened is not given out: it is held, or has ended, with the code `unreadable`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Busy`].
    pub async fn claim(&self, now: Timestamp, limit: u32, lease: SignedDuration) -> Result<Vec<Claim>, StoreError> {
        self.claim_within(now, Room::of(limit), lease).await
    }

    /// As [`Store::claim`], with more room for what goes ahead than for the rest.
    ///
    /// # Errors
    /// As [`Store::claim`].
    pub async fn claim_within(
        &self,
        now: Timestamp,
        room: Room,
        lease: SignedDuration,
    ) -> Result<Vec<Claim>, StoreError> {
        let rows = self.shared.queue.write(ClaimDue { now, room, lease }).await?;
        self.open_claims(rows).await
    }

    /// Deliveries with a provider whose deadline for a receipt is over at `now`, and held ones whose message is worthless by
    /// now; leased for a minute.
    ///
    /// # Errors
    /// As [`Store::claim`].
    pub async fn overdue(&self, now: Timestamp, limit: u32) -> Result<Vec<Claim>, StoreError> {
        let rows = self.shared.queue.write(ClaimOverdue { now, limit }).await?;
        self.open_claims(rows).await
    }

    async fn open_claims(&self, rows: Vec<ClaimedRow>) -> Result<Vec<Claim>, StoreError> {
        let mut claims = Vec::with_capacity(rows.len());
        for row in rows {
            let about = (row.tenant, row.message, row.lease, row.state);
            match self.open_claim(row).await {
                Ok(claim) => claims.push(claim),
                Err(StoreError::KeyDestroyed | StoreError::Damaged | StoreError::NotFound) => {
                    self.end_unreadable(about).await?;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(claims)
    }

    /// Ends a delivery that cannot be opened, as far as its end can be told: of what may have been sent nobody knows, what was held has
    /// had its time, and the rest waits for a person as long as its message lives.
    async fn end_unreadable(
        &self,
        (tenant, message, lease, before): (i64, MessageId, Lease, DeliveryState),
    ) -> Result<(), StoreError> {
        let shared = &self.shared;
        let tenant = shared.keyring.tenant_by_seq(&shared.readers, tenant).await?;
        let state = match before {
            DeliveryState::Attempting | DeliveryState::Sent => DeliveryState::Unknown,
            DeliveryState::Held => DeliveryState::Expired,
            _ => DeliveryState::Held,
        };
        tracing::error!(delivery.id = %lease.delivery, ?state, "a delivery cannot be read");
        let kind = if state.is_terminal() { Kind::Terminal } else { Kind::Redecided };
        let now = shared.clock.now();
        let id = EntryId::new(now, shared.keyring.rng()).map_err(|_| StoreError::Unavailable)?;
        let entry = Entry {
            message: Some(message),
            delivery: Some(lease.delivery),
            fence: Some(lease.fence),
            code: Some("unreadable".to_owned()),
            ..Entry::new(id, tenant.id.clone(), kind, now)
        };
        // One that has ended only loses what it waited for.
        let entries = if before.is_terminal() { Vec::new() } else { vec![entry] };
        let finish = Finish::State { state, code: "unreadable".to_owned(), reference: None };
        self.tenant(&tenant.id).finish(lease, finish, entries).await
    }

    async fn open_claim(&self, row: ClaimedRow) -> Result<Claim, StoreError> {
        let shared = &self.shared;
        let tenant = shared.keyring.tenant_by_seq(&shared.readers, row.tenant).await?;
        let key = shared.keyring.patient(&shared.readers, &tenant, row.patient).await?.ok_or(StoreError::Damaged)?;
        Ok(Claim {
            candidate: row.candidate.open(key.sealer(), row.lease.delivery)?,
            tenant: tenant.id.clone(),
            message: row.message,
            lease: row.lease,
            attempts: row.attempts,
            interrupted: row.interrupted,
            state: row.state,
            reference: row.reference,
            expires_at: row.expires_at,
            priority: row.priority,
        })
    }

    /// When the next delivery falls due, if any is waiting. A delivery that somebody holds is due when the lease ends.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        // One step in the index per priority and tenant: MIN over the partial index would read all of it.
        let next = "SELECT priority, tenant, due FROM deliveries WHERE live = 1 AND (priority, tenant) > (?, ?) \
             ORDER BY priority, tenant, due LIMIT 1";
        let mut earliest: Option<Timestamp> = None;
        let mut after: [i64; 2] = [-1, -1];
        while let Some(row) = self.shared.one(next, after.map(Value::from).to_vec()).await? {
            let due = time(&row, 2)?;
            earliest = Some(earliest.map_or(due, |known| known.min(due)));
            after = [column(&row, 0)?, column(&row, 1)?];
        }
        Ok(earliest)
    }

    /// The tenant and delivery a vendor's reference belongs to. A reference that two tenants have belongs to none.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn delivery_by_reference(
        &self,
        vendor: &str,
        reference: &str,
    ) -> Result<Option<(postern_base::TenantId, MessageId, DeliveryId)>, StoreError> {
        let sql = "SELECT d.tenant, t.name, d.message, d.id FROM deliveries d JOIN tenants t ON t.seq = d.tenant \
             WHERE d.vendor = ? AND d.reference = ? ORDER BY d.seq DESC";
        let rows = self.shared.all(sql, vec![vendor.into(), reference.into()]).await?;
        let Some(newest) = rows.first() else { return Ok(None) };
        let tenant: i64 = column(newest, 0)?;
        for row in &rows {
            if column::<i64>(row, 0)? != tenant {
                return Ok(None);
            }
        }
        Ok(Some((word(newest, 1)?, MessageId(id(newest, 2)?), DeliveryId(id(newest, 3)?))))
    }

    /// The tenant and delivery of an attempt, where it is with `vendor` still. For what a vendor says under the name that we gave it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn delivery_by_attempt(
        &self,
        vendor: &str,
        attempt: AttemptId,
    ) -> Result<Option<(postern_base::TenantId, MessageId, DeliveryId)>, StoreError> {
        let sql = "SELECT t.name, d.message, d.id FROM tenants t JOIN attempts a ON a.tenant = t.seq AND a.id = ? \
             JOIN deliveries d ON d.tenant = a.tenant AND d.id = a.delivery AND d.vendor = ?";
        let Some(row) = self.shared.one(sql, vec![bytes(attempt.0), vendor.into()]).await? else { return Ok(None) };
        Ok(Some((word(&row, 0)?, MessageId(id(&row, 1)?), DeliveryId(id(&row, 2)?))))
    }

    /// Whose message this is; `None` = nobody's here. For what names a message by its id under a signature of ours.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn tenant_of(&self, message: MessageId) -> Result<Option<postern_base::TenantId>, StoreError> {
        let row = self.shared.one(TENANT_OF, vec![bytes(message.0)]).await?;
        row.map(|row| word(&row, 0)).transpose()
    }

    /// Whose delivery this is, and of which message; `None` = nobody's here. For what names a delivery by its id under a signature
    /// of ours.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn delivery(
        &self,
        delivery: DeliveryId,
    ) -> Result<Option<(postern_base::TenantId, MessageId)>, StoreError> {
        let Some(row) = self.shared.one(DELIVERY, vec![bytes(delivery.0)]).await? else { return Ok(None) };
        Ok(Some((word(&row, 0)?, MessageId(id(&row, 1)?))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::plan::{is_narrow, plan};

    #[tokio::test]
    async fn a_message_and_a_delivery_are_found_by_their_id_however_many_there_are() {
        for sql in [TENANT_OF, DELIVERY] {
            let plan = plan(sql).await;
            let of_tenants = |line: &str| line.starts_with("SCAN t");
            assert!(plan.iter().all(|line| of_tenants(line) || is_narrow(line)), "{sql}: {plan:?}");
        }
    }
}
