//! The contract between the engine and a provider.

use crate::email::back::MailBack;
use crate::email::smime::Recipient;
use crate::line::Booked;
use async_trait::async_trait;
use jiff::Timestamp;
use postern_base::{AttemptId, Channel, DeliveryId, EmailMode, EmailTier, Language, Phi, Secret};
use postern_gate::{Permit, TransportFloor};
use postern_ledger::{CommitmentKey, Recorded, commit};
use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

/// What a provider is and can do: facts for the gate and the docs, never decisions.
#[derive(Debug, Clone)]
pub struct Profile {
    /// The vendor, as the agreement registry names it.
    pub vendor: Cow<'static, str>,
    /// The service, as the agreement registry names it.
    pub service: Cow<'static, str>,
    /// The channels it carries.
    pub channels: &'static [Channel],
    /// It reports delivery later; without, an accepted message ends as delivered.
    pub receipts: bool,
    /// It drops a second call with the same idempotency key, so that an attempt of unknown outcome may be repeated.
    pub idempotent: bool,
    /// It signs and encrypts a mail to its recipient's certificate (RFC 8551).
    pub smime: bool,
    /// The strongest floor its sessions can hold.
    pub floor: TransportFloor,
    /// What is and is not protected on the last mile, in a sentence for people.
    pub last_mile: &'static str,
}

impl Profile {
    /// Whether this provider may do what `recorded` permits with `outbound` at `now`. Every provider asks first and answers
    /// what it is given.
    ///
    /// # Errors
    /// The answer that says why nothing may leave: [`Sent::Unpermitted`] or [`Sent::BelowFloor`].
    pub fn admit(&self, recorded: &Recorded<Permit>, outbound: &Outbound, now: Timestamp) -> Result<(), Sent> {
        let permit = recorded.permit();
        let vendor = permit.vendor();
        if vendor.vendor != self.vendor || vendor.service != self.service {
            return Err(Sent::Unpermitted(Unpermitted::OtherVendor));
        }
        if !self.channels.contains(&permit.channel()) {
            return Err(Sent::Unpermitted(Unpermitted::OtherChannel));
        }
        outbound.check(recorded, now).map_err(Sent::Unpermitted)?;
        // RULES EML-05: a body that may only travel encrypted to its reader goes that way or not at all.
        if permit.mode() == Some(EmailMode::Smime) {
            let address = permit.contact_point().reveal();
            if !outbound.recipient.as_ref().is_some_and(|recipient| recipient.is(address, now)) {
                return Err(Sent::Unpermitted(Unpermitted::NoCertificate));
            }
            if !self.smime {
                return Err(Sent::BelowFloor { found: Some(self.floor), code: "smime-not-set-up".into(), peer: None });
            }
        }
        if permit.floor() > self.floor {
            return Err(Sent::BelowFloor { found: Some(self.floor), code: "provider-floor".into(), peer: None });
        }
        Ok(())
    }
}

/// What is handed to a provider beside the permit.
#[derive(Debug)]
pub struct Outbound {
    /// Opens the permit's commitment to the content.
    pub commitment_key: CommitmentKey,
    /// The body, exactly as rendered.
    pub body: Phi<String>,
    /// The subject, for e-mail; the title, for push. Level L0 always (RULES EML-02, PSH-01).
    pub subject: Option<Phi<String>>,
    /// The language of the body.
    pub language: Language,
    /// The neutral sender name.
    pub sender: String,
    /// To whom the content is encrypted, where the permit's mode is S/MIME.
    pub recipient: Option<Recipient>,
    /// It goes ahead of others, such as a one-time code: it does not stand in line behind what nobody waits for.
    pub ahead: bool,
    /// What makes a repeated call recognisable to the vendor: the attempt's id.
    pub idempotency_key: String,
    /// Where what comes back of an e-mail goes; `None` = nothing of ours takes it, and the provider's own sender stands.
    pub back: Option<MailBack>,
    /// The link with which the reader of a commercial e-mail hears no more of it, for its header.
    pub unsubscribe: Option<String>,
}

impl Outbound {
    /// The bytes a rendition's commitment is made over: subject, a zero byte, body.
    #[must_use]
    pub fn payload(subject: Option<&str>, body: &str) -> Vec<u8> {
        let mut bytes = subject.unwrap_or_default().as_bytes().to_vec();
        bytes.push(0);
        bytes.extend_from_slice(body.as_bytes());
        bytes
    }

    /// Whether this is the content the permit is for, and the permit is still good at `now`. Every provider asks first.
    ///
    /// # Errors
    /// [`Unpermitted`], and nothing may leave.
    pub fn check(&self, recorded: &Recorded<Permit>, now: Timestamp) -> Result<(), Unpermitted> {
        let permit = recorded.permit();
        let payload = Self::payload(self.subject.as_ref().map(|s| s.reveal().as_str()), self.body.reveal());
        if commit(&self.commitment_key, "rendition", &payload) != *permit.commitment() {
            return Err(Unpermitted::OtherContent);
        }
        if now > permit.not_after() {
            return Err(Unpermitted::Expired);
        }
        Ok(())
    }
}

/// How long `permit` is good for from `now`: what the vendor has not heard by then, but for the last of it, is not said.
pub(crate) fn left(permit: &Permit, now: Timestamp) -> Duration {
    Duration::try_from(permit.not_after().duration_since(now)).unwrap_or_default()
}

/// Why a provider would not send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unpermitted {
    /// The content is not what the permit is for.
    OtherContent,
    /// The permit's time is over.
    Expired,
    /// The permit names another vendor or service.
    OtherVendor,
    /// The permit is for a channel this provider does not carry.
    OtherChannel,
    /// The permit is for a mail encrypted to its reader, and no certificate of theirs that is fit came along.
    NoCertificate,
}

/// The vendor's own name for a message it took.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ProviderRef(pub String);

/// What a vendor took, and over which session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handover {
    /// The vendor's name for it.
    pub reference: ProviderRef,
    /// The session it travelled over, as evidence; `None` when nothing left this process.
    pub session: Option<Box<TlsSession>>,
}

/// A TLS session as it was negotiated (RULES SEC-26): evidence for the ledger's reader, no PHI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsSession {
    /// The protocol, such as `TLSv1_3`.
    pub protocol: String,
    /// The cipher suite, such as `TLS13_AES_256_GCM_SHA384`.
    pub cipher_suite: String,
    /// The name the certificate was verified for; of a certificate that DANE names, the server's (RFC 7672 section 3.1.1).
    pub peer_name: String,
    /// What the peer was verified by: a certificate for its name (`pkix`), that and the domain's policy (`sts`), or signed DNS
    /// (`dane`).
    pub policy: EmailTier,
    /// SHA-256 of the peer's certificate (DER).
    pub peer_certificate_sha256: [u8; 32],
    /// Why the hops after the peer are believed to be protected too, where the message asked for it and the peer hands it on.
    pub onward: Option<Onward>,
}

/// Why a relay that takes a mail over is believed to hand it on over TLS only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Onward {
    /// It announced REQUIRETLS (RFC 8689), and took the mail under it.
    RequireTls,
    /// The deployment vouches for it; what was checked is the session with it.
    Vouched,
    /// Its configuration, as it says itself, requires TLS.
    Configured,
}

impl Onward {
    /// The closed word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RequireTls => "requiretls",
            Self::Vouched => "vouched",
            Self::Configured => "configured",
        }
    }
}

/// What came of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    /// The vendor took it; a receipt will say more.
    Accepted(Handover),
    /// It is with the recipient, or as far as this provider can ever tell.
    Delivered(Handover),
    /// Nothing was taken; trying again later may work.
    TemporaryFailure {
        /// The vendor's code; no PHI.
        code: String,
    },
    /// Nothing was taken, and will not be.
    PermanentFailure {
        /// The vendor's code; no PHI.
        code: String,
    },
    /// The session would have been weaker than the permit's floor; nothing was sent, the engine gates again.
    ///
    /// When the permit's floor is [`TransportFloor::EnforcedTls`] this is a fact about the recipient's domain; when it is
    /// [`TransportFloor::VerifiedTls`] it is a fact about the vendor, and another try on the same path finds the same.
    BelowFloor {
        /// What the session could have been; `None` = in the clear, or with a peer that could not be verified.
        found: Option<TransportFloor>,
        /// Why; no PHI.
        code: String,
        /// The server it would have been with, where that is the recipient's own.
        peer: Option<String>,
    },
    /// The permit did not cover the content or its time was over; nothing was sent.
    Unpermitted(Unpermitted),
    /// It may or may not have been taken: never blindly resent.
    Unknown {
        /// What was seen; no PHI.
        code: String,
    },
}

/// The code of an attempt whose server was not there lately, and is left alone for a while.
pub const SERVER_RESTS: &str = "server-rests";

impl Sent {
    /// Whether the vendor, or the server, was there and let messages through: a message that is refused for a reason of its own,
    /// such as its recipient (codes that begin with `rcpt-`), says nothing of the others.
    #[must_use]
    pub fn reached(&self) -> bool {
        match self {
            Self::Accepted(_) | Self::Delivered(_) | Self::PermanentFailure { .. } | Self::Unpermitted(_) => true,
            // Of the recipient it said something, and silence says nothing.
            Self::TemporaryFailure { code } => {
                code.strip_prefix("rcpt-").is_some_and(|answer| answer.starts_with(|c: char| c.is_ascii_digit()))
            }
            Self::BelowFloor { found, .. } => found.is_some(),
            Self::Unknown { .. } => false,
        }
    }

    /// Whether nobody was asked, or not in time: the permit's time went by in a line, or the server was left alone ([`SERVER_RESTS`]). Such an
    /// attempt is on record, and says nothing of anybody.
    #[must_use]
    pub fn met_nobody(&self) -> bool {
        match self {
            Self::Unpermitted(why) => *why == Unpermitted::Expired,
            Self::TemporaryFailure { code } => code == SERVER_RESTS,
            Self::Accepted(_)
            | Self::Delivered(_)
            | Self::PermanentFailure { .. }
            | Self::BelowFloor { .. }
            | Self::Unknown { .. } => false,
        }
    }

    /// The session over which the vendor took it.
    #[must_use]
    pub fn session(&self) -> Option<&TlsSession> {
        match self {
            Self::Accepted(handover) | Self::Delivered(handover) => handover.session.as_deref(),
            Self::TemporaryFailure { .. }
            | Self::PermanentFailure { .. }
            | Self::BelowFloor { .. }
            | Self::Unpermitted(_)
            | Self::Unknown { .. } => None,
        }
    }
}

/// A request from a vendor, as it arrived.
#[derive(Clone)]
pub struct RawRequest {
    /// The URL the vendor was given, as the vendor signs it.
    pub url: String,
    /// Header names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Phi<Vec<u8>>,
    /// When it arrived.
    pub at: Timestamp,
}

impl fmt::Debug for RawRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A header may be the password that a vendor is known by.
        f.debug_struct("RawRequest").field("url", &self.url).field("at", &self.at).finish_non_exhaustive()
    }
}

impl RawRequest {
    /// The first value of a header, by its lower-case name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

/// What a vendor told us.
#[derive(Debug, Clone)]
pub enum Received {
    /// About a message of ours.
    Receipt(Receipt),
    /// From a patient.
    Message(InboundMessage),
}

/// What a vendor told us over a session that we opened, where it waits to hear whether we kept it.
pub struct Told {
    /// The vendor, as the agreement registry names it.
    pub vendor: String,
    /// The service, as the agreement registry names it.
    pub service: String,
    /// What it said.
    pub received: Received,
    answer: Box<dyn FnOnce(bool) + Send>,
}

impl fmt::Debug for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Told").field("vendor", &self.vendor).field("received", &self.received).finish_non_exhaustive()
    }
}

impl Told {
    /// What the service `service` of `vendor` said; `answer` hears whether it was kept.
    pub fn new(vendor: &str, service: &str, received: Received, answer: impl FnOnce(bool) + Send + 'static) -> Self {
        Self { vendor: vendor.to_owned(), service: service.to_owned(), received, answer: Box::new(answer) }
    }

    /// Says whether it was kept: what was not, the vendor tells again. Said of nothing, it is as if we had never heard.
    pub fn kept(self, kept: bool) {
        (self.answer)(kept);
    }
}

/// What a vendor says of a message of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The vendor's name for it.
    pub reference: ProviderRef,
    /// The attempt that we said it is, where the vendor says that again: of an answer that was lost it is the only name we know.
    pub attempt: Option<AttemptId>,
    /// Where it stands.
    pub state: ReceiptState,
    /// The vendor's code; no PHI.
    pub code: String,
    /// When the vendor says it happened.
    pub at: Timestamp,
}

/// Where a message of ours stands with the vendor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReceiptState {
    /// On its way.
    Underway,
    /// Delivered.
    Delivered,
    /// Failed for good.
    Failed,
}

/// A message from a patient.
#[derive(Debug, Clone)]
pub struct InboundMessage {
    /// The vendor's name for it; the same name twice is the same message.
    pub reference: ProviderRef,
    /// By which channel.
    pub channel: Channel,
    /// From which contact point, normalised.
    pub from: Phi<String>,
    /// To which of ours.
    pub to: String,
    /// What it says.
    pub text: Phi<String>,
    /// When.
    pub at: Timestamp,
}

/// Why a vendor's request was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReceiveError {
    /// The signature is missing or wrong: 401, counted, never parsed.
    BadSignature,
    /// The signature is right and the body cannot be understood.
    Unreadable,
    /// This provider takes no requests.
    NotSupported,
}

/// Whether a provider can be used now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// It answers.
    Up,
    /// It does not; the code says what was seen, without PHI.
    Down {
        /// What was seen.
        code: String,
    },
}

/// A provider. It never decides anything; it does what a recorded permit says, or says why not.
#[async_trait]
pub trait Provider: Send + Sync + fmt::Debug {
    /// What it is and can do.
    fn profile(&self) -> &Profile;

    /// Whose servers a message to `contact_point` goes to, where every recipient's are others; `None` = always the vendor's own.
    fn destination(&self, _contact_point: &str) -> Option<Destination> {
        None
    }

    /// Leave to send a message to `contact_point`, had before its permit is minted and held until it was sent: who would stand in line before
    /// the servers for long comes later. `None` = nobody stands in line. Who goes `ahead` is let in whoever else waits.
    ///
    /// # Errors
    /// After how long to ask again.
    fn book(&self, _contact_point: &str, _ahead: bool) -> Result<Option<Booked>, Duration> {
        Ok(None)
    }

    /// Whether it takes messages over and hands them on itself, so that its sessions say nothing of the recipient's own server.
    fn relays(&self) -> bool {
        false
    }

    /// Sends what `recorded` permits, at `now`. Never weaker than the permit's floor.
    async fn send(&self, recorded: Recorded<Permit>, outbound: Outbound, now: Timestamp) -> Sent;

    /// Reads a vendor's request: signature first. One that nobody overrides takes none.
    ///
    /// # Errors
    /// [`ReceiveError`].
    fn receive(&self, _request: &RawRequest) -> Result<Vec<Received>, ReceiveError> {
        Err(ReceiveError::NotSupported)
    }

    /// Asks the vendor where a message stands; `None` when it cannot say.
    async fn status(&self, _reference: &ProviderRef) -> Option<Receipt> {
        None
    }

    /// Asks whether it can be used now.
    async fn probe(&self) -> Health;

    /// Whether the vendor's `code` says that the recipient told the vendor, and not us, to send no more.
    fn opted_out(&self, _code: &str) -> bool {
        false
    }
}

/// Servers that take messages of their own, apart from everybody else's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// Their name: a domain, in lower case.
    pub name: String,
    /// How many messages they get at once.
    pub sessions: u32,
}

/// The secret a vendor signs its requests with.
pub type SigningSecret = Secret<Vec<u8>>;

/// Names the delivery a vendor's reference belongs to, in providers that let us choose the reference.
#[must_use]
pub fn reference_for(delivery: DeliveryId) -> ProviderRef {
    ProviderRef(delivery.to_string())
}
