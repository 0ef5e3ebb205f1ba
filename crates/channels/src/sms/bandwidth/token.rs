//! What calls to Bandwidth are authorised with: a token for an hour or so, had for the account's API credential (RFC 6749 section 4.4;
//! Bandwidth, "Credential Management", read 2026-11-23: API users with a password end on 2026-12-02).

use crate::https::{Call, CallError, Https};
use crate::provider::Sent;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::Method;
use jiff::{SignedDuration, Timestamp};
use postern_base::{Clock, Phi, Secret};
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

const PATH: &str = "/api/v1/oauth2/token";
/// house: how long before its end a token is no longer used, for clocks that differ and calls that take a while.
const SPARE: SignedDuration = SignedDuration::from_secs(60);

/// There is no token; nothing was said of any message.
pub(super) enum NoToken {
    /// Nobody answered.
    Call(CallError),
    /// The answer was no token.
    Refused(u16),
}

impl NoToken {
    /// What was seen; no PHI.
    pub(super) fn code(&self) -> String {
        match self {
            Self::Call(error) => format!("token-{}", error.code()),
            Self::Refused(status) => format!("token-http-{status}"),
        }
    }
}

impl From<NoToken> for Sent {
    fn from(error: NoToken) -> Self {
        let code = error.code();
        match error {
            NoToken::Call(error) => error.before("token"),
            NoToken::Refused(_) => Self::TemporaryFailure { code },
        }
    }
}

/// The token in use, and how another is had.
pub(super) struct Tokens {
    https: Https,
    authorization: Secret<String>,
    clock: Arc<dyn Clock>,
    held: Mutex<Option<Held>>,
}

struct Held {
    bearer: Secret<String>,
    until: Timestamp,
}

/// What the vendor grants (RFC 6749 section 5.1).
#[derive(Deserialize)]
struct Granted {
    access_token: String,
    /// Where it is not said, the token is used once.
    expires_in: Option<i64>,
}

impl Tokens {
    /// For the credential `client` and its `secret`, from the server behind `https`; ends are reckoned by `clock`.
    pub(super) fn new(https: Https, client: &str, secret: &Secret<String>, clock: Arc<dyn Clock>) -> Self {
        let pair = Secret::new(format!("{client}:{}", secret.reveal()));
        let authorization = Secret::new(format!("Basic {}", STANDARD.encode(pair.reveal())));
        Self { https, authorization, clock, held: Mutex::new(None) }
    }

    /// The token in use, or a new one, in `left` or less. Who comes while one is being had waits for it.
    ///
    /// # Errors
    /// [`NoToken`].
    pub(super) async fn bearer(&self, left: Duration) -> Result<Secret<String>, NoToken> {
        let waited = tokio::time::timeout(left, self.held.lock()).await;
        let mut held = waited.map_err(|_| NoToken::Call(CallError::NotSent("wait")))?;
        if let Some(held) = held.as_ref()
            && self.clock.now() < held.until
        {
            return Ok(held.bearer.clone());
        }
        *held = None;
        let Granted { access_token, expires_in } = self.grant(left).await?;
        let bearer = Secret::new(access_token);
        let lasts = SignedDuration::from_secs(expires_in.unwrap_or_default()).saturating_sub(SPARE);
        if let Ok(until) = self.clock.now().checked_add(lasts) {
            *held = Some(Held { bearer: bearer.clone(), until });
        }
        Ok(bearer)
    }

    /// The vendor refuses `bearer`: it is not used again. One that is newer stays.
    pub(super) async fn forget(&self, bearer: &Secret<String>) {
        let mut held = self.held.lock().await;
        if held.as_ref().is_some_and(|held| held.bearer.reveal() == bearer.reveal()) {
            *held = None;
        }
    }

    async fn grant(&self, left: Duration) -> Result<Granted, NoToken> {
        let kind = Secret::new("application/x-www-form-urlencoded".to_owned());
        let call = Call {
            method: Method::POST,
            path: PATH.to_owned(),
            headers: vec![("authorization", self.authorization.clone()), ("content-type", kind)],
            body: Phi::new(b"grant_type=client_credentials".to_vec()),
        };
        let answer = self.https.call(&call, left).await.map_err(NoToken::Call)?;
        let granted = serde_json::from_slice::<Granted>(answer.body.reveal()).ok();
        granted
            .filter(|granted| answer.status == 200 && !granted.access_token.is_empty())
            .ok_or(NoToken::Refused(answer.status))
    }
}
