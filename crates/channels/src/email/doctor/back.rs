//! The domain where mail comes back to us: its MX, SPF and policy, and the certificate that our listener shows.

use super::{Doctor, Finding, Publish, Sending, Standing, Subject, unanswered};
use crate::email::smime::hosts_of;
use jiff::{SignedDuration, Timestamp};
use std::path::PathBuf;

/// house: how long before its end a certificate is spoken of.
const SOON: SignedDuration = SignedDuration::from_hours(21 * 24);

/// Where what comes back is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Back {
    /// The domain of the envelope's sender and of `Reply-To`.
    pub domain: String,
    /// Our listener's name.
    pub host: String,
    /// The file of its certificate chain, PEM; `None` = it offers no TLS.
    pub certificate: Option<PathBuf>,
}

impl Doctor {
    /// How everything about `back` stands; each sentence begins with its domain.
    pub(super) async fn examine_back(&self, back: &Back, sending: &Sending, now: Timestamp) -> Vec<Finding> {
        let mut found = vec![self.leads_here(back).await];
        if back.domain != sending.domain {
            // RFC 7208 section 2.4: SPF is about the envelope's sender, and that is of this domain.
            found.extend(self.spf(&back.domain, sending).await);
            found.push(self.mta_sts(&back.domain, now).await);
            found.push(self.tls_reports(&back.domain, sending).await);
        }
        found.push(certificate(back, now));
        for finding in &mut found {
            finding.said = format!("{}: {}", back.domain, finding.said);
        }
        found
    }

    async fn leads_here(&self, back: &Back) -> Finding {
        let finding = |standing, said: String| Finding::new(Subject::Mx, standing, said);
        let ours = || [Publish { at: back.domain.clone(), kind: "MX", text: format!("10 {}.", back.host) }];
        let servers = match self.dns.mx(&back.domain).await {
            Ok(answer) => answer.records,
            Err(error) => return unanswered(Subject::Mx, error).with(ours()),
        };
        match servers.iter().find(|(_, host)| !host.eq_ignore_ascii_case(&back.host)) {
            _ if servers.is_empty() => {
                finding(Standing::Bad, "there is no MX record, so bounces and answers are lost".into()).with(ours())
            }
            None => finding(Standing::Good, format!("bounces and answers come to {}", back.host)),
            Some((_, host)) if servers.len() == 1 => {
                finding(Standing::Bad, format!("bounces and answers go to {host}, and we listen as {}", back.host))
                    .with(ours())
            }
            Some((_, host)) => {
                finding(Standing::Weak, format!("bounces and answers may go to {host} too, which is not us"))
            }
        }
    }
}

/// Whether the certificate is in its time and holds for our name: a sender that verifies it (RFC 8461 section 4.2) delivers only then.
fn certificate(back: &Back, now: Timestamp) -> Finding {
    let finding = |standing, said: String| Finding::new(Subject::Certificate, standing, said);
    let Some(path) = &back.certificate else {
        return finding(Standing::Bad, "no certificate is set, so patients' answers come in the clear".into());
    };
    let Some((names, until)) = std::fs::read(path).ok().and_then(|pem| hosts_of(&pem)) else {
        return finding(Standing::Bad, format!("{} holds no certificate that can be read", path.display()));
    };
    if until <= now {
        return finding(Standing::Bad, format!("the certificate ended on {}", until.strftime("%Y-%m-%d")));
    }
    if !names.iter().any(|name| holds_for(name, &back.host)) {
        return finding(Standing::Bad, format!("the certificate does not hold for {}, our name", back.host));
    }
    let day = until.strftime("%Y-%m-%d");
    if until.duration_since(now) < SOON {
        return finding(Standing::Weak, format!("the certificate ends on {day}: renew it"));
    }
    finding(Standing::Good, format!("the certificate holds for {} until {day}", back.host))
}

/// RFC 6125 section 6.4.3: a `*` stands for one whole label, the first.
fn holds_for(name: &str, host: &str) -> bool {
    match name.strip_prefix("*.") {
        Some(parent) => host.split_once('.').is_some_and(|(_, rest)| rest.eq_ignore_ascii_case(parent)),
        None => name.eq_ignore_ascii_case(host),
    }
}
