//! Numbers in words, English and Spanish: `July nineteenth, nineteen forty-eight`, `seven seven one two zero`, `noventa y dos`.
//! They are written in digits, so that the shapes of numbers are found in them like in any other.

use crate::fold::Folded;
use crate::lexicon::Lexicon;
use crate::rewrite::Rewritten;
use crate::table::Info;
use crate::words::{Word, Words};
use crate::{letters, roles};

/// What a word adds to a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// 0 to 9: said alone it is a digit.
    Unit(u32),
    /// 10 to 19, and the Spanish words up to 29.
    Teen(u32),
    /// 20, 30 … 90.
    Tens(u32),
    /// 100, or a Spanish hundred.
    Hundred(u32),
    /// 1000.
    Thousand,
    /// A day of the month.
    Ordinal(u32),
    /// A dot or hyphen inside a number.
    Sign(u8),
}

/// The words, with what each adds.
const PARTS: &[(&str, Part)] = &[
    ("zero", Part::Unit(0)),
    ("oh", Part::Unit(0)),
    ("one", Part::Unit(1)),
    ("two", Part::Unit(2)),
    ("three", Part::Unit(3)),
    ("four", Part::Unit(4)),
    ("five", Part::Unit(5)),
    ("six", Part::Unit(6)),
    ("seven", Part::Unit(7)),
    ("eight", Part::Unit(8)),
    ("nine", Part::Unit(9)),
    ("ten", Part::Teen(10)),
    ("eleven", Part::Teen(11)),
    ("twelve", Part::Teen(12)),
    ("thirteen", Part::Teen(13)),
    ("fourteen", Part::Teen(14)),
    ("fifteen", Part::Teen(15)),
    ("sixteen", Part::Teen(16)),
    ("seventeen", Part::Teen(17)),
    ("eighteen", Part::Teen(18)),
    ("nineteen", Part::Teen(19)),
    ("twenty", Part::Tens(20)),
    ("thirty", Part::Tens(30)),
    ("forty", Part::Tens(40)),
    ("fifty", Part::Tens(50)),
    ("sixty", Part::Tens(60)),
    ("seventy", Part::Tens(70)),
    ("eighty", Part::Tens(80)),
    ("ninety", Part::Tens(90)),
    ("hundred", Part::Hundred(1)),
    ("thousand", Part::Thousand),
    ("first", Part::Ordinal(1)),
    ("second", Part::Ordinal(2)),
    ("third", Part::Ordinal(3)),
    ("fourth", Part::Ordinal(4)),
    ("fifth", Part::Ordinal(5)),
    ("sixth", Part::Ordinal(6)),
    ("seventh", Part::Ordinal(7)),
    ("eighth", Part::Ordinal(8)),
    ("ninth", Part::Ordinal(9)),
    ("tenth", Part::Ordinal(10)),
    ("eleventh", Part::Ordinal(11)),
    ("twelfth", Part::Ordinal(12)),
    ("thirteenth", Part::Ordinal(13)),
    ("fourteenth", Part::Ordinal(14)),
    ("fifteenth", Part::Ordinal(15)),
    ("sixteenth", Part::Ordinal(16)),
    ("seventeenth", Part::Ordinal(17)),
    ("eighteenth", Part::Ordinal(18)),
    ("nineteenth", Part::Ordinal(19)),
    ("twentieth", Part::Ordinal(20)),
    ("thirtieth", Part::Ordinal(30)),
    ("cero", Part::Unit(0)),
    ("uno", Part::Unit(1)),
    ("una", Part::Unit(1)),
    ("dos", Part::Unit(2)),
    ("tres", Part::Unit(3)),
    ("cuatro", Part::Unit(4)),
    ("cinco", Part::Unit(5)),
    ("seis", Part::Unit(6)),
    ("siete", Part::Unit(7)),
    ("ocho", Part::Unit(8)),
    ("nueve", Part::Unit(9)),
    ("diez", Part::Teen(10)),
    ("once", Part::Teen(11)),
    ("doce", Part::Teen(12)),
    ("trece", Part::Teen(13)),
    ("catorce", Part::Teen(14)),
    ("quince", Part::Teen(15)),
    ("dieciseis", Part::Teen(16)),
    ("diecisiete", Part::Teen(17)),
    ("dieciocho", Part::Teen(18)),
    ("diecinueve", Part::Teen(19)),
    ("veinte", Part::Teen(20)),
    ("veintiuno", Part::Teen(21)),
    ("veintidos", Part::Teen(22)),
    ("veintitres", Part::Teen(23)),
    ("veinticuatro", Part::Teen(24)),
    ("veinticinco", Part::Teen(25)),
    ("veintiseis", Part::Teen(26)),
    ("veintisiete", Part::Teen(27)),
    ("veintiocho", Part::Teen(28)),
    ("veintinueve", Part::Teen(29)),
    ("treinta", Part::Tens(30)),
    ("cuarenta", Part::Tens(40)),
    ("cincuenta", Part::Tens(50)),
    ("sesenta", Part::Tens(60)),
    ("setenta", Part::Tens(70)),
    ("ochenta", Part::Tens(80)),
    ("noventa", Part::Tens(90)),
    ("cien", Part::Hundred(1)),
    ("ciento", Part::Hundred(1)),
    ("doscientos", Part::Hundred(2)),
    ("trescientos", Part::Hundred(3)),
    ("cuatrocientos", Part::Hundred(4)),
    ("quinientos", Part::Hundred(5)),
    ("seiscientos", Part::Hundred(6)),
    ("setecientos", Part::Hundred(7)),
    ("ochocientos", Part::Hundred(8)),
    ("novecientos", Part::Hundred(9)),
    ("mil", Part::Thousand),
    ("primero", Part::Ordinal(1)),
    ("point", Part::Sign(b'.')),
    ("punto", Part::Sign(b'.')),
    ("dot", Part::Sign(b'.')),
    ("dash", Part::Sign(b'-')),
    ("hyphen", Part::Sign(b'-')),
    ("guion", Part::Sign(b'-')),
];

/// The most parts of one number.
const PARTS_MAX: usize = 40;

/// What a word adds, when it is a number's word or a single digit.
fn part(lexicon: &Lexicon, word: &Word, folded: &Folded<'_>) -> Option<Part> {
    let text = folded.slice(word.start, word.end);
    if let [digit @ b'0'..=b'9'] = text {
        return Some(Part::Unit(u32::from(digit - b'0')));
    }
    let named = |text: &[u8]| PARTS.iter().find(|(name, _)| name.as_bytes() == text).map(|(_, part)| *part);
    if word.is(roles::NUMERAL) {
        return named(text);
    }
    // A numeral with a slip: `nienty`, `nobenta`.
    let odd = word.info == Info::NONE && word.digits == 0 && word.len() >= 5;
    odd.then(|| lexicon.fuzzy.part(text)).flatten().and_then(named).filter(|part| !matches!(part, Part::Sign(_)))
}

/// Whether the parts on both sides of what stands between may be one number.
fn goes_on(between: &[u8], before: Part) -> bool {
    matches!(between, b" " | b"-" | b"/" | b" - " | b", " | b" and " | b" y " | b" i " | b" . " | b"- " | b" -")
        && !matches!(before, Part::Ordinal(_))
        && (between != b", " || matches!(before, Part::Unit(_)))
}

/// The text with its numbers in digits.
pub(crate) fn in_digits(lexicon: &Lexicon, words: &Words, folded: &Folded<'_>) -> Rewritten {
    let mut out = Rewritten::default();
    let (mut at, mut copied) = (0, 0);
    while let Some(first) = words.get(at) {
        let begin = part(lexicon, first, folded).filter(|_| !first.is(roles::LETTER_NAME));
        let Some(begin) = begin.filter(|part| !matches!(part, Part::Sign(_))) else {
            at += 1;
            continue;
        };
        let mut parts = vec![begin];
        let (mut last, mut next, mut spoken) = (first, at + 1, first.digits == 0);
        while let Some(word) = words.get(next) {
            let joins = [b"and".as_slice(), b"y", b"i"].contains(&folded.slice(word.start, word.end));
            let word = if joins { words.get(next + 1).unwrap_or(word) } else { word };
            let Some(found) = part(lexicon, word, folded) else { break };
            let before = parts.last().copied().unwrap_or(begin);
            if !goes_on(folded.slice(last.end, word.start), before) || parts.len() >= PARTS_MAX {
                break;
            }
            if matches!((folded.slice(last.end, word.start), before), (b" - " | b"- " | b" -", Part::Unit(_))) {
                parts.push(Part::Sign(b'-'));
            }
            if folded.slice(last.end, word.start) == b"/" {
                parts.push(Part::Sign(b'/'));
            }
            parts.push(found);
            spoken |= word.digits == 0;
            last = word;
            next += 1 + usize::from(joins);
        }
        // A sign at the end belongs to what follows.
        if let Some(Part::Sign(_)) = parts.last() {
            parts.pop();
            next -= 1;
            last = words.get(next - 1).unwrap_or(first);
        }
        let letter =
            at.checked_sub(1).and_then(|before| words.get(before)).filter(|word| is_letter(word, first, folded));
        let dated = is_beside_month(words, at, next);
        let value = write(&parts);
        let grave = parts.len() > 1
            || dated
            || (letter.is_some() && value.len() > 1)
            || value.len() > 2
            || value.starts_with('9') && value.len() == 2;
        if grave && (spoken || letter.is_some()) {
            let name = letter.filter(|letter| letter.len() > 1);
            let from = letter.map_or(first.start, |letter| if name.is_some() { letter.start } else { letter.end });
            out.copy(folded, copied, from);
            if let Some(byte) = name.and_then(|name| letters::named(name, folded)) {
                out.push(byte.to_ascii_uppercase(), from);
            }
            out.mark();
            let digits = value.len().max(1);
            for (offset, byte) in value.bytes().enumerate() {
                out.push(byte, first.start + (last.end - 1 - first.start) * offset / digits);
            }
            out.ends_at(last.end - 1);
            copied = last.end;
        }
        at = next;
    }
    if copied > 0 {
        out.copy(folded, copied, folded.plain.len());
    }
    out
}

/// A letter alone directly before a number is the beginning of a code: `E six six point nine`.
fn is_letter(word: &Word, first: &Word, folded: &Folded<'_>) -> bool {
    let alone = word.len() == 1 && word.digits == 0 && folded.is_capital(word.start);
    (alone || word.is(roles::LETTER_NAME)) && first.start == word.end + 1
}

/// Whether a month stands directly before, or one word before or behind: `dos de abril`, `the second of April`.
fn is_beside_month(words: &Words, from: usize, next: usize) -> bool {
    let is_month = |at: Option<usize>| at.and_then(|at| words.get(at)).is_some_and(|word| word.is(roles::MONTH));
    is_month(from.checked_sub(1)) || is_month(from.checked_sub(2)) || is_month(Some(next)) || is_month(Some(next + 1))
}

/// The digits of a number: parts that make one value are added up, others stand side by side.
fn write(parts: &[Part]) -> String {
    let mut writer = Writer::default();
    for part in parts {
        match *part {
            Part::Unit(n) | Part::Ordinal(n) => writer.add(n, 10, 0),
            Part::Teen(n) => writer.add(n, 100, 0),
            Part::Tens(n) => writer.add(n, 100, 10),
            Part::Hundred(n) => writer.hundred(n),
            Part::Thousand => writer.thousand(),
            Part::Sign(sign) => {
                writer.close();
                writer.out.push(char::from(sign));
            }
        }
    }
    writer.close();
    writer.out
}

/// Digits, and the value under way.
#[derive(Debug, Default)]
struct Writer {
    out: String,
    /// The value, and below what may still be added to it.
    value: Option<(u32, u32)>,
}

impl Writer {
    fn close(&mut self) {
        if let Some((value, _)) = self.value.take() {
            self.out.push_str(&value.to_string());
        }
    }

    /// Adds to the value under way when it has room for numbers below `least`; else begins another.
    fn add(&mut self, number: u32, least: u32, room: u32) {
        if let Some((value, before)) = self.value
            && before >= least
            && number > 0
        {
            self.value = Some((value + number, room));
        } else {
            self.close();
            self.value = Some((number, room));
        }
    }

    fn hundred(&mut self, times: u32) {
        let value = match self.value {
            Some((value @ 1..=99, _)) if times == 1 => value * 100,
            Some((value, room)) if room >= 1000 => value + times * 100,
            _ => {
                self.close();
                times * 100
            }
        };
        self.value = Some((value, 100));
    }

    fn thousand(&mut self) {
        let times = match self.value {
            Some((value @ 1..=99, _)) => value,
            _ => {
                self.close();
                1
            }
        };
        self.value = Some((times * 1000, 1000));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{lexicon, words};

    fn digits(text: &str) -> String {
        let folded = Folded::new(text).unwrap();
        let words = words::of(&folded, lexicon::get().unwrap());
        in_digits(lexicon::get().unwrap(), &words, &folded).text().unwrap_or(text).to_lowercase()
    }

    #[test]
    fn numbers_in_words_are_written_in_digits() {
        for (spoken, written) in [
            ("born July nineteenth, nineteen forty-eight.", "born july 19, 1948."),
            ("nacida el dos de abril de mil novecientos sesenta y uno", "nacida el 2 de abril de 1961"),
            ("March third, two thousand four", "march 3, 2004"),
            ("is ninety-two years old", "is 92 years old"),
            ("a hundred and one years", "a 101 years"),
            ("PX seven seven one two zero is", "px 77120 is"),
            ("D cuatro cuatro uno cero - dos dos nueve uno ya", "d4410-2291 ya"),
            ("code E six six point nine on", "code e66.9 on"),
            ("code Z 2 1 on", "code z21 on"),
            ("one day at a time, two of us", "one day at a time, two of us"),
        ] {
            assert_eq!(digits(spoken), written, "{spoken}");
        }
    }
}
