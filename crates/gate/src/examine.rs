//! A decision with everything that was heard on the way, for people who ask why: every candidate, what every rule said of it,
//! and what would change the answer.

use crate::Effect;
use crate::change::{self, Changes};
use crate::decide::{Ear, Evaluated, Reasons, conclude, survey};
use crate::decision::{Decision, PassedOver, RuleId, VendorRef, Verdict};
use crate::facts::{Address, Facts};
use crate::finding::{Against, Bar, Finding};
use crate::plan::{self, Plan};
use crate::policy::Policy;
use crate::request::Request;
use crate::rules;
use crate::view::View;
use jiff::Timestamp;
use postern_base::{Channel, EmailMode, Form, Level};

/// A decision, every candidate, and what would change the answer.
#[derive(Debug, Clone)]
pub struct Examination {
    /// The decision itself: the same that [`crate::decide`] makes.
    pub decision: Decision,
    /// Every candidate, the portal copy first.
    pub candidates: Vec<Examined>,
    /// What would change the answer.
    pub changes: Changes,
}

/// One way the message could go, and what came of it.
#[derive(Debug, Clone)]
pub struct Examined {
    /// On which channel.
    pub channel: Channel,
    /// To which contact point.
    pub contact_point: Address,
    /// How an e-mail would travel; `None` elsewhere.
    pub mode: Option<EmailMode>,
    /// In which form.
    pub form: Form,
    /// What it would carry; `None` when that is not known.
    pub level: Option<Level>,
    /// The vendor's service that would carry it; `None` for human tasks, or when there is none.
    pub vendor: Option<VendorRef>,
    /// What came of it.
    pub result: Fate,
    /// Not before this instant, when it could go later.
    pub not_before: Option<Timestamp>,
    /// Why it is not in the plan, when it could be used.
    pub passed_over: Option<PassedOver>,
    /// What every rule that bears on it said, in the order of the catalogue.
    pub rules: Vec<Said>,
}

/// What one rule said of one candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Said {
    /// The rule.
    pub rule: RuleId,
    /// What it said.
    pub verdict: Verdict,
    /// What it does to the candidate, when it stands against it.
    pub effect: Option<Effect>,
}

/// What came of a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fate {
    /// It is in the plan.
    Chosen,
    /// It could go, and another was better.
    Possible,
    /// It could go later, or when a system answers.
    Waits,
    /// A person must act first.
    Person,
    /// Nobody may send it, as things are.
    Refused,
}

impl Fate {
    /// The one spelling.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Chosen => "chosen",
            Self::Possible => "possible",
            Self::Waits => "waits",
            Self::Person => "person",
            Self::Refused => "refused",
        }
    }
}

/// What the rules said of each candidate, in the order in which they were asked.
#[derive(Debug, Default)]
pub(crate) struct Notes(pub(crate) Vec<Vec<(usize, Finding)>>);

impl Ear for Notes {
    fn turns_to_next(&mut self) {
        self.0.push(Vec::with_capacity(16));
    }

    fn hears(&mut self, rule: usize, finding: &Finding) {
        let (Some(notes), false) = (self.0.last_mut(), matches!(finding, Finding::NotApplicable)) else { return };
        // What a rule says of a later instant takes the place of what it says of now.
        let at = notes.partition_point(|(known, _)| *known < rule);
        match notes.get_mut(at).filter(|(known, _)| *known == rule) {
            Some((_, said)) => *said = finding.clone(),
            None => notes.insert(at, (rule, finding.clone())),
        }
    }
}

/// Everything that stands against a candidate.
pub(crate) fn against(notes: &[(usize, Finding)]) -> impl Iterator<Item = (usize, &Against)> {
    notes.iter().filter_map(|(rule, finding)| match finding {
        Finding::Against(against) => Some((*rule, against)),
        _ => None,
    })
}

/// Decides as [`crate::decide`] does, and says everything about it. Slower by far: for people who ask, not for sending.
#[must_use]
pub fn examine(request: &Request, facts: &Facts, policy: &Policy) -> Examination {
    let view = View::new(request, facts, policy);
    let (mut reasons, mut notes) = (Reasons::new(&view), Notes::default());
    let found = survey(&view, &mut reasons, &mut notes);
    let plan = plan::choose(&view, found.portal.as_ref(), &found.contacts);
    let candidates = found.all().zip(&notes.0).map(|(one, heard)| examined(&view, &plan, one, heard)).collect();
    let decision = conclude(&view, reasons, plan);
    let changes = change::search(request, facts, policy, &decision);
    Examination { decision, candidates, changes }
}

fn examined(view: &View<'_>, plan: &Plan<'_>, one: &Evaluated<'_>, heard: &[(usize, Finding)]) -> Examined {
    let candidate = &one.candidate;
    let result = match one.bar {
        _ if plan.chosen.iter().any(|chosen| std::ptr::eq(*chosen, one)) => Fate::Chosen,
        Bar::Clear => Fate::Possible,
        Bar::Wait => Fate::Waits,
        Bar::Person => Fate::Person,
        Bar::Refused => Fate::Refused,
    };
    let said = |(rule, finding): &(usize, Finding)| {
        let effect = match finding {
            Finding::Against(against) => Some(against.effect),
            _ => None,
        };
        rules::ALL.get(*rule).map(|rule| Said { rule: rule.id, verdict: finding.verdict(), effect })
    };
    Examined {
        channel: candidate.channel,
        contact_point: candidate.address.clone(),
        mode: candidate.mode,
        form: candidate.form,
        level: candidate.carried(view.level),
        vendor: candidate.vendor.map(|row| VendorRef { vendor: row.vendor.clone(), service: row.service.clone() }),
        result,
        not_before: if one.stands() { plan::not_before(view, one) } else { None },
        passed_over: plan::passed_over(view, plan, one),
        rules: heard.iter().filter_map(said).collect(),
    }
}
