//! Names of persons: the recipient's own, those a cue announces, and first name with surname. Staff are let pass by their
//! title, places by what stands beside them.

use crate::fold::Folded;
use crate::text::{Word, Words};
use crate::{Context, Hit, Kind, Level};
use std::collections::HashSet;
use std::sync::LazyLock;

const DATA: &str = include_str!("../data/names.txt");

static FIRST_NAMES: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| DATA.lines().filter(|line| !line.starts_with('#')).flat_map(str::split_whitespace).collect());

/// Before a name: staff.
const STAFF_BEFORE: &[&str] = &[
    "dr",
    "dra",
    "drs",
    "doctor",
    "doctora",
    "nurse",
    "enfermera",
    "enfermero",
    "np",
    "pa",
    "rn",
    "with",
    "con",
    "by",
    "by",
    "provider",
    "from",
    "de",
    "see",
    "lic",
    "coach",
    "care",
    "coordinator",
    "specialist",
    "prof",
    "practitioner",
    "assistant",
    "physician",
    "midwife",
    "hygienist",
    "technician",
    "ask",
    "dentist",
    "and",
];
/// After a name: staff, a place or an institution.
const NOT_A_PATIENT_AFTER: &[&str] = &[
    "md",
    "do",
    "np",
    "pa",
    "rn",
    "phd",
    "dds",
    "dmd",
    "pharmd",
    "lpn",
    "dnp",
    "clinic",
    "hospital",
    "center",
    "centre",
    "medical",
    "health",
    "memorial",
    "street",
    "st",
    "ave",
    "avenue",
    "road",
    "rd",
    "blvd",
    "building",
    "hall",
    "university",
    "school",
    "park",
    "pharmacy",
    "county",
    "foundation",
    "institute",
    "family",
    "clinica",
    "centro",
    "lane",
    "drive",
    "plaza",
    "tower",
];
/// Before a name: a greeting or a label for a patient.
const GREETINGS: &[&str] =
    &["hi", "hello", "dear", "hola", "estimado", "estimada", "querido", "querida", "hey", "buenos", "good", "saludos"];
const PATIENT_LABELS: &[&str] =
    &["patient", "paciente", "name", "nombre", "mr", "mrs", "ms", "miss", "sr", "sra", "srta", "senor", "senora"];

/// The names in a text.
pub(crate) fn find(words: &Words, folded: &Folded, context: &Context<'_>, hits: &mut Vec<Hit>) {
    of_recipient(words, context, hits);
    for (at, word) in words.list.iter().enumerate() {
        if !is_capitalised(word, folded) {
            continue;
        }
        let before = at.checked_sub(1).and_then(|i| words.list.get(i));
        let next = words.list.get(at + 1).filter(|next| is_capitalised(next, folded) && beside(word, next, folded));
        let cue = before.filter(|b| near(b, word, folded)).map(|b| b.text.as_str()).unwrap_or_default();
        if let Some(next) = next {
            full_name(words, folded, at, word, next, cue, hits);
        } else if FIRST_NAMES.contains(word.text.as_str()) && GREETINGS.contains(&cue) {
            // The first name alone is clean (the label rule), and still worth showing.
            hits.push(Hit { phi: false, level: Level::L0, ..Hit::identifier(word.start, word.end, Kind::Name) });
        } else if PATIENT_LABELS.contains(&cue) && is_surname_like(word) && greeted(words, at) {
            hits.push(Hit::identifier(word.start, word.end, Kind::Name));
        }
    }
}

fn full_name(words: &Words, folded: &Folded, at: usize, word: &Word, next: &Word, cue: &str, hits: &mut Vec<Hit>) {
    let third = words.list.get(at + 2).filter(|third| is_capitalised(third, folded) && beside(next, third, folded));
    let last = match third {
        Some(third) if !NOT_A_PATIENT_AFTER.contains(&third.text.as_str()) => third,
        _ => next,
    };
    let after = words.list.iter().skip(at).find(|w| w.start >= last.end).filter(|w| near(last, w, folded));
    let institution = after.is_some_and(|w| NOT_A_PATIENT_AFTER.contains(&w.text.as_str()))
        || NOT_A_PATIENT_AFTER.contains(&next.text.as_str());
    let known = FIRST_NAMES.contains(word.text.as_str());
    let announced = GREETINGS.contains(&cue) || PATIENT_LABELS.contains(&cue);
    let staff = STAFF_BEFORE.contains(&cue);
    if !institution
        && !staff
        && is_surname_like(next)
        && (known || (announced && is_surname_like(word) && !is_time(word)))
    {
        hits.push(Hit::identifier(word.start, last.end, Kind::Name));
    }
}

/// The recipient's full and family names, wherever they stand.
fn of_recipient(words: &Words, context: &Context<'_>, hits: &mut Vec<Hit>) {
    let Some(recipient) = context.recipient else { return };
    for name in recipient.names.iter().chain(recipient.family_names) {
        let wanted: Vec<String> = Words::of(&Folded::new(name)).list.into_iter().map(|w| w.text).collect();
        if wanted.is_empty() || wanted.iter().map(String::len).sum::<usize>() < 3 {
            continue;
        }
        for window in words.list.windows(wanted.len()) {
            if let (true, Some(first), Some(last)) =
                (window.iter().map(|w| &w.text).eq(wanted.iter()), window.first(), window.last())
            {
                hits.push(Hit::identifier(first.start, last.end, Kind::Name));
            }
        }
    }
}

/// Written with a capital first letter and not wholly in capitals.
fn is_capitalised(word: &Word, folded: &Folded) -> bool {
    let first = folded.capital.get(word.start).copied().unwrap_or(false);
    first
        && word.text.len() >= 2
        && word.text.bytes().all(|b| b.is_ascii_alphabetic())
        && !folded.is_upper(word.start, word.end)
}

fn is_surname_like(word: &Word) -> bool {
    word.text.len() >= 3
        && !GREETINGS.contains(&word.text.as_str())
        && !NOT_A_PATIENT_AFTER.contains(&word.text.as_str())
}

/// Words that stand capitalised after a greeting without being names: `Hello Sunrise Health`, `Good Morning`.
fn is_time(word: &Word) -> bool {
    [
        "morning",
        "afternoon",
        "evening",
        "day",
        "dias",
        "tardes",
        "noches",
        "from",
        "this",
        "your",
        "sunrise",
        "reminder",
        "patient",
        "and",
        "team",
    ]
    .contains(&word.text.as_str())
}

/// Only spaces or an initial's dot between two words.
fn beside(a: &Word, b: &Word, folded: &Folded) -> bool {
    let between = folded.slice(a.end, b.start);
    between.len() <= 2 && between.iter().all(|byte| b" '-".contains(byte)) && !between.is_empty()
}

/// Close enough that one is about the other: nothing that ends a sentence between them but a title's dot.
fn near(a: &Word, b: &Word, folded: &Folded) -> bool {
    let between = folded.slice(a.end, b.start);
    between.len() <= 3 && !between.iter().any(|byte| b"!?\n;".contains(byte))
}

/// Whether the title before the word is itself greeted: `Dear Mr. Smith`.
fn greeted(words: &Words, at: usize) -> bool {
    at.checked_sub(2).and_then(|i| words.list.get(i)).is_some_and(|w| GREETINGS.contains(&w.text.as_str()))
}
