//! What is taken of an answer to a mail of ours even when that mail has been answered as often as is kept in a day: who fills the measure,
//! or a loop that does, keeps no patient from saying stop, and no server from saying that a mail did not arrive.

use crate::email::arrived::{self, What};
use crate::email::back::{Mailbox, Way};
use postern_gate::revocation;

/// The largest such mail, in bytes: a bounce encloses some of ours, an answer quotes it.
pub(super) const BYTES_MAX: usize = 64 << 10;

/// Why a mail is taken all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Urgent {
    /// A server says what became of our mail (RFC 3464).
    Bounce,
    /// Somebody wants no more of it: 45 CFR 164.522(b), 47 CFR 64.1200(a)(10) and RFC 2369 alike ask that this is heard.
    Stop,
}

/// What is urgent about `content`, which came for `to`. `from_nobody` = from the null path, as a bounce does.
pub(super) fn urgent(content: &[u8], from_nobody: bool, to: &[Mailbox]) -> Option<Urgent> {
    match arrived::read(content, from_nobody).what {
        What::Bounce(_) => Some(Urgent::Bounce),
        What::Complaint(_) => Some(Urgent::Stop),
        _ if to.iter().any(|mailbox| matches!(mailbox, Mailbox::Delivery(Way::Unsubscribe, _))) => Some(Urgent::Stop),
        What::Reply(words) if ends(words.text.reveal()) => Some(Urgent::Stop),
        What::Reply(_) | What::AutoReply | What::Loop | What::Unreadable => None,
    }
}

/// It says stop, or that the patient is not there.
fn ends(words: &str) -> bool {
    let meaning = revocation::read(words);
    meaning.stops() || meaning.is_wrong_number()
}

#[cfg(test)]
mod tests {
    use super::*;
    use postern_base::DeliveryId;

    fn of(way: Way) -> [Mailbox; 1] {
        [Mailbox::Delivery(way, DeliveryId(uuid::Uuid::from_u128(1)))]
    }

    fn said(words: &str) -> Vec<u8> {
        format!("From: rosa@example.org\r\nSubject: Re: Your visit\r\n\r\n{words}\r\n").into_bytes()
    }

    #[test]
    fn a_stop_a_complaint_and_a_bounce_are_urgent_and_other_words_are_not() {
        let reply = of(Way::Reply);
        assert_eq!(urgent(&said("STOP"), false, &reply), Some(Urgent::Stop));
        assert_eq!(urgent(&said("Thank you, see you on Monday."), false, &reply), None);
        assert_eq!(urgent(&said(""), false, &of(Way::Unsubscribe)), Some(Urgent::Stop), "its address says it");
        let bounce = "From: MAILER-DAEMON@mx.example\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n\
            --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n\
            Final-Recipient: rfc822; rosa@example.org\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--b--\r\n";
        assert_eq!(urgent(bounce.as_bytes(), true, &of(Way::Bounce)), Some(Urgent::Bounce));
        let away = b"From: rosa@example.org\r\nAuto-Submitted: auto-replied\r\n\r\nSTOP\r\n";
        assert_eq!(urgent(away, false, &reply), None, "a machine's answer is what a loop is made of");
    }
}
