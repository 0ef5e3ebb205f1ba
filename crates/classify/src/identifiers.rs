//! Identifiers: shapes with a validator or a cue beside them, because most numbers are harmless.

use crate::cues::Cues;
use crate::fold::Folded;
use crate::shapes::{Found, Shape};
use crate::words::{self, Word, Words};
use crate::{Context, Hit, Kind, Level, ages, codes, phones, recipient, roles};

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
        let one = &grouped(*one, &cues, folded);
        // "555-0100 or 555-0101": what holds for the first number holds for the second.
        let other =
            cleared.is_some_and(|end| matches!(folded.slice(end, one.start), b" or " | b" o " | b", " | b" / " | b"/"));
        if one.shape == Shape::Phone && other {
            cleared = Some(one.end);
            continue;
        }
        cleared = None;
        let judged = judge(*one, &cues, words, folded, context, owes);
        if let Some(hit) = judged.or_else(|| by_what_follows(*one, &cues, words, folded, context)) {
            hits.push(hit);
        } else if one.shape == Shape::Phone {
            cleared = Some(one.end);
        }
    }
    if words.any(roles::MONTH) && words.any(roles::BIRTH) {
        birthdays(words, folded, hits);
    }
    if words.any(roles::BIRTH) {
        births(words, folded, hits);
    }
    if words.any(roles::ACCOUNT) {
        usernames(words, folded, hits);
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

/// `Your username is dwight.pomeroy51`: what somebody logs in with.
fn usernames(words: &[Word], folded: &Folded<'_>, hits: &mut Vec<Hit>) {
    for (at, cue) in words.iter().enumerate().filter(|(_, word)| word.is(roles::ACCOUNT)) {
        if !matches!(folded.slice(cue.start, cue.end), b"username" | b"usuario") {
            continue;
        }
        let is =
            words.get(at + 1).is_some_and(|word| matches!(folded.slice(word.start, word.end), b"is" | b"es" | b"s"));
        let Some(name) = words.get(at + 1 + usize::from(is)) else { continue };
        let said = is || folded.slice(cue.end, name.start).contains(&b':');
        let last = words
            .get(at + 2 + usize::from(is))
            .filter(|last| matches!(folded.slice(name.end, last.start), b"." | b"_" | b"-"));
        let strange = last.is_some() || (name.digits > 0 && name.digits < name.len());
        if said && strange {
            hits.push(Hit::identifier(name.start, last.unwrap_or(name).end, Kind::Account));
        }
    }
}

/// `nací el veintidós del diez`, `born the second`: a number behind the verb.
fn births(words: &[Word], folded: &Folded<'_>, hits: &mut Vec<Hit>) {
    for (at, verb) in words.iter().enumerate().filter(|(_, word)| word.is(roles::BIRTH)) {
        let text = folded.slice(verb.start, verb.end);
        if !matches!(text, b"naci" | b"nacio" | b"nacida" | b"nacido" | b"dob" | b"fdn") {
            continue;
        }
        let near = words.iter().skip(at + 1).take(3);
        let day = near.take_while(|word| word.start - verb.end <= 16).find(|word| {
            word.is(roles::NUMERAL)
                && !matches!(
                    folded.slice(word.start, word.end),
                    b"dash" | b"dot" | b"punto" | b"una" | b"uno" | b"one" | b"first" | b"oh"
                )
        });
        if let Some(day) = day {
            hits.push(Hit { level: Level::L3, ..Hit::identifier(verb.start, day.end, Kind::Dob) });
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
            let dated = calendar_date(text).is_some_and(|(_, a, b)| a.min(b) <= 12 && a.max(b) <= 31);
            (cues.is_nearest(numbered) && !dated).then(|| number(one, cues, text)).flatten()
        }),
        Shape::Time => None,
        // 45 CFR 164.514(b)(2)(i)(C): all ages over 89.
        Shape::Age => ages::is_telling(leading(text), words, folded, one.start).then(|| plain(Kind::Age)).flatten(),
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
        // An amount without what it is for is no PHI; it is money all the same, and that has a level.
        Shape::Money => owes.then_some(Hit { phi: false, ..Hit::identifier(one.start, one.end, Kind::Other) }),
        Shape::Number => codes::judge(one, cues, words, folded).or_else(|| number(one, cues, text)),
    }
}

/// A number written in groups behind its cue: `ZGP 902 118 447 01`.
fn grouped(one: Found, cues: &Cues, folded: &Folded<'_>) -> Found {
    let numbered = roles::RECORD | roles::ACCOUNT | roles::PLAN | roles::DEVICE | roles::SSN;
    let born = cues.is_nearest(roles::BIRTH);
    let own_line = cues.has(roles::OWN) && cues.has(roles::LINE);
    if one.shape != Shape::Number || !(cues.is_nearest(numbered) || born || own_line) {
        return one;
    }
    let least = if born { 1 } else { 2 };
    let mut end = one.end;
    loop {
        let gap = match folded.slice(end, end + 3) {
            b" - " => 3,
            [b' ' | b'-' | b'.', ..] => 1,
            _ => break,
        };
        let rest = folded.plain.get(end + gap..).unwrap_or_default();
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        // "1EG4 TE5 MK73": a plan's number has letters in its groups.
        let signs = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
        let mixed = cues.is_nearest(roles::PLAN)
            && (3..=5).contains(&signs)
            && rest.iter().take(signs).any(u8::is_ascii_digit)
            && rest.iter().take(signs).any(u8::is_ascii_alphabetic)
            && !crate::views::is_number(rest.get(..signs).unwrap_or_default());
        let more = if mixed { signs } else { digits };
        let whole = rest.get(more).is_none_or(|byte| !byte.is_ascii_alphabetic() && *byte != b'/' && *byte != b':');
        if !(least..=6).contains(&more) || !whole {
            break;
        }
        end += gap + more;
    }
    Found { end, ..one }
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
    // "12 Oct 78": behind a month's name a year of two digits is one of the last century.
    let lettered = text.iter().any(u8::is_ascii_alphabetic);
    let long_ago = date.is_some_and(|(year, ..)| {
        (1900..=2015).contains(&year) || ((lettered || text.contains(&b'/')) && (36..=99).contains(&year))
    });
    // What a program writes where no date is known.
    if date.is_some_and(|date| matches!(date, (1970 | 1900, 1, 1) | (1969, 12, 31) | (1899, 12, 30 | 31)))
        && !cues.has(roles::BIRTH)
    {
        return false;
    }
    let own = context.recipient.and_then(|r| r.birth_date).is_some_and(|(year, month, day)| {
        date.is_some_and(|(y, a, b)| {
            let short = y < 100 && i32::from(year) % 100 == y;
            (y == i32::from(year) || short) && [(a, b), (b, a)].contains(&(i32::from(month), i32::from(day)))
        })
    });
    // "Our clinic opened 06/14/1931": a house has a birthday too.
    let founded = cues.has(roles::FOUNDED) && !cues.has(roles::BIRTH);
    own || (long_ago && !founded) || cues.has(roles::BIRTH)
}

/// Year, and the two other numbers as they stand.
fn calendar_date(text: &[u8]) -> Option<(i32, i32, i32)> {
    const MONTHS: &[&str] = &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    const MESES: &[&str] = &["ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "se", "oct", "nov", "dic"];
    let text = std::str::from_utf8(text).ok()?;
    // "30jun2004": digits and letters are words of their own.
    let bytes = text.as_bytes();
    let kind = |byte: &u8| (byte.is_ascii_digit(), byte.is_ascii_alphabetic());
    let words = bytes.chunk_by(|a, b| kind(a) == kind(b)).filter_map(|word| std::str::from_utf8(word).ok());
    let words = words.filter(|word| word.bytes().all(|byte| byte.is_ascii_alphanumeric()));
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
        // 19470210, with a time behind it.
        [whole, ..] if whole >= 19_000_101 => Some((whole / 10_000, whole / 100 % 100, whole % 100)),
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
    if is_callback(text, context.callback) {
        return None;
    }
    // "Bring your photo ID. Call 555-555-0100": a number that one is asked to call is no number of a card.
    let called = words::from(words, one.start)
        .checked_sub(1)
        .and_then(|at| words.get(at))
        .is_some_and(|word| word.is(roles::CALL) && one.start - word.end <= 2);
    let numbered = digits(text) == 9
        || (!called && cues.is_nearest(roles::RECORD | roles::ACCOUNT | roles::PLAN | roles::DEVICE | roles::SSN));
    if numbered && let Some(hit) = number(one, cues, text) {
        return Some(hit);
    }
    if cues.is_nearest(roles::PASSCODE) {
        return None;
    }
    phones::is_patients(cues, words, folded, one.start, one.end)
        .then(|| Hit::identifier(one.start, one.end, Kind::Phone))
}

/// Record, account, plan and device numbers, each behind its cue; and numbers too long for anything harmless.
fn number(one: Found, cues: &Cues, text: &[u8]) -> Option<Hit> {
    let count = digits(text);
    let short = cues.is_far && count < 6;
    if (is_day(text) || short) && !cues.is_nearest(roles::SSN | roles::BIRTH) {
        return None;
    }
    let own_line = cues.has(roles::OWN) && cues.has(roles::LINE) && (7..=12).contains(&count);
    let kind = match cues.nearest {
        near if near & roles::SSN != 0 => (4..=12).contains(&count).then_some(Kind::Ssn),
        near if near & roles::PASSCODE != 0 && count < 13 => None,
        near if near & roles::PLACE != 0 && !cues.has(roles::DEVICE) => None,
        near if near & roles::PLACE != 0 => (count >= 4).then_some(Kind::Device),
        near if near & roles::RECORD != 0 => (count >= 4).then_some(Kind::Mrn),
        // Of an invoice that is not said to be the reader's only a long number is anybody's own.
        near if near & roles::ACCOUNT != 0
            && cues.is_invoice
            && (count < 6 || text.starts_with(b"202"))
            && !cues.has(roles::OWN) =>
        {
            None
        }
        near if near & roles::ACCOUNT != 0 => (count >= 4).then_some(Kind::Account),
        near if near & roles::PLAN != 0 => (count >= 4).then_some(Kind::PlanId),
        near if near & roles::DEVICE != 0 => (count >= if cues.is_plate { 3 } else { 4 }).then_some(Kind::Device),
        near if near & roles::BIRTH != 0 => {
            (count >= 3 || (count >= 2 && text.iter().any(|b| matches!(b, b'/' | b'-' | b'.')))).then_some(Kind::Dob)
        }
        near if near & roles::BIRTH == 0 && cues.has(roles::ZIP) && cues.has(roles::OWN) && count == 5 => {
            Some(Kind::Address)
        }
        // "Su número de paciente es P-118264".
        near if near & roles::PATIENT != 0
            && cues.is_patient
            && cues.has(roles::LINE | roles::WEAK_RECORD)
            && count >= 5 =>
        {
            Some(Kind::Mrn)
        }
        _ if own_line => Some(Kind::Phone),
        _ if cues.says_last_four && count == 4 => Some(Kind::Ssn),
        _ if (cues.has(roles::CARD) || cues.says_ending) && cues.has(roles::LAST) && count == 4 => Some(Kind::Account),
        near if near & roles::CALL != 0 => None,
        _ if cues.has(roles::ITEM) => None,
        _ => is_long(text, count).then_some(Kind::Account),
    }?;
    let grave = matches!(kind, Kind::Ssn | Kind::Dob);
    let hit = Hit::identifier(one.start, one.end, kind);
    Some(if grave { Hit { level: Level::L3, ..hit } } else { hit })
}

/// `04-15`, `11/30`: a day rather than a number of anything.
fn is_day(text: &[u8]) -> bool {
    let number = |part: &[u8]| {
        (1..=2).contains(&part.len()) && part.iter().all(u8::is_ascii_digit) && (1..=31).contains(&leading(part))
    };
    text.iter()
        .position(|byte| b"-/.".contains(byte))
        .is_some_and(|at| number(text.get(..at).unwrap_or_default()) && number(text.get(at + 1..).unwrap_or_default()))
}

/// Nine digits or more in one piece, or eight behind one to three letters: too long for anything harmless.
fn is_long(text: &[u8], count: usize) -> bool {
    let signs = text.iter().filter(|byte| byte.is_ascii_alphanumeric()).count();
    let letters = text.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let zip = text.len() == 10 && text.get(5) == Some(&b'-');
    (count >= 9 && count == signs && !zip)
        || (count >= 8 && (1..=3).contains(&letters) && letters + count == text.len())
}

/// What only the words behind a number, or the number itself, say: `482913 is your chart`, `you are 92 now`, `10121978`.
fn by_what_follows(one: Found, cues: &Cues, words: &[Word], folded: &Folded<'_>, context: &Context<'_>) -> Option<Hit> {
    let text = folded.slice(one.start, one.end);
    let count = digits(text);
    if is_said_to_be_the_readers(one, cues, words, folded) {
        return Some(Hit::identifier(one.start, one.end, Kind::Account));
    }
    if let b"happy" | b"feliz" = nearest(words, folded, one.start)
        && (90..=120).contains(&leading(text))
        && text.len() > count
    {
        return Some(Hit::identifier(one.start, one.end, Kind::Age));
    }
    if !matches!(one.shape, Shape::Number | Shape::Loinc | Shape::Phone) || cues.is_nearest(roles::PASSCODE) {
        return None;
    }
    if count == text.len() && is_birth_in_one(text, cues, context) {
        return Some(Hit { level: Level::L3, ..Hit::identifier(one.start, one.end, Kind::Dob) });
    }
    // "MRN00048291": the cue is written together with the number.
    for (cue, kind) in [
        (b"mrn".as_slice(), Kind::Mrn),
        (b"ssn", Kind::Ssn),
        (b"dob", Kind::Dob),
        (b"acct", Kind::Account),
        (b"nhc", Kind::Mrn),
    ] {
        if text.starts_with(cue) && count >= 4 && count + cue.len() == text.len() {
            return Some(Hit::identifier(one.start, one.end, kind));
        }
    }
    let after = Cues::after(words, folded, one.end);
    if count == 5 && text.len() == 5 && after.has(roles::ZIP) && after.has(roles::OWN) {
        return Some(Hit::identifier(one.start, one.end, Kind::Address));
    }
    let age = leading(text);
    let old = text.len() <= 3 && count == text.len();
    let turned = || cues.is_nearest(roles::AGE) && ages::is_turned(age, words, folded, one.start);
    if old && (turned() || ages::is_bare(age, words, folded, one.start, one.end)) {
        return Some(Hit::identifier(one.start, one.end, Kind::Age));
    }
    let first = words::from(words, one.end);
    let text_of = |at: usize| words.get(first + at).map_or(b"".as_slice(), |word| folded.slice(word.start, word.end));
    let near = words
        .get(first)
        .is_some_and(|next| next.start - one.end <= 2 && !folded.slice(one.end, next.start).contains(&b'.'));
    let that = usize::from(matches!(text_of(0), b"that" | b"this" | b"which" | b"ese" | b"esa" | b"eso"));
    let first = first + that;
    let text_of = |at: usize| words.get(first + at).map_or(b"".as_slice(), |word| folded.slice(word.start, word.end));
    let is = matches!(text_of(0), b"is" | b"es" | b"was" | b"as" | b"era" | b"s" | b"thats");
    let own = matches!(
        text_of(usize::from(is)),
        b"your" | b"ur" | b"su" | b"tu" | b"my" | b"mi" | b"the" | b"el" | b"la" | b"patient" | b"her" | b"his"
    );
    let named = (0..=1).find_map(|more| words.get(first + usize::from(is) + usize::from(own) + more));
    let roles_of = named.map_or(0, |word| word.info.roles);
    let kind = match roles_of {
        r if r & roles::SSN != 0 => Kind::Ssn,
        r if r & roles::RECORD != 0 => Kind::Mrn,
        r if r & roles::PLAN != 0 => Kind::PlanId,
        r if r & roles::ACCOUNT != 0
            && !matches!(text_of(usize::from(is) + usize::from(own)), b"confirmation" | b"case") =>
        {
            Kind::Account
        }
        _ => return None,
    };
    (near && is && own && count >= 4).then(|| Hit::identifier(one.start, one.end, kind))
}

/// The word directly before a place.
fn nearest<'f>(list: &[Word], folded: &'f Folded<'_>, position: usize) -> &'f [u8] {
    let word = words::from(list, position).checked_sub(1).and_then(|at| list.get(at));
    word.map_or(b"".as_slice(), |word| folded.slice(word.start, word.end))
}

/// `order 77-A-20931 is yours`, `reads E0091847 and that is you`, `the reference for you is`: a number of which only this is said. A
/// short one of digits alone is a code that was sent, or a place in a queue.
fn is_said_to_be_the_readers(one: Found, cues: &Cues, list: &[Word], folded: &Folded<'_>) -> bool {
    const FILLERS: &[&[u8]] =
        &[b"and", b"that", b"thats", b"this", b"it", b"y", b"esa", b"ese", b"eso", b"which", b"the", b"la", b"el"];
    let text = folded.slice(one.start, one.end);
    let count = digits(text);
    let coded = cues.has(roles::PASSCODE) && count == text.len() && count <= 8;
    if !matches!(one.shape, Shape::Number | Shape::Loinc | Shape::Social) || count < 5 || coded || is_day(text) {
        return false;
    }
    let first = words::from(list, one.end);
    let mut behind = list
        .iter()
        .skip(first)
        .take(6)
        .map(|word| folded.slice(word.start, word.end))
        .skip_while(|t| FILLERS.contains(t));
    let verb = behind.next();
    let mut behind = behind.skip_while(|t| FILLERS.contains(t));
    let who = behind.next();
    let is = matches!(verb, Some(b"is" | b"es" | b"s" | b"are" | b"was"));
    let yours = is
        && matches!(who, Some(b"yours" | b"you" | b"suya" | b"suyo" | b"tuya" | b"tuyo" | b"usted" | b"me" | b"mine"));
    let free = behind.next().is_none_or(|next| !matches!(next, b"to" | b"can" | b"will" | b"free" | b"if"));
    let before = list.get(first.saturating_sub(7)..first).unwrap_or_default();
    let texts: Vec<&[u8]> = before.iter().map(|word| folded.slice(word.start, word.end)).collect();
    let led = texts.windows(3).any(|three| matches!(three, [b"for", b"you", b"is"] | [b"de", b"usted", b"es"]))
        || texts.windows(2).any(|two| matches!(two, [b"yours", b"is"] | [b"suyo" | b"suya", b"es"] | [b"mine", b"is"]));
    (yours && free) || led
}

/// `10121978`: month, day and a year in which nobody makes appointments; or the recipient's own day in any order.
fn is_birth_in_one(text: &[u8], cues: &Cues, context: &Context<'_>) -> bool {
    let part = |from: usize, to: usize| text.get(from..to).map_or(0, leading);
    let own = context.recipient.and_then(|recipient| recipient.birth_date).is_some_and(|(year, month, day)| {
        let forms = [
            format!("{month:02}{day:02}{year:04}"),
            format!("{day:02}{month:02}{year:04}"),
            format!("{year:04}{month:02}{day:02}"),
            format!("{month:02}{day:02}{:02}", year % 100),
            format!("{day:02}{month:02}{:02}", year % 100),
        ];
        forms.iter().any(|form| form.as_bytes() == text)
    });
    let long_ago = |year: u32| (1915..=2012).contains(&year);
    let dated = |a: u32, b: u32| {
        (1..=12).contains(&a) && (1..=31).contains(&b) || (1..=12).contains(&b) && (1..=31).contains(&a)
    };
    let whole = text.len() == 8
        && ((long_ago(part(4, 8)) && dated(part(0, 2), part(2, 4)))
            || (long_ago(part(0, 4)) && dated(part(4, 6), part(6, 8))));
    own || (whole && !cues.has(roles::ITEM | roles::CALL | roles::PLACE))
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
            4 if cues.has(roles::SSN) || cues.says_last_four => Kind::Ssn,
            10 | 11 if is_callback(&digits, context.callback) => continue,
            10 | 11 if cues.has(roles::CALL) && !cues.has(roles::LINE) => continue,
            10 | 11 => Kind::Phone,
            7 if !is_callback(&digits, context.callback)
                && phones::is_patients(&cues, words, folded, first.start, last.end) =>
            {
                Kind::Phone
            }
            _ if cues.nearest & roles::RECORD != 0 => Kind::Mrn,
            _ if cues.nearest & roles::ACCOUNT != 0 => Kind::Account,
            _ if cues.nearest & roles::PLAN != 0 => Kind::PlanId,
            _ => continue,
        };
        let level = if kind == Kind::Ssn { Level::L3 } else { Level::L2 };
        hits.push(Hit { level, ..Hit::identifier(first.start, last.end, kind) });
    }
}
