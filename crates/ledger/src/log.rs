//! Recording a permit before it is used (invariant 1).
//!
//! [`record`] takes a permit by value and gives back a [`Recorded`] one only after the log says that the `attempt_started`
//! entry is durable. `Recorded` has private fields and no other constructor, is not `Clone`, and is what a provider
//! consumes: a send without a durable record does not type-check.
//!
//! It cannot be built by hand:
//!
//! ```compile_fail,E0451
//! # let (permit, lease): ((), postern_ledger::Lease) = todo!();
//! let forged = postern_ledger::Recorded { permit, lease, index: 0 };
//! ```
//!
//! it cannot be copied to send twice:
//!
//! ```compile_fail,E0599
//! fn twice(recorded: postern_ledger::Recorded<()>) {
//!     let again = recorded.clone();
//! }
//! ```
//!
//! and whoever consumes it has used it up:
//!
//! ```compile_fail,E0382
//! fn send(recorded: postern_ledger::Recorded<()>) {}
//! fn twice(recorded: postern_ledger::Recorded<()>) {
//!     send(recorded);
//!     send(recorded);
//! }
//! ```
//!
//! The permit's only way out is a reference, so that a permit cannot leave its record behind:
//!
//! ```compile_fail,E0507
//! struct Permit;
//! fn keep(recorded: postern_ledger::Recorded<Permit>) -> Permit {
//!     *recorded.permit()
//! }
//! ```

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

#[cfg(test)]
mod tests {
    use super::*;
    use postern_base::DeliveryId;
    use std::pin::pin;
    use std::sync::Mutex;
    use std::task::{Context, Poll, Waker};
    use uuid::Uuid;

    /// A log that says yes to one fence only.
    struct OneFence {
        fence: u64,
        entries: Mutex<Vec<&'static str>>,
    }

    impl Log<&'static str> for OneFence {
        type Error = &'static str;
        async fn commit(&self, permit: &&'static str, lease: Lease) -> Result<Committed, &'static str> {
            if lease.fence != self.fence {
                return Err("the lease is over");
            }
            let mut entries = self.entries.lock().unwrap();
            entries.push(permit);
            Ok(Committed { index: entries.len() as u64 - 1 })
        }
    }

    fn now<T>(future: impl Future<Output = T>) -> T {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(value) => value,
            Poll::Pending => panic!("nothing here waits"),
        }
    }

    #[test]
    fn a_permit_is_recorded_only_when_the_log_says_so() {
        let log = OneFence { fence: 7, entries: Mutex::new(Vec::new()) };
        let lease = |fence| Lease { delivery: DeliveryId(Uuid::from_u128(1)), fence };
        let recorded = now(record(&log, "permit", lease(7))).unwrap();
        assert_eq!((recorded.permit(), recorded.index(), recorded.lease()), (&"permit", 0, lease(7)));
        assert_eq!(now(record(&log, "permit", lease(6))).unwrap_err(), "the lease is over");
        assert_eq!(log.entries.into_inner().unwrap(), ["permit"]);
    }
}
