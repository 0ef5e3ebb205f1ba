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
    /// Whether the sentence says that something is on file: `we have`, `the one`, `aparece`.
    answers: bool,
}

/// What a sentence before a number may have asked for: `we need your plate. The one we have is 7RVX204`.
const ASKED: u64 = roles::SSN | roles::BIRTH | roles::RECORD | roles::ACCOUNT | roles::PLAN | roles::DEVICE;
/// How many words before the number's sentence are looked at for it.
const EARLIER: usize = 18;

/// Says that something is on file: `we have`, `the one`, `aparece`.
const fn answers(text: &[u8]) -> bool {
    matches!(
        text,
        b"have"
            | b"one"
            | b"shows"
            | b"show"
            | b"got"
            | b"tenemos"
            | b"aparece"
            | b"sale"
            | b"mine"
            | b"mio"
            | b"mia"
            | b"esta"
            | b"es"
            | b"is"
            | b"its"
            | b"says"
            | b"dice"
            | b"here"
    )
}

/// A vehicle's plate.
const PLATES: &[&[u8]] =
    &[b"plate", b"plates", b"tag", b"placa", b"placas", b"matricula", b"patente", b"tablilla", b"chapa"];
/// Papers whose number is anybody's.
const INVOICES: &[&[u8]] =
    &[b"invoice", b"factura", b"bill", b"receipt", b"recibo", b"contract", b"contrato", b"barcode"];

impl Cues {
    /// What stands before a position, back to the sentence's beginning.
    pub(crate) fn before(list: &[Word], folded: &Folded<'_>, position: usize) -> Self {
        let mut cues = Self::default();
        let mut next = position;
        let first = words::from(list, position);
        let mut ended = None;
        for (count, word) in list.get(..first).unwrap_or_default().iter().rev().take(WORDS).enumerate() {
            let between = folded.slice(word.end, next);
            work::count(1 + between.len());
            if ends_sentence(between, word) {
                ended = first.checked_sub(count);
                break;
            }
            if position.saturating_sub(word.end) > BYTES {
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
            cues.answers |= answers(text);
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
                cues.is_plate = said & roles::DEVICE != 0 && PLATES.contains(&text);
                cues.is_invoice = INVOICES.contains(&text);
            }
            next = word.start;
        }
        if cues.nearest & !(roles::CALL | roles::PATIENT) == 0 && cues.has(roles::WEAK_RECORD) {
            cues.nearest = roles::RECORD;
        }
        let harmless = roles::PASSCODE | roles::PLACE | roles::ITEM | roles::CALL | roles::OWED | roles::LOGISTICS;
        if let Some(end) = ended.filter(|_| cues.answers && cues.nearest == 0 && !cues.has(harmless)) {
            cues.nearest = asked(list, folded, end);
            cues.is_plate = cues.nearest & roles::DEVICE != 0;
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

/// What the sentence before a number's own asked the reader for.
fn asked(list: &[Word], folded: &Folded<'_>, end: usize) -> u64 {
    let earlier = list.get(end.saturating_sub(EARLIER)..end).unwrap_or_default();
    work::count(earlier.len());
    let mut next: Option<&Word> = None;
    let mut said = 0;
    let mut asks = false;
    for word in earlier.iter().rev() {
        if next.is_some_and(|next| ends_sentence(folded.slice(word.end, next.start), word)) {
            break;
        }
        let text = folded.slice(word.start, word.end);
        asks |= matches!(
            text,
            b"your"
                | b"ur"
                | b"su"
                | b"tu"
                | b"my"
                | b"mi"
                | b"need"
                | b"confirm"
                | b"verify"
                | b"necesitamos"
                | b"confirme"
                | b"reply"
        );
        if said == 0 {
            said = word.info.roles & ASKED;
        }
        next = Some(word);
    }
    if asks { said } else { 0 }
}

/// Whether a sentence ends between a word and what follows. A dot behind a short word is an abbreviation's, unless the word is
/// one that sentences end with.
pub(crate) fn ends_sentence(between: &[u8], word: &Word) -> bool {
    between.iter().any(|b| matches!(b, b'!' | b'?' | b'\n' | b';'))
        || (between.starts_with(b". ") && (word.len() > 4 || word.is(roles::ENDS)))
}
