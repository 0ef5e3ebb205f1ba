//! Ages over 89, when a person is meant and not a house or a company (45 CFR 164.514(b)(2)(i)(C)).

use crate::cues::ends_sentence;
use crate::fold::Folded;
use crate::roles;
use crate::words::{self, Word};

/// How many words of the sentence before a number may say whose age it is.
const WORDS: usize = 8;

/// Somebody who grows old.
const PERSONS: &[&str] = &[
    "you",
    "u",
    "he",
    "she",
    "they",
    "him",
    "her",
    "his",
    "who",
    "person",
    "patient",
    "patients",
    "paciente",
    "mom",
    "mother",
    "dad",
    "father",
    "grandma",
    "grandmother",
    "grandpa",
    "grandfather",
    "granny",
    "nana",
    "wife",
    "husband",
    "aunt",
    "uncle",
    "resident",
    "neighbor",
    "friend",
    "woman",
    "man",
    "lady",
    "gentleman",
    "usted",
    "ella",
    "senor",
    "senora",
    "sr",
    "sra",
    "mama",
    "papa",
    "madre",
    "padre",
    "abuela",
    "abuelo",
    "abuelita",
    "abuelito",
    "tia",
    "tio",
    "suegra",
    "suegro",
    "esposa",
    "esposo",
    "don",
    "dona",
    "mrs",
    "mr",
    "ms",
    "veteran",
    "someone",
    "member",
    "caller",
    "i",
    "ma",
    "pa",
    "im",
    "shes",
    "hes",
    "congratulations",
    "congrats",
    "felicidades",
];

/// What has an age and is no person.
const THINGS: &[&str] = &[
    "building",
    "edificio",
    "clinic",
    "clinica",
    "hospital",
    "office",
    "oficina",
    "company",
    "empresa",
    "church",
    "iglesia",
    "school",
    "escuela",
    "roof",
    "elevator",
    "ascensor",
    "we",
    "our",
    "nuestro",
    "nuestra",
    "practice",
    "consultorio",
    "center",
    "centro",
    "house",
    "tree",
    "arbol",
    "library",
    "bridge",
    "town",
    "city",
    "ciudad",
    "foundation",
    "fundacion",
    "group",
    "grupo",
    "anniversary",
    "aniversario",
    "est",
    "since",
    "desde",
];

/// What an age ends with when nothing more is said of it.
const ENDS: &[&str] = &[
    "now", "today", "already", "and", "so", "but", "this", "next", "years", "yrs", "ya", "hoy", "y", "anos", "este",
    "tomorrow", "or", "young",
];

/// Whether a number that is written as an age tells of a person over 89.
pub(crate) fn is_telling(age: u32, list: &[Word], folded: &Folded<'_>, start: usize) -> bool {
    let things = before(list, folded, start).any(is_thing) || behind(list, folded, start).any(is_thing);
    let persons = before(list, folded, start).any(is_person) || behind(list, folded, start).any(is_person);
    (90..=125).contains(&age) && (persons || !things)
}

/// Whether somebody is said to turn so many years old: `she turned 93`, and not `Lakeview turns 92`.
pub(crate) fn is_turned(age: u32, list: &[Word], folded: &Folded<'_>, start: usize) -> bool {
    let said = before(list, folded, start).any(|(_, text)| matches!(text, b"age" | b"aged" | b"edad"));
    let alone = before(list, folded, start).count() == 1;
    is_telling(age, list, folded, start) && (said || alone || before(list, folded, start).any(is_person))
}

/// `You are 92 now!`, `ella ya tiene 95`: a number behind a person and "is", with nothing that it counts behind it.
pub(crate) fn is_bare(age: u32, list: &[Word], folded: &Folded<'_>, start: usize, end: usize) -> bool {
    if !(90..=125).contains(&age) {
        return false;
    }
    let mut earlier = before(list, folded, start);
    let verb = earlier.find(|(_, text)| {
        !matches!(*text, b"now" | b"ya" | b"only" | b"already" | b"almost" | b"just" | b"casi" | b"a")
    });
    let is = verb.is_some_and(|(_, text)| {
        matches!(
            text,
            b"is"
                | b"are"
                | b"re"
                | b"s"
                | b"m"
                | b"am"
                | b"was"
                | b"turned"
                | b"tiene"
                | b"cumplio"
                | b"cumple"
                | b"r"
        )
    });
    let joined = verb.is_some_and(|(_, text)| matches!(text, b"im" | b"shes" | b"hes" | b"youre"));
    // "a mi suegra de 96".
    let of = verb.is_some_and(|(_, text)| text == b"de" || text == b"of")
        && before(list, folded, start).nth(1).is_some_and(is_person);
    let whose = joined || earlier.next().is_some_and(is_person);
    let next =
        list.get(words::from(list, end)).filter(|next| next.start - end <= 2 && folded.slice(end, next.start) == b" ");
    let ended = folded.at(end).is_none_or(|byte| b".,!?\n ;".contains(&byte))
        && next.is_none_or(|next| ENDS.iter().any(|word| word.as_bytes() == folded.slice(next.start, next.end)));
    // "At one hundred and three she still".
    let she = next.is_some_and(|next| {
        matches!(folded.slice(next.start, next.end), b"she" | b"he" | b"you" | b"ella" | b"el" | b"usted")
    });
    let at = verb.is_some_and(|(_, text)| matches!(text, b"at" | b"sus" | b"los"));
    ((is || joined) && whose && ended)
        || (of && list_goes_on(next, folded))
        || (at && she && folded.at(end) == Some(b' '))
}

/// Whether what follows an age is not what the number counts: `suegra de 96 la sientan`, and not `her bill of 96 dollars`.
fn list_goes_on(next: Option<&Word>, folded: &Folded<'_>) -> bool {
    next.is_none_or(|next| {
        matches!(
            folded.slice(next.start, next.end),
            b"la"
                | b"lo"
                | b"le"
                | b"se"
                | b"ya"
                | b"no"
                | b"y"
                | b"who"
                | b"needs"
                | b"is"
                | b"que"
                | b"esta"
                | b"necesita"
        )
    })
}

fn is_person((word, text): (&Word, &[u8])) -> bool {
    PERSONS.iter().any(|person| person.as_bytes() == text)
        || (word.is(roles::FIRST_NAME) && !word.is(roles::NO_NAME | roles::PARTICLE))
}

fn is_thing((word, text): (&Word, &[u8])) -> bool {
    word.is(roles::INSTITUTION) || THINGS.iter().any(|thing| thing.as_bytes() == text)
}

/// Some words behind a position, in its sentence.
fn behind<'w>(list: &'w [Word], folded: &'w Folded<'_>, position: usize) -> impl Iterator<Item = (&'w Word, &'w [u8])> {
    let mut end = position;
    let later = list.iter().skip(words::from(list, position)).take(WORDS - 1);
    later
        .take_while(move |word| {
            let goes_on = end == position || !folded.slice(end, word.start).iter().any(|byte| b".!?\n".contains(byte));
            end = word.end;
            goes_on
        })
        .map(|word| (word, folded.slice(word.start, word.end)))
}

/// The words of the sentence before a position, the nearest first.
fn before<'w>(list: &'w [Word], folded: &'w Folded<'_>, position: usize) -> impl Iterator<Item = (&'w Word, &'w [u8])> {
    let first = words::from(list, position);
    let earlier = list.get(..first).unwrap_or_default().iter().rev().take(WORDS);
    let mut next = position;
    earlier
        .take_while(move |word| {
            let goes_on = !ends_sentence(folded.slice(word.end, next), word);
            next = word.start;
            goes_on
        })
        .map(|word| (word, folded.slice(word.start, word.end)))
}
