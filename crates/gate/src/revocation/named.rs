//! The patient's own names in a message: written small or all in capitals, they are names still.

use super::somebody::plain;

/// Shorter ones are words of other kinds too often ("al", "jo").
const SHORTEST: usize = 3;

/// `text` with the patient's `names` in it as names are written, and everything else small where all of it is in capitals; `None` where
/// none of them stands in it.
pub(super) fn with_capitals<'n>(text: &str, names: impl Iterator<Item = &'n str>) -> Option<String> {
    let names: Vec<String> = names.flat_map(str::split_whitespace).map(plain).collect();
    let names: Vec<&String> = names.iter().filter(|name| name.chars().count() >= SHORTEST).collect();
    let is_named = |word: &str| {
        let word = plain(word);
        names.iter().any(|name| word == **name || word.strip_suffix('s') == Some(name.as_str()))
    };
    let shouts = !text.chars().any(char::is_lowercase);
    let mut found = false;
    let words = text.split(' ').map(|word| {
        let named = is_named(word);
        found |= named;
        match (named, shouts) {
            (true, _) => capital(word),
            (false, true) => word.to_lowercase(),
            (false, false) => word.to_owned(),
        }
    });
    let written = words.collect::<Vec<_>>().join(" ");
    found.then_some(written)
}

fn capital(word: &str) -> String {
    let mut first = true;
    let letter = |c: char| {
        let begins = c.is_alphabetic() && std::mem::take(&mut first);
        if begins { c.to_uppercase().to_string() } else { c.to_lowercase().to_string() }
    };
    word.chars().map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{Meaning, read, read_to};

    fn said_to_alma(text: &str) -> Meaning {
        read_to(text, ["Alma Beech"].into_iter())
    }

    #[test]
    fn a_name_on_record_is_a_name_however_it_is_written() {
        for text in [
            "there is no alma here",
            "THERE IS NO ALMA HERE",
            "this is not alma",
            "no soy alma",
            "im not alma beech",
            "aquí no vive alma",
            "alma no longer uses this number",
            "THIS IS NOT ALMA'S PHONE",
        ] {
            assert_eq!(said_to_alma(text), Meaning::WrongNumber, "{text}");
        }
        assert_eq!(said_to_alma("stop, there is no alma here"), Meaning::WrongNumberAndStop);
        assert_eq!(said_to_alma("STOP. NO ALMA HERE"), Meaning::WrongNumberAndStop);
    }

    #[test]
    fn a_patient_who_gives_their_name_says_nothing_else_by_it() {
        for text in ["alma here, see you friday", "this is alma, i will be there", "ALMA BEECH, CONFIRMED", "it's alma"]
        {
            assert_eq!(said_to_alma(text), Meaning::Other, "{text}");
        }
        for text in ["STOP", "alma says stop", "I can't stop by before 3", "HELP", "START"] {
            assert_eq!(said_to_alma(text), read(text), "{text}");
        }
    }
}
