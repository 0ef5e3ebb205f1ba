//! The ledger: versioned entries in an RFC 6962 Merkle tree, kept as C2SP tlog-tiles, with signed checkpoints, inclusion and
//! consistency proofs, and verification from files alone (invariants 5 and 6).
//!
//! What this crate must not do: know a database, the gate or a patient. Leaves hold ids, codes and commitments, never PHI
//! and never a plain hash of PHI. An auditor can use this crate offline.
//!
//! Start at [`entry`] for what a leaf says, [`log`] for the contract by which a permit is recorded before it is used,
//! [`publish`] for how entries become files, [`mod@verify`] for how files are judged.

pub mod checkpoint;
pub mod commitment;
pub mod entry;
pub mod leaf;
pub mod log;
pub mod note;
pub mod proof;
pub mod publish;
pub mod tiles;
pub mod tree;
pub mod verify;

#[cfg(test)]
mod testlog;

pub use checkpoint::{Checkpoint, CheckpointError, SignError, SignedCheckpoint};
pub use commitment::{CommitmentKey, commit};
pub use entry::{Entry, Kind, LEAF_VERSION, RowState};
pub use leaf::{LeafError, MAX_LEAF};
pub use log::{Committed, Lease, Log, Recorded, record};
pub use note::{NoteError, Signer, VerifierKey};
pub use proof::{Consistency, Proof, ProofError};
pub use publish::{PublishError, Publisher};
pub use tiles::{Directory, Files};
pub use tree::{BadFrontier, Digest, Frontier, leaf_hash};
pub use verify::{
    MessageReport, Options, Problem, Report, RowProblem, RowStates, key_beside, verify, verify_message, verify_rows,
};
