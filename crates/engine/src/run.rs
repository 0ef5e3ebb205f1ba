//! The loop that keeps dispatch going.
//!
//! Deliveries are brought on their way side by side: one that waits for a slow server holds up none but those that want the same
//! place. Some places are kept free for what somebody waits for, so that a code is not behind a morning's reminders.

use crate::accept::AHEAD_UNTIL;
use crate::dispatch::{Stage, UnderWay};
use crate::engine::Engine;
use jiff::SignedDuration;
use postern_store::Room;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// The longest the loop sleeps without looking: what other processes queued, and deadlines, are seen by then.
const LONGEST_REST: Duration = Duration::from_secs(1);
/// How soon the loop looks again for what goes ahead while there is no room for anything else.
const REST_WHEN_FULL: Duration = Duration::from_millis(100);
/// How often a busy loop looks at how much is waiting, and for deliveries whose receipt is overdue.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// What the loop knows of the queue.
#[derive(Debug, Default)]
struct Queue {
    under_way: UnderWay,
    /// Something may have fallen due.
    due: bool,
    /// More was due than there was room for.
    more: bool,
    looked: Option<Instant>,
    /// The last look after what is overdue.
    sweep: Option<JoinHandle<()>>,
    /// The last look after vendors at which nothing gets through.
    probes: Option<JoinHandle<()>>,
    /// The last look after alerts that wait.
    duty: Option<JoinHandle<()>>,
    /// The day whose reports on TLS were seen to, and who sees to them.
    reported: Option<(i64, JoinHandle<()>)>,
}

impl Queue {
    /// Waits until nothing is under way any more.
    async fn end(&mut self) {
        if let Some((_, reports)) = self.reported.take() {
            // What was claimed and not brought is lost, and nobody waits a quarter of an hour for it.
            reports.abort();
        }
        if let Some(probes) = self.probes.take() {
            probes.abort();
        }
        if let Some(duty) = self.duty.take() {
            // Whoever is told again after a restart is told once too often, and not never.
            duty.abort();
        }
        while self.under_way.next().await.is_some() {}
        if let Some(sweep) = self.sweep.take()
            && let Err(error) = sweep.await
        {
            tracing::error!(panicked = error.is_panic(), "what is overdue was not looked after");
        }
    }
}

impl Engine {
    /// Dispatches until `shutdown` turns true: then takes no more requests, finishes what it holds, and returns. A store that
    /// does not answer is asked again after a rest; nothing is lost meanwhile.
    pub async fn run(self, mut shutdown: watch::Receiver<bool>) {
        let mut queue = Queue { due: true, ..Queue::default() };
        loop {
            if queue.due || queue.more && self.has_room(&queue) {
                self.claim(&mut queue).await;
            }
            self.look(&mut queue).await;
            if *shutdown.borrow() {
                self.drain();
                queue.end().await;
                return;
            }
            if queue.more && self.has_room(&queue) {
                continue;
            }
            let rest = if queue.more { REST_WHEN_FULL } else { self.rest().await };
            tokio::select! {
                () = self.inner.wake.notified() => queue.due = true,
                () = tokio::time::sleep(rest) => queue.due = true,
                Some(stage) = queue.under_way.next() => queue.due |= stage == Some(Stage::Again),
                // Nobody is left who could say so any more.
                changed = shutdown.changed() => if changed.is_err() {
                    self.drain();
                    queue.end().await;
                    return;
                },
            }
        }
    }

    async fn claim(&self, queue: &mut Queue) {
        let room = self.room(&queue.under_way);
        match self.begin_due(room, &mut queue.under_way).await {
            Ok(claimed) => queue.more = claimed >= usize::try_from(room.rest).unwrap_or(usize::MAX),
            Err(error) => {
                tracing::warn!(%error, "dispatch could not claim");
                queue.more = false;
            }
        }
        queue.due = false;
    }

    /// Whether a claim is worth its while: one at a time would cost as many transactions as deliveries.
    fn has_room(&self, queue: &Queue) -> bool {
        self.room(&queue.under_way).rest >= self.inner.config.claim.div_ceil(4).max(1)
    }

    /// How many more may be brought on their way.
    fn room(&self, under_way: &UnderWay) -> Room {
        let config = &self.inner.config;
        let taken = u32::try_from(under_way.len()).unwrap_or(u32::MAX);
        let ahead = config.under_way.saturating_sub(taken).min(config.claim);
        let rest = config.under_way.saturating_sub(config.kept_free).saturating_sub(taken).min(config.claim);
        Room { ahead_until: AHEAD_UNTIL, ahead, rest }
    }

    /// Looks after what is overdue, and at how much is waiting: accept turns requests away by what this saw last.
    async fn look(&self, queue: &mut Queue) {
        if queue.looked.is_some_and(|looked| looked.elapsed() < LOOK_EVERY) {
            return;
        }
        queue.looked = Some(Instant::now());
        // On its own task: vendors are asked where messages stand, and one that is slow must not hold up the queue.
        if queue.sweep.as_ref().is_none_or(JoinHandle::is_finished) {
            let engine = self.clone();
            queue.sweep = Some(tokio::spawn(async move {
                if let Err(error) = engine.settle_overdue().await {
                    tracing::warn!(%error, "overdue deliveries could not be settled");
                }
            }));
        }
        // A vendor that is away takes its time to say so.
        if queue.probes.as_ref().is_none_or(JoinHandle::is_finished) {
            let engine = self.clone();
            queue.probes = Some(tokio::spawn(async move { engine.probe_vendors().await }));
        }
        // The duty contact's server may be slow too, and holds up nothing else.
        if queue.duty.as_ref().is_none_or(JoinHandle::is_finished) {
            let engine = self.clone();
            queue.duty = Some(tokio::spawn(async move {
                if let Err(error) = engine.see_to_alerts().await {
                    tracing::warn!(%error, "alerts that wait could not be looked after");
                }
            }));
        }
        let today = self.now().as_second().div_euclid(86_400);
        if queue.reported.as_ref().is_none_or(|(day, _)| *day != today) {
            let engine = self.clone();
            // Beside everything else: others' servers take their time.
            let reports = tokio::spawn(async move { engine.report_tls(today.saturating_sub(1)).await });
            queue.reported = Some((today, reports));
        }
        if let Err(error) = self.gauges().await {
            tracing::warn!(%error, "the queue's depth could not be read");
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
