//! Who looks at a page: the browser, told apart by a cookie, and the person signed in on it, if one is. What changes anything is taken
//! only from a page of ours, opened in the same browser.

use super::multipart::Parts;
use super::place::{OwnHost, Place};
use super::seats::Seat;
use super::texts::{Texts, preferred};
use super::unsent::{self, Untied};
use crate::caller::Trace;
use crate::problem::{Kind, Problem};
use crate::routes::{Access, Method, Route, Takes};
use crate::server::Peer;
use crate::web::Web;
use aws_lc_rs::{constant_time, hmac};
use axum::extract::{RawPathParams, Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use postern_base::{Hex, Language, MessageId, Secret};
use postern_engine::portal::{Upload, Visitor};
use std::net::IpAddr;
use std::sync::Arc;

/// The cookies there are.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Cookie {
    /// A session, signed in.
    Session,
    /// A browser that is not signed in: what its forms are tied to.
    Browser,
    /// A step of signing in or enrolling that waits for the next.
    Step,
    /// What to show once signed in.
    After,
    /// The language chosen here.
    Language,
    /// Who has signed in on this device: it signs nobody in.
    Device,
}

impl Cookie {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Browser => "browser",
            Self::Step => "step",
            Self::After => "after",
            Self::Language => "language",
            Self::Device => "device",
        }
    }

    /// How long a browser keeps it, in seconds; none = until it is closed.
    const fn seconds(self) -> Option<u32> {
        match self {
            Self::Session | Self::Browser => None,
            Self::Step => Some(30 * 60),
            Self::After => Some(60 * 60),
            Self::Language | Self::Device => Some(365 * 24 * 60 * 60),
        }
    }
}

/// How a page is asked for in the other language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Again {
    /// At the address where it is.
    Here,
    /// At this one.
    At(String),
    /// Where it is, with the form that brought it.
    WithForm,
}

/// One request to the portal.
#[derive(Debug, Clone)]
pub(crate) struct Visit {
    pub(crate) place: Place,
    pub(crate) texts: &'static Texts,
    /// What a form of this page must bring back.
    pub(crate) csrf: String,
    pub(crate) visitor: Option<Visitor>,
    /// Whom the visitor acts for, when it is not for themselves.
    pub(crate) acting_for: Option<String>,
    /// The form that came, for a POST.
    pub(crate) fields: Arc<Fields>,
    /// How the page is asked for in the other language.
    pub(super) again: Again,
    source: IpAddr,
    /// What the browser calls itself.
    pub(super) user_agent: String,
    secure: bool,
    cookies: Arc<Vec<(String, String)>>,
}

impl Visit {
    /// What this browser brought under the name of `cookie`.
    pub(crate) fn cookie(&self, cookie: Cookie) -> Option<Secret<String>> {
        let name = name_of(&self.place, cookie, self.secure);
        self.cookies.iter().find(|(known, _)| *known == name).map(|(_, value)| Secret::new(value.clone()))
    }

    /// Gives the browser `cookie`, or takes it back with an empty value.
    pub(crate) fn give(&self, response: &mut Response, cookie: Cookie, value: &str) {
        let name = name_of(&self.place, cookie, self.secure);
        let age = if value.is_empty() { Some(0) } else { cookie.seconds() };
        let age = age.map_or_else(String::new, |seconds| format!("; Max-Age={seconds}"));
        let secure = if self.secure { "; Secure" } else { "" };
        // Lax and not Strict: who comes by the link of a notice is signed in still. Nothing is changed by a GET.
        let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{age}");
        if let Ok(mut text) = HeaderValue::from_str(&text) {
            text.set_sensitive(true);
            response.headers_mut().append(header::SET_COOKIE, text);
        }
    }

    /// Finds who is signed in on this browser.
    async fn recognise(&mut self, web: &Web) -> Result<(), Problem> {
        if let Some(token) = self.cookie(Cookie::Session) {
            // Invariant 9: a session of one practice is nobody's at another.
            let found = web.engine().visitor(&token).await?;
            self.visitor = found.filter(|visitor| visitor.tenant == self.place.tenant);
        }
        Ok(())
    }

    /// What forms are tied to: the session of who is signed in, or else the browser. `None` = it brought nothing.
    fn tie(&self) -> Option<Secret<String>> {
        self.cookie(if self.visitor.is_some() { Cookie::Session } else { Cookie::Browser })
    }

    /// Where the request comes from, for counting wrong answers.
    pub(crate) fn source(&self) -> String {
        self.source.to_string()
    }

    /// A time as this visitor's language and this practice's clock write it.
    pub(crate) fn time(&self, at: jiff::Timestamp) -> String {
        self.texts.time(at, &self.place.zone)
    }

    /// The visitor; the guard let nobody else come here.
    ///
    /// # Errors
    /// [`Problem`]: nobody is signed in.
    pub(crate) fn signed_in(&self) -> Result<&Visitor, Problem> {
        self.visitor.as_ref().ok_or_else(Problem::not_found)
    }
}

/// A cookie's name. Each practice has its own, so that on one host two practices never read each other's. `__Host-` binds it to the
/// host it came from, where there is TLS.
fn name_of(place: &Place, cookie: Cookie, secure: bool) -> String {
    let prefix = if secure { "__Host-" } else { "" };
    format!("{prefix}postern-{}-{}", place.tenant, cookie.as_str())
}

/// Why not all of a form was taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// Its files are too long together.
    TooLong,
    /// Others are sending files, or the same account is.
    Busy,
}

/// A form as it came: names and values, and files.
#[derive(Default)]
pub(crate) struct Fields {
    values: Vec<(String, String)>,
    pub(super) files: Vec<Upload>,
    /// It did not come whole: there are no files of it.
    pub(super) cut: Option<Cut>,
    /// Where it was taken in: free again when its files are stored.
    _seat: Option<Seat>,
}

impl Fields {
    pub(super) fn read(body: &[u8]) -> Self {
        let pairs = form_urlencoded::parse(body);
        let values = pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
        Self { values, ..Self::default() }
    }

    pub(super) fn of_parts(parts: Parts, cut: Option<Cut>, seat: Option<Seat>) -> Self {
        let files = if cut.is_none() { parts.files } else { Vec::new() };
        Self { values: parts.values, files, cut, _seat: seat }
    }

    /// The value of `name`, without blanks around it; empty when it did not come.
    pub(crate) fn value(&self, name: &str) -> &str {
        self.values.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.trim())
    }

    /// The value of `name` as it was typed: blanks are part of a password.
    pub(crate) fn exactly(&self, name: &str) -> Secret<String> {
        let value = self.values.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
        Secret::new(value.unwrap_or_default())
    }

    /// Every value of `name`.
    pub(crate) fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.values.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

impl Fields {
    /// All of it but the token, to be brought once more.
    pub(super) fn again(&self) -> impl Iterator<Item = (&str, &str)> {
        let all = self.values.iter().filter(|(name, _)| name != "csrf");
        all.map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl std::fmt::Debug for Fields {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Fields")
    }
}

/// Stands before every page: finds the practice, the language and the visitor, and takes a form only from a page of ours.
pub(crate) async fn guard(
    State((web, route)): State<(Web, &'static Route)>,
    path: RawPathParams,
    request: Request,
    next: Next,
) -> Response {
    let mut response = match enter(&web, route, &path, request, next).await {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    };
    response.extensions_mut().insert(Trace { route: route.path, caller: None });
    response
}

async fn enter(
    web: &Web,
    route: &'static Route,
    path: &RawPathParams,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let named = |wanted: &str| path.iter().find(|(name, _)| *name == wanted).map_or("", |(_, value)| value);
    let own = request.extensions().get::<OwnHost>().cloned();
    let Some(place) = Place::asked(web, named("tenant"), own.as_ref(), request.headers()).await? else {
        return Err(Problem::new(Kind::NotFound, "There is no such address."));
    };
    let (parts, body) = request.into_parts();
    let mut visit = visit(web, place, &parts)?;
    visit.recognise(web).await?;
    speak(&mut visit, parts.uri.query().unwrap_or_default());
    visit.acting_for = super::account::acting_for(web, &visit).await?;
    let session = visit.cookie(Cookie::Session);
    let known = visit.tie();
    let fresh = known.is_none();
    let tie = match known {
        Some(known) => known,
        None => random(web)?,
    };
    visit.csrf = csrf(&tie);
    if route.method != Method::Get {
        let from_here = from_here(&parts.headers);
        let fields = if route.takes == Takes::Files {
            let sender = visit.visitor.as_ref().filter(|_| from_here);
            let sender = sender.map(|visitor| (visitor.account, visit.csrf.as_str()));
            super::upload::with_files(web, &parts.headers, body, sender).await?
        } else {
            super::upload::plain(web, body).await?
        };
        // A form without a cookie is tied to nothing, so it comes from no page that we gave to this browser.
        if fresh || !from_here || !ours(&visit.csrf, fields.value("csrf")) {
            let message = named("message").parse().ok().map(MessageId);
            let came = Untied { fields: &fields, message, session: session.as_ref(), from_here };
            return unsent::untied(web, &visit, came).await;
        }
        visit.fields = Arc::new(fields);
        visit.again = again(route, &visit.place.base, parts.uri.path());
    }
    if matches!(route.access, Access::Patient) && visit.visitor.is_none() {
        if unsent::in_danger(&visit.fields) {
            return super::messages::help_unsent(&visit, false, visit.fields.value("text"));
        }
        return Ok(super::page::go(&visit, "/sign-in"));
    }
    let mut request = Request::from_parts(parts, axum::body::Body::empty());
    request.extensions_mut().insert(visit.clone());
    let chosen = language_in(request.uri().query().unwrap_or_default());
    let mut response = next.run(request).await;
    if response.status().is_client_error() && !response.headers().contains_key(header::CONTENT_SECURITY_POLICY) {
        response = super::astray::plain(&visit, response.status())?;
    }
    // What a shared cache may keep carries nobody's cookie.
    let shared =
        response.headers().get(header::CACHE_CONTROL).is_some_and(|kept| kept.as_bytes().starts_with(b"public"));
    if fresh && !shared {
        visit.give(&mut response, Cookie::Browser, tie.reveal());
    }
    if let Some(language) = chosen {
        visit.give(&mut response, Cookie::Language, language.as_str());
    }
    Ok(response)
}

fn visit(web: &Web, place: Place, parts: &axum::http::request::Parts) -> Result<Visit, Problem> {
    let secure = web.config().behind_tls;
    let peer = parts.extensions.get::<Peer>().map(|peer| peer.0);
    let text = |name: header::HeaderName| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let source = if secure { forwarded(&parts.headers).or(peer) } else { peer };
    Ok(Visit {
        place,
        texts: Texts::of(text(header::ACCEPT_LANGUAGE).and_then(preferred).unwrap_or(Language::En)),
        csrf: String::new(),
        visitor: None,
        acting_for: None,
        fields: Arc::default(),
        again: Again::Here,
        source: source.ok_or_else(|| Problem::unavailable("It is not known where this request comes from."))?,
        user_agent: text(header::USER_AGENT).unwrap_or_default().chars().take(256).collect(),
        secure,
        cookies: Arc::new(cookies(&parts.headers)),
    })
}

/// A request that went astray, as far as it can be known who asks: what failed may be the store.
pub(super) async fn visit_astray(web: &Web, place: Place, parts: &axum::http::request::Parts) -> Option<Visit> {
    let mut visit = visit(web, place, parts).ok()?;
    if let Err(problem) = visit.recognise(web).await {
        tracing::debug!(?problem, "it is not known who went astray");
    }
    speak(&mut visit, parts.uri.query().unwrap_or_default());
    visit.acting_for = super::account::acting_for(web, &visit).await.ok().flatten();
    visit.csrf = visit.tie().as_ref().map(csrf).unwrap_or_default();
    Some(visit)
}

/// Whom the proxy in front heard from. It writes that at the end of the last line of this header; what stands before anyone may have
/// written, in lines of their own too.
fn forwarded(headers: &HeaderMap) -> Option<IpAddr> {
    let line = headers.get_all("x-forwarded-for").into_iter().next_back()?;
    line.to_str().ok()?.rsplit(',').next()?.trim().parse().ok()
}

/// The language: the one just chosen, else the one chosen here before, else the patient's, else the browser's.
fn speak(visit: &mut Visit, query: &str) {
    let before = visit.cookie(Cookie::Language).and_then(|word| word.reveal().parse::<Language>().ok());
    let own = visit.visitor.as_ref().map(|visitor| visitor.language);
    if let Some(language) = language_in(query).or(before).or(own) {
        visit.texts = Texts::of(language);
    }
}

fn language_in(query: &str) -> Option<Language> {
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    pairs.find(|(name, _)| name == "lang").and_then(|(_, value)| value.parse().ok())
}

fn cookies(headers: &HeaderMap) -> Vec<(String, String)> {
    let all = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    all.flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn random(web: &Web) -> Result<Secret<String>, Problem> {
    let mut bytes = [0; 32];
    web.rng().fill(&mut bytes).map_err(|_| Problem::unavailable("There are no random numbers now."))?;
    Ok(Secret::new(Hex(&bytes).to_string()))
}

/// What a form must bring: only who knows the cookie, which no page can read, can make it.
pub(super) fn csrf(tie: &Secret<String>) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, tie.reveal().as_bytes());
    Hex(hmac::sign(&key, b"portal form 1").as_ref()).to_string()
}

pub(super) fn ours(wanted: &str, brought: &str) -> bool {
    constant_time::verify_slices_are_equal(wanted.as_bytes(), brought.as_bytes()).is_ok()
}

/// Whether the browser says that a form comes from a page of this very host. Every browser of these years says it in one of two headers.
fn from_here(headers: &HeaderMap) -> bool {
    let value = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let host = value("host").unwrap_or_default();
    let origin = value("origin").is_none_or(|origin| origin.split_once("://").is_some_and(|(_, from)| from == host));
    match value("sec-fetch-site") {
        Some(site) => site == "same-origin" && (origin || value("origin") == Some("null")),
        None => value("origin").is_some() && origin,
    }
}

/// A page that a form brought is at an address that often takes no GET. One that only asks for the next thing is brought again with what was
/// typed; of any other, the nearest page above it is shown.
fn again(route: &Route, base: &str, path: &str) -> Again {
    let asks_on = matches!(route.path, "/p/{tenant}/enrol" | "/p/{tenant}/enrol/birth");
    if asks_on {
        return Again::WithForm;
    }
    let is_page = |path: &str| super::PORTAL.iter().any(|page| page.method == Method::Get && page.path == path);
    // On a practice's own host the path has a prefix here that its pages do not show.
    let shown = path.find(route.path.split('/').nth(3).unwrap_or_default()).and_then(|at| path.get(at..));
    let (mut pattern, mut shown) = (route.path, shown.unwrap_or_default().trim_end_matches('/'));
    while !is_page(pattern) {
        let Some((above, _)) = pattern.rsplit_once('/') else { return Again::At(format!("{base}/")) };
        pattern = above;
        shown = shown.rsplit_once('/').map_or("", |(above, _)| above);
    }
    Again::At(format!("{base}/{shown}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn a_form_is_taken_only_from_a_page_of_the_same_host() {
        let host = ("host", "portal.example");
        let good = [
            headers(&[host, ("sec-fetch-site", "same-origin"), ("origin", "https://portal.example")]),
            headers(&[host, ("sec-fetch-site", "same-origin"), ("origin", "null")]),
            headers(&[host, ("origin", "https://portal.example")]),
        ];
        assert!(good.iter().all(from_here));
        let bad = [
            headers(&[host]),
            headers(&[host, ("origin", "null")]),
            headers(&[host, ("origin", "https://evil.example")]),
            headers(&[host, ("origin", "https://portal.example.evil.example")]),
            headers(&[host, ("sec-fetch-site", "cross-site"), ("origin", "https://portal.example")]),
            headers(&[host, ("sec-fetch-site", "same-site"), ("origin", "https://portal.example")]),
            headers(&[host, ("sec-fetch-site", "none")]),
            headers(&[host, ("sec-fetch-site", "same-origin"), ("origin", "https://evil.example")]),
        ];
        assert!(!bad.iter().any(from_here));
    }

    #[test]
    fn a_request_comes_from_where_the_proxy_in_front_says_last() {
        let mut headers = HeaderMap::new();
        assert_eq!(forwarded(&headers), None);
        for line in ["198.51.100.1", "198.51.100.2, 203.0.113.7"] {
            headers.append("x-forwarded-for", HeaderValue::from_static(line));
        }
        assert_eq!(forwarded(&headers), Some(IpAddr::from([203, 0, 113, 7])));
        headers.append("x-forwarded-for", HeaderValue::from_static("198.51.100.3, unknown"));
        assert_eq!(forwarded(&headers), None, "an earlier word is no word of the proxy's");
    }

    #[test]
    fn what_a_form_brings_is_tied_to_the_cookie_and_to_no_other() {
        let one = csrf(&Secret::new("a".into()));
        assert!(ours(&one, &csrf(&Secret::new("a".into()))));
        for bad in ["", "a", &csrf(&Secret::new("b".into())), &one.to_uppercase()] {
            assert!(!ours(&one, bad), "{bad}");
        }
    }

    #[test]
    fn a_page_that_a_form_brought_is_found_in_the_other_language_too() {
        let found = |id: &str, base: &str, path: &str| {
            again(super::super::PORTAL.iter().find(|route| route.id == id).unwrap(), base, path)
        };
        let at = |path: &str| Again::At(path.to_owned());
        assert_eq!(found("portalTakeInvitation", "/p/a", "/p/a/enrol"), Again::WithForm);
        assert_eq!(found("portalTakeMore", "/p/a", "/p/a/enrol/more"), at("/p/a/enrol"));
        assert_eq!(found("portalTakePassword", "", "/p/a/enrol/password"), at("/enrol/password"));
        assert_eq!(found("portalReply", "/p/a", "/p/a/messages/7/reply"), at("/p/a/messages/7"));
        assert_eq!(found("portalSignOut", "/p/a", "/p/a/sign-out"), at("/p/a/"));
    }

    #[test]
    fn a_language_is_chosen_from_those_there_are() {
        assert_eq!(language_in("a=b&lang=es"), Some(Language::Es));
        assert_eq!(language_in("lang=fr"), None);
        assert_eq!(language_in("lang=%3Cscript%3E"), None);
    }
}
