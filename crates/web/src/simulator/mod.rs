//! The demo's pages: a start page, and what arrived at the simulators, with a form to answer as a patient.
//!
//! They are mounted only where there are simulators, and answer only to a browser on this machine: everything on them is
//! made up, but a page that shows messages should not be a habit.

use crate::problem::{Kind, Problem};
use crate::web::{Simulators, Web};
use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::extract::rejection::FormRejection;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::tz::TimeZone;
use postern_base::Channel;
use postern_channels::ReceiptState;
use postern_channels::simulator::Arrival;
use serde::Deserialize;

/// How many arrivals the page shows, newest first.
const SHOWN: usize = 200;

const POLICY: &str =
    "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

#[derive(Template)]
#[template(path = "start.html")]
struct StartPage<'a> {
    note: &'a str,
}

#[derive(Template)]
#[template(path = "simulator.html")]
struct SimulatorPage<'a> {
    note: &'a str,
    texts: Vec<Shown>,
    mails: Vec<Shown>,
}

/// An arrival as the page shows it.
struct Shown {
    to: String,
    sender: String,
    subject: String,
    body: String,
    at: String,
    state: &'static str,
    /// Where the link in it leads on this machine.
    link: Option<String>,
}

/// A reply from the form.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reply {
    from: String,
    text: String,
}

/// `GET /`.
pub(crate) async fn start(State(web): State<Web>) -> Result<Response, Problem> {
    html(&StartPage { note: &simulators(&web)?.note })
}

/// `GET /simulator`.
pub(crate) async fn page(State(web): State<Web>) -> Result<Response, Problem> {
    let simulators = simulators(&web)?;
    let arrivals = simulators.inbox.arrivals();
    let of = |channel: Channel| {
        arrivals.iter().rev().filter(|a| a.channel == channel).take(SHOWN).map(shown).collect::<Vec<_>>()
    };
    html(&SimulatorPage { note: &simulators.note, texts: of(Channel::Sms), mails: of(Channel::Email) })
}

/// `POST /simulator/reply`: the recipient of a text or mail answers.
pub(crate) async fn reply(
    State(web): State<Web>,
    form: Result<Form<Reply>, FormRejection>,
) -> Result<Response, Problem> {
    let Form(reply) =
        form.map_err(|_| Problem::new(Kind::Malformed, "Expected a form with the fields `from` and `text`."))?;
    let simulators = simulators(&web)?;
    if reply.text.is_empty() || reply.text.len() > 1600 {
        return Err(Problem::new(Kind::Malformed, "`text`: expected 1 to 1600 bytes.").at("text"));
    }
    let now = web.engine().clock().now();
    let heard = if reply.from.contains('@') {
        match simulators.email.first() {
            Some(mail) => mail.reply(&reply.from, &reply.text, now).await,
            None => false,
        }
    } else {
        match simulators.sms.first() {
            Some(sms) => sms.reply(&reply.from, &reply.text, now).await,
            None => false,
        }
    };
    if heard {
        Ok((StatusCode::SEE_OTHER, [(header::LOCATION, "/simulator")]).into_response())
    } else {
        Err(Problem::unavailable("Nobody takes replies just now."))
    }
}

/// `GET /simulator/style.css`.
pub(crate) async fn style() -> Response {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("../../templates/style.css")).into_response()
}

/// Whether a browser on this machine asks, from our own pages or by hand. A page elsewhere that posts here, or a name that
/// was pointed at this machine, is refused.
pub(crate) fn is_local(headers: &HeaderMap) -> Result<(), Problem> {
    let value = |name: header::HeaderName| headers.get(name).and_then(|v| v.to_str().ok());
    let host = value(header::HOST).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let local = ["localhost", "127.0.0.1", "[::1]"].contains(&name);
    let site = value(header::HeaderName::from_static("sec-fetch-site"));
    let own = site.is_none_or(|site| site == "same-origin" || site == "none");
    // A browser that sends no Sec-Fetch-Site says in a POST from which page it comes.
    let page = value(header::ORIGIN);
    let same = page.is_none_or(|page| page.strip_prefix("http://") == Some(host));
    if local && own && same {
        Ok(())
    } else {
        Err(Problem::new(Kind::Forbidden, "The demo's pages answer only to a browser on this machine."))
    }
}

fn simulators(web: &Web) -> Result<&Simulators, Problem> {
    web.simulators().ok_or_else(|| Problem::new(Kind::NotFound, "There are no simulators here."))
}

/// The path of the portal's link in a text, whatever host it names: that host is no machine here.
fn link(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("/m/")?;
    let token: String = rest.chars().take_while(char::is_ascii_alphanumeric).collect();
    (token.len() >= 16).then(|| format!("/m/{token}"))
}

fn shown(arrival: &Arrival) -> Shown {
    Shown {
        link: link(arrival.body.reveal()),
        to: arrival.to.reveal().clone(),
        sender: arrival.sender.clone(),
        subject: arrival.subject.as_ref().map(|s| s.reveal().clone()).unwrap_or_default(),
        body: arrival.body.reveal().clone(),
        at: arrival.at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
        state: match arrival.state {
            ReceiptState::Underway => "on its way",
            ReceiptState::Delivered => "delivered",
            ReceiptState::Failed => "failed",
        },
    }
}

fn html(page: &impl Template) -> Result<Response, Problem> {
    let text = page.render().map_err(|_| Problem::unavailable("The page could not be drawn."))?;
    let headers = [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CONTENT_SECURITY_POLICY, POLICY)];
    Ok((headers, text).into_response())
}

#[cfg(test)]
mod tests {
    use super::is_local;
    use axum::http::{HeaderMap, HeaderValue, header};

    fn asked(host: &'static str, more: &[(&'static str, &'static str)]) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_static(host));
        for (name, value) in more {
            headers.insert(*name, HeaderValue::from_static(value));
        }
        is_local(&headers).is_ok()
    }

    #[test]
    fn only_a_page_of_this_machine_may_ask() {
        assert!(asked("127.0.0.1:8025", &[]));
        assert!(asked("localhost:8025", &[("sec-fetch-site", "same-origin"), ("origin", "http://localhost:8025")]));
        assert!(!asked("clinic.example:8025", &[]), "a name pointed at this machine");
        assert!(!asked("127.0.0.1:8025", &[("sec-fetch-site", "cross-site")]));
        assert!(!asked("127.0.0.1:8025", &[("origin", "https://elsewhere.example")]));
        assert!(!asked("127.0.0.1:8025", &[("origin", "http://127.0.0.1:9999")]));
        assert!(!asked("127.0.0.1:8025", &[("origin", "null")]));
    }
}
