//! What verification can find, each with the name of what is wrong.

use crate::checkpoint::CheckpointError;
use crate::leaf::LeafError;
use crate::tiles::Tile;
use postern_base::{EntryId, MessageId};

/// One thing that is wrong with a ledger. Its text is a sentence for people; [`Problem::code`] is for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// There is no checkpoint.
    #[error("there is no checkpoint: nothing in this directory is signed")]
    NoCheckpoint,
    /// The checkpoint is malformed, another log's, unsigned, or its signature is false.
    #[error("the checkpoint is not valid: {0}")]
    BadCheckpoint(CheckpointError),
    /// A file cannot be read.
    #[error("`{0}` cannot be read")]
    Unreadable(Tile),
    /// A file is not there.
    #[error("`{0}` is missing")]
    Missing(Tile),
    /// A file of hashes does not have as many as it should.
    #[error("`{0}` has the wrong length")]
    Length(Tile),
    /// A bundle ends inside an entry, or before its last one.
    #[error("`{tile}` is cut short: it ends before entry {index} does")]
    CutShort {
        /// The bundle.
        tile: Tile,
        /// The first entry that is not whole.
        index: u64,
    },
    /// An entry is not the one that was hashed.
    #[error("entry {index} was edited: its bytes in `{tile}` do not have the hash that the tree records")]
    Edited {
        /// Its index.
        index: u64,
        /// The bundle.
        tile: Tile,
    },
    /// An entry is gone.
    #[error("entry {index} was dropped from `{tile}`")]
    Dropped {
        /// Its index.
        index: u64,
        /// The bundle.
        tile: Tile,
    },
    /// There is an entry that the tree does not know.
    #[error("an entry was inserted at {index} in `{tile}`")]
    Inserted {
        /// Where it stands.
        index: u64,
        /// The bundle.
        tile: Tile,
    },
    /// An entry stands at another's place.
    #[error("entries were reordered: entry {index} stands at {found_at}")]
    Reordered {
        /// Where it belongs.
        index: u64,
        /// Where it stands.
        found_at: u64,
    },
    /// An entry is what was hashed, and yet not a leaf that this program can read.
    #[error("entry {index} cannot be read: {error}")]
    BadLeaf {
        /// Its index.
        index: u64,
        /// Why.
        error: LeafError,
    },
    /// A hash in a tile was changed; what lies below it is as it was signed.
    #[error("hash {position} of `{tile}` was changed: what lies below it has another hash")]
    HashChanged {
        /// The tile.
        tile: Tile,
        /// The position in it, from 0.
        position: u64,
    },
    /// A tile and everything below it do not have the hash that the tile above records.
    #[error(
        "`{child}` and entries {from} to {to} under it were changed together: hash {position} of `{tile}` records another"
    )]
    SubtreeChanged {
        /// The tile above.
        tile: Tile,
        /// The position in it.
        position: u64,
        /// The tile below.
        child: Tile,
        /// The first entry below.
        from: u64,
        /// The last entry below.
        to: u64,
    },
    /// The files fit together, and are not what the checkpoint signs.
    #[error("the files do not give the root hash that the checkpoint of {size} entries signs")]
    OtherRoot {
        /// The checkpoint's size.
        size: u64,
    },
    /// There are more entries than the checkpoint speaks of.
    #[error(
        "the files hold {found} entries and the checkpoint signs only {size}: it was put back, or publishing was interrupted"
    )]
    CheckpointBehind {
        /// The checkpoint's size.
        size: u64,
        /// Entries there are files for.
        found: u64,
    },
    /// An entry does not name the one before it in the life of its message.
    #[error(
        "the chain of message {message} is broken at entry {index}: it does not follow the message's entry before it"
    )]
    ChainBroken {
        /// The message.
        message: MessageId,
        /// The entry that names the wrong predecessor.
        index: u64,
    },
    /// Entries of one message name two tenants.
    #[error("entry {index} of message {message} names another tenant than the entries before it")]
    OtherTenant {
        /// The message.
        message: MessageId,
        /// The entry.
        index: u64,
    },
    /// Two entries have one id.
    #[error("entries {first} and {index} have the same id {id}")]
    DuplicateId {
        /// The id.
        id: EntryId,
        /// The first one's index.
        first: u64,
        /// The other one's index.
        index: u64,
    },
    /// An entry of the message is not under the checkpoint.
    #[error("entry {index} has no proof under the checkpoint")]
    NotIncluded {
        /// Its index.
        index: u64,
    },
    /// No entry of the message asked for is in the files.
    #[error("there is no entry of message {message} under the checkpoint")]
    NoSuchMessage {
        /// The message.
        message: MessageId,
    },
    /// The anchor is not a signed checkpoint of this log.
    #[error("the anchor is not a valid checkpoint of this log: {0}")]
    BadAnchor(CheckpointError),
    /// The ledger is older than its anchor.
    #[error(
        "the ledger was rolled back: it has {size} entries, and a checkpoint of {anchor} entries was signed before"
    )]
    RolledBack {
        /// The anchor's size.
        anchor: u64,
        /// The ledger's size.
        size: u64,
    },
    /// The ledger does not begin with what the anchor signs.
    #[error("the ledger was rewritten: its first {anchor} entries are not those that were signed before")]
    Forked {
        /// The anchor's size.
        anchor: u64,
    },
    /// The files are damaged, so that they cannot be held against the anchor.
    #[error("the ledger cannot be held against the anchor of {anchor} entries because its files are damaged")]
    AnchorUndecided {
        /// The anchor's size.
        anchor: u64,
    },
    /// A row of the database is not the published entry.
    #[error("row {index} of the database is not the entry that was published")]
    RowDiffers {
        /// Its index.
        index: u64,
    },
    /// Rows of the database are gone.
    #[error("rows {from} to {to} of the database are missing")]
    RowsMissing {
        /// The first.
        from: u64,
        /// The last.
        to: u64,
    },
    /// The database ends before the published log does.
    #[error("the database has {rows} entries, and {size} were published: it was put back or cut short")]
    RowsBehind {
        /// Rows there are.
        rows: u64,
        /// Entries the checkpoint signs.
        size: u64,
    },
}

impl Problem {
    /// A short word for programs; stable.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoCheckpoint => "no_checkpoint",
            Self::BadCheckpoint(_) => "bad_checkpoint",
            Self::Unreadable(_) => "unreadable",
            Self::Missing(_) => "missing",
            Self::Length(_) => "length",
            Self::CutShort { .. } => "cut_short",
            Self::Edited { .. } => "edited",
            Self::Dropped { .. } => "dropped",
            Self::Inserted { .. } => "inserted",
            Self::Reordered { .. } => "reordered",
            Self::BadLeaf { .. } => "bad_leaf",
            Self::HashChanged { .. } => "hash_changed",
            Self::SubtreeChanged { .. } => "subtree_changed",
            Self::OtherRoot { .. } => "other_root",
            Self::CheckpointBehind { .. } => "checkpoint_behind",
            Self::ChainBroken { .. } => "chain_broken",
            Self::OtherTenant { .. } => "other_tenant",
            Self::DuplicateId { .. } => "duplicate_id",
            Self::NotIncluded { .. } => "not_included",
            Self::NoSuchMessage { .. } => "no_such_message",
            Self::BadAnchor(_) => "bad_anchor",
            Self::RolledBack { .. } => "rolled_back",
            Self::Forked { .. } => "forked",
            Self::AnchorUndecided { .. } => "anchor_undecided",
            Self::RowDiffers { .. } => "row_differs",
            Self::RowsMissing { .. } => "rows_missing",
            Self::RowsBehind { .. } => "rows_behind",
        }
    }

    /// The entry it is about, when it is about one.
    #[must_use]
    pub const fn index(&self) -> Option<u64> {
        match self {
            Self::CutShort { index, .. }
            | Self::Edited { index, .. }
            | Self::Dropped { index, .. }
            | Self::Inserted { index, .. }
            | Self::Reordered { index, .. }
            | Self::BadLeaf { index, .. }
            | Self::ChainBroken { index, .. }
            | Self::OtherTenant { index, .. }
            | Self::DuplicateId { index, .. }
            | Self::NotIncluded { index }
            | Self::RowDiffers { index } => Some(*index),
            Self::RowsMissing { from, .. } | Self::SubtreeChanged { from, .. } => Some(*from),
            Self::NoCheckpoint
            | Self::BadCheckpoint(_)
            | Self::Unreadable(_)
            | Self::Missing(_)
            | Self::Length(_)
            | Self::HashChanged { .. }
            | Self::OtherRoot { .. }
            | Self::CheckpointBehind { .. }
            | Self::NoSuchMessage { .. }
            | Self::BadAnchor(_)
            | Self::RolledBack { .. }
            | Self::Forked { .. }
            | Self::AnchorUndecided { .. }
            | Self::RowsBehind { .. } => None,
        }
    }
}

/// Problems as they are found; the first thousand are kept, the others counted.
#[derive(Debug, Default)]
pub(super) struct Problems {
    pub(super) list: Vec<Problem>,
    pub(super) omitted: u64,
}

impl Problems {
    const KEPT: usize = 1000;

    pub(super) fn push(&mut self, problem: Problem) {
        if self.list.len() < Self::KEPT {
            self.list.push(problem);
        } else {
            self.omitted += 1;
        }
    }

    pub(super) fn extend(&mut self, problems: impl IntoIterator<Item = Problem>) {
        for problem in problems {
            self.push(problem);
        }
    }
}
