//! Information blocking.

use crate::candidate::Candidate;
use crate::finding::{Finding, deny};
use crate::remedy::Remedy;
use crate::rules::{Ground, Rule, SourceRead};
use crate::view::View;

/// 42 USC 300jj-52 and 45 CFR 171.103: delaying access to results is information blocking unless law asks for it or an
/// exception fits; a rule that holds all results for some days is neither.
pub(crate) const BLANKET_HOLD: Rule = Rule {
    id: "IB-01",
    citation: "45 CFR 171.103",
    ground: Ground::Law,
    read: SourceRead::FromKnowledge,
    asks: "No policy holds all results back.",
    check: blanket_hold,
};

fn blanket_hold(view: &View<'_>, _candidate: &Candidate<'_>) -> Finding {
    match view.policy.defects.iter().find(|defect| defect.rule == BLANKET_HOLD.id) {
        Some(defect) => deny(defect.sentence.clone()).lifted_by(&[Remedy::MendPolicy]).and_alert(),
        None => Finding::NotApplicable,
    }
}
