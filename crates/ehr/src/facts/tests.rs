use super::*;
use crate::fhir::POSTERN;
use postern_base::{Category, Purpose};
use postern_gate::facts::{
    ActReason, AvailableTime, ConsentKind, EventStatus, Flags, LineType, MailboxKind, PointSource, ResultClass, Ruling,
    System, Verification,
};
use serde_json::{Value, json};

mod events;

fn now() -> Timestamp {
    "2026-12-01T15:00:00-05:00".parse().unwrap()
}

fn p1() -> PatientId {
    "p1".parse().unwrap()
}

fn url(name: &str) -> String {
    format!("{POSTERN}StructureDefinition/{name}")
}

fn read(documents: Vec<Value>) -> Vec<Resource> {
    documents.into_iter().map(|d| Resource::from_value(d).unwrap()).collect()
}

fn record_of(documents: Vec<Value>) -> PatientRecord {
    record(&read(documents), &p1(), now())
}

fn patient() -> Value {
    json!({
        "resourceType": "Patient", "id": "p1", "active": true,
        "identifier": [{"system": "urn:oid:1.2.3", "value": "MRN42"}],
        "name": [{"use": "official", "family": "Beech", "given": ["Alma"]}],
        "birthDate": "1978-10-12",
        "telecom": [
            {"id": "t1", "system": "sms", "value": "(212) 555-0101", "use": "mobile", "rank": 1, "extension": [
                {"url": url("contact-source"), "valueCode": "patient"},
                {"url": url("line-type"), "valueCode": "mobile"}]},
            {"id": "t2", "system": "email", "value": "pat@Example.org", "use": "home", "rank": 2, "extension": [
                {"url": url("contact-source"), "valueCode": "staff"},
                {"url": url("mailbox-kind"), "valueCode": "family"},
                {"url": url("shared-with"), "valueReference": {"reference": "RelatedPerson/rp1"}}]},
            {"id": "t3", "system": "phone", "value": "+12125550101", "use": "mobile"},
            {"system": "phone", "value": "+12125550199", "use": "old"},
            {"system": "phone", "value": "+12125550198", "period": {"end": "2025-12-31"}}],
        "address": [{"use": "home", "line": ["1 Elm St"], "city": "New York", "state": "NY", "postalCode": "10001"}],
        "communication": [{"language": {"coding": [{"system": "urn:ietf:bcp:47", "code": "es"}]}, "preferred": true}]
    })
}

fn verification(location: &str) -> Value {
    json!({"resourceType": "VerificationResult", "id": "v1", "target": [{"reference": "Patient/p1"}],
        "targetLocation": [location], "status": "validated", "statusDate": "2026-10-01T10:00:00-05:00",
        "lastPerformed": "2026-10-01T10:00:00-05:00", "nextScheduled": "2027-10-01"})
}

fn consent(kind: &str, provision: Value) -> Value {
    json!({"resourceType": "Consent", "id": "c1", "status": "active",
        "category": [{"coding": [{"system": "http://loinc.org", "code": "59284-0"}]},
            {"coding": [{"system": format!("{POSTERN}CodeSystem/postern-consent"), "code": kind}]}],
        "patient": {"reference": "Patient/p1"}, "dateTime": "2026-02-01T10:00:00-05:00", "provision": provision})
}

fn channel(code: &str) -> Value {
    json!({"url": url("contact-channel"), "valueCodeableConcept": {"coding": [
        {"system": "http://hl7.org/fhir/contact-point-system", "code": code}]}})
}

fn point(system: &str, value: &str) -> Value {
    json!({"url": url("contact-point"), "valueContactPoint": {"system": system, "value": value}})
}

fn policy(code: &str) -> Value {
    json!({"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": code}]})
}

/// The one consent that `document` leaves behind.
fn only_consent(document: Value) -> Consent {
    let record = record_of(vec![patient(), document]);
    let mut consents = record.consents.known().unwrap().clone();
    assert_eq!(consents.len(), 1);
    consents.remove(0)
}

fn known(record: &PatientRecord) -> &Patient {
    record.patient.known().expect("patient")
}

fn with(mut document: Value, key: &str, value: Value) -> Value {
    document[key] = value;
    document
}

#[test]
fn a_patient_becomes_the_gates_patient() {
    let record = record_of(vec![patient()]);
    let found = known(&record);
    assert!(found.active && !found.deceased);
    assert_eq!(found.language.as_deref(), Some("es"));
    assert_eq!((found.states.as_slice(), found.unknown_state), (&["NY".to_owned()][..], false));
    assert_eq!(found.zones, ["America/New_York"]);
    assert_eq!(&**found.postal[0].reveal(), "1 Elm St, New York, NY 10001");
    assert_eq!(found.birth_date, Some(jiff::civil::date(1978, 10, 12)));
    assert_eq!(record.identity.first_name.as_ref().map(|n| n.reveal().as_str()), Some("Alma"));
    assert_eq!(record.identity.names[0].reveal(), "Alma Beech");
}

#[test]
fn contact_points_carry_what_is_recorded_about_them_and_nothing_more() {
    let record = record_of(vec![patient()]);
    let points = &known(&record).points;
    assert_eq!(points.len(), 5);
    assert_eq!((points[0].system, &**points[0].value.reveal()), (System::Sms, "+12125550101"));
    assert_eq!(points[0].source, Fact::Known(PointSource::Patient));
    assert_eq!(points[0].line_type, Fact::Known(LineType::Mobile));
    assert_eq!(points[0].mailbox, Fact::Unknown(Missing::NotRecorded));
    assert_eq!(&**points[1].value.reveal(), "pat@example.org");
    assert_eq!(points[1].mailbox, Fact::Known(MailboxKind::Family));
    assert_eq!(points[1].shared_with, ["RelatedPerson/rp1"]);
    assert_eq!(points[2].system, System::Phone, "a mobile number listed as phone is for calls, not for texts");
    assert!(!points[2].expired && points[3].expired && points[4].expired);
}

#[test]
fn a_code_nobody_knows_is_unreadable_not_a_guess() {
    let document = with(
        patient(),
        "telecom",
        json!([{"system": "sms", "value": "+12125550101",
            "extension": [{"url": url("contact-source"), "valueCode": "neighbour"}]}]),
    );
    let record = record_of(vec![document]);
    assert_eq!(known(&record).points[0].source, Fact::Unknown(Missing::Unreadable));
}

fn sms_verification(documents: Vec<Value>) -> Fact<Verification> {
    let record = record_of([vec![patient()], documents].concat());
    known(&record).points[0].verification
}

#[test]
fn a_verification_counts_in_each_of_its_three_forms_only_with_the_value() {
    let valued = [
        "Patient.telecom.where(system='sms' and value='+12125550101')",
        "telecom.where(value='+12125550101' and system='sms')",
        "Patient.telecom.where(system='sms').where(value='212-555-0101')",
        "Patient.telecom.where(id='t1' and value='+12125550101')",
        "Patient.telecom[0].where(value='+12125550101')",
    ];
    for location in valued {
        assert!(sms_verification(vec![verification(location)]).is_known_and(|v| v.validated), "{location}");
    }
    let valueless = [
        "Patient.telecom.where(id='t1')",
        "Patient.telecom[0]",
        "Patient.telecom.where(system='sms')",
        "Patient.telecom.where(system='sms' and value='+12125550999')",
        "Patient.telecom.where(system='phone' and value='+12125550101')",
        "Patient.telecom.where(id='t9' and value='+12125550101')",
        "Patient.telecom[1].where(value='+12125550101')",
        "Patient.telecom.where(system='sms' or value='+12125550101')",
        "Patient.telecom.where(value='+12125550101').not()",
        "RelatedPerson.telecom.where(system='sms' and value='+12125550101')",
    ];
    for location in valueless {
        assert_eq!(sms_verification(vec![verification(location)]), Fact::Unknown(Missing::NotRecorded), "{location}");
    }
    let beside = with(verification("Patient.telecom[0]"), "extension", json!([point("sms", "+12125550101")]));
    assert!(sms_verification(vec![beside]).is_known_and(|v| v.validated));
}

#[test]
fn a_verification_that_is_over_due_failed_or_somebody_elses_does_not_count() {
    let good = verification("Patient.telecom.where(system='sms' and value='+12125550101')");
    let not_validated = |document: Value| !sms_verification(vec![document]).is_known_and(|v| v.validated);
    assert!(!not_validated(good.clone()));
    assert!(not_validated(with(good.clone(), "nextScheduled", json!("2026-12-01"))));
    assert!(not_validated(with(good.clone(), "nextScheduled", json!("soon"))));
    assert!(not_validated(with(good.clone(), "nextScheduled", json!(20271001))));
    assert!(not_validated(with(good.clone(), "status", json!("attested"))));
    assert!(not_validated(with(good.clone(), "status", json!("val-fail"))));
    assert!(not_validated(with(good.clone(), "target", json!([{"reference": "Patient/p2"}]))));
    assert!(not_validated(with(good.clone(), "modifierExtension", json!([{"url": "x", "valueBoolean": true}]))));
    let later = with(with(good.clone(), "id", json!("v2")), "status", json!("reval-fail"));
    let later = with(later, "statusDate", json!("2026-11-01T10:00:00-05:00"));
    for order in [vec![good.clone(), later.clone()], vec![later, good]] {
        assert!(!sms_verification(order).is_known_and(|v| v.validated), "the later failure counts");
    }
}

#[test]
fn an_opt_in_for_a_number_is_a_permit_for_that_number() {
    let found = only_consent(with(
        consent(
            "contact-consent",
            json!({"type": "permit", "period": {"start": "2026-02-01"},
                "purpose": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "TREAT"},
                    {"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "PATADMIN"}],
                "action": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentaction", "code": "disclose"}]}],
                "extension": [channel("sms"), point("sms", "+12605559876"),
                    {"url": url("max-content"), "valueCode": "minimal"}]}),
        ),
        "policyRule",
        policy("OPTIN"),
    ));
    assert_eq!((found.kind, found.active), (ConsentKind::ContactConsent, true));
    assert_eq!(found.provision.decision, Some(Ruling::Permit));
    assert_eq!(found.provision.systems, [System::Sms]);
    assert_eq!(&**found.provision.points[0].reveal(), "+12605559876");
    assert_eq!(found.provision.reasons, [ActReason::Treat, ActReason::PatAdmin]);
    assert_eq!(found.provision.from.unwrap().to_string(), "2026-02-01T05:00:00Z");
}

#[test]
fn the_policy_rule_decides_where_the_provision_does_not_say() {
    let bare = json!({"extension": [channel("sms")]});
    let opted_out = with(consent("contact-consent", bare.clone()), "policyRule", policy("OPTOUT"));
    assert_eq!(only_consent(opted_out).provision.decision, Some(Ruling::Deny));
    let opted_in = with(consent("contact-consent", bare.clone()), "policyRule", policy("OPTIN"));
    assert_eq!(only_consent(opted_in).provision.decision, Some(Ruling::Permit));
    assert_eq!(only_consent(consent("contact-consent", bare)).provision.decision, None);
    let permit = json!({"type": "permit", "extension": [channel("sms")]});
    let contradiction = with(consent("contact-consent", permit), "policyRule", policy("OPTOUT"));
    assert_eq!(only_consent(contradiction).kind, ConsentKind::Unreadable);
}

#[test]
fn confidential_communications_deny_all_but_what_they_name() {
    let found = only_consent(consent(
        "confidential-communication",
        json!({"type": "deny", "period": {"start": "2026-03-01"}, "provision": [
            {"type": "permit", "extension": [channel("sms"), point("sms", "+13175550177")]},
            {"type": "permit", "extension": [
                {"url": url("contact-channel"), "valueCodeableConcept": {"coding": [
                    {"system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationMode", "code": "MAILWRIT"}]}},
                {"url": url("contact-address"), "valueAddress": {"line": ["PO Box 17"], "city": "Muncie",
                    "state": "Indiana", "postalCode": "47302"}}]}]}),
    ));
    assert_eq!(found.kind, ConsentKind::ConfidentialCommunication);
    assert_eq!(found.provision.decision, Some(Ruling::Deny));
    assert_eq!(found.provision.exceptions[0].systems, [System::Sms]);
    assert_eq!(found.provision.exceptions[1].systems, [System::Postal]);
    assert_eq!(&**found.provision.exceptions[1].points[0].reveal(), "PO Box 17, Muncie, IN 47302");
}

#[test]
fn a_country_is_known_by_any_of_its_usual_spellings() {
    let living_in = |country: &str| {
        let address = json!([{"use": "home", "line": ["1 Elm St"], "country": country}]);
        known(&record_of(vec![with(patient(), "address", address)])).country.clone().unwrap()
    };
    for home in ["US", "usa", "U.S.A.", "United States", "PR"] {
        assert_eq!(living_in(home), "US", "{home}");
    }
    assert_eq!((living_in("Canada"), living_in("de")), ("CA".to_owned(), "DE".to_owned()));
    assert_eq!(known(&record_of(vec![patient()])).country, None);
}

#[test]
fn nobody_is_born_tomorrow() {
    let born = |day: &str| known(&record_of(vec![with(patient(), "birthDate", json!(day))])).birth_date;
    assert_eq!(born("2026-12-02"), Some(jiff::civil::date(2026, 12, 2)), "where the day has begun");
    assert_eq!(born("2026-12-03"), None);
    assert_eq!(born("2206-12-01"), None);
}

#[test]
fn an_address_that_only_the_request_names_is_one_to_write_to() {
    let address = |line: &str| {
        json!([{"url": url("contact-address"), "valueAddress": {"line": [line], "city": "Muncie",
            "state": "IN", "postalCode": "47302"}}])
    };
    let request = |status: &str| {
        let mut consent = consent(
            "confidential-communication",
            json!({"type": "deny", "provision": [{"type": "permit", "extension": address("PO Box 17")},
                {"type": "deny", "extension": address("2 Oak Ave")}]}),
        );
        consent["status"] = json!(status);
        consent
    };
    let postal = |documents| {
        let record = record_of(documents);
        known(&record).postal.iter().map(|a| a.reveal().to_string()).collect::<Vec<_>>()
    };
    let home = "1 Elm St, New York, NY 10001";
    assert_eq!(postal(vec![patient(), request("active")]), [home, "PO Box 17, Muncie, IN 47302"]);
    assert_eq!(postal(vec![patient(), request("inactive")]), [home]);
}

#[test]
fn a_consent_that_cannot_be_understood_is_unreadable_and_never_a_permit() {
    let permit = |extra: Value| {
        let mut provision = json!({"type": "permit", "extension": [channel("sms")]});
        for (key, value) in extra.as_object().unwrap() {
            provision[key] = value.clone();
        }
        consent("contact-consent", provision)
    };
    let broken = [
        permit(json!({"type": "allow"})),
        permit(json!({"type": ["permit", "deny"]})),
        permit(json!({"type": 1})),
        permit(json!({"type": null})),
        permit(json!({"purpose": []})),
        permit(json!({"purpose": "TREAT"})),
        permit(json!({"period": "2026"})),
        permit(json!({"period": {"end": "31.12.2026"}})),
        permit(json!({"dataPeriod": {"end": "2020-01-01"}})),
        permit(json!({"class": [{"code": "x"}]})),
        permit(json!({"_type": {"extension": [{"url": "x", "valueString": "y"}]}})),
        permit(json!({"action": [{"coding": [{"code": "collect"}]}]})),
        permit(json!({"actor": [{"role": {"text": "somebody"}}]})),
        permit(
            json!({"securityLabel": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "NEW"}]}),
        ),
        permit(json!({"provision": [{"extension": [channel("email")]}]})),
        permit(json!({"modifierExtension": [{"url": "x", "valueBoolean": true}]})),
        permit(json!({"extension": [channel("carrier-pigeon")]})),
        permit(json!({"extension": [point("sms", "555")]})),
        permit(json!({"extension": [{"url": url("weekdays-only"), "valueBoolean": true}]})),
        with(permit(json!({})), "status", json!("aktive")),
        with(permit(json!({})), "status", Value::Null),
        with(permit(json!({})), "implicitRules", json!("https://example.org/rules")),
        with(permit(json!({})), "policyRule", json!("OPTIN")),
        consent("contact-consent-2", json!({"type": "permit"})),
        with(permit(json!({})), "category", json!([{"coding": [{"code": "contact-consent"}]}])),
        with(permit(json!({})), "category", json!("contact-consent")),
    ];
    for document in broken {
        let text = document.to_string();
        let found = only_consent(document);
        assert_eq!(found.kind, ConsentKind::Unreadable, "{text}");
        assert!(found.active, "{text}");
    }
    assert_eq!(only_consent(permit(json!({}))).kind, ConsentKind::ContactConsent);
}

#[test]
fn a_denial_for_a_reason_nobody_knows_is_not_narrowed_to_nothing() {
    let purpose = json!([{"system": "http://example.org", "code": "TEXTS"}]);
    let deny = consent("contact-consent", json!({"type": "deny", "purpose": purpose}));
    assert_eq!(only_consent(deny).kind, ConsentKind::Unreadable);
    let permit = consent("contact-consent", json!({"type": "permit", "purpose": purpose}));
    assert_eq!(only_consent(permit).provision.reasons, [ActReason::Unknown]);
}

#[test]
fn a_withdrawn_consent_keeps_what_it_permitted_so_that_its_withdrawal_can_count() {
    let sms = json!({"type": "permit", "extension": [channel("sms")]});
    let gone = only_consent(with(consent("contact-consent", sms), "status", json!("inactive")));
    assert_eq!((gone.kind, gone.active), (ConsentKind::ContactConsent, false));
    assert_eq!((gone.provision.decision, gone.provision.systems), (Some(Ruling::Permit), vec![System::Sms]));
    let unclear = only_consent(with(consent("contact-consent", json!({"type": "allow"})), "status", json!("inactive")));
    assert_eq!((unclear.kind, unclear.active), (ConsentKind::ContactConsent, false));
    assert_eq!(unclear.provision.decision, Some(Ruling::Permit), "any permission there was");
    let never = only_consent(with(consent("contact-consent", json!({"type": "permit"})), "status", json!("draft")));
    assert_eq!((never.active, never.provision.decision), (false, None));
}

#[test]
fn a_consent_of_another_patient_gives_nothing_and_one_of_nobody_denies() {
    let permit = consent("contact-consent", json!({"type": "permit"}));
    let others = with(permit.clone(), "patient", json!({"reference": "Patient/p2"}));
    assert!(record_of(vec![patient(), others]).consents.known().unwrap().is_empty());
    for nobody in [
        json!(null),
        json!({"display": "Alma"}),
        json!({"reference": "Patient?identifier=1"}),
        json!({"reference": "#p"}),
    ] {
        let found = only_consent(with(permit.clone(), "patient", nobody));
        assert_eq!(found.kind, ConsentKind::Unreadable);
    }
}

#[test]
fn an_ehrs_proxy_consent_is_no_permit_to_contact() {
    let foreign = json!({"resourceType": "Consent", "id": "c1", "status": "active",
        "scope": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}]},
        "category": [{"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}],
        "patient": {"reference": "Patient/p1"},
        "provision": {"type": "permit", "actor": [{"reference": {"reference": "RelatedPerson/rp1"}}]}});
    assert_eq!(only_consent(foreign).kind, ConsentKind::Other);
}

#[test]
fn the_newest_of_two_versions_counts_and_two_without_a_date_contradict_each_other() {
    let permit = consent("contact-consent", json!({"type": "permit"}));
    let revoked = with(permit.clone(), "status", json!("inactive"));
    let dated = |document: &Value, at: &str| with(document.clone(), "meta", json!({"lastUpdated": at}));
    let old = dated(&permit, "2026-01-01T00:00:00Z");
    let new = dated(&revoked, "2026-06-01T00:00:00Z");
    for order in [vec![patient(), old.clone(), new.clone()], vec![patient(), new, old]] {
        let record = record_of(order);
        let consents = record.consents.known().unwrap();
        assert_eq!((consents.len(), consents[0].active), (1, false));
    }
    let record = record_of(vec![patient(), permit, revoked]);
    assert_eq!(record.consents.known().unwrap()[0].kind, ConsentKind::Unreadable);
    let record = record_of(vec![patient(), with(patient(), "deceasedBoolean", json!(true))]);
    assert_eq!(record.patient.known().map(|_| ()), None);
}

#[test]
fn a_marketing_authorization_keeps_signer_source_end_and_disclosure() {
    let mut document = consent(
        "marketing-authorization",
        json!({"type": "permit", "period": {"start": "2026-02-01", "end": "2027-02-01"},
            "purpose": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HMARKT"}],
            "extension": [channel("email"), {"url": url("remuneration-disclosed"), "valueBoolean": true}]}),
    );
    document["performer"] = json!([{"reference": "Patient/p1"}]);
    document["sourceReference"] = json!({"reference": "DocumentReference/signed"});
    let found = only_consent(document);
    assert_eq!(found.signed_by.as_deref(), Some("Patient/p1"));
    assert!(found.has_source && found.remuneration_disclosed);
    assert_eq!(found.provision.until.unwrap().to_string(), "2027-02-02T05:00:00Z", "the last day is included");
}

#[test]
fn an_acknowledgement_for_minimal_content_is_none_for_a_body() {
    let with_ceiling = |word: &str| {
        let ceiling = json!({"url": url("max-content"), "valueCode": word});
        let provision =
            json!({"type": "permit", "extension": [channel("email"), point("email", "pat@example.org"), ceiling]});
        only_consent(consent("email-risk-acknowledgement", provision))
    };
    assert_eq!(with_ceiling("detailed").provision.decision, Some(Ruling::Permit));
    assert_eq!(with_ceiling("minimal").provision.decision, None);
    assert_eq!(with_ceiling("everything").kind, ConsentKind::Unreadable);
}

#[test]
fn proxies_are_related_persons_with_their_own_points_verified_on_their_own_record() {
    let related = json!({"resourceType": "RelatedPerson", "id": "rp1", "patient": {"reference": "Patient/p1"},
        "relationship": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-RoleCode", "code": "HPOWATT"}]}],
        "telecom": [{"system": "sms", "value": "+12605550042"}], "period": {"start": "2026-01-01"}});
    let mut verified = verification("RelatedPerson.telecom.where(system='sms' and value='+12605550042')");
    verified["target"] = json!([{"reference": "RelatedPerson/rp1"}]);
    let record = record_of(vec![patient(), related.clone(), verified]);
    assert_eq!(record.related[0].reference, "RelatedPerson/rp1");
    assert_eq!(record.related[0].relationship, ["HPOWATT"]);
    assert!(record.related[0].active);
    assert!(record.related[0].points[0].verification.is_known_and(|v| v.validated));
    for ended in [json!({"end": "2026-11-30"}), json!({"start": "2027-01-01"}), json!({"end": "?"}), json!("2026")] {
        assert!(!record_of(vec![patient(), with(related.clone(), "period", ended)]).related[0].active);
    }
}

#[test]
fn flags_fly_until_they_are_certainly_down() {
    let flag = |code: &str| {
        json!({"resourceType": "Flag", "id": "f1", "status": "active", "subject": {"reference": "Patient/p1"},
            "code": {"coding": [{"system": format!("{POSTERN}CodeSystem/postern-flag"), "code": code}]}})
    };
    let flags = |document: Value| known(&record_of(vec![patient(), document])).flags;
    assert!(flags(flag("endangerment")).endangerment);
    assert!(flags(flag("no-automated")).no_automated);
    assert!(flags(flag("unsafe-device")).unsafe_device);
    assert!(flags(flag("something-new")).unreadable);
    assert!(flags(with(flag("endangerment"), "status", json!("aktive"))).endangerment);
    assert!(flags(with(flag("endangerment"), "period", json!({"end": "bad"}))).endangerment);
    assert!(flags(with(flag("endangerment"), "code", json!("endangerment"))).unreadable);
    assert_eq!(flags(with(flag("endangerment"), "status", json!("inactive"))), Flags::default());
    assert_eq!(flags(with(flag("endangerment"), "period", json!({"end": "2026-11-01"}))), Flags::default());
    assert_eq!(flags(with(flag("endangerment"), "subject", json!({"reference": "Patient/p2"}))), Flags::default());
    for nobody in
        [json!(null), json!({"identifier": {"value": "MRN42"}}), json!({"reference": "?"}), json!("Patient/p1")]
    {
        assert!(flags(with(flag("endangerment"), "subject", nobody.clone())).endangerment, "{nobody}");
    }
}

#[test]
fn a_number_that_is_a_mothers_on_the_same_record_is_known_as_hers() {
    let of_another = |document: Value, extra: Vec<Value>| {
        let record = record_of([vec![document], extra].concat());
        known(&record).points.iter().map(|point| point.of_another).collect::<Vec<_>>()
    };
    let mother = json!({"resourceType": "RelatedPerson", "id": "rp1", "patient": {"reference": "Patient/p1"},
        "telecom": [{"system": "phone", "value": "(212) 555-0101"}]});
    assert_eq!(of_another(patient(), vec![]), [false; 5]);
    assert!(of_another(patient(), vec![mother])[0]);
    let called = json!([{"telecom": [{"system": "email", "value": "Pat@Example.org"}]}]);
    assert_eq!(of_another(with(patient(), "contact", called), vec![])[..2], [false, true]);
}

#[test]
fn the_dead_the_merged_and_the_unclear_are_not_written_to() {
    let state = |key: &str, value: Value| {
        let record = record_of(vec![with(patient(), key, value)]);
        record.patient.known().map(|p| (p.active, p.deceased))
    };
    assert_eq!(state("deceasedBoolean", json!(true)), Some((true, true)));
    assert_eq!(state("deceasedBoolean", json!(false)), Some((true, false)));
    assert_eq!(state("deceasedBoolean", json!("no")), Some((true, true)), "what cannot be read is not taken as alive");
    assert_eq!(state("deceasedDateTime", json!("2026-11")), Some((true, true)));
    assert_eq!(state("active", json!(false)), Some((false, false)));
    assert_eq!(state("active", json!("yes")), Some((false, false)));
    let link = json!([{"other": {"reference": "Patient/p9"}, "type": "replaced-by"}]);
    assert_eq!(state("link", link), Some((false, false)));
    assert_eq!(state("modifierExtension", json!([{"url": "x", "valueBoolean": true}])), None);
}

#[test]
fn every_plausible_zone_counts() {
    let zones = |document: Value| known(&record_of(vec![document])).zones.clone();
    let moved = with(patient(), "address", json!([{"state": "CA", "postalCode": "94110"}]));
    assert_eq!(zones(moved), ["America/Los_Angeles", "America/New_York"]);
    let stated = json!([{"url": "http://hl7.org/fhir/StructureDefinition/timezone", "valueCode": "Pacific/Honolulu"}]);
    assert_eq!(zones(with(patient(), "extension", stated)), ["America/New_York", "Pacific/Honolulu"]);
    let nowhere = with(with(patient(), "address", json!([])), "telecom", json!([]));
    assert!(zones(nowhere).is_empty());
    let visit = json!({"resourceType": "Appointment", "id": "a1", "status": "booked", "participant": [
        {"actor": {"reference": "Patient/p1"}}, {"actor": {"reference": "Location/l1"}}]});
    let place = json!({"resourceType": "Location", "id": "l1", "address": {"state": "IL"}});
    let elsewhere = json!({"resourceType": "Location", "id": "l2", "address": {"state": "HI"}});
    let record = record_of(vec![patient(), visit, place, elsewhere]);
    assert_eq!(known(&record).zones, ["America/Chicago", "America/New_York"]);
}

#[test]
fn labels_say_what_is_protected() {
    let labelled = |system: &str, code: &str| {
        let meta = json!({"security": [{"system": system, "code": code}]});
        record_of(vec![with(patient(), "meta", meta)]).patient.map(|p| p.labels)
    };
    let act_code = "http://terminology.hl7.org/CodeSystem/v3-ActCode";
    assert_eq!(labelled(act_code, "HIV"), Fact::Known(vec![Category::Hiv]));
    assert_eq!(labelled(act_code, "42CFRPart2"), Fact::Known(vec![Category::Part2]));
    let own = "https://postern.example/fhir/CodeSystem/postern-label";
    assert_eq!(labelled(own, "minor-consented"), Fact::Known(vec![Category::MinorConfidential]));
    assert_eq!(labelled(own, "something-new"), Fact::Unknown(Missing::Unreadable));
    assert_eq!(labelled("https://ehr.example/tags", "VIP"), Fact::Known(vec![]));
}

#[test]
fn leave_that_was_given_to_others_or_found_false_permits_nothing() {
    let leave = |actor: Option<&str>| {
        let mut provision = json!({"type": "permit", "extension": [point("sms", "+12125550101")]});
        if let Some(actor) = actor {
            provision["actor"] = json!([{"reference": {"reference": actor}}]);
        }
        with(consent("contact-consent", provision), "organization", json!([{"reference": "Organization/ours"}]))
    };
    let decision = |document: Value| only_consent(document).provision.decision;
    assert_eq!(decision(leave(None)), Some(Ruling::Permit));
    assert_eq!(decision(leave(Some("Organization/ours"))), Some(Ruling::Permit));
    assert_eq!(decision(leave(Some("Organization/pharmacy"))), None);
    assert_eq!(decision(with(leave(None), "verification", json!([{"verified": false}]))), None);
    assert_eq!(decision(with(leave(None), "verification", json!([{"verified": true}]))), Some(Ruling::Permit));
}

#[test]
fn an_address_whose_time_is_over_has_no_clock_any_more() {
    let stay = |end: &str| {
        json!([{"use": "home", "line": ["1 Elm St"], "city": "New York", "state": "NY"},
        {"use": "temp", "line": ["2 Palm St"], "city": "Hilo", "state": "HI", "period": {"end": end}}])
    };
    let zones = |end: &str| known(&record_of(vec![with(patient(), "address", stay(end))])).zones.clone();
    assert_eq!(zones("2026-06-30"), ["America/New_York"]);
    assert_eq!(zones("2027-06-30"), ["America/New_York", "Pacific/Honolulu"]);
}

#[test]
fn a_patient_abroad_lives_by_the_clock_of_their_country_and_one_nowhere_by_none() {
    let abroad = |country: &str| {
        let address = json!([{"use": "home", "line": ["1 Elm St"], "city": "Capital", "country": country}]);
        let record = record_of(vec![with(with(patient(), "address", address), "telecom", json!([]))]);
        let found = known(&record);
        (found.zones.clone(), found.unknown_clock)
    };
    assert_eq!(abroad("JP"), (vec!["Asia/Tokyo".to_owned()], false));
    assert_eq!(abroad("Freedonia"), (vec![], true));
    assert_eq!(abroad("USA"), (vec![], false));
}

#[test]
fn a_contact_point_says_what_it_is_for_and_when() {
    let with_extension = |extension: Value| {
        let telecom = json!([{"system": "sms", "value": "+12125550101", "extension": [extension]}]);
        known(&record_of(vec![with(patient(), "telecom", telecom)])).points[0].clone()
    };
    let purpose = |code: Value| {
        with_extension(json!({"url": "http://hl7.org/fhir/StructureDefinition/contactpoint-purpose",
        "valueCodeableConcept": {"coding": [code]}}))
        .only_for
    };
    let entity = "http://terminology.hl7.org/CodeSystem/contactentity-type";
    assert_eq!(purpose(json!({"system": entity, "code": "BILL"})), Some(vec![Purpose::Billing]));
    assert_eq!(purpose(json!({"system": "urn:own", "code": "appointment"})), Some(vec![Purpose::AppointmentReminder]));
    assert_eq!(purpose(json!({"system": entity, "code": "PATINF"})), None);
    assert_eq!(purpose(json!({"system": entity, "code": "PRESS"})), Some(vec![]));
    let hours = |parts: Value| with_extension(json!({"url": url("available-time"), "extension": parts})).hours;
    let night = json!([{"url": "daysOfWeek", "valueCode": "sun"}, {"url": "availableStartTime", "valueTime": "22:00:00"},
        {"url": "availableEndTime", "valueTime": "06:30:00"}]);
    let span = |day, from_minute, to_minute| AvailableTime { day, from_minute, to_minute };
    assert_eq!(hours(night), Fact::Known(vec![span(7, 22 * 60, 24 * 60), span(1, 0, 6 * 60 + 30)]));
    assert_eq!(hours(json!([{"url": "daysOfWeek", "valueCode": "sunday"}])), Fact::Unknown(Missing::Unreadable));
}

/// A Consent as another system writes it, of no kind of Postern's.
fn foreign(provision: Value) -> Value {
    let scope = json!({"coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}]});
    json!({"resourceType": "Consent", "id": "c1", "status": "active", "scope": scope,
        "category": [{"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}],
        "patient": {"reference": "Patient/p1"}, "policyRule": policy("OPTOUT"), "provision": provision})
}

#[test]
fn a_foreign_denial_that_names_no_way_and_no_matter_waits_for_a_reader() {
    let kind = |document: Value| only_consent(document).kind;
    assert_eq!(kind(foreign(json!({"type": "deny"}))), ConsentKind::Unreadable);
    let mut alone = foreign(json!({}));
    alone.as_object_mut().unwrap().remove("provision");
    assert_eq!(kind(alone), ConsentKind::Unreadable);
    let named = foreign(json!({"type": "deny", "extension": [channel("sms")]}));
    assert_eq!(kind(named), ConsentKind::ContactConsent);
    let offers = json!([{"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HMARKT"}]);
    assert_eq!(kind(foreign(json!({"type": "deny", "purpose": offers}))), ConsentKind::ContactConsent);
}

#[test]
fn a_foreign_denial_of_another_matter_or_one_that_is_over_is_left() {
    let kind = |document: Value| only_consent(document).kind;
    let bare = || foreign(json!({"type": "deny"}));
    let of_research =
        json!({"coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "research"}]});
    assert_eq!(kind(with(bare(), "scope", of_research)), ConsentKind::Other);
    let released = json!([{"coding": [{"system": "http://loinc.org", "code": "64292-6"}]}]);
    assert_eq!(kind(with(bare(), "category", released)), ConsentKind::Other);
    let exchange = json!({"type": "deny", "actor": [{"reference": {"reference": "Organization/hie"}}]});
    assert_eq!(kind(foreign(exchange)), ConsentKind::Other);
    assert_eq!(kind(foreign(json!({"type": "deny", "period": {"end": "2026-06-30"}}))), ConsentKind::Other);
    assert_eq!(kind(with(bare(), "status", json!("inactive"))), ConsentKind::Other);
}

#[test]
fn nothing_of_a_record_is_printed_by_debug() {
    let documents = read(vec![patient()]);
    let text = format!("{documents:?} {:?}", record(&documents, &p1(), now()));
    for secret in ["Beech", "Alma", "2125550101", "Elm", "MRN42"] {
        assert!(!text.contains(secret), "{secret}");
    }
}

/// Every place in a document.
fn pointers(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Object(map) => map.iter().for_each(|(key, inner)| pointers(inner, &format!("{at}/{key}"), found)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, inner)| pointers(inner, &format!("{at}/{index}"), found));
        }
        _ => {}
    }
}

#[test]
fn no_damage_to_one_place_of_an_opt_out_makes_it_silent_or_a_permit() {
    let whole = with(
        consent(
            "contact-consent",
            json!({"type": "deny", "period": {"start": "2026-06-01T14:02:11Z"},
                "extension": [channel("sms"), point("sms", "+12125550101")]}),
        ),
        "policyRule",
        policy("OPTOUT"),
    );
    let number = "+12125550101";
    let mut places = Vec::new();
    pointers(&whole, "", &mut places);
    let mut tried = 0;
    for place in places.iter().filter(|p| !["", "/resourceType", "/id"].contains(&p.as_str())) {
        for damage in [json!(null), json!([]), json!({}), json!(""), json!(7), json!(true), json!([null]), json!([[1]])]
        {
            let mut document = whole.clone();
            *document.pointer_mut(place).unwrap() = damage.clone();
            let found = only_consent(document);
            let denies = found.kind == ConsentKind::ContactConsent
                && found.provision.decision == Some(Ruling::Deny)
                && (found.provision.systems.is_empty() || found.provision.systems.contains(&System::Sms))
                && (found.provision.points.is_empty()
                    || found.provision.points.iter().any(|p| &**p.reveal() == number));
            assert!(found.active && (found.kind == ConsentKind::Unreadable || denies), "{place} = {damage}: {found:?}");
            tried += 1;
        }
    }
    assert!(tried > 200, "{tried}");
}

/// RULES section 6: a number shared by two patients with different requests.
#[test]
fn of_two_patients_with_one_number_the_stricter_request_wins() {
    let person = |id: &str| {
        json!({"resourceType": "Patient", "id": id, "telecom": [{"system": "sms", "value": "+12125550101"},
            {"system": "sms", "value": format!("+1212555010{}", id.len() + 5)}]})
    };
    let request = |owner: &str, number: &str| {
        let listed = json!({"type": "permit", "extension": [{
            "url": "https://postern.example/fhir/StructureDefinition/contact-point",
            "valueContactPoint": {"system": "sms", "value": number}}]});
        json!({"resourceType": "Consent", "id": format!("c-{owner}"), "status": "active",
            "patient": {"reference": format!("Patient/{owner}")},
            "category": [{"coding": [{"system": "https://postern.example/fhir/CodeSystem/postern-consent", "code": "confidential-communication"}]}],
            "provision": {"type": "deny", "provision": [listed]}})
    };
    let closed = |others: Vec<Value>| {
        let all = [vec![person("p1")], others].concat();
        let resources: Vec<Resource> = all.into_iter().map(|one| Resource::from_value(one).unwrap()).collect();
        let found = record(&resources, &"p1".parse().unwrap(), "2026-12-01T20:00:00Z".parse().unwrap());
        found.patient.known().unwrap().points.iter().map(|point| point.closed_by_another).collect::<Vec<_>>()
    };
    assert_eq!(closed(vec![person("p22")]), [false, false]);
    assert_eq!(closed(vec![person("p22"), request("p22", "+12125550199")]), [true, false]);
    assert_eq!(closed(vec![person("p22"), request("p22", "+12125550101")]), [false, false], "the other lists it");
    assert_eq!(closed(vec![request("p22", "+12125550199")]), [false, false], "nobody says that it is the other's too");
}

#[test]
fn the_mode_of_an_access_request_is_read_however_the_profile_calls_it() {
    for name in ["access-mode", "email-mode", "contact-mode", "mode"] {
        let document = json!({"resourceType": "Consent", "id": "a1", "status": "active", "patient": {"reference": "Patient/p1"},
            "category": [{"coding": [{"system": "https://postern.example/fhir/CodeSystem/postern-consent", "code": "access-request"}]}],
            "provision": {"type": "permit", "extension": [
                {"url": format!("https://postern.example/fhir/StructureDefinition/{name}"), "valueCode": "plain"},
                {"url": "https://postern.example/fhir/StructureDefinition/contact-point",
                 "valueContactPoint": {"system": "email", "value": "pat@example.org"}}]}});
        assert_eq!(only_consent(document).access_mode, Some(postern_base::EmailMode::Plain), "{name}");
    }
}

#[test]
fn records_are_named_by_authorizations_alone() {
    let document = |kind: &str| {
        json!({"resourceType": "Consent", "id": "m1", "status": "active", "patient": {"reference": "Patient/p1"},
            "category": [{"coding": [{"system": "https://postern.example/fhir/CodeSystem/postern-consent", "code": kind}]}],
            "provision": {"type": "permit", "data": [{"meaning": "instance", "reference": {"reference": "MedicationRequest/m1"}}]}})
    };
    assert_eq!(only_consent(document("marketing-authorization")).provision.data, ["MedicationRequest/m1"]);
    assert_eq!(only_consent(document("contact-consent")).kind, ConsentKind::Unreadable);
}

#[test]
fn every_home_in_use_says_under_whose_law_a_patient_lives_and_one_that_cannot_be_told_under_any() {
    let homes = |addresses: Value| {
        let record = record_of(vec![with(patient(), "address", addresses)]);
        (known(&record).states.clone(), known(&record).unknown_state)
    };
    let told = |states: &[&str]| (states.iter().map(|state| (*state).to_owned()).collect::<Vec<_>>(), false);
    let none = (Vec::new(), true);
    assert_eq!(
        homes(json!([{"use": "home", "state": "NY"}, {"use": "home", "state": "California"}])),
        told(&["CA", "NY"])
    );
    assert_eq!(homes(json!([{"use": "home", "state": "NY"}, {"use": "temp", "state": "CA"}])), told(&["CA", "NY"]));
    assert_eq!(homes(json!([{"use": "home", "state": "NY"}, {"use": "old", "state": "CA"}])), told(&["NY"]));
    assert_eq!(homes(json!([{"state": "Calif.", "postalCode": "90001"}])), told(&["CA"]));
    assert_eq!(homes(json!([{"postalCode": "90001-1234"}])), told(&["CA"]));
    assert_eq!(homes(json!([{"text": "1 Elm St, Los Angeles, CA 90001"}])), told(&["CA"]));
    assert_eq!(homes(json!([{"state": "Calif."}])), none);
    assert_eq!(homes(json!([{"city": "Toronto", "state": "ON", "country": "Canada"}])), told(&[]));
    assert_eq!(homes(json!([])), told(&[]));
    let west = record_of(vec![with(patient(), "address", json!([{"postalCode": "90210"}]))]);
    assert!(known(&west).zones.iter().any(|zone| zone == "America/Los_Angeles"), "and its clock");
}

#[test]
fn a_request_to_be_reached_elsewhere_is_kept_to_before_anybody_has_answered_it() {
    for (status, active) in [("active", true), ("proposed", true), ("draft", true), ("entered-in-error", false)] {
        let request = json!({"resourceType": "Consent", "id": "c1", "status": status, "patient": {"reference": "Patient/p1"},
            "category": [{"coding": [{"system": "https://postern.example/fhir/CodeSystem/postern-consent", "code": "confidential-communication"}]}],
            "provision": {"type": "deny"}});
        let record = record_of(vec![patient(), request]);
        assert_eq!(record.consents.known().unwrap()[0].active, active, "{status}");
    }
}

#[test]
fn of_a_number_that_too_many_have_none_is_asked() {
    let person = |id: &str| json!({"resourceType": "Patient", "id": id, "telecom": [{"system": "sms", "value": "+12125550101"}]});
    let crowded = |others: usize| {
        let all = std::iter::once("p1".to_owned()).chain((0..others).map(|n| format!("o{n}")));
        let resources: Vec<Resource> = all.map(|id| Resource::from_value(person(&id)).unwrap()).collect();
        let found = record(&resources, &"p1".parse().unwrap(), "2026-12-01T20:00:00Z".parse().unwrap());
        found.patient.known().unwrap().points[0].crowded
    };
    assert_eq!([crowded(0), crowded(50), crowded(51)], [false, false, true]);
}
