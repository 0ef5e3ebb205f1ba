//! Reports of our own (RFC 8460 section 4): how sessions with one domain's servers did in one day, for whoever runs it.

use jiff::Timestamp;
use miniz_oxide::deflate::compress_to_vec;
use postern_base::EmailTier;
use serde_json::{Value, json};

/// A report to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnReport {
    /// Who says so: the domain our mail comes from.
    pub submitter: String,
    /// Whom to ask about it, an address.
    pub contact: String,
    /// The domain it is about, lower case.
    pub domain: String,
    /// From.
    pub from: Timestamp,
    /// Until.
    pub until: Timestamp,
    /// What was found to hold there, and how sessions did under it; one for each tier.
    pub policies: Vec<PolicyReport>,
}

/// How sessions did under one policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyReport {
    /// By what the domain's servers were verified.
    pub tier: EmailTier,
    /// What the domain published, in lines: its policy, or its TLSA records.
    pub said: Vec<String>,
    /// The servers that the policy names.
    pub servers: Vec<String>,
    /// Sessions that came about.
    pub succeeded: u64,
    /// Why the others did not: the result type (RFC 8460 section 4.3), the server, and how many.
    pub failures: Vec<(String, String, u64)>,
}

impl OwnReport {
    /// Its name, the same for the same domain and day: who gets it twice knows it again.
    #[must_use]
    pub fn id(&self) -> String {
        format!("{}_{}_{}", self.from.as_second(), self.domain, self.submitter)
    }

    /// RFC 8460 section 5.1: the name of the file.
    #[must_use]
    pub fn file_name(&self) -> String {
        let (from, until) = (self.from.as_second(), self.until.as_second());
        format!("{}!{}!{from}!{until}.json.gz", self.submitter, self.domain)
    }

    /// RFC 8460 section 4.4, packed (RFC 1952).
    #[must_use]
    pub fn packed(&self) -> Vec<u8> {
        gzip(self.document().to_string().as_bytes())
    }

    fn document(&self) -> Value {
        json!({
            "organization-name": self.submitter,
            "date-range": { "start-datetime": self.from.to_string(), "end-datetime": self.until.to_string() },
            "contact-info": self.contact,
            "report-id": self.id(),
            "policies": self.policies.iter().map(|policy| self.policy(policy)).collect::<Vec<_>>(),
        })
    }

    fn policy(&self, of: &PolicyReport) -> Value {
        let kind = match of.tier {
            EmailTier::Dane => "tlsa",
            EmailTier::Sts => "sts",
            EmailTier::Pkix | EmailTier::None => "no-policy-found",
        };
        let failed = of.failures.iter().fold(0_u64, |sum, (_, _, sessions)| sum.saturating_add(*sessions));
        let detail = |(result, server, sessions): &(String, String, u64)| json!({ "result-type": result, "receiving-mx-hostname": server, "failed-session-count": sessions });
        let mut policy = json!({ "policy-type": kind, "policy-domain": self.domain });
        for (name, lines) in [("policy-string", &of.said), ("mx-host", &of.servers)] {
            if let (Some(fields), false) = (policy.as_object_mut(), lines.is_empty()) {
                fields.insert(name.to_owned(), json!(lines));
            }
        }
        json!({
            "policy": policy,
            "summary": { "total-successful-session-count": of.succeeded, "total-failure-session-count": failed },
            "failure-details": of.failures.iter().map(detail).collect::<Vec<_>>(),
        })
    }
}

/// The result types that a report may name (RFC 8460 section 4.3).
pub const RESULTS: [&str; 11] = [
    "starttls-not-supported",
    "certificate-host-mismatch",
    "certificate-expired",
    "certificate-not-trusted",
    "validation-failure",
    "tlsa-invalid",
    "dnssec-invalid",
    "dane-required",
    "sts-policy-fetch-error",
    "sts-policy-invalid",
    "sts-webpki-invalid",
];

/// Where a domain wants reports, as the TXT records at `_smtp._tls` say (RFC 8460 section 3). No record, or more than one, is nowhere.
#[must_use]
pub fn wanted_at(records: &[String]) -> Vec<Wanted> {
    let mut ours = records.iter().filter(|text| text.starts_with("v=TLSRPTv1;"));
    let (Some(record), None) = (ours.next(), ours.next()) else { return Vec::new() };
    let Some(list) = record.split(';').skip(1).find_map(|field| field.trim().strip_prefix("rua=")) else {
        return Vec::new();
    };
    let read = |uri: &str| {
        let uri = uri.trim();
        // What is percent-encoded is no plain address; nobody publishes such.
        if uri.len() > 512 || uri.contains('%') || !uri.bytes().all(|b| b.is_ascii_graphic()) {
            return None;
        }
        if let Some(address) = uri.strip_prefix("mailto:") {
            let address = address.split('?').next().unwrap_or_default();
            return address.contains('@').then(|| Wanted::Mail(address.to_owned()));
        }
        uri.starts_with("https://").then(|| Wanted::Https(uri.to_owned()))
    };
    list.split(',').filter_map(read).take(4).collect()
}

/// A place where reports are taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// An address.
    Mail(String),
    /// A URL to post to.
    Https(String),
}

/// RFC 1952: a header without names, deflate, CRC-32 and length.
fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    packed.extend(compress_to_vec(bytes, 6));
    packed.extend(crc32(bytes).to_le_bytes());
    packed.extend(u32::try_from(bytes.len() & 0xffff_ffff).unwrap_or(0).to_le_bytes());
    packed
}

/// RFC 1952 section 8.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _: u32| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
    !bytes.iter().fold(u32::MAX, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_are_wanted_where_exactly_one_record_says() {
        let at = |records: &[&str]| wanted_at(&records.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>());
        assert_eq!(
            at(&["v=spf1 -all", "v=TLSRPTv1; rua=mailto:tls@a.example"]),
            [Wanted::Mail("tls@a.example".into())]
        );
        let both = at(&["v=TLSRPTv1;rua=https://r.a.example/v1, mailto:t@a.example;"]);
        assert_eq!(both, [Wanted::Https("https://r.a.example/v1".into()), Wanted::Mail("t@a.example".into())]);
        for none in [
            &["v=TLSRPTv1; rua=mailto:a@b", "v=TLSRPTv1; rua=mailto:c@d"][..],
            &[],
            &["v=TLSRPTv1;"],
            &["v=TLSRPTv2; rua=mailto:a@b"],
            &["v=TLSRPTv1; rua=http://a.example/"],
            &["v=TLSRPTv1; rua=mailto:nobody"],
            &["v=TLSRPTv1; rua=mailto:a%0d%0a@b"],
        ] {
            assert_eq!(at(none), [], "{none:?}");
        }
    }

    #[test]
    fn what_is_packed_has_the_sum_that_gzip_asks_for() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(super::super::unpack::unpack(&gzip(b"hello"), 100).unwrap(), b"hello");
    }
}
