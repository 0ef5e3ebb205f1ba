//! Mail straight to recipients' servers: what a domain enforces is found by DNSSEC and HTTPS against other people's programs (NSD,
//! Unbound, Postfix), and held in the session.

use crate::support::internet::{Internet, SCRIPTED, SLOW, ip};
use crate::support::permits::{Wish, now, permitted};
use crate::support::policy_host::{answer, policy};
use crate::support::proxy::{silent_at, slowly_at};
use crate::support::scripted::{Answer, Script, Scripted};
use jiff::SignedDuration;
use postern_base::EmailTier;
use postern_channels::email::Direct;
use postern_channels::{Health, MailDomains as _, Provider as _, Sent, TlsSession};
use std::net::SocketAddr;
use std::time::Duration;

async fn send(direct: &Direct, wish: &Wish) -> (Sent, String) {
    let (recorded, outbound) = permitted(wish).await;
    let id = outbound.idempotency_key.clone();
    (direct.send(recorded, outbound, now()).await, id)
}

fn rosa(domain: &str) -> String {
    format!("rosa@{domain}")
}

/// A body to a patient at `domain`, which may travel over an enforced tier only.
async fn body(direct: &Direct, domain: &str) -> (Sent, String) {
    send(direct, &Wish::enforced(&rosa(domain))).await
}

/// A notice to them, which may travel over any verified session.
async fn notice(direct: &Direct, domain: &str) -> (Sent, String) {
    send(direct, &Wish::notice(&rosa(domain))).await
}

fn session(sent: &Sent) -> &TlsSession {
    sent.session().unwrap_or_else(|| panic!("{sent:?}"))
}

fn below(code: &str, peer: &str) -> Sent {
    Sent::BelowFloor { found: None, code: code.to_owned(), peer: Some(peer.to_owned()) }
}

fn later(code: &str) -> Sent {
    Sent::TemporaryFailure { code: code.to_owned() }
}

#[tokio::test]
async fn a_domain_that_enforces_tls_gets_the_body_and_the_session_is_evidence() {
    let Some(internet) = Internet::shared() else { return };
    let direct = internet.direct(now());
    for (domain, peer, policy) in [
        ("dane.test", "mx.dane.test", EmailTier::Dane),
        ("daneca.test", "mx.daneca.test", EmailTier::Dane),
        // The server is an alias: the records stand where it leads, or at its own name, which is all that is signed of the third.
        ("alias.test", "mx.dane.test", EmailTier::Dane),
        ("aliasown.test", "mx.aliasown.test", EmailTier::Dane),
        ("aliasout.test", "mx.aliasout.test", EmailTier::Dane),
        ("sts.test", "mx.sts.test", EmailTier::Sts),
    ] {
        let (sent, id) = body(&direct, domain).await;
        let session = sent.session().unwrap_or_else(|| panic!("{domain}: {sent:?}"));
        assert_eq!((session.protocol.as_str(), session.policy), ("TLSv1_3", policy), "{domain}");
        assert_eq!(session.peer_name, peer);
        assert_ne!(session.peer_certificate_sha256, [0; 32]);
        assert!(session.cipher_suite.contains("AES") || session.cipher_suite.contains("CHACHA20"), "{session:?}");
        let mail = internet.mta.mail_with(&id).await;
        assert!(mail.contains("using TLSv1.3") && mail.contains(&format!("To: <rosa@{domain}>")), "{mail}");
        assert_eq!(internet.mta.mails_with(&id).len(), 1);
    }
}

#[tokio::test]
async fn a_validating_resolver_in_between_changes_nothing() {
    let Some(internet) = Internet::shared() else { return };
    let through = internet.direct_with(now(), |config| config.dns.servers = vec![internet.zones.unbound]);
    assert_eq!(through.probe().await, Health::Up);
    assert_eq!(session(&body(&through, "dane.test").await.0).policy, EmailTier::Dane);
    assert_eq!(session(&body(&through, "sts.test").await.0).policy, EmailTier::Sts);
    assert_eq!(body(&through, "pkix.test").await.0, below("no-policy-found", "mx.pkix.test"));
    // Unbound says SERVFAIL of what does not hold, and does not say why.
    assert!(matches!(body(&through, "forged.test").await.0, Sent::TemporaryFailure { .. }));
    assert!(matches!(body(&through, "forgedmx.test").await.0, Sent::TemporaryFailure { .. }));
}

#[tokio::test]
async fn a_body_does_not_go_where_nobody_enforces_tls_however_good_it_looks() {
    let Some(internet) = Internet::shared() else { return };
    let direct = internet.direct(now());
    for (domain, code, peer) in [
        ("pkix.test", "no-policy-found", "mx.pkix.test"),
        ("plain.test", "no-policy-found", "mx.plain.test"),
        ("ststesting.test", "no-policy-found", "mx.sts.test"),
        ("stsnone.test", "no-policy-found", "mx.sts.test"),
        // The server is the one with DANE; that it is this domain's is what no signature says.
        ("patients.unsigned", "no-policy-found", "mx.dane.test"),
        ("aliasnot.test", "no-policy-found", "mx.aliasnot.test"),
        ("stsbad.test", "validation-failure", "mx.sts.test"),
        ("danebad.test", "validation-failure", "mx.danebad.test"),
        ("danechain.test", "validation-failure", "mx.danechain.test"),
    ] {
        let (sent, id) = body(&direct, domain).await;
        assert_eq!(sent, below(code, peer), "{domain}");
        assert!(internet.mta.mails_with(&id).is_empty(), "{domain}");
    }
}

#[tokio::test]
async fn a_notice_goes_over_any_verified_session_and_over_no_other() {
    let Some(internet) = Internet::shared() else { return };
    let direct = internet.direct(now());
    for domain in ["pkix.test", "bare.test", "ststesting.test", "stsnone.test"] {
        let (sent, id) = notice(&direct, domain).await;
        assert_eq!(session(&sent).policy, EmailTier::Pkix, "{domain}");
        internet.mta.mail_with(&id).await;
    }
    for (domain, code, peer) in [
        ("plain.test", "starttls-not-supported", "mx.plain.test"),
        ("wrong.test", "certificate-host-mismatch", "mx.wrong.test"),
        ("self.test", "certificate-not-trusted", "mx.self.test"),
        ("patients.unsigned", "certificate-not-trusted", "mx.dane.test"),
        // What a domain enforces, it enforces for everything.
        ("stsbad.test", "validation-failure", "mx.sts.test"),
        ("danebad.test", "validation-failure", "mx.danebad.test"),
    ] {
        let (sent, id) = notice(&direct, domain).await;
        assert_eq!(sent, below(code, peer), "{domain}");
        assert!(internet.mta.mails_with(&id).is_empty(), "{domain}");
    }
}

#[tokio::test]
async fn what_a_patient_asked_to_get_in_plain_goes_as_their_server_takes_it_and_never_against_their_domain() {
    let Some(internet) = Internet::shared() else { return };
    let direct = internet.direct(now());
    for (domain, expected) in [
        ("pkix.test", Some(EmailTier::Pkix)),
        // Nobody vouches for the certificate, and TLS it is all the same.
        ("self.test", Some(EmailTier::None)),
        ("wrong.test", Some(EmailTier::None)),
        ("plain.test", None),
    ] {
        let (sent, id) = send(&direct, &Wish::plain(&rosa(domain))).await;
        assert!(matches!(sent, Sent::Delivered(_)), "{domain}: {sent:?}");
        assert_eq!(sent.session().map(|session| session.policy), expected, "{domain}");
        let mail = internet.mta.mail_with(&id).await;
        assert_eq!(mail.contains("using TLSv1.3"), expected.is_some(), "{domain}: {mail}");
    }
    for domain in ["danebad.test", "daneless.test", "stsbad.test", "stsplain.test", "stsself.test"] {
        let (sent, id) = send(&direct, &Wish::plain(&rosa(domain))).await;
        assert!(matches!(sent, Sent::BelowFloor { .. }), "{domain}: {sent:?}");
        assert!(internet.mta.mails_with(&id).is_empty(), "{domain}");
    }
    // What was opened without proof is for nothing else.
    assert_eq!(notice(&direct, "self.test").await.0, below("certificate-not-trusted", "mx.self.test"));
}

#[tokio::test]
async fn what_dnssec_refutes_is_waited_for_and_never_passed_over() {
    let Some(internet) = Internet::shared() else { return };
    let direct = internet.direct(now());
    for domain in ["forged.test", "forgedmx.test"] {
        for (sent, id) in [body(&direct, domain).await, notice(&direct, domain).await] {
            assert_eq!(sent, later("dnssec-invalid"), "{domain}");
            assert!(internet.mta.mails_with(&id).is_empty(), "{domain}");
        }
        assert_eq!(direct.look_up(domain, now()).await, None, "{domain}: nobody can say what it enforces");
    }
}

#[tokio::test]
async fn a_domain_without_a_server_is_told_apart_from_one_that_cannot_be_asked() {
    let Some(internet) = Internet::shared() else { return };
    let direct = internet.direct(now());
    let never = |code: &str| Sent::PermanentFailure { code: code.to_owned() };
    assert_eq!(notice(&direct, "nullmx.test").await.0, never("null-mx"));
    assert_eq!(notice(&direct, "nowhere.test").await.0, never("no-such-domain"));
    assert_eq!(notice(&direct, "looped.test").await.0, later("no-address"), "an address that is nobody's");
    let closed = std::net::UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let cut_off = internet.direct_with(now(), |config| {
        config.dns.servers = vec![closed];
        config.dns.answer_time = std::time::Duration::from_millis(200);
    });
    assert_eq!(notice(&cut_off, "pkix.test").await.0, later("dns-unavailable"));
    assert_eq!(cut_off.probe().await, Health::Down { code: "dns-unavailable".to_owned() });
}

#[tokio::test]
async fn servers_are_tried_in_order_and_only_those_that_hold_what_is_asked() {
    let Some(internet) = Internet::shared() else { return };
    let direct = internet.direct(now());
    // The first is not there.
    assert_eq!(session(&body(&direct, "several.test").await.0).peer_name, "mx.dane.test");
    // The first enforces nothing: good enough for a notice, not for a body.
    assert_eq!(session(&notice(&direct, "mixed.test").await.0).peer_name, "mx.pkix.test");
    assert_eq!(session(&body(&direct, "mixed.test").await.0).peer_name, "mx.dane.test");
}

#[tokio::test]
async fn without_leave_nobody_on_this_machine_is_spoken_to() {
    let Some(internet) = Internet::shared() else { return };
    let direct = internet.direct_with(now(), |config| config.loopback = false);
    assert_eq!(notice(&direct, "pkix.test").await.0, later("no-address"));
}

#[tokio::test]
async fn what_a_domain_enforces_is_known_before_anything_is_sent() {
    let Some(internet) = Internet::shared() else { return };
    let direct = internet.direct(now());
    for (domain, tier) in [
        ("dane.test", EmailTier::Dane),
        ("danebad.test", EmailTier::Dane),
        ("sts.test", EmailTier::Sts),
        ("mixed.test", EmailTier::Dane),
        ("ststesting.test", EmailTier::None),
        ("stsbad.test", EmailTier::None),
        ("pkix.test", EmailTier::None),
        ("patients.unsigned", EmailTier::None),
        ("nullmx.test", EmailTier::None),
    ] {
        assert_eq!(direct.look_up(domain, now()).await.map(|found| found.tier), Some(tier), "{domain}");
    }
}

#[tokio::test]
async fn a_policy_holds_as_long_as_it_says_while_it_cannot_be_fetched_and_no_longer() {
    let Some(internet) = Internet::shared() else { return };
    let direct = internet.direct(now());
    let host = "mta-sts.stsgone.test";
    let at = |seconds: i64| now() + SignedDuration::from_secs(seconds);
    let tier = async |seconds: i64| direct.look_up("stsgone.test", at(seconds)).await.unwrap().tier;
    assert_eq!(tier(0).await, EmailTier::Sts);
    assert_eq!(tier(10).await, EmailTier::Sts);
    assert_eq!(internet.policies.times(host), 1, "the same id is the same policy");
    internet.policies.publish(host, answer("503 Busy", "text/plain", ""));
    assert_eq!(tier(599).await, EmailTier::Sts);
    let found = direct.look_up("stsgone.test", at(600)).await.unwrap();
    assert_eq!((found.tier, found.problem), (EmailTier::None, Some("sts-policy-fetch-error")));
    assert_eq!(internet.policies.times(host), 2);
    assert_eq!(tier(700).await, EmailTier::None);
    assert_eq!(internet.policies.times(host), 2, "a failed fetch is not repeated at once");
    for (page, problem) in [
        (policy("strict", &["mx.sts.test"], 600), "sts-policy-invalid"),
        (answer("200 OK", "text/html", "version: STSv1"), "sts-policy-fetch-error"),
        (answer("301 Moved\r\nLocation: https://mta-sts.sts.test/", "text/plain", ""), "sts-policy-fetch-error"),
        (policy("enforce", &["mx.sts.test"; 6_000], 600), "sts-policy-fetch-error"),
    ] {
        internet.policies.publish(host, page);
        let fresh = internet.direct(now());
        let found = fresh.look_up("stsgone.test", now()).await.unwrap();
        assert_eq!((found.tier, found.problem), (EmailTier::None, Some(problem)));
    }
    // A policy kept from an earlier life of the program goes on to hold.
    let kept = postern_channels::email::StsPolicy {
        id: "1".into(),
        mode: postern_channels::email::StsMode::Enforce,
        servers: vec!["mx.sts.test".into()],
        max_age_seconds: 600,
        fetched_at: now(),
    };
    let again = internet.direct(now());
    again.recall("stsgone.test", kept, now());
    assert_eq!(again.look_up("stsgone.test", at(10)).await.unwrap().tier, EmailTier::Sts);
}

#[tokio::test]
async fn another_id_in_dns_is_another_policy_and_is_fetched_although_the_one_before_still_holds() {
    let Some(internet) = Internet::shared() else { return };
    let direct = internet.direct(now());
    let before = postern_channels::email::StsPolicy {
        id: "0".into(),
        mode: postern_channels::email::StsMode::Enforce,
        servers: vec!["mx.elsewhere.test".into()],
        max_age_seconds: 86_400,
        fetched_at: now(),
    };
    direct.recall("sts.test", before, now());
    let found = direct.look_up("sts.test", now()).await.unwrap();
    let policy = found.policy.unwrap();
    assert_eq!((policy.id.as_str(), policy.names("mx.sts.test")), ("1", true), "{policy:?}");
    assert_eq!(session(&body(&direct, "sts.test").await.0).policy, EmailTier::Sts);
}

#[tokio::test]
async fn one_session_carries_several_mails_to_the_same_server() {
    let Some(internet) = Internet::shared() else { return };
    let number = SCRIPTED + 8;
    let identity = internet.authority.identity(&format!("mx.scripted{number}.test"));
    let address = SocketAddr::new(ip(number), internet.port);
    let server = Scripted::start_at(address, Script::default(), &identity).await;
    let direct = internet.direct(now());
    for _ in 0..3 {
        let (sent, _) = notice(&direct, &format!("scripted{number}.test")).await;
        assert!(matches!(sent, Sent::Delivered(_)), "{sent:?}");
    }
    assert_eq!((server.count("Message-ID"), server.count("STARTTLS")), (3, 1));
}

#[tokio::test]
async fn a_refusal_is_read_by_its_enhanced_code() {
    let Some(internet) = Internet::shared() else { return };
    let direct = internet.direct(now());
    let never = |code: &str| Sent::PermanentFailure { code: code.to_owned() };
    for (local, answer) in [
        ("nobody", never("rcpt-550-5.1.1")),
        ("later", later("rcpt-450-4.2.0")),
        // RFC 3463: a full mailbox (X.2.2) is emptied, and a system that takes nothing (X.3.2) is mended.
        ("full", later("rcpt-552-5.2.2")),
        ("down", later("rcpt-554-5.3.2")),
    ] {
        let (sent, id) = send(&direct, &Wish::notice(&format!("{local}@pkix.test"))).await;
        assert_eq!(sent, answer, "{local}");
        assert!(internet.mta.mails_with(&id).is_empty(), "{local}");
    }
}

#[tokio::test]
async fn an_address_beyond_ascii_goes_where_a_server_takes_it_and_nowhere_else() {
    let Some(internet) = Internet::shared() else { return };
    let direct = internet.direct(now());
    // RFC 6531 section 3.2. The first server of the second domain takes none, and the next one does.
    for domain in ["wide.test", "narrowfirst.test"] {
        let (sent, id) = send(&direct, &Wish::notice(&format!("josé.ñandú@{domain}"))).await;
        assert_eq!(session(&sent).peer_name, "mx.wide.test");
        let mail = internet.mta.mail_with(&id).await;
        assert!(mail.contains(&format!("\nTo: <josé.ñandú@{domain}>\n")), "{mail}");
        assert!(mail.contains("UTF8SMTPS") || mail.contains("ESMTPS"), "{mail}");
    }
    let (sent, id) = send(&direct, &Wish::notice("josé@pkix.test")).await;
    assert_eq!(sent, Sent::PermanentFailure { code: "smtputf8-not-offered".to_owned() });
    assert!(internet.mta.mails_with(&id).is_empty());
    // A domain beyond ASCII travels in the letters of RFC 5890, which every server takes.
    let (sent, id) = send(&direct, &Wish::notice("rosa@xn--bcher-kva.test")).await;
    assert_eq!(session(&sent).peer_name, "mx.pkix.test");
    internet.mta.mail_with(&id).await;
}

#[tokio::test]
async fn a_stranger_turned_away_by_greylisting_is_let_in_later() {
    let Some(internet) = Internet::shared() else { return };
    let direct = internet.direct(now());
    let (first, id) = notice(&direct, "grey.test").await;
    assert!(matches!(&first, Sent::TemporaryFailure { code } if code.starts_with("rcpt-450-4.2.0")), "{first:?}");
    assert!(internet.mta.mails_with(&id).is_empty());
    // Postgrey counts real seconds, and asks for one.
    tokio::time::sleep(Duration::from_millis(2_100)).await;
    let (second, id) = notice(&direct, "grey.test").await;
    assert!(matches!(second, Sent::Delivered(_)), "{second:?}");
    internet.mta.mail_with(&id).await;
}

#[tokio::test]
async fn what_a_server_takes_and_bounces_later_was_taken() {
    let Some(internet) = Internet::shared() else { return };
    let direct = internet.direct(now());
    let (sent, _) = send(&direct, &Wish::notice("bounce@pkix.test")).await;
    let Sent::Delivered(handover) = sent else { panic!("{sent:?}") };
    // The bounce comes as a mail of its own, to be matched by the reference.
    internet.mta.logs(&format!("{}: to=<nobody@gone.test>", handover.reference.0), "status=bounced").await;
}

#[tokio::test]
async fn a_server_that_never_says_a_word_is_given_up_for_the_next_and_left_alone_for_a_while() {
    let Some(internet) = Internet::shared() else { return };
    silent_at(SocketAddr::new(ip(SCRIPTED + 1), internet.port)).await;
    let direct = internet.direct_with(now(), |config| config.reply_time = Duration::from_millis(500));
    let (sent, id) = notice(&direct, "halfopen.test").await;
    assert_eq!(session(&sent).peer_name, "mx.pkix.test");
    internet.mta.mail_with(&id).await;
    let alone = format!("scripted{}.test", SCRIPTED + 1);
    assert_eq!(notice(&direct, &alone).await.0, later("server-rests"), "it was not there just now");
    let fresh = internet.direct_with(now(), |config| config.reply_time = Duration::from_millis(500));
    assert!(matches!(notice(&fresh, &alone).await.0, Sent::TemporaryFailure { code } if code.ends_with("time-out")));
}

#[tokio::test]
async fn a_slow_server_is_waited_for_and_one_that_is_too_slow_is_not() {
    let Some(internet) = Internet::shared() else { return };
    let at = |number| SocketAddr::new(ip(number), internet.port);
    slowly_at(at(SCRIPTED + 2), at(SLOW), Duration::from_millis(60)).await;
    let (sent, id) = notice(&internet.direct(now()), "slow.test").await;
    assert_eq!(session(&sent).peer_name, "mx.slow.test");
    internet.mta.mail_with(&id).await;
    let hurried = internet.direct_with(now(), |config| config.reply_time = Duration::from_millis(20));
    assert!(matches!(notice(&hurried, "slow.test").await.0, Sent::TemporaryFailure { .. }));
}

#[tokio::test]
async fn a_server_that_has_no_time_now_is_passed_over_for_the_next() {
    let Some(internet) = Internet::shared() else { return };
    for (number, script, code) in [
        (3, Script { greeting: "421 4.3.2 too busy", ..Script::default() }, "greeting-421-4.3.2"),
        (4, Script { answers: vec![("RCPT", Answer::Say("451 4.3.0 later"))], ..Script::default() }, "rcpt-451-4.3.0"),
        (5, Script { answers: vec![("DATA", Answer::Cut)], ..Script::default() }, "data-lost"),
    ] {
        let host = format!("mx.scripted{}.test", SCRIPTED + number);
        let address = SocketAddr::new(ip(SCRIPTED + number), internet.port);
        let server = Scripted::start_at(address, script, &internet.authority.identity(&host)).await;
        let direct = internet.direct(now());
        assert_eq!(notice(&direct, &format!("scripted{}.test", SCRIPTED + number)).await.0, later(code));
        let (sent, id) = notice(&direct, &format!("then{number}.test")).await;
        assert_eq!(session(&sent).peer_name, "mx.pkix.test", "{code}");
        internet.mta.mail_with(&id).await;
        assert_eq!(server.count("Message-ID"), 0, "{code}");
    }
}

#[tokio::test]
async fn no_answer_to_the_final_dot_is_unknown_and_no_other_server_gets_it() {
    let Some(internet) = Internet::shared() else { return };
    let host = format!("mx.scripted{}.test", SCRIPTED + 6);
    let address = SocketAddr::new(ip(SCRIPTED + 6), internet.port);
    let script = Script { dot: Answer::Cut, ..Script::default() };
    let server = Scripted::start_at(address, script, &internet.authority.identity(&host)).await;
    let direct = internet.direct(now());
    let (sent, id) = notice(&direct, "then6.test").await;
    assert_eq!(sent, Sent::Unknown { code: "lost-after-dot".to_owned() });
    assert_eq!(server.count("Message-ID"), 1);
    assert!(internet.mta.mails_with(&id).is_empty());
}
