//! A simulated vendor's line: the events it tells of, signed, and how they are read back.

use crate::provider::{
    InboundMessage, ProviderRef, RawRequest, Receipt, ReceiptState, ReceiveError, Received, SigningSecret,
};
use crate::webhook;
use jiff::Timestamp;
use postern_base::{Channel, Phi};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A line at a simulated vendor.
#[derive(Debug)]
pub struct Line {
    /// The vendor it plays.
    pub vendor: String,
    /// The service it plays.
    pub service: String,
    /// The number or address of ours that recipients see and answer to.
    pub address: String,
    /// What the vendor signs its requests with.
    pub secret: SigningSecret,
}

/// A vendor's request, and whose it is: what a web server would learn from the URL.
#[derive(Debug, Clone)]
pub struct Callback {
    /// The vendor.
    pub vendor: String,
    /// The service.
    pub service: String,
    /// The request.
    pub request: RawRequest,
}

/// What a simulated vendor tells of: the body of its requests.
#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Event {
    /// About a message of ours.
    Receipt {
        reference: String,
        #[serde(with = "receipt_state")]
        state: ReceiptState,
        code: String,
    },
    /// From a recipient.
    Message { channel: Channel, from: String, text: String },
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Receipt { .. } => "Receipt",
            Self::Message { .. } => "Message",
        })
    }
}

impl Event {
    pub(super) fn receipt(reference: &ProviderRef, state: ReceiptState) -> Self {
        let code = receipt_state::word(state).to_owned();
        Self::Receipt { reference: reference.0.clone(), state, code }
    }

    pub(super) fn reply(channel: Channel, from: &str, text: &str) -> Self {
        Self::Message { channel, from: from.to_owned(), text: text.to_owned() }
    }
}

/// The request body: the event, and which of our lines it concerns.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope {
    line: String,
    event: Event,
}

impl Line {
    /// The request that tells of `event`, signed at `now` under the name `id`.
    pub(super) fn callback(&self, event: &Event, id: &str, now: Timestamp) -> Callback {
        let envelope = Envelope { line: self.address.clone(), event: event.clone() };
        // Strings and enums always serialize; an empty body would be refused by the receiver, not misread.
        let body = serde_json::to_vec(&envelope).unwrap_or_default();
        let request = RawRequest {
            url: format!("/webhooks/{}/{}", self.vendor, self.service),
            headers: webhook::sign(&self.secret, id, now, &body),
            body: Phi::new(body),
            at: now,
        };
        Callback { vendor: self.vendor.clone(), service: self.service.clone(), request }
    }

    /// Reads a request: signature first.
    pub(super) fn read(&self, request: &RawRequest) -> Result<Vec<Received>, ReceiveError> {
        webhook::verify(&self.secret, request)?;
        let id = request.header(webhook::ID).ok_or(ReceiveError::BadSignature)?;
        let envelope: Envelope = serde_json::from_slice(request.body.reveal()).map_err(|_| ReceiveError::Unreadable)?;
        let received = match envelope.event {
            Event::Receipt { reference, state, code } => Received::Receipt(Receipt {
                reference: ProviderRef(reference),
                attempt: None,
                state,
                code,
                at: request.at,
            }),
            Event::Message { channel, from, text } => Received::Message(InboundMessage {
                reference: ProviderRef(id.to_owned()),
                channel,
                from: Phi::new(from),
                to: envelope.line,
                text: Phi::new(text),
                at: request.at,
            }),
        };
        Ok(vec![received])
    }
}

/// The wire words of a receipt's state.
mod receipt_state {
    use super::ReceiptState;
    use serde::{Deserialize as _, Deserializer, Serializer, de};

    pub(super) const fn word(state: ReceiptState) -> &'static str {
        match state {
            ReceiptState::Underway => "underway",
            ReceiptState::Delivered => "delivered",
            ReceiptState::Failed => "failed",
        }
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature serde asks for")]
    pub(super) fn serialize<S: Serializer>(state: &ReceiptState, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(word(*state))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ReceiptState, D::Error> {
        match String::deserialize(deserializer)?.as_str() {
            "underway" => Ok(ReceiptState::Underway),
            "delivered" => Ok(ReceiptState::Delivered),
            "failed" => Ok(ReceiptState::Failed),
            _ => Err(de::Error::custom("not a receipt state; known: underway, delivered, failed")),
        }
    }
}
