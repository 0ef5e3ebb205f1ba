//! Rewritings of a whole text, each made only when a sign of a disguise is there: letters and digits set apart put together,
//! words broken by a sign mended, digits and signs read as letters, repeated letters squeezed, slips in the words of phrases
//! mended. What is found in a rewriting is shown where it stood.

use crate::fold::{Folded, OTHER};
use crate::lexicon::Lexicon;
use crate::table::{Hash, Info};
use crate::words::{
    self, ALONE, APART, BREAK, DIGIT, HYPHEN, LETTER, LETTER_AND_DIGITS, LINE, MIXED, REPEATED, SIGN, UNKNOWN, Words,
};
use crate::{roles, spoken};

/// A rewriting up to this many bytes is read as a whole; of a longer one, what stands around each change.
const WHOLE: usize = 384;
/// How far around a change a long text is read again: more than any cue reaches.
const MARGIN: usize = 120;
/// How near a change a finding of a long text's rewriting stands; what is farther off is found in the text itself.
const NEAR: usize = 56;

/// A rewritten text and the place every byte came from.
#[derive(Debug, Default)]
pub(crate) struct Rewritten {
    text: Vec<u8>,
    back: Vec<u32>,
    /// Where it was changed, in order.
    marks: Vec<usize>,
    /// Whether parts were left out.
    cut: bool,
}

impl Rewritten {
    pub(crate) fn with_room(length: usize) -> Self {
        Self { text: Vec::with_capacity(length), back: Vec::with_capacity(length), marks: Vec::new(), cut: false }
    }

    pub(crate) fn push(&mut self, byte: u8, from: usize) {
        self.text.push(byte);
        self.back.push(u32::try_from(from).unwrap_or(u32::MAX));
    }

    /// Notes that what stands at the end was changed.
    pub(crate) fn mark(&mut self) {
        if self.marks.last().is_none_or(|last| *last != self.text.len()) {
            self.marks.push(self.text.len());
        }
    }

    /// Says that what was pushed last reaches to this place.
    pub(crate) fn ends_at(&mut self, place: usize) {
        if let Some(last) = self.back.last_mut() {
            *last = u32::try_from(place).unwrap_or(u32::MAX);
        }
    }

    /// The text, to be folded like any other; the same when nothing was rewritten.
    pub(crate) fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.text).ok().filter(|_| !self.marks.is_empty())
    }

    /// The range in the folded text that a range of the rewriting came from; `None` when it has nothing to do with a change.
    pub(crate) fn original(&self, start: usize, end: usize) -> Option<(usize, usize)> {
        if self.cut {
            let next = self.marks.partition_point(|mark| mark.saturating_add(NEAR) < start);
            self.marks.get(next).filter(|mark| **mark < end.saturating_add(NEAR))?;
        }
        let at = |index: usize| self.back.get(index).map_or(0, |from| usize::try_from(*from).unwrap_or(0));
        let first = at(start);
        Some((first, at(end.saturating_sub(1)).max(first) + 1))
    }

    /// Of a long text, only what stands around the changes, so that a sign here does not make everything be read again.
    fn around_changes(self) -> Self {
        if self.text.len() <= WHOLE {
            return self;
        }
        let is_blank = |at: usize| self.text.get(at).is_none_or(u8::is_ascii_whitespace);
        let mut out = Self { cut: true, ..Self::default() };
        let mut marks = self.marks.iter().copied().peekable();
        let mut done = 0;
        while let Some(mark) = marks.next() {
            let mut start = mark.saturating_sub(MARGIN).max(done);
            while start > done && !is_blank(start - 1) && mark - start < 2 * MARGIN {
                start -= 1;
            }
            let mut end = mark + MARGIN;
            let mut within = vec![mark];
            while let Some(next) = marks.next_if(|next| *next < end + MARGIN) {
                within.push(next);
                end = next + MARGIN;
            }
            let last = end;
            while end < last + MARGIN && !is_blank(end) {
                end += 1;
            }
            end = end.min(self.text.len());
            if start > done && !out.text.is_empty() {
                out.push(b'\n', self.back.get(start).map_or(0, |from| usize::try_from(*from).unwrap_or(0)));
            }
            out.marks.extend(within.iter().map(|mark| mark - start + out.text.len()));
            out.text.extend_from_slice(self.text.get(start..end).unwrap_or_default());
            out.back.extend_from_slice(self.back.get(start..end).unwrap_or_default());
            done = end;
        }
        out
    }
}

/// Every rewriting that something in the text asks for.
pub(crate) fn all(lexicon: &Lexicon, words: &Words, folded: &Folded<'_>) -> Vec<Rewritten> {
    let mut found = Vec::new();
    let mut add = |rewritten: Rewritten| {
        if !rewritten.marks.is_empty() {
            found.push(rewritten.around_changes());
        }
    };
    let asked = words.saw(BREAK | SIGN | APART | REPEATED | MIXED) || (words.saw(HYPHEN) && words.saw(LINE));
    let signs = if asked { Signs::of(folded) } else { Signs::default() };
    if signs.apart || signs.broken {
        add(joined(folded));
    }
    if signs.leet {
        add(letters(lexicon, folded));
    }
    if signs.repeated {
        add(squeezed(folded, 1));
        add(squeezed(folded, 2));
    }
    if words.saw(LINE) && words.saw(UNKNOWN) {
        add(unbroken(words, folded));
    }
    if words.any(roles::NUMERAL) || words.saw(LETTER_AND_DIGITS) {
        add(spoken::in_digits(words, folded));
    }
    if words.saw(UNKNOWN) {
        add(mended(lexicon, words, folded));
    }
    found
}

/// What in a text asks for a rewriting.
#[derive(Debug, Default)]
struct Signs {
    apart: bool,
    broken: bool,
    leet: bool,
    repeated: bool,
}

impl Signs {
    fn of(folded: &Folded<'_>) -> Self {
        let mut signs = Self::default();
        let mut b = ALONE;
        let (mut last, mut run, mut letters) = (0_u8, 1, 9);
        // The last five bytes: a bit for each that is a letter or digit.
        let mut five = 0_u8;
        for byte in folded.plain.iter().copied().chain([b' ']) {
            let c = words::class(byte);
            let plain = c & (LETTER | DIGIT) != 0;
            five = ((five << 1) | u8::from(plain)) & 0b1_1111;
            signs.apart |= five == 0b0_1010;
            signs.broken |=
                (c & BREAK != 0 && b & (LETTER | DIGIT | HYPHEN) != 0) || (b & HYPHEN != 0 && c & LINE != 0);
            // Letters behind a digit count from the third on: `10am` and `1st` are what they are.
            letters = match c {
                LETTER => (letters + 1).min(9),
                DIGIT => 0,
                _ => 9,
            };
            signs.leet |=
                (b == LETTER && c == DIGIT) || (b & SIGN != 0 && c == LETTER) || (c == LETTER && letters == 3);
            run = if byte == last { run + 1 } else { 1 };
            signs.repeated |= run >= 3 && c == LETTER && byte != b'w';
            (b, last) = (c, byte);
        }
        signs
    }
}

/// A sign that has no business inside a word.
fn is_breaker(byte: u8) -> bool {
    words::class(byte) & BREAK != 0
}

/// Letters set apart put together, words broken by a sign mended.
fn joined(folded: &Folded<'_>) -> Rewritten {
    let mut out = Rewritten::with_room(folded.plain.len());
    let mut at = 0;
    while let Some(byte) = folded.at(at) {
        let opens = at.checked_sub(1).and_then(|i| folded.at(i)).is_none_or(|b| !b.is_ascii_alphanumeric());
        let run = if opens && !byte.is_ascii_whitespace() { apart(folded, at) } else { 0 };
        if run > 0 {
            for from in (at..at + run).step_by(2) {
                out.push(folded.cased(from), from);
            }
            out.mark();
            at += run;
            continue;
        }
        let before = out.text.last().is_some_and(u8::is_ascii_alphanumeric) || out.text.last() == Some(&b'-');
        let skip = if before { breaker(folded, at) } else { 0 };
        if skip > 0 {
            out.mark();
            at += skip;
            continue;
        }
        out.push(folded.cased(at), at);
        at += 1;
    }
    out
}

/// How long a run is in which every second character is the same separator: `d i a`, `H.I.V`, `5_5_5_-_0`.
fn apart(folded: &Folded<'_>, start: usize) -> usize {
    let Some(sign) = folded.at(start + 1).filter(|b| !b.is_ascii_alphanumeric()) else { return 0 };
    if !matches!(sign, b' ' | b'.' | b'-' | b'_' | b'*' | b'/' | b'~' | b'|' | b',' | b'\n' | OTHER) {
        return 0;
    }
    let mut length = 1;
    while folded.at(start + length) == Some(sign) {
        match folded.at(start + length + 1) {
            Some(b' ') if sign != b' ' => break,
            Some(b' ') if folded.at(start + length + 2) != Some(b' ') => break,
            Some(_) => length += 2,
            None => break,
        }
    }
    // It must end where a word ends: "t r a m a d o l is" ends before "is".
    let next = folded.at(start + length);
    if next.is_some_and(|b| b.is_ascii_alphanumeric()) && length >= 2 {
        length -= 2;
    }
    let singles = length / 2 + 1;
    let capitals = (start..start + length).step_by(2).all(|at| folded.is_capital(at)) && !folded.shouted;
    // Words set apart stand two blanks from each other: `g u m  g r a f t`.
    let doubled = folded.slice(start + length, start + length + 2) == b"  "
        || start.checked_sub(2).is_some_and(|before| folded.slice(before, start) == b"  ");
    let least = if sign == b' ' && !capitals && !doubled { 4 } else { 3 };
    let kinds = (start..start + length)
        .step_by(2)
        .filter(|at| folded.at(*at).is_some_and(|b| b.is_ascii_alphanumeric()))
        .count();
    if singles >= least && kinds * 2 > singles { length } else { 0 }
}

/// How many bytes of a break inside a word stand here: `-⏎`, `*`, an emoji.
fn breaker(folded: &Folded<'_>, at: usize) -> usize {
    let rest = folded.slice(at, at + 4);
    let length = match rest {
        [b'-', b'\n', ..] => 2,
        [b'-', b'\r', b'\n', ..] => 3,
        _ => rest.iter().take(3).take_while(|b| is_breaker(**b)).count(),
    };
    let after = folded.at(at + length).is_some_and(|b| b.is_ascii_alphanumeric());
    if length > 0 && after { length } else { 0 }
}

/// Digits and signs inside words read as letters.
fn letters(lexicon: &Lexicon, folded: &Folded<'_>) -> Rewritten {
    let mut out = Rewritten::with_room(folded.plain.len());
    let in_word = |byte: u8| byte.is_ascii_alphanumeric() || b"@$!|+".contains(&byte);
    let mut at = 0;
    while let Some(byte) = folded.at(at) {
        if !in_word(byte) {
            out.push(byte, at);
            at += 1;
            continue;
        }
        let length = folded.plain.iter().skip(at).take_while(|b| in_word(**b)).count();
        let word = folded.slice(at, at + length);
        let word = word.strip_suffix(b"!").unwrap_or(word);
        let plain = word.iter().filter(|b| b.is_ascii_alphabetic()).count();
        let read = plain >= 2 && plain < word.len() && !crate::views::is_number(word) && may_mean(lexicon, word);
        for (offset, byte) in word.iter().enumerate() {
            let letter = if read { crate::views::leet(*byte) } else { None };
            let cased = folded.cased(at + offset);
            if letter.is_some() {
                out.mark();
            }
            // What is read as a letter at a word's beginning counts as a capital: names begin so.
            let letter = letter.map(|letter| if offset == 0 { letter.to_ascii_uppercase() } else { letter });
            out.push(letter.unwrap_or(cased), at + offset);
        }
        at += word.len().max(1);
        if word.is_empty() {
            out.push(b'!', at - 1);
        }
    }
    out
}

/// Words broken by a line's end put together: `ne⏎edle exch⏎ange`. Only where a part is no word of its own.
fn unbroken(words: &Words, folded: &Folded<'_>) -> Rewritten {
    let mut out = Rewritten::with_room(folded.plain.len());
    let mut copied = 0;
    for (first, next) in words.iter().zip(words.iter().skip(1)) {
        let broken = matches!(folded.slice(first.end, next.start), b"\n" | b"\r\n" | b"-\n" | b"-\r\n");
        let odd = (first.is_unknown() || next.is_unknown()) && first.digits + next.digits == 0;
        if broken && odd && first.len() + next.len() >= 5 {
            for place in copied..first.end {
                out.push(folded.cased(place), place);
            }
            out.mark();
            copied = next.start;
        }
    }
    if copied > 0 {
        for place in copied..folded.plain.len() {
            out.push(folded.cased(place), place);
        }
    }
    out
}

/// Whether a word of digits and letters, read as letters, may mean anything: `A10` and `x7k2` do not.
fn may_mean(lexicon: &Lexicon, word: &[u8]) -> bool {
    if word.len() > 4 {
        return true;
    }
    let hash = word.iter().fold(Hash::EMPTY, |hash, byte| hash.and(crate::views::leet(*byte).unwrap_or(*byte)));
    lexicon.find(hash) != Info::NONE
}

/// Every run of three or more of one letter cut to `most`.
fn squeezed(folded: &Folded<'_>, most: usize) -> Rewritten {
    let mut out = Rewritten::with_room(folded.plain.len());
    let mut at = 0;
    while let Some(byte) = folded.at(at) {
        let run = folded.plain.iter().skip(at).take_while(|b| **b == byte).count();
        let keep = if run >= 3 && byte.is_ascii_alphabetic() { most } else { run };
        if keep < run {
            out.mark();
        }
        for offset in 0..keep {
            out.push(folded.cased(at + offset), at + offset);
        }
        at += run;
    }
    out
}

/// Words that nobody knows, put right when they are a slip away from a word of a phrase.
fn mended(lexicon: &Lexicon, words: &Words, folded: &Folded<'_>) -> Rewritten {
    let mut right: Vec<(usize, usize, Vec<u8>)> = Vec::new();
    for word in words.iter() {
        let unknown = word.info == crate::table::Info::NONE && word.digits == 0 && word.len() >= 5;
        if unknown && let Some(target) = lexicon.fuzzy.part(folded.slice(word.start, word.end)) {
            right.push((word.start, word.end, target.to_vec()));
        }
    }
    let mut out = Rewritten::default();
    if right.is_empty() || !words.iter().any(|word| word.info.roles & roles::KNOWN == 0) {
        return out;
    }
    let mut at = 0;
    for (start, end, target) in right {
        for from in at..start {
            out.push(folded.cased(from), from);
        }
        out.mark();
        for (offset, byte) in target.iter().enumerate() {
            out.push(*byte, (start + offset).min(end - 1));
        }
        out.ends_at(end - 1);
        at = end;
    }
    for from in at..folded.plain.len() {
        out.push(folded.cased(from), from);
    }
    out
}
