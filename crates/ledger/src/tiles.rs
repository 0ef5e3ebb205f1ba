//! The files of a ledger (C2SP tlog-tiles): where they lie, what is in them, and how hashes are found in them.
//!
//! ```text
//! checkpoint                         the newest signed checkpoint
//! vkey                               the public key, for convenience; an auditor keeps their own copy
//! tile/<L>/<N>  tile/<L>/<N>.p/<W>   256 (or W) hashes of complete subtrees of 256^L entries
//! tile/entries/<N>  …/<N>.p/<W>      the 256 (or W) entries under tile/0/<N>, each after its length in two bytes
//! ```

use crate::tree::{Digest, Nodes, root_of};
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// Hashes in a full tile, and entries in a full bundle.
pub const TILE_WIDTH: u64 = 256;

/// The longest file there can be: a bundle of 256 entries of 65,535 bytes, each after its length.
const MAX_FILE: u64 = TILE_WIDTH * (2 + 65_535);

/// What one file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Row {
    /// Entries.
    Entries,
    /// Hashes of complete subtrees of `256^level` entries.
    Hashes {
        /// The level.
        level: u32,
    },
}

/// The address of one tile or bundle. Prints as its path below the ledger's directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    /// Entries, or hashes of which level.
    pub row: Row,
    /// Its number in the row.
    pub number: u64,
    /// How many hashes or entries it holds, 1 to 256.
    pub width: u64,
}

impl Tile {
    /// The tile of hashes with `number` at `level`, as wide as a log of `size` entries makes it; `None` when it is empty there.
    #[must_use]
    pub fn hashes(level: u32, number: u64, size: u64) -> Option<Self> {
        let count = size.checked_shr(8 * level).unwrap_or(0);
        Some(Self { row: Row::Hashes { level }, number, width: width_at(number, count)? })
    }

    /// The bundle with `number`, as wide as a log of `size` entries makes it; `None` when it is empty there.
    #[must_use]
    pub fn entries(number: u64, size: u64) -> Option<Self> {
        Some(Self { row: Row::Entries, number, width: width_at(number, size)? })
    }

    /// Whether it can still grow.
    #[must_use]
    pub const fn is_partial(&self) -> bool {
        self.width < TILE_WIDTH
    }

    /// The full tile at the same place.
    #[must_use]
    pub const fn full(&self) -> Self {
        Self { width: TILE_WIDTH, ..*self }
    }
}

fn width_at(number: u64, count: u64) -> Option<u64> {
    let before = number.checked_mul(TILE_WIDTH)?;
    match count.checked_sub(before)? {
        0 => None,
        rest => Some(rest.min(TILE_WIDTH)),
    }
}

impl std::fmt::Display for Tile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.row {
            Row::Entries => f.write_str("tile/entries/")?,
            Row::Hashes { level } => write!(f, "tile/{level}/")?,
        }
        // Three digits to a path element, all but the last after an `x`.
        let mut group = 1_000_000_000_000_000_000_u64;
        let mut begun = false;
        while group > 1 {
            let digits = (self.number / group) % 1000;
            begun = begun || digits > 0;
            if begun {
                write!(f, "x{digits:03}/")?;
            }
            group /= 1000;
        }
        write!(f, "{:03}", self.number % 1000)?;
        if self.is_partial() { write!(f, ".p/{}", self.width) } else { Ok(()) }
    }
}

/// Where the files of a ledger are read from: a directory, or whatever an auditor fetches them with.
pub trait Files {
    /// The content of the file at `path` (below the ledger's directory, parts separated by `/`); `None` when there is none.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    fn read(&self, path: &str) -> io::Result<Option<Vec<u8>>>;
}

/// The files of a ledger in a directory.
#[derive(Debug, Clone)]
pub struct Directory {
    root: PathBuf,
}

impl Directory {
    /// The ledger in `root`, which need not exist.
    #[must_use]
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.root
    }
}

impl Files for Directory {
    fn read(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        let file = match File::open(self.root.join(path)) {
            Ok(file) => file,
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let mut bytes = Vec::new();
        // Whoever handed us the directory must not choose how much memory we take.
        file.take(MAX_FILE + 1).read_to_end(&mut bytes)?;
        if u64::try_from(bytes.len()).is_ok_and(|length| length <= MAX_FILE) {
            Ok(Some(bytes))
        } else {
            Err(io::ErrorKind::FileTooLarge.into())
        }
    }
}

/// Why a tile did not give what was asked of it.
#[derive(Debug, thiserror::Error)]
pub enum TileError {
    /// It is not there.
    #[error("`{0}` is missing")]
    Missing(Tile),
    /// It is not as long as it should be.
    #[error("`{0}` has the wrong length")]
    Length(Tile),
    /// It cannot be read.
    #[error("`{0}` cannot be read")]
    Io(Tile, #[source] io::Error),
}

/// Reads a tile's bytes; when a partial one was deleted because the full one is there, reads that one.
///
/// # Errors
/// [`TileError::Missing`], [`TileError::Io`].
pub fn read_tile(files: &(impl Files + ?Sized), tile: Tile) -> Result<Vec<u8>, TileError> {
    let read = |tile: Tile| files.read(&tile.to_string()).map_err(|error| TileError::Io(tile, error));
    if let Some(bytes) = read(tile)? {
        return Ok(bytes);
    }
    let full = if tile.is_partial() { read(tile.full())? } else { None };
    full.ok_or(TileError::Missing(tile))
}

/// Reads the hashes of a tile: exactly its width.
///
/// # Errors
/// [`TileError`].
pub fn read_hashes(files: &(impl Files + ?Sized), tile: Tile) -> Result<Vec<Digest>, TileError> {
    let bytes = read_tile(files, tile)?;
    let hashes: Option<Vec<_>> = bytes.chunks(32).map(Digest::from_slice).collect();
    let mut hashes = hashes.ok_or(TileError::Length(tile))?;
    let width = usize::try_from(tile.width).map_err(|_| TileError::Length(tile))?;
    // A full tile that stands in for a partial one is longer.
    if hashes.len() != width && !(tile.is_partial() && hashes.len() == 256) {
        return Err(TileError::Length(tile));
    }
    hashes.truncate(width);
    Ok(hashes)
}

/// Appends a leaf to a bundle. `false`, and nothing appended, when it is longer than 65,535 bytes.
#[must_use]
pub fn push_entry(bundle: &mut Vec<u8>, leaf: &[u8]) -> bool {
    let Ok(length) = u16::try_from(leaf.len()) else { return false };
    bundle.extend_from_slice(&length.to_be_bytes());
    bundle.extend_from_slice(leaf);
    true
}

/// The entries of a bundle in order. The last item is an error when the bundle ends inside an entry.
#[derive(Debug, Clone)]
pub struct Entries<'a> {
    rest: &'a [u8],
}

/// A bundle ends inside an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the bundle ends inside an entry")]
pub struct CutShort;

/// Takes a bundle apart.
#[must_use]
pub const fn entries(bundle: &[u8]) -> Entries<'_> {
    Entries { rest: bundle }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Result<&'a [u8], CutShort>;
    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let rest = std::mem::take(&mut self.rest);
        let entry = rest
            .split_first_chunk::<2>()
            .and_then(|(length, rest)| rest.split_at_checked(usize::from(u16::from_be_bytes(*length))));
        Some(match entry {
            Some((entry, rest)) => {
                self.rest = rest;
                Ok(entry)
            }
            None => Err(CutShort),
        })
    }
}

/// The hashes of a log of `size` entries, read from its tiles as proofs ask for them.
#[derive(Debug)]
pub struct TileNodes<'a, F: ?Sized> {
    files: &'a F,
    size: u64,
    read: HashMap<Tile, Vec<Digest>>,
}

impl<'a, F: Files + ?Sized> TileNodes<'a, F> {
    /// The hashes of a log of `size` entries in `files`.
    #[must_use]
    pub fn new(files: &'a F, size: u64) -> Self {
        Self { files, size, read: HashMap::new() }
    }
}

impl<F: Files + ?Sized> Nodes for TileNodes<'_, F> {
    type Error = TileError;

    fn node(&mut self, level: u32, index: u64) -> Result<Digest, TileError> {
        let (tile_level, inside) = (level / 8, level % 8);
        // The subtree's 2^inside hashes begin here in their row.
        let first = index << inside;
        let wanted = Tile { row: Row::Hashes { level: tile_level }, number: first / TILE_WIDTH, width: TILE_WIDTH };
        let tile = Tile::hashes(tile_level, wanted.number, self.size).ok_or(TileError::Missing(wanted))?;
        if !self.read.contains_key(&tile) {
            let hashes = read_hashes(self.files, tile)?;
            self.read.insert(tile, hashes);
        }
        let at = usize::try_from(first % TILE_WIDTH).map_err(|_| TileError::Length(tile))?;
        let hashes = self.read.get(&tile).and_then(|hashes| hashes.get(at..at + (1 << inside)));
        hashes.map(root_of).ok_or(TileError::Length(tile))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn paths_are_those_of_the_specification() {
        let hashes = |level, number, width| Tile { row: Row::Hashes { level }, number, width }.to_string();
        assert_eq!(hashes(0, 0, 256), "tile/0/000");
        assert_eq!(hashes(1, 1_234_067, 256), "tile/1/x001/x234/067");
        assert_eq!(hashes(2, 1000, 17), "tile/2/x001/000.p/17");
        assert_eq!(Tile { row: Row::Entries, number: 5, width: 1 }.to_string(), "tile/entries/005.p/1");
        assert_eq!(hashes(0, u64::MAX, 256), "tile/0/x018/x446/x744/x073/x709/x551/615");
    }

    #[test]
    fn seventy_thousand_entries_need_the_tiles_the_specification_counts() {
        let size = 70_000;
        assert_eq!(Tile::hashes(0, 273, size).map(|tile| tile.width), Some(112));
        assert_eq!(Tile::hashes(0, 272, size).map(|tile| tile.width), Some(256));
        assert_eq!(Tile::hashes(0, 274, size), None);
        assert_eq!(Tile::hashes(1, 1, size).map(|tile| tile.width), Some(17));
        assert_eq!(Tile::hashes(2, 0, size).map(|tile| tile.width), Some(1));
        assert_eq!(Tile::hashes(3, 0, size), None);
        assert_eq!(Tile::hashes(8, 0, u64::MAX), None);
    }

    #[test]
    fn a_bundle_gives_back_its_entries_and_says_when_it_is_cut_short() {
        let mut bundle = Vec::new();
        assert!(push_entry(&mut bundle, b"one") && push_entry(&mut bundle, b"") && push_entry(&mut bundle, b"three"));
        assert!(!push_entry(&mut bundle, &vec![0; 65_536]));
        let read: Result<Vec<_>, _> = entries(&bundle).collect();
        assert_eq!(read, Ok(vec![b"one".as_slice(), b"", b"three"]));
        bundle.pop();
        assert_eq!(entries(&bundle).last(), Some(Err(CutShort)));
    }

    proptest! {
        #[test]
        fn no_bundle_makes_the_reader_panic_or_lose_a_byte(bundle in proptest::collection::vec(any::<u8>(), 0..600)) {
            let read: Vec<_> = entries(&bundle).collect();
            if read.iter().all(Result::is_ok) {
                let mut again = Vec::new();
                for entry in read.into_iter().flatten() {
                    prop_assert!(push_entry(&mut again, entry));
                }
                prop_assert_eq!(again, bundle);
            }
        }
    }
}
