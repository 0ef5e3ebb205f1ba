//! The tree above the entries: which tile is to be believed where two disagree.
//!
//! Every hash above the entries exists twice: recorded in a tile, and computed from the entries below. When the computed root is the
//! signed one, every recorded hash that differs was changed. Otherwise a tile's record decides between the tile below and the entries.

use super::bundles::{Checked, find_hashes};
use super::diagnosis;
use super::problem::{Problem, Problems};
use crate::checkpoint::Checkpoint;
use crate::tiles::{Files, Row, Tile};
use crate::tree::{Digest, Frontier, node_hash, root_of};

/// One level of the tree above the entries' own hashes.
struct Level {
    level: u32,
    /// Computed from the entries; `None` where an entry could not be read.
    computed: Vec<Option<Digest>>,
    /// Computed from the tile below.
    below: Vec<Option<Digest>>,
    /// Recorded in the tiles of this level.
    recorded: Vec<Option<Digest>>,
}

/// Holds the tiles against the entries and the checkpoint.
pub(super) fn judge(
    files: &(impl Files + ?Sized),
    bundles: &[Checked],
    checkpoint: &Checkpoint,
    problems: &mut Problems,
) {
    let size = checkpoint.size;
    let levels = read_levels(files, bundles, size, problems);
    let partial = bundles.last().filter(|last| !size.is_multiple_of(256) && last.number == size / 256);
    let width = usize::try_from(size % 256).unwrap_or_default();
    let bottom = |hashes: Option<&[Digest]>| match hashes {
        None => (width == 0).then(Vec::new),
        Some(hashes) => (hashes.len() == width).then(|| hashes.to_vec()),
    };
    let computed = root_from(bottom(partial.map(|last| last.entries.as_slice())), &levels, |level| &level.computed);
    let recorded = root_from(bottom(partial.map(|last| last.tile.as_slice())), &levels, |level| &level.recorded);
    let entries_hold = computed == Some(checkpoint.root);

    let believes_entries = |checked: &&Checked| {
        let above = levels.first().and_then(|level| level.recorded.get(usize::try_from(checked.number).ok()?));
        entries_hold
            || matches!((above, checked.entries_root), (Some(Some(above)), Some(computed)) if *above == computed)
    };
    let (tiles_changed, entries_changed): (Vec<&Checked>, Vec<&Checked>) =
        bundles.iter().filter(|checked| checked.differs).partition(believes_entries);
    problems.extend(diagnosis::name(&entries_changed, size));
    for checked in tiles_changed {
        for (position, (computed, recorded)) in (0..).zip(checked.entries.iter().zip(&checked.tile)) {
            if computed != recorded
                && let Some(tile) = Tile::hashes(0, checked.number, size)
            {
                problems.push(Problem::HashChanged { tile, position });
            }
        }
    }
    for (at, level) in levels.iter().enumerate() {
        level.judge(levels.get(at + 1), entries_hold, size, problems);
    }
    if !entries_hold && recorded.is_some_and(|recorded| recorded != checkpoint.root) {
        problems.push(Problem::OtherRoot { size });
    }
}

fn read_levels(files: &(impl Files + ?Sized), bundles: &[Checked], size: u64, problems: &mut Problems) -> Vec<Level> {
    let full = usize::try_from(size / 256).unwrap_or(usize::MAX);
    let whole = bundles.iter().take(full);
    let mut computed: Vec<_> = whole.clone().map(|checked| checked.entries_root).collect();
    let mut below: Vec<_> = whole.map(|checked| checked.tile_root).collect();
    let mut levels = Vec::new();
    for level in 1.. {
        if computed.is_empty() {
            break;
        }
        let mut recorded = Vec::with_capacity(computed.len());
        for (number, chunk) in (0..).zip(computed.chunks(256)) {
            match Tile::hashes(level, number, size).map(|tile| find_hashes(files, tile)) {
                Some(Ok(hashes)) => recorded.extend(hashes.into_iter().map(Some)),
                Some(Err(problem)) => {
                    problems.push(problem);
                    recorded.extend(chunk.iter().map(|_| None));
                }
                None => recorded.extend(chunk.iter().map(|_| None)),
            }
        }
        let next_computed = roots(&computed);
        let next_below = roots(&recorded);
        levels.push(Level { level, computed, below, recorded });
        (computed, below) = (next_computed, next_below);
    }
    levels
}

/// The roots over the full tiles of a level.
fn roots(hashes: &[Option<Digest>]) -> Vec<Option<Digest>> {
    let full = hashes.chunks(256).filter(|chunk| chunk.len() == 256);
    full.map(|chunk| chunk.iter().copied().collect::<Option<Vec<_>>>().map(|chunk| root_of(&chunk))).collect()
}

/// The root of the log from its partial rows: those of `levels`, and under them the hashes of the last entries.
fn root_from(
    bottom: Option<Vec<Digest>>,
    levels: &[Level],
    side: impl Fn(&Level) -> &Vec<Option<Digest>>,
) -> Option<Digest> {
    let mut root: Option<Digest> = None;
    let partials = levels.iter().map(|level| {
        let row = side(level);
        let partial = row.get(row.len() - row.len() % 256..).unwrap_or_default();
        partial.iter().copied().collect::<Option<Vec<_>>>()
    });
    for row in std::iter::once(bottom).chain(partials) {
        // From the right: the smallest subtrees of the lowest row first.
        let mut rest = row?;
        while !rest.is_empty() {
            let smallest = 1 << rest.len().trailing_zeros();
            let subtree = root_of(&rest.split_off(rest.len() - smallest));
            root = Some(root.map_or(subtree, |right| node_hash(&subtree, &right)));
        }
    }
    Some(root.unwrap_or_else(|| Frontier::empty().root()))
}

impl Level {
    fn judge(&self, above: Option<&Self>, entries_hold: bool, size: u64, problems: &mut Problems) {
        let sides = self.recorded.iter().zip(&self.computed).zip(&self.below);
        for (index, ((recorded, computed), below)) in (0_u64..).zip(sides) {
            let Some(tile) = Tile::hashes(self.level, index / 256, size) else { continue };
            let Some(recorded) = recorded else { continue };
            let position = index % 256;
            let above = above.and_then(|level| level.at(index / 256));
            let changed_here = entries_hold || above.is_some_and(|(recorded, computed)| recorded == computed);
            if changed_here {
                if computed.is_some_and(|computed| computed != *recorded) {
                    problems.push(Problem::HashChanged { tile, position });
                }
            } else if below.is_some_and(|below| below != *recorded) && *computed != Some(*recorded) {
                let span = 1_u64 << (8 * self.level);
                let row = Row::Hashes { level: self.level - 1 };
                problems.push(Problem::SubtreeChanged {
                    tile,
                    position,
                    child: Tile { row, number: index, width: 256 },
                    from: index * span,
                    to: index * span + (span - 1),
                });
            }
        }
    }

    /// What is recorded and what is computed at `index`, when both are there.
    fn at(&self, index: u64) -> Option<(Digest, Digest)> {
        let at = usize::try_from(index).ok()?;
        Some(((*self.recorded.get(at)?)?, (*self.computed.get(at)?)?))
    }
}
