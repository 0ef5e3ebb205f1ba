//! A reminder, from the request to its end.

use crate::clinic::{Clinic, EMAIL, NUMBER, reminder};
use crate::records;
use jiff::SignedDuration;
use postern_base::{Channel, Form};
use postern_engine::AcceptError;
use postern_engine::faults::NoFaults;
use serde_json::json;
use std::sync::Arc;

async fn clinic() -> Clinic {
    let mut resources = records::patient("p1", NUMBER, EMAIL);
    resources.push(records::appointment("a1", "p1", "booked", "2026-12-04T14:00:00-05:00"));
    resources.push(records::appointment("a2", "p1", "booked", "2026-12-05T14:00:00-05:00"));
    Clinic::open_with(resources, Arc::new(NoFaults)).await
}

#[tokio::test]
async fn a_reminder_goes_out_as_minimal_and_ends_delivered() {
    let mut clinic = clinic().await;
    let answer = clinic.send(&reminder("a1")).await;
    assert_eq!(answer.decision.outcome, "send", "{:?}", answer.decision.refusals);
    assert!(answer.decision.deliveries.iter().any(|d| d.channel == Channel::Sms && d.form == Form::Minimal));
    clinic.settle().await;
    let texts = clinic.arrivals(Channel::Sms);
    assert_eq!(texts.len(), 1);
    assert_eq!(
        texts[0].body.reveal(),
        "Sunrise Health: appointment Fri Dec 4, 2:00 PM at 12 Main St. Call +15555550100. Reply STOP to opt out"
    );
    clinic.minutes(1);
    clinic.hear().await;
    assert_eq!(
        clinic.states(answer.id).await,
        [(Channel::Portal, "delivered".into()), (Channel::Sms, "delivered".into())]
    );
    let kinds: Vec<String> = clinic.codes(answer.id).await.into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds.iter().filter(|kind| *kind == "attempt_started").count(), 2, "{kinds:?}");
    assert_eq!(kinds.first().map(String::as_str), Some("accepted"));
}

#[tokio::test]
async fn a_spanish_speaker_reads_spanish() {
    let resources = records::patient_in("p1", NUMBER, EMAIL, "es");
    let clinic = Clinic::open_with(resources, Arc::new(NoFaults)).await;
    let mut request = reminder("a1");
    request.as_object_mut().unwrap().remove("event");
    clinic.send(&request).await;
    clinic.settle().await;
    let texts = clinic.arrivals(Channel::Sms);
    assert_eq!(
        texts[0].body.reveal(),
        "Sunrise Health: cita el 4 de dic, 2:00 PM en 12 Main St. Llame al +15555550100. STOP para no recibir mensajes"
    );
}

#[tokio::test]
async fn the_same_key_and_body_give_the_first_answer_again_and_another_body_is_a_conflict() {
    let clinic = clinic().await;
    let body = serde_json::to_vec(&reminder("a1")).unwrap();
    let first = clinic.engine.accept(&clinic.principal, Some("k1"), &body).await.unwrap();
    let second = clinic.engine.accept(&clinic.principal, Some("k1"), &body).await.unwrap();
    assert!(!first.replayed && second.replayed);
    assert_eq!(first.answer, second.answer);
    let other = serde_json::to_vec(&reminder("a2")).unwrap();
    let conflict = clinic.engine.accept(&clinic.principal, Some("k1"), &other).await;
    assert_eq!(conflict.unwrap_err(), AcceptError::Conflict);
    clinic.settle().await;
    assert_eq!(clinic.arrivals(Channel::Sms).len(), 1);
}

#[tokio::test]
async fn a_second_reminder_of_the_same_visit_is_refused_as_a_duplicate() {
    let clinic = clinic().await;
    clinic.send(&reminder("a1")).await;
    let second = clinic.send(&reminder("a1")).await;
    assert_eq!(second.decision.outcome, "refuse");
    assert!(second.decision.refusals.iter().any(|r| r.rule == "SYS-05"));
    clinic.settle().await;
    assert_eq!(clinic.arrivals(Channel::Sms).len(), 1);
}

#[tokio::test]
async fn a_visit_cancelled_after_accept_is_not_reminded_of() {
    let clinic = clinic().await;
    let answer = clinic.send(&reminder("a1")).await;
    clinic.import(vec![records::appointment("a1", "p1", "cancelled", "2026-12-04T14:00:00-05:00")]).await;
    clinic.settle().await;
    assert!(clinic.arrivals(Channel::Sms).is_empty());
    assert!(clinic.states(answer.id).await.iter().all(|(_, state)| state == "refused"));
}

#[tokio::test]
async fn a_patient_who_died_after_accept_is_not_written_to() {
    let clinic = clinic().await;
    let answer = clinic.send(&reminder("a1")).await;
    let mut patient = records::patient("p1", NUMBER, EMAIL).remove(0);
    patient["deceasedBoolean"] = json!(true);
    clinic.import(vec![patient]).await;
    clinic.settle().await;
    assert!(clinic.arrivals(Channel::Sms).is_empty());
    // Refused to the machine, or left to a person who calls the family: never sent.
    let states = clinic.states(answer.id).await;
    assert!(states.iter().all(|(_, state)| state == "refused" || state == "held"), "{states:?}");
}

#[tokio::test]
async fn at_night_a_reminder_waits_for_the_morning() {
    let clinic = clinic().await;
    clinic.clock.move_on(SignedDuration::from_hours(7));
    let answer = clinic.send(&reminder("a1")).await;
    clinic.settle().await;
    assert!(clinic.arrivals(Channel::Sms).is_empty());
    let before = clinic.states(answer.id).await;
    assert!(before.contains(&(Channel::Sms, "waiting".into())), "{before:?}");
    clinic.clock.move_on(SignedDuration::from_hours(12));
    clinic.settle().await;
    assert_eq!(clinic.arrivals(Channel::Sms).len(), 1);
}

#[tokio::test]
async fn a_message_that_nobody_could_send_in_time_expires() {
    let clinic = clinic().await;
    let mut request = reminder("a1");
    request["expires_at"] = json!("2026-12-01T15:10:00-05:00");
    let answer = clinic.send(&request).await;
    clinic.minutes(11);
    clinic.settle().await;
    assert!(clinic.arrivals(Channel::Sms).is_empty());
    assert!(clinic.states(answer.id).await.iter().all(|(_, state)| state == "expired"));
}
