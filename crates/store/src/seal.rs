//! Sealing: AES-256-GCM with a random 96-bit nonce (NIST SP 800-38D section 8.2.2) and an AAD that nails a value to its place.
//!
//! A sealed value is `1 || nonce (12) || ciphertext || tag (16)`; the first byte is the format's version. The AAD is tenant, table,
//! column, row id and key version, each with its length: a value moved to another row, column or tenant does not open.

use crate::records::StoreError;
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use postern_base::{Phi, Rng, Secret};

const FORMAT: u8 = 1;
const NONCE: usize = 12;
const TAG: usize = 16;

/// A key, its version, and the tenant it works for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sealer<'k> {
    /// The key.
    pub(crate) key: &'k Secret<[u8; 32]>,
    /// Its version, part of every AAD.
    pub(crate) version: &'k [u8],
    /// The tenant's name; empty for what belongs to the machine.
    pub(crate) tenant: &'k str,
}

/// Where a sealed value stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'p> {
    /// The table.
    pub(crate) table: &'static str,
    /// The column.
    pub(crate) column: &'static str,
    /// The row's own id.
    pub(crate) row: &'p [u8],
}

impl Sealer<'_> {
    fn cipher(&self) -> Result<LessSafeKey, StoreError> {
        UnboundKey::new(&AES_256_GCM, self.key.reveal()).map(LessSafeKey::new).map_err(|_| StoreError::Damaged)
    }

    fn aad(&self, place: Place<'_>) -> Aad<Vec<u8>> {
        let parts: [&[u8]; 5] =
            [self.tenant.as_bytes(), place.table.as_bytes(), place.column.as_bytes(), place.row, self.version];
        let mut out = Vec::with_capacity(parts.iter().map(|part| part.len() + 4).sum());
        for part in parts {
            out.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
            out.extend_from_slice(part);
        }
        Aad::from(out)
    }

    /// Seals `plain` for `place`.
    pub(crate) fn seal(&self, place: Place<'_>, plain: &[u8], rng: &dyn Rng) -> Result<Vec<u8>, StoreError> {
        let mut nonce = [0u8; NONCE];
        rng.fill(&mut nonce).map_err(|_| StoreError::Unavailable)?;
        let mut out = Vec::with_capacity(1 + NONCE + plain.len() + TAG);
        out.push(FORMAT);
        out.extend_from_slice(&nonce);
        out.extend_from_slice(plain);
        let body = out.get_mut(1 + NONCE..).ok_or(StoreError::Damaged)?;
        let tag = self
            .cipher()?
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), self.aad(place), body)
            .map_err(|_| StoreError::Damaged)?;
        out.extend_from_slice(tag.as_ref());
        Ok(out)
    }

    /// Opens what was sealed for `place`.
    pub(crate) fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<Phi<Vec<u8>>, StoreError> {
        let (format, rest) = sealed.split_first().ok_or(StoreError::Damaged)?;
        let (nonce, body) = rest.split_first_chunk::<NONCE>().ok_or(StoreError::Damaged)?;
        if *format != FORMAT {
            return Err(StoreError::Damaged);
        }
        let mut body = body.to_vec();
        let length = self
            .cipher()?
            .open_in_place(Nonce::assume_unique_for_key(*nonce), self.aad(place), &mut body)
            .map_err(|_| StoreError::Damaged)?
            .len();
        body.truncate(length);
        Ok(Phi::new(body))
    }

    /// Opens a key that was sealed for `place`.
    pub(crate) fn open_key(&self, place: Place<'_>, sealed: &[u8]) -> Result<Secret<[u8; 32]>, StoreError> {
        let plain = zeroize::Zeroizing::new(self.open(place, sealed)?.into_inner());
        <[u8; 32]>::try_from(plain.as_slice()).map(Secret::new).map_err(|_| StoreError::Damaged)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use postern_base::SystemRng;

    const PLACE: Place<'static> = Place { table: "messages", column: "body", row: b"m1" };

    #[test]
    fn a_sealed_value_opens_only_in_its_own_place() {
        let key = Secret::new([7; 32]);
        let here = Sealer { key: &key, version: b"v1", tenant: "a" };
        let sealed = here.seal(PLACE, b"HbA1c 9.1", &SystemRng).unwrap();
        assert_eq!(here.open(PLACE, &sealed).unwrap().reveal(), b"HbA1c 9.1");
        for elsewhere in
            [Place { row: b"m2", ..PLACE }, Place { column: "about", ..PLACE }, Place { table: "inbound", ..PLACE }]
        {
            assert_eq!(here.open(elsewhere, &sealed).unwrap_err(), StoreError::Damaged);
        }
        for other in [Sealer { tenant: "b", ..here }, Sealer { version: b"v2", ..here }] {
            assert_eq!(other.open(PLACE, &sealed).unwrap_err(), StoreError::Damaged);
        }
    }

    #[test]
    fn a_changed_or_cut_value_does_not_open() {
        let key = Secret::new([7; 32]);
        let here = Sealer { key: &key, version: b"", tenant: "a" };
        let sealed = here.seal(PLACE, b"text", &SystemRng).unwrap();
        for n in 0..sealed.len() {
            let mut bad = sealed.clone();
            bad[n] ^= 1;
            assert!(here.open(PLACE, &bad).is_err(), "byte {n}");
            assert!(here.open(PLACE, &sealed[..n]).is_err(), "length {n}");
        }
    }

    #[test]
    fn the_same_words_never_look_the_same() {
        let key = Secret::new([7; 32]);
        let here = Sealer { key: &key, version: b"", tenant: "a" };
        assert_ne!(here.seal(PLACE, b"x", &SystemRng).unwrap(), here.seal(PLACE, b"x", &SystemRng).unwrap());
    }
}
