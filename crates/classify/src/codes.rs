//! Clinical codes: ICD-10-CM, LOINC, CPT, NDC and others, by shape, check digit or cue.

use crate::fold::Folded;
use crate::patterns::{Pattern, compile};
use crate::{ClassifierError, Hit, Kind, Level};
use postern_base::Category;
use std::sync::LazyLock;

macro_rules! pattern {
    ($($name:ident = $text:expr;)+) => { $(static $name: LazyLock<Pattern> = LazyLock::new(|| compile($text));)+ };
}

pattern! {
    ICD_DOTTED = r"\b([a-tv-z]\d[0-9ab])\.[0-9a-z]{1,4}\b";
    ICD_CUED = r"\b(?:icd(?:-?10)?(?:-?cm)?|dx|diagnosis code|diagnosis|diagnostico|codigo)\b[ :#.=-]*(?:code |codigo )?([a-tv-z]\d[0-9ab][0-9a-z]{0,4})\b";
    LOINC = r"\b(\d{3,5})-(\d)\b";
    LOINC_CUE = r"\bloinc\b[^\n]{0,12}$";
    PLACE_CUE = r"\b(?:suite|ste|apt|room|rm|ext|unit|floor|building|bldg|box|code|codigo|no|ref|gate|lot|piso|sala)\b[ .:#]{0,3}$";
    CPT = r"\b(?:cpt|hcpcs|procedure code|codigo de procedimiento)\b[ :#.=-]*([a-z]?\d{4}[0-9a-z])\b";
    NDC = r"\b(?:\d{4}-\d{4}-\d{2}|\d{5}-\d{3}-\d{2}|\d{5}-\d{4}-\d{1,2})\b";
    OTHER = r"\b(?:snomed(?: ct)?|rxnorm|rxcui|umls|drg|hcc)\b[ :#.=-]*(?:code )?([a-z]?\d{3,18})\b";
}

/// The codes in a text.
pub(crate) fn find(folded: &Folded, hits: &mut Vec<Hit>) -> Result<(), ClassifierError> {
    let text = &folded.plain;
    for found in ICD_DOTTED.groups(text)? {
        if let (Some(whole), Some(head)) = (found.get(0), found.get(1)) {
            hits.push(code(whole.start(), whole.end(), icd_category(head.as_bytes())));
        }
    }
    for found in ICD_CUED.groups(text)? {
        if let Some(id) = found.get(1) {
            hits.push(code(id.start(), id.end(), icd_category(id.as_bytes())));
        }
    }
    for found in LOINC.groups(text)? {
        let (Some(whole), Some(digits), Some(check)) = (found.get(0), found.get(1), found.get(2)) else { continue };
        let ahead = folded.slice(whole.start().saturating_sub(24), whole.start());
        let inside_number = ahead.last().is_some_and(|b| b"-./".contains(b))
            || folded.plain.get(whole.end()).is_some_and(|b| b"-/:".contains(b));
        let valid = mod_10(digits.as_bytes()) == check.as_bytes().first().copied();
        let plausible = digits.as_bytes().len() >= 4 && !PLACE_CUE.is_in(ahead)? && !inside_number;
        if LOINC_CUE.is_in(ahead)? || (valid && plausible) {
            hits.push(code(whole.start(), whole.end(), None));
        }
    }
    for pattern in [&CPT, &OTHER] {
        for found in pattern.groups(text)? {
            if let Some(id) = found.get(1) {
                hits.push(code(id.start(), id.end(), None));
            }
        }
    }
    for found in NDC.of(text)? {
        hits.push(code(found.start(), found.end(), None));
    }
    Ok(())
}

const fn code(start: usize, end: usize, category: Option<Category>) -> Hit {
    let level = if category.is_some() { Level::L4 } else { Level::L3 };
    Hit { start, end, kind: Kind::Code, level, category, phi: true }
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
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| {
            let value = u32::from(digit.saturating_sub(b'0'));
            if place % 2 == 0 { value * 2 / 10 + value * 2 % 10 } else { value }
        })
        .sum();
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
}
