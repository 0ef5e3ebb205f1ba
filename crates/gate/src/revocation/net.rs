//! A second net under the reading of replies: a small linear model that holds what the rules heard nothing in, and that sounds as if it
//! asked to stop, came from a stranger, or was written in a language that nobody has taught the rules.
//!
//! 47 CFR 64.1200(a)(10): a patient may revoke in any reasonable way, so no list of ways is ever whole. The net holds, until a person
//! has read the reply, and lets go what the rules have no more than a doubt of; it revokes nothing, and what the rules heard stands.
//! `net/training.rs` trains it; docs/decisions/0035 and 0036 say why so, docs/replies.md how well.

use super::Doubt;
use super::normal::Normal;
use crate::reference::HARMLESS_REPLIES;
use postern_net::Net;
use std::collections::BTreeSet;
use std::sync::LazyLock;

#[cfg(test)]
mod training;

/// Of each hashed feature two signed bytes: how much it speaks for another language, and for a wish to be left alone.
static WEIGHTS: &[u8; 2 * postern_net::FEATURES] = include_bytes!("../../data/net.bin");

/// From this score on a passage is in another language.
const FOREIGN: f32 = 0.0;
/// From this score on English and Spanish are held: chosen by what is held of harmless replies that were not trained from.
const UNWANTED: f32 = 0.35;
/// Below these scores a reply in English or Spanish asks for nothing, although the rules doubt it for a word, or for the turn of a sentence.
const LET_GO: f32 = -0.4;
const LET_GO_TURNED: f32 = -0.8;
/// Below this score a reply in another language asks for nothing, as far as the net has seen that language.
const HARMLESS: f32 = -0.5;

/// The most words that are judged together, the longest that is judged as one, and how far behind a passage's beginning the next begins.
const WORDS_MAX: usize = 48;
const LETTERS_MAX: usize = 32;
const STEP: usize = WORDS_MAX / 2;
/// Fewer letters than this tell no language.
const LETTERS_MIN: usize = 6;
/// As many pictures and question marks are looked at.
const SIGNS_MAX: usize = 6;

/// Whether a person should read `text`, in which the rules heard nothing.
pub(super) fn holds(text: &str) -> bool {
    let seen = Seen::new(text);
    !seen.is_harmless() && seen.passages().any(|words| scores(words).hold(words, seen.is_of_another_script()))
}

/// Whether nothing is said but yes, no, thanks, a greeting, a number, in whatever language.
pub(super) fn is_harmless(text: &str) -> bool {
    Seen::new(text).is_harmless()
}

/// Whether `text`, of which the rules have no more than a `doubt`, asks for nothing: in English or Spanish, and in every passage far from
/// all that asks to be left alone.
pub(super) fn lets_go(text: &str, doubt: Doubt) -> bool {
    let seen = Seen::new(text);
    !seen.is_of_another_script() && seen.passages().all(|words| scores(words).let_go(words, doubt))
}

/// A reply as the net sees it.
struct Seen {
    /// The normalised text.
    text: String,
    /// Its words with every digit as 0, and behind them its pictures and question marks.
    words: Vec<String>,
    /// Whether pictures are among them.
    pictures: bool,
}

impl Seen {
    fn new(text: &str) -> Self {
        let normal = Normal::new(text).text;
        let shape = |c: &char| if c.is_ascii_digit() { '0' } else { *c };
        let mut words = Vec::new();
        for word in normal.split(' ').filter(|word| !word.is_empty()) {
            let letters: Vec<char> = word.chars().collect();
            words.extend(letters.chunks(LETTERS_MAX).map(|piece| piece.iter().map(shape).collect::<String>()));
        }
        words.extend(text.chars().filter(|c| *c == '?' || is_picture(*c)).take(SIGNS_MAX).map(String::from));
        Self { text: normal, words, pictures: text.chars().any(is_picture) }
    }

    /// Whether a third of the letters or more belong to no Latin alphabet: English and Spanish are not written so.
    fn is_of_another_script(&self) -> bool {
        let letters = || self.text.chars().filter(|c| c.is_alphabetic());
        letters().filter(|c| !is_latin(*c)).count().saturating_mul(3) >= letters().count().max(1)
    }

    /// Whether nothing is said but yes, no, thanks, a greeting, a number, in whatever language.
    fn is_harmless(&self) -> bool {
        let mut rest = self.text.as_str();
        while !self.pictures && !rest.is_empty() {
            let Some(end) = harmless_beginning(rest) else { return false };
            rest = rest.get(end..).unwrap_or_default().trim_start();
        }
        !self.pictures
    }

    /// The passages that are judged, each by itself: what a long text says once must not drown in the rest.
    fn passages(&self) -> impl Iterator<Item = &[String]> {
        let starts = (0..self.words.len()).step_by(STEP);
        starts
            .filter(|start| *start == 0 || start.saturating_add(STEP) < self.words.len())
            .filter_map(|start| self.words.get(start..self.words.len().min(start.saturating_add(WORDS_MAX))))
    }
}

/// Whether `c` is a picture that people answer with.
const fn is_picture(c: char) -> bool {
    matches!(c, '\u{2600}'..='\u{27bf}' | '\u{1f300}'..='\u{1faff}')
}

/// Whether `c` is a letter of a Latin alphabet.
const fn is_latin(c: char) -> bool {
    matches!(c, '\0'..='\u{24f}' | '\u{1e00}'..='\u{1eff}' | '\u{2c60}'..='\u{2c7f}' | '\u{a720}'..='\u{a7ff}')
}

/// Whether words are written one behind the other without a space in the script of `c`: Thai, Lao, Burmese, Khmer, Japanese, Chinese.
const fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{3040}'..='\u{9fff}')
}

/// The harmless answers, normalised.
static ANSWERS: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let all = HARMLESS_REPLIES.iter().flat_map(|row| row.words.split(", "));
    all.map(|words| Normal::new(words).text).filter(|words| !words.is_empty()).collect()
});

/// Where the longest harmless answer, or a number, ends that `text`, normalised, begins with.
fn harmless_beginning(text: &str) -> Option<usize> {
    /// No answer of the table is longer, in bytes.
    const LONGEST: usize = 96;
    let ends = text.char_indices().skip(1).map(|(at, _)| at).chain([text.len()]).take_while(|at| *at <= LONGEST);
    let said = |end: &usize| {
        let (Some(said), Some(rest)) = (text.get(..*end), text.get(*end..)) else { return false };
        let whole = rest.is_empty() || rest.starts_with(' ') || said.chars().next_back().is_some_and(is_unspaced);
        whole && (ANSWERS.contains(said) || said.chars().all(char::is_numeric))
    };
    ends.filter(said).max()
}

/// What the model says of a passage.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Scores {
    foreign: f32,
    unwanted: f32,
}

impl Scores {
    fn of(net: Net<'_, 2>, words: &[String]) -> Self {
        let [foreign, unwanted] = net.scores(words);
        Self { foreign, unwanted }
    }

    /// Whether a passage of these words with these scores is held.
    fn hold(self, words: &[String], another_script: bool) -> bool {
        let foreign = another_script || (self.foreign > FOREIGN && tell_a_language(words));
        self.unwanted > if foreign { HARMLESS } else { UNWANTED }
    }

    /// Whether a passage of these words with these scores is let go in spite of a `doubt`.
    fn let_go(self, words: &[String], doubt: Doubt) -> bool {
        let foreign = self.foreign > FOREIGN && tell_a_language(words);
        let below = match doubt {
            Doubt::Word => LET_GO,
            Doubt::Turn => LET_GO_TURNED,
        };
        !foreign && self.unwanted < below
    }
}

/// Whether there are letters enough to tell a language by.
fn tell_a_language(words: &[String]) -> bool {
    words.iter().flat_map(|word| word.chars()).filter(|c| c.is_alphabetic()).nth(LETTERS_MIN - 1).is_some()
}

/// What the model says of a passage.
fn scores(words: &[String]) -> Scores {
    Scores::of(Net::new(WEIGHTS), words)
}
