//! What every answer of the portal has around it, whoever asks for whatever by whatever method, however large.

use super::browser::{Browser, hidden};
use super::ward::{Ward, invited};
use crate::client::Answer;
use crate::clinic::{Clinic, patient};
use postern_web::PORTAL;
use postern_web::routes::{Access, Method};
use serde_json::json;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

/// What pages are drawn with: it says nothing of anybody and may be kept.
const DRAWN_WITH: [&str; 6] =
    ["portalStyle", "portalColours", "portalScript", "portalIdleScript", "portalIcon", "portalManifest"];

fn every_answer(answer: &Answer, what: &str) {
    let is = |name: &str, value: &str| {
        let found = answer.header(name).unwrap_or_default();
        assert!(found.contains(value), "{what}: {name} is \"{found}\"");
    };
    is("x-content-type-options", "nosniff");
    let page = answer.header("content-type").unwrap_or_default().starts_with("text/html");
    is("referrer-policy", if page { "same-origin" } else { "no-referrer" });
    is("x-frame-options", "DENY");
    is("cross-origin-opener-policy", "same-origin");
    is("cross-origin-resource-policy", "same-origin");
    for part in ["default-src 'none'", "frame-ancestors 'none'"] {
        is("content-security-policy", part);
    }
    let policy = answer.header("content-security-policy").unwrap_or_default();
    assert!(!policy.contains("unsafe") && !policy.contains('*') && !policy.contains("http"), "{what}: {policy}");
    assert!(answer.header("server").is_none() && answer.header("x-powered-by").is_none(), "{what}");
    assert!(answer.header("access-control-allow-origin").is_none(), "{what}: nobody else's script reads it");
}

fn every_page(answer: &Answer, what: &str) {
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{what}");
    let text = answer.text();
    if !answer.header("content-type").unwrap_or_default().starts_with("text/html") {
        return;
    }
    for part in ["form-action 'self'", "base-uri 'none'", "script-src 'self'", "style-src 'self'"] {
        assert!(answer.header("content-security-policy").is_some_and(|policy| policy.contains(part)), "{what}: {part}");
    }
    for bad in [
        "<style",
        " style=\"",
        "<script>",
        " onclick",
        " onload",
        "javascript:",
        "src=\"http",
        "href=\"http",
        "action=\"http",
    ] {
        assert!(!text.contains(bad), "{what} has {bad}");
    }
    let title = text.split("<title>").nth(1).and_then(|rest| rest.split("</title>").next()).unwrap_or_default();
    for told in ["8.2", "Beech", "Alma", "result", "HbA1c"] {
        assert!(!title.contains(told), "{what}: the title is {title}");
    }
}

fn path_of(pattern: &str, ward: &Ward) -> String {
    let path = pattern.strip_prefix("/p/{tenant}").unwrap();
    path.replace("{message}", &ward.message).replace("{token}", "bcdfghjkmnpqrstv").replace("{file}", &ward.theirs)
}

#[test]
fn every_route_of_the_table_answers_with_the_headers_that_browsers_need_to_hear() {
    let mut ward = Ward::open("headers");
    for route in PORTAL {
        let path = path_of(route.path, &ward);
        let mut out = ward.nobody();
        let browsers: [(&str, &mut Browser); 2] = [("signed out", &mut out), ("signed in", &mut ward.alma.browser)];
        for (who, browser) in browsers {
            let what = format!("{} {who}", route.id);
            let answer = match route.method {
                Method::Get => browser.get(&path),
                // Not from its page: what is refused is a page as well, and changes nothing.
                _ => browser.form(&path, &[("csrf", "no")], &[]),
            };
            every_answer(&answer, &what);
            if DRAWN_WITH.contains(&route.id) {
                assert_eq!(
                    (answer.status, answer.header("cache-control")),
                    (200, Some("public, max-age=600")),
                    "{what}"
                );
                assert!(!answer.text().contains("Alma") && !answer.text().contains("Beech"), "{what}");
            } else {
                every_page(&answer, &what);
            }
            let shut = route.access == Access::Patient && who == "signed out" && route.method == Method::Get;
            let to = answer.header("location").unwrap_or_default();
            assert!(!shut || (answer.status == 303 && to == "/p/clinic/sign-in"), "{what}: {} {to}", answer.status);
            assert!(who == "signed in" || !answer.text().contains("8.2 %"), "{what}");
        }
    }
    for path in ["/nothing-here", "/messages/not-an-id", "/messages/019b0000-0000-7000-8000-000000000000", "/m/none"] {
        let answer = ward.alma.browser.get(path);
        assert!(matches!(answer.status, 400 | 404), "{path}: {}", answer.status);
        every_answer(&answer, path);
        every_page(&answer, path);
    }
}

#[test]
fn a_method_that_a_route_does_not_take_does_nothing_and_asking_for_the_head_gives_no_body() {
    let mut ward = Ward::open("methods");
    let before = (ward.entries(), ward.alma.browser.get("/choices").text());
    for route in PORTAL {
        let path = format!("/p/clinic{}", path_of(route.path, &ward));
        for method in ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "get"] {
            let answer = ward.alma.browser.ask(method, &path, &[], b"csrf=1");
            assert!((400..500).contains(&answer.status), "{method} {path}: {}", answer.status);
            assert!(!answer.text().contains("8.2 %"), "{method} {path}");
        }
    }
    assert_eq!((ward.entries(), ward.alma.browser.get("/choices").text()), before);
    // A method is what the request line says, whatever else a caller writes.
    for name in ["X-HTTP-Method-Override", "X-Method-Override"] {
        let answer = ward.alma.browser.ask("GET", "/p/clinic/messages", &[(name, "POST")], b"");
        assert_eq!(answer.status, 200);
    }
}

/// Sends the head of a form with a body of `bytes`, of which `sent` follow, and reads what is answered before the connection ends.
fn body_of(ward: &Ward, cookies: &str, bytes: usize, sent: usize) -> String {
    let mut stream = TcpStream::connect(ward.clinic.address()).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("set");
    let head = format!(
        "POST /p/clinic/sign-in/password HTTP/1.1\r\nHost: {0}\r\nOrigin: http://{0}\r\nCookie: {cookies}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {bytes}\r\n\r\n",
        ward.clinic.address()
    );
    stream.write_all(head.as_bytes()).expect("sent");
    // The server may have heard enough and gone.
    drop(stream.write_all(&vec![b'a'; sent]));
    let mut said = [0; 4096];
    let read = stream.read(&mut said).unwrap_or(0);
    String::from_utf8_lossy(&said[..read]).into_owned()
}

#[test]
fn a_form_of_ten_megabytes_is_413_and_one_that_does_not_come_is_408_while_others_are_served() {
    let ward = Ward::with("large", |clinic| clinic.configure("[server]\n", "[server]\nbody_seconds = 1\n"));
    let mut browser = ward.nobody();
    browser.get("/sign-in/password");
    let cookies: Vec<String> = browser.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let large = body_of(&ward, &cookies.join("; "), 10 * 1024 * 1024, 512 * 1024);
    assert!(large.starts_with("HTTP/1.1 413"), "{large}");
    let slow: Vec<_> = std::thread::scope(|scope| {
        let asked: Vec<_> = (0..20).map(|_| scope.spawn(|| body_of(&ward, &cookies.join("; "), 500, 10))).collect();
        assert_eq!(ward.nobody().get("/sign-in").status, 200, "others are served meanwhile");
        asked.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert!(slow.iter().all(|said| said.starts_with("HTTP/1.1 408")), "{slow:?}");
}

// W3C Web Application Manifest: what a browser asks of an address before it offers to put it on the first screen.
#[test]
fn a_portal_can_be_put_on_a_first_screen_and_what_that_needs_says_nothing_of_anybody() {
    let mut ward = Ward::open("installed");
    let mut nobody = ward.nobody();
    let own = ward.alma.browser.get("/messages").text();
    for page in [own, nobody.get("/").text()] {
        assert!(page.contains("<link rel=\"manifest\" href=\"/p/clinic/app.webmanifest\">"), "{page}");
    }
    let (manifest, own) = (nobody.get("/app.webmanifest"), ward.alma.browser.get("/app.webmanifest"));
    assert_eq!(manifest.header("content-type"), Some("application/manifest+json"));
    assert_eq!(manifest.body, own.body, "it is the same for who is signed in");
    for told in ["Beech", "Alma", "8.2", "HbA1c", ward.message.as_str()] {
        assert!(!manifest.text().contains(told), "{told}");
    }
    let said = manifest.json();
    assert_eq!((said["name"].as_str(), said["display"].as_str()), (Some("Sunrise Health"), Some("standalone")));
    let within = |path: &str| path.strip_prefix("/p/clinic").expect("within the portal").to_owned();
    let start = within(said["start_url"].as_str().unwrap());
    assert!(said["start_url"].as_str().unwrap().starts_with(said["scope"].as_str().unwrap()));
    assert_eq!(nobody.get(&start).status, 200);
    let icon = &said["icons"][0];
    assert_eq!(icon["sizes"], "any", "one that is sharp in every size");
    let drawn = nobody.get(&within(icon["src"].as_str().unwrap()));
    assert_eq!((drawn.status, drawn.header("content-type")), (200, icon["type"].as_str()));
}

/// Alma in Spanish and Alma in English, each on a browser of the other language that remembers none.
#[test]
fn who_goes_astray_signed_in_is_told_so_in_the_language_of_their_account() {
    let mut spanish = patient("p2", "+12125550102", "sam@mail.example");
    spanish[0]["communication"] = json!([{ "language": { "coding": [{ "code": "es" }] }, "preferred": true }]);
    let mut people = patient("p1", "+12125550101", "pat@mail.example");
    people.extend(spanish);
    let mut clinic = Clinic::new("astray", &people);
    let address = clinic.serve();
    let lost = [("en", "Page not found", "Sign out"), ("es", "Página no encontrada", "Salir")];
    for ((id, accepts), (language, lost, signed_in)) in [("p1", "es-US"), ("p2", "en-US")].into_iter().zip(lost) {
        let mut browser = Browser::new(address, "clinic").enrol(&invited(&mut clinic.client(), id), id).browser;
        browser.cookies.retain(|(name, _)| !name.ends_with("-language"));
        let origin = browser.origin();
        let headers = [("Accept-Language", accepts), ("Origin", origin.as_str()), ("Sec-Fetch-Site", "same-origin")];
        let nobodys = "/p/clinic/messages/01890000-0000-7000-8000-000000000000";
        for (method, path) in [("GET", "/p/clinic/nowhere"), ("GET", nobodys), ("PUT", "/p/clinic/account")] {
            let answer = browser.ask(method, path, &headers, b"");
            let (status, page) = (answer.status, answer.text());
            assert!(page.contains(&format!("<html lang=\"{language}\"")), "{method} {path}: {status} {page}");
            assert!(page.contains(signed_in) && (status != 404 || page.contains(lost)), "{method} {path}: {page}");
            assert!(matches!(status, 404 | 405), "{method} {path}: {status}");
            every_page(&answer, path);
        }
        // The way out on such a page works like any other's.
        let page = browser.ask("GET", "/p/clinic/nowhere", &headers, b"").text();
        let csrf = hidden(&page, "csrf").unwrap();
        let out = browser.form("/sign-out", &[("csrf", &csrf)], &headers);
        assert_eq!((out.status, out.header("location")), (303, Some("/p/clinic/signed-out")));
        let page = browser.ask("GET", "/p/clinic/nowhere", &headers, b"").text();
        assert!(page.contains(&format!("<html lang=\"{}\"", &accepts[..2])) && !page.contains(signed_in), "{page}");
    }
}

#[test]
fn a_browser_that_says_nothing_of_itself_is_listed_as_one_that_we_do_not_know() {
    let mut ward = Ward::open("unsaid");
    let page = ward.alma.browser.get("/account").text();
    assert!(page.contains("<strong>A browser we do not know</strong> · This device"), "{page}");
    let page = ward.alma.browser.get("/account?lang=es").text();
    assert!(page.contains("<strong>Un navegador que no conocemos</strong> · Este"), "{page}");
}
