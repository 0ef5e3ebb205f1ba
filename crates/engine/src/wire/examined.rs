//! The part of an answer for people who ask why: every candidate, and what would change the answer.

use super::answer::AnsweredDelivery;
use jiff::Timestamp;
use postern_base::{Channel, EmailMode, Form, Level};
use postern_gate::change::{Alternative, Change, Changes};
use postern_gate::examine::Examined;
use serde::{Deserialize, Serialize};

/// One way the message could go, and what came of it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnsweredCandidate {
    /// On which channel.
    pub channel: Channel,
    /// To which contact point.
    pub contact_point: String,
    /// How an e-mail would travel.
    pub mode: Option<EmailMode>,
    /// In which form.
    pub form: Form,
    /// What it would carry; `null` when that is not known.
    pub level: Option<Level>,
    /// The vendor and service that would carry it, as `vendor/service`; `null` for people's tasks, or when there is none.
    pub vendor: Option<String>,
    /// `chosen`, `possible`, `waits`, `person` or `refused`.
    pub result: String,
    /// Not before.
    pub not_before: Option<Timestamp>,
    /// Why it is not in the plan, when it could be used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passed_over: Option<AnsweredPassing>,
    /// What every rule that bears on it said.
    pub rules: Vec<AnsweredVerdict>,
}

/// Why a way that could be used is not in the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnsweredPassing {
    /// What decided, such as `failures`; `other_form` where its contact point is served in another form, `task` for a person's task.
    pub by: String,
    /// The same in a sentence.
    pub sentence: String,
}

impl std::fmt::Debug for AnsweredCandidate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} {}", self.channel, self.form, self.result)
    }
}

/// What one rule said of one candidate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnsweredVerdict {
    /// The rule.
    pub rule: String,
    /// `satisfied`, `violated` or `unknown`.
    pub result: String,
    /// What it does to the candidate, when it stands against it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<String>,
}

/// What would change the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnsweredChanges {
    /// What was looked for: `send`, or `contact` (somebody reaches out, beside the portal copy); `null` when nothing is left to
    /// wish.
    pub goal: Option<String>,
    /// Sets of changes that each reach it, the smallest first; no part of one does.
    pub alternatives: Vec<AnsweredAlternative>,
    /// When there is none: what stands against the most hopeful candidate and nobody may lift.
    pub nothing: Vec<AnsweredNothing>,
    /// Every set within the bounds was tried.
    pub complete: bool,
}

/// Changes that together reach the goal, and what is then decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnsweredAlternative {
    /// The changes, none of which can be left out.
    pub changes: Vec<AnsweredChange>,
    /// The outcome then.
    pub outcome: String,
    /// The plan then.
    pub deliveries: Vec<AnsweredDelivery>,
}

/// One change of the facts or the request.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnsweredChange {
    /// What changes, in a word.
    pub change: String,
    /// Who alone can bring it about: `time`, `system`, `caller`, `staff`, `clinician`, `administrator` or `patient`.
    pub who: String,
    /// The channel it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<Channel>,
    /// The contact point it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact_point: Option<String>,
    /// When, for what time alone changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Which system, for what waits for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting_for: Option<String>,
    /// What would have to happen, in a sentence.
    pub sentence: String,
}

impl std::fmt::Debug for AnsweredChange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} by {}", self.change, self.who)
    }
}

/// What nobody may lift.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnsweredNothing {
    /// The rule.
    pub rule: String,
    /// What it stands on.
    pub citation: String,
    /// What stands against it, in a sentence.
    pub sentence: String,
    /// Why nothing lifts it, in a sentence.
    #[serde(default)]
    pub why: String,
}

impl From<&Examined> for AnsweredCandidate {
    fn from(one: &Examined) -> Self {
        let rules = one.rules.iter().map(|said| AnsweredVerdict {
            rule: said.rule.to_owned(),
            result: said.verdict.as_str().to_owned(),
            effect: said.effect.map(|effect| effect.as_str().to_owned()),
        });
        Self {
            channel: one.channel,
            contact_point: one.contact_point.reveal().to_string(),
            mode: one.mode,
            form: one.form,
            level: one.level,
            vendor: one.vendor.as_ref().map(|row| format!("{}/{}", row.vendor, row.service)),
            result: one.result.as_str().to_owned(),
            not_before: one.not_before,
            passed_over: one
                .passed_over
                .map(|why| AnsweredPassing { by: why.as_str().to_owned(), sentence: why.sentence().to_owned() }),
            rules: rules.collect(),
        }
    }
}

impl From<&Changes> for AnsweredChanges {
    fn from(changes: &Changes) -> Self {
        let nothing = changes.nothing.iter().map(|nothing| AnsweredNothing {
            rule: nothing.rule.to_owned(),
            citation: nothing.citation.to_owned(),
            sentence: nothing.sentence.to_string(),
            why: nothing.why.to_owned(),
        });
        Self {
            goal: changes.goal.map(|goal| goal.as_str().to_owned()),
            alternatives: changes.alternatives.iter().map(AnsweredAlternative::from).collect(),
            nothing: nothing.collect(),
            complete: changes.complete,
        }
    }
}

impl From<&Alternative> for AnsweredAlternative {
    fn from(alternative: &Alternative) -> Self {
        Self {
            changes: alternative.changes.iter().map(|change| AnsweredChange::of(alternative, change)).collect(),
            outcome: alternative.outcome.as_str().to_owned(),
            deliveries: alternative.deliveries.iter().map(AnsweredDelivery::from).collect(),
        }
    }
}

impl AnsweredChange {
    /// A change as one of those that an alternative needs.
    fn of(alternative: &Alternative, change: &Change) -> Self {
        Self {
            change: change.remedy.as_str().to_owned(),
            who: change.who().as_str().to_owned(),
            channel: change.channel,
            contact_point: change.contact_point.as_ref().map(|address| address.reveal().to_string()),
            until: change.until,
            waiting_for: change.waiting_for.map(|system| system.as_str().to_owned()),
            sentence: alternative.sentence_of(change).to_owned(),
        }
    }
}
