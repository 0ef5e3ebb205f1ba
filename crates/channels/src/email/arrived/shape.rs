//! Taking a mail apart, and how deep it is nested. What takes a mail apart makes a value inside a value for every mail that is enclosed in a mail, and
//! clears them away by recursion: thousands of them are the end of the process.

use mail_parser::{HeaderName, Message, MessageParser, MessagePart, MimeHeaders as _, PartType};
use std::borrow::Cow;
use std::ops::Range;

/// How often a type of content may be named: nothing is nested without naming one. Few enough for any stack.
const TYPES_MAX: usize = 200;
/// How many mails may be enclosed in each other.
const DEPTH_MAX: usize = 20;
/// What names a type.
const TYPE: &[u8] = b"content-type";

/// Takes `content` apart. A mail over which the library gives up is one that cannot be read: whoever sent it would send it again for days,
/// and meet the same end.
pub(in crate::email) fn parse(parser: MessageParser, content: &[u8]) -> Option<Message<'_>> {
    std::panic::catch_unwind(move || parser.parse(content)).ok().flatten()
}

/// The mail, if mails are enclosed in it no deeper than is bearable. One that is enclosed under an encoding is called an attachment: what
/// takes it apart would take apart what it encloses too, uncounted.
pub(super) fn shallow(content: &[u8]) -> Option<Cow<'_, [u8]>> {
    let named = content.windows(TYPE.len()).filter(|at| at.eq_ignore_ascii_case(TYPE));
    if named.take(TYPES_MAX.saturating_add(1)).count() > TYPES_MAX {
        return None;
    }
    // Without the header that says how a part is encoded, nothing is decoded: what was counted above is all there is.
    let parser = MessageParser::new().default_header_ignore().header_content_type(HeaderName::ContentType);
    let Some(message) = parse(parser, content) else { return Some(Cow::Borrowed(content)) };
    let mut open: Vec<(&Message<'_>, usize)> = vec![(&message, 0)];
    let mut hidden = Vec::new();
    while let Some((message, depth)) = open.pop() {
        let digests = message.parts.iter().any(|part| is(part, "multipart", &["digest"]));
        let (own, parts) = message.parts.split_first()?;
        let hiding: Vec<&MessagePart<'_>> = parts.iter().filter(|part| hides(part, content)).collect();
        if depth > DEPTH_MAX || digests || hides(own, content) || depth > 0 && !hiding.is_empty() {
            return None;
        }
        hidden.extend(hiding.into_iter().flat_map(|part| values(part, HeaderName::ContentType)));
        let enclosed = message.parts.iter().filter_map(|part| match &part.body {
            PartType::Message(inner) => Some((inner, depth.saturating_add(1))),
            _ => None,
        });
        open.extend(enclosed);
    }
    if hidden.is_empty() { Some(Cow::Borrowed(content)) } else { renamed(content, &hidden).map(Cow::Owned) }
}

/// The same mail, in which the types at these places are types of attachments.
fn renamed(content: &[u8], places: &[Range<usize>]) -> Option<Vec<u8>> {
    let mut content = content.to_vec();
    for place in places {
        let value = content.get_mut(place.clone())?;
        let slash = value.iter().position(|byte| *byte == b'/')?;
        let begins = value.iter().position(|byte| !byte.is_ascii_whitespace())?;
        // `message/rfc822` becomes `xessage/rfc822`, a type that nobody takes apart.
        *value.get_mut(begins).filter(|_| begins < slash)? = b'x';
    }
    Some(content)
}

/// Whether a part is a mail under an encoding, which RFC 2046 section 5.2.1 forbids.
fn hides(part: &MessagePart<'_>, content: &[u8]) -> bool {
    let encoded = |place: Range<usize>| {
        let value = content.get(place).unwrap_or_default().trim_ascii();
        !["7bit", "8bit", "binary"].iter().any(|plain| value.eq_ignore_ascii_case(plain.as_bytes()))
    };
    is(part, "message", &["rfc822", "global"]) && values(part, HeaderName::ContentTransferEncoding).any(encoded)
}

fn is(part: &MessagePart<'_>, main: &str, subs: &[&str]) -> bool {
    part.content_type().is_some_and(|kind| {
        kind.ctype().eq_ignore_ascii_case(main)
            && kind.subtype().is_some_and(|sub| subs.iter().any(|known| sub.eq_ignore_ascii_case(known)))
    })
}

/// Where the values of a header of a part stand.
fn values<'p>(part: &'p MessagePart<'_>, name: HeaderName<'static>) -> impl Iterator<Item = Range<usize>> + use<'p> {
    let place = |offset: u32| usize::try_from(offset).unwrap_or(usize::MAX);
    let of_name = part.headers.iter().filter(move |header| header.name == name);
    of_name.map(move |header| place(header.offset_start)..place(header.offset_end))
}
