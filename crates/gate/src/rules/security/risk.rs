//! Risk analysis.

use super::reviews::overdue;
use crate::candidate::Candidate;
use crate::finding::{Finding, deny, unknown};
use crate::remedy::Remedy;
use crate::rules::scope::Scope;
use crate::rules::{Effective, Ground, Rule, SourceRead};
use crate::view::View;

/// 45 CFR 164.308(a)(1)(ii)(A): an accurate and thorough assessment of risks.
pub(crate) const RISK_RECORD: Rule = Rule {
    id: "SEC-03",
    citation: "45 CFR 164.308(a)(1)(ii)(A)",
    ground: Ground::Law,
    read: SourceRead::FromKnowledge,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "A channel is used only while an approved risk record stands for it.",
    scope: Scope::MACHINES,
    check: risk_record,
};

/// house: a risk record is looked at once a year.
const YEAR_DAYS: i32 = 366;

fn risk_record(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    if candidate.channel.is_human_task() {
        return Finding::NotApplicable;
    }
    let deployment = &view.facts.deployment;
    let row = deployment.channel_risks.iter().find(|row| row.channel == candidate.channel);
    if row.is_some_and(|row| !row.approved) {
        return deny("No approved risk record stands for this channel; the security official must approve one.")
            .lifted_by(&[Remedy::ApproveRisk]);
    }
    let old = row.and_then(|row| row.reviewed).is_some_and(|last| overdue(view, last, YEAR_DAYS));
    match deployment.risk_record.known() {
        Some(true) if old => {
            Finding::Alerts("The risk record of a channel in use was not looked at for more than a year.".into())
        }
        Some(true) => Finding::Satisfied,
        Some(false) => {
            deny("No approved risk record stands for this deployment; the security official must approve one.")
                .lifted_by(&[Remedy::ApproveRisk])
        }
        None => {
            unknown("Nobody recorded whether the risks of this channel were assessed; record the assessment first.")
                .lifted_by(&[Remedy::ApproveRisk])
        }
    }
}
