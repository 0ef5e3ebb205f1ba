//! The patient's right to restrict, and to be reached where they say. Two rights, two records.

use crate::candidate::Candidate;
use crate::consent::{Alternative, Query, alternative, in_force, names_point, reasons};
use crate::decision::WaitingFor;
use crate::facts::{ActReason, Consent, ConsentKind, Provision, RelatedPerson, Ruling, System};
use crate::finding::{Finding, MISSING, ask, deny, unknown, wait};
use crate::reference::SHARERS_MOST;
use crate::remedy::Remedy;
use crate::rules::scope::Scope;
use crate::rules::{Effective, Ground, Rule, SourceRead, Waiver};
use crate::view::{View, same_place};
use postern_base::{Channel, RecipientRole};

/// 45 CFR 164.522(a)(1)(iii): "A covered entity that agrees to a restriction … may not use or disclose protected health
/// information in violation of such restriction"; (a)(1)(vi): and must agree for an item the patient paid in full.
pub(crate) const RESTRICTION: Rule = Rule {
    id: "PRI-19",
    citation: "45 CFR 164.522(a)",
    ground: Ground::Law,
    read: SourceRead::Read,
    effective: Effective::ALWAYS,
    waived_by: &[Waiver::Emergency],
    asks: "An agreed restriction is obeyed; what the patient paid for in full stays from the health plan; emergency treatment comes first.",
    scope: Scope::ANY,
    check: restriction,
};

fn restriction(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    if view.consents.is_none() {
        return Finding::NotApplicable;
    }
    let agreed = || view.active(ConsentKind::Restriction);
    if agreed().next().is_none() {
        return Finding::NotApplicable;
    }
    let query = view.query(system(candidate), candidate.address);
    let binding = || agreed().filter(|restriction| binds(view, restriction));
    // "may not use or disclose protected health information in violation of such restriction".
    if binding().any(|restriction| restricts(view, &restriction.provision, query)) {
        return deny("The patient asked for this to be kept from this recipient or use, and the practice agreed.")
            .lifted_by(&[Remedy::EndRestriction]);
    }
    // house: a restriction that keeps nothing from anybody was not written down as it was agreed, and nobody here knows what was.
    if binding()
        .any(|restriction| in_force(&restriction.provision, view.now) && !denies_anything(&restriction.provision))
    {
        return ask(
            "A restriction on record denies nothing, so what was agreed cannot be seen; a person reads it first.",
        )
        .lifted_by(&[Remedy::EndRestriction])
        .and_alert();
    }
    Finding::Satisfied
}

/// Whether a restriction binds toward this recipient at all.
fn binds(view: &View<'_>, restriction: &Consent) -> bool {
    let role = view.request.recipient.role;
    // 45 CFR 164.522(a)(1)(vi): what was paid for in full is kept from the health plan; whom it names besides is as named.
    let against_the_plan_alone = restriction.self_pay && restriction.provision.actors.is_empty();
    if against_the_plan_alone && role != RecipientRole::HealthPlan {
        return false;
    }
    // 45 CFR 164.522(a)(1)(iii): except to give the patient emergency treatment, for which it is used, and told to a provider.
    let treats = matches!(role, RecipientRole::SelfPatient | RecipientRole::Provider);
    !(view.emergency && treats)
}

/// Whether a provision keeps this back. An exception that permits it stands against the denial around it; one that denies may
/// keep it back where the provision around it does not.
fn restricts(view: &View<'_>, provision: &Provision, query: Query<'_>) -> bool {
    if !in_force(provision, query.now) {
        return false;
    }
    let (mut permitted, mut denied) = (false, false);
    for exception in &provision.exceptions {
        match exception.decision {
            Some(Ruling::Permit) => {
                permitted |= in_force(exception, query.now) && speaks_of_this(view, exception, query);
            }
            Some(Ruling::Deny) | None => denied |= restricts(view, exception, query),
        }
    }
    !permitted && (denied || denies(provision) && speaks_of_this(view, provision, query))
}

/// Whether the provision itself denies, whatever its exceptions say. One that does not say, and has no exceptions that would, is read
/// as the denial that a restriction is.
fn denies(provision: &Provision) -> bool {
    match provision.decision {
        Some(Ruling::Deny) => true,
        Some(Ruling::Permit) => false,
        None => provision.exceptions.is_empty(),
    }
}

fn denies_anything(provision: &Provision) -> bool {
    denies(provision) || provision.exceptions.iter().any(denies_anything)
}

/// Whether a provision speaks of this recipient, content, purpose and contact point. What it does not name it leaves open: then it
/// speaks of all.
fn speaks_of_this(view: &View<'_>, provision: &Provision, query: Query<'_>) -> bool {
    (names_recipient(view, provision, query) || names_who_answers(view, provision, query))
        && names_content(view, provision)
        && names_use(provision, query)
        && names_point(provision, query)
}

fn names_recipient(view: &View<'_>, provision: &Provision, query: Query<'_>) -> bool {
    let recipient = &view.request.recipient;
    // 45 CFR 164.522(a)(1)(i): a restriction is of uses and disclosures for care, payment and operations, and to family. It keeps nothing
    // from the patient (45 CFR 164.502(a)(2)(i)): not in their own portal nor in a letter to them, unless it names them or a place.
    let own = matches!(query.system, System::Portal | System::Postal) && recipient.role == RecipientRole::SelfPatient;
    if own {
        let places = !provision.points.is_empty() || !provision.systems.is_empty();
        return places || provision.actors.iter().any(|actor| actor.as_str() == &**view.portal.reveal());
    }
    match &recipient.reference {
        _ if provision.actors.is_empty() => true,
        Some(reference) => provision.actors.contains(reference),
        // A plan that is not named in the request is read as the plan the restriction is about.
        None => recipient.role == RecipientRole::HealthPlan,
    }
}

/// Whether the contact point is, by the record, that of somebody from whom this is kept: what goes there goes to them.
fn names_who_answers(view: &View<'_>, provision: &Provision, query: Query<'_>) -> bool {
    let theirs = |person: &RelatedPerson| person.points.iter().any(|point| same_place(&point.value, query.address));
    let named = |person: &RelatedPerson| provision.actors.contains(&person.reference);
    view.facts.related.iter().any(|person| named(person) && theirs(person))
}

fn names_content(view: &View<'_>, provision: &Provision) -> bool {
    provision.labels.is_empty() || provision.labels.iter().any(|label| view.has_category(*label))
}

/// A purpose that nobody here understands may be this one.
fn names_use(provision: &Provision, query: Query<'_>) -> bool {
    let named = &provision.reasons;
    let names_this = reasons(query.purpose).iter().any(|reason| named.contains(reason));
    named.is_empty() || named.contains(&ActReason::Unknown) || names_this
}

/// 45 CFR 164.522(b)(1)(i): "must accommodate reasonable requests by individuals to receive communications … by alternative
/// means or at alternative locations"; (b)(2)(iii): and may not ask why.
pub(crate) const CONFIDENTIAL: Rule = Rule {
    id: "PRI-20",
    citation: "45 CFR 164.522(b)",
    ground: Ground::Law,
    read: SourceRead::Read,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "Where the patient asked to be reached only at certain addresses, no other is used, whatever the urgency.",
    scope: Scope::ANY.not_on(&[Channel::Portal, Channel::Chat]),
    check: confidential,
};

fn confidential(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    // The patient's own portal account is not an alternative address and keeps its copy; its notices obey the list.
    if matches!(candidate.channel, Channel::Portal | Channel::Chat) {
        return Finding::NotApplicable;
    }
    let Some(consents) = view.consents else {
        return match view.consents_missing().and_then(WaitingFor::because) {
            Some(system) => {
                wait(system, "Whether the patient asked to be reached elsewhere could not be read; waiting.")
            }
            None => unknown("Whether the patient asked to be reached elsewhere is not on record.").for_good(MISSING),
        };
    };
    if candidate.point.is_some_and(|point| point.point.crowded) {
        return unknown(format!(
            "More than {SHARERS_MOST} other patients have this number or address on record, so it is nobody's own, and whether one of them asked not to be reached there is not known; ask the patient for one of their own, and take this one off the record."
        ))
        .for_good("What the record does not hold cannot be supposed; ask the patient how to be reached.");
    }
    let asked = match candidate.point {
        Some(point) => point.alternative,
        None => Some(alternative(consents, view.query(system(candidate), candidate.address))),
    };
    match asked {
        Some(Alternative::NoRequest) => Finding::NotApplicable,
        Some(Alternative::Listed) => Finding::Satisfied,
        Some(Alternative::NotListed) | None if is_closed_by_another(candidate) => {
            deny("Another patient who uses this number or mailbox asked not to be reached at it; use another one.")
                .for_good("Only the other patient can change that, and nobody asks them why.")
        }
        Some(Alternative::NotListed) | None => {
            deny("The patient asked to be reached only at other addresses; this one is not on the list.")
                .lifted_by(&[Remedy::ListAddress])
        }
    }
}

/// Another patient who shares the contact point asked not to be reached at it.
fn is_closed_by_another(candidate: &Candidate<'_>) -> bool {
    candidate.point.is_some_and(|point| point.point.closed_by_another)
}

/// The kind of contact point a candidate uses, as a Consent names it.
pub(crate) const fn system(candidate: &Candidate<'_>) -> System {
    System::of(candidate.channel)
}

#[cfg(test)]
mod tests {
    use crate::facts::{ActReason, Consent, ConsentKind, Provision, RelatedPerson, Ruling, System};
    use crate::sample::{Case, refused_by, sends, sms};
    use postern_base::{Category, Channel};

    fn only(system: System, address: &str) -> Consent {
        let listed = Provision {
            decision: Some(Ruling::Permit),
            systems: vec![system],
            points: vec![crate::sample::address(address)],
            ..Provision::default()
        };
        let provision = Provision { decision: Some(Ruling::Deny), exceptions: vec![listed], ..Provision::default() };
        crate::sample::consent(ConsentKind::ConfidentialCommunication, provision)
    }

    #[test]
    fn only_the_listed_number_is_used_and_the_portal_keeps_its_copy() {
        let mut case = Case::result();
        case.patient().points.push(sms("+13175550177", 9));
        case.permit(System::Sms, "+13175550177");
        case.consents().push(only(System::Sms, "+13175550177"));
        let decision = case.decide();
        let to: Vec<_> = decision.deliveries.iter().map(|d| (d.channel, d.contact_point.reveal().as_ref())).collect();
        assert_eq!(to, [(Channel::Portal, "Patient/p1"), (Channel::Sms, "+13175550177")]);
        assert!(refused_by(&case, Channel::Email, "PRI-20") && refused_by(&case, Channel::HumanCall, "PRI-20"));
    }

    #[test]
    fn of_two_requests_the_strictest_wins() {
        let mut case = Case::reminder_by_sms();
        case.consents().push(only(System::Sms, "+12125550101"));
        assert!(sends(&case, Channel::Sms));
        case.consents().push(only(System::Sms, "+13175550177"));
        assert!(refused_by(&case, Channel::Sms, "PRI-20"));
    }

    #[test]
    fn a_place_that_was_named_for_bills_takes_nothing_else() {
        let mut case = Case::reminder_by_sms();
        let mut request = only(System::Sms, "+12125550101");
        request.provision.exceptions[0].reasons = vec![ActReason::HPaymt];
        case.consents().push(request);
        assert!(refused_by(&case, Channel::Sms, "PRI-20"));
        case.consents().last_mut().unwrap().provision.exceptions[0].reasons.push(ActReason::Treat);
        assert!(sends(&case, Channel::Sms));
    }

    #[test]
    fn break_glass_does_not_open_another_address() {
        let mut case = Case::reminder_by_sms();
        case.break_glass();
        case.consents().push(only(System::Sms, "+13175550177"));
        assert!(refused_by(&case, Channel::Sms, "PRI-20"));
    }

    #[test]
    fn a_number_that_another_patient_closed_is_closed_to_both() {
        let mut case = Case::reminder_by_sms();
        case.consents().push(only(System::Sms, "+12125550101"));
        case.patient().points.iter_mut().for_each(|point| point.closed_by_another = true);
        assert!(refused_by(&case, Channel::Sms, "PRI-20"));
    }

    #[test]
    fn a_number_that_too_many_patients_have_is_nobodys_and_not_even_called() {
        let mut case = Case::reminder_by_sms();
        case.request.channels = None;
        let own = sms("+13175550177", 9);
        case.patient().points.iter_mut().for_each(|point| point.crowded = true);
        assert!(refused_by(&case, Channel::Sms, "PRI-20") && refused_by(&case, Channel::HumanCall, "PRI-20"));
        case.patient().points.push(own);
        case.permit(System::Sms, "+13175550177");
        assert!(sends(&case, Channel::Sms), "the patient's own number is open beside it");
    }

    #[test]
    fn what_is_kept_from_a_spouse_does_not_go_to_the_spouses_number() {
        let mut case = Case::reminder_by_sms();
        let from = |actor: &str| {
            let provision =
                Provision { decision: Some(Ruling::Deny), actors: vec![actor.into()], ..Provision::default() };
            crate::sample::consent(ConsentKind::Restriction, provision)
        };
        case.consents().push(from("RelatedPerson/rp1"));
        assert!(sends(&case, Channel::Sms), "the spouse has no number on record");
        let points = case.patient().points.clone();
        let spouse = RelatedPerson {
            reference: "RelatedPerson/rp1".into(),
            relationship: vec![],
            active: true,
            until: None,
            points,
        };
        case.facts.related.push(spouse);
        assert!(refused_by(&case, Channel::Sms, "PRI-19"));
        // Large letters in a mailbox name nobody else (RFC 5321 section 2.4).
        let mailbox = &mut case.facts.related[0].points[0];
        (mailbox.system, mailbox.value) = (System::Email, crate::sample::address("PAT@example.org"));
        case.request.channels = Some(vec![Channel::Email]);
        assert!(refused_by(&case, Channel::Email, "PRI-19"));
    }

    #[test]
    fn a_restriction_reaches_what_it_names() {
        let mut case = Case::reminder_by_sms();
        let about = |labels| Provision { decision: Some(Ruling::Deny), labels, ..Provision::default() };
        case.consents().push(crate::sample::consent(ConsentKind::Restriction, about(vec![Category::Hiv])));
        assert!(sends(&case, Channel::Sms));
        case.consents().push(crate::sample::consent(ConsentKind::Restriction, about(vec![])));
        assert!(refused_by(&case, Channel::Sms, "PRI-19"));
        let mut own = Case::result();
        own.consents().push(crate::sample::consent(ConsentKind::Restriction, about(vec![])));
        assert!(sends(&own, Channel::Portal), "what is restricted is not kept from the patient");
        let named = Provision { actors: vec!["Patient/p1".into()], ..about(vec![]) };
        own.consents().push(crate::sample::consent(ConsentKind::Restriction, named));
        assert!(refused_by(&own, Channel::Portal, "PRI-19"), "but where it names them");
    }

    #[test]
    fn a_restriction_that_restricts_nothing_is_read_by_a_person_and_a_denial_beside_it_wins() {
        let mut case = Case::reminder_by_sms();
        let permit = Provision { decision: Some(Ruling::Permit), ..Provision::default() };
        case.consents().push(crate::sample::consent(ConsentKind::Restriction, permit.clone()));
        assert_eq!(case.decide().outcome.as_str(), "hold");
        let deny = Provision { decision: Some(Ruling::Deny), ..Provision::default() };
        case.consents().push(crate::sample::consent(ConsentKind::Restriction, deny.clone()));
        assert!(refused_by(&case, Channel::Sms, "PRI-19"));
        let mut framed = Case::reminder_by_sms();
        let brother = Provision { actors: vec!["RelatedPerson/brother".into()], ..deny };
        let frame = Provision { exceptions: vec![brother], ..permit };
        framed.consents().push(crate::sample::consent(ConsentKind::Restriction, frame));
        assert!(
            sends(&framed, Channel::Sms),
            "a permission around a denial is how one restriction among others is written"
        );
    }

    #[test]
    fn what_a_plan_may_be_told_a_person_tells_and_what_is_restricted_nobody_does() {
        let mut case = Case::reminder_by_sms();
        case.request.recipient.role = postern_base::RecipientRole::HealthPlan;
        case.request.purpose = postern_base::Purpose::Billing;
        assert_eq!(case.decide().outcome.as_str(), "hold");
        let deny = Provision { decision: Some(Ruling::Deny), ..Provision::default() };
        case.consents().push(crate::sample::consent(ConsentKind::Restriction, deny));
        assert_eq!(case.decide().outcome.as_str(), "refuse");
    }

    #[test]
    fn what_was_paid_for_in_full_is_kept_from_the_plan_and_not_from_the_patient() {
        let mut case = Case::reminder_by_sms();
        let deny = Provision { decision: Some(Ruling::Deny), ..Provision::default() };
        case.consents().push(crate::sample::consent(ConsentKind::Restriction, deny));
        case.consents().last_mut().unwrap().self_pay = true;
        assert!(sends(&case, Channel::Sms));
        case.request.recipient.role = postern_base::RecipientRole::HealthPlan;
        case.request.purpose = postern_base::Purpose::Billing;
        assert!(refused_by(&case, Channel::Sms, "PRI-19"));
    }

    #[test]
    fn emergency_treatment_comes_before_a_restriction_but_opens_nothing_to_the_brother() {
        let mut case = Case::reminder_by_sms();
        let deny = Provision { decision: Some(Ruling::Deny), ..Provision::default() };
        case.consents().push(crate::sample::consent(ConsentKind::Restriction, deny));
        case.break_glass();
        assert!(sends(&case, Channel::Sms));
        case.request.recipient.role = postern_base::RecipientRole::Caregiver;
        case.request.recipient.reference = Some("RelatedPerson/brother".into());
        assert!(refused_by(&case, Channel::Sms, "PRI-19"));
    }
}
