//! Codes by text: a second factor beside a password, alone enough for little; and whom a change of an account is told to.

use crate::clinic::{Clinic, EMAIL, NUMBER, result, settings};
use crate::portal::{HOME, PASSWORD, app, begin_for_alma, enrol, secret, sent, sign_in, visitor};
use crate::records;
use postern_base::{Channel, Language, Purpose, Secret};
use postern_engine::faults::NoFaults;
use postern_engine::portal::{
    Aal, Browser, FactorChange, NotNow, PointRefused, Refused, Second, Shown, SignedIn, TotpOffer, Visitor,
};
use serde_json::json;
use std::sync::Arc;

fn words() -> Shown {
    Shown { words: "The words on the page.".into(), language: Language::En }
}

/// The code in the newest text that arrived at `to`.
fn code_at(clinic: &Clinic, to: &str) -> Secret<String> {
    let texts = clinic.arrivals(Channel::Sms);
    let text = texts.iter().rfind(|text| text.to.reveal() == to).unwrap();
    secret(text.body.reveal().split(|c: char| !c.is_ascii_digit()).find(|digits| digits.len() == 6).unwrap())
}

/// Takes the first number up as a factor. `alone` = a code may sign in without the password.
async fn take_up(clinic: &Clinic, alma: &Visitor, alone: bool) {
    let engine = &clinic.engine;
    let handle = engine.code_numbers(alma).await.unwrap()[0].handle.clone();
    let step = engine.add_phone_begin(alma, &handle, alone).await.unwrap();
    clinic.settle().await;
    engine.add_phone_finish(alma, &step, &code_at(clinic, NUMBER)).await.unwrap();
    clinic.settle().await;
}

/// Alma, who has an app and has taken her number up besides, so that a code alone may sign in.
async fn with_both() -> (Clinic, SignedIn, TotpOffer) {
    taken_up(true).await
}

async fn taken_up(alone: bool) -> (Clinic, SignedIn, TotpOffer) {
    let clinic = Clinic::open().await;
    let (signed_in, offer) = enrol(&clinic, "Patient/p1", None, "alma").await;
    let alma = visitor(&clinic, &signed_in).await;
    take_up(&clinic, &alma, alone).await;
    // Codes of that hour are over.
    clinic.minutes(61);
    (clinic, signed_in, offer)
}

async fn finish(clinic: &Clinic, step: &Secret<String>, said: &Secret<String>) -> Result<SignedIn, Refused> {
    let second = Second::Text(secret(said.reveal()));
    clinic.engine.finish_sign_in(step, &second, HOME, Browser::Phone).await
}

/// Asks for a code with a name alone, and lets what is done afterwards be done.
async fn asks_alone(clinic: &Clinic, name: &str) -> Result<Secret<String>, Refused> {
    let texts = clinic.arrivals(Channel::Sms).len();
    let step = clinic.engine.sign_in_by_text(&clinic.tenant(), name, HOME).await?;
    for _ in 0..200 {
        tokio::task::yield_now().await;
        clinic.settle().await;
        if clinic.arrivals(Channel::Sms).len() > texts {
            break;
        }
    }
    Ok(step.token)
}

async fn alone(clinic: &Clinic) -> Visitor {
    let step = asks_alone(clinic, "alma").await.unwrap();
    let signed_in = finish(clinic, &step, &code_at(clinic, NUMBER)).await.unwrap();
    assert!(signed_in.device.is_none(), "a device is known by who showed two factors on it");
    visitor(clinic, &signed_in).await
}

#[tokio::test]
async fn a_code_by_text_is_a_second_factor_beside_the_password_once_and_for_the_step_that_asked() {
    let (clinic, _, _) = with_both().await;
    let engine = &clinic.engine;
    let (tenant, password) = (clinic.tenant(), secret_password());
    let begin = || engine.sign_in_with_password(&tenant, "Alma", &password, HOME);
    let (step, other) = (begin().await.unwrap(), begin().await.unwrap());
    let ways = engine.second_factors(&step.token).await.unwrap();
    assert_eq!((ways.app, ways.text.as_deref(), ways.recovery), (true, Some("…01"), true));
    engine.text_second_factor(&step.token).await.unwrap();
    clinic.settle().await;
    let code = code_at(&clinic, NUMBER);
    assert_eq!(finish(&clinic, &other.token, &code).await.unwrap_err(), Refused::NoMatch, "of another step");
    assert_eq!(finish(&clinic, &step.token, &secret("000000")).await.unwrap_err(), Refused::NoMatch);
    let signed_in = finish(&clinic, &step.token, &code).await.unwrap();
    assert_eq!(visitor(&clinic, &signed_in).await.aal, Aal::Aal2);
    assert_eq!(finish(&clinic, &step.token, &code).await.unwrap_err(), Refused::Over, "it works once");
    let third = begin().await.unwrap();
    engine.text_second_factor(&third.token).await.unwrap();
    clinic.settle().await;
    let late = code_at(&clinic, NUMBER);
    clinic.minutes(6);
    assert_eq!(finish(&clinic, &third.token, &late).await.unwrap_err(), Refused::NoMatch, "it lives five minutes");
}

fn secret_password() -> Secret<String> {
    secret(PASSWORD)
}

#[tokio::test]
async fn a_code_is_guessed_five_times_and_five_go_to_one_number_in_an_hour() {
    let (clinic, _, _) = with_both().await;
    let engine = &clinic.engine;
    let step = engine.sign_in_with_password(&clinic.tenant(), "alma", &secret_password(), HOME).await.unwrap();
    engine.text_second_factor(&step.token).await.unwrap();
    clinic.settle().await;
    let code = code_at(&clinic, NUMBER);
    for _ in 0..5 {
        assert_eq!(finish(&clinic, &step.token, &secret("000000")).await.unwrap_err(), Refused::NoMatch);
    }
    assert!(finish(&clinic, &step.token, &code).await.is_err(), "the step is over, and the name waits");
    clinic.minutes(16);
    let step = engine.sign_in_with_password(&clinic.tenant(), "alma", &secret_password(), HOME).await.unwrap();
    for _ in 0..4 {
        engine.text_second_factor(&step.token).await.unwrap();
        clinic.settle().await;
    }
    let more = engine.text_second_factor(&step.token).await;
    assert!(matches!(more, Err(Refused::TooMany { .. })), "{more:?}");
}

#[tokio::test]
async fn whoever_found_the_telephone_reads_what_tells_little_and_changes_neither_factors_nor_places() {
    let (clinic, _, offer) = with_both().await;
    let message = sent(&clinic, &result(None)).await;
    let (engine, finder) = (&clinic.engine, alone(&clinic).await);
    assert_eq!((finder.aal, finder.confirmed_at), (Aal::Aal1, None));
    assert_eq!(engine.open_portal_message(&finder, message).await.unwrap_err(), NotNow::SignInStronger);
    let (listed, _) = engine.portal_messages(&finder, None, 20).await.unwrap();
    let told = listed.iter().find(|one| one.message == message).unwrap();
    assert!(
        told.purpose.is_none() && told.subject.is_none(),
        "that it is a result is told to nobody who showed one factor"
    );
    assert!(engine.choices(&finder).await.is_ok(), "how one is reached is chosen with one factor");
    // What the telephone itself shows proves nothing new: its app, its next code, a paper that lay beside it.
    let shown = [Second::Code(app(&clinic, &offer)), Second::Text(code_at(&clinic, NUMBER))];
    for second in shown {
        assert_eq!(engine.confirm(&finder, &second, HOME).await.unwrap_err(), Refused::NoMatch, "{second:?}");
    }
    assert_eq!(engine.change_password(&finder, &secret("seven quiet herons")).await, Err(Refused::NoMatch));
    assert!(
        engine.add_phone_begin(&finder, "sms-0", true).await.is_err() && engine.remove_phone(&finder).await.is_err()
    );
    assert!(engine.renew_recovery_codes(&finder).await.is_err() && engine.renew_app_begin(&finder).await.is_err());
    let added = engine.add_point(&finder, (Channel::Sms, "+12125550177", false), &words()).await;
    assert_eq!(added, Err(PointRefused::SignInStronger));
    let named = engine.choose_emergency_contact(&finder, ("Ida Beech", "212 555 0166", "sister"), &words()).await;
    assert!(named.is_err());
    // The password is what it does not show.
    let wrong = Second::Password(secret("a wrong guess"));
    assert_eq!(engine.confirm(&finder, &wrong, HOME).await.unwrap_err(), Refused::NoMatch);
    let raised = engine.confirm(&finder, &Second::Password(secret_password()), HOME).await.unwrap();
    let alma = visitor(&clinic, &raised).await;
    assert!(engine.open_portal_message(&alma, message).await.is_ok());
}

#[tokio::test]
async fn a_name_that_is_nobodys_hears_the_same_and_its_step_opens_nothing() {
    let (clinic, _, _) = with_both().await;
    let texts = clinic.arrivals(Channel::Sms).len();
    let step = clinic.engine.sign_in_by_text(&clinic.tenant(), "nobody at all", HOME).await.unwrap();
    clinic.settle().await;
    assert_eq!(clinic.arrivals(Channel::Sms).len(), texts);
    assert_eq!(finish(&clinic, &step.token, &secret("123456")).await.unwrap_err(), Refused::NoMatch);
    // Neither name has more than two codes sent at once.
    for name in ["nobody at all", "alma"] {
        let mut last = Ok(secret(""));
        for _ in 0..3 {
            last = asks_alone(&clinic, name).await;
        }
        assert!(matches!(last, Err(Refused::TooMany { .. })), "{name}");
    }
}

#[tokio::test]
async fn who_says_the_codes_they_ask_for_has_as_many_as_may_go_to_one_place_in_an_hour() {
    let (clinic, _, _) = with_both().await;
    for _ in 0..5 {
        let finder = alone(&clinic).await;
        assert_eq!(finder.aal, Aal::Aal1);
        clinic.minutes(2);
    }
    // The sixth is one too many for its place (RULES OTP-01); whoever asks is not told.
    let texts = clinic.arrivals(Channel::Sms).len();
    let step = asks_alone(&clinic, "alma").await.unwrap();
    assert_eq!(clinic.arrivals(Channel::Sms).len(), texts);
    // What is asked for and not said counts as before.
    assert_eq!(finish(&clinic, &step, &secret("000000")).await.unwrap_err(), Refused::NoMatch);
    assert!(asks_alone(&clinic, "alma").await.is_ok());
    assert!(matches!(asks_alone(&clinic, "alma").await, Err(Refused::TooMany { .. })));
}

#[tokio::test]
async fn who_has_a_number_and_no_app_shows_the_password_again() {
    let clinic = Clinic::open().await;
    let engine = &clinic.engine;
    let enrolment = begin_for_alma(&clinic).await;
    engine.enrol_with_password(&enrolment.token, "alma", &secret_password()).await.unwrap();
    let numbers = engine.enrol_numbers(&enrolment.token).await.unwrap();
    assert_eq!(numbers.len(), 1, "an address of e-mail takes no codes: {numbers:?}");
    engine.enrol_phone_begin(&enrolment.token, &numbers[0].handle, false).await.unwrap();
    clinic.settle().await;
    let code = code_at(&clinic, NUMBER);
    let wrong = engine.enrol_phone_finish(&enrolment.token, &secret("000000"), Browser::Phone).await;
    assert_eq!(wrong.unwrap_err(), Refused::NoMatch);
    let signed_in = engine.enrol_phone_finish(&enrolment.token, &code, Browser::Phone).await.unwrap();
    assert_eq!(signed_in.recovery_codes.len(), 8);
    let alma = visitor(&clinic, &signed_in).await;
    let factors = engine.factors(&alma).await.unwrap();
    assert!(factors.password && !factors.app && !factors.phone_removable && !factors.code_alone);
    assert!(engine.remove_phone(&alma).await.is_err(), "the last strong factor stays");
    let place = engine.choices(&alma).await.unwrap().points[0].handle.clone();
    assert_eq!(engine.remove_point(&alma, &place, &words()).await, Err(PointRefused::SignsIn));
    clinic.minutes(11);
    assert!(!engine.has_confirmed(&visitor(&clinic, &signed_in).await));
    let again = engine.confirm(&alma, &Second::Password(secret_password()), HOME).await.unwrap();
    assert!(engine.has_confirmed(&visitor(&clinic, &again).await));
}

/// NIST SP 800-63B-4 section 3.1.3.3: a restricted authenticator opens nothing by itself unless its holder said so.
#[tokio::test]
async fn a_code_alone_opens_nothing_for_who_did_not_say_so_and_no_answer_tells_it() {
    let (clinic, _, offer) = taken_up(false).await;
    let engine = &clinic.engine;
    let texts = || clinic.arrivals(Channel::Sms).len();
    let before = texts();
    let step = asks_alone(&clinic, "alma").await.unwrap();
    assert_eq!(texts(), before, "no code goes");
    assert_eq!(finish(&clinic, &step, &secret("123456")).await.unwrap_err(), Refused::NoMatch);
    // Beside the password it is a factor as before. A day later nobody counts how often a code was asked for.
    clinic.minutes(24 * 60 + 1);
    let signed_in = sign_in(&clinic, &offer, "alma").await.unwrap();
    let alma = visitor(&clinic, &signed_in).await;
    let step = engine.sign_in_with_password(&clinic.tenant(), "alma", &secret_password(), HOME).await.unwrap();
    assert_eq!(engine.second_factors(&step.token).await.unwrap().text.as_deref(), Some("…01"));
    assert!(!engine.factors(&alma).await.unwrap().code_alone);
    let mut weak = alma.clone();
    weak.confirmed_at = None;
    assert_eq!(engine.let_code_alone(&weak, true).await, Err(Refused::NoMatch), "a session found open changes nothing");
    engine.let_code_alone(&alma, true).await.unwrap();
    clinic.settle().await;
    let factors = engine.factors(&alma).await.unwrap();
    assert!(factors.code_alone && factors.changes[0].0 == FactorChange::AloneAllowed);
    assert_eq!(clinic.arrivals(Channel::Email).len(), 2, "it is told, as the number itself was");
    let step = asks_alone(&clinic, "alma").await.unwrap();
    let found = finish(&clinic, &step, &code_at(&clinic, NUMBER)).await.unwrap();
    let on_its_way = asks_alone(&clinic, "alma").await.unwrap();
    let code = code_at(&clinic, NUMBER);
    engine.let_code_alone(&alma, false).await.unwrap();
    assert!(engine.visitor(&found.token).await.unwrap().is_none(), "what a code alone opened ends");
    assert_eq!(
        finish(&clinic, &on_its_way, &code).await.unwrap_err(),
        Refused::NoMatch,
        "refused while it was on its way"
    );
}

/// RULES OTP-01: five an hour to one place. That passes, and is not the same as a number that no code can go to.
#[tokio::test]
async fn where_only_too_many_codes_went_within_the_hour_the_number_is_not_called_closed() {
    let (mut clinic, _, offer) = with_both().await;
    let signed_in = sign_in(&clinic, &offer, "alma").await.unwrap();
    let (engine, alma) = (clinic.engine.clone(), visitor(&clinic, &signed_in).await);
    let step = engine.sign_in_with_password(&clinic.tenant(), "alma", &secret_password(), HOME).await.unwrap();
    for _ in 0..5 {
        engine.text_second_factor(&step.token).await.unwrap();
        clinic.settle().await;
    }
    let more = engine.text_second_factor(&step.token).await;
    assert!(matches!(more, Err(Refused::TooMany { .. })), "{more:?}");
    let ways = engine.second_factors(&step.token).await.unwrap();
    assert_eq!((ways.text.as_deref(), ways.text_closed), (Some("…01"), false));
    assert!(!engine.factors(&alma).await.unwrap().phone_closed);
    // With a STOP besides it is closed.
    clinic.patient_writes(NUMBER, "STOP").await;
    clinic.hear().await;
    let ways = engine.second_factors(&step.token).await.unwrap();
    assert_eq!((ways.text, ways.text_closed), (None, true));
}

#[tokio::test]
async fn a_practice_that_switched_codes_off_sends_none_and_takes_none() {
    let (clinic, signed_in, offer) = with_both().await;
    let engine = &clinic.engine;
    let step = engine.sign_in_with_password(&clinic.tenant(), "alma", &secret_password(), HOME).await.unwrap();
    engine.text_second_factor(&step.token).await.unwrap();
    clinic.settle().await;
    let code = code_at(&clinic, NUMBER);
    let mut off = settings("Sunrise Health", "+15555550100");
    off["portal"] = json!({ "codes_by_text": false });
    engine.put_tenant(&clinic.principal, &serde_json::to_vec(&off).unwrap()).await.unwrap();
    assert_eq!(finish(&clinic, &step.token, &code).await.unwrap_err(), Refused::NoMatch, "one that is on its way");
    assert_eq!(engine.text_second_factor(&step.token).await, Err(Refused::NoMatch));
    assert_eq!(engine.sign_in_by_text(&clinic.tenant(), "alma", HOME).await.unwrap_err(), Refused::NoMatch);
    assert!(engine.visitor(&signed_in.token).await.unwrap().is_none(), "an hour has passed");
    let alma = sign_in(&clinic, &offer, "alma").await.unwrap();
    assert!(engine.code_numbers(&visitor(&clinic, &alma).await).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_number_that_others_read_or_nobody_verified_takes_no_codes() {
    let mut resources = records::patient("p1", NUMBER, EMAIL);
    resources.retain(|one| one["resourceType"] != "VerificationResult" || !one.to_string().contains(NUMBER));
    let clinic = Clinic::open_with(resources, Arc::new(NoFaults)).await;
    let (signed_in, _) = enrol(&clinic, "Patient/p1", None, "alma").await;
    let alma = visitor(&clinic, &signed_in).await;
    assert!(clinic.engine.code_numbers(&alma).await.unwrap().is_empty(), "nobody verified it");
    let shared = clinic.engine.add_point(&alma, (Channel::Sms, "+12125550177", true), &words()).await.unwrap();
    clinic.settle().await;
    let code = code_at(&clinic, "+12125550177");
    clinic.engine.confirm_point(&alma, shared, code.reveal()).await.unwrap();
    assert!(clinic.engine.code_numbers(&alma).await.unwrap().is_empty(), "others read it");
}

#[tokio::test]
async fn a_changed_factor_is_told_in_the_portal_and_to_every_number_and_address_that_was_verified() {
    let clinic = Clinic::open().await;
    let (signed_in, _) = enrol(&clinic, "Patient/p1", None, "alma").await;
    let alma = visitor(&clinic, &signed_in).await;
    assert!(clinic.arrivals(Channel::Email).is_empty(), "who enrols for the first time is told nothing");
    clinic.engine.change_password(&alma, &secret("seven quiet herons")).await.unwrap();
    clinic.settle().await;
    let (texts, mails) = (clinic.arrivals(Channel::Sms), clinic.arrivals(Channel::Email));
    assert_eq!((texts.len(), mails.len()), (1, 1));
    assert!(!texts[0].body.reveal().contains("sign in here was changed"), "an open channel says that a message waits");
    let (listed, _) = clinic.engine.portal_messages(&alma, None, 20).await.unwrap();
    assert_eq!(listed.len(), 1, "the portal has it once");
    let opened = clinic.engine.open_portal_message(&alma, listed[0].message).await.unwrap();
    assert!(opened.body.reveal().contains("The way you sign in here was changed"));
    let changes = clinic.engine.factors(&alma).await.unwrap().changes;
    assert_eq!(changes[0].0, FactorChange::Password);
}

#[tokio::test]
async fn a_number_that_is_added_is_told_to_the_old_ones_and_not_to_itself() {
    let clinic = Clinic::open().await;
    let (signed_in, _) = enrol(&clinic, "Patient/p1", None, "alma").await;
    let alma = visitor(&clinic, &signed_in).await;
    const NEW: &str = "+12125550177";
    let message = clinic.engine.add_point(&alma, (Channel::Sms, NEW, false), &words()).await.unwrap();
    clinic.settle().await;
    let code = code_at(&clinic, NEW);
    clinic.engine.confirm_point(&alma, message, code.reveal()).await.unwrap();
    clinic.settle().await;
    let to = |number: &str| clinic.arrivals(Channel::Sms).iter().filter(|text| text.to.reveal() == number).count();
    assert_eq!((to(NUMBER), to(NEW)), (1, 1), "the new one got its code and nothing else");
    assert_eq!(clinic.arrivals(Channel::Email).len(), 1);
}

/// 45 CFR 164.522(b) and 47 CFR 64.1200(a)(10): both are taken as they are said; that codes stop with them is not kept from who signs in.
#[tokio::test]
async fn where_no_code_can_go_any_more_the_pages_say_so_and_offer_none() {
    for stops in [true, false] {
        let (mut clinic, _, offer) = with_both().await;
        let signed_in = sign_in(&clinic, &offer, "alma").await.unwrap();
        let (engine, alma) = (clinic.engine.clone(), visitor(&clinic, &signed_in).await);
        let step = engine.sign_in_with_password(&clinic.tenant(), "alma", &secret_password(), HOME).await.unwrap();
        let before = engine.second_factors(&step.token).await.unwrap();
        assert_eq!((before.text.as_deref(), before.text_closed), (Some("…01"), false));
        assert!(!engine.factors(&alma).await.unwrap().phone_closed);
        if stops {
            clinic.patient_writes(NUMBER, "STOP").await;
            clinic.hear().await;
        } else {
            let choices = engine.choices(&alma).await.unwrap();
            let mail = choices.points.iter().find(|one| one.channel == Channel::Email).unwrap();
            engine.reach_only_at(&alma, Some(&mail.handle), &words()).await.unwrap();
        }
        let ways = engine.second_factors(&step.token).await.unwrap();
        assert_eq!((ways.text, ways.text_closed, ways.app, ways.recovery), (None, true, true, true), "stops: {stops}");
        assert!(engine.factors(&alma).await.unwrap().phone_closed);
        assert!(engine.text_second_factor(&step.token).await.is_err());
    }
}

#[tokio::test]
async fn a_number_that_a_look_up_gives_to_somebody_else_signs_nobody_in_any_more() {
    for (reassigned, line) in [("yes", "mobile"), ("no", "voip")] {
        let (clinic, _, offer) = with_both().await;
        let signed_in = sign_in(&clinic, &offer, "alma").await.unwrap();
        let (engine, alma) = (&clinic.engine, visitor(&clinic, &signed_in).await);
        let step = engine.sign_in_with_password(&clinic.tenant(), "alma", &secret_password(), HOME).await.unwrap();
        engine.text_second_factor(&step.token).await.unwrap();
        clinic.settle().await;
        let code = code_at(&clinic, NUMBER);
        let look_up = json!({"number": NUMBER, "reassigned": reassigned, "known_on": "2026-11-30", "line_type": line,
            "source": "a database"});
        let look_up = serde_json::from_value(look_up).unwrap();
        engine.add_number_check(&clinic.principal, "p1", &look_up).await.unwrap();
        assert_eq!(finish(&clinic, &step.token, &code).await.unwrap_err(), Refused::NoMatch, "{reassigned} {line}");
        assert!(engine.code_numbers(&alma).await.unwrap().is_empty());
        assert!(engine.factors(&alma).await.unwrap().phone_closed);
    }
}

/// Whoever reads what was sent could otherwise sign in as the patient.
#[tokio::test]
async fn a_code_is_read_by_nobody_at_the_practice_while_it_lives() {
    let (clinic, _, _) = with_both().await;
    asks_alone(&clinic, "alma").await.unwrap();
    let newest = clinic.engine.messages_of(&clinic.principal, "p1", None, 1).await.unwrap()[0];
    let read = || clinic.engine.message(&clinic.principal, newest, true);
    let code = read().await.unwrap();
    assert_eq!((code.purpose, code.content.len()), (Purpose::OneTimeCode, 0));
    clinic.minutes(6);
    assert!(!read().await.unwrap().content.is_empty());
}
