//! The ways a text can be read: as it stands, with letters that were spelt out put together, with words run together taken apart.

use super::sayings::{Sayings, WordId};
use std::collections::HashMap;

/// A word of a text, as the table of sayings knows it.
#[derive(Debug, Clone)]
pub(super) struct Word {
    /// Folded: small letters, no accents.
    plain: String,
    /// Words of the table that it is.
    pub(super) is: Vec<WordId>,
    /// Words of the table that it may be, misspelt.
    pub(super) near: Vec<WordId>,
    /// It is a number.
    pub(super) number: bool,
    /// A sentence, or a part of one, ends before it.
    pub(super) begins: bool,
}

impl Word {
    /// Small letters without accents.
    pub(super) fn plain(&self) -> &str {
        &self.plain
    }

    fn new(plain: &str, begins: bool, sayings: &Sayings) -> Self {
        let number = !plain.is_empty() && plain.bytes().all(|byte| byte.is_ascii_digit());
        let (is, near) = match plain {
            plain if number => sayings.known(plain),
            plain if plain.contains('*') => sayings.hidden(plain),
            plain => sayings.known(&squeeze(plain)),
        };
        Self { plain: plain.to_owned(), is, near, number, begins }
    }
}

/// The words of one text, each looked up once.
struct Lookup<'s> {
    sayings: &'s Sayings,
    seen: HashMap<String, Word>,
}

impl Lookup<'_> {
    fn word(&mut self, plain: &str, begins: bool) -> Word {
        let sayings = self.sayings;
        let known = self.seen.entry(plain.to_owned()).or_insert_with(|| Word::new(plain, false, sayings));
        Word { begins, ..known.clone() }
    }
}

/// No letter twice in a row: "killl", "kill" and "kil" are one word.
pub(super) fn squeeze(word: &str) -> String {
    let mut out = String::with_capacity(word.len());
    for c in word.chars() {
        if !out.ends_with(c) {
            out.push(c);
        }
    }
    out
}

/// A text in each of the ways it can be read.
pub(super) fn readings(text: &str, sayings: &Sayings) -> Vec<Vec<Word>> {
    let folded = fold(text);
    let mut lookup = Lookup { sayings, seen: HashMap::new() };
    let plain: Vec<Word> = folded.iter().map(|(word, begins)| lookup.word(word, *begins)).collect();
    let together = join_pairs(&join_letters(&folded, &mut lookup), &mut lookup);
    let apart = split(&together, &mut lookup);
    vec![plain, together, apart]
}

/// Small letters without accents; each word with whether a sentence or a part of one ends before it.
fn fold(text: &str) -> Vec<(String, bool)> {
    let (mut words, mut word, mut begins) = (Vec::new(), String::new(), true);
    let mut end = |word: &mut String, begins: &mut bool| {
        for part in parts(word) {
            words.push((part, *begins));
            *begins = false;
        }
        word.clear();
    };
    for c in text.chars().flat_map(char::to_lowercase) {
        match plain(c) {
            // An accent that stands by itself (Unicode's combining marks), an apostrophe, what is not seen: within a word it is nothing.
            '\u{300}'..='\u{36f}'
            | '\''
            | '’'
            | '‘'
            | 'ʼ'
            | '´'
            | '`'
            | '\u{200b}'..='\u{200f}'
            | '\u{ad}'
            | '\u{feff}' => {}
            '*' if !word.is_empty() => word.push('*'),
            c if c.is_alphanumeric() => word.push(c),
            '.' | ',' | ';' | ':' | '!' | '?' | '\n' | '¿' | '¡' => {
                end(&mut word, &mut begins);
                begins = true;
            }
            _ => end(&mut word, &mut begins),
        }
    }
    end(&mut word, &mut begins);
    words
}

/// A letter without its accent, and letters of other alphabets that look like it (Unicode UTS 39, a few).
const fn plain(c: char) -> char {
    match c {
        'á' | 'à' | 'ä' | 'â' | 'ã' | 'å' | 'а' | '@' => 'a',
        'é' | 'è' | 'ë' | 'ê' | 'е' => 'e',
        'í' | 'ì' | 'ï' | 'î' | 'і' => 'i',
        'ó' | 'ò' | 'ö' | 'ô' | 'õ' | 'о' => 'o',
        'ú' | 'ù' | 'ü' | 'û' => 'u',
        'с' => 'c',
        'ñ' => 'n',
        c => c,
    }
}

/// "20kms" is a number and a word; in "k1ll" the digit stands for a letter.
fn parts(word: &str) -> Vec<String> {
    let word = word.trim_end_matches('*');
    let digits = word.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = word.split_at_checked(digits).unwrap_or((word, ""));
    if rest.is_empty() || number.is_empty() {
        let hidden = word.chars().any(char::is_alphabetic) && word.bytes().any(|byte| byte.is_ascii_digit());
        let shown = if hidden { word.chars().map(meant).collect() } else { word.to_owned() };
        return if shown.is_empty() { Vec::new() } else { vec![shown] };
    }
    vec![number.to_owned(), rest.chars().map(meant).collect()]
}

const fn meant(c: char) -> char {
    match c {
        '0' => 'o',
        '1' => 'i',
        '3' => 'e',
        '4' => 'a',
        '5' => 's',
        '7' => 't',
        c => c,
    }
}

/// Three letters or more that stand alone are a word that was spelt out: "k m s", "s.u.i.c.i.d.e".
fn join_letters(folded: &[(String, bool)], lookup: &mut Lookup<'_>) -> Vec<Word> {
    let mut words = Vec::with_capacity(folded.len());
    let mut rest = folded;
    while let Some((first, after)) = rest.split_first() {
        let letters = rest.iter().take_while(|(word, _)| word.chars().count() == 1).count();
        if letters >= 3 {
            let (run, after) = rest.split_at(letters);
            let word: String = run.iter().flat_map(|(letter, _)| letter.chars()).map(meant).collect();
            words.push(lookup.word(&word, first.1));
            rest = after;
        } else {
            words.push(lookup.word(&first.0, first.1));
            rest = after;
        }
    }
    words
}

/// Two words that the table knows as one: "my self", "un alive".
fn join_pairs(words: &[Word], lookup: &mut Lookup<'_>) -> Vec<Word> {
    let mut joined: Vec<Word> = Vec::with_capacity(words.len());
    for word in words {
        let pair = joined.last().map(|before| format!("{}{}", before.plain, word.plain));
        let known = pair.filter(|pair| pair.len() >= 5 && lookup.sayings.has(&squeeze(pair)));
        match (known, joined.last_mut()) {
            (Some(pair), Some(last)) => *last = lookup.word(&pair, last.begins),
            _ => joined.push(word.clone()),
        }
    }
    joined
}

/// Words that nobody knows and that are several the table knows, run together: "killmyself", "iwanttodie".
fn split(words: &[Word], lookup: &mut Lookup<'_>) -> Vec<Word> {
    let mut apart = Vec::with_capacity(words.len());
    for word in words {
        let parts =
            if word.is.is_empty() && word.near.is_empty() { lookup.sayings.apart(&word.plain) } else { Vec::new() };
        if parts.is_empty() {
            apart.push(word.clone());
        }
        for (nth, part) in parts.iter().enumerate() {
            apart.push(lookup.word(part, word.begins && nth == 0));
        }
    }
    apart
}
