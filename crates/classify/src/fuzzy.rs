//! Misspellings of the reviewed words: one slip in words of six letters (five when gravest), two from nine letters on, and
//! spellings that sound the same. By deletion neighbourhood: two words one slip apart share a form with one letter left out.

use crate::table::Hash;
use crate::{Level, work};
use std::collections::HashSet;

/// The words that are looked for, and the forms that lead to them.
#[derive(Debug, Default)]
pub(crate) struct Fuzzy {
    letters: Vec<u8>,
    words: Vec<Target>,
    /// The upper 48 bits of a form's hash, and the word's number; open addressing, 0 = free.
    slots: Vec<u64>,
    /// One bit per hash: most words of a text are let go after a look here.
    filter: Vec<u64>,
    /// Words of phrases, while the index is being made.
    parts: HashSet<String>,
}

#[derive(Debug, Clone, Copy)]
struct Target {
    start: u32,
    length: u8,
    section: u8,
    /// How many slips are forgiven.
    slips: u8,
}

/// The longest word that is looked for or at.
const LONGEST: usize = 24;
const SOUND: Hash = Hash::EMPTY.and(1);
const FILTER_BITS: u32 = 23;
/// What of a slot is the form's key.
const TAG: u64 = !0xffff;

impl Fuzzy {
    /// Adds a word that may be misspelled.
    pub(crate) fn add(&mut self, word: &str, section: u8, level: Level) {
        let length = word.len();
        let shortest = if level >= Level::L4 { 5 } else { 6 };
        if level < Level::L3 || length < shortest || length > LONGEST || !word.bytes().all(|b| b.is_ascii_lowercase()) {
            return;
        }
        let (Ok(start), Ok(length)) = (u32::try_from(self.letters.len()), u8::try_from(length)) else { return };
        self.letters.extend(word.bytes());
        self.words.push(Target { start, length, section, slips: if length >= 9 { 2 } else { 1 } });
    }

    fn word(&self, target: Target) -> &[u8] {
        let start = usize::try_from(target.start).unwrap_or(usize::MAX);
        self.letters.get(start..start + usize::from(target.length)).unwrap_or_default()
    }

    /// Adds a word that only means something in a phrase.
    pub(crate) fn add_part(&mut self, word: &str) {
        let length = word.len();
        if !(5..=LONGEST).contains(&length) || !word.bytes().all(|b| b.is_ascii_lowercase()) {
            return;
        }
        if !self.parts.insert(word.to_owned()) {
            return;
        }
        let (Ok(start), Ok(length)) = (u32::try_from(self.letters.len()), u8::try_from(length)) else { return };
        self.letters.extend(word.bytes());
        self.words.push(Target { start, length, section: 0, slips: 1 });
    }

    /// Builds the index when all words are there.
    pub(crate) fn finish(&mut self) {
        self.parts = HashSet::new();
        let mut forms: Vec<u64> = Vec::new();
        for (number, target) in self.words.iter().enumerate() {
            let Ok(number) = u16::try_from(number) else { break };
            let word = self.word(*target);
            let mut add = |key: u64| forms.push((key & TAG) | u64::from(number));
            for_each_form(word, usize::from(target.slips), &mut add);
            if let Some(sound) = sound(word) {
                add(sound.key());
            }
        }
        forms.sort_unstable();
        forms.dedup();
        self.slots = vec![0; (forms.len() * 2).next_power_of_two().max(16)];
        self.filter = vec![0; 1 << (FILTER_BITS - 6)];
        for form in forms {
            let mut at = self.slot(form);
            while self.slots.get(at).is_some_and(|slot| *slot != 0) {
                at = (at + 1) & (self.slots.len() - 1);
            }
            if let Some(slot) = self.slots.get_mut(at) {
                *slot = form;
            }
            let (word, bit) = Self::bit(form);
            if let Some(bits) = self.filter.get_mut(word) {
                *bits |= bit;
            }
        }
    }

    /// How much memory it takes.
    #[cfg(test)]
    pub(crate) const fn bytes(&self) -> usize {
        self.letters.capacity()
            + size_of::<Target>() * self.words.capacity()
            + 8 * (self.slots.capacity() + self.filter.capacity())
    }

    const fn slot(&self, form: u64) -> usize {
        (form >> 20) as usize & (self.slots.len() - 1)
    }

    /// The filter's word and the two bits in it.
    const fn bit(form: u64) -> (usize, u64) {
        let bit = form >> (64 - FILTER_BITS);
        ((bit >> 6) as usize, (1 << (bit & 63)) | (1 << ((form >> 36) & 63)))
    }

    /// The section of the word that this one is a misspelling of.
    pub(crate) fn find(&self, text: &[u8]) -> Option<u8> {
        if text.len() < 5 || text.len() > LONGEST || !text.iter().all(u8::is_ascii_lowercase) {
            return None;
        }
        let mut found = None;
        let slips = if text.len() >= 9 { 2 } else { 1 };
        for_each_form(text, slips, |form| {
            if found.is_none() {
                found = self.look(form, |target| target.section != 0 && self.is_slip(text, target));
            }
        });
        let found = found.or_else(|| {
            let sound = sound(text)?;
            self.look(sound.key(), |target| {
                let word = self.word(target);
                target.section != 0 && text.len() >= 6 && distance(text, word) * 3 <= word.len().max(text.len())
            })
        });
        found.map(|target| target.section)
    }

    /// The word of a phrase that this one is a misspelling of.
    pub(crate) fn part(&self, text: &[u8]) -> Option<&[u8]> {
        if text.len() < 5 || text.len() > LONGEST || !text.iter().all(u8::is_ascii_lowercase) {
            return None;
        }
        let mut found = None;
        for_each_form(text, 1, |form| {
            if found.is_none() {
                found = self.look(form, |target| target.section == 0 && self.is_slip(text, target));
            }
        });
        found.map(|target| self.word(target)).filter(|word| *word != text)
    }

    /// Whether this one is a misspelling of any word of a phrase that is as asked for.
    pub(crate) fn is_slip_of_part(&self, text: &[u8], is: impl Fn(&[u8]) -> bool) -> bool {
        if text.len() < 5 || text.len() > LONGEST || !text.iter().all(u8::is_ascii_lowercase) {
            return false;
        }
        let mut found = false;
        for_each_form(text, 1, |form| {
            found = found
                || self
                    .look(form, |target| target.section == 0 && self.is_slip(text, target) && is(self.word(target)))
                    .is_some();
        });
        found
    }

    fn look(&self, key: u64, fits: impl Fn(Target) -> bool) -> Option<Target> {
        let form = key & TAG;
        let (word, bit) = Self::bit(form);
        if self.filter.get(word).is_none_or(|bits| bits & bit != bit) {
            return None;
        }
        let mut at = self.slot(form);
        while let Some(slot) = self.slots.get(at).copied().filter(|slot| *slot != 0) {
            if slot & TAG == form
                && let Some(target) = usize::try_from(slot & 0xffff).ok().and_then(|n| self.words.get(n)).copied()
                && fits(target)
            {
                return Some(target);
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
        None
    }

    /// Whether a word is the target with no more slips than its length forgives. The first letter is rarely mistaken.
    fn is_slip(&self, text: &[u8], target: Target) -> bool {
        work::count(text.len());
        let word = self.word(target);
        let apart = distance(text, word);
        let begins = text.first() == word.first() || (apart == 1 && (word.len() >= 8 || text.first() == word.get(1)));
        begins && apart <= usize::from(target.slips) && (apart < 2 || text.len() + 1 >= word.len())
    }
}

/// The base of the polynomial that forms are hashed by; odd and without a pattern.
const BASE: u64 = 0x9e37_79b9_7f4a_7c15;

/// The powers of [`BASE`].
const POWERS: [u64; LONGEST + 1] = {
    let mut powers = [1_u64; LONGEST + 1];
    let mut at = 1;
    while at <= LONGEST {
        #[expect(clippy::indexing_slicing, reason = "evaluated when compiled, within bounds")]
        {
            powers[at] = powers[at - 1].wrapping_mul(BASE);
        }
        at += 1;
    }
    powers
};

/// A form's sum spread over the upper bits, which are the ones that are looked at.
const fn spread(sum: u64) -> u64 {
    (sum ^ (sum >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93)
}

/// The keys of the word and of its forms with up to `slips` letters left out. A form's sum is that of the word without what its
/// missing letters and the shift of those before them add, so that each takes a subtraction or two.
fn for_each_form(word: &[u8], slips: usize, mut take: impl FnMut(u64)) {
    work::count(word.len() * slips);
    let mut sums = [0_u64; LONGEST + 1];
    let mut sum = 0_u64;
    for (byte, cell) in word.iter().zip(sums.iter_mut().skip(1)) {
        sum = sum.wrapping_mul(BASE).wrapping_add(u64::from(*byte));
        *cell = sum;
    }
    take(spread(sum));
    let power = |exponent: Option<usize>| exponent.and_then(|e| POWERS.get(e)).copied().unwrap_or(1);
    let step = |at: usize| match sums.get(at..at + 2) {
        Some([before, after]) => after.wrapping_sub(*before),
        _ => 0,
    };
    // What is missing from the sum when the letter is left out and one, or none, behind it is.
    let mut missing = [0_u64; LONGEST];
    for (at, cell) in missing.iter_mut().enumerate().take(word.len()) {
        *cell = step(at).wrapping_mul(power(word.len().checked_sub(1 + at)));
    }
    for (first, one) in missing.iter().copied().enumerate().take(word.len()) {
        // Of equal neighbours only one needs leaving out.
        if word.get(first + 1) == word.get(first) {
            continue;
        }
        take(spread(sum.wrapping_sub(one)));
        if slips > 1 {
            let shifted = sum.wrapping_sub(step(first).wrapping_mul(power(word.len().checked_sub(2 + first))));
            for other in missing.iter().take(word.len()).skip(first + 1) {
                take(spread(shifted.wrapping_sub(*other)));
            }
        }
    }
}

/// How a word sounds in English and Spanish: groups of vowels are one, letters that sound alike are the same, `h` is mute.
/// `None` for words with too few consonants to tell.
fn sound(word: &[u8]) -> Option<Hash> {
    let mut hash = SOUND;
    let (mut last, mut consonants) = (0_u8, 0);
    for (at, byte) in word.iter().copied().enumerate() {
        let next = word.get(at + 1).copied().unwrap_or(0);
        let before = at.checked_sub(1).and_then(|i| word.get(i)).copied().unwrap_or(0);
        let heard = match (byte, next) {
            (b'p', b'h') => b'f',
            (b'h', _) if before == b'p' => continue,
            (b'h', _) => continue,
            (b'c', b'e' | b'i' | b'y') | (b'z' | b's' | b'x', _) => b's',
            (b'c' | b'q' | b'k', _) => b'k',
            (b'v', _) => b'b',
            (b'j', _) => b'g',
            (b'a' | b'e' | b'i' | b'o' | b'u' | b'y' | b'w', _) => b'a',
            (other, _) => other,
        };
        if heard != last {
            hash = hash.and(heard);
            consonants += usize::from(heard != b'a');
            last = heard;
        }
    }
    (consonants >= 4).then_some(hash)
}

/// Slips between two words of at most [`LONGEST`] letters: letters put in, left out, mistaken or swapped with their neighbour.
fn distance(a: &[u8], b: &[u8]) -> usize {
    const FAR: u8 = u8::MAX / 2;
    type Row = [u8; LONGEST + 1];
    let at = |row: &Row, column: usize| row.get(column).copied().unwrap_or(FAR);
    // The rows of the last letter of `a`, and of the one before it.
    let (mut last, mut older): (Row, Row) = ([0; LONGEST + 1], [FAR; LONGEST + 1]);
    last.iter_mut().zip(0..).for_each(|(cell, column)| *cell = column);
    let mut before = None;
    for (x, first) in a.iter().zip(1..) {
        let mut row: Row = [0; LONGEST + 1];
        let mut left: u8 = first;
        row[0] = left;
        let mut beside = None;
        for (j, (y, cell)) in b.iter().zip(row.iter_mut().skip(1)).enumerate() {
            let mistaken = at(&last, j).saturating_add(u8::from(x != y));
            left = left.min(at(&last, j + 1)).saturating_add(1).min(mistaken);
            if before == Some(y) && beside == Some(x) {
                left = left.min(at(&older, j.wrapping_sub(1)).saturating_add(1));
            }
            *cell = left;
            beside = Some(y);
        }
        (older, last, before) = (last, row, Some(x));
    }
    usize::from(at(&last, b.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fuzzy() -> Fuzzy {
        let mut fuzzy = Fuzzy::default();
        for (word, level) in
            [("metformin", Level::L3), ("diabetes", Level::L3), ("herpes", Level::L4), ("asthma", Level::L3)]
        {
            fuzzy.add(word, 1, level);
        }
        fuzzy.finish();
        fuzzy
    }

    #[test]
    fn slips_of_every_kind_are_forgiven() {
        let fuzzy = fuzzy();
        for word in [
            "metformin",
            "metfromin",
            "metformn",
            "metfformin",
            "metforman",
            "metphormin",
            "diabetis",
            "diabettes",
            "diabtes",
            "dyabeetis",
            "herpez",
            "hrepes",
            "asthmma",
            "metofrnin",
        ] {
            assert_eq!(fuzzy.find(word.as_bytes()), Some(1), "{word}");
        }
        for word in ["performing", "debates", "uniform", "metro", "asthenia"] {
            assert_eq!(fuzzy.find(word.as_bytes()), None, "{word}");
        }
    }

    #[test]
    fn the_distance_counts_slips() {
        assert_eq!(distance(b"abc", b"abc"), 0);
        assert_eq!(distance(b"abc", b"acb"), 1);
        assert_eq!(distance(b"abc", b"ab"), 1);
        assert_eq!(distance(b"abcd", b"axbc"), 2);
        assert_eq!(distance(b"", b"ab"), 2);
    }
}
