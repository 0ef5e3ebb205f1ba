//! Accepting a request: understood, rendered, decided, and durable before anybody hears 202.

use crate::engine::Engine;
use crate::error::AcceptError;
use crate::principal::Principal;
use crate::wire;

/// What came of accepting.
#[derive(Debug)]
pub struct Accepted {
    /// The same key and body came before; this is the first answer again.
    pub replayed: bool,
    /// The answer.
    pub answer: wire::Accepted,
}

impl Engine {
    /// Accepts the request in `body` for the tenant of `principal`, once per idempotency `key`. When it answers `Ok`, the
    /// message, its forms, its queue and its ledger entry are durable.
    ///
    /// # Errors
    /// [`AcceptError`]; nothing was stored.
    pub async fn accept(
        &self,
        _principal: &Principal,
        _key: Option<&str>,
        _body: &[u8],
    ) -> Result<Accepted, AcceptError> {
        Err(AcceptError::Unavailable)
    }

    /// Decides the request in `body` without side effects.
    ///
    /// # Errors
    /// [`AcceptError`].
    pub async fn check(&self, _principal: &Principal, _body: &[u8]) -> Result<wire::Answer, AcceptError> {
        Err(AcceptError::Unavailable)
    }
}
