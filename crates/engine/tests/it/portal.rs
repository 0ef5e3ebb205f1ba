//! The patients' portal: what is enrolled, signed in, read and written, and what somebody gets who has no business there.

use crate::clinic::{Clinic, EMAIL, NUMBER, principal, result};
use crate::records;
use aws_lc_rs::hmac;
use jiff::SignedDuration;
use jiff::civil::date;
use postern_base::{Channel, MessageId, Phi, Secret};
use postern_engine::portal::{
    Aal, Browser, Enrolment, Identifiers, NewInvitation, NotNow, Refused, Replied, Second, SignedIn, TotpOffer, Visitor,
};
use serde_json::{Value, json};

pub(crate) const HOME: &str = "203.0.113.7";
pub(crate) const PASSWORD: &str = "umbrella tango nine";

pub(crate) fn secret(text: &str) -> Secret<String> {
    Secret::new(text.to_owned())
}

fn alma() -> Identifiers {
    Identifiers { born: date(1978, 10, 12), other: Phi::new("beech".to_owned()) }
}

/// What an authenticator app shows (RFC 6238), from the key as it is typed in.
pub(crate) fn app(clinic: &Clinic, offer: &TotpOffer) -> Secret<String> {
    const SIGNS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let bits: Vec<u8> = offer.key.reveal().chars().map(|c| u8::try_from(SIGNS.find(c).unwrap()).unwrap()).collect();
    let bits: Vec<u8> = bits.iter().flat_map(|five| (0..5).rev().map(move |at| (five >> at) & 1)).collect();
    let key: Vec<u8> = bits.chunks(8).map(|byte| byte.iter().fold(0, |so_far, bit| (so_far << 1) | bit)).collect();
    let step = clinic.engine.clock().now().as_second() / 30;
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &key), &step.to_be_bytes());
    let at = usize::from(tag.as_ref()[19] & 15);
    let word = u32::from_be_bytes(tag.as_ref()[at..at + 4].try_into().unwrap()) & 0x7fff_ffff;
    secret(&format!("{:06}", word % 1_000_000))
}

pub(crate) async fn begin(clinic: &Clinic, patient: &str, person: Option<&str>, said: &Identifiers) -> Enrolment {
    let new = NewInvitation { person: person.map(str::to_owned) };
    let invitation = clinic.engine.invite(&clinic.principal, patient, &new).await.unwrap();
    clinic.engine.begin_enrolment(&clinic.tenant(), &invitation.code, said, HOME).await.unwrap()
}

/// Begins to enrol the patient of the clinic.
pub(crate) async fn begin_for_alma(clinic: &Clinic) -> Enrolment {
    begin(clinic, "Patient/p1", None, &alma()).await
}

/// Enrols with a password and an app; gives both, signed in.
pub(crate) async fn enrol(clinic: &Clinic, patient: &str, person: Option<&str>, name: &str) -> (SignedIn, TotpOffer) {
    let enrolment = begin(clinic, patient, person, &alma()).await;
    let engine = &clinic.engine;
    let offer = engine.enrol_with_password(&enrolment.token, name, &secret(PASSWORD)).await.unwrap();
    let code = app(clinic, &offer);
    let signed_in = engine.enrol_confirm_code(&enrolment.token, code.reveal(), Browser::Phone).await.unwrap();
    (signed_in, offer)
}

pub(crate) async fn visitor(clinic: &Clinic, signed_in: &SignedIn) -> Visitor {
    clinic.engine.visitor(&signed_in.token).await.unwrap().unwrap()
}

pub(crate) async fn sent(clinic: &Clinic, request: &Value) -> MessageId {
    let id = clinic.send(request).await.id;
    clinic.settle().await;
    id
}

/// A child of Alma Beech's age in a family: a boy of twelve with his mother on the record.
pub(crate) fn family(consented: bool) -> Vec<Value> {
    let mut all = records::patient("p1", NUMBER, EMAIL);
    all[0]["birthDate"] = json!("2014-05-05");
    all.push(json!({
        "resourceType": "RelatedPerson", "id": "r1", "active": true, "patient": {"reference": "Patient/p1"},
        "relationship": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-RoleCode", "code": "NMTH"}]}],
        "telecom": [{"system": "sms", "value": "+12125550188", "use": "mobile"}],
    }));
    all.push(grant(if consented { "active" } else { "inactive" }));
    all
}

fn grant(status: &str) -> Value {
    json!({
        "resourceType": "Consent", "id": "g1", "status": status,
        "scope": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}]},
        "category": [{"coding": [{"system": "https://postern.example/fhir/CodeSystem/postern-consent", "code": "proxy-communication"}]}],
        "patient": {"reference": "Patient/p1"}, "dateTime": "2026-02-01T10:00:00-05:00",
        "provision": {"type": "permit", "actor": [{"role": {"text": "proxy"}, "reference": {"reference": "RelatedPerson/r1"}}]},
    })
}

pub(crate) fn boy() -> Identifiers {
    Identifiers { born: date(2014, 5, 5), other: Phi::new("Beech".to_owned()) }
}

#[tokio::test]
async fn a_patient_enrols_reads_a_result_and_writes_back_and_all_of_it_is_entered() {
    let clinic = Clinic::open().await;
    let message = sent(&clinic, &result(None)).await;
    let (signed_in, _) = enrol(&clinic, "Patient/p1", None, "alma").await;
    assert_eq!(signed_in.recovery_codes.len(), 8);
    let alma = visitor(&clinic, &signed_in).await;
    assert_eq!((alma.patient.as_str(), alma.aal, alma.is_proxy()), ("p1", Aal::Aal2, false));
    let (listed, next) = clinic.engine.portal_messages(&alma, None, 20).await.unwrap();
    assert_eq!((listed.len(), next), (1, None));
    assert!(listed[0].read_at.is_none() && listed[0].subject.is_none(), "the title may be the news");
    let opened = clinic.engine.open_portal_message(&alma, message).await.unwrap();
    assert!(opened.body.reveal().contains("8.2 %"));
    let replied = clinic.engine.reply(&alma, message, "May I eat bread?", &[]).await.unwrap();
    assert_eq!(replied, Replied::Taken);
    let thread = clinic.engine.portal_thread(&alma, message).await.unwrap();
    assert_eq!(thread.replies[0].text.reveal(), "May I eat bread?");
    assert!(thread.message.read_at.is_some());
    let codes = clinic.codes(message).await;
    for entered in [("disclosed", "read_by_patient"), ("receipt", "read")] {
        let found = codes.iter().filter(|(kind, code)| (kind.as_str(), code.as_str()) == entered).count();
        assert_eq!(found, 1, "{entered:?} in {codes:?}");
    }
    let staff = clinic.engine.received(&clinic.principal, "Patient/p1", wire_reason(), None, 10).await.unwrap();
    assert_eq!((staff.len(), staff[0].text.as_str(), staff[0].answers), (1, "May I eat bread?", Some(message)));
    let by = clinic.engine.opened_by(&alma, message).await.unwrap();
    assert!(by.iter().any(|opening| opening.why == "read_by_patient"));
    assert!(!clinic.engine.why(&alma, message).await.unwrap().taken.is_empty());
    let history = clinic.engine.history_with_proofs(&alma, None, 10).await.unwrap().proven;
    assert_eq!(history.len(), 1);
}

fn wire_reason() -> postern_engine::wire::ReadReason {
    postern_engine::wire::ReadReason::ALL[0]
}

#[tokio::test]
async fn a_word_of_danger_is_answered_at_once_and_a_stop_in_the_portal_ends_texts_and_not_the_portal() {
    let clinic = Clinic::open().await;
    let message = sent(&clinic, &result(None)).await;
    let (signed_in, _) = enrol(&clinic, "Patient/p1", None, "alma").await;
    let alma = visitor(&clinic, &signed_in).await;
    let replied = clinic.engine.reply(&alma, message, "I don't want to live like this", &[]).await.unwrap();
    assert_eq!(replied, Replied::Danger);
    assert_eq!(clinic.engine.reply(&alma, message, "  ", &[]).await.unwrap(), Replied::Empty);
    // What cannot be taken is read for danger too, and somebody is told of it.
    let long = "kill my self ".repeat(5_000);
    assert_eq!(clinic.engine.reply(&alma, message, &long, &[]).await.unwrap(), Replied::DangerNotTaken);
    let nowhere = MessageId(uuid::Uuid::nil());
    assert_eq!(clinic.engine.reply(&alma, nowhere, "me quiero morir", &[]).await.unwrap(), Replied::DangerNotTaken);
    assert!(clinic.engine.reply(&alma, nowhere, "may I eat bread?", &[]).await.is_err());
    let alerts = clinic.engine.alerts(&clinic.principal, true, None, 10).await.unwrap();
    assert_eq!(alerts.iter().map(|alert| alert.inbound.is_some()).collect::<Vec<_>>(), [false, false, true]);
    assert_eq!(clinic.engine.reply(&alma, message, "STOP", &[]).await.unwrap(), Replied::Stopped);
    clinic.minutes(26 * 60);
    let mut next = result(None);
    next["content"]["body"] = "Your HbA1c came back at 7.1 %. That is better.".into();
    let answer = clinic.send(&next).await;
    let refused: Vec<_> = answer.decision.refusals.iter().filter(|one| one.channel == Channel::Sms).collect();
    assert!(refused.iter().any(|one| one.rule == "TCP-11" || one.rule == "TCP-14"), "{refused:?}");
    let portal: Vec<_> = answer.decision.refusals.iter().filter(|one| one.channel == Channel::Portal).collect();
    assert!(answer.decision.deliveries.iter().any(|one| one.channel == Channel::Portal), "{portal:?}");
}

#[tokio::test]
async fn a_session_planted_before_or_stolen_is_worth_nothing_after_a_rise_a_sign_out_or_a_while() {
    let clinic = Clinic::open().await;
    let (first, offer) = enrol(&clinic, "Patient/p1", None, "alma").await;
    let alma = visitor(&clinic, &first).await;
    clinic.minutes(1);
    let code = Second::Code(app(&clinic, &offer));
    let turned = clinic.engine.confirm(&alma, &code, HOME).await.unwrap();
    assert!(clinic.engine.visitor(&first.token).await.unwrap().is_none(), "the token of before the rise");
    assert_eq!(turned.session, first.session);
    let alma = visitor(&clinic, &turned).await;
    clinic.engine.sign_out(&alma).await.unwrap();
    assert!(clinic.engine.visitor(&turned.token).await.unwrap().is_none(), "stolen, after a sign-out");
    assert!(clinic.engine.visitor(&secret("")).await.unwrap().is_none());
    assert!(clinic.engine.visitor(&secret(&"0".repeat(64))).await.unwrap().is_none());
    clinic.minutes(1);
    let second = sign_in(&clinic, &offer, "alma").await.unwrap();
    clinic.minutes(14);
    let still = visitor(&clinic, &second).await;
    assert_eq!(clinic.engine.sessions(&still).await.unwrap().len(), 1);
    clinic.minutes(14);
    assert!(clinic.engine.visitor(&second.token).await.unwrap().is_some(), "use puts the end off");
    clinic.minutes(16);
    assert!(clinic.engine.visitor(&second.token).await.unwrap().is_none(), "idle");
}

#[tokio::test]
async fn use_does_not_put_off_the_absolute_end_and_signing_out_everywhere_ends_every_device() {
    let clinic = Clinic::open().await;
    let (first, offer) = enrol(&clinic, "Patient/p1", None, "alma").await;
    for _ in 0..71 {
        clinic.minutes(10);
        assert!(clinic.engine.visitor(&first.token).await.unwrap().is_some());
    }
    clinic.minutes(10);
    assert!(clinic.engine.visitor(&first.token).await.unwrap().is_none(), "twelve hours");
    let one = sign_in(&clinic, &offer, "alma").await.unwrap();
    clinic.minutes(1);
    let two = sign_in(&clinic, &offer, "alma").await.unwrap();
    let alma = visitor(&clinic, &one).await;
    assert_eq!(clinic.engine.sessions(&alma).await.unwrap().iter().filter(|device| device.this).count(), 1);
    clinic.engine.sign_out_everywhere(&alma).await.unwrap();
    for token in [&one.token, &two.token] {
        assert!(clinic.engine.visitor(token).await.unwrap().is_none());
    }
}

pub(crate) async fn sign_in(clinic: &Clinic, offer: &TotpOffer, name: &str) -> Result<SignedIn, Refused> {
    let step = clinic.engine.sign_in_with_password(&clinic.tenant(), name, &secret(PASSWORD), HOME).await?;
    let code = Second::Code(app(clinic, offer));
    clinic.engine.finish_sign_in(&step.token, &code, HOME, Browser::Computer).await
}

#[tokio::test]
async fn a_code_is_taken_once_and_a_recovery_code_from_paper_once() {
    let clinic = Clinic::open().await;
    let (first, offer) = enrol(&clinic, "Patient/p1", None, "alma").await;
    let engine = &clinic.engine;
    assert_eq!(
        sign_in(&clinic, &offer, "alma").await.unwrap_err(),
        Refused::NoMatch,
        "the code of the enrolment again"
    );
    clinic.minutes(1);
    assert!(sign_in(&clinic, &offer, "ALMA ").await.is_ok());
    assert_eq!(sign_in(&clinic, &offer, "alma").await.unwrap_err(), Refused::NoMatch, "seen over a shoulder");
    for expected in [true, false] {
        let step = engine.sign_in_with_password(&clinic.tenant(), "alma", &secret(PASSWORD), HOME).await.unwrap();
        let paper = Second::Recovery(secret(first.recovery_codes[0].reveal()));
        let done = engine.finish_sign_in(&step.token, &paper, HOME, Browser::Computer).await;
        assert_eq!(done.is_ok(), expected);
        let again = engine.finish_sign_in(&step.token, &paper, HOME, Browser::Computer).await;
        assert!(again.is_err(), "a step is done once");
    }
}

#[tokio::test]
async fn who_guesses_waits_longer_each_time_and_hears_the_same_whether_there_is_an_account() {
    let clinic = Clinic::open().await;
    enrol(&clinic, "Patient/p1", None, "alma").await;
    let engine = &clinic.engine;
    let (wrong, tenant) = (secret("a guess of somebody"), clinic.tenant());
    let mut heard = Vec::new();
    for name in ["alma", "nobody"] {
        let mut answers = Vec::new();
        for n in 0..7 {
            let source = format!("198.51.100.{n}");
            let before = engine.gauges().await.unwrap().log_size;
            answers.push(engine.sign_in_with_password(&tenant, name, &wrong, &source).await.unwrap_err());
            assert_eq!(engine.gauges().await.unwrap().log_size, before, "no guess grows the ledger");
        }
        heard.push(answers);
    }
    assert_eq!(heard[0], heard[1]);
    assert!(heard[0][..5].iter().all(|answer| *answer == Refused::NoMatch));
    assert!(matches!(heard[0][6], Refused::TooMany { .. }));
    // The right password is not heard either while it waits, and afterwards it is.
    let right = engine.sign_in_with_password(&tenant, "alma", &secret(PASSWORD), HOME).await;
    assert!(matches!(right, Err(Refused::TooMany { .. })));
    clinic.clock.move_on(SignedDuration::from_secs(61));
    assert!(engine.sign_in_with_password(&tenant, "alma", &secret(PASSWORD), HOME).await.is_ok());
}

/// What the store did for `asked`: transactions and writes in them.
async fn work<T>(clinic: &Clinic, asked: impl Future<Output = T>) -> (u64, u64) {
    let before = clinic.engine.store().stats();
    asked.await;
    let after = clinic.engine.store().stats();
    (after.commits - before.commits, after.writes - before.writes)
}

#[tokio::test]
async fn the_store_works_as_much_for_who_does_not_exist_as_for_who_does() {
    let clinic = Clinic::open().await;
    enrol(&clinic, "Patient/p1", None, "alma").await;
    let (engine, tenant) = (&clinic.engine, clinic.tenant());
    let code = engine.invite(&clinic.principal, "Patient/p1", &NewInvitation::default()).await.unwrap().code;
    // The least of four: now and then the store publishes a checkpoint beside what it is asked for.
    let mut least = [(u64::MAX, u64::MAX); 4];
    for round in 0..4 {
        let guess = secret("a guess of somebody");
        let (from, place) = (format!("198.51.100.{round}"), format!("203.0.113.{round}"));
        let other = alma_of(1900 + round);
        let did = [
            work(&clinic, engine.sign_in_with_password(&tenant, "alma", &guess, &from)).await,
            work(&clinic, engine.sign_in_with_password(&tenant, "nobody", &guess, &from)).await,
            work(&clinic, engine.begin_enrolment(&tenant, &code, &other, &place)).await,
            work(&clinic, engine.begin_enrolment(&tenant, "BCDF-GHJK-MNPQ", &other, &place)).await,
        ];
        for (least, did) in least.iter_mut().zip(did) {
            *least = did.min(*least);
        }
    }
    assert_eq!(least[0], least[1], "a password");
    assert_eq!(least[2], least[3], "an invitation");
    assert!(least.iter().all(|(commits, _)| *commits > 0), "{least:?}");
}

#[tokio::test]
async fn an_invitation_opens_nothing_by_itself_works_once_ends_and_is_spent_by_guessing() {
    let clinic = Clinic::open().await;
    let engine = &clinic.engine;
    let tenant = clinic.tenant();
    let invite = async || engine.invite(&clinic.principal, "Patient/p1", &NewInvitation::default()).await.unwrap().code;
    let begin = async |code: &str, said: &Identifiers| engine.begin_enrolment(&tenant, code, said, HOME).await;
    let code = invite().await;
    let other_day = Identifiers { born: date(1978, 10, 13), ..alma() };
    let other_name = Identifiers { other: Phi::new("birch".to_owned()), ..alma() };
    for said in [&other_day, &other_name, &Identifiers { other: Phi::new(String::new()), ..alma() }] {
        assert_eq!(begin(&code, said).await.unwrap_err(), Refused::NoMatch);
    }
    assert_eq!(begin("BCDF-GHJK-MNPQ", &alma()).await.unwrap_err(), Refused::NoMatch, "no such code, the same answer");
    assert!(begin(&code.to_lowercase().replace('-', ""), &alma()).await.is_ok(), "however it is typed");
    let number = Identifiers { other: Phi::new("(212) 555-0101".to_owned()), ..alma() };
    assert!(begin(&code, &number).await.is_ok(), "a number on the record");
    for _ in 0..2 {
        begin(&code, &other_day).await.unwrap_err();
    }
    assert_eq!(begin(&code, &alma()).await.unwrap_err(), Refused::NoMatch, "spent by five guesses");
    let late = invite().await;
    clinic.minutes(7 * 24 * 60 + 1);
    assert_eq!(begin(&late, &alma()).await.unwrap_err(), Refused::NoMatch, "over");
    let nobody = engine.invite(&clinic.principal, "Patient/p404", &NewInvitation::default()).await;
    assert!(nobody.is_err());
    let stranger = NewInvitation { person: Some("RelatedPerson/x".into()) };
    assert!(engine.invite(&clinic.principal, "Patient/p1", &stranger).await.is_err());
}

#[tokio::test]
async fn of_two_who_enrol_with_one_invitation_one_does_and_a_kill_between_leaves_it_unused() {
    let clinic = Clinic::open().await;
    let code = clinic.engine.invite(&clinic.principal, "Patient/p1", &NewInvitation::default()).await.unwrap().code;
    let tenant = clinic.tenant();
    let first = clinic.engine.begin_enrolment(&tenant, &code, &alma(), HOME).await.unwrap();
    clinic.engine.enrol_with_password(&first.token, "alma", &secret(PASSWORD)).await.unwrap();
    let clinic = clinic.restart().await;
    let engine = &clinic.engine;
    assert_eq!(engine.enrol_confirm_code(&first.token, "000000", Browser::Phone).await.unwrap_err(), Refused::Over);
    let right = engine.sign_in_with_password(&tenant, "alma", &secret(PASSWORD), HOME).await;
    assert_eq!(right.unwrap_err(), Refused::NoMatch, "nothing half is there");
    let one = engine.begin_enrolment(&tenant, &code, &alma(), HOME).await.unwrap();
    let two = engine.begin_enrolment(&tenant, &code, &alma(), HOME).await.unwrap();
    let mut done = Vec::new();
    for (enrolment, name) in [(&one, "alma"), (&two, "mallory")] {
        let offer = engine.enrol_with_password(&enrolment.token, name, &secret(PASSWORD)).await.unwrap();
        let code = app(&clinic, &offer);
        done.push(engine.enrol_confirm_code(&enrolment.token, code.reveal(), Browser::Phone).await.map(drop));
    }
    assert_eq!(done, [Ok(()), Err(Refused::Over)]);
}

#[tokio::test]
async fn who_is_invited_anew_has_new_factors_and_whoever_held_the_old_ones_has_nothing() {
    let clinic = Clinic::open().await;
    let (old, offer) = enrol(&clinic, "Patient/p1", None, "alma").await;
    clinic.minutes(1);
    let (new, fresh) = enrol(&clinic, "Patient/p1", None, "alma").await;
    assert_eq!(new.account, old.account);
    assert!(clinic.engine.visitor(&old.token).await.unwrap().is_none());
    clinic.minutes(1);
    assert_eq!(sign_in(&clinic, &offer, "alma").await.unwrap_err(), Refused::NoMatch, "the stolen app");
    assert!(sign_in(&clinic, &fresh, "alma").await.is_ok());
}

#[tokio::test]
async fn nobody_reaches_another_patients_or_another_practices_messages_by_any_id() {
    let clinic = Clinic::open().await;
    clinic.import(records::patient("p2", "+12125550102", "sam@example.org")).await;
    let mut other = result(None);
    other["patient"] = "Patient/p2".into();
    let theirs = sent(&clinic, &other).await;
    clinic.found("harbor", "Harbor Clinic", "+15555550111").await;
    clinic.import_for(&principal("harbor"), records::patient("p1", NUMBER, EMAIL)).await;
    let harbor = clinic.engine.accept(&principal("harbor"), None, &serde_json::to_vec(&result(None)).unwrap()).await;
    let elsewhere = harbor.unwrap().answer.id;
    clinic.settle().await;
    let (signed_in, _) = enrol(&clinic, "Patient/p1", None, "alma").await;
    let alma = visitor(&clinic, &signed_in).await;
    for id in [theirs, elsewhere] {
        assert_eq!(clinic.engine.open_portal_message(&alma, id).await.unwrap_err(), NotNow::NotFound);
        assert_eq!(clinic.engine.portal_thread(&alma, id).await.unwrap_err(), NotNow::NotFound);
        assert_eq!(clinic.engine.reply(&alma, id, "hello", &[]).await.unwrap_err(), NotNow::NotFound);
        assert_eq!(clinic.engine.opened_by(&alma, id).await.unwrap_err(), NotNow::NotFound);
        assert_eq!(clinic.engine.why(&alma, id).await.unwrap_err(), NotNow::NotFound);
    }
    let (listed, _) = clinic.engine.portal_messages(&alma, None, 20).await.unwrap();
    assert!(listed.is_empty());
    let tenant = "harbor".parse().unwrap();
    let there = clinic.engine.sign_in_with_password(&tenant, "alma", &secret(PASSWORD), HOME).await;
    assert_eq!(there.unwrap_err(), Refused::NoMatch, "an account is of one practice");
    let stranger = clinic
        .engine
        .turn_to(&alma, postern_base::id::new_v7(clinic.engine.clock().now(), &postern_base::SystemRng).unwrap())
        .await;
    assert_eq!(stranger.unwrap_err(), Refused::NoMatch);
}

#[tokio::test]
async fn a_forwarded_link_leads_to_a_sign_in_and_to_its_message_once() {
    let clinic = Clinic::open().await;
    clinic.import(records::patient("p2", "+12125550102", "sam@example.org")).await;
    let message = sent(&clinic, &result(None)).await;
    let texts = clinic.arrivals(Channel::Sms);
    let token = texts[0].body.reveal().split("/m/").nth(1).unwrap().split(['.', ' ']).next().unwrap().to_owned();
    let engine = &clinic.engine;
    for _ in 0..3 {
        let target = engine.resolve_link(&token).await.unwrap().unwrap();
        assert_eq!((target.tenant, target.message), (clinic.tenant(), Some(message)), "looking changes nothing");
    }
    assert_eq!(engine.resolve_link("bcdfghjkmnpqrstv").await.unwrap(), None);
    let (sam, _) = enrol(&clinic, "Patient/p2", None, "sam").await;
    let sam = visitor(&clinic, &sam).await;
    assert_eq!(engine.follow_link(&sam, &token).await.unwrap_err(), NotNow::NotFound, "forwarded");
    let (alma, _) = enrol(&clinic, "Patient/p1", None, "alma").await;
    let alma = visitor(&clinic, &alma).await;
    assert_eq!(engine.follow_link(&alma, &token).await.unwrap(), message);
    assert_eq!(engine.follow_link(&alma, &token).await.unwrap_err(), NotNow::NotFound, "used");
    assert_eq!(engine.resolve_link(&token).await.unwrap().unwrap().message, None);
}

#[tokio::test]
async fn a_mother_reads_for_her_son_until_the_grant_ends_and_never_what_he_consented_to_alone() {
    let clinic = Clinic::open_with(family(true), std::sync::Arc::new(postern_engine::faults::NoFaults)).await;
    let open = sent(&clinic, &result(None)).await;
    clinic.minutes(60);
    let mut alone = result(None);
    alone["content"]["body"] = "Your chlamydia test came back negative.".into();
    alone["content"]["categories"] = json!(["minor_confidential"]);
    let hidden = sent(&clinic, &alone).await;
    let engine = &clinic.engine;
    let enrolment = begin(&clinic, "Patient/p1", Some("RelatedPerson/r1"), &boy()).await;
    assert!(enrolment.proxy);
    let offer = engine.enrol_with_password(&enrolment.token, "mother", &secret(PASSWORD)).await.unwrap();
    let code = app(&clinic, &offer);
    let signed_in = engine.enrol_confirm_code(&enrolment.token, code.reveal(), Browser::Phone).await.unwrap();
    let mother = visitor(&clinic, &signed_in).await;
    assert!(mother.is_proxy());
    let listed = async || engine.portal_messages(&mother, None, 20).await.unwrap().0;
    assert_eq!(listed().await.iter().map(|one| one.message).collect::<Vec<_>>(), [open]);
    assert_eq!(engine.open_portal_message(&mother, hidden).await.unwrap_err(), NotNow::NotFound);
    assert_eq!(engine.reply(&mother, hidden, "what is this?", &[]).await.unwrap_err(), NotNow::NotFound);
    engine.open_portal_message(&mother, open).await.unwrap();
    assert!(clinic.codes(open).await.contains(&("disclosed".into(), "read_by_proxy".into())));
    clinic.import(vec![grant("inactive")]).await;
    assert!(listed().await.is_empty(), "the grant was taken back");
    assert_eq!(engine.open_portal_message(&mother, open).await.unwrap_err(), NotNow::NotFound);
    clinic.import(vec![grant("active")]).await;
    let mut grown = records::patient("p1", NUMBER, EMAIL).remove(0);
    grown["birthDate"] = json!("2008-12-01");
    clinic.import(vec![grown]).await;
    assert!(listed().await.is_empty(), "he came of age today");
}

#[tokio::test]
async fn a_mother_reads_until_the_day_her_son_comes_of_age_by_the_clock_alone() {
    let mut people = family(true);
    people[0]["birthDate"] = json!("2008-12-02");
    let clinic = Clinic::open_with(people, std::sync::Arc::new(postern_engine::faults::NoFaults)).await;
    let open = sent(&clinic, &result(None)).await;
    let said = Identifiers { born: date(2008, 12, 2), ..boy() };
    let engine = &clinic.engine;
    let enrolment = begin(&clinic, "Patient/p1", Some("RelatedPerson/r1"), &said).await;
    let offer = engine.enrol_with_password(&enrolment.token, "mother", &secret(PASSWORD)).await.unwrap();
    let code = app(&clinic, &offer);
    let first = engine.enrol_confirm_code(&enrolment.token, code.reveal(), Browser::Phone).await.unwrap();
    let mother = visitor(&clinic, &first).await;
    assert_eq!(engine.portal_messages(&mother, None, 20).await.unwrap().0.len(), 1, "he is seventeen today");
    clinic.minutes(24 * 60);
    // His birthday: the grant stands on the record as it did.
    let signed_in = sign_in(&clinic, &offer, "mother").await.unwrap();
    let mother = visitor(&clinic, &signed_in).await;
    assert!(engine.portal_messages(&mother, None, 20).await.unwrap().0.is_empty());
    assert_eq!(engine.open_portal_message(&mother, open).await.unwrap_err(), NotNow::NotFound);
    assert_eq!(engine.reply(&mother, open, "still there?", &[]).await.unwrap_err(), NotNow::NotFound);
}

#[tokio::test]
async fn one_account_takes_up_a_second_child_and_turns_between_them() {
    let clinic = Clinic::open_with(family(true), std::sync::Arc::new(postern_engine::faults::NoFaults)).await;
    clinic.import(records::patient("p2", "+12125550102", "sam@example.org")).await;
    let (alma, _) = enrol(&clinic, "Patient/p2", None, "alma").await;
    let mother = visitor(&clinic, &alma).await;
    let engine = &clinic.engine;
    let new = NewInvitation { person: Some("RelatedPerson/r1".into()) };
    let code = engine.invite(&clinic.principal, "Patient/p1", &new).await.unwrap().code;
    let wrong = engine.take_up(&mother, &code, &alma_of(2015), HOME).await;
    assert_eq!(wrong.unwrap_err(), Refused::NoMatch);
    let turned = engine.take_up(&mother, &code, &boy(), HOME).await.unwrap();
    assert!(engine.visitor(&alma.token).await.unwrap().is_none(), "a new token");
    let for_son = visitor(&clinic, &turned).await;
    assert!(for_son.is_proxy() && for_son.patient.as_str() == "p1");
    let persons = engine.persons(&for_son).await.unwrap();
    assert_eq!(
        persons.iter().map(|one| (one.patient.as_str(), one.this)).collect::<Vec<_>>(),
        [("p2", false), ("p1", true)]
    );
    let back = engine.turn_to(&for_son, persons[0].id).await.unwrap();
    assert!(!visitor(&clinic, &back).await.is_proxy());
    // What a code alone opens is one's own: who showed one factor looks at nobody else's (45 CFR 164.514(h)).
    let at_home = visitor(&clinic, &back).await;
    let mut weak = at_home.clone();
    weak.aal = Aal::Aal1;
    assert_eq!(engine.turn_to(&weak, persons[1].id).await.unwrap_err(), Refused::NoMatch);
    engine.turn_to(&at_home, persons[1].id).await.unwrap();
}

#[tokio::test]
async fn an_invitation_for_a_child_renews_no_account_that_is_its_mothers_own_too() {
    let clinic = Clinic::open_with(family(true), std::sync::Arc::new(postern_engine::faults::NoFaults)).await;
    clinic.import(records::patient("p2", "+12125550102", "sam@example.org")).await;
    let (alma, offer) = enrol(&clinic, "Patient/p2", None, "alma").await;
    let engine = &clinic.engine;
    let new = NewInvitation { person: Some("RelatedPerson/r1".into()) };
    let code = engine.invite(&clinic.principal, "Patient/p1", &new).await.unwrap().code;
    let turned = engine.take_up(&visitor(&clinic, &alma).await, &code, &boy(), HOME).await.unwrap();
    let at_home = engine.turn_to(&visitor(&clinic, &turned).await, engine_own(&clinic, &turned).await).await.unwrap();

    // Somebody else holds a second invitation for the child, and knows the child's birthday and name.
    let enrolment = begin(&clinic, "Patient/p1", Some("RelatedPerson/r1"), &boy()).await;
    let taken = engine.enrol_with_password(&enrolment.token, "alma", &secret(PASSWORD)).await;
    assert_eq!(taken.unwrap_err(), Refused::NameTaken, "it is the mother's name still");
    let theirs = engine.enrol_with_password(&enrolment.token, "other", &secret(PASSWORD)).await.unwrap();
    let other = app(&clinic, &theirs);
    let other = engine.enrol_confirm_code(&enrolment.token, other.reveal(), Browser::Phone).await.unwrap();
    assert_ne!(other.account, alma.account);
    let seen = visitor(&clinic, &other).await;
    assert!(seen.is_proxy() && seen.patient.as_str() == "p1");
    assert_eq!(engine.persons(&seen).await.unwrap().len(), 1, "the child, and nothing of the mother");

    // The mother keeps her way in and her own record, and stands for the child no more.
    let mother = visitor(&clinic, &at_home).await;
    assert_eq!(engine.persons(&mother).await.unwrap().len(), 1);
    clinic.minutes(1);
    assert!(sign_in(&clinic, &offer, "alma").await.is_ok());
    // Invited herself, with what is known of herself, she has new factors for the same account.
    let (anew, _) = enrol(&clinic, "Patient/p2", None, "alma").await;
    assert_eq!(anew.account, alma.account);
}

/// The visitor's own record among those of the account.
async fn engine_own(clinic: &Clinic, signed_in: &SignedIn) -> uuid::Uuid {
    let persons = clinic.engine.persons(&visitor(clinic, signed_in).await).await.unwrap();
    persons.into_iter().find(|one| one.grant.is_none()).unwrap().id
}

#[tokio::test]
async fn nobody_takes_up_a_patients_own_invitation_beside_themself() {
    let clinic = Clinic::open().await;
    clinic.import(records::patient("p2", "+12125550102", "sam@example.org")).await;
    let (sam, _) = enrol(&clinic, "Patient/p2", None, "sam").await;
    let engine = &clinic.engine;
    let code = engine.invite(&clinic.principal, "Patient/p1", &NewInvitation::default()).await.unwrap().code;
    let taken = engine.take_up(&visitor(&clinic, &sam).await, &code, &alma(), HOME).await;
    assert_eq!(taken.unwrap_err(), Refused::NoMatch);
    // It is as good for the patient as before.
    let begun = engine.begin_enrolment(&clinic.tenant(), &code, &alma(), HOME).await.unwrap();
    let offer = engine.enrol_with_password(&begun.token, "alma", &secret(PASSWORD)).await.unwrap();
    let own = engine.enrol_confirm_code(&begun.token, app(&clinic, &offer).reveal(), Browser::Phone).await.unwrap();
    assert_ne!(own.account, sam.account);
    assert!(engine.visitor(&sam.token).await.unwrap().is_some(), "he is who he was");
}

#[tokio::test]
async fn who_acts_for_somebody_gives_it_up_at_once_and_never_their_own_record() {
    let clinic = Clinic::open_with(family(true), std::sync::Arc::new(postern_engine::faults::NoFaults)).await;
    clinic.import(records::patient("p2", "+12125550102", "sam@example.org")).await;
    let (alma, _) = enrol(&clinic, "Patient/p2", None, "alma").await;
    let engine = &clinic.engine;
    let new = NewInvitation { person: Some("RelatedPerson/r1".into()) };
    let code = engine.invite(&clinic.principal, "Patient/p1", &new).await.unwrap().code;
    let turned = engine.take_up(&visitor(&clinic, &alma).await, &code, &boy(), HOME).await.unwrap();
    let mother = visitor(&clinic, &turned).await;
    let persons = engine.persons(&mother).await.unwrap();
    assert!(persons[0].grant.is_none() && persons[1].grant.is_some_and(|grant| grant.on_record));
    assert!(engine.leave_person(&mother, persons[0].id).await.is_err(), "one's own record is not given up here");
    engine.leave_person(&mother, persons[1].id).await.unwrap();
    assert!(engine.visitor(&turned.token).await.unwrap().is_none(), "the session that looked at it ends");
    assert_eq!(engine.persons(&mother).await.unwrap().len(), 1);
    assert!(engine.leave_person(&mother, persons[1].id).await.is_err(), "what was given up is nobody's to give up");
}

fn alma_of(year: i16) -> Identifiers {
    Identifiers { born: date(year, 10, 12), ..alma() }
}

#[tokio::test]
async fn who_guesses_at_invitations_from_one_place_is_stopped_there_and_nobody_elsewhere() {
    let clinic = Clinic::open().await;
    let (engine, tenant) = (&clinic.engine, clinic.tenant());
    for _ in 0..30 {
        let guess = engine.begin_enrolment(&tenant, "BCDF-GHJK-MNPQ", &alma(), "198.51.100.9").await;
        assert_eq!(guess.unwrap_err(), Refused::NoMatch);
    }
    let guess = engine.begin_enrolment(&tenant, "BCDF-GHJK-MNPQ", &alma(), "198.51.100.9").await;
    assert!(matches!(guess, Err(Refused::TooMany { .. })));
    begin(&clinic, "Patient/p1", None, &alma()).await;
}

/// What many hear who ask at once: how many were weighed, and how many were told to wait.
async fn at_once<T: Send + 'static>(
    asked: impl Iterator<Item = impl Future<Output = Result<T, Refused>> + Send + 'static>,
) -> (usize, usize) {
    let asked: Vec<_> = asked.map(tokio::spawn).collect();
    let (mut weighed, mut waiting) = (0, 0);
    for one in asked {
        match one.await.unwrap() {
            Err(Refused::TooMany { .. }) => waiting += 1,
            _ => weighed += 1,
        }
    }
    (weighed, waiting)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_fifty_guesses_in_flight_no_more_are_weighed_than_of_fifty_in_a_row() {
    let clinic = Clinic::open().await;
    let (_, offer) = enrol(&clinic, "Patient/p1", None, "alma").await;
    let (engine, tenant) = (clinic.engine.clone(), clinic.tenant());
    let passwords = (0..50).map(|n| {
        let (engine, tenant) = (engine.clone(), tenant.clone());
        let (guess, from) = (secret(&format!("a guess number {n}")), format!("198.51.100.{n}"));
        async move { engine.sign_in_with_password(&tenant, "alma", &guess, &from).await }
    });
    assert_eq!(at_once(passwords).await, (5, 45), "of one name");
    clinic.clock.move_on(SignedDuration::from_secs(16));
    let step = engine.sign_in_with_password(&tenant, "alma", &secret(PASSWORD), HOME).await.unwrap();
    let codes = (0..50).map(|n| {
        let (engine, token) = (engine.clone(), step.token.clone());
        let (guess, from) = (Second::Recovery(secret(&format!("guess-{n}"))), format!("198.51.100.{n}"));
        async move { engine.finish_sign_in(&token, &guess, &from, Browser::Computer).await }
    });
    assert_eq!(
        at_once(codes).await,
        (1, 49),
        "the right password left the count of the name, and nobody waited for it"
    );
    clinic.clock.move_on(SignedDuration::from_hours(1));
    sign_in(&clinic, &offer, "alma").await.unwrap();
    let invitations = (0..50).map(|_| {
        let (engine, tenant) = (engine.clone(), tenant.clone());
        async move { engine.begin_enrolment(&tenant, "BCDF-GHJK-MNPQ", &alma(), "198.51.100.200").await }
    });
    assert_eq!(at_once(invitations).await, (30, 20), "from one place");
}

/// How many of fifty birthdays that are said at once to a fresh invitation are weighed: the right one is said `place`th, and whether it
/// opens the invitation tells.
async fn opens_at(clinic: &Clinic, place: i16) -> bool {
    let (engine, tenant) = (clinic.engine.clone(), clinic.tenant());
    let code = engine.invite(&clinic.principal, "Patient/p1", &NewInvitation::default()).await.unwrap().code;
    // Right answers are not counted, however many.
    for _ in 0..6 {
        engine.begin_enrolment(&tenant, &code, &alma(), HOME).await.unwrap();
    }
    let asked: Vec<_> = (0..50)
        .map(|n| {
            let said = if n == place { alma() } else { alma_of(1900 + n) };
            let (engine, tenant, code) = (engine.clone(), tenant.clone(), code.clone());
            let from = format!("198.51.{place}.{n}");
            tokio::spawn(async move { engine.begin_enrolment(&tenant, &code, &said, &from).await })
        })
        .collect();
    let mut opened = Vec::new();
    for (n, one) in (0..50).zip(asked) {
        match one.await.unwrap() {
            Ok(_) => opened.push(n),
            Err(refused) => assert_eq!(refused, Refused::NoMatch, "the answer is one, weighed or not"),
        }
    }
    assert!(opened.iter().all(|n| *n == place), "{opened:?} opened it");
    !opened.is_empty()
}

#[tokio::test]
async fn of_fifty_birthdays_in_flight_five_are_weighed_against_one_invitation() {
    let clinic = Clinic::open().await;
    for (place, weighed) in [(0, true), (3, true), (4, true), (5, false), (6, false), (30, false), (49, false)] {
        assert_eq!(opens_at(&clinic, place).await, weighed, "the right birthday, said after {place} wrong ones");
    }
}

#[tokio::test]
async fn right_answers_from_one_place_are_never_counted() {
    let clinic = Clinic::open().await;
    let (_, _) = enrol(&clinic, "Patient/p1", None, "alma").await;
    for _ in 0..35 {
        clinic.engine.sign_in_with_password(&clinic.tenant(), "alma", &secret(PASSWORD), HOME).await.unwrap();
    }
}

#[tokio::test]
async fn what_is_specially_protected_asks_for_a_strong_factor_again() {
    let clinic = Clinic::open().await;
    let mut request = result(None);
    request["content"]["categories"] = json!(["hiv"]);
    let message = sent(&clinic, &request).await;
    let (signed_in, offer) = enrol(&clinic, "Patient/p1", None, "alma").await;
    clinic.minutes(11);
    let alma = visitor(&clinic, &signed_in).await;
    assert_eq!(clinic.engine.open_portal_message(&alma, message).await.unwrap_err(), NotNow::SignInAnew);
    // Who writes is shown nothing: a letter that took its time is taken.
    let written = clinic.engine.reply(&alma, message, "Dear doctor,\u{b}thank you.", &[]).await.unwrap();
    assert_eq!(written, Replied::Taken);
    assert!(
        clinic.engine.portal_thread(&alma, message).await.unwrap().replies.is_empty(),
        "nor what was written to it"
    );
    let code = Second::Code(app(&clinic, &offer));
    let turned = clinic.engine.confirm(&alma, &code, HOME).await.unwrap();
    let alma = visitor(&clinic, &turned).await;
    assert!(clinic.engine.open_portal_message(&alma, message).await.is_ok());
    let thread = clinic.engine.portal_thread(&alma, message).await.unwrap();
    assert_eq!(thread.replies[0].text.reveal(), "Dear doctor,\nthank you.");
}

#[tokio::test]
async fn words_wait_for_whose_session_ran_out_and_not_for_whose_session_was_ended() {
    let clinic = Clinic::open().await;
    let message = sent(&clinic, &result(None)).await;
    let (first, offer) = enrol(&clinic, "Patient/p1", None, "alma").await;
    let keep = async |signed_in: &SignedIn, text: &str| {
        let tenant = clinic.tenant();
        clinic.engine.keep_words_of_session(&tenant, &signed_in.token, (message, text)).await.unwrap()
    };
    clinic.minutes(16);
    assert!(clinic.engine.visitor(&first.token).await.unwrap().is_none());
    assert!(!keep(&first, "  ").await && !keep(&first, &"b".repeat(4_001)).await);
    assert!(keep(&first, "Dear doctor").await);
    let step = clinic.engine.sign_in_with_password(&clinic.tenant(), "alma", &secret(PASSWORD), HOME).await.unwrap();
    let code = Second::Code(app(&clinic, &offer));
    let second = clinic.engine.finish_sign_in(&step.token, &code, HOME, Browser::Phone).await.unwrap();
    let alma = visitor(&clinic, &second).await;
    assert_eq!(clinic.engine.words_to(&alma, message).unwrap().reveal(), "Dear doctor");
    assert_eq!(clinic.engine.words_wait_at(&alma), Some(message));
    assert!(clinic.engine.words_to(&alma, MessageId(uuid::Uuid::nil())).is_none());
    clinic.engine.reply(&alma, message, "Dear doctor", &[]).await.unwrap();
    assert!(clinic.engine.words_to(&alma, message).is_none(), "it was sent");
    clinic.engine.sign_out(&alma).await.unwrap();
    assert!(!keep(&second, "By whom?").await);
    let nobody = SignedIn { token: secret(&"0".repeat(64)), ..second };
    assert!(!keep(&nobody, "By nobody").await);
}

#[tokio::test]
async fn after_a_patients_key_is_destroyed_nobody_is_signed_in_and_no_name_answers() {
    let clinic = Clinic::open().await;
    let (signed_in, offer) = enrol(&clinic, "Patient/p1", None, "alma").await;
    let id = postern_base::EntryId::new(clinic.engine.clock().now(), &postern_base::SystemRng).unwrap();
    let now = clinic.engine.clock().now();
    let entry = postern_ledger::Entry::new(id, clinic.tenant(), postern_ledger::Kind::KeyDestroyed, now);
    clinic.engine.store().tenant(&clinic.tenant()).destroy_patient_key(&"p1".parse().unwrap(), entry).await.unwrap();
    assert!(clinic.engine.visitor(&signed_in.token).await.unwrap().is_none());
    clinic.minutes(1);
    assert_eq!(sign_in(&clinic, &offer, "alma").await.unwrap_err(), Refused::NoMatch);
}
