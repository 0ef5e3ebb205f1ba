//! Two tenants in one database: every path tried with the other's ids.

use crate::clinic::{Clinic, NUMBER, principal, reminder, result};
use crate::records;
use postern_base::Channel;
use postern_engine::{AcceptError, UseError};

#[tokio::test]
async fn nothing_crosses_between_tenants() {
    let mut clinic = Clinic::open().await;
    let other = principal("harbor");
    clinic.found("harbor", "Harbor Clinic", "+15555550200").await;
    let answer = clinic.send(&result(None)).await;
    clinic.settle().await;

    let engine = &clinic.engine;
    assert_eq!(engine.message(&other, answer.id, true).await.unwrap_err(), UseError::NotFound);
    assert_eq!(engine.decision(&other, answer.id).await.unwrap_err(), UseError::NotFound);
    assert_eq!(engine.entries(&other, answer.id).await.unwrap_err(), UseError::NotFound);
    assert_eq!(engine.proof(&other, answer.id).await.unwrap_err(), UseError::NotFound);
    assert!(engine.messages_of(&other, "Patient/p1", None, 10).await.unwrap().is_empty());
    assert!(engine.portal_copies(&other, "Patient/p1", 10).await.unwrap().is_empty());
    assert!(engine.patients(&other, None, 10).await.unwrap().is_empty());
    let body = serde_json::to_vec(&reminder("a1")).unwrap();
    assert_eq!(engine.accept(&other, None, &body).await.unwrap_err(), AcceptError::NoSuchPatient);

    // The same patient id and number at both; STOP to one clinic's line does not bind the other.
    clinic.import_for(&other, records::patient("p1", NUMBER, "pat@example.org")).await;
    clinic.patient_writes(NUMBER, "STOP").await;
    let mut request = reminder("a1");
    request.as_object_mut().unwrap().remove("event");
    let body = serde_json::to_vec(&request).unwrap();
    let theirs = clinic.engine.accept(&other, Some("k"), &body).await.unwrap();
    assert!(theirs.answer.decision.deliveries.iter().any(|d| d.channel == Channel::Sms));
    let ours = clinic.engine.accept(&clinic.principal, Some("k"), &body).await.unwrap();
    assert!(!ours.replayed, "an idempotency key is the tenant's own");
    assert!(!ours.answer.decision.deliveries.iter().any(|d| d.channel == Channel::Sms));
}
