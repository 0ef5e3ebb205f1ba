//! Reproductive and gender-affirming care under state shield laws.

use crate::candidate::Candidate;
use crate::facts::Patient;
use crate::finding::{Finding, deny};
use crate::reference::SHIELD_STATES;
use crate::rules::scope::{Given, Scope};
use crate::rules::{Effective, Ground, Rule, SourceRead};
use crate::view::View;
use postern_base::{Category, Origin, RecipientRole};

/// State shield laws. No federal rule: the 2024 amendments of the Privacy Rule were vacated (Purl v. HHS). What the matrix guards as
/// specially protected stays inside the state where a shield law may apply, unless the patient, or who stands for them, is told.
pub(crate) const SHIELDED: Rule = Rule {
    id: "SPC-04",
    citation: "state law: shield laws; Purl v. HHS",
    ground: Ground::Law,
    read: SourceRead::FromKnowledge,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "Where a state shields reproductive and gender-affirming care, it is told to the patient and who stands for them, to no others, nor in bulk across a state's border.",
    scope: Scope::MESSAGE.with(Given::Category),
    check: shielded,
};

fn shielded(view: &View<'_>, _candidate: &Candidate<'_>) -> Finding {
    if !view.has_category(Category::Reproductive) && !view.has_category(Category::GenderAffirming) {
        return Finding::NotApplicable;
    }
    if !SHIELD_STATES.iter().any(|row| view.is_under_law_of(row.state)) {
        return Finding::NotApplicable;
    }
    if !matches!(view.request.recipient.role, RecipientRole::SelfPatient | RecipientRole::Proxy) {
        return deny("State law shields this care; it is told to the patient and who stands for them, not to others.")
            .for_good("What is shielded is the patient's alone to tell.");
    }
    let practice = view.facts.tenant.state.as_ref();
    let at_home =
        |patient: &Patient| !patient.unknown_state && patient.states.len() == 1 && patient.states.first() == practice;
    let across = !view.patient.is_some_and(at_home);
    Finding::when(view.request.origin != Origin::Bulk || !across, || {
        deny("State law shields this care; nothing about it is sent in bulk across the state's border.")
            .for_good("What is shielded does not cross the border in bulk; one message at a time is another request.")
    })
}
