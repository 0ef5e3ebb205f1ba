//! Psychotherapy notes.

use crate::candidate::Candidate;
use crate::finding::{Finding, deny};
use crate::rules::scope::{Given, Scope};
use crate::rules::{Effective, Ground, Rule, SourceRead};
use crate::view::View;
use postern_base::Category;

/// 45 CFR 164.508(a)(2): "must obtain an authorization for any use or disclosure of psychotherapy notes"; 164.524(a)(1)(i):
/// they are not in the right of access.
pub(crate) const PSYCHOTHERAPY: Rule = Rule {
    id: "PRI-12",
    citation: "45 CFR 164.508(a)(2)",
    ground: Ground::Law,
    read: SourceRead::FromKnowledge,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "Psychotherapy notes travel on no channel.",
    scope: Scope::ANY.with(Given::Category),
    check: psychotherapy,
};

fn psychotherapy(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    let found = candidate.rendition.is_some_and(|r| r.categories.contains(&Category::PsychotherapyNotes));
    if !found && !view.has_category(Category::PsychotherapyNotes) {
        // 45 CFR 164.501 "psychotherapy notes": appointments, medication, diagnosis and progress are none of them.
        let of_the_mind = view.has_category(Category::MentalHealth);
        return if of_the_mind { Finding::Satisfied } else { Finding::NotApplicable };
    }
    deny("Psychotherapy notes are sent on no channel; the clinician decides what the patient is told, and tells it.")
        .for_good("The notes are the clinician's own; what the patient is told is told by the clinician.")
}

#[cfg(test)]
mod tests {
    use crate::sample::Case;
    use postern_base::Category;

    #[test]
    fn psychotherapy_notes_are_not_even_in_the_portal() {
        let mut case = Case::result();
        case.facts.content.categories.push(Category::PsychotherapyNotes);
        assert!(case.decide().deliveries.is_empty());
        let mut other = Case::result();
        other.facts.content.categories.push(Category::MentalHealth);
        assert!(!other.decide().deliveries.is_empty());
    }
}
