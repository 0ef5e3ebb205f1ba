//! The handlers of the API: a body and a principal in, the engine's answer out.

pub mod addresses;
pub mod alerts;
pub(crate) mod form;
pub mod health;
pub mod keys;
pub mod ledger;
pub mod mail;
pub mod messages;
pub mod of_patient;
pub mod openapi;
pub mod patients;
mod query;
pub mod returned;
pub mod scan;
mod schemas;
pub mod templates;
#[cfg(test)]
mod tests;
pub mod unsubscribe;
pub mod vendors;
pub mod webhooks;

use crate::problem::{Kind, Problem};
use crate::web::Web;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use postern_base::MessageId;
use serde::Serialize;

/// A body as it came, or the reason why not.
pub(crate) struct Body(Result<Bytes, Problem>);

impl FromRequest<Web> for Body {
    type Rejection = Problem;

    async fn from_request(request: Request, web: &Web) -> Result<Self, Problem> {
        let read = tokio::time::timeout(web.config().body_time, Bytes::from_request(request, web));
        Ok(Self(match read.await {
            Ok(Ok(bytes)) => Ok(bytes),
            Ok(Err(rejection)) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                Err(Problem::new(Kind::TooLarge, "The body is larger than this server takes; nothing was stored."))
            }
            Ok(Err(_)) => Err(Problem::new(Kind::BadRequest, "The body did not arrive whole; nothing was stored.")),
            Err(_) => Err(Problem::new(Kind::TooSlow, "The body did not arrive in time; nothing was stored.")),
        }))
    }
}

/// The body, when it is JSON by its media type and within the limit.
fn json_body(headers: &HeaderMap, body: Body) -> Result<Bytes, Problem> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        return Err(Problem::new(Kind::UnsupportedMediaType, "Send `Content-Type: application/json`."));
    }
    whole_body(body)
}

/// The body, when it is within the limit and came in time.
fn whole_body(body: Body) -> Result<Bytes, Problem> {
    body.0
}

/// JSON with a status.
fn json(status: StatusCode, value: &impl Serialize) -> Result<Response, Problem> {
    let text = serde_json::to_string(value).map_err(|_| Problem::unavailable("The answer could not be written."))?;
    Ok((status, [(header::CONTENT_TYPE, "application/json")], text).into_response())
}

/// A message id from a path. What is not an id names no message.
fn message_id(text: &str) -> Result<MessageId, Problem> {
    text.parse().map_err(|_| Problem::not_found())
}
