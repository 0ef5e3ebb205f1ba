//! DKIM (RFC 6376, RFC 8463, RFC 8301): our mail says whose it is, in a way that its reader's server can check.
//!
//! Header and body are made canonical in the relaxed way, so that a server which folds a line anew breaks nothing. Every header that
//! says something to a reader, or to the program that shows it, is named once more than it stands there: one put in front on the way
//! breaks the signature (RFC 6376 section 8.15).

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use postern_base::Secret;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject as _;
use std::fmt;
use thiserror::Error;

/// What is signed, and may be added by nobody.
const SIGNED: &[&str] = &[
    "from",
    "sender",
    "to",
    "cc",
    "subject",
    "reply-to",
    "date",
    "message-id",
    "in-reply-to",
    "references",
    "auto-submitted",
    "content-language",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
    "content-disposition",
    // One-click unsubscribing is believed only where both are signed.
    "list-unsubscribe",
    "list-unsubscribe-post",
];
/// RFC 8301 section 3.2: signers SHOULD use at least 2048 bits.
const MODULUS_OCTETS: usize = 256;

/// Signs mail of one domain.
pub struct Dkim {
    domain: String,
    selector: String,
    key: Key,
}

enum Key {
    Rsa(Box<RsaKeyPair>),
    Ed25519(Box<Ed25519KeyPair>),
}

impl fmt::Debug for Dkim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dkim").field("domain", &self.domain).field("selector", &self.selector).finish_non_exhaustive()
    }
}

/// A domain's signer cannot be set up as configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum DkimError {
    /// Domain or selector is no name.
    #[error("expected a domain and a selector of letters, digits, hyphens and dots")]
    Name,
    /// The key cannot be used.
    #[error("expected a private key as PKCS#8 PEM: RSA with at least 2048 bits, or Ed25519")]
    Key,
}

/// The library could not sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the mail could not be signed")]
pub struct Unsigned;

impl Dkim {
    /// The signer of `domain` under `selector`, with a private key in PKCS#8 PEM.
    ///
    /// # Errors
    /// [`DkimError`].
    pub fn new(domain: &str, selector: &str, key: &Secret<Vec<u8>>) -> Result<Self, DkimError> {
        let label = |label: &str| {
            !label.is_empty() && label.len() <= 63 && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        };
        if !domain.split('.').all(label) || !selector.split('.').all(label) {
            return Err(DkimError::Name);
        }
        let der = PrivatePkcs8KeyDer::from_pem_slice(key.reveal()).map_err(|_| DkimError::Key)?;
        let der = der.secret_pkcs8_der();
        let key = match (RsaKeyPair::from_pkcs8(der), Ed25519KeyPair::from_pkcs8_maybe_unchecked(der)) {
            (Ok(key), _) if key.public_modulus_len() >= MODULUS_OCTETS => Key::Rsa(Box::new(key)),
            (Err(_), Ok(key)) => Key::Ed25519(Box::new(key)),
            _ => return Err(DkimError::Key),
        };
        Ok(Self { domain: domain.to_ascii_lowercase(), selector: selector.to_owned(), key })
    }

    /// Whether mail from `address` is signed by this.
    #[must_use]
    pub fn is_for(&self, address: &str) -> bool {
        address.rsplit_once('@').is_some_and(|(_, domain)| domain.eq_ignore_ascii_case(&self.domain))
    }

    /// The TXT record to publish: its name and its text (RFC 6376 section 3.6.1, RFC 8463 section 4).
    #[must_use]
    pub fn record(&self) -> (String, String) {
        let (kind, public) = match &self.key {
            Key::Rsa(key) => ("rsa", key.public_key().as_der().map(|der| der.as_ref().to_vec()).unwrap_or_default()),
            Key::Ed25519(key) => ("ed25519", key.public_key().as_ref().to_vec()),
        };
        let name = format!("{}._domainkey.{}", self.selector, self.domain);
        (name, format!("v=DKIM1; k={kind}; p={}", STANDARD.encode(public)))
    }

    /// `message`, as it is put on the wire, with our signature in front; it says it was made at `at`.
    ///
    /// # Errors
    /// [`Unsigned`].
    pub fn sign(&self, message: &[u8], at: Timestamp) -> Result<Vec<u8>, Unsigned> {
        let (head, body) = split(message);
        let fields = fields(head);
        let names: Vec<&str> = signed_names(&fields);
        let algorithm = match self.key {
            Key::Rsa(_) => "rsa-sha256",
            Key::Ed25519(_) => "ed25519-sha256",
        };
        let body_hash = STANDARD.encode(digest(&SHA256, &relaxed_body(body)));
        let unsigned = format!(
            "DKIM-Signature: v=1; a={algorithm}; c=relaxed/relaxed; d={}; s={};\r\n t={}; h={};\r\n bh={body_hash};\r\n b=",
            self.domain,
            self.selector,
            at.as_second(),
            names.join(":\r\n "),
        );
        let mut signed = Vec::new();
        let mut left = fields.clone();
        for name in names {
            // RFC 6376 section 5.4.2: from the last one up; one more than there are counts as empty.
            let at = left.iter().rposition(|field| name_of(field).eq_ignore_ascii_case(name.as_bytes()));
            if let Some(at) = at {
                signed.extend(relaxed_field(left.remove(at)));
            }
        }
        let own = relaxed_field(unsigned.as_bytes());
        signed.extend_from_slice(own.strip_suffix(b"\r\n").unwrap_or(&own));
        let signature = self.signature(&signed)?;
        let mut out = unsigned.into_bytes();
        for line in signature.as_bytes().chunks(72) {
            out.extend_from_slice(b"\r\n ");
            out.extend_from_slice(line);
        }
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(message);
        Ok(out)
    }

    fn signature(&self, bytes: &[u8]) -> Result<String, Unsigned> {
        match &self.key {
            Key::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), bytes, &mut signature).map_err(|_| Unsigned)?;
                Ok(STANDARD.encode(signature))
            }
            // RFC 8463 section 3: the hash is what is signed.
            Key::Ed25519(key) => Ok(STANDARD.encode(key.sign(digest(&SHA256, bytes).as_ref()))),
        }
    }
}

/// The header with its last line end, and the body.
fn split(message: &[u8]) -> (&[u8], &[u8]) {
    let end = message.windows(4).position(|four| four == b"\r\n\r\n");
    let (head, rest) = message.split_at(end.map_or(message.len(), |at| at.saturating_add(2)));
    (head, rest.strip_prefix(b"\r\n").unwrap_or(rest))
}

/// The header's fields, each with the lines it is folded over.
fn fields(head: &[u8]) -> Vec<&[u8]> {
    let mut found = Vec::new();
    let (mut start, mut at) = (0, 0);
    for line in head.split_inclusive(|byte| *byte == b'\n') {
        if at > start && !line.starts_with(b" ") && !line.starts_with(b"\t") {
            found.extend(head.get(start..at));
            start = at;
        }
        at = at.saturating_add(line.len());
    }
    found.extend(head.get(start..at).filter(|field| !field.is_empty()));
    found
}

fn name_of(field: &[u8]) -> &[u8] {
    field.split(|byte| *byte == b':').next().unwrap_or_default().trim_ascii_end()
}

/// The names to sign, each once for every time it stands there, and once more (RFC 6376 section 5.4.2).
fn signed_names(fields: &[&[u8]]) -> Vec<&'static str> {
    let there = |name: &str| fields.iter().filter(|field| name_of(field).eq_ignore_ascii_case(name.as_bytes())).count();
    SIGNED.iter().flat_map(|name| std::iter::repeat_n(*name, there(name).saturating_add(1))).collect()
}

/// RFC 6376 section 3.4.2.
fn relaxed_field(field: &[u8]) -> Vec<u8> {
    let (name, value) = match field.iter().position(|byte| *byte == b':') {
        Some(at) => field.split_at(at),
        None => (field, &b":"[..]),
    };
    let mut out = name.trim_ascii_end().to_ascii_lowercase();
    out.push(b':');
    let unfolded: Vec<u8> = value.iter().skip(1).copied().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
    out.extend(single_spaced(&unfolded).trim_ascii());
    out.extend_from_slice(b"\r\n");
    out
}

/// RFC 6376 section 3.4.4: spaces at the end of lines and empty lines at the end of the body are nothing.
fn relaxed_body(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    for line in body.split(|byte| *byte == b'\n') {
        let line = single_spaced(line.strip_suffix(b"\r").unwrap_or(line));
        out.extend_from_slice(line.strip_suffix(b" ").unwrap_or(&line));
        out.extend_from_slice(b"\r\n");
    }
    while out.ends_with(b"\r\n\r\n") {
        out.truncate(out.len().saturating_sub(2));
    }
    if out == b"\r\n" { Vec::new() } else { out }
}

/// Every run of spaces and tabs as one space.
fn single_spaced(text: &[u8]) -> Vec<u8> {
    let mut out: Vec<u8> = Vec::with_capacity(text.len());
    for byte in text {
        match byte {
            b' ' | b'\t' if out.last() == Some(&b' ') => {}
            b' ' | b'\t' => out.push(b' '),
            other => out.push(*other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_standard_become_canonical() {
        // RFC 6376 section 3.4.5.
        let message = b"A: X\r\nB : Y\t\r\n\tZ  \r\n\r\n C \r\nD \t E\r\n\r\n\r\n";
        let (head, body) = split(message);
        let canonical: Vec<u8> = fields(head).into_iter().flat_map(relaxed_field).collect();
        assert_eq!(canonical, b"a:X\r\nb:Y Z\r\n");
        assert_eq!(relaxed_body(body), b" C\r\nD E\r\n");
    }

    #[test]
    fn a_body_of_nothing_but_empty_lines_is_empty_and_a_last_line_of_spaces_counts_for_nothing() {
        assert_eq!(relaxed_body(b"\r\n\r\n"), b"");
        assert_eq!(relaxed_body(b""), b"");
        assert_eq!(relaxed_body(b"a\r\n \t \r\n"), b"a\r\n");
    }

    #[test]
    fn a_key_that_is_too_short_or_no_key_signs_nothing() {
        let of = |domain: &str, key: &str| Dkim::new(domain, "s1", &Secret::new(key.as_bytes().to_vec())).err();
        assert_eq!(of("sunrise.example", "no key"), Some(DkimError::Key));
        assert_eq!(of("sunrise example; x", "no key"), Some(DkimError::Name));
        assert_eq!(of("sunrise..example", "no key"), Some(DkimError::Name));
    }
}
