//! A message as the API shows it.

use super::answer::{Links, TextLength};
use super::received::AttachmentView;
use jiff::Timestamp;
use postern_base::{
    AttemptId, Channel, DeliveryId, EmailMode, EmailTier, Form, Hex, Language, Level, MessageId, Purpose,
};
use postern_channels::provider::TlsSession;
use serde::{Deserialize, Serialize};

/// A message and where each of its deliveries stands.
#[derive(Debug, Clone, Serialize)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// When it is worthless.
    pub expires_at: Timestamp,
    /// Why.
    pub purpose: Purpose,
    /// The outcome at accept: `send`, `defer`, `hold` or `refuse`.
    pub outcome: String,
    /// Where it stands as a whole: the state of the delivery furthest from its end.
    pub state: String,
    /// Its deliveries.
    pub deliveries: Vec<DeliveryStatus>,
    /// The forms it could take; only when the caller asked to read the content.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub content: Vec<BodyPart>,
    /// Files that go with its copy in the portal; with the content.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<AttachmentView>,
    /// Where to read more.
    pub links: Links,
}

/// Where a delivery stands.
#[derive(Debug, Clone, Serialize)]
pub struct DeliveryStatus {
    /// Its id.
    pub id: DeliveryId,
    /// On which channel.
    pub channel: Channel,
    /// How an e-mail travels.
    pub mode: Option<EmailMode>,
    /// Which form.
    pub form: Form,
    /// What it carries.
    pub level: Level,
    /// The vendor and service, as `vendor/service`.
    pub vendor: Option<String>,
    /// Where it stands.
    pub state: String,
    /// The last code.
    pub code: Option<String>,
    /// When it falls due.
    pub due: Timestamp,
    /// Attempts started.
    pub attempts: u32,
    /// When its state last changed.
    pub changed_at: Timestamp,
    /// What carriers make of a text message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub length: Option<TextLength>,
}

/// One form of a message, in the clear.
#[derive(Clone, Serialize)]
pub struct BodyPart {
    /// Which form.
    pub form: Form,
    /// For which channel; `null` = every channel without its own.
    pub channel: Option<Channel>,
    /// Its language.
    pub language: Language,
    /// Subject or title.
    pub subject: Option<String>,
    /// The text.
    pub body: String,
}

impl std::fmt::Debug for BodyPart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "BodyPart({})", self.form)
    }
}

/// A portal copy, in the clear.
#[derive(Clone, Serialize)]
pub struct PortalCopyView {
    /// The message.
    pub message: MessageId,
    /// Why.
    pub purpose: Purpose,
    /// Subject.
    pub subject: Option<String>,
    /// The text.
    pub body: String,
    /// What it carries.
    pub level: Level,
    /// When it became visible.
    pub at: Timestamp,
}

impl std::fmt::Debug for PortalCopyView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PortalCopyView({})", self.message)
    }
}

/// A ledger entry of a message: ids and codes.
#[derive(Debug, Clone, Serialize)]
pub struct EntryView {
    /// Its index in the log.
    pub index: u64,
    /// What happened.
    pub kind: String,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: String,
    /// The delivery.
    pub delivery: Option<DeliveryId>,
    /// The attempt.
    pub attempt: Option<AttemptId>,
    /// The code.
    pub code: Option<String>,
    /// Rules and policy versions.
    pub policy: Option<String>,
    /// How an attempt ended: the TLS session over which the provider took the message. The entry commits to it as `session`.
    pub session: Option<TlsSessionView>,
}

/// A TLS session as it was negotiated: evidence of transmission security (45 CFR 164.312(e)(1)).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TlsSessionView {
    /// The protocol, such as `TLSv1_3`.
    pub protocol: String,
    /// The cipher suite, such as `TLS13_AES_256_GCM_SHA384`.
    pub cipher_suite: String,
    /// The name the certificate was verified for.
    pub peer_name: String,
    /// What the peer was verified by: `pkix`, `sts` or `dane`. Absent in what was kept before it was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<EmailTier>,
    /// SHA-256 of the peer's certificate (DER), in hexadecimal.
    pub peer_certificate_sha256: String,
    /// The recipient's domain, where the session was with its own server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// Why the hops after a relay are believed to be protected, where the message asked for it: it took the mail under REQUIRETLS
    /// (`requiretls`, RFC 8689), the deployment vouches for it (`vouched`), or its own configuration says so (`configured`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub onward: Option<String>,
}

impl From<&TlsSession> for TlsSessionView {
    fn from(session: &TlsSession) -> Self {
        Self {
            protocol: session.protocol.clone(),
            cipher_suite: session.cipher_suite.clone(),
            peer_name: session.peer_name.clone(),
            policy: Some(session.policy),
            peer_certificate_sha256: Hex(&session.peer_certificate_sha256).to_string(),
            domain: None,
            onward: session.onward.map(|onward| onward.as_str().to_owned()),
        }
    }
}
