//! What recipients' mail domains enforce: looked up before an e-mail is decided on, and kept with the date it was found; and TLS
//! sessions that could not be had, kept until somebody has looked at them.
//!
//! Accepting waits for nobody's DNS: it goes by what is known. Dispatch looks up what is not, or not lately, and decides on it.

use crate::engine::Engine;
use crate::error::UseError;
use crate::ledger_entry;
use crate::principal::{Principal, Scope};
use crate::wire::{MailDomainView, TlsFailureView};
use jiff::{SignedDuration, Timestamp};
use postern_base::{EmailTier, MessageId, TenantId};
use postern_channels::email::StsPolicy;
use postern_channels::{DomainFound, Provider, Sent, TlsSession};
use postern_gate::TransportFloor;
use postern_gate::facts::Address;
use postern_ledger::Kind;
use postern_store::{MailDomain, Reading, StoreError};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How long what was found is gone by before it is looked up again for the next message.
const FRESH: SignedDuration = SignedDuration::from_mins(10);
/// How soon what could not be told is asked again.
const AGAIN: SignedDuration = SignedDuration::from_mins(1);
/// How long accepting goes by what was found: dispatch looks again.
const RECORDED: SignedDuration = SignedDuration::from_hours(24 * 7);
/// How long one look-up may take.
const LOOK_UP_TIME: Duration = Duration::from_secs(15);
/// Domains kept in memory; one that is forgotten is read again from the store.
const DOMAINS: usize = 20_000;
/// The most that a list of domains or failures holds.
const PAGE: u32 = 1000;

/// What is known of domains, by tenant.
#[derive(Debug, Default)]
pub(crate) struct Domains {
    known: Mutex<HashMap<(TenantId, String), Known>>,
}

/// The last look-up.
#[derive(Debug, Clone, Copy)]
struct Known {
    /// What was found; `None` when that could not be told.
    tier: Option<EmailTier>,
    at: Timestamp,
    /// Why its policy could not be had, until that is on record.
    problem: Option<&'static str>,
}

/// What was found of a domain beside its tier and policy, as it is kept.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Notes {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tlsa: Vec<String>,
}

impl Domains {
    fn get(&self, tenant: &TenantId, domain: &str) -> Option<Known> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&(tenant.clone(), domain.to_owned())).copied()
    }

    /// Why the domain's policy could not be had, the first time that is asked after a look-up.
    fn take_problem(&self, tenant: &TenantId, domain: &str) -> Option<&'static str> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get_mut(&(tenant.clone(), domain.to_owned()))?.problem.take()
    }

    fn put(&self, tenant: &TenantId, domain: &str, found: Known) {
        let at = found.at;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= DOMAINS {
            known.retain(|_, seen| at.duration_since(seen.at) < FRESH);
        }
        known.insert((tenant.clone(), domain.to_owned()), found);
    }
}

/// More about a failure than its code, as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct AboutFailure {
    /// The vendor and service that were to take the message.
    pub(crate) vendor: String,
    /// The recipient's domain, where the session was to be with its own server.
    pub(crate) domain: Option<String>,
    /// The server.
    pub(crate) server: Option<String>,
    /// What the domain was known to enforce then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) tier: Option<EmailTier>,
}

impl AboutFailure {
    /// Where it was, whatever was known of the domain then: what happens there again is the same trouble.
    pub(crate) fn place(&self) -> Self {
        Self { tier: None, ..self.clone() }
    }

    /// What `sent` says of a session that could not be had with `provider`'s peer, if it says so.
    ///
    /// A server, or somebody before it, that breaks off where TLS begins may do so once by accident; `again` = it did before.
    pub(crate) fn of(
        sent: &Sent,
        provider: &dyn Provider,
        domain: Option<&str>,
        again: bool,
    ) -> Option<(String, Self)> {
        let vendor = format!("{}/{}", provider.profile().vendor, provider.profile().service);
        let own = own_hop(provider);
        let domain = domain.filter(|_| own).map(str::to_owned);
        match sent {
            // What the profile cannot hold was never tried.
            Sent::BelowFloor { code, .. } if code == "provider-floor" => None,
            Sent::BelowFloor { code, peer, .. } => {
                Some((code.clone(), Self { vendor, domain, server: peer.clone(), tier: None }))
            }
            // RFC 8460 section 4.3.2.1: DNS that does not hold is a failure of the domain's protection too.
            Sent::TemporaryFailure { code } if code == "dnssec-invalid" => {
                Some((code.clone(), Self { vendor, domain, server: None, tier: None }))
            }
            Sent::TemporaryFailure { code } if again => {
                let result = broken_off(code)?;
                Some((result.to_owned(), Self { vendor, domain, server: None, tier: None }))
            }
            _ => None,
        }
    }
}

/// Whether `sent` was broken off where TLS begins.
pub(crate) fn breaks_off(sent: &Sent) -> bool {
    matches!(sent, Sent::TemporaryFailure { code } if broken_off(code).is_some())
}

/// What RFC 8460 section 4.3 calls a session that `code` says ended where TLS was to begin: STARTTLS was answered with no, or not at all; or
/// the handshake was broken off.
pub(crate) fn broken_off(code: &str) -> Option<&'static str> {
    match code {
        "tls" => Some("validation-failure"),
        code if code.starts_with("starttls-") => Some("starttls-not-supported"),
        _ => None,
    }
}

impl Engine {
    /// Looks up what the domain of `point` enforces, unless that was done lately.
    pub(crate) async fn learn_domain(&self, tenant: &TenantId, point: &Address) {
        let Some(domains) = self.inner.providers.domains() else { return };
        let Some(domain) = crate::address::domain(point.reveal()) else { return };
        let now = self.now();
        let known = self.inner.domains.get(tenant, &domain);
        let lately =
            known.is_some_and(|known| now.duration_since(known.at) < if known.tier.is_some() { FRESH } else { AGAIN });
        if lately {
            return;
        }
        let kept = match self.inner.store.tenant(tenant).mail_domain(&domain).await {
            Ok(kept) => kept,
            Err(error) => {
                tracing::warn!(%error, "what was found of a mail domain could not be read");
                return;
            }
        };
        if known.is_none()
            && let Some(policy) = kept.as_ref().and_then(policy_of)
        {
            // RFC 8461 section 5.1: a policy holds through a restart of ours too.
            domains.recall(&domain, policy, now);
        }
        let found = tokio::time::timeout(LOOK_UP_TIME, domains.look_up(&domain, now)).await.ok().flatten();
        let problem = found.as_ref().and_then(|found| found.problem).filter(|problem| problem.starts_with("sts-"));
        let tier = found.as_ref().map(|found| found.tier);
        self.inner.domains.put(tenant, &domain, Known { tier, at: now, problem });
        if let Some(found) = found {
            self.keep_domain(tenant, domain, found, kept, now).await;
        }
    }

    /// Keeps what was found, where it says something new.
    async fn keep_domain(
        &self,
        tenant: &TenantId,
        domain: String,
        found: DomainFound,
        kept: Option<MailDomain>,
        now: Timestamp,
    ) {
        let policy = found.policy.and_then(|policy| serde_json::to_vec(&policy).ok());
        let notes = Notes { problem: found.problem.map(str::to_owned), tlsa: found.tlsa };
        let notes = if notes == Notes::default() { None } else { serde_json::to_vec(&notes).ok() };
        if let Some(kept) = &kept {
            // That a session was verified says more than that nobody asks for it.
            let as_good = kept.tier == found.tier || (kept.tier, found.tier) == (EmailTier::Pkix, EmailTier::None);
            let same = kept.policy == policy && kept.notes == notes;
            if as_good && same && now.duration_since(kept.found_at) < SignedDuration::from_hours(24) {
                return;
            }
        }
        self.put_domain(tenant, MailDomain { domain, tier: found.tier, found_at: now, policy, notes }).await;
    }

    async fn put_domain(&self, tenant: &TenantId, found: MailDomain) {
        if let Err(error) = self.inner.store.tenant(tenant).put_mail_domain(&found).await {
            tracing::warn!(%error, "what was found of a mail domain could not be kept");
        }
    }

    /// Notes that a session with the domain's own server was verified, where nobody enforces it.
    pub(crate) async fn saw_session(
        &self,
        tenant: &TenantId,
        provider: &dyn Provider,
        domain: Option<&str>,
        session: &TlsSession,
    ) {
        let own = own_hop(provider) && session.policy == EmailTier::Pkix;
        let Some(domain) = domain.filter(|_| own && self.inner.providers.domains().is_some()) else { return };
        let known = self.inner.domains.get(tenant, domain);
        if let Some(known) = known.filter(|known| known.tier == Some(EmailTier::None)) {
            let now = self.now();
            self.inner.domains.put(tenant, domain, Known { tier: Some(EmailTier::Pkix), at: now, ..known });
            // A session says nothing of what the domain publishes: a policy in testing, or one that could not be had, stays on record.
            let Ok(kept) = self.inner.store.tenant(tenant).mail_domain(domain).await else { return };
            let (policy, notes) = kept.map_or((None, None), |kept| (kept.policy, kept.notes));
            let (domain, tier) = (domain.to_owned(), EmailTier::Pkix);
            self.put_domain(tenant, MailDomain { domain, tier, found_at: now, policy, notes }).await;
        }
    }

    /// What went wrong with the protection of the session that `sent` was to be, or was, over: why there was none; or that the domain's
    /// policy could not be had, once after each look-up (RFC 8460 section 4.3.2.2).
    pub(crate) fn trouble(
        &self,
        tenant: &TenantId,
        provider: &dyn Provider,
        domain: Option<&str>,
        sent: &Sent,
        again: bool,
    ) -> Option<(String, AboutFailure)> {
        let known = domain.and_then(|domain| self.inner.domains.get(tenant, domain)).and_then(|known| known.tier);
        if let Some((code, about)) = AboutFailure::of(sent, provider, domain, again) {
            return Some((code, AboutFailure { tier: known, ..about }));
        }
        let (domain, session) = (domain.filter(|_| own_hop(provider))?, sent.session()?);
        let code = self.inner.domains.take_problem(tenant, domain)?.to_owned();
        let vendor = format!("{}/{}", provider.profile().vendor, provider.profile().service);
        let (domain, server) = (Some(domain.to_owned()), Some(session.peer_name.clone()));
        Some((code, AboutFailure { vendor, domain, server, tier: Some(EmailTier::Sts) }))
    }

    /// What was found of the domains of `points`: looked up by this process, or kept. A message that found no session once never
    /// climbs back to what it fell below (RULES SYS-07).
    pub(crate) async fn found_tiers(
        &self,
        tenant: &TenantId,
        message: Option<MessageId>,
        points: &[Address],
        reading: &mut Reading,
        now: Timestamp,
    ) -> Result<BTreeMap<String, EmailTier>, StoreError> {
        let mut tiers = BTreeMap::new();
        let domains: BTreeSet<String> =
            points.iter().filter_map(|point| crate::address::domain(point.reveal())).collect();
        if let Some(message) = message
            && reading.tls_failed(message).await?
        {
            return Ok(domains.into_iter().map(|domain| (domain, EmailTier::None)).collect());
        }
        if self.inner.providers.domains().is_none() {
            return Ok(tiers);
        }
        let mut unread = Vec::new();
        for domain in domains {
            match self.inner.domains.get(tenant, &domain) {
                Some(Known { tier: Some(tier), .. }) => {
                    tiers.insert(domain, tier);
                }
                // It was asked, and could not be told: what was found before is no answer to that.
                Some(Known { tier: None, .. }) => {}
                None => unread.push(domain),
            }
        }
        for kept in reading.mail_domains(&unread).await? {
            if now.duration_since(kept.found_at) < RECORDED {
                tiers.insert(kept.domain, kept.tier);
            }
        }
        Ok(tiers)
    }

    /// Mail domains that were looked up, the latest met first, at most `limit` of those behind the number `before`.
    ///
    /// # Errors
    /// [`UseError`].
    pub async fn mail_domains(
        &self,
        principal: &Principal,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<MailDomainView>, UseError> {
        principal.must(Scope::MessagesRead)?;
        let store = self.inner.store.tenant(&principal.tenant);
        let found = store.mail_domains(before, limit.clamp(1, PAGE)).await?;
        let view = |(id, kept): (i64, MailDomain)| MailDomainView {
            id,
            policy: policy_of(&kept),
            problem: notes_of(&kept).problem,
            domain: kept.domain,
            tier: kept.tier,
            found_at: kept.found_at,
        };
        Ok(found.into_iter().map(view).collect())
    }

    /// TLS sessions that could not be had, by place and reason, the latest begun first, at most `limit` of those behind the number `before`;
    /// with `open`, those that nobody looked at yet.
    ///
    /// # Errors
    /// [`UseError`].
    pub async fn tls_failures(
        &self,
        principal: &Principal,
        open: bool,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<TlsFailureView>, UseError> {
        principal.must(Scope::MessagesRead)?;
        let store = self.inner.store.tenant(&principal.tenant);
        let troubles = store.tls_troubles(open, before, limit.clamp(1, PAGE)).await?;
        troubles
            .into_iter()
            .map(|trouble| {
                let place = serde_json::from_slice::<AboutFailure>(trouble.place.reveal());
                let AboutFailure { vendor, domain, server, .. } = place.map_err(|_| StoreError::Damaged)?;
                let (reviewed_at, reviewed_by) = trouble.reviewed.unzip();
                Ok(TlsFailureView {
                    id: trouble.number,
                    code: trouble.code,
                    first_at: trouble.first_at,
                    last_at: trouble.last_at,
                    attempts: trouble.attempts,
                    vendor,
                    domain,
                    server,
                    reviewed_at,
                    reviewed_by,
                })
            })
            .collect()
    }

    /// Notes that the caller looked at a failure (45 CFR 164.308(a)(1)(ii)(D)).
    ///
    /// # Errors
    /// [`UseError::NotFound`] when there is none that nobody looked at before.
    pub async fn review_tls_failure(&self, principal: &Principal, id: i64) -> Result<(), UseError> {
        principal.must(Scope::Admin)?;
        let by = principal.actor();
        let entry = ledger_entry::of(self, &principal.tenant, Kind::Administered, by, "tls_failure_reviewed")
            .map_err(|_| UseError::Unavailable)?;
        Ok(self.inner.store.tenant(&principal.tenant).review_tls_trouble(id, entry).await?)
    }
}

/// Whether the provider's sessions are with the recipient's own server.
pub(crate) fn own_hop(provider: &dyn Provider) -> bool {
    provider.profile().floor == TransportFloor::EnforcedTls && !provider.relays()
}

pub(crate) fn policy_of(kept: &MailDomain) -> Option<StsPolicy> {
    kept.policy.as_deref().and_then(|policy| serde_json::from_slice(policy).ok())
}

fn notes_of(kept: &MailDomain) -> Notes {
    kept.notes.as_deref().and_then(|notes| serde_json::from_slice(notes).ok()).unwrap_or_default()
}

/// What a domain published of its TLS, in lines, and the servers its policy names (RFC 8460 section 4.4).
pub(crate) fn published_by(kept: &MailDomain, tier: EmailTier) -> (Vec<String>, Vec<String>) {
    match tier {
        EmailTier::Dane => (notes_of(kept).tlsa, Vec::new()),
        EmailTier::Sts => policy_of(kept).map(|policy| (policy.lines(), policy.servers)).unwrap_or_default(),
        EmailTier::Pkix | EmailTier::None => (Vec::new(), Vec::new()),
    }
}
