//! That a contact point is the patient's own, or is not, as it is brought.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Somebody found out whether a contact point is the patient's.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewVerification {
    /// The contact point, one on the patient's record.
    pub contact_point: String,
    /// It is the patient's own: a code sent there came back, or the patient said so themselves. `false` = it is not.
    pub verified: bool,
    /// When; absent = now.
    #[serde(default)]
    pub at: Option<Timestamp>,
    /// Good until; absent = without an end of its own.
    #[serde(default)]
    pub until: Option<Timestamp>,
    /// How it was found out.
    pub how: String,
}

impl std::fmt::Debug for NewVerification {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NewVerification")
    }
}

/// A verification on record. The contact point is not told again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VerificationView {
    /// The last two signs of the contact point.
    pub contact_point_ends: String,
    /// It is the patient's own.
    pub verified: bool,
    /// When.
    pub at: Timestamp,
    /// Good until.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// How it was found out.
    pub how: String,
    /// When it was recorded.
    pub added_at: Timestamp,
}
