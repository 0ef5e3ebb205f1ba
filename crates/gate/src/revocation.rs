//! What an inbound message means for the right to send more: one reading, shared by the gate and by inbound handling.
//!
//! 47 CFR 64.1200(a)(10): a patient may revoke in any reasonable way; the words `stop`, `quit`, `end`, `revoke`,
//! `opt out`, `cancel` and `unsubscribe` are a revocation as such. Other wording counts when a reasonable person would
//! understand it so; where one might, or might not, the answer is [`Meaning::Ambiguous`] and a person decides.

use crate::reference::{
    ASKS_WHO, ASKS_WHO_ELSE, CARE, CONTACTING, COURTESIES, CURSES, CURSES_ANYWHERE, DEATHS, DOUBTFUL,
    DOUBTFUL_ANYWHERE, HELP, MOVED, ORDERS, RESUMES, REVOKES, REVOKES_ANYWHERE, SENT, SERVICES, THREATENED_FOR,
    THREATS, WANTS_BACK, WRONG_NUMBER,
};
use postern_base::Review;

mod elsewhere;
mod ending;
mod foreign;
mod heard;
mod means;
mod named;
mod net;
mod normal;
mod others;
#[cfg(test)]
mod paraphrase;
mod refusal;
mod somebody;
mod staying;
mod stranger;
mod subject;
#[cfg(test)]
mod tests;
mod unread;
mod ways;
mod window;
mod wish;

use elsewhere::elsewhere;
use ending::ending;
use foreign::{is_foreign_stop, may_be_foreign_stop};
pub use heard::Heard;
use means::{asks_for_other_means, refuses_offers};
use normal::{Normal, TURNS, as_shown};
use others::{asks_to_go_on, is_denied, without_others};
use refusal::{Refusal, may_refuse, refusal};
use somebody::is_somebody_else;
use stranger::{Stranger, stranger};
pub(crate) use subject::can_answer;
use unread::is_unread;
pub use ways::Ways;
use ways::wanted;
use window::{stronger, windows};
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

    /// The meaning once a person has read the message and said what it means.
    ///
    /// RULES TCP-16: nobody but the patient takes back what the patient said, so a person adds a revocation or a stranger to what was
    /// read, and takes away only the doubt.
    #[must_use]
    pub const fn reviewed(self, review: Option<Review>) -> Self {
        match (review, self) {
            (None, read) => read,
            (Some(Review::Nothing), Self::Ambiguous) => Self::Other,
            (Some(Review::Nothing), read) => read,
            (Some(Review::Stops), Self::WrongNumber | Self::WrongNumberAndStop)
            | (Some(Review::WrongNumber), Self::Revokes | Self::RevokesOrCancelsVisit | Self::WrongNumberAndStop) => {
                Self::WrongNumberAndStop
            }
            (Some(Review::Stops), Self::RevokesOrCancelsVisit) => Self::RevokesOrCancelsVisit,
            (Some(Review::Stops), _) => Self::Revokes,
            (Some(Review::WrongNumber), _) => Self::WrongNumber,
        }
    }

    /// Whether the place is said not to be the patient's.
    #[must_use]
    pub const fn is_wrong_number(self) -> bool {
        matches!(self, Self::WrongNumber | Self::WrongNumberAndStop)
    }
}

/// Threats, curses, "this is harassment": a person reads what is meant.
fn has_had_enough(whole: &str) -> bool {
    let says = |phrases: &[&str]| phrases.iter().any(|phrase| at_word(whole, phrase));
    CURSES.contains(&whole)
        || says(CURSES_ANYWHERE)
        || ((says(THREATS) || whole.ends_with(" sue")) && says(THREATENED_FOR))
}

/// Reads an inbound message.
///
/// `text` is what the patient sent, in any script that people hide a STOP in: full-width, mathematical and circled
/// letters, Cyrillic look-alikes, accents, zero-width characters, emoji, spaces or dots between the letters.
#[must_use]
pub fn read(text: &str) -> Meaning {
    match read_by_rules(text) {
        Ruled { meaning: Meaning::Other, asks_to_stay: false, .. } if net::holds(text) => Meaning::Ambiguous,
        Ruled { doubt: Some(doubt), .. } if net::lets_go(text, doubt) => Meaning::Other,
        Ruled { meaning, .. } => meaning,
    }
}

/// A doubt of the rules that is no reading: something stands there, and they do not see what is meant by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Doubt {
    /// A word that ends something, and not seen is what: "I'll look when I stop", "the train stopped".
    Word,
    /// The turn of a sentence: a refusal with a condition, a message that is spoken of, somebody who may be a stranger, a language.
    Turn,
}

/// What the rules hear, without the net under them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Ruled {
    meaning: Meaning,
    /// Why it is ambiguous, where the net, which weighs the whole, may let it go all the same (docs/decisions/0036).
    doubt: Option<Doubt>,
    /// It asks that messages go on, and for nothing else: "don't let them take me off".
    asks_to_stay: bool,
}

impl Ruled {
    const BY_A_WORD: Self = Self { meaning: Meaning::Ambiguous, doubt: Some(Doubt::Word), asks_to_stay: false };
    const BY_A_TURN: Self = Self { doubt: Some(Doubt::Turn), ..Self::BY_A_WORD };

    /// The stronger of what two parts of a text say.
    fn or(self, other: Self) -> Self {
        let plainly = |part: Self| part.meaning == Meaning::Ambiguous && part.doubt.is_none();
        let meaning = stronger(self.meaning, other.meaning);
        let doubtful = meaning == Meaning::Ambiguous && !plainly(self) && !plainly(other);
        let doubt = self.doubt.max(other.doubt).filter(|_| doubtful);
        Self { meaning, doubt, asks_to_stay: self.asks_to_stay && other.asks_to_stay }
    }
}

impl From<Meaning> for Ruled {
    fn from(meaning: Meaning) -> Self {
        Self { meaning, doubt: None, asks_to_stay: false }
    }
}

fn read_by_rules(text: &str) -> Ruled {
    // What a reader sees counts, and what was typed too; who turns text about hides something, and no word of it is passed over.
    let shown = text.contains(TURNS).then(|| Ruled::from(read_windows(&as_shown(text)).meaning));
    shown.filter(|ruled| ruled.meaning != Meaning::Other).unwrap_or_else(|| read_windows(text))
}

/// The strongest of what the parts of a long text mean; a reply is one part.
fn read_windows(text: &str) -> Ruled {
    windows(text).map(read_plain).reduce(Ruled::or).unwrap_or(Meaning::Other.into())
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

fn read_plain(text: &str) -> Ruled {
    let normal = Normal::new(text);
    let whole = normal.text.as_str();
    let stranger = match (stranger(text), elsewhere(text, whole)) {
        (Some(Stranger::Clear), _) | (_, Some(Stranger::Clear)) => Some(Stranger::Clear),
        (one, other) => one.or(other),
    };
    if let Some(wrong) = wrong_number(text, whole, stranger) {
        return wrong.into();
    }
    if whole.is_empty() {
        return if normal.stop_sign { Meaning::Revokes } else { Meaning::Other }.into();
    }
    let core = courtesies_off(whole);
    if is_cancel(whole) || is_cancel(&core) {
        return Meaning::RevokesOrCancelsVisit.into();
    }
    if revokes(whole) || revokes(&core) || is_foreign_stop(whole) {
        return Meaning::Revokes.into();
    }
    let spoken = without_others(whole);
    let said = read_sentence(text, whole, &spoken);
    if let Some(ruled) = said.filter(|ruled| ruled.doubt.is_none()) {
        return ruled;
    }
    if is_doubtful(whole, &spoken) || normal.stop_sign {
        return Meaning::Ambiguous.into();
    }
    let turned = stranger.is_some() || may_refuse(&spoken);
    let doubt = said.and_then(|ruled| ruled.doubt).max(turned.then_some(Doubt::Turn));
    if let Some(doubt) = doubt.or_else(|| has_word(&spoken, DOUBTFUL).then_some(Doubt::Word)) {
        return Ruled { doubt: Some(doubt), ..Ruled::BY_A_WORD };
    }
    if is_one_of(whole, RESUMES) || is_one_of(&core, RESUMES) {
        return Meaning::Resumes.into();
    }
    if is_one_of(whole, HELP) || is_one_of(&core, HELP) {
        return Meaning::Help.into();
    }
    if is_unread(whole) && !net::is_harmless(text) {
        return Ruled::BY_A_TURN;
    }
    Ruled { asks_to_stay: asks_to_go_on(whole), ..Meaning::Other.into() }
}

/// Whether the place is said not to be the patient's, perhaps with a word that revokes.
fn wrong_number(text: &str, whole: &str, stranger: Option<Stranger>) -> Option<Meaning> {
    let asked = ASKS_WHO_ELSE.iter().any(|of| at_word(whole, of));
    let wrong = phrases_in(whole, WRONG_NUMBER).any(|phrase| !(asked && ASKS_WHO.contains(&phrase)));
    if !wrong && stranger != Some(Stranger::Clear) && !is_somebody_else(text) {
        return None;
    }
    let stops = clauses(text).chain([without(whole, WRONG_NUMBER)]).any(|part| revokes_as_such(part.trim()));
    Some(if stops { Meaning::WrongNumberAndStop } else { Meaning::WrongNumber })
}

/// What a message says by its sentences, of which `spoken` is left when the ends of other things are taken out.
fn read_sentence(text: &str, whole: &str, spoken: &str) -> Option<Ruled> {
    if is_denied(spoken) {
        return Some(Ruled::BY_A_WORD);
    }
    let parts: Vec<String> = clauses(text).map(|clause| without_others(&clause)).collect();
    let parts = || parts.iter().map(String::as_str);
    if phrases_in(whole, WANTS_BACK).next().is_some() {
        return Some(Ruled::BY_A_WORD);
    }
    let ended = ending(spoken).or_else(|| parts().find_map(ending).map(|one| one.within(spoken)));
    let care = asks_about_care(whole);
    let commanded = |part: &str| commands(part) && Refusal::Clear.limited_by(part) == Refusal::Clear;
    if ended == Some(Refusal::Clear) || (!care && (commanded(spoken) || parts().any(commanded))) {
        return Some(Meaning::Revokes.into());
    }
    match wish(spoken) {
        Some(Wish::Clear) => return Some(Meaning::Revokes.into()),
        Some(Wish::Turned) => return Some(Meaning::Ambiguous.into()),
        Some(Wish::Unclear) | None => {}
    }
    let refused = refusal(spoken).or_else(|| parts().find_map(refusal).map(|one| one.within(spoken)));
    if refused == Some(Refusal::Clear) && !care {
        return Some(Meaning::Revokes.into());
    }
    if asks_for_other_means(whole) || wanted(text).only {
        return Some(Meaning::Ambiguous.into());
    }
    if refused.is_some() {
        return Some(Ruled::BY_A_TURN);
    }
    if ended.is_some() {
        // 47 CFR 64.1200(a)(10): "cancel my appointment" begins with a word that revokes, whatever it ends.
        let first = whole.split(' ').find(|word| !COURTESIES.contains(word));
        let ordered = first.is_some_and(|word| ORDERS.contains(&word));
        return Some(if ordered { Meaning::Ambiguous.into() } else { Ruled::BY_A_TURN });
    }
    // By its clauses too: "No, quiero darme de baja" denies nothing.
    let phrases =
        || parts().chain([spoken]).flat_map(|part| phrases_in(part, REVOKES_ANYWHERE).map(move |it| (part, it)));
    if phrases().next().is_some() {
        let plainly = phrases().any(|(part, phrase)| !leaves_something_else(part, phrase));
        // "stop this medication?" asks a clinician, it does not revoke.
        return Some(if care || !plainly { Ruled::BY_A_WORD } else { Meaning::Revokes.into() });
    }
    // "Not interested, stop", "STOP (sent from my phone)", "I want you to STOP": the word stands by itself among others.
    let alone = |test: fn(&str) -> bool| parts().any(|part| test(&courtesies_off(part)));
    if !care && alone(is_cancel) {
        return Some(Meaning::RevokesOrCancelsVisit.into());
    }
    (!care && (alone(revokes) || alone(commands_an_end) || shouts_stop(text, spoken)))
        .then_some(Meaning::Revokes.into())
}

/// "Take me off the prep", "can she take me off the 40": something else than what is sent is left, as far as the words behind `phrase`
/// of `part` say.
fn leaves_something_else(part: &str, phrase: &str) -> bool {
    const NEAR: usize = 5;
    let Some((_, rest)) = part.split_once(phrase).filter(|_| phrase.ends_with("me off")) else { return false };
    let mut words = rest.split_whitespace();
    let named = words.next().is_some_and(|word| matches!(word, "the" | "that" | "this" | "my" | "of"));
    let ours = |word: &str| SENT.contains(&word) || SERVICES.contains(&word) || is_contacting(word);
    let mut near = words.take(NEAR).peekable();
    named && near.peek().is_some() && !near.any(ours)
}

/// Whether a message may revoke, or tells what a person must know before anything more is sent.
fn is_doubtful(whole: &str, spoken: &str) -> bool {
    let has = |phrases: &'static [&'static str]| phrases_in(whole, phrases).next().is_some();
    let told = has(DEATHS) || has(DOUBTFUL_ANYWHERE) || has(MOVED) || has_had_enough(whole);
    told || refuses_offers(whole) || may_be_foreign_stop(whole) || wish(spoken).is_some() || may_refuse(spoken)
}

/// Whether `word` is to reach somebody, or to send.
fn is_contacting(word: &str) -> bool {
    CONTACTING.contains(&word)
}

/// Whether the words of `phrase` stand in `text` one behind the other, whole.
fn has_run(text: &str, phrase: &str) -> bool {
    let ends = |rest: &str| rest.is_empty() || rest.starts_with(' ');
    from_words(text).any(|rest| rest.strip_prefix(phrase).is_some_and(ends))
}

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

/// What ends a clause.
const CLAUSE_ENDS: [char; 18] = [
    '.', '!', ',', ';', ':', '(', ')', '\n', '\u{2014}', '?', '\u{ff0e}', '\u{ff01}', '\u{ff0c}', '\u{ff1b}',
    '\u{ff1a}', '\u{3002}', '\u{3001}', '\u{ff1f}',
];

/// The parts of a message that its punctuation sets apart, each normalised.
fn clauses(text: &str) -> impl Iterator<Item = String> {
    let parts = text.split(CLAUSE_ENDS);
    parts.map(|part| Normal::new(part).text).filter(|part| part.chars().nth(1).is_some())
}

/// Whether STOP stands in capitals in a short message that is not all in capitals.
fn shouts_stop(text: &str, whole: &str) -> bool {
    const SHORT: usize = 8;
    let word = |word: &str| word.trim_matches(|c: char| !c.is_alphanumeric()) == "STOP";
    let lower = text.chars().any(char::is_lowercase);
    lower && whole.split(' ').count() <= SHORT && text.split_whitespace().any(word)
}

/// `text` without these phrases, of a list of the tables, longer ones first.
fn without(text: &str, phrases: &[&str]) -> String {
    phrases.iter().rev().fold(text.to_owned(), |text, phrase| text.replace(phrase, ""))
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
    /// It asks that nothing be left on a machine that answers calls.
    pub no_voicemail: bool,
    /// It refuses e-mail, or doubts that it is safe: RULES PRI-23, "unless the patient has explicitly stated otherwise".
    pub doubts_mail: bool,
    /// What may come, though something is refused.
    pub keeps: Ways,
    /// What perhaps may: a person reads it.
    pub perhaps_keeps: Ways,
    /// Nothing but what may come.
    pub keeps_only: bool,
    /// A number of the patient's is another now, or somebody else answers it.
    pub moved: bool,
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
    ]) || has(&["denme de baja", "dame de baja", "en paz"])
        || has(&["automated mess", "automatic mess", "anything automat", "mensajes automat", "robots", "bots"]);
    let line = has(&["this phone", "that phone", "this number", "that number", "este telefono", "este numero"]);
    let moved = phrases_in(whole, MOVED).next().is_some();
    let wanted = wanted(text);
    SpokenOf {
        texts: all
            || line
            || moved
            || has(&["text", "sms", "messag", "msg", "mensaje", "my number", "mi numero", "my cell", "my phone"]),
        calls: all
            || line
            || moved
            || has(&["call", "robocall", "phon", "my number", "mi numero", "my cell", "llam", "voicemail"]),
        mails: all || has(&["email", "e mail", "mails", "correo"]),
        no_voicemail: means::refuses_voicemail(whole),
        doubts_mail: means::doubts_mail(whole),
        keeps: wanted.ways,
        perhaps_keeps: wanted.perhaps,
        keeps_only: wanted.only,
        moved,
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
    alike(text, words).iter().any(|word| {
        let last = word.chars().next_back();
        text.strip_prefix(word).is_some_and(|rest| rest.chars().all(|c| Some(c) == last))
    })
}

/// Those of `words`, a list of the tables, that begin as `text` does: the lists are sorted when they are built, and long.
fn alike<'w>(text: &str, words: &'w [&'w str]) -> &'w [&'w str] {
    const BEGINNING: usize = 2;
    fn beginning(word: &str) -> &[u8] {
        word.as_bytes().get(..BEGINNING).unwrap_or(word.as_bytes())
    }
    let sought = beginning(text);
    let from = words.partition_point(|word| beginning(word) < sought);
    let behind = words.get(from..).unwrap_or_default();
    behind.get(..behind.partition_point(|word| beginning(word) == sought)).unwrap_or_default()
}

/// Those of `phrases`, a list of the tables, that stand in `text` at the beginning of a word.
fn phrases_in<'p>(text: &'p str, phrases: &'p [&'p str]) -> impl Iterator<Item = &'p str> {
    let starts = text.match_indices(' ').map(|(at, _)| at.saturating_add(1));
    std::iter::once(0).chain(starts).flat_map(move |at| {
        let rest = text.get(at..).unwrap_or_default();
        alike(rest, phrases).iter().copied().filter(move |phrase| rest.starts_with(phrase))
    })
}

/// Whether `phrase` stands in `text` at the beginning of a word.
fn at_word(text: &str, phrase: &str) -> bool {
    from_words(text).any(|rest| rest.starts_with(phrase))
}

/// `text` from the beginning of each of its words: to make a search ready for each of many phrases takes longer than to go through these.
fn from_words(text: &str) -> impl Iterator<Item = &str> {
    let behind = text.match_indices(' ').filter_map(|(at, _)| text.get(at.saturating_add(1)..));
    std::iter::once(text).chain(behind)
}

fn has_word(text: &str, words: &[&str]) -> bool {
    text.split(' ').any(|token| is_one_of(token, words))
}

fn courtesies_off(text: &str) -> String {
    let kept: Vec<&str> = text.split(' ').filter(|word| !COURTESIES.contains(word)).collect();
    kept.join(" ")
}

fn asks_about_care(text: &str) -> bool {
    text.split(' ').any(|word| CARE.contains(&word))
}
