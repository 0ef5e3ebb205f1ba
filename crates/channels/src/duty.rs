//! Word to whoever is on duty: an alert waits, open Postern. It says of whom and why to nobody, because a pager, a chat room or a ticket
//! system is no place for PHI.

use crate::https::{Call, CallError, Https, HttpsConfig, HttpsError};
use crate::provider::SigningSecret;
use crate::webhook;
use async_trait::async_trait;
use hyper::Method;
use jiff::Timestamp;
use postern_base::{Clock, Phi, Secret, TenantId};
use serde_json::json;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// house: how long the duty contact may take to answer.
const ANSWERS: Duration = Duration::from_secs(10);

/// What whoever is on duty is told. None of it is of a patient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DutyWord {
    /// Names the alert and this word of it: the same twice is the same word.
    pub reference: String,
    /// Whose alert it is.
    pub tenant: TenantId,
    /// It has waited too long.
    pub late: bool,
    /// For how many minutes it has waited.
    pub minutes: i64,
}

/// Whoever is on duty.
#[async_trait]
pub trait Duty: Send + Sync + fmt::Debug {
    /// Tells them.
    ///
    /// # Errors
    /// A code without PHI: they did not take it, and must be told again.
    async fn tell(&self, word: &DutyWord, now: Timestamp) -> Result<(), &'static str>;
}

/// A webhook of the practice's own: its pager service, its chat, its telephone exchange. Signed in the Standard Webhooks form.
pub struct DutyHook {
    https: Https,
    path: String,
    secret: SigningSecret,
}

impl fmt::Debug for DutyHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A path often holds a token.
        f.debug_struct("DutyHook").field("https", &self.https).finish_non_exhaustive()
    }
}

impl DutyHook {
    /// The hook at `path` of the host that `https` names.
    ///
    /// # Errors
    /// [`HttpsError`].
    pub fn new(
        https: HttpsConfig,
        path: String,
        secret: SigningSecret,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, HttpsError> {
        Ok(Self { https: Https::new(https, clock)?, path, secret })
    }
}

#[async_trait]
impl Duty for DutyHook {
    async fn tell(&self, word: &DutyWord, now: Timestamp) -> Result<(), &'static str> {
        let text = if word.late {
            "An alert still waits. Nobody has taken it up. Open Postern."
        } else {
            "An alert waits. Open Postern."
        };
        let body =
            json!({ "tenant": word.tenant, "late": word.late, "minutes": word.minutes, "text": text }).to_string();
        let mut headers = vec![("content-type", Secret::new("application/json".to_owned()))];
        for (name, value) in webhook::sign(&self.secret, &word.reference, now, body.as_bytes()) {
            let name = [webhook::ID, webhook::TIMESTAMP, webhook::SIGNATURE].into_iter().find(|known| *known == name);
            headers.extend(name.map(|name| (name, Secret::new(value))));
        }
        let call = Call { method: Method::POST, path: self.path.clone(), headers, body: Phi::new(body.into_bytes()) };
        let answer = self.https.call(&call, ANSWERS).await.map_err(|error: CallError| error.code())?;
        if (200..300).contains(&answer.status) { Ok(()) } else { Err("refused") }
    }
}
