//! What a patient was told.

use super::returned::number;
use super::{Body, json, json_body};
use crate::caller::Caller;
use crate::problem::{Kind, Problem};
use crate::web::Web;
use axum::Extension;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use postern_base::{AttachmentId, MessageId};
use postern_engine::portal::NewInvitation;
use postern_engine::wire::{self, NewReview, ReadReason};
use serde::Serialize;

/// Rows in a page when the caller does not say.
const PAGE: u32 = 50;

/// A page of a patient's messages.
#[derive(Debug, Serialize)]
struct Page {
    messages: Vec<PageRow>,
    /// Give it back as `cursor` for what is older; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<MessageId>,
}

#[derive(Debug, Serialize)]
struct PageRow {
    id: MessageId,
    status: String,
}

/// `GET /v1/patients/{id}/messages`.
pub(crate) async fn messages(
    State(web): State<Web>,
    Extension(caller): Extension<Caller>,
    Path(patient): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let given = parameters(query.as_deref(), &["limit", "cursor"])?;
    let limit = limit(&given)?;
    let before = match value(&given, "cursor") {
        None => None,
        Some(text) => Some(text.parse::<MessageId>().map_err(|_| {
            Problem::new(Kind::Malformed, "`cursor`: expected the `next` of a page before.").at("cursor")
        })?),
    };
    // One more than asked tells whether there is another page.
    let mut ids = web.engine().messages_of(&caller.0, &patient, before, limit.saturating_add(1)).await?;
    let more = ids.len() > limit as usize;
    ids.truncate(limit as usize);
    let next = if more { ids.last().copied() } else { None };
    let messages = ids.into_iter().map(|id| PageRow { id, status: format!("/v1/messages/{id}") }).collect();
    json(StatusCode::OK, &Page { messages, next })
}

/// `GET /v1/patients/{id}/portal-copies`.
pub(crate) async fn portal_copies(
    State(web): State<Web>,
    Extension(caller): Extension<Caller>,
    Path(patient): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let given = parameters(query.as_deref(), &["limit"])?;
    let copies = web.engine().portal_copies(&caller.0, &patient, limit(&given)?).await?;
    json(StatusCode::OK, &serde_json::json!({ "copies": copies }))
}

/// `GET /v1/patients/{id}/inbound`.
pub(crate) async fn inbound(
    State(web): State<Web>,
    Extension(caller): Extension<Caller>,
    Path(patient): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let given = parameters(query.as_deref(), &["limit", "cursor", "why"])?;
    let limit = limit(&given)?;
    let before = value(&given, "cursor").map(number).transpose()?;
    let why = why(&given)?;
    let mut rows = web.engine().received(&caller.0, &patient, why, before, limit.saturating_add(1)).await?;
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next = rows.last().map(|row| row.id.to_string()).filter(|_| more);
    json(StatusCode::OK, &serde_json::json!({ "inbound": rows, "next": next }))
}

/// `GET /v1/patients/{id}/inbound/{inbound}/attachments/{attachment}`.
pub(crate) async fn attachment(
    State(web): State<Web>,
    Extension(caller): Extension<Caller>,
    Path((patient, inbound, attachment)): Path<(String, String, String)>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let given = parameters(query.as_deref(), &["why"])?;
    let why = why(&given)?;
    let inbound = number(&inbound).map_err(|_| Problem::not_found())?;
    let attachment: AttachmentId = attachment.parse().map_err(|_| Problem::not_found())?;
    let (kind, content) = web.engine().received_attachment(&caller.0, &patient, (inbound, attachment), why).await?;
    crate::portal::given(kind, content)
}

/// Why something is read, which whoever reads it has to say.
fn why(given: &[(String, String)]) -> Result<ReadReason, Problem> {
    value(given, "why").and_then(ReadReason::read).ok_or_else(|| {
        let known = ReadReason::ALL.map(ReadReason::as_str).join(", ");
        Problem::new(Kind::Malformed, format!("`why`: expected why you read it, one of {known}.")).at("why")
    })
}

/// `GET /v1/wishes`.
pub(crate) async fn wishes(
    State(web): State<Web>,
    Extension(caller): Extension<Caller>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let given = parameters(query.as_deref(), &["limit", "cursor", "patient"])?;
    let before = value(&given, "cursor").map(number).transpose()?;
    let (wishes, next) = web.engine().wish_list(&caller.0, value(&given, "patient"), before, limit(&given)?).await?;
    let next = next.map(|next| next.to_string());
    json(StatusCode::OK, &serde_json::json!({ "wishes": wishes, "next": next }))
}

/// `POST /v1/patients/{id}/inbound/{inbound}/review`.
pub(crate) async fn review(
    State(web): State<Web>,
    Extension(caller): Extension<Caller>,
    Path((patient, inbound)): Path<(String, String)>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let new: NewReview = wire::parse(&json_body(&headers, body)?)?;
    let inbound = number(&inbound).map_err(|_| Problem::not_found())?;
    web.engine().review_inbound(&caller.0, &patient, inbound, new).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `POST /v1/patients/{id}/portal-invitations`.
pub(crate) async fn invite(
    State(web): State<Web>,
    Extension(caller): Extension<Caller>,
    Path(patient): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let new: NewInvitation = wire::parse(&json_body(&headers, body)?)?;
    json(StatusCode::CREATED, &web.engine().invite(&caller.0, &patient, &new).await?)
}

/// Query parameters by name, each at most once; unknown ones are refused, not ignored.
pub(crate) fn parameters(query: Option<&str>, known: &[&str]) -> Result<Vec<(String, String)>, Problem> {
    let mut given: Vec<(String, String)> = Vec::new();
    for pair in query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let Some(name) = known.iter().find(|k| **k == name) else {
            let what = format!("A query parameter is not known here; known: {}.", known.join(", "));
            return Err(Problem::new(Kind::Malformed, what).at("query"));
        };
        if given.iter().any(|(n, _)| n == name) {
            return Err(Problem::new(Kind::Malformed, format!("`{name}` is given twice.")).at(*name));
        }
        given.push(((*name).to_owned(), value.to_owned()));
    }
    Ok(given)
}

/// The value of a parameter.
pub(crate) fn value<'a>(given: &'a [(String, String)], name: &str) -> Option<&'a str> {
    given.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
}

/// How many rows are asked for.
pub(crate) fn limit(given: &[(String, String)]) -> Result<u32, Problem> {
    match value(given, "limit") {
        None => Ok(PAGE),
        // The engine's page holds one hundred, and one row tells whether there are more.
        Some(text) => {
            text.parse().ok().filter(|n| (1..=99).contains(n)).ok_or_else(|| {
                Problem::new(Kind::Malformed, "`limit`: expected a whole number from 1 to 99.").at("limit")
            })
        }
    }
}
