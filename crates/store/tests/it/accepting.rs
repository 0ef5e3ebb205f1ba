//! Accepting: once per key, all or nothing, and back as it went in.

use crate::fixture::*;
use postern_base::{Phi, Purpose};
use postern_ledger::Kind;
use postern_store::{AcceptOutcome, NewMessage, Options, StoreError};

fn keyed(bench: &Bench, key: &str, body: u8) -> NewMessage {
    NewMessage {
        idempotency_key: Some(Phi::new(key.to_owned())),
        fingerprint: [body; 32],
        ..bench.message("p1", "+12125550101")
    }
}

#[tokio::test]
async fn a_message_comes_back_as_it_went_in_also_after_reopening() {
    let bench = Bench::new().await;
    let message = bench.message("p1", "+12125550101");
    let id = message.id;
    assert!(matches!(bench.sunrise.accept(message).await.unwrap(), AcceptOutcome::Stored));
    let bench = bench.reopened(Options::default()).await;
    let read = bench.sunrise.message(id).await.unwrap().unwrap();
    assert_eq!(read.patient, patient("p1"));
    assert_eq!(read.purpose, Purpose::AppointmentReminder);
    assert_eq!(read.request.reveal(), b"{\"request\":1}");
    assert_eq!(read.decision.reveal(), b"{\"decision\":1}");
    assert_eq!(read.renditions.len(), 1);
    assert_eq!(read.renditions[0].body.reveal(), "See you at ten.");
    assert_eq!(read.renditions[0].measured, b"{}");
    assert_eq!(read.deliveries.len(), 1);
    assert_eq!(read.deliveries[0].candidate.point, address("+12125550101"));
    assert_eq!(bench.sunrise.messages_of(&patient("p1"), None, 10).await.unwrap(), [id]);
    assert!(bench.sunrise.messages_of(&patient("p1"), Some(id), 10).await.unwrap().is_empty());
    let entries = bench.sunrise.entries(id).await.unwrap();
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].1.kind, Kind::Accepted);
}

#[tokio::test]
async fn the_same_key_and_body_get_the_first_answer_and_another_body_is_a_conflict() {
    let bench = Bench::new().await;
    let first = keyed(&bench, "k1", 1);
    let (id, decided) = (first.id, first.decision.clone());
    assert!(matches!(bench.sunrise.accept(first).await.unwrap(), AcceptOutcome::Stored));
    let AcceptOutcome::Replayed { message, decision } = bench.sunrise.accept(keyed(&bench, "k1", 1)).await.unwrap()
    else {
        panic!("not replayed")
    };
    assert_eq!((message, decision), (id, decided));
    assert!(matches!(bench.sunrise.accept(keyed(&bench, "k1", 2)).await.unwrap(), AcceptOutcome::Conflict));
    assert_eq!(bench.sunrise.messages_of(&patient("p1"), None, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn of_many_at_once_with_one_key_exactly_one_is_stored() {
    let bench = Bench::new().await;
    let mut calls = tokio::task::JoinSet::new();
    for n in 0..64_u8 {
        let (tenant, message) = (bench.sunrise.clone(), keyed(&bench, "k1", n % 2));
        calls.spawn(async move { tenant.accept(message).await.unwrap() });
    }
    let outcomes = calls.join_all().await;
    let stored = outcomes.iter().filter(|outcome| matches!(outcome, AcceptOutcome::Stored)).count();
    let replayed = outcomes.iter().filter(|outcome| matches!(outcome, AcceptOutcome::Replayed { .. })).count();
    let conflict = outcomes.iter().filter(|outcome| matches!(outcome, AcceptOutcome::Conflict)).count();
    assert_eq!((stored, replayed, conflict), (1, 31, 32));
    assert_eq!(bench.sunrise.messages_of(&patient("p1"), None, 100).await.unwrap().len(), 1);
    assert_eq!(bench.store.gauges().await.unwrap().queued, 1);
}

#[tokio::test]
async fn a_key_is_honoured_for_a_week_and_forgotten_after_two() {
    let bench = Bench::new().await;
    bench.sunrise.accept(keyed(&bench, "k1", 1)).await.unwrap();
    bench.clock.forward(7 * 24 * 3_600);
    assert!(matches!(bench.sunrise.accept(keyed(&bench, "k1", 2)).await.unwrap(), AcceptOutcome::Conflict));
    bench.clock.forward(7 * 24 * 3_600);
    assert!(matches!(bench.sunrise.accept(keyed(&bench, "k1", 2)).await.unwrap(), AcceptOutcome::Stored));
}

#[tokio::test]
async fn one_bad_message_in_a_batch_does_not_harm_the_others() {
    let bench = Bench::new().await;
    let taken = bench.message("p1", "+12125550101");
    let id = taken.id;
    bench.sunrise.accept(taken).await.unwrap();
    let mut calls = tokio::task::JoinSet::new();
    for n in 0..40 {
        let tenant = bench.sunrise.clone();
        let message = bench.message(&format!("p{}", n % 5), "+12125550101");
        // Every tenth uses an id that is taken: the database refuses it in the middle of the batch.
        let message = if n % 10 == 0 { NewMessage { id, ..message } } else { message };
        calls.spawn(async move { (n, tenant.accept(message).await) });
    }
    for (n, outcome) in calls.join_all().await {
        match outcome {
            Ok(AcceptOutcome::Stored) => assert_ne!(n % 10, 0),
            Err(StoreError::Damaged) => assert_eq!(n % 10, 0),
            other => panic!("{n}: {other:?}"),
        }
    }
    assert_eq!(bench.store.gauges().await.unwrap().queued, 37);
    bench.store.publish().await.unwrap();
}

#[tokio::test]
async fn a_caller_that_goes_away_leaves_all_or_nothing() {
    let bench = Bench::new().await;
    let mut ids = Vec::new();
    for n in 0..50 {
        let message = bench.message("p1", "+12125550101");
        ids.push(message.id);
        let call = bench.sunrise.accept(message);
        let patience = std::time::Duration::from_micros(n * 20);
        tokio::time::timeout(patience, call).await.ok();
    }
    // Whatever was queued is written before this one is answered.
    bench.sunrise.accept(bench.message("p2", "+12125550102")).await.unwrap();
    let kept = bench.sunrise.messages_of(&patient("p1"), None, 100).await.unwrap();
    for id in ids {
        let entries = bench.sunrise.entries(id).await.unwrap().len();
        let deliveries = bench.sunrise.message(id).await.unwrap().map_or(0, |message| message.deliveries.len());
        let expected = usize::from(kept.contains(&id));
        assert_eq!((entries, deliveries), (expected, expected));
    }
}

#[tokio::test]
async fn earlier_requests_tell_the_same_content_and_event() {
    let bench = Bench::new().await;
    let first = bench.message("p1", "+12125550101");
    let since = bench.now();
    let id = first.id;
    bench.sunrise.accept(first).await.unwrap();
    let same = Phi::new(b"reminder".to_vec());
    let other = Phi::new(b"another".to_vec());
    let purpose = Purpose::AppointmentReminder;
    let earlier = async |of: &str, purpose, source, except| {
        bench.sunrise.reading().await.unwrap().earlier(&patient(of), purpose, source, since, except).await.unwrap()
    };
    let found = earlier("p1", purpose, &same, None).await;
    assert_eq!(found.len(), 1);
    assert!(found[0].same_content);
    assert_eq!(found[0].event.as_deref(), Some("Appointment/a1"));
    assert!(!earlier("p1", purpose, &other, None).await[0].same_content);
    assert!(earlier("p1", purpose, &same, Some(id)).await.is_empty());
    assert!(earlier("p1", Purpose::Billing, &same, None).await.is_empty());
    assert!(earlier("p2", purpose, &same, None).await.is_empty());
}

#[tokio::test]
async fn an_entry_that_has_no_leaf_is_refused_with_everything_it_came_with() {
    let bench = Bench::new().await;
    let mut bad = bench.message("p1", "+12125550101");
    let id = bad.id;
    bad.entries[0].actor = "x".repeat(70_000);
    let (refused, stored) =
        tokio::join!(bench.sunrise.accept(bad), bench.sunrise.accept(bench.message("p2", "+12125550102")));
    assert_eq!(refused.unwrap_err(), StoreError::Damaged);
    assert!(matches!(stored.unwrap(), AcceptOutcome::Stored));
    assert!(bench.sunrise.message(id).await.unwrap().is_none());
}
