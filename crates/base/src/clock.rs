//! Time as an argument (invariant 7).

use jiff::Timestamp;
use std::fmt;

/// Where the current time comes from. Tests hand in a clock they move by hand.
pub trait Clock: Send + Sync + fmt::Debug {
    /// The current instant, UTC.
    fn now(&self) -> Timestamp;
}

/// The machine's clock: the only place in Postern that reads it.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that may read the wall clock")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}
