//! The configuration file: TOML, every key known. What cannot be understood stops the start and is named: file, key, and what
//! was expected.

mod amazon;
mod texts;

pub(crate) use amazon::{AmazonTexts, Ses};
use postern_base::{Channel, TenantId};
use postern_engine::policy;
use postern_engine::wire::{self, Settings};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
pub(crate) use texts::{Bandwidth, LongTexts, Smpp, TextRate, Twilio};

/// The configuration.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Config {
    /// The HTTP server.
    pub(crate) server: Server,
    /// The log.
    pub(crate) log: Log,
    /// Simulated vendors.
    pub(crate) simulator: Vec<Simulator>,
    /// Where simulators note every message taken, ids only: for tests that count.
    pub(crate) simulator_log: Option<PathBuf>,
    /// Smarthosts for e-mail.
    pub(crate) smarthost: Vec<Smarthost>,
    /// Amazon SES, once a region or sender.
    pub(crate) ses: Vec<Ses>,
    /// E-mail straight to recipients' servers.
    pub(crate) direct: Option<Direct>,
    /// Accounts with Twilio for text messages.
    pub(crate) twilio: Vec<Twilio>,
    /// Accounts with Bandwidth for text messages.
    pub(crate) bandwidth: Vec<Bandwidth>,
    /// Amazon SNS for text messages.
    pub(crate) sns: Vec<AmazonTexts>,
    /// AWS End User Messaging for text messages.
    pub(crate) end_user_messaging: Vec<AmazonTexts>,
    /// Message centres for text messages.
    pub(crate) smpp: Vec<Smpp>,
    /// What the carriers let the numbers of these vendors send.
    pub(crate) text_rate: Vec<TextRate>,
    /// Keys that sign mail for the domain it comes from.
    pub(crate) dkim: Vec<Dkim>,
    /// Mail that is signed, and encrypted to its reader's certificate.
    pub(crate) smime: Option<Smime>,
    /// Who is told of what somebody must look at now; absent = nobody is.
    pub(crate) duty: Option<Duty>,
    /// Mail that comes back; absent = nobody listens for it.
    pub(crate) inbound_mail: Option<InboundMail>,
    /// Tenants by id. What is here replaces, at start, what the store holds of them.
    tenant: BTreeMap<String, toml::Value>,
}

/// The HTTP server.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Server {
    /// Where to listen.
    pub(crate) listen: SocketAddr,
    /// A proxy on this host ends TLS in front of us. Without it, only loopback is listened on.
    pub(crate) behind_tls_proxy: bool,
    /// The address callers and vendors reach us at.
    pub(crate) public_url: Option<String>,
    /// Requests per second and key.
    pub(crate) requests_per_second: u32,
    /// The largest body, in KiB.
    pub(crate) body_limit_kib: u32,
    /// The longest a body may take to arrive, in seconds.
    pub(crate) body_seconds: u32,
    /// The longest a connection may go without a whole request head, in seconds.
    pub(crate) idle_seconds: u32,
    /// Connections at once.
    pub(crate) connections: u32,
    /// How long requests are answered with 503 before the port is let go, once told to stop, in seconds.
    pub(crate) linger_seconds: u32,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8025)),
            behind_tls_proxy: false,
            public_url: None,
            requests_per_second: 20_000,
            body_limit_kib: 256,
            body_seconds: 15,
            idle_seconds: 30,
            connections: 8192,
            linger_seconds: 0,
        }
    }
}

/// The log.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Log {
    /// For whom.
    pub(crate) format: LogFormat,
    /// `error`, `warn`, `info`, `debug` or `trace`.
    pub(crate) level: String,
}

impl Default for Log {
    fn default() -> Self {
        Self { format: LogFormat::Human, level: "info".into() }
    }
}

/// For whom the log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// People.
    Human,
    /// Machines.
    Json,
}

/// A simulated vendor.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Simulator {
    /// `sms` or `email`.
    pub(crate) channel: Channel,
    /// The vendor it plays.
    pub(crate) vendor: String,
    /// The service it plays.
    pub(crate) service: String,
    /// Our number or address at that vendor.
    pub(crate) address: String,
}

/// A smarthost: takes our mail over a verified session.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Smarthost {
    /// Its name in the vendor registry.
    pub(crate) vendor: String,
    /// Its service in the vendor registry.
    pub(crate) service: String,
    /// Its host name, which its certificate must hold.
    pub(crate) host: String,
    /// Its port.
    #[serde(default = "submission")]
    pub(crate) port: u16,
    /// The address mail comes from.
    pub(crate) from: String,
    /// Who we are, when it asks.
    pub(crate) username: Option<String>,
    /// The file that holds the password.
    pub(crate) password_file: Option<PathBuf>,
    /// A file with the certificates to trust, PEM; absent = the system's.
    pub(crate) trust: Option<PathBuf>,
    /// Why it is believed to hand mail on over TLS only; absent = it carries notices.
    pub(crate) enforces_tls: Option<EnforcesTls>,
    /// How many sessions it gets at once.
    #[serde(default = "relay_sessions")]
    pub(crate) sessions: u32,
}

/// Why a smarthost is believed to hand mail on over TLS only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum EnforcesTls {
    /// It takes every body under REQUIRETLS (RFC 8689), or none goes.
    RequireTls,
    /// Whoever runs it set it up so.
    Vouched,
}

/// A key that signs mail for the domain it comes from (RFC 6376).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Dkim {
    /// The domain of the sender's address.
    pub(crate) domain: String,
    /// Under which name the domain publishes the public key.
    pub(crate) selector: String,
    /// The private key, PEM.
    pub(crate) key_file: PathBuf,
}

/// Mail that is signed, and encrypted to its reader's certificate.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Smime {
    /// The certificates of the authorities that are trusted for mail, PEM.
    pub(crate) authorities: PathBuf,
    /// Their revocation lists, PEM or DER.
    #[serde(default)]
    pub(crate) revocations: Vec<PathBuf>,
    /// The practice's own certificates, one for each address mail comes from.
    #[serde(default)]
    pub(crate) sender: Vec<SmimeSender>,
    /// How the content is encrypted.
    #[serde(default)]
    pub(crate) cipher: Cipher,
}

/// What mail from one address is signed with.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SmimeSender {
    /// The certificate with its issuers, PEM.
    pub(crate) certificate: PathBuf,
    /// Its private key, PEM.
    pub(crate) key_file: PathBuf,
}

/// How the content is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub(crate) enum Cipher {
    /// Authenticated.
    #[default]
    #[serde(rename = "aes-256-gcm")]
    Aes256Gcm,
    /// For mail programs of before 2019.
    #[serde(rename = "aes-256-cbc")]
    Aes256Cbc,
}

/// Who is on duty: a webhook of the practice's own.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Duty {
    /// Its address, `https://host/path`.
    pub(crate) url: String,
    /// The file that holds the key that calls are signed with.
    pub(crate) key_file: PathBuf,
    /// A file with the certificates to trust, PEM; absent = the system's.
    pub(crate) trust: Option<PathBuf>,
    /// After how many minutes an alert is late.
    #[serde(default = "alert_minutes")]
    pub(crate) alert_minutes: u32,
}

/// house: an alert that waits longer is told again.
const fn alert_minutes() -> u32 {
    10
}

/// Where mail comes back to.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct InboundMail {
    /// Where to listen.
    #[serde(default = "everywhere")]
    pub(crate) listen: SocketAddr,
    /// The domain whose MX leads here: a subdomain of the sender's, so that SPF aligns with DMARC.
    pub(crate) domain: String,
    /// Our name; absent = the domain.
    pub(crate) host: Option<String>,
    /// The certificate chain for STARTTLS, PEM; absent = it is not offered.
    pub(crate) certificate: Option<PathBuf>,
    /// Its private key, PEM.
    pub(crate) key: Option<PathBuf>,
    /// The largest mail, in KiB.
    #[serde(default = "message_kib")]
    pub(crate) message_kib: u32,
    /// Connections at once.
    #[serde(default = "connections")]
    pub(crate) connections: u32,
    /// New connections a minute from one network.
    #[serde(default = "connections_per_minute")]
    pub(crate) connections_per_minute: u32,
    /// Mails kept in a day that answer no mail of ours.
    #[serde(default = "unasked_per_day")]
    pub(crate) unasked_per_day: u32,
    /// Their size in a day, in MiB.
    #[serde(default = "unasked_mib_per_day")]
    pub(crate) unasked_mib_per_day: u32,
    /// Such mails kept in a day from one network.
    #[serde(default = "unasked_per_network")]
    pub(crate) unasked_per_network: u32,
    /// Their size in a day from one network, in MiB.
    #[serde(default = "unasked_mib_per_network")]
    pub(crate) unasked_mib_per_network: u32,
    /// How long the other side may be silent, in seconds.
    #[serde(default = "idle_seconds")]
    pub(crate) idle_seconds: u32,
}

fn everywhere() -> SocketAddr {
    SocketAddr::from(([0, 0, 0, 0], 25))
}

const fn message_kib() -> u32 {
    4096
}

const fn connections() -> u32 {
    64
}

const fn connections_per_minute() -> u32 {
    60
}

const fn unasked_per_day() -> u32 {
    1000
}

const fn unasked_mib_per_day() -> u32 {
    64
}

const fn unasked_per_network() -> u32 {
    100
}

const fn unasked_mib_per_network() -> u32 {
    16
}

const fn idle_seconds() -> u32 {
    60
}

const fn submission() -> u16 {
    587
}

/// What servers take from one address: Postfix, unless it is told otherwise, 50.
const fn relay_sessions() -> u32 {
    20
}

/// E-mail straight to recipients' servers.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Direct {
    /// Its name in the vendor registry.
    #[serde(default = "ourselves")]
    pub(crate) vendor: String,
    /// Its service in the vendor registry.
    #[serde(default = "email")]
    pub(crate) service: String,
    /// The address mail comes from.
    pub(crate) from: String,
    /// Our own name, which our address resolves to and back.
    pub(crate) helo: String,
    /// DNS servers that are asked; absent = those of /etc/resolv.conf.
    #[serde(default)]
    pub(crate) dns: Vec<SocketAddr>,
    /// A file of the DNSKEY records that are believed; absent = the root's.
    pub(crate) trust_anchors: Option<PathBuf>,
    /// A file with the certificates to trust, PEM; absent = the system's.
    pub(crate) trust: Option<PathBuf>,
    /// How many sessions one server gets at once.
    #[serde(default = "sessions")]
    pub(crate) sessions_per_server: u32,
    /// For rehearsals on one machine: other ports than mail's and the web's, and servers on loopback.
    pub(crate) rehearsal: Option<Rehearsal>,
}

/// Direct delivery among servers of one's own on this machine.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rehearsal {
    /// The port of mail servers.
    pub(crate) smtp_port: u16,
    /// The port of hosts that publish policies.
    pub(crate) https_port: u16,
}

fn ourselves() -> String {
    "self".to_owned()
}

fn email() -> String {
    "email".to_owned()
}

const fn sessions() -> u32 {
    8
}

/// Why the configuration was not taken. Values are not repeated: a misplaced password must not reach a log.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    /// It cannot be read.
    #[error("{}: cannot be read: {why}; `postern quickstart` makes one", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// Why.
        #[source]
        why: std::io::Error,
    },
    /// A file it names cannot be read.
    #[error("{}: cannot be read: {why}; `policy_file` names a file beside the configuration", file.display())]
    Policies {
        /// The file.
        file: PathBuf,
        /// Why.
        #[source]
        why: std::io::Error,
    },
    /// A key is not as it should be.
    #[error("{}: `{key}`: {expected}", file.display())]
    Key {
        /// The file.
        file: PathBuf,
        /// The key, as a path.
        key: String,
        /// What was expected.
        expected: String,
    },
    /// A tenant's policy would loosen the floor, or cannot be read.
    #[error("{}: the policy cannot be taken:{}", file.display(), listed(problems))]
    Policy {
        /// The file that holds the policy.
        file: PathBuf,
        /// Everything that is wrong with it.
        problems: Vec<policy::Problem>,
    },
}

fn listed(problems: &[policy::Problem]) -> String {
    problems.iter().map(|problem| format!("\n  {}: {} ({})", problem.key, problem.sentence, problem.rule)).collect()
}

/// The JSON document in a TOML or JSON text: what begins with `{` is JSON.
///
/// # Errors
/// [`ConfigError`], naming the line.
pub(crate) fn document(file: &Path, text: &str) -> Result<serde_json::Value, ConfigError> {
    let error = |key: String, expected: String| ConfigError::Key { file: file.to_path_buf(), key, expected };
    if text.trim_start().starts_with('{') {
        return serde_json::from_str(text)
            .map_err(|problem| error(format!("line {}", problem.line()), "not JSON".to_owned()));
    }
    let table: toml::Table = toml::from_str(text)
        .map_err(|problem| error(line_of(text, &problem), format!("not TOML: {}", problem.message())))?;
    serde_json::to_value(table).map_err(|_| error("the file".to_owned(), "expected a table of keys".to_owned()))
}

impl Config {
    /// Reads the file.
    ///
    /// # Errors
    /// [`ConfigError`], naming file, key and what was expected.
    pub(crate) fn read(file: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(file).map_err(|why| ConfigError::Read { file: file.to_path_buf(), why })?;
        Self::parse(file, &text)
    }

    pub(crate) fn parse(file: &Path, text: &str) -> Result<Self, ConfigError> {
        let error = |key: String, expected: String| ConfigError::Key { file: file.to_path_buf(), key, expected };
        let deserializer = toml::Deserializer::parse(text)
            .map_err(|problem| error(line_of(text, &problem), format!("not TOML: {}", problem.message())))?;
        let mut config: Self = serde_path_to_error::deserialize(deserializer).map_err(|problem| {
            let key = problem.path().to_string();
            let key = if key == "." { line_of(text, problem.inner()) } else { key };
            error(key, without_value(problem.inner().message()))
        })?;
        config.check().map_err(|(key, expected)| error(key, expected))?;
        config.read_policies(file)?;
        for id in config.tenant.keys() {
            config.settings_of(id).map_err(|(key, expected)| error(key, expected))?;
        }
        Ok(config)
    }

    /// Puts the policy that a tenant keeps in a file of its own (`policy_file`, beside this one) where a policy stands, and
    /// refuses every policy that loosens the floor.
    fn read_policies(&mut self, file: &Path) -> Result<(), ConfigError> {
        for (id, settings) in &mut self.tenant {
            let error = |expected: &str| ConfigError::Key {
                file: file.to_path_buf(),
                key: format!("tenant.{id}.policy_file"),
                expected: expected.to_owned(),
            };
            let Some(table) = settings.as_table_mut() else { continue };
            let named = table.remove("policy_file");
            let mut home = file.to_path_buf();
            if let Some(named) = named {
                let named = named.as_str().ok_or_else(|| error("expected the name of a file"))?;
                home = file.parent().unwrap_or_else(|| Path::new("")).join(named);
                let text =
                    std::fs::read_to_string(&home).map_err(|why| ConfigError::Policies { file: home.clone(), why })?;
                let tenant = table.get_mut("tenant").and_then(toml::Value::as_table_mut);
                let tenant = tenant.ok_or_else(|| error("expected a `tenant` table beside it"))?;
                let policy = toml::Value::try_from(document(&home, &text)?).map_err(|_| error("expected a policy"))?;
                if tenant.insert("policy".to_owned(), policy).is_some() {
                    return Err(error("there is a `policy` beside it; keep one"));
                }
            }
            let Some(policy) = table.get("tenant").and_then(|tenant| tenant.get("policy")) else { continue };
            let policy = serde_json::to_value(policy).map_err(|_| error("expected a policy"))?;
            if let Err(problems) = policy::check(&policy) {
                return Err(ConfigError::Policy { file: home, problems });
            }
        }
        Ok(())
    }

    /// The settings of every tenant in the file, as the engine takes them.
    ///
    /// # Errors
    /// [`ConfigError`]; a configuration that was read has none.
    pub(crate) fn tenants(&self, file: &Path) -> Result<Vec<(TenantId, Vec<u8>)>, ConfigError> {
        self.tenant
            .keys()
            .map(|id| {
                self.settings_of(id).map_err(|(key, expected)| ConfigError::Key { file: file.into(), key, expected })
            })
            .collect()
    }

    fn settings_of(&self, id: &str) -> Result<(TenantId, Vec<u8>), (String, String)> {
        let tenant: TenantId =
            id.parse().map_err(|error: postern_base::id::BadTenantId| (format!("tenant.{id}"), error.to_string()))?;
        let bytes = serde_json::to_vec(&self.tenant.get(id))
            .map_err(|_| (format!("tenant.{id}"), "expected a table".to_owned()))?;
        wire::parse::<Settings>(&bytes).map_err(|error| (format!("tenant.{id}.{}", error.field), error.what))?;
        Ok((tenant, bytes))
    }

    fn check(&self) -> Result<(), (String, String)> {
        let problem = |key: &str, expected: &str| Err((key.to_owned(), expected.to_owned()));
        if !self.server.listen.ip().is_loopback() && !self.server.behind_tls_proxy {
            return problem(
                "server.listen",
                "only loopback is listened on without TLS: put a proxy that ends TLS in front and set server.behind_tls_proxy = true",
            );
        }
        if self.server.requests_per_second == 0 {
            return problem("server.requests_per_second", "expected at least 1");
        }
        if !(1..=65_536).contains(&self.server.body_limit_kib) {
            return problem("server.body_limit_kib", "expected 1 to 65536");
        }
        for (key, seconds, least) in [
            ("server.body_seconds", self.server.body_seconds, 1),
            ("server.idle_seconds", self.server.idle_seconds, 1),
            ("server.linger_seconds", self.server.linger_seconds, 0),
        ] {
            if !(least..=3600).contains(&seconds) {
                return Err((key.to_owned(), format!("expected {least} to 3600")));
            }
        }
        if self.server.connections == 0 {
            return problem("server.connections", "expected at least 1");
        }
        for (index, simulator) in self.simulator.iter().enumerate() {
            if !matches!(simulator.channel, Channel::Sms | Channel::Email) {
                return Err((format!("simulator[{index}].channel"), "expected sms or email".to_owned()));
            }
        }
        for (index, twilio) in self.twilio.iter().enumerate() {
            twilio.check().map_err(|(key, expected)| (format!("twilio[{index}].{key}"), expected.to_owned()))?;
            if !self.server.public_url.as_ref().is_some_and(|url| url.starts_with("https://")) {
                return problem("server.public_url", "expected https://..., where Twilio reaches us");
            }
        }
        for (index, bandwidth) in self.bandwidth.iter().enumerate() {
            bandwidth.check().map_err(|(key, expected)| (format!("bandwidth[{index}].{key}"), expected.to_owned()))?;
        }
        for (index, smpp) in self.smpp.iter().enumerate() {
            smpp.check().map_err(|(key, expected)| (format!("smpp[{index}].{key}"), expected.to_owned()))?;
        }
        for (index, rate) in self.text_rate.iter().enumerate() {
            let checked = rate.check(self.text_vendors().any(|known| known == (&rate.vendor, &rate.service)));
            checked.map_err(|(key, expected)| (format!("text_rate[{index}].{key}"), expected.to_owned()))?;
        }
        for (name, accounts) in [("sns", &self.sns), ("end_user_messaging", &self.end_user_messaging)] {
            for (index, account) in accounts.iter().enumerate() {
                let checked = account.check(name == "end_user_messaging");
                checked.map_err(|(key, expected)| (format!("{name}[{index}].{key}"), expected.to_owned()))?;
            }
        }
        for (index, ses) in self.ses.iter().enumerate() {
            ses.check().map_err(|(key, expected)| (format!("ses[{index}].{key}"), expected.to_owned()))?;
        }
        for (index, host) in self.smarthost.iter().enumerate() {
            if host.username.is_some() != host.password_file.is_some() {
                return Err((
                    format!("smarthost[{index}].password_file"),
                    "give username and password_file together, or neither".to_owned(),
                ));
            }
            if !(1..=100).contains(&host.sessions) {
                return Err((format!("smarthost[{index}].sessions"), "expected 1 to 100".to_owned()));
            }
        }
        if let Some(direct) = &self.direct
            && !(1..=100).contains(&direct.sessions_per_server)
        {
            return problem("direct.sessions_per_server", "expected 1 to 100");
        }
        Ok(())
    }
}

impl Config {
    /// Who carries texts, by vendor and service.
    fn text_vendors(&self) -> impl Iterator<Item = (&String, &String)> {
        let simulated = self.simulator.iter().filter(|line| line.channel == Channel::Sms);
        let accounts = self.sns.iter().chain(&self.end_user_messaging);
        (self.twilio.iter().map(|of| (&of.vendor, &of.service)))
            .chain(self.bandwidth.iter().map(|of| (&of.vendor, &of.service)))
            .chain(self.smpp.iter().map(|of| (&of.vendor, &of.service)))
            .chain(accounts.map(|of| (&of.vendor, &of.service)))
            .chain(simulated.map(|of| (&of.vendor, &of.service)))
    }
}

/// Where a problem without a key is.
fn line_of(text: &str, problem: &toml::de::Error) -> String {
    let Some(span) = problem.span() else { return "the file".to_owned() };
    let before = text.as_bytes().get(..span.start).unwrap_or_default();
    format!("line {}", before.iter().filter(|byte| **byte == b'\n').count().saturating_add(1))
}

/// serde's message names what it found; only what it expected is told.
fn without_value(message: &str) -> String {
    if message.starts_with("unknown field")
        || message.starts_with("missing field")
        || message.starts_with("duplicate")
        || message.starts_with("not a ")
    {
        return message.to_owned();
    }
    match message.rsplit_once("expected ") {
        Some((_, expected)) => format!("expected {expected}"),
        None => "not a value this key takes".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaint(text: &str) -> String {
        Config::parse(Path::new("postern.toml"), text).unwrap_err().to_string()
    }

    #[test]
    fn an_empty_file_is_a_configuration_on_loopback() {
        let config = Config::parse(Path::new("postern.toml"), "").unwrap();
        assert!(config.server.listen.ip().is_loopback());
        assert!(config.simulator.is_empty());
    }

    #[test]
    fn an_unknown_key_is_refused_and_named() {
        let said = complaint("[server]\nlisten = \"127.0.0.1:1\"\nprot = 3\n");
        assert!(said.starts_with("postern.toml: `server.prot`: unknown field"), "{said}");
        assert!(said.contains("public_url"), "{said}");
    }

    #[test]
    fn a_wrong_type_is_refused_with_what_was_expected_and_without_the_value() {
        let said = complaint("[server]\nrequests_per_second = \"hunter2\"\n");
        assert_eq!(said, "postern.toml: `server.requests_per_second`: expected u32");
        assert!(!said.contains("hunter2"), "{said}");
    }

    #[test]
    fn text_that_is_not_toml_is_named_by_its_line() {
        let said = complaint("[server]\nlisten = \n");
        assert!(said.contains("`line 2`"), "{said}");
    }

    #[test]
    fn another_address_than_loopback_needs_tls_in_front() {
        let said = complaint("[server]\nlisten = \"0.0.0.0:8025\"\n");
        assert!(said.contains("server.listen") && said.contains("behind_tls_proxy"), "{said}");
        assert!(Config::parse(Path::new("f"), "[server]\nlisten = \"0.0.0.0:1\"\nbehind_tls_proxy = true\n").is_ok());
    }

    #[test]
    fn a_tenant_is_read_as_strictly_as_a_request() {
        let said = complaint(
            "[tenant.clinic.tenant]\nname = \"A\"\nrole = \"covered_entity\"\ncolour = 1\nsender = { alias = \"A\", reveals_specialty = false }\n",
        );
        assert!(said.contains("tenant.clinic.tenant.colour"), "{said}");
        let said = complaint("[tenant.\"Not A Label\"]\n");
        assert!(said.contains("tenant.Not A Label"), "{said}");
    }

    const TENANT: &str = "[tenant.clinic.tenant]\nname = \"A\"\nrole = \"covered_entity\"\nsender = { alias = \"A\", reveals_specialty = false }\n";

    #[test]
    fn a_policy_that_loosens_stops_the_start_with_every_problem_of_it() {
        let policy = "[tenant.clinic.tenant.policy]\ncolour = 1\ncaps = { per_day = 7 }\n[tenant.clinic.tenant.policy.matrix.test_result.L3]\nsms = \"full\"\n";
        let said = complaint(&format!("{TENANT}{policy}"));
        for part in [
            "postern.toml: the policy cannot be taken",
            "colour",
            "caps.per_day",
            "matrix.test_result.L3.sms",
            "`notice`",
            "45 CFR 164.530(c)",
        ] {
            assert!(said.contains(part), "{part}: {said}");
        }
        let tight = format!("{TENANT}[tenant.clinic.tenant.policy]\nwindow = {{ from = \"10:00\", to = \"18:00\" }}\n");
        assert!(Config::parse(Path::new("postern.toml"), &tight).is_ok());
    }

    #[test]
    fn a_policy_file_that_is_not_there_is_named() {
        let said = complaint(&format!("[tenant.clinic]\npolicy_file = \"no-such.toml\"\n{TENANT}"));
        assert!(said.starts_with("no-such.toml: cannot be read"), "{said}");
    }

    #[test]
    fn direct_delivery_needs_a_sender_and_our_own_name_and_no_more() {
        let text = "[direct]\nfrom = \"notices@clinic.example\"\nhelo = \"mail.clinic.example\"\n";
        let direct = Config::parse(Path::new("f"), text).unwrap().direct.unwrap();
        assert_eq!((direct.vendor.as_str(), direct.service.as_str()), ("self", "email"));
        assert!(direct.dns.is_empty() && direct.rehearsal.is_none());
        assert!(complaint("[direct]\nfrom = \"a@b.example\"\n").contains("helo"));
        assert!(complaint(&format!("{text}sessions_per_server = 0\n")).contains("direct.sessions_per_server"));
    }

    #[test]
    fn a_simulator_plays_only_what_there_is_a_simulator_for() {
        let said = complaint("[[simulator]]\nchannel = \"voice\"\nvendor = \"a\"\nservice = \"b\"\naddress = \"c\"\n");
        assert!(said.contains("simulator[0].channel"), "{said}");
    }
}
