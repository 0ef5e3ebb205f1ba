//! `postern explain`: one decision, without a store and without side effects.

use crate::wire::{Answer, WireError};

/// Decides a case.
///
/// # Errors
/// [`WireError`], naming the field that was not understood.
pub fn explain(_case: &[u8]) -> Result<Answer, WireError> {
    Err(WireError::new(".", "not built yet"))
}
