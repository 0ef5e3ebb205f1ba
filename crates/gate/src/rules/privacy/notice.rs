//! The notice of privacy practices, and that every notification is itself protected.

use crate::agreement::covered;
use crate::candidate::Candidate;
use crate::fact::Fact;
use crate::finding::{Finding, deny};
use crate::remedy::Remedy;
use crate::rules::scope::Scope;
use crate::rules::{Effective, Ground, Rule, SourceRead};
use crate::view::View;
use postern_base::{Level, RecipientRole};

/// 45 CFR 164.520(c)(2): a provider with a direct treatment relationship gives the notice by the day of the first
/// service, and offers it again when it changed; what it says of Part 2 records changed by 2026-02-16.
pub(crate) const PRIVACY_NOTICE: Rule = Rule {
    id: "PRI-18",
    citation: "45 CFR 164.520",
    ground: Ground::Law,
    read: SourceRead::FromKnowledge,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "The patient was offered the current notice of privacy practices.",
    scope: Scope::MESSAGE,
    check: privacy_notice,
};

fn privacy_notice(view: &View<'_>, _candidate: &Candidate<'_>) -> Finding {
    if view.request.recipient.role != RecipientRole::SelfPatient || view.is_formality() {
        return Finding::NotApplicable;
    }
    match view.facts.deployment.privacy_notice {
        Fact::Known(true) => Finding::Satisfied,
        Fact::Known(false) => Finding::Obliges("Offer the patient the current notice of privacy practices.".into()),
        Fact::Unknown(_) => Finding::NotApplicable,
    }
}

/// 45 CFR 160.103 "protected health information": that somebody is a patient of this practice is health information, so that who
/// carries even a notice of it is a business associate.
pub(crate) const NOTICE_IS_PROTECTED: Rule = Rule {
    id: "PRI-29",
    citation: "45 CFR 160.103",
    ground: Ground::Law,
    read: SourceRead::FromKnowledge,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "Who carries a notice that says nothing but that there is one needs an agreement like any other.",
    scope: Scope::MACHINES,
    check: notice_is_protected,
};

fn notice_is_protected(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    let says_little = candidate.carried(view.level) == Some(Level::L0);
    if !says_little || !candidate.needs_vendor() {
        return Finding::NotApplicable;
    }
    Finding::when(candidate.vendor.is_some_and(|row| covered(&view.facts.tenant, row, view.now)), || {
        deny("Even a notice tells that somebody is a patient here, and no agreement covers who would carry it.")
            .lifted_by(&[Remedy::ExecuteAgreement])
    })
}
