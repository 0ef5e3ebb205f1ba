//! Destroying keys: a patient's, so that what is sealed with it is gone; an epoch's, so that no old copy brings it back.
//!
//! Leaves are not touched: every proof stays valid (invariant 5). A destroyed key lives on in backups made before, wrapped by
//! the epoch key of that time; it is out of reach for good once that epoch is destroyed too, by [`Store::rotate_epoch`].

use crate::coverage::{DELIVERIES, PATIENT_KEYS, RESOURCES};
use crate::database::{Failure, Value, column};
use crate::keys::{Index, TenantKeys, wrapped};
use crate::open::{Store, Tenanted, epoch_place};
use crate::records::StoreError;
use crate::writer::{AfterCommit, Tx, Write};
use postern_base::{PatientId, Secret, TenantId};
use postern_ledger::Entry;
use std::sync::Arc;

/// Keys wrapped anew in one transaction.
const KEYS_PER_WRITE: i64 = 1_000;

/// Destroys a patient's key.
#[derive(Debug)]
struct Destroy {
    tenant: Arc<TenantKeys>,
    patient: Index,
    entry: Entry,
}

impl Write for Destroy {
    type Output = ();
    async fn run(&self, tx: &mut Tx) -> Result<(), Failure> {
        let now: Value = tx.now.as_microsecond().into();
        let patient = || -> Vec<Value> { vec![self.tenant.seq.into(), self.patient.to_vec().into()] };
        let sql = "SELECT wrapped IS NULL FROM patient_keys WHERE tenant = ? AND patient = ?";
        let row = tx.one(sql, patient()).await?.ok_or(StoreError::NotFound)?;
        if column::<i64>(&row, 0)? != 0 {
            return Err(StoreError::KeyDestroyed.into());
        }
        let sql =
            "UPDATE patient_keys SET wrapped = NULL, name = NULL, destroyed_at = ? WHERE tenant = ? AND patient = ?";
        tx.write(&self.tenant, &PATIENT_KEYS, sql, [vec![now.clone()], patient()].concat()).await?;
        // What has not been attempted cannot be said any more. What a provider has may still get its receipt.
        let sql = "UPDATE deliveries SET state = 7, code = 'key_destroyed', live = 0, deadline = NULL, changed_at = ? WHERE tenant = ? \
             AND message IN (SELECT id FROM messages WHERE tenant = ? AND patient = ?) AND state IN (0, 1, 2)";
        tx.write(&self.tenant, &DELIVERIES, sql, [vec![now, self.tenant.seq.into()], patient()].concat()).await?;
        let sql = "DELETE FROM points WHERE tenant = ? \
             AND resource IN (SELECT name FROM resources WHERE tenant = ? AND patient = ?)";
        tx.execute(sql, [vec![self.tenant.seq.into()], patient()].concat()).await?;
        tx.state_where(&self.tenant, &RESOURCES, "tenant = ? AND patient = ?", patient()).await?;
        tx.append(&self.tenant, &self.entry).await?;
        tx.after_commit(AfterCommit::PatientDestroyed(self.tenant.seq, self.patient));
        tx.after_commit(AfterCommit::Truncate);
        Ok(())
    }
}

impl Tenanted {
    /// Destroys a patient's key: every sealed value of theirs is gone for good, every proof stays valid. Deliveries that have not
    /// been attempted are refused with the code `key_destroyed`. A patient whose key was destroyed cannot be stored again under
    /// the same id.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]: the patient has no key. [`StoreError::KeyDestroyed`]: it is gone already.
    pub async fn destroy_patient_key(&self, patient: &PatientId, entry: Entry) -> Result<(), StoreError> {
        let tenant = self.keys().await?;
        self.admissible(std::slice::from_ref(&entry))?;
        let patient = tenant.patient(patient);
        self.shared.queue.write(Destroy { tenant, patient, entry }).await
    }
}

/// Begins an epoch.
#[derive(Debug)]
struct Begin {
    epoch: u32,
    key: Secret<[u8; 32]>,
    sealed: Vec<u8>,
}

impl Write for Begin {
    type Output = ();
    async fn run(&self, tx: &mut Tx) -> Result<(), Failure> {
        let now = tx.now.as_microsecond();
        let values = vec![self.epoch.into(), now.into(), self.sealed.clone().into()];
        tx.execute("INSERT INTO epochs (epoch, made_at, wrapped) VALUES (?, ?, ?)", values).await?;
        tx.after_commit(AfterCommit::EpochAdded(self.epoch, self.key.clone()));
        Ok(())
    }
}

/// Wraps a page of keys anew. Gives how many; 0 = none is left.
#[derive(Debug)]
struct Rewrap {
    /// Keys of epochs before this one.
    before: u32,
}

impl Write for Rewrap {
    type Output = u64;
    async fn run(&self, tx: &mut Tx) -> Result<u64, Failure> {
        let tenants = "SELECT seq, name, CAST(name AS BLOB), epoch, wrapped FROM tenants WHERE epoch < ? LIMIT ?";
        let patients = "SELECT k.seq, t.name, k.patient, k.epoch, k.wrapped FROM patient_keys k \
             JOIN tenants t ON t.seq = k.tenant WHERE k.epoch < ? AND k.wrapped IS NOT NULL LIMIT ?";
        let mut done = 0;
        for (table, select) in [("tenants", tenants), ("patient_keys", patients)] {
            for row in tx.all(select, vec![self.before.into(), KEYS_PER_WRITE.into()]).await? {
                let (tenant, name): (String, Vec<u8>) = (column(&row, 1)?, column(&row, 2)?);
                let place = wrapped(table, &name);
                let sealed: Vec<u8> = column(&row, 4)?;
                let key = tx.keyring.unwrap(&tenant, place, column(&row, 3)?, &sealed)?.ok_or(Failure::Damaged)?;
                let (epoch, sealed) = tx.keyring.wrap(&tenant, place, &key)?;
                let sql = format!("UPDATE {table} SET epoch = ?, wrapped = ? WHERE seq = ?");
                tx.execute(&sql, vec![epoch.into(), sealed.into(), column::<i64>(&row, 0)?.into()]).await?;
                done += 1;
            }
        }
        Ok(done)
    }
}

/// Destroys the epochs before one, if no key needs them.
#[derive(Debug)]
struct Retire {
    before: u32,
    tenant: TenantId,
    seq: i64,
    entry: Entry,
}

impl Write for Retire {
    type Output = bool;
    async fn run(&self, tx: &mut Tx) -> Result<bool, Failure> {
        let sql = "SELECT EXISTS (SELECT 1 FROM tenants WHERE epoch < ?) \
             OR EXISTS (SELECT 1 FROM patient_keys WHERE epoch < ? AND wrapped IS NOT NULL)";
        let row = tx.one(sql, vec![self.before.into(), self.before.into()]).await?.ok_or(Failure::Damaged)?;
        if column::<i64>(&row, 0)? != 0 {
            return Ok(false);
        }
        tx.execute("DELETE FROM epochs WHERE epoch < ?", vec![self.before.into()]).await?;
        let tenant = TenantKeys::new(self.seq, self.tenant.clone(), &Secret::new([0; 32]));
        tx.append(&tenant, &self.entry).await?;
        tx.after_commit(AfterCommit::EpochsDropped(self.before));
        tx.after_commit(AfterCommit::Truncate);
        Ok(true)
    }
}

impl Store {
    /// Begins a new epoch, wraps every living key under it, and destroys the epochs before it with `entry` as its record. Gives
    /// the number of keys wrapped anew. Other writes go on meanwhile; a rotation that was interrupted is ended by the next one.
    ///
    /// # Errors
    /// [`StoreError`]; then the old epoch lives on, and the call can be made again.
    pub async fn rotate_epoch(&self, entry: Entry) -> Result<u64, StoreError> {
        let shared = &self.shared;
        let one_at_a_time = shared.administration.lock().await;
        let tenant = self.tenant(&entry.tenant);
        tenant.admissible(std::slice::from_ref(&entry))?;
        let keys = tenant.keys().await?;
        let row = shared.one("SELECT MAX(epoch) FROM epochs", Vec::new()).await?;
        let last: u32 = column(&row.ok_or(StoreError::Damaged)?, 0)?;
        let epoch = last.checked_add(1).ok_or(StoreError::Damaged)?;
        let key = shared.keyring.fresh()?;
        let place = epoch.to_be_bytes();
        let sealed = shared.keyring.root().seal(epoch_place(&place), key.reveal(), shared.keyring.rng())?;
        shared.queue.write(Begin { epoch, key, sealed }).await?;
        let mut rewrapped = 0;
        loop {
            match shared.queue.write(Rewrap { before: epoch }).await? {
                0 => {}
                some => {
                    rewrapped += some;
                    continue;
                }
            }
            let retire = Retire { before: epoch, tenant: entry.tenant.clone(), seq: keys.seq, entry: entry.clone() };
            if shared.queue.write(retire).await? {
                break;
            }
        }
        drop(one_at_a_time);
        Ok(rewrapped)
    }
}
