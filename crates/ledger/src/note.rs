//! Signed notes (C2SP signed-note v1.0.0) with Ed25519 keys, by aws-lc-rs.
//!
//! A note is text with signature lines under it. Its text means nothing until [`Note::verify`] has said yes.

use crate::tree::sha256;
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use postern_base::Secret;
use std::fmt;
use std::str::FromStr;

/// The signature type of Ed25519 (C2SP signed-note, "Signature types").
const ED25519_TYPE: u8 = 0x01;
/// The longest note read, in bytes; as Go's `sumdb/note`.
const MAX_NOTE: usize = 1_000_000;
/// The most signatures read; as Go's `sumdb/note`. Verifiers must take at least 16.
const MAX_SIGNATURES: usize = 100;

/// Why text is not a note, a key is not a key, or a note is not signed as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// It is too long, has a control character, or does not end in signature lines.
    #[error("this is not a signed note: expected text, an empty line, and lines beginning with an em dash")]
    Malformed,
    /// A key name is empty or has a space or a plus sign.
    #[error("a key name must not be empty and must not have spaces, control characters or '+'")]
    BadName,
    /// It is not `name+id+key`, the id does not belong to the key, or the key is not Ed25519.
    #[error("this is not an Ed25519 verifier key: expected `name+8 hex digits+base64`")]
    BadKey,
    /// No signature on it is by the key.
    #[error("the note is not signed by the expected key")]
    NotSigned,
    /// It names the key, and the signature is false.
    #[error("the signature is false: the note or its signature was changed")]
    BadSignature,
}

/// One signature line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// The key's name.
    pub name: String,
    /// The key's id.
    pub id: u32,
    /// The signature itself.
    pub bytes: Vec<u8>,
}

/// A note taken apart, not yet verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<Signature>,
}

impl Note {
    /// Takes a note apart.
    ///
    /// # Errors
    /// [`NoteError::Malformed`].
    pub fn parse(note: &str) -> Result<Self, NoteError> {
        if note.len() > MAX_NOTE || note.bytes().any(|b| b < 0x20 && b != b'\n') {
            return Err(NoteError::Malformed);
        }
        // The text ends at the last empty line, and keeps its own final newline.
        let (text, lines) = note.rsplit_once("\n\n").ok_or(NoteError::Malformed)?;
        let lines = lines.strip_suffix('\n').ok_or(NoteError::Malformed)?;
        let signatures = lines.split('\n').map(signature).collect::<Option<Vec<_>>>().ok_or(NoteError::Malformed)?;
        if signatures.len() > MAX_SIGNATURES {
            return Err(NoteError::Malformed);
        }
        Ok(Self { text: format!("{text}\n"), signatures })
    }

    /// The text, with its final newline, if `key` signed it. Signatures by other keys are ignored; one by `key` that is false
    /// condemns the note.
    ///
    /// # Errors
    /// [`NoteError::NotSigned`], [`NoteError::BadSignature`].
    pub fn verify(&self, key: &VerifierKey) -> Result<&str, NoteError> {
        let mut ours = self.signatures.iter().filter(|s| s.name == key.name && s.id == key.id).peekable();
        if ours.peek().is_none() {
            return Err(NoteError::NotSigned);
        }
        let public = UnparsedPublicKey::new(&ED25519, &key.public);
        if ours.all(|signature| public.verify(self.text.as_bytes(), &signature.bytes).is_ok()) {
            Ok(&self.text)
        } else {
            Err(NoteError::BadSignature)
        }
    }

    /// The text without asking who signed it: only for saying what an unverified note claims.
    #[must_use]
    pub fn unverified_text(&self) -> &str {
        &self.text
    }

    /// Its signatures, unverified.
    #[must_use]
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }
}

fn signature(line: &str) -> Option<Signature> {
    let (name, encoded) = line.strip_prefix("\u{2014} ")?.split_once(' ')?;
    let decoded = STANDARD.decode(encoded).ok()?;
    let (id, bytes) = decoded.split_first_chunk::<4>()?;
    if !is_name(name) || bytes.is_empty() {
        return None;
    }
    Some(Signature { name: name.to_owned(), id: u32::from_be_bytes(*id), bytes: bytes.to_vec() })
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.chars().any(|c| c == '+' || c.is_whitespace() || c.is_control())
}

/// The public half of a signing key: what an auditor needs, as `name+id+base64`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    id: u32,
    public: [u8; 32],
}

impl VerifierKey {
    fn new(name: &str, public: [u8; 32]) -> Result<Self, NoteError> {
        if !is_name(name) {
            return Err(NoteError::BadName);
        }
        // C2SP signed-note, "Ed25519 signatures": SHA-256(name || 0x0A || 0x01 || public key), first four bytes.
        let hash = sha256(&[name.as_bytes(), b"\n", &[ED25519_TYPE], &public]);
        let id = hash.0.first_chunk::<4>().map_or(0, |first| u32::from_be_bytes(*first));
        Ok(Self { name: name.to_owned(), id, public })
    }

    /// The key's name: the log's origin.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key's id.
    #[must_use]
    pub const fn id(&self) -> u32 {
        self.id
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut material = vec![ED25519_TYPE];
        material.extend_from_slice(&self.public);
        write!(f, "{}+{:08x}+{}", self.name, self.id, STANDARD.encode(material))
    }
}

impl FromStr for VerifierKey {
    type Err = NoteError;
    fn from_str(text: &str) -> Result<Self, NoteError> {
        let (name, rest) = text.split_once('+').ok_or(NoteError::BadKey)?;
        let (id, material) = rest.split_once('+').ok_or(NoteError::BadKey)?;
        let material = STANDARD.decode(material).map_err(|_| NoteError::BadKey)?;
        let Some((&ED25519_TYPE, public)) = material.split_first() else { return Err(NoteError::BadKey) };
        let key = Self::new(name, <[u8; 32]>::try_from(public).map_err(|_| NoteError::BadKey)?)?;
        if id == format!("{:08x}", key.id) { Ok(key) } else { Err(NoteError::BadKey) }
    }
}

/// A signing key with its name. Ed25519 is deterministic (RFC 8032 section 5.1.6): the same text gives the same note.
pub struct Signer {
    pair: Ed25519KeyPair,
    key: VerifierKey,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").field("key", &self.key).finish_non_exhaustive()
    }
}

impl Signer {
    /// A signer from a 32-byte seed (RFC 8032 section 5.1.5). `origin` names the log and the key: a URL without a scheme, such
    /// as `postern.example/ledger/0`.
    ///
    /// # Errors
    /// [`NoteError::BadName`]; [`NoteError::BadKey`] when the seed is refused.
    pub fn from_seed(seed: &Secret<[u8; 32]>, origin: &str) -> Result<Self, NoteError> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed.reveal()).map_err(|_| NoteError::BadKey)?;
        let public = <[u8; 32]>::try_from(pair.public_key().as_ref()).map_err(|_| NoteError::BadKey)?;
        let key = VerifierKey::new(origin, public)?;
        Ok(Self { pair, key })
    }

    /// The public half.
    #[must_use]
    pub const fn verifier(&self) -> &VerifierKey {
        &self.key
    }

    /// Signs `text`, which must end in a newline. Kept inside the crate: checkpoints are all that Postern's log keys sign.
    pub(crate) fn sign_text(&self, text: &str) -> String {
        let mut line = self.key.id.to_be_bytes().to_vec();
        line.extend_from_slice(self.pair.sign(text.as_bytes()).as_ref());
        format!("{text}\n\u{2014} {} {}\n", self.key.name, STANDARD.encode(line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SPEC_KEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
    const SPEC_NOTE: &str = "This is an example message.\n\n\u{2014} example.com/foo \
        Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

    fn signer(name: &str) -> Signer {
        Signer::from_seed(&Secret::new([7; 32]), name).unwrap()
    }

    #[test]
    fn the_example_of_the_specification_verifies() {
        let key: VerifierKey = SPEC_KEY.parse().unwrap();
        assert_eq!(key.to_string(), SPEC_KEY);
        assert_eq!(Note::parse(SPEC_NOTE).unwrap().verify(&key), Ok("This is an example message.\n"));
    }

    #[test]
    fn a_changed_text_or_signature_is_false_and_a_stranger_does_not_count() {
        let key: VerifierKey = SPEC_KEY.parse().unwrap();
        let changed = SPEC_NOTE.replace("example message", "exemple message");
        assert_eq!(Note::parse(&changed).unwrap().verify(&key), Err(NoteError::BadSignature));
        let changed = SPEC_NOTE.replace("Kuw", "Kux");
        assert_eq!(Note::parse(&changed).unwrap().verify(&key), Err(NoteError::BadSignature));
        let stranger = signer("postern.example/ledger/0");
        assert_eq!(Note::parse(SPEC_NOTE).unwrap().verify(stranger.verifier()), Err(NoteError::NotSigned));
    }

    #[test]
    fn signing_is_deterministic_and_a_second_signature_does_not_disturb() {
        let signer = signer("postern.example/ledger/0");
        let note = signer.sign_text("one\n\ntwo\n");
        assert_eq!(note, signer.sign_text("one\n\ntwo\n"));
        let witnessed = format!("{note}\u{2014} witness.example AAAAAAAA\n");
        assert_eq!(Note::parse(&witnessed).unwrap().verify(signer.verifier()), Ok("one\n\ntwo\n"));
    }

    #[test]
    fn names_that_would_break_the_format_are_refused() {
        for name in ["", "a b", "a+b", "a\nb", "a\u{a0}b"] {
            assert_eq!(Signer::from_seed(&Secret::new([7; 32]), name).unwrap_err(), NoteError::BadName, "{name:?}");
        }
    }

    #[test]
    fn a_key_whose_id_is_another_ones_is_refused() {
        assert_eq!(SPEC_KEY.replace("530d903a", "530d903b").parse::<VerifierKey>(), Err(NoteError::BadKey));
        assert_eq!(SPEC_KEY.replace("+Aeky", "+Bmky").parse::<VerifierKey>(), Err(NoteError::BadKey));
        assert_eq!("example.com/foo".parse::<VerifierKey>(), Err(NoteError::BadKey));
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC{0,80}(\n\n)?(\u{2014} )?[a-z+ ]{0,9}( [A-Za-z0-9+/=]{0,24})?\n?") {
            if let Ok(note) = Note::parse(&text) {
                prop_assert!(note.verify(&SPEC_KEY.parse().unwrap()).is_err());
            }
        }

        #[test]
        fn no_text_makes_the_key_parser_panic(text in "[a-z]{0,5}\\+?[0-9a-f]{0,8}\\+?\\PC{0,50}") {
            prop_assert!(text.parse::<VerifierKey>().is_err());
        }

        #[test]
        fn one_changed_byte_never_verifies(at in 0usize..SPEC_NOTE.len(), bit in 0u8..8) {
            let key: VerifierKey = SPEC_KEY.parse().unwrap();
            let mut bytes = SPEC_NOTE.as_bytes().to_vec();
            bytes[at] ^= 1 << bit;
            if let Ok(text) = String::from_utf8(bytes) {
                prop_assert!(Note::parse(&text).and_then(|note| note.verify(&key).map(drop)).is_err());
            }
        }
    }
}
