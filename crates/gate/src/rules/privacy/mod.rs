//! The Privacy Rule (45 CFR Part 164, subpart E).

pub(super) mod email;
pub(super) mod grant;
pub(super) mod marketing;
pub(super) mod notes;
pub(super) mod notice;
#[cfg(test)]
pub(super) mod pairs;
pub(super) mod preemption;
pub(super) mod purpose;
pub(super) mod representative;
pub(super) mod restriction;
pub(super) mod safeguards;
pub(super) mod signature;
