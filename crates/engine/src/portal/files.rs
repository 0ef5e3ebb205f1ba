//! Files that somebody sends with what they write, a patient or a practice. What a file is says its content and never its name; what stands behind the end of a
//! picture or a document is not kept, so that no file is two things at once; and a name is a label, cleaned of all that could be taken for
//! something else.
//!
//! Nothing here is a search for viruses: staff open files as they open any that strangers send.

use super::sessions::sha256;
use super::{NotNow, Visitor};
use crate::engine::Engine;
use crate::ledger_entry;
use jiff::{SignedDuration, Timestamp};
use postern_base::rng::NoEntropy;
use postern_base::{AttachmentId, MessageId, Phi, Rng};
use postern_ledger::Kind;
use postern_store::{AttachmentRecord, NewAttachment};
use std::sync::Arc;

/// house: files that come with one message.
pub const FILES_MAX: usize = 5;
/// house: how long one is, in bytes.
pub const FILE_BYTES_MAX: usize = 10 * 1024 * 1024;
/// house: how much one patient sends in a day, in bytes.
const DAILY_BYTES: u64 = 100 * 1024 * 1024;
/// house: picture elements. A short file can unfold to a picture that fills a machine.
const PIXELS_MAX: u64 = 120_000_000;
/// The longest name that is kept, in characters.
const NAME_MAX: usize = 60;

/// A file as it was sent.
#[derive(Debug, Clone)]
pub struct Upload {
    /// What the browser calls it.
    pub name: Phi<String>,
    /// All of it.
    pub content: Phi<Arc<[u8]>>,
}

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// PDF (ISO 32000).
    Pdf,
    /// JPEG (ITU-T T.81).
    Jpeg,
    /// PNG (ISO/IEC 15948).
    Png,
    /// Text in UTF-8.
    Text,
}

impl FileKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Pdf, Self::Jpeg, Self::Png, Self::Text];

    /// Its word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pdf => "pdf",
            Self::Jpeg => "jpeg",
            Self::Png => "png",
            Self::Text => "text",
        }
    }

    /// How names of such files end.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Pdf => "pdf",
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Text => "txt",
        }
    }
}

/// A file that came, before it is opened.
#[derive(Debug, Clone)]
pub struct Attached {
    /// Its id.
    pub id: AttachmentId,
    /// What it is.
    pub kind: FileKind,
    /// What its sender calls it.
    pub name: Phi<String>,
    /// How long it is.
    pub bytes: u64,
    /// SHA-256 of it; `None` of what an earlier Postern took.
    pub digest: Option<[u8; 32]>,
}

impl Attached {
    /// As it is kept; `None` = a newer Postern knows more kinds.
    pub(crate) fn of(record: AttachmentRecord) -> Option<Self> {
        let kind = FileKind::ALL.into_iter().find(|kind| kind.as_str() == record.kind)?;
        Some(Self { id: record.id, kind, name: record.name, bytes: record.bytes, digest: record.digest })
    }
}

/// Why a file was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileRefused {
    /// There are too many at once.
    TooMany,
    /// It is too long.
    TooLong,
    /// It is nothing that is taken, or not whole.
    NotOne,
    /// Enough came today.
    Enough,
}

/// A file that is taken: what is told of it, and as much of it as it is.
pub(crate) type NewFile = (AttachmentRecord, Phi<Arc<[u8]>>);

/// The files, weighed, or why one is not taken. Looking through megabytes keeps nobody else from their turn.
pub(crate) async fn weigh(
    files: &[Upload],
    (at, rng): (Timestamp, &Arc<dyn Rng>),
) -> Result<Result<Vec<NewFile>, FileRefused>, NoEntropy> {
    let (files, rng) = (files.to_vec(), Arc::clone(rng));
    let work = tokio::task::spawn_blocking(move || weigh_here(&files, (at, rng.as_ref())));
    work.await.unwrap_or(Err(NoEntropy))
}

fn weigh_here(
    files: &[Upload],
    (at, rng): (Timestamp, &dyn Rng),
) -> Result<Result<Vec<NewFile>, FileRefused>, NoEntropy> {
    if files.len() > FILES_MAX {
        return Ok(Err(FileRefused::TooMany));
    }
    let mut weighed = Vec::with_capacity(files.len());
    for file in files {
        let content = file.content.reveal();
        if content.len() > FILE_BYTES_MAX {
            return Ok(Err(FileRefused::TooLong));
        }
        let kept = kind_of(content).and_then(|(kind, length)| Some((kind, content.get(..length)?)));
        let Some((kind, kept)) = kept else { return Ok(Err(FileRefused::NotOne)) };
        let about = AttachmentRecord {
            id: AttachmentId::new(at, rng)?,
            kind: kind.as_str().to_owned(),
            name: Phi::new(label(file.name.reveal(), kind)),
            bytes: u64::try_from(kept.len()).unwrap_or(u64::MAX),
            digest: Some(sha256(kept)),
        };
        weighed.push((about, Phi::new(Arc::from(kept))));
    }
    Ok(Ok(weighed))
}

impl Engine {
    /// The files of a patient, weighed, or why one is not taken.
    pub(super) async fn weigh(
        &self,
        visitor: &Visitor,
        files: &[Upload],
        at: Timestamp,
    ) -> Result<Result<Vec<NewAttachment>, FileRefused>, NotNow> {
        let fitting = match weigh(files, (at, &self.inner.rng)).await.map_err(|_| NotNow::Unavailable)? {
            Ok(fitting) => fitting,
            Err(why) => return Ok(Err(why)),
        };
        let mut weighed = Vec::with_capacity(files.len());
        for (about, content) in fitting {
            let entry = ledger_entry::of(self, &visitor.tenant, Kind::Inbound, visitor.actor(), "attachment_received");
            weighed.push(NewAttachment { about, content, entry: entry.map_err(|_| NotNow::Unavailable)? });
        }
        let since = at.checked_sub(SignedDuration::from_hours(24)).unwrap_or(Timestamp::MIN);
        let lately = match weighed.is_empty() {
            true => 0,
            false => self.inner.store.tenant(&visitor.tenant).attached_bytes(&visitor.patient, since).await?,
        };
        let all = weighed.iter().map(|file| file.about.bytes).sum::<u64>();
        Ok(if lately.saturating_add(all) > DAILY_BYTES { Err(FileRefused::Enough) } else { Ok(weighed) })
    }

    /// Opens a file that came with `message`, or that `visitor` sent with an answer to it: behind the same sign-in as the message, and written
    /// down before it is answered (45 CFR 164.312(b)).
    ///
    /// # Errors
    /// [`NotNow`].
    pub async fn open_attachment(
        &self,
        visitor: &Visitor,
        message: MessageId,
        id: AttachmentId,
    ) -> Result<(FileKind, Phi<Vec<u8>>), NotNow> {
        let (record, _) = self.portal_record(visitor, message).await?;
        self.is_open(visitor, &record).await?;
        let thread = self.portal_thread(visitor, message).await?;
        let written = thread.replies.into_iter().flat_map(|reply| reply.attachments);
        let file = thread.files.into_iter().chain(written).find(|file| file.id == id);
        let file = file.ok_or(NotNow::NotFound)?;
        let store = self.inner.store.tenant(&visitor.tenant);
        let content = store.attachment(&visitor.patient, id).await?.ok_or(NotNow::NotFound)?;
        let code = if visitor.is_proxy() { "attachment_read_by_proxy" } else { "attachment_read_by_patient" };
        let entry = ledger_entry::of(self, &visitor.tenant, Kind::Disclosed, visitor.actor(), code);
        let entry = ledger_entry::about(entry.map_err(|_| NotNow::Unavailable)?, message, None);
        store.append(vec![entry]).await?;
        Ok((file.kind, content))
    }
}

/// What `content` is and where it ends; what stands behind is no part of it. `None` = nothing that is taken, or not whole.
fn kind_of(content: &[u8]) -> Option<(FileKind, usize)> {
    if content.starts_with(b"%PDF-") {
        return end_of_pdf(content).map(|end| (FileKind::Pdf, end));
    }
    if content.starts_with(&[0xFF, 0xD8, 0xFF]) {
        return end_of_jpeg(content).map(|end| (FileKind::Jpeg, end));
    }
    if content.starts_with(b"\x89PNG\r\n\x1a\n") {
        return end_of_png(content).map(|end| (FileKind::Png, end));
    }
    is_text(content).then_some((FileKind::Text, content.len()))
}

/// ISO 32000-1 section 7.5.5: the last line is `%%EOF`, behind the place of the cross-reference.
fn end_of_pdf(content: &[u8]) -> Option<usize> {
    let last = |what: &[u8]| content.windows(what.len()).rposition(|window| window == what);
    let (end, table) = (last(b"%%EOF")?, last(b"startxref")?);
    (table < end).then_some(end + 5)
}

/// ITU-T T.81 annex B: segments, scans and their entropy-coded data, up to the end of the image.
fn end_of_jpeg(content: &[u8]) -> Option<usize> {
    let (mut at, mut framed) = (2, false);
    loop {
        let marker = loop {
            match (*content.get(at)?, *content.get(at + 1)?) {
                // B.1.1.2: fill bytes before a marker.
                (0xFF, 0xFF) => at += 1,
                (0xFF, marker) => break marker,
                _ => return None,
            }
        };
        at += 2;
        match marker {
            0xD9 => return framed.then_some(at),
            0x01 | 0xD0..=0xD7 => continue,
            0x00 | 0xD8 => return None,
            _ => {}
        }
        let length = usize::from(u16::from_be_bytes([*content.get(at)?, *content.get(at + 1)?]));
        let segment = content.get(at..at.checked_add(length.max(2))?)?;
        // B.2.2: a frame header of any coding process; C4, C8 and CC are none.
        if matches!(marker, 0xC0..=0xCF) && !matches!(marker, 0xC4 | 0xC8 | 0xCC) {
            let side =
                |from: usize| Some(u64::from(u16::from_be_bytes([*segment.get(from)?, *segment.get(from + 1)?])));
            framed = true;
            fits(side(5)?, side(3)?)?;
        }
        at += length.max(2);
        if marker == 0xDA {
            // The data of a scan: until a marker that is neither a stuffed zero nor a restart.
            while !matches!((content.get(at)?, content.get(at + 1)?), (0xFF, marker) if !matches!(marker, 0x00 | 0xD0..=0xD7))
            {
                at += 1;
            }
        }
    }
}

/// ISO/IEC 15948 section 5: a header chunk first, then chunks up to the last.
fn end_of_png(content: &[u8]) -> Option<usize> {
    let word = |at: usize| content.get(at..at + 4)?.try_into().map(u32::from_be_bytes).ok();
    let mut at: usize = 8;
    loop {
        let (length, kind) = (usize::try_from(word(at)?).ok()?, content.get(at + 4..at + 8)?);
        let first = at == 8;
        if first != (kind == b"IHDR") {
            return None;
        }
        if first {
            fits(u64::from(word(at + 8)?), u64::from(word(at + 12)?))?;
        }
        at = at.checked_add(length)?.checked_add(12)?;
        if at > content.len() {
            return None;
        }
        if kind == b"IEND" {
            return Some(at);
        }
    }
}

/// Whether a picture of this size is no trap.
fn fits(wide: u64, high: u64) -> Option<()> {
    (wide > 0 && high > 0 && wide.checked_mul(high)? <= PIXELS_MAX).then_some(())
}

/// Text: UTF-8 of signs that are read, and nothing that a program would take for a page or a document.
fn is_text(content: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(content) else { return false };
    let read =
        !text.trim().is_empty() && !text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t' | '\x0c'));
    // WHATWG, MIME Sniffing, section 7.1; readers of PDF look for its first line within the first kilobyte.
    let start: String = text.chars().take(1_024).collect();
    read && !start.contains("%PDF-") && !has_markup(text)
}

/// Elements with which pages and drawings are made; `<` in any other place is what people write.
fn has_markup(text: &str) -> bool {
    const ELEMENTS: [&str; 27] = [
        "!--", "!doctype", "?xml", "?php", "a", "applet", "base", "body", "div", "embed", "form", "frame", "head",
        "html", "iframe", "img", "input", "link", "math", "meta", "object", "p", "script", "style", "svg", "table",
        "video",
    ];
    text.split('<').skip(1).any(|rest| {
        let rest = rest.strip_prefix('/').unwrap_or(rest);
        ELEMENTS.iter().any(|element| {
            let begins = rest.get(..element.len()).is_some_and(|start| start.eq_ignore_ascii_case(element));
            let next = rest.get(element.len()..).and_then(|rest| rest.chars().next());
            let ends = next.is_none_or(|next| next.is_whitespace() || matches!(next, '>' | '/'));
            begins && (ends || !element.ends_with(char::is_alphanumeric))
        })
    })
}

/// A name as a label: the last part of a path, of signs that are seen and stand where they are seen, ended by what the file is.
fn label(name: &str, kind: FileKind) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let seen =
        |c: &char| !c.is_control() && !is_unseen(*c) && !matches!(c, '<' | '>' | ':' | '"' | '|' | '?' | '*' | '%');
    let seen: String = last.chars().filter(seen).collect();
    let words: Vec<&str> = seen.split_whitespace().collect();
    let words = words.join(" ");
    let mut stem = words.as_str();
    while let Some((before, end)) = stem.rsplit_once('.') {
        let ends = end.len() <= 5 && end.bytes().all(|b| b.is_ascii_alphanumeric());
        if !ends || !end.bytes().next().is_none_or(|b| b.is_ascii_alphabetic()) {
            break;
        }
        stem = before;
    }
    let stem: String = stem.trim_matches([' ', '.']).chars().take(NAME_MAX).collect();
    let stem = if stem.is_empty() { "file" } else { stem.as_str() };
    format!("{stem}.{}", kind.extension())
}

/// Signs without a width, and those that turn the direction of others (Unicode, general category Cf).
const fn is_unseen(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
#[path = "files_tests.rs"]
mod tests;
