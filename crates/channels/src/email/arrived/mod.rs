//! What a mail that came back is: a bounce, a complaint, an automatic answer, or a person's words. Bytes in, meaning out; nothing
//! here believes more of a mail than it has to, and what is made to cost more than a mail is worth is not taken apart.

mod shape;
mod status;
mod words;

pub(in crate::email) use shape::parse;
pub use status::{Bounce, Outcome, Status};

use aws_lc_rs::digest;
use mail_parser::{Message, MessageParser, MessagePart, MimeHeaders as _, PartType};
use postern_base::{Hex, Phi};
use std::borrow::Cow;

/// Part boundaries above which a mail is not taken apart: people and mail servers need a handful.
const BOUNDARIES_MAX: usize = 500;
/// Header lines above which a mail is not taken apart.
const HEADER_LINES_MAX: usize = 2_000;
/// RFC 5321 section 6.3: how many servers a mail may have passed; more is a loop.
const HOPS_MAX: usize = 50;

/// What arrived.
#[derive(Debug, Clone)]
pub struct Arrived {
    /// Names it: the same mail, sent again by a server that did not hear our answer, has the same name.
    pub reference: String,
    /// It bears neither a Message-ID nor a date, so another mail of the same words would have the same name.
    pub unnamed: bool,
    /// Who it says it is from.
    pub from: Option<Phi<String>>,
    /// What it is.
    pub what: What,
}

/// What a mail is.
#[derive(Debug, Clone)]
pub enum What {
    /// A server says what became of a mail of ours.
    Bounce(Bounce),
    /// The recipient, or whoever runs their mailbox, complains (RFC 5965).
    Complaint(Enclosed),
    /// A machine answered: away, busy, received, read (RFC 3834, RFC 8098).
    AutoReply,
    /// A person wrote.
    Reply(Words),
    /// It has passed more servers than any mail does.
    Loop,
    /// Too many parts, or no mail at all.
    Unreadable,
}

/// What a complaint encloses, decoded: somewhere in it stands an address of ours.
#[derive(Debug, Clone)]
pub struct Enclosed(pub Phi<String>);

/// What a person wrote.
#[derive(Debug, Clone)]
pub struct Words {
    /// Above what they quoted.
    pub text: Phi<String>,
    /// Nothing was left out: no attachment, no rest.
    pub whole: bool,
    /// What stands below the begin of a quotation whose lines bear no marks: whoever knows what we wrote can tell whether any of it is
    /// theirs. Empty where there is no such quotation.
    pub below: Phi<String>,
}

/// Reads `content`. `from_nobody` = the envelope's sender was the null path, as a bounce's is.
#[must_use]
pub fn read(content: &[u8], from_nobody: bool) -> Arrived {
    let (reference, unnamed) = reference(content);
    let only = |what| Arrived { reference: reference.clone(), unnamed, from: None, what };
    if hops(content) > HOPS_MAX {
        return only(What::Loop);
    }
    let Some(content) = bearable(content) else { return only(What::Unreadable) };
    let Some(message) = shape::parse(MessageParser::default(), &content) else { return only(What::Unreadable) };
    let from = message.from().and_then(|from| from.first()).and_then(|from| from.address());
    let from = from.map(|address| address.trim().to_owned());
    let what = what(&message, from_nobody, from.as_deref().is_some_and(is_mailer));
    Arrived { from: from.map(Phi::new), ..only(what) }
}

fn what(message: &Message<'_>, from_nobody: bool, from_mailer: bool) -> What {
    if let Some(fields) = part_text(message, "message", "feedback-report") {
        // RFC 5965 section 3.1: `not-spam` takes a complaint back.
        let taken_back =
            status::field(&fields, "feedback-type").is_some_and(|kind| kind.eq_ignore_ascii_case("not-spam"));
        return if taken_back { What::AutoReply } else { What::Complaint(enclosed(message)) };
    }
    let fields = part_text(message, "message", "delivery-status")
        .or_else(|| part_text(message, "message", "global-delivery-status"));
    if let Some(bounce) = fields.and_then(|fields| status::formal(&fields)) {
        return What::Bounce(bounce);
    }
    if part_text(message, "message", "disposition-notification").is_some() {
        return What::AutoReply;
    }
    let automatic = is_automatic(message);
    // RFC 3834 section 3.3: an automatic answer comes from the null path too, and is no bounce.
    if (from_mailer || from_nobody && !automatic)
        && let Some(bounce) = status::informal(&message.body_text(0).unwrap_or_default())
    {
        return What::Bounce(bounce);
    }
    if from_mailer || from_nobody || automatic { What::AutoReply } else { What::Reply(reply(message)) }
}

/// Every part of a mail, decoded.
fn enclosed(message: &Message<'_>) -> Enclosed {
    let text: Vec<String> =
        message.parts.iter().map(|part| String::from_utf8_lossy(part.contents()).into_owned()).collect();
    Enclosed(Phi::new(text.join("\n")))
}

/// What a person wrote: above what they quote, failing that in the subject.
fn reply(message: &Message<'_>) -> Words {
    let html_of = |part: Option<&u32>| {
        part.and_then(|at| message.part(*at)).filter(|part| part.is_text_html()).and_then(MessagePart::text_contents)
    };
    let plain = message.body_text(0).unwrap_or_default();
    // Some programs write an empty text beside the HTML that the person sees.
    let beside = html_of(message.html_body.first()).filter(|_| plain.trim().is_empty());
    let words = match html_of(message.text_body.first()).or(beside) {
        Some(html) => words::own_of_html(html),
        None => words::own(&plain),
    };
    let (below, rest) = (Phi::new(words.below), words.rest);
    if !words.text.is_empty() {
        return Words { text: Phi::new(words.text), whole: !rest && message.attachment_count() == 0, below };
    }
    let subject = message.subject().map(str::trim).filter(|subject| !words::is_ours(subject)).unwrap_or_default();
    Words { text: Phi::new(words::own(subject).text), whole: false, below }
}

/// Headers that only machines and mailing lists write (RFC 2919, RFC 2369).
///
/// Not `X-Auto-Response-Suppress`: Exchange sets it on what people write too, and a STOP under it is one.
const AUTOMATIC_HEADERS: [&str; 11] = [
    "X-Autoreply",
    "X-Autorespond",
    "X-Auto-Response",
    "X-Autogenerated",
    "X-MS-Exchange-Generated-Message-Source",
    "X-Loop",
    "List-Id",
    "List-Post",
    "List-Unsubscribe",
    "Mailing-List",
    "X-Mailing-List",
];

/// The words such subjects begin with.
const AUTOMATIC_SUBJECTS: [&str; 11] = [
    "automatic reply",
    "auto reply",
    "autoreply",
    "auto-reply",
    "out of office",
    "out of the office",
    "vacation reply",
    "away from my mail",
    "respuesta automática",
    "fuera de la oficina",
    "fuera de oficina",
];

/// How programs that set no header begin the subject of what they answer. With the colon, or with nothing more: a person who writes of
/// an automatic reply does not begin so.
fn is_automatic_subject(subject: &str) -> bool {
    let subject = subject.trim().to_lowercase();
    AUTOMATIC_SUBJECTS.iter().any(|begin| {
        subject.strip_prefix(begin).is_some_and(|rest| rest.is_empty() || rest.trim_start().starts_with(':'))
    })
}

/// RFC 3834 section 5, and the older signs that servers still give.
fn is_automatic(message: &Message<'_>) -> bool {
    let header = |name: &str| message.header_raw(name.to_owned()).map(str::trim).map(str::to_ascii_lowercase);
    let says = |name: &str, words: &[&str]| {
        header(name)
            .is_some_and(|value| words.iter().any(|word| value.split([';', ' ', ',']).any(|part| part == *word)))
    };
    header("Auto-Submitted").is_some_and(|value| value.split([';', '(']).next().is_none_or(|word| word.trim() != "no"))
        || says("Precedence", &["bulk", "junk", "list", "auto_reply"])
        || says("Delivered-To", &["autoresponder"])
        || AUTOMATIC_HEADERS.iter().any(|name| header(name).is_some())
        || message.subject().is_some_and(is_automatic_subject)
}

/// A name under which only mail servers write.
fn is_mailer(address: &str) -> bool {
    let local = address.rsplit_once('@').map_or(address, |(local, _)| local);
    ["mailer-daemon", "postmaster", "mail-daemon", "maildaemon"].iter().any(|name| local.eq_ignore_ascii_case(name))
}

/// The first part of this type, as text; a part of a message that it encloses is none of its own.
fn part_text(message: &Message<'_>, kind: &str, subkind: &str) -> Option<String> {
    let is = |part: &&MessagePart<'_>| {
        part.content_type().is_some_and(|found| {
            found.ctype().eq_ignore_ascii_case(kind)
                && found.subtype().is_some_and(|found| found.eq_ignore_ascii_case(subkind))
        })
    };
    let part = message.parts.iter().find(is)?;
    Some(match &part.body {
        PartType::Message(inner) => String::from_utf8_lossy(inner.raw_message()).into_owned(),
        _ => String::from_utf8_lossy(part.contents()).into_owned(),
    })
}

/// Message-ID, failing that the date, and the body: a server that sends it again may add headers, and changes none of them. And whether
/// there was neither.
fn reference(content: &[u8]) -> (String, bool) {
    let (head, body) = head_and_body(content);
    let line =
        |name: &[u8]| lines(head).find(|line| line.get(..name.len()).is_some_and(|at| at.eq_ignore_ascii_case(name)));
    let id = line(b"message-id:").or_else(|| line(b"date:"));
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(id.unwrap_or_default());
    context.update(b"\n");
    context.update(body);
    (Hex(context.finish().as_ref().get(..16).unwrap_or_default()).to_string(), id.is_none())
}

fn head_and_body(content: &[u8]) -> (&[u8], &[u8]) {
    let end = content.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at.saturating_add(2));
    content.split_at_checked(end.unwrap_or(content.len())).unwrap_or((content, &[]))
}

fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end)
}

fn hops(content: &[u8]) -> usize {
    let (head, _) = head_and_body(content);
    lines(head).filter(|line| line.get(..9).is_some_and(|name| name.eq_ignore_ascii_case(b"received:"))).count()
}

/// The mail as it may be taken apart, if that costs no more than a mail is worth: every part makes a part of ours, every header line
/// too.
pub(super) fn bearable(content: &[u8]) -> Option<Cow<'_, [u8]>> {
    let (head, _) = head_and_body(content);
    let few = lines(head).take(HEADER_LINES_MAX.saturating_add(1)).count() <= HEADER_LINES_MAX
        && lines(content).filter(|line| line.starts_with(b"--")).take(BOUNDARIES_MAX.saturating_add(1)).count()
            <= BOUNDARIES_MAX;
    if few { shape::shallow(content) } else { None }
}

#[cfg(test)]
mod tests;
