//! Language access.

use crate::candidate::Candidate;
use crate::finding::Finding;
use crate::rules::{Ground, Rule, SourceRead};
use crate::view::View;

/// 45 CFR 92.201(a): "reasonable steps to provide meaningful access to each individual with limited English proficiency".
pub(crate) const LANGUAGE: Rule = Rule {
    id: "CIV-01",
    citation: "45 CFR 92.201",
    ground: Ground::Law,
    read: SourceRead::FromKnowledge,
    asks: "A patient is written to in the language they prefer, or is offered an interpreter.",
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
