//! A simulated text message vendor.

use super::inbox::Inbox;
use super::line::Line;
use super::{magic, play};
use crate::provider::{
    Health, Outbound, Profile, Provider, ProviderRef, RawRequest, Receipt, ReceiveError, Received, Sent,
};
use async_trait::async_trait;
use jiff::Timestamp;
use postern_base::Channel;
use postern_gate::{Permit, TransportFloor};
use postern_ledger::Recorded;
use std::sync::Arc;

/// A simulated text message vendor; [`magic::SMS`] says what it does for whom.
#[derive(Debug)]
pub struct SmsSimulator {
    profile: Profile,
    line: Arc<Line>,
    inbox: Arc<Inbox>,
}

impl SmsSimulator {
    /// A simulator on `line`, under the vendor's and service's names of that line.
    #[must_use]
    pub fn new(line: Line, inbox: Arc<Inbox>) -> Self {
        let profile = Profile {
            vendor: line.vendor.clone().into(),
            service: line.service.clone().into(),
            channels: &[Channel::Sms],
            receipts: true,
            idempotent: false,
            floor: TransportFloor::VerifiedTls,
            last_mile: "Simulated: nothing leaves this process. A real text message is not encrypted end to end.",
        };
        Self { profile, line: Arc::new(line), inbox }
    }

    /// Plays a patient: `from` writes `text` to this line, at `now`. False when nobody listens any more.
    pub async fn reply(&self, from: &str, text: &str, now: Timestamp) -> bool {
        self.inbox.reply(&self.line, Channel::Sms, from, text, now).await
    }
}

#[async_trait]
impl Provider for SmsSimulator {
    fn profile(&self) -> &Profile {
        &self.profile
    }

    async fn send(&self, recorded: Recorded<Permit>, outbound: Outbound, now: Timestamp) -> Sent {
        let behaviour = magic::sms(recorded.permit().contact_point().reveal());
        play(&self.profile, &self.line, &self.inbox, behaviour, &recorded, &outbound, now)
    }

    fn receive(&self, request: &RawRequest) -> Result<Vec<Received>, ReceiveError> {
        self.line.read(request)
    }

    async fn status(&self, reference: &ProviderRef) -> Option<Receipt> {
        self.inbox.standing(reference)
    }

    async fn probe(&self) -> Health {
        Health::Up
    }
}
