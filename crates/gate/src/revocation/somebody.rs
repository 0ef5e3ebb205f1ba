//! Who answers that they are somebody else, by the name they are not: "This is not Alma", "no soy Alma". The names are nobody's that is
//! known here; a capital letter tells one.

use super::asks_about_care;

/// What is said before the name. What stands for itself alone ("not", "no es") needs the name to be all that follows.
const DENIES: &[(&str, bool)] = &[
    ("this is not", false),
    ("this isnt", false),
    ("i am not", false),
    ("im not", false),
    ("my name is not", false),
    ("my name isnt", false),
    ("not", true),
    ("no soy", false),
    ("yo no soy", false),
    ("esta no es", false),
    ("este no es", false),
    ("aqui no es", false),
    ("no es", true),
];
/// What is said before all that.
const BEFORE: &[&str] =
    &["sorry", "hi", "hello", "hey", "hola", "perdon", "disculpe", "um", "no", "lo", "siento", "uh"];
/// Titles before a name.
const TITLES: &[&str] = &["mr", "mrs", "ms", "miss", "dr", "sr", "sra", "srta", "don", "dona"];
/// What is written with a capital letter and is nobody.
const NOBODY: &[&str] = &[
    "i",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "english",
    "spanish",
    "covid",
    "medicare",
    "medicaid",
    "ok",
    "american",
    "yet",
    "sure",
    "today",
    "tomorrow",
    "interested",
    "now",
    "christmas",
    "thanksgiving",
];
/// Words that may stand behind a name that is all that follows.
const AFTER: &[&str] = &["here", "anymore", "sorry", "phone", "number", "aqui", "anymore"];

/// Whether `text` says that whoever reads it is not the one it was written to.
pub(super) fn is_somebody_else(text: &str) -> bool {
    const LONGEST: usize = 10;
    if says_wrong_number(text) {
        return true;
    }
    let raw: Vec<&str> = text.split_whitespace().collect();
    let shouts = !text.chars().any(char::is_lowercase);
    let plain: Vec<String> = raw.iter().map(|word| plain(word)).collect();
    if shouts || raw.len() > LONGEST || asks_about_care(&plain.join(" ")) {
        return false;
    }
    let denied = |skipped: usize, (words, alone): &(&str, bool)| {
        let denial: Vec<&str> = words.split(' ').collect();
        let rest = plain.get(skipped..).unwrap_or_default();
        let said = rest.len() > denial.len() && rest.iter().zip(&denial).all(|(word, denied)| word == denied);
        let from = skipped.saturating_add(denial.len());
        let titles = plain.iter().skip(from).take_while(|word| TITLES.contains(&word.as_str())).count();
        let name = from.saturating_add(titles);
        let behind =
            || plain.iter().skip(name.saturating_add(1)).filter(|word| !AFTER.contains(&word.as_str())).count();
        said && raw.get(name).is_some_and(|word| is_name(word)) && (!alone || behind() <= 1)
    };
    let before = plain.iter().take_while(|word| BEFORE.contains(&word.as_str())).count();
    // "No" may begin the denial, or stand before it.
    (0..=before).any(|skipped| DENIES.iter().any(|denial| denied(skipped, denial)))
}

/// "Wrong #", "sorry wrong no.": the sign and the short word, which stand for nothing when a message is read by its words.
fn says_wrong_number(text: &str) -> bool {
    let lower = text.to_lowercase();
    let words: Vec<&str> = lower.split_whitespace().collect();
    let ends = |word: &str| {
        word.starts_with('#') || matches!(word.trim_matches(|c: char| !c.is_alphanumeric()), "no" | "nr" | "nbr")
    };
    let (short, joined) = (words.len() <= 4, words.join(" "));
    joined.contains("wrong #")
        || joined.contains("wrong#")
        || (short && matches!(words.as_slice(), [.., "wrong", last] if ends(last)))
}

/// Lower case, without accents, apostrophes and what surrounds a word.
pub(super) fn plain(word: &str) -> String {
    let letter = |c: char| match c {
        'á' => 'a',
        'é' => 'e',
        'í' => 'i',
        'ó' => 'o',
        'ú' => 'u',
        'ñ' => 'n',
        other => other,
    };
    word.to_lowercase().chars().filter(|c| c.is_alphanumeric()).map(letter).collect()
}

pub(super) fn is_name(word: &str) -> bool {
    let mut letters = word.trim_matches(|c: char| !c.is_alphanumeric()).chars();
    let capital = letters.next().is_some_and(char::is_uppercase);
    capital && letters.next().is_some_and(char::is_lowercase) && !NOBODY.contains(&plain(word).as_str())
}

#[cfg(test)]
mod tests {
    use super::super::{Meaning, read};

    #[test]
    fn who_is_somebody_else_is_not_written_to_again() {
        for text in [
            "This is not Alma",
            "not Alma",
            "Not Alma.",
            "Sorry, this isn't Alma Beech",
            "Sorry wrong #",
            "wrong #",
            "You have the wrong  # for her, I think",
            "Wrong no.",
            "I'm not Alma, sorry",
            "Hi, I am not Mrs. Beech",
            "This is not Alma's phone",
            "No soy Alma",
            "no, yo no soy Alma",
            "Disculpe, esta no es Alma",
            "Aquí no es Alma",
            "No es Alma",
        ] {
            assert_eq!(read(text), Meaning::WrongNumber, "{text}");
        }
    }

    #[test]
    fn what_is_not_a_name_changes_nothing() {
        for text in [
            "Not yet",
            "Not Tuesday, Friday",
            "I'm not sure",
            "This is not urgent",
            "I am not well, can I come Friday?",
            "No es urgente",
            "no soy alérgico",
            "Not Monday please",
            "I'm not on Medicare",
        ] {
            assert_eq!(read(text), Meaning::Other, "{text}");
        }
    }

    #[test]
    fn who_stops_somewhere_on_the_way_stops_nothing() {
        for text in [
            "I can't stop by before 3",
            "I cant stop by before 3, can I come at 4?",
            "he will stop at the desk",
            "She'll stop at your office tomorrow",
            "parada de autobús",
            "La parada de autobús está lejos",
            "I'll stop in to sign the papers",
            "we stop for gas first",
            "my husband stops by on Friday",
        ] {
            assert_eq!(read(text), Meaning::Other, "{text}");
        }
        for text in [
            "stop at once",
            "please stop at once",
            "Stop it now",
            "STOP by tomorrow or I sue, stop texting me",
            "stop in the name of god",
        ] {
            assert_ne!(read(text), Meaning::Other, "{text}");
        }
    }
}
