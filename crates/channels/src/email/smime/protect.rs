//! Signing and encrypting a mail's content (RFC 8551 section 3.6: signed first, then encrypted).

use super::bundle::{Bundle, names, signs, validity};
use super::trust::Recipient;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use openssl::cms::{CMSOptions, CmsContentInfo};
use openssl::pkey::{PKey, Private};
use openssl::stack::Stack;
use openssl::symm;
use openssl::x509::{X509, X509ExtendedKeyUsage};
use postern_base::Secret;
use std::fmt;
use thiserror::Error;

/// How the content is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Cipher {
    /// AES-256 in GCM, as AuthEnvelopedData (RFC 8551 section 2.7: must be supported): a changed byte is noticed.
    #[default]
    Aes256Gcm,
    /// AES-256 in CBC, as EnvelopedData: for mail programs of before 2019, which know no other.
    Aes256Cbc,
}

impl Cipher {
    /// RFC 8551 section 3.2.2.
    pub(in crate::email) const fn smime_type(self) -> &'static str {
        match self {
            Self::Aes256Gcm => "authEnveloped-data",
            Self::Aes256Cbc => "enveloped-data",
        }
    }

    fn openssl(self) -> symm::Cipher {
        match self {
            Self::Aes256Gcm => symm::Cipher::aes_256_gcm(),
            Self::Aes256Cbc => symm::Cipher::aes_256_cbc(),
        }
    }
}

/// Who signs: the practice's own certificate and key, and how it encrypts.
pub struct Signer {
    certificate: X509,
    issuers: Stack<X509>,
    key: PKey<Private>,
    cipher: Cipher,
    from: Timestamp,
    until: Timestamp,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").field("cipher", &self.cipher).field("until", &self.until).finish_non_exhaustive()
    }
}

/// The practice's own certificate and key cannot be used; says what to put right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SignerError {
    /// The certificate cannot be read.
    #[error("expected the practice's certificate, with its issuers, as PEM")]
    Certificate,
    /// The key cannot be read.
    #[error("expected an unencrypted private key as PEM")]
    Key,
    /// The key is another's.
    #[error("the private key does not belong to the certificate")]
    Mismatch,
    /// The certificate is not for this.
    #[error("the certificate's key usage or key does not allow signing mail")]
    NotForSigning,
    /// The certificate names another sender.
    #[error("the certificate does not hold the sender's address as an rfc822Name")]
    OtherAddress,
}

/// A mail could not be protected, so it does not go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ProtectError {
    /// Our own certificate is not valid now.
    #[error("the practice's own certificate is not valid now")]
    OwnCertificate,
    /// The library refused.
    #[error("the content could not be signed and encrypted")]
    Library,
}

impl Signer {
    /// The signer for mail from `address`.
    ///
    /// # Errors
    /// [`SignerError`].
    pub fn new(certificates: &[u8], key: &Secret<Vec<u8>>, address: &str, cipher: Cipher) -> Result<Self, SignerError> {
        let bundle = Bundle::read(certificates).map_err(|_| SignerError::Certificate)?;
        let key = PKey::private_key_from_pem(key.reveal()).map_err(|_| SignerError::Key)?;
        let own = |one: &&X509| one.public_key().is_ok_and(|public| public.public_eq(&key));
        let certificate = bundle.certificates().iter().find(own).ok_or(SignerError::Mismatch)?.clone();
        let public = certificate.public_key().map_err(|_| SignerError::Certificate)?;
        let any = X509ExtendedKeyUsage::SMIME | X509ExtendedKeyUsage::ANYEKU;
        let for_mail = certificate.extended_key_usage().is_none_or(|stated| stated.intersects(any));
        if !signs(&certificate, &public) || !for_mail {
            return Err(SignerError::NotForSigning);
        }
        if !names(&certificate, address) {
            return Err(SignerError::OtherAddress);
        }
        let (from, until) = validity(&certificate).ok_or(SignerError::Certificate)?;
        let mut issuers = Stack::new().map_err(|_| SignerError::Certificate)?;
        for one in bundle.certificates().iter().filter(|one| !own(one)) {
            issuers.push(one.clone()).map_err(|_| SignerError::Certificate)?;
        }
        Ok(Self { certificate, issuers, key, cipher, from, until })
    }

    /// How it encrypts.
    #[must_use]
    pub const fn cipher(&self) -> Cipher {
        self.cipher
    }
}

/// What a mail is put in: signed by one, for the eyes of another.
#[derive(Debug, Clone, Copy)]
pub struct Envelope<'a> {
    /// Who signs.
    pub signer: &'a Signer,
    /// Who reads.
    pub recipient: &'a Recipient,
}

impl Envelope<'_> {
    /// `entity`, a MIME entity with its headers and CRLF line ends, signed and then encrypted, at `now`: DER of a CMS ContentInfo.
    ///
    /// # Errors
    /// [`ProtectError`].
    pub fn protect(&self, entity: &[u8], now: Timestamp) -> Result<Vec<u8>, ProtectError> {
        let Signer { certificate, issuers, key, cipher, from, until } = self.signer;
        if now < *from || now >= *until {
            return Err(ProtectError::OwnCertificate);
        }
        let broken = |_| ProtectError::Library;
        // Not detached: within an encrypted content nothing needs to read the text without understanding the signature, and no
        // program on the way can reflow what is inside a ContentInfo.
        let signed =
            CmsContentInfo::sign(Some(certificate), Some(key), Some(issuers), Some(entity), CMSOptions::BINARY)
                .and_then(|signed| signed.to_der())
                .map_err(broken)?;
        let inner = signed_entity(&signed);
        let mut recipients = Stack::new().map_err(broken)?;
        recipients.push(self.recipient.certificate.clone()).map_err(broken)?;
        CmsContentInfo::encrypt(&recipients, &inner, cipher.openssl(), CMSOptions::BINARY)
            .and_then(|encrypted| encrypted.to_der())
            .map_err(broken)
    }
}

/// A signed ContentInfo as a MIME entity (RFC 8551 section 3.5.2).
fn signed_entity(der: &[u8]) -> Vec<u8> {
    let mut entity = b"Content-Type: application/pkcs7-mime; smime-type=signed-data; name=\"smime.p7m\"\r\n\
        Content-Transfer-Encoding: base64\r\n\
        Content-Disposition: attachment; filename=\"smime.p7m\"\r\n\r\n"
        .to_vec();
    let encoded = STANDARD.encode(der);
    for line in encoded.as_bytes().chunks(76) {
        entity.extend_from_slice(line);
        entity.extend_from_slice(b"\r\n");
    }
    entity
}
