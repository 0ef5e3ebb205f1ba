//! A sentence that is nothing but an outcome: `Positive!`, `it's negative, phew`, `sigue positivo`. Too short for the model, and no word
//! beside it says of what; what the outcome is of is what somebody was examined for.

use crate::fold::Folded;
use crate::words::Word;
use crate::{Hit, Kind, Level, roles, work};

/// The most words of such a sentence.
const WORDS_MAX: usize = 7;

/// What may stand beside an outcome without saying that something else is meant: `we are positive` says `we`, and is not one.
const BESIDE: &[&str] = &[
    "it",
    "its",
    "it's",
    "s",
    "is",
    "was",
    "were",
    "are",
    "all",
    "both",
    "still",
    "again",
    "now",
    "you",
    "you're",
    "re",
    "u",
    "ur",
    "r",
    "yes",
    "yep",
    "no",
    "not",
    "very",
    "phew",
    "yay",
    "sorry",
    "test",
    "tests",
    "result",
    "results",
    "came",
    "come",
    "back",
    "turned",
    "out",
    "as",
    "has",
    "have",
    "today",
    "this",
    "time",
    "one",
    "the",
    "that",
    "your",
    "she",
    "he",
    "they",
    "her",
    "his",
    "him",
    "and",
    "so",
    "ok",
    "okay",
    "good",
    "news",
    "bad",
    "great",
    "weak",
    "weakly",
    "faint",
    "faintly",
    "strong",
    "false",
    "for",
    "thank",
    "god",
    "goodness",
    "update",
    "final",
    "confirmed",
    "confirmatory",
    "second",
    "first",
    "3",
    "2",
    "1",
    "x2",
    "es",
    "fue",
    "esta",
    "estan",
    "eres",
    "salio",
    "salieron",
    "salimos",
    "dio",
    "dieron",
    "ya",
    "otra",
    "vez",
    "todo",
    "todos",
    "todas",
    "sigue",
    "siguen",
    "si",
    "su",
    "sus",
    "tu",
    "prueba",
    "pruebas",
    "resultado",
    "resultados",
    "ahora",
    "hoy",
    "usted",
    "lo",
    "el",
    "la",
    "siento",
    "gracias",
    "a",
    "dios",
    "que",
    "bueno",
    "buenas",
    "malas",
    "noticias",
    "fuerte",
    "debil",
    "muy",
    "examen",
    "segunda",
    "ambos",
    "ambas",
    "los",
    "las",
    "dos",
    "ella",
    "both",
    "repeat",
    "rerun",
    "repetida",
    "confirmado",
];

/// The outcomes in a text.
pub(crate) fn find(words: &[Word], folded: &Folded<'_>, hits: &mut Vec<Hit>) {
    let goes_on = |a: &Word, b: &Word| {
        let between = folded.slice(a.end, b.start);
        between.len() <= 3 && !between.iter().any(|byte| b".!?;:\n".contains(byte))
    };
    for sentence in words.chunk_by(goes_on) {
        work::count(1);
        let Some(outcome) = sentence.iter().find(|word| word.is(roles::OUTCOME)) else { continue };
        let fits = sentence.len() <= WORDS_MAX
            && sentence.iter().all(|word| {
                let text = folded.slice(word.start, word.end);
                word.is(roles::OUTCOME) || BESIDE.iter().any(|beside| beside.as_bytes() == text)
            });
        if fits {
            let hit = Hit::identifier(outcome.start, outcome.end, Kind::Implied);
            hits.push(Hit { level: Level::L3, ..hit });
        }
    }
}
