//! Permitted purposes.

use crate::candidate::Candidate;
use crate::finding::{Finding, deny, require};
use crate::rules::scope::{Given, Scope};
use crate::rules::{Effective, Ground, Rule, SourceRead};
use crate::view::View;
use postern_base::{Purpose, RecipientRole};

/// 45 CFR 164.502(a): no use or disclosure but those permitted or required. That a purpose is named at all is asked when the request is
/// read: one without is refused there, by the name of the field.
pub(crate) const PERMITTED_PURPOSE: Rule = Rule {
    id: "PRI-01",
    citation: "45 CFR 164.502(a)",
    ground: Ground::Law,
    read: SourceRead::FromKnowledge,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "Every message declares a permitted purpose, for the patient whose records were read and a recipient it may go to.",
    scope: Scope::MESSAGE,
    check: permitted_purpose,
};

fn permitted_purpose(view: &View<'_>, _candidate: &Candidate<'_>) -> Finding {
    if let Some(patient) = view.patient {
        if patient.replaced {
            return require(
                "This patient's record was merged into another; ask again with the one that stands in its place.",
            )
            .for_good("Another record stands in its place; the request names that one.");
        }
        // Nor is another patient's record in use for this one.
        if !patient.active || patient.id != view.request.patient {
            return require(
                "This patient's record is not in use; a person finds the one that is, or puts it into use again.",
            )
            .for_good("Whether the record may be used is for whoever keeps it to say.");
        }
    }
    let purpose = view.purpose;
    match view.request.recipient.role {
        RecipientRole::SelfPatient | RecipientRole::Proxy | RecipientRole::Caregiver => Finding::Satisfied,
        RecipientRole::HealthPlan => Finding::when(purpose == Purpose::Billing, || {
            deny("A health plan may be told what payment needs, nothing else; change the purpose or the recipient.")
                .for_good("A health plan is told what payment needs and no more.")
        }),
        RecipientRole::Provider => {
            let care = view.is_care() || purpose == Purpose::Billing;
            Finding::when(care, || {
                deny("Another provider may be told what treatment or payment needs, nothing else.")
                    .for_good("Another provider is told what treatment or payment needs and no more.")
            })
        }
    }
}

/// 45 CFR 164.512 and 164.502(j): what a law requires, what an agency oversees, what a whistleblower tells: each with conditions
/// that only a person can weigh.
pub(crate) const BY_A_PERSON: Rule = Rule {
    id: "PRI-28",
    citation: "45 CFR 164.512",
    ground: Ground::Law,
    read: SourceRead::FromKnowledge,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "What is disclosed because a law asks for it is disclosed by a person, never by a machine.",
    scope: Scope::ANY.with(Given::Disclosure),
    check: by_a_person,
};

fn by_a_person(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    if view.request.disclosure.is_none() {
        return Finding::NotApplicable;
    }
    Finding::when(candidate.channel.is_human_task(), || {
        require(
            "A disclosure that a law asks for is made by a person who has checked its conditions, not by a machine.",
        )
        .for_good("Only a person can check what the law asks before it is made.")
    })
}

#[cfg(test)]
mod tests {
    use crate::sample::{Case, refused_by, sends};
    use postern_base::Channel;

    #[test]
    fn a_reminder_to_the_patient_is_a_permitted_purpose() {
        assert!(sends(&Case::reminder_by_sms(), Channel::Sms));
    }

    #[test]
    fn records_of_another_patient_carry_nothing() {
        let mut case = Case::reminder_by_sms();
        case.patient().id = "Patient/other".parse().unwrap();
        assert!(refused_by(&case, Channel::Sms, "PRI-01"));
    }
}
