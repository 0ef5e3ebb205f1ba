//! Minors: care they consented to alone, and the end of a parent's part.

use crate::candidate::Candidate;
use crate::facts::Patient;
use crate::finding::{Finding, MISSING, deny, unknown};
use crate::reference::{MinorCare, majority_ages, protected_from};
use crate::remedy::Remedy;
use crate::rules::scope::{Given, Scope};
use crate::rules::{Effective, Ground, Rule, SourceRead};
use crate::view::{Audience, PointView, View};
use jiff::civil::Date;
use postern_base::{Category, RecipientRole};

/// 45 CFR 164.502(g)(3)(ii): state law decides what a parent may see; until counsel has filled the table, protect.
pub(crate) const MINOR_CONSENTED: Rule = Rule {
    id: "SPC-05",
    citation: "45 CFR 164.502(g)(3)(ii)",
    ground: Ground::Law,
    read: SourceRead::FromKnowledge,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "Protected care of a minor, of the ages the state's table names, goes to nobody but the minor, nor to a shared or postal address.",
    scope: Scope::ANY.with(Given::Category),
    check: minor_consented,
};

fn minor_consented(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    let Some(patient) = view.patient else { return Finding::NotApplicable };
    let practice = view.facts.tenant.state.as_deref().filter(|_| patient.states.is_empty());
    let bears = |state: &str| patient.may_live_in(state) || practice == Some(state);
    // Where the patient's clocks have not all reached the birthday, it is and it is not: what protects counts.
    let ages = ages(view, patient);
    let minor = |care: MinorCare| {
        ages.is_some_and(|(young, old)| old >= protected_from(bears, care) && young < majority_ages(patient).1)
    };
    // An age nobody recorded protects nothing by itself; the label does.
    let protected = view.categories().any(|c| c == Category::MinorConfidential || care(c).is_some_and(minor));
    if !protected {
        return Finding::NotApplicable;
    }
    let shared = candidate.point.is_some_and(PointView::may_be_anothers);
    let household = candidate.channel == postern_base::Channel::Mail;
    let other = view.request.recipient.role != RecipientRole::SelfPatient;
    Finding::when(!(shared || household || other), || {
        deny("This is care a minor may consent to alone; it must not reach a parent or a shared address.")
            .for_good("It must not reach a parent; the minor reads it behind their own sign-in.")
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
    asks: "What was granted for a minor ends when the patient comes of age, a parent's part above all; a new grant is needed.",
    scope: Scope::MESSAGE,
    check: majority,
};

fn majority(view: &View<'_>, _candidate: &Candidate<'_>) -> Finding {
    let Audience::Related(person) = view.audience else { return Finding::NotApplicable };
    let is = |roles: &[&str]| person.relationship.iter().any(|role| roles.contains(&role.to_uppercase().as_str()));
    // A power of attorney is the patient's own act, whenever it was recorded.
    if is(OUTLIVE) {
        return Finding::NotApplicable;
    }
    let Some(patient) = view.patient else { return Finding::NotApplicable };
    // Of two homes the state that lets a parent's part end sooner is obeyed.
    let (of_age, _) = majority_ages(patient);
    let from_childhood = granted(view, patient, |age| age < of_age);
    let proxy = view.request.recipient.role == RecipientRole::Proxy;
    // Who is not said to be anybody's husband or daughter may be a parent: in a word of another code, in words, or in none.
    if !from_childhood && (!proxy || is(OTHERS)) {
        return Finding::NotApplicable;
    }
    match ages(view, patient) {
        Some((_, old)) if old < of_age => Finding::Satisfied,
        Some(_) => Finding::when(granted(view, patient, |age| age >= of_age), || {
            deny("The patient has come of age; what was granted to a parent, or while they were a minor, is over until the patient grants it anew.")
                .lifted_by(&[Remedy::GrantPerson])
        }),
        None => unknown("The patient's age is not on record, so nobody knows whether a parent still stands for them.")
            .for_good(MISSING),
    }
}

/// Whether a grant in force names the recipient and was given when the patient's age was as `of` says.
fn granted(view: &View<'_>, patient: &Patient, of: impl Fn(i16) -> bool) -> bool {
    let Some(birth) = patient.birth_date else { return false };
    view.active(crate::facts::ConsentKind::ProxyCommunication).any(|grant| {
        let named = view.request.recipient.reference.as_ref().is_some_and(|r| grant.provision.actors.contains(r));
        named && grant.given.is_some_and(|given| of(years(birth, view.local_days_at(given).0)))
    })
}

/// Whose part does not end with a birthday (HL7 v3-RoleCode): who holds the patient's power of attorney.
const OUTLIVE: &[&str] = &["HPOWATT", "DPOWATT", "POWATT", "SPOWATT"];
/// Who is no parent of the patient (HL7 v3-RoleCode): wives, husbands and partners, children, brothers and sisters, friends.
const OTHERS: &[&str] = &[
    "SPS",
    "HUSB",
    "WIFE",
    "DOMPART",
    "SIGOTHR",
    "CHILD",
    "SON",
    "DAU",
    "NCHILD",
    "SONC",
    "DAUC",
    "CHLDADOPT",
    "SONADOPT",
    "DAUADOPT",
    "STPCHLD",
    "STPSON",
    "STPDAU",
    "SONINLAW",
    "DAUINLAW",
    "CHLDINLAW",
    "GRNDCHILD",
    "GRNDSON",
    "GRNDDAU",
    "SIB",
    "BRO",
    "SIS",
    "NSIB",
    "NBRO",
    "NSIS",
    "HBRO",
    "HSIS",
    "STPBRO",
    "STPSIS",
    "TWIN",
    "FRND",
    "NBOR",
    "ROOM",
    "NEPHEW",
    "NIECE",
];

/// Whether the patient is a minor by every one of their clocks; where the age is not on record, nobody can say so.
pub(crate) fn is_minor(view: &View<'_>) -> bool {
    let old = |patient: &Patient| ages(view, patient).map(|(_, old)| old);
    view.patient.is_some_and(|patient| old(patient).is_some_and(|old| old < majority_ages(patient).0))
}

/// The patient's age in whole years by the earliest and by the latest of their clocks.
fn ages(view: &View<'_>, patient: &Patient) -> Option<(i16, i16)> {
    let birth = patient.birth_date?;
    let (earliest, latest) = view.local_days();
    Some((years(birth, earliest), years(birth, latest)))
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
        let alone = case.patient().points.clone();
        case.patient().points.iter_mut().for_each(|p| p.shared_with.push("RelatedPerson/mother".into()));
        assert!(refused_by(&case, Channel::Sms, "SPC-05"));
        case.patient().points = alone;
        case.patient().points.iter_mut().for_each(|point| point.of_another = true);
        assert!(refused_by(&case, Channel::Sms, "SPC-05"), "the child's number is the mother's");
    }

    #[test]
    fn a_state_that_lets_younger_minors_consent_is_followed_and_one_without_a_row_is_the_house() {
        let mut case = Case::result();
        case.facts.content.categories.push(Category::Sti);
        case.patient().birth_date = Some("2016-05-05".parse().unwrap());
        case.patient().points.iter_mut().for_each(|p| p.shared_with.push("RelatedPerson/mother".into()));
        case.patient().states = vec!["ID".into()];
        assert!(!refused_by(&case, Channel::Sms, "SPC-05"));
        case.patient().states = vec!["TX".into()];
        assert!(refused_by(&case, Channel::Sms, "SPC-05"));
    }

    #[test]
    fn in_alabama_care_of_an_eighteen_year_old_is_still_a_minors() {
        let mut case = Case::result();
        case.facts.content.categories.push(Category::Sti);
        case.patient().birth_date = Some("2008-05-05".parse().unwrap());
        case.patient().points.iter_mut().for_each(|p| p.shared_with.push("RelatedPerson/mother".into()));
        case.patient().states = vec!["NY".into()];
        assert!(!refused_by(&case, Channel::Sms, "SPC-05"));
        case.patient().states = vec!["AL".into()];
        assert!(refused_by(&case, Channel::Sms, "SPC-05"));
    }

    #[test]
    fn a_parents_part_ends_on_the_birthday_where_the_patient_is_and_not_the_evening_before() {
        let mother = |now: &str, zones: Vec<String>| {
            let mut case = Case::of("appointment_reminder", postern_base::Level::L1, &[Channel::Portal]);
            let person = "RelatedPerson/r1";
            case.request.recipient.role = RecipientRole::Proxy;
            case.request.recipient.reference = Some(person.into());
            case.facts.related.push(crate::sample::related(person, "NMTH"));
            let permit = crate::facts::Provision {
                decision: Some(crate::facts::Ruling::Permit),
                actors: vec![person.into()],
                ..Default::default()
            };
            case.consents().push(crate::sample::consent(crate::facts::ConsentKind::ProxyCommunication, permit));
            case.patient().birth_date = Some("2008-12-02".parse().unwrap());
            case.patient().zones = zones;
            case.facts.now = now.parse().unwrap();
            refused_by(&case, Channel::Portal, "SPC-06")
        };
        let new_york = || vec!["America/New_York".to_owned()];
        // 19:30 on the first of December in New York is the second by the clock of Greenwich.
        assert!(!mother("2026-12-02T00:30:00Z", new_york()) && mother("2026-12-02T05:00:00Z", new_york()));
        assert!(mother("2026-12-02T00:30:00Z", vec![]), "where no clock is known the earliest end protects");
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
