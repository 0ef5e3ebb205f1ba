//! The pass over every entry: hash it, hold it against its level-0 tile, read it.

use super::problem::Problem;
use super::states::Statement;
use crate::entry::Entry;
use crate::tiles::{CutShort, Files, Row, Tile, entries};
use crate::tree::{Digest, leaf_hash, root_of};
use postern_base::{EntryId, MessageId, TenantId};
use std::num::NonZero;
use std::sync::atomic::{AtomicU64, Ordering};

/// What the chains of messages are checked by.
#[derive(Debug, Clone)]
pub(super) struct Link {
    pub(super) index: u64,
    pub(super) id: EntryId,
    pub(super) tenant: TenantId,
    pub(super) message: Option<MessageId>,
    pub(super) previous: Option<EntryId>,
}

/// A file of hashes or entries as it was found: a partial one may have been replaced by its full one, which is longer.
pub(super) struct Found {
    pub(super) bytes: Vec<u8>,
    pub(super) longer: bool,
}

/// Reads a tile or says what is wrong.
pub(super) fn find(files: &(impl Files + ?Sized), tile: Tile) -> Result<Found, Problem> {
    let read = |tile: Tile| files.read(&tile.to_string()).map_err(|_| Problem::Unreadable(tile));
    if let Some(bytes) = read(tile)? {
        return Ok(Found { bytes, longer: false });
    }
    let full = if tile.is_partial() { read(tile.full())? } else { None };
    full.map(|bytes| Found { bytes, longer: true }).ok_or(Problem::Missing(tile))
}

/// Reads the hashes of a tile or says what is wrong.
pub(super) fn find_hashes(files: &(impl Files + ?Sized), tile: Tile) -> Result<Vec<Digest>, Problem> {
    let found = find(files, tile)?;
    let width = usize::try_from(tile.width).unwrap_or(usize::MAX);
    let hashes: Option<Vec<_>> = found.bytes.chunks(32).map(Digest::from_slice).collect();
    let mut hashes = hashes.ok_or(Problem::Length(tile))?;
    if found.longer {
        hashes.truncate(width);
    }
    if hashes.len() == width { Ok(hashes) } else { Err(Problem::Length(tile)) }
}

/// One bundle and its level-0 tile.
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) number: u64,
    /// The hashes of the entries, when they are kept: the bundle is partial, or differs from its tile.
    pub(super) entries: Vec<Digest>,
    /// The hashes in the tile, in the same cases.
    pub(super) tile: Vec<Digest>,
    /// The root over a full bundle's entries.
    pub(super) entries_root: Option<Digest>,
    /// The root over a full tile's hashes.
    pub(super) tile_root: Option<Digest>,
    /// Both could be read, and they differ.
    pub(super) differs: bool,
    /// The first entry that the bundle ends before or in.
    pub(super) cut_short: Option<u64>,
    pub(super) links: Vec<Link>,
    /// What its entries state of rows.
    pub(super) statements: Vec<Statement>,
    pub(super) problems: Vec<Problem>,
}

/// Checks every bundle of a log of `size` entries, on `threads` threads; `progress` is told how many entries were done.
pub(super) fn check_all<F: Files + Sync + ?Sized>(
    files: &F,
    size: u64,
    threads: NonZero<usize>,
    progress: &(dyn Fn(u64) + Sync),
) -> Vec<Checked> {
    let next = AtomicU64::new(0);
    let work = || {
        let mut done = Vec::new();
        while let Some(bundle) = Tile::entries(next.fetch_add(1, Ordering::Relaxed), size) {
            done.push(check(files, bundle, size));
            progress(bundle.width);
        }
        done
    };
    let mut all = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads.get()).map(|_| scope.spawn(work)).collect();
        let mut all = work();
        // Nothing in `work` panics; were a thread to die of something else, its bundles would be missed below.
        all.extend(others.into_iter().filter_map(|thread| thread.join().ok()).flatten());
        all
    });
    all.sort_unstable_by_key(|checked| checked.number);
    all
}

fn check(files: &(impl Files + ?Sized), bundle: Tile, size: u64) -> Checked {
    let number = bundle.number;
    let mut checked = Checked {
        number,
        entries: Vec::new(),
        tile: Vec::new(),
        entries_root: None,
        tile_root: None,
        differs: false,
        cut_short: None,
        links: Vec::new(),
        statements: Vec::new(),
        problems: Vec::new(),
    };
    let bundle_read = match find(files, bundle) {
        Ok(found) => checked.read_entries(bundle, &found, size),
        Err(problem) => {
            checked.problems.push(problem);
            false
        }
    };
    let tile = Tile { row: Row::Hashes { level: 0 }, ..bundle };
    let tile_read = match find_hashes(files, tile) {
        Ok(hashes) => {
            checked.tile = hashes;
            true
        }
        Err(problem) => {
            checked.problems.push(problem);
            false
        }
    };
    checked.differs = bundle_read && tile_read && checked.entries != checked.tile;
    if checked.differs && checked.tile.starts_with(&checked.entries) && checked.cut_short.is_none() {
        let index = number * 256 + u64::try_from(checked.entries.len()).unwrap_or_default();
        checked.cut_short = Some(index);
    }
    checked.problems.extend(checked.cut_short.map(|index| Problem::CutShort { tile: bundle, index }));
    let whole = u64::try_from(checked.entries.len()) == Ok(bundle.width);
    if !bundle.is_partial() {
        checked.entries_root = if bundle_read && whole { Some(root_of(&checked.entries)) } else { None };
        checked.tile_root = match (tile_read, checked.differs) {
            (false, _) => None,
            (true, false) if bundle_read => checked.entries_root,
            (true, _) => Some(root_of(&checked.tile)),
        };
        if !checked.differs {
            checked.entries = Vec::new();
            checked.tile = Vec::new();
        }
    } else if !whole {
        checked.entries_root = None;
    }
    checked
}

impl Checked {
    /// Takes the bundle apart. `false` when nothing of it could be read.
    fn read_entries(&mut self, bundle: Tile, found: &Found, size: u64) -> bool {
        let width = if found.longer { usize::try_from(bundle.width).unwrap_or(usize::MAX) } else { usize::MAX };
        let first = bundle.number * 256;
        for (index, item) in (first..).zip(entries(&found.bytes)).take(width) {
            match item {
                Err(CutShort) => self.cut_short = Some(index),
                Ok(leaf) => {
                    self.entries.push(leaf_hash(leaf));
                    match Entry::from_bytes(leaf) {
                        Ok(entry) => self.learn(index, entry),
                        Err(error) if index < size => self.problems.push(Problem::BadLeaf { index, error }),
                        Err(_) => {}
                    }
                }
            }
        }
        true
    }

    fn learn(&mut self, index: u64, entry: Entry) {
        let rows = entry.rows.into_iter().map(|state| (state.row.into(), state.digest)).collect();
        self.statements.push(Statement { index, at: entry.at, rows });
        self.links.push(Link {
            index,
            id: entry.id,
            tenant: entry.tenant,
            message: entry.message,
            previous: entry.previous,
        });
    }
}
