//! What would change a decision: the smallest sets of facts under which the gate would answer otherwise.
//!
//! Every finding names its remedies ([`crate::remedy`]). The search supposes them, on a copy of the request and the facts, and
//! decides again: a set is offered only when the gate itself says yes under it and says no under every part of it. So no set
//! can promise what the rules do not keep, and one that the law forbids cannot be found, because no remedy leads there.
//! The search is bounded and gives the same answer every time.

mod supposition;

use crate::candidate::{Candidate, placeholder};
use crate::decide::{Reasons, Survey, survey};
use crate::decision::{Decision, Delivery, Outcome, RuleId, WaitingFor};
use crate::examine::{Notes, against};
use crate::facts::{Address, Facts};
use crate::finding::{Against, Finding, Lifted};
use crate::plan;
use crate::policy::Policy;
use crate::remedy::{Remedy, Scope, Who};
use crate::request::Request;
use crate::rules;
use crate::view::View;
use jiff::Timestamp;
use postern_base::{Channel, Origin, Urgency};
use std::borrow::Cow;

pub use supposition::Supposition;

/// Alternatives offered at most: more is no guidance.
const OFFERED: usize = 3;
/// Changes in one alternative at most.
const CHANGES: usize = 6;
/// Decisions made at most in one search.
pub const DECISIONS_MAX: usize = 400;

/// What would change a decision.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    /// What was looked for; `None` when the message reaches the patient as things are.
    pub goal: Option<Goal>,
    /// Sets of changes that each reach the goal, the smallest first. No part of one does.
    pub alternatives: Vec<Alternative>,
    /// Why there is no alternative: what stands against the most hopeful candidate, as things are or after the fewest changes, that
    /// nobody may lift, or that leads nowhere from here.
    pub nothing: Vec<Nothing>,
    /// Every set within the bounds was tried.
    pub complete: bool,
    /// How many decisions the search made; [`DECISIONS_MAX`] at most.
    pub decisions: usize,
}

/// What a change is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Goal {
    /// The outcome `send`.
    Send,
    /// A contact beside the portal copy, so that the patient learns of it.
    Contact,
}

impl Goal {
    /// The one spelling.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Send => "send",
            Self::Contact => "contact",
        }
    }

    /// What is left to wish of a decision.
    fn of(outcome: Outcome, deliveries: &[Delivery]) -> Option<Self> {
        if outcome != Outcome::Send {
            return Some(Self::Send);
        }
        // Who reads in an open chat needs no notice of it.
        let reached = |channel| reaches_out(channel) || channel == Channel::Chat;
        (!deliveries.iter().any(|d| reached(d.channel))).then_some(Self::Contact)
    }

    /// Whether a candidate, were nothing against it, would reach it.
    fn is_served_by(self, candidate: &Candidate<'_>) -> bool {
        match self {
            Self::Send => !candidate.channel.is_human_task() || candidate.placeholder,
            Self::Contact => candidate.is_contact(),
        }
    }

    fn is_reached(self, outcome: Outcome, deliveries: &[Delivery]) -> bool {
        let contact = || deliveries.iter().any(|d| d.not_before.is_none() && reaches_out(d.channel));
        outcome == Outcome::Send && (self == Self::Send || contact())
    }
}

/// A machine reaches out to the patient on it.
const fn reaches_out(channel: Channel) -> bool {
    !matches!(channel, Channel::Portal | Channel::Chat | Channel::ChatAnonymous | Channel::Mail | Channel::HumanCall)
}

/// Changes that together reach the goal.
#[derive(Debug, Clone)]
pub struct Alternative {
    /// The changes, none of which can be left out.
    pub changes: Vec<Change>,
    /// What the gate then answers.
    pub outcome: Outcome,
    /// The plan it then makes.
    pub deliveries: Vec<Delivery>,
}

impl Alternative {
    /// What one of its changes asks for, in a sentence a nurse understands. Holds no PHI. That nothing needs to be done is said of time alone:
    /// beside another change it is only half of what is needed.
    #[must_use]
    pub fn sentence_of(&self, change: &Change) -> &'static str {
        match change.remedy {
            Remedy::Wait if self.changes.len() > 1 => "It also waits until the hour given here.",
            _ => change.sentence(),
        }
    }
}

/// One change of the facts or the request.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// What changes.
    pub remedy: Remedy,
    /// The channel it is about.
    pub channel: Option<Channel>,
    /// The contact point it is about.
    pub contact_point: Option<Address>,
    /// When, for what time alone changes.
    pub until: Option<Timestamp>,
    /// Which system, for what waits for one.
    pub waiting_for: Option<WaitingFor>,
    /// The vendor and service it is about.
    pub(crate) vendor: Option<(String, String)>,
}

impl Change {
    fn plain(remedy: Remedy) -> Self {
        Self { remedy, channel: None, contact_point: None, until: None, waiting_for: None, vendor: None }
    }

    /// What lifts `against` a candidate by `remedy`.
    fn of(remedy: Remedy, candidate: &Candidate<'_>, against: &Against, opens: Option<Timestamp>) -> Self {
        let mut change = Self::plain(remedy);
        match remedy.scope() {
            Scope::Message => {}
            Scope::Channel => {
                change.channel = Some(candidate.channel);
                change.vendor = candidate.vendor.map(|row| (row.vendor.clone(), row.service.clone()));
                if change.vendor.is_some() {
                    // One agreement covers every channel of the service.
                    change.channel = candidate.vendor.and_then(|row| row.channels.first().copied()).or(change.channel);
                }
            }
            Scope::Point => {
                change.channel = Some(match candidate.channel {
                    Channel::Voicemail | Channel::HumanCall => Channel::Voice,
                    channel => channel,
                });
                change.contact_point = Some(candidate.address.clone());
            }
        }
        match remedy {
            Remedy::Wait => change.until = against.until.max(opens),
            Remedy::SystemAnswers => change.waiting_for = against.waiting_for,
            _ => {}
        }
        change
    }

    /// Who alone can bring it about.
    #[must_use]
    pub const fn who(&self) -> Who {
        self.remedy.who()
    }

    /// What would have to happen, in a sentence a nurse understands. Holds no PHI.
    #[must_use]
    pub const fn sentence(&self) -> &'static str {
        self.remedy.sentence(self.channel)
    }
}

/// What nobody may lift.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nothing {
    /// The rule.
    pub rule: RuleId,
    /// What it stands on.
    pub citation: &'static str,
    /// What it says, in a sentence. Holds no PHI.
    pub sentence: Cow<'static, str>,
    /// Why nothing lifts it, in a sentence.
    pub why: &'static str,
}

/// Searches for what would change `decision`, which was made of the same request, facts and policy.
pub(crate) fn search(request: &Request, facts: &Facts, policy: &Policy, decision: &Decision) -> Changes {
    let Some(goal) = Goal::of(decision.outcome, &decision.deliveries) else {
        return Changes { complete: true, ..Changes::default() };
    };
    let origin = Supposition { request: request.clone(), facts: facts.clone(), policy: policy.clone() };
    let mut search =
        Search { origin, goal, left: DECISIONS_MAX, found: Vec::new(), seen: Vec::new(), hopeless: Vec::new() };
    let complete = search.run();
    let Search { mut found, hopeless, left, .. } = search;
    found.sort_by_key(|alternative| cost(&alternative.changes));
    // At most one says to go elsewhere, so that what stands against the channels asked for is not crowded out.
    let mut elsewhere = 0;
    found.retain(|alternative| {
        let away = |change: &Change| matches!(change.remedy, Remedy::AllowPortal | Remedy::AllowChannel);
        elsewhere += usize::from(alternative.changes.iter().any(away));
        elsewhere <= 1 || !alternative.changes.iter().any(away)
    });
    found.truncate(OFFERED);
    // The most hopeful candidate is the one that needs the fewest changes to be one, and that the fewest findings stand against.
    let most_hopeful = || hopeless.into_iter().min_by_key(|(changes, stands)| (*changes, stands.len()));
    let nothing = match found.is_empty() {
        true => most_hopeful().map_or_else(|| unforeseen(request, facts, policy, goal), |(_, stands)| stands),
        false => vec![],
    };
    Changes { goal: Some(goal), alternatives: found, nothing, complete, decisions: DECISIONS_MAX - left }
}

/// Fewest changes first, then what is least to ask of people, then what is soonest.
fn cost(changes: &[Change]) -> (usize, usize, Option<Timestamp>) {
    let asked = changes.iter().map(|change| change.who() as usize).sum();
    (changes.len(), asked, changes.iter().filter_map(|change| change.until).max())
}

/// The set with one more change; a later wait takes the place of an earlier one.
fn with(set: &[Change], more: Vec<Change>) -> Vec<Change> {
    let mut all = set.to_vec();
    for change in more {
        match all.iter().position(|c| c.remedy == Remedy::Wait && change.remedy == Remedy::Wait) {
            Some(at) => all.iter_mut().skip(at).take(1).for_each(|wait| wait.until = wait.until.max(change.until)),
            None if all.contains(&change) => {}
            None => all.push(change),
        }
    }
    all.sort();
    all
}

/// Whether `smaller` asks for nothing that `set` does not ask for.
fn is_within(smaller: &[Change], set: &[Change]) -> bool {
    smaller.iter().all(|change| {
        let wait = |c: &Change| c.remedy == Remedy::Wait && change.remedy == Remedy::Wait && change.until <= c.until;
        set.iter().any(|c| c == change || wait(c))
    })
}

struct Search {
    origin: Supposition,
    goal: Goal,
    left: usize,
    found: Vec<Alternative>,
    seen: Vec<Vec<Change>>,
    /// What stands for good against each candidate, and after how many changes.
    hopeless: Vec<(usize, Vec<Nothing>)>,
}

/// What the gate says under a supposition.
struct Seen {
    outcome: Outcome,
    deliveries: Vec<Delivery>,
    next: Vec<Vec<Change>>,
}

impl Search {
    /// Whether every set within the bounds was tried.
    fn run(&mut self) -> bool {
        let mut queue = vec![Vec::new()];
        while let Some(at) = (0..queue.len()).min_by_key(|at| queue.get(*at).map(|set: &Vec<Change>| cost(set))) {
            let set = queue.swap_remove(at);
            if self.found.iter().any(|alternative| is_within(&alternative.changes, &set)) {
                continue;
            }
            let Some(seen) = self.look(&set) else { return false };
            if self.goal.is_reached(seen.outcome, &seen.deliveries) {
                if !self.keep(&set, seen) {
                    return false;
                }
                continue;
            }
            for next in seen.next {
                if next.len() <= CHANGES && !self.seen.contains(&next) {
                    self.seen.push(next.clone());
                    queue.push(next);
                }
            }
        }
        true
    }

    /// Keeps the smallest part of `set` that reaches the goal. `false` when the search is out of decisions.
    fn keep(&mut self, set: &[Change], whole: Seen) -> bool {
        let mut parts: Vec<u32> = (1..(1_u32 << set.len()).saturating_sub(1)).collect();
        parts.sort_by_key(|part| (part.count_ones(), *part));
        for part in parts {
            let chosen = set.iter().enumerate().filter(|(at, _)| part & (1 << at) != 0);
            let changes: Vec<Change> = chosen.map(|(_, change)| change.clone()).collect();
            let Some(seen) = self.look(&changes) else { return false };
            if self.goal.is_reached(seen.outcome, &seen.deliveries) {
                self.offer(changes, seen);
                return true;
            }
        }
        self.offer(set.to_vec(), whole);
        true
    }

    fn offer(&mut self, changes: Vec<Change>, seen: Seen) {
        if !self.found.iter().any(|alternative| alternative.changes == changes) {
            self.found.push(Alternative { changes, outcome: seen.outcome, deliveries: seen.deliveries });
        }
    }

    /// Decides under `set`; `None` when the search is out of decisions.
    fn look(&mut self, set: &[Change]) -> Option<Seen> {
        self.left = self.left.checked_sub(1)?;
        let supposed = self.origin.with(set);
        let view = View::new(&supposed.request, &supposed.facts, &supposed.policy);
        let mut notes = Notes::default();
        let found = survey(&view, &mut Reasons::new(&view), &mut notes);
        let plan = plan::choose(&view, found.portal.as_ref(), &found.contacts);
        let mut next: Vec<Vec<Change>> = Vec::new();
        for more in self.steps(&view, &found, &notes, set.len()) {
            let larger = with(set, more);
            if larger != set && !next.contains(&larger) {
                next.push(larger);
            }
        }
        Some(Seen { outcome: plan.outcome, deliveries: plan.deliveries, next })
    }

    /// What would lift everything against a candidate, for each candidate that would serve the goal; and what opens others.
    fn steps(&mut self, view: &View<'_>, found: &Survey<'_>, notes: &Notes, changed: usize) -> Vec<Vec<Change>> {
        let mut steps = Vec::new();
        for (one, heard) in found.all().zip(&notes.0) {
            let candidate = &one.candidate;
            if !self.goal.is_served_by(candidate) {
                continue;
            }
            let opens = if one.stands() { plan::not_before(view, one) } else { None };
            let forever = forever(heard);
            if forever.is_empty() {
                steps.extend(lifted(candidate, heard, opens));
            } else {
                self.hopeless.push((changed, forever));
            }
        }
        steps.extend(self.opened(view, notes).into_iter().map(|change| vec![change]));
        steps
    }

    /// Changes that no finding asks for: channels that the caller left out, and an emergency nobody stands for.
    fn opened(&self, view: &View<'_>, notes: &Notes) -> Vec<Change> {
        let mut opened = Vec::new();
        if view.request.urgency == Urgency::Emergency && !view.emergency && view.request.origin != Origin::Ai {
            opened.push(Change::plain(Remedy::BreakGlass));
        }
        let Some(channels) = &view.request.channels else { return opened };
        if self.goal == Goal::Send && !channels.contains(&Channel::Portal) && !view.is_formality() {
            opened.push(Change::plain(Remedy::AllowPortal));
        }
        // Where the patient has said no, another channel is not looked for to get round it (RULES TCP-16).
        let said_no = notes.0.iter().flat_map(|heard| against(heard)).any(|(_, against)| {
            let theirs = [
                Remedy::OptBackIn,
                Remedy::LiftDenial,
                Remedy::ListAddress,
                Remedy::EndRestriction,
                Remedy::AcceptEmail,
                Remedy::ReadAnswer,
            ];
            against.lifted.remedies().iter().any(|remedy| theirs.contains(remedy))
        });
        if !said_no {
            let others = [Channel::Push, Channel::Sms, Channel::Email, Channel::Voice];
            opened.extend(
                others
                    .into_iter()
                    .filter(|channel| !channels.contains(channel))
                    .map(|channel| Change { channel: Some(channel), ..Change::plain(Remedy::AllowChannel) }),
            );
        }
        opened
    }
}

/// Why nothing is offered where each finding names what lifts it and none of that leads to the goal, as when a system is away that
/// alone knows what it would say; and where there is nobody to be reached.
fn unforeseen(request: &Request, facts: &Facts, policy: &Policy, goal: Goal) -> Vec<Nothing> {
    const WHY: &str = "What comes after that cannot be foreseen from here; a person looks at it.";
    let view = View::new(request, facts, policy);
    let mut notes = Notes::default();
    let found = survey(&view, &mut Reasons::new(&view), &mut notes);
    let serving = found.all().zip(&notes.0).filter(|(one, _)| goal.is_served_by(&one.candidate));
    let stands = serving.map(|(_, heard)| standing(heard, |_| Some(WHY))).min_by_key(Vec::len).unwrap_or_default();
    if !stands.is_empty() {
        return stands;
    }
    let nobody = placeholder(&view);
    let heard = rules::ALL.iter().enumerate().map(|(at, rule)| (at, (rule.check)(&view, &nobody)));
    forever(&heard.filter(|(_, finding)| finding.speaks()).collect::<Vec<_>>())
}

/// What stands for good against a candidate.
fn forever(heard: &[(usize, Finding)]) -> Vec<Nothing> {
    standing(heard, |against| match against.lifted {
        Lifted::Never(why) => Some(why),
        Lifted::By(_) => None,
    })
}

/// What stands against a candidate, as far as `why` says why nothing lifts it.
fn standing(heard: &[(usize, Finding)], why: impl Fn(&Against) -> Option<&'static str>) -> Vec<Nothing> {
    against(heard)
        .filter_map(|(rule, against)| {
            let (why, rule) = (why(against)?, rules::ALL.get(rule)?);
            let citation = against.citation.unwrap_or(rule.citation);
            Some(Nothing { rule: rule.id, citation, sentence: against.sentence.clone(), why })
        })
        .collect()
}

/// Sets that lift everything against a candidate: the first remedy of each finding, and each other remedy in place of those it may stand for.
fn lifted(candidate: &Candidate<'_>, heard: &[(usize, Finding)], opens: Option<Timestamp>) -> Vec<Vec<Change>> {
    let findings: Vec<&Against> = against(heard).map(|(_, against)| against).collect();
    if findings.is_empty() {
        return Vec::new();
    }
    let change = |against: &Against, remedy: Remedy| Change::of(remedy, candidate, against, opens);
    // What lifts one finding otherwise may lift others too: where they name it as well, it takes the place of their first.
    let by = |wanted: Option<Remedy>| {
        let lifts = move |against: &&Against| {
            let remedies = against.lifted.remedies();
            wanted.filter(|remedy| remedies.contains(remedy)).or(remedies.first().copied())
        };
        findings.iter().filter_map(|against| lifts(against).map(|remedy| change(against, remedy))).collect::<Vec<_>>()
    };
    let mut sets = vec![by(None)];
    for remedy in findings.iter().flat_map(|against| against.lifted.remedies().iter().skip(1)) {
        sets.push(by(Some(*remedy)));
    }
    sets.into_iter().map(|set| with(&[], set)).collect()
}

#[cfg(test)]
mod tests;
