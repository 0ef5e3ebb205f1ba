//! The basis on which a machine may call or text.

use super::is_automated;
use crate::candidate::Candidate;
use crate::consent::Standing;
use crate::decision::WaitingFor;
use crate::facts::{LineType, PointSource};
use crate::finding::{Finding, MISSING, deny, later, require, unknown, wait};
use crate::reference::EXEMPT_TEXT;
use crate::remedy::Remedy;
use crate::rules::scope::Scope;
use crate::rules::{Effective, Ground, Rule, SourceRead, Waiver};
use crate::view::{PointView, View};
use jiff::{SignedDuration, Timestamp};
use postern_base::{Basis, Channel, Origin, Purpose};

/// 47 USC 227(b)(1)(A): no call to a wireless number by an autodialer or artificial voice without "the prior express consent
/// of the called party"; 47 CFR 64.1200(a)(1)-(2). A text is a call.
pub(crate) const CONSENT: Rule = Rule {
    id: "TCP-01",
    citation: "47 USC 227(b)",
    ground: Ground::Law,
    read: SourceRead::FromKnowledge,
    effective: Effective::ALWAYS,
    waived_by: &[Waiver::Emergency, Waiver::Formality],
    asks: "A machine calls or texts a number only on a recorded consent, a number the patient gave for care, or a full exemption.",
    scope: Scope::CALLS_AND_TEXTS,
    check: consent,
};

fn consent(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    let Some(point) = candidate.point.filter(|_| is_automated(view, candidate)) else { return Finding::NotApplicable };
    if stands_on_something_else(view) || confirms_what_was_said(view, candidate, point) {
        return Finding::NotApplicable;
    }
    match point.standing {
        None => consents_are_missing(view),
        Some(Standing::Denied) => deny("The patient's record denies contact at this number for this purpose.")
            .lifted_by(&[Remedy::LiftDenial]),
        Some(Standing::Lapsed) => deny("The patient's consent for this number was withdrawn or has run out.")
            .lifted_by(&[Remedy::RecordConsent]),
        Some(Standing::Permitted) if leaves_open(view, Basis::Consent) => Finding::Satisfied,
        Some(Standing::Permitted | Standing::Silent) => {
            if is_provided_number(view, candidate) || is_exempt(view, candidate) {
                return Finding::Satisfied;
            }
            has_no_basis(view, point)
        }
    }
}

/// Why nothing on record lets a machine call or text this number: of what the caller asked to stand on, where they did.
fn has_no_basis(view: &View<'_>, point: &PointView<'_>) -> Finding {
    let (sentence, remedies): (_, &'static [Remedy]) = match view.request.basis {
        Some(Basis::Exemption) => (
            "The request stands on the health-care exemption alone, and not all of its conditions hold here.",
            &[Remedy::LeaveBasisOpen, Remedy::ShortenText],
        ),
        Some(Basis::Consent) => (
            "The request stands on a consent alone, and none for this number and purpose is on record.",
            &[Remedy::LeaveBasisOpen, Remedy::RecordConsent],
        ),
        Some(Basis::ProvidedNumber) => (
            "The request stands alone on the patient having given this number for such messages, and the record does not say so.",
            &[Remedy::LeaveBasisOpen],
        ),
        // 30 FCC Rcd 7961: what the number was given for is care.
        None if is_given_by_patient(point) && !view.is_care() => (
            "The patient gave this number for their care, which covers no message of this kind, and no consent to one is on record.",
            &[Remedy::RecordConsent],
        ),
        None => (
            "Neither a consent for this number and purpose is on record, nor that the patient gave the number for care.",
            &[Remedy::RecordConsent],
        ),
    };
    unknown(sentence).lifted_by(remedies)
}

/// 47 CFR 64.1200(f)(4): an emergency needs no consent; a code is the user's own request; an offer needs the written consent of TCP-22
/// instead.
fn stands_on_something_else(view: &View<'_>) -> bool {
    view.emergency || matches!(view.purpose, Purpose::OneTimeCode | Purpose::Marketing)
}

/// It confirms what the patient sent from there, or asks at the number they gave for it. Whether there is something to confirm is
/// TCP-13's to say.
fn confirms_what_was_said(view: &View<'_>, candidate: &Candidate<'_>, point: &PointView<'_>) -> bool {
    let confirms = view.purpose == Purpose::ConsentConfirmation;
    confirms && (view.is_first_answer(candidate.address, None) || is_given_by_patient(point))
}

fn consents_are_missing(view: &View<'_>) -> Finding {
    match view.consents_missing().and_then(WaitingFor::because) {
        Some(system) => wait(system, "The patient's consents could not be read; waiting for them."),
        None => unknown("The patient's consents are not on record; nothing is sent without them.").for_good(MISSING),
    }
}

/// Whether the caller leaves it to the gate on what it stands, or names this `basis`.
fn leaves_open(view: &View<'_>, basis: Basis) -> bool {
    view.request.basis.is_none_or(|pinned| pinned == basis)
}

/// FCC 2015 Order (30 FCC Rcd 7961): a number given to a provider is prior express consent for health-care calls within HIPAA
/// that are closely related to the purpose it was given for.
pub(crate) const PROVIDED_NUMBER: Rule = Rule {
    id: "TCP-02",
    citation: "30 FCC Rcd 7961",
    ground: Ground::Law,
    read: SourceRead::SecondHand,
    effective: Effective::ALWAYS,
    waived_by: &[Waiver::Emergency, Waiver::Formality],
    asks: "A number the patient gave stands for consent to messages of care, not to billing, surveys or marketing.",
    scope: Scope::CALLS_AND_TEXTS,
    check: provided_number,
};

fn provided_number(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    if !is_automated(view, candidate) || view.emergency || view.is_formality() {
        return Finding::NotApplicable;
    }
    if is_provided_number(view, candidate) {
        return Finding::Satisfied;
    }
    if view.request.basis == Some(Basis::ProvidedNumber) {
        return deny(
            "The basis asked for does not hold: the patient did not give this number for this kind of message.",
        )
        .lifted_by(&[Remedy::LeaveBasisOpen]);
    }
    Finding::NotApplicable
}

/// The patient gave the number, no record takes that back, and the message is care.
fn is_provided_number(view: &View<'_>, candidate: &Candidate<'_>) -> bool {
    let Some(point) = candidate.point else { return false };
    let not_taken_back = matches!(point.standing, Some(Standing::Silent | Standing::Permitted));
    is_given_by_patient(point) && not_taken_back && view.is_care() && leaves_open(view, Basis::ProvidedNumber)
}

/// 47 CFR 64.1200(a)(9)(iv): the health-care exemption and its limits: free to the patient, a number the patient gave, name and
/// contact stated, listed purposes only, no billing, 160 characters, opt-out in each, one a day and three a week.
///
/// The caps bind every automated treatment message as our policy, whatever the basis (RULES TCP-03).
pub(crate) const EXEMPTION_AND_CAPS: Rule = Rule {
    id: "TCP-03",
    citation: "47 CFR 64.1200(a)(9)(iv)",
    ground: Ground::Law,
    read: SourceRead::SecondHand,
    effective: Effective::ALWAYS,
    waived_by: &[Waiver::Emergency, Waiver::Answer],
    asks: "The exemption is used only with all its conditions; automated treatment messages stay within one a day and three a week.",
    scope: Scope::CALLS_AND_TEXTS,
    check: exemption_and_caps,
};

fn exemption_and_caps(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    let asked_for = view.request.basis == Some(Basis::Exemption);
    if !is_automated(view, candidate) {
        return Finding::NotApplicable;
    }
    if asked_for && !view.is_care() && !view.is_formality() {
        return deny("The health-care exemption does not cover this purpose; a consent is needed.")
            .lifted_by(&[Remedy::LeaveBasisOpen]);
    }
    if !view.is_care() || view.emergency {
        return Finding::NotApplicable;
    }
    if let Some((lack, remedies)) = lack_of_exemption(view, candidate).filter(|_| asked_for) {
        return deny(lack).lifted_by(remedies);
    }
    // What a person writes, and the first answer to the patient, are no programme that is counted.
    if view.request.origin == Origin::Staff || view.is_first_answer(candidate.address, None) {
        return Finding::NotApplicable;
    }
    within_caps(view)
}

/// Whether another automated message of care may go now.
fn within_caps(view: &View<'_>) -> Finding {
    let caps = view.policy.caps;
    if caps.per_day == 0 || caps.per_week == 0 {
        return require("The practice's policy allows no automated message of care; a person must reach the patient.")
            .for_good("The practice decided so in its policy; a person reaches the patient.");
    }
    if view.history.is_none() {
        return match view.history_missing().and_then(WaitingFor::because) {
            Some(system) => wait(system, "What was sent before could not be read; waiting for it."),
            None => unknown("What was sent before is not on record, so the caps cannot be kept.").for_good(MISSING),
        };
    }
    match view.capped_until(capped_until) {
        None => Finding::Satisfied,
        Some(until) => {
            later(until, "The patient has had as many automated messages as a day or a week allows; it waits.")
        }
    }
}

/// 47 CFR 64.1200(a)(3)(v): a prerecorded health-care call to a residential line needs no consent, and goes once a day and three times a
/// week at most. house: with a consent too, since who is called at home is called at home; and the exemption is not relied on: leave, or
/// the patient's own number, is asked for here as everywhere (TCP-01), since courts need not follow the agency that made it.
pub(crate) const RESIDENTIAL_LINE: Rule = Rule {
    id: "TCP-04",
    citation: "47 CFR 64.1200(a)(3)(v)",
    ground: Ground::Law,
    read: SourceRead::SecondHand,
    effective: Effective::ALWAYS,
    waived_by: &[Waiver::Emergency, Waiver::Answer],
    asks: "A machine calls a landline at home about care once a day and three times a week at most.",
    scope: Scope::CALLS,
    check: residential_line,
};

fn residential_line(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    let spoken_by_machine = is_automated(view, candidate) && candidate.channel != Channel::Sms;
    if !spoken_by_machine || !is_landline(candidate) || !view.is_care() || view.emergency {
        return Finding::NotApplicable;
    }
    if view.is_first_answer(candidate.address, None) {
        return Finding::NotApplicable;
    }
    if view.history.is_none() {
        return unknown("How often this line was called is not on record, so the caps cannot be kept.")
            .for_good(MISSING);
    }
    match view.capped_until(capped_until) {
        None => Finding::Satisfied,
        Some(until) => later(until, "This line was called as often as a day or a week allows; it waits."),
    }
}

fn is_landline(candidate: &Candidate<'_>) -> bool {
    candidate.point.is_some_and(|p| p.point.line_type.is_known_and(|line| *line == LineType::Landline))
}

/// The patient gave this number.
fn is_given_by_patient(point: &PointView<'_>) -> bool {
    point.point.source.is_known_and(|source| *source == PointSource::Patient)
}

/// Whether every condition of the exemption holds that the gate can see, and the caller leaves it open to rely on it.
fn is_exempt(view: &View<'_>, candidate: &Candidate<'_>) -> bool {
    leaves_open(view, Basis::Exemption) && lack_of_exemption(view, candidate).is_none()
}

/// The first condition of the exemption that does not hold, in a sentence, and what would lift that.
fn lack_of_exemption(view: &View<'_>, candidate: &Candidate<'_>) -> Option<(&'static str, &'static [Remedy])> {
    const OPEN: &[Remedy] = &[Remedy::LeaveBasisOpen];
    let (Some(point), Some(text), Channel::Sms) = (candidate.point, candidate.rendition, candidate.channel) else {
        return Some(("The health-care exemption was asked for, which is relied on for texts alone.", OPEN));
    };
    if !view.is_care() || view.request.purpose == Purpose::Emergency {
        return Some(("The health-care exemption was asked for, and does not list messages of this purpose.", OPEN));
    }
    // 47 CFR 64.1200(a)(9)(iv)(A): "only to the wireless telephone number provided by the patient".
    if !is_given_by_patient(point) {
        return Some((
            "The health-care exemption was asked for, and no record says that the patient gave this number.",
            OPEN,
        ));
    }
    if !point.point.line_type.is_known_and(|line| *line == LineType::Mobile) {
        return Some((
            "The health-care exemption was asked for, and no record says that this number is a mobile one.",
            OPEN,
        ));
    }
    if point.standing != Some(Standing::Silent) {
        return Some((
            "The health-care exemption was asked for, and a consent on record says what the patient wants at this number: that decides.",
            OPEN,
        ));
    }
    // (a)(9)(iv): "not charged to the called person".
    if !candidate.vendor.is_some_and(|vendor| vendor.free_to_end_user) {
        return Some((
            "The health-care exemption was asked for, and the vendor's texts are not free to the patient.",
            OPEN,
        ));
    }
    // (a)(9)(iv)(B), (G): each names the provider and says how to opt out.
    if !text.names_sender || !text.names_callback || !text.says_opt_out {
        return Some((
            "The health-care exemption was asked for, and the text lacks one of the things that it must give; TCP-05 says which.",
            &[Remedy::LeaveBasisOpen, Remedy::NameSender],
        ));
    }
    // (a)(9)(iv)(D): 160 characters.
    (text.chars > EXEMPT_TEXT).then_some((
        "The health-care exemption was asked for, and the text is longer than 160 characters.",
        &[Remedy::LeaveBasisOpen, Remedy::ShortenText],
    ))
}

/// When the caps let the next automated message of care go, if they hold one back now.
fn capped_until(view: &View<'_>) -> Option<Timestamp> {
    let day = SignedDuration::from_hours(24);
    let week = SignedDuration::from_hours(24 * 7);
    let by_day = room_in(view, view.policy.caps.per_day, day);
    let by_week = room_in(view, view.policy.caps.per_week, week);
    by_day.max(by_week).filter(|until| *until > view.start)
}

/// When fewer than `cap` automated messages of care lie within a `span`; `None` = now.
fn room_in(view: &View<'_>, cap: u32, span: SignedDuration) -> Option<Timestamp> {
    let since = view.start.checked_sub(span).unwrap_or(Timestamp::MIN);
    let mut within: Vec<Timestamp> = Vec::new();
    for past in &view.history?.deliveries {
        let by_line = matches!(past.channel, Channel::Sms | Channel::Voice | Channel::Voicemail);
        if past.at > since && past.automated && past.counts() && by_line && crate::view::is_care(past.purpose) {
            within.push(past.at);
        }
    }
    let cap = usize::try_from(cap).unwrap_or(usize::MAX);
    if within.len() < cap {
        return None;
    }
    within.sort_unstable();
    // When all but the last `cap` less one have left the span, there is room for one.
    let leaves = within.get(within.len().checked_sub(cap.max(1))?)?;
    Some(leaves.checked_add(span).unwrap_or(Timestamp::MAX))
}

#[cfg(test)]
mod tests {
    use crate::fact::{Fact, Missing};
    use crate::facts::{PastDelivery, PointSource};
    use crate::sample::{Case, refused_by, sends};
    use jiff::ToSpan;
    use postern_base::{Basis, Channel, Purpose};

    fn without_consents() -> Case {
        let mut case = Case::reminder_by_sms();
        case.consents().clear();
        case
    }

    #[test]
    fn a_number_the_patient_gave_is_consent_for_care_and_not_for_billing() {
        assert!(sends(&without_consents(), Channel::Sms));
        let mut bill = without_consents();
        bill.request.purpose = Purpose::Billing;
        assert!(refused_by(&bill, Channel::Sms, "TCP-01"));
    }

    #[test]
    fn a_number_from_nobody_knows_where_is_not_texted() {
        for source in [Fact::Known(PointSource::Staff), Fact::Unknown(Missing::NotRecorded)] {
            let mut case = without_consents();
            case.patient().points.iter_mut().for_each(|p| p.source = source);
            assert!(refused_by(&case, Channel::Sms, "TCP-01"));
        }
    }

    #[test]
    fn a_withdrawn_consent_is_not_healed_by_the_number_being_the_patients_own() {
        let mut case = Case::reminder_by_sms();
        case.consents().iter_mut().for_each(|c| c.active = false);
        assert!(refused_by(&case, Channel::Sms, "TCP-01"));
        let mut case = Case::reminder_by_sms();
        let now = case.facts.now;
        case.consents().iter_mut().for_each(|c| c.provision.until = Some(now));
        assert!(refused_by(&case, Channel::Sms, "TCP-01"));
    }

    #[test]
    fn a_bill_under_the_name_of_care_needs_what_a_bill_needs() {
        let refused = |bills: bool| {
            let mut case = Case::reminder_by_sms();
            case.consents().clear();
            case.facts.renditions.iter_mut().for_each(|text| text.bills = bills);
            (refused_by(&case, Channel::Sms, "TCP-01"), refused_by(&case, Channel::Sms, "TCP-02"))
        };
        assert_eq!(refused(false), (false, false));
        assert_ne!(refused(true), (false, false));
    }

    #[test]
    fn a_pinned_basis_that_does_not_hold_is_not_replaced_by_another() {
        let mut case = without_consents();
        case.request.basis = Some(Basis::Consent);
        assert!(refused_by(&case, Channel::Sms, "TCP-01"));
        case.request.basis = Some(Basis::Exemption);
        assert!(refused_by(&case, Channel::Sms, "TCP-03"));
        case.vendor(Channel::Sms).free_to_end_user = true;
        assert!(sends(&case, Channel::Sms));
    }

    #[test]
    fn the_second_message_of_a_day_waits() {
        let mut case = Case::reminder_by_sms();
        let at = case.facts.now.checked_sub(3.hours()).unwrap();
        let sent = PastDelivery {
            at,
            channel: Channel::Sms,
            point: crate::sample::address("+12125550101"),
            purpose: Purpose::Recall,
            automated: true,
            outcome: None,
        };
        case.history().deliveries.push(sent);
        let decision = case.decide();
        assert_eq!(decision.outcome.as_str(), "defer");
        assert_eq!(decision.deliveries[0].not_before, Some(at.checked_add(24.hours()).unwrap()));
        case.break_glass();
        assert!(sends(&case, Channel::Sms));
    }

    #[test]
    fn a_cap_of_none_lets_nothing_go() {
        let mut case = Case::reminder_by_sms();
        case.policy.caps.per_day = 0;
        assert!(refused_by(&case, Channel::Sms, "TCP-03") && case.decide().deliveries.is_empty());
    }

    #[test]
    fn an_opt_in_is_asked_for_only_at_a_number_the_patient_gave() {
        let mut case = without_consents();
        case.request.purpose = Purpose::ConsentConfirmation;
        case.speak_l0();
        assert!(sends(&case, Channel::Sms));
        case.patient().points.iter_mut().for_each(|p| p.source = Fact::Known(PointSource::ThirdParty));
        assert!(refused_by(&case, Channel::Sms, "TCP-01"));
    }
}
