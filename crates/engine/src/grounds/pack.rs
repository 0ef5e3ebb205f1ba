//! Bytes of values, as few as may be, and values of bytes. Total: bytes that are not a value give none.

use jiff::Timestamp;
use jiff::civil::Date;
use postern_base::{
    Basis, Category, Channel, EmailMode, EmailTier, Form, Language, Level, Origin, PatientId, Phi, Purpose,
    RecipientRole, Review, Urgency,
};
use postern_gate::facts::OptOutScope;
use postern_gate::{Fact, Missing};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A value that has bytes.
pub(super) trait Pack: Sized {
    /// Appends its bytes.
    fn put(&self, out: &mut Vec<u8>);
    /// Takes it off the front; `None` = there is no such value.
    fn take(from: &mut &[u8]) -> Option<Self>;
}

impl Pack for u64 {
    /// Seven bits a byte, the lowest first; the highest bit says that more follow.
    fn put(&self, out: &mut Vec<u8>) {
        let mut rest = *self;
        while rest >= 0x80 {
            out.push(u8::try_from(rest & 0x7f).unwrap_or(0) | 0x80);
            rest >>= 7;
        }
        out.push(u8::try_from(rest).unwrap_or(0));
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        let mut value = 0_u64;
        for place in 0..10 {
            let (byte, rest) = from.split_first()?;
            *from = rest;
            value |= u64::from(byte & 0x7f).checked_shl(place * 7)?;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }
}

impl Pack for i64 {
    fn put(&self, out: &mut Vec<u8>) {
        // The sign goes to the lowest bit, so that small numbers of either sign are short.
        ((self << 1) ^ (self >> 63)).cast_unsigned().put(out);
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        let value = u64::take(from)?;
        Some((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }
}

/// Whole numbers that stand as one of 64 bits.
macro_rules! numbers {
    ($($kind:ty as $wide:ty),*) => { $(impl Pack for $kind {
        fn put(&self, out: &mut Vec<u8>) {
            <$wide>::try_from(*self).unwrap_or_default().put(out);
        }
        fn take(from: &mut &[u8]) -> Option<Self> {
            Self::try_from(<$wide>::take(from)?).ok()
        }
    })* };
}
numbers!(u8 as u64, u32 as u64, usize as u64, i8 as i64, i16 as i64, i32 as i64);

impl Pack for bool {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        let (byte, rest) = from.split_first()?;
        *from = rest;
        match byte {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }
}

fn put_text(text: &str, out: &mut Vec<u8>) {
    text.len().put(out);
    out.extend_from_slice(text.as_bytes());
}

fn take_text<'b>(from: &mut &'b [u8]) -> Option<&'b str> {
    let length = usize::take(from)?;
    let (text, rest) = from.split_at_checked(length)?;
    *from = rest;
    std::str::from_utf8(text).ok()
}

impl Pack for String {
    fn put(&self, out: &mut Vec<u8>) {
        put_text(self, out);
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        take_text(from).map(str::to_owned)
    }
}

impl Pack for Phi<String> {
    fn put(&self, out: &mut Vec<u8>) {
        put_text(self.reveal(), out);
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        String::take(from).map(Phi::new)
    }
}

impl Pack for Phi<Arc<str>> {
    fn put(&self, out: &mut Vec<u8>) {
        put_text(self.reveal(), out);
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        take_text(from).map(|text| Self::new(Arc::from(text)))
    }
}

impl Pack for PatientId {
    fn put(&self, out: &mut Vec<u8>) {
        put_text(self.as_str(), out);
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        take_text(from)?.parse().ok()
    }
}

impl Pack for [u8; 32] {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        let (bytes, rest) = from.split_first_chunk::<32>()?;
        *from = rest;
        Some(*bytes)
    }
}

impl Pack for Timestamp {
    fn put(&self, out: &mut Vec<u8>) {
        self.as_second().put(out);
        self.subsec_nanosecond().put(out);
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        Self::new(i64::take(from)?, i32::take(from)?).ok()
    }
}

impl Pack for Date {
    fn put(&self, out: &mut Vec<u8>) {
        self.year().put(out);
        self.month().put(out);
        self.day().put(out);
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        Self::new(i16::take(from)?, i8::take(from)?, i8::take(from)?).ok()
    }
}

impl<T: Pack> Pack for Option<T> {
    fn put(&self, out: &mut Vec<u8>) {
        self.is_some().put(out);
        if let Some(value) = self {
            value.put(out);
        }
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        if bool::take(from)? { T::take(from).map(Some) } else { Some(None) }
    }
}

impl<T: Pack> Pack for Fact<T> {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::Known(value) => {
                true.put(out);
                value.put(out);
            }
            Self::Unknown(why) => {
                false.put(out);
                why.put(out);
            }
        }
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        if bool::take(from)? { T::take(from).map(Fact::Known) } else { Missing::take(from).map(Fact::Unknown) }
    }
}

impl<T: Pack> Pack for Vec<T> {
    fn put(&self, out: &mut Vec<u8>) {
        self.len().put(out);
        for value in self {
            value.put(out);
        }
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        // Grown as they come: a length alone reserves nothing.
        let mut values = Self::new();
        for _ in 0..usize::take(from)? {
            values.push(T::take(from)?);
        }
        Some(values)
    }
}

impl<K: Pack + Ord, V: Pack> Pack for BTreeMap<K, V> {
    fn put(&self, out: &mut Vec<u8>) {
        self.len().put(out);
        for (key, value) in self {
            key.put(out);
            value.put(out);
        }
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        let mut values = Self::new();
        for _ in 0..usize::take(from)? {
            values.insert(K::take(from)?, V::take(from)?);
        }
        Some(values)
    }
}

impl Pack for OptOutScope {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::All => None,
            Self::Purpose(purpose) => Some(*purpose),
        }
        .put(out);
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        Some(<Option<Purpose> as Pack>::take(from)?.map_or(Self::All, Self::Purpose))
    }
}

/// Words of the vocabulary, by their place in it; their spellings, in order, are part of the format.
macro_rules! vocabulary {
    ($($word:ident),* $(,)?) => {
        $(impl Pack for $word {
            fn put(&self, out: &mut Vec<u8>) {
                Self::ALL.iter().position(|word| word == self).unwrap_or(usize::MAX).put(out);
            }
            fn take(from: &mut &[u8]) -> Option<Self> {
                Self::ALL.get(usize::take(from)?).copied()
            }
        })*

        /// Every spelling in order.
        pub(super) fn spellings() -> impl Iterator<Item = &'static str> {
            let all: Vec<&'static str> = [$($word::ALL.iter().map(|word| word.as_str()).collect::<Vec<_>>()),*].concat();
            all.into_iter()
        }
    };
}
vocabulary!(
    Basis,
    Category,
    Channel,
    EmailMode,
    EmailTier,
    Form,
    Language,
    Level,
    Origin,
    Purpose,
    RecipientRole,
    Review,
    Urgency
);
