//! A provider takes `Recorded<Permit>`: a permit alone, however lawful, is not enough.
//!
//! refused: E0308 mismatched types
use postern_base::Clock;
use postern_channels::{Outbound, Provider};
use postern_gate::Permit;

async fn skip(provider: &dyn Provider, permit: Permit, outbound: Outbound, clock: &dyn Clock) {
    provider.send(permit, outbound, clock.now()).await;
}
