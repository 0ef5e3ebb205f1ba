//! How much is sent in bulk: a burst waits for an hour in which a person can look at it (RULES SYS-08).
//!
//! Counted in memory, by tenant and hour: what a restart forgets is at most how busy a practice usually is, which only makes
//! it more careful.

use jiff::{SignedDuration, Timestamp};
use postern_base::TenantId;
use std::collections::{HashMap, VecDeque};
use std::sync::Mutex;

/// house: no practice is stopped for fewer messages in an hour.
const BURST_FEWEST: usize = 500;
/// house: so many times the busiest hour of the week before is a burst.
const BURST_TIMES: usize = 10;
/// Hours that are remembered: those of a week.
const HOURS: usize = 24 * 7;
const HOUR_SECONDS: i64 = 3_600;
/// How long a burst waits.
const WAITS: SignedDuration = SignedDuration::from_hours(1);

/// How much each tenant sent in bulk lately.
#[derive(Debug, Default)]
pub(crate) struct Volume {
    tenants: Mutex<HashMap<TenantId, Lately>>,
}

/// What one tenant sent in bulk.
#[derive(Debug, Default)]
struct Lately {
    /// Hours in which something was sent, oldest first, and how much.
    hours: VecDeque<(i64, usize)>,
    /// A burst waits until then.
    waits_until: Option<Timestamp>,
}

impl Volume {
    /// Counts one message in bulk. More in an hour than ten times the busiest hour of the week before, and more than a few
    /// hundred, is a burst.
    pub(crate) fn count(&self, tenant: &TenantId, now: Timestamp) {
        let Ok(mut tenants) = self.tenants.lock() else { return };
        let lately = tenants.entry(tenant.clone()).or_default();
        let hour = now.as_second().div_euclid(HOUR_SECONDS);
        match lately.hours.back_mut() {
            Some((last, sent)) if *last == hour => *sent = sent.saturating_add(1),
            _ => lately.hours.push_back((hour, 1)),
        }
        let oldest = hour.saturating_sub(i64::try_from(HOURS).unwrap_or(i64::MAX));
        lately.hours.retain(|(at, _)| *at > oldest);
        let usual = lately.hours.iter().filter(|(at, _)| *at != hour).map(|(_, sent)| *sent).max().unwrap_or(0);
        let most = BURST_FEWEST.max(usual.saturating_mul(BURST_TIMES));
        let burst = lately.hours.back().is_some_and(|(_, sent)| *sent > most);
        if burst && lately.waits_until.is_none_or(|until| until <= now) {
            lately.waits_until = now.checked_add(WAITS).ok();
        }
    }

    /// Whether what the tenant sends in bulk waits now.
    pub(crate) fn waits(&self, tenant: &TenantId, now: Timestamp) -> bool {
        // A lock that a panic poisoned: nobody knows, and a pause harms less.
        let Ok(tenants) = self.tenants.lock() else { return true };
        tenants.get(tenant).and_then(|lately| lately.waits_until).is_some_and(|until| now < until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hours: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 / HOUR_SECONDS * HOUR_SECONDS + hours * HOUR_SECONDS).unwrap()
    }

    fn send(volume: &Volume, tenant: &TenantId, hour: i64, messages: usize) {
        (0..messages).for_each(|_| volume.count(tenant, at(hour)));
    }

    #[test]
    fn a_burst_waits_for_an_hour_and_nobody_else_does() {
        let volume = Volume::default();
        let (sunrise, other): (TenantId, TenantId) = ("sunrise".parse().unwrap(), "other".parse().unwrap());
        send(&volume, &sunrise, 0, BURST_FEWEST);
        assert!(!volume.waits(&sunrise, at(0)), "as many as any practice may send");
        send(&volume, &sunrise, 0, 1);
        assert!(volume.waits(&sunrise, at(0)) && !volume.waits(&other, at(0)));
        assert!(!volume.waits(&sunrise, at(1)), "an hour later it goes on, unless a person paused it");
    }

    #[test]
    fn a_practice_that_always_sends_much_is_not_stopped_for_it() {
        let volume = Volume::default();
        let tenant: TenantId = "sunrise".parse().unwrap();
        send(&volume, &tenant, 0, BURST_FEWEST);
        send(&volume, &tenant, 24, BURST_FEWEST * BURST_TIMES);
        assert!(!volume.waits(&tenant, at(24)));
        send(&volume, &tenant, 24, 1);
        assert!(volume.waits(&tenant, at(24)), "more than ten times the busiest hour of the week");
        send(&volume, &tenant, 24 * 20, BURST_FEWEST + 1);
        assert!(volume.waits(&tenant, at(24 * 20)), "what was long ago is not usual any more");
    }
}
