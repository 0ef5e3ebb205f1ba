//! The hours that the record gives for a contact point.

use crate::candidate::Candidate;
use crate::finding::{Finding, ask, later, require};
use crate::rules::scope::Scope;
use crate::rules::{Effective, Ground, Rule, SourceRead, Waiver};
use crate::view::View;
use crate::window::Opening;

/// 45 CFR 164.522(b) asks for the means and the place; house: the hours at a place as well, where the record says some.
pub(crate) const AVAILABLE: Rule = Rule {
    id: "HSE-05",
    citation: "house",
    ground: Ground::House,
    read: SourceRead::Own,
    effective: Effective::ALWAYS,
    waived_by: &[Waiver::Emergency, Waiver::Formality, Waiver::LiveCall],
    asks: "Where the record gives hours for a contact point, automated messages go there only in those.",
    scope: Scope::BOUND,
    check: available,
};

fn available(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    let bound = view.binds(candidate.channel) && !view.is_formality() && view.window_binds_at(candidate.address);
    let Some(point) = candidate.point.filter(|_| bound) else { return Finding::NotApplicable };
    match point.point.hours.known() {
        None => {
            return ask(
                "The record gives hours for this contact point that cannot be read; a person reads them first.",
            )
            .for_good("Hours that cannot be read cannot be supposed; have the record corrected.");
        }
        Some(hours) if hours.is_empty() => return Finding::NotApplicable,
        Some(_) => {}
    }
    match view.opening_at(Some(point), view.start) {
        Opening::Open => Finding::Satisfied,
        Opening::At(opens) => {
            later(opens, "The record gives hours for this contact point; the message waits for them.")
        }
        Opening::Never => require(
            "The hours of this contact point and the sending hours have no hour in common; a person must reach the patient.",
        )
        .for_good("No hour is both lawful and among those of this contact point; a person reaches the patient."),
    }
}

#[cfg(test)]
mod tests {
    use crate::fact::{Fact, Missing};
    use crate::facts::AvailableTime;
    use crate::sample::{Case, refused_by, sends};
    use postern_base::Channel;

    fn reachable(day: i8, from_minute: i16, to_minute: i16) -> Case {
        let mut case = Case::reminder_by_sms();
        let hours = Fact::Known(vec![AvailableTime { day, from_minute, to_minute }]);
        case.patient().points.iter_mut().for_each(|point| point.hours = hours.clone());
        case
    }

    #[test]
    fn a_message_waits_for_the_hours_of_its_contact_point() {
        // The sample decides on a Tuesday at 15:00 in New York.
        assert!(sends(&reachable(2, 14 * 60, 16 * 60), Channel::Sms));
        let evening = reachable(2, 18 * 60, 19 * 60).decide();
        assert_eq!(evening.outcome.as_str(), "defer");
        assert_eq!(evening.deliveries[0].not_before, Some("2026-12-01T23:00:00Z".parse().unwrap()));
        let wednesday = reachable(3, 10 * 60, 12 * 60).decide();
        assert_eq!(wednesday.deliveries[0].not_before, Some("2026-12-02T15:00:00Z".parse().unwrap()));
    }

    #[test]
    fn hours_at_night_and_hours_that_cannot_be_read_are_a_persons_to_solve() {
        assert_eq!(reachable(2, 60, 120).decide().outcome.as_str(), "hold");
        let mut case = Case::reminder_by_sms();
        case.patient().points.iter_mut().for_each(|point| point.hours = Fact::Unknown(Missing::Unreadable));
        assert!(refused_by(&case, Channel::Sms, "HSE-05"));
        assert_eq!(case.decide().outcome.as_str(), "hold");
    }
}
