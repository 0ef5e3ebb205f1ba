//! By which ways somebody asks to be reached, and by which not: "only e-mail me", "letters only please", "don't text me, e-mail is fine". A
//! way that is named is not always the one that is complained of.

use super::clauses;
use super::means::{REACHES, REACHES_ME, REFUSES};
use crate::reference::COURTESIES;

/// Ways to reach somebody.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ways {
    /// Texts.
    pub texts: bool,
    /// Calls.
    pub calls: bool,
    /// E-mails.
    pub mails: bool,
    /// Letters, the portal, an app.
    pub others: bool,
}

impl Ways {
    const NONE: Self = Self { texts: false, calls: false, mails: false, others: false };

    const fn or(self, other: Self) -> Self {
        Self {
            texts: self.texts || other.texts,
            calls: self.calls || other.calls,
            mails: self.mails || other.mails,
            others: self.others || other.others,
        }
    }

    const fn but(self, other: Self) -> Self {
        Self {
            texts: self.texts && !other.texts,
            calls: self.calls && !other.calls,
            mails: self.mails && !other.mails,
            others: self.others && !other.others,
        }
    }

    /// The way that a word names.
    fn of(word: &str) -> Option<Self> {
        Some(match word {
            "text" | "texts" | "txt" | "txts" | "texting" | "sms" | "textos" | "texto" | "mensaje" | "mensajes" => {
                Self { texts: true, ..Self::NONE }
            }
            "call" | "calls" | "calling" | "phone" | "telephone" | "cell" | "llamada" | "llamadas" | "llamenme"
            | "llameme" | "llamame" | "llamen" | "telefono" => Self { calls: true, ..Self::NONE },
            "email" | "emails" | "emailing" | "correo" | "correos" => Self { mails: true, ..Self::NONE },
            // "Mail" is the post to some and e-mail to others: what is not plainly e-mail opens no e-mail.
            "letter" | "letters" | "post" | "postal" | "mail" | "carta" | "cartas" | "portal" | "app" => {
                Self { others: true, ..Self::NONE }
            }
            _ => return None,
        })
    }
}

/// What somebody who asks for a way, or refuses one, leaves open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    /// What may come.
    pub(super) ways: Ways,
    /// And nothing else.
    pub(super) only: bool,
}

/// What leaves nothing else.
const ONLY: &[&str] = &["only", "solo", "solamente", "unicamente", "exclusively", "solely"];
/// The same, said behind the way.
const NOTHING_ELSE: &[&str] = &["nothing else", "and nothing else", "no other way", "nada mas", "y nada mas"];
/// What a request for one way is made of, besides the way, courtesies and what leaves nothing else.
const SMALL: &[&str] = &[
    "by",
    "via",
    "through",
    "with",
    "in",
    "at",
    "my",
    "me",
    "us",
    "the",
    "a",
    "an",
    "from",
    "now",
    "on",
    "to",
    "and",
    "or",
    "for",
    "be",
    "i",
    "id",
    "want",
    "like",
    "prefer",
    "would",
    "can",
    "could",
    "you",
    "use",
    "send",
    "get",
    "receive",
    "contact",
    "contacted",
    "reach",
    "reached",
    "write",
    "everything",
    "anything",
    "messages",
    "communications",
    "regular",
    "way",
    "por",
    "en",
    "el",
    "la",
    "mi",
    "de",
    "ahora",
    "adelante",
    "electronico",
    "quiero",
    "prefiero",
    "usen",
    "manden",
    "mandenme",
    "work",
    "home",
    "address",
    "account",
    "que",
    "me",
];
/// What says of a way that it may come.
const FINE: &[&str] =
    &["fine", "ok", "okay", "good", "enough", "better", "best", "works", "work", "bien", "mejor", "suficiente", "si"];
/// What puts one way before another.
const PREFERS: &[&str] = &["prefer", "prefiero", "preferiria", "rather", "preferably", "mejor", "keep"];
/// What stands before the way that is put behind.
const BEHIND: &[&str] = &["than", "over", "of", "vez", "lugar"];
/// How many words lie between what is said of a way and its name.
const NEAR: usize = 4;

/// What `text` leaves open; nothing where it neither refuses a way nor puts one before the others.
pub(super) fn wanted(text: &str) -> Wanted {
    let clauses = joined(text);
    let mut wanted = Wanted::default();
    let (mut refused, mut preferred) = (Ways::NONE, false);
    for clause in &clauses {
        let words: Vec<&str> = clause.split(' ').collect();
        let only = words.iter().any(|word| ONLY.contains(word)) || NOTHING_ELSE.iter().any(|it| clause.ends_with(it));
        let asked = only && is_request(&words);
        let named = named(&words);
        for (at, way) in &named {
            let (before, after) = words.split_at(*at);
            if is_refused(before) || is_disliked(after) {
                refused = refused.or(*way);
            } else if asked || may_come(before, after) {
                wanted.ways = wanted.ways.or(*way);
            }
        }
        wanted.only |= asked && named.iter().any(|(at, _)| words.get(..*at).is_some_and(|before| !is_refused(before)));
        preferred |= words.iter().any(|word| PREFERS.contains(word) || matches!(*word, "instead"));
    }
    wanted.ways = wanted.ways.but(refused);
    if wanted.ways == Ways::NONE || !(wanted.only || preferred || refused != Ways::NONE) {
        return Wanted::default();
    }
    wanted
}

/// The clauses of `text`, each normalised, "nothing else" with the one before it.
fn joined(text: &str) -> Vec<String> {
    let mut joined: Vec<String> = Vec::new();
    for clause in clauses(text) {
        let clause = clause.replace("e mail", "email").replace("correo postal", "carta").replace("voice call", "call");
        match joined.last_mut() {
            Some(last) if NOTHING_ELSE.contains(&clause.as_str()) => {
                last.push(' ');
                last.push_str(&clause);
            }
            _ => joined.push(clause),
        }
    }
    joined
}

/// The ways that the words name, each where it stands. A phone to which texts go is no call.
fn named(words: &[&str]) -> Vec<(usize, Ways)> {
    let found = words.iter().enumerate().filter_map(|(at, word)| Some((at, Ways::of(word)?)));
    let mut found: Vec<(usize, Ways)> = found.collect();
    if found.iter().any(|(_, way)| way.texts) {
        found.retain(|(at, way)| !way.calls || words.get(*at).is_some_and(|word| !matches!(*word, "phone" | "cell")));
    }
    found
}

/// Whether the words ask to be reached: "email me", "llámenme", or nothing but a way and small words.
fn is_request(words: &[&str]) -> bool {
    let reach_me = words.windows(2).any(|two| match two {
        [verb, whom] => REACHES.contains(verb) && matches!(*whom, "me" | "my" | "mi" | "us"),
        _ => false,
    });
    let small = |word: &&str| {
        let asks = SMALL.contains(word) || ONLY.contains(word) || COURTESIES.contains(word);
        asks || Ways::of(word).is_some() || matches!(*word, "nothing" | "else" | "nada" | "mas" | "y")
    };
    reach_me || words.iter().any(|word| REACHES_ME.contains(word)) || words.iter().all(small)
}

/// Whether what stands before a way refuses it, or puts another before it.
fn is_refused(before: &[&str]) -> bool {
    let near = || before.iter().rev().take(NEAR);
    near().any(|word| REFUSES.contains(word) || matches!(*word, "paren" | "dejen"))
        || near().take(2).any(|word| BEHIND.contains(word))
}

/// Whether what is said of a way is the contrary of fine: "calls are not ok either", "texting isn't fine", "your texts are bad enough".
fn is_disliked(from: &[&str]) -> bool {
    const CONTRARY: &[&str] = &[
        "not", "no", "isnt", "arent", "dont", "doesnt", "wont", "never", "neither", "either", "nor", "hardly", "bad",
        "annoying", "worse", "too", "tampoco", "ni", "mal",
    ];
    let after = || from.iter().skip(1);
    after().take(NEAR).any(|word| FINE.contains(word)) && after().any(|word| CONTRARY.contains(word))
}

/// Whether what stands around a way, which begins `from`, says that it may come.
fn may_come(before: &[&str], from: &[&str]) -> bool {
    let mut after = from.iter().skip(1);
    let fine = after.clone().take(NEAR).any(|word| FINE.contains(word));
    let preferred = before.iter().rev().take(NEAR).any(|word| PREFERS.contains(word));
    // "Call me" asks for somebody, and opens nothing to a machine.
    let written = matches!(from.first(), Some(&"text" | &"txt" | &"email"));
    let told = !before.last().is_some_and(|word| matches!(*word, "or" | "to" | "you" | "they" | "u" | "and"));
    let asked = written && told && after.next().is_some_and(|word| *word == "me");
    let instead = from.iter().take(NEAR).any(|word| *word == "instead");
    fine || preferred || asked || instead
}

#[cfg(test)]
mod tests {
    use super::super::{Meaning, read};
    use super::{Wanted, Ways, wanted};

    const MAILS: Ways = Ways { mails: true, ..Ways::NONE };
    const TEXTS: Ways = Ways { texts: true, ..Ways::NONE };
    const OTHERS: Ways = Ways { others: true, ..Ways::NONE };

    #[test]
    fn who_asks_for_one_way_alone_names_it_and_refuses_the_others() {
        for (text, ways) in [
            ("Please only e-mail me", MAILS),
            ("E-mail me only", MAILS),
            ("Use e-mail only from now on", MAILS),
            ("Solo correo electrónico por favor", MAILS),
            ("Only text me please", TEXTS),
            ("only text my cell phone", TEXTS),
            ("Please write to me by post, nothing else", OTHERS),
            ("From now on please send letters only", OTHERS),
            ("Portal only please", OTHERS),
            ("Please contact me only at my work e-mail, not by phone or text", MAILS),
        ] {
            assert_eq!(wanted(text), Wanted { ways, only: true }, "{text}");
            assert_eq!(read(text), Meaning::Ambiguous, "{text}");
        }
    }

    #[test]
    fn who_refuses_one_way_may_leave_another_open() {
        for (text, ways) in [
            ("Please don't text me, e-mail is fine", MAILS),
            ("No me manden textos, prefiero correo", MAILS),
            ("Stop the e-mails, texts are enough", TEXTS),
            ("Don't text me, email me instead", MAILS),
            ("I'd rather get e-mails than texts", MAILS),
            ("no more texts please, email works better", MAILS),
        ] {
            assert_eq!(wanted(text), Wanted { ways, only: false }, "{text}");
        }
    }

    #[test]
    fn a_way_that_is_refused_or_only_named_is_not_left_open() {
        for text in [
            "Don't email me",
            "stop texting me and stop emailing me",
            "don't text or email me",
            "I told you not to text me or email me",
            "I only got one text",
            "email is fine",
            "STOP",
            "do not call me, do not text me",
            "Stop texting me, calls are not ok either",
            "Don't call, texting isn't fine either",
            "No texts please. Calls are no better",
            "Stop the calls, your texts are bad enough",
            "stop texting, the e-mails are annoying enough",
            "No me llamen, los textos no están bien tampoco",
            "I can only come on Friday",
        ] {
            assert_eq!(wanted(text), Wanted::default(), "{text}");
        }
    }
}
