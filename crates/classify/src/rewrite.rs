//! Rewritings of a whole text, each made only when a sign of a disguise is there: letters and digits set apart put together,
//! words broken by a sign mended, digits and signs read as letters, repeated letters squeezed, slips in the words of phrases
//! mended. What is found in a rewriting is shown where it stood.

use crate::fold::{Folded, OTHER};
use crate::lexicon::Lexicon;
use crate::table::{Hash, Info};
use crate::words::{
    self, APART, BREAK, DIGIT, HYPHEN, LETTER, LETTER_AND_DIGITS, LINE, MIXED, REPEATED, SIGN, STRANGE, STRANGE_MIN,
    UNKNOWN, Word, Words,
};
use crate::{letters, numbers, roles, spoken, work};

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
    /// Where the places stop following one another: a position, and the place its byte came from.
    steps: Vec<(usize, usize)>,
    /// Where it was changed, in order.
    marks: Vec<usize>,
    /// Whether parts were left out.
    cut: bool,
    /// Whether letters and digits that were set apart were put together.
    joined: bool,
}

impl Rewritten {
    /// Says where what is pushed next comes from.
    fn step(&mut self, from: usize) {
        let at = self.text.len();
        if self.steps.last().map_or(at, |(step, place)| place + (at - step)) != from {
            self.steps.push((at, from));
        }
    }

    /// Adds a byte that comes from a place.
    pub(crate) fn push(&mut self, byte: u8, from: usize) {
        self.step(from);
        self.text.push(byte);
    }

    /// Adds what stands between two places as it is.
    pub(crate) fn copy(&mut self, folded: &Folded<'_>, start: usize, end: usize) {
        if start < end {
            if self.text.capacity() == 0 {
                self.text.reserve(folded.plain.len());
            }
            self.step(start);
            folded.copy_cased(start, end, &mut self.text);
        }
    }

    /// Notes that what stands at the end was changed.
    pub(crate) fn mark(&mut self) {
        if self.marks.last().is_none_or(|last| *last != self.text.len()) {
            self.marks.push(self.text.len());
        }
    }

    /// Says that what was pushed last reaches to this place.
    pub(crate) fn ends_at(&mut self, place: usize) {
        let Some(last) = self.text.len().checked_sub(1) else { return };
        self.steps.pop_if(|(step, _)| *step == last);
        if self.place(last) != place {
            self.steps.push((last, place));
        }
    }

    /// The place a byte came from.
    fn place(&self, at: usize) -> usize {
        let next = self.steps.partition_point(|(step, _)| *step <= at);
        next.checked_sub(1).and_then(|index| self.steps.get(index)).map_or(at, |(step, place)| place + (at - step))
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
        let first = self.place(start);
        Some((first, self.place(end.saturating_sub(1)).max(first) + 1))
    }

    /// Adds a part of another rewriting.
    fn copy_part(&mut self, other: &Self, start: usize, end: usize) {
        self.step(other.place(start));
        let (at, from) = (self.text.len(), other.steps.partition_point(|(step, _)| *step <= start));
        let inner = other.steps.iter().skip(from).take_while(|(step, _)| *step < end);
        self.steps.extend(inner.map(|(step, place)| (step - start + at, *place)));
        self.text.extend_from_slice(other.text.get(start..end).unwrap_or_default());
    }

    /// Of a long text, only what stands around the changes, so that a sign here does not make everything be read again.
    fn around_changes(self) -> Self {
        if self.text.len() <= WHOLE {
            return self;
        }
        let is_blank = |at: usize| self.text.get(at).is_none_or(u8::is_ascii_whitespace);
        let mut out = Self { cut: true, joined: self.joined, ..Self::default() };
        let mut marks = self.marks.iter().copied().peekable();
        let mut done = 0;
        while let Some(mark) = marks.next() {
            work::count(MARGIN);
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
                out.push(b'\n', self.place(start));
            }
            out.marks.extend(within.iter().map(|mark| mark - start + out.text.len()));
            out.copy_part(&self, start, end);
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
    if let Some(narrow) = narrowed(words, folded) {
        add(narrow);
    }
    if words.saw(APART) || is_broken(words, folded) {
        add(Rewritten { joined: true, ..joined(words, folded) });
    }
    if may_be_leet(words, folded) {
        add(in_letters(lexicon, words, folded));
    }
    if words.saw(REPEATED) {
        add(squeezed(folded, 1));
        add(squeezed(folded, 2));
    }
    if words.saw(LINE) && words.saw(UNKNOWN) {
        add(unbroken(words, folded));
    }
    if words.any(roles::NUMERAL | roles::LETTER_NAME) || words.saw(LETTER_AND_DIGITS) {
        add(letters::joined(lexicon, words, folded));
        add(spoken::in_digits(lexicon, words, folded));
    }
    if words.saw(DIGIT) {
        add(numbers::tidied(words, folded));
    }
    if words.saw(STRANGE) {
        add(parted(words, folded));
        add(mended(lexicon, words, folded));
    }
    found
}

/// What a rewriting in which letters were put together asks for once more: digits read as letters, slips mended.
pub(crate) fn again(lexicon: &Lexicon, first: &Rewritten, words: &Words, folded: &Folded<'_>) -> Vec<Rewritten> {
    let mut found = Vec::new();
    if !first.joined {
        return found;
    }
    if words.saw(APART) {
        found.push(joined(words, folded));
    }
    if may_be_leet(words, folded) {
        found.push(in_letters(lexicon, words, folded));
    }
    if words.saw(STRANGE) {
        found.push(mended(lexicon, words, folded));
    }
    found.retain(|rewritten| !rewritten.marks.is_empty());
    found
}

/// A text in which all words stand two blanks apart or more, with one: `Your  P  S  A  is  up`.
fn narrowed(words: &Words, folded: &Folded<'_>) -> Option<Rewritten> {
    let gaps = words.iter().zip(words.iter().skip(1)).map(|(a, b)| (a.end, b.start));
    let wide = |(start, end): (usize, usize)| end - start >= 2 && folded.slice(start, end).starts_with(b"  ");
    let blank = |(start, end): &(usize, usize)| folded.slice(*start, *end).iter().all(|byte| *byte == b' ');
    let single = words.iter().any(|word| word.len() == 1);
    if !single || !gaps.clone().filter(blank).all(wide) || gaps.clone().filter(blank).count() < 4 {
        return None;
    }
    let mut out = Rewritten::default();
    let mut copied = 0;
    for (start, end) in gaps.filter(blank) {
        out.copy(folded, copied, start + 1);
        out.mark();
        copied = end;
    }
    out.copy(folded, copied, folded.plain.len());
    out.joined = true;
    Some(out)
}

/// Whether a sign stands behind a letter or digit that has no business there, or a hyphen at a line's end.
fn is_broken(words: &Words, folded: &Folded<'_>) -> bool {
    let asked = words.saw(BREAK) || (words.saw(HYPHEN) && words.saw(LINE));
    let kinds = folded.plain.iter().map(|byte| words::class(*byte));
    asked
        && kinds.clone().zip(kinds.skip(1)).any(|(first, next)| {
            (next & BREAK != 0 && first & (LETTER | DIGIT | HYPHEN) != 0) || (first & HYPHEN != 0 && next & LINE != 0)
        })
}

/// Whether a digit stands behind a letter or before three of them, or a sign before a letter: `10am` and `1st` are what they are.
fn may_be_leet(words: &Words, folded: &Folded<'_>) -> bool {
    let signed = |word: &Word| {
        let before = word.start.checked_sub(1).and_then(|at| folded.at(at));
        before.is_some_and(|sign| words::class(sign) & SIGN != 0) && folded.at(word.start).is_some_and(is_letter)
    };
    let mixed = |word: &Word| {
        let text = folded.slice(word.start, word.end);
        word.digits > 0
            && word.digits < word.len()
            && (text.windows(2).any(|two| matches!(two, [a, b] if is_letter(*a) && b.is_ascii_digit()))
                || text.windows(4).any(
                    |four| matches!(four, [a, rest @ ..] if a.is_ascii_digit() && rest.iter().copied().all(is_letter)),
                ))
    };
    (words.saw(SIGN) && words.iter().any(signed)) || (words.saw(MIXED) && words.iter().any(mixed))
}

const fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphabetic()
}

/// A sign that has no business inside a word.
fn is_breaker(byte: u8) -> bool {
    words::class(byte) & BREAK != 0
}

/// Letters set apart put together, words broken by a sign mended.
fn joined(words: &Words, folded: &Folded<'_>) -> Rewritten {
    let mut out = Rewritten::default();
    let mut apart = Apart::default();
    let (mut done, mut copied) = (0, 0);
    for at in between(words, folded).filter(|at| !is_blank(folded, *at)) {
        if at < done {
            continue;
        }
        let opens = at.checked_sub(1).is_none_or(|before| !is_plain(folded, before));
        let run = if opens { apart.run(folded, at) } else { 0 };
        let skip = if run == 0 && follows(&out, folded, copied, at) { breaker(folded, at) } else { 0 };
        if run + skip == 0 {
            continue;
        }
        out.copy(folded, copied, at);
        let mut letters = 0;
        for from in (at..at + run).step_by(2) {
            let byte = folded.cased(from);
            // "C P T 7 7 0 6 7": a word and a number.
            if byte.is_ascii_digit() && letters >= 3 {
                out.push(b' ', from);
            }
            // "T.e.r.r.y.B.l.o.o.m": two words.
            if byte.is_ascii_uppercase() && out.text.last().is_some_and(u8::is_ascii_lowercase) && from > at {
                out.push(b' ', from);
            }
            letters = if byte.is_ascii_alphabetic() { letters + 1 } else { 0 };
            out.push(byte, from);
        }
        out.mark();
        done = at + run + skip;
        // `T*o*m* *L*e*e`: the signs around the blank belong to the words.
        if let ([a, b' ', b], Some(sign)) = (folded.slice(done, done + 3), folded.at(at + 1))
            && run > 0
            && (*a, *b) == (sign, sign)
        {
            out.push(b' ', done + 1);
            done += 3;
        }
        copied = done;
    }
    if !out.marks.is_empty() {
        out.copy(folded, copied, folded.plain.len());
    }
    out
}

/// The places that are not inside a longer word: what stands between words, and words of one letter.
fn between<'w>(words: &'w Words, folded: &Folded<'_>) -> impl Iterator<Item = usize> + 'w {
    let ends = std::iter::once(0).chain(words.iter().map(|word| word.end));
    let starts = words.iter().map(|word| word.start + usize::from(word.len() == 1));
    ends.zip(starts.chain([folded.plain.len()])).flat_map(|(end, start)| end..start)
}

fn is_blank(folded: &Folded<'_>, at: usize) -> bool {
    folded.at(at).is_some_and(|byte| byte.is_ascii_whitespace())
}

/// Whether a letter, digit or hyphen stands before a position in the rewriting, which is copied up to `copied`.
fn follows(out: &Rewritten, folded: &Folded<'_>, copied: usize, at: usize) -> bool {
    let before = if copied < at { folded.at(at - 1) } else { out.text.last().copied() };
    before.is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// Runs in which every second character is the same separator: `d i a`, `H.I.V`, `5_5_5_-_0`. What was walked once is
/// remembered, for the run that begins one step later ends where this one ends: so the work grows with the text and no faster.
#[derive(Debug, Default)]
struct Apart {
    /// The last run walked, by whether it began at an even place.
    walked: [Option<Walked>; 2],
}

#[derive(Debug, Clone, Copy)]
struct Walked {
    sign: u8,
    start: usize,
    end: usize,
    /// How many of its characters are letters or digits.
    plain: usize,
}

impl Walked {
    fn of(folded: &Folded<'_>, start: usize, sign: u8) -> Self {
        let mut walked = Self { sign, start, end: start + 1, plain: usize::from(is_plain(folded, start)) };
        while folded.at(walked.end) == Some(sign) {
            match folded.at(walked.end + 1) {
                Some(b' ') if sign != b' ' => break,
                Some(b' ') if folded.at(walked.end + 2) != Some(b' ') => break,
                Some(_) => {
                    walked.plain += usize::from(is_plain(folded, walked.end + 1));
                    walked.end += 2;
                    work::count(1);
                }
                None => break,
            }
        }
        // It must end where a word ends: "t r a m a d o l is" ends before "is".
        if is_plain(folded, walked.end) && walked.end - start >= 2 {
            walked.plain -= usize::from(is_plain(folded, walked.end - 1));
            walked.end -= 2;
        }
        walked
    }

    /// The run without what stands before a place of it.
    fn from(mut self, folded: &Folded<'_>, start: usize) -> Self {
        while self.start < start {
            self.plain -= usize::from(is_plain(folded, self.start));
            self.start += 2;
            work::count(1);
        }
        self
    }
}

impl Apart {
    /// How long the run is that begins at a place; 0 = none. To be asked in order.
    fn run(&mut self, folded: &Folded<'_>, start: usize) -> usize {
        let Some(sign) = folded.at(start + 1).filter(|b| !b.is_ascii_alphanumeric()) else { return 0 };
        if !matches!(sign, b' ' | b'.' | b'-' | b'_' | b'*' | b'/' | b'~' | b'|' | b',' | b'\'' | b'\n' | OTHER) {
            return 0;
        }
        let Some(slot) = self.walked.get_mut(start % 2) else { return 0 };
        let known = slot.filter(|walked| walked.sign == sign && start + 2 < walked.end);
        let walked = known.map_or_else(|| Walked::of(folded, start, sign), |walked| walked.from(folded, start));
        *slot = Some(walked);
        let end = walked.end;
        let singles = (end - start) / 2 + 1;
        // "8:45 a.m.." at a sentence's end is what it is.
        if singles < 3 || walked.plain * 2 <= singles || matches!(folded.slice(start, end), b"a.m.." | b"p.m..") {
            return 0;
        }
        let capitals = (start..end).step_by(2).all(|at| folded.is_capital(at)) && !folded.shouted;
        // Words set apart stand two blanks from each other: `g u m  g r a f t`.
        let doubled = folded.slice(end, end + 2) == b"  "
            || start.checked_sub(2).is_some_and(|before| folded.slice(before, start) == b"  ");
        let least = if sign == b' ' && !capitals && !doubled { 4 } else { 3 };
        if singles >= least { end - start } else { 0 }
    }
}

fn is_plain(folded: &Folded<'_>, at: usize) -> bool {
    folded.at(at).is_some_and(|byte| byte.is_ascii_alphanumeric())
}

/// How many bytes of a break inside a word stand here: `-⏎`, `*`, an emoji.
fn breaker(folded: &Folded<'_>, at: usize) -> usize {
    let rest = folded.slice(at, at + 4);
    let length = match rest {
        [b'-', b'\n', ..] => 2,
        [b'-', b'\r', b'\n', ..] => 3,
        [b'<', ..] => tags(folded, at),
        _ => rest.iter().take(3).take_while(|b| is_breaker(**b)).count(),
    };
    let after = folded.at(at + length).is_some_and(|b| b.is_ascii_alphanumeric());
    if length > 0 && after { length } else { 0 }
}

/// How many bytes of tags of a markup language stand here: `<b></b>`.
fn tags(folded: &Folded<'_>, start: usize) -> usize {
    let mut length = 0;
    while folded.at(start + length) == Some(b'<') && length < TAGS_MAX {
        let rest = folded.plain.iter().skip(start + length + 1).take(TAG_MAX);
        let inner =
            rest.take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'!' | b' ' | b'-')).count();
        if folded.at(start + length + 1 + inner) != Some(b'>') {
            break;
        }
        length += inner + 2;
    }
    length
}

/// The longest tag that is taken out of a word, and all of them together.
const TAG_MAX: usize = 12;
const TAGS_MAX: usize = 48;

/// Digits and signs inside words read as letters.
fn in_letters(lexicon: &Lexicon, words: &Words, folded: &Folded<'_>) -> Rewritten {
    let mut out = Rewritten::default();
    let in_word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'@' | b'$' | b'!' | b'|' | b'+');
    let signed = |at: Option<usize>| at.and_then(|at| folded.at(at)).is_some_and(|byte| words::class(byte) & SIGN != 0);
    let (mut done, mut copied) = (0, 0);
    for one in words.iter() {
        let mixed = one.digits > 0 && one.digits < one.len();
        if one.start < done || !(mixed || signed(one.start.checked_sub(1)) || signed(Some(one.end))) {
            continue;
        }
        let (before, behind) = folded.plain.split_at(one.start);
        let at = one.start - before.iter().skip(done).rev().take_while(|byte| in_word(byte)).count();
        let end = one.start + behind.iter().take_while(|byte| in_word(byte)).count();
        done = end;
        let word = folded.slice(at, end);
        // "p0sitive!!": signs at the end are what they are.
        let last = word.iter().rposition(|byte| !matches!(byte, b'!')).map_or(0, |last| last + 1);
        let word = word.get(..last).unwrap_or(word);
        let plain = word.iter().filter(|b| b.is_ascii_alphabetic()).count();
        if plain < 1 || plain == word.len() || crate::views::is_number(word) || !may_mean(lexicon, word, plain) {
            continue;
        }
        let one = stroke(lexicon, word);
        for (offset, byte) in word.iter().enumerate() {
            if let Some(letter) = letter(*byte, one) {
                out.copy(folded, copied, at + offset);
                out.mark();
                // What is read as a letter at a word's beginning counts as a capital: names begin so.
                out.push(if offset == 0 { letter.to_ascii_uppercase() } else { letter }, at + offset);
                copied = at + offset + 1;
            }
        }
    }
    if !out.marks.is_empty() {
        out.copy(folded, copied, folded.plain.len());
    }
    out
}

/// Words broken by a line's end put together: `ne⏎edle exch⏎ange`. Only where a part is no word of its own.
fn unbroken(words: &Words, folded: &Folded<'_>) -> Rewritten {
    let mut out = Rewritten::default();
    let mut copied = 0;
    for (first, next) in words.iter().zip(words.iter().skip(1)) {
        let odd = (first.is_unknown() || next.is_unknown()) && first.digits + next.digits == 0;
        let broken = || matches!(folded.slice(first.end, next.start), b"\n" | b"\r\n" | b"-\n" | b"-\r\n");
        if odd && first.len() + next.len() >= 5 && broken() {
            out.copy(folded, copied, first.end);
            out.mark();
            copied = next.start;
        }
    }
    if copied > 0 {
        out.copy(folded, copied, folded.plain.len());
    }
    out
}

/// Words written together with a capital each: `EatingDisordersProgram`.
fn parted(words: &Words, folded: &Folded<'_>) -> Rewritten {
    let mut out = Rewritten::default();
    let mut copied = 0;
    for word in words.iter().filter(|word| word.is_unknown() && word.len() >= 8) {
        let opens = |at: &usize| folded.is_capital(*at) && !folded.is_capital(at - 1);
        if !(word.start + 1..word.end).any(|at| folded.is_capital(at)) {
            continue;
        }
        let starts: Vec<usize> = (word.start + 1..word.end).filter(opens).collect();
        let longest =
            [word.start].iter().chain(&starts).zip(starts.iter().chain([&word.end])).map(|(a, b)| b - a).max();
        if starts.is_empty() || longest.is_none_or(|longest| longest < 4) || starts.len() * 3 > word.len() {
            continue;
        }
        for start in starts {
            out.copy(folded, copied, start);
            out.mark();
            out.push(b' ', start);
            copied = start;
        }
    }
    if copied > 0 {
        out.copy(folded, copied, folded.plain.len());
    }
    out
}

/// The letter that a digit or sign stands for; a stroke may be an i or an l.
const fn letter(byte: u8, stroke: u8) -> Option<u8> {
    match byte {
        b'1' | b'!' | b'|' => Some(stroke),
        _ => crate::views::leet(byte),
    }
}

/// What is known of a word of digits and letters, read as letters.
fn meaning(lexicon: &Lexicon, word: &[u8], stroke: u8) -> Info {
    lexicon.find(word.iter().fold(Hash::EMPTY, |hash, byte| hash.and(letter(*byte, stroke).unwrap_or(*byte))))
}

/// What the strokes of a word stand for: l when that makes a word and i does not.
fn stroke(lexicon: &Lexicon, word: &[u8]) -> u8 {
    let none = |stroke| meaning(lexicon, word, stroke) == Info::NONE;
    if word.iter().any(|byte| matches!(byte, b'1' | b'!' | b'|')) && none(b'i') && !none(b'l') { b'l' } else { b'i' }
}

/// Whether a word of digits and letters, read as letters, may mean anything: `A10` and `x7k2` do not.
fn may_mean(lexicon: &Lexicon, word: &[u8], plain: usize) -> bool {
    // "E11" is a place, whatever it looks like.
    if plain == 1 && word.len() > 2 && word.first().copied().is_some_and(is_letter) {
        return false;
    }
    (word.len() > 4 && plain > 1) || [b'i', b'l'].iter().any(|stroke| meaning(lexicon, word, *stroke) != Info::NONE)
}

/// Every run of three or more of one letter cut to `most`.
fn squeezed(folded: &Folded<'_>, most: usize) -> Rewritten {
    let mut out = Rewritten::default();
    let mut copied = 0;
    let is_three = |three: &[u8]| matches!(three, [a, b, c] if a == b && b == c && is_letter(*a));
    while let Some(next) = folded.slice(copied, folded.plain.len()).windows(3).position(is_three) {
        let (start, byte) = (copied + next, folded.at(copied + next));
        let length = folded.slice(start, folded.plain.len()).iter().take_while(|b| Some(**b) == byte).count();
        out.copy(folded, copied, start);
        out.mark();
        out.copy(folded, start, start + most);
        copied = start + length;
    }
    if copied > 0 {
        out.copy(folded, copied, folded.plain.len());
    }
    out
}

/// Words that nobody knows, put right when they are a slip away from a word of a phrase.
fn mended(lexicon: &Lexicon, words: &Words, folded: &Folded<'_>) -> Rewritten {
    let mut out = Rewritten::default();
    let mut copied = 0;
    for word in words.iter() {
        let strange = word.info == Info::NONE && word.digits == 0 && word.len() >= STRANGE_MIN;
        let titled = || {
            let title = words::before(words, word).filter(|title| word.start - title.end <= 2);
            folded.is_capital(word.start)
                && !folded.shouted
                && title.is_some_and(|title| title.is(roles::STAFF | roles::GREETING))
        };
        let target = if strange && !titled() { lexicon.fuzzy.part(folded.slice(word.start, word.end)) } else { None };
        if let Some(target) = target {
            out.copy(folded, copied, word.start);
            out.mark();
            for (offset, byte) in target.iter().enumerate() {
                let capital = offset == 0 && folded.is_capital(word.start);
                let byte = if capital { byte.to_ascii_uppercase() } else { *byte };
                out.push(byte, (word.start + offset).min(word.end - 1));
            }
            out.ends_at(word.end - 1);
            copied = word.end;
        }
    }
    if copied > 0 {
        out.copy(folded, copied, folded.plain.len());
    }
    out
}
