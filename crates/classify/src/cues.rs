//! What the words around a number say it is.

use crate::fold::Folded;
use crate::words::{self, Word};
use crate::{roles, work};

/// How many words before a number may say what it is, and how far they may stand away.
const WORDS: usize = 8;
const BYTES: usize = 64;
/// Up to how many words away a short number is meant.
const NEAR: usize = 6;

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

/// The roles of the words near a number.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Cues {
    all: u64,
    /// The telling roles of the nearest word that has any.
    pub(crate) nearest: u64,
    /// A word in small letters or a name stands directly before, without a sign between.
    pub(crate) follows_word: bool,
    /// The nearest telling word is an invoice, a bill, a receipt: anybody's, unless it is the reader's own.
    pub(crate) is_invoice: bool,
    /// "ending in", "que termina en" shortly before.
    pub(crate) says_ending: bool,
    /// "last 4", "últimos cuatro" shortly before.
    pub(crate) says_last_four: bool,
    /// The nearest telling word stands more than [`NEAR`] words away: only a long number is meant by it.
    pub(crate) is_far: bool,
    /// The nearest telling word is "patient" or "paciente".
    pub(crate) is_patient: bool,
    /// The nearest telling word is a vehicle's plate.
    pub(crate) is_plate: bool,
    /// "on file", "registered" behind it.
    pub(crate) says_on_file: bool,
    /// The word directly before is "for", "por", "with", "re" and the like.
    pub(crate) is_about: bool,
}

impl Cues {
    /// What stands before a position, back to the sentence's beginning.
    pub(crate) fn before(list: &[Word], folded: &Folded<'_>, position: usize) -> Self {
        let mut cues = Self::default();
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
                cues.follows_word = !sign && small;
                cues.is_about = word.is(roles::ABOUT);
            }
            cues.says_ending |= count <= 2
                && matches!(
                    folded.slice(word.start, word.end),
                    b"ending" | b"ends" | b"termina" | b"terminada" | b"terminado"
                );
            let four = || {
                words::after(list, word)
                    .is_some_and(|next| matches!(folded.slice(next.start, next.end), b"4" | b"four" | b"cuatro"))
            };
            cues.says_last_four |= word.is(roles::LAST) && four();
            let text = folded.slice(word.start, word.end);
            // "your record number with us": nobody is to call.
            let with = matches!(text, b"us" | b"nosotros")
                && words::before(list, word)
                    .is_some_and(|with| matches!(folded.slice(with.start, with.end), b"with" | b"con"));
            let said = if with { word.info.roles & !roles::CALL } else { word.info.roles };
            cues.all |= said;
            if cues.nearest == 0 {
                cues.nearest = said & TELLING;
                cues.is_patient = matches!(text, b"patient" | b"paciente" | b"pt");
                cues.is_far = count >= NEAR;
                cues.is_plate =
                    matches!(text, b"plate" | b"plates" | b"tag" | b"placa" | b"placas" | b"matricula" | b"patente");
                cues.is_invoice = matches!(text, b"invoice" | b"factura" | b"bill" | b"receipt" | b"recibo");
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
        let mut cues = Self::default();
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

/// Whether a sentence ends between a word and what follows. A dot behind a short word is an abbreviation's, unless the word is
/// one that sentences end with.
pub(crate) fn ends_sentence(between: &[u8], word: &Word) -> bool {
    between.iter().any(|b| matches!(b, b'!' | b'?' | b'\n' | b';'))
        || (between.starts_with(b". ") && (word.len() > 4 || word.is(roles::ENDS)))
}
