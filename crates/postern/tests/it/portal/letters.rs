//! Letters that take longer to write than a session may stand still: whatever the answer is, the words are in it, or wait.

use super::browser::{Browser, Enrolled, PASSWORD};
use super::stories::{Serving, and, known_of};
use super::ward::{Ward, readable};
use super::{Running, browser, tell};
use crate::client::Answer;
use serde_json::json;

const LETTER: &str = "Dear doctor,\nsince Tuesday I feel better & I sleep.";
/// The same as a page shows it.
const SHOWN: &str = "since Tuesday I feel better &#38; I sleep.";

/// Somebody who opened a specially protected message, and what is left of it when they have written so long.
struct Writer {
    browser: Browser,
    of: Enrolled,
    /// The token of the page that they wrote on.
    page: String,
    message: String,
    _serving: Serving,
}

impl Writer {
    /// Who has written for so many minutes: what the demo left is served by a clock that is so far ahead.
    fn for_minutes(name: &str, minutes: i64) -> Self {
        use postern_base::Clock as _;
        let earlier = postern_base::SystemClock.now() - jiff::SignedDuration::from_mins(minutes);
        let mut running = Running::start_at(name, earlier);
        let mut of = running.enrolled(0, "writer");
        let request = json!({
            "patient": "Patient/p01", "purpose": "test_result", "channels": ["portal"],
            "content": { "body": "Your HIV test came back. The value is 8.2.", "language": "en", "categories": ["hiv"] }
        });
        let answer = running.client().post("/v1/messages", &request);
        let message = answer.json()["id"].as_str().unwrap_or_else(|| panic!("{}", answer.text())).to_owned();
        readable(&mut running.client(), &message);
        assert!(of.browser.get(&format!("/messages/{message}")).text().contains("8.2"));
        let (page, cookies) = (of.browser.csrf(), of.browser.cookies.clone());
        let serving = running.end_and_serve();
        let mut browser = Browser::new(serving.address, of.browser.base.trim_start_matches("/p/"));
        browser.cookies = cookies;
        Self { browser, of, page, message, _serving: serving }
    }

    /// Sends the form of the page they wrote on.
    fn send(&mut self, text: &str, site: &str) -> Answer {
        let (path, page) = (format!("/messages/{}/reply", self.message), self.page.clone());
        let origin = self.browser.origin();
        self.browser.form(&path, &[("csrf", &page), ("text", text)], &[("Origin", &origin), ("Sec-Fetch-Site", site)])
    }
}

/// What stands in the box where one writes.
fn in_the_box(page: &str) -> String {
    let rest = page.split("<textarea id=\"text\"").nth(1).unwrap_or_else(|| panic!("there is no box: {page}"));
    let rest = rest.split_once('>').map_or("", |(_, rest)| rest);
    rest.split("</textarea>").next().unwrap_or_default().to_owned()
}

#[test]
fn a_letter_that_took_longer_than_the_session_is_given_back_and_waits_in_the_box_after_the_sign_in() {
    let mut writer = Writer::for_minutes("letter-late", 16);
    let elsewhere = writer.send(LETTER, "cross-site").text();
    assert!(!elsewhere.contains(SHOWN), "another site's form is given nothing back: {elsewhere}");
    let late = writer.send(LETTER, "same-origin");
    assert_eq!(late.status, 403);
    assert!(in_the_box(&late.text()).contains(SHOWN) && late.text().contains("for one hour"), "{}", late.text());
    assert!(!late.text().contains("8.2"));

    let first = writer.browser.post("/sign-in/password", &[("name", &writer.of.name), ("password", PASSWORD)]);
    assert_eq!(first.status, 303, "{}", first.text());
    let code = writer.of.paper.pop().unwrap();
    let second = writer.browser.post("/sign-in/recovery", &[("code", &code)]);
    let to = format!("/messages/{}", writer.message);
    assert!(second.header("location").unwrap_or_default().ends_with(&to), "{:?}", second.headers);
    let page = writer.browser.get(&to).text();
    assert!(in_the_box(&page).contains(SHOWN) && page.contains("They were not sent yet"), "{page}");
    assert!(in_the_box(&writer.browser.get(&to).text()).contains(SHOWN), "it waits until it is sent");

    let sent = writer.browser.post(&format!("{to}/reply"), &[("text", LETTER)]);
    assert!(sent.status == 303 && sent.header("location").unwrap_or_default().ends_with("/sent"), "{}", sent.text());
    let page = writer.browser.get(&to).text();
    assert!(in_the_box(&page).is_empty() && page.contains(SHOWN) && !page.contains("not sent yet"), "{page}");
}

#[test]
fn a_letter_to_what_is_specially_protected_is_taken_after_ten_minutes_and_shows_nothing_of_it() {
    let mut writer = Writer::for_minutes("letter-slow", 11);
    let long = format!("{LETTER}{}", " ...".repeat(1_000));
    let refused = writer.send(&long, "same-origin");
    assert_eq!(refused.status, 422);
    assert!(in_the_box(&refused.text()).contains(SHOWN) && !refused.text().contains("8.2"), "{}", refused.text());
    let taken = writer.send(LETTER, "same-origin");
    assert!(taken.status == 303 && taken.header("location").unwrap_or_default().ends_with("/sent"), "{}", taken.text());
    let to = format!("/messages/{}", writer.message);
    let page = writer.browser.get(&format!("{to}/sent"));
    assert!(page.status == 200 && page.text().contains("We got your message"), "{}", page.text());
    assert!(!page.text().contains("8.2") && !page.text().contains(SHOWN), "nor what was written to it");
    assert!(writer.browser.get(&to).header("location").unwrap_or_default().ends_with("/confirm"));
    let key = super::browser::app_code(&writer.of.key, 0);
    let shown = writer.browser.post(&format!("{to}/confirm"), &[("code", &key)]);
    assert_eq!(shown.status, 303, "{}", shown.text());
    assert!(writer.browser.get(&to).text().contains(SHOWN));
}

#[test]
fn a_letter_is_found_again_in_a_browser_in_both_languages_whatever_ended_the_session() {
    let Some(peers) = browser() else { return };
    let ward = Ward::open("letter-story");
    let root = format!("http://localhost:{}", ward.clinic.address().port());
    let more = json!({ "message": ward.message, "paper": ward.alma.paper, "text": LETTER, "body": "8.2" });
    tell(&peers, "letter", &and(known_of(&ward.alma, &root), &more));
}

#[test]
fn a_letter_from_a_page_of_before_is_given_back_and_taken_from_the_page_that_gives_it_back() {
    let mut ward = Ward::open("letter-stale");
    let reply = format!("/messages/{}/reply", ward.message);
    let (page, origin) = (ward.alma.browser.csrf(), ward.alma.browser.origin());
    let here = [("Origin", origin.as_str()), ("Sec-Fetch-Site", "same-origin")];
    let before = ward.entries();
    let stale = ward.alma.browser.form(&reply, &[("csrf", "of before"), ("text", LETTER)], &here);
    let text = stale.text();
    assert!(stale.status == 403 && in_the_box(&text).contains(SHOWN), "{text}");
    assert!(!text.contains("8.2") && ward.entries() == before, "and nothing is opened or taken");
    let tied = super::browser::hidden(text.split(&reply).nth(1).unwrap(), "csrf").unwrap();
    let taken = ward.alma.browser.form(&reply, &[("csrf", &tied), ("text", LETTER)], &here);
    assert_eq!(taken.status, 303, "{}", taken.text());

    // Signed out in another window: who ended the session may not be who writes, so nothing waits.
    ward.alma.browser.post("/sign-out", &[]);
    let out = ward.alma.browser.form(&reply, &[("csrf", &page), ("text", LETTER)], &here);
    assert!(out.status == 403 && in_the_box(&out.text()).contains(SHOWN), "{}", out.text());
    assert!(out.text().contains("Copy them first"), "{}", out.text());
    let mut again = ward.alma.elsewhere();
    assert!(in_the_box(&again.get(&format!("/messages/{}", ward.message)).text()).is_empty());
}

#[test]
fn words_of_danger_that_come_too_late_are_given_back_under_where_there_is_help() {
    let mut ward = Ward::open("letter-danger");
    let reply = format!("/messages/{}/reply", ward.message);
    let origin = ward.alma.browser.origin();
    let fields = [("csrf", "of before"), ("text", "I want to kill myself & nobody knows")];
    for (site, given) in [("same-origin", true), ("cross-site", false)] {
        let headers = [("Origin", origin.as_str()), ("Sec-Fetch-Site", site)];
        let text = ward.alma.browser.form(&reply, &fields, &headers).text();
        assert!(text.contains("988") && text.contains("was not sent"), "{text}");
        assert_eq!(text.contains("myself &#38; nobody"), given, "{site}: {text}");
    }
}
