//! What an account signs in with: nobody is kept out of theirs by others who guess, and nothing of it is changed without a strong factor.

use crate::clinic::Clinic;
use crate::portal::{HOME, PASSWORD, app, enrol, secret, sign_in, visitor};
use postern_base::{Channel, Language, Secret};
use postern_engine::portal::{
    Browser, FactorChange, PointRefused, Refused, Second, Shown, SignedIn, WeakPassword, Whence,
};

async fn guess(clinic: &Clinic, source: &str, device: Option<&Secret<String>>) -> Refused {
    let from = Whence { source, device };
    clinic.engine.sign_in_with_password(&clinic.tenant(), "alma", &secret("a wrong guess"), from).await.unwrap_err()
}

async fn on(clinic: &Clinic, device: Option<&Secret<String>>) -> Result<(), Refused> {
    let from = Whence { source: HOME, device };
    clinic.engine.sign_in_with_password(&clinic.tenant(), "alma", &secret(PASSWORD), from).await.map(|_| ())
}

#[tokio::test]
async fn nobody_who_guesses_elsewhere_or_behind_the_same_router_makes_a_known_device_wait() {
    let clinic = Clinic::open().await;
    let (first, _) = enrol(&clinic, "Patient/p1", None, "alma").await;
    let device = first.device.unwrap();
    clinic.minutes(1);
    for n in 0..40 {
        guess(&clinic, HOME, None).await;
        guess(&clinic, &format!("198.51.100.{n}"), Some(&secret("made-up"))).await;
    }
    assert!(matches!(on(&clinic, None).await, Err(Refused::TooMany { .. })), "elsewhere its holder waits");
    assert_eq!(on(&clinic, Some(&device)).await, Ok(()));
    assert!(matches!(on(&clinic, Some(&secret(&"0".repeat(64)))).await, Err(Refused::TooMany { .. })), "made up");
}

#[tokio::test]
async fn a_known_device_that_was_stolen_guesses_no_more_often_than_any_and_its_code_neither() {
    let clinic = Clinic::open().await;
    let (first, _) = enrol(&clinic, "Patient/p1", None, "alma").await;
    let device = first.device.unwrap();
    for _ in 0..5 {
        assert_eq!(guess(&clinic, HOME, Some(&device)).await, Refused::NoMatch);
    }
    assert!(matches!(guess(&clinic, "198.51.100.9", Some(&device)).await, Refused::TooMany { .. }));
    assert_eq!(on(&clinic, None).await, Ok(()), "what is tried on one device counts there alone");
    clinic.minutes(60);
    let from = Whence { source: HOME, device: Some(&device) };
    let engine = &clinic.engine;
    let step = engine.sign_in_with_password(&clinic.tenant(), "alma", &secret(PASSWORD), from).await.unwrap();
    let wrong = Second::Code(secret("000000"));
    let mut answers = Vec::new();
    for _ in 0..3 {
        answers.push(engine.finish_sign_in(&step.token, &wrong, HOME, Browser::Phone).await.unwrap_err());
    }
    assert!(answers.iter().any(|answer| matches!(answer, Refused::TooMany { .. })), "{answers:?}");
}

async fn two_sessions(clinic: &Clinic) -> (SignedIn, SignedIn, postern_engine::portal::TotpOffer) {
    let (first, offer) = enrol(clinic, "Patient/p1", None, "alma").await;
    clinic.minutes(1);
    let second = sign_in(clinic, &offer, "alma").await.unwrap();
    (first, second, offer)
}

#[tokio::test]
async fn a_new_password_ends_the_old_one_every_other_session_and_every_known_device_and_is_seen() {
    let clinic = Clinic::open().await;
    let (first, second, _) = two_sessions(&clinic).await;
    let (engine, alma) = (&clinic.engine, visitor(&clinic, &second).await);
    let weak = engine.change_password(&alma, &secret("Alma Beech 1978")).await;
    assert_eq!(weak, Err(Refused::Weak(WeakPassword::Known)), "her own name");
    for born in ["19781012", "10121978", "10-12-1978", "beech19781012"] {
        let weak = engine.change_password(&alma, &secret(born)).await;
        assert_eq!(weak, Err(Refused::Weak(WeakPassword::Known)), "her birthday, {born}");
    }
    engine.change_password(&alma, &secret("seven quiet herons")).await.unwrap();
    assert!(engine.visitor(&first.token).await.unwrap().is_none());
    assert!(engine.visitor(&second.token).await.unwrap().is_some());
    assert_eq!(on(&clinic, first.device.as_ref()).await, Err(Refused::NoMatch));
    let new = secret("seven quiet herons");
    assert!(engine.sign_in_with_password(&clinic.tenant(), "alma", &new, HOME).await.is_ok());
    let changes = engine.factors(&alma).await.unwrap().changes;
    assert_eq!(changes.iter().map(|(what, _)| *what).collect::<Vec<_>>(), [FactorChange::Password]);
}

#[tokio::test]
async fn nothing_is_changed_by_who_has_shown_no_strong_factor_lately() {
    let clinic = Clinic::open().await;
    let (_, second, offer) = two_sessions(&clinic).await;
    let engine = &clinic.engine;
    clinic.minutes(11);
    let alma = visitor(&clinic, &second).await;
    assert!(!engine.has_confirmed(&alma));
    assert_eq!(engine.change_password(&alma, &secret("seven quiet herons")).await, Err(Refused::NoMatch));
    assert!(engine.renew_app_begin(&alma).await.is_err());
    assert!(engine.renew_recovery_codes(&alma).await.is_err());
    assert!(engine.factors(&alma).await.unwrap().changes.is_empty());
    let turned = engine.confirm(&alma, &Second::Code(app(&clinic, &offer)), HOME).await.unwrap();
    let alma = visitor(&clinic, &turned).await;
    assert_eq!(engine.renew_recovery_codes(&alma).await.unwrap().len(), 8);
}

#[tokio::test]
async fn the_old_app_counts_until_the_new_one_has_shown_a_code_and_not_after() {
    let clinic = Clinic::open().await;
    let (_, second, old) = two_sessions(&clinic).await;
    let (engine, alma) = (&clinic.engine, visitor(&clinic, &second).await);
    let (step, new) = engine.renew_app_begin(&alma).await.unwrap();
    assert_eq!(engine.renew_app_finish(&alma, &step, &secret("000000")).await, Err(Refused::NoMatch));
    clinic.minutes(1);
    assert!(sign_in(&clinic, &old, "alma").await.is_ok(), "who breaks off keeps the old one");
    engine.renew_app_finish(&alma, &step, &app(&clinic, &new)).await.unwrap();
    assert!(engine.renew_app_finish(&alma, &step, &app(&clinic, &new)).await.is_err(), "once");
    clinic.minutes(1);
    assert_eq!(sign_in(&clinic, &old, "alma").await.unwrap_err(), Refused::NoMatch);
    clinic.minutes(1);
    assert!(sign_in(&clinic, &new, "alma").await.is_ok());
}

#[tokio::test]
async fn a_new_paper_of_codes_makes_the_old_one_worthless() {
    let clinic = Clinic::open().await;
    let (first, second, _) = two_sessions(&clinic).await;
    let (engine, alma) = (&clinic.engine, visitor(&clinic, &second).await);
    let new = engine.renew_recovery_codes(&alma).await.unwrap();
    for (paper, taken) in [(&first.recovery_codes[0], false), (&new[0], true)] {
        let step = engine.sign_in_with_password(&clinic.tenant(), "alma", &secret(PASSWORD), HOME).await.unwrap();
        let paper = Second::Recovery(secret(paper.reveal()));
        assert_eq!(engine.finish_sign_in(&step.token, &paper, HOME, Browser::Phone).await.is_ok(), taken);
    }
    assert_eq!(engine.factors(&alma).await.unwrap().recovery_left, 7);
}

#[tokio::test]
async fn where_messages_go_is_changed_by_nobody_who_has_only_found_the_session() {
    let clinic = Clinic::open().await;
    let (_, second, offer) = two_sessions(&clinic).await;
    let engine = &clinic.engine;
    let shown = Shown { words: "Words.".into(), language: Language::En };
    clinic.minutes(11);
    let alma = visitor(&clinic, &second).await;
    let handle = engine.choices(&alma).await.unwrap().points[0].handle.clone();
    let stronger = Err(PointRefused::SignInStronger);
    let added = engine.add_point(&alma, (Channel::Sms, "+12125550177", false), &shown).await;
    assert_eq!(added.map(|_| ()), stronger);
    assert_eq!(engine.ask_point(&alma, &handle).await.map(|_| ()), stronger);
    assert_eq!(engine.prefer_point(&alma, &handle, &shown).await, stronger);
    assert_eq!(engine.remove_point(&alma, &handle, &shown).await, stronger);
    let turned = engine.confirm(&alma, &Second::Code(app(&clinic, &offer)), HOME).await.unwrap();
    let alma = visitor(&clinic, &turned).await;
    assert_eq!(engine.remove_point(&alma, &handle, &shown).await, Ok(()));
}
