//! Reports on TLS that we send: made of what is on record, once for each domain and day.

use crate::clinic::{Clinic, EMAIL, own_mail, principal, vendor};
use crate::records;
use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use postern_base::{Channel, Clock as _, EmailTier};
use postern_channels::email::StsPolicy;
use postern_channels::email::reports::{OwnReport, RESULTS};
use postern_channels::{
    DomainFound, Handover, Health, MailDomains, Outbound, Profile, Provider, Reported, Sent, TlsSession, reference_for,
};
use postern_engine::RuleLabel;
use postern_engine::faults::NoFaults;
use postern_gate::Permit;
use postern_ledger::Recorded;
use serde_json::json;
use std::sync::{Arc, Mutex};

/// Servers of recipients, by whom a test can see what was reported.
#[derive(Debug)]
struct Post {
    profile: Profile,
    /// Calls that fail before one succeeds.
    fails: Mutex<u32>,
    /// Calls after that of which nobody knows the end.
    lost: Mutex<u32>,
    took: Mutex<u64>,
    reported: Mutex<Vec<OwnReport>>,
    answer: Mutex<Reported>,
    problem: Mutex<Option<&'static str>>,
    /// Whether its domain's policy enforces anything, or is in testing.
    enforces: Mutex<bool>,
    /// The policies of an earlier life that it was told.
    recalled: Mutex<Vec<(String, StsPolicy)>>,
    /// How calls break off before anything is said, while they do.
    breaks_off: Mutex<Option<&'static str>>,
}

#[async_trait]
impl Provider for Post {
    fn profile(&self) -> &Profile {
        &self.profile
    }

    async fn send(&self, recorded: Recorded<Permit>, outbound: Outbound, now: Timestamp) -> Sent {
        if let Err(refused) = self.profile.admit(&recorded, &outbound, now) {
            return refused;
        }
        let mut fails = self.fails.lock().unwrap();
        if *fails > 0 {
            *fails -= 1;
            let peer = Some("mx.example.org".to_owned());
            return Sent::BelowFloor { found: None, code: "certificate-expired".into(), peer };
        }
        if let Some(code) = *self.breaks_off.lock().unwrap() {
            return Sent::TemporaryFailure { code: code.into() };
        }
        let mut lost = self.lost.lock().unwrap();
        if *lost > 0 {
            *lost -= 1;
            return Sent::Unknown { code: "lost-after-dot".into() };
        }
        *self.took.lock().unwrap() += 1;
        let session = TlsSession {
            protocol: "TLSv1_3".into(),
            cipher_suite: "TLS13_AES_256_GCM_SHA384".into(),
            policy: if *self.enforces.lock().unwrap() { EmailTier::Sts } else { EmailTier::Pkix },
            peer_name: "mx.example.org".into(),
            peer_certificate_sha256: [0xab; 32],
            onward: None,
        };
        let reference = reference_for(recorded.permit().binding().delivery);
        Sent::Delivered(Handover { reference, session: Some(Box::new(session)) })
    }

    async fn probe(&self) -> Health {
        Health::Up
    }
}

#[async_trait]
impl MailDomains for Post {
    async fn look_up(&self, _domain: &str, _now: Timestamp) -> Option<DomainFound> {
        let problem = *self.problem.lock().unwrap();
        let (tier, mode) =
            if *self.enforces.lock().unwrap() { (EmailTier::Sts, "enforce") } else { (EmailTier::None, "testing") };
        Some(DomainFound { tier, policy: Some(policy_in(mode)), problem, tlsa: Vec::new() })
    }

    async fn report(&self, report: &OwnReport, _now: Timestamp) -> Reported {
        self.reported.lock().unwrap().push(report.clone());
        self.answer.lock().unwrap().clone()
    }

    fn recall(&self, domain: &str, policy: StsPolicy, _now: Timestamp) {
        self.recalled.lock().unwrap().push((domain.to_owned(), policy));
    }
}

fn policy() -> StsPolicy {
    policy_in("enforce")
}

fn policy_in(mode: &str) -> StsPolicy {
    let text = format!("version: STSv1\nmode: {mode}\nmx: mx.example.org\nmax_age: 86400\n");
    StsPolicy::parse(&text, "1", Timestamp::UNIX_EPOCH).unwrap()
}

async fn clinic(post: &Arc<Post>) -> Clinic {
    let clinic = Clinic::open_with(records::patient("p1", "+12125550101", EMAIL), Arc::new(NoFaults)).await;
    let clinic = clinic.with_provider(Arc::clone(post) as _, Arc::new(NoFaults)).await;
    let clinic = clinic.with_domains(Arc::clone(post) as _, "sunrise.example").await;
    for (name, service, until) in [("own-mx", "direct", "2026-11-30"), ("self", "email", "2027-12-31")] {
        let row = vendor(name, service, &[Channel::Email], until);
        clinic.engine.put_vendor(&clinic.principal, &row).await.unwrap();
    }
    clinic
}

fn post(fails: u32) -> Arc<Post> {
    Arc::new(Post {
        profile: own_mail(),
        fails: Mutex::new(fails),
        lost: Mutex::default(),
        took: Mutex::default(),
        reported: Mutex::default(),
        answer: Mutex::new(Reported::Taken),
        problem: Mutex::default(),
        enforces: Mutex::new(true),
        recalled: Mutex::default(),
        breaks_off: Mutex::default(),
    })
}

async fn sends(clinic: &Clinic, words: &str) {
    let update = json!({
        "patient": "Patient/p1", "purpose": "treatment_update", "channels": ["portal", "email"],
        "content": { "subject": "About your visit", "body": words }
    });
    clinic.send(&update).await;
    clinic.settle().await;
}

#[tokio::test]
async fn a_session_whose_end_nobody_knows_is_reported_neither_as_good_nor_as_bad() {
    let post = post(0);
    *post.lost.lock().unwrap() = 1;
    let clinic = clinic(&post).await;
    let day = clinic.clock.now().as_second().div_euclid(86_400);
    sends(&clinic, "Please bring the papers.").await;
    assert_eq!((*post.lost.lock().unwrap(), *post.took.lock().unwrap()), (0, 0), "the answer to it was lost");
    clinic.engine.report_tls(day).await;
    assert!(post.reported.lock().unwrap().is_empty(), "there is nothing to say of that day");
    sends(&clinic, "Please come early.").await;
    clinic.engine.report_tls(day).await;
    let reported = post.reported.lock().unwrap().clone();
    let counted = reported.iter().flat_map(|report| &report.policies);
    let counted: Vec<(u64, usize)> = counted.map(|policy| (policy.succeeded, policy.failures.len())).collect();
    assert_eq!(counted, [(1, 0)], "{reported:?}");
}

#[tokio::test]
async fn what_is_on_record_of_a_day_is_reported_once_also_after_a_restart() {
    let post = post(1);
    let clinic = clinic(&post).await;
    let day = clinic.clock.now().as_second().div_euclid(86_400);
    sends(&clinic, "Please bring the papers.").await;
    sends(&clinic, "Please come early.").await;
    clinic.engine.report_tls(day - 1).await;
    assert!(post.reported.lock().unwrap().is_empty(), "nothing happened the day before");
    clinic.engine.report_tls(day).await;
    clinic.engine.report_tls(day).await;
    let reported = post.reported.lock().unwrap().clone();
    let [report] = &reported[..] else { panic!("{reported:?}") };
    assert_eq!((report.submitter.as_str(), report.domain.as_str()), ("sunrise.example", "example.org"));
    assert_eq!(report.until.duration_since(report.from), SignedDuration::from_secs(86_399));
    let succeeded: u64 = report.policies.iter().map(|policy| policy.succeeded).sum();
    let failures: Vec<_> = report.policies.iter().flat_map(|policy| policy.failures.clone()).collect();
    let took = *post.took.lock().unwrap();
    assert!(took > 0);
    assert_eq!((succeeded, &failures[..]), (took, &[("certificate-expired".into(), "mx.example.org".into(), 1)][..]));
    assert!(RESULTS.contains(&"certificate-expired"));
    let [of_policy] = &report.policies[..] else { panic!("{report:?}") };
    assert_eq!((of_policy.tier, &of_policy.said), (EmailTier::Sts, &policy().lines()), "RFC 8460 section 4.4");
    assert_eq!(of_policy.servers, ["mx.example.org"]);
    let clinic = clinic.restart().await.with_domains(Arc::clone(&post) as _, "sunrise.example").await;
    clinic.engine.report_tls(day).await;
    assert_eq!(post.reported.lock().unwrap().len(), 1, "nobody gets it twice");
    let listed = clinic.engine.mail_reports(&clinic.principal, None, 10).await.unwrap();
    assert_eq!(listed.iter().map(|report| report.kind.as_str()).collect::<Vec<_>>(), ["tls_sent"]);
    assert_eq!(listed[0].about.domain, "example.org");
    let rows = std::fs::read_dir(clinic.folder()).unwrap().map(|file| file.unwrap().path());
    for file in rows.filter(|path| path.is_file()) {
        let bytes = std::fs::read(&file).unwrap();
        assert!(!bytes.windows(11).any(|part| part == b"example.org"), "{} names a patient's domain", file.display());
    }
}

#[tokio::test]
async fn a_report_that_nobody_wants_is_not_on_record_as_sent_and_no_other_tenant_sees_one_that_was() {
    let post = post(0);
    let clinic = clinic(&post).await;
    let other = principal("orchard");
    clinic.found("orchard", "Orchard Health", "+12125550999").await;
    let day = clinic.clock.now().as_second().div_euclid(86_400);
    sends(&clinic, "Please bring the papers.").await;
    *post.answer.lock().unwrap() = Reported::NotWanted;
    clinic.engine.report_tls(day).await;
    assert_eq!(clinic.engine.mail_reports(&clinic.principal, None, 10).await.unwrap(), []);
    *post.answer.lock().unwrap() = Reported::Taken;
    clinic.engine.report_tls(day).await;
    assert_eq!(clinic.engine.mail_reports(&clinic.principal, None, 10).await.unwrap().len(), 1);
    assert_eq!(clinic.engine.mail_reports(&other, None, 10).await.unwrap(), [], "another tenant's patients");
}

#[tokio::test]
async fn a_policy_that_cannot_be_had_leaves_a_trace_once_after_each_look_up() {
    let post = post(0);
    let clinic = clinic(&post).await;
    *post.problem.lock().unwrap() = Some("sts-policy-fetch-error");
    sends(&clinic, "Please bring the papers.").await;
    sends(&clinic, "Please come early.").await;
    let failures = clinic.engine.tls_failures(&clinic.principal, true, None, 10).await.unwrap();
    let codes: Vec<&str> = failures.iter().map(|failure| failure.code.as_str()).collect();
    assert_eq!(codes, ["sts-policy-fetch-error"]);
    assert!(*post.took.lock().unwrap() > 0, "what was kept of the policy still holds");
    let domains = clinic.engine.mail_domains(&clinic.principal, None, 10).await.unwrap();
    assert_eq!(domains[0].problem.as_deref(), Some("sts-policy-fetch-error"));
    clinic.minutes(11);
    *post.problem.lock().unwrap() = None;
    sends(&clinic, "Please come late.").await;
    assert_eq!(clinic.engine.mail_domains(&clinic.principal, None, 10).await.unwrap()[0].problem, None);
}

#[tokio::test]
async fn a_policy_that_was_found_is_told_again_after_a_restart_before_anything_is_looked_up() {
    let post = post(0);
    let clinic = clinic(&post).await;
    sends(&clinic, "Please bring the papers.").await;
    clinic.minutes(11);
    sends(&clinic, "Please come early.").await;
    assert!(post.recalled.lock().unwrap().is_empty(), "it was looked up in this life");
    let clinic = clinic.restart().await;
    sends(&clinic, "Please come late.").await;
    sends(&clinic, "Please come alone.").await;
    assert_eq!(*post.recalled.lock().unwrap(), [("example.org".to_owned(), policy())], "RFC 8461 section 5.1, once");
}

#[tokio::test]
async fn a_policy_in_testing_stays_on_record_after_a_session_and_is_the_one_that_is_reported_on() {
    let post = post(0);
    *post.enforces.lock().unwrap() = false;
    *post.problem.lock().unwrap() = Some("sts-policy-fetch-error");
    let clinic = clinic(&post).await;
    let day = clinic.clock.now().as_second().div_euclid(86_400);
    sends(&clinic, "Please bring the papers.").await;
    assert_eq!(*post.took.lock().unwrap(), 1);
    let [domain] = &clinic.engine.mail_domains(&clinic.principal, None, 10).await.unwrap()[..] else { panic!("one") };
    assert_eq!((domain.tier, domain.policy.as_ref()), (EmailTier::Pkix, Some(&policy_in("testing"))));
    assert_eq!(domain.problem.as_deref(), Some("sts-policy-fetch-error"));
    let failures = clinic.engine.tls_failures(&clinic.principal, true, None, 10).await.unwrap();
    let codes: Vec<&str> = failures.iter().map(|failure| failure.code.as_str()).collect();
    assert_eq!(codes, ["sts-policy-fetch-error"], "a good session takes nothing of it away");
    clinic.engine.report_tls(day).await;
    let reported = post.reported.lock().unwrap().clone();
    let [report] = &reported[..] else { panic!("{reported:?}") };
    let kinds: Vec<_> = report.policies.iter().map(|policy| (policy.tier, policy.said.clone())).collect();
    assert_eq!(kinds, [(EmailTier::Sts, policy_in("testing").lines())], "RFC 8460 section 4.4: {report:?}");
}

#[tokio::test]
async fn a_server_that_breaks_off_where_tls_begins_is_a_failure_of_tls_once_it_did_so_twice() {
    for (code, result) in [
        ("starttls-454-4.7.0", "starttls-not-supported"),
        ("starttls-time-out", "starttls-not-supported"),
        ("tls", "validation-failure"),
    ] {
        let post = post(0);
        *post.breaks_off.lock().unwrap() = Some(code);
        let clinic = clinic(&post).await;
        let day = clinic.clock.now().as_second().div_euclid(86_400);
        sends(&clinic, "Please bring the papers.").await;
        let failures = async || clinic.engine.tls_failures(&clinic.principal, true, None, 10).await.unwrap();
        assert!(failures().await.is_empty(), "{code}: once may be an accident");
        clinic.minutes(1);
        clinic.settle().await;
        let seen = failures().await;
        let codes: Vec<&str> = seen.iter().map(|failure| failure.code.as_str()).collect();
        assert_eq!((codes, seen[0].domain.as_deref()), (vec![result], Some("example.org")), "{code}");
        clinic.engine.report_tls(day).await;
        let reported = post.reported.lock().unwrap().clone();
        let failed: Vec<_> = reported.iter().flat_map(|report| &report.policies).flat_map(|p| &p.failures).collect();
        assert_eq!(failed.iter().map(|(kind, ..)| kind.as_str()).collect::<Vec<_>>(), [result], "{reported:?}");
    }
    let post = post(0);
    *post.breaks_off.lock().unwrap() = Some("connect");
    let clinic = clinic(&post).await;
    for _ in 0..4 {
        sends(&clinic, "Please bring the papers.").await;
        clinic.minutes(3);
    }
    let failures = clinic.engine.tls_failures(&clinic.principal, true, None, 10).await.unwrap();
    assert!(failures.is_empty(), "a server that is not there says nothing of its TLS: {failures:?}");
}

#[tokio::test]
async fn only_an_attempt_that_broke_off_where_tls_begins_is_one_before_the_next() {
    let post = post(0);
    let clinic = clinic(&post).await;
    *post.breaks_off.lock().unwrap() = Some("server-rests");
    sends(&clinic, "Please bring the papers.").await;
    for (code, seen) in [("connect", 0), ("tls", 0), ("server-rests", 0), ("connect", 0), ("tls", 1)] {
        *post.breaks_off.lock().unwrap() = Some(code);
        clinic.minutes(4);
        clinic.settle().await;
        let failures = clinic.engine.tls_failures(&clinic.principal, true, None, 10).await.unwrap();
        assert_eq!(failures.len(), seen, "{code}: {failures:?}");
    }
}

#[tokio::test]
async fn what_fails_at_one_place_for_one_reason_is_one_row_and_one_alert_until_somebody_looks() {
    let post = post(0);
    let mut resources = Vec::new();
    for n in 1..=20 {
        resources.extend(records::patient(
            &format!("q{n}"),
            &format!("+121255502{n:02}"),
            &format!("q{n}@example.org"),
        ));
    }
    let clinic = clinic(&post).await;
    clinic.import(resources).await;
    let listed = async |open| clinic.engine.tls_failures(&clinic.principal, open, None, 10).await.unwrap();
    let of_tls = RuleLabel { rule: "SEC-24" };
    let alerts = || clinic.engine.metrics().alerts.get_or_create(&of_tls).get();
    let bring = async |patients: std::ops::RangeInclusive<u32>| {
        for n in patients {
            let update = json!({
                "patient": format!("Patient/q{n}"), "purpose": "treatment_update", "channels": ["portal", "email"],
                "content": { "subject": "About your visit", "body": "Please bring the papers." }
            });
            clinic.send(&update).await;
            *post.fails.lock().unwrap() += 1;
            clinic.settle().await;
            clinic.minutes(1);
            // What can go without an enforced session goes then.
            clinic.settle().await;
        }
    };
    bring(1..=9).await;
    let [row] = &listed(true).await[..] else { panic!("one: {:?}", listed(true).await) };
    assert_eq!((row.attempts, row.code.as_str(), row.vendor.as_str()), (9, "certificate-expired", "self/email"));
    assert_eq!((row.domain.as_deref(), row.server.as_deref()), (Some("example.org"), Some("mx.example.org")));
    assert_eq!(alerts(), 1);
    clinic.minutes(5);
    bring(10..=10).await;
    let [later] = &listed(true).await[..] else { panic!("one") };
    assert_eq!((later.id, later.first_at, later.attempts), (row.id, row.first_at, 10));
    assert!(later.last_at > row.last_at);
    clinic.engine.review_tls_failure(&clinic.principal, row.id).await.unwrap();
    assert!(clinic.engine.review_tls_failure(&clinic.principal, row.id).await.is_err(), "somebody has");
    assert!(listed(true).await.is_empty() && alerts() == 1);
    bring(11..=12).await;
    let all = listed(false).await;
    let counted: Vec<(u64, bool)> = all.iter().map(|row| (row.attempts, row.reviewed_by.is_some())).collect();
    assert_eq!((counted, alerts()), (vec![(2, false), (10, true)], 2), "what goes on begins anew, the newest first");
    let page = clinic.engine.tls_failures(&clinic.principal, false, Some(all[0].id), 10).await.unwrap();
    assert_eq!(page, all[1..], "behind the first");
}
