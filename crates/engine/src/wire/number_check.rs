//! A look-up of a number, as it is brought and as it stands.

use super::history::Reassigned;
use jiff::Timestamp;
use jiff::civil::Date;
use postern_channels::sms::rates::Carrier;
use serde::{Deserialize, Serialize};

/// A look-up that somebody made.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewNumberCheck {
    /// The number, one on the patient's record.
    pub number: String,
    /// When it was looked up; absent = now.
    #[serde(default)]
    pub checked_at: Option<Timestamp>,
    /// Where: the database or service, by name.
    pub source: String,
    /// Whether the number was given to somebody else since `known_on`, as a reassigned-numbers database answers.
    #[serde(default)]
    pub reassigned: Option<Reassigned>,
    /// The day the database was asked about: the last on which the number was known to be the patient's, by a consent, a visit or a
    /// verification (47 CFR 64.1200(m)).
    #[serde(default)]
    pub known_on: Option<Date>,
    /// What kind of line it is.
    #[serde(default)]
    pub line_type: Option<LineKind>,
    /// Whose subscriber has it: `att`, `t_mobile`, `verizon` or `other`. What carriers let through is counted by it.
    #[serde(default)]
    pub carrier: Option<Carrier>,
}

impl std::fmt::Debug for NewNumberCheck {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NewNumberCheck")
    }
}

/// What a look-up can say of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineKind {
    /// Wireless.
    Mobile,
    /// A landline.
    Landline,
    /// VoIP.
    Voip,
}

/// A look-up on record. The number is not told again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NumberCheckView {
    /// The last two digits of the number.
    pub number_ends: String,
    /// When it was looked up.
    pub checked_at: Timestamp,
    /// Where.
    pub source: String,
    /// The answer of a reassigned-numbers database.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reassigned: Option<Reassigned>,
    /// The day it was asked about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub known_on: Option<Date>,
    /// What kind of line it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line_type: Option<LineKind>,
    /// Whose subscriber has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub carrier: Option<Carrier>,
    /// When it was recorded.
    pub added_at: Timestamp,
}
