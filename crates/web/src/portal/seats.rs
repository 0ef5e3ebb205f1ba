//! Who may send a form with files at this moment. Each is held in memory until its files are stored, so that few are taken in at once; and so
//! that few can be kept by nobody, each sender has one seat at most, and who brings next to nothing gives way to who waits: to anybody for a
//! seat, and to the same sender's next form for its place.

use postern_base::{AccountId, TenantId};
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep, sleep_until, timeout};

/// Forms that are taken in at once, of patients and apart from them of practices' programs.
const AT_ONCE: usize = 2;
/// house: what who holds a seat brings in a second, in bytes, as half a megabit does.
const FLOOR: u64 = 64 * 1024;
/// house: for how long what was brought counts; a radio link pauses.
const CREDIT: Duration = Duration::from_secs(5);
/// How often it is looked whether somebody waits.
const LOOK: Duration = Duration::from_millis(200);

/// Forms with files that are under way.
#[derive(Debug)]
pub(crate) struct Uploads {
    pub(super) of_patients: Room<AccountId>,
    /// They take no patient's seat.
    pub(super) of_programs: Room<TenantId>,
}

impl Default for Uploads {
    fn default() -> Self {
        Self { of_patients: Room::new(CREDIT), of_programs: Room::new(CREDIT) }
    }
}

/// Seats, and who has one.
#[derive(Debug)]
pub(super) struct Room<K> {
    seats: Arc<Semaphore>,
    /// Each that has a form under way or waits to send one.
    senders: Mutex<HashMap<K, Arc<Sender>>>,
    waiting: Arc<AtomicUsize>,
    credit: Duration,
}

/// Who sends forms, one at a time.
#[derive(Debug)]
struct Sender {
    place: Arc<Semaphore>,
    /// Their next forms, which wait for the one that is under way and for nobody else's.
    waiting: AtomicUsize,
    /// What the form under way has brought lasts until then.
    paid_until: Mutex<Instant>,
}

impl Sender {
    fn new() -> Self {
        let paid_until = Mutex::new(Instant::now());
        Self { place: Arc::new(Semaphore::new(1)), waiting: AtomicUsize::new(0), paid_until }
    }

    fn paid_until(&self) -> MutexGuard<'_, Instant> {
        self.paid_until.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A form of theirs is coming in, and comes well.
    fn is_sending(&self) -> bool {
        self.place.available_permits() == 0 && *self.paid_until() > Instant::now()
    }
}

impl<K: Eq + Hash + Clone> Room<K> {
    fn new(credit: Duration) -> Self {
        let seats = Arc::new(Semaphore::new(AT_ONCE));
        Self { seats, senders: Mutex::default(), waiting: Arc::default(), credit }
    }

    /// A seat for `sender`, whose next form waits for the one before; `None` = there is none in time.
    pub(super) async fn seat(&self, sender: &K, patience: Duration) -> Option<Seat> {
        timeout(patience, self.enter(self.of(sender))).await.ok()?
    }

    /// A seat for `sender`, who is sending nothing else, or nothing that still comes; `None` = they are, or there is none in time.
    pub(super) async fn only_seat(&self, sender: &K, patience: Duration) -> Option<Seat> {
        let sender = self.of(sender);
        if sender.is_sending() {
            return None;
        }
        timeout(patience, self.enter(sender)).await.ok()?
    }

    async fn enter(&self, sender: Arc<Sender>) -> Option<Seat> {
        let own = Waits::begin(&sender.waiting);
        let place = Arc::clone(&sender.place).acquire_owned().await.ok()?;
        drop(own);
        let waiting = Waits::begin(&self.waiting);
        let room = Arc::clone(&self.seats).acquire_owned().await.ok()?;
        drop(waiting);
        *sender.paid_until() = Instant::now() + self.credit;
        let (waiting, credit) = (Arc::clone(&self.waiting), self.credit);
        Some(Seat { _place: place, _room: room, sender, waiting, credit })
    }

    fn of(&self, sender: &K) -> Arc<Sender> {
        let mut senders = self.senders.lock().unwrap_or_else(PoisonError::into_inner);
        // Who neither sends nor waits is not kept.
        senders.retain(|_, one| Arc::strong_count(one) > 1);
        Arc::clone(senders.entry(sender.clone()).or_insert_with(|| Arc::new(Sender::new())))
    }
}

/// Somebody waits, for a seat or for their own place.
struct Waits<'w>(&'w AtomicUsize);

impl<'w> Waits<'w> {
    fn begin(waiting: &'w AtomicUsize) -> Self {
        waiting.fetch_add(1, Ordering::SeqCst);
        Self(waiting)
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Held while a form with files is taken in and stored.
#[derive(Debug)]
pub(crate) struct Seat {
    _place: OwnedSemaphorePermit,
    _room: OwnedSemaphorePermit,
    sender: Arc<Sender>,
    waiting: Arc<AtomicUsize>,
    credit: Duration,
}

impl Seat {
    /// Another piece came, of this many bytes.
    pub(super) fn brought(&mut self, bytes: usize) {
        let worth = Duration::from_micros(u64::try_from(bytes).unwrap_or(u64::MAX).saturating_mul(1_000_000) / FLOOR);
        let mut paid_until = self.sender.paid_until();
        *paid_until = (*paid_until + worth).min(Instant::now() + self.credit);
    }

    /// Ends when who holds it has brought too little, and somebody waits for it: anybody for a seat, or the same sender for its place.
    pub(super) async fn given_way(&self) {
        let paid_until = *self.sender.paid_until();
        sleep_until(paid_until).await;
        let waits = |waiting: &AtomicUsize| waiting.load(Ordering::SeqCst) > 0;
        while !waits(&self.waiting) && !waits(&self.sender.waiting) {
            sleep(LOOK).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_millis(50);
    /// Longer than any of these tests takes.
    const LONG: Duration = Duration::from_secs(600);

    #[tokio::test]
    async fn a_sender_has_one_place_and_its_next_form_waits_while_others_enter() {
        let room = Room::new(LONG);
        let first = room.seat(&"a", SHORT).await.unwrap();
        assert!(room.seat(&"a", SHORT).await.is_none(), "the first is under way");
        let second = room.seat(&"b", SHORT).await.unwrap();
        assert!(room.seat(&"c", SHORT).await.is_none(), "there are two for all");
        drop(first);
        let third = room.seat(&"c", SHORT).await.unwrap();
        drop((second, third));
        drop(room.seat(&"a", SHORT).await.unwrap());
        assert!(
            room.of(&"d").place.available_permits() == 1 && room.senders.lock().unwrap().len() == 1,
            "nobody is kept"
        );
    }

    #[tokio::test]
    async fn who_may_send_one_thing_at_a_time_is_told_at_once_and_not_after_a_while() {
        let room = Room::new(LONG);
        let first = room.only_seat(&"a", LONG).await.unwrap();
        assert!(room.only_seat(&"a", LONG).await.is_none());
        drop(first);
        assert!(room.only_seat(&"a", LONG).await.is_some());
    }

    #[tokio::test]
    async fn who_brings_next_to_nothing_gives_way_to_who_waits_and_to_nobody_else() {
        let room = Arc::new(Room::new(SHORT));
        let (slow, mut quick) = (room.seat(&"a", LONG).await.unwrap(), room.seat(&"b", LONG).await.unwrap());
        assert!(timeout(SHORT * 4, slow.given_way()).await.is_err(), "nobody waits");
        let waits = tokio::spawn({
            let room = Arc::clone(&room);
            async move { room.seat(&"c", LONG).await }
        });
        // Three pieces of a megabyte, and the sender is as good as new after each.
        for _ in 0..3 {
            quick.brought(1024 * 1024);
        }
        let paid_until = |seat: &Seat| *seat.sender.paid_until();
        assert!(paid_until(&quick) > paid_until(&slow), "what was brought counts");
        assert!(paid_until(&quick) <= Instant::now() + SHORT, "and not for ever: who stops after it is slow again");
        timeout(LONG, slow.given_way()).await.unwrap();
        drop(slow);
        assert!(waits.await.unwrap().is_some());
    }

    #[tokio::test]
    async fn a_form_that_stopped_gives_way_to_the_next_of_its_own_sender_and_nobody_elses_does() {
        let room = Arc::new(Room::new(SHORT));
        let (stopped, other) = (room.seat(&"a", LONG).await.unwrap(), room.seat(&"b", LONG).await.unwrap());
        let next = tokio::spawn({
            let room = Arc::clone(&room);
            async move { room.seat(&"a", LONG).await }
        });
        timeout(LONG, stopped.given_way()).await.unwrap();
        assert!(timeout(SHORT * 8, other.given_way()).await.is_err(), "who waits for themselves takes nobody's place");
        drop(stopped);
        assert!(next.await.unwrap().is_some());
    }

    #[tokio::test]
    async fn who_may_send_one_thing_at_a_time_sends_anew_once_the_first_has_stopped() {
        let room = Arc::new(Room::new(SHORT));
        let stopped = room.only_seat(&"a", LONG).await.unwrap();
        assert!(room.only_seat(&"a", LONG).await.is_none(), "it comes well so far");
        tokio::time::sleep(SHORT * 2).await;
        let next = tokio::spawn({
            let room = Arc::clone(&room);
            async move { room.only_seat(&"a", LONG).await }
        });
        timeout(LONG, stopped.given_way()).await.unwrap();
        drop(stopped);
        assert!(next.await.unwrap().is_some());
    }
}
