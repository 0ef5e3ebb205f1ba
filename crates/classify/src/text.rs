//! Words of a folded text, and the disguises under which one word is written as several or with other characters.

use crate::fold::Folded;

/// A word: where it stands, and the ways it may be read.
#[derive(Debug)]
pub(crate) struct Word {
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// As it stands.
    pub(crate) text: String,
    /// What else it may say, when something about it is odd.
    pub(crate) also: Vec<String>,
    /// It was written letter by letter.
    pub(crate) spelled: bool,
}

/// The words of a text in order.
#[derive(Debug)]
pub(crate) struct Words {
    pub(crate) list: Vec<Word>,
    /// Words that only show when letters or parts that stand apart are read together.
    pub(crate) joined: Vec<Word>,
}

/// Characters that stand in for letters inside a word.
const fn leet(byte: u8) -> Option<char> {
    Some(match byte {
        b'0' => 'o',
        b'1' | b'!' | b'|' => 'i',
        b'3' => 'e',
        b'4' | b'@' => 'a',
        b'5' | b'$' => 's',
        b'7' | b'+' => 't',
        b'8' => 'b',
        b'9' => 'g',
        _ => return None,
    })
}

impl Words {
    pub(crate) fn of(folded: &Folded) -> Self {
        let mut list: Vec<Word> = Vec::new();
        let mut start = None;
        for (at, byte) in folded.plain.iter().copied().chain([b' ']).enumerate() {
            match (byte.is_ascii_alphanumeric(), start) {
                (true, None) => start = Some(at),
                (false, Some(from)) => {
                    list.push(word(folded, from, at));
                    start = None;
                }
                _ => {}
            }
        }
        let mut joined = spelled(folded, &list);
        joined.extend(parted(folded, &list));
        joined.extend(masked(folded));
        Self { list, joined }
    }
}

fn word(folded: &Folded, start: usize, end: usize) -> Word {
    let text = String::from_utf8_lossy(folded.slice(start, end)).into_owned();
    Word { also: readings(&text), start, end, text, spelled: false }
}

/// Other readings of a word: repeated letters squeezed, digits as letters.
fn readings(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    if text.as_bytes().windows(3).any(|three| matches!(three, [a, b, c] if a == b && b == c)) {
        found.extend([1, 2].map(|most| squeezed(text, most)));
    }
    let letters = text.bytes().filter(u8::is_ascii_alphabetic).count();
    if text.len() >= 3 && letters >= 2 && letters < text.len() {
        let read = |one: char| -> String {
            text.chars()
                .map(|c| if c == '1' { one } else { u8::try_from(c).ok().and_then(leet).unwrap_or(c) })
                .collect()
        };
        found.push(read('i'));
        if text.contains('1') {
            found.push(read('l'));
        }
    }
    found
}

/// The word with every run of three or more of one letter cut to `most`.
fn squeezed(text: &str, most: usize) -> String {
    let chars: Vec<char> = text.chars().collect();
    let runs = chars.chunk_by(|a, b| a == b);
    runs.flat_map(|run| run.iter().take(if run.len() >= 3 { most } else { run.len() })).collect()
}

/// Letters that stand apart: `t r a m a d o l`, `H.I.V`, `d-i-a-b-e-t-e-s`. The run must be letters only and end on a
/// boundary.
fn spelled(folded: &Folded, words: &[Word]) -> Vec<Word> {
    let mut found = Vec::new();
    let mut run: Vec<&Word> = Vec::new();
    let mut flush = |run: &mut Vec<&Word>| {
        if let (true, Some(first), Some(last)) = (run.len() >= 3, run.first(), run.last()) {
            let text: String = run.iter().map(|w| w.text.as_str()).collect();
            found.push(Word { start: first.start, end: last.end, also: readings(&text), text, spelled: true });
        }
        run.clear();
    };
    for word in words {
        let near = run
            .last()
            .is_none_or(|last| word.start.saturating_sub(last.end) <= 3 && !has_newline(folded, last.end, word.start));
        if word.text.len() > 1 || !near {
            flush(&mut run);
        }
        if word.text.len() == 1 {
            run.push(word);
        }
    }
    flush(&mut run);
    found
}

fn has_newline(folded: &Folded, start: usize, end: usize) -> bool {
    folded.slice(start, end).contains(&b'\n')
}

/// Two or three parts with one odd character between them: `dia-betes`, `her.pes`, `syph*ilis`, a hyphen at a line's end.
fn parted(folded: &Folded, words: &[Word]) -> Vec<Word> {
    let mut found = Vec::new();
    let glued = |a: &Word, b: &Word| {
        let between = folded.slice(a.end, b.start);
        matches!(between, [b'-' | b'.' | b'_' | b'*' | b'\'' | b'~' | b'|' | b'/' | 0x1a])
            || matches!(between, [b'-', b'\n'] | [b'-', b'\r', b'\n'])
    };
    for (at, first) in words.iter().enumerate() {
        let mut text = first.text.clone();
        let mut last = first;
        for next in words.iter().skip(at + 1).take(4) {
            if !glued(last, next) {
                break;
            }
            text.push_str(&next.text);
            last = next;
            if text.len() >= 3 {
                found.push(Word {
                    start: first.start,
                    end: last.end,
                    text: text.clone(),
                    also: Vec::new(),
                    spelled: false,
                });
            }
        }
    }
    found
}

/// Words with a symbol in a letter's place: `di@betes`, `$ertraline`.
fn masked(folded: &Folded) -> Vec<Word> {
    let mut found = Vec::new();
    let in_word = |byte: u8| byte.is_ascii_alphanumeric() || b"@$!|+".contains(&byte);
    let mut start = None;
    for (at, byte) in folded.plain.iter().copied().chain([b' ']).enumerate() {
        match (in_word(byte), start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                let bytes = folded.slice(from, at);
                let symbols = bytes.iter().filter(|b| !b.is_ascii_alphanumeric()).count();
                if symbols > 0 && bytes.len() >= 4 && symbols * 2 < bytes.len() {
                    let text: String = bytes.iter().map(|b| leet(*b).unwrap_or(char::from(*b))).collect();
                    found.push(Word { start: from, end: at, text, also: Vec::new(), spelled: false });
                }
                start = None;
            }
            _ => {}
        }
    }
    found
}
