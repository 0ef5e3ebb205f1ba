//! What the classifier finds in its development set, and how fast it reads.

use crate::machine::cpu_seconds;
use crate::report::Line;
use crate::timing::Timings;
use postern_classify::{Context, scan};
use std::collections::BTreeMap;
use std::error::Error;
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

/// The most characters of a short message.
const SHORT: usize = 320;

/// Scores the development set, then measures for two seconds on one thread.
pub(crate) fn run(root: &Path) -> Result<Vec<Line>, Box<dyn Error>> {
    let set = std::fs::read_to_string(root.join("crates/classify/corpus/dev.tsv"))?;
    let rows: Vec<(&str, String)> = set.lines().filter_map(row).collect();
    let began = Instant::now();
    scan("The first text makes the lists ready.", &Context::default())?;
    let load = began.elapsed();
    let mut lines = scores(&rows)?;
    lines.push(Line::time("classify", "load, at the first text", load, "300 ms", "once per process"));
    lines.extend(speed(&rows)?);
    Ok(lines)
}

/// The group a line of the set counts in, and its text.
fn row(line: &str) -> Option<(&'static str, String)> {
    let fields: Vec<&str> = line.split('\t').collect();
    let [_, label, _, lang, style, text] = fields.as_slice() else { return None };
    let group = match (*label, *lang, *style) {
        ("phi", "es", "plain") => "recall, plain Spanish",
        ("phi", _, "plain") => "recall, plain English",
        ("phi", ..) => "recall, adversarial",
        (.., "plain") => "false positives, clean",
        _ => "false positives, clean in odd format",
    };
    Some((group, text.replace("\\n", "\n")))
}

fn scores(rows: &[(&'static str, String)]) -> Result<Vec<Line>, Box<dyn Error>> {
    let mut counts: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
    for (group, text) in rows {
        let found = scan(text, &Context::default())?.phi;
        let count = counts.entry(group).or_default();
        count.0 += u32::from(found);
        count.1 += 1;
    }
    let goal = |group: &str| match group {
        "recall, plain English" => "0.98",
        group if group.starts_with("recall") => "0.95",
        _ => "0.01",
    };
    let line = |(group, (found, all)): (&str, (u32, u32))| {
        let share = format!("{:.3}", f64::from(found) / f64::from(all));
        Line::text("classify", group, share, goal(group), &format!("{found} of {all} messages of the development set"))
    };
    Ok(counts.into_iter().map(line).collect())
}

fn speed(rows: &[(&'static str, String)]) -> Result<Vec<Line>, Box<dyn Error>> {
    let short: Vec<&str> = rows.iter().map(|(_, text)| text.as_str()).filter(|t| t.chars().count() <= SHORT).collect();
    let clean: Vec<&str> =
        rows.iter().filter(|(group, _)| *group == "false positives, clean").map(|(_, text)| text.as_str()).collect();
    let mut lines = Vec::new();
    for (what, texts) in [("messages per second and core", &short), ("clean ones alone", &clean)] {
        let (began, cpu) = (Instant::now(), cpu_seconds("self"));
        let mut count = 0_u32;
        while began.elapsed() < Duration::from_secs(2) {
            for text in texts {
                black_box(scan(black_box(text), &Context::default())?);
                count += 1;
            }
        }
        let per_second = f64::from(count) / (cpu_seconds("self") - cpu).max(0.01);
        lines.push(Line::rate("classify", what, per_second, "300,000", "one thread, every layer, per second of CPU"));
    }
    let mut timings = Timings::with_capacity(short.len() * 20);
    for _ in 0..20 {
        for text in &short {
            let began = Instant::now();
            black_box(scan(black_box(text), &Context::default())?);
            timings.add(began.elapsed());
        }
    }
    lines.push(Line::time(
        "classify",
        "message, p50",
        timings.quantile(500),
        "2 µs",
        "each timed alone, a third in disguise",
    ));
    lines.push(Line::time("classify", "message, p99", timings.quantile(990), "10 µs", "each timed alone"));
    let long: String = short.join(" ").chars().take(64 * 1024).collect();
    let began = Instant::now();
    black_box(scan(&long, &Context::default())?);
    lines.push(Line::time("classify", "64 KiB of text", began.elapsed(), "1 ms", "the development set in one piece"));
    Ok(lines)
}
