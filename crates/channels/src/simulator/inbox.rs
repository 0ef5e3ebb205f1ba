//! What arrived at the simulators, what they will still say, and how often each delivery was taken.

use super::line::{Callback, Event, Line};
use crate::provider::{ProviderRef, Receipt, ReceiptState};
use jiff::Timestamp;
use postern_base::{Channel, DeliveryId, Phi, Rng};
use std::collections::{BTreeMap, VecDeque};
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::mpsc;

/// How many arrivals are kept for the page; the oldest go first.
pub const ARRIVALS_KEPT: usize = 10_000;
/// How many deliveries are counted; the oldest go first (their ids sort by time).
const TALLIES_KEPT: usize = 200_000;

/// A message that arrived at a simulator.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// The simulated vendor.
    pub vendor: String,
    /// By which channel.
    pub channel: Channel,
    /// At which contact point.
    pub to: Phi<String>,
    /// From which neutral sender.
    pub sender: String,
    /// The subject, of e-mail.
    pub subject: Option<Phi<String>>,
    /// The body.
    pub body: Phi<String>,
    /// When.
    pub at: Timestamp,
    /// What the simulator last said of it.
    pub state: ReceiptState,
    /// The delivery.
    pub delivery: DeliveryId,
    /// The simulator's name for it.
    pub reference: ProviderRef,
}

/// How often the simulators were called for one delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Calls with a valid permit, whatever came of them.
    pub calls: u32,
    /// Times the message was taken. More than once is a message sent twice.
    pub taken: u32,
}

/// The one inbox behind all simulators of a deployment.
#[derive(Debug)]
pub struct Inbox {
    state: Mutex<State>,
    callbacks: mpsc::Sender<Callback>,
    rng: Arc<dyn Rng>,
}

#[derive(Debug, Default)]
struct State {
    arrivals: VecDeque<Arrival>,
    tallies: BTreeMap<DeliveryId, Tally>,
    pending: BTreeMap<(Timestamp, u64), (Arc<Line>, Event)>,
    sequence: u64,
    log: Option<File>,
}

impl Inbox {
    /// An inbox whose receipts and replies go to `callbacks` as signed requests. Event names come from `rng`, so that two
    /// runs over one database never use the same.
    #[must_use]
    pub fn new(callbacks: mpsc::Sender<Callback>, rng: Arc<dyn Rng>) -> Self {
        Self { state: Mutex::default(), callbacks, rng }
    }

    /// Also appends one line per message taken to the file at `path`: attempt, delivery, channel, time; ids only. The line
    /// is with the operating system before the message counts as taken, so it outlives a killed process.
    ///
    /// # Errors
    /// When the file cannot be opened for appending.
    pub fn log_to(&self, path: &Path) -> io::Result<()> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        self.state().log = Some(file);
        Ok(())
    }

    /// What arrived, oldest first; at most [`ARRIVALS_KEPT`].
    #[must_use]
    pub fn arrivals(&self) -> Vec<Arrival> {
        self.state().arrivals.iter().cloned().collect()
    }

    /// How often the simulators were called for `delivery`.
    #[must_use]
    pub fn tally(&self, delivery: DeliveryId) -> Tally {
        self.state().tallies.get(&delivery).copied().unwrap_or_default()
    }

    /// Every delivery that a simulator took more than once. Must always be empty.
    #[must_use]
    pub fn taken_twice(&self) -> Vec<DeliveryId> {
        self.state().tallies.iter().filter(|(_, tally)| tally.taken > 1).map(|(id, _)| *id).collect()
    }

    /// How many messages were taken in all, of the deliveries still counted.
    #[must_use]
    pub fn taken(&self) -> u64 {
        self.state().tallies.values().map(|tally| u64::from(tally.taken)).sum()
    }

    /// How many receipts and replies are still to come.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.state().pending.len()
    }

    /// Sends every receipt and reply that is due at `now`, and says how many went out. Waits when the receiver is slow,
    /// so the receiver is read by another task; what the receiver no longer wants is dropped, as a vendor gives up on a webhook in the end.
    pub async fn tick(&self, now: Timestamp) -> usize {
        let due = {
            let mut state = self.state();
            let later = state.pending.split_off(&(now, u64::MAX));
            let due = std::mem::replace(&mut state.pending, later);
            for (_, event) in due.values() {
                state.note(event);
            }
            due
        };
        let mut sent = 0;
        for ((_, sequence), (line, event)) in due {
            if self.call(&line, &event, sequence, now).await {
                sent += 1;
            }
        }
        sent
    }

    /// Plays a patient: `from` writes `text` to the simulated vendor's `line`, now. False when nobody listens any more.
    pub(super) async fn reply(&self, line: &Line, channel: Channel, from: &str, text: &str, now: Timestamp) -> bool {
        let sequence = self.state().next();
        let event = Event::reply(channel, from, text);
        self.call(line, &event, sequence, now).await
    }

    async fn call(&self, line: &Line, event: &Event, sequence: u64, now: Timestamp) -> bool {
        // Without entropy there is no name for the event, and an event without a name is not sent.
        let Ok(name) = postern_base::id::new_v7(now, self.rng.as_ref()) else { return false };
        let callback = line.callback(event, &format!("{name}-{sequence}"), now);
        self.callbacks.send(callback).await.is_ok()
    }

    /// Counts a call for `delivery` and says how many there were before it.
    pub(super) fn called(&self, delivery: DeliveryId) -> u32 {
        let mut state = self.state();
        let tally = state.tallies.entry(delivery).or_default();
        let before = tally.calls;
        tally.calls = tally.calls.saturating_add(1);
        if state.tallies.len() > TALLIES_KEPT {
            state.tallies.pop_first();
        }
        before
    }

    /// Takes a message. On an error of the log nothing was taken.
    pub(super) fn take(&self, arrival: Arrival, attempt: &str) -> io::Result<()> {
        let mut state = self.state();
        if let Some(log) = &mut state.log {
            let line = format!("{attempt} {} {} {}\n", arrival.delivery, arrival.channel, arrival.at);
            log.write_all(line.as_bytes())?;
        }
        let tally = state.tallies.entry(arrival.delivery).or_default();
        tally.taken = tally.taken.saturating_add(1);
        state.arrivals.push_back(arrival);
        if state.arrivals.len() > ARRIVALS_KEPT {
            state.arrivals.pop_front();
        }
        Ok(())
    }

    /// Lets `event` happen at `due`.
    pub(super) fn schedule(&self, due: Timestamp, line: &Arc<Line>, event: Event) {
        let mut state = self.state();
        let sequence = state.next();
        state.pending.insert((due, sequence), (Arc::clone(line), event));
    }

    /// Where the message `reference` stands, if it arrived.
    pub(super) fn standing(&self, reference: &ProviderRef) -> Option<Receipt> {
        let state = self.state();
        let arrival = state.arrivals.iter().rev().find(|arrival| arrival.reference == *reference)?;
        Some(Receipt {
            reference: reference.clone(),
            attempt: None,
            state: arrival.state,
            code: "simulated".to_owned(),
            at: arrival.at,
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves counts and queues whole: every change above is complete before the next line can fail.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn next(&mut self) -> u64 {
        self.sequence = self.sequence.wrapping_add(1);
        self.sequence
    }

    /// Shows on the page what a receipt says.
    fn note(&mut self, event: &Event) {
        if let Event::Receipt { reference, state, .. } = event
            && let Some(arrival) = self.arrivals.iter_mut().rev().find(|a| a.reference.0 == *reference)
        {
            arrival.state = *state;
        }
    }
}
