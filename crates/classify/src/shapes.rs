//! What numbers and signs look like: dates, telephone numbers, codes. All shapes are tried at once, and only where a word or a sign
//! begins that may open one. What a shape means is judged elsewhere, by what stands around it.

use crate::fold::OTHER;
use crate::words::Word;
use crate::{ClassifierError, work};
use regex_automata::dfa::{Automaton, StartKind, dense};
use regex_automata::meta::Regex;
use regex_automata::util::{primitives::StateID, start, syntax};
use regex_automata::{Anchored, Input};
use std::sync::LazyLock;

macro_rules! shapes {
    ($($(#[$doc:meta])* $name:ident = $pattern:expr;)+) => {
        /// What a number looks like; of shapes that begin at one place the first fits.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Shape { $($(#[$doc])* $name),+ }

        const SHAPES: &[Shape] = &[$(Shape::$name),+];
        const PATTERNS: &[&str] = &[$($pattern),+];
    };
}

shapes! {
    /// An amount of a drug.
    Dose = r"\b\d+(?:[.,]\d+)? ?(?:mg|mcg|milligrams?|miligramos?|micrograms?|tablets?|tabletas?|capsules?|capsulas?|pills|pastillas|puffs|units of|unidades de|ml twice|ml daily)\b";
    /// A measured value.
    Measure = r"\b\d+(?:[.,]\d+)? ?(?:mg/dl|mmol/l|mmol/mol|ng/ml|ng/dl|pg/ml|mcg/dl|ug/dl|iu/l|u/l|miu/l|meq/l|g/dl|mm ?hg|copies/ml|copias/ml|cells/|x10|k/ul|bpm|ml/min|lbs?\b|pounds\b|kg\b|kilos\b|libras\b)|\b(?:bp|ta|pa|blood pressure|presion(?: arterial)?)\b[^\d\n]{0,20}\d{2,3} ?/ ?\d{2,3}\b|\bbmi\b[^\d\n]{0,10}\d{2}|\bo[dsui]\b[ :=]{0,3}[-+]\d{1,2}[.,]\d{2}\b";
    /// An age.
    Age = r"\b\d{2,3}[- ]?(?:years?[- ]?olds?|years?[- ]young|yrs? yo?ung|years?[- ]of[- ]age|y/?o|yrs? old|an(?:it|i)?os(?: de edad)?)\b|\b\d{2,3}(?:st|nd|rd|th) birthday\b";
    /// A calendar date in numbers, with a year.
    Date = r"\b(?:\d{1,2}[-/.]\d{1,2}[-/.](?:\d{4}|\d{2})|\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|[01]?\d [0-3]?\d (?:19|20)\d{2}|\d{1,2}(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|ene|abr|ago|dic)(?:\d{4}|\d{2})|(?:19|20)\d{6}t\d{4,6})\b";
    /// A calendar date with the month's name and a year.
    LongDate = r"\b(?:(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|ene|abr|ago|dic)[a-z]{0,7}\.?,? (?:the )?\d{1,2}(?:st|nd|rd|th)?,? ?(?:'?[3-9]\d\b|\d{4})|\d{1,2}(?:st|nd|rd|th)?[- ](?:of )?(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|ene|abr|ago|dic)[a-z]{0,7}\.?,?[- ](?:'?[3-9]\d\b|\d{4})|\d{1,2} de? (?:ene|feb|mar|abr|may|jun|jul|ago|se|oct|nov|dic|otu)[a-z]{0,7},?(?: de?l?|)? (?:'?[3-9]\d\b|\d{4}))\b";
    /// A time of day.
    Time = r"\b\d{1,2}:\d{2}(?: ?[ap]\.? ?m\b)?|\b\d{1,2} ?[ap]\.? ?m\b";
    /// A network address.
    Ip = r"\b(?:\d{1,3}\.){3}\d{1,3}\b|\b(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}\b|\b(?:[0-9a-f]{1,4}:){1,6}(?::[0-9a-f]{1,4}){1,6}\b";
    /// A hardware address.
    Hardware = r"\b(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}\b";
    /// A payment card's number in its groups.
    Card = r"\b(?:\d{4}[ .-]){3}\d{4}\b|\b\d{4}[ .-]\d{6}[ .-]\d{5}\b";
    /// A social security number of which only the end is shown.
    Masked = r"(?:\bx{3}|\*{3}|#{3}|\x1a{3})[- ]?(?:xx|\*\*|##|\x1a\x1a)[- ]?\d{4}\b";
    /// Nine digits in three groups.
    Social = r"\b\d{3}[-. _/]{1,3}\d{2}[-. _/]{1,3}\d{4}\b";
    /// A telephone number.
    Phone = r"(?:\+?\b1[-. ]{0,3})?(?:\(\d{3}\)|\b\d{3})[-. )/]{0,3}\d{3}[-. ]{0,3}\d{4}\b|\b\d{3}[-. ]{1,3}\d{4}\b|\+\d{8,15}\b";
    /// A Medicare beneficiary identifier.
    Beneficiary = r"\b[1-9][ac-hjkmnp-rt-y][0-9ac-hjkmnp-rt-y]\d-?[ac-hjkmnp-rt-y][0-9ac-hjkmnp-rt-y]\d-?[ac-hjkmnp-rt-y]{2}\d{2}\b";
    /// A national drug code.
    Ndc = r"\b(?:\d{4}-\d{4}-\d{2}|\d{5}-\d{3}-\d{2}|\d{5}-\d{4}-\d{1,2})\b";
    /// A code of ICD-10-CM with its dot.
    Icd = r"\b[a-tv-z]\d[0-9ab]\.[0-9a-z]{1,4}\b";
    /// Digits, a hyphen, one digit.
    Loinc = r"\b\d{3,5}-\d\b";
    /// An amount of money.
    Money = r"\$ ?\d[\d,.]*|\b\d+(?:\.\d{2})? ?(?:dollars|dolares|usd)\b";
    /// Anything else with a digit in it.
    Number = r"\b[a-z0-9]*\d[a-z0-9]*(?:[-./][a-z0-9]*\d[a-z0-9]*|-[a-z]{1,4}\b)*";
}

/// Patterns that are tried at one place at a time: a table of states, so that a step is a look-up.
pub(crate) struct Tried {
    table: dense::DFA<Vec<u32>>,
    /// Where a search behind a blank begins, as most do.
    behind_blank: StateID,
    /// Whether anything may begin with a byte that no letter or digit stands before.
    opens: [bool; 256],
}

impl Tried {
    pub(crate) fn of(patterns: &[&str]) -> Option<Self> {
        let config = dense::Config::new().start_kind(StartKind::Anchored).accelerate(false);
        let mut builder = dense::Builder::new();
        builder.configure(config).syntax(syntax::Config::new().unicode(false).utf8(false));
        let table = builder.build_many(patterns).ok()?;
        let behind_blank = Self::start(&table, Some(b' '))?;
        let mut opens = [false; 256];
        for (opens, byte) in opens.iter_mut().zip(0..=u8::MAX) {
            *opens = !table.is_dead_state(table.next_state(behind_blank, byte));
        }
        Some(Self { table, behind_blank, opens })
    }

    fn start(table: &dense::DFA<Vec<u32>>, behind: Option<u8>) -> Option<StateID> {
        table.start_state(&start::Config::new().anchored(Anchored::Yes).look_behind(behind)).ok()
    }

    /// Whether a pattern may stand at the beginning of a word: cheap, and wrong only in saying yes.
    #[inline]
    fn may_begin(&self, text: &[u8], word: usize) -> bool {
        text.get(word).and_then(|byte| self.opens.get(usize::from(*byte))) == Some(&true)
    }

    /// The pattern that stands at a place, and where it ends: of several the first.
    pub(crate) fn at(&self, text: &[u8], place: usize) -> Option<(usize, usize)> {
        let table = &self.table;
        let mut state = match place.checked_sub(1).and_then(|before| text.get(before)).copied() {
            Some(b' ') => self.behind_blank,
            behind => Self::start(table, behind)?,
        };
        let mut found = None;
        for (at, byte) in text.iter().enumerate().skip(place) {
            state = table.next_state(state, *byte);
            if table.is_special_state(state) {
                if !table.is_match_state(state) {
                    work::count(at - place);
                    return found;
                }
                found = Some((table.match_pattern(state, 0).as_usize(), at));
            }
        }
        work::count(text.len() - place);
        state = table.next_eoi_state(state);
        if table.is_match_state(state) { Some((table.match_pattern(state, 0).as_usize(), text.len())) } else { found }
    }
}

/// All shapes but the last, and the last, which every word with a digit has that has no other.
static SHAPED: LazyLock<Option<(Tried, Tried)>> = LazyLock::new(|| {
    let (last, others) = PATTERNS.split_last()?;
    Tried::of(others).zip(Tried::of(&[last]))
});

/// Prepares the patterns; says whether they can be used.
pub(crate) fn are_ready() -> bool {
    SHAPED.is_some()
}

/// A shape that was found.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Found {
    pub(crate) shape: Shape,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// How far before a word with a digit a shape may begin: `blood pressure is now at 120/80`.
const LEAD: usize = 64;

/// What a shape may begin with that is no word.
const fn opens(byte: u8) -> bool {
    matches!(byte, b'+' | b'(' | b'$' | b'*' | b'#' | OTHER)
}

/// The shapes in a text, in order, without overlaps. Every shape has a digit in it, so what is far from one is not searched.
pub(crate) fn find(words: &[Word], text: &[u8]) -> Result<Vec<Found>, ClassifierError> {
    let (shaped, numbered) = SHAPED.as_ref().ok_or(ClassifierError::NotReady)?;
    let mut found = Vec::new();
    // Where the last shape ended.
    let mut done = 0;
    let mut attempt = |place: usize, numeral: bool| {
        if place < done {
            return;
        }
        let number = || numbered.at(text, place).map(|(_, end)| (SHAPES.len() - 1, end));
        let tried = shaped.at(text, place).or_else(|| if numeral { number() } else { None });
        if let Some((shape, end)) = tried {
            found.extend(SHAPES.get(shape).map(|shape| Found { shape: *shape, start: place, end }));
            done = end;
        }
    };
    // Which word is next, and where the one before it ends.
    let (mut next, mut gap) = (0, 0);
    for (at, digit) in words.iter().enumerate().filter(|(_, word)| word.digits > 0) {
        for word in words.get(next..=at).unwrap_or_default() {
            if word.end + LEAD >= digit.start {
                let between = text.get(gap..word.start).unwrap_or_default();
                // Nearly always one blank.
                if !matches!(between, [b' ']) {
                    let signs = between.iter().zip(gap..).filter(|(byte, _)| opens(**byte));
                    signs.for_each(|(_, place)| attempt(place, false));
                }
                if word.digits > 0 || shaped.may_begin(text, word.start) {
                    attempt(word.start, word.digits > 0);
                }
            }
            gap = word.end;
        }
        next = at + 1;
    }
    Ok(found)
}

/// One pattern of its own, for what is looked for only when something asks for it.
pub(crate) struct Pattern(Option<Regex>);

/// Compiles a pattern for folded text.
pub(crate) fn compile(pattern: &str) -> Pattern {
    Pattern(Regex::builder().syntax(syntax::Config::new().unicode(false).utf8(false)).build(pattern).ok())
}

impl Pattern {
    fn regex(&self) -> Result<&Regex, ClassifierError> {
        self.0.as_ref().ok_or(ClassifierError::NotReady)
    }

    /// Where the pattern stands in a text.
    pub(crate) fn of(&self, text: &[u8]) -> Result<Vec<(usize, usize)>, ClassifierError> {
        self.from(text, 0)
    }

    /// Where the pattern stands from a position on.
    pub(crate) fn from(&self, text: &[u8], start: usize) -> Result<Vec<(usize, usize)>, ClassifierError> {
        work::count(text.len().saturating_sub(start));
        let input = Input::new(text).range(start.min(text.len())..);
        Ok(self.regex()?.find_iter(input).map(|found| (found.start(), found.end())).collect())
    }

    /// Whether it stands there.
    pub(crate) fn is_in(&self, text: &[u8]) -> Result<bool, ClassifierError> {
        work::count(text.len());
        Ok(self.regex()?.is_match(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fold::Folded;
    use crate::{lexicon, words};

    /// The shapes in a text, as the crate finds them.
    fn found(text: &str) -> Vec<Found> {
        let folded = Folded::new(text).unwrap();
        let words = words::of(&folded, lexicon::get().unwrap());
        find(&words, &folded.plain).unwrap()
    }

    #[test]
    fn what_is_found_near_digits_is_what_is_found_anywhere() {
        let all =
            Regex::builder().syntax(syntax::Config::new().unicode(false).utf8(false)).build_many(PATTERNS).unwrap();
        let blood_pressure = "blood pressure was written down as 120/80, presion arterial: hoy hasta ahora, 120/80 ";
        let odd =
            "_12 a_12 $5k $ 12a5 5 x10e5 bmi is 2345 ***-**-1234(212)5550188 +1 (212) 555-0188 ####-##-1234 fe80::1";
        for set in [include_str!("../corpus/dev.tsv"), include_str!("../corpus/blind.tsv"), blood_pressure, odd] {
            for line in set.lines() {
                let text = Folded::new(line).unwrap().plain;
                let everywhere = all.find_iter(&text).map(|f| (f.pattern().as_usize(), f.start(), f.end()));
                let near = found(line).into_iter().map(|f| (f.shape as usize, f.start, f.end));
                assert_eq!(near.collect::<Vec<_>>(), everywhere.collect::<Vec<_>>(), "{line}");
            }
        }
    }

    #[test]
    fn every_pattern_compiles_and_the_first_that_fits_is_taken() {
        let shapes = |text: &str| found(text).iter().map(|f| f.shape).collect::<Vec<_>>();
        assert_eq!(shapes("at 10:30 am on 03/14/1961, 123-45-6789"), [Shape::Time, Shape::Date, Shape::Social]);
        assert_eq!(
            shapes("(212) 555-0188 e11.9 a4829134 20 mg"),
            [Shape::Phone, Shape::Icd, Shape::Number, Shape::Dose]
        );
        assert_eq!(shapes("no digits"), []);
    }
}
