//! When the disk, another process or an older binary says no.

use crate::fixture::*;
use postern_ledger::Kind;
use postern_store::{AcceptOutcome, DeliveryState, LedgerRows, OpenError, Options, StoreError, Unwell};
use rusqlite::Connection;

/// A connection of somebody else to the same file.
fn stranger(bench: &Scratch) -> Connection {
    Connection::open(bench.0.join("postern.db")).unwrap()
}

#[tokio::test]
async fn while_another_process_locks_the_database_nothing_is_written_and_then_all_is_well() {
    let bench = Bench::new().await;
    let stranger = stranger(&bench.scratch);
    stranger.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let message = bench.message("p1", "+12125550101");
    let id = message.id;
    assert_eq!(bench.sunrise.accept(message).await.unwrap_err(), StoreError::Unavailable);
    stranger.execute_batch("ROLLBACK").unwrap();
    assert!(bench.sunrise.message(id).await.unwrap().is_none());
    assert!(bench.sunrise.entries(id).await.unwrap().is_empty());
    let message = bench.message("p1", "+12125550101");
    let id = message.id;
    assert!(matches!(bench.sunrise.accept(message).await.unwrap(), AcceptOutcome::Stored));
    assert_eq!(bench.sunrise.message(id).await.unwrap().unwrap().patient, patient("p1"));
    assert_eq!(bench.store.stats().failures, 1);
    bench.store.publish().await.unwrap();
}

#[tokio::test]
async fn on_a_full_disk_nothing_is_half_written_and_with_room_it_goes_on() {
    let options = Options { database_bytes_max: Some(400 * 4_096), origin: None };
    let bench = Bench::with(options).await;
    let mut stored = Vec::new();
    let refused = loop {
        let message = bench.message("p1", "+12125550101");
        let id = message.id;
        match bench.sunrise.accept(message).await {
            Ok(AcceptOutcome::Stored) => stored.push(id),
            Err(error) => break (id, error),
            other => panic!("{other:?}"),
        }
        assert!(stored.len() < 10_000, "the limit holds");
    };
    assert_eq!(refused.1, StoreError::Unavailable);
    assert!(bench.sunrise.message(refused.0).await.unwrap().is_none());
    assert!(bench.sunrise.entries(refused.0).await.unwrap().is_empty());
    assert_eq!(bench.sunrise.messages_of(&patient("p1"), None, 20_000).await.unwrap().len(), stored.len());
    let size = bench.store.gauges().await.unwrap().log_size;
    assert_eq!(size, stored.len() as u64 + 2);
    let bench = bench.reopened(Options::default()).await;
    let message = bench.message("p1", "+12125550101");
    let id = message.id;
    bench.sunrise.accept(message).await.unwrap();
    assert_eq!(bench.sunrise.entries(id).await.unwrap()[0].0, size, "the next entry takes the next index");
    bench.store.publish().await.unwrap();
}

#[tokio::test]
async fn a_second_process_is_told_that_the_directory_is_in_use() {
    let bench = Bench::new().await;
    let second = open(&bench.scratch.0, &bench.clock, Options::default()).await;
    assert!(matches!(second.unwrap_err(), OpenError::InUse));
    bench.sunrise.accept(bench.message("p1", "+12125550101")).await.unwrap();
}

#[tokio::test]
async fn a_dropped_store_can_be_opened_again_with_everything_it_answered() {
    let bench = Bench::new().await;
    let message = bench.message("p1", "+12125550101");
    let id = message.id;
    bench.sunrise.accept(message).await.unwrap();
    let Bench { scratch, clock, store, sunrise, harbor } = bench;
    drop((store, sunrise, harbor));
    let store = open(&scratch.0, &clock, Options::default()).await.unwrap();
    assert!(store.tenant(&SUNRISE).message(id).await.unwrap().is_some());
    assert_eq!(store.tenant(&SUNRISE).entries(id).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_newer_database_is_refused_and_left_as_it_is() {
    let bench = Bench::new().await;
    let Bench { scratch, clock, store, .. } = bench;
    store.close().await;
    let stranger = stranger(&scratch);
    stranger.execute_batch("PRAGMA user_version = 99").unwrap();
    drop(stranger);
    let outcome = open(&scratch.0, &clock, Options::default()).await;
    assert!(matches!(outcome.unwrap_err(), OpenError::Newer { found: 99, known: 2.. }));
    assert!(matches!(LedgerRows::open(&scratch.0).await.unwrap_err(), OpenError::Newer { found: 99, .. }));
}

#[tokio::test]
async fn a_file_that_is_no_postern_database_is_refused() {
    let clock = Bench::new().await.clock;
    let foreign = Scratch::new();
    let connection = Connection::open(foreign.0.join("postern.db")).unwrap();
    connection.execute_batch("CREATE TABLE t (a INTEGER)").unwrap();
    drop(connection);
    assert!(matches!(open(&foreign.0, &clock, Options::default()).await.unwrap_err(), OpenError::Damaged));

    let garbage = Scratch::new();
    std::fs::write(garbage.0.join("postern.db"), b"garbage ".repeat(4_096)).unwrap();
    assert!(matches!(open(&garbage.0, &clock, Options::default()).await.unwrap_err(), OpenError::Damaged));
}

#[tokio::test]
async fn a_damaged_page_is_an_error_and_never_another_answer() {
    let bench = Bench::new().await;
    let mut ids = Vec::new();
    for _ in 0..200 {
        let mut message = bench.message("p1", "+12125550101");
        // Nothing to do for anybody, so that opening has no reason to read these rows.
        message.deliveries[0].state = DeliveryState::Refused;
        ids.push(message.id);
        bench.sunrise.accept(message).await.unwrap();
    }
    let Bench { scratch, clock, store, .. } = bench;
    store.close().await;
    let path = scratch.0.join("postern.db");
    let mut bytes = std::fs::read(&path).unwrap();
    // The rows written last: what a store needs to open stands before them.
    let pages = bytes.len() / 4_096;
    for page in bytes.chunks_mut(4_096).skip(pages / 4 * 3) {
        for byte in &mut page[2_000..3_000] {
            *byte ^= 0xff;
        }
    }
    std::fs::write(&path, bytes).unwrap();
    let store = open(&scratch.0, &clock, Options::default()).await.unwrap();
    let mut damaged = 0;
    for id in ids {
        match store.tenant(&SUNRISE).message(id).await {
            Ok(Some(message)) => {
                assert_eq!(message.patient, patient("p1"));
                assert_eq!(message.request.reveal(), b"{\"request\":1}");
                assert_eq!(message.renditions[0].body.reveal(), "See you at ten.");
                assert_eq!(message.deliveries[0].candidate.point, address("+12125550101"));
            }
            Ok(None) | Err(StoreError::Damaged) => damaged += 1,
            Err(other) => panic!("{other:?}"),
        }
    }
    assert!(damaged > 0, "the damage is noticed");
}

#[tokio::test]
async fn more_than_the_queue_holds_is_turned_away_and_can_come_again() {
    let bench = Bench::new().await;
    let stranger = stranger(&bench.scratch);
    stranger.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let mut calls = tokio::task::JoinSet::new();
    for n in 0..6_000 {
        let (tenant, entry) = (bench.sunrise.clone(), bench.entry(Kind::Administered, None));
        calls.spawn(async move { (n, tenant.append(vec![entry]).await) });
    }
    let outcomes = calls.join_all().await;
    assert!(outcomes.iter().any(|(_, outcome)| *outcome == Err(StoreError::Busy)));
    assert!(outcomes.iter().all(|(_, outcome)| outcome.is_err()));
    stranger.execute_batch("ROLLBACK").unwrap();
    bench.sunrise.append(vec![bench.entry(Kind::Administered, None)]).await.unwrap();
    assert_eq!(bench.store.gauges().await.unwrap().log_size, 3);
}

#[tokio::test]
async fn health_turns_red_while_nothing_can_be_committed_and_green_again_by_itself() {
    let bench = Bench::new().await;
    assert_eq!(bench.store.health().await, Ok(()));
    let stranger = stranger(&bench.scratch);
    stranger.execute_batch("BEGIN EXCLUSIVE").unwrap();
    bench.sunrise.accept(bench.message("p1", "+12125550101")).await.unwrap_err();
    assert_eq!(bench.store.health().await, Err(Unwell::CannotCommit));
    stranger.execute_batch("ROLLBACK").unwrap();
    bench.clock.forward(1);
    bench.store.publish().await.unwrap();
    assert_eq!(bench.store.health().await, Ok(()));
    // Nobody wrote for a while: what was true then need not be true now.
    bench.clock.forward(60);
    stranger.execute_batch("BEGIN EXCLUSIVE").unwrap();
    assert_eq!(bench.store.health().await, Err(Unwell::CannotCommit));
    stranger.execute_batch("ROLLBACK").unwrap();
}

#[tokio::test]
async fn health_is_red_on_a_full_disk_that_still_takes_a_few_bytes() {
    let options = Options { database_bytes_max: Some(400 * 4_096), origin: None };
    let bench = Bench::with(options).await;
    for _ in 0..10_000 {
        if bench.sunrise.accept(bench.message("p1", "+12125550101")).await.is_err() {
            break;
        }
    }
    assert_eq!(bench.store.health().await, Err(Unwell::CannotCommit));
    // A transaction that needs no room is committed, and says nothing of the room that a message needs.
    assert!(bench.store.claim(bench.now(), 0, jiff::SignedDuration::from_secs(1)).await.unwrap().is_empty());
    assert_eq!(bench.store.health().await, Err(Unwell::CannotCommit));
    bench.clock.forward(5);
    assert_eq!(bench.store.health().await, Err(Unwell::CannotCommit));
    let bench = bench.reopened(Options::default()).await;
    assert_eq!(bench.store.health().await, Ok(()));
}

#[tokio::test]
async fn a_refused_write_says_nothing_of_the_disk() {
    let bench = Bench::new().await;
    let nobody: postern_base::TenantId = "nobody".parse().unwrap();
    bench.store.tenant(&nobody).append(vec![bench.entry(Kind::Administered, None)]).await.unwrap_err();
    assert_eq!(bench.store.health().await, Ok(()));
}
