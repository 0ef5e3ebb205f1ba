//! What the configuration says of Amazon's services.

use serde::Deserialize;
use std::path::PathBuf;

/// Amazon SES: takes our mail over its API.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ses {
    /// Its name in the vendor registry.
    #[serde(default = "aws")]
    pub(crate) vendor: String,
    /// Its service in the vendor registry.
    #[serde(default = "ses")]
    pub(crate) service: String,
    /// The region.
    pub(crate) region: String,
    /// The address mail comes from, verified with Amazon.
    pub(crate) from: String,
    /// The access key's id.
    pub(crate) access_key_id: String,
    /// The file that holds the secret access key.
    pub(crate) secret_access_key_file: PathBuf,
    /// The file that holds the session token, where the key is a temporary one.
    pub(crate) session_token_file: Option<PathBuf>,
    /// The configuration set every mail is sent under.
    pub(crate) configuration_set: Option<String>,
    /// That set requires TLS; it is asked before a body goes.
    #[serde(default)]
    pub(crate) enforces_tls: bool,
    /// Another origin than `https://email.REGION.amazonaws.com`: a private one, or a rehearsal's.
    pub(crate) endpoint: Option<String>,
    /// A file with the certificates to trust, PEM; absent = the system's.
    pub(crate) trust: Option<PathBuf>,
}

/// Amazon SNS or AWS End User Messaging: takes our texts over its API.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AmazonTexts {
    /// Its name in the vendor registry.
    #[serde(default = "aws")]
    pub(crate) vendor: String,
    /// Its service in the vendor registry.
    pub(crate) service: String,
    /// The region.
    pub(crate) region: String,
    /// Where its API answers. There is no default: a configuration that does not say where to call calls nobody.
    pub(crate) endpoint: String,
    /// The access key's id.
    pub(crate) access_key_id: String,
    /// The file that holds the secret access key.
    pub(crate) secret_access_key_file: PathBuf,
    /// The file that holds the session token, where the key is a temporary one.
    pub(crate) session_token_file: Option<PathBuf>,
    /// The number, pool or sender texts come from, by id or ARN; End User Messaging's only.
    pub(crate) from: Option<String>,
    /// The configuration set every text is sent under; End User Messaging's only.
    pub(crate) configuration_set: Option<String>,
    /// A file with the certificates to trust, PEM; absent = the system's.
    pub(crate) trust: Option<PathBuf>,
}

fn aws() -> String {
    "aws".to_owned()
}

fn ses() -> String {
    "ses".to_owned()
}

impl Ses {
    /// Whether what it says can be used.
    ///
    /// # Errors
    /// The key, and what was expected.
    pub(crate) fn check(&self) -> Result<(), (&'static str, &'static str)> {
        if self.enforces_tls && self.configuration_set.is_none() {
            return Err((
                "configuration_set",
                "expected the set that requires TLS, since enforces_tls says that one does",
            ));
        }
        if self.endpoint.as_ref().is_some_and(|endpoint| !endpoint.starts_with("https://")) {
            return Err(("endpoint", "expected https://host or https://host:port"));
        }
        Ok(())
    }

    /// Where its API is.
    pub(crate) fn origin(&self) -> String {
        self.endpoint.clone().unwrap_or_else(|| format!("https://email.{}.amazonaws.com", self.region))
    }
}

impl AmazonTexts {
    /// Whether what it says can be used; `sender` where the service has texts come from somebody named.
    ///
    /// # Errors
    /// The key, and what was expected.
    pub(crate) fn check(&self, sender: bool) -> Result<(), (&'static str, &'static str)> {
        if !self.endpoint.starts_with("https://") {
            return Err(("endpoint", "expected https://host or https://host:port"));
        }
        if self.from.is_some() != sender {
            return Err(("from", "expected for End User Messaging, and only there"));
        }
        if self.configuration_set.is_some() && !sender {
            return Err(("configuration_set", "expected for End User Messaging only"));
        }
        Ok(())
    }
}
