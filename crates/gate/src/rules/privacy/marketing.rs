//! Marketing: what needs an authorization, and what is not marketing.

use crate::candidate::Candidate;
use crate::consent::{Query, in_force, ruling};
use crate::facts::{ActReason, Consent, ConsentKind, Provision, Ruling};
use crate::finding::{Finding, deny, strip, unknown};
use crate::matrix::Mark;
use crate::remedy::Remedy;
use crate::request::{Marketing, MarketingKind, Remuneration};
use crate::rules::privacy::restriction::system;
use crate::rules::{Ground, Rule, SourceRead};
use crate::tables::REFILL_LAPSED;
use crate::view::View;
use postern_base::Purpose;

/// 45 CFR 164.508(a)(3)(i): "must obtain an authorization for any use or disclosure of protected health information for
/// marketing"; (c): and what makes one valid.
pub(crate) const AUTHORIZATION: Rule = Rule {
    id: "PRI-08",
    citation: "45 CFR 164.508(a)(3)",
    ground: Ground::Law,
    read: SourceRead::Read,
    asks: "Marketing travels only under a signed authorization in force that tells of any payment.",
    check: authorization,
};

fn authorization(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    let Some(paid) = needs_authorization(view, candidate) else { return Finding::NotApplicable };
    if candidate.cell.has(Mark::ExactAuthorization) {
        return unknown("No record says that the authorization names exactly this use of clinical data.");
    }
    let valid = |consent: &Consent| {
        let provision = &consent.provision;
        names_this(view, candidate, provision)
            // 45 CFR 164.508(c)(1)(v), (vi): an expiration and a signature.
            && provision.until.is_some()
            && consent.signed_by.is_some()
            && consent.has_source
            && (!paid || consent.remuneration_disclosed)
    };
    Finding::when(view.active(ConsentKind::MarketingAuthorization).any(valid), || {
        deny(
            "Marketing needs the patient's signed authorization, in force, and telling of any payment; there is none on record.",
        ).lifted_by(&[Remedy::SignAuthorization])
    })
}

/// 45 CFR 164.508(c)(1)(iv): "each purpose" is described: an authorization names marketing, and where it names channels or
/// contact points, no other is used. The portal reaches out to nobody.
fn names_this(view: &View<'_>, candidate: &Candidate<'_>, provision: &Provision) -> bool {
    let query = Query { purpose: Purpose::Marketing, ..view.query(system(candidate), candidate.address) };
    if candidate.is_contact() {
        return ruling(provision, query) == Some(Ruling::Permit);
    }
    provision.decision == Some(Ruling::Permit)
        && in_force(provision, view.now)
        && provision.reasons.contains(&ActReason::HMarkt)
}

/// Whether an authorization is needed, and whether it must tell of a payment.
fn needs_authorization(view: &View<'_>, candidate: &Candidate<'_>) -> Option<bool> {
    let marketing = view.request.marketing;
    let marked = candidate.cell.has(Mark::Authorization) || candidate.cell.has(Mark::ExactAuthorization);
    match marketing {
        None if view.request.purpose == Purpose::Marketing => Some(true),
        None => None,
        Some(facts) if marked || is_marketing(facts) => Some(facts.remuneration != Remuneration::None),
        Some(_) => None,
    }
}

/// 45 CFR 164.501 "marketing" (2): not refill reminders at cost, nor the practice's own services without payment.
const fn is_marketing(facts: Marketing) -> bool {
    match facts.kind {
        MarketingKind::ThirdParty | MarketingKind::Sale => true,
        MarketingKind::Fundraising => false,
        MarketingKind::OwnService => !matches!(facts.remuneration, Remuneration::None),
        MarketingKind::Refill => {
            matches!(facts.remuneration, Remuneration::AboveCost) || facts.drug_lapsed_days > REFILL_LAPSED
        }
    }
}

/// 45 CFR 164.501 "marketing" (2)(i): a refill reminder is not marketing while any payment is "reasonably related to the …
/// cost"; HHS reads a drug as current for 90 days after it lapsed.
pub(crate) const REFILL: Rule = Rule {
    id: "PRI-09",
    citation: "45 CFR 164.501",
    ground: Ground::Law,
    read: SourceRead::Read,
    asks: "A refill reminder is treatment while the drug is current and the payment does not exceed the cost.",
    check: refill,
};

fn refill(view: &View<'_>, _candidate: &Candidate<'_>) -> Finding {
    match view.request.marketing {
        Some(facts) if facts.kind == MarketingKind::Refill && !is_marketing(facts) => Finding::Satisfied,
        _ => Finding::NotApplicable,
    }
}

/// 15 USC 7704(a): a commercial e-mail identifies itself, its sender and a way to opt out, with a postal address.
pub(crate) const COMMERCIAL_EMAIL: Rule = Rule {
    id: "EML-01",
    citation: "15 USC 7704",
    ground: Ground::Law,
    read: SourceRead::FromKnowledge,
    asks: "A commercial e-mail names its sender and how to opt out.",
    check: commercial_email,
};

fn commercial_email(_view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    if !candidate.cell.has(Mark::CanSpam) {
        return Finding::NotApplicable;
    }
    match candidate.rendition {
        Some(text) if text.names_sender && text.says_opt_out => {
            Finding::Obliges("Label the e-mail as an offer and give the practice's postal address.".into())
        }
        _ => strip("A commercial e-mail must name its sender and say how to opt out; add the words.")
            .lifted_by(&[Remedy::NameSender]),
    }
}

#[cfg(test)]
mod tests {
    use crate::request::{Marketing, MarketingKind, Remuneration};
    use crate::sample::{Case, refused_by, sends};
    use postern_base::{Channel, Level};

    fn refill(remuneration: Remuneration, drug_lapsed_days: u32) -> Case {
        let mut case = Case::of("medication", Level::L1, &[Channel::Sms]);
        case.request.marketing = Some(Marketing { kind: MarketingKind::Refill, remuneration, drug_lapsed_days });
        case
    }

    #[test]
    fn a_refill_reminder_at_cost_is_treatment() {
        assert!(sends(&refill(Remuneration::CostOnly, 90), Channel::Sms));
    }

    #[test]
    fn a_refill_reminder_above_cost_or_long_lapsed_needs_an_authorization() {
        assert!(refused_by(&refill(Remuneration::AboveCost, 0), Channel::Sms, "PRI-08"));
        assert!(refused_by(&refill(Remuneration::None, 91), Channel::Sms, "PRI-08"));
    }

    #[test]
    fn an_authorization_reaches_no_further_than_it_says() {
        use crate::facts::{ActReason, ConsentKind, Provision, Ruling, System};
        let authorized = |systems: Vec<System>, reasons: Vec<ActReason>| {
            let mut case = refill(Remuneration::AboveCost, 0);
            let until = Some("2027-06-01T00:00:00Z".parse().unwrap());
            let provision =
                Provision { decision: Some(Ruling::Permit), until, systems, reasons, ..Provision::default() };
            let mut signed = crate::sample::consent(ConsentKind::MarketingAuthorization, provision);
            (signed.signed_by, signed.has_source) = (Some("Patient/p1".into()), true);
            signed.remuneration_disclosed = true;
            case.consents().push(signed);
            case
        };
        assert!(sends(&authorized(vec![], vec![ActReason::HMarkt]), Channel::Sms));
        assert!(refused_by(&authorized(vec![System::Email], vec![ActReason::HMarkt]), Channel::Sms, "PRI-08"));
        assert!(refused_by(&authorized(vec![], vec![ActReason::Treat]), Channel::Sms, "PRI-08"));
    }
}
