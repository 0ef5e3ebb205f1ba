//! The one normal form of an address: E.164 for numbers, lower-case domain for e-mail, one line for mail.
//!
//! The EHR, case files, opt-outs and inbound messages all pass through here, so that two spellings of one number cannot
//! lead to two answers.

use crate::fhir;
use postern_gate::facts::{Address, System};
use std::sync::Arc;

/// The normal form of `value` as a contact point of kind `system`; `None` when it is none.
#[must_use]
pub fn normalise(system: System, value: &str) -> Option<Address> {
    let normal = match system {
        System::Sms | System::Phone | System::MessagingApp => phone(value)?,
        System::Email => email(value)?,
        System::App | System::Postal | System::Portal | System::Other => line(value)?,
    };
    Some(Address::new(Arc::from(normal)))
}

/// E.164 (ITU-T E.164: `+`, country code, at most 15 digits). A number without `+` is taken as a North American one.
/// A number with letters or an extension is none: it cannot be told whom it reaches.
#[must_use]
pub fn phone(text: &str) -> Option<String> {
    let text = text.trim();
    let text = text.strip_prefix("tel:").or_else(|| text.strip_prefix("sms:")).unwrap_or(text);
    let mut digits = String::with_capacity(16);
    let mut international = false;
    for (index, c) in text.chars().enumerate() {
        match c {
            '+' | '\u{ff0b}' if index == 0 => international = true,
            '0'..='9' => digits.push(c),
            '\u{ff10}'..='\u{ff19}' => digits.push(char::from(b'0' + u8::try_from(u32::from(c) - 0xff10).ok()?)),
            ' ' | '\u{a0}' | '\t' | '-' | '\u{2010}'..='\u{2015}' | '.' | '(' | ')' | '/' => {}
            _ => return None,
        }
    }
    if !international {
        if let Some(rest) = digits.strip_prefix("011") {
            digits = rest.to_owned();
            international = true;
        } else if digits.len() == 10 {
            digits.insert(0, '1');
        }
    }
    let well = match digits.strip_prefix('1') {
        Some(national) => is_nanp(national),
        None => international && (8..=15).contains(&digits.len()) && !digits.starts_with('0'),
    };
    well.then(|| format!("+{digits}"))
}

/// Area code and exchange of a North American number begin with 2 to 9.
fn is_nanp(national: &str) -> bool {
    let starts_well = |at: usize| national.as_bytes().get(at).is_some_and(|b| (b'2'..=b'9').contains(b));
    national.len() == 10 && starts_well(0) && starts_well(3)
}

/// A mail domain in lower case, in the letters that travel (RFC 5890); `None` when it is none.
#[must_use]
pub fn domain(text: &str) -> Option<String> {
    if text.is_ascii() { Some(text.to_ascii_lowercase()) } else { idna::domain_to_ascii(text).ok() }
}

/// An e-mail address with its domain as [`domain`] gives it; the local part is kept as written (RFC 5321 section 2.4).
/// Display names, comments, quotes and lists are refused: one plain address or none. A local part beyond ASCII is one (RFC 6531 section
/// 3.3); whether a server takes it shows in the session.
#[must_use]
pub fn email(text: &str) -> Option<String> {
    let text = text.trim();
    let text = text.strip_prefix("mailto:").unwrap_or(text);
    let (local, domain) = text.rsplit_once('@')?;
    let domain = self::domain(domain)?;
    // RFC 5321 section 4.1.2: a Dot-string; RFC 6531 section 3.3 adds what lies beyond ASCII.
    let beyond = |c: char| !c.is_ascii() && !c.is_control() && !c.is_whitespace() && !is_unseen(c);
    let atom = |part: &str| {
        let well = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c) || beyond(c);
        !part.is_empty() && part.chars().all(well)
    };
    let label_well = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    // RFC 5321 section 4.5.3.1: at most 64 octets before the sign, 255 after.
    let well = (1..=64).contains(&local.len())
        && local.split('.').all(atom)
        && domain.len() <= 255
        && domain.contains('.')
        && domain.split('.').all(label_well);
    well.then(|| format!("{local}@{domain}"))
}

/// Characters by which two addresses look the same and are not, or read the other way round: format and bidirectional controls, other
/// widths of ASCII, private use, and what is no character.
const fn is_unseen(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{e000}'..='\u{f8ff}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ff00}'..='\u{ffff}' | '\u{e0000}'..='\u{10ffff}')
}

/// Text on one line, with single spaces.
fn line(text: &str) -> Option<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    (!words.is_empty()).then(|| words.join(" "))
}

/// A postal address on one line: `1 Elm St, New York, NY 10001`. `None` without a street line or text.
#[must_use]
pub fn postal(address: &fhir::Address) -> Option<Address> {
    let joined = if address.line.is_empty() {
        line(address.text.as_deref()?)?
    } else {
        let state = address.state.as_deref().map(|s| crate::zones::state_code(s).unwrap_or(s));
        let region = [state, address.postal_code.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(" ");
        let foreign = address.country.as_deref().filter(|c| !is_united_states(c));
        let parts = address.line.iter().map(String::as_str).chain(address.city.as_deref());
        let parts = parts.chain((!region.is_empty()).then_some(region.as_str())).chain(foreign);
        line(&parts.collect::<Vec<_>>().join(", "))?
    };
    Some(Address::new(Arc::from(joined)))
}

/// Whether a country, as written in an address, is the United States.
#[must_use]
pub fn is_united_states(country: &str) -> bool {
    let plain: String = country.chars().filter(|c| c.is_ascii_alphabetic()).collect::<String>().to_ascii_uppercase();
    matches!(plain.as_str(), "US" | "USA" | "UNITEDSTATES" | "UNITEDSTATESOFAMERICA")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_number_has_one_form() {
        for text in [
            "+12605559876",
            "260-555-9876",
            "(260) 555-9876",
            "1 260 555 9876",
            "tel:+1-260-555-9876",
            "+1.260.555.9876",
            "\u{ff0b}\u{ff11}\u{ff12}\u{ff16}\u{ff10}5559876",
            "260\u{2011}555\u{2011}9876",
        ] {
            assert_eq!(phone(text).as_deref(), Some("+12605559876"), "{text}");
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in
            ["", "555-9876", "1-800-FLOWERS", "260-555-9876 x12", "+0123456789", "060-555-9876", "260-155-9876", "++1"]
        {
            assert_eq!(phone(text), None, "{text}");
        }
    }

    #[test]
    fn foreign_numbers_need_their_country_code() {
        assert_eq!(phone("+52 55 1234 5678").as_deref(), Some("+525512345678"));
        assert_eq!(phone("011 52 55 1234 5678").as_deref(), Some("+525512345678"));
        assert_eq!(phone("55 1234 5678 9"), None);
    }

    #[test]
    fn the_domain_of_an_address_is_folded_and_the_local_part_is_not() {
        assert_eq!(email(" Pat.Doe@Example.ORG ").as_deref(), Some("Pat.Doe@example.org"));
        assert_eq!(email("pat@Clínica.example").as_deref(), Some("pat@xn--clnica-4va.example"));
        for text in ["josé@example.org", "用户@example.org", "ρόζα.μ@example.org", "राम@example.org"] {
            assert_eq!(email(text).as_deref(), Some(text), "RFC 6531");
        }
        for text in [
            "jos\u{e9}\u{202e}@example.org",
            "ro\u{200b}sa@example.org",
            "\u{ff52}osa@example.org",
            "é é@example.org",
            "é\u{85}@example.org",
            "\"a b\"@example.org",
            "a..b@example.org",
            "pat",
            "pat@",
            "@example.org",
            "a b@example.org",
            "Pat <pat@example.org>",
            "a@b",
            "a@b..org",
            "a@x.org,b@x.org",
        ] {
            assert_eq!(email(text), None, "{text}");
        }
    }
}
