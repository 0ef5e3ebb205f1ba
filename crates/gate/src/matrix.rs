//! The policy as data: the highest form for purpose × sensitivity × channel (RULES section 2), and the conditions under
//! which it may travel.
//!
//! The cells are written exactly as they are reviewed, `≤L1 / L2-L3 / L4`, and parsed when the program is compiled: a
//! cell that cannot be read does not build. `tests/matrix.out` shows every cell; its diff is the review of a change.
//!
//! Forms: `F` full, `M` minimal, `G` notice, `C` callback, `X` refused. What stands behind the form is a condition on it:
//!
//! | mark | condition |
//! | --- | --- |
//! | `°` | a neutral sender alias |
//! | `5` | identity verified in this contact (45 CFR 164.514(h)) |
//! | `w` | risk warning and acceptance on record, or a right-of-access request |
//! | `a` | a HIPAA authorization for marketing |
//! | `A` | RULES' `Xa`: the authorization names this use of L2-L3 data |
//! | `L0` | what travels is L0 |
//! | `human` | a person speaks |
//! | `PEWC` | prior express written consent (47 CFR 64.1200(f)(9)) |
//! | `CAN-SPAM` | a commercial e-mail that meets 15 USC 7704 |
//! | `DNC` | not on a do-not-call list |
//! | `re-auth` | the session was authenticated again |
//! | `agreed` | the patient agreed to electronic notice (45 CFR 164.404(d)(1)) |
//! | `hold` | state holds on results apply (RULES SPC-08, SPC-09) |
//! | `opt-in` | the patient asked for this on this device |
//! | `requested` | the patient asked for this channel |
//! | `non-PHI` | nothing about the patient travels |
//! | `device` | an approval bound to the device, not a code as text |
//! | `non-VoIP` | a verified number that is not VoIP |

#[cfg(test)]
mod drawn;

use postern_base::{Channel, EmailMode, Form, Level, Purpose};

/// A condition on a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Mark {
    /// `°`.
    Neutral,
    /// `5`.
    Identity,
    /// `w`.
    Warning,
    /// `a`.
    Authorization,
    /// `A`.
    ExactAuthorization,
    /// `L0`.
    CarriesL0,
    /// `human`.
    Human,
    /// `PEWC`.
    WrittenConsent,
    /// `CAN-SPAM`.
    CanSpam,
    /// `DNC`.
    DoNotCall,
    /// `re-auth`.
    ReAuthenticated,
    /// `agreed`.
    Agreed,
    /// `hold`.
    StateHold,
    /// `opt-in`.
    OptIn,
    /// `requested`.
    Requested,
    /// `non-PHI`.
    NoPhi,
    /// `device`.
    DeviceBound,
    /// `non-VoIP`.
    NotVoip,
}

impl Mark {
    /// Every mark with its notation, in the order in which a cell prints them.
    pub const ALL: [(Self, &'static str); 18] = [
        (Self::Neutral, "°"),
        (Self::Identity, "5"),
        (Self::Warning, "w"),
        (Self::Authorization, "a"),
        (Self::ExactAuthorization, "A"),
        (Self::CarriesL0, "L0"),
        (Self::Human, "human"),
        (Self::WrittenConsent, "PEWC"),
        (Self::CanSpam, "CAN-SPAM"),
        (Self::DoNotCall, "DNC"),
        (Self::ReAuthenticated, "re-auth"),
        (Self::Agreed, "agreed"),
        (Self::StateHold, "hold"),
        (Self::OptIn, "opt-in"),
        (Self::Requested, "requested"),
        (Self::NoPhi, "non-PHI"),
        (Self::DeviceBound, "device"),
        (Self::NotVoip, "non-VoIP"),
    ];

    const fn bit(self) -> u32 {
        1 << self as u8
    }
}

/// One cell at one level: the highest form, and what must hold for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    /// The highest form; `None` = refused here.
    pub highest: Option<Form>,
    marks: u32,
}

impl Cell {
    /// Refused.
    pub const REFUSED: Self = Self { highest: None, marks: 0 };
    /// What a person carries: first-class mail, a call.
    pub(crate) const TASK: Self = Self { highest: Some(Form::Full), marks: 0 };
    /// E-mail in the clear: only as 45 CFR 164.524 asks, after a warning (RULES PRI-21).
    pub(crate) const PLAIN_EMAIL: Self = Self { highest: Some(Form::Full), marks: Mark::Warning.bit() };

    /// Whether `mark` stands in the cell.
    #[must_use]
    pub const fn has(self, mark: Mark) -> bool {
        self.marks & mark.bit() != 0
    }

    /// What both cells allow, under the conditions of both.
    pub(crate) fn and(self, other: Self) -> Self {
        Self { highest: self.highest.min(other.highest), marks: self.marks | other.marks }
    }

    /// Whether the cell allows `form`, its conditions aside.
    #[must_use]
    pub fn allows(self, form: Form) -> bool {
        self.highest.is_some_and(|highest| form <= highest)
    }

    /// The cell in the notation of RULES section 2.
    #[must_use]
    pub fn notation(self) -> String {
        let mut text = String::from(match self.highest {
            Some(Form::Full) => "F",
            Some(Form::Minimal) => "M",
            Some(Form::Notice) => "G",
            Some(Form::Callback) => "C",
            None => "X",
        });
        for (mark, word) in Mark::ALL {
            if self.has(mark) {
                if word.len() > 2 || word == "L0" {
                    text.push(' ');
                }
                text.push_str(word);
            }
        }
        text
    }
}

/// The column of the matrix a candidate stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Column {
    /// SMS.
    Sms,
    /// E-mail that only notifies.
    EmailNotify,
    /// An e-mail body over enforced TLS.
    EmailEnforcedTls,
    /// An e-mail body as S/MIME.
    EmailSmime,
    /// A call that is answered.
    Voice,
    /// A machine.
    Voicemail,
    /// Anonymous web chat.
    ChatAnonymous,
    /// Authenticated chat.
    Chat,
    /// The portal.
    Portal,
    /// Push.
    Push,
    /// WhatsApp, RCS, social.
    MessagingApp,
}

impl Column {
    /// Every column, in order.
    pub const ALL: [Self; 11] = [
        Self::Sms,
        Self::EmailNotify,
        Self::EmailEnforcedTls,
        Self::EmailSmime,
        Self::Voice,
        Self::Voicemail,
        Self::ChatAnonymous,
        Self::Chat,
        Self::Portal,
        Self::Push,
        Self::MessagingApp,
    ];

    /// The column's name in `matrix.out`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sms => "sms",
            Self::EmailNotify => "email notify",
            Self::EmailEnforcedTls => "email enforced_tls",
            Self::EmailSmime => "email smime",
            Self::Voice => "voice",
            Self::Voicemail => "voicemail",
            Self::ChatAnonymous => "chat_anonymous",
            Self::Chat => "chat",
            Self::Portal => "portal",
            Self::Push => "push",
            Self::MessagingApp => "messaging_app",
        }
    }

    /// The column of a channel and e-mail mode; `None` for tasks, which people do, and for plain e-mail, which no cell
    /// allows (45 CFR 164.524 alone does, RULES PRI-21).
    #[must_use]
    pub const fn of(channel: Channel, mode: Option<EmailMode>) -> Option<Self> {
        Some(match channel {
            Channel::Sms => Self::Sms,
            Channel::Email => match mode {
                Some(EmailMode::EnforcedTls) => Self::EmailEnforcedTls,
                Some(EmailMode::Smime) => Self::EmailSmime,
                Some(EmailMode::Plain) => return None,
                Some(EmailMode::Notify) | None => Self::EmailNotify,
            },
            Channel::Voice => Self::Voice,
            Channel::Voicemail => Self::Voicemail,
            Channel::ChatAnonymous => Self::ChatAnonymous,
            Channel::Chat => Self::Chat,
            Channel::Portal => Self::Portal,
            Channel::Push => Self::Push,
            Channel::MessagingApp => Self::MessagingApp,
            Channel::Mail | Channel::HumanCall => return None,
        })
    }
}

/// Row by row (P1 to P13), column by column, as RULES section 2 has them. Differences in writing, not in meaning: `A` is
/// RULES' `Xa`; a script or broadcast without PHI is a callback or `non-PHI`; `n/a` is `X`.
const NOTATION: [(Purpose, [&str; 11]); 13] = [
    (
        Purpose::AppointmentReminder,
        ["M/G/G°", "M/G/G°", "F/Fw/G°", "F/F/Fw", "F/F5/F5", "M/C/C°", "X/X/X", "F/F/F", "F/F/F", "G/G/G°", "G/X/X"],
    ),
    (
        Purpose::Recall,
        ["M/G/G°", "M/G/G°", "F/Fw/G°", "F/F/Fw", "F/F5/F5", "C/C/C°", "X/X/X", "F/F/F", "F/F/F", "G/G/G°", "X/X/X"],
    ),
    (
        Purpose::TestResult,
        [
            "G/G/G°",
            "G/G/G°",
            "G/Fw/G°",
            "F/F/Fw",
            "F5/F5 human/F5 human",
            "C/C/C°",
            "X/X/X",
            "F/F/F re-auth",
            "F hold/F hold/F hold",
            "G/G/G°",
            "X/X/X",
        ],
    ),
    (
        Purpose::Medication,
        ["M/M/G°", "M/M/G°", "F/Fw/G°", "F/F/Fw", "F/F5/F5", "M/M/C°", "X/X/X", "F/F/F", "F/F/F", "G/G/G°", "X/X/X"],
    ),
    (
        Purpose::FollowUp,
        ["G/G/G°", "G/G/G°", "F/Fw/G°", "F/F/Fw", "F/F5/F5", "C/C/C°", "X/X/X", "F/F/F", "F/F/F", "G/G/G°", "X/X/X"],
    ),
    (
        Purpose::Billing,
        ["M/M/G°", "M/M/G°", "F/Fw/G°", "F/F/Fw", "F5/F5/F5", "C/C/C°", "X/X/X", "F/F/F", "F/F/F", "G/G/G°", "X/X/X"],
    ),
    (
        Purpose::TreatmentUpdate,
        ["M/G/G°", "M/G/G°", "F/Fw/G°", "F/F/Fw", "F/F5/F5", "M/C/C°", "X/X/X", "F/F/F", "F/F/F", "G/G/G°", "X/X/X"],
    ),
    (
        Purpose::Emergency,
        [
            "M/M/G°",
            "M/M/G°",
            "F/F/G°",
            "F/F/F",
            "F/F5 human/F5 human",
            "M/C/C°",
            "C/C/C",
            "F/F/F",
            "F/F/F",
            "G/G/G°",
            "F non-PHI/F non-PHI/F non-PHI",
        ],
    ),
    (
        Purpose::Survey,
        ["G/G/X", "M/G/X", "M/G/X", "M/G/X", "M/X/X", "X/X/X", "X/X/X", "F/F/X", "F/F/F", "G/G/X", "X/X/X"],
    ),
    (
        Purpose::Marketing,
        [
            "M PEWC/X/X",
            "M CAN-SPAM/MA CAN-SPAM/X",
            "M CAN-SPAM/MA CAN-SPAM/X",
            "M CAN-SPAM/MA CAN-SPAM/X",
            "M PEWC DNC/X/X",
            "X/X/X",
            "F non-PHI/F non-PHI/F non-PHI",
            "Ma/Fa/X",
            "Ma/Fa/X",
            "Ma opt-in/X/X",
            "X/X/X",
        ],
    ),
    (
        Purpose::OneTimeCode,
        [
            "F L0/X/X",
            "F L0/X/X",
            "X/X/X",
            "X/X/X",
            "F L0 non-VoIP/X/X",
            "X/X/X",
            "X/X/X",
            "X/X/X",
            "X/X/X",
            "F L0 device/X/X",
            "X/X/X",
        ],
    ),
    (
        Purpose::ConsentConfirmation,
        [
            "F L0/X/X",
            "F L0/X/X",
            "F L0/X/X",
            "F/F/F",
            "F L0/X/X",
            "X/X/X",
            "F non-PHI/X/X",
            "F/F/F",
            "F/F/F",
            "G/G/G",
            "F L0 requested/X/X",
        ],
    ),
    (
        Purpose::BreachNotice,
        [
            "G°/G°/G°",
            "X/X/X",
            "F agreed/F agreed/F agreed",
            "F agreed/F agreed/F agreed",
            "F human/F human/F human",
            "C/C/C",
            "X/X/X",
            "F/F/F",
            "F/F/F",
            "G°/G°/G°",
            "X/X/X",
        ],
    ),
];

/// The cells of one purpose and column for the bands ≤L1, L2-L3 and L4.
type Bands = [Cell; 3];

static MATRIX: [[Bands; 11]; 13] = parse_all();

/// The highest form for `purpose` at `level` in `column`, with its conditions.
#[must_use]
pub fn cell(purpose: Purpose, level: Level, column: Column) -> Cell {
    let band = match level {
        Level::L0 | Level::L1 => 0,
        Level::L2 | Level::L3 => 1,
        Level::L4 => 2,
    };
    MATRIX
        .get(purpose as usize)
        .and_then(|row| row.get(column as usize))
        .and_then(|bands| bands.get(band))
        .copied()
        .unwrap_or(Cell::REFUSED)
}

#[expect(clippy::indexing_slicing, clippy::panic, reason = "runs in the compiler only: a bad cell fails the build")]
const fn parse_all() -> [[Bands; 11]; 13] {
    let mut matrix = [[[Cell::REFUSED; 3]; 11]; 13];
    let mut row = 0;
    while row < 13 {
        if NOTATION[row].0 as usize != row {
            panic!("the rows of the matrix must stand in the order of the purposes");
        }
        let mut column = 0;
        while column < 11 {
            matrix[row][column] = parse_bands(NOTATION[row].1[column].as_bytes());
            column += 1;
        }
        row += 1;
    }
    matrix
}

#[expect(clippy::indexing_slicing, clippy::panic, reason = "runs in the compiler only: a bad cell fails the build")]
const fn parse_bands(text: &[u8]) -> Bands {
    let mut bands = [Cell::REFUSED; 3];
    let mut band = 0;
    let mut at = 0;
    while band < 3 {
        let mut end = at;
        while end < text.len() && text[end] != b'/' {
            end += 1;
        }
        bands[band] = parse_cell(text, at, end);
        at = end + 1;
        band += 1;
    }
    if at != text.len() + 1 {
        panic!("a cell has exactly three bands");
    }
    bands
}

#[expect(clippy::indexing_slicing, clippy::panic, reason = "runs in the compiler only: a bad cell fails the build")]
const fn parse_cell(text: &[u8], from: usize, to: usize) -> Cell {
    let highest = match text[from] {
        b'F' => Some(Form::Full),
        b'M' => Some(Form::Minimal),
        b'G' => Some(Form::Notice),
        b'C' => Some(Form::Callback),
        b'X' => None,
        _ => panic!("a cell begins with F, M, G, C or X"),
    };
    let mut marks = 0;
    let mut at = from + 1;
    while at < to {
        if text[at] == b' ' {
            at += 1;
            continue;
        }
        let mut mark = 0;
        let mut length = 0;
        while mark < Mark::ALL.len() {
            let word = Mark::ALL[mark].1.as_bytes();
            if word.len() > length && stands_at(text, at, to, word) {
                marks |= Mark::ALL[mark].0.bit();
                length = word.len();
            }
            mark += 1;
        }
        if length == 0 {
            panic!("a cell holds a mark that is not known");
        }
        at += length;
    }
    if highest.is_none() && marks != 0 {
        panic!("X takes no mark");
    }
    Cell { highest, marks }
}

#[expect(clippy::indexing_slicing, reason = "runs in the compiler only: out of bounds fails the build")]
const fn stands_at(text: &[u8], at: usize, to: usize, word: &[u8]) -> bool {
    if at + word.len() > to {
        return false;
    }
    let mut i = 0;
    while i < word.len() {
        if text[at + i] != word[i] {
            return false;
        }
        i += 1;
    }
    // A word in letters ends where the letters end, so that `a` is not read out of `agreed`.
    let lettered = word[word.len() - 1].is_ascii_lowercase();
    !(lettered && at + i < to && text[at + i].is_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cell_prints_as_it_is_written() {
        for (purpose, columns) in NOTATION {
            for (column, written) in Column::ALL.into_iter().zip(columns) {
                let printed = [Level::L1, Level::L3, Level::L4].map(|l| cell(purpose, l, column).notation()).join("/");
                assert_eq!(printed, written, "{purpose} {}", column.as_str());
            }
        }
    }

    #[test]
    fn the_cells_read_as_their_marks_mean() {
        let sms = cell(Purpose::AppointmentReminder, Level::L4, Column::Sms);
        assert_eq!(sms.highest, Some(Form::Notice));
        assert!(sms.has(Mark::Neutral) && !sms.has(Mark::Warning));
        let agreed = cell(Purpose::BreachNotice, Level::L2, Column::EmailEnforcedTls);
        assert!(agreed.has(Mark::Agreed) && !agreed.has(Mark::Authorization));
        let exact = cell(Purpose::Marketing, Level::L3, Column::EmailNotify);
        assert!(exact.has(Mark::ExactAuthorization) && exact.has(Mark::CanSpam) && !exact.has(Mark::Authorization));
    }

    #[test]
    fn only_result_cells_that_a_warning_guards_rise_with_the_level() {
        // RULES section 2, P3: an enforced-TLS body is G at L1 and Fw above; every other cell only falls.
        for purpose in Purpose::ALL {
            for column in Column::ALL {
                let [low, middle, high] = [Level::L1, Level::L3, Level::L4].map(|l| cell(*purpose, l, column));
                let rises = middle.highest > low.highest || high.highest > middle.highest;
                let guarded = middle.has(Mark::Warning) || middle.has(Mark::Authorization);
                assert!(!rises || guarded, "{purpose} {}", column.as_str());
            }
        }
    }
}
