//! How an attempt starts: the one implementation of the ledger's [`Log`] (invariant 1).

use crate::coverage::{ATTEMPTS, DELIVERIES};
use crate::database::{Failure, Value, bytes};
use crate::decisions;
use crate::keys::TenantKeys;
use crate::open::Store;
use crate::records::{Grounds, StoreError};
use crate::writer::{Tx, Write};
use postern_base::{AttemptId, EntryId, MessageId};
use postern_gate::Permit;
use postern_ledger::{Committed, Entry, Kind, Lease, Log, commit};
use std::sync::Arc;

/// Records that an attempt starts.
#[derive(Debug)]
struct Start {
    tenant: Arc<TenantKeys>,
    lease: Lease,
    message: MessageId,
    attempt: AttemptId,
    decision: Option<Vec<Value>>,
    entry: Entry,
}

impl Write for Start {
    type Output = Committed;
    async fn run(&self, tx: &mut Tx) -> Result<Committed, Failure> {
        let fence = i64::try_from(self.lease.fence).map_err(|_| StoreError::LeaseLost)?;
        let now = tx.now.as_microsecond();
        // A lease that ran out is over even while nobody has taken it: another worker may be about to.
        let sql = "UPDATE deliveries SET state = 3, live = 1, attempts = attempts + 1, attempt = ?, sent_at = ?, changed_at = ? \
             WHERE tenant = ? AND id = ? AND message = ? AND fence = ? AND lease_until > ? AND state IN (0, 1, 3)";
        let values = vec![
            bytes(self.attempt.0),
            now.into(),
            now.into(),
            self.tenant.seq.into(),
            bytes(self.lease.delivery.0),
            bytes(self.message.0),
            fence.into(),
            now.into(),
        ];
        if tx.write(&self.tenant, &DELIVERIES, sql, values).await? != 1 {
            return Err(StoreError::LeaseLost.into());
        }
        let row =
            vec![self.tenant.seq.into(), bytes(self.attempt.0), bytes(self.lease.delivery.0), fence.into(), now.into()];
        // The same attempt starts again when a provider takes its id for one and the same send.
        let sql = "INSERT INTO attempts (tenant, id, delivery, fence, started_at) VALUES (?, ?, ?, ?, ?) \
             ON CONFLICT (tenant, id) DO UPDATE SET fence = excluded.fence, started_at = excluded.started_at, \
             ended_at = NULL, code = NULL";
        tx.write(&self.tenant, &ATTEMPTS, sql, row).await?;
        if let Some(row) = &self.decision {
            decisions::keep(tx, &self.tenant, row).await?;
        }
        let index = tx.append(&self.tenant, &self.entry).await?;
        Ok(Committed { index })
    }
}

/// The store, with what the permit's decision was made from.
#[derive(Debug)]
pub struct Recorder<'s> {
    store: &'s Store,
    grounds: Grounds,
}

impl Store {
    /// Records an attempt together with what its decision was made from.
    #[must_use]
    pub const fn recorder(&self, grounds: Grounds) -> Recorder<'_> {
        Recorder { store: self, grounds }
    }
}

impl Log<Permit> for Recorder<'_> {
    type Error = StoreError;

    /// As the store's own, and keeps what the decision was made from beside the entry.
    async fn commit(&self, permit: &Permit, lease: Lease) -> Result<Committed, StoreError> {
        self.store.start(permit, lease, Some(&self.grounds)).await
    }
}

impl Log<Permit> for Store {
    type Error = StoreError;

    /// Writes the state `attempting`, the attempt and its `attempt_started` entry in one transaction. The entry commits to
    /// the rendition and, with the message's commitment key, to the destination; its code is `CHANNEL/FORM/LEVEL`.
    async fn commit(&self, permit: &Permit, lease: Lease) -> Result<Committed, StoreError> {
        self.start(permit, lease, None).await
    }
}

impl Store {
    async fn start(&self, permit: &Permit, lease: Lease, grounds: Option<&Grounds>) -> Result<Committed, StoreError> {
        let binding = permit.binding();
        if binding.delivery != lease.delivery {
            return Err(StoreError::LeaseLost);
        }
        let tenanted = self.tenant(&binding.tenant);
        let tenant = tenanted.keys().await?;
        let (key, patient) = tenanted.commitment_key(&tenant, binding.message).await?;
        let now = self.shared.clock.now();
        if now > permit.not_after() {
            return Err(StoreError::LeaseLost);
        }
        let destination = commit(&key, "destination", permit.contact_point().reveal().as_bytes());
        let mut commitments =
            vec![("destination".to_owned(), destination), ("rendition".to_owned(), *permit.commitment())];
        commitments.extend(grounds.into_iter().flat_map(|grounds| grounds.commitments.iter().cloned()));
        let rng = self.shared.keyring.rng();
        let id = EntryId::new(now, rng).map_err(|_| StoreError::Unavailable)?;
        let decision = match grounds {
            Some(grounds) => Some(decisions::row(&tenant, &patient, binding.message, id, &grounds.facts, rng)?),
            None => None,
        };
        let entry = Entry {
            message: Some(binding.message),
            delivery: Some(binding.delivery),
            attempt: Some(binding.attempt),
            fence: Some(lease.fence),
            policy: Some(format!("{}/{}", permit.rules_version(), permit.policy_version())),
            code: Some(format!("{}/{}/{}", permit.channel(), permit.form(), permit.level())),
            commitments,
            ..Entry::new(id, binding.tenant.clone(), Kind::AttemptStarted, now)
        };
        let start = Start { tenant, lease, message: binding.message, attempt: binding.attempt, decision, entry };
        self.shared.queue.write(start).await
    }
}

#[cfg(test)]
pub(crate) mod tests;
