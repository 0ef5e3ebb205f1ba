//! Amazon's services for text messages: how they are called, and what their refusals mean.

pub mod end_user;
pub mod sns;

use crate::https::{Answer, Call, CallError, Https, HttpsConfig, HttpsError};
use crate::provider::{Profile, Sent};
use crate::sigv4::{self, AwsKey, Signed};
use hyper::Method;
use jiff::Timestamp;
use postern_base::{Channel, Clock, Phi, Secret};
use postern_gate::{Permit, TransportFloor};
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;

/// How long a probe may take.
const PROBE_TIME: Duration = Duration::from_secs(20);

/// How an account with Amazon is reached.
#[derive(Debug, Clone)]
pub struct AmazonConfig {
    /// The vendor, as the agreement registry names it.
    pub vendor: String,
    /// The service, as the agreement registry names it.
    pub service: String,
    /// The region.
    pub region: String,
    /// Where its API answers.
    pub https: HttpsConfig,
    /// Who we are to it.
    pub key: AwsKey,
}

/// An account cannot be set up as configured.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AmazonError {
    /// Its API cannot be reached so.
    #[error("endpoint: {0}")]
    Https(#[from] HttpsError),
    /// A value is not what is expected.
    #[error("{key}: expected {expected}")]
    Value {
        /// The key.
        key: &'static str,
        /// What was expected.
        expected: &'static str,
    },
}

/// An account, ready to be called.
struct Account {
    profile: Profile,
    https: Https,
    region: String,
    key: AwsKey,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").field("region", &self.region).field("https", &self.https).finish_non_exhaustive()
    }
}

impl Account {
    fn new(config: AmazonConfig, clock: Arc<dyn Clock>) -> Result<Self, AmazonError> {
        let region = &config.region;
        if region.is_empty() || !region.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-') {
            return Err(AmazonError::Value { key: "region", expected: "a region, such as us-east-1" });
        }
        let profile = Profile {
            vendor: Cow::Owned(config.vendor),
            service: Cow::Owned(config.service),
            channels: &[Channel::Sms],
            receipts: false,
            idempotent: false,
            smime: false,
            floor: TransportFloor::VerifiedTls,
            last_mile: "Verified TLS to Amazon. From there the carriers bring it, readable to them: a text message is not encrypted \
                        end to end, and cannot be. Nothing says whether it arrived.",
        };
        Ok(Self {
            profile,
            https: Https::new(config.https, Arc::clone(&clock))?,
            region: config.region,
            key: config.key,
            clock,
        })
    }

    /// Calls the API under `name`, the service's name in signatures, with the headers `more` beside the signature's.
    async fn call(
        &self,
        name: &str,
        more: &[(&'static str, &str)],
        body: Vec<u8>,
        left: Duration,
    ) -> Result<Answer, CallError> {
        let (host, path) = (self.https.authority(), "/".to_owned());
        let signed = Signed { method: "POST", path: &path, query: "", host: &host, body: &body };
        let mut headers = sigv4::headers(&self.key, &self.region, name, signed, self.clock.now());
        headers.extend(more.iter().map(|(name, value)| (*name, Secret::new((*value).to_owned()))));
        self.https.call(&Call { method: Method::POST, path, headers, body: Phi::new(body) }, left).await
    }
}

/// How long the permit lasts from `now`.
fn left(permit: &Permit, now: Timestamp) -> Duration {
    Duration::try_from(permit.not_after().duration_since(now)).unwrap_or_default()
}

/// What it means that there is no answer.
fn unanswered(error: CallError) -> Sent {
    match error {
        CallError::NotSent(code) => Sent::TemporaryFailure { code: code.to_owned() },
        CallError::BelowFloor(code) => Sent::BelowFloor { found: None, code: code.to_owned(), peer: None },
        CallError::Unanswered(code) => Sent::Unknown { code: code.to_owned() },
    }
}

/// What a refusal means: the message is the reason only where `of_message` says so of its name; the account, the key and the pace are
/// others' business and may be set right.
fn refused(status: u16, name: Option<&str>, of_message: &[&str]) -> Sent {
    let code = named(status, name);
    match status {
        400..=499 if name.is_some_and(|name| of_message.contains(&name)) => Sent::PermanentFailure { code },
        // RFC 9110 section 15.6.4: the server is not able to handle the request.
        300..=499 | 503 => Sent::TemporaryFailure { code },
        // It may have been taken before something broke.
        _ => Sent::Unknown { code },
    }
}

fn named(status: u16, name: Option<&str>) -> String {
    name.map_or_else(|| format!("aws-{status}"), |name| format!("aws-{status}-{name}"))
}

/// A name of theirs, and never their words, which may hold a number.
fn plain(name: &str) -> Option<&str> {
    let name = name.split(':').next()?.rsplit('#').next()?;
    ((1..=64).contains(&name.len()) && name.bytes().all(|octet| octet.is_ascii_alphanumeric())).then_some(name)
}
