//! A table from words and phrases to what is known of them: one probe per word, most of them answered by a small filter that
//! stays in the processor's cache.

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
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
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

/// Open addressing, a power of two of slots, at most half full.
#[derive(Debug)]
pub(crate) struct Table {
    filter: Vec<u64>,
    slots: Vec<(u64, Info)>,
    count: usize,
}

const FILTER_BITS: u32 = 20;

impl Table {
    pub(crate) fn with_room_for(count: usize) -> Self {
        let slots = (count * 2).next_power_of_two().max(1024);
        Self { filter: vec![0; 1 << (FILTER_BITS - 6)], slots: vec![(0, Info::NONE); slots], count: 0 }
    }

    const fn bit(key: u64) -> (usize, u64) {
        let bit = key >> (64 - FILTER_BITS);
        ((bit >> 6) as usize, 1 << (bit & 63))
    }

    fn slot(&self, key: u64) -> usize {
        let mask = self.slots.len() - 1;
        let mut at = (key >> 1) as usize & mask;
        while self.slots.get(at).is_some_and(|(known, _)| *known != 0 && *known != key) {
            at = (at + 1) & mask;
        }
        at
    }

    /// The information of a hash, made when there is none; `None` when the table is full.
    pub(crate) fn entry(&mut self, hash: Hash) -> Option<&mut Info> {
        let key = hash.key();
        let at = self.slot(key);
        let room = self.count * 2 < self.slots.len();
        let slot = self.slots.get_mut(at)?;
        if slot.0 == 0 {
            if !room {
                return None;
            }
            slot.0 = key;
            self.count += 1;
            let (word, bit) = Self::bit(key);
            *self.filter.get_mut(word)? |= bit;
        }
        Some(&mut slot.1)
    }

    /// What is known of a hash.
    pub(crate) fn find(&self, hash: Hash) -> Info {
        let key = hash.key();
        let (word, bit) = Self::bit(key);
        if self.filter.get(word).is_none_or(|bits| bits & bit == 0) {
            return Info::NONE;
        }
        self.slots.get(self.slot(key)).filter(|(known, _)| *known == key).map_or(Info::NONE, |(_, info)| *info)
    }

    /// How many words and phrases are known.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_in_is_found_and_nothing_else() {
        let mut table = Table::with_room_for(2000);
        for number in 0..2000_u16 {
            table.entry(Hash::of(format!("word{number}").as_bytes())).unwrap().longest = (number % 7) as u8;
        }
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
