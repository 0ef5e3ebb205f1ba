//! `postern verify`: does the record hold, from the files alone.

mod database;
mod replay;

use crate::cli::{Global, Verify};
use crate::data_dir::DataDir;
use crate::exit::{Exit, Failure};
use crate::output::{self, Paint, Tone};
use crate::process;
use indicatif::{ProgressBar, ProgressStyle};
use postern_ledger::tiles::Directory;
use postern_ledger::verify::{MessageReport, Options, Problem, Report, key_beside, verify, verify_message};
use serde::Serialize;
use std::io::Write as _;

/// What is told in text; `--json` tells all.
const TOLD: usize = 20;
/// What `--json` tells at most; the others are counted.
const KEPT: usize = 1000;

#[derive(Debug, Serialize)]
struct Verdict {
    holds: bool,
    size: u64,
    root: Option<String>,
    messages: u64,
    anchored: Option<u64>,
    /// An anchor was given: where the ledger does not continue it, a problem says so.
    #[serde(skip)]
    anchor_given: bool,
    /// Entries in the database that were held against the files; absent when there is no database here.
    rows: Option<u64>,
    /// Rows of the database's other tables that were held against what entries state of them.
    covered: Option<u64>,
    /// Decisions made again; absent unless it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    replay: Option<replay::Tally>,
    problems: Vec<Named>,
    more_problems: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<OfMessage>,
}

#[derive(Debug, Serialize)]
struct Named {
    code: &'static str,
    sentence: String,
}

#[derive(Debug, Serialize)]
struct OfMessage {
    id: String,
    holds: bool,
    entries: Vec<OfEntry>,
    problems: Vec<Named>,
}

#[derive(Debug, Serialize)]
struct OfEntry {
    index: u64,
    kind: &'static str,
    at: String,
    actor: String,
    code: Option<String>,
}

/// Verifies; 0 only if all holds.
pub(crate) fn run(global: &Global, args: &Verify) -> Result<Exit, Failure> {
    let data = DataDir::of(global.data.as_deref())?;
    let dir = data.ledger();
    let key = key_beside(&dir).map_err(|why| Failure::Read { path: dir.join("vkey"), why })?.ok_or_else(|| {
        Failure::Data { path: dir.clone(), what: "there is no ledger here, or its public key is damaged".into() }
    })?;
    let anchor = match &args.anchor {
        Some(path) => {
            let text = std::fs::read_to_string(path).map_err(|why| Failure::Read { path: path.clone(), why })?;
            Some(text)
        }
        None => None,
    };
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {human_pos} {msg}") {
        bar.set_style(style);
    }
    bar.set_message("entries verified");
    let progress = |done: u64| bar.inc(done);
    let options = Options { anchor: anchor.as_deref(), progress: Some(&progress), ..Options::default() };
    // What the database signed is read before the files, and its rows after them: beside a running server the files are never
    // behind the one, nor the rows behind the files.
    let runtime = process::runtime()?;
    // What reads the database gives its connection back in the runtime, also when it is dropped here.
    let _inside = runtime.enter();
    let signed = runtime.block_on(database::signed(&data, &key));
    let mut report = verify(&dir, &key, options);
    let of_message = args.message.map(|id| (id, verify_message(&Directory::new(&dir), &key, id)));
    let mut verdict = verdict(&report, anchor.is_some());
    // That the files were put back is said once, by the anchor or by the database.
    let put_back = report.problems.iter().any(|problem| matches!(problem, Problem::RolledBack { .. }));
    if let Some(signed) = signed.filter(|signed| *signed > verdict.size && !put_back) {
        let sentence = format!("the files hold {} entries, but {signed} were signed: they were put back", verdict.size);
        verdict.wrong("behind_database", sentence);
    }
    let replayed = args.replay.then(|| replay::run(&runtime, &data, &bar, &mut verdict)).transpose()?;
    verdict.replay = replayed;
    database::compare(&runtime, &data, &dir, std::mem::take(&mut report.rows), &bar, &mut verdict)?;
    bar.finish_and_clear();
    if let Some((id, found)) = of_message {
        let found = message_verdict(id.to_string(), &found);
        verdict.holds = verdict.holds && found.holds;
        verdict.message = Some(found);
    }
    if global.json {
        output::json_line(&verdict)?;
    } else {
        tell(&verdict)?;
    }
    Ok(if verdict.holds { Exit::Done } else { Exit::No })
}

fn named(problems: &[Problem]) -> Vec<Named> {
    problems.iter().map(|problem| Named { code: problem.code(), sentence: problem.to_string() }).collect()
}

fn verdict(report: &Report, anchor_given: bool) -> Verdict {
    Verdict {
        holds: report.holds(),
        size: report.size,
        root: report.root.as_ref().map(ToString::to_string),
        messages: report.messages,
        anchored: report.anchored,
        anchor_given,
        rows: None,
        covered: None,
        replay: None,
        problems: named(&report.problems),
        more_problems: report.omitted,
        message: None,
    }
}

fn message_verdict(id: String, report: &MessageReport) -> OfMessage {
    OfMessage {
        id,
        // A message without a single entry has no record to hold.
        holds: report.holds() && !report.entries.is_empty(),
        entries: report
            .entries
            .iter()
            .map(|(index, entry)| OfEntry {
                index: *index,
                kind: entry.kind.as_str(),
                at: entry.at.to_string(),
                actor: entry.actor.clone(),
                code: entry.code.clone(),
            })
            .collect(),
        problems: named(&report.problems),
    }
}

fn tell(verdict: &Verdict) -> Result<(), Failure> {
    let paint = Paint::stdout();
    let mut out = std::io::stdout().lock();
    for problem in verdict.problems.iter().take(TOLD) {
        writeln!(out, "{} {}", paint.text(Tone::Bad, "damaged"), problem.sentence)?;
    }
    let more =
        u64::try_from(verdict.problems.len().saturating_sub(TOLD)).unwrap_or(0).saturating_add(verdict.more_problems);
    if more > 0 {
        writeln!(out, "        and {more} more")?;
    }
    if let Some(message) = &verdict.message {
        tell_message(&mut out, message)?;
    }
    let root = verdict.root.as_deref().unwrap_or("none");
    writeln!(out, "{} entries, {} messages, root {root}", verdict.size, verdict.messages)?;
    match verdict.rows {
        Some(rows) => writeln!(out, "the {rows} entries in the database were held against the files")?,
        None => writeln!(out, "there is no database here: the files alone were verified")?,
    }
    if let Some(covered) = verdict.covered {
        writeln!(
            out,
            "{covered} rows were held against what the entries state of them: messages, deliveries, attempts, opt-outs, \
             verifications, inbound messages, the directory, vendors, keys, decisions, policies, templates, tenants"
        )?;
    }
    if let Some(tally) = &verdict.replay {
        tally.tell(&mut out)?;
    }
    match verdict.anchored {
        Some(size) => {
            writeln!(out, "anchored: the ledger continues the checkpoint of {size} entries that was kept elsewhere")?
        }
        None if verdict.anchor_given => {}
        None => writeln!(
            out,
            "not anchored: a directory put back to an earlier state cannot be told from these files alone; keep a copy of \
             ledger/checkpoint elsewhere and give it with --anchor"
        )?,
    }
    let end =
        if verdict.holds { paint.text(Tone::Good, "all holds") } else { paint.text(Tone::Bad, "it does not hold") };
    writeln!(out, "{end}")?;
    Ok(())
}

fn tell_message(out: &mut impl std::io::Write, message: &OfMessage) -> Result<(), Failure> {
    writeln!(out, "message {}:", message.id)?;
    if message.entries.is_empty() {
        writeln!(out, "  the ledger has no entry of this message")?;
    }
    for entry in &message.entries {
        let code = entry.code.as_deref().unwrap_or("-");
        writeln!(out, "  {:>8}  {}  {:<16} {code:<24} by {}", entry.index, entry.at, entry.kind, entry.actor)?;
    }
    for problem in &message.problems {
        writeln!(out, "  {}", problem.sentence)?;
    }
    Ok(())
}
