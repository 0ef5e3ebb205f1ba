//! A small linear model for what no single word says: "your test came back positive". Hashed words, pairs of words, word
//! beginnings and runs of three and four letters of a whole message; one weight each. Trained by `cargo xtask train` from `corpus/`;
//! the weights are `data/model.bin`.

use crate::fold::Folded;
use crate::table::Hash;
use crate::words::Word;
use crate::{lexicon, roles, work};

/// The weights: one signed byte per hashed feature.
const WEIGHTS: &[u8; SIZE] = include_bytes!("../data/model.bin");

/// How many weights there are.
pub(crate) const SIZE: usize = 1 << 18;

/// How far a passage's score must go beyond 0, in the weights' unit, to be a finding. Set by what is taken wrongly of the clean
/// messages of authors that a model has not seen (`cargo xtask train --folds`).
const THRESHOLD: i32 = 34;

/// Below this score a passage does not sound like care, whatever word of two meanings is in it.
const DOUBT: i32 = -30;

/// The fewest words that are judged: less says too little.
const WORDS_MIN: usize = 3;
/// The most words that are judged together: most messages whole, for what one sentence leaves open the next one tells.
const WORDS_MAX: usize = 64;

/// How many letters of a word its runs are taken from.
const LETTERS_MAX: usize = 24;

/// What stands for a number, a name, a text's beginning.
const NUMBER: Hash = Hash::EMPTY.and(b'0');
const NAME: Hash = Hash::EMPTY.and(b'N');
const BEGINNING: Hash = Hash::EMPTY.and(b'^');

/// Calls `take` with every feature of a passage.
pub(crate) fn features(words: &[Word], folded: &Folded<'_>, mut take: impl FnMut(usize)) {
    let (mut last, mut before) = (BEGINNING, BEGINNING);
    for (at, word) in words.iter().enumerate() {
        work::count(1);
        let name = word.is(roles::FIRST_NAME | roles::FAMILY_NAME) && folded.is_capital(word.start);
        let hash = match word.digits {
            0 if name => NAME,
            0 => word.hash,
            _ => NUMBER,
        };
        take(index(hash.and(1)));
        take(index(pair(last, hash, 2)));
        take(index(pair(before, hash, 3)));
        if word.digits == 0 && !name {
            if word.len() > 5 {
                take(index(Hash::of(folded.slice(word.start, word.start + 5)).and(4)));
            }
            runs(folded.slice(word.start, word.end.min(word.start + LETTERS_MAX)), &mut take);
        }
        if let Some(class) = class(word) {
            take(index(Hash::EMPTY.and(class).and(6)));
            take(index(pair(last, Hash::EMPTY.and(class), 7)));
        }
        (before, last) = (last, hash);
        if words.get(at + 1).is_none_or(|next| !goes_on(word, next, folded)) {
            let sign = folded.at(word.end).filter(|sign| matches!(sign, b'?' | b'!')).unwrap_or(b'.');
            let hash = Hash::EMPTY.and(sign);
            take(index(pair(last, hash, 2)));
            take(index(pair(before, hash, 3)));
            (before, last) = (last, hash);
        }
    }
}

/// The runs of three letters of a word, and those of four with the word's beginning and end: by one multiplication each, for
/// there are more of these than of all else.
fn runs(letters: &[u8], take: &mut impl FnMut(usize)) {
    const THREE: u32 = 0x00ff_ffff;
    let mut run = u32::from(b'<');
    for (at, byte) in letters.iter().enumerate() {
        run = (run << 8) | u32::from(*byte);
        if at > 1 {
            take(index_of_run(run & THREE));
            take(index_of_run(run));
        }
    }
    if letters.len() > 1 {
        take(index_of_run((run << 8) | u32::from(b'>')));
    }
}

/// What sort of thing a word is, so that what was learned of one is known of all.
fn class(word: &Word) -> Option<u8> {
    const CLASSES: &[u64] = &[
        roles::OBJECT,
        roles::HOUSE,
        roles::OWED,
        roles::PLACE,
        roles::PASSCODE,
        roles::LINE,
        roles::LOGISTICS,
        roles::JOB,
    ];
    CLASSES.iter().position(|class| word.is(*class)).and_then(|class| u8::try_from(class).ok())
}

fn pair(a: Hash, b: Hash, salt: u8) -> Hash {
    a.and(salt).with(&b.key().to_le_bytes())
}

const fn index(hash: Hash) -> usize {
    (hash.key() >> 40) as usize & (SIZE - 1)
}

/// Where a run of letters has its weight.
const fn index_of_run(run: u32) -> usize {
    (run.wrapping_mul(0x9e37_79b1) >> (u32::BITS - SIZE.trailing_zeros())) as usize
}

/// Scores are per this many words.
pub(crate) const SHARE: i32 = 8;

/// The length a passage's score is divided by.
pub(crate) fn length(passage: &[Word]) -> i32 {
    i32::try_from(passage.len().clamp(7, WORDS_MAX)).unwrap_or(SHARE)
}

/// Whether two words stand in one sentence.
fn goes_on(a: &Word, b: &Word, folded: &Folded<'_>) -> bool {
    let between = folded.slice(a.end, b.start);
    between == b" "
        || !between.iter().any(|byte| matches!(byte, b'!' | b'?' | b'\n' | b';'))
            && !between.starts_with(b". ")
            && !between.starts_with(b": ")
}

/// The passages of a text that are judged: all of it, or as many whole sentences as may be judged together.
pub(crate) fn passages<'w>(words: &'w [Word], folded: &Folded<'_>) -> impl Iterator<Item = &'w [Word]> {
    let mut left = words;
    let next = move || {
        let most = left.len().min(WORDS_MAX);
        let ends = |at: &usize| matches!(left.get(at - 1..=*at), Some([a, b]) if !goes_on(a, b, folded));
        let end = if most == left.len() { most } else { (1..=most).rev().find(ends).unwrap_or(most) };
        let (passage, rest) = left.split_at_checked(end).filter(|(passage, _)| !passage.is_empty())?;
        left = rest;
        Some(passage)
    };
    std::iter::from_fn(next).filter(|passage| passage.len() >= WORDS_MIN)
}

/// Whether the model has seen most words of a passage: where it knows nothing it says nothing.
fn is_known(passage: &[Word], weight: impl Fn(usize) -> i32) -> bool {
    let known = passage.iter().filter(|word| word.digits > 0 || weight(index(word.hash.and(1))) != 0).count();
    known * 5 >= passage.len() * 3
}

/// What a feature weighs.
fn weight(feature: usize) -> i32 {
    WEIGHTS.get(feature).map_or(0, |weight| i32::from(i8::from_le_bytes([*weight])))
}

/// How much like care a passage sounds.
fn score(passage: &[Word], folded: &Folded<'_>) -> i32 {
    let mut score = 0;
    features(passage, folded, |feature| score += weight(feature));
    score * SHARE / length(passage)
}

/// Whether the passage around a place sounds like care, or is too short or too little known to tell.
pub(crate) fn sounds_like_care(words: &[Word], folded: &Folded<'_>, place: usize) -> bool {
    let around = |passage: &&[Word]| {
        passage.first().is_some_and(|first| first.start <= place) && passage.last().is_some_and(|last| last.end > place)
    };
    passages(words, folded)
        .find(around)
        .is_none_or(|passage| score(passage, folded) >= DOUBT || !is_known(passage, weight))
}

/// The sentence that tells care content most plainly, when its passage does: its first and last byte.
pub(crate) fn find(words: &[Word], folded: &Folded<'_>) -> Option<(usize, usize)> {
    let judged = passages(words, folded).map(|passage| (score(passage, folded), passage));
    let told = judged.filter(|(score, passage)| *score > THRESHOLD && is_known(passage, weight));
    let (_, passage) = told.max_by_key(|(score, _)| *score)?;
    let known = lexicon::get().ok()?;
    let is_clean = |sentence: &&[Word]| lexicon::is_clean(known, folded, sentence);
    let sentences = || passage.chunk_by(|a, b| goes_on(a, b, folded));
    let told = sentences().filter(|sentence| !is_clean(sentence)).max_by_key(|sentence| score(sentence, folded))?;
    // Where a sentence is known to be clean, what is left must tell it by itself.
    let sentence = Some(told).filter(|told| score(told, folded) > THRESHOLD || !sentences().any(|s| is_clean(&s)))?;
    Some((sentence.first()?.start, sentence.last()?.end))
}
