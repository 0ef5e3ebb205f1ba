//! E-mail through Amazon SES: its API v2 over HTTPS, `SendEmail` with the whole message as we composed it, signed by us.
//!
//! What it can hold: [`TransportFloor::VerifiedTls`], to Amazon. Where a configuration set is named and said to require TLS it holds
//! `EnforcedTls`, after it asked Amazon whether that set still does (`GetConfigurationSet`, `DeliveryOptions.TlsPolicy`). SES then hands a
//! mail on over TLS or not at all; that it also verifies the next server's name it does not say, so the gate asks for a recipient's domain
//! that enforces TLS besides (RULES SEC-27).
//!
//! What its answer means: `Delivered` is "taken over by Amazon". There is no key under which a repeated call is dropped, so a call without
//! an answer is `Unknown`. What bounces comes as mail, to the address in [`Outbound::back`].
//!
//! Source: Amazon SES API v2 Reference, `SendEmail`, `GetConfigurationSet`, `GetAccount`, `CommonErrors` (as of 2026-11-22).

use super::dkim::Dkim;
use super::letter::{Writer, letter};
use super::session::SMTPUTF8_NOT_OFFERED;
use super::smime::Signer;
use crate::amazon::{AmazonError, Api, AwsKey, PROBE_TIME, code, document, error};
use crate::https::{Answer, CallError, HttpsConfig};
use crate::provider::{Handover, Health, Onward, Outbound, Profile, Provider, ProviderRef, Sent, left};
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::Method;
use jiff::{SignedDuration, Timestamp};
use postern_base::{Channel, Clock};
use postern_gate::{Permit, TransportFloor};
use postern_ledger::Recorded;
use serde_json::{Value, json};
use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Where a mail is sent to.
const SEND: &str = "/v2/email/outbound-emails";
/// What a configuration set is asked at.
const SETS: &str = "/v2/email/configuration-sets/";
/// What says whether we may send.
const ACCOUNT: &str = "/v2/email/account";
/// The service's name in a signature.
const SERVICE: &str = "ses";
/// house: how long an answer about the TLS policy is believed.
const BELIEVED: SignedDuration = SignedDuration::from_mins(5);

/// How SES is used.
#[derive(Debug, Clone)]
pub struct SesConfig {
    /// The vendor, as the agreement registry names it.
    pub vendor: String,
    /// Its service, as the agreement registry names it.
    pub service: String,
    /// The region, such as `us-east-1`.
    pub region: String,
    /// Where its API is.
    pub https: HttpsConfig,
    /// Who we are to it.
    pub key: AwsKey,
    /// The configuration set every mail is sent under.
    pub configuration_set: Option<String>,
    /// Whether that set requires TLS, by the deployment's word: it is asked before a body goes.
    pub enforces_tls: bool,
    /// The sender's address, verified with Amazon.
    pub from: String,
    /// Whether mails carry an HTML alternative of the same words.
    pub html: bool,
    /// Who signs mail that is encrypted to its recipient's certificate; `None` = none is.
    pub signer: Option<Arc<Signer>>,
    /// Who sign every mail for the sender's domain, one a key; none where Amazon does.
    pub dkim: Vec<Arc<Dkim>>,
}

/// SES as a provider.
pub struct Ses {
    profile: Profile,
    api: Api,
    configuration_set: Option<String>,
    writer: Writer,
    /// When the configuration set was last found to require TLS.
    required_at: Mutex<Option<Timestamp>>,
}

impl fmt::Debug for Ses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ses").field("api", &self.api).finish_non_exhaustive()
    }
}

impl Ses {
    /// SES as `config` describes it; certificates are checked and calls are signed at `clock`'s time. Connects to nothing yet.
    ///
    /// # Errors
    /// [`AmazonError`], which names the key.
    pub fn new(config: SesConfig, clock: Arc<dyn Clock>) -> Result<Self, AmazonError> {
        let is_name = |text: &String| {
            (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
        };
        // SES API v2, CreateConfigurationSet: letters, digits, underscores and dashes, at most 64.
        if config.configuration_set.as_ref().is_some_and(|set| !is_name(set)) {
            return Err(AmazonError::Value { key: "configuration_set", expected: "letters, digits, '-' and '_'" });
        }
        if config.enforces_tls && config.configuration_set.is_none() {
            return Err(AmazonError::Value {
                key: "configuration_set",
                expected: "the name of the set that requires TLS, since enforces_tls says that one does",
            });
        }
        if !config.from.contains('@') || !config.from.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(AmazonError::Value { key: "from", expected: "an address, local@domain" });
        }
        let api = Api::new(config.https, config.region, SERVICE, config.key, clock)?;
        let writer = Writer { from: config.from, html: config.html, signer: config.signer, dkim: config.dkim };
        let profile = Profile {
            vendor: Cow::Owned(config.vendor),
            service: Cow::Owned(config.service),
            channels: &[Channel::Email],
            receipts: false,
            idempotent: false,
            smime: writer.signer.is_some(),
            floor: if config.enforces_tls { TransportFloor::EnforcedTls } else { TransportFloor::VerifiedTls },
            last_mile: if config.enforces_tls {
                "Verified TLS to Amazon, which hands bodies on over TLS or not at all: it is asked whether it still does. Whose \
                 server that is, it does not prove."
            } else {
                "Verified TLS to Amazon. From there to the recipient's server a copy may travel in the clear: notices only."
            },
        };
        Ok(Self { profile, api, configuration_set: config.configuration_set, writer, required_at: Mutex::default() })
    }

    async fn call(&self, method: Method, path: String, body: Vec<u8>, limit: Duration) -> Result<Answer, CallError> {
        self.api.call(method, path, &[("content-type", "application/json")], body, limit).await
    }

    /// Whether Amazon hands mail of ours on over TLS only, as its own configuration says now.
    async fn requires_tls(&self, now: Timestamp, limit: Duration) -> Result<(), Sent> {
        let lately = |at: &Timestamp| (SignedDuration::ZERO..BELIEVED).contains(&now.duration_since(*at));
        if self.required_at.lock().unwrap_or_else(PoisonError::into_inner).as_ref().is_some_and(lately) {
            return Ok(());
        }
        let set = self.configuration_set.as_deref().unwrap_or_default();
        let answer = self.call(Method::GET, format!("{SETS}{set}"), Vec::new(), limit).await;
        let answer = answer.map_err(|error| error.before("tls-policy"))?;
        if answer.status != 200 {
            return Err(Sent::TemporaryFailure { code: format!("tls-policy-{}", refusal(&answer)) });
        }
        let policy = document(&answer).and_then(|set| set.pointer("/DeliveryOptions/TlsPolicy").cloned());
        if policy.as_ref().and_then(Value::as_str) != Some("REQUIRE") {
            let (found, code) = (Some(TransportFloor::VerifiedTls), "tls-policy-not-required".to_owned());
            return Err(Sent::BelowFloor { found, code, peer: None });
        }
        *self.required_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
        Ok(())
    }

    /// The body of the call.
    fn mail(&self, to: &str, outbound: &Outbound, message: &[u8]) -> Vec<u8> {
        let mut mail = json!({
            "FromEmailAddress": self.writer.from,
            "Destination": { "ToAddresses": [to] },
            "Content": { "Raw": { "Data": STANDARD.encode(message) } },
        });
        if let Some(object) = mail.as_object_mut() {
            if let Some(set) = &self.configuration_set {
                object.insert("ConfigurationSetName".to_owned(), json!(set));
            }
            if let Some(back) = &outbound.back {
                object.insert("FeedbackForwardingEmailAddress".to_owned(), json!(back.bounces));
            }
        }
        mail.to_string().into_bytes()
    }
}

/// Status and the name of the error, such as `ses-429-TooManyRequestsException`. Never the words, which may name the patient.
fn refusal(answer: &Answer) -> String {
    code("ses", answer.status, error(answer).as_deref())
}

/// What an answer to `SendEmail` means.
fn sent(answer: &Answer, key: String, session: Handover) -> Sent {
    let code = refusal(answer);
    match answer.status {
        200..=299 => {
            let named = document(answer).and_then(|taken| Some(taken.get("MessageId")?.as_str()?.to_owned()));
            Sent::Delivered(Handover { reference: ProviderRef(named.unwrap_or(key)), ..session })
        }
        // CommonErrors: refused before anything was done. The account, the key or the pace is the reason, not the message.
        401 | 403 | 404 | 408 | 413 | 429 | 503 => Sent::TemporaryFailure { code },
        400 if ["MessageRejected", "BadRequestException"].iter().any(|name| code.ends_with(name)) => {
            Sent::PermanentFailure { code }
        }
        // SendingPausedException, AccountSuspendedException, LimitExceededException, MailFromDomainNotVerifiedException.
        400..=499 => Sent::TemporaryFailure { code },
        // It may have been taken before something broke.
        _ => Sent::Unknown { code },
    }
}

#[async_trait]
impl Provider for Ses {
    fn profile(&self) -> &Profile {
        &self.profile
    }

    fn relays(&self) -> bool {
        true
    }

    async fn send(&self, recorded: Recorded<Permit>, outbound: Outbound, now: Timestamp) -> Sent {
        let message = match letter(&self.profile, &recorded, &outbound, &self.writer, now) {
            Ok(message) => message,
            Err(refused) => return refused,
        };
        let permit = recorded.permit();
        // Amazon's `SendEmail` takes no local part beyond ASCII.
        if !permit.contact_point().reveal().is_ascii() {
            return Sent::PermanentFailure { code: SMTPUTF8_NOT_OFFERED.to_owned() };
        }
        let begun = tokio::time::Instant::now();
        let enforced = permit.floor() >= TransportFloor::EnforcedTls;
        if enforced && let Err(refused) = self.requires_tls(now, left(permit, now)).await {
            return refused;
        }
        let limit = left(permit, now).saturating_sub(begun.elapsed());
        let body = self.mail(permit.contact_point().reveal(), &outbound, &message);
        match self.call(Method::POST, SEND.to_owned(), body, limit).await {
            Ok(answer) => {
                let mut session = answer.session.clone();
                session.onward = enforced.then_some(Onward::Configured);
                let reference = ProviderRef(String::new());
                sent(&answer, outbound.idempotency_key, Handover { reference, session: Some(Box::new(session)) })
            }
            Err(error) => error.into(),
        }
    }

    /// Whether Amazon lets this account send.
    async fn probe(&self) -> Health {
        let down = |code: String| Health::Down { code };
        match self.call(Method::GET, ACCOUNT.to_owned(), Vec::new(), PROBE_TIME).await {
            Ok(answer) if answer.status == 200 => {
                let enabled = document(&answer).and_then(|account| account.get("SendingEnabled")?.as_bool());
                if enabled == Some(false) { down("sending-paused".to_owned()) } else { Health::Up }
            }
            Ok(answer) => down(refusal(&answer)),
            Err(error) => error.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::TlsSession;
    use postern_base::{EmailTier, Phi};

    fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Answer {
        let session = TlsSession {
            protocol: "TLSv1_3".into(),
            cipher_suite: "TLS13_AES_256_GCM_SHA384".into(),
            peer_name: "ses.test".into(),
            policy: EmailTier::Pkix,
            peer_certificate_sha256: [0; 32],
            onward: None,
        };
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Answer { status, headers, body: Phi::new(body.as_bytes().to_vec()), session }
    }

    fn meaning(status: u16, kind: &str) -> Sent {
        let handover = Handover { reference: ProviderRef(String::new()), session: None };
        sent(
            &answer(status, &[("x-amzn-errortype", kind)], r#"{"message":"rosa@example.org is not verified"}"#),
            "k".into(),
            handover,
        )
    }

    #[test]
    fn an_answer_is_held_against_the_message_only_when_it_is_about_the_message() {
        let temporary = |code: &str| Sent::TemporaryFailure { code: code.into() };
        let permanent = |code: &str| Sent::PermanentFailure { code: code.into() };
        assert_eq!(meaning(429, "TooManyRequestsException"), temporary("ses-429-TooManyRequestsException"));
        assert_eq!(meaning(400, "SendingPausedException:http://x"), temporary("ses-400-SendingPausedException"));
        assert_eq!(meaning(403, "SignatureDoesNotMatch"), temporary("ses-403-SignatureDoesNotMatch"));
        assert_eq!(meaning(503, ""), temporary("ses-503"));
        assert_eq!(meaning(400, "MessageRejected"), permanent("ses-400-MessageRejected"));
        assert_eq!(meaning(500, "InternalFailure"), Sent::Unknown { code: "ses-500-InternalFailure".into() });
        assert_eq!(meaning(504, ""), Sent::Unknown { code: "ses-504".into() });
    }

    #[test]
    fn a_code_never_holds_the_words() {
        let told = answer(400, &[], r#"{"__type":"com.amazonaws#MessageRejected","message":"rosa@example.org"}"#);
        assert_eq!(refusal(&told), "ses-400-MessageRejected");
        assert_eq!(refusal(&answer(400, &[("x-amzn-errortype", "rosa@example.org")], "")), "ses-400");
    }
}
