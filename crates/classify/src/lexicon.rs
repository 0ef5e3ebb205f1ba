//! The lexicon: words and phrases that say what care is about, from `data/lexicon.tsv`.
//!
//! Matching is by whole words on folded text: a phrase is a sequence of words, whatever stands between them. The longest
//! phrase wins. A plural in `s` or `es` matches its singular.

use crate::fold::Folded;
use crate::{ClassifierError, Kind, Span};
use postern_base::{Category, Level};
use std::collections::HashMap;
use std::sync::OnceLock;

const DATA: &str = include_str!("../data/lexicon.tsv");

/// One row: the words after the first, and what they mean.
#[derive(Debug)]
struct Term {
    rest: Vec<&'static str>,
    kind: Kind,
    level: Level,
    category: Option<Category>,
}

type Lexicon = HashMap<&'static str, Vec<Term>>;

fn lexicon() -> Result<&'static Lexicon, ClassifierError> {
    static PARSED: OnceLock<Option<Lexicon>> = OnceLock::new();
    PARSED.get_or_init(|| parse(DATA)).as_ref().ok_or(ClassifierError::Damaged)
}

/// Reads `kind TAB level TAB category|- TAB terms, separated by commas`; `#` begins a comment line.
fn parse(data: &'static str) -> Option<Lexicon> {
    let mut lexicon = Lexicon::new();
    for line in data.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let mut fields = line.split('\t');
        let kind: Kind = fields.next()?.parse().ok()?;
        let level: Level = fields.next()?.parse().ok()?;
        let category = match fields.next()? {
            "-" => None,
            word => Some(word.parse().ok()?),
        };
        for term in fields.next()?.split(',') {
            let mut words = words(term).map(|(_, _, word)| word);
            let first = words.next()?;
            lexicon.entry(first).or_default().push(Term { rest: words.collect(), kind, level, category });
        }
    }
    for terms in lexicon.values_mut() {
        terms.sort_by_key(|term| std::cmp::Reverse(term.rest.len()));
    }
    Some(lexicon)
}

/// The words of `text` with their byte ranges. Letters and digits make words; a hyphen or apostrophe between them ends one.
fn words(text: &str) -> impl Iterator<Item = (usize, usize, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = text.get(at..)?;
        let start = at + rest.find(|c: char| c.is_ascii_alphanumeric())?;
        let tail = text.get(start..)?;
        let len = tail.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(tail.len());
        at = start + len;
        text.get(start..at).map(|word| (start, start + len, word))
    })
}

/// Every term of the lexicon in `folded`.
pub(crate) fn find(folded: &Folded) -> Result<Vec<Span>, ClassifierError> {
    let lexicon = lexicon()?;
    let words: Vec<(usize, usize, &str)> = words(&folded.text).collect();
    let mut spans = Vec::new();
    let mut at = 0;
    while let Some((start, _, word)) = words.get(at) {
        let following = words.get(at + 1..).unwrap_or(&[]);
        let found = singulars(word)
            .filter_map(|word| lexicon.get(word))
            .flatten()
            .find(|term| matches(term, following))
            .map(|term| (term, term.rest.len()));
        if let Some((term, more)) = found {
            let end = words.get(at + more).map_or(*start, |(_, end, _)| *end);
            let (start, end) = folded.original(*start, end);
            spans.push(Span { start, end, kind: term.kind, level: term.level, category: term.category });
            at += more;
        }
        at += 1;
    }
    Ok(spans)
}

fn matches(term: &Term, following: &[(usize, usize, &str)]) -> bool {
    term.rest.len() <= following.len()
        && term.rest.iter().zip(following).all(|(want, (_, _, word))| singulars(word).any(|word| word == *want))
}

/// `word` itself, and without a plural ending.
fn singulars(word: &str) -> impl Iterator<Item = &str> {
    let stem = |ending: &str| word.strip_suffix(ending).filter(|stem| stem.len() >= 4);
    [Some(word), stem("s"), stem("es")].into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lexicon_is_well_formed_folded_and_without_repeats() {
        let lexicon = parse(DATA).unwrap();
        let mut seen = std::collections::HashSet::new();
        for (first, terms) in &lexicon {
            for term in terms {
                assert!(seen.insert((first, term.rest.clone())), "twice: {first} {:?}", term.rest);
                assert!(
                    term.category.is_none() || term.level == Level::L4,
                    "{first} {:?}: a category is L4",
                    term.rest
                );
            }
        }
        assert!(seen.len() > 500, "{} terms", seen.len());
        for line in DATA.lines().filter(|line| !line.starts_with('#')) {
            assert_eq!(crate::fold::fold(line).text, line.to_ascii_lowercase().as_str(), "rows are written folded");
        }
    }
}
