//! The ledger: versioned entries in an RFC 6962 Merkle tree, kept as C2SP tlog-tiles, with signed checkpoints, inclusion and
//! consistency proofs, and verification from files alone (invariants 5 and 6).
//!
//! What this crate must not do: know a database, the gate or a patient. Leaves hold ids, codes and commitments, never PHI
//! and never a plain hash of PHI. An auditor can use this crate offline.
//!
//! Start at [`entry`] for what a leaf says, [`log`] for the contract by which a permit is recorded before it is used.

pub mod commitment;
pub mod entry;
pub mod log;

pub use commitment::{CommitmentKey, commit};
pub use entry::{Entry, Kind, LEAF_VERSION};
pub use log::{Committed, Lease, Log, Recorded, record};
