//! Verification: is this directory the ledger that was signed, and if not, what was done to it.
//!
//! [`verify()`] looks at every file; [`verify_message`] at one message; [`verify_rows`] holds the database against the files. None of
//! them needs anything but the files and the log's public key. What no file can show is that a whole directory was put back to an
//! earlier, rightly signed state: for that, an [`Options::anchor`], a checkpoint that was kept elsewhere.

mod bundles;
mod chain;
mod diagnosis;
mod levels;
mod message;
mod problem;
mod rows;
mod states;

pub use message::{MessageReport, verify_message};
pub use problem::Problem;
pub use rows::verify_rows;
pub use states::{RowProblem, RowStates};

use crate::checkpoint::{Checkpoint, CheckpointError, SignedCheckpoint};
use crate::note::{Note, VerifierKey};
use crate::proof::Consistency;
use crate::publish::{CHECKPOINT, LOCK, VKEY};
use crate::tiles::{Directory, Files, TILE_WIDTH};
use crate::tree::Digest;
use problem::Problems;
use std::collections::HashSet;
use std::fs::{self, File};
use std::io;
use std::num::NonZero;
use std::path::Path;

/// How to verify.
#[derive(Clone, Copy, Default)]
pub struct Options<'a> {
    /// A signed checkpoint of the same log that was kept elsewhere.
    pub anchor: Option<&'a str>,
    /// On how many threads; by default as many as the machine runs at once.
    pub threads: Option<NonZero<usize>>,
    /// Told how many more entries were done; called from several threads.
    pub progress: Option<&'a (dyn Fn(u64) + Sync)>,
}

impl std::fmt::Debug for Options<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options").field("anchor", &self.anchor).field("threads", &self.threads).finish_non_exhaustive()
    }
}

/// What verification found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The entries the checkpoint speaks of.
    pub size: u64,
    /// The root hash it gives; `None` without a readable checkpoint.
    pub root: Option<Digest>,
    /// Messages that have entries.
    pub messages: u64,
    /// The size of the anchor that the ledger begins with; `None` = not anchored: whether the whole directory was put back to an
    /// earlier state cannot be said.
    pub anchored: Option<u64>,
    /// What is wrong, at most a thousand.
    pub problems: Vec<Problem>,
    /// How many more problems there are.
    pub omitted: u64,
    /// What the entries state of the database's rows.
    pub rows: RowStates,
}

impl Report {
    /// Whether all holds. "Not anchored" is no problem; it is said beside the result.
    #[must_use]
    pub const fn holds(&self) -> bool {
        self.problems.is_empty()
    }
}

/// The public key that lies beside a ledger. An auditor uses the one they were given instead; `None` when there is none or it is
/// not one.
///
/// # Errors
/// When it cannot be read.
pub fn key_beside(dir: &Path) -> io::Result<Option<VerifierKey>> {
    let bytes = Directory::new(dir).read(VKEY)?;
    Ok(bytes.and_then(|bytes| String::from_utf8(bytes).ok()).and_then(|text| text.trim_end().parse().ok()))
}

/// Verifies the ledger in `dir` from its files alone: signature, every entry, every tile, every message's chain, and the anchor.
/// Linear in the log's size. May run while a [`crate::Publisher`] writes.
#[must_use]
pub fn verify(dir: &Path, key: &VerifierKey, options: Options<'_>) -> Report {
    let files = Directory::new(dir);
    let mut problems = Problems::default();
    let mut report = Report {
        size: 0,
        root: None,
        messages: 0,
        anchored: None,
        problems: Vec::new(),
        omitted: 0,
        rows: RowStates::default(),
    };
    if let Some((checkpoint, signed)) = open_checkpoint(&files, key, &mut problems) {
        // Only a signed size may make us look for that many files.
        let extent = if signed { checkpoint.size } else { checkpoint.size.min(extent(dir)) };
        let threads =
            options.threads.or_else(|| std::thread::available_parallelism().ok()).unwrap_or(NonZero::<usize>::MIN);
        let mut checked = bundles::check_all(&files, extent, threads, options.progress.unwrap_or(&|_| {}));
        let found = || checked.iter().flat_map(|bundle| bundle.problems.iter().copied());
        problems.extend(found().filter(|problem| !matches!(problem, Problem::BadLeaf { .. })));
        levels::judge(&files, &checked, &Checkpoint { size: extent, ..checkpoint.clone() }, &mut problems);
        // An edited entry seldom reads as one: that it was edited says it all.
        let named: HashSet<u64> = problems.list.iter().filter_map(Problem::index).collect();
        let unread = |problem: &Problem| match problem {
            Problem::BadLeaf { index, .. } => !named.contains(index),
            _ => false,
        };
        problems.extend(found().filter(unread));
        report.messages = chain::check(checked.iter().flat_map(|bundle| &bundle.links), &mut problems);
        for statement in checked.iter_mut().flat_map(|bundle| bundle.statements.drain(..)) {
            report.rows.take(statement);
        }
        if let Some(anchor) = options.anchor {
            report.anchored = hold_against(anchor, &files, &checkpoint, key, &mut problems);
        }
        report.size = checkpoint.size;
        report.root = Some(checkpoint.root);
        if signed {
            look_beyond(dir, &checkpoint, key, &mut problems);
        }
    }
    report.problems = problems.list;
    report.omitted = problems.omitted;
    report
}

/// The checkpoint, and whether its signature holds. An unsigned one still says what the directory claims to be, so that more can be
/// named than the signature.
fn open_checkpoint(
    files: &(impl Files + ?Sized),
    key: &VerifierKey,
    problems: &mut Problems,
) -> Option<(Checkpoint, bool)> {
    let note = match files.read(CHECKPOINT) {
        Ok(Some(bytes)) => String::from_utf8(bytes).map_err(|_| CheckpointError::Malformed),
        Ok(None) | Err(_) => {
            problems.push(Problem::NoCheckpoint);
            return None;
        }
    };
    match note.as_ref().map_err(|error| *error).and_then(|note| SignedCheckpoint::open(note, key)) {
        Ok(signed) => Some((signed.checkpoint().clone(), true)),
        Err(error) => {
            problems.push(Problem::BadCheckpoint(error));
            let claimed = Note::parse(&note.ok()?).ok()?;
            Some((Checkpoint::parse(claimed.unverified_text()).ok()?, false))
        }
    }
}

/// Holds the ledger against a checkpoint kept elsewhere; returns its size when the ledger begins with it.
fn hold_against(
    anchor: &str,
    files: &Directory,
    checkpoint: &Checkpoint,
    key: &VerifierKey,
    problems: &mut Problems,
) -> Option<u64> {
    let anchor = match SignedCheckpoint::open(anchor, key) {
        Ok(anchor) => anchor,
        Err(error) => {
            problems.push(Problem::BadAnchor(error));
            return None;
        }
    };
    let anchor = anchor.checkpoint();
    if anchor.size > checkpoint.size {
        problems.push(Problem::RolledBack { anchor: anchor.size, size: checkpoint.size });
        return None;
    }
    let proof = Consistency::of(files, anchor.size, checkpoint.size);
    if proof.is_ok_and(|proof| proof.verify(anchor, checkpoint)) {
        return Some(anchor.size);
    }
    // A damaged tile spoils the proof as well: only files that hold say that it was the log itself that changed.
    let anchor = anchor.size;
    let whole = problems.list.is_empty();
    problems.push(if whole { Problem::Forked { anchor } } else { Problem::AnchorUndecided { anchor } });
    None
}

/// Finds entries that no checkpoint signs. Waits until a publishing that is under way is over: until its checkpoint is written, its
/// tiles look just like that.
fn look_beyond(dir: &Path, checkpoint: &Checkpoint, key: &VerifierKey, problems: &mut Problems) {
    let lock = File::open(dir.join(LOCK)).ok();
    // An auditor's copy may have no lock file, and a file system may know no locks: then nobody publishes there either.
    let _held = lock.as_ref().map(File::lock_shared);
    let newest = Directory::new(dir).read(CHECKPOINT).ok().flatten().and_then(|bytes| String::from_utf8(bytes).ok());
    let newest = newest.and_then(|note| SignedCheckpoint::open(&note, key).ok());
    let size = newest.map_or(checkpoint.size, |newest| newest.checkpoint().size.max(checkpoint.size));
    let found = extent(dir);
    if found > size {
        problems.push(Problem::CheckpointBehind { size, found });
    }
}

/// How many entries there are bundles for, going by file names.
fn extent(dir: &Path) -> u64 {
    fn walk(dir: &Path, above: u64) -> u64 {
        let Ok(names) = fs::read_dir(dir) else { return 0 };
        let mut extent = 0;
        for entry in names.filter_map(Result::ok) {
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            let digits = |text: &str| if text.len() == 3 { text.parse::<u64>().ok() } else { None };
            let here = |number: u64| above.saturating_mul(1000).saturating_add(number);
            let end = if let Some(number) = name.strip_prefix('x').and_then(digits) {
                walk(&entry.path(), here(number))
            } else if let Some(number) = name.strip_suffix(".p").and_then(digits) {
                let widths = fs::read_dir(entry.path()).into_iter().flatten().filter_map(Result::ok);
                let widest = widths.filter_map(|width| width.file_name().to_str()?.parse::<u64>().ok()).max();
                widest.map_or(0, |widest| here(number).saturating_mul(TILE_WIDTH).saturating_add(widest))
            } else if let Some(number) = digits(name) {
                here(number).saturating_add(1).saturating_mul(TILE_WIDTH)
            } else {
                0
            };
            extent = extent.max(end);
        }
        extent
    }
    walk(&dir.join("tile").join("entries"), 0)
}

#[cfg(test)]
mod tests;
