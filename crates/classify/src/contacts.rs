//! E-mail addresses.

use crate::cues::ends_sentence;
use crate::fold::Folded;
use crate::shapes::{Pattern, compile};
use crate::words::{self, Words};
use crate::{ClassifierError, Hit, Kind, recipient};
use std::sync::LazyLock;

static EMAIL: LazyLock<Pattern> = LazyLock::new(|| {
    compile(
        r"\b[a-z0-9._%+-]{1,64}(?:\s?@\s?|\s?[\[({]\s?(?:at|arroba)\s?[\])}]\s?|\sat\s|\sarroba\s)[a-z0-9-]+(?:(?:\.|\s\.\s|\s?[\[({]\s?(?:dot|punto)\s?[\])}]\s?|\sdot\s|\spunto\s)[a-z0-9-]+)*(?:\.|\s\.\s|\s?[\[({]\s?(?:dot|punto)\s?[\])}]\s?|\sdot\s|\spunto\s)[a-z]{2,}\b",
    )
});

/// E-mail addresses that are no office's.
pub(crate) fn emails(
    words: &Words,
    folded: &Folded<'_>,
    owned: &[(usize, usize)],
    hits: &mut Vec<Hit>,
) -> Result<(), ClassifierError> {
    for (start, end) in EMAIL.of(&folded.plain)? {
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
    let address = std::str::from_utf8(address).unwrap_or_default();
    let local = address.split(['@', ' ', '[', '(', '{']).next().unwrap_or_default();
    ROLES.split(' ').any(|role| role == local)
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
