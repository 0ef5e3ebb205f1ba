//! What a state's law holds back for a while is nowhere in the portal until then, and is there afterwards behind the same sign-in.

use crate::clinic::{Clinic, EMAIL, NUMBER, result};
use crate::portal::{enrol, sign_in, visitor};
use crate::records;
use postern_base::{Channel, MessageId};
use postern_engine::portal::{Aal, NotNow, Visitor};
use serde_json::{Value, json};

/// Alma at home in Texas, and a biopsy of hers that became final an hour ago.
fn in_texas() -> Vec<Value> {
    let mut all = records::patient("p1", NUMBER, EMAIL);
    all[0]["address"][0] = json!({ "use": "home", "city": "Austin", "state": "TX", "postalCode": "78701" });
    let class =
        json!([{ "url": "https://postern.example/fhir/StructureDefinition/result-class", "valueCode": "malignancy" }]);
    all.push(json!({
        "resourceType": "DiagnosticReport", "id": "d1", "status": "final", "subject": { "reference": "Patient/p1" },
        "issued": "2026-12-01T14:00:00-05:00", "extension": class
    }));
    all
}

async fn told_of(clinic: &Clinic, alma: &Visitor, message: MessageId) -> bool {
    let engine = &clinic.engine;
    let (listed, _) = engine.portal_messages(alma, None, 50).await.unwrap();
    let part = engine.history_with_proofs(alma, None, 50).await.unwrap();
    let in_download = part.proven.iter().any(|one| one.message == message);
    let in_list = listed.iter().any(|one| one.message == message);
    assert_eq!(in_list, in_download);
    in_list
}

// Tex. Occ. Code 159.0062: not before the third day after it is final.
#[tokio::test]
async fn a_result_that_texas_holds_is_nowhere_until_its_day_and_then_asks_for_two_factors() {
    let clinic = Clinic::open().await;
    let (first, offer) = enrol(&clinic, "Patient/p1", None, "alma").await;
    clinic.import(in_texas()).await;
    let mut request = result(None);
    request["event"] = json!("DiagnosticReport/d1");
    request["content"]["body"] = json!("The biopsy shows a carcinoma of the breast. We will call you.");
    let sent = clinic.send(&request).await;
    clinic.settle().await;
    assert_eq!(sent.decision.outcome, "defer", "{:?}", sent.decision.refusals);
    let engine = &clinic.engine;
    let alma = visitor(&clinic, &first).await;
    assert!(!told_of(&clinic, &alma, sent.id).await);
    assert_eq!(engine.open_portal_message(&alma, sent.id).await.unwrap_err(), NotNow::NotFound);
    assert!(engine.portal_thread(&alma, sent.id).await.is_err() && engine.why(&alma, sent.id).await.is_err());
    for channel in [Channel::Sms, Channel::Email] {
        assert!(clinic.arrivals(channel).is_empty(), "nor does a notice tell that there is something");
    }
    // It is two in the afternoon of the first of December there. A minute before the fourth, still nothing: the clock alone opens it.
    clinic.minutes(57 * 60 + 59);
    clinic.settle().await;
    let again = sign_in(&clinic, &offer, "alma").await.unwrap();
    assert!(!told_of(&clinic, &visitor(&clinic, &again).await, sent.id).await);
    clinic.minutes(2);
    clinic.settle().await;
    let later = sign_in(&clinic, &offer, "alma").await.unwrap();
    let alma = visitor(&clinic, &later).await;
    assert!(told_of(&clinic, &alma, sent.id).await);
    let opened = engine.open_portal_message(&alma, sent.id).await.unwrap();
    assert!(opened.body.reveal().contains("carcinoma"));
    let mut weak = alma.clone();
    weak.aal = Aal::Aal1;
    assert_eq!(engine.open_portal_message(&weak, sent.id).await.unwrap_err(), NotNow::SignInStronger);
}
