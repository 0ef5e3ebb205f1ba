//! What goes wrong around the pages, as a page: an address that is none, a method that is none, a form that is too large, a server that fails.
//! People are never shown what programs read.

use super::page::{Frame, Link, Notice, POLICY};
use super::place::{OwnHost, PREFIX, Place};
use super::texts::Texts;
use super::visit::{Visit, visit_astray};
use crate::problem::Problem;
use crate::web::Web;
use askama::Template;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use postern_base::Language;

/// Where it is not known whose portal it is, or the store does not answer: no practice, no visitor, both languages.
#[derive(Template)]
#[template(path = "portal/astray.html")]
struct AstrayPage {
    both: [&'static Texts; 2],
    heading: String,
    paragraph: String,
}

/// Stands around the router: an answer below `/p/` that says what went wrong and is no page becomes one.
pub(crate) async fn as_pages(State(web): State<Web>, request: Request, next: Next) -> Response {
    let rest = request.uri().path().strip_prefix(PREFIX);
    let Some(named) = rest.map(|rest| rest.split('/').next().unwrap_or_default().to_owned()) else {
        return next.run(request).await;
    };
    let (parts, body) = request.into_parts();
    let mut response = next.run(Request::from_parts(parts.clone(), body)).await;
    let status = response.status();
    let is_page =
        response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/"));
    if is_page || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let own = parts.extensions.get::<OwnHost>().cloned();
    let place = Place::asked(&web, &named, own.as_ref(), &parts.headers).await.ok().flatten();
    let seen = match place {
        Some(place) => visit_astray(&web, place, &parts).await,
        None => None,
    };
    let page = seen.map_or_else(|| bare(status), |seen| plain(&seen, status));
    let Ok(mut page) = page else { return response };
    for kept in [header::ALLOW, header::RETRY_AFTER] {
        if let Some(value) = response.headers_mut().remove(&kept) {
            page.headers_mut().insert(kept, value);
        }
    }
    *page.extensions_mut() = std::mem::take(response.extensions_mut());
    page
}

const fn key(status: StatusCode) -> &'static str {
    match status {
        StatusCode::NOT_FOUND | StatusCode::GONE => "not-found",
        StatusCode::TOO_MANY_REQUESTS => "too-many",
        StatusCode::PAYLOAD_TOO_LARGE => "too-large",
        status if status.as_u16() >= 500 => "broken",
        _ => "not-understood",
    }
}

/// What went wrong, as a page of the practice.
pub(super) fn plain(visit: &Visit, status: StatusCode) -> Result<Response, Problem> {
    let key = key(status);
    let notice = Notice {
        paragraphs: vec![visit.texts.say(&format!("{key}-text"))],
        go_on: Some(Link::new("/", visit.texts.say("to-start"))),
        ..Notice::default()
    };
    notice.draw(status, Frame::new(visit, visit.texts.say(key)))
}

fn bare(status: StatusCode) -> Result<Response, Problem> {
    let key = key(status);
    let page = AstrayPage {
        both: [Texts::of(Language::En), Texts::of(Language::Es)],
        heading: key.to_owned(),
        paragraph: format!("{key}-text"),
    };
    let text = page.render().map_err(|_| Problem::unavailable("The page could not be drawn."))?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
    ];
    Ok((status, headers, text).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_goes_wrong_is_said_in_both_languages_and_where_there_is_help() {
        for status in [400, 403, 404, 405, 410, 413, 415, 429, 500, 503] {
            let status = StatusCode::from_u16(status).unwrap();
            let key = key(status);
            for texts in [Texts::of(Language::En), Texts::of(Language::Es)] {
                let (heading, said) = (texts.say(key), texts.say(&format!("{key}-text")));
                assert!(heading != key && said.len() > heading.len(), "{status}");
            }
            assert_eq!(bare(status).unwrap().status(), status);
        }
    }
}
