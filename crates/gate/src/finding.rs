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
    /// What would lift it.
    pub(crate) lifted: Lifted,
    /// On what it stands, where that is more exact than the rule's own citation: the source of a row of a table.
    pub(crate) citation: Option<&'static str>,
    /// Why.
    pub(crate) sentence: Sentence,
}

/// Why nothing lifts what a record does not say.
pub(crate) const MISSING: &str =
    "What a missing record would say cannot be supposed; a person completes it, and asks again.";

/// What would lift a finding against a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lifted {
    /// Any one of these, the first before the others.
    By(&'static [Remedy]),
    /// Nothing that anybody may do or that can be supposed, and why.
    Never(&'static str),
}

impl Lifted {
    /// What would lift it; empty = nothing.
    pub(crate) const fn remedies(self) -> &'static [Remedy] {
        match self {
            Self::By(remedies) => remedies,
            Self::Never(_) => &[],
        }
    }
}

/// A finding against a candidate that does not yet say what would lift it: only that makes it a [`Finding`], so that no rule
/// forgets to say.
#[derive(Debug, Clone)]
#[must_use]
pub(crate) struct Unanswered {
    verdict: Verdict,
    effect: Effect,
    bar: Bar,
    sentence: Sentence,
}

impl Unanswered {
    fn new(verdict: Verdict, effect: Effect, bar: Bar, sentence: impl Into<Sentence>) -> Self {
        Self { verdict, effect, bar, sentence: sentence.into() }
    }

    /// Lifted by any one of `remedies`, the first before the others.
    ///
    /// What only the patient may change gets a remedy of the patient's.
    pub(crate) fn lifted_by(self, remedies: &'static [Remedy]) -> Finding {
        self.lifted(Lifted::By(remedies))
    }

    /// Lifted by nothing that anybody may do or that can be supposed, and why, in a sentence a nurse understands.
    pub(crate) fn for_good(self, why: &'static str) -> Finding {
        self.lifted(Lifted::Never(why))
    }

    fn lifted(self, lifted: Lifted) -> Finding {
        let Self { verdict, effect, bar, sentence } = self;
        let (until, waiting_for, alert) = (None, None, false);
        Finding::Against(Against { verdict, effect, bar, until, waiting_for, alert, lifted, citation: None, sentence })
    }
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

/// Not lawful.
pub(crate) fn deny(sentence: impl Into<Sentence>) -> Unanswered {
    Unanswered::new(Verdict::Violated, Effect::Deny, Bar::Refused, sentence)
}

/// A fact is missing: not satisfied.
pub(crate) fn unknown(sentence: impl Into<Sentence>) -> Unanswered {
    Unanswered::new(Verdict::Unknown, Effect::Deny, Bar::Refused, sentence)
}

/// Lawful on another channel.
pub(crate) fn redirect(sentence: impl Into<Sentence>) -> Unanswered {
    Unanswered::new(Verdict::Violated, Effect::Redirect, Bar::Refused, sentence)
}

/// Lawful with less.
pub(crate) fn strip(sentence: impl Into<Sentence>) -> Unanswered {
    Unanswered::new(Verdict::Violated, Effect::Strip, Bar::Refused, sentence)
}

/// Lawful once a person has done something.
pub(crate) fn require(sentence: impl Into<Sentence>) -> Unanswered {
    Unanswered::new(Verdict::Violated, Effect::Require, Bar::Person, sentence)
}

/// A fact is missing that a person must supply.
pub(crate) fn ask(sentence: impl Into<Sentence>) -> Unanswered {
    Unanswered::new(Verdict::Unknown, Effect::Require, Bar::Person, sentence)
}

/// Lawful from `until` on.
pub(crate) fn later(until: Timestamp, sentence: impl Into<Sentence>) -> Finding {
    let against = Unanswered::new(Verdict::Violated, Effect::Defer, Bar::Wait, sentence);
    against.lifted_by(&[Remedy::Wait]).until(Some(until), None)
}

/// Lawful when `system` answers.
pub(crate) fn wait(system: WaitingFor, sentence: impl Into<Sentence>) -> Finding {
    let against = Unanswered::new(Verdict::Unknown, Effect::Defer, Bar::Wait, sentence);
    against.lifted_by(&[Remedy::SystemAnswers]).until(None, Some(system))
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

    fn until(self, until: Option<Timestamp>, waiting_for: Option<WaitingFor>) -> Self {
        match self {
            Self::Against(against) => Self::Against(Against { until, waiting_for, ..against }),
            other => other,
        }
    }

    /// The same, raised as an alert too.
    pub(crate) fn and_alert(self) -> Self {
        match self {
            Self::Against(against) => Self::Against(Against { alert: true, ..against }),
            other => other,
        }
    }

    /// The same, lifted by any one of `remedies` besides what it says itself.
    pub(crate) fn lifted_by(self, remedies: &'static [Remedy]) -> Self {
        match self {
            Self::Against(against) => Self::Against(Against { lifted: Lifted::By(remedies), ..against }),
            other => other,
        }
    }

    /// The same, on what `citation` names, the source of a row of a table.
    pub(crate) fn under(self, citation: &'static str) -> Self {
        match self {
            Self::Against(against) => Self::Against(Against { citation: Some(citation), ..against }),
            other => other,
        }
    }

    /// [`Finding::Satisfied`] when `holds`, else `otherwise`.
    pub(crate) fn when(holds: bool, otherwise: impl FnOnce() -> Self) -> Self {
        if holds { Self::Satisfied } else { otherwise() }
    }
}
