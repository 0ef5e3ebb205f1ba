//! What a span can be: the `type` words of `postern scan`.

use std::fmt;

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $word:literal),+ $(,)?) => {
        /// What a span is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind { $($(#[$doc])* $variant),+ }

        impl Kind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The one spelling.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }
    };
}

kinds! {
    /// A person's name.
    Name = "name",
    /// A social security number, or its last four digits.
    Ssn = "ssn",
    /// A date of birth.
    Dob = "dob",
    /// Another date that identifies, such as of a death or an admission.
    Date = "date",
    /// An age over 89.
    Age = "age",
    /// A medical record number.
    Mrn = "mrn",
    /// An account, certificate or licence number.
    Account = "account",
    /// A health plan beneficiary number.
    PlanId = "plan_id",
    /// A postal address.
    Address = "address",
    /// A telephone or fax number.
    Phone = "phone",
    /// An e-mail address.
    Email = "email",
    /// A link that carries identifiers.
    Url = "url",
    /// A device identifier.
    Device = "device",
    /// An IP address.
    Ip = "ip",
    /// A drug.
    Medication = "medication",
    /// A disease, injury or state.
    Condition = "condition",
    /// A laboratory test or its value.
    Lab = "lab",
    /// A procedure or examination.
    Procedure = "procedure",
    /// A symptom.
    Symptom = "symptom",
    /// A specialty that reveals the condition.
    Specialty = "specialty",
    /// A code of a terminology.
    Code = "code",
    /// Care or money content without a clinical word.
    Implied = "implied",
    /// Anything else that identifies.
    Other = "other",
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl std::str::FromStr for Kind {
    type Err = ();
    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == word).ok_or(())
    }
}
