//! The words of a folded text and what is known of each.

use crate::fold::Folded;
use crate::lexicon::Lexicon;
use crate::table::{Hash, Info};

/// A run of letters and digits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Word {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) hash: Hash,
    pub(crate) info: Info,
    /// How many of its characters are digits.
    pub(crate) digits: usize,
}

impl Word {
    pub(crate) const fn len(&self) -> usize {
        self.end - self.start
    }

    pub(crate) const fn is(&self, roles: u64) -> bool {
        self.info.roles & roles != 0
    }
}

/// The words of a text in order.
pub(crate) fn of(folded: &Folded<'_>, lexicon: &Lexicon) -> Vec<Word> {
    let mut words = Vec::with_capacity(folded.plain.len() / 5 + 4);
    let mut start = usize::MAX;
    let mut hash = Hash::EMPTY;
    let mut digits = 0;
    for (at, byte) in folded.plain.iter().copied().enumerate() {
        if byte.is_ascii_alphanumeric() {
            if start == usize::MAX {
                (start, hash, digits) = (at, Hash::EMPTY, 0);
            }
            hash = hash.and(byte);
            digits += usize::from(byte.is_ascii_digit());
        } else if start != usize::MAX {
            words.push(Word { start, end: at, hash, info: lexicon.find(hash), digits });
            start = usize::MAX;
        }
    }
    if start != usize::MAX {
        words.push(Word { start, end: folded.plain.len(), hash, info: lexicon.find(hash), digits });
    }
    words
}

/// The index of the first word that begins at or after a position.
pub(crate) fn from(words: &[Word], position: usize) -> usize {
    words.partition_point(|word| word.start < position)
}
