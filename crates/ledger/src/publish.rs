//! Publishing: writing what changed of the tiles, and last the signed checkpoint.
//!
//! The rows of the database are the truth; the files are what can be proven to others. A [`Publisher`] grows the tree it
//! published before, never another one, so no two of its checkpoints can disagree. Files are written whole under another name and
//! renamed; the checkpoint comes when everything it speaks of is on disk. A crash leaves the last checkpoint with all its
//! files, and perhaps some newer files that the next publishing writes again.

mod files;

use crate::checkpoint::{Checkpoint, CheckpointError, SignError, SignedCheckpoint};
use crate::note::Signer;
use crate::proof::Consistency;
use crate::tiles::{Directory, Files as _, Row, Tile, TileError, entries, push_entry, read_hashes, read_tile};
use crate::tree::{Digest, Frontier, empty_root, leaf_hash, node_hash, root_of};
use files::Writer;
use std::fs::File;
use std::io;
use std::path::Path;

/// The name of the checkpoint file.
pub const CHECKPOINT: &str = "checkpoint";
/// The name of the public key file.
pub const VKEY: &str = "vkey";
/// The name of the lock file: held while a publishing is under way.
pub const LOCK: &str = "lock";

/// Why nothing was published. The checkpoint that stood before still stands.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The disk said no.
    #[error("the ledger's files cannot be written")]
    Io(#[from] io::Error),
    /// The checkpoint in the directory is not this log's, or was changed.
    #[error("the ledger directory's checkpoint is not usable: move the directory away, and it is written anew")]
    Checkpoint(#[from] CheckpointError),
    /// The directory was signed with another key.
    #[error("the ledger directory belongs to another key: `vkey` names it")]
    OtherKey,
    /// A file that the checkpoint speaks of is missing or unreadable.
    #[error("the ledger directory is damaged: run `postern verify`; move the directory away, and it is written anew")]
    Tile(#[from] TileError),
    /// The files at the right edge do not give the checkpoint's root hash.
    #[error("the ledger directory is not what its checkpoint signs: run `postern verify`")]
    Damaged,
    /// The directory holds more than the log: the database was put back to an earlier state.
    #[error("{published} entries were published, and the database has {rows}: it was put back to an earlier state")]
    Ahead {
        /// Entries that a signed checkpoint speaks of.
        published: u64,
        /// Entries in the database.
        rows: u64,
    },
    /// The leaves handed in are not those that are missing.
    #[error("the ledger was to grow to {expected} entries and was given {given}")]
    Count {
        /// The size it should have.
        expected: u64,
        /// The size it would have.
        given: u64,
    },
    /// Published and stored entries are not the same.
    #[error("the entries in the database up to {size} are not those that were published: run `postern verify`")]
    Diverged {
        /// At which size their roots differ.
        size: u64,
    },
    /// A leaf is longer than 65,535 bytes.
    #[error("entry {index} is too long for a bundle")]
    LeafTooLong {
        /// Its index.
        index: u64,
    },
    /// Somebody else publishes into the same directory.
    #[error("another process published into the ledger directory")]
    Contended,
    /// The checkpoint was not signed.
    #[error(transparent)]
    Sign(#[from] SignError),
}

/// The right edge of the files: what is in the partial tiles.
#[derive(Debug, Clone, Default)]
struct Edge {
    size: u64,
    /// Per tile level, the hashes in its partial tile.
    rows: Vec<Vec<Digest>>,
    /// The partial bundle.
    bundle: Vec<u8>,
}

/// Writes one log's files.
#[derive(Debug)]
pub struct Publisher {
    directory: Directory,
    signer: Signer,
    published: Option<SignedCheckpoint>,
    pledged: Option<Checkpoint>,
    edge: Edge,
    staged: Option<Staged>,
}

/// What was appended and is not signed yet.
#[derive(Debug)]
struct Staged {
    edge: Edge,
    writer: Writer,
    /// Held until the checkpoint is written; see [`LOCK`].
    _lock: File,
}

impl Publisher {
    /// Takes up the log in `dir` where its checkpoint says, or begins a new one when there is no checkpoint. Reads a handful of
    /// files, whatever the log's size.
    ///
    /// # Errors
    /// [`PublishError::OtherKey`], [`PublishError::Checkpoint`], [`PublishError::Tile`], [`PublishError::Damaged`],
    /// [`PublishError::Io`].
    pub fn open(dir: &Path, signer: Signer) -> Result<Self, PublishError> {
        std::fs::create_dir_all(dir)?;
        let directory = Directory::new(dir);
        let vkey = format!("{}\n", signer.verifier());
        match directory.read(VKEY)? {
            Some(found) if found == vkey.as_bytes() => {}
            Some(_) => return Err(PublishError::OtherKey),
            None => {
                let mut writer = Writer::new(dir);
                writer.replace(VKEY, vkey.as_bytes())?;
            }
        }
        let published = match directory.read(CHECKPOINT)? {
            None => None,
            Some(bytes) => {
                let note = String::from_utf8(bytes).map_err(|_| CheckpointError::Malformed)?;
                Some(SignedCheckpoint::open(&note, signer.verifier())?)
            }
        };
        let edge = match &published {
            None => Edge::default(),
            Some(signed) => Edge::read(&directory, signed.checkpoint())?,
        };
        Ok(Self { directory, signer, published, pledged: None, edge, staged: None })
    }

    /// Tells of a checkpoint that was signed before and is kept elsewhere, such as in the database. When the directory was lost or
    /// put back, the log is written again only if it grows through that very checkpoint.
    ///
    /// # Errors
    /// [`PublishError::Checkpoint`]; [`PublishError::Diverged`] when the directory's tree does not begin with that checkpoint's.
    pub fn pledge(&mut self, note: &str) -> Result<(), PublishError> {
        let signed = SignedCheckpoint::open(note, self.signer.verifier())?;
        let checkpoint = signed.checkpoint().clone();
        if let Some(published) = self.published.as_ref().map(SignedCheckpoint::checkpoint)
            && checkpoint.size <= published.size
            && !Consistency::of(&self.directory, checkpoint.size, published.size)?.verify(&checkpoint, published)
        {
            return Err(PublishError::Diverged { size: checkpoint.size });
        }
        self.pledged = if checkpoint.size > self.edge.size { Some(checkpoint) } else { None };
        Ok(())
    }

    /// The newest signed checkpoint in the directory.
    #[must_use]
    pub const fn published(&self) -> Option<&SignedCheckpoint> {
        self.published.as_ref()
    }

    /// The index of the first entry that [`Self::append`] or [`Self::publish`] wants next.
    #[must_use]
    pub fn next(&self) -> u64 {
        self.staged.as_ref().map_or(self.edge.size, |staged| staged.edge.size)
    }

    /// Where it publishes.
    #[must_use]
    pub const fn directory(&self) -> &Directory {
        &self.directory
    }

    /// Appends `leaves` from [`Self::next`] on and writes the tiles they fill. Nothing is signed: catching up with a large log
    /// goes in as many pieces as the caller likes, with one [`Self::seal`] at the end.
    ///
    /// # Errors
    /// As [`Self::publish`]; whatever was appended since the last checkpoint is forgotten.
    pub fn append<L: AsRef<[u8]>>(&mut self, leaves: impl IntoIterator<Item = L>) -> Result<(), PublishError> {
        let mut staged = match self.staged.take() {
            Some(staged) => staged,
            None => self.begin()?,
        };
        for leaf in leaves {
            staged.edge.append(leaf.as_ref(), &mut staged.writer)?;
            if let Some(pledged) = &self.pledged
                && pledged.size == staged.edge.size
                && pledged.root != staged.edge.root()
            {
                return Err(PublishError::Diverged { size: pledged.size });
            }
        }
        self.staged = Some(staged);
        Ok(())
    }

    /// Signs what was appended, if it is the tree of `log`: the frontier that was committed with the rows. Returns the new
    /// checkpoint; the same as before, to the byte, when nothing was appended.
    ///
    /// # Errors
    /// As [`Self::publish`]; whatever was appended since the last checkpoint is forgotten.
    pub fn seal(&mut self, log: &Frontier) -> Result<&SignedCheckpoint, PublishError> {
        let staged = self.staged.take();
        let edge = staged.as_ref().map_or(&self.edge, |staged| &staged.edge);
        let signed_size = self.published.as_ref().map_or(0, |signed| signed.checkpoint().size);
        let signed_size = signed_size.max(self.pledged.as_ref().map_or(0, |pledged| pledged.size));
        if log.size() < signed_size {
            return Err(PublishError::Ahead { published: signed_size, rows: log.size() });
        }
        if log.size() != edge.size {
            return Err(PublishError::Count { expected: log.size(), given: edge.size });
        }
        let root = edge.root();
        if root != log.root() {
            return Err(PublishError::Diverged { size: log.size() });
        }
        let origin = self.signer.verifier().name().to_owned();
        let next = Checkpoint { origin, size: log.size(), root };
        let previous = self.published.as_ref().map(SignedCheckpoint::checkpoint);
        if previous != Some(&next) {
            let signed = self.signer.sign(&next, previous)?;
            let mut staged = match staged {
                Some(staged) => staged,
                None => self.begin()?,
            };
            staged.edge.write_partials(self.edge.size, &mut staged.writer)?;
            staged.writer.settle()?;
            staged.writer.replace(CHECKPOINT, signed.note().as_bytes())?;
            staged.writer.clear_away();
            self.edge = staged.edge;
            self.pledged = None;
            self.published = Some(signed);
        }
        // A signed checkpoint stands here now: either it did before, or it was just written.
        self.published.as_ref().ok_or(PublishError::Damaged)
    }

    /// Appends the leaves that are missing and signs: `append` and `seal` in one. `leaves` are those from [`Self::next`] on, and
    /// `log` is the frontier that was committed with them.
    ///
    /// # Errors
    /// [`PublishError::Ahead`], [`PublishError::Count`] and [`PublishError::Diverged`] when directory and log do not fit together;
    /// [`PublishError::Io`] when the disk says no. In every case the last checkpoint and its files stand as before, and the call can
    /// be made again.
    pub fn publish<L: AsRef<[u8]>>(
        &mut self,
        leaves: impl IntoIterator<Item = L>,
        log: &Frontier,
    ) -> Result<&SignedCheckpoint, PublishError> {
        self.append(leaves)?;
        self.seal(log)
    }

    /// Locks the directory, and makes sure that it is as it was left.
    fn begin(&self) -> Result<Staged, PublishError> {
        let path = self.directory.path().join(LOCK);
        let lock = File::options().create(true).truncate(false).write(true).open(path)?;
        lock.lock()?;
        let found = self.directory.read(CHECKPOINT)?;
        let left = self.published.as_ref().map(|signed| signed.note().as_bytes());
        if found.as_deref() != left {
            return Err(PublishError::Contended);
        }
        Ok(Staged { edge: self.edge.clone(), writer: Writer::new(self.directory.path()), _lock: lock })
    }
}

impl Edge {
    /// Reads the right edge that `checkpoint` speaks of, and checks that it is what the checkpoint signs.
    fn read(directory: &Directory, checkpoint: &Checkpoint) -> Result<Self, PublishError> {
        let size = checkpoint.size;
        let mut rows = Vec::new();
        let mut bundle = Vec::new();
        for level in 0..8 {
            let count = size >> (8 * level);
            let tile = Tile::hashes(level, count / 256, size);
            rows.push(tile.map(|tile| read_hashes(directory, tile)).transpose()?.unwrap_or_default());
        }
        while rows.last().is_some_and(Vec::is_empty) {
            rows.pop();
        }
        let leaves = rows.first().map(Vec::as_slice).unwrap_or_default();
        if let Some(tile) = Tile::entries(size / 256, size) {
            let bytes = read_tile(directory, tile)?;
            let mut found = entries(&bytes);
            for expected in leaves {
                let leaf = found.next().and_then(Result::ok).ok_or(PublishError::Damaged)?;
                if leaf_hash(leaf) != *expected || !push_entry(&mut bundle, leaf) {
                    return Err(PublishError::Damaged);
                }
            }
        }
        let edge = Self { size, rows, bundle };
        if edge.root() == checkpoint.root { Ok(edge) } else { Err(PublishError::Damaged) }
    }

    fn root(&self) -> Digest {
        // Each row lies to the left of the rows below it.
        let mut rows = self.rows.iter().flat_map(|row| right_edge(row));
        let Some(last) = rows.next() else { return empty_root() };
        rows.fold(last, |right, left| node_hash(&left, &right))
    }

    fn append(&mut self, leaf: &[u8], writer: &mut Writer) -> Result<(), PublishError> {
        if !push_entry(&mut self.bundle, leaf) {
            return Err(PublishError::LeafTooLong { index: self.size });
        }
        let number = self.size / 256;
        self.size += 1;
        let mut hash = leaf_hash(leaf);
        if self.size.is_multiple_of(256) {
            writer.write_tile(Tile { row: Row::Entries, number, width: 256 }, &self.bundle)?;
            self.bundle.clear();
        }
        for level in 0..8_u32 {
            let at = usize::try_from(level).unwrap_or(usize::MAX);
            if self.rows.len() <= at {
                self.rows.push(Vec::with_capacity(256));
            }
            let Some(row) = self.rows.get_mut(at) else { break };
            row.push(hash);
            if row.len() < 256 {
                break;
            }
            let number = (self.size >> (8 * level)) / 256 - 1;
            writer.write_tile(Tile { row: Row::Hashes { level }, number, width: 256 }, &concatenated(row))?;
            hash = root_of(row);
            row.clear();
        }
        Ok(())
    }

    /// Writes the partial tiles that are not there since the log had `published` entries.
    fn write_partials(&self, published: u64, writer: &mut Writer) -> Result<(), PublishError> {
        if let Some(tile) = Tile::entries(self.size / 256, self.size)
            && self.size != published
        {
            writer.write_tile(tile, &self.bundle)?;
        }
        for (level, row) in (0..).zip(&self.rows) {
            let (now, before) = (self.size >> (8 * level), published >> (8 * level));
            if let Some(tile) = Tile::hashes(level, now / 256, self.size)
                && now != before
            {
                writer.write_tile(tile, &concatenated(row))?;
            }
        }
        Ok(())
    }
}

/// The roots of the complete subtrees of a partial tile, smallest (rightmost) first.
fn right_edge(row: &[Digest]) -> Vec<Digest> {
    let mut roots = Vec::new();
    let mut rest = row;
    while !rest.is_empty() {
        let largest = 1 << rest.len().ilog2();
        let (subtree, after) = rest.split_at(largest);
        roots.push(root_of(subtree));
        rest = after;
    }
    roots.reverse();
    roots
}

fn concatenated(hashes: &[Digest]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}

#[cfg(test)]
mod tests;
