//! Recording consumes the permit.
//!
//! refused: E0382 use of moved value: `permit`
use postern_gate::Permit;
use postern_ledger::{Lease, Log, record};

async fn twice<L: Log<Permit>>(log: &L, permit: Permit, lease: Lease) {
    let _first = record(log, permit, lease).await;
    let _second = record(log, permit, lease).await;
}
