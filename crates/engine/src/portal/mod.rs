//! The patients' portal without its pages: accounts, sessions, what may be read and by whom, and what is written back.
//!
//! Three things hold for all of it. What somebody may read is asked of the gate at the moment of reading, on the records as they stand
//! then ([`postern_gate::reading()`]). Whoever is not signed in learns nothing: whether there is an account, a person, a message is never
//! in an answer. And every change of an account or a session is an entry of the ledger with the rows it wrote.
//!
//! Start at [`Visitor`], then `sessions.rs` and `messages.rs`.

mod account;
mod beat;
mod cbor;
mod devices;
mod drafts;
mod enrolment;
mod factors;
mod files;
mod hashing;
mod invitations;
mod links;
mod messages;
mod passkey;
mod password;
mod persons;
mod points;
mod preferences;
mod reasons;
mod replies;
mod sessions;
mod settings;
mod sign_in;
mod texted;
mod throttle;
mod totp;
mod transparency;
mod waiting;
mod warnings;

pub use account::{FactorChange, Factors, PasskeyName};
pub use devices::Whence;
pub use enrolment::{Enrolment, Identifiers, TotpOffer};
pub use files::{Attached, FILE_BYTES_MAX, FILES_MAX, FileKind, FileRefused, Upload};
pub use invitations::{Invitation, NewInvitation};
pub use links::LinkTarget;
pub use messages::{Listed, NotNow, Sought, Thread, Written};
pub use passkey::{PasskeyAnswer, PasskeyOffer, Site};
pub use password::WeakPassword;
pub use persons::{Acting, Grant, ProxyEnd, Standing};
pub use points::PointRefused;
pub use postern_classify::speaks_of_danger;
pub use postern_store::PortalCopy;
pub use preferences::{CHOSEN, Choices, PointChoice, Said, Shown};
pub use reasons::{NotTaken, PlainReason, Progress, Way, Why};
pub use replies::Replied;
pub use sessions::{Browser, Device, SignedIn};
pub use settings::PortalConfig;
pub use sign_in::{Second, Step};
pub use texted::{Number, Seconds};
pub use transparency::{History, Opener, Opening, Proven, ProvenWords};

pub use crate::unsubscribe::StopOffer;

pub(crate) use files::{NewFile, weigh};
pub(crate) use links::digest as link_digest;
pub(crate) use preferences::told as ends_of;
pub(crate) use waiting::Waiting;

use crate::error::UseError;
use jiff::Timestamp;
use postern_base::rng::NoEntropy;
use postern_base::{AccountId, Language, PatientId, Phi, SessionId, TenantId};
use postern_store::StoreError;
use uuid::Uuid;

/// How strongly somebody is signed in (NIST SP 800-63B-4 section 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Aal {
    /// One factor.
    Aal1,
    /// Two factors, or a passkey that checked its holder.
    Aal2,
}

/// Who is signed in, to the record at hand.
#[derive(Debug, Clone)]
pub enum Person {
    /// The patient themself.
    Patient,
    /// Somebody who stands for the patient: `RelatedPerson/ID`.
    Proxy(Phi<String>),
}

/// Somebody who is signed in, and whose record they look at.
#[derive(Debug, Clone)]
pub struct Visitor {
    /// The tenant.
    pub tenant: TenantId,
    /// Their account.
    pub account: AccountId,
    /// Who they are to this patient.
    pub person: Person,
    /// Whose record is looked at.
    pub patient: PatientId,
    /// How strongly they are signed in.
    pub aal: Aal,
    /// When they last showed a strong factor: what is specially protected asks for a recent one.
    pub confirmed_at: Option<Timestamp>,
    /// Their session.
    pub session: SessionId,
    /// The language they are spoken to in.
    pub language: Language,
    /// The row by which the account stands for the patient.
    pub(crate) standing: Uuid,
}

impl Visitor {
    /// How they stand in ledger entries.
    #[must_use]
    pub fn actor(&self) -> String {
        actor(self.account)
    }

    /// They stand for somebody else.
    #[must_use]
    pub const fn is_proxy(&self) -> bool {
        matches!(self.person, Person::Proxy(_))
    }
}

/// How an account stands in ledger entries.
pub(crate) fn actor(account: AccountId) -> String {
    format!("account:{account}")
}

/// Why nobody was signed in or enrolled. It says nothing of who exists.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// What was said does not fit together. Which part of it is not told.
    #[error("what you gave does not match: check it and try again")]
    NoMatch,
    /// Too many wrong answers: none is heard until then (NIST SP 800-63B-4 section 3.2.2).
    #[error("there were too many wrong answers: wait and try again")]
    TooMany {
        /// When the next one is heard.
        until: Timestamp,
    },
    /// It took too long, or was done already: begin again.
    #[error("this took too long: begin again")]
    Over,
    /// The password will not do.
    #[error(transparent)]
    Weak(#[from] WeakPassword),
    /// As many sign in at this moment as are heard at once (503): nothing was weighed.
    #[error("many people are signing in just now: wait a minute and try again")]
    Crowded,
    /// Another account signs in by this name.
    #[error("this name is not free: choose another")]
    NameTaken,
    /// The store does not answer (503).
    #[error("the store does not answer now: try again")]
    Unavailable,
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        match error {
            // Somebody was faster, or the patient's key is gone.
            StoreError::NotFound | StoreError::KeyDestroyed => Self::Over,
            StoreError::Busy | StoreError::Unavailable | StoreError::LeaseLost | StoreError::Damaged => {
                Self::Unavailable
            }
        }
    }
}

impl From<NoEntropy> for Refused {
    fn from(_: NoEntropy) -> Self {
        Self::Unavailable
    }
}

impl From<UseError> for Refused {
    fn from(error: UseError) -> Self {
        match error {
            UseError::NotFound | UseError::Destroyed => Self::NoMatch,
            _ => Self::Unavailable,
        }
    }
}
