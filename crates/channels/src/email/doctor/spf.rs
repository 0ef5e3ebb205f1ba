//! SPF (RFC 7208): whether a domain's own record lets an address send for it, as receivers would work it out.

use super::super::dns::{Dns, Unanswered};
use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;

/// RFC 7208 section 4.6.4: more terms that ask DNS than this are an error, and so are more than two names with nothing behind them.
const LOOKUPS: usize = 10;
const VOID_LOOKUPS: usize = 2;
/// RFC 7208 section 4.6.4: more mail exchangers than this behind one `mx` are an error.
const EXCHANGERS: usize = 10;

/// What a receiver would make of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It may send.
    Pass,
    /// It may not.
    Fail,
    /// It probably may not.
    SoftFail,
    /// Nothing is said of it.
    Neutral,
    /// There is no record.
    NoRecord,
    /// The record, or one that it includes, cannot be followed.
    Broken(Flaw),
    /// DNS did not answer.
    Unavailable,
    /// The record asks for what depends on the mail itself (`exists`, `ptr`, macros): not worked out here.
    Depends,
}

/// Why a record cannot be followed: RFC 7208's "permerror".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flaw {
    /// There are several records.
    Several,
    /// A term is not understood.
    Syntax,
    /// More than ten terms ask DNS.
    Lookups,
    /// More than two names have nothing behind them.
    Voids,
    /// An included domain has no record.
    Included,
}

impl Flaw {
    /// The flaw in words.
    pub(super) const fn said(self) -> &'static str {
        match self {
            Self::Several => "there are several SPF records, so receivers follow none",
            Self::Syntax => "the record has a term that receivers do not understand",
            Self::Lookups => "the record asks DNS more than ten times, so receivers follow none of it",
            Self::Voids => "more than two names in the record have nothing behind them",
            Self::Included => "the record includes a domain that has no SPF record",
        }
    }
}

/// Which of `texts` are SPF records (RFC 7208 section 4.5).
pub(super) fn records(texts: &[String]) -> Vec<&str> {
    let is = |text: &&str| *text == "v=spf1" || text.starts_with("v=spf1 ");
    texts.iter().map(String::as_str).filter(is).collect()
}

/// What `record` says of everybody that it does not name: its `all`, if it has one.
pub(super) fn of_everybody(record: &str) -> Option<Verdict> {
    let all = record.split(' ').map(split).find(|(_, term)| term.eq_ignore_ascii_case("all"));
    all.map(|(verdict, _)| verdict)
}

/// Whether `domain` lets `address` send for it.
pub(super) async fn check(dns: &Dns, domain: &str, address: IpAddr) -> Verdict {
    Asked { dns, address: address.to_canonical(), lookups: 0, voids: 0 }.check(domain.to_owned()).await
}

/// One examination, with what it has cost so far.
struct Asked<'a> {
    dns: &'a Dns,
    address: IpAddr,
    lookups: usize,
    voids: usize,
}

impl Asked<'_> {
    /// RFC 7208 section 4. Records name records, so this calls itself, at most as often as lookups are allowed.
    fn check(&mut self, domain: String) -> Pin<Box<dyn Future<Output = Verdict> + Send + '_>> {
        Box::pin(async move { self.follow(&domain).await.unwrap_or_else(|early| early) })
    }

    async fn follow(&mut self, domain: &str) -> Result<Verdict, Verdict> {
        let texts = self.dns.txt(domain).await.map_err(|_| Verdict::Unavailable)?;
        let record = match records(&texts.records)[..] {
            [] => return Ok(Verdict::NoRecord),
            [one] => one,
            _ => return Err(Verdict::Broken(Flaw::Several)),
        };
        let mut redirect = None;
        for term in record.split(' ').skip(1).filter(|term| !term.is_empty()) {
            if let Some((name, value)) = modifier(term) {
                if name.eq_ignore_ascii_case("redirect") {
                    redirect = Some(value);
                }
                continue;
            }
            let (verdict, mechanism) = split(term);
            if self.matches(mechanism, domain).await? {
                return Ok(verdict);
            }
        }
        let Some(target) = redirect else { return Ok(Verdict::Neutral) };
        self.looks_up()?;
        match self.check(plain(target)?).await {
            Verdict::NoRecord => Err(Verdict::Broken(Flaw::Included)),
            other => Ok(other),
        }
    }

    /// Whether a mechanism names our address (RFC 7208 section 5).
    async fn matches(&mut self, mechanism: &str, domain: &str) -> Result<bool, Verdict> {
        let (name, rest) = mechanism.split_at(mechanism.find([':', '/']).unwrap_or(mechanism.len()));
        let broken = || Verdict::Broken(Flaw::Syntax);
        match name.to_ascii_lowercase().as_str() {
            "all" if rest.is_empty() => Ok(true),
            "ip4" | "ip6" => {
                let network = rest.strip_prefix(':').ok_or_else(broken)?;
                within_network(self.address, network).ok_or_else(broken)
            }
            "include" => {
                self.looks_up()?;
                match self.check(plain(rest.strip_prefix(':').ok_or_else(broken)?)?).await {
                    Verdict::Pass => Ok(true),
                    Verdict::Fail | Verdict::SoftFail | Verdict::Neutral => Ok(false),
                    Verdict::NoRecord => Err(Verdict::Broken(Flaw::Included)),
                    early => Err(early),
                }
            }
            "a" => {
                self.looks_up()?;
                let (host, bits) = target(rest, domain).ok_or_else(broken)?;
                self.is_host(&plain(&host)?, bits).await
            }
            "mx" => {
                self.looks_up()?;
                let (host, bits) = target(rest, domain).ok_or_else(broken)?;
                let exchangers = match self.dns.mx(&plain(&host)?).await {
                    Ok(answer) => answer.records,
                    Err(Unanswered::NoSuchDomain) => Vec::new(),
                    Err(_) => return Err(Verdict::Unavailable),
                };
                if exchangers.len() > EXCHANGERS {
                    return Err(Verdict::Broken(Flaw::Lookups));
                }
                if exchangers.is_empty() {
                    self.finds_nothing()?;
                }
                for (_, exchanger) in exchangers {
                    if self.is_host(&exchanger, bits).await? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            "exists" | "ptr" => Err(Verdict::Depends),
            _ => Err(broken()),
        }
    }

    async fn is_host(&mut self, host: &str, bits: Bits) -> Result<bool, Verdict> {
        let addresses = match self.dns.addresses(host).await {
            Ok(answer) => answer.records,
            Err(Unanswered::NoSuchDomain) => Vec::new(),
            Err(_) => return Err(Verdict::Unavailable),
        };
        if addresses.is_empty() {
            self.finds_nothing()?;
        }
        Ok(addresses.into_iter().any(|address| bits.same_network(self.address, address)))
    }

    fn looks_up(&mut self) -> Result<(), Verdict> {
        self.lookups = self.lookups.saturating_add(1);
        if self.lookups > LOOKUPS { Err(Verdict::Broken(Flaw::Lookups)) } else { Ok(()) }
    }

    fn finds_nothing(&mut self) -> Result<(), Verdict> {
        self.voids = self.voids.saturating_add(1);
        if self.voids > VOID_LOOKUPS { Err(Verdict::Broken(Flaw::Voids)) } else { Ok(()) }
    }
}

/// A term's qualifier and the rest of it; no qualifier is `+`.
fn split(term: &str) -> (Verdict, &str) {
    let rest = term.get(1..).unwrap_or_default();
    match term.as_bytes().first() {
        Some(b'+') => (Verdict::Pass, rest),
        Some(b'-') => (Verdict::Fail, rest),
        Some(b'~') => (Verdict::SoftFail, rest),
        Some(b'?') => (Verdict::Neutral, rest),
        _ => (Verdict::Pass, term),
    }
}

/// `name=value`, where the name is one (RFC 7208 section 4.6.1).
fn modifier(term: &str) -> Option<(&str, &str)> {
    let (name, value) = term.split_once('=')?;
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    is_name.then_some((name, value))
}

/// A name without macros, which would need a mail to fill them in.
fn plain(name: &str) -> Result<String, Verdict> {
    if name.contains('%') {
        return Err(Verdict::Depends);
    }
    if name.is_empty() {
        return Err(Verdict::Broken(Flaw::Syntax));
    }
    Ok(name.trim_end_matches('.').to_owned())
}

/// How many leading bits of an address count, for IPv4 and for IPv6.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Bits {
    four: u8,
    six: u8,
}

impl Bits {
    fn same_network(self, one: IpAddr, other: IpAddr) -> bool {
        match (one, other) {
            (IpAddr::V4(one), IpAddr::V4(other)) => {
                let away = 32_u32.saturating_sub(u32::from(self.four));
                (one.to_bits() ^ other.to_bits()).checked_shr(away).unwrap_or(0) == 0
            }
            (IpAddr::V6(one), IpAddr::V6(other)) => {
                let away = 128_u32.saturating_sub(u32::from(self.six));
                (one.to_bits() ^ other.to_bits()).checked_shr(away).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

/// What follows `a` or `mx`: `[:domain][/bits][//bits]`.
fn target(rest: &str, domain: &str) -> Option<(String, Bits)> {
    let (host, lengths) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = match host.strip_prefix(':') {
        Some(host) => host.to_owned(),
        None if host.is_empty() => domain.to_owned(),
        None => return None,
    };
    let (four, six) = match lengths.split_once("//") {
        Some((four, six)) => (four, Some(six)),
        None => (lengths, None),
    };
    let four = match four.strip_prefix('/') {
        Some(bits) => length(bits, 32)?,
        None if four.is_empty() => 32,
        None => return None,
    };
    let six = six.map_or(Some(128), |bits| length(bits, 128))?;
    Some((host, Bits { four, six }))
}

fn length(text: &str, most: u8) -> Option<u8> {
    text.parse().ok().filter(|bits| *bits <= most)
}

/// Whether `address` lies in `network`, `address[/bits]`; `None` = it is no network.
fn within_network(address: IpAddr, network: &str) -> Option<bool> {
    let (base, bits) = match network.split_once('/') {
        Some((base, bits)) => (base, Some(bits)),
        None => (network, None),
    };
    let base: IpAddr = base.parse().ok()?;
    let most = if base.is_ipv4() { 32 } else { 128 };
    let bits = bits.map_or(Some(most), |bits| length(bits, most))?;
    Some(Bits { four: bits, six: bits }.same_network(address, base))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_holds_the_addresses_that_share_its_leading_bits() {
        let within = |address: &str, network: &str| within_network(address.parse().unwrap(), network);
        assert_eq!(within("192.0.2.7", "192.0.2.7"), Some(true));
        assert_eq!(within("192.0.2.7", "192.0.2.8"), Some(false));
        assert_eq!(within("192.0.2.200", "192.0.2.0/24"), Some(true));
        assert_eq!(within("192.0.3.200", "192.0.2.0/24"), Some(false));
        assert_eq!(within("203.0.113.9", "0.0.0.0/0"), Some(true));
        assert_eq!(within("2001:db8::9", "2001:db8::/32"), Some(true));
        assert_eq!(within("2001:db9::9", "2001:db8::/32"), Some(false));
        assert_eq!(within("192.0.2.7", "2001:db8::/32"), Some(false));
        for not in ["192.0.2", "192.0.2.0/33", "2001:db8::/129", "x", "192.0.2.0/"] {
            assert_eq!(within("192.0.2.7", not), None, "{not}");
        }
    }

    #[test]
    fn what_follows_a_mechanism_is_a_name_and_two_lengths() {
        let of = |rest: &str| target(rest, "own.test").map(|(host, bits)| (host, bits.four, bits.six));
        assert_eq!(of(""), Some(("own.test".into(), 32, 128)));
        assert_eq!(of(":mx.test"), Some(("mx.test".into(), 32, 128)));
        assert_eq!(of("/24"), Some(("own.test".into(), 24, 128)));
        assert_eq!(of(":mx.test/24//64"), Some(("mx.test".into(), 24, 64)));
        assert_eq!(of("//64"), Some(("own.test".into(), 32, 64)));
        for not in ["x", "/33", "//129", "/", "/24/64"] {
            assert_eq!(of(not), None, "{not}");
        }
    }

    #[test]
    fn only_what_begins_as_a_record_is_one() {
        let texts = ["v=spf1 -all", "v=spf10 -all", "v=spf1", "spf1 -all", "google-site=1"].map(str::to_owned);
        assert_eq!(records(&texts), ["v=spf1 -all", "v=spf1"]);
        assert_eq!(of_everybody("v=spf1 mx ~all"), Some(Verdict::SoftFail));
        assert_eq!(of_everybody("v=spf1 mx all"), Some(Verdict::Pass));
        assert_eq!(of_everybody("v=spf1 mx"), None);
    }
}
