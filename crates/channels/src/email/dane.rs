//! DANE for SMTP (RFC 7672): the certificate is the one that the domain itself names in signed DNS, whoever issued it.

use crate::tls::Judge;
use aws_lc_rs::digest::{SHA256, SHA512, digest};
use postern_base::Hex;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier as _;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, RootCertStore};
use std::fmt;
use std::sync::Arc;

/// RFC 6698 section 7.2: DANE-TA(2), a trust anchor that the chain must lead to.
const DANE_TA: u8 = 2;
/// DANE-EE(3), the server's own certificate.
const DANE_EE: u8 = 3;

/// A TLSA record (RFC 6698 section 2.1), its numbers as they came.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Tlsa {
    pub(super) usage: u8,
    pub(super) selector: u8,
    pub(super) matching: u8,
    pub(super) data: Vec<u8>,
}

impl fmt::Display for Tlsa {
    /// RFC 6698 section 2.2.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {} {}", self.usage, self.selector, self.matching, Hex(&self.data))
    }
}

impl Tlsa {
    /// RFC 7672 section 3.1: of the four usages SMTP has use for two; selectors and digests that we do not know cannot match.
    pub(super) fn is_usable(&self) -> bool {
        let length = match self.matching {
            0 => !self.data.is_empty(),
            1 => self.data.len() == 32,
            2 => self.data.len() == 64,
            _ => false,
        };
        matches!(self.usage, DANE_TA | DANE_EE) && self.selector <= 1 && length
    }

    /// Whether it names an authority below which certificates are asked for a name.
    pub(super) const fn names_an_authority(&self) -> bool {
        self.usage == DANE_TA
    }

    /// Whether this record speaks of `certificate` (RFC 6698 sections 2.1.2 and 2.1.3).
    pub(super) fn names(&self, certificate: &CertificateDer<'_>) -> bool {
        let selected = match self.selector {
            0 => certificate.to_vec(),
            1 => match ParsedCertificate::try_from(certificate) {
                Ok(parsed) => parsed.subject_public_key_info().to_vec(),
                Err(_) => return false,
            },
            _ => return false,
        };
        match self.matching {
            0 => selected == self.data,
            1 => digest(&SHA256, &selected).as_ref() == self.data,
            2 => digest(&SHA512, &selected).as_ref() == self.data,
            _ => false,
        }
    }
}

/// Believes the certificates that the TLSA records of a server name, and no authority.
#[derive(Debug)]
pub(super) struct DaneVerifier {
    records: Arc<[Tlsa]>,
    /// RFC 7672 section 3.2.2: beside the server's own name, that of the domain whose mail it takes.
    domain: Option<ServerName<'static>>,
    provider: Arc<CryptoProvider>,
}

impl DaneVerifier {
    /// For a server with `records` that takes the mail of `domain`.
    pub(super) fn new(records: Arc<[Tlsa]>, domain: &str, provider: Arc<CryptoProvider>) -> Self {
        Self { records, domain: ServerName::try_from(domain.to_owned()).ok(), provider }
    }

    /// Whether the chain leads to `anchor`, is in its time and is for one of the names (RFC 7672 section 3.1.2).
    fn leads_to(
        &self,
        anchor: &CertificateDer<'_>,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<(), rustls::Error> {
        let mut roots = RootCertStore::empty();
        roots.add(anchor.clone().into_owned())?;
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&self.provider))
            .build()
            .map_err(|_| rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer))?;
        let for_name = |name: &ServerName<'_>| {
            verifier.verify_server_cert(end_entity, intermediates, name, &[], now).map(|_verified| ())
        };
        match (for_name(name), &self.domain) {
            (Err(_), Some(domain)) => for_name(domain),
            (checked, _) => checked,
        }
    }
}

impl Judge for DaneVerifier {
    fn judge(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<(), rustls::Error> {
        let mut seen = rustls::Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure);
        for record in self.records.iter().filter(|record| record.is_usable()) {
            if record.usage == DANE_EE {
                // RFC 7672 section 3.1.1: neither names nor dates are looked at; the signed record vouches for this very key.
                if record.names(end_entity) {
                    return Ok(());
                }
                continue;
            }
            for anchor in intermediates.iter().filter(|certificate| record.names(certificate)) {
                match self.leads_to(anchor, end_entity, intermediates, server_name, now) {
                    Ok(()) => return Ok(()),
                    Err(error) => seen = error,
                }
            }
        }
        Err(seen)
    }
}

#[cfg(test)]
mod tests;
