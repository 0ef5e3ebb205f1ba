//! The words by which people say what a test or a measurement came out as: one list of each kind, `data/outcomes.txt`, for whoever looks for them.

use std::sync::LazyLock;

/// A list of `data/outcomes.txt`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum List {
    /// Whose it is.
    Owners,
    /// Whose it is, before an apostrophe: `today's reading`.
    Whose,
    /// What may stand before the measurement.
    Newest,
    /// What is measured, where it is somebody's.
    Measured,
    /// What is measured where a verb of `turned` follows: `your number came back at 9.2`, and no number of a queue.
    Numbers,
    /// What comes of a test.
    Results,
    /// What is tested or done to test, in words that name no test.
    Tested,
    /// When it was measured.
    Day,
    /// What joins it with how it came out.
    Came,
    /// The same, of what came back or moved.
    Turned,
    /// The same, of a test that shows it.
    Shows,
    /// What may stand between the two.
    Between,
    /// How it came out.
    Out,
    /// How a test came out, that says so of no measurement: `your test is back`.
    Back,
    /// What is meant where a level is a storey's and a score a game's.
    Things,
    /// What a number is counted in where it says when.
    Time,
    /// What is said of a result before it is named: `good news about your test`.
    News,
    /// Who found or saw.
    WeFound,
    /// What was found, without its name.
    Something,
    /// What says that something was found, beside an illness or a test.
    Finds,
    /// What says how a test came out, beside its name.
    Reads,
    /// What says that the patient has what is named right after it.
    Has,
    /// What may stand between the name of a test and its value.
    Toward,
    /// What asks for a test to be made again.
    Again,
}

impl List {
    /// Every list.
    const ALL: [Self; 24] = [
        Self::Owners,
        Self::Whose,
        Self::Newest,
        Self::Measured,
        Self::Numbers,
        Self::Results,
        Self::Tested,
        Self::Day,
        Self::Came,
        Self::Turned,
        Self::Shows,
        Self::Between,
        Self::Out,
        Self::Back,
        Self::Things,
        Self::Time,
        Self::News,
        Self::WeFound,
        Self::Something,
        Self::Finds,
        Self::Reads,
        Self::Has,
        Self::Toward,
        Self::Again,
    ];

    /// Its name in the file.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Owners => "owners",
            Self::Whose => "whose",
            Self::Newest => "newest",
            Self::Measured => "measured",
            Self::Numbers => "numbers",
            Self::Results => "results",
            Self::Tested => "tested",
            Self::Day => "day",
            Self::Came => "came",
            Self::Turned => "turned",
            Self::Shows => "shows",
            Self::Between => "between",
            Self::Out => "out",
            Self::Back => "back",
            Self::Things => "things",
            Self::Time => "time",
            Self::News => "news",
            Self::WeFound => "we_found",
            Self::Something => "something",
            Self::Finds => "finds",
            Self::Reads => "reads",
            Self::Has => "has",
            Self::Toward => "toward",
            Self::Again => "again",
        }
    }

    /// Its words, folded, of both languages.
    #[must_use]
    pub fn words(self) -> &'static [&'static str] {
        WORDS.get(self as usize).map_or(&[], Vec::as_slice)
    }

    /// Whether it holds `word`, which is folded.
    #[must_use]
    pub fn has(self, word: &str) -> bool {
        self.words().contains(&word)
    }

    /// Whether it holds a word, given as it stands in a folded text.
    pub(crate) fn holds(self, word: &[u8]) -> bool {
        self.words().iter().any(|listed| listed.as_bytes() == word)
    }
}

static WORDS: LazyLock<[Vec<&'static str>; List::ALL.len()]> =
    LazyLock::new(|| List::ALL.map(|list| read(include_str!("../data/outcomes.txt"), list.as_str())));

/// The words of the list `name`.
fn read(text: &'static str, name: &str) -> Vec<&'static str> {
    let mut open = false;
    let mut words = Vec::new();
    for line in text.lines() {
        match line.strip_prefix("= ") {
            Some(list) => open = list == name,
            None if open => words.extend(entries(line)),
            None => {}
        }
    }
    words
}

/// The entries of a line behind its language; none of a comment.
fn entries(line: &'static str) -> impl Iterator<Item = &'static str> {
    let (_, entries) = line.split_once(": ").filter(|(language, _)| language.len() == 2).unwrap_or_default();
    entries.split(',').map(str::trim).filter(|entry| !entry.is_empty())
}

#[cfg(test)]
mod tests {
    use super::List;

    #[test]
    fn every_list_has_words_and_every_word_a_list() {
        let text = include_str!("../data/outcomes.txt");
        let lists: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("= ")).collect();
        assert_eq!(lists, List::ALL.map(List::as_str));
        for list in List::ALL {
            assert!(!list.words().is_empty(), "{list:?}");
            assert!(list.words().iter().all(|word| word.is_ascii() && *word == word.to_lowercase()), "{list:?}");
        }
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with(['#', '=']));
        for line in lines {
            assert!(line.starts_with("en: ") || line.starts_with("es: "), "{line}");
        }
        let words: usize = List::ALL.iter().map(|list| list.words().len()).sum();
        let written: usize =
            text.lines().filter(|line| line.starts_with("e")).map(|line| line.split(',').count()).sum();
        assert_eq!(words, written);
    }

    #[test]
    fn no_word_stands_twice_in_its_list() {
        for list in List::ALL {
            let mut words = list.words().to_vec();
            words.sort_unstable();
            words.dedup();
            assert_eq!(words.len(), list.words().len(), "{list:?}");
        }
    }
}
