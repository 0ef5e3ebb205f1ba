//! What the configuration says of vendors of text messages.

use postern_channels::sms::rates::{Class, Sender};
use serde::Deserialize;
use std::path::PathBuf;

/// Twilio: takes our texts over its API.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Twilio {
    /// Its name in the vendor registry.
    #[serde(default = "twilio")]
    pub(crate) vendor: String,
    /// Its service in the vendor registry.
    #[serde(default = "messaging")]
    pub(crate) service: String,
    /// Where its API answers. There is no default: a configuration that does not say where to call calls nobody.
    pub(crate) endpoint: String,
    /// The account, `AC...`.
    pub(crate) account: String,
    /// The file that holds the account's token: it signs webhooks, and calls where there is no key.
    pub(crate) token_file: PathBuf,
    /// An API key, `SK...`, to make calls with.
    pub(crate) api_key: Option<String>,
    /// The file that holds its secret.
    pub(crate) api_key_secret_file: Option<PathBuf>,
    /// The number texts come from.
    pub(crate) from: Option<String>,
    /// The messaging service that picks the number, `MG...`.
    pub(crate) messaging_service: Option<String>,
    /// A file with the certificates to trust, PEM; absent = the system's.
    pub(crate) trust: Option<PathBuf>,
}

/// Bandwidth: takes our texts over its API.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Bandwidth {
    /// Its name in the vendor registry.
    #[serde(default = "bandwidth")]
    pub(crate) vendor: String,
    /// Its service in the vendor registry.
    #[serde(default = "messaging")]
    pub(crate) service: String,
    /// Where its messaging API answers. There is no default: a configuration that does not say where to call calls nobody.
    pub(crate) endpoint: String,
    /// Where it gives out tokens.
    pub(crate) token_endpoint: String,
    /// The account's number.
    pub(crate) account: String,
    /// The API credential's id.
    pub(crate) client_id: String,
    /// The file that holds its secret.
    pub(crate) client_secret_file: PathBuf,
    /// The messaging application that the number belongs to.
    pub(crate) application: String,
    /// The number texts come from.
    pub(crate) from: String,
    /// The user name that the application has for its webhooks.
    pub(crate) callback_user: String,
    /// The file that holds their password.
    pub(crate) callback_password_file: PathBuf,
    /// A file with the certificates to trust, PEM; absent = the system's.
    pub(crate) trust: Option<PathBuf>,
}

/// A message centre: takes our texts over SMPP.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Smpp {
    /// Its name in the vendor registry.
    pub(crate) vendor: String,
    /// Its service in the vendor registry.
    #[serde(default = "messaging")]
    pub(crate) service: String,
    /// Its host name, which its certificate must hold.
    pub(crate) host: String,
    /// Its port.
    #[serde(default = "tls_port")]
    pub(crate) port: u16,
    /// Who we are to it.
    pub(crate) system_id: String,
    /// The file that holds the password.
    pub(crate) password_file: PathBuf,
    /// What kind of system we are, where it asks.
    #[serde(default)]
    pub(crate) system_type: String,
    /// Who texts come from: a number, a short code, or letters.
    pub(crate) from: String,
    /// How many submissions may be without an answer at once.
    #[serde(default = "window")]
    pub(crate) window: u16,
    /// How many submissions a second the account may make; absent = as many as the window allows.
    pub(crate) per_second: Option<u32>,
    /// How the parts of a long text are told apart.
    #[serde(default)]
    pub(crate) long: LongTexts,
    /// Statuses with which this centre says that the recipient opted out.
    #[serde(default)]
    pub(crate) opted_out_statuses: Vec<u32>,
    /// After how much silence we ask whether the centre is there, in seconds.
    #[serde(default = "silence_seconds")]
    pub(crate) silence_seconds: u32,
    /// A file with the certificates to trust, PEM; absent = the system's.
    pub(crate) trust: Option<PathBuf>,
}

/// What the carriers let a vendor's sender send.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TextRate {
    /// The vendor, as its own section has it.
    pub(crate) vendor: String,
    /// Its service.
    #[serde(default = "messaging")]
    pub(crate) service: String,
    /// What its texts come from.
    pub(crate) sender: Sender,
    /// How far the carriers trust who registered a long code.
    pub(crate) class: Option<Class>,
    /// The campaign, where more than one vendor sends for it.
    pub(crate) campaign: Option<String>,
    /// The brand, where there is more than one.
    pub(crate) brand: Option<String>,
    /// What the vendor lets this sender send, where the contract says so.
    pub(crate) segments_per_second: Option<u32>,
}

impl TextRate {
    /// Whether what it says can be used; `known` = there is such a vendor.
    ///
    /// # Errors
    /// The key, and what was expected.
    pub(crate) fn check(&self, known: bool) -> Result<(), (&'static str, &'static str)> {
        if !known {
            return Err(("vendor", "expected vendor and service of a section that carries texts"));
        }
        if self.class.is_some() && self.sender != Sender::LongCode {
            return Err(("class", "only a long code has one"));
        }
        if self.segments_per_second == Some(0) {
            return Err(("segments_per_second", "expected at least 1"));
        }
        Ok(())
    }
}

/// How the parts of a long text are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LongTexts {
    /// By a header in each part.
    #[default]
    Header,
    /// By parameters beside each part.
    Parameters,
}

fn twilio() -> String {
    "twilio".to_owned()
}

fn bandwidth() -> String {
    "bandwidth".to_owned()
}

fn messaging() -> String {
    "messaging".to_owned()
}

/// SMPP over TLS has no port of its own; this is the one most centres use.
const fn tls_port() -> u16 {
    3550
}

const fn window() -> u16 {
    10
}

const fn silence_seconds() -> u32 {
    30
}

impl Twilio {
    /// Whether what it says can be used.
    ///
    /// # Errors
    /// The key, and what was expected.
    pub(crate) fn check(&self) -> Result<(), (&'static str, &'static str)> {
        if !self.endpoint.starts_with("https://") {
            return Err(("endpoint", "expected https://api.twilio.com, or another region's"));
        }
        if self.from.is_some() == self.messaging_service.is_some() {
            return Err(("from", "expected either a number or a messaging_service"));
        }
        if self.api_key.is_some() != self.api_key_secret_file.is_some() {
            return Err(("api_key_secret_file", "give api_key and api_key_secret_file together, or neither"));
        }
        Ok(())
    }
}

impl Bandwidth {
    /// Whether what it says can be used.
    ///
    /// # Errors
    /// The key, and what was expected.
    pub(crate) fn check(&self) -> Result<(), (&'static str, &'static str)> {
        if !self.endpoint.starts_with("https://") {
            return Err(("endpoint", "expected https://messaging.bandwidth.com"));
        }
        if !self.token_endpoint.starts_with("https://") {
            return Err(("token_endpoint", "expected https://api.bandwidth.com"));
        }
        Ok(())
    }
}

impl Smpp {
    /// Whether what it says can be used.
    ///
    /// # Errors
    /// The key, and what was expected.
    pub(crate) fn check(&self) -> Result<(), (&'static str, &'static str)> {
        if self.window == 0 {
            return Err(("window", "expected at least 1"));
        }
        if self.per_second == Some(0) {
            return Err(("per_second", "expected at least 1"));
        }
        if !(1..=3600).contains(&self.silence_seconds) {
            return Err(("silence_seconds", "expected 1 to 3600"));
        }
        Ok(())
    }
}
