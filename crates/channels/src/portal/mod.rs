//! The portal: a copy the patient reads after signing in. Nothing leaves this process.

use crate::provider::{Handover, Health, Outbound, Profile, Provider, Sent, reference_for};
use async_trait::async_trait;
use jiff::Timestamp;
use postern_base::Channel;
use postern_gate::{Permit, TransportFloor};
use postern_ledger::Recorded;

/// The portal as a provider: the sealed body is in the store since accept, so that to send is to make it visible, which the
/// engine does when it reads `Delivered`.
#[derive(Debug)]
pub struct Portal {
    profile: Profile,
}

impl Portal {
    /// The vendor that the portal is: ourselves. There is no agreement with oneself (45 CFR 160.103 "business associate"
    /// is another person), so the registry's row for it is always in force.
    pub const VENDOR: &'static str = "self";
    /// Its service.
    pub const SERVICE: &'static str = "portal";

    /// The portal.
    #[must_use]
    pub fn new() -> Self {
        Self {
            profile: Profile {
                vendor: Self::VENDOR.into(),
                service: Self::SERVICE.into(),
                channels: &[Channel::Portal],
                receipts: false,
                idempotent: true,
                smime: false,
                floor: TransportFloor::InProcess,
                last_mile: "The message is kept sealed here and shown to the patient over TLS after signing in.",
            },
        }
    }
}

impl Default for Portal {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Provider for Portal {
    fn profile(&self) -> &Profile {
        &self.profile
    }

    async fn send(&self, recorded: Recorded<Permit>, outbound: Outbound, now: Timestamp) -> Sent {
        match self.profile.admit(&recorded, &outbound, now) {
            Err(refused) => refused,
            Ok(()) => {
                let reference = reference_for(recorded.permit().binding().delivery);
                Sent::Delivered(Handover { reference, session: None })
            }
        }
    }

    async fn probe(&self) -> Health {
        Health::Up
    }
}
