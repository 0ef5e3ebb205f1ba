//! Our own policy, never mixed with law (RULES 1.6, 1.9 and POLICY marks).

pub(super) mod announcement;
pub(super) mod appeals;
pub(super) mod availability;
pub(super) mod codes;
#[cfg(test)]
pub(super) mod pairs;
pub(super) mod points;
pub(super) mod practice;
pub(super) mod sessions;
pub(super) mod system;
