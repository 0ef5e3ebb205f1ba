//! A practice's own templates: into use by two people, and out of it again.

use crate::clinic::{Clinic, EMAIL, NUMBER, reminder};
use crate::records;
use postern_base::{Channel, Language};
use postern_engine::faults::NoFaults;
use postern_engine::templates::Library;
use postern_engine::{Principal, PrincipalKind, Scope, UseError};
use std::sync::Arc;

/// The built-in reminder in other words.
fn own(words: &str) -> String {
    source("appointment_reminder").replace("{sender}: appointment", &format!("{{sender}}: {words}"))
}

fn source(name: &str) -> String {
    let built = postern_engine::templates::ALL.iter().find(|built| built.template.name == name);
    built.unwrap().source.to_owned()
}

fn person(id: &str) -> Principal {
    Principal { id: id.into(), kind: PrincipalKind::Staff, ..crate::clinic::principal("sunrise") }
}

async fn clinic() -> Clinic {
    let mut resources = records::patient("p1", NUMBER, EMAIL);
    for event in ["a1", "a2", "a3", "a4"] {
        resources.push(records::appointment(event, "p1", "booked", "2026-12-10T14:00:00-05:00"));
    }
    Clinic::open_with(resources, Arc::new(NoFaults)).await
}

/// What the next reminder reads like.
async fn reads(clinic: &Clinic, event: &str) -> String {
    clinic.clock.move_on(jiff::SignedDuration::from_hours(24));
    let answer = clinic.send(&reminder(event)).await;
    assert_eq!(answer.decision.outcome, "send", "{:?}", answer.decision.refusals);
    clinic.settle().await;
    clinic.arrivals(Channel::Sms).last().unwrap().body.reveal().clone()
}

#[tokio::test]
async fn a_version_is_used_only_once_a_second_person_approved_it_and_no_more_when_it_is_retired() {
    let clinic = clinic().await;
    let engine = &clinic.engine;
    let (ana, ben) = (person("ana"), person("ben"));
    let before = engine.gauges().await.unwrap().log_size;

    let draft = engine.draft_template(&ana, &own("your visit is")).await.unwrap();
    assert_eq!((draft.name.as_str(), draft.version, draft.state), ("appointment_reminder", 4, "draft"));
    assert_eq!(engine.approve_template(&ben, "appointment_reminder", 4).await, Err(UseError::WrongState));
    let proposed = engine.propose_template(&ana, "appointment_reminder", 4).await.unwrap();
    assert_eq!(proposed.proposed_by.as_deref(), Some("staff:ana"));
    assert_eq!(engine.approve_template(&ana, "appointment_reminder", 4).await, Err(UseError::SamePerson));
    assert!(reads(&clinic, "a1").await.contains(": appointment Fri"));

    let approved = engine.approve_template(&ben, "appointment_reminder", 4).await.unwrap();
    assert_eq!((approved.state, approved.approved_by.as_deref()), ("approved", Some("staff:ben")));
    assert!(reads(&clinic, "a2").await.contains(": your visit is Fri"));

    let clinic = clinic.restart().await;
    let engine = &clinic.engine;
    let listed = engine.templates(&ana).await.unwrap();
    let of_name = listed.iter().filter(|t| t.name == "appointment_reminder");
    let states: Vec<_> = of_name.map(|t| (t.version, t.state, t.in_use)).collect();
    assert_eq!(states, [(3, "built_in", false), (4, "approved", true)]);

    engine.retire_template(&ben, "appointment_reminder", 4).await.unwrap();
    assert_eq!(engine.retire_template(&ben, "appointment_reminder", 4).await, Err(UseError::WrongState));
    assert!(reads(&clinic, "a3").await.contains(": appointment Fri"));
    assert!(engine.gauges().await.unwrap().log_size >= before + 4, "every step is an entry");
}

/// Makes a person's key of that name, and whoever holds it.
async fn key_of(clinic: &Clinic, id: &str, name: &str) -> Result<Principal, UseError> {
    let system = Principal::system("sunrise".parse().unwrap());
    let record = postern_store::PrincipalRecord {
        tenant: system.tenant.clone(),
        id: id.into(),
        kind: PrincipalKind::Staff.as_str().into(),
        label: name.into(),
        scopes: vec!["templates:write".into(), "templates:approve".into()],
        revoked: false,
        role: None,
        second_factor_until: None,
    };
    let hash = std::array::from_fn(|at| id.bytes().cycle().nth(at).unwrap_or_default());
    clinic.engine.put_principal(&system, record.clone(), hash).await?;
    Ok(Principal::from_record(&record).unwrap())
}

/// 45 CFR 164.312(a)(2)(i): "a unique name and/or number for identifying and tracking user identity".
#[tokio::test]
async fn two_keys_of_one_name_are_never_two_people() {
    let clinic = clinic().await;
    let engine = &clinic.engine;
    let ana = key_of(&clinic, "key-1", "Ana Reyes").await.unwrap();
    for again in ["Ana Reyes", "  ana   REYES "] {
        assert!(matches!(key_of(&clinic, "key-2", again).await, Err(UseError::Malformed(_))), "{again}");
    }
    assert!(key_of(&clinic, "key-1", "Ana Reyes").await.is_ok(), "her own key may be changed");
    let ben = key_of(&clinic, "key-3", "Ben Reyes").await.unwrap();

    engine.draft_template(&ana, &own("your visit is")).await.unwrap();
    engine.propose_template(&ana, "appointment_reminder", 4).await.unwrap();
    engine.revoke_principal(&Principal::system("sunrise".parse().unwrap()), "key-1").await.unwrap();
    let newer = key_of(&clinic, "key-2", "ana reyes").await.unwrap();
    assert_eq!(engine.approve_template(&newer, "appointment_reminder", 4).await, Err(UseError::SamePerson));
    assert!(engine.approve_template(&ben, "appointment_reminder", 4).await.is_ok());
}

#[tokio::test]
async fn a_newer_version_supersedes_the_older_and_both_can_be_compared() {
    let clinic = clinic().await;
    let engine = &clinic.engine;
    let (ana, ben) = (person("ana"), person("ben"));
    for (version, words) in [(4, "your visit is"), (5, "we see you")] {
        assert_eq!(engine.draft_template(&ana, &own(words)).await.unwrap().version, version);
        engine.propose_template(&ana, "appointment_reminder", version).await.unwrap();
        engine.approve_template(&ben, "appointment_reminder", version).await.unwrap();
    }
    let states: Vec<_> = engine.templates(&ana).await.unwrap();
    let states: Vec<_> =
        states.iter().filter(|t| t.name == "appointment_reminder").map(|t| (t.version, t.state)).collect();
    assert_eq!(states, [(3, "built_in"), (4, "superseded"), (5, "approved")]);
    let lines = engine.diff_template(&ana, "appointment_reminder", 4, 5).await.unwrap();
    let changed: Vec<String> = lines
        .iter()
        .flat_map(|line| &line.pieces)
        .filter(|piece| piece.changed)
        .map(|piece| piece.text.trim().to_owned())
        .collect();
    assert_eq!(changed, ["your visit is", "we see you"]);
    assert!(reads(&clinic, "a1").await.contains("we see you"));
}

#[tokio::test]
async fn only_people_with_the_scope_move_a_version_and_other_tenants_see_none_of_it() {
    let clinic = clinic().await;
    let engine = &clinic.engine;
    let ana = person("ana");
    engine.draft_template(&ana, &own("your visit is")).await.unwrap();
    let program = Principal { kind: PrincipalKind::ApiKey, ..person("robot") };
    assert_eq!(engine.propose_template(&program, "appointment_reminder", 4).await, Err(UseError::NotAPerson));
    let reader = Principal { scopes: vec![Scope::TemplatesRead], ..person("carla") };
    assert!(matches!(engine.draft_template(&reader, &own("x")).await, Err(UseError::Forbidden(_))));
    assert!(matches!(engine.approve_template(&reader, "appointment_reminder", 4).await, Err(UseError::Forbidden(_))));
    clinic.found("other", "Other Clinic", "+15555550199").await;
    let stranger = Principal { tenant: "other".parse().unwrap(), ..person("ana") };
    assert_eq!(engine.template(&stranger, "appointment_reminder", Some(4)).await, Err(UseError::NotFound));
    assert_eq!(engine.propose_template(&stranger, "appointment_reminder", 4).await, Err(UseError::NotFound));
}

#[tokio::test]
async fn a_template_whose_form_could_exceed_its_ceiling_is_not_saved() {
    let clinic = clinic().await;
    let ana = person("ana");
    let telling = own("appointment").replace("[ at {site}]. Call", "[ for {visit}]. Call");
    let Err(UseError::Refused(problems)) = clinic.engine.draft_template(&ana, &telling).await else { panic!() };
    let said: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert!(said.iter().any(|s| s.contains("minimal form uses the slot `visit`, which may carry L4")), "{said:?}");
    assert!(clinic.engine.templates(&ana).await.unwrap().iter().all(|t| t.state == "built_in"));
}

#[tokio::test]
async fn a_spanish_speaker_gets_an_english_template_with_an_offer_of_help_in_spanish_and_the_duty_on_record() {
    let mut resources = records::patient_in("p1", NUMBER, EMAIL, "es");
    resources.push(records::appointment("a1", "p1", "booked", "2026-12-04T14:00:00-05:00"));
    let clinic = Clinic::open_with(resources, Arc::new(NoFaults)).await;
    let english = {
        let all = source("appointment_reminder");
        let blocks = all.split("[[text]]").filter(|block| !block.contains("language = \"es\""));
        blocks.collect::<Vec<_>>().join("[[text]]")
    };
    let (ana, ben) = (person("ana"), person("ben"));
    clinic.engine.draft_template(&ana, &english).await.unwrap();
    clinic.engine.propose_template(&ana, "appointment_reminder", 4).await.unwrap();
    clinic.engine.approve_template(&ben, "appointment_reminder", 4).await.unwrap();
    let answer = clinic.send(&reminder("a1")).await;
    assert!(answer.decision.obligations.iter().any(|o| o.rule == "CIV-01"), "{:?}", answer.decision.obligations);
    clinic.settle().await;
    assert!(clinic.arrivals(Channel::Sms)[0].body.reveal().contains("appointment Fri"));
    let message = clinic.engine.message(&clinic.principal, answer.id, true).await.unwrap();
    let shown = serde_json::to_string(&message.content).unwrap();
    assert!(shown.contains("Ayuda gratis en español: llame al +15555550100."), "{shown}");
    assert_eq!(Library::builtin().find("appointment_reminder").unwrap().languages(), Language::ALL);
}
