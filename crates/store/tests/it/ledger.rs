//! The ledger beside the rows: durable with them, published, proven, and read without keys.

use crate::fixture::*;
use postern_ledger::note::VerifierKey;
use postern_ledger::proof::Proof;
use postern_ledger::{Frontier, Kind, leaf_hash};
use postern_store::{DeliveryState, LedgerRows, Options};

fn key(bench: &Bench) -> VerifierKey {
    bench.store.ledger_key().unwrap().parse().unwrap()
}

#[tokio::test]
async fn the_entries_of_a_message_form_one_chain_whatever_wrote_them() {
    let bench = Bench::new().await;
    let mut message = bench.message("p1", "+12125550101");
    let (id, delivery) = (message.id, message.deliveries[0].id);
    message.entries.push(bench.entry(Kind::Redecided, Some(id)));
    bench.sunrise.accept(message).await.unwrap();
    bench.sunrise.accept(bench.message("p2", "+12125550102")).await.unwrap();
    bench
        .sunrise
        .append(vec![bench.entry(Kind::Disclosed, Some(id)), bench.entry(Kind::Disclosed, Some(id))])
        .await
        .unwrap();
    let receipt = vec![bench.entry(Kind::Receipt, Some(id)), bench.entry(Kind::Administered, None)];
    assert!(bench.sunrise.settle(delivery, DeliveryState::Delivered, "ok".to_owned(), receipt).await.unwrap());
    let chain = bench.sunrise.entries(id).await.unwrap();
    assert_eq!(chain.len(), 5);
    let mut previous = None;
    for (_, entry) in &chain {
        assert_eq!(entry.previous, previous);
        previous = Some(entry.id);
    }
}

#[tokio::test]
async fn every_entry_is_proven_under_the_published_checkpoint() {
    let bench = Bench::new().await;
    let mut ids = Vec::new();
    for n in 0..300 {
        let message = bench.message(&format!("p{}", n % 7), "+12125550101");
        ids.push(message.id);
        bench.sunrise.accept(message).await.unwrap();
    }
    let key = key(&bench);
    for id in [ids[0], ids[150], ids[299]] {
        let (index, entry) = bench.sunrise.entries(id).await.unwrap().remove(0);
        let leaf = bench.sunrise.leaf(index).await.unwrap();
        assert_eq!(leaf, entry.to_bytes().unwrap());
        let proof = Proof::parse(&bench.sunrise.proof(index).await.unwrap()).unwrap();
        assert_eq!(proof.index, index);
        let checkpoint = proof.verify(&leaf, &key).unwrap();
        assert!(checkpoint.size > index);
    }
    let note = bench.store.publish().await.unwrap();
    assert_eq!(bench.store.publish().await.unwrap(), note, "nothing new, nothing signed");
    assert_eq!(std::fs::read_to_string(bench.scratch.0.join("ledger/checkpoint")).unwrap(), note);
}

#[tokio::test]
async fn rows_are_read_beside_the_running_store_and_give_the_published_root() {
    let bench = Bench::new().await;
    for _ in 0..20 {
        bench.sunrise.accept(bench.message("p1", "+12125550101")).await.unwrap();
    }
    let rows = LedgerRows::open(&bench.scratch.0).await.unwrap();
    assert_eq!(rows.size(), 22);
    let mut frontier = Frontier::empty();
    let mut from = 0;
    loop {
        let page = rows.page(from, 7).await.unwrap();
        if page.is_empty() {
            break;
        }
        for row in page {
            assert_eq!((row.index, row.agrees), (from, true));
            frontier.append(leaf_hash(&row.leaf));
            from += 1;
        }
    }
    let note = bench.store.publish().await.unwrap();
    assert!(note.contains(&format!("\n22\n{}\n", frontier.root())));
    assert_eq!(rows.root().unwrap(), frontier.root());
    assert_ne!(rows.note().await.unwrap().as_ref(), Some(&note), "what is read is what was there when it was opened");
    assert_eq!(LedgerRows::open(&bench.scratch.0).await.unwrap().note().await.unwrap(), Some(note));
}

#[tokio::test]
async fn a_lost_ledger_directory_is_written_again_to_the_same_checkpoint() {
    let bench = Bench::new().await;
    for _ in 0..300 {
        bench.sunrise.accept(bench.message("p1", "+12125550101")).await.unwrap();
    }
    let note = bench.store.publish().await.unwrap();
    std::fs::remove_dir_all(bench.scratch.0.join("ledger")).unwrap();
    let bench = bench.reopened(Options::default()).await;
    assert_eq!(bench.store.publish().await.unwrap(), note);
}

#[tokio::test]
async fn closing_publishes_what_was_accepted() {
    let bench = Bench::new().await;
    bench.sunrise.accept(bench.message("p1", "+12125550101")).await.unwrap();
    let scratch = bench.scratch.clone();
    bench.store.close().await;
    let note = std::fs::read_to_string(scratch.0.join("ledger/checkpoint")).unwrap();
    assert_eq!(note.lines().nth(1), Some("3"));
}
