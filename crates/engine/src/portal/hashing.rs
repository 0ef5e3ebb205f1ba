//! Turns at working passwords out. Each takes 19 MiB and a while, so that there are few at once; and so that nobody who sends many shuts the
//! door to the others, whoever asks has one in the queue at a time, by where they ask from and by whose password it is.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Passwords worked on at once.
const AT_ONCE: usize = 2;
/// house: the longest that somebody waits for a turn; then they are told to try again.
const PATIENCE: Duration = Duration::from_secs(10);

/// Who asks.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Asks<'a> {
    /// Where they ask from.
    pub(super) whence: Option<&'a str>,
    /// Whose password it is.
    pub(super) whose: Option<&'a str>,
    /// They ask on a device that somebody has signed in on before.
    pub(super) on_known_device: bool,
}

/// The queue.
#[derive(Debug)]
pub(super) struct Hashing {
    at_once: Arc<Semaphore>,
    /// One more turn, of known devices alone: not even who has many addresses stands before those.
    of_known: Arc<Semaphore>,
    /// One of each that has a turn or waits for one.
    asking: Mutex<HashMap<String, Arc<Semaphore>>>,
    patience: Duration,
}

/// A turn; it ends when it is dropped.
#[derive(Debug)]
pub(super) struct HashingTurn {
    _turn: OwnedSemaphorePermit,
    _own: Vec<OwnedSemaphorePermit>,
}

impl Hashing {
    pub(super) fn new() -> Self {
        let (at_once, of_known) = (Arc::new(Semaphore::new(AT_ONCE)), Arc::new(Semaphore::new(1)));
        Self { at_once, of_known, asking: Mutex::default(), patience: PATIENCE }
    }

    /// A turn for who asks; `None` = there is none in time.
    pub(super) async fn turn(&self, asks: Asks<'_>) -> Option<HashingTurn> {
        let entering = async {
            let mut own = Vec::with_capacity(2);
            // Always in this order, so that no two wait for each other.
            for (kind, who) in [("from", asks.whence), ("of", asks.whose)] {
                if let Some(who) = who {
                    own.push(self.of(format!("{kind} {who}")).acquire_owned().await.ok()?);
                }
            }
            let turns = if asks.on_known_device { &self.of_known } else { &self.at_once };
            let turn = Arc::clone(turns).acquire_owned().await.ok()?;
            Some(HashingTurn { _turn: turn, _own: own })
        };
        tokio::time::timeout(self.patience, entering).await.ok()?
    }

    fn of(&self, who: String) -> Arc<Semaphore> {
        let mut asking = self.asking.lock().unwrap_or_else(PoisonError::into_inner);
        asking.retain(|_, one| Arc::strong_count(one) > 1);
        Arc::clone(asking.entry(who).or_insert_with(|| Arc::new(Semaphore::new(1))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn from(whence: &str) -> Asks<'_> {
        Asks { whence: Some(whence), whose: None, on_known_device: false }
    }

    const fn of<'a>(whence: &'a str, whose: &'a str) -> Asks<'a> {
        Asks { whence: Some(whence), whose: Some(whose), on_known_device: false }
    }

    /// Both turns taken; then these ask in this order. Gives in which order they have theirs once those end.
    async fn order(asks: &[(&'static str, &'static str)]) -> Vec<(&'static str, &'static str)> {
        let hashing = Arc::new(Hashing::new());
        let busy = (hashing.turn(from("x")).await.unwrap(), hashing.turn(from("y")).await.unwrap());
        let had = Arc::new(Mutex::new(Vec::new()));
        let mut waiting = Vec::new();
        for ask in asks {
            let (hashing, had, ask) = (Arc::clone(&hashing), Arc::clone(&had), *ask);
            waiting.push(tokio::spawn(async move {
                let turn = hashing.turn(of(ask.0, ask.1)).await.unwrap();
                had.lock().unwrap().push(ask);
                tokio::task::yield_now().await;
                drop(turn);
            }));
            tokio::task::yield_now().await;
        }
        drop(busy);
        for one in waiting {
            one.await.unwrap();
        }
        let had = had.lock().unwrap().clone();
        assert!(hashing.asking.lock().unwrap().values().all(|one| Arc::strong_count(one) == 1));
        had
    }

    #[tokio::test]
    async fn who_sends_many_from_one_place_is_before_nobody_with_more_than_one() {
        let mut asks: Vec<(&str, &str)> =
            ["a", "b", "c", "d", "e", "f", "g", "h"].into_iter().map(|name| ("crowd", name)).collect();
        asks.push(("home", "alma"));
        let had = order(&asks).await;
        assert!(had.iter().position(|one| *one == ("home", "alma")) <= Some(1), "{had:?}");
        assert_eq!(had.len(), asks.len(), "and each has its turn");
    }

    #[tokio::test]
    async fn who_tries_one_name_from_many_places_is_before_nobody_of_another_name_with_more_than_one() {
        let places = ["p1", "p2", "p3", "p4", "p5", "p6"];
        let mut asks: Vec<(&str, &str)> = places.into_iter().map(|place| (place, "brook")).collect();
        asks.push(("home", "alma"));
        let had = order(&asks).await;
        assert!(had.iter().position(|one| *one == ("home", "alma")) <= Some(1), "{had:?}");
    }

    #[tokio::test]
    async fn who_waits_too_long_is_told_and_leaves_no_place_taken() {
        let hashing = Hashing { patience: Duration::from_millis(20), ..Hashing::new() };
        let busy = (hashing.turn(from("x")).await.unwrap(), hashing.turn(from("y")).await.unwrap());
        assert!(hashing.turn(of("home", "alma")).await.is_none());
        assert!(hashing.turn(from("x")).await.is_none(), "one at a time from one place");
        let device = Asks { whence: Some("device"), whose: None, on_known_device: true };
        assert!(hashing.turn(device).await.is_some(), "a known device stands behind nobody else");
        drop(busy);
        assert!(hashing.turn(of("home", "alma")).await.is_some());
        assert!(hashing.turn(of("home", "alma")).await.is_some());
    }
}
