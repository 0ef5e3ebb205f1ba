//! Composing a mail: neutral, plain, and impossible to inject headers into.
//!
//! The words are exactly the permitted ones; the HTML alternative is made from the same text (`html.rs`) and holds no image, no style
//! from elsewhere, no tracker and no rewritten link (RULES EML-06).

use super::html;
use super::smime::{Envelope, ProtectError};
use jiff::Timestamp;
use mail_builder::MessageBuilder;
use mail_builder::headers::address::Address;
use mail_builder::headers::content_type::ContentType;
use mail_builder::headers::date::Date;
use mail_builder::headers::raw::Raw;
use mail_builder::mime::{BodyPart, MimePart};
use postern_base::Language;
use thiserror::Error;

/// RFC 5321 section 4.5.3.1.3: a path holds at most 256 octets with its angle brackets.
const ADDRESS_OCTETS: usize = 254;
/// RFC 5322 section 2.1.1: a line holds at most 998 characters without its CRLF.
const LINE_OCTETS: usize = 998;

/// What goes into a mail.
#[derive(Clone, Copy)]
pub struct Mail<'a> {
    /// The neutral sender name.
    pub from_name: &'a str,
    /// The sender's address.
    pub from: &'a str,
    /// The recipient's address; never with a name, which would be PHI on the open path.
    pub to: &'a str,
    /// Where an answer goes, when not to the sender's address.
    pub reply_to: Option<&'a str>,
    /// How its reader hears no more of such mail.
    pub unsubscribe: Option<Unsubscribe<'a>>,
    /// The subject, level L0.
    pub subject: Option<&'a str>,
    /// The body.
    pub text: &'a str,
    /// The language of the words.
    pub language: Language,
    /// Whether the same words go as an HTML alternative too.
    pub html: bool,
    /// When it is sent.
    pub now: Timestamp,
    /// What the content is put in; `None` = it travels as it is.
    pub envelope: Option<Envelope<'a>>,
    /// The idempotency key: the left side of the Message-ID, so that a repeated mail is recognisable to every server.
    pub id: &'a str,
}

/// How the reader of a commercial mail hears no more of it.
#[derive(Debug, Clone, Copy)]
pub struct Unsubscribe<'a> {
    /// By a click, of theirs or of their mail program (RFC 8058).
    pub link: &'a str,
    /// By mail, where somebody takes it (RFC 2369).
    pub address: Option<&'a str>,
}

impl std::fmt::Debug for Mail<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Mail")
    }
}

/// Why a mail could not be composed. Names the field, never its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BadMail {
    /// A header's text holds a line end or another control character.
    #[error("the {0} holds a control character or an encoded word (RFC 2047); headers are one line of text")]
    ControlCharacter(&'static str),
    /// An address is not a plain `local@domain`. Domains are given as A-labels (RFC 5890); only a recipient's local part may lie beyond
    /// ASCII (RFC 6531), and addresses that need quotes are not supported.
    #[error("the {0} is not an address of the form local@domain")]
    Address(&'static str),
    /// The idempotency key is not 1 to 64 letters, digits, '-' or '.'.
    #[error("the message id is not 1 to 64 letters, digits, '-' or '.'")]
    Id,
    /// The composed message breaks the rules of the wire.
    #[error("the composed mail has a line that may not travel")]
    Wire,
    /// The content could not be signed and encrypted.
    #[error("{0}")]
    Unprotected(ProtectError),
}

impl BadMail {
    /// The closed word for it, for outcomes and metrics.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::ControlCharacter(_) => "mail-control-character",
            Self::Address(_) => "mail-address",
            Self::Id => "mail-id",
            Self::Wire => "mail-wire",
            Self::Unprotected(ProtectError::OwnCertificate) => "smime-own-certificate",
            Self::Unprotected(ProtectError::Library) => "smime-refused",
        }
    }
}

/// Composes `mail` as it is put on the wire before dot-stuffing (RFC 5322, RFC 2045), every line ended by CRLF.
///
/// # Errors
/// [`BadMail`].
pub fn compose(mail: &Mail<'_>) -> Result<Vec<u8>, BadMail> {
    one_line("sender name", mail.from_name)?;
    address("sender address", mail.from)?;
    recipient(mail.to)?;
    if let Some(reply_to) = mail.reply_to {
        address("reply address", reply_to)?;
    }
    let id_well = (1..=64).contains(&mail.id.len())
        && mail.id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.');
    if !id_well {
        return Err(BadMail::Id);
    }
    let domain = mail.from.rsplit_once('@').map_or(mail.from, |(_, domain)| domain);
    let mut message = MessageBuilder::new()
        .from(Address::new_address(Some(mail.from_name), mail.from))
        .to(Address::new_address(None::<&str>, mail.to))
        .date(Date::new(mail.now.as_second()))
        .message_id(format!("{}@{domain}", mail.id))
        // RFC 3282: the language of the words, for a reader's program that speaks them.
        .header("Content-Language", Raw::new(mail.language.as_str()))
        // RFC 3834 section 5: a message that no person wrote just now says so, and no vacation notice answers it.
        .header("Auto-Submitted", Raw::new("auto-generated"));
    if let Some(unsubscribe) = mail.unsubscribe {
        // RFC 8058 section 3.1: both headers; the second says that a POST is enough, and that a GET does nothing.
        message = message
            .header("List-Unsubscribe", Raw::new(unsubscribe_header(unsubscribe)?))
            .header("List-Unsubscribe-Post", Raw::new("List-Unsubscribe=One-Click"));
    }
    if let Some(reply_to) = mail.reply_to {
        message = message.reply_to(Address::new_address(None::<&str>, reply_to));
    }
    if let Some(subject) = mail.subject {
        one_line("subject", subject)?;
        message = message.subject(subject);
    }
    let mut body = content(mail);
    if let Some(envelope) = mail.envelope {
        let mut entity = Vec::new();
        body.write_part(&mut entity);
        let sealed = envelope.protect(&wire_lines(entity, "")?, mail.now).map_err(BadMail::Unprotected)?;
        // RFC 8551 section 3.2.
        let kind = ContentType::new("application/pkcs7-mime")
            .attribute("smime-type", envelope.signer.cipher().smime_type())
            .attribute("name", "smime.p7m");
        body = MimePart::new(kind, sealed).attachment("smime.p7m");
    }
    let bytes = message.body(body).write_to_vec().map_err(|_| BadMail::Wire)?;
    wire_lines(bytes, mail.to)
}

/// RFC 2369 section 3.2: addresses in angle brackets, the one that is liked best first.
fn unsubscribe_header(of: Unsubscribe<'_>) -> Result<String, BadMail> {
    let well = |b: u8| b.is_ascii_graphic() && !matches!(b, b'<' | b'>' | b',');
    if !of.link.starts_with("https://") || of.link.len() > 300 || !of.link.bytes().all(well) {
        return Err(BadMail::Address("link to unsubscribe"));
    }
    let Some(to) = of.address else { return Ok(format!("<{}>", of.link)) };
    address("address to unsubscribe", to)?;
    Ok(format!("<{}>, <mailto:{to}?subject=unsubscribe>", of.link))
}

/// The words as MIME: plain, or plain and HTML to choose from.
fn content<'a>(mail: &Mail<'a>) -> MimePart<'a> {
    let text = MimePart::new(ContentType::new("text/plain").attribute("charset", "utf-8"), mail.text);
    if !mail.html {
        return text;
    }
    let html = MimePart::new(
        ContentType::new("text/html").attribute("charset", "utf-8"),
        html::page(mail.subject.unwrap_or(mail.from_name), mail.text, mail.language),
    );
    // The boundary comes from the id, not from a clock. RFC 2046 section 5.1.1: at most 70 characters. Neither part can
    // hold it: '=' is encoded in quoted-printable and the key is not in the text.
    let kind = ContentType::new("multipart/alternative").attribute("boundary", format!("=_{}", mail.id));
    MimePart::new(kind, BodyPart::Multipart(vec![text, html]))
}

/// Doubles the dot that begins a line (RFC 5321 section 4.5.2). Takes what [`compose`] made.
#[must_use]
pub fn dot_stuffed(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len().saturating_add(16));
    for line in message.split_inclusive(|byte| *byte == b'\n') {
        if line.starts_with(b".") {
            out.push(b'.');
        }
        out.extend_from_slice(line);
    }
    out
}

fn one_line(field: &'static str, value: &str) -> Result<(), BadMail> {
    // U+2028 and U+2029 end lines too, to some readers.
    let bad = |c: char| c.is_control() || c == '\u{2028}' || c == '\u{2029}';
    // RFC 2047: a reader would see what it encodes, and not what was looked at here.
    if value.contains("=?") || value.chars().any(bad) { Err(BadMail::ControlCharacter(field)) } else { Ok(()) }
}

fn address(field: &'static str, value: &str) -> Result<(), BadMail> {
    if value.is_ascii() && is_plain(value) { Ok(()) } else { Err(BadMail::Address(field)) }
}

/// The one address that may lie beyond ASCII: a patient gives it, and we do not choose it.
fn recipient(value: &str) -> Result<(), BadMail> {
    if is_plain(value) { Ok(()) } else { Err(BadMail::Address("recipient address")) }
}

fn is_plain(value: &str) -> bool {
    // RFC 5321 section 4.1.2: Dot-string local part, and a domain of letters, digits and hyphens. RFC 6531 section 3.3: beyond ASCII
    // any character is part of a word; those that end lines to some readers are none here.
    let beyond = |c: char| !c.is_ascii() && !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}');
    let local_well = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c) || beyond(c);
    let domain_well = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let dotted = |text: &str, well: &dyn Fn(char) -> bool| {
        text.split('.').all(|part| !part.is_empty() && part.chars().all(well))
    };
    value.len() <= ADDRESS_OCTETS
        && value.rsplit_once('@').is_some_and(|(local, domain)| {
            local.len() <= 64 && dotted(local, &local_well) && dotted(domain, &domain_well)
        })
}

/// RFC 5321 section 2.3.8: CR and LF travel only together, so that no server sees a message end where another does not. Every line is
/// ASCII, but for the one that names the recipient `to` (RFC 6532 section 3.2).
pub(super) fn wire_lines(mut message: Vec<u8>, to: &str) -> Result<Vec<u8>, BadMail> {
    if !message.ends_with(b"\r\n") {
        message.extend_from_slice(b"\r\n");
    }
    let names_them = |text: &[u8]| !to.is_ascii() && text == format!("To: <{to}>").as_bytes();
    let well = message.split_inclusive(|byte| *byte == b'\n').all(|line| {
        line.strip_suffix(b"\r\n").is_some_and(|text| {
            text.len() <= LINE_OCTETS
                && (text.is_ascii() || names_them(text))
                && text.iter().all(|b| *b != b'\r' && *b != 0)
        })
    });
    if well { Ok(message) } else { Err(BadMail::Wire) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail<'a>() -> Mail<'a> {
        Mail {
            from_name: "Sunrise Health",
            from: "messages@sunrise.example",
            to: "rosa@example.org",
            reply_to: None,
            unsubscribe: None,
            subject: Some("A message is waiting"),
            text: "You have a message. Sign in to read it: https://sunrise.example/m\n",
            language: Language::En,
            html: false,
            envelope: None,
            now: Timestamp::from_second(1_796_000_000).unwrap(),
            id: "0199-abc",
        }
    }

    fn composed(mail: &Mail<'_>) -> String {
        String::from_utf8(compose(mail).unwrap()).unwrap()
    }

    #[test]
    fn a_notice_is_one_plain_part_with_exactly_these_headers() {
        assert_eq!(
            composed(&mail()),
            "From: \"Sunrise Health\" <messages@sunrise.example>\r\n\
             To: <rosa@example.org>\r\n\
             Date: Mon, 30 Nov 2026 00:53:20 +0000\r\n\
             Message-ID: <0199-abc@sunrise.example>\r\n\
             Content-Language: en\r\n\
             Auto-Submitted: auto-generated\r\n\
             Subject: A message is waiting\r\n\
             MIME-Version: 1.0\r\n\
             Content-Type: text/plain; charset=\"utf-8\"\r\n\
             Content-Transfer-Encoding: 7bit\r\n\
             \r\n\
             You have a message. Sign in to read it: https://sunrise.example/m\r\n"
        );
    }

    #[test]
    fn an_answer_goes_where_it_is_told_to() {
        let message = composed(&Mail { reply_to: Some("r-0199@back.sunrise.example"), ..mail() });
        assert!(message.contains("\r\nReply-To: <r-0199@back.sunrise.example>\r\n"), "{message}");
    }

    #[test]
    fn a_reader_can_end_commercial_mail_with_a_click_or_by_mail() {
        let by_link = Unsubscribe { link: "https://sunrise.example/u/bcd", address: None };
        let message = composed(&Mail { unsubscribe: Some(by_link), ..mail() });
        assert!(message.contains("\r\nList-Unsubscribe: <https://sunrise.example/u/bcd>\r\n"), "{message}");
        assert!(message.contains("\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"), "{message}");
        let both = Unsubscribe { address: Some("u-0199@back.sunrise.example"), ..by_link };
        let message = composed(&Mail { unsubscribe: Some(both), ..mail() });
        let unfolded = message.replace("\r\n ", " ").replace("\r\n\t", " ");
        let expected = "<https://sunrise.example/u/bcd>, <mailto:u-0199@back.sunrise.example?subject=unsubscribe>";
        assert!(unfolded.contains(&format!("\r\nList-Unsubscribe: {expected}\r\n")), "{message}");
        assert!(!composed(&mail()).contains("List-Unsubscribe"));
        for link in ["http://sunrise.example/u/b", "https://a b", "https://a>,<mailto:x@y", "https://a\r\nBcc: x", ""] {
            let bad = Mail { unsubscribe: Some(Unsubscribe { link, address: None }), ..mail() };
            assert_eq!(compose(&bad), Err(BadMail::Address("link to unsubscribe")), "{link}");
        }
    }

    #[test]
    fn a_line_end_or_an_encoded_word_in_any_header_is_refused() {
        for poison in ["=?utf-8?q?a?=", "a\r\nBcc: x@y.example", "a\nb", "a\rb", "a\0b", "a\u{2028}b", "a\u{85}b"] {
            let cases = [
                Mail { from_name: poison, ..mail() },
                Mail { from: poison, ..mail() },
                Mail { to: poison, ..mail() },
                Mail { reply_to: Some(poison), ..mail() },
                Mail { subject: Some(poison), ..mail() },
                Mail { id: poison, ..mail() },
            ];
            for case in cases {
                assert!(compose(&case).is_err(), "{poison:?}");
            }
        }
    }

    #[test]
    fn an_address_that_could_end_the_envelope_command_is_refused() {
        for bad in [
            "",
            "rosa",
            "@example.org",
            "rosa@",
            "a b@example.org",
            "a>@example.org",
            "<a@example.org>",
            "a@b@c d",
            "\"a b\"@example.org",
            "rosa@exa mple.org",
            "rosa@.org",
            "rosa@exámple.org",
            "jos\u{85}é@example.org",
            "é\u{2028}@example.org",
            "a..b@example.org",
        ] {
            assert_eq!(compose(&Mail { to: bad, ..mail() }), Err(BadMail::Address("recipient address")), "{bad}");
        }
    }

    #[test]
    fn a_recipient_beyond_ascii_stands_in_one_line_of_the_header_and_nobody_else_may() {
        let bytes = compose(&Mail { to: "josé.ñ@example.org", subject: Some("Señora"), ..mail() }).unwrap();
        let message = String::from_utf8(bytes).unwrap();
        let beyond: Vec<&str> = message.lines().filter(|line| !line.is_ascii()).collect();
        assert_eq!(beyond, ["To: <josé.ñ@example.org>"], "{message}");
        for case in [Mail { from: "josé@sunrise.example", ..mail() }, Mail { reply_to: Some("ñ@b.example"), ..mail() }]
        {
            assert!(matches!(compose(&case), Err(BadMail::Address(_))));
        }
    }

    #[test]
    fn spanish_and_long_lines_travel_as_seven_bit_lines() {
        let text = format!("¿Tiene preguntas? Señora Muñoz.\n{}\n.\n..\nfin", "x".repeat(2_000));
        let message = composed(&Mail { text: &text, subject: Some("Tiene un mensaje, señora"), ..mail() });
        assert!(message.is_ascii());
        assert!(message.lines().all(|line| line.len() <= LINE_OCTETS));
        assert!(!message.replace("\r\n", "").contains(['\r', '\n']));
    }

    #[test]
    fn no_line_of_the_body_can_end_the_message_early() {
        let text = "one\n.\nMAIL FROM:<x@y.example>\r\n.\r\n..end";
        let stuffed = dot_stuffed(&compose(&Mail { text, ..mail() }).unwrap());
        let text = String::from_utf8(stuffed).unwrap();
        assert!(!text.contains("\r\n.\r\n"), "{text}");
        assert!(!text.replace("\r\n", "").contains(['\r', '\n']));
    }

    #[test]
    fn a_line_end_that_servers_read_differently_is_refused() {
        let text = "one\r.\rMAIL FROM:<x@y.example>";
        assert_eq!(compose(&Mail { text, ..mail() }), Err(BadMail::Wire));
    }

    #[test]
    fn the_html_part_says_the_same_words_and_loads_nothing() {
        let text = "1 < 2 & \"three\"\n<img src=x onerror=alert(1)>";
        let message = composed(&Mail { text, html: true, ..mail() });
        assert!(message.contains("multipart/alternative"));
        assert!(message.contains("&lt;img src"));
        assert_eq!(message.matches("<img").count(), 1, "only the plain part holds it: {message}");
    }

    #[test]
    fn the_same_mail_composes_to_the_same_bytes() {
        let twice = Mail { html: true, ..mail() };
        assert_eq!(compose(&twice), compose(&twice));
    }

    #[test]
    fn a_refused_mail_names_the_field_and_not_its_value() {
        let error = compose(&Mail { to: "rosa secret@example.org", ..mail() }).unwrap_err();
        assert!(!format!("{error} {error:?} {:?}", mail()).contains("rosa"));
    }
}
