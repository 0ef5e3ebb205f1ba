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
    if view.is_spoken_by_a_person(candidate.channel) || !candidate.cell.has(Mark::WrittenConsent) {
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
    asks: "A number is called to sell, by a machine or by a person, only with a signed writing where it may be on the do-not-call registry, and never where the practice was asked to stop.",
    scope: Scope::CALLS_AND_TEXTS.and_on(&[Channel::HumanCall]).when(Purpose::Marketing),
    check: do_not_call,
};

fn do_not_call(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    // 47 CFR 64.1200(e): the lists bind texts as they bind calls; (c)(2), (d): and whoever calls, a person as a machine.
    let reaches_a_number = candidate.is_call_or_text() || candidate.channel == Channel::HumanCall;
    if view.purpose != Purpose::Marketing || !reaches_a_number || candidate.cell.highest.is_none() {
        return Finding::NotApplicable;
    }
    // What stands for ways that the record does not hold is no number.
    if candidate.placeholder {
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
    let listed = match lists.registry.known() {
        Some(registry) if registry.contains(candidate.address) => Finding::when(signed(), || {
            deny("The number is on the national do-not-call registry, and no signed writing of the patient is on record.")
                .lifted_by(&[Remedy::SignMarketingText])
        }),
        Some(_) => Finding::Satisfied,
        None => Finding::when(signed(), || {
            unknown("The number may be on the do-not-call registry, and no signed writing of the patient is on record.")
                .lifted_by(&[Remedy::SignMarketingText])
        }),
    };
    match listed {
        // Between the plan and the call lie hours or days, in which a number is listed or somebody says stop.
        Finding::Satisfied if candidate.channel == Channel::HumanCall => Finding::Obliges(LOOK_AGAIN.into()),
        listed => listed,
    }
}

/// What whoever takes up a task to call and offer does first.
const LOOK_AGAIN: &str = "Right before the call, look again whether the number is on a do-not-call list or its owner has said stop, and offer nothing outside the hours in which offers may be made where the patient lives.";

#[cfg(test)]
mod tests {
    use crate::decision::Outcome;
    use crate::fact::{Fact, Missing};
    use crate::facts::{OptOut, OptOutScope, PastDelivery};
    use crate::rendition::Offers;
    use crate::request::{Marketing, MarketingKind, Remuneration};
    use crate::sample::{Case, address, refused_by};
    use postern_base::{Channel, Level, Purpose};

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
        case.request.purpose = Purpose::AppointmentReminder;
        assert!(!refused_by(&case, Channel::Sms, "TCP-10"), "a reminder is no call to sell");
    }

    /// A task for a person to call and tell of the practice's own service, which nobody pays for.
    fn task(level: Level) -> Case {
        let mut case = Case::of("marketing", level, &[Channel::HumanCall]);
        let (kind, remuneration) = (MarketingKind::OwnService, Remuneration::None);
        case.request.marketing = Some(Marketing { kind, remuneration, drug_lapsed_days: 0 });
        case
    }

    #[test]
    fn whoever_calls_to_sell_asks_the_lists_first_and_looks_again_before_the_call() {
        let decision = task(Level::L1).decide();
        assert_eq!(decision.outcome, Outcome::Hold);
        assert!(decision.deliveries.iter().any(|delivery| delivery.channel == Channel::HumanCall));
        assert!(decision.obligations.iter().any(|duty| duty.rule == "TCP-10"));
        let number = || vec![address("+12125550101")];
        let mut own = task(Level::L1);
        own.facts.deployment.do_not_call.own = Fact::Known(number());
        assert!(refused_by(&own, Channel::HumanCall, "TCP-10"));
        let mut listed = task(Level::L1);
        listed.facts.deployment.do_not_call.registry = Fact::Known(number());
        assert!(refused_by(&listed, Channel::HumanCall, "TCP-10"));
        listed.sign_for_texts();
        assert!(!refused_by(&listed, Channel::HumanCall, "TCP-10"), "a signed writing answers the registry");
        let mut unread = task(Level::L1);
        unread.facts.deployment.do_not_call.registry = Fact::Unknown(Missing::StoreUnavailable);
        assert!(refused_by(&unread, Channel::HumanCall, "TCP-10"));
    }

    #[test]
    fn a_task_to_sell_keeps_to_stops_hours_counts_and_what_may_be_sold_by_phone() {
        let mut stopped = task(Level::L1);
        let (at, point) = (stopped.facts.now, address("+12125550101"));
        let row = |scope| OptOut { at, channel: Channel::Voice, point: point.clone(), scope };
        stopped.history().opt_outs.push(row(OptOutScope::Purpose(Purpose::Marketing)));
        assert!(refused_by(&stopped, Channel::HumanCall, "TCP-14"));
        let mut said = task(Level::L1);
        said.hears(at, Channel::Sms, "+12125550101", "STOP");
        assert!(refused_by(&said, Channel::HumanCall, "TCP-11"));
        let mut night = task(Level::L1);
        night.facts.now = "2026-12-07T04:00:00Z".parse().unwrap();
        let decision = night.decide();
        assert!(refused_by(&night, Channel::HumanCall, "TCP-06"));
        assert_eq!(decision.deliveries[0].not_before, Some("2026-12-07T14:00:00Z".parse().unwrap()));
        let mut often = task(Level::L1);
        for _ in 0..3 {
            let sent = PastDelivery {
                at,
                channel: Channel::HumanCall,
                point: point.clone(),
                purpose: Purpose::Marketing,
                automated: false,
                outcome: None,
            };
            often.history().deliveries.push(sent);
        }
        assert!(refused_by(&often, Channel::HumanCall, "TCP-09"));
        assert!(refused_by(&task(Level::L2), Channel::HumanCall, "PRI-04"), "nothing drawn from care is sold by phone");
    }

    #[test]
    fn a_task_of_care_is_bound_by_none_of_this_and_an_offer_is_nobodys_task_unless_it_is_asked_for() {
        let mut care = task(Level::L1);
        (care.request.purpose, care.request.marketing) = (Purpose::FollowUp, None);
        care.facts.deployment.do_not_call.own = Fact::Known(vec![address("+12125550101")]);
        care.facts.now = "2026-12-07T04:00:00Z".parse().unwrap();
        care.hears(care.facts.now, Channel::Sms, "+12125550101", "STOP");
        let decision = care.decide();
        assert!(decision.refusals.is_empty() && decision.deliveries[0].not_before.is_none(), "{:?}", decision.refusals);
        let mut open = task(Level::L1);
        open.request.channels = None;
        assert!(open.decide().deliveries.iter().all(|delivery| delivery.channel != Channel::HumanCall));
        let mut disguised = Case::of("recall", Level::L1, &[]);
        disguised.patient().flags.no_automated = true;
        let calls = |case: &Case| case.decide().deliveries.iter().any(|d| d.channel == Channel::HumanCall);
        disguised.facts.deployment.portal_available = Fact::Known(false);
        assert!(calls(&disguised));
        disguised.facts.renditions.iter_mut().for_each(|text| text.offers = Offers::Plainly);
        assert!(!calls(&disguised), "an offer under the name of care is an offer");
    }

    #[test]
    fn a_written_consent_with_an_exception_for_texts_is_none_for_texts() {
        use crate::facts::{ConsentKind, Provision, Ruling, System};
        let mut case = Case::of("marketing", Level::L1, &[Channel::Sms]);
        let points = vec![address("+12125550101")];
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
