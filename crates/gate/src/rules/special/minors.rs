//! Minors: care they consented to alone, and the end of a parent's part.

use crate::candidate::Candidate;
use crate::facts::Patient;
use crate::finding::{Finding, deny, unknown};
use crate::remedy::Remedy;
use crate::rules::scope::{Given, Scope};
use crate::rules::{Effective, Ground, Rule, SourceRead};
use crate::tables::{MinorCare, age_of_majority, protected_from};
use crate::view::{Audience, PointView, View};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use postern_base::{Category, RecipientRole};

/// 45 CFR 164.502(g)(3)(ii): state law decides what a parent may see; until counsel has filled the table, protect.
pub(crate) const MINOR_CONSENTED: Rule = Rule {
    id: "SPC-05",
    citation: "45 CFR 164.502(g)(3)(ii)",
    ground: Ground::Law,
    read: SourceRead::FromKnowledge,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "Protected care of a patient of 12 to 17 years does not go to a parent, nor to a number a parent shares.",
    scope: Scope::ANY.with(Given::Category),
    check: minor_consented,
};

fn minor_consented(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    let Some(patient) = view.patient else { return Finding::NotApplicable };
    let state = patient.state.as_deref();
    let age = age(view, patient);
    let minor =
        |care: MinorCare| age.is_some_and(|age| (protected_from(state, care)..age_of_majority(state)).contains(&age));
    // An age nobody recorded protects nothing by itself; the label does.
    let protected = view.categories().any(|c| c == Category::MinorConfidential || care(c).is_some_and(minor));
    if !protected {
        return Finding::NotApplicable;
    }
    let shared = candidate.point.is_some_and(PointView::is_shared);
    let household = candidate.channel == postern_base::Channel::Mail;
    let other = view.request.recipient.role != RecipientRole::SelfPatient;
    Finding::when(!(shared || household || other), || {
        deny("This is care a minor may consent to alone; it must not reach a parent or a shared address.")
    })
}

/// The kind of care, of those a minor may consent to alone, that a category tells of.
const fn care(category: Category) -> Option<MinorCare> {
    match category {
        Category::Sti | Category::Hiv => Some(MinorCare::Sti),
        Category::Reproductive => Some(MinorCare::Reproductive),
        Category::SubstanceUse | Category::Part2 => Some(MinorCare::SubstanceUse),
        Category::MentalHealth => Some(MinorCare::MentalHealth),
        _ => None,
    }
}

/// State law on majority: a parent's part ends on the birthday; 19 in Alabama and Nebraska.
pub(crate) const MAJORITY: Rule = Rule {
    id: "SPC-06",
    citation: "state law: age of majority",
    ground: Ground::Law,
    read: SourceRead::FromKnowledge,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "A parent's access ends when the patient comes of age; a new grant is needed.",
    scope: Scope::MESSAGE.with(Given::Proxy),
    check: majority,
};

fn majority(view: &View<'_>, _candidate: &Candidate<'_>) -> Finding {
    let Audience::Related(person) = view.audience else { return Finding::NotApplicable };
    let parent = person.relationship.iter().any(|role| {
        matches!(role.as_str(), "PRN" | "MTH" | "FTH" | "PRNFOST" | "NMTH" | "NFTH" | "STPPRN" | "PRNINLAW" | "GUARD")
    });
    if !parent || view.request.recipient.role != RecipientRole::Proxy {
        return Finding::NotApplicable;
    }
    let Some(patient) = view.patient else { return Finding::NotApplicable };
    let of_age = age_of_majority(patient.state.as_deref());
    match age(view, patient) {
        Some(age) if age < of_age => Finding::Satisfied,
        Some(_) => Finding::when(regranted(view, patient, of_age), || {
            deny("The patient has come of age; the parent's access is over until the patient grants it anew.")
                .lifted_by(&[Remedy::GrantPerson])
        }),
        None => unknown("The patient's age is not on record, so nobody knows whether a parent still stands for them."),
    }
}

/// Whether a grant in force was given after the patient came of age.
fn regranted(view: &View<'_>, patient: &Patient, of_age: i16) -> bool {
    let Some(birth) = patient.birth_date else { return false };
    view.active(crate::facts::ConsentKind::ProxyCommunication).any(|grant| {
        let named = view.request.recipient.reference.as_ref().is_some_and(|r| grant.provision.actors.contains(r));
        let day = grant.given.map(|given| TimeZone::UTC.to_datetime(given).date());
        named && day.is_some_and(|day| years(birth, day) >= of_age)
    })
}

fn age(view: &View<'_>, patient: &Patient) -> Option<i16> {
    Some(years(patient.birth_date?, TimeZone::UTC.to_datetime(view.now).date()))
}

/// Whole years between two days.
fn years(birth: Date, today: Date) -> i16 {
    let had_birthday = (today.month(), today.day()) >= (birth.month(), birth.day());
    today.year() - birth.year() - i16::from(!had_birthday)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{Case, refused_by, sends};
    use postern_base::Channel;

    #[test]
    fn protected_care_of_a_minor_stays_off_a_shared_number() {
        let mut case = Case::result();
        case.facts.content.categories.push(Category::Reproductive);
        case.patient().birth_date = Some("2011-05-05".parse().unwrap());
        assert!(sends(&case, Channel::Sms));
        case.patient().points.iter_mut().for_each(|p| p.shared_with.push("RelatedPerson/mother".into()));
        assert!(refused_by(&case, Channel::Sms, "SPC-05"));
    }

    #[test]
    fn a_state_that_lets_younger_minors_consent_is_followed_and_one_without_a_row_is_the_house() {
        let mut case = Case::result();
        case.facts.content.categories.push(Category::Sti);
        case.patient().birth_date = Some("2016-05-05".parse().unwrap());
        case.patient().points.iter_mut().for_each(|p| p.shared_with.push("RelatedPerson/mother".into()));
        case.patient().state = Some("ID".into());
        assert!(!refused_by(&case, Channel::Sms, "SPC-05"));
        case.patient().state = Some("TX".into());
        assert!(refused_by(&case, Channel::Sms, "SPC-05"));
    }

    #[test]
    fn in_alabama_care_of_an_eighteen_year_old_is_still_a_minors() {
        let mut case = Case::result();
        case.facts.content.categories.push(Category::Sti);
        case.patient().birth_date = Some("2008-05-05".parse().unwrap());
        case.patient().points.iter_mut().for_each(|p| p.shared_with.push("RelatedPerson/mother".into()));
        case.patient().state = Some("NY".into());
        assert!(!refused_by(&case, Channel::Sms, "SPC-05"));
        case.patient().state = Some("AL".into());
        assert!(refused_by(&case, Channel::Sms, "SPC-05"));
    }

    #[test]
    fn years_count_from_the_birthday() {
        let birth = "2008-12-02".parse().unwrap();
        assert_eq!(years(birth, "2026-12-01".parse().unwrap()), 17);
        assert_eq!(years(birth, "2026-12-02".parse().unwrap()), 18);
    }

    #[test]
    fn protected_care_of_a_minor_is_not_even_noticed_in_a_family_mailbox() {
        let mut case = Case::result();
        case.facts.content.categories.push(Category::Sti);
        case.patient().birth_date = Some("2011-05-05".parse().unwrap());
        assert!(!refused_by(&case, Channel::Email, "SPC-05"));
        let family = crate::fact::Fact::Known(crate::facts::MailboxKind::Family);
        case.patient().points.iter_mut().for_each(|p| p.mailbox = family);
        assert!(refused_by(&case, Channel::Email, "SPC-05"));
    }
}
