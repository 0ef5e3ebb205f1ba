//! Whether a text tells what a test or an examination found, whatever it is sent as: a state that holds some results back holds them
//! under every name (RULES SPC-08, SPC-09).

use super::plain_words;
use postern_base::Level;
use postern_classify::{Findings, Kind, Span};

/// What says that something was found, beside an illness or a test.
const FOUND: [&str; 30] = [
    "show",
    "shows",
    "showed",
    "shown",
    "found",
    "finds",
    "reveal",
    "reveals",
    "revealed",
    "detected",
    "detects",
    "confirm",
    "confirms",
    "confirmed",
    "indicates",
    "positive",
    "negative",
    "malignant",
    "benign",
    "diagnosed",
    "muestra",
    "mostro",
    "revela",
    "revelo",
    "detecto",
    "detectado",
    "positivo",
    "positiva",
    "negativo",
    "negativa",
];
/// What says how a test came out, beside a test.
const CAME_OUT: [&str; 18] = [
    "normal",
    "abnormal",
    "high",
    "low",
    "elevated",
    "borderline",
    "reactive",
    "nonreactive",
    "range",
    "back",
    "report",
    "anormal",
    "alto",
    "alta",
    "bajo",
    "baja",
    "elevado",
    "salio",
];
/// What says that the patient has what is named right after it.
const HAS: [&str; 9] =
    ["you have", "you carry", "it is", "it s", "is a", "with", "tiene", "usted tiene", "se trata de"];
/// What may stand between a test and its value.
const BETWEEN: [&str; 16] = [
    "is",
    "was",
    "are",
    "were",
    "came",
    "back",
    "at",
    "of",
    "level",
    "result",
    "now",
    "es",
    "fue",
    "de",
    "nivel",
    "resultado",
];

/// Whether `text`, of which `findings` were found, tells what a test or an examination found.
pub(super) fn tells_result(text: &str, findings: &Findings) -> bool {
    if findings.level < Level::L3 {
        return false;
    }
    let of = |kind: Kind| findings.spans.iter().filter(move |span| span.kind == kind);
    let (tests, illnesses) =
        (|| of(Kind::Lab).chain(of(Kind::Procedure)), || of(Kind::Condition).chain(of(Kind::Implied)));
    let words = plain_words(text);
    let says = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    let tested = tests().next().is_some();
    let ill = illnesses().next().is_some();
    ((tested || ill) && says(&FOUND))
        || (tested && ill && says(&CAME_OUT))
        || (of(Kind::Lab).next().is_some() && says(&CAME_OUT))
        || of(Kind::Lab).any(|test| has_value(text, test))
        || illnesses().any(|illness| is_the_patients(text, illness))
}

/// A number stands right after the test: `HbA1c is 9.2`, and no date or hour.
fn has_value(text: &str, test: &Span) -> bool {
    let after: String = text.chars().skip(test.end).take(40).collect();
    let mut tokens = after.split_whitespace().skip_while(|word| {
        let plain = word.to_lowercase();
        let plain = plain.trim_matches(|c: char| !c.is_alphanumeric());
        plain.is_empty() || BETWEEN.contains(&plain)
    });
    tokens.next().is_some_and(|word| {
        let number = word.trim_matches(|c: char| !c.is_ascii_digit());
        !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b','))
    })
}

/// The words right before the illness say that it is the patient's: `it is cancer`, `you have breast cancer`.
fn is_the_patients(text: &str, illness: &Span) -> bool {
    let from = illness.start.saturating_sub(24);
    let before: String = text.chars().skip(from).take(illness.start - from).collect();
    let words = plain_words(&before);
    let tail: Vec<&str> = words.iter().rev().take(4).rev().map(String::as_str).collect();
    let said = format!(" {} ", tail.join(" "));
    HAS.iter().any(|has| said.contains(&format!(" {has} ")))
}

#[cfg(test)]
mod tests {
    use super::tells_result;

    fn tells(text: &str) -> bool {
        tells_result(text, &postern_classify::scan(text, &postern_classify::Context::default()).unwrap())
    }

    #[test]
    fn what_was_found_is_told_from_what_is_planned() {
        for text in [
            "Your biopsy shows cancer. Please call us.",
            "Your biopsy shows adenocarcinoma.",
            "Your HbA1c is 9.2.",
            "Your A1C came back at 8.2 %.",
            "You tested positive for hepatitis C.",
            "The mass in your lung is malignant.",
            "Unfortunately it is cancer. Come in tomorrow.",
            "Your pathology report: invasive ductal carcinoma.",
            "BRCA1 mutation detected.",
            "Your drug screen came back positive for cocaine.",
            "Your mammogram found a suspicious lump.",
            "You have breast cancer.",
            "Su biopsia salió positiva para cáncer.",
        ] {
            assert!(tells(text), "{text}");
        }
        for text in [
            "Your biopsy is scheduled for Monday 12/04 at 2:00 PM.",
            "Your lab results are ready in the portal.",
            "Take your lisinopril 10 mg every morning.",
            "For your diabetes, please check your sugar twice a day.",
            "Please fast before your glucose test on 12/04.",
            "Your glucose test is at 2:00 PM.",
            "Your visit is on 12/04 at 2:00 PM.",
            "Your diabetes class meets on Monday.",
        ] {
            assert!(!tells(text), "{text}");
        }
    }
}
