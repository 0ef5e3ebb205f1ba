//! Encrypted persistence: SQLite behind one concrete [`Store`], keys, the outbox and group commit.
//!
//! What this crate must not do: decide, render, or open a socket (key providers excepted). It is the only crate that names a
//! database (invariant 8). No query runs without a tenant: everything about a tenant goes through [`Tenanted`]; the few
//! calls on [`Store`] itself are the machine's own (claiming work, publishing the ledger).
//!
//! Start at [`Store::open`], [`Tenanted::accept`], and `writer.rs` for the group commit. `schema/0001.sql` says what is stored
//! where, `keys.rs` under which key, `coverage.rs` what the ledger states of it.

mod accept;
mod alerts;
mod attachments;
mod attestations;
mod certificates;
mod contacts;
mod coverage;
mod database;
mod decisions;
mod directory;
mod evidence;
mod frame;
mod gauge;
mod health;
mod inspection;
mod keys;
mod mail;
mod mail_reports;
mod messages;
mod open;
mod outbox;
mod portal;
mod reading;
pub mod records;
mod registry;
mod returned;
mod reviews;
mod rows;
mod schema;
mod seal;
mod sessions;
mod shredding;
mod templates;
mod text_hours;
mod tls_troubles;
mod writer;

pub use alerts::{AlertMark, AlertRecord, NewAlert, WaitingAlert};
pub use attestations::Attestation;
pub use certificates::CertificateRecord;
pub use contacts::OwnVerification;
pub use coverage::EXEMPT;
pub use decisions::Decisions;
pub use directory::Sharers;
pub use gauge::{BATCH_CLASSES, Stats};
pub use health::Unwell;
pub use inspection::{LedgerRow, LedgerRows};
pub use mail::{MailDomain, TlsFailure};
pub use mail_reports::{MailReport, NewMailReport};
pub use open::{Options, Store, Tenanted};
pub use outbox::{Recorder, Room};
pub use portal::{
    PortalAccount, PortalAdmission, PortalCounted, PortalEntry, PortalInvitation, PortalLink, PortalPerson,
    PortalSession, PortalStep, PortalTries, PortalWait,
};
pub use reading::Reading;
pub use records::*;
pub use returned::{KeptMail, MailKind, NewKeptMail, NewSuppression, Suppression, SuppressionReason};
pub use reviews::{NewReview, Reviewed};
pub use templates::{TemplateMove, TemplateRecord, TemplateState};
pub use text_hours::TextHour;
pub use tls_troubles::TlsTrouble;
