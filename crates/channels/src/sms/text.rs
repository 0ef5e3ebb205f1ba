//! What a text message becomes on its way: 3GPP TS 23.038 (GSM 7-bit default alphabet and its extension) or UCS-2, in how many
//! segments (3GPP TS 23.040 section 9.2.3.24.1), and the octets of each.

use std::borrow::Cow;

/// The alphabet a text needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub enum Encoding {
    /// The GSM 7-bit default alphabet.
    #[serde(rename = "GSM-7")]
    Gsm7,
    /// Sixteen bits a unit.
    #[serde(rename = "UCS-2")]
    Ucs2,
}

/// The length of a text message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Length {
    /// Its characters.
    pub chars: usize,
    /// Its alphabet.
    pub encoding: Encoding,
    /// Its units: septets or 16-bit units.
    pub units: usize,
    /// The messages a carrier makes of it.
    pub segments: usize,
}

/// A text message as it is handed over: its alphabet, and the octets of each segment without any header. A septet has an octet
/// of its own; a 16-bit unit has two, the higher first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    /// Its alphabet.
    pub encoding: Encoding,
    /// Its segments, in order; at least one.
    pub segments: Vec<Vec<u8>>,
}

/// The default alphabet, a character a septet (TS 23.038 section 6.2.1). The escape stands for itself.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\u{1b}ÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
/// What follows the escape, and the septet that does (TS 23.038 section 6.2.1.1).
const EXTENSION: &[(char, u8)] = &[
    ('\u{c}', 0x0a),
    ('^', 0x14),
    ('{', 0x28),
    ('}', 0x29),
    ('\\', 0x2f),
    ('[', 0x3c),
    ('~', 0x3d),
    (']', 0x3e),
    ('|', 0x40),
    ('€', 0x65),
];
const ESCAPE: u8 = 0x1b;

/// Signs that a reader takes for the plain one beside them. Letters are not among them: another letter is another word.
const PLAIN: &[(&str, &str)] = &[
    ("“”„‟«»″", "\""),
    ("‘’‚‛′´`", "'"),
    ("‐‑‒–—―−", "-"),
    ("…", "..."),
    ("•·", "-"),
    (
        "\u{a0}\u{2000}\u{2001}\u{2002}\u{2003}\u{2004}\u{2005}\u{2006}\u{2007}\u{2008}\u{2009}\u{200a}\u{202f}\u{205f}\t",
        " ",
    ),
    ("\u{200b}\u{2060}\u{feff}\u{ad}", ""),
];

/// The septets of a character; `None` = not in the alphabet.
fn septets(c: char) -> Option<(Option<u8>, u8)> {
    // Nearly every character of nearly every text, and where ASCII and the alphabet agree.
    if c.is_ascii_alphanumeric() || c == ' ' {
        return u8::try_from(c).ok().map(|octet| (None, octet));
    }
    if let Some((_, septet)) = EXTENSION.iter().find(|(known, _)| *known == c) {
        return Some((Some(ESCAPE), *septet));
    }
    let at = BASIC.chars().position(|known| known == c)?;
    u8::try_from(at).ok().filter(|septet| *septet != ESCAPE).map(|septet| (None, septet))
}

/// The units of a character: septets, or 16-bit units where `encoding` says so.
fn units(c: char, encoding: Encoding) -> usize {
    match encoding {
        Encoding::Gsm7 => septets(c).map_or(0, |(escape, _)| 1 + usize::from(escape.is_some())),
        Encoding::Ucs2 => c.len_utf16(),
    }
}

/// The alphabet that `text` needs.
fn encoding(text: &str) -> Encoding {
    if text.chars().all(|c| septets(c).is_some()) { Encoding::Gsm7 } else { Encoding::Ucs2 }
}

/// How many units fit in a message that is alone, and in one that is joined with others: the header that joins them takes 6 octets
/// of 140 (TS 23.040 section 9.2.3.24.1).
const fn room(encoding: Encoding) -> (usize, usize) {
    match encoding {
        Encoding::Gsm7 => (160, 153),
        Encoding::Ucs2 => (70, 67),
    }
}

/// The characters of `text` that the GSM 7-bit alphabet lacks, each once.
#[must_use]
pub fn beyond_gsm7(text: &str) -> Vec<char> {
    let mut found: Vec<char> = text.chars().filter(|c| septets(*c).is_none()).collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// The text with plain signs for typographic ones, where that alone brings it into the GSM 7-bit alphabet: a curly quote would
/// otherwise make every segment less than half as long. What needs UCS-2 anyhow stays as it is.
#[must_use]
pub fn plain(text: &str) -> Cow<'_, str> {
    if encoding(text) == Encoding::Gsm7 {
        return Cow::Borrowed(text);
    }
    let mut made = String::with_capacity(text.len());
    for c in text.chars() {
        if septets(c).is_some() {
            made.push(c);
        } else if let Some((_, sign)) = PLAIN.iter().find(|(signs, _)| signs.contains(c)) {
            made.push_str(sign);
        } else {
            return Cow::Borrowed(text);
        }
    }
    Cow::Owned(made)
}

/// Measures `text`.
#[must_use]
pub fn length(text: &str) -> Length {
    let encoding = encoding(text);
    let mut segments = 0;
    split(text, encoding, |_| segments += 1);
    let units = text.chars().map(|c| units(c, encoding)).sum();
    Length { chars: text.chars().count(), encoding, units, segments }
}

/// The octets of `text`, segment by segment.
#[must_use]
pub fn encode(text: &str) -> Encoded {
    let encoding = encoding(text);
    let mut segments = Vec::new();
    split(text, encoding, |part| segments.push(octets(part, encoding)));
    Encoded { encoding, segments }
}

/// Cuts `text` where a carrier does: an escape stays with what it escapes, and a character beyond 16 bits is in one segment.
fn split<'a>(text: &'a str, encoding: Encoding, mut part: impl FnMut(&'a str)) {
    let (alone, joined) = room(encoding);
    let all: usize = text.chars().map(|c| units(c, encoding)).sum();
    if all <= alone {
        return part(text);
    }
    let (mut rest, mut taken) = (text, 0);
    for (at, c) in text.char_indices() {
        let units = units(c, encoding);
        if taken + units > joined {
            let begun = text.len() - rest.len();
            let (head, tail) = rest.split_at(at - begun);
            part(head);
            (rest, taken) = (tail, 0);
        }
        taken += units;
    }
    part(rest);
}

fn octets(part: &str, encoding: Encoding) -> Vec<u8> {
    match encoding {
        Encoding::Gsm7 => {
            part.chars().filter_map(septets).flat_map(|(escape, septet)| escape.into_iter().chain([septet])).collect()
        }
        Encoding::Ucs2 => part.encode_utf16().flat_map(u16::to_be_bytes).collect(),
    }
}

/// The text that `septets`, an octet each, stand for. What follows an escape and is in no table is read without it, as TS 23.038
/// section 6.2.1.1 asks of a receiver; an octet that is no septet becomes the replacement character.
#[must_use]
pub fn decode_gsm7(septets: &[u8]) -> String {
    let mut text = String::with_capacity(septets.len());
    let mut escaped = false;
    for septet in septets {
        if *septet == ESCAPE {
            escaped = true;
            continue;
        }
        let basic = || BASIC.chars().nth(usize::from(*septet)).unwrap_or(char::REPLACEMENT_CHARACTER);
        let extended = || EXTENSION.iter().find(|(_, known)| known == septet).map(|(c, _)| *c);
        text.push(if escaped { extended().unwrap_or_else(basic) } else { basic() });
        escaped = false;
    }
    text
}

/// The text that 16-bit units stand for, the higher octet first. Half a pair becomes the replacement character, and so does half
/// a unit at the end.
#[must_use]
pub fn decode_ucs2(octets: &[u8]) -> String {
    let pairs = octets.chunks_exact(2).map(|pair| pair.iter().fold(0u16, |unit, octet| unit << 8 | u16::from(*octet)));
    let mut text: String = char::decode_utf16(pairs).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    if octets.len() % 2 == 1 {
        text.push(char::REPLACEMENT_CHARACTER);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_text_is_one_segment_up_to_160_septets_or_70_units() {
        assert_eq!(length(&"a".repeat(160)).segments, 1);
        assert_eq!(length(&"a".repeat(161)), Length { chars: 161, encoding: Encoding::Gsm7, units: 161, segments: 2 });
        assert_eq!(length(&"á".repeat(70)).segments, 1);
        assert_eq!(length(&"á".repeat(71)), Length { chars: 71, encoding: Encoding::Ucs2, units: 71, segments: 2 });
        assert_eq!(length(&"a".repeat(307)).segments, 3);
        assert_eq!(length("").segments, 1);
    }

    #[test]
    fn an_escaped_character_is_two_septets_and_spanish_keeps_to_the_alphabet_with_what_it_has() {
        assert_eq!(length("€[").units, 4);
        assert_eq!(length("¿Mañana? ¡Sí, está bien!").encoding, Encoding::Ucs2);
        assert_eq!(beyond_gsm7("¿Mañana? ¡Sí, está bien!"), ['á', 'í']);
        assert_eq!(length("¿Mañana? ¡Claro, señora Peñé!").encoding, Encoding::Gsm7);
    }

    #[test]
    fn neither_an_escape_nor_a_pair_is_torn_apart_at_the_end_of_a_segment() {
        let text = format!("{}€{}", "a".repeat(152), "b".repeat(10));
        let encoded = encode(&text);
        assert_eq!(encoded.segments[0], vec![b'a'; 152]);
        assert_eq!(encoded.segments[1][..3], [0x1b, 0x65, b'b']);
        // 152 and 155: by the sum of 306 they would fit two segments exactly, and do not.
        assert_eq!(length(&format!("{}€{}", "a".repeat(152), "b".repeat(152))).segments, 3);
        let text = format!("{}😀{}", "á".repeat(66), "b".repeat(10));
        assert_eq!(encode(&text).segments[0].len(), 132);
        assert_eq!(decode_ucs2(&encode(&text).segments[1]), "😀bbbbbbbbbb");
    }

    #[test]
    fn typographic_signs_become_plain_where_that_saves_the_alphabet_and_only_there() {
        assert_eq!(plain("“Sunrise” – Dr. O’Neil\u{a0}…"), "\"Sunrise\" - Dr. O'Neil ...");
        assert_eq!(plain("Está “bien”"), "Está “bien”", "it needs UCS-2 all the same");
        assert!(matches!(plain("plain"), Cow::Borrowed(_)));
        assert_eq!(plain("a\u{200b}b\tc"), "ab c");
    }

    #[test]
    fn what_arrives_in_an_unknown_escape_or_half_a_pair_is_still_read() {
        assert_eq!(decode_gsm7(&[0x1b, 0x65, 0x1b, b'a', 0x00, 0xff]), "€a@\u{fffd}");
        assert_eq!(decode_gsm7(&[b'a', 0x1b]), "a");
        assert_eq!(decode_ucs2(&[0xd8, 0x3d, 0x00, b'a', 0x00]), "\u{fffd}a\u{fffd}");
    }

    proptest! {
        #[test]
        fn what_is_encoded_reads_back_the_same_and_no_segment_is_too_long(
            text in "([a-z€\\[^ñΔ]{0,220}|[a-zá漢😀]{0,160})",
        ) {
            let encoded = encode(&text);
            let decode = |segment: &Vec<u8>| match encoded.encoding {
                Encoding::Gsm7 => decode_gsm7(segment),
                Encoding::Ucs2 => decode_ucs2(segment),
            };
            prop_assert_eq!(encoded.segments.iter().map(decode).collect::<String>(), text.clone());
            prop_assert_eq!(encoded.segments.len(), length(&text).segments);
            let several = encoded.segments.len() > 1;
            let longest = match (encoded.encoding, several) {
                (Encoding::Gsm7, false) => 160,
                (Encoding::Gsm7, true) => 153,
                (Encoding::Ucs2, false) => 140,
                (Encoding::Ucs2, true) => 134,
            };
            prop_assert!(encoded.segments.iter().all(|segment| segment.len() <= longest));
        }

        #[test]
        fn no_octets_are_too_strange_to_read(octets in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(decode_gsm7(&octets).chars().count() <= octets.len());
            prop_assert!(decode_ucs2(&octets).chars().count() <= octets.len().div_ceil(2));
        }
    }
}
