//! Fifty made-up patients, each with a situation that decides what may be said to them.

use super::records;
use jiff::ToSpan as _;
use jiff::civil::Date;
use serde_json::{Value, json};

/// How many patients there are.
pub(crate) const PATIENTS: u32 = 50;

/// What is special about a patient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Situation {
    /// Nothing: a verified mobile number and a consent.
    Ordinary,
    /// Said no to text messages.
    OptedOut,
    /// Asked to be reached at one number only (45 CFR 164.522(b)).
    Confidential,
    /// The number was never verified.
    Unverified,
    /// Two patients share one phone.
    SharedPhone,
    /// Twelve years old.
    Minor,
    /// The record is of a substance use programme (42 CFR Part 2).
    Part2,
    /// The mail domain has no TLS.
    NoTls,
    /// Only mail, to a domain with DANE.
    MailOnly,
    /// Only calls, and the voice vendor's agreement is over.
    CallsOnly,
    /// Lives in California: it is early there.
    Pacific,
    /// Has died.
    Deceased,
    /// The visit was cancelled.
    CancelledVisit,
    /// Never agreed to texts, and staff wrote the number down.
    NoConsent,
    /// Others read the phone.
    UnsafeDevice,
}

impl Situation {
    /// The same in words, for the screen.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Ordinary => "",
            Self::OptedOut => "said no to texts",
            Self::Confidential => "one address only, 164.522(b)",
            Self::Unverified => "number not verified",
            Self::SharedPhone => "shares a phone",
            Self::Minor => "a minor",
            Self::Part2 => "42 CFR Part 2 record",
            Self::NoTls => "mail domain without TLS",
            Self::MailOnly => "mail only",
            Self::CallsOnly => "calls only, agreement expired",
            Self::Pacific => "in California",
            Self::Deceased => "deceased",
            Self::CancelledVisit => "visit cancelled",
            Self::NoConsent => "no consent on record",
            Self::UnsafeDevice => "others read the phone",
        }
    }

    fn of(number: u32) -> Self {
        match number {
            29 | 30 => Self::OptedOut,
            31 | 32 => Self::Confidential,
            33 => Self::Unverified,
            34 | 35 => Self::SharedPhone,
            36 => Self::Minor,
            37 | 38 => Self::Part2,
            39 => Self::NoTls,
            40 => Self::MailOnly,
            41 => Self::CallsOnly,
            42..=44 => Self::Pacific,
            45 => Self::Deceased,
            46 => Self::CancelledVisit,
            47 | 48 => Self::NoConsent,
            49 => Self::UnsafeDevice,
            _ => Self::Ordinary,
        }
    }
}

/// A made-up patient.
#[derive(Debug, Clone)]
pub(crate) struct DemoPatient {
    /// 1 to 50.
    pub(crate) number: u32,
    /// What is special about them.
    pub(crate) situation: Situation,
    /// Prefers Spanish.
    pub(crate) spanish: bool,
}

impl DemoPatient {
    /// The logical id, such as `p07`. It is what the screen shows instead of a name.
    pub(crate) fn id(&self) -> String {
        format!("p{:02}", self.number)
    }

    /// The reference of their visit.
    pub(crate) fn visit(&self) -> String {
        format!("Appointment/visit-{}", self.id())
    }

    /// The mobile number, from the range kept for fiction.
    pub(crate) fn phone(&self) -> String {
        let area = if self.situation == Situation::Pacific { 415 } else { 212 };
        // The two who share a phone have the first one's number.
        let number = if self.situation == Situation::SharedPhone { 34 } else { self.number };
        format!("+1{area}555{:04}", 100_u32.saturating_add(number))
    }

    /// The mail address.
    pub(crate) fn mail(&self) -> String {
        let domain = if self.situation == Situation::NoTls { "no-tls.example" } else { "mail.example" };
        format!("{}@{domain}", self.id())
    }

    /// Given and family name.
    pub(crate) fn name(&self) -> (&'static str, &'static str) {
        const GIVEN: [&str; 10] = ["Alma", "Bram", "Cleo", "Dara", "Enzo", "Fern", "Gus", "Hana", "Ivo", "June"];
        const GIVEN_ES: [&str; 5] = ["Lucía", "Mateo", "Noelia", "Óscar", "Pilar"];
        const FAMILY: [&str; 7] = ["Ashby", "Brook", "Calder", "Dunmore", "Elland", "Fairley", "Garrow"];
        const FAMILY_ES: [&str; 4] = ["Arrieta", "Bermejo", "Cabrales", "Duarte"];
        fn pick(list: &[&'static str], number: u32) -> &'static str {
            let index = usize::try_from(number).unwrap_or(0).checked_rem(list.len()).unwrap_or(0);
            list.get(index).copied().unwrap_or("Alma")
        }
        if self.spanish {
            (pick(&GIVEN_ES, self.number), pick(&FAMILY_ES, self.number))
        } else {
            (pick(&GIVEN, self.number), pick(&FAMILY, self.number))
        }
    }

    /// The day they were born, as of `today`.
    pub(crate) fn born(&self, today: Date) -> Date {
        let years: i16 = if self.situation == Situation::Minor { 12 } else { 30 };
        today.saturating_sub(years.years()).saturating_sub(i64::from(self.number).days())
    }

    /// The hour of their visit, local.
    pub(crate) const fn hour(&self) -> u32 {
        9 + self.number % 8
    }
}

/// Everybody.
pub(crate) fn patients() -> Vec<DemoPatient> {
    (1..=PATIENTS)
        .map(|number| DemoPatient {
            number,
            situation: Situation::of(number),
            spanish: (21..=28).contains(&number) || number == 32 || number == 44,
        })
        .collect()
}

/// The clinic's records as a FHIR R4 collection, as of `today`.
pub(crate) fn bundle(today: Date) -> Value {
    let mut resources = records::clinic();
    for patient in patients() {
        resources.extend(records::of(&patient, today));
    }
    let entries: Vec<Value> = resources.into_iter().map(|resource| json!({ "resource": resource })).collect();
    json!({ "resourceType": "Bundle", "type": "collection", "entry": entries })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_clinic_is_the_same_every_time_and_has_fifty_patients() {
        let day = Date::constant(2026, 12, 1);
        let one = bundle(day);
        assert_eq!(one, bundle(day));
        let people = one["entry"].as_array().unwrap().iter().filter(|e| e["resource"]["resourceType"] == "Patient");
        assert_eq!(people.count(), 50);
    }

    #[test]
    fn every_number_is_one_kept_for_fiction_and_every_address_is_nobodys() {
        for patient in patients() {
            let phone = patient.phone();
            let (_, line) = phone.rsplit_once("555").unwrap();
            assert!((100..200).contains(&line.parse::<u32>().unwrap()) && line.len() == 4, "{phone}");
            assert!(patient.mail().ends_with(".example"));
        }
    }

    #[test]
    fn only_the_two_who_share_a_phone_have_the_same_number() {
        let numbers: BTreeSet<String> = patients().iter().map(DemoPatient::phone).collect();
        assert_eq!(numbers.len(), 49);
    }
}
