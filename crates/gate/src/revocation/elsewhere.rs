//! Who answers from a place that is not the patient's, by several things said of it: a business that names itself, who knows nobody of that
//! name, who has had the number for years, an ex's phone. One of them may be a patient's word too; two of them are a stranger's.

use super::somebody::{is_name, plain};
use super::stranger::Stranger;
use super::{clauses, phrases_in};
use crate::reference::{BUSINESSES, HAS_LEFT, KNOWS_NOBODY, MISTAKES, OWNS_LINE, WORK_LINES};

/// Longer ones are letters, in which a patient tells of others too.
const LONGEST: usize = 40;

/// Who answers, by all that `text` says of whose place it is; `whole` is the same, normalised. `None` = too little is said of it.
pub(super) fn elsewhere(text: &str, whole: &str) -> Option<Stranger> {
    if whole.split(' ').count() > LONGEST {
        return None;
    }
    if clauses(text).any(|clause| is_a_business(&clause)) {
        return Some(Stranger::Clear);
    }
    let says = |phrases: &'static [&'static str]| usize::from(phrases_in(whole, phrases).next().is_some());
    let strong = says(KNOWS_NOBODY).saturating_add(knows_no_name(text));
    let weak = [OWNS_LINE, HAS_LEFT, WORK_LINES, MISTAKES].into_iter().map(says).sum::<usize>();
    match (strong, weak.saturating_add(names_oneself(text))) {
        (2.., _) | (1, 1..) => Some(Stranger::Clear),
        (1, 0) => Some(Stranger::Perhaps),
        // Of what a patient may say as well: one's name and a mistake are a patient's, a phone of one's own and an ex are not.
        (_, weak)
            if weak >= 2 && says(OWNS_LINE).saturating_add(says(HAS_LEFT)).saturating_add(says(WORK_LINES)) > 0 =>
        {
            Some(Stranger::Perhaps)
        }
        _ => None,
    }
}

/// "This is Joe's Pizza", "you reached a barbershop", "aquí es la ferretería": a business says which, with nothing between that puts
/// somebody at, near or in it.
fn is_a_business(clause: &str) -> bool {
    const SAYS: &[&[&str]] = &[
        &["this", "is"],
        &["its", "a"],
        &["its", "an"],
        &["we", "are"],
        &["were", "a"],
        &["you", "reached"],
        &["youve", "reached"],
        &["text", "reached"],
        &["youre", "reaching"],
        &["you", "called"],
        &["number", "is"],
        &["aqui", "es"],
        &["esta", "es"],
        &["este", "es"],
        &["es", "una"],
        &["es", "un"],
        &["somos"],
        &["habla", "a"],
        &["llama", "a"],
    ];
    const FAR: usize = 7;
    const APART: &[&str] = &[
        "at", "near", "past", "between", "behind", "under", "entre", "detras", "from", "in", "by", "to", "with",
        "about", "going", "open", "what", "where", "why", "when", "my", "en", "cerca", "para", "con", "desde", "mi",
        "who", "how", "a", "que",
    ];
    let words: Vec<&str> = clause.split(' ').collect();
    SAYS.iter().any(|said| {
        let found = words.windows(said.len()).position(|some| some == *said);
        let Some(rest) = found.and_then(|at| words.get(at.saturating_add(said.len())..)) else { return false };
        let article = usize::from(rest.first().is_some_and(|word| matches!(*word, "a" | "an")));
        let near = rest.iter().skip(article).take_while(|word| !APART.contains(word)).take(FAR);
        let near = near.copied().collect::<Vec<_>>().join(" ");
        BUSINESSES.iter().any(|business| super::has_run(&near, business))
    })
}

/// Whether somebody is named as one whom the writer does not know: "don't know a Fatima", "who's Trevor", "never heard of Philip", "a
/// mí ni idea de Leonel". A doctor's name is a patient's to ask.
fn knows_no_name(text: &str) -> usize {
    const SAYS: &[&[&str]] = &[
        &["dont", "know"],
        &["do", "not", "know"],
        &["dont", "have"],
        &["never", "heard", "of"],
        &["never", "met"],
        &["whos"],
        &["who", "is"],
        &["quien", "es"],
        &["no", "conozco", "a"],
        &["nobody", "called"],
        &["no", "one", "called"],
        &["my", "name", "is", "not"],
        &["im", "not"],
        &["i", "am", "not"],
        &["still", "not"],
        &["no", "soy"],
        &["is", "called"],
        &["named"],
    ];
    const BETWEEN: &[&str] =
        &["a", "an", "any", "the", "ninguna", "ningun", "la", "el", "mr", "mrs", "ms", "senor", "senora"];
    let raw: Vec<&str> = text.split_whitespace().collect();
    if !text.chars().any(char::is_lowercase) {
        return 0;
    }
    let words: Vec<String> = raw.iter().map(|word| plain(word)).collect();
    let named = |from: usize| {
        let between = words.iter().skip(from).take_while(|word| BETWEEN.contains(&word.as_str())).count();
        raw.get(from.saturating_add(between)).is_some_and(|word| is_name(word))
    };
    let said = |said: &&&[&str]| {
        let mut found = words.windows(said.len()).enumerate().filter(|(_, some)| some.iter().eq(said.iter()));
        found.any(|(at, _)| {
            let ends = |word: &&str| word.ends_with(['.', '!', '?', ';']);
            let from = at.saturating_add(said.len());
            !raw.get(at..from).is_some_and(|some| some.iter().any(ends)) && named(from)
        })
    };
    usize::from(SAYS.iter().any(|phrase| said(&phrase)))
}

/// Whether who writes says their own name.
fn names_oneself(text: &str) -> usize {
    const SAYS: &[&[&str]] =
        &[&["im"], &["i", "am"], &["my", "name", "is"], &["my", "names"], &["soy"], &["me", "llamo"], &["this", "is"]];
    let raw: Vec<&str> = text.split_whitespace().collect();
    let words: Vec<String> = raw.iter().map(|word| plain(word)).collect();
    let says = |said: &&[&str]| {
        let mut found = words.windows(said.len()).enumerate().filter(|(_, some)| some.iter().eq(said.iter()));
        found.any(|(at, _)| raw.get(at.saturating_add(said.len())).is_some_and(|word| is_name(word)))
    };
    usize::from(SAYS.iter().any(says))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{all, kept};
    use super::super::{Meaning, read};

    #[test]
    fn a_business_that_names_itself_is_no_patient() {
        all(
            &[
                "This is Elm Street Pizza",
                "You've reached a barbershop on Oak Road",
                "We are a law firm, please check your list",
                "aquí es la ferretería Roble",
                "somos una panadería",
                "Habla a Autopartes Roble",
            ],
            Meaning::WrongNumber,
        );
    }

    #[test]
    fn who_only_tells_where_they_are_or_work_is_still_the_patient() {
        all(
            &[
                "I work at a bakery, is five o'clock fine?",
                "this is near the church, right?",
                "It's the brick house past the car wash",
                "My garage is being fixed, running late",
                "estoy en la tienda, llego en diez minutos",
                "I drop my kid at daycare first",
                "hi, this is Alma, I'm at the hotel",
            ],
            Meaning::Other,
        );
    }

    #[test]
    fn two_things_that_a_stranger_says_are_a_strangers_answer() {
        all(
            &[
                "Got no clue who Alma is, this is my number",
                "Hi I'm Rosa, never heard of your clinic",
                "I don't know a Mrs. Beech, you have a typo",
                "My ex used this number, I'm not her",
                "Soy Rosa, ni idea de quién es Alma",
                "me llegan cosas de una tal Alma",
                "no soy Alma, me dieron su número viejo",
                "I bought this SIM on Sunday, who's Alma?",
            ],
            Meaning::WrongNumber,
        );
        // One of them alone may be the patient's.
        kept(&["I've had this number since 2009", "no clue who that is", "no sé quién es"]);
        for text in [
            "I cancelled by mistake, this is my work phone",
            "My ex drives me on Friday",
            "Who is Dr. Elm?",
            "my husband has this phone at night, call after 9",
            "Hi, I'm Alma, I got it in error but it's fine",
        ] {
            assert!(!read(text).is_wrong_number(), "{text}");
        }
    }
}
