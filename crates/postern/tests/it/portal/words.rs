//! Words that are meant to be more than words: HTML, template signs, headers, control characters, addresses of elsewhere.

use super::browser::Browser;
use super::ward::Ward;
use crate::client::Answer;

/// What no page may hold as it stands.
const HOSTILE: &str = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}{% include 'x' %}\r\nSet-Cookie: planted=1\r\n\r\n\u{202e}\u{0}\u{7f}";

/// The words are nowhere but as text.
fn is_text(answer: &Answer, what: &str) {
    let text = answer.text();
    for sign in ["<script>alert", "<img src=x", "\"'><"] {
        assert!(!text.contains(sign), "{what} holds {sign}: {text}");
    }
    assert!(!answer.headers.iter().any(|(_, value)| value.contains("planted")), "{what}: {:?}", answer.headers);
    assert!(answer.status < 500, "{what}: {} {text}", answer.status);
}

fn everywhere_written(browser: &mut Browser, message: &str, fields: &[&str]) {
    for path in [
        "/sign-in",
        "/sign-in/password",
        "/sign-in/code",
        "/sign-in/recovery",
        "/sign-in/passkey",
        "/enrol",
        "/enrol/birth",
        "/enrol/more",
        "/enrol/way",
        "/enrol/password",
        "/enrol/app",
        "/enrol/passkey",
        "/choices",
        "/choices/one-place",
        "/choices/e-mail",
        "/choices/offers",
        "/account/end",
        "/account/person",
        "/account/proxy",
        &format!("/messages/{message}/confirm"),
        &format!("/messages/{message}/reply"),
    ] {
        let all: Vec<(&str, &str)> = fields.iter().map(|name| (*name, HOSTILE)).collect();
        is_text(&browser.post(path, &all), path);
    }
}

#[test]
fn whatever_is_typed_anywhere_is_shown_as_text_and_gets_into_no_header() {
    let mut ward = Ward::open("injected");
    let fields = [
        "way",
        "name",
        "password",
        "code",
        "invitation",
        "born-month",
        "born-day",
        "born-year",
        "other",
        "key",
        "uri",
        "credential",
        "point",
        "sms-0",
        "only",
        "accepted",
        "agree",
        "signature",
        "session",
        "person",
        "proxy",
        "text",
    ];
    everywhere_written(&mut ward.nobody(), &ward.message, &fields);
    everywhere_written(&mut ward.alma.browser, &ward.message, &fields);
    // A birth date that is one, so that the page that says the rest back is reached.
    let mut visitor = ward.nobody();
    is_text(&visitor.answer_invitation(HOSTILE, ("1978", "10", "12"), HOSTILE), "an invitation");
    // A signature that is kept, and the page where it is shown.
    ward.alma.browser.post("/choices/offers", &[("agree", "yes"), ("signature", "<b>Alma</b> {{7*7}}")]);
    let said = ward.alma.browser.get("/choices/said");
    assert!(!said.text().contains("<b>Alma"), "{}", said.text());
    // What is written back is kept without the signs that nobody sees.
    let reply = format!("/messages/{}/reply", ward.message);
    assert_eq!(ward.alma.browser.post(&reply, &[("text", HOSTILE)]).status, 303);
    let page = ward.alma.browser.get(&format!("/messages/{}", ward.message));
    assert!(page.text().contains("{{7*7}}{% include"), "it is there as it was written: {}", page.text());
    is_text(&page, "a thread");
}

#[test]
fn what_a_practice_writes_is_text_too_in_bodies_and_names() {
    let mut ward = Ward::open("written");
    let page = ward.alma.browser.get(&format!("/messages/{}", ward.message)).text();
    assert!(page.contains("{{ 7*7 }} {% raw %}") && !page.contains("<script>alert"), "{page}");
    let page = ward.stranger.browser.get("/messages").text();
    assert!(page.contains("Other") && !page.contains("<i>Health"), "{page}");
    let manifest = ward.stranger.browser.get("/app.webmanifest");
    assert_eq!(manifest.json()["name"], "Other <i>Health</i> & Sons", "JSON has signs of its own");
}

#[test]
fn nothing_that_a_caller_sends_leads_to_another_site() {
    let mut ward = Ward::open("redirected");
    let evil = "evil.example";
    let headers = [
        ("X-Forwarded-Host", evil),
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Prefix", "//evil.example"),
        ("Forwarded", "host=evil.example;proto=https"),
        ("X-Original-URL", "//evil.example/"),
        ("X-Rewrite-URL", "//evil.example/"),
        ("Referer", "https://evil.example/"),
    ];
    let away = "?next=https://evil.example/&return_to=//evil.example&url=https://evil.example&lang=//evil.example&before=//evil.example";
    let message = ward.message.clone();
    for signed_in in [false, true] {
        for path in [
            "/",
            "/sign-in",
            "/sign-in/code",
            "/sign-in/passkey",
            "/enrol",
            "/enrol/way",
            "/enrol/passkey",
            "/messages",
            &format!("/messages/{message}"),
            &format!("/messages/{message}/confirm"),
            "/choices",
            "/account",
            "/signed-out",
            "/m/evil.example",
            "/m/..%2f..%2fevil.example",
            "//evil.example",
            "/%2fevil.example",
            "/\\evil.example",
        ] {
            let mut out = ward.nobody();
            let browser = if signed_in { &mut ward.alma.browser } else { &mut out };
            let whole = format!("{}{path}{away}", browser.base);
            let answer = browser.ask("GET", &whole, &headers, b"");
            stays(&answer, &whole);
        }
    }
    for whole in [
        "//evil.example/p/clinic/",
        "/p//evil.example/",
        "/p/evil.example/sign-in",
        "/m//evil.example",
        "/p/clinic@evil.example/",
    ] {
        stays(&ward.nobody().ask("GET", whole, &headers, b""), whole);
    }
    for (path, fields) in [("/sign-in", [("way", "password")]), ("/sign-out", [("way", "")])] {
        let fields = [fields[0], ("next", "https://evil.example/"), ("return", "//evil.example")];
        let answer = ward.alma.browser.post(path, &fields);
        assert_eq!(answer.status, 303, "{path}");
        stays(&answer, path);
    }
}

/// A way on is a path of the same portal; nothing of another site is on the page.
fn stays(answer: &Answer, asked: &str) {
    if let Some(to) = answer.header("location") {
        assert!(to.starts_with("/p/clinic/") && !to.contains("evil"), "{asked} leads to {to}");
    }
    assert!(!answer.text().contains("evil.example"), "{asked}: {}", answer.text());
    assert!(answer.status < 500, "{asked}: {}", answer.status);
}

#[test]
fn a_host_that_is_not_ours_is_told_nothing_of_it_and_passkeys_are_bound_to_the_address_that_is_configured() {
    let ward = Ward::open("hosts");
    let mut browser = ward.nobody();
    for host in ["evil.example", "evil.example:8025", "127.0.0.1.evil.example", "localhost.evil.example"] {
        for path in ["/p/clinic/", "/p/clinic/sign-in/passkey", "/p/clinic/app.webmanifest", "/sign-in", "/"] {
            let answer = browser.ask("GET", path, &[("Host", host)], b"");
            assert!(!answer.text().contains("evil.example"), "{host} {path}: {}", answer.text());
            let to = answer.header("location").unwrap_or("/p/clinic/");
            assert!(to.starts_with("/p/clinic/"), "{host} {path} leads to {to}");
        }
    }
}
