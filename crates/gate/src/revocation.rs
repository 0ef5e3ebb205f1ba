//! What an inbound message means for the right to send more: one reading, shared by the gate and by inbound handling.
//!
//! 47 CFR 64.1200(a)(10): a patient may revoke in any reasonable way; the words `stop`, `quit`, `end`, `revoke`,
//! `opt out`, `cancel` and `unsubscribe` are a revocation as such. Other wording counts when a reasonable person would
//! understand it so; where one might, or might not, the answer is [`Meaning::Ambiguous`] and a person decides.

use crate::reference::{DOUBTFUL, HELP, RESUMES, REVOKES, REVOKES_ANYWHERE, WRONG_NUMBER};

mod foreign;
mod means;
mod named;
mod normal;
#[cfg(test)]
mod paraphrase;
mod refusal;
mod somebody;
mod stranger;
mod symptom;
#[cfg(test)]
mod tests;
mod wish;

use foreign::{is_foreign_stop, may_be_foreign_stop};
use means::{asks_for_other_means, refuses_offers};
use normal::{Normal, TURNS, as_shown};
use refusal::{Refusal, may_refuse, refusal};
use somebody::is_somebody_else;
use stranger::{Stranger, stranger};
use symptom::without_symptoms;
use wish::{Wish, commands, glued, wish};

/// What an inbound message means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// The place is not the patient's (RULES TCP-19): nothing more goes there until it is verified anew. Whoever said it did not speak for
    /// the patient (docs/decisions/0024).
    WrongNumber,
    /// The same, with a word that revokes beside it, which may be the patient's own.
    WrongNumberAndStop,
    /// It revokes.
    Revokes,
    /// It revokes with the word CANCEL, which in an appointment thread may mean the appointment too (RULES TCP-12).
    RevokesOrCancelsVisit,
    /// It may revoke: hold, a person decides.
    Ambiguous,
    /// It asks for messages again: START, and only by itself (RULES TCP-16).
    Resumes,
    /// It asks for help.
    Help,
    /// Anything else.
    Other,
}

impl Meaning {
    /// Whether nothing may follow until the patient asks again.
    #[must_use]
    pub const fn stops(self) -> bool {
        matches!(self, Self::WrongNumberAndStop | Self::Revokes | Self::RevokesOrCancelsVisit)
    }

    /// Whether the place is said not to be the patient's.
    #[must_use]
    pub const fn is_wrong_number(self) -> bool {
        matches!(self, Self::WrongNumber | Self::WrongNumberAndStop)
    }
}

const NEGATIONS: &[&str] = &[
    "dont stop",
    "do not stop",
    "never stop",
    "not stop",
    "didnt stop",
    "wont stop",
    "cant stop",
    "no paren",
    "no pare de",
    "no pares",
    "no deje de",
    "no dejen de",
    "no cancele",
];

/// The patient may have died, or somebody else: a person reads it before anything more is sent.
const DEATHS: &[&str] = &[
    "passed away",
    "has died",
    "have died",
    "died last",
    "died on",
    "died in",
    "she died",
    "he died",
    "mother died",
    "father died",
    "mom died",
    "dad died",
    "wife died",
    "husband died",
    "is deceased",
    "no longer with us",
    "fallecio",
    "ha fallecido",
    "se murio",
    "ya murio",
];

/// Who has had enough, in a word that by itself may mean something else.
const ENOUGH: &[&str] = &["off", "f off", "fuck off", "delete", "ya no", "go away", "fuck you", "f you", "screw you"];
/// Whom people threaten with.
const THREATS: &[&str] = &[
    "my lawyer",
    "my attorney",
    "a lawyer",
    "sue you",
    "suing you",
    "the police",
    "the fcc",
    "report you",
    "abogado",
    "denunciar",
];
/// What they threaten for.
const THREATENED_FOR: &[&str] = &[
    "you text",
    "you message",
    "you call",
    "you contact",
    "text me",
    "message me",
    "call me",
    "contact me",
    "again",
    "sue you",
];

/// Threats, curses, "this is harassment": a person reads what is meant.
fn has_had_enough(whole: &str) -> bool {
    let says = |phrases: &[&str]| phrases.iter().any(|phrase| at_word(whole, phrase));
    ENOUGH.contains(&whole)
        || says(&["harassment", "harassing", "acoso", "not safe to text", "not safe to call"])
        || ((says(THREATS) || whole.ends_with(" sue")) && says(THREATENED_FOR))
}

/// Words that change nothing.
const COURTESIES: &[&str] = &[
    "please",
    "pls",
    "plz",
    "pleas",
    "thanks",
    "thank",
    "you",
    "thx",
    "ok",
    "okay",
    "now",
    "hi",
    "hello",
    "hey",
    "just",
    "asap",
    "immediately",
    "por",
    "favor",
    "porfavor",
    "gracias",
    "ya",
    "ahora",
    "hola",
    "sir",
    "maam",
    "the",
    "kindly",
    "texting",
    "texts",
    "text",
    "messages",
    "message",
    "messaging",
    "msg",
    "msgs",
    "sms",
    "me",
    "these",
    "calling",
    "calls",
    "mensajes",
    "mensaje",
    "textos",
    "buen",
    "dia",
    "buenos",
    "dias",
    "buenas",
    "tardes",
    "noches",
    "senor",
    "senora",
    "senorita",
    "disculpe",
    "disculpen",
    "inmediatamente",
];

/// Reads an inbound message.
///
/// `text` is what the patient sent, in any script that people hide a STOP in: full-width, mathematical and circled
/// letters, Cyrillic look-alikes, accents, zero-width characters, emoji, spaces or dots between the letters.
#[must_use]
pub fn read(text: &str) -> Meaning {
    // What a reader sees counts, and what was typed too.
    let shown = text.contains(TURNS).then(|| read_plain(&as_shown(text)));
    shown.filter(|meaning| *meaning != Meaning::Other).unwrap_or_else(|| read_plain(text))
}

/// Reads a message that came to where a patient of these `names` was written to: who "is not here" is told from other words by their
/// capital letter, or by being one of these.
pub fn read_to<'n>(text: &str, names: impl Iterator<Item = &'n str>) -> Meaning {
    let meaning = read(text);
    if meaning.is_wrong_number() {
        return meaning;
    }
    let named = named::with_capitals(text, names);
    let named = named.map_or(Meaning::Other, |text| read(&text));
    match (named.is_wrong_number(), meaning.stops()) {
        (true, true) => Meaning::WrongNumberAndStop,
        (true, false) => named,
        (false, _) => meaning,
    }
}

fn read_plain(text: &str) -> Meaning {
    let normal = Normal::new(text);
    let whole = normal.text.as_str();
    let has = |phrases: &[&str]| phrases.iter().any(|phrase| at_word(whole, phrase));
    let stranger = stranger(text);
    let asked = WHO_IS_ASKED_ABOUT.iter().any(|of| at_word(whole, of));
    let wrong = WRONG_NUMBER.iter().any(|phrase| at_word(whole, phrase) && !(asked && ASKS_WHO.contains(phrase)));
    if wrong || stranger == Some(Stranger::Clear) || is_somebody_else(text) {
        let stops = clauses(text).chain([without(whole, WRONG_NUMBER)]).any(|part| revokes_as_such(part.trim()));
        return if stops { Meaning::WrongNumberAndStop } else { Meaning::WrongNumber };
    }
    if whole.is_empty() {
        return if normal.stop_sign { Meaning::Revokes } else { Meaning::Other };
    }
    let core = courtesies_off(whole);
    if is_cancel(whole) || is_cancel(&core) {
        return Meaning::RevokesOrCancelsVisit;
    }
    if revokes(whole) || revokes(&core) || is_foreign_stop(text, whole) {
        return Meaning::Revokes;
    }
    let spoken = without(&without_symptoms(whole), STOPS_OF_ANOTHER_KIND);
    let spoken = spoken.trim();
    if NEGATIONS.iter().any(|phrase| at_word(spoken, phrase)) {
        return Meaning::Ambiguous;
    }
    let care = asks_about_care(whole);
    if !care && (commands(spoken) || clauses(text).any(|clause| commands(&without(&clause, STOPS_OF_ANOTHER_KIND)))) {
        return Meaning::Revokes;
    }
    let wish = wish(spoken);
    match wish {
        Some(Wish::Clear) => return Meaning::Revokes,
        Some(Wish::Turned) => return Meaning::Ambiguous,
        Some(Wish::Unclear) | None => {}
    }
    let refused =
        refusal(spoken).or_else(|| clauses(text).find_map(|clause| refusal(&clause)).map(|one| one.within(spoken)));
    if refused == Some(Refusal::Clear) && !care {
        return Meaning::Revokes;
    }
    if refused.is_some() || asks_for_other_means(whole) {
        return Meaning::Ambiguous;
    }
    if has(REVOKES_ANYWHERE) {
        // "stop this medication?" asks a clinician, it does not revoke.
        return if asks_about_care(whole) { Meaning::Ambiguous } else { Meaning::Revokes };
    }
    // "Not interested, stop", "STOP (sent from my phone)", "I want you to STOP": the word stands by itself among others.
    let alone = |test: fn(&str) -> bool| clauses(text).any(|clause| test(&courtesies_off(&clause)));
    if !care && alone(is_cancel) {
        return Meaning::RevokesOrCancelsVisit;
    }
    if !care && (alone(revokes) || alone(commands_an_end) || shouts_stop(text, whole)) {
        return Meaning::Revokes;
    }
    if has(DEATHS) || stranger.is_some() || refuses_offers(whole) || may_be_foreign_stop(text) || has_had_enough(whole)
    {
        return Meaning::Ambiguous;
    }
    if normal.stop_sign || wish.is_some() || may_refuse(spoken) || has_word(spoken, DOUBTFUL) {
        return Meaning::Ambiguous;
    }
    if is_one_of(whole, RESUMES) || is_one_of(&core, RESUMES) {
        return Meaning::Resumes;
    }
    if is_one_of(whole, HELP) || is_one_of(&core, HELP) { Meaning::Help } else { Meaning::Other }
}

/// Questions who writes, unless something that one may ask of follows: "who is this doctor?".
const ASKS_WHO: &[&str] = &["who is this", "whos this", "who this"];
/// Those questions with what is asked about.
const WHO_IS_ASKED_ABOUT: &[&str] = &[
    "who is this doctor",
    "who is this dr",
    "who is this provider",
    "who is this nurse",
    "who is this specialist",
    "who is this surgeon",
    "who is this dentist",
    "who is this therapist",
    "who is this appointment",
    "who is this appt",
    "who is this visit",
    "who is this referral",
    "whos this doctor",
    "whos this dr",
    "whos this appointment",
    "whos this appt",
];

/// Whether the words of `phrase` stand in `text` one behind the other, whole.
fn has_run(text: &str, phrase: &str) -> bool {
    format!(" {text} ").contains(&format!(" {phrase} "))
}

/// Stops that nobody sends: of a bus, of a visit.
const STOPS_OF_ANOTHER_KIND: &[&str] = &[
    "bus stop",
    "train stop",
    "subway stop",
    "metro stop",
    "stop light",
    "stop sign",
    "stop by",
    "stops by",
    "stop in at",
    "stop in to",
    "stop in on",
    "stop in for",
    "stop at the",
    "stop at my",
    "stop at your",
    "stop at a ",
    "stop at our",
    "stops at",
    "stop over at",
    "stop off at",
    "stop for gas",
    "stop for lunch",
    "stop for food",
    "stop to pick",
    "stop to get",
    "stop on my way",
    "stop on the way",
    "next stop",
    "last stop",
    "one stop",
    "parada de",
    "parar en",
    "pit stop",
    "non stop",
];

/// Whether `text`, normalised, is nothing but words that revoke: one of them, the same again, or several ("stop to end").
fn revokes(text: &str) -> bool {
    const BETWEEN: &[&str] = &["to", "2", "and", "or", "y", "o"];
    let plainly = |word: &str| is_one_of(word, REVOKES) || glued(word);
    let alone = |word: &str| plainly(word) || spelled(word).is_some_and(|word| plainly(&word));
    alone(text) || (text.split(' ').any(alone) && text.split(' ').all(|word| alone(word) || BETWEEN.contains(&word)))
}

/// A word in which digits stand for letters ("st0p", "5top"), with the letters; `None` = no such word.
fn spelled(word: &str) -> Option<String> {
    let mixed = word.chars().any(|c| c.is_ascii_digit()) && word.chars().any(char::is_alphabetic);
    let letter = |c| match c {
        '0' => 'o',
        '1' => 'i',
        '3' => 'e',
        '4' => 'a',
        '5' => 's',
        '7' => 't',
        other => other,
    };
    mixed.then(|| word.chars().map(letter).collect())
}

/// Whether `part` of a message, normalised, tells whoever sends to stop.
fn revokes_as_such(part: &str) -> bool {
    let core = courtesies_off(part);
    let word = |text: &str| is_cancel(text) || revokes(text);
    word(part) || word(&core) || commands(part) || refusal(part) == Some(Refusal::Clear)
}

/// Whether a clause tells the sender to end what comes, and nothing else: "quit it", "end this", "enough already".
fn commands_an_end(clause: &str) -> bool {
    const ENDS: &[&str] = &["stop", "quit", "end", "cease", "enough"];
    const OBJECTS: &[&str] = &[
        "it",
        "this",
        "that",
        "them",
        "those",
        "all",
        "of",
        "with",
        "already",
        "everything",
        "right",
        "away",
        "here",
        "to",
        "no",
        "more",
        "anymore",
        "from",
        "your",
        "spam",
        "reminders",
        "notifications",
        "alerts",
    ];
    let mut words = clause.split(' ');
    words.next().is_some_and(|first| ENDS.contains(&first)) && words.all(|word| OBJECTS.contains(&word))
}

/// The parts of a message that its punctuation sets apart, each normalised.
fn clauses(text: &str) -> impl Iterator<Item = String> {
    const ENDS: [char; 18] = [
        '.', '!', ',', ';', ':', '(', ')', '\n', '\u{2014}', '?', '\u{ff0e}', '\u{ff01}', '\u{ff0c}', '\u{ff1b}',
        '\u{ff1a}', '\u{3002}', '\u{3001}', '\u{ff1f}',
    ];
    let parts = text.split(ENDS);
    parts.map(|part| Normal::new(part).text).filter(|part| part.chars().nth(1).is_some())
}

/// Whether STOP stands in capitals in a short message that is not all in capitals.
fn shouts_stop(text: &str, whole: &str) -> bool {
    const SHORT: usize = 8;
    let word = |word: &str| word.trim_matches(|c: char| !c.is_alphanumeric()) == "STOP";
    let lower = text.chars().any(char::is_lowercase);
    lower && whole.split(' ').count() <= SHORT && text.split_whitespace().any(word)
}

/// `text` without these phrases.
fn without(text: &str, phrases: &[&str]) -> String {
    phrases.iter().fold(text.to_owned(), |text, phrase| text.replace(phrase, ""))
}

/// What a revocation speaks of, besides the contact point it comes from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SpokenOf {
    /// Texts.
    pub texts: bool,
    /// Calls.
    pub calls: bool,
    /// E-mails.
    pub mails: bool,
}

/// What `text` speaks of: "stop texting me" in an e-mail is about texts. "Do not contact me" is about everything.
#[must_use]
pub fn spoken_of(text: &str) -> SpokenOf {
    let normal = Normal::new(text);
    let whole = normal.text.as_str();
    let has = |stems: &[&str]| stems.iter().any(|stem| at_word(whole, stem));
    let all = has(&[
        "contact",
        "communicat",
        "opt me out",
        "opt out of",
        "leave me alone",
        "me contact",
        "darme de baja",
        "deme de baja",
    ]) || has(&["denme de baja", "dame de baja", "en paz"]);
    SpokenOf {
        texts: all
            || has(&["text", "sms", "messag", "msg", "mensaje", "my number", "mi numero", "my cell", "my phone"]),
        calls: all || has(&["call", "phon", "my number", "mi numero", "my cell", "llam", "voicemail"]),
        mails: all || has(&["email", "e mail", "mails", "correo"]),
    }
}

fn is_cancel(text: &str) -> bool {
    matches!(
        text,
        "cancel"
            | "cancelar"
            | "cancele"
            | "cancelen"
            | "cancela"
            | "cancelame"
            | "cancelenme"
            | "canceleme"
            | "cancelarme"
    )
}

/// Whether `text` is one of `words`, its last letter repeated or not ("STOPPP").
fn is_one_of(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| {
        let last = word.chars().next_back();
        text.strip_prefix(word).is_some_and(|rest| rest.chars().all(|c| Some(c) == last))
    })
}

/// Whether `phrase` stands in `text` at the beginning of a word.
fn at_word(text: &str, phrase: &str) -> bool {
    text.match_indices(phrase).any(|(at, _)| at == 0 || text.as_bytes().get(at - 1) == Some(&b' '))
}

fn has_word(text: &str, words: &[&str]) -> bool {
    text.split(' ').any(|token| is_one_of(token, words))
}

fn courtesies_off(text: &str) -> String {
    let kept: Vec<&str> = text.split(' ').filter(|word| !COURTESIES.contains(word)).collect();
    kept.join(" ")
}

fn asks_about_care(text: &str) -> bool {
    const CARE: &[&str] = &[
        "med",
        "meds",
        "medicine",
        "medication",
        "medications",
        "pill",
        "pills",
        "drug",
        "treatment",
        "therapy",
        "insulin",
        "dose",
        "taking",
        "appointment",
        "appt",
        "appointments",
        "visit",
        "visits",
        "citas",
        "medicina",
        "medicamento",
        "pastillas",
        "cita",
        "visita",
        "visitas",
        "medicinas",
        "medicamentos",
        "pastilla",
        "receta",
        "recetas",
        "tratamiento",
        "terapia",
        "insulina",
        "dosis",
        "vacuna",
        "vacunas",
        "dolor",
        "doler",
        "sangrar",
        "sangrado",
        "fumar",
        "tomar",
        "comer",
        "bleeding",
        "pain",
        "smoking",
        "drinking",
        "eating",
    ];
    text.split(' ').any(|word| CARE.contains(&word))
}
