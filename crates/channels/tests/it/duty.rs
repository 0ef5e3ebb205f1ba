//! Word to whoever is on duty: signed, over a verified session, and without a word of the patient.

use crate::support::Still;
use crate::support::permits::now;
use crate::support::scratch::Scratch;
use crate::support::web::{Reply, Web};
use postern_base::{Phi, Secret};
use postern_channels::https::HttpsConfig;
use postern_channels::tls::Roots;
use postern_channels::{Duty, DutyHook, DutyWord, RawRequest, webhook};
use std::sync::Arc;
use std::time::Duration;

fn hook(web: &Web) -> DutyHook {
    let https = HttpsConfig {
        origin: format!("https://vendor.test:{}", web.address.port()),
        address: Some(web.address),
        roots: Roots::File(web.roots.clone()),
        connect_time: Duration::from_secs(10),
        answer_time: Duration::from_secs(10),
    };
    DutyHook::new(https, "/hooks/postern".to_owned(), Secret::new(b"k3y".to_vec()), Arc::new(Still(now()))).unwrap()
}

fn word(late: bool) -> DutyWord {
    DutyWord { reference: "alert-sunrise-7-new".to_owned(), tenant: "sunrise".parse().unwrap(), late, minutes: 10 }
}

#[tokio::test]
async fn the_call_is_signed_and_says_that_an_alert_waits_and_nothing_more() {
    let scratch = Scratch::new("duty");
    let web = Web::start(vec![Reply::Say(204, "", "")], &scratch.0).await;
    hook(&web).tell(&word(true), now()).await.unwrap();
    let calls = web.calls();
    let [(head, body)] = calls.as_slice() else { panic!("{}", calls.len()) };
    assert!(head.starts_with("POST /hooks/postern HTTP/1.1"), "{head}");
    let said: serde_json::Value = serde_json::from_slice(body).unwrap();
    let text = "An alert still waits. Nobody has taken it up. Open Postern.";
    assert_eq!(said, serde_json::json!({"tenant": "sunrise", "late": true, "minutes": 10, "text": text}));
    let lines = head.lines().skip(1).filter_map(|line| line.split_once(": "));
    let headers = lines.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
    let request = RawRequest { url: String::new(), headers, body: Phi::new(body.clone()), at: now() };
    assert!(webhook::verify(&Secret::new(b"k3y".to_vec()), &request).is_ok());
    assert!(webhook::verify(&Secret::new(b"other".to_vec()), &request).is_err());
}

#[tokio::test]
async fn a_contact_that_refuses_or_says_nothing_has_not_been_told() {
    let scratch = Scratch::new("duty-refuses");
    let web = Web::start(vec![Reply::Say(503, "", ""), Reply::Cut], &scratch.0).await;
    let hook = hook(&web);
    assert_eq!(hook.tell(&word(false), now()).await, Err("refused"));
    assert!(hook.tell(&word(false), now()).await.is_err());
}
