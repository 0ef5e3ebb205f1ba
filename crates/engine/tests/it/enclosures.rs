//! Files that a practice sends with a message: read where the message is, and nowhere else.

use crate::choices::stated;
use crate::clinic::{Clinic, principal, result};
use crate::portal::{enrol, visitor};
use postern_base::{Channel, Form, Level, MessageId, Phi};
use postern_engine::portal::{Aal, FileKind, NotNow, Upload, Visitor};
use postern_engine::{AcceptError, Accepted, UseError};
use postern_ledger::Proof;
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
    let renamed = send(&clinic, Some("k1"), &asked(), &[file("Exercises.txt", b"Oats at eight.\n")]).await;
    assert!(matches!(renamed, Err(AcceptError::Conflict)), "the patient would read another name: {renamed:?}");
    let without = send(&clinic, Some("k1"), &asked(), &[]).await;
    assert!(matches!(without, Err(AcceptError::Conflict)), "{without:?}");
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
async fn a_form_that_was_answered_before_is_not_written_once_more() {
    let clinic = Clinic::open().await;
    let body = serde_json::to_vec(&asked()).unwrap();
    // Three pieces. Gives how many writes there were too.
    let sent = async |line: &str| {
        let long = file("plan.txt", line.repeat(40_000).as_bytes());
        let before = clinic.engine.store().stats().writes;
        let sent = clinic.engine.accept_with(&clinic.principal, Some("k1"), &body, &[long]).await;
        (sent, clinic.engine.store().stats().writes - before)
    };
    let (first, writes) = sent("Oats at eight.\n").await;
    let first = first.unwrap().answer;
    assert!(writes >= 4, "its pieces and its message: {writes}");
    clinic.settle().await;
    let (again, writes) = sent("Oats at eight.\n").await;
    let again = again.unwrap();
    assert!(again.replayed && again.answer.id == first.id && again.answer.files == first.files);
    assert!(writes < 3, "{writes}");
    let (other, writes) = sent("Oats at nine.\n").await;
    assert!(matches!(other, Err(AcceptError::Conflict)), "{other:?}");
    assert!(writes < 3, "{writes}");
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

#[tokio::test]
async fn which_files_came_with_a_message_is_held_against_the_ledger_from_the_download_alone() {
    let other = file("leaflet.txt", b"Walk a little every day.\n");
    let (clinic, alma, message) = alma_with(&[plan(), other]).await;
    clinic.engine.store().publish().await.unwrap();
    let part = clinic.engine.history_with_proofs(&alma, None, 10).await.unwrap();
    let one = part.proven.iter().find(|proven| proven.message == message).unwrap();
    let (leaf, opening) = (one.leaf.as_ref().unwrap(), one.opening.as_ref().unwrap().reveal());
    let key = clinic.engine.proofs_key().unwrap();
    let proof = Proof::parse(one.proof.as_ref().unwrap()).unwrap();
    proof.verify(leaf.as_bytes(), &key.trim().parse().unwrap()).unwrap();
    let of = |content: &[u8]| {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, content);
        digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect::<String>()
    };
    let said = |first: &[u8], second: &[u8]| stated(opening, &format!("files\0\0{}\0{}", of(first), of(second)));
    let here = |commitment: String| leaf.contains(&format!("\"files\":\"{commitment}\""));
    assert!(here(said(b"Oats at eight.\n", b"Walk a little every day.\n")), "{leaf}");
    assert!(!here(said(b"Oats at nine.\n", b"Walk a little every day.\n")), "another file is not what came");
    assert!(!here(said(b"Walk a little every day.\n", b"Oats at eight.\n")), "nor is another order");
    // A message without files says nothing of any.
    let plain = send(&clinic, None, &result(None), &[]).await.unwrap().answer.id;
    clinic.engine.store().publish().await.unwrap();
    let part = clinic.engine.history_with_proofs(&alma, None, 10).await.unwrap();
    let plain = part.proven.iter().find(|proven| proven.message == plain).unwrap();
    assert!(!plain.leaf.as_ref().unwrap().contains("\"files\""));
}

#[tokio::test]
async fn who_sends_files_is_told_which_were_taken_and_of_a_refused_message_none() {
    let clinic = Clinic::open().await;
    let sent = send(&clinic, Some("k1"), &asked(), &[plan()]).await.unwrap().answer;
    let [one] = sent.files.as_slice() else { panic!("{:?}", sent.files) };
    assert_eq!((one.kind.as_str(), one.name.as_str(), one.bytes), ("text", "Meal plan.txt", 15));
    let sha256 = one.sha256.as_deref().unwrap();
    let known = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, b"Oats at eight.\n");
    let known: String = known.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(sha256, known);
    let again = send(&clinic, Some("k1"), &asked(), &[plan()]).await.unwrap();
    assert!(again.replayed && again.answer.files == sent.files, "the first answer again, with the files that are kept");
    let refused = send(&clinic, None, &asked(), &[plan()]).await.unwrap().answer;
    assert_eq!((refused.decision.outcome.as_str(), refused.files.len()), ("refuse", 0), "the same again is sent twice");
    assert!(send(&clinic, None, &crate::clinic::reminder("a9"), &[]).await.unwrap().answer.files.is_empty());
}

#[tokio::test]
async fn to_check_a_message_with_files_is_to_hear_what_sending_it_would_decide() {
    let clinic = Clinic::open().await;
    let check = async |request: &Value, files: &[Upload]| {
        let body = serde_json::to_vec(request).unwrap();
        clinic.engine.check_with(&clinic.principal, &body, files).await
    };
    let ways = |answer: &postern_engine::wire::Answer| {
        let ways = answer.deliveries.iter().map(|one| (one.channel, one.form, one.level));
        (answer.outcome.clone(), ways.collect::<Vec<_>>())
    };
    let mut plain = json!({"patient": "Patient/p1", "purpose": "treatment_update",
        "content": {"body": "Here is the way to our new house.", "level": "L0"}});
    let (with, without) = (check(&plain, &[plan()]).await.unwrap(), check(&plain, &[]).await.unwrap());
    assert_ne!(ways(&with), ways(&without), "a file is read in the portal alone");
    let sent = send(&clinic, None, &plain, &[plan()]).await.unwrap().answer;
    assert_eq!(ways(&with), ways(&sent.decision));
    assert_eq!(check(&plain, &[plan()]).await.unwrap().outcome, "refuse", "the same file again");
    assert_eq!(check(&plain, &[file("b.txt", b"Another.\n")]).await.unwrap().outcome, "send", "nothing was kept of it");
    for (field, request, files) in [
        ("content.level", result(None), vec![plan()]),
        ("file", asked(), vec![file("page.txt", b"<html><script>alert(1)</script>")]),
        ("content", crate::clinic::reminder("a9"), vec![plan()]),
    ] {
        let checked = check(&request, &files).await;
        assert!(matches!(&checked, Err(AcceptError::Malformed(error)) if error.field == field), "{checked:?}");
    }
    let mut away = crate::clinic::settings("Sunrise Health", "+15555550100");
    away["deployment"]["portal_available"] = json!(false);
    clinic.engine.put_tenant(&clinic.principal, &serde_json::to_vec(&away).unwrap()).await.unwrap();
    plain["content"]["body"] = json!("Here is the way to our new door.");
    let checked = check(&plain, &[plan()]).await;
    assert!(matches!(&checked, Err(AcceptError::Malformed(error)) if error.field == "file"), "{checked:?}");
}

#[tokio::test]
async fn what_was_sent_is_given_back_to_the_practice_alone_and_who_took_it_is_entered() {
    let clinic = Clinic::open().await;
    let sent = send(&clinic, None, &asked(), &[plan()]).await.unwrap().answer;
    let (engine, file) = (&clinic.engine, sent.files[0].id);
    let (kind, content) = engine.message_file(&clinic.principal, sent.id, file).await.unwrap();
    assert_eq!((kind, content.reveal().as_slice()), (FileKind::Text, b"Oats at eight.\n".as_slice()));
    let read = |codes: Vec<(String, String)>| codes.iter().filter(|(_, code)| code == "file_read").count();
    assert_eq!(read(clinic.codes(sent.id).await), 1);
    let other = clinic.send(&crate::clinic::reminder("a9")).await.id;
    assert!(matches!(engine.message_file(&clinic.principal, other, file).await, Err(UseError::NotFound)));
    clinic.found("harbor", "Harbor Health", "+15555550111").await;
    assert!(engine.message_file(&principal("harbor"), sent.id, file).await.is_err());
    let mut weak = clinic.principal.clone();
    weak.scopes = vec![postern_engine::Scope::MessagesRead];
    assert!(matches!(engine.message_file(&weak, sent.id, file).await, Err(UseError::Forbidden(_))));
    assert_eq!(read(clinic.codes(sent.id).await), 1, "who got nothing is not entered as if they had");
}
