//! Who represents a child is of the law and the practice (45 CFR 164.502(g)(3)): a minor asks, and who is of age ends it.

use crate::clinic::{Clinic, result};
use crate::portal::{PASSWORD, app, begin, boy, family, secret, sent, visitor};
use jiff::civil::date;
use postern_base::{Language, Phi};
use postern_engine::UseError;
use postern_engine::faults::NoFaults;
use postern_engine::portal::{Browser, Identifiers, ProxyEnd, Shown, SignedIn};
use serde_json::json;
use std::sync::Arc;

const MOTHER: &str = "RelatedPerson/r1";

fn words() -> Shown {
    Shown { words: "Ask us to end this".into(), language: Language::En }
}

async fn enrolled(clinic: &Clinic, person: Option<&str>, born: &Identifiers, name: &str) -> SignedIn {
    let enrolment = begin(clinic, "Patient/p1", person, born).await;
    let offer = clinic.engine.enrol_with_password(&enrolment.token, name, &secret(PASSWORD)).await.unwrap();
    let code = app(clinic, &offer);
    clinic.engine.enrol_confirm_code(&enrolment.token, code.reveal(), Browser::Phone).await.unwrap()
}

/// A family whose son was born on this day, and both signed in: the mother, the son.
async fn both(born: jiff::civil::Date) -> (Clinic, SignedIn, SignedIn) {
    let mut people = family(true);
    people[0]["birthDate"] = json!(born.to_string());
    let clinic = Clinic::open_with(people, Arc::new(NoFaults)).await;
    let said = Identifiers { born, other: Phi::new("Beech".to_owned()) };
    let mother = enrolled(&clinic, Some(MOTHER), &said, "mother").await;
    let son = enrolled(&clinic, None, &said, "son").await;
    (clinic, mother, son)
}

#[tokio::test]
async fn a_minor_asks_the_practice_and_the_mother_reads_on_until_the_grant_is_taken_back() {
    let (clinic, mother, son) = both(boy().born).await;
    let engine = &clinic.engine;
    let message = sent(&clinic, &result(None)).await;
    let alone = visitor(&clinic, &son).await;
    let proxies = engine.proxies(&alone).await.unwrap();
    assert_eq!(proxies.iter().map(|one| one.reference.as_str()).collect::<Vec<_>>(), [MOTHER]);
    assert!(proxies[0].grant.on_record && proxies[0].grant.until.is_none() && proxies[0].asked_at.is_none());
    assert_eq!(proxies[0].grant.of_age_on, Some(date(2032, 5, 5)), "what a mother may do ends with his majority");
    assert_eq!(proxies[0].ends, ProxyEnd::Asked);
    // Said twice it is one word.
    for _ in 0..2 {
        assert_eq!(engine.end_proxy(&alone, MOTHER, &words()).await.unwrap(), ProxyEnd::Asked);
    }
    let for_son = engine.visitor(&mother.token).await.unwrap().expect("her session goes on");
    engine.open_portal_message(&for_son, message).await.unwrap();
    assert!(engine.proxies(&alone).await.unwrap()[0].asked_at.is_some());
    // Each takes home their own words and not the other's.
    engine.reply(&for_son, message, "How is he?", &[]).await.unwrap();
    engine.reply(&alone, message, "I am well.", &[]).await.unwrap();
    for (who, words) in [(&for_son, "How is he?"), (&alone, "I am well.")] {
        let part = engine.history_with_proofs(who, None, 10).await.unwrap();
        let written: Vec<&str> = part.proven[0].written.iter().map(|one| one.text.reveal().as_str()).collect();
        assert_eq!(written, [words]);
    }
    let (wishes, _) = engine.wish_list(&clinic.principal, None, None, 10).await.unwrap();
    let asked: Vec<_> = wishes.iter().map(|one| (one.wish, one.person.as_deref(), one.shown.as_str())).collect();
    assert_eq!(asked, [("proxy_end", Some(MOTHER), "Ask us to end this")]);
    assert_eq!(engine.said(&alone).await.unwrap()[0].what, "proxy_end");
    // The practice decides on the record.
    clinic.import(vec![family(false).pop().unwrap()]).await;
    assert!(engine.open_portal_message(&for_son, message).await.is_err());
}

#[tokio::test]
async fn who_is_of_age_ends_it_at_once_and_one_of_unknown_age_asks() {
    let (clinic, mother, son) = both(date(2008, 12, 1)).await;
    let engine = &clinic.engine;
    let grown = visitor(&clinic, &son).await;
    assert_eq!(engine.proxies(&grown).await.unwrap()[0].ends, ProxyEnd::Ended, "he came of age today");
    let mut weak = grown.clone();
    weak.aal = postern_engine::portal::Aal::Aal1;
    assert!(matches!(engine.end_proxy(&weak, MOTHER, &words()).await, Err(UseError::NotFound)));
    assert!(matches!(engine.end_proxy(&grown, "RelatedPerson/r9", &words()).await, Err(UseError::NotFound)));
    assert_eq!(engine.end_proxy(&grown, MOTHER, &words()).await.unwrap(), ProxyEnd::Ended);
    assert!(engine.visitor(&mother.token).await.unwrap().is_none(), "at once, in every session");
    assert!(engine.proxies(&grown).await.unwrap().is_empty());

    let (clinic, mother, son) = both(date(2008, 12, 2)).await;
    let alone = visitor(&clinic, &son).await;
    assert_eq!(clinic.engine.end_proxy(&alone, MOTHER, &words()).await.unwrap(), ProxyEnd::Asked, "tomorrow he is");
    let mut nobody_knows = family(true).remove(0);
    nobody_knows.as_object_mut().unwrap().remove("birthDate");
    clinic.import(vec![nobody_knows]).await;
    assert_eq!(clinic.engine.proxies(&alone).await.unwrap()[0].ends, ProxyEnd::Asked);
    assert!(clinic.engine.visitor(&mother.token).await.unwrap().is_some());
}
