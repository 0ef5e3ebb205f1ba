//! Addresses in their one normal form, so that a point in a record, an opt-out and an inbound message compare equal.

/// The normal form of `text`: E.164 for a number, lower-case domain for an e-mail address, anything else as it is.
#[must_use]
pub fn normal(text: &str) -> String {
    let text = text.trim();
    if let Some((local, domain)) = text.rsplit_once('@') {
        return format!("{local}@{}", domain_of(domain));
    }
    if text.contains('/') || text.chars().any(char::is_alphabetic) {
        return text.to_owned();
    }
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    match digits.len() {
        _ if text.starts_with('+') => format!("+{digits}"),
        10 => format!("+1{digits}"),
        11 if digits.starts_with('1') => format!("+{digits}"),
        _ => text.to_owned(),
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
