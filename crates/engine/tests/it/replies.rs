//! What the patient sends back.

use crate::clinic::{Clinic, EMAIL, NUMBER, reminder};
use crate::records;
use postern_base::Channel;
use postern_engine::faults::NoFaults;
use std::sync::Arc;

async fn clinic() -> Clinic {
    let mut resources = records::patient("p1", NUMBER, EMAIL);
    for visit in ["a1", "a2", "a3"] {
        resources.push(records::appointment(visit, "p1", "booked", "2026-12-04T14:00:00-05:00"));
    }
    Clinic::open_with(resources, Arc::new(NoFaults)).await
}

fn bodies(clinic: &Clinic) -> Vec<String> {
    clinic.arrivals(Channel::Sms).into_iter().map(|arrival| arrival.body.into_inner()).collect()
}

#[tokio::test]
async fn stop_refuses_the_next_text_and_one_already_queued_and_is_confirmed_once() {
    let mut clinic = clinic().await;
    let queued = clinic.send(&reminder("a1")).await;
    clinic.patient_writes(NUMBER, "STOP").await;
    let next = clinic.send(&reminder("a2")).await;
    assert!(!next.decision.deliveries.iter().any(|d| d.channel == Channel::Sms));
    clinic.settle().await;
    let states = clinic.states(queued.id).await;
    assert!(!states.contains(&(Channel::Sms, "sent".into())), "{states:?}");
    let texts = bodies(&clinic);
    assert_eq!(texts.len(), 1, "{texts:?}");
    assert!(texts[0].starts_with("Sunrise Health: you will get no more texts from us."), "{texts:?}");
}

#[tokio::test]
async fn a_second_stop_is_not_confirmed_again() {
    let mut clinic = clinic().await;
    clinic.send(&reminder("a1")).await;
    clinic.settle().await;
    assert_eq!(clinic.inbox.taken(), 1);
    clinic.minutes(1);
    clinic.patient_writes(NUMBER, "Please stop texting me").await;
    clinic.settle().await;
    clinic.minutes(1);
    clinic.patient_writes(NUMBER, "STOP").await;
    clinic.settle().await;
    let confirmations = bodies(&clinic).iter().filter(|text| text.contains("no more texts")).count();
    assert_eq!(confirmations, 1);
}

#[tokio::test]
async fn start_opens_the_way_again() {
    let mut clinic = clinic().await;
    clinic.patient_writes(NUMBER, "STOP").await;
    clinic.settle().await;
    clinic.minutes(10);
    clinic.patient_writes(NUMBER, "START").await;
    clinic.settle().await;
    clinic.minutes(10);
    let answer = clinic.send(&reminder("a1")).await;
    assert!(
        answer.decision.deliveries.iter().any(|d| d.channel == Channel::Sms),
        "{:?} {:?}",
        answer.decision.outcome,
        answer.decision.refusals
    );
}

#[tokio::test]
async fn help_is_answered_and_changes_nothing() {
    let mut clinic = clinic().await;
    clinic.patient_writes(NUMBER, "HELP").await;
    clinic.settle().await;
    clinic.minutes(5);
    clinic.patient_writes(NUMBER, "help").await;
    clinic.settle().await;
    let texts = bodies(&clinic);
    assert_eq!(texts.len(), 2, "every question gets its answer");
    assert!(texts[0].contains("for help call +15555550100"), "{texts:?}");
    assert!(clinic.send(&reminder("a1")).await.decision.deliveries.iter().any(|d| d.channel == Channel::Sms));
}

#[tokio::test]
async fn a_wrong_number_is_never_used_again_and_gets_no_answer() {
    let mut clinic = clinic().await;
    clinic.patient_writes(NUMBER, "wrong number").await;
    let answer = clinic.send(&reminder("a1")).await;
    assert!(!answer.decision.deliveries.iter().any(|d| d.channel == Channel::Sms));
    clinic.settle().await;
    assert!(bodies(&clinic).is_empty());
}

#[tokio::test]
async fn a_forged_webhook_is_refused_and_counted() {
    let mut clinic = clinic().await;
    clinic.send(&reminder("a1")).await;
    clinic.settle().await;
    clinic.minutes(1);
    let mut forged = clinic.next_callback().await;
    forged.body = postern_base::Phi::new(forged.body.reveal().iter().rev().copied().collect());
    let answer = clinic.engine.receive("twilio/messaging", forged).await;
    assert_eq!(answer.unwrap_err(), postern_engine::ReceiveFailure::BadSignature);
    assert_eq!(clinic.engine.metrics().bad_signatures.get(), 1);
}
