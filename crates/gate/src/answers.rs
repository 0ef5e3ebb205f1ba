//! Whole decisions: what CASES asks of the plan, one bullet each.

use crate::decision::{Decision, Outcome, WaitingFor};
use crate::facts::{ConsentKind, Ehr, OptOut, OptOutScope, Provision, Ruling, System};
use crate::finding::Bar;
use crate::policy::{LoweredCell, Overrides, Policy};
use crate::sample::{Case, address, consent, sms};
use crate::{Binding, TransportFloor, admit};
use jiff::ToSpan;
use postern_base::{
    AttemptId, Channel, DeliveryId, EmailMode, Form, Level, MessageId, Purpose, RecipientRole, Urgency,
};

fn plan(decision: &Decision) -> Vec<(Channel, Form, Level)> {
    decision.deliveries.iter().map(|d| (d.channel, d.form, d.level)).collect()
}

fn stands_against(decision: &Decision, rule: &str) -> bool {
    decision.refusals.iter().any(|r| r.rule == rule)
}

#[test]
fn a_reminder_goes_as_a_minimal_text() {
    let decision = Case::reminder_by_sms().decide();
    assert_eq!(decision.outcome, Outcome::Send);
    assert_eq!(plan(&decision), [(Channel::Sms, Form::Minimal, Level::L1)]);
    assert_eq!(decision.deliveries[0].vendor.as_ref().unwrap().vendor, "texter");
}

#[test]
fn a_result_goes_to_the_portal_with_a_notice_to_the_preferred_number() {
    let decision = Case::result().decide();
    assert_eq!(decision.outcome, Outcome::Send);
    assert_eq!(plan(&decision), [(Channel::Portal, Form::Full, Level::L3), (Channel::Sms, Form::Notice, Level::L0)]);
}

#[test]
fn an_expired_agreement_refuses() {
    let mut case = Case::reminder_by_sms();
    case.vendor(Channel::Sms).agreement.expires = Some("2026-11-30".parse().unwrap());
    let decision = case.decide();
    assert!(decision.outcome == Outcome::Refuse && stands_against(&decision, "SEC-12"));
}

#[test]
fn an_opt_out_two_seconds_ago_refuses() {
    let mut case = Case::reminder_by_sms();
    let at = case.facts.now.checked_sub(2.seconds()).unwrap();
    let point = address("+12125550101");
    case.history().opt_outs.push(OptOut { at, channel: Channel::Sms, point, scope: OptOutScope::All });
    let decision = case.decide();
    assert!(decision.outcome == Outcome::Refuse && stands_against(&decision, "TCP-14"));
}

#[test]
fn an_unreachable_ehr_defers_everything() {
    let mut case = Case::of("appointment_reminder", Level::L1, &[]);
    case.facts.ehr = Ehr::Unreachable;
    let decision = case.decide();
    assert_eq!((decision.outcome, decision.waiting_for), (Outcome::Defer, Some(WaitingFor::Ehr)));
    assert!(decision.deliveries.is_empty() && stands_against(&decision, "SYS-02"));
}

#[test]
fn a_text_opted_out_leaves_the_portal_copy_and_the_next_best_contact() {
    let mut case = Case::result();
    let (at, point) = (case.facts.now, address("+12125550101"));
    case.history().opt_outs.push(OptOut { at, channel: Channel::Sms, point, scope: OptOutScope::All });
    assert_eq!(
        plan(&case.decide()),
        [(Channel::Portal, Form::Full, Level::L3), (Channel::Email, Form::Notice, Level::L0)]
    );
    case.patient().points.retain(|p| p.system == System::Sms);
    let decision = case.decide();
    assert_eq!((decision.outcome, plan(&decision)), (Outcome::Send, vec![(Channel::Portal, Form::Full, Level::L3)]));
}

#[test]
fn a_plan_of_tasks_only_is_held_for_a_person() {
    let mut case = Case::of("appointment_reminder", Level::L1, &[Channel::Sms, Channel::HumanCall]);
    case.patient().flags.no_automated = true;
    let decision = case.decide();
    assert_eq!(
        (decision.outcome, plan(&decision)),
        (Outcome::Hold, vec![(Channel::HumanCall, Form::Callback, Level::L0)])
    );
}

#[test]
fn of_two_numbers_the_better_ranked_is_used_whatever_their_order() {
    let mut case = Case::of("appointment_reminder", Level::L1, &[Channel::Sms]);
    case.patient().points.push(sms("+12125550177", 0));
    case.permit(System::Sms, "+12125550177");
    let chosen = |case: &Case| case.decide().deliveries[0].contact_point.clone();
    let first = chosen(&case);
    assert_eq!(first, address("+12125550177"));
    case.patient().points.reverse();
    assert_eq!(chosen(&case), first);
}

#[test]
fn an_email_is_a_notice_beside_the_portal_and_a_body_when_asked_for_or_alone() {
    let delivered = |case: &Case| {
        let decision = case.decide();
        let email = decision.deliveries.iter().find(|d| d.channel == Channel::Email).unwrap();
        (email.mode, email.form, decision.deliveries.len())
    };
    let mut case = Case::of("appointment_reminder", Level::L1, &[Channel::Email, Channel::Portal]);
    assert_eq!(delivered(&case), (Some(EmailMode::Notify), Form::Notice, 2));
    case.request.email_mode = Some(EmailMode::EnforcedTls);
    assert_eq!(delivered(&case), (Some(EmailMode::EnforcedTls), Form::Full, 2));
    case.request.email_mode = None;
    case.request.channels = Some(vec![Channel::Email]);
    assert_eq!(delivered(&case), (Some(EmailMode::EnforcedTls), Form::Full, 1));
    case.facts.email_tiers.clear();
    assert_eq!(delivered(&case), (Some(EmailMode::Notify), Form::Minimal, 1));
}

#[test]
fn a_code_has_no_portal_copy() {
    let mut case = Case::of("one_time_code", Level::L0, &[]);
    case.speak_l0();
    let decision = case.decide();
    assert_eq!(plan(&decision), [(Channel::Sms, Form::Full, Level::L0)]);
}

#[test]
fn a_message_for_later_is_deferred_with_its_instant_on_each_delivery() {
    let mut case = Case::result();
    case.request.send_at = Some("2026-12-02T05:00:00Z".parse().unwrap());
    let decision = case.decide();
    assert_eq!(decision.outcome, Outcome::Defer);
    let times: Vec<_> = decision.deliveries.iter().map(|d| d.not_before.unwrap().to_string()).collect();
    assert_eq!(times, ["2026-12-02T05:00:00Z", "2026-12-02T14:00:00Z"]);
}

#[test]
fn an_emergency_without_break_glass_lifts_nothing() {
    let mut case = Case::reminder_by_sms();
    case.facts.now = "2026-12-02T07:00:00Z".parse().unwrap();
    case.request.urgency = Urgency::Emergency;
    assert_eq!(case.decide().outcome, Outcome::Defer);
    case.break_glass();
    let decision = case.decide();
    assert_eq!(decision.outcome, Outcome::Send);
    assert!(decision.alerts.iter().any(|alert| alert.rule == "TCP-17"));
}

#[test]
fn an_unreadable_consent_holds_everything() {
    let mut case = Case::result();
    case.consents().push(consent(ConsentKind::Unreadable, Provision::default()));
    let decision = case.decide();
    assert_eq!((decision.outcome, decision.deliveries.len()), (Outcome::Hold, 0));
}

#[test]
fn an_explicit_denial_wins_over_a_permission_and_over_the_portal_when_it_names_nothing() {
    let mut case = Case::result();
    let deny = Provision { decision: Some(Ruling::Deny), systems: vec![System::Sms], ..Provision::default() };
    case.consents().push(consent(ConsentKind::ContactConsent, deny));
    assert_eq!(plan(&case.decide())[1].0, Channel::Email);
    let deny = Provision { decision: Some(Ruling::Deny), ..Provision::default() };
    case.consents().push(consent(ConsentKind::ContactConsent, deny));
    assert_eq!(case.decide().outcome, Outcome::Refuse);
}

#[test]
fn a_caregiver_who_is_not_on_record_is_told_nothing() {
    let mut case = Case::of("appointment_reminder", Level::L1, &[]);
    case.request.recipient.role = RecipientRole::Caregiver;
    case.request.recipient.reference = Some("RelatedPerson/nobody".into());
    let decision = case.decide();
    assert_eq!(decision.outcome, Outcome::Refuse);
    assert!(stands_against(&decision, "PRI-14") && stands_against(&decision, "HSE-01"));
}

#[test]
fn a_lowered_cell_is_obeyed_and_a_raised_one_refuses_with_an_alert() {
    let cell =
        |level, highest| LoweredCell { purpose: Purpose::AppointmentReminder, level, channel: Channel::Sms, highest };
    let mut case = Case::reminder_by_sms();
    case.policy = Policy::tighten(Overrides { cells: vec![cell(Level::L1, None)], ..Overrides::default() });
    assert!(stands_against(&case.decide(), "PRI-04"));
    case.policy = Policy::tighten(Overrides { cells: vec![cell(Level::L3, Some(Form::Full))], ..Overrides::default() });
    let decision = case.decide();
    assert_eq!(decision.outcome, Outcome::Refuse);
    assert!(
        decision.alerts.iter().any(|a| a.rule == "SYS-01" && a.sentence.contains("matrix.appointment_reminder.L3.sms"))
    );
}

fn binding() -> Binding {
    let nil = Default::default();
    Binding {
        tenant: "sunrise".parse().unwrap(),
        message: MessageId(nil),
        delivery: DeliveryId(nil),
        attempt: AttemptId(nil),
    }
}

fn permit(case: &Case, channel: Channel) -> Result<crate::Permit, Outcome> {
    admit(&case.request, &case.facts, &case.policy, binding(), channel).map(|(permit, _)| permit).map_err(|d| d.outcome)
}

#[test]
fn a_permit_names_exactly_what_was_decided_for_thirty_seconds() {
    let case = Case::result();
    let permit = permit(&case, Channel::Sms).unwrap();
    assert_eq!((permit.form(), permit.level(), permit.channel()), (Form::Notice, Level::L0, Channel::Sms));
    assert_eq!(permit.commitment(), &[Form::Notice as u8; 32]);
    assert_eq!(permit.not_after(), case.facts.now.checked_add(30.seconds()).unwrap());
    assert_eq!((permit.floor(), permit.vendor().vendor.as_str()), (TransportFloor::VerifiedTls, "texter"));
    assert_eq!(permit.binding(), &binding());
}

#[test]
fn a_permit_dies_with_its_message() {
    let mut case = Case::reminder_by_sms();
    let expires = case.facts.now.checked_add(10.seconds()).unwrap();
    case.request.expires_at = Some(expires);
    assert_eq!(permit(&case, Channel::Sms).unwrap().not_after(), expires);
}

#[test]
fn a_permit_dies_with_the_window_it_was_minted_in() {
    let mut case = Case::reminder_by_sms();
    // 19:59:50 in New York.
    case.facts.now = "2026-12-02T00:59:50Z".parse().unwrap();
    assert_eq!(permit(&case, Channel::Sms).unwrap().not_after(), "2026-12-02T01:00:00Z".parse().unwrap());
    // The portal copy waits for nobody's evening.
    assert_eq!(permit(&case, Channel::Portal), Err(Outcome::Send));
    let mut result = Case::result();
    result.facts.now = case.facts.now;
    let whole = result.facts.now.checked_add(30.seconds()).unwrap();
    assert_eq!(permit(&result, Channel::Portal).unwrap().not_after(), whole);
    // Where the patient may be in two zones, the first evening counts; in Chicago it is 18:59:50.
    case.patient().zones = vec!["America/Chicago".into(), "America/New_York".into()];
    assert_eq!(permit(&case, Channel::Sms).unwrap().not_after(), "2026-12-02T01:00:00Z".parse().unwrap());
    case.patient().zones = vec!["America/Chicago".into()];
    case.patient().states = vec!["IL".into()];
    assert_eq!(permit(&case, Channel::Sms).unwrap().not_after(), whole);
}

#[test]
fn a_permit_that_broken_glass_won_dies_with_the_emergency() {
    let mut case = Case::reminder_by_sms();
    case.break_glass();
    let ends = case.facts.now.checked_add(5.seconds()).unwrap();
    case.request.break_glass.as_mut().unwrap().expires_at = ends;
    assert_eq!(permit(&case, Channel::Sms).unwrap().not_after(), ends);
}

#[test]
fn a_body_over_enforced_tls_carries_that_floor_and_the_portal_stays_in_process() {
    assert_eq!(permit(&Case::reminder_by_email_body(), Channel::Email).unwrap().floor(), TransportFloor::EnforcedTls);
    assert_eq!(permit(&Case::result(), Channel::Portal).unwrap().floor(), TransportFloor::InProcess);
}

#[test]
fn there_is_no_permit_for_another_channel_an_advisory_decision_a_deferred_delivery_or_uncommitted_text() {
    let case = Case::reminder_by_sms();
    assert_eq!(permit(&case, Channel::Email).unwrap_err(), Outcome::Send);
    let mut advisory = case.clone();
    advisory.facts.ehr = Ehr::NotAsked;
    assert!(permit(&advisory, Channel::Sms).is_err());
    let mut night = case.clone();
    night.facts.now = "2026-12-02T07:00:00Z".parse().unwrap();
    assert_eq!(permit(&night, Channel::Sms).unwrap_err(), Outcome::Defer);
    let mut uncommitted = case;
    uncommitted.facts.renditions.iter_mut().for_each(|r| r.commitment = None);
    assert!(permit(&uncommitted, Channel::Sms).is_err());
}

#[test]
fn the_bars_order_from_nothing_to_nobody() {
    assert!(Bar::Clear < Bar::Wait && Bar::Wait < Bar::Person && Bar::Person < Bar::Refused);
}
