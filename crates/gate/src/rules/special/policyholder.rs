//! Bills for a patient whom somebody else insures.

use crate::candidate::Candidate;
use crate::finding::{Finding, deny, strip};
use crate::rules::scope::Scope;
use crate::rules::{Effective, Ground, Rule, SourceRead};
use crate::view::View;
use postern_base::{Purpose, RecipientRole};

/// Confidential-communication laws of states (Cal. AB 1184, N.Y., Mass., Wash. …), and 45 CFR 164.522(b): a bill, or an explanation of
/// benefits, must not tell the holder of the policy what the dependent's care was.
pub(crate) const DEPENDENT: Rule = Rule {
    id: "SPC-07",
    citation: "state law: confidential communications of insurance",
    ground: Ground::Law,
    read: SourceRead::FromKnowledge,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "A bill for a patient whom somebody else insures goes to the patient, and says no more than that there is one.",
    scope: Scope::ANY.when(Purpose::Billing),
    check: dependent,
};

fn dependent(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    let dependent = view.patient.is_some_and(|patient| patient.dependent);
    if !dependent || view.request.purpose != Purpose::Billing {
        return Finding::NotApplicable;
    }
    if !matches!(view.request.recipient.role, RecipientRole::SelfPatient | RecipientRole::HealthPlan) {
        return deny("Somebody else insures the patient; what the care was is told to the patient alone.")
            .for_good("Whoever insures the patient is told by the patient or not at all.");
    }
    Finding::when(!candidate.is_contact() || !candidate.has_body(), || {
        strip("Somebody else insures the patient; outside the portal a bill says no more than that there is one.")
            .for_good("The policyholder may read it there; the bill waits in the portal.")
    })
}
