//! What the trainer of the model needs: a text's passages as the model sees them. Not for use in the product.

use crate::fold::Folded;
use crate::{ClassifierError, Context, Hit, lexicon, links, model, words};

/// How many weights the model has.
pub const SIZE: usize = model::SIZE;
/// A stored weight is this many times the trained one.
pub const UNIT: f32 = 16.0;

/// A passage as the model sees it.
#[derive(Debug, Clone)]
pub struct Passage {
    /// The indices of its features.
    pub features: Vec<usize>,
    /// What the sum of their weights is multiplied by.
    pub share: f32,
}

/// The passages of a text that are long enough to be judged.
///
/// # Errors
/// When the classifier's data could not be prepared.
pub fn passages(text: &str) -> Result<Vec<Passage>, ClassifierError> {
    let lexicon = lexicon::get()?;
    let mut folded = Folded::new(text)?;
    let mut hits: Vec<Hit> = Vec::new();
    links::find(lexicon, &mut folded, 0, &Context::default(), &mut hits)?;
    let words = words::of(&folded, lexicon);
    let found = model::passages(&words, &folded).map(|passage| {
        let mut features = Vec::new();
        model::features(passage, &folded, |feature| features.push(feature));
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        let share = model::SHARE as f32 / model::length(passage) as f32;
        Passage { features, share }
    });
    Ok(found.collect())
}

/// Whether something is found in a text without asking the model.
///
/// # Errors
/// When the text cannot be judged.
pub fn is_found_by_words(text: &str) -> Result<bool, ClassifierError> {
    crate::scan_with(text, &Context::default(), |_, _| None).map(|findings| findings.phi)
}
