//! E-mail addresses and the reader's street.

use crate::cues::Cues;
use crate::fold::Folded;
use crate::shapes::{Pattern, compile};
use crate::words::Words;
use crate::{ClassifierError, Hit, Kind, recipient, roles};
use std::sync::LazyLock;

static EMAIL: LazyLock<Pattern> = LazyLock::new(|| {
    compile(
        r"\b[a-z0-9._%+-]{1,64}(?:@|\s?[\[({]\s?at\s?[\])}]\s?|\s@\s|\sat\s|\sarroba\s)[a-z0-9-]+(?:(?:\.|\s?[\[({]\s?dot\s?[\])}]\s?|\sdot\s|\spunto\s)[a-z0-9-]+)+\b",
    )
});

static STREET: LazyLock<Pattern> = LazyLock::new(|| {
    compile(
        r"\b\d{1,6} (?:[nsew]\.? |north |south |east |west )?(?:[a-z0-9'.]+ ){1,4}(?:st|street|ave|avenue|rd|road|blvd|boulevard|ln|lane|drive|dr|ct|court|way|pl|place|ter|terrace|hwy|pkwy|cir|circle|trail|square)\b|\b(?:\d{1,6} )?(?:calle|avenida|av\.?|calzada|camino|carretera|pasaje) [a-z0-9 .'#]{2,40}|\bp\.? ?o\.? box \d+|\bapartado \d+",
    )
});

/// E-mail addresses that are no office's.
pub(crate) fn emails(
    folded: &Folded<'_>,
    owned: &[(usize, usize)],
    hits: &mut Vec<Hit>,
) -> Result<(), ClassifierError> {
    for (start, end) in EMAIL.of(&folded.plain)? {
        let free = !recipient::overlaps(owned, start, end);
        if free && !is_role_mailbox(folded.slice(start, end)) {
            hits.push(Hit::identifier(start, end, Kind::Email));
        }
    }
    Ok(())
}

/// Streets that are said to be the reader's.
pub(crate) fn streets(words: &Words, folded: &Folded<'_>, hits: &mut Vec<Hit>) -> Result<(), ClassifierError> {
    if !words.any(roles::STREET) || !words.any(roles::HOME) {
        return Ok(());
    }
    for (start, end) in STREET.of(&folded.plain)? {
        let cues = Cues::before(words, folded, start);
        if cues.says_home(words, folded, start) || Cues::says_home_after(words, folded, end) {
            hits.push(Hit::identifier(start, end, Kind::Address));
        }
    }
    Ok(())
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
        "appts",
        "scheduling",
        "schedule",
        "noreply",
        "no-reply",
        "donotreply",
        "portal",
        "records",
        "privacy",
        "ayuda",
        "citas",
        "contacto",
        "oficina",
        "mail",
        "clinic",
        "care",
        "team",
        "reception",
        "feedback",
        "admin",
        "patients",
        "patientportal",
        "billing",
        "questions",
        "reminders",
        "notifications",
        "hola",
        "soporte",
        "recepcion",
        "staff",
    ];
    let address = std::str::from_utf8(address).unwrap_or_default();
    let local = address.split(['@', ' ', '[', '(', '{']).next().unwrap_or_default();
    ROLES.contains(&local)
}
