//! Unencrypted e-mail and the right of access.

use crate::candidate::Candidate;
use crate::consent::permits_point;
use crate::facts::{ConsentKind, NoticeGiven, System};
use crate::finding::{Finding, deny, redirect, require, strip, unknown};
use crate::matrix::Mark;
use crate::remedy::Remedy;
use crate::rules::scope::Scope;
use crate::rules::{Effective, Ground, Rule, SourceRead, Waiver};
use crate::view::{View, same_place};
use postern_base::{Channel, EmailMode, Level};

const EMAIL_RISK: &str = "email_risk";

/// 45 CFR 164.524(c)(2): access "in the form and format requested", unencrypted e-mail included once the risk was told.
pub(crate) const ACCESS: Rule = Rule {
    id: "PRI-21",
    citation: "45 CFR 164.524(c)",
    ground: Ground::Law,
    read: SourceRead::SecondHand,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "Plain e-mail answers only a patient's own request for access that names the address and the mode, and no policy closes it.",
    scope: Scope::EMAIL,
    check: access,
};

fn access(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    // 45 CFR 164.524(c)(2)(i): "in the form and format requested by the individual, if it is readily producible". A policy cannot tell
    // who asked, so it is taken as it is written, and where somebody did ask a person answers.
    if view.asked_for_email(candidate.address) {
        if view.policy.disabled_channels.contains(&Channel::Email) {
            return require("The patient asked for access by e-mail at this address, and the practice has switched e-mail off; a person answers the request.")
                .lifted_by(&[Remedy::EnableChannel])
                .and_alert();
        }
        if view.is_lowered(Channel::Email) {
            return require("The patient asked for access by e-mail at this address, and the practice's policy lets less travel by e-mail; a person answers the request.")
                .for_good("The practice decided so in its policy; a person sends what was asked for.")
                .and_alert();
        }
    }
    if candidate.mode != Some(EmailMode::Plain) {
        return Finding::NotApplicable;
    }
    Finding::when(view.access_requested(candidate.address, candidate.mode), || {
        deny(
            "Plain e-mail is used only when the patient asked for access this way, at this address; no such request is on record.",
        ).lifted_by(&[Remedy::RequestAccess])
    })
}

/// OCR FAQ 570: e-mail with patients is permitted with safeguards; who finds it unacceptable is offered another way.
/// 78 FR 5634: unencrypted once the individual was advised of the risk and still prefers it.
pub(crate) const WARNING: Rule = Rule {
    id: "PRI-22",
    citation: "45 CFR 164.530(c)",
    ground: Ground::Law,
    read: SourceRead::Read,
    effective: Effective::ALWAYS,
    waived_by: &[Waiver::AccessRequest],
    asks: "Clinical content goes by e-mail only to a patient who was told the risk and accepts it, and nothing to one who objects.",
    scope: Scope::EMAIL,
    check: warning,
};

fn warning(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    if candidate.channel != Channel::Email {
        return Finding::NotApplicable;
    }
    let notices = view.history.map_or(&[][..], |h| &h.notices);
    let about = || notices.iter().filter(|n| n.kind == EMAIL_RISK && same_place(&n.point, candidate.address));
    let objects = |n: &NoticeGiven| n.objected && n.kind == EMAIL_RISK && same_place(&n.point, candidate.address);
    if notices.iter().any(objects) {
        return redirect("The patient was told the risk of e-mail and does not want it; use another channel.")
            .lifted_by(&[Remedy::AcceptEmail]);
    }
    let guards = candidate.cell.has(Mark::Warning) && Some(candidate.form) == candidate.cell.highest;
    if !guards {
        return Finding::NotApplicable;
    }
    let query = view.query(System::Email, candidate.address);
    let consents = view.consents.unwrap_or_default();
    let told = about().any(|notice| notice.at <= view.now);
    if permits_point(consents, ConsentKind::EmailRiskAcknowledgement, query) {
        return Finding::Satisfied;
    }
    // 45 CFR 164.524: the request and the warning are both on record.
    if view.access_requested(candidate.address, candidate.mode) && told {
        return Finding::Satisfied;
    }
    // RULES PRI-23: in a thread that the patient began, L2 after the notice was given.
    Finding::when(in_thread(view, candidate) && told && view.level.is_some_and(|level| level <= Level::L2), || {
        unknown(if told {
            "The patient was told the risk of e-mail, and no record says that they accept it; the text belongs in the portal."
        } else {
            "No record says that the patient was told the risk of e-mail; tell them, or leave the text in the portal."
        })
        .lifted_by(&[Remedy::AcknowledgeEmailRisk])
    })
}

/// Whether it answers an e-mail that the patient wrote from this address. OCR FAQ 570: "unless the patient has explicitly stated otherwise",
/// which may stand in that very mail.
fn in_thread(view: &View<'_>, candidate: &Candidate<'_>) -> bool {
    let written = view.answered.is_some_and(|m| m.channel == Channel::Email && same_place(&m.point, candidate.address));
    written && !view.answered_doubts_mail()
}

/// OCR FAQ 570: when the patient began by e-mail, "the health care provider can assume (unless the patient has explicitly stated
/// otherwise) that e-mail communications are acceptable". house: the first reply carries the notice of the risk, nothing above L1
/// before it, and nothing above L2 after it.
pub(crate) const THREAD: Rule = Rule {
    id: "PRI-23",
    citation: "45 CFR 164.530(c)",
    ground: Ground::Law,
    read: SourceRead::Read,
    effective: Effective::ALWAYS,
    waived_by: &[Waiver::AccessRequest],
    asks: "The first reply in a thread that the patient began carries the notice of the risk; what is diagnostic stays in the portal.",
    scope: Scope::EMAIL,
    check: thread,
};

fn thread(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    if candidate.channel != Channel::Email || !in_thread(view, candidate) || view.is_formality() {
        return Finding::NotApplicable;
    }
    let query = view.query(System::Email, candidate.address);
    let accepted = permits_point(view.consents.unwrap_or_default(), ConsentKind::EmailRiskAcknowledgement, query);
    if accepted || view.access_requested(candidate.address, candidate.mode) {
        return Finding::Satisfied;
    }
    let carried = candidate.carried(view.level).unwrap_or(Level::L4);
    let notices = view.history.map_or(&[][..], |h| &h.notices);
    let told = notices
        .iter()
        .any(|n| n.kind == EMAIL_RISK && same_place(&n.point, candidate.address) && n.at <= view.now && !n.objected);
    match (told, carried) {
        (true, Level::L0 | Level::L1 | Level::L2) => Finding::Satisfied,
        (true, _) => strip("What is diagnostic is not answered by e-mail; the text belongs in the portal.")
            .for_good("No warning makes e-mail fit for a diagnosis; the text waits in the portal."),
        (false, Level::L0 | Level::L1) => {
            Finding::Obliges("This first reply carries the notice of the risk of e-mail; it is given once.".into())
        }
        (false, _) => {
            strip("The first reply to the patient's e-mail carries the notice of its risk, and nothing clinical yet.")
                .lifted_by(&[Remedy::AcknowledgeEmailRisk])
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::facts::{ConsentKind, NoticeGiven, Provision, Ruling};
    use crate::sample::{Case, address, consent, refused_by, sends_form};
    use postern_base::{Channel, EmailMode, Form, Level};

    fn body() -> Case {
        let mut case = Case::of("follow_up", Level::L2, &[Channel::Email]);
        case.request.email_mode = Some(EmailMode::EnforcedTls);
        case
    }

    #[test]
    fn a_clinical_body_waits_for_the_acknowledgement() {
        let mut case = body();
        assert!(refused_by(&case, Channel::Email, "PRI-22"));
        let permit = Provision { decision: Some(Ruling::Permit), ..Provision::default() };
        case.consents().push(consent(ConsentKind::EmailRiskAcknowledgement, permit));
        assert!(sends_form(&case, Channel::Email, Form::Full));
    }

    #[test]
    fn a_patient_who_objects_to_email_gets_none() {
        let mut case = Case::reminder_by_email_body();
        let at = case.facts.now;
        let point = address("pat@example.org");
        case.history().notices.push(NoticeGiven { kind: "email_risk".into(), point, at, objected: true });
        assert!(refused_by(&case, Channel::Email, "PRI-22"));
    }

    #[test]
    fn plain_email_answers_only_a_request_for_access() {
        let mut case = Case::of("test_result", Level::L3, &[Channel::Email]);
        case.request.email_mode = Some(EmailMode::Plain);
        assert!(refused_by(&case, Channel::Email, "PRI-21"));
        let provision = Provision {
            decision: Some(Ruling::Permit),
            points: vec![address("pat@example.org")],
            ..Provision::default()
        };
        let mut request = consent(ConsentKind::AccessRequest, provision);
        request.access_mode = Some(EmailMode::Plain);
        case.consents().push(request);
        assert!(refused_by(&case, Channel::Email, "PRI-22"), "a request without the warning on record");
        let (at, point) = (case.facts.now, address("pat@example.org"));
        case.history().notices.push(NoticeGiven { kind: "email_risk".into(), point, at, objected: false });
        assert!(sends_form(&case, Channel::Email, Form::Full));
    }

    /// A result for somebody who asked for a copy in the clear so many days ago, was told the risk, and has mail where nothing is enforced.
    fn asked_days_ago(purpose: &str, level: Level, days: i64) -> Case {
        let mut case = Case::of(purpose, level, &[Channel::Email, Channel::Portal]);
        case.facts.email_tiers.clear();
        let (at, point) = (case.facts.now, address("pat@example.org"));
        case.history().notices.push(NoticeGiven {
            kind: "email_risk".into(),
            point: point.clone(),
            at,
            objected: false,
        });
        let provision = Provision { decision: Some(Ruling::Permit), points: vec![point], ..Provision::default() };
        let mut request = consent(ConsentKind::AccessRequest, provision);
        request.given = Some(at - jiff::SignedDuration::from_hours(24 * days));
        request.access_mode = Some(EmailMode::Plain);
        case.consents().push(request);
        case
    }

    fn goes_in_the_clear(case: &Case) -> bool {
        case.decide().deliveries.iter().any(|delivery| delivery.mode == Some(EmailMode::Plain))
    }

    #[test]
    fn a_copy_goes_in_the_clear_of_itself_while_the_request_waits_for_its_answer() {
        assert!(goes_in_the_clear(&asked_days_ago("test_result", Level::L3, 3)));
        assert!(goes_in_the_clear(&asked_days_ago("test_result", Level::L3, 60)));
        assert!(!goes_in_the_clear(&asked_days_ago("test_result", Level::L3, 61)), "answered or refused by then");
        let mut open = asked_days_ago("test_result", Level::L3, 700);
        open.consents().iter_mut().for_each(|consent| consent.given = None);
        assert!(!goes_in_the_clear(&open), "nobody knows when it was asked");
        let mut ends = asked_days_ago("test_result", Level::L3, 700);
        let later = ends.facts.now + jiff::SignedDuration::from_hours(24);
        ends.consents().iter_mut().for_each(|consent| consent.provision.until = Some(later));
        assert!(goes_in_the_clear(&ends), "the patient said until when");
    }

    #[test]
    fn what_is_no_answer_to_a_request_for_access_goes_in_the_clear_only_by_name() {
        for purpose in ["appointment_reminder", "recall", "billing"] {
            let mut case = asked_days_ago(purpose, Level::L2, 3);
            assert!(!goes_in_the_clear(&case), "{purpose}");
            case.request.email_mode = Some(EmailMode::Plain);
            assert!(goes_in_the_clear(&case), "{purpose}, as the caller says");
        }
        let mut case = asked_days_ago("test_result", Level::L4, 3);
        assert!(!goes_in_the_clear(&case), "the most sensitive");
        case.request.email_mode = Some(EmailMode::Plain);
        assert!(goes_in_the_clear(&case), "the most sensitive, as the caller says");
    }

    #[test]
    fn a_request_for_access_raises_an_enforced_body_and_nothing_else_does() {
        let mut case = Case::of("test_result", Level::L4, &[Channel::Email, Channel::Portal]);
        let (at, point) = (case.facts.now, address("pat@example.org"));
        case.history().notices.push(NoticeGiven { kind: "email_risk".into(), point, at, objected: false });
        case.request.email_mode = Some(EmailMode::EnforcedTls);
        assert!(refused_by(&case, Channel::Email, "PRI-04"));
        let points = vec![address("pat@example.org")];
        let provision = Provision { decision: Some(Ruling::Permit), points, ..Provision::default() };
        let mut request = consent(ConsentKind::AccessRequest, provision);
        request.access_mode = Some(EmailMode::EnforcedTls);
        case.consents().push(request);
        assert!(sends_form(&case, Channel::Email, Form::Full));
        case.request.purpose = postern_base::Purpose::Survey;
        assert!(refused_by(&case, Channel::Email, "PRI-04"), "a survey is no record of the patient's");
    }
}
