//! The tenant's policy as it is written: keys as CASES has them, values not yet read, so that a reader can say everything
//! that is wrong with them at once.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The tenant's policy file, as JSON. It may only tighten.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PolicyFile {
    /// Lowered cells by purpose, level and channel: the highest form left, or `none`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub matrix: Option<Value>,
    /// A narrower sending window, local time: `{ from = "10:00", to = "18:00" }`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<Value>,
    /// Narrower windows by purpose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub windows: Option<Value>,
    /// How results are held back: `hold_all_days`, and the `exception` it stands on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub results: Option<Value>,
    /// Lower caps: `per_day`, `per_week`, `offers_per_day`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caps: Option<Value>,
    /// Channels switched off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disabled_channels: Option<Value>,
    /// Rules switched off: none can be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disabled_rules: Option<Value>,
    /// Records kept longer: `ledger_years`, `opt_out_years`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retention: Option<Value>,
}

impl PolicyFile {
    /// Every key of a policy.
    pub const KEYS: [&'static str; 8] =
        ["matrix", "window", "windows", "results", "caps", "disabled_channels", "disabled_rules", "retention"];
}
