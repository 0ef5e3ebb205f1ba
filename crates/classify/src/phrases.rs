//! Phrases that make a text more, or less, than its words: the closed phrases, what is logistics, and the recipient's own record.

use crate::fold::{Folded, fold};
use crate::{ClassifierError, Context, Span};
use postern_base::Level;
use regex::Regex;
use std::sync::OnceLock;

/// The closed phrases a minimal text may carry whatever their level (RULES 2, code M), folded, with their Spanish twins.
const CLOSED: &[&str] = &[
    "your prescription is ready",
    "a statement is available",
    "please confirm your visit",
    "please call us about your visit",
    "su receta esta lista",
    "hay un estado de cuenta disponible",
    "por favor confirme su visita",
    "por favor llamenos sobre su visita",
];

/// What makes a text logistics (L1): a day, an hour, a visit, a place to go.
const LOGISTICS: &str = r"\b(?:\d{1,2}:\d{2}|\d{1,2} ?[ap]\.?m\b|\d{1,2}/\d{1,2}|appt|appointment|visit|check-?in|arrive|reschedul\w*|confirm|cita|visita|confirm[ae]\w*|reprogram\w*|monday|tuesday|wednesday|thursday|friday|saturday|sunday|lunes|martes|miercoles|jueves|viernes|sabado|domingo|(?:jan|feb|mar|apr|jun|jul|aug|sep|oct|nov|dec)[a-z]* \d{1,2}|\d{1,2} de (?:enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre))";

/// Code point ranges of the closed phrases in `folded`.
pub(crate) fn closed(folded: &Folded) -> Vec<(usize, usize)> {
    CLOSED.iter().flat_map(|phrase| everywhere(folded, phrase)).collect()
}

/// Whether `folded` says when or where, and so is more than the existence of a message.
pub(crate) fn is_logistics(folded: &Folded) -> Result<bool, ClassifierError> {
    static COMPILED: OnceLock<Option<Regex>> = OnceLock::new();
    let regex = COMPILED.get_or_init(|| Regex::new(LOGISTICS).ok()).as_ref().ok_or(ClassifierError::Damaged)?;
    Ok(regex.is_match(&folded.text))
}

/// Texts of the recipient's own record in `folded`.
pub(crate) fn recipient(folded: &Folded, context: &Context<'_>) -> Vec<Span> {
    let mut spans = Vec::new();
    for (kind, value) in context.recipient {
        let value = fold(value).text;
        // One short word says too little to be a match of a record.
        if value.len() < 5 {
            continue;
        }
        for (start, end) in everywhere(folded, &value) {
            spans.push(Span { start, end, kind: *kind, level: Level::L2, category: None });
        }
    }
    spans
}

/// Code point ranges where `phrase` stands in `folded` as whole words.
fn everywhere(folded: &Folded, phrase: &str) -> Vec<(usize, usize)> {
    let is_word = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    folded
        .text
        .match_indices(phrase)
        .filter(|(at, _)| {
            let before = folded.text.get(..*at).and_then(|text| text.chars().next_back());
            let after = folded.text.get(at + phrase.len()..).and_then(|text| text.chars().next());
            !is_word(before) && !is_word(after)
        })
        .map(|(at, _)| folded.original(at, at + phrase.len()))
        .collect()
}
