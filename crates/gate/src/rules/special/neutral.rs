//! The sender's name as content.

use crate::candidate::Candidate;
use crate::finding::{Finding, redirect};
use crate::matrix::Mark;
use crate::remedy::Remedy;
use crate::rules::scope::Scope;
use crate::rules::{Effective, Ground, Rule, SourceRead};
use crate::view::View;
use postern_base::{Channel, Level};

/// State confidentiality laws: Cal. Civ. Code 56, N.Y. Pub. Health Law 27-F, Ill. AIDS Confidentiality Act, Tex. Health &
/// Safety Code 81.103. What a specialty's name tells is as protected as what the message would (RULES 0.4).
pub(crate) const NEUTRAL_SENDER: Rule = Rule {
    id: "SPC-03",
    citation: "state law: Cal. Civ. Code 56; N.Y. Pub. Health Law 27-F; Tex. Health & Safety Code 81.103",
    ground: Ground::Law,
    read: SourceRead::FromKnowledge,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "Open channels carry a sender name that tells no specialty, and for protected content a neutral alias.",
    scope: Scope::MACHINES.not_on(&[Channel::Portal, Channel::Chat]),
    check: neutral_sender,
};

fn neutral_sender(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    if !candidate.channel.is_open() || candidate.channel.is_human_task() {
        return Finding::NotApplicable;
    }
    if view.facts.tenant.reveals_specialty {
        return redirect(
            "The sender's name tells the specialty; set a neutral alias, or use the portal, a live call or mail.",
        )
        .lifted_by(&[Remedy::SetNeutralAlias]);
    }
    let guards = candidate.cell.has(Mark::Neutral) || view.level == Some(Level::L4);
    // RULES section 2, note (b): a live call is left; what is said on it is the matrix's to decide.
    let live = candidate.channel == Channel::Voice && view.human_voice();
    if !guards || live {
        return Finding::NotApplicable;
    }
    Finding::when(view.has_neutral_alias(), || {
        redirect(
            "Protected content may be noticed here only under a neutral alias, and none is set; use the portal or mail.",
        ).lifted_by(&[Remedy::SetNeutralAlias])
    })
}

#[cfg(test)]
mod tests {
    use crate::sample::{Case, refused_by, sends};
    use postern_base::{Category, Channel};

    #[test]
    fn a_notice_of_protected_content_needs_a_neutral_alias() {
        let mut case = Case::result();
        case.facts.content.categories.push(Category::Hiv);
        assert!(sends(&case, Channel::Sms));
        case.facts.tenant.alias = None;
        assert!(refused_by(&case, Channel::Sms, "SPC-03") && sends(&case, Channel::Portal));
    }

    #[test]
    fn a_name_that_tells_the_specialty_closes_open_channels_even_for_logistics() {
        let mut case = Case::reminder_by_sms();
        case.facts.tenant.reveals_specialty = true;
        assert!(refused_by(&case, Channel::Sms, "SPC-03"));
    }

    #[test]
    fn a_live_call_is_left_without_an_alias_and_a_machine_is_not() {
        use crate::request::{AnsweredBy, Voice, VoiceMode};
        let mut case = Case::of("test_result", postern_base::Level::L4, &[Channel::Voice]);
        case.facts.tenant.alias = None;
        let mut call = |mode| {
            case.request.voice = Some(Voice {
                mode,
                answered_by: AnsweredBy::Patient,
                identity_verified: true,
                recording: false,
                transcribing: false,
                recording_consent: false,
                disclosed: true,
            });
            case.clone()
        };
        assert!(sends(&call(VoiceMode::Human), Channel::Voice));
        assert!(refused_by(&call(VoiceMode::Ivr), Channel::Voice, "SPC-03"));
    }
}
