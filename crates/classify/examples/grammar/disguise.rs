//! Disguises for what is telling, and odd formatting for what is clean.

use super::{Dice, Message};

/// How a text is changed.
pub(crate) type Change = fn(&str, &mut Dice) -> String;

/// The disguises by name.
pub(crate) const DISGUISES: &[(&str, Change)] = &[
    ("spaced", |text, _| between(text, " ")),
    ("dotted", |text, _| between(text, ".")),
    ("hyphened", |text, _| between(text, "-")),
    ("leet", |text, _| mapped(text, &[('a', "4"), ('e', "3"), ('i', "1"), ('o', "0"), ('s', "5"), ('t', "7")])),
    ("leet-signs", |text, _| mapped(text, &[('a', "@"), ('s', "$"), ('i', "!"), ('o', "0")])),
    ("cyrillic", |text, _| {
        mapped(
            text,
            &[
                ('a', "а"),
                ('e', "е"),
                ('o', "о"),
                ('c', "с"),
                ('p', "р"),
                ('i', "і"),
                ('s', "ѕ"),
                ('x', "х"),
                ('y', "у"),
            ],
        )
    }),
    ("zero-width", |text, _| between(text, "\u{200b}")),
    ("soft-hyphen", |text, _| between(text, "\u{ad}")),
    ("full-width", |text, _| shifted(text)),
    ("mathematical", |text, _| mathematical(text)),
    ("marks", |text, dice| sprinkled(text, &["\u{301}", "\u{308}", "\u{332}"], dice)),
    ("repeated", |text, dice| repeated(text, dice)),
    ("slip", |text, dice| slip(text, dice)),
    ("swapped", |text, dice| swapped(text, dice)),
    ("entities", |text, _| text.chars().map(|c| format!("&#{};", u32::from(c))).collect()),
    ("percent", |text, _| text.bytes().map(|b| format!("%{b:02X}")).collect()),
    ("broken", |text, dice| broken(text, "-\n", dice)),
    ("split", |text, dice| broken(text, " ", dice)),
    ("underscored", |text, _| between(text, "_")),
    ("starred", |text, dice| broken(text, "*", dice)),
    ("emoji", |text, dice| broken(text, "🙂", dice)),
    ("capitals", |text, _| alternating(text)),
];

/// The odd formats by name.
pub(crate) const FORMATS: &[(&str, Change)] = &[
    ("upper", |text, _| upper(text)),
    ("lower", |text, _| lower(text)),
    ("full-width", |text, _| shifted(text)),
    ("mathematical", |text, _| mathematical(text)),
    ("emoji", |text, dice| {
        format!(
            "{} {text} {}",
            dice.pick(&["📅", "👋", "⏰✨"]).unwrap_or(&""),
            dice.pick(&["🙂", "🏥", "✅"]).unwrap_or(&"")
        )
    }),
    ("wide-blanks", |text, _| text.replace(' ', "   ")),
    ("no-break", |text, _| text.replace(' ', "\u{a0}")),
    ("line-breaks", |text, _| text.replace(". ", ".\n").replace(", ", ",\n")),
    ("stretched", |text, _| {
        text.replacen("!", "!!!!", 3)
            .replacen("Hi", "Hiiii", 1)
            .replacen("Hello", "Hellooo", 1)
            .replacen("please", "pleeease", 1)
    }),
    ("html", |text, _| text.replace('&', "&amp;").replace('\'', "&#39;").replace(' ', "&nbsp;")),
    ("bullets", |text, _| format!("** {} **", text.replace(". ", " • "))),
    ("accents", |text, _| mapped(text, &[('a', "á"), ('e', "é"), ('o', "ö"), ('u', "ü")])),
    ("typographic", |text, _| text.replace('-', "–").replace('\'', "’").replace("...", "…")),
    ("word-breaks", |text, dice| broken(text, "-\n", dice)),
    ("zero-width", |text, _| text.replace(' ', " \u{200b}")),
];

/// The same message in disguise.
pub(crate) fn disguised(message: &Message, dice: &mut Dice, disguise: Change) -> String {
    let [head, inner, tail] = &message.parts;
    format!("{head}{}{tail}", disguise(inner, dice))
}

fn between(text: &str, sign: &str) -> String {
    // Word by word, so that what belongs together can still be told.
    let spell = |word: &str| word.chars().map(String::from).collect::<Vec<_>>().join(sign);
    let wide = if sign == " " { "   " } else { " " };
    text.split(' ').map(spell).collect::<Vec<_>>().join(wide)
}

fn mapped(text: &str, table: &[(char, &str)]) -> String {
    text.chars()
        .map(|c| table.iter().find(|(from, _)| *from == c).map_or_else(|| c.to_string(), |(_, to)| (*to).to_owned()))
        .collect()
}

fn plain_word(text: &str) -> bool {
    !text.contains("://")
}

fn upper(text: &str) -> String {
    text.split(' ').map(|w| if plain_word(w) { w.to_uppercase() } else { w.into() }).collect::<Vec<_>>().join(" ")
}

fn lower(text: &str) -> String {
    text.split(' ').map(|w| if plain_word(w) { w.to_lowercase() } else { w.into() }).collect::<Vec<_>>().join(" ")
}

fn shifted(text: &str) -> String {
    text.chars()
        .map(|c| match u32::from(c) {
            code @ 0x21..=0x7e => char::from_u32(code - 0x21 + 0xff01).unwrap_or(c),
            _ => c,
        })
        .collect()
}

fn mathematical(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            'a'..='z' => char::from_u32(0x1d41a + u32::from(c) - u32::from('a')).unwrap_or(c),
            'A'..='Z' => char::from_u32(0x1d400 + u32::from(c) - u32::from('A')).unwrap_or(c),
            _ => c,
        })
        .collect()
}

fn sprinkled(text: &str, marks: &[&str], dice: &mut Dice) -> String {
    text.chars()
        .map(|c| if c.is_alphabetic() { format!("{c}{}", dice.pick(marks).unwrap_or(&"")) } else { c.to_string() })
        .collect()
}

/// The place in the longest word, and its letters, that a slip is put on.
fn longest(text: &str) -> (usize, Vec<char>) {
    let mut best = (0, 0);
    let mut at = 0;
    for word in text.split(' ') {
        let length = word.chars().count();
        if length > best.1 {
            best = (at, length);
        }
        at += length + 1;
    }
    (best.0 + best.1 / 2, text.chars().collect())
}

fn repeated(text: &str, _: &mut Dice) -> String {
    let (at, letters) = longest(text);
    letters.iter().enumerate().map(|(i, c)| if i == at { c.to_string().repeat(4) } else { c.to_string() }).collect()
}

/// One letter left out, doubled or mistaken.
fn slip(text: &str, dice: &mut Dice) -> String {
    let (at, mut letters) = longest(text);
    match dice.roll(3) {
        0 if at < letters.len() => {
            letters.remove(at);
        }
        1 => letters.insert(at, letters.get(at).copied().unwrap_or('e')),
        _ => {
            if let Some(letter) = letters.get_mut(at) {
                *letter = if *letter == 'e' { 'a' } else { 'e' };
            }
        }
    }
    letters.into_iter().collect()
}

fn swapped(text: &str, _: &mut Dice) -> String {
    let (at, mut letters) = longest(text);
    if at + 1 < letters.len() {
        letters.swap(at, at + 1);
    }
    letters.into_iter().collect()
}

fn broken(text: &str, sign: &str, _: &mut Dice) -> String {
    let (at, letters) = longest(text);
    letters.iter().enumerate().map(|(i, c)| if i == at { format!("{sign}{c}") } else { c.to_string() }).collect()
}

fn alternating(text: &str) -> String {
    text.chars()
        .enumerate()
        .map(|(i, c)| if i % 2 == 0 { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() })
        .collect()
}
