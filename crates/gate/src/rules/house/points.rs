//! Contact points and devices (RULES 1.6).

use crate::candidate::Candidate;
use crate::consent::Standing;
use crate::facts::{LineType, MailboxKind, PointSource, Verification};
use crate::finding::{Finding, ask, deny, redirect, require, strip, unknown};
use crate::matrix::Mark;
use crate::remedy::Remedy;
use crate::rules::scope::Scope;
use crate::rules::{Effective, Ground, Rule, SourceRead, Waiver};
use crate::view::{PointView, View, same_place};
use postern_base::{Channel, Level, Purpose, RecipientRole};

/// OCR FAQ 570 names "checking the e-mail address for accuracy before sending" as a safeguard. house: a round trip, and of
/// numbers as of addresses. Codes and confirmations are how the round trip is made.
pub(crate) const VERIFIED: Rule = Rule {
    id: "EML-03",
    citation: "45 CFR 164.530(c)",
    ground: Ground::Law,
    read: SourceRead::Read,
    effective: Effective::ALWAYS,
    waived_by: &[Waiver::Formality],
    asks: "A number or address was verified as the patient's own before anything about them goes there.",
    scope: Scope::CONTACTS,
    check: verified,
};

fn verified(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    let Some(point) = candidate.point.filter(|_| candidate.is_contact()) else { return Finding::NotApplicable };
    if view.is_formality() || candidate.channel == Channel::Push {
        return Finding::NotApplicable;
    }
    let Some(verification) = point.point.verification.known() else {
        return unknown("Nobody verified that this contact point is the patient's own; verify it with a code first.")
            .lifted_by(&[Remedy::VerifyPoint]);
    };
    match lack(view, verification) {
        None => Finding::Satisfied,
        Some(lack) => deny(lack).lifted_by(&[Remedy::VerifyPoint]),
    }
}

/// Why a verification on record does not show that the contact point is the patient's own now; `None` = it does.
fn lack(view: &View<'_>, verification: &Verification) -> Option<&'static str> {
    if verification.next.is_some_and(|until| until <= view.now) {
        return Some("The verification of this contact point has run out; verify it with a code again.");
    }
    if !verification.validated {
        return Some("The last verification of this contact point did not succeed; verify it with a code first.");
    }
    match verification.last {
        None => Some("No record says when this contact point was verified; verify it with a code first."),
        Some(at) if at > view.now => {
            Some("The verification of this contact point is dated ahead of today; verify it with a code first.")
        }
        Some(_) => None,
    }
}

/// Somebody made sure that the contact point is the patient's own, and not too long ago.
pub(super) fn is_verified(view: &View<'_>, point: &PointView<'_>) -> bool {
    point.point.verification.is_known_and(|verification| lack(view, verification).is_none())
}

/// house: a mailbox or number that others read takes no more than a notice; whose it is must be known before a body goes.
pub(crate) const MAILBOX: Rule = Rule {
    id: "EML-04",
    citation: "house",
    ground: Ground::House,
    read: SourceRead::Own,
    effective: Effective::ALWAYS,
    waived_by: &[Waiver::Formality],
    asks: "An employer's, shared or family mailbox or number takes no more than a notice.",
    scope: Scope::CONTACTS,
    check: mailbox,
};

fn mailbox(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    let Some(point) = candidate.point.filter(|_| candidate.is_contact()) else { return Finding::NotApplicable };
    if !candidate.has_body() || view.is_formality() {
        return Finding::NotApplicable;
    }
    if !point.point.shared_with.is_empty() {
        return strip("Others use this number or mailbox; it takes no more than a notice.")
            .for_good("What others read stays with a notice; the full text waits in the portal.");
    }
    if candidate.channel != Channel::Email {
        return Finding::NotApplicable;
    }
    match point.point.mailbox.known() {
        Some(MailboxKind::Personal) => Finding::Satisfied,
        Some(_) => strip("Others read this mailbox; it takes no more than a notice.")
            .for_good("What others read stays with a notice; the full text waits in the portal."),
        None if candidate.carried(view.level).is_none_or(|level| level >= Level::L2) => {
            unknown("Nobody recorded whose mailbox this is; it takes no clinical text until somebody does.")
                .lifted_by(&[Remedy::RecordMailbox])
        }
        None => Finding::NotApplicable,
    }
}

/// house: a push travels through others without an agreement and shows on a locked screen: L0 only.
pub(crate) const PUSH: Rule = Rule {
    id: "PSH-01",
    citation: "house",
    ground: Ground::House,
    read: SourceRead::Own,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "A push says only that something waits; offers by push need the patient's own opt-in.",
    scope: Scope::ANY.on(&[Channel::Push]),
    check: push,
};

fn push(_view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    if candidate.channel != Channel::Push {
        return Finding::NotApplicable;
    }
    let opted_in = candidate.point.is_some_and(|p| p.standing == Some(Standing::Permitted));
    if candidate.cell.has(Mark::OptIn) && !opted_in {
        return unknown("The patient did not ask for offers on this device.").lifted_by(&[Remedy::RecordConsent]);
    }
    // A text whose level nobody could find is not known to say so little.
    let says_little = candidate.rendition.is_none_or(|text| text.level.is_known_and(|level| *level == Level::L0));
    Finding::when(says_little, || {
        strip("A push may say only that something waits; the text belongs behind the sign-in.")
            .for_good("A lock screen is read by whoever holds the device; the text waits behind the sign-in.")
    })
}

/// 45 CFR 164.530(c)(1): safeguards. An open chat takes nothing about a patient; a signed-in one is as good as the portal.
pub(crate) const CHAT: Rule = Rule {
    id: "CHT-01",
    citation: "45 CFR 164.530(c)",
    ground: Ground::Law,
    read: SourceRead::FromKnowledge,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "Chat carries nothing about a patient unless they are signed in.",
    scope: Scope::ANY.on(&[Channel::Chat, Channel::ChatAnonymous]),
    check: chat,
};

fn chat(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    match candidate.channel {
        Channel::Chat => Finding::Satisfied,
        Channel::ChatAnonymous => Finding::when(candidate.carried(view.level) == Some(Level::L0), || {
            strip("An open chat carries nothing about a patient; offer the portal or a call.")
                .for_good("Nobody knows who reads an open chat; the text waits behind the sign-in.")
        }),
        _ => Finding::NotApplicable,
    }
}

/// house: messaging apps only when the patient asked for that app (RULES SOC-01); 45 CFR 164.308(b) for the agreement.
pub(crate) const APPS: Rule = Rule {
    id: "SOC-01",
    citation: "45 CFR 164.308(b)",
    ground: Ground::Law,
    read: SourceRead::FromKnowledge,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "A messaging app is used only when the patient asked for it and was told of its risk.",
    scope: Scope::ANY.on(&[Channel::MessagingApp]),
    check: apps,
};

fn apps(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    if candidate.channel != Channel::MessagingApp {
        return Finding::NotApplicable;
    }
    let asked = candidate.point.is_some_and(|p| p.standing == Some(Standing::Permitted));
    if !asked {
        return deny("The patient did not ask to be reached on this app; use another channel.")
            .lifted_by(&[Remedy::RecordConsent]);
    }
    let notices = view.history.map_or(&[][..], |history| &history.notices);
    let here = || notices.iter().filter(|n| n.kind.ends_with(RISK_NOTICE) && same_place(&n.point, candidate.address));
    if here().any(|notice| notice.objected) {
        return deny("The patient was told the risk of this app and does not want it; use another channel.")
            .for_good("The patient said no; only of their own accord do they take it back.");
    }
    let told = here().any(|notice| notice.at <= view.now);
    Finding::when(told || view.is_formality(), || {
        unknown(
            "No record says that the patient was told the risk of this app; tell them first, or use another channel.",
        )
        .lifted_by(&[Remedy::TellRisk])
    })
}

/// How the kind of a notice of a channel's risk ends: `app_risk`, `email_risk`.
const RISK_NOTICE: &str = "_risk";

/// house: a contact point is used while it is in use, and an address without a consent only when the patient gave it.
pub(crate) const IN_USE: Rule = Rule {
    id: "HSE-01",
    citation: "house",
    ground: Ground::House,
    read: SourceRead::Own,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "There is a contact point, it is in use now, and the patient gave it or permits it; the portal is open to the patient.",
    scope: Scope::ANY,
    check: in_use,
};

fn in_use(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    if candidate.placeholder && view.patient.is_none() {
        // Nothing is known of the patient: SYS-02 says so, and says who must act.
        return Finding::NotApplicable;
    }
    if candidate.placeholder
        && matches!(view.request.recipient.role, RecipientRole::HealthPlan | RecipientRole::Provider)
    {
        return require("Messages go to patients and to who stands for them; what may be told to a plan or another provider, a person tells.")
            .for_good("No machine tells plans and other providers anything; a person does, by the practice's own way.");
    }
    if candidate.placeholder {
        return redirect(
            "The record holds no contact point for what was asked; add one, or allow other channels, such as the portal.",
        ).for_good("What the record does not hold cannot be supposed; ask the patient how to be reached.");
    }
    let is_landline = |p: &PointView<'_>| p.point.line_type.is_known_and(|line| *line == LineType::Landline);
    if candidate.channel == Channel::Sms && candidate.point.is_some_and(is_landline) {
        return deny("The record says that this number is a landline, and a landline takes no texts; call, or ask for a mobile number.")
            .for_good("A landline takes no texts.");
    }
    if candidate.channel == Channel::Portal {
        return match view.facts.deployment.portal_available.known() {
            Some(true) => Finding::Satisfied,
            Some(false) => deny("The portal is not open to this patient yet; invite them first.")
                .lifted_by(&[Remedy::InviteToPortal]),
            None => {
                unknown("Nobody knows whether the portal is open to this patient.").lifted_by(&[Remedy::InviteToPortal])
            }
        };
    }
    let Some(point) = candidate.point else { return Finding::NotApplicable };
    if point.point.expired || point.point.until.is_some_and(|until| until <= view.now) {
        return deny("The record says that this contact point is out of use; use the current one.")
            .lifted_by(&[Remedy::ConfirmInUse]);
    }
    if point.point.from.is_some_and(|from| from > view.now) {
        return deny("The record says that this contact point is not in use yet; use the current one.")
            .lifted_by(&[Remedy::ConfirmInUse]);
    }
    let given_for = |purposes: &Vec<Purpose>| purposes.contains(&view.purpose) || view.is_formality() || view.emergency;
    if !point.point.only_for.as_ref().is_none_or(given_for) {
        return deny("The record gives this contact point for other matters only; use another one.")
            .for_good("It was given for other matters; ask for one for this, or have the record changed.");
    }
    if candidate.channel != Channel::Email || view.is_formality() || view.emergency {
        return Finding::Satisfied;
    }
    // OCR FAQ 570: who writes from an address has given it.
    let wrote = view.answered.is_some_and(|m| m.channel == Channel::Email && m.point == *candidate.address);
    let given = wrote || point.point.source.is_known_and(|source| *source == PointSource::Patient);
    match point.standing {
        Some(Standing::Permitted) => Finding::Satisfied,
        Some(Standing::Silent) if given && view.purpose != Purpose::Marketing => Finding::Satisfied,
        Some(Standing::Lapsed) => deny("The patient's consent for this address was withdrawn or has run out.")
            .lifted_by(&[Remedy::RecordConsent]),
        Some(Standing::Silent) if given => {
            unknown("The patient gave this address, and not for offers; that an offer by e-mail waits for their leave is our own rule.")
                .lifted_by(&[Remedy::RecordConsent])
        }
        _ => unknown("Neither did the patient give this address, nor is a consent for it on record.")
            .lifted_by(&[Remedy::RecordConsent]),
    }
}

/// house: safety flags on the record.
pub(crate) const SAFE_DEVICE: Rule = Rule {
    id: "HSE-02",
    citation: "house",
    ground: Ground::House,
    read: SourceRead::Own,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "Safety flags are obeyed: no machine where none is wanted, no more than a notice on a device others read, a person where a flag is unclear.",
    scope: Scope::CONTACTS,
    check: safe_device,
};

fn safe_device(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    let Some(flags) = view.patient.map(|p| p.flags).filter(|_| candidate.is_contact()) else {
        return Finding::NotApplicable;
    };
    if flags.unreadable {
        return ask("A safety flag on the record could not be understood; a person must read it first.")
            .lifted_by(&[Remedy::ReadFlag])
            .and_alert();
    }
    if flags.no_automated && !(candidate.channel == Channel::Voice && view.human_voice()) {
        return redirect("The record asks for no contact by machine; a person must call, or write.")
            .for_good("The flag stands for the patient's safety; a person calls or writes.");
    }
    if flags.unsafe_device && candidate.has_body() && !view.is_formality() {
        return strip("Others can read the patient's device; it takes no more than a notice.")
            .for_good("The flag stands for the patient's safety; the text waits behind the sign-in.");
    }
    Finding::Satisfied
}

#[cfg(test)]
mod tests {
    use crate::fact::{Fact, Missing};
    use crate::facts::{Flags, LineType, MailboxKind, Verification};
    use crate::sample::{Case, refused_by, sends, sends_form};
    use postern_base::{Channel, Form, Level, Purpose};

    #[test]
    fn a_number_nobody_verified_gets_only_the_code_that_verifies_it() {
        let states = [
            Fact::Unknown(Missing::NotRecorded),
            Fact::Known(Verification {
                validated: false,
                last: Some("2026-11-01T00:00:00Z".parse().unwrap()),
                next: None,
            }),
            Fact::Known(Verification {
                validated: true,
                last: Some("2020-11-01T00:00:00Z".parse().unwrap()),
                next: Some("2021-01-01T00:00:00Z".parse().unwrap()),
            }),
        ];
        for state in states {
            let mut case = Case::reminder_by_sms();
            case.patient().points.iter_mut().for_each(|p| p.verification = state);
            assert!(refused_by(&case, Channel::Sms, "EML-03"));
            case.request.purpose = Purpose::OneTimeCode;
            case.speak_l0();
            assert!(sends(&case, Channel::Sms));
        }
    }

    #[test]
    fn a_mailbox_others_read_takes_only_a_notice() {
        let mut case = Case::reminder_by_email_body();
        case.patient().points.iter_mut().for_each(|p| p.mailbox = Fact::Known(MailboxKind::Employer));
        assert!(refused_by(&case, Channel::Email, "EML-04"));
        case.request.channels = Some(vec![Channel::Email, Channel::Portal]);
        assert!(sends_form(&case, Channel::Email, Form::Notice));
    }

    #[test]
    fn a_shared_number_takes_only_a_notice() {
        let mut case = Case::reminder_by_sms();
        case.patient().points.iter_mut().for_each(|p| p.shared_with.push("Patient/p2".into()));
        assert!(refused_by(&case, Channel::Sms, "EML-04"));
    }

    #[test]
    fn safety_flags_are_obeyed() {
        let mut case = Case::reminder_by_sms();
        case.patient().flags = Flags { no_automated: true, ..Flags::default() };
        assert!(refused_by(&case, Channel::Sms, "HSE-02"));
        case.patient().flags = Flags { unreadable: true, ..Flags::default() };
        assert_eq!(case.decide().outcome.as_str(), "hold");
    }

    #[test]
    fn a_request_without_any_way_to_reach_the_patient_says_so() {
        let mut case = Case::reminder_by_sms();
        case.patient().points.clear();
        assert!(refused_by(&case, Channel::Sms, "HSE-01"));
        assert_eq!(case.decide().outcome.as_str(), "refuse");
    }

    #[test]
    fn a_landline_is_called_and_not_texted() {
        let on = |channel, line| {
            let mut case = Case::of("appointment_reminder", Level::L1, &[channel]);
            case.patient().points.iter_mut().for_each(|p| p.line_type = Fact::Known(line));
            refused_by(&case, channel, "HSE-01")
        };
        assert!(on(Channel::Sms, LineType::Landline) && !on(Channel::Sms, LineType::Mobile));
        assert!(!on(Channel::HumanCall, LineType::Landline));
    }

    #[test]
    fn a_point_that_was_given_for_one_matter_is_used_for_no_other() {
        let refused = |purposes: Option<Vec<Purpose>>| {
            let mut case = Case::reminder_by_sms();
            case.patient().points.iter_mut().for_each(|p| p.only_for = purposes.clone());
            refused_by(&case, Channel::Sms, "HSE-01")
        };
        assert!(refused(Some(vec![Purpose::Billing])) && refused(Some(vec![])));
        assert!(!refused(Some(vec![Purpose::AppointmentReminder])) && !refused(None));
    }

    #[test]
    fn a_channel_that_was_asked_for_and_is_not_on_record_is_missed_beside_another_that_stands() {
        let mut case = Case::reminder_by_sms();
        case.request.channels = Some(vec![Channel::Sms, Channel::Push]);
        let decision = case.decide();
        assert_eq!(decision.outcome.as_str(), "send");
        let missed = |refusal: &crate::Refusal| refusal.rule == "HSE-01" && refusal.channel == Channel::Push;
        assert_eq!(decision.refusals.iter().filter(|refusal| missed(refusal)).count(), 1);
    }

    #[test]
    fn a_closed_portal_takes_no_copy() {
        let mut case = Case::result();
        case.facts.deployment.portal_available = Fact::Known(false);
        assert!(refused_by(&case, Channel::Portal, "HSE-01"));
    }
}
