//! S/MIME (RFC 8551): a mail that only its recipient can read, and that says who wrote it.
//!
//! Three things meet here: a certificate as somebody brought it ([`Bundle`]), what the practice believes ([`Trust`]), and what it
//! signs with ([`Signer`]). Only [`Trust::recipient`] makes a [`Recipient`], and nothing is encrypted to anything else.
//!
//! OpenSSL does CMS alone here; TLS is elsewhere and another library. It takes its randomness, and the signing time it states, from
//! the operating system.

mod bundle;
mod protect;
mod trust;

pub(super) use bundle::hosts_of;
pub use bundle::{Bundle, BundleError};
pub use protect::{Cipher, Envelope, ProtectError, Signer, SignerError};
pub use trust::{Examined, Recipient, Trust, TrustError, Unfit};
