//! Sentences that end messages, by their parts: an order to end, whatever follows it; an end of writing or of what is written; a denial of
//! it; a number that is to be taken out. The parts are words of a table, the sentences are of whoever writes them.

use super::is_contacting;
use super::refusal::Refusal;
use super::wish::ASKS;
use crate::reference::{
    CARE, CONDITIONS, CONTACTS, COURTESIES, ENDED, ENDS, MINE, ORDERS, OTHER_THINGS, SENT, SERVICES, TAKES_ME_OUT,
    TAKES_OUT,
};

/// Words that may stand between a verb and what it is said of.
const BETWEEN: &[&str] = &[
    "from",
    "it",
    "with",
    "w",
    "ever",
    "all",
    "of",
    "off",
    "out",
    "the",
    "your",
    "ur",
    "these",
    "those",
    "this",
    "that",
    "any",
    "me",
    "us",
    "my",
    "more",
    "further",
    "future",
    "auto",
    "automated",
    "automatic",
    "robo",
    "stupid",
    "damn",
    "text",
    "sms",
    "and",
    "already",
    "again",
    "please",
    "to",
    "on",
    "getting",
    "receiving",
    "los",
    "las",
    "sus",
    "estos",
    "esos",
    "ya",
    "con",
    "de",
    "todos",
    "todas",
    "tantos",
    "mas",
    "a",
    "me",
    "le",
    "esta",
    "esto",
];
/// What makes "text" and the like a verb that reaches the one who writes.
const ENDINGS: &[&str] = &[
    "me", "us", "my", "this", "anymore", "again", "here", "any", "no", "or", "and", "mas", "nunca", "a", "al", "este",
    "esta", "mi", "at", "ever", "more", "please", "ya", "nada", "por", "to", "por",
];

/// How `text`, normalised and without the ends of other things, ends messages; `None` = it does not.
pub(super) fn ending(text: &str) -> Option<Refusal> {
    let words: Vec<&str> = text.split(' ').collect();
    let ends = ends_what_is_sent(&words) || denies_contact(&words) || denies_a_wish(&words) || takes_out(&words);
    if ends {
        return Some(Refusal::Clear.limited_by(text));
    }
    orders_an_end(&words).map(|refusal| refusal.limited_by(text))
}

/// "Stop w the texts", "END service", "quit harassing us", "revoke all": 47 CFR 64.1200(a)(10) names these words as a revocation. What
/// they begin is one, unless it speaks of care or of something else that ends.
fn orders_an_end(words: &[&str]) -> Option<Refusal> {
    const SHORT: usize = 8;
    /// Words that begin other sentences as often.
    const COMMON: &[&str] =
        &["end", "cancel", "cancele", "cancelen", "cancelar", "cancela", "terminen", "termine", "block"];
    let said = after_courtesies(words);
    let (order, rest) = said.split_first().filter(|(order, _)| ORDERS.contains(order))?;
    let before = words.get(..words.len().saturating_sub(said.len())).unwrap_or_default();
    // "Me paré muy rápido": who stood up.
    if is_turned(before) || (before.last() == Some(&"me") && matches!(*order, "pare" | "paro")) {
        return None;
    }
    let objects: Vec<&&str> = rest.iter().filter(|word| !COURTESIES.contains(word) || SENT.contains(word)).collect();
    let bare =
        |word: &&&str| BETWEEN.contains(word) || SENT.contains(word) || SERVICES.contains(word) || is_contacting(word);
    let ours = objects.iter().all(bare) && objects.iter().any(|word| SENT.contains(word) || SERVICES.contains(word));
    let other = objects.iter().any(|word| CARE.contains(word) || OTHER_THINGS.contains(word));
    if COMMON.contains(order) && !ours {
        let of = matches!(rest.first(), Some(&"of" | &"de" | &"up"));
        let of_this = objects.iter().all(|word| BETWEEN.contains(word));
        return (!of && !of_this).then_some(Refusal::Unclear);
    }
    // "Do I just stop or taper": what patients ask of what they take.
    let of_oneself = before.windows(2).any(|pair| matches!(pair, ["do" | "should", "i"])) && !before.contains(&"how");
    let clear = (ours || objects.len() <= SHORT) && !other && (ours || !of_oneself);
    Some(if clear { Refusal::Clear } else { Refusal::Unclear })
}

/// "I would appreciate it if you stopped texting me", "notified to cease contacting me", "turn off text alerts", "corten con los mensajes".
fn ends_what_is_sent(words: &[&str]) -> bool {
    const NEAR: usize = 4;
    words.iter().enumerate().filter(|(_, word)| ENDS.contains(word) || ENDED.contains(word)).any(|(at, word)| {
        let before = words.get(..at).unwrap_or_default();
        let asked = ENDS.contains(word) || before.iter().any(|word| matches!(*word, "you" | "if" | "want" | "que"));
        // "I stopped getting your texts", "we end our calls at five" tell; so does a question who ended it.
        let told = before.last().is_some_and(|word| {
            matches!(*word, "i" | "we" | "he" | "she" | "they" | "it" | "did" | "not" | "dont" | "never" | "no")
        }) && !before.iter().any(|word| matches!(*word, "can" | "how" | "como"));
        let mut rest = words.iter().skip(at.saturating_add(1));
        let mut between = rest.clone().take_while(|word| BETWEEN.contains(word) && !SENT.contains(word)).take(NEAR);
        let skipped = between.by_ref().count();
        let object = rest.nth(skipped);
        asked && !told && !is_turned(before) && object.is_some_and(|word| SENT.contains(word) || is_contacting(word))
    })
}

/// Whether an end is denied that follows: "I don't want you to …".
fn is_turned(before: &[&str]) -> bool {
    let denies_a_wish = |pair: &[&str]| matches!(pair, [denied, wished] if matches!(*denied, "dont" | "not" | "no" | "never") && WISHED.contains(wished));
    before.windows(2).any(denies_a_wish)
}

/// "Don't ever text me", "no me vuelvan a escribir", "I'd prefer if you didn't text me", "nunca más me llamen".
fn denies_contact(words: &[&str]) -> bool {
    const NEAR: usize = 4;
    const WITHIN: &[&str] = &[
        "ever", "you", "please", "more", "mas", "me", "nos", "le", "les", "se", "vuelvan", "vuelva", "vuelvas", "a",
        "esten", "este", "sigan", "siga", "estar", "seguir", "que", "keep", "even", "dare", "to", "be", "try", "ya",
        "anden", "ande", "bother", "continue", "have", "want", "quiero", "deseo", "necesito", "autorizo", "wish",
        "need", "anyone", "nadie",
    ];
    words.iter().enumerate().any(|(at, word)| {
        let before = words.get(..at).and_then(<[&str]>::last).copied().unwrap_or_default();
        let denies = match *word {
            "dont" | "never" | "nunca" | "jamas" | "no" => {
                !matches!(
                    before,
                    "i" | "we"
                        | "he"
                        | "she"
                        | "they"
                        | "why"
                        | "u"
                        | "you"
                        | "yo"
                        | "ella"
                        | "todavia"
                        | "aun"
                        | "nobody"
                        | "they've"
                ) || wishes_behind(words, at)
            }
            "not" => {
                matches!(before, "do" | "would" | "rather" | "please" | "you" | "prefer" | "to" | "should")
                    || wishes_behind(words, at)
            }
            "didnt" | "wouldnt" | "stopped" => words
                .iter()
                .take(at)
                .any(|word| matches!(*word, "prefer" | "if" | "wish" | "rather" | "appreciate" | "like")),
            _ => false,
        };
        let mut rest = words.iter().skip(at.saturating_add(1));
        let skipped = rest
            .clone()
            .take_while(|word| WITHIN.contains(word) && !matches!(**word, "que" if before == "si"))
            .take(NEAR)
            .count();
        let verb = rest.nth(skipped);
        let reaches = verb.is_some_and(|word| CONTACTS.contains(word) || is_contacting(word));
        let then = rest.next();
        denies
            && reaches
            && then.is_none_or(|word| {
                ENDINGS.contains(word)
                    || SENT.contains(word)
                    || SERVICES.contains(word)
                    || CONTACTS.contains(word)
                    || CONDITIONS.contains(word)
            })
    })
}

/// Whether a wish follows a denial: "I don't want …".
fn wishes_behind(words: &[&str], at: usize) -> bool {
    words.get(at.saturating_add(1)).is_some_and(|word| WISHED.contains(word))
}

/// What a denial makes a refusal.
const WISHED: &[&str] = &[
    "want",
    "wanna",
    "wish",
    "care",
    "like",
    "desire",
    "consent",
    "agree",
    "authorize",
    "authorise",
    "quiero",
    "deseo",
    "autorizo",
    "acepto",
    "consiento",
    "quisiera",
    "gusta",
    "interested",
    "give",
    "doy",
    "appreciate",
    "wants",
    "quiere",
    "quieren",
    "queremos",
    "desea",
    "desean",
    "deseamos",
];

/// "I don't want ur texts", "no longer wish to hear from you", "no deseo que me envíen textos".
fn denies_a_wish(words: &[&str]) -> bool {
    const NEAR: usize = 8;
    const DENIALS: &[&str] = &["dont", "not", "never", "longer", "no", "nunca", "ya", "didnt", "doesnt"];
    // What one does not want to miss, to lose or to forget, one wants.
    const WANTED: &[&str] =
        &["miss", "lose", "forget", "late", "perder", "perderme", "call", "bother", "stop", "olvidar"];
    words.iter().enumerate().filter(|(_, word)| WISHED.contains(word)).any(|(at, _)| {
        let denied = words.get(at.saturating_sub(2)..at).unwrap_or_default();
        if !denied.iter().any(|word| DENIALS.contains(word)) {
            return false;
        }
        let rest = words.get(at.saturating_add(1)..).unwrap_or_default();
        let near = || rest.iter().take(NEAR);
        let these = near().any(|word| matches!(*word, "these" | "those" | "them" | "estos" | "esos"))
            && near().any(|word| {
                matches!(*word, "get" | "getting" | "receive" | "receiving" | "more" | "any" | "recibir" | "mas")
            });
        let object = || {
            near().any(|word| SENT.contains(word) || is_contacting(word) || CONTACTS.contains(word))
                || rest.windows(2).any(|pair| pair == ["hear", "from"])
        };
        let other = |word: &&str| WANTED.contains(word) || CARE.contains(word) || ENDS.contains(word);
        (these || object()) && !near().any(other)
    })
}

/// "Delete me", "take my name off", "count us out", "elimíname de la lista", "erase my info".
fn takes_out(words: &[&str]) -> bool {
    const OUT: &[&str] =
        &["out", "off", "from", "de", "del", "please", "por", "now", "asap", "anymore", "completely", "altogether"];
    let said = after_courtesies(words);
    let Some((first, rest)) = said.split_first() else { return false };
    let from_ours = |rest: &[&str]| {
        let named = rest.iter().any(|word| SENT.contains(word) || SERVICES.contains(word));
        rest.first().is_none_or(|word| OUT.contains(word))
            && (named
                || rest.iter().all(|word| OUT.contains(word) || BETWEEN.contains(word) || COURTESIES.contains(word)))
    };
    let out = |rest: &[&str]| rest.iter().any(|word| matches!(*word, "out" | "off" | "from"));
    if words.iter().any(|word| OTHER_THINGS.contains(word) || CARE.contains(word)) {
        return false;
    }
    if TAKES_ME_OUT.contains(first) {
        return from_ours(rest);
    }
    let needs_out = matches!(*first, "take" | "get" | "count" | "drop" | "pull");
    match rest {
        ["me" | "us", rest @ ..] if TAKES_OUT.contains(first) => from_ours(rest) && (!needs_out || out(rest)),
        ["my" | "this" | "our" | "mi" | "este" | "mis", what, rest @ ..] if TAKES_OUT.contains(first) => {
            MINE.contains(what) && (!needs_out || out(rest)) && !rest.iter().any(|word| CONDITIONS.contains(word))
        }
        _ => false,
    }
}

/// What stands behind courtesies, and behind words that ask: more of them than before a bare command.
fn after_courtesies<'w, 't>(words: &'w [&'t str]) -> &'w [&'t str] {
    const ALSO: &[&str] = &[
        "will", "wanted", "told", "asked", "asking", "do", "favor", "de", "must", "request", "demand", "lets",
        "quiero", "how", "puedo", "pueden", "puede", "como", "hereby", "wish", "oye", "oigan", "no", "thank", "thanks",
        "bye", "goodbye", "already", "we", "ya",
    ];
    let skipped = |word: &&&str| {
        (COURTESIES.contains(word) && !SENT.contains(word)) || ASKS.contains(word) || ALSO.contains(word)
    };
    let from = words.iter().take_while(|word| !ORDERS.contains(word) && skipped(word)).count();
    words.get(from..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::Meaning;
    use super::super::tests::{all, kept};

    #[test]
    fn an_order_to_end_revokes_whatever_short_words_follow_it() {
        all(
            &[
                "stop right there",
                "Stop harassing me",
                "quit blowing up my phone",
                "END service",
                "End subscription please",
                "revoke all",
                "unsubscribe everything now",
                "OPTOUT forever",
                "cancel my text reminders",
                "please halt",
                "STOP PLEASE I AM DRIVING",
                "cese y desista",
                "frenen los mensajes",
            ],
            Meaning::Revokes,
        );
        kept(&["end it all", "cancel tomorrow", "stop my pills", "stop sending so many"]);
        all(&["Do I just stop or taper", "do i stop now", "unsubscribe me from nausea please"], Meaning::Ambiguous);
    }

    #[test]
    fn an_end_of_writing_is_heard_in_the_middle_of_a_sentence() {
        all(
            &[
                "I would appreciate it if you stopped texting me",
                "You are hereby notified to cease contacting me",
                "how do I turn off these alerts",
                "please refrain from calling us",
                "stop texting me about my appointment",
                "how many times do I have to tell you to stop messaging me",
                "¿cómo cancelo los mensajes?",
                "quiero que corten con los avisos",
            ],
            Meaning::Revokes,
        );
    }

    #[test]
    fn a_denied_wish_or_contact_revokes() {
        all(
            &[
                "i dont want to hear from you again",
                "I don't wish to get any more of these texts",
                "no longer wish to be contacted",
                "I'd prefer if you didn't text me",
                "nunca más me escriban",
                "no vuelvan a llamar",
                "no estén molestando",
                "mi mamá no quiere recibir estos mensajes",
                "she doesn't want your texts",
                "no deseo que me envíen textos",
            ],
            Meaning::Revokes,
        );
        all(
            &[
                "I don't text and drive",
                "I don't want to miss your call",
                "no me llamaron",
                "you didn't call me",
                "they never called",
            ],
            Meaning::Other,
        );
    }

    #[test]
    fn who_wants_to_be_out_is_out_and_what_is_to_be_taken_out_of_them_is_not_meant() {
        all(
            &["Delete me", "take my name off", "count us out", "erase my info", "elimíname de la lista"],
            Meaning::Revokes,
        );
        all(
            &["Please remove the stitches", "can you take out my tonsils", "get my results from the lab"],
            Meaning::Other,
        );
    }
}
