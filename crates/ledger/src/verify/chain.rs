//! The chains: each entry of a message names the one before it in the log, the first names none.

use super::bundles::Link;
use super::problem::{Problem, Problems};
use postern_base::{EntryId, MessageId, TenantId};
use std::collections::HashMap;

/// Checks the chains of all messages over links in the order of the log; returns how many messages there are.
pub(super) fn check<'a>(links: impl Iterator<Item = &'a Link>, problems: &mut Problems) -> u64 {
    let mut last: HashMap<MessageId, (EntryId, &TenantId)> = HashMap::new();
    let mut ids = Vec::new();
    for link in links {
        ids.push((link.id, link.index));
        let Some(message) = link.message else {
            continue;
        };
        let before = last.insert(message, (link.id, &link.tenant));
        if link.previous != before.map(|(id, _)| id) {
            problems.push(Problem::ChainBroken { message, index: link.index });
        }
        if before.is_some_and(|(_, tenant)| *tenant != link.tenant) {
            problems.push(Problem::OtherTenant { message, index: link.index });
        }
    }
    ids.sort_unstable();
    for pair in ids.windows(2) {
        if let [(id, first), (other, index)] = pair
            && id == other
        {
            problems.push(Problem::DuplicateId { id: *id, first: *first, index: *index });
        }
    }
    u64::try_from(last.len()).unwrap_or(u64::MAX)
}
