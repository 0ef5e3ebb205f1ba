//! What the fuzz target reaches into: compiled for it alone (`--cfg fuzzing`), so that nothing else sees it.

use super::inbound::Inbound;
use super::pdu::{self, Pdu};
use crate::provider::Received;
use jiff::Timestamp;
use postern_base::{Clock, SystemRng};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// A clock that stands still.
#[derive(Debug)]
struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }
}

/// A body as it travels: in a deliver_sm, or in a data_sm.
#[must_use]
pub fn delivery(short: bool, body: &[u8]) -> Vec<u8> {
    let id = if short { pdu::DELIVER_SM } else { pdu::DATA_SM };
    let mut out = Vec::new();
    Pdu { id, status: pdu::OK, sequence: 1, body: postern_base::Phi::new(body.to_vec()) }.write(&mut out);
    out
}

/// Reads `bytes` as what a message centre sends, as a session does, and gives what is told of it, messages whose other parts never
/// came last; and whether what is left could still become a PDU.
#[must_use]
pub fn told(bytes: &[u8]) -> (Vec<Received>, bool) {
    let (told, mut heard) = mpsc::channel(64);
    let mut inbound = Inbound::new("vendor", "service", told, Arc::new(Still), Arc::new(SystemRng));
    inbound.begin();
    let mut buffer = bytes.to_vec();
    let whole = loop {
        match Pdu::take(&mut buffer) {
            Ok(Some(pdu)) => {
                inbound.take(&pdu);
                drop(pdu.message_id());
            }
            Ok(None) => break true,
            Err(pdu::Broken) => break false,
        }
    };
    if let Some(later) = Instant::now().checked_add(Duration::from_secs(3600)) {
        inbound.look(later);
    }
    (std::iter::from_fn(|| heard.try_recv().ok()).map(|told| told.received).collect(), whole)
}
