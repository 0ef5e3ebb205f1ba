//! Language access.

use crate::candidate::Candidate;
use crate::finding::{Finding, ask, redirect, require};
use crate::remedy::Remedy;
use crate::rules::scope::{Given, Scope};
use crate::rules::{Effective, Ground, Rule, SourceRead};
use crate::view::View;
use postern_base::{Channel, Level};

/// 45 CFR 92.201(a): reasonable steps, so that who speaks little English has meaningful access.
pub(crate) const LANGUAGE: Rule = Rule {
    id: "CIV-01",
    citation: "45 CFR 92.201",
    ground: Ground::Law,
    read: SourceRead::FromKnowledge,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "A patient is written to in the language they prefer, or is offered an interpreter.",
    scope: Scope::ANY,
    check: language,
};

fn language(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    let preferred = view.patient.and_then(|p| p.language.as_deref()).and_then(|tag| tag.split('-').next());
    let (Some(preferred), Some(text)) = (preferred, candidate.rendition) else { return Finding::NotApplicable };
    if preferred.eq_ignore_ascii_case(text.language.as_str()) {
        return Finding::Satisfied;
    }
    Finding::Obliges(
        "The text is not in the patient's preferred language: offer an interpreter or a translation.".into(),
    )
}

/// 45 CFR 92.201(c)(3): a machine translation of text that is critical is reviewed by a qualified human translator.
pub(crate) const TRANSLATION: Rule = Rule {
    id: "CIV-02",
    citation: "45 CFR 92.201(c)(3)",
    ground: Ground::Law,
    read: SourceRead::FromKnowledge,
    effective: Effective::from(2024, 7, 5),
    waived_by: &[],
    asks: "Clinical text that a machine translated is read by a qualified translator before it is sent.",
    scope: Scope::ANY.with(Given::Translation),
    check: translation,
};

fn translation(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    let Some(translation) = view.request.translation.filter(|translation| translation.machine) else {
        return Finding::NotApplicable;
    };
    let critical = candidate.carried(view.level).is_none_or(|level| level >= Level::L2);
    Finding::when(translation.reviewed || !critical, || {
        require("A machine translated this, and it is about care; a qualified translator must read it first.")
            .lifted_by(&[Remedy::ReviewText])
    })
}

/// 45 CFR 92.202, 45 CFR 84: communication as effective as with others: no path of spoken messages only for who does not hear, none of
/// print only for who does not see.
pub(crate) const ACCOMMODATION: Rule = Rule {
    id: "CIV-03",
    citation: "45 CFR 92.202",
    ground: Ground::Law,
    read: SourceRead::FromKnowledge,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "Who does not hear gets no spoken message from a machine; who does not see gets no small print alone.",
    scope: Scope::ANY,
    check: accommodation,
};

fn accommodation(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    let Some(flags) = view.patient.map(|patient| patient.flags) else { return Finding::NotApplicable };
    match candidate.channel {
        Channel::Voice | Channel::HumanCall
            if flags.deaf && (candidate.channel == Channel::HumanCall || view.human_voice()) =>
        {
            Finding::Obliges("The patient does not hear: call by relay, or with a sign-language interpreter.".into())
        }
        Channel::Voice | Channel::Voicemail if flags.deaf => {
            redirect("The patient does not hear; write instead, or call by relay.")
                .for_good("A machine that speaks does not reach the patient; text, mail or a relay call do.")
        }
        Channel::Mail if flags.blind => {
            Finding::Obliges("The patient does not see print: large print, Braille, or a call.".into())
        }
        _ if flags.deaf || flags.blind => Finding::Satisfied,
        _ => Finding::NotApplicable,
    }
}

/// 45 CFR 92.210: reasonable efforts to find where decision support tools discriminate, and to mitigate it.
pub(crate) const BIAS: Rule = Rule {
    id: "CIV-05",
    citation: "45 CFR 92.210",
    ground: Ground::Law,
    read: SourceRead::FromKnowledge,
    effective: Effective::from(2025, 5, 1),
    waived_by: &[],
    asks: "A model that writes about care was tested for bias.",
    scope: Scope::MESSAGE.with(Given::Model),
    check: bias,
};

fn bias(view: &View<'_>, _candidate: &Candidate<'_>) -> Finding {
    let Some(ai) = view.request.ai.filter(|ai| ai.generated) else { return Finding::NotApplicable };
    let tested = view.facts.deployment.bias_tested.known().copied();
    match tested {
        Some(true) => Finding::Satisfied,
        None if !ai.clinical => Finding::NotApplicable,
        _ if ai.human_reviewed || !ai.clinical => Finding::Alerts(
            "The model that wrote this was not tested for bias; test it, and record what was found.".into(),
        ),
        Some(false) => require(
            "The model that wrote this was not tested for bias; a clinician reads it first, and the model is tested.",
        )
        .lifted_by(&[Remedy::ReviewText]),
        None => {
            ask("Nobody recorded whether the model that wrote this was tested for bias; a clinician reads it first.")
                .lifted_by(&[Remedy::ReviewText])
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::sample::Case;

    #[test]
    fn another_language_is_sent_with_the_duty_to_offer_help() {
        let obliged = |language: &str| {
            let mut case = Case::reminder_by_sms();
            case.patient().language = Some(language.into());
            case.decide().obligations.iter().any(|o| o.rule == "CIV-01")
        };
        assert!(obliged("es-MX") && !obliged("en-US"));
    }
}
