//! The account: whose messages, where it is signed in, signing out, and everything to take home.

use super::choices::shown;
use super::page::{Frame, Link, Notice, draw, go};
use super::persons;
use super::security::two_first;
use super::sign_in::settle;
use super::visit::{Cookie, Visit};
use crate::problem::Problem;
use crate::web::Web;
use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use postern_base::{Hex, Phi, Secret, SessionId};
use postern_engine::portal::{Attached, Browser, Device, Person, Proven, ProvenWords, ProxyEnd, Standing};
use serde_json::{Value, json};
use uuid::Uuid;

/// The most messages that one download holds.
const TAKEN: usize = 500;

#[derive(Template)]
#[template(path = "portal/account.html")]
struct AccountPage<'a> {
    frame: Frame<'a>,
    people: Vec<Whose>,
    devices: Vec<Row>,
    proxies: Vec<Proxy>,
    proxies_text: String,
}

/// What is said of who may see one's messages: of age one ends it, a minor asks.
const fn proxies_text(asks: bool) -> &'static str {
    if asks { "account-proxies-minor" } else { "account-proxies-text" }
}

struct Proxy {
    reference: String,
    name: String,
    until: String,
    /// The patient asks the practice to end it.
    asks: bool,
    /// When they did.
    asked: Option<String>,
}

struct Whose {
    id: Uuid,
    name: String,
    now: bool,
    /// How long one may act for them; empty of oneself.
    until: Option<String>,
}

struct Row {
    id: SessionId,
    name: String,
    this: bool,
    since: String,
    seen: String,
}

/// `GET /account`.
pub(super) async fn page(State(web): State<Web>, Extension(visit): Extension<Visit>) -> Result<Response, Problem> {
    let visitor = visit.signed_in()?;
    let standings = web.engine().persons(visitor).await?;
    let people = standings.iter().map(|one| Whose {
        id: one.id,
        name: name(&visit, one),
        now: one.this,
        until: one.grant.as_ref().map(|grant| persons::until(&visit, grant)),
    });
    let people = people.collect();
    let devices = web.engine().sessions(visitor).await?.iter().map(|device| row(&visit, device)).collect();
    let proxies = web.engine().proxies(visitor).await?.into_iter().map(|one| Proxy {
        until: persons::until(&visit, &one.grant),
        asks: one.ends == ProxyEnd::Asked,
        asked: one.asked_at.map(|at| visit.texts.with("account-proxy-asked", "when", visit.time(at))),
        name: one.name.map_or_else(|| visit.texts.say("account-proxy"), Phi::into_inner),
        reference: one.reference,
    });
    let proxies: Vec<Proxy> = proxies.collect();
    let proxies_text = visit.texts.say(proxies_text(proxies.iter().any(|proxy| proxy.asks)));
    draw(&AccountPage {
        frame: Frame::new(&visit, visit.texts.say("account")).part("account"),
        proxies_text,
        people,
        devices,
        proxies,
    })
}

/// Whose messages, by first name; one's own are called so.
fn name(visit: &Visit, standing: &Standing) -> String {
    match (&standing.person, &standing.first_name) {
        (Person::Patient, _) => visit.texts.say("account-self"),
        (Person::Proxy(_), Some(name)) => name.reveal().clone(),
        (Person::Proxy(_), None) => visit.texts.say("account-somebody"),
    }
}

/// Whom a visitor acts for; `None` = for themselves.
pub(super) async fn acting_for(web: &Web, visit: &Visit) -> Result<Option<String>, Problem> {
    let Some(visitor) = visit.visitor.as_ref().filter(|visitor| visitor.is_proxy()) else { return Ok(None) };
    let persons = web.engine().persons(visitor).await?;
    Ok(persons.iter().find(|one| one.this).map(|one| name(visit, one)))
}

fn row(visit: &Visit, device: &Device) -> Row {
    let key = match device.browser {
        Browser::Phone => "device-phone",
        Browser::Tablet => "device-tablet",
        Browser::Computer => "device-computer",
        Browser::Unsaid => "device-other",
    };
    Row {
        id: device.session,
        name: visit.texts.say(key),
        this: device.this,
        since: visit.texts.with("account-since", "when", visit.time(device.made_at)),
        seen: visit.texts.with("account-seen", "when", visit.time(device.seen_at)),
    }
}

/// `POST /sign-out`.
pub(super) async fn sign_out(State(web): State<Web>, Extension(visit): Extension<Visit>) -> Result<Response, Problem> {
    web.engine().sign_out(visit.signed_in()?).await?;
    Ok(gone(&visit))
}

/// `POST /account/everywhere`.
pub(super) async fn everywhere(
    State(web): State<Web>,
    Extension(visit): Extension<Visit>,
) -> Result<Response, Problem> {
    web.engine().sign_out_everywhere(visit.signed_in()?).await?;
    Ok(gone(&visit))
}

/// Signed out: the browser forgets the session and whatever it kept of the pages.
fn gone(visit: &Visit) -> Response {
    let mut response = go(visit, "/signed-out");
    for cookie in [Cookie::Session, Cookie::Step, Cookie::After] {
        visit.give(&mut response, cookie, "");
    }
    response.headers_mut().insert(HeaderName::from_static("clear-site-data"), HeaderValue::from_static("\"cache\""));
    response
}

/// `GET /signed-out`.
pub(super) async fn signed_out(Extension(visit): Extension<Visit>) -> Result<Response, Problem> {
    let texts = visit.texts;
    let notice = Notice {
        paragraphs: vec![texts.say("signed-out-text")],
        go_on: Some(Link::new("/sign-in", texts.say("sign-in"))),
        ..Notice::default()
    };
    notice.draw(StatusCode::OK, Frame::new(&visit, texts.say("signed-out")))
}

/// `POST /account/end`: one other session, such as that of a telephone that was lost.
pub(super) async fn end(State(web): State<Web>, Extension(visit): Extension<Visit>) -> Result<Response, Problem> {
    let session = visit.fields.value("session").parse::<Uuid>().map_err(|_| Problem::not_found())?;
    web.engine().end_session(visit.signed_in()?, SessionId(session)).await?;
    Ok(go(&visit, "/account"))
}

/// `POST /account/person`: turns to another record.
pub(super) async fn turn(State(web): State<Web>, Extension(visit): Extension<Visit>) -> Result<Response, Problem> {
    // What a code alone opens is one's own.
    if let Some(elsewhere) = two_first(&web, &visit, "account")? {
        return Ok(elsewhere);
    }
    let person = visit.fields.value("person").parse::<Uuid>().map_err(|_| Problem::not_found())?;
    let turned = web.engine().turn_to(visit.signed_in()?, person).await.map_err(|_| Problem::not_found())?;
    let mut response = go(&visit, "/messages");
    settle(&visit, &mut response, &turned);
    Ok(response)
}

/// `POST /account/proxy`: ends that somebody acts for the patient, or, of a minor, asks the practice for it.
pub(super) async fn end_proxy(State(web): State<Web>, Extension(visit): Extension<Visit>) -> Result<Response, Problem> {
    if let Some(elsewhere) = two_first(&web, &visit, "account")? {
        return Ok(elsewhere);
    }
    let words = shown(&visit, &[visit.texts.say(proxies_text(true)), visit.texts.say("account-proxy-ask")]);
    match web.engine().end_proxy(visit.signed_in()?, visit.fields.value("proxy"), &words).await? {
        ProxyEnd::Ended => Ok(go(&visit, "/account")),
        ProxyEnd::Asked => {
            let texts = visit.texts;
            let notice = Notice {
                paragraphs: vec![texts.say("account-proxy-asked-text"), texts.say("account-proxy-asked-hidden")],
                go_on: Some(Link::new("/account", texts.say("back-to-account"))),
                ..Notice::default()
            };
            notice.draw(StatusCode::OK, Frame::new(&visit, texts.say("account-proxy-asked-head")).part("account"))
        }
    }
}

/// `GET /account/messages.json`: every message that may be read now and what the visitor wrote to it here, with a proof of each.
pub(super) async fn download(State(web): State<Web>, Extension(visit): Extension<Visit>) -> Result<Response, Problem> {
    // What asks for a fresh factor would be left out: it is asked for first, so that all is all.
    if let Some(elsewhere) = super::security::first(&web, &visit, "account")? {
        return Ok(elsewhere);
    }
    let visitor = visit.signed_in()?;
    let (mut all, mut before, mut left_out, mut all_written) = (Vec::new(), None, 0, true);
    loop {
        let part = web.engine().history_with_proofs(visitor, before, 100).await?;
        left_out += part.left_out;
        all_written &= part.all_written;
        all.extend(part.proven.iter().map(proven));
        before = part.next;
        if before.is_none() || all.len() >= TAKEN {
            break;
        }
    }
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"messages.json\""),
    ];
    // Who stands for somebody is not told whether anything is missing: that would be the news.
    let own = !visitor.is_proxy();
    let complete = own.then_some(before.is_none() && left_out == 0 && all_written);
    let file = json!({
        "about": visit.texts.say("account-download-text"), "check": visit.texts.say("account-download-check"), "messages": all, "ledger_key": web.engine().proofs_key()?, "complete": complete, "left_out": own.then_some(left_out),
    });
    Ok((headers, file.to_string()).into_response())
}

/// A message of the download.
fn proven(one: &Proven) -> Value {
    let written: Vec<Value> = one.written.iter().map(wrote).collect();
    json!({
        "message": one.message, "at": one.at, "purpose": one.purpose,
        "subject": one.subject.as_ref().map(Phi::reveal), "body": one.body.reveal(),
        "leaf": one.leaf, "proof": one.proof, "opening": one.opening.as_ref().map(Secret::reveal),
        "files": one.files.iter().map(file).collect::<Vec<_>>(), "you_wrote": written,
    })
}

fn wrote(words: &ProvenWords) -> Value {
    let files: Vec<Value> = words.files.iter().map(file).collect();
    json!({ "at": words.at, "text": words.text.reveal(), "files": files, "leaf": words.leaf, "proof": words.proof })
}

/// A file, without what is in it: that is saved from the page of its message.
fn file(file: &Attached) -> Value {
    json!({
        "file": file.id, "kind": file.kind.as_str(), "name": file.name.reveal(), "bytes": file.bytes,
        "sha256": file.digest.map(|digest| Hex(&digest).to_string()),
    })
}
