//! Signed webhooks in the Standard Webhooks form: `HMAC-SHA-256(secret, id "." timestamp "." body)`, base64, prefix `v1,`.
//!
//! The simulators sign with it and check with it; so will every vendor that uses the same form. A request is checked
//! before a byte of its body is parsed.

use crate::provider::{RawRequest, ReceiveError, SigningSecret};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;

/// The header that names the event; the same name twice is the same event.
pub const ID: &str = "webhook-id";
/// The header that says when it was signed, in Unix seconds.
pub const TIMESTAMP: &str = "webhook-timestamp";
/// The header with one or more signatures, separated by spaces.
pub const SIGNATURE: &str = "webhook-signature";

/// How far a signature's time may be from the time of arrival, in seconds: a recorded request is worth nothing later.
/// house: five minutes, as the Standard Webhooks specification proposes.
pub const TOLERANCE_SECONDS: i64 = 300;

/// The three headers for `body`, signed at `at` under `secret`.
#[must_use]
pub fn sign(secret: &SigningSecret, id: &str, at: Timestamp, body: &[u8]) -> Vec<(String, String)> {
    let timestamp = at.as_second().to_string();
    let tag = hmac::sign(&key(secret), &signed_bytes(id, &timestamp, body));
    vec![
        (ID.to_owned(), id.to_owned()),
        (TIMESTAMP.to_owned(), timestamp),
        (SIGNATURE.to_owned(), format!("v1,{}", STANDARD.encode(tag.as_ref()))),
    ]
}

/// Checks that `request` was signed under `secret` about when it arrived. The comparison takes the same time wherever
/// the first wrong byte is.
///
/// # Errors
/// [`ReceiveError::BadSignature`], whatever is wrong: a caller learns nothing from the difference.
pub fn verify(secret: &SigningSecret, request: &RawRequest) -> Result<(), ReceiveError> {
    let header = |name| request.header(name).ok_or(ReceiveError::BadSignature);
    let (id, timestamp, signatures) = (header(ID)?, header(TIMESTAMP)?, header(SIGNATURE)?);
    let signed_at: i64 = timestamp.parse().map_err(|_| ReceiveError::BadSignature)?;
    if signed_at.saturating_sub(request.at.as_second()).saturating_abs() > TOLERANCE_SECONDS {
        return Err(ReceiveError::BadSignature);
    }
    let bytes = signed_bytes(id, timestamp, request.body.reveal());
    let key = key(secret);
    let good = signatures
        .split(' ')
        .filter_map(|s| s.strip_prefix("v1,"))
        .any(|encoded| STANDARD.decode(encoded).is_ok_and(|tag| hmac::verify(&key, &bytes, &tag).is_ok()));
    if good { Ok(()) } else { Err(ReceiveError::BadSignature) }
}

fn key(secret: &SigningSecret) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, secret.reveal())
}

fn signed_bytes(id: &str, timestamp: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("{id}.{timestamp}.").into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use postern_base::{Phi, Secret};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn signed(secret: &SigningSecret, body: &[u8]) -> RawRequest {
        RawRequest {
            url: "https://postern.example/webhooks/sim".into(),
            headers: sign(secret, "evt_1", at(1_800_000_000), body),
            body: Phi::new(body.to_vec()),
            at: at(1_800_000_010),
        }
    }

    #[test]
    fn a_signed_request_is_taken_and_any_change_to_it_is_refused() {
        let secret = Secret::new(b"0123456789abcdef".to_vec());
        let request = signed(&secret, b"{}");
        assert_eq!(verify(&secret, &request), Ok(()));

        let mut other_body = request.clone();
        other_body.body = Phi::new(b"{ }".to_vec());
        let mut other_id = request.clone();
        other_id.headers[0].1 = "evt_2".into();
        let mut later = request.clone();
        later.headers[1].1 = "1800000001".into();
        let mut none = request.clone();
        none.headers.pop();
        let mut garbled = request.clone();
        garbled.headers[2].1 = "v1,!!!".into();
        for wrong in [other_body, other_id, later, none, garbled] {
            assert_eq!(verify(&secret, &wrong), Err(ReceiveError::BadSignature));
        }
        assert_eq!(verify(&Secret::new(b"another".to_vec()), &request), Err(ReceiveError::BadSignature));
    }

    #[test]
    fn a_request_recorded_and_sent_again_much_later_is_refused() {
        let secret = Secret::new(b"0123456789abcdef".to_vec());
        let mut request = signed(&secret, b"{}");
        request.at = at(1_800_000_000 + TOLERANCE_SECONDS + 1);
        assert_eq!(verify(&secret, &request), Err(ReceiveError::BadSignature));
        request.at = at(1_800_000_000 - TOLERANCE_SECONDS - 1);
        assert_eq!(verify(&secret, &request), Err(ReceiveError::BadSignature));
    }

    #[test]
    fn while_a_secret_is_changed_either_of_two_signatures_is_enough() {
        let new = Secret::new(b"new".to_vec());
        let mut request = signed(&Secret::new(b"old".to_vec()), b"{}");
        let second = signed(&new, b"{}").headers[2].1.clone();
        request.headers[2].1 = format!("{} {second}", request.headers[2].1);
        assert_eq!(verify(&new, &request), Ok(()));
    }

    #[test]
    fn the_signature_is_the_one_the_reference_libraries_make() {
        // The test vector of the reference libraries (secret whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw).
        let secret = Secret::new(STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap());
        let headers = sign(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", at(1_614_265_330), br#"{"test": 2432232314}"#);
        assert_eq!(headers[2].1, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }
}
