//! Durations, gathered and summed up.

use std::time::Duration;

/// Durations of single operations.
#[derive(Debug, Default)]
pub(crate) struct Timings {
    nanoseconds: Vec<u64>,
}

impl Timings {
    /// Room for `count`.
    pub(crate) fn with_capacity(count: usize) -> Self {
        Self { nanoseconds: Vec::with_capacity(count) }
    }

    /// Adds one.
    pub(crate) fn add(&mut self, took: Duration) {
        self.nanoseconds.push(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX));
    }

    /// Adds all of another's.
    pub(crate) fn join(&mut self, other: Self) {
        self.nanoseconds.extend(other.nanoseconds);
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.nanoseconds.len()
    }

    /// The duration that `per_mille` of a thousand do not exceed.
    pub(crate) fn quantile(&mut self, per_mille: usize) -> Duration {
        self.nanoseconds.sort_unstable();
        let at = (self.nanoseconds.len() * per_mille / 1000).min(self.nanoseconds.len().saturating_sub(1));
        Duration::from_nanos(self.nanoseconds.get(at).copied().unwrap_or_default())
    }
}
