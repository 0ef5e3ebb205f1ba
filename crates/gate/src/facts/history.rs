//! What went out and came in before, and what was noted of it.

use super::Address;
use crate::rendition::Commitment;
use crate::revocation::Heard;
use jiff::Timestamp;
use postern_base::{Channel, Phi, Purpose, Review};

/// What went out and came in before.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// Deliveries to this patient and to these contact points.
    pub deliveries: Vec<PastDelivery>,
    /// Messages from these contact points.
    pub inbound: Vec<Inbound>,
    /// Opt-outs on these contact points.
    pub opt_outs: Vec<OptOut>,
    /// Look-ups of numbers.
    pub number_checks: Vec<NumberCheck>,
    /// Notices given.
    pub notices: Vec<NoticeGiven>,
    /// Earlier requests for this patient and purpose that were accepted (for SYS-05).
    pub earlier: Vec<EarlierRequest>,
}

/// A delivery that was made.
#[derive(Debug, Clone)]
pub struct PastDelivery {
    /// When.
    pub at: Timestamp,
    /// On which channel.
    pub channel: Channel,
    /// To which contact point.
    pub point: Address,
    /// Why.
    pub purpose: Purpose,
    /// Not made by a person.
    pub automated: bool,
    /// What became of it; `None` = not known yet, or not recorded.
    pub outcome: Option<PastOutcome>,
}

impl PastDelivery {
    /// It counts as contact with the patient: it went out, and was not turned back.
    #[must_use]
    pub fn counts(&self) -> bool {
        self.outcome != Some(PastOutcome::Failed)
    }
}

/// What became of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PastOutcome {
    /// A receipt says so.
    Delivered,
    /// It failed for good.
    Failed,
    /// No receipt came in time.
    Unknown,
}

/// A message that came in.
#[derive(Debug, Clone)]
pub struct Inbound {
    /// When.
    pub at: Timestamp,
    /// On which channel.
    pub channel: Channel,
    /// From which contact point.
    pub point: Address,
    /// What it says.
    pub text: Phi<String>,
    /// The purpose of the thread it answers.
    pub thread_purpose: Option<Purpose>,
    /// What a person who read it says it means; `None` = nobody has said.
    pub reviewed: Option<Review>,
    /// What was heard in it before this decision.
    pub heard: Heard,
}

/// An opt-out.
#[derive(Debug, Clone)]
pub struct OptOut {
    /// When.
    pub at: Timestamp,
    /// The channel it came by.
    pub channel: Channel,
    /// The contact point.
    pub point: Address,
    /// How far it reaches.
    pub scope: OptOutScope,
}

/// How far an opt-out reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OptOutScope {
    /// Everything automated.
    All,
    /// One purpose.
    Purpose(Purpose),
}

/// A look-up in a reassigned-numbers database (RULES TCP-18).
#[derive(Debug, Clone)]
pub struct NumberCheck {
    /// The number.
    pub point: Address,
    /// When.
    pub checked_at: Timestamp,
    /// The answer.
    pub reassigned: Reassigned,
}

/// What a reassigned-numbers database answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reassigned {
    /// No.
    No,
    /// Yes.
    Yes,
    /// It has no data.
    NoData,
}

/// A notice given to the patient.
#[derive(Debug, Clone)]
pub struct NoticeGiven {
    /// Which, such as `email_risk`.
    pub kind: String,
    /// Where it went.
    pub point: Address,
    /// When.
    pub at: Timestamp,
    /// The patient objected.
    pub objected: bool,
}

/// An earlier request that was accepted (RULES SYS-05).
#[derive(Debug, Clone)]
pub struct EarlierRequest {
    /// When.
    pub at: Timestamp,
    /// Why.
    pub purpose: Purpose,
    /// Its event.
    pub event: Option<String>,
    /// Its template.
    pub template: Option<crate::rendition::TemplateRef>,
    /// The same source content, when there is no event: equal under the tenant's keyed content index.
    pub same_content: bool,
    /// The commitment to its source.
    pub commitment: Option<Commitment>,
}
