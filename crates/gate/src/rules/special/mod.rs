//! Specially protected content: 42 CFR Part 2, neutral senders, minors, and what states add.

pub(super) mod abroad;
pub(super) mod minors;
pub(super) mod neutral;
#[cfg(test)]
pub(super) mod pairs;
pub(super) mod part2;
pub(super) mod policyholder;
pub(super) mod reproductive;
pub(super) mod results;
pub(super) mod visitor;
