//! What the clinic wants to say this morning.

use super::clinic::{DemoPatient, patients};
use jiff::ToSpan as _;
use jiff::civil::Date;
use serde_json::{Value, json};

/// One request.
#[derive(Debug, Clone)]
pub(crate) struct Wish {
    /// For whom.
    pub(crate) patient: DemoPatient,
    /// A word for the screen when the purpose alone does not say it.
    pub(crate) note: &'static str,
    /// The body of `POST /v1/messages`.
    pub(crate) request: Value,
}

/// Every request of the morning of `today`, in order.
pub(crate) fn wishes(today: Date) -> Vec<Wish> {
    let everybody = patients();
    let mut wishes: Vec<Wish> = everybody.iter().map(|patient| reminder(patient, today)).collect();
    for patient in &everybody {
        match patient.number {
            1 | 5 | 31 | 37 | 38 => wishes.push(result(patient)),
            39 => wishes.push(result_in_full(patient)),
            2 | 22 => wishes.push(statement(patient, today)),
            3 => wishes.push(code(patient)),
            4 => {
                wishes.push(written(patient, Some("sms")));
                wishes.push(written(patient, None));
            }
            6 => wishes.push(Wish { note: "the same again", ..reminder(patient, today) }),
            _ => {}
        }
    }
    wishes
}

fn reference(patient: &DemoPatient) -> String {
    format!("Patient/{}", patient.id())
}

fn wish(patient: &DemoPatient, note: &'static str, request: Value) -> Wish {
    Wish { patient: patient.clone(), note, request }
}

fn reminder(patient: &DemoPatient, today: Date) -> Wish {
    let day = today.saturating_add(2.days());
    let request = json!({
        "patient": reference(patient), "purpose": "appointment_reminder", "event": patient.visit(), "origin": "bulk",
        "template": {
            "name": "appointment_reminder",
            "data": { "start": format!("{day}T{:02}:00", patient.hour()), "site": "Main Street" },
        },
    });
    wish(patient, patient.situation.words(), request)
}

fn result(patient: &DemoPatient) -> Wish {
    let request = json!({
        "patient": reference(patient), "purpose": "test_result", "event": format!("DiagnosticReport/report-{}", patient.id()),
        "template": { "name": "test_result", "data": { "test": "HbA1c", "value": "8.2 %" } },
    });
    wish(patient, patient.situation.words(), request)
}

/// A result that the clinic would like to mail in full.
fn result_in_full(patient: &DemoPatient) -> Wish {
    let mut wish = result(patient);
    if let Some(request) = wish.request.as_object_mut() {
        request.insert("email_mode".into(), json!("enforced_tls"));
    }
    wish
}

fn statement(patient: &DemoPatient, today: Date) -> Wish {
    let request = json!({
        "patient": reference(patient), "purpose": "billing",
        "template": {
            "name": "billing_statement",
            "data": { "amount": "120.00", "due": today.saturating_add(30.days()).to_string() },
        },
    });
    wish(patient, patient.situation.words(), request)
}

fn code(patient: &DemoPatient) -> Wish {
    let request = json!({
        "patient": reference(patient), "purpose": "one_time_code",
        "template": { "name": "one_time_code", "data": { "code": "402913" } },
    });
    wish(patient, "", request)
}

/// A result that staff wrote out, with a value in it.
fn written(patient: &DemoPatient, only: Option<&str>) -> Wish {
    let mut request = json!({
        "patient": reference(patient), "purpose": "test_result", "origin": "staff",
        "event": format!("DiagnosticReport/report-{}", patient.id()),
        "content": { "body": "Your HbA1c came back at 8.2 %. Please start the diet we discussed.", "language": "en" },
    });
    let note = match (only, request.as_object_mut()) {
        (Some(channel), Some(request)) => {
            request.insert("channels".into(), json!([channel]));
            "HbA1c, by text only"
        }
        _ => "HbA1c, any way",
    };
    wish(patient, note, request)
}
