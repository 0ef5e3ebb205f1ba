//! What the patient sends back.

use crate::clinic::{Clinic, EMAIL, NUMBER, reminder};
use crate::records;
use postern_base::{Channel, Review};
use postern_engine::faults::NoFaults;
use postern_engine::{Principal, PrincipalKind, Scope, UseError, wire};
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

const POLISH: &str = "Dziękuję bardzo, przyjdę na wizytę po południu razem z siostrą.";

async fn newest(clinic: &Clinic) -> wire::ReceivedView {
    let why = wire::ReadReason::Operations;
    clinic.engine.received(&clinic.principal, "p1", why, None, 1).await.unwrap().remove(0)
}

async fn review(clinic: &Clinic, number: i64, verdict: Review) -> Result<(), UseError> {
    clinic.engine.review_inbound(&clinic.principal, "p1", number, wire::NewReview { verdict }).await
}

fn texts(answer: &wire::Accepted) -> bool {
    answer.decision.deliveries.iter().any(|delivery| delivery.channel == Channel::Sms)
}

fn stopped(answer: &wire::Accepted) -> bool {
    answer.decision.refusals.iter().any(|refusal| ["TCP-11", "TCP-14"].contains(&refusal.rule.as_str()))
}

#[tokio::test]
async fn a_reply_that_nobody_could_read_holds_until_a_person_says_that_it_asks_for_nothing() {
    let mut clinic = clinic().await;
    let answered = clinic.send(&reminder("a1")).await;
    clinic.settle().await;
    clinic.minutes(1);
    clinic.patient_writes(NUMBER, POLISH).await;
    clinic.minutes(24 * 60);
    assert!(!texts(&clinic.send(&reminder("a2")).await), "nobody has read it");
    let reply = newest(&clinic).await;
    assert_eq!((reply.read_as.as_str(), reply.reviewed), ("ambiguous", None));
    let program = Principal { kind: PrincipalKind::ApiKey, ..clinic.principal.clone() };
    let nothing = wire::NewReview { verdict: Review::Nothing };
    let by_a_program = clinic.engine.review_inbound(&program, "p1", reply.id, nothing).await;
    assert_eq!(by_a_program, Err(UseError::NotAPerson));
    let reader = Principal { scopes: vec![Scope::ContentRead], ..clinic.principal.clone() };
    let by_a_reader = clinic.engine.review_inbound(&reader, "p1", reply.id, nothing).await;
    assert!(matches!(by_a_reader, Err(UseError::Forbidden(_))), "{by_a_reader:?}");
    assert_eq!(review(&clinic, reply.id + 1, Review::Nothing).await, Err(UseError::NotFound));
    assert!(!texts(&clinic.send(&reminder("a2")).await), "none of them could say so");
    review(&clinic, reply.id, Review::Nothing).await.unwrap();
    review(&clinic, reply.id, Review::Nothing).await.unwrap();
    assert_eq!(newest(&clinic).await.reviewed, Some(Review::Nothing));
    assert!(texts(&clinic.send(&reminder("a3")).await), "the next reminder goes");
    let entries = clinic.engine.entries(&clinic.principal, answered.id).await.unwrap();
    let said: Vec<_> = entries.iter().filter(|entry| entry.code.as_deref() == Some("inbound_nothing")).collect();
    assert_eq!(said.len(), 1, "once, however often it is said");
    assert_eq!((said[0].kind.as_str(), said[0].actor.as_str()), ("consent_changed", "staff:key_test"));
}

#[tokio::test]
async fn a_reader_who_finds_a_stop_stops_for_good_and_start_lifts_it() {
    let mut clinic = clinic().await;
    clinic.patient_writes(NUMBER, POLISH).await;
    let reply = newest(&clinic).await.id;
    review(&clinic, reply, Review::Nothing).await.unwrap();
    let queued = clinic.send(&reminder("a1")).await;
    assert!(texts(&queued));
    review(&clinic, reply, Review::Stops).await.unwrap();
    clinic.settle().await;
    let states = clinic.states(queued.id).await;
    assert!(!states.contains(&(Channel::Sms, "sent".into())), "{states:?}");
    assert!(stopped(&clinic.send(&reminder("a2")).await));
    for other in [Review::Nothing, Review::WrongNumber] {
        let said = review(&clinic, reply, other).await;
        assert!(matches!(said, Err(UseError::Malformed(_))), "{said:?}");
    }
    assert!(!texts(&clinic.send(&reminder("a2")).await));
    clinic.minutes(1);
    clinic.patient_writes(NUMBER, "START").await;
    clinic.settle().await;
    clinic.minutes(10);
    let after = clinic.send(&reminder("a3")).await;
    assert!(!stopped(&after), "the patient asked again, later than they wrote it: {:?}", after.decision.refusals);
}

#[tokio::test]
async fn no_reader_takes_back_a_stop_and_a_strangers_number_is_closed() {
    let mut clinic = clinic().await;
    clinic.patient_writes(NUMBER, "STOP").await;
    let stop = newest(&clinic).await.id;
    let said = review(&clinic, stop, Review::Nothing).await;
    assert!(matches!(said, Err(UseError::Malformed(_))), "{said:?}");
    assert_eq!(newest(&clinic).await.reviewed, None);
    assert!(stopped(&clinic.send(&reminder("a1")).await));
    clinic.minutes(10);
    clinic.patient_writes(NUMBER, "START").await;
    clinic.settle().await;
    clinic.minutes(10);
    let after = clinic.send(&reminder("a2")).await;
    assert!(!stopped(&after), "{:?}", after.decision.refusals);
    clinic.patient_writes(NUMBER, "ok see you").await;
    review(&clinic, newest(&clinic).await.id, Review::WrongNumber).await.unwrap();
    let answer = clinic.send(&reminder("a3")).await;
    assert!(!texts(&answer));
    assert!(answer.decision.refusals.iter().any(|refusal| refusal.rule == "TCP-19"));
}

#[tokio::test]
async fn what_a_patient_wrote_is_read_when_it_comes_and_never_again() {
    let mut clinic = clinic().await;
    for nth in 0..20 {
        clinic.patient_writes(NUMBER, &format!("thank you, see you on the {nth}th")).await;
    }
    let read = || clinic.engine.metrics().replies_read.get();
    assert_eq!(read(), 20);
    for visit in ["a1", "a2", "a3"] {
        clinic.send(&reminder(visit)).await;
        clinic.settle().await;
        clinic.minutes(26 * 60);
    }
    assert_eq!(read(), 20, "three messages and their second gates looked at all twenty");
    let shown = clinic.engine.received(&clinic.principal, "p1", wire::ReadReason::Treatment, None, 50).await.unwrap();
    assert!(shown.len() >= 20 && read() == 20, "{} shown, {} read", shown.len(), read());
}
