//! FHIR dates: `2026`, `2026-02`, `2026-02-01`, `2026-02-01T10:00:00-05:00`. One without a zone is a span, because it
//! begins and ends at other instants in other places.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

/// A FHIR date, dateTime or instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// An instant.
    Exact(Timestamp),
    /// A time of day somewhere.
    Local(DateTime),
    /// Whole days somewhere: the first, and the one after the last.
    Days(Date, Date),
}

/// Reads a FHIR date, dateTime or instant.
#[must_use]
pub fn parse(text: &str) -> Option<Moment> {
    let digits = |part: &str, n: usize| part.len() == n && part.bytes().all(|b| b.is_ascii_digit());
    if let Some((date, _)) = text.split_once('T') {
        if date.len() != 10 {
            return None;
        }
        if let Ok(at) = text.parse::<Timestamp>() {
            return Some(Moment::Exact(at));
        }
        return text.parse::<DateTime>().ok().map(Moment::Local);
    }
    let mut parts = text.split('-');
    let (year, month, day) = (parts.next()?, parts.next(), parts.next());
    if parts.next().is_some() || !digits(year, 4) || ![month, day].into_iter().flatten().all(|p| digits(p, 2)) {
        return None;
    }
    let number = |part: Option<&str>| part.map_or(Some(1), |p| p.parse::<i8>().ok());
    let first = Date::new(year.parse().ok()?, number(month)?, number(day)?).ok()?;
    let span = match (month, day) {
        (_, Some(_)) => Span::new().try_days(1),
        (Some(_), None) => Span::new().try_months(1),
        (None, None) => Span::new().try_years(1),
    };
    Some(Moment::Days(first, first.checked_add(span.ok()?).ok()?))
}

/// The zones in which a moment without one may be meant.
#[derive(Debug, Clone)]
pub struct Calendar {
    zones: Vec<TimeZone>,
}

impl Calendar {
    /// For IANA zone names. None that is known = every zone of the United States and its territories.
    #[must_use]
    pub fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut zones: Vec<TimeZone> = names.into_iter().filter_map(|name| TimeZone::get(name).ok()).collect();
        if zones.is_empty() {
            zones = ["Pacific/Guam", "Pacific/Pago_Pago"].iter().filter_map(|name| TimeZone::get(name).ok()).collect();
        }
        if zones.is_empty() {
            zones.push(TimeZone::UTC);
        }
        Self { zones }
    }

    fn instants(&self, at: DateTime) -> impl Iterator<Item = Timestamp> {
        self.zones.iter().filter_map(move |zone| zone.to_ambiguous_timestamp(at).compatible().ok())
    }

    fn bounds(&self, moment: Moment, end: bool) -> Option<(Timestamp, Timestamp)> {
        let at = match moment {
            Moment::Exact(at) => return Some((at, at)),
            Moment::Local(at) => at,
            Moment::Days(first, after) => (if end { after } else { first }).to_datetime(jiff::civil::Time::midnight()),
        };
        Some((self.instants(at).min()?, self.instants(at).max()?))
    }

    /// When the moment begins: earliest and latest.
    #[must_use]
    pub fn begin(&self, text: &str) -> Option<(Timestamp, Timestamp)> {
        self.bounds(parse(text)?, false)
    }

    /// When the moment is over, its last day included: earliest and latest.
    #[must_use]
    pub fn end(&self, text: &str) -> Option<(Timestamp, Timestamp)> {
        self.bounds(parse(text)?, true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fhir_precision_is_read_and_nothing_else() {
        for good in ["2026", "2026-02", "2026-02-28", "2026-02-01T10:00:00Z", "2026-02-01T10:00:00.123-05:00"] {
            assert!(parse(good).is_some(), "{good}");
        }
        for bad in
            ["", "26", "2026-13", "2026-02-30", "2026/02/01", "02-01-2026", "2026-2-1", "yesterday", "2026T10:00"]
        {
            assert!(parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_day_without_a_zone_ends_when_it_ends_where_the_patient_is() {
        let new_york = Calendar::new(["America/New_York"]);
        let (earliest, latest) = new_york.end("2026-12-01").unwrap();
        assert_eq!(earliest.to_string(), "2026-12-02T05:00:00Z");
        assert_eq!(earliest, latest);
    }

    #[test]
    fn with_no_zone_known_the_day_is_as_wide_as_the_country() {
        let (earliest, latest) = Calendar::new([]).begin("2026-12-01").unwrap();
        assert_eq!(earliest.to_string(), "2026-11-30T14:00:00Z");
        assert_eq!(latest.to_string(), "2026-12-01T11:00:00Z");
    }
}
