//! What the roles of staff may ask for (45 CFR 164.308(a)(4)(i): access is authorised, by role). house: six roles that a small practice has;
//! its settings may say otherwise of each, and add more.

use postern_base::Purpose;
use std::collections::BTreeMap;

use Purpose::{
    AppointmentReminder, Billing, BreachNotice, ConsentConfirmation, Emergency, FollowUp, Marketing, Medication,
    OneTimeCode, Recall, Survey, TestResult, TreatmentUpdate,
};

/// The roles that are built in, each with the purposes it may ask for.
const BUILT_IN: &[(&str, &[Purpose])] = &[
    ("clinician", Purpose::ALL),
    (
        "nurse",
        &[
            AppointmentReminder,
            Recall,
            TestResult,
            Medication,
            FollowUp,
            TreatmentUpdate,
            Emergency,
            Survey,
            OneTimeCode,
            ConsentConfirmation,
        ],
    ),
    ("front_desk", &[AppointmentReminder, Recall, Survey, OneTimeCode, ConsentConfirmation]),
    ("billing", &[Billing, OneTimeCode, ConsentConfirmation]),
    ("privacy_officer", &[BreachNotice, OneTimeCode, ConsentConfirmation]),
    ("marketing", &[Marketing, Survey]),
];

/// Roles as a tenant's settings say them.
pub(crate) type Roles = BTreeMap<String, Vec<Purpose>>;

/// Whether `role` may ask for `purpose`; `None` = there is no such role.
pub(crate) fn may(role: &str, purpose: Purpose, own: &Roles) -> Option<bool> {
    let built_in = || BUILT_IN.iter().find(|(name, _)| *name == role).map(|(_, purposes)| *purposes);
    let purposes = own.get(role).map(Vec::as_slice).or_else(built_in)?;
    Some(purposes.contains(&purpose))
}

/// The names of every role.
pub(crate) fn names(own: &Roles) -> Vec<String> {
    let mut names: Vec<String> =
        BUILT_IN.iter().map(|(name, _)| (*name).to_owned()).chain(own.keys().cloned()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_may_what_its_settings_say_and_one_that_is_not_there_is_not_known() {
        let own = BTreeMap::from([("front_desk".to_owned(), vec![Billing]), ("courier".to_owned(), vec![])]);
        assert_eq!(may("front_desk", AppointmentReminder, &Roles::new()), Some(true));
        assert_eq!(may("front_desk", TestResult, &Roles::new()), Some(false));
        assert_eq!(may("front_desk", AppointmentReminder, &own), Some(false), "the settings say otherwise");
        assert_eq!((may("front_desk", Billing, &own), may("courier", Billing, &own)), (Some(true), Some(false)));
        assert_eq!(may("courier", Billing, &Roles::new()), None);
        assert!(names(&own).windows(2).all(|pair| pair[0] < pair[1]) && names(&own).len() == 7);
    }
}
