//! Decisions made again from what was kept of them.

use crate::clinic::{Clinic, reminder, result, root, settings};
use crate::records;
use postern_base::EntryId;
use postern_engine::faults::NoFaults;
use postern_engine::replay::{Replay, replay};
use postern_ledger::{Entry, Kind};
use serde_json::json;
use std::sync::Arc;

async fn replayed(clinic: &Clinic) -> Replay {
    replay(clinic.folder(), root(), &|_| {}).await.unwrap()
}

/// A morning: one message goes out, one becomes a portal copy with a notice, one is refused, one meets a STOP.
async fn morning() -> Clinic {
    let mut resources = records::patient("p1", "+12125550101", "pat@example.org");
    resources.push(records::appointment("a1", "p1", "booked", "2026-12-04T14:00:00-05:00"));
    let mut clinic = Clinic::open_with(resources, Arc::new(NoFaults)).await;
    clinic.send(&reminder("a1")).await;
    clinic.settle().await;
    clinic.send(&result(None)).await;
    clinic.settle().await;
    clinic.send(&result(Some(&[postern_base::Channel::Sms]))).await;
    clinic.patient_writes("+12125550101", "STOP").await;
    clinic.hear().await;
    clinic.settle().await;
    clinic
}

#[tokio::test]
async fn every_decision_of_a_morning_comes_out_as_recorded_when_it_is_made_again() {
    let clinic = morning().await;
    let found = replayed(&clinic).await;
    assert_eq!(found.wrong, []);
    assert!(found.holds() && found.same >= 5, "{found:?}");
    assert_eq!((found.destroyed, found.other_form, found.other_rules.len()), (0, 0, 0));
}

#[tokio::test]
async fn a_policy_that_changed_since_does_not_change_what_was_decided_under_the_old_one() {
    let clinic = morning().await;
    let before = replayed(&clinic).await.same;
    let mut tightened = settings("Sunrise Health", "+15555550100");
    tightened["tenant"]["policy"] = json!({ "disabled_channels": ["sms"] });
    let text = serde_json::to_vec(&tightened).unwrap();
    clinic.engine.put_tenant(&clinic.principal, &text).await.unwrap();
    clinic.send(&result(None)).await;
    clinic.settle().await;
    let found = replayed(&clinic).await;
    assert_eq!(found.wrong, []);
    assert!(found.same > before, "{found:?}");
}

#[tokio::test]
async fn the_decisions_of_a_patient_whose_key_is_destroyed_are_counted_and_no_error() {
    let clinic = morning().await;
    let before = replayed(&clinic).await;
    let entry = Entry::new(
        EntryId::new(clinic.engine.clock().now(), &postern_base::SystemRng).unwrap(),
        clinic.tenant(),
        Kind::KeyDestroyed,
        clinic.engine.clock().now(),
    );
    let store = clinic.engine.store().tenant(&clinic.tenant());
    store.destroy_patient_key(&"p1".parse().unwrap(), entry).await.unwrap();
    let found = replayed(&clinic).await;
    assert_eq!((found.same, found.destroyed, found.holds()), (0, before.same, true), "{found:?}");
}
