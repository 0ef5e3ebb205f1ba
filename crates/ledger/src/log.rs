//! Recording a permit before it is used (invariant 1).
//!
//! [`record`] takes a permit by value and gives back a [`Recorded`] one only after the log says that the `attempt_started`
//! entry is durable. `Recorded` has private fields and no other constructor, is not `Clone`, and is what a provider
//! consumes: a send without a durable record does not type-check.

use postern_base::DeliveryId;
use std::future::Future;

/// The claim under which a worker acts on a delivery: the fence goes up with every claim, so a worker whose lease ran out
/// can neither start nor finish an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// The delivery.
    pub delivery: DeliveryId,
    /// The fence of the claim.
    pub fence: u64,
}

/// A durable entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Committed {
    /// Its index in the log.
    pub index: u64,
}

/// Where permits are recorded. Only `store` implements it; a test holds that.
pub trait Log<P>: Send + Sync {
    /// Why an entry did not become durable.
    type Error;

    /// Appends `attempt_started` for `permit` and returns after COMMIT.
    ///
    /// # Errors
    /// When the entry is not durable, or the lease's fence is not the current one: nothing may be sent.
    fn commit(&self, permit: &P, lease: Lease) -> impl Future<Output = Result<Committed, Self::Error>> + Send;
}

/// A permit whose `attempt_started` entry is durable.
#[derive(Debug)]
#[must_use = "a recorded permit that is not used leaves an attempt that started and never happened"]
pub struct Recorded<P> {
    permit: P,
    lease: Lease,
    index: u64,
}

impl<P> Recorded<P> {
    /// The permit.
    pub const fn permit(&self) -> &P {
        &self.permit
    }
    /// The lease it was recorded under.
    pub const fn lease(&self) -> Lease {
        self.lease
    }
    /// The index of its entry in the log.
    pub const fn index(&self) -> u64 {
        self.index
    }
}

/// Records `permit` in `log`, consuming it.
///
/// # Errors
/// As [`Log::commit`]; the permit is gone, and the caller gates again.
pub async fn record<P: Send, L: Log<P>>(log: &L, permit: P, lease: Lease) -> Result<Recorded<P>, L::Error> {
    let committed = log.commit(&permit, lease).await?;
    Ok(Recorded { permit, lease, index: committed.index })
}
