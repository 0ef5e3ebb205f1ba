//! Information blocking.

use crate::candidate::Candidate;
use crate::finding::{Finding, ask, deny, later};
use crate::remedy::Remedy;
use crate::rules::{Ground, Rule, SourceRead};
use crate::view::View;
use jiff::SignedDuration;
use postern_base::Purpose;

/// 42 USC 300jj-52 and 45 CFR 171.103: delaying access to results is information blocking unless law asks for it or an
/// exception fits (45 CFR 171.203 to 171.205 can cover all results for a time); a rule that holds all results for some days
/// without one is neither.
pub(crate) const BLANKET_HOLD: Rule = Rule {
    id: "IB-01",
    citation: "45 CFR 171.103",
    ground: Ground::Law,
    read: SourceRead::FromKnowledge,
    asks: "No policy holds all results back, unless under a recorded exception with an end.",
    check: blanket_hold,
};

fn blanket_hold(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    if let Some(defect) = view.policy.defects.iter().find(|defect| defect.rule == BLANKET_HOLD.id) {
        return deny(defect.sentence.clone()).lifted_by(&[Remedy::MendPolicy]).and_alert();
    }
    let Some(hold) = view.policy.results_hold.filter(|hold| view.start < hold.until) else {
        return Finding::NotApplicable;
    };
    let machine = candidate.has_body() && !candidate.channel.is_human_task();
    if view.request.purpose != Purpose::TestResult || !machine {
        return Finding::NotApplicable;
    }
    let days = SignedDuration::from_hours(24 * i64::from(hold.days));
    let Some(opens) = view.event.and_then(|event| event.at).and_then(|at| at.checked_add(days).ok()) else {
        return ask("The practice holds results for a time, and nobody recorded when this one became final.");
    };
    Finding::when(opens <= view.start, || {
        later(
            opens.min(hold.until),
            "The practice holds all results for a time, under a recorded exception to information blocking.",
        )
        .and_alert()
    })
}

#[cfg(test)]
mod tests {
    use crate::fact::Fact;
    use crate::facts::{Event, EventStatus, ResultClass};
    use crate::policy::ResultsHold;
    use crate::sample::{Case, refused_by};
    use postern_base::Channel;

    fn held(until: &str) -> Case {
        let mut case = Case::result();
        let until = until.parse().unwrap();
        case.policy.results_hold = Some(ResultsHold { days: 3, exception: "infeasibility", until });
        case.request.event = Some("DiagnosticReport/d1".into());
        case.facts.event = Fact::Known(Event {
            reference: "DiagnosticReport/d1".into(),
            status: EventStatus::Active,
            at: Some("2026-11-30T18:00:00Z".parse().unwrap()),
            result_class: Some(ResultClass::Other),
            clinician_release: None,
            labels: vec![],
            hold: None,
        });
        case
    }

    #[test]
    fn a_hold_under_an_exception_defers_the_result_and_says_so() {
        let case = held("2027-01-01T00:00:00Z");
        let decision = case.decide();
        assert!(refused_by(&case, Channel::Portal, "IB-01"));
        let portal = decision.deliveries.iter().find(|d| d.channel == Channel::Portal).unwrap();
        assert_eq!(portal.not_before, Some("2026-12-03T18:00:00Z".parse().unwrap()));
        assert!(decision.alerts.iter().any(|alert| alert.rule == "IB-01"));
    }

    #[test]
    fn when_the_exception_is_over_nothing_is_held() {
        assert_eq!(held("2026-12-01T00:00:00Z").decide().outcome.as_str(), "send");
        let sooner = held("2026-12-02T00:00:00Z").decide();
        assert!(sooner.deliveries.iter().all(|d| d.not_before <= Some("2026-12-02T14:00:00Z".parse().unwrap())));
    }
}
