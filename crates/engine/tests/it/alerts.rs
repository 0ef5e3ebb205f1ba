//! Words of somebody in danger reach somebody: who is told, what is late, and who takes it up.

use crate::clinic::{Clinic, NUMBER, principal, result};
use async_trait::async_trait;
use jiff::Timestamp;
use postern_base::Channel;
use postern_channels::{Duty, DutyWord};
use postern_engine::wire::ReadReason;
use postern_engine::{Principal, Scope, UseError};
use std::sync::{Arc, Mutex};

/// A duty contact that takes words, or does not.
#[derive(Debug, Default)]
struct Pager {
    heard: Mutex<Vec<DutyWord>>,
    broken: Mutex<bool>,
}

#[async_trait]
impl Duty for Pager {
    async fn tell(&self, word: &DutyWord, _: Timestamp) -> Result<(), &'static str> {
        if *self.broken.lock().unwrap() {
            return Err("connect");
        }
        self.heard.lock().unwrap().push(word.clone());
        Ok(())
    }
}

impl Pager {
    fn heard(&self) -> Vec<(bool, i64)> {
        self.heard.lock().unwrap().iter().map(|word| (word.late, word.minutes)).collect()
    }
}

async fn clinic() -> (Clinic, Arc<Pager>) {
    let pager = Arc::new(Pager::default());
    (Clinic::open().await.with_duty(Arc::clone(&pager) as _).await, pager)
}

fn with(scopes: &[Scope]) -> Principal {
    Principal { scopes: scopes.to_vec(), ..principal("sunrise") }
}

#[tokio::test]
async fn a_text_of_somebody_in_danger_is_told_at_once_waits_in_the_list_and_is_taken_up_once() {
    let (mut clinic, pager) = clinic().await;
    clinic.send(&result(None)).await;
    clinic.settle().await;
    clinic.patient_writes(NUMBER, "i am going to end it").await;
    clinic.engine.see_to_alerts().await.unwrap();
    clinic.engine.see_to_alerts().await.unwrap();
    assert_eq!(pager.heard(), [(false, 0)], "once");
    let words = format!("{:?}", pager.heard.lock().unwrap());
    assert!(!words.contains("end it") && !words.contains("p1") && !words.contains("5550"), "{words}");
    clinic.minutes(3);
    let reader = with(&[Scope::MessagesRead]);
    let alerts = clinic.engine.alerts(&reader, true, None, 10).await.unwrap();
    let [alert] = alerts.as_slice() else { panic!("{alerts:?}") };
    assert_eq!((alert.rule.as_str(), alert.channel, alert.waited_seconds), ("CHT-01", Channel::Sms, 180));
    assert_eq!(alert.patients, ["p1"]);
    assert!(alert.told_at.is_some() && alert.late_at.is_none() && alert.inbound.is_some());
    // What was written is read by who may read content alone.
    let why = ReadReason::ALL[0];
    let refused = clinic.engine.alert_text(&reader, alert.id, why).await;
    assert!(matches!(refused, Err(UseError::Forbidden(_))));
    assert!(matches!(clinic.engine.acknowledge_alert(&reader, alert.id).await, Err(UseError::Forbidden(_))));
    let nurse = with(&[Scope::MessagesRead, Scope::ContentRead]);
    assert_eq!(clinic.engine.alert_text(&nurse, alert.id, why).await.unwrap().text, "i am going to end it");
    clinic.engine.acknowledge_alert(&nurse, alert.id).await.unwrap();
    clinic.minutes(60);
    clinic.engine.acknowledge_alert(&nurse, alert.id).await.unwrap();
    assert!(clinic.engine.alerts(&reader, true, None, 10).await.unwrap().is_empty());
    let taken = clinic.engine.alerts(&reader, false, None, 10).await.unwrap();
    assert_eq!((taken[0].waited_seconds, taken[0].acknowledged_by.is_some()), (180, true), "the first who said so");
    clinic.engine.see_to_alerts().await.unwrap();
    assert_eq!(pager.heard().len(), 1, "what is taken up is not told again");
}

#[tokio::test]
async fn an_alert_that_nobody_takes_up_is_told_again_once_and_counted_as_late() {
    let (mut clinic, pager) = clinic().await;
    clinic.patient_writes(NUMBER, "me quiero morir").await;
    clinic.engine.see_to_alerts().await.unwrap();
    clinic.minutes(9);
    clinic.engine.see_to_alerts().await.unwrap();
    assert_eq!(clinic.engine.metrics().alerts_late.get(), 0);
    clinic.minutes(1);
    for _ in 0..3 {
        clinic.engine.see_to_alerts().await.unwrap();
    }
    assert_eq!(pager.heard(), [(false, 0), (true, 10)]);
    let metrics = clinic.engine.metrics();
    assert_eq!((metrics.alerts_late.get(), metrics.alerts_waiting.get()), (1, 1));
    assert_eq!(metrics.oldest_alert_seconds.get(), 600);
    let alert = &clinic.engine.alerts(&clinic.principal, true, None, 10).await.unwrap()[0];
    assert!(alert.late_at.is_some());
}

#[tokio::test]
async fn a_duty_contact_that_does_not_answer_is_told_again_and_after_a_restart_too() {
    let (mut clinic, pager) = clinic().await;
    *pager.broken.lock().unwrap() = true;
    clinic.patient_writes(NUMBER, "k m s").await;
    for _ in 0..3 {
        clinic.engine.see_to_alerts().await.unwrap();
    }
    assert_eq!(clinic.engine.metrics().duty_untold.get(), 1, "it is left alone for a while");
    *pager.broken.lock().unwrap() = false;
    clinic.minutes(1);
    let clinic = clinic.restart().await;
    clinic.engine.see_to_alerts().await.unwrap();
    assert_eq!(pager.heard(), [(false, 1)]);
}

#[tokio::test]
async fn word_that_an_alert_is_late_is_told_until_it_is_taken_although_the_first_word_was() {
    let (mut clinic, pager) = clinic().await;
    clinic.patient_writes(NUMBER, "me quiero morir").await;
    clinic.engine.see_to_alerts().await.unwrap();
    *pager.broken.lock().unwrap() = true;
    clinic.minutes(10);
    clinic.engine.see_to_alerts().await.unwrap();
    clinic.engine.see_to_alerts().await.unwrap();
    assert_eq!(clinic.engine.metrics().duty_untold.get(), 1, "it is left alone for a while");
    assert_eq!(pager.heard(), [(false, 0)]);
    *pager.broken.lock().unwrap() = false;
    clinic.minutes(1);
    let clinic = clinic.restart().await;
    for _ in 0..2 {
        clinic.engine.see_to_alerts().await.unwrap();
    }
    assert_eq!(pager.heard(), [(false, 0), (true, 11)], "once, and after a restart too");
    let alert = &clinic.engine.alerts(&clinic.principal, true, None, 10).await.unwrap()[0];
    assert!(alert.told_at > alert.late_at && alert.late_at.is_some());
}

#[tokio::test]
async fn words_of_every_day_raise_no_alert_and_one_tenant_does_not_see_the_others() {
    let (mut clinic, _) = clinic().await;
    clinic.found("harbor", "Harbor Dental", "+15555550101").await;
    clinic.patient_writes(NUMBER, "this headache is killing me").await;
    clinic.patient_writes(NUMBER, "I want to end my subscription").await;
    assert!(clinic.engine.alerts(&clinic.principal, false, None, 10).await.unwrap().is_empty());
    clinic.patient_writes(NUMBER, "kill my self").await;
    let alerts = clinic.engine.alerts(&clinic.principal, true, None, 10).await.unwrap();
    assert_eq!(alerts.len(), 1);
    let other = principal("harbor");
    assert!(clinic.engine.alerts(&other, false, None, 10).await.unwrap().is_empty());
    assert_eq!(clinic.engine.acknowledge_alert(&other, alerts[0].id).await, Err(UseError::NotFound));
}
