//! A disclosure that a patient may ask an accounting of, as it is brought and as it is accounted for.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A disclosure that somebody made, in the parts that an accounting gives (45 CFR 164.528(b)(2)).
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewDisclosure {
    /// When it was made; absent = now.
    #[serde(default)]
    pub at: Option<Timestamp>,
    /// Who received it: a person's or an organisation's name.
    pub recipient: String,
    /// Where they are, when it is known.
    #[serde(default)]
    pub address: Option<String>,
    /// What was disclosed, in brief.
    pub what: String,
    /// What for, in brief: the basis of it.
    pub purpose: String,
}

impl std::fmt::Debug for NewDisclosure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NewDisclosure")
    }
}

/// Whence it is known that something was disclosed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Known {
    /// Somebody made it and recorded it.
    Recorded,
    /// A message went to a contact point that was found not to be the patient's, or not any more.
    Misdirected,
}

/// A disclosure in the accounting of a patient's.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct DisclosureView {
    /// When it was made.
    pub at: Timestamp,
    /// Who received it.
    pub recipient: String,
    /// Where they are, when it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// What was disclosed.
    pub what: String,
    /// What for.
    pub purpose: String,
    /// Whence it is known.
    pub known: Known,
    /// When it was recorded, or when it was found that the place was not the patient's.
    pub known_at: Timestamp,
}

impl std::fmt::Debug for DisclosureView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DisclosureView").field("at", &self.at).field("known", &self.known).finish_non_exhaustive()
    }
}
