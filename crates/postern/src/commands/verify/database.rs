//! The database held against the published files: its copy of the entries, and every row that entries speak of.

use super::{Named, Verdict};
use crate::data_dir::DataDir;
use crate::exit::Failure;
use indicatif::ProgressBar;
use postern_ledger::tiles::Directory;
use postern_ledger::verify::{RowStates, verify_rows};
use postern_ledger::{Entry, Frontier, SignedCheckpoint, VerifierKey, leaf_hash};
use postern_store::{LedgerRows, OpenError, StoreError};
use std::io::ErrorKind;
use std::path::Path;
use tokio::runtime::Runtime;

/// Rows of the ledger's table read at a time.
const PAGE: u64 = 4096;

/// The size of the newest checkpoint that the database keeps: the files may not be behind it. `None` when there is no database,
/// or nothing was signed yet.
pub(super) async fn signed(data: &DataDir, key: &VerifierKey) -> Option<u64> {
    let note = LedgerRows::open(data.path()).await.ok()?.note().await.ok()??;
    SignedCheckpoint::open(&note, key).ok().map(|signed| signed.checkpoint().size)
}

/// Holds the database against the files. Without a database, as at an auditor's, there is nothing to hold.
pub(super) fn compare(
    runtime: &Runtime,
    data: &DataDir,
    ledger: &Path,
    states: RowStates,
    bar: &ProgressBar,
    verdict: &mut Verdict,
) -> Result<(), Failure> {
    let rows = match runtime.block_on(LedgerRows::open(data.path())) {
        Ok(rows) => rows,
        Err(OpenError::Io(error)) if error.kind() == ErrorKind::NotFound => {
            // A root key stands beside the database it opens: where one is without the other, the database was taken away.
            if data.has_root_key() {
                let sentence =
                    "the database is missing: its root key is here, and the rows cannot be held against the ledger";
                verdict.wrong("database_missing", sentence.to_owned());
            }
            return Ok(());
        }
        // A place that cannot be written says nothing of the record: SQLite needs to write beside a database to read it.
        Err(OpenError::Io(error)) => {
            let what = format!("the database cannot be opened here: {error}; verify a copy where files can be written");
            return Err(Failure::Data { path: data.path().to_path_buf(), what });
        }
        Err(error) => {
            verdict.unreadable_database(&error);
            return Ok(());
        }
    };
    verdict.rows = Some(rows.size());
    if let Err(error) = compare_open(runtime, &rows, ledger, states, bar, verdict) {
        verdict.unreadable_database(&error);
    }
    Ok(())
}

fn compare_open(
    runtime: &Runtime,
    rows: &LedgerRows,
    ledger: &Path,
    mut states: RowStates,
    bar: &ProgressBar,
    verdict: &mut Verdict,
) -> Result<(), StoreError> {
    // Decisions find rows by indexes: one that was bent would hide a row that is there and agrees.
    for told in runtime.block_on(rows.unsound())? {
        verdict.wrong("database_unsound", format!("the database file: {told}"));
    }
    let size = verdict.size;
    let mut beyond = Beyond { tree: Frontier::empty(), unread: Vec::new(), strays: Vec::new() };
    let pages = Pages { runtime, rows, next: 0, page: Vec::new().into_iter(), ended: false };
    let watched = pages.map(|row| -> Result<(u64, Vec<u8>), StoreError> {
        let row = row?;
        beyond.tree.append(leaf_hash(&row.leaf));
        if !row.agrees {
            beyond.strays.push(row.index);
        }
        if row.index >= size {
            match Entry::from_bytes(&row.leaf) {
                Ok(entry) => states.learn(row.index, &entry),
                Err(_) => beyond.unread.push(row.index),
            }
        }
        Ok((row.index, row.leaf))
    });
    for problem in verify_rows(&Directory::new(ledger), size, watched)? {
        verdict.wrong(problem.code(), problem.to_string());
    }
    for index in beyond.strays {
        let sentence = format!("row {index} of `leaves` is filed under another tenant, message or entry than it is");
        verdict.wrong("row_misfiled", sentence);
    }
    for index in beyond.unread {
        verdict.wrong("row_unreadable", format!("row {index} of `leaves`, which is not published yet, cannot be read"));
    }
    if rows.root() != Some(beyond.tree.root()) {
        verdict.wrong("log_differs", "row 1 of `log` has another tree than the rows of `leaves` give".to_owned());
    }
    if !runtime.block_on(rows.are_stated())? {
        let sentence = "the database was not opened yet by a Postern that states rows: start this one once".to_owned();
        verdict.wrong("rows_not_stated", sentence);
        return Ok(());
    }
    bar.set_message("rows held against the ledger");
    bar.set_position(0);
    let mut covered = 0_u64;
    let mut found = Vec::new();
    runtime.block_on(rows.rows(|row| {
        covered += 1;
        bar.inc(1);
        found.extend(states.hold(&row.row, row.digest));
    }))?;
    found.extend(states.unseen(LedgerRows::is_forgotten));
    for problem in found {
        verdict.wrong(problem.code(), problem.to_string());
    }
    verdict.covered = Some(covered);
    Ok(())
}

/// What is found out about the ledger's rows on the way.
struct Beyond {
    /// The tree over all of them.
    tree: Frontier,
    /// Rows that are not published and do not read.
    unread: Vec<u64>,
    /// Rows whose columns do not say what their leaf says.
    strays: Vec<u64>,
}

impl Verdict {
    fn unreadable_database(&mut self, error: &dyn std::error::Error) {
        self.wrong("database_unreadable", format!("the database cannot be compared: {error}"));
    }

    pub(super) fn wrong(&mut self, code: &'static str, sentence: String) {
        self.holds = false;
        if self.problems.len() < super::KEPT {
            self.problems.push(Named { code, sentence });
        } else {
            self.more_problems += 1;
        }
    }
}

/// The rows in order, a page in memory.
struct Pages<'a> {
    runtime: &'a Runtime,
    rows: &'a LedgerRows,
    next: u64,
    page: std::vec::IntoIter<postern_store::LedgerRow>,
    ended: bool,
}

impl Iterator for Pages<'_> {
    type Item = Result<postern_store::LedgerRow, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.page.len() == 0 && !self.ended {
            match self.runtime.block_on(self.rows.page(self.next, PAGE)) {
                Ok(page) => {
                    self.ended = page.is_empty();
                    self.next = page.last().map_or(self.next, |row| row.index.saturating_add(1));
                    self.page = page.into_iter();
                }
                Err(error) => {
                    self.ended = true;
                    return Some(Err(error));
                }
            }
        }
        self.page.next().map(Ok)
    }
}
