//! Amazon's services for text messages: how they are called, and what their refusals mean.

pub mod end_user;
pub mod sns;

use crate::amazon::{AmazonError, Api, AwsKey, code};
use crate::https::HttpsConfig;
use crate::provider::{Profile, Sent};
use postern_base::{Channel, Clock};
use postern_gate::TransportFloor;
use std::borrow::Cow;
use std::sync::Arc;

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

/// A service of an account, ready to be called.
#[derive(Debug)]
struct Account {
    profile: Profile,
    api: Api,
}

impl Account {
    /// `name` is the service's in signatures.
    fn new(config: AmazonConfig, name: &'static str, clock: Arc<dyn Clock>) -> Result<Self, AmazonError> {
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
        Ok(Self { profile, api: Api::new(config.https, config.region, name, config.key, clock)? })
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
    code("aws", status, name)
}
