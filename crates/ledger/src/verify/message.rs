//! One message's record from files alone.

use super::bundles::{Link, find};
use super::problem::{Problem, Problems};
use super::{chain, open_checkpoint};
use crate::entry::Entry;
use crate::note::VerifierKey;
use crate::tiles::{Files, Tile, TileNodes, entries};
use crate::tree::{inclusion_path, leaf_hash, verify_inclusion};
use postern_base::MessageId;

/// What the ledger says about one message.
#[derive(Debug, Clone)]
pub struct MessageReport {
    /// The size of the checkpoint it was held against.
    pub size: u64,
    /// Its entries in order, with their index.
    pub entries: Vec<(u64, Entry)>,
    /// What is wrong; empty when every entry is under the signed checkpoint and follows the one before it.
    pub problems: Vec<Problem>,
}

impl MessageReport {
    /// Whether all holds.
    #[must_use]
    pub const fn holds(&self) -> bool {
        self.problems.is_empty()
    }
}

/// Finds every entry of `message` under the checkpoint, proves each, and checks their chain. Reads every bundle: without a database
/// there is no index.
#[must_use]
pub fn verify_message(files: &(impl Files + ?Sized), key: &VerifierKey, message: MessageId) -> MessageReport {
    let mut problems = Problems::default();
    let Some((checkpoint, true)) = open_checkpoint(files, key, &mut problems) else {
        return MessageReport { size: 0, entries: Vec::new(), problems: problems.list };
    };
    let size = checkpoint.size;
    let needle = message.to_string();
    let mut nodes = TileNodes::new(files, size);
    let mut found = Vec::new();
    let mut links = Vec::new();
    for bundle in (0..).map_while(|number| Tile::entries(number, size)) {
        let bytes = match find(files, bundle) {
            Ok(found) => found.bytes,
            Err(problem) => {
                problems.push(problem);
                continue;
            }
        };
        let width = usize::try_from(bundle.width).unwrap_or(usize::MAX);
        for (index, leaf) in (bundle.number * 256..).zip(entries(&bytes).take(width).map_while(Result::ok)) {
            if !leaf.windows(needle.len()).any(|window| window == needle.as_bytes()) {
                continue;
            }
            let Ok(entry) = Entry::from_bytes(leaf) else { continue };
            if entry.message != Some(message) {
                continue;
            }
            let path = inclusion_path(&mut nodes, index, size).unwrap_or_default();
            if !verify_inclusion(&leaf_hash(leaf), index, size, &path, &checkpoint.root) {
                problems.push(Problem::NotIncluded { index });
            }
            links.push(Link {
                index,
                id: entry.id,
                tenant: entry.tenant.clone(),
                message: entry.message,
                previous: entry.previous,
            });
            found.push((index, entry));
        }
    }
    chain::check(links.iter(), &mut problems);
    if found.is_empty() {
        problems.push(Problem::NoSuchMessage { message });
    }
    MessageReport { size, entries: found, problems: problems.list }
}
