//! Bodies through a smarthost: only where it is said, and shown, to hand them on over TLS (RFC 8689), against aiosmtpd.

use crate::support::Still;
use crate::support::aiosmtpd::Aiosmtpd;
use crate::support::permits::{Wish, now, permitted};
use postern_channels::email::{Enforces, Roots, Smarthost, SmarthostConfig, TlsStart};
use postern_channels::{Onward, Provider as _, Sent};
use postern_gate::TransportFloor;
use std::sync::Arc;
use std::time::Duration;

const PATIENT: &str = "rosa@patients.example";

fn smarthost(relay: &Aiosmtpd, enforces: Option<Enforces>) -> Smarthost {
    let config = SmarthostConfig {
        vendor: "mailco".to_owned(),
        service: "submission".to_owned(),
        host: "smarthost.test".to_owned(),
        port: relay.address.port(),
        addresses: vec![relay.address],
        tls: TlsStart::StartTls,
        roots: Roots::File(relay.roots.clone()),
        credentials: None,
        from: "messages@sunrise.example".to_owned(),
        helo: "postern.sunrise.example".to_owned(),
        html: false,
        signer: None,
        dkim: Vec::new(),
        enforces,
        reply_time: Duration::from_secs(20),
        final_reply_time: Duration::from_secs(20),
        sessions: 20,
    };
    Smarthost::new(config, Arc::new(Still(now()))).unwrap()
}

async fn send(smarthost: &Smarthost, wish: &Wish) -> Sent {
    let (recorded, outbound) = permitted(wish).await;
    smarthost.send(recorded, outbound, now()).await
}

fn onward(sent: &Sent) -> Option<Onward> {
    let Sent::Delivered(handover) = sent else { panic!("{sent:?}") };
    handover.session.as_ref().unwrap().onward
}

const REQUIRED: &str = "requiretls messages@sunrise.example rosa@patients.example";
const PLAIN: &str = "plain messages@sunrise.example rosa@patients.example";

#[tokio::test]
async fn a_body_goes_under_requiretls_where_it_is_announced_and_a_notice_as_ever_in_the_same_session() {
    let Some(relay) = Aiosmtpd::start("requiretls", true) else { return };
    let smarthost = smarthost(&relay, Some(Enforces::RequireTls));
    assert_eq!(onward(&send(&smarthost, &Wish::enforced(PATIENT)).await), Some(Onward::RequireTls));
    assert_eq!(onward(&send(&smarthost, &Wish::notice(PATIENT)).await), None);
    assert_eq!(onward(&send(&smarthost, &Wish::enforced(PATIENT)).await), Some(Onward::RequireTls));
    assert_eq!(relay.taken(), [REQUIRED, PLAIN, REQUIRED]);
}

#[tokio::test]
async fn where_requiretls_is_not_announced_any_more_no_body_goes_and_nobody_is_named() {
    let Some(relay) = Aiosmtpd::start("no-requiretls", false) else { return };
    let promised = smarthost(&relay, Some(Enforces::RequireTls));
    let found = Some(TransportFloor::VerifiedTls);
    let below = |code: &str| Sent::BelowFloor { found, code: code.to_owned(), peer: None };
    assert_eq!(send(&promised, &Wish::enforced(PATIENT)).await, below("requiretls-not-offered"));
    assert_eq!(onward(&send(&promised, &Wish::notice(PATIENT)).await), None);
    assert_eq!(send(&smarthost(&relay, None), &Wish::enforced(PATIENT)).await, below("provider-floor"));
    assert_eq!(relay.taken(), [PLAIN]);
}

#[tokio::test]
async fn a_relay_that_is_only_vouched_for_is_asked_for_requiretls_where_it_can_be_and_the_record_says_which() {
    for (announces, expected, taken) in [(true, Onward::RequireTls, REQUIRED), (false, Onward::Vouched, PLAIN)] {
        let Some(relay) = Aiosmtpd::start(&format!("vouched-{announces}"), announces) else { return };
        let sent = send(&smarthost(&relay, Some(Enforces::Vouched)), &Wish::enforced(PATIENT)).await;
        assert_eq!(onward(&sent), Some(expected));
        assert_eq!(relay.taken(), [taken]);
    }
}

#[tokio::test]
async fn nobody_is_asked_for_requiretls_who_was_not_said_to_enforce_it() {
    let Some(relay) = Aiosmtpd::start("unasked", true) else { return };
    let sent = send(&smarthost(&relay, None), &Wish::enforced(PATIENT)).await;
    assert!(matches!(sent, Sent::BelowFloor { .. }), "declared and announced, or not at all: {sent:?}");
    assert_eq!(relay.taken(), Vec::<String>::new());
}
