//! What a measurement came out as, said of somebody's own and without a name of what was measured: `your level is 9.2`, `su lectura fue 180`.

use crate::fold::Folded;
use crate::words::Word;
use crate::{Hit, Kind, Level, work};

/// Whose it is.
const OWNERS: &[&str] = &["your", "ur", "yr", "his", "her", "my", "su", "sus", "tu", "tus", "mi", "mis"];
/// Whose it is, before an apostrophe.
const WHOSE: &[&str] =
    &["today", "yesterday", "patient", "baby", "child", "son", "daughter", "mom", "dad", "mother", "father"];
/// What may stand before the measurement.
const NEW: &[&str] = &[
    "last", "latest", "new", "current", "recent", "first", "second", "ultimo", "ultima", "ultimos", "ultimas", "nuevo",
    "nueva",
];
/// What is measured.
const MEASURED: &[&str] = &[
    "level",
    "levels",
    "reading",
    "readings",
    "value",
    "values",
    "score",
    "scores",
    "figure",
    "figures",
    "count",
    "counts",
    "result",
    "results",
    "nivel",
    "niveles",
    "lectura",
    "lecturas",
    "valor",
    "valores",
    "cifra",
    "cifras",
    "puntaje",
    "puntajes",
    "puntuacion",
    "conteo",
    "recuento",
    "resultado",
    "resultados",
];
/// When it was measured.
const OF_TODAY: &[&str] = &["de", "hoy", "ayer", "today", "yesterday"];
/// What joins it with how it came out.
const CAME: &[&str] = &[
    "is", "are", "was", "were", "s", "came", "went", "looks", "look", "stays", "stayed", "es", "son", "fue", "fueron",
    "esta", "estan", "estaba", "salio", "salieron", "sigue", "dio", "subio",
];
/// What may stand between the two.
const BETWEEN: &[&str] = &[
    "back",
    "at",
    "in",
    "now",
    "still",
    "up",
    "down",
    "to",
    "too",
    "very",
    "way",
    "so",
    "about",
    "around",
    "out",
    "only",
    "just",
    "a",
    "bit",
    "little",
    "en",
    "de",
    "ahora",
    "todavia",
    "muy",
    "mas",
    "un",
    "poco",
    "demasiado",
];
/// How it came out.
const OUT: &[&str] = &[
    "high",
    "low",
    "higher",
    "lower",
    "normal",
    "abnormal",
    "elevated",
    "borderline",
    "good",
    "bad",
    "fine",
    "ok",
    "okay",
    "great",
    "perfect",
    "stable",
    "better",
    "worse",
    "off",
    "concerning",
    "critical",
    "dangerous",
    "alto",
    "alta",
    "altos",
    "altas",
    "bajo",
    "baja",
    "bajos",
    "bajas",
    "normales",
    "anormal",
    "anormales",
    "elevado",
    "elevada",
    "elevados",
    "elevadas",
    "bien",
    "mal",
    "bueno",
    "buena",
    "malo",
    "mala",
    "estable",
    "mejor",
    "peor",
    "critico",
    "peligroso",
];
/// What is meant where a level is a storey's and a score a game's.
const THINGS: &[&str] = &[
    "park",
    "parking",
    "garage",
    "floor",
    "elevator",
    "stairs",
    "estacionar",
    "estacionarse",
    "estacionamiento",
    "garaje",
    "piso",
    "ascensor",
    "elevador",
    "survey",
    "quiz",
    "game",
    "raffle",
    "trivia",
    "credit",
    "encuesta",
    "juego",
    "rifa",
    "credito",
];
/// What a number is counted in where it says when.
const WHEN: &[&str] = &[
    "am", "pm", "a", "p", "day", "days", "week", "weeks", "hour", "hours", "minutes", "business", "months", "dia",
    "dias", "semana", "semanas", "hora", "horas", "minutos", "meses",
];
/// How many words on each side say what is meant.
const NEAR: usize = 12;

/// The measurements in a text that are told with how they came out.
pub(crate) fn find(words: &[Word], folded: &Folded<'_>, hits: &mut Vec<Hit>) {
    let is = |list: &[&str], at: usize| {
        words.get(at).is_some_and(|word| {
            let text = folded.slice(word.start, word.end);
            list.iter().any(|listed| listed.as_bytes() == text)
        })
    };
    for (at, owner) in words.iter().enumerate() {
        let noun = at + 1 + usize::from(is(NEW, at + 1));
        let verb = noun + 1 + (noun + 1..noun + 3).take_while(|at| is(OF_TODAY, *at)).count();
        // "Your level: 9.2".
        let listed = words
            .get(noun)
            .zip(words.get(noun + 1))
            .is_some_and(|(noun, value)| matches!(folded.slice(noun.end, value.start), b":" | b": " | b" = " | b"="));
        let verb = if listed { noun } else { verb };
        // "Today's reading was 180".
        let owned = is(OWNERS, at) || (is(&["s"], at) && is(WHOSE, at.wrapping_sub(1)));
        if !is(MEASURED, noun) || !owned || !(listed || is(CAME, verb)) {
            continue;
        }
        work::count(NEAR);
        let between = (verb + 1..verb + 5).take_while(|at| is(BETWEEN, *at)).count();
        let value = verb + 1 + between;
        let number = words.get(value).is_some_and(|word| word.digits == word.len() && !is_price_or_time(word, folded));
        let told = is(OUT, value) || (number && !is(WHEN, value + 1));
        let thing = || (at.saturating_sub(NEAR)..value + NEAR).any(|near| is(THINGS, near));
        if told
            && is_one_sentence(words, folded, at, value)
            && !thing()
            && let Some(end) = words.get(verb).map(|word| word.end)
        {
            hits.push(Hit { level: Level::L3, ..Hit::identifier(owner.start, end, Kind::Lab) });
        }
    }
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
