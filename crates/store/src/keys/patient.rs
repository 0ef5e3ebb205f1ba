//! Patient keys: one data key per patient, made at first use, cached in bounded number, gone for good when destroyed.

use super::{Index, TenantKeys};
use crate::records::StoreError;
use crate::seal::{Place, Sealer};
use postern_base::{PatientId, Secret};
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// Keys in each of the two halves of the cache: about 3 MB in all.
const HALF: usize = 8_192;

/// A patient's data key.
#[derive(Debug)]
pub(crate) struct PatientKey {
    /// The tenant.
    pub(crate) tenant: Arc<TenantKeys>,
    /// The patient.
    pub(crate) patient: PatientId,
    /// The patient's blind index.
    pub(crate) index: Index,
    /// The key's own id, the version in every AAD.
    pub(crate) id: [u8; 8],
    /// The key.
    pub(crate) key: Secret<[u8; 32]>,
    stored: AtomicBool,
}

impl PatientKey {
    /// A new key that is not stored yet.
    pub(super) const fn fresh(
        tenant: Arc<TenantKeys>,
        patient: PatientId,
        index: Index,
        id: [u8; 8],
        key: Secret<[u8; 32]>,
    ) -> Self {
        Self { tenant, patient, index, id, key, stored: AtomicBool::new(false) }
    }

    /// A key as it stands in the database, with the patient's sealed name.
    pub(super) fn load(
        tenant: Arc<TenantKeys>,
        index: Index,
        id: [u8; 8],
        key: Secret<[u8; 32]>,
        name: &[u8],
    ) -> Result<Self, StoreError> {
        let patient = Sealer { key: &key, version: &id, tenant: tenant.id.as_str() }.open(name_of(&index), name)?;
        let patient =
            std::str::from_utf8(patient.reveal()).ok().and_then(|text| text.parse().ok()).ok_or(StoreError::Damaged)?;
        Ok(Self { tenant, patient, index, id, key, stored: AtomicBool::new(true) })
    }

    /// Seals and opens with it.
    pub(crate) fn sealer(&self) -> Sealer<'_> {
        Sealer { key: &self.key, version: &self.id, tenant: self.tenant.id.as_str() }
    }

    /// Whether it is in the database.
    pub(crate) fn is_stored(&self) -> bool {
        self.stored.load(Ordering::Acquire)
    }
}

/// The place of a patient's sealed id.
pub(crate) const fn name_of(index: &Index) -> Place<'_> {
    Place { table: "patient_keys", column: "name", row: index }
}

type Name = (i64, Index);

/// The cache. A key that was made and is not stored yet is held by the writes that carry it, and shared by all of them:
/// there are never two keys for one patient.
#[derive(Debug, Default)]
pub(crate) struct PatientKeys(Mutex<Cache>);

#[derive(Debug, Default)]
struct Cache {
    young: HashMap<Name, Arc<PatientKey>>,
    old: HashMap<Name, Arc<PatientKey>>,
    proposed: HashMap<Name, Weak<PatientKey>>,
    destroyed: HashSet<Name>,
}

impl Cache {
    fn find(&mut self, name: Name) -> Option<Arc<PatientKey>> {
        if let Some(key) = self.young.get(&name) {
            return Some(Arc::clone(key));
        }
        let key = self.old.remove(&name)?;
        self.insert(name, Arc::clone(&key));
        Some(key)
    }

    fn insert(&mut self, name: Name, key: Arc<PatientKey>) {
        if self.young.len() >= HALF {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(name, key);
    }
}

impl PatientKeys {
    fn with<T>(&self, act: impl FnOnce(&mut Cache) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A key that is in the cache.
    pub(super) fn known(&self, tenant: i64, index: Index) -> Result<Option<Arc<PatientKey>>, StoreError> {
        self.with(|cache| {
            let name = (tenant, index);
            if cache.destroyed.contains(&name) {
                return Err(StoreError::KeyDestroyed);
            }
            Ok(cache.find(name))
        })
    }

    /// Keeps a stored key, unless it was destroyed while it was read.
    pub(super) fn remember(&self, key: Arc<PatientKey>) -> Result<Arc<PatientKey>, StoreError> {
        self.with(|cache| {
            let name = (key.tenant.seq, key.index);
            if cache.destroyed.contains(&name) {
                return Err(StoreError::KeyDestroyed);
            }
            cache.insert(name, Arc::clone(&key));
            Ok(key)
        })
    }

    /// Proposes a key for a patient that has none: the answer is the one that all writes must use.
    pub(super) fn propose(&self, key: PatientKey) -> Result<Arc<PatientKey>, StoreError> {
        self.with(|cache| {
            let name = (key.tenant.seq, key.index);
            if cache.destroyed.contains(&name) {
                return Err(StoreError::KeyDestroyed);
            }
            if let Some(known) = cache.find(name) {
                return Ok(known);
            }
            if let Some(proposed) = cache.proposed.get(&name).and_then(Weak::upgrade) {
                return Ok(proposed);
            }
            if cache.proposed.len() >= HALF {
                cache.proposed.retain(|_, key| key.strong_count() > 0);
            }
            let key = Arc::new(key);
            cache.proposed.insert(name, Arc::downgrade(&key));
            Ok(key)
        })
    }

    /// A write that carried `key` is committed.
    pub(crate) fn stored(&self, key: &Arc<PatientKey>) {
        key.stored.store(true, Ordering::Release);
        self.with(|cache| {
            let name = (key.tenant.seq, key.index);
            if !cache.destroyed.contains(&name) {
                cache.insert(name, Arc::clone(key));
            }
            cache.proposed.remove(&name);
        });
    }

    /// Whether a patient's key was destroyed since this process began.
    pub(crate) fn is_destroyed(&self, tenant: i64, index: Index) -> bool {
        self.with(|cache| cache.destroyed.contains(&(tenant, index)))
    }

    /// A patient's key is destroyed: no copy stays, and none comes back from a read that was under way.
    pub(crate) fn destroyed(&self, tenant: i64, index: Index) {
        self.with(|cache| {
            let name = (tenant, index);
            cache.young.remove(&name);
            cache.old.remove(&name);
            cache.proposed.remove(&name);
            cache.destroyed.insert(name);
        });
    }
}
