//! Substance-use-disorder records, 42 CFR Part 2.

use crate::candidate::Candidate;
use crate::facts::ConsentKind;
use crate::finding::{Finding, deny, redirect};
use crate::remedy::Remedy;
use crate::rules::privacy::grant::granted;
use crate::rules::scope::{Given, Scope};
use crate::rules::{Effective, Ground, Rule, SourceRead, Waiver};
use crate::view::View;
use postern_base::{Category, RecipientRole};

fn is_part2(view: &View<'_>, candidate: &Candidate<'_>) -> bool {
    view.has_category(Category::Part2) || candidate.rendition.is_some_and(|r| r.categories.contains(&Category::Part2))
}

/// 42 CFR 2.13(a): records are disclosed and used only as that part permits; 2.31: with consent.
pub(crate) const DISCLOSURE: Rule = Rule {
    id: "SPC-01",
    citation: "42 CFR 2.31",
    ground: Ground::Law,
    read: SourceRead::FromKnowledge,
    effective: Effective::ALWAYS,
    waived_by: &[Waiver::AccessRequest],
    asks: "Part 2 content goes to others only under a Part 2 consent, and to the patient only behind a sign-in.",
    scope: Scope::ANY.with(Given::Category),
    check: disclosure,
};

fn disclosure(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    if !is_part2(view, candidate) {
        return Finding::NotApplicable;
    }
    if view.request.recipient.role != RecipientRole::SelfPatient {
        if !granted(view, ConsentKind::Part2Consent) {
            return deny(
                "Records of a substance-use programme go to others only with the patient's written consent for it.",
            )
            .lifted_by(&[Remedy::SignPart2Consent]);
        }
        // 42 CFR 2.32(a): each disclosure made with the patient's consent "must be accompanied by" a notice.
        return Finding::Obliges(
            "Attach the notice that the record may not be disclosed further, and a copy or explanation of the consent."
                .into(),
        );
    }
    // 42 CFR 2.23: the patient's own access to their records; 45 CFR 164.524(c)(2): in the form they ask for.
    let asked = view.access_requested(candidate.address, candidate.mode);
    // house: on open channels no more than a notice, whatever the cell.
    Finding::when(!candidate.channel.is_open() || !candidate.has_body() || asked, || {
        redirect("Records of a substance-use programme are read behind a sign-in only; the text belongs in the portal.")
            .for_good("The channel is too open for it; the text waits behind the sign-in.")
    })
}

/// 42 CFR 2.13(c)(1): the presence of a patient in a programme is acknowledged only with the patient's written
/// consent: even a notice tells it when the sender's name does.
pub(crate) const NEUTRAL_SENDER: Rule = Rule {
    id: "SPC-02",
    citation: "42 CFR 2.13(c)",
    ground: Ground::Law,
    read: SourceRead::FromKnowledge,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "A notice about Part 2 content comes from a sender whose name tells nothing.",
    scope: Scope::ANY.with(Given::Category),
    check: neutral_sender,
};

fn neutral_sender(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    if !is_part2(view, candidate) || !candidate.channel.is_open() {
        return Finding::NotApplicable;
    }
    Finding::when(view.has_neutral_alias(), || {
        deny("The sender's name would tell that the person is a patient of the programme; set a neutral alias.")
            .lifted_by(&[Remedy::SetNeutralAlias])
    })
}

#[cfg(test)]
mod tests {
    use crate::sample::{Case, refused_by, sends_form};
    use postern_base::{Category, Channel, Form};

    fn part2() -> Case {
        let mut case = Case::result();
        case.facts.content.categories.push(Category::Part2);
        case
    }

    #[test]
    fn part2_content_is_read_behind_a_sign_in_and_noticed_neutrally() {
        let case = part2();
        assert!(sends_form(&case, Channel::Portal, Form::Full) && sends_form(&case, Channel::Sms, Form::Notice));
        assert!(refused_by(&case, Channel::Sms, "SPC-01"));
    }

    #[test]
    fn a_sender_that_names_the_programme_sends_no_notice() {
        let mut case = part2();
        case.facts.tenant.alias = None;
        assert!(refused_by(&case, Channel::Sms, "SPC-02"));
        assert!(sends_form(&case, Channel::Portal, Form::Full));
    }

    #[test]
    fn a_third_party_needs_a_part2_consent() {
        let mut case = part2();
        case.request.recipient.role = postern_base::RecipientRole::Proxy;
        assert!(refused_by(&case, Channel::Portal, "SPC-01"));
    }

    #[test]
    fn what_a_consent_lets_out_carries_the_notice() {
        use crate::facts::{ConsentKind, Provision, Ruling};
        let mut case = part2();
        let person = "RelatedPerson/r1";
        case.request.recipient.role = postern_base::RecipientRole::Proxy;
        case.request.recipient.reference = Some(person.into());
        case.facts.related.push(crate::sample::related(person, "HPOWATT"));
        for kind in [ConsentKind::ProxyCommunication, ConsentKind::Part2Consent] {
            let actors = vec![person.into()];
            let provision = Provision { decision: Some(Ruling::Permit), actors, ..Provision::default() };
            case.consents().push(crate::sample::consent(kind, provision));
        }
        assert!(sends_form(&case, Channel::Portal, Form::Full));
        assert!(case.decide().obligations.iter().any(|o| o.rule == "SPC-01"));
    }
}
