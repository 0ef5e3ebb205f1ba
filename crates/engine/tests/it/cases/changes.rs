//! What would change a decision, tried on every case of the library: what is offered leads there, and no part of it does.

use super::library::{Case, library};
use postern_base::Channel;
use postern_engine::read_case;
use postern_gate::change::{Change, Changes, DECISIONS_MAX, Goal, Supposition};
use postern_gate::{Decision, Outcome, examine};

/// What a case is, and what would change its answer.
fn changes(case: &Case) -> Option<(Supposition, Changes)> {
    let read = read_case(&case.text).ok()?;
    let changes = examine(&read.request, &read.facts, &read.policy).changes;
    Some((read, changes))
}

fn is_reached(goal: Goal, decision: &Decision) -> bool {
    let machine = |channel: Channel| {
        !matches!(
            channel,
            Channel::Portal | Channel::Chat | Channel::ChatAnonymous | Channel::Mail | Channel::HumanCall
        )
    };
    let contact = || decision.deliveries.iter().any(|d| d.not_before.is_none() && machine(d.channel));
    decision.outcome == Outcome::Send && (goal == Goal::Send || contact())
}

/// Every proper part of a set, the empty one too.
fn parts(all: &[Change]) -> impl Iterator<Item = Vec<Change>> + '_ {
    (0..(1_u32 << all.len()) - 1)
        .map(|part| all.iter().enumerate().filter(|(at, _)| part & (1 << at) != 0).map(|(_, c)| c.clone()).collect())
}

#[test]
fn what_is_offered_for_any_case_leads_there_and_no_part_of_it_does() {
    let mut wrong = Vec::new();
    let mut offered = 0;
    for case in library() {
        let Some((read, changes)) = changes(&case) else { continue };
        let Some(goal) = changes.goal else { continue };
        for alternative in &changes.alternatives {
            offered += 1;
            let all = &alternative.changes;
            if !is_reached(goal, &read.with(all).decide()) {
                wrong.push(format!("{}: {all:?} does not lead to {}", case.path, goal.as_str()));
            }
            for part in parts(all).filter(|part| is_reached(goal, &read.with(part).decide())) {
                wrong.push(format!("{}: {part:?} is enough of {all:?}", case.path));
            }
        }
    }
    assert!(offered > 200, "only {offered} alternatives");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_case_that_does_not_reach_the_patient_says_what_would_change_it_or_why_nothing_does() {
    let mut wrong = Vec::new();
    let (mut most, mut sum, mut searches) = (0, 0, 0);
    for case in library() {
        let Some((_, changes)) = changes(&case) else { continue };
        if changes.goal.is_none() {
            continue;
        }
        (most, sum, searches) = (most.max(changes.decisions), sum + changes.decisions, searches + 1);
        let silent = changes.alternatives.is_empty() && changes.nothing.is_empty();
        if silent {
            wrong.push(format!("{}: no change is named, and nothing says why", case.path));
        }
        if !changes.complete {
            wrong.push(format!("{}: the search ended after {} decisions", case.path, changes.decisions));
        }
    }
    println!("{searches} searches, {} decisions each, {most} at most", sum / searches.max(1));
    assert!(most <= DECISIONS_MAX);
    assert!(wrong.is_empty(), "{} cases:\n{}", wrong.len(), wrong.join("\n"));
}
