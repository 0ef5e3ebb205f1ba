//! Identifiers and codes that have a shape (45 CFR 164.514(b)(2) lists the identifiers). ASCII patterns on folded text, each
//! with a validator where the standard gives one.

use crate::fold::Folded;
use crate::{ClassifierError, Context, Kind, Span};
use postern_base::Level;
use regex::Regex;
use std::sync::OnceLock;

/// A pattern: the span is capture group `v` where there is one, else the whole match.
struct Pattern {
    kind: Kind,
    level: Level,
    regex: Regex,
    valid: fn(&str) -> bool,
}

type Row = (Kind, Level, &'static str, fn(&str) -> bool);

/// Identifiers are L2: they carry nothing clinical, and still may not travel on an open channel.
const ROWS: &[Row] = &[
    // Social security numbers: area 001-899 without 666, group and serial not zero (SSA, randomisation of 2011).
    (Kind::Ssn, Level::L2, r"\b(?P<v>\d{3}[- .]\d{2}[- .]\d{4})\b", is_ssn),
    (
        Kind::Ssn,
        Level::L2,
        r"(?:\bssn\b|social security|seguro social)[^0-9]{0,24}(?P<v>\d{3}[- .]?\d{2}[- .]?\d{4}|\d{4})\b",
        any,
    ),
    (
        Kind::Ssn,
        Level::L2,
        r"(?:last (?:4|four)|ultimos (?:4|cuatro))[^0-9]{0,30}(?:ssn|social|seguro)[^0-9]{0,12}(?P<v>\d{4})\b",
        any,
    ),
    (
        Kind::Dob,
        Level::L2,
        r"(?:\bdob\b|d\.o\.b\.?|date of birth|birth ?date|\bborn(?: on)?\b|fecha de nacimiento|\bf\.? ?nac\.?|nacid[oa](?: el)?)[^0-9a-z]{0,6}(?P<v>(?:\d{1,4}[-/. ]\d{1,2}[-/. ]\d{1,4})|(?:[a-z]{3,10}\.? \d{1,2},? \d{4})|(?:\d{1,2} (?:de )?[a-z]{3,10}(?: de)? \d{4})|\d{8})",
        any,
    ),
    // Another full date with a year well in the past reads as a date of birth, not as an appointment.
    (Kind::Dob, Level::L2, r"\b(?P<v>\d{1,2}[-/.]\d{1,2}[-/.](?:19\d\d|200\d))\b", any),
    (Kind::Dob, Level::L2, r"\b(?P<v>(?:19\d\d|200\d)-\d{2}-\d{2})\b", any),
    (Kind::Age, Level::L2, r"\b(?P<v>(?:9\d|1[01]\d)[- ]?(?:year|yr|y/?o|anos)(?:s)?(?:[- ]old)?)\b", any),
    (Kind::Age, Level::L2, r"\b(?:aged?|edad)[: ]{1,3}(?P<v>9\d|1[01]\d)\b", any),
    (
        Kind::Mrn,
        Level::L2,
        r"(?:\bmrn\b|\bmr ?#|medical record|record (?:number|no\.?|#)|\bchart (?:number|no\.?|#)|patient id\b|\bexpediente\b|historia clinica|numero de (?:registro|expediente))[^0-9a-z]{0,4}(?:(?:number|no\.?|num\.?|is|es|id)[^0-9a-z]{0,3})?(?P<v>[a-z]{0,4}-?\d[0-9a-z-]{3,})\b",
        any,
    ),
    (
        Kind::Account,
        Level::L2,
        r"(?:\bacc(?:oun)?t\b|\bcuenta\b|\binvoice\b|\bfactura\b|\bclaim\b|\blicen[cs]e\b|\blicencia\b|\bpassport\b)[^0-9a-z]{0,4}(?:(?:number|no\.?|num\.?|#|is|es|de)[^0-9a-z]{0,3})?(?P<v>[a-z]{0,3}-?\d[0-9a-z-]{4,})\b",
        any,
    ),
    (
        Kind::PlanId,
        Level::L2,
        r"(?:\bmember(?: id)?\b|\bpolicy\b|\bplan id\b|\bgroup (?:number|no\.?|#)|\bsubscriber(?: id)?\b|\bpoliza\b|\bmiembro\b|\bmedicaid\b|\bmedicare\b)[^0-9a-z]{0,4}(?:(?:number|no\.?|num\.?|#|id|is|es)[^0-9a-z]{0,3})?(?P<v>[a-z]{0,4}-?\d[0-9a-z-]{4,})\b",
        any,
    ),
    // Medicare Beneficiary Identifier, 11 characters by position (CMS, MBI format): no S L O I B Z.
    (
        Kind::PlanId,
        Level::L2,
        r"\b(?P<v>[1-9][ac-hj-km-np-rt-y][0-9ac-hj-km-np-rt-y]\d-?[ac-hj-km-np-rt-y][0-9ac-hj-km-np-rt-y]\d-?[ac-hj-km-np-rt-y]{2}\d{2})\b",
        any,
    ),
    (Kind::Email, Level::L2, r"\b(?P<v>[a-z0-9._%+-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)+)\b", any),
    (Kind::Ip, Level::L2, r"\b(?P<v>\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})\b", is_ipv4),
    (
        Kind::Device,
        Level::L2,
        r"(?:\bserial\b|\bdevice id\b|\bimei\b|\budi\b|\bvin\b|numero de serie)[^0-9a-z]{0,4}(?:(?:number|no\.?|#|is)[^0-9a-z]{0,3})?(?P<v>[0-9a-z-]*\d[0-9a-z-]{4,})\b",
        any,
    ),
    (
        Kind::Address,
        Level::L2,
        r"\b(?P<v>\d{1,6} (?:[nsew]\.? )?(?:[a-z0-9]+ ){1,3}(?:street|st|avenue|ave|road|rd|boulevard|blvd|lane|ln|drive|dr|court|ct|terrace|apt|apartment)\b\.?(?:,? (?:apt|apartment|unit|#) ?[0-9a-z]+)?)",
        is_home_address,
    ),
    (
        Kind::Url,
        Level::L2,
        r"(?P<v>(?:https?://|www\.)[^\s]*(?:patient|mrn|dob|ssn|name|member|result|diagnos|email)[=/][^\s]+)",
        any,
    ),
    (
        Kind::Name,
        Level::L2,
        r"(?:\bpatient(?: name)?|\bpaciente)[: ]{1,3}(?P<v>[a-z]{2,} (?:[a-z]\.? )?[a-z]{2,})\b",
        is_name,
    ),
    // ICD-10-CM: with the dot, or the bare category after a cue.
    (Kind::Code, Level::L3, r"\b(?P<v>[a-tv-z]\d[0-9ab]\.[0-9a-z]{1,4})\b", any),
    (
        Kind::Code,
        Level::L3,
        r"(?:\bicd(?:-?10)?(?:-cm)?|\bdx|\bdiagnosis(?: code)?|\bdiagnostico)[: ]{1,3}(?P<v>[a-tv-z]\d[0-9ab][0-9a-z]{0,4})\b",
        any,
    ),
    // LOINC: the check digit is Luhn (LOINC Users' Guide, "check digit").
    (Kind::Code, Level::L3, r"\b(?P<v>\d{3,7}-\d)\b", is_loinc),
    (Kind::Code, Level::L3, r"(?:\bcpt\b|\bhcpcs\b|\bprocedure code\b)[: #]{1,3}(?P<v>[0-9a-z]\d{3}[0-9a-z])\b", any),
    (Kind::Code, Level::L3, r"(?:\bndc\b[: #]{1,3})(?P<v>\d{4,5}-?\d{3,4}-?\d{1,2})\b", any),
    (Kind::Code, Level::L3, r"\b(?P<v>\d{5}-\d{4}-\d{2}|\d{5}-\d{3}-\d{2}|\d{4}-\d{4}-\d{2})\b", any),
    // A measured value with its unit is a result whatever it measures.
    (
        Kind::Lab,
        Level::L3,
        r"\b(?P<v>\d+(?:[.,]\d+)? ?(?:mg/d ?l|mmol/l|ng/ml|pg/ml|iu/l|u/l|meq/l|g/dl|copies/ml|cells/(?:mm3|ul)|mcg/dl|mm ?hg))(?:[^a-z]|$)",
        any,
    ),
    (
        Kind::Medication,
        Level::L3,
        r"\b(?P<v>\d+(?:\.\d+)? ?(?:mg|mcg|ml|units|unidades)) (?:daily|twice|once|every|tablets?|capsules?|diari[oa]|cada|una vez|tabletas?|capsulas?|bid|tid|qd)\b",
        any,
    ),
    // Money owed is financial PHI: general, not diagnostic.
    (Kind::Implied, Level::L2, r"(?P<v>(?:\$|usd) ?\d[\d,]*(?:\.\d\d)?)", any),
];

/// A telephone number is the receiver's own unless it is the tenant's call-back, or is introduced as one to call.
const PHONE: &str = r"(?:\+?1[-. ]?)?\(?\b[2-9]\d{2}\)?[-. ]?\d{3}[-. ]?\d{4}\b";

fn patterns() -> Result<&'static [Pattern], ClassifierError> {
    static COMPILED: OnceLock<Option<Vec<Pattern>>> = OnceLock::new();
    let compile = || {
        ROWS.iter()
            .map(|(kind, level, regex, valid)| {
                Regex::new(regex).ok().map(|regex| Pattern { kind: *kind, level: *level, regex, valid: *valid })
            })
            .collect()
    };
    COMPILED.get_or_init(compile).as_deref().ok_or(ClassifierError::Damaged)
}

fn phone() -> Result<&'static Regex, ClassifierError> {
    static COMPILED: OnceLock<Option<Regex>> = OnceLock::new();
    COMPILED.get_or_init(|| Regex::new(PHONE).ok()).as_ref().ok_or(ClassifierError::Damaged)
}

/// Every identifier and code in `folded`.
pub(crate) fn find(folded: &Folded, context: &Context<'_>) -> Result<Vec<Span>, ClassifierError> {
    let mut spans = Vec::new();
    // Most messages have no digit, no '@' and no name cue: one look spares the patterns.
    let bytes = folded.text.as_bytes();
    let worth = bytes.iter().any(|b| b.is_ascii_digit() || matches!(b, b'@' | b'/'))
        || folded.text.contains("patient")
        || folded.text.contains("paciente");
    if !worth {
        return Ok(spans);
    }
    for pattern in patterns()? {
        for captures in pattern.regex.captures_iter(&folded.text) {
            let Some(found) = captures.name("v") else { continue };
            if (pattern.valid)(found.as_str()) {
                let (start, end) = folded.original(found.start(), found.end());
                spans.push(Span { start, end, kind: pattern.kind, level: pattern.level, category: None });
            }
        }
    }
    find_phones(folded, context, &mut spans)?;
    Ok(spans)
}

fn find_phones(folded: &Folded, context: &Context<'_>, spans: &mut Vec<Span>) -> Result<(), ClassifierError> {
    let own = context.callback.map(national);
    for found in phone()?.find_iter(&folded.text) {
        if own.as_deref() == Some(national(found.as_str()).as_str()) || is_introduced(folded.text.get(..found.start()))
        {
            continue;
        }
        let (start, end) = folded.original(found.start(), found.end());
        spans.push(Span { start, end, kind: Kind::Phone, level: Level::L2, category: None });
    }
    Ok(())
}

/// Whether what stands before a number says that it is one to call: then it is the sender's.
fn is_introduced(before: Option<&str>) -> bool {
    let before = before.unwrap_or_default().trim_end_matches([' ', ':', '(', '+', '1']);
    [
        "call",
        "call us at",
        "call at",
        "text",
        "at",
        "dial",
        "phone",
        "llame al",
        "llamar al",
        "llamenos al",
        "llame",
        "al",
        "or",
        "o al",
        "tel",
        "tel.",
    ]
    .iter()
    .any(|cue| before.strip_suffix(cue).is_some_and(|head| !head.ends_with(|c: char| c.is_ascii_alphanumeric())))
}

/// The ten national digits of a NANP number.
fn national(number: &str) -> String {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    match digits.strip_prefix('1') {
        Some(rest) if rest.len() == 10 => rest.to_owned(),
        _ => digits,
    }
}

const fn any(_: &str) -> bool {
    true
}

fn is_ssn(text: &str) -> bool {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(10)).collect();
    let number = |from: usize, to: usize| digits.get(from..to).unwrap_or(&[]).iter().fold(0, |sum, d| sum * 10 + d);
    let area = number(0, 3);
    digits.len() == 9 && area != 0 && area != 666 && area < 900 && number(3, 5) != 0 && number(5, 9) != 0
}

fn is_ipv4(text: &str) -> bool {
    text.parse::<std::net::Ipv4Addr>().is_ok()
}

/// A number and a street are an address; a time before a street word is not ("2 pm drive").
fn is_home_address(text: &str) -> bool {
    !text.split(' ').nth(1).is_some_and(|word| matches!(word, "pm" | "am" | "p" | "a" | "hrs"))
}

fn is_name(text: &str) -> bool {
    const NOT: &[&str] = &[
        "portal",
        "care",
        "advocate",
        "services",
        "service",
        "safety",
        "survey",
        "instructions",
        "please",
        "por",
        "favor",
        "is",
        "has",
        "may",
        "can",
        "should",
        "you",
        "your",
        "we",
        "the",
        "and",
        "or",
        "to",
        "for",
        "education",
        "satisfaction",
        "responsibility",
        "at",
        "su",
        "el",
        "la",
        "de",
        "balance",
        "account",
        "name",
        "experience",
    ];
    text.split(' ').all(|word| !NOT.contains(&word))
}

/// Luhn over the digits before the hyphen, the last digit being the check digit.
fn is_loinc(text: &str) -> bool {
    let Some((body, check)) = text.split_once('-') else { return false };
    let sum: u32 = body
        .chars()
        .rev()
        .enumerate()
        .filter_map(|(at, c)| c.to_digit(10).map(|d| if at % 2 == 0 { d * 2 } else { d }))
        .map(|d| d / 10 + d % 10)
        .sum();
    // Five digits or more: a shorter one is too often a range of hours.
    body.len() >= 4 && check.parse() == Ok((10 - sum % 10) % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn social_security_numbers_follow_the_area_rules() {
        assert!(is_ssn("219-09-9999"));
        for bad in ["000-12-3456", "666-12-3456", "900-12-3456", "219-00-9999", "219-09-0000"] {
            assert!(!is_ssn(bad), "{bad}");
        }
    }

    #[test]
    fn loinc_codes_carry_their_check_digit() {
        assert!(is_loinc("4548-4"));
        assert!(!is_loinc("4548-5"));
    }

    #[test]
    fn every_pattern_compiles_and_names_its_span() {
        for (kind, _, regex, _) in ROWS {
            let regex = Regex::new(regex).unwrap_or_else(|error| panic!("{kind}: {error}"));
            assert!(regex.capture_names().any(|name| name == Some("v")), "{kind}");
        }
    }
}
