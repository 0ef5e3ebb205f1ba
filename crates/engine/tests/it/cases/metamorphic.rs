//! What must not change a decision, and what may change it in one direction only, tried on every case of the library. No expectation is
//! needed for it: the decision is compared with the one on the case as it stands. Where a case could be changed in many ways, its place in
//! the library says in which it is.

use super::library::library;
use postern_engine::read_case;
use postern_gate::{Decision, Outcome};
use serde_json::{Value, json};
use std::sync::LazyLock;

/// A case with its decision.
struct Decided {
    path: String,
    document: Value,
    decision: Decision,
}

/// The decision on a case; `None` when it is refused as not understood.
fn decided(case: &Value) -> Option<Decision> {
    read_case(case.to_string().as_bytes()).ok().map(|read| read.decide())
}

/// Every case that is decided.
fn cases() -> &'static [Decided] {
    static CASES: LazyLock<Vec<Decided>> = LazyLock::new(|| {
        let cases = library().into_iter().filter_map(|case| {
            let document: Value = serde_json::from_slice(&case.text).ok()?;
            let decision = decided(&document)?;
            Some(Decided { path: case.path, document, decision })
        });
        cases.collect()
    });
    assert!(CASES.len() > 400, "only {} cases are decided", CASES.len());
    &CASES
}

/// What a decision says, in the order of words: the order of reasons is nobody's.
fn said(decision: &Decision) -> (String, Vec<String>, Vec<String>) {
    let mut plan: Vec<String> = decision
        .deliveries
        .iter()
        .map(|d| format!("{:?} {} {:?} {:?} {:?}", d.channel, d.contact_point.reveal(), d.mode, d.form, d.not_before))
        .collect();
    plan.sort();
    let mut reasons: Vec<String> = decision
        .refusals
        .iter()
        .map(|reason| {
            let point = reason.contact_point.reveal();
            format!("{:?} {point} {:?} {} {}", reason.channel, reason.form, reason.effect.as_str(), reason.rule)
        })
        .collect();
    reasons.sort();
    reasons.dedup();
    (format!("{} {:?}", decision.outcome.as_str(), decision.waiting_for), plan, reasons)
}

/// What in `after` is not in `before`, and the other way round.
fn difference(before: &Decision, after: &Decision) -> String {
    let (before, after) = (said(before), said(after));
    let all =
        |said: &(String, Vec<String>, Vec<String>)| [vec![said.0.clone()], said.1.clone(), said.2.clone()].concat();
    let (before, after) = (all(&before), all(&after));
    let gone = before.iter().filter(|line| !after.contains(line)).map(|line| format!("\n  - {line}"));
    let come = after.iter().filter(|line| !before.contains(line)).map(|line| format!("\n  + {line}"));
    gone.chain(come).collect()
}

/// Tries `change` on every case that it changes, and asserts that `wrong` finds nothing to say of the decision before and after; a case
/// that is not understood any more has no decision after.
fn try_each(
    what: &str,
    least: usize,
    change: impl Fn(usize, &mut Value) -> bool,
    wrong: impl Fn(&Decision, Option<&Decision>) -> Option<String>,
) {
    let (mut tried, mut found) = (0, Vec::new());
    for (place, case) in cases().iter().enumerate() {
        let mut changed = case.document.clone();
        if !change(place, &mut changed) {
            continue;
        }
        tried += 1;
        let said = wrong(&case.decision, decided(&changed).as_ref());
        found.extend(said.map(|said| format!("{}: {said}", case.path)));
    }
    assert!(tried >= least, "{what}: only {tried} cases were tried");
    assert!(found.is_empty(), "{what}: wrong in {} cases:\n{}", found.len(), found.join("\n"));
}

/// Asserts that the decision stays.
fn changes_nothing(what: &str, least: usize, change: impl Fn(usize, &mut Value) -> bool) {
    try_each(what, least, change, |before, after| match after {
        Some(after) if said(after) == said(before) => None,
        Some(after) => Some(difference(before, after)),
        None => Some("is not understood any more".to_owned()),
    });
}

/// Whether anything goes to the patient now.
fn goes(decision: &Decision) -> bool {
    let now = |d: &postern_gate::Delivery| d.not_before.is_none() && !d.channel.is_human_task();
    decision.outcome == Outcome::Send && decision.deliveries.iter().any(now)
}

/// Asserts that nothing goes where nothing went before.
fn opens_nothing(what: &str, least: usize, change: impl Fn(usize, &mut Value) -> bool) {
    try_each(what, least, change, |before, after| {
        after.filter(|after| goes(after) && !goes(before)).map(|after| difference(before, after))
    });
}

fn list<'a>(case: &'a mut Value, at: &str) -> Option<&'a mut Vec<Value>> {
    case.pointer_mut(at)?.as_array_mut()
}

/// One of `length` places, by the place of a case; `None` where there is none.
fn one_of(length: usize, place: usize) -> Option<usize> {
    place.checked_rem(length)
}

#[test]
fn the_order_in_which_a_case_lists_things_never_changes_the_decision() {
    const LISTS: [&str; 9] = [
        "/bundle/entry",
        "/vendors",
        "/history/deliveries",
        "/history/opt_outs",
        "/history/number_checks",
        "/history/notices",
        "/tenant/link_domains",
        "/request/channels",
        "/request/content/categories",
    ];
    changes_nothing("another order", 400, |place, case| {
        let mut changed = false;
        for at in LISTS {
            let Some(list) = list(case, at).filter(|list| list.len() > 1) else { continue };
            changed = true;
            if place % 2 == 0 { list.reverse() } else { list.rotate_left(1) }
        }
        // A message that is answered is named by its place.
        let last = list(case, "/history/inbound").filter(|list| list.len() > 1).map(|list| {
            list.reverse();
            list.len() - 1
        });
        if let Some(last) = last
            && let Some(answered) = case["request"]["in_reply_to"].as_u64()
        {
            case["request"]["in_reply_to"] = json!(last - usize::try_from(answered).unwrap());
        }
        changed || last.is_some()
    });
}

#[test]
fn what_stands_on_the_record_of_a_stranger_changes_nothing() {
    let sms = |value: &str| json!({"system": "sms", "value": value});
    let of = |kind: &str, id: &str, rest: Value| {
        let mut resource = rest;
        resource["resourceType"] = json!(kind);
        resource["id"] = json!(id);
        json!({ "resource": resource })
    };
    let them = json!({"reference": "Patient/stranger"});
    let coded = |system: &str, code: &str| json!({"coding": [{"system": system, "code": code}]});
    let consents = "https://postern.example/fhir/CodeSystem/postern-consent";
    let flags = "https://postern.example/fhir/CodeSystem/postern-flag";
    let hiv = json!({"security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "HIV"}]});
    let strangers = [
        of(
            "Patient",
            "stranger",
            json!({"active": false, "deceasedBoolean": true, "birthDate": "2015-01-01", "meta": hiv,
            "telecom": [sms("+13125550188")], "address": [{"state": "TX", "country": "CA"}]}),
        ),
        of(
            "Consent",
            "stranger-1",
            json!({"status": "active", "patient": them, "provision": {"type": "deny"},
            "category": [coded(consents, "contact-consent")]}),
        ),
        of(
            "Consent",
            "stranger-2",
            json!({"status": "active", "patient": them, "provision": {"type": "deny"},
            "category": [coded(consents, "confidential-communication")]}),
        ),
        of("Consent", "stranger-3", json!({"status": 7, "patient": them})),
        of("Flag", "stranger-4", json!({"status": "active", "subject": them, "code": coded(flags, "endangerment")})),
        of(
            "Coverage",
            "stranger-5",
            json!({"status": "active", "beneficiary": them, "subscriber": {"reference": "Patient/x"}}),
        ),
        of("RelatedPerson", "stranger-6", json!({"patient": them, "telecom": [sms("+13125550189")]})),
    ];
    changes_nothing("a stranger", 400, |place, case| {
        let Some(entries) = list(case, "/bundle/entry") else { return false };
        let at = if place % 2 == 0 { 0 } else { entries.len() };
        entries.splice(at..at, strangers.iter().cloned());
        true
    });
}

/// Writes every instant in `value` in `offset`.
fn write_in(offset: jiff::tz::Offset, value: &mut Value) -> bool {
    match value {
        Value::String(text) => {
            let instant = text.contains('T').then(|| text.parse::<jiff::Timestamp>().ok()).flatten();
            instant.is_some_and(|instant| {
                *text = instant.display_with_offset(offset).to_string();
                true
            })
        }
        Value::Array(items) => {
            items.iter_mut().map(|item| write_in(offset, item)).filter(|written| *written).count() > 0
        }
        Value::Object(fields) => {
            fields.values_mut().map(|field| write_in(offset, field)).filter(|written| *written).count() > 0
        }
        _ => false,
    }
}

#[test]
fn the_offset_in_which_an_instant_is_written_never_changes_the_decision() {
    const OFFSETS: [i8; 5] = [-11, -4, 0, 5, 14];
    changes_nothing("another offset", 400, |place, case| {
        // What is given to a template is told as it is written.
        let data = case.pointer("/request/template/data").cloned();
        let written = write_in(jiff::tz::Offset::constant(OFFSETS[place % OFFSETS.len()]), case);
        if let Some(data) = data {
            case["request"]["template"]["data"] = data;
        }
        written
    });
}

#[test]
fn what_is_taken_away_of_agreements_verifications_and_permissions_opens_nothing() {
    opens_nothing("an agreement less", 400, |place, case| {
        let Some(vendors) = list(case, "/vendors") else { return false };
        one_of(vendors.len(), place).map(|at| vendors.remove(at)).is_some()
    });
    opens_nothing("a verification or permission less", 300, |place, case| {
        // By mail a code verifies an address and is nothing else: where it is verified there is nothing to do (OTP-02).
        let verifies = case["request"]["purpose"] == "one_time_code";
        let Some(entries) = list(case, "/bundle/entry").filter(|_| !verifies) else { return false };
        let mere = |resource: &Value| {
            // A Consent with a list or an exception inside takes away too, and one that is over is no permission.
            let provision = &resource["provision"];
            let permits =
                provision["type"] == "permit" && provision["provision"].is_null() && provision["period"].is_null();
            // What was to be kept back is no permission, however it was written down.
            let keeps = ["restriction", "confidential-communication"];
            let keeps = keeps.iter().any(|kind| resource["category"].to_string().contains(kind));
            resource["resourceType"] == "VerificationResult" || (permits && !keeps && resource["status"] == "active")
        };
        let found: Vec<usize> = (0..entries.len()).filter(|at| mere(&entries[*at]["resource"])).collect();
        one_of(found.len(), place).map(|at| entries.remove(found[at])).is_some()
    });
}

#[test]
fn a_fact_that_becomes_unknown_opens_nothing() {
    const FACTS: [&str; 22] = [
        "patient",
        "consents",
        "event",
        "history",
        "content",
        "renditions",
        "deployment.risk_record",
        "deployment.portal_available",
        "deployment.portal_two_factor",
        "deployment.actor",
        "deployment.reauthenticated",
        "deployment.template_approvals",
        "deployment.paused",
        "deployment.dkim",
        "deployment.voice_srtp",
        "deployment.no_trackers",
        "deployment.visitor_consent",
        "deployment.do_not_call",
        "deployment.do_not_call.national",
        "deployment.postal_address",
        "deployment.privacy_notice",
        "deployment.bias_tested",
    ];
    const WHY: [&str; 3] = ["not_recorded", "store_unavailable", "unreadable"];
    opens_nothing("a fact that is unknown", 400, |place, case| {
        case["unknown"][FACTS[place % FACTS.len()]] = json!(WHY[place % WHY.len()]);
        true
    });
    // The facts of most rules are tried on every case.
    opens_nothing("a record or history that is unknown", 400, |place, case| {
        case["unknown"][FACTS[place % 4]] = json!(WHY[(place / 4) % WHY.len()]);
        true
    });
}

#[test]
fn a_resource_that_turns_into_rubbish_is_refused_or_opens_nothing() {
    type Spoil = fn(&mut Value);
    const SPOILS: [(&str, Spoil); 9] = [
        ("a number", |resource| *resource = json!(7)),
        ("nothing", |resource| *resource = Value::Null),
        ("no type", |resource| drop(resource.as_object_mut().unwrap().remove("resourceType"))),
        ("a type of another type", |resource| resource["resourceType"] = json!(["Consent"])),
        ("a status of another type", |resource| resource["status"] = json!({"is": ["what"]})),
        ("no status", |resource| drop(resource.as_object_mut().unwrap().remove("status"))),
        ("a provision of another type", |resource| resource["provision"] = json!("deny")),
        ("labels of another type", |resource| resource["meta"] = json!({"security": "R"})),
        ("an id of another type", |resource| resource["id"] = json!({"id": 1})),
    ];
    for round in 0..2 {
        opens_nothing("a spoilt resource", 400, |place, case| {
            let (_, spoil) = SPOILS[place % SPOILS.len()];
            let Some(entries) = list(case, "/bundle/entry") else { return false };
            let Some(at) = one_of(entries.len(), place / SPOILS.len() + round) else { return false };
            let verifies = entries[at]["resource"]["resourceType"] == "VerificationResult";
            spoil(&mut entries[at]["resource"]);
            // A code by mail goes to an address that is not verified, to verify it, and to no other (OTP-02).
            !(verifies && case["request"]["purpose"] == "one_time_code")
        });
    }
}
