//! SMPP 3.4 over TLS (SMPP v3.4, issue 1.2): one session as transceiver to a message centre, kept up as long as we run.
//!
//! What its answer means: the centre took the message and named it; a receipt says more. SMPP knows no idempotency key: what was
//! handed to the socket and not answered stays unknown, and is never sent again. A long text goes in parts, one after the other;
//! once one part was taken, a failure of the next leaves the whole unknown.

#[cfg(fuzzing)]
pub mod fuzzing;
mod inbound;
mod link;
mod pacing;
mod pdu;
mod receipt;
mod session;

pub use pdu::Long;

use crate::provider::{Handover, Health, Outbound, Profile, Provider, ProviderRef, Receipt, Sent, Told, left};
use crate::sms::text::{self, Encoding};
use crate::tls::{self, Roots, RootsError};
use async_trait::async_trait;
use jiff::Timestamp;
use link::{Link, Standing};
use pdu::{Address, Part, Submit};
use postern_base::{Channel, Clock, Phi, Rng, Secret};
use postern_gate::{Permit, TransportFloor};
use postern_ledger::Recorded;
use session::{Claim, Command, Reply};
use std::borrow::Cow;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;
use thiserror::Error;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;

/// How many submissions wait for the session, at most.
const WAITING: usize = 4096;

/// How a message centre is reached.
#[derive(Debug, Clone)]
pub struct SmppConfig {
    /// The vendor, as the agreement registry names it.
    pub vendor: String,
    /// The service, as the agreement registry names it.
    pub service: String,
    /// Its name: looked up, and what its certificate must be valid for.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// A fixed address to connect to instead of looking up the name; the certificate is checked all the same.
    pub address: Option<SocketAddr>,
    /// Which certificate authorities are believed.
    pub roots: Roots,
    /// Who we are to it; at most 15 characters.
    pub system_id: String,
    /// The password; at most 8 characters.
    pub password: Secret<String>,
    /// What kind of system we are, where it asks; at most 12 characters.
    pub system_type: String,
    /// Who texts come from: a number (E.164), a short code, or letters.
    pub from: String,
    /// How many submissions may be without an answer at once.
    pub window: u16,
    /// How many submissions a second the account may make; a segment is one.
    pub per_second: Option<u32>,
    /// How the parts of a long text are told apart.
    pub long: Long,
    /// Statuses with which this centre says that the recipient opted out.
    pub opted_out: Vec<u32>,
    /// How long an answer may take, to anything.
    pub answer_time: Duration,
    /// After how much silence we ask whether the centre is there.
    pub silence: Duration,
}

/// A message centre cannot be set up as configured.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SmppError {
    /// The certificate authorities could not be loaded.
    #[error("smpp roots: {0}")]
    Roots(#[from] RootsError),
    /// A value is not what is expected.
    #[error("smpp {key}: expected {expected}")]
    Value {
        /// The key.
        key: &'static str,
        /// What was expected.
        expected: &'static str,
    },
}

/// A message centre as a provider.
pub struct Smpp {
    profile: Profile,
    host: String,
    from: Address,
    long: Long,
    opted_out: Vec<u32>,
    answer_time: Duration,
    commands: mpsc::Sender<Command>,
    standing: watch::Receiver<Standing>,
    wanted: watch::Sender<bool>,
    reference: AtomicU16,
}

impl fmt::Debug for Smpp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Smpp").field("host", &self.host).finish_non_exhaustive()
    }
}

impl Smpp {
    /// The centre that `config` describes; certificates are checked at `clock`'s time. What it delivers goes to `told`, under names
    /// made with `rng`. Connects when [`Smpp::begin`] is called, or with the first message; its session ends with this value.
    /// Called within the async runtime.
    ///
    /// # Errors
    /// [`SmppError`], which names the key.
    pub fn new(
        config: SmppConfig,
        told: mpsc::Sender<Told>,
        clock: Arc<dyn Clock>,
        rng: Arc<dyn Rng>,
    ) -> Result<Self, SmppError> {
        let value = |key, expected| SmppError::Value { key, expected };
        let name = |text: &str, most| text.len() <= most && text.bytes().all(|octet| octet.is_ascii_graphic());
        let server = rustls::pki_types::ServerName::try_from(config.host.clone());
        let server = server.map_err(|_| value("host", "a host name"))?;
        // SMPP v3.4 section 5.2.1 to 5.2.3.
        if config.system_id.is_empty() || !name(&config.system_id, 15) {
            return Err(value("system_id", "1 to 15 characters"));
        }
        if !name(config.password.reveal(), 8) {
            return Err(value("password", "at most 8 characters"));
        }
        if !name(&config.system_type, 12) {
            return Err(value("system_type", "at most 12 characters"));
        }
        if config.window == 0 {
            return Err(value("window", "at least 1"));
        }
        let from =
            sender(&config.from).ok_or_else(|| value("from", "a number, a short code, or at most 11 letters"))?;
        let connector = TlsConnector::from(Arc::new(tls::config(&config.roots, Arc::clone(&clock))?));
        let (commands, waiting) = mpsc::channel(WAITING);
        let (wanted, want) = watch::channel(false);
        let (stands, standing) = watch::channel(Standing::Connecting);
        let inbound = inbound::Inbound::new(&config.vendor, &config.service, told, clock, rng);
        let profile = Profile {
            vendor: Cow::Owned(config.vendor.clone()),
            service: Cow::Owned(config.service.clone()),
            channels: &[Channel::Sms],
            receipts: true,
            idempotent: false,
            smime: false,
            floor: TransportFloor::VerifiedTls,
            last_mile: "Verified TLS to the message centre. From there the carriers bring it, readable to them: a text message \
                        is not encrypted end to end, and cannot be.",
        };
        let smpp = Self {
            profile,
            host: config.host.clone(),
            from,
            long: config.long,
            opted_out: config.opted_out.clone(),
            answer_time: config.answer_time,
            commands,
            standing,
            wanted,
            reference: AtomicU16::new(0),
        };
        tokio::spawn(Link::new(config, server, connector, inbound, stands).run(waiting, want));
        Ok(smpp)
    }

    /// Connects now, so that what the centre has for us arrives also before anything is sent.
    pub fn begin(&self) {
        self.wanted.send_replace(true);
    }

    /// Waits until the session is bound, or says why it is not.
    async fn bound(&self, until: Instant) -> Result<Arc<crate::provider::TlsSession>, Sent> {
        self.begin();
        let mut standing = self.standing.clone();
        let known = timeout_at(until, standing.wait_for(|standing| *standing != Standing::Connecting)).await;
        match known {
            Ok(Ok(standing)) => match &*standing {
                Standing::Bound(session) => Ok(Arc::clone(session)),
                Standing::Unverified(code) => {
                    Err(Sent::BelowFloor { found: None, code: (*code).to_owned(), peer: None })
                }
                Standing::Down(code) => Err(Sent::TemporaryFailure { code: code.clone() }),
                Standing::Connecting => Err(Sent::TemporaryFailure { code: "connecting".to_owned() }),
            },
            Ok(Err(_)) => Err(Sent::TemporaryFailure { code: "stopped".to_owned() }),
            Err(_) => Err(Sent::TemporaryFailure { code: "connecting".to_owned() }),
        }
    }

    /// Submits one segment; while it waits in line it can be taken back, when it left its answer is waited for.
    async fn submit(&self, submit: Submit, until: Instant) -> Reply {
        let (reply, mut replied) = oneshot::channel();
        let claim = Arc::new(Claim::default());
        let command = Command { submit, reply, claim: Arc::clone(&claim) };
        match timeout_at(until, self.commands.send(command)).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return Reply::Unsent("stopped"),
            Err(_) => return Reply::Unsent("permit-ran-out"),
        }
        if let Ok(replied) = timeout_at(until, &mut replied).await {
            return replied.unwrap_or(Reply::Unanswered("stopped"));
        }
        if claim.withdraw() {
            return Reply::Unsent("permit-ran-out");
        }
        replied.await.unwrap_or(Reply::Unanswered("stopped"))
    }

    /// The segments of `body` for `to`, as they are submitted. The last one's receipt is the message's.
    fn segments(&self, to: &str, body: &str) -> Option<Vec<Submit>> {
        let to = Phi::new(Address { ton: 1, npi: 1, text: to.strip_prefix('+').unwrap_or(to).to_owned() });
        let encoded = text::encode(body);
        let total = u8::try_from(encoded.segments.len()).ok()?;
        let reference = self.reference.fetch_add(1, Ordering::Relaxed);
        // SMPP v3.4 section 5.2.19: 0 is the centre's own alphabet, GSM 7-bit; 8 is UCS-2.
        let data_coding = if encoded.encoding == Encoding::Gsm7 { 0 } else { 8 };
        let numbered = (1..=total).zip(encoded.segments);
        let submits = numbered.map(|(number, octets)| Submit {
            from: self.from.clone(),
            to: to.clone(),
            data_coding,
            receipt: number == total,
            part: (total > 1).then_some((Part { reference, total, number }, self.long)),
            text: Phi::new(octets),
        });
        Some(submits.collect())
    }
}

#[async_trait]
impl Provider for Smpp {
    fn profile(&self) -> &Profile {
        &self.profile
    }

    async fn send(&self, recorded: Recorded<Permit>, outbound: Outbound, now: Timestamp) -> Sent {
        if let Err(refused) = self.profile.admit(&recorded, &outbound, now) {
            return refused;
        }
        let permit = recorded.permit();
        let Some(segments) = self.segments(permit.contact_point().reveal(), outbound.body.reveal()) else {
            return Sent::PermanentFailure { code: "too-long".to_owned() };
        };
        let until = Instant::now().checked_add(left(permit, now)).unwrap_or_else(Instant::now);
        let session = match self.bound(until).await {
            Ok(session) => session,
            Err(sent) => return sent,
        };
        let mut reference = None;
        for (nth, segment) in segments.into_iter().enumerate() {
            let sent = match self.submit(segment, until).await {
                Reply::Taken(id) => {
                    reference = Some(id);
                    continue;
                }
                // Taken, but no receipt and no question can ever name it.
                Reply::Nameless => Sent::Unknown { code: "no-message-id".to_owned() },
                Reply::Refused(status) => refused(status),
                Reply::Unsent(code) => Sent::TemporaryFailure { code: code.to_owned() },
                Reply::Unanswered(code) => Sent::Unknown { code: code.to_owned() },
            };
            // A part is with the centre: sending the whole again would show it twice.
            return if nth == 0 { sent } else { Sent::Unknown { code: "a-part-was-taken".to_owned() } };
        }
        match reference {
            Some(id) => Sent::Accepted(Handover {
                reference: ProviderRef(id),
                session: Some(Box::new(session.as_ref().clone())),
            }),
            None => Sent::Unknown { code: "no-message-id".to_owned() },
        }
    }

    async fn status(&self, _reference: &ProviderRef) -> Option<Receipt> {
        // house: query_sm is answered by few centres, and of a message that is gone by none.
        None
    }

    async fn probe(&self) -> Health {
        let until = Instant::now().checked_add(self.answer_time).unwrap_or_else(Instant::now);
        match self.bound(until).await {
            Ok(_) => Health::Up,
            Err(Sent::TemporaryFailure { code } | Sent::BelowFloor { code, .. }) => Health::Down { code },
            Err(_) => Health::Down { code: "unknown".to_owned() },
        }
    }

    fn opted_out(&self, code: &str) -> bool {
        self.opted_out.iter().any(|status| named(*status) == code)
    }
}

/// What a centre's refusal means (SMPP v3.4 section 5.1.3): nothing was taken. Of some the recipient or the message is the reason;
/// of the others we or the centre are, and another time it may be different.
fn refused(status: u32) -> Sent {
    let code = named(status);
    match status {
        // Lengths; destination address, its type and plan; distribution list; text; permanent and message rejects.
        0x01 | 0x02 | 0x0b | 0x33 | 0x34 | 0x40..=0x44 | 0x50 | 0x51 | 0x65 | 0x66 | 0xc0..=0xc4 | 0x400.. => {
            Sent::PermanentFailure { code }
        }
        _ => Sent::TemporaryFailure { code },
    }
}

fn named(status: u32) -> String {
    format!("smpp-{status:#010x}")
}

/// The sender's address: E.164 with its plus, a short code, or letters (SMPP v3.4 section 5.2.5).
fn sender(text: &str) -> Option<Address> {
    let digits = |text: &str| (3..=15).contains(&text.len()) && text.bytes().all(|octet| octet.is_ascii_digit());
    if let Some(number) = text.strip_prefix('+') {
        return digits(number).then(|| Address { ton: 1, npi: 1, text: number.to_owned() });
    }
    if digits(text) {
        return Some(Address { ton: 3, npi: 0, text: text.to_owned() });
    }
    let letters =
        (1..=11).contains(&text.len()) && text.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b' ');
    letters.then(|| Address { ton: 5, npi: 0, text: text.to_owned() })
}
