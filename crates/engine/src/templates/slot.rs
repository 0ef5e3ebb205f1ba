//! Slots: what a template takes, of which kind, and how much a value may reveal.

use jiff::civil::{Date, DateTime};
use postern_base::{Language, Level};

/// A slot.
#[derive(Debug, Clone, Copy)]
pub struct Slot {
    /// Its name.
    pub name: &'static str,
    /// What a value looks like.
    pub kind: SlotKind,
    /// How much a value may reveal.
    pub class: DataClass,
    /// A request without it is refused.
    pub required: bool,
}

/// What a value looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SlotKind {
    /// Local date and time, `2026-12-04T14:00`.
    DateTime,
    /// A date, `2026-12-04`.
    Date,
    /// One line of at most so many characters.
    Line(usize),
    /// Text of at most so many characters; line breaks allowed.
    Prose(usize),
    /// 4 to 10 digits: a one-time code.
    Code,
    /// An amount in US dollars, `120.00`.
    Amount,
}

/// How much a value may reveal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataClass {
    /// Nothing: a random code.
    Code,
    /// Date, time, site.
    Logistics,
    /// Money and general care.
    General,
    /// Diagnosis, test, value, drug, procedure.
    Diagnostic,
}

impl DataClass {
    /// The level of a value of this class.
    #[must_use]
    pub const fn level(self) -> Level {
        match self {
            Self::Code => Level::L0,
            Self::Logistics => Level::L1,
            Self::General => Level::L2,
            Self::Diagnostic => Level::L3,
        }
    }
}

/// A value that fits its slot.
#[derive(Clone, PartialEq, Eq)]
pub enum Value {
    /// A local date and time.
    DateTime(DateTime),
    /// A date.
    Date(Date),
    /// Text.
    Text(String),
}

impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Value")
    }
}

/// Why a value does not fit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SlotError {
    /// The template has no such slot.
    #[error("the template has no such slot; it has: {}", known.join(", "))]
    Undeclared {
        /// The slots it has.
        known: Vec<&'static str>,
    },
    /// It is required.
    #[error("this slot is required")]
    Missing,
    /// It is not what the slot takes.
    #[error("expected {0}")]
    Expected(&'static str),
    /// It is too long.
    #[error("at most {0} characters")]
    TooLong(usize),
}

impl Slot {
    /// Reads a value.
    ///
    /// # Errors
    /// [`SlotError`].
    pub fn read(&self, text: &str) -> Result<Value, SlotError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(SlotError::Expected("a value that is not empty"));
        }
        match self.kind {
            SlotKind::DateTime => text
                .parse()
                .map(Value::DateTime)
                .map_err(|_| SlotError::Expected("a local date and time such as 2026-12-04T14:00")),
            SlotKind::Date => {
                text.parse().map(Value::Date).map_err(|_| SlotError::Expected("a date such as 2026-12-04"))
            }
            SlotKind::Line(most) => line(text, most, false),
            SlotKind::Prose(most) => line(text, most, true),
            SlotKind::Code => {
                let well = (4..=10).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
                if well { Ok(Value::Text(text.to_owned())) } else { Err(SlotError::Expected("4 to 10 digits")) }
            }
            SlotKind::Amount => amount(text),
        }
    }
}

fn line(text: &str, most: usize, breaks: bool) -> Result<Value, SlotError> {
    if text.chars().count() > most {
        return Err(SlotError::TooLong(most));
    }
    if text.chars().any(|c| c.is_control() && !(breaks && c == '\n')) {
        return Err(SlotError::Expected("text without control characters"));
    }
    Ok(Value::Text(text.to_owned()))
}

fn amount(text: &str) -> Result<Value, SlotError> {
    let (whole, cents) = text.split_once('.').unwrap_or((text, "00"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if digits(whole) && whole.len() <= 7 && digits(cents) && cents.len() == 2 {
        Ok(Value::Text(format!("${whole}.{cents}")))
    } else {
        Err(SlotError::Expected("an amount in dollars such as 120.00"))
    }
}

const MONTHS_EN: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const MONTHS_ES: [&str; 12] = ["ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sep", "oct", "nov", "dic"];

impl Value {
    /// The value in `language`, short enough for a text message and within the GSM-7 alphabet where the value allows.
    #[must_use]
    pub fn show(&self, language: Language) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Date(date) => day(*date, language),
            Self::DateTime(at) => {
                let (hour, minute) = (at.hour(), at.minute());
                let time = match language {
                    Language::Es => format!("{hour}:{minute:02}"),
                    Language::En => {
                        let half = if hour < 12 { "AM" } else { "PM" };
                        let hour = if hour % 12 == 0 { 12 } else { hour % 12 };
                        format!("{hour}:{minute:02} {half}")
                    }
                };
                format!("{}, {time}", day(at.date(), language))
            }
        }
    }
}

fn day(date: Date, language: Language) -> String {
    let month = usize::try_from(date.month()).unwrap_or(1).saturating_sub(1);
    match language {
        Language::En => {
            let weekday = match date.weekday() {
                jiff::civil::Weekday::Monday => "Mon",
                jiff::civil::Weekday::Tuesday => "Tue",
                jiff::civil::Weekday::Wednesday => "Wed",
                jiff::civil::Weekday::Thursday => "Thu",
                jiff::civil::Weekday::Friday => "Fri",
                jiff::civil::Weekday::Saturday => "Sat",
                jiff::civil::Weekday::Sunday => "Sun",
            };
            format!("{weekday} {} {}", MONTHS_EN.get(month).unwrap_or(&""), date.day())
        }
        Language::Es => format!("{} {}", date.day(), MONTHS_ES.get(month).unwrap_or(&"")),
    }
}
