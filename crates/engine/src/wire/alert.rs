//! Alerts as they are listed and read.

use jiff::Timestamp;
use postern_base::Channel;
use serde::Serialize;
use std::fmt;

/// What somebody must look at now. It says nothing of what was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AlertView {
    /// Its number, also the cursor of the page after it.
    pub id: i64,
    /// The rule that asks for it: `CHT-01`, words of somebody in danger.
    pub rule: String,
    /// When it was raised.
    pub at: Timestamp,
    /// How long it waited, or has waited.
    pub waited_seconds: i64,
    /// By which channel the patient wrote.
    pub channel: Channel,
    /// Who wrote, or whose contact point it came from; nobody = it is not known.
    pub patients: Vec<String>,
    /// The number of what was written among what the patient wrote; `None` = nothing of it was kept.
    pub inbound: Option<i64>,
    /// When the duty contact took word of it; `None` = nobody was told, or nobody took it.
    pub told_at: Option<Timestamp>,
    /// Since when it has waited too long.
    pub late_at: Option<Timestamp>,
    /// When somebody took it up; `None` = it waits.
    pub acknowledged_at: Option<Timestamp>,
    /// Who.
    pub acknowledged_by: Option<String>,
}

/// What was written that an alert is about, in the clear.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct AlertText {
    /// The alert's number.
    pub id: i64,
    /// From which contact point.
    pub from: String,
    /// What it says.
    pub text: String,
}

impl fmt::Debug for AlertText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AlertText({})", self.id)
    }
}
