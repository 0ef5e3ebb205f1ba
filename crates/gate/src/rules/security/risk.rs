//! Risk analysis.

use crate::candidate::Candidate;
use crate::finding::{Finding, deny, unknown};
use crate::remedy::Remedy;
use crate::rules::{Ground, Rule, SourceRead};
use crate::view::View;

/// 45 CFR 164.308(a)(1)(ii)(A): "Conduct an accurate and thorough assessment of the potential risks and vulnerabilities".
pub(crate) const RISK_RECORD: Rule = Rule {
    id: "SEC-03",
    citation: "45 CFR 164.308(a)(1)(ii)(A)",
    ground: Ground::Law,
    read: SourceRead::FromKnowledge,
    asks: "A channel is used only while an approved risk record stands for it.",
    check: risk_record,
};

fn risk_record(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    if candidate.channel.is_human_task() {
        return Finding::NotApplicable;
    }
    match view.facts.deployment.risk_record.known() {
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
