//! Hours and frequency.

use crate::candidate::Candidate;
use crate::finding::{Finding, ask, later, require};
use crate::rules::scope::Scope;
use crate::rules::{Effective, Ground, Rule, SourceRead, Waiver};
use crate::view::View;
use crate::window::Opening;
use jiff::SignedDuration;
use postern_base::Purpose;

fn bound(view: &View<'_>, candidate: &Candidate<'_>) -> bool {
    view.binds(candidate.channel) && view.window_binds_at(candidate.address)
}

/// 47 CFR 64.1200(c)(1): no telephone solicitation "before the hour of 8 a.m. or after 9 p.m. (local time at the called
/// party's location)". house: 09:00 to 20:00 and the stricter state hours of RULES 7.2, for every automated message.
pub(crate) const HOURS: Rule = Rule {
    id: "TCP-06",
    citation: "47 CFR 64.1200(c)(1)",
    ground: Ground::Law,
    read: SourceRead::SecondHand,
    effective: Effective::ALWAYS,
    waived_by: &[Waiver::Emergency, Waiver::Formality, Waiver::LiveCall, Waiver::Answer],
    asks: "Automated messages, and calls to sell whoever makes them, go only inside the sending window; others wait for its next opening.",
    scope: Scope::BOUND,
    check: hours,
};

fn hours(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    if !bound(view, candidate) {
        return Finding::NotApplicable;
    }
    match view.first_opening() {
        Opening::Open => Finding::Satisfied,
        Opening::At(opens) => later(
            opens,
            "It is outside the hours in which messages may reach the patient; it waits for the next opening.",
        ),
        Opening::Never => require(
            "The patient's time zones and the sending hours have no hour in common; a person must reach the patient.",
        )
        .for_good("No hour is lawful in every zone and inside the practice's hours; a person reaches the patient."),
    }
}

/// house: the patient's local time is every zone that the records make plausible; all of them must be inside the window.
pub(crate) const EVERY_ZONE: Rule = Rule {
    id: "TCP-07",
    citation: "house",
    ground: Ground::House,
    read: SourceRead::Own,
    effective: Effective::ALWAYS,
    waived_by: &[Waiver::Emergency, Waiver::Formality, Waiver::LiveCall, Waiver::Answer],
    asks: "The window holds in every zone the patient may be in; where none is known, from 11:00 to 20:00 Eastern, and abroad a person decides.",
    scope: Scope::BOUND,
    check: every_zone,
};

fn every_zone(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    if !bound(view, candidate) {
        return Finding::NotApplicable;
    }
    if view.patient.is_some_and(|patient| patient.unknown_clock) {
        return ask("The patient, or a number of theirs, is abroad, and the time zone is not on record; a person chooses the hour.")
            .for_good("A time zone that is not on record cannot be supposed; record it, or reach the patient by a person.");
    }
    let unknown = view.patient.is_none_or(|patient| patient.zones.is_empty());
    match view.first_opening() {
        Opening::At(opens) if unknown => later(
            opens,
            "The patient's time zone is not on record, so the message waits for hours that suit every zone.",
        ),
        Opening::Open | Opening::At(_) | Opening::Never => Finding::Satisfied,
    }
}

/// State laws on solicitation hours (RULES 7.2; secondary sources, counsel must verify each): the stricter row is used for
/// every automated message, and offers wait for Sunday noon.
pub(crate) const STATE_HOURS: Rule = Rule {
    id: "TCP-08",
    citation: "state law: solicitation hours",
    ground: Ground::Law,
    read: SourceRead::SecondHand,
    effective: Effective::ALWAYS,
    waived_by: &[Waiver::Emergency, Waiver::Formality, Waiver::LiveCall, Waiver::Answer],
    asks: "Where the patient's state has stricter hours, those are kept.",
    scope: Scope::BOUND,
    check: state_hours,
};

fn state_hours(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    if !bound(view, candidate) {
        return Finding::NotApplicable;
    }
    match view.first_opening() {
        Opening::At(opens) if view.is_open_but_for_state_hours() => {
            later(opens, "The patient's state, or the day, has stricter hours; the message waits for them.")
        }
        Opening::Open | Opening::At(_) | Opening::Never => Finding::Satisfied,
    }
}

/// State solicitation laws (Fla. Stat. 501.616, Md., Okla., N.J.): three a day on one subject; applied everywhere.
pub(crate) const MARKETING_CAP: Rule = Rule {
    id: "TCP-09",
    citation: "state law: Fla. Stat. 501.616",
    ground: Ground::Law,
    read: SourceRead::SecondHand,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "No more than three marketing messages in 24 hours.",
    scope: Scope::BOUND.when(Purpose::Marketing),
    check: marketing_cap,
};

fn marketing_cap(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    if view.purpose != Purpose::Marketing || !view.binds(candidate.channel) {
        return Finding::NotApplicable;
    }
    let Some(history) = view.history else { return Finding::NotApplicable };
    let day = SignedDuration::from_hours(24);
    let ends = |at: jiff::Timestamp| at.checked_add(day).ok().filter(|end| *end > view.start);
    let mut recent: Vec<_> = history
        .deliveries
        .iter()
        .filter(|d| d.purpose == Purpose::Marketing && d.counts())
        .filter_map(|d| ends(d.at))
        .collect();
    recent.sort_unstable();
    let most = view.policy.caps.offers_per_day;
    if most == 0 {
        return require("The practice's policy allows no offers.").for_good("The practice decided so in its policy.");
    }
    match recent.len().checked_sub(most).and_then(|index| recent.get(index)) {
        Some(until) => later(*until, "The patient has had as many offers as a day allows; it waits."),
        None => Finding::Satisfied,
    }
}

#[cfg(test)]
mod tests {
    use crate::facts::{PastDelivery, WantedHours};
    use crate::sample::{Case, address, refused_by, sends};
    use jiff::SignedDuration;
    use postern_base::{Channel, Origin, Purpose, Urgency};

    fn at(time: &str) -> Case {
        let mut case = Case::reminder_by_sms();
        case.facts.now = time.parse().unwrap();
        case
    }

    #[test]
    fn what_a_person_calls_urgent_care_goes_at_night_and_nothing_else_that_is_called_so() {
        let waits = |purpose, origin, urgency| {
            let mut case = at("2026-12-02T07:00:00Z");
            (case.request.purpose, case.request.origin, case.request.urgency) = (purpose, origin, urgency);
            refused_by(&case, Channel::Sms, "TCP-06")
        };
        assert!(!waits(Purpose::FollowUp, Origin::Staff, Urgency::Urgent));
        assert!(waits(Purpose::FollowUp, Origin::Staff, Urgency::Routine));
        assert!(waits(Purpose::FollowUp, Origin::Bulk, Urgency::Urgent));
        assert!(waits(Purpose::FollowUp, Origin::Api, Urgency::Urgent));
        for purpose in [Purpose::AppointmentReminder, Purpose::Billing, Purpose::Survey] {
            assert!(waits(purpose, Origin::Staff, Urgency::Urgent), "{purpose}");
        }
    }

    #[test]
    fn who_asks_at_night_is_answered_at_once_and_neither_later_nor_twice_nor_with_an_offer() {
        let answer = |minutes: i64, change: fn(&mut Case)| {
            let mut case = at("2026-12-02T03:05:00Z");
            let asked_at = case.facts.now - SignedDuration::from_mins(minutes);
            case.hears(asked_at, Channel::Sms, "+12125550101", "When is my visit?");
            (case.request.origin, case.request.in_reply_to) = (Origin::Reply, Some(0));
            change(&mut case);
            refused_by(&case, Channel::Sms, "TCP-06")
        };
        assert!(!answer(5, |_| ()));
        assert!(answer(6, |_| ()));
        assert!(answer(5, |case| case.request.origin = Origin::Api), "a program that answers nobody");
        assert!(answer(5, |case| case.request.purpose = Purpose::Marketing));
        assert!(answer(5, |case| {
            let (at, point) = (case.facts.now, address("+12125550101"));
            let (channel, purpose) = (Channel::Sms, Purpose::AppointmentReminder);
            case.history().deliveries.push(PastDelivery {
                at,
                channel,
                point,
                purpose,
                automated: true,
                outcome: None,
            });
        }));
        let elsewhere = at("2026-12-02T03:05:00Z");
        assert!(refused_by(&elsewhere, Channel::Sms, "TCP-06"));
    }

    #[test]
    fn a_reminder_at_night_waits_for_the_morning() {
        let case = at("2026-12-02T02:30:00Z");
        let decision = case.decide();
        assert_eq!(decision.outcome.as_str(), "defer");
        assert_eq!(decision.deliveries[0].not_before, Some("2026-12-02T14:00:00Z".parse().unwrap()));
        assert!(refused_by(&case, Channel::Sms, "TCP-06"));
        assert!(sends(&at("2026-12-02T14:00:00Z"), Channel::Sms));
    }

    #[test]
    fn hours_that_the_patient_wants_narrow_the_window_and_never_widen_it() {
        let wanting = |time: &str, from, to| {
            let mut case = at(time);
            case.patient().wanted_hours = Some(WantedHours { from, to });
            case
        };
        // 10 in the morning in New York.
        let evening = wanting("2026-12-01T15:00:00Z", 17, 20);
        assert!(refused_by(&evening, Channel::Sms, "TCP-06"));
        assert_eq!(evening.decide().deliveries[0].not_before, Some("2026-12-01T22:00:00Z".parse().unwrap()));
        assert!(sends(&wanting("2026-12-01T22:30:00Z", 17, 20), Channel::Sms));
        // 9 in the evening: what the law and the window close stays closed.
        assert!(refused_by(&wanting("2026-12-02T02:30:00Z", 0, 23), Channel::Sms, "TCP-06"));
        let never = wanting("2026-12-01T15:00:00Z", 20, 20);
        assert_eq!(never.decide().outcome.as_str(), "hold", "no hour at all is for a person");
    }

    #[test]
    fn an_unknown_zone_waits_for_hours_that_suit_all() {
        let mut case = at("2026-12-01T15:00:00Z");
        case.patient().zones.clear();
        assert!(refused_by(&case, Channel::Sms, "TCP-07"));
        case.facts.now = "2026-12-01T16:00:00Z".parse().unwrap();
        assert!(sends(&case, Channel::Sms));
    }

    #[test]
    fn a_sunday_morning_in_texas_waits_for_noon() {
        let mut case = at("2026-12-06T16:00:00Z");
        case.patient().zones = vec!["America/Chicago".into()];
        assert!(sends(&case, Channel::Sms));
        case.patient().states = vec!["TX".into()];
        assert!(refused_by(&case, Channel::Sms, "TCP-08"));
    }

    #[test]
    fn a_code_the_patient_asked_for_comes_at_any_hour() {
        let mut case = at("2026-12-02T07:00:00Z");
        case.request.purpose = Purpose::OneTimeCode;
        case.speak_l0();
        assert!(sends(&case, Channel::Sms));
    }

    #[test]
    fn what_would_arrive_after_it_is_worthless_is_not_queued() {
        let mut case = at("2026-12-02T02:30:00Z");
        case.request.expires_at = Some("2026-12-02T10:00:00Z".parse().unwrap());
        let decision = case.decide();
        assert_eq!((decision.outcome.as_str(), decision.deliveries.len()), ("refuse", 0));
        assert!(refused_by(&case, Channel::Sms, "SYS-04"));
    }
}
