//! The one lawful way: what is recorded is sent, once.
use postern_base::Clock;
use postern_channels::{Outbound, Provider, Sent};
use postern_gate::Permit;
use postern_ledger::{Lease, Log, record};

pub async fn dispatch<L: Log<Permit>>(
    log: &L,
    provider: &dyn Provider,
    permit: Permit,
    lease: Lease,
    outbound: Outbound,
    clock: &dyn Clock,
) -> Option<Sent> {
    let recorded = record(log, permit, lease).await.ok()?;
    Some(provider.send(recorded, outbound, clock.now()).await)
}
