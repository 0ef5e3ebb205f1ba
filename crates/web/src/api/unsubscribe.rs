//! Ending commercial mail by a link: the page that a reader sees, and what their click or their mail program posts (RFC 8058).
//!
//! A GET shows the page and does nothing else, whatever the link says: programs that look for viruses open every link of a mail.

use super::{Body, whole_body};
use crate::problem::{Kind, Problem};
use crate::web::Web;
use askama::Template;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

const POLICY: &str = "default-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// In both languages: whose link it is, the page does not ask.
#[derive(Template)]
#[template(path = "unsubscribe.html")]
struct Page {
    done: bool,
}

/// `GET /u/{token}`: who reads it goes to the practice's own page, and one that stops nothing shows a plain one.
pub(crate) async fn page(State(web): State<Web>, Path(token): Path<String>) -> Result<Response, Problem> {
    let Some(offer) = web.engine().stop_offer(&token).await? else { return html(&Page { done: false }) };
    let to = format!("/p/{}/stop/{token}", offer.tenant);
    let to = header::HeaderValue::from_str(&to).map_err(|_| Problem::not_found())?;
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response())
}

/// `POST /u/{token}`.
pub(crate) async fn end(State(web): State<Web>, Path(token): Path<String>, body: Body) -> Result<Response, Problem> {
    let body = whole_body(body)?;
    if !says_one_click(&body) {
        return Err(Problem::new(Kind::BadRequest, "Send `List-Unsubscribe=One-Click` (RFC 8058)."));
    }
    if !web.engine().unsubscribe(&token).await? {
        return Err(Problem::not_found());
    }
    html(&Page { done: true })
}

/// RFC 8058 section 3.2: the body says so, as a form of either kind.
fn says_one_click(body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(body);
    if text.split('&').any(|pair| pair.trim() == "List-Unsubscribe=One-Click") {
        return true;
    }
    // multipart/form-data: the name in the part's head, the value on a line of its own.
    text.contains("name=\"List-Unsubscribe\"") && text.lines().any(|line| line.trim_end() == "One-Click")
}

fn html(page: &Page) -> Result<Response, Problem> {
    let text = page.render().map_err(|_| Problem::unavailable("The page could not be drawn."))?;
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        // No search engine keeps such a link.
        (header::HeaderName::from_static("x-robots-tag"), "noindex"),
    ];
    Ok((headers, text).into_response())
}

#[cfg(test)]
mod tests {
    use super::says_one_click;

    #[test]
    fn one_click_is_said_by_a_form_of_either_kind_and_by_nothing_else() {
        let parts = "--b\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--b--\r\n";
        for good in ["List-Unsubscribe=One-Click", "a=b&List-Unsubscribe=One-Click", parts] {
            assert!(says_one_click(good.as_bytes()), "{good}");
        }
        for bad in ["", "List-Unsubscribe=", "x=List-Unsubscribe=One-Click", "One-Click", "\u{0}\u{ff}"] {
            assert!(!says_one_click(bad.as_bytes()), "{bad}");
        }
    }
}
