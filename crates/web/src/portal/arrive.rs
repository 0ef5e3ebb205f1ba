//! The first page, and what to do for who cannot sign in.

use super::page::{Frame, Link, Notice, go};
use super::visit::Visit;
use crate::problem::Problem;
use axum::Extension;
use axum::http::StatusCode;
use axum::response::Response;

/// `GET /`.
pub(super) async fn welcome(Extension(visit): Extension<Visit>) -> Result<Response, Problem> {
    if visit.visitor.is_some() {
        return Ok(go(&visit, "/messages"));
    }
    let texts = visit.texts;
    let notice = Notice {
        paragraphs: vec![texts.say("welcome-text")],
        go_on: Some(Link::new("/sign-in", texts.say("welcome-sign-in"))),
        links: vec![Link::new("/enrol", texts.say("welcome-new"))],
        ..Notice::default()
    };
    notice.draw(StatusCode::OK, Frame::new(&visit, texts.say("welcome")))
}

/// `GET /sign-in/lost`.
pub(super) async fn lost(Extension(visit): Extension<Visit>) -> Result<Response, Problem> {
    let texts = visit.texts;
    let notice = Notice {
        paragraphs: vec![texts.say("lost-text")],
        go_on: Some(Link::new("/sign-in", texts.say("sign-in"))),
        links: vec![Link::new("/enrol", texts.say("welcome-new"))],
        ..Notice::default()
    };
    notice.draw(StatusCode::OK, Frame::new(&visit, texts.say("lost")))
}
