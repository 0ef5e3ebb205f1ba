//! The line before a server that takes so many messages at once. Who would stand in it for long does not step into it yet: a permit lasts
//! half a minute, and is to be used when it is had.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// The longest that somebody is let to stand in line.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a message is taken to hold its place, until one has shown it.
const FIRST_GUESS: Duration = Duration::from_secs(2);
/// How soon, and how late, whoever was turned away asks again.
const SOONEST: Duration = Duration::from_millis(50);
const LATEST: Duration = Duration::from_secs(60);

/// A line, and what is known of the pace at which it moves.
#[derive(Debug, Clone, Default)]
pub(crate) struct Line(Arc<Mutex<Standing>>);

#[derive(Debug, Default)]
struct Standing {
    /// Who has leave to stand here, those at the server among them.
    booked: u32,
    /// How long a message holds its place, smoothed.
    pace: Option<Duration>,
    /// When the last of those who were turned away asks again.
    asks: Option<Instant>,
}

/// Leave to stand in a line; given back when dropped.
#[derive(Debug)]
pub struct Booked(Line);

impl Line {
    /// Leave to stand in line at `now` before a server that has so many `places`; who goes `ahead` of others always has it.
    ///
    /// # Errors
    /// After how long to ask again: one after the other, at the pace of the line.
    pub(crate) fn book(&self, places: u32, ahead: bool, now: Instant) -> Result<Booked, Duration> {
        let mut standing = self.lock();
        let places = places.max(1);
        let before = standing.booked.saturating_add(1).saturating_sub(places);
        let wait = standing.pace.unwrap_or(FIRST_GUESS).saturating_mul(before) / places;
        if wait > PATIENCE && !ahead {
            let step = (standing.pace.unwrap_or_default() / places).max(Duration::from_millis(1));
            let soonest = now + SOONEST;
            let asks = standing.asks.map_or(soonest, |last| soonest.max(last + step)).min(now + LATEST);
            standing.asks = Some(asks);
            return Err(asks.duration_since(now));
        }
        standing.booked = standing.booked.saturating_add(1);
        drop(standing);
        Ok(Booked(self.clone()))
    }

    /// A message held its place for so long.
    pub(crate) fn moved(&self, took: Duration) {
        let mut standing = self.lock();
        standing.pace = Some(standing.pace.map_or(took, |pace| (pace.saturating_mul(7).saturating_add(took)) / 8));
    }

    fn lock(&self) -> MutexGuard<'_, Standing> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Booked {
    fn drop(&mut self) {
        let mut standing = self.0.lock();
        standing.booked = standing.booked.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many of a thousand are let in.
    fn let_in(line: &Line, places: u32, now: Instant) -> Vec<Booked> {
        (0..1000).filter_map(|_| line.book(places, false, now).ok()).collect()
    }

    #[test]
    fn as_many_stand_in_line_as_have_their_turn_in_a_few_seconds() {
        let now = Instant::now();
        for (took_millis, few, many) in [(5, 1000, 1000), (4000, 44, 46), (12_000, 27, 29), (30_000, 22, 24)] {
            let line = Line::default();
            line.moved(Duration::from_millis(took_millis));
            let inside = let_in(&line, 20, now);
            assert!((few..=many).contains(&inside.len()), "{took_millis} ms a message: {}", inside.len());
        }
        assert_eq!(let_in(&Line::default(), 20, now).len(), 70, "before anybody knows how fast it is");
    }

    #[test]
    fn who_goes_ahead_is_always_let_in_and_who_leaves_makes_room() {
        let (line, now) = (Line::default(), Instant::now());
        line.moved(Duration::from_secs(4));
        let mut inside = let_in(&line, 2, now);
        let full = inside.len();
        assert!(line.book(2, false, now).is_err());
        let code = line.book(2, true, now).unwrap();
        assert!(line.book(2, false, now).is_err());
        drop(code);
        drop(inside.pop());
        assert!(line.book(2, false, now).is_ok());
        drop(inside);
        assert_eq!(let_in(&line, 2, now).len(), full);
    }

    #[test]
    fn those_who_are_turned_away_ask_again_one_after_the_other_and_nobody_after_more_than_a_minute() {
        let (line, now) = (Line::default(), Instant::now());
        line.moved(Duration::from_secs(4));
        let _inside = let_in(&line, 20, now);
        let waits: Vec<Duration> = (0..500).map(|_| line.book(20, false, now).unwrap_err()).collect();
        assert!(waits.windows(2).all(|two| two[0] <= two[1]), "{waits:?}");
        assert!(waits[0] >= SOONEST && waits[499] == LATEST, "{:?} {:?}", waits[0], waits[499]);
        let line = Line::default();
        let _inside = let_in(&line, 2, now);
        let waits: Vec<Duration> = (0..3).map(|_| line.book(2, false, now).unwrap_err()).collect();
        assert!(waits.iter().all(|wait| *wait < Duration::from_secs(2)), "nobody knows yet that it is slow: {waits:?}");
    }

    #[test]
    fn the_pace_follows_what_is_seen() {
        let line = Line::default();
        for _ in 0..100 {
            line.moved(Duration::from_secs(4));
        }
        let slow = let_in(&line, 20, Instant::now()).len();
        for _ in 0..100 {
            line.moved(Duration::from_millis(5));
        }
        assert!(slow < 50 && let_in(&line, 20, Instant::now()).len() == 1000);
    }
}
