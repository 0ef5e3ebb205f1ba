//! The bypass matrix: one revoked consent, every origin and path, zero sends (invariant 1).

use crate::clinic::{Clinic, EMAIL, NUMBER};
use crate::records;
use postern_base::{Channel, Origin, Purpose, Urgency};
use postern_engine::faults::NoFaults;
use postern_engine::{Principal, PrincipalKind, Scope};
use serde_json::{Value, json};
use std::sync::Arc;

#[tokio::test]
async fn one_revoked_consent_stops_every_origin_purpose_and_urgency() {
    let mut resources = records::patient("p1", NUMBER, EMAIL);
    resources.push(records::consent("p1", "sms", NUMBER, "deny"));
    resources.push(records::consent("p1", "email", EMAIL, "deny"));
    let clinic = Clinic::open_with(resources, Arc::new(NoFaults)).await;
    every_way(&clinic).await;
    clinic.settle().await;
    assert_eq!(clinic.inbox.taken(), 0);
}

#[tokio::test]
async fn one_stop_stops_every_origin_purpose_and_urgency() {
    let mut clinic = Clinic::open().await;
    clinic.patient_writes(NUMBER, "STOP").await;
    clinic.settle().await;
    assert_eq!(clinic.arrivals(Channel::Sms).len(), 1, "the one confirmation");
    every_way(&clinic).await;
    clinic.settle().await;
    let texts = clinic.arrivals(Channel::Sms);
    assert_eq!(texts.len(), 1, "{:?}", texts.iter().map(|t| t.body.reveal().clone()).collect::<Vec<_>>());
}

/// Asks in every way the interfaces offer.
async fn every_way(clinic: &Clinic) {
    let kinds = [PrincipalKind::ApiKey, PrincipalKind::Staff, PrincipalKind::System];
    for kind in kinds {
        let principal = Principal {
            tenant: clinic.tenant(),
            id: "k".into(),
            kind,
            scopes: vec![Scope::Admin],
            holder: clinic.principal.holder.clone(),
        };
        for origin in Origin::ALL {
            for purpose in Purpose::ALL {
                for urgency in Urgency::ALL {
                    let body =
                        format!("Sunrise Health: {purpose} {origin} {urgency} {}. Call 555-555-0100", kind.as_str());
                    let mut request = json!({
                        "patient": "Patient/p1", "purpose": purpose, "origin": origin, "urgency": urgency,
                        "content": {"body": body}, "channels": ["sms", "email"], "in_reply_to": null,
                    });
                    refused(clinic, &principal, request.clone(), *origin).await;
                    if let Some(template) = template_of(*purpose) {
                        request["template"] = template;
                        request.as_object_mut().unwrap().remove("content");
                        refused(clinic, &principal, request, *origin).await;
                    }
                }
            }
        }
    }
}

/// A built-in template with what it needs, for the purposes whose template needs little.
fn template_of(purpose: Purpose) -> Option<Value> {
    match purpose {
        Purpose::AppointmentReminder => Some(json!({
            "name": "appointment_reminder", "data": {"start": "2026-12-04T14:00", "site": "12 Main St"}
        })),
        Purpose::OneTimeCode => Some(json!({ "name": "one_time_code", "data": {"code": "482913"} })),
        _ => None,
    }
}

/// Asks, and nothing by text is planned.
async fn refused(clinic: &Clinic, principal: &Principal, request: Value, origin: Origin) {
    let answer = clinic.engine.accept(principal, None, &serde_json::to_vec(&request).unwrap()).await;
    let claimed_staff = principal.kind == PrincipalKind::ApiKey && origin == Origin::Staff;
    match answer {
        Ok(accepted) => {
            let planned = &accepted.answer.decision.deliveries;
            let texts = planned.iter().filter(|d| d.channel == Channel::Sms).count();
            assert_eq!(texts, 0, "{request}: {planned:?}");
        }
        Err(error) => assert!(claimed_staff, "{error}"),
    }
}
