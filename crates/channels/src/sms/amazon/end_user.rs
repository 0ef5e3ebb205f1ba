//! AWS End User Messaging: text messages by `SendTextMessage` (Amazon Pinpoint SMS Voice V2, API version 2022-03-31, as botocore's
//! service model has it).
//!
//! What its answer means: it was taken. Events say what becomes of it, to destinations of the account that nothing here reads.

use super::{Account, AmazonConfig, AmazonError, named, refused};
use crate::amazon::{PROBE_TIME, document, error};
use crate::https::{Answer, CallError};
use crate::provider::{Handover, Health, Outbound, Profile, Provider, ProviderRef, Sent, left};
use async_trait::async_trait;
use hyper::Method;
use jiff::Timestamp;
use postern_base::Clock;
use postern_gate::Permit;
use postern_ledger::Recorded;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// The reason of a `ConflictException` for a recipient who told Amazon to stop.
const OPTED_OUT: &str = "DESTINATION_PHONE_NUMBER_OPTED_OUT";
const CODE_OPTED_OUT: &str = "aws-opted-out";
const OF_MESSAGE: &[&str] = &["ValidationException"];

/// End User Messaging as a provider.
#[derive(Debug)]
pub struct EndUserMessaging {
    account: Account,
    origin: String,
    configuration_set: Option<String>,
}

impl EndUserMessaging {
    /// The account that `config` describes. Texts come from `origin`: a number, a pool or a sender, by id or ARN; each is sent under
    /// `configuration_set`, where there is one. Connects to nothing yet.
    ///
    /// # Errors
    /// [`AmazonError`], which names the key.
    pub fn new(
        config: AmazonConfig,
        origin: String,
        configuration_set: Option<String>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, AmazonError> {
        // The model's pattern of TextMessageOriginationIdentity and ConfigurationSetNameOrArn.
        let well = |text: &str| {
            (1..=256).contains(&text.len())
                && text.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"_:/+-".contains(&octet))
        };
        if !well(&origin) {
            return Err(AmazonError::Value {
                key: "from",
                expected: "a number, or the id or ARN of a number, pool or sender",
            });
        }
        if configuration_set.as_ref().is_some_and(|set| !well(set)) {
            return Err(AmazonError::Value { key: "configuration_set", expected: "its name or ARN" });
        }
        Ok(Self { account: Account::new(config, "sms-voice", clock)?, origin, configuration_set })
    }

    async fn ask(&self, operation: &str, body: &Value, left: Duration) -> Result<Answer, CallError> {
        let target = format!("PinpointSMSVoiceV2.{operation}");
        let headers = [("content-type", "application/x-amz-json-1.0"), ("x-amz-target", target.as_str())];
        self.account.api.call(Method::POST, "/".to_owned(), &headers, body.to_string().into_bytes(), left).await
    }
}

#[async_trait]
impl Provider for EndUserMessaging {
    fn profile(&self) -> &Profile {
        &self.account.profile
    }

    async fn send(&self, recorded: Recorded<Permit>, outbound: Outbound, now: Timestamp) -> Sent {
        if let Err(refused) = self.account.profile.admit(&recorded, &outbound, now) {
            return refused;
        }
        let permit = recorded.permit();
        let mut message = json!({
            "DestinationPhoneNumber": permit.contact_point().reveal().as_ref(),
            "OriginationIdentity": self.origin,
            "MessageBody": outbound.body.reveal(),
            "MessageType": "TRANSACTIONAL",
        });
        if let (Some(set), Some(object)) = (&self.configuration_set, message.as_object_mut()) {
            object.insert("ConfigurationSetName".to_owned(), json!(set));
        }
        match self.ask("SendTextMessage", &message, left(permit, now)).await {
            Ok(answer) => outcome(answer),
            Err(error) => error.into(),
        }
    }

    async fn probe(&self) -> Health {
        match self.ask("DescribeAccountAttributes", &json!({}), PROBE_TIME).await {
            Ok(answer) if answer.status == 200 => Health::Up,
            Ok(answer) => Health::Down { code: named(answer.status, error(&answer).as_deref()) },
            Err(error) => error.into(),
        }
    }

    fn opted_out(&self, code: &str) -> bool {
        code == CODE_OPTED_OUT
    }
}

fn outcome(answer: Answer) -> Sent {
    let text = |key: &str| Some(document(&answer)?.get(key)?.as_str()?.to_owned());
    match answer.status {
        200..=299 => match text("MessageId").filter(|id| (1..=100).contains(&id.len())) {
            Some(id) => {
                Sent::Delivered(Handover { reference: ProviderRef(id), session: Some(Box::new(answer.session)) })
            }
            None => Sent::Unknown { code: "answer-not-understood".to_owned() },
        },
        400..=499 if text("Reason").as_deref() == Some(OPTED_OUT) => {
            Sent::PermanentFailure { code: CODE_OPTED_OUT.to_owned() }
        }
        status => refused(status, error(&answer).as_deref(), OF_MESSAGE),
    }
}
