//! `postern scan`: find PHI in texts, from files, folders and standard input.

use crate::cli::{FailOn, Global, Scan};
use crate::exit::{Exit, Failure};
use crate::output::{Paint, Tone};
use postern_engine::scan::{ScanAnswer, ScanLine, scan_line, scan_text};
use postern_engine::wire;
use serde_json::json;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, IsTerminal as _, Read as _, Write};
use std::path::{Path, PathBuf};

/// The longest line that is taken into memory. The classifier reads less, and says so; a longer line is told and skipped.
const LINE_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// How much of a file is looked at to tell JSON lines, text and what is neither apart.
const HEAD_BYTES: u64 = 8 * 1024;

/// Scans line by line, so that a pipe is answered as it flows and memory stays small.
pub(crate) fn run(global: &Global, args: &Scan) -> Result<Exit, Failure> {
    let mut scanner = Scanner {
        json: global.json,
        paint: Paint::stdout(),
        // A log is no place for PHI: unasked, texts are shown to a person at a terminal alone.
        shows: args.text || io::stdout().is_terminal(),
        many: args.paths.len() > 1 || args.paths.iter().any(|path| path.is_dir()),
        out: io::BufWriter::new(io::stdout().lock()),
        count: Count::default(),
    };
    for path in &args.paths {
        if path.as_os_str() == "-" {
            scanner.lines(path, &mut io::stdin().lock(), Shape::Json)?;
        } else if path.is_dir() {
            for file in files_below(path)? {
                scanner.file(&file, true)?;
            }
        } else {
            scanner.file(path, false)?;
        }
    }
    scanner.finish(args)
}

/// Every file below a folder, in order; hidden ones and what links elsewhere are left out.
fn files_below(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let read = |why| Failure::Read { path: folder.to_owned(), why };
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(read)? {
            let entry = entry.map_err(read)?;
            let kind = entry.file_type().map_err(read)?;
            if entry.file_name().to_string_lossy().starts_with('.') {
                continue;
            }
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                files.push(entry.path());
            }
        }
    }
    files.sort();
    Ok(files)
}

/// What a file's lines are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// `{"id","text","channel",…}` each.
    Json,
    /// A text each.
    Text,
    /// Neither.
    Binary,
}

/// What some editors put before a file of UTF-8: no part of its text.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

fn shape(head: &[u8]) -> Shape {
    let head = head.strip_prefix(BYTE_ORDER_MARK).unwrap_or(head);
    match head.iter().find(|byte| !byte.is_ascii_whitespace()) {
        _ if head.contains(&0) => Shape::Binary,
        Some(b'{') => Shape::Json,
        _ => Shape::Text,
    }
}

#[derive(Debug, Default)]
struct Count {
    seen: u64,
    found: u64,
    bad: u64,
    skipped: u64,
}

struct Scanner<W: Write> {
    json: bool,
    paint: Paint,
    shows: bool,
    many: bool,
    out: W,
    count: Count,
}

impl<W: Write> Scanner<W> {
    fn file(&mut self, path: &Path, in_folder: bool) -> Result<(), Failure> {
        let read = |why| Failure::Read { path: path.to_owned(), why };
        let mut head = Vec::new();
        File::open(path).map_err(read)?.take(HEAD_BYTES).read_to_end(&mut head).map_err(read)?;
        let shape = shape(&head);
        // A picture among the templates of a folder is nothing to stop for.
        if shape == Shape::Binary && in_folder {
            self.count.skipped = self.count.skipped.saturating_add(1);
            return Ok(());
        }
        self.lines(path, &mut BufReader::new(File::open(path).map_err(read)?), shape)
    }

    fn lines(&mut self, path: &Path, input: &mut dyn BufRead, shape: Shape) -> Result<(), Failure> {
        let read = |why| Failure::Read { path: path.to_owned(), why };
        let mut line = Vec::new();
        for number in 1_u64.. {
            line.clear();
            let taken = input.take(LINE_BYTES_MAX).read_until(b'\n', &mut line).map_err(read)?;
            if taken == 0 {
                break;
            }
            if line.last() != Some(&b'\n') && u64::try_from(taken) == Ok(LINE_BYTES_MAX) {
                skip_line(input).map_err(read)?;
                self.unread(path, number, "longer than 16 MiB; split it")?;
                continue;
            }
            let line = match line.strip_prefix(BYTE_ORDER_MARK) {
                Some(rest) if number == 1 => rest,
                _ => line.as_slice(),
            };
            if line.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            if shape == Shape::Json {
                // One line that cannot be read keeps nobody from hearing of the others; the exit code tells.
                match wire::parse::<ScanLine>(line) {
                    Ok(line) => self.answer(&scan_line(&line), &line.text)?,
                    Err(why) => self.unread(path, number, &why.to_string())?,
                }
            } else if let Ok(text) = std::str::from_utf8(line) {
                let text = text.trim_end_matches(['\n', '\r']);
                self.answer(&scan_text(&format!("{}:{number}", path.display()), text), text)?;
            } else {
                self.unread(path, number, "not UTF-8 text")?;
            }
        }
        Ok(())
    }

    fn answer(&mut self, answer: &ScanAnswer, text: &str) -> Result<(), Failure> {
        self.count.seen = self.count.seen.saturating_add(1);
        self.count.found = self.count.found.saturating_add(u64::from(answer.phi));
        if self.json {
            serde_json::to_writer(&mut self.out, answer).map_err(io::Error::from)?;
            writeln!(self.out)?;
            return Ok(());
        }
        let paint = self.paint;
        let verdict = if answer.phi { paint.text(Tone::Bad, "phi  ") } else { paint.text(Tone::Good, "clean") };
        if self.shows {
            writeln!(self.out, "{verdict} {} {}  {}", answer.level, answer.id, marked(paint, answer, text))?;
        } else {
            let spans: Vec<String> =
                answer.spans.iter().map(|span| format!("{} {}-{}", span.kind, span.start, span.end)).collect();
            writeln!(self.out, "{verdict} {} {}  {}", answer.level, answer.id, spans.join(", "))?;
        }
        Ok(())
    }

    /// Tells of a line that could not be read, numbered as people count; never its text.
    fn unread(&mut self, path: &Path, number: u64, why: &str) -> Result<(), Failure> {
        self.count.bad = self.count.bad.saturating_add(1);
        if self.json {
            let told = if self.many {
                json!({ "id": null, "file": path.to_string_lossy(), "line": number, "error": why })
            } else {
                json!({ "id": null, "line": number, "error": why })
            };
            writeln!(self.out, "{told}")?;
            return Ok(());
        }
        self.out.flush()?;
        writeln!(io::stderr(), "{}: line {number}: {why}", path.display())?;
        Ok(())
    }

    fn finish(mut self, args: &Scan) -> Result<Exit, Failure> {
        let Count { seen, found, bad, skipped } = self.count;
        if !self.json {
            let skipped =
                if skipped > 0 { format!(", {skipped} files that are no text left out") } else { String::new() };
            writeln!(self.out, "{seen} texts, {found} with PHI{skipped}")?;
        }
        self.out.flush()?;
        if bad > 0 {
            let name =
                args.paths.first().filter(|_| !self.many).map_or_else(String::new, |p| format!("{}: ", p.display()));
            return Err(Failure::Usage(format!("{name}{bad} lines could not be read")));
        }
        let fail = args.fail_on == Some(FailOn::Phi) && found > 0;
        Ok(if fail { Exit::No } else { Exit::Done })
    }
}

/// Reads to the end of a line without keeping it.
fn skip_line(input: &mut dyn BufRead) -> io::Result<()> {
    loop {
        let (used, ended) = {
            let buffer = input.fill_buf()?;
            let end = buffer.iter().position(|byte| *byte == b'\n');
            (end.map_or(buffer.len(), |at| at.saturating_add(1)), end.is_some() || buffer.is_empty())
        };
        input.consume(used);
        if ended {
            return Ok(());
        }
    }
}

/// The text with every finding in brackets, in colour where there is colour, and what it is behind it. Control characters are
/// shown as what they are not: a text must not move the cursor of who reads it.
fn marked(paint: Paint, answer: &ScanAnswer, text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut spans = answer.spans.iter().peekable();
    let mut inside = String::new();
    for (at, c) in text.chars().enumerate() {
        let shown = match c {
            '\n' | '\r' | '\t' => '\u{23ce}',
            c if c.is_control() => char::REPLACEMENT_CHARACTER,
            c => c,
        };
        match spans.peek() {
            Some(span) if (span.start..span.end).contains(&at) => {
                inside.push(shown);
                if at.saturating_add(1) == span.end {
                    out.push_str(&paint.text(Tone::Bad, &format!("[{inside}]")));
                    out.push_str(&paint.text(Tone::Soft, &span.kind));
                    inside.clear();
                    spans.next();
                }
            }
            _ => out.push(shown),
        }
    }
    out.push_str(&inside);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_are_marked_where_they_stand() {
        let text = "Hóla, A1c was 8.2 %\nok";
        let paint = Paint::none();
        assert_eq!(marked(paint, &scan_text("1", text), text), "Hóla, [A1c]lab was 8.2 %\u{23ce}ok");
    }

    #[test]
    fn json_lines_text_and_pictures_are_told_apart() {
        assert_eq!(shape(b" {\"id\":\"1\"}"), Shape::Json);
        assert_eq!(shape(b"Hi Maria"), Shape::Text);
        assert_eq!(shape(b"\xef\xbb\xbf{\"id\":\"1\"}"), Shape::Json);
        assert_eq!(shape(b"\xef\xbb\xbfHi Maria"), Shape::Text);
        assert_eq!(shape(b"\x89PNG\0\0"), Shape::Binary);
    }

    #[test]
    fn json_lines_behind_a_byte_order_mark_are_read_as_json_lines() {
        let mut out = Vec::new();
        let mut scanner = Scanner {
            json: true,
            paint: Paint::none(),
            shows: false,
            many: false,
            out: &mut out,
            count: Count::default(),
        };
        let mut input = io::Cursor::new(b"\xef\xbb\xbf{\"id\":\"one\",\"text\":\"Hi\",\"channel\":\"sms\"}\n".to_vec());
        scanner.lines(Path::new("f"), &mut input, Shape::Json).unwrap();
        assert_eq!((scanner.count.seen, scanner.count.bad), (1, 0));
        assert!(String::from_utf8(out).unwrap().contains("\"id\":\"one\""));
    }

    #[test]
    fn what_is_skipped_of_a_line_ends_where_the_line_ends() {
        let mut input = io::Cursor::new(b"aaaa\nbb".to_vec());
        skip_line(&mut input).unwrap();
        let mut rest = String::new();
        input.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "bb");
    }
}
