//! What is known of recipients' mail, as the API shows it.

use jiff::Timestamp;
use postern_base::EmailTier;
use postern_channels::email::StsPolicy;
use serde::Serialize;

/// What a recipient's mail domain was found to enforce.
#[derive(Debug, Clone, Serialize)]
pub struct MailDomainView {
    /// Its number.
    pub id: i64,
    /// The domain.
    pub domain: String,
    /// What it enforces: `dane` or `sts`; `pkix` where nobody enforces anything and a session was verified all the same; `none`.
    pub tier: EmailTier,
    /// When that was found.
    pub found_at: Timestamp,
    /// The MTA-STS policy that was fetched, in whatever mode.
    pub policy: Option<StsPolicy>,
    /// Why its policy could not be had, or why nothing can be sent there, in the words of RFC 8460 section 4.3 where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// TLS sessions that could not be had at one place for one reason: nothing of a message left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TlsFailureView {
    /// Its number.
    pub id: i64,
    /// Why, in the words of RFC 8460 section 4.3 where it has one.
    pub code: String,
    /// When the first attempt met it since somebody looked.
    pub first_at: Timestamp,
    /// When the last one did.
    pub last_at: Timestamp,
    /// How many attempts did.
    pub attempts: u64,
    /// The vendor and service that were to take the messages, as `vendor/service`.
    pub vendor: String,
    /// The recipient's domain, where the sessions were to be with its own server.
    pub domain: Option<String>,
    /// The server.
    pub server: Option<String>,
    /// When somebody looked at it.
    pub reviewed_at: Option<Timestamp>,
    /// Who.
    pub reviewed_by: Option<String>,
}
