//! Which kinds of result that a state may hold back (RULES SPC-08, SPC-09) a text tells, and of which kind a test is by what its report is
//! called. The words and codes are tables, `result-words` and `test-kinds`; here is how a text is read for them, and what takes a word
//! back. A message and the report it is about are read by the same words.

use crate::facts::ResultClass;
use crate::reference::{NamedBy, RESULT_WORDS, TEST_KINDS};
use crate::words::{plain, says, spoken, words};
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

/// The kinds of result that `text` tells. What the practice calls itself tells none.
#[must_use]
pub fn told(text: &str, practice: &str) -> Vec<ResultClass> {
    let (text, practice) = (plain(text), plain(practice));
    let practice: Vec<&str> = words(&practice).collect();
    let mut found = Vec::new();
    for clause in text.split(['.', ';', ',', '!', '?', ':', '\n', '(', ')']) {
        let words = without(words(clause).collect(), &practice);
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

/// What a report says of itself: what its test is called and under which codes, and what it concludes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Report<'a> {
    /// The codes of its test, each of them LOINC's.
    pub loinc: &'a [&'a str],
    /// The sections it is filed under (HL7 v2 table 0074).
    pub sections: &'a [&'a str],
    /// What its test is called.
    pub names: &'a [&'a str],
    /// What it concludes.
    pub conclusions: &'a [&'a str],
}

/// The kinds of result that a report tells: `Surgical pathology: melanoma`.
#[must_use]
pub fn told_by(report: Report<'_>) -> Vec<ResultClass> {
    let texts = report.names.iter().chain(report.conclusions);
    each_once(texts.flat_map(|text| told(text, "")))
}

/// The kinds of test that a report is of, whatever came out of it; empty where nothing of it is in the table. An ordinary test is one only
/// by its own name or code: a conclusion names tests that somebody else is to make.
#[must_use]
pub fn tested(report: Report<'_>) -> Vec<ResultClass> {
    let code = |by: NamedBy, wanted: &str| {
        let rows = TEST_KINDS.iter().filter(move |row| row.named_by == by);
        rows.filter(|row| row.value.eq_ignore_ascii_case(wanted)).map(|row| row.class).collect::<Vec<_>>()
    };
    let codes = report.loinc.iter().flat_map(|loinc| code(NamedBy::Loinc, loinc));
    let sections = report.sections.iter().flat_map(|section| code(NamedBy::Section, section));
    let names = report.names.iter().flat_map(|name| tests_in(name));
    let concluded = report.conclusions.iter().flat_map(|text| tests_in(text));
    let concluded = concluded.filter(|class| *class != ResultClass::Other);
    each_once(codes.chain(sections).chain(names).chain(concluded))
}

/// The kinds of the tests that a text names.
fn tests_in(text: &str) -> Vec<ResultClass> {
    let spoken = spoken(&plain(text));
    let words = TEST_KINDS.iter().filter(|row| row.named_by == NamedBy::Words);
    words.filter(|row| says(&spoken, row.value)).map(|row| row.class).collect()
}

fn each_once(classes: impl Iterator<Item = ResultClass>) -> Vec<ResultClass> {
    let found: Vec<ResultClass> = classes.collect();
    ResultClass::ALL.into_iter().filter(|class| found.contains(class)).collect()
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
fn without<'a>(words: Vec<&'a str>, name: &[&'a str]) -> Vec<&'a str> {
    if name.is_empty() || !words.windows(name.len()).any(|some| some == name) {
        return words;
    }
    let mut kept = Vec::with_capacity(words.len());
    let mut rest = words.as_slice();
    while let [word, after @ ..] = rest {
        rest = rest.strip_prefix(name).unwrap_or_else(|| {
            kept.push(*word);
            after
        });
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::{Report, tested, told, told_by};
    use crate::facts::ResultClass;
    use ResultClass::{DrugTest, Genetic, Hepatitis, Hiv, Malignancy, Other};

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
            assert!(told(text, "Sunrise Health").contains(&class), "{text}: {class:?}");
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
            assert_eq!(told(text, "Sunrise Cancer Center"), [], "{text}");
        }
    }

    fn by_name(name: &str) -> Vec<ResultClass> {
        tested(Report { names: &[name], ..Report::default() })
    }

    #[test]
    fn an_ordinary_test_is_known_by_its_code_or_its_name() {
        for name in [
            "Hemoglobin A1c",
            "Lipid panel with direct LDL",
            "CBC W Auto Differential panel - Blood",
            "Basic Metabolic Panel",
            "TSH",
            "Urinalysis complete",
            "Perfil lipídico",
            "SARS-CoV-2 RNA",
        ] {
            assert_eq!(by_name(name), [Other], "{name}");
        }
        for code in ["4548-4", "58410-2", "24323-8"] {
            assert_eq!(tested(Report { loinc: &[code], ..Report::default() }), [Other], "{code}");
        }
    }

    #[test]
    fn a_test_that_may_find_what_a_state_holds_is_known_and_an_ordinary_one_beside_it_changes_nothing() {
        for (name, class) in [
            ("Surgical pathology study", Malignancy),
            ("MG Breast Screening", Malignancy),
            ("Urine cytology", Malignancy),
            ("CBC and bone marrow biopsy", Malignancy),
            ("BRCA1+BRCA2 gene mutations", Genetic),
            ("HIV 1+2 Ab+HIV1 p24 Ag", Hiv),
            ("Acute hepatitis panel", Hepatitis),
            ("Lipid panel; HCV antibody", Hepatitis),
            ("Drugs of abuse 5 panel - Urine", DrugTest),
        ] {
            assert!(by_name(name).contains(&class), "{name}");
        }
        assert!(tested(Report { loinc: &["11529-5"], ..Report::default() }).contains(&Malignancy));
        assert!(tested(Report { sections: &["GE"], names: &["Glucose"], ..Report::default() }).contains(&Genetic));
    }

    #[test]
    fn what_nobody_knows_is_of_no_kind_and_a_conclusion_makes_no_test_ordinary() {
        assert_eq!(by_name("Laboratory report"), []);
        assert_eq!(by_name("Panel 7"), []);
        assert_eq!(tested(Report { conclusions: &["Please repeat the lipid panel"], ..Report::default() }), []);
        let advised = Report { names: &["CBC"], conclusions: &["A biopsy is advised"], ..Report::default() };
        assert_eq!(tested(advised), [Malignancy, Other]);
    }

    #[test]
    fn a_report_tells_its_kind_in_its_name_and_in_its_conclusion() {
        let named = Report { names: &["Surgical pathology: melanoma"], ..Report::default() };
        assert_eq!(told_by(named), [Malignancy]);
        let concluded =
            Report { names: &["Skin, left arm"], conclusions: &["Basal cell carcinoma."], ..Report::default() };
        assert_eq!(told_by(concluded), [Malignancy]);
        let nothing = Report { names: &["Skin, left arm"], conclusions: &["No malignancy."], ..Report::default() };
        assert_eq!(told_by(nothing), []);
    }
}
