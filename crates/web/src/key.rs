//! API keys: `pk_ID_SECRET`. The store keeps the SHA-256 of the whole, never the key.
//!
//! The secret is 32 random bytes, so a plain hash is enough: there is nothing to guess, and no salt or slow hash would add
//! to 2^256.

use aws_lc_rs::digest;
use jiff::Timestamp;
use postern_base::rng::{NoEntropy, Rng};
use postern_base::{Hex, Secret};

/// What every key begins with, so that secret scanners find one that was leaked.
pub const PREFIX: &str = "pk_";

/// A new key. It is shown once, and only its hash is kept.
#[derive(Debug)]
pub struct ApiKey {
    /// The public part: names the key in the ledger and in logs.
    pub id: String,
    /// The key as the caller sends it.
    pub token: Secret<String>,
}

impl ApiKey {
    /// Makes a key from `rng`, at `now`: its id begins with that time in milliseconds, so that a list can say how old it is.
    ///
    /// # Errors
    /// [`NoEntropy`]; there is no key.
    pub fn new(now: Timestamp, rng: &dyn Rng) -> Result<Self, NoEntropy> {
        let mut random = [0u8; 6];
        let mut secret = [0u8; 32];
        rng.fill(&mut random)?;
        rng.fill(&mut secret)?;
        let id = format!("{:012x}{}", now.as_millisecond().max(0), Hex(&random));
        let token = format!("{PREFIX}{id}_{}", Hex(&secret));
        Ok(Self { id, token: Secret::new(token) })
    }

    /// What the store keeps of it.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        hash(self.token.reveal())
    }
}

/// When the key of this id was made; `None` for an id that does not say, such as those of older keys.
#[must_use]
pub fn made_at(id: &str) -> Option<Timestamp> {
    let millis = id.get(..12).filter(|_| id.len() == 24)?;
    Timestamp::from_millisecond(i64::from_str_radix(millis, 16).ok()?).ok()
}

/// What the store keeps of `token`.
#[must_use]
pub fn hash(token: &str) -> [u8; 32] {
    let digest = digest::digest(&digest::SHA256, token.as_bytes());
    let mut out = [0u8; 32];
    for (to, from) in out.iter_mut().zip(digest.as_ref()) {
        *to = *from;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use postern_base::SystemRng;

    #[test]
    fn two_keys_differ_and_are_found_by_their_hash() {
        let one = ApiKey::new(Timestamp::UNIX_EPOCH, &SystemRng).unwrap();
        let two = ApiKey::new(Timestamp::UNIX_EPOCH, &SystemRng).unwrap();
        assert_ne!(one.token.reveal(), two.token.reveal());
        assert_eq!(one.hash(), hash(one.token.reveal()));
        assert_eq!(one.token.reveal().len(), 3 + 24 + 1 + 64);
    }

    #[test]
    fn a_keys_id_says_when_it_was_made_and_an_older_one_does_not() {
        let now: Timestamp = "2026-12-01T20:00:00Z".parse().unwrap();
        assert_eq!(made_at(&ApiKey::new(now, &SystemRng).unwrap().id), Some(now));
        for id in ["", "4ada0d200cab5f16", "zzzzzzzzzzzzzzzzzzzzzzzz", "key_test"] {
            assert_eq!(made_at(id), None, "{id}");
        }
    }

    #[test]
    fn a_key_never_prints_itself() {
        let key = ApiKey::new(Timestamp::UNIX_EPOCH, &SystemRng).unwrap();
        assert!(!format!("{key:?}").contains(key.token.reveal().as_str()));
    }

    #[test]
    fn the_hash_is_sha_256() {
        // FIPS 180-4, the "abc" example.
        assert_eq!(Hex(&hash("abc")).to_string(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
