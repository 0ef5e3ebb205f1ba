//! Notices through a smarthost: against a real Postfix where one can be started, against a scripted server for what no real
//! one does on request.

use crate::support::Still;
use crate::support::authority::Authority;
use crate::support::permits::{Wish, now, permitted};
use crate::support::postfix::{DOMAIN, HOST, Postfix};
use crate::support::proxy::{loses_the_last_answer, without_starttls};
use crate::support::scratch::Scratch;
use crate::support::scripted::{Answer, Script, Scripted, server_config};
use jiff::SignedDuration;
use postern_base::Secret;
use postern_channels::email::{Credentials, Roots, SMTPUTF8_NOT_OFFERED, Smarthost, SmarthostConfig, TlsStart};
use postern_channels::{Health, Outbound, Provider as _, Sent, Unpermitted};
use postern_gate::{Permit, TransportFloor};
use postern_ledger::Recorded;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

fn config(address: SocketAddr, roots: &Path) -> SmarthostConfig {
    SmarthostConfig {
        vendor: "mailco".to_owned(),
        service: "submission".to_owned(),
        host: HOST.to_owned(),
        port: address.port(),
        addresses: vec![address],
        tls: TlsStart::StartTls,
        roots: Roots::File(roots.to_owned()),
        credentials: None,
        from: "messages@sunrise.example".to_owned(),
        helo: "postern.sunrise.example".to_owned(),
        html: false,
        signer: None,
        dkim: Vec::new(),
        enforces: None,
        reply_time: Duration::from_secs(20),
        final_reply_time: Duration::from_secs(20),
        sessions: 2,
    }
}

fn smarthost(config: SmarthostConfig) -> Smarthost {
    Smarthost::new(config, Arc::new(Still(now()))).unwrap()
}

fn local(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

async fn send(smarthost: &Smarthost, to: &str) -> (Sent, String) {
    let (recorded, outbound) = permitted(&Wish::notice(to)).await;
    let id = outbound.idempotency_key.clone();
    (smarthost.send(recorded, outbound, now()).await, id)
}

fn patient() -> String {
    format!("rosa@{DOMAIN}")
}

async fn scripted(script: Script, name: &str) -> (Scripted, Smarthost) {
    let scratch = Scratch::new(name);
    let server = Scripted::start(script, &scratch.0).await;
    let mut config = config(server.address, &server.roots);
    config.final_reply_time = Duration::from_millis(200);
    (server, smarthost(config))
}

// Against a real Postfix.

#[tokio::test]
async fn a_notice_arrives_over_verified_starttls_with_neutral_headers_and_evidence() {
    let Some(postfix) = Postfix::shared() else { return };
    let (sent, id) = send(&smarthost(config(local(postfix.good), &postfix.roots)), &patient()).await;
    let Sent::Delivered(handover) = sent else { panic!("{sent:?}") };
    let session = handover.session.unwrap();
    assert_eq!(session.protocol, "TLSv1_3");
    assert_eq!(session.peer_name, HOST);
    assert_ne!(session.peer_certificate_sha256, [0; 32]);

    let mail = postfix.mail_with(&id).await;
    assert!(mail.contains(&handover.reference.0), "the reference is the queue id");
    for header in [
        "From: \"Sunrise Health\" <messages@sunrise.example>\n",
        &format!("To: <{}>\n", patient()),
        "Date: Mon, 30 Nov 2026 16:00:00 +0000\n",
        &format!("Message-ID: <{id}@sunrise.example>\n"),
        "Auto-Submitted: auto-generated\n",
        "Content-Language: en\n",
        "Subject: Tiene un mensaje\n",
        "Content-Type: text/plain; charset=\"utf-8\"\n",
    ] {
        assert!(mail.contains(header), "{header} is not in\n{mail}");
    }
    assert!(mail.contains("using TLSv1.3"), "Postfix saw TLS: {mail}");
    assert!(mail.contains("\n.\n"), "the dot on a line of its own is there: {mail}");
    assert_eq!(postfix.mails_with(&id).len(), 1);
}

#[tokio::test]
async fn a_notice_arrives_over_tls_from_the_first_byte() {
    let Some(postfix) = Postfix::shared() else { return };
    let mut config = config(local(postfix.implicit), &postfix.roots);
    config.tls = TlsStart::Implicit;
    config.html = true;
    let smarthost = smarthost(config);
    assert_eq!(smarthost.probe().await, Health::Up);
    let (sent, id) = send(&smarthost, &patient()).await;
    assert!(matches!(sent, Sent::Delivered(_)), "{sent:?}");
    assert!(postfix.mail_with(&id).await.contains("multipart/alternative"));
}

#[tokio::test]
async fn an_address_beyond_ascii_is_not_named_to_a_smarthost_that_takes_none_and_the_session_goes_on() {
    let Some(postfix) = Postfix::shared() else { return };
    let smarthost = smarthost(config(local(postfix.good), &postfix.roots));
    let (sent, id) = send(&smarthost, &format!("josé@{DOMAIN}")).await;
    assert_eq!(sent, Sent::PermanentFailure { code: SMTPUTF8_NOT_OFFERED.to_owned() });
    let (sent, after) = send(&smarthost, &patient()).await;
    assert!(matches!(sent, Sent::Delivered(_)), "{sent:?}");
    postfix.mail_with(&after).await;
    assert!(postfix.mails_with(&id).is_empty(), "Postfix files in order: the first would be there");
}

#[tokio::test]
async fn an_address_beyond_ascii_goes_to_a_smarthost_that_says_so_and_no_other_command_says_it() {
    let script = Script { offers: "SMTPUTF8", ..Script::default() };
    let (server, smarthost) = scripted(script, "smarthost-wide").await;
    for to in ["josé@patients.example", "rosa@patients.example"] {
        let (sent, _) = send(&smarthost, to).await;
        assert!(matches!(sent, Sent::Delivered(_)), "{sent:?}");
    }
    let lines = server.lines();
    let of = |begins: &str| lines.iter().filter(|line| line.starts_with(begins)).cloned().collect::<Vec<_>>();
    // RFC 6531 section 3.4: the parameter stands where it is needed.
    assert_eq!(
        of("MAIL FROM"),
        ["MAIL FROM:<messages@sunrise.example> SMTPUTF8", "MAIL FROM:<messages@sunrise.example>"]
    );
    assert_eq!(of("RCPT TO"), ["RCPT TO:<josé@patients.example>", "RCPT TO:<rosa@patients.example>"]);

    let (narrow, smarthost) = scripted(Script::default(), "smarthost-narrow").await;
    let (sent, _) = send(&smarthost, "josé@patients.example").await;
    assert_eq!(sent, Sent::PermanentFailure { code: SMTPUTF8_NOT_OFFERED.to_owned() });
    assert_eq!((narrow.count("MAIL FROM"), narrow.count("RCPT TO"), narrow.count("DATA")), (0, 0, 0));
    assert!(narrow.lines().iter().all(|line| line.is_ascii()), "not even the name was said");
}

#[tokio::test]
async fn a_probe_signs_on_and_sends_nothing() {
    let Some(postfix) = Postfix::shared() else { return };
    assert_eq!(smarthost(config(local(postfix.good), &postfix.roots)).probe().await, Health::Up);
    let down = Health::Down { code: "starttls-not-supported".to_owned() };
    assert_eq!(smarthost(config(local(postfix.plain), &postfix.roots)).probe().await, down);
}

#[tokio::test]
async fn one_session_carries_several_mails() {
    let Some(postfix) = Postfix::shared() else { return };
    let smarthost = smarthost(config(local(postfix.good), &postfix.roots));
    for _ in 0..3 {
        let (sent, id) = send(&smarthost, &patient()).await;
        assert!(matches!(sent, Sent::Delivered(_)), "{sent:?}");
        postfix.mail_with(&id).await;
    }
    // A refused recipient ends neither the session nor the next mail.
    let (sent, _) = send(&smarthost, &format!("nobody@{DOMAIN}")).await;
    assert_eq!(sent, Sent::PermanentFailure { code: "rcpt-550-5.1.1".to_owned() });
    let (sent, id) = send(&smarthost, &patient()).await;
    assert!(matches!(sent, Sent::Delivered(_)), "{sent:?}");
    postfix.mail_with(&id).await;
}

#[tokio::test]
async fn without_a_verified_session_nothing_leaves() {
    let Some(postfix) = Postfix::shared() else { return };
    let stripped = without_starttls(postfix.good).await;
    for (address, code) in [
        (local(postfix.plain), "starttls-not-supported"),
        (stripped, "starttls-not-supported"),
        (local(postfix.wrong_name), "certificate-host-mismatch"),
        (local(postfix.self_signed), "certificate-not-trusted"),
        (local(postfix.expired), "certificate-expired"),
        (local(postfix.old_tls), "validation-failure"),
    ] {
        let smarthost = smarthost(config(address, &postfix.roots));
        let (sent, id) = send(&smarthost, &patient()).await;
        assert_eq!(sent, Sent::BelowFloor { found: None, code: code.to_owned(), peer: None });
        assert_eq!(smarthost.probe().await, Health::Down { code: code.to_owned() });
        assert!(postfix.mails_with(&id).is_empty(), "{code}: a mail left");
    }
}

#[tokio::test]
async fn a_recipient_refused_for_now_or_for_good_is_told_apart() {
    let Some(postfix) = Postfix::shared() else { return };
    let smarthost = smarthost(config(local(postfix.good), &postfix.roots));
    let (sent, _) = send(&smarthost, &format!("nobody@{DOMAIN}")).await;
    assert_eq!(sent, Sent::PermanentFailure { code: "rcpt-550-5.1.1".to_owned() });
    let (sent, _) = send(&smarthost, &format!("later@{DOMAIN}")).await;
    assert_eq!(sent, Sent::TemporaryFailure { code: "rcpt-450-4.2.0".to_owned() });
    // 554 5.7.1 Relay access denied: this server takes mail for one domain only.
    let (sent, _) = send(&smarthost, "rosa@elsewhere.example").await;
    assert!(matches!(sent, Sent::PermanentFailure { .. } | Sent::TemporaryFailure { .. }), "{sent:?}");
}

#[tokio::test]
async fn a_mail_whose_last_answer_was_lost_is_unknown_and_it_did_arrive() {
    let Some(postfix) = Postfix::shared() else { return };
    let scratch = Scratch::new("lost");
    let authority = Authority::new();
    let roots = authority.write(&scratch.0);
    let address = loses_the_last_answer(postfix.plain, server_config(&authority.identity(HOST))).await;
    let mut config = config(address, &roots);
    config.tls = TlsStart::Implicit;
    let (sent, id) = send(&smarthost(config), &patient()).await;
    assert_eq!(sent, Sent::Unknown { code: "lost-after-dot".to_owned() });
    // This is why an unknown outcome is never resent.
    postfix.mail_with(&id).await;
}

// Against a scripted server.

#[tokio::test]
async fn nothing_leaves_when_the_content_is_not_the_permitted_one_or_the_permit_is_over() {
    let (server, smarthost) = scripted(Script::default(), "permit").await;
    let (recorded, mut outbound) = permitted(&Wish::notice(&patient())).await;
    outbound.body = "HbA1c 9.1".to_owned().into();
    let sent = smarthost.send(recorded, outbound, now()).await;
    assert_eq!(sent, Sent::Unpermitted(Unpermitted::OtherContent));

    let (recorded, outbound) = permitted(&Wish::notice(&patient())).await;
    let late = recorded.permit().not_after() + SignedDuration::from_secs(1);
    assert_eq!(smarthost.send(recorded, outbound, late).await, Sent::Unpermitted(Unpermitted::Expired));

    let (recorded, outbound) = permitted(&Wish { vendor: "otherco".into(), ..Wish::notice(&patient()) }).await;
    assert_eq!(smarthost.send(recorded, outbound, now()).await, Sent::Unpermitted(Unpermitted::OtherVendor));
    assert!(server.lines().is_empty(), "{:?}", server.lines());
}

#[tokio::test]
async fn a_body_that_needs_an_enforced_tier_is_below_what_a_smarthost_can_hold() {
    let (server, smarthost) = scripted(Script::default(), "tier").await;
    let (recorded, outbound): (Recorded<Permit>, Outbound) = permitted(&Wish::enforced(&patient())).await;
    assert_eq!(recorded.permit().floor(), TransportFloor::EnforcedTls);
    let sent = smarthost.send(recorded, outbound, now()).await;
    let found = Some(TransportFloor::VerifiedTls);
    assert_eq!(sent, Sent::BelowFloor { found, code: "provider-floor".to_owned(), peer: None });
    assert!(server.lines().is_empty());
}

#[tokio::test]
async fn a_permit_that_runs_out_while_the_server_dawdles_sends_nothing() {
    let script = Script { answers: vec![("DATA", Answer::Silence)], ..Script::default() };
    let (server, smarthost) = scripted(script, "dawdles").await;
    let (recorded, outbound) = permitted(&Wish::notice(&patient())).await;
    let nearly = recorded.permit().not_after() - SignedDuration::from_millis(300);
    let sent = smarthost.send(recorded, outbound, nearly).await;
    assert_eq!(sent, Sent::TemporaryFailure { code: "permit-ran-out".to_owned() });
    assert_eq!(server.count("Message-ID"), 0);
}

#[tokio::test]
async fn what_the_server_says_before_the_final_dot_took_nothing() {
    let say = Answer::Say;
    for (begins, answer, expected) in [
        ("MAIL", say("451 4.3.0 later"), Sent::TemporaryFailure { code: "mail-451-4.3.0".into() }),
        ("MAIL", say("553 5.1.8 sender"), Sent::PermanentFailure { code: "mail-553-5.1.8".into() }),
        ("RCPT", Answer::Cut, Sent::TemporaryFailure { code: "rcpt-lost".into() }),
        ("DATA", say("421 4.3.2 closing"), Sent::TemporaryFailure { code: "data-421-4.3.2".into() }),
        ("DATA", say("554 no"), Sent::PermanentFailure { code: "data-554".into() }),
    ] {
        // One command after the other, and together (RFC 2920).
        for offers in [Script::default().offers, "PIPELINING"] {
            let script = Script { answers: vec![(begins, answer)], offers, ..Script::default() };
            let (server, smarthost) = scripted(script, "before").await;
            assert_eq!(send(&smarthost, &patient()).await.0, expected, "{begins} {answer:?} {offers}");
            assert_eq!(server.count("Message-ID"), 0, "{begins} {answer:?} {offers}");
        }
    }
}

#[tokio::test]
async fn a_server_that_says_more_than_it_was_asked_is_never_taken_to_have_the_mail() {
    let behind = Answer::Say("354 go ahead\r\n250 2.0.0 Ok: queued as NEVER");
    for offers in [Script::default().offers, "PIPELINING"] {
        let script = Script { answers: vec![("DATA", behind)], offers, ..Script::default() };
        let (server, smarthost) = scripted(script, "more").await;
        let sent = send(&smarthost, &patient()).await.0;
        assert_eq!(sent, Sent::TemporaryFailure { code: "data-out-of-step".to_owned() }, "{offers}");
        assert_eq!(server.count("Message-ID"), 0, "{offers}");
    }
}

#[tokio::test]
async fn a_smarthost_gets_so_many_sessions_and_they_carry_everything() {
    for offers in [Script::default().offers, "PIPELINING"] {
        let (server, smarthost) = scripted(Script { offers, ..Script::default() }, "places").await;
        let smarthost = Arc::new(smarthost);
        let mut letters = JoinSet::new();
        for _ in 0..9 {
            let smarthost = Arc::clone(&smarthost);
            letters.spawn(async move { send(&smarthost, &patient()).await.0 });
        }
        for sent in letters.join_all().await {
            assert!(matches!(sent, Sent::Delivered(_)), "{sent:?}");
        }
        assert!((1..=2).contains(&server.count("STARTTLS")), "{offers}");
        assert_eq!(server.count("Message-ID"), 9, "{offers}");
    }
}

#[tokio::test]
async fn after_the_final_dot_no_answer_is_unknown_and_a_refusal_is_a_refusal() {
    let unknown = |code: &str| Sent::Unknown { code: code.to_owned() };
    for (dot, expected) in [
        (Answer::Cut, unknown("lost-after-dot")),
        (Answer::Silence, unknown("no-answer-after-dot")),
        (Answer::Say("354 what"), unknown("dot-354")),
        (Answer::Say("no number"), unknown("lost-after-dot")),
        (Answer::Say("451 4.3.0 disk full"), Sent::TemporaryFailure { code: "dot-451-4.3.0".into() }),
        (Answer::Say("554 5.7.1 <rosa@x> spam"), Sent::PermanentFailure { code: "dot-554-5.7.1".into() }),
    ] {
        let (server, smarthost) = scripted(Script { dot, ..Script::default() }, "after").await;
        assert_eq!(send(&smarthost, &patient()).await.0, expected, "{dot:?}");
        assert_eq!(server.count("DATA"), 1, "never sent twice: {dot:?}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_or_not_ready_fails_for_now() {
    let temporary = |code: &str| Sent::TemporaryFailure { code: code.to_owned() };
    for (script, expected) in [
        (Script { greeting: "554 5.3.2 not here", ..Script::default() }, temporary("greeting-554-5.3.2")),
        (Script { starttls: "454 4.7.0 no entropy\r\n", ..Script::default() }, temporary("starttls-454-4.7.0")),
    ] {
        let (_server, smarthost) = scripted(script, "ready").await;
        assert_eq!(send(&smarthost, &patient()).await.0, expected);
    }
    let scratch = Scratch::new("nobody");
    let roots = Authority::new().write(&scratch.0);
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let smarthost = smarthost(config(closed, &roots));
    assert_eq!(send(&smarthost, &patient()).await.0, temporary("connect"));
    assert_eq!(smarthost.probe().await, Health::Down { code: "connect".to_owned() });
}

#[tokio::test]
async fn a_smarthost_that_says_nothing_is_told_from_a_permit_that_ran_out_and_its_next_address_is_tried() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let scratch = Scratch::new("silent");
    let server = Scripted::start(Script::default(), &scratch.0).await;
    let only = SmarthostConfig {
        addresses: vec![silent.local_addr().unwrap()],
        reply_time: Duration::from_millis(300),
        ..config(server.address, &server.roots)
    };
    let sent = send(&smarthost(only.clone()), &patient()).await.0;
    assert_eq!(sent, Sent::TemporaryFailure { code: "open-time-out".to_owned() });
    assert!(!sent.reached(), "another vendor may stand in");
    let health = smarthost(only.clone()).probe().await;
    assert_eq!(health, Health::Down { code: "open-time-out".to_owned() });
    let both = SmarthostConfig {
        addresses: vec![silent.local_addr().unwrap(), server.address],
        reply_time: Duration::from_secs(5),
        ..only
    };
    assert!(matches!(send(&smarthost(both), &patient()).await.0, Sent::Delivered(_)));
}

#[tokio::test]
async fn words_slipped_in_before_tls_are_not_believed() {
    // The attack of CVE-2011-0411, from the server's side: replies sent in the clear behind the answer to STARTTLS.
    let starttls = "220 go ahead\r\n250-evil\r\n250 AUTH PLAIN\r\n250 ok\r\n250 ok\r\n354 go\r\n250 queued as EVIL\r\n";
    let (_server, smarthost) = scripted(Script { starttls, ..Script::default() }, "slipped").await;
    let (sent, _) = send(&smarthost, &patient()).await;
    let Sent::Delivered(handover) = sent else { panic!("{sent:?}") };
    assert_eq!(handover.reference.0, "Q1");
}

#[tokio::test]
async fn the_password_travels_inside_tls_only_and_is_never_printed() {
    let scratch = Scratch::new("auth");
    let server = Scripted::start(Script::default(), &scratch.0).await;
    let mut config = config(server.address, &server.roots);
    let password = Secret::new("s3cr3t-w0rd".to_owned());
    config.credentials = Some(Credentials { user: "clinic".to_owned(), password });
    assert!(!format!("{config:?}").contains("s3cr3t"));
    let smarthost = smarthost(config.clone());
    assert!(!format!("{smarthost:?}").contains("s3cr3t"));
    assert!(matches!(send(&smarthost, &patient()).await.0, Sent::Delivered(_)));
    let lines = server.lines();
    let auth = lines.iter().position(|line| line == "AUTH PLAIN AGNsaW5pYwBzM2NyM3QtdzByZA==").unwrap();
    assert!(auth > lines.iter().position(|line| line == "STARTTLS").unwrap());

    let answers = vec![("AUTH", Answer::Say("535 5.7.8 wrong"))];
    let refused = Scripted::start(Script { answers, ..Script::default() }, &scratch.0).await;
    let again = SmarthostConfig { addresses: vec![refused.address], ..config.clone() };
    let sent = send(&self::smarthost(again), &patient()).await.0;
    assert_eq!(sent, Sent::TemporaryFailure { code: "auth-535-5.7.8".to_owned() });

    let none = Scripted::start(Script { offers: "AUTH LOGIN", ..Script::default() }, &scratch.0).await;
    let again = SmarthostConfig { addresses: vec![none.address], ..config };
    let sent = send(&self::smarthost(again), &patient()).await.0;
    assert_eq!(sent, Sent::TemporaryFailure { code: "auth-plain-not-offered".to_owned() });
    assert_eq!(none.count("AUTH"), 0);
}

#[tokio::test]
async fn an_idle_session_the_server_has_closed_is_replaced_and_the_mail_goes_once() {
    let script = Script { answers: vec![("RSET", Answer::Cut)], ..Script::default() };
    let (server, smarthost) = scripted(script, "idle").await;
    assert!(matches!(send(&smarthost, &patient()).await.0, Sent::Delivered(_)));
    let (sent, id) = send(&smarthost, &patient()).await;
    assert!(matches!(sent, Sent::Delivered(_)), "{sent:?}");
    assert_eq!(server.count("RSET"), 1);
    assert_eq!(server.count(&format!("Message-ID: <{id}")), 1);
}

#[tokio::test]
async fn a_configuration_that_cannot_work_is_refused_by_its_key() {
    let scratch = Scratch::new("config");
    let roots = Authority::new().write(&scratch.0);
    let good = config(local(25), &roots);
    let said = |config: SmarthostConfig| Smarthost::new(config, Arc::new(Still(now()))).unwrap_err().to_string();
    assert_eq!(said(SmarthostConfig { host: "a b".into(), ..good.clone() }), "smarthost host: expected a host name");
    assert_eq!(said(SmarthostConfig { helo: "a\r\nb".into(), ..good.clone() }), "smarthost helo: expected a host name");
    assert!(said(SmarthostConfig { from: "nobody".into(), ..good.clone() }).starts_with("smarthost from"));
    let missing = Roots::File(scratch.0.join("none.pem"));
    assert!(said(SmarthostConfig { roots: missing, ..good.clone() }).contains("expected a PEM file"));
    let empty = scratch.0.join("empty.pem");
    std::fs::write(&empty, "").unwrap();
    assert!(said(SmarthostConfig { roots: Roots::File(empty), ..good }).contains("at least one certificate"));
}
