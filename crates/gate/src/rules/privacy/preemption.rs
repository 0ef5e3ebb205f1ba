//! Where a state's law is stricter than the Privacy Rule.

use crate::candidate::Candidate;
use crate::consent::in_force;
use crate::facts::{ConsentKind, Provision, Ruling};
use crate::finding::{Finding, deny};
use crate::reference::{CATEGORY_LAWS, CategoryLaw};
use crate::remedy::Remedy;
use crate::rules::scope::{Given, Scope};
use crate::rules::{Effective, Ground, Rule, SourceRead};
use crate::view::View;
use postern_base::{Category, RecipientRole};

/// 45 CFR 160.203(b): a provision of state law that "is more stringent" stands beside the Privacy Rule, and the stricter of the two is
/// kept. Hours, holds on results, ages, shield laws and deadlines of breach notices have rules of their own (TCP-08, SPC-04 to SPC-09,
/// BRN-13), which say whose state each goes by. This rule keeps what is left: kinds of care that a state lets out to others only under
/// a release that names them.
pub(crate) const STRICTER_STATE: Rule = Rule {
    id: "PRI-30",
    citation: "45 CFR 160.203(b)",
    ground: Ground::Law,
    read: SourceRead::FromKnowledge,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "Where the patient's or the practice's state guards a kind of care more strictly, others are told of it only under a release that names it.",
    scope: Scope::MESSAGE.with(Given::Category),
    check: stricter_state,
};

fn stricter_state(view: &View<'_>, _candidate: &Candidate<'_>) -> Finding {
    let role = view.request.recipient.role;
    // To the patient it may always be told; to a provider who treats them these laws let it be told.
    if matches!(role, RecipientRole::SelfPatient | RecipientRole::Provider) {
        return Finding::NotApplicable;
    }
    let bears = |law: &&CategoryLaw| view.is_under_law_of(law.state) && view.has_category(law.category);
    let mut guarded = CATEGORY_LAWS.iter().filter(bears).peekable();
    if guarded.peek().is_none() {
        return Finding::NotApplicable;
    }
    Finding::when(guarded.all(|law| released(view, law.category)), || {
        deny("State law lets others be told of this kind of care only under the patient's release that names it; there is none on record.")
            .lifted_by(&[Remedy::GrantPerson])
    })
}

/// Whether a grant in force names both the recipient and the kind of care.
fn released(view: &View<'_>, category: Category) -> bool {
    let Some(recipient) = view.request.recipient.reference.as_ref() else { return false };
    view.active(ConsentKind::ProxyCommunication).any(|grant| names(view, &grant.provision, recipient, category, false))
}

/// Whether a provision, or an exception of it that permits, names the kind of care for the recipient.
fn names(view: &View<'_>, provision: &Provision, recipient: &String, category: Category, named: bool) -> bool {
    let named = named || provision.actors.contains(recipient);
    let own = named && provision.decision == Some(Ruling::Permit) && provision.labels.contains(&category);
    in_force(provision, view.now)
        && (own || provision.exceptions.iter().any(|exception| names(view, exception, recipient, category, named)))
}

#[cfg(test)]
mod tests {
    use crate::facts::{ConsentKind, Provision, Ruling};
    use crate::sample::{Case, consent, refused_by};
    use postern_base::{Category, Channel, RecipientRole};

    const AGENT: &str = "RelatedPerson/agent";

    fn told(state: &str, labels: &[Category]) -> Case {
        let mut case = Case::result();
        case.facts.content.categories.push(Category::Hiv);
        case.patient().states = vec![state.into()];
        case.facts.tenant.state = Some(state.into());
        case.request.recipient.role = RecipientRole::Proxy;
        case.request.recipient.reference = Some(AGENT.into());
        case.facts.related.push(crate::sample::related(AGENT, "HPOWATT"));
        let grant = |labels: &[Category]| Provision {
            decision: Some(Ruling::Permit),
            actors: vec![AGENT.into()],
            labels: labels.to_vec(),
            ..Provision::default()
        };
        case.consents().push(consent(ConsentKind::ProxyCommunication, grant(&[])));
        case.consents().push(consent(ConsentKind::ProxyCommunication, grant(labels)));
        case
    }

    #[test]
    fn in_new_york_an_agent_hears_of_hiv_only_under_a_release_that_names_it() {
        assert!(refused_by(&told("NY", &[]), Channel::Portal, "PRI-30"));
        assert!(refused_by(&told("NY", &[Category::MentalHealth]), Channel::Portal, "PRI-30"));
        assert!(!refused_by(&told("NY", &[Category::Hiv]), Channel::Portal, "PRI-30"));
        assert!(
            !refused_by(&told("OH", &[]), Channel::Portal, "PRI-30"),
            "the Privacy Rule alone asks for no more than the grant"
        );
    }

    #[test]
    fn the_practices_state_counts_as_the_patients_does_and_the_patient_is_always_told() {
        let mut across = told("OH", &[]);
        across.facts.tenant.state = Some("IL".into());
        assert!(refused_by(&across, Channel::Portal, "PRI-30"));
        across.request.recipient.role = RecipientRole::SelfPatient;
        assert!(!refused_by(&across, Channel::Portal, "PRI-30"));
    }
}
