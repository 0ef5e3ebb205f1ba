//! Emergency access.

use crate::candidate::Candidate;
use crate::finding::Finding;
use crate::rules::scope::{Given, Scope};
use crate::rules::{Effective, Ground, Rule, SourceRead};
use crate::view::View;

/// 45 CFR 164.312(a)(2)(ii): "procedures for obtaining necessary electronic protected health information during an emergency":
/// who, why, until when, and a look at it afterwards. Whether all of that is there is asked once, where the facts are looked up
/// (`View::emergency`), because other rules step back for it too.
pub(crate) const BREAK_GLASS: Rule = Rule {
    id: "SEC-18",
    citation: "45 CFR 164.312(a)(2)(ii)",
    ground: Ground::Law,
    read: SourceRead::Read,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "Emergency access names who, why and until when, and is reviewed afterwards.",
    scope: Scope::MESSAGE.with(Given::Emergency),
    check: break_glass,
};

fn break_glass(view: &View<'_>, _candidate: &Candidate<'_>) -> Finding {
    if view.emergency {
        return Finding::Obliges(
            "Review this use of emergency access within one business day: who, why, until when, and what was said."
                .into(),
        );
    }
    if view.request.break_glass.is_some() {
        return Finding::Alerts(
            "Emergency access was claimed without a named person who acts now, a reason or time left, or for what is no emergency; it lifts nothing, and somebody should ask why.".into(),
        );
    }
    Finding::NotApplicable
}
