//! From what the engine hands over to a mail ready for the wire, and how long it may take: the same for every way it may go.

use super::message::{BadMail, Mail, compose};
use super::smime::{Envelope, Signer};
use crate::provider::{Outbound, Profile, Sent, Unpermitted};
use jiff::Timestamp;
use postern_base::EmailMode;
use postern_gate::Permit;
use postern_ledger::Recorded;
use std::sync::Arc;
use std::time::Duration;

/// Admits what is `recorded` and composes what it lets go, as `from` says it.
///
/// # Errors
/// The answer that says why nothing may leave.
pub(super) fn letter(
    profile: &Profile,
    recorded: &Recorded<Permit>,
    outbound: &Outbound,
    (from, html): (&str, bool),
    signer: Option<&Arc<Signer>>,
    now: Timestamp,
) -> Result<Vec<u8>, Sent> {
    profile.admit(recorded, outbound, now)?;
    let permit = recorded.permit();
    // The permit was admitted: in S/MIME mode both are there.
    let encrypted = permit.mode() == Some(EmailMode::Smime);
    let envelope = match (encrypted, signer, &outbound.recipient) {
        (false, ..) => None,
        (true, Some(signer), Some(recipient)) => Some(Envelope { signer, recipient }),
        (true, ..) => return Err(Sent::Unpermitted(Unpermitted::NoCertificate)),
    };
    let mail = Mail {
        from_name: &outbound.sender,
        from,
        to: permit.contact_point().reveal(),
        subject: outbound.subject.as_ref().map(|subject| subject.reveal().as_str()),
        text: outbound.body.reveal(),
        language: outbound.language,
        html,
        envelope,
        now,
        id: &outbound.idempotency_key,
    };
    compose(&mail).map_err(|bad| match bad {
        // Nothing is wrong with the message: a person puts our own certificate right.
        BadMail::Unprotected(_) => Sent::TemporaryFailure { code: bad.code().to_owned() },
        _ => Sent::PermanentFailure { code: bad.code().to_owned() },
    })
}

/// How long `permit` is good for: what is not with the server by then, but for the final dot, is not sent.
pub(super) fn left(permit: &Permit, now: Timestamp) -> Duration {
    Duration::try_from(permit.not_after().duration_since(now)).unwrap_or_default()
}
