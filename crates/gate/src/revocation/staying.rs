//! Who asks not to be taken out: "please don't take me off the list", "no quiero que me den de baja". The words are those of a revocation;
//! what is said is the contrary.

use crate::reference::{ENDS, MINE, ORDERS, SENT, SERVICES, TAKES_OUT};
use std::ops::Range;

/// What denies, and does not stand for an answer by itself as "no" does.
const DENIES: &[&str] = &["dont", "never", "not"];
/// What may stand between a denial and what is denied.
const BETWEEN: &[&str] =
    &["ever", "want", "wanna", "to", "be", "get", "like", "let", "him", "her", "them", "wish", "dare", "you"];
const BETWEEN_SPANISH: &[&str] = &["quiero", "quisiera", "deseo", "queremos", "que", "me", "nos", "vayan", "vaya", "a"];
/// How one is taken out, besides by the orders of the table.
const TAKEN_OUT: &[&str] =
    &["removed", "taken", "dropped", "deleted", "unsubscribed", "erased", "kicked", "unenrolled", "kick", "cut"];
/// The same in Spanish, as it is denied: what is asked for is "quítenme", what is not is "no me quiten".
const SPANISH: &[&str] = &[
    "quiten",
    "quite",
    "quites",
    "saquen",
    "saque",
    "saques",
    "borren",
    "borre",
    "borres",
    "eliminen",
    "elimine",
    "elimines",
    "den",
    "de",
    "des",
    "darme",
    "quitar",
    "sacar",
    "borrar",
    "quitarme",
    "sacarme",
    "borrarme",
    "corten",
    "suspendan",
    "cancelen",
];
/// Who says so of us, or asks why not: "why don't you remove me", "if you don't take me off".
const ACCUSES: &[&str] = &["you", "u", "they", "if", "why", "still", "who", "ustedes", "si", "que", "porque", "people"];
/// What one is taken out of, besides what is sent.
const FROM: &[&str] = &["me", "us", "off", "out", "list", "lists", "lista", "listas", "number", "numero", "baja"];

/// The words that ask so, where the one at `at` denies.
pub(super) fn asks_to_stay(words: &[&str], at: usize) -> Option<Range<usize>> {
    const NEAR: usize = 6;
    let denial = *words.get(at)?;
    let rest = words.get(at.saturating_add(1)..)?;
    let (between, verbs): (&[&str], &[&[&str]]) = match denial {
        "no" if matches!(rest.first()?, &"me" | &"nos" | &"quiero" | &"quisiera" | &"deseo" | &"queremos") => {
            (BETWEEN_SPANISH, &[SPANISH])
        }
        word if DENIES.contains(&word) && rest.first()? != &"you" => (BETWEEN, &[TAKES_OUT, TAKEN_OUT]),
        _ => return None,
    };
    let from = if denial == "not" && at > 0 && words.get(at.saturating_sub(1)) == Some(&"do") {
        at.saturating_sub(1)
    } else {
        at
    };
    let said_before = from.checked_sub(1).and_then(|at| words.get(at));
    if said_before.is_some_and(|word| ACCUSES.contains(word)) {
        return None;
    }
    let verb = rest.iter().take_while(|word| between.contains(word)).count();
    let done = rest.get(verb)?;
    if !verbs.iter().any(|verbs| verbs.contains(done)) {
        return None;
    }
    let behind = rest.get(verb.saturating_add(1)..).unwrap_or_default();
    let near = || behind.iter().take(NEAR).take_while(|word| !ENDS.contains(word) && !ORDERS.contains(word));
    // "Den" and "darme" take out with "de baja" alone, "take" and "get" with "off" or "out".
    let whole = match *done {
        "den" | "de" | "des" | "darme" => matches!(behind, ["de", "baja", ..]),
        "take" | "taken" | "get" | "kick" | "kicked" | "cut" => {
            near().any(|word| matches!(*word, "off" | "out" | "from"))
        }
        _ => true,
    };
    let is_ours =
        |word: &&str| FROM.contains(word) || SENT.contains(word) || SERVICES.contains(word) || MINE.contains(word);
    let meant = near().enumerate().filter(|(_, word)| is_ours(word)).last().map_or(0, |(at, _)| at.saturating_add(1));
    let mine = denial == "no" || near().any(is_ours) || TAKEN_OUT.contains(done);
    (whole && mine).then(|| from..at.saturating_add(2).saturating_add(verb).saturating_add(meant))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{all, kept};
    use super::super::{Meaning, read};

    #[test]
    fn who_asks_not_to_be_taken_out_does_not_revoke() {
        for text in [
            "please don't remove me from the list",
            "do not take me off the reminders, I need them",
            "Don't delete my number!",
            "I don't want to be taken off your texts",
            "no quiero que me den de baja",
            "por favor no me quiten los recordatorios",
            "no me saquen de la lista",
            "Am I still on the list? dont remove me!",
        ] {
            assert!(!read(text).stops() && !read(text).is_wrong_number(), "{text}: {:?}", read(text));
        }
    }

    #[test]
    fn who_asks_why_not_or_answers_no_first_is_taken_out() {
        all(
            &[
                "No, remove me from your list",
                "No, quítenme de la lista",
                "Don't! Take me off your list",
                "don't remove me from care, just stop texting me",
                "No. Quiero darme de baja",
            ],
            Meaning::Revokes,
        );
        kept(&["why don't you remove me from your list", "if you don't take me off the list I will report you"]);
    }
}
