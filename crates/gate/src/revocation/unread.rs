//! Whether a message is in a language or a script that is not read here. What such a message says, a person finds out.

use super::foreign::is_foreign_assent;
use crate::reference::{CARE, READ_LANGUAGES, SYMPTOMS, WORDS_OF_LANGUAGES};

/// Whether `text`, normalised, is in another language than English and Spanish, and says more than yes, no or thanks.
///
/// 47 CFR 64.1200(a)(10): a revocation may come in any words that a reasonable person understands; the patient's are no less reasonable
/// for being in a language that a program does not read.
pub(super) fn is_unread(text: &str) -> bool {
    (is_in_another_script(text) || is_in_another_language(text)) && !is_foreign_assent(text)
}

/// Two letters, and a quarter of all, that are not Latin: a unit or a sign is no script.
fn is_in_another_script(text: &str) -> bool {
    const FEW: usize = 2;
    const PART: usize = 4;
    let letters = text.chars().filter(|c| c.is_alphabetic());
    let (all, others) = letters.fold((0_usize, 0_usize), |(all, others), letter| {
        (all.saturating_add(1), others.saturating_add(usize::from(!is_latin(letter))))
    });
    others >= FEW && others.saturating_mul(PART) >= all
}

/// The Latin letters of the Unicode blocks up to the phonetic ones, and the additional ones of Vietnamese.
const fn is_latin(letter: char) -> bool {
    matches!(letter, '\0'..='\u{24f}' | '\u{1e00}'..='\u{1eff}')
}

/// Whether `text` holds more words of another language than of those that are read; or, of a whole sentence, not one that is known.
fn is_in_another_language(text: &str) -> bool {
    const SENTENCE: usize = 4;
    let words = words(text);
    let known = Known::of(&words);
    let named = |word: &&&str| word.chars().nth(1).is_some() && !CARE.contains(word) && !SYMPTOMS.contains(word);
    let unknown = known.read == 0 && words.iter().filter(named).count() >= SENTENCE;
    // One word alone may be a name.
    (known.unread > known.read && words.get(1).is_some()) || unknown
}

/// Whether `text` is English or Spanish more than anything else.
pub(super) fn is_read(text: &str) -> bool {
    let known = Known::of(&words(text));
    known.read > known.unread
}

fn words(text: &str) -> Vec<&str> {
    text.split(' ').filter(|word| word.chars().all(char::is_alphabetic)).collect()
}

/// How many words are known.
struct Known {
    /// Of the languages that are read.
    read: usize,
    /// Of the one language of the others that has the most of them.
    unread: usize,
}

impl Known {
    fn of(words: &[&str]) -> Self {
        let found = words.iter().filter_map(|word| {
            let at = WORDS_OF_LANGUAGES.binary_search_by(|(known, _)| known.cmp(word)).ok()?;
            WORDS_OF_LANGUAGES.get(at).map(|(_, languages)| *languages)
        });
        let found: Vec<u64> = found.collect();
        let with = |bits: u64| found.iter().filter(|languages| **languages & bits != 0).count();
        let others = (0..u64::BITS).map(|place| 1 << place).filter(|bit| bit & READ_LANGUAGES == 0);
        Self { read: with(READ_LANGUAGES), unread: others.map(with).max().unwrap_or_default() }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Meaning;
    use super::super::tests::{all, kept};

    #[test]
    fn what_is_in_a_language_that_is_not_read_waits_for_a_person() {
        kept(&[
            "Я приду в пятницу в два",
            "我星期五来",
            "금요일에 갈게요",
            "Ich komme am Freitag",
            "Je ne sais pas ce que vous voulez",
            "Não sei o que isso quer dizer",
            "Nie rozumiem o co chodzi",
            "Kuv tsis paub tias koj yog leej twg",
            "Hindi ko alam kung ano ito",
            "مجھے سمجھ نہیں آئی",
            "kaan waa maxay fadlan",
            "lorem ipsum amet consectetur",
        ]);
    }

    #[test]
    fn english_and_spanish_are_read_also_where_they_are_short_or_full_of_names() {
        all(
            &[
                "Running late",
                "Alma Beech, 4 Elm Street",
                "metformin 500 mg",
                "Dr. Oak at Postern Clinic?",
                "Tuesday works",
                "sí, ahí estaré",
                "mi mamá va conmigo",
                "Blue Cross",
                "ibuprofen and penicillin",
                "omw",
                "temp 101, pulse 90, \u{b5}g not mg",
                "me duele la cabeza",
            ],
            Meaning::Other,
        );
    }
}
