use super::*;
use crate::entry::Entry;
use crate::note::{NoteError, Signer};
use crate::publish::Publisher;
use crate::testlog::{Scratch, leaf, message, signer};
use crate::tiles::{Row, Tile};
use crate::tree::{Frontier, leaf_hash};
use postern_base::Secret;
use proptest::prelude::*;
use std::convert::Infallible;

/// 1,000 entries: three full bundles and one of 232.
const SIZE: u64 = 1000;

fn codes(report: &Report) -> Vec<(&'static str, Option<u64>)> {
    report.problems.iter().map(|problem| (problem.code(), problem.index())).collect()
}

fn bundle(number: u64, width: u64) -> Tile {
    Tile { row: Row::Entries, number, width }
}

fn tile(level: u32, number: u64, width: u64) -> Tile {
    Tile { row: Row::Hashes { level }, number, width }
}

fn with_anchor(log: &Scratch, anchor: &str) -> Report {
    verify(log.path(), log.key(), Options { anchor: Some(anchor), ..Options::default() })
}

#[test]
fn a_sound_ledger_of_any_shape_holds_and_is_not_anchored() {
    for size in [0, 1, 2, 3, 255, 256, 257, 511, 512, 600, 65_536, 65_537] {
        let log = Scratch::of(size);
        let report = log.verify();
        assert_eq!(report.problems, [], "{size}");
        assert_eq!((report.size, report.root), (size, Some(log.frontier.root())));
        assert_eq!(report.messages, size.div_ceil(3));
        assert_eq!(report.anchored, None);
    }
}

#[test]
fn progress_counts_every_entry_and_threads_do_not_change_the_answer() {
    let log = Scratch::of(SIZE);
    log.alter_entries("tile/entries/001", |leaves| leaves[7][20] ^= 1);
    let one = NonZero::new(1);
    let single = verify(log.path(), log.key(), Options { threads: one, ..Options::default() });
    let seen = std::sync::atomic::AtomicU64::new(0);
    let count = |entries| {
        seen.fetch_add(entries, std::sync::atomic::Ordering::Relaxed);
    };
    let many = Options { threads: NonZero::new(4), progress: Some(&count), ..Options::default() };
    assert_eq!(verify(log.path(), log.key(), many), single);
    assert_eq!(seen.into_inner(), SIZE);
}

#[test]
fn a_flipped_byte_in_an_entry_names_the_entry_wherever_it_stands() {
    for (path, inside, index) in [
        ("tile/entries/000", 0, 0),
        ("tile/entries/000", 255, 255),
        ("tile/entries/002", 100, 612),
        ("tile/entries/003.p/232", 231, 999),
    ] {
        let log = Scratch::of(SIZE);
        log.alter_entries(path, |leaves| *leaves[inside].last_mut().unwrap() ^= 1);
        let report = log.verify();
        let tile = bundle(index / 256, if index > 768 { 232 } else { 256 });
        assert_eq!(report.problems.first(), Some(&Problem::Edited { index, tile }));
        assert!(codes(&report).iter().skip(1).all(|(code, _)| *code == "chain_broken"), "{:?}", report.problems);
    }
}

#[test]
fn any_flipped_byte_in_any_file_is_detected() {
    let log = Scratch::of(600);
    for path in
        ["checkpoint", "tile/0/000", "tile/0/002.p/88", "tile/1/000.p/2", "tile/entries/001", "tile/entries/002.p/88"]
    {
        let length = std::fs::read(log.path().join(path)).unwrap().len();
        for at in (0..length).step_by(length / 37 + 1) {
            log.alter(path, |bytes| bytes[at] ^= 0x10);
            assert!(!log.verify().holds(), "{path} at {at}");
            log.alter(path, |bytes| bytes[at] ^= 0x10);
        }
    }
    assert!(log.verify().holds());
}

#[test]
fn a_dropped_entry_is_named_and_what_stands_behind_it_is_not_accused() {
    let log = Scratch::of(SIZE);
    log.alter_entries("tile/entries/001", |leaves| drop(leaves.remove(10)));
    let dropped = Problem::Dropped { index: 266, tile: bundle(1, 256) };
    let report = log.verify();
    assert_eq!(report.problems.iter().filter(|problem| **problem == dropped).count(), 1);
    assert!(
        codes(&report).iter().all(|(code, _)| matches!(*code, "dropped" | "chain_broken")),
        "{:?}",
        report.problems
    );
}

#[test]
fn an_entry_dropped_with_everything_behind_it_moved_up_is_named() {
    let log = Scratch::of(SIZE);
    let mut moved = None;
    for path in ["tile/entries/003.p/232", "tile/entries/002", "tile/entries/001"] {
        log.alter_entries(path, |leaves| {
            leaves.extend(moved.take());
            moved = Some(leaves.remove(if path == "tile/entries/001" { 10 } else { 0 }));
        });
    }
    let report = log.verify();
    let dropped: Vec<_> = codes(&report).into_iter().filter(|(code, _)| *code != "chain_broken").collect();
    assert_eq!(dropped, [("dropped", Some(266))], "{:?}", report.problems);
}

#[test]
fn reordered_entries_are_named_with_both_places() {
    let log = Scratch::of(SIZE);
    log.alter_entries("tile/entries/002", |leaves| leaves.swap(3, 9));
    let report = log.verify();
    assert!(report.problems.contains(&Problem::Reordered { index: 521, found_at: 515 }), "{:?}", report.problems);
    assert!(report.problems.contains(&Problem::Reordered { index: 515, found_at: 521 }));
    assert!(!codes(&report).iter().any(|(code, _)| matches!(*code, "edited" | "dropped" | "inserted")));
}

#[test]
fn an_inserted_entry_is_named() {
    let log = Scratch::of(SIZE);
    log.alter_entries("tile/entries/000", |leaves| leaves.insert(5, leaf(5000)));
    let report = log.verify();
    assert!(report.problems.contains(&Problem::Inserted { index: 5, tile: bundle(0, 256) }), "{:?}", report.problems);
    assert!(!codes(&report).iter().any(|(code, _)| matches!(*code, "edited" | "dropped" | "reordered")));
}

#[test]
fn a_truncated_bundle_is_named_with_its_first_lost_entry() {
    let log = Scratch::of(SIZE);
    log.alter("tile/entries/003.p/232", |bytes| bytes.truncate(bytes.len() - 5));
    let cut = |index| Problem::CutShort { tile: bundle(3, 232), index };
    assert_eq!(log.verify().problems, [cut(999)]);
    log.alter_entries_until_cut("tile/entries/003.p/232", 200);
    assert_eq!(log.verify().problems, [cut(968)]);
}

#[test]
fn a_file_that_is_gone_is_named() {
    for (path, missing) in [
        ("tile/entries/003.p/232", bundle(3, 232)),
        ("tile/entries/001", bundle(1, 256)),
        ("tile/0/002", tile(0, 2, 256)),
        ("tile/1/000.p/3", tile(1, 0, 3)),
    ] {
        let log = Scratch::of(SIZE);
        std::fs::remove_file(log.path().join(path)).unwrap();
        assert!(log.verify().problems.contains(&Problem::Missing(missing)), "{path}");
    }
    let log = Scratch::of(SIZE);
    std::fs::remove_file(log.path().join("checkpoint")).unwrap();
    assert_eq!(log.verify().problems, [Problem::NoCheckpoint]);
}

#[test]
fn a_changed_hash_is_blamed_on_its_tile_and_not_on_the_entries() {
    for (path, tile) in
        [("tile/0/001", tile(0, 1, 256)), ("tile/0/003.p/232", tile(0, 3, 232)), ("tile/1/000.p/3", tile(1, 0, 3))]
    {
        let log = Scratch::of(SIZE);
        log.alter(path, |bytes| bytes[2 * 32 + 5] ^= 1);
        assert_eq!(log.verify().problems, [Problem::HashChanged { tile, position: 2 }], "{path}");
    }
}

#[test]
fn a_changed_entry_and_a_changed_tile_elsewhere_are_both_named() {
    let log = Scratch::of(SIZE);
    log.alter_entries("tile/entries/000", |leaves| *leaves[8].last_mut().unwrap() ^= 1);
    log.alter("tile/0/001", |bytes| bytes[5] ^= 1);
    let problems = log.verify().problems;
    assert!(problems.contains(&Problem::Edited { index: 8, tile: bundle(0, 256) }), "{problems:?}");
    assert!(problems.contains(&Problem::HashChanged { tile: tile(0, 1, 256), position: 0 }));
}

#[test]
fn an_entry_changed_together_with_its_hash_is_found_by_the_tile_above() {
    let log = Scratch::of(SIZE);
    let forged = leaf(5000);
    log.alter_entries("tile/entries/001", |leaves| leaves[4].clone_from(&forged));
    log.alter("tile/0/001", |bytes| bytes[4 * 32..5 * 32].copy_from_slice(leaf_hash(&forged).as_bytes()));
    let problems = log.verify().problems;
    let subtree =
        Problem::SubtreeChanged { tile: tile(1, 0, 3), position: 1, child: tile(0, 1, 256), from: 256, to: 511 };
    assert!(problems.contains(&subtree), "{problems:?}");
}

#[test]
fn a_log_rewritten_below_its_checkpoint_has_another_root() {
    let log = Scratch::of(SIZE);
    let other = Scratch::of(SIZE);
    let forged = leaf(5000);
    std::fs::remove_dir_all(other.path().join("tile")).unwrap();
    std::fs::remove_file(other.path().join("checkpoint")).unwrap();
    let mut leaves = log.leaves.clone();
    leaves[999] = forged;
    let mut frontier = Frontier::empty();
    for leaf in &leaves {
        frontier.append(leaf_hash(leaf));
    }
    Publisher::open(other.path(), signer()).unwrap().publish(&leaves, &frontier).unwrap();
    std::fs::copy(log.path().join("checkpoint"), other.path().join("checkpoint")).unwrap();
    assert!(other.verify().problems.contains(&Problem::OtherRoot { size: SIZE }));
}

#[test]
fn a_checkpoint_signed_by_somebody_else_or_changed_is_named() {
    let log = Scratch::of(10);
    let stranger = Signer::from_seed(&Secret::new([8; 32]), "postern.example/ledger/0").unwrap();
    let report = verify(log.path(), stranger.verifier(), Options::default());
    assert_eq!(report.problems, [Problem::BadCheckpoint(CheckpointError::Note(NoteError::NotSigned))]);
    log.alter("checkpoint", |bytes| {
        let changed = String::from_utf8(bytes.clone()).unwrap().replacen("\n10\n", "\n9\n", 1);
        *bytes = changed.into_bytes();
    });
    let bad = Problem::BadCheckpoint(CheckpointError::Note(NoteError::BadSignature));
    assert_eq!(log.verify().problems.first(), Some(&bad));
}

#[test]
fn an_unsigned_claim_of_a_vast_log_is_not_walked() {
    let log = Scratch::of(10);
    let vast = format!("postern.example/ledger/0\n{}\n{}\n\n\u{2014} a AAAAAAAA\n", u64::MAX, log.frontier.root());
    std::fs::write(log.path().join("checkpoint"), vast).unwrap();
    assert!(matches!(log.verify().problems.first(), Some(Problem::BadCheckpoint(_))));
    let report = verify_message(&log.directory(), log.key(), message(0));
    assert!(matches!(report.problems.as_slice(), [Problem::BadCheckpoint(_)]));
}

#[test]
fn a_checkpoint_put_back_under_newer_tiles_is_named() {
    let mut log = Scratch::of(SIZE);
    let old = log.note();
    for more in [1, 200] {
        log.grow(more);
        let new = log.note();
        std::fs::write(log.path().join("checkpoint"), &old).unwrap();
        let size = SIZE;
        assert!(log.verify().problems.contains(&Problem::CheckpointBehind { size, found: log.frontier.size() }));
        std::fs::write(log.path().join("checkpoint"), new).unwrap();
    }
}

#[test]
fn a_ledger_that_is_being_published_holds_at_every_moment() {
    let mut log = Scratch::of(200);
    let (path, key) = (log.path().to_owned(), log.key().clone());
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        let verifier = scope.spawn(|| {
            let mut rounds = 0;
            while rounds == 0 || !done.load(std::sync::atomic::Ordering::Relaxed) {
                assert_eq!(verify(&path, &key, Options::default()).problems, []);
                rounds += 1;
            }
        });
        for more in 0..40 {
            log.grow(more);
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        verifier.join().unwrap();
    });
    assert!(log.verify().holds());
}

#[test]
fn a_checkpoint_ahead_of_its_tiles_names_what_is_missing() {
    let old = Scratch::of(SIZE);
    let new = Scratch::of(SIZE + 10);
    std::fs::write(old.path().join("checkpoint"), new.note()).unwrap();
    let problems = old.verify().problems;
    assert!(problems.contains(&Problem::Missing(bundle(3, 242))), "{problems:?}");
}

#[test]
fn a_rolled_back_copy_holds_alone_and_is_found_against_an_anchor() {
    let rolled_back = Scratch::of(SIZE);
    let anchor = Scratch::of(SIZE + 500).note();
    assert!(rolled_back.verify().holds() && rolled_back.verify().anchored.is_none());
    let report = with_anchor(&rolled_back, &anchor);
    assert_eq!(report.problems, [Problem::RolledBack { anchor: SIZE + 500, size: SIZE }]);
    assert_eq!(report.anchored, None);
}

#[test]
fn a_grown_ledger_is_anchored_in_every_earlier_checkpoint() {
    let mut log = Scratch::of(0);
    let mut anchors = vec![log.note()];
    for more in [1, 254, 1, 1, 300, 443] {
        log.grow(more);
        anchors.push(log.note());
    }
    for anchor in &anchors {
        let report = with_anchor(&log, anchor);
        assert_eq!(report.problems, []);
        assert!(report.anchored.is_some());
    }
}

#[test]
fn a_ledger_rewritten_and_signed_again_is_found_against_an_anchor() {
    let log = Scratch::of(SIZE);
    let mut leaves: Vec<_> = (0..900).map(leaf).collect();
    leaves[100] = leaf(5000);
    let mut frontier = Frontier::empty();
    for leaf in &leaves {
        frontier.append(leaf_hash(leaf));
    }
    let other = Scratch::of(0);
    std::fs::remove_file(other.path().join("checkpoint")).unwrap();
    Publisher::open(other.path(), signer()).unwrap().publish(&leaves, &frontier).unwrap();
    let mut grown = Scratch::of(500);
    let anchor = grown.note();
    grown.grow(1);
    let report = with_anchor(&other, &anchor);
    assert!(
        report.problems.iter().any(|problem| matches!(
            problem,
            Problem::Forked { anchor: 500 } | Problem::AnchorUndecided { anchor: 500 }
        ))
    );
    assert!(with_anchor(&log, &anchor).holds());
}

#[test]
fn an_anchor_that_is_no_checkpoint_of_this_log_is_a_problem_and_no_anchor() {
    let log = Scratch::of(10);
    for anchor in ["", "postern.example/ledger/0\n1\nx\n", &log.note().replace("\n10\n", "\n9\n")] {
        let report = with_anchor(&log, anchor);
        assert!(matches!(report.problems.as_slice(), [Problem::BadAnchor(_)]), "{anchor}");
        assert_eq!(report.anchored, None);
    }
}

#[test]
fn a_damaged_ledger_cannot_be_said_to_be_another_one() {
    let mut log = Scratch::of(500);
    let anchor = log.note();
    log.grow(500);
    log.alter("tile/0/001", |bytes| bytes[5] ^= 1);
    let problems = with_anchor(&log, &anchor).problems;
    assert!(!problems.iter().any(|problem| matches!(problem, Problem::Forked { .. })), "{problems:?}");
}

#[test]
fn a_message_whose_chain_skips_an_entry_is_named_in_a_sound_tree() {
    // The tree is rightly signed: whoever wrote it broke the chain.
    let mut leaves: Vec<_> = (0..30).map(leaf).collect();
    leaves.remove(13);
    let mut frontier = Frontier::empty();
    for leaf in &leaves {
        frontier.append(leaf_hash(leaf));
    }
    let log = Scratch::of(0);
    std::fs::remove_file(log.path().join("checkpoint")).unwrap();
    Publisher::open(log.path(), signer()).unwrap().publish(&leaves, &frontier).unwrap();
    assert_eq!(log.verify().problems, [Problem::ChainBroken { message: message(4), index: 13 }]);
}

#[test]
fn two_tenants_in_one_message_and_two_entries_with_one_id_are_named() {
    let mut leaves: Vec<_> = (0..6).map(leaf).collect();
    let mut other = Entry::from_bytes(&leaves[1]).unwrap();
    other.tenant = "sunset".parse().unwrap();
    leaves[1] = other.to_bytes().unwrap();
    let mut twin = Entry::from_bytes(&leaves[5]).unwrap();
    twin.id = Entry::from_bytes(&leaves[0]).unwrap().id;
    leaves[5] = twin.to_bytes().unwrap();
    let mut frontier = Frontier::empty();
    for leaf in &leaves {
        frontier.append(leaf_hash(leaf));
    }
    let log = Scratch::of(0);
    std::fs::remove_file(log.path().join("checkpoint")).unwrap();
    Publisher::open(log.path(), signer()).unwrap().publish(&leaves, &frontier).unwrap();
    let problems = log.verify().problems;
    assert!(problems.contains(&Problem::OtherTenant { message: message(0), index: 1 }), "{problems:?}");
    assert!(problems.contains(&Problem::DuplicateId { id: twin.id, first: 0, index: 5 }));
}

#[test]
fn one_messages_record_is_proven_from_files_alone() {
    let log = Scratch::of(SIZE);
    let report = verify_message(&log.directory(), log.key(), message(200));
    assert!(report.holds(), "{:?}", report.problems);
    assert_eq!(report.entries.iter().map(|(index, _)| *index).collect::<Vec<_>>(), [600, 601, 602]);
    let unknown = verify_message(&log.directory(), log.key(), message(5000));
    assert_eq!(unknown.problems, [Problem::NoSuchMessage { message: message(5000) }]);
    log.alter_entries("tile/entries/002", |leaves| {
        let mut entry = Entry::from_bytes(&leaves[601 - 512]).unwrap();
        entry.code = Some("refuse".to_owned());
        leaves[601 - 512] = entry.to_bytes().unwrap();
    });
    let edited = verify_message(&log.directory(), log.key(), message(200));
    assert_eq!(edited.problems, [Problem::NotIncluded { index: 601 }]);
}

#[test]
fn rows_that_differ_from_what_was_published_are_named() {
    let log = Scratch::of(SIZE);
    let check = |rows: Vec<(u64, Vec<u8>)>| {
        let rows = rows.into_iter().map(Ok::<_, Infallible>);
        verify_rows(&log.directory(), SIZE, rows).unwrap_or_else(|never| match never {})
    };
    let rows = || -> Vec<(u64, Vec<u8>)> { (0..).zip(log.leaves.iter().cloned()).collect() };
    assert_eq!(check(rows()), []);
    let mut unpublished = rows();
    unpublished.push((SIZE, leaf(SIZE)));
    assert_eq!(check(unpublished), []);
    let mut edited = rows();
    edited[700].1 = leaf(701);
    assert_eq!(check(edited), [Problem::RowDiffers { index: 700 }]);
    let mut dropped = rows();
    dropped.drain(300..302);
    assert_eq!(check(dropped), [Problem::RowsMissing { from: 300, to: 301 }]);
    let mut short = rows();
    short.truncate(900);
    assert_eq!(check(short), [Problem::RowsBehind { rows: 900, size: SIZE }]);
}

#[test]
fn the_key_beside_a_ledger_is_the_one_that_signed_it() {
    let log = Scratch::of(1);
    assert_eq!(key_beside(log.path()).unwrap().as_ref(), Some(log.key()));
    assert_eq!(key_beside(&log.path().join("nowhere")).unwrap(), None);
}

#[test]
fn every_problem_has_its_own_code() {
    let log = Scratch::of(10);
    log.alter("tile/0/000.p/10", |bytes| bytes.truncate(7));
    assert_eq!(codes(&log.verify()), [("length", None)]);
    let sentence = Problem::Edited { index: 3, tile: bundle(0, 10) }.to_string();
    assert_eq!(
        sentence,
        "entry 3 was edited: its bytes in `tile/entries/000.p/10` do not have the hash that the tree records"
    );
}

#[test]
fn a_file_larger_than_any_tile_is_not_read_into_memory() {
    let log = Scratch::of(10);
    let file = std::fs::File::options().write(true).open(log.path().join("tile/entries/000.p/10")).unwrap();
    file.set_len(1 << 40).unwrap();
    assert!(log.verify().problems.contains(&Problem::Unreadable(bundle(0, 10))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn no_content_of_any_file_makes_verification_panic_or_pass(
        which in any::<prop::sample::Index>(),
        from in any::<prop::sample::Index>(),
        to in any::<prop::sample::Index>(),
        with in proptest::collection::vec(any::<u8>(), 0..80),
    ) {
        thread_local! {
            static LOG: Scratch = Scratch::of(600);
        }
        let files = [
            "checkpoint", "tile/0/000", "tile/0/001", "tile/0/002.p/88", "tile/1/000.p/2", "tile/entries/000",
            "tile/entries/001", "tile/entries/002.p/88",
        ];
        LOG.with(|log| {
            let path = log.path().join(which.get(&files));
            let sound = std::fs::read(&path).unwrap();
            let mut changed = sound.clone();
            let (from, to) = (from.index(sound.len()), to.index(sound.len() + 1));
            changed.splice(from..to.max(from), with);
            std::fs::write(&path, &changed).unwrap();
            let report = log.verify();
            let record = verify_message(&log.directory(), log.key(), message(100));
            std::fs::write(&path, &sound).unwrap();
            prop_assert_eq!(report.holds(), changed == sound);
            prop_assert!(record.entries.len() <= 3);
            Ok(())
        })?;
    }
}
