//! By which ways somebody asks to be reached, and by which not: "only e-mail me", "letters only please", "don't text me, e-mail is fine". A
//! way that is named is not always the one that is complained of.
//!
//! What is kept is written to after something was refused, so only a sentence of which every word is known keeps anything; one in which something
//! else stands may keep it, and a person reads it.

use super::means::{REACHES, REACHES_ME, REFUSES};
use super::{Meaning, clauses, read};
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
            | "llameme" | "llamame" | "llamen" | "llamar" | "llamarme" | "telefono" => {
                Self { calls: true, ..Self::NONE }
            }
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
    /// What perhaps may.
    pub(super) perhaps: Ways,
    /// And nothing else.
    pub(super) only: bool,
}

/// What is said of a way where it is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    /// It may not come, or another is put before it.
    Refused,
    /// It may come.
    Kept,
    /// It may come, as far as the words go that are known.
    Perhaps,
    /// Nothing.
    Nothing,
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
const FINE: &[&str] = &[
    "fine", "ok", "okay", "good", "great", "better", "best", "works", "work", "welcome", "bien", "mejor", "si",
    "perfecto",
];
/// The same behind a word such as "are" alone: "texts are enough", and not "enough texts, enough".
const ENOUGH: &[&str] = &["enough", "suficiente", "suficientes"];
/// What joins a way and what is said of it.
const LINKS: &[&str] = &[
    "is",
    "are",
    "be",
    "still",
    "both",
    "all",
    "will",
    "also",
    "totally",
    "perfectly",
    "always",
    "anytime",
    "here",
    "yes",
    "son",
    "es",
    "esta",
    "estan",
    "sea",
    "sean",
    "seria",
    "serian",
    "parece",
    "parecen",
    "siempre",
    "tambien",
    "muy",
    "los",
    "las",
    "un",
    "una",
    "reminders",
    "reminder",
    "recordatorios",
    "citas",
];
/// What puts one way before another.
const PREFERS: &[&str] =
    &["prefer", "prefiero", "preferiria", "rather", "preferably", "mejor", "keep", "just", "nomas"];
/// What stands before the way that is put behind.
const BEHIND: &[&str] = &["than", "over", "of", "vez", "lugar"];
/// What refuses a way wherever it stands before it, besides [`REFUSES`].
const ENDS: &[&str] =
    &["paren", "dejen", "deje", "dejar", "ni", "neither", "nor", "nobody", "none", "cant", "cannot", "isnt", "arent"];
/// What turns round what is said of a way.
const CONTRARY: &[&str] = &[
    "not", "no", "isnt", "arent", "dont", "doesnt", "wont", "cant", "never", "neither", "either", "nor", "hardly",
    "bad", "annoying", "worse", "too", "tampoco", "ni", "mal", "nunca",
];
/// What begins another sentence without a sign between.
const BUT: &[&str] = &["but", "pero", "though", "however", "sino", "while"];
/// What does so where one side refuses and the other does not.
const AND: &[&str] = &["and", "y", "so", "e"];
/// How many words lie between what is said of a way and its name.
const NEAR: usize = 4;

/// What `text` leaves open; nothing where it neither refuses a way nor puts one before the others.
pub(super) fn wanted(text: &str) -> Wanted {
    let mut wanted = Wanted::default();
    let (mut refused, mut preferred, mut beside) = (Ways::NONE, false, Vec::new());
    for clause in joined(text) {
        let words: Vec<&str> = clause.split(' ').collect();
        let only = words.iter().any(|word| ONLY.contains(word)) || NOTHING_ELSE.iter().any(|it| clause.ends_with(it));
        let asked = only && is_request(&words);
        for part in parts(&words) {
            let named = named(part);
            if named.is_empty() {
                beside.push(part.join(" "));
            }
            for (at, way) in named {
                let (before, from) = part.split_at(at);
                match said(part, before, from, asked) {
                    Said::Refused => refused = refused.or(way),
                    Said::Kept => wanted.ways = wanted.ways.or(way),
                    Said::Perhaps => wanted.perhaps = wanted.perhaps.or(way),
                    Said::Nothing => {}
                }
                wanted.only |= asked && !is_refused(before);
            }
            preferred |= part.iter().any(|word| PREFERS.contains(word) || *word == "instead");
        }
    }
    wanted.ways = wanted.ways.but(refused);
    if text.contains(['?', '\u{ff1f}']) {
        // Who asks whether something may come has not said that it may.
        wanted.perhaps = wanted.perhaps.or(std::mem::take(&mut wanted.ways));
    }
    wanted.perhaps = wanted.perhaps.but(refused).but(wanted.ways);
    let opens = wanted.ways.or(wanted.perhaps) != Ways::NONE && (wanted.only || preferred || refused != Ways::NONE);
    // 47 CFR 64.1200(a)(10): "stop" is a revocation as such, whatever is said of a way beside it.
    if !opens || beside.iter().any(|part| may_end_everything(part)) {
        return Wanted { only: wanted.only, ..Wanted::default() };
    }
    wanted
}

/// The clauses of `text`, each normalised, with the one before it what only goes on with it: "nothing else", "or text me".
fn joined(text: &str) -> Vec<String> {
    let mut joined: Vec<String> = Vec::new();
    for clause in clauses(text) {
        let clause = clause.replace("e mail", "email").replace("correo postal", "carta").replace("voice call", "call");
        let goes_on = clause
            .split(' ')
            .next()
            .is_some_and(|first| AND.contains(&first) || matches!(first, "or" | "nor" | "ni" | "o"));
        match joined.last_mut() {
            Some(last) if goes_on || NOTHING_ELSE.contains(&clause.as_str()) => {
                last.push(' ');
                last.push_str(&clause);
            }
            _ => joined.push(clause),
        }
    }
    joined
}

/// The sentences that follow each other in a clause without a sign between: "stop calling me but texts are fine", "text me not call me".
fn parts<'w>(words: &'w [&'w str]) -> Vec<&'w [&'w str]> {
    let mut parts = Vec::new();
    let mut rest = words;
    while let Some(at) = (1..rest.len()).find(|at| begins_another(rest, *at)) {
        let (part, behind) = rest.split_at(at);
        parts.push(part);
        let is_joint = behind.first().is_some_and(|word| BUT.contains(word) || AND.contains(word));
        rest = behind.get(usize::from(is_joint)..).unwrap_or_default();
    }
    parts.push(rest);
    parts
}

/// Whether another sentence begins at a word.
fn begins_another(words: &[&str], at: usize) -> bool {
    let (before, behind) = words.split_at(at);
    let Some((first, rest)) = behind.split_first() else { return false };
    let says = |words: &[&str]| words.iter().any(|word| FINE.contains(word) || PREFERS.contains(word));
    match *first {
        word if BUT.contains(&word) => true,
        word if AND.contains(&word) => (refuses(before) && says(rest)) || (says(before) && refuses(rest)),
        // "Text me, not call me": what is refused is named right behind.
        "not" | "no" => {
            has_way(before)
                && !refuses(before)
                && !matches!(before.last(), Some(&"or" | &"o"))
                && rest.iter().take(2).any(|word| Ways::of(word).is_some())
        }
        "just" | "please" | "mejor" => refuses(before) && has_way(before) && has_way(rest),
        _ => false,
    }
}

fn has_way(words: &[&str]) -> bool {
    words.iter().any(|word| Ways::of(word).is_some())
}

fn refuses(words: &[&str]) -> bool {
    words.iter().any(|word| REFUSES.contains(word) || ENDS.contains(word))
}

/// Whether a part that names no way may end everything, or take back what is said beside it.
fn may_end_everything(part: &str) -> bool {
    let answers = part.split(' ').all(|word| word == "no" || COURTESIES.contains(&word));
    let commands = part.split(' ').any(|word| matches!(word, "stop" | "quit" | "end" | "cease" | "basta" | "paren"));
    let meaning = read(part);
    !answers && (commands || meaning.stops() || meaning == Meaning::Ambiguous)
}

/// What a part of a sentence says of the way that stands between `before` and the end, where the whole clause `asked` for one way alone.
fn said(part: &[&str], before: &[&str], from: &[&str], asked: bool) -> Said {
    if is_refused(before) || is_disliked(from) {
        return Said::Refused;
    }
    match (asked || may_come(before, from), part.iter().all(|word| is_small(word) || is_known(word))) {
        (false, _) => Said::Nothing,
        (true, true) => Said::Kept,
        (true, false) => Said::Perhaps,
    }
}

/// Whether a word may stand where a way is kept, besides those of a request.
fn is_known(word: &str) -> bool {
    let said = [FINE, ENOUGH, LINKS, PREFERS, BEHIND].iter().any(|words| words.contains(&word));
    said || matches!(word, "instead" | "nothing" | "else")
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
    let small = |word: &&str| is_small(word) || matches!(*word, "nothing" | "else");
    reach_me || words.iter().any(|word| REACHES_ME.contains(word)) || words.iter().all(small)
}

/// Whether a word is one of those that a request for a way is made of.
fn is_small(word: &str) -> bool {
    let asks = SMALL.contains(&word) || ONLY.contains(&word) || COURTESIES.contains(&word);
    asks || Ways::of(word).is_some() || matches!(word, "nada" | "mas" | "y")
}

/// Whether what stands before a way refuses it, or puts another before it.
fn is_refused(before: &[&str]) -> bool {
    refuses(before) || before.iter().rev().take(2).any(|word| BEHIND.contains(word))
}

/// Whether what is said of a way is the contrary of fine: "calls are not ok either", "texting isn't fine", "your texts are bad enough".
fn is_disliked(from: &[&str]) -> bool {
    let after = from.get(1..).unwrap_or_default();
    let enough = after.iter().position(|word| ENOUGH.contains(word));
    let said_enough = |at: usize| at > 0 && after.get(at.saturating_sub(1)).is_some_and(|word| LINKS.contains(word));
    after.iter().any(|word| CONTRARY.contains(word)) || enough.is_some_and(|at| !said_enough(at))
}

/// Whether what stands around a way, which begins `from`, says that it may come.
fn may_come(before: &[&str], from: &[&str]) -> bool {
    let mut after = from.iter().skip(1);
    let fine = after.clone().take(NEAR).any(|word| FINE.contains(word) || ENOUGH.contains(word));
    let preferred = before.iter().rev().take(NEAR).any(|word| PREFERS.contains(word));
    // "Call me" asks for somebody, and opens nothing to a machine.
    let written = matches!(from.first(), Some(&"text" | &"txt" | &"email"));
    let asked = written && is_told(before) && after.next().is_some_and(|word| *word == "me");
    let opens = from.first().and_then(|word| Ways::of(word)).is_some_and(|way| !way.calls);
    let sends = before.iter().position(|word| SENDS.contains(word));
    let sent = opens && sends.is_some_and(|at| is_told(before.get(..at).unwrap_or_default()));
    let instead = from.iter().take(NEAR).any(|word| *word == "instead");
    fine || preferred || asked || sent || instead
}

/// Whether a verb behind these words tells us to do something, and does not go on with what was said before.
fn is_told(before: &[&str]) -> bool {
    const GOES_ON: &[&str] = &["or", "to", "you", "they", "u", "and", "o", "y", "who", "that", "que"];
    !before.last().is_some_and(|word| GOES_ON.contains(word))
}

/// What tells somebody to send by a way that is named behind.
const SENDS: &[&str] = &["send", "use", "mandenme", "mandeme", "manden", "envienme", "envieme", "usen"];

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
            assert_eq!(wanted(text), Wanted { ways, only: true, ..Wanted::default() }, "{text}");
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
            assert_eq!(wanted(text), Wanted { ways, ..Wanted::default() }, "{text}");
        }
    }

    /// A way with its words: one thing of it, sending it, and to send it.
    type Way = (Ways, &'static str, &'static str, &'static str);

    const CALLS: Ways = Ways { calls: true, ..Ways::NONE };
    const ENGLISH: [Way; 3] = [
        (TEXTS, "texts", "texting", "text"),
        (CALLS, "calls", "calling", "call"),
        (MAILS, "e-mails", "e-mailing", "e-mail"),
    ];
    const SPANISH: [Way; 3] = [
        (TEXTS, "mensajes", "mandarme textos", "manden textos"),
        (CALLS, "llamadas", "llamarme", "llamen"),
        (MAILS, "correos", "mandarme correos", "manden correos"),
    ];

    /// The words of a way in a sentence: `N` of it, `G` sending it, `V` to send it.
    fn with(sentence: &str, way: Way) -> String {
        sentence.replace('N', way.1).replace('G', way.2).replace('V', way.3)
    }

    /// Every two of the ways in every order, the first refused and of the second something `said`, joined in each of these ways.
    fn combined(ways: [Way; 3], refusals: &[&str], said: &[&str], joints: &[&str]) -> Vec<(Ways, Ways, String)> {
        let mut all = Vec::new();
        for one in ways {
            for other in ways.into_iter().filter(|other| other.0 != one.0) {
                for (refusal, says) in refusals.iter().flat_map(|refusal| said.iter().map(move |says| (refusal, says)))
                {
                    for joint in joints {
                        let (refused, says) = (with(refusal, one), with(says, other));
                        all.push((one.0, other.0, format!("{refused}{joint}{says}")));
                        all.push((one.0, other.0, format!("{says}{joint}{refused}")));
                    }
                }
            }
        }
        all
    }

    const REFUSALS: [&str; 6] = ["stop G me", "don't V me", "do not V me", "no more N", "no N please", "quit G me"];
    const REFUSALS_SPANISH: [&str; 4] = ["no más N", "no quiero N", "dejen de G", "no me V"];
    const JOINTS: [&str; 4] = [", ", ". ", "; ", " but "];
    const JOINTS_SPANISH: [&str; 3] = [", ", ". ", " pero "];

    #[test]
    fn one_way_is_refused_and_the_other_kept_in_whatever_words_and_order() {
        let fine = ["N are fine", "N are ok", "N work better", "I'd rather get N", "keep the N"];
        let bien = ["N sí", "N están bien", "prefiero N"];
        let mut all = combined(ENGLISH, &REFUSALS, &fine, &JOINTS);
        all.extend(combined(ENGLISH, &REFUSALS, &["N are fine", "N are okay"], &[" and "]));
        all.extend(combined(SPANISH, &REFUSALS_SPANISH, &bien, &JOINTS_SPANISH));
        let otherwise: Vec<_> = all
            .iter()
            .map(|(_, kept, text)| (text, *kept, wanted(text).ways))
            .filter(|(_, kept, is)| kept != is)
            .collect();
        assert!(
            otherwise.is_empty(),
            "{} of {}: {:?}",
            otherwise.len(),
            all.len(),
            otherwise.iter().take(20).collect::<Vec<_>>()
        );
    }

    #[test]
    fn who_says_by_what_to_write_keeps_that_and_a_machine_may_not_call_who_says_call_me() {
        for (refused, kept, text) in combined(ENGLISH, &REFUSALS, &["V me instead", "just V me", "send me N"], &JOINTS)
        {
            let found = wanted(&text).ways;
            assert_eq!(found.but(kept), Ways::NONE, "{text}");
            assert!(found.but(refused) == found, "{text}");
            let by_word = kept == CALLS || text.contains("send me calls");
            assert!(by_word || found == kept, "{text}: {found:?}");
        }
    }

    #[test]
    fn a_way_of_which_something_else_is_said_is_never_kept() {
        let contrary = [
            "N are not fine",
            "N aren't ok either",
            "N are no better",
            "N are annoying enough",
            "don't V me either",
            "no N",
            "V me again and I'll sue",
            "N are fine until Friday",
            "N are ok if it is urgent",
            "you said N are fine",
            "are N ok?",
        ];
        let contrario =
            ["N tampoco", "N no están bien", "ni N", "N sí es urgente", "no quiero N", "N hasta el viernes están bien"];
        let mut all = combined(ENGLISH, &REFUSALS, &contrary, &JOINTS);
        all.extend(combined(ENGLISH, &REFUSALS, &["V me", "don't V me"], &[" or "]));
        // Behind a refusal it goes on with it; before one, "text me and no more calls", it stands by itself.
        let joined = combined(ENGLISH, &REFUSALS, &["V me"], &[" and "]);
        all.extend(joined.into_iter().step_by(2));
        all.extend(combined(SPANISH, &REFUSALS_SPANISH, &contrario, &JOINTS_SPANISH));
        let kept: Vec<_> =
            all.iter().filter(|(_, _, text)| wanted(text).ways != Ways::NONE).map(|(_, _, text)| text).collect();
        assert!(kept.is_empty(), "{} of {}: {:?}", kept.len(), all.len(), kept.iter().take(20).collect::<Vec<_>>());
    }

    #[test]
    fn what_may_be_kept_is_for_a_person_and_what_ends_everything_keeps_nothing() {
        for text in ["stop calling me, texts are ok I guess", "no more calls. text me when you are ready instead"] {
            assert_eq!(wanted(text), Wanted { perhaps: TEXTS, ..Wanted::default() }, "{text}");
        }
        for text in [
            "STOP. texts are fine",
            "Don't call me, texts are fine. Leave me alone",
            "texts are fine, don't call. Actually stop everything",
            "stop calling, texts are fine, do not contact me again",
        ] {
            assert_eq!(wanted(text), Wanted::default(), "{text}");
        }
        for text in ["No. Don't call me, texts are fine", "I'm at work. Stop calling me, just text me please"] {
            assert_eq!(wanted(text).ways, TEXTS, "{text}");
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
