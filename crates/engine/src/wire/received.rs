//! What patients wrote, as it is shown.

use jiff::Timestamp;
use postern_base::{AttachmentId, Channel, Hex, MessageId, Purpose, Review};
use postern_store::AttachmentRecord;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Why somebody reads what a patient wrote (the purposes of 45 CFR 164.506(c), 164.524 and 164.530(f)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReadReason {
    /// To care for the patient.
    Treatment,
    /// To be paid.
    Payment,
    /// To run the practice: to answer, to look after quality.
    Operations,
    /// The patient asked for it.
    PatientRequest,
    /// A complaint or an incident is looked into.
    Investigation,
}

impl ReadReason {
    /// Every reason.
    pub const ALL: [Self; 5] =
        [Self::Treatment, Self::Payment, Self::Operations, Self::PatientRequest, Self::Investigation];

    /// The one spelling.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Treatment => "treatment",
            Self::Payment => "payment",
            Self::Operations => "operations",
            Self::PatientRequest => "patient_request",
            Self::Investigation => "investigation",
        }
    }

    /// Reads the one spelling.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == text)
    }
}

/// What somebody who read a message says it means.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewReview {
    /// `nothing`, `stops` or `wrong_number`.
    pub verdict: Review,
}

/// What a patient wrote, in the clear.
#[derive(Clone, Serialize)]
pub struct ReceivedView {
    /// Its number, also the cursor of the page after it.
    pub id: i64,
    /// When it came.
    pub at: Timestamp,
    /// By which channel.
    pub channel: Channel,
    /// From which contact point.
    pub from: String,
    /// What it says.
    pub text: String,
    /// As what the gate read it: `revokes`, `ambiguous`, `wrong_number`, `help`, `other` and so on.
    pub read_as: String,
    /// Why the message was sent that it answers.
    pub purpose: Option<Purpose>,
    /// That message, as far as it is known.
    pub answers: Option<MessageId>,
    /// It is this patient's beyond doubt; if not, the contact point is of several patients, or was of nobody when it came.
    pub theirs: bool,
    /// What somebody who read it last said it means.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reviewed: Option<Review>,
    /// Files that came with it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<AttachmentView>,
}

/// A file that came with what a patient wrote, or goes with a message to them. Its content is read by a call of its own.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttachmentView {
    /// Its id.
    pub id: AttachmentId,
    /// What its content is: `pdf`, `jpeg`, `png` or `text`.
    pub kind: String,
    /// What its sender calls it, cleaned.
    pub name: String,
    /// How long it is.
    pub bytes: u64,
    /// SHA-256 of it, in hexadecimal; absent of what an earlier Postern took.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

impl AttachmentView {
    /// Of what is kept of it.
    pub(crate) fn of(file: AttachmentRecord) -> Self {
        let sha256 = file.digest.map(|digest| Hex(&digest).to_string());
        Self { id: file.id, kind: file.kind, name: file.name.into_inner(), bytes: file.bytes, sha256 }
    }
}

impl fmt::Debug for AttachmentView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AttachmentView({})", self.id)
    }
}

impl fmt::Debug for ReceivedView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReceivedView({})", self.id)
    }
}
