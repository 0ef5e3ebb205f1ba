//! What stands around a care word and says that it is meant otherwise: `the pain of parking`, `our check-in procedure`, `flu shots
//! are available for everyone`. Asked only where a care word was found, so that clean texts pay nothing for it.

use crate::fold::Folded;
use crate::lexicon::Entry;
use crate::words::Word;
use crate::{Kind, Level, names, roles, work};

/// How many words on each side of a care word are looked at.
const WORDS: usize = 9;
/// How near a thing of an office must stand to a care word that is said of it.
const NEAR: usize = 5;

/// A sentence around a care word: the words before it, the nearest last, and those behind it.
struct Sentence<'w> {
    before: &'w [Word],
    behind: &'w [Word],
}

impl<'w> Sentence<'w> {
    fn around(words: &'w [Word], folded: &Folded<'_>, at: usize, next: usize) -> Self {
        work::count(WORDS);
        let goes_on = |at: usize| {
            let two = at.checked_sub(1).and_then(|before| words.get(before)).zip(words.get(at));
            two.is_some_and(|(a, b)| match folded.slice(a.end, b.start) {
                b" " => true,
                between => !between.iter().any(|byte| b".!?\n;".contains(byte)),
            })
        };
        let first = (0..WORDS.min(at)).take_while(|back| goes_on(at - back)).count();
        let last = (next..next + WORDS).take_while(|index| goes_on(*index)).count();
        let part = |start: usize, end: usize| words.get(start..end).unwrap_or_default();
        Self { before: part(at - first, at), behind: part(next, next + last) }
    }

    fn any(&self, most: usize, is: impl Fn(&Word) -> bool) -> bool {
        self.before.iter().rev().take(most).any(&is) || self.behind.iter().take(most).any(is)
    }

    /// Whether what is named is somebody's own: `your pain`, `her new procedure`.
    fn is_owned(&self) -> bool {
        self.before.iter().rev().take(3).any(|word| word.is(roles::OWNER))
    }
}

/// Whether the care word or phrase from word `at` up to word `next` is meant otherwise.
pub(crate) fn excuse(words: &[Word], folded: &Folded<'_>, at: usize, next: usize, entry: Entry) -> bool {
    let Some(word) = words.get(at) else { return false };
    let sentence = Sentence::around(words, folded, at, next);
    (word.is(roles::FIGURATIVE) && next == at + 1 && is_figure_of_speech(word, &sentence, folded))
        || is_offered_to_all(&sentence, folded, entry)
        || is_a_colleague(words, folded, at, next, entry)
}

/// `sorry if the signs were confusing`, `our complaint procedure`, `the procedure for late arrivals`: said of a thing of an office.
fn is_figure_of_speech(word: &Word, sentence: &Sentence<'_>, folded: &Folded<'_>) -> bool {
    if sentence.is_owned() {
        return false;
    }
    let text = |word: Option<&Word>| word.map_or(b"".as_slice(), |word| folded.slice(word.start, word.end));
    let (before, behind) = (text(sentence.before.last()), text(sentence.behind.first()));
    let ours = matches!(before, b"our" | b"nuestro" | b"nuestra" | b"nuestros" | b"nuestras" | b"no" | b"sin");
    let of =
        matches!(behind, b"for" | b"of" | b"with" | b"para" | b"de" | b"del" | b"con" | b"about" | b"to" | b"when");
    let thing = |word: &Word| word.is(roles::OBJECT | roles::HOUSE);
    let near = sentence.any(NEAR, thing);
    let steps = folded.slice(word.start, word.end).starts_with(b"proced")
        && matches!(behind, b"for" | b"to" | b"para" | b"when");
    near || steps || (ours && of)
}

/// `flu shots are available for everyone`, `free screenings, open to the public`: an offer to all says nothing of the reader.
fn is_offered_to_all(sentence: &Sentence<'_>, folded: &Folded<'_>, entry: Entry) -> bool {
    const OFFERS: &[&str] = &[
        "available",
        "offer",
        "offers",
        "offered",
        "offering",
        "open",
        "welcome",
        "free",
        "invited",
        "disponible",
        "disponibles",
        "gratis",
        "gratuito",
        "gratuita",
        "gratuitos",
        "gratuitas",
        "abierto",
        "abierta",
        "ofrecemos",
        "ofrece",
        "meet",
        "volunteer",
        "volunteers",
        "join",
        "needed",
        "walk",
        "walkin",
        "walkins",
        "cita",
        "appointment",
        "event",
        "evento",
        "feria",
        "fair",
    ];
    let of_care = matches!(entry.kind, Some(Kind::Procedure | Kind::Lab | Kind::Medication | Kind::Condition));
    let own = |word: &Word| word.is(roles::OWNER) && !matches!(folded.slice(word.start, word.end), b"s");
    of_care
        && entry.level <= Level::L3
        && sentence.any(WORDS, |word| word.is(roles::PUBLIC))
        && sentence.any(WORDS, |word| OFFERS.iter().any(|offer| offer.as_bytes() == folded.slice(word.start, word.end)))
        && !sentence.any(WORDS, own)
}

/// `Lupus Reyes from the front desk`, `ask for Rash Patel`: a care word that is a name, before a family name, of somebody who works here.
fn is_a_colleague(words: &[Word], folded: &Folded<'_>, at: usize, next: usize, entry: Entry) -> bool {
    let Some((first, last)) = words.get(at).zip(words.get(at + 1)) else { return false };
    next == at + 1
        && entry.level <= Level::L3
        && !folded.shouted
        && first.len() >= 3
        && folded.is_capital(first.start)
        && folded.is_capital(last.start)
        && !folded.is_upper(first.start, first.end)
        && folded.slice(first.end, last.start) == b" "
        && last.is(roles::FAMILY_NAME)
        && last.info.section == 0
        && !last.is(roles::NO_NAME | roles::INSTITUTION | roles::STREET)
        && names::is_colleague(words, folded, at, at + 2)
}
