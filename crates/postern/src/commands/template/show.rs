//! What `postern template` prints.

use crate::cli::Global;
use crate::exit::{Exit, Failure};
use crate::output::{self, Paint, Tone};
use postern_engine::templates::{Change, DiffLine, Preview, Previewed, Problem, TemplateVersion};
use serde_json::json;
use std::io::Write as _;
use std::path::PathBuf;

/// Every version, in columns.
pub(super) fn list(global: &Global, all: &[TemplateVersion]) -> Result<Exit, Failure> {
    if global.json {
        output::json_line(&json!({ "templates": all }))?;
        return Ok(Exit::Done);
    }
    let paint = Paint::stdout();
    let mut out = std::io::stdout().lock();
    for version in all {
        let named = format!("{}@{}", version.name, version.version);
        let tone = if version.in_use { Tone::Good } else { Tone::Soft };
        let purposes: Vec<&str> = version.purposes.iter().map(|purpose| purpose.as_str()).collect();
        let purposes = if purposes.len() > 3 { "every purpose".to_owned() } else { purposes.join(", ") };
        let state = paint.text(tone, &format!("{:<10}", version.state));
        writeln!(out, "{named:<26} {state} {purposes:<24}{}", people(version))?;
    }
    Ok(Exit::Done)
}

fn people(version: &TemplateVersion) -> String {
    let steps = [("proposed by", &version.proposed_by), ("approved by", &version.approved_by)];
    steps.iter().filter_map(|(step, who)| who.as_ref().map(|who| format!(" {step} {who}"))).collect()
}

/// One version with its file.
pub(super) fn one(global: &Global, version: &TemplateVersion) -> Result<Exit, Failure> {
    if global.json {
        output::json_line(version)?;
    } else {
        std::io::stdout().lock().write_all(version.source.as_deref().unwrap_or_default().as_bytes())?;
    }
    Ok(Exit::Done)
}

/// Every text at its longest.
pub(super) fn preview(global: &Global, preview: &Preview) -> Result<Exit, Failure> {
    if global.json {
        output::json_line(preview)?;
        return Ok(Exit::Done);
    }
    let paint = Paint::stdout();
    let mut out = std::io::stdout().lock();
    writeln!(out, "{} with the longest values there may be", paint.text(Tone::Strong, &preview.name))?;
    for problem in &preview.problems {
        writeln!(out, "{}: {problem}", paint.text(Tone::Bad, "cannot be saved"))?;
    }
    for text in &preview.texts {
        writeln!(out)?;
        let channel = text.channel.map_or("any channel", |channel| channel.as_str());
        let head = format!("{} {} on {channel}", text.language, text.form);
        let level = text.level.map_or("unknown", |level| level.as_str());
        writeln!(out, "{}  {level}  {}", paint.text(Tone::Strong, &head), paint.text(Tone::Soft, &measured(text)))?;
        writeln!(out, "  {}", paint.text(Tone::Soft, &format!("may travel: {}", places(text))))?;
        if let Some(subject) = &text.subject {
            writeln!(out, "  subject: {subject}")?;
        }
        if !text.new_words.is_empty() {
            let words = format!("words that no text of ours has: {}", text.new_words.join(", "));
            writeln!(out, "  {}", paint.text(Tone::Wait, &words))?;
        }
        for line in text.body.trim_end().lines() {
            writeln!(out, "  {line}")?;
        }
    }
    Ok(Exit::Done)
}

fn measured(text: &Previewed) -> String {
    let length = &text.length;
    if !text.reach.iter().any(|reach| reach.column == "sms") {
        return format!("{} characters", length.chars);
    }
    let encoding = match length.encoding {
        postern_engine::templates::Encoding::Gsm7 => "GSM-7",
        postern_engine::templates::Encoding::Ucs2 => "UCS-2",
    };
    let segments = if length.segments == 1 { "1 segment".to_owned() } else { format!("{} segments", length.segments) };
    format!("{} characters, {encoding}, {segments} as a text message", length.chars)
}

fn places(text: &Previewed) -> String {
    let mut places: Vec<String> = Vec::new();
    for reach in &text.reach {
        let place = if reach.conditions.is_empty() {
            reach.column.to_owned()
        } else {
            format!("{} ({})", reach.column, reach.conditions)
        };
        if !places.contains(&place) {
            places.push(place);
        }
    }
    if places.is_empty() { "nowhere".to_owned() } else { places.join(", ") }
}

/// What changed, as people read it.
pub(super) fn diff(global: &Global, lines: &[DiffLine]) -> Result<Exit, Failure> {
    if global.json {
        output::json_line(&json!({ "lines": lines }))?;
        return Ok(Exit::Done);
    }
    let paint = Paint::stdout();
    let mut out = std::io::stdout().lock();
    for line in lines {
        let (sign, tone) = match line.change {
            Change::Same => (' ', Tone::Soft),
            Change::Removed => ('-', Tone::Bad),
            Change::Added => ('+', Tone::Good),
        };
        let text: String = line
            .pieces
            .iter()
            .map(|piece| if piece.changed { paint.text(tone, &piece.text) } else { piece.text.clone() })
            .collect();
        writeln!(out, "{} {text}", paint.text(tone, &sign.to_string()))?;
    }
    Ok(Exit::Done)
}

/// Everything that keeps files from being saved; exit 1 when there is anything.
pub(super) fn problems(global: &Global, found: &[(PathBuf, Vec<Problem>)], checked: usize) -> Result<Exit, Failure> {
    let count: usize = found.iter().map(|(_, problems)| problems.len()).sum();
    if global.json {
        let files: Vec<_> =
            found.iter().map(|(file, problems)| json!({ "file": file, "problems": problems })).collect();
        output::json_line(&json!({ "checked": checked, "problems": count, "files": files }))?;
    } else {
        let paint = Paint::stdout();
        let mut out = std::io::stdout().lock();
        for (file, problems) in found {
            for problem in problems {
                writeln!(out, "{}: {}", paint.text(Tone::Bad, &file.display().to_string()), problem)?;
            }
        }
        let files = if checked == 1 { "1 file".to_owned() } else { format!("{checked} files") };
        writeln!(out, "{files}, {count} to be put right")?;
    }
    Ok(if count == 0 { Exit::Done } else { Exit::No })
}
