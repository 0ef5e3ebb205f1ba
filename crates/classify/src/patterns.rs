//! Identifiers by their shape, each with a validator, because most ten-digit numbers are harmless.

use crate::fold::Folded;
use crate::{ClassifierError, Context, Hit, Kind, Level};
use regex::bytes::{Captures, Match, Regex, RegexBuilder};
use std::sync::LazyLock;

/// A compiled pattern; one that could not be compiled makes every scan fail.
pub(crate) struct Pattern(Option<Regex>);

/// Compiles a pattern for folded text: ASCII only, which keeps the engine on its fast path.
pub(crate) fn compile(pattern: &str) -> Pattern {
    Pattern(RegexBuilder::new(pattern).unicode(false).case_insensitive(false).build().ok())
}

impl Pattern {
    fn regex(&self) -> Result<&Regex, ClassifierError> {
        self.0.as_ref().ok_or(ClassifierError::NotReady)
    }

    pub(crate) fn of<'t>(&self, text: &'t [u8]) -> Result<impl Iterator<Item = Match<'t>>, ClassifierError> {
        Ok(self.regex()?.find_iter(text))
    }

    pub(crate) fn groups<'t>(&self, text: &'t [u8]) -> Result<impl Iterator<Item = Captures<'t>>, ClassifierError> {
        Ok(self.regex()?.captures_iter(text))
    }

    pub(crate) fn is_in(&self, text: &[u8]) -> Result<bool, ClassifierError> {
        Ok(self.regex()?.is_match(text))
    }
}

macro_rules! pattern {
    ($($name:ident = $text:expr;)+) => { $(static $name: LazyLock<Pattern> = LazyLock::new(|| compile($text));)+ };
}

pattern! {
    SSN = r"\b(\d{3})([-. _/]{0,3})(\d{2})([-. _/]{0,3})(\d{4})\b";
    SSN_CUE = r"\b(?:ssn?|s\.s\.n\.?|soc(?:ial)?(?: sec(?:urity)?)?|seguro social|numero social|nss)\b[^\n]{0,40}$";
    SSN_LAST = r"\b(?:ssn|social(?: security)?(?: number)?|seguro social)\b[^\d\n]{0,40}?\b(\d{4})\b|\blast (?:4|four)(?: digits)?(?: of)?(?: your)? (?:ssn|social(?: security)?(?: number)?)\b[^\d\n]{0,20}(\d{4})\b|\bultimos (?:4|cuatro)(?: digitos)? (?:de|del) (?:su )?(?:ssn|seguro social)\b[^\d\n]{0,20}(\d{4})\b";
    DATE = r"\b(?:\d{1,2}[-/. ]\d{1,2}[-/. ]\d{2,4}|\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec|january|february|march|april|june|july|august|september|october|november|december)\.? \d{1,2}(?:st|nd|rd|th)?,? \d{4}|\d{1,2}(?:st|nd|rd|th)? (?:of )?(?:jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec|january|february|march|april|june|july|august|september|october|november|december)\.?,? \d{4}|\d{1,2} de (?:enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|setiembre|octubre|noviembre|diciembre)(?: de(?:l)?)? \d{4})\b";
    DOB_CUE = r"(?:\bdob\b|\bd\.o\.b|\bdate of birth\b|\bbirth ?date\b|\bbirthday\b|\bborn\b|\bfecha de nac|\bf\. ?nac|\bfdn\b|\bnacid[oa]\b|\bnacio\b|\bnacimiento\b)[^\n]{0,24}$";
    AGE = r"\b(?:age[d]?:?|edad:?|is now|turned|turning|cumplio|cumple) (?:de )?(\d{2,3})\b|\b(\d{2,3})[- ]?(?:years?[- ]old|year[- ]olds?|y/?o|yrs? old|anos(?: de edad)?)\b";
    MRN = r"\b(?:mrn|m\.r\.n\.?|medical record|med(?:ical)? rec|chart|patient (?:id|no|num|number)|record (?:no|num|number|id)|historia clinica|historia medica|expediente|nhc|numero de (?:paciente|historia|expediente)|id de(?:l)? paciente)\b(?:[ :#.=-]*(?:id|is|es|no|num|number|numero)\b)*[ :#.=-]*([a-z]{0,4}[- ]?\d[\d-]{2,15}[a-z]?)\b";
    ACCOUNT = r"\b(?:account|acct|invoice|claim|cuenta|factura|reclamo|encounter|visit id|case)\b(?:[ :#.=-]*(?:id|is|es|no|num|number|numero|ending in|terminada en)\b)*[ :#.=-]*([a-z]{0,4}[- ]?\d[\d-]{3,18})\b";
    PLAN = r"\b(?:member|policy|subscriber|group|plan|insurance|medicare|medicaid|medi-cal|mbi|beneficiary|poliza|afiliad[oa]|miembro|asegurad[oa]|seguro)\b(?:[ :#.=-]*(?:id|is|es|no|num|number|numero|de)\b)*[ :#.=-]*((?:[a-z]{0,5}[- ]?)\d[a-z0-9-]{4,18})\b";
    MBI = r"\b[1-9][ac-hjkmnp-rt-y][0-9ac-hjkmnp-rt-y]\d-?[ac-hjkmnp-rt-y][0-9ac-hjkmnp-rt-y]\d-?[ac-hjkmnp-rt-y]{2}\d{2}\b";
    PHONE = r"(?:\+?\b1[-. ]{0,3})?(?:\(\d{3}\)|\b\d{3})[-. )/]{0,3}\d{3}[-. ]{0,3}\d{4}\b|\b\d{3}[-.]\d{4}\b|\+\d{8,15}\b";
    OWN_PHONE_CUE = r"(?:\byour (?:cell|mobile|home|phone|telephone|work|number|contact)\b|\bphone on file\b|\bon file\b|\breach you\b|\bpatient(?:'s)? (?:phone|cell|number|tel)|\bsu (?:numero|telefono|celular|movil)\b|\bphone number is\b|\bcontactarl[eoa]\b)[^\n]{0,24}$";
    CALL_CUE = r"(?:\bcall|\bllam|\bmarque|\bdial|\btext|\bcontact|\bfax|\btel\b|\btel[:.]|\btelefono|\bphone[: ]|\bphone us|\bat|\bal|\boffice|\boficina|\breach us|\bquestions|\bpreguntas|\bhelp|\bayuda|\bask|\bsms|\bwhatsapp|\bcomuniquese)\b?[^\d\n]{0,30}$";
    EMAIL = r"\b[a-z0-9._%+-]{1,64}(?:@|\s?[\[(]at[\])]\s?|\s@\s)[a-z0-9-]+(?:(?:\.|\s?[\[(]dot[\])]\s?)[a-z0-9-]+)+\b";
    IPV4 = r"\b(?:\d{1,3}\.){3}\d{1,3}\b";
    IPV6 = r"\b(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}\b|\b(?:[0-9a-f]{1,4}:){1,6}:[0-9a-f]{1,4}\b";
    DEVICE = r"\b(?:serial|s/n|device|imei|udi|pacemaker|marcapasos|implant|implante|vin|license|licencia|driver'?s license|plate|placa|dl)\b(?:[ :#.=-]*(?:id|is|es|no|num|number|numero|plate|de serie)\b)*[ :#.=-]+((?:[a-z]{0,6}[- ]?)\d[a-z0-9-]{4,24})\b";
    MAC = r"\b(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}\b";
    STREET = r"\b\d{1,6} (?:[nsew]\.? |north |south |east |west )?(?:[a-z0-9'.]+ ){1,4}(?:st|street|ave|avenue|rd|road|blvd|boulevard|ln|lane|drive|ct|court|way|pl|place|ter|terrace|hwy|pkwy|cir|circle)\b|\b(?:calle|avenida|av) [a-z0-9 .'#]{2,40}\d{1,6}\b|\bp\.? ?o\.? box \d+|\bapartado \d+";
    OWN_ADDRESS_CUE = r"(?:\byour (?:home |new |mailing |current )?address\b|\bsu (?:direccion|domicilio)\b|\bdomicilio\b|\bliv(?:e|es|ing) at\b|\bmail(?:ed)? to\b|\bsent to\b|\bdeliver(?:ed|y)? to\b|\bship(?:ped)? to\b|\benviad[oa] a\b|\bvive en\b|\baddress on file\b|\bhome (?:visit|address|nurse)\b|\bpatient address\b|\bresid)[^\n]{0,30}$";
    LOGISTICS = r"\b\d{1,2}:\d{2}\b|\b\d{1,2} ?[ap]\.? ?m\b|\b\d{1,2}/\d{1,2}\b|\b\d{4}-\d{2}-\d{2}\b|\b(?:appt|appointment|appointments|visit|cita|citas|visita|monday|tuesday|wednesday|thursday|friday|saturday|sunday|lunes|martes|miercoles|jueves|viernes|sabado|domingo|tomorrow|today|manana|hoy|reschedul\w*|schedul\w*|confirm\w*|check-?in|arrive|llegue|reprogram\w*|parking|suite|floor|building|directions|address|direccion)\b|\b(?:jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)[a-z]* \d{1,2}\b|\b\d{1,2} de [a-z]{4,10}\b";
    MONEY = r"\$ ?\d|\b\d+(?:\.\d{2})? ?(?:dollars|dolares|usd)\b";
    BALANCE_CUE = r"\b(?:balance|due|owe|bill|billed|payment|charge|copay|saldo|debe|pago|factura|statement|invoice|cuenta|amount|account|monto)\b";
    DOSE = r"\b\d+(?:[.,]\d+)? ?(?:mg|mcg|milligrams?|miligramos?|micrograms?|tablets?|tabletas?|capsules?|capsulas?|pills|pastillas|puffs|units of|unidades de|ml twice|ml daily)\b";
    LAB_VALUE = r"\b\d+(?:[.,]\d+)? ?(?:mg/dl|mmol/l|mmol/mol|ng/ml|ng/dl|pg/ml|mcg/dl|ug/dl|iu/l|u/l|miu/l|meq/l|g/dl|mm ?hg|copies/ml|copias/ml|cells/|x10|k/ul|bpm|ml/min)|\b(?:bp|blood pressure|presion(?: arterial)?)\b[^\d\n]{0,20}\d{2,3} ?/ ?\d{2,3}\b|\bbmi\b[^\d\n]{0,10}\d{2}";
    NPI = r"\bnpi\b[ :#.=-]*(\d{10})\b";
}

/// Whether the text speaks of time or place: L1.
pub(crate) fn is_logistics(folded: &Folded) -> Result<bool, ClassifierError> {
    LOGISTICS.is_in(&folded.plain)
}

/// The identifiers in a text.
pub(crate) fn find(folded: &Folded, context: &Context<'_>, hits: &mut Vec<Hit>) -> Result<(), ClassifierError> {
    let mut taken = Vec::new();
    social(folded, hits, &mut taken)?;
    dates(folded, context, hits)?;
    numbers(folded, hits, &mut taken)?;
    values(folded, hits)?;
    let owned = recipient(folded, context, hits);
    taken.extend(owned);
    contacts(folded, context, hits, &taken)
}

/// Whether what stands before `at` speaks of a social security number.
pub(crate) fn is_social_cue(folded: &Folded, at: usize) -> Result<bool, ClassifierError> {
    SSN_CUE.is_in(before(folded, at))
}

/// Whether what stands before `at` tells the reader to call a number.
pub(crate) fn is_call_cue(folded: &Folded, at: usize) -> Result<bool, ClassifierError> {
    CALL_CUE.is_in(before(folded, at))
}

fn text_of(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}

fn number(bytes: &[u8]) -> u32 {
    text_of(bytes).parse().unwrap_or(0)
}

pub(crate) fn before(folded: &Folded, at: usize) -> &[u8] {
    folded.slice(at.saturating_sub(72), at)
}

type Range = (usize, usize);

fn overlaps(ranges: &[Range], start: usize, end: usize) -> bool {
    ranges.iter().any(|(s, e)| start < *e && *s < end)
}

fn social(folded: &Folded, hits: &mut Vec<Hit>, taken: &mut Vec<Range>) -> Result<(), ClassifierError> {
    let text = &folded.plain;
    for found in SSN.groups(text)? {
        let (Some(whole), Some(area), Some(first), Some(group), Some(second), Some(serial)) =
            (found.get(0), found.get(1), found.get(2), found.get(3), found.get(4), found.get(5))
        else {
            continue;
        };
        let cued = SSN_CUE.is_in(before(folded, whole.start()))?;
        let separated = !first.as_bytes().is_empty() && !second.as_bytes().is_empty();
        // Social Security Administration: area not 000, 666 or 900-999, group not 00, serial not 0000.
        let area = number(area.as_bytes());
        let valid =
            area != 0 && area != 666 && area < 900 && number(group.as_bytes()) != 0 && number(serial.as_bytes()) != 0;
        if cued || (separated && valid) {
            hits.push(Hit { level: Level::L3, ..Hit::identifier(whole.start(), whole.end(), Kind::Ssn) });
            taken.push((whole.start(), whole.end()));
        }
    }
    for found in SSN_LAST.groups(text)? {
        if let Some(digits) = found.iter().skip(1).flatten().next()
            && !overlaps(taken, digits.start(), digits.end())
        {
            hits.push(Hit { level: Level::L3, ..Hit::identifier(digits.start(), digits.end(), Kind::Ssn) });
            taken.push((digits.start(), digits.end()));
        }
    }
    Ok(())
}

/// Dates of birth by cue, by the recipient's record, or by a year nobody makes appointments in; ages over 89.
fn dates(folded: &Folded, context: &Context<'_>, hits: &mut Vec<Hit>) -> Result<(), ClassifierError> {
    for found in DATE.of(&folded.plain)? {
        let date = calendar_date(text_of(found.as_bytes()));
        let long_ago = date.is_some_and(|(year, ..)| (1900..=2015).contains(&year));
        let own = context.recipient.and_then(|r| r.birth_date).is_some_and(|(year, month, day)| {
            date.is_some_and(|(y, a, b)| {
                let short = y < 100 && i32::from(year) % 100 == y;
                (y == i32::from(year) || short) && [(a, b), (b, a)].contains(&(i32::from(month), i32::from(day)))
            })
        });
        if own || long_ago || DOB_CUE.is_in(before(folded, found.start()))? {
            hits.push(Hit { level: Level::L3, ..Hit::identifier(found.start(), found.end(), Kind::Dob) });
        }
    }
    for found in AGE.groups(&folded.plain)? {
        if let Some(age) = found.get(1).or_else(|| found.get(2)) {
            // 45 CFR 164.514(b)(2)(i)(C): all ages over 89.
            if (90..=125).contains(&number(age.as_bytes())) {
                hits.push(Hit::identifier(age.start(), age.end(), Kind::Age));
            }
        }
    }
    Ok(())
}

/// Year, and the two other numbers as they stand.
fn calendar_date(text: &str) -> Option<(i32, i32, i32)> {
    const MONTHS: &[&str] = &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    const MESES: &[&str] = &["ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "se", "oct", "nov", "dic"];
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
        [year, month, day] if year > 31 => Some((year, month, day)),
        [first, second, year] => Some((year, first, second)),
        _ => None,
    }
}

/// Record, account, plan and device numbers, each behind its cue.
fn numbers(folded: &Folded, hits: &mut Vec<Hit>, taken: &mut Vec<Range>) -> Result<(), ClassifierError> {
    let text = &folded.plain;
    for (pattern, kind, least) in
        [(&MRN, Kind::Mrn, 4), (&ACCOUNT, Kind::Account, 4), (&PLAN, Kind::PlanId, 5), (&DEVICE, Kind::Device, 5)]
    {
        for found in pattern.groups(text)? {
            let Some(id) = found.get(1) else { continue };
            let digits = id.as_bytes().iter().filter(|b| b.is_ascii_digit()).count();
            if digits >= least && !overlaps(taken, id.start(), id.end()) {
                hits.push(Hit::identifier(id.start(), id.end(), kind));
                taken.push((id.start(), id.end()));
            }
        }
    }
    for found in MBI.of(text)? {
        hits.push(Hit::identifier(found.start(), found.end(), Kind::PlanId));
        taken.push((found.start(), found.end()));
    }
    for found in MAC.of(text)? {
        hits.push(Hit::identifier(found.start(), found.end(), Kind::Device));
    }
    for found in NPI.groups(text)? {
        if let Some(id) = found.get(1).filter(|id| is_npi(id.as_bytes())) {
            hits.push(Hit::identifier(id.start(), id.end(), Kind::Other));
            taken.push((id.start(), id.end()));
        }
    }
    Ok(())
}

/// 45 CFR 162.406: ten digits, the last a Luhn check digit over the number behind the prefix 80840.
fn is_npi(digits: &[u8]) -> bool {
    let whole = b"80840".iter().chain(digits).rev().enumerate();
    let sum: u32 = whole
        .map(|(place, digit)| {
            let value = u32::from(digit.saturating_sub(b'0'));
            if place % 2 == 1 { value * 2 / 10 + value * 2 % 10 } else { value }
        })
        .sum();
    sum.is_multiple_of(10)
}

/// Doses, laboratory values, amounts of money.
fn values(folded: &Folded, hits: &mut Vec<Hit>) -> Result<(), ClassifierError> {
    let text = &folded.plain;
    for (pattern, kind) in [(&DOSE, Kind::Medication), (&LAB_VALUE, Kind::Lab)] {
        for found in pattern.of(text)? {
            hits.push(Hit { level: Level::L3, ..Hit::identifier(found.start(), found.end(), kind) });
        }
    }
    if BALANCE_CUE.is_in(text)? {
        hits.extend(MONEY.of(text)?.map(|found| Hit::identifier(found.start(), found.end(), Kind::Other)));
    }
    Ok(())
}

/// The recipient's own identifiers and streets, however they are punctuated.
fn recipient(folded: &Folded, context: &Context<'_>, hits: &mut Vec<Hit>) -> Vec<Range> {
    let Some(recipient) = context.recipient else { return Vec::new() };
    let mut found = Vec::new();
    for (values, kind, least) in [
        (recipient.identifiers, Kind::Mrn, 4),
        (recipient.streets, Kind::Address, 6),
        (recipient.points, Kind::Phone, 7),
    ] {
        for value in values {
            let wanted = skeleton(&Folded::new(value).plain);
            let wanted =
                if kind == Kind::Phone { wanted.strip_prefix(b"1").unwrap_or(&wanted).to_vec() } else { wanted };
            if wanted.len() < least {
                continue;
            }
            let kind = if value.contains('@') { Kind::Email } else { kind };
            for (start, end) in places(&folded.plain, &wanted) {
                hits.push(Hit::identifier(start, end, kind));
                found.push((start, end));
            }
        }
    }
    found
}

/// Letters and digits only.
fn skeleton(text: &[u8]) -> Vec<u8> {
    text.iter().copied().filter(u8::is_ascii_alphanumeric).collect()
}

/// Where `wanted` stands in `text`, skipping everything but letters and digits.
fn places(text: &[u8], wanted: &[u8]) -> Vec<Range> {
    let at: Vec<(usize, u8)> =
        text.iter().copied().enumerate().filter(|(_, byte)| byte.is_ascii_alphanumeric()).collect();
    let windows = at.windows(wanted.len());
    let matching = windows.filter(|window| window.iter().map(|(_, byte)| byte).eq(wanted.iter()));
    matching.filter_map(|window| Some((window.first()?.0, window.last()?.0 + 1))).collect()
}

/// Telephone numbers, e-mail and network addresses, streets: a patient's, or anybody's when nothing says whose.
fn contacts(
    folded: &Folded,
    context: &Context<'_>,
    hits: &mut Vec<Hit>,
    taken: &[Range],
) -> Result<(), ClassifierError> {
    let text = &folded.plain;
    let callback = context.callback.map(|number| skeleton(number.as_bytes()));
    for found in PHONE.of(text)? {
        if overlaps(taken, found.start(), found.end()) || is_callback(found.as_bytes(), callback.as_deref()) {
            continue;
        }
        let ahead = before(folded, found.start());
        let own = OWN_PHONE_CUE.is_in(ahead)?;
        if own || !CALL_CUE.is_in(ahead)? {
            hits.push(Hit::identifier(found.start(), found.end(), Kind::Phone));
        }
    }
    for found in EMAIL.of(text)? {
        if !overlaps(taken, found.start(), found.end()) && !is_role_mailbox(found.as_bytes()) {
            hits.push(Hit::identifier(found.start(), found.end(), Kind::Email));
        }
    }
    for found in IPV4.of(text)? {
        if text_of(found.as_bytes()).split('.').all(|octet| octet.parse::<u8>().is_ok()) {
            hits.push(Hit::identifier(found.start(), found.end(), Kind::Ip));
        }
    }
    hits.extend(IPV6.of(text)?.map(|found| Hit::identifier(found.start(), found.end(), Kind::Ip)));
    for found in STREET.of(text)? {
        if OWN_ADDRESS_CUE.is_in(before(folded, found.start()))? {
            hits.push(Hit::identifier(found.start(), found.end(), Kind::Address));
        }
    }
    Ok(())
}

pub(crate) fn is_callback(found: &[u8], callback: Option<&[u8]>) -> bool {
    let found = skeleton(found);
    let national = |digits: &[u8]| digits.strip_prefix(b"1").filter(|rest| rest.len() == 10).unwrap_or(digits).to_vec();
    callback.is_some_and(|callback| {
        let (found, callback) = (national(&found), national(callback));
        found == callback || (found.len() == 7 && callback.ends_with(&found))
    })
}

/// A mailbox of an office, not of a person.
fn is_role_mailbox(address: &[u8]) -> bool {
    const ROLES: &[&str] = &[
        "info",
        "help",
        "support",
        "contact",
        "hello",
        "office",
        "frontdesk",
        "front-desk",
        "desk",
        "appointments",
        "scheduling",
        "noreply",
        "no-reply",
        "portal",
        "records",
        "privacy",
        "ayuda",
        "citas",
        "contacto",
        "oficina",
        "mail",
    ];
    let local = text_of(address).split(['@', ' ', '[', '(']).next().unwrap_or_default();
    ROLES.contains(&local)
}
