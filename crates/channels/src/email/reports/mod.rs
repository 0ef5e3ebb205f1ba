//! Reports on mail. Those about our own domain that other mail hosts send once a day: how our mail did under DMARC (RFC 7489 section 7.2), and how
//! sessions to our servers did with TLS (RFC 8460). Bytes in, numbers out. Anybody may send one, so nothing here takes more time or
//! room than it is given, and nothing is believed but what stands in it: who a report is from is a claim. And those that we send
//! (`own.rs`).

mod dmarc;
mod own;
mod tls;
mod unpack;

pub use dmarc::{DmarcReport, Source};
pub use own::{OwnReport, PolicyReport, RESULTS, Wanted, wanted_at};
pub use tls::{TlsReport, TlsTrouble};

use mail_parser::{MessageParser, MimeHeaders as _};

/// The longest document that is read once it is unpacked, in bytes. The largest hosts' reports on a practice's mail are some hundred
/// KiB.
const DOCUMENT_BYTES: usize = 8 << 20;
/// The longest text that is kept out of a report, in characters: a name of a domain is at most 253.
const TEXT_CHARS: usize = 256;
/// How many parts of a mail are looked at for a report.
const PARTS: usize = 8;

/// A report that a mail holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Report {
    /// Under DMARC.
    Dmarc(DmarcReport),
    /// On TLS.
    Tls(TlsReport),
}

/// The report in `content`, a mail with headers; `None` = there is none that can be read.
#[must_use]
pub fn read(content: &[u8]) -> Option<Report> {
    let content = super::arrived::bearable(content)?;
    let message = super::arrived::parse(MessageParser::default(), &content)?;
    message.parts.iter().filter(|part| !part.is_multipart()).take(PARTS).find_map(|part| {
        let name = part.attachment_name().unwrap_or_default().to_ascii_lowercase();
        let kind = part
            .content_type()
            .map(|kind| format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or_default()).to_ascii_lowercase());
        document(&name, kind.as_deref().unwrap_or_default(), part.contents())
    })
}

/// What an attachment of this name and type says.
fn document(name: &str, kind: &str, bytes: &[u8]) -> Option<Report> {
    // RFC 7489 section 7.2.1.1 and RFC 8460 section 5.4 name the types; senders call them octet-streams as often, so the name and the
    // first bytes count too.
    let named = |ends: &[&str], kinds: &[&str]| {
        ends.iter().any(|end| name.ends_with(end)) || kinds.iter().any(|one| kind.contains(one))
    };
    if !named(&[".xml", ".xml.gz", ".gz", ".zip", ".json", ".json.gz"], &["xml", "zip", "tlsrpt", "json"]) {
        return None;
    }
    let plain = unpack::unpack(bytes, DOCUMENT_BYTES)?;
    let text = String::from_utf8_lossy(&plain);
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if text.starts_with('{') { tls::read(text).map(Report::Tls) } else { dmarc::read(text).map(Report::Dmarc) }
}

/// A word of a report, cut to a bearable length, without what is no text.
fn bounded(text: &str) -> String {
    text.trim().chars().filter(|c| !c.is_control()).take(TEXT_CHARS).collect()
}

#[cfg(test)]
mod tests;
