//! The closed phrases of the matrix's code M (RULES section 2): exempt by exact text, in both languages.

use crate::ClassifierError;
use crate::fold::Folded;
use crate::shapes::{Pattern, compile};
use std::sync::LazyLock;

/// The phrases as they may be written; what is sent is taken from here.
pub(crate) const CLOSED: &[&str] = &[
    "your prescription is ready",
    "a statement is available",
    "please confirm your visit",
    "please call us about your visit",
    "su receta esta lista",
    // Without an accent, which the alphabet of text messages lacks.
    "su receta se encuentra lista",
    "hay un estado de cuenta disponible",
    "por favor confirme su visita",
    "por favor llamenos acerca de su visita",
];

static PHRASES: LazyLock<Pattern> =
    LazyLock::new(|| compile(&format!(r"\b(?:{})\b", CLOSED.join("|").replace(' ', r"\s+"))));

/// Takes the closed phrases out of what is looked at. Each must stand as a clause of its own: what follows it on the same
/// clause ("... for metformin") is looked at like any other text. Says whether one stood there.
pub(crate) fn blank(folded: &mut Folded<'_>) -> Result<bool, ClassifierError> {
    let found = PHRASES.of(&folded.plain)?;
    for (start, end) in found.iter().copied() {
        folded.blank(start, end);
    }
    Ok(!found.is_empty())
}
