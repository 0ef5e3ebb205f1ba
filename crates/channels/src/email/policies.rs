//! MTA-STS policies of domains: found in DNS, fetched over HTTPS, kept as long as they say (RFC 8461 sections 3 to 5).

use super::dns::Dns;
use super::sts::{StsMode, StsPolicy, id_of};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::Request;
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper_util::rt::TokioIo;
use jiff::{SignedDuration, Timestamp};
use rustls::pki_types::ServerName;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// RFC 8461 section 3.3: the fetch may be given up after a while, and a body larger than 64 KiB.
const FETCH_TIME: Duration = Duration::from_secs(10);
const BODY_OCTETS: usize = 65_536;
/// How many addresses of a policy host are tried.
const ADDRESSES: usize = 2;
/// RFC 8461 section 3.3: a failed fetch is not repeated at once.
const AFTER_FAILURE: SignedDuration = SignedDuration::from_mins(5);
/// RFC 8461 section 3.3: a policy is fetched again well before it ends, so that it never does while the domain has one.
const REFRESH: SignedDuration = SignedDuration::from_hours(24);
/// How many domains are kept. One that is forgotten is looked up again.
const DOMAINS: usize = 20_000;

/// The result types of RFC 8460 section 4.3.2.2.
pub(super) const FETCH_ERROR: &str = "sts-policy-fetch-error";
pub(super) const INVALID: &str = "sts-policy-invalid";
pub(super) const WEBPKI_INVALID: &str = "sts-webpki-invalid";

/// What a domain's policy is, and what stood in the way of learning it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// The policy that holds; none when there is none, or when it says so itself.
    pub(super) policy: Option<Arc<StsPolicy>>,
    /// Why the domain's current policy could not be had.
    pub(super) problem: Option<&'static str>,
}

/// What is kept of a domain.
#[derive(Debug, Clone, Default)]
struct Kept {
    policy: Option<Arc<StsPolicy>>,
    failed: Option<(Timestamp, &'static str)>,
}

/// The policies of domains.
pub(super) struct Policies {
    connector: TlsConnector,
    port: u16,
    loopback: bool,
    kept: Mutex<HashMap<String, Kept>>,
}

impl std::fmt::Debug for Policies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Policies")
    }
}

impl Policies {
    /// Policies are fetched with `connector`, from `port` of policy hosts; a host on loopback is asked only if `loopback` says so.
    pub(super) fn new(connector: TlsConnector, port: u16, loopback: bool) -> Self {
        Self { connector, port, loopback, kept: Mutex::default() }
    }

    /// The policy of `domain` at `now`.
    pub(super) async fn find(&self, dns: &Dns, domain: &str, now: Timestamp) -> Found {
        let kept = self.kept_of(domain, now);
        let id = match dns.txt(&format!("_mta-sts.{domain}")).await {
            Ok(answer) => id_of(&answer.records),
            Err(_) => None,
        };
        // RFC 8461 section 5.1: without an answer of DNS the policy that is kept goes on to hold until it ends.
        let Some(id) = id else { return Found { policy: kept.policy, problem: None } };
        if let Some(policy) = &kept.policy
            && policy.id == id
            && now.duration_since(policy.fetched_at) < REFRESH
        {
            return Found { policy: kept.policy, problem: None };
        }
        if let Some((at, problem)) = kept.failed
            && now.duration_since(at) < AFTER_FAILURE
        {
            return Found { policy: kept.policy, problem: Some(problem) };
        }
        match self.fetch(dns, domain, &id, now).await {
            Ok(policy) => {
                let policy = Some(Arc::new(policy));
                self.keep(domain, Kept { policy: policy.clone(), failed: None }, now);
                Found { policy, problem: None }
            }
            Err(problem) => {
                self.keep(domain, Kept { failed: Some((now, problem)), ..kept.clone() }, now);
                Found { policy: kept.policy, problem: Some(problem) }
            }
        }
    }

    /// Takes a policy that was fetched in an earlier life of the program; a newer one stays.
    pub(super) fn recall(&self, domain: &str, policy: StsPolicy, now: Timestamp) {
        let known = self.kept_of(domain, now).policy;
        if known.is_none_or(|known| known.fetched_at < policy.fetched_at) && now < policy.expires_at() {
            self.keep(domain, Kept { policy: Some(Arc::new(policy)), failed: None }, now);
        }
    }

    fn kept_of(&self, domain: &str, now: Timestamp) -> Kept {
        let all = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let mut kept = all.get(domain).cloned().unwrap_or_default();
        kept.policy = kept.policy.filter(|policy| now < policy.expires_at());
        kept
    }

    fn keep(&self, domain: &str, kept: Kept, now: Timestamp) {
        let mut all = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= DOMAINS && !all.contains_key(domain) {
            all.retain(|_, kept| kept.policy.as_ref().is_some_and(|policy| now < policy.expires_at()));
            // Still full of policies that hold: those that hold longest stay, they protect most.
            if all.len() >= DOMAINS
                && let Some(soonest) = all
                    .iter()
                    .min_by_key(|(_, kept)| kept.policy.as_ref().map(|p| p.expires_at()))
                    .map(|(d, _)| d.clone())
            {
                all.remove(&soonest);
            }
        }
        all.insert(domain.to_owned(), kept);
    }

    async fn fetch(&self, dns: &Dns, domain: &str, id: &str, now: Timestamp) -> Result<StsPolicy, &'static str> {
        let host = format!("mta-sts.{domain}");
        let text = timeout(FETCH_TIME, async {
            let addresses = dns.addresses(&host).await.map_err(|_| FETCH_ERROR)?;
            let mut seen = FETCH_ERROR;
            let reachable =
                addresses.records.into_iter().filter(|address| super::route::may_reach(*address, self.loopback));
            for address in reachable.take(ADDRESSES) {
                match self.get(SocketAddr::new(address, self.port), &host).await {
                    Ok(text) => return Ok(text),
                    Err(error) => seen = error,
                }
            }
            Err(seen)
        })
        .await
        .unwrap_or(Err(FETCH_ERROR))?;
        StsPolicy::parse(&text, id, now).map_err(|_| INVALID)
    }

    /// RFC 8461 section 3.3: GET over HTTPS with a certificate that holds for the host; no redirects, no caches.
    async fn get(&self, address: SocketAddr, host: &str) -> Result<String, &'static str> {
        let name = ServerName::try_from(host.to_owned()).map_err(|_| FETCH_ERROR)?;
        let stream = TcpStream::connect(address).await.map_err(|_| FETCH_ERROR)?;
        let stream = self.connector.connect(name, stream).await.map_err(|error| match error.get_ref() {
            Some(inner) if inner.is::<rustls::Error>() => WEBPKI_INVALID,
            _ => FETCH_ERROR,
        })?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|_| FETCH_ERROR)?;
        let request = Request::get("/.well-known/mta-sts.txt")
            .header(HOST, host)
            .body(Empty::<&'static [u8]>::new())
            .map_err(|_| FETCH_ERROR)?;
        let answered = async {
            let response = sender.send_request(request).await.map_err(|_| FETCH_ERROR)?;
            let kind = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
            // Another type may be what a stranger uploaded to the same host.
            let plain = kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("text/plain"));
            if response.status() != 200 || !plain {
                return Err(FETCH_ERROR);
            }
            let body = Limited::new(response.into_body(), BODY_OCTETS).collect().await.map_err(|_| FETCH_ERROR)?;
            String::from_utf8(body.to_bytes().to_vec()).map_err(|_| INVALID)
        };
        tokio::pin!(answered);
        tokio::pin!(connection);
        tokio::select! {
            biased;
            text = &mut answered => text,
            // The server hung up; what it had said before may be whole.
            _ = &mut connection => answered.await,
        }
    }
}

impl Found {
    /// The policy, where it asks that nothing be delivered against it.
    pub(super) fn enforced(&self) -> Option<&StsPolicy> {
        self.policy.as_deref().filter(|policy| policy.mode == StsMode::Enforce)
    }
}
