//! Sending consumes the record: a retry has to pass the gate again.
//!
//! refused: E0382 use of moved value: `recorded`
use postern_channels::{Outbound, Provider};
use postern_gate::Permit;
use postern_ledger::Recorded;

async fn twice(provider: &dyn Provider, recorded: Recorded<Permit>, one: Outbound, two: Outbound, now: jiff::Timestamp) {
    provider.send(recorded, one, now).await;
    provider.send(recorded, two, now).await;
}
