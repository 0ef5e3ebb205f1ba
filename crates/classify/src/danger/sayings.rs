//! The table of sayings (`data/danger.tsv`), and how a text is held against it.

use super::readings::{Word, squeeze};
use std::collections::{BTreeMap, HashMap};

/// A word of the table.
pub(super) type WordId = usize;

/// house: words run together that are taken apart at most, and how long they are.
const PARTS: usize = 8;
const LONGEST_RUN: usize = 40;
/// What a `*` stands for at most, in words; `**` for as many again and one.
const GAP: usize = 2;

/// What stands at one place of a saying.
#[derive(Debug, Clone)]
enum Slot {
    /// One of these words; of some also a misspelling. It may be left out.
    Word { one_of: Vec<WordId>, misspelt: Vec<WordId>, optional: bool },
    /// Up to so many words of any kind.
    Gap(usize),
    /// A number.
    Number,
    /// The end of a sentence.
    End,
}

#[derive(Debug)]
struct Saying {
    slots: Vec<Slot>,
}

/// The whole table.
#[derive(Debug, Default)]
pub(super) struct Sayings {
    words: HashMap<String, WordId>,
    /// Each word as it stands in the table, and as it is compared.
    spelt: Vec<(String, String)>,
    clean: Said,
    danger: Said,
}

/// Sayings, and which of them may begin with a word; those that may begin with anything are under no word.
#[derive(Debug, Default)]
struct Said {
    all: Vec<Saying>,
    first: HashMap<Option<WordId>, Vec<usize>>,
}

impl Said {
    fn add(&mut self, slots: Vec<Slot>) {
        let nth = self.all.len();
        match slots.first() {
            Some(Slot::Word { one_of, optional: false, .. }) => {
                for id in one_of {
                    self.first.entry(Some(*id)).or_default().push(nth);
                }
            }
            _ => self.first.entry(None).or_default().push(nth),
        }
        self.all.push(Saying { slots });
    }

    /// Where the sayings end that begin with the word at `at`.
    fn ends<'s>(&'s self, words: &'s [Option<&Word>], at: usize, across: bool) -> impl Iterator<Item = usize> + 's {
        let word = words.get(at).copied().flatten();
        let ids = word.into_iter().flat_map(|word| word.is.iter().chain(&word.near).map(|id| Some(*id)).chain([None]));
        let sayings = ids.filter_map(|id| self.first.get(&id)).flatten().filter_map(|nth| self.all.get(*nth));
        sayings.filter_map(move |saying| walk(&saying.slots, words, (at, at), across))
    }
}

impl Sayings {
    /// Reads the table. A row or a group that is not understood is left out, and the test of the table fails.
    pub(super) fn read(table: &str) -> Self {
        let rows = || {
            let lines = table.lines().filter(|line| !line.starts_with('#')).skip(1);
            lines.filter_map(|line| {
                let mut columns = line.split('\t');
                Some((columns.next()?, columns.next()?, columns.next()?))
            })
        };
        let mut groups = BTreeMap::new();
        for (_, name, words) in rows().filter(|(kind, ..)| *kind == "group") {
            groups.insert(format!("<{name}>"), words.replace(", ", "/"));
        }
        let mut all = Self::default();
        for (kind, _, words) in rows().filter(|(kind, ..)| *kind != "group") {
            for saying in words.split(',').map(str::trim).filter(|saying| !saying.is_empty()) {
                let slots = saying.split_whitespace().map(|slot| all.slot(slot, &groups)).collect();
                if kind == "clean" { all.clean.add(slots) } else { all.danger.add(slots) }
            }
        }
        all
    }

    fn slot(&mut self, text: &str, groups: &BTreeMap<String, String>) -> Slot {
        match text {
            "*" => return Slot::Gap(GAP),
            "**" => return Slot::Gap(2 * GAP + 1),
            "#" => return Slot::Number,
            "$" => return Slot::End,
            _ => {}
        }
        let optional = text.ends_with('?');
        let (mut one_of, mut misspelt) = (Vec::new(), Vec::new());
        for part in text.trim_end_matches('?').split('/') {
            for word in groups.get(part).map_or(part, String::as_str).split('/') {
                let known = word.trim_end_matches('~');
                let id = self.word(known);
                one_of.push(id);
                if known.len() < word.len() {
                    misspelt.push(id);
                }
            }
        }
        Slot::Word { one_of, misspelt, optional }
    }

    fn word(&mut self, word: &str) -> WordId {
        let squeezed = if word.bytes().all(|byte| byte.is_ascii_digit()) { word.to_owned() } else { squeeze(word) };
        let next = self.spelt.len();
        let id = *self.words.entry(squeezed.clone()).or_insert(next);
        if id == next {
            self.spelt.push((word.to_owned(), squeezed));
        }
        id
    }

    /// Whether `word`, folded, is one of the table.
    pub(super) fn has(&self, word: &str) -> bool {
        self.words.contains_key(word)
    }

    /// The words of the table that `word` is, and those that it may be, misspelt.
    pub(super) fn known(&self, word: &str) -> (Vec<WordId>, Vec<WordId>) {
        if let Some(id) = self.words.get(word) {
            return (vec![*id], Vec::new());
        }
        let near = self.spelt.iter().enumerate().filter(|(_, (_, known))| is_near(known, word));
        (Vec::new(), near.map(|(id, _)| id).collect())
    }

    /// The same of a word in which stars hide letters.
    pub(super) fn hidden(&self, word: &str) -> (Vec<WordId>, Vec<WordId>) {
        let fits = |known: &str| {
            known.chars().count() == word.chars().count()
                && known.chars().zip(word.chars()).all(|(one, other)| other == '*' || one == other)
        };
        let all = self.spelt.iter().enumerate().filter(|(_, (known, _))| fits(known));
        (all.map(|(id, _)| id).collect(), Vec::new())
    }

    /// `run` as words of the table, as few as there are; empty = it is none.
    pub(super) fn apart(&self, run: &str) -> Vec<String> {
        if !(5..=LONGEST_RUN).contains(&run.len()) || !run.is_ascii() {
            return Vec::new();
        }
        // The fewest words that make up the first so many letters.
        let mut best: Vec<Option<Vec<&str>>> = vec![Some(Vec::new())];
        for end in 1..=run.len() {
            let mut found: Option<Vec<&str>> = None;
            for start in 0..end {
                let (Some(Some(before)), Some(part)) = (best.get(start), run.get(start..end)) else { continue };
                let long_enough = part.len() >= 2 || part == "i";
                let fewer = found.as_ref().is_none_or(|found| before.len() + 1 < found.len());
                if long_enough && fewer && before.len() < PARTS && self.has(&squeeze(part)) {
                    let mut with = before.clone();
                    with.push(part);
                    found = Some(with);
                }
            }
            best.push(found);
        }
        let parts = best.pop().flatten().unwrap_or_default();
        parts.into_iter().map(str::to_owned).collect()
    }

    /// Whether one of the sayings is in `words`, once what only sounds like one is taken out.
    pub(super) fn are_in(&self, words: &[Word]) -> bool {
        let words = self.without_clean(words);
        (0..words.len()).any(|at| self.danger.ends(&words, at, true).next().is_some())
    }

    /// The words, with nothing where something was said that only sounds like danger.
    fn without_clean<'w>(&self, words: &'w [Word]) -> Vec<Option<&'w Word>> {
        let all: Vec<Option<&Word>> = words.iter().map(Some).collect();
        let mut left = all.clone();
        for at in 0..all.len() {
            for end in self.clean.ends(&all, at, false) {
                left.iter_mut().take(end).skip(at).for_each(|word| *word = None);
            }
        }
        left
    }
}

/// Where the words from `at` on end that say `slots`, if they do. What is danger may be said across sentences; what only sounds like it may
/// not. `from` is where the saying began.
fn walk(slots: &[Slot], words: &[Option<&Word>], (from, at): (usize, usize), across: bool) -> Option<usize> {
    let Some((slot, rest)) = slots.split_first() else { return Some(at) };
    let here = words.get(at);
    let begins = at > from && here.is_none_or(|word| word.is_none_or(|word| word.begins));
    let word = here.copied().flatten().filter(|_| across || !begins);
    let step = |taken: bool| taken.then(|| walk(rest, words, (from, at + 1), across)).flatten();
    match slot {
        Slot::End => begins.then(|| walk(rest, words, (from, at), across)).flatten(),
        Slot::Number => step(word.is_some_and(|word| word.number)),
        Slot::Word { one_of, misspelt, optional } => {
            let said = word.is_some_and(|word| {
                word.is.iter().any(|id| one_of.contains(id)) || word.near.iter().any(|id| misspelt.contains(id))
            });
            step(said).or_else(|| optional.then(|| walk(rest, words, (from, at), across)).flatten())
        }
        Slot::Gap(most) => (0..=*most)
            .take_while(|skipped| words.iter().skip(at).take(*skipped).all(Option::is_some))
            .find_map(|skipped| walk(rest, words, (from, at + skipped), across)),
    }
}

/// One slip in words of five letters or more, two from nine on (optimal string alignment), where the first letter is right.
fn is_near(known: &str, said: &str) -> bool {
    let slips = match known.len() {
        0..5 => return false,
        5..9 => 1,
        _ => 2,
    };
    known.chars().next() == said.chars().next()
        && known.len().abs_diff(said.len()) <= slips
        && apart(known, said) <= slips
}

fn apart(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let width = other.len() + 1;
    let mut rows: Vec<Vec<usize>> = vec![(0..width).collect()];
    let cell = |rows: &[Vec<usize>], row: usize, column: usize| {
        rows.get(row).and_then(|row| row.get(column)).copied().unwrap_or(usize::MAX / 2)
    };
    for row in 1..=one.len() {
        rows.push(vec![row]);
        for column in 1..width {
            let same = one.get(row - 1) == other.get(column - 1);
            let turned = row > 1
                && column > 1
                && one.get(row - 1) == other.get(column - 2)
                && one.get(row - 2) == other.get(column - 1);
            let mut least = (cell(&rows, row - 1, column) + 1)
                .min(cell(&rows, row, column - 1) + 1)
                .min(cell(&rows, row - 1, column - 1) + usize::from(!same));
            if turned {
                least = least.min(cell(&rows, row - 2, column - 2) + 1);
            }
            if let Some(last) = rows.last_mut() {
                last.push(least);
            }
        }
    }
    cell(&rows, one.len(), width - 1)
}
