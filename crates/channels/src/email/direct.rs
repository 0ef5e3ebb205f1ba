//! E-mail straight to the recipient's own server, with TLS that is proved.
//!
//! What it can hold: [`TransportFloor::EnforcedTls`], where the recipient's domain publishes DANE records (RFC 7672) or an MTA-STS
//! policy in enforce mode (RFC 8461), and [`TransportFloor::VerifiedTls`] wherever the server's certificate holds for its name.
//! Nothing travels in the clear but the greeting: before the session is what the permit asks for, not even the recipient is named. The
//! one exception is [`TransportFloor::Plain`]: what a person asked to get in plain goes as their server takes it, where their domain
//! enforces nothing.
//!
//! What its answer means: `Delivered` is "taken over by the recipient's server" (RFC 5321 section 6.1). A bounce comes as mail.

mod reporting;

use super::dane::{DaneVerifier, Tlsa};
use super::dkim::Dkim;
use super::dns::{Dns, DnsConfig, DnsConfigError};
use super::letter::{Writer, letter, ran_out};
use super::policies::Policies;
use super::pool::{Place, Pool};
use super::reports::OwnReport;
use super::route::{Host, NoRoute, Route, Router, Rule};
use super::session::{Endpoint, Failure, SMTPUTF8_NOT_OFFERED, Session, TlsStart, Verdict};
use super::smime::Signer;
use super::sts::StsPolicy;
use crate::line::Booked;
use crate::mail_domains::{DomainFound, MailDomains, Reported};
use crate::provider::{
    Destination, Handover, Health, Outbound, Profile, Provider, ProviderRef, SERVER_RESTS, Sent, Unpermitted, left,
};
use crate::tls::{self, Roots, RootsError};
use async_trait::async_trait;
use jiff::Timestamp;
use postern_base::{Channel, Clock, EmailTier, Rng};
use postern_gate::{Permit, TransportFloor};
use postern_ledger::Recorded;
use rustls::crypto::CryptoProvider;
use std::borrow::Cow;
use std::fmt;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use thiserror::Error;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsConnector;

/// How many servers of a domain are tried for one attempt.
const SERVERS_TRIED: usize = 3;

/// How mail is brought to recipients' servers.
#[derive(Debug, Clone)]
pub struct DirectConfig {
    /// Under which vendor the agreement registry has it: ourselves.
    pub vendor: String,
    /// Under which service.
    pub service: String,
    /// The sender's address, in the envelope and the header.
    pub from: String,
    /// Our own name in EHLO: the one that our address resolves to.
    pub helo: String,
    /// Whether mails carry an HTML alternative of the same words.
    pub html: bool,
    /// Who signs mail that is encrypted to its recipient's certificate; `None` = none is.
    pub signer: Option<Arc<Signer>>,
    /// Who sign every mail for the sender's domain, one a key; none where somebody after us does.
    pub dkim: Vec<Arc<Dkim>>,
    /// Which certificate authorities are believed, where no DANE record names a certificate.
    pub roots: Roots,
    /// Where DNS is asked.
    pub dns: DnsConfig,
    /// The port of mail servers: 25.
    pub port: u16,
    /// The port of hosts that publish MTA-STS policies: 443.
    pub policy_port: u16,
    /// Whether servers on loopback are spoken to. A stranger's DNS could name ours.
    pub loopback: bool,
    /// How long to wait for any reply but the last. The permit's own time is a limit besides.
    pub reply_time: Duration,
    /// How long to wait for the answer to the final dot; when it is over, the outcome is unknown and stays so.
    pub final_reply_time: Duration,
    /// How many sessions one server gets at once.
    pub sessions_per_server: u32,
}

/// Direct delivery cannot be set up as configured.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DirectError {
    /// The certificate authorities could not be loaded.
    #[error("direct roots: {0}")]
    Roots(#[from] RootsError),
    /// DNS cannot be asked.
    #[error("direct {0}")]
    Dns(#[from] DnsConfigError),
    /// A value is not what is expected.
    #[error("direct {key}: expected {expected}")]
    Value {
        /// The key.
        key: &'static str,
        /// What was expected.
        expected: &'static str,
    },
}

/// Direct delivery as a provider, and what it learns of domains.
pub struct Direct {
    profile: Profile,
    router: Arc<Router>,
    pool: Pool,
    sessions: u32,
    pkix: TlsConnector,
    /// For what a person asked to get in plain.
    unverified: TlsConnector,
    crypto: Arc<CryptoProvider>,
    clock: Arc<dyn Clock>,
    writer: Writer,
    helo: String,
    reply_time: Duration,
    final_reply_time: Duration,
}

impl fmt::Debug for Direct {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Direct").field("helo", &self.helo).finish_non_exhaustive()
    }
}

/// A session that holds the whole message but its end, and the place it has at its server.
struct Ready<'p> {
    place: Place<'p>,
    mark: u64,
    session: Session,
}

/// What there is to send.
#[derive(Clone, Copy)]
struct Letter<'a> {
    domain: &'a str,
    from: &'a str,
    to: &'a str,
    message: &'a [u8],
    floor: TransportFloor,
    ahead: bool,
    in_line: &'a InLine,
}

/// How long a mail stands in line before servers: nothing is wrong there, but that many want them.
#[derive(Debug, Default)]
struct InLine(Mutex<(Duration, Option<Instant>)>);

impl InLine {
    /// It steps into a line.
    fn begin(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1 = Some(Instant::now());
    }

    /// It has its turn.
    fn end(&self) {
        let mut stood = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        stood.0 = stood.0.saturating_add(stood.1.take().map_or(Duration::ZERO, |since| since.elapsed()));
    }

    /// How long it stood, and whether it stands there still.
    fn stood(&self) -> (Duration, bool) {
        let stood = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (stood.0, stood.1.is_some())
    }
}

impl Direct {
    /// Direct delivery as `config` describes it; certificates are checked at `clock`'s time. Asks and connects nothing yet.
    ///
    /// # Errors
    /// [`DirectError`], which names the key.
    pub fn new(config: DirectConfig, clock: Arc<dyn Clock>, rng: Arc<dyn Rng>) -> Result<Self, DirectError> {
        let name = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic());
        if !name(&config.helo) {
            return Err(DirectError::Value { key: "helo", expected: "a host name" });
        }
        if !config.from.contains('@') || !name(&config.from) {
            return Err(DirectError::Value { key: "from", expected: "an address, local@domain" });
        }
        let pkix = TlsConnector::from(Arc::new(tls::config(&config.roots, Arc::clone(&clock))?));
        let anybody = tls::config_of(tls::Unverified, Arc::clone(&clock))?;
        let policies = Policies::new(pkix.clone(), config.policy_port, config.loopback);
        let router = Router::new(Dns::new(&config.dns)?, policies, config.port, config.loopback, rng);
        let writer = Writer { from: config.from, html: config.html, signer: config.signer, dkim: config.dkim };
        let profile = Profile {
            vendor: Cow::Owned(config.vendor),
            service: Cow::Owned(config.service),
            channels: &[Channel::Email],
            receipts: false,
            idempotent: false,
            smime: writer.signer.is_some(),
            floor: TransportFloor::EnforcedTls,
            last_mile: "Verified TLS to the recipient's own mail server, enforced by the recipient's domain where a body \
                        travels. From there on it is the recipient's provider that keeps it.",
        };
        Ok(Self {
            profile,
            router: Arc::new(router),
            pool: Pool::new(config.sessions_per_server),
            sessions: config.sessions_per_server,
            pkix,
            unverified: TlsConnector::from(Arc::new(anybody)),
            crypto: tls::crypto(),
            clock,
            writer,
            helo: config.helo,
            reply_time: config.reply_time,
            final_reply_time: config.final_reply_time,
        })
    }

    /// Up to the last moment at which nothing can have been taken; at the first server that gets so far.
    async fn prepare(&self, letter: Letter<'_>, now: Timestamp) -> Result<Ready<'_>, Sent> {
        let route = self.router.route(letter.domain, now).await.map_err(|why| match why {
            NoRoute::Never(code) => Sent::PermanentFailure { code: code.to_owned() },
            NoRoute::NotNow(code) => Sent::TemporaryFailure { code: code.to_owned() },
        })?;
        // What is worse for the message stands for all: one server that may do better later is worth waiting for.
        let (mut later, mut below, mut never) = (None, None, None);
        let hosts = || route.hosts.iter().take(SERVERS_TRIED);
        // 45 CFR 164.524(c)(2)(ii): who asked for plain mail gets it, over the best session there is. A domain that enforces TLS is not
        // written to without (RFC 8461 section 5, RFC 7672 section 2.2).
        let plainly = hosts().filter(|host| letter.floor == TransportFloor::Plain && host.rule == Rule::Pkix);
        let verified = hosts().map(|host| (host, Protection::Verified));
        for (host, protection) in verified.chain(plainly.map(|host| (host, Protection::AsItComes))) {
            match self.through(host, protection, letter).await {
                Ok(ready) => return Ok(ready),
                // Another server of theirs may take what this one does not.
                Err(Failure::Permanent(code)) if code == SMTPUTF8_NOT_OFFERED => never = Some(code),
                Err(Failure::Permanent(code)) => return Err(Sent::PermanentFailure { code }),
                // What a server said, or broke off at, tells more than that another is left alone.
                Err(Failure::Lost(code) | Failure::Temporary(code)) => {
                    later = later.filter(|seen| seen != SERVER_RESTS).or(Some(code));
                }
                Err(Failure::BelowFloor(code)) => below = below.or(Some((code, host.name.clone()))),
            }
        }
        // Keys are rolled over and servers are moved: the next attempt asks anew.
        self.router.forget(letter.domain);
        Err(match (later, below, never) {
            (Some(code), ..) => Sent::TemporaryFailure { code },
            (None, Some((code, peer)), _) => Sent::BelowFloor { found: None, code, peer: Some(peer) },
            (None, None, Some(code)) => Sent::PermanentFailure { code },
            (None, None, None) => Sent::TemporaryFailure { code: "no-server".to_owned() },
        })
    }

    /// The same at one server.
    async fn through(&self, host: &Host, protection: Protection, letter: Letter<'_>) -> Result<Ready<'_>, Failure> {
        match host.rule {
            Rule::Unknown(code) => return Err(Failure::Temporary(code.to_owned())),
            Rule::Barred(code) => return Err(Failure::BelowFloor(code.to_owned())),
            // RULES SEC-27: TLS that nobody enforces can be stripped, however well it looks today.
            Rule::Pkix if letter.floor == TransportFloor::EnforcedTls => {
                return Err(Failure::BelowFloor("no-policy-found".to_owned()));
            }
            Rule::Pkix | Rule::Sts | Rule::Dane(_) => {}
        }
        letter.in_line.begin();
        let place = self.pool.enter(&host.name, letter.ahead).await;
        letter.in_line.end();
        let place = place.map_err(|_| Failure::Lost(SERVER_RESTS.to_owned()))?;
        let mark = mark(&host.rule, protection, letter.domain);
        if let Some(mut session) = place.kept(mark) {
            match self.write(&mut session, letter).await {
                Ok(()) => return Ok(self.ready(place, mark, session, host)),
                // An idle session may have been closed meanwhile. Nothing was taken, so a fresh one is tried, once.
                Err(Failure::Lost(_)) => {}
                Err(other) => return Err(other),
            }
        }
        let mut lost = Failure::Lost("connect".to_owned());
        for address in &host.addresses {
            let address = SocketAddr::new(*address, self.router.port);
            match self.open(host, protection, letter.domain, address).await {
                Ok(mut session) => {
                    let written = self.write(&mut session, letter).await;
                    if let Err(Failure::Lost(_)) = written {
                        place.failed();
                    }
                    return written.map(|()| self.ready(place, mark, session, host));
                }
                Err(failure @ Failure::Lost(_)) => lost = failure,
                Err(other) => return Err(other),
            }
        }
        place.failed();
        Err(lost)
    }

    fn ready<'p>(&self, place: Place<'p>, mark: u64, mut session: Session, host: &Host) -> Ready<'p> {
        if let Some(evidence) = session.evidence.as_mut().filter(|_| mark != AS_IT_COMES) {
            evidence.policy = host.tier();
        }
        Ready { place, mark, session }
    }

    async fn open(
        &self,
        host: &Host,
        protection: Protection,
        domain: &str,
        address: SocketAddr,
    ) -> Result<Session, Failure> {
        let connector = match &host.rule {
            _ if protection == Protection::AsItComes => self.unverified.clone(),
            Rule::Dane(records) => {
                let verifier = DaneVerifier::new(Arc::clone(records), domain, Arc::clone(&self.crypto));
                let config = tls::config_of(verifier, Arc::clone(&self.clock))
                    .map_err(|_| Failure::Lost("tls-library".to_owned()))?;
                TlsConnector::from(Arc::new(config))
            }
            _ => self.pkix.clone(),
        };
        let endpoint = Endpoint {
            host: host.certified.clone(),
            tls: TlsStart::StartTls,
            connector,
            policy: if protection == Protection::Verified { host.tier() } else { EmailTier::None },
            may_be_clear: protection == Protection::AsItComes && !host.asks_for_tls,
            credentials: None,
            helo: self.helo.clone(),
            reply_time: self.reply_time,
        };
        Session::open(&endpoint, address).await
    }

    async fn write(&self, session: &mut Session, letter: Letter<'_>) -> Result<(), Failure> {
        session.envelope(letter.from, letter.to, false).await?;
        session.content(letter.message).await
    }

    async fn deliver(&self, letter: Letter<'_>, left: Duration, now: Timestamp, key: String) -> Sent {
        let begun = Instant::now();
        let ready = match timeout(left, self.prepare(letter, now)).await {
            Ok(Ok(ready)) => ready,
            Ok(Err(sent)) => return sent,
            Err(_) => {
                let (stood, stands) = letter.in_line.stood();
                return if stands { Sent::Unpermitted(Unpermitted::Expired) } else { ran_out(stood, left) };
            }
        };
        let Ready { place, mark, mut session } = ready;
        tracing::debug!(took = ?begun.elapsed(), "a server is ready for the final dot");
        match session.finish(self.final_reply_time).await {
            Verdict::Taken(queue_id) => {
                let reference = ProviderRef(queue_id.unwrap_or(key));
                let evidence = session.evidence.clone();
                place.took(mark, session);
                Sent::Delivered(Handover { reference, session: evidence.map(Box::new) })
            }
            Verdict::Refused(Failure::Permanent(code)) => Sent::PermanentFailure { code },
            Verdict::Refused(Failure::Lost(code) | Failure::Temporary(code) | Failure::BelowFloor(code)) => {
                Sent::TemporaryFailure { code }
            }
            Verdict::Unknown(code) => Sent::Unknown { code },
        }
    }
}

/// How a session is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Protection {
    /// By TLS with a peer that was verified.
    Verified,
    /// By what the server offers, which may be nothing.
    AsItComes,
}

/// The mark of sessions that nobody verified.
const AS_IT_COMES: u64 = u64::MAX;

/// Sessions with the same mark were verified by the same means, and stand in for each other.
fn mark(rule: &Rule, protection: Protection, domain: &str) -> u64 {
    match rule {
        _ if protection == Protection::AsItComes => AS_IT_COMES,
        Rule::Dane(records) => {
            let mut hasher = DefaultHasher::new();
            records.hash(&mut hasher);
            // RFC 7672 section 3.2.2: below an authority the certificate may have held for the domain's own name only.
            if records.iter().any(Tlsa::names_an_authority) {
                domain.hash(&mut hasher);
            }
            hasher.finish().clamp(1, AS_IT_COMES - 1)
        }
        Rule::Sts | Rule::Pkix | Rule::Barred(_) | Rule::Unknown(_) => 0,
    }
}

#[async_trait]
impl Provider for Direct {
    fn profile(&self) -> &Profile {
        &self.profile
    }

    fn destination(&self, contact_point: &str) -> Option<Destination> {
        let (_, domain) = contact_point.rsplit_once('@')?;
        Some(Destination { name: domain.to_ascii_lowercase(), sessions: self.sessions })
    }

    fn book(&self, contact_point: &str, ahead: bool) -> Result<Option<Booked>, Duration> {
        let domain = contact_point.rsplit_once('@').map(|(_, domain)| domain.to_ascii_lowercase());
        let Some(route) = domain.and_then(|domain| self.router.known(&domain)) else { return Ok(None) };
        let tried = route.hosts.iter().take(SERVERS_TRIED);
        let spoken_to = tried.filter(|host| !matches!(host.rule, Rule::Barred(_) | Rule::Unknown(_)));
        self.pool.book(spoken_to.map(|host| host.name.as_str()), ahead)
    }

    async fn send(&self, recorded: Recorded<Permit>, outbound: Outbound, now: Timestamp) -> Sent {
        let message = match letter(&self.profile, &recorded, &outbound, &self.writer, now) {
            Ok(message) => message,
            Err(refused) => return refused,
        };
        let permit = recorded.permit();
        let to = permit.contact_point().reveal();
        let Some((_, domain)) = to.rsplit_once('@') else {
            return Sent::PermanentFailure { code: "mail-address".to_owned() };
        };
        let domain = domain.to_ascii_lowercase();
        let from = self.writer.sender(&outbound).to_owned();
        let (ahead, in_line) = (outbound.ahead, &InLine::default());
        let letter =
            Letter { domain: &domain, from: &from, to, message: &message, floor: permit.floor(), ahead, in_line };
        self.deliver(letter, left(permit, now), now, outbound.idempotency_key).await
    }

    /// Whether DNS answers, and vouches for what it says: without it nobody can be reached.
    async fn probe(&self) -> Health {
        match timeout(self.reply_time, self.router.dns.vouches()).await {
            Ok(true) => Health::Up,
            Ok(false) => Health::Down { code: "dns-unavailable".to_owned() },
            Err(_) => Health::Down { code: "dns-time-out".to_owned() },
        }
    }
}

#[async_trait]
impl MailDomains for Direct {
    async fn look_up(&self, domain: &str, now: Timestamp) -> Option<DomainFound> {
        match self.router.route(domain, now).await {
            Ok(route) => found(&route),
            // A domain that takes no mail enforces nothing.
            Err(NoRoute::Never(code)) => {
                Some(DomainFound { tier: EmailTier::None, policy: None, problem: Some(code), tlsa: Vec::new() })
            }
            Err(NoRoute::NotNow(_)) => None,
        }
    }

    async fn report(&self, report: &OwnReport, now: Timestamp) -> Reported {
        self.bring_report(report, now).await
    }

    fn recall(&self, domain: &str, policy: StsPolicy, now: Timestamp) {
        self.router.policies.recall(domain, policy, now);
        self.router.forget(domain);
    }
}

fn found(route: &Route) -> Option<DomainFound> {
    let of_host = |host: &Host| match &host.rule {
        Rule::Dane(records) => records.to_vec(),
        Rule::Sts | Rule::Pkix | Rule::Barred(_) | Rule::Unknown(_) => Vec::new(),
    };
    let mut tlsa: Vec<String> = route.hosts.iter().flat_map(of_host).map(|record| record.to_string()).collect();
    tlsa.dedup();
    let policy = route.policy.as_deref().cloned();
    Some(DomainFound { tier: route.tier()?, policy, problem: route.problem, tlsa })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dane(usage: u8) -> Rule {
        Rule::Dane(Arc::from([Tlsa { usage, selector: 1, matching: 1, data: vec![7; 32] }]))
    }

    #[test]
    fn a_session_below_an_authority_is_for_the_domain_it_was_verified_for_and_others_are_for_the_server() {
        let of = |rule: &Rule, domain: &str| mark(rule, Protection::Verified, domain);
        assert_ne!(of(&dane(2), "a.test"), of(&dane(2), "b.test"));
        assert_eq!(of(&dane(2), "a.test"), of(&dane(2), "a.test"));
        assert_eq!(of(&dane(3), "a.test"), of(&dane(3), "b.test"));
        assert_eq!(of(&Rule::Sts, "a.test"), of(&Rule::Pkix, "b.test"));
        for rule in [dane(2), dane(3), Rule::Sts] {
            assert_ne!(of(&rule, "a.test"), mark(&rule, Protection::AsItComes, "a.test"), "what nobody verified");
        }
    }
}
