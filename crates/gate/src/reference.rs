//! The reference tables as data: states, hours, holds, ages, constants, checklists, words. They lie under `tables/`, one file
//! each, and are read when the gate is built: a row that cannot be read does not build, and at run time nothing is read or
//! allocated.
//!
//! Every row says where it comes from, when that was read and how far ([`Basis`]). What counsel has not read in the source
//! [needs counsel](Standing::needs_counsel). `tests/tables.out` shows every row; its diff is the review of a change.

use crate::facts::{Patient, ResultClass};
use jiff::SignedDuration;
use jiff::civil::{Date, Time, Weekday};
use postern_base::Category;

/// On what a row stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Basis {
    /// The source, as a lawyer writes it; `house` = our own.
    pub source: &'static str,
    /// The day it was read; `-` = it was not.
    pub read_on: &'static str,
    /// How far it was read.
    pub standing: Standing,
}

/// How far the source of a row was read (RULES 0.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// The source itself.
    Read,
    /// A quotation, or somebody else's table.
    SecondHand,
    /// From knowledge.
    FromKnowledge,
    /// There is no source: it is our own policy.
    House,
}

impl Standing {
    /// The one spelling.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::SecondHand => "second-hand",
            Self::FromKnowledge => "from knowledge",
            Self::House => "house",
        }
    }

    /// Counsel must read the source before anybody relies on the row.
    #[must_use]
    pub const fn needs_counsel(self) -> bool {
        matches!(self, Self::SecondHand | Self::FromKnowledge)
    }
}

/// A table as text, for people.
#[derive(Debug, Clone, Copy)]
pub struct Table {
    /// Its file's name without the ending.
    pub name: &'static str,
    /// What it is.
    pub about: &'static str,
    /// The names of its columns.
    pub columns: &'static [&'static str],
    /// Its rows.
    pub rows: &'static [Row],
}

/// A row of a table as text.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// Its cells, one for each column.
    pub cells: &'static [&'static str],
    /// On what it stands.
    pub basis: Basis,
}

/// Local hours, from (inclusive) and to (exclusive).
pub type Hours = (Time, Time);

/// Hours of telephone solicitation in a state.
#[derive(Debug, Clone, Copy)]
pub struct SolicitationHours {
    /// The state; `US` = federal.
    pub state: &'static str,
    /// Monday to Friday.
    pub weekday: Hours,
    /// Saturday.
    pub saturday: Hours,
    /// Sunday.
    pub sunday: Hours,
    /// Whether offers may go on a Sunday at all.
    pub offers_on_sunday: bool,
    /// Whether offers may go on a legal holiday.
    pub offers_on_holidays: bool,
    /// How many offers in 24 hours; `None` = no cap of its own.
    pub offers_in_24h: Option<u32>,
    /// What is doubtful of it.
    pub note: &'static str,
    /// On what it stands.
    pub basis: Basis,
}

/// A legal public holiday (5 USC 6103(a)).
#[derive(Debug, Clone, Copy)]
pub struct Holiday {
    /// Its name.
    pub name: &'static str,
    /// Its month.
    pub month: i16,
    /// Its day of the month, where it has one.
    pub day: Option<i16>,
    /// Which of the month's weekdays it is otherwise; 5 = the last.
    pub nth: Option<i16>,
    /// Which weekday that is.
    pub weekday: HolidayWeekday,
    /// On what it stands.
    pub basis: Basis,
}

/// The weekday that a holiday always falls on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HolidayWeekday {
    /// None: it has a day of the month.
    Any,
    /// Monday.
    Monday,
    /// Thursday.
    Thursday,
}

/// The area codes of a state.
#[derive(Debug, Clone, Copy)]
pub struct AreaCodes {
    /// The state.
    pub state: &'static str,
    /// Its codes, in three digits each, parted by spaces.
    pub codes: &'static str,
    /// On what it stands.
    pub basis: Basis,
}

/// What people answer in a word or two in one language, and that asks for nothing.
#[derive(Debug, Clone, Copy)]
pub struct HarmlessReplies {
    /// The language (BCP 47).
    pub language: &'static str,
    /// The answers, as they are written, parted by commas.
    pub words: &'static str,
    /// On what it stands.
    pub basis: Basis,
}

/// What a state asks before a kind of result is released electronically.
#[derive(Debug, Clone, Copy)]
pub struct ResultHold {
    /// The state.
    pub state: &'static str,
    /// The kind of result.
    pub class: HeldResult,
    /// What lifts it, besides a clinician's release.
    pub until: HeldUntil,
    /// How many days or hours; `None` for a clinician.
    pub count: Option<i64>,
    /// The IANA names of the state's clocks that count its days, the usual one first; empty where no days are counted.
    pub clocks: &'static str,
    /// The first day of the law; `None` = longer than Postern decides anything.
    pub since: Option<Date>,
    /// On what it stands.
    pub basis: Basis,
}

/// A kind of result that a state holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeldResult {
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
}

/// Words by which a text tells a kind of result that a state holds.
#[derive(Debug, Clone, Copy)]
pub struct ResultWord {
    /// The kind.
    pub class: HeldResult,
    /// The language: `en`, `es`.
    pub language: &'static str,
    /// The words, in lower case and without accents; a word that begins with `*` is the end of a longer one.
    pub words: &'static str,
    /// On what it stands.
    pub basis: Basis,
}

/// By what a report is known to be of a kind of test.
#[derive(Debug, Clone, Copy)]
pub struct TestKind {
    /// What is looked at.
    pub named_by: NamedBy,
    /// The code, or the words in lower case and without accents.
    pub value: &'static str,
    /// The kind of result that such a test can have.
    pub class: ResultClass,
    /// What the code says.
    pub means: &'static str,
    /// On what it stands.
    pub basis: Basis,
}

/// What says of which kind a test is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NamedBy {
    /// A code of LOINC.
    Loinc,
    /// The section of the laboratory (HL7 v2 table 0074).
    Section,
    /// Words of its name.
    Words,
}

/// What lifts a hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeldUntil {
    /// So many days of the calendar.
    Days,
    /// So many hours.
    Hours,
    /// A clinician who has spoken with the patient.
    Clinician,
}

/// An exception to information blocking (45 CFR part 171).
#[derive(Debug, Clone, Copy)]
pub struct BlockingException {
    /// Its code.
    pub code: &'static str,
    /// Whether it can stand behind a delay of all results.
    pub for_all_results: bool,
    /// What it is for.
    pub means: &'static str,
    /// On what it stands.
    pub basis: Basis,
}

/// The age of majority of a state that has its own.
#[derive(Debug, Clone, Copy)]
pub struct Majority {
    /// The state.
    pub state: &'static str,
    /// The age.
    pub age: i16,
    /// What is doubtful of it.
    pub note: &'static str,
    /// On what it stands.
    pub basis: Basis,
}

/// A kind of care that a state's law guards more strictly than the Privacy Rule does (45 CFR 160.203(b)).
#[derive(Debug, Clone, Copy)]
pub struct CategoryLaw {
    /// The state.
    pub state: &'static str,
    /// The kind of care.
    pub category: Category,
    /// What it asks before anybody but the patient is told.
    pub asks: &'static str,
    /// On what it stands.
    pub basis: Basis,
}

/// The age from which a minor may consent alone to a kind of care.
#[derive(Debug, Clone, Copy)]
pub struct MinorConsent {
    /// The state.
    pub state: &'static str,
    /// The kind of care.
    pub care: MinorCare,
    /// The age; 0 = any.
    pub age: i16,
    /// On what it stands.
    pub basis: Basis,
}

/// A kind of care a minor may consent to alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MinorCare {
    /// Contraception, pregnancy.
    Reproductive,
    /// Sexually transmitted infections, HIV among them.
    Sti,
    /// Substance use.
    SubstanceUse,
    /// Mental health.
    MentalHealth,
}

/// Whose consent a recording of a call needs.
#[derive(Debug, Clone, Copy)]
pub struct RecordingConsent {
    /// The state; `US` = where no row says otherwise.
    pub state: &'static str,
    /// Whose.
    pub parties: Parties,
    /// What is doubtful of it.
    pub note: &'static str,
    /// On what it stands.
    pub basis: Basis,
}

/// Whose consent a recording needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parties {
    /// One party's.
    One,
    /// Everybody's.
    All,
}

/// A state that shields reproductive and gender-affirming care.
#[derive(Debug, Clone, Copy)]
pub struct ShieldState {
    /// The state.
    pub state: &'static str,
    /// What its law asks.
    pub asks: &'static str,
    /// On what it stands.
    pub basis: Basis,
}

/// How long a record is kept at least.
#[derive(Debug, Clone, Copy)]
pub struct Retention {
    /// What is kept.
    pub record: &'static str,
    /// Where; `US` = everywhere.
    pub place: &'static str,
    /// Years.
    pub years: i16,
    /// Counted from.
    pub from: &'static str,
    /// On what it stands.
    pub basis: Basis,
}

/// What a business associate agreement must say.
#[derive(Debug, Clone, Copy)]
pub struct AgreementTerm {
    /// Its name.
    pub term: &'static str,
    /// What it says.
    pub asks: &'static str,
    /// On what it stands.
    pub basis: Basis,
}

/// What a signed instrument must hold.
#[derive(Debug, Clone, Copy)]
pub struct SignedElement {
    /// Of which.
    pub instrument: Instrument,
    /// Its name.
    pub element: &'static str,
    /// What it asks.
    pub asks: &'static str,
    /// On what it stands.
    pub basis: Basis,
}

/// A signed instrument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Instrument {
    /// A HIPAA authorization (45 CFR 164.508).
    Authorization,
    /// A prior express written consent (47 CFR 64.1200(f)(9)).
    WrittenConsent,
}

/// What a notice of a breach says.
#[derive(Debug, Clone, Copy)]
pub struct BreachNoticeElement {
    /// Its name.
    pub element: &'static str,
    /// What it says.
    pub asks: &'static str,
    /// On what it stands.
    pub basis: Basis,
}

/// A state's own deadline after a breach.
#[derive(Debug, Clone, Copy)]
pub struct BreachDeadline {
    /// The state.
    pub state: &'static str,
    /// How many days.
    pub days: i64,
    /// Of which kind.
    pub counted: Counted,
    /// Whom it binds, or who is told.
    pub who: &'static str,
    /// On what it stands.
    pub basis: Basis,
}

/// How days are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// Every day.
    Calendar,
    /// Days of business.
    Business,
}

/// A number that nothing automated goes to.
#[derive(Debug, Clone, Copy)]
pub struct EmergencyNumber {
    /// Its digits.
    pub number: &'static str,
    /// Whose it is.
    pub what: &'static str,
    /// On what it stands.
    pub basis: Basis,
}

/// Something carriers ask of senders.
#[derive(Debug, Clone, Copy)]
pub struct CarrierItem {
    /// What kind of thing it is.
    pub kind: CarrierKind,
    /// The thing.
    pub value: &'static str,
    /// On what it stands.
    pub basis: Basis,
}

/// What kind of thing carriers ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CarrierKind {
    /// What the confirmation of an opt-in names.
    OptInNames,
    /// A domain whose links anybody may make.
    SharedShortener,
}

/// What is known of a language whose sentences are not read. A word is looked for whole; one that ends with `*` at the beginning of a
/// word; one that begins with `*` too, anywhere.
#[derive(Debug, Clone, Copy)]
pub struct Tongue {
    /// Revokes, when it is the whole message.
    pub alone: &'static [&'static str],
    /// Tells somebody to stop: enough in a short message, or beside what is sent.
    pub stops: &'static [&'static str],
    /// Says no, or no more: beside what is sent.
    pub refuses: &'static [&'static str],
    /// What is sent, and sending it.
    pub sent: &'static [&'static str],
    /// Goes with any of them and changes nothing.
    pub courtesies: &'static [&'static str],
    /// Changes nothing, when nothing else is in the message: yes, no, thanks.
    pub assents: &'static [&'static str],
}

include!(concat!(env!("OUT_DIR"), "/reference.rs"));

/// The solicitation hours of a state, when it has its own.
#[must_use]
pub fn solicitation_hours(state: &str) -> Option<&'static SolicitationHours> {
    SOLICITATION_HOURS.iter().find(|row| row.state == state)
}

/// The state that a number's area code belongs to, as far as states have solicitation hours of their own; `None` = another, or no
/// number of the North American plan.
#[must_use]
pub fn state_of_number(e164: &str) -> Option<&'static str> {
    let code = e164.strip_prefix("+1").filter(|national| national.len() == 10)?.get(..3)?;
    AREA_CODES.iter().find(|row| row.codes.split(' ').any(|one| one == code)).map(|row| row.state)
}

/// Whether a day is a legal public holiday, or the day on which one is kept that falls on a weekend (5 USC 6103(b)).
#[must_use]
pub fn is_holiday(day: Date) -> bool {
    let kept = |other: Option<Date>, weekday: Weekday| other.is_some_and(|it| it.weekday() == weekday && is_dated(it));
    let falls = HOLIDAYS.iter().any(|holiday| holiday.falls_on(day));
    falls || kept(day.tomorrow().ok(), Weekday::Saturday) || kept(day.yesterday().ok(), Weekday::Sunday)
}

fn is_dated(day: Date) -> bool {
    HOLIDAYS.iter().any(|holiday| holiday.day.is_some() && holiday.falls_on(day))
}

impl Holiday {
    fn falls_on(&self, day: Date) -> bool {
        const LAST: i16 = 5;
        if i16::from(day.month()) != self.month {
            return false;
        }
        let weekday = match self.weekday {
            HolidayWeekday::Any => return self.day == Some(i16::from(day.day())),
            HolidayWeekday::Monday => Weekday::Monday,
            HolidayWeekday::Thursday => Weekday::Thursday,
        };
        let week = i16::from(day.day()).saturating_sub(1) / 7;
        let is_last = i16::from(day.days_in_month()) - i16::from(day.day()) < 7;
        let nth = self.nth.is_some_and(|nth| if nth == LAST { is_last } else { nth == week + 1 });
        nth && day.weekday() == weekday
    }
}

/// The legal terms of an agreement that `present` does not hold (45 CFR 164.504(e)(2), 164.314(a)(2)); what the house asks besides is not
/// among them.
pub fn lacking(present: impl Fn(&str) -> bool) -> impl Iterator<Item = &'static AgreementTerm> {
    AGREEMENT_TERMS.iter().filter(move |row| row.basis.standing != Standing::House && !present(row.term))
}

/// Whether anybody may make links at `domain`, so that nobody can tell whose they are (CTIA 2023).
#[must_use]
pub fn is_shared_shortener(domain: &str) -> bool {
    CARRIERS.iter().any(|row| row.kind == CarrierKind::SharedShortener && row.value.eq_ignore_ascii_case(domain))
}

/// The youngest and the oldest age of majority of the states where a patient may live; the ordinary one where a state has none of its own.
#[must_use]
pub fn majority_ages(patient: &Patient) -> (i16, i16) {
    let of = |state: &str| MAJORITY.iter().find(|row| row.state == state).map_or(ORDINARY_MAJORITY, |row| row.age);
    let homes = patient.states.iter().map(|state| of(state));
    let any = MAJORITY.iter().map(|row| row.age).filter(|_| patient.unknown_state);
    // Most states have no row.
    let ordinary = (patient.unknown_state || patient.states.is_empty()).then_some(ORDINARY_MAJORITY);
    homes.chain(any).chain(ordinary).fold((i16::MAX, i16::MIN), |(young, old), age| (young.min(age), old.max(age)))
}

/// The age from which a minor's care of this kind stays from parents: the house's, or less where a state whose law `bears` lets younger
/// minors consent.
#[must_use]
pub fn protected_from(bears: impl Fn(&str) -> bool, care: MinorCare) -> i16 {
    let own = MINOR_CONSENT.iter().filter(|row| row.care == care && bears(row.state));
    own.map(|row| row.age).fold(PROTECTED_MINOR_FROM, i16::min)
}

/// Whether `digits` is a number that nothing automated goes to (47 CFR 64.1200(a)(1)(i)); an address in E.164 counts too.
#[must_use]
pub fn is_emergency_number(digits: &str) -> bool {
    let digits = digits.strip_prefix('+').unwrap_or(digits);
    let national = digits.strip_prefix('1').unwrap_or(digits);
    EMERGENCY_NUMBERS
        .iter()
        .any(|row| row.number == digits || row.number == national || row.number.strip_prefix('1') == Some(digits))
}

#[cfg(test)]
mod tests;
