//! Words that tell care content, from `data/lexicon.txt`.

use crate::fold::Folded;
use crate::text::{Word, Words};
use crate::{ClassifierError, Hit, Kind, Level};
use postern_base::Category;
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

const DATA: &str = include_str!("../data/lexicon.txt");

#[derive(Debug, Clone, Copy)]
struct Entry {
    kind: Kind,
    level: Level,
    category: Option<Category>,
    /// Only in capitals.
    upper: bool,
}

struct Lexicon {
    /// By phrase: words with one space between them.
    entries: HashMap<String, Vec<Entry>>,
    /// The most words in a phrase that begins with this word.
    longest: HashMap<String, usize>,
    /// Phrases of one word that are L3 or L4 and not abbreviations.
    grave: Vec<(String, Entry)>,
    /// The first three letters of the long ones among them.
    beginnings: HashSet<[u8; 3]>,
}

static LEXICON: LazyLock<Option<Lexicon>> = LazyLock::new(|| load(DATA));

/// `None` when the data is not as its header says: then nothing can be judged.
fn load(data: &str) -> Option<Lexicon> {
    let mut lexicon =
        Lexicon { entries: HashMap::new(), longest: HashMap::new(), grave: Vec::new(), beginnings: HashSet::new() };
    let mut current = None;
    for line in data.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(header) = line.strip_prefix('=') {
            let mut words = header.split_whitespace();
            let kind = Kind::parse(words.next()?)?;
            let level = words.next()?.parse().ok()?;
            let category = match words.next()? {
                "-" => None,
                word => Some(word.parse().ok()?),
            };
            current = Some(Entry { kind, level, category, upper: words.next() == Some("upper") });
            continue;
        }
        let entry = current?;
        for phrase in line.split(',').map(str::trim).filter(|phrase| !phrase.is_empty()) {
            lexicon.add(phrase, entry);
        }
    }
    Some(lexicon)
}

impl Lexicon {
    fn add(&mut self, phrase: &str, entry: Entry) {
        let words: Vec<String> = Words::of(&Folded::new(phrase)).list.into_iter().map(|word| word.text).collect();
        let Some(first) = words.first() else { return };
        let longest = self.longest.entry(first.clone()).or_default();
        *longest = (*longest).max(words.len());
        if let ([only], Level::L3 | Level::L4, false) = (words.as_slice(), entry.level, entry.upper) {
            self.grave.push((only.clone(), entry));
            if only.len() >= SPLIT {
                self.beginnings.extend(only.as_bytes().first_chunk::<3>());
            }
        }
        self.entries.entry(words.join(" ")).or_default().push(entry);
    }

    fn find(&self, phrase: &str, upper: bool) -> Option<Entry> {
        let entries = self.entries.get(phrase)?;
        entries.iter().filter(|entry| upper || !entry.upper).max_by_key(|entry| entry.level).copied()
    }

    /// A word or its singular.
    fn find_word(&self, text: &str, upper: bool) -> Option<Entry> {
        let singular = |ending: &str| text.strip_suffix(ending).filter(|stem| stem.len() >= 3);
        self.find(text, upper)
            .or_else(|| singular("s").and_then(|stem| self.find(stem, upper)))
            .or_else(|| singular("es").and_then(|stem| self.find(stem, upper)))
    }
}

impl Lexicon {
    /// A word that stands somewhere in a run of spelled letters, whose own boundaries are lost: `y o u r z o l o f t`.
    fn find_in_run(&self, run: &Word) -> Option<Entry> {
        if !run.spelled || run.text.len() < 6 {
            return None;
        }
        let stands = |phrase: &str| match phrase.len() {
            5.. => run.text.contains(phrase),
            3.. => run.text.ends_with(phrase),
            _ => false,
        };
        let found = self.grave.iter().filter(|(phrase, _)| stands(phrase)).map(|(_, entry)| *entry);
        found.max_by_key(|entry| entry.level)
    }

    /// One word in two: `metf ormin`.
    fn find_split(&self, first: &Word, second: &Word) -> Option<Entry> {
        let begins = first.text.as_bytes().first_chunk::<3>().is_none_or(|three| self.beginnings.contains(three));
        if !begins || first.text.len() + second.text.len() < SPLIT {
            return None;
        }
        let both = format!("{}{}", first.text, second.text);
        self.find(&both, false).filter(|entry| entry.level >= Level::L3)
    }
}

/// The shortest word that is looked for in two parts.
const SPLIT: usize = 7;

/// The lexicon's words in a text.
pub(crate) fn find(words: &Words, folded: &Folded, hits: &mut Vec<Hit>) -> Result<(), ClassifierError> {
    let lexicon = LEXICON.as_ref().ok_or(ClassifierError::NotReady)?;
    for (at, word) in words.list.iter().enumerate() {
        if let Some((end, entry)) = phrase(lexicon, folded, words.list.get(at..).unwrap_or_default()) {
            hits.push(hit(word.start, end, entry));
        }
        if let Some(next) = words.list.get(at + 1).filter(|next| folded.slice(word.end, next.start) == b" ") {
            hits.extend(lexicon.find_split(word, next).map(|entry| hit(word.start, next.end, entry)));
        }
        for reading in &word.also {
            if let Some(entry) = lexicon.find_word(reading, false) {
                hits.push(hit(word.start, word.end, entry));
            }
        }
    }
    for word in &words.joined {
        let readings = word.also.iter().chain([&word.text]);
        let found = readings.filter_map(|text| lexicon.find_word(text, true)).max_by_key(|entry| entry.level);
        // Three letters together are an initialism more often than a disguise: only what is gravest counts.
        let found = found.filter(|entry| word.text.len() >= 4 || entry.level == Level::L4);
        if let Some(entry) = found.or_else(|| lexicon.find_in_run(word)) {
            hits.push(hit(word.start, word.end, entry));
        }
    }
    Ok(())
}

const fn hit(start: usize, end: usize, entry: Entry) -> Hit {
    Hit { start, end, kind: entry.kind, level: entry.level, category: entry.category, phi: true }
}

/// The longest phrase that begins at the first of `words`; its words stand in one sentence.
fn phrase(lexicon: &Lexicon, folded: &Folded, words: &[Word]) -> Option<(usize, Entry)> {
    let first = words.first()?;
    let mut best =
        lexicon.find_word(&first.text, folded.is_upper(first.start, first.end)).map(|entry| (first.end, entry));
    let longest = lexicon.longest.get(&first.text).copied().unwrap_or(1);
    let mut text = first.text.clone();
    let mut end = first.end;
    for word in words.iter().skip(1).take(longest.saturating_sub(1)) {
        if folded.slice(end, word.start).iter().any(|b| b".;!?\n".contains(b)) {
            break;
        }
        text.push(' ');
        text.push_str(&word.text);
        end = word.end;
        if let Some(entry) = lexicon.find_word(&text, folded.is_upper(first.start, end)) {
            best = Some((end, entry));
        }
    }
    best
}

/// What a host name is put together with: `hivclinic`, `std-care`.
const HOST_ENDINGS: &[&str] =
    &["clinic", "center", "centre", "care", "health", "help", "test", "testing", "services", "clinica"];

/// The gravest word that stands inside a host name: `suboxoneclinic`, `hivclinic`.
pub(crate) fn inside(host: &str) -> Result<Option<(Kind, Level, Option<Category>)>, ClassifierError> {
    let lexicon = LEXICON.as_ref().ok_or(ClassifierError::NotReady)?;
    let labels = || host.split(|c: char| !c.is_ascii_alphanumeric());
    let heads = || labels().flat_map(|label| HOST_ENDINGS.iter().filter_map(move |ending| label.strip_suffix(ending)));
    let stands = |phrase: &str| match phrase.len() {
        6.. => labels().any(|label| label.contains(phrase)),
        3.. => heads().any(|head| head.ends_with(phrase)),
        _ => false,
    };
    let grave = lexicon.grave.iter().filter(|(phrase, _)| stands(phrase)).map(|(_, entry)| entry);
    Ok(grave.max_by_key(|entry| (entry.level, entry.category)).map(|entry| (entry.kind, entry.level, entry.category)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_file_is_as_its_header_says() {
        let lexicon = load(DATA).expect("readable");
        assert!(lexicon.entries.len() > 1000, "{}", lexicon.entries.len());
        for (phrase, entries) in &lexicon.entries {
            for entry in entries {
                assert_eq!(entry.category.is_some(), entry.level == Level::L4, "{phrase}");
                assert!(phrase.len() > 1, "{phrase}");
            }
        }
    }

    #[test]
    fn data_that_is_not_understood_is_refused_as_a_whole() {
        assert!(load("= medicine L3 -\naspirin").is_none());
        assert!(load("= medication L9 -\naspirin").is_none());
        assert!(load("aspirin").is_none());
    }
}
