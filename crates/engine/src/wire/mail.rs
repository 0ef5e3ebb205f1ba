//! What is known of recipients' mail, as the API shows it.

use jiff::Timestamp;
use postern_base::{AttemptId, EmailTier, MessageId};
use postern_channels::email::StsPolicy;
use serde::Serialize;

/// What a recipient's mail domain was found to enforce.
#[derive(Debug, Clone, Serialize)]
pub struct MailDomainView {
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

/// A TLS session that could not be had: nothing of the message left.
#[derive(Debug, Clone, Serialize)]
pub struct TlsFailureView {
    /// The attempt, which names the failure.
    pub attempt: AttemptId,
    /// Its message.
    pub message: MessageId,
    /// When.
    pub at: Timestamp,
    /// Why, in the words of RFC 8460 section 4.3 where it has one.
    pub code: String,
    /// The vendor and service that were to take it, as `vendor/service`; `null` once the patient's key is destroyed, as is what
    /// follows.
    pub vendor: Option<String>,
    /// The recipient's domain, where the session was to be with its own server.
    pub domain: Option<String>,
    /// The server.
    pub server: Option<String>,
    /// When somebody looked at it.
    pub reviewed_at: Option<Timestamp>,
    /// Who.
    pub reviewed_by: Option<String>,
}
