//! Whether the number is still the patient's.

use super::is_automated;
use crate::candidate::Candidate;
use crate::decision::WaitingFor;
use crate::facts::{LineType, Reassigned};
use crate::finding::{Finding, MISSING, ask, deny, unknown, wait};
use crate::reference::{NUMBER_VERIFIED, is_emergency_number};
use crate::remedy::Remedy;
use crate::rules::scope::Scope;
use crate::rules::{Effective, Ground, Rule, SourceRead, Waiver};
use crate::view::View;
use jiff::{SignedDuration, Timestamp};
use postern_base::Channel;

/// 47 CFR 64.1200(m): the reassigned-numbers database, and the safe harbour for who asked it.
pub(crate) const REASSIGNED: Rule = Rule {
    id: "TCP-18",
    citation: "47 CFR 64.1200(m)",
    ground: Ground::Law,
    read: SourceRead::FromKnowledge,
    effective: Effective::ALWAYS,
    waived_by: &[Waiver::Formality],
    asks: "A number that was given to somebody else is not used; one not verified for 90 days is looked up first.",
    scope: Scope::ANY.not_on(&[Channel::Portal, Channel::Chat, Channel::ChatAnonymous, Channel::Mail]),
    check: reassigned,
};

fn reassigned(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    let (Some(point), Some(history)) = (candidate.point, view.history) else { return Finding::NotApplicable };
    let verified = point.point.verification.known().filter(|v| v.validated).and_then(|v| v.last);
    let checks = || history.number_checks.iter().filter(|c| c.point == *candidate.address);
    let since = |at: Timestamp| verified.is_some_and(|verified| verified > at);
    // What is dated ahead proves nothing yet. A look-up ends on no day: it is made again before the send, so its age is that of today,
    // whenever the message is planned for.
    let today = view.facts.now;
    let fresh =
        |at: Timestamp| at <= today && today.duration_since(at) <= SignedDuration::from_hours(24 * NUMBER_VERIFIED);
    match checks().max_by_key(|c| c.checked_at) {
        // A later "no" is said of the new holder: only a verification gives the number back to the patient.
        _ if checks().any(|c| c.reassigned == Reassigned::Yes && !since(c.checked_at)) => {
            deny("The number now belongs to somebody else; ask the patient for the new one.")
                .for_good("The number reaches a stranger; the patient's new one is asked for.")
                .and_alert()
        }
        // Whoever calls, a person too, would speak to a stranger; the rest is asked of machines only.
        _ if view.is_formality() || !is_automated(view, candidate) => Finding::NotApplicable,
        Some(c) if c.reassigned == Reassigned::NoData && !since(c.checked_at) => {
            ask("Nobody can tell whether the number is still the patient's; verify it again with a code.")
                .lifted_by(&[Remedy::VerifyPoint])
        }
        Some(c) if c.reassigned == Reassigned::No && fresh(c.checked_at) => Finding::Satisfied,
        _ => Finding::when(verified.is_some_and(fresh), || {
            ask("The number was not verified or looked up for 90 days; verify it again with a code, or look it up.")
                .lifted_by(&[Remedy::VerifyPoint, Remedy::LookUpNumber])
        }),
    }
}

/// 45 CFR 164.402 and 47 CFR 64.1200: "wrong number" is a revocation, and a message that reached somebody else.
pub(crate) const WRONG_NUMBER: Rule = Rule {
    id: "TCP-19",
    citation: "45 CFR 164.402",
    ground: Ground::Law,
    read: SourceRead::FromKnowledge,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "Where somebody answered that the patient is not there, nothing more goes until the address is verified again.",
    scope: Scope::ANY.not_on(&[Channel::Portal, Channel::Chat, Channel::ChatAnonymous, Channel::Mail]),
    check: wrong_number,
};

fn wrong_number(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    match candidate.point {
        Some(_) if view.history.is_none() => match view.history_missing().and_then(WaitingFor::because) {
            Some(system) => wait(system, "What was answered from there could not be read; waiting for it."),
            None => unknown("What was answered from there before is not on record, so it may be the wrong number.")
                .for_good(MISSING),
        },
        Some(point) => Finding::when(!point.is_wrong_number(), || {
            deny("Somebody there answered that this is the wrong number; verify it with the patient, and open an incident.").lifted_by(&[Remedy::VerifyPoint]).and_alert()
        }),
        None => Finding::NotApplicable,
    }
}

/// 47 CFR 64.1200(a)(1)(i)-(ii): no autodialled or artificial-voice call to an emergency line, nor to "any guest room or patient room of a
/// hospital, health care facility, elderly home".
pub(crate) const PROTECTED_LINE: Rule = Rule {
    id: "TCP-20",
    citation: "47 CFR 64.1200(a)(1)(i)",
    ground: Ground::Law,
    read: SourceRead::Read,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "No machine calls or texts an emergency line or a patient's room.",
    scope: Scope::CALLS_AND_TEXTS,
    check: protected_line,
};

fn protected_line(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    let Some(point) = candidate.point.filter(|_| is_automated(view, candidate)) else { return Finding::NotApplicable };
    let line = point.point.line_type.is_known_and(|line| matches!(line, LineType::Emergency | LineType::PatientRoom));
    Finding::when(!line && !is_emergency_number(candidate.address.reveal()), || {
        deny("This is an emergency line, or that of a patient's room; no machine calls it.")
            .for_good("No machine calls such a line, whoever agreed (47 CFR 64.1200(a)(1)).")
    })
}

#[cfg(test)]
mod tests {
    use crate::fact::Fact;
    use crate::facts::{ConsentKind, Provision, Reassigned, Ruling, System, Verification};

    use crate::sample::{Case, consent, refused_by, sends};
    use jiff::{Timestamp, ToSpan};
    use postern_base::{Channel, Purpose};

    #[test]
    fn a_reassigned_number_is_not_texted() {
        for answer in [Reassigned::Yes, Reassigned::NoData] {
            let mut case = Case::reminder_by_sms();
            case.history().number_checks.iter_mut().for_each(|c| c.reassigned = answer);
            assert!(refused_by(&case, Channel::Sms, "TCP-18"));
        }
    }

    #[test]
    fn a_number_verified_long_ago_is_looked_up_first() {
        let mut case = Case::reminder_by_sms();
        case.facts.now = case.facts.now.checked_add((24 * 40).hours()).unwrap();
        assert!(sends(&case, Channel::Sms), "looked up 51 days ago");
        case.history().number_checks.clear();
        assert!(refused_by(&case, Channel::Sms, "TCP-18"));
    }

    #[test]
    fn a_wrong_number_is_not_used_by_anybody() {
        let mut case = Case::result();
        let at = case.facts.now;
        case.hears(at, Channel::Sms, "+12125550101", "Who is this?");
        assert!(refused_by(&case, Channel::Sms, "TCP-19") && refused_by(&case, Channel::HumanCall, "TCP-19"));
    }

    /// A reminder to a number from which `text` came twenty days ago, and which was verified ten days ago.
    fn verified_since(text: &str) -> Case {
        let mut case = Case::reminder_by_sms();
        let ago = |days: i64| case.facts.now.checked_sub((24 * days).hours()).unwrap();
        let (said, verified) = (ago(20), ago(10));
        case.patient().points.iter_mut().for_each(|point| {
            let found = Verification { validated: true, last: Some(verified), next: None };
            point.verification = Fact::Known(found);
        });
        case.hears(said, Channel::Sms, "+12125550101", text);
        case
    }

    #[test]
    fn once_the_number_was_verified_anew_a_wrong_number_is_forgotten_and_a_stop_is_not() {
        assert!(sends(&verified_since("wrong number"), Channel::Sms));
        assert!(sends(&verified_since("there is no alma here"), Channel::Sms));
        for stop in ["STOP, wrong number", "Please stop texting me. Wrong person.", "wrong number stop"] {
            let case = verified_since(stop);
            assert!(refused_by(&case, Channel::Sms, "TCP-11") && !refused_by(&case, Channel::Sms, "TCP-19"), "{stop}");
        }
    }

    #[test]
    fn leave_that_was_given_before_somebody_else_answered_there_is_no_leave() {
        let bill = |given: Option<Timestamp>| {
            let mut case = verified_since("wrong number");
            case.request.purpose = Purpose::Billing;
            let mut permit = consent(
                ConsentKind::ContactConsent,
                Provision { decision: Some(Ruling::Permit), systems: vec![System::Sms], ..Provision::default() },
            );
            permit.given = given;
            *case.consents() = vec![permit];
            case
        };
        let now = verified_since("").facts.now;
        let ago = |days: i64| now.checked_sub((24 * days).hours()).ok();
        assert!(sends(&bill(ago(15)), Channel::Sms));
        assert!(refused_by(&bill(ago(25)), Channel::Sms, "TCP-01") && refused_by(&bill(None), Channel::Sms, "TCP-01"));
    }

    #[test]
    fn a_person_does_not_call_a_reassigned_number_either() {
        let mut case = Case::of("appointment_reminder", postern_base::Level::L1, &[Channel::HumanCall]);
        assert!(!refused_by(&case, Channel::HumanCall, "TCP-18"));
        case.history().number_checks.iter_mut().for_each(|c| c.reassigned = Reassigned::Yes);
        assert!(refused_by(&case, Channel::HumanCall, "TCP-18"));
    }
}
