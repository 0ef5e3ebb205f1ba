//! What to do before or after a visit, said as an order: `please keep your leg raised`, `you may eat as usual`. It is care, and tells nothing of what
//! was found (RULES 0.4: L2, "visit instructions, care-plan step without diagnosis").

use crate::fold::Folded;
use crate::words::Word;
use crate::{roles, work};

/// What may stand before an order.
const BEFORE: &[&[u8]] = &[
    b"please", b"pls", b"yes", b"ok", b"okay", b"also", b"and", b"then", b"so", b"por", b"favor", b"si", b"tambien",
    b"y",
];
/// Who may do something, and that they may.
const MAY: &[[&[u8]; 2]] = &[[b"you", b"may"], [b"you", b"can"], [b"usted", b"puede"]];
/// The most words of a sentence that are looked at.
const WORDS_MAX: usize = 40;

/// Whether the sentence in which `start` lies is such an order, and says of nothing how it came out.
pub(crate) fn is_one(words: &[Word], folded: &Folded<'_>, start: usize) -> bool {
    let at = words.partition_point(|word| word.end <= start);
    let ends = |a: &Word, b: &Word| folded.slice(a.end, b.start).iter().any(|byte| b".!?\n;:".contains(byte));
    let pairs = || {
        words.windows(2).enumerate().filter_map(|(index, two)| match two {
            [a, b] => ends(a, b).then_some(index + 1),
            _ => None,
        })
    };
    let first = pairs().take_while(|index| *index <= at).last().unwrap_or(0);
    let next = pairs().find(|index| *index > at).unwrap_or(words.len());
    work::count(WORDS_MAX);
    let sentence = words.get(first..next.min(first + WORDS_MAX)).unwrap_or_default();
    let text = |word: &Word| folded.slice(word.start, word.end);
    let lead = sentence.iter().take_while(|word| BEFORE.contains(&text(word))).count();
    let said = sentence.get(lead..).unwrap_or_default();
    let orders = said.first().is_some_and(|word| word.is(roles::INSTRUCTS));
    let may = matches!(said, [who, may, ..] if MAY.contains(&[text(who), text(may)]));
    let is_of_care = |word: &Word| word.is(roles::OUTCOME | roles::MEASURE | roles::AILS);
    (orders || may) && next <= first + WORDS_MAX && !sentence.iter().any(is_of_care)
}
