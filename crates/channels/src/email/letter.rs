//! From what the engine hands over to a mail ready for the wire, and how long it may take: the same for every way it may go.

use super::dkim::Dkim;
use super::message::{BadMail, Mail, Unsubscribe, compose};
use super::smime::{Envelope, Signer};
use crate::provider::{Outbound, Profile, Sent, Unpermitted};
use jiff::Timestamp;
use postern_base::EmailMode;
use postern_gate::Permit;
use postern_ledger::Recorded;
use std::sync::Arc;
use std::time::Duration;

/// Who writes: the sender's address, and what vouches for it.
#[derive(Debug, Clone)]
pub(super) struct Writer {
    /// The sender's address: in the header, and in the envelope where nobody listens for what comes back.
    pub(super) from: String,
    /// Whether mails carry an HTML alternative of the same words.
    pub(super) html: bool,
    /// Who signs mail that is encrypted to its recipient's certificate.
    pub(super) signer: Option<Arc<Signer>>,
    /// Who sign every mail for the sender's domain, one a key.
    pub(super) dkim: Vec<Arc<Dkim>>,
}

impl Writer {
    /// The envelope's sender. RFC 5321 section 4.5.5: what cannot be delivered comes back to it, so it names the delivery where
    /// somebody listens.
    pub(super) fn sender<'a>(&'a self, outbound: &'a Outbound) -> &'a str {
        outbound.back.as_ref().map_or(&self.from, |back| back.bounces.as_str())
    }
}

/// Admits what is `recorded` and composes what it lets go, as `writer` says it.
///
/// # Errors
/// The answer that says why nothing may leave.
pub(super) fn letter(
    profile: &Profile,
    recorded: &Recorded<Permit>,
    outbound: &Outbound,
    writer: &Writer,
    now: Timestamp,
) -> Result<Vec<u8>, Sent> {
    profile.admit(recorded, outbound, now)?;
    let permit = recorded.permit();
    // The permit was admitted: in S/MIME mode both are there.
    let encrypted = permit.mode() == Some(EmailMode::Smime);
    let envelope = match (encrypted, &writer.signer, &outbound.recipient) {
        (false, ..) => None,
        (true, Some(signer), Some(recipient)) => Some(Envelope { signer, recipient }),
        (true, ..) => return Err(Sent::Unpermitted(Unpermitted::NoCertificate)),
    };
    let mail = Mail {
        from_name: &outbound.sender,
        from: &writer.from,
        to: permit.contact_point().reveal(),
        reply_to: outbound.back.as_ref().map(|back| back.replies.as_str()),
        unsubscribe: outbound
            .unsubscribe
            .as_ref()
            .map(|link| Unsubscribe { link, address: outbound.back.as_ref().map(|back| back.unsubscribe.as_str()) }),
        subject: outbound.subject.as_ref().map(|subject| subject.reveal().as_str()),
        text: outbound.body.reveal(),
        language: outbound.language,
        html: writer.html,
        envelope,
        now,
        id: &outbound.idempotency_key,
    };
    let mut message = compose(&mail).map_err(|bad| match bad {
        // Nothing is wrong with the message: a person puts our own certificate right.
        BadMail::Unprotected(_) => Sent::TemporaryFailure { code: bad.code().to_owned() },
        _ => Sent::PermanentFailure { code: bad.code().to_owned() },
    })?;
    for dkim in &writer.dkim {
        // What should be signed does not go unsigned: its readers' servers would take it for somebody else's.
        let unsigned = |_| Sent::TemporaryFailure { code: "dkim-unsigned".to_owned() };
        message = dkim.sign(&message, now).map_err(unsigned)?;
    }
    Ok(message)
}

/// What came of a mail whose permit ran out at a server, of a time of `left` in which it `stood` in line.
///
/// A server that had most of the time is slow, and that counts; one that was met at the last moment is blamed for nothing.
pub(super) fn ran_out(stood: Duration, left: Duration) -> Sent {
    if stood.saturating_mul(4) > left {
        return Sent::Unpermitted(Unpermitted::Expired);
    }
    Sent::TemporaryFailure { code: "permit-ran-out".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_was_met_at_the_last_moment_is_blamed_for_nothing_and_one_that_had_its_time_is() {
        let after = |stood: u64| ran_out(Duration::from_secs(stood), Duration::from_secs(30));
        assert!(after(29).met_nobody() && after(29).reached());
        assert!(!after(0).met_nobody() && !after(0).reached());
        assert!(!after(5).met_nobody(), "as long as whoever is let into the line stands there");
    }
}
