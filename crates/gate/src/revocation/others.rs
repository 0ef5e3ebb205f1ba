//! What else stops, ends and is cancelled than messages: a bus, a cough, a medicine, a licence; and what must not stop.

use super::staying::asks_to_stay;
use super::{is_contacting, phrases_in};
use crate::reference::{CARE, COURTESIES, ENDED, ENDS, NEGATED, OTHER_STOPS, OTHER_THINGS, SENT, SERVICES, SYMPTOMS};
use std::ops::Range;

/// Words that name what follows them.
const DETERMINERS: &[&str] = &[
    "the", "my", "his", "her", "their", "our", "a", "an", "that", "this", "el", "la", "mi", "su", "las", "los", "mis",
];
/// Words between who does not stop and that they do not.
const LINKS: &[&str] = &[
    "has", "does", "do", "did", "have", "had", "finally", "just", "almost", "never", "not", "wont", "doesnt", "dont",
    "hasnt", "isnt", "cant", "didnt", "wouldnt", "still", "will", "no", "all", "is", "it", "to",
];
/// To whom a denial is said that asks for the contrary: "you don't stop texting me".
const ACCUSED: &[&str] = &[
    "you", "u", "they", "if", "why", "still", "it", "these", "texts", "messages", "that", "who", "ustedes", "si",
    "want",
];

/// `text`, normalised, without the words of an end that is of nothing we send, and without those that ask us to go on.
pub(super) fn without_others(text: &str) -> String {
    let phrases: Vec<&str> = phrases_in(text, OTHER_STOPS).collect();
    let text = phrases.iter().fold(format!(" {text} "), |text, phrase| text.replace(&format!(" {phrase} "), " "));
    let words: Vec<&str> = text.split_whitespace().collect();
    let goes_on: Vec<Range<usize>> = (0..words.len())
        .flat_map(|at| [denies_an_end(&words, at), asks_to_stay(&words, at), leaves_another(&words, at)])
        .flatten()
        .collect();
    let of_another = |at: usize| goes_on.iter().any(|part| part.contains(&at)) || is_of_another(&words, at);
    let kept = words.iter().enumerate().filter(|(at, _)| !of_another(*at));
    kept.map(|(_, word)| *word).collect::<Vec<_>>().join(" ")
}

/// Whether `text`, normalised, asks that messages go on: "please don't stop the reminders", "don't let them take me off".
pub(super) fn asks_to_go_on(text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    (0..words.len()).any(|at| denies_an_end(&words, at).or_else(|| asks_to_stay(&words, at)).is_some())
        || wants_more(&words)
}

/// "I want to keep getting these", "please text me when she's ready": asked for, with nothing in it that refuses or ends.
fn wants_more(words: &[&str]) -> bool {
    const KEEPS: &[&str] = &["keep", "continue", "seguir"];
    const COMES: &[&str] = &["getting", "receiving", "sending", "texting", "recibiendo", "recibir"];
    const ASKED: &[&str] = &["text", "txt", "message"];
    let refuses =
        |word: &&str| ENDS.contains(word) || matches!(*word, "no" | "not" | "dont" | "never" | "why" | "if" | "you");
    if words.iter().any(refuses) {
        return false;
    }
    let kept =
        words.windows(2).any(|two| matches!(two, [keep, comes] if KEEPS.contains(keep) && COMES.contains(comes)));
    let wished = words.iter().any(|word| matches!(*word, "want" | "like" | "please" | "love" | "quiero" | "would"));
    let first = words.iter().position(|word| !COURTESIES.contains(word)).unwrap_or_default();
    let asks = matches!(words.get(first..), Some([verb, "me", ..]) if ASKED.contains(verb));
    (kept && wished) || asks
}

/// The words that ask that messages do not end, where the one at `at` is the end: "please don't stop the reminders", "no dejen de avisarme".
fn denies_an_end(words: &[&str], at: usize) -> Option<Range<usize>> {
    /// What is said of somebody, and asks nobody.
    const TELLS: &[&str] = &["deja", "cancela", "paro", "corta"];
    words.get(at).filter(|word| ENDS.contains(word) && !TELLS.contains(word))?;
    let before = |places: usize| at.checked_sub(places).and_then(|at| words.get(at)).copied();
    let denial = match (before(2), before(1)?) {
        (Some("do"), "not") => 2,
        (_, "dont" | "never") => 1,
        (_, "no") => 1,
        _ => return None,
    };
    let from = at.saturating_sub(denial);
    let accuses = from.checked_sub(1).and_then(|at| words.get(at)).is_some_and(|word| ACCUSED.contains(word));
    let keeps = words.iter().any(|word| matches!(*word, "keep" | "continue" | "sigan" | "siga"));
    let named = what_ends(words, at);
    (keeps || (!accuses && named.is_some())).then(|| from..named.unwrap_or(at).saturating_add(1))
}

/// "Unsubscribe me from nausea", "he's unsubscribed from potty training": no list of ours.
fn leaves_another(words: &[&str], at: usize) -> Option<Range<usize>> {
    words.get(at).filter(|word| word.starts_with("unsubscribe"))?;
    let whom = usize::from(words.get(at.saturating_add(1)).is_some_and(|word| matches!(*word, "me" | "him" | "her")));
    let from = at.saturating_add(1).saturating_add(whom);
    words.get(from).filter(|word| **word == "from")?;
    let left = words.get(from.saturating_add(1))?;
    (SYMPTOMS.contains(left) || OTHER_THINGS.contains(left)).then(|| at..from.saturating_add(2))
}

/// Where it is named what is not to end: messages, writing, a visit.
fn what_ends(words: &[&str], at: usize) -> Option<usize> {
    const NEAR: usize = 4;
    let mut after = words.iter().enumerate().skip(at.saturating_add(1)).take(NEAR);
    let named =
        |word: &&str| SENT.contains(word) || SERVICES.contains(word) || CARE.contains(word) || is_contacting(word);
    after.rfind(|(_, word)| named(word)).map(|(at, _)| at)
}

/// Whether the word at `at` tells of an end, and of that of something else.
fn is_of_another(words: &[&str], at: usize) -> bool {
    let Some(word) = words.get(at) else { return false };
    if !ENDS.contains(word) && !ENDED.contains(word) {
        return false;
    }
    let before = words.get(..at).unwrap_or_default();
    let after = words.get(at.saturating_add(1)..).unwrap_or_default();
    if is_with_what_is_sent(after) {
        return false;
    }
    is_of_a_symptom(before)
        || is_of_doing(before, after)
        || is_of_a_thing(before, after)
        || is_told(words, word, before)
}

/// "Stop with the flu shot messages": what is sent about care is sent.
fn is_with_what_is_sent(after: &[&str]) -> bool {
    const NEAR: usize = 5;
    let all = after.first().is_some_and(|word| matches!(*word, "with" | "sending" | "your" | "these" | "those"));
    all && after.iter().skip(1).take(NEAR).any(|word| SENT.contains(word))
}

/// "My cough won't stop", "the bleeding stopped".
fn is_of_a_symptom(before: &[&str]) -> bool {
    let subject = before.iter().rev().find(|word| !LINKS.contains(word));
    subject.is_some_and(|word| SYMPTOMS.contains(word))
}

/// "Stop taking it", "I can't stop sneezing", "stopped breathing": what is done is neither sending nor reaching.
fn is_of_doing(before: &[&str], after: &[&str]) -> bool {
    let first = after.iter().position(|word| !matches!(*word, "de" | "ever")).unwrap_or_default();
    let Some(doing) = after.get(first) else { return false };
    if CARE.contains(doing) {
        return true;
    }
    let to_us =
        after.get(first.saturating_add(1)).is_some_and(|word| matches!(*word, "me" | "us" | "this" | "these" | "my"));
    let is_doing = doing.ends_with("ing") && doing.len() > 4 && !is_contacting(doing) && !SENT.contains(doing);
    is_doing && !to_us && !is_first(before)
}

/// "Stop the metformin", "cancel my gym membership", "they revoked my license", "no cancelen mi cita".
fn is_of_a_thing(before: &[&str], after: &[&str]) -> bool {
    const NEAR: usize = 4;
    let near = || after.iter().take(NEAR).chain(before.iter().rev().take(NEAR));
    if near().any(|word| OTHER_THINGS.contains(word)) {
        return true;
    }
    let named = after.first().filter(|word| DETERMINERS.contains(word)).and_then(|_| after.get(1));
    let other = named.is_some_and(|word| !SENT.contains(word) && !SERVICES.contains(word) && !is_contacting(word));
    let told = before.iter().any(|word| matches!(*word, "you" | "ustedes" | "please" | "pls"));
    let named = named.is_some_and(|word| CARE.contains(word) && !CHANGED.contains(word));
    (named && !is_first(before)) || (other && !told && !is_first(before) && !near().any(|word| CHANGED.contains(word)))
}

/// What patients cancel: a person reads whether messages are meant.
const CHANGED: &[&str] =
    &["appointment", "appt", "appointments", "visit", "visits", "cita", "citas", "visita", "visitas"];

/// "He stopped", "I had stopped": what was is told, and nothing asked, where nothing that is sent is spoken of.
fn is_told(words: &[&str], word: &str, before: &[&str]) -> bool {
    let speaks = |word: &&str| {
        SENT.contains(word)
            || is_contacting(word)
            || matches!(*word, "you" | "these" | "them" | "this" | "want" | "need" | "ustedes")
    };
    ENDED.contains(&word) && !before.is_empty() && !words.iter().any(speaks)
}

/// Whether nothing but courtesies stands before it.
fn is_first(before: &[&str]) -> bool {
    before.iter().all(|word| COURTESIES.contains(word) || matches!(*word, "and" | "so" | "again" | "just"))
}

/// Whether `text`, made by [`without_others`], denies an end and does not say of what.
pub(super) fn is_denied(text: &str) -> bool {
    phrases_in(text, NEGATED).next().is_some()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{all, kept};
    use super::super::{Meaning, read};

    #[test]
    fn who_asks_for_more_is_not_held() {
        all(&["I want to keep getting these", "I'd like to keep receiving them"], Meaning::Other);
        for text in ["I don't want to keep getting these", "please text me no more", "don't text me"] {
            assert_ne!(read(text), Meaning::Other, "{text}");
        }
    }

    #[test]
    fn a_word_for_an_end_among_words_about_something_else_changes_nothing() {
        all(
            &[
                "can i just stop in or do i need an appt",
                "I'm driving right now, will look at it when I stop",
                "Do I get off at the Burnside stop or the 183rd one",
                "contractions 7 min apart but they stop when I lay down",
                "Please take my old address off the file, we moved into town. 410 Elm now",
                "Please take me off the prep that tastes like lemon cleaner, there has to be another one",
                "You quit sending me the blood sugar tips, can you turn those back on?",
                "estamos en la pisca y no dan permiso, puede ser domingo?",
                "por qué ya no me mandan los consejos de la diabetes?",
                "Ta bien",
                "ya voy",
            ],
            Meaning::Other,
        );
    }

    #[test]
    fn the_net_lets_nothing_go_that_begins_as_an_order_or_that_may_be_meant_for_us() {
        kept(&[
            "please cancel my appointment",
            "stop it already or I call the police",
            "take me off, I told you before",
        ]);
        for text in [
            "For the love of God stop with the flu shot messages",
            "dnt txt me",
            "No more surveys!!! I have answered four of them",
            "Ya no ocupo estos avisos, muchas gracias por todo",
            "take me off the list",
            "can Terry take me off the reminder texts",
        ] {
            assert!(read(text).stops(), "{text}: {:?}", read(text));
        }
    }

    #[test]
    fn who_asks_for_more_is_not_given_to_the_net() {
        all(
            &["I like the texts. Don't let them take me off", "please don't stop the reminders, I need them"],
            Meaning::Other,
        );
    }
}
