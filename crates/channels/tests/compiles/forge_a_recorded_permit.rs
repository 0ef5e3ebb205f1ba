//! `Recorded` comes only from `ledger::record`, after the entry is durable.
//!
//! refused: E0451 of struct `Recorded` are private
use postern_gate::Permit;
use postern_ledger::{Lease, Recorded};

fn forge(permit: Permit, lease: Lease) -> Recorded<Permit> {
    Recorded { permit, lease, index: 0 }
}
