//! What would change a decision, done: each alternative that is offered for a case is written into the case as those whom it names would bring
//! it about (a resource on the record, a line in the history, a setting of the practice, another request), and the case is decided anew. So
//! no alternative promises what the records would not keep.

use super::answer;
use super::library::library;
use postern_base::Channel;
use postern_engine::wire::{Answer, AnsweredChange};
use postern_engine::{explain, wire::AnsweredDelivery};
use serde_json::{Value, json};

const URL: &str = "https://postern.example/fhir/StructureDefinition";
const CARE: [&str; 6] = ["TREAT", "HPAYMT", "HOPERAT", "PATADMIN", "CAREMGT", "HMARKT"];

/// Alternatives that nobody can write down beforehand, because what a person would find in them is not in the case.
const READ_BY_A_PERSON: [&str; 3] = ["read_consent", "read_flag", "read_text"];

#[test]
fn what_is_offered_comes_true_when_it_is_done() {
    let (mut done, mut wrong) = (0, Vec::new());
    for case in library() {
        let Ok(before) = answer(&case) else { continue };
        let document: Value = serde_json::from_slice(&case.text).unwrap();
        for alternative in before.changes.into_iter().flat_map(|changes| changes.alternatives) {
            if alternative.changes.iter().any(|change| READ_BY_A_PERSON.contains(&change.change.as_str())) {
                continue;
            }
            done += 1;
            let mut changed = document.clone();
            alternative.changes.iter().for_each(|change| bring_about(&mut changed, change));
            let after = explain(changed.to_string().as_bytes());
            // Under another name every text is made anew, and which of them fits is not foreseen: that it goes is.
            // So with a policy, of which the practice says what stands in it once it is mended, and with a denial of everything, which is
            // taken back whole.
            let open = |change: &AnsweredChange| match change.change.as_str() {
                "set_neutral_alias" | "mend_policy" => true,
                word => word == "lift_denial" && change.channel == Some(Channel::Portal),
            };
            if alternative.changes.iter().any(open)
                && after.as_ref().is_ok_and(|after| after.outcome == alternative.outcome)
            {
                continue;
            }
            if let Some(found) = differs(&alternative.outcome, &alternative.deliveries, after.as_ref()) {
                let what: Vec<String> = alternative.changes.iter().map(|change| format!("{change:?}")).collect();
                wrong.push(format!("{}: {}: {found}", case.path, what.join(", ")));
            }
        }
    }
    assert!(done > 1_000, "only {done} alternatives");
    assert!(wrong.is_empty(), "{} of {done} do not come true:\n{}", wrong.len(), wrong.join("\n"));
}

/// How an answer is not the one that was promised.
fn differs(
    outcome: &str,
    promised: &[AnsweredDelivery],
    after: Result<&Answer, &postern_engine::wire::WireError>,
) -> Option<String> {
    let after = match after {
        Ok(after) => after,
        Err(error) => return Some(format!("not understood: {error}")),
    };
    let plan = |deliveries: &[AnsweredDelivery]| {
        let mut plan: Vec<String> = deliveries
            .iter()
            .map(|d| format!("{} {} {:?} {} {:?}", d.channel, d.contact_point, d.mode, d.form, d.not_before))
            .collect();
        plan.sort();
        plan
    };
    let (wanted, found) = (plan(promised), plan(&after.deliveries));
    if outcome == after.outcome && wanted == found {
        return None;
    }
    let mut stands: Vec<String> =
        after.refusals.iter().map(|refusal| format!("{} {}", refusal.rule, refusal.sentence)).collect();
    stands.sort();
    stands.dedup();
    Some(format!("{outcome} {wanted:?} was promised, {} {found:?} came; {stands:?}", after.outcome))
}

/// Brings a change about in a case.
fn bring_about(case: &mut Value, change: &AnsweredChange) {
    let word = change.change.as_str();
    match word {
        "wait" => case["now"] = json!(change.until.unwrap()),
        "system_answers" => {
            case["ehr"]["status"] = json!("live");
            case.as_object_mut().unwrap().remove("unknown");
        }
        "mend_policy" => case["tenant"]["policy"] = json!({}),
        "set_neutral_alias" => case["tenant"]["sender"] = json!({"alias": "Valley Care", "reveals_specialty": false}),
        "enable_channel" => {
            let off = case["tenant"]["policy"]["disabled_channels"].as_array_mut().unwrap();
            off.retain(|channel| channel.as_str() != change.channel.map(|channel| channel.as_str()));
        }
        "look_up_domain" => {
            let (_, domain) = change.contact_point.as_deref().and_then(|address| address.rsplit_once('@')).unwrap();
            transport(case)["email_tiers"][domain] = json!("sts");
        }
        "record_certificate" => {
            let good = json!({"not_before": "2020-01-01T00:00:00Z", "not_after": "2030-01-01T00:00:00Z", "trusted": true,
                "names_address": true, "revoked": false});
            transport(case)["certificates"][change.contact_point.as_deref().unwrap()] = good;
        }
        "execute_agreement" | "amend_agreement" | "register_sender" | "cover_model" => agree(case, change),
        _ if asks(case, change) || records(case, change) || remembers(case, change) || sets_up(case, word) => {}
        other => panic!("nobody knows how to bring about {other}"),
    }
}

/// What is known of how mail travels.
fn transport(case: &mut Value) -> &mut Value {
    let known = &mut case["transport"];
    if known.is_null() {
        *known = json!({});
    }
    known
}

// ---- the request

/// What the caller would ask otherwise; `false` = it is not the caller's.
fn asks(case: &mut Value, change: &AnsweredChange) -> bool {
    let now: jiff::Timestamp = case["now"].as_str().unwrap().parse().unwrap();
    let later = |minutes: i64| json!(now.checked_add(jiff::SignedDuration::from_mins(minutes)).unwrap());
    let tenant = case["tenant"].clone();
    let request = &mut case["request"];
    match change.change.as_str() {
        "allow_portal" => request["channels"].as_array_mut().unwrap().push(json!("portal")),
        "allow_channel" => request["channels"].as_array_mut().unwrap().push(json!(change.channel.unwrap())),
        "leave_basis_open" => request["basis"] = Value::Null,
        "extend_expiry" => request["expires_at"] = Value::Null,
        "shorten_code" => request["expires_at"] = later(4),
        "shorten_text" => {
            let body = request["content"]["body"].as_str().unwrap();
            let mut words: Vec<&str> = body.split(' ').collect();
            while words.join(" ").chars().count() > 160 {
                words.remove(words.len() / 2);
            }
            request["content"]["body"] = json!(words.join(" "));
        }
        "name_sender" => {
            let name = tenant["sender"]["alias"].as_str().or(tenant["name"].as_str()).unwrap();
            let number = tenant["callback"].as_str().unwrap_or("+15555550100");
            if request["content"]["body"].is_string() {
                let body = request["content"]["body"].as_str().unwrap();
                request["content"]["body"] = json!(format!("{name}: {body} Call {number}. Reply STOP to opt out"));
            }
            case["tenant"]["callback"] = json!(number);
        }
        "mend_links" => {
            let body = request["content"]["body"].as_str().unwrap();
            let words = body.split(' ').filter(|word| !word.contains('/') && !word.trim_end_matches(':').contains(':'));
            request["content"]["body"] = json!(words.collect::<Vec<_>>().join(" "));
        }
        "complete_notice" => {
            request["breach"]["elements"] = json!(["what_happened", "information", "steps", "response", "contact"]);
        }
        "verify_identity" => request["voice"]["identity_verified"] = json!(true),
        "disclose_machine" => request["voice"]["disclosed"] = json!(true),
        "agree_to_recording" => request["voice"]["recording_consent"] = json!(true),
        "break_glass" => {
            request["urgency"] = json!("emergency");
            request["origin"] = json!("staff");
            request["break_glass"] =
                json!({"actor": "Practitioner/ana-ruiz", "reason": "a critical value", "expires_at": later(60)});
        }
        "review_text" => {
            if request["ai"].is_null() {
                request["ai"] = json!({"generated": true, "clinical": false});
            }
            request["ai"]["human_reviewed"] = json!(true);
        }
        _ => return false,
    }
    true
}

// ---- the record

fn point(change: &AnsweredChange) -> (&'static str, &str) {
    let system = match change.channel.unwrap().as_str() {
        "sms" => "sms",
        "email" => "email",
        "voice" => "phone",
        _ => "other",
    };
    (system, change.contact_point.as_deref().unwrap())
}

/// The entries of the bundle, as resources.
fn resources(case: &mut Value) -> impl Iterator<Item = &mut Value> {
    case["bundle"]["entry"].as_array_mut().unwrap().iter_mut().map(|entry| &mut entry["resource"])
}

fn put(case: &mut Value, resource: Value) {
    case["bundle"]["entry"].as_array_mut().unwrap().push(json!({ "resource": resource }));
}

fn is_consent(resource: &Value, kind: &str) -> bool {
    resource["resourceType"] == "Consent" && resource["category"].to_string().contains(&format!("\"{kind}\""))
}

/// Leave to use a contact point, as it stands in a provision.
fn here(change: &AnsweredChange) -> Value {
    let (system, value) = point(change);
    let channel = match change.channel.unwrap().as_str() {
        "messaging_app" => {
            json!({"system": "https://postern.example/fhir/CodeSystem/postern-channel", "code": "messaging_app"})
        }
        _ => json!({"system": "http://hl7.org/fhir/contact-point-system", "code": system}),
    };
    json!({"type": "permit", "extension": [
        {"url": format!("{URL}/contact-channel"), "valueCodeableConcept": {"coding": [channel]}},
        {"url": format!("{URL}/contact-point"), "valueContactPoint": {"system": system, "value": value}}]})
}

fn with_purposes(mut provision: Value, purposes: &[&str]) -> Value {
    let coded = purposes
        .iter()
        .map(|code| json!({"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": code}));
    provision["purpose"] = coded.collect();
    provision
}

/// A Consent that the patient gives and signs now.
fn consent(case: &mut Value, kind: &str, provision: Value) {
    let patient = case["request"]["patient"].clone();
    let given = json!({"resourceType": "Consent", "id": format!("new-{kind}"), "status": "active",
        "category": [{"coding": [{"system": "https://postern.example/fhir/CodeSystem/postern-consent", "code": kind}]}],
        "patient": {"reference": patient}, "dateTime": case["now"], "provision": provision,
        "sourceReference": {"reference": "DocumentReference/signed"}, "performer": [{"reference": patient}]});
    put(case, given);
}

/// What the record would say otherwise; `false` = it is not the record's.
fn records(case: &mut Value, change: &AnsweredChange) -> bool {
    let recipient = case["request"]["recipient"]["ref"].clone();
    // A release names the care that is specially protected, where there is any.
    let protected = case["request"]["content"]["categories"].to_string().contains("hiv");
    let to_person = || {
        let coded = json!({"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "code": "PRCP"}]});
        let mut provision =
            json!({"type": "permit", "actor": [{"role": coded, "reference": {"reference": recipient}}]});
        if protected {
            provision["securityLabel"] =
                json!([{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "HIV"}]);
        }
        provision
    };
    match change.change.as_str() {
        "record_consent" => consent(case, "contact-consent", with_purposes(here(change), &CARE)),
        "acknowledge_email_risk" => consent(case, "email-risk-acknowledgement", here(change)),
        "sign_marketing_text" => consent(case, "marketing-text-consent", with_purposes(here(change), &["HMARKT"])),
        "agree_to_notice" => consent(case, "electronic-notice", here(change)),
        "request_access" => {
            let mut provision = with_purposes(here(change), &CARE);
            let plain = json!({"url": format!("{URL}/contact-mode"), "valueCode": "plain"});
            provision["extension"].as_array_mut().unwrap().push(plain);
            consent(case, "access-request", provision);
            // Warned of the risk, as the sentence says.
            let told = json!({"contact_point": change.contact_point, "kind": "email_risk", "at": case["now"]});
            listed(case, "notices").push(told);
        }
        "sign_authorization" => {
            let mut provision = with_purposes(json!({"type": "permit", "period": {"end": "2030-01-01"}}), &["HMARKT"]);
            if let Some(event) = case["request"]["event"].as_str() {
                provision["data"] = json!([{"meaning": "instance", "reference": {"reference": event}}]);
            }
            provision["extension"] = json!([{"url": format!("{URL}/remuneration-disclosed"), "valueBoolean": true}]);
            consent(case, "marketing-authorization", provision);
        }
        "grant_person" => consent(case, "proxy-communication", to_person()),
        "sign_part2_consent" => consent(case, "part2-consent", to_person()),
        "lift_denial" if change.channel.unwrap().as_str() == "portal" => {
            let denials = resources(case).filter(|resource| is_consent(resource, "contact-consent"));
            let whole = denials.filter(|resource| resource["provision"]["type"] == "deny");
            whole.for_each(|resource| resource["status"] = json!("inactive"));
        }
        "lift_denial" => change_consents(case, "contact-consent", &with_purposes(here(change), &CARE)),
        "list_address" => change_consents(case, "confidential-communication", &here(change)),
        "end_restriction" => {
            let restrictions = resources(case).filter(|resource| is_consent(resource, "restriction"));
            restrictions.for_each(|resource| resource["status"] = json!("inactive"));
        }
        "verify_point" => verify(case, change),
        "record_mailbox" => of_point(case, change, "mailbox-kind", "personal"),
        "record_line_type" => of_point(case, change, "line-type", "mobile"),
        "confirm_in_use" => {
            let (system, value) = point(change);
            for telecom in telecoms(case).filter(|it| it["system"] == system && it["value"] == value) {
                telecom.as_object_mut().unwrap().retain(|key, _| key != "period" && key != "use");
            }
        }
        "release_result" => {
            let now = case["now"].clone();
            for report in resources(case).filter(|resource| resource["resourceType"] == "DiagnosticReport") {
                if report["extension"].is_null() {
                    report["extension"] = json!([]);
                }
                let url = format!("{URL}/clinician-release");
                let extensions = report["extension"].as_array_mut().unwrap();
                extensions.retain(|extension| extension["url"] != url.as_str());
                extensions.push(json!({"url": url, "valueDateTime": now}));
            }
        }
        _ => return false,
    }
    true
}

/// Excepts a contact point inside every Consent of a kind that is in force.
fn change_consents(case: &mut Value, kind: &str, permit: &Value) {
    for resource in resources(case).filter(|resource| is_consent(resource, kind) && resource["status"] == "active") {
        except(&mut resource["provision"], permit);
    }
}

fn except(provision: &mut Value, permit: &Value) {
    if provision["provision"].is_null() {
        provision["provision"] = json!([]);
    }
    let inside = provision["provision"].as_array_mut().unwrap();
    inside.iter_mut().filter(|one| one["type"] == "deny").for_each(|one| except(one, permit));
    inside.push(permit.clone());
}

fn telecoms(case: &mut Value) -> impl Iterator<Item = &mut Value> {
    let people = resources(case).filter(|it| it["resourceType"] == "Patient" || it["resourceType"] == "RelatedPerson");
    people.filter_map(|person| person.get_mut("telecom")?.as_array_mut()).flatten()
}

/// Writes an extension of a contact point.
fn of_point(case: &mut Value, change: &AnsweredChange, name: &str, code: &str) {
    let (system, value) = point(change);
    let url = format!("{URL}/{name}");
    for telecom in telecoms(case).filter(|telecom| telecom["system"] == system && telecom["value"] == value) {
        if telecom["extension"].is_null() {
            telecom["extension"] = json!([]);
        }
        let extensions = telecom["extension"].as_array_mut().unwrap();
        extensions.retain(|extension| extension["url"] != url.as_str());
        extensions.push(json!({"url": url, "valueCode": code}));
    }
}

/// The patient, or the person, verifies a contact point with a code now.
fn verify(case: &mut Value, change: &AnsweredChange) {
    let (system, value) = point(change);
    let holds = |person: &&mut Value| {
        let telecoms = person["telecom"].as_array();
        telecoms.is_some_and(|all| all.iter().any(|one| one["system"] == system && one["value"] == value))
    };
    let named = |it: &mut Value| format!("{}/{}", it["resourceType"].as_str().unwrap(), it["id"].as_str().unwrap());
    let holder = resources(case).find(holds).map(named).unwrap();
    let (place, now) = (format!("system='{system}' and value='{value}'"), case["now"].clone());
    let entries = case["bundle"]["entry"].as_array_mut().unwrap();
    entries.retain(|entry| {
        let resource = &entry["resource"];
        resource["resourceType"] != "VerificationResult" || !resource["targetLocation"].to_string().contains(&place)
    });
    let kind = holder.split('/').next().unwrap();
    put(
        case,
        json!({"resourceType": "VerificationResult", "id": "new-verification", "status": "validated",
        "target": [{"reference": holder}], "targetLocation": [format!("{kind}.telecom.where({place})")],
        "statusDate": now, "lastPerformed": now}),
    );
}

// ---- the history

fn listed<'a>(case: &'a mut Value, name: &str) -> &'a mut Vec<Value> {
    let list = &mut case["history"][name];
    if list.is_null() {
        *list = json!([]);
    }
    list.as_array_mut().unwrap()
}

/// What would be said, told or looked up; `false` = it is nothing of the history.
fn remembers(case: &mut Value, change: &AnsweredChange) -> bool {
    let (now, place) = (case["now"].clone(), change.contact_point.clone());
    match change.change.as_str() {
        "look_up_number" => {
            listed(case, "number_checks").push(json!({"contact_point": place, "checked_at": now, "reassigned": "no"}));
        }
        "tell_risk" => listed(case, "notices").push(json!({"contact_point": place, "kind": "app_risk", "at": now})),
        "accept_email" => listed(case, "notices").iter_mut().for_each(|notice| notice["objected"] = json!(false)),
        "read_answer" => {
            for message in listed(case, "inbound").iter_mut().filter(|message| message["reviewed"].is_null()) {
                message["reviewed"] = json!("nothing");
            }
        }
        "opt_back_in" => {
            // After what was said at this very instant.
            let at: jiff::Timestamp = now.as_str().unwrap().parse().unwrap();
            case["now"] = json!(at.checked_add(jiff::SignedDuration::from_secs(2)).unwrap());
            let at = at.checked_add(jiff::SignedDuration::from_secs(1)).unwrap();
            let said = json!({"at": at, "channel": change.channel, "contact_point": place, "text": "START"});
            listed(case, "inbound").push(said);
        }
        _ => return false,
    }
    true
}

// ---- the practice

/// What would be agreed with a vendor.
fn agree(case: &mut Value, change: &AnsweredChange) {
    let signed = |service: &Value| {
        json!({"status": "executed", "effective": "2020-01-01", "expires": "2030-01-01", "services": [service],
            "required_terms": true})
    };
    let named = |name: &Value, channels: Value| {
        json!({"vendor": name, "service": "service", "tier": "", "channels": channels, "agreement": signed(&json!("service")),
            "sender_registration": "approved", "free_to_end_user": false})
    };
    if change.change == "cover_model" {
        let model = case["request"]["ai"]["vendor"].clone();
        let vendors = case["vendors"].as_array_mut().unwrap();
        vendors.retain(|row| row["vendor"] != model);
        vendors.push(named(&model, json!([])));
        return;
    }
    let channel = change.channel.unwrap().as_str();
    let carries = |row: &&mut Value| row["channels"].as_array().unwrap().iter().any(|one| one == channel);
    let vendors = case["vendors"].as_array_mut().unwrap();
    let mut found = 0;
    for row in vendors.iter_mut().filter(carries) {
        found += 1;
        match change.change.as_str() {
            "register_sender" => row["sender_registration"] = json!("approved"),
            "amend_agreement" => {
                let agreement = row["agreement"].as_object_mut().unwrap();
                agreement.remove("terms");
                agreement.insert("required_terms".into(), json!(true));
            }
            _ => {
                let terms = row["agreement"]["required_terms"].clone();
                row["agreement"] = signed(&row["service"]);
                row["agreement"]["required_terms"] = terms;
            }
        }
    }
    if found == 0 {
        let mut row = named(&json!("a-vendor"), json!([channel]));
        row["sender_registration"] = json!("pending");
        vendors.push(row);
    }
}

/// What the practice would set up: in a case what is not said of the deployment is in order. `false` = it is nothing of the practice's.
fn sets_up(case: &mut Value, word: &str) -> bool {
    let facts: &[&str] = match word {
        "ask_by_another" => &["actor"],
        "approve_risk" => &["risk_record", "risk_records"],
        "give_postal_address" => &["postal_address"],
        "approve_template" => &["template_approvals"],
        "resume_bulk" => &["paused"],
        "second_factor" => &["portal_two_factor"],
        "remove_trackers" => &["no_trackers"],
        "sign_mail" => &["dkim"],
        "encrypt_calls" => &["voice_srtp"],
        "invite_to_portal" => &["portal_available"],
        "sign_in_anew" => &["reauthenticated"],
        "ask_visitor" => &["visitor_consent"],
        _ => return false,
    };
    if word == "give_postal_address" && case["tenant"]["postal_address"].is_null() {
        case["tenant"]["postal_address"] = json!("1 Main St, Albany NY 12207");
    }
    for fact in facts {
        let mut forget = |list: &str, name: &str| {
            let list = case.get_mut(list).and_then(Value::as_object_mut);
            list.map(|list| list.remove(name));
        };
        forget("deployment", fact);
        forget("unknown", &format!("deployment.{fact}"));
    }
    if matches!(word, "sign_in_anew" | "ask_visitor") {
        case["deployment"][facts[0]] = json!(true);
    }
    true
}
