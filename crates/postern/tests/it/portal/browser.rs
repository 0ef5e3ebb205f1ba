//! A browser without a screen: it keeps cookies, sends forms as a page does, and sends whatever an attacker would.

use crate::client::{Answer, Client};
use aws_lc_rs::hmac;
use postern_base::Clock as _;
use std::net::SocketAddr;

/// A password that every account of these tests has.
pub(super) const PASSWORD: &str = "umbrella tango nine";

/// A browser at the portal of one practice.
pub(super) struct Browser {
    client: Client,
    address: SocketAddr,
    pub(super) base: String,
    pub(super) cookies: Vec<(String, String)>,
    /// How far the clock of the server is ahead of ours, in seconds: a demo's is.
    pub(super) ahead: i64,
}

/// Somebody who enrolled: their browser, and what they wrote down.
pub(super) struct Enrolled {
    pub(super) browser: Browser,
    pub(super) name: String,
    pub(super) key: String,
    pub(super) paper: Vec<String>,
}

impl Browser {
    pub(super) fn new(address: SocketAddr, tenant: &str) -> Self {
        let client = Client::new(address, "");
        Self { client, address, base: format!("/p/{tenant}"), cookies: Vec::new(), ahead: 0 }
    }

    /// The same portal in another browser, which knows nothing.
    pub(super) fn other(&self) -> Self {
        Self { ahead: self.ahead, ..Self::new(self.address, self.base.trim_start_matches("/p/")) }
    }

    /// The same browser, when the server listens elsewhere.
    pub(super) fn at(self, address: SocketAddr) -> Self {
        Self { client: Client::new(address, ""), address, ..self }
    }

    /// Where the server listens.
    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// A page, by its path within the portal.
    pub(super) fn get(&mut self, path: &str) -> Answer {
        let path = format!("{}{path}", self.base);
        self.ask("GET", &path, &[], b"")
    }

    /// A form as a page of this browser sends it.
    pub(super) fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let csrf = self.csrf();
        let mut all = vec![("csrf", csrf.as_str())];
        all.extend_from_slice(fields);
        let origin = self.origin();
        self.form(path, &all, &[("Origin", &origin), ("Sec-Fetch-Site", "same-origin")])
    }

    /// Where its pages are from, as a browser says it.
    pub(super) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A form with these fields and headers and nothing else.
    pub(super) fn form(&mut self, path: &str, fields: &[(&str, &str)], headers: &[(&str, &str)]) -> Answer {
        let body: Vec<String> =
            fields.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
        let mut all = vec![("Content-Type", "application/x-www-form-urlencoded")];
        all.extend_from_slice(headers);
        let path = format!("{}{path}", self.base);
        self.ask("POST", &path, &all, body.join("&").as_bytes())
    }

    /// Any request; what cookies it is answered with are kept.
    pub(super) fn ask(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let cookies = cookies.join("; ");
        let mut all = headers.to_vec();
        if !cookies.is_empty() {
            all.push(("Cookie", &cookies));
        }
        let answer = self.client.call(method, path, &all, body).expect("the server answers");
        for (_, line) in answer.headers.iter().filter(|(name, _)| name == "set-cookie") {
            let pair = line.split(';').next().and_then(|pair| pair.split_once('='));
            let (name, value) = pair.expect("a cookie has a name");
            self.cookies.retain(|(known, _)| known != name);
            if !value.is_empty() {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
        answer
    }

    /// What a form of this browser must bring, from a page that has one.
    pub(super) fn csrf(&mut self) -> String {
        for page in ["/account", "/sign-in/password"] {
            if let Some(csrf) = hidden(&self.get(page).text(), "csrf") {
                return csrf;
            }
        }
        panic!("no page has a form");
    }

    /// A cookie by the end of its name.
    pub(super) fn cookie(&self, what: &str) -> Option<String> {
        self.cookies.iter().find(|(name, _)| name.ends_with(&format!("-{what}"))).map(|(_, value)| value.clone())
    }

    /// Makes an account by an invitation, with a password and an authenticator app. Born on 12 October 1978, called Beech.
    pub(super) fn enrol(self, invitation: &str, name: &str) -> Enrolled {
        self.enrol_as(("1978", "10", "12"), "Beech", invitation, name)
    }

    /// The same for somebody who was born and is called otherwise.
    pub(super) fn enrol_as(mut self, born: (&str, &str, &str), family: &str, invitation: &str, name: &str) -> Enrolled {
        self.answer_invitation(invitation, born, family);
        self.post("/enrol/way", &[("way", "password")]);
        let offer = self.post("/enrol/password", &[("name", name), ("password", PASSWORD)]).text();
        let key = hidden(&offer, "key").unwrap_or_else(|| panic!("no key is offered: {offer}"));
        let page = self.post("/enrol/app", &[("code", &app_code(&key, self.ahead))]).text();
        let codes = page.split("<ul class=\"codes").nth(1).unwrap_or_else(|| panic!("nobody is enrolled: {page}"));
        let paper = codes.split("</ul>").next().unwrap().split("<li>").skip(1);
        let paper: Vec<String> = paper.map(|code| text_of(code.split("</li>").next().unwrap())).collect();
        Enrolled { browser: self, name: name.to_owned(), key, paper }
    }

    /// The three pages that ask who was invited; gives the last answer.
    pub(super) fn answer_invitation(&mut self, code: &str, born: (&str, &str, &str), other: &str) -> Answer {
        let (year, month, day) = born;
        let fields =
            [("invitation", code), ("born-year", year), ("born-month", month), ("born-day", day), ("other", other)];
        self.post("/enrol", &fields[..1]);
        self.post("/enrol/birth", &fields[..4]);
        self.post("/enrol/more", &fields)
    }
}

impl Enrolled {
    /// Signs in on another browser, with a code from paper.
    pub(super) fn elsewhere(&mut self) -> Browser {
        let mut browser = self.browser.other();
        let first = browser.post("/sign-in/password", &[("name", &self.name), ("password", PASSWORD)]);
        assert_eq!(first.status, 303, "{}", first.text());
        let code = self.paper.pop().expect("a code is left");
        let second = browser.post("/sign-in/recovery", &[("code", &code)]);
        assert_eq!(second.status, 303, "{}", second.text());
        browser
    }
}

/// The value of a hidden field, or of the first of several.
pub(super) fn hidden(html: &str, name: &str) -> Option<String> {
    let rest = html.split(&format!("name=\"{name}\" value=\"")).nth(1)?;
    rest.split('"').next().map(str::to_owned)
}

/// Text without tags.
fn text_of(html: &str) -> String {
    let mut inside = false;
    let mut text = String::new();
    for sign in html.chars() {
        match sign {
            '<' => inside = true,
            '>' => inside = false,
            _ if !inside => text.push(sign),
            _ => {}
        }
    }
    text.trim().to_owned()
}

/// As a form is written (`application/x-www-form-urlencoded`).
fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

/// What an authenticator app shows so many seconds from now (RFC 6238: SHA-1, six digits, thirty seconds).
pub(super) fn app_code(key: &str, ahead: i64) -> String {
    const SIGNS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let fives = key.chars().filter_map(|sign| SIGNS.find(sign));
    let bits: Vec<usize> = fives.flat_map(|five| (0..5).rev().map(move |at| (five >> at) & 1)).collect();
    let bytes: Vec<u8> = bits
        .chunks_exact(8)
        .map(|byte| byte.iter().fold(0, |so_far, bit| (so_far << 1) | u8::try_from(*bit).unwrap()))
        .collect();
    let step = postern_base::SystemClock.now().as_second().saturating_add(ahead) / 30;
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &bytes), &step.to_be_bytes());
    let at = usize::from(tag.as_ref()[19] & 15);
    let word = u32::from_be_bytes(tag.as_ref()[at..at + 4].try_into().unwrap()) & 0x7fff_ffff;
    format!("{:06}", word % 1_000_000)
}
