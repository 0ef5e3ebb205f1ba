//! Words that were written and not taken: nobody loses a letter because it took long to write. They are given back on a page, and wait for
//! whoever wrote them where it is known who that was. No page of this kind opens a message: what is shown came with the request.

use super::files;
use super::form::Wrong;
use super::messages;
use super::page::{Frame, Link, Notice, draw_as};
use super::reasons;
use super::visit::{Fields, Visit, csrf, ours};
use crate::problem::Problem;
use crate::web::Web;
use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use postern_base::{MessageId, Secret};
use postern_engine::portal::NotNow;

#[derive(Template)]
#[template(path = "portal/unsent.html")]
struct UnsentPage<'a> {
    frame: Frame<'a>,
    paragraphs: Vec<String>,
    errors: Vec<Wrong>,
    words: &'a str,
    /// What files may be sent with them.
    file_hint: String,
    /// What they are an answer to, where they can be sent from here.
    to: Option<MessageId>,
    /// Whoever wrote them has to sign in first.
    sign_in: bool,
}

/// A form that is not tied to this browser's session.
#[derive(Debug)]
pub(super) struct Untied<'a> {
    pub(super) fields: &'a Fields,
    /// What it answers.
    pub(super) message: Option<MessageId>,
    /// The browser's session, which may have ended.
    pub(super) session: Option<&'a Secret<String>>,
    /// The browser says that it comes from a page of ours. Nobody else's page is given anything back.
    pub(super) from_here: bool,
}

/// The answer to a form that is of a page that was left open too long, or of no page of ours.
pub(super) async fn untied(web: &Web, visit: &Visit, came: Untied<'_>) -> Result<Response, Problem> {
    let words = if came.from_here { came.fields.value("text") } else { "" };
    if in_danger(came.fields) {
        return messages::help_unsent(visit, false, words);
    }
    let Some(message) = came.message.filter(|_| !words.is_empty()) else { return stale(visit) };
    if visit.visitor.is_some() {
        let errors = vec![Wrong::of("text", visit.texts.say("unsent-again"))];
        return again(web, visit, message, (StatusCode::FORBIDDEN, errors, words));
    }
    // The page was given to that very session, so its words are of whoever held it.
    let session = came.session.filter(|token| ours(&csrf(token), came.fields.value("csrf")));
    let kept = match session {
        Some(token) => web.engine().keep_words_of_session(&visit.place.tenant, token, (message, words)).await?,
        None => false,
    };
    let texts = visit.texts;
    let next = if kept { "unsent-kept" } else { "unsent-copy" };
    let mut paragraphs = vec![texts.with("unsent-out-text", "minutes", minutes(web)), texts.say(next)];
    if !came.fields.files.is_empty() || came.fields.cut.is_some() {
        paragraphs.push(texts.say("unsent-files"));
    }
    let page = UnsentPage {
        frame: Frame::new(visit, texts.say("unsent-out")).at_no_address(),
        paragraphs,
        errors: Vec::new(),
        words,
        file_hint: String::new(),
        to: None,
        sign_in: true,
    };
    draw_as(StatusCode::FORBIDDEN, &page)
}

/// The words in a box of their own, to be sent once more; what is wrong with them, and how the answer is marked.
pub(super) fn again(
    web: &Web,
    visit: &Visit,
    message: MessageId,
    (status, errors, words): (StatusCode, Vec<Wrong>, &str),
) -> Result<Response, Problem> {
    let page = UnsentPage {
        frame: Frame::new(visit, visit.texts.say("unsent")).part("messages").with_errors(true).at_no_address(),
        paragraphs: messages::limits(web, visit),
        errors,
        words,
        file_hint: files::hint(visit),
        to: Some(message),
        sign_in: false,
    };
    draw_as(status, &page)
}

/// Why they were not taken, with the words.
pub(super) fn refused(
    web: &Web,
    visit: &Visit,
    message: MessageId,
    (why, words): (NotNow, &str),
) -> Result<Response, Problem> {
    let say = |key: &str| visit.texts.say(key);
    let (status, mut paragraphs) = match why {
        NotNow::Unavailable | NotNow::SignInAnew | NotNow::SignInStronger => {
            let errors = vec![Wrong::of("text", say("unsent-later"))];
            return again(web, visit, message, (StatusCode::SERVICE_UNAVAILABLE, errors, words));
        }
        NotNow::NotFound => (StatusCode::NOT_FOUND, vec![say("not-found-text")]),
        NotNow::Closed(against) => {
            let mut because = vec![say("message-held")];
            because.extend(reasons::because(visit, &against));
            (StatusCode::CONFLICT, because)
        }
    };
    paragraphs.push(say("unsent-copy-only"));
    let page = UnsentPage {
        frame: Frame::new(visit, say("unsent")).part("messages").at_no_address(),
        paragraphs,
        errors: Vec::new(),
        words,
        file_hint: String::new(),
        to: None,
        sign_in: false,
    };
    draw_as(status, &page)
}

/// How long a session may stand still, in minutes.
pub(super) fn minutes(web: &Web) -> i64 {
    web.engine().signs_out_after().as_mins()
}

/// RULES CHT-01: what is not taken is read for danger all the same.
pub(super) fn in_danger(fields: &Fields) -> bool {
    postern_engine::portal::speaks_of_danger(fields.value("text"))
}

fn stale(visit: &Visit) -> Result<Response, Problem> {
    let notice = Notice {
        paragraphs: vec![visit.texts.say("stale-text")],
        go_on: Some(Link::new("/", visit.texts.say("to-start"))),
        ..Notice::default()
    };
    notice.draw(StatusCode::FORBIDDEN, Frame::new(visit, visit.texts.say("stale")))
}
