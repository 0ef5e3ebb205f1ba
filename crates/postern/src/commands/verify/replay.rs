//! `postern verify --replay`: every recorded decision is made again. Needs the root key: the facts are sealed.

use super::Verdict;
use crate::data_dir::DataDir;
use crate::exit::Failure;
use indicatif::ProgressBar;
use postern_engine::replay::{ReplayError, replay};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::Write;
use tokio::runtime::Runtime;

/// What came of it.
#[derive(Debug, Serialize)]
pub(super) struct Tally {
    same: u64,
    differ: u64,
    key_destroyed: u64,
    /// By the version of the rules they were recorded under.
    other_rules: BTreeMap<u32, u64>,
    other_form: u64,
    rules: u32,
}

/// Makes the decisions again, and puts what does not hold into the verdict.
pub(super) fn run(
    runtime: &Runtime,
    data: &DataDir,
    bar: &ProgressBar,
    verdict: &mut Verdict,
) -> Result<Tally, Failure> {
    let root = data.read_root_key()?;
    bar.set_message("decisions made again");
    bar.set_position(0);
    let found = runtime.block_on(replay(data.path(), root, &|done| bar.inc(done))).map_err(|error| {
        let what = match error {
            ReplayError::Open(error) => format!("the decisions cannot be made again: {error}"),
            ReplayError::Store(error) => format!("the decisions could not all be made again: {error}"),
        };
        Failure::Data { path: data.path().to_path_buf(), what }
    })?;
    let named = u64::try_from(found.wrong.len()).unwrap_or(u64::MAX);
    for wrong in &found.wrong {
        verdict.wrong(wrong.why.code(), wrong.to_string());
    }
    verdict.more_problems += found.omitted;
    Ok(Tally {
        same: found.same,
        differ: named.saturating_add(found.omitted),
        key_destroyed: found.destroyed,
        other_rules: found.other_rules,
        other_form: found.other_form,
        rules: postern_gate::RULES_VERSION,
    })
}

impl Tally {
    pub(super) fn tell(&self, out: &mut impl Write) -> Result<(), Failure> {
        writeln!(
            out,
            "{} decisions were made again and came out as recorded, {} did not; of {} the patient's key is destroyed",
            self.same, self.differ, self.key_destroyed
        )?;
        for (version, count) in &self.other_rules {
            let ours = self.rules;
            writeln!(out, "{count} decisions were recorded under rules version {version}; this binary has {ours}")?;
        }
        if self.other_form > 0 {
            let count = self.other_form;
            writeln!(
                out,
                "{count} decisions were kept by a Postern that knew other facts than this one; it can make them again"
            )?;
        }
        Ok(())
    }
}
