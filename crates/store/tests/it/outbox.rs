//! The outbox: who may act on what, and when.

use crate::fixture::*;
use jiff::SignedDuration;
use postern_base::Channel;
use postern_ledger::{Kind, Lease};
use postern_store::{DeliveryState, Finish, NewDelivery, NewMessage, Options, StoreError};

const LEASE: SignedDuration = SignedDuration::from_secs(30);

fn end(state: DeliveryState) -> Finish {
    Finish::State { state, code: "done".to_owned(), reference: None }
}

async fn state(bench: &Bench, message: postern_base::MessageId) -> Vec<DeliveryState> {
    bench.sunrise.message(message).await.unwrap().unwrap().deliveries.iter().map(|one| one.state).collect()
}

#[tokio::test]
async fn what_is_due_is_claimed_once_urgent_first_then_oldest() {
    let bench = Bench::new().await;
    let mut expected = Vec::new();
    for (priority, wait) in [(3, 0), (1, 5), (1, 2), (2, 0), (2, 60)] {
        let mut message = bench.message("p1", "+12125550101");
        message.deliveries[0].priority = priority;
        message.deliveries[0].due = bench.now() + SignedDuration::from_secs(wait);
        expected.push((priority, wait, message.deliveries[0].id));
        bench.sunrise.accept(message).await.unwrap();
    }
    bench.clock.forward(10);
    expected.retain(|(_, wait, _)| *wait <= 10);
    expected.sort_unstable();
    let claims = bench.store.claim(bench.now(), 10, LEASE).await.unwrap();
    let claimed: Vec<_> = claims.iter().map(|claim| claim.lease.delivery).collect();
    assert_eq!(claimed, expected.iter().map(|(_, _, id)| *id).collect::<Vec<_>>());
    assert!(claims.iter().all(|claim| claim.lease.fence == 1 && claim.attempts == 0 && claim.interrupted.is_none()));
    assert_eq!(claims[0].candidate.point, address("+12125550101"));
    assert!(bench.claim().await.is_none(), "everything due is held");
}

#[tokio::test]
async fn thousands_of_one_tenant_hold_up_nobody_elses_few() {
    let bench = Bench::new().await;
    for _ in 0..10 {
        let mut bulk = bench.message("p1", "+12125550101");
        bulk.deliveries = (0..300).map(|_| delivery(Channel::Sms, "+12125550101", &bench.clock)).collect();
        bench.sunrise.accept(bulk).await.unwrap();
    }
    bench.clock.forward(60);
    for _ in 0..2 {
        bench.harbor.accept(message(&HARBOR, "h1", "+12125550999", &bench.clock)).await.unwrap();
    }
    let of_harbor = |claims: &[postern_store::Claim]| claims.iter().filter(|claim| claim.tenant == *HARBOR).count();
    let claims = bench.store.claim(bench.now(), 16, LEASE).await.unwrap();
    assert_eq!((claims.len(), of_harbor(&claims)), (16, 2), "what fell due last of three thousand and two");
    let claims = bench.store.claim(bench.now(), 16, LEASE).await.unwrap();
    assert_eq!((claims.len(), of_harbor(&claims)), (16, 0), "what one tenant leaves the other gets");
    bench.harbor.accept(message(&HARBOR, "h1", "+12125550999", &bench.clock)).await.unwrap();
    let mut turns = 0;
    for _ in 0..8 {
        bench.clock.forward(1);
        turns += of_harbor(&bench.store.claim(bench.now(), 1, SignedDuration::from_millis(1)).await.unwrap());
    }
    assert!(turns > 0, "with one place the tenants take turns");
}

#[tokio::test]
async fn a_limit_takes_the_first_and_leaves_the_rest() {
    let bench = Bench::new().await;
    for _ in 0..10 {
        bench.sunrise.accept(bench.message("p1", "+12125550101")).await.unwrap();
    }
    assert_eq!(bench.store.claim(bench.now(), 4, LEASE).await.unwrap().len(), 4);
    assert_eq!(bench.store.claim(bench.now(), 100, LEASE).await.unwrap().len(), 6);
}

#[tokio::test]
async fn when_a_lease_runs_out_the_next_worker_wins_and_the_first_one_loses() {
    let bench = Bench::new().await;
    let message = bench.message("p1", "+12125550101");
    let id = message.id;
    bench.sunrise.accept(message).await.unwrap();
    let slow = bench.claim().await.unwrap();
    assert!(bench.claim().await.is_none());
    assert_eq!(bench.store.next_due().await.unwrap(), Some(bench.now() + LEASE));
    bench.clock.forward(31);
    let quick = bench.claim().await.unwrap();
    assert_eq!(quick.lease.fence, 2);
    let lost =
        bench.sunrise.finish(slow.lease, end(DeliveryState::Failed), vec![bench.entry(Kind::Terminal, Some(id))]);
    assert_eq!(lost.await.unwrap_err(), StoreError::LeaseLost);
    assert_eq!(bench.sunrise.entries(id).await.unwrap().len(), 1, "the loser wrote nothing");
    bench
        .sunrise
        .finish(quick.lease, end(DeliveryState::Delivered), vec![bench.entry(Kind::Terminal, Some(id))])
        .await
        .unwrap();
    assert_eq!(state(&bench, id).await, [DeliveryState::Delivered]);
    let twice = bench.sunrise.finish(quick.lease, end(DeliveryState::Failed), Vec::new());
    assert_eq!(twice.await.unwrap_err(), StoreError::LeaseLost, "a claim ends once");
    assert_eq!(bench.store.next_due().await.unwrap(), None);
}

#[tokio::test]
async fn of_many_workers_each_delivery_goes_to_one() {
    let bench = Bench::new().await;
    for n in 0..60 {
        bench.sunrise.accept(bench.message(&format!("p{n}"), "+12125550101")).await.unwrap();
    }
    let mut workers = tokio::task::JoinSet::new();
    for _ in 0..12 {
        let (store, now) = (bench.store.clone(), bench.now());
        workers.spawn(async move { store.claim(now, 7, LEASE).await.unwrap() });
    }
    let mut claimed: Vec<_> =
        workers.join_all().await.into_iter().flatten().map(|claim| claim.lease.delivery).collect();
    claimed.sort_unstable();
    let all = claimed.len();
    claimed.dedup();
    assert_eq!((claimed.len(), all), (60, 60));
}

/// A message with a portal copy, and a text that waits for it.
fn with_notice(bench: &Bench) -> NewMessage {
    let mut message = bench.message("p1", "+12125550101");
    let copy = NewDelivery { state: DeliveryState::Queued, ..delivery(Channel::Portal, "Patient/p1", &bench.clock) };
    message.deliveries[0].after = Some(copy.id);
    message.deliveries.insert(0, copy);
    message
}

#[tokio::test]
async fn a_notice_waits_until_its_portal_copy_has_ended_well_or_badly() {
    for ends in [DeliveryState::Delivered, DeliveryState::Failed, DeliveryState::Refused] {
        let bench = Bench::new().await;
        bench.sunrise.accept(with_notice(&bench)).await.unwrap();
        let claims = bench.store.claim(bench.now(), 10, LEASE).await.unwrap();
        let [copy] = claims.as_slice() else { panic!("the notice must wait") };
        assert_eq!(copy.candidate.channel, Channel::Portal);
        let again =
            Finish::Again { due: bench.now(), state: DeliveryState::Waiting, code: "ehr".to_owned(), candidate: None };
        bench.sunrise.finish(copy.lease, again, Vec::new()).await.unwrap();
        let copy = bench.claim().await.unwrap();
        assert_eq!((copy.candidate.channel, copy.state), (Channel::Portal, DeliveryState::Waiting));
        bench.sunrise.finish(copy.lease, end(ends), Vec::new()).await.unwrap();
        assert_eq!(bench.claim().await.unwrap().candidate.channel, Channel::Sms);
    }
}

#[tokio::test]
async fn a_notice_whose_portal_copy_was_refused_at_accept_waits_for_nothing() {
    let bench = Bench::new().await;
    let mut message = with_notice(&bench);
    message.deliveries[0].state = DeliveryState::Refused;
    bench.sunrise.accept(message).await.unwrap();
    assert_eq!(bench.claim().await.unwrap().candidate.channel, Channel::Sms);
}

#[tokio::test]
async fn again_may_bring_another_candidate_whose_point_is_sealed_too() {
    let bench = Bench::new().await;
    let message = bench.message("p1", "+12125550101");
    let id = message.id;
    bench.sunrise.accept(message).await.unwrap();
    let claim = bench.claim().await.unwrap();
    let mut candidate = claim.candidate.clone();
    candidate.channel = Channel::Email;
    candidate.point = address("ana@example.org");
    candidate.vendor = None;
    let due = bench.now() + SignedDuration::from_secs(60);
    let again = Finish::Again {
        due,
        state: DeliveryState::Queued,
        code: "rerouted".to_owned(),
        candidate: Some(candidate.clone()),
    };
    bench.sunrise.finish(claim.lease, again, vec![bench.entry(Kind::Redecided, Some(id))]).await.unwrap();
    assert!(bench.claim().await.is_none());
    assert_eq!(bench.store.next_due().await.unwrap(), Some(due));
    bench.clock.forward(60);
    assert_eq!(bench.claim().await.unwrap().candidate, candidate);
    assert!(bench.store.tenants_of_point("ana@example.org").await.unwrap().is_empty(), "nothing was sent there yet");
}

#[tokio::test]
async fn what_has_no_receipt_by_its_deadline_is_found_and_may_still_be_settled_late() {
    let bench = Bench::new().await;
    let message = bench.message("p1", "+12125550101");
    let (id, delivery) = (message.id, message.deliveries[0].id);
    bench.sunrise.accept(message).await.unwrap();
    let claim = bench.claim().await.unwrap();
    let deadline = bench.now() + SignedDuration::from_secs(600);
    let sent = Finish::Sent { reference: "SM1".to_owned(), deadline };
    bench.sunrise.finish(claim.lease, sent, Vec::new()).await.unwrap();
    assert_eq!(bench.store.gauges().await.unwrap().sent, 1);
    let found = bench.store.delivery_by_reference("sim", "SM1").await.unwrap();
    assert_eq!(found, Some((SUNRISE.clone(), id, delivery)));
    assert!(bench.store.overdue(bench.now(), 10).await.unwrap().is_empty());
    bench.clock.forward(600);
    let late = bench.store.overdue(bench.now(), 10).await.unwrap().pop().unwrap();
    assert_eq!((late.lease.delivery, late.state), (delivery, DeliveryState::Sent));
    assert_eq!(late.reference.as_deref(), Some("SM1"));
    assert!(bench.store.overdue(bench.now(), 10).await.unwrap().is_empty(), "somebody looks after it");
    bench.clock.forward(61);
    let late = bench.store.overdue(bench.now(), 10).await.unwrap().pop().expect("nobody ended it: it comes back");
    bench.sunrise.finish(late.lease, end(DeliveryState::Unknown), Vec::new()).await.unwrap();
    let settle = |state| bench.sunrise.settle(delivery, state, "receipt".to_owned(), Vec::new());
    assert!(!settle(DeliveryState::Sent).await.unwrap(), "it never goes back");
    assert!(settle(DeliveryState::Delivered).await.unwrap());
    assert!(!settle(DeliveryState::Delivered).await.unwrap(), "twice is once");
    assert!(!settle(DeliveryState::Failed).await.unwrap(), "a terminal state stays");
    assert_eq!(state(&bench, id).await, [DeliveryState::Delivered]);
}

#[tokio::test]
async fn a_receipt_that_is_faster_than_the_send_stays() {
    let bench = Bench::new().await;
    let message = bench.message("p1", "+12125550101");
    let id = message.id;
    bench.sunrise.accept(message).await.unwrap();
    let claim = bench.claim().await.unwrap();
    let delivery = claim.lease.delivery;
    let receipt = vec![bench.entry(Kind::Receipt, Some(id))];
    assert!(bench.sunrise.settle(delivery, DeliveryState::Delivered, "ok".to_owned(), receipt).await.unwrap());
    let sent = Finish::Sent { reference: "SM1".to_owned(), deadline: bench.now() };
    bench.sunrise.finish(claim.lease, sent, vec![bench.entry(Kind::AttemptEnded, Some(id))]).await.unwrap();
    assert_eq!(state(&bench, id).await, [DeliveryState::Delivered]);
    assert!(bench.store.overdue(bench.now(), 10).await.unwrap().is_empty());
    assert_eq!(bench.sunrise.entries(id).await.unwrap().len(), 3, "what happened is still on record");
    assert!(bench.store.delivery_by_reference("sim", "SM1").await.unwrap().is_some());
}

#[tokio::test]
async fn a_held_delivery_is_given_out_once_its_message_is_worthless() {
    let bench = Bench::new().await;
    let mut message = bench.message("p1", "+12125550101");
    message.deliveries[0].state = DeliveryState::Held;
    bench.sunrise.accept(message).await.unwrap();
    assert_eq!(bench.store.gauges().await.unwrap().held, 1);
    assert!(bench.claim().await.is_none());
    assert!(bench.store.overdue(bench.now(), 10).await.unwrap().is_empty());
    bench.clock.forward(24 * 3_600);
    let over = bench.store.overdue(bench.now(), 10).await.unwrap();
    assert_eq!(over.len(), 1);
    bench.sunrise.finish(over[0].lease, end(DeliveryState::Expired), Vec::new()).await.unwrap();
}

#[tokio::test]
async fn after_a_restart_nothing_waits_for_the_leases_of_the_process_that_ended() {
    let bench = Bench::new().await;
    bench.sunrise.accept(bench.message("p1", "+12125550101")).await.unwrap();
    let before = bench.claim().await.unwrap();
    let bench = bench.reopened(Options::default()).await;
    let lost = bench.sunrise.finish(before.lease, end(DeliveryState::Failed), Vec::new()).await;
    assert_eq!(lost.unwrap_err(), StoreError::LeaseLost);
    let after = bench.claim().await.unwrap();
    assert_eq!(after.lease, Lease { delivery: before.lease.delivery, fence: 2 }, "the fence goes on counting");
    let lost = bench.sunrise.finish(before.lease, end(DeliveryState::Failed), Vec::new()).await;
    assert_eq!(lost.unwrap_err(), StoreError::LeaseLost);
}
