//! A simulated vendor: of text messages or of e-mail.

use super::inbox::Inbox;
use super::line::Line;
use super::magic::Behaviour;
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

/// A simulated vendor of one channel; [`magic`] says what it does for whom.
#[derive(Debug)]
pub struct SimulatedVendor {
    profile: Profile,
    behaviour: fn(&str) -> Behaviour,
    line: Arc<Line>,
    inbox: Arc<Inbox>,
}

impl SimulatedVendor {
    /// A simulator of text messages on `line`, under the vendor's and service's names of that line.
    #[must_use]
    pub fn sms(line: Line, inbox: Arc<Inbox>) -> Self {
        let last_mile = "Simulated: nothing leaves this process. A real text message is not encrypted end to end.";
        Self::new(line, inbox, &[Channel::Sms], TransportFloor::VerifiedTls, last_mile, magic::sms)
    }

    /// A simulator of e-mail on `line`, under the vendor's and service's names of that line.
    #[must_use]
    pub fn email(line: Line, inbox: Arc<Inbox>) -> Self {
        let last_mile = "Simulated: nothing leaves this process. A real mail is protected hop by hop, where the domains enforce it.";
        Self::new(line, inbox, &[Channel::Email], TransportFloor::EnforcedTls, last_mile, magic::email)
    }

    fn new(
        line: Line,
        inbox: Arc<Inbox>,
        channels: &'static [Channel],
        floor: TransportFloor,
        last_mile: &'static str,
        behaviour: fn(&str) -> Behaviour,
    ) -> Self {
        let profile = Profile {
            vendor: line.vendor.clone().into(),
            service: line.service.clone().into(),
            channels,
            receipts: true,
            idempotent: false,
            smime: false,
            floor,
            last_mile,
        };
        Self { profile, behaviour, line: Arc::new(line), inbox }
    }

    /// Plays a patient: `from` writes `text` to this line, at `now`. False when nobody listens any more.
    pub async fn reply(&self, from: &str, text: &str, now: Timestamp) -> bool {
        match self.profile.channels.first() {
            Some(channel) => self.inbox.reply(&self.line, *channel, from, text, now).await,
            None => false,
        }
    }
}

#[async_trait]
impl Provider for SimulatedVendor {
    fn profile(&self) -> &Profile {
        &self.profile
    }

    async fn send(&self, recorded: Recorded<Permit>, outbound: Outbound, now: Timestamp) -> Sent {
        let behaviour = (self.behaviour)(recorded.permit().contact_point().reveal());
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
