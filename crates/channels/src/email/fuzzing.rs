//! What the fuzz targets reach into: compiled for them alone (`--cfg fuzzing`), so that nothing else sees it.

pub use super::inbound::fuzzing as listener;

use super::dane::Tlsa;
use super::session;
use rustls::pki_types::CertificateDer;
use smtp_proto::response::parser::ResponseReceiver;

/// Reads `bytes` as a server's replies, as a session does, and gives what is kept of each: the code, and the queue id.
#[must_use]
pub fn replies(bytes: &[u8]) -> Vec<(String, Option<String>)> {
    let mut kept = Vec::new();
    let mut receiver = ResponseReceiver::default();
    let mut rest = bytes.iter();
    while !rest.as_slice().is_empty() && kept.len() < 64 {
        match receiver.parse(&mut rest) {
            Ok(reply) => kept.push(session::kept_of(&reply)),
            Err(smtp_proto::Error::NeedsMoreData { .. }) => break,
            Err(_) => {}
        }
        receiver.reset();
    }
    kept
}

/// Whether the TLSA record in `record` (RFC 6698 section 2.1, as on the wire) can be used, and whether it names the certificate in `certificate`.
#[must_use]
pub fn tlsa(record: &[u8], certificate: &[u8]) -> (bool, bool) {
    let [usage, selector, matching, data @ ..] = record else { return (false, false) };
    let record = Tlsa { usage: *usage, selector: *selector, matching: *matching, data: data.to_vec() };
    (record.is_usable(), record.names(&CertificateDer::from(certificate)))
}

/// The id of the policy that these TXT records name (RFC 8461 section 3.1).
#[must_use]
pub fn policy_id(records: &[String]) -> Option<String> {
    super::sts::id_of(records)
}
