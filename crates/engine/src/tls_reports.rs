//! Reports on TLS that we send (RFC 8460), once a day to each domain that asks for one: how our sessions with its servers did. They are made from
//! what is on record of each attempt, so a restart loses none of it; nothing in them is about a patient.

use crate::domains::AboutFailure;
use crate::engine::Engine;
use crate::ledger_entry;
use crate::wire::{MailReportAbout, TlsSessionView, TlsTroubleView};
use jiff::{SignedDuration, Timestamp};
use postern_base::EmailTier;
use postern_channels::email::reports::{OwnReport, PolicyReport, RESULTS};
use postern_channels::{MailDomains, Reported};
use postern_ledger::Kind;
use postern_store::{NewMailReport, StoreError};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// What stands in the log of reports for one that we sent.
const KIND: &str = "tls_sent";
/// RFC 8460 section 5.3: what cannot be brought at once is tried again, for a while.
const WAITS: [Duration; 3] = [Duration::ZERO, Duration::from_secs(60), Duration::from_secs(900)];
/// How many failures of a day are looked at.
const FAILURES: u32 = 100_000;

/// What is counted of one domain and one tier.
type Counts = BTreeMap<(String, EmailTier), (u64, BTreeMap<(String, String), u64>)>;

impl Engine {
    /// Sends the reports on `day`, counted in days since 1970 (UTC), that were not sent yet, to the domains that ask for them.
    pub async fn report_tls(&self, day: i64) {
        let Some(domains) = self.inner.providers.domains().cloned() else { return };
        let Some(submitter) = self.inner.config.own_domains.first().cloned() else { return };
        let start = Timestamp::from_second(day.saturating_mul(86_400)).unwrap_or(Timestamp::MIN);
        let next = start.checked_add(SignedDuration::from_hours(24)).unwrap_or(Timestamp::MAX);
        let until = next.checked_sub(SignedDuration::from_secs(1)).unwrap_or(Timestamp::MAX);
        let counts = match self.count_sessions(start, next).await {
            Ok(counts) => counts,
            Err(error) => {
                tracing::warn!(%error, "sessions of a day could not be counted for reports on TLS");
                return;
            }
        };
        let mut by_domain: BTreeMap<String, Vec<PolicyReport>> = BTreeMap::new();
        for ((domain, tier), (succeeded, failures)) in counts {
            let failures = failures.into_iter().map(|((code, server), count)| (code, server, count)).collect();
            by_domain.entry(domain).or_default().push(PolicyReport { tier, succeeded, failures });
        }
        for (domain, policies) in by_domain {
            let (contact, submitter) = (format!("postmaster@{submitter}"), submitter.clone());
            let report = OwnReport { submitter, contact, domain, from: start, until, policies };
            self.send_report(&domains, &report).await;
        }
    }

    async fn count_sessions(&self, from: Timestamp, until: Timestamp) -> Result<Counts, StoreError> {
        let mut counts = Counts::new();
        for tenant in self.inner.store.tenants().await? {
            let store = self.inner.store.tenant(&tenant.id);
            for session in store.sessions_between(from, until).await? {
                let view: TlsSessionView = serde_json::from_slice(session.reveal()).map_err(|_| StoreError::Damaged)?;
                if let (Some(domain), Some(tier)) = (view.domain, view.policy) {
                    let count = &mut counts.entry((domain, tier)).or_default().0;
                    *count = count.saturating_add(1);
                }
            }
            for failure in store.tls_failures(false, FAILURES).await? {
                let about = failure.about.and_then(|bytes| serde_json::from_slice::<AboutFailure>(bytes.reveal()).ok());
                let Some(AboutFailure { domain: Some(domain), server, .. }) = about else { continue };
                if failure.at < from || failure.at >= until || !RESULTS.contains(&failure.code.as_str()) {
                    continue;
                }
                let tier = store.mail_domain(&domain).await?.map_or(EmailTier::None, |found| found.tier);
                // A domain without a policy is one kind, whatever its certificates were.
                let tier = if tier == EmailTier::None { EmailTier::Pkix } else { tier };
                let of = counts.entry((domain, tier)).or_default();
                let count = of.1.entry((failure.code, server.unwrap_or_default())).or_default();
                *count = count.saturating_add(1);
            }
        }
        Ok(counts)
    }

    /// Claims the report, and then brings it: a restart in between loses it, and nobody gets it twice.
    async fn send_report(&self, domains: &Arc<dyn MailDomains>, report: &OwnReport) {
        let claimed = match self.claim_report(report).await {
            Ok(claimed) => claimed,
            Err(error) => {
                tracing::warn!(%error, "a report on TLS could not be noted, and is not sent");
                return;
            }
        };
        if !claimed {
            return;
        }
        for wait in WAITS {
            tokio::time::sleep(wait).await;
            match domains.report(report, self.now()).await {
                Reported::Taken | Reported::NotWanted => return,
                Reported::NotNow(code) => tracing::debug!(%code, "a report on TLS was not taken"),
            }
        }
    }

    async fn claim_report(&self, report: &OwnReport) -> Result<bool, StoreError> {
        let Some(tenant) = self.inner.store.tenants().await?.into_iter().next() else { return Ok(false) };
        let about = MailReportAbout {
            reporter: report.submitter.clone(),
            reference: report.id(),
            domain: report.domain.clone(),
            from: report.from,
            until: report.until,
            passed: report.policies.iter().map(|policy| policy.succeeded).sum(),
            failed: report.policies.iter().flat_map(|policy| &policy.failures).map(|(_, _, count)| count).sum(),
            unsigned: None,
            sources: Vec::new(),
            troubles: report
                .policies
                .iter()
                .flat_map(|policy| &policy.failures)
                .map(|(kind, server, sessions)| TlsTroubleView {
                    kind: kind.clone(),
                    server: server.clone(),
                    sessions: *sessions,
                })
                .collect(),
        };
        let about = serde_json::to_string(&about).map_err(|_| StoreError::Damaged)?;
        let new = NewMailReport {
            reference: format!("{KIND}\n{}", report.id()),
            kind: KIND,
            at: self.now(),
            doubts_signature: false,
            about,
        };
        let entry = ledger_entry::of(self, &tenant.id, Kind::Administered, "system", "tls_report_sent")
            .map_err(|_| StoreError::Unavailable)?;
        self.inner.store.tenant(&tenant.id).keep_mail_report(new, entry).await
    }
}
