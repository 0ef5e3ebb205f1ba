//! A result: too much for an open channel.

use crate::clinic::{Clinic, result};
use postern_base::{Channel, Form};

#[tokio::test]
async fn a_result_is_refused_on_sms_and_becomes_a_portal_copy_with_a_notice() {
    let clinic = Clinic::open().await;
    let answer = clinic.send(&result(None)).await;
    assert_eq!(answer.decision.outcome, "send");
    let forms: Vec<(Channel, Form)> = answer.decision.deliveries.iter().map(|d| (d.channel, d.form)).collect();
    assert_eq!(forms, [(Channel::Portal, Form::Full), (Channel::Sms, Form::Notice)]);
    let refusal = answer.decision.refusals.iter().find(|r| r.channel == Channel::Sms && r.form == Form::Full).unwrap();
    assert!(!refusal.citation.is_empty() && !refusal.sentence.is_empty());
    clinic.settle().await;

    let texts = clinic.arrivals(Channel::Sms);
    assert_eq!(texts.len(), 1);
    let body = texts[0].body.reveal();
    assert!(
        body.starts_with("New secure message from Sunrise Health. Sign in at https://sunrise.example/m/"),
        "{body}"
    );
    assert!(!body.contains("8.2") && !body.contains("HbA1c"));
    let copies = clinic.engine.portal_copies(&clinic.principal, "Patient/p1", 10).await.unwrap();
    assert_eq!(copies.len(), 1);
    assert!(copies[0].body.contains("8.2 %"));
    assert_eq!(copies[0].subject.as_deref(), Some("Your result"));
    let read = clinic.codes(answer.id).await;
    assert!(read.contains(&("disclosed".into(), "content_read".into())), "reading content is entered: {read:?}");
}

#[tokio::test]
async fn a_result_for_sms_alone_is_refused_with_rule_citation_and_sentence() {
    let clinic = Clinic::open().await;
    let answer = clinic.send(&result(Some(&[Channel::Sms]))).await;
    assert_eq!(answer.decision.outcome, "refuse");
    assert!(answer.decision.refusals.iter().all(|r| !r.rule.is_empty() && !r.citation.is_empty()));
    clinic.settle().await;
    assert_eq!(clinic.inbox.taken(), 0);
    let message = clinic.engine.message(&clinic.principal, answer.id, false).await.unwrap();
    assert_eq!(message.state, "refused");
}

/// RULES section 6, link token reuse: a token is of one message, says nothing, and is made again only for the same message. What it opens
/// is a sign-in: no address of ours answers it, whoever tries it and however often.
#[tokio::test]
async fn a_link_is_of_one_message_and_tells_nothing() {
    let clinic = Clinic::open().await;
    let mut second = result(None);
    second["content"]["body"] = "Your HbA1c came back at 7.1 %. That is better.".into();
    let mut ids = Vec::new();
    for request in [result(None), second] {
        ids.push(clinic.send(&request).await.id.to_string());
        clinic.settle().await;
        // The second notice waits for the next day's cap.
        clinic.minutes(26 * 60);
        clinic.settle().await;
    }
    let texts = clinic.arrivals(Channel::Sms);
    let token =
        |body: &str| body.split("/m/").nth(1).and_then(|rest| rest.split(&['.', ' '][..]).next()).unwrap().to_owned();
    let tokens: Vec<String> = texts.iter().map(|text| token(text.body.reveal())).collect();
    assert_eq!(tokens.len(), 2);
    assert_ne!(tokens[0], tokens[1]);
    for token in &tokens {
        assert!(token.len() == 16 && token.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()), "{token}");
        assert!(!ids.iter().any(|id| id.contains(token.as_str())) && !token.contains("p1"), "{token}");
    }
}

#[tokio::test]
async fn the_notice_waits_for_its_portal_copy() {
    let clinic = Clinic::open().await;
    clinic.send(&result(None)).await;
    let first = clinic.engine.dispatch_due().await.unwrap();
    assert_eq!((first.claimed, first.ended), (1, 1), "only the portal copy is due at first");
    assert!(clinic.arrivals(Channel::Sms).is_empty());
    clinic.settle().await;
    assert_eq!(clinic.arrivals(Channel::Sms).len(), 1);
}
