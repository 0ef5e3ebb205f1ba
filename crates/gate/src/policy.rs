//! The tenant's policy: it may only tighten what the law and the built-in matrix allow.

use jiff::civil::Time;
use postern_base::{Channel, Form, Level, Purpose};

/// The policy a decision is made under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Names this text of the policy in permits and ledger entries; `built-in` when the tenant set nothing.
    pub version: String,
    /// Lowered cells: the highest form for purpose, level and channel. `None` = refused.
    pub lowered: Vec<LoweredCell>,
    /// A narrower sending window, local time.
    pub window: Option<(Time, Time)>,
    /// Channels switched off.
    pub disabled_channels: Vec<Channel>,
    /// What the tenant asked for that would loosen the floor: refuses every decision.
    pub defects: Vec<PolicyDefect>,
}

/// A cell the tenant lowered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoweredCell {
    /// The row.
    pub purpose: Purpose,
    /// The level.
    pub level: Level,
    /// The column.
    pub channel: Channel,
    /// The highest form left; `None` = refused.
    pub highest: Option<Form>,
}

/// Something in a tenant's policy that would loosen the floor, or could not be understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyDefect {
    /// The rule that refuses it.
    pub rule: &'static str,
    /// The key in the policy, such as `matrix.test_result.L3.sms`.
    pub key: String,
    /// What the floor is, and on what it stands.
    pub sentence: String,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            version: "built-in".into(),
            lowered: Vec::new(),
            window: None,
            disabled_channels: Vec::new(),
            defects: Vec::new(),
        }
    }
}
