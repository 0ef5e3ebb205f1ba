//! What the practice itself stops or approves: bulk that was paused, templates that one person alone has seen.

use crate::candidate::Candidate;
use crate::fact::Fact;
use crate::finding::{Finding, later, require, unknown};
use crate::remedy::Remedy;
use crate::rules::scope::{Given, Scope};
use crate::rules::{Effective, Ground, Rule, SourceRead};
use crate::view::View;
use jiff::SignedDuration;
use postern_base::Origin;

/// How long what was paused waits before it is looked at again.
const LOOK_AGAIN: SignedDuration = SignedDuration::from_hours(1);

/// house: a burst, or a pause on record, stops what is sent in bulk, until it is over or a person lets it go on.
pub(crate) const PAUSED: Rule = Rule {
    id: "SYS-08",
    citation: "house",
    ground: Ground::House,
    read: SourceRead::Own,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "What is sent in bulk or by a journey goes only while nobody has paused it.",
    scope: Scope::MACHINES.with(Given::Bulk),
    check: paused,
};

fn paused(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    if !matches!(view.request.origin, Origin::Bulk | Origin::Journey) || candidate.channel.is_human_task() {
        return Finding::NotApplicable;
    }
    match view.facts.deployment.paused {
        Fact::Known(false) => Finding::Satisfied,
        // Nobody knows for how long: it is looked at an hour after it was asked for, whenever that is judged.
        Fact::Known(true) => {
            match view.request.send_at.max(Some(view.facts.now)).and_then(|at| at.checked_add(LOOK_AGAIN).ok()) {
                Some(again) => {
                    later(again, "What is sent in bulk is paused; a person looks at why, and lets it go on.")
                        .lifted_by(&[Remedy::ResumeBulk])
                        .and_alert()
                }
                None => unknown("What is sent in bulk is paused; a person looks at why, and lets it go on.")
                    .lifted_by(&[Remedy::ResumeBulk]),
            }
        }
        Fact::Unknown(_) => {
            unknown("Nobody knows whether what is sent in bulk was paused.").lifted_by(&[Remedy::ResumeBulk])
        }
    }
}

/// How many persons approve a template.
const APPROVALS: u32 = 2;

/// house: a template, and each change of it, is approved by two persons who saw it with its worst data.
pub(crate) const TWO_PERSONS: Rule = Rule {
    id: "SYS-09",
    citation: "house",
    ground: Ground::House,
    read: SourceRead::Own,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "The version of the template in use was approved by two persons.",
    scope: Scope::MESSAGE,
    check: two_persons,
};

fn two_persons(view: &View<'_>, _candidate: &Candidate<'_>) -> Finding {
    if view.facts.content.template.is_none() {
        return Finding::NotApplicable;
    }
    match view.facts.deployment.template_approvals {
        Fact::Known(approvals) => Finding::when(approvals >= APPROVALS, || {
            require("Two persons must approve this version of the template before it is used.")
                .lifted_by(&[Remedy::ApproveTemplate])
        }),
        Fact::Unknown(_) => unknown("Who approved this version of the template is not on record; two persons must.")
            .lifted_by(&[Remedy::ApproveTemplate]),
    }
}
