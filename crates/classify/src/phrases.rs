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

/// Whether a closed phrase stands in a text that tells of care or money, and not of a visit alone. What the phrase names is general clinical
/// or financial (RULES 0.4, L2): exempt where the patient is told, and telling where somebody else is (45 CFR 164.510(b)).
///
/// # Errors
/// [`ClassifierError`] when the phrases could not be looked for.
pub fn closed_phrase_tells_care(text: &str) -> Result<bool, ClassifierError> {
    let folded = Folded::new(text)?;
    let said = |(start, end): (usize, usize)| folded.plain.get(start..end);
    let of_a_visit = |phrase: &[u8]| phrase.ends_with(b"visit") || phrase.ends_with(b"visita");
    Ok(PHRASES.of(&folded.plain)?.into_iter().filter_map(said).any(|phrase| !of_a_visit(phrase)))
}
