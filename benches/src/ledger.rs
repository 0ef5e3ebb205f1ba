//! How fast the ledger grows and is judged: leaves of the size that Postern writes.

use crate::machine::cpu_seconds;
use crate::report::Line;
use jiff::{SignedDuration, Timestamp};
use postern_base::{AttemptId, DeliveryId, EntryId, MessageId, Rng, Secret, SystemRng, TenantId};
use postern_ledger::{Entry, Frontier, Kind, Options, Publisher, Signer, key_beside, leaf_hash, verify};
use std::error::Error;
use std::path::Path;
use std::time::Instant;

/// Where the log says it is from.
const ORIGIN: &str = "bench.example/ledger/0";

/// Leaves per piece while publishing.
const PIECE: usize = 100_000;

/// Appends, publishes and verifies `entries` entries under `directory`.
pub(crate) fn run(directory: &Path, entries: usize) -> Result<Vec<Line>, Box<dyn Error>> {
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
    lines.push(judge(&ledger, entries)?);
    Ok(lines)
}

/// Verifies what was published, from the files alone.
fn judge(ledger: &Path, entries: usize) -> Result<Line, Box<dyn Error>> {
    let key = key_beside(ledger)?.ok_or("the ledger has no public key beside it")?;
    let cpu = cpu_seconds("self");
    let started = Instant::now();
    let report = verify(ledger, &key, Options::default());
    let took = started.elapsed();
    if !report.holds() || usize::try_from(report.size) != Ok(entries) {
        return Err("a ledger that was just written does not verify".into());
    }
    let note = format!(
        "every leaf, tile, chain of {} messages and the checkpoint, from files; {:.1} s CPU, all threads",
        report.messages,
        cpu_seconds("self") - cpu
    );
    Ok(Line::time("ledger", &format!("verify {entries} entries"), took, "10 s for 1,000,000", &note))
}

/// The leaves of messages that were accepted, attempted and delivered: four entries each, chained.
fn leaves(entries: usize) -> Result<Vec<Vec<u8>>, Box<dyn Error>> {
    let tenant: TenantId = "bench".parse()?;
    let start: Timestamp = "2026-12-01T15:00:00Z".parse()?;
    let kinds = [Kind::Accepted, Kind::AttemptStarted, Kind::AttemptEnded, Kind::Terminal];
    let mut leaves = Vec::with_capacity(entries);
    let mut message = MessageId::new(start, &SystemRng)?;
    let mut previous = None;
    for index in 0..entries {
        let at = start + SignedDuration::from_millis(i64::try_from(index)?);
        let kind = kinds.get(index % kinds.len()).copied().unwrap_or(Kind::Accepted);
        if kind == Kind::Accepted {
            message = MessageId::new(at, &SystemRng)?;
            previous = None;
        }
        let first = kind == Kind::Accepted;
        let entry = Entry {
            message: Some(message),
            delivery: if first { None } else { Some(DeliveryId::new(at, &SystemRng)?) },
            attempt: if first { None } else { Some(AttemptId::new(at, &SystemRng)?) },
            fence: if first { None } else { Some(1) },
            policy: Some("1/built-in".into()),
            code: Some("send".into()),
            previous,
            commitments: vec![("body".into(), [7; 32])],
            ..Entry::new(EntryId::new(at, &SystemRng)?, tenant.clone(), kind, at)
        };
        previous = Some(entry.id);
        leaves.push(entry.to_bytes()?);
    }
    Ok(leaves)
}

/// A count as a number that can be divided.
fn count(entries: usize) -> f64 {
    u32::try_from(entries).map_or(f64::MAX, f64::from)
}
