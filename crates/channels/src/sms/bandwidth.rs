//! Bandwidth: text messages by its Messaging API v2 (Bandwidth, "Send Messages", "Webhooks" and "Errors", and the OpenAPI description in its
//! npm package bandwidth-sdk 8.1.4, read 2026-11-23), receipts and patients' messages by webhooks.
//!
//! What its answer means: 202 is "queued"; a receipt says more. Bandwidth knows no idempotency key: our attempt's id goes along as the
//! message's tag, for people who compare, and whatever was written and not answered stays unknown, and is never sent again.

mod token;
pub mod webhook;

use crate::https::{Answer, Call, CallError, Https, HttpsConfig, HttpsError};
use crate::provider::{
    Handover, Health, Outbound, Profile, Provider, ProviderRef, RawRequest, Receipt, ReceiptState, ReceiveError,
    Received, Sent, left,
};
use async_trait::async_trait;
use hyper::Method;
use jiff::Timestamp;
use postern_base::{Channel, Clock, Phi, Secret};
use postern_gate::{Permit, TransportFloor};
use postern_ledger::Recorded;
use serde::Deserialize;
use serde_json::json;
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;
use token::{NoToken, Tokens};
use tokio::time::Instant;
use webhook::Callback;

/// The recipient told their carrier to stop (Bandwidth, "Errors", 4775).
const OPTED_OUT: u32 = 4775;
/// Bandwidth waited two hours for the carrier's receipt and none came ("Errors", 9902): nobody knows whether the text arrived.
const NOBODY_KNOWS: u32 = 9902;
/// The parts of a request that are ours and not the message's: a refusal for one of them would meet every message.
const OUR_OWN: &[&str] = &["applicationId", "from"];
/// house: the shortest password of the webhooks. It is all that tells a vendor from anybody else.
pub const CALLBACK_PASSWORD_LEAST: usize = 16;

/// How Bandwidth is reached.
#[derive(Debug, Clone)]
pub struct BandwidthConfig {
    /// The vendor, as the agreement registry names it.
    pub vendor: String,
    /// The service, as the agreement registry names it.
    pub service: String,
    /// Where its messaging API answers, such as `https://messaging.bandwidth.com`. There is no default: what is not told where to call
    /// calls nobody.
    pub https: HttpsConfig,
    /// Where it gives out tokens, such as `https://api.bandwidth.com`.
    pub tokens: HttpsConfig,
    /// The account: digits.
    pub account: String,
    /// The API credential's id.
    pub client: String,
    /// The API credential's secret.
    pub client_secret: Secret<String>,
    /// The messaging application that our number belongs to; its webhooks come to us.
    pub application: String,
    /// Our number, E.164, or a short code.
    pub from: String,
    /// The user name its webhooks come with.
    pub callback_user: String,
    /// The password they come with.
    pub callback_password: Secret<String>,
}

/// Bandwidth cannot be set up as configured.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BandwidthError {
    /// An origin or roots.
    #[error("bandwidth origin: {0}")]
    Https(#[from] HttpsError),
    /// A value is not what is expected.
    #[error("bandwidth {key}: expected {expected}")]
    Value {
        /// The key.
        key: &'static str,
        /// What was expected.
        expected: &'static str,
    },
}

/// Bandwidth as a provider.
pub struct Bandwidth {
    profile: Profile,
    https: Https,
    tokens: Tokens,
    messages: String,
    application: String,
    from: String,
    callback: Callback,
    answer_time: Duration,
}

impl fmt::Debug for Bandwidth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bandwidth").field("https", &self.https).finish_non_exhaustive()
    }
}

/// A message, in answers to calls that send one. Numbers and words in it are not read.
#[derive(Deserialize)]
struct Taken {
    id: String,
}

/// A refusal, in answers to calls.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Refusal {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    field_errors: Vec<FieldError>,
}

/// Which part of a call is not as it should be.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FieldError {
    field_name: String,
}

/// Messages, in answers to look-ups.
#[derive(Deserialize)]
struct Found {
    messages: Vec<Standing>,
}

/// Where one of them stands.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Standing {
    message_id: String,
    message_status: String,
    error_code: Option<u32>,
    receive_time: Option<String>,
}

impl Bandwidth {
    /// The account that `config` describes; certificates and tokens are checked at `clock`'s time. Connects to nothing yet.
    ///
    /// # Errors
    /// [`BandwidthError`], which names the key.
    pub fn new(config: BandwidthConfig, clock: Arc<dyn Clock>) -> Result<Self, BandwidthError> {
        check(&config)?;
        let answer_time = config.https.answer_time;
        let profile = Profile {
            vendor: Cow::Owned(config.vendor),
            service: Cow::Owned(config.service),
            channels: &[Channel::Sms],
            receipts: true,
            idempotent: false,
            smime: false,
            floor: TransportFloor::VerifiedTls,
            last_mile: "Verified TLS to Bandwidth. From there the carriers bring it, readable to them: a text message is not \
                        encrypted end to end, and cannot be.",
        };
        let tokens = Https::new(config.tokens, Arc::clone(&clock))?;
        Ok(Self {
            profile,
            https: Https::new(config.https, Arc::clone(&clock))?,
            tokens: Tokens::new(tokens, &config.client, &config.client_secret, clock),
            messages: format!("/api/v2/users/{}/messages", config.account),
            application: config.application,
            from: config.from,
            callback: Callback::new(&config.callback_user, &config.callback_password),
            answer_time,
        })
    }

    /// Makes a call with a token, in `left` or less. A token that is refused is replaced, once: who answers 401 has taken nothing (RFC
    /// 9110 section 15.5.2).
    async fn call(&self, method: Method, path: &str, body: &[u8], left: Duration) -> Result<Answer, NoAnswer> {
        let until = Instant::now().checked_add(left).unwrap_or_else(Instant::now);
        let mut replaced = false;
        loop {
            let rest = until.saturating_duration_since(Instant::now());
            let bearer = self.tokens.bearer(rest).await?;
            let rest = until.saturating_duration_since(Instant::now());
            if rest.is_zero() {
                return Err(CallError::NotSent("token-took-too-long").into());
            }
            let mut headers = vec![("authorization", Secret::new(format!("Bearer {}", bearer.reveal())))];
            if method == Method::POST {
                headers.push(("content-type", Secret::new("application/json; charset=utf-8".to_owned())));
            }
            let call = Call { method: method.clone(), path: path.to_owned(), headers, body: Phi::new(body.to_vec()) };
            let answer = self.https.call(&call, rest).await?;
            if answer.status != 401 || replaced {
                return Ok(answer);
            }
            self.tokens.forget(&bearer).await;
            replaced = true;
        }
    }
}

/// Whether `config` can be used.
fn check(config: &BandwidthConfig) -> Result<(), BandwidthError> {
    let digits = |text: &str, least, most| {
        (least..=most).contains(&text.len()) && text.bytes().all(|octet| octet.is_ascii_digit())
    };
    let number = config.from.strip_prefix('+').map_or_else(|| digits(&config.from, 3, 8), |rest| digits(rest, 8, 15));
    let user = &config.callback_user;
    let rows = [
        (digits(&config.account, 1, 20), "account", "the account's number"),
        (is_name(&config.application), "application", "the messaging application's id"),
        (number, "from", "a number such as +12125550100, or a short code"),
        (!config.client.is_empty(), "client_id", "the API credential's id"),
        // RFC 7617 section 2: a user name holds no colon.
        (!user.is_empty() && !user.contains(':'), "callback_user", "a name without a colon"),
        (
            config.callback_password.reveal().len() >= CALLBACK_PASSWORD_LEAST,
            "callback_password_file",
            "a password of at least 16 characters: it is all that tells Bandwidth's webhooks from anybody's",
        ),
    ];
    match rows.into_iter().find(|(well, ..)| !well) {
        Some((_, key, expected)) => Err(BandwidthError::Value { key, expected }),
        None => Ok(()),
    }
}

/// There is no answer to a call.
enum NoAnswer {
    /// It could not be made with a token, since there was none.
    Token(NoToken),
    /// It was made.
    Call(CallError),
}

impl From<NoToken> for NoAnswer {
    fn from(error: NoToken) -> Self {
        Self::Token(error)
    }
}

impl From<CallError> for NoAnswer {
    fn from(error: CallError) -> Self {
        Self::Call(error)
    }
}

impl From<NoAnswer> for Sent {
    fn from(error: NoAnswer) -> Self {
        match error {
            NoAnswer::Token(error) => error.into(),
            NoAnswer::Call(error) => error.into(),
        }
    }
}

#[async_trait]
impl Provider for Bandwidth {
    fn profile(&self) -> &Profile {
        &self.profile
    }

    async fn send(&self, recorded: Recorded<Permit>, outbound: Outbound, now: Timestamp) -> Sent {
        if let Err(refused) = self.profile.admit(&recorded, &outbound, now) {
            return refused;
        }
        let permit = recorded.permit();
        let message = json!({
            "applicationId": self.application,
            "to": [permit.contact_point().reveal()],
            "from": self.from,
            "text": outbound.body.reveal(),
            "tag": outbound.idempotency_key,
        });
        let body = message.to_string().into_bytes();
        match self.call(Method::POST, &self.messages, &body, left(permit, now)).await {
            Ok(answer) => outcome(answer),
            Err(error) => error.into(),
        }
    }

    fn receive(&self, request: &RawRequest) -> Result<Vec<Received>, ReceiveError> {
        self.callback.check(request)?;
        webhook::read(request, &self.application)
    }

    async fn status(&self, reference: &ProviderRef) -> Option<Receipt> {
        let id = Some(&reference.0).filter(|id| is_name(id))?;
        let path = format!("{}?messageId={id}", self.messages);
        let answer = self.call(Method::GET, &path, &[], self.answer_time).await.ok()?;
        let found: Found = serde_json::from_slice(answer.body.reveal()).ok().filter(|_| answer.status == 200)?;
        let one = found.messages.into_iter().find(|one| one.message_id == reference.0)?;
        let state = match one.message_status.as_str() {
            "DELIVERED" => ReceiptState::Delivered,
            "FAILED" | "UNDELIVERED" => ReceiptState::Failed,
            // One that is not known is one more step on the way.
            _ => ReceiptState::Underway,
        };
        let at = one.receive_time.and_then(|at| at.parse().ok()).unwrap_or(Timestamp::UNIX_EPOCH);
        let (state, code) = standing(state, &one.message_status, one.error_code);
        Some(Receipt { reference: reference.clone(), attempt: None, state, code, at })
    }

    async fn probe(&self) -> Health {
        // A look-up needs something to look for; this is nobody's message.
        let path = format!("{}?messageId=none", self.messages);
        match self.call(Method::GET, &path, &[], self.answer_time).await {
            Ok(answer) if answer.status == 200 => Health::Up,
            Ok(answer) => Health::Down { code: format!("http-{}", answer.status) },
            Err(NoAnswer::Call(error)) => error.into(),
            Err(NoAnswer::Token(error)) => Health::Down { code: error.code() },
        }
    }

    fn opted_out(&self, code: &str) -> bool {
        code == numbered(OPTED_OUT)
    }
}

/// What Bandwidth's answer to a message means.
fn outcome(answer: Answer) -> Sent {
    match answer.status {
        200..=299 => match serde_json::from_slice::<Taken>(answer.body.reveal()) {
            Ok(taken) if is_name(&taken.id) => {
                Sent::Accepted(Handover { reference: ProviderRef(taken.id), session: Some(Box::new(answer.session)) })
            }
            // It was taken, and we do not know under which name.
            _ => Sent::Unknown { code: "answer-not-understood".to_owned() },
        },
        // Of the credential, the account, the call's form or the pace: no message is the reason of these.
        status @ (401 | 403 | 404 | 405 | 406 | 408 | 415 | 429) => {
            Sent::TemporaryFailure { code: format!("http-{status}") }
        }
        400..=499 => refused(&answer),
        // RFC 9110 section 15.6.4: the server is not able to handle the request.
        300..=399 | 503 => Sent::TemporaryFailure { code: format!("http-{}", answer.status) },
        // Bandwidth writes that nothing is sent on any 5xx; what stands between it and us may answer so too, after it was taken.
        status => Sent::Unknown { code: format!("http-{status}") },
    }
}

/// What a refusal means: for good where the message or its recipient is the reason, for a while where only what is ours is.
fn refused(answer: &Answer) -> Sent {
    let Ok(refusal) = serde_json::from_slice::<Refusal>(answer.body.reveal()) else {
        return Sent::PermanentFailure { code: format!("http-{}", answer.status) };
    };
    let of_message = refusal.field_errors.iter().find(|error| !OUR_OWN.contains(&error.field_name.as_str()));
    match (of_message, refusal.field_errors.first()) {
        (None, Some(ours)) => Sent::TemporaryFailure { code: field(ours) },
        (Some(error), _) => Sent::PermanentFailure { code: field(error) },
        (None, None) => Sent::PermanentFailure { code: worded(&refusal.kind) },
    }
}

/// Where a message stands and with which code, `word` being theirs for it.
fn standing(state: ReceiptState, word: &str, error: Option<u32>) -> (ReceiptState, String) {
    match error.filter(|code| *code != 0) {
        Some(NOBODY_KNOWS) => (ReceiptState::Underway, numbered(NOBODY_KNOWS)),
        Some(code) => (state, numbered(code)),
        None => (state, worded(word)),
    }
}

fn numbered(code: u32) -> String {
    format!("bandwidth-{code}")
}

fn field(error: &FieldError) -> String {
    format!("field-{}", worded(&error.field_name))
}

/// A word of theirs, as a code: what is no word of a protocol is left out.
fn worded(word: &str) -> String {
    word.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-')).take(40).collect()
}

/// Anything that could be a name of theirs, and is no path.
fn is_name(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

#[cfg(test)]
mod tests;
