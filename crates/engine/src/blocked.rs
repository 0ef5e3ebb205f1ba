//! Who told the carrier, or a vendor, to send no more: their word counts as if they had told us.

use crate::accept::entry_for;
use crate::engine::Engine;
use crate::receipts::ReceiveFailure;
use crate::returned::Of;
use postern_base::Channel;
use postern_gate::facts::{OptOut, OptOutScope};
use postern_ledger::Kind;

impl Engine {
    /// Records the opt-out that `vendor` says stands for the contact point of a delivery, where we know of none. It ends as every
    /// opt-out does, by an act of the patient's own (RULES TCP-16): a START that the vendor heard it tells us.
    pub(crate) async fn take_block(&self, of: &Of, channel: Channel, vendor: &str) -> Result<(), ReceiveFailure> {
        let store = self.inner.store.tenant(&of.tenant);
        let standing = store.reading().await?.opt_outs(std::slice::from_ref(&of.point)).await?;
        if standing.iter().any(|known| known.scope == OptOutScope::All) {
            return Ok(());
        }
        let actor = format!("provider:{vendor}");
        let entry =
            entry_for(self, &of.tenant, Kind::ConsentChanged, &actor, "opt_out_at_carrier", of.message, of.delivery)?;
        // RULES TCP-14: what the carrier blocks is everything to this number.
        let opt_out = OptOut { at: self.now(), channel, point: of.point.clone(), scope: OptOutScope::All };
        store.put_opt_out(opt_out, entry).await?;
        // RULES TCP-11: somebody should know that a word to stop did not reach us.
        self.inner.metrics.alert("TCP-11");
        Ok(())
    }
}
