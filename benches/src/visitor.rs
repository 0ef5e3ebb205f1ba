//! A browser for a benchmark: it keeps cookies, sends forms as a page of the portal would, and makes itself an account.

use crate::clinic::{Connection, HttpAnswer};
use aws_lc_rs::hmac;
use postern_base::{Clock, SystemClock};
use std::error::Error;
use std::net::SocketAddr;

/// What sample patients are born and called, as [`crate::clinic::sms_patient`] makes them: year, month, day, family name.
const BORN: (&str, &str, &str) = ("1980", "4", "2");
const FAMILY: &str = "Sample";

/// A browser, with its cookies.
pub(crate) struct Visitor {
    connection: Connection,
    host: String,
    base: String,
    cookies: Vec<(String, String)>,
}

impl Visitor {
    /// A browser that knows nobody, at the portal of `tenant`.
    pub(crate) async fn open(address: SocketAddr, tenant: &str) -> std::io::Result<Self> {
        let connection = Connection::open(address).await?;
        Ok(Self { connection, host: address.to_string(), base: format!("/p/{tenant}"), cookies: Vec::new() })
    }

    /// Signed in for the patient that `invitation` is of: enrolled with a password and an authenticator app.
    pub(crate) async fn enrol(
        address: SocketAddr,
        tenant: &str,
        invitation: &str,
        name: &str,
    ) -> Result<Self, Box<dyn Error>> {
        let mut browser = Self::open(address, tenant).await?;
        let page = browser.page("/enrol").await?;
        let csrf = attribute(&page.body, "name=\"csrf\" value=\"").ok_or("the page of the code has no form")?;
        let (year, month, day) = BORN;
        let mut said = vec![("csrf", csrf.as_str()), ("invitation", invitation)];
        browser.form("/enrol", &said, 200).await?;
        said.extend([("born-month", month), ("born-day", day), ("born-year", year)]);
        browser.form("/enrol/birth", &said, 200).await?;
        said.push(("other", FAMILY));
        browser.form("/enrol/more", &said, 303).await?;
        browser.form("/enrol/way", &[("csrf", &csrf), ("way", "password")], 303).await?;
        let chosen = [("csrf", csrf.as_str()), ("name", name), ("password", "umbrella tango nine")];
        let offer = browser.form("/enrol/password", &chosen, 200).await?;
        let key = attribute(&offer.body, "name=\"key\" value=\"").ok_or("no key of an app was shown")?;
        let code = app_code(&key, SystemClock.now().as_second());
        browser.form("/enrol/app", &[("csrf", &csrf), ("code", &code)], 200).await?;
        Ok(browser)
    }

    /// Asks for a page.
    pub(crate) async fn page(&mut self, path: &str) -> std::io::Result<HttpAnswer> {
        self.exchange(&format!("GET {}{path} HTTP/1.1\r\n", self.base), "").await
    }

    /// Asks for what a page names by its whole path.
    pub(crate) async fn named(&mut self, path: &str) -> std::io::Result<HttpAnswer> {
        self.exchange(&format!("GET {path} HTTP/1.1\r\n"), "").await
    }

    /// Sends a form, to be answered so.
    pub(crate) async fn form(
        &mut self,
        path: &str,
        fields: &[(&str, &str)],
        expected: u16,
    ) -> Result<HttpAnswer, Box<dyn Error>> {
        let body: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        let first = format!(
            "POST {}{path} HTTP/1.1\r\norigin: http://{}\r\nsec-fetch-site: same-origin\r\n\
             content-type: application/x-www-form-urlencoded\r\n",
            self.base, self.host
        );
        let answer = self.exchange(&first, &body.join("&")).await?;
        if answer.status == expected {
            return Ok(answer);
        }
        Err(format!("{path} answered {}: {}", answer.status, answer.body).into())
    }

    async fn exchange(&mut self, first: &str, body: &str) -> std::io::Result<HttpAnswer> {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = format!(
            "{first}host: {}\r\ncookie: {}\r\ncontent-length: {}\r\n\r\n{body}",
            self.host,
            cookies.join("; "),
            body.len()
        );
        let answer = self.connection.exchange(&request).await?;
        for line in answer.head.lines() {
            let Some((name, rest)) = line.split_once(": ") else { continue };
            if let Some((cookie, value)) = rest.split(';').next().and_then(|pair| pair.split_once('='))
                && name.eq_ignore_ascii_case("set-cookie")
            {
                self.cookies.retain(|(known, _)| known != cookie);
                if !value.is_empty() {
                    self.cookies.push((cookie.to_owned(), value.to_owned()));
                }
            }
        }
        Ok(answer)
    }
}

/// What stands in `html` behind `before`, up to the next quotation mark.
pub(crate) fn attribute(html: &str, before: &str) -> Option<String> {
    let (_, rest) = html.split_once(before)?;
    rest.split('"').next().map(str::to_owned)
}

fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

/// What an authenticator app shows for a key in base32 (RFC 6238: SHA-1, six digits, thirty seconds).
fn app_code(key: &str, seconds: i64) -> String {
    const SIGNS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let fives = key.chars().filter_map(|sign| SIGNS.find(sign));
    let bits: Vec<usize> = fives.flat_map(|five| (0..5).rev().map(move |at| (five >> at) & 1)).collect();
    let bytes = bits.chunks_exact(8).map(|byte| byte.iter().fold(0, |so_far, bit| (so_far << 1) | bit));
    let key: Vec<u8> = bytes.filter_map(|byte| u8::try_from(byte).ok()).collect();
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &key);
    let tag = hmac::sign(&key, &(seconds / 30).to_be_bytes());
    let at = tag.as_ref().last().map_or(0, |last| usize::from(last & 15));
    let word = tag.as_ref().iter().skip(at).take(4).fold(0u32, |so_far, byte| (so_far << 8) | u32::from(*byte));
    format!("{:06}", (word & 0x7fff_ffff) % 1_000_000)
}
