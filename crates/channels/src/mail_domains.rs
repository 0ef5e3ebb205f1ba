//! What recipients' mail domains enforce, as the engine asks for it before the gate decides.

use crate::email::StsPolicy;
use crate::email::reports::OwnReport;
use async_trait::async_trait;
use jiff::Timestamp;
use postern_base::EmailTier;
use std::fmt;

/// What was found of a domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DomainFound {
    /// What it enforces: `dane`, `sts`, or `none`. Without a policy nothing is enforced, whatever a session may turn out to hold.
    pub tier: EmailTier,
    /// The MTA-STS policy behind it, to be kept as long as it holds (RFC 8461 section 3.3).
    pub policy: Option<StsPolicy>,
    /// What stood in the way of finding more, in the words of RFC 8460 section 4.3.
    pub problem: Option<&'static str>,
    /// The TLSA records that its servers are verified by (RFC 6698 section 2.2), where it enforces DANE.
    pub tlsa: Vec<String>,
}

/// What became of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reported {
    /// Somebody took it.
    Taken,
    /// The domain asks for none.
    NotWanted,
    /// Nobody takes it now; the code says why.
    NotNow(String),
}

/// Looks up what mail domains enforce.
#[async_trait]
pub trait MailDomains: Send + Sync + fmt::Debug {
    /// What `domain` enforces at `now`; `None` while that cannot be told, which is no leave to send it anything that needs a tier.
    async fn look_up(&self, domain: &str, now: Timestamp) -> Option<DomainFound>;

    /// Brings a report on TLS to where its domain asks for it (RFC 8460), if it does.
    async fn report(&self, report: &OwnReport, now: Timestamp) -> Reported;

    /// Takes back a policy of `domain` that was found before and kept.
    fn recall(&self, domain: &str, policy: StsPolicy, now: Timestamp);
}
