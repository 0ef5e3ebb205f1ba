//! Checkpoints (C2SP tlog-checkpoint): the log's origin, size and root hash, signed.

use crate::note::{Note, NoteError, Signer, VerifierKey};
use crate::tree::{Digest, empty_root};

/// What a log says about itself at one size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log: a URL without a scheme, such as `postern.example/ledger/0`.
    pub origin: String,
    /// The number of entries.
    pub size: u64,
    /// The root hash of the tree over them.
    pub root: Digest,
}

/// A checkpoint whose signature was verified, or that was just signed, with the note it stands in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedCheckpoint {
    checkpoint: Checkpoint,
    note: String,
}

/// Why a note is not a checkpoint of this log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// The note is malformed, unsigned, or its signature is false.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The text is not origin, size and root hash.
    #[error("this is not a checkpoint: expected three lines with the log's origin, its size and its root hash")]
    Malformed,
    /// It is another log's.
    #[error("the checkpoint belongs to another log")]
    OtherLog,
}

/// Why a checkpoint was not signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// The key is another log's.
    #[error("the key's name is not the checkpoint's origin")]
    OtherLog,
    /// The last signed checkpoint is larger.
    #[error("a checkpoint of {signed} entries was signed before; one of {asked} entries would take it back")]
    Smaller {
        /// The size signed before.
        signed: u64,
        /// The size asked for.
        asked: u64,
    },
    /// The last signed checkpoint has this size and another root.
    #[error("a checkpoint of {size} entries with another root hash was signed before")]
    Forked {
        /// The size of both.
        size: u64,
    },
}

impl Checkpoint {
    /// The note text.
    #[must_use]
    pub fn to_text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, self.root)
    }

    /// Reads note text. Extension lines are allowed and ignored; Postern writes none.
    ///
    /// # Errors
    /// [`CheckpointError::Malformed`].
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let body = text.strip_suffix('\n').ok_or(CheckpointError::Malformed)?;
        let mut lines = body.split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(CheckpointError::Malformed);
        };
        let size = parse_decimal(size).ok_or(CheckpointError::Malformed)?;
        let root = Digest::from_base64(root).ok_or(CheckpointError::Malformed)?;
        let empty_rightly = size != 0 || root == empty_root();
        if origin.is_empty() || !empty_rightly || lines.any(str::is_empty) {
            return Err(CheckpointError::Malformed);
        }
        Ok(Self { origin: origin.to_owned(), size, root })
    }
}

/// A decimal without leading zeroes or sign.
pub(crate) fn parse_decimal(text: &str) -> Option<u64> {
    let plain = text == "0" || (!text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit()));
    if plain { text.parse().ok() } else { None }
}

impl SignedCheckpoint {
    /// Reads a signed note and verifies it: signed by `key`, and of the log that `key` is named after.
    ///
    /// # Errors
    /// [`CheckpointError`].
    pub fn open(note: &str, key: &VerifierKey) -> Result<Self, CheckpointError> {
        let parsed = Note::parse(note)?;
        let checkpoint = Checkpoint::parse(parsed.verify(key)?)?;
        if checkpoint.origin != key.name() {
            return Err(CheckpointError::OtherLog);
        }
        Ok(Self { checkpoint, note: note.to_owned() })
    }

    /// What it says.
    #[must_use]
    pub const fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The signed note, byte for byte.
    #[must_use]
    pub fn note(&self) -> &str {
        &self.note
    }
}

impl Signer {
    /// Signs `next`. `previous` is the last checkpoint signed with this key, `None` only for a log's first: nothing smaller than
    /// it is signed, nor another root at its size. That a larger one begins with it, the caller must know; [`crate::Publisher`]
    /// does, because it grows its tree from the published one.
    ///
    /// # Errors
    /// [`SignError`]. C2SP tlog-checkpoint: a log must not sign two checkpoints that are inconsistent.
    pub fn sign(&self, next: &Checkpoint, previous: Option<&Checkpoint>) -> Result<SignedCheckpoint, SignError> {
        if next.origin != self.verifier().name() {
            return Err(SignError::OtherLog);
        }
        if let Some(previous) = previous {
            if previous.origin != next.origin {
                return Err(SignError::OtherLog);
            }
            if next.size < previous.size {
                return Err(SignError::Smaller { signed: previous.size, asked: next.size });
            }
            if next.size == previous.size && next.root != previous.root {
                return Err(SignError::Forked { size: next.size });
            }
        }
        Ok(SignedCheckpoint { checkpoint: next.clone(), note: self.sign_text(&next.to_text()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::leaf_hash;
    use postern_base::Secret;
    use proptest::prelude::*;

    const ORIGIN: &str = "postern.example/ledger/0";

    fn signer() -> Signer {
        Signer::from_seed(&Secret::new([7; 32]), ORIGIN).unwrap()
    }

    fn checkpoint(size: u64, root: &[u8]) -> Checkpoint {
        Checkpoint { origin: ORIGIN.to_owned(), size, root: leaf_hash(root) }
    }

    #[test]
    fn a_signed_checkpoint_opens_with_its_key_only() {
        let signed = signer().sign(&checkpoint(3, b"a"), None).unwrap();
        let opened = SignedCheckpoint::open(signed.note(), signer().verifier()).unwrap();
        assert_eq!(opened, signed);
        let other = Signer::from_seed(&Secret::new([8; 32]), ORIGIN).unwrap();
        assert_eq!(
            SignedCheckpoint::open(signed.note(), other.verifier()),
            Err(CheckpointError::Note(NoteError::NotSigned))
        );
    }

    #[test]
    fn nothing_inconsistent_with_the_last_checkpoint_is_signed() {
        let last = checkpoint(3, b"a");
        let sign = |next| signer().sign(&next, Some(&last)).map(drop);
        assert_eq!(sign(checkpoint(2, b"b")), Err(SignError::Smaller { signed: 3, asked: 2 }));
        assert_eq!(sign(checkpoint(3, b"b")), Err(SignError::Forked { size: 3 }));
        assert_eq!(sign(checkpoint(3, b"a")), Ok(()));
        assert_eq!(sign(checkpoint(4, b"b")), Ok(()));
        let foreign = Checkpoint { origin: "other.example".to_owned(), ..checkpoint(4, b"b") };
        assert_eq!(sign(foreign), Err(SignError::OtherLog));
    }

    #[test]
    fn a_checkpoint_signed_for_another_log_by_the_same_key_is_refused() {
        let text = Checkpoint { origin: "other.example".to_owned(), ..checkpoint(4, b"b") }.to_text();
        let note = signer().sign_text(&text);
        assert_eq!(SignedCheckpoint::open(&note, signer().verifier()), Err(CheckpointError::OtherLog));
    }

    #[test]
    fn sizes_have_one_spelling() {
        let good = checkpoint(70, b"a").to_text();
        assert!(Checkpoint::parse(&good).is_ok());
        for bad in ["070", "+70", "-70", "7 0", "", "18446744073709551616"] {
            assert_eq!(Checkpoint::parse(&good.replacen("70", bad, 1)), Err(CheckpointError::Malformed), "{bad}");
        }
    }

    #[test]
    fn extension_lines_are_read_over_and_an_empty_line_is_not_one() {
        let text = checkpoint(70, b"a").to_text();
        assert!(Checkpoint::parse(&format!("{text}extension\n")).is_ok());
        assert_eq!(Checkpoint::parse(&format!("{text}\nextension\n")), Err(CheckpointError::Malformed));
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in "[a-z/]{0,9}\n?[0-9]{0,22}\n?[A-Za-z0-9+/=]{0,50}\n?\\PC{0,20}\n?") {
            if let Ok(read) = Checkpoint::parse(&text) {
                prop_assert!(text.starts_with(&read.to_text()));
            }
        }
    }
}
