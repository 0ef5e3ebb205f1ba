//! What the classifier is told about the patient, so that it finds the patient's own identifiers in a text.

use postern_base::Phi;
use postern_classify::Recipient;
use postern_ehr::facts::Identity;

/// The identifying texts of a record.
pub(crate) struct Texts<'a> {
    names: Vec<&'a str>,
    family_names: Vec<&'a str>,
    birth_date: Option<(i16, i8, i8)>,
    identifiers: Vec<&'a str>,
    points: Vec<&'a str>,
    streets: Vec<&'a str>,
}

impl<'a> Texts<'a> {
    pub(crate) fn of(identity: &'a Identity) -> Self {
        let texts = |values: &'a [Phi<String>]| values.iter().map(|value| value.reveal().as_str()).collect();
        Self {
            names: texts(&identity.names),
            family_names: texts(&identity.family_names),
            birth_date: identity.birth_date.as_ref().map(|birth| {
                let birth = birth.reveal();
                (birth.year(), birth.month(), birth.day())
            }),
            identifiers: texts(&identity.identifiers),
            points: identity.points.iter().map(|point| &**point.reveal()).collect(),
            streets: texts(&identity.streets),
        }
    }

    pub(crate) fn recipient(&self) -> Recipient<'_> {
        Recipient {
            names: &self.names,
            family_names: &self.family_names,
            birth_date: self.birth_date,
            identifiers: &self.identifiers,
            points: &self.points,
            streets: &self.streets,
        }
    }
}
