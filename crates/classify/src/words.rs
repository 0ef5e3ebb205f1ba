//! The words of a folded text and what is known of each, with what the look over the text shows besides: so that whoever comes
//! after need not look when there is nothing for them.

use crate::fold::{Folded, OTHER};
use crate::lexicon::Lexicon;
use crate::table::{Hash, Info};
use crate::{links, roles, runs, work};
use std::ops::Deref;

/// A run of letters and digits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Word {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) hash: Hash,
    pub(crate) info: Info,
    /// How many of its characters are digits.
    pub(crate) digits: usize,
    /// What stands between it and the word before.
    pub(crate) glue: Glue,
}

/// What stands between two words that may be parts of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Glue {
    None,
    /// One blank or line break.
    Blank,
    /// A sign that has no business inside a word, or a hyphen at a line's end.
    Sign,
}

impl Glue {
    fn of(between: &[u8]) -> Self {
        match between {
            [b' ' | b'\n'] | [b'\r', b'\n'] => Self::Blank,
            [b'-', b'\n'] | [b'-', b'\r', b'\n'] | [b'-', b' ', b'\n'] => Self::Sign,
            [_] | [_, _] | [_, _, _] if between.iter().all(|byte| class(*byte) & GLUE != 0) => Self::Sign,
            _ => Self::None,
        }
    }
}

impl Word {
    pub(crate) const fn len(&self) -> usize {
        self.end - self.start
    }

    pub(crate) const fn is(&self, roles: u64) -> bool {
        self.info.roles & roles != 0
    }

    /// Whether it is on no list: what only unknown words are, misspellings and broken words, may be looked for in it.
    pub(crate) const fn is_unknown(&self) -> bool {
        self.info.section == 0 && self.info.roles & roles::KNOWN == 0
    }
}

/// What a byte is: bits of this module.
pub(crate) type Class = u16;

pub(crate) const LETTER: Class = 1;
/// Twice what [`LETTER`] is, so that digits are counted without a branch.
pub(crate) const DIGIT: Class = 2;
/// Neither letter nor digit.
pub(crate) const ALONE: Class = 4;
/// Has no business inside a word.
pub(crate) const BREAK: Class = 8;
/// May stand for a letter.
pub(crate) const SIGN: Class = 16;
pub(crate) const HYPHEN: Class = 32;
pub(crate) const LINE: Class = 64;
pub(crate) const AT: Class = 128;
/// Seen in a text: what stands between two words of a link.
pub(crate) const LINKED: Class = 256;
/// Seen in a text: two letters or digits, each alone, side by side.
pub(crate) const APART: Class = 512;
/// Seen in a text: one letter three times.
pub(crate) const REPEATED: Class = 1024;
/// Seen in a text: letters and digits in one word.
pub(crate) const MIXED: Class = 2048;
/// Seen in a text: a letter alone and a digit alone side by side.
pub(crate) const LETTER_AND_DIGITS: Class = 8192;
/// Seen in a text: a word that is on no list.
pub(crate) const UNKNOWN: Class = 4096;
/// Seen in a text: a word of letters that is in no list at all, and long enough to be a slip of another.
pub(crate) const STRANGE: Class = 16384;

/// The most words of an entry that has roles as a whole.
const JOINED_MAX: usize = 4;

/// The fewest letters of a word that may be a slip of another.
pub(crate) const STRANGE_MIN: usize = 5;

/// A sign that may stand between the parts of a word.
pub(crate) const GLUE: Class = 32768;

/// What each byte is, so that a text is looked over in one pass.
const CLASSES: [Class; 256] = {
    let mut classes = [ALONE; 256];
    let mut at = 0_u8;
    loop {
        #[expect(clippy::indexing_slicing, reason = "evaluated when compiled, within bounds")]
        {
            classes[at as usize] = match at {
                b'a'..=b'z' | b'A'..=b'Z' => LETTER,
                b'0'..=b'9' => DIGIT,
                b'-' => ALONE | GLUE | HYPHEN,
                b'\n' => ALONE | LINE,
                b'|' => ALONE | GLUE | BREAK | SIGN,
                b'@' => ALONE | SIGN | AT,
                b'$' | b'!' => ALONE | SIGN,
                b'+' => ALONE | GLUE | SIGN,
                b'*' | b'_' | b'~' | b'^' | b'\\' | OTHER => ALONE | GLUE | BREAK,
                b'<' => ALONE | BREAK,
                // Control characters but the tab and the ends of lines show nothing.
                0..=8 | 11 | 12 | 14..=31 | 127 => ALONE | GLUE | BREAK,
                b'.' | b'\'' | b'/' | b'`' | b'=' | b'#' | b'"' => ALONE | GLUE,
                _ => ALONE,
            };
        }
        if at == u8::MAX {
            break classes;
        }
        at += 1;
    }
};

/// What a byte is.
#[inline]
pub(crate) fn class(byte: u8) -> Class {
    CLASSES.get(usize::from(byte)).copied().unwrap_or(ALONE)
}

/// The words of a text in order, and what was seen on the way.
#[derive(Debug)]
pub(crate) struct Words {
    list: Vec<Word>,
    /// The roles of all words together.
    roles: u64,
    seen: Class,
    /// Where the first two words meet that may be parts of a link.
    linked: usize,
}

impl Deref for Words {
    type Target = [Word];

    fn deref(&self) -> &[Word] {
        &self.list
    }
}

impl Words {
    /// Whether any word has one of these roles.
    pub(crate) const fn any(&self, roles: u64) -> bool {
        self.roles & roles != 0
    }

    /// Whether any of these was seen in the text.
    pub(crate) const fn saw(&self, class: Class) -> bool {
        self.seen & class != 0
    }
}

/// The words of a text in order.
pub(crate) fn of(folded: &Folded<'_>, lexicon: &Lexicon) -> Words {
    let plain = folded.plain.as_slice();
    work::count(plain.len());
    let mut words = Words { list: Vec::with_capacity(plain.len() / 5 + 2), roles: 0, seen: 0, linked: usize::MAX };
    let mut done = 0;
    let thrice = runs::of(plain, |start, end| {
        let between = folded.slice(done, start);
        words.seen |= seen(between);
        done = end;
        let (mut hash, mut digits) = (Hash::EMPTY, 0_usize);
        for byte in folded.slice(start, end) {
            hash = hash.and(*byte);
            digits = digits.wrapping_add(usize::from(*byte <= b'9'));
        }
        let info = lexicon.find(hash);
        words.push(folded, between, Word { start, end, hash, info, digits, glue: Glue::None });
    });
    words.seen |= seen(plain.get(done..).unwrap_or_default());
    if thrice && repeats(plain) {
        words.seen |= REPEATED;
    }
    if words.any(roles::OPENS) {
        words.join(folded, lexicon);
    }
    words
}

/// What the bytes between two words are together.
#[inline]
fn seen(between: &[u8]) -> Class {
    match between {
        [one] => class(*one),
        more => more.iter().fold(0, |seen, byte| seen | class(*byte)),
    }
}

/// Whether one letter stands three times in a row. Three w begin an address.
fn repeats(plain: &[u8]) -> bool {
    let is = |three: &[u8]| matches!(three, [a, b, c] if a == b && b == c && a.is_ascii_lowercase() && *a != b'w');
    plain.windows(3).any(is)
}

impl Words {
    /// Adds a word and what is seen of it, with what stands before it.
    #[inline]
    fn push(&mut self, folded: &Folded<'_>, between: &[u8], mut word: Word) {
        self.roles |= word.info.roles;
        let (digits, length) = (word.digits, word.len());
        self.seen |= match digits {
            0 => LETTER,
            _ if digits < length => LETTER | DIGIT | MIXED,
            _ => DIGIT,
        };
        if word.is_unknown() {
            self.seen |= UNKNOWN;
            if word.info.is_none() && digits == 0 && length >= STRANGE_MIN {
                self.seen |= STRANGE;
            }
        }
        if let Some(before) = self.list.last() {
            if let [b' '] = between {
                word.glue = Glue::Blank;
            } else {
                word.glue = Glue::of(between);
                if links::may_join(folded, before, &word) {
                    self.seen |= LINKED;
                    self.linked = self.linked.min(before.end);
                }
            }
            if length == 1 && before.len() == 1 && between.len() == 1 {
                self.seen |= APART;
                if digits == 1 && before.digits == 0 {
                    self.seen |= LETTER_AND_DIGITS;
                }
            }
        }
        self.list.push(word);
    }

    /// Where the first two words meet that may be parts of a link.
    pub(crate) const fn linked(&self) -> usize {
        self.linked
    }

    /// Gives the last word of what is used for something as a whole its roles: `patient id`, `buenos días`.
    fn join(&mut self, folded: &Folded<'_>, lexicon: &Lexicon) {
        for at in 0..self.list.len() {
            let Some(first) = self.list.get(at).filter(|first| first.is(roles::OPENS)) else { continue };
            let (mut hash, mut end) = (first.hash, first.end);
            for last in at + 1..at + JOINED_MAX {
                work::count(1);
                let Some(word) = self.list.get_mut(last).filter(|word| folded.slice(end, word.start).len() <= 2) else {
                    break;
                };
                (hash, end) = (hash.then(word.hash), word.end);
                let whole = lexicon.find(hash).roles;
                word.info.roles |= whole;
                self.roles |= whole;
            }
        }
    }

    /// The words that are left when something was taken out of the text.
    pub(crate) fn without_blanked(self, folded: &Folded<'_>, lexicon: &Lexicon) -> Self {
        let blanked = |at: usize| folded.at(at) == Some(OTHER);
        if self.list.iter().any(|word| blanked(word.start) != blanked(word.end - 1)) {
            return of(folded, lexicon);
        }
        // What was seen may have been in what is gone: whoever asks looks again.
        let seen = self.seen | class(OTHER);
        let mut left = Self { list: Vec::with_capacity(self.list.len()), roles: 0, seen, linked: usize::MAX };
        for word in self.list.into_iter().filter(|word| !blanked(word.start)) {
            let between = folded.slice(left.list.last().map_or(0, |before| before.end), word.start);
            left.push(folded, between, word);
        }
        left
    }
}

/// The index of the first word that begins at or after a position.
pub(crate) fn from(words: &[Word], position: usize) -> usize {
    words.partition_point(|word| word.start < position)
}

/// The word before a word.
pub(crate) fn before<'w>(words: &'w [Word], word: &Word) -> Option<&'w Word> {
    from(words, word.start).checked_sub(1).and_then(|at| words.get(at))
}

/// The word behind a word.
pub(crate) fn after<'w>(words: &'w [Word], word: &Word) -> Option<&'w Word> {
    words.get(from(words, word.end))
}
