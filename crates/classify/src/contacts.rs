//! E-mail addresses.

use crate::cues::ends_sentence;
use crate::fold::Folded;
use crate::shapes::Tried;
use crate::words::{self, Words};
use crate::{ClassifierError, Hit, Kind, recipient};
use std::collections::HashSet;
use std::sync::LazyLock;

/// What follows the name of a mailbox: the sign in any of its forms, and a domain.
static DOMAIN: LazyLock<Option<Tried>> = LazyLock::new(|| {
    Tried::of(&[
        r"(?:\s?@\s?|\s?[\[({]\s?(?:at|arroba)\s?[\])}]\s?|\sat\s|\sarroba\s)[a-z0-9-]+(?:(?:\.|\s\.\s|\s?[\[({]\s?(?:dot|punto)\s?[\])}]\s?|\sdot\s|\spunto\s)[a-z0-9-]+)*(?:\.|\s\.\s|\s?[\[({]\s?(?:dot|punto)\s?[\])}]\s?|\sdot\s|\spunto\s)[a-z]{2,}\b",
    ])
});

/// RFC 5321 section 4.5.3.1.1: the longest name of a mailbox.
const MAILBOX_MAX: usize = 64;

/// What the name of a mailbox is written with.
const NAMED: [bool; 256] = {
    let mut named = [false; 256];
    let mut at = 0_u8;
    while at < 128 {
        #[expect(clippy::indexing_slicing, reason = "evaluated when compiled, within bounds")]
        {
            named[at as usize] = at.is_ascii_alphanumeric() || matches!(at, b'.' | b'_' | b'%' | b'+' | b'-');
        }
        at += 1;
    }
    named
};

/// Where the addresses of a text begin and end.
fn addresses(text: &[u8]) -> Result<Vec<(usize, usize)>, ClassifierError> {
    let domain = DOMAIN.as_ref().ok_or(ClassifierError::NotReady)?;
    let named = |byte: &u8| NAMED.get(usize::from(*byte)) == Some(&true);
    let is_word = |at: usize| text.get(at).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(next) = text.iter().skip(at).position(named) {
        let start = at + next;
        let end = start + text.iter().skip(start).take_while(|byte| named(byte)).count();
        at = end;
        let opens = |sign: Option<&u8>| matches!(sign, Some(b'@' | b'[' | b'(' | b'{'));
        let blank = text.get(end).is_some_and(u8::is_ascii_whitespace);
        if !opens(text.get(end)) && !(blank && (opens(text.get(end + 1)) || text.get(end + 1) == Some(&b'a'))) {
            continue;
        }
        // It begins where a word begins or ends.
        let begins = |at: &usize| at.checked_sub(1).is_some_and(is_word) != is_word(*at);
        let first = (start.max(end.saturating_sub(MAILBOX_MAX))..end).find(begins);
        if let Some((first, (_, last))) = first.zip(domain.at(text, end)) {
            found.push((first, last));
            at = last;
        }
    }
    Ok(found)
}

/// E-mail addresses that are no office's.
pub(crate) fn emails(
    words: &Words,
    folded: &Folded<'_>,
    owned: &[(usize, usize)],
    hits: &mut Vec<Hit>,
) -> Result<(), ClassifierError> {
    for (start, end) in addresses(&folded.plain)? {
        let free = !recipient::overlaps(owned, start, end);
        if free && !is_role_mailbox(folded.slice(start, end)) && !is_to_write_to(words, folded, start) {
            hits.push(Hit::identifier(start, end, Kind::Email));
        }
    }
    Ok(())
}

/// What mailboxes of offices are called, English and Spanish, divided by blanks.
const ROLES: &str = "\
    info help support contact hello office frontdesk front-desk desk appointments appts scheduling schedule noreply no-reply \
    donotreply portal records privacy ayuda citas contacto oficina mail clinic care team reception feedback admin patients \
    patientportal billing questions reminders notifications hola soporte recepcion staff forms form jobs job hr careers career \
    events event facilities it marketing press news newsletter donate volunteer volunteers parking survey surveys sales service \
    services customerservice webmaster security accounts accounting payments pay invoices orders refunds referrals intake \
    registration register reply noresponder empleo trabajo formularios pagos facturacion quejas citas-online atencion \
    comunicacion interpreters privacyofficer helpdesk ayudas hello-desk scheduler main general lostandfound lost media rsvp \
    eventos voluntarios nomina transport rides compliance legal fax efax docs documents upload secure portalhelp portal-help \
    techsupport";

/// A mailbox of an office, not of a person.
fn is_role_mailbox(address: &[u8]) -> bool {
    static KNOWN: LazyLock<HashSet<&[u8]>> = LazyLock::new(|| ROLES.split(' ').map(str::as_bytes).collect());
    address
        .split(|byte| matches!(byte, b'@' | b' ' | b'[' | b'(' | b'{'))
        .next()
        .is_some_and(|name| KNOWN.contains(name))
}

/// `e-mail us at`, `write to`, `escríbanos a`: an address that the reader is asked to write to.
fn is_to_write_to(list: &[words::Word], folded: &Folded<'_>, start: usize) -> bool {
    let first = words::from(list, start);
    let mut next = start;
    let mut texts = Vec::new();
    for word in list.get(..first).unwrap_or_default().iter().rev().take(7) {
        if ends_sentence(folded.slice(word.end, next), word) {
            break;
        }
        texts.push(folded.slice(word.start, word.end));
        next = word.start;
    }
    let says = |words: &[&str]| texts.iter().any(|text| words.iter().any(|word| word.as_bytes() == *text));
    says(&["us", "our", "escribanos", "nuestro", "nos", "contactenos", "envienos", "mandenos"])
        && !says(&["your", "su", "tu", "ur", "you", "sent", "mailed"])
}
