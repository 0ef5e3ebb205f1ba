//! What a text sells or asks for, under a purpose that sells nothing.

use crate::candidate::Candidate;
use crate::finding::{Finding, ask};
use crate::rendition::Offers;
use crate::rules::scope::Scope;
use crate::rules::{Effective, Ground, Rule, SourceRead};
use crate::view::View;
use postern_base::Purpose;

/// house: a text may offer something, or ask for a gift or praise for the practice, under the name of care. 45 CFR 164.501 and 47 CFR
/// 64.1200(f)(1) ask what a text does, not what it is called: what plainly is an offer is judged as one (docs/decisions/0022), and a
/// person is told why; what only may be one waits until a person has read it and said in `marketing` what it is.
pub(crate) const READ_FIRST: Rule = Rule {
    id: "HSE-04",
    citation: "house",
    ground: Ground::House,
    read: SourceRead::Own,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "A text that may offer something, or asks for something for the practice itself, is read by a person before it goes as care.",
    scope: Scope::MACHINES,
    check: read_first,
};

fn read_first(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    if candidate.channel.is_human_task() {
        return Finding::NotApplicable;
    }
    let asked_as = view.request.purpose;
    let sells_by_name = asked_as == Purpose::Marketing || view.request.marketing.is_some();
    // A confirmation has a rule of its own for what else it says (TCP-13); what a notice of a breach offers the law asks for.
    let apart = matches!(asked_as, Purpose::ConsentConfirmation | Purpose::BreachNotice);
    match view.offers {
        Offers::Plainly if view.purpose != asked_as => Finding::Alerts(
            "The text makes an offer, so it is judged as marketing, whatever purpose the request gives it; take the offer out, or ask for it as marketing.".into(),
        ),
        Offers::Perhaps if !sells_by_name && !apart => ask(
            "The text may offer something, or asks for something for the practice; a person reads it, and takes that out or says in `marketing` what it is.",
        )
        .for_good("What a text sells cannot be supposed; a person who has read it says so in the request."),
        // What it sells is said in the request, so the rules of marketing judge it.
        Offers::Plainly | Offers::Perhaps if sells_by_name => Finding::Satisfied,
        _ => Finding::NotApplicable,
    }
}

#[cfg(test)]
mod tests {
    use crate::rendition::Offers;
    use crate::request::{Marketing, MarketingKind, Remuneration};
    use crate::sample::{Case, refused_by};
    use postern_base::{Channel, Purpose};

    fn texted(purpose: Purpose, offers: Offers) -> Case {
        let mut case = Case::reminder_by_sms();
        case.request.purpose = purpose;
        case.facts.renditions.iter_mut().for_each(|text| text.offers = offers);
        case
    }

    const CARE: [Purpose; 4] =
        [Purpose::Recall, Purpose::AppointmentReminder, Purpose::TreatmentUpdate, Purpose::Billing];

    #[test]
    fn an_offer_under_the_name_of_care_needs_what_an_offer_needs() {
        for purpose in CARE {
            let mut case = texted(purpose, Offers::Plainly);
            assert!(
                refused_by(&case, Channel::Sms, "TCP-22") && refused_by(&case, Channel::Sms, "PRI-08"),
                "{purpose}"
            );
            assert!(case.decide().alerts.iter().any(|alert| alert.rule == "HSE-04"), "{purpose}");
            case.sign_for_texts();
            assert!(!refused_by(&case, Channel::Sms, "TCP-22"), "{purpose}");
        }
    }

    #[test]
    fn what_may_be_an_offer_waits_for_a_reader_who_says_what_it_is() {
        for purpose in CARE {
            let mut case = texted(purpose, Offers::Perhaps);
            assert_eq!(case.decide().outcome.as_str(), "hold", "{purpose}");
            let (kind, remuneration) = (MarketingKind::OwnService, Remuneration::None);
            case.request.marketing = Some(Marketing { kind, remuneration, drug_lapsed_days: 0 });
            assert!(!refused_by(&case, Channel::Sms, "HSE-04"), "{purpose}");
        }
    }

    #[test]
    fn an_offer_is_no_emergency() {
        let mut case = texted(Purpose::Emergency, Offers::Plainly);
        case.break_glass();
        assert!(refused_by(&case, Channel::Sms, "TCP-22"));
    }
}
