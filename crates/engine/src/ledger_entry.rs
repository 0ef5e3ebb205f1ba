//! Ledger entries as the engine writes them: ids and codes, never PHI.

use crate::engine::Engine;
use postern_base::rng::NoEntropy;
use postern_base::{DeliveryId, EntryId, MessageId, TenantId};
use postern_ledger::{Entry, Kind};

/// An entry about the tenant itself. `code` is a word of a closed vocabulary.
///
/// # Errors
/// [`NoEntropy`]: no id, no entry, and whatever needed it must not happen.
pub(crate) fn of(
    engine: &Engine,
    tenant: &TenantId,
    kind: Kind,
    actor: impl Into<String>,
    code: impl Into<String>,
) -> Result<Entry, NoEntropy> {
    let at = engine.now();
    Ok(Entry {
        actor: actor.into(),
        code: Some(code.into()),
        ..Entry::new(EntryId::new(at, engine.inner.rng.as_ref())?, tenant.clone(), kind, at)
    })
}

/// The same, about a message and perhaps one delivery of it.
pub(crate) fn about(mut entry: Entry, message: MessageId, delivery: Option<DeliveryId>) -> Entry {
    entry.message = Some(message);
    entry.delivery = delivery;
    entry
}
