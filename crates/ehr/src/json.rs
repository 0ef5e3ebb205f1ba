//! Checks on JSON text before it is parsed: size, depth, repeated keys, endless numbers.
//!
//! `serde_json` alone would keep the last of two equal keys, so that `{"type":"deny","type":"permit"}` reads as a permit.

use std::collections::HashSet;
use std::ops::Range;

/// How much a document may ask of us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one resource.
    pub resource_bytes: usize,
    /// Bytes of one bundle, which is held in memory while it is read.
    pub bundle_bytes: usize,
    /// Nested objects and arrays.
    pub depth: usize,
    /// Bytes of one number.
    pub number_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { resource_bytes: 16 << 20, bundle_bytes: 1 << 30, depth: 48, number_bytes: 128 }
    }
}

/// Why a text was refused before it was understood. Carries no value of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, thiserror::Error)]
pub enum Refused {
    /// Larger than [`Limits`] allows.
    #[error("larger than one resource may be; split the file or raise the limit")]
    TooLarge,
    /// Deeper than [`Limits`] allows.
    #[error("nested deeper than any FHIR resource needs to be")]
    TooDeep,
    /// A number longer than [`Limits`] allows.
    #[error("holds a number too long to be a FHIR decimal")]
    NumberTooLong,
    /// The same key twice in one object: which one counts cannot be known.
    #[error("the same key stands twice in one object; write it once")]
    RepeatedKey,
    /// Not JSON, or cut off.
    #[error("not valid JSON; check that the file is complete")]
    NotJson,
    /// JSON, but no object with a `resourceType`.
    #[error("no FHIR resource; expected an object with a resourceType")]
    NotAResource,
}

/// Checks `text` against `limits` without building anything from it.
///
/// # Errors
/// What is wrong with it. Text that passes may still not be JSON; the parser says so.
pub fn check(text: &[u8], limits: &Limits) -> Result<(), Refused> {
    if text.len() > limits.resource_bytes {
        return Err(Refused::TooLarge);
    }
    let mut open: Vec<Option<HashSet<Vec<u8>>>> = Vec::new();
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        match byte {
            b'{' | b'[' => {
                if open.len() >= limits.depth {
                    return Err(Refused::TooDeep);
                }
                open.push((byte == b'{').then(HashSet::new));
                at += 1;
            }
            b'}' | b']' => {
                open.pop().ok_or(Refused::NotJson)?;
                at += 1;
            }
            b'"' => {
                let end = string_end(text, at).ok_or(Refused::NotJson)?;
                let is_key = next_is_colon(text, end);
                if let (true, Some(Some(keys))) = (is_key, open.last_mut()) {
                    let key = plain_key(text.get(at..end).unwrap_or_default()).ok_or(Refused::NotJson)?;
                    if !keys.insert(key) {
                        return Err(Refused::RepeatedKey);
                    }
                }
                at = end;
            }
            b'-' | b'0'..=b'9' => {
                let length =
                    text.iter().skip(at).take_while(|b| b.is_ascii_alphanumeric() || b"+-.".contains(b)).count();
                if length > limits.number_bytes {
                    return Err(Refused::NumberTooLong);
                }
                at += length.max(1);
            }
            _ => at += 1,
        }
    }
    if open.is_empty() { Ok(()) } else { Err(Refused::NotJson) }
}

/// Where the value that begins at `start` ends, by brackets and strings alone, so that a damaged element inside it does
/// not hide where its neighbour begins. `None` when the text ends first.
#[must_use]
pub fn value_end(text: &[u8], start: usize) -> Option<usize> {
    let mut depth = 0usize;
    let mut at = start;
    loop {
        match *text.get(at)? {
            b'{' | b'[' => {
                depth += 1;
                at += 1;
            }
            b'}' | b']' => {
                if depth == 0 {
                    return Some(at);
                }
                depth -= 1;
                at += 1;
                if depth == 0 {
                    return Some(at);
                }
            }
            b'"' => {
                at = string_end(text, at)?;
                if depth == 0 {
                    return Some(at);
                }
            }
            b',' if depth == 0 => return Some(at),
            _ => at += 1,
        }
    }
}

/// Members of an object: key and range of the value.
pub type Members = Vec<(Vec<u8>, Range<usize>)>;

/// The members of the object that begins at `start`: key and range of the value. Ends early, with `false`, when the text
/// is cut off or damaged at this level.
#[must_use]
pub fn members(text: &[u8], start: usize) -> (Members, bool) {
    let mut found = Vec::new();
    let mut at = start + 1;
    loop {
        at = skip(text, at, b" \t\r\n,");
        match text.get(at) {
            Some(b'}') => return (found, true),
            Some(b'"') => {}
            _ => return (found, false),
        }
        let Some(end) = string_end(text, at) else { return (found, false) };
        let Some(key) = plain_key(text.get(at..end).unwrap_or_default()) else { return (found, false) };
        let colon = skip(text, end, b" \t\r\n");
        if text.get(colon) != Some(&b':') {
            return (found, false);
        }
        let value = skip(text, colon + 1, b" \t\r\n");
        let Some(end) = value_end(text, value) else {
            found.push((key, value..text.len()));
            return (found, false);
        };
        found.push((key, value..end));
        at = end;
    }
}

/// The elements of the array that begins at `start`, and whether it was closed.
#[must_use]
pub fn elements(text: &[u8], start: usize) -> (Vec<Range<usize>>, bool) {
    let mut found = Vec::new();
    let mut at = start + 1;
    loop {
        at = skip(text, at, b" \t\r\n,");
        match text.get(at) {
            Some(b']') => return (found, true),
            None => return (found, false),
            Some(_) => {}
        }
        let Some(end) = value_end(text, at).filter(|end| *end > at) else {
            found.push(at..text.len());
            return (found, false);
        };
        found.push(at..end);
        at = end;
    }
}

/// The first position at or after `at` whose byte is not in `of`.
#[must_use]
pub fn skip(text: &[u8], at: usize, of: &[u8]) -> usize {
    at + text.iter().skip(at).take_while(|b| of.contains(b)).count()
}

/// One past the closing quote of the string that begins at `start`.
fn string_end(text: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    loop {
        match *text.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

fn next_is_colon(text: &[u8], at: usize) -> bool {
    text.get(skip(text, at, b" \t\r\n")) == Some(&b':')
}

/// The key without quotes and escapes: `"ty\u0070e"` is `type`.
fn plain_key(quoted: &[u8]) -> Option<Vec<u8>> {
    if quoted.contains(&b'\\') {
        return serde_json::from_slice::<String>(quoted).ok().map(String::into_bytes);
    }
    quoted.get(1..quoted.len().checked_sub(1)?).map(<[u8]>::to_vec)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_default(text: &str) -> Result<(), Refused> {
        check(text.as_bytes(), &Limits::default())
    }

    #[test]
    fn a_depth_bomb_is_refused_before_it_is_parsed() {
        assert_eq!(check_default(&"[".repeat(1_000_000)), Err(Refused::TooDeep));
    }

    #[test]
    fn a_key_that_stands_twice_is_refused_even_when_it_is_escaped() {
        assert_eq!(check_default(r#"{"type":"deny","type":"permit"}"#), Err(Refused::RepeatedKey));
        assert_eq!(check_default(r#"{"type":"deny","ty\u0070e":"permit"}"#), Err(Refused::RepeatedKey));
        assert_eq!(check_default(r#"{"a":{"type":1},"b":{"type":1},"c":["a","a"]}"#), Ok(()));
    }

    #[test]
    fn an_endless_number_is_refused() {
        assert_eq!(check_default(&format!("{{\"a\":1{}}}", "0".repeat(1000))), Err(Refused::NumberTooLong));
    }

    #[test]
    fn brackets_inside_strings_do_not_count() {
        assert_eq!(check_default(r#"{"a":"}]\"{["}"#), Ok(()));
    }

    #[test]
    fn elements_are_found_though_one_of_them_is_damaged() {
        let text = br#"[{"a":1},{"b":tru e},{"c":"]"}]"#;
        let (found, closed) = elements(text, 0);
        assert!(closed);
        assert_eq!(found.len(), 3);
        assert_eq!(&text[found[2].clone()], br#"{"c":"]"}"#);
    }

    #[test]
    fn a_cut_off_array_gives_what_came_before_the_cut() {
        let (found, closed) = elements(br#"[{"a":1},{"b":"#, 0);
        assert!(!closed);
        assert_eq!(found.len(), 2);
    }
}
