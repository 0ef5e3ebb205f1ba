//! Which kinds of result a text names that a state may hold back, whatever class the record gives the result (RULES SPC-08, SPC-09). The
//! words are a table of the gate's, `result-words`; here is how a text is read for them, and what takes a word back.

use super::plain_words;
use postern_gate::facts::ResultClass;
use postern_gate::reference::RESULT_WORDS;
use std::collections::HashMap;
use std::sync::LazyLock;

/// A phrase after its first word, and the kind it names.
type Rest = (Vec<&'static str>, ResultClass);

/// Every phrase by its first word, and every ending.
struct Words {
    by_first: HashMap<&'static str, Vec<Rest>>,
    endings: Vec<(&'static str, ResultClass)>,
}

static WORDS: LazyLock<Words> = LazyLock::new(|| {
    let mut words = Words { by_first: HashMap::new(), endings: Vec::new() };
    for row in RESULT_WORDS {
        if let Some(ending) = row.words.strip_prefix('*') {
            words.endings.push((ending, row.class.into()));
            continue;
        }
        let mut parts = row.words.split(' ');
        if let Some(first) = parts.next() {
            words.by_first.entry(first).or_default().push((parts.collect(), row.class.into()));
        }
    }
    words
});

/// What may stand between a denial and what it denies: `no evidence of`, `did not show any`.
const BEFORE: [&str; 24] = [
    "a",
    "any",
    "the",
    "evidence",
    "sign",
    "signs",
    "of",
    "trace",
    "indication",
    "show",
    "find",
    "detect",
    "reveal",
    "have",
    "for",
    "from",
    "active",
    "current",
    "evidencia",
    "senales",
    "de",
    "para",
    "muestra",
    "signos",
];
/// What denies what follows it.
const DENIES: [&str; 18] = [
    "no",
    "not",
    "without",
    "negative",
    "free",
    "nor",
    "isn",
    "doesn",
    "didn",
    "benign",
    "noncancerous",
    "nonmalignant",
    "sin",
    "negativo",
    "negativa",
    "benigno",
    "benigna",
    "benignos",
];
/// What may stand between the name of a test and how it came out.
const AFTER: [&str; 26] = [
    "a",
    "b",
    "c",
    "d",
    "e",
    "antibody",
    "antibodies",
    "antigen",
    "surface",
    "core",
    "test",
    "tests",
    "screen",
    "screening",
    "panel",
    "result",
    "results",
    "is",
    "was",
    "were",
    "are",
    "came",
    "back",
    "es",
    "fue",
    "resultado",
];
/// How a test came out that found nothing.
const FOUND_NOTHING: [&str; 6] = ["negative", "nonreactive", "undetected", "negativo", "negativa", "negativos"];
/// What makes of a disease's name something else: a place, a vaccine, what is done before anything is found.
const OF_ANOTHER: [&str; 22] = [
    "vaccine",
    "vaccines",
    "vaccination",
    "shot",
    "shots",
    "series",
    "booster",
    "immunity",
    "immunization",
    "screening",
    "screenings",
    "prevention",
    "risk",
    "center",
    "centre",
    "clinic",
    "institute",
    "society",
    "awareness",
    "foundation",
    "program",
    "support",
];

/// The kinds of result that `text` names. What the practice calls itself names none.
pub(super) fn named(text: &str, practice: &str) -> Vec<ResultClass> {
    let practice = plain_words(practice);
    let mut found = Vec::new();
    for clause in text.split(['.', ';', ',', '!', '?', ':', '\n', '(', ')']) {
        let words = without(plain_words(clause), &practice);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        for at in 0..words.len() {
            let (before, from) = words.split_at(at);
            for (length, class) in names(from) {
                let after = from.get(length..).unwrap_or_default();
                if !found.contains(&class) && !is_taken_back(before, after, class) {
                    found.push(class);
                }
            }
        }
    }
    found
}

/// What the words at the beginning of `from` name, and how many they are.
fn names(from: &[&str]) -> Vec<(usize, ResultClass)> {
    let Some((first, rest)) = from.split_first() else { return Vec::new() };
    let phrases = WORDS.by_first.get(first).into_iter().flatten();
    let phrases = phrases.filter(|(more, _)| rest.starts_with(more)).map(|(more, class)| (more.len() + 1, *class));
    let endings = WORDS.endings.iter().filter(|(ending, _)| first.ends_with(ending)).map(|(_, class)| (1, *class));
    phrases.chain(endings).collect()
}

/// Whether the words around a name say that nothing of it was found, or that it is the name of something else.
fn is_taken_back(before: &[&str], after: &[&str], class: ResultClass) -> bool {
    let denied = before.iter().rev().find(|word| !BEFORE.contains(word)).is_some_and(|word| DENIES.contains(word));
    let of_another = after.iter().find(|word| word.len() > 1).is_some_and(|word| OF_ANOTHER.contains(word));
    // Margins and nodes are negative where a malignancy was found; a test for an infection or a drug that is negative found none.
    let by_test = matches!(class, ResultClass::Hepatitis | ResultClass::Hiv | ResultClass::DrugTest);
    let mut outcome = after.iter().skip_while(|word| AFTER.contains(word));
    let found_nothing = match (outcome.next(), outcome.next()) {
        (Some(word), _) if FOUND_NOTHING.contains(word) => true,
        (Some(&"not"), Some(word)) => matches!(*word, "detected" | "found" | "reactive"),
        (Some(&"non"), Some(word)) => *word == "reactive",
        _ => false,
    };
    denied || of_another || (by_test && found_nothing)
}

/// The words without those of a name.
fn without(words: Vec<String>, name: &[String]) -> Vec<String> {
    if name.is_empty() || !words.windows(name.len()).any(|some| some == name) {
        return words;
    }
    let mut kept = Vec::with_capacity(words.len());
    let mut rest = words.as_slice();
    while let [word, after @ ..] = rest {
        rest = rest.strip_prefix(name).unwrap_or_else(|| {
            kept.push(word.clone());
            after
        });
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::named;
    use ResultClass::{DrugTest, Genetic, Hepatitis, Hiv, Malignancy};
    use postern_gate::facts::ResultClass;

    #[test]
    fn a_text_names_the_kind_of_result_it_tells() {
        for (text, class) in [
            ("Your test was positive for hepatitis C.", Hepatitis),
            ("HBsAg: reactive", Hepatitis),
            ("Anti-HCV is positive, please call.", Hepatitis),
            ("Biopsy: basal cell carcinoma", Malignancy),
            ("Pathology shows adenocarcinoma with negative margins", Malignancy),
            ("The skin lesion is a melanoma.", Malignancy),
            ("Unfortunately it is cancer", Malignancy),
            ("No doubt remains: malignant", Malignancy),
            ("You carry a BRCA2 mutation", Genetic),
            ("A pathogenic variant was found", Genetic),
            ("Your drug screen was positive for cocaine", DrugTest),
            ("HIV test: positive", Hiv),
            ("Su biopsia muestra un tumor maligno", Malignancy),
            ("The breast biopsy shows DCIS", Malignancy),
            ("The spot on your lung is a tumor and needs treatment", Malignancy),
            ("Gleason score 3+4=7", Malignancy),
            ("HBsAg positive", Hepatitis),
            ("Su prueba de VIH es positiva", Hiv),
        ] {
            assert!(named(text, "Sunrise Health").contains(&class), "{text}: {class:?}");
        }
    }

    #[test]
    fn what_a_text_denies_or_calls_something_else_is_not_named() {
        for text in [
            "No evidence of malignancy.",
            "Your biopsy did not show any cancer.",
            "Negative for carcinoma",
            "The lump is a benign tumor.",
            "Your hepatitis B test was negative.",
            "Hepatitis C antibody non-reactive",
            "Your hepatitis B vaccine series is complete",
            "Your cholesterol is 180 and your HbA1c 5.4",
            "Sunrise Cancer Center: your cholesterol is 180",
            "Su biopsia es negativa, sin evidencia de malignidad",
        ] {
            assert_eq!(named(text, "Sunrise Cancer Center"), [], "{text}");
        }
    }
}
