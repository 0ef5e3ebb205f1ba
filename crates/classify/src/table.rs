//! A table from words and phrases to what is known of them: one probe per word, most of them answered by a small filter that
//! stays in the processor's cache.

use std::collections::HashMap;

/// A hash of folded text, made byte by byte so that the hash of joined pieces follows from that of the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hash(u64);

impl Hash {
    pub(crate) const EMPTY: Self = Self(0xcbf2_9ce4_8422_2325);

    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self::EMPTY.with(bytes)
    }

    pub(crate) fn with(self, bytes: &[u8]) -> Self {
        bytes.iter().fold(self, |hash, byte| hash.and(*byte))
    }

    pub(crate) const fn and(self, byte: u8) -> Self {
        Self((self.0 ^ byte as u64).wrapping_mul(STEP))
    }

    /// The hash without its last byte, which must be this one.
    pub(crate) const fn without(self, byte: u8) -> Self {
        Self(self.0.wrapping_mul(UNDO) ^ byte as u64)
    }

    /// The hash of a phrase that goes on with a word.
    pub(crate) const fn then(self, word: Self) -> Self {
        Self((self.0.rotate_left(23) ^ word.0).wrapping_mul(0xd6e8_feb8_6659_fd93))
    }

    /// The value with its bits spread, never 0.
    pub(crate) const fn key(self) -> u64 {
        let mixed = (self.0 ^ (self.0 >> 29)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed ^ (mixed >> 32)) | 1
    }
}

/// What a hash is multiplied by for each byte, and what undoes it.
const STEP: u64 = 0x0000_0100_0000_01b3;
const UNDO: u64 = 0xce96_5057_aff6_957b;
const _: () = assert!(STEP.wrapping_mul(UNDO) == 1, "an inverse");

/// Two to the power of `BITS` bits, one per hash: what was not put in is mostly let go after a look here.
#[derive(Debug)]
pub(crate) struct Filter<const BITS: u32>(Vec<u64>);

impl<const BITS: u32> Filter<BITS> {
    pub(crate) fn new() -> Self {
        Self(vec![0; 1 << (BITS - 6)])
    }

    /// How much memory it takes.
    #[cfg(test)]
    pub(crate) const fn bytes(&self) -> usize {
        8 * self.0.capacity()
    }

    const fn bit(key: u64) -> (usize, u64) {
        let bit = key >> (u64::BITS - BITS);
        ((bit >> 6) as usize, 1 << (bit & 63))
    }

    pub(crate) fn add(&mut self, hash: Hash) {
        self.add_key(hash.key());
    }

    fn add_key(&mut self, key: u64) {
        let (word, bit) = Self::bit(key);
        if let Some(bits) = self.0.get_mut(word) {
            *bits |= bit;
        }
    }

    /// Whether a hash may have been put in: wrong only in saying yes.
    #[inline]
    pub(crate) fn may_hold(&self, hash: Hash) -> bool {
        self.may_hold_key(hash.key())
    }

    #[inline]
    fn may_hold_key(&self, key: u64) -> bool {
        let (word, bit) = Self::bit(key);
        self.0.get(word).is_some_and(|bits| bits & bit != 0)
    }
}

/// What is known of a word or phrase.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(crate) struct Info {
    /// What it is used for in a sentence: bits of [`crate::roles`].
    pub(crate) roles: u64,
    /// The lexicon's section, counted from 1; 0 = none.
    pub(crate) section: u8,
    /// The section when it is written in capitals; 0 = none.
    pub(crate) upper: u8,
    /// The most words in a phrase that begins with it, be it a word or several; 0 = it begins none.
    pub(crate) longest: u8,
    /// Nothing comes of it by itself: it is in no section, nor is its singular, and it is no other word's misspelling.
    pub(crate) quiet: bool,
}

impl Info {
    pub(crate) const NONE: Self = Self { roles: 0, section: 0, upper: 0, longest: 0, quiet: false };

    /// Whether nothing is known.
    #[inline]
    pub(crate) const fn is_none(&self) -> bool {
        self.roles == 0 && (self.section | self.upper | self.longest) == 0 && !self.quiet
    }
}

/// A table under construction.
#[derive(Debug, Default)]
pub(crate) struct Builder(HashMap<u64, Info>);

impl Builder {
    /// The information of a hash, made when there is none.
    pub(crate) fn entry(&mut self, hash: Hash) -> &mut Info {
        self.0.entry(hash.key()).or_default()
    }

    /// The finished table; `None` when there are more different meanings than it can number.
    pub(crate) fn finish(self) -> Option<Table> {
        let slots = (self.0.len() * 2).next_power_of_two().max(1024);
        let mut table = Table {
            filter: Filter::new(),
            slots: vec![0; slots],
            meanings: vec![Info::NONE],
            #[cfg(test)]
            count: self.0.len(),
        };
        let mut known: HashMap<Info, u16> = HashMap::new();
        let mut all: Vec<(u64, Info)> = self.0.into_iter().collect();
        all.sort_unstable_by_key(|(key, _)| *key);
        for (key, info) in all {
            let number = match known.get(&info) {
                Some(number) => *number,
                None => {
                    let number = u16::try_from(table.meanings.len()).ok().filter(|number| *number < QUIET)?;
                    table.meanings.push(info);
                    known.insert(info, number);
                    number
                }
            };
            let mut at = table.first(key);
            while table.slots.get(at).is_some_and(|slot| *slot != 0) {
                at = (at + 1) & (table.slots.len() - 1);
            }
            *table.slots.get_mut(at)? = (key & TAG) | u64::from(number);
            table.filter.add_key(key);
        }
        Some(table)
    }
}

/// Open addressing, a power of two of slots, at most half full. A slot is the upper bits of a key and the number of its
/// meaning, since few meanings are different: the whole stays in the processor's second cache. One bit of the number is said of the
/// word, not of its meaning: [`Info::quiet`].
#[derive(Debug)]
pub(crate) struct Table {
    filter: Filter<FILTER_BITS>,
    slots: Vec<u64>,
    meanings: Vec<Info>,
    #[cfg(test)]
    count: usize,
}

const FILTER_BITS: u32 = 20;
const TAG: u64 = !0xffff;
const QUIET: u16 = 1 << 15;

impl Table {
    const fn first(&self, key: u64) -> usize {
        (key >> 17) as usize & (self.slots.len() - 1)
    }

    /// What is known of a hash.
    #[inline]
    pub(crate) fn find(&self, hash: Hash) -> Info {
        let key = hash.key();
        if self.filter.may_hold_key(key) { self.look(key) } else { Info::NONE }
    }

    fn look(&self, key: u64) -> Info {
        let mut at = self.first(key);
        while let Some(slot) = self.slots.get(at).copied().filter(|slot| *slot != 0) {
            if slot & TAG == key & TAG {
                let number = usize::from(slot as u16 & (QUIET - 1));
                let info = self.meanings.get(number).copied().unwrap_or(Info::NONE);
                return Info { quiet: slot & u64::from(QUIET) != 0, ..info };
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
        Info::NONE
    }

    /// Where a key's slot is.
    fn place(&self, key: u64) -> Option<usize> {
        let mut at = self.first(key);
        while let Some(slot) = self.slots.get(at).filter(|slot| **slot != 0) {
            if slot & TAG == key & TAG {
                return Some(at);
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
        None
    }

    /// Notes that nothing comes of a word by itself.
    pub(crate) fn quieten(&mut self, hash: Hash) {
        if let Some(slot) = self.place(hash.key()).and_then(|at| self.slots.get_mut(at)) {
            *slot |= u64::from(QUIET);
        }
    }

    /// How much memory it takes.
    #[cfg(test)]
    pub(crate) const fn bytes(&self) -> usize {
        self.filter.bytes() + 8 * self.slots.capacity() + size_of::<Info>() * self.meanings.capacity()
    }

    /// How many words and phrases are known.
    #[cfg(test)]
    pub(crate) const fn len(&self) -> usize {
        self.count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_in_is_found_and_nothing_else() {
        let mut builder = Builder::default();
        for number in 0..2000_u16 {
            builder.entry(Hash::of(format!("word{number}").as_bytes())).longest = (number % 7) as u8;
        }
        let table = builder.finish().unwrap();
        assert_eq!(table.len(), 2000);
        for number in 0..2000_u16 {
            assert_eq!(table.find(Hash::of(format!("word{number}").as_bytes())).longest, (number % 7) as u8);
            assert_eq!(table.find(Hash::of(format!("other{number}").as_bytes())), Info::NONE);
        }
    }

    #[test]
    fn a_hash_goes_on_from_where_it_was() {
        assert_eq!(Hash::of(b"met").with(b"formin"), Hash::of(b"metformin"));
        assert_eq!(Hash::of(b"pills").without(b's'), Hash::of(b"pill"));
    }
}
