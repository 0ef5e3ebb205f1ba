//! Folding: one plain ASCII text to look in, with a way back to the original, so that full-width digits, look-alike letters,
//! accents, invisible characters and character references hide nothing. One pass; plain ASCII takes a shorter way.

use crate::ClassifierError;
use crate::references;
use std::borrow::Cow;
use std::sync::LazyLock;

/// Stands for a character with no plain form; never part of a word.
pub(crate) const OTHER: u8 = 0x1a;

/// Generated: code points and what they look like in ASCII.
const DATA: &str = include_str!("../data/look-alikes.txt");

/// A folded text. All positions handed about in the crate are byte positions in it.
#[derive(Debug)]
pub(crate) struct Folded<'t> {
    /// Lower-case ASCII.
    pub(crate) plain: Vec<u8>,
    /// The same in the case it was written in.
    cased: Cow<'t, [u8]>,
    /// The code point each byte came from; empty when they are the same.
    from: Vec<u32>,
    /// The code points of each byte's character reference, when there were any: how many code points it was written with.
    wide: Vec<u8>,
    /// Whether nearly all letters are capitals, so that capitals say nothing.
    pub(crate) shouted: bool,
}

impl<'t> Folded<'t> {
    /// Folds a text.
    ///
    /// # Errors
    /// [`ClassifierError::NotReady`] when the table of look-alikes could not be read.
    pub(crate) fn new(text: &'t str) -> Result<Self, ClassifierError> {
        let referenced = references::may_be_in(text.as_bytes());
        let mut folded = if text.is_ascii() && !referenced {
            Self {
                plain: text.as_bytes().to_ascii_lowercase(),
                cased: Cow::Borrowed(text.as_bytes()),
                from: Vec::new(),
                wide: Vec::new(),
                shouted: false,
            }
        } else {
            Self::slowly(text, referenced)?
        };
        folded.shouted = folded.is_shouted();
        Ok(folded)
    }

    fn slowly(text: &str, referenced: bool) -> Result<Self, ClassifierError> {
        let table = TABLE.as_ref().ok_or(ClassifierError::NotReady)?;
        let mut cased = Vec::with_capacity(text.len());
        let mut from = Vec::with_capacity(text.len());
        let mut wide = Vec::new();
        let mut push = |index: usize, width: usize, c: char| {
            let mut one = |byte: u8| {
                cased.push(byte);
                from.push(u32::try_from(index).unwrap_or(u32::MAX));
                if referenced {
                    wide.push(u8::try_from(width).unwrap_or(u8::MAX));
                }
            };
            if c.is_ascii() {
                one(c as u8);
            } else {
                table.plain(c).iter().copied().for_each(one);
            }
        };
        if referenced {
            for read in references::decode(text) {
                push(read.index, read.width, read.character);
            }
        } else {
            for (index, c) in text.chars().enumerate() {
                push(index, 1, c);
            }
        }
        Ok(Self { plain: cased.to_ascii_lowercase(), cased: Cow::Owned(cased), from, wide, shouted: false })
    }

    fn is_shouted(&self) -> bool {
        let mut capitals = 0_usize;
        let mut small = 0_usize;
        for byte in self.cased.iter() {
            capitals += usize::from(byte.is_ascii_uppercase());
            small += usize::from(byte.is_ascii_lowercase());
        }
        capitals >= 12 && small * 4 < capitals
    }

    /// The code points of a range: first, and one past the last.
    pub(crate) fn original(&self, start: usize, end: usize) -> (usize, usize) {
        let last = end.saturating_sub(1);
        if self.from.is_empty() {
            return (start, last.max(start) + 1);
        }
        let at = |byte: usize| self.from.get(byte).map_or(0, |index| usize::try_from(*index).unwrap_or(usize::MAX));
        let width = self.wide.get(last).map_or(1, |width| usize::from(*width));
        (at(start), at(last) + width)
    }

    /// The text of a range.
    pub(crate) fn slice(&self, start: usize, end: usize) -> &[u8] {
        self.plain.get(start..end).unwrap_or_default()
    }

    /// The byte at a position.
    pub(crate) fn at(&self, position: usize) -> Option<u8> {
        self.plain.get(position).copied()
    }

    /// The byte at a position as it was written; what was taken out stays out.
    pub(crate) fn cased(&self, position: usize) -> u8 {
        match self.at(position) {
            Some(OTHER) | None => OTHER,
            Some(plain) => self.cased.get(position).copied().unwrap_or(plain),
        }
    }

    /// Takes a range out of what is looked at, leaving its place.
    pub(crate) fn blank(&mut self, start: usize, end: usize) {
        if let Some(bytes) = self.plain.get_mut(start..end) {
            bytes.fill(OTHER);
        }
    }

    /// Whether the character at a position was a capital letter.
    pub(crate) fn is_capital(&self, at: usize) -> bool {
        self.cased.get(at).is_some_and(u8::is_ascii_uppercase)
    }

    /// Whether a range is written as an abbreviation is: in capitals, but for one letter at most (`PrEP`).
    pub(crate) fn is_upper(&self, start: usize, end: usize) -> bool {
        let bytes = self.cased.get(start..end).unwrap_or_default();
        let capitals = bytes.iter().filter(|b| b.is_ascii_uppercase()).count();
        let letters = bytes.iter().filter(|b| b.is_ascii_alphabetic()).count();
        capitals >= 2 && capitals + 1 >= letters
    }
}

/// What characters outside ASCII look like, by pages of 256 code points.
struct Table {
    pages: Vec<u16>,
    /// Per code point of a known page: 0 = no plain form, 1 = shows nothing, 2..=127 = that character, above = a text of
    /// several.
    cells: Vec<u8>,
    several: Vec<Vec<u8>>,
}

static TABLE: LazyLock<Option<Table>> = LazyLock::new(|| Table::read(DATA));

/// Every printable ASCII character and the line break, so that one of them can be lent as a slice.
const ASCII: [u8; 128] = {
    let mut all = [0; 128];
    let mut at = 0_u8;
    while at < 128 {
        #[expect(clippy::indexing_slicing, reason = "evaluated when compiled, within bounds")]
        {
            all[at as usize] = at;
        }
        at += 1;
    }
    all
};

impl Table {
    /// Lines of `code point in hexadecimal, blank, text`; a lone hyphen-less line `code point` shows nothing.
    fn read(data: &str) -> Option<Self> {
        let mut table = Self { pages: vec![u16::MAX; 0x1100], cells: Vec::new(), several: Vec::new() };
        for line in data.lines().filter(|line| !line.starts_with('#')) {
            let (code, text) = line.split_once(' ').unwrap_or((line, ""));
            let (first, last) = code.split_once('-').unwrap_or((code, code));
            let first = usize::from_str_radix(first, 16).ok()?;
            let last = usize::from_str_radix(last, 16).ok()?;
            let cell = match text.as_bytes() {
                [] => 1,
                b"\\s" => b' ',
                b"\\n" => b'\n',
                [one] if (2..128).contains(one) => *one,
                many => {
                    let known = table.several.iter().position(|text| text == many);
                    let at = known.unwrap_or(table.several.len());
                    if known.is_none() {
                        table.several.push(many.to_vec());
                    }
                    u8::try_from(128 + at).ok()?
                }
            };
            for code in first..=last {
                *table.cell(code)? = cell;
            }
        }
        Some(table)
    }

    fn cell(&mut self, code: usize) -> Option<&mut u8> {
        let page = self.pages.get_mut(code >> 8)?;
        if *page == u16::MAX {
            *page = u16::try_from(self.cells.len() >> 8).ok()?;
            self.cells.resize(self.cells.len() + 256, 0);
        }
        self.cells.get_mut((usize::from(*page) << 8) | (code & 0xff))
    }

    /// The plain form of a character outside ASCII.
    fn plain(&self, c: char) -> &[u8] {
        let code = usize::try_from(u32::from(c)).unwrap_or(0);
        let page = self.pages.get(code >> 8).copied().unwrap_or(u16::MAX);
        let cell = self.cells.get((usize::from(page) << 8) | (code & 0xff)).copied().unwrap_or(0);
        match cell {
            0 => &[OTHER],
            1 => &[],
            2..128 => ASCII.get(usize::from(cell)..=usize::from(cell)).unwrap_or(&[OTHER]),
            _ => self.several.get(usize::from(cell - 128)).map_or(&[OTHER], Vec::as_slice),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fold(text: &str) -> String {
        String::from_utf8(Folded::new(text).unwrap().plain).unwrap()
    }

    #[test]
    fn disguises_fold_to_the_same_plain_text() {
        assert_eq!(fold("Ｈｂ\u{200b}Ａ１ｃ"), "hba1c");
        assert_eq!(fold("diаbеtеs"), "diabetes", "Cyrillic a and e");
        assert_eq!(fold("𝐝𝐢𝐚𝐛𝐞𝐭𝐞𝐬 ⓗⓘⓥ"), "diabetes hiv");
        assert_eq!(fold("depresión años"), "depresion anos");
        assert_eq!(fold("depresio\u{301}n"), "depresion");
        assert_eq!(fold("１２３‑４５–６７８９"), "123-45-6789");
        assert_eq!(fold("٣ ๓ ३ ៣"), "3 3 3 3", "digits of four scripts");
        assert_eq!(fold("ᴍᴇᴛꜰᴏʀᴍɪɴ 🅷🅸🆅"), "metformin hiv");
        assert_eq!(fold("&#100;iab%65tes &amp;#104;iv"), "diabetes hiv");
    }

    #[test]
    fn positions_lead_back_to_the_original_code_points() {
        let folded = Folded::new("é\u{200b}ß x").unwrap();
        assert_eq!(folded.plain, b"ess x");
        assert_eq!(folded.original(0, 1), (0, 1));
        assert_eq!(folded.original(1, 3), (2, 3));
        assert_eq!(folded.original(4, 5), (4, 5));
        let folded = Folded::new("a &#104;iv").unwrap();
        assert_eq!(folded.plain, b"a hiv");
        assert_eq!(folded.original(2, 5), (2, 10));
        assert_eq!(folded.original(2, 3), (2, 8));
    }
}
