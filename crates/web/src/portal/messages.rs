//! Messages: the list, one with what was written to it, writing back. A text comes from the engine alone, which asks the gate whether it may
//! be read and writes down who read it.

use super::choices::named;
use super::files;
use super::find;
use super::form::{Form, Wrong};
use super::page::{Frame, Link, Notice, Piece, draw, draw_as, go, to_call};
use super::reasons::{self, Told};
use super::sign_in::{factor_again, settle, shown_again};
use super::unsent;
use super::visit::{Cookie, Visit};
use crate::problem::{Kind, Problem};
use crate::web::Web;
use askama::Template;
use axum::Extension;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use postern_base::{MessageId, Purpose};
use postern_engine::portal::{Attached, Listed, NotNow, Opener, Opening, PointChoice, Replied, Written};
use uuid::Uuid;

/// How many messages a page lists.
const LISTED: u32 = 20;
/// The longest answer, in characters; the engine takes a little more.
const LONGEST: i64 = 4000;

#[derive(Template)]
#[template(path = "portal/messages.html")]
struct MessagesPage<'a> {
    frame: Frame<'a>,
    messages: Vec<Row>,
    older: Option<MessageId>,
    /// What was looked for, and what came of it.
    asked: Asked,
    finding: Option<String>,
    kinds: Vec<Pick>,
    times: Vec<Pick>,
}

/// What was looked for, as it was typed.
#[derive(Default)]
pub(super) struct Asked {
    pub(super) word: String,
    pub(super) purpose: String,
    pub(super) within: String,
}

/// One of several to pick from.
pub(super) struct Pick {
    pub(super) value: String,
    pub(super) label: String,
    pub(super) chosen: bool,
}

struct Row {
    id: MessageId,
    purpose: String,
    subject: Option<String>,
    /// The language of the title.
    language: &'static str,
    when: String,
    new: bool,
}

#[derive(Template)]
#[template(path = "portal/message.html")]
struct MessagePage<'a> {
    frame: Frame<'a>,
    from: String,
    message: Shown,
    replies: Vec<Reply>,
    why: Vec<Told>,
    openings: Vec<String>,
    errors: Vec<Wrong>,
    /// How long and how much one may write.
    limits: Vec<String>,
    draft: String,
    file_hint: String,
    /// The draft was written before, and waited to be sent.
    waited: bool,
    sent: bool,
}

impl MessagePage<'_> {
    fn wrong(&self, field: &str) -> Option<&str> {
        self.errors.iter().find(|error| error.field == field).map(|error| error.sentence.as_str())
    }

    fn is_wrong(&self, field: &str) -> bool {
        self.wrong(field).is_some()
    }
}

struct Shown {
    id: MessageId,
    subject: Option<String>,
    /// The language of both: a screen reader reads it in its own voice (WCAG 2.1, 3.1.2).
    language: &'static str,
    body: Vec<Piece>,
    when: String,
    files: Vec<files::Shown>,
}

struct Reply {
    body: String,
    when: String,
    files: Vec<files::Shown>,
}

#[derive(Template)]
#[template(path = "portal/safety.html")]
struct SafetyPage<'a> {
    frame: Frame<'a>,
    /// What was written was not taken.
    unsent: bool,
    /// What was written, where it was not taken.
    words: String,
    /// Somebody is told that there is something to look at. Where neither is so, somebody only opened the address.
    marked: bool,
}

/// `GET /messages`. The link of a notice that one came by is followed first.
pub(super) async fn list(
    State(web): State<Web>,
    Extension(visit): Extension<Visit>,
    query: axum::extract::RawQuery,
) -> Result<Response, Problem> {
    let visitor = visit.signed_in()?;
    if let Some(token) = visit.cookie(Cookie::After) {
        // One that is another's, or was used, leads nowhere, and says so of neither.
        let mut response = match web.engine().follow_link(visitor, token.reveal()).await {
            Ok(message) => go(&visit, &format!("/messages/{message}")),
            Err(_) => go(&visit, "/messages"),
        };
        visit.give(&mut response, Cookie::After, "");
        return Ok(response);
    }
    let query = query.0.unwrap_or_default();
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    let before = pairs.find(|(name, _)| name == "before").and_then(|(_, id)| id.parse::<Uuid>().ok()).map(MessageId);
    let (listed, older) = web.engine().portal_messages(visitor, before, LISTED).await?;
    draw_list(&visit, listed, older, (Asked::default(), None))
}

/// The list, whole or as it was looked for.
pub(super) fn draw_list(
    visit: &Visit,
    listed: Vec<Listed>,
    older: Option<MessageId>,
    (asked, finding): (Asked, Option<String>),
) -> Result<Response, Problem> {
    let messages = listed.into_iter().map(|one| Row {
        id: one.message,
        purpose: match one.purpose {
            Some(purpose) => visit.texts.say(&format!("purpose-{purpose}")),
            None => visit.texts.say("message"),
        },
        subject: one.subject.map(postern_base::Phi::into_inner),
        language: one.language.as_str(),
        when: visit.time(one.at),
        new: one.read_at.is_none(),
    });
    let kinds = Purpose::ALL.iter().filter(|purpose| **purpose != Purpose::OneTimeCode).map(|purpose| Pick {
        value: purpose.to_string(),
        label: visit.texts.say(&format!("purpose-{purpose}")),
        chosen: asked.purpose == purpose.as_str(),
    });
    let frame = Frame::new(visit, visit.texts.say("messages")).part("messages");
    draw(&MessagesPage {
        frame,
        messages: messages.collect(),
        older,
        kinds: kinds.collect(),
        times: find::times(visit, &asked.within),
        asked,
        finding,
    })
}

/// `GET /messages/{id}`.
pub(super) async fn open(
    State(web): State<Web>,
    Extension(visit): Extension<Visit>,
    Path((_, id)): Path<(String, Uuid)>,
) -> Result<Response, Problem> {
    show(&web, &visit, MessageId(id), (Vec::new(), "", false)).await
}

/// A message, opened; what is wrong with an answer, its words so far, and whether one was just sent.
async fn show(
    web: &Web,
    visit: &Visit,
    id: MessageId,
    (errors, draft, sent): (Vec<Wrong>, &str, bool),
) -> Result<Response, Problem> {
    let visitor = visit.signed_in()?;
    let opened = match web.engine().open_portal_message(visitor, id).await {
        Ok(opened) => opened,
        Err(NotNow::SignInAnew | NotNow::SignInStronger) if sent => return received(visit, id),
        Err(NotNow::SignInAnew | NotNow::SignInStronger) if !errors.is_empty() => {
            return unsent::again(web, visit, id, (StatusCode::UNPROCESSABLE_ENTITY, errors, draft));
        }
        Err(why) => return not_now(visit, id, why),
    };
    let read = async {
        let thread = web.engine().portal_thread(visitor, id).await?;
        let why = web.engine().why(visitor, id).await?;
        Ok::<_, NotNow>((thread, why, web.engine().opened_by(visitor, id).await?))
    };
    let (thread, why, openings) = match read.await {
        Ok(all) => all,
        Err(why) => return not_now(visit, id, why),
    };
    let waiting = web.engine().words_to(visitor, id).filter(|_| draft.is_empty() && !sent);
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    // The heading is what kind of message it is, and the title less: neither says what stands in it.
    let heading = visit.texts.say(&format!("purpose-{}", opened.purpose));
    let frame = Frame::new(visit, heading).part("messages").with_errors(!errors.is_empty());
    let page = MessagePage {
        frame,
        from: visit.texts.with("messages-from", "practice", visit.place.name.clone()),
        message: Shown {
            id,
            subject: opened.subject.map(postern_base::Phi::into_inner),
            language: thread.message.language.as_str(),
            body: to_call(opened.body.reveal(), visit.place.callback.as_deref()),
            when: visit.time(opened.at),
            files: thread.files.into_iter().map(|file| files::shown(visit, file)).collect(),
        },
        replies: thread.replies.into_iter().map(|one| reply(visit, one)).collect(),
        why: reasons::told(visit, &why),
        openings: openings.iter().map(|one| opening(visit, one)).collect(),
        errors,
        file_hint: files::hint(visit),
        limits: limits(web, visit),
        waited: waiting.is_some(),
        draft: waiting.map_or_else(|| draft.to_owned(), postern_base::Phi::into_inner),
        sent,
    };
    draw_as(status, &page)
}

/// WCAG 2.1, 2.2.1: how much time there is to write is said where one writes; and how much may be written.
pub(super) fn limits(web: &Web, visit: &Visit) -> Vec<String> {
    let most = visit.texts.with("message-reply-most", "count", LONGEST);
    vec![visit.texts.with("message-reply-time", "minutes", unsent::minutes(web)), most]
}

/// What was written to a message that is not shown without another sign-in is there all the same.
fn received(visit: &Visit, id: MessageId) -> Result<Response, Problem> {
    let notice = Notice {
        paragraphs: vec![visit.texts.say("message-reply-sent-text")],
        go_on: Some(Link::new("/messages", visit.texts.say("nav-messages"))),
        links: vec![Link::new(format!("/messages/{id}"), visit.texts.say("message-confirm-go"))],
        ..Notice::default()
    };
    notice.draw(StatusCode::OK, Frame::new(visit, visit.texts.say("message-reply-sent")).part("messages"))
}

fn reply(visit: &Visit, written: Written) -> Reply {
    let files = written.attachments.into_iter().map(|file| files::shown(visit, file)).collect();
    Reply { when: visit.time(written.at), body: written.text.into_inner(), files }
}

/// Who opened it and when, as a line.
fn opening(visit: &Visit, opening: &Opening) -> String {
    let key = match &opening.who {
        Opener::You => "message-who-you",
        Opener::Account => "message-who-account",
        Opener::Staff(_) => "message-who-staff",
        Opener::Program(_) | Opener::System => "message-who-system",
    };
    let line = visit.texts.with(key, "when", visit.time(opening.at));
    match because(&opening.why) {
        Some(why) => format!("{line}: {}", visit.texts.say(why)),
        None => line,
    }
}

/// Why it was opened, by the code of its entry.
fn because(code: &str) -> Option<&'static str> {
    Some(match code {
        "read_by_patient" | "read_by_proxy" => "message-who-to-read",
        "downloaded_by_patient" | "downloaded_by_proxy" => "message-who-to-keep",
        "attachment_read_by_patient" | "attachment_read_by_proxy" => "message-who-for-file",
        "content_read" | "file_read" => "message-who-what-was-sent",
        _ => return None,
    })
}

/// Files by their names, a line for each.
fn named_files(visit: &Visit, files: Vec<Attached>) -> String {
    let shown = files.into_iter().map(|file| files::shown(visit, file));
    shown.map(|file| format!("[{}, {}]\n", file.name, file.about)).collect()
}

/// `GET /messages/{id}/download`: one message and what was written to it as a text file, to keep or to hand on.
pub(super) async fn download(
    State(web): State<Web>,
    Extension(visit): Extension<Visit>,
    Path((_, id)): Path<(String, Uuid)>,
) -> Result<Response, Problem> {
    let (visitor, id) = (visit.signed_in()?, MessageId(id));
    let read = async {
        let opened = web.engine().open_portal_message(visitor, id).await?;
        Ok::<_, NotNow>((opened, web.engine().portal_thread(visitor, id).await?))
    };
    let (opened, thread) = match read.await {
        Ok(read) => read,
        Err(why) => return not_now(&visit, id, why),
    };
    let head = [
        visit.texts.with("messages-from", "practice", visit.place.name.clone()),
        visit.texts.say(&format!("purpose-{}", opened.purpose)),
        visit.time(opened.at),
    ];
    let subject = opened.subject.map_or_else(String::new, |subject| format!("\n{}\n", subject.reveal()));
    let files = named_files(&visit, thread.files);
    let mut text = format!("{}\n{subject}\n{}\n{files}", head.join("\n"), opened.body.reveal());
    for one in thread.replies {
        let files = named_files(&visit, one.attachments);
        let head = format!("{}, {}", visit.texts.say("messages-you-wrote"), visit.time(one.at));
        text.push_str(&format!("\n---\n{head}\n\n{}\n{files}", one.text.reveal()));
    }
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
        // The name lies in the folder of downloads: it tells nothing.
        (header::CONTENT_DISPOSITION, "attachment; filename=\"message.txt\""),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    Ok((headers, text).into_response())
}

/// Why it is not shown, as a page; who must show more of themselves is asked for it.
pub(super) fn not_now(visit: &Visit, id: MessageId, why: NotNow) -> Result<Response, Problem> {
    let against = match why {
        NotNow::NotFound => return Err(Problem::not_found()),
        NotNow::Unavailable => return Err(Problem::unavailable("The store does not answer now.")),
        NotNow::SignInStronger | NotNow::SignInAnew => {
            return Ok(go(visit, &format!("/messages/{id}/confirm")));
        }
        NotNow::Closed(against) => against,
    };
    let mut paragraphs = vec![visit.texts.say("message-held")];
    if !against.is_empty() {
        paragraphs.push(visit.texts.say("message-held-because"));
        paragraphs.extend(reasons::because(visit, &against));
    }
    let links = vec![Link::new("/messages", visit.texts.say("back"))];
    let notice = Notice { paragraphs, links, ..Notice::default() };
    notice.draw(StatusCode::OK, Frame::new(visit, visit.texts.say("message")).part("messages"))
}

/// `POST /messages/{id}/reply`.
pub(super) async fn answer(
    State(web): State<Web>,
    Extension(visit): Extension<Visit>,
    Path((_, id)): Path<(String, Uuid)>,
) -> Result<Response, Problem> {
    let (id, text) = (MessageId(id), visit.fields.value("text"));
    let said = |sentence: String| vec![Wrong::of("text", sentence)];
    let of_file = |sentence: String| vec![Wrong::of("file", sentence)];
    // What did not come whole has no files: words that say danger or stop are taken all the same.
    if let Some(cut) = visit.fields.cut.filter(|_| !is_heard_anyway(text)) {
        return show(&web, &visit, id, (of_file(files::cut(&visit, cut)), text, false)).await;
    }
    let nothing = || said(visit.texts.say("message-reply-empty"));
    let too_long = || said(visit.texts.with("message-reply-long", "count", LONGEST));
    match web.engine().reply(visit.signed_in()?, id, text, &visit.fields.files).await {
        // RULES CHT-01: who is in danger hears at once where there is help.
        Ok(Replied::Danger) => Ok(go(&visit, "/help")),
        Ok(Replied::DangerNotTaken) => help_unsent(&visit, true, text),
        Ok(Replied::TooMany) => {
            let wait = said(visit.texts.say("message-reply-wait"));
            show(&web, &visit, id, (wait, text, false)).await
        }
        Ok(Replied::NotThisFile(why)) => {
            show(&web, &visit, id, (of_file(files::refused(&visit, why)), text, false)).await
        }
        Ok(Replied::Empty) => show(&web, &visit, id, (nothing(), "", false)).await,
        Ok(Replied::TooLong) => show(&web, &visit, id, (too_long(), text, false)).await,
        Ok(Replied::Taken) => Ok(go(&visit, &format!("/messages/{id}/sent"))),
        Ok(Replied::Stopped) => Ok(go(&visit, &format!("/messages/{id}/stopped"))),
        // Two factors are asked for: the words wait meanwhile.
        Err(NotNow::SignInStronger) if web.engine().keep_words(visit.signed_in()?, id, text) => {
            not_now(&visit, id, NotNow::SignInStronger)
        }
        Err(why) => unsent::refused(&web, &visit, id, (why, text)),
    }
}

/// Danger (RULES CHT-01), or a stop.
fn is_heard_anyway(text: &str) -> bool {
    postern_engine::portal::speaks_of_danger(text) || postern_gate::revocation::read(text).stops()
}

/// `GET /help`: a page with an address of its own, so that it can be read in the other language. The address says nothing of why.
pub(super) async fn help(State(web): State<Web>, Extension(visit): Extension<Visit>) -> Result<Response, Problem> {
    let marked = web.engine().spoke_of_danger(visit.signed_in()?).await?;
    draw(&SafetyPage {
        frame: Frame::new(&visit, visit.texts.say("safety")).part("messages"),
        unsent: false,
        words: String::new(),
        marked,
    })
}

/// The same where what was written could not be taken, at the address where it was written: it is said, so that nobody waits.
pub(super) fn help_unsent(visit: &Visit, marked: bool, words: &str) -> Result<Response, Problem> {
    let frame = Frame::new(visit, visit.texts.say("safety"));
    draw(&SafetyPage { frame, unsent: true, words: words.to_owned(), marked })
}

/// `GET /messages/{id}/sent`.
pub(super) async fn sent(
    State(web): State<Web>,
    Extension(visit): Extension<Visit>,
    Path((_, id)): Path<(String, Uuid)>,
) -> Result<Response, Problem> {
    show(&web, &visit, MessageId(id), (Vec::new(), "", true)).await
}

/// `GET /messages/{id}/stopped`: what was written said stop, and it stops.
pub(super) async fn stopped(
    State(web): State<Web>,
    Extension(visit): Extension<Visit>,
    Path((_, id)): Path<(String, Uuid)>,
) -> Result<Response, Problem> {
    let (texts, visitor) = (visit.texts, visit.signed_in()?);
    let mut paragraphs = vec![texts.say("stopped-text")];
    if !visitor.is_proxy() {
        let choices = web.engine().choices(visitor).await?;
        paragraphs.extend(choices.points.iter().map(|point| still_comes(&visit, point)));
    }
    paragraphs.push(texts.say("choices-always"));
    let notice = Notice {
        paragraphs,
        go_on: Some(Link::new("/choices", texts.say("stopped-choices"))),
        links: vec![Link::new(format!("/messages/{id}"), texts.say("back"))],
        ..Notice::default()
    };
    notice.draw(StatusCode::OK, Frame::new(&visit, texts.say("stopped")).part("messages"))
}

/// What may still come to a number or address, in a sentence.
fn still_comes(visit: &Visit, point: &PointChoice) -> String {
    let at = named(visit, point);
    let kinds = point.wanted.iter().filter(|_| !point.stopped && !point.unclear);
    let kinds: Vec<String> = kinds.map(|kind| visit.texts.say(&format!("purpose-{kind}"))).collect();
    match kinds.as_slice() {
        [] => visit.texts.with("stopped-nothing", "point", at),
        kinds => format!("{} {}", visit.texts.with("stopped-still", "point", at), kinds.join(", ")),
    }
}

/// `GET /messages/{id}/confirm`: a factor is shown once more.
pub(super) async fn confirm(
    State(web): State<Web>,
    Extension(visit): Extension<Visit>,
    Path((_, id)): Path<(String, Uuid)>,
    query: axum::extract::RawQuery,
) -> Result<Response, Problem> {
    let with = super::security::parameter(query.0.as_deref(), "with");
    ask_again(&web, &visit, (id, &with), Vec::new()).await
}

async fn ask_again(
    web: &Web,
    visit: &Visit,
    (id, with): (Uuid, &str),
    errors: Vec<Wrong>,
) -> Result<Response, Problem> {
    let (texts, here) = (visit.texts, format!("/messages/{id}/confirm"));
    let mut form = factor_again(web, visit, (&here, with), errors).await?;
    (form.lead, form.button) = (vec![texts.say("message-confirm-text")], texts.say("message-confirm-go"));
    (form.back, form.action) = (Some("/messages"), Some(here));
    form.draw_in(Frame::new(visit, texts.say("message-confirm")).part("messages"))
}

/// `POST /messages/{id}/confirm`.
pub(super) async fn check_confirm(
    State(web): State<Web>,
    Extension(visit): Extension<Visit>,
    Path((_, id)): Path<(String, Uuid)>,
) -> Result<Response, Problem> {
    match shown_again(&web, &visit).await? {
        Ok(signed_in) => {
            let mut response = go(&visit, &format!("/messages/{id}"));
            settle(&visit, &mut response, &signed_in);
            Ok(response)
        }
        Err(wrong) => ask_again(&web, &visit, (id, visit.fields.value("with")), vec![wrong]).await,
    }
}

/// `GET /m/{token}`: where the link of a notice leads. It says nothing of whom it was for, and changes nothing.
pub(super) async fn landing(
    State(web): State<Web>,
    Extension(visit): Extension<Visit>,
    Path((_, token)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let target = web.engine().resolve_link(&token).await?;
    let target = target.filter(|target| target.tenant == visit.place.tenant).ok_or_else(Problem::not_found)?;
    let texts = visit.texts;
    let lead = match target.message {
        Some(_) => vec![texts.say("landing-text"), texts.say("landing-safe")],
        None => vec![texts.say("landing-over")],
    };
    let stop = web.engine().stop_offer(&token).await?;
    let links = stop.map(|_| Link::new(format!("/stop/{token}"), texts.say("landing-stop")));
    let form = Form { lead, button: texts.say("landing-go"), links: links.into_iter().collect(), ..Form::default() };
    form.draw(&visit, texts.say("landing"))
}

/// `POST /m/{token}`: goes to the sign-in, and remembers in this browser what to show after it.
pub(super) async fn take_link(
    Extension(visit): Extension<Visit>,
    Path((_, token)): Path<(String, String)>,
) -> Result<Response, Problem> {
    // What a token may look like; anything else is no cookie.
    if token.len() > 128 || !token.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(Problem::new(Kind::NotFound, "There is no such link."));
    }
    let mut response = go(&visit, if visit.visitor.is_some() { "/messages" } else { "/sign-in" });
    visit.give(&mut response, Cookie::After, &token);
    Ok(response)
}

/// `GET /m/{token}` where no practice is named: goes to the practice whose link it is. On a practice's own host nobody comes here.
pub(super) async fn find_practice(State(web): State<Web>, Path(token): Path<String>) -> Result<Response, Problem> {
    let target = web.engine().resolve_link(&token).await?.ok_or_else(Problem::not_found)?;
    let to = format!("{}{}/m/{token}", super::place::PREFIX, target.tenant);
    let location = axum::http::HeaderValue::from_str(&to).map_err(|_| Problem::not_found())?;
    let mut response = Response::new(axum::body::Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    response.headers_mut().insert(axum::http::header::LOCATION, location);
    Ok(response)
}
