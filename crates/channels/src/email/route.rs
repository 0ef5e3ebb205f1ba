//! Where the mail of a domain goes, and under which rule each of its servers may be spoken to.

use super::dane::Tlsa;
use super::dns::{Answer, Dns, Unanswered};
use super::policies::{Found, Policies};
use super::sts::StsPolicy;
use jiff::{SignedDuration, Timestamp};
use postern_base::{EmailTier, Rng};
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::task::JoinSet;

/// How many servers of a domain, and how many addresses of a server, are looked at.
const HOSTS: usize = 8;
const ADDRESSES: usize = 4;

/// How long a way is gone by before it is looked for again; the library does not keep signed denials, and most answers are such.
const KEPT: SignedDuration = SignedDuration::from_secs(60);
/// How many ways are kept.
const WAYS: usize = 10_000;

/// How a server may be spoken to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Rule {
    /// Only if its certificate is the one that these signed records name (RFC 7672).
    Dane(Arc<[Tlsa]>),
    /// Only with a certificate that holds for its name; the domain's policy names the server and enforces this (RFC 8461).
    Sts,
    /// Nobody enforces anything. We ask for a certificate that holds for its name all the same.
    Pkix,
    /// Never: the domain's policy does not name it.
    Barred(&'static str),
    /// Not now: it could not be learnt how. What is refuted or unanswered is waited for, never passed over.
    Unknown(&'static str),
}

/// A server that takes the domain's mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Host {
    pub(super) name: String,
    /// The name that its certificate is asked for.
    pub(super) certified: String,
    pub(super) addresses: Vec<IpAddr>,
    pub(super) rule: Rule,
    /// It is never spoken to in the clear, whoever asks for that: it has TLSA records, also where none can be used (RFC 7672 section 2.2).
    pub(super) asks_for_tls: bool,
}

impl Host {
    /// What a session with it is worth.
    pub(super) const fn tier(&self) -> EmailTier {
        match self.rule {
            Rule::Dane(_) => EmailTier::Dane,
            Rule::Sts => EmailTier::Sts,
            Rule::Pkix => EmailTier::Pkix,
            Rule::Barred(_) | Rule::Unknown(_) => EmailTier::None,
        }
    }
}

/// The way to a domain: its servers in the order they are to be tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Route {
    pub(super) hosts: Vec<Host>,
    /// The policy that was found, in whatever mode.
    pub(super) policy: Option<Arc<StsPolicy>>,
    /// What stood in the way of learning more.
    pub(super) problem: Option<&'static str>,
}

impl Route {
    /// What the domain enforces; `None` of [`EmailTier`] where nothing is enforced, and no answer while that cannot be told.
    pub(super) fn tier(&self) -> Option<EmailTier> {
        let enforced = self.hosts.iter().map(Host::tier).filter(|tier| *tier >= EmailTier::Sts).max();
        let unknown = self.hosts.iter().any(|host| matches!(host.rule, Rule::Unknown(_)));
        match enforced {
            Some(tier) => Some(tier),
            None if unknown => None,
            None => Some(EmailTier::None),
        }
    }
}

/// Why there is no way to a domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoRoute {
    /// It takes no mail.
    Never(&'static str),
    /// It cannot be told now.
    NotNow(&'static str),
}

/// Finds the ways.
#[derive(Debug)]
pub(super) struct Router {
    pub(super) dns: Dns,
    pub(super) policies: Policies,
    /// The port of mail servers, which TLSA records name too.
    pub(super) port: u16,
    pub(super) loopback: bool,
    rng: Arc<dyn Rng>,
    kept: Mutex<HashMap<String, Kept>>,
}

/// A way that was found, and the time in which it is gone by.
#[derive(Debug, Clone)]
struct Kept {
    from: Timestamp,
    until: Timestamp,
    route: Arc<Route>,
}

impl Router {
    pub(super) fn new(dns: Dns, policies: Policies, port: u16, loopback: bool, rng: Arc<dyn Rng>) -> Self {
        Self { dns, policies, port, loopback, rng, kept: Mutex::default() }
    }

    /// The way to `domain` (lower case, ASCII) at `now`.
    pub(super) async fn route(self: &Arc<Self>, domain: &str, now: Timestamp) -> Result<Arc<Route>, NoRoute> {
        if let Some(kept) = self.kept().get(domain).filter(|kept| (kept.from..kept.until).contains(&now)) {
            return Ok(Arc::clone(&kept.route));
        }
        let route = Arc::new(self.find(domain, now).await?);
        if route.hosts.iter().all(|host| !matches!(host.rule, Rule::Unknown(_))) {
            let ends = route.policy.as_ref().map_or(Timestamp::MAX, |policy| policy.expires_at());
            let until = now.checked_add(KEPT).unwrap_or(Timestamp::MAX).min(ends);
            let mut kept = self.kept();
            if kept.len() >= WAYS {
                kept.retain(|_, kept| now < kept.until);
            }
            if kept.len() < WAYS {
                kept.insert(domain.to_owned(), Kept { from: now, until, route: Arc::clone(&route) });
            }
        }
        Ok(route)
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<String, Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The way to `domain` that was last found, however long ago.
    pub(super) fn known(&self, domain: &str) -> Option<Arc<Route>> {
        self.kept().get(domain).map(|kept| Arc::clone(&kept.route))
    }

    /// Goes by the way to `domain` no more: the next mail looks for it anew.
    pub(super) fn forget(&self, domain: &str) {
        if let Some(kept) = self.kept().get_mut(domain) {
            kept.until = kept.from;
        }
    }

    async fn find(self: &Arc<Self>, domain: &str, now: Timestamp) -> Result<Route, NoRoute> {
        let (exchangers, secure) = self.exchangers(domain).await?;
        let mut tasks = JoinSet::new();
        for (place, name) in exchangers.into_iter().enumerate() {
            let router = Arc::clone(self);
            tasks.spawn(async move { (place, router.host(name, secure).await) });
        }
        let mut placed = tasks.join_all().await;
        placed.sort_by_key(|(place, _)| *place);
        let mut hosts: Vec<Host> = placed.into_iter().map(|(_, host)| host).collect();
        let found = if hosts.iter().all(|host| matches!(host.rule, Rule::Dane(_))) {
            Found::default()
        } else {
            self.policies.find(&self.dns, domain, now).await
        };
        if let Some(policy) = found.enforced() {
            for host in &mut hosts {
                // RFC 8461 section 2: a policy never overrides what DANE asks of a server.
                if host.rule == Rule::Pkix {
                    host.rule = if policy.names(&host.name) { Rule::Sts } else { Rule::Barred("validation-failure") };
                }
            }
        }
        Ok(Route { hosts, problem: found.problem, policy: found.policy })
    }

    /// Names of the servers in order of preference, and whether DNSSEC vouches for them.
    async fn exchangers(&self, domain: &str) -> Result<(Vec<String>, bool), NoRoute> {
        let answer = self.dns.mx(domain).await.map_err(|why| match why {
            Unanswered::NoSuchDomain => NoRoute::Never("no-such-domain"),
            other => NoRoute::NotNow(code(other)),
        })?;
        if answer.records.is_empty() {
            // RFC 5321 section 5.1: without an MX the domain itself is its server; what it enforces hangs on its address then.
            return Ok((vec![domain.to_owned()], true));
        }
        let mut ordered = Vec::with_capacity(answer.records.len());
        for (preference, name) in answer.records {
            // RFC 5321 section 5.1: of servers with the same preference any may be first.
            let mut lot = [0u8; 2];
            self.rng.fill(&mut lot).map_err(|_| NoRoute::NotNow("no-randomness"))?;
            ordered.push((preference, lot, name));
        }
        ordered.sort();
        let names: Vec<String> = ordered.into_iter().map(|(_, _, name)| name).filter(|name| !name.is_empty()).collect();
        if names.is_empty() {
            // RFC 7505: a null MX says that the domain takes no mail.
            return Err(NoRoute::Never("null-mx"));
        }
        Ok((names.into_iter().take(HOSTS).collect(), answer.secure))
    }

    /// One server, with what DANE says of it.
    async fn host(&self, name: String, mx_secure: bool) -> Host {
        let host = |addresses, rule| {
            let (name, certified) = (name.clone(), name.clone());
            Host { name, certified, addresses, rule, asks_for_tls: false }
        };
        let found = match self.dns.addresses(&name).await {
            Ok(found) => found,
            Err(why) => return host(Vec::new(), Rule::Unknown(code(why))),
        };
        let bases = bases(&name, &found);
        let addresses: Vec<IpAddr> =
            found.records.into_iter().filter(|address| may_reach(*address, self.loopback)).take(ADDRESSES).collect();
        if addresses.is_empty() {
            return host(addresses, Rule::Unknown("no-address"));
        }
        // RFC 7672 section 2.2: TLSA records bind only where signatures vouch for the server's name and for where it leads.
        for base in bases.into_iter().filter(|_| mx_secure) {
            // RFC 7672 section 2.1.3: no answer about TLSA records is no leave to do without.
            match self.dns.tlsa(&base, self.port).await {
                Err(why) => return host(addresses, Rule::Unknown(code(why))),
                Ok(tlsa) if tlsa.secure && !tlsa.records.is_empty() => {
                    let usable: Vec<Tlsa> = tlsa.records.into_iter().filter(Tlsa::is_usable).collect();
                    if usable.is_empty() {
                        // RFC 7672 section 2.2: records none of which can be used ask for TLS and name nobody; we ask for a name.
                        return Host { asks_for_tls: true, ..host(addresses, Rule::Pkix) };
                    }
                    let named = host(addresses, Rule::Dane(usable.into()));
                    return Host { certified: base, asks_for_tls: true, ..named };
                }
                Ok(_) => {}
            }
        }
        host(addresses, Rule::Pkix)
    }
}

/// The names below which TLSA records of a server may stand, the one that is asked first in front (RFC 7672 section 2.2.3): where an alias
/// leads, if signatures vouch for every step, and then the server's own name, if they vouch for the first.
fn bases(name: &str, found: &Answer<IpAddr>) -> Vec<String> {
    let own = || name.to_owned();
    match &found.alias {
        None if found.secure => vec![own()],
        Some(alias) if found.secure => vec![alias.end.clone(), own()],
        Some(alias) if alias.begins_secure => vec![own()],
        None | Some(_) => Vec::new(),
    }
}

/// The result type of RFC 8460 section 4.3.2, or our own word where it has none.
const fn code(why: Unanswered) -> &'static str {
    match why {
        Unanswered::NoSuchDomain => "no-such-host",
        Unanswered::Bogus => "dnssec-invalid",
        Unanswered::Unavailable => "dns-unavailable",
    }
}

/// Whether a stranger's DNS may send us there: not to ourselves, and not to everybody.
pub(super) fn may_reach(address: IpAddr, loopback: bool) -> bool {
    let address = address.to_canonical();
    let nobody = address.is_unspecified() || address.is_multicast() || address == IpAddr::V4(Ipv4Addr::BROADCAST);
    !nobody && (loopback || !address.is_loopback())
}
