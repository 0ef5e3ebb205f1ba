//! What patients wrote, read back by people who may. Every read is in the ledger before anything is answered: who, when, and why.

use crate::engine::Engine;
use crate::error::UseError;
use crate::inbound;
use crate::ledger_entry;
use crate::principal::{Principal, Scope};
use crate::reads::{PAGE, patient_id};
use crate::wire::{ReadReason, ReceivedView};
use postern_gate::revocation;
use postern_ledger::Kind;
use postern_store::ReceivedMessage;
use std::collections::BTreeSet;

impl Engine {
    /// What a patient wrote, by whatever channel, newest first, below `before`; at most [`PAGE`]. 45 CFR 164.312(b): who read it, when
    /// and why is entered for every message that was answered, and where it answers none, for the tenant.
    ///
    /// # Errors
    /// [`UseError`].
    pub async fn received(
        &self,
        principal: &Principal,
        patient: &str,
        why: ReadReason,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<ReceivedView>, UseError> {
        principal.must(Scope::ContentRead)?;
        let patient = patient_id(patient)?;
        let store = self.inner.store.tenant(&principal.tenant);
        let found = store.received_from(&patient, before, limit.clamp(1, PAGE)).await?;
        let answered: BTreeSet<_> = found.iter().map(|one| one.answers).collect();
        let mut entries = Vec::with_capacity(answered.len());
        for message in answered {
            let code = format!("inbound_read_{}", why.as_str());
            let entry = ledger_entry::of(self, &principal.tenant, Kind::Disclosed, principal.actor(), code)
                .map_err(|_| UseError::Unavailable)?;
            entries.push(match message {
                Some(message) => ledger_entry::about(entry, message, None),
                None => entry,
            });
        }
        if !entries.is_empty() {
            store.append(entries).await?;
        }
        Ok(found.into_iter().map(view).collect())
    }
}

fn view(one: ReceivedMessage) -> ReceivedView {
    ReceivedView {
        id: one.number,
        at: one.at,
        channel: one.channel,
        from: one.from.reveal().to_string(),
        read_as: inbound::code(revocation::read(one.text.reveal())).to_owned(),
        text: one.text.into_inner(),
        purpose: one.thread_purpose,
        answers: one.answers,
        theirs: one.theirs,
    }
}
