//! Business associate agreements.

use crate::agreement::uncovered;
use crate::candidate::Candidate;
use crate::finding::{Finding, deny};
use crate::remedy::Remedy;
use crate::rules::scope::Scope;
use crate::rules::{Effective, Ground, Rule, SourceRead};
use crate::view::View;

/// 45 CFR 164.308(b)(1): a covered entity may let a business associate create, receive, maintain or transmit ePHI "only
/// if the covered entity obtains satisfactory assurances". Also 164.502(e), 164.504(e): by contract.
pub(crate) const AGREEMENT: Rule = Rule {
    id: "SEC-12",
    citation: "45 CFR 164.308(b)",
    ground: Ground::Law,
    read: SourceRead::SecondHand,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "The vendor's service that carries a message is covered by an executed agreement in force now.",
    scope: Scope::MACHINES,
    check: agreement,
};

fn agreement(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    if !candidate.needs_vendor() {
        return Finding::NotApplicable;
    }
    match candidate.vendor {
        Some(row) => match uncovered(&view.facts.tenant, row, view.now, view.today) {
            None => Finding::Satisfied,
            Some(why) => deny(why.sentence()).lifted_by(&[Remedy::ExecuteAgreement]),
        },
        None => deny("No vendor with an agreement is registered for this channel; register one first.")
            .lifted_by(&[Remedy::ExecuteAgreement]),
    }
}

/// 45 CFR 164.504(e)(2): what the contract must provide; 164.314(a)(2): and for security.
pub(crate) const TERMS: Rule = Rule {
    id: "SEC-13",
    citation: "45 CFR 164.504(e)(2)",
    ground: Ground::Law,
    read: SourceRead::FromKnowledge,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "The agreement holds every required term.",
    scope: Scope::MACHINES,
    check: terms,
};

fn terms(_view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    match candidate.vendor {
        Some(row) if candidate.needs_vendor() => Finding::when(row.agreement.required_terms, || {
            deny(
                "The agreement with the vendor of this channel lacks a required term; amend it before the channel is used.",
            ).lifted_by(&[Remedy::AmendAgreement])
        }),
        _ => Finding::NotApplicable,
    }
}

#[cfg(test)]
mod tests {
    use crate::facts::AgreementStatus;
    use crate::sample::{Case, refused_by, sends};
    use postern_base::Channel;

    #[test]
    fn a_vendor_covered_today_may_carry_the_message() {
        assert!(sends(&Case::reminder_by_sms(), Channel::Sms));
    }

    #[test]
    fn an_agreement_that_ended_yesterday_stops_its_vendor() {
        let mut case = Case::reminder_by_sms();
        case.vendor(Channel::Sms).agreement.expires = Some("2026-11-30".parse().unwrap());
        assert!(refused_by(&case, Channel::Sms, "SEC-12"));
    }

    #[test]
    fn a_draft_an_unnamed_service_and_an_unknown_end_are_no_cover() {
        let spoil: [fn(&mut crate::facts::Vendor); 4] = [
            |row| row.agreement.status = AgreementStatus::Draft,
            |row| row.agreement.services.clear(),
            |row| row.agreement.expires = None,
            |row| row.agreement.effective = Some("2026-12-02".parse().unwrap()),
        ];
        for spoil in spoil {
            let mut case = Case::reminder_by_sms();
            spoil(case.vendor(Channel::Sms));
            assert!(refused_by(&case, Channel::Sms, "SEC-12"));
        }
    }

    #[test]
    fn an_agreement_without_a_required_term_is_no_cover() {
        let mut case = Case::reminder_by_sms();
        case.vendor(Channel::Sms).agreement.required_terms = false;
        assert!(refused_by(&case, Channel::Sms, "SEC-13"));
    }
}
