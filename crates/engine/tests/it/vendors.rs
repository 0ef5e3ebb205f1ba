//! Vendors: agreements, failures, silence.

use crate::clinic::{Clinic, EMAIL, reminder, vendor};
use crate::records;
use jiff::SignedDuration;
use postern_base::{Channel, Clock as _};
use postern_engine::faults::NoFaults;
use serde_json::json;
use std::sync::Arc;

async fn reaching(number: &str) -> Clinic {
    let mut resources = records::patient("p1", number, EMAIL);
    resources.push(records::appointment("a1", "p1", "booked", "2026-12-04T14:00:00-05:00"));
    Clinic::open_with(resources, Arc::new(NoFaults)).await
}

fn by_sms() -> serde_json::Value {
    let mut request = reminder("a1");
    request["channels"] = json!(["sms"]);
    request
}

#[tokio::test]
async fn an_agreement_that_ends_stops_the_vendor_that_minute_even_for_what_is_queued() {
    let clinic = reaching("+12125550101").await;
    let queued = clinic.send(&by_sms()).await;
    assert_eq!(queued.decision.outcome, "send");
    let row = vendor("twilio", "messaging", &[Channel::Sms], "2026-11-30");
    clinic.engine.put_vendor(&clinic.principal, &row).await.unwrap();
    clinic.settle().await;
    assert_eq!(clinic.inbox.taken(), 0);
    assert_eq!(clinic.states(queued.id).await, [(Channel::Sms, "refused".into())]);
    assert!(clinic.codes(queued.id).await.contains(&("terminal".into(), "SEC-12".into())));
}

#[tokio::test]
async fn a_temporary_failure_is_tried_again_later_and_delivered_once() {
    let mut clinic = reaching("+15555559003").await;
    let answer = clinic.send(&by_sms()).await;
    assert_eq!(answer.decision.outcome, "send", "{:?}", answer.decision.refusals);
    for _ in 0..6 {
        clinic.settle().await;
        clinic.clock.move_on(SignedDuration::from_mins(3));
    }
    clinic.hear().await;
    assert_eq!(clinic.inbox.taken(), 1);
    assert_eq!(clinic.states(answer.id).await, [(Channel::Sms, "delivered".into())]);
}

#[tokio::test]
async fn a_failure_for_good_ends_failed() {
    let clinic = reaching("+15555559010").await;
    let answer = clinic.send(&by_sms()).await;
    clinic.settle().await;
    assert_eq!(clinic.states(answer.id).await, [(Channel::Sms, "failed".into())]);
}

#[tokio::test]
async fn a_vendor_that_never_answered_is_never_asked_twice_and_ends_unknown() {
    let clinic = reaching("+15555559021").await;
    let answer = clinic.send(&by_sms()).await;
    for _ in 0..30 {
        clinic.settle().await;
        clinic.engine.settle_overdue().await.unwrap();
        clinic.clock.move_on(SignedDuration::from_hours(1));
    }
    assert_eq!(clinic.states(answer.id).await, [(Channel::Sms, "unknown".into())]);
    assert!(clinic.inbox.taken_twice().is_empty());
    let started = clinic.codes(answer.id).await.iter().filter(|(kind, _)| kind == "attempt_started").count();
    assert_eq!(started, 1);
}

#[tokio::test]
async fn a_late_receipt_settles_what_nobody_knew() {
    let mut clinic = reaching("+15555559020").await;
    let answer = clinic.send(&by_sms()).await;
    clinic.settle().await;
    clinic.minutes(15);
    clinic.hear().await;
    assert_eq!(clinic.states(answer.id).await, [(Channel::Sms, "delivered".into())]);
    assert_eq!(clinic.inbox.taken(), 1);
}

#[tokio::test]
async fn without_a_receipt_a_message_ends_unknown_by_its_deadline() {
    let clinic = reaching("+15555559031").await;
    let answer = clinic.send(&by_sms()).await;
    clinic.settle().await;
    assert_eq!(clinic.states(answer.id).await, [(Channel::Sms, "sent".into())]);
    clinic.clock.move_on(SignedDuration::from_hours(25));
    assert_eq!(clinic.engine.settle_overdue().await.unwrap(), 1);
    assert_eq!(clinic.engine.settle_overdue().await.unwrap(), 0);
    assert_eq!(clinic.states(answer.id).await, [(Channel::Sms, "unknown".into())]);
}

#[tokio::test]
async fn where_the_receipt_was_lost_the_vendor_is_asked_before_the_message_ends_unknown() {
    for (number, ends) in [("+12125550101", "delivered"), ("+15555559032", "failed")] {
        let clinic = reaching(number).await;
        let answer = clinic.send(&by_sms()).await;
        clinic.settle().await;
        clinic.clock.move_on(SignedDuration::from_mins(1));
        // The vendor tells, and nobody hears.
        assert_eq!(clinic.inbox.tick(clinic.clock.now()).await, 1);
        clinic.clock.move_on(SignedDuration::from_hours(25));
        assert_eq!(clinic.engine.settle_overdue().await.unwrap(), 1);
        assert_eq!(clinic.states(answer.id).await, [(Channel::Sms, ends.into())]);
        assert!(clinic.codes(answer.id).await.iter().any(|(_, code)| code == &format!("looked_up_{ends}")));
    }
}

#[tokio::test]
async fn a_receipt_told_twice_changes_nothing_the_second_time() {
    let mut clinic = reaching("+12125550101").await;
    let answer = clinic.send(&by_sms()).await;
    clinic.settle().await;
    clinic.minutes(1);
    let receipt = clinic.next_callback().await;
    clinic.engine.receive("twilio/messaging", receipt.clone()).await.unwrap();
    let before = clinic.codes(answer.id).await;
    clinic.engine.receive("twilio/messaging", receipt).await.unwrap();
    assert_eq!(clinic.codes(answer.id).await, before);
}

#[tokio::test]
async fn a_vendor_without_a_provider_leaves_the_delivery_to_a_person() {
    let clinic = reaching("+12125550101").await;
    let ended = vendor("twilio", "messaging", &[Channel::Sms], "2026-11-30");
    clinic.engine.put_vendor(&clinic.principal, &ended).await.unwrap();
    let other = vendor("carrier", "texts", &[Channel::Sms], "2027-12-31");
    clinic.engine.put_vendor(&clinic.principal, &other).await.unwrap();
    let answer = clinic.send(&by_sms()).await;
    assert_eq!(answer.decision.outcome, "send", "{:?}", answer.decision.refusals);
    clinic.settle().await;
    assert_eq!(clinic.states(answer.id).await, [(Channel::Sms, "held".into())]);
    clinic.clock.move_on(SignedDuration::from_hours(24 * 4));
    clinic.engine.settle_overdue().await.unwrap();
    assert_eq!(clinic.states(answer.id).await, [(Channel::Sms, "expired".into())]);
}

#[tokio::test]
async fn a_provider_that_is_configured_goes_before_a_row_that_none_stands_behind_whatever_its_name() {
    let clinic = reaching("+12125550101").await;
    let row = vendor("aardvark", "texts", &[Channel::Sms, Channel::Voice], "2027-12-31");
    clinic.engine.put_vendor(&clinic.principal, &row).await.unwrap();
    let sent = clinic.send(&by_sms()).await;
    clinic.settle().await;
    assert_eq!(clinic.inbox.taken(), 1, "{:?}", sent.decision.deliveries);
}
