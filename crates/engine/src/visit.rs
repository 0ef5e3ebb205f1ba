//! The visit that a reminder without an event reminds of: its time is in the text's own data, and that is enough to see that
//! there is nothing left to remind of (SYS-04).

use crate::wire::Request;
use jiff::Timestamp;
use jiff::civil::{DateTime, time};
use jiff::tz::TimeZone;
use postern_base::Purpose;
use postern_gate::Fact;
use postern_gate::facts::{Event, EventStatus, Patient};

/// house: where the patient's zone is not on record, the last of the states to reach an hour decides: a reminder is refused
/// for being late only when it is late everywhere.
const LAST_TO_REACH_AN_HOUR: &str = "Pacific/Honolulu";

/// `event`, or, for a reminder that names none, the visit whose local time stands in the data of its template.
pub(crate) fn named_or_told(event: Fact<Event>, request: &Request, patient: &Fact<Patient>) -> Fact<Event> {
    if request.event.is_some() || request.purpose != Purpose::AppointmentReminder {
        return event;
    }
    match begins(request, patient) {
        Some(at) => Fact::Known(Event::new(String::new(), EventStatus::Active, Some(at))),
        None => event,
    }
}

/// The latest time told, in the last of the patient's zones to reach it.
fn begins(request: &Request, patient: &Fact<Patient>) -> Option<Timestamp> {
    let data = &request.template.as_ref()?.data;
    let local = data.values().filter_map(|text| local(text)).max()?;
    let zones = patient.known().map(|patient| patient.zones.as_slice()).unwrap_or_default();
    let instant = |zone: &str| {
        let zone = TimeZone::get(zone).ok()?;
        local.to_zoned(zone).ok().map(|at| at.timestamp())
    };
    zones.iter().filter_map(|zone| instant(zone)).max().or_else(|| instant(LAST_TO_REACH_AN_HOUR))
}

/// A local date and time as templates take them; a date alone means until its end.
fn local(text: &str) -> Option<DateTime> {
    let told: DateTime = text.parse().ok()?;
    let date_only = text.len() == "2026-12-04".len();
    Some(if date_only { told.date().to_datetime(time(23, 59, 59, 0)) } else { told })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_lasts_until_its_end_and_other_texts_are_no_time() {
        assert_eq!(local("2026-12-04T14:00").unwrap().to_string(), "2026-12-04T14:00:00");
        assert_eq!(local("2026-12-04").unwrap().to_string(), "2026-12-04T23:59:59");
        for text in ["12 Main St", "482913", "120.00", ""] {
            assert_eq!(local(text), None, "{text}");
        }
    }
}
