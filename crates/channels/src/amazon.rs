//! Amazon's services: how they are called, and how they name their refusals. What a refusal means for a message stands with each provider.

mod sigv4;

pub use sigv4::AwsKey;

use crate::https::{Answer, Call, CallError, Https, HttpsConfig, HttpsError};
use hyper::Method;
use postern_base::{Clock, Phi, Secret};
use serde_json::Value;
use sigv4::Signed;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;

/// How long a probe may take.
pub(crate) const PROBE_TIME: Duration = Duration::from_secs(20);

/// A service cannot be set up as configured.
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

/// The API of one service in one region, called under one key.
pub(crate) struct Api {
    https: Https,
    region: String,
    /// The service's name in signatures.
    service: &'static str,
    key: AwsKey,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Api").field("region", &self.region).field("https", &self.https).finish_non_exhaustive()
    }
}

impl Api {
    /// Certificates are checked and calls are signed at `clock`'s time. Connects to nothing yet.
    ///
    /// # Errors
    /// [`AmazonError`], which names the key.
    pub(crate) fn new(
        https: HttpsConfig,
        region: String,
        service: &'static str,
        key: AwsKey,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, AmazonError> {
        let well = (1..=64).contains(&region.len()) && region.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if !well {
            return Err(AmazonError::Value { key: "region", expected: "a region, such as us-east-1" });
        }
        Ok(Self { https: Https::new(https, Arc::clone(&clock))?, region, service, key, clock })
    }

    /// Calls `path` with the headers `more` beside the signature's, and waits `limit` at most.
    ///
    /// # Errors
    /// [`CallError`], which says whether the call may have been heard.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: String,
        more: &[(&'static str, &str)],
        body: Vec<u8>,
        limit: Duration,
    ) -> Result<Answer, CallError> {
        let host = self.https.authority();
        let signed = Signed { method: method.as_str(), path: &path, query: "", host: &host, body: &body };
        let mut headers = sigv4::headers(&self.key, &self.region, self.service, signed, self.clock.now());
        headers.extend(more.iter().map(|(name, value)| (*name, Secret::new((*value).to_owned()))));
        self.https.call(&Call { method, path, headers, body: Phi::new(body) }, limit).await
    }
}

/// The document of an answer in JSON.
pub(crate) fn document(answer: &Answer) -> Option<Value> {
    serde_json::from_slice(answer.body.reveal()).ok()
}

/// The name of the error in an answer in JSON (`x-amzn-errortype`, or `__type` in the body).
pub(crate) fn error(answer: &Answer) -> Option<String> {
    let of_body = || Some(document(answer)?.get("__type")?.as_str()?.to_owned());
    let name = answer.header("x-amzn-errortype").map(str::to_owned).or_else(of_body)?;
    plain(&name).map(str::to_owned)
}

/// A name of theirs, and never their words, which may hold a number or an address.
pub(crate) fn plain(name: &str) -> Option<&str> {
    let name = name.split(':').next()?.rsplit('#').next()?;
    ((1..=64).contains(&name.len()) && name.bytes().all(|octet| octet.is_ascii_alphanumeric())).then_some(name)
}

/// The code of a refusal: whose, status and name, such as `ses-429-TooManyRequestsException`.
pub(crate) fn code(whose: &str, status: u16, name: Option<&str>) -> String {
    name.map_or_else(|| format!("{whose}-{status}"), |name| format!("{whose}-{status}-{name}"))
}
