//! Sending consumes the record: a retry has to pass the gate again.
//!
//! refused: E0382 use of moved value: `recorded`
use postern_base::Clock;
use postern_channels::{Outbound, Provider};
use postern_gate::Permit;
use postern_ledger::Recorded;

async fn twice(provider: &dyn Provider, recorded: Recorded<Permit>, one: Outbound, two: Outbound, clock: &dyn Clock) {
    provider.send(recorded, one, clock.now()).await;
    provider.send(recorded, two, clock.now()).await;
}
