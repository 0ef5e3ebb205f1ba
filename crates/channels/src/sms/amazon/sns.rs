//! Amazon SNS: text messages by `Publish` to a number (Amazon SNS API, version 2010-03-31, read 2026-11-22).
//!
//! What its answer means: it was taken; what becomes of it stands in logs of the account that nothing here reads. SNS says of a number
//! that opted out only when it is asked, so it is asked first.

use super::{Account, AmazonConfig, AmazonError, named, refused};
use crate::amazon::{PROBE_TIME, plain};
use crate::https::{Answer, CallError};
use crate::provider::{Handover, Health, Outbound, Profile, Provider, ProviderRef, Sent, left};
use async_trait::async_trait;
use form_urlencoded::Serializer;
use hyper::Method;
use jiff::Timestamp;
use postern_base::Clock;
use postern_gate::Permit;
use postern_ledger::Recorded;
use std::sync::Arc;
use std::time::Duration;

const OPTED_OUT: &str = "aws-opted-out";
/// The errors of `Publish` that the message or its recipient is the reason of.
const OF_MESSAGE: &[&str] =
    &["InvalidParameter", "InvalidParameterValue", "ParameterValueInvalid", "ValidationError", "ValidationException"];

/// SNS as a provider.
#[derive(Debug)]
pub struct Sns {
    account: Account,
}

impl Sns {
    /// The account that `config` describes; certificates are checked and calls are signed at `clock`'s time. Connects to nothing yet.
    ///
    /// # Errors
    /// [`AmazonError`], which names the key.
    pub fn new(config: AmazonConfig, clock: Arc<dyn Clock>) -> Result<Self, AmazonError> {
        Ok(Self { account: Account::new(config, "sns", clock)? })
    }

    async fn ask(&self, action: &str, pairs: &[(&str, &str)], left: Duration) -> Result<Answer, CallError> {
        let kind = [("content-type", "application/x-www-form-urlencoded")];
        self.account.api.call(Method::POST, "/".to_owned(), &kind, form(action, pairs).into_bytes(), left).await
    }

    /// Whether the recipient told Amazon to stop. Nothing of the message was said yet.
    async fn blocked(&self, number: &str, left: Duration) -> Result<bool, Sent> {
        let pairs = [("phoneNumber", number)];
        let answer = self.ask("CheckIfPhoneNumberIsOptedOut", &pairs, left).await;
        let answer = answer.map_err(|error| error.before("opt-out-check"))?;
        match (answer.status, element(&answer, "isOptedOut").as_deref()) {
            (200, Some("true")) => Ok(true),
            (200, Some("false")) => Ok(false),
            (status, _) => {
                let code = named(status, element(&answer, "Code").as_deref().and_then(plain));
                Err(Sent::TemporaryFailure { code: format!("opt-out-check-{code}") })
            }
        }
    }
}

#[async_trait]
impl Provider for Sns {
    fn profile(&self) -> &Profile {
        &self.account.profile
    }

    async fn send(&self, recorded: Recorded<Permit>, outbound: Outbound, now: Timestamp) -> Sent {
        if let Err(refused) = self.account.profile.admit(&recorded, &outbound, now) {
            return refused;
        }
        let permit = recorded.permit();
        let (number, begun) = (permit.contact_point().reveal(), tokio::time::Instant::now());
        match self.blocked(number, left(permit, now)).await {
            Ok(false) => {}
            Ok(true) => return Sent::PermanentFailure { code: OPTED_OUT.to_owned() },
            Err(sent) => return sent,
        }
        // Transactional: for what somebody waits for. Promotional texts are for what may be dropped.
        let attribute = "MessageAttributes.entry.1";
        let (name, kind, value) = (
            format!("{attribute}.Name"),
            format!("{attribute}.Value.DataType"),
            format!("{attribute}.Value.StringValue"),
        );
        let pairs = [
            ("PhoneNumber", number.as_ref()),
            ("Message", outbound.body.reveal().as_str()),
            (name.as_str(), "AWS.SNS.SMS.SMSType"),
            (kind.as_str(), "String"),
            (value.as_str(), "Transactional"),
        ];
        let rest = left(permit, now).saturating_sub(begun.elapsed());
        match self.ask("Publish", &pairs, rest).await {
            Ok(answer) if (200..300).contains(&answer.status) => match element(&answer, "MessageId") {
                Some(id) => {
                    Sent::Delivered(Handover { reference: ProviderRef(id), session: Some(Box::new(answer.session)) })
                }
                None => Sent::Unknown { code: "answer-not-understood".to_owned() },
            },
            Ok(answer) => refused(answer.status, element(&answer, "Code").as_deref().and_then(plain), OF_MESSAGE),
            Err(error) => error.into(),
        }
    }

    async fn probe(&self) -> Health {
        match self.ask("GetSMSAttributes", &[], PROBE_TIME).await {
            Ok(answer) if answer.status == 200 => Health::Up,
            Ok(answer) => {
                Health::Down { code: named(answer.status, element(&answer, "Code").as_deref().and_then(plain)) }
            }
            Err(error) => error.into(),
        }
    }

    fn opted_out(&self, code: &str) -> bool {
        code == OPTED_OUT
    }
}

fn form(action: &str, pairs: &[(&str, &str)]) -> String {
    let mut form = Serializer::new(String::new());
    form.append_pair("Action", action).append_pair("Version", "2010-03-31").extend_pairs(pairs);
    form.finish()
}

/// The text of the first element `name` of an answer: a name or a word of theirs, and nothing that could be more.
fn element(answer: &Answer, name: &str) -> Option<String> {
    let text = std::str::from_utf8(answer.body.reveal()).ok()?;
    let (_, rest) = text.split_once(&format!("<{name}>"))?;
    let (value, _) = rest.split_once(&format!("</{name}>"))?;
    let value = value.trim();
    let well = (1..=100).contains(&value.len())
        && value.bytes().all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.'));
    well.then(|| value.to_owned())
}
