//! Notices by e-mail through a smarthost: SMTP submission over a TLS session whose certificate is verified.
//!
//! What it can hold: [`TransportFloor::VerifiedTls`], to the smarthost. The next hop is the smarthost's, and nothing it answers tells us how
//! it went, so it carries notices, unless the deployment says that it enforces TLS ([`Enforces`]) and the session bears that out: then it
//! holds `EnforcedTls`. A body that needs an enforced tier is answered `BelowFloor` otherwise.
//!
//! What its answer means: `Delivered` is "taken over by the smarthost" (RFC 5321 section 6.1: with 250 the responsibility
//! passes on). There are no receipts; a bounce comes as mail, to the address in [`Outbound::back`].

use super::dkim::Dkim;
use super::letter::{Writer, letter, ran_out};
use super::places::Places;
use super::session::{Endpoint, Failure, Session, TlsStart, Verdict};
use super::smime::Signer;
use crate::line::Booked;
use crate::provider::{Handover, Health, Onward, Outbound, Profile, Provider, ProviderRef, Sent, Unpermitted, left};
use crate::tls::{self, Roots, RootsError};
use async_trait::async_trait;
use jiff::Timestamp;
use postern_base::{Channel, Clock, EmailTier, Secret};
use postern_gate::{Permit, TransportFloor};
use postern_ledger::Recorded;
use std::borrow::Cow;
use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use thiserror::Error;
use tokio::net::lookup_host;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsConnector;

/// After how long an idle session is no longer used: servers close theirs after a while, Postfix after 300 s.
const IDLE_TIME: Duration = Duration::from_secs(60);
/// How many messages one session carries.
const MESSAGES_PER_SESSION: u32 = 100;
/// How many of its addresses are tried for one attempt.
const ADDRESSES_TRIED: usize = 3;

/// How a smarthost is reached.
#[derive(Debug, Clone)]
pub struct SmarthostConfig {
    /// The vendor that runs it, as the agreement registry names it.
    pub vendor: String,
    /// Its service, as the agreement registry names it.
    pub service: String,
    /// Its name: looked up, and what its certificate must be valid for.
    pub host: String,
    /// Its port: 587 with STARTTLS, 465 with TLS from the start.
    pub port: u16,
    /// Where to connect to, instead of looking up the name; the certificate is checked all the same. None = it is looked up.
    pub addresses: Vec<SocketAddr>,
    /// How TLS begins.
    pub tls: TlsStart,
    /// Which certificate authorities are believed.
    pub roots: Roots,
    /// Who we are to it.
    pub credentials: Option<Credentials>,
    /// The sender's address, in the envelope and the header.
    pub from: String,
    /// Our own name in EHLO.
    pub helo: String,
    /// Whether mails carry an HTML alternative of the same words.
    pub html: bool,
    /// Who signs mail that is encrypted to its recipient's certificate; `None` = none is.
    pub signer: Option<Arc<Signer>>,
    /// Who sign every mail for the sender's domain, one a key; none where somebody after us does.
    pub dkim: Vec<Arc<Dkim>>,
    /// Why it is believed to hand mail on over TLS only; `None` = it is not.
    pub enforces: Option<Enforces>,
    /// How long to wait for any reply but the last. The permit's own time is a limit besides.
    pub reply_time: Duration,
    /// How long to wait for the answer to the final dot. RFC 5321 section 4.5.3.2.6 asks for ten minutes; when it is over,
    /// the outcome is unknown and stays so.
    pub final_reply_time: Duration,
    /// How many sessions it gets at once; a message waits for one to be free.
    pub sessions: u32,
}

/// Why a smarthost is believed to hand mail on over TLS only. Each is the deployment's word; what is checked besides differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enforces {
    /// It announces REQUIRETLS in every session and takes each such mail under it (RFC 8689), or the mail does not go.
    RequireTls,
    /// Its operator set it up so. REQUIRETLS is asked for where it is announced; where it is not, only the session with it is checked.
    Vouched,
}

/// User and password for AUTH PLAIN.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The user.
    pub user: String,
    /// The password.
    pub password: Secret<String>,
}

/// A smarthost cannot be set up as configured.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SmarthostError {
    /// The certificate authorities could not be loaded.
    #[error("smarthost roots: {0}")]
    Roots(#[from] RootsError),
    /// A value is not what is expected.
    #[error("smarthost {key}: expected {expected}")]
    Value {
        /// The key.
        key: &'static str,
        /// What was expected.
        expected: &'static str,
    },
}

/// A smarthost as a provider.
pub struct Smarthost {
    profile: Profile,
    endpoint: Endpoint,
    port: u16,
    addresses: Vec<SocketAddr>,
    writer: Writer,
    enforces: Option<Enforces>,
    final_reply_time: Duration,
    /// Leave for a session, each.
    places: Places,
    idle: Mutex<Vec<Session>>,
}

/// What there is to send, and whether it may only be handed on over TLS.
#[derive(Clone, Copy)]
struct Letter<'a> {
    from: &'a str,
    to: &'a str,
    message: &'a [u8],
    enforced: bool,
}

impl fmt::Debug for Smarthost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Smarthost").field("host", &self.endpoint.host).field("port", &self.port).finish()
    }
}

impl Smarthost {
    /// The smarthost that `config` describes; certificates are checked at `clock`'s time. Connects to nothing yet.
    ///
    /// # Errors
    /// [`SmarthostError`], which names the key.
    pub fn new(config: SmarthostConfig, clock: Arc<dyn Clock>) -> Result<Self, SmarthostError> {
        let name = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic());
        if !name(&config.host) || rustls::pki_types::ServerName::try_from(config.host.as_str()).is_err() {
            return Err(SmarthostError::Value { key: "host", expected: "a host name" });
        }
        if !name(&config.helo) {
            return Err(SmarthostError::Value { key: "helo", expected: "a host name" });
        }
        if !config.from.contains('@') || !name(&config.from) {
            return Err(SmarthostError::Value { key: "from", expected: "an address, local@domain" });
        }
        let tls = tls::config(&config.roots, clock)?;
        let endpoint = Endpoint {
            host: config.host,
            tls: config.tls,
            connector: TlsConnector::from(Arc::new(tls)),
            policy: EmailTier::Pkix,
            credentials: config.credentials,
            may_be_clear: false,
            helo: config.helo,
            reply_time: config.reply_time,
        };
        let writer = Writer { from: config.from, html: config.html, signer: config.signer, dkim: config.dkim };
        let profile = Profile {
            vendor: Cow::Owned(config.vendor),
            service: Cow::Owned(config.service),
            channels: &[Channel::Email],
            receipts: false,
            idempotent: false,
            smime: writer.signer.is_some(),
            floor: if config.enforces.is_some() { TransportFloor::EnforcedTls } else { TransportFloor::VerifiedTls },
            last_mile: match config.enforces {
                None => {
                    "Verified TLS to the smarthost. From there to the recipient's server the smarthost decides, and a copy may \
                     travel in the clear: notices only."
                }
                Some(Enforces::RequireTls) => {
                    "Verified TLS to the smarthost, which takes bodies under REQUIRETLS only and so hands them on over verified \
                     TLS or not at all."
                }
                Some(Enforces::Vouched) => {
                    "Verified TLS to the smarthost, which hands bodies on over TLS only, as the practice vouches; nothing it \
                     answers proves it."
                }
            },
        };
        Ok(Self {
            profile,
            endpoint,
            port: config.port,
            addresses: config.addresses,
            writer,
            enforces: config.enforces,
            final_reply_time: config.final_reply_time,
            places: Places::new(config.sessions),
            idle: Mutex::default(),
        })
    }

    /// Why a mail that may only be handed on over TLS may go in `session`.
    fn onward(&self, session: &Session) -> Result<Onward, Failure> {
        match (self.enforces, session.requires_tls) {
            (Some(_), true) => Ok(Onward::RequireTls),
            (Some(Enforces::Vouched), false) => Ok(Onward::Vouched),
            // RFC 8689 section 2: what was not announced may not be asked for, so the promise does not hold today.
            (Some(Enforces::RequireTls), false) | (None, _) => {
                Err(Failure::BelowFloor("requiretls-not-offered".to_owned()))
            }
        }
    }

    async fn write(&self, session: &mut Session, letter: Letter<'_>) -> Result<(), Failure> {
        let onward = if letter.enforced { Some(self.onward(session)?) } else { None };
        if let Some(evidence) = &mut session.evidence {
            evidence.onward = onward;
        }
        session.envelope(letter.from, letter.to, onward == Some(Onward::RequireTls)).await?;
        session.content(letter.message).await
    }

    /// Up to the last moment at which nothing can have been taken: a session that holds the whole message but its end.
    async fn written(&self, letter: Letter<'_>) -> Result<Session, Failure> {
        if let Some(mut session) = self.idle_session() {
            match self.write(&mut session, letter).await {
                Ok(()) => return Ok(session),
                // An idle session may have been closed meanwhile. Nothing was taken, so a fresh one is tried, once.
                Err(Failure::Lost(_)) => {}
                Err(other) => return Err(other),
            }
        }
        let mut session = self.open().await?;
        self.write(&mut session, letter).await?;
        Ok(session)
    }

    /// A session at the first of its addresses that gives one: each has the time for one reply, so that one which says nothing does not use
    /// up the permit.
    async fn open(&self) -> Result<Session, Failure> {
        let mut lost = Failure::Lost("connect".to_owned());
        for address in self.addresses().await? {
            match Session::open(&self.endpoint, address).await {
                Err(failure @ Failure::Lost(_)) => lost = failure,
                opened => return opened,
            }
        }
        Err(lost)
    }

    async fn addresses(&self) -> Result<Vec<SocketAddr>, Failure> {
        if !self.addresses.is_empty() {
            return Ok(self.addresses.clone());
        }
        let asked = timeout(self.endpoint.reply_time, lookup_host((self.endpoint.host.as_str(), self.port)));
        let found = asked.await.map_err(|_| Failure::Lost("look-up-time-out".to_owned()))?;
        Ok(found.map_err(|_| Failure::Lost("look-up".to_owned()))?.take(ADDRESSES_TRIED).collect())
    }

    fn idle_session(&self) -> Option<Session> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|session| session.idle_since.elapsed() < IDLE_TIME);
        idle.pop()
    }

    fn keep(&self, session: Session) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        // There are never more than there are places.
        if session.messages < MESSAGES_PER_SESSION {
            idle.push(session);
        }
    }
}

#[async_trait]
impl Provider for Smarthost {
    fn profile(&self) -> &Profile {
        &self.profile
    }

    fn relays(&self) -> bool {
        true
    }

    fn book(&self, _contact_point: &str, ahead: bool) -> Result<Option<Booked>, Duration> {
        self.places.book(ahead).map(Some)
    }

    async fn send(&self, recorded: Recorded<Permit>, outbound: Outbound, now: Timestamp) -> Sent {
        let message = match letter(&self.profile, &recorded, &outbound, &self.writer, now) {
            Ok(message) => message,
            Err(refused) => return refused,
        };
        let permit = recorded.permit();
        let letter = Letter {
            from: self.writer.sender(&outbound),
            to: permit.contact_point().reveal(),
            message: &message,
            enforced: permit.floor() >= TransportFloor::EnforcedTls,
        };
        let (left, begun) = (left(permit, now), Instant::now());
        // Nothing is wrong with the smarthost when many want it: the message stands in line with a new permit.
        let Ok(Some(_place)) = timeout(left, self.places.enter(outbound.ahead)).await else {
            return Sent::Unpermitted(Unpermitted::Expired);
        };
        let stood = begun.elapsed();
        let mut session = match timeout(left.saturating_sub(stood), self.written(letter)).await {
            Ok(Ok(session)) => session,
            Ok(Err(Failure::BelowFloor(code))) if code == "requiretls-not-offered" => {
                return Sent::BelowFloor { found: Some(TransportFloor::VerifiedTls), code, peer: None };
            }
            Ok(Err(failure)) => return answer(failure),
            Err(_) => return ran_out(stood, left),
        };
        match session.finish(self.final_reply_time).await {
            Verdict::Taken(queue_id) => {
                let reference = ProviderRef(queue_id.unwrap_or(outbound.idempotency_key));
                let handover = Handover { reference, session: session.evidence.clone().map(Box::new) };
                self.keep(session);
                Sent::Delivered(handover)
            }
            Verdict::Refused(failure) => answer(failure),
            Verdict::Unknown(code) => Sent::Unknown { code },
        }
    }

    async fn probe(&self) -> Health {
        let probed = async {
            let mut session = self.open().await?;
            session.alive().await?;
            self.keep(session);
            Ok(())
        };
        match probed.await {
            Ok(()) => Health::Up,
            Err(
                Failure::Lost(code) | Failure::Temporary(code) | Failure::Permanent(code) | Failure::BelowFloor(code),
            ) => Health::Down { code },
        }
    }
}

/// Nothing was taken: what that means to the engine.
fn answer(failure: Failure) -> Sent {
    match failure {
        Failure::Lost(code) | Failure::Temporary(code) => Sent::TemporaryFailure { code },
        Failure::Permanent(code) => Sent::PermanentFailure { code },
        Failure::BelowFloor(code) => Sent::BelowFloor { found: None, code, peer: None },
    }
}
