//! Words that no text of ours has. The nets know the words they know; what a practice writes into a text that travels in the open is
//! read by two people, and these are the words to look at.

use super::{ALL, Piece, Text, pieces};
use postern_base::Form;
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// The shortest word that can tell anything.
const SHORTEST: usize = 3;

/// Every word of every built-in text that travels in the open.
static KNOWN: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let texts = ALL.iter().flat_map(|built| &built.template.texts).filter(|text| is_open(text));
    texts.flat_map(|text| words(&text.body)).collect()
});

/// The words of the text's own that no built-in text has, in the order in which they stand; none where it travels behind a sign-in alone.
pub(crate) fn new_words(text: &Text) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    if is_open(text) {
        for word in words(&text.body).into_iter().filter(|word| !KNOWN.contains(word)) {
            if !found.contains(&word) {
                found.push(word);
            }
        }
    }
    found
}

/// A full text is read behind a sign-in, by letter, or under the rules for e-mail; every other form travels in the open.
const fn is_open(text: &Text) -> bool {
    !matches!(text.form, Form::Full)
}

/// The words that stand in a pattern itself, its slots aside.
fn words(pattern: &str) -> Vec<String> {
    let mut fixed = Vec::new();
    for piece in pieces(pattern) {
        match piece {
            Piece::Optional(within) => fixed.extend(within.iter().filter_map(Piece::as_text).map(str::to_lowercase)),
            other => fixed.extend(other.as_text().map(str::to_lowercase)),
        }
    }
    let letters = fixed.iter().flat_map(|text| text.split(|c: char| !c.is_alphabetic()));
    letters.filter(|word| word.chars().count() >= SHORTEST).map(ToOwned::to_owned).collect()
}
