//! Views: other ways to read what stands there, each made only when something about the text asks for it. Letters that stand
//! apart, a word broken in two, digits and signs for letters, letters repeated, misspellings.

use crate::fold::Folded;
use crate::lexicon::{Entry, Lexicon, hit};
use crate::table::{Hash, Info};
use crate::words::{BREAK, Glue, REPEATED, SIGN, Word, Words};
use crate::{Hit, Level, references, roles, work};

/// Up to this many letters a slip makes one ordinary word of another as often as it hides a care word.
const SHORT: usize = 6;

/// The longest word that is read in other ways.
const LONGEST: usize = 48;

/// What the words say when they are read in other ways.
pub(crate) fn find(lexicon: &Lexicon, words: &Words, folded: &Folded<'_>, hits: &mut Vec<Hit>) {
    // Of the short words up to here, how many there are and how many may be parts of a word that is set apart.
    let (mut short, mut apart) = (0, 0);
    for (at, word) in words.iter().enumerate() {
        let unknown = word.is_unknown();
        if unknown && !word.info.quiet && (3..=LONGEST).contains(&word.len()) {
            by_itself(lexicon, words, folded, at, hits);
        }
        let next = words.get(at + 1);
        if let Some(next) = next
            && next.glue != Glue::None
            && (next.glue == Glue::Sign || unknown && word.digits == 0 || odd(next))
        {
            broken(lexicon, words, folded, at, word, next, hits);
        }
        if word.len() > 3 || word.digits >= word.len().max(2) {
            (short, apart) = (0, 0);
            continue;
        }
        short += 1;
        apart += usize::from(may_be_apart(word));
        if short >= 3 && next.is_none_or(|next| next.len() > 3) {
            if apart >= 3 {
                spelled(lexicon, words.get(at + 1 - short..=at).unwrap_or_default(), folded, hits);
            }
            (short, apart) = (0, 0);
        }
    }
    if words.saw(BREAK | SIGN) {
        masked(lexicon, folded, hits);
    }
}

/// What a word that nobody knows says by itself.
fn by_itself(lexicon: &Lexicon, words: &Words, folded: &Folded<'_>, at: usize, hits: &mut Vec<Hit>) {
    let Some(word) = words.get(at) else { return };
    let named = || word.is(roles::FIRST_NAME | roles::FAMILY_NAME) && folded.is_capital(word.start);
    let excused = || named() || is_titled(words, at, folded) || is_street(words, at, folded);
    if let Some(entry) = alone(lexicon, folded.slice(word.start, word.end), words.saw(REPEATED), excused) {
        let weak = word.len() <= SHORT && word.digits == 0 && entry.level < Level::L4;
        hits.extend(hit(word.start, word.end, entry).map(|hit| Hit { weak, ..hit }));
    }
}

/// What a word that nobody knows is by itself: repeated letters, if the text `repeats` one, digits for letters, misspelled, unless it
/// is `excused` from that as a name.
pub(crate) fn alone(lexicon: &Lexicon, text: &[u8], repeats: bool, excused: impl FnOnce() -> bool) -> Option<Entry> {
    let grave = |entry: Option<Entry>| entry.filter(|entry| entry.level >= Level::L3);
    let digits = text.iter().filter(|byte| byte.is_ascii_digit()).count();
    if (repeats || digits > 2)
        && text.windows(3).any(|three| matches!(three, [a, b, c] if a == b && b == c))
        && let Some(entry) = [1, 2].iter().find_map(|most| grave(read(lexicon, &squeezed(text, *most))))
    {
        return Some(entry);
    }
    if digits == 0 {
        if excused() {
            return None;
        }
        let slip = || if text.len() >= 5 { misspelled(lexicon, text) } else { None };
        let found = grave(slip()).or_else(|| look_alikes(text).find_map(|reading| grave(lexicon.find_text(&reading))));
        // Written together, or backwards.
        let inside = || if text.len() >= 10 { lexicon.find_inside(text, 7).map(|(.., entry)| entry) } else { None };
        let found = found.or_else(|| grave(inside())).or_else(|| grave(reversed(lexicon, text)));
        return found.filter(|_| !is_ordinary(lexicon, text));
    }
    if text.len() - digits < 2 || is_number(text) {
        return None;
    }
    leet_readings(text).find_map(|reading| {
        let long = reading.len() >= 6;
        grave(read(lexicon, &reading).or_else(|| long.then(|| misspelled(lexicon, &reading)).flatten()))
    })
}

/// Whether a word is a slip away from an ordinary word of an office: `apointment`, which holds an ointment too.
fn is_ordinary(lexicon: &Lexicon, text: &[u8]) -> bool {
    lexicon.fuzzy.is_slip_of_part(text, |word| {
        let info = lexicon.find(Hash::of(word));
        info.section == 0 && info.roles & roles::ORDINARY != 0 && info.roles & (roles::FIGURATIVE | roles::OUTCOME) == 0
    })
}

/// What a reading of a word means; a short one must mean it in small letters too.
fn read(lexicon: &Lexicon, text: &[u8]) -> Option<Entry> {
    if text.len() >= 4 {
        return lexicon.find_text(text);
    }
    lexicon.section(lexicon.find(Hash::of(text)).section).filter(|entry| entry.kind.is_some())
}

/// A word read backwards.
fn reversed(lexicon: &Lexicon, text: &[u8]) -> Option<Entry> {
    let first = text.iter().rev().take(4).fold(Hash::EMPTY, |hash, byte| hash.and(*byte));
    if text.len() < 6 || !lexicon.may_begin(first) {
        return None;
    }
    let backwards: Vec<u8> = text.iter().rev().copied().collect();
    lexicon.find_text(&backwards).filter(|entry| entry.reviewed)
}

/// Letters that look like others when written small or narrow: `rn` for m, `vv` for w, `cl` for d, `l` for a capital i.
fn look_alikes(text: &[u8]) -> impl Iterator<Item = Vec<u8>> + '_ {
    const PAIRS: &[(u8, Option<u8>, u8)] =
        &[(b'r', Some(b'n'), b'm'), (b'v', Some(b'v'), b'w'), (b'c', Some(b'l'), b'd'), (b'l', None, b'i')];
    let follows = |second: Option<u8>, rest: &[u8]| second.is_none() || rest.first().copied() == second;
    let stands = move |(first, second, _): &&(u8, Option<u8>, u8)| match second {
        Some(second) => text.windows(2).any(|two| two == [*first, *second]),
        None => text.contains(first),
    };
    let read = move |(first, second, to): &(u8, Option<u8>, u8)| {
        let mut out = Vec::with_capacity(text.len());
        let mut rest = text;
        while let Some((byte, tail)) = rest.split_first() {
            let found = byte == first && follows(*second, tail);
            out.push(if found { *to } else { *byte });
            rest = tail.get(usize::from(found && second.is_some())..).unwrap_or_default();
        }
        out
    };
    PAIRS.iter().filter(stands).map(read)
}

/// Whether a capitalised word is a street's name: `77 Bloodworth Ave`.
fn is_street(words: &[Word], at: usize, folded: &Folded<'_>) -> bool {
    let (Some(word), Some(next)) = (words.get(at), words.get(at + 1)) else { return false };
    folded.is_capital(word.start)
        && folded.is_capital(next.start)
        && next.is(roles::STREET)
        && folded.slice(word.end, next.start) == b" "
}

/// Whether a capitalised word stands behind a title or a name: somebody on the staff.
fn is_titled(words: &[Word], at: usize, folded: &Folded<'_>) -> bool {
    let Some(word) = words.get(at) else { return false };
    let before = at.checked_sub(1).and_then(|index| words.get(index));
    folded.is_capital(word.start)
        && !folded.shouted
        && before.is_some_and(|title| {
            let mister = matches!(
                folded.slice(title.start, title.end),
                b"mr" | b"mrs" | b"ms" | b"miss" | b"sr" | b"sra" | b"srta"
            );
            // "Lorna Quist": behind another capitalised word that is on no list.
            let named = folded.is_capital(title.start)
                && folded.slice(title.end, word.start) == b" "
                && (title.is_unknown() || title.is(roles::FAMILY_NAME))
                && title.len() >= 3
                && !title.is(roles::ORDINARY)
                && title.info.section == 0;
            title.is(roles::STAFF | roles::GREETING | roles::FIRST_NAME) || title.len() == 1 || mister || named
        })
}

fn misspelled(lexicon: &Lexicon, text: &[u8]) -> Option<Entry> {
    let found = lexicon.fuzzy.find(text).and_then(|section| lexicon.section(section));
    found.or_else(|| {
        let stem = text.strip_suffix(b"s").filter(|stem| stem.len() >= 7)?;
        lexicon.fuzzy.find(stem).and_then(|section| lexicon.section(section))
    })
}

/// Whether digits with letters are a number in its own right: a time, an ordinal, a number with a unit.
pub(crate) fn is_number(text: &[u8]) -> bool {
    let digits = text.iter().take_while(|b| b.is_ascii_digit()).count();
    let rest = text.get(digits..).unwrap_or_default();
    digits > 0
        && (matches!(
            rest,
            b"am"
                | b"pm"
                | b"st"
                | b"nd"
                | b"rd"
                | b"th"
                | b"h"
                | b"hrs"
                | b"min"
                | b"mg"
                | b"ml"
                | b"to"
                | b"ta"
                | b"ra"
        ) || rest.is_empty())
}

/// Characters that stand in for letters inside a word.
pub(crate) const fn leet(byte: u8) -> Option<u8> {
    Some(match byte {
        b'0' => b'o',
        b'1' | b'!' | b'|' => b'i',
        b'2' => b'z',
        b'3' => b'e',
        b'4' | b'@' => b'a',
        b'5' | b'$' => b's',
        b'6' => b'g',
        b'7' | b'+' => b't',
        b'8' => b'b',
        b'9' => b'g',
        _ => return None,
    })
}

/// The readings of digits and signs as letters: a stroke is an i or an l.
fn leet_readings(text: &[u8]) -> impl Iterator<Item = Vec<u8>> + '_ {
    let stroke = |byte: &u8| matches!(byte, b'1' | b'!' | b'|');
    let read = move |one: u8| -> Vec<u8> {
        text.iter().map(|byte| if stroke(byte) { one } else { leet(*byte).unwrap_or(*byte) }).collect()
    };
    let readings = if text.iter().any(stroke) { [b'i', b'l'].as_slice() } else { b"i" };
    readings.iter().map(move |one| read(*one))
}

/// The word with every run of three or more of one sign cut to `most`; a number is what it is.
fn squeezed(text: &[u8], most: usize) -> Vec<u8> {
    if text.iter().all(u8::is_ascii_digit) {
        return text.to_vec();
    }
    let runs = text.chunk_by(|a, b| a == b);
    runs.flat_map(|run| run.iter().take(if run.len() >= 3 { most } else { run.len() })).copied().collect()
}

/// Whether a word is on no list and has no digit.
const fn odd(word: &Word) -> bool {
    word.is_unknown() && word.digits == 0
}

/// One word in two or more parts: `metf ormin`, `dia-betes`, `syph*ilis`, `meta.do.ne`, a hyphen at a line's end.
fn broken(
    lexicon: &Lexicon,
    words: &[Word],
    folded: &Folded<'_>,
    at: usize,
    first: &Word,
    next: &Word,
    hits: &mut Vec<Hit>,
) {
    // A letter in the middle of a row of them: the row was read from its beginning.
    if first.len() == 1 && first.glue == Glue::Sign && next.len() == 1 {
        return;
    }
    if next.glue == Glue::Blank {
        return split(lexicon, words, folded, at, hits);
    }
    let (mut hash, mut text) = (first.hash, Joined::default());
    if !text.push(folded.slice(first.start, first.end)) {
        return;
    }
    for part in words.iter().skip(at + 1).take(6) {
        let piece = folded.slice(part.start, part.end);
        if part.glue != Glue::Sign || !text.push(piece) {
            break;
        }
        hash = hash.with(piece);
        let text = text.bytes();
        if text.len() < 3 {
            continue;
        }
        let found = entry_of(lexicon, hash, text).or_else(|| {
            let parts_unknown = text.len() >= 7 && (odd(first) || odd(part));
            parts_unknown.then(|| misspelled(lexicon, text)).flatten()
        });
        let grave = |entry: &Entry| entry.reviewed;
        // Three letters together are an initialism more often than a disguise: only what is gravest counts.
        let found = found.filter(grave).filter(|entry| text.len() >= 4 || entry.level == Level::L4);
        if let Some(entry) = found.filter(|_| !crate::lexicon::is_person(words, folded, at)) {
            hits.extend(hit(first.start, part.end, entry));
        }
    }
}

/// Parts of a word put together, up to the longest word that means anything.
struct Joined {
    bytes: [u8; LONGEST],
    length: usize,
}

impl Default for Joined {
    fn default() -> Self {
        Self { bytes: [0; LONGEST], length: 0 }
    }
}

impl Joined {
    /// Adds a part; says whether there was room.
    fn push(&mut self, part: &[u8]) -> bool {
        let room = self.bytes.get_mut(self.length..self.length + part.len());
        room.is_some_and(|room| {
            room.copy_from_slice(part);
            self.length += part.len();
            true
        })
    }

    fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

/// One word in two or three parts with a blank between: `metf ormin`. By hash alone: most pairs of words are nothing.
fn split(lexicon: &Lexicon, words: &[Word], folded: &Folded<'_>, at: usize, hits: &mut Vec<Hit>) {
    let mut parts = words.iter().skip(at);
    let Some(first) = parts.next().filter(|first| lexicon.may_begin(first.hash)) else { return };
    let (mut hash, mut length) = (first.hash, first.len());
    // Syllables: `in su li na`.
    let most = if first.len() <= 3 { 5 } else { 2 };
    for (count, part) in parts.take(most).enumerate() {
        length += part.len();
        if count >= 2 && part.len() > 3 {
            return;
        }
        if part.glue != Glue::Blank || length > 20 {
            return;
        }
        hash = hash.with(folded.slice(part.start, part.end));
        if length >= 6
            && let Some(entry) = lexicon.section(lexicon.find(hash).section)
            && entry.reviewed
            && entry.level >= Level::L3
        {
            hits.extend(hit(first.start, part.end, entry));
        }
    }
}

fn entry_of(lexicon: &Lexicon, hash: Hash, text: &[u8]) -> Option<Entry> {
    let info = lexicon.find(hash);
    lexicon.find_word(text, hash, info, false).filter(|entry| entry.kind.is_some()).or_else(|| {
        let leet = text.iter().any(u8::is_ascii_digit) && text.iter().any(u8::is_ascii_alphabetic);
        leet.then(|| leet_readings(text).find_map(|reading| lexicon.find_text(&reading))).flatten()
    })
}

/// Whether a short word may be a part of one that is set apart: a letter or digit alone, or what is on no list.
fn may_be_apart(word: &Word) -> bool {
    word.len() == 1 || word.info == Info::NONE
}

/// Letters that stand apart, or in twos and threes: `t r a m a d o l`, `H.I.V`, `di ab et es`.
fn spelled(lexicon: &Lexicon, run: &[Word], folded: &Folded<'_>, hits: &mut Vec<Hit>) {
    // Where words are two blanks apart, the letters of one word are a single blank apart.
    let widths = || run.windows(2).filter_map(|two| two.first().zip(two.last())).map(|(a, b)| b.start - a.end);
    let gap = if widths().any(|width| width == 1) && widths().any(|width| width >= 2) { 1 } else { 3 };
    for part in run.chunk_by(|a, b| {
        let between = folded.slice(a.end, b.start);
        between.len() <= gap && !(between.contains(&b'\n') && (a.len() > 1 || b.len() > 1))
    }) {
        let (Some(first), Some(last)) = (part.first(), part.last()) else { continue };
        let single = part.iter().filter(|word| word.len() == 1).count();
        let unknown = part.iter().filter(|word| may_be_apart(word)).count();
        let lettered = part.iter().filter(|word| word.digits < word.len()).count();
        if part.len() < 3 || unknown * 4 < part.len() * 3 || lettered * 2 < part.len() {
            continue;
        }
        let text: Vec<u8> = part.iter().flat_map(|word| folded.slice(word.start, word.end)).copied().collect();
        work::count(text.len());
        let all_single = single == part.len();
        let readings = [text.clone()].into_iter().chain(leet_readings(&text));
        for reading in readings {
            // "C-O-N-F-I-R-M": a word that is known for what it is.
            if lexicon.find(Hash::of(&reading)).roles & roles::KNOWN != 0 {
                break;
            }
            let whole = lexicon
                .find_text(&reading)
                .or_else(|| (reading.len() >= 7).then(|| misspelled(lexicon, &reading)).flatten());
            let whole = whole.filter(|entry| reading.len() >= 4 || (all_single && entry.level == Level::L4));
            if let Some(entry) = whole {
                hits.extend(hit(first.start, last.end, entry));
                break;
            }
            let least = if all_single { 5 } else { 6 };
            let inside = lexicon.find_inside(&reading, least).or_else(|| {
                // A short one may stand at the end, behind other letters of the run.
                let tail = |length: usize| reading.len().checked_sub(length).and_then(|from| reading.get(from..));
                let short = [3, 4].into_iter().filter_map(tail).find_map(|tail| {
                    lexicon.find_text(tail).filter(|entry| entry.reviewed && entry.level == Level::L4)
                });
                short.filter(|_| all_single && reading.len() >= 6).map(|entry| (0, reading.len(), entry))
            });
            if let Some((.., entry)) = inside {
                hits.extend(hit(first.start, last.end, entry));
                break;
            }
        }
    }
}

/// A word without the signs around it.
fn trim(bytes: &[u8]) -> &[u8] {
    let sign = |byte: &u8| matches!(byte, b'!' | b'|' | b'*' | b'+');
    let start = bytes.iter().position(|byte| !sign(byte)).unwrap_or(0);
    let end = bytes.iter().rposition(|byte| !sign(byte)).map_or(bytes.len(), |last| last + 1);
    bytes.get(start..end).unwrap_or(bytes)
}

/// The most stars of a word that are read as vowels.
const STARS_MAX: usize = 3;

/// A word with a vowel for every star: `d*pr*ssed`, as people hide words.
fn with_vowels(text: &[u8]) -> impl Iterator<Item = Vec<u8>> + '_ {
    const VOWELS: &[u8] = b"aeiou";
    let stars = text.iter().filter(|byte| **byte == b'*').count();
    let fit = (1..=STARS_MAX).contains(&stars) && text.iter().all(|byte| *byte == b'*' || byte.is_ascii_lowercase());
    let all = if fit { (0..stars).fold(1, |all, _| all * VOWELS.len()) } else { 0 };
    (0..all).map(move |number| {
        // The last star's vowel changes fastest.
        let mut weight = all;
        let vowel = |byte: &u8| {
            if *byte != b'*' {
                return *byte;
            }
            weight /= VOWELS.len();
            VOWELS.get(number / weight % VOWELS.len()).copied().unwrap_or(*byte)
        };
        text.iter().map(vowel).collect()
    })
}

/// Words with a sign in a letter's place: `di@betes`, `$ertraline`, or in place of any letter: `diab*tes`.
fn masked(lexicon: &Lexicon, folded: &Folded<'_>, hits: &mut Vec<Hit>) {
    let is_sign =
        |byte: u8| (byte == b'@') | (byte == b'$') | (byte == b'!') | (byte == b'|') | (byte == b'+') | (byte == b'*');
    let in_word = |byte: &u8| byte.is_ascii_alphanumeric() || is_sign(*byte);
    if !references::holds(&folded.plain, is_sign) {
        return;
    }
    let mut done = 0;
    while let Some(next) = folded.plain.iter().skip(done).position(|byte| is_sign(*byte)) {
        let (before, behind) = folded.plain.split_at(done + next);
        let start = before.len() - before.iter().skip(done).rev().take_while(|byte| in_word(byte)).count();
        let end = before.len() + behind.iter().take_while(|byte| in_word(byte)).count();
        done = end;
        work::count(end - start);
        let bytes = folded.slice(start, end);
        let signs = bytes.iter().filter(|byte| is_sign(**byte)).count();
        let trimmed = trim(bytes);
        let unfit = bytes.len() < 4 || bytes.len() > LONGEST || signs * 2 >= bytes.len();
        if unfit || trimmed.iter().all(u8::is_ascii_alphanumeric) {
            continue;
        }
        let found = leet_readings(trimmed).find_map(|reading| {
            let found = lexicon.find_text(&reading);
            found.or_else(|| (reading.len() >= 6).then(|| misspelled(lexicon, &reading)).flatten())
        });
        // There are too many of these for slips to be forgiven too.
        let found = found.or_else(|| with_vowels(trimmed).find_map(|reading| lexicon.find_text(&reading)));
        if let Some(entry) = found.filter(|entry| entry.level >= Level::L3) {
            hits.extend(hit(start, end, entry));
        }
    }
}
