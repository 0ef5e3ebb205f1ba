//! Emergency access.

use crate::candidate::Candidate;
use crate::finding::Finding;
use crate::rules::scope::{Given, Scope};
use crate::rules::{Effective, Ground, Rule, SourceRead};
use crate::view::View;

/// 45 CFR 164.312(a)(2)(ii): "procedures for obtaining necessary electronic protected health information during an emergency":
/// who, why, until when, and a look at it afterwards. Whether all of that is there is asked once, where the facts are looked up
/// (`View::emergency`), because other rules step back for it too.
pub(crate) const BREAK_GLASS: Rule = Rule {
    id: "SEC-18",
    citation: "45 CFR 164.312(a)(2)(ii)",
    ground: Ground::Law,
    read: SourceRead::Read,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "Emergency access names who, why and until when, and is reviewed afterwards.",
    scope: Scope::MESSAGE.with(Given::Emergency),
    check: break_glass,
};

fn break_glass(view: &View<'_>, _candidate: &Candidate<'_>) -> Finding {
    if view.emergency {
        return Finding::Obliges(
            "Review this use of emergency access within one business day: who, why, until when, and what was said."
                .into(),
        );
    }
    // Whoever stands there at two in the morning is told what to mend.
    view.glass_fault().map_or(Finding::NotApplicable, |fault| Finding::Alerts(fault.into()))
}

#[cfg(test)]
mod tests {
    use crate::reference::BREAK_GLASS_LONGEST;
    use crate::sample::Case;
    use jiff::ToSpan;

    #[test]
    fn who_is_refused_at_night_is_told_what_to_mend() {
        let told = |change: fn(&mut Case)| {
            let mut case = Case::reminder_by_sms();
            case.break_glass();
            change(&mut case);
            case.decide()
                .alerts
                .iter()
                .filter(|one| one.rule == "SEC-18")
                .map(|one| one.sentence.to_string())
                .collect::<String>()
        };
        assert_eq!(told(|_| {}), "");
        assert!(
            told(|case| case.request.break_glass.as_mut().unwrap().actor = "Device/pump".into()).contains("`actor`")
        );
        assert!(told(|case| case.request.origin = postern_base::Origin::Api).contains("by a program"));
        assert!(
            told(|case| case.request.urgency = postern_base::Urgency::Urgent).contains("not declared an emergency")
        );
        assert!(
            told(|case| case.facts.now = case.request.break_glass.as_ref().unwrap().expires_at).contains("is over")
        );
    }

    #[test]
    fn a_glass_that_stays_open_for_longer_than_a_day_lifts_nothing_and_is_asked_about() {
        let reviewed = |seconds: i64| {
            let mut case = Case::reminder_by_sms();
            case.break_glass();
            let ends = case.facts.now.checked_add(BREAK_GLASS_LONGEST).unwrap().checked_add(seconds.seconds()).unwrap();
            case.request.break_glass.iter_mut().for_each(|glass| glass.expires_at = ends);
            let decision = case.decide();
            let says = |said: bool| usize::from(said);
            let duty = says(decision.obligations.iter().any(|duty| duty.rule == "SEC-18"));
            assert_eq!(duty + says(decision.alerts.iter().any(|alert| alert.rule == "SEC-18")), 1);
            duty == 1
        };
        assert!(reviewed(0) && !reviewed(1));
    }
}
