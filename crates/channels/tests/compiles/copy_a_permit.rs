//! A permit is for one attempt: it cannot be cloned.
//!
//! refused: E0308 mismatched types
use postern_gate::Permit;

fn copy(permit: &Permit) -> Permit {
    permit.clone()
}
