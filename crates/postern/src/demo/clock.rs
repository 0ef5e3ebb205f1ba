//! The demo's clock: the machine's, moved to mid-morning, so that the sending window is open whenever the demo is run.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use postern_base::{Clock, SystemClock};

/// Where the clinic is.
pub(crate) const ZONE: &str = "America/New_York";

/// A clock that runs as fast as the machine's, from another start.
#[derive(Debug)]
pub(crate) struct DemoClock {
    offset: SignedDuration,
}

impl DemoClock {
    /// A clock that shows `start` now.
    pub(crate) fn starting(start: Timestamp) -> Self {
        Self { offset: start.duration_since(SystemClock.now()) }
    }

    /// A clock that shows ten o'clock in New York, today.
    pub(crate) fn at_ten() -> Self {
        let today = date_at(SystemClock.now());
        Self::starting(local(today, Time::constant(10, 0, 0, 0)))
    }
}

impl Clock for DemoClock {
    fn now(&self) -> Timestamp {
        let now = SystemClock.now();
        now.checked_add(self.offset).unwrap_or(now)
    }
}

fn zone() -> TimeZone {
    // The zone data is compiled in; without it, UTC is four or five hours off and still a morning.
    TimeZone::get(ZONE).unwrap_or(TimeZone::UTC)
}

/// The date at the clinic.
pub(crate) fn date_at(now: Timestamp) -> Date {
    now.to_zoned(zone()).date()
}

/// An instant as the clinic's wall shows it.
pub(crate) fn shown(at: Timestamp) -> String {
    at.to_zoned(zone()).strftime("%Y-%m-%d %H:%M %Z").to_string()
}

/// The instant of a time at the clinic.
pub(crate) fn local(date: Date, time: Time) -> Timestamp {
    date.to_datetime(time).to_zoned(zone()).map_or(Timestamp::UNIX_EPOCH, |zoned| zoned.timestamp())
}
