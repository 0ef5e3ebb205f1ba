//! Reports on TLS (RFC 8460 section 4): of sessions to our servers, how many came about, and why the others did not.

use super::bounded;
use jiff::Timestamp;
use serde::Deserialize;

/// Troubles that are kept of a report; the sums hold all of them.
const TROUBLES: usize = 50;

/// A report on one domain, by one host, over one span of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsReport {
    /// Who says so.
    pub reporter: String,
    /// The reporter's name for it.
    pub id: String,
    /// The domain it is about, lower case.
    pub domain: String,
    /// From.
    pub from: Timestamp,
    /// Until.
    pub until: Timestamp,
    /// Sessions that came about.
    pub succeeded: u64,
    /// Sessions that did not.
    pub failed: u64,
    /// Why, at most fifty.
    pub troubles: Vec<TlsTrouble>,
}

/// Why sessions failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsTrouble {
    /// The result type (RFC 8460 section 4.3), such as `certificate-expired`.
    pub kind: String,
    /// Our server's name, as they saw it.
    pub server: String,
    /// How many sessions.
    pub sessions: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Document {
    #[serde(default)]
    organization_name: String,
    date_range: Dates,
    report_id: String,
    policies: Vec<Policy>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Dates {
    start_datetime: Timestamp,
    end_datetime: Timestamp,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Policy {
    policy: About,
    summary: Summary,
    #[serde(default)]
    failure_details: Vec<Failure>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct About {
    policy_domain: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Summary {
    #[serde(default)]
    total_successful_session_count: u64,
    #[serde(default)]
    total_failure_session_count: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Failure {
    result_type: String,
    #[serde(default)]
    receiving_mx_hostname: String,
    #[serde(default)]
    failed_session_count: u64,
}

/// Reads a report; `None` = it is none. What the standard does not name is left alone.
pub(super) fn read(text: &str) -> Option<TlsReport> {
    let document: Document = serde_json::from_str(text).ok()?;
    let domain = bounded(&document.policies.first()?.policy.policy_domain).trim_end_matches('.').to_ascii_lowercase();
    let id = bounded(&document.report_id);
    if domain.is_empty() || id.is_empty() {
        return None;
    }
    // RFC 8460 section 4.4: a report is on one domain, with a part for each policy that was found.
    let own =
        |policy: &&Policy| bounded(&policy.policy.policy_domain).trim_end_matches('.').eq_ignore_ascii_case(&domain);
    let (mut succeeded, mut failed, mut troubles) = (0_u64, 0_u64, Vec::new());
    for policy in document.policies.iter().filter(own) {
        succeeded = succeeded.saturating_add(policy.summary.total_successful_session_count);
        failed = failed.saturating_add(policy.summary.total_failure_session_count);
        troubles.extend(policy.failure_details.iter().map(|failure| TlsTrouble {
            kind: bounded(&failure.result_type),
            server: bounded(&failure.receiving_mx_hostname),
            sessions: failure.failed_session_count,
        }));
    }
    troubles.sort_by_key(|trouble: &TlsTrouble| std::cmp::Reverse(trouble.sessions));
    troubles.truncate(TROUBLES);
    Some(TlsReport {
        reporter: bounded(&document.organization_name),
        id,
        domain,
        from: document.date_range.start_datetime,
        until: document.date_range.end_datetime,
        succeeded,
        failed,
        troubles,
    })
}
