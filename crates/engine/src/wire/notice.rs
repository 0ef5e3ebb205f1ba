//! A notice given to a patient and what they said to it, as it is brought and as it stands.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Something a patient was told, or said of their own accord.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewNotice {
    /// What it is about.
    pub kind: NoticeKind,
    /// The contact point it is about, one on the patient's record; a notice of a channel's risk is about one.
    #[serde(default)]
    pub contact_point: Option<String>,
    /// When; absent = now.
    #[serde(default)]
    pub at: Option<Timestamp>,
    /// How it was told or heard: on paper, in the portal, on the phone.
    pub how: String,
    /// The version of the text; a notice of privacy practices has one.
    #[serde(default)]
    pub version: Option<String>,
    /// What the patient said to it; absent = nothing.
    #[serde(default)]
    pub answer: Option<NoticeAnswer>,
}

impl std::fmt::Debug for NewNotice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NewNotice")
    }
}

/// What a notice is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    /// The risk of e-mail at an address (OCR FAQ 570; 78 FR 5634).
    EmailRisk,
    /// The risk of a messaging app at a contact point.
    AppRisk,
    /// The notice of privacy practices (45 CFR 164.520).
    PrivacyPractices,
    /// Fundraising, and the right to hear no more of it (45 CFR 164.514(f)(2)).
    Fundraising,
    /// That what a visitor of the open chat types is kept (RCW 19.373).
    VisitorData,
}

impl NoticeKind {
    /// The one spelling, which is also the gate's.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EmailRisk => "email_risk",
            Self::AppRisk => "app_risk",
            Self::PrivacyPractices => "privacy_practices",
            Self::Fundraising => "fundraising",
            Self::VisitorData => "visitor_data",
        }
    }
}

/// What a patient said to a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeAnswer {
    /// They accept it; an objection of before is taken back.
    Accepts,
    /// They do not want it.
    Objects,
}

/// A notice on record. The contact point is not told again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NoticeView {
    /// What it is about.
    pub kind: NoticeKind,
    /// The last two signs of the contact point it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact_point_ends: Option<String>,
    /// When.
    pub at: Timestamp,
    /// How.
    pub how: String,
    /// The version of the text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// What the patient said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<NoticeAnswer>,
    /// Nothing newer was said to the same: this is what is obeyed.
    pub stands: bool,
    /// When it was recorded.
    pub added_at: Timestamp,
}
