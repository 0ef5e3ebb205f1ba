//! What is said in an SMTP session, and what is answered (RFC 5321), without a socket: a line goes in, a step comes out.
//!
//! It takes mail for mailboxes of ours and for nobody else, so there is nothing it could be made to relay.

use crate::email::back::{Mailbox, ReturnAddresses};
use postern_base::DeliveryId;
use smtp_proto::{Error, Request};

/// The limits of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bounds {
    /// The largest mail, in bytes.
    pub(super) message_bytes: usize,
    /// Recipients of one mail.
    pub(super) recipients: usize,
    /// Mails in one session.
    pub(super) messages: u32,
    /// Commands that were not understood or not allowed, in one session.
    pub(super) errors: u32,
}

/// What comes of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// Answer, and read on.
    Say(String),
    /// Answer, then begin TLS.
    StartTls(String),
    /// Answer, then read the mail.
    Data(String),
    /// Answer, then close.
    Close(String),
}

/// Who a mail is from and whom it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Envelope {
    /// The sender's address; empty = the null path of a bounce.
    pub(super) from: String,
    /// The mailboxes, each once.
    pub(super) to: Vec<Mailbox>,
}

/// Where a session stands.
#[derive(Debug)]
pub(super) struct Dialogue<'a> {
    host: &'a str,
    addresses: &'a ReturnAddresses,
    bounds: Bounds,
    /// TLS can be had, and has not begun.
    tls_offered: bool,
    greeted: bool,
    envelope: Option<Envelope>,
    messages: u32,
    errors: u32,
}

impl<'a> Dialogue<'a> {
    pub(super) const fn new(host: &'a str, addresses: &'a ReturnAddresses, bounds: Bounds, tls: bool) -> Self {
        Self { host, addresses, bounds, tls_offered: tls, greeted: false, envelope: None, messages: 0, errors: 0 }
    }

    pub(super) fn greeting(&self) -> String {
        format!("220 {} ESMTP\r\n", self.host)
    }

    /// RFC 3207 section 4.2: what was said before TLS is forgotten.
    pub(super) fn secured(&mut self) {
        self.tls_offered = false;
        self.greeted = false;
        self.envelope = None;
    }

    /// One command, with its line end.
    pub(super) fn line(&mut self, line: &[u8]) -> Step {
        let step = self.step(line);
        match &step {
            Step::Say(reply) if reply.starts_with('5') => self.wrong(reply.clone()),
            _ => step,
        }
    }

    /// A line that is no command at all: too long, or not ended as lines are.
    pub(super) fn garbled(&mut self) -> Step {
        self.wrong("500 5.5.2 Not understood\r\n".to_owned())
    }

    /// Counts a mistake; who makes too many is sent away (house: this is no conversation then).
    fn wrong(&mut self, reply: String) -> Step {
        self.errors = self.errors.saturating_add(1);
        if self.errors >= self.bounds.errors {
            return Step::Close("421 4.7.0 Too many errors\r\n".to_owned());
        }
        Step::Say(reply)
    }

    fn step(&mut self, line: &[u8]) -> Step {
        let say = |text: &str| Step::Say(format!("{text}\r\n"));
        // RFC 5321 section 2.3.8: a bare CR or LF ends no line, and NUL is in none.
        let Some(text) = line.strip_suffix(b"\r\n") else { return say("500 5.5.2 Not understood") };
        if text.iter().any(|byte| matches!(byte, 0 | b'\r' | b'\n')) {
            return say("500 5.5.2 Not understood");
        }
        // RFC 5321 section 4.5.1: `postmaster` is a mailbox without a domain too. The parser knows none without.
        if text.eq_ignore_ascii_case(b"RCPT TO:<postmaster>") {
            return self.recipient(&format!("postmaster@{}", self.addresses.domain()));
        }
        let request = match Request::parse(&mut line.iter()) {
            Ok(request) => request,
            Err(error) => return say(complaint(&error)),
        };
        match request {
            Request::Ehlo { .. } => self.hello(true),
            Request::Helo { .. } => self.hello(false),
            Request::StartTls if self.tls_offered => Step::StartTls("220 2.0.0 Go ahead\r\n".to_owned()),
            Request::StartTls => say("503 5.5.1 TLS is not offered here"),
            Request::Mail { from } => self.mail(&from.address, from.size, from.flags),
            Request::Rcpt { to } => self.recipient(&to.address),
            Request::Data => self.data(),
            Request::Rset => {
                self.envelope = None;
                say("250 2.0.0 Ok")
            }
            Request::Noop { .. } => say("250 2.0.0 Ok"),
            Request::Quit => Step::Close("221 2.0.0 Bye\r\n".to_owned()),
            // RFC 5321 section 7.3: nobody is told who has a mailbox.
            Request::Vrfy { .. } => say("252 2.5.0 Send some mail, and see"),
            _ => say("502 5.5.1 Not here"),
        }
    }

    fn hello(&mut self, extended: bool) -> Step {
        self.greeted = true;
        self.envelope = None;
        if !extended {
            return Step::Say(format!("250 {}\r\n", self.host));
        }
        let tls = if self.tls_offered { "250-STARTTLS\r\n" } else { "" };
        Step::Say(format!(
            "250-{}\r\n250-PIPELINING\r\n250-SIZE {}\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n{tls}250 ENHANCEDSTATUSCODES\r\n",
            self.host, self.bounds.message_bytes
        ))
    }

    fn mail(&mut self, from: &str, size: usize, flags: u64) -> Step {
        let say = |text: &str| Step::Say(format!("{text}\r\n"));
        if !self.greeted {
            return say("503 5.5.1 Say EHLO first");
        }
        if self.envelope.is_some() {
            return say("503 5.5.1 A mail is under way");
        }
        if self.messages >= self.bounds.messages {
            return Step::Close("421 4.7.0 Enough for one session\r\n".to_owned());
        }
        if size > self.bounds.message_bytes {
            return say("552 5.3.4 Larger than is taken here");
        }
        // RFC 6531 section 3.1: whom we write to beyond ASCII answers from there, and so does what brings our mail back.
        let known = smtp_proto::MAIL_BODY_7BIT | smtp_proto::MAIL_BODY_8BITMIME | smtp_proto::MAIL_SMTPUTF8;
        if flags & !known != 0 {
            return say("555 5.5.4 A parameter is not known here");
        }
        self.envelope = Some(Envelope { from: from.to_owned(), to: Vec::new() });
        say("250 2.1.0 Ok")
    }

    fn recipient(&mut self, to: &str) -> Step {
        let say = |text: &str| Step::Say(format!("{text}\r\n"));
        let bounds = self.bounds;
        let mailbox = self.addresses.mailbox(to);
        let Some(envelope) = &mut self.envelope else { return say("503 5.5.1 Say MAIL first") };
        // One answer to an address elsewhere and to one that nobody signed: there is nothing to find out by asking.
        let Some(mailbox) = mailbox else { return say("550 5.1.1 No such mailbox") };
        if envelope.to.contains(&mailbox) {
            return say("250 2.1.5 Ok");
        }
        if envelope.to.len() >= bounds.recipients {
            return say("452 4.5.3 Enough recipients");
        }
        envelope.to.push(mailbox);
        say("250 2.1.5 Ok")
    }

    fn data(&mut self) -> Step {
        match &self.envelope {
            Some(envelope) if !envelope.to.is_empty() => {
                Step::Data("354 End with a dot on a line of its own\r\n".into())
            }
            Some(_) => Step::Say("554 5.5.1 No recipients\r\n".to_owned()),
            None => Step::Say("503 5.5.1 Say MAIL first\r\n".to_owned()),
        }
    }

    /// Whether the mail is for a mailbox that anybody may write to, and so answers no mail of ours.
    pub(super) fn is_unasked(&self) -> bool {
        self.envelope.as_ref().is_some_and(|envelope| envelope.to.iter().any(|to| matches!(to, Mailbox::Role(_))))
    }

    /// The deliveries whose mail is answered by the one under way.
    pub(super) fn answered(&self) -> impl Iterator<Item = DeliveryId> {
        let to = self.envelope.as_ref().map_or([].as_slice(), |envelope| envelope.to.as_slice());
        to.iter().filter_map(|mailbox| match mailbox {
            Mailbox::Delivery(_, delivery) => Some(*delivery),
            Mailbox::Role(_) => None,
        })
    }

    /// Forgets the mail under way.
    pub(super) fn drop_mail(&mut self) {
        self.envelope = None;
    }

    /// The envelope of the mail whose content was read; the next one begins with MAIL.
    pub(super) fn taken(&mut self) -> Option<Envelope> {
        self.messages = self.messages.saturating_add(1);
        self.envelope.take()
    }
}

/// What is answered to a command that cannot be read.
const fn complaint(error: &Error) -> &'static str {
    match error {
        Error::InvalidSenderAddress => "501 5.1.7 Not an address",
        Error::InvalidRecipientAddress => "501 5.1.3 Not an address",
        Error::InvalidParameter { .. } | Error::SyntaxError { .. } => "501 5.5.4 Not understood",
        Error::UnsupportedParameter { .. } => "555 5.5.4 A parameter is not known here",
        Error::UnknownCommand
        | Error::NeedsMoreData { .. }
        | Error::ResponseTooLong
        | Error::InvalidResponse { .. } => "500 5.5.2 Not understood",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::email::back::{Role, Way};
    use postern_base::Secret;

    const BOUNDS: Bounds = Bounds { message_bytes: 1000, recipients: 2, messages: 2, errors: 5 };

    fn addresses() -> ReturnAddresses {
        ReturnAddresses::new("back.example", &Secret::new([7; 32])).unwrap()
    }

    fn delivery(n: u128) -> DeliveryId {
        DeliveryId(uuid::Uuid::from_u128(n))
    }

    fn said(dialogue: &mut Dialogue<'_>, line: &str) -> String {
        match dialogue.line(format!("{line}\r\n").as_bytes()) {
            Step::Say(text) => text,
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn only_a_mailbox_of_ours_is_taken_so_nothing_can_be_relayed() {
        let addresses = addresses();
        let mut dialogue = Dialogue::new("mx.example", &addresses, BOUNDS, false);
        assert!(said(&mut dialogue, "EHLO x").contains("SIZE 1000"));
        assert!(said(&mut dialogue, "MAIL FROM:<>").starts_with("250"));
        for elsewhere in [
            "victim@elsewhere.example",
            "x@back.example",
            "b-00@back.example",
            "victim%elsewhere.example@back.example",
            "@back.example:victim@elsewhere.example",
            "\"victim@elsewhere.example\"@back.example",
        ] {
            let reply = said(&mut dialogue, &format!("RCPT TO:<{elsewhere}>"));
            assert!(reply.starts_with('5') || reply.contains("421"), "{elsewhere}: {reply}");
            dialogue.errors = 0;
        }
        assert!(said(&mut dialogue, "DATA").starts_with("554"));
        let own = addresses.address(Way::Bounce, delivery(1));
        assert!(said(&mut dialogue, &format!("RCPT TO:<{own}>")).starts_with("250"));
        assert!(matches!(dialogue.line(b"DATA\r\n"), Step::Data(_)));
        let to = vec![Mailbox::Delivery(Way::Bounce, delivery(1))];
        assert_eq!(dialogue.taken(), Some(Envelope { from: String::new(), to }));
    }

    #[test]
    fn who_writes_from_an_address_beyond_ascii_is_heard() {
        let addresses = addresses();
        let mut dialogue = Dialogue::new("mx.example", &addresses, BOUNDS, false);
        assert!(said(&mut dialogue, "EHLO x").contains("250-SMTPUTF8\r\n"));
        assert!(said(&mut dialogue, "MAIL FROM:<josé@b.example> SMTPUTF8 BODY=8BITMIME").starts_with("250"));
        let own = addresses.address(Way::Reply, delivery(1));
        assert!(said(&mut dialogue, &format!("RCPT TO:<{own}>")).starts_with("250"));
        assert_eq!(dialogue.taken().unwrap().from, "josé@b.example");
        assert!(said(&mut dialogue, "MAIL FROM:<a@b.example> REQUIRETLS").starts_with("555"));
    }

    #[test]
    fn postmaster_is_a_mailbox_with_and_without_the_domain() {
        let addresses = addresses();
        for address in ["postmaster", "Postmaster@Back.example"] {
            let mut dialogue = Dialogue::new("mx.example", &addresses, BOUNDS, false);
            said(&mut dialogue, "HELO x");
            said(&mut dialogue, "MAIL FROM:<a@b.example>");
            let reply = said(&mut dialogue, &format!("RCPT TO:<{address}>"));
            assert!(reply.starts_with("250"), "{address}: {reply}");
            assert_eq!(dialogue.taken().unwrap().to, [Mailbox::Role(Role::Postmaster)]);
        }
    }

    #[test]
    fn commands_out_of_order_are_refused_and_change_nothing() {
        let addresses = addresses();
        let mut dialogue = Dialogue::new("mx.example", &addresses, BOUNDS, false);
        assert!(said(&mut dialogue, "MAIL FROM:<>").starts_with("503"));
        assert!(said(&mut dialogue, "RCPT TO:<postmaster>").starts_with("503"));
        assert!(said(&mut dialogue, "DATA").starts_with("503"));
        assert!(said(&mut dialogue, "STARTTLS").starts_with("503"));
        assert!(matches!(dialogue.line(b"AUTH PLAIN AAAA\r\n"), Step::Close(_)), "five mistakes are enough");
    }

    #[test]
    fn what_was_said_before_tls_is_forgotten() {
        let addresses = addresses();
        let mut dialogue = Dialogue::new("mx.example", &addresses, BOUNDS, true);
        assert!(said(&mut dialogue, "EHLO x").contains("STARTTLS"));
        said(&mut dialogue, "MAIL FROM:<early@b.example>");
        assert!(matches!(dialogue.line(b"STARTTLS\r\n"), Step::StartTls(_)));
        dialogue.secured();
        assert!(said(&mut dialogue, "MAIL FROM:<>").starts_with("503"));
        assert!(!said(&mut dialogue, "EHLO x").contains("STARTTLS"));
    }

    #[test]
    fn limits_on_size_recipients_and_mails_hold() {
        let addresses = addresses();
        let mut dialogue = Dialogue::new("mx.example", &addresses, BOUNDS, false);
        said(&mut dialogue, "EHLO x");
        assert!(said(&mut dialogue, "MAIL FROM:<> SIZE=1001").starts_with("552"));
        for _ in 0..2 {
            assert!(said(&mut dialogue, "MAIL FROM:<> SIZE=1000 BODY=8BITMIME").starts_with("250"));
            for n in 1..=2 {
                let own = addresses.address(Way::Reply, delivery(n));
                assert!(said(&mut dialogue, &format!("RCPT TO:<{own}>")).starts_with("250"));
                assert!(said(&mut dialogue, &format!("RCPT TO:<{own}>")).starts_with("250"), "twice is once");
            }
            let third = addresses.address(Way::Reply, delivery(3));
            assert!(said(&mut dialogue, &format!("RCPT TO:<{third}>")).starts_with("452"));
            assert_eq!(dialogue.taken().unwrap().to.len(), 2);
        }
        assert!(matches!(dialogue.line(b"MAIL FROM:<>\r\n"), Step::Close(_)));
    }

    #[test]
    fn lines_that_are_none_are_refused() {
        let addresses = addresses();
        for line in [b"EHLO x\n".as_slice(), b"EHLO\rx\r\n", b"EH\0LO x\r\n", b"\r\n", b"\xff\xfe\r\n", b"EHLO x"] {
            let mut dialogue = Dialogue::new("mx.example", &addresses, BOUNDS, false);
            match dialogue.line(line) {
                Step::Say(reply) => assert!(reply.starts_with('5'), "{line:?}: {reply}"),
                other => panic!("{line:?}: {other:?}"),
            }
        }
    }
}
