//! What only says that something waits: never before, and never instead of, what it says.

use crate::candidate::{Candidate, PortalCopy};
use crate::finding::{Finding, require};
use crate::rules::scope::Scope;
use crate::rules::{Effective, Ground, Rule, SourceRead, Waiver};
use crate::view::View;
use postern_base::Channel;

/// house: a call back is asked for about a message that may be read. Where the message waits for a person (a clinician's release, a
/// translator), a machine that calls about it would have the patient ask for what nobody may tell, and would make a message that is
/// held look like one that was sent. A notice is held to the same by the copy it needs (PRI-04).
pub(crate) const ANNOUNCED: Rule = Rule {
    id: "HSE-03",
    citation: "house",
    ground: Ground::House,
    read: SourceRead::Own,
    effective: Effective::ALWAYS,
    waived_by: &[Waiver::Emergency, Waiver::LiveCall],
    asks: "While the message itself waits for a person, no machine asks the patient to call about it.",
    scope: Scope::ANY.on(&[Channel::Voice, Channel::Voicemail, Channel::ChatAnonymous]),
    check: announced,
};

fn announced(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    if !candidate.asks_to_call_back(view) {
        return Finding::NotApplicable;
    }
    Finding::when(candidate.portal != PortalCopy::Held, || {
        require(
            "The message itself waits for a person; until that is done, no machine asks the patient to call about it.",
        )
        .for_good("What holds the message says what lifts it; with that the call is lifted too.")
    })
}

#[cfg(test)]
mod tests {
    use crate::request::Translation;
    use crate::sample::{Case, refused_by, sends};
    use postern_base::{Channel, Form, Level};

    fn translated(reviewed: bool) -> Case {
        let mut case = Case::of("test_result", Level::L3, &[Channel::Portal, Channel::Voice]);
        case.request.translation = Some(Translation { machine: true, reviewed });
        case
    }

    #[test]
    fn what_waits_for_a_person_is_not_announced_by_a_call() {
        let held = translated(false);
        assert!(refused_by(&held, Channel::Voice, "HSE-03"));
        assert_eq!((held.decide().outcome.as_str(), held.decide().deliveries.len()), ("hold", 0));
        assert!(sends(&translated(true), Channel::Voice));
    }

    #[test]
    fn in_an_emergency_the_patient_is_asked_to_call_all_the_same() {
        let mut case = translated(false);
        case.break_glass();
        let called = case.decide().deliveries.into_iter().find(|made| made.channel == Channel::Voice);
        assert_eq!(called.map(|made| made.form), Some(Form::Callback));
    }
}
