//! Twilio: text messages by its REST API (Twilio, "Messages resource", API version 2010-04-01, read 2026-11-22), receipts and
//! patients' messages by signed webhooks.
//!
//! What its answer means: 201 is "queued"; a receipt says more. Twilio knows no idempotency key, so whatever was written and not
//! answered stays unknown, and is never sent again.

pub mod webhook;

use crate::https::{Answer, Call, CallError, Https, HttpsConfig, HttpsError};
use crate::provider::{
    Handover, Health, InboundMessage, Outbound, Profile, Provider, ProviderRef, RawRequest, Receipt, ReceiptState,
    ReceiveError, Received, Sent, left,
};
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use form_urlencoded::Serializer;
use hyper::Method;
use jiff::Timestamp;
use postern_base::{Channel, Clock, Phi, Secret};
use postern_gate::{Permit, TransportFloor};
use postern_ledger::Recorded;
use serde::Deserialize;
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;

/// The recipient wrote STOP to Twilio, which blocks the pair of numbers (Twilio error 21610).
const OPTED_OUT: u32 = 21610;
/// Errors of our own account or number, which every message would meet until a person sets them right (Twilio, "Error and warning
/// dictionary", read 2026-11-22): authentication, a sender that is not ours, a service without numbers, an account that is suspended.
const OUR_OWN: &[u32] = &[20003, 20005, 21603, 21606, 21659, 21660, 21701, 21703, 21704, 30002];
/// How the URL for receipts says which attempt they are of: an answer that is lost takes Twilio's name for the message with it.
const ATTEMPT: &str = "attempt=";
/// Too much at once, here or at the carrier.
const TOO_FAST: &[u32] = &[14107, 20429, 21611, 30001, 30022, 63018];

/// Who a text comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sender {
    /// A number of ours at Twilio, E.164, or a short code.
    Number(String),
    /// A messaging service, which picks the number (`MG...`).
    Service(String),
}

/// How Twilio is reached.
#[derive(Debug, Clone)]
pub struct TwilioConfig {
    /// The vendor, as the agreement registry names it.
    pub vendor: String,
    /// The service, as the agreement registry names it.
    pub service: String,
    /// Where its API answers, such as `https://api.twilio.com`. There is no default: what is not told where to call calls nobody.
    pub https: HttpsConfig,
    /// The account (`AC...`).
    pub account: String,
    /// The account's token: it signs webhooks, and calls too where there is no key.
    pub token: Secret<String>,
    /// An API key (`SK...`) and its secret, to make calls with instead of the token.
    pub key: Option<(String, Secret<String>)>,
    /// Who texts come from.
    pub sender: Sender,
    /// The URL that receipts are sent to, as Twilio is given it.
    pub callback: String,
}

/// Twilio cannot be set up as configured.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TwilioError {
    /// Its origin or roots.
    #[error("twilio origin: {0}")]
    Https(#[from] HttpsError),
    /// A value is not what is expected.
    #[error("twilio {key}: expected {expected}")]
    Value {
        /// The key.
        key: &'static str,
        /// What was expected.
        expected: &'static str,
    },
}

/// Twilio as a provider.
pub struct Twilio {
    profile: Profile,
    https: Https,
    account: String,
    token: Secret<String>,
    authorization: Secret<String>,
    sender: Sender,
    callback: String,
    answer_time: Duration,
}

impl fmt::Debug for Twilio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Twilio").field("https", &self.https).finish_non_exhaustive()
    }
}

/// A message, in answers to calls. Numbers and words in it are not read.
#[derive(Deserialize)]
struct Message {
    sid: String,
    status: String,
    error_code: Option<u32>,
    date_updated: Option<String>,
}

/// A refusal, in answers to calls.
#[derive(Deserialize)]
struct Refusal {
    code: u32,
}

impl Twilio {
    /// The account that `config` describes; certificates are checked at `clock`'s time. Connects to nothing yet.
    ///
    /// # Errors
    /// [`TwilioError`], which names the key.
    pub fn new(config: TwilioConfig, clock: Arc<dyn Clock>) -> Result<Self, TwilioError> {
        let value = |key, expected| TwilioError::Value { key, expected };
        if !is_sid(&config.account, "AC") {
            return Err(value("account", "AC and 32 hexadecimal digits"));
        }
        if let Sender::Service(service) = &config.sender
            && !is_sid(service, "MG")
        {
            return Err(value("messaging_service", "MG and 32 hexadecimal digits"));
        }
        if !config.callback.starts_with("https://") {
            return Err(value("callback", "an https:// URL, where Twilio reaches us"));
        }
        let (user, secret) = match &config.key {
            Some((key, secret)) => (key, secret),
            None => (&config.account, &config.token),
        };
        let pair = Secret::new(format!("{user}:{}", secret.reveal()));
        let authorization = Secret::new(format!("Basic {}", STANDARD.encode(pair.reveal())));
        let answer_time = config.https.answer_time;
        let profile = Profile {
            vendor: Cow::Owned(config.vendor),
            service: Cow::Owned(config.service),
            channels: &[Channel::Sms],
            receipts: true,
            idempotent: false,
            smime: false,
            floor: TransportFloor::VerifiedTls,
            last_mile: "Verified TLS to Twilio. From there the carriers bring it, readable to them: a text message is not \
                        encrypted end to end, and cannot be.",
        };
        Ok(Self {
            profile,
            https: Https::new(config.https, clock)?,
            account: config.account,
            token: config.token,
            authorization,
            sender: config.sender,
            callback: config.callback,
            answer_time,
        })
    }

    fn path(&self, rest: &str) -> String {
        format!("/2010-04-01/Accounts/{}{rest}", self.account)
    }

    fn form(&self, to: &str, body: &str, attempt: &str) -> String {
        let mut form = Serializer::new(String::new());
        form.append_pair("To", to).append_pair("Body", body);
        match &self.sender {
            Sender::Number(number) => form.append_pair("From", number),
            Sender::Service(service) => form.append_pair("MessagingServiceSid", service),
        };
        // What was committed to is what travels: plain signs are chosen before that, by us.
        form.append_pair("StatusCallback", &format!("{}?{ATTEMPT}{attempt}", self.callback));
        form.append_pair("SmartEncoded", "false");
        form.finish()
    }

    async fn call(&self, method: Method, path: String, body: Vec<u8>, left: Duration) -> Result<Answer, CallError> {
        let form = Secret::new("application/x-www-form-urlencoded".to_owned());
        let mut headers = vec![("authorization", self.authorization.clone())];
        if method == Method::POST {
            headers.push(("content-type", form));
        }
        self.https.call(&Call { method, path, headers, body: Phi::new(body) }, left).await
    }

    fn read(&self, url: &str, fields: &webhook::Fields, at: Timestamp) -> Option<Received> {
        let of = |name: &str| fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        if of("AccountSid")? != self.account {
            return None;
        }
        let reference = ProviderRef(of("MessageSid").or_else(|| of("SmsSid")).filter(|sid| is_name(sid))?.to_owned());
        if let Some(status) = of("MessageStatus") {
            let error = of("ErrorCode").and_then(|code| code.parse().ok());
            let (state, code) = standing(status, error);
            // The URL is ours, and signed: what it says of the attempt we said ourselves.
            let attempt = url.split(['?', '&']).find_map(|pair| pair.strip_prefix(ATTEMPT)?.parse().ok());
            return Some(Received::Receipt(Receipt { reference, attempt, state, code, at }));
        }
        Some(Received::Message(InboundMessage {
            reference,
            channel: Channel::Sms,
            // A message of another kind has its kind before the number, and no cell of the matrix.
            from: Phi::new(of("From").filter(|from| !from.contains(':'))?.to_owned()),
            to: of("To")?.to_owned(),
            text: Phi::new(of("Body")?.to_owned()),
            at,
        }))
    }
}

#[async_trait]
impl Provider for Twilio {
    fn profile(&self) -> &Profile {
        &self.profile
    }

    async fn send(&self, recorded: Recorded<Permit>, outbound: Outbound, now: Timestamp) -> Sent {
        if let Err(refused) = self.profile.admit(&recorded, &outbound, now) {
            return refused;
        }
        let permit = recorded.permit();
        let form = self.form(permit.contact_point().reveal(), outbound.body.reveal(), &outbound.idempotency_key);
        match self.call(Method::POST, self.path("/Messages.json"), form.into_bytes(), left(permit, now)).await {
            Ok(answer) => outcome(answer),
            Err(error) => error.into(),
        }
    }

    fn receive(&self, request: &RawRequest) -> Result<Vec<Received>, ReceiveError> {
        let fields = webhook::verified(&self.token, request)?;
        self.read(&request.url, &fields, request.at).map(|received| vec![received]).ok_or(ReceiveError::Unreadable)
    }

    async fn status(&self, reference: &ProviderRef) -> Option<Receipt> {
        let path = self.path(&format!("/Messages/{}.json", Some(&reference.0).filter(|sid| is_name(sid))?));
        let answer = self.call(Method::GET, path, Vec::new(), self.answer_time).await.ok()?;
        let message: Message = serde_json::from_slice(answer.body.reveal()).ok().filter(|_| answer.status == 200)?;
        let (state, code) = standing(&message.status, message.error_code);
        let said = message.date_updated.and_then(|at| jiff::fmt::rfc2822::parse(&at).ok());
        let at = said.map_or(Timestamp::UNIX_EPOCH, |at| at.timestamp());
        (message.sid == reference.0).then(|| Receipt { reference: reference.clone(), attempt: None, state, code, at })
    }

    async fn probe(&self) -> Health {
        match self.call(Method::GET, self.path(".json"), Vec::new(), self.answer_time).await {
            Ok(answer) if answer.status == 200 => Health::Up,
            Ok(answer) => Health::Down { code: format!("http-{}", answer.status) },
            Err(error) => error.into(),
        }
    }

    fn opted_out(&self, code: &str) -> bool {
        code == named(OPTED_OUT)
    }
}

/// What Twilio's answer to a message means.
fn outcome(answer: Answer) -> Sent {
    let refusal = || serde_json::from_slice::<Refusal>(answer.body.reveal()).ok().map(|refusal| refusal.code);
    match answer.status {
        200..=299 => match serde_json::from_slice::<Message>(answer.body.reveal()) {
            Ok(message) if is_name(&message.sid) => match standing(&message.status, message.error_code) {
                (ReceiptState::Failed, code) => Sent::PermanentFailure { code },
                (ReceiptState::Underway | ReceiptState::Delivered, _) => Sent::Accepted(Handover {
                    reference: ProviderRef(message.sid),
                    session: Some(Box::new(answer.session)),
                }),
            },
            // It was taken, and we do not know under which name.
            _ => Sent::Unknown { code: "answer-not-understood".to_owned() },
        },
        400..=499 => match refusal() {
            Some(code) if OUR_OWN.contains(&code) || TOO_FAST.contains(&code) => {
                Sent::TemporaryFailure { code: named(code) }
            }
            _ if matches!(answer.status, 401 | 403 | 404 | 408 | 429) => {
                Sent::TemporaryFailure { code: format!("http-{}", answer.status) }
            }
            Some(code) => Sent::PermanentFailure { code: named(code) },
            None => Sent::PermanentFailure { code: format!("http-{}", answer.status) },
        },
        // RFC 9110 section 15.6.4: the server is not able to handle the request.
        300..=399 | 503 => Sent::TemporaryFailure { code: format!("http-{}", answer.status) },
        // Whatever broke in there may have broken after the message was taken.
        status => Sent::Unknown { code: format!("http-{status}") },
    }
}

/// Twilio's word for where a message stands (Twilio, "Message status values", read 2026-11-22). One that is not known is one more
/// step on the way, kept as it is.
fn standing(status: &str, error: Option<u32>) -> (ReceiptState, String) {
    let state = match status {
        "delivered" | "read" => ReceiptState::Delivered,
        "undelivered" | "failed" | "canceled" => ReceiptState::Failed,
        _ => ReceiptState::Underway,
    };
    let word: String =
        status.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-')).take(32).collect();
    (state, error.map_or(word, named))
}

fn named(code: u32) -> String {
    format!("twilio-{code}")
}

/// A name of Twilio's: two letters of a kind and 32 hexadecimal digits.
fn is_sid(text: &str, kind: &str) -> bool {
    text.strip_prefix(kind).is_some_and(|rest| rest.len() == 32 && rest.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// Anything that could be a name of theirs, and is no path.
fn is_name(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests;
