//! Reports on TLS that we send (RFC 8460), once a day to each domain that asks for one: how our sessions with its servers did. They are made from
//! what is on record of each attempt, so a restart loses none of it; nothing in them is about a patient.
//! Each tenant's record shows its own sessions only: where a patient has a mailbox is no other tenant's business.

use crate::domains::{AboutFailure, policy_of, published_by};
use crate::engine::Engine;
use crate::ledger_entry;
use crate::wire::{MailReportAbout, TlsSessionView, TlsTroubleView};
use jiff::{SignedDuration, Timestamp};
use postern_base::{EmailTier, TenantId};
use postern_channels::email::StsMode;
use postern_channels::email::reports::{OwnReport, PolicyReport, RESULTS};
use postern_channels::{MailDomains, Reported};
use postern_ledger::Kind;
use postern_store::{NewMailReport, StoreError, Tenanted};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// What stands in the log of reports for one that we sent.
const KIND: &str = "tls_sent";
/// RFC 8460 section 5.3: what cannot be brought at once is tried again, for a while.
const WAITS: [Duration; 3] = [Duration::ZERO, Duration::from_secs(60), Duration::from_secs(900)];

/// house: how many places are spoken to at once.
const AT_ONCE: usize = 8;

/// What is counted of one domain, by tier.
type Tiers = BTreeMap<EmailTier, Count>;

/// What is counted under one policy.
#[derive(Debug, Default)]
struct Count {
    /// Sessions that came about.
    succeeded: u64,
    /// Failures, by result and server.
    failed: BTreeMap<(String, String), u64>,
    /// What the domain published, and the servers that it names.
    published: (Vec<String>, Vec<String>),
}
/// The same of every domain, for each tenant that wrote to it.
type Counts = BTreeMap<String, Vec<(TenantId, Tiers)>>;

/// A report to send, and each tenant's part of it.
#[derive(Debug)]
struct Due {
    report: OwnReport,
    parts: Vec<(TenantId, OwnReport)>,
}

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
        // Beside each other: a place that takes nothing delays nobody else's report.
        let (mut under_way, room) = (JoinSet::new(), Arc::new(Semaphore::new(AT_ONCE)));
        for (domain, parts) in counts {
            let of = |tiers: Tiers| OwnReport {
                submitter: submitter.clone(),
                contact: format!("postmaster@{submitter}"),
                domain: domain.clone(),
                from: start,
                until,
                policies: policies(tiers),
            };
            let whole = parts.iter().fold(Tiers::new(), |whole, (_, tiers)| added(whole, tiers));
            let report = of(whole);
            let due = Due { report, parts: parts.into_iter().map(|(tenant, tiers)| (tenant, of(tiers))).collect() };
            let (engine, domains, room) = (self.clone(), Arc::clone(&domains), Arc::clone(&room));
            under_way.spawn(async move { engine.send_report(&domains, &room, &due).await });
        }
        while under_way.join_next().await.is_some() {}
    }

    async fn count_sessions(&self, from: Timestamp, until: Timestamp) -> Result<Counts, StoreError> {
        let mut counts = Counts::new();
        for tenant in self.inner.store.tenants().await? {
            let store = self.inner.store.tenant(&tenant.id);
            for (domain, tiers) in count_of(&store, from, until).await? {
                counts.entry(domain).or_default().push((tenant.id.clone(), tiers));
            }
        }
        Ok(counts)
    }

    /// Brings the report, and notes it once a server took it. A power failure in between may bring it twice, by the same name.
    async fn send_report(&self, domains: &Arc<dyn MailDomains>, room: &Semaphore, due: &Due) {
        match self.was_sent(due).await {
            Ok(false) => {}
            Ok(true) => return,
            Err(error) => {
                tracing::warn!(%error, "whether a report on TLS was sent could not be read, and it is not sent");
                return;
            }
        }
        for wait in WAITS {
            tokio::time::sleep(wait).await;
            let Ok(_one) = room.acquire().await else { return };
            match domains.report(&due.report, self.now()).await {
                Reported::Taken => return self.note_parts(due).await,
                Reported::NotWanted => return,
                Reported::NotNow(code) => tracing::debug!(%code, "a report on TLS was not taken"),
            }
        }
    }

    async fn note_parts(&self, due: &Due) {
        for (tenant, part) in &due.parts {
            if let Err(error) = self.note_report(tenant, part).await {
                tracing::warn!(%error, "that a report on TLS was sent could not be noted");
            }
        }
    }

    async fn was_sent(&self, due: &Due) -> Result<bool, StoreError> {
        for (tenant, part) in &due.parts {
            if self.inner.store.tenant(tenant).has_mail_report(&name_of(part)).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Notes a tenant's part of a report that was sent.
    async fn note_report(&self, tenant: &TenantId, report: &OwnReport) -> Result<bool, StoreError> {
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
        let new =
            NewMailReport { reference: name_of(report), kind: KIND, at: self.now(), doubts_signature: false, about };
        let entry = ledger_entry::of(self, tenant, Kind::Administered, "system", "tls_report_sent")
            .map_err(|_| StoreError::Unavailable)?;
        self.inner.store.tenant(tenant).keep_mail_report(new, entry).await
    }
}

fn name_of(report: &OwnReport) -> String {
    format!("{KIND}\n{}", report.id())
}

/// What one tenant's sessions with each domain came to.
async fn count_of(store: &Tenanted, from: Timestamp, until: Timestamp) -> Result<BTreeMap<String, Tiers>, StoreError> {
    let mut counts: BTreeMap<String, Tiers> = BTreeMap::new();
    for session in store.sessions_between(from, until).await? {
        let view: TlsSessionView = serde_json::from_slice(session.reveal()).map_err(|_| StoreError::Damaged)?;
        if let (Some(domain), Some(tier)) = (view.domain, view.policy) {
            let tier = published(store, &domain, tier).await?;
            let count = &mut counts.entry(domain).or_default().entry(tier).or_default().succeeded;
            *count = count.saturating_add(1);
        }
    }
    for failure in store.tls_failures_between(from, until).await? {
        let about = failure.about.and_then(|bytes| serde_json::from_slice::<AboutFailure>(bytes.reveal()).ok());
        let Some(AboutFailure { domain: Some(domain), server, tier, .. }) = about else { continue };
        if !RESULTS.contains(&failure.code.as_str()) {
            continue;
        }
        // As it was known then; what was kept before that was says how it is known now.
        let tier = match tier {
            Some(tier) => tier,
            None => store.mail_domain(&domain).await?.map_or(EmailTier::None, |found| found.tier),
        };
        let tier = published(store, &domain, tier).await?;
        let of = counts.entry(domain).or_default().entry(tier).or_default();
        let count = of.failed.entry((failure.code, server.unwrap_or_default())).or_default();
        *count = count.saturating_add(1);
    }
    for (domain, tiers) in &mut counts {
        let Some(kept) = store.mail_domain(domain).await? else { continue };
        for (tier, count) in tiers {
            count.published = published_by(&kept, *tier);
        }
    }
    Ok(counts)
}

/// The policy that a report names: RFC 8460 section 4.4: the one that the domain publishes, also one in testing, which enforces nothing.
async fn published(store: &Tenanted, domain: &str, tier: EmailTier) -> Result<EmailTier, StoreError> {
    if !matches!(tier, EmailTier::None | EmailTier::Pkix) {
        return Ok(tier);
    }
    let policy = store.mail_domain(domain).await?.as_ref().and_then(policy_of);
    let stands = policy.is_some_and(|policy| policy.mode != StsMode::None);
    // A domain without a policy is one kind, whatever its certificates were.
    Ok(if stands { EmailTier::Sts } else { EmailTier::Pkix })
}

fn added(mut whole: Tiers, part: &Tiers) -> Tiers {
    for (tier, count) in part {
        let of = whole.entry(*tier).or_default();
        of.succeeded = of.succeeded.saturating_add(count.succeeded);
        for (why, failed) in &count.failed {
            let sum = of.failed.entry(why.clone()).or_default();
            *sum = sum.saturating_add(*failed);
        }
        if of.published.0.is_empty() {
            of.published.clone_from(&count.published);
        }
    }
    whole
}

fn policies(tiers: Tiers) -> Vec<PolicyReport> {
    let failed = |failures: BTreeMap<(String, String), u64>| {
        failures.into_iter().map(|((code, server), count)| (code, server, count)).collect()
    };
    let report = |(tier, Count { succeeded, failed: failures, published: (said, servers) })| PolicyReport {
        tier,
        said,
        servers,
        succeeded,
        failures: failed(failures),
    };
    tiers.into_iter().map(report).collect()
}
