//! What came back by e-mail, as the API shows it.

use jiff::Timestamp;
use postern_base::{DeliveryId, MessageId};
use serde::{Deserialize, Serialize};

/// An address that is not written to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SuppressionView {
    /// Its number.
    pub id: i64,
    /// `hard_bounce` or `complaint`.
    pub reason: String,
    /// The server's enhanced status code (RFC 3463), such as `5.1.1`.
    pub code: Option<String>,
    /// When it began.
    pub at: Timestamp,
    /// The delivery that came back.
    pub delivery: DeliveryId,
    /// Its message.
    pub message: Option<MessageId>,
    /// The patient, `Patient/ID`; absent once their key was destroyed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patient: Option<String>,
    /// The address; absent once their key was destroyed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

/// Why an address is written to again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LiftReason {
    /// The patient said that the address is right.
    PatientConfirmed,
    /// The mailbox works again, as its host says.
    MailboxRestored,
    /// It should not have been closed.
    ClosedByMistake,
}

impl LiftReason {
    /// Every reason.
    pub const ALL: &'static [Self] = &[Self::PatientConfirmed, Self::MailboxRestored, Self::ClosedByMistake];

    /// The one spelling.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PatientConfirmed => "patient_confirmed",
            Self::MailboxRestored => "mailbox_restored",
            Self::ClosedByMistake => "closed_by_mistake",
        }
    }
}

/// What is asked of a suppression.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lifting {
    /// Why.
    pub reason: LiftReason,
}

/// What is said of an address that is to be verified.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddressCode {
    /// The code that the reader of the mailbox said.
    pub code: String,
}

/// An address that was verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AddressConfirmed {
    /// Which.
    pub address: String,
    /// Since when.
    pub verified_at: Timestamp,
}

/// A mail that was kept for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeptMailView {
    /// Its number.
    pub id: i64,
    /// `reply`, `auto_reply`, `complaint`, `bounce`, `role` or `unreadable`.
    pub kind: String,
    /// When it came.
    pub at: Timestamp,
    /// It came in TLS.
    pub secured: bool,
    /// What it came back of.
    pub delivery: Option<DeliveryId>,
    /// When a person had looked at it.
    pub reviewed_at: Option<Timestamp>,
    /// Who.
    pub reviewed_by: Option<String>,
}
