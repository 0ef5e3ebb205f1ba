//! What vendors tell us: receipts settle deliveries, and a deadline settles those that no receipt came for.

use crate::engine::Engine;
use postern_channels::{RawRequest, ReceiveError};
use postern_store::StoreError;

/// Why a vendor's request was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReceiveFailure {
    /// No provider of that name takes requests (404).
    #[error("no provider of that name takes requests")]
    NoSuchVendor,
    /// The signature is missing or wrong (401); counted, never parsed.
    #[error("the signature is missing or wrong")]
    BadSignature,
    /// The signature is right and the body cannot be understood (400).
    #[error("the request cannot be understood")]
    Unreadable,
    /// It could not be stored: the vendor should send it again (503).
    #[error("the request could not be stored: send it again")]
    Unavailable,
}

impl From<ReceiveError> for ReceiveFailure {
    fn from(error: ReceiveError) -> Self {
        match error {
            ReceiveError::BadSignature => Self::BadSignature,
            ReceiveError::Unreadable => Self::Unreadable,
            ReceiveError::NotSupported => Self::NoSuchVendor,
        }
    }
}

impl Engine {
    /// Takes a vendor's request as it arrived; `vendor` is `VENDOR/SERVICE`, or `VENDOR` when it has one service. Answers how
    /// many things it told us.
    ///
    /// # Errors
    /// [`ReceiveFailure`].
    pub async fn receive(&self, _vendor: &str, _raw: RawRequest) -> Result<usize, ReceiveFailure> {
        Err(ReceiveFailure::Unavailable)
    }

    /// Ends, as unknown, deliveries whose receipt is overdue, and raises an alert for each. Answers how many.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn settle_overdue(&self) -> Result<usize, StoreError> {
        Err(StoreError::Unavailable)
    }
}
