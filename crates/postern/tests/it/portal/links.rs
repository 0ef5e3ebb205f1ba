//! Links of notices over HTTP: opened by programs, forwarded, used twice; and addresses that are none.

use super::browser::Browser;
use super::{Running, ward::Ward};
use crate::client::Client;

/// The opaque part of the link in the notice that went to `mailbox`.
fn token_to(running: &Running, mailbox: &str) -> String {
    let mut client = Client::new(running.address(), "");
    let page = client.get("/simulator").text();
    let notice = page.split("<article").find(|article| article.contains(mailbox) && article.contains("/m/"));
    let rest = notice.and_then(|notice| notice.split("/m/").nth(1)).unwrap_or_else(|| panic!("no notice: {page}"));
    rest.chars().take_while(char::is_ascii_alphanumeric).collect()
}

/// Comes by the link and is signed in already; gives where that leads.
fn follow(browser: &mut Browser, token: &str) -> String {
    let pressed = browser.post(&format!("/m/{token}"), &[]);
    assert_eq!(pressed.status, 303, "{}", pressed.text());
    let to = browser.get("/messages");
    assert_eq!(to.status, 303, "the link is followed once, whatever comes of it");
    to.header("location").expect("an address").to_owned()
}

#[test]
fn a_link_leads_to_its_message_once_and_only_who_it_is_for() {
    let running = Running::start("links");
    let token = token_to(&running, "p01@mail.example");
    let mut alma = running.enrolled(0, "alma").browser;
    let mut other = running.enrolled(2, "other").browser;
    // Programs open every link of a mail, many times: nothing is told, nothing is used up.
    let mut scanner = alma.other();
    for _ in 0..3 {
        let page = scanner.get(&format!("/m/{token}"));
        assert_eq!(page.status, 200);
        assert!(!page.text().contains("8.2") && !page.text().contains("HbA1c"), "{}", page.text());
    }
    // Forwarded: who is signed in as somebody else finds their own messages, and the link is as good as before.
    assert!(follow(&mut other, &token).ends_with("/messages"));
    assert!(!other.get("/messages").text().contains("8.2"));
    // Who is signed in as nobody is asked to sign in.
    let pressed = scanner.post(&format!("/m/{token}"), &[]);
    assert!(pressed.header("location").is_some_and(|to| to.ends_with("/sign-in")));
    assert_eq!(scanner.get("/messages").status, 303);
    let opened = follow(&mut alma, &token);
    let message = opened.split("/messages/").nth(1).unwrap_or_else(|| panic!("it leads to {opened}")).to_owned();
    assert!(alma.get(&format!("/messages/{message}")).text().contains("8.2"));
    // Used: it leads to no message any more, for nobody, and says so without saying which.
    assert!(follow(&mut alma, &token).ends_with("/messages"));
    let over = scanner.get(&format!("/m/{token}"));
    assert!(over.status == 200 && over.text().contains("was used or is too old"), "{}", over.text());
    assert_eq!(scanner.get("/m/bcdfghjkmnpqrstvbcdfghjkmn").status, 404, "a made-up one is none");
}

#[test]
fn who_ends_messages_by_a_link_is_told_to_answer_start_only_where_texts_came() {
    let running = Running::start("links-stop");
    let page = Client::new(running.address(), "").get("/simulator").text();
    let (texts, mails) = page.split_once("id=\"mails\"").expect("texts, then mails");
    for (arrived, by_text) in [(texts, true), (mails, false)] {
        let tokens = arrived
            .split("/m/")
            .skip(1)
            .map(|rest| -> String { rest.chars().take_while(char::is_ascii_alphanumeric).collect() });
        let mut browser = running.stranger();
        let mut ends = tokens.filter(|token| browser.get(&format!("/stop/{token}")).status == 200);
        let token = ends.next().unwrap_or_else(|| panic!("by text {by_text}: no notice ends its kind: {arrived}"));
        let done = running.stranger().post(&format!("/stop/{token}"), &[]).text();
        assert!(done.contains("They are stopped") && done.contains("mark them under Choices"), "{done}");
        assert_eq!(done.contains("START"), by_text, "{done}");
    }
}

#[test]
fn an_address_that_is_none_is_a_page_for_people_on_a_practices_own_host_and_a_problem_for_programs() {
    let ward = Ward::with("own-host", |clinic| {
        clinic.configure("link_domains = []", "link_domains = [\"portal.example\"]");
    });
    let mut client = Client::new(ward.clinic.address(), "");
    let mut ask = |host: &str, path: &str, accept: &str| {
        client.call("GET", path, &[("Host", host), ("Accept", accept)], b"").expect("the server answers")
    };
    let html = "text/html,application/xhtml+xml,*/*;q=0.8";
    let page = ask("portal.example", "/nothing/here?x=1", html);
    assert_eq!(page.status, 404);
    assert!(page.header("content-type").is_some_and(|kind| kind.starts_with("text/html")), "{}", page.text());
    assert!(page.text().contains("Sunrise Health") && page.text().contains("Page not found"), "{}", page.text());
    let problem = |answer: &crate::client::Answer| {
        answer.status >= 400 && answer.header("content-type").is_some_and(|kind| kind.contains("problem+json"))
    };
    assert!(problem(&ask("portal.example", "/v1/nothing", html)), "below /v1 are programs");
    assert!(problem(&ask("portal.example", "/nothing/here", "application/json")));
    assert!(problem(&ask("elsewhere.example", "/nothing/here", html)), "no practice's host");
    assert_eq!(ask("portal.example", "/healthz", html).status, 200, "what is there is there");
}
