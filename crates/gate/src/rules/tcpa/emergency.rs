//! Emergencies.

use crate::candidate::Candidate;
use crate::finding::Finding;
use crate::rules::scope::{Given, Scope};
use crate::rules::{Effective, Ground, Rule, SourceRead};
use crate::view::View;
use postern_base::Urgency;

/// 47 USC 227(b)(1)(A), 47 CFR 64.1200(f)(4): calls "made necessary in any situation affecting the health and safety" need no
/// consent; 45 CFR 164.312(a)(2)(ii): who breaks the glass is named, and reviewed.
pub(crate) const EMERGENCY: Rule = Rule {
    id: "TCP-17",
    citation: "47 CFR 64.1200(f)(4)",
    ground: Ground::Law,
    read: SourceRead::Read,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "Only a named human who breaks the glass, for a time and a reason, makes the rules of consent, hours and caps step back.",
    scope: Scope::MESSAGE.with(Given::Emergency),
    check: emergency,
};

fn emergency(view: &View<'_>, _candidate: &Candidate<'_>) -> Finding {
    if view.emergency {
        return Finding::Alerts("A named person broke the glass; the privacy officer reviews it afterwards.".into());
    }
    if view.request.urgency == Urgency::Emergency {
        return Finding::Alerts(
            "An emergency was declared without a valid break-glass by a named person; the ordinary rules apply.".into(),
        );
    }
    // Who broke the glass for no emergency made nothing step back.
    if view.request.break_glass.is_some() { Finding::Satisfied } else { Finding::NotApplicable }
}

#[cfg(test)]
mod tests {
    use crate::sample::{Case, refused_by, sends};
    use jiff::ToSpan;
    use postern_base::{Channel, Urgency};

    #[test]
    fn only_a_named_human_within_their_time_lifts_the_rules() {
        let mut case = Case::reminder_by_sms();
        case.consents().clear();
        case.patient().points.iter_mut().for_each(|p| p.source = crate::fact::Fact::recorded(None));
        case.request.urgency = Urgency::Emergency;
        assert!(refused_by(&case, Channel::Sms, "TCP-01"));
        case.break_glass();
        assert!(sends(&case, Channel::Sms));
        for nobody in ["", " ", "\u{200b}", "x", "?!"] {
            let mut case = case.clone();
            case.request.break_glass.as_mut().unwrap().actor = nobody.into();
            assert!(refused_by(&case, Channel::Sms, "TCP-01"), "{nobody:?}");
        }
        for origin in postern_base::Origin::ALL {
            let mut case = case.clone();
            case.request.origin = *origin;
            let human = *origin == postern_base::Origin::Staff;
            assert_eq!(sends(&case, Channel::Sms), human, "{origin}");
            assert_eq!(refused_by(&case, Channel::Sms, "TCP-01"), !human, "{origin}");
        }
        case.facts.now = case.facts.now.checked_add(2.hours()).unwrap();
        assert!(refused_by(&case, Channel::Sms, "TCP-01"));
    }
}
