//! DMARC (RFC 7489): what the domain asks receivers to do with mail that is neither signed nor sent for it.

use super::{Finding, Publish, Standing, Subject, unanswered};
use crate::email::dns::Dns;

/// How the domain's policy stands; reports are asked for to `reports`, if anybody takes them. Where the domain has none of its own, that of a domain above it holds.
pub(super) async fn examine(dns: &Dns, domain: &str, reports: Option<&str>) -> Finding {
    for above in domains_from(domain) {
        let texts = match dns.txt(&format!("_dmarc.{above}")).await {
            Ok(answer) => answer.records,
            Err(error) => return unanswered(Subject::Dmarc, error),
        };
        let records: Vec<&str> = texts.iter().map(String::as_str).filter(|text| is_record(text)).collect();
        match records[..] {
            [] => {}
            [one] => return judge(one, above, domain, reports),
            // RFC 7489 section 6.6.3: several are as good as none.
            _ => {
                let said = format!("_dmarc.{above} has several records, so receivers follow none");
                return Finding::new(Subject::Dmarc, Standing::Bad, said).with([proposed(domain, reports)]);
            }
        }
    }
    let said = "there is no policy: receivers do not protect the domain against forgers";
    Finding::new(Subject::Dmarc, Standing::Bad, said).with([proposed(domain, reports)])
}

fn judge(record: &str, above: &str, domain: &str, reports: Option<&str>) -> Finding {
    let own = above == domain;
    // RFC 7489 section 6.3: `sp` speaks of the domains below, and `p` where it is missing.
    let policy = tag(record, "sp").filter(|_| !own).or_else(|| tag(record, "p"));
    let finding = |standing, said: String| Finding::new(Subject::Dmarc, standing, said);
    match policy.as_deref() {
        Some("quarantine" | "reject") if tag(record, "pct").is_none_or(|pct| pct == "100") => {
            let unasked = if tag(record, "rua").is_some() { "" } else { "; no reports are asked for (rua)" };
            finding(Standing::Good, format!("_dmarc.{above} protects the domain{unasked}"))
        }
        Some("quarantine" | "reject") => {
            finding(Standing::Weak, format!("_dmarc.{above} protects the domain only in a part of the mails (pct)"))
        }
        Some("none") => {
            finding(Standing::Weak, format!("_dmarc.{above} only watches (p=none)")).with([proposed(domain, reports)])
        }
        _ => finding(Standing::Bad, format!("_dmarc.{above} names no policy that receivers know"))
            .with([proposed(domain, reports)]),
    }
}

fn proposed(domain: &str, reports: Option<&str>) -> Publish {
    let asked = reports.map(|to| format!("; rua=mailto:{to}")).unwrap_or_default();
    Publish::txt(format!("_dmarc.{domain}"), format!("v=DMARC1; p=quarantine{asked}"))
}

/// The domain and those above it, down to two labels: none above those is a practice's own.
fn domains_from(domain: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(domain), |name| name.split_once('.').map(|(_, above)| above))
        .take_while(|name| name.contains('.'))
}

fn is_record(text: &str) -> bool {
    tag(text, "v").is_some_and(|version| version == "dmarc1") && text.trim_start().starts_with(['v', 'V'])
}

/// A tag's value in lower case.
fn tag(record: &str, name: &str) -> Option<String> {
    record.split(';').find_map(|tag| {
        let (key, value) = tag.split_once('=')?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim().to_ascii_lowercase())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(record: &str, above: &str) -> Standing {
        judge(record, above, "mail.clinic.test", None).standing
    }

    #[test]
    fn a_policy_protects_only_when_it_says_what_to_do_with_all_mail() {
        assert_eq!(standing("v=DMARC1; p=reject", "mail.clinic.test"), Standing::Good);
        assert_eq!(standing("v=DMARC1; p=none; rua=mailto:x@clinic.test", "mail.clinic.test"), Standing::Weak);
        assert_eq!(standing("v=DMARC1; p=reject; pct=20", "mail.clinic.test"), Standing::Weak);
        assert_eq!(standing("v=DMARC1; p=whatever", "mail.clinic.test"), Standing::Bad);
    }

    #[test]
    fn for_a_domain_below_the_policy_for_subdomains_holds() {
        assert_eq!(standing("v=DMARC1; p=reject; sp=none", "clinic.test"), Standing::Weak);
        assert_eq!(standing("v=DMARC1; p=reject; sp=none", "mail.clinic.test"), Standing::Good);
        assert_eq!(standing("v=DMARC1; p=reject", "clinic.test"), Standing::Good);
    }

    #[test]
    fn policies_are_looked_for_up_to_two_labels() {
        assert_eq!(
            domains_from("a.b.clinic.test").collect::<Vec<_>>(),
            ["a.b.clinic.test", "b.clinic.test", "clinic.test"]
        );
        assert!(is_record("v=DMARC1; p=none") && !is_record("p=none; v=DMARC1") && !is_record("v=spf1 -all"));
    }
}
