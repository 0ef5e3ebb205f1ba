//! Duties to tell: information blocking (45 CFR Part 171) and breach notification (45 CFR 164.400 to 164.414).

pub(super) mod breach;
pub(super) mod results;
