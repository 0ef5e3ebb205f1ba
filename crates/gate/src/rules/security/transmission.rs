//! Transmission security.

use crate::candidate::Candidate;
use crate::facts::Address;
use crate::finding::{Finding, redirect, unknown};
use crate::remedy::Remedy;
use crate::rules::{Ground, Rule, SourceRead};
use crate::view::View;
use postern_base::{EmailMode, EmailTier};

/// 45 CFR 164.312(e)(1): "guard against unauthorized access to electronic protected health information that is being
/// transmitted". RFC 8461 section 5 and RFC 7672 section 2.2 say when a session is enforced; TLS alone can be stripped.
pub(crate) const EMAIL_TIER: Rule = Rule {
    id: "SEC-27",
    citation: "45 CFR 164.312(e)",
    ground: Ground::Law,
    read: SourceRead::FromKnowledge,
    asks: "An e-mail body goes only to a domain that enforces TLS by MTA-STS or DANE.",
    check: email_tier,
};

fn email_tier(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    if candidate.mode != Some(EmailMode::EnforcedTls) {
        return Finding::NotApplicable;
    }
    match tier(view, candidate.address) {
        Some(EmailTier::Sts | EmailTier::Dane) => Finding::Satisfied,
        Some(EmailTier::Pkix | EmailTier::None) => {
            redirect("The recipient's mail domain does not enforce encryption; the text belongs in the portal.")
        }
        None => unknown(
            "Nobody knows yet whether the recipient's mail domain enforces encryption; the text belongs in the portal.",
        )
        .lifted_by(&[Remedy::LookUpDomain]),
    }
}

/// RFC 8551 section 2.4: encrypted to the recipient's certificate, which must be valid and theirs (45 CFR 164.312(e)).
///
/// No certificate is read from a record yet, so none is ever known: S/MIME is refused until the certificates of patients are a
/// fact here.
pub(crate) const CERTIFICATE: Rule = Rule {
    id: "EML-05",
    citation: "45 CFR 164.312(e)",
    ground: Ground::Law,
    read: SourceRead::FromKnowledge,
    asks: "S/MIME goes only to a patient whose valid certificate is on record.",
    check: certificate,
};

fn certificate(_view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    if candidate.mode != Some(EmailMode::Smime) {
        return Finding::NotApplicable;
    }
    unknown("No certificate of the patient is on record to encrypt to; use the portal or an enforced connection.")
}

fn tier(view: &View<'_>, address: &Address) -> Option<EmailTier> {
    let (_, domain) = address.reveal().rsplit_once('@')?;
    let tiers = &view.facts.email_tiers;
    tiers.get(domain).or_else(|| tiers.get(&domain.to_ascii_lowercase())).copied()
}

#[cfg(test)]
mod tests {
    use crate::sample::{Case, refused_by, sends};
    use postern_base::{Channel, EmailTier};

    #[test]
    fn a_body_goes_to_a_domain_that_enforces_tls() {
        assert!(sends(&Case::reminder_by_email_body(), Channel::Email));
    }

    #[test]
    fn smime_without_a_certificate_does_not_go() {
        let mut case = Case::reminder_by_email_body();
        case.request.email_mode = Some(postern_base::EmailMode::Smime);
        assert!(refused_by(&case, Channel::Email, "EML-05"));
        assert!(sends(&case, Channel::Email), "it goes over the enforced connection instead");
    }

    #[test]
    fn a_body_does_not_go_where_tls_can_be_stripped_or_is_unknown() {
        for tier in [Some(EmailTier::Pkix), Some(EmailTier::None), None] {
            let mut case = Case::reminder_by_email_body();
            case.facts.email_tiers.clear();
            case.facts.email_tiers.extend(tier.map(|tier| ("example.org".to_owned(), tier)));
            assert!(refused_by(&case, Channel::Email, "SEC-27"));
        }
    }
}
