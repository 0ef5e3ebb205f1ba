//! What Bandwidth sends us: arrays of events, under the user name and password that its application has for webhooks (Bandwidth, "Webhooks"
//! and "How to manage Applications", read 2026-11-23).
//!
//! There is no signature: who knows the password can say anything in Bandwidth's name, and a changed body is not seen. A request sent again
//! is told by its message's name, under which everything is taken once.

use super::{is_name, standing};
use crate::provider::{InboundMessage, ProviderRef, RawRequest, Receipt, ReceiptState, ReceiveError, Received};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{Digest, SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use postern_base::{Channel, Phi, Secret};
use serde::Deserialize;
use serde_json::Value;

/// The header with user name and password.
const AUTHORIZATION: &str = "authorization";

/// What webhooks must come with, of which only a digest is kept.
pub(super) struct Callback(Digest);

impl Callback {
    /// Webhooks come with `user` and `password`.
    pub(super) fn new(user: &str, password: &Secret<String>) -> Self {
        let pair = Secret::new(format!("{user}:{}", password.reveal()));
        Self(digest(&SHA256, pair.reveal().as_bytes()))
    }

    /// Whether `request` comes with them (RFC 7617 section 2). Digests are compared, so that the time it takes tells neither where the
    /// first wrong octet is nor how many there should be.
    ///
    /// # Errors
    /// [`ReceiveError::BadSignature`], whatever is wrong: a caller learns nothing from the difference.
    pub(super) fn check(&self, request: &RawRequest) -> Result<(), ReceiveError> {
        let pair = request.header(AUTHORIZATION).and_then(pair).ok_or(ReceiveError::BadSignature)?;
        let seen = digest(&SHA256, pair.reveal());
        verify_slices_are_equal(seen.as_ref(), self.0.as_ref()).map_err(|_| ReceiveError::BadSignature)
    }
}

/// User name and password of a header's value; the scheme's case is free (RFC 9110 section 11.1).
fn pair(header: &str) -> Option<Secret<Vec<u8>>> {
    let (scheme, rest) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("basic").then_some(())?;
    STANDARD.decode(rest.trim()).ok().map(Secret::new)
}

/// One event.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    #[serde(rename = "type")]
    kind: String,
    time: Option<String>,
    error_code: Option<u32>,
    message: Message,
}

/// The message it is about.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    id: String,
    application_id: String,
    direction: String,
    time: Option<String>,
    owner: Option<String>,
    from: Option<String>,
    text: Option<String>,
    tag: Option<String>,
}

/// What the events of `request` say, of messages of `application`; those that cannot be read are passed over.
///
/// # Errors
/// [`ReceiveError::Unreadable`] when not one can.
pub(super) fn read(request: &RawRequest, application: &str) -> Result<Vec<Received>, ReceiveError> {
    let events: Vec<Value> = serde_json::from_slice(request.body.reveal()).map_err(|_| ReceiveError::Unreadable)?;
    let came = events.len();
    let events = events.into_iter().filter_map(|event| serde_json::from_value::<Event>(event).ok());
    let received: Vec<Received> = events.filter_map(|event| one(event, application, request.at)).collect();
    if received.is_empty() {
        return Err(ReceiveError::Unreadable);
    }
    if received.len() < came {
        tracing::warn!(came, read = received.len(), "some events of a vendor could not be read");
    }
    Ok(received)
}

/// What `event` says, which arrived at `arrived`.
fn one(event: Event, application: &str, arrived: Timestamp) -> Option<Received> {
    let Event { kind, time, error_code, message } = event;
    if message.application_id != application || !is_name(&message.id) {
        return None;
    }
    let reference = ProviderRef(message.id);
    let at =
        |time: Option<String>| time.and_then(|at| at.parse().ok()).map_or(arrived, |at: Timestamp| at.min(arrived));
    // A message of ours comes by in events too, with its direction alone to tell it from a patient's.
    if kind == "message-received" && message.direction == "in" {
        return Some(Received::Message(InboundMessage {
            reference,
            channel: Channel::Sms,
            from: Phi::new(message.from.filter(|from| is_number(from))?),
            to: message.owner?,
            // A picture may come without a word.
            text: Phi::new(message.text.unwrap_or_default()),
            // Events come out of order and up to a day late: what a STOP or START means hangs on when it was written.
            at: at(message.time),
        }));
    }
    let state = match (kind.as_str(), message.direction.as_str()) {
        ("message-delivered" | "message-read", "out") => ReceiptState::Delivered,
        ("message-failed", "out") => ReceiptState::Failed,
        // A kind of event that is not known is one more step on the way, kept as it is.
        _ => ReceiptState::Underway,
    };
    let (state, code) = standing(state, &kind, error_code);
    let attempt = message.tag.and_then(|tag| tag.parse().ok());
    Some(Received::Receipt(Receipt { reference, attempt, state, code, at: at(time) }))
}

/// A telephone number or short code.
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or(text);
    (1..=15).contains(&digits.len()) && digits.bytes().all(|octet| octet.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(authorization: &[&str]) -> RawRequest {
        RawRequest {
            url: String::new(),
            headers: authorization.iter().map(|value| (AUTHORIZATION.to_owned(), (*value).to_owned())).collect(),
            body: Phi::new(Vec::new()),
            at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn only_the_user_and_password_of_the_webhooks_open_the_door() {
        let callback = Callback::new("Aladdin", &Secret::new("open sesame".to_owned()));
        // The example of RFC 7617 section 2.
        let right = "QWxhZGRpbjpvcGVuIHNlc2FtZQ==";
        for well in ["Basic", "basic", "BASIC"] {
            assert_eq!(callback.check(&request(&[&format!("{well} {right}")])), Ok(()), "{well}");
        }
        let of = |pair: &str| format!("Basic {}", STANDARD.encode(pair));
        for wrong in [
            of("Aladdin:open sesam"),
            of("Aladdin:open sesame "),
            of("aladdin:open sesame"),
            of("Aladdin"),
            of(":"),
            of(""),
            format!("Bearer {right}"),
            format!("Basic{right}"),
            "Basic %%%".to_owned(),
            right.to_owned(),
            String::new(),
        ] {
            assert_eq!(callback.check(&request(&[&wrong])), Err(ReceiveError::BadSignature), "{wrong}");
        }
        assert_eq!(callback.check(&request(&[])), Err(ReceiveError::BadSignature));
    }
}
