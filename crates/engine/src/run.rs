//! The loop that keeps dispatch going.

use crate::engine::Engine;
use jiff::SignedDuration;
use std::time::Duration;
use tokio::sync::watch;

/// The longest the loop sleeps without looking: what other processes queued, and deadlines, are seen by then.
const LONGEST_REST: Duration = Duration::from_secs(1);
/// Steps of a busy loop between two looks at how much is waiting.
const LOOK_EVERY: u32 = 64;

impl Engine {
    /// Dispatches until `shutdown` turns true: then takes no more requests, finishes what it holds, and returns. A store that
    /// does not answer is asked again after a rest; nothing is lost meanwhile.
    pub async fn run(self, mut shutdown: watch::Receiver<bool>) {
        let mut step = 0_u32;
        loop {
            step = step.wrapping_add(1);
            let busy = match self.dispatch_due().await {
                Ok(dispatched) => dispatched.claimed > 0,
                Err(error) => {
                    tracing::warn!(%error, "dispatch could not claim");
                    false
                }
            };
            if let Err(error) = self.settle_overdue().await {
                tracing::warn!(%error, "overdue deliveries could not be settled");
            }
            if *shutdown.borrow() {
                self.drain();
                return;
            }
            // Accept turns requests away by what this saw last: nobody else has to ask for it.
            if (!busy || step.is_multiple_of(LOOK_EVERY))
                && let Err(error) = self.gauges().await
            {
                tracing::warn!(%error, "the queue's depth could not be read");
            }
            if busy {
                continue;
            }
            let rest = self.rest().await;
            tokio::select! {
                () = self.inner.wake.notified() => {}
                () = tokio::time::sleep(rest) => {}
                changed = shutdown.changed() => {
                    if changed.is_err() {
                        self.drain();
                        return;
                    }
                }
            }
        }
    }

    async fn rest(&self) -> Duration {
        match self.inner.store.next_due().await {
            Ok(Some(due)) => {
                let wait = due.duration_since(self.now()).max(SignedDuration::from_millis(1));
                Duration::try_from(wait).map_or(LONGEST_REST, |wait| wait.min(LONGEST_REST))
            }
            Ok(None) | Err(_) => LONGEST_REST,
        }
    }
}
