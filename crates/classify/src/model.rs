//! A small linear model for what no single word says: "your test came back positive". Hashed words, pairs of words, word
//! beginnings and runs of three letters; one weight each. Trained by `cargo xtask train` from `corpus/train.txt`; the weights are `data/model.bin`.

use crate::fold::Folded;
use crate::table::Hash;
use crate::words::Word;
use crate::{roles, work};

/// The weights: one signed byte per hashed feature.
const WEIGHTS: &[u8; SIZE] = include_bytes!("../data/model.bin");

/// How many weights there are.
pub(crate) const SIZE: usize = 1 << 17;

/// How far a sentence's score must go beyond 0, in the weights' unit, to be a finding. Set where three ordinary clean
/// messages in a thousand are taken wrongly of those that a model has not seen (`cargo xtask train --folds`).
const THRESHOLD: i32 = 62;

/// The same for a sentence about a thing of an office or a house.
const THRESHOLD_THINGS: i32 = 80;

/// Below this score a sentence does not sound like care, whatever word of two meanings is in it.
const DOUBT: i32 = -40;

/// The fewest words that are judged: less than a sentence says too little.
const WORDS_MIN: usize = 3;
/// The most words of a sentence that are judged together.
const WORDS_MAX: usize = 40;

/// The length of the runs of letters that a word is known by when it is not known whole, and how many letters are looked at.
const RUN: usize = 3;
const LETTERS_MAX: usize = 24;

/// What stands for a number, a name, a code.
const NUMBER: Hash = Hash::EMPTY.and(b'0');
const NAME: Hash = Hash::EMPTY.and(b'N');

/// Calls `take` with every feature of a sentence.
pub(crate) fn features(words: &[Word], folded: &Folded<'_>, mut take: impl FnMut(usize)) {
    let (mut last, mut before) = (Hash::EMPTY.and(b'^'), Hash::EMPTY.and(b'^'));
    for word in words.iter().take(WORDS_MAX) {
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
        if word.digits == 0 && word.len() > 5 && !name {
            take(index(Hash::of(folded.slice(word.start, word.start + 5)).and(4)));
        }
        if word.digits == 0 && !name {
            let letters = folded.slice(word.start, word.end.min(word.start + LETTERS_MAX));
            letters.windows(RUN).for_each(|run| take(index_of_run(run)));
        }
        if let Some(class) = class(word) {
            take(index(Hash::EMPTY.and(class).and(6)));
            take(index(pair(last, Hash::EMPTY.and(class), 7)));
        }
        (before, last) = (last, hash);
    }
    take(index(pair(last, Hash::EMPTY.and(b'$'), 2)));
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

/// Where a run of letters has its weight: by one multiplication, for there are more of these than of all else.
fn index_of_run(run: &[u8]) -> usize {
    let number = run.iter().fold(0_u32, |number, byte| (number << 8) | u32::from(*byte));
    (number.wrapping_mul(0x9e37_79b1) >> (u32::BITS - SIZE.trailing_zeros())) as usize
}

/// Scores are per this many words.
pub(crate) const SHARE: i32 = 8;

/// The length a sentence's score is divided by.
pub(crate) fn length(sentence: &[Word]) -> i32 {
    i32::try_from(sentence.len().clamp(7, WORDS_MAX)).unwrap_or(SHARE)
}

/// The sentences that are long enough to be judged.
pub(crate) fn sentences<'w>(words: &'w [Word], folded: &Folded<'_>) -> impl Iterator<Item = &'w [Word]> {
    let goes_on = |a: &Word, b: &Word| {
        let between = folded.slice(a.end, b.start);
        if between == b" " {
            return true;
        }
        !between.iter().any(|byte| matches!(byte, b'!' | b'?' | b'\n' | b';'))
            && !between.starts_with(b". ")
            && !between.starts_with(b": ")
    };
    words.chunk_by(goes_on).filter(|sentence| sentence.len() >= WORDS_MIN)
}

/// Whether the model has seen most words of a sentence: where it knows nothing it says nothing.
fn is_known(sentence: &[Word], weight: impl Fn(usize) -> i32) -> bool {
    let known = sentence.iter().filter(|word| word.digits > 0 || weight(index(word.hash.and(1))) != 0).count();
    known * 5 >= sentence.len() * 3
}

/// What a feature weighs.
fn weight(feature: usize) -> i32 {
    WEIGHTS.get(feature).map_or(0, |weight| i32::from(i8::from_le_bytes([*weight])))
}

/// How much like care a sentence sounds.
fn score(sentence: &[Word], folded: &Folded<'_>) -> i32 {
    let mut score = 0;
    features(sentence, folded, |feature| score += weight(feature));
    score * SHARE / length(sentence)
}

/// Whether the sentence around a place sounds like care, or is too short or too little known to tell.
pub(crate) fn sounds_like_care(words: &[Word], folded: &Folded<'_>, place: usize) -> bool {
    let around = |sentence: &&[Word]| {
        sentence.first().is_some_and(|first| first.start <= place)
            && sentence.last().is_some_and(|last| last.end > place)
    };
    sentences(words, folded)
        .find(around)
        .is_none_or(|sentence| score(sentence, folded) >= DOUBT || !is_known(sentence, weight))
}

/// The sentence that tells care content most plainly, when one does: its first and last byte.
pub(crate) fn find(words: &[Word], folded: &Folded<'_>) -> Option<(usize, usize)> {
    let mut best: Option<(i32, usize, usize)> = None;
    for sentence in sentences(words, folded) {
        let (Some(first), Some(last)) = (sentence.first(), sentence.last()) else { continue };
        let score = score(sentence, folded);
        // What is said of forms and elevators must sound very much like care.
        let least = if sentence.iter().any(|word| word.is(roles::OBJECT)) { THRESHOLD_THINGS } else { THRESHOLD };
        if score > least && is_known(sentence, weight) && best.is_none_or(|(known, ..)| known < score) {
            best = Some((score, first.start, last.end));
        }
    }
    best.map(|(_, start, end)| (start, end))
}
