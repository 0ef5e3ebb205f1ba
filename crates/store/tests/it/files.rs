//! A long file is written among everything else that is written.

use crate::fixture::*;
use postern_base::{AttachmentId, Phi, SystemRng};
use postern_store::{AcceptOutcome, AttachmentRecord, NewMessage};
use std::sync::Arc;

fn with_file(bench: &Bench, content: &Arc<[u8]>) -> NewMessage {
    let about = AttachmentRecord {
        id: AttachmentId::new(bench.now(), &SystemRng).unwrap(),
        kind: "pdf".to_owned(),
        name: Phi::new("plan.pdf".to_owned()),
        bytes: content.len() as u64,
        digest: Some([7; 32]),
    };
    NewMessage { files: vec![(about, Phi::new(Arc::clone(content)))], ..bench.message("p1", "+12125550101") }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_a_long_file_is_written_messages_without_one_are_accepted_in_between() {
    let bench = Bench::new().await;
    let content: Arc<[u8]> = (0..8_000_000u32).map(|n| u8::try_from(n % 251).unwrap()).collect();
    let message = with_file(&bench, &content);
    let (id, file) = (message.id, message.files[0].0.id);
    let tenant = bench.sunrise.clone();
    let writing = tokio::spawn(async move { tenant.accept(message).await });
    let mut between = 0;
    while !writing.is_finished() {
        let outcome = bench.sunrise.accept(bench.message("p2", "+12125550102")).await.unwrap();
        assert!(matches!(outcome, AcceptOutcome::Stored));
        between += 1;
    }
    assert!(matches!(writing.await.unwrap().unwrap(), AcceptOutcome::Stored));
    assert!(between > 8, "only {between} found a turn among thirty-one pieces");
    assert!(bench.sunrise.message(id).await.unwrap().is_some());
    let read = bench.sunrise.attachment(&patient("p1"), file).await.unwrap().unwrap();
    assert!(read.reveal()[..] == content[..]);
    bench.store.publish().await.unwrap();
}

#[tokio::test]
async fn of_a_message_that_came_before_under_its_key_no_second_copy_of_the_file_is_kept() {
    let bench = Bench::new().await;
    let content: Arc<[u8]> = Arc::from(vec![b'x'; 600_000]);
    let key = || Some(Phi::new("key 1".to_owned()));
    let (first, again) = (with_file(&bench, &content), with_file(&bench, &content));
    let (kept, left) = (first.files[0].0.id, again.files[0].0.id);
    let stored = bench.sunrise.accept(NewMessage { idempotency_key: key(), ..first }).await.unwrap();
    assert!(matches!(stored, AcceptOutcome::Stored));
    let replayed = bench.sunrise.accept(NewMessage { idempotency_key: key(), ..again }).await.unwrap();
    assert!(matches!(replayed, AcceptOutcome::Replayed { .. }));
    assert!(bench.sunrise.attachment(&patient("p1"), kept).await.unwrap().is_some());
    assert!(bench.sunrise.attachment(&patient("p1"), left).await.unwrap().is_none());
}
