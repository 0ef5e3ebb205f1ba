//! Forged forms: every form of the portal, sent as somebody else's page or program would send it.

use super::browser::{Browser, hidden};
use super::ward::Ward;
use postern_web::PORTAL;
use postern_web::routes::{Access, Method, Route};

/// A form that would do something if it were taken.
fn filled(route: &Route, ward: &Ward) -> (String, Vec<(&'static str, String)>) {
    let path = route.path.strip_prefix("/p/{tenant}").unwrap();
    let path = path.replace("{message}", &ward.message).replace("{token}", "bcdfghjkmnpqrstv");
    let fields: &[(&'static str, &str)] = match path.as_str() {
        "/sign-in/password" => &[("name", "alma"), ("password", "not the right one")],
        "/choices/one-place" => &[("only", "sms-0")],
        "/choices/offers" => &[("agree", "yes"), ("signature", "Alma Beech")],
        "/choices" => &[("point", "sms-0")],
        path if path.ends_with("/reply") => &[("text", "Forged, and not of the patient")],
        _ => &[("way", "password"), ("invitation", "BCDF-GHJK-MNPQ"), ("code", "123456")],
    };
    (path, fields.iter().map(|(name, value)| (*name, (*value).to_owned())).collect())
}

/// Every route that takes a form; what ends the session comes last.
fn forms() -> Vec<&'static Route> {
    let mut all: Vec<&Route> = PORTAL.iter().filter(|route| route.method == Method::Post).collect();
    all.sort_by_key(|route| matches!(route.id, "portalSignOut" | "portalSignOutEverywhere"));
    assert!(all.len() >= 24, "the table has its forms");
    all
}

fn with<'a>(csrf: Option<&'a str>, fields: &'a [(&'static str, String)]) -> Vec<(&'a str, &'a str)> {
    csrf.into_iter().map(|csrf| ("csrf", csrf)).chain(fields.iter().map(|(n, v)| (*n, v.as_str()))).collect()
}

/// How a form is forged: in words, with which token, with which headers.
type Forgery<'a> = (&'a str, Option<&'a str>, Vec<(&'a str, &'a str)>);

/// Sends `route` forged in every way there is: each is refused, with a page.
fn forged(route: &Route, ward: &mut Ward, own: &str, others: &[String]) {
    let (path, fields) = filled(route, ward);
    let here = format!("http://{}", ward.clinic.address());
    let good = [("Origin", here.as_str()), ("Sec-Fetch-Site", "same-origin")];
    let mut attempts: Vec<Forgery<'_>> = vec![
        ("without a token", None, good.to_vec()),
        ("with an empty token", Some(""), good.to_vec()),
        ("from another site", Some(own), vec![("Origin", "https://evil.example"), ("Sec-Fetch-Site", "cross-site")]),
        ("by a browser that says so alone", Some(own), vec![("Sec-Fetch-Site", "cross-site")]),
        ("from a sister site", Some(own), vec![("Origin", &here), ("Sec-Fetch-Site", "same-site")]),
        ("from nowhere", Some(own), vec![("Origin", "null")]),
        ("by a program that says nothing", Some(own), Vec::new()),
        ("from the same name on another port", Some(own), vec![("Origin", "http://127.0.0.1:1")]),
    ];
    attempts
        .extend(others.iter().map(|token| ("with a token of another browser", Some(token.as_str()), good.to_vec())));
    for (how, csrf, headers) in attempts {
        let answer = ward.alma.browser.form(&path, &with(csrf, &fields), &headers);
        assert_eq!(answer.status, 403, "{} {how}: {}", route.id, answer.text());
        assert!(answer.text().contains("<main"), "{} {how} is answered with a page", route.id);
    }
    // The right token and headers, but the browser's cookies are missing.
    let mut bare = ward.nobody();
    assert_eq!(bare.form(&path, &with(Some(own), &fields), &good).status, 403, "{} without cookies", route.id);
}

#[test]
fn no_form_is_taken_but_from_its_own_page_in_its_own_browser() {
    let mut ward = Ward::open("forged");
    let own = ward.alma.browser.csrf();
    let mut out = ward.nobody();
    let others = [out.csrf(), ward.stranger.browser.csrf()];
    let before = (ward.entries(), ward.written(), ward.alma.browser.get("/choices").text());
    for route in forms() {
        forged(route, &mut ward, &own, &others);
        assert_eq!(ward.entries(), before.0, "{} left something in the ledger", route.id);
    }
    assert_eq!((ward.entries(), ward.written(), ward.alma.browser.get("/choices").text()), before);
    // None of the passwords was weighed: the right one is not made to wait.
    let right = [("name", "alma"), ("password", super::browser::PASSWORD)];
    assert_eq!(ward.nobody().post("/sign-in/password", &right).status, 303);
    // The same forms from their own pages are taken, so that it was the forging that was refused.
    for route in forms() {
        let (path, fields) = filled(route, &ward);
        let fields = with(None, &fields);
        let mut visitor: Option<Browser> = (route.access == Access::Browser).then(|| ward.nobody());
        let answer = visitor.as_mut().unwrap_or(&mut ward.alma.browser).post(&path, &fields);
        assert_ne!(answer.status, 403, "{}: {}", route.id, answer.text());
    }
    assert!(ward.entries() > before.0, "and did what they do");
    assert!(ward.written().to_string().contains("not of the patient"));
}

#[test]
fn a_browser_that_says_nothing_but_where_a_form_is_from_has_its_forms_taken() {
    let mut ward = Ward::open("origin-alone");
    let page = ward.alma.browser.get("/choices/times");
    assert_eq!(page.header("referrer-policy"), Some("same-origin"), "else the browser says that it is from nowhere");
    let (csrf, here) = (ward.alma.browser.csrf(), ward.alma.browser.origin());
    let taken = |ward: &mut Ward, origin: &str| {
        ward.alma.browser.form("/choices/times", &[("csrf", &csrf), ("times", "any")], &[("Origin", origin)]).status
    };
    assert_eq!(taken(&mut ward, &here), 303);
    assert_eq!(taken(&mut ward, "https://evil.example"), 403);
    assert_eq!(ward.alma.browser.post("/choices/times", &[("times", "never")]).status, 422);
}

#[test]
fn a_session_is_worth_nothing_after_it_ended_was_turned_or_at_another_practice() {
    let mut ward = Ward::open("stolen");
    let stolen = |ward: &Ward| {
        let mut thief = ward.nobody();
        thief.cookies.clone_from(&ward.alma.browser.cookies);
        thief
    };
    let is_in = |browser: &mut Browser| browser.get("/messages").status == 200;
    // At the other practice, under that practice's own name of the cookie too.
    let session = ward.alma.browser.cookie("session").unwrap();
    let mut there = ward.stranger.browser.other();
    there.cookies = vec![("postern-other-session".into(), session.clone())];
    assert!(!is_in(&mut there), "a session is of one practice");
    there.cookies = vec![("postern-clinic-session".into(), session)];
    assert!(!is_in(&mut there));

    // A browser cookie and a session that somebody planted before are not those that it has afterwards.
    let mut planted = ward.nobody();
    planted.get("/sign-in");
    let before = planted.cookies.clone();
    let forms = planted.csrf();
    planted.cookies.push(("postern-clinic-session".into(), "0".repeat(64)));
    planted.post("/sign-in/password", &[("name", "alma"), ("password", super::browser::PASSWORD)]);
    let code = ward.alma.paper.pop().unwrap();
    assert_eq!(planted.post("/sign-in/recovery", &[("code", &code)]).status, 303);
    assert!(is_in(&mut planted));
    assert_ne!(planted.cookie("session").unwrap(), "0".repeat(64));
    assert!(before.iter().all(|cookie| !planted.cookies.contains(cookie)), "nothing of before is left");
    assert_ne!(planted.csrf(), forms, "nor are its forms");

    // Signed out here: what somebody copied is over. On another device one goes on, until it is ended from here.
    let mut phone = ward.alma.elsewhere();
    let mut copy = stolen(&ward);
    assert!(is_in(&mut copy) && is_in(&mut phone));
    ward.alma.browser.post("/sign-out", &[]);
    assert!(!is_in(&mut copy) && !is_in(&mut ward.alma.browser) && is_in(&mut phone));
    ward.alma.browser = ward.alma.elsewhere();
    let id = hidden(&ward.alma.browser.get("/account").text(), "session").expect("another device is listed");
    assert_eq!(ward.alma.browser.post("/account/end", &[("session", &id)]).status, 303);
    ward.alma.browser.post("/account/everywhere", &[]);
    for browser in [&mut planted, &mut phone, &mut ward.alma.browser] {
        assert!(!is_in(browser), "everywhere is everywhere");
    }
}

#[test]
fn showing_a_factor_again_turns_the_session_and_the_token_of_before_is_nobodys() {
    let mut ward = Ward::open("raised");
    let mut thief = ward.nobody();
    thief.cookies.clone_from(&ward.alma.browser.cookies);
    assert_eq!(thief.get("/messages").status, 200);
    let code = super::browser::app_code(&ward.alma.key, 30);
    let path = format!("/messages/{}/confirm", ward.message);
    let answer = ward.alma.browser.post(&path, &[("code", &code)]);
    assert_eq!(answer.status, 303, "{}", answer.text());
    assert_eq!(ward.alma.browser.get("/messages").status, 200);
    assert_eq!(thief.get("/messages").status, 303, "what was stolen before the rise");
}

#[test]
fn cookies_are_for_the_browser_alone_and_behind_tls_for_one_host() {
    let mut ward = Ward::open("cookies");
    let lines = |answer: &crate::client::Answer| -> Vec<String> {
        answer.headers.iter().filter(|(name, _)| name == "set-cookie").map(|(_, line)| line.clone()).collect()
    };
    let plain = lines(&ward.nobody().get("/sign-in"));
    assert!(!plain.is_empty());
    assert!(
        plain.iter().all(|line| line.contains("; HttpOnly; SameSite=Lax") && line.contains("; Path=/;")),
        "{plain:?}"
    );
    let out = lines(&ward.alma.browser.post("/sign-out", &[]));
    assert!(
        out.iter().any(|line| line.starts_with("postern-clinic-session=;") && line.ends_with("Max-Age=0")),
        "{out:?}"
    );
    drop(ward);
    let tls = Ward::with("cookies-tls", |clinic| clinic.configure("[server]", "[server]\nbehind_tls_proxy = true"));
    let safe = lines(&tls.nobody().get("/sign-in"));
    assert!(safe.iter().all(|line| line.starts_with("__Host-") && line.contains("; Secure")), "{safe:?}");
}
