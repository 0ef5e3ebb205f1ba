//! Character references that a reader's program would show as the character: `&#104;`, `&iacute;`, `%68`, `\u0068`, `=68`. Nested
//! ones are read as often as [`ROUNDS`] says.

use crate::work;

/// How many layers of references are undone.
const ROUNDS: usize = 5;

/// The longest reference, in characters.
const LONGEST: usize = 12;

/// A character as read, and where it was written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Read {
    /// The first code point it was written with.
    pub(crate) index: usize,
    /// How many code points it was written with.
    pub(crate) width: usize,
    /// The character.
    pub(crate) character: char,
}

/// Whether a text may hold references: cheap, and wrong only in saying yes.
pub(crate) fn may_be_in(text: &[u8]) -> bool {
    holds(text, opens)
        && text.windows(3).any(|three| match three {
            [b'&', b'#' | b'a'..=b'z' | b'A'..=b'Z', next] => next.is_ascii_alphanumeric(),
            [b'%' | b'=', high, low] => high.is_ascii_hexdigit() && low.is_ascii_hexdigit(),
            [b'\\', b'u' | b'x', digit] => digit.is_ascii_hexdigit(),
            _ => false,
        })
}

/// Whether any byte is of a kind. Without a branch a byte and sixteen together, the last of which may have been looked at before.
#[inline]
pub(crate) fn holds(text: &[u8], is: impl Fn(u8) -> bool) -> bool {
    let any = |bytes: &[u8; 16]| bytes.iter().fold(0_u8, |any, byte| any | u8::from(is(*byte))) != 0;
    match text.last_chunk::<16>() {
        Some(last) => text.as_chunks::<16>().0.iter().any(any) || any(last),
        None => text.iter().any(|byte| is(*byte)),
    }
}

/// Whether references begin with this byte.
#[inline]
pub(crate) const fn opens(byte: u8) -> bool {
    (byte == b'&') | (byte == b'%') | (byte == b'=') | (byte == b'\\')
}

/// How many bytes from here on a reference that begins here can have to do with: nothing else is ever part of one, nested or not.
pub(crate) fn run(text: &[u8]) -> usize {
    let inside = |byte: u8| byte.is_ascii_alphanumeric() || opens(byte) || matches!(byte, b'#' | b';' | b'+');
    text.iter().take_while(|byte| inside(**byte)).count()
}

/// The characters of a text with all references undone.
pub(crate) fn decode(text: &str) -> Vec<Read> {
    let mut read: Vec<Read> =
        text.chars().enumerate().map(|(index, character)| Read { index, width: 1, character }).collect();
    for _ in 0..ROUNDS {
        let before = read.len();
        read = round(&read);
        if read.len() == before {
            break;
        }
    }
    read
}

fn round(read: &[Read]) -> Vec<Read> {
    work::count(read.len());
    let mut out = Vec::with_capacity(read.len());
    let mut at = 0;
    while let Some(one) = read.get(at) {
        let found = match one.character {
            '&' => entity(read, at),
            '%' => escape(read, at, '%'),
            // Quoted-printable, of what is no letter or digit of ASCII: "a=42" is no reference.
            '=' => escape(read, at, '=')
                .filter(|(c, _)| !c.is_ascii_alphanumeric() && (!c.is_control() || matches!(c, '\r' | '\n' | '\t'))),
            '\\' => written(read, at),
            _ => None,
        };
        if let Some((character, taken)) = found {
            let last = read.get(at + taken - 1).unwrap_or(one);
            out.push(Read { index: one.index, width: last.index + last.width - one.index, character });
            at += taken;
        } else {
            out.push(*one);
            at += 1;
        }
    }
    out
}

/// An HTML reference by number or name, and how many characters it takes.
fn entity(read: &[Read], at: usize) -> Option<(char, usize)> {
    let rest = || read.iter().skip(at + 1).take(LONGEST).map(|one| one.character);
    let body: String = rest().take_while(|c| c.is_ascii_alphanumeric() || *c == '#').collect();
    let closed = usize::from(rest().nth(body.len()) == Some(';'));
    let taken = 1 + body.len() + closed;
    if let Some(number) = body.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16),
            None => number.parse(),
        };
        return char::from_u32(code.ok()?).map(|c| (c, taken));
    }
    (closed == 1).then(|| named(&body)).flatten().map(|c| (c, taken))
}

fn named(name: &str) -> Option<char> {
    let plain = match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => ' ',
        "shy" | "zwnj" | "zwj" => '\u{200b}',
        "hyphen" | "dash" | "ndash" | "mdash" => '-',
        "period" => '.',
        "colon" => ':',
        "sol" => '/',
        "num" => '#',
        "commat" => '@',
        "ntilde" => 'n',
        "Ntilde" => 'N',
        _ => {
            let accented = ["acute", "grave", "uml", "circ", "tilde"];
            let stem = accented.iter().find_map(|ending| name.strip_suffix(ending))?;
            let mut letters = stem.chars();
            return letters.next().filter(|_| letters.next().is_none());
        }
    };
    Some(plain)
}

/// A percent escape: one byte, or the bytes of one character in UTF-8.
fn escape(read: &[Read], at: usize, sign: char) -> Option<(char, usize)> {
    let byte = |from: usize| {
        let mut three = read.iter().skip(from).take(3).map(|one| one.character);
        let (Some(first), Some(high), Some(low)) = (three.next(), three.next(), three.next()) else { return None };
        if first != sign {
            return None;
        }
        u8::try_from(high.to_digit(16)? * 16 + low.to_digit(16)?).ok()
    };
    let first = byte(at)?;
    if first.is_ascii() {
        return Some((char::from(first), 3));
    }
    let count = usize::try_from(first.leading_ones()).ok().filter(|count| (2..=4).contains(count))?;
    let bytes: Vec<u8> = (0..count).map_while(|n| byte(at + 3 * n)).collect();
    let character = std::str::from_utf8(&bytes).ok()?.chars().next()?;
    Some((character, 3 * count))
}

/// A character as programs write it: `\u0068`, `\x68`.
fn written(read: &[Read], at: usize) -> Option<(char, usize)> {
    let length = match read.get(at + 1)?.character {
        'u' => 4,
        'x' => 2,
        _ => return None,
    };
    let digits: String = read.iter().skip(at + 2).take(length).map(|one| one.character).collect();
    let code = u32::from_str_radix(&digits, 16).ok().filter(|_| digits.len() == length)?;
    char::from_u32(code).map(|character| (character, 2 + length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_around_a_reference_has_no_part_in_it() {
        for text in [
            "a &amp;#72;IV b&#x48; c",
            "=48=3D49 x=42 a==41",
            "\\u0048IV \\x4AIV \\u+048 \\",
            "%2548 %C3%A9 %&#52;8",
            "&#3 8; &; &am p;=2",
        ] {
            let whole: Vec<(usize, usize, char)> =
                decode(text).iter().map(|read| (read.index, read.width, read.character)).collect();
            let mut parts = Vec::new();
            let mut at = 0;
            while let Some(byte) = text.as_bytes().get(at) {
                let length = if opens(*byte) { run(&text.as_bytes()[at..]) } else { 1 };
                let read = decode(text.get(at..at + length).unwrap());
                parts.extend(read.iter().map(|read| (read.index + at, read.width, read.character)));
                at += length;
            }
            assert_eq!(parts, whole, "{text}");
        }
    }
}
