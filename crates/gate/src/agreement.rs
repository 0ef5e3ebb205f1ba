//! Whether the agreement with a vendor covers the service that carries a message: 45 CFR 164.308(b)(1), by the practice's own clock.

use crate::facts::{AgreementStatus, Tenant, Vendor};
use crate::finding::Sentence;
use crate::view::Today;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// Why an agreement does not cover a vendor's service today.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Uncovered {
    /// It is a draft, or was ended.
    NotExecuted,
    /// It does not name the service.
    ServiceUnnamed,
    /// Nobody recorded its first day.
    BeginningUnknown,
    /// Nobody recorded its last day.
    EndUnknown,
    /// This is its first day.
    NotYet(Date),
    /// This was its last day.
    Over(Date),
}

impl Uncovered {
    /// Why, and what to do, for people.
    pub(crate) fn sentence(self) -> Sentence {
        match self {
            Self::NotExecuted => {
                "The agreement with the vendor of this channel is not executed, or was ended; have it signed first.".into()
            }
            Self::ServiceUnnamed => {
                "The agreement with the vendor of this channel does not name the service that carries it; have it named.".into()
            }
            Self::BeginningUnknown => {
                "The first day of the agreement with the vendor of this channel is not on record; record it.".into()
            }
            Self::EndUnknown => {
                "The last day of the agreement with the vendor of this channel is not on record; record it.".into()
            }
            Self::NotYet(first) => {
                format!("The agreement with the vendor of this channel begins on {first}; use another channel until then.").into()
            }
            Self::Over(last) => {
                format!("The agreement with the vendor of this channel ended on {last}; renew it or use another channel.").into()
            }
        }
    }
}

/// Why the agreement does not cover the service today; `None` = it does.
///
/// house: an agreement's days are days where the practice is, by each of its state's clocks; by every clock where the state is not known.
pub(crate) fn uncovered(tenant: &Tenant, row: &Vendor, now: Timestamp, anywhere: Today) -> Option<Uncovered> {
    match lack(row, anywhere) {
        // Only where the clocks of the world differ are the practice's looked up.
        Some(Uncovered::NotYet(_) | Uncovered::Over(_)) => lack(row, at_practice(tenant, now).unwrap_or(anywhere)),
        found => found,
    }
}

/// Whether an executed agreement covers a vendor's service now.
#[must_use]
pub fn covered(tenant: &Tenant, row: &Vendor, now: Timestamp) -> bool {
    uncovered(tenant, row, now, Today::at(now)).is_none()
}

/// The day it is by the earliest and the latest clock of the practice's state; `None` where they are not known.
fn at_practice(tenant: &Tenant, now: Timestamp) -> Option<Today> {
    let days = tenant.zones.iter().map(|name| Some(TimeZone::get(name).ok()?.to_datetime(now).date()));
    let days = days.collect::<Option<Vec<Date>>>()?;
    Some(Today { earliest: *days.iter().min()?, latest: *days.iter().max()? })
}

fn lack(row: &Vendor, today: Today) -> Option<Uncovered> {
    let agreement = &row.agreement;
    if agreement.status != AgreementStatus::Executed {
        return Some(Uncovered::NotExecuted);
    }
    if !agreement.services.contains(&row.service) {
        return Some(Uncovered::ServiceUnnamed);
    }
    match (agreement.effective, agreement.expires) {
        (None, _) => Some(Uncovered::BeginningUnknown),
        (_, None) => Some(Uncovered::EndUnknown),
        (Some(first), _) if today.earliest < first => Some(Uncovered::NotYet(first)),
        (_, Some(last)) => (last < today.latest).then_some(Uncovered::Over(last)),
    }
}

#[cfg(test)]
mod tests {
    use crate::sample::{Case, refused_by};
    use postern_base::{Channel, Purpose};

    /// Whether the texts of a practice with clocks `zones` are uncovered at an instant.
    fn uncovered(zones: &[&str], now: &str, change: fn(&mut crate::facts::Agreement)) -> bool {
        // A code goes at any hour; what waits for the morning is judged as of then.
        let mut case = Case::reminder_by_sms();
        case.request.purpose = Purpose::OneTimeCode;
        case.speak_l0();
        case.facts.now = now.parse().unwrap();
        case.facts.tenant.zones = zones.iter().map(|zone| (*zone).to_owned()).collect();
        change(&mut case.vendor(Channel::Sms).agreement);
        refused_by(&case, Channel::Sms, "SEC-12")
    }

    const NEW_YORK: &[&str] = &["America/New_York"];

    #[test]
    fn an_agreement_ends_at_midnight_where_the_practice_is() {
        let ends =
            |zones: &[&str], now: &str| uncovered(zones, now, |a| a.expires = Some("2026-12-01".parse().unwrap()));
        assert!(!ends(NEW_YORK, "2026-12-02T04:59:59Z"));
        assert!(ends(NEW_YORK, "2026-12-02T05:00:00Z"));
        assert!(ends(&[], "2026-12-02T00:00:00Z"), "by every clock where the practice's is not known");
        let two = ["America/New_York", "America/Chicago"];
        assert!(ends(&two, "2026-12-02T05:00:00Z"), "the first of two clocks ends it");
    }

    #[test]
    fn an_agreement_begins_at_midnight_where_the_practice_is() {
        let begins =
            |zones: &[&str], now: &str| uncovered(zones, now, |a| a.effective = Some("2026-12-02".parse().unwrap()));
        assert!(begins(NEW_YORK, "2026-12-02T04:59:59Z"));
        assert!(!begins(NEW_YORK, "2026-12-02T05:00:00Z"));
        assert!(begins(&["America/New_York", "America/Chicago"], "2026-12-02T05:00:00Z"), "the last of two begins it");
        assert!(begins(&["Mars/Olympus"], "2026-12-02T05:00:00Z"), "a clock that cannot be read is none");
    }
}
