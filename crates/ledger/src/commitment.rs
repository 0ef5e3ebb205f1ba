//! Commitments to low-entropy values: `HMAC-SHA-256(key, domain || 0x00 || payload)`.
//!
//! The key is 32 random bytes per message, sealed with the patient's key. Without it a ten-digit number or a known sentence
//! cannot be found by trying; with it an auditor can open the commitment. HMAC also binds what AES-GCM does not.

use aws_lc_rs::hmac;
use postern_base::Secret;

/// The random key of one message's commitments.
pub type CommitmentKey = Secret<[u8; 32]>;

/// Commits to `payload` in `domain` (such as `body`, `destination`), so that a commitment in one place cannot stand in
/// for another.
#[must_use]
pub fn commit(key: &CommitmentKey, domain: &str, payload: &[u8]) -> [u8; 32] {
    let mac = hmac::Key::new(hmac::HMAC_SHA256, key.reveal());
    let mut context = hmac::Context::with_key(&mac);
    context.update(domain.as_bytes());
    context.update(&[0]);
    context.update(payload);
    let tag = context.sign();
    let mut out = [0u8; 32];
    for (to, from) in out.iter_mut().zip(tag.as_ref()) {
        *to = *from;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_words_under_another_key_or_domain_commit_differently() {
        let one = Secret::new([1; 32]);
        let two = Secret::new([2; 32]);
        assert_eq!(commit(&one, "body", b"hello"), commit(&one, "body", b"hello"));
        assert_ne!(commit(&one, "body", b"hello"), commit(&two, "body", b"hello"));
        assert_ne!(commit(&one, "body", b"hello"), commit(&one, "destination", b"hello"));
        assert_ne!(commit(&one, "ab", b"c"), commit(&one, "a", b"bc"));
    }
}
