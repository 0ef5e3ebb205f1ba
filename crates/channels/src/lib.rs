//! The channels: every provider is one file behind one contract, with a simulator and a conformance kit.
//!
//! What this crate must not do: decide anything, name a database, or send without `Recorded<Permit>`. It is one of the two
//! crates that open outbound sockets (invariant 8).
//!
//! Start at [`provider`], then `email/direct.rs` for a real one and `simulator/` for the ones the demo uses.

pub mod amazon;
pub mod conformance;
pub mod duty;
pub mod email;
pub mod https;
mod line;
pub mod mail_domains;
pub mod portal;
pub mod provider;
pub mod registry;
pub mod simulator;
pub mod sms;
pub mod tls;
pub mod webhook;

pub use duty::{Duty, DutyHook, DutyWord};
pub use line::Booked;
pub use mail_domains::{DomainFound, MailDomains, Reported};
pub use portal::Portal;
pub use provider::{
    Destination, Handover, Health, InboundMessage, Onward, Outbound, Profile, Provider, ProviderRef, RawRequest,
    Receipt, ReceiptState, ReceiveError, Received, Sent, SigningSecret, TlsSession, Told, Unpermitted, reference_for,
};
pub use registry::Providers;
