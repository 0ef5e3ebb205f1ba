//! Files that a practice sends with a message: read where the message is, and nowhere else.

use crate::clinic::{Clinic, principal, result};
use crate::portal::{enrol, visitor};
use postern_base::{Channel, Form, Level, MessageId, Phi};
use postern_engine::portal::{Aal, FileKind, NotNow, Upload, Visitor};
use postern_engine::{AcceptError, Accepted};
use serde_json::{Value, json};
use std::sync::Arc;

fn file(name: &str, content: &[u8]) -> Upload {
    Upload { name: Phi::new(name.to_owned()), content: Phi::new(Arc::from(content)) }
}

fn plan() -> Upload {
    file("Meal plan.TXT", b"Oats at eight.\n")
}

/// What is asked of a message with files: its level is said.
fn asked() -> Value {
    let mut request = result(None);
    request["content"]["level"] = json!("L3");
    request
}

async fn send(clinic: &Clinic, key: Option<&str>, request: &Value, files: &[Upload]) -> Result<Accepted, AcceptError> {
    let body = serde_json::to_vec(request).unwrap();
    let sent = clinic.engine.accept_with(&clinic.principal, key, &body, files).await;
    clinic.settle().await;
    sent
}

async fn alma_with(files: &[Upload]) -> (Clinic, Visitor, MessageId) {
    let clinic = Clinic::open().await;
    let message = send(&clinic, None, &asked(), files).await.unwrap().answer.id;
    let (signed_in, _) = enrol(&clinic, "Patient/p1", None, "alma").await;
    let alma = visitor(&clinic, &signed_in).await;
    (clinic, alma, message)
}

#[tokio::test]
async fn a_file_is_read_with_its_message_behind_the_same_sign_in_and_each_opening_is_entered() {
    let (clinic, alma, message) = alma_with(&[plan()]).await;
    let engine = &clinic.engine;
    let thread = engine.portal_thread(&alma, message).await.unwrap();
    let [one] = thread.files.as_slice() else { panic!("{:?}", thread.files) };
    assert_eq!((one.name.reveal().as_str(), one.kind, one.bytes), ("Meal plan.txt", FileKind::Text, 15));
    let (kind, content) = engine.open_attachment(&alma, message, one.id).await.unwrap();
    assert_eq!((kind, content.reveal().as_slice()), (FileKind::Text, b"Oats at eight.\n".as_slice()));
    assert!(clinic.codes(message).await.contains(&("disclosed".into(), "attachment_read_by_patient".into())));
    let mut weak = alma.clone();
    weak.aal = Aal::Aal1;
    assert_eq!(engine.open_attachment(&weak, message, one.id).await.unwrap_err(), NotNow::SignInStronger);
    assert!(engine.portal_thread(&weak, message).await.unwrap().files.is_empty(), "nor is it told that there is one");
    // Another message of the same patient has none.
    let other = clinic.send(&crate::clinic::reminder("a9")).await.id;
    clinic.settle().await;
    assert_eq!(engine.open_attachment(&alma, other, one.id).await.unwrap_err(), NotNow::NotFound);
    let history = engine.history_with_proofs(&alma, None, 10).await.unwrap();
    let proven = history.proven.iter().find(|proven| proven.message == message).unwrap();
    assert_eq!(proven.files.iter().map(|file| file.id).collect::<Vec<_>>(), [one.id]);
    let seen = engine.message(&clinic.principal, message, true).await.unwrap();
    assert_eq!(seen.files.iter().map(|file| file.name.as_str()).collect::<Vec<_>>(), ["Meal plan.txt"]);
    assert!(engine.message(&clinic.principal, message, false).await.unwrap().files.is_empty());
}

#[tokio::test]
async fn a_message_with_files_is_read_in_the_portal_and_everything_else_only_leads_there() {
    let (clinic, _, message) = alma_with(&[plan()]).await;
    let record = clinic.engine.message(&clinic.principal, message, true).await.unwrap();
    assert!(record.deliveries.iter().any(|one| one.channel == Channel::Portal && one.form == Form::Full));
    for one in &record.content {
        assert!(one.form <= Form::Notice || one.channel == Some(Channel::Portal), "{one:?}");
    }
    for arrival in [clinic.arrivals(Channel::Sms), clinic.arrivals(Channel::Email)].concat() {
        assert!(!arrival.body.reveal().contains("HbA1c") && !arrival.body.reveal().contains("Oats"));
    }
}

#[tokio::test]
async fn what_files_carry_is_said_by_who_sends_them_and_counts_as_clinical_at_least() {
    let clinic = Clinic::open().await;
    let malformed = |sent: Result<Accepted, AcceptError>| match sent {
        Err(AcceptError::Malformed(error)) => error.field,
        other => panic!("{other:?}"),
    };
    assert_eq!(malformed(send(&clinic, None, &result(None), &[plan()]).await), "content.level");
    let mut texts = asked();
    texts["channels"] = json!(["sms"]);
    assert_eq!(malformed(send(&clinic, None, &texts, &[plan()]).await), "channels");
    texts["channels"] = json!(["portal", "mail"]);
    assert_eq!(malformed(send(&clinic, None, &texts, &[plan()]).await), "channels", "a letter would come without it");
    let reminder = crate::clinic::reminder("a9");
    assert_eq!(malformed(send(&clinic, None, &reminder, &[plan()]).await), "content");
    for bad in [
        vec![file("page.txt", b"<html><script>alert(1)</script>")],
        vec![file("program.pdf", b"MZ\x90\x00")],
        vec![plan(), plan(), plan(), plan(), plan(), plan()],
    ] {
        assert_eq!(malformed(send(&clinic, None, &asked(), &bad).await), "file");
    }
    let mut plain = json!({"patient": "Patient/p1", "purpose": "treatment_update",
        "content": {"body": "Here is the way to our new house.", "level": "L0"}});
    let sent = send(&clinic, None, &plain, &[plan()]).await.unwrap().answer;
    let portal = sent.decision.deliveries.iter().find(|one| one.channel == Channel::Portal).unwrap();
    assert_eq!(portal.level, Level::L2, "nobody read the file");
    plain["content"]["body"] = json!("Here is the way to our new door.");
    let sent = send(&clinic, None, &plain, &[]).await.unwrap().answer;
    let portal = sent.decision.deliveries.iter().find(|one| one.channel == Channel::Portal).unwrap();
    assert!(portal.level < Level::L2, "without one it is what it is");
}

#[tokio::test]
async fn the_same_key_with_another_file_is_another_request_and_no_other_patient_has_the_file() {
    let clinic = Clinic::open().await;
    let first = send(&clinic, Some("k1"), &asked(), &[plan()]).await.unwrap();
    assert!(!first.replayed);
    let again = send(&clinic, Some("k1"), &asked(), &[plan()]).await.unwrap();
    assert!(again.replayed && again.answer.id == first.answer.id);
    let other = send(&clinic, Some("k1"), &asked(), &[file("plan.txt", b"Oats at nine.\n")]).await;
    assert!(matches!(other, Err(AcceptError::Conflict)), "{other:?}");
    clinic.import(crate::records::patient("p2", "+12125550102", "sam@example.org")).await;
    let (signed_in, _) = enrol(&clinic, "Patient/p2", None, "sam").await;
    let sam = visitor(&clinic, &signed_in).await;
    let seen = clinic.engine.message(&clinic.principal, first.answer.id, true).await.unwrap();
    let taken = clinic.engine.open_attachment(&sam, first.answer.id, seen.files[0].id).await;
    assert_eq!(taken.unwrap_err(), NotNow::NotFound);
    clinic.found("harbor", "Harbor Health", "+15555550111").await;
    assert!(clinic.engine.message(&principal("harbor"), first.answer.id, true).await.is_err());
}

#[tokio::test]
async fn the_same_words_with_another_file_are_another_message() {
    let clinic = Clinic::open().await;
    let outcome = async |files: &[Upload]| send(&clinic, None, &asked(), files).await.unwrap().answer.decision.outcome;
    assert_eq!(outcome(&[plan()]).await, "send");
    assert_eq!(outcome(&[plan()]).await, "refuse", "the same file again");
    assert_eq!(outcome(&[file("Meal plan.txt", b"Oats at nine.\n")]).await, "send");
}

#[tokio::test]
async fn where_no_copy_in_the_portal_is_planned_a_file_is_not_taken_and_left_out() {
    let clinic = Clinic::open().await;
    let mut away = crate::clinic::settings("Sunrise Health", "+15555550100");
    away["deployment"]["portal_available"] = json!(false);
    clinic.engine.put_tenant(&clinic.principal, &serde_json::to_vec(&away).unwrap()).await.unwrap();
    let sent = send(&clinic, None, &asked(), &[plan()]).await;
    assert!(matches!(&sent, Err(AcceptError::Malformed(error)) if error.field == "file"), "{sent:?}");
}
