//! What other mail hosts report on our own domain, as it is kept and as the API shows it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// A report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MailReportView {
    /// Its number.
    pub id: i64,
    /// `dmarc` (RFC 7489) or `tls` (RFC 8460).
    pub kind: String,
    /// When it came.
    pub at: Timestamp,
    /// It says that our own signature fails; until somebody looks, no mail goes out in bulk.
    pub doubts_signature: bool,
    /// What it says.
    #[serde(flatten)]
    pub about: MailReportAbout,
    /// When a person had looked at it.
    pub reviewed_at: Option<Timestamp>,
    /// Who.
    pub reviewed_by: Option<String>,
}

/// What a report says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailReportAbout {
    /// Who says so. A claim: reports are not signed.
    pub reporter: String,
    /// The reporter's name for it.
    pub reference: String,
    /// The domain it is about.
    pub domain: String,
    /// From.
    pub from: Timestamp,
    /// Until.
    pub until: Timestamp,
    /// Mails whose signature held; sessions that came about.
    pub passed: u64,
    /// Mails that failed DKIM and SPF, which are somebody else's or ours by a way nobody set up; sessions that failed.
    pub failed: u64,
    /// Of DMARC: mails from where ours come from whose signature failed or was missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unsigned: Option<u64>,
    /// Of DMARC: where mail came from, most first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<MailSourceView>,
    /// Of TLS: why sessions failed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub troubles: Vec<TlsTroubleView>,
}

/// Mail from one address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailSourceView {
    /// The address.
    pub address: IpAddr,
    /// How many mails.
    pub mails: u64,
    /// They passed by DKIM.
    pub dkim: bool,
    /// They passed by SPF.
    pub spf: bool,
    /// What became of them: `none`, `quarantine` or `reject`.
    pub disposition: String,
}

/// Why sessions failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TlsTroubleView {
    /// The result type (RFC 8460 section 4.3).
    pub kind: String,
    /// Our server's name, as they saw it.
    pub server: String,
    /// How many sessions.
    pub sessions: u64,
}
