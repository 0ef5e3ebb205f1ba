//! Many at once: one key per patient, rotation beside traffic, one order of entries.

use crate::fixture::*;
use postern_ledger::Kind;
use postern_store::{AcceptOutcome, LedgerRows, Options};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_new_patient_met_by_many_at_once_gets_one_key() {
    let bench = Bench::new().await;
    let mut calls = tokio::task::JoinSet::new();
    for n in 0..400 {
        let tenant = bench.sunrise.clone();
        let message = bench.message(&format!("p{}", n % 20), "+12125550101");
        let id = message.id;
        calls.spawn(async move {
            tokio::task::yield_now().await;
            assert!(matches!(tenant.accept(message).await.unwrap(), AcceptOutcome::Stored));
            id
        });
    }
    let ids = calls.join_all().await;
    // Reopened, so that every key comes from the database.
    let bench = bench.reopened(Options::default()).await;
    for id in ids {
        assert_eq!(bench.sunrise.message(id).await.unwrap().unwrap().request.reveal(), b"{\"request\":1}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn keys_made_while_an_epoch_ends_are_not_lost() {
    let bench = Bench::new().await;
    let mut calls = tokio::task::JoinSet::new();
    for n in 0..300 {
        let tenant = bench.sunrise.clone();
        let message = bench.message(&format!("p{n}"), "+12125550101");
        let id = message.id;
        calls.spawn(async move {
            tenant.accept(message).await.unwrap();
            id
        });
        if n % 100 == 50 {
            let (store, entry) = (bench.store.clone(), bench.entry(Kind::Administered, None));
            store.rotate_epoch(entry).await.unwrap();
        }
    }
    let ids = calls.join_all().await;
    bench.store.rotate_epoch(bench.entry(Kind::Administered, None)).await.unwrap();
    let bench = bench.reopened(Options::default()).await;
    for id in ids {
        assert!(bench.sunrise.message(id).await.unwrap().is_some());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn proofs_and_checkpoints_hold_while_writes_go_on() {
    let bench = Bench::new().await;
    let key = bench.store.ledger_key().unwrap().parse().unwrap();
    let mut calls = tokio::task::JoinSet::new();
    for n in 0..200 {
        let tenant = bench.sunrise.clone();
        let message = bench.message(&format!("p{}", n % 9), "+12125550101");
        let id = message.id;
        calls.spawn(async move {
            tenant.accept(message).await.unwrap();
            let (index, _) = tenant.entries(id).await.unwrap().remove(0);
            (tenant.leaf(index).await.unwrap(), tenant.proof(index).await.unwrap())
        });
    }
    for (leaf, proof) in calls.join_all().await {
        postern_ledger::proof::Proof::parse(&proof).unwrap().verify(&leaf, &key).unwrap();
    }
    let rows = LedgerRows::open(&bench.scratch.0).await.unwrap();
    assert_eq!(rows.page(0, 1_000).await.unwrap().len(), 202);
}
