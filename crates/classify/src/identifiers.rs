//! Identifiers: shapes with a validator or a cue beside them, because most numbers are harmless.

use crate::cues::{Cues, Reach};
use crate::fold::Folded;
use crate::shapes::{Found, Shape};
use crate::words::{Word, Words};
use crate::{Context, Hit, Kind, Level, codes, recipient, roles};

/// The identifiers among the shapes of a text.
pub(crate) fn find(
    found: &[Found],
    words: &Words,
    folded: &Folded<'_>,
    context: &Context<'_>,
    owned: &[(usize, usize)],
    hits: &mut Vec<Hit>,
) {
    let owes = words.any(roles::OWED);
    let mut cleared = None;
    for one in found {
        if recipient::overlaps(owned, one.start, one.end) {
            continue;
        }
        let cues = Cues::before(words, folded, one.start);
        // "555-0100 or 555-0101": what holds for the first number holds for the second.
        let other =
            cleared.is_some_and(|end| matches!(folded.slice(end, one.start), b" or " | b" o " | b", " | b" / " | b"/"));
        if one.shape == Shape::Phone && other {
            cleared = Some(one.end);
            continue;
        }
        cleared = None;
        if let Some(hit) = judge(*one, &cues, words, folded, context, owes) {
            hits.push(hit);
        } else if one.shape == Shape::Phone {
            cleared = Some(one.end);
        }
    }
    if words.any(roles::MONTH) && words.any(roles::BIRTH) {
        birthdays(words, folded, hits);
    }
}

/// A day and month without a year behind a word of birth: `your birthday, April 2`.
fn birthdays(words: &[Word], folded: &Folded<'_>, hits: &mut Vec<Hit>) {
    for two in words.windows(2) {
        let [first, second] = two else { continue };
        let dated = (first.is(roles::MONTH) && second.digits > 0) || (first.digits > 0 && second.is(roles::MONTH));
        if dated && second.start - first.end <= 2 && Cues::before(words, folded, first.start).has(roles::BIRTH) {
            hits.push(Hit { level: Level::L3, ..Hit::identifier(first.start, second.end, Kind::Dob) });
        }
    }
}

fn judge(
    one: Found,
    cues: &Cues,
    words: &[Word],
    folded: &Folded<'_>,
    context: &Context<'_>,
    owes: bool,
) -> Option<Hit> {
    let text = folded.slice(one.start, one.end);
    let grave = |kind| Some(Hit { level: Level::L3, ..Hit::identifier(one.start, one.end, kind) });
    let plain = |kind| Some(Hit::identifier(one.start, one.end, kind));
    match one.shape {
        Shape::Social => social(text, cues).then(|| grave(Kind::Ssn)).flatten().or_else(|| {
            // Without a cue it is nobody's number once it cannot be a social security number.
            (cues.nearest != 0).then(|| number(one, cues, text)).flatten()
        }),
        Shape::Date | Shape::LongDate => birth(text, cues, context).then(|| grave(Kind::Dob)).flatten().or_else(|| {
            let numbered = roles::RECORD | roles::ACCOUNT | roles::PLAN | roles::DEVICE | roles::SSN;
            cues.is_nearest(numbered).then(|| number(one, cues, text)).flatten()
        }),
        Shape::Time => None,
        // 45 CFR 164.514(b)(2)(i)(C): all ages over 89.
        Shape::Age => (90..=125).contains(&leading(text)).then(|| plain(Kind::Age)).flatten(),
        Shape::Ip => address(text).then(|| plain(Kind::Ip)).flatten(),
        Shape::Hardware => plain(Kind::Device),
        // 45 CFR 164.514(b)(2)(i)(J): account numbers.
        Shape::Card => plain(Kind::Account),
        Shape::Masked => grave(Kind::Ssn),
        Shape::Phone => phone(one, cues, words, folded, context),
        Shape::Beneficiary => plain(Kind::PlanId),
        Shape::Ndc | Shape::Icd | Shape::Loinc => {
            codes::judge(one, cues, words, folded).or_else(|| number(one, cues, text))
        }
        Shape::Dose => grave(Kind::Medication),
        // What weighs more is no person: an elevator's limit.
        Shape::Measure if leading(text) > 700 && text.ends_with(b"s") | text.ends_with(b"lb") => None,
        Shape::Measure => grave(Kind::Lab),
        Shape::Money => owes.then(|| plain(Kind::Other)).flatten(),
        Shape::Number => codes::judge(one, cues, words, folded).or_else(|| number(one, cues, text)),
    }
}

fn digits(text: &[u8]) -> usize {
    text.iter().filter(|b| b.is_ascii_digit()).count()
}

/// The number a text begins with.
fn leading(text: &[u8]) -> u32 {
    text.iter().take_while(|b| b.is_ascii_digit()).take(6).fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0'))
}

/// Social Security Administration: area not 000, 666 or 900-999, group not 00, serial not 0000.
fn social(text: &[u8], cues: &Cues) -> bool {
    let all: Vec<u8> = text.iter().copied().filter(u8::is_ascii_digit).collect();
    let part = |from: usize, to: usize| all.get(from..to).map_or(0, leading);
    let valid = part(0, 3) != 0 && part(0, 3) != 666 && part(0, 3) < 900 && part(3, 5) != 0 && part(5, 9) != 0;
    cues.has(roles::SSN) || (valid && !cues.is_nearest(roles::PASSCODE | roles::PLACE))
}

/// By cue, by the recipient's record, or by a year in which nobody makes appointments.
fn birth(text: &[u8], cues: &Cues, context: &Context<'_>) -> bool {
    let date = calendar_date(text);
    let long_ago = date.is_some_and(|(year, ..)| (1900..=2015).contains(&year));
    let own = context.recipient.and_then(|r| r.birth_date).is_some_and(|(year, month, day)| {
        date.is_some_and(|(y, a, b)| {
            let short = y < 100 && i32::from(year) % 100 == y;
            (y == i32::from(year) || short) && [(a, b), (b, a)].contains(&(i32::from(month), i32::from(day)))
        })
    });
    own || long_ago || cues.has(roles::BIRTH)
}

/// Year, and the two other numbers as they stand.
fn calendar_date(text: &[u8]) -> Option<(i32, i32, i32)> {
    const MONTHS: &[&str] = &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    const MESES: &[&str] = &["ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "se", "oct", "nov", "dic"];
    let text = std::str::from_utf8(text).ok()?;
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let mut numbers: Vec<i32> = Vec::new();
    for word in words {
        let digits = word.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        if let Ok(number) = digits.parse() {
            numbers.push(number);
        } else if let Some(month) =
            [MONTHS, MESES].iter().find_map(|names| names.iter().position(|n| word.starts_with(n)))
        {
            numbers.push(i32::try_from(month).ok()? + 1);
        }
    }
    match *numbers.as_slice() {
        [first, second, year] if year >= 1000 => Some((year, first, second)),
        [year, month, day] if year > 31 => Some((year, month, day)),
        [first, second, year] => Some((year, first, second)),
        _ => None,
    }
}

/// Dotted addresses must be in range; the others are told by their colons.
fn address(text: &[u8]) -> bool {
    let text = std::str::from_utf8(text).unwrap_or_default();
    if text.contains(':') {
        return text.parse::<std::net::Ipv6Addr>().is_ok();
    }
    text.split('.').all(|octet| octet.parse::<u8>().is_ok())
}

/// A patient's number, or anybody's when nothing says whose; not the number to call.
fn phone(one: Found, cues: &Cues, words: &[Word], folded: &Folded<'_>, context: &Context<'_>) -> Option<Hit> {
    let text = folded.slice(one.start, one.end);
    if let Some(code) = codes::judge(one, cues, words, folded) {
        return Some(code);
    }
    if cues.has(roles::CODE) && digits(text) == 10 {
        return None;
    }
    let numbered =
        digits(text) == 9 || cues.is_nearest(roles::RECORD | roles::ACCOUNT | roles::PLAN | roles::DEVICE | roles::SSN);
    if numbered && let Some(hit) = number(one, cues, text) {
        return Some(hit);
    }
    if is_callback(text, context.callback) || cues.is_nearest(roles::PASSCODE) {
        return None;
    }
    let after = Cues::after(words, folded, one.end);
    let own = (cues.has(roles::OWN) && cues.has(roles::LINE)) || cues.is_at_you || after.says_on_file;
    let called = cues.has(roles::CALL) && !cues.is_nearest(roles::FIRST_NAME | roles::FAMILY_NAME | roles::PATIENT);
    let stands_alone = cues.reach != Reach::Word || cues.has(roles::INSTITUTION | roles::STAFF | roles::LOGISTICS);
    (own || (!called && !stands_alone)).then(|| Hit::identifier(one.start, one.end, Kind::Phone))
}

/// Record, account, plan and device numbers, each behind its cue; and numbers too long for anything harmless.
fn number(one: Found, cues: &Cues, text: &[u8]) -> Option<Hit> {
    let count = digits(text);
    let own_line = cues.has(roles::OWN) && cues.has(roles::LINE) && (7..=12).contains(&count);
    let kind = match cues.nearest {
        near if near & roles::SSN != 0 => (4..=12).contains(&count).then_some(Kind::Ssn),
        near if near & roles::PASSCODE != 0 && count < 13 => None,
        near if near & roles::PLACE != 0 && !cues.has(roles::DEVICE) => None,
        near if near & roles::PLACE != 0 => (count >= 4).then_some(Kind::Device),
        near if near & roles::RECORD != 0 => (count >= 4).then_some(Kind::Mrn),
        near if near & roles::ACCOUNT != 0 => (count >= 4).then_some(Kind::Account),
        near if near & roles::PLAN != 0 => (count >= 4).then_some(Kind::PlanId),
        near if near & roles::DEVICE != 0 => (count >= 4).then_some(Kind::Device),
        near if near & roles::AGE != 0 => (90..=125).contains(&leading(text)).then_some(Kind::Age),
        near if near & roles::BIRTH != 0 => {
            (count >= 3 || (count >= 2 && text.iter().any(|b| matches!(b, b'/' | b'-' | b'.')))).then_some(Kind::Dob)
        }
        _ if own_line => Some(Kind::Phone),
        _ if cues.has(roles::CARD) && cues.has(roles::LAST) && count == 4 => Some(Kind::Account),
        near if near & roles::CALL != 0 => None,
        _ => {
            (count >= 9 && count == text.iter().filter(|b| b.is_ascii_alphanumeric()).count()).then_some(Kind::Account)
        }
    }?;
    let grave = matches!(kind, Kind::Ssn | Kind::Dob);
    let hit = Hit::identifier(one.start, one.end, kind);
    Some(if grave { Hit { level: Level::L3, ..hit } } else { hit })
}

/// Whether a number is the tenant's own to call.
pub(crate) fn is_callback(found: &[u8], callback: Option<&str>) -> bool {
    let only = |text: &[u8]| text.iter().copied().filter(u8::is_ascii_digit).collect::<Vec<u8>>();
    let national = |digits: Vec<u8>| match digits.strip_prefix(b"1") {
        Some(rest) if rest.len() == 10 => rest.to_vec(),
        _ => digits,
    };
    callback.is_some_and(|callback| {
        let (found, callback) = (national(only(found)), national(only(callback.as_bytes())));
        found == callback || (found.len() == 7 && callback.ends_with(&found))
    })
}

/// Numbers written out in words, digit by digit: `one two three, four five, six seven eight nine`. Other runs of digits, such
/// as a one-time code read aloud, are let pass.
pub(crate) fn in_words(words: &[Word], folded: &Folded<'_>, context: &Context<'_>, hits: &mut Vec<Hit>) {
    let beside = |a: &Word, b: &Word| a.is(roles::DIGIT) && b.is(roles::DIGIT) && b.start - a.end <= 3;
    for run in words.chunk_by(beside) {
        let (Some(first), Some(last)) = (run.first(), run.last()) else { continue };
        if run.len() < 4 {
            continue;
        }
        let digits: Vec<u8> = run
            .iter()
            .filter_map(|w| u8::try_from(w.info.roles >> roles::DIGIT_SHIFT).ok())
            .map(|d| d + b'0')
            .collect();
        let cues = Cues::before(words, folded, first.start);
        let kind = match digits.len() {
            9 => Kind::Ssn,
            4 if cues.has(roles::SSN) => Kind::Ssn,
            10 | 11 if is_callback(&digits, context.callback) => continue,
            10 | 11 if cues.has(roles::CALL) && !cues.has(roles::LINE) => continue,
            10 | 11 => Kind::Phone,
            _ if cues.nearest & roles::RECORD != 0 => Kind::Mrn,
            _ if cues.nearest & roles::ACCOUNT != 0 => Kind::Account,
            _ if cues.nearest & roles::PLAN != 0 => Kind::PlanId,
            _ => continue,
        };
        let level = if kind == Kind::Ssn { Level::L3 } else { Level::L2 };
        hits.push(Hit { level, ..Hit::identifier(first.start, last.end, kind) });
    }
}
