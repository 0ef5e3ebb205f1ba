//! Data classes: what a slot holds, what a value of it looks like, and how much it may reveal.

use postern_base::Level;

/// What a value looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Local date and time, `2026-12-04T14:00`.
    DateTime,
    /// A date, `2026-12-04`.
    Date,
    /// A time of day, `14:00`.
    Time,
    /// One line.
    Line,
    /// Text; line breaks allowed.
    Prose,
    /// 4 to 10 digits.
    Code,
    /// An amount in US dollars, `120.00`.
    Amount,
    /// A telephone number.
    Phone,
    /// An https address.
    Link,
}

macro_rules! classes {
    ($($(#[$doc:meta])* $variant:ident = $word:literal, $shape:ident, $max:literal, $floor:ident, $worst:ident;)+) => {
        /// What a slot holds.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum DataClass { $($(#[$doc])* $variant),+ }

        impl DataClass {
            /// Every class.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The one spelling, as templates write it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// What a value looks like.
            #[must_use]
            pub const fn shape(self) -> Shape {
                match self { $(Self::$variant => Shape::$shape),+ }
            }

            /// The longest value in characters, unless the slot says less.
            #[must_use]
            pub const fn chars_max(self) -> usize {
                match self { $(Self::$variant => $max),+ }
            }

            /// What every value is taken to carry when it is rendered; what the classifier finds in it can only raise that.
            #[must_use]
            pub const fn floor(self) -> Level {
                match self { $(Self::$variant => Level::$floor),+ }
            }

            /// The most a value can carry: what a template is judged by when it is saved.
            #[must_use]
            pub const fn worst(self) -> Level {
                match self { $(Self::$variant => Level::$worst),+ }
            }
        }
    };
}

classes! {
    /// A random one-time code: it means nothing.
    Code = "code", Code, 10, L0, L0;
    /// A link to a domain of the practice's own.
    Link = "link", Link, 120, L0, L0;
    /// A telephone number of the practice.
    Phone = "phone", Phone, 20, L1, L1;
    /// Date and time.
    DateTime = "date_time", DateTime, 20, L1, L1;
    /// A date.
    Date = "date", Date, 12, L1, L1;
    /// A time of day.
    Time = "time", Time, 8, L1, L1;
    /// Where: an address or a building, not a department.
    Site = "site", Line, 40, L1, L1;
    /// A neutral name of an organisation.
    Organization = "organization", Line, 40, L1, L1;
    /// What the practice tells everybody, such as an open day: nothing in it is about the patient.
    PublicNews = "public_news", Line, 60, L1, L1;
    /// Who treats: a name, which may tell the specialty.
    Clinician = "clinician", Line, 60, L2, L3;
    /// Money.
    Amount = "amount", Amount, 12, L2, L2;
    /// What the practice says about itself and what it did, such as the account of a breach.
    Statement = "statement", Prose, 1500, L2, L4;
    /// What a service of the practice is: it may name a treatment, and is not about the patient.
    Service = "service", Prose, 600, L2, L3;
    /// A drug.
    Drug = "drug", Line, 80, L3, L4;
    /// A test.
    Test = "test", Line, 80, L3, L4;
    /// The result of a test.
    ResultValue = "result", Line, 80, L3, L4;
    /// A kind of visit, an examination, an operation.
    Procedure = "procedure", Line, 80, L3, L4;
    /// A diagnosis.
    Diagnosis = "diagnosis", Line, 80, L3, L4;
    /// What the patient is to do.
    Instructions = "instructions", Prose, 1000, L3, L4;
    /// Whatever somebody writes.
    FreeText = "free_text", Prose, 1000, L3, L4;
}

impl std::str::FromStr for DataClass {
    type Err = ();
    fn from_str(word: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|class| class.as_str() == word).ok_or(())
    }
}
