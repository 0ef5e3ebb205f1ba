//! How fast the ledger grows and is judged: leaves of the size that Postern writes.

use crate::machine::cpu_seconds;
use crate::report::Line;
use jiff::{SignedDuration, Timestamp};
use postern_base::{AttemptId, DeliveryId, EntryId, MessageId, Rng, Secret, SystemRng, TenantId};
use postern_ledger::{Entry, Frontier, Kind, LEAF_VERSION, Publisher, Signer, leaf_hash};
use std::error::Error;
use std::path::Path;
use std::time::Instant;

/// Where the log says it is from.
const ORIGIN: &str = "bench.example/ledger/0";

/// Leaves per piece while publishing.
const PIECE: usize = 100_000;

/// Appends, publishes and verifies `entries` entries under `directory`.
pub fn run(directory: &Path, entries: usize) -> Result<Vec<Line>, Box<dyn Error>> {
    let leaves = leaves(entries)?;
    let bytes: usize = leaves.iter().map(Vec::len).sum();
    let mut lines = Vec::new();

    let started = Instant::now();
    let mut frontier = Frontier::default();
    for leaf in &leaves {
        frontier.append(leaf_hash(leaf));
    }
    let rate = count(entries) / started.elapsed().as_secs_f64();
    let note = format!("one thread, in memory; leaves of {} bytes on average", bytes / entries.max(1));
    lines.push(Line::rate("ledger", "append: hash a leaf, advance the tree", rate, "-", &note));

    let mut seed = [0u8; 32];
    SystemRng.fill(&mut seed)?;
    let signer = Signer::from_seed(&Secret::new(seed), ORIGIN)?;
    let ledger = directory.join("ledger");
    let started = Instant::now();
    let mut publisher = Publisher::open(&ledger, signer)?;
    for piece in leaves.chunks(PIECE) {
        publisher.append(piece)?;
    }
    publisher.seal(&frontier)?;
    let rate = count(entries) / started.elapsed().as_secs_f64();
    lines.push(Line::rate("ledger", "publish: tiles and a signed checkpoint", rate, "-", "one thread, files fsynced"));
    drop(leaves);
    lines.push(verify(&ledger, entries)?);
    Ok(lines)
}
