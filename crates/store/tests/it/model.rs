//! The outbox against a model small enough to be seen to be right.

use crate::fixture::*;
use jiff::SignedDuration;
use postern_base::{DeliveryId, MessageId};
use postern_ledger::Lease;
use postern_store::{DeliveryState, Finish, Options, StoreError};
use proptest::prelude::*;
use std::collections::BTreeMap;

#[derive(Debug, Clone)]
enum Step {
    Accept { priority: u8, wait: i64 },
    Claim { limit: u32, lease: i64 },
    Finish { which: usize, how: u8, wait: i64 },
    Settle { which: usize, delivered: bool },
    Forward { seconds: i64 },
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..3_u8, 0..20_i64).prop_map(|(priority, wait)| Step::Accept { priority, wait }),
        4 => (1..4_u32, 1..30_i64).prop_map(|(limit, lease)| Step::Claim { limit, lease }),
        4 => (0..40_usize, 0..4_u8, 0..20_i64).prop_map(|(which, how, wait)| Step::Finish { which, how, wait }),
        1 => (0..20_usize, any::<bool>()).prop_map(|(which, delivered)| Step::Settle { which, delivered }),
        3 => (1..20_i64).prop_map(|seconds| Step::Forward { seconds }),
        1 => Just(Step::Reopen),
    ]
}

#[derive(Debug, Clone)]
struct Row {
    message: MessageId,
    priority: u8,
    due: i64,
    state: DeliveryState,
    fence: u64,
    held: bool,
}

/// What the outbox should be.
#[derive(Debug, Default)]
struct Model {
    rows: BTreeMap<DeliveryId, Row>,
    leases: Vec<Lease>,
    now: i64,
}

impl Model {
    fn claimable(&self) -> Vec<(u8, i64, DeliveryId)> {
        let live =
            |row: &Row| matches!(row.state, DeliveryState::Queued | DeliveryState::Waiting) && row.due <= self.now;
        let mut found: Vec<_> =
            self.rows.iter().filter(|(_, row)| live(row)).map(|(id, row)| (row.priority, row.due, *id)).collect();
        found.sort_unstable();
        found
    }
}

async fn claim(bench: &Bench, model: &mut Model, limit: u32, lease: i64) {
    let claims = bench.store.claim(bench.now(), limit, SignedDuration::from_secs(lease)).await.unwrap();
    let claimable = model.claimable();
    let wanted = claimable.len().min(usize::try_from(limit).unwrap());
    assert_eq!(claims.len(), wanted);
    for (claim, (priority, due, _)) in claims.iter().zip(claimable) {
        let row = model.rows.get_mut(&claim.lease.delivery).unwrap();
        // Among equals any order is right.
        assert_eq!((row.priority, row.due), (priority, due));
        assert_eq!((claim.state, claim.message), (row.state, row.message));
        row.fence += 1;
        assert_eq!(claim.lease.fence, row.fence);
        row.held = true;
        row.due = model.now + lease;
        model.leases.push(claim.lease);
    }
}

async fn finish(bench: &Bench, model: &mut Model, which: usize, how: u8, wait: i64) {
    let Some(lease) = model.leases.get(which).copied() else { return };
    let state = [DeliveryState::Delivered, DeliveryState::Failed, DeliveryState::Unknown][usize::from(how) % 3];
    let finish = if how == 3 {
        let due = bench.now() + SignedDuration::from_secs(wait);
        Finish::Again { due, state: DeliveryState::Waiting, code: "x".to_owned(), candidate: None }
    } else {
        Finish::State { state, code: "x".to_owned(), reference: None }
    };
    let outcome = bench.sunrise.finish(lease, finish, Vec::new()).await;
    let row = model.rows.get_mut(&lease.delivery).unwrap();
    if !row.held || row.fence != lease.fence {
        assert_eq!(outcome, Err(StoreError::LeaseLost));
        return;
    }
    assert_eq!(outcome, Ok(()));
    row.held = false;
    if row.state.is_terminal() {
        return;
    }
    if how == 3 {
        row.state = DeliveryState::Waiting;
        row.due = model.now + wait;
    } else {
        row.state = state;
    }
}

async fn settle(bench: &Bench, model: &mut Model, which: usize, delivered: bool) {
    let Some((id, row)) = model.rows.iter_mut().nth(which) else { return };
    let state = if delivered { DeliveryState::Delivered } else { DeliveryState::Failed };
    let changed = bench.sunrise.settle(*id, state, "r".to_owned(), Vec::new()).await.unwrap();
    assert_eq!(changed, !row.state.is_terminal() || row.state == DeliveryState::Unknown);
    if changed {
        row.state = state;
    }
}

async fn run(steps: Vec<Step>) {
    let mut bench = Bench::new().await;
    let mut model = Model::default();
    for step in steps {
        match step {
            Step::Accept { priority, wait } => {
                let mut message = bench.message("p1", "+12125550101");
                let delivery = &mut message.deliveries[0];
                delivery.priority = priority;
                delivery.due = bench.now() + SignedDuration::from_secs(wait);
                let (due, state) = (model.now + wait, DeliveryState::Queued);
                let row = Row { message: message.id, priority, due, state, fence: 0, held: false };
                model.rows.insert(delivery.id, row);
                bench.sunrise.accept(message).await.unwrap();
            }
            Step::Claim { limit, lease } => claim(&bench, &mut model, limit, lease).await,
            Step::Finish { which, how, wait } => finish(&bench, &mut model, which, how, wait).await,
            Step::Settle { which, delivered } => settle(&bench, &mut model, which, delivered).await,
            Step::Forward { seconds } => {
                bench.clock.forward(seconds);
                model.now += seconds;
            }
            Step::Reopen => {
                bench = bench.reopened(Options::default()).await;
                // Nobody else can hold a lease: what was claimed is let go of at once.
                for row in model.rows.values_mut().filter(|row| row.held && !row.state.is_terminal()) {
                    row.held = false;
                    row.due = row.due.min(model.now);
                }
            }
        }
        let next = model
            .rows
            .values()
            .filter(|row| matches!(row.state, DeliveryState::Queued | DeliveryState::Waiting))
            .map(|row| row.due + START)
            .min();
        assert_eq!(bench.store.next_due().await.unwrap().map(|at| at.as_second()), next);
    }
    for row in model.rows.values() {
        let message = bench.sunrise.message(row.message).await.unwrap().unwrap();
        assert_eq!(message.deliveries[0].state, row.state);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_outbox_does_what_its_model_does(steps in proptest::collection::vec(step(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(run(steps));
    }
}
