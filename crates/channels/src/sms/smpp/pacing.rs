//! How fast: so many submissions a second, and none for a while after the centre said that it was too much.

use std::time::Duration;
use tokio::time::Instant;

/// house: the first pause after a refusal as too fast; each further one doubles it.
const PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(8);
/// house: what was not used is kept for this long.
const SAVED: Duration = Duration::from_millis(100);

/// The pace of one account, over all its sessions.
#[derive(Debug)]
pub(super) struct Pacing {
    /// The time one submission takes up; none where there is no limit.
    step: Option<Duration>,
    /// When the next may go, or went.
    next: Instant,
    paused: Option<Instant>,
    pause: Duration,
}

impl Pacing {
    /// At most `per_second` submissions a second.
    pub(super) fn new(per_second: Option<u32>, now: Instant) -> Self {
        let step = per_second.filter(|rate| *rate > 0).and_then(|rate| Duration::from_secs(1).checked_div(rate));
        Self { step, next: now, paused: None, pause: PAUSE }
    }

    /// How many may go at `now`.
    pub(super) fn allowance(&self, now: Instant) -> usize {
        if self.paused.is_some_and(|until| now < until) {
            return 0;
        }
        let Some(step) = self.step else { return usize::MAX };
        let Some(saved) = now.checked_duration_since(self.next) else { return 0 };
        let whole = saved.min(SAVED).as_nanos().checked_div(step.as_nanos()).unwrap_or(0);
        usize::try_from(whole).unwrap_or(usize::MAX).saturating_add(1)
    }

    /// One goes at `now`.
    pub(super) fn spend(&mut self, now: Instant) {
        if let Some(step) = self.step {
            let oldest = now.checked_sub(SAVED).unwrap_or(now);
            self.next = self.next.max(oldest).checked_add(step).unwrap_or(now);
        }
    }

    /// Until when nothing may go; in the past when something may.
    pub(super) fn until(&self) -> Instant {
        self.paused.map_or(self.next, |paused| paused.max(self.next))
    }

    /// The centre refused one as too fast. Those that were under way then say nothing new.
    pub(super) fn throttled(&mut self, now: Instant) {
        if self.paused.is_none_or(|until| now >= until) {
            self.paused = now.checked_add(self.pause);
            self.pause = self.pause.saturating_mul(2).min(LONGEST_PAUSE);
        }
    }

    /// The centre took one.
    pub(super) fn well(&mut self) {
        self.pause = PAUSE;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_a_second_go_and_no_more_however_long_it_was_quiet() {
        let start = Instant::now();
        let mut pacing = Pacing::new(Some(100), start);
        let mut gone = 0;
        for millisecond in 0..=1000 {
            let now = start + Duration::from_millis(millisecond);
            while pacing.allowance(now) > 0 {
                pacing.spend(now);
                gone += 1;
            }
        }
        assert_eq!(gone, 101);
        let later = start + Duration::from_secs(60);
        assert_eq!(pacing.allowance(later), 11, "a tenth of a second's worth");
        assert_eq!(Pacing::new(None, start).allowance(start), usize::MAX);
    }

    #[test]
    fn after_a_refusal_as_too_fast_nothing_goes_for_a_while_that_doubles_until_one_is_taken() {
        let start = Instant::now();
        let mut pacing = Pacing::new(None, start);
        pacing.throttled(start);
        pacing.throttled(start);
        assert_eq!(pacing.allowance(start + Duration::from_millis(249)), 0);
        let second = start + Duration::from_millis(250);
        assert_eq!(pacing.allowance(second), usize::MAX);
        pacing.throttled(second);
        assert_eq!(pacing.allowance(second + Duration::from_millis(499)), 0);
        pacing.well();
        let third = second + Duration::from_millis(500);
        pacing.throttled(third);
        assert_eq!(pacing.until(), third + PAUSE);
    }
}
