//! The accounting of disclosures: what people recorded, and what went astray.

use crate::clinic::{Clinic, EMAIL, NUMBER, reminder};
use crate::records;
use jiff::{SignedDuration, Timestamp};
use postern_engine::faults::NoFaults;
use postern_engine::wire::{DisclosureView, Known};
use postern_engine::{Disclosures, Notices, OfPatient, UseError};
use serde_json::{Value, json};
use std::sync::Arc;

async fn clinic() -> Clinic {
    let mut resources = records::patient("p1", NUMBER, EMAIL);
    for event in ["a1", "a2"] {
        resources.push(records::appointment(event, "p1", "booked", "2026-12-10T14:00:00-05:00"));
    }
    Clinic::open_with(resources, Arc::new(NoFaults)).await
}

async fn accounting(clinic: &Clinic) -> Vec<DisclosureView> {
    clinic.engine.disclosures(&clinic.principal, "p1").await.unwrap()
}

fn new<T: serde::de::DeserializeOwned>(document: &Value) -> T {
    serde_json::from_value(document.clone()).unwrap()
}

async fn record(clinic: &Clinic, at: Timestamp, recipient: &str) -> Result<DisclosureView, UseError> {
    let document = json!({"at": at, "recipient": recipient, "address": "200 Oak St, Albany NY",
        "what": "dates of two visits", "purpose": "45 CFR 164.512(b): report of a disease"});
    clinic.engine.add_disclosure(&clinic.principal, "p1", &new(&document)).await
}

/// 45 CFR 164.528(a)(1)(i)-(ii): care, payment and operations, and what the individual is told, are no part of an accounting.
#[tokio::test]
async fn what_reaches_the_patient_is_no_part_of_the_accounting_and_what_went_to_a_stranger_is() {
    let mut clinic = clinic().await;
    clinic.send(&reminder("a1")).await;
    clinic.settle().await;
    let sent = clinic.engine.clock().now();
    assert_eq!(accounting(&clinic).await, []);

    clinic.minutes(30);
    clinic.patient_writes(NUMBER, "Wrong number").await;
    clinic.hear().await;
    let told = accounting(&clinic).await;
    assert_eq!(told.len(), 1, "the text went there, the portal copy did not: {told:?}");
    let one = &told[0];
    assert_eq!((one.known, one.address.as_deref()), (Known::Misdirected, Some(NUMBER)));
    assert!(one.at <= sent && one.known_at > sent && one.what.contains("appointment_reminder"), "{one:?}");
    assert!(!format!("{told:?}").contains(NUMBER), "it is printed to no log");
}

/// What was verified after a message went there was the patient's when it went.
#[tokio::test]
async fn what_went_to_a_number_before_it_was_verified_again_did_not_go_astray() {
    let mut clinic = clinic().await;
    clinic.send(&reminder("a1")).await;
    clinic.settle().await;
    clinic.minutes(30);
    let verified = json!({"contact_point": NUMBER, "verified": true, "how": "by a code"});
    clinic.engine.add_verification(&clinic.principal, "p1", &new(&verified)).await.unwrap();
    clinic.minutes(30);
    clinic.patient_writes(NUMBER, "Wrong number").await;
    clinic.hear().await;
    assert_eq!(accounting(&clinic).await, []);
}

#[tokio::test]
async fn a_number_that_a_look_up_or_a_person_found_to_be_somebody_elses_counts_too() {
    let by_look_up = clinic().await;
    by_look_up.send(&reminder("a1")).await;
    by_look_up.settle().await;
    by_look_up.minutes(30);
    let reassigned = json!({"number": NUMBER, "source": "a database", "reassigned": "yes", "known_on": "2026-11-30"});
    by_look_up.engine.add_number_check(&by_look_up.principal, "p1", &new(&reassigned)).await.unwrap();
    assert_eq!(accounting(&by_look_up).await.len(), 1);

    let by_a_person = clinic().await;
    by_a_person.send(&reminder("a1")).await;
    by_a_person.settle().await;
    by_a_person.minutes(30);
    let not_theirs = json!({"contact_point": NUMBER, "verified": false, "how": "on the phone"});
    by_a_person.engine.add_verification(&by_a_person.principal, "p1", &new(&not_theirs)).await.unwrap();
    assert_eq!(accounting(&by_a_person).await.len(), 1);
}

/// 45 CFR 164.528(a)(1), (b)(2): six years back, each with date, recipient and address, what, and what for.
#[tokio::test]
async fn what_people_recorded_is_accounted_for_six_years_and_no_longer() {
    let clinic = clinic().await;
    let now = clinic.engine.clock().now();
    let ago = |days: i64| now.checked_sub(SignedDuration::from_hours(24 * days)).unwrap();
    record(&clinic, ago(10), "County health department").await.unwrap();
    record(&clinic, ago(6 * 365), "A court").await.unwrap();
    record(&clinic, ago(6 * 366), "Too long ago").await.unwrap();
    let told = accounting(&clinic).await;
    let who: Vec<&str> = told.iter().map(|one| one.recipient.as_str()).collect();
    assert_eq!(who, ["A court", "County health department"], "oldest first");
    assert_eq!((told[0].known, told[0].address.as_deref()), (Known::Recorded, Some("200 Oak St, Albany NY")));
    assert_eq!((told[0].what.as_str(), told[0].at), ("dates of two visits", ago(6 * 365)));
    assert!(told[0].purpose.contains("164.512"));

    let tomorrow = now.checked_add(SignedDuration::from_hours(24)).unwrap();
    assert!(matches!(record(&clinic, tomorrow, "Nobody yet").await, Err(UseError::Malformed(_))));
    assert!(matches!(record(&clinic, now, " ").await, Err(UseError::Malformed(_))));
}

#[tokio::test]
async fn that_nothing_is_on_record_is_only_said_of_a_patient_who_is_there() {
    let clinic = clinic().await;
    let (engine, principal) = (&clinic.engine, &clinic.principal);
    assert_eq!(Disclosures::list(engine, principal, "p1").await.unwrap(), []);
    assert!(matches!(Disclosures::list(engine, principal, "nobody").await, Err(UseError::NotFound)));
    assert!(matches!(Notices::list(engine, principal, "nobody").await, Err(UseError::NotFound)));
}
