//! Ledger entries: what a leaf says.
//!
//! A leaf is the entry as canonical JSON (RFC 8785: keys sorted, no white space; only strings and integers below 2^53
//! appear, so that no number formatting is left open), version first readable by any tool. At most 65,535 bytes
//! (C2SP tlog-tiles). It holds ids, codes and commitments only.

use jiff::Timestamp;
use postern_base::{AttemptId, DeliveryId, EntryId, MessageId, TenantId};

/// The version written into new leaves. Version 1 had no [`Entry::rows`]; its leaves are still read.
pub const LEAF_VERSION: u16 = 2;

/// The first version whose leaves state rows.
pub(crate) const FIRST_WITH_ROWS: u16 = 2;

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The format's version.
    pub version: u16,
    /// Its id.
    pub id: EntryId,
    /// The tenant.
    pub tenant: TenantId,
    /// What happened.
    pub kind: Kind,
    /// When, UTC.
    pub at: Timestamp,
    /// Who did it: `system`, `key:ID`, `staff:ID`, `provider:NAME`, `patient`, `account:ID` of the patients' portal.
    pub actor: String,
    /// The message it is about.
    pub message: Option<MessageId>,
    /// The delivery it is about.
    pub delivery: Option<DeliveryId>,
    /// The attempt it is about.
    pub attempt: Option<AttemptId>,
    /// The fence the actor held.
    pub fence: Option<u64>,
    /// `rules/POLICY` versions of the decision behind it.
    pub policy: Option<String>,
    /// The closed-vocabulary outcome: a decision code, a provider outcome class, a rule id.
    pub code: Option<String>,
    /// The entry before it in the log among those of the same message; `None` in a message's first entry. Whoever gives
    /// entries their place in the log sets it: verification takes any other value for a broken chain.
    pub previous: Option<EntryId>,
    /// Commitments by domain, such as `body`, `destination`, `facts`.
    pub commitments: Vec<(String, [u8; 32])>,
    /// The rows of the database that were written with it, as they stand since then. Whoever writes the rows sets it. The
    /// newest entry that states a row says what the row must be.
    pub rows: Vec<RowState>,
}

impl Entry {
    /// An entry of the present version by `system`, about nothing yet.
    #[must_use]
    pub fn new(id: EntryId, tenant: TenantId, kind: Kind, at: Timestamp) -> Self {
        Self {
            version: LEAF_VERSION,
            id,
            tenant,
            kind,
            at,
            actor: "system".to_owned(),
            message: None,
            delivery: None,
            attempt: None,
            fence: None,
            policy: None,
            code: None,
            previous: None,
            commitments: Vec::new(),
            rows: Vec::new(),
        }
    }
}

/// What a row of the database is after the entry that states it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RowState {
    /// `TABLE/KEY`: lower-case letters, digits, `_` and `-`, one `/`. The key is an id or a number, never a keyed index of a
    /// person.
    pub row: String,
    /// SHA-256 over the row's columns as they are stored, sealed ones sealed; `None` = the row is gone.
    pub digest: Option<[u8; 32]>,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A message was accepted, with its decision.
    Accepted,
    /// A delivery was decided again with another outcome, or by another path.
    Redecided,
    /// An attempt began: a permit was recorded.
    AttemptStarted,
    /// An attempt ended.
    AttemptEnded,
    /// A receipt arrived.
    Receipt,
    /// A delivery reached a terminal state.
    Terminal,
    /// A message came in.
    Inbound,
    /// An opt-out, opt-in or other change of consent.
    ConsentChanged,
    /// A change of a vendor or agreement.
    VendorChanged,
    /// A change of policy, key, user or configuration.
    Administered,
    /// A patient's key was destroyed.
    KeyDestroyed,
    /// A body was read by a person or a system.
    Disclosed,
    /// Rows were written that no other entry speaks of: an import, a patient's new key.
    RowsWritten,
}

impl Kind {
    /// Every kind.
    pub const ALL: &'static [Self] = &[
        Self::Accepted,
        Self::Redecided,
        Self::AttemptStarted,
        Self::AttemptEnded,
        Self::Receipt,
        Self::Terminal,
        Self::Inbound,
        Self::ConsentChanged,
        Self::VendorChanged,
        Self::Administered,
        Self::KeyDestroyed,
        Self::Disclosed,
        Self::RowsWritten,
    ];

    /// The one spelling.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Redecided => "redecided",
            Self::AttemptStarted => "attempt_started",
            Self::AttemptEnded => "attempt_ended",
            Self::Receipt => "receipt",
            Self::Terminal => "terminal",
            Self::Inbound => "inbound",
            Self::ConsentChanged => "consent_changed",
            Self::VendorChanged => "vendor_changed",
            Self::Administered => "administered",
            Self::KeyDestroyed => "key_destroyed",
            Self::Disclosed => "disclosed",
            Self::RowsWritten => "rows_written",
        }
    }

    /// The kind spelled `word`, if there is one.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == word)
    }
}
