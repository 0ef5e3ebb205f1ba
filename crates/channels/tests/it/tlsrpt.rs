//! Reports on TLS that we send (RFC 8460): by mail to a real Postfix, signed, and by HTTPS; read back by ourselves and by Python.

use crate::dkim::{RSA, signer};
use crate::support::internet::{Internet, SCRIPTED, ip};
use crate::support::missing_peer;
use crate::support::permits::now;
use crate::support::scratch::Scratch;
use crate::support::scripted::{Answer, Script, Scripted};
use crate::support::web::{Reply, Web};
use postern_base::EmailTier;
use postern_channels::email::reports::{OwnReport, PolicyReport, Report, read};
use postern_channels::{MailDomains as _, Reported};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

fn report(domain: &str) -> OwnReport {
    OwnReport {
        submitter: "sunrise.example".into(),
        contact: "postmaster@sunrise.example".into(),
        domain: domain.into(),
        from: "2026-11-29T00:00:00Z".parse().unwrap(),
        until: "2026-11-29T23:59:59Z".parse().unwrap(),
        policies: vec![
            PolicyReport {
                tier: EmailTier::Pkix,
                said: Vec::new(),
                servers: Vec::new(),
                succeeded: 40,
                failures: Vec::new(),
            },
            PolicyReport {
                tier: EmailTier::Sts,
                said: vec!["version: STSv1".into(), "mode: enforce".into()],
                servers: vec!["mx.clinic.example".into()],
                succeeded: 2,
                failures: vec![("certificate-expired".into(), "mx.pkix.test".into(), 3)],
            },
        ],
    }
}

/// What Python's own libraries find in a packed report, on one line.
fn python(packed: &Path) -> Option<String> {
    const SCRIPT: &str = r#"
import email, gzip, json, sys
data = open(sys.argv[1], "rb").read()
if not data.startswith(b"\x1f\x8b"):
    mail = email.message_from_bytes(data)
    assert mail.get_content_type() == "multipart/report" and mail.get_param("report-type") == "tlsrpt"
    [part] = [part for part in mail.walk() if part.get_content_type() == "application/tlsrpt+gzip"]
    print(part.get_filename(), end=" ")
    data = part.get_payload(decode=True)
report = json.loads(gzip.decompress(data))
print(report["organization-name"], report["report-id"], report["date-range"]["start-datetime"], report["date-range"]["end-datetime"], end=" ")
for policy in report["policies"]:
    print(policy["policy"]["policy-type"], policy["policy"]["policy-domain"], policy["summary"]["total-successful-session-count"],
          policy["summary"]["total-failure-session-count"], [f["result-type"] for f in policy["failure-details"]], end=" ")
"#;
    let output = Command::new("python3").args(["-c", SCRIPT]).arg(packed).stdin(Stdio::null()).output();
    let Ok(output) = output else {
        missing_peer("python3");
        return None;
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap())
}

const SAYS: &str = "sunrise.example 1795910400_DOMAIN_sunrise.example 2026-11-29T00:00:00Z 2026-11-29T23:59:59Z no-policy-found DOMAIN 40 0 [] sts DOMAIN 2 3 ['certificate-expired'] ";

#[tokio::test]
async fn a_report_goes_by_mail_signed_and_is_read_by_us_and_by_python() {
    let Some(internet) = Internet::shared() else { return };
    let scratch = Scratch::new("tlsrpt-mail");
    let dkim = Arc::new(signer(&scratch.0, "sunrise.example", RSA));
    let direct = internet.direct_with(now(), |config| config.dkim = vec![dkim]);
    assert_eq!(direct.report(&report("pkix.test"), now()).await, Reported::Taken);
    let mail = internet.mta.mail_with("TLS-Report-Domain: pkix.test").await;
    for line in [
        "To: <tls-reports@pkix.test>",
        "TLS-Report-Submitter: sunrise.example",
        "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=sunrise.example",
        "Auto-Submitted: auto-generated",
    ] {
        assert!(mail.contains(line), "{line}: {mail}");
    }
    assert!(mail.replace("\n\t", " ").replace("\n ", " ").contains("Subject: Report Domain: pkix.test Submitter: sunrise.example Report-ID: <1795910400_pkix.test_sunrise.example>"), "{mail}");
    let Some(Report::Tls(back)) = read(mail.as_bytes()) else { panic!("{mail}") };
    assert_eq!((back.domain.as_str(), back.succeeded, back.failed), ("pkix.test", 42, 3));
    let file = scratch.0.join("report.eml");
    // What a mailbox puts before a mail is none of its headers.
    let begins = mail.find("Return-Path").or(mail.find("Received")).unwrap_or(0);
    std::fs::write(&file, mail.split_at(begins).1).unwrap();
    let Some(said) = python(&file) else { return };
    assert_eq!(
        said,
        format!("sunrise.example!pkix.test!1795910400!1795996799.json.gz {}", SAYS.replace("DOMAIN", "pkix.test"))
    );
}

#[tokio::test]
async fn a_report_is_posted_where_that_is_asked_for_and_a_refusal_is_no_delivery() {
    let Some(internet) = Internet::shared() else { return };
    let number = SCRIPTED + 9;
    let identity = internet.authority.identity(&format!("mx.scripted{number}.test"));
    let replies = vec![Reply::Say(503, "", ""), Reply::Say(201, "", "")];
    let web = Web::start_at(SocketAddr::new(ip(number), internet.port), replies, &identity).await;
    let direct = internet.direct(now());
    assert_eq!(direct.report(&report("sts.test"), now()).await, Reported::NotNow("http-503".into()));
    assert_eq!(direct.report(&report("sts.test"), now()).await, Reported::Taken);
    let calls = web.calls();
    let (head, body) = calls.last().unwrap();
    assert!(
        head.starts_with("POST /v1/report HTTP/1.1\r\n") && head.contains("content-type: application/tlsrpt+gzip\r\n"),
        "{head}"
    );
    let scratch = Scratch::new("tlsrpt-post");
    let file = scratch.0.join("report.json.gz");
    std::fs::write(&file, body).unwrap();
    let Some(said) = python(&file) else { return };
    assert_eq!(said, SAYS.replace("DOMAIN", "sts.test"));
}

#[tokio::test]
async fn a_report_whose_end_nobody_knows_counts_as_not_taken_and_is_brought_again_under_the_same_name() {
    let Some(internet) = Internet::shared() else { return };
    let number = SCRIPTED + 10;
    let identity = internet.authority.identity(&format!("mx.scripted{number}.test"));
    let address = SocketAddr::new(ip(number), internet.port);
    // The server has the whole report, and hangs up instead of saying so.
    let script = Script { dot: Answer::Cut, ..Script::default() };
    let server = Scripted::start_at(address, script, &identity).await;
    let domain = format!("scripted{number}.test");
    let direct = internet.direct(now());
    for _ in 0..2 {
        assert_eq!(direct.report(&report(&domain), now()).await, Reported::NotNow("lost-after-dot".into()));
    }
    assert_eq!(server.count("TLS-Report-Domain"), 2);
    assert_eq!(server.count(&format!(" <1795910400_{domain}_sunrise.example>")), 2, "{:?}", server.lines());
}

#[tokio::test]
async fn a_domain_that_asks_for_no_report_gets_none() {
    let Some(internet) = Internet::shared() else { return };
    let before = internet.mta.mails_with("TLS-Report-Domain: dane.test").len();
    assert_eq!(internet.direct(now()).report(&report("dane.test"), now()).await, Reported::NotWanted);
    assert_eq!(internet.mta.mails_with("TLS-Report-Domain: dane.test").len(), before);
}
