//! What a message is about: a visit, a result, an order.

use crate::reference::HeldResult;
use jiff::Timestamp;
use postern_base::Category;

/// The event a request is about.
#[derive(Debug, Clone)]
pub struct Event {
    /// `Appointment/a1`.
    pub reference: String,
    /// Where it stands.
    pub status: EventStatus,
    /// When it begins; for a result, when it was finalised.
    pub at: Option<Timestamp>,
    /// The class of a result, where somebody recorded it.
    pub result_class: Option<ResultClass>,
    /// The kinds of result that the report's own words tell.
    pub told_classes: Vec<ResultClass>,
    /// The kinds of test that the report is of by its own codes and words; empty = none that is known.
    pub tested_classes: Vec<ResultClass>,
    /// When a clinician released a result.
    pub clinician_release: Option<Timestamp>,
    /// A clinician's determination that the result would harm the patient.
    pub hold: Option<ClinicianHold>,
    /// Categories that labels on it make protected.
    pub labels: Vec<Category>,
}

impl Event {
    /// An event of which nothing but its reference, where it stands and perhaps when it begins is known.
    #[must_use]
    pub const fn new(reference: String, status: EventStatus, at: Option<Timestamp>) -> Self {
        Self {
            reference,
            status,
            at,
            result_class: None,
            told_classes: Vec::new(),
            tested_classes: Vec::new(),
            clinician_release: None,
            hold: None,
            labels: Vec::new(),
        }
    }

    /// Whether it is a result.
    #[must_use]
    pub fn is_report(&self) -> bool {
        is_report(&self.reference)
    }

    /// Whether a clinician has released it by `now`.
    #[must_use]
    pub fn is_released(&self, now: Timestamp) -> bool {
        self.released_at().is_some_and(|at| at <= now)
    }

    /// When a clinician released it; `None` where nobody did, and where the release is older than the result: whoever gave it had
    /// not seen this one.
    #[must_use]
    pub fn released_at(&self) -> Option<Timestamp> {
        self.clinician_release.filter(|released| self.at.is_none_or(|is_final| is_final <= *released))
    }
}

/// Whether a reference is one to a result.
pub(crate) fn is_report(reference: &str) -> bool {
    reference.starts_with("DiagnosticReport/")
}

/// A clinician's determination that access would harm the patient (45 CFR 171.201), as it was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClinicianHold {
    /// A clinician is named.
    pub named: bool,
    /// The reason given is a risk to life or physical safety.
    pub physical_harm: bool,
    /// Until when; `None` = without an end.
    pub until: Option<Timestamp>,
}

/// Where an event stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventStatus {
    /// It will happen, or the result is final.
    Active,
    /// A result that is not final yet, or a visit that nobody has booked yet.
    Pending,
    /// Cancelled, withdrawn, stopped.
    Cancelled,
    /// Entered in error: it should never have been, or is somebody else's.
    InError,
    /// It has begun, or is over.
    Past,
    /// A status Postern does not know.
    Unknown,
}

/// The class of a result that a state may hold back (RULES SPC-08, SPC-09).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResultClass {
    /// Likely malignant.
    Malignancy,
    /// A genetic marker.
    Genetic,
    /// An HIV test.
    Hiv,
    /// A hepatitis test.
    Hepatitis,
    /// A test for drugs.
    DrugTest,
    /// Anything else.
    Other,
}

impl ResultClass {
    /// Every class, in the order of their codes.
    pub const ALL: [Self; 6] =
        [Self::Malignancy, Self::Genetic, Self::Hiv, Self::Hepatitis, Self::DrugTest, Self::Other];
}

impl From<HeldResult> for ResultClass {
    fn from(held: HeldResult) -> Self {
        match held {
            HeldResult::Malignancy => Self::Malignancy,
            HeldResult::Genetic => Self::Genetic,
            HeldResult::Hiv => Self::Hiv,
            HeldResult::Hepatitis => Self::Hepatitis,
            HeldResult::DrugTest => Self::DrugTest,
        }
    }
}
