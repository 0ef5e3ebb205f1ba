//! Magic recipients: what a simulator does depends on whom it is to reach, so that every path can be walked by hand.
//!
//! Numbers are of the form `+1555555NNNN`, which no carrier assigns; mail addresses are magic by their local part, or by
//! the first label of their domain. Any other recipient gets the message and a receipt a second later.

use postern_gate::TransportFloor;

/// What a simulator does with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behaviour {
    /// Takes it; the receipt says delivered a second later.
    Deliver,
    /// Fails this many times for each delivery, then as [`Behaviour::Deliver`].
    FailFirst(u32),
    /// Fails for good, at once.
    Reject,
    /// Never answers. The message was taken, and its receipt comes later.
    TimeOutTaken,
    /// Never answers. The message was not taken.
    TimeOutLost,
    /// Takes it; the receipt comes after ten minutes.
    LateReceipt,
    /// Takes it and never says more.
    NoReceipt,
    /// Takes it; the receipt says failed.
    FailedReceipt,
    /// Takes it, delivers it, and the recipient answers with this text.
    Answer(&'static str),
    /// The session with the vendor itself cannot be verified.
    WeakSession,
    /// The recipient's domain holds no more than this. It matters to a message whose floor asks something of the domain; a
    /// notice needs a verified session with the vendor only.
    DomainHolds(Option<TransportFloor>),
}

/// A magic recipient.
#[derive(Debug, Clone, Copy)]
pub struct Magic {
    /// What makes it magic: the end of a number, a local part, or `@` and the first label of a domain.
    pub mark: &'static str,
    /// What the simulator does.
    pub behaviour: Behaviour,
    /// The same in words, for the page and the documentation.
    pub what: &'static str,
}

const fn magic(mark: &'static str, behaviour: Behaviour, what: &'static str) -> Magic {
    Magic { mark, behaviour, what }
}

/// What begins every magic number.
pub const SMS_PREFIX: &str = "+1555555";

/// Magic numbers, by their last four digits after [`SMS_PREFIX`].
pub const SMS: &[Magic] = &[
    magic("9001", Behaviour::FailFirst(1), "fails once, then delivers"),
    magic("9003", Behaviour::FailFirst(3), "fails three times, then delivers"),
    magic("9009", Behaviour::FailFirst(u32::MAX), "fails every time, as if temporarily"),
    magic("9010", Behaviour::Reject, "is refused for good"),
    magic("9020", Behaviour::TimeOutTaken, "never answers, but takes the message; a receipt comes later"),
    magic("9021", Behaviour::TimeOutLost, "never answers, and loses the message"),
    magic("9030", Behaviour::LateReceipt, "delivers; the receipt comes after ten minutes"),
    magic("9031", Behaviour::NoReceipt, "takes the message and never says more"),
    magic("9032", Behaviour::FailedReceipt, "takes the message; the receipt says failed"),
    magic("9040", Behaviour::Answer("Wrong number"), "delivers; the recipient answers \"Wrong number\""),
    magic("9041", Behaviour::Answer("STOP"), "delivers; the recipient answers \"STOP\""),
    magic("9050", Behaviour::WeakSession, "cannot be reached over a verified session"),
];

/// Magic mail addresses, by local part (up to a `+`) or by `@` and the first label of the domain.
pub const EMAIL: &[Magic] = &[
    magic("tempfail", Behaviour::FailFirst(1), "fails once, then delivers"),
    magic("tempfail3", Behaviour::FailFirst(3), "fails three times, then delivers"),
    magic("tempfail-always", Behaviour::FailFirst(u32::MAX), "fails every time, as if temporarily"),
    magic("permfail", Behaviour::Reject, "is refused for good"),
    magic("timeout", Behaviour::TimeOutTaken, "never answers, but takes the message; a receipt comes later"),
    magic("timeout-lost", Behaviour::TimeOutLost, "never answers, and loses the message"),
    magic("late", Behaviour::LateReceipt, "delivers; the receipt comes after ten minutes"),
    magic("noreceipt", Behaviour::NoReceipt, "takes the message and never says more"),
    magic("bounce", Behaviour::FailedReceipt, "takes the message; the receipt says failed"),
    magic("wrong", Behaviour::Answer("Wrong person"), "delivers; the recipient answers \"Wrong person\""),
    magic("stop", Behaviour::Answer("STOP"), "delivers; the recipient answers \"STOP\""),
    magic("weak-session", Behaviour::WeakSession, "cannot be reached over a verified session"),
    magic("@no-tls", Behaviour::DomainHolds(None), "has no STARTTLS, or a certificate that does not hold"),
    magic(
        "@no-policy",
        Behaviour::DomainHolds(Some(TransportFloor::VerifiedTls)),
        "has a valid certificate, but neither MTA-STS nor DANE",
    ),
];

/// What happens to a text to `number` (E.164).
#[must_use]
pub fn sms(number: &str) -> Behaviour {
    number
        .strip_prefix(SMS_PREFIX)
        .and_then(|end| SMS.iter().find(|magic| magic.mark == end))
        .map_or(Behaviour::Deliver, |magic| magic.behaviour)
}

/// What happens to a mail to `address`.
#[must_use]
pub fn email(address: &str) -> Behaviour {
    let address = address.to_ascii_lowercase();
    let Some((local, domain)) = address.rsplit_once('@') else {
        return Behaviour::Reject;
    };
    let local = local.split('+').next().unwrap_or(local);
    let label = domain.split('.').next().unwrap_or(domain);
    EMAIL
        .iter()
        .find(|magic| match magic.mark.strip_prefix('@') {
            Some(mark) => mark == label,
            None => magic.mark == local,
        })
        .map_or(Behaviour::Deliver, |magic| magic.behaviour)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ordinary_recipient_is_delivered_to() {
        assert_eq!(sms("+12125550142"), Behaviour::Deliver);
        assert_eq!(sms("+12125559010"), Behaviour::Deliver);
        assert_eq!(email("rosa@example.org"), Behaviour::Deliver);
    }

    #[test]
    fn every_magic_recipient_does_what_its_row_says() {
        for magic in SMS {
            assert_eq!(sms(&format!("{SMS_PREFIX}{}", magic.mark)), magic.behaviour, "{}", magic.mark);
        }
        for magic in EMAIL {
            let address = match magic.mark.strip_prefix('@') {
                Some(label) => format!("rosa@{label}.example"),
                None => format!("{}+tag@example.org", magic.mark.to_uppercase()),
            };
            assert_eq!(email(&address), magic.behaviour, "{address}");
        }
    }

    #[test]
    fn what_is_not_an_address_is_refused() {
        assert_eq!(email("nowhere"), Behaviour::Reject);
    }
}
