//! Clinical codes: ICD-10-CM, LOINC, CPT, NDC, NPI and others, by shape, check digit or cue.

use crate::cues::Cues;
use crate::fold::Folded;
use crate::shapes::{Found, Shape};
use crate::words::{self, Word};
use crate::{Hit, Kind, Level, roles};
use postern_base::Category;

/// Whether a shape is a clinical code.
pub(crate) fn judge(one: Found, cues: &Cues, words: &[Word], folded: &Folded<'_>) -> Option<Hit> {
    let text = folded.slice(one.start, one.end);
    let hit = |category| Some(code(one.start, one.end, category));
    match one.shape {
        Shape::Ndc => hit(None),
        Shape::Icd => hit(icd_category(text)),
        Shape::Loinc => loinc(one, text, cues, words, folded).then(|| hit(None)).flatten(),
        _ => {
            if is_npi_cued(words, folded, one) {
                return is_npi(text).then(|| Hit::identifier(one.start, one.end, Kind::Other));
            }
            // "E11-9", "E11/9": another sign in the dot's place.
            let bare = || text.iter().copied().filter(|byte| !matches!(byte, b'-' | b'/' | b'.'));
            let length = bare().count();
            let dotted = text.len() == length + 1 && text.len() > 4;
            let icd = is_icd(text) || (dotted && is_icd(&bare().collect::<Vec<u8>>()));
            let cued = cues.has(roles::CODE);
            let place = cues.is_nearest(roles::PLACE);
            match length {
                3..=7 if icd && (cued || (cues.is_about && !place)) => hit(icd_category(text)),
                3..=7 if icd && !place && stands_on_paper(words, folded, one) => hit(icd_category(text)),
                // CDT and HCPCS: a letter and four digits, of dental procedures, preventive services and drugs.
                5 if matches!(text, [b'd' | b'j', ..] | [b'g', b'0', ..])
                    && digits(text) == 4
                    && !place
                    && !cues.has(roles::ITEM | roles::PASSCODE | roles::DEVICE) =>
                {
                    hit(None)
                }
                // "el código 70553", "autorizado el 66984": five digits on an insurer's paper.
                5 if digits(text) == 5 && text.len() == 5 && stands_for_a_service(words, folded, one) => hit(None),
                3..=18 if cued && digits(text) >= 3 => hit(None),
                _ => None,
            }
        }
    }
}

fn digits(text: &[u8]) -> usize {
    text.iter().filter(|b| b.is_ascii_digit()).count()
}

/// `B20 is on the form`, `rejected code Z21 on your bill`: what is written on a claim, a bill, a statement is a code.
fn stands_on_paper(list: &[Word], folded: &Folded<'_>, one: Found) -> bool {
    const PAPERS: &[&str] = &[
        "statement",
        "alta",
        "eob",
        "bill",
        "claim",
        "claims",
        "factura",
        "papers",
        "denied",
        "rejected",
        "estado",
        "insurance",
        "seguro",
        "aseguranza",
        "reclamo",
        "negado",
        "rechazado",
        "superbill",
        "printout",
        "aftervisit",
        "chart",
        "expediente",
        "coverage",
        "cobertura",
        "billing",
        "paperwork",
        "approval",
        "approved",
        "authorized",
        "authorization",
        "autorizado",
        "autorizada",
        "autorizacion",
    ];
    let first = words::from(list, one.start);
    // "is on the form", "aparece en la hoja" directly behind; not "Park in F32. Bring the form".
    let behind: Vec<&[u8]> =
        list.iter().skip(first + 1).take(4).map(|word| folded.slice(word.start, word.end)).collect();
    let written =
        matches!(behind.first(), Some(&(b"is" | b"on" | b"aparece" | b"sale" | b"esta" | b"en" | b"shows" | b"was")))
            && behind.iter().any(|word| matches!(*word, b"form" | b"hoja" | b"note" | b"list" | b"nota"));
    // "The form says E119".
    let text = |back: usize| {
        first
            .checked_sub(back)
            .and_then(|at| list.get(at))
            .map_or(b"".as_slice(), |word| folded.slice(word.start, word.end))
    };
    let says = matches!(text(1), b"says" | b"said" | b"dice" | b"shows" | b"reads" | b"lists" | b"muestra")
        && matches!(
            text(2),
            b"form" | b"forms" | b"hoja" | b"paper" | b"papel" | b"note" | b"nota" | b"order" | b"orden" | b"slip"
        );
    if written || says {
        return true;
    }
    let near = list.get(first.saturating_sub(6)..(first + 8).min(list.len())).unwrap_or_default();
    near.iter().any(|word| PAPERS.iter().any(|paper| paper.as_bytes() == folded.slice(word.start, word.end)))
}

/// Whether five digits are said to be what was done or allowed: CPT and its like, of which no list may be shipped.
fn stands_for_a_service(list: &[Word], folded: &Folded<'_>, one: Found) -> bool {
    const BEFORE: &[&str] = &[
        "code",
        "codigo",
        "clave",
        "el",
        "billed",
        "coded",
        "autorizado",
        "autorizada",
        "authorized",
        "approved",
        "was",
        "of",
        "cobraron",
        "cargo",
        "por",
        "es",
        "attached",
    ];
    const PAPERS: &[&str] = &[
        "aseguradora",
        "seguro",
        "aseguranza",
        "insurance",
        "insurer",
        "billed",
        "denied",
        "denial",
        "autorizacion",
        "autorizado",
        "authorized",
        "authorization",
        "medicare",
        "medicaid",
        "hsa",
        "fsa",
        "eob",
        "cobraron",
        "cobrado",
        "modifier",
        "modificador",
        "superbill",
        "rechazo",
        "rechazado",
        "cobro",
        "superbill",
        "super",
    ];
    let first = words::from(list, one.start);
    let text = |word: &Word| folded.slice(word.start, word.end);
    let led = first
        .checked_sub(1)
        .and_then(|at| list.get(at))
        .is_some_and(|w| BEFORE.iter().any(|b| b.as_bytes() == text(w)));
    let near = list.get(first.saturating_sub(9)..(first + 8).min(list.len())).unwrap_or_default();
    // "Your HSA asked what 90834 was".
    let asked = first.checked_sub(1).and_then(|at| list.get(at)).is_some_and(|w| text(w) == b"what");
    (led || asked)
        && near.iter().any(|word| PAPERS.iter().any(|paper| paper.as_bytes() == text(word)))
        && !near.iter().any(|word| word.is(roles::ZIP | roles::STREET))
}

/// A letter, a digit, a digit or A or B, and at most four more.
fn is_icd(text: &[u8]) -> bool {
    matches!(text, [b'a'..=b't' | b'v'..=b'z', b'0'..=b'9', b'0'..=b'9' | b'a' | b'b', rest @ ..]
        if rest.len() <= 4 && rest.iter().all(u8::is_ascii_alphanumeric))
}

fn loinc(one: Found, text: &[u8], cues: &Cues, words: &[Word], folded: &Folded<'_>) -> bool {
    let Some((check, head)) = text.split_last() else { return false };
    let number = head.strip_suffix(b"-").unwrap_or(head);
    if cues.has(roles::CODE) && is_word_before(words, folded, one, b"loinc") {
        return true;
    }
    let before = one.start.checked_sub(1).and_then(|at| folded.at(at));
    let inside = before.is_some_and(|b| b"-./".contains(&b)) || folded.at(one.end).is_some_and(|b| b"-/:".contains(&b));
    let harmless = roles::PLACE | roles::PASSCODE | roles::CALL;
    number.len() >= 4 && !inside && !cues.has(harmless) && mod_10(number) == Some(*check)
}

fn is_word_before(list: &[Word], folded: &Folded<'_>, one: Found, wanted: &[u8]) -> bool {
    let first = words::from(list, one.start);
    list.get(..first).unwrap_or_default().iter().rev().take(2).any(|word| folded.slice(word.start, word.end) == wanted)
}

fn is_npi_cued(list: &[Word], folded: &Folded<'_>, one: Found) -> bool {
    is_word_before(list, folded, one, b"npi")
}

/// 45 CFR 162.406: ten digits, the last a Luhn check digit over the number behind the prefix 80840.
fn is_npi(text: &[u8]) -> bool {
    if text.len() != 10 || digits(text) != 10 {
        return false;
    }
    let whole = b"80840".iter().chain(text).rev().enumerate();
    let sum: u32 = whole.map(|(place, digit)| weighed(*digit, place % 2 == 1)).sum();
    sum.is_multiple_of(10)
}

fn weighed(digit: u8, doubled: bool) -> u32 {
    let value = u32::from(digit.saturating_sub(b'0'));
    if doubled { value * 2 / 10 + value * 2 % 10 } else { value }
}

const fn code(start: usize, end: usize, category: Option<Category>) -> Hit {
    let level = if category.is_some() { Level::L4 } else { Level::L3 };
    Hit { start, end, kind: Kind::Code, level, category, phi: true, weak: false }
}

/// The chapters of ICD-10-CM that are specially protected.
fn icd_category(code: &[u8]) -> Option<Category> {
    let letter = code.first()?;
    let digits = code.get(1..3)?;
    let number = std::str::from_utf8(digits).ok()?.parse::<u32>().ok();
    match (letter, number) {
        (b'f', Some(10..=19)) => Some(Category::SubstanceUse),
        (b'f', Some(64)) => Some(Category::GenderAffirming),
        (b'f', _) => Some(Category::MentalHealth),
        (b'b', Some(20)) | (b'z', Some(21)) => Some(Category::Hiv),
        (b'a', Some(50..=64)) => Some(Category::Sti),
        (b'o', _) | (b'z', Some(30..=39)) => Some(Category::Reproductive),
        (b'z', Some(14 | 15)) => Some(Category::Genetic),
        (b't', Some(74 | 76)) => Some(Category::Abuse),
        _ => None,
    }
}

/// The LOINC check digit: mod 10 over the digits, every second one doubled from the right.
fn mod_10(digits: &[u8]) -> Option<u8> {
    let sum: u32 = digits.iter().rev().enumerate().map(|(place, digit)| weighed(*digit, place % 2 == 0)).sum();
    u8::try_from((10 - sum % 10) % 10).ok().map(|digit| digit + b'0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_digit_of_loinc_codes_is_right() {
        for (digits, check) in [("4548", b'4'), ("2345", b'7'), ("718", b'7'), ("13457", b'7')] {
            assert_eq!(mod_10(digits.as_bytes()), Some(check), "{digits}");
        }
    }

    #[test]
    fn the_check_digit_of_provider_numbers_is_right() {
        assert!(is_npi(b"1234567893"));
        assert!(!is_npi(b"1234567890"));
    }
}
