//! The permit: the only thing a provider sends for (invariant 1).
//!
//! It is minted by [`crate::admit`] alone (its fields are private and it has no public constructor), cannot be cloned, and is
//! consumed by value on its way: `ledger::record` turns it into `Recorded<Permit>` once the entry is durable, and
//! `Provider::send` consumes that.

use crate::decision::VendorRef;
use crate::facts::Address;
use crate::rendition::Commitment;
use jiff::Timestamp;
use postern_base::{AttemptId, Channel, DeliveryId, EmailMode, Form, Level, MessageId, TenantId};

/// What a permit is bound to besides the decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// The tenant.
    pub tenant: TenantId,
    /// The message.
    pub message: MessageId,
    /// The delivery.
    pub delivery: DeliveryId,
    /// The attempt this permit is for.
    pub attempt: AttemptId,
}

/// The least protection the session must have; the provider answers `BelowFloor` instead of weakening it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TransportFloor {
    /// No transport leaves this process (portal, chat).
    InProcess,
    /// What the recipient's own server offers: verified TLS if it can be had, any TLS if not, else the clear. Only where the person asked
    /// for plain e-mail and was told of the risk (45 CFR 164.524(c)(2)(ii), RULES PRI-21), and never against what the recipient's domain
    /// enforces. To a relay it is as [`TransportFloor::VerifiedTls`].
    Plain,
    /// TLS 1.2 with ECDHE and AEAD or better to the vendor, certificate verified (RULES SEC-26).
    VerifiedTls,
    /// The recipient domain's tier must be enforced: MTA-STS enforce or DANE (RULES SEC-27).
    EnforcedTls,
}

/// Leave to send one form of one message to one contact point through one vendor, for a few seconds.
///
/// It cannot be forged, by hand or by copying:
///
/// ```compile_fail,E0451
/// fn forge(binding: postern_gate::Binding, honest: postern_gate::Permit) -> postern_gate::Permit {
///     postern_gate::Permit { binding, ..honest }
/// }
/// ```
///
/// ```compile_fail,E0599
/// fn copy(permit: &postern_gate::Permit) -> postern_gate::Permit {
///     postern_gate::Permit::clone(permit)
/// }
/// ```
///
/// ```compile_fail,E0616
/// fn prolong(mut permit: postern_gate::Permit, later: jiff::Timestamp) {
///     permit.not_after = later;
/// }
/// ```
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a permit that is not recorded and used is a send that silently did not happen"]
pub struct Permit {
    pub(crate) binding: Binding,
    pub(crate) channel: Channel,
    pub(crate) contact_point: Address,
    pub(crate) mode: Option<EmailMode>,
    pub(crate) form: Form,
    pub(crate) level: Level,
    pub(crate) commitment: Commitment,
    pub(crate) vendor: VendorRef,
    pub(crate) floor: TransportFloor,
    pub(crate) rules_version: u32,
    pub(crate) policy_version: String,
    pub(crate) not_after: Timestamp,
}

impl Permit {
    /// Seconds a permit is good for.
    pub const LIFETIME_SECONDS: i64 = 30;

    /// What it is bound to.
    pub const fn binding(&self) -> &Binding {
        &self.binding
    }
    /// The channel.
    pub const fn channel(&self) -> Channel {
        self.channel
    }
    /// The contact point.
    pub const fn contact_point(&self) -> &Address {
        &self.contact_point
    }
    /// The e-mail mode.
    pub const fn mode(&self) -> Option<EmailMode> {
        self.mode
    }
    /// The form.
    pub const fn form(&self) -> Form {
        self.form
    }
    /// What the delivery carries.
    pub const fn level(&self) -> Level {
        self.level
    }
    /// The content that may travel.
    pub const fn commitment(&self) -> &Commitment {
        &self.commitment
    }
    /// The vendor that may carry it.
    pub const fn vendor(&self) -> &VendorRef {
        &self.vendor
    }
    /// The least protection of the session.
    pub const fn floor(&self) -> TransportFloor {
        self.floor
    }
    /// The version of the rules that decided.
    pub const fn rules_version(&self) -> u32 {
        self.rules_version
    }
    /// The version of the tenant's policy that decided.
    pub fn policy_version(&self) -> &str {
        &self.policy_version
    }
    /// The instant after which it is void.
    pub const fn not_after(&self) -> Timestamp {
        self.not_after
    }
}
