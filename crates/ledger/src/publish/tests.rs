use super::*;
use crate::testlog::{Scratch, TempDir, leaf, signer};
use postern_base::Secret;
use proptest::prelude::*;
use std::collections::BTreeMap;

fn frontier_of(leaves: &[Vec<u8>]) -> Frontier {
    let mut frontier = Frontier::empty();
    for leaf in leaves {
        frontier.append(leaf_hash(leaf));
    }
    frontier
}

fn leaves(range: std::ops::Range<u64>) -> Vec<Vec<u8>> {
    range.map(leaf).collect()
}

/// Every file below `dir`, with its content.
fn snapshot(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    fn walk(root: &Path, dir: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(root, &path, files);
            } else {
                let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
                files.insert(name, std::fs::read(&path).unwrap());
            }
        }
    }
    let mut files = BTreeMap::new();
    walk(dir, dir, &mut files);
    files
}

#[test]
fn a_log_published_in_pieces_with_restarts_is_the_log_published_at_once() {
    let mut pieces = Scratch::of(0);
    for more in [1, 0, 254, 1, 1, 255, 257, 3, 1000] {
        pieces.grow(more);
    }
    let once = Scratch::of(pieces.frontier.size());
    let (mut in_pieces, at_once) = (snapshot(pieces.path()), snapshot(once.path()));
    // Partial tiles of earlier checkpoints stay until their full tile is there.
    in_pieces.retain(|name, _| !name.contains(".p/") || at_once.contains_key(name));
    assert_eq!(in_pieces, at_once);
    assert_eq!(pieces.note(), once.note());
}

#[test]
fn partial_tiles_of_every_published_size_stay_until_the_tile_is_full() {
    let mut log = Scratch::of(250);
    log.grow(3);
    let names = snapshot(log.path());
    for name in ["tile/entries/000.p/250", "tile/entries/000.p/253", "tile/0/000.p/250", "tile/0/000.p/253"] {
        assert!(names.contains_key(name), "{name}");
    }
    log.grow(10);
    let names = snapshot(log.path());
    assert!(names.keys().all(|name| !name.contains("000.p") || name == "tile/1/000.p/1"), "{:?}", names.keys());
}

#[test]
fn publishing_nothing_changes_no_byte() {
    let mut log = Scratch::of(300);
    let before = snapshot(log.path());
    log.grow(0);
    assert_eq!(snapshot(log.path()), before);
}

#[test]
fn only_what_changed_is_written() {
    let mut log = Scratch::of(300);
    let tile = log.path().join("tile/0/000");
    let written = std::fs::metadata(&tile).unwrap().modified().unwrap();
    let wide = log.path().join("tile/1/000.p/1");
    let wide_written = std::fs::metadata(&wide).unwrap().modified().unwrap();
    log.grow(1);
    assert_eq!(std::fs::metadata(&tile).unwrap().modified().unwrap(), written);
    assert_eq!(std::fs::metadata(&wide).unwrap().modified().unwrap(), wide_written);
}

#[test]
fn a_database_put_back_to_an_earlier_state_cannot_publish() {
    let log = Scratch::of(300);
    let before = snapshot(log.path());
    let mut publisher = Publisher::open(log.path(), signer()).unwrap();
    assert_eq!(publisher.next(), 300);
    let rows = frontier_of(&log.leaves[..299]);
    let nothing: [&[u8]; 0] = [];
    assert!(matches!(publisher.publish(nothing, &rows), Err(PublishError::Ahead { published: 300, rows: 299 })));
    assert_eq!(snapshot(log.path()).get("checkpoint"), before.get("checkpoint"));
}

#[test]
fn rows_that_are_not_the_published_ones_cannot_be_published() {
    let log = Scratch::of(300);
    let note = log.note();
    let mut rows = leaves(0..310);
    rows[100] = leaf(5000);
    let mut publisher = Publisher::open(log.path(), signer()).unwrap();
    assert!(matches!(publisher.publish(&rows[300..], &frontier_of(&rows)), Err(PublishError::Diverged { size: 310 })));
    assert_eq!(log.note(), note);
    assert!(log.verify().problems.is_empty());
    // The same publisher goes on with the right rows.
    let rows = leaves(0..310);
    assert_eq!(publisher.next(), 300);
    publisher.publish(&rows[300..], &frontier_of(&rows)).unwrap();
    assert!(log.verify().holds());
}

#[test]
fn too_few_or_too_many_leaves_are_refused() {
    let log = Scratch::of(300);
    let rows = leaves(0..600);
    let mut publisher = Publisher::open(log.path(), signer()).unwrap();
    for to in [599, 300] {
        let refused = publisher.publish(&rows[300..to], &frontier_of(&rows)).map(drop);
        assert!(matches!(refused, Err(PublishError::Count { expected: 600, given }) if given == to as u64));
    }
    assert_eq!(publisher.published().unwrap().checkpoint().size, 300);
}

#[test]
fn catching_up_may_go_in_pieces_with_one_signature() {
    let dir = TempDir::new();
    let rows = leaves(0..2000);
    let mut publisher = Publisher::open(dir.path(), signer()).unwrap();
    for chunk in rows.chunks(300) {
        publisher.append(chunk).unwrap();
        assert!(publisher.published().is_none());
    }
    publisher.seal(&frontier_of(&rows)).unwrap();
    assert_eq!(snapshot(dir.path()), snapshot(Scratch::of(2000).path()));
}

#[test]
fn a_directory_left_by_a_crash_before_the_checkpoint_is_taken_up() {
    let log = Scratch::of(300);
    let note = log.note();
    let rows = leaves(0..900);
    {
        let mut publisher = Publisher::open(log.path(), signer()).unwrap();
        publisher.append(&rows[300..]).unwrap();
        std::fs::write(log.path().join(".checkpoint.new"), b"half").unwrap();
    }
    assert_eq!(log.note(), note);
    let mut publisher = Publisher::open(log.path(), signer()).unwrap();
    assert_eq!(publisher.next(), 300);
    publisher.publish(&rows[300..], &frontier_of(&rows)).unwrap();
    assert!(log.verify().holds());
}

#[test]
fn a_write_that_fails_leaves_the_last_checkpoint_and_is_made_again() {
    for obstacle in ["tile/entries/001.p/50", "tile/0/001.p/50", ".checkpoint.new"] {
        let log = Scratch::of(300);
        let (note, rows) = (log.note(), leaves(0..306));
        let mut publisher = Publisher::open(log.path(), signer()).unwrap();
        // A directory stands where the file is to go.
        std::fs::create_dir_all(log.path().join(obstacle).join("in-the-way")).unwrap();
        assert!(matches!(publisher.publish(&rows[300..], &frontier_of(&rows)), Err(PublishError::Io(_))), "{obstacle}");
        assert_eq!((log.note(), publisher.next()), (note, 300));
        std::fs::remove_dir_all(log.path().join(obstacle)).unwrap();
        publisher.publish(&rows[300..], &frontier_of(&rows)).unwrap();
        assert!(log.verify().holds(), "{obstacle}");
    }
}

#[test]
fn a_damaged_directory_is_not_taken_up() {
    type Damage = fn(&mut Vec<u8>);
    let damage: [(&str, Damage); 4] = [
        ("tile/0/001.p/44", |bytes| bytes[3] ^= 1),
        ("tile/1/000.p/1", |bytes| bytes[3] ^= 1),
        ("tile/entries/001.p/44", |bytes| bytes[30] ^= 1),
        ("tile/entries/001.p/44", |bytes| bytes.truncate(100)),
    ];
    for (path, damage) in damage {
        let log = Scratch::of(300);
        log.alter(path, damage);
        assert!(matches!(Publisher::open(log.path(), signer()), Err(PublishError::Damaged)), "{path}");
    }
    let log = Scratch::of(300);
    std::fs::remove_file(log.path().join("tile/0/001.p/44")).unwrap();
    assert!(matches!(Publisher::open(log.path(), signer()), Err(PublishError::Tile(TileError::Missing(_)))));
}

#[test]
fn another_key_is_not_taken_up() {
    let log = Scratch::of(3);
    let other = || Signer::from_seed(&Secret::new([8; 32]), "postern.example/ledger/0").unwrap();
    assert!(matches!(Publisher::open(log.path(), other()), Err(PublishError::OtherKey)));
    std::fs::remove_file(log.path().join(VKEY)).unwrap();
    assert!(matches!(Publisher::open(log.path(), other()), Err(PublishError::Checkpoint(_))));
}

#[test]
fn a_second_publisher_in_the_same_directory_is_noticed() {
    let log = Scratch::of(3);
    let rows = leaves(0..5);
    let mut first = Publisher::open(log.path(), signer()).unwrap();
    let mut second = Publisher::open(log.path(), signer()).unwrap();
    first.publish(&rows[3..], &frontier_of(&rows)).unwrap();
    assert!(matches!(second.publish(&rows[3..], &frontier_of(&rows)), Err(PublishError::Contended)));
}

#[test]
fn a_lost_directory_is_written_again_only_as_it_was_signed() {
    let signed = Scratch::of(500).note();
    let rows = leaves(0..600);
    let again = || {
        let dir = TempDir::new();
        let mut publisher = Publisher::open(dir.path(), signer()).unwrap();
        publisher.pledge(&signed).unwrap();
        (dir, publisher)
    };
    let (dir, mut publisher) = again();
    publisher.publish(&rows, &frontier_of(&rows)).unwrap();
    assert_eq!(snapshot(dir.path()), snapshot(Scratch::of(600).path()));

    let (_dir, mut publisher) = again();
    let mut forged = rows.clone();
    forged[100] = leaf(5000);
    assert!(matches!(publisher.publish(&forged, &frontier_of(&forged)), Err(PublishError::Diverged { size: 500 })));

    let (_dir, mut publisher) = again();
    let short = &rows[..499];
    assert!(matches!(
        publisher.publish(short, &frontier_of(short)),
        Err(PublishError::Ahead { published: 500, rows: 499 })
    ));
}

#[test]
fn a_directory_that_does_not_begin_with_the_kept_checkpoint_is_refused() {
    let mut kept = Scratch::of(100);
    let notes = [Scratch::of(0).note(), kept.note()];
    kept.grow(400);
    let notes = notes.into_iter().chain([kept.note()]);
    for note in notes {
        Publisher::open(kept.path(), signer()).unwrap().pledge(&note).unwrap();
    }
    let mut rows = leaves(0..100);
    rows[50] = leaf(5000);
    let dir = TempDir::new();
    let other = Publisher::open(dir.path(), signer()).unwrap().publish(&rows, &frontier_of(&rows)).unwrap().clone();
    let mut publisher = Publisher::open(kept.path(), signer()).unwrap();
    assert!(matches!(publisher.pledge(other.note()), Err(PublishError::Diverged { size: 100 })));
}

#[test]
fn a_leaf_too_long_for_a_bundle_is_refused_with_its_index() {
    let dir = TempDir::new();
    let rows = vec![b"short".to_vec(), vec![0; 65_536]];
    let mut publisher = Publisher::open(dir.path(), signer()).unwrap();
    assert!(matches!(publisher.publish(&rows, &frontier_of(&rows)), Err(PublishError::LeafTooLong { index: 1 })));
    assert!(publisher.published().is_none());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_steps_give_the_root_of_the_frontier(steps in proptest::collection::vec(0u64..700, 1..4)) {
        let mut log = Scratch::of(0);
        for step in steps {
            log.grow(step);
        }
        let report = log.verify();
        prop_assert_eq!(report.problems, []);
        prop_assert_eq!(report.root, Some(log.frontier.root()));
    }
}
