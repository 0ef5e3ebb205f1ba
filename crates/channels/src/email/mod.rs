//! E-mail: composing a message, and handing it to a smarthost over a verified TLS session.

pub mod message;
pub mod smarthost;
pub mod smime;

mod session;
mod tls;

pub use smarthost::{Credentials, Smarthost, SmarthostConfig, SmarthostError, TlsStart};
pub use tls::Roots;
