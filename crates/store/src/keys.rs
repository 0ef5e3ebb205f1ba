//! The keys: root → epochs → tenants and patients.
//!
//! The root key wraps epoch keys; an epoch key wraps one key per tenant and one per patient, kept beside their data. Rotation
//! wraps the living ones again under a new epoch and destroys the old one, so that an old backup cannot bring a destroyed
//! patient key back. A tenant key is never used itself: from it come the key that seals what belongs to no patient and the
//! key of the blind indexes.

mod patient;
mod root;

pub(crate) use patient::{PatientKey, PatientKeys, name_of};

use crate::database::{Readers, Value, array, column, word};
use crate::records::{RootKey, StoreError};
use crate::seal::{Place, Sealer};
use aws_lc_rs::hmac;
use postern_base::{PatientId, Rng, Secret, TenantId};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

/// A blind index: HMAC-SHA-256 over the normalised value, cut to 16 bytes.
pub(crate) type Index = [u8; 16];

/// What a blind index is of; part of the HMAC, so that equal values in two fields do not look equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Field {
    /// A patient id.
    Patient,
    /// A contact point.
    Point,
    /// The source content of a message.
    Source,
    /// A caller's idempotency key.
    Idempotency,
    /// The fingerprint of a request.
    Fingerprint,
    /// Type and id of a directory resource.
    Resource,
    /// A recipient's mail domain.
    MailDomain,
    /// What is wrong with TLS, and where.
    TlsTrouble,
    /// The name of a report on mail.
    MailReport,
    /// The name that an account signs in by.
    SignInName,
    /// Who an account is of: a patient, or a person related to one.
    Person,
    /// Something that was tried, or where from.
    Tried,
}

impl Field {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::Patient => b"patient",
            Self::Point => b"point",
            Self::Source => b"source",
            Self::Idempotency => b"idempotency",
            Self::Fingerprint => b"fingerprint",
            Self::Resource => b"resource",
            Self::MailDomain => b"mail_domain",
            Self::TlsTrouble => b"tls_trouble",
            Self::MailReport => b"mail_report",
            Self::SignInName => b"sign_in_name",
            Self::Person => b"portal_person",
            Self::Tried => b"portal_tried",
        }
    }
}

/// The keys of one tenant.
pub(crate) struct TenantKeys {
    /// The tenant's number in the database.
    pub(crate) seq: i64,
    /// The tenant.
    pub(crate) id: TenantId,
    seal: Secret<[u8; 32]>,
    index: hmac::Key,
}

impl fmt::Debug for TenantKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TenantKeys")
    }
}

impl TenantKeys {
    pub(crate) fn new(seq: i64, id: TenantId, key: &Secret<[u8; 32]>) -> Self {
        let mac = hmac::Key::new(hmac::HMAC_SHA256, key.reveal());
        let index = zeroize::Zeroizing::new(first::<32>(&hmac::sign(&mac, b"blind index")));
        Self {
            seq,
            id,
            seal: Secret::new(first(&hmac::sign(&mac, b"seal"))),
            index: hmac::Key::new(hmac::HMAC_SHA256, index.as_slice()),
        }
    }

    /// Seals what belongs to the tenant and to no patient.
    pub(crate) fn sealer(&self) -> Sealer<'_> {
        Sealer { key: &self.seal, version: b"tenant", tenant: self.id.as_str() }
    }

    /// The blind index of a value of this tenant.
    pub(crate) fn index(&self, field: Field, value: &[u8]) -> Index {
        let mut context = hmac::Context::with_key(&self.index);
        context.update(field.label());
        context.update(&[0]);
        context.update(value);
        first(&context.sign())
    }

    /// The blind index of a patient.
    pub(crate) fn patient(&self, patient: &PatientId) -> Index {
        self.index(Field::Patient, patient.as_str().as_bytes())
    }

    /// The blind index of a contact point. Mail addresses that differ in case only are one point, as they are to the gate: a
    /// refusal said from Pat@example.org is one of pat@example.org.
    pub(crate) fn point(&self, point: &str) -> Index {
        if point.contains('@') {
            return self.index(Field::Point, point.to_lowercase().as_bytes());
        }
        self.index(Field::Point, point.as_bytes())
    }
}

/// The first `N` bytes of a tag that has at least as many.
fn first<const N: usize>(tag: &hmac::Tag) -> [u8; N] {
    let mut out = [0u8; N];
    for (to, from) in out.iter_mut().zip(tag.as_ref()) {
        *to = *from;
    }
    out
}

/// The living epoch keys.
#[derive(Debug, Default)]
struct Epochs {
    keys: HashMap<u32, Secret<[u8; 32]>>,
    current: u32,
}

/// Every key this process holds.
#[derive(Debug)]
pub(crate) struct Keyring {
    root: RootKey,
    rng: Arc<dyn Rng>,
    epochs: RwLock<Epochs>,
    tenants: RwLock<HashMap<TenantId, Arc<TenantKeys>>>,
    by_seq: RwLock<HashMap<i64, Arc<TenantKeys>>>,
    /// Patient keys that were used lately.
    pub(crate) patients: PatientKeys,
}

/// The place of a wrapped key.
pub(crate) const fn wrapped<'r>(table: &'static str, row: &'r [u8]) -> Place<'r> {
    Place { table, column: "wrapped", row }
}

impl Keyring {
    pub(crate) fn new(root: RootKey, rng: Arc<dyn Rng>) -> Self {
        Self {
            root,
            rng,
            epochs: RwLock::default(),
            tenants: RwLock::default(),
            by_seq: RwLock::default(),
            patients: PatientKeys::default(),
        }
    }

    /// The source of randomness.
    pub(crate) fn rng(&self) -> &dyn Rng {
        self.rng.as_ref()
    }

    /// 32 random bytes.
    pub(crate) fn fresh(&self) -> Result<Secret<[u8; 32]>, StoreError> {
        let mut key = [0u8; 32];
        self.rng.fill(&mut key).map_err(|_| StoreError::Unavailable)?;
        Ok(Secret::new(key))
    }

    /// Seals what belongs to the machine.
    pub(crate) fn root(&self) -> Sealer<'_> {
        Sealer { key: &self.root.0, version: b"root", tenant: "" }
    }

    /// Takes an epoch key in; the newest is the current one.
    pub(crate) fn add_epoch(&self, epoch: u32, key: Secret<[u8; 32]>) {
        let mut epochs = self.epochs.write().unwrap_or_else(PoisonError::into_inner);
        epochs.keys.insert(epoch, key);
        epochs.current = epochs.current.max(epoch);
    }

    /// Forgets every epoch before `epoch`.
    pub(crate) fn drop_epochs_before(&self, epoch: u32) {
        let mut epochs = self.epochs.write().unwrap_or_else(PoisonError::into_inner);
        epochs.keys.retain(|number, _| *number >= epoch);
    }

    /// The number of the current epoch.
    pub(crate) fn current_epoch(&self) -> u32 {
        self.epochs.read().unwrap_or_else(PoisonError::into_inner).current
    }

    /// Wraps `key` for `place` under the current epoch; gives the epoch too.
    pub(crate) fn wrap(
        &self,
        tenant: &str,
        place: Place<'_>,
        key: &Secret<[u8; 32]>,
    ) -> Result<(u32, Vec<u8>), StoreError> {
        let epochs = self.epochs.read().unwrap_or_else(PoisonError::into_inner);
        let version = epochs.current.to_be_bytes();
        let with = epochs.keys.get(&epochs.current).ok_or(StoreError::Damaged)?;
        let sealed = Sealer { key: with, version: &version, tenant }.seal(place, key.reveal(), self.rng())?;
        Ok((epochs.current, sealed))
    }

    /// Unwraps what was wrapped for `place` under `epoch`; `None` = that epoch is gone.
    pub(crate) fn unwrap(
        &self,
        tenant: &str,
        place: Place<'_>,
        epoch: u32,
        sealed: &[u8],
    ) -> Result<Option<Secret<[u8; 32]>>, StoreError> {
        let epochs = self.epochs.read().unwrap_or_else(PoisonError::into_inner);
        let version = epoch.to_be_bytes();
        let Some(with) = epochs.keys.get(&epoch) else { return Ok(None) };
        Sealer { key: with, version: &version, tenant }.open_key(place, sealed).map(Some)
    }

    /// Takes a tenant's keys in.
    pub(crate) fn add_tenant(&self, keys: TenantKeys) -> Arc<TenantKeys> {
        let keys = Arc::new(keys);
        self.tenants.write().unwrap_or_else(PoisonError::into_inner).insert(keys.id.clone(), Arc::clone(&keys));
        self.by_seq.write().unwrap_or_else(PoisonError::into_inner).insert(keys.seq, Arc::clone(&keys));
        keys
    }

    /// The keys of a tenant by id.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]: there is no such tenant.
    pub(crate) async fn tenant(&self, on: &Readers, id: &TenantId) -> Result<Arc<TenantKeys>, StoreError> {
        if let Some(keys) = self.tenants.read().unwrap_or_else(PoisonError::into_inner).get(id) {
            return Ok(Arc::clone(keys));
        }
        let sql = "SELECT seq, name, epoch, wrapped FROM tenants WHERE name = ?";
        self.load_tenant(on, sql, Value::from(id.as_str())).await
    }

    /// The keys of a tenant by its number.
    pub(crate) async fn tenant_by_seq(&self, on: &Readers, seq: i64) -> Result<Arc<TenantKeys>, StoreError> {
        if let Some(keys) = self.by_seq.read().unwrap_or_else(PoisonError::into_inner).get(&seq) {
            return Ok(Arc::clone(keys));
        }
        let sql = "SELECT seq, name, epoch, wrapped FROM tenants WHERE seq = ?";
        self.load_tenant(on, sql, Value::from(seq)).await
    }

    async fn load_tenant(&self, on: &Readers, sql: &str, by: Value) -> Result<Arc<TenantKeys>, StoreError> {
        // A rotation may end between reading the row and unwrapping it: then the row has changed, and is read again.
        for _ in 0..3 {
            let row = on.one(sql, std::slice::from_ref(&by)).await?.ok_or(StoreError::NotFound)?;
            let seq: i64 = column(&row, 0)?;
            let id: TenantId = word(&row, 1)?;
            let sealed: Vec<u8> = column(&row, 3)?;
            let place = wrapped("tenants", id.as_str().as_bytes());
            if let Some(key) = self.unwrap(id.as_str(), place, column(&row, 2)?, &sealed)? {
                return Ok(self.add_tenant(TenantKeys::new(seq, id, &key)));
            }
        }
        Err(StoreError::Damaged)
    }

    /// The key of a patient; `None` = the patient has none yet.
    ///
    /// # Errors
    /// [`StoreError::KeyDestroyed`].
    pub(crate) async fn patient(
        &self,
        on: &Readers,
        tenant: &Arc<TenantKeys>,
        index: Index,
    ) -> Result<Option<Arc<PatientKey>>, StoreError> {
        if let Some(key) = self.patients.known(tenant.seq, index)? {
            return Ok(Some(key));
        }
        let sql = "SELECT key_id, epoch, wrapped, name FROM patient_keys WHERE tenant = ? AND patient = ?";
        for _ in 0..3 {
            let values = [tenant.seq.into(), index.to_vec().into()];
            let Some(row) = on.one(sql, &values).await? else { return Ok(None) };
            let (sealed, name): (Option<Vec<u8>>, Option<Vec<u8>>) = (column(&row, 2)?, column(&row, 3)?);
            let (Some(sealed), Some(name)) = (sealed, name) else { return Err(StoreError::KeyDestroyed) };
            let place = wrapped("patient_keys", &index);
            let Some(key) = self.unwrap(tenant.id.as_str(), place, column(&row, 1)?, &sealed)? else { continue };
            let key = PatientKey::load(Arc::clone(tenant), index, array(&row, 0)?, key, &name)?;
            return self.patients.remember(Arc::new(key)).map(Some);
        }
        Err(StoreError::Damaged)
    }

    /// The key of a patient, made now if there is none. A new one is stored by the first write that carries it.
    pub(crate) async fn patient_or_new(
        &self,
        on: &Readers,
        tenant: &Arc<TenantKeys>,
        patient: &PatientId,
    ) -> Result<Arc<PatientKey>, StoreError> {
        let index = tenant.patient(patient);
        if let Some(key) = self.patient(on, tenant, index).await? {
            return Ok(key);
        }
        let mut id = [0u8; 8];
        self.rng.fill(&mut id).map_err(|_| StoreError::Unavailable)?;
        self.patients.propose(PatientKey::fresh(Arc::clone(tenant), patient.clone(), index, id, self.fresh()?))
    }
}
