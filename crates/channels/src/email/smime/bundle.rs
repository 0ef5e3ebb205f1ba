//! Certificates as people have them: PEM, DER, or a PKCS#7 bundle of either.

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use openssl::asn1::{Asn1Time, Asn1TimeRef};
use openssl::pkcs7::Pkcs7;
use openssl::pkey::{Id, PKey, Public};
use openssl::x509::{X509, X509KeyUsage};
use std::fmt;
use thiserror::Error;

/// The longest file that is read, and the most certificates in it: a chain has three or four.
const OCTETS: usize = 65_536;
const CERTIFICATES: usize = 16;
/// NIST SP 800-131A revision 2, section 6: RSA key transport with at least 2048 bits.
const RSA_BITS: u32 = 2_048;
/// The same section: elliptic curves with at least 224 bits; what mail programs have begins with P-256.
const CURVE_BITS: u32 = 256;

/// A certificate with those that came along, such as its issuers.
#[derive(Clone)]
pub struct Bundle {
    certificates: Vec<X509>,
}

impl fmt::Debug for Bundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bundle")
    }
}

/// What was given is not certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BundleError {
    /// It is none of the forms that are read.
    #[error("expected certificates as PEM, DER or PKCS#7 (in JSON: PEM, or base64 of the others)")]
    Unreadable,
    /// It is too much.
    #[error("expected at most 16 certificates in 64 KiB")]
    TooLarge,
}

impl Bundle {
    /// Reads PEM (one or more certificates, or PKCS#7), DER (one certificate) or PKCS#7 in DER (`.p7b`, `.p7c`).
    ///
    /// # Errors
    /// [`BundleError`].
    pub fn read(bytes: &[u8]) -> Result<Self, BundleError> {
        if bytes.len() > OCTETS {
            return Err(BundleError::TooLarge);
        }
        let certificates = pem(bytes).or_else(|| der(bytes)).ok_or(BundleError::Unreadable)?;
        match certificates.len() {
            0 => Err(BundleError::Unreadable),
            1..=CERTIFICATES => Ok(Self { certificates }),
            _ => Err(BundleError::TooLarge),
        }
    }

    /// Reads text: PEM, or base64 of what [`Bundle::read`] reads.
    ///
    /// # Errors
    /// [`BundleError`].
    pub fn read_text(text: &str) -> Result<Self, BundleError> {
        if text.contains("-----BEGIN ") {
            return Self::read(text.as_bytes());
        }
        let packed: String = text.split_whitespace().collect();
        Self::read(&STANDARD.decode(packed).map_err(|_| BundleError::Unreadable)?)
    }

    /// As PEM, the certificate for `address` first: what is kept.
    ///
    /// # Errors
    /// [`BundleError::Unreadable`] when a certificate cannot be written again.
    pub fn to_pem(&self, address: &str) -> Result<Vec<u8>, BundleError> {
        let first = self.end_entity(address);
        let rest = self.certificates.iter().filter(|one| first.is_none_or(|first| !std::ptr::eq(*one, first)));
        let mut out = Vec::new();
        for certificate in first.into_iter().chain(rest) {
            out.extend(certificate.to_pem().map_err(|_| BundleError::Unreadable)?);
        }
        Ok(out)
    }

    /// The certificate to use for `address`: one that names it and can be encrypted to, else one that names it, else the first.
    pub(super) fn end_entity(&self, address: &str) -> Option<&X509> {
        let named = || self.certificates.iter().filter(|one| names(one, address));
        named().find(|one| encrypts(one)).or_else(|| named().next()).or_else(|| self.certificates.first())
    }

    /// Every certificate in DER.
    pub(super) fn ders(&self) -> Vec<Vec<u8>> {
        self.certificates.iter().filter_map(|one| one.to_der().ok()).collect()
    }

    pub(super) fn certificates(&self) -> &[X509] {
        &self.certificates
    }
}

fn pem(bytes: &[u8]) -> Option<Vec<X509>> {
    let text = std::str::from_utf8(bytes).ok()?;
    if !text.contains("-----BEGIN ") {
        return None;
    }
    if text.contains("-----BEGIN CERTIFICATE-----") {
        return X509::stack_from_pem(bytes).ok();
    }
    of_pkcs7(&Pkcs7::from_pem(bytes).ok()?)
}

fn der(bytes: &[u8]) -> Option<Vec<X509>> {
    match X509::from_der(bytes) {
        Ok(certificate) => Some(vec![certificate]),
        Err(_) => of_pkcs7(&Pkcs7::from_der(bytes).ok()?),
    }
}

fn of_pkcs7(bundle: &Pkcs7) -> Option<Vec<X509>> {
    let certificates = bundle.signed()?.certificates()?;
    Some(certificates.iter().map(openssl::x509::X509Ref::to_owned).collect())
}

/// Whether the certificate holds `address` as an `rfc822Name`, without regard to case: authorities write names in capitals. RFC 5280
/// section 7.5 compares the local part exactly; RFC 5321 section 2.4: no host should tell mailboxes apart by it. The old `emailAddress` in the subject name counts for nothing.
pub(super) fn names(certificate: &X509, address: &str) -> bool {
    let Some(names) = certificate.subject_alt_names() else { return false };
    names.iter().filter_map(|name| name.email()).any(|email| same_mailbox(email, address))
}

fn same_mailbox(one: &str, other: &str) -> bool {
    match (one.rsplit_once('@'), other.rsplit_once('@')) {
        (Some((local, host)), Some((other_local, other_host))) => {
            local.eq_ignore_ascii_case(other_local) && host.eq_ignore_ascii_case(other_host)
        }
        _ => false,
    }
}

/// Whether a message key can be given to the holder of the certificate. RFC 8550 section 4.4.2: without the extension any use is
/// meant; with it, RSA needs `keyEncipherment` and elliptic curves `keyAgreement`.
pub(super) fn encrypts(certificate: &X509) -> bool {
    let Ok(key) = certificate.public_key() else { return false };
    let meant = |usage| certificate.key_usage().is_none_or(|stated| stated.contains(usage));
    match key.id() {
        Id::RSA => key.bits() >= RSA_BITS && meant(X509KeyUsage::KEY_ENCIPHERMENT),
        Id::EC => key.bits() >= CURVE_BITS && meant(X509KeyUsage::KEY_AGREEMENT),
        _ => false,
    }
}

/// Whether the certificate's key may sign mail (RFC 8550 section 4.4.2), with a key that is strong enough.
pub(super) fn signs(certificate: &X509, key: &PKey<Public>) -> bool {
    let strong = match key.id() {
        Id::RSA => key.bits() >= RSA_BITS,
        Id::EC => key.bits() >= CURVE_BITS,
        _ => false,
    };
    let either = X509KeyUsage::DIGITAL_SIGNATURE | X509KeyUsage::NON_REPUDIATION;
    strong && certificate.key_usage().is_none_or(|stated| stated.intersects(either))
}

/// The hosts that the first certificate of a chain in PEM holds for, in small letters, and its last instant.
pub(in crate::email) fn hosts_of(pem: &[u8]) -> Option<(Vec<String>, Timestamp)> {
    let leaf = X509::stack_from_pem(pem).ok()?.into_iter().next()?;
    let (_, until) = validity(&leaf)?;
    let names = leaf.subject_alt_names();
    let names = names.iter().flatten().filter_map(|name| name.dnsname()).map(str::to_ascii_lowercase).collect();
    Some((names, until))
}

/// The first and last instant of the certificate.
pub(super) fn validity(certificate: &X509) -> Option<(Timestamp, Timestamp)> {
    Some((instant(certificate.not_before())?, instant(certificate.not_after())?))
}

fn instant(time: &Asn1TimeRef) -> Option<Timestamp> {
    let since = Asn1Time::from_unix(0).ok()?.diff(time).ok()?;
    Timestamp::from_second(i64::from(since.days) * 86_400 + i64::from(since.secs)).ok()
}

/// SHA-256 of the certificate in DER: how people compare two.
pub(super) fn fingerprint(certificate: &X509) -> Option<[u8; 32]> {
    let der = certificate.to_der().ok()?;
    digest::digest(&digest::SHA256, &der).as_ref().try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mailbox_is_the_same_when_only_the_case_of_its_host_differs() {
        assert!(same_mailbox("rosa@Example.ORG", "rosa@example.org"));
        assert!(same_mailbox("ROSA@EXAMPLE.ORG", "rosa@example.org"));
        assert!(!same_mailbox("rosa@example.org.evil.example", "rosa@example.org"));
        assert!(!same_mailbox("example.org", "example.org"), "no mailbox at all");
    }

    #[test]
    fn what_is_no_certificate_is_refused() {
        for bad in [&b""[..], b"rosa", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", &[0x30; 40]] {
            assert_eq!(Bundle::read(bad).unwrap_err(), BundleError::Unreadable);
        }
        assert_eq!(Bundle::read(&vec![0; OCTETS + 1]).unwrap_err(), BundleError::TooLarge);
    }
}
