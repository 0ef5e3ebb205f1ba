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

/// The messages of `cargo xtask score --speed`, by its groups.
fn speed(rows: &[(&'static str, String)]) -> Result<Vec<Line>, Box<dyn Error>> {
    let short = |of: &str| -> Vec<&str> {
        let wanted = rows.iter().filter(|(group, _)| group.starts_with(of));
        wanted.map(|(_, text)| text.as_str()).filter(|text| text.chars().count() <= SHORT).collect()
    };
    let all = short("");
    let clean: Vec<&str> =
        rows.iter().filter(|(group, _)| *group == "false positives, clean").map(|(_, text)| text.as_str()).collect();
    let mut lines = Vec::new();
    for (what, texts, goal) in [
        ("messages per second and core, all", &all, "300,000"),
        ("plain clean", &clean, "-"),
        ("plain PHI", &short("recall, plain"), "-"),
        ("in disguise", &short("recall, adversarial"), "-"),
    ] {
        lines.push(Line::rate("classify", what, rate(texts)?, goal, "one thread, every layer, per second of CPU"));
    }
    let mut timings = Timings::with_capacity(all.len() * 20);
    for _ in 0..20 {
        for text in &all {
            let began = Instant::now();
            black_box(scan(black_box(text), &Context::default())?);
            timings.add(began.elapsed());
        }
    }
    let alone = "all, each timed alone, as it comes: not the least of several";
    lines.push(Line::time("classify", "message, p50", timings.quantile(500), "2 µs", alone));
    lines.push(Line::time("classify", "message, p99", timings.quantile(990), "10 µs", alone));
    for (what, texts) in [("the whole set", &all), ("plain clean messages", &clean)] {
        let note = format!("{what} in one piece, the least of 10");
        lines.push(Line::time("classify", "64 KiB of text", long(texts)?, "1 ms", &note));
    }
    Ok(lines)
}

/// Texts read per second of this process's CPU.
fn rate(texts: &[&str]) -> Result<f64, Box<dyn Error>> {
    let (began, cpu) = (Instant::now(), cpu_seconds("self"));
    let mut count = 0_u32;
    while began.elapsed() < Duration::from_secs(2) {
        for text in texts {
            black_box(scan(black_box(text), &Context::default())?);
            count += 1;
        }
    }
    Ok(f64::from(count) / (cpu_seconds("self") - cpu).max(0.01))
}

/// How long 64 KiB of these texts take.
fn long(texts: &[&str]) -> Result<Duration, Box<dyn Error>> {
    let text: String = texts.join(" ").repeat(3).chars().take(64 * 1024).collect();
    let mut least = Duration::MAX;
    for _ in 0..10 {
        let began = Instant::now();
        black_box(scan(black_box(&text), &Context::default())?);
        least = least.min(began.elapsed());
    }
    Ok(least)
}

/// What other detectors find in the same messages: the section of the classifier's page, with its date, so that both pages say the same.
pub(crate) fn beside_others(root: &Path) -> Result<String, Box<dyn Error>> {
    let page = std::fs::read_to_string(root.join("docs/classifier.md"))?;
    let (_, section) = page.split_once("## Beside others").ok_or("docs/classifier.md has no section on others")?;
    let section = section.split_once("\n## ").map_or(section, |(section, _)| section);
    Ok(format!(
        "\n## The classifier beside others\n\nFrom [the classifier's page](classifier.md).\n\n{}\n",
        section.trim()
    ))
}
