//! The Security Rule (45 CFR Part 164, subpart C).

pub(super) mod actor;
pub(super) mod agreement;
pub(super) mod emergency;
#[cfg(test)]
pub(super) mod pairs;
pub(super) mod reviews;
pub(super) mod risk;
pub(super) mod transmission;
