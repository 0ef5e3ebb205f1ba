//! What a practice believes of certificates: which authorities, and what they revoked.
//!
//! Chains are verified offline, as RFC 5280 says, by the library that verifies them for TLS. Revocation is read from the lists
//! (CRLs) that the practice was given, each signed by the certificate's issuer and in its time. No list is fetched and no OCSP
//! responder is asked, because asking would tell the authority to whom the practice writes: where no list in its time speaks of a
//! certificate, nobody can tell.

use super::bundle::{Bundle, encrypts, fingerprint, names, validity};
use jiff::Timestamp;
use openssl::x509::X509;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, TrustAnchor, UnixTime};
use std::fmt;
use std::time::Duration;
use thiserror::Error;
use webpki::{
    CertRevocationList, EndEntityCert, ExpirationPolicy, KeyUsage, OwnedCertRevocationList, RevocationCheckDepth,
    RevocationOptionsBuilder, UnknownStatusPolicy,
};

/// id-kp-emailProtection, 1.3.6.1.5.5.7.3.4 (RFC 8550 section 4.4.4).
const EMAIL_PROTECTION: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x04];

/// The authorities a practice trusts for mail, and the revocation lists it was given.
pub struct Trust {
    anchors: Vec<TrustAnchor<'static>>,
    lists: Vec<CertRevocationList<'static>>,
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trust").field("anchors", &self.anchors.len()).field("lists", &self.lists.len()).finish()
    }
}

/// A file of authorities or revocations is not what is expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TrustError {
    /// The authorities.
    #[error("expected a PEM file with at least one certificate of an authority")]
    Anchors,
    /// A revocation list; the number says which, from 0.
    #[error(
        "expected a certificate revocation list, PEM or DER, as RFC 5280 section 5 allows it: version 2, with a CRL number"
    )]
    List(usize),
}

/// What a certificate turned out to be for an address, at an instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Examined {
    /// First instant it is valid.
    pub from: Timestamp,
    /// Last instant it is valid.
    pub until: Timestamp,
    /// Its chain ends in an authority the practice trusts, and every certificate in it is valid for mail now.
    pub trusted: bool,
    /// It, or one it hangs on, was revoked; `None` = no list in its time says.
    pub revoked: Option<bool>,
    /// It holds the address as an `rfc822Name`.
    pub names_address: bool,
    /// A message can be encrypted to it.
    pub encrypts: bool,
    /// SHA-256 of it in DER.
    pub fingerprint: [u8; 32],
    now: Timestamp,
}

/// Why a certificate cannot be used: the first of what is wrong, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Unfit {
    /// It cannot be read.
    #[error("the certificate cannot be read")]
    Unreadable,
    /// It names another address.
    #[error("the certificate does not hold this address as an rfc822Name")]
    OtherAddress,
    /// Nothing can be encrypted to it.
    #[error("nothing can be encrypted to the certificate: its key usage or its key does not allow it")]
    NotForEncryption,
    /// Its time has not begun.
    #[error("the certificate is not valid yet")]
    NotYetValid,
    /// Its time is over.
    #[error("the certificate has expired")]
    Expired,
    /// Nobody the practice trusts vouches for it.
    #[error("the certificate's chain does not end in an authority that is trusted for mail")]
    Untrusted,
    /// It was revoked.
    #[error("the certificate was revoked")]
    Revoked,
    /// Nobody can tell whether it was revoked.
    #[error("no revocation list in its time speaks of the certificate")]
    RevocationUnknown,
}

impl Unfit {
    /// The closed word for it, for answers and metrics.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::OtherAddress => "other_address",
            Self::NotForEncryption => "not_for_encryption",
            Self::NotYetValid => "not_yet_valid",
            Self::Expired => "expired",
            Self::Untrusted => "untrusted",
            Self::Revoked => "revoked",
            Self::RevocationUnknown => "revocation_unknown",
        }
    }
}

/// Somebody whose certificate was found fit: the only thing a mail is encrypted to.
#[derive(Clone)]
pub struct Recipient {
    address: String,
    pub(super) certificate: X509,
    until: Timestamp,
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recipient")
    }
}

impl Recipient {
    /// Whether this is the holder of `address`, and still at `now`.
    #[must_use]
    pub fn is(&self, address: &str, now: Timestamp) -> bool {
        self.address == address && now < self.until
    }
}

impl Examined {
    /// Whether mail may be encrypted to it.
    ///
    /// # Errors
    /// [`Unfit`], the first reason why not.
    pub fn fit(&self) -> Result<(), Unfit> {
        let checks = [
            (self.names_address, Unfit::OtherAddress),
            (self.encrypts, Unfit::NotForEncryption),
            (self.from <= self.now, Unfit::NotYetValid),
            (self.now < self.until, Unfit::Expired),
            (self.trusted, Unfit::Untrusted),
            (self.revoked != Some(true), Unfit::Revoked),
            (self.revoked.is_some(), Unfit::RevocationUnknown),
        ];
        checks.into_iter().find(|(well, _)| !well).map_or(Ok(()), |(_, why)| Err(why))
    }
}

impl Trust {
    /// Reads the authorities from PEM and each revocation list from PEM (one or more) or DER.
    ///
    /// # Errors
    /// [`TrustError`], which says which of them.
    pub fn read(anchors: &[u8], lists: &[Vec<u8>]) -> Result<Self, TrustError> {
        let bad = |_| TrustError::Anchors;
        let certificates: Vec<CertificateDer<'static>> =
            CertificateDer::pem_slice_iter(anchors).collect::<Result<_, _>>().map_err(|_| TrustError::Anchors)?;
        let anchors: Vec<_> = certificates
            .iter()
            .map(|certificate| webpki::anchor_from_trusted_cert(certificate).map(|anchor| anchor.to_owned()))
            .collect::<Result<_, _>>()
            .map_err(bad)?;
        if anchors.is_empty() {
            return Err(TrustError::Anchors);
        }
        let mut read = Vec::new();
        for (number, bytes) in lists.iter().enumerate() {
            read.extend(revocations(bytes).ok_or(TrustError::List(number))?);
        }
        Ok(Self { anchors, lists: read })
    }

    /// Looks at the certificate of `bundle` for `address`, at `now`; `None` when it cannot be read.
    #[must_use]
    pub fn examine(&self, bundle: &Bundle, address: &str, now: Timestamp) -> Option<Examined> {
        let certificate = bundle.end_entity(address)?;
        let (from, until) = validity(certificate)?;
        let der = CertificateDer::from(certificate.to_der().ok()?);
        let others: Vec<CertificateDer<'static>> = bundle.ders().into_iter().map(CertificateDer::from).collect();
        let chain = Chain { der: &der, others: &others, at: unix(now)? };
        let trusted = self.verify(&chain, &[]).is_ok();
        Some(Examined {
            from,
            until,
            trusted,
            revoked: if trusted { self.revoked(&chain) } else { None },
            names_address: names(certificate, address),
            encrypts: encrypts(certificate),
            fingerprint: fingerprint(certificate)?,
            now,
        })
    }

    /// The recipient at `address`, when `bundle` holds a certificate of theirs that is fit at `now`.
    ///
    /// # Errors
    /// [`Unfit`].
    pub fn recipient(&self, bundle: &Bundle, address: &str, now: Timestamp) -> Result<Recipient, Unfit> {
        let examined = self.examine(bundle, address, now).ok_or(Unfit::Unreadable)?;
        examined.fit()?;
        let certificate = bundle.end_entity(address).ok_or(Unfit::Unreadable)?.clone();
        Ok(Recipient { address: address.to_owned(), certificate, until: examined.until })
    }

    fn verify(&self, chain: &Chain<'_>, lists: &[&CertRevocationList<'_>]) -> Result<(), webpki::Error> {
        let revocation = RevocationOptionsBuilder::new(lists).ok().map(|options| {
            options
                .with_depth(RevocationCheckDepth::Chain)
                .with_status_policy(UnknownStatusPolicy::Deny)
                .with_expiration_policy(ExpirationPolicy::Enforce)
                .build()
        });
        let usage = KeyUsage::required_if_present(EMAIL_PROTECTION);
        let end = EndEntityCert::try_from(chain.der)?;
        let all = webpki::ALL_VERIFICATION_ALGS;
        end.verify_for_usage(all, &self.anchors, chain.others, chain.at, usage, revocation, None).map(|_| ())
    }

    /// Whether a certificate of a chain that verifies was revoked.
    fn revoked(&self, chain: &Chain<'_>) -> Option<bool> {
        if self.lists.is_empty() {
            return None;
        }
        let lists: Vec<&CertRevocationList<'_>> = self.lists.iter().collect();
        match self.verify(chain, &lists) {
            Ok(()) => Some(false),
            Err(webpki::Error::CertRevoked) => Some(true),
            Err(_) => None,
        }
    }
}

/// A certificate with what it may hang on, and when.
struct Chain<'a> {
    der: &'a CertificateDer<'static>,
    others: &'a [CertificateDer<'static>],
    at: UnixTime,
}

fn unix(at: Timestamp) -> Option<UnixTime> {
    Some(UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(at.as_second()).ok()?)))
}

fn revocations(bytes: &[u8]) -> Option<Vec<CertRevocationList<'static>>> {
    let list = |der: &[u8]| OwnedCertRevocationList::from_der(der).map(CertRevocationList::from).ok();
    if let Some(one) = list(bytes) {
        return Some(vec![one]);
    }
    let all: Option<Vec<_>> =
        CertificateRevocationListDer::pem_slice_iter(bytes).map(|der| der.ok().and_then(|der| list(&der))).collect();
    all.filter(|all| !all.is_empty())
}
