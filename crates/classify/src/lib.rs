//! The classifier: a short message goes in, what it carries comes out: spans, the sensitivity level and the protected
//! categories. It is the second net under every free, staff-written and AI-written text (DESIGN, "Two nets for content").
//!
//! What it knows today: the identifiers and codes that have a shape (`patterns`), and a reviewed hand-written lexicon of
//! clinical words in English and Spanish (`data/lexicon.tsv`). It undoes plain disguise first (`fold`). It does not look for
//! names without a cue, nor for content that is only implied, beyond the few phrases in the lexicon.
//!
//! What this crate must not do: decide whether anything may be sent, do I/O, or keep or log a text it was given.
//!
//! Start at [`scan`]; `data/lexicon.tsv` says what is known and where it comes from.

mod fold;
mod kind;
mod lexicon;
mod patterns;
mod phrases;

pub use kind::Kind;
use postern_base::{Category, Channel, Language, Level, Purpose};
use std::fmt;

/// The longest text that is read, in Unicode code points. A longer one is not cut but refused: cutting would hide what follows.
pub const MAX_CODE_POINTS: usize = 65_536;

/// Where a text is read. Everything is optional; what is given makes the reading sharper.
#[derive(Debug, Clone, Copy, Default)]
pub struct Context<'a> {
    /// The channel it would travel on.
    pub channel: Option<Channel>,
    /// Why it would be sent.
    pub purpose: Option<Purpose>,
    /// The language it is said to be in. Both lexicons are always read.
    pub language: Option<Language>,
    /// The tenant's own call-back number, which is not the patient's.
    pub callback: Option<&'a str>,
    /// Texts of the recipient's own record (full name, date of birth as written, record number, address, phone, e-mail):
    /// finding one is the strongest signal there is.
    pub recipient: &'a [(Kind, &'a str)],
}

/// What a text carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Findings {
    /// It ties the receiver to an identifier or to care content.
    pub phi: bool,
    /// The sensitivity of what it carries (RULES 0.4).
    pub level: Level,
    /// What makes it specially protected.
    pub categories: Vec<Category>,
    /// What was found where, in order.
    pub spans: Vec<Span>,
}

/// One finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The first Unicode code point of the original text.
    pub start: usize,
    /// The code point after the last.
    pub end: usize,
    /// What it is.
    pub kind: Kind,
    /// The level it alone would give the text.
    pub level: Level,
    /// The protected category it belongs to.
    pub category: Option<Category>,
}

/// Why a text could not be judged. The caller fails closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClassifierError {
    /// It has more than [`MAX_CODE_POINTS`].
    TooLong,
    /// A built-in pattern or lexicon row is not well formed.
    Damaged,
}

impl fmt::Display for ClassifierError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => write!(f, "the text is longer than {MAX_CODE_POINTS} characters"),
            Self::Damaged => f.write_str("the built-in lexicon is damaged"),
        }
    }
}

impl std::error::Error for ClassifierError {}

/// Reads `text`. Deterministic; the same text and context always give the same findings.
///
/// # Errors
/// [`ClassifierError`]; a text that could not be judged must be treated as the most sensitive there is.
pub fn scan(text: &str, context: &Context<'_>) -> Result<Findings, ClassifierError> {
    if text.chars().count() > MAX_CODE_POINTS {
        return Err(ClassifierError::TooLong);
    }
    let folded = fold::fold(text);
    let exempt = phrases::closed(&folded);
    let mut spans = patterns::find(&folded, context)?;
    spans.extend(lexicon::find(&folded)?);
    spans.extend(phrases::recipient(&folded, context));
    spans.retain(|span| !exempt.iter().any(|(start, end)| *start <= span.start && span.end <= *end));
    keep_widest(&mut spans);
    let level = spans.iter().map(|span| span.level).max().unwrap_or(Level::L0);
    let level = if level == Level::L0 && phrases::is_logistics(&folded)? { Level::L1 } else { level };
    let mut categories: Vec<Category> = spans.iter().filter_map(|span| span.category).collect();
    categories.sort_unstable();
    categories.dedup();
    Ok(Findings { phi: spans.iter().any(|span| span.level >= Level::L2), level, categories, spans })
}

/// Where two findings overlap, the more sensitive one stays, else the wider one.
fn keep_widest(spans: &mut Vec<Span>) {
    spans.sort_by_key(|span| (std::cmp::Reverse(span.level), std::cmp::Reverse(span.end - span.start), span.start));
    let mut kept: Vec<Span> = Vec::with_capacity(spans.len());
    for span in spans.drain(..) {
        if kept.iter().all(|other| span.end <= other.start || other.end <= span.start) {
            kept.push(span);
        }
    }
    kept.sort_by_key(|span| span.start);
    *spans = kept;
}

#[cfg(test)]
mod tests;
