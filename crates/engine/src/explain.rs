//! `postern explain`: one decision, without a store and without side effects.

use crate::facts::preferred;
use crate::identity::Texts;
use crate::policy;
use crate::render::{Rendered, Setting};
use crate::templates::Library;
use crate::unsubscribe;
use crate::visit;
use crate::wire::{Answer, Case, EhrStatus, WireError, parse};
use postern_ehr::Resource;
use postern_ehr::json::{Limits, check};
use postern_gate::change::Supposition;
use postern_gate::facts::Ehr;
use postern_gate::{Fact, Facts, Missing};
use serde_json::Value;

/// Stands where the random part of a link will be; nothing is sent from here.
const TOKEN: &str = "xxxxxxxxxxxxxxxx";

/// Decides a case.
///
/// # Errors
/// [`WireError`], naming the field that was not understood.
pub fn explain(case: &[u8]) -> Result<Answer, WireError> {
    let (Supposition { request, facts, policy }, rendered) = read(case)?;
    Ok(Answer::from(&postern_gate::examine(&request, &facts, &policy)).measured(&rendered.forms))
}

/// What a case gives the gate to decide on.
///
/// # Errors
/// [`WireError`], naming the field that was not understood.
pub fn read_case(case: &[u8]) -> Result<Supposition, WireError> {
    read(case).map(|(supposition, _)| supposition)
}

/// The same, with every form the message could take.
fn read(case: &[u8]) -> Result<(Supposition, Rendered), WireError> {
    // A key given twice can turn a denial into a permit; a case with one is refused as a whole.
    check(case, &Limits::default()).map_err(|refused| WireError::new(".", refused.to_string()))?;
    let case: Case = parse(case)?;
    case.request.tells_of_the_past(case.now).map_err(|error| error.within("request"))?;
    let request = case.request.to_gate().map_err(|error| error.within("request"))?;
    let resources = resources(&case.bundle.0)?;
    let record = postern_ehr::record(&resources, &request.patient, case.now);
    let event = request.event.as_deref().map_or(Fact::Unknown(Missing::NotRecorded), |reference| {
        postern_ehr::event(&resources, reference, &request.patient)
    });
    let event = visit::named_or_told(event, &case.request, &record.patient);
    if let Some(("state", what)) = case.tenant.defect() {
        return Err(WireError::new("tenant.state", what));
    }
    let tenant = case.tenant.to_gate();
    let texts = Texts::of(&record.identity);
    let vocabulary = case.tenant.vocabulary.vocabulary();
    let setting = Setting {
        tenant: &tenant,
        purpose: request.purpose,
        preferred: preferred(&record.patient),
        token: TOKEN,
        unsubscribe: unsubscribe::SAMPLE,
        library: Library::builtin(),
        postal: case.tenant.supposed_postal_address(),
        recipient: &texts.recipient(),
        vocabulary: vocabulary.as_ref(),
    };
    let rendered = Rendered::new(&case.request, setting).map_err(|error| error.within("request"))?;
    let mut history = case.history.to_gate()?;
    for earlier in &mut history.earlier {
        // A case does not say by which template; fail closed: by this one.
        earlier.template.clone_from(&rendered.content.template);
    }
    if let Some(index) = request.in_reply_to
        && index >= history.inbound.len()
    {
        return Err(WireError::new("request.in_reply_to", "no such message in `history.inbound`"));
    }
    let reachable = case.ehr.status == EhrStatus::Live;
    let away = Missing::EhrUnreachable;
    let mut facts = Facts {
        now: case.now,
        vendors: case.vendors.iter().map(crate::wire::Vendor::to_gate).collect(),
        certificates: case.transport.certificates(),
        email_tiers: case.transport.email_tiers.into_iter().map(|(d, tier)| (d.to_lowercase(), tier)).collect(),
        // CASES: `stale` = unreachable.
        ehr: if reachable { Ehr::Live } else { Ehr::Unreachable },
        patient: if reachable { record.patient } else { stale(record.patient, away) },
        consents: record.consents,
        related: record.related,
        event: if reachable || event.known().is_none() { event } else { Fact::Unknown(away) },
        history: Fact::Known(history),
        content: rendered.content.clone(),
        renditions: rendered.renditions(),
        // CASES: a fact of the deployment that is absent from a case is satisfied.
        deployment: case.deployment.of_a_case(),
        tenant,
    };
    // The time that a reminder tells in its own text is no record that could be away.
    let told = Some(facts.event.clone()).filter(|event| request.event.is_none() && event.known().is_some());
    for (fact, why) in case.unknown {
        fact.take(why, &mut facts);
    }
    facts.event = told.unwrap_or(facts.event);
    Ok((Supposition { request, facts, policy: policy::read(&case.tenant.policy) }, rendered))
}

/// The last known record is kept when the EHR is away: 45 CFR 164.522(b) holds against it even in an emergency; the gate
/// sees from `ehr` that it was not read just now.
fn stale<T>(fact: Fact<T>, why: Missing) -> Fact<T> {
    match fact {
        Fact::Known(value) => Fact::Known(value),
        Fact::Unknown(_) => Fact::Unknown(why),
    }
}

fn resources(bundle: &Value) -> Result<Vec<Resource>, WireError> {
    let object = bundle.as_object().ok_or_else(|| WireError::new("bundle", "expected a FHIR Bundle"))?;
    if object.get("resourceType").and_then(Value::as_str) != Some("Bundle") {
        return Err(WireError::new("bundle.resourceType", "expected `Bundle`"));
    }
    let entries = match object.get("entry") {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(entries)) => entries,
        Some(_) => return Err(WireError::new("bundle.entry", "expected a list")),
    };
    let mut resources = Vec::with_capacity(entries.len());
    for (index, entry) in entries.iter().enumerate() {
        let place = || format!("bundle.entry[{index}].resource");
        // What is passed over may be the denial: an entry that holds nothing is a slip of whoever wrote the case.
        let Some(resource) = entry.get("resource").filter(|resource| resource.is_object()) else {
            return Err(WireError::new(place(), "expected a FHIR resource"));
        };
        let resource =
            Resource::from_value(resource.clone()).map_err(|refused| WireError::new(place(), refused.to_string()))?;
        resources.push(resource);
    }
    Ok(resources)
}
