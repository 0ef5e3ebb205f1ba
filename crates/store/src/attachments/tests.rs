//! What is left of a file that was never finished, and what its pieces are held against.

use super::*;
use crate::outbox::start::tests::{Bench, open};
use postern_base::SystemRng;

/// Three pieces and a bit.
fn long() -> Arc<[u8]> {
    (0..3 * PIECE_BYTES + 5).map(|n| u8::try_from(n % 251).unwrap()).collect()
}

fn about(bench: &Bench, bytes: usize) -> AttachmentRecord {
    let id = AttachmentId::new(bench.clock_now(), &SystemRng).unwrap();
    let name = Phi::new("plan.pdf".to_owned());
    AttachmentRecord { id, kind: "pdf".to_owned(), name, bytes: bytes as u64, digest: Some([7; 32]) }
}

/// A message of `p1` with a file that is kept.
async fn kept(bench: &Bench) -> AttachmentId {
    let (about, content) = (about(bench, long().len()), Phi::new(long()));
    let id = about.id;
    let message = crate::NewMessage { files: vec![(about, content)], ..bench.new_message("p1", "sunrise") };
    bench.tenant.accept(message).await.unwrap();
    id
}

/// Writes the content of another file of theirs, and no row of it.
async fn unfinished(bench: &Bench) -> Begun {
    let tenant = bench.tenant.keys().await.unwrap();
    let key = bench.tenant.patient_key(&tenant, tenant.patient(&"p1".parse().unwrap())).await.unwrap();
    let (about, content) = (about(bench, long().len()), long());
    let files = [(&about, &content[..])];
    bench.tenant.begin_files(files.into_iter(), bench.clock_now(), (&tenant, &key)).await.unwrap().1
}

async fn pieces(tenant: &Tenanted) -> i64 {
    let row = tenant.shared.one("SELECT COUNT(*) FROM attachment_contents", Vec::new()).await.unwrap().unwrap();
    column(&row, 0).unwrap()
}

async fn is_whole(tenant: &Tenanted, id: AttachmentId) -> bool {
    tenant.attachment(&"p1".parse().unwrap(), id).await.unwrap().unwrap().reveal()[..] == long()[..]
}

#[tokio::test]
async fn who_goes_away_while_a_file_is_being_written_leaves_nothing_of_it() {
    let bench = Bench::new().await;
    let id = kept(&bench).await;
    let begun = unfinished(&bench).await;
    assert_eq!(pieces(&bench.tenant).await, 8);
    drop(begun);
    // The writer takes things in their order.
    kept(&bench).await;
    assert_eq!(pieces(&bench.tenant).await, 8, "four of the first, four of the third");
    assert!(is_whole(&bench.tenant, id).await);
}

#[tokio::test]
async fn what_a_process_that_died_was_writing_is_removed_by_the_next_and_a_file_that_was_kept_stays() {
    let bench = Bench::new().await;
    let id = kept(&bench).await;
    // As after kill -9: nothing runs that would have cleared up.
    std::mem::forget(unfinished(&bench).await);
    assert_eq!(pieces(&bench.tenant).await, 8);
    bench.store.clone().close().await;
    let dir = bench.dir.clone();
    let again = open(&dir, &bench.clock).await.tenant(bench.tenant.id());
    assert_eq!(pieces(&again).await, 4);
    assert!(is_whole(&again, id).await);
    let row = again.shared.one("SELECT COUNT(*) FROM attachments_begun", Vec::new()).await.unwrap().unwrap();
    assert_eq!(column::<i64>(&row, 0).unwrap(), 0);
}

#[tokio::test]
async fn pieces_that_were_changed_moved_or_taken_out_are_no_file() {
    for spoil in [
        "UPDATE attachment_contents SET content = zeroblob(length(content)) WHERE piece = 2",
        "UPDATE attachment_contents SET piece = 9 WHERE piece = 0",
        "DELETE FROM attachment_contents WHERE piece = 3",
        "UPDATE attachment_contents SET content = content || x'00' WHERE piece = 3",
    ] {
        let bench = Bench::new().await;
        let id = kept(&bench).await;
        assert!(is_whole(&bench.tenant, id).await);
        rusqlite::Connection::open(bench.dir.join("postern.db")).unwrap().execute_batch(spoil).unwrap();
        let read = bench.tenant.attachment(&"p1".parse().unwrap(), id).await;
        assert_eq!(read.unwrap_err(), StoreError::Damaged, "{spoil}");
    }
}

#[tokio::test]
async fn a_content_that_an_earlier_postern_kept_whole_is_its_own_first_piece() {
    let bench = Bench::new().await;
    let id = kept(&bench).await;
    let tenant = bench.tenant.keys().await.unwrap();
    let key = bench.tenant.patient_key(&tenant, tenant.patient(&"p1".parse().unwrap())).await.unwrap();
    let place = Place { table: "attachment_contents", column: "content", row: id.0.as_bytes() };
    let whole = key.sealer().seal(place, &long(), &SystemRng).unwrap();
    let mut context = Context::new(&SHA256);
    context.update(&whole);
    let sql = rusqlite::Connection::open(bench.dir.join("postern.db")).unwrap();
    sql.execute_batch("DELETE FROM attachment_contents WHERE piece > 0").unwrap();
    sql.execute("UPDATE attachment_contents SET content = ?1", [&whole]).unwrap();
    sql.execute("UPDATE attachments SET digest = ?1", [context.finish().as_ref()]).unwrap();
    assert!(is_whole(&bench.tenant, id).await);
}

#[tokio::test]
async fn what_was_begun_is_found_without_walking_all_that_is_kept() {
    let plan = crate::database::plan::plan(REMOVE_BEGUN).await;
    assert!(plan.iter().any(|line| line.contains("attachment_contents_by_piece (tenant=? AND id=?)")), "{plan:?}");
}
