//! Transmission security.

use crate::candidate::Candidate;
use crate::fact::Fact;
use crate::facts::{Address, Certificate};
use crate::finding::{Finding, deny, redirect, unknown};
use crate::remedy::Remedy;
use crate::rules::scope::Scope;
use crate::rules::{Effective, Ground, Rule, SourceRead};
use crate::view::View;
use jiff::Timestamp;
use postern_base::{Channel, EmailMode, EmailTier, Origin, Purpose};

/// 45 CFR 164.312(e)(1): "guard against unauthorized access to electronic protected health information that is being
/// transmitted". RFC 8461 section 5 and RFC 7672 section 2.2 say when a session is enforced; TLS alone can be stripped.
pub(crate) const EMAIL_TIER: Rule = Rule {
    id: "SEC-27",
    citation: "45 CFR 164.312(e)",
    ground: Ground::Law,
    read: SourceRead::FromKnowledge,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "An e-mail body goes only to a domain that enforces TLS by MTA-STS or DANE.",
    scope: Scope::EMAIL,
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
                .for_good("Whoever runs the recipient's mail decides; the text waits in the portal.")
        }
        None => unknown(
            "Nobody knows yet whether the recipient's mail domain enforces encryption; the text belongs in the portal.",
        )
        .lifted_by(&[Remedy::LookUpDomain]),
    }
}

/// RFC 8551 section 2.4: encrypted to the recipient's certificate, which must be valid and theirs (45 CFR 164.312(e)).
/// RFC 8551 section 3.1: the address in the certificate is the recipient's.
pub(crate) const CERTIFICATE: Rule = Rule {
    id: "EML-05",
    citation: "45 CFR 164.312(e)",
    ground: Ground::Law,
    read: SourceRead::FromKnowledge,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "S/MIME goes only to a patient whose valid certificate is on record.",
    scope: Scope::EMAIL,
    check: certificate,
};

fn certificate(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    if candidate.mode != Some(EmailMode::Smime) {
        return Finding::NotApplicable;
    }
    let rows = view.facts.certificates.iter().filter(|row| row.address == *candidate.address);
    // Of several that will not do, the one whose fault is the smallest is spoken of, whatever their order.
    match rows.map(|row| fault(row, view.now)).min() {
        Some(None) => Finding::Satisfied,
        Some(Some(fault)) => redirect(fault.sentence()).lifted_by(&[Remedy::RecordCertificate]),
        None => unknown(
            "No certificate of the patient is on record to encrypt to; use the portal or an enforced connection.",
        )
        .lifted_by(&[Remedy::RecordCertificate]),
    }
}

/// Why nothing is encrypted to a certificate, the smallest fault first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fault {
    NotYetValid,
    Over,
    RevocationUnknown,
    Untrusted,
    Revoked,
    OfAnotherAddress,
}

impl Fault {
    const fn sentence(self) -> &'static str {
        match self {
            Self::NotYetValid => "The patient's certificate is not valid yet; use the portal.",
            Self::Over => "The patient's certificate has expired; ask for the new one, or use the portal.",
            Self::RevocationUnknown => {
                "Nobody could find out whether the patient's certificate was revoked; use the portal."
            }
            Self::Untrusted => "The patient's certificate was issued by nobody the practice trusts; use the portal.",
            Self::Revoked => "The patient's certificate was revoked; ask for the new one, or use the portal.",
            Self::OfAnotherAddress => "The certificate on record names another address than this; use the portal.",
        }
    }
}

/// The worst fault of a certificate; `None` = it is good. In its time, from a trusted issuer, not revoked, and theirs.
fn fault(row: &Certificate, now: Timestamp) -> Option<Fault> {
    match row.revoked {
        _ if !row.names_address => Some(Fault::OfAnotherAddress),
        Fact::Known(true) => Some(Fault::Revoked),
        _ if !row.trusted => Some(Fault::Untrusted),
        Fact::Unknown(_) => Some(Fault::RevocationUnknown),
        Fact::Known(false) if now < row.from => Some(Fault::NotYetValid),
        Fact::Known(false) => (row.until <= now).then_some(Fault::Over),
    }
}

/// NIST SP 800-177r1 and the sender rules of mailbox providers: mail in bulk is signed, and the signature verifies here before it
/// is asked to verify anywhere else.
pub(crate) const SIGNED_MAIL: Rule = Rule {
    id: "SEC-28",
    citation: "NIST SP 800-177r1",
    ground: Ground::Standard,
    read: SourceRead::FromKnowledge,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "Mail in bulk goes only while our own DKIM signature verifies.",
    scope: Scope::EMAIL,
    check: signed_mail,
};

fn signed_mail(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    let bulk = view.request.origin == Origin::Bulk || view.purpose == Purpose::Marketing;
    if candidate.channel != Channel::Email || !bulk {
        return Finding::NotApplicable;
    }
    match view.facts.deployment.dkim.known() {
        Some(true) => Finding::Satisfied,
        Some(false) => deny("Our signature on mail does not verify; nothing goes out in bulk until it does.")
            .lifted_by(&[Remedy::SignMail])
            .and_alert(),
        None => unknown("Nobody checked that our signature on mail verifies; check it before mail goes out in bulk.")
            .lifted_by(&[Remedy::SignMail]),
    }
}

/// RFC 3711, RFC 4568 and RFC 5764: the media of a call are SRTP, its keys agreed over TLS or DTLS (45 CFR 164.312(e)), on every leg
/// that is ours. The last leg of a public network is nobody's to encrypt.
pub(crate) const SECURE_VOICE: Rule = Rule {
    id: "SEC-29",
    citation: "45 CFR 164.312(e)",
    ground: Ground::Law,
    read: SourceRead::FromKnowledge,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "Calls are placed only where every leg of ours runs over TLS and SRTP.",
    scope: Scope::CALLS,
    check: secure_voice,
};

fn secure_voice(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    if !matches!(candidate.channel, Channel::Voice | Channel::Voicemail) {
        return Finding::NotApplicable;
    }
    match view.facts.deployment.voice_srtp.known() {
        Some(true) => Finding::Satisfied,
        Some(false) => deny("A leg of our calls is not encrypted; no call is placed by machine until it is.")
            .lifted_by(&[Remedy::EncryptCalls]),
        None => unknown("Nobody recorded that our calls are encrypted on every leg of ours; record it first.")
            .lifted_by(&[Remedy::EncryptCalls]),
    }
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
