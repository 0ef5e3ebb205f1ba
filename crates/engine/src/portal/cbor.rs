//! As much of CBOR (RFC 8949) as an authenticator's answer needs: definite lengths, as WebAuthn's own canonical form has them.

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value<'b> {
    Integer(i64),
    Bytes(&'b [u8]),
    Text(&'b str),
    Map(Vec<(Value<'b>, Value<'b>)>),
    /// Something whose content nobody here asks for.
    Other,
}

/// How deep values may stand in each other: what is hostile must not exhaust the stack.
const DEPTH: u32 = 8;

/// Reads one value from the front; gives it and what follows it.
pub(super) fn read(bytes: &[u8]) -> Option<(Value<'_>, &[u8])> {
    read_at(bytes, DEPTH)
}

fn read_at(bytes: &[u8], depth: u32) -> Option<(Value<'_>, &[u8])> {
    let depth = depth.checked_sub(1)?;
    let (head, rest) = bytes.split_first()?;
    let (argument, rest) = argument(head & 31, rest)?;
    match head >> 5 {
        0 => Some((Value::Integer(i64::try_from(argument).ok()?), rest)),
        1 => Some((Value::Integer(-1 - i64::try_from(argument).ok()?), rest)),
        2 => {
            let (value, rest) = rest.split_at_checked(usize::try_from(argument).ok()?)?;
            Some((Value::Bytes(value), rest))
        }
        3 => {
            let (value, rest) = rest.split_at_checked(usize::try_from(argument).ok()?)?;
            Some((Value::Text(std::str::from_utf8(value).ok()?), rest))
        }
        4 => {
            let mut rest = rest;
            for _ in 0..argument {
                rest = read_at(rest, depth)?.1;
            }
            Some((Value::Other, rest))
        }
        5 => {
            let (mut pairs, mut rest) = (Vec::new(), rest);
            for _ in 0..argument {
                let (key, after) = read_at(rest, depth)?;
                let (value, after) = read_at(after, depth)?;
                pairs.push((key, value));
                rest = after;
            }
            Some((Value::Map(pairs), rest))
        }
        // Simple values: true, false, null.
        7 if head & 31 < 24 => Some((Value::Other, rest)),
        _ => None,
    }
}

/// RFC 8949 section 3: the argument of a head, in the head itself or in one to eight bytes after it.
fn argument(short: u8, rest: &[u8]) -> Option<(u64, &[u8])> {
    let length = match short {
        0..=23 => return Some((u64::from(short), rest)),
        24..=27 => 1usize << (short - 24),
        _ => return None,
    };
    let (bytes, rest) = rest.split_at_checked(length)?;
    Some((bytes.iter().fold(0, |number, byte| (number << 8) | u64::from(*byte)), rest))
}

impl<'b> Value<'b> {
    /// What stands in a map under a text.
    pub(super) fn under(&self, name: &str) -> Option<&Self> {
        self.find(|key| matches!(key, Value::Text(text) if *text == name))
    }

    /// What stands in a map under a number.
    pub(super) fn at(&self, number: i64) -> Option<&Self> {
        self.find(|key| *key == Value::Integer(number))
    }

    fn find(&self, is: impl Fn(&Self) -> bool) -> Option<&Self> {
        let Self::Map(pairs) = self else { return None };
        pairs.iter().find(|(key, _)| is(key)).map(|(_, value)| value)
    }

    pub(super) const fn bytes(&self) -> Option<&'b [u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    pub(super) const fn integer(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8949 appendix A.
    #[test]
    fn the_examples_of_the_rfc_are_read() {
        let whole = |bytes: &'static [u8]| read(bytes).filter(|(_, rest)| rest.is_empty()).map(|(value, _)| value);
        for (bytes, number) in [
            (&[0x00][..], 0),
            (&[0x17], 23),
            (&[0x18, 0x64], 100),
            (&[0x19, 0x03, 0xe8], 1000),
            (&[0x1a, 0x00, 0x0f, 0x42, 0x40], 1_000_000),
            (&[0x20], -1),
            (&[0x39, 0x03, 0xe7], -1000),
        ] {
            assert_eq!(whole(bytes), Some(Value::Integer(number)));
        }
        assert_eq!(whole(&[0x44, 1, 2, 3, 4]), Some(Value::Bytes(&[1, 2, 3, 4])));
        assert_eq!(whole(b"\x64IETF"), Some(Value::Text("IETF")));
        let map = whole(&[0xa2, 0x01, 0x02, 0x03, 0x04]).unwrap();
        assert_eq!((map.at(1).and_then(Value::integer), map.at(3).and_then(Value::integer)), (Some(2), Some(4)));
        assert_eq!(map.at(2), None);
    }

    #[test]
    fn what_is_cut_endless_or_too_deep_is_nothing() {
        for bad in [
            &[][..],
            &[0x18],
            &[0x44, 1],
            &[0x5f],
            &[0xa1, 0x01],
            &[0x1b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        ] {
            assert_eq!(read(bad), None, "{bad:?}");
        }
        assert_eq!(read(&[0x81; 64]), None);
        assert_eq!(read(&[0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]), None, "a map that says it is huge");
    }
}
