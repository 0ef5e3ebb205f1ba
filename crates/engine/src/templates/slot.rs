//! Slots: what a template takes, and the reading and showing of values.

use super::{DataClass, Shape};
use crate::measure;
use jiff::civil::{Date, DateTime, Time};
use postern_base::Language;

/// A slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub class: DataClass,
    /// The longest value, in characters.
    pub chars_max: usize,
    /// A request without it is refused.
    pub required: bool,
}

/// A value that fits its slot.
#[derive(Clone, PartialEq, Eq)]
pub enum Value {
    /// A local date and time.
    DateTime(DateTime),
    /// A date.
    Date(Date),
    /// A time of day.
    Time(Time),
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
        known: Vec<String>,
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
    /// [`SlotError`]; the value is never repeated.
    pub fn read(&self, text: &str) -> Result<Value, SlotError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(SlotError::Expected("a value that is not empty"));
        }
        let parsed = match self.class.shape() {
            Shape::DateTime => {
                text.parse().map(Value::DateTime).map_err(|_| "a local date and time such as 2026-12-04T14:00")
            }
            Shape::Date => text.parse().map(Value::Date).map_err(|_| "a date such as 2026-12-04"),
            Shape::Time => text.parse().map(Value::Time).map_err(|_| "a time of day such as 14:00"),
            Shape::Line => return self.line(text, false),
            Shape::Prose => return self.line(text, true),
            Shape::Code => code(text),
            Shape::Amount => amount(text),
            Shape::Phone => phone(text),
            Shape::Link => link(text, self.chars_max),
        };
        parsed.map_err(SlotError::Expected)
    }

    fn line(&self, text: &str, prose: bool) -> Result<Value, SlotError> {
        if text.chars().count() > self.chars_max {
            return Err(SlotError::TooLong(self.chars_max));
        }
        if text.chars().any(|c| unseen(c) && !(prose && c == '\n')) {
            return Err(SlotError::Expected("text without control, direction or invisible characters"));
        }
        if !prose && measure::has_link(text) {
            return Err(SlotError::Expected("text without a link"));
        }
        Ok(Value::Text(text.to_owned()))
    }
}

/// Characters that are not shown, end a line, or turn the order of what is shown: they can hide a text from the person who
/// approves it, or end a header (RFC 5322 section 2.2).
pub(crate) fn unseen(c: char) -> bool {
    // Unicode's line and paragraph separators; zero-width and joining marks; explicit direction (UAX 9, section 2); tags.
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

fn code(text: &str) -> Result<Value, &'static str> {
    let well = (4..=10).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    if well { Ok(Value::Text(text.to_owned())) } else { Err("4 to 10 digits") }
}

fn amount(text: &str) -> Result<Value, &'static str> {
    let (whole, cents) = text.split_once('.').unwrap_or((text, "00"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if digits(whole) && whole.len() <= 7 && digits(cents) && cents.len() == 2 {
        Ok(Value::Text(format!("${whole}.{cents}")))
    } else {
        Err("an amount in dollars such as 120.00")
    }
}

fn phone(text: &str) -> Result<Value, &'static str> {
    let known =
        text.bytes().enumerate().all(|(at, b)| b.is_ascii_digit() || b" ()-.".contains(&b) || (at == 0 && b == b'+'));
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    if known && (7..=15).contains(&digits) && text.len() <= 20 {
        Ok(Value::Text(text.to_owned()))
    } else {
        Err("a telephone number such as +1 555 555 0100")
    }
}

/// An https address; whether its domain is the practice's own is measured on the whole text (RULES TCP-29).
fn link(text: &str, chars_max: usize) -> Result<Value, &'static str> {
    let well = text.starts_with("https://")
        && text.len() <= chars_max
        && text.bytes().all(|b| b.is_ascii_graphic() && !b"\"<>\\^`{|}@".contains(&b));
    if well { Ok(Value::Text(text.to_owned())) } else { Err("an https address on the practice's own domain") }
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
            Self::Time(time) => clock(*time),
            Self::DateTime(at) => format!("{}, {}", day(at.date(), language), clock(at.time())),
        }
    }
}

/// By twelve hours in both languages: who reads Spanish in the United States reads 7:00 as morning or evening, as it comes.
fn clock(time: Time) -> String {
    let (hour, minute) = (time.hour(), time.minute());
    let half = if hour < 12 { "AM" } else { "PM" };
    let hour = if hour % 12 == 0 { 12 } else { hour % 12 };
    format!("{hour}:{minute:02} {half}")
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
        // Without the weekday: `sáb`, Saturday, is beyond the GSM-7 alphabet.
        Language::Es => format!("{} de {}", date.day(), MONTHS_ES.get(month).unwrap_or(&"")),
    }
}
