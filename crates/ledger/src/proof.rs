//! Proofs that travel alone: a C2SP tlog-proof says where an entry stands, and shows it under a signed checkpoint. With the entry's
//! leaf and the log's public key, anyone can check it offline.

use crate::checkpoint::{Checkpoint, CheckpointError, SignedCheckpoint, parse_decimal};
use crate::note::VerifierKey;
use crate::tiles::{Files, TileError, TileNodes};
use crate::tree::{Digest, consistency_path, inclusion_path, leaf_hash, verify_consistency, verify_inclusion};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The first line of every proof.
const HEADER: &str = "c2sp.org/tlog-proof@v1";
/// The longest path there is: one hash for every bit of an index.
const MAX_PATH: usize = 64;

/// A proof of inclusion, as text ([`Proof::to_text`]) a file with the extension `.tlog-proof`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// Data the proof's reader may need to find the leaf; nothing vouches for it.
    pub extra: Option<Vec<u8>>,
    /// The entry's index in the log.
    pub index: u64,
    /// From the leaf's sibling up.
    pub path: Vec<Digest>,
    /// The signed checkpoint it leads to, as a note.
    pub checkpoint: String,
}

/// Why a proof could not be made, or does not prove.
#[derive(Debug, thiserror::Error)]
pub enum ProofError {
    /// The text is not a tlog-proof.
    #[error("this is not a proof: expected `{HEADER}`, an index, hashes, and a checkpoint")]
    Malformed,
    /// The checkpoint in it is not this log's, or its signature is false.
    #[error("the proof's checkpoint is not valid: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// The path does not lead from the leaf to the checkpoint's root.
    #[error("the proof does not hold: this entry does not stand at this index under this checkpoint")]
    DoesNotHold,
    /// The index is not in the log yet.
    #[error("entry {index} is not under the checkpoint of {size} entries: publish first")]
    NotPublished {
        /// The index.
        index: u64,
        /// The checkpoint's size.
        size: u64,
    },
    /// The tiles do not give the hashes.
    #[error(transparent)]
    Tile(#[from] TileError),
}

impl Proof {
    /// Makes the proof of entry `index` under `signed` from the log's tiles.
    ///
    /// # Errors
    /// [`ProofError::NotPublished`], [`ProofError::Tile`].
    pub fn of(files: &(impl Files + ?Sized), index: u64, signed: &SignedCheckpoint) -> Result<Self, ProofError> {
        let size = signed.checkpoint().size;
        if index >= size {
            return Err(ProofError::NotPublished { index, size });
        }
        let path = inclusion_path(&mut TileNodes::new(files, size), index, size)?;
        Ok(Self { extra: None, index, path, checkpoint: signed.note().to_owned() })
    }

    /// The tlog-proof text.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = format!("{HEADER}\n");
        if let Some(extra) = &self.extra {
            text.push_str(&format!("extra {}\n", STANDARD.encode(extra)));
        }
        text.push_str(&format!("index {}\n", self.index));
        for hash in &self.path {
            text.push_str(&format!("{hash}\n"));
        }
        text.push('\n');
        text.push_str(&self.checkpoint);
        text
    }

    /// Reads tlog-proof text. Nothing is verified yet.
    ///
    /// # Errors
    /// [`ProofError::Malformed`].
    pub fn parse(text: &str) -> Result<Self, ProofError> {
        let (head, checkpoint) = text.split_once("\n\n").ok_or(ProofError::Malformed)?;
        let mut lines = head.split('\n').peekable();
        if lines.next() != Some(HEADER) {
            return Err(ProofError::Malformed);
        }
        let extra = lines.next_if(|line| line.starts_with("extra ")).and_then(|line| line.strip_prefix("extra "));
        let extra = extra.map(|data| STANDARD.decode(data)).transpose().map_err(|_| ProofError::Malformed)?;
        let index = lines.next().and_then(|line| line.strip_prefix("index ")).and_then(parse_decimal);
        let path = lines.map(Digest::from_base64).collect::<Option<Vec<_>>>().ok_or(ProofError::Malformed)?;
        if path.len() > MAX_PATH {
            return Err(ProofError::Malformed);
        }
        Ok(Self { extra, index: index.ok_or(ProofError::Malformed)?, path, checkpoint: checkpoint.to_owned() })
    }

    /// Verifies that `leaf` stands at the proof's index in the log of `key`, and returns the checkpoint that says so.
    ///
    /// # Errors
    /// [`ProofError::Checkpoint`], [`ProofError::DoesNotHold`].
    pub fn verify(&self, leaf: &[u8], key: &VerifierKey) -> Result<Checkpoint, ProofError> {
        let signed = SignedCheckpoint::open(&self.checkpoint, key)?;
        let checkpoint = signed.checkpoint();
        if verify_inclusion(&leaf_hash(leaf), self.index, checkpoint.size, &self.path, &checkpoint.root) {
            Ok(checkpoint.clone())
        } else {
            Err(ProofError::DoesNotHold)
        }
    }
}

/// A proof that one checkpoint's log begins with another's: the hashes of RFC 6962 section 2.1.2, for whoever kept the older one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consistency {
    /// The path.
    pub path: Vec<Digest>,
}

impl Consistency {
    /// Makes the proof from the log's tiles for its first `old` and `new` entries. Empty, and proving nothing, when `old` is larger.
    ///
    /// # Errors
    /// [`TileError`].
    pub fn of(files: &(impl Files + ?Sized), old: u64, new: u64) -> Result<Self, TileError> {
        Ok(Self { path: consistency_path(&mut TileNodes::new(files, new), old, new)? })
    }

    /// Whether the log of `new` begins with the log of `old`.
    #[must_use]
    pub fn verify(&self, old: &Checkpoint, new: &Checkpoint) -> bool {
        old.origin == new.origin && verify_consistency(old.size, &old.root, new.size, &new.root, &self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testlog::Scratch;
    use proptest::prelude::*;

    #[test]
    fn a_proof_travels_as_text_and_holds_for_its_leaf_only() {
        let log = Scratch::of(70_000 / 100);
        let signed = log.checkpoint();
        for index in [0, 1, 255, 256, 511, 512, 699] {
            let text = Proof::of(&log.directory(), index, &signed).unwrap().to_text();
            let proof = Proof::parse(&text).unwrap();
            assert_eq!(proof.to_text(), text);
            let leaf = &log.leaves[usize::try_from(index).unwrap()];
            assert_eq!(proof.verify(leaf, log.key()).unwrap(), *signed.checkpoint());
            assert!(matches!(proof.verify(b"another", log.key()), Err(ProofError::DoesNotHold)));
            let moved = Proof { index: index ^ 1, ..proof };
            assert!(matches!(moved.verify(leaf, log.key()), Err(ProofError::DoesNotHold)));
        }
        assert!(matches!(
            Proof::of(&log.directory(), 700, &signed),
            Err(ProofError::NotPublished { index: 700, size: 700 })
        ));
    }

    #[test]
    fn a_proof_under_a_changed_checkpoint_does_not_hold() {
        let log = Scratch::of(10);
        let mut proof = Proof::of(&log.directory(), 3, &log.checkpoint()).unwrap();
        proof.checkpoint = proof.checkpoint.replacen("\n10\n", "\n11\n", 1);
        assert!(matches!(proof.verify(&log.leaves[3], log.key()), Err(ProofError::Checkpoint(_))));
    }

    #[test]
    fn the_example_of_the_specification_reads() {
        let text = "c2sp.org/tlog-proof@v1\nextra YWJj\nindex 73894\ngSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=\n\n\
            example.com/fancylog\n109482\nsFodV/vSp5O8n9a8QpW6PRY97tfOSW5bsc2Xl/EQi08=\n\n\u{2014} example.com/fancylog AAAAAAAA\n";
        let proof = Proof::parse(text).unwrap();
        assert_eq!((proof.extra.as_deref(), proof.index, proof.path.len()), (Some(b"abc".as_slice()), 73_894, 1));
        assert_eq!(proof.to_text(), text);
    }

    #[test]
    fn one_checkpoint_is_shown_to_begin_with_an_older_one() {
        let mut log = Scratch::of(300);
        let old = log.checkpoint();
        log.grow(900);
        let new = log.checkpoint();
        let proof = Consistency::of(&log.directory(), 300, 1200).unwrap();
        assert!(proof.verify(old.checkpoint(), new.checkpoint()));
        let other = Scratch::of(299).checkpoint();
        assert!(!proof.verify(other.checkpoint(), new.checkpoint()));
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(
            text in "(c2sp.org/tlog-proof@v1\n)?(extra [A-Za-z=]{0,6}\n)?(index [0-9]{0,21}\n)?([A-Za-z0-9+/=]{40,46}\n){0,3}\n?\\PC{0,30}",
        ) {
            if let Ok(proof) = Proof::parse(&text) {
                prop_assert!(proof.verify(b"leaf", Scratch::key_alone()).is_err());
            }
        }
    }
}
