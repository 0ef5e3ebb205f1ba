//! The Security Rule (45 CFR Part 164, subpart C).

pub(super) mod agreement;
pub(super) mod risk;
pub(super) mod transmission;
