//! The recipient's own record: names, date of birth, numbers, addresses, in any usual spelling. No list and no model knows
//! better what identifies somebody.

use crate::fold::Folded;
use crate::{ClassifierError, Context, Hit, Kind, work};

type Range = (usize, usize);

/// The recipient's own identifiers in a text; gives where they stand, in order and without overlaps.
pub(crate) fn find(
    folded: &Folded<'_>,
    context: &Context<'_>,
    hits: &mut Vec<Hit>,
) -> Result<Vec<Range>, ClassifierError> {
    let Some(recipient) = context.recipient else { return Ok(Vec::new()) };
    let bare = Bare::of(&folded.plain);
    let mut found = Vec::new();
    for name in recipient.names {
        for form in name_forms(name)? {
            bare.places(&form, true, |start, end| found.push((start, end, Kind::Name)));
        }
    }
    for name in recipient.family_names {
        let form = skeleton(&Folded::new(name)?.plain);
        if form.len() >= 3 {
            bare.places(&form, true, |start, end| {
                if written_together(folded, start, end) || form.len() >= 6 {
                    found.push((start, end, Kind::Name));
                }
            });
        }
    }
    for (values, kind, least) in [(recipient.identifiers, Kind::Mrn, 4), (recipient.points, Kind::Phone, 7)] {
        for value in values {
            let mut wanted = skeleton(&Folded::new(value)?.plain);
            if kind == Kind::Phone && wanted.len() > 10 && wanted.first() == Some(&b'1') {
                wanted.remove(0);
            }
            let kind = if value.contains('@') { Kind::Email } else { kind };
            if wanted.len() >= least {
                bare.places(&wanted, kind == Kind::Mrn, |start, end| found.push((start, end, kind)));
            }
        }
    }
    for street in recipient.streets {
        for form in street_forms(street)? {
            bare.places(&form, true, |start, end| found.push((start, end, Kind::Address)));
        }
    }
    hits.extend(found.iter().map(|(start, end, kind)| Hit::identifier(*start, *end, *kind)));
    found.sort_unstable_by_key(|(start, end, _)| (*start, *end));
    let mut ranges: Vec<Range> = Vec::new();
    for (start, end, _) in found {
        match ranges.last_mut() {
            Some(last) if start < last.1 => last.1 = last.1.max(end),
            _ => ranges.push((start, end)),
        }
    }
    Ok(ranges)
}

/// Whether a range touches what is the recipient's own.
pub(crate) fn overlaps(owned: &[Range], start: usize, end: usize) -> bool {
    let next = owned.partition_point(|range| range.1 <= start);
    owned.get(next).is_some_and(|range| range.0 < end)
}

/// A full name in order, family name first, and with the first name's initial.
fn name_forms(name: &str) -> Result<Vec<Vec<u8>>, ClassifierError> {
    let folded = Folded::new(name)?;
    let parts: Vec<&[u8]> =
        folded.plain.split(|b| !b.is_ascii_alphanumeric()).filter(|part| !part.is_empty()).collect();
    let mut forms = vec![parts.concat()];
    if let (Some(first), Some(last), true) = (parts.first(), parts.last(), parts.len() >= 2) {
        forms.push([*last, *first].concat());
        forms.push([*first, *last].concat());
        if last.len() >= 4 {
            forms.push([first.get(..1).unwrap_or_default(), last].concat());
        }
    }
    forms.retain(|form| form.len() >= 3);
    forms.dedup();
    Ok(forms)
}

/// A street line without the kind of street, which is written in many ways, the number in digits and, up to twelve, in words.
fn street_forms(street: &str) -> Result<Vec<Vec<u8>>, ClassifierError> {
    const KINDS: &[&[u8]] = &[
        b"st",
        b"street",
        b"ave",
        b"av",
        b"avenue",
        b"rd",
        b"road",
        b"blvd",
        b"boulevard",
        b"ln",
        b"lane",
        b"dr",
        b"drive",
        b"ct",
        b"court",
        b"way",
        b"pl",
        b"place",
        b"ter",
        b"terrace",
        b"cir",
        b"circle",
        b"hwy",
        b"pkwy",
        b"calle",
        b"avenida",
        b"camino",
        b"calzada",
    ];
    const NUMBERS: &[(&str, &str)] = &[
        ("one", "uno"),
        ("two", "dos"),
        ("three", "tres"),
        ("four", "cuatro"),
        ("five", "cinco"),
        ("six", "seis"),
        ("seven", "siete"),
        ("eight", "ocho"),
        ("nine", "nueve"),
        ("ten", "diez"),
        ("eleven", "once"),
        ("twelve", "doce"),
    ];
    let folded = Folded::new(street)?;
    let parts: Vec<&[u8]> = folded
        .plain
        .split(|b| !b.is_ascii_alphanumeric())
        .filter(|part| !part.is_empty() && !KINDS.contains(part))
        .collect();
    let name: Vec<u8> = parts.iter().filter(|part| !is_number(part)).copied().flatten().copied().collect();
    let Some(number) = parts.iter().copied().find(|part| is_number(part)).filter(|_| name.len() >= 3) else {
        let whole = parts.concat();
        return Ok(if whole.len() >= 6 { vec![whole] } else { Vec::new() });
    };
    let said = std::str::from_utf8(number)
        .ok()
        .and_then(|n| n.parse::<usize>().ok())
        .and_then(|n| NUMBERS.get(n.checked_sub(1)?));
    let mut forms = vec![[number, &name].concat(), [&name, number].concat()];
    if let Some((english, spanish)) = said {
        forms.extend([[english.as_bytes(), &name].concat(), [&name, spanish.as_bytes()].concat()]);
    }
    Ok(forms)
}

fn is_number(part: &[u8]) -> bool {
    part.iter().all(u8::is_ascii_digit)
}

fn written_together(folded: &Folded<'_>, start: usize, end: usize) -> bool {
    folded.slice(start, end).iter().all(u8::is_ascii_alphanumeric)
}

/// Letters and digits only.
fn skeleton(text: &[u8]) -> Vec<u8> {
    text.iter().copied().filter(u8::is_ascii_alphanumeric).collect()
}

/// A text without anything but letters and digits, with a way back.
struct Bare {
    letters: Vec<u8>,
    at: Vec<usize>,
    length: usize,
}

impl Bare {
    fn of(text: &[u8]) -> Self {
        let (at, letters) = text.iter().copied().enumerate().filter(|(_, byte)| byte.is_ascii_alphanumeric()).unzip();
        Self { letters, at, length: text.len() }
    }

    /// Where `wanted` stands; `whole` = as words of their own.
    fn places(&self, wanted: &[u8], whole: bool, mut take: impl FnMut(usize, usize)) {
        let Some(first) = wanted.first() else { return };
        work::count(self.letters.len());
        let last = self.letters.len().saturating_sub(wanted.len() - 1);
        for (from, letter) in self.letters.iter().enumerate().take(last) {
            if letter != first || self.letters.get(from..from + wanted.len()) != Some(wanted) {
                continue;
            }
            let place = |index: usize| self.at.get(index).copied();
            let (Some(start), Some(end)) = (place(from), place(from + wanted.len() - 1).map(|last| last + 1)) else {
                continue;
            };
            let begins = from.checked_sub(1).and_then(place).is_none_or(|before| before + 1 < start);
            let ends = place(from + wanted.len()).unwrap_or(self.length + 1) > end;
            if !whole || (begins && ends) {
                take(start, end);
            }
        }
    }
}
