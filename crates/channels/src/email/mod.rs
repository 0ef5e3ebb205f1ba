//! E-mail: composing a message, bringing it to a smarthost, to Amazon SES or to the recipient's own server over a verified TLS session, and
//! taking what comes back.

pub mod arrived;
pub mod back;
pub mod direct;
pub mod doctor;
#[cfg(fuzzing)]
pub mod fuzzing;
pub mod inbound;
pub mod message;
pub mod reports;
pub mod ses;
pub mod smarthost;
pub mod smime;

mod dane;
mod dkim;
mod dns;
mod html;
mod letter;
mod peer;
mod places;
mod policies;
mod pool;
mod route;
mod session;
mod sts;

pub use crate::tls::Roots;
pub use direct::{Direct, DirectConfig, DirectError};
pub use dkim::{Dkim, DkimError, Unsigned};
pub use dns::{Anchors, DnsConfig, DnsConfigError};
pub use ses::{Ses, SesConfig};
pub use session::{SMTPUTF8_NOT_OFFERED, TlsStart};
pub use smarthost::{Credentials, Enforces, Smarthost, SmarthostConfig, SmarthostError};
pub use sts::{BadPolicy, StsMode, StsPolicy};
