//! Permitted purposes.

use crate::candidate::Candidate;
use crate::finding::{Finding, deny, require};
use crate::rules::{Ground, Rule, SourceRead};
use crate::view::View;
use postern_base::{Purpose, RecipientRole};

/// 45 CFR 164.502(a): "may not use or disclose protected health information, except as permitted or required".
pub(crate) const PERMITTED_PURPOSE: Rule = Rule {
    id: "PRI-01",
    citation: "45 CFR 164.502(a)",
    ground: Ground::Law,
    read: SourceRead::FromKnowledge,
    asks: "Every message declares a permitted purpose, for the patient whose records were read and a recipient it may go to.",
    check: permitted_purpose,
};

fn permitted_purpose(view: &View<'_>, _candidate: &Candidate<'_>) -> Finding {
    if view.patient.is_some_and(|patient| patient.id != view.request.patient) {
        return deny("The records are those of another patient; nothing may be sent on them.");
    }
    if view.patient.is_some_and(|patient| !patient.active) {
        return require(
            "The patient's record is not in use, or was merged into another; use the record that replaces it.",
        );
    }
    let purpose = view.request.purpose;
    match view.request.recipient.role {
        RecipientRole::SelfPatient | RecipientRole::Proxy | RecipientRole::Caregiver => Finding::Satisfied,
        RecipientRole::HealthPlan => Finding::when(purpose == Purpose::Billing, || {
            deny("A health plan may be told what payment needs, nothing else; change the purpose or the recipient.")
        }),
        RecipientRole::Provider => {
            let care = view.is_care() || purpose == Purpose::Billing;
            Finding::when(care, || deny("Another provider may be told what treatment or payment needs, nothing else."))
        }
    }
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
