//! Folding: one pass that undoes plain disguise and keeps a map back to the original.
//!
//! Invisible characters go; full-width, accented, mathematical and look-alike letters become ASCII lower case; digits of
//! other scripts become 0-9; every dash, quote and space becomes one kind. What is left over becomes one placeholder, so that a
//! folded byte is a folded character and patterns can be plain ASCII.

/// A folded text.
#[derive(Debug)]
pub(crate) struct Folded {
    /// ASCII, one byte a folded character.
    pub(crate) text: String,
    /// For each byte, the code point of the original it came from.
    map: Vec<usize>,
    /// Code points in the original.
    len: usize,
}

/// Stands for a character that has no ASCII likeness.
const OTHER: &[u8] = b"\x1a";

impl Folded {
    /// The code point range of the original behind the byte range `start..end` of the folded text.
    pub(crate) fn original(&self, start: usize, end: usize) -> (usize, usize) {
        let first = self.map.get(start).copied().unwrap_or(self.len);
        let last = end.checked_sub(1).and_then(|at| self.map.get(at)).copied().unwrap_or(first);
        (first, (last + 1).min(self.len))
    }
}

/// Folds `text`.
pub(crate) fn fold(text: &str) -> Folded {
    let mut folded = Folded { text: String::with_capacity(text.len()), map: Vec::with_capacity(text.len()), len: 0 };
    for (at, c) in text.chars().enumerate() {
        folded.len = at + 1;
        if is_invisible(c) {
            continue;
        }
        for out in likeness(c) {
            folded.text.push(*out as char);
            folded.map.push(at);
        }
    }
    folded
}

/// Format characters that show nothing: zero-width space and joiners, soft hyphen, directional marks, variation
/// selectors, combining marks left over from decomposition (Unicode general categories Cf and Mn, the usual ranges).
const fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{206f}' | '\u{feff}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{0300}'..='\u{036f}' | '\u{e0000}'..='\u{e007f}')
}

/// The ASCII likeness of `c`, as bytes.
fn likeness(c: char) -> &'static [u8] {
    const ASCII: [u8; 128] = {
        let mut table = [0u8; 128];
        let mut i = 0;
        while i < 128 {
            #[expect(clippy::cast_possible_truncation, clippy::indexing_slicing, reason = "i is below 128")]
            {
                table[i] = (i as u8).to_ascii_lowercase();
            }
            i += 1;
        }
        table
    };
    let one = |code: u32| -> &'static [u8] {
        let at = usize::try_from(code).unwrap_or(usize::MAX);
        ASCII.get(at..=at).unwrap_or(OTHER)
    };
    let code = u32::from(c);
    match code {
        0x00..=0x7f => one(code),
        // Full-width forms.
        0xff01..=0xff5e => one(code - 0xff01 + 0x21),
        // Mathematical letters: 13 alphabets of 52, then digits in 5 runs of 10.
        0x1d400..=0x1d6a3 => letter((code - 0x1d400) % 52),
        0x1d7ce..=0x1d7ff => one(u32::from(b'0') + (code - 0x1d7ce) % 10),
        // Circled and parenthesised letters, circled digits.
        0x24b6..=0x24e9 => letter((code - 0x24b6) % 26),
        0x249c..=0x24b5 => letter((code - 0x249c) % 26),
        0x1f130..=0x1f149 => letter((code - 0x1f130) % 26),
        0x2460..=0x2468 => one(u32::from(b'1') + code - 0x2460),
        // Regional indicators.
        0x1f1e6..=0x1f1ff => letter((code - 0x1f1e6) % 26),
        // Digits of other scripts.
        0x0660..=0x0669 => one(u32::from(b'0') + code - 0x0660),
        0x06f0..=0x06f9 => one(u32::from(b'0') + code - 0x06f0),
        0x0966..=0x096f => one(u32::from(b'0') + code - 0x0966),
        0x2070..=0x2079 => one(u32::from(b'0') + code - 0x2070),
        0x2080..=0x2089 => one(u32::from(b'0') + code - 0x2080),
        _ => named(c),
    }
}

fn letter(nth: u32) -> &'static [u8] {
    const LETTERS: &[u8; 26] = b"abcdefghijklmnopqrstuvwxyz";
    let at = usize::try_from(nth % 26).unwrap_or(0);
    LETTERS.get(at..=at).unwrap_or(OTHER)
}

/// Accented Latin letters, and the Greek and Cyrillic letters that look like Latin ones (Unicode confusables, the
/// letters of the Latin alphabet only).
fn named(c: char) -> &'static [u8] {
    match c {
        'á' | 'à' | 'â' | 'ä' | 'ã' | 'å' | 'ā' | 'ă' | 'ą' | 'Á' | 'À' | 'Â' | 'Ä' | 'Ã' | 'Å' | 'а' | 'А' | 'α'
        | 'Α' => b"a",
        'в' | 'В' | 'β' | 'Β' => b"b",
        'ç' | 'ć' | 'č' | 'Ç' | 'Ć' | 'Č' | 'с' | 'С' | 'ϲ' => b"c",
        'ď' | 'đ' | 'Đ' | 'ԁ' => b"d",
        'é' | 'è' | 'ê' | 'ë' | 'ē' | 'ę' | 'ě' | 'É' | 'È' | 'Ê' | 'Ë' | 'е' | 'Е' | 'ё' | 'ε' | 'Ε' => {
            b"e"
        }
        'ğ' | 'Ğ' | 'ɡ' => b"g",
        'н' | 'Н' | 'Η' | 'һ' => b"h",
        'í' | 'ì' | 'î' | 'ï' | 'ī' | 'ı' | 'Í' | 'Ì' | 'Î' | 'Ï' | 'İ' | 'і' | 'І' | 'ι' | 'Ι' => b"i",
        'ј' | 'Ј' => b"j",
        'к' | 'К' | 'κ' | 'Κ' => b"k",
        'ł' | 'Ł' | 'ӏ' | 'ⅼ' => b"l",
        'м' | 'М' | 'Μ' => b"m",
        'ñ' | 'ń' | 'ň' | 'Ñ' | 'Ń' | 'Ν' | 'ո' => b"n",
        'ó' | 'ò' | 'ô' | 'ö' | 'õ' | 'ø' | 'ō' | 'Ó' | 'Ò' | 'Ô' | 'Ö' | 'Õ' | 'Ø' | 'о' | 'О' | 'ο' | 'Ο' | 'օ' => {
            b"o"
        }
        'р' | 'Р' | 'ρ' | 'Ρ' => b"p",
        'ѕ' | 'Ѕ' | 'ś' | 'š' | 'ş' | 'Ś' | 'Š' | 'Ş' => b"s",
        'т' | 'Т' | 'τ' | 'Τ' | 'ť' => b"t",
        'ú' | 'ù' | 'û' | 'ü' | 'ū' | 'Ú' | 'Ù' | 'Û' | 'Ü' | 'υ' | 'ս' => b"u",
        'ν' | 'ѵ' => b"v",
        'ѡ' | 'ԝ' => b"w",
        'х' | 'Х' | 'χ' | 'Χ' => b"x",
        'ý' | 'ÿ' | 'Ý' | 'у' | 'У' | 'Υ' | 'γ' => b"y",
        'ź' | 'ż' | 'ž' | 'Ź' | 'Ż' | 'Ž' | 'Ζ' => b"z",
        'ß' => b"ss",
        'æ' | 'Æ' => b"ae",
        'œ' | 'Œ' => b"oe",
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe58}' | '\u{fe63}' => b"-",
        '\u{2018}' | '\u{2019}' | '\u{201b}' | '\u{02bc}' | '´' => b"'",
        '\u{201c}'..='\u{201f}' => b"\"",
        '\u{00a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => b" ",
        '…' => b"...",
        '·' | '․' | '∙' => b".",
        _ => OTHER,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disguises_fold_to_the_plain_word() {
        for disguise in
            ["lithium", "l\u{200b}ithium", "ｌｉｔｈｉｕｍ", "LÍTHIUM", "lithiυm", "𝐥𝐢𝐭𝐡𝐢𝐮𝐦", "l\u{00ad}i\u{0301}thium"]
        {
            assert_eq!(fold(disguise).text, "lithium", "{disguise:?}");
        }
        assert_eq!(fold("١٢٣ 𝟒𝟓").text, "123 45");
    }

    #[test]
    fn offsets_lead_back_to_code_points_of_the_original() {
        let folded = fold("é\u{200b}x ß!");
        assert_eq!(folded.text, "ex ss!");
        assert_eq!(folded.original(0, 2), (0, 3));
        assert_eq!(folded.original(3, 5), (4, 5));
        assert_eq!(folded.original(5, 6), (5, 6));
    }

    #[test]
    fn a_character_without_likeness_stays_one_placeholder() {
        assert_eq!(fold("a漢b").text, "a\u{1a}b");
    }
}
