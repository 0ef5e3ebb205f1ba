//! The use cases: accept a request, render every form it could take, dispatch what is due through the second gate, settle
//! receipts, take what patients send back, import records.
//!
//! What this crate must not do: decide (the gate does), name a database (the store does), open a socket (the channels do),
//! know HTTP or draw a page (web does), read a clock or make randomness (both are handed in).
//!
//! Start at [`Engine::accept`] in `accept.rs`, then `dispatch.rs`, where the only permit of a send is minted, recorded and
//! used. `wire/` is the format of requests, cases and answers; `templates/` holds the built-in texts.

mod accept;
pub mod address;
mod address_ask;
mod address_check;
mod alerts;
mod attestations;
mod blocked;
mod certificates;
mod config;
mod disclosures;
mod dispatch;
mod do_not_call;
mod domains;
mod email_risk;
mod enclosures;
mod engine;
mod error;
mod explain;
mod facts;
pub mod faults;
mod grounds;
mod heard;
mod identity;
mod import;
mod inbound;
mod kept;
mod keys;
mod lanes;
mod ledger_entry;
mod mail_reports;
mod measure;
mod metrics;
mod notices;
mod number_checks;
mod of_patient;
mod pace;
pub mod policy;
pub mod portal;
mod principal;
mod reads;
mod receipts;
mod received;
pub mod render;
pub mod replay;
mod returned;
mod roles;
mod run;
pub mod scan;
mod standby;
pub mod templates;
mod tenants;
mod tls_reports;
mod turns;
mod unsubscribe;
mod verifications;
mod visit;
mod volume;
pub mod wire;
mod wish_list;
mod wishes;

pub use accept::Accepted;
pub use config::EngineConfig;
pub use dispatch::Dispatched;
pub use engine::Engine;
pub use error::{AcceptError, UseError};
pub use explain::{explain, read_case};
pub use import::{ImportError, ImportReport};
pub use metrics::{Metrics, RuleLabel};
pub use of_patient::{Added, Certificates, Disclosures, DoNotCall, Notices, NumberChecks, OfPatient, Verifications};
pub use pace::TextLimit;
pub use principal::{Forbidden, Holder, Principal, PrincipalKind, Scope, UnknownScope};
pub use reads::PAGE;
pub use receipts::ReceiveFailure;
pub use wish_list::{EmergencyContact, WishView};
