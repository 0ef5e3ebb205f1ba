//! What may be sold by call and text: only to who signed for it, and to nobody on the lists.

use crate::candidate::Candidate;
use crate::consent::{Standing, in_force, ruling};
use crate::facts::{Consent, ConsentKind, Provision, Ruling};
use crate::finding::{Finding, MISSING, deny, unknown};
use crate::matrix::Mark;
use crate::remedy::Remedy;
use crate::rules::privacy::restriction::system;
use crate::rules::privacy::signature::is_patients;
use crate::rules::scope::Scope;
use crate::rules::{Effective, Ground, Rule, SourceRead};
use crate::view::View;
use postern_base::{Channel, Purpose};

/// 47 CFR 64.1200(a)(2), (f)(9): marketing by autodialer or artificial voice needs a signed agreement in writing that
/// authorises this seller, to this number, and is no condition of care.
pub(crate) const WRITTEN_CONSENT: Rule = Rule {
    id: "TCP-22",
    citation: "47 CFR 64.1200(f)(9)",
    ground: Ground::Law,
    read: SourceRead::FromKnowledge,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "Marketing calls and texts need a signed written consent that names the number.",
    scope: Scope::ANY,
    check: written_consent,
};

fn written_consent(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    // 47 CFR 64.1200(a)(2) binds autodialers and artificial voices; whom a person calls is asked of the lists (TCP-10).
    let person_speaks = candidate.channel == Channel::Voice && view.human_voice();
    if person_speaks || !candidate.cell.has(Mark::WrittenConsent) {
        return Finding::NotApplicable;
    }
    signed_for_offers(view, candidate)
}

/// Whether the patient signed for offers at this number.
fn signed_for_offers(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    if candidate.point.is_some_and(|p| p.standing == Some(Standing::Denied)) {
        return deny("The patient's record denies marketing at this number.").lifted_by(&[Remedy::LiftDenial]);
    }
    let theirs = |consent: &&Consent| candidate.point.is_none_or(|p| p.is_leave_of_who_answers(consent.given));
    let mut signed = view.active(ConsentKind::MarketingTextConsent).filter(theirs);
    if signed.any(|consent| is_signed(view, consent) && covers(view, candidate, &consent.provision)) {
        return Finding::Satisfied;
    }
    deny("Marketing to this number needs the patient's signed written consent for it; there is none on record.")
        .lifted_by(&[Remedy::SignMarketingText])
}

/// 47 CFR 64.1200(f)(9): "an agreement, in writing, bearing the signature of the person called", and no condition of care.
fn is_signed(view: &View<'_>, consent: &Consent) -> bool {
    is_patients(view, consent) && !consent.defective
}

/// 47 CFR 64.1200(f)(9): it names "the telephone number to which the signatory authorizes such … messages", and no exception inside it
/// takes that back.
fn covers(view: &View<'_>, candidate: &Candidate<'_>, provision: &Provision) -> bool {
    let query = view.query(system(candidate), candidate.address);
    let permits = provision.decision == Some(Ruling::Permit) && in_force(provision, view.now);
    let names_number = provision.points.contains(candidate.address);
    let taken_back = provision.exceptions.iter().any(|exception| ruling(exception, query) == Some(Ruling::Deny));
    permits && names_number && !taken_back
}

/// 47 CFR 64.1200(c)(2): no telephone solicitation to a number on the do-not-call registry; (c)(2)(ii): unless the person
/// agreed in a signed writing, which is why the written consent of TCP-22 decides here too.
pub(crate) const DO_NOT_CALL: Rule = Rule {
    id: "TCP-10",
    citation: "47 CFR 64.1200(c)(2)",
    ground: Ground::Law,
    read: SourceRead::FromKnowledge,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "A number is called to sell only with a signed writing, since it may be on the do-not-call registry.",
    scope: Scope::CALLS_AND_TEXTS.when(Purpose::Marketing),
    check: do_not_call,
};

fn do_not_call(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    // 47 CFR 64.1200(e): the lists bind texts as they bind calls.
    if view.purpose != Purpose::Marketing || !candidate.is_call_or_text() || candidate.cell.highest.is_none() {
        return Finding::NotApplicable;
    }
    let signed = || matches!(signed_for_offers(view, candidate), Finding::Satisfied);
    let lists = &view.facts.deployment.do_not_call;
    // 47 CFR 64.1200(d)(3): who asked this practice is called no more, whatever they signed before.
    match lists.own.known() {
        None => {
            return unknown("Nobody knows whether the patient asked this practice not to call to sell; its own do-not-call list was not read, or holds what is no number.")
                .for_good(MISSING);
        }
        Some(own) if own.contains(candidate.address) => {
            return deny(
                "The patient asked this practice not to call to sell; the number is on its own do-not-call list.",
            )
            .for_good("The patient asked for it, and the request stands for five years.");
        }
        Some(_) => {}
    }
    match lists.registry.known() {
        Some(registry) if registry.contains(candidate.address) => Finding::when(signed(), || {
            deny("The number is on the national do-not-call registry, and no signed writing of the patient is on record.")
                .lifted_by(&[Remedy::SignMarketingText])
        }),
        Some(_) => Finding::Satisfied,
        None => Finding::when(signed(), || {
            unknown("The number may be on the do-not-call registry, and no signed writing of the patient is on record.")
                .lifted_by(&[Remedy::SignMarketingText])
        }),
    }
}

#[cfg(test)]
mod tests {
    use crate::fact::{Fact, Missing};
    use crate::sample::{Case, refused_by};
    use postern_base::{Channel, Level};

    #[test]
    fn marketing_needs_a_written_consent() {
        let case = Case::of("marketing", Level::L1, &[Channel::Sms]);
        assert!(refused_by(&case, Channel::Sms, "TCP-22"));
        let case = Case::of("marketing", Level::L1, &[Channel::Voice]);
        assert!(refused_by(&case, Channel::Voice, "TCP-22"));
    }

    #[test]
    fn whatever_was_signed_an_offer_needs_to_know_that_the_practice_was_not_asked_to_stop() {
        let mut case = Case::of("marketing", Level::L1, &[Channel::Sms]);
        case.sign_for_texts();
        assert!(!refused_by(&case, Channel::Sms, "TCP-10"));
        case.facts.deployment.do_not_call.own = Fact::Unknown(Missing::StoreUnavailable);
        assert!(refused_by(&case, Channel::Sms, "TCP-10"));
        case.request.purpose = postern_base::Purpose::AppointmentReminder;
        assert!(!refused_by(&case, Channel::Sms, "TCP-10"), "a reminder is no call to sell");
    }

    #[test]
    fn a_written_consent_with_an_exception_for_texts_is_none_for_texts() {
        use crate::facts::{ConsentKind, Provision, Ruling, System};
        let mut case = Case::of("marketing", Level::L1, &[Channel::Sms]);
        let points = vec![crate::sample::address("+12125550101")];
        let permit = Provision { decision: Some(Ruling::Permit), points, ..Provision::default() };
        let mut signed = crate::sample::consent(ConsentKind::MarketingTextConsent, permit);
        (signed.signed_by, signed.has_source) = (Some("Patient/p1".into()), true);
        case.consents().push(signed);
        assert!(!refused_by(&case, Channel::Sms, "TCP-22"));
        let no_texts = Provision { decision: Some(Ruling::Deny), systems: vec![System::Sms], ..Provision::default() };
        case.consents().iter_mut().for_each(|c| c.provision.exceptions.push(no_texts.clone()));
        assert!(refused_by(&case, Channel::Sms, "TCP-22"));
    }
}
