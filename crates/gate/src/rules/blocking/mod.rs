//! Duties to tell: information blocking (45 CFR Part 171), breach notification (45 CFR Part 164, subpart D), and
//! language access (45 CFR Part 92).

pub(super) mod breach;
pub(super) mod language;
#[cfg(test)]
pub(super) mod pairs;
pub(super) mod results;
