//! Whether a text tells what a test or an examination found, whatever it is sent as: a state that holds some results back holds them
//! under every name (RULES SPC-08, SPC-09).

use postern_base::Level;
use postern_classify::outcome_words::List;
use postern_classify::{Findings, Kind, Span};
use postern_gate::words::{plain, spoken, words};

/// Whether `text`, of which `findings` were found, tells what a test or an examination found.
pub(super) fn tells_result(text: &str, findings: &Findings) -> bool {
    if findings.level < Level::L3 {
        return false;
    }
    let of = |kind: Kind| findings.spans.iter().filter(move |span| span.kind == kind);
    let (tests, illnesses) =
        (|| of(Kind::Lab).chain(of(Kind::Procedure)), || of(Kind::Condition).chain(of(Kind::Implied)));
    let plain = plain(text);
    let says = |list: List| words(&plain).any(|word| list.has(word));
    let tested = tests().next().is_some();
    let ill = illnesses().next().is_some();
    ((tested || ill) && says(List::Finds))
        || (tested && ill && says(List::Reads))
        || (of(Kind::Lab).next().is_some() && says(List::Reads))
        || of(Kind::Lab).any(|test| has_value(text, test))
        || illnesses().any(|illness| is_the_patients(text, illness))
}

/// How far apart the two may stand.
const NEAR: usize = 5;

/// Whether `text` says how a test came out, in words that name no test and no illness: "your blood work came back good".
pub(super) fn says_how_it_came_out(text: &str) -> bool {
    let text = plain(text);
    text.split(['.', ';', '!', '?', '\n', '(', ')']).any(|clause| {
        let words: Vec<&str> = words(clause).collect();
        (0..words.len()).any(|at| came_out(&words, at)) || found_something(&words)
    })
}

/// Whether the word at `at` is what was tested, and the words around it say how it came out.
fn came_out(words: &[&str], at: usize) -> bool {
    let (before, from) = words.split_at(at);
    let Some((word, after)) = from.split_first() else { return false };
    let whose = before.last().copied().unwrap_or_default();
    // "The level is too high" is the patient's too, unless it is a storey's.
    let owned = List::Owners.has(whose) || whose == "the";
    let measured = (List::Measured.has(word) || *word == "numbers" || *word == "numeros") && owned;
    let measured = measured && !words.iter().any(|word| List::Things.has(word));
    // "Work" is a test's only behind "blood" and "lab".
    let tested =
        List::Results.has(word) || (List::Tested.has(word) && (*word != "work" || matches!(whose, "blood" | "lab")));
    if !tested && !measured {
        return false;
    }
    let near: Vec<&str> = after.iter().copied().take(NEAR).collect();
    let came = near.iter().position(|word| List::Came.has(word) || List::Shows.has(word));
    let out = came.is_some_and(|came| {
        let rest = near.get(came + 1..).unwrap_or_default();
        // "Is good until Friday": an order that lasts, and no result.
        let lasts = after.iter().any(|word| matches!(*word, "until" | "till" | "through" | "hasta"));
        !lasts && rest.iter().any(|word| List::Out.has(word) || List::Back.has(word))
    });
    let news = before.iter().rev().take(NEAR).any(|word| List::News.has(word))
        && before.last().is_some_and(|word| {
            matches!(*word, "your" | "the" | "from" | "about" | "with" | "on" | "su" | "sus" | "de")
        });
    out || (tested && news)
}

/// "We found something, please call": what was looked for stands there without a name.
fn found_something(words: &[&str]) -> bool {
    let said = format!(" {} ", words.join(" "));
    List::WeFound.words().iter().any(|found| {
        let rest = said.split_once(&format!(" {found} ")).map(|(_, rest)| rest);
        rest.is_some_and(|rest| List::Something.words().iter().any(|what| rest.starts_with(what.trim_end_matches('*'))))
    })
}

/// Whether `text` asks for a test to be made again: what the first one came out as can be guessed.
pub(super) fn asks_to_repeat(text: &str) -> bool {
    let said = spoken(&plain(text));
    List::Again.words().iter().any(|again| match again.strip_suffix('*') {
        Some(begins) => said.contains(&format!(" {begins}")),
        None => said.contains(&format!(" {again} ")),
    })
}

/// A number stands right after the test: `HbA1c is 9.2`, and no date or hour.
fn has_value(text: &str, test: &Span) -> bool {
    let after: String = text.chars().skip(test.end).take(40).collect();
    let mut tokens = after.split_whitespace().skip_while(|word| {
        let plain = word.to_lowercase();
        let plain = plain.trim_matches(|c: char| !c.is_alphanumeric());
        plain.is_empty() || List::Toward.has(plain)
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
    let before = plain(&before);
    let words: Vec<&str> = words(&before).collect();
    let tail = words.get(words.len().saturating_sub(4)..).unwrap_or_default();
    let said = format!(" {} ", tail.join(" "));
    List::Has.words().iter().any(|has| said.contains(&format!(" {has} ")))
}

#[cfg(test)]
mod tests {
    use super::{asks_to_repeat, says_how_it_came_out, tells_result};

    #[test]
    fn how_a_test_came_out_is_told_in_words_that_name_no_test() {
        for text in [
            "Your tests came back fine.",
            "your blood work came back good",
            "your blood work is back",
            "All clear from the lab!",
            "your screening was clear",
            "Your test was fine, see you next year",
            "the test found nothing",
            "No concerns from your test",
            "Good news about your test",
            "your numbers are back and they are high",
            "Your level is too high, call us",
            "We found something, please call",
            "Sus análisis salieron bien",
            "Su lectura salió alta",
            "Sus cifras están altas",
            "Your values are normal",
            "Su prueba salió normal",
        ] {
            assert!(says_how_it_came_out(text), "{text}");
        }
        for text in
            ["please come back for another sample", "We need to repeat your labs", "Venga por otra muestra por favor"]
        {
            assert!(asks_to_repeat(text) && !says_how_it_came_out(text), "{text}");
        }
    }

    #[test]
    fn what_is_planned_or_where_it_is_done_tells_no_outcome() {
        for text in [
            "Your lab visit is on 12/04 at 2:00 PM. Please come back to the front desk.",
            "Your test is on Monday at 9 AM, parking is good behind the building",
            "Call us if your number has changed",
            "Your lab order is good until 12/31",
            "Please bring your insurance card back to the lab",
            "The work on our entrance is done, the lower level is open",
            "Good news: we are open on Saturdays",
            "Your screening is at 8 AM",
            "Su examen es el lunes a las 9",
            "Please call us to schedule your test",
        ] {
            assert!(!says_how_it_came_out(text) && !asks_to_repeat(text), "{text}");
        }
    }

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
            "Your reading was 180.",
            "Su nivel es 9.2.",
            "Su valor salió en 9.2.",
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
