//! What a page says to who hears it read out, and what is pressed on a telephone.

use super::browser::PASSWORD;
use super::ward::{Ward, readable};
use serde_json::json;

#[test]
fn a_message_in_another_language_than_the_page_says_which_it_is_in() {
    let mut ward = Ward::open("aloud-language");
    let request = json!({
        "patient": "Patient/p1", "purpose": "appointment_reminder", "channels": ["portal"],
        "content": { "subject": "Su cita", "body": "Lo esperamos el martes.", "language": "es" }
    });
    let answer = ward.clinic.client().post("/v1/messages", &request);
    let id = answer.json()["id"].as_str().unwrap_or_else(|| panic!("{}", answer.text())).to_owned();
    readable(&mut ward.clinic.client(), &id);
    let browser = &mut ward.alma.browser;
    let page = browser.get(&format!("/messages/{id}?lang=en")).text();
    assert!(page.contains("<html lang=\"en\">"), "{page}");
    let bubble = page.split("<div class=\"bubble\" lang=\"es\">").nth(1).unwrap_or_else(|| panic!("{page}"));
    assert!(bubble.split("</div>").next().unwrap().contains("Lo esperamos"), "{page}");
    let own = browser.get(&format!("/messages/{}", ward.message)).text();
    assert!(own.contains("<div class=\"bubble\" lang=\"en\">"), "{own}");
    let list = browser.get("/messages").text();
    assert!(list.contains("lang=\"es\">Su cita"), "{list}");
    // What was shown in Spanish is kept in Spanish.
    browser.post("/choices/times?lang=es", &[("times", "evening")]);
    let said = browser.get("/choices/said?lang=en").text();
    assert!(said.contains("<div class=\"body\" lang=\"es\">"), "{said}");
}

#[test]
fn numbers_to_call_are_called_by_a_press_and_a_code_app_on_the_same_telephone_is_opened_by_one() {
    let ward = Ward::open("aloud-press");
    let mut visitor = ward.nobody();
    for language in ["en", "es"] {
        let page = visitor.get(&format!("/sign-in?lang={language}")).text();
        for number in ["tel:911", "tel:988"] {
            assert!(page.contains(&format!("href=\"{number}\"")), "{page}");
        }
    }
    let code = ward.invite("p2");
    visitor.get("/sign-in?lang=en");
    visitor.answer_invitation(&code, ("1978", "10", "12"), "Beech");
    let offer = visitor.post("/enrol/password", &[("name", "sam"), ("password", PASSWORD)]).text();
    let key = super::browser::hidden(&offer, "key").unwrap_or_else(|| panic!("{offer}"));
    assert!(offer.contains("<a href=\"otpauth://totp/"), "{offer}");
    let shown = offer.split("<p class=\"key\">").nth(1).unwrap().split("</p>").next().unwrap();
    let fours: Vec<&str> = shown.split("<span>").skip(1).map(|four| four.split('<').next().unwrap()).collect();
    assert!(fours.len() > 4 && fours.iter().all(|four| four.len() <= 4) && fours.concat() == key, "{shown}");
}

#[test]
fn an_answer_that_says_stop_is_told_what_still_comes_where() {
    let mut ward = Ward::open("aloud-stop");
    let path = format!("/messages/{}", ward.message);
    let before = ward.alma.browser.get(&format!("{path}/stopped")).text();
    assert!(before.contains("these may still come:"), "nothing was stopped yet: {before}");
    let stopped = ward.alma.browser.post(&format!("{path}/reply"), &[("text", "STOP")]);
    assert!(stopped.header("location").unwrap_or_default().ends_with("/stopped"), "{}", stopped.text());
    let page = ward.alma.browser.get(&format!("{path}/stopped")).text();
    assert!(page.contains("Texts to") && page.contains("nothing more comes"), "{page}");
}

#[test]
fn that_staff_are_alerted_is_said_to_who_wrote_of_danger_and_not_to_who_opens_the_address() {
    let mut ward = Ward::open("aloud-help");
    let alerted = |page: &str| page.contains("staff are alerted") || page.contains("was sent to the clinic");
    let page = ward.alma.browser.get("/help").text();
    assert!(page.contains("988") && !alerted(&page), "{page}");
    let fields = [("text", "I want to kill myself")];
    let answer = ward.alma.browser.post(&format!("/messages/{}/reply", ward.message), &fields);
    assert!(answer.header("location").unwrap_or_default().ends_with("/help"), "{}", answer.text());
    let page = ward.alma.browser.get("/help").text();
    assert!(page.contains("988") && alerted(&page), "{page}");
}

#[test]
fn a_signature_that_is_too_long_is_asked_for_again_where_it_stands() {
    let mut ward = Ward::open("aloud-signature");
    let long = "Alma Beech ".repeat(10);
    let answer = ward.alma.browser.post("/choices/offers", &[("agree", "yes"), ("signature", &long)]);
    let page = answer.text();
    assert!(answer.status == 422 && page.contains("href=\"#signature\"") && page.contains(long.trim()), "{page}");
}
