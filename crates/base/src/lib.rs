//! The words everybody in Postern shares: ids, the vocabulary of patient communication, the wrappers that keep PHI and
//! secrets out of logs, and the traits through which time and randomness are handed in.
//!
//! What this crate must not do: hold behaviour. It knows no rule, opens no file or socket, and stays small on purpose;
//! a type belongs here only when two crates that may not know each other both need it.
//!
//! Start at [`vocabulary`] for the words, [`phi`] for invariant 4 (PHI never lies in the clear).

pub mod clock;
pub mod hex;
pub mod id;
pub mod phi;
pub mod rng;
pub mod vocabulary;

pub use clock::{Clock, SystemClock};
pub use hex::Hex;
pub use id::{AccountId, AttachmentId, AttemptId, DeliveryId, EntryId, MessageId, PatientId, SessionId, TenantId};
pub use phi::{Phi, Secret};
pub use rng::{Rng, SystemRng};
pub use vocabulary::{
    Basis, Category, Channel, EmailMode, EmailTier, Form, Language, Level, Origin, Purpose, RecipientRole, Review,
    Urgency,
};
