//! A tenant's own words: names of clinics, staff and streets that are clean here, and terms that are always sensitive here.

use crate::fold::Folded;
use crate::table::Hash;
use crate::words::Word;
use crate::{ClassifierError, Hit, Kind, Level, work};
use postern_base::Category;
use std::collections::HashMap;
use std::fmt;

/// The most words of a phrase; longer ones are known by their first words.
const WORDS_MAX: usize = 8;

/// A tenant's words. Made once, used for every text of the tenant.
#[derive(Clone, Default)]
pub struct Vocabulary {
    phrases: HashMap<u64, Meaning>,
    longest: usize,
}

#[derive(Debug, Clone, Copy)]
enum Meaning {
    Clean,
    Sensitive(Category),
}

impl fmt::Debug for Vocabulary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vocabulary")
    }
}

impl Vocabulary {
    /// A vocabulary. `clean` phrases are taken out of what is looked at: a street called Hope, a Dr. Graves, a clinic named after
    /// its founder. `sensitive` ones are findings of level L4 with their category: the name of a programme that everybody in
    /// town knows. A phrase in both is sensitive. Case, accents and punctuation do not matter.
    ///
    /// # Errors
    /// [`ClassifierError::NotReady`] when the classifier's data could not be prepared.
    pub fn new(clean: &[&str], sensitive: &[(&str, Category)]) -> Result<Self, ClassifierError> {
        let mut vocabulary = Self::default();
        let clean = clean.iter().map(|phrase| (*phrase, Meaning::Clean));
        let sensitive = sensitive.iter().map(|(phrase, category)| (*phrase, Meaning::Sensitive(*category)));
        for (phrase, meaning) in clean.chain(sensitive) {
            let folded = Folded::new(phrase)?;
            let words = folded.plain.split(|byte| !byte.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
            let words: Vec<&[u8]> = words.take(WORDS_MAX).collect();
            if words.is_empty() {
                continue;
            }
            vocabulary.longest = vocabulary.longest.max(words.len());
            let hash = words.iter().fold(Hash::EMPTY, |hash, word| hash.with(word).and(b' '));
            vocabulary.phrases.insert(hash.key(), meaning);
        }
        Ok(vocabulary)
    }

    /// Takes the clean phrases out of a text and adds the sensitive ones to the findings; says whether anything was taken out.
    pub(crate) fn apply(&self, words: &[Word], folded: &mut Folded<'_>, hits: &mut Vec<Hit>) -> bool {
        let mut taken = Vec::new();
        for (at, first) in words.iter().enumerate() {
            let mut hash = Hash::EMPTY;
            let mut found = None;
            for word in words.iter().skip(at).take(self.longest) {
                work::count(1);
                hash = hash.with(folded.slice(word.start, word.end)).and(b' ');
                found = self.phrases.get(&hash.key()).map(|meaning| (word.end, *meaning)).or(found);
            }
            match found {
                Some((end, Meaning::Clean)) => taken.push((first.start, end)),
                Some((end, Meaning::Sensitive(category))) => hits.push(Hit {
                    start: first.start,
                    end,
                    kind: Kind::Other,
                    level: Level::L4,
                    category: Some(category),
                    phi: true,
                    weak: false,
                }),
                None => {}
            }
        }
        for (start, end) in &taken {
            folded.blank(*start, *end);
        }
        !taken.is_empty()
    }
}
