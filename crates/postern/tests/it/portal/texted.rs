//! Codes by text over HTTP: enrolling and signing in with one, what one alone opens, and that no name is told apart by asking for one.

use super::browser::{Browser, PASSWORD, hidden};
use super::{Running, browser, tell};
use crate::client::Client;
use crate::clinic::eventually;
use serde_json::json;
use std::collections::BTreeSet;

/// Every code that arrived as a text so far.
fn codes(running: &Running) -> BTreeSet<String> {
    let page = Client::new(running.address(), "").get("/simulator").text();
    let texts = page.split("id=\"mails\"").next().unwrap_or_default().split("class=\"bubble\">").skip(1);
    let said = texts.filter(|text| text.contains("one-time code")).filter_map(|text| {
        let words = text.split(|c: char| !c.is_ascii_digit());
        words.into_iter().find(|digits| digits.len() == 6).map(str::to_owned)
    });
    said.collect()
}

/// The code that arrived after `before`.
fn new_code(running: &Running, before: &BTreeSet<String>) -> String {
    eventually("a code arrives", || codes(running).difference(before).next().cloned())
}

/// A wrong code of the same length.
fn other_than(code: &str) -> String {
    code.chars().map(|digit| if digit == '9' { '0' } else { '9' }).collect()
}

/// Enrols the first patient with a password and codes by text. `alone` = what they say to a code that signs in by itself.
fn enrolled(running: &Running, alone: &str) -> Browser {
    let invited = &running.said["invitations"][0];
    let born: Vec<&str> = invited["born"].as_str().expect("a date").split('-').collect();
    let mut browser = running.stranger();
    let (code, family) = (invited["code"].as_str().expect("a code"), invited["family_name"].as_str().expect("a name"));
    browser.answer_invitation(code, (born[0], born[1], born[2]), family);
    browser.post("/enrol/way", &[("way", "password")]);
    let offer = browser.post("/enrol/password", &[("name", "alma"), ("password", PASSWORD)]).text();
    assert!(offer.contains("/enrol/text"), "who has no app is shown another way: {offer}");
    let page = browser.get("/enrol/text").text();
    assert!(
        page.contains("less safe") && page.contains("/enrol/passkey"),
        "the risk, and what there is instead: {page}"
    );
    let number = hidden_choice(&page).expect("a number to choose");
    let before = codes(running);
    assert_eq!(browser.post("/enrol/text", &[("number", "sms-99")]).status, 422, "a number that is not there");
    assert!(
        page.contains("name=\"alone\" value=\"no\" id=\"alone\" checked"),
        "nobody lets it in by not looking: {page}"
    );
    assert_eq!(browser.post("/enrol/text", &[("number", &number), ("alone", alone)]).status, 200);
    let code = new_code(running, &before);
    assert_eq!(browser.post("/enrol/text/code", &[("code", &other_than(&code))]).status, 422);
    let made = browser.post("/enrol/text/code", &[("code", &code)]);
    assert!(made.status == 200 && made.text().contains("<ul class=\"codes"), "{}", made.text());
    browser
}

/// The value of the first number that can be chosen.
fn hidden_choice(page: &str) -> Option<String> {
    page.split("name=\"number\" value=\"").nth(1)?.split('"').next().map(str::to_owned)
}

#[test]
fn who_has_no_code_app_enrols_and_signs_in_with_codes_by_text() {
    let running = Running::start("by-text");
    let mut first = enrolled(&running, "no");
    let security = first.get("/account/security").text();
    assert!(security.contains("Codes go to the phone ending in"), "{security}");
    let mut browser = first.other();
    let step = browser.post("/sign-in/password", &[("name", "alma"), ("password", PASSWORD)]);
    assert!(step.header("location").is_some_and(|to| to.ends_with("/sign-in/code")), "{}", step.text());
    assert!(browser.get("/sign-in/code").header("location").is_some_and(|to| to.ends_with("/sign-in/text")));
    let before = codes(&running);
    let page = browser.get("/sign-in/text").text();
    assert!(page.contains("less safe") && codes(&running) == before, "nothing is sent by looking");
    assert!(browser.post("/sign-in/text", &[]).header("location").is_some_and(|to| to.ends_with("/sign-in/text/code")));
    let code = new_code(&running, &before);
    assert_eq!(browser.post("/sign-in/text/code", &[("code", &other_than(&code))]).status, 422);
    // Another browser, with the code that somebody looked at.
    let mut thief = first.other();
    thief.post("/sign-in/password", &[("name", "alma"), ("password", "a wrong guess")]);
    assert!(
        thief
            .post("/sign-in/text/code", &[("code", &code)])
            .header("location")
            .is_some_and(|to| to.ends_with("/sign-in"))
    );
    assert!(
        browser
            .post("/sign-in/text/code", &[("code", &code)])
            .header("location")
            .is_some_and(|to| to.ends_with("/messages"))
    );
    assert!(browser.get("/messages").text().contains("Test result"));
}

#[test]
fn a_code_alone_opens_choices_and_no_result_and_no_name_is_told_apart_by_asking() {
    let running = Running::start("text-alone");
    let mut first = enrolled(&running, "yes");
    let (mut finder, mut guesser) = (first.other(), first.other());
    let before = codes(&running);
    let asked = finder.post("/sign-in/by-text", &[("name", "alma")]);
    let guessed = guesser.post("/sign-in/by-text", &[("name", "nobody-of-that-name")]);
    assert_eq!((asked.status, asked.header("location")), (guessed.status, guessed.header("location")));
    let pages = [&mut finder, &mut guesser].map(|browser| {
        let (csrf, page) = (browser.csrf(), browser.get("/sign-in/text/code").text());
        page.replace(&csrf, "")
    });
    assert_eq!(pages[0], pages[1]);
    let code = new_code(&running, &before);
    let wrong = [&mut finder, &mut guesser].map(|browser| {
        let csrf = browser.csrf();
        browser.post("/sign-in/text/code", &[("code", &other_than(&code))]).text().replace(&csrf, "")
    });
    assert_eq!(wrong[0], wrong[1]);
    assert_eq!(guesser.post("/sign-in/text/code", &[("code", &code)]).status, 422, "a code of another step");
    assert_eq!(finder.post("/sign-in/text/code", &[("code", &code)]).status, 303);
    assert_eq!(finder.get("/choices").status, 200);
    let list = finder.get("/messages").text();
    let kinds = list.split("<ul class=\"cards\"").nth(1).expect("messages are listed");
    assert!(!kinds.contains("Test result"), "not even the kind is told: {kinds}");
    let id = list.split("/messages/").nth(2).and_then(|rest| rest.split('"').next()).expect("a message is listed");
    assert!(finder.get(&format!("/messages/{id}")).header("location").is_some_and(|to| to.ends_with("/confirm")));
    let confirm = finder.get(&format!("/messages/{id}/confirm")).text();
    assert!(confirm.contains("name=\"password\"") && !confirm.contains("with=code"), "{confirm}");
    for path in
        ["/account/phone", "/account/password", "/account/person/add", "/choices/points/add", "/choices/emergency"]
    {
        let asked = finder.get(path);
        assert!(asked.header("location").is_some_and(|to| to.contains("/account/confirm")), "{path} {}", asked.status);
    }
    assert!(hidden(&finder.get("/account/confirm?to=points").text(), "with").is_some_and(|with| with == "password"));
    let raised = finder.post(&format!("/messages/{id}/confirm"), &[("with", "password"), ("password", PASSWORD)]);
    assert_eq!(raised.status, 303, "{}", raised.text());
    assert_eq!(finder.get(&format!("/messages/{id}")).status, 200);

    // Its holder refuses that: the next code alone does not even go, and the answers are what they were.
    let security = first.get("/account/security").text();
    assert!(security.contains("A code alone opens your choices"), "{security}");
    assert_eq!(first.post("/account/phone/alone", &[("alone", "no")]).status, 303);
    assert!(first.get("/account/security").text().contains("A code alone opens nothing"));
    let (mut finder, before) = (first.other(), codes(&running));
    let again = finder.post("/sign-in/by-text", &[("name", "alma")]);
    assert_eq!((again.status, again.header("location")), (asked.status, asked.header("location")));
    let waited = finder.get("/sign-in/text/code").text();
    let csrf = finder.csrf();
    assert_eq!(waited.replace(&csrf, ""), pages[0]);
    assert_eq!(finder.post("/sign-in/text/code", &[("code", &code)]).status, 422);
    assert_eq!(codes(&running), before, "no code went");
}

/// What a code alone opens is one's own, and nobody is left before a page that is not found.
#[test]
fn after_a_code_alone_ending_and_turning_ask_for_the_password() {
    let running = Running::start("text-alone-persons");
    let first = enrolled(&running, "yes");
    let (mut finder, before) = (first.other(), codes(&running));
    finder.post("/sign-in/by-text", &[("name", "alma")]);
    let code = new_code(&running, &before);
    assert_eq!(finder.post("/sign-in/text/code", &[("code", &code)]).status, 303);
    let nobody = "00000000-0000-7000-8000-000000000000";
    for (path, field, value) in [
        ("/account/proxy", "proxy", "RelatedPerson/r1"),
        ("/account/person", "person", nobody),
        ("/account/person/leave", "person", nobody),
    ] {
        let asked = finder.post(path, &[(field, value)]);
        let to = asked.header("location").unwrap_or_default();
        assert!(asked.status == 303 && to.ends_with("/account/confirm?to=account"), "{path} {} {to}", asked.status);
    }
    let confirm = finder.get("/account/confirm?to=account").text();
    assert!(confirm.contains("Before you go on") && confirm.contains("/account\">Back"), "{confirm}");
}

#[test]
fn without_a_script_and_an_app_one_enrols_signs_in_and_comes_in_by_a_code_alone_in_both_languages() {
    let Some(peers) = browser() else { return };
    let running = Running::start("story-texted");
    tell(&peers, "texted", &running.known(0, &json!({ "language": "en" })));
    tell(&peers, "texted", &running.known(2, &json!({ "language": "es" })));
}
