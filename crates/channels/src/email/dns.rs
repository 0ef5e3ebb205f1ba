//! DNS as mail needs it: every answer says whether DNSSEC vouches for it, and an answer that DNSSEC refutes is no answer.
//!
//! Validation is our own (RFC 4035), from the root down, whatever the server asked says of its own: nobody between it and us is
//! believed. Signatures are checked against the machine's clock, which is the library's to read.

use super::dane::Tlsa;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::dnssec::{Proof, TrustAnchors};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use hickory_resolver::{Resolver, TokioResolver};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;

/// How many answers are kept, each for its own time to live and never longer than an hour.
const CACHED_ANSWERS: u64 = 8192;
const LONGEST_CACHED: Duration = Duration::from_secs(3600);
/// How long "there is none" is kept at most: a domain that publishes a policy is not to wait long until we see it.
const LONGEST_NEGATIVE: Duration = Duration::from_secs(300);
/// Questions that may be under way at once over one connection to a server.
const QUESTIONS: usize = 512;
/// How many aliases lead from a name to its records at most.
const ALIASES_MAX: usize = 8;
/// The largest answer over UDP that is not cut into fragments (DNS flag day 2020).
const UDP_OCTETS: u16 = 1232;

/// Where DNS is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DnsConfig {
    /// Recursive servers, in order. They must pass on signatures; they need not validate.
    pub servers: Vec<SocketAddr>,
    /// What is believed.
    pub anchors: Anchors,
    /// How long to wait for one answer of one server.
    pub answer_time: Duration,
}

/// Which keys a chain of signatures may begin with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Anchors {
    /// The root zone's, as IANA publishes them.
    Root,
    /// Those in a file of DNSKEY records, and no others.
    File(PathBuf),
}

/// DNS cannot be set up as configured.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DnsConfigError {
    /// There is no server to ask.
    #[error("dns servers: expected at least one address")]
    NoServers,
    /// The file cannot be read, or holds no DNSKEY.
    #[error("{path}: expected a file of DNSKEY records")]
    Anchors {
        /// The file.
        path: PathBuf,
    },
    /// The library refused its own defaults.
    #[error("the DNS library cannot be set up")]
    Library,
}

/// Why a question has no answer that may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unanswered {
    /// The domain does not exist (NXDOMAIN).
    NoSuchDomain,
    /// DNSSEC refutes the answer, or cannot be followed to it: an attack, or a mistake of whoever runs the domain.
    Bogus,
    /// Nobody answered, or the server could not.
    Unavailable,
}

/// The records of one name and type; none when the name has none of that type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer<T> {
    pub(super) records: Vec<T>,
    /// A chain of signatures from the anchor vouches for every one of them.
    pub(super) secure: bool,
    /// Where the name is an alias: what it leads to.
    pub(super) alias: Option<Alias>,
}

/// Where an alias leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Alias {
    /// The last name.
    pub(super) end: String,
    /// A chain of signatures vouches for the first step.
    pub(super) begins_secure: bool,
}

impl<T> Answer<T> {
    /// That there is none.
    const fn none(secure: bool) -> Self {
        Self { records: Vec::new(), secure, alias: None }
    }
}

/// A validating resolver with a bounded cache.
pub(super) struct Dns {
    resolver: TokioResolver,
}

impl fmt::Debug for Dns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dns")
    }
}

impl Dns {
    /// The resolver that `config` describes; asks nothing yet.
    pub(super) fn new(config: &DnsConfig) -> Result<Self, DnsConfigError> {
        if config.servers.is_empty() {
            return Err(DnsConfigError::NoServers);
        }
        let anchors = match &config.anchors {
            Anchors::Root => TrustAnchors::default(),
            Anchors::File(path) => {
                let anchors = TrustAnchors::from_file(path).ok().filter(|anchors| !anchors.is_empty());
                anchors.ok_or_else(|| DnsConfigError::Anchors { path: path.clone() })?
            }
        };
        let servers = config.servers.iter().map(|server| {
            let (mut udp, mut tcp) = (ConnectionConfig::udp(), ConnectionConfig::tcp());
            udp.port = server.port();
            tcp.port = server.port();
            NameServerConfig::new(server.ip(), true, vec![udp, tcp])
        });
        let mut builder = Resolver::builder_with_config(
            ResolverConfig::from_name_servers(servers.collect()),
            TokioRuntimeProvider::default(),
        )
        .with_trust_anchor(Arc::new(anchors));
        let options = builder.options_mut();
        options.validate = true;
        options.edns0 = true;
        options.edns_payload_len = UDP_OCTETS;
        options.timeout = config.answer_time;
        options.attempts = 2;
        options.cache_size = CACHED_ANSWERS;
        options.positive_max_ttl = Some(LONGEST_CACHED);
        options.negative_max_ttl = Some(LONGEST_NEGATIVE);
        options.max_active_requests = QUESTIONS;
        options.try_tcp_on_error = true;
        // What a machine's own file says of a recipient's domain is nobody's word but the machine's.
        options.use_hosts_file = ResolveHosts::Never;
        Ok(Self { resolver: builder.build().map_err(|_| DnsConfigError::Library)? })
    }

    /// The mail exchangers of `domain` with their preferences, as they came; the root (`""`) is a null MX (RFC 7505).
    pub(super) async fn mx(&self, domain: &str) -> Result<Answer<(u16, String)>, Unanswered> {
        self.ask(domain, RecordType::MX, |data| match data {
            RData::MX(mx) => Some((mx.preference, plain(&mx.exchange.to_ascii()))),
            _ => None,
        })
        .await
    }

    /// The addresses of `host`, IPv4 first.
    pub(super) async fn addresses(&self, host: &str) -> Result<Answer<IpAddr>, Unanswered> {
        let (mut name, mut followed, mut secure) = (host.to_owned(), None::<Alias>, true);
        for _ in 0..ALIASES_MAX {
            match self.both(&name).await {
                Ok(found) => {
                    let begins_secure = followed.as_ref().map(|alias| alias.begins_secure);
                    let last = found.alias.or(followed);
                    let alias = last
                        .map(|alias| Alias { begins_secure: begins_secure.unwrap_or(alias.begins_secure), ..alias });
                    return Ok(Answer { records: found.records, secure: secure && found.secure, alias });
                }
                // What says that an alias leads to no address of a family may lie in a zone that is not signed, and is then refuted as no
                // word on the name that was asked. Each step is looked at by itself: a step that is refuted stays so.
                Err(Unanswered::Bogus) => {
                    let step = self.alias_of(&name).await?;
                    let [target] = &step.records[..] else { return Err(Unanswered::Bogus) };
                    let begins_secure = followed.map_or(step.secure, |alias| alias.begins_secure);
                    secure &= step.secure;
                    name.clone_from(target);
                    followed = Some(Alias { end: name.clone(), begins_secure });
                }
                Err(other) => return Err(other),
            }
        }
        Err(Unanswered::Bogus)
    }

    async fn alias_of(&self, name: &str) -> Result<Answer<String>, Unanswered> {
        self.ask(name, RecordType::CNAME, |data| match data {
            RData::CNAME(target) => Some(plain(&target.0.to_ascii())),
            _ => None,
        })
        .await
    }

    /// The addresses of both families.
    async fn both(&self, host: &str) -> Result<Answer<IpAddr>, Unanswered> {
        let address = |data: &RData| data.ip_addr();
        let (four, six) =
            tokio::join!(self.ask(host, RecordType::A, address), self.ask(host, RecordType::AAAA, address));
        match (four, six) {
            (Ok(four), Ok(six)) => {
                let secure = four.secure && six.secure;
                let alias = four.alias.or(six.alias);
                Ok(Answer { records: [four.records, six.records].concat(), secure, alias })
            }
            // What is refuted stands, whichever of the two it is.
            (Err(Unanswered::Bogus), _) | (_, Err(Unanswered::Bogus)) => Err(Unanswered::Bogus),
            (Ok(one), Err(Unanswered::Unavailable)) | (Err(Unanswered::Unavailable), Ok(one))
                if !one.records.is_empty() =>
            {
                // The other family may be signed or not: nobody said.
                Ok(Answer { secure: false, ..one })
            }
            (Err(error), _) | (_, Err(error)) => Err(error),
        }
    }

    /// The TLSA records for SMTP to `host` on `port` (RFC 7672 section 2.2.3).
    pub(super) async fn tlsa(&self, host: &str, port: u16) -> Result<Answer<Tlsa>, Unanswered> {
        let name = format!("_{port}._tcp.{host}");
        let tlsa = self.ask(&name, RecordType::TLSA, |data| match data {
            RData::TLSA(tlsa) => Some(Tlsa {
                usage: tlsa.cert_usage.into(),
                selector: tlsa.selector.into(),
                matching: tlsa.matching.into(),
                data: tlsa.cert_data.clone(),
            }),
            _ => None,
        });
        match tlsa.await {
            Err(Unanswered::NoSuchDomain) => Ok(Answer::none(false)),
            other => other,
        }
    }

    /// The texts at `name`, the strings of each put together (RFC 7208 section 3.3).
    pub(super) async fn txt(&self, name: &str) -> Result<Answer<String>, Unanswered> {
        let txt = self.ask(name, RecordType::TXT, |data| match data {
            RData::TXT(txt) => Some(String::from_utf8_lossy(&txt.txt_data.concat()).into_owned()),
            _ => None,
        });
        match txt.await {
            Err(Unanswered::NoSuchDomain) => Ok(Answer::none(false)),
            other => other,
        }
    }

    /// The names that `reverse`, an address's name below arpa, leads to.
    pub(super) async fn names(&self, reverse: &str) -> Result<Answer<String>, Unanswered> {
        self.ask(reverse, RecordType::PTR, |data| match data {
            RData::PTR(name) => Some(plain(&name.to_ascii())),
            _ => None,
        })
        .await
    }

    /// Whether the server answers, and what it says of the root's name servers is vouched for.
    pub(super) async fn vouches(&self) -> bool {
        let root = |data: &RData| matches!(data, RData::NS(_)).then_some(());
        self.ask("", RecordType::NS, root).await.is_ok_and(|answer| answer.secure)
    }

    async fn ask<T>(
        &self,
        name: &str,
        kind: RecordType,
        read: impl Fn(&RData) -> Option<T>,
    ) -> Result<Answer<T>, Unanswered> {
        let name = Name::from_ascii(format!("{name}.")).map_err(|_| Unanswered::NoSuchDomain)?;
        match self.resolver.lookup(name.clone(), kind).await {
            Ok(lookup) => positive(&name, kind, lookup.answers(), read),
            Err(error) => denial(&error).map(Answer::none),
        }
    }
}

/// The records of `kind` at `name`, or at the end of its aliases. A signature says that a record is what the owner of its name
/// published, not that it answers our question: whatever stands beside the answer is passed over.
fn positive<T>(
    name: &Name,
    kind: RecordType,
    answers: &[Record],
    read: impl Fn(&RData) -> Option<T>,
) -> Result<Answer<T>, Unanswered> {
    let (mut name, mut secure, mut records, mut begins_secure) = (name.clone(), true, Vec::new(), None);
    for _ in 0..ALIASES_MAX {
        let mut alias = None;
        for record in answers.iter().filter(|record| record.name == name) {
            match &record.data {
                RData::CNAME(target) if kind != RecordType::CNAME => alias = Some(target.0.clone()),
                data if record.record_type() == kind => records.extend(read(data)),
                _ => continue,
            }
            secure &= vouched_for(record.proof)?;
        }
        match alias {
            Some(target) if records.is_empty() => {
                name = target;
                begins_secure.get_or_insert(secure);
            }
            _ => break,
        }
    }
    let alias = begins_secure.map(|begins_secure| Alias { end: plain(&name.to_ascii()), begins_secure });
    Ok(Answer { secure: secure && !records.is_empty(), records, alias })
}

/// Whether a chain of signatures leads here; what is refuted is no answer (RFC 4035 section 4.3).
const fn vouched_for(proof: Proof) -> Result<bool, Unanswered> {
    match proof {
        Proof::Secure => Ok(true),
        Proof::Insecure => Ok(false),
        Proof::Bogus | Proof::Indeterminate => Err(Unanswered::Bogus),
    }
}

/// What an error says: that there is nothing (and whether that is vouched for), or that nobody can say.
fn denial(error: &NetError) -> Result<bool, Unanswered> {
    let (query, code, authorities) = match error {
        NetError::Dns(DnsError::NoRecordsFound(none)) => {
            (&none.query, none.response_code, none.authorities.as_deref().unwrap_or_default())
        }
        NetError::Dns(DnsError::Nsec { query, response, proof: Proof::Insecure, .. }) => {
            (query, response.response_code, response.authorities.as_slice())
        }
        NetError::Dns(DnsError::Nsec { .. } | DnsError::DnssecBogus) => return Err(Unanswered::Bogus),
        _ => return Err(Unanswered::Unavailable),
    };
    // An unsigned record of some other zone excuses nothing: only the zone that the name lies in may say, unsigned, that there is
    // nothing, and the library has made sure that it may be unsigned.
    let speaks = |record: &Record| record.proof == Proof::Secure || record.name.zone_of(query.name());
    if !authorities.iter().all(speaks) {
        return Err(Unanswered::Bogus);
    }
    match code {
        ResponseCode::NXDomain => Err(Unanswered::NoSuchDomain),
        ResponseCode::NoError => {
            Ok(!authorities.is_empty() && authorities.iter().all(|record| record.proof == Proof::Secure))
        }
        _ => Err(Unanswered::Unavailable),
    }
}

/// A name without its last dot, in lower case.
fn plain(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use hickory_resolver::net::NoRecords;
    use hickory_resolver::proto::op::Query;
    use hickory_resolver::proto::rr::rdata::{CNAME, MX, SOA};

    fn name(text: &str) -> Name {
        Name::from_ascii(text).unwrap()
    }

    fn record(owner: &str, data: RData, proof: Proof) -> Record {
        let mut record = Record::from_rdata(name(owner), 60, data);
        record.proof = proof;
        record
    }

    fn mx(owner: &str, host: &str, proof: Proof) -> Record {
        record(owner, RData::MX(MX::new(10, name(host))), proof)
    }

    fn exchangers(answers: &[Record]) -> Result<Answer<String>, Unanswered> {
        positive(&name("a.test."), RecordType::MX, answers, |data| match data {
            RData::MX(mx) => Some(mx.exchange.to_ascii()),
            _ => None,
        })
    }

    #[test]
    fn a_signed_record_of_another_name_is_no_answer_to_ours() {
        let answers = [mx("a.test.", "mx.a.test.", Proof::Secure), mx("evil.test.", "mx.evil.test.", Proof::Secure)];
        assert_eq!(exchangers(&answers), Ok(Answer { records: vec!["mx.a.test.".into()], secure: true, alias: None }));
        let answers = [mx("evil.test.", "mx.evil.test.", Proof::Secure)];
        assert_eq!(exchangers(&answers), Ok(Answer::none(false)));
    }

    #[test]
    fn one_link_that_is_not_signed_makes_the_chain_of_aliases_unsigned() {
        let alias = |proof| record("a.test.", RData::CNAME(CNAME(name("b.test."))), proof);
        let target = mx("b.test.", "mx.b.test.", Proof::Secure);
        for (proof, secure) in [(Proof::Secure, true), (Proof::Insecure, false)] {
            assert_eq!(exchangers(&[alias(proof), target.clone()]).map(|answer| answer.secure), Ok(secure));
        }
        assert_eq!(exchangers(&[alias(Proof::Bogus), target]), Err(Unanswered::Bogus));
        let endless = record("a.test.", RData::CNAME(CNAME(name("a.test."))), Proof::Secure);
        assert_eq!(exchangers(&[endless]).map(|answer| answer.records), Ok(Vec::new()));
    }

    #[test]
    fn what_is_refuted_or_cannot_be_followed_is_no_answer() {
        for proof in [Proof::Bogus, Proof::Indeterminate] {
            assert_eq!(exchangers(&[mx("a.test.", "mx.a.test.", proof)]), Err(Unanswered::Bogus));
        }
    }

    fn denied_by(owner: &str, proof: Proof) -> Result<bool, Unanswered> {
        let soa = SOA::new(name("ns.test."), name("host.test."), 1, 60, 60, 60, 60);
        let mut none =
            NoRecords::new(Query::query(name("_25._tcp.mx.a.test."), RecordType::TLSA), ResponseCode::NoError);
        none.authorities = Some([record(owner, RData::SOA(soa), proof)].into());
        denial(&NetError::Dns(DnsError::NoRecordsFound(none)))
    }

    #[test]
    fn an_unsigned_zone_elsewhere_cannot_deny_that_a_signed_name_has_records() {
        assert_eq!(denied_by("a.test.", Proof::Secure), Ok(true));
        assert_eq!(denied_by("a.test.", Proof::Insecure), Ok(false), "the zone itself is not signed");
        assert_eq!(denied_by("unsigned.test.", Proof::Insecure), Err(Unanswered::Bogus));
    }
}
