//! Why a use case did not do what was asked. A refusal by the gate is not among them: it is an answer.

use crate::principal::{Forbidden, Scope};
use crate::templates::Problem;
use crate::wire::WireError;
use jiff::SignedDuration;
use postern_store::StoreError;

/// Why a request was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AcceptError {
    /// It was not understood (422).
    #[error(transparent)]
    Malformed(#[from] WireError),
    /// The caller may not (403).
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// The directory has no such patient (404).
    #[error("the directory has no such patient: import the patient's records first")]
    NoSuchPatient,
    /// The same idempotency key came before with another body (409).
    #[error("this idempotency key was used before with another body: use a new key for a new request")]
    Conflict,
    /// More is under way than this node takes in, or it is shutting down (503 with Retry-After).
    #[error("this node takes no more requests now")]
    Busy {
        /// When to try again.
        retry_after: SignedDuration,
    },
    /// The store or the source of randomness did not answer; nothing was stored (503).
    #[error("the message could not be stored: nothing was accepted, try again")]
    Unavailable,
}

/// Why something could not be read or changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UseError {
    /// It was not understood (422).
    #[error(transparent)]
    Malformed(#[from] WireError),
    /// The caller may not (403).
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// There is no such thing for this tenant (404).
    #[error("there is no such record")]
    NotFound,
    /// The store did not answer (503).
    #[error("the store does not answer now: try again")]
    Unavailable,
    /// The patient's key was destroyed (410).
    #[error("the content of this record was destroyed")]
    Destroyed,
    /// A template that may not be saved or used (422).
    #[error("the template may not be used as it is: {}", first(.0))]
    Refused(Vec<Problem>),
    /// Only a named person may do it (403).
    #[error("a named person must do this: use a staff member's key")]
    NotAPerson,
    /// Who proposed cannot approve (403).
    #[error("who proposed a version cannot approve it: ask a second person")]
    SamePerson,
    /// It is not in the state that this needs (409).
    #[error("this version is not in the state this needs: look at it again")]
    WrongState,
}

fn first(problems: &[Problem]) -> String {
    let more = problems.len().saturating_sub(1);
    let first = problems.first().map(ToString::to_string).unwrap_or_default();
    if more == 0 { first } else { format!("{first}; and {more} more") }
}

impl From<StoreError> for AcceptError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Busy => Self::Busy { retry_after: SignedDuration::from_secs(1) },
            StoreError::NotFound => Self::NoSuchPatient,
            StoreError::Unavailable | StoreError::LeaseLost | StoreError::KeyDestroyed | StoreError::Damaged => {
                Self::Unavailable
            }
        }
    }
}

impl From<StoreError> for UseError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound => Self::NotFound,
            StoreError::KeyDestroyed => Self::Destroyed,
            StoreError::Unavailable | StoreError::Busy | StoreError::LeaseLost | StoreError::Damaged => {
                Self::Unavailable
            }
        }
    }
}

impl From<Scope> for Forbidden {
    fn from(scope: Scope) -> Self {
        Self(scope)
    }
}
