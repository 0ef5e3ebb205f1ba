//! When automated messages may reach a patient: inside the window in every zone the patient may be in (RULES TCP-06..08).

use crate::facts::{AvailableTime, Facts, Patient, WantedHours};
use crate::policy::Policy;
use crate::reference::{
    Hours, OFFERS_SUNDAY_FROM, OFFERS_SUNDAY_TO, SOLICITATION_HOURS, SolicitationHours, UNKNOWN_ZONE_FROM,
    UNKNOWN_ZONE_TO, WINDOW_FROM, WINDOW_TO, is_holiday, solicitation_hours, state_of_number,
};
use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use postern_base::Purpose;

/// The default window, local time (RULES 1.0): inside 47 CFR 64.1200(c)(1) and the strictest common state hours.
pub(crate) const DEFAULT: Hours = (WINDOW_FROM, WINDOW_TO);
/// The window when no zone is known, Eastern time: inside the federal hours in every zone of the contiguous states.
const UNKNOWN_ZONE: Hours = (UNKNOWN_ZONE_FROM, UNKNOWN_ZONE_TO);
const EASTERN: &str = "America/New_York";
/// Openings tried before giving up: more than the zones and bars of two weeks can ask for.
const TRIES: usize = 64;

/// Hours that are none.
const CLOSED: Hours = (WINDOW_TO, WINDOW_TO);

/// When a window is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Opening {
    /// At the asked instant.
    Open,
    /// Not before this one.
    At(Timestamp),
    /// Never: the zones and the tenant's hours have no hour in common.
    Never,
}

/// The window of one decision: every plausible zone with its hours.
#[derive(Debug)]
pub(crate) struct Window {
    zones: Vec<(TimeZone, Hours)>,
    /// The hours of every state that counts.
    states: Vec<&'static SolicitationHours>,
    solicitation: bool,
}

impl Window {
    /// The window for `purpose` under the facts and the tenant's policy.
    pub(crate) fn new(facts: &Facts, patient: Option<&Patient>, policy: &Policy, purpose: Purpose) -> Self {
        let names = patient.map_or(&[][..], |p| p.zones.as_slice());
        let wanted = patient.and_then(|p| p.wanted_hours).map(hours_wanted);
        // 45 CFR 164.522(b) asks for the means and the place; house: the hours as well. They only ever narrow.
        let hours = wanted.map_or_else(|| policy.hours(purpose), |wanted| narrow(policy.hours(purpose), wanted));
        let mut zones = Vec::with_capacity(names.len().max(1));
        let mut unreadable = names.is_empty();
        for name in names {
            match TimeZone::get(name) {
                Ok(zone) => zones.push((zone, hours)),
                Err(_) => unreadable = true,
            }
        }
        if unreadable {
            // house: an unknown zone is every zone of the contiguous states.
            let zone = TimeZone::get(EASTERN).unwrap_or(TimeZone::UTC);
            zones.push((zone, narrow(UNKNOWN_ZONE, hours)));
        }
        let solicitation = purpose == Purpose::Marketing;
        let homes = patient.map_or(&[][..], |p| p.states.as_slice());
        let practice = facts.tenant.state.as_deref().filter(|_| homes.is_empty());
        // Who cannot tell where the patient lives keeps the hours of every state.
        let anywhere = patient.is_some_and(|p| p.unknown_state) || (homes.is_empty() && practice.is_none());
        // Who sells to a number sells into the state of its area code, wherever the record says that the patient lives.
        let points = patient.filter(|_| solicitation).map_or(&[][..], |p| &p.points);
        let called = points.iter().filter_map(|point| state_of_number(point.value.reveal()));
        let named = homes.iter().map(String::as_str).chain(practice).chain(called);
        let states = match anywhere {
            true => SOLICITATION_HOURS.iter().collect(),
            false => named.filter_map(solicitation_hours).collect(),
        };
        Self { zones, states, solicitation }
    }

    /// When the window is open, from `from` on.
    pub(crate) fn opening(&self, from: Timestamp) -> Opening {
        let mut at = from;
        for _ in 0..TRIES {
            let mut next = at;
            for (zone, hours) in &self.zones {
                match self.opening_in(zone, *hours, at) {
                    Some(opens) => next = next.max(opens),
                    None => return Opening::Never,
                }
            }
            if next == at {
                return if at == from { Opening::Open } else { Opening::At(at) };
            }
            at = next;
        }
        Opening::Never
    }

    /// When the window and the `hours` of a contact point are open together, from `from` on: the hours count by every clock the patient may
    /// live by, as the window does.
    pub(crate) fn opening_within(&self, hours: &[AvailableTime], from: Timestamp) -> Opening {
        let mut at = from;
        for _ in 0..TRIES {
            let mut next = match self.opening(at) {
                Opening::Open => at,
                Opening::At(opens) => opens,
                Opening::Never => return Opening::Never,
            };
            for (zone, _) in &self.zones {
                match available_in(zone, hours, next) {
                    Some(opens) => next = opens,
                    None => return Opening::Never,
                }
            }
            if next == at {
                return if at == from { Opening::Open } else { Opening::At(at) };
            }
            at = next;
        }
        Opening::Never
    }

    /// When the hours of a contact point that are open at `at` end, by the first of the clocks that reaches their end.
    pub(crate) fn closing_within(&self, hours: &[AvailableTime], at: Timestamp) -> Option<Timestamp> {
        let ends = self.zones.iter().filter_map(|(zone, _)| {
            let local = zone.to_datetime(at);
            let end = hours.iter().filter(|span| is_inside(span, local)).map(|span| span.to_minute).max()?;
            let midnight = zone.to_timestamp(local.date().to_datetime(Time::midnight())).ok()?;
            midnight.checked_add(SignedDuration::from_mins(i64::from(end))).ok()
        });
        ends.min()
    }

    /// Whether only state hours, or the hours of the day for offers, keep the window closed at `at`.
    pub(crate) fn is_open_but_for_state_hours(&self, at: Timestamp) -> bool {
        let inside = |zone: &TimeZone, hours: Hours| {
            let local = zone.to_datetime(at).time();
            hours.0 <= local && local < hours.1
        };
        (!self.states.is_empty() || self.solicitation) && self.zones.iter().all(|(zone, hours)| inside(zone, *hours))
    }

    /// The first instant not before `at` at which the window is open in `zone`.
    fn opening_in(&self, zone: &TimeZone, hours: Hours, at: Timestamp) -> Option<Timestamp> {
        let local = zone.to_datetime(at);
        let mut date = local.date();
        for ahead in 0..8 {
            let (from, to) = self.hours_on(date, hours);
            if from < to {
                let today = ahead == 0;
                if today && from <= local.time() && local.time() < to {
                    return Some(at);
                }
                if !today || local.time() < from {
                    // In a gap the later, in a fold the earlier instant: both are inside the window.
                    return zone.to_timestamp(date.to_datetime(from)).ok().filter(|opens| *opens > at);
                }
            }
            date = date.checked_add(1.day()).ok()?;
        }
        None
    }

    /// When a window that is open at `at` closes: as soon as the day's hours end in one of the zones.
    pub(crate) fn closing(&self, at: Timestamp) -> Option<Timestamp> {
        let closes = self.zones.iter().filter_map(|(zone, hours)| {
            let date = zone.to_datetime(at).date();
            let (_, to) = self.hours_on(date, *hours);
            // Where the clocks change at that very hour, the earlier instant.
            zone.to_ambiguous_timestamp(date.to_datetime(to)).earlier().ok()
        });
        closes.min()
    }

    fn hours_on(&self, date: Date, hours: Hours) -> Hours {
        let day = date.weekday();
        let mut hours = hours;
        for state in &self.states {
            let own = match day {
                Weekday::Sunday => state.sunday,
                Weekday::Saturday => state.saturday,
                _ => state.weekday,
            };
            hours = narrow(hours, own);
        }
        if self.solicitation && self.bars_offers(date) {
            return CLOSED;
        }
        if self.solicitation && day == Weekday::Sunday {
            hours = narrow(hours, (OFFERS_SUNDAY_FROM, OFFERS_SUNDAY_TO));
        }
        hours
    }

    /// Whether one of the states bars offers on this day.
    fn bars_offers(&self, date: Date) -> bool {
        let on_sundays = date.weekday() == Weekday::Sunday && self.states.iter().any(|state| !state.offers_on_sunday);
        on_sundays || (self.states.iter().any(|state| !state.offers_on_holidays) && is_holiday(date))
    }
}

/// Whether a local time lies in a span of hours.
fn is_inside(span: &AvailableTime, local: DateTime) -> bool {
    let minute = i16::from(local.hour()) * 60 + i16::from(local.minute());
    span.day == local.date().weekday().to_monday_one_offset() && span.from_minute <= minute && minute < span.to_minute
}

/// The first instant not before `at` that lies in the hours, in `zone`.
fn available_in(zone: &TimeZone, hours: &[AvailableTime], at: Timestamp) -> Option<Timestamp> {
    let local = zone.to_datetime(at);
    if hours.iter().any(|span| is_inside(span, local)) {
        return Some(at);
    }
    let mut date = local.date();
    for _ in 0..8 {
        let day = date.weekday().to_monday_one_offset();
        let begins = hours.iter().filter(|span| span.day == day).filter_map(|span| {
            let hour = i8::try_from(span.from_minute / 60).ok()?;
            let begin = Time::new(hour, i8::try_from(span.from_minute % 60).ok()?, 0, 0).ok()?;
            zone.to_timestamp(date.to_datetime(begin)).ok().filter(|begins| *begins > at)
        });
        if let Some(first) = begins.min() {
            return Some(first);
        }
        date = date.checked_add(1.day()).ok()?;
    }
    None
}

/// The hours that a patient wants, as times. Hours that are none close the window: a person must look.
fn hours_wanted(wanted: WantedHours) -> Hours {
    let hour = |hour: i8| Time::new(hour, 0, 0, 0).unwrap_or(Time::midnight());
    (hour(wanted.from), hour(wanted.to))
}

/// The hours both windows have in common; empty when `from >= to`.
pub(crate) fn narrow(a: Hours, b: Hours) -> Hours {
    (a.0.max(b.0), a.1.min(b.1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::time;

    fn window(zones: &[&str]) -> Window {
        let zones = zones.iter().map(|z| (TimeZone::get(z).unwrap(), DEFAULT)).collect();
        Window { zones, states: vec![], solicitation: false }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn it_is_open_only_when_it_is_open_in_every_zone() {
        let both = window(&["America/New_York", "America/Los_Angeles"]);
        // 09:30 in New York is 06:30 in Los Angeles.
        assert_eq!(both.opening(at("2026-12-01T14:30:00Z")), Opening::At(at("2026-12-01T17:00:00Z")));
        assert_eq!(both.opening(at("2026-12-01T18:00:00Z")), Opening::Open);
        // 20:00 in New York closes it, though Los Angeles has 17:00.
        assert_eq!(both.opening(at("2026-12-02T01:00:00Z")), Opening::At(at("2026-12-02T17:00:00Z")));
    }

    #[test]
    fn the_hour_it_closes_is_closed_and_the_hour_it_opens_is_open() {
        let new_york = window(&["America/New_York"]);
        assert_eq!(new_york.opening(at("2026-12-01T14:00:00Z")), Opening::Open);
        assert_eq!(new_york.opening(at("2026-12-02T00:59:59Z")), Opening::Open);
        assert_eq!(new_york.opening(at("2026-12-02T01:00:00Z")), Opening::At(at("2026-12-02T14:00:00Z")));
    }

    #[test]
    fn it_opens_at_nine_local_time_on_both_sides_of_a_clock_change() {
        let new_york = window(&["America/New_York"]);
        // Clocks go forward on 2027-03-14 and back on 2026-11-01.
        assert_eq!(new_york.opening(at("2027-03-13T12:00:00Z")), Opening::At(at("2027-03-13T14:00:00Z")));
        assert_eq!(new_york.opening(at("2027-03-14T06:00:00Z")), Opening::At(at("2027-03-14T13:00:00Z")));
        assert_eq!(new_york.opening(at("2026-11-01T05:30:00Z")), Opening::At(at("2026-11-01T14:00:00Z")));
        // Arizona keeps its clocks.
        assert_eq!(
            window(&["America/Phoenix"]).opening(at("2027-03-14T12:00:00Z")),
            Opening::At(at("2027-03-14T16:00:00Z"))
        );
    }

    #[test]
    fn stricter_state_hours_narrow_it() {
        let texas = Window {
            zones: vec![(TimeZone::get("America/Chicago").unwrap(), DEFAULT)],
            states: solicitation_hours("TX").into_iter().collect(),
            solicitation: false,
        };
        // 2026-12-06 is a Sunday: 10:00 local waits for noon.
        assert_eq!(texas.opening(at("2026-12-06T16:00:00Z")), Opening::At(at("2026-12-06T18:00:00Z")));
    }

    #[test]
    fn offers_skip_a_sunday_on_which_a_state_bars_them() {
        let mut florida = window(&["America/New_York"]);
        florida.states.extend(solicitation_hours("FL"));
        // 2026-12-06 is a Sunday: a reminder goes, an offer waits for Monday.
        assert_eq!(florida.opening(at("2026-12-06T18:00:00Z")), Opening::Open);
        florida.solicitation = true;
        assert_eq!(florida.opening(at("2026-12-06T18:00:00Z")), Opening::At(at("2026-12-07T14:00:00Z")));
    }

    #[test]
    fn offers_skip_a_holiday_where_a_state_bars_them_and_the_day_on_which_one_is_kept() {
        let mut alabama = window(&["America/Chicago"]);
        alabama.states.extend(solicitation_hours("AL"));
        alabama.solicitation = true;
        // Thanksgiving, 2026-11-26, and Independence Day, which is a Saturday in 2026 and kept on Friday.
        assert_eq!(alabama.opening(at("2026-11-26T16:00:00Z")), Opening::At(at("2026-11-27T15:00:00Z")));
        assert_eq!(alabama.opening(at("2026-07-03T16:00:00Z")), Opening::At(at("2026-07-06T14:00:00Z")));
        alabama.solicitation = false;
        assert_eq!(alabama.opening(at("2026-11-26T16:00:00Z")), Opening::Open);
        let mut texas = window(&["America/Chicago"]);
        texas.states.extend(solicitation_hours("TX"));
        texas.solicitation = true;
        assert_eq!(texas.opening(at("2026-11-26T16:00:00Z")), Opening::Open);
    }

    #[test]
    fn of_two_states_the_stricter_hours_count_at_both_ends() {
        let mut both = window(&["America/New_York"]);
        both.states.extend(["KY", "RI"].into_iter().filter_map(solicitation_hours));
        both.solicitation = true;
        assert_eq!(both.opening(at("2026-12-01T14:30:00Z")), Opening::At(at("2026-12-01T15:00:00Z")));
        assert_eq!(both.opening(at("2026-12-01T23:00:00Z")), Opening::At(at("2026-12-02T15:00:00Z")));
    }

    #[test]
    fn the_hours_of_a_contact_point_open_with_the_window_and_in_every_zone() {
        let new_york = window(&["America/New_York"]);
        let evenings: Vec<AvailableTime> =
            (1..=5).map(|day| AvailableTime { day, from_minute: 17 * 60, to_minute: 23 * 60 }).collect();
        // 2026-12-01 is a Tuesday: at 10:00 it waits for 17:00, at 20:30 for the next day, and on Friday evening for Monday.
        let opening = |text: &str| new_york.opening_within(&evenings, at(text));
        assert_eq!(opening("2026-12-01T15:00:00Z"), Opening::At(at("2026-12-01T22:00:00Z")));
        assert_eq!(opening("2026-12-01T23:00:00Z"), Opening::Open);
        assert_eq!(opening("2026-12-02T01:30:00Z"), Opening::At(at("2026-12-02T22:00:00Z")));
        assert_eq!(opening("2026-12-05T01:30:00Z"), Opening::At(at("2026-12-07T22:00:00Z")));
        assert_eq!(new_york.closing_within(&evenings, at("2026-12-01T23:00:00Z")), Some(at("2026-12-02T04:00:00Z")));
        let both = window(&["America/New_York", "America/Los_Angeles"]);
        assert_eq!(both.opening_within(&evenings, at("2026-12-01T23:00:00Z")), Opening::Never);
        assert_eq!(new_york.opening_within(&[], at("2026-12-01T23:00:00Z")), Opening::Never);
    }

    #[test]
    fn hours_without_a_common_hour_never_open() {
        let mut closed = window(&["America/New_York"]);
        closed.zones = vec![(TimeZone::get("America/New_York").unwrap(), (time(15, 0, 0, 0), time(15, 0, 0, 0)))];
        assert_eq!(closed.opening(at("2026-12-01T14:30:00Z")), Opening::Never);
    }
}
