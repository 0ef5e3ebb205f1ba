//! What our domains publish, read from zones that NSD serves: the doctor's findings, and that its prescriptions cure.

use crate::dkim::{RSA, signer};
use crate::support::Still;
use crate::support::authority::Authority;
use crate::support::permits::now;
use crate::support::policy_host::{PolicyHost, answer, policy};
use crate::support::scratch::Scratch;
use crate::support::zones::{Contents, Zones};
use jiff::SignedDuration;
use postern_channels::email::doctor::{Back, Doctor, Finding, Publish, Sending, Standing, Subject};
use postern_channels::email::{Anchors, Dkim, DnsConfig, Roots};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

/// A doctor for one world of zones, and what keeps that world going.
struct Practice {
    doctor: Doctor,
    policies: PolicyHost,
    _zones: Zones,
    scratch: Scratch,
}

impl Practice {
    /// A world with these records of `test.` and below arpa, and a policy host for `domain`.
    async fn new(name: &str, domain: &str, signed: &str, root: &str) -> Self {
        let scratch = Scratch::new(name);
        let authority = Authority::new();
        let roots = authority.write(&scratch.0);
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let at = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let policies = PolicyHost::start(at, &authority, &[&format!("mta-sts.{domain}")]).await;
        let signed = format!("{signed}mta-sts.{domain}. A 127.0.0.1\n");
        let zones = Zones::start(&scratch.0, &Contents { signed: &signed, unsigned: "", root, forged: &[] });
        let dns = DnsConfig {
            servers: vec![zones.nsd],
            anchors: Anchors::File(zones.anchors.clone()),
            answer_time: Duration::from_secs(5),
        };
        let doctor = Doctor::new(&dns, &Roots::File(roots), port, true, Arc::new(Still(now()))).unwrap();
        Self { doctor, policies, _zones: zones, scratch }
    }
}

fn sending(domain: &str, keys: Vec<Arc<Dkim>>) -> Sending {
    let hosts = vec![format!("out.{domain}")];
    Sending { domain: domain.to_owned(), hosts, smarthosts: Vec::new(), keys, back: None }
}

fn of(found: &[Finding], subject: Subject) -> &Finding {
    found.iter().find(|finding| finding.subject == subject).unwrap_or_else(|| panic!("{subject:?} in {found:?}"))
}

/// How everything stands, without the words.
fn standings(found: &[Finding]) -> Vec<(Subject, Standing)> {
    found.iter().map(|finding| (finding.subject, finding.standing)).collect()
}

const ALL: [Subject; 7] = [
    Subject::Mx,
    Subject::Spf,
    Subject::Dkim,
    Subject::Dmarc,
    Subject::MtaSts,
    Subject::TlsReports,
    Subject::ReverseName,
];

#[tokio::test(flavor = "multi_thread")]
async fn what_the_doctor_prescribes_makes_a_bare_domain_well() {
    if !Zones::may_start() {
        return;
    }
    let bare = "mx.ill A 192.0.2.8\nill MX 10 mx.ill\nout.ill A 192.0.2.7\nout.ill AAAA 2001:db8::7\n";
    let before = Practice::new("doctor-ill", "ill.test", bare, "").await;
    let key = Arc::new(signer(&before.scratch.0, "ill.test", RSA));
    let listens = Back { domain: "back.ill.test".into(), host: "mx.ill.test".into(), certificate: None };
    let sending = Sending { back: Some(listens), ..sending("ill.test", vec![key]) };
    let found = before.doctor.examine(&sending, now()).await;
    assert!(of(&found, Subject::Certificate).said.contains("in the clear"), "{found:#?}");
    let (found, back) = found.into_iter().partition::<Vec<_>, _>(|finding| !finding.said.starts_with("back.ill.test"));
    assert!(back.iter().all(|finding| finding.standing != Standing::Good), "{back:#?}");
    for subject in ALL {
        let expected = match subject {
            Subject::Mx => Standing::Good,
            Subject::TlsReports => Standing::Weak,
            _ => Standing::Bad,
        };
        assert_eq!(of(&found, subject).standing, expected, "{found:#?}");
    }

    let prescribed: Vec<Publish> = found.into_iter().flat_map(|finding| finding.publish).collect();
    let lines = |reverse: bool| -> String {
        let records = prescribed.iter().filter(|publish| publish.kind != "file" && (publish.kind == "PTR") == reverse);
        records.map(|publish| publish.zone_line() + "\n").collect()
    };
    let after = Practice::new("doctor-cured", "ill.test", &format!("{bare}{}", lines(false)), &lines(true)).await;
    let file = prescribed.iter().find(|publish| publish.kind == "file").unwrap();
    assert_eq!(file.at, "https://mta-sts.ill.test/.well-known/mta-sts.txt");
    after.policies.publish("mta-sts.ill.test", answer("200 OK", "text/plain", &file.text));
    let found = after.doctor.examine(&sending, now()).await;
    for finding in found.iter().filter(|finding| !finding.said.starts_with("back.ill.test")) {
        // A new policy is tried out before it is enforced (RFC 8461 section 8.1).
        let expected = if finding.subject == Subject::MtaSts { Standing::Weak } else { Standing::Good };
        assert_eq!(finding.standing, expected, "{finding:#?}");
    }
    let both = |subject| standings(&found).iter().filter(|(of, _)| *of == subject).count();
    assert!(prescribed_reports(&prescribed), "{prescribed:#?}");
    assert_eq!(both(Subject::ReverseName), 2, "IPv4 and IPv6");
}

/// Whether reports are asked for where somebody listens, and nowhere else.
fn prescribed_reports(prescribed: &[Publish]) -> bool {
    let asking: Vec<&Publish> = prescribed.iter().filter(|publish| publish.text.contains("rua=")).collect();
    !asking.is_empty() && asking.iter().all(|publish| publish.text.ends_with("-reports@back.ill.test"))
}

#[tokio::test(flavor = "multi_thread")]
async fn where_mail_comes_back_is_examined_too_and_nobody_is_asked_to_write_to_where_nobody_listens() {
    if !Zones::may_start() {
        return;
    }
    let records = "out.ill A 192.0.2.7\nback.ill MX 10 mx.back.ill\nback.ill TXT \"v=spf1 ip4:192.0.2.7 -all\"\n\
                   away.ill MX 10 mx.elsewhere.test.\n_smtp._tls.ill TXT \"v=TLSRPTv1; rua=ftp://ill.test/reports\"\n";
    let practice = Practice::new("doctor-back", "ill.test", records, "").await;
    let authority = Authority::new();
    let file = practice.scratch.0.join("back.pem");
    std::fs::write(&file, authority.identity("mx.back.ill.test").certificate).unwrap();
    let at = |domain: &str, host: &str| Sending {
        back: Some(Back { domain: domain.into(), host: host.into(), certificate: Some(file.clone()) }),
        ..sending("ill.test", Vec::new())
    };
    let of_back = |found: Vec<Finding>, domain: &str, subject: Subject| {
        found.into_iter().find(|finding| finding.subject == subject && finding.said.starts_with(domain)).unwrap()
    };
    let well = practice.doctor.examine(&at("back.ill.test", "mx.back.ill.test"), now()).await;
    for subject in [Subject::Mx, Subject::Spf, Subject::Certificate] {
        let finding = of_back(well.clone(), "back.ill.test", subject);
        assert_eq!(finding.standing, Standing::Good, "{finding:#?}");
    }
    let ftp = of(&well, Subject::TlsReports);
    assert!(ftp.standing == Standing::Bad && ftp.said.contains("mailto:"), "{ftp:#?}");
    let away = practice.doctor.examine(&at("away.ill.test", "mx.away.ill.test"), now()).await;
    let mx = of_back(away.clone(), "away.ill.test", Subject::Mx);
    assert!(mx.standing == Standing::Bad && mx.said.contains("mx.elsewhere.test"), "{mx:#?}");
    let other = of_back(away, "away.ill.test", Subject::Certificate);
    assert!(other.standing == Standing::Bad && other.said.contains("does not hold for"), "{other:#?}");
    let years = now() + SignedDuration::from_hours(24 * 366 * 3000);
    let late = practice.doctor.examine(&at("back.ill.test", "mx.back.ill.test"), years).await;
    assert!(of_back(late, "back.ill.test", Subject::Certificate).said.contains("ended on"));
    let alone = practice.doctor.examine(&sending("ill.test", Vec::new()), now()).await;
    let publish: Vec<&Publish> = alone.iter().flat_map(|finding| &finding.publish).collect();
    assert!(publish.iter().all(|publish| !publish.text.contains("rua=")), "{publish:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_common_mistake_is_found_and_named() {
    if !Zones::may_start() {
        return;
    }
    let hosts: String =
        ["two", "open", "loop", "missing", "deep"].map(|name| format!("out.{name} A 192.0.2.7\n")).concat();
    let long: String = (0..11).map(|n| format!(" a:h{n}.test")).collect();
    let names: String = (0..11).map(|n| format!("h{n} A 192.0.2.9\n")).collect();
    let records = format!(
        "{hosts}{names}two TXT \"v=spf1 -all\"\ntwo TXT \"v=spf1 mx -all\"\ntwo MX 0 .\n\
         _dmarc.two TXT \"v=DMARC1; p=none\"\n_dmarc.two TXT \"v=DMARC1; p=reject\"\n\
         open TXT \"v=spf1 +all\"\nopen MX 10 mx.open\nmx.open A 192.0.2.8\n_dmarc.open TXT \"v=DMARC1; p=none\"\n\
         s1._domainkey.open TXT \"v=DKIM1; k=rsa; p=QUJD\"\n_mta-sts.open TXT \"v=STSv1; id=1\"\n\
         _smtp._tls.open TXT \"v=TLSRPTv1; rua=mailto:a@open.test\"\n\
         loop TXT \"v=spf1 include:loop.test -all\"\nmissing TXT \"v=spf1 include:nothing.test -all\"\n\
         deep TXT \"v=spf1{long} ip4:192.0.2.7 -all\"\n"
    );
    let reverse = "7.2.0.192.in-addr.arpa. PTR somebody.else.\n";
    let practice = Practice::new("doctor-mistakes", "open.test", &records, reverse).await;
    practice.policies.publish("mta-sts.open.test", policy("enforce", &["mx.elsewhere.test"], 86_400));
    let key = Arc::new(signer(&practice.scratch.0, "open.test", RSA));
    let open = practice.doctor.examine(&sending("open.test", vec![key]), now()).await;
    let said = |found: &[Finding], subject| of(found, subject).said.clone();
    assert!(said(&open, Subject::Spf).contains("+all"), "{open:#?}");
    assert!(said(&open, Subject::Dkim).contains("another key"), "{open:#?}");
    assert!(said(&open, Subject::MtaSts).contains("does not name mx.open.test"), "{open:#?}");
    assert!(said(&open, Subject::ReverseName).contains("is called somebody.else"), "{open:#?}");
    assert_eq!(of(&open, Subject::Dmarc).standing, Standing::Weak, "{open:#?}");
    assert_eq!(of(&open, Subject::TlsReports).standing, Standing::Good, "{open:#?}");
    for (domain, words) in [
        ("two.test", "several SPF records"),
        ("loop.test", "more than ten"),
        ("missing.test", "no SPF record"),
        ("deep.test", "more than ten"),
    ] {
        let found = practice.doctor.examine(&sending(domain, Vec::new()), now()).await;
        assert!(said(&found, Subject::Spf).contains(words), "{domain}: {found:#?}");
        assert_eq!(of(&found, Subject::Dkim).standing, Standing::Bad, "nobody signs: {found:#?}");
        let policy = of(&found, Subject::MtaSts).publish.iter().find(|publish| publish.text.contains("STSv1"));
        let names = policy.is_none_or(|policy| !policy.text.contains("mode:") || policy.text.contains("mx:"));
        assert!(names, "{domain}: a policy that names no server: {found:#?}");
        if domain == "two.test" {
            assert!(of(&found, Subject::MtaSts).publish.is_empty(), "it takes no mail");
            assert!(said(&found, Subject::Mx).contains("null MX") && said(&found, Subject::Dmarc).contains("several"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_dns_does_not_answer_nothing_is_said_to_be_well() {
    if !Zones::may_start() {
        return;
    }
    let scratch = Scratch::new("doctor-silent");
    let authority = Authority::new();
    let nobody = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let dns = DnsConfig {
        servers: vec![nobody.local_addr().unwrap()],
        anchors: Anchors::Root,
        answer_time: Duration::from_millis(50),
    };
    let roots = Roots::File(authority.write(&scratch.0));
    let doctor = Doctor::new(&dns, &roots, 443, true, Arc::new(Still(now()))).unwrap();
    let found = doctor.examine(&sending("quiet.test", Vec::new()), now()).await;
    assert!(found.iter().all(|finding| finding.standing != Standing::Good), "{found:#?}");
    for subject in [Subject::Mx, Subject::Spf, Subject::Dmarc, Subject::MtaSts, Subject::TlsReports] {
        assert_eq!(of(&found, subject).standing, Standing::Unknown, "{found:#?}");
    }
}
