//! A part of a body and what ails it, or what is done to it, in one sentence: `the jaw still pops when you chew`, `me anda doliendo la
//! panza`, `le vamos a destapar los oídos`. Neither word need tell care by itself; together they do.

use crate::fold::Folded;
use crate::words::Word;
use crate::{Hit, Kind, Level, roles, work};

/// How far apart the two may stand, in words.
const APART: usize = 6;
/// How many words around a part of a body must be free of things of an office.
const AROUND: usize = 8;

/// Parts of bodies that are things of an office, a street or a turn of speech just as often: only with whose they are before them.
const COMMON: &str = " back hand hands head face eye eyes foot feet arm arms leg legs mouth neck heart nose side skin chest hip lip lips tongue \
                      thumb palm shoulder shoulders mano manos cara ojo ojos pie pies brazo brazos pierna piernas boca cuello corazon nariz \
                      lado piel pecho labio labios lengua cabeza espalda ";

/// Whose a part is.
const WHOSE: &str = " my your ur his her their its mi mis tu tus su sus the el la los las both left right one ";

fn is_in(list: &str, text: &[u8]) -> bool {
    let text = std::str::from_utf8(text).unwrap_or(" ");
    !text.is_empty() && list.split(' ').any(|word| word == text)
}

/// Parts of bodies with what is said of them.
pub(crate) fn find(words: &[Word], folded: &Folded<'_>, hits: &mut Vec<Hit>) {
    for (at, part) in words.iter().enumerate().filter(|(_, word)| word.is(roles::BODY)) {
        work::count(2 * APART);
        let text = folded.slice(part.start, part.end);
        let before = at.checked_sub(1).and_then(|at| words.get(at));
        let whose = before.is_some_and(|word| is_in(WHOSE, folded.slice(word.start, word.end)));
        if is_in(COMMON, text) && !whose {
            continue;
        }
        let ends = |a: &Word, b: &Word| folded.slice(a.end, b.start).iter().any(|byte| b".!?;\n".contains(byte));
        let joined = |from: usize, to: usize| {
            words.get(from..=to).unwrap_or_default().windows(2).all(|two| matches!(two, [a, b] if !ends(a, b)))
        };
        let around = (at.saturating_sub(AROUND)..at + AROUND).filter_map(|at| words.get(at));
        if around.clone().any(|word| word.is(roles::OBJECT | roles::HOUSE | roles::VENUE | roles::STREET)) {
            continue;
        }
        let found = (at.saturating_sub(APART)..=at + APART).filter(|other| *other != at).find_map(|other| {
            let word = words.get(other).filter(|word| word.is(roles::AILS | roles::MENDS))?;
            joined(at.min(other), at.max(other)).then_some(word)
        });
        if let Some(other) = found {
            let kind = if other.is(roles::AILS) { Kind::Symptom } else { Kind::Procedure };
            let (start, end) = (part.start.min(other.start), part.end.max(other.end));
            hits.push(Hit { level: Level::L3, weak: true, ..Hit::identifier(start, end, kind) });
        }
    }
}
