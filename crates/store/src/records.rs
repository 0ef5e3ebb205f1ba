//! What goes into the store and comes out of it, in the clear only inside `Phi`.

use jiff::Timestamp;
use postern_base::{
    AttachmentId, AttemptId, Channel, DeliveryId, EmailMode, Form, Language, Level, MessageId, PatientId, Phi, Purpose,
    Review, Secret, TenantId,
};
use postern_gate::decision::VendorRef;
use postern_gate::facts::Address;
use postern_gate::rendition::TemplateRef;
use postern_ledger::{CommitmentKey, Entry};
use std::sync::Arc;

/// The key that wraps the epoch keys: 32 bytes from the root key file, or from a key service.
#[derive(Debug, Clone)]
pub struct RootKey(pub Secret<[u8; 32]>);

/// Why a store did not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The database was written by a newer Postern.
    #[error(
        "the database is at schema version {found}; this binary knows versions up to {known}: use the newer Postern that wrote it"
    )]
    Newer {
        /// Its version.
        found: u32,
        /// The newest this binary knows.
        known: u32,
    },
    /// The root key does not open this store.
    #[error("the root key does not belong to this data directory")]
    WrongRootKey,
    /// Another process has it.
    #[error("another Postern process is using this data directory")]
    InUse,
    /// The file is there and is not a Postern database.
    #[error("the database file is not a Postern database or is damaged")]
    Damaged,
    /// The disk or the database engine said no.
    #[error("the data directory cannot be used: {0}")]
    Io(#[source] std::io::Error),
}

/// Why a call on the store did not work. None of them carries a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Locked, full, or gone: nothing was written, try again later.
    #[error("the store cannot be written now")]
    Unavailable,
    /// More is waiting than the store takes in: try again later.
    #[error("the store is busy")]
    Busy,
    /// The lease is no longer current: somebody else has the delivery.
    #[error("the lease on the delivery is over")]
    LeaseLost,
    /// A sealed value cannot be opened: its key was destroyed.
    #[error("the key of this record was destroyed")]
    KeyDestroyed,
    /// A row does not say what it should.
    #[error("a stored record is damaged")]
    Damaged,
    /// There is no such record for this tenant.
    #[error("no such record")]
    NotFound,
}

/// A tenant and its configuration.
#[derive(Debug, Clone)]
pub struct TenantRecord {
    /// Its id.
    pub id: TenantId,
    /// Its configuration as JSON (`engine` reads it).
    pub settings: Vec<u8>,
}

/// A principal: who calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrincipalRecord {
    /// The tenant.
    pub tenant: TenantId,
    /// Public id, such as `key_01...`; stands in ledger entries.
    pub id: String,
    /// `api_key`, `staff` or `system`.
    pub kind: String,
    /// A name for people.
    pub label: String,
    /// Scopes, such as `messages:write`.
    pub scopes: Vec<String>,
    /// No longer valid.
    pub revoked: bool,
    /// What its holder does, as a name of a role; `None` = nobody said.
    pub role: Option<String>,
    /// A second factor of its holder was checked when it was made, and counts until then; `None` = none was.
    pub second_factor_until: Option<Timestamp>,
}

/// A message to store.
#[derive(Debug)]
pub struct NewMessage {
    /// Its id.
    pub id: MessageId,
    /// The caller's idempotency key, scoped to tenant and principal by the caller.
    pub idempotency_key: Option<Phi<String>>,
    /// SHA-256 of the canonical request body.
    pub fingerprint: [u8; 32],
    /// The patient; rows hold a blind index of it.
    pub patient: PatientId,
    /// Why.
    pub purpose: Purpose,
    /// The event it is about.
    pub event: Option<String>,
    /// The template.
    pub template: Option<TemplateRef>,
    /// What SYS-05 compares when there is no event; stored as a keyed index.
    pub content: Phi<Vec<u8>>,
    /// The request as JSON, for the second gate; sealed.
    pub request: Phi<Vec<u8>>,
    /// The decision (`engine` reads it); sealed.
    pub decision: Phi<Vec<u8>>,
    /// `send`, `defer`, `hold` or `refuse`.
    pub outcome: &'static str,
    /// The key of its commitments; sealed.
    pub commitment_key: CommitmentKey,
    /// Every form that may travel; sealed.
    pub renditions: Vec<StoredRendition>,
    /// When it is worthless.
    pub expires_at: Timestamp,
    /// What is to be delivered.
    pub deliveries: Vec<NewDelivery>,
    /// Its ledger entries.
    pub entries: Vec<Entry>,
    /// What its first entry's decision was made from, to be made again (`engine` reads it); sealed.
    pub facts: Option<Phi<Vec<u8>>>,
    /// SHA-256 of the opaque part of the link of its notice, where a notice goes.
    pub link: Option<[u8; 32]>,
    /// Files that go with it. What is told of them stands in the request.
    pub files: Vec<(AttachmentRecord, Phi<Arc<[u8]>>)>,
}

/// What a decision was made from, for the entry that records its attempt.
#[derive(Debug, Clone)]
pub struct Grounds {
    /// Everything the gate saw (`engine` reads it); sealed.
    pub facts: Phi<Vec<u8>>,
    /// What the entry commits to besides.
    pub commitments: Vec<(String, [u8; 32])>,
}

/// A decision with what it was made from, read back.
#[derive(Debug)]
pub struct KeptDecision {
    /// Its place: the next page begins after it.
    pub place: i64,
    /// The tenant.
    pub tenant: TenantId,
    /// The message.
    pub message: MessageId,
    /// The entry that records it; `None` = the ledger has no such entry.
    pub entry: Option<Entry>,
    /// The key of the message's commitments, and what the decision was made from. [`StoreError::KeyDestroyed`] when the
    /// patient's key is gone, [`StoreError::Damaged`] when a byte was changed.
    pub opened: Result<(CommitmentKey, Phi<Vec<u8>>), StoreError>,
}

/// One form, in the clear.
#[derive(Debug, Clone)]
pub struct StoredRendition {
    /// The channel it is for; `None` = all without their own.
    pub channel: Option<Channel>,
    /// Which form.
    pub form: Form,
    /// Its language.
    pub language: Language,
    /// Subject or title.
    pub subject: Option<Phi<String>>,
    /// Body.
    pub body: Phi<String>,
    /// Facts the gate measured on it, JSON (`engine` reads it); holds no text.
    pub measured: Vec<u8>,
}

/// A delivery to queue.
#[derive(Debug, Clone)]
pub struct NewDelivery {
    /// Its id.
    pub id: DeliveryId,
    /// The candidate.
    pub candidate: CandidateRecord,
    /// When it may be tried.
    pub due: Timestamp,
    /// Smaller goes first among those that are due: one-time codes before urgent before routine before bulk.
    pub priority: u8,
    /// Only after this delivery was delivered (a notice after its portal copy).
    pub after: Option<DeliveryId>,
    /// Where it starts: `Queued`, `Waiting` (defer), `Held`, or `Refused`.
    pub state: DeliveryState,
}

/// The candidate of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CandidateRecord {
    /// Channel.
    pub channel: Channel,
    /// Contact point; sealed, with a blind index beside it.
    pub point: Address,
    /// E-mail mode.
    pub mode: Option<EmailMode>,
    /// Form.
    pub form: Form,
    /// Level carried.
    pub level: Level,
    /// Vendor and service.
    pub vendor: Option<VendorRef>,
}

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeliveryState {
    /// Waits for its turn.
    Queued,
    /// Deferred by the gate.
    Waiting,
    /// A person must act.
    Held,
    /// A permit was recorded; the provider may have been called.
    Attempting,
    /// With the provider; a receipt is due.
    Sent,
    /// Terminal: delivered.
    Delivered,
    /// Terminal: the provider said no for good.
    Failed,
    /// Terminal: the gate said no.
    Refused,
    /// Terminal: too late.
    Expired,
    /// Terminal: nobody can say; never resent.
    Unknown,
}

impl DeliveryState {
    /// The one spelling.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Waiting => "waiting",
            Self::Held => "held",
            Self::Attempting => "attempting",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Refused => "refused",
            Self::Expired => "expired",
            Self::Unknown => "unknown",
        }
    }

    /// Whether nothing more will happen to it (an `Unknown` may still be settled by a late receipt).
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Delivered | Self::Failed | Self::Refused | Self::Expired | Self::Unknown)
    }
}

/// What came of accepting.
#[derive(Debug)]
pub enum AcceptOutcome {
    /// Stored.
    Stored,
    /// The same key and body came before.
    Replayed {
        /// The message that was stored then.
        message: MessageId,
        /// Its decision as it was stored.
        decision: Phi<Vec<u8>>,
    },
    /// The same key with another body came before.
    Conflict,
}

/// A claimed delivery.
#[derive(Debug, Clone)]
pub struct Claim {
    /// The tenant.
    pub tenant: TenantId,
    /// The message.
    pub message: MessageId,
    /// The lease.
    pub lease: postern_ledger::Lease,
    /// Its candidate as planned so far.
    pub candidate: CandidateRecord,
    /// Attempts that were started before.
    pub attempts: u32,
    /// An attempt that started and never ended.
    pub interrupted: Option<AttemptId>,
    /// The state before the claim.
    pub state: DeliveryState,
    /// The vendor's reference, once there is one.
    pub reference: Option<String>,
    /// When the message is worthless.
    pub expires_at: Timestamp,
    /// Smaller goes first.
    pub priority: u8,
}

/// What is kept, sealed, beside the end of a claim.
#[derive(Debug, Clone, Default)]
pub struct Beside {
    /// What the decision of the first entry was made from.
    pub facts: Option<Phi<Vec<u8>>>,
    /// The TLS session of an attempt.
    pub session: Option<(AttemptId, Phi<Vec<u8>>)>,
    /// Why a TLS session could not be had.
    pub tls_failure: Option<NewTlsFailure>,
    /// The attempt met nobody: it is on record, and the delivery does not count it.
    pub met_nobody: bool,
}

/// A TLS session that an attempt could not have.
#[derive(Debug, Clone)]
pub struct NewTlsFailure {
    /// The attempt.
    pub attempt: AttemptId,
    /// Why; no PHI.
    pub code: String,
    /// More about it, as the engine writes it.
    pub about: Phi<Vec<u8>>,
    /// Where it was, as the engine writes it: the same bytes for the same place.
    pub place: Phi<Vec<u8>>,
}

/// How a claim ends.
#[derive(Debug, Clone)]
pub enum Finish {
    /// Terminal, or held.
    State {
        /// The state.
        state: DeliveryState,
        /// A closed-vocabulary code.
        code: String,
        /// The vendor's reference, when there is one.
        reference: Option<String>,
    },
    /// With the provider; a receipt is due by `deadline`.
    Sent {
        /// The vendor's reference.
        reference: String,
        /// When the receipt is overdue.
        deadline: Timestamp,
    },
    /// Back to the queue, perhaps with another candidate.
    Again {
        /// When.
        due: Timestamp,
        /// `Queued` or `Waiting`.
        state: DeliveryState,
        /// A closed-vocabulary code.
        code: String,
        /// The new candidate, when the plan changed.
        candidate: Option<CandidateRecord>,
    },
}

/// A message read back.
#[derive(Debug, Clone)]
pub struct MessageRecord {
    /// Its id.
    pub id: MessageId,
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// The patient.
    pub patient: PatientId,
    /// Why.
    pub purpose: Purpose,
    /// `send`, `defer`, `hold` or `refuse` at accept.
    pub outcome: String,
    /// The request as JSON.
    pub request: Phi<Vec<u8>>,
    /// The decision (`engine` reads it).
    pub decision: Phi<Vec<u8>>,
    /// The key of its commitments.
    pub commitment_key: CommitmentKey,
    /// Every form.
    pub renditions: Vec<StoredRendition>,
    /// When it is worthless.
    pub expires_at: Timestamp,
    /// Its deliveries.
    pub deliveries: Vec<DeliveryRecord>,
}

/// A delivery read back.
#[derive(Debug, Clone)]
pub struct DeliveryRecord {
    /// Its id.
    pub id: DeliveryId,
    /// Its candidate.
    pub candidate: CandidateRecord,
    /// Where it stands.
    pub state: DeliveryState,
    /// The last code.
    pub code: Option<String>,
    /// When it falls due.
    pub due: Timestamp,
    /// Attempts started, but for those that met nobody.
    pub attempts: u32,
    /// Only after this one.
    pub after: Option<DeliveryId>,
    /// The vendor's reference.
    pub reference: Option<String>,
    /// When its state last changed.
    pub changed_at: Timestamp,
}

/// A portal copy.
#[derive(Debug, Clone)]
pub struct PortalCopy {
    /// The message.
    pub message: MessageId,
    /// Why.
    pub purpose: Purpose,
    /// Subject.
    pub subject: Option<Phi<String>>,
    /// Body.
    pub body: Phi<String>,
    /// What it carries.
    pub level: Level,
    /// When it became visible.
    pub at: Timestamp,
}

/// An inbound message to store.
#[derive(Debug, Clone)]
pub struct NewInbound {
    /// The vendor it came through.
    pub vendor: String,
    /// The vendor's reference.
    pub reference: String,
    /// By which channel.
    pub channel: Channel,
    /// From which contact point.
    pub from: Address,
    /// What it says.
    pub text: Phi<String>,
    /// The purpose of the thread it answers.
    pub thread_purpose: Option<Purpose>,
    /// The message it answers, as far as that is known.
    pub answers: Option<MessageId>,
    /// Whose answer it is, where the way it came says so; `None` = whose contact point it came from.
    pub patient: Option<PatientId>,
    /// When.
    pub at: Timestamp,
    /// Files that came with it. It takes a patient with a key to seal them with.
    pub attachments: Vec<NewAttachment>,
}

/// A file that comes in.
#[derive(Debug, Clone)]
pub struct NewAttachment {
    /// What it is, as it will be told.
    pub about: AttachmentRecord,
    /// All of it.
    pub content: Phi<Arc<[u8]>>,
    /// That it came.
    pub entry: Entry,
}

/// What is told of a file before it is opened.
#[derive(Debug, Clone)]
pub struct AttachmentRecord {
    /// Its id.
    pub id: AttachmentId,
    /// What it is, as a word of the engine's.
    pub kind: String,
    /// What its sender calls it.
    pub name: Phi<String>,
    /// How long it is.
    pub bytes: u64,
    /// SHA-256 of it; `None` of what an earlier Postern took.
    pub digest: Option<[u8; 32]>,
}

/// What a patient wrote, as it is read back.
#[derive(Debug, Clone)]
pub struct ReceivedMessage {
    /// Its number.
    pub number: i64,
    /// By which channel.
    pub channel: Channel,
    /// From which contact point.
    pub from: Address,
    /// What it says.
    pub text: Phi<String>,
    /// The purpose of the thread it answers.
    pub thread_purpose: Option<Purpose>,
    /// The message it answers, as far as that is known.
    pub answers: Option<MessageId>,
    /// It is the patient's beyond doubt; if not, the contact point is of several or was of nobody when it came.
    pub theirs: bool,
    /// When.
    pub at: Timestamp,
    /// What somebody who read it last said it means.
    pub reviewed: Option<Review>,
    /// Files that came with it.
    pub attachments: Vec<AttachmentRecord>,
}

/// A resource of the built-in directory.
#[derive(Debug, Clone)]
pub struct DirectoryResource {
    /// `Patient`, `Consent`, ...
    pub resource_type: String,
    /// Its logical id.
    pub id: String,
    /// The patient it belongs to; `None` for organisations and locations.
    pub patient: Option<PatientId>,
    /// Contact points it names, normalised: stored as blind indexes so that an inbound message finds its patient.
    pub points: Vec<Address>,
    /// FHIR JSON.
    pub json: Phi<Vec<u8>>,
}

/// Counts for health and metrics.
#[derive(Debug, Clone, Copy, Default)]
pub struct Gauges {
    /// Deliveries that wait for their turn.
    pub queued: u64,
    /// Deliveries with a provider.
    pub sent: u64,
    /// Deliveries that wait for a person.
    pub held: u64,
    /// Entries in the log.
    pub log_size: u64,
    /// The oldest due time among queued deliveries.
    pub oldest_due: Option<Timestamp>,
}
