//! `postern doctor`: what our own domains publish, against what they must, and the exact records to publish.
//!
//! Reads the configuration, DNS and the domains' policy hosts; needs no database, so a server may be running.

use super::{configuration, of_this_machine};
use crate::cli::{Doctor as Args, DoctorCommand, Global};
use crate::config::{Config, InboundMail};
use crate::exit::{Exit, Failure};
use crate::output::{self, Paint, Tone};
use crate::process;
use crate::wiring;
use postern_channels::email::doctor::{Back, Finding, Publish, Sending, Standing};
use serde_json::json;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// Examines what is asked for. The answer is no when something is bad.
pub(crate) fn run(global: &Global, args: &Args) -> Result<Exit, Failure> {
    let DoctorCommand::Email { domains } = &args.command;
    let (_, _, config) = configuration(global)?;
    process::choose_tls()?;
    let sending = chosen(sending(&config)?, domains)?;
    let sources = of_this_machine();
    let doctor = wiring::doctor(&config, &sources)?;
    let mut bad = false;
    process::runtime()?.block_on(async {
        for one in &sending {
            let found = doctor.examine(one, sources.clock.now()).await;
            bad |= found.iter().any(|finding| finding.standing == Standing::Bad);
            if global.json {
                output::json_line(&json!({ "domain": one.domain, "findings": found }))?;
            } else {
                show(&mut io::stdout().lock(), Paint::stdout(), &one.domain, &found)?;
            }
        }
        Ok::<_, io::Error>(())
    })?;
    Ok(if bad { Exit::No } else { Exit::Done })
}

/// Every domain that mail comes from, with every way that it goes out.
fn sending(config: &Config) -> Result<Vec<Sending>, Failure> {
    let mut all: BTreeMap<String, Sending> = BTreeMap::new();
    let amazon = || "Amazon SES".to_owned();
    let froms = config.smarthost.iter().map(|host| (&host.from, None, Some(host.host.clone())));
    let froms = froms.chain(config.ses.iter().map(|ses| (&ses.from, None, Some(amazon()))));
    for (from, helo, smarthost) in froms.chain(config.direct.iter().map(|d| (&d.from, Some(&d.helo), None))) {
        let Some((_, domain)) = from.rsplit_once('@') else { continue };
        let domain = domain.to_ascii_lowercase();
        let keys = wiring::signers(config, from)?;
        let back = config.inbound_mail.as_ref().map(back);
        let new = Sending { domain: domain.clone(), hosts: Vec::new(), smarthosts: Vec::new(), keys, back };
        let one = all.entry(domain).or_insert(new);
        one.hosts.extend(helo.cloned());
        one.smarthosts.extend(smarthost);
    }
    Ok(all.into_values().collect())
}

/// Where what comes back is taken.
fn back(inbound: &InboundMail) -> Back {
    let domain = inbound.domain.to_ascii_lowercase();
    let host = inbound.host.clone().unwrap_or_else(|| domain.clone());
    Back { domain, host, certificate: inbound.certificate.clone() }
}

fn chosen(all: Vec<Sending>, domains: &[String]) -> Result<Vec<Sending>, Failure> {
    if all.is_empty() {
        return Err(Failure::Usage(
            "the configuration sends no mail: give a [[smarthost]], [[ses]] or [direct] first".into(),
        ));
    }
    for name in domains {
        if !all.iter().any(|sending| sending.domain.eq_ignore_ascii_case(name)) {
            let known: Vec<&str> = all.iter().map(|sending| sending.domain.as_str()).collect();
            return Err(Failure::Usage(format!("no mail comes from {name}; it comes from {}", known.join(", "))));
        }
    }
    let asked =
        |sending: &Sending| domains.is_empty() || domains.iter().any(|d| d.eq_ignore_ascii_case(&sending.domain));
    Ok(all.into_iter().filter(asked).collect())
}

fn show(out: &mut impl Write, paint: Paint, domain: &str, found: &[Finding]) -> io::Result<()> {
    writeln!(out, "{}", paint.text(Tone::Strong, domain))?;
    for finding in found {
        let (mark, tone) = match finding.standing {
            Standing::Good => ("✓", Tone::Good),
            Standing::Weak => ("!", Tone::Wait),
            Standing::Bad => ("✗", Tone::Bad),
            Standing::Unknown => ("?", Tone::Wait),
        };
        writeln!(out, "  {} {:<8} {}", paint.text(tone, mark), finding.subject.as_str(), finding.said)?;
        for publish in &finding.publish {
            to_publish(out, paint, publish)?;
        }
    }
    writeln!(out)
}

fn to_publish(out: &mut impl Write, paint: Paint, publish: &Publish) -> io::Result<()> {
    let text = publish.zone_line();
    if publish.kind != "file" {
        return writeln!(out, "      {} {text}", paint.text(Tone::Soft, "publish"));
    }
    writeln!(out, "      {} {}", paint.text(Tone::Soft, "serve as text/plain"), publish.at)?;
    for line in text.lines() {
        writeln!(out, "        {line}")?;
    }
    Ok(())
}
