//! Words that tell care content, and what ordinary words are used for. From `data/`: lists written and reviewed by hand, and
//! lists made from openly licensed sources (`data/PROVENANCE.md`).

use crate::fold::Folded;
use crate::fuzzy::Fuzzy;
use crate::table::{Builder, Filter, Hash, Info, Table};
use crate::words::Word;
use crate::{ClassifierError, Hit, Kind, Level, contexts, endings, roles, shapes, views, work};
use postern_base::Category;
use std::sync::LazyLock;

/// Reviewed lists: found exactly, in the plural, misspelled and in disguise.
const REVIEWED: &[&str] = &[
    include_str!("../data/lexicon.txt"),
    include_str!("../data/drugs.txt"),
    include_str!("../data/conditions.txt"),
    include_str!("../data/tests-and-procedures.txt"),
    include_str!("../data/everyday.txt"),
    include_str!("../data/lay.txt"),
    include_str!("../data/complaints.txt"),
    include_str!("../data/families.txt"),
    include_str!("../data/implied.txt"),
    include_str!("../data/abbreviations.txt"),
    include_str!("../data/visits.txt"),
];
/// Generated lists: found exactly only.
const GENERATED: &[&str] = &[include_str!("../data/icd-words.txt"), include_str!("../data/fda-names.txt")];
const ROLES: &[&str] = &[
    include_str!("../data/roles.txt"),
    include_str!("../data/first-names.txt"),
    include_str!("../data/family-names.txt"),
    include_str!("../data/near-misses.txt"),
];

/// What a section of the lexicon says of its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    /// `None` for a phrase that is clean although a word in it is not.
    pub(crate) kind: Option<Kind>,
    pub(crate) level: Level,
    pub(crate) category: Option<Category>,
    /// Only in capitals.
    upper: bool,
    /// Sets the level and is no PHI by itself: money owed, and not for what.
    open: bool,
    /// Tells care wherever it stands, though its words are everyday ones: the sentence around it is not asked.
    sure: bool,
    /// From a reviewed list.
    pub(crate) reviewed: bool,
}

impl Entry {
    /// What a word's ending says.
    pub(crate) const fn by_ending(kind: Kind, level: Level, category: Option<Category>) -> Self {
        Self { kind: Some(kind), level, category, upper: false, open: false, sure: false, reviewed: false }
    }
}

/// Everything the classifier knows about words.
#[derive(Debug)]
pub(crate) struct Lexicon {
    table: Table,
    sections: Vec<Entry>,
    pub(crate) fuzzy: Fuzzy,
    /// The beginnings of the reviewed grave words.
    beginnings: Filter<BEGINNING_BITS>,
}

// The shapes are prepared with the lists, so that the first message with a number in it does not wait for them.
static LEXICON: LazyLock<Option<Lexicon>> =
    LazyLock::new(|| load(REVIEWED, GENERATED, ROLES).filter(|_| shapes::are_ready()));

/// The lexicon, read when it is first asked for.
pub(crate) fn get() -> Result<&'static Lexicon, ClassifierError> {
    LEXICON.as_ref().ok_or(ClassifierError::NotReady)
}

/// `None` when the data is not as its headers say: then nothing can be judged.
fn load(reviewed: &[&'static str], generated: &[&'static str], roles: &[&'static str]) -> Option<Lexicon> {
    let mut loading = Loading {
        table: Builder::default(),
        sections: Vec::new(),
        fuzzy: Fuzzy::default(),
        words: Vec::new(),
        beginnings: Filter::new(),
    };
    for (files, reviewed) in [(reviewed, true), (generated, false)] {
        for file in files {
            loading.read(file, reviewed)?;
        }
    }
    for file in roles {
        loading.read_roles(file)?;
    }
    loading.fuzzy.finish();
    let Loading { table, sections, fuzzy, words, beginnings } = loading;
    let mut lexicon = Lexicon { table: table.finish()?, sections, fuzzy, beginnings };
    lexicon.quieten(&words);
    Some(lexicon)
}

/// The size of the filter of beginnings: 64 KiB, of which few bits are set.
const BEGINNING_BITS: u32 = 19;

/// A lexicon while its files are read.
#[derive(Debug)]
struct Loading {
    table: Builder,
    sections: Vec<Entry>,
    fuzzy: Fuzzy,
    /// The single words.
    words: Vec<&'static str>,
    beginnings: Filter<BEGINNING_BITS>,
}

/// The lines of a data file without comments.
fn lines(data: &str) -> impl Iterator<Item = &str> {
    data.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// The words of a phrase in a data file, which is plain ASCII in small letters.
fn split(phrase: &str) -> Vec<&str> {
    phrase.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect()
}

impl Loading {
    fn read(&mut self, data: &'static str, reviewed: bool) -> Option<()> {
        let mut current = None;
        for line in lines(data) {
            if let Some(header) = line.strip_prefix('=') {
                self.sections.push(section(header, reviewed)?);
                current = Some(u8::try_from(self.sections.len()).ok()?);
                continue;
            }
            for phrase in line.split(',').map(str::trim).filter(|phrase| !phrase.is_empty()) {
                self.add(phrase, current?)?;
            }
        }
        Some(())
    }

    fn add(&mut self, phrase: &'static str, section: u8) -> Option<()> {
        let entry = numbered(&self.sections, section)?;
        let words = split(phrase);
        let weight_of = |section: u8, sections: &[Entry]| {
            sections
                .get(usize::from(section).wrapping_sub(1))
                .map_or((Level::L0, false), |entry| (entry.level, entry.sure))
        };
        let hash = self.place(&words)?;
        let sections = &self.sections;
        let info = self.table.entry(hash);
        let slot = if entry.upper { &mut info.upper } else { &mut info.section };
        if *slot == 0 || weight_of(*slot, sections) < (entry.level, entry.sure) {
            *slot = section;
        }
        if entry.reviewed && words.len() > 1 {
            words.iter().for_each(|word| self.fuzzy.add_part(word));
        }
        if let ([only], true, true) = (words.as_slice(), entry.reviewed, entry.level >= Level::L3) {
            let mut hash = Hash::EMPTY;
            for byte in only.bytes() {
                hash = hash.and(byte);
                self.beginnings.add(hash);
            }
        }
        if let ([only], true, false, true) = (words.as_slice(), entry.reviewed, entry.upper, entry.kind.is_some()) {
            self.fuzzy.add(only, section, entry.level);
        }
        Some(())
    }

    /// Makes room for a phrase and says at each of its beginnings how long it is.
    fn place(&mut self, words: &[&'static str]) -> Option<Hash> {
        let length = u8::try_from(words.len()).ok()?;
        let (first, rest) = words.split_first()?;
        if rest.is_empty() {
            self.words.push(first);
        }
        let mut hash = Hash::of(first.as_bytes());
        for word in rest {
            let longest = &mut self.table.entry(hash).longest;
            *longest = (*longest).max(length);
            hash = hash.then(Hash::of(word.as_bytes()));
        }
        Some(hash)
    }

    fn read_roles(&mut self, data: &'static str) -> Option<()> {
        let mut role = None;
        for line in lines(data) {
            if let Some(header) = line.strip_prefix('=') {
                let mut bits = 0;
                for word in header.split_whitespace() {
                    bits |= match word.strip_prefix("value:") {
                        Some(value) => value.parse::<u64>().ok()? << roles::DIGIT_SHIFT,
                        None => roles::parse(word)?,
                    };
                }
                role = Some(bits);
                continue;
            }
            for phrase in line.split(',').flat_map(|part| {
                // Lists of single words are separated by blanks.
                let single = !line.contains(',');
                part.split(move |c: char| single && c == ' ')
            }) {
                let words = split(phrase);
                // A slip in an ordinary word is to be known for one, whatever care word it comes near to.
                if let ([word], true) =
                    (words.as_slice(), role? & (roles::NUMERAL | roles::ORDINARY | roles::CUES) != 0)
                {
                    self.fuzzy.add_part(word);
                }
                if !words.is_empty() {
                    let hash = self.place(&words)?;
                    self.table.entry(hash).roles |= role?;
                    if let [first, _, ..] = words.as_slice() {
                        self.table.entry(Hash::of(first.as_bytes())).roles |= roles::OPENS;
                    }
                }
            }
        }
        Some(())
    }
}

/// A section by its number, counted from 1.
fn numbered(sections: &[Entry], number: u8) -> Option<Entry> {
    sections.get(usize::from(number).checked_sub(1)?).copied()
}

impl Lexicon {
    /// What is known of a word or phrase.
    #[inline]
    pub(crate) fn find(&self, hash: Hash) -> Info {
        self.table.find(hash)
    }

    /// Finds out of which words nothing comes by themselves, so that a text's common words are let go at once.
    fn quieten(&mut self, words: &[&str]) {
        for word in words {
            let (text, hash) = (word.as_bytes(), Hash::of(word.as_bytes()));
            let info = self.find(hash);
            let misread = || info.roles & roles::KNOWN == 0 && views::alone(self, text, true, || false).is_some();
            let quiet = info.section == 0 && info.upper == 0 && self.find_text(text).is_none() && !misread();
            if quiet {
                self.table.quieten(hash);
            }
        }
    }

    /// A section by its number, counted from 1.
    pub(crate) fn section(&self, number: u8) -> Option<Entry> {
        numbered(&self.sections, number)
    }

    fn entry(&self, info: Info, upper: bool) -> Option<Entry> {
        let plain = self.section(info.section);
        let capital = self.section(info.upper).filter(|_| upper);
        match (plain, capital) {
            (Some(plain), Some(capital)) if plain.level > capital.level => Some(plain),
            (plain, capital) => capital.or(plain),
        }
    }

    /// A word as it stands or in the singular.
    pub(crate) fn find_word(&self, text: &[u8], hash: Hash, info: Info, upper: bool) -> Option<Entry> {
        self.entry(info, upper).or_else(|| {
            if info.roles & roles::KNOWN != 0 || text.last() != Some(&b's') {
                return None;
            }
            let singular = |length: usize, hash: Hash| {
                if length < 3 { None } else { self.entry(self.find(hash), upper && length < 6) }
            };
            let (length, hash) = (text.len() - 1, hash.without(b's'));
            singular(length, hash).or_else(|| {
                let stem = text.strip_suffix(b"es")?;
                singular(stem.len(), hash.without(b'e'))
            })
        })
    }

    /// A word by itself, however it came about: in the singular, or by its ending.
    pub(crate) fn find_text(&self, text: &[u8]) -> Option<Entry> {
        let hash = Hash::of(text);
        let info = self.find(hash);
        let found = self.find_word(text, hash, info, true).filter(|entry| entry.kind.is_some());
        found.or_else(|| endings::find(text, info))
    }

    /// Whether a reviewed grave word may begin with these letters: cheap, and wrong only in saying yes.
    #[inline]
    pub(crate) fn may_begin(&self, hash: Hash) -> bool {
        self.beginnings.may_hold(hash)
    }

    /// How much memory it takes.
    #[cfg(test)]
    pub(crate) const fn bytes(&self) -> usize {
        let sections = size_of::<Entry>() * self.sections.capacity();
        self.table.bytes() + self.fuzzy.bytes() + self.beginnings.bytes() + sections
    }

    /// How many words and phrases are known.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.table.len()
    }

    /// The gravest reviewed word of at least `least` letters that stands somewhere in a run of letters: `yourzoloftisready`.
    pub(crate) fn find_inside(&self, run: &[u8], least: usize) -> Option<(usize, usize, Entry)> {
        let run = run.get(..run.len().min(INSIDE_MAX)).unwrap_or(run);
        let mut best: Option<(usize, usize, Entry)> = None;
        for start in 0..run.len() {
            let mut hash = Hash::EMPTY;
            for (offset, byte) in run.iter().skip(start).enumerate().take(WORD_MAX) {
                work::count(1);
                hash = hash.and(*byte);
                if !self.may_begin(hash) {
                    break;
                }
                let length = offset + 1;
                if length < least {
                    continue;
                }
                let Some(entry) = self.section(self.find(hash).section) else { continue };
                let graver = best.is_none_or(|(s, e, known)| (known.level, e - s) < (entry.level, length));
                if entry.reviewed && entry.kind.is_some() && entry.level >= Level::L3 && graver {
                    best = Some((start, start + length, entry));
                }
            }
        }
        best
    }
}

/// The most letters of a run that are searched, and of a word in it.
const INSIDE_MAX: usize = 120;
const WORD_MAX: usize = 24;

fn section(header: &str, reviewed: bool) -> Option<Entry> {
    let mut words = header.split_whitespace();
    let kind = match words.next()? {
        "clean" => {
            let (upper, open, sure) = (false, false, false);
            return Some(Entry { kind: None, level: Level::L0, category: None, upper, open, sure, reviewed });
        }
        word => Kind::parse(word)?,
    };
    let level = words.next()?.parse().ok()?;
    let category = match words.next()? {
        "-" => None,
        word => Some(word.parse().ok()?),
    };
    let flag = words.next();
    Some(Entry {
        kind: Some(kind),
        level,
        category,
        upper: flag == Some("upper"),
        open: flag == Some("open"),
        sure: flag == Some("sure"),
        reviewed,
    })
}

pub(crate) fn hit(start: usize, end: usize, entry: Entry) -> Option<Hit> {
    Some(Hit {
        start,
        end,
        kind: entry.kind?,
        level: entry.level,
        category: entry.category,
        phi: !entry.open,
        weak: false,
    })
}

/// The lexicon's words and phrases in a text. What belongs to a phrase that is clean is skipped.
pub(crate) fn find(lexicon: &Lexicon, words: &[Word], folded: &Folded<'_>, hits: &mut Vec<Hit>) {
    let mut at = 0;
    while let Some(word) = words.get(at) {
        let silent = is_silent(word, folded);
        if silent && word.info.longest < 2 {
            at += 1;
            continue;
        }
        let found = if word.info.longest > 1 { phrase(lexicon, folded, words, at) } else { None };
        let found = found.filter(|(next, _)| !is_in_row(folded, words, at, *next));
        let found = found.or_else(|| {
            if silent {
                return None;
            }
            let upper = || !folded.shouted && folded.is_upper(word.start, word.end);
            let text = folded.slice(word.start, word.end);
            let entry = lexicon.find_word(text, word.hash, word.info, word.info.upper != 0 && upper());
            let entry = entry.or_else(|| if word.digits == 0 { endings::find(text, word.info) } else { None });
            entry.map(|entry| (at + 1, entry))
        });
        if let Some((next, entry)) = found {
            let end = words.get(next - 1).map_or(word.end, |last| last.end);
            if entry.kind.is_none() {
                at = next;
                continue;
            }
            let label = roles::PLACE | roles::ITEM;
            let before = at.checked_sub(1).and_then(|i| words.get(i));
            let room = word.digits > 0 && before.is_some_and(|w| w.is(label) || is_spot(word, w, folded));
            let counted = word.digits == word.len()
                && (before.is_some_and(|before| is_counter(before, folded)) || is_house_number(words, folded, at));
            // "Corona, CA office": two capitals behind a comma are a state.
            let state = word.len() == 2
                && next == at + 1
                && before
                    .is_some_and(|w| folded.slice(w.end, word.start).starts_with(b",") && folded.is_capital(w.start))
                && folded.is_upper(word.start, word.end);
            // "CP 28002": a postal code.
            let postal = folded.slice(word.start, word.end) == b"cp"
                && words.get(next).is_some_and(|number| number.digits == 5 && number.len() == 5);
            let coded = postal || word.is(roles::PASSCODE) && words.get(next).is_some_and(|number| number.digits > 0);
            // "$1,988.07": part of an amount.
            let amount = word.digits == word.len()
                && word.start.checked_sub(1).and_then(|at| folded.at(at)).is_some_and(|sign| b",.$".contains(&sign))
                && next == at + 1;
            let harmless = amount
                || room
                || counted
                || state
                || coded
                || is_person(words, folded, at)
                || is_venue(words, folded, at, entry);
            // "Dr. Hodgkin's office": a condition's name with what belongs to somebody.
            let owner =
                next == at + 2 && words.get(at + 1).is_some_and(|s| s.len() == 1) && is_person(words, folded, at);
            let told = entry.kind == Some(Kind::Implied) && !entry.sure && speaks_of_things(words, folded, at);
            let otherwise = || contexts::excuse(words, folded, at, next, entry);
            // "Cancer Survivors' Plaza": a phrase before what a place is.
            let plaza = next > at + 1
                && entry.level < Level::L4
                && !folded.shouted
                && folded.is_capital(word.start)
                && words.get(next).is_some_and(|place| {
                    place.is(roles::VENUE | roles::STREET) && folded.is_capital(place.start) && place.start - end <= 2
                });
            if !owner && !told && !plaza && (next > at + 1 || !harmless) && !otherwise() {
                let figure = next == at + 1 && word.is(roles::FIGURATIVE | roles::DOUBTFUL);
                // A turn of speech of everyday words: `numbers look`, `fell down`.
                let everyday = next > at + 1
                    && entry.level < Level::L4
                    && words.get(at..next).is_some_and(|part| part.iter().all(|word| word.info.section == 0));
                let weak = !entry.sure && (figure || everyday);
                hits.extend(hit(word.start, end, entry).map(|hit| Hit { weak, ..hit }));
            }
        }
        at += 1;
    }
}

/// Whether a word says nothing by itself, as far as can be told at once: neither as it stands, nor in the singular, nor by its
/// ending.
#[inline]
fn is_silent(word: &Word, folded: &Folded<'_>) -> bool {
    let ends = || word.digits == 0 && word.len() >= endings::SHORTEST || folded.at(word.end - 1) == Some(b's');
    word.info.quiet || word.info == Info::NONE && !ends()
}

/// Whether the sentence around a word is about a thing of an office or a house: a form that came back, a line that shrank.
pub(crate) fn speaks_of_things(words: &[Word], folded: &Folded<'_>, at: usize) -> bool {
    const WORDS: usize = 9;
    let ends = |a: &Word, b: &Word| folded.slice(a.end, b.start).iter().any(|byte| b".!?\n;".contains(byte));
    let before = words.get(at.saturating_sub(WORDS)..=at).unwrap_or_default();
    let back =
        before.windows(2).rev().take_while(|two| matches!(two, [a, b] if !ends(a, b))).filter_map(|two| two.first());
    let behind = words.get(at..(at + WORDS).min(words.len())).unwrap_or_default();
    let on = behind.windows(2).take_while(|two| matches!(two, [a, b] if !ends(a, b))).filter_map(|two| two.last());
    back.chain(on).any(|word| word.is(roles::OBJECT))
}

/// `in B12`, `at C50`, `cake in b12`: a letter and two digits where something is, not what was measured.
fn is_spot(word: &Word, before: &Word, folded: &Folded<'_>) -> bool {
    const AT: &[&[u8]] = &[
        b"in", b"at", b"to", b"near", b"on", b"en", b"from", b"by", b"a", b"park", b"map", b"table", b"mesa", b"hacia",
        b"behind", b"past",
    ];
    word.len() == 3 && word.digits == 2 && AT.contains(&folded.slice(before.start, before.end))
}

/// "Ref 5150", "order 988": what numbers of things are told by.
fn is_counter(before: &Word, folded: &Folded<'_>) -> bool {
    const COUNTERS: &[&[u8]] =
        &[b"ref", b"reference", b"order", b"ticket", b"confirmation", b"referencia", b"pedido", b"folio"];
    COUNTERS.contains(&folded.slice(before.start, before.end))
}

/// "988 Main Street": a number before the name of a street, in capitals as names are.
fn is_house_number(words: &[Word], folded: &Folded<'_>, at: usize) -> bool {
    let name = words.get(at + 1..(at + 4).min(words.len())).unwrap_or_default();
    let named = name.iter().take_while(|word| folded.is_capital(word.start)).count();
    name.iter().take(named).skip(1).any(|word| word.is(roles::STREET))
}

/// Whether single letters are part of a longer row of them: `C O` in `R E C O R D`.
fn is_in_row(folded: &Folded<'_>, words: &[Word], at: usize, next: usize) -> bool {
    let single = |word: Option<&Word>| word.is_some_and(|word| word.len() == 1);
    let (Some(first), Some(last)) = (words.get(at), next.checked_sub(1).and_then(|i| words.get(i))) else {
        return false;
    };
    let before = at.checked_sub(1).and_then(|i| words.get(i));
    let gap = words.get(at + 1).map_or(b"".as_slice(), |second| folded.slice(first.end, second.start));
    let beside = |a: &Word, b: &Word| gap.len() == 1 && folded.slice(a.end, b.start) == gap;
    first.len() == 1
        && last.len() == 1
        && ((single(before) && before.is_some_and(|before| beside(before, first)))
            || (single(words.get(next)) && words.get(next).is_some_and(|after| beside(last, after))))
}

/// The longest phrase that begins at a word; its words stand in one sentence.
fn phrase(lexicon: &Lexicon, folded: &Folded<'_>, words: &[Word], at: usize) -> Option<(usize, Entry)> {
    let first = words.get(at)?;
    let mut best = None;
    let (mut hash, mut end, mut longest) = (first.hash, first.end, first.info.longest);
    let mut length = 1;
    // Most phrases end at their second word: nothing goes on from there.
    while let Some(word) = words.get(at + length).filter(|_| usize::from(longest) > length) {
        work::count(1);
        let between = folded.slice(end, word.start);
        if !matches!(between, b" " | b"\n") && ends(between) {
            break;
        }
        length += 1;
        let before = hash;
        hash = before.then(word.hash);
        end = word.end;
        let exact = lexicon.find(hash);
        longest = exact.longest;
        let mut info = exact;
        if exact.section | exact.upper == 0 {
            if word.len() <= 3 || folded.at(end - 1) != Some(b's') {
                continue;
            }
            info = lexicon.find(before.then(word.hash.without(b's')));
        }
        let upper = info.upper != 0 && !folded.shouted && folded.is_upper(first.start, end);
        if let Some(entry) = lexicon.entry(info, upper) {
            best = Some((at + length, entry));
        }
    }
    best
}

/// Whether a sentence is one clean phrase, with nothing beside it but whose it is, when and where, and that somebody calls.
pub(crate) fn is_clean(lexicon: &Lexicon, folded: &Folded<'_>, sentence: &[Word]) -> bool {
    const LEAD: &[&str] = &["please", "por", "favor", "your", "our", "the", "su", "nuestro", "nuestra", "el", "la"];
    const TAIL: &[&str] = &[
        "at",
        "on",
        "by",
        "in",
        "a",
        "las",
        "el",
        "la",
        "lo",
        "am",
        "pm",
        "is",
        "expecting",
        "you",
        "can",
        "see",
        "will",
        "call",
        "called",
        "room",
        "espera",
        "llamo",
        "llamara",
    ];
    let is_of = |list: &[&str], word: &Word| {
        let text = folded.slice(word.start, word.end);
        list.iter().any(|listed| listed.as_bytes() == text)
    };
    let lead = sentence.iter().take(3).take_while(|word| is_of(LEAD, word)).count();
    let plain = |word: &Word| word.is(roles::LOGISTICS) || word.digits == word.len() || is_of(TAIL, word);
    (0..=lead).any(|first| {
        phrase(lexicon, folded, sentence, first)
            .is_some_and(|(next, entry)| entry.kind.is_none() && sentence.iter().skip(next).all(plain))
    })
}

/// Whether what stands between two words ends a sentence, as far as phrases are concerned.
fn ends(between: &[u8]) -> bool {
    between.iter().any(|byte| matches!(byte, b'.' | b';' | b'!' | b'?' | b'\n'))
}

/// What stands before a person's name.
const TITLES: &[&[u8]] = &[
    b"dr",
    b"dra",
    b"drs",
    b"doctor",
    b"doctora",
    b"mr",
    b"mrs",
    b"ms",
    b"miss",
    b"sr",
    b"sra",
    b"srta",
    b"enf",
    b"enfermera",
    b"enfermero",
    b"nurse",
    b"lic",
    b"don",
    b"dona",
];

/// Whether a word is a person's name behind a title: Dr. Huntington.
pub(crate) fn is_person(words: &[Word], folded: &Folded<'_>, at: usize) -> bool {
    let Some(word) = words.get(at) else { return false };
    let named = word.is(roles::FAMILY_NAME | roles::FIRST_NAME) && folded.is_capital(word.start);
    let before = |back: usize| at.checked_sub(back).and_then(|index| words.get(index));
    let joined = before(1).is_some_and(|first| {
        first.is(roles::FAMILY_NAME | roles::FIRST_NAME)
            && folded.is_capital(first.start)
            && folded.slice(first.end, word.start) == b"-"
    });
    let titled = before(1).is_some_and(|title| TITLES.contains(&folded.slice(title.start, title.end)));
    let doctor = before(1).is_some_and(|title| matches!(folded.slice(title.start, title.end), b"dr" | b"dra" | b"drs"));
    if ((joined || titled) && folded.is_capital(word.start) && !folded.shouted)
        || (doctor && word.is(roles::FAMILY_NAME))
    {
        return true;
    }
    let called = before(1).is_some_and(|title| title.is(roles::PATIENT)) && word.is(roles::FIRST_NAME);
    if called && folded.is_capital(word.start) {
        return true;
    }
    let after = words.get(at + 1).filter(|next| folded.slice(word.end, next.start) == b" ");
    let is_name = |word: &Word| {
        word.is(roles::FIRST_NAME | roles::FAMILY_NAME)
            && !word.is(roles::NO_NAME | roles::KNOWN)
            && word.info.section == 0
            && folded.is_capital(word.start)
    };
    let earlier = before(1).filter(|first| folded.slice(first.end, word.start) == b" ");
    // "Rita Dolores Sanz", "Dolores Bravo": a first name beside another name.
    if word.is(roles::FIRST_NAME)
        && folded.is_capital(word.start)
        && (after.is_some_and(is_name) || earlier.is_some_and(is_name))
    {
        return true;
    }
    // "Your provider will be Deborah Cushing": a first name before, and somebody who works here.
    let employed = earlier.is_some_and(|first| is_name(first) && first.is(roles::FIRST_NAME))
        && folded.is_capital(word.start)
        && !folded.shouted
        && (2..=8).any(|back| before(back).is_some_and(|job| job.is(roles::JOB)));
    if employed {
        return true;
    }
    named
        && (before(1).is_some_and(|title| title.is(roles::STAFF | roles::GREETING))
            || before(2)
                .is_some_and(|title| title.is(roles::STAFF) && before(1).is_some_and(|w| w.is(roles::FIRST_NAME))))
}

/// Whether a word is part of the name of a street or a house of business: `taquería El Riñón`.
fn is_venue(words: &[Word], folded: &Folded<'_>, at: usize, entry: Entry) -> bool {
    let named = |word: &Word| folded.is_capital(word.start);
    let before = |back: usize| at.checked_sub(back).and_then(|index| words.get(index));
    let after = |on: usize| words.get(at + on).filter(|word| named(word));
    let building = |word: &Word| {
        word.is(roles::VENUE | roles::STREET)
            || matches!(
                folded.slice(word.start, word.end),
                b"building" | b"park" | b"hall" | b"bridge" | b"garage" | b"house"
            )
    };
    let beside = |on: usize| {
        let gap = words
            .get(at + on - 1)
            .zip(words.get(at + on))
            .map_or(b"".as_slice(), |(a, b)| folded.slice(a.end, b.start));
        gap == b" "
    };
    let followed =
        beside(1) && after(1).is_some_and(|word| building(word) || (beside(2) && after(2).is_some_and(building)));
    entry.level < Level::L4
        && !folded.shouted
        && words.get(at).is_some_and(named)
        && (followed
            || before(1).is_some_and(|venue| venue.is(roles::VENUE))
            || (before(1).is_some_and(named) && before(2).is_some_and(|venue| venue.is(roles::VENUE))))
}

/// What a host name is put together with: `hivclinic`, `std-care`.
const HOST_ENDINGS: &[&str] =
    &["clinic", "center", "centre", "care", "health", "help", "test", "testing", "services", "clinica"];

/// The gravest word that stands inside a host name: `suboxoneclinic`, `hivclinic`.
pub(crate) fn inside_host(lexicon: &Lexicon, host: &str) -> Option<Entry> {
    let mut best: Option<Entry> = None;
    let mut take = |entry: Option<Entry>| {
        if let Some(entry) = entry.filter(|entry| entry.level >= Level::L3)
            && best.is_none_or(|known| (known.level, known.category) < (entry.level, entry.category))
        {
            best = Some(entry);
        }
    };
    for label in host.split(|c: char| !c.is_ascii_alphanumeric()) {
        take(lexicon.find_inside(label.as_bytes(), 6).map(|(.., entry)| entry));
        for head in HOST_ENDINGS.iter().filter_map(|ending| label.strip_suffix(ending)) {
            for start in 0..head.len() {
                let tail = head.as_bytes().get(start..).unwrap_or_default();
                if (3..6).contains(&tail.len()) {
                    take(lexicon.section(lexicon.find(Hash::of(tail)).section).filter(|entry| entry.kind.is_some()));
                }
            }
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_files_are_as_their_headers_say() {
        let lexicon = load(REVIEWED, GENERATED, ROLES).expect("readable");
        assert!(lexicon.len() > 20_000, "{}", lexicon.len());
        for entry in &lexicon.sections {
            assert_eq!(entry.category.is_some(), entry.level == Level::L4, "{entry:?}");
        }
        for data in REVIEWED.iter().chain(GENERATED).chain(ROLES) {
            for line in lines(data) {
                assert!(line.is_ascii(), "{line}");
                assert!(
                    line.starts_with('=') || line.bytes().all(|b| !b.is_ascii_uppercase()) || !line.contains("xx"),
                    "{line}"
                );
            }
        }
    }

    #[test]
    fn data_that_is_not_understood_is_refused_as_a_whole() {
        for bad in ["= medicine L3 -\naspirin", "= medication L9 -\naspirin", "aspirin"] {
            assert!(load(&[bad], &[], &[]).is_none(), "{bad}");
        }
        assert!(load(&[], &[], &["= nonsense\nword"]).is_none());
    }
}
