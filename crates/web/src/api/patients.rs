//! What a patient was told.

use super::query::{Paging, limit, no_cursor, number, parameters, value, why};
use super::{Body, json, json_body};
use crate::caller::Caller;
use crate::problem::Problem;
use crate::web::Web;
use axum::Extension;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use postern_base::{AttachmentId, MessageId};
use postern_engine::portal::NewInvitation;
use postern_engine::wire::{self, NewReview};
use serde::Serialize;

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
        Some(text) => Some(text.parse::<MessageId>().map_err(|_| no_cursor())?),
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
    let paging = Paging::of(&given)?;
    let why = why(&given)?;
    let rows = web.engine().received(&caller.0, &patient, why, paging.before, paging.rows()).await?;
    paging.page("inbound", rows, |row| row.id)
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
