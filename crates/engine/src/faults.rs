//! Where a test may cut the power.
//!
//! Between every two steps of accept and dispatch the engine asks [`Faults::at`]. In production the answer is always to go on. A
//! test answers [`Stop`]: the future ends there as if the process had been killed, and the test then reopens the store.

use std::fmt;

/// A place between two steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// The request was understood.
    Parsed,
    /// The forms were rendered and the facts gathered.
    Gathered,
    /// The gate has decided.
    Decided,
    /// The message is durable; nothing was answered yet.
    Stored,
    /// A delivery was claimed.
    Claimed,
    /// Its facts were gathered again.
    Regathered,
    /// A permit was minted.
    Admitted,
    /// `attempt_started` is durable; the provider was not called.
    Recorded,
    /// The provider has answered; nothing of it is stored.
    Sent,
    /// The end of the attempt is durable.
    Finished,
}

impl Step {
    /// The steps of accept, in order.
    pub const ACCEPT: &'static [Self] = &[Self::Parsed, Self::Gathered, Self::Decided, Self::Stored];
    /// The steps of dispatch, in order.
    pub const DISPATCH: &'static [Self] =
        &[Self::Claimed, Self::Regathered, Self::Admitted, Self::Recorded, Self::Sent, Self::Finished];
}

/// The power is cut here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stop;

/// Says at which step to stop.
pub trait Faults: Send + Sync + fmt::Debug {
    /// Whether to go on at `step`.
    ///
    /// # Errors
    /// [`Stop`], to end the future here.
    fn at(&self, step: Step) -> Result<(), Stop>;
}

/// Never stops.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoFaults;

impl Faults for NoFaults {
    fn at(&self, _step: Step) -> Result<(), Stop> {
        Ok(())
    }
}
