//! What is offered holds, whatever the case; and what is offered in the cases that people meet.

use super::*;
use crate::Decision;
use crate::examine::examine;
use crate::fact::{Fact, Missing};
use crate::facts::{
    ConsentKind, EarlierRequest, Ehr, EventStatus, OptOut, OptOutScope, Provision, Reassigned, Registration,
    ResultClass, Ruling, System,
};
use crate::properties::{case, stricter, tighten};
use crate::request::{Ai, MarketingKind};
use crate::sample::{Case, address, consent};
use jiff::ToSpan;
use postern_base::{Basis, Level, Purpose};
use proptest::prelude::*;

fn changes(case: &Case) -> Changes {
    examine(&case.request, &case.facts, &case.policy).changes
}

/// The alternatives offered, by the remedies in each.
fn offered(case: &Case) -> Vec<Vec<&'static str>> {
    let alternatives = changes(case).alternatives;
    alternatives.iter().map(|a| a.changes.iter().map(|c| c.remedy.as_str()).collect()).collect()
}

fn as_it_is(case: &Case) -> Supposition {
    Supposition { request: case.request.clone(), facts: case.facts.clone(), policy: case.policy.clone() }
}

fn reaches(goal: Goal, decision: &Decision) -> bool {
    goal.is_reached(decision.outcome, &decision.deliveries)
}

/// Every alternative reaches the goal, and no part of it does.
fn holds(case: &Case) -> Result<(), String> {
    let changes = changes(case);
    let Some(goal) = changes.goal else { return Ok(()) };
    let origin = as_it_is(case);
    for alternative in &changes.alternatives {
        let all = &alternative.changes;
        if !reaches(goal, &origin.with(all).decide()) {
            return Err(format!("{all:?} does not lead to {}", goal.as_str()));
        }
        for part in 0..(1_u32 << all.len()) - 1 {
            let some: Vec<Change> =
                all.iter().enumerate().filter(|(at, _)| part & (1 << at) != 0).map(|(_, c)| c.clone()).collect();
            if reaches(goal, &origin.with(&some).decide()) {
                return Err(format!("{some:?} is enough, of {all:?}"));
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_offered_leads_there_and_no_part_of_it_does(
        case in case(), by in proptest::option::of(stricter()),
    ) {
        let mut case = case;
        by.iter().for_each(|by| tighten(&mut case, by));
        holds(&case).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn an_examination_decides_as_the_gate_does_and_says_the_same_twice(case in case()) {
        let examined = examine(&case.request, &case.facts, &case.policy);
        prop_assert_eq!(format!("{:?}", examined.decision), format!("{:?}", case.decide()));
        let again = examine(&case.request, &case.facts, &case.policy);
        prop_assert_eq!(format!("{examined:?}"), format!("{again:?}"));
        prop_assert!(examined.changes.alternatives.len() <= OFFERED);
    }

    #[test]
    fn only_the_patient_undoes_a_stop(case in case()) {
        let mut case = case;
        // Nobody answers for an emergency yet.
        case.request.break_glass = None;
        let at = case.facts.now;
        let points: Vec<_> = case.patient().points.iter().map(|p| p.value.clone()).collect();
        for point in points {
            case.history().opt_outs.push(OptOut { at, channel: Channel::Sms, point, scope: OptOutScope::All });
        }
        for alternative in changes(&case).alternatives {
            let contact = alternative.deliveries.iter().any(|d| reaches_out(d.channel) && d.channel != Channel::Voice);
            let allowed = [Remedy::OptBackIn, Remedy::BreakGlass];
            let asked = alternative.changes.iter().any(|c| allowed.contains(&c.remedy));
            // Codes and confirmations that answer the patient are not stopped.
            let formality = matches!(case.request.purpose, Purpose::OneTimeCode | Purpose::ConsentConfirmation);
            prop_assert!(!contact || asked || formality || case.request.in_reply_to.is_some());
        }
    }
}

#[test]
fn nothing_is_left_to_wish_of_a_message_that_reaches_the_patient() {
    let changes = changes(&Case::result());
    assert!(changes.goal.is_none() && changes.alternatives.is_empty() && changes.complete);
}

#[test]
fn an_agreement_that_ran_out_is_renewed_or_the_portal_used() {
    let mut case = Case::reminder_by_sms();
    case.vendor(Channel::Sms).agreement.expires = Some("2026-11-30".parse().unwrap());
    let offered = offered(&case);
    assert!(offered.contains(&vec!["execute_agreement"]) && offered.contains(&vec!["allow_portal"]), "{offered:?}");
}

#[test]
fn a_stop_is_undone_by_the_patient_and_no_other_channel_is_looked_for() {
    let mut case = Case::reminder_by_sms();
    let (at, point) = (case.facts.now, address("+12125550101"));
    case.history().opt_outs.push(OptOut { at, channel: Channel::Sms, point, scope: OptOutScope::All });
    let changes = changes(&case);
    let offered: Vec<_> = changes.alternatives.iter().map(|a| a.changes[0].remedy).collect();
    assert_eq!(offered, [Remedy::AllowPortal, Remedy::OptBackIn]);
    assert_eq!(changes.alternatives[1].changes[0].who(), Who::Patient);
}

#[test]
fn two_things_that_stand_against_the_only_number_are_both_named() {
    let mut case = Case::reminder_by_sms();
    case.consents().clear();
    case.patient().points.iter_mut().for_each(|p| {
        p.source = Fact::Unknown(Missing::NotRecorded);
        p.verification = Fact::Unknown(Missing::NotRecorded);
    });
    case.request.channels = Some(vec![Channel::Sms, Channel::Portal]);
    case.facts.deployment.portal_available = Fact::Known(false);
    let offered = offered(&case);
    assert_eq!(offered[0], ["invite_to_portal"]);
    assert!(offered.contains(&vec!["verify_point", "record_consent"]), "{offered:?}");
}

#[test]
fn a_portal_copy_that_nobody_is_told_of_asks_for_a_contact() {
    let mut case = Case::result();
    case.patient().points.iter_mut().for_each(|p| p.verification = Fact::Unknown(Missing::NotRecorded));
    let changes = changes(&case);
    assert_eq!(changes.goal, Some(Goal::Contact));
    assert!(changes.alternatives.iter().all(|a| a.changes.iter().all(|c| c.remedy == Remedy::VerifyPoint)));
    assert!(!changes.alternatives.is_empty());
}

#[test]
fn what_waits_for_the_morning_or_for_the_ehr_needs_nobody() {
    let mut night = Case::reminder_by_sms();
    night.facts.now = "2026-12-02T02:30:00Z".parse().unwrap();
    let first = &changes(&night).alternatives[0].changes[0];
    assert_eq!((first.remedy, first.until), (Remedy::Wait, Some("2026-12-02T14:00:00Z".parse().unwrap())));
    let mut away = Case::reminder_by_sms();
    away.facts.ehr = Ehr::Unreachable;
    assert_eq!(offered(&away)[0], ["system_answers"]);
}

#[test]
fn that_nothing_needs_to_be_done_is_said_of_time_alone() {
    const NOTHING: &str = "Nothing needs to be done";
    let mut night = Case::reminder_by_sms();
    night.facts.now = "2026-12-02T02:30:00Z".parse().unwrap();
    let said = |case: &Case| -> Vec<(usize, &'static str)> {
        let alternatives = changes(case).alternatives;
        let waits = |alternative: &Alternative| {
            let wait = alternative.changes.iter().find(|change| change.remedy == Remedy::Wait)?;
            Some((alternative.changes.len(), alternative.sentence_of(wait)))
        };
        alternatives.iter().filter_map(waits).collect()
    };
    assert!(said(&night).iter().any(|(many, sentence)| *many == 1 && sentence.starts_with(NOTHING)));
    night.patient().points.iter_mut().for_each(|p| p.verification = Fact::Unknown(Missing::NotRecorded));
    let beside = said(&night);
    assert!(
        !beside.is_empty() && beside.iter().all(|(many, sentence)| *many > 1 && !sentence.contains(NOTHING)),
        "{beside:?}"
    );
}

#[test]
fn what_comes_too_late_for_the_visit_says_so_and_who_may_still_tell_of_it() {
    let mut case = Case::of("appointment_reminder", Level::L1, &[Channel::Sms, Channel::Portal]);
    case.facts.now = "2026-12-02T02:30:00Z".parse().unwrap();
    case.is_about("Appointment/a1", EventStatus::Active, Some("2026-12-02T13:00:00Z"));
    let nothing = changes(&case).nothing;
    let late: Vec<_> = nothing.iter().filter(|one| one.rule == "SYS-04").collect();
    assert!(!late.is_empty() && late.iter().all(|one| one.sentence.contains("worthless from")), "{nothing:?}");
    assert!(late.iter().all(|one| one.why.contains("a person may call")));
    // Where only the caller's own end is too early, a later one helps.
    let mut ends = Case::reminder_by_sms();
    ends.facts.now = "2026-12-02T02:30:00Z".parse().unwrap();
    ends.request.expires_at = Some("2026-12-02T13:00:00Z".parse().unwrap());
    assert!(offered(&ends).iter().any(|all| all.contains(&"extend_expiry")));
}

#[test]
fn an_unreadable_consent_is_read_by_a_person_and_an_unclear_answer_too() {
    let mut case = Case::reminder_by_sms();
    case.consents().push(consent(ConsentKind::Unreadable, Provision::default()));
    assert_eq!(offered(&case), [vec!["read_consent"]]);
    let mut case = Case::reminder_by_sms();
    case.hears(case.facts.now, Channel::Sms, "+12125550101", "should I stop?");
    assert!(offered(&case).contains(&vec!["read_answer"]));
}

#[test]
fn what_nobody_may_lift_is_said_with_its_rule() {
    let mut twice = Case::reminder_by_sms();
    twice.is_about("Appointment/a1", EventStatus::Cancelled, Some("2026-12-04T19:00:00Z")).result_class =
        Some(ResultClass::Other);
    let changes = changes(&twice);
    assert!(changes.alternatives.is_empty() && changes.complete);
    assert_eq!(changes.nothing.iter().map(|n| n.rule).collect::<Vec<_>>(), ["SYS-04"]);
    let mut case = Case::reminder_by_sms();
    let (at, purpose) = (case.facts.now, case.request.purpose);
    case.history().earlier.push(EarlierRequest {
        at,
        purpose,
        event: None,
        template: None,
        same_content: true,
        commitment: None,
    });
    let changes = super::tests::changes(&case);
    assert!(changes.alternatives.is_empty() && changes.nothing.iter().any(|n| n.rule == "SYS-05"));
}

#[test]
fn a_denial_and_a_list_of_addresses_are_the_patients_to_change() {
    let mut case = Case::reminder_by_sms();
    let deny = Provision { decision: Some(Ruling::Deny), systems: vec![System::Sms], ..Provision::default() };
    case.consents().push(consent(ConsentKind::ContactConsent, deny));
    assert!(offered(&case).contains(&vec!["lift_denial"]));
    let mut case = Case::reminder_by_sms();
    let listed =
        Provision { decision: Some(Ruling::Permit), points: vec![address("+13175550177")], ..Provision::default() };
    let provision = Provision { decision: Some(Ruling::Deny), exceptions: vec![listed], ..Provision::default() };
    case.consents().push(consent(ConsentKind::ConfidentialCommunication, provision));
    assert!(offered(&case).contains(&vec!["list_address"]));
}

#[test]
fn what_the_practice_and_its_vendors_have_to_do_is_theirs() {
    type Spoil = fn(&mut Case);
    let table: [(&str, Spoil); 7] = [
        ("register_sender", |case| case.vendor(Channel::Sms).sender_registration = Registration::Pending),
        ("amend_agreement", |case| case.vendor(Channel::Sms).agreement.required_terms = false),
        ("approve_risk", |case| case.facts.deployment.risk_record = Fact::Known(false)),
        ("enable_channel", |case| case.policy.disabled_channels.push(Channel::Sms)),
        ("set_neutral_alias", |case| case.facts.tenant.reveals_specialty = true),
        ("name_sender", |case| case.facts.renditions.iter_mut().for_each(|r| r.names_sender = false)),
        ("leave_basis_open", |case| case.request.basis = Some(Basis::Exemption)),
    ];
    for (remedy, spoil) in table {
        let mut case = Case::reminder_by_sms();
        spoil(&mut case);
        assert!(offered(&case).contains(&vec![remedy]), "{remedy}: {:?}", offered(&case));
    }
}

#[test]
fn a_text_that_is_too_long_for_the_exemption_asked_for_is_shortened_or_stands_on_something_else() {
    let mut case = Case::reminder_by_sms();
    case.request.basis = Some(Basis::Exemption);
    case.consents().clear();
    case.vendor(Channel::Sms).free_to_end_user = true;
    case.facts.renditions.iter_mut().for_each(|text| text.chars = 161);
    let offered = offered(&case);
    assert!(offered.contains(&vec!["shorten_text"]) && offered.contains(&vec!["leave_basis_open"]), "{offered:?}");
}

#[test]
fn a_declared_emergency_names_the_person_who_may_answer_for_it_and_a_routine_one_never_does() {
    let mut case = Case::reminder_by_sms();
    case.facts.now = "2026-12-02T07:00:00Z".parse().unwrap();
    assert!(!offered(&case).concat().contains(&"break_glass"));
    case.request.urgency = Urgency::Emergency;
    assert!(offered(&case).contains(&vec!["break_glass"]));
    case.request.origin = Origin::Ai;
    assert!(!offered(&case).concat().contains(&"break_glass"));
}

#[test]
fn numbers_that_went_to_strangers_are_not_verified_away() {
    let mut case = Case::reminder_by_sms();
    case.history().number_checks.iter_mut().for_each(|c| c.reassigned = Reassigned::Yes);
    assert!(!offered(&case).concat().contains(&"verify_point"));
    let mut case = Case::reminder_by_sms();
    case.facts.now = case.facts.now.checked_add((24 * 40).hours()).unwrap();
    case.history().number_checks.clear();
    let offered = offered(&case);
    assert!(offered.contains(&vec!["verify_point"]) && offered.contains(&vec!["look_up_number"]), "{offered:?}");
}

#[test]
fn what_a_model_wrote_waits_for_a_clinician_and_marketing_for_a_signature() {
    let mut case = Case::result();
    case.request.ai = Some(Ai { generated: true, human_reviewed: false, clinical: true });
    assert_eq!(offered(&case), [["review_text"]]);
    let mut case = Case::of("medication", Level::L1, &[Channel::Sms]);
    case.request.marketing = Some(crate::request::Marketing {
        kind: MarketingKind::ThirdParty,
        remuneration: crate::request::Remuneration::AboveCost,
        drug_lapsed_days: 0,
    });
    let (authorization, texts) = ("sign_authorization", "sign_marketing_text");
    assert!(
        offered(&case).iter().any(|all| all.contains(&authorization) && all.contains(&texts)),
        "{:?}",
        offered(&case)
    );
}
