//! Abbreviations spelled by the names of their letters: `see oh pee dee`, `you tee eye`, `A-one-C`, `em are en`.

use crate::Level;
use crate::fold::Folded;
use crate::lexicon::Lexicon;
use crate::rewrite::Rewritten;
use crate::roles;
use crate::table::Hash;
use crate::words::{Word, Words};

/// How the letters are called, English and Spanish.
const NAMES: &[(u8, &[&str])] = &[
    (b'a', &["ay", "eh"]),
    (b'b', &["bee", "be"]),
    (b'c', &["cee", "see", "sea", "ce"]),
    (b'd', &["dee", "de"]),
    (b'e', &["ee"]),
    (b'f', &["eff", "ef", "efe"]),
    (b'g', &["gee", "ge"]),
    (b'h', &["aitch", "hache"]),
    (b'i', &["eye"]),
    (b'j', &["jay", "jota"]),
    (b'k', &["kay", "ka"]),
    (b'l', &["ell", "el", "ele"]),
    (b'm', &["em", "emm", "eme"]),
    (b'n', &["en", "enn", "ene"]),
    (b'o', &["oh"]),
    (b'p', &["pee", "pe"]),
    (b'q', &["cue", "queue", "cu"]),
    (b'r', &["are", "arr", "ar", "erre", "ere"]),
    (b's', &["ess", "es", "ese"]),
    (b't', &["tee", "tea", "te"]),
    (b'u', &["you", "yew"]),
    (b'v', &["vee", "ve", "uve"]),
    (b'w', &["doubleyou"]),
    (b'x', &["ex", "eks", "equis"]),
    (b'y', &["why", "wye", "ye"]),
    (b'z', &["zee", "zed", "zeta"]),
    (b'1', &["one", "uno"]),
    (b'2', &["two", "dos"]),
    (b'3', &["three", "tres"]),
    (b'4', &["four", "cuatro"]),
];

/// The longest name of a letter.
const LONGEST_NAME: usize = 9;

/// The most letters of one abbreviation.
const LETTERS_MAX: usize = 6;

/// The letter that a word names.
pub(crate) fn named(word: &Word, folded: &Folded<'_>) -> Option<u8> {
    let text = folded.slice(word.start, word.end);
    if let [one] = text {
        return Some(*one);
    }
    if text.len() > LONGEST_NAME {
        return None;
    }
    NAMES.iter().find(|(_, names)| names.iter().any(|name| name.as_bytes() == text)).map(|(letter, _)| *letter)
}

/// The text with abbreviations that are spelled out written in letters.
pub(crate) fn joined(lexicon: &Lexicon, words: &Words, folded: &Folded<'_>) -> Rewritten {
    let mut out = Rewritten::default();
    let (mut at, mut copied) = (0, 0);
    while at < words.len() {
        let found = if may_open(words, at) { abbreviation(lexicon, words, folded, at) } else { None };
        let Some((length, letters)) = found else {
            at += 1;
            continue;
        };
        if let (Some(first), Some(last)) = (words.get(at), words.get(at + length - 1)) {
            out.copy(folded, copied, first.start);
            out.mark();
            for letter in letters {
                out.push(letter.to_ascii_uppercase(), first.start);
            }
            out.ends_at(last.end - 1);
            copied = last.end;
        }
        at += length;
    }
    if copied > 0 {
        out.copy(folded, copied, folded.plain.len());
    }
    out
}

/// Whether an abbreviation may begin at a word: it is short, so is the next, and one of the two names a letter or a number.
fn may_open(words: &[Word], at: usize) -> bool {
    let names = |word: &Word| word.is(roles::LETTER_NAME | roles::NUMERAL);
    let (Some(first), Some(next)) = (words.get(at), words.get(at + 1)) else { return false };
    let short = |word: &Word| word.len() <= LONGEST_NAME;
    short(first) && short(next) && (names(first) || names(next) || words.get(at + 2).is_some_and(names))
}

/// The longest abbreviation that begins at a word, when it means something.
fn abbreviation(lexicon: &Lexicon, words: &[Word], folded: &Folded<'_>, at: usize) -> Option<(usize, Vec<u8>)> {
    let mut letters = Vec::new();
    let mut spelled = false;
    let mut best = None;
    let mut last: Option<&Word> = None;
    for (count, word) in words.iter().skip(at).take(LETTERS_MAX).enumerate() {
        let beside = last.is_none_or(|last| matches!(folded.slice(last.end, word.start), b" " | b"-" | b", "));
        let Some(letter) = named(word, folded).filter(|_| beside) else { break };
        spelled |= word.is(roles::LETTER_NAME | roles::NUMERAL);
        letters.push(letter);
        last = Some(word);
        if count > 0 && spelled && means(lexicon, &letters) {
            best = Some((count + 1, letters.clone()));
        }
    }
    best
}

/// Whether letters together are an abbreviation of care, or a cue of a number.
fn means(lexicon: &Lexicon, letters: &[u8]) -> bool {
    let info = lexicon.find(Hash::of(letters));
    let grave =
        |section| lexicon.section(section).is_some_and(|entry| entry.kind.is_some() && entry.level >= Level::L3);
    let cue = info.roles & (roles::SSN | roles::RECORD | roles::BIRTH | roles::CODE) != 0;
    letters.first().is_some_and(u8::is_ascii_alphabetic) && (grave(info.section) || grave(info.upper) || cue)
}
