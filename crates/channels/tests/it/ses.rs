//! Mail through Amazon SES: against moto, which checks our signatures, and against a scripted server for what moto does not do on request.

use crate::support::Still;
use crate::support::moto::Moto;
use crate::support::permits::{Wish, now, permitted};
use crate::support::scratch::Scratch;
use crate::support::web::{Reply, Web};
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use postern_base::{Clock, Secret, SystemClock};
use postern_channels::amazon::AmazonError;
use postern_channels::amazon::AwsKey;
use postern_channels::conformance::{Permitted, Subject, Told, check};
use postern_channels::email::back::MailBack;
use postern_channels::email::{Roots, SMTPUTF8_NOT_OFFERED, Ses, SesConfig};
use postern_channels::https::{HttpsConfig, HttpsError};
use postern_channels::{Health, Onward, Provider, ProviderRef, RawRequest, Sent};
use postern_gate::TransportFloor;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

const PATIENT: &str = "rosa@patients.example";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

fn config(origin: &str, address: SocketAddr, roots: &Path) -> SesConfig {
    SesConfig {
        vendor: "mailco".to_owned(),
        service: "submission".to_owned(),
        region: "us-east-1".to_owned(),
        https: HttpsConfig {
            origin: origin.to_owned(),
            address: Some(address),
            roots: Roots::File(roots.to_owned()),
            connect_time: Duration::from_secs(10),
            answer_time: Duration::from_secs(20),
        },
        key: AwsKey { id: "AKIDEXAMPLE".into(), secret: Secret::new(SECRET.to_owned()), token: None },
        configuration_set: None,
        enforces_tls: false,
        from: "messages@sunrise.example".to_owned(),
        html: true,
        signer: None,
        dkim: Vec::new(),
    }
}

fn at_moto(moto: &Moto, set: Option<&str>) -> SesConfig {
    let address = SocketAddr::from(([127, 0, 0, 1], moto.port));
    let key = AwsKey { id: moto.key.0.clone(), secret: Secret::new(moto.key.1.clone()), token: None };
    let of = config(&format!("https://localhost:{}", moto.port), address, &moto.roots);
    SesConfig { key, configuration_set: set.map(str::to_owned), enforces_tls: set.is_some(), ..of }
}

/// A provider that signs at the test's time, which moto does not mind.
fn ses(config: SesConfig) -> Ses {
    Ses::new(config, Arc::new(Still(now()))).unwrap()
}

async fn send(ses: &Ses, wish: &Wish) -> (Sent, String) {
    let (recorded, outbound) = permitted(wish).await;
    let id = outbound.idempotency_key.clone();
    (ses.send(recorded, outbound, now()).await, id)
}

async fn scripted(replies: Vec<Reply>, name: &str) -> (Web, Ses) {
    let scratch = Scratch::new(name);
    let web = Web::start(replies, &scratch.0).await;
    let mut config = config(&format!("https://vendor.test:{}", web.address.port()), web.address, &web.roots);
    config.https.answer_time = Duration::from_millis(400);
    (web, ses(config))
}

fn text<'a>(of: &'a serde_json::Value, key: &str) -> &'a str {
    of.get(key).unwrap().as_str().unwrap()
}

// Against moto.

#[tokio::test]
async fn amazon_takes_the_mail_exactly_as_it_was_composed() {
    let Some(moto) = Moto::shared() else { return };
    let (sent, id) = send(&ses(at_moto(&moto, None)), &Wish::notice(PATIENT)).await;
    let Sent::Delivered(handover) = sent else { panic!("{sent:?}") };
    let session = handover.session.unwrap();
    assert_eq!((session.peer_name.as_str(), session.onward), ("localhost", None));
    assert!(session.protocol.starts_with("TLSv1_"), "{session:?}");
    let mails = moto.mails();
    let mail = mails.iter().find(|mail| text(mail, "raw_data").contains(&id)).unwrap();
    assert_eq!(text(mail, "id"), handover.reference.0);
    assert_eq!(text(mail, "source"), "messages@sunrise.example");
    let raw = text(mail, "raw_data");
    assert!(
        raw.contains("From: \"Sunrise Health\" <messages@sunrise.example>\r\n")
            && raw.contains("Auto-Submitted: auto-generated\r\n"),
        "{raw}"
    );
}

#[tokio::test]
async fn a_call_that_another_key_signed_is_refused_and_not_held_against_the_message() {
    let Some(moto) = Moto::own() else { return };
    moto.check_signatures();
    // moto checks the signature's time against its own.
    let real = |config| Ses::new(config, Arc::new(SystemClock)).unwrap();
    let (sent, _) = send(&real(at_moto(&moto, None)), &Wish::notice(PATIENT)).await;
    assert!(matches!(sent, Sent::Delivered(_)), "{sent:?}");
    let mut forged = at_moto(&moto, None);
    forged.key.secret = Secret::new("another".to_owned());
    let (sent, _) = send(&real(forged), &Wish::notice(PATIENT)).await;
    let Sent::TemporaryFailure { code } = sent else { panic!("{sent:?}") };
    assert!(code.starts_with("ses-403"), "{code}");
    assert_eq!(moto.mails().len(), 1);
}

#[tokio::test]
async fn a_body_goes_through_amazon_only_while_its_own_configuration_requires_tls() {
    let Some(moto) = Moto::own() else { return };
    let (sent, _) = send(&ses(at_moto(&moto, Some("tls"))), &Wish::enforced(PATIENT)).await;
    let Sent::Delivered(handover) = sent else { panic!("{sent:?}") };
    assert_eq!(handover.session.unwrap().onward, Some(Onward::Configured));

    let before = moto.mails().len();
    let found = Some(TransportFloor::VerifiedTls);
    let below = |code: &str| Sent::BelowFloor { found, code: code.to_owned(), peer: None };
    let (sent, _) = send(&ses(at_moto(&moto, Some("loose"))), &Wish::enforced(PATIENT)).await;
    assert_eq!(sent, below("tls-policy-not-required"));
    let (sent, _) = send(&ses(at_moto(&moto, None)), &Wish::enforced(PATIENT)).await;
    assert_eq!(sent, below("provider-floor"));
    let (sent, _) = send(&ses(at_moto(&moto, Some("gone"))), &Wish::enforced(PATIENT)).await;
    assert!(matches!(&sent, Sent::TemporaryFailure { code } if code.starts_with("tls-policy-ses-")), "{sent:?}");
    assert_eq!(moto.mails().len(), before, "not one of them was sent");
    let (sent, _) = send(&ses(at_moto(&moto, Some("loose"))), &Wish::notice(PATIENT)).await;
    assert!(matches!(sent, Sent::Delivered(_)), "a notice needs no more than verified TLS: {sent:?}");
}

/// SES before moto.
struct AtMoto {
    moto: Moto,
    provider: Arc<dyn Provider>,
}

#[async_trait]
impl Subject for AtMoto {
    fn provider(&self) -> Arc<dyn Provider> {
        self.provider.clone()
    }
    fn now(&self) -> Timestamp {
        now()
    }
    async fn permitted(&self) -> Permitted {
        permitted(&Wish::notice(PATIENT)).await
    }
    async fn permitted_elsewhere(&self) -> Permitted {
        permitted(&Wish { vendor: "otherco".to_owned(), ..Wish::notice(PATIENT) }).await
    }
    async fn permitted_above_floor(&self) -> Option<Permitted> {
        Some(permitted(&Wish::enforced(PATIENT)).await)
    }
    async fn taken(&self) -> u64 {
        u64::try_from(self.moto.mails().len()).unwrap()
    }
    async fn requests(&self) -> Vec<(RawRequest, Told)> {
        Vec::new()
    }
    fn unreadable(&self) -> Option<RawRequest> {
        None
    }
    fn never_printed(&self) -> Vec<String> {
        vec![PATIENT.to_owned(), Wish::notice("").body, self.moto.key.1.clone()]
    }
}

#[tokio::test]
async fn ses_conforms_with_a_set_that_requires_tls_and_with_one_that_does_not() {
    for set in [None, Some("loose")] {
        let Some(moto) = Moto::own() else { return };
        let provider = Arc::new(ses(at_moto(&moto, set)));
        assert_eq!(check(&AtMoto { moto, provider }).await, Vec::new(), "{set:?}");
    }
}

// Against a scripted server.

const TAKEN: Reply = Reply::Say(200, "", r#"{"MessageId":"0100-abc"}"#);

#[tokio::test]
async fn the_call_says_who_to_whom_and_where_bounces_go_and_is_signed_over_a_kept_connection() {
    let (web, ses) = scripted(vec![TAKEN], "ses-wire").await;
    for _ in 0..2 {
        let (recorded, mut outbound) = permitted(&Wish::notice(PATIENT)).await;
        outbound.back = Some(MailBack {
            bounces: "b-1@back.sunrise.example".into(),
            replies: "r-1@back.sunrise.example".into(),
            unsubscribe: "u-1@back.sunrise.example".into(),
        });
        let sent = ses.send(recorded, outbound, now()).await;
        assert!(matches!(&sent, Sent::Delivered(h) if h.reference == ProviderRef("0100-abc".into())), "{sent:?}");
    }
    let calls = web.calls();
    let (head, body) = calls.first().unwrap();
    assert!(head.starts_with("POST /v2/email/outbound-emails HTTP/1.1\r\n"), "{head}");
    assert!(head.contains("authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261130/us-east-1/ses/aws4_request, SignedHeaders=host;x-amz-date, Signature="), "{head}");
    assert!(head.contains("x-amz-date: 20261130T160000Z\r\n"), "{head}");
    let body: serde_json::Value = serde_json::from_slice(body).unwrap();
    assert_eq!(body.pointer("/Destination/ToAddresses"), Some(&serde_json::json!([PATIENT])));
    assert_eq!(text(&body, "FeedbackForwardingEmailAddress"), "b-1@back.sunrise.example");
    assert!(body.get("ConfigurationSetName").is_none());
    let raw = STANDARD.decode(body.pointer("/Content/Raw/Data").unwrap().as_str().unwrap()).unwrap();
    assert!(String::from_utf8(raw).unwrap().contains("Reply-To: <r-1@back.sunrise.example>\r\n"));
    assert_eq!((calls.len(), web.connections()), (2, 1), "the second call went over the first one's connection");
}

#[tokio::test]
async fn an_address_beyond_ascii_is_refused_before_amazon_hears_of_it() {
    let (web, ses) = scripted(vec![TAKEN], "ses-wide").await;
    let never = Sent::PermanentFailure { code: SMTPUTF8_NOT_OFFERED.to_owned() };
    assert_eq!(send(&ses, &Wish::notice("josé@patients.example")).await.0, never);
    assert_eq!((web.calls().len(), web.connections()), (0, 0));
    assert!(matches!(send(&ses, &Wish::notice(PATIENT)).await.0, Sent::Delivered(_)));
    assert_eq!(web.calls().len(), 1, "the address is refused, and not the account");
}

#[tokio::test]
async fn what_may_have_been_taken_is_unknown_and_what_cannot_have_been_comes_again() {
    let temporary = |code: &str| Sent::TemporaryFailure { code: code.into() };
    let unknown = |code: &str| Sent::Unknown { code: code.into() };
    for (reply, expected) in [
        (
            Reply::Say(429, "x-amzn-errortype: TooManyRequestsException\r\n", "{}"),
            temporary("ses-429-TooManyRequestsException"),
        ),
        (Reply::Say(503, "", "busy"), temporary("ses-503")),
        (Reply::Say(500, "", "{}"), unknown("ses-500")),
        (Reply::Say(302, "location: https://evil.example/\r\n", ""), unknown("ses-302")),
        (
            Reply::Say(400, "x-amzn-errortype: MessageRejected\r\n", "{}"),
            Sent::PermanentFailure { code: "ses-400-MessageRejected".into() },
        ),
        (Reply::Cut, unknown("connection-lost")),
        (Reply::Silence, unknown("answer-time-out")),
    ] {
        let (web, ses) = scripted(vec![reply], "ses-fails").await;
        assert_eq!(send(&ses, &Wish::notice(PATIENT)).await.0, expected, "{reply:?}");
        assert_eq!(web.calls().len(), 1, "once: {reply:?}");
    }
}

#[tokio::test]
async fn a_kept_connection_that_was_closed_meanwhile_is_replaced_without_a_second_mail() {
    let (web, ses) = scripted(vec![TAKEN, Reply::Cut, TAKEN], "ses-idle").await;
    assert!(matches!(send(&ses, &Wish::notice(PATIENT)).await.0, Sent::Delivered(_)));
    assert_eq!(send(&ses, &Wish::notice(PATIENT)).await.0, Sent::Unknown { code: "connection-lost".into() });
    assert!(matches!(send(&ses, &Wish::notice(PATIENT)).await.0, Sent::Delivered(_)));
    assert_eq!((web.calls().len(), web.connections()), (3, 2));
}

#[tokio::test]
async fn without_a_verified_session_amazon_hears_nothing() {
    let scratch = Scratch::new("ses-unverified");
    let web = Web::start(vec![TAKEN], &scratch.0).await;
    let port = web.address.port();
    let other = ses(config(&format!("https://other.test:{port}"), web.address, &web.roots));
    let below = |code: &str| Sent::BelowFloor { found: None, code: code.to_owned(), peer: None };
    assert_eq!(send(&other, &Wish::notice(PATIENT)).await.0, below("certificate-host-mismatch"));
    let strange = Scratch::new("ses-strange");
    let stranger = Web::start(vec![TAKEN], &strange.0).await;
    let untrusted = ses(config(&format!("https://vendor.test:{port}"), web.address, &stranger.roots));
    let (sent, _) = send(&untrusted, &Wish::notice(PATIENT)).await;
    assert!(matches!(sent, Sent::BelowFloor { found: None, .. }), "{sent:?}");
    let nobody = SocketAddr::from(([127, 0, 0, 1], 9));
    let absent = ses(config("https://vendor.test", nobody, &web.roots));
    assert_eq!(send(&absent, &Wish::notice(PATIENT)).await.0, Sent::TemporaryFailure { code: "connect".into() });
    assert_eq!(absent.probe().await, Health::Down { code: "connect".into() });
    assert_eq!(web.calls().len(), 0);
}

#[tokio::test]
async fn what_cannot_be_used_is_named_at_the_start() {
    let nobody = SocketAddr::from(([127, 0, 0, 1], 9));
    let scratch = Scratch::new("ses-config");
    let web = Web::start(vec![TAKEN], &scratch.0).await;
    let good = config("https://vendor.test", nobody, &web.roots);
    let clock: Arc<dyn Clock> = Arc::new(Still(now()));
    let key = |config: SesConfig| match Ses::new(config, clock.clone()) {
        Err(AmazonError::Value { key, .. }) => key,
        other => panic!("{other:?}"),
    };
    assert_eq!(key(SesConfig { enforces_tls: true, ..good.clone() }), "configuration_set");
    assert_eq!(key(SesConfig { region: "us east".into(), ..good.clone() }), "region");
    assert_eq!(key(SesConfig { from: "nobody".into(), ..good.clone() }), "from");
    let plain = SesConfig { https: HttpsConfig { origin: "http://vendor.test".into(), ..good.https.clone() }, ..good };
    assert_eq!(Ses::new(plain, clock.clone()).unwrap_err(), AmazonError::Https(HttpsError::Origin));
}
