//! Pictures that tell care by themselves: a pill, a drop of blood, somebody pregnant. Others (a calendar, a hospital, a mask) say
//! no more than that there is a clinic, and are none of these.

use crate::fold::Folded;
use crate::words::Words;
use crate::{Hit, Kind, Level, roles};
use postern_base::Category;

/// What each tells.
const PICTURES: &[(char, Kind, Option<Category>)] = &[
    ('💊', Kind::Medication, None),
    ('💉', Kind::Procedure, None),
    ('🩸', Kind::Lab, None),
    ('🧪', Kind::Lab, None),
    ('🩻', Kind::Procedure, None),
    ('🩹', Kind::Condition, None),
    ('🩼', Kind::Condition, None),
    ('🦻', Kind::Condition, None),
    ('🦠', Kind::Condition, None),
    ('🫀', Kind::Condition, None),
    ('🫁', Kind::Condition, None),
    ('🤒', Kind::Symptom, None),
    ('🤢', Kind::Symptom, None),
    ('🤮', Kind::Symptom, None),
    ('🤕', Kind::Symptom, None),
    ('🤰', Kind::Condition, Some(Category::Reproductive)),
    ('🫃', Kind::Condition, Some(Category::Reproductive)),
    ('🫄', Kind::Condition, Some(Category::Reproductive)),
    ('🤱', Kind::Condition, Some(Category::Reproductive)),
    ('🧬', Kind::Lab, Some(Category::Genetic)),
];

/// Whether a character is one of them.
pub(crate) fn is_telling(c: char) -> bool {
    c > '\u{1f000}' && PICTURES.iter().any(|(picture, ..)| *picture == c)
}

/// The pictures in a text that tell care. What is offered to everybody tells nothing of the reader.
pub(crate) fn find(words: &Words, folded: &Folded<'_>, hits: &mut Vec<Hit>) {
    if words.any(roles::PUBLIC) {
        return;
    }
    for (at, c) in &folded.pictures {
        let known = PICTURES.iter().find(|(picture, ..)| picture == c);
        // Taken out with the link or the word of the tenant's that it stands in.
        if let Some((_, kind, category)) = known {
            let level = if category.is_some() { Level::L4 } else { Level::L3 };
            hits.push(Hit { start: *at, end: at + 1, kind: *kind, level, category: *category, phi: true, weak: false });
        }
    }
}
