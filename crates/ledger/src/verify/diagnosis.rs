//! From hashes that differ to what was done: edited, dropped, inserted, reordered.

use super::bundles::Checked;
use super::problem::Problem;
use crate::tiles::Tile;
use crate::tree::Digest;
use std::collections::{HashMap, HashSet};

/// An entry as it stands in the damaged bundles.
struct Standing {
    /// The index of its place.
    place: u64,
    /// The index the tree gives its hash; `None` = the tree does not know it.
    belongs: Option<u64>,
}

/// Names what was done to the entries of bundles whose tiles are to be believed. All damaged bundles are looked at together, so that
/// an entry that moved from one to another is found.
pub(super) fn name(damaged: &[&Checked], size: u64) -> Vec<Problem> {
    let mut known: HashMap<Digest, u64> = HashMap::new();
    for checked in damaged {
        for (index, hash) in (checked.number * 256..).zip(&checked.tile) {
            known.insert(*hash, index);
        }
    }
    let mut standing = Vec::new();
    let mut present: HashMap<u64, u64> = HashMap::new();
    for checked in damaged {
        for (place, hash) in (checked.number * 256..).zip(&checked.entries) {
            let expected = usize::try_from(place % 256).ok().and_then(|at| checked.tile.get(at));
            // Equal entries have equal hashes: an entry at its own place belongs there.
            let belongs = if expected == Some(hash) { Some(place) } else { known.get(hash).copied() };
            if let Some(index) = belongs {
                present.insert(index, place);
            }
            standing.push(Standing { place, belongs });
        }
    }
    let mut problems = Vec::new();
    let mut displaced = false;
    for entry in standing.iter().filter(|entry| entry.belongs.is_none()) {
        let Some(tile) = Tile::entries(entry.place / 256, size) else { continue };
        // An unknown entry stands for the one whose place it has, unless that one is elsewhere.
        let inserted = entry.place >= size || present.contains_key(&entry.place);
        displaced |= inserted;
        let index = entry.place;
        problems.push(if inserted { Problem::Inserted { index, tile } } else { Problem::Edited { index, tile } });
    }
    let unknown: HashSet<u64> =
        standing.iter().filter(|entry| entry.belongs.is_none()).map(|entry| entry.place).collect();
    for checked in damaged {
        let first = checked.number * 256;
        for (index, _) in (first..).zip(&checked.tile) {
            if !present.contains_key(&index)
                && !unknown.contains(&index)
                && checked.cut_short.is_none_or(|cut| index < cut)
                && let Some(tile) = Tile::entries(checked.number, size)
            {
                displaced = true;
                problems.push(Problem::Dropped { index, tile });
            }
        }
    }
    problems.extend(out_of_order(&standing, displaced));
    problems
}

/// Entries that do not stand where they belong. After a drop or an insertion everything behind it is shifted; then only what also
/// changed its order counts.
fn out_of_order(standing: &[Standing], displaced: bool) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut furthest = 0;
    for entry in standing {
        let Some(index) = entry.belongs else { continue };
        let moved = if displaced { index < furthest } else { index != entry.place };
        if moved {
            problems.push(Problem::Reordered { index, found_at: entry.place });
        }
        furthest = furthest.max(index);
    }
    problems
}
