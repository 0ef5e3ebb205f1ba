//! The basis on which a machine may call or text.

use super::is_automated;
use crate::candidate::Candidate;
use crate::consent::{Standing, in_force, ruling};
use crate::decision::WaitingFor;
use crate::facts::{ConsentKind, LineType, PointSource, Ruling};
use crate::finding::{Finding, MISSING, deny, later, require, unknown, wait};
use crate::matrix::Mark;
use crate::reference::EXEMPT_TEXT;
use crate::remedy::Remedy;
use crate::rules::privacy::restriction::system;
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
    if view.emergency || matches!(view.request.purpose, Purpose::OneTimeCode | Purpose::Marketing) {
        // 47 CFR 64.1200(f)(4): emergencies need none; a code is the user's own request; marketing needs the written
        // consent of TCP-22 instead.
        return Finding::NotApplicable;
    }
    let confirms = view.request.purpose == Purpose::ConsentConfirmation;
    if confirms && (view.is_first_answer(candidate.address, None) || given(point)) {
        // It answers what the patient sent, or asks at the number they gave for it.
        return Finding::NotApplicable;
    }
    match point.standing {
        None => match view.consents_missing().and_then(WaitingFor::because) {
            Some(system) => wait(system, "The patient's consents could not be read; waiting for them."),
            None => {
                unknown("The patient's consents are not on record; nothing is sent without them.").for_good(MISSING)
            }
        },
        Some(Standing::Denied) => deny("The patient's record denies contact at this number for this purpose.")
            .lifted_by(&[Remedy::LiftDenial]),
        Some(Standing::Lapsed) => deny("The patient's consent for this number was withdrawn or has run out.")
            .lifted_by(&[Remedy::RecordConsent]),
        Some(Standing::Permitted) if pinned(view, Basis::Consent) => Finding::Satisfied,
        Some(Standing::Permitted | Standing::Silent) => {
            let basis = provided(view, candidate) || exempt(view, candidate);
            Finding::when(basis, || {
                unknown(
                    "Neither a consent for this number and purpose is on record, nor that the patient gave the number for care.",
                ).lifted_by(&[Remedy::RecordConsent])
            })
        }
    }
}

/// Whether the caller leaves `basis` open.
fn pinned(view: &View<'_>, basis: Basis) -> bool {
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
    if provided(view, candidate) {
        return Finding::Satisfied;
    }
    match view.request.basis {
        Some(Basis::ProvidedNumber) => {
            deny("The basis asked for does not hold: the patient did not give this number for this kind of message.")
                .lifted_by(&[Remedy::LeaveBasisOpen])
        }
        _ => Finding::NotApplicable,
    }
}

fn provided(view: &View<'_>, candidate: &Candidate<'_>) -> bool {
    let silent = |p: &&PointView<'_>| matches!(p.standing, Some(Standing::Silent | Standing::Permitted));
    candidate.point.filter(silent).is_some_and(given) && view.is_care() && pinned(view, Basis::ProvidedNumber)
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
    if !is_automated(view, candidate) || !view.is_care() || view.emergency {
        return match view.request.basis {
            Some(Basis::Exemption) if is_automated(view, candidate) && !view.is_care() && !view.is_formality() => {
                deny("The health-care exemption does not cover this purpose; a consent is needed.")
                    .lifted_by(&[Remedy::LeaveBasisOpen])
            }
            _ => Finding::NotApplicable,
        };
    }
    if view.request.basis == Some(Basis::Exemption) && !exempt(view, candidate) {
        return deny("The health-care exemption was asked for, and not all of its conditions hold here.")
            .lifted_by(&[Remedy::LeaveBasisOpen]);
    }
    let by_hand = view.request.origin == Origin::Staff || view.is_first_answer(candidate.address, None);
    if by_hand {
        return Finding::NotApplicable;
    }
    let caps = view.policy.caps;
    if caps.per_day == 0 || caps.per_week == 0 {
        return require("The practice's policy allows no automated message of care; a person must reach the patient.")
            .for_good("The practice decided so in its policy; a person reaches the patient.");
    }
    match view.capped_until(capped_until) {
        None => match (view.history, view.history_missing().and_then(WaitingFor::because)) {
            (Some(_), _) => Finding::Satisfied,
            (None, Some(system)) => wait(system, "What was sent before could not be read; waiting for it."),
            (None, None) => {
                unknown("What was sent before is not on record, so the caps cannot be kept.").for_good(MISSING)
            }
        },
        Some(until) => {
            later(until, "The patient has had as many automated messages as a day or a week allows; it waits.")
        }
    }
}

/// 47 CFR 64.1200(a)(3)(v): a prerecorded health-care call to a residential line needs no consent, and goes once a day and three times a
/// week at most. house: with a consent too, since who is called at home is called at home.
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
    let landline = candidate.point.is_some_and(|p| p.point.line_type.is_known_and(|line| *line == LineType::Landline));
    let spoken = is_automated(view, candidate) && candidate.channel != Channel::Sms;
    if !landline || !spoken || !view.is_care() || view.emergency || view.is_first_answer(candidate.address, None) {
        return Finding::NotApplicable;
    }
    match view.capped_until(capped_until) {
        Some(until) => later(until, "This line was called as often as a day or a week allows; it waits."),
        None => Finding::when(view.history.is_some(), || {
            unknown("How often this line was called is not on record, so the caps cannot be kept.").for_good(MISSING)
        }),
    }
}

/// Whether the patient gave this number.
fn given(point: &PointView<'_>) -> bool {
    point.point.source.is_known_and(|source| *source == PointSource::Patient)
}

/// Whether every condition of the exemption holds that the gate can see.
fn exempt(view: &View<'_>, candidate: &Candidate<'_>) -> bool {
    let free = candidate.vendor.is_some_and(|row| row.free_to_end_user);
    let text = candidate.rendition.is_some_and(|r| r.names_sender && r.says_opt_out && r.chars <= EXEMPT_TEXT);
    let given = candidate.point.is_some_and(|p| p.standing == Some(Standing::Silent) && given(p));
    let listed = view.is_care() && view.request.purpose != Purpose::Emergency;
    free && text && given && listed && candidate.channel == Channel::Sms && pinned(view, Basis::Exemption)
}

/// When the caps let the next automated treatment message go, if they hold one back now.
fn capped_until(view: &View<'_>) -> Option<Timestamp> {
    let day = SignedDuration::from_hours(24);
    let week = SignedDuration::from_hours(24 * 7);
    let caps = view.policy.caps;
    freed(view, caps.per_day, day).max(freed(view, caps.per_week, week)).filter(|until| *until > view.start)
}

/// When fewer than `cap` messages lie within `span`.
fn freed(view: &View<'_>, cap: u32, span: SignedDuration) -> Option<Timestamp> {
    let counted = |at: &Timestamp| at.checked_add(span).is_ok_and(|end| end > view.start);
    let mut times: Vec<Timestamp> = view
        .history?
        .deliveries
        .iter()
        .filter(|d| {
            d.automated && d.counts() && matches!(d.channel, Channel::Sms | Channel::Voice | Channel::Voicemail)
        })
        .filter(|d| crate::view::is_care(d.purpose))
        .map(|d| d.at)
        .filter(counted)
        .collect();
    let cap = usize::try_from(cap).unwrap_or(usize::MAX);
    if times.len() < cap {
        return None;
    }
    times.sort_unstable();
    // The one whose end of span makes room: the cap-th from the last.
    let at = times.len().checked_sub(cap.max(1))?;
    times.get(at)?.checked_add(span).ok()
}

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
    if !candidate.cell.has(Mark::WrittenConsent) || (candidate.channel == Channel::Voice && view.human_voice()) {
        return Finding::NotApplicable;
    }
    signed_writing(view, candidate)
}

/// Whether the patient signed for offers at this number.
fn signed_writing(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    if candidate.point.is_some_and(|p| p.standing == Some(Standing::Denied)) {
        return deny("The patient's record denies marketing at this number.").lifted_by(&[Remedy::LiftDenial]);
    }
    let query = view.query(system(candidate), candidate.address);
    let signed = view.active(ConsentKind::MarketingTextConsent).any(|consent| {
        let provision = &consent.provision;
        provision.decision == Some(Ruling::Permit)
            && in_force(provision, view.now)
            && !provision.exceptions.iter().any(|e| ruling(e, query) == Some(Ruling::Deny))
            && consent.signed_by.is_some()
            && consent.has_source
            && !consent.defective
            && provision.points.contains(candidate.address)
    });
    Finding::when(signed, || {
        deny("Marketing to this number needs the patient's signed written consent for it; there is none on record.")
            .lifted_by(&[Remedy::SignMarketingText])
    })
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
    if view.request.purpose != Purpose::Marketing || !candidate.is_call_or_text() || candidate.cell.highest.is_none() {
        return Finding::NotApplicable;
    }
    let signed = || matches!(signed_writing(view, candidate), Finding::Satisfied);
    match view.facts.deployment.do_not_call.known() {
        // 47 CFR 64.1200(d)(3): who asked this practice is called no more, whatever they signed before.
        Some(lists) if lists.own.contains(candidate.address) => {
            deny("The patient asked this practice not to call to sell; the number is on its own do-not-call list.")
                .for_good("The patient asked for it, and the request stands for five years.")
        }
        Some(lists) if lists.national.contains(candidate.address) => Finding::when(signed(), || {
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
    use crate::facts::{PastDelivery, PointSource};
    use crate::sample::{Case, refused_by, sends};
    use jiff::ToSpan;
    use postern_base::{Basis, Channel, Level, Purpose};

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
    fn marketing_needs_a_written_consent() {
        let case = Case::of("marketing", Level::L1, &[Channel::Sms]);
        assert!(refused_by(&case, Channel::Sms, "TCP-22"));
        let case = Case::of("marketing", Level::L1, &[Channel::Voice]);
        assert!(refused_by(&case, Channel::Voice, "TCP-22"));
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
