//! How strongly somebody is signed in before they read anything, and who else watches.

use crate::candidate::Candidate;
use crate::fact::Fact;
use crate::finding::{Finding, deny, unknown};
use crate::matrix::Mark;
use crate::remedy::Remedy;
use crate::rules::scope::Scope;
use crate::rules::{Effective, Ground, Rule, SourceRead, Waiver};
use crate::view::View;
use postern_base::{Channel, Level, Origin};

/// NIST SP 800-63B, AAL2; 45 CFR 164.312(d) asks for authentication, not how. house: two factors before a patient reads anything
/// clinical, and before staff send anything. 45 CFR 164.312(a)(2)(ii): in an emergency access has a way of its own, the broken glass,
/// and is reviewed afterwards (docs/decisions/0025).
pub(crate) const TWO_FACTORS: Rule = Rule {
    id: "IDN-01",
    citation: "NIST SP 800-63B",
    ground: Ground::Standard,
    read: SourceRead::FromKnowledge,
    effective: Effective::ALWAYS,
    waived_by: &[Waiver::Emergency],
    asks: "Clinical text is read, and staff send, only behind a sign-in with two factors.",
    scope: Scope::ANY,
    check: two_factors,
};

fn two_factors(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    let staff = view.request.origin == Origin::Staff;
    let one = staff && view.facts.deployment.actor.known().is_some_and(|actor| actor.two_factor != Fact::Known(true));
    if one && !view.emergency {
        return deny("Whoever asks signed in with one factor; they sign in with two.")
            .lifted_by(&[Remedy::AskByAnother]);
    }
    let read = matches!(candidate.channel, Channel::Portal | Channel::Chat);
    if one && !read {
        return Finding::Alerts(
            "Emergency access was used after a sign-in with one factor; ask why when it is reviewed.".into(),
        );
    }
    if !read || candidate.carried(view.level).is_some_and(|level| level < Level::L2) {
        let two = staff && view.facts.deployment.actor.is_known_and(|actor| actor.two_factor == Fact::Known(true));
        return if two { Finding::Satisfied } else { Finding::NotApplicable };
    }
    match view.facts.deployment.portal_two_factor.known() {
        Some(true) => Finding::Satisfied,
        Some(false) => deny("The portal shows what is clinical after one factor; switch the second on first.")
            .lifted_by(&[Remedy::SecondFactor]),
        None => unknown("Nobody recorded that the portal asks for two factors; record it first.")
            .lifted_by(&[Remedy::SecondFactor]),
    }
}

/// OCR's bulletin on online tracking, as far as it stands (AHA v. Becerra): pages behind a sign-in and what is typed into a chat are
/// protected, and no tracker of others may see them.
pub(crate) const NO_TRACKERS: Rule = Rule {
    id: "CHT-02",
    citation: "OCR online tracking bulletin",
    ground: Ground::Standard,
    read: SourceRead::Read,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "No tracker of others runs where patients sign in or chat.",
    scope: Scope::ANY.on(&[Channel::Portal, Channel::Chat, Channel::ChatAnonymous]),
    check: no_trackers,
};

fn no_trackers(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    if !matches!(candidate.channel, Channel::Portal | Channel::Chat | Channel::ChatAnonymous) {
        return Finding::NotApplicable;
    }
    match view.facts.deployment.no_trackers.known() {
        Some(true) => Finding::Satisfied,
        Some(false) => deny("A tracker of somebody else runs on these pages; remove it before patients read there.")
            .lifted_by(&[Remedy::RemoveTrackers])
            .and_alert(),
        None => unknown("Nobody recorded that no tracker runs on these pages; look, and record it.")
            .lifted_by(&[Remedy::RemoveTrackers]),
    }
}

/// 45 CFR 164.312(d): "verify that a person … seeking access … is the one claimed". house: a signed-in chat is as good as the portal;
/// what is specially protected is shown after signing in anew.
pub(crate) const SIGNED_IN_ANEW: Rule = Rule {
    id: "CHT-03",
    citation: "45 CFR 164.312(d)",
    ground: Ground::Law,
    read: SourceRead::FromKnowledge,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "What is specially protected is shown in a chat only to who has just signed in anew.",
    scope: Scope::ANY.on(&[Channel::Chat]),
    check: signed_in_anew,
};

fn signed_in_anew(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    let protected = candidate.carried(view.level).is_none_or(|level| level == Level::L4);
    let guards = candidate.cell.has(Mark::ReAuthenticated) || protected;
    if candidate.channel != Channel::Chat || !guards {
        return Finding::NotApplicable;
    }
    Finding::when(view.facts.deployment.reauthenticated.is_known_and(|anew| *anew), || {
        unknown("Protected content is shown in chat only after signing in again; the text belongs in the portal.")
            .lifted_by(&[Remedy::SignInAnew])
    })
}

#[cfg(test)]
mod tests {
    use crate::deployment::Actor;
    use crate::fact::{Fact, Missing};
    use crate::sample::{Case, refused_by, sends};
    use postern_base::{Channel, Origin};

    #[test]
    fn who_signed_in_with_one_factor_sends_nothing_but_in_an_emergency_which_raises_an_alert() {
        for two_factor in [Fact::Known(false), Fact::Unknown(Missing::NotRecorded)] {
            let mut case = Case::reminder_by_sms();
            case.request.origin = Origin::Staff;
            case.facts.deployment.actor = Fact::Known(Actor { two_factor, ..Actor::SATISFIED });
            assert!(refused_by(&case, Channel::Sms, "IDN-01"));
            case.break_glass();
            assert!(sends(&case, Channel::Sms));
            let decision = case.decide();
            assert!(decision.alerts.iter().any(|alert| alert.rule == "IDN-01"));
            assert!(decision.obligations.iter().any(|duty| duty.rule == "SEC-18"), "it is reviewed afterwards");
            case.request.break_glass.as_mut().unwrap().expires_at = case.facts.now;
            assert!(refused_by(&case, Channel::Sms, "IDN-01"), "the glass is whole again");
        }
    }
}
