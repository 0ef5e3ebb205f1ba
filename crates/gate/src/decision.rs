//! The answer: outcome, deliveries, and every reason (CASES "The answer").

use crate::fact::Missing;
use crate::facts::Address;
use jiff::Timestamp;
use postern_base::{Channel, EmailMode, Form, Level};
use std::borrow::Cow;

/// A rule's id, such as `SEC-12`.
pub type RuleId = &'static str;

/// What the gate decided and why.
#[derive(Debug, Clone)]
pub struct Decision {
    /// The strongest summary.
    pub outcome: Outcome,
    /// The plan: the portal copy, when it survives, and at most one best contact.
    pub deliveries: Vec<Delivery>,
    /// Every reason against every candidate that did not survive.
    pub refusals: Vec<Refusal>,
    /// What must be done for the plan to be lawful.
    pub obligations: Vec<Obligation>,
    /// What a person should look at.
    pub alerts: Vec<Alert>,
    /// Every rule that ran, with its strongest verdict over all candidates.
    pub rules: Vec<RuleResult>,
    /// What a `defer` waits for, when it is not only the clock.
    pub waiting_for: Option<WaitingFor>,
    /// Decided without reading an outside EHR: does not bind, dispatch decides again.
    pub advisory: bool,
}

/// The outcome of a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// Send what the plan says.
    Send,
    /// The machine tries again later.
    Defer,
    /// A person must act.
    Hold,
    /// Nothing may be sent.
    Refuse,
}

impl Outcome {
    /// The one spelling.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Send => "send",
            Self::Defer => "defer",
            Self::Hold => "hold",
            Self::Refuse => "refuse",
        }
    }
}

/// One planned delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// On which channel.
    pub channel: Channel,
    /// To which contact point (CASES says what that is per channel).
    pub contact_point: Address,
    /// How an e-mail travels; `None` elsewhere.
    pub mode: Option<EmailMode>,
    /// Which form travels.
    pub form: Form,
    /// What it carries.
    pub level: Level,
    /// Not before this instant.
    pub not_before: Option<Timestamp>,
    /// Of a person's task: before this instant, from which on a rule stands against it.
    pub not_after: Option<Timestamp>,
    /// The vendor and service that may carry it; `None` for human tasks.
    pub vendor: Option<VendorRef>,
    /// Why this one.
    pub why: Choice,
}

/// Why a delivery was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What decided.
    pub by: Criterion,
    /// The next best contact, which it was chosen before.
    pub over: Option<RunnerUp>,
}

/// The contact that came second.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunnerUp {
    /// On which channel.
    pub channel: Channel,
    /// Which contact point.
    pub contact_point: Address,
    /// How an e-mail would have travelled.
    pub mode: Option<EmailMode>,
    /// In which form.
    pub form: Form,
}

/// What decided between contacts that may all be used, in the order in which it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Criterion {
    /// Nothing had to: it is the portal copy.
    PortalCopy,
    /// Nothing had to: a person carries it.
    Task,
    /// Nothing had to: no other contact may be used.
    OnlyWay,
    /// The other contact point failed for good lately.
    Failures,
    /// It may go sooner.
    Timing,
    /// The patient ranks it before the other.
    Preference,
    /// What went to the other lately was not confirmed.
    Receipts,
    /// What it carries is better protected there.
    Sensitivity,
    /// It reaches the patient more directly.
    Reach,
    /// It costs less.
    Cost,
    /// It may say more.
    Form,
    /// Nothing sets them apart; the order of addresses decides, so that the order of the record never does.
    Address,
}

impl Criterion {
    /// Every one, in the order in which it counts.
    pub const ALL: &[Self] = &[
        Self::PortalCopy,
        Self::Task,
        Self::OnlyWay,
        Self::Failures,
        Self::Timing,
        Self::Preference,
        Self::Receipts,
        Self::Sensitivity,
        Self::Reach,
        Self::Cost,
        Self::Form,
        Self::Address,
    ];

    /// The one spelling.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PortalCopy => "portal_copy",
            Self::Task => "task",
            Self::OnlyWay => "only_way",
            Self::Failures => "failures",
            Self::Timing => "timing",
            Self::Preference => "preference",
            Self::Receipts => "receipts",
            Self::Sensitivity => "sensitivity",
            Self::Reach => "reach",
            Self::Cost => "cost",
            Self::Form => "form",
            Self::Address => "address",
        }
    }

    /// The reason in a sentence.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::PortalCopy => "The portal keeps the whole message.",
            Self::Task => "A person carries it, where no automated contact may or the law asks for a letter.",
            Self::OnlyWay => "It is the only contact that may be used.",
            Self::Failures => "A message to the other contact failed for good lately.",
            Self::Timing => "It may go sooner than the other.",
            Self::Preference => "The patient ranks it before the other.",
            Self::Receipts => "The last message to the other contact was never confirmed.",
            Self::Sensitivity => "What it carries is better protected there than on the other.",
            Self::Reach => "It reaches the patient more directly than the other.",
            Self::Cost => "It costs less than the other.",
            Self::Form => "It may say more than the other.",
            Self::Address => "Nothing sets it apart from the other; the order of addresses decides.",
        }
    }
}

/// Why a way that could be used is not in the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PassedOver {
    /// This set the chosen contact before it.
    For(Criterion),
    /// What goes to its contact point goes there in another form.
    Form,
    /// It is a person's task, and a machine reaches the patient.
    Task,
}

impl PassedOver {
    /// Why, in a word: the criterion's, `other_form` or `task`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::For(criterion) => criterion.as_str(),
            Self::Form => "other_form",
            Self::Task => "task",
        }
    }

    /// Why, in a sentence about the way itself.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Form => "Another form is the one for this contact point.",
            Self::Task => "A person is asked where no machine may reach the patient.",
            Self::For(criterion) => match criterion {
                Criterion::Failures => "A message there failed for good lately.",
                Criterion::Timing => "It could go only later.",
                Criterion::Preference => "The patient ranks it lower.",
                Criterion::Receipts => "The last message there was never confirmed.",
                Criterion::Sensitivity => "What it carries lies more open there.",
                Criterion::Reach => "It reaches the patient less directly.",
                Criterion::Cost => "It costs more.",
                Criterion::Form => "It may say less.",
                Criterion::PortalCopy | Criterion::Task | Criterion::OnlyWay | Criterion::Address => {
                    "Nothing sets it apart but the order of addresses."
                }
            },
        }
    }
}

/// A vendor's service, as named in the agreement registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VendorRef {
    /// The vendor.
    pub vendor: String,
    /// Its service.
    pub service: String,
}

/// One reason against one candidate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The candidate's channel.
    pub channel: Channel,
    /// Its contact point.
    pub contact_point: Address,
    /// How an e-mail would have travelled; `None` elsewhere.
    pub mode: Option<EmailMode>,
    /// Its form.
    pub form: Form,
    /// What the rule does.
    pub effect: Effect,
    /// The rule.
    pub rule: RuleId,
    /// What it stands on, as a lawyer writes it.
    pub citation: &'static str,
    /// The reason in a sentence a nurse understands. Holds no PHI.
    pub sentence: Cow<'static, str>,
}

/// What a rule does to a candidate, strongest last (RULES 0.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// Lawful only if something is also done.
    Require,
    /// Lawful with less.
    Strip,
    /// Lawful on another channel.
    Redirect,
    /// Lawful later.
    Defer,
    /// Not lawful.
    Deny,
}

impl Effect {
    /// The one spelling.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Deny => "deny",
            Self::Defer => "defer",
            Self::Redirect => "redirect",
            Self::Strip => "strip",
            Self::Require => "require",
        }
    }
}

/// What must be done for the plan to be lawful.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obligation {
    /// The rule that asks for it.
    pub rule: RuleId,
    /// What to do.
    pub what: Cow<'static, str>,
}

/// What a person should look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// The rule that raises it.
    pub rule: RuleId,
    /// Why.
    pub sentence: Cow<'static, str>,
}

/// One rule's strongest verdict over all candidates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuleResult {
    /// The rule.
    pub rule: RuleId,
    /// What it said.
    pub verdict: Verdict,
}

/// What a rule said of a candidate, strongest last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// It does not bear on the candidate.
    NotApplicable,
    /// It holds.
    Satisfied,
    /// A fact it needs is missing: not satisfied.
    Unknown,
    /// It is broken.
    Violated,
}

impl Verdict {
    /// The one spelling.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Satisfied => "satisfied",
            Self::Violated => "violated",
            Self::Unknown => "unknown",
            Self::NotApplicable => "not_applicable",
        }
    }
}

/// What a `defer` waits for besides the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WaitingFor {
    /// The EHR must answer.
    Ehr,
    /// Postern's own store must answer.
    Store,
    /// The provider must answer.
    Provider,
}

impl WaitingFor {
    /// The one spelling.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ehr => "ehr",
            Self::Store => "store",
            Self::Provider => "provider",
        }
    }

    /// What to wait for when a fact is missing for `why`, if waiting helps at all.
    #[must_use]
    pub const fn because(why: Missing) -> Option<Self> {
        match why {
            Missing::EhrUnreachable => Some(Self::Ehr),
            Missing::StoreUnavailable => Some(Self::Store),
            Missing::NotRecorded | Missing::Unreadable | Missing::ClassifierFailed => None,
        }
    }
}
