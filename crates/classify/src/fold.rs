//! Folding: one plain ASCII text to look in, with a way back to the original, so that full-width digits, look-alike letters,
//! accents, invisible characters and character references hide nothing. One pass; plain ASCII takes a shorter way.

use crate::{ClassifierError, pictures, references, runs};
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
    /// Where the bytes stop following the code points one by one.
    steps: Steps,
    /// Whether something was taken out.
    blanked: bool,
    /// Pictures that tell care, and where they stood.
    pub(crate) pictures: Vec<(usize, char)>,
    /// Whether nearly all letters are capitals, so that capitals say nothing.
    pub(crate) shouted: bool,
}

/// From here on bytes and code points go one by one again.
#[derive(Debug, Clone, Copy)]
struct Step {
    at: usize,
    /// The code point that the byte came from.
    code: usize,
    /// How many code points this byte's character was written with: more than one for a character reference.
    width: usize,
}

/// A text while it is folded.
struct Folding {
    cased: Vec<u8>,
    steps: Steps,
}

impl Folding {
    /// The plain form of one character.
    fn push(&mut self, bytes: &[u8], code: usize, width: usize) {
        for byte in bytes {
            self.steps.put(self.cased.len(), code, width);
            self.cased.push(*byte);
        }
    }

    /// A run of plain characters: only the first can be a step.
    fn push_run(&mut self, bytes: &[u8], code: usize) {
        if !bytes.is_empty() {
            self.steps.put(self.cased.len(), code, 1);
            self.cased.extend_from_slice(bytes);
        }
    }
}

/// The way from bytes back to code points. Most texts need no step, or few.
#[derive(Debug, Default)]
struct Steps(Vec<Step>);

impl Steps {
    /// The byte at a position came from a code point, the first of `width`.
    fn put(&mut self, at: usize, code: usize, width: usize) {
        if width > 1 || self.code(at) != (code, 1) {
            self.0.push(Step { at, code, width });
        }
    }

    /// The code point of a byte, and how many it was written with, by the last steps: for positions in order.
    fn code(&self, at: usize) -> (usize, usize) {
        self.0.last().map_or((at, 1), |step| step.reach(at))
    }

    /// The same for any position.
    fn find(&self, at: usize) -> (usize, usize) {
        let next = self.0.partition_point(|step| step.at <= at);
        next.checked_sub(1).and_then(|index| self.0.get(index)).map_or((at, 1), |step| step.reach(at))
    }
}

impl Step {
    const fn reach(&self, at: usize) -> (usize, usize) {
        match at - self.at {
            0 => (self.code, self.width),
            beyond => (self.code + beyond, 1),
        }
    }
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
                steps: Steps::default(),
                blanked: false,
                pictures: Vec::new(),
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
        let mut folding = Folding { cased: Vec::with_capacity(text.len()), steps: Steps::default() };
        let mut pictures = Vec::new();
        let (mut rest, mut code) = (text, 0);
        while let Some(c) = rest.chars().next() {
            let run = plain_run(rest.as_bytes(), referenced);
            let (plain, others) = rest.split_at_checked(run).unwrap_or((rest, ""));
            folding.push_run(plain.as_bytes(), code);
            code += run;
            rest = others;
            if run > 0 {
                continue;
            }
            // A character outside ASCII, or a reference and what may belong to it.
            let length = if c.is_ascii() { references::run(rest.as_bytes()) } else { c.len_utf8() };
            let (strange, others) = rest.split_at_checked(length).unwrap_or((rest, ""));
            if c.is_ascii() {
                for read in references::decode(strange) {
                    folding.push(table.plain(read.character), code + read.index, read.width);
                }
                code += length;
            } else {
                if pictures::is_telling(c) {
                    pictures.push((folding.cased.len(), c));
                }
                folding.push(table.plain(c), code, 1);
                code += 1;
            }
            rest = others;
        }
        let Folding { cased, steps } = folding;
        let plain = cased.to_ascii_lowercase();
        Ok(Self { plain, cased: Cow::Owned(cased), steps, blanked: false, pictures, shouted: false })
    }

    fn is_shouted(&self) -> bool {
        let capitals = runs::capitals(&self.cased);
        capitals >= 12 && self.cased.iter().filter(|byte| byte.is_ascii_lowercase()).count() * 4 < capitals
    }

    /// The code points of a range: first, and one past the last.
    pub(crate) fn original(&self, start: usize, end: usize) -> (usize, usize) {
        let (last, width) = self.steps.find(end.saturating_sub(1).max(start));
        (self.steps.find(start).0, last + width)
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

    /// Appends a range as it was written; what was taken out stays out.
    pub(crate) fn copy_cased(&self, start: usize, end: usize, out: &mut Vec<u8>) {
        let cased = self.cased.get(start..end).unwrap_or_default();
        if self.blanked {
            let plain = self.plain.get(start..end).unwrap_or_default();
            out.extend(plain.iter().zip(cased).map(|(plain, cased)| if *plain == OTHER { OTHER } else { *cased }));
        } else {
            out.extend_from_slice(cased);
        }
    }

    /// Takes a range out of what is looked at, leaving its place.
    pub(crate) fn blank(&mut self, start: usize, end: usize) {
        self.blanked = true;
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
        let (capitals, letters) = bytes.iter().fold((0_usize, 0_usize), |(capitals, letters), byte| {
            (capitals + usize::from(byte.is_ascii_uppercase()), letters + usize::from(byte.is_ascii_alphabetic()))
        });
        capitals >= 2 && capitals + 1 >= letters
    }
}

/// How many characters a text begins with that are what they are, looked at in pieces.
fn plain_run(bytes: &[u8], referenced: bool) -> usize {
    if !referenced {
        let plain = |eight: &&[u8; 8]| u64::from_le_bytes(**eight) & 0x8080_8080_8080_8080 == 0;
        let run = 8 * bytes.as_chunks::<8>().0.iter().take_while(plain).count();
        return run + bytes.iter().skip(run).take_while(|byte| byte.is_ascii()).count();
    }
    let plain = |byte: &u8| byte.is_ascii() & !references::opens(*byte);
    let whole = |piece: &&[u8]| piece.is_ascii() && !references::holds(piece, references::opens);
    let pieces = bytes.chunks_exact(16).take_while(whole).count() * 16;
    pieces + bytes.iter().skip(pieces).take_while(|byte| plain(byte)).count()
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

    /// The plain form of a character; of one of ASCII itself.
    fn plain(&self, c: char) -> &[u8] {
        let code = usize::try_from(u32::from(c)).unwrap_or(0);
        if c.is_ascii() {
            return ASCII.get(code..=code).unwrap_or(&[OTHER]);
        }
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

/// How much memory the table takes.
#[cfg(test)]
pub(crate) fn table_bytes() -> usize {
    let several =
        |table: &Table| table.several.iter().map(|text| size_of::<Vec<u8>>() + text.capacity()).sum::<usize>();
    TABLE.as_ref().map_or(0, |table| 2 * table.pages.capacity() + table.cells.capacity() + several(table))
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
