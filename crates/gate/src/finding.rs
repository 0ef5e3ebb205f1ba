//! What one rule says of one candidate.

use crate::decision::{Effect, Verdict, WaitingFor};
use crate::remedy::Remedy;
use jiff::Timestamp;
use std::borrow::Cow;

/// A sentence for people; borrowed wherever the rule has only one thing to say. Never holds PHI.
pub(crate) type Sentence = Cow<'static, str>;

/// What one rule says of one candidate.
#[derive(Debug, Clone)]
pub(crate) enum Finding {
    /// It does not bear on the candidate.
    NotApplicable,
    /// It holds.
    Satisfied,
    /// It holds if this is also done.
    Obliges(Sentence),
    /// It holds, and a person should look.
    Alerts(Sentence),
    /// It stands against the candidate.
    Against(Against),
}

/// A finding against a candidate.
#[derive(Debug, Clone)]
pub(crate) struct Against {
    /// Violated, or unknown.
    pub(crate) verdict: Verdict,
    /// What the rule does to the candidate.
    pub(crate) effect: Effect,
    /// Who could lift it.
    pub(crate) bar: Bar,
    /// Lifted at this instant.
    pub(crate) until: Option<Timestamp>,
    /// Lifted when this answers.
    pub(crate) waiting_for: Option<WaitingFor>,
    /// Raise it as an alert too.
    pub(crate) alert: bool,
    /// What would lift it: any one of these, the first before the others. Empty = nothing that anybody may do.
    pub(crate) remedies: &'static [Remedy],
    /// Why.
    pub(crate) sentence: Sentence,
}

/// Who could lift what stands against a candidate, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Bar {
    /// Nothing stands against it.
    Clear,
    /// Time, or a system that answers again.
    Wait,
    /// A person.
    Person,
    /// Nobody, as things are.
    Refused,
}

impl Against {
    fn new(verdict: Verdict, effect: Effect, bar: Bar, sentence: impl Into<Sentence>) -> Self {
        let sentence = sentence.into();
        Self { verdict, effect, bar, until: None, waiting_for: None, alert: false, remedies: &[], sentence }
    }
}

/// Not lawful.
pub(crate) fn deny(sentence: impl Into<Sentence>) -> Finding {
    Finding::Against(Against::new(Verdict::Violated, Effect::Deny, Bar::Refused, sentence))
}

/// A fact is missing: not satisfied.
pub(crate) fn unknown(sentence: impl Into<Sentence>) -> Finding {
    Finding::Against(Against::new(Verdict::Unknown, Effect::Deny, Bar::Refused, sentence))
}

/// Lawful on another channel.
pub(crate) fn redirect(sentence: impl Into<Sentence>) -> Finding {
    Finding::Against(Against::new(Verdict::Violated, Effect::Redirect, Bar::Refused, sentence))
}

/// Lawful with less.
pub(crate) fn strip(sentence: impl Into<Sentence>) -> Finding {
    Finding::Against(Against::new(Verdict::Violated, Effect::Strip, Bar::Refused, sentence))
}

/// Lawful once a person has done something.
pub(crate) fn require(sentence: impl Into<Sentence>) -> Finding {
    Finding::Against(Against::new(Verdict::Violated, Effect::Require, Bar::Person, sentence))
}

/// A fact is missing that a person must supply.
pub(crate) fn ask(sentence: impl Into<Sentence>) -> Finding {
    Finding::Against(Against::new(Verdict::Unknown, Effect::Require, Bar::Person, sentence))
}

/// Lawful from `until` on.
pub(crate) fn later(until: Timestamp, sentence: impl Into<Sentence>) -> Finding {
    let against = Against::new(Verdict::Violated, Effect::Defer, Bar::Wait, sentence);
    Finding::Against(Against { until: Some(until), remedies: &[Remedy::Wait], ..against })
}

/// Lawful when `system` answers.
pub(crate) fn wait(system: WaitingFor, sentence: impl Into<Sentence>) -> Finding {
    let against = Against::new(Verdict::Unknown, Effect::Defer, Bar::Wait, sentence);
    Finding::Against(Against { waiting_for: Some(system), remedies: &[Remedy::SystemAnswers], ..against })
}

impl Finding {
    /// What the rule said, in a word.
    pub(crate) const fn verdict(&self) -> Verdict {
        match self {
            Self::NotApplicable => Verdict::NotApplicable,
            Self::Satisfied | Self::Obliges(_) | Self::Alerts(_) => Verdict::Satisfied,
            Self::Against(against) => against.verdict,
        }
    }

    /// Whether there is anything to keep besides the verdict.
    pub(crate) const fn speaks(&self) -> bool {
        matches!(self, Self::Obliges(_) | Self::Alerts(_) | Self::Against(_))
    }

    /// The same, raised as an alert too.
    pub(crate) fn and_alert(self) -> Self {
        match self {
            Self::Against(against) => Self::Against(Against { alert: true, ..against }),
            other => other,
        }
    }

    /// The same, naming what would lift it: any one of `remedies`, the first before the others.
    ///
    /// What nobody may change gets none; what only the patient may change gets a remedy of the patient's.
    pub(crate) fn lifted_by(self, remedies: &'static [Remedy]) -> Self {
        match self {
            Self::Against(against) => Self::Against(Against { remedies, ..against }),
            other => other,
        }
    }

    /// [`Finding::Satisfied`] when `holds`, else `otherwise`.
    pub(crate) fn when(holds: bool, otherwise: impl FnOnce() -> Self) -> Self {
        if holds { Self::Satisfied } else { otherwise() }
    }
}
