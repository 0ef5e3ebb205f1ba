//! Ending a kind of message by the link that came in one, without an account: what stops, one press, what still comes and how to come back.
//!
//! A GET draws the page and does nothing else: programs that look for viruses open every link of a mail. The press is a form with the
//! token of this browser, which such a program does not send.

use super::form::Form;
use super::page::{Frame, Link, Notice};
use super::visit::Visit;
use crate::problem::Problem;
use crate::web::Web;
use axum::Extension;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use postern_base::Channel;
use postern_engine::portal::StopOffer;

/// `GET /stop/{token}`.
pub(super) async fn page(
    State(web): State<Web>,
    Extension(visit): Extension<Visit>,
    Path((_, token)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let offer = offered(&web, &visit, &token).await?;
    let texts = visit.texts;
    let mut lead = vec![texts.with("stop-what", "kind", kind(&visit, &offer))];
    lead.extend(places(&visit, &offer));
    lead.extend(shared(&visit, &offer));
    lead.push(texts.say("stop-still"));
    let form = Form { lead, button: texts.say("stop-go"), ..Form::default() };
    form.draw(&visit, texts.say("stop"))
}

/// `POST /stop/{token}`. Twice is harmless.
pub(super) async fn end(
    State(web): State<Web>,
    Extension(visit): Extension<Visit>,
    Path((_, token)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let offer = offered(&web, &visit, &token).await?;
    web.engine().stop_by_link(&token).await?;
    let texts = visit.texts;
    let mut paragraphs = vec![texts.with("stop-done", "kind", kind(&visit, &offer))];
    paragraphs.extend(places(&visit, &offer));
    paragraphs.push(texts.say("stop-still"));
    paragraphs.push(texts.say("stop-back"));
    // Nobody answers START to an e-mail.
    let by_text = offer.places.iter().any(|(channel, _)| *channel == Channel::Sms);
    paragraphs.extend(by_text.then(|| texts.say("stop-back-text")));
    let links = vec![Link::new("/sign-in", texts.say("stop-sign-in"))];
    let notice = Notice { paragraphs, links, ..Notice::default() };
    notice.draw(StatusCode::OK, Frame::new(&visit, texts.say("stop-heading-done")))
}

async fn offered(web: &Web, visit: &Visit, token: &str) -> Result<StopOffer, Problem> {
    let offer = web.engine().stop_offer(token).await?;
    offer.filter(|offer| offer.tenant == visit.place.tenant).ok_or_else(Problem::not_found)
}

/// What kind of message it is. A link may be held by anybody, so a kind that would tell of care is not named.
fn kind(visit: &Visit, offer: &StopOffer) -> String {
    let named = if offer.names_kind { format!("purpose-{}", offer.purpose) } else { "stop-kind-care".to_owned() };
    visit.texts.say(&named)
}

/// Where it stops: a line for each number or address.
fn places(visit: &Visit, offer: &StopOffer) -> Vec<String> {
    let lines = offer.places.iter().map(|(channel, ends)| {
        let key = match channel {
            Channel::Sms => "point-text",
            Channel::Email => "point-mail",
            _ => "point-call",
        };
        visit.texts.with(key, "ends", ends.clone())
    });
    lines.collect()
}

/// That others use the number too, and so get nothing more of this kind there either.
fn shared(visit: &Visit, offer: &StopOffer) -> Option<String> {
    let initials: Vec<String> = offer.initials.iter().map(|one| format!("{one}.")).collect();
    (initials.len() > 1).then(|| visit.texts.with("stop-shared", "initials", initials.join(", ")))
}
