//! Revocations that no list of phrases holds: a wish that the messages end, in whatever order it is said, and words run together.

use super::{COURTESIES, alike};
use crate::reference::REVOKES;

/// What ends.
const ENDS: &[&str] = &[
    "end", "stop", "cease", "quit", "acabe", "acaben", "acabar", "termine", "terminen", "terminar", "pare", "paren",
    "parar", "cese", "cesen", "detenga", "detengan",
];
/// What is sent, in the plural or not.
const SENT: &[&str] = &[
    "text",
    "texts",
    "texting",
    "message",
    "messages",
    "messaging",
    "msg",
    "msgs",
    "sms",
    "reminder",
    "reminders",
    "alert",
    "alerts",
    "notification",
    "notifications",
    "call",
    "calls",
    "calling",
    "email",
    "emails",
    "spam",
    "mensaje",
    "mensajes",
    "texto",
    "textos",
    "aviso",
    "avisos",
    "recordatorio",
    "recordatorios",
    "llamada",
    "llamadas",
    "correo",
    "correos",
    "communication",
    "communications",
    "comunicaciones",
];
/// What stands for what is sent, and for nothing else in an answer to it.
const THESE: &[&str] = &["these", "those", "them", "estos", "esos", "estas", "esas"];
/// What may stand for what is sent, or for an illness, or for a life: a person reads it.
const THIS: &[&str] = &["this", "that", "it", "all", "everything", "esto", "eso", "todo"];
/// What stands before a wish.
const WISHES: &[&str] = &[
    "want", "need", "like", "wish", "wanted", "id", "please", "pls", "wanna", "quiero", "necesito", "deseo",
    "quisiera", "pido", "favor", "ojala", "prefer", "ask", "asking", "demand",
];
/// What makes another thing end.
const MAKES: &[&str] = &["make", "get", "have", "let", "haga", "hagan", "haz"];
/// What says that it must.
const MUST: &[&str] = &[
    "need", "needs", "must", "should", "have", "has", "got", "gotta", "better", "deben", "debe", "tienen", "tiene",
    "can", "could",
];
/// What turns it round.
const NOT: &[&str] = &["dont", "not", "never", "no", "didnt", "wont", "wouldnt"];
/// What may stand between.
const BETWEEN: &[&str] = &["to", "2", "se", "que", "de", "a", "be", "already", "ya", "just", "all", "now"];

/// What stands between a word that makes and what it makes end.
const DETERMINERS: &[&str] = &["the", "these", "those", "your", "all", "of", "my", "estos", "esos", "los", "sus"];

/// A wish that something ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    /// That messages do: "I want these to end", "these texts have to stop", "quiero que se acaben estos mensajes".
    Clear,
    /// That they do not: "I don't want these to stop".
    Turned,
    /// That something does, perhaps an illness: "I want it to end".
    Unclear,
}

/// What tells somebody to end something.
const COMMANDS: &[&str] = &[
    "stop",
    "quit",
    "end",
    "cease",
    "discontinue",
    "terminate",
    "halt",
    "suspend",
    "cancel",
    "paren",
    "pare",
    "cancelen",
    "cancele",
    "suspendan",
];
/// What may stand before a command, besides courtesies.
pub(super) const ASKS: &[&str] = &[
    "can",
    "could",
    "would",
    "you",
    "i",
    "want",
    "need",
    "like",
    "id",
    "to",
    "said",
    "again",
    "for",
    "last",
    "time",
    "seriously",
    "and",
    "so",
    "les",
    "pido",
    "que",
];
/// What may stand between a command and what it ends.
const ENDED: &[&str] = &[
    "the", "these", "those", "all", "of", "your", "any", "with", "sending", "me", "out", "further", "future", "more",
    "los", "las", "estos", "sus", "todos",
];

/// "Discontinue these notifications", "could you stop with the texts": told to us, so only courtesies stand before it.
pub(super) fn commands(text: &str) -> bool {
    let words: Vec<&str> = text.split(' ').collect();
    let before = words.iter().take_while(|word| !COMMANDS.contains(word)).count();
    let asked = words.iter().take(before).all(|word| ASKS.contains(word) || COURTESIES.contains(word));
    let mut after = words.iter().skip(before.saturating_add(1)).skip_while(|word| ENDED.contains(word));
    asked && after.next().is_some_and(|word| SENT.contains(word))
}

/// The wish that `text`, normalised, holds; `None` = none that anything ends.
pub(super) fn wish(text: &str) -> Option<Wish> {
    let words: Vec<&str> = text.split(' ').collect();
    words.iter().enumerate().filter(|(_, word)| ENDS.contains(word)).find_map(|(at, _)| {
        let before = words.get(..at)?;
        let after = words.get(at.saturating_add(1)..)?;
        wish_around(before, after)
    })
}

/// A wish around the word that ends: what it is said of stands before it or, in Spanish, after it.
fn wish_around(before: &[&str], after: &[&str]) -> Option<Wish> {
    let is_link = |word: &&&str| BETWEEN.contains(word) || MUST.contains(word);
    let links = before.iter().rev().take_while(is_link).count();
    let head = before.get(..before.len().saturating_sub(links))?;
    let joined = before.get(head.len()..)?;
    let spanish = before.contains(&"que");
    let object = match head.last() {
        Some(word) if is_object(word) => *word,
        _ if spanish => after.iter().copied().find(|word| is_object(word))?,
        _ => return None,
    };
    let must = is_object(head.last().copied().unwrap_or_default()) && joined.iter().any(|word| MUST.contains(word));
    let asked = before.iter().any(|word| WISHES.contains(word)) && (!joined.is_empty() || spanish);
    let maker = head.iter().rev().skip(1).find(|word| !DETERMINERS.contains(word));
    let made = maker.is_some_and(|word| MAKES.contains(word));
    if !must && !asked && !made {
        return None;
    }
    let clear = SENT.contains(&object) || THESE.contains(&object);
    Some(match (before.iter().any(|word| NOT.contains(word)), clear) {
        (true, _) => Wish::Turned,
        (false, true) => Wish::Clear,
        (false, false) => Wish::Unclear,
    })
}

fn is_object(word: &str) -> bool {
    [SENT, THESE, THIS].iter().any(|words| words.contains(&word))
}

/// What else may be run together with a word that revokes.
const JOINTS: &[&str] = &["to", "2", "4", "and", "or", "y", "o", "it", "this", "all", "them", "us", "los", "sus"];

/// Whether `word` is nothing but words run together, one of which revokes: "stop2end", "stoptexting", "pleasestop", "yabasta".
///
/// Every letter must belong to a word, and the short words that others begin with are left out, so that no other word falls apart
/// by chance.
pub(super) fn glued(word: &str) -> bool {
    const SHORTEST: usize = 6;
    const LONGEST: usize = 40;
    (SHORTEST..=LONGEST).contains(&word.len()) && word.is_ascii() && falls_apart(word, false)
}

/// Whether the rest of a word falls apart, one part of it revoking unless one already did.
fn falls_apart(rest: &str, revoked: bool) -> bool {
    if rest.is_empty() {
        return revoked;
    }
    let strong =
        || alike(rest, REVOKES).iter().filter(|word| word.len() >= 3 && !word.contains(' ') && !WEAK.contains(word));
    let after = |part: &str| rest.strip_prefix(part).filter(|_| !part.is_empty());
    strong().filter_map(|word| after(word)).any(|rest| falls_apart(rest, true))
        || COURTESIES.iter().chain(JOINTS).filter_map(|word| after(word)).any(|rest| falls_apart(rest, revoked))
}

/// Words that revoke by themselves, and that other words begin or end with.
const WEAK: &[&str] =
    &["para", "fin", "baja", "pare", "stp", "enough", "cese", "cancel", "cancela", "cancele", "remove", "salir"];

#[cfg(test)]
mod tests {
    use super::super::Meaning;
    use super::super::tests::all;
    use super::glued;

    #[test]
    fn a_wish_that_the_messages_end_revokes_in_whatever_order() {
        all(
            &[
                "I want these to end",
                "I want these to stop",
                "I'd like these messages to stop please",
                "I need the texts to end",
                "these need to stop",
                "These texts have to end.",
                "these must stop now",
                "please make these stop",
                "make the messages stop",
                "can you get these texts to stop",
                "I would like for these reminders to cease",
                "the calls should stop",
                "quiero que se acaben estos mensajes",
                "Quiero que paren los mensajes",
                "necesito que estos mensajes terminen",
                "quisiera que se terminen los avisos",
                "quiero que estos se acaben ya",
            ],
            Meaning::Revokes,
        );
    }

    #[test]
    fn a_wish_that_may_be_of_something_else_or_is_turned_round_goes_to_a_person() {
        all(
            &[
                "I want it to end",
                "I just want this to end",
                "I want it all to stop",
                "quiero que esto termine",
                "I don't want these to stop",
                "I never want these messages to end",
                "no quiero que paren los mensajes",
            ],
            Meaning::Ambiguous,
        );
    }

    #[test]
    fn an_end_that_nobody_wishes_changes_nothing() {
        all(
            &[
                "When does this end?",
                "see you at the end of the week",
                "the visit should end by noon",
                "it all ends well",
                "I want to come at the end of May",
            ],
            Meaning::Other,
        );
    }

    #[test]
    fn words_run_together_revoke_and_words_that_only_look_so_do_not() {
        all(
            &[
                "STOP2END",
                "stop2quit",
                "stoptoend",
                "StopTexting",
                "stoptexts",
                "pleasestop",
                "plsstop",
                "stopplease",
                "STOPNOW",
                "stopit",
                "stopall",
                "quittexting",
                "endtexts",
                "st0p2end",
                "unsubscribeme",
                "optoutnow",
                "YABASTA",
                "altoya",
                "stopmensajes",
                "STOP2END please",
            ],
            Meaning::Revokes,
        );
        for word in [
            "ending",
            "endocrine",
            "quitting",
            "stopped",
            "stopover",
            "parada",
            "finally",
            "trabajo",
            "bajada",
            "paralelo",
        ] {
            assert!(!glued(word), "{word}");
        }
    }
}
