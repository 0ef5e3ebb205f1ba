//! Numbers that are written so as not to be seen: their digits in brackets or between quotation marks, colons and commas between
//! their groups, letters that look like digits among them. Read as what they are; whose they are is said by what stands around them.

use crate::fold::{Folded, OTHER};
use crate::rewrite::Rewritten;
use crate::words::{Word, Words};

/// The fewest digits that are any number.
const DIGITS_MIN: usize = 4;
/// The most letters that may all stand for digits, and digits none beside them.
const LETTERS_MAX: usize = 4;
/// The longest word of digits and letters in which letters are read as digits: a parcel's number is longer.
const LETTERED_MAX: usize = 11;
/// The most words of one number.
const WORDS_MAX: usize = 24;

/// The digit that a letter looks like.
const fn digit(byte: u8) -> Option<u8> {
    Some(match byte {
        b'0'..=b'9' => byte,
        b'o' => b'0',
        b'l' | b'i' => b'1',
        b'z' => b'2',
        b's' => b'5',
        b'b' => b'8',
        _ => return None,
    })
}

/// Whether every letter of a word looks like a digit, and the word is none with a unit: `50lbs`, `2010s`.
fn looks_like_digits(text: &[u8], digits: usize) -> bool {
    let letters = text.iter().skip_while(|byte| byte.is_ascii_digit());
    let behind = letters.clone().count();
    let unit = digits > 0
        && behind + digits == text.len()
        && (behind == 1 && text.ends_with(b"s") || text.ends_with(b"lb") || text.ends_with(b"lbs"));
    !unit && text.iter().all(|byte| digit(*byte).is_some())
}

/// What may stand between the groups of one number.
const fn is_between(byte: u8) -> bool {
    is_odd(byte) || matches!(byte, b'-' | b'/' | b'.')
}

/// What nobody writes between the digits of a number who wants it to be read.
const fn is_odd(byte: u8) -> bool {
    matches!(byte, b'\'' | b'"' | b'[' | b']' | b'(' | b')' | b'{' | b'}' | b':' | b',' | b'=' | b';' | b'*' | OTHER)
}

/// How many words from one on are a number's: groups with nothing but signs between them.
fn run(words: &[Word], folded: &Folded<'_>, at: usize) -> usize {
    let fits = |word: &Word, text: &[u8]| {
        word.digits > 0 || word.len() == 1 || (word.len() <= LETTERS_MAX && looks_like_digits(text, 0))
    };
    let mut length = 0;
    let mut end: Option<usize> = None;
    for word in words.iter().skip(at).take(WORDS_MAX) {
        let between = end.map_or(b"-".as_slice(), |end| folded.slice(end, word.start));
        let joined = (1..=3).contains(&between.len()) && between.iter().all(|byte| is_between(*byte));
        if !joined || !fits(word, folded.slice(word.start, word.end)) {
            break;
        }
        end = Some(word.end);
        length += 1;
    }
    length
}

/// Whether the groups of a run are a time of day, an amount or a telephone number as everybody writes it.
fn is_usual(run: &[Word], folded: &Folded<'_>) -> bool {
    let gap = |at: usize| {
        let two = run.get(at).zip(run.get(at + 1));
        two.map_or(b"".as_slice(), |(a, b)| folded.slice(a.end, b.start))
    };
    let digits = |at: usize| run.get(at).filter(|word| word.digits == word.len()).map_or(0, Word::len);
    let mut odd = (0..run.len()).filter(|at| gap(*at).iter().any(|byte| is_odd(*byte))).peekable();
    let none = odd.peek().is_none();
    // "10:15am": what stands behind the minutes is written to them.
    let minutes = |at: usize| {
        let word = run.get(at).filter(|word| word.len() == 4 && word.digits == 2);
        digits(at) == 2 || word.is_some_and(|word| matches!(folded.slice(word.start + 2, word.end), b"am" | b"pm"))
    };
    let time = |at: usize| {
        gap(at) == b":" && digits(at) <= 2 && minutes(at + 1) && gap(at + 1) != b":" && (at == 0 || gap(at - 1) != b":")
    };
    let amount = |at: usize| {
        gap(at) == b","
            && (digits(at + 1) == 3 || (digits(at + 1) == 2 && at + 2 == run.len() && at > 0 && gap(at - 1) == b"."))
    };
    let area = |at: usize| at == 0 && gap(at) == b")" && digits(at) == 3;
    if (0..run.len()).any(time) {
        return true;
    }
    !none && odd.all(|at| amount(at) || area(at))
}

/// `E11 dot 9`, `Z34(dot)90`: a code of ICD-10-CM whose dot is a word.
fn code<'w>(words: &'w Words, folded: &Folded<'_>, at: usize) -> Option<(&'w Word, &'w Word)> {
    let first = words.get(at).filter(|word| word.len() == 3 && word.digits > 0)?;
    let text = folded.slice(first.start, first.end);
    let icd = matches!(text, [b'a'..=b'z', b'0'..=b'9', b'0'..=b'9' | b'a' | b'b']);
    let dot = words.get(at + 1).filter(|word| word.len() <= 5)?;
    let next = words.get(at + 2).filter(|word| word.digits > 0 && word.len() <= 4)?;
    let said = matches!(folded.slice(dot.start, dot.end), b"dot" | b"punto" | b"point");
    (icd && said && next.start - first.end <= 9).then_some((first, next))
}

/// The text with such numbers written as numbers are.
pub(crate) fn tidied(words: &Words, folded: &Folded<'_>) -> Rewritten {
    let mut out = Rewritten::default();
    let (mut at, mut copied) = (0, 0);
    while let Some(first) = words.get(at) {
        if let Some((word, next)) = code(words, folded, at) {
            out.copy(folded, copied, word.end);
            out.mark();
            out.push(b'.', word.end);
            copied = next.start;
            at += 2;
            continue;
        }
        // Nearly every word goes here: no digits and none to come, or a number with blanks around it.
        let joined = words.get(at + 1).is_some_and(|next| {
            next.start - first.end <= 3 && folded.at(first.end).is_some_and(|sign| sign != b' ' && is_between(sign))
        });
        let mixed = first.digits > 0 && first.digits < first.len() && first.len() >= DIGITS_MIN;
        if !mixed && (!joined || (first.digits == 0 && first.len() > LETTERS_MAX)) {
            at += 1;
            continue;
        }
        let length = run(words, folded, at);
        let group = words.get(at..at + length).unwrap_or_default();
        at += length.max(1);
        if group.iter().all(|word| word.digits == 0) || is_usual(group, folded) {
            continue;
        }
        let text = |word: &Word| folded.slice(word.start, word.end);
        let lettered = |word: &Word| {
            word.digits < word.len()
                && word.len() <= LETTERED_MAX
                && looks_like_digits(text(word), word.digits)
                && (word.digits > 0 && word.len() >= DIGITS_MIN || group.len() > 1)
        };
        let odd = group
            .windows(2)
            .any(|two| matches!(two, [a, b] if folded.slice(a.end, b.start).iter().any(|byte| is_odd(*byte))));
        let digits: usize = group.iter().map(|word| if lettered(word) { word.len() } else { word.digits }).sum();
        if digits < DIGITS_MIN || !(odd || group.iter().any(lettered)) {
            continue;
        }
        out.copy(folded, copied, first.start);
        out.mark();
        copied = first.start;
        for word in group {
            let between = folded.slice(copied, word.start);
            if let Some(sign) = between.iter().find(|byte| matches!(byte, b'-' | b'/' | b'.')) {
                out.push(*sign, copied);
            } else if between.iter().any(|byte| matches!(byte, b':' | b',' | b'=' | b';')) {
                out.push(b'-', copied);
            }
            let read = lettered(word);
            for from in word.start..word.end {
                let byte = folded.cased(from);
                out.push(if read { digit(byte.to_ascii_lowercase()).unwrap_or(byte) } else { byte }, from);
            }
            copied = word.end;
        }
    }
    if copied > 0 {
        out.copy(folded, copied, folded.plain.len());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{lexicon, words};

    fn read(text: &str) -> String {
        let folded = Folded::new(text).unwrap();
        let words = words::of(&folded, lexicon::get().unwrap());
        tidied(&words, &folded).text().unwrap_or("as it is").to_owned()
    }

    #[test]
    fn digits_between_odd_signs_and_letters_like_digits_are_read() {
        for (text, wanted) in [
            ("SSN 512:44:9901.", "SSN 512-44-9901."),
            ("SSN [5][1][2][4][4][9][9][0][1].", "SSN [512449901]."),
            ("SSN 5'1'2'-'4'4'-'9'9'0'1", "SSN 512-44-9901"),
            ("MRN 33B2oI is", "MRN 338201 is"),
            ("cell 4IS-SSS-oI72", "cell 415-555-0172"),
        ] {
            assert_eq!(read(text), wanted);
        }
        for text in [
            "at 10:30, or 9:00-10:30",
            "$1,200 for 10,000",
            "(415)555-0172",
            "50lbs",
            "the 2010s",
            "E11",
            "suite 4b",
            "1,2 or 3",
        ] {
            assert_eq!(read(text), "as it is", "{text}");
        }
    }
}
