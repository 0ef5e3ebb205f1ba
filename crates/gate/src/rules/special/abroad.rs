//! Patients who live in other countries (RULES 1.8).

use crate::candidate::Candidate;
use crate::finding::{Finding, deny};
use crate::rules::scope::Scope;
use crate::rules::{Effective, Ground, Rule, SourceRead};
use crate::view::View;
use postern_base::Purpose;

/// Why nothing lifts it: the rules that would are not here.
const ANOTHER_LAW: &str =
    "Postern holds the law of the United States; what another country asks is counsel's to say, and a person's to do.";

/// ePrivacy Directive art. 13, GDPR art. 9: marketing in the Union and the United Kingdom needs leave under rules that are not these.
/// house: of every country but the United States and Canada alike, because what an offer to a patient may be is asked anew in each.
pub(crate) const ELSEWHERE: Rule = Rule {
    id: "INT-01",
    citation: "GDPR",
    ground: Ground::Law,
    read: SourceRead::FromKnowledge,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "No marketing goes to a patient who lives outside the United States by the rules of the United States.",
    scope: Scope::ANY.when(Purpose::Marketing),
    check: elsewhere,
};

fn elsewhere(view: &View<'_>, _candidate: &Candidate<'_>) -> Finding {
    match offered_in(view) {
        None | Some("CA") => Finding::NotApplicable,
        Some("US") => Finding::Satisfied,
        Some(_) => {
            deny("The patient lives in another country, whose law on marketing is not held here.").for_good(ANOTHER_LAW)
        }
    }
}

/// CASL (Canada): a commercial electronic message needs express consent under Canadian rules.
pub(crate) const CANADA: Rule = Rule {
    id: "INT-02",
    citation: "CASL",
    ground: Ground::Law,
    read: SourceRead::FromKnowledge,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "No marketing goes to a patient who lives in Canada by the rules of the United States.",
    scope: Scope::ANY.when(Purpose::Marketing),
    check: canada,
};

fn canada(view: &View<'_>, _candidate: &Candidate<'_>) -> Finding {
    match offered_in(view) {
        Some("CA") => {
            deny("The patient lives in Canada, whose law on marketing is not held here.").for_good(ANOTHER_LAW)
        }
        Some("US") => Finding::Satisfied,
        _ => Finding::NotApplicable,
    }
}

/// Where the patient lives, when something is offered to them and the record says so.
fn offered_in<'v>(view: &'v View<'_>) -> Option<&'v str> {
    let patient = view.patient.filter(|_| view.purpose == Purpose::Marketing)?;
    patient.country.as_deref()
}

#[cfg(test)]
mod tests {
    use crate::request::{Marketing, MarketingKind, Remuneration};
    use crate::sample::{Case, refused_by, sends};
    use postern_base::{Channel, Level};

    #[test]
    fn an_offer_does_not_go_abroad_and_a_reminder_does() {
        let living_in = |purpose: &str, country: &str| {
            let mut case = Case::of(purpose, Level::L1, &[Channel::Portal]);
            case.patient().country = Some(country.into());
            let (kind, remuneration) = (MarketingKind::OwnService, Remuneration::None);
            case.request.marketing =
                (purpose == "marketing").then_some(Marketing { kind, remuneration, drug_lapsed_days: 0 });
            case
        };
        let home = living_in("marketing", "US");
        assert!(["INT-01", "INT-02"].iter().all(|rule| !refused_by(&home, Channel::Portal, rule)));
        assert!(refused_by(&living_in("marketing", "DE"), Channel::Portal, "INT-01"));
        assert!(refused_by(&living_in("marketing", "CA"), Channel::Portal, "INT-02"));
        assert!(sends(&living_in("appointment_reminder", "DE"), Channel::Portal));
    }
}
