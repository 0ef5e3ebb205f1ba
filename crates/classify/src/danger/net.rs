//! What no table of sayings has: a small linear model that was trained from what people of many kinds might write in danger, and from what they
//! write every day. It only adds: what the table hears stands.

use super::readings::Word;
use postern_net::Net;

#[cfg(test)]
mod training;

static WEIGHTS: &[u8; postern_net::FEATURES] = include_bytes!("../../data/danger-net.bin");

/// From this score on a passage is heard as danger: chosen by what is heard of the messages of authors that a net was not trained from.
const HEARD: f32 = 0.0;
/// Fewer words than this say too little for the net: "help", "on my way".
const WORDS_MIN: usize = 3;

/// The most words that are judged together, the longest that is judged as one, and how far behind a passage's beginning the next begins.
const WORDS_MAX: usize = 48;
const LETTERS_MAX: usize = 32;
const STEP: usize = WORDS_MAX / 2;

/// Whether a passage of `words` sounds like danger.
pub(super) fn hears(words: &[Word]) -> bool {
    hears_with(Net::new(WEIGHTS), &shapes(words))
}

fn hears_with(net: Net<'_, 1>, words: &[String]) -> bool {
    words.len() >= WORDS_MIN && passages(words).any(|passage| net.scores(passage).iter().any(|score| *score > HEARD))
}

/// The words as the net sees them: every digit as 0, what is too long in pieces.
fn shapes(words: &[Word]) -> Vec<String> {
    let shape = |c: char| if c.is_ascii_digit() { '0' } else { c };
    let pieces = |word: &Word| {
        let letters: Vec<char> = word.plain().chars().map(shape).collect();
        letters.chunks(LETTERS_MAX).map(|piece| piece.iter().collect::<String>()).collect::<Vec<_>>()
    };
    words.iter().flat_map(pieces).collect()
}

/// The passages that are judged, each by itself: what a long text says once must not drown in the rest.
fn passages(words: &[String]) -> impl Iterator<Item = &[String]> {
    let starts = (0..words.len()).step_by(STEP);
    starts
        .filter(|start| *start == 0 || start.saturating_add(STEP) < words.len())
        .filter_map(|start| words.get(start..words.len().min(start.saturating_add(WORDS_MAX))))
}
