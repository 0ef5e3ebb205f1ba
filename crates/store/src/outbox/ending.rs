//! How a claim ends, and what a receipt changes.

use super::{CANDIDATE_COLUMNS, is_queue_state, state_number, state_of};
use crate::accept::candidate_values;
use crate::coverage::{ATTEMPTS, DELIVERIES};
use crate::database::{Failure, Value, bytes, column, id, optional_id};
use crate::decisions;
use crate::keys::{PatientKey, TenantKeys};
use crate::mail;
use crate::open::Tenanted;
use crate::records::{Beside, DeliveryState, Finish, StoreError};
use crate::sessions;
use crate::tls_troubles::{self, TroubleRow};
use crate::writer::{Tx, Write};
use postern_base::{DeliveryId, MessageId};
use postern_ledger::{Entry, Lease};
use std::sync::Arc;

/// Ends a claim.
#[derive(Debug)]
struct End {
    tenant: Arc<TenantKeys>,
    lease: Lease,
    finish: Finish,
    /// The point and the columns of a new candidate.
    candidate: Option<(Value, Vec<Value>)>,
    entries: Vec<Entry>,
    /// What the first entry's decision was made from.
    decision: Option<Vec<Value>>,
    /// The TLS session of the attempt.
    session: Option<Vec<Value>>,
    /// Why there was none.
    tls_failure: Option<(mail::FailureRow, TroubleRow)>,
    /// The attempt does not count.
    met_nobody: bool,
}

impl Write for End {
    type Output = ();
    async fn run(&self, tx: &mut Tx) -> Result<(), Failure> {
        let held = "SELECT state, attempt, message FROM deliveries \
             WHERE tenant = ? AND id = ? AND fence = ? AND lease_until > 0";
        let fence = i64::try_from(self.lease.fence).map_err(|_| StoreError::LeaseLost)?;
        let key = || -> Vec<Value> { vec![self.tenant.seq.into(), bytes(self.lease.delivery.0)] };
        let row = tx.one(held, [key(), vec![fence.into()]].concat()).await?.ok_or(StoreError::LeaseLost)?;
        let before = state_of(column(&row, 0)?)?;
        let now = tx.now.as_microsecond();
        let code = match &self.finish {
            Finish::State { code, .. } | Finish::Again { code, .. } => code.as_str(),
            Finish::Sent { .. } => "sent",
        };
        if let Some(attempt) = optional_id(&row, 1)? {
            let sql = "UPDATE attempts SET ended_at = ?, code = ? WHERE tenant = ? AND id = ?";
            let values = vec![now.into(), code.into(), self.tenant.seq.into(), bytes(attempt)];
            tx.write(&self.tenant, &ATTEMPTS, sql, values).await?;
        }
        if before.is_terminal() && before != DeliveryState::Unknown {
            // A receipt was faster: what it said stays.
            let sql = "UPDATE deliveries SET lease_until = 0, attempt = NULL, deadline = NULL, \
                 reference = COALESCE(reference, ?) WHERE tenant = ? AND id = ?";
            let values = [vec![Value::from(self.reference())], key()].concat();
            tx.write(&self.tenant, &DELIVERIES, sql, values).await?;
        } else {
            self.change(tx, now, code, MessageId(id(&row, 2)?)).await?;
        }
        if let Some(row) = &self.decision {
            decisions::keep(tx, &self.tenant, row).await?;
        }
        if let Some(row) = &self.session {
            sessions::keep(tx, &self.tenant, row).await?;
        }
        if let Some((row, trouble)) = &self.tls_failure {
            mail::keep_failure(tx, &self.tenant, row).await?;
            tls_troubles::count(tx, &self.tenant, trouble).await?;
        }
        for entry in &self.entries {
            tx.append(&self.tenant, entry).await?;
        }
        Ok(())
    }
}

impl End {
    fn reference(&self) -> Option<String> {
        match &self.finish {
            Finish::State { reference, .. } => reference.clone(),
            Finish::Sent { reference, .. } => Some(reference.clone()),
            Finish::Again { .. } => None,
        }
    }

    async fn change(&self, tx: &mut Tx, now: i64, code: &str, message: MessageId) -> Result<(), Failure> {
        let (state, due, deadline) = match &self.finish {
            Finish::State { state, .. } => (*state, None, None),
            Finish::Sent { deadline, .. } => (DeliveryState::Sent, None, Some(deadline.as_microsecond())),
            Finish::Again { due, state, .. } => (*state, Some(due.as_microsecond()), None),
        };
        let mut sql = String::from(
            // A delivery that waits for a person ends with the message's life.
            "UPDATE deliveries SET state = ?, live = ?, code = ?, due = COALESCE(?, due), \
             deadline = CASE WHEN ? THEN expires_at ELSE ? END, \
             reference = COALESCE(?, reference), lease_until = 0, attempt = NULL, changed_at = ?, \
             attempts = MAX(attempts - ?, 0)",
        );
        let mut values: Vec<Value> = vec![
            state_number(state).into(),
            i32::from(is_queue_state(state)).into(),
            code.into(),
            Value::from(due),
            i32::from(state == DeliveryState::Held).into(),
            Value::from(deadline),
            Value::from(self.reference()),
            now.into(),
            i32::from(self.met_nobody).into(),
        ];
        if let Some((point, columns)) = &self.candidate {
            sql.push_str(", point = ?");
            values.push(point.clone());
            for name in CANDIDATE_COLUMNS.split(", ") {
                sql.push_str(", ");
                sql.push_str(name);
                sql.push_str(" = ?");
            }
            values.extend(columns.iter().cloned());
        }
        sql.push_str(" WHERE tenant = ? AND id = ?");
        values.extend([self.tenant.seq.into(), bytes(self.lease.delivery.0)]);
        tx.write(&self.tenant, &DELIVERIES, &sql, values).await?;
        release(tx, self.tenant.seq, message, self.lease.delivery, state).await
    }
}

/// Lets go of what waited for a delivery that has come to its end, good or bad: the second gate decides what becomes of it.
async fn release(
    tx: &mut Tx,
    tenant: i64,
    message: MessageId,
    delivery: DeliveryId,
    state: DeliveryState,
) -> Result<(), Failure> {
    if state.is_terminal() {
        let sql = "UPDATE deliveries SET live = 1 WHERE tenant = ? AND message = ? AND after = ? AND state IN (0, 1)";
        tx.execute(sql, vec![tenant.into(), bytes(message.0), bytes(delivery.0)]).await?;
    }
    Ok(())
}

/// Changes a delivery on a receipt.
#[derive(Debug)]
struct Settle {
    tenant: Arc<TenantKeys>,
    delivery: DeliveryId,
    state: DeliveryState,
    code: String,
    entries: Vec<Entry>,
    /// It was taken for delivered and came back.
    came_back: bool,
}

impl Write for Settle {
    type Output = bool;
    async fn run(&self, tx: &mut Tx) -> Result<bool, Failure> {
        let key = || -> Vec<Value> { vec![self.tenant.seq.into(), bytes(self.delivery.0)] };
        let sql = "SELECT state, message FROM deliveries WHERE tenant = ? AND id = ?";
        let row = tx.one(sql, key()).await?.ok_or(StoreError::NotFound)?;
        let before = state_of(column(&row, 0)?)?;
        let late =
            before == DeliveryState::Unknown && matches!(self.state, DeliveryState::Delivered | DeliveryState::Failed);
        let late = late || (self.came_back && before == DeliveryState::Delivered);
        if before == self.state || (before.is_terminal() && !late) {
            return Ok(false);
        }
        let sql = "UPDATE deliveries SET state = ?, live = ?, code = ?, changed_at = ?, \
             deadline = CASE WHEN ? THEN NULL ELSE deadline END WHERE tenant = ? AND id = ?";
        let mut values: Vec<Value> = vec![
            state_number(self.state).into(),
            i32::from(is_queue_state(self.state)).into(),
            self.code.as_str().into(),
            tx.now.as_microsecond().into(),
            i32::from(self.state != DeliveryState::Sent).into(),
        ];
        values.extend(key());
        tx.write(&self.tenant, &DELIVERIES, sql, values).await?;
        release(tx, self.tenant.seq, MessageId(id(&row, 1)?), self.delivery, self.state).await?;
        for entry in &self.entries {
            tx.append(&self.tenant, entry).await?;
        }
        Ok(true)
    }
}

impl Tenanted {
    /// Ends an attempt or a claim: state, next due time and entries in one transaction, only while `lease` is current. When a
    /// receipt has settled the delivery meanwhile, what it said stays and the entries are still written.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] when somebody else claimed it, or it was ended before.
    pub async fn finish(&self, lease: Lease, finish: Finish, entries: Vec<Entry>) -> Result<(), StoreError> {
        self.finish_with(lease, finish, entries, Beside::default()).await
    }

    /// As [`Tenanted::finish`], and keeps what is told beside it, unless the patient's key was destroyed meanwhile.
    ///
    /// # Errors
    /// As [`Tenanted::finish`].
    pub async fn finish_with(
        &self,
        lease: Lease,
        finish: Finish,
        entries: Vec<Entry>,
        beside: Beside,
    ) -> Result<(), StoreError> {
        let tenant = self.keys().await?;
        self.admissible(&entries)?;
        let rng = self.shared.keyring.rng();
        let candidate = match &finish {
            Finish::Again { candidate: Some(candidate), .. } => {
                let (key, _) = self.patient_of_delivery(&tenant, lease.delivery).await?;
                Some(candidate_values(&tenant, key.sealer(), lease.delivery, candidate, rng)?)
            }
            Finish::Again { .. } | Finish::State { .. } | Finish::Sent { .. } => None,
        };
        let (mut decision, mut session, mut tls_failure) = (None, None, None);
        let met_nobody = beside.met_nobody;
        if beside.facts.is_some() || beside.session.is_some() || beside.tls_failure.is_some() {
            match self.patient_of_delivery(&tenant, lease.delivery).await {
                Err(StoreError::KeyDestroyed) => {}
                found => {
                    let (key, message) = found?;
                    if let Some((entry, facts)) = entries.first().zip(beside.facts) {
                        decision = Some(decisions::row(&tenant, &key, message, entry.id, &facts, rng)?);
                    }
                    if let Some((attempt, bytes)) = beside.session {
                        session = Some(sessions::row(&tenant, &key, message, attempt, &bytes, rng)?);
                    }
                    if let Some(failure) = beside.tls_failure {
                        let trouble = tls_troubles::trouble_row(&tenant, &failure.code, failure.place.reveal(), rng)?;
                        tls_failure = Some((mail::failure_row(&tenant, &key, message, failure, rng)?, trouble));
                    }
                }
            }
        }
        let end = End { tenant, lease, finish, candidate, entries, decision, session, tls_failure, met_nobody };
        self.shared.queue.write(end).await
    }

    /// The key of the patient of a delivery, and its message.
    pub(crate) async fn patient_of_delivery(
        &self,
        tenant: &Arc<TenantKeys>,
        delivery: DeliveryId,
    ) -> Result<(Arc<PatientKey>, MessageId), StoreError> {
        let sql = "SELECT patient, message FROM deliveries WHERE tenant = ? AND id = ?";
        let row = self.shared.one(sql, vec![tenant.seq.into(), bytes(delivery.0)]).await?;
        let row = row.ok_or(StoreError::LeaseLost)?;
        let key = self.patient_key(tenant, crate::database::array(&row, 0)?).await?;
        Ok((key, MessageId(id(&row, 1)?)))
    }

    /// Changes a delivery on a receipt, whoever holds a lease on it. A terminal state stays, but `unknown` may still become
    /// `delivered` or `failed`. `false` = nothing changed and nothing was written.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]: this tenant has no such delivery.
    pub async fn settle(
        &self,
        delivery: DeliveryId,
        state: DeliveryState,
        code: String,
        entries: Vec<Entry>,
    ) -> Result<bool, StoreError> {
        let tenant = self.keys().await?;
        self.admissible(&entries)?;
        self.shared.queue.write(Settle { tenant, delivery, state, code, entries, came_back: false }).await
    }

    /// Ends a delivery as failed because the mail came back. A server that took a mail answers for it (RFC 5321 section 6.1), so it
    /// counted as delivered until then. `false` = it had failed, was refused or had expired before, and nothing was written.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]: this tenant has no such delivery.
    pub async fn bounced(&self, delivery: DeliveryId, code: String, entries: Vec<Entry>) -> Result<bool, StoreError> {
        let tenant = self.keys().await?;
        self.admissible(&entries)?;
        let state = DeliveryState::Failed;
        self.shared.queue.write(Settle { tenant, delivery, state, code, entries, came_back: true }).await
    }
}
