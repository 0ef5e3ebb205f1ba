//! `postern scan`: find PHI in texts.

use crate::cli::{FailOn, Global, Scan};
use crate::exit::{Exit, Failure};
use crate::output::{Paint, Tone};
use postern_engine::scan::{ScanAnswer, ScanLine, scan_line};
use postern_engine::wire;
use serde_json::json;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;

/// Scans line by line, so that a pipe is answered as it flows and memory stays small.
pub(crate) fn run(global: &Global, args: &Scan) -> Result<Exit, Failure> {
    let read = |why| Failure::Read { path: args.file.clone(), why };
    let input: Box<dyn BufRead> = if args.file.as_os_str() == "-" {
        Box::new(std::io::stdin().lock())
    } else {
        Box::new(BufReader::new(File::open(&args.file).map_err(read)?))
    };
    let paint = Paint::stdout();
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let (mut seen, mut found, mut bad) = (0_u64, 0_u64, 0_u64);
    for (number, line) in input.split(b'\n').enumerate() {
        let line = line.map_err(read)?;
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let line: ScanLine = match wire::parse(&line) {
            Ok(line) => line,
            // One line that cannot be read keeps nobody from hearing of the others; the exit code tells.
            Err(why) => {
                bad = bad.saturating_add(1);
                unread(global, &mut out, &args.file, number.saturating_add(1), &why)?;
                continue;
            }
        };
        let answer = scan_line(&line);
        seen = seen.saturating_add(1);
        found = found.saturating_add(u64::from(answer.phi));
        if global.json {
            serde_json::to_writer(&mut out, &answer).map_err(std::io::Error::from)?;
            writeln!(out)?;
        } else {
            writeln!(out, "{}", readable(paint, &answer))?;
        }
    }
    if !global.json {
        writeln!(out, "{seen} texts, {found} with PHI")?;
    }
    out.flush()?;
    if bad > 0 {
        return Err(Failure::Usage(format!("{}: {bad} lines could not be read", args.file.display())));
    }
    let fail = args.fail_on == Some(FailOn::Phi) && found > 0;
    Ok(if fail { Exit::No } else { Exit::Done })
}

/// Tells of a line that could not be read, numbered as people count; never its text.
fn unread(
    global: &Global,
    out: &mut impl Write,
    file: &Path,
    number: usize,
    why: &wire::WireError,
) -> Result<(), Failure> {
    if global.json {
        let told = json!({ "id": null, "line": number, "error": why.to_string() });
        writeln!(out, "{told}")?;
        return Ok(());
    }
    out.flush()?;
    writeln!(std::io::stderr(), "{}: line {number}: {why}", file.display())?;
    Ok(())
}

/// The verdict and what was found where; never the text.
fn readable(paint: Paint, answer: &ScanAnswer) -> String {
    let verdict = if answer.phi { paint.text(Tone::Bad, "phi  ") } else { paint.text(Tone::Good, "clean") };
    let spans: Vec<String> =
        answer.spans.iter().map(|span| format!("{} {}-{}", span.kind, span.start, span.end)).collect();
    format!("{verdict} {} {}  {}", answer.level, answer.id, spans.join(", "))
}
