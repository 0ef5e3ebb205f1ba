//! Turns: whatever counts what went out before (caps, the one confirmation of a STOP, duplicates) must not be decided for the
//! same patient or contact point twice at the same time.

use postern_base::{PatientId, TenantId};
use postern_gate::facts::Address;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use tokio::sync::{Mutex, MutexGuard};

/// How many turns there are; two patients may share one, which costs a wait and nothing else.
const STRIPES: usize = 1024;

/// The turns of one process. A second process on the same database is held apart by the store's lock.
#[derive(Debug)]
pub(crate) struct Turns {
    stripes: Vec<Mutex<()>>,
}

impl Default for Turns {
    fn default() -> Self {
        Self { stripes: (0..STRIPES).map(|_| Mutex::new(())).collect() }
    }
}

/// A turn; it ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    _first: Option<MutexGuard<'a, ()>>,
    _second: Option<MutexGuard<'a, ()>>,
}

impl Turns {
    /// Waits for the turn of `patient` and `point`. Always in the order of the stripes, so that no two wait for each other.
    pub(crate) async fn take(&self, tenant: &TenantId, patient: &PatientId, point: &Address) -> Turn<'_> {
        let one = stripe(&(tenant, "patient", patient.as_str()));
        let other = stripe(&(tenant, "point", point.reveal()));
        let (low, high) = (one.min(other), one.max(other));
        let first = match self.stripes.get(low) {
            Some(stripe) => Some(stripe.lock().await),
            None => None,
        };
        let second = match self.stripes.get(high).filter(|_| high != low) {
            Some(stripe) => Some(stripe.lock().await),
            None => None,
        };
        Turn { _first: first, _second: second }
    }

    /// Waits for the turn of whoever makes or changes the keys of `tenant`, so that two persons' keys never take one name at once.
    pub(crate) async fn take_keys(&self, tenant: &TenantId) -> Turn<'_> {
        let first = match self.stripes.get(stripe(&(tenant, "keys"))) {
            Some(stripe) => Some(stripe.lock().await),
            None => None,
        };
        Turn { _first: first, _second: None }
    }
}

fn stripe(key: &impl Hash) -> usize {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    usize::try_from(hasher.finish() % (STRIPES as u64)).unwrap_or(0)
}
