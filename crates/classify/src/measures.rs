//! What a measurement came out as, said of somebody's own and without a name of what was measured: `your level is 9.2`, `su lectura fue 180`.

use crate::fold::Folded;
use crate::outcome_words::List;
use crate::words::Word;
use crate::{Hit, Kind, Level, work};

/// How many words on each side say what is meant.
const NEAR: usize = 12;

/// The measurements in a text that are told with how they came out.
pub(crate) fn find(words: &[Word], folded: &Folded<'_>, hits: &mut Vec<Hit>) {
    let is = |list: List, at: usize| words.get(at).is_some_and(|word| list.holds(folded.slice(word.start, word.end)));
    for (at, owner) in words.iter().enumerate() {
        // "Today's reading was 180".
        let owned = is(List::Owners, at) || (is_s(words, folded, at) && is(List::Whose, at.wrapping_sub(1)));
        if !owned {
            continue;
        }
        let noun = at + 1 + usize::from(is(List::Newest, at + 1));
        // "Your level: 9.2".
        let listed = is_listed(words, folded, noun);
        let joined = noun + 1 + (noun + 1..noun + 3).take_while(|at| is(List::Day, *at)).count();
        let verb = if listed { noun } else { joined };
        let measured = is(List::Measured, noun) || is(List::Results, noun);
        let number_of = is(List::Numbers, noun);
        let turned = number_of && is(List::Turned, verb);
        if !(measured || number_of) || !(listed || turned || is(List::Came, verb)) {
            continue;
        }
        work::count(NEAR);
        let between = (verb + 1..verb + 5).take_while(|at| is(List::Between, *at)).count();
        let value = verb + 1 + between;
        let number = words.get(value).is_some_and(|word| word.digits == word.len() && !is_price_or_time(word, folded));
        let counted = number && !is(List::Time, value + 1);
        // "Your number is 14" is one of a queue, "your number is fine" one to call; one that is high is neither.
        let told = if measured || turned { is(List::Out, value) || counted } else { is(List::Reads, value) };
        // "Your reading was 180. We are on floor 2.": what another sentence speaks of excuses nothing.
        let beside = |near: usize| is_one_sentence(words, folded, near.min(at), near.max(value));
        let thing = || (at.saturating_sub(NEAR)..value + NEAR).any(|near| is(List::Things, near) && beside(near));
        if told
            && is_one_sentence(words, folded, at, value)
            && !thing()
            && let Some(end) = words.get(verb).map(|word| word.end)
        {
            hits.push(Hit { level: Level::L3, ..Hit::identifier(owner.start, end, Kind::Lab) });
        }
    }
}

/// A value is listed right behind the word at `noun`: `level: 9.2`.
fn is_listed(words: &[Word], folded: &Folded<'_>, noun: usize) -> bool {
    let joins = |noun: &Word, value: &Word| matches!(folded.slice(noun.end, value.start), b":" | b": " | b" = " | b"=");
    words.get(noun).zip(words.get(noun + 1)).is_some_and(|(noun, value)| joins(noun, value))
}

/// The `s` of "today's".
fn is_s(words: &[Word], folded: &Folded<'_>, at: usize) -> bool {
    words.get(at).is_some_and(|word| folded.slice(word.start, word.end) == b"s")
}

/// `$9`, `9:20`, `12/4`: an amount, an hour or a day, and nothing that was measured. A pressure has three figures before its stroke.
fn is_price_or_time(word: &Word, folded: &Folded<'_>) -> bool {
    let before = word.start.checked_sub(1).and_then(|at| folded.at(at));
    let behind = folded.at(word.end);
    before == Some(b'$') || behind == Some(b':') || (behind == Some(b'/') && word.len() < 3)
}

fn is_one_sentence(words: &[Word], folded: &Folded<'_>, first: usize, last: usize) -> bool {
    words.get(first..=last).unwrap_or_default().windows(2).all(|two| match two {
        [a, b] => !folded.slice(a.end, b.start).iter().any(|byte| b".!?;\n".contains(byte)),
        _ => true,
    })
}
