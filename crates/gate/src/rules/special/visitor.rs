//! Visitors who are no patients: consumer health data.

use crate::candidate::Candidate;
use crate::finding::{Finding, unknown};
use crate::remedy::Remedy;
use crate::rules::scope::Scope;
use crate::rules::{Effective, Ground, Rule, SourceRead};
use crate::view::View;
use postern_base::Channel;

/// RCW 19.373 (Washington's My Health My Data), NV SB 370, Connecticut; 16 CFR 318: what a visitor types into an open chat is consumer
/// health data, and is collected only with consent.
pub(crate) const VISITOR: Rule = Rule {
    id: "SPC-10",
    citation: "RCW 19.373",
    ground: Ground::Law,
    read: SourceRead::FromKnowledge,
    effective: Effective::from(2024, 3, 31),
    waived_by: &[],
    asks: "In an open chat nothing is said before the visitor agreed that what they type may be kept.",
    scope: Scope::ANY.on(&[Channel::ChatAnonymous]),
    check: visitor,
};

fn visitor(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    if candidate.channel != Channel::ChatAnonymous {
        return Finding::NotApplicable;
    }
    Finding::when(view.facts.deployment.visitor_consent.is_known_and(|given| *given), || {
        unknown("The visitor of the open chat was not asked whether what they type may be kept; ask first.")
            .lifted_by(&[Remedy::AskVisitor])
    })
}
