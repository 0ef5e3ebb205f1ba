//! Scores the classifier on the development set, `corpus/dev.tsv`.
//!
//! `score` prints recall by kind, language and style, and false positives on clean texts; `--misses` shows every miss;
//! `--write` expands the set anew from `corpus/dev.txt`; `--speed` measures.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for a person at a terminal")]

#[path = "grammar/disguise.rs"]
mod disguise;
mod grammar;

use grammar::{Dice, Message};
use postern_classify::{Context, scan};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |name: &str| arguments.iter().any(|argument| argument == name);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let spent = cpu();
    let _first = scan("The first one reads the lists.", &Context::default());
    println!("load {:?} of CPU", cpu() - spent);
    if has("--write") && !write(&path) {
        return ExitCode::FAILURE;
    }
    let file = arguments.iter().find(|a| a.ends_with(".tsv")).map_or_else(|| path.join("dev.tsv"), PathBuf::from);
    let Ok(set) = std::fs::read_to_string(&file) else {
        eprintln!("{} cannot be read; make it with --write", file.display());
        return ExitCode::FAILURE;
    };
    let rows: Vec<Row> = set.lines().filter_map(Row::read).collect();
    score(&rows, has("--misses"));
    if has("--speed") {
        speed(&rows);
    }
    ExitCode::SUCCESS
}

/// A labelled message.
struct Row {
    phi: bool,
    kind: String,
    lang: String,
    style: String,
    text: String,
}

impl Row {
    fn read(line: &str) -> Option<Self> {
        let fields: Vec<&str> = line.split('\t').collect();
        let [_, label, kind, lang, style, text] = fields.as_slice() else { return None };
        let text = text.replace("\\n", "\n");
        Some(Self { phi: *label == "phi", kind: (*kind).into(), lang: (*lang).into(), style: (*style).into(), text })
    }
}

/// Expands the grammar: plain, adversarial, clean and oddly formatted clean messages.
fn write(path: &Path) -> bool {
    let Ok(text) = std::fs::read_to_string(path.join("dev.txt")) else { return false };
    let mut dice = Dice::new(11);
    let mut out = String::new();
    let mut number = 0;
    let mut seen = std::collections::BTreeSet::new();
    let mut push = |message: &Message, style: &str, text: &str| {
        if seen.insert(text.to_owned()) {
            number += 1;
            let label = if message.phi { "phi" } else { "clean" };
            let text = text.replace('\t', " ").replace('\n', "\\n");
            let _written = writeln!(out, "{number}\t{label}\t{}\t{}\t{style}\t{text}", message.kind, message.lang);
        }
    };
    for (at, message) in grammar::expand(&text, 7, 3).iter().enumerate() {
        push(message, "plain", &message.text());
        let [_, inner, _] = &message.parts;
        if message.phi && !inner.is_empty() && message.kind != "url" {
            if at % 2 == 0 {
                let Some((name, disguise)) = dice.pick(disguise::DISGUISES).copied() else { continue };
                push(message, name, &disguise::disguised(message, &mut dice, disguise));
            }
        } else if !message.phi && at % 2 == 0 {
            let Some((name, format)) = dice.pick(disguise::FORMATS).copied() else { continue };
            push(message, name, &format(&message.text(), &mut dice));
        }
    }
    let head = "# number, label, kind, language, style, text. Expanded from dev.txt by `score --write`; do not edit.\n";
    std::fs::write(path.join("dev.tsv"), format!("{head}{out}")).is_ok()
}

/// Found and all.
type Count = (u32, u32);

fn score(rows: &[Row], misses: bool) {
    let mut counts: BTreeMap<String, Count> = BTreeMap::new();
    for row in rows {
        let found = scan(&row.text, &Context::default()).map_or(true, |findings| findings.phi);
        let mut add = |name: String| {
            let count = counts.entry(name).or_default();
            count.0 += u32::from(found);
            count.1 += 1;
        };
        let plain = row.style == "plain";
        if row.phi {
            add(format!("1 recall {}", if plain { "plain" } else { "adversarial" }));
            if row.lang == "es" {
                add("1 recall Spanish".into());
            }
            if plain {
                add(format!("2 plain {}", row.kind));
            } else {
                add(format!("3 adversarial {}", row.style));
                add(format!("4 adversarial {}", row.kind));
            }
        } else {
            add(format!("5 false positives {}", if plain { "clean" } else { "clean, odd format" }));
            if !plain {
                add(format!("6 odd {}", row.style));
            }
        }
        if misses && found != row.phi {
            let spans = scan(&row.text, &Context::default()).map(|f| f.spans).unwrap_or_default();
            let marked: Vec<String> = spans
                .iter()
                .map(|s| {
                    format!(
                        "{}={:?}",
                        s.kind.as_str(),
                        row.text.chars().skip(s.start).take(s.end - s.start).collect::<String>()
                    )
                })
                .collect();
            println!(
                "{} {} {} {}: {:?} {}",
                if row.phi { "MISS" } else { "FALSE" },
                row.kind,
                row.lang,
                row.style,
                row.text,
                marked.join(" ")
            );
        }
    }
    for (name, (found, all)) in &counts {
        println!("{:44} {found:5} of {all:5}  {:.3}", name, f64::from(*found) / f64::from(*all));
    }
}

/// The rate by group of messages, and the quantiles of single messages, in this thread's time on a processor.
fn speed(rows: &[Row]) {
    let short: Vec<&Row> = rows.iter().filter(|row| row.text.chars().count() <= 320).collect();
    type Pick = fn(&Row) -> bool;
    let groups: [(&str, Pick); 5] = [
        ("all", |_| true),
        ("plain clean", |row| !row.phi && row.style == "plain"),
        ("plain PHI", |row| row.phi && row.style == "plain"),
        ("odd clean", |row| !row.phi && row.style != "plain"),
        ("disguised", |row| row.phi && row.style != "plain"),
    ];
    for (name, pick) in groups {
        let texts: Vec<&str> = short.iter().filter(|row| pick(row)).map(|row| row.text.as_str()).collect();
        if texts.is_empty() {
            continue;
        }
        let spent = cpu();
        let mut count = 0_u32;
        while cpu() - spent < Duration::from_millis(700) {
            for text in &texts {
                let _found = std::hint::black_box(scan(std::hint::black_box(text), &Context::default()));
                count += 1;
            }
        }
        let rate = f64::from(count) / (cpu() - spent).as_secs_f64();
        println!("{name:12} {rate:9.0} messages per second of CPU");
    }
    let mut times: Vec<Duration> = Vec::new();
    for row in &short {
        // The least of some: what somebody else's work on this processor adds is not this crate's.
        let mut least = Duration::MAX;
        for _ in 0..5 {
            let began = Instant::now();
            let _found = std::hint::black_box(scan(std::hint::black_box(&row.text), &Context::default()));
            least = least.min(began.elapsed());
        }
        times.push(least);
    }
    times.sort_unstable();
    let at = |part: usize| times.get(times.len() * part / 1000).copied().unwrap_or_default();
    println!("p50 {:?} p99 {:?} p99.9 {:?} (each the least of 5)", at(500), at(990), at(999));
    let joined = |pick: Pick| {
        let texts: Vec<&str> = short.iter().filter(|row| pick(row)).map(|row| row.text.as_str()).collect();
        texts.join(" ").repeat(3).chars().take(64 * 1024).collect::<String>()
    };
    for (name, pick) in groups {
        let long = joined(pick);
        let spent = cpu();
        for _ in 0..10 {
            let _found = std::hint::black_box(scan(&long, &Context::default()));
        }
        println!("64 KiB, {name}: {:?} of CPU", (cpu() - spent) / 10);
    }
}

/// The time this thread has spent on a processor (Linux).
fn cpu() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(text.split(' ').next().and_then(|first| first.parse().ok()).unwrap_or_default())
}
