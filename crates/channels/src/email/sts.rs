//! MTA-STS (RFC 8461): a domain says over HTTPS which servers take its mail and that they do it over verified TLS.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// RFC 8461 section 3.2: at most a year and a bit.
const LONGEST_AGE_SECONDS: u64 = 31_557_600;
/// A policy file is small; one with more servers than this is not read.
const SERVERS_MAX: usize = 256;

/// What a policy asks of senders (RFC 8461 section 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StsMode {
    /// Nothing is delivered to a server that fails the policy.
    Enforce,
    /// Failures are reported, and change nothing.
    Testing,
    /// There is no policy any more.
    None,
}

/// A policy as it was fetched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StsPolicy {
    /// The id that DNS named when it was fetched; another id is another policy.
    pub id: String,
    /// What it asks.
    pub mode: StsMode,
    /// Patterns of server names, lower case.
    pub servers: Vec<String>,
    /// How long it holds, in seconds.
    pub max_age_seconds: u64,
    /// When it was fetched.
    pub fetched_at: Timestamp,
}

/// A text is no policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the text is no MTA-STS policy (RFC 8461 section 3.2)")]
pub struct BadPolicy;

impl StsPolicy {
    /// Reads a policy file (RFC 8461 section 3.2) that was fetched at `fetched_at` for the policy that DNS names `id`. Unknown keys
    /// are ignored; of a key given twice the first counts.
    ///
    /// # Errors
    /// [`BadPolicy`].
    pub fn parse(text: &str, id: &str, fetched_at: Timestamp) -> Result<Self, BadPolicy> {
        let (mut version, mut mode, mut age, mut servers) = (None, None, None, Vec::new());
        for line in text.split('\n').map(|line| line.trim_end_matches('\r')).filter(|line| !line.trim().is_empty()) {
            let (key, value) = line.split_once(':').ok_or(BadPolicy)?;
            let value = value.trim_matches([' ', '\t']);
            match key.trim_matches([' ', '\t']) {
                "version" => version = version.or(Some(value)),
                "mode" => mode = mode.or(Some(value)),
                "max_age" => age = age.or(Some(value)),
                "mx" if is_pattern(value) && servers.len() < SERVERS_MAX => servers.push(value.to_ascii_lowercase()),
                "mx" => return Err(BadPolicy),
                _ => {}
            }
        }
        let mode = match mode {
            Some("enforce") => StsMode::Enforce,
            Some("testing") => StsMode::Testing,
            Some("none") => StsMode::None,
            _ => return Err(BadPolicy),
        };
        let digits = age.filter(|age| (1..=10).contains(&age.len()) && age.bytes().all(|b| b.is_ascii_digit()));
        let max_age_seconds = digits.and_then(|age| age.parse().ok()).ok_or(BadPolicy)?;
        let well = version == Some("STSv1")
            && max_age_seconds <= LONGEST_AGE_SECONDS
            && (mode == StsMode::None || !servers.is_empty());
        if !well {
            return Err(BadPolicy);
        }
        Ok(Self { id: id.to_owned(), mode, servers, max_age_seconds, fetched_at })
    }

    /// Its lines, as a policy file holds them (RFC 8461 section 3.2).
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let mode = match self.mode {
            StsMode::Enforce => "enforce",
            StsMode::Testing => "testing",
            StsMode::None => "none",
        };
        let servers = self.servers.iter().map(|server| format!("mx: {server}"));
        let begin = ["version: STSv1".to_owned(), format!("mode: {mode}")];
        begin.into_iter().chain(servers).chain([format!("max_age: {}", self.max_age_seconds)]).collect()
    }

    /// Until when it holds.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        let seconds = i64::try_from(self.max_age_seconds).unwrap_or(i64::MAX);
        self.fetched_at.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
    }

    /// Whether `host` is one of its servers (RFC 8461 section 4.1): a `*` stands for exactly one label, the first.
    #[must_use]
    pub fn names(&self, host: &str) -> bool {
        self.servers.iter().any(|pattern| match pattern.strip_prefix("*.") {
            Some(parent) => host.split_once('.').is_some_and(|(_, rest)| rest.eq_ignore_ascii_case(parent)),
            None => pattern.eq_ignore_ascii_case(host),
        })
    }
}

/// The policy id that the TXT records at `_mta-sts` name (RFC 8461 section 3.1). No record, or more than one, is no policy.
pub(super) fn id_of(records: &[String]) -> Option<String> {
    let mut ours = records.iter().filter(|text| text.starts_with("v=STSv1;") || text.starts_with("v=STSv1 "));
    let (record, None) = (ours.next()?, ours.next()) else { return None };
    let field = record.split(';').skip(1).find_map(|field| field.trim().strip_prefix("id="))?;
    let well = (1..=32).contains(&field.len()) && field.bytes().all(|b| b.is_ascii_alphanumeric());
    well.then(|| field.to_owned())
}

/// A host name, or one with `*.` before it.
fn is_pattern(text: &str) -> bool {
    let host = text.strip_prefix("*.").unwrap_or(text);
    host.len() <= 253
        && host.split('.').all(|label| {
            (1..=63).contains(&label.len()) && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FILE: &str =
        "version: STSv1\r\nmode: enforce\r\nmx: mail.example.com\r\nmx: *.Example.net\r\nmax_age: 604800\r\n";

    fn parse(text: &str) -> Result<StsPolicy, BadPolicy> {
        StsPolicy::parse(text, "1", Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn a_policy_is_read_with_either_line_end_and_unknown_keys() {
        let policy = parse(FILE).unwrap();
        assert_eq!((policy.mode, policy.max_age_seconds), (StsMode::Enforce, 604_800));
        assert_eq!(policy.servers, ["mail.example.com", "*.example.net"]);
        assert_eq!(parse(&FILE.replace("\r\n", "\n")), Ok(policy.clone()));
        assert_eq!(parse(&format!("{FILE}colour: blue\r\nmode: none\r\n")), Ok(policy));
    }

    #[test]
    fn what_is_missing_or_out_of_range_is_no_policy() {
        for (from, to) in [
            ("STSv1", "STSv2"),
            ("version: STSv1\r\n", ""),
            ("enforce", "strict"),
            ("mode: enforce\r\n", ""),
            ("max_age: 604800\r\n", ""),
            ("604800", "31557601"),
            ("604800", "-1"),
            ("604800", "1e9"),
            ("mail.example.com", "mail..example.com"),
            ("mail.example.com", "*mail.example.com"),
            ("mail.example.com", "mail.*.com"),
            ("mode: enforce", "mode enforce"),
        ] {
            assert_eq!(parse(&FILE.replace(from, to)), Err(BadPolicy), "{from} -> {to}");
        }
        assert_eq!(parse("version: STSv1\nmode: enforce\nmax_age: 1\n"), Err(BadPolicy), "it names no server");
        assert!(parse("version: STSv1\nmode: none\nmax_age: 1\n").is_ok(), "then there is nothing to name");
        assert_eq!(parse(""), Err(BadPolicy));
    }

    #[test]
    fn a_star_is_one_label_and_the_first() {
        let policy = parse(FILE).unwrap();
        for host in ["mail.example.com", "MAIL.EXAMPLE.COM", "mx1.example.net"] {
            assert!(policy.names(host), "{host}");
        }
        for host in ["example.net", "a.b.example.net", "mx1.example.com", "mail.example.com.evil.test", "xexample.net"]
        {
            assert!(!policy.names(host), "{host}");
        }
    }

    #[test]
    fn an_id_is_named_by_exactly_one_record() {
        let of = |records: &[&str]| id_of(&records.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>());
        assert_eq!(of(&["v=STSv1; id=20261121T000000;"]).as_deref(), Some("20261121T000000"));
        assert_eq!(of(&["v=spf1 -all", "v=STSv1;id=1"]).as_deref(), Some("1"));
        for none in
            [&["v=STSv1; id=1;", "v=STSv1; id=2;"][..], &[], &["v=STSv1;"], &["v=STSv1; id=a-b;"], &["v=STSv11; id=1"]]
        {
            assert_eq!(of(none), None, "{none:?}");
        }
    }

    proptest! {
        #[test]
        fn a_policy_that_is_read_names_servers_and_holds_no_longer_than_it_may(
            lines in proptest::collection::vec("(version|mode|mx|max_age|[a-z_]{0,4})[:; ]{0,2}(STSv1|enforce|none|[*.a-z-]{0,12}|[0-9]{0,11})", 0..8),
            end in "(\r\n|\n|\r)",
        ) {
            if let Ok(policy) = parse(&lines.join(&end)) {
                prop_assert!(policy.mode == StsMode::None || !policy.servers.is_empty());
                prop_assert!(policy.max_age_seconds <= LONGEST_AGE_SECONDS);
                prop_assert!(policy.servers.iter().all(|server| is_pattern(server)));
                prop_assert!(!policy.names("") && !policy.names("."));
            }
        }

        #[test]
        fn no_text_of_a_record_is_more_than_an_id(texts in proptest::collection::vec("(v=STSv1)?[; ]{0,2}(id=)?.{0,40}", 0..3)) {
            if let Some(id) = id_of(&texts) {
                prop_assert!((1..=32).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric()));
            }
        }
    }

    #[test]
    fn a_policy_holds_as_long_as_it_says() {
        let policy = parse(FILE).unwrap();
        assert_eq!(policy.expires_at().as_second(), 604_800);
    }
}
