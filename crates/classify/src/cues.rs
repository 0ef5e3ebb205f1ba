//! What the words around a number say it is.

use crate::fold::Folded;
use crate::words::{self, Word};
use crate::{roles, work};

/// How many words before a number may say what it is, and how far they may stand away.
const WORDS: usize = 6;
const BYTES: usize = 56;

/// What says directly what a number is.
const TELLING: u64 = roles::SSN
    | roles::BIRTH
    | roles::RECORD
    | roles::ACCOUNT
    | roles::PLAN
    | roles::DEVICE
    | roles::CALL
    | roles::PLACE
    | roles::PASSCODE
    | roles::AGE
    | roles::FIRST_NAME
    | roles::FAMILY_NAME
    | roles::PATIENT;

/// What stands directly before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Nothing: the text or line begins here.
    Start,
    /// A sign such as a colon or a comma.
    Sign,
    /// A word in small letters.
    Word,
}

/// The roles of the words near a number.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cues {
    all: u64,
    /// The telling roles of the nearest word that has any.
    pub(crate) nearest: u64,
    /// What stands directly before.
    pub(crate) reach: Reach,
    /// "you at", "lo ... al": the number is where the reader is found.
    pub(crate) is_at_you: bool,
    /// "on file", "registered" behind it.
    pub(crate) says_on_file: bool,
    /// The word directly before is "for", "por", "with", "re" and the like.
    pub(crate) is_about: bool,
}

impl Cues {
    /// What stands before a position, back to the sentence's beginning.
    pub(crate) fn before(list: &[Word], folded: &Folded<'_>, position: usize) -> Self {
        let mut cues =
            Self { all: 0, nearest: 0, reach: Reach::Start, is_at_you: false, says_on_file: false, is_about: false };
        let mut next = position;
        let first = words::from(list, position);
        for (count, word) in list.get(..first).unwrap_or_default().iter().rev().take(WORDS).enumerate() {
            let between = folded.slice(word.end, next);
            work::count(1 + between.len());
            if position.saturating_sub(word.end) > BYTES || ends_sentence(between, word) {
                break;
            }
            if count == 0 {
                let sign = between.iter().any(|b| !b.is_ascii_whitespace() && !matches!(b, b'#' | b'(' | b'+'));
                let small = !folded.is_capital(word.start) || word.is(roles::FIRST_NAME | roles::FAMILY_NAME);
                cues.reach = if sign || !small { Reach::Sign } else { Reach::Word };
                cues.is_about = word.is(roles::ABOUT);
            }
            if count == 1 {
                let text = folded.slice(word.start, word.end);
                let at = folded.slice(next, position);
                let at = [b"at ".as_slice(), b"on ", b"al ", b"en ", b"to "].iter().any(|word| at.starts_with(word));
                cues.is_at_you = at
                    && matches!(
                        text,
                        b"you"
                            | b"usted"
                            | b"le"
                            | b"lo"
                            | b"la"
                            | b"te"
                            | b"patient"
                            | b"paciente"
                            | b"home"
                            | b"casa"
                            | b"domicilio"
                            | b"work"
                            | b"trabajo"
                            | b"llamamos"
                            | b"llamaremos"
                            | b"marcamos"
                            | b"escribimos"
                            | b"sent"
                    );
            }
            cues.all |= word.info.roles;
            if cues.nearest == 0 {
                cues.nearest = word.info.roles & TELLING;
            }
            next = word.start;
        }
        if cues.nearest & !(roles::CALL | roles::PATIENT) == 0 && cues.has(roles::WEAK_RECORD) {
            cues.nearest = roles::RECORD;
        }
        cues
    }

    /// What stands behind a position.
    pub(crate) fn after(list: &[Word], folded: &Folded<'_>, position: usize) -> Self {
        let mut cues =
            Self { all: 0, nearest: 0, reach: Reach::Start, is_at_you: false, says_on_file: false, is_about: false };
        let mut end = position;
        for word in list.iter().skip(words::from(list, position)).take(6) {
            work::count(1 + word.start.saturating_sub(end));
            if ends_sentence(folded.slice(end, word.start), word) {
                break;
            }
            let text = folded.slice(word.start, word.end);
            cues.says_on_file |= matches!(
                text,
                b"file" | b"registered" | b"registrado" | b"registrada" | b"archivo" | b"list" | b"listed"
            );
            cues.all |= word.info.roles;
            end = word.end;
        }
        cues
    }

    /// Whether a word with one of these roles stands there.
    pub(crate) const fn has(&self, roles: u64) -> bool {
        self.all & roles != 0
    }

    /// Whether the nearest telling word has one of these roles.
    pub(crate) const fn is_nearest(&self, roles: u64) -> bool {
        self.nearest & roles != 0
    }
}

/// Whether a sentence ends between a word and what follows. A dot behind a short word is an abbreviation's.
fn ends_sentence(between: &[u8], word: &Word) -> bool {
    between.iter().any(|b| matches!(b, b'!' | b'?' | b'\n' | b';')) || (word.len() > 4 && between.starts_with(b". "))
}

impl Cues {
    /// Whether the street behind is the reader's: `your address`, `mailed to`, `lives at`; and not `our`, `find us at`.
    pub(crate) fn says_home(&self, list: &[Word], folded: &Folded<'_>, position: usize) -> bool {
        let first = words::from(list, position);
        let mut home = false;
        let mut own = false;
        for word in list.get(..first).unwrap_or_default().iter().rev().take(8) {
            let text = folded.slice(word.start, word.end);
            if matches!(
                text,
                b"our"
                    | b"us"
                    | b"nuestra"
                    | b"nuestro"
                    | b"moved"
                    | b"mudamos"
                    | b"we"
                    | b"office"
                    | b"oficina"
                    | b"clinic"
            ) {
                break;
            }
            home |= word.is(roles::HOME) && !word.is(roles::OWN);
            own |= word.is(roles::OWN);
            // "with me at", "vivo en": the writer is the patient or the patient's family.
            let mine = matches!(
                text,
                b"me" | b"conmigo" | b"vivo" | b"vivimos" | b"recogemos" | b"recogen" | b"pick" | b"picks"
            );
            home |= mine;
            own |= mine;
        }
        home && (own || self.says_delivered(list, folded, position))
    }

    /// Whether what follows says that the street is the reader's: `still your address`.
    pub(crate) fn says_home_after(list: &[Word], folded: &Folded<'_>, position: usize) -> bool {
        let mut own = false;
        for word in list.iter().skip(words::from(list, position)).take(5) {
            own |= matches!(folded.slice(word.start, word.end), b"your" | b"su" | b"tu");
            if own && word.is(roles::HOME) && !word.is(roles::OWN) {
                return true;
            }
        }
        false
    }

    fn says_delivered(&self, list: &[Word], folded: &Folded<'_>, position: usize) -> bool {
        let first = words::from(list, position);
        list.get(..first).unwrap_or_default().iter().rev().take(5).any(|word| {
            let text = folded.slice(word.start, word.end);
            [
                b"mail".as_slice(),
                b"ship",
                b"deliver",
                b"sent",
                b"live",
                b"living",
                b"resid",
                b"vive",
                b"envia",
                b"domicilio",
                b"home",
                b"courier",
                b"patient",
            ]
            .iter()
            .any(|stem| text.starts_with(stem))
        })
    }
}
