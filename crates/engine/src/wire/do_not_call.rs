//! A request not to be called to sell, as it is brought and as it stands.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Whoever holds a number asked this practice not to call to sell (47 CFR 64.1200(d)), or took that back.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewDoNotCall {
    /// The number, one on the patient's record.
    pub number: String,
    /// When they asked; absent = now.
    #[serde(default)]
    pub asked_at: Option<Timestamp>,
    /// They take it back.
    #[serde(default)]
    pub withdrawn: bool,
}

impl std::fmt::Debug for NewDoNotCall {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NewDoNotCall")
    }
}

/// A request that stands. The number is not told again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DoNotCallView {
    /// The last two digits of the number.
    pub number_ends: String,
    /// When they last asked.
    pub asked_at: Timestamp,
    /// It is honoured until then (47 CFR 64.1200(d)(6)).
    pub until: Timestamp,
}
