//! Where documents begin and end in a stream: one after another on lines of their own (NDJSON), or anyhow.

use super::{Place, ReadError, Reading, Reason};
use crate::json::{self, Limits, Refused};
use std::io::{BufRead, Read};

/// Hands every document of the stream to `reading`.
pub(super) fn each(
    mut reader: impl BufRead,
    limits: &Limits,
    reading: &mut Reading<'_, '_>,
    progress: &mut dyn FnMut(u64),
) -> Result<(), ReadError> {
    let mut first = line(&mut reader, limits)?;
    if first.starts_with(b"\xef\xbb\xbf") {
        first.drain(..3);
    }
    let mut number = 1;
    while !first.is_empty() && first.trim_ascii().is_empty() {
        first = line(&mut reader, limits)?;
        number += 1;
    }
    let second = line(&mut reader, limits)?;
    let mut done = (first.len() + second.len()) as u64;
    if !is_lines(&first, &second) {
        first.extend_from_slice(&second);
        let room = limits.bundle_bytes.saturating_sub(first.len());
        reader.take(room as u64 + 1).read_to_end(&mut first)?;
        if first.len() > limits.bundle_bytes {
            return Err(ReadError::TooLarge(limits.bundle_bytes));
        }
        documents(&first, number, reading, progress);
        progress(first.len() as u64);
        return Ok(());
    }
    let mut current = first;
    let mut next = Some(second);
    while !current.is_empty() && !reading.stopped {
        if !current.trim_ascii().is_empty() {
            reading.document(current.trim_ascii(), Place { line: number, entry: None }, 0, &mut |_| {});
        }
        progress(done);
        number += 1;
        current = match next.take() {
            Some(second) => second,
            None => {
                let read = line(&mut reader, limits)?;
                done += read.len() as u64;
                read
            }
        };
    }
    Ok(())
}

/// One line with its end; empty at the end of the stream. A line longer than a bundle may be is an error.
fn line(reader: &mut impl BufRead, limits: &Limits) -> Result<Vec<u8>, ReadError> {
    let mut text = Vec::new();
    reader.by_ref().take(limits.bundle_bytes as u64 + 1).read_until(b'\n', &mut text)?;
    if text.len() > limits.bundle_bytes { Err(ReadError::TooLarge(limits.bundle_bytes)) } else { Ok(text) }
}

/// Whether every line is a document: the first is whole, or both begin like one and the first does not break off where an indented
/// document goes on in the next line.
fn is_lines(first: &[u8], second: &[u8]) -> bool {
    let begins = |line: &[u8]| line.starts_with(b"{\"") || line.starts_with(b"{ \"");
    let whole =
        json::value_end(first, 0).is_some_and(|end| first.get(end..).unwrap_or_default().trim_ascii().is_empty());
    let goes_on = matches!(first.trim_ascii_end().last(), Some(b'[' | b'{' | b',' | b':'));
    (first.starts_with(b"{") && whole && !second.is_empty()) || (begins(first) && begins(second) && !goes_on)
}

/// One document after another in one text.
fn documents(text: &[u8], first_line: u64, reading: &mut Reading<'_, '_>, progress: &mut dyn FnMut(u64)) {
    let mut at = 0;
    let mut line = first_line;
    loop {
        let start = json::skip(text, at, b" \t\r\n");
        line += text.get(at..start).unwrap_or_default().iter().filter(|b| **b == b'\n').count() as u64;
        let place = Place { line, entry: None };
        let end = match text.get(start) {
            None => return,
            Some(b'{' | b'[') => json::value_end(text, start).unwrap_or(text.len()),
            Some(_) => return reading.report.unread(place, None, Reason::Refused(Refused::NotJson)),
        };
        let document = text.get(start..end).unwrap_or_default();
        reading.document(document, place, start as u64, progress);
        if reading.stopped {
            return;
        }
        line += document.iter().filter(|b| **b == b'\n').count() as u64;
        at = end;
    }
}
