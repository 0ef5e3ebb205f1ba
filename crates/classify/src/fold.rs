//! Folding: one plain ASCII text to look in, with a way back to the original, so that full-width digits, look-alike letters,
//! accents and invisible characters hide nothing.

/// Stands for a character with no plain form; never part of a word.
const OTHER: u8 = 0x1a;

/// A folded text. All positions handed about in the crate are byte positions in it.
#[derive(Debug)]
pub(crate) struct Folded {
    /// Lower-case ASCII.
    pub(crate) plain: Vec<u8>,
    /// Whether the original character was a capital letter.
    pub(crate) capital: Vec<bool>,
    /// The code point each byte came from.
    from: Vec<usize>,
}

impl Folded {
    pub(crate) fn new(text: &str) -> Self {
        let mut folded = Self {
            plain: Vec::with_capacity(text.len()),
            capital: Vec::with_capacity(text.len()),
            from: Vec::with_capacity(text.len()),
        };
        for (index, c) in text.chars().enumerate() {
            if c.is_ascii() {
                folded.push(index, c as u8);
            } else if !is_invisible(c) {
                for byte in plain(c) {
                    folded.push(index, *byte);
                }
            }
        }
        folded
    }

    fn push(&mut self, index: usize, byte: u8) {
        self.plain.push(byte.to_ascii_lowercase());
        self.capital.push(byte.is_ascii_uppercase());
        self.from.push(index);
    }

    /// The code points of a range: first, and one past the last.
    pub(crate) fn original(&self, start: usize, end: usize) -> (usize, usize) {
        let first = self.from.get(start).copied().unwrap_or_default();
        let last = self.from.get(end.saturating_sub(1)).copied().unwrap_or(first);
        (first, last + 1)
    }

    /// The text of a range.
    pub(crate) fn slice(&self, start: usize, end: usize) -> &[u8] {
        self.plain.get(start..end).unwrap_or_default()
    }

    /// Takes a range out of what is looked at, leaving its place.
    pub(crate) fn blank(&mut self, start: usize, end: usize) {
        if let Some(bytes) = self.plain.get_mut(start..end) {
            bytes.fill(OTHER);
        }
    }

    /// Whether a range is written as an abbreviation is: in capitals, but for one letter at most (`PrEP`).
    pub(crate) fn is_upper(&self, start: usize, end: usize) -> bool {
        let letters = || (start..end).filter(|at| self.plain.get(*at).is_some_and(u8::is_ascii_alphabetic));
        let capitals = letters().filter(|at| self.capital.get(*at).copied().unwrap_or(false)).count();
        capitals >= 2 && capitals + 1 >= letters().count()
    }
}

/// Characters that show nothing: zero-width, soft hyphen, direction marks, variation selectors, combining marks, tags.
fn is_invisible(c: char) -> bool {
    matches!(u32::from(c),
        0xad | 0x34f | 0x61c | 0x115f | 0x1160 | 0x17b4 | 0x17b5 | 0x180b..=0x180f | 0x200b..=0x200f | 0x202a..=0x202e
        | 0x2060..=0x206f | 0x3164 | 0xfe00..=0xfe0f | 0xfeff | 0xffa0 | 0xe0000..=0xe0fff
        | 0x300..=0x36f | 0x483..=0x489 | 0x1ab0..=0x1aff | 0x1dc0..=0x1dff | 0x20d0..=0x20ff | 0xfe20..=0xfe2f)
}

/// The printable ASCII characters in order.
const PRINTABLE: &[u8] =
    b" !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~";

/// One printable ASCII character as a slice.
fn one(byte: u32) -> &'static [u8] {
    let at = byte.checked_sub(0x20).and_then(|at| usize::try_from(at).ok());
    at.and_then(|at| PRINTABLE.get(at..=at)).unwrap_or(&[OTHER])
}

/// The plain form of a character outside ASCII.
fn plain(c: char) -> &'static [u8] {
    let code = u32::from(c);
    match code {
        // Spaces, hyphens, quotes and bullets of every kind.
        0xa0 | 0x1680 | 0x2000..=0x200a | 0x202f | 0x205f | 0x3000 => b" ",
        0x2028 | 0x2029 | 0x85 => b"\n",
        0x2010..=0x2015 | 0x2212 | 0xfe58 | 0xfe63 | 0x2e3a | 0x2e3b | 0x30fb..=0x30fc => b"-",
        0x2018..=0x201b | 0x2032 | 0x2bc | 0xb4 | 0x60 => b"'",
        0x201c..=0x201f | 0x2033 | 0xab | 0xbb => b"\"",
        0xb7 | 0x2022 | 0x2024 | 0x2219 | 0x22c5 | 0x2027 | 0x3002 => b".",
        0x2044 | 0x2215 | 0x29f8 => b"/",
        0x2026 => b"...",
        // Full-width forms.
        0xff01..=0xff5e => one(code - 0xff01 + 0x21),
        // Digits of other scripts.
        0x660..=0x669 => one(code - 0x660 + 0x30),
        0x6f0..=0x6f9 => one(code - 0x6f0 + 0x30),
        0x966..=0x96f => one(code - 0x966 + 0x30),
        0x9e6..=0x9ef => one(code - 0x9e6 + 0x30),
        // Superscript, subscript and circled digits, enclosed letters.
        0xb2 | 0xb3 => one(code - 0xb2 + 0x32),
        0xb9 => b"1",
        0x2070 | 0x2074..=0x2079 => one(code - 0x2070 + 0x30),
        0x2080..=0x2089 => one(code - 0x2080 + 0x30),
        0x2460..=0x2468 => one(code - 0x2460 + 0x31),
        0x24ea => b"0",
        0x2776..=0x277e => one(code - 0x2776 + 0x31),
        0x24b6..=0x24cf => one(code - 0x24b6 + 0x41),
        0x24d0..=0x24e9 => one(code - 0x24d0 + 0x61),
        0x1f130..=0x1f149 => one(code - 0x1f130 + 0x41),
        0x1f150..=0x1f169 => one(code - 0x1f150 + 0x41),
        0x1f170..=0x1f189 => one(code - 0x1f170 + 0x41),
        0x1f1e6..=0x1f1ff => one(code - 0x1f1e6 + 0x41),
        // Mathematical letters come in runs of 52, digits in runs of 10.
        0x1d400..=0x1d6a3 => one(letter((code - 0x1d400) % 52)),
        0x1d7ce..=0x1d7ff => one((code - 0x1d7ce) % 10 + 0x30),
        _ => marked(c).or_else(|| look_alike(c)).unwrap_or(&[OTHER]),
    }
}

const fn letter(index: u32) -> u32 {
    if index < 26 { 0x41 + index } else { 0x61 + index - 26 }
}

/// Latin letters with marks, without them.
fn marked(c: char) -> Option<&'static [u8]> {
    Some(match c {
        'á' | 'à' | 'â' | 'ä' | 'ã' | 'å' | 'ā' | 'ă' | 'ą' | 'ǎ' | 'ª' | 'ạ' | 'ả' => b"a",
        'Á' | 'À' | 'Â' | 'Ä' | 'Ã' | 'Å' | 'Ā' | 'Ă' | 'Ą' | 'Ǎ' => b"A",
        'é' | 'è' | 'ê' | 'ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' | 'ẽ' | 'ẹ' => b"e",
        'É' | 'È' | 'Ê' | 'Ë' | 'Ē' | 'Ĕ' | 'Ė' | 'Ę' | 'Ě' => b"E",
        'í' | 'ì' | 'î' | 'ï' | 'ī' | 'ĭ' | 'į' | 'ı' | 'ǐ' | 'ĩ' | 'ị' => b"i",
        'Í' | 'Ì' | 'Î' | 'Ï' | 'Ī' | 'Ĭ' | 'Į' | 'İ' | 'Ǐ' => b"I",
        'ó' | 'ò' | 'ô' | 'ö' | 'õ' | 'ø' | 'ō' | 'ŏ' | 'ő' | 'ǒ' | 'º' | 'ọ' => b"o",
        'Ó' | 'Ò' | 'Ô' | 'Ö' | 'Õ' | 'Ø' | 'Ō' | 'Ŏ' | 'Ő' | 'Ǒ' => b"O",
        'ú' | 'ù' | 'û' | 'ü' | 'ũ' | 'ū' | 'ŭ' | 'ů' | 'ű' | 'ų' | 'ǔ' | 'ụ' => b"u",
        'Ú' | 'Ù' | 'Û' | 'Ü' | 'Ũ' | 'Ū' | 'Ŭ' | 'Ů' | 'Ű' | 'Ų' => b"U",
        'ñ' | 'ń' | 'ņ' | 'ň' | 'ŋ' => b"n",
        'Ñ' | 'Ń' | 'Ņ' | 'Ň' => b"N",
        'ç' | 'ć' | 'ĉ' | 'ċ' | 'č' | '¢' => b"c",
        'Ç' | 'Ć' | 'Ĉ' | 'Ċ' | 'Č' => b"C",
        'ý' | 'ÿ' | 'ŷ' | 'ỳ' => b"y",
        'Ý' | 'Ÿ' | 'Ŷ' => b"Y",
        'š' | 'ś' | 'ŝ' | 'ş' | 'ș' | 'ſ' => b"s",
        'Š' | 'Ś' | 'Ŝ' | 'Ş' | 'Ș' => b"S",
        'ž' | 'ź' | 'ż' => b"z",
        'Ž' | 'Ź' | 'Ż' => b"Z",
        'ď' | 'đ' | 'ð' => b"d",
        'ğ' | 'ĝ' | 'ġ' | 'ģ' | 'ɡ' => b"g",
        'ł' | 'ĺ' | 'ļ' | 'ľ' => b"l",
        'Ł' => b"L",
        'ŕ' | 'ř' => b"r",
        'ť' | 'ţ' | 'ț' | 'ŧ' => b"t",
        'ĥ' | 'ħ' => b"h",
        'ĵ' => b"j",
        'ķ' => b"k",
        'ŵ' => b"w",
        'ß' => b"ss",
        'æ' => b"ae",
        'Æ' => b"AE",
        'œ' => b"oe",
        'ﬁ' => b"fi",
        'ﬂ' => b"fl",
        'ﬀ' => b"ff",
        _ => return None,
    })
}

/// Letters of other scripts that look Latin.
fn look_alike(c: char) -> Option<&'static [u8]> {
    Some(match c {
        'а' | 'α' | 'ɑ' => b"a",
        'А' | 'Α' => b"A",
        'Ь' | 'β' | 'в' => b"b",
        'В' | 'Β' => b"B",
        'с' | 'ϲ' | 'ᴄ' => b"c",
        'С' | 'Ϲ' => b"C",
        'ԁ' | 'ɗ' => b"d",
        'е' | 'ё' | 'ε' | 'є' | '℮' => b"e",
        'Е' | 'Ε' | 'Ё' => b"E",
        'ɢ' => b"g",
        'һ' | 'н' => b"h",
        'Н' | 'Η' => b"H",
        'і' | 'ι' | 'ї' | 'ӏ' | 'ɪ' | 'ⅰ' => b"i",
        'І' | 'Ι' | 'Ї' | 'Ⅰ' => b"I",
        'ј' => b"j",
        'Ј' => b"J",
        'к' | 'κ' => b"k",
        'К' | 'Κ' => b"K",
        'ⅼ' | '∣' | 'ʟ' => b"l",
        'м' | 'ⅿ' => b"m",
        'М' | 'Μ' => b"M",
        'п' | 'η' | 'ո' => b"n",
        'Ν' => b"N",
        'о' | 'ο' | 'σ' | 'օ' => b"o",
        'О' | 'Ο' => b"O",
        'р' | 'ρ' => b"p",
        'Р' | 'Ρ' => b"P",
        'ԛ' => b"q",
        'г' | 'ɾ' => b"r",
        'ѕ' => b"s",
        'Ѕ' => b"S",
        'т' | 'τ' => b"t",
        'Т' | 'Τ' => b"T",
        'υ' | 'ս' => b"u",
        'ν' | 'ѵ' | 'ⅴ' => b"v",
        'ω' | 'ԝ' | 'ѡ' => b"w",
        'х' | 'χ' | '×' | 'ⅹ' => b"x",
        'Х' | 'Χ' => b"X",
        'у' | 'γ' | 'ү' => b"y",
        'У' | 'Υ' => b"Y",
        'ᴢ' => b"z",
        'Ζ' => b"Z",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fold(text: &str) -> String {
        String::from_utf8(Folded::new(text).plain).unwrap()
    }

    #[test]
    fn disguises_fold_to_the_same_plain_text() {
        assert_eq!(fold("Ｈｂ\u{200b}Ａ１ｃ"), "hba1c");
        assert_eq!(fold("diаbеtеs"), "diabetes", "Cyrillic a and e");
        assert_eq!(fold("𝐝𝐢𝐚𝐛𝐞𝐭𝐞𝐬 ⓗⓘⓥ"), "diabetes hiv");
        assert_eq!(fold("depresión años"), "depresion anos");
        assert_eq!(fold("depresio\u{301}n"), "depresion");
        assert_eq!(fold("１２３‑４５–６７８９"), "123-45-6789");
    }

    #[test]
    fn positions_lead_back_to_the_original_code_points() {
        let folded = Folded::new("é\u{200b}ß x");
        assert_eq!(folded.plain, b"ess x");
        assert_eq!(folded.original(0, 1), (0, 1));
        assert_eq!(folded.original(1, 3), (2, 3));
        assert_eq!(folded.original(4, 5), (4, 5));
    }
}
