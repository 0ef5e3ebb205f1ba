//! Addresses in their one normal form, so that a point in a record, an opt-out and an inbound message compare equal.

/// The normal form of `text`: E.164 for a number, lower-case domain for an e-mail address, anything else as it is.
#[must_use]
pub fn normal(text: &str) -> String {
    let text: String = text.chars().map(narrow).collect();
    let text = without_scheme(without_name(text.trim()));
    if let Some((local, domain)) = text.rsplit_once('@') {
        return format!("{local}@{}", domain_of(domain));
    }
    // RFC 3966 section 3: what follows the number of a `tel` URI says how it is dialled, and not whose it is.
    let number = text.split(';').next().unwrap_or(text).trim();
    let text = if number.chars().any(|c| c.is_ascii_digit()) && !number.chars().any(char::is_alphabetic) {
        number
    } else {
        text
    };
    if text.contains('/') || text.chars().any(char::is_alphabetic) {
        return text.to_owned();
    }
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    match digits.len() {
        _ if text.starts_with('+') => format!("+{digits}"),
        // 00 and 011 are how a number is dialled abroad.
        11.. if digits.starts_with("00") => format!("+{}", digits.trim_start_matches('0')),
        14.. if digits.starts_with("011") => format!("+{}", digits.strip_prefix("011").unwrap_or(&digits)),
        10 => format!("+1{digits}"),
        11 if digits.starts_with('1') => format!("+{digits}"),
        _ => text.to_owned(),
    }
}

/// A full-width letter, digit or sign (Unicode FF01 to FF5E) as the narrow one it stands for.
fn narrow(c: char) -> char {
    let narrow = u32::from(c).checked_sub(0xfee0).filter(|_| matches!(c, '\u{ff01}'..='\u{ff5e}'));
    narrow.and_then(char::from_u32).unwrap_or(c)
}

/// The address of `Alma Beech <pat@example.org>` (RFC 5322 section 3.4).
fn without_name(text: &str) -> &str {
    match text.rsplit_once('<').and_then(|(_, rest)| rest.strip_suffix('>')) {
        Some(address) => address.trim(),
        None => text,
    }
}

/// The address in a URI of RFC 3966 (`tel`), RFC 5724 (`sms`), or behind `mailto`, without what else a URI may say.
fn without_scheme(text: &str) -> &str {
    const SCHEMES: [&str; 4] = ["tel", "sms", "smsto", "mailto"];
    match text.split_once(':') {
        Some((scheme, rest)) if SCHEMES.iter().any(|known| scheme.eq_ignore_ascii_case(known)) => {
            rest.split('?').next().unwrap_or(rest).trim()
        }
        _ => text,
    }
}

/// The lower-case domain of an e-mail address.
#[must_use]
pub fn domain(address: &str) -> Option<String> {
    address.rsplit_once('@').map(|(_, domain)| domain_of(domain))
}

fn domain_of(text: &str) -> String {
    postern_ehr::normal::domain(text).unwrap_or_else(|| text.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::normal;

    #[test]
    fn a_number_is_one_however_it_is_written_down() {
        for text in [
            "+12125550101",
            "tel:+12125550101",
            "TEL:+1-212-555-0101",
            "sms:+12125550101?body=hi",
            "+12125550101;ext=1",
            "0012125550101",
            "01112125550101",
            "(212) 555-0101",
            "1 212 555 0101",
        ] {
            assert_eq!(normal(text), "+12125550101", "{text}");
        }
        assert_eq!(normal("+\u{ff11}\u{ff12}\u{ff11}\u{ff12}5550101"), "+12125550101");
        assert_eq!(normal("Alma Beech <pat@Example.org>"), "pat@example.org");
        assert_eq!(normal("mailto:Pat@Example.ORG?subject=x"), "Pat@example.org");
        for same in ["Patient/p1", "device-1", "1 Elm St; New York NY 10001", "app:12"] {
            assert_eq!(normal(same), same);
        }
    }
}
