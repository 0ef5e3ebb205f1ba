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
        Self((self.0 ^ byte as u64).wrapping_mul(0x0000_0100_0000_01b3))
    }

    /// The value with its bits spread, never 0.
    pub(crate) const fn key(self) -> u64 {
        let mixed = (self.0 ^ (self.0 >> 29)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed ^ (mixed >> 32)) | 1
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
    /// The most words in a phrase that begins with it; 0 = it begins none.
    pub(crate) longest: u8,
}

impl Info {
    pub(crate) const NONE: Self = Self { roles: 0, section: 0, upper: 0, longest: 0 };
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
            filter: vec![0; 1 << (FILTER_BITS - 6)],
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
                    let number = u16::try_from(table.meanings.len()).ok()?;
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
            let (word, bit) = Table::bit(key);
            *table.filter.get_mut(word)? |= bit;
        }
        Some(table)
    }
}

/// Open addressing, a power of two of slots, at most half full. A slot is the upper bits of a key and the number of its
/// meaning, since few meanings are different: the whole stays in the processor's second cache.
#[derive(Debug)]
pub(crate) struct Table {
    filter: Vec<u64>,
    slots: Vec<u64>,
    meanings: Vec<Info>,
    #[cfg(test)]
    count: usize,
}

const FILTER_BITS: u32 = 20;
const TAG: u64 = !0xffff;

impl Table {
    const fn bit(key: u64) -> (usize, u64) {
        let bit = key >> (64 - FILTER_BITS);
        ((bit >> 6) as usize, 1 << (bit & 63))
    }

    const fn first(&self, key: u64) -> usize {
        (key >> 17) as usize & (self.slots.len() - 1)
    }

    /// What is known of a hash.
    #[inline]
    pub(crate) fn find(&self, hash: Hash) -> Info {
        let key = hash.key();
        let (word, bit) = Self::bit(key);
        if self.filter.get(word).is_none_or(|bits| bits & bit == 0) {
            return Info::NONE;
        }
        self.look(key)
    }

    fn look(&self, key: u64) -> Info {
        let mut at = self.first(key);
        while let Some(slot) = self.slots.get(at).copied().filter(|slot| *slot != 0) {
            if slot & TAG == key & TAG {
                let number = usize::try_from(slot & !TAG).unwrap_or(0);
                return self.meanings.get(number).copied().unwrap_or(Info::NONE);
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
        Info::NONE
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
    }
}
