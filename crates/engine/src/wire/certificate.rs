//! A certificate of a patient's mailbox, as it is brought and as it stands.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A certificate that is brought.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewCertificate {
    /// The address it is for, one of the patient's.
    pub address: String,
    /// The certificate, with its issuers where they are needed: PEM, or base64 of DER or PKCS#7.
    pub certificate: String,
}

impl std::fmt::Debug for NewCertificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NewCertificate")
    }
}

/// A certificate on record, as it stands now. The address is not told again: the fingerprint names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CertificateView {
    /// SHA-256 of the certificate in DER, in hexadecimal.
    pub fingerprint: String,
    /// First instant it is valid.
    pub not_before: Timestamp,
    /// Last instant it is valid.
    pub not_after: Timestamp,
    /// Mail is encrypted to it.
    pub usable: bool,
    /// Why not; `other_address`, `not_for_encryption`, `not_yet_valid`, `expired`, `untrusted`, `revoked`, `revocation_unknown`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When it was added.
    pub added_at: Timestamp,
}
