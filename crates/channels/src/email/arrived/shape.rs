//! How deep a mail is nested. What takes a mail apart makes a value inside a value for every mail that is enclosed in a mail, and
//! clears them away by recursion: thousands of them are the end of the process.

use mail_parser::{HeaderName, Message, MessageParser, MessagePart, MimeHeaders as _, PartType};

/// How often a type of content may be named: nothing is nested without naming one. Few enough for any stack.
const TYPES_MAX: usize = 200;
/// How many mails may be enclosed in each other.
const DEPTH_MAX: usize = 20;
/// What names a type.
const TYPE: &[u8] = b"content-type";

/// Whether mails are enclosed in each other no deeper than is bearable, and none of them hides what it encloses.
pub(super) fn is_shallow(content: &[u8]) -> bool {
    let named = content.windows(TYPE.len()).filter(|at| at.eq_ignore_ascii_case(TYPE));
    if named.take(TYPES_MAX.saturating_add(1)).count() > TYPES_MAX {
        return false;
    }
    // Without the header that says how a part is encoded, nothing is decoded: what was counted above is all there is.
    let parser = MessageParser::new().default_header_ignore().header_content_type(HeaderName::ContentType);
    let Some(message) = parser.parse(content) else { return true };
    let mut open: Vec<(&Message<'_>, usize)> = vec![(&message, 0)];
    while let Some((message, depth)) = open.pop() {
        if depth > DEPTH_MAX || message.parts.iter().any(|part| hides(part, content)) {
            return false;
        }
        let enclosed = message.parts.iter().filter_map(|part| match &part.body {
            PartType::Message(inner) => Some((inner, depth.saturating_add(1))),
            _ => None,
        });
        open.extend(enclosed);
    }
    true
}

/// Whether a part is a mail under an encoding, which RFC 2046 section 5.2.1 forbids, or a collection whose parts are mails unsaid.
fn hides(part: &MessagePart<'_>, content: &[u8]) -> bool {
    let Some(kind) = part.content_type() else { return false };
    let is = |main: &str, subs: &[&str]| {
        kind.ctype().eq_ignore_ascii_case(main)
            && kind.subtype().is_some_and(|sub| subs.iter().any(|known| sub.eq_ignore_ascii_case(known)))
    };
    is("multipart", &["digest"]) || is("message", &["rfc822", "global"]) && is_encoded(part, content)
}

fn is_encoded(part: &MessagePart<'_>, content: &[u8]) -> bool {
    part.headers.iter().filter(|header| header.name == HeaderName::ContentTransferEncoding).any(|header| {
        let range = usize::try_from(header.offset_start).ok().zip(usize::try_from(header.offset_end).ok());
        let value = range.and_then(|(from, to)| content.get(from..to)).unwrap_or_default().trim_ascii();
        !["7bit", "8bit", "binary"].iter().any(|plain| value.eq_ignore_ascii_case(plain.as_bytes()))
    })
}
