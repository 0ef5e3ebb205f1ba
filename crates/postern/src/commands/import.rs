//! `postern import`: patients' records into the built-in directory.

use super::{read_input, with_engine};
use crate::cli::{Global, Import};
use crate::exit::{Exit, Failure};
use crate::output;
use indicatif::{ProgressBar, ProgressStyle};
use postern_engine::{Engine, ImportError, ImportReport, Principal};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

/// What is told of the unreadable in text; `--json` tells all.
const TOLD: usize = 20;

/// Imports every file; importing one again is harmless.
pub(crate) fn run(global: &Global, args: &Import) -> Result<Exit, Failure> {
    with_engine(global, args.tenant.as_ref(), |engine, tenant| async move {
        let principal = Principal::system(tenant);
        let mut all = ImportReport::default();
        let (mut outcome, mut refused) = (Ok(()), Vec::new());
        for path in &args.files {
            match one(&engine, &principal, path).await {
                Ok(report) => add(&mut all, report),
                // One file that is not FHIR keeps none of the others from being read.
                Err(Failure::Usage(said)) => refused.push(said),
                Err(failure) => {
                    outcome = Err(failure);
                    break;
                }
            }
        }
        tell(global, &all)?;
        outcome?;
        if !refused.is_empty() {
            return Err(Failure::Usage(refused.join("\n")));
        }
        Ok(if all.unreadable_count == 0 { Exit::Done } else { Exit::No })
    })
}

async fn one(engine: &Engine, principal: &Principal, path: &Path) -> Result<ImportReport, Failure> {
    let document = read_input(path)?;
    let bar = ProgressBar::new(u64::try_from(document.len()).unwrap_or(u64::MAX));
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {bytes}/{total_bytes} {msg}") {
        bar.set_style(style);
    }
    bar.set_message(path.display().to_string());
    let report = engine.import(principal, &document, &mut |done, _| bar.set_position(done)).await.map_err(|error| {
        let said = format!("{}: {error}", path.display());
        match error {
            ImportError::Empty | ImportError::NotFhir | ImportError::TooLarge | ImportError::CutOff => {
                Failure::Usage(said)
            }
            ImportError::Forbidden(_) | ImportError::Store(_) => Failure::Stopped(said),
        }
    })?;
    bar.finish_and_clear();
    Ok(report)
}

/// Adds one file's report to that of all.
fn add(all: &mut ImportReport, one: ImportReport) {
    let sum = |into: &mut BTreeMap<String, usize>, from: BTreeMap<String, usize>| {
        for (kind, count) in from {
            let total = into.entry(kind).or_default();
            *total = total.saturating_add(count);
        }
    };
    sum(&mut all.stored, one.stored);
    sum(&mut all.skipped, one.skipped);
    all.unreadable.extend(one.unreadable);
    all.unreadable_count = all.unreadable_count.saturating_add(one.unreadable_count);
    all.issues.extend(one.issues);
    all.issue_count = all.issue_count.saturating_add(one.issue_count);
}

fn tell(global: &Global, report: &ImportReport) -> Result<(), Failure> {
    if global.json {
        output::json_line(report)?;
        return Ok(());
    }
    let mut out = std::io::stdout().lock();
    let list = |counts: &BTreeMap<String, usize>| {
        let parts: Vec<String> = counts.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
        if parts.is_empty() { "nothing".to_owned() } else { parts.join(", ") }
    };
    writeln!(out, "read        {}", list(&report.stored))?;
    writeln!(out, "not needed  {}", list(&report.skipped))?;
    tell_places(&mut out, "unreadable", report.unreadable_count, &report.unreadable)?;
    // The resource is stored; what was not understood counts as unknown, or as a denial.
    tell_places(&mut out, "doubtful", report.issue_count, &report.issues)?;
    Ok(())
}

/// A count, and the first places behind it.
fn tell_places(out: &mut impl Write, what: &str, count: u64, places: &[(String, String)]) -> Result<(), Failure> {
    writeln!(out, "{what:<11} {count}")?;
    for (place, why) in places.iter().take(TOLD) {
        writeln!(out, "  {place}: {why}")?;
    }
    let told = u64::try_from(places.len().min(TOLD)).unwrap_or(count);
    if count > told {
        writeln!(out, "  and {} more; --json tells the first thousand", count.saturating_sub(told))?;
    }
    Ok(())
}
