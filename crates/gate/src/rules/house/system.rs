//! System duties (RULES 1.9).

use crate::agreement::covered;
use crate::candidate::Candidate;
use crate::consent::Standing;
use crate::decision::WaitingFor;
use crate::facts::{Consent, ConsentKind, Ehr, EventStatus, Ruling};
use crate::finding::{Finding, MISSING, ask, deny, later, redirect, require, unknown, wait};
use crate::matrix::Mark;
use crate::reference::REPEATED_TEXT;
use crate::remedy::Remedy;
use crate::rules::scope::{Given, Scope};
use crate::rules::{Effective, Ground, Rule, SourceRead, Waiver};
use crate::view::View;
use jiff::Timestamp;
use postern_base::{Channel, Form, Level, Origin, Purpose};

/// house: the ceilings are compiled in; a tenant, workflow or template may lower a cell, never raise it.
pub(crate) const POLICY_FLOOR: Rule = Rule {
    id: "SYS-01",
    citation: "house",
    ground: Ground::House,
    read: SourceRead::Own,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "The tenant's policy only tightens; one that loosens anything refuses every decision.",
    scope: Scope::ANY,
    check: policy_floor,
};

fn policy_floor(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    if let Some(defect) = view.policy.defects.iter().find(|defect| defect.rule != "IB-01") {
        return deny(defect.sentence.clone()).lifted_by(&[Remedy::MendPolicy]).and_alert();
    }
    // What somebody asked to have by e-mail is for a person, and PRI-21 says so.
    if candidate.channel == Channel::Email && view.asked_for_email(candidate.address) {
        return Finding::NotApplicable;
    }
    Finding::when(!view.policy.disabled_channels.contains(&candidate.channel), || {
        deny("The practice has switched this channel off.").lifted_by(&[Remedy::EnableChannel])
    })
}

/// house: consents, preferences and restrictions are read live for each send; when they cannot be, nothing is sent.
pub(crate) const RECORD_READ: Rule = Rule {
    id: "SYS-02",
    citation: "house",
    ground: Ground::House,
    read: SourceRead::Own,
    effective: Effective::ALWAYS,
    waived_by: &[Waiver::Emergency],
    asks: "The patient's record was read just now; while the EHR does not answer, the message waits.",
    scope: Scope::MESSAGE,
    check: record_read,
};

fn record_read(view: &View<'_>, _candidate: &Candidate<'_>) -> Finding {
    let unreachable = view.facts.ehr == Ehr::Unreachable;
    if view.emergency && unreachable {
        // 45 CFR 164.522(b): against the last known request for confidential communications. Where other leave of the patient's was
        // read, so was what they asked for of this kind; where nothing was, nobody can tell from here, and a person must find out.
        let listed = view.active(ConsentKind::ConfidentialCommunication).next().is_some();
        let permits = |consent: &Consent| {
            consent.kind == ConsentKind::ContactConsent && consent.provision.decision == Some(Ruling::Permit)
        };
        let read = listed || view.consents.is_some_and(|consents| consents.iter().any(permits));
        return Finding::when(read && view.patient.is_some(), || {
            ask(
                "The EHR does not answer, and nothing is known of where the patient asked to be reached; a person must act.",
            ).lifted_by(&[Remedy::SystemAnswers])
        });
    }
    let missing = view.patient_missing().or_else(|| view.consents_missing());
    match missing.and_then(WaitingFor::because) {
        Some(WaitingFor::Ehr) => wait(WaitingFor::Ehr, "The EHR does not answer; the message waits for it."),
        Some(system) => wait(system, "The patient's record could not be read; the message waits for it."),
        None if unreachable => wait(WaitingFor::Ehr, "The EHR does not answer; the message waits for it."),
        None if view.patient_missing().is_some() => {
            unknown("The patient's record is missing or cannot be understood; a person must look.").for_good(MISSING)
        }
        None if missing.is_some() => {
            unknown("What the patient consented to cannot be read from the record; a person must look.")
                .for_good(MISSING)
        }
        None => Finding::Satisfied,
    }
}

/// house: our own opt-outs and the EHR's consents are both read, and deny wins: a STOP reaches us before the EHR.
pub(crate) const BOTH_LEDGERS: Rule = Rule {
    id: "SYS-03",
    citation: "house",
    ground: Ground::House,
    read: SourceRead::Own,
    effective: Effective::ALWAYS,
    waived_by: &[Waiver::Emergency],
    asks: "A denial in our own opt-outs or in the EHR wins over any permission; an unreadable Consent denies.",
    scope: Scope::ANY,
    check: both_ledgers,
};

fn both_ledgers(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    if view.active(ConsentKind::Unreadable).next().is_some() {
        return ask("A Consent on the record could not be understood; until a person has read it, nothing is sent.")
            .lifted_by(&[Remedy::ReadConsent])
            .and_alert();
    }
    let Some(consents) = view.consents else { return Finding::NotApplicable };
    // 45 CFR 164.404(d)(1) asks for the letter, whatever the patient said of calls and texts (RULES TCP-15).
    let letter = view.purpose == Purpose::BreachNotice && candidate.channel == Channel::Mail;
    if letter || (view.emergency && candidate.is_contact()) {
        return Finding::NotApplicable;
    }
    let denied = match candidate.point {
        Some(point) => point.standing == Some(Standing::Denied),
        None => {
            let query = view.query(crate::rules::privacy::restriction::system(candidate), candidate.address);
            let rulings = consents.iter().filter(|c| c.kind == ConsentKind::ContactConsent && c.active);
            rulings.filter_map(|c| crate::consent::ruling(&c.provision, query)).any(|r| r == Ruling::Deny)
        }
    };
    Finding::when(!denied, || {
        deny("The patient's record denies contact this way for this purpose.").lifted_by(&[Remedy::LiftDenial])
    })
}

/// house: everything is looked at again just before the send: a cancelled visit, an event that is over, an expired request.
pub(crate) const STILL_TRUE: Rule = Rule {
    id: "SYS-04",
    citation: "house",
    ground: Ground::House,
    read: SourceRead::Own,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "What the message is about still stands, and the message is not too late or too early.",
    scope: Scope::MESSAGE,
    check: still_true,
};

fn still_true(view: &View<'_>, _candidate: &Candidate<'_>) -> Finding {
    if view.request.expires_at.is_some_and(|expires| expires <= view.start) {
        return deny("The time in which this message was worth something is over.").lifted_by(&[Remedy::ExtendExpiry]);
    }
    if let Some(against) = event_against(view) {
        return against;
    }
    match view.request.send_at {
        Some(at) if at > view.now => later(at, "The caller asked for it to be sent later."),
        _ => Finding::Satisfied,
    }
}

fn event_against(view: &View<'_>) -> Option<Finding> {
    let Some(reference) = view.request.event.as_deref() else {
        // A reminder that names no event tells in its text when the visit is.
        return is_over(view).then(|| {
            deny("The time the reminder tells has passed; there is nothing to remind of.")
                .for_good("What was to be told of has happened.")
        });
    };
    let Some(event) = view.event else {
        let missing = match &view.facts.event {
            crate::fact::Fact::Unknown(why) => WaitingFor::because(*why),
            crate::fact::Fact::Known(_) => None,
        };
        return Some(match missing {
            Some(system) => wait(system, "The event this is about could not be read; the message waits for it."),
            None => unknown("The event this is about is not on this patient's record; check the reference.")
                .for_good(MISSING),
        });
    };
    let purpose = view.request.purpose;
    // What tells of a cancellation, or follows a visit, outlives the event; a bill does not outlive itself.
    let outlives = match purpose {
        Purpose::TreatmentUpdate | Purpose::FollowUp | Purpose::Emergency | Purpose::BreachNotice => true,
        Purpose::Billing => !is_account(reference),
        _ => false,
    };
    match event.status {
        // FHIR R4 "entered-in-error": "This should never have existed". It may be somebody else's, and nothing of it is told to this patient
        // but that it was.
        EventStatus::InError if purpose != Purpose::BreachNotice => Some(
            deny("What this is about was entered in error; no message is based on it.")
                .for_good("The record says that it should never have been; what is true is another record."),
        ),
        EventStatus::Cancelled if !outlives => Some(
            deny("The event this is about was cancelled or withdrawn; nothing is sent.")
                .for_good("What was to be told of does not take place any more."),
        ),
        EventStatus::Pending if !outlives => Some(wait(
            WaitingFor::Ehr,
            "What this is about is not final yet; the message waits until the record says that it is.",
        )),
        // It may have been made in error as well.
        EventStatus::Unknown if !matches!(purpose, Purpose::Emergency | Purpose::BreachNotice) => {
            Some(unknown("Where the event stands is not on record; nothing is sent about it.").for_good(MISSING))
        }
        EventStatus::Past if purpose == Purpose::AppointmentReminder => Some(begun()),
        _ if is_over(view) => Some(begun()),
        _ => None,
    }
}

/// Who is there, or was, needs no reminder.
fn begun() -> Finding {
    deny("The appointment has begun or is over; there is nothing to remind of.")
        .for_good("What was to be told of has happened.")
}

/// Whether a reference names what is to be paid, rather than what it is paid for.
fn is_account(reference: &str) -> bool {
    const ACCOUNTS: &[&str] = &[
        "Invoice",
        "Account",
        "ChargeItem",
        "Claim",
        "ExplanationOfBenefit",
        "PaymentNotice",
        "PaymentReconciliation",
    ];
    reference.split_once('/').is_some_and(|(kind, _)| ACCOUNTS.contains(&kind))
}

/// When the visit begins that the message reminds of.
pub(crate) fn begins(view: &View<'_>) -> Option<Timestamp> {
    view.event.filter(|_| view.request.purpose == Purpose::AppointmentReminder)?.at
}

/// The instant after which the message is worthless: the caller's, or the beginning of the visit it reminds of.
pub(crate) fn worthless_from(view: &View<'_>) -> Option<Timestamp> {
    match (begins(view), view.request.expires_at) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

fn is_over(view: &View<'_>) -> bool {
    begins(view).is_some_and(|begins| begins <= view.start)
}

/// house: one message per patient, event, purpose and template version; a retry never sends twice.
pub(crate) const DUPLICATE: Rule = Rule {
    id: "SYS-05",
    citation: "house",
    ground: Ground::House,
    read: SourceRead::Own,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "The same message about the same event is accepted once; without an event, once in 24 hours.",
    scope: Scope::MESSAGE,
    check: duplicate,
};

fn duplicate(view: &View<'_>, _candidate: &Candidate<'_>) -> Finding {
    let Some(history) = view.history else {
        return match view.history_missing().and_then(WaitingFor::because) {
            Some(system) => wait(system, "What was sent before could not be read; the message waits for it."),
            None => {
                unknown("What was sent before is not on record, so nobody knows whether this was.").for_good(MISSING)
            }
        };
    };
    let content = &view.facts.content;
    let repeated = history.earlier.iter().any(|earlier| {
        let recent = view.now.duration_since(earlier.at) < REPEATED_TEXT;
        let same_event = earlier.event.is_some() && earlier.event == view.request.event;
        let same_text = earlier.event.is_none() && view.request.event.is_none() && earlier.same_content && recent;
        earlier.purpose == view.request.purpose && earlier.template == content.template && (same_event || same_text)
    });
    Finding::when(!repeated, || {
        deny("A message for this purpose, about this event or in these words, was accepted before; it is not sent twice.")
            .for_good("It was sent, or is on its way; another message is another request.")
    })
}

/// house: what was rendered is measured; a text above its form's ceiling, or one nobody could measure, does not travel.
pub(crate) const CONTENT_MEASURED: Rule = Rule {
    id: "SYS-06",
    citation: "house",
    ground: Ground::House,
    read: SourceRead::Own,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "Every text that travels was classified and carries no more than its form allows.",
    scope: Scope::ANY,
    check: content_measured,
};

fn content_measured(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    if view.level.is_none() {
        return ask("The content could not be classified; a person must look before it is sent.")
            .lifted_by(&[Remedy::ReadText])
            .and_alert();
    }
    if candidate.channel.is_human_task() {
        return Finding::NotApplicable;
    }
    let Some(text) = candidate.rendition else {
        return redirect("There is no text for this channel in a form it may carry.")
            .for_good("The template holds no such text; another template is another message.");
    };
    let Some(found) = text.level.known().copied() else {
        return ask("The rendered text could not be classified; a person must look before it is sent.")
            .lifted_by(&[Remedy::ReadText])
            .and_alert();
    };
    let found = if text.categories.is_empty() { found } else { Level::L4 };
    let guarded = candidate.cell.has(Mark::CarriesL0) || candidate.cell.has(Mark::NoPhi);
    let ceiling = match candidate.form {
        // Whatever the form: a practice that lowers such a cell does not let it carry more.
        _ if guarded => Level::L0,
        // RULES section 2, P13: a breach notice by e-mail does not name what is specially protected.
        Form::Full if view.request.purpose == Purpose::BreachNotice && candidate.is_contact() => Level::L3,
        Form::Full => Level::L4,
        Form::Minimal => Level::L1,
        Form::Notice | Form::Callback => Level::L0,
    };
    if found <= ceiling {
        return Finding::Satisfied;
    }
    // A notice and a call back tell of nothing but their sender: what they say too much is the sender's name, and nobody wrote it anew.
    if candidate.form < Form::Minimal && !view.has_neutral_alias() {
        return redirect(
            "The practice's own name in this text tells what care is given; set a neutral alias, or use the portal.",
        )
        .lifted_by(&[Remedy::SetNeutralAlias]);
    }
    redirect("The text tells more about the patient than may stand in it here; take that out, or let the message wait in the portal.")
        .for_good("A form carries what it may and no more; less text is another message.")
        .and_alert()
}

/// house: what a machine wrote about care is read by a person first. Cal. Health & Safety Code 1339.75 asks for that or a
/// disclaimer of clinical text that a model wrote.
pub(crate) const MACHINE_TEXT: Rule = Rule {
    id: "SYS-10",
    citation: "house",
    ground: Ground::House,
    read: SourceRead::Own,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "Text a model wrote about care is read by a person before it is sent.",
    scope: Scope::MESSAGE.with(Given::Model),
    check: machine_text,
};

fn machine_text(view: &View<'_>, _candidate: &Candidate<'_>) -> Finding {
    // Where the two contradict each other, the stricter is true.
    let generated = view.request.origin == Origin::Ai || view.request.ai.is_some_and(|ai| ai.generated);
    if !generated {
        return Finding::NotApplicable;
    }
    if let Some(vendor) = view.request.model_vendor.as_deref() {
        let mut rows = view.facts.vendors.iter().filter(|row| row.vendor == vendor);
        if !rows.any(|row| covered(&view.facts.tenant, row, view.now) && row.agreement.required_terms) {
            // 45 CFR 164.308(b)(1): who runs the model received what it wrote from.
            return deny("No agreement covers whoever runs the model that wrote this; sign one, or use another.")
                .lifted_by(&[Remedy::CoverModel]);
        }
    }
    let reviewed = view.request.ai.is_some_and(|ai| ai.human_reviewed);
    let clinical = view.request.ai.is_some_and(|ai| ai.clinical) || view.level.is_none_or(|level| level >= Level::L2);
    Finding::when(reviewed || !clinical, || {
        require(
            "A model wrote this, it is about care, and nobody has read it; a clinician must read and accept it first.",
        )
        .lifted_by(&[Remedy::ReviewText])
    })
}

#[cfg(test)]
mod tests {
    use crate::decision::WaitingFor;
    use crate::fact::{Fact, Missing};
    use crate::facts::{ConsentKind, EarlierRequest, Ehr, EventStatus, Provision, Ruling, System};
    use crate::policy::PolicyDefect;
    use crate::request::Ai;
    use crate::sample::{Case, refused_by, sends};
    use postern_base::{Channel, Level, Purpose};

    #[test]
    fn while_the_ehr_does_not_answer_nothing_leaves_not_even_the_portal_copy() {
        let mut case = Case::result();
        case.facts.ehr = Ehr::Unreachable;
        let decision = case.decide();
        assert_eq!((decision.outcome.as_str(), decision.waiting_for), ("defer", Some(WaitingFor::Ehr)));
        assert!(decision.deliveries.is_empty() && refused_by(&case, Channel::Portal, "SYS-02"));
    }

    #[test]
    fn break_glass_goes_by_the_last_known_record_and_holds_without_one() {
        let mut case = Case::reminder_by_sms();
        case.facts.ehr = Ehr::Unreachable;
        case.break_glass();
        case.consents().clear();
        assert_eq!(case.decide().outcome.as_str(), "hold");
        // Where leave of the patient's was read, so was that they asked for no other place.
        case.permit(System::Sms, "+12125550101");
        assert!(sends(&case, Channel::Sms));
        case.consents().clear();
        let listed = Provision {
            decision: Some(Ruling::Permit),
            points: vec![crate::sample::address("+12125550101")],
            ..Provision::default()
        };
        let provision = Provision { decision: Some(Ruling::Deny), exceptions: vec![listed], ..Provision::default() };
        case.consents().push(crate::sample::consent(ConsentKind::ConfidentialCommunication, provision));
        assert!(sends(&case, Channel::Sms));
        case.facts.consents = Fact::Unknown(Missing::EhrUnreachable);
        assert!(case.decide().deliveries.is_empty());
    }

    #[test]
    fn what_was_entered_in_error_is_the_ground_of_no_message_whatever_it_is_for() {
        for purpose in [Purpose::FollowUp, Purpose::TreatmentUpdate, Purpose::Billing, Purpose::TestResult] {
            let mut case = Case::result();
            case.request.purpose = purpose;
            case.is_about("DiagnosticReport/d1", EventStatus::InError, Some("2026-11-30T18:00:00Z"));
            assert!(refused_by(&case, Channel::Portal, "SYS-04"), "{purpose}");
        }
    }

    #[test]
    fn a_decision_that_did_not_ask_the_ehr_is_advisory() {
        let mut case = Case::reminder_by_sms();
        case.facts.ehr = Ehr::NotAsked;
        assert!(case.decide().advisory && sends(&case, Channel::Sms));
    }

    #[test]
    fn a_policy_that_loosens_refuses_everything_and_says_so() {
        let mut case = Case::result();
        case.policy.defects.push(PolicyDefect { rule: "SYS-01", key: "matrix".into(), sentence: "floor".into() });
        let decision = case.decide();
        assert_eq!(decision.outcome.as_str(), "refuse");
        assert!(decision.alerts.iter().any(|alert| alert.rule == "SYS-01"));
    }

    fn about(status: EventStatus, at: &str) -> Case {
        let mut case = Case::reminder_by_sms();
        case.is_about("Appointment/a1", status, Some(at));
        case
    }

    #[test]
    fn a_visit_that_was_cancelled_or_has_begun_is_not_reminded_of() {
        assert!(sends(&about(EventStatus::Active, "2026-12-04T19:00:00Z"), Channel::Sms));
        assert!(refused_by(&about(EventStatus::Cancelled, "2026-12-04T19:00:00Z"), Channel::Sms, "SYS-04"));
        assert!(refused_by(&about(EventStatus::Active, "2026-12-01T19:00:00Z"), Channel::Sms, "SYS-04"));
    }

    #[test]
    fn the_same_message_about_the_same_event_is_sent_once() {
        let mut case = about(EventStatus::Active, "2026-12-04T19:00:00Z");
        let at = case.facts.now;
        let purpose = case.request.purpose;
        let event = case.request.event.clone();
        case.history().earlier.push(EarlierRequest {
            at,
            purpose,
            event,
            template: None,
            same_content: false,
            commitment: None,
        });
        assert!(refused_by(&case, Channel::Sms, "SYS-05"));
        case.request.event = Some("Appointment/a2".into());
        assert!(!refused_by(&case, Channel::Sms, "SYS-05"));
    }

    #[test]
    fn an_order_or_a_bill_that_was_taken_back_or_is_not_on_record_is_told_to_nobody() {
        let about = |purpose: &str, reference: &str, status: Option<EventStatus>| {
            let mut case = Case::of(purpose, Level::L1, &[Channel::Portal]);
            match status {
                Some(status) => {
                    case.is_about(reference, status, None);
                }
                None => {
                    case.request.event = Some(reference.into());
                    case.facts.event = Fact::recorded(None);
                }
            }
            case
        };
        for (purpose, reference) in
            [("medication", "MedicationRequest/m1"), ("billing", "Invoice/i1"), ("recall", "ServiceRequest/s1")]
        {
            for status in [EventStatus::Active, EventStatus::Past] {
                assert!(sends(&about(purpose, reference, Some(status)), Channel::Portal), "{reference} {status:?}");
            }
            for status in [Some(EventStatus::Cancelled), Some(EventStatus::Unknown), None] {
                assert!(
                    refused_by(&about(purpose, reference, status), Channel::Portal, "SYS-04"),
                    "{reference} {status:?}"
                );
            }
        }
        assert!(
            sends(&about("billing", "Appointment/a1", Some(EventStatus::Cancelled)), Channel::Portal),
            "the visit that was missed is billed"
        );
        assert!(refused_by(&about("medication", "m1", None), Channel::Portal, "SYS-04"), "a reference that is none");
    }

    #[test]
    fn content_nobody_could_classify_is_held() {
        let mut case = Case::result();
        case.facts.content.level = Fact::Unknown(Missing::ClassifierFailed);
        assert_eq!(case.decide().outcome.as_str(), "hold");
    }

    #[test]
    fn a_minimal_text_that_says_more_does_not_travel() {
        let mut case = Case::reminder_by_sms();
        case.facts.renditions.iter_mut().for_each(|r| r.level = Fact::Known(Level::L2));
        assert!(refused_by(&case, Channel::Sms, "SYS-06"));
    }

    #[test]
    fn clinical_text_of_a_model_waits_for_a_reader() {
        let mut case = Case::result();
        case.request.ai = Some(Ai { generated: true, human_reviewed: false, clinical: true });
        assert_eq!(case.decide().outcome.as_str(), "hold");
        case.request.ai = Some(Ai { generated: true, human_reviewed: true, clinical: true });
        assert_eq!(case.decide().outcome.as_str(), "send");
    }

    #[test]
    fn a_denial_of_contact_does_not_stop_the_letter_about_a_breach() {
        let mut case = Case::of("breach_notice", Level::L1, &[Channel::Mail]);
        case.patient().postal.push(crate::sample::address("1 Elm St, New York NY 10001"));
        let deny = Provision { decision: Some(Ruling::Deny), ..Provision::default() };
        case.consents().push(crate::sample::consent(ConsentKind::ContactConsent, deny));
        assert_eq!(case.decide().deliveries.len(), 1);
        case.request.purpose = postern_base::Purpose::Billing;
        assert!(refused_by(&case, Channel::Mail, "SYS-03"));
    }
}
