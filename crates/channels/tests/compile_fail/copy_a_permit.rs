//! A permit is for one attempt: it cannot be cloned.
use postern_gate::Permit;

fn copy(permit: &Permit) -> Permit {
    permit.clone()
}

fn main() {}
