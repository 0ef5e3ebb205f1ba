//! What a practice's domains publish for their mail, against what they must: SPF, DKIM, DMARC, MTA-STS, TLS reports, reverse names, the
//! certificate that our own listener shows, and the exact records to publish where something is missing. Reads DNS and the domain's policy host; changes nothing.

mod back;
mod dmarc;
mod spf;

pub use back::Back;

use super::back::Role;
use super::dkim::Dkim;
use super::dns::{Dns, DnsConfig, Unanswered};
use super::policies::Policies;
use super::reports::wanted_at;
use super::sts::StsMode;
use super::{DirectError, Roots};
use crate::tls;
use jiff::Timestamp;
use postern_base::Clock;
use serde::Serialize;
use spf::Verdict;
use std::net::IpAddr;
use std::sync::Arc;
use tokio_rustls::TlsConnector;

/// How long a policy is to be kept that we propose: RFC 8461 section 3.2 speaks of weeks.
const PROPOSED_AGE_SECONDS: u32 = 1_209_600;
/// A string of a TXT record holds at most this much (RFC 1035 section 3.3).
const TXT_STRING_OCTETS: usize = 255;

/// A domain that mail comes from, and how it goes out.
#[derive(Debug, Clone)]
pub struct Sending {
    /// The domain of the sender's address.
    pub domain: String,
    /// Our own names in EHLO, where mail goes straight to recipients' servers.
    pub hosts: Vec<String>,
    /// The smarthosts that take mail of this domain over: they send from addresses of their own.
    pub smarthosts: Vec<String>,
    /// The keys that we sign with.
    pub keys: Vec<Arc<Dkim>>,
    /// Where what comes back is taken; `None` = nobody of ours listens.
    pub back: Option<Back>,
}

impl Sending {
    /// The address at which `mailbox` takes reports, where somebody does.
    fn reports_to(&self, mailbox: Role) -> Option<String> {
        self.back.as_ref().map(|back| format!("{}@{}", mailbox.as_str(), back.domain))
    }
}

/// What is examined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// Where answers and bounces go (RFC 5321 section 5).
    Mx,
    /// Who may send for the domain (RFC 7208).
    Spf,
    /// Our signatures (RFC 6376).
    Dkim,
    /// What receivers do with mail that is neither (RFC 7489).
    Dmarc,
    /// That mail to the domain travels over verified TLS (RFC 8461).
    MtaSts,
    /// That others report when it could not (RFC 8460).
    TlsReports,
    /// That the name of each sending address leads back to it (RFC 1912 section 2.1).
    ReverseName,
    /// What our own listener proves its name with (RFC 3207, RFC 8461 section 4.2).
    Certificate,
}

impl Subject {
    /// The name people know it by.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mx => "MX",
            Self::Spf => "SPF",
            Self::Dkim => "DKIM",
            Self::Dmarc => "DMARC",
            Self::MtaSts => "MTA-STS",
            Self::TlsReports => "TLSRPT",
            Self::ReverseName => "PTR",
            Self::Certificate => "CERT",
        }
    }
}

/// How it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// As it should be.
    Good,
    /// It works, and should be stricter or cannot be seen whole from here.
    Weak,
    /// Missing or wrong: mail will be turned away, or is not protected.
    Bad,
    /// DNS did not answer, or DNSSEC refutes what it said: nothing can be said.
    Unknown,
}

/// A record to publish.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Publish {
    /// At which name, or URL.
    pub at: String,
    /// `TXT`, `MX`, `PTR`, or `file`.
    pub kind: &'static str,
    /// What it says.
    pub text: String,
}

impl Publish {
    fn txt(at: String, text: impl Into<String>) -> Self {
        Self { at, kind: "TXT", text: text.into() }
    }

    /// The line for a zone file; a file's text as it is. A text that is too long for one string is several.
    #[must_use]
    pub fn zone_line(&self) -> String {
        if self.kind == "file" {
            return self.text.clone();
        }
        if self.kind != "TXT" {
            return format!("{}. IN {} {}", self.at, self.kind, self.text);
        }
        let strings: Vec<String> = self
            .text
            .as_bytes()
            .chunks(TXT_STRING_OCTETS)
            .map(|part| format!("\"{}\"", String::from_utf8_lossy(part)))
            .collect();
        match &strings[..] {
            [one] => format!("{}. IN TXT {one}", self.at),
            several => format!("{}. IN TXT ( {} )", self.at, several.join(" ")),
        }
    }
}

/// How one thing stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was examined.
    pub subject: Subject,
    /// How it stands.
    pub standing: Standing,
    /// A sentence that says so.
    pub said: String,
    /// What to publish, where something is to be.
    pub publish: Vec<Publish>,
}

impl Finding {
    fn new(subject: Subject, standing: Standing, said: impl Into<String>) -> Self {
        Self { subject, standing, said: said.into(), publish: Vec::new() }
    }

    fn with(mut self, publish: impl IntoIterator<Item = Publish>) -> Self {
        self.publish.extend(publish);
        self
    }
}

/// Examines domains.
#[derive(Debug)]
pub struct Doctor {
    dns: Dns,
    policies: Policies,
}

impl Doctor {
    /// Asks `dns`, and fetches policies from `policy_port` of policy hosts whose certificates `roots` vouch for at `clock`'s time;
    /// hosts on loopback only if `loopback` says so.
    ///
    /// # Errors
    /// [`DirectError`], which names what is not right.
    pub fn new(
        dns: &DnsConfig,
        roots: &Roots,
        policy_port: u16,
        loopback: bool,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, DirectError> {
        let connector = TlsConnector::from(Arc::new(tls::config(roots, clock)?));
        Ok(Self { dns: Dns::new(dns)?, policies: Policies::new(connector, policy_port, loopback) })
    }

    /// How everything about `sending` stands at `now`, always in the same order.
    pub async fn examine(&self, sending: &Sending, now: Timestamp) -> Vec<Finding> {
        let domain = sending.domain.as_str();
        let mut found = vec![self.mx(domain).await];
        found.extend(self.spf(domain, sending).await);
        found.extend(self.dkim(sending).await);
        found.push(dmarc::examine(&self.dns, domain, sending.reports_to(Role::DmarcReports).as_deref()).await);
        found.push(self.mta_sts(domain, now).await);
        found.push(self.tls_reports(domain, sending).await);
        for host in &sending.hosts {
            found.extend(self.reverse_names(host).await);
        }
        if let Some(back) = &sending.back {
            found.extend(self.examine_back(back, sending, now).await);
        }
        found
    }

    async fn mx(&self, domain: &str) -> Finding {
        let to_publish = Publish { at: domain.to_owned(), kind: "MX", text: "10 YOUR-MAIL-SERVER.".to_owned() };
        match self.dns.mx(domain).await {
            Ok(answer) if answer.records.iter().any(|(_, host)| !host.is_empty()) => {
                Finding::new(Subject::Mx, Standing::Good, "bounces and answers have a server to go to")
            }
            Ok(answer) if answer.records.is_empty() => {
                Finding::new(Subject::Mx, Standing::Bad, "there is no MX record, so bounces and answers are lost")
                    .with([to_publish])
            }
            Ok(_) => Finding::new(Subject::Mx, Standing::Bad, "the domain says that it takes no mail (null MX)")
                .with([to_publish]),
            Err(error) => unanswered(Subject::Mx, error),
        }
    }

    /// One finding for the record, and one for each address that we send from.
    async fn spf(&self, domain: &str, sending: &Sending) -> Vec<Finding> {
        let texts = match self.dns.txt(domain).await {
            Ok(answer) => answer.records,
            Err(error) => return vec![unanswered(Subject::Spf, error)],
        };
        let mut own = Vec::new();
        for host in &sending.hosts {
            own.extend(self.dns.addresses(host).await.map(|answer| answer.records).unwrap_or_default());
        }
        let proposed = || Publish::txt(domain.to_owned(), proposed_spf(&own, &sending.smarthosts));
        match spf::records(&texts)[..] {
            [] => {
                let said = "there is no SPF record: receivers cannot tell our mail from a stranger's";
                return vec![Finding::new(Subject::Spf, Standing::Bad, said).with([proposed()])];
            }
            [record] if spf::of_everybody(record) == Some(Verdict::Pass) => {
                let said = "the record ends in +all: everybody in the world may send for the domain";
                return vec![Finding::new(Subject::Spf, Standing::Bad, said).with([proposed()])];
            }
            _ => {}
        }
        let mut found = Vec::new();
        for address in &own {
            found.push(said_of(*address, spf::check(&self.dns, domain, *address).await).with_if_bad(proposed));
        }
        for host in &sending.smarthosts {
            let said =
                format!("there is a record; whether it names the addresses {host} sends from is its operator's to say");
            found.push(Finding::new(Subject::Spf, Standing::Weak, said));
        }
        if own.is_empty() && sending.smarthosts.is_empty() {
            found.push(Finding::new(Subject::Spf, Standing::Bad, "our own host name has no address"));
        }
        found
    }

    async fn dkim(&self, sending: &Sending) -> Vec<Finding> {
        if sending.keys.is_empty() {
            return vec![match sending.smarthosts.first() {
                None => Finding::new(Subject::Dkim, Standing::Bad, "nobody signs: give a key under [[dkim]]"),
                Some(host) => Finding::new(
                    Subject::Dkim,
                    Standing::Weak,
                    format!(
                        "we do not sign; {host} has to, for this domain: look for `DKIM-Signature` in a mail that it brought"
                    ),
                ),
            }];
        }
        let mut found = Vec::new();
        for key in &sending.keys {
            let (name, text) = key.record();
            let ours = || [Publish::txt(name.clone(), text.clone())];
            found.push(match self.dns.txt(&name).await {
                Err(error) => unanswered(Subject::Dkim, error),
                Ok(answer) => match &answer.records[..] {
                    [] => Finding::new(Subject::Dkim, Standing::Bad, format!("nothing is published at {name}"))
                        .with(ours()),
                    [one] if public_key(one) == public_key(&text) && public_key(one).is_some() => Finding::new(
                        Subject::Dkim,
                        Standing::Good,
                        format!("{name} publishes the key that we sign with"),
                    ),
                    [_] => {
                        Finding::new(Subject::Dkim, Standing::Bad, format!("{name} publishes another key")).with(ours())
                    }
                    _ => Finding::new(Subject::Dkim, Standing::Bad, format!("{name} has several records")).with(ours()),
                },
            });
        }
        found
    }

    async fn mta_sts(&self, domain: &str, now: Timestamp) -> Finding {
        // What DNS does not say now is not there to be judged.
        if let Err(error) = self.dns.txt(&format!("_mta-sts.{domain}")).await {
            return unanswered(Subject::MtaSts, error);
        }
        let servers: Vec<String> = match self.dns.mx(domain).await {
            // RFC 5321 section 5.1: without an MX the domain itself is its server.
            Ok(answer) if answer.records.is_empty() => vec![domain.to_owned()],
            Ok(answer) => answer.records.into_iter().map(|(_, host)| host).filter(|host| !host.is_empty()).collect(),
            Err(error) => return unanswered(Subject::MtaSts, error),
        };
        let found = self.policies.find(&self.dns, domain, now).await;
        let (standing, said) = match (&found.policy, found.problem) {
            (_, Some(problem)) => (Standing::Bad, format!("a policy is announced and cannot be had ({problem})")),
            (None, None) => (Standing::Bad, "no policy is published: mail to you may travel in the clear".to_owned()),
            (Some(policy), None) => match servers.iter().find(|host: &&String| !policy.names(host)) {
                Some(host) => (Standing::Bad, format!("the policy does not name {host}, an MX of the domain")),
                None if policy.mode == StsMode::Enforce => {
                    return Finding::new(Subject::MtaSts, Standing::Good, "a policy is published, and is enforced");
                }
                None => (Standing::Weak, "the policy is published, and not enforced yet".to_owned()),
            },
        };
        let finding = Finding::new(Subject::MtaSts, standing, said);
        // RFC 8461 section 3.2: a policy names servers. A domain that takes no mail has none.
        if servers.is_empty() { finding } else { finding.with(proposed_policy(domain, &servers, now)) }
    }

    async fn tls_reports(&self, domain: &str, sending: &Sending) -> Finding {
        let name = format!("_smtp._tls.{domain}");
        let finding = |standing, said: &str| Finding::new(Subject::TlsReports, standing, said);
        // Nobody is asked to write to where nobody listens.
        let ours = || {
            sending
                .reports_to(Role::TlsReports)
                .map(|to| Publish::txt(name.clone(), format!("v=TLSRPTv1; rua=mailto:{to}")))
        };
        let records = match self.dns.txt(&name).await {
            Err(error) => return unanswered(Subject::TlsReports, error),
            Ok(answer) => answer.records,
        };
        // RFC 8460 section 3: exactly one record that begins so, or there is none.
        match records.iter().filter(|text| text.starts_with("v=TLSRPTv1;")).count() {
            0 if sending.back.is_none() => finding(
                Standing::Weak,
                "nobody is asked to report TLS failures, and nobody here would take a report: set up [inbound_mail]",
            ),
            0 => finding(Standing::Weak, "nobody is asked to report TLS failures").with(ours()),
            // RFC 8460 section 3: a place is a mailto: or an https: URI; others are passed over.
            1 if wanted_at(&records).is_empty() => finding(
                Standing::Bad,
                "the record names no place that a report can be brought to: expected rua=mailto:… or rua=https://…",
            )
            .with(ours()),
            1 => finding(Standing::Good, "others are asked to report TLS failures"),
            _ => finding(Standing::Bad, "there are several records, so none counts").with(ours()),
        }
    }

    /// A finding for each address of `host`.
    async fn reverse_names(&self, host: &str) -> Vec<Finding> {
        let bad = |said: String| Finding::new(Subject::ReverseName, Standing::Bad, said);
        let addresses = match self.dns.addresses(host).await {
            Ok(answer) => answer.records,
            Err(Unanswered::NoSuchDomain) => Vec::new(),
            Err(error) => return vec![unanswered(Subject::ReverseName, error)],
        };
        if addresses.is_empty() {
            return vec![bad(format!("{host}, our name in EHLO, has no address"))];
        }
        let mut found = Vec::new();
        for address in addresses {
            let ours = [Publish { at: reverse(address), kind: "PTR", text: format!("{host}.") }];
            found.push(match self.dns.names(&reverse(address)).await {
                Err(Unanswered::NoSuchDomain) => bad(format!("{address} has no name: many servers hang up")).with(ours),
                Err(error) => unanswered(Subject::ReverseName, error),
                Ok(answer) if answer.records.iter().any(|name| name.eq_ignore_ascii_case(host)) => {
                    Finding::new(Subject::ReverseName, Standing::Good, format!("{address} and {host} name each other"))
                }
                Ok(answer) => match answer.records.first() {
                    None => bad(format!("{address} has no name: many servers hang up")).with(ours),
                    Some(name) => bad(format!("{address} is called {name}, and we say {host}")).with(ours),
                },
            });
        }
        found
    }
}

impl Finding {
    fn with_if_bad(self, publish: impl FnOnce() -> Publish) -> Self {
        if self.standing == Standing::Bad { self.with([publish()]) } else { self }
    }
}

fn unanswered(subject: Subject, error: Unanswered) -> Finding {
    match error {
        Unanswered::NoSuchDomain => Finding::new(subject, Standing::Bad, "the domain does not exist"),
        Unanswered::Bogus => {
            Finding::new(subject, Standing::Unknown, "DNSSEC refutes what was answered: an attack, or a broken zone")
        }
        Unanswered::Unavailable => Finding::new(subject, Standing::Unknown, "DNS did not answer; try again"),
    }
}

fn said_of(address: IpAddr, verdict: Verdict) -> Finding {
    let (standing, said) = match verdict {
        Verdict::Pass => (Standing::Good, format!("{address} may send for the domain")),
        Verdict::Fail | Verdict::SoftFail => (Standing::Bad, format!("the record does not let {address} send")),
        Verdict::Neutral => (Standing::Bad, format!("the record says nothing of {address}")),
        Verdict::NoRecord => (Standing::Bad, "there is no SPF record".to_owned()),
        Verdict::Broken(flaw) => (Standing::Bad, flaw.said().to_owned()),
        Verdict::Unavailable => {
            (Standing::Unknown, "DNS did not answer for a name in the record; try again".to_owned())
        }
        Verdict::Depends => {
            (Standing::Weak, format!("whether {address} may send depends on the mail (`exists`, `ptr` or a macro)"))
        }
    };
    Finding::new(Subject::Spf, standing, said)
}

/// A record that lets exactly our own addresses send, and leaves room for what a smarthost's operator names.
fn proposed_spf(own: &[IpAddr], smarthosts: &[String]) -> String {
    let mut record = "v=spf1".to_owned();
    for address in own {
        let kind = if address.is_ipv4() { "ip4" } else { "ip6" };
        record.push_str(&format!(" {kind}:{address}"));
    }
    if !smarthosts.is_empty() {
        record.push_str(" include:AS-YOUR-SMARTHOST-SAYS");
    }
    record.push_str(" -all");
    record
}

/// RFC 8461 sections 3.1 and 3.2: a record that names the policy, and the policy. It begins as a test: enforce it once reports are clean.
fn proposed_policy(domain: &str, servers: &[String], now: Timestamp) -> [Publish; 2] {
    let named = match servers {
        [] => "mx: YOUR-MAIL-SERVER\n".to_owned(),
        servers => servers.iter().map(|host| format!("mx: {host}\n")).collect(),
    };
    [
        Publish::txt(format!("_mta-sts.{domain}"), format!("v=STSv1; id={}", now.strftime("%Y%m%dT%H%M%S"))),
        Publish {
            at: format!("https://mta-sts.{domain}/.well-known/mta-sts.txt"),
            kind: "file",
            text: format!("version: STSv1\nmode: testing\n{named}max_age: {PROPOSED_AGE_SECONDS}\n"),
        },
    ]
}

/// The key in a DKIM record, without the spaces that a zone file may put in.
fn public_key(record: &str) -> Option<String> {
    let key = record.split(';').find_map(|tag| tag.trim().strip_prefix("p=").map(str::to_owned))?;
    let key: String = key.split_whitespace().collect();
    (!key.is_empty()).then_some(key)
}

/// The name under which an address's own name is found (RFC 1035 section 3.5, RFC 3596 section 2.5).
fn reverse(address: IpAddr) -> String {
    match address {
        IpAddr::V4(four) => {
            let [a, b, c, d] = four.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa")
        }
        IpAddr::V6(six) => {
            let nibbles = six.octets().into_iter().rev().map(|octet| format!("{:x}.{:x}.", octet & 15, octet >> 4));
            format!("{}ip6.arpa", nibbles.collect::<String>())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_name_below_arpa() {
        assert_eq!(reverse("192.0.2.7".parse().unwrap()), "7.2.0.192.in-addr.arpa");
        let six = reverse("2001:db8::567:89ab".parse().unwrap());
        assert_eq!(six, "b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
    }

    #[test]
    fn a_long_text_is_several_strings_of_one_record() {
        let line = Publish::txt("s1._domainkey.a.test".into(), "x".repeat(300)).zone_line();
        assert_eq!(line, format!("s1._domainkey.a.test. IN TXT ( \"{}\" \"{}\" )", "x".repeat(255), "x".repeat(45)));
        assert_eq!(Publish::txt("a.test".into(), "v=spf1 -all").zone_line(), "a.test. IN TXT \"v=spf1 -all\"");
    }

    #[test]
    fn a_key_is_the_same_with_spaces_in_it_and_a_revoked_one_is_none() {
        assert_eq!(public_key("v=DKIM1; k=rsa; p=AB CD"), Some("ABCD".into()));
        assert_eq!(public_key("v=DKIM1; p="), None);
        assert_eq!(public_key("v=DKIM1"), None);
    }

    #[test]
    fn the_record_proposed_names_our_addresses_and_nobody_else() {
        let own = ["192.0.2.7".parse().unwrap(), "2001:db8::1".parse().unwrap()];
        assert_eq!(proposed_spf(&own, &[]), "v=spf1 ip4:192.0.2.7 ip6:2001:db8::1 -all");
        assert!(proposed_spf(&[], &["relay.example".into()]).contains("include:"));
    }
}
