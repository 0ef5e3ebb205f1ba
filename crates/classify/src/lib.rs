//! Text in, findings and sensitivity out: identifiers, codes, and words that tell care content, in English and Spanish.
//!
//! The label rule: a text is clean when it carries at most date, time, staff or provider name with a title, a neutral clinic
//! name, the call-back number, an opaque link, a one-time code, opt-out wording and the patient's first name alone. Anything
//! else that ties the receiver to an identifier or to care is PHI. Identifiers are those of 45 CFR 164.514(b)(2)(i); care
//! content is found by a lexicon kept as a data file with its provenance.
//!
//! What this crate must not do: I/O, decisions, keeping or logging the text. It fails closed: when it cannot judge a text
//! it says so with an error, never with "clean".
//!
//! The layers, in the order of [`scan`]: the text is folded once; closed phrases and the tenant's own words are taken out; links
//! are judged by component; the recipient's own record is looked for; words and phrases are looked up, first as they stand and
//! then in other readings; numbers are judged by shape, check digit and cue; names by lists and cues; and last a small model
//! reads what no single word says.
//!
//! Start at [`scan`].

mod addresses;
mod ages;
mod bodies;
mod codes;
mod contacts;
mod contexts;
mod cues;
mod danger;
mod endings;
mod fold;
mod fuzzy;
mod identifiers;
mod instructions;
mod letters;
mod lexicon;
mod links;
mod measures;
mod model;
mod names;
mod numbers;
pub mod outcome_words;
mod outcomes;
mod phones;
mod phrases;
mod pictures;
mod recipient;
mod references;
mod rewrite;
mod roles;
mod runs;
mod shapes;
mod spoken;
mod table;
pub mod training;
mod views;
mod vocabulary;
mod words;
mod work;

pub use danger::speaks_of_danger;
use fold::Folded;
use lexicon::Lexicon;
pub use phrases::closed_phrase_tells_care;
use postern_base::{Category, Channel, Language, Level, Purpose};
use shapes::Shape;
use std::collections::BTreeMap;
use std::fmt;
pub use vocabulary::Vocabulary;
use words::Words;

/// The longest text that is judged, in bytes. Longer ones are an error: what was not read is not clean.
pub const MAX_BYTES: usize = 256 * 1024;

/// Room for the findings of most messages.
const HITS: usize = 8;

/// Why a text could not be judged. Whoever asked must hold it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClassifierError {
    /// Longer than [`MAX_BYTES`].
    TooLong,
    /// The classifier's own data could not be prepared.
    NotReady,
}

impl fmt::Display for ClassifierError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "the text is longer than the classifier reads; shorten it or split it",
            Self::NotReady => "the classifier could not prepare its patterns; nothing can be judged",
        })
    }
}

impl std::error::Error for ClassifierError {}

/// What is known about a text before it is read.
#[derive(Debug, Clone, Copy, Default)]
pub struct Context<'a> {
    /// The channel it would travel on.
    pub channel: Option<Channel>,
    /// Why it would be sent.
    pub purpose: Option<Purpose>,
    /// The language it is written in. Both languages are always looked for.
    pub language: Option<Language>,
    /// The tenant's call-back number, which is no finding.
    pub callback: Option<&'a str>,
    /// The recipient's own record: the strongest signal there is.
    pub recipient: Option<&'a Recipient<'a>>,
    /// The tenant's own words.
    pub vocabulary: Option<&'a Vocabulary>,
}

/// What the record says about the recipient, to be found in the text however it is written.
#[derive(Clone, Copy, Default)]
pub struct Recipient<'a> {
    /// Full names.
    pub names: &'a [&'a str],
    /// Family names.
    pub family_names: &'a [&'a str],
    /// Date of birth: year, month, day.
    pub birth_date: Option<(i16, i8, i8)>,
    /// MRN, account and plan numbers.
    pub identifiers: &'a [&'a str],
    /// Telephone numbers and e-mail addresses.
    pub points: &'a [&'a str],
    /// Street lines of addresses.
    pub streets: &'a [&'a str],
}

impl fmt::Debug for Recipient<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recipient")
    }
}

/// What a text carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Findings {
    /// It is PHI once it reaches a person.
    pub phi: bool,
    /// Its sensitivity.
    pub level: Level,
    /// What makes it specially protected; empty below L4.
    pub categories: Vec<Category>,
    /// What was found where, in order, without overlaps.
    pub spans: Vec<Span>,
}

/// A finding in the original text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The first Unicode code point.
    pub start: usize,
    /// The code point after the last.
    pub end: usize,
    /// What it is.
    pub kind: Kind,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $word:literal),+ $(,)?) => {
        /// What a finding is: the `type` of `postern scan`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Kind { $($(#[$doc])* $variant),+ }

        impl Kind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The one spelling.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|kind| kind.as_str() == word)
            }
        }
    };
}

kinds! {
    /// A person's name. The first name alone is a finding, and no PHI.
    Name = "name",
    /// Social security number, or its last four digits.
    Ssn = "ssn",
    /// Date of birth.
    Dob = "dob",
    /// Another date that is telling.
    Date = "date",
    /// An age over 89.
    Age = "age",
    /// Medical record number.
    Mrn = "mrn",
    /// Account, invoice or claim number.
    Account = "account",
    /// Health-plan number.
    PlanId = "plan_id",
    /// The patient's address.
    Address = "address",
    /// The patient's telephone number.
    Phone = "phone",
    /// An e-mail address.
    Email = "email",
    /// A link that carries identifiers or care content.
    Url = "url",
    /// Device, vehicle or licence number.
    Device = "device",
    /// Network address.
    Ip = "ip",
    /// A drug.
    Medication = "medication",
    /// A condition.
    Condition = "condition",
    /// A laboratory test or value.
    Lab = "lab",
    /// A procedure.
    Procedure = "procedure",
    /// A symptom.
    Symptom = "symptom",
    /// A specialty.
    Specialty = "specialty",
    /// ICD-10, LOINC, CPT, NDC and the like.
    Code = "code",
    /// Care content that no single word of the above names.
    Implied = "implied",
    /// Anything else.
    Other = "other",
}

/// A finding in the folded text, with what it means.
#[derive(Debug, Clone, Copy)]
struct Hit {
    start: usize,
    end: usize,
    kind: Kind,
    level: Level,
    category: Option<Category>,
    phi: bool,
    /// By a word or phrase that is said of other things too: kept only where the sentence sounds like care.
    weak: bool,
}

impl Hit {
    /// An identifier: never to travel on an open channel, whatever else the text says.
    const fn identifier(start: usize, end: usize, kind: Kind) -> Self {
        Self { start, end, kind, level: Level::L2, category: None, phi: true, weak: false }
    }
}

/// Reads a text. Deterministic: the same text and context give the same findings.
///
/// # Errors
/// [`ClassifierError`] when the text cannot be judged; it must then be held.
pub fn scan(text: &str, context: &Context<'_>) -> Result<Findings, ClassifierError> {
    scan_with(text, context, model::find)
}

/// What says which part of a text tells care content without a word for it.
type Model = fn(&[words::Word], &Folded<'_>) -> Option<(usize, usize)>;

fn scan_with(text: &str, context: &Context<'_>, model: Model) -> Result<Findings, ClassifierError> {
    if text.len() > MAX_BYTES {
        return Err(ClassifierError::TooLong);
    }
    let lexicon = lexicon::get()?;
    let mut folded = Folded::new(text)?;
    let mut hits = Vec::with_capacity(HITS);
    let mut words = words::of(&folded, lexicon);
    let phrased = words.any(roles::CLOSED) && phrases::blank(&mut folded)?;
    let linked = words.saw(words::LINKED) && links::find(lexicon, &mut folded, words.linked(), context, &mut hits)?;
    if phrased || linked {
        words = words.without_blanked(&folded, lexicon);
    }
    let owned = recipient::find(&folded, context, &mut hits)?;
    if let Some(vocabulary) = context.vocabulary
        && vocabulary.apply(&words, &mut folded, &mut hits)
    {
        words = words.without_blanked(&folded, lexicon);
    }
    let logistics = read(lexicon, &folded, &words, context, &owned, &mut hits)?;
    // The model reads what is left: a reading in which nothing was found by a word.
    let ask = |hits: &[Hit], words: &Words, folded: &Folded<'_>| {
        if hits.iter().any(|hit| hit.phi) { None } else { model(words, folded) }
    };
    let mut told = ask(&hits, &words, &folded);
    for rewritten in rewrite::all(lexicon, &words, &folded) {
        let Some(text) = rewritten.text() else { continue };
        let again = Folded::new(text)?;
        let words = words::of(&again, lexicon);
        let mut found = Vec::with_capacity(HITS);
        let owned = recipient::find(&again, context, &mut found)?;
        read(lexicon, &again, &words, context, &owned, &mut found)?;
        if told.is_none() && !hits.iter().any(|hit| hit.phi) {
            told = ask(&found, &words, &again).and_then(|(start, end)| rewritten.original(start, end));
        }
        // Two disguises in one text: what was set apart may be misspelled too.
        if !found.iter().chain(&hits).any(|hit| hit.phi) {
            for twice in rewrite::again(lexicon, &rewritten, &words, &again) {
                let Some(text) = twice.text() else { continue };
                let last = Folded::new(text)?;
                let words = words::of(&last, lexicon);
                let mut deeper = Vec::new();
                let owned = recipient::find(&last, context, &mut deeper)?;
                read(lexicon, &last, &words, context, &owned, &mut deeper)?;
                found.extend(deeper.into_iter().filter_map(|hit| {
                    let (start, end) = twice.original(hit.start, hit.end)?;
                    Some(Hit { start, end, ..hit })
                }));
            }
        }
        hits.extend(found.into_iter().filter_map(|hit| {
            let (start, end) = rewritten.original(hit.start, hit.end)?;
            Some(Hit { start, end, ..hit })
        }));
    }
    if !hits.iter().any(|hit| hit.phi)
        && let Some((start, end)) = told
    {
        // RULES 0.4: what a patient is to do is general care (L2); what no word is found for may be more.
        let level = if instructions::is_one(&words, &folded, start) { Level::L2 } else { Level::L3 };
        hits.push(Hit { start, end, kind: Kind::Implied, level, category: None, phi: true, weak: false });
    }
    Ok(findings(&folded, hits, logistics))
}

/// Lets go what was found by words that are said of other things too, where nothing else was found and the sentence does not sound
/// like care.
fn doubt(words: &Words, folded: &Folded<'_>, hits: &mut Vec<Hit>) {
    if hits.iter().any(|hit| hit.phi && !hit.weak) {
        return;
    }
    hits.retain(|hit| !hit.weak || model::sounds_like_care(words, folded, hit.start));
}

/// Everything that is found in the words and numbers of one reading of a text; says whether it speaks of time or place.
fn read(
    lexicon: &Lexicon,
    folded: &Folded<'_>,
    words: &Words,
    context: &Context<'_>,
    owned: &[(usize, usize)],
    hits: &mut Vec<Hit>,
) -> Result<bool, ClassifierError> {
    lexicon::find(lexicon, words, folded, hits);
    views::find(lexicon, words, folded, hits);
    let shapes = if words.saw(words::DIGIT) { shapes::find(words, &folded.plain)? } else { Vec::new() };
    identifiers::find(&shapes, words, folded, context, owned, hits);
    if words.any(roles::DIGIT) {
        identifiers::in_words(words, folded, context, hits);
    }
    if words.saw(words::AT) || words.any(roles::DOT) {
        contacts::emails(words, folded, owned, hits)?;
    }
    if words.any(roles::STREET | roles::DWELLING) && (words.saw(words::DIGIT) || words.any(roles::NUMERAL)) {
        addresses::find(words, folded, hits);
    }
    if words.any(roles::FIRST_NAME | roles::FAMILY_NAME | roles::GREETING | roles::PATIENT) || words.saw(words::UNKNOWN)
    {
        names::find(words, folded, hits);
    }
    if words.any(roles::OWNER) {
        measures::find(words, folded, hits);
    }
    if words.any(roles::OUTCOME) {
        outcomes::find(words, folded, hits);
    }
    if !folded.pictures.is_empty() {
        pictures::find(words, folded, hits);
    }
    if words.any(roles::BODY) && words.any(roles::AILS | roles::MENDS) {
        bodies::find(words, folded, hits);
    }
    doubt(words, folded, hits);
    let timed = shapes.iter().any(|found| matches!(found.shape, Shape::Time | Shape::Date | Shape::LongDate));
    Ok(timed || words.any(roles::LOGISTICS))
}

fn findings(folded: &Folded<'_>, mut hits: Vec<Hit>, logistics: bool) -> Findings {
    let base = if logistics { Level::L1 } else { Level::L0 };
    let level = hits.iter().map(|hit| hit.level).max().unwrap_or(base).max(base);
    let phi = hits.iter().any(|hit| hit.phi);
    let mut categories: Vec<Category> = hits.iter().filter_map(|hit| hit.category).collect();
    categories.sort_unstable();
    categories.dedup();
    // Of overlapping findings the graver, then the longer one is shown.
    if hits.len() > 1 {
        hits.sort_by_key(|hit| (std::cmp::Reverse(hit.level), std::cmp::Reverse(hit.end - hit.start), hit.start));
        let mut kept: BTreeMap<usize, Hit> = BTreeMap::new();
        for hit in hits {
            // Those kept do not overlap, so the last that begins before this one ends is the only one that can reach into it.
            let reaches = kept.range(..hit.end).next_back().is_some_and(|(_, other)| other.end > hit.start);
            if !reaches {
                kept.insert(hit.start, hit);
            }
        }
        hits = kept.into_values().collect();
    }
    let span = |hit: Hit| {
        let (start, end) = folded.original(hit.start, hit.end);
        Span { start, end, kind: hit.kind }
    };
    Findings { phi, level, categories, spans: hits.into_iter().map(span).collect() }
}

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod tests;
