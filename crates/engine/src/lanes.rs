//! Lanes: where deliveries go out, one a vendor's service, or one a recipient's domain where mail goes straight to its servers. A
//! lane on which everything fails is closed for a while, and then tried with one delivery; one that takes few sessions at once gets
//! few. What cannot go out on a lane now goes back to the queue, and no attempt is counted.

use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Temporary failures in a row that close a lane.
const FAILURES: u32 = 5;
/// How long a lane is closed the first time; each failure of the one delivery that tries it then doubles it.
const FIRST: SignedDuration = SignedDuration::from_secs(15);
const LONGEST: SignedDuration = SignedDuration::from_mins(15);
/// How soon, and how late, a delivery looks again for a place on a lane that has none.
const SOONEST: SignedDuration = SignedDuration::from_millis(50);
const LATEST: SignedDuration = SignedDuration::from_mins(5);
/// How long the next place on a full lane is kept for somebody who goes ahead, and looks again meanwhile.
const KEPT: SignedDuration = SignedDuration::from_secs(1);
/// How many lanes are remembered; those that are empty and well are forgotten first.
const LANES: usize = 10_000;

/// Which lane.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct LaneKey {
    /// Through whom.
    pub(crate) vendor: String,
    /// By which of their services.
    pub(crate) service: String,
    /// To which server's domain, where that matters.
    pub(crate) destination: Option<String>,
}

#[derive(Debug, Clone, Default)]
struct Lane {
    under_way: u32,
    failures: u32,
    closed: Option<(Timestamp, SignedDuration)>,
    /// When it was closed first, nothing having got through since.
    shut_at: Option<Timestamp>,
    /// One delivery is finding out whether the lane is well again.
    tried: bool,
    /// How long a delivery has its place, smoothed.
    pace: SignedDuration,
    /// Until when its places are spoken for by deliveries that look again.
    booked: Option<Timestamp>,
    /// Until when the next place is kept for what goes ahead.
    kept: Option<Timestamp>,
}

impl Lane {
    /// Something got through.
    const fn opens(&mut self) {
        (self.failures, self.closed, self.shut_at) = (0, None, None);
    }

    /// When the next delivery without a place should look again: one after the other, twice as often as places become free, so
    /// that neither the lane idles nor everybody who waits asks at once.
    fn book(&mut self, places: u32, now: Timestamp) -> Timestamp {
        let step = self.pace.checked_div(i32::try_from(places.saturating_mul(2)).unwrap_or(i32::MAX));
        let step = step.unwrap_or_default().max(SignedDuration::from_millis(1));
        let soonest = after(now, SOONEST);
        let next = self.booked.map_or(soonest, |booked| after(booked, step).max(soonest)).min(after(now, LATEST));
        self.booked = Some(next);
        next
    }
}

/// All lanes of this process.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lanes {
    lanes: Arc<Mutex<HashMap<LaneKey, Lane>>>,
}

/// Why a delivery has no place on its lane now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Closed {
    /// When to ask again.
    pub(crate) until: Timestamp,
    /// Since when nothing gets through, where that is why.
    pub(crate) shut_at: Option<Timestamp>,
}

/// A place on a lane; it is free again when this is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    lanes: Lanes,
    key: LaneKey,
    since: Timestamp,
}

impl Lanes {
    /// A place on the lane `key`, of which there are `places` (`None` = as many as are asked for). Who goes `ahead`, such as a one-time
    /// code, gets the next one, however many others wait and whose they are.
    pub(crate) fn enter(
        &self,
        key: LaneKey,
        places: Option<u32>,
        ahead: bool,
        now: Timestamp,
    ) -> Result<Place, Closed> {
        let mut lanes = self.lock();
        if lanes.len() >= LANES && !lanes.contains_key(&key) {
            lanes.retain(|_, lane| lane.under_way > 0 || lane.failures > 0);
        }
        let lane = lanes.entry(key.clone()).or_default();
        if let Some((until, _)) = lane.closed {
            let shut_at = lane.shut_at;
            if now < until {
                return Err(Closed { until, shut_at });
            }
            if lane.tried {
                return Err(Closed { until: lane.book(1, now), shut_at });
            }
            lane.tried = true;
        }
        let kept = lane.kept.is_some_and(|until| now < until);
        if let Some(places) = places.filter(|places| lane.under_way >= *places || kept && !ahead) {
            if ahead {
                lane.kept = Some(after(now, KEPT));
                return Err(Closed { until: after(now, SOONEST), shut_at: None });
            }
            return Err(Closed { until: lane.book(places, now), shut_at: None });
        }
        if ahead {
            lane.kept = None;
        }
        lane.under_way = lane.under_way.saturating_add(1);
        drop(lanes);
        Ok(Place { lanes: self.clone(), key, since: now })
    }

    /// Whether the lane `key` was closed, and nothing got through since.
    pub(crate) fn is_shut(&self, key: &LaneKey) -> bool {
        self.shut_at(key).is_some()
    }

    /// When the lane `key` was closed, if nothing got through since.
    pub(crate) fn shut_at(&self, key: &LaneKey) -> Option<Timestamp> {
        self.lock().get(key)?.shut_at
    }

    /// Whether it is time to find out if a vendor's service is well again; who asks finds out, and says so by [`Lanes::probed`].
    pub(crate) fn is_to_be_probed(&self, key: &LaneKey, now: Timestamp) -> bool {
        let mut lanes = self.lock();
        let shut = lanes.get_mut(key).filter(|lane| !lane.tried && lane.closed.is_some_and(|(until, _)| now >= until));
        shut.map(|lane| lane.tried = true).is_some()
    }

    /// What was found out at `now`: the lane is open, or closed for twice as long.
    pub(crate) fn probed(&self, key: &LaneKey, well: bool, now: Timestamp) {
        let mut lanes = self.lock();
        let Some(lane) = lanes.get_mut(key) else { return };
        lane.tried = false;
        if well {
            lane.opens();
        } else if let Some((_, wait)) = lane.closed {
            let wait = wait.checked_mul(2).unwrap_or(LONGEST).min(LONGEST);
            lane.closed = Some((after(now, wait), wait));
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<LaneKey, Lane>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Says at `now` whether the lane let something through: a message that was taken, or refused for a reason of its own.
    /// Whether that closed the lane.
    pub(crate) fn leave(self, well: bool, now: Timestamp) -> bool {
        let mut lanes = self.lanes.lock();
        let Some(lane) = lanes.get_mut(&self.key) else { return false };
        let took = now.duration_since(self.since);
        lane.pace = lane.pace.saturating_mul(7).saturating_add(took).checked_div(8).unwrap_or(took);
        if well {
            lane.opens();
            return false;
        }
        lane.failures = lane.failures.saturating_add(1);
        let wait = match lane.closed {
            // What was under way when the lane closed tells nothing new.
            Some((until, _)) if now < until => return false,
            Some((_, wait)) => wait.checked_mul(2).unwrap_or(LONGEST).min(LONGEST),
            None => FIRST,
        };
        let closes = lane.failures >= FAILURES;
        if closes {
            lane.closed = Some((after(now, wait), wait));
            lane.shut_at = lane.shut_at.or(Some(now));
        }
        closes
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut lanes = self.lanes.lock();
        if let Some(lane) = lanes.get_mut(&self.key) {
            lane.under_way = lane.under_way.saturating_sub(1);
            lane.tried = false;
        }
    }
}

fn after(now: Timestamp, wait: SignedDuration) -> Timestamp {
    now.checked_add(wait).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(destination: &str) -> LaneKey {
        LaneKey { vendor: "self".into(), service: "email".into(), destination: Some(destination.into()) }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_796_000_000 + second).unwrap()
    }

    /// One delivery on the lane of `a.test`.
    fn pass(lanes: &Lanes, well: bool, second: i64) -> Result<bool, Timestamp> {
        let place = lanes.enter(key("a.test"), None, false, at(second)).map_err(|closed| closed.until)?;
        Ok(place.leave(well, at(second)))
    }

    #[test]
    fn five_failures_in_a_row_close_a_lane_and_no_other() {
        let lanes = Lanes::default();
        for _ in 0..3 {
            assert_eq!(pass(&lanes, false, 0), Ok(false));
            assert_eq!(pass(&lanes, true, 0), Ok(false), "something got through");
        }
        for nth in 0..5 {
            assert_eq!(pass(&lanes, false, 0), Ok(nth == 4));
        }
        assert_eq!(pass(&lanes, true, 14), Err(at(15)));
        assert!(lanes.enter(key("b.test"), None, false, at(14)).is_ok());
    }

    #[test]
    fn a_closed_lane_is_tried_with_one_delivery_and_waits_twice_as_long_when_that_fails() {
        let lanes = Lanes::default();
        for _ in 0..5 {
            assert!(pass(&lanes, false, 0).is_ok());
        }
        let first = lanes.enter(key("a.test"), None, false, at(15)).unwrap();
        assert!(lanes.enter(key("a.test"), None, false, at(15)).is_err(), "one at a time");
        assert!(lanes.is_shut(&key("a.test")) && !lanes.is_shut(&key("b.test")));
        assert!(first.leave(false, at(16)));
        assert_eq!(pass(&lanes, true, 45), Err(at(46)), "thirty seconds");
        drop(lanes.enter(key("a.test"), None, false, at(46)).unwrap());
        assert_eq!(pass(&lanes, true, 46), Ok(false), "the one before was not called, so the next one tries");
        let (one, two) =
            (lanes.enter(key("a.test"), None, false, at(47)), lanes.enter(key("a.test"), None, false, at(47)));
        assert!(one.is_ok() && two.is_ok(), "it is open again for everybody");
        assert!(!lanes.is_shut(&key("a.test")));
    }

    #[test]
    fn a_lane_tells_since_when_nothing_gets_through_until_something_does() {
        let lanes = Lanes::default();
        for second in 0..5 {
            assert_eq!(lanes.shut_at(&key("a.test")), None);
            assert!(pass(&lanes, false, second).is_ok());
        }
        for second in [19, 49] {
            assert!(pass(&lanes, false, second).is_ok());
            let closed = lanes.enter(key("a.test"), None, false, at(second)).unwrap_err();
            assert_eq!(closed.shut_at, Some(at(4)), "trials that fail begin nothing anew");
        }
        assert!(pass(&lanes, true, 200).is_ok());
        assert_eq!(lanes.shut_at(&key("a.test")), None);
        let _place = lanes.enter(key("b.test"), Some(1), false, at(0)).unwrap();
        let full = lanes.enter(key("b.test"), Some(1), false, at(0)).unwrap_err();
        assert_eq!(full.shut_at, None, "many want it, and nothing is wrong");
    }

    #[test]
    fn who_finds_out_by_asking_is_one_at_a_time_and_opens_the_lane_or_closes_it_for_longer() {
        let lanes = Lanes::default();
        assert!(!lanes.is_to_be_probed(&key("a.test"), at(0)), "it is well");
        for _ in 0..5 {
            assert!(pass(&lanes, false, 0).is_ok());
        }
        assert!(!lanes.is_to_be_probed(&key("a.test"), at(14)));
        assert!(lanes.is_to_be_probed(&key("a.test"), at(15)) && !lanes.is_to_be_probed(&key("a.test"), at(15)));
        assert!(lanes.enter(key("a.test"), None, false, at(15)).is_err(), "somebody is finding out");
        lanes.probed(&key("a.test"), false, at(16));
        assert!(lanes.is_shut(&key("a.test")) && !lanes.is_to_be_probed(&key("a.test"), at(45)));
        assert!(lanes.is_to_be_probed(&key("a.test"), at(46)));
        lanes.probed(&key("a.test"), true, at(46));
        assert!(!lanes.is_shut(&key("a.test")) && lanes.enter(key("a.test"), None, false, at(46)).is_ok());
    }

    #[test]
    fn what_was_under_way_when_a_lane_closed_does_not_close_it_for_longer() {
        let lanes = Lanes::default();
        let places: Vec<Place> = (0..20).map(|_| lanes.enter(key("a.test"), None, false, at(0)).unwrap()).collect();
        let closed: Vec<bool> = places.into_iter().map(|place| place.leave(false, at(1))).collect();
        assert_eq!(closed.iter().filter(|closed| **closed).count(), 1);
        assert_eq!(pass(&lanes, true, 2), Err(at(16)));
    }

    #[test]
    fn a_wait_never_exceeds_a_quarter_of_an_hour() {
        let lanes = Lanes::default();
        let mut second = 0;
        for _ in 0..40 {
            if let Err(until) = pass(&lanes, false, second) {
                assert!(until.duration_since(at(second)) <= LONGEST);
                second = until.as_second() - 1_796_000_000;
            }
        }
        assert!(second > 3600, "it was closed again and again");
    }

    #[test]
    fn a_lane_with_two_places_lets_a_third_wait_until_one_is_left() {
        let lanes = Lanes::default();
        let enter = || lanes.enter(key("a.test"), Some(2), false, at(0));
        let (one, _two) = (enter().unwrap(), enter().unwrap());
        assert!(enter().is_err());
        drop(one);
        assert!(enter().is_ok());
    }

    #[test]
    fn the_next_place_of_a_full_lane_is_for_who_goes_ahead_however_many_wait() {
        let lanes = Lanes::default();
        let enter = |ahead, second| lanes.enter(key("a.test"), Some(1), ahead, at(second));
        let bulk = enter(false, 0).unwrap();
        for _ in 0..1000 {
            assert!(enter(false, 0).is_err());
        }
        let code = enter(true, 0).unwrap_err();
        assert_eq!(code.until.duration_since(at(0)), SOONEST, "it is not in the line of the others");
        drop(bulk);
        assert!(enter(false, 0).is_err(), "kept");
        let code = enter(true, 0).unwrap();
        drop(code);
        let next = enter(false, 0).unwrap();
        assert!(enter(true, 0).is_err() && enter(false, 5).is_err(), "one is still under way");
        drop(next);
        assert!(enter(false, 5).is_ok(), "nobody came back for the place that was kept");
    }

    #[test]
    fn those_who_wait_for_a_place_look_again_one_after_the_other_at_the_pace_of_the_lane() {
        let lanes = Lanes::default();
        for second in (0..400).step_by(4) {
            let place = lanes.enter(key("a.test"), Some(2), false, at(second)).unwrap();
            place.leave(true, at(second + 4));
        }
        let _places = [(); 2].map(|()| lanes.enter(key("a.test"), Some(2), false, at(500)).unwrap());
        let waits: Vec<i64> = (0..4)
            .map(|_| lanes.enter(key("a.test"), Some(2), false, at(500)).unwrap_err().until.duration_since(at(500)))
            .map(|wait| i64::try_from(wait.as_millis()).unwrap())
            .collect();
        let steps: Vec<i64> = waits.windows(2).map(|two| two[1] - two[0]).collect();
        assert_eq!(waits[0], 50);
        assert!(
            steps.iter().all(|step| (990..=1000).contains(step)),
            "4 s a message, 2 places, twice as often: {waits:?}"
        );
        let far =
            (0..1000).map(|_| lanes.enter(key("a.test"), Some(2), false, at(500)).unwrap_err().until).max().unwrap();
        assert!(far <= at(800), "nobody waits longer than five minutes without a look");
    }
}
