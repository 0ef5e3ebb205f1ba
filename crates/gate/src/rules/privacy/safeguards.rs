//! Reasonable safeguards: how much a channel may carry, and to whom it is said.

use crate::candidate::{Candidate, PortalCopy};
use crate::finding::{Finding, redirect, strip};
use crate::matrix::Mark;
use crate::remedy::Remedy;
use crate::request::AnsweredBy;
use crate::rules::scope::{Given, Scope};
use crate::rules::{Effective, Ground, Rule, SourceRead, Waiver};
use crate::view::View;
use postern_base::{Channel, Form, Level};

/// house: what each channel carries at most is Postern's own policy, the matrix. Its root is law: 45 CFR 164.530(c)(1) asks for
/// "appropriate administrative, technical, and physical safeguards", also toward the patient; toward others 45 CFR 164.502(b) asks for
/// the minimum necessary. Neither names a channel or a level, so where the patient asks for more after a warning, it yields (RULES PRI-04).
pub(crate) const CEILING: Rule = Rule {
    id: "PRI-04",
    citation: "house; 45 CFR 164.530(c)",
    ground: Ground::House,
    read: SourceRead::Own,
    effective: Effective::ALWAYS,
    waived_by: &[Waiver::AccessRequest],
    asks: "A channel carries no more than the matrix allows for the purpose and the sensitivity.",
    scope: Scope::ANY.not_on(&[Channel::Mail]),
    check: ceiling,
};

fn ceiling(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    // What a person carries for care has no ceiling but the record; what stands for ways that the record does not hold carries nothing.
    let free = candidate.channel.is_human_task() && !view.binds(candidate.channel);
    if free || candidate.placeholder || view.level.is_none() {
        return Finding::NotApplicable;
    }
    if candidate.form == Form::Notice && candidate.portal != PortalCopy::Stands && candidate.cell.allows(Form::Notice) {
        return redirect(
            "A notice only says that something waits in the portal, and no portal copy can be made here; allow the portal among the channels.",
        ).lifted_by(&[Remedy::AllowPortal]);
    }
    if candidate.cell.allows(candidate.form) {
        return Finding::Satisfied;
    }
    match candidate.cell.highest {
        Some(Form::Full | Form::Minimal) => strip(
            "This channel carries at most the minimal text for this content; the full text belongs in the portal.",
        ).for_good("The channel is too open for more; the full text waits in the portal."),
        Some(Form::Notice) => {
            strip("This channel carries at most a notice for this content; the text itself belongs in the portal.").for_good("The channel is too open for more; the text waits in the portal.")
        }
        Some(Form::Callback) => strip(
            "This channel carries at most a request to call back; the text itself belongs in the portal or a live call.",
        ).for_good("The channel is too open for more; the text waits in the portal or a live call."),
        None if view.is_spoken_by_a_person(candidate.channel) => redirect(
            "Nobody calls to offer what is drawn from the patient's care; the portal carries it, under their authorization.",
        ).for_good("A call may be answered by anybody; the portal carries what is drawn from the record."),
        None => redirect(
            "This channel may not carry this kind of message at this sensitivity; use the portal, a live call or mail.",
        ).for_good("The channel is too open for this; the portal, a live call or mail carries it."),
    }
}

/// OCR FAQ 198 with 45 CFR 164.510(b)(3): a message may be left with a machine or a household member when it is limited.
pub(crate) const MACHINE_OR_HOUSEHOLD: Rule = Rule {
    id: "PRI-15",
    citation: "45 CFR 164.510(b)(3)",
    ground: Ground::Law,
    read: SourceRead::Read,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "A machine or somebody else who answers hears at most what voicemail may carry, and nothing where the patient asked that no message be left; nor does who is not known yet hear what diagnoses.",
    scope: Scope::CALLS.with(Given::Voice),
    check: machine_or_household,
};

fn machine_or_household(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    // 45 CFR 164.522(b)(1)(i): who listens to the machine, the patient knows and need not explain.
    if candidate.channel == Channel::Voicemail && view.refuses_voicemail() {
        return redirect("The patient asked that no message be left on a machine; use another channel.")
            .for_good("The patient said so; somebody who speaks with them may record otherwise.");
    }
    let Some(voice) = view.request.voice.filter(|_| candidate.channel == Channel::Voice) else {
        return Finding::NotApplicable;
    };
    match voice.answered_by {
        AnsweredBy::Machine => redirect("A machine answered: leave what voicemail may carry instead.")
            .for_good("Whoever plays the machine hears it; what voicemail may carry is left instead."),
        AnsweredBy::Other if candidate.has_body() => {
            strip("Somebody other than the patient answered: leave a name and a number to call back.")
                .for_good("Somebody else hears it; the patient is asked to call back.")
        }
        // house: whom nobody has heard yet may be anybody, also where a box was ticked before the call.
        AnsweredBy::Unknown if view.level >= Some(Level::L3) && candidate.has_body() => {
            strip("Nobody knows yet who answers; leave a name and a number, and say the rest once it is the patient.")
                .for_good("It is said in the call, once the patient has answered it.")
        }
        AnsweredBy::Patient | AnsweredBy::Other | AnsweredBy::Unknown => Finding::Satisfied,
    }
}

/// 45 CFR 164.514(h)(1): whoever asks for health information is identified first.
pub(crate) const IDENTITY: Rule = Rule {
    id: "PRI-17",
    citation: "45 CFR 164.514(h)",
    ground: Ground::Law,
    read: SourceRead::FromKnowledge,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "What the matrix guards by identity is said only after two identifiers were verified, and by a person where it says so.",
    scope: Scope::ANY,
    check: identity,
};

fn identity(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    let guards = candidate.cell.has(Mark::Identity) || candidate.cell.has(Mark::Human);
    if !guards || Some(candidate.form) != candidate.cell.highest {
        return Finding::NotApplicable;
    }
    if candidate.cell.has(Mark::Human) && !view.human_voice() {
        return redirect("Only a person may say this, not a machine; ask staff to call.")
            .for_good("A machine cannot see who listens; a person says it.");
    }
    let verified = view.request.voice.is_some_and(|voice| voice.identity_verified);
    Finding::when(verified || !candidate.cell.has(Mark::Identity), || {
        strip("The patient's identity was not verified in this call; until then, leave only a name and a number.")
            .lifted_by(&[Remedy::VerifyIdentity])
    })
}

#[cfg(test)]
mod tests {
    use crate::request::{AnsweredBy, Voice, VoiceMode};
    use crate::sample::{Case, refused_by, sends_form};
    use postern_base::{Channel, Form, Level};

    fn call(answered_by: AnsweredBy, identity_verified: bool) -> Case {
        let mut case = Case::of("follow_up", Level::L2, &[Channel::Voice, Channel::Voicemail]);
        case.request.voice = Some(Voice {
            mode: VoiceMode::Human,
            answered_by,
            identity_verified,
            recording: false,
            transcribing: false,
            recording_consent: false,
            disclosed: false,
        });
        case
    }

    #[test]
    fn a_result_stays_out_of_a_text_and_waits_in_the_portal() {
        let case = Case::result();
        assert!(refused_by(&case, Channel::Sms, "PRI-04"));
        assert!(sends_form(&case, Channel::Portal, Form::Full));
        assert!(sends_form(&case, Channel::Sms, Form::Notice));
    }

    #[test]
    fn what_diagnoses_is_not_said_to_whoever_may_have_answered() {
        for (level, who, refused) in [
            (Level::L3, AnsweredBy::Unknown, true),
            (Level::L3, AnsweredBy::Patient, false),
            (Level::L2, AnsweredBy::Unknown, false),
        ] {
            let mut case = call(who, true);
            case.facts.content.level = crate::fact::Fact::Known(level);
            assert_eq!(refused_by(&case, Channel::Voice, "PRI-15"), refused, "{level} {who:?}");
        }
    }

    #[test]
    fn a_notice_without_a_portal_copy_is_refused() {
        let mut case = Case::result();
        case.request.channels = Some(vec![Channel::Sms]);
        let decision = case.decide();
        assert_eq!(decision.outcome.as_str(), "refuse");
        assert!(decision.refusals.iter().any(|r| r.form == Form::Notice && r.sentence.contains("portal")));
    }

    #[test]
    fn only_a_verified_patient_hears_the_message() {
        assert!(sends_form(&call(AnsweredBy::Patient, true), Channel::Voice, Form::Full));
        assert!(refused_by(&call(AnsweredBy::Patient, false), Channel::Voice, "PRI-17"));
        assert!(sends_form(&call(AnsweredBy::Patient, false), Channel::Voice, Form::Callback));
    }

    #[test]
    fn a_machine_is_told_what_voicemail_may_carry() {
        let case = call(AnsweredBy::Machine, true);
        assert!(refused_by(&case, Channel::Voice, "PRI-15"));
        assert!(sends_form(&case, Channel::Voicemail, Form::Callback));
        assert!(refused_by(&call(AnsweredBy::Other, true), Channel::Voice, "PRI-15"));
    }
}
