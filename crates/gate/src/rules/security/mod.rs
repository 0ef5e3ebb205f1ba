//! The Security Rule, 45 CFR 164.302 to 164.318.

pub(super) mod agreement;
pub(super) mod risk;
pub(super) mod transmission;
