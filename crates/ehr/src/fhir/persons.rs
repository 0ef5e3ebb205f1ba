//! Patient and RelatedPerson.

use super::datatypes::{Address, CodeableConcept, ContactPoint, Extension, HumanName, Identifier, Period, Reference};
use super::fields::{Element, Fields, Problem};
use super::{date, quiet_debug};

/// Patient.
#[derive(Clone, Default)]
pub struct Patient {
    /// MRN and other identifiers.
    pub identifier: Vec<Identifier>,
    /// In use; `None` = not said.
    pub active: Option<bool>,
    /// `active` is there and could not be read.
    pub active_unreadable: bool,
    /// Names.
    pub name: Vec<HumanName>,
    /// Contact points.
    pub telecom: Vec<ContactPoint>,
    /// Date of birth, as written.
    pub birth_date: Option<String>,
    /// Anything but an explicit "not deceased" is on the record.
    pub deceased: bool,
    /// Postal addresses.
    pub address: Vec<Address>,
    /// Languages, and whether each is preferred.
    pub communication: Vec<Communication>,
    /// Whom to call about the patient.
    pub contact: Vec<PatientContact>,
    /// Links to other records of the same person.
    pub link: Vec<PatientLink>,
    /// `link` is there and part of it could not be read.
    pub link_unreadable: bool,
    /// The custodian.
    pub managing_organization: Option<Reference>,
    /// Extensions.
    pub extension: Vec<Extension>,
}

/// Patient.communication.
#[derive(Clone, Default)]
pub struct Communication {
    /// The language.
    pub language: Option<CodeableConcept>,
    /// Preferred.
    pub preferred: bool,
}

/// Patient.contact, of which only the contact points are read.
#[derive(Clone, Default)]
pub struct PatientContact {
    /// Contact points.
    pub telecom: Vec<ContactPoint>,
}

/// Patient.link.
#[derive(Clone, Default)]
pub struct PatientLink {
    /// `replaced-by`, `replaces`, `refer`, `seealso`.
    pub kind: Option<String>,
}

/// RelatedPerson.
#[derive(Clone, Default)]
pub struct RelatedPerson {
    /// Of whom.
    pub patient: Option<Reference>,
    /// In use; `None` = not said.
    pub active: Option<bool>,
    /// `active` is there and could not be read.
    pub active_unreadable: bool,
    /// Relationships.
    pub relationship: Vec<CodeableConcept>,
    /// Names.
    pub name: Vec<HumanName>,
    /// Contact points.
    pub telecom: Vec<ContactPoint>,
    /// When the relationship holds.
    pub period: Option<Period>,
    /// `period` is there and could not be read.
    pub period_unreadable: bool,
}

quiet_debug!(Patient, Communication, PatientContact, PatientLink, RelatedPerson);

impl Element for Patient {
    fn read(f: &mut Fields<'_, '_>) -> Self {
        let active = f.boolean("active");
        // A death flag that cannot be read counts as one: RULES PRI-07 fails closed.
        let deceased_date = f.has("deceasedDateTime") || f.has("_deceasedDateTime");
        let deceased = deceased_date || (f.has("deceasedBoolean") && f.boolean("deceasedBoolean") != Some(false));
        let birth_date = f.text("birthDate");
        if birth_date.as_deref().is_some_and(|text| date::parse(text).is_none()) {
            f.note("birthDate", None, Problem::BadDate);
        }
        let before = f.issue_count();
        let link = f.many("link");
        Self {
            link_unreadable: f.issue_count() > before,
            link,
            identifier: f.many("identifier"),
            active_unreadable: f.has("active") && active.is_none(),
            active,
            name: f.many("name"),
            telecom: f.many("telecom"),
            birth_date,
            deceased,
            address: f.many("address"),
            communication: f.many("communication"),
            contact: f.many("contact"),
            managing_organization: f.one("managingOrganization"),
            extension: f.many("extension"),
        }
    }
}

impl Element for Communication {
    fn read(f: &mut Fields<'_, '_>) -> Self {
        Self { language: f.one("language"), preferred: f.boolean("preferred").unwrap_or(false) }
    }
}

impl Element for PatientContact {
    fn read(f: &mut Fields<'_, '_>) -> Self {
        Self { telecom: f.many("telecom") }
    }
}

impl Element for PatientLink {
    fn read(f: &mut Fields<'_, '_>) -> Self {
        let kind = f.text("type");
        if kind.is_none() {
            f.note("type", None, Problem::UnknownCode);
        }
        Self { kind }
    }
}

impl Element for RelatedPerson {
    fn read(f: &mut Fields<'_, '_>) -> Self {
        let active = f.boolean("active");
        let period: Option<Period> = f.one("period");
        Self {
            patient: f.one("patient"),
            active_unreadable: f.has("active") && active.is_none(),
            active,
            relationship: f.many("relationship"),
            name: f.many("name"),
            telecom: f.many("telecom"),
            period_unreadable: f.has("period") && period.as_ref().is_none_or(|p| p.unreadable),
            period,
        }
    }
}
