//! What patients were told, and what they said to it.

use super::{Body, json, json_body};
use crate::caller::Caller;
use crate::problem::Problem;
use crate::web::Web;
use axum::Extension;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use postern_engine::wire;

/// `GET /v1/patients/{id}/notices`.
pub(crate) async fn list(
    State(web): State<Web>,
    Extension(caller): Extension<Caller>,
    Path(patient): Path<String>,
) -> Result<Response, Problem> {
    let notices = web.engine().notices(&caller.0, &patient).await?;
    json(StatusCode::OK, &serde_json::json!({ "notices": notices }))
}

/// `POST /v1/patients/{id}/notices`.
pub(crate) async fn add(
    State(web): State<Web>,
    Extension(caller): Extension<Caller>,
    Path(patient): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let new: wire::NewNotice = wire::parse(&json_body(&headers, body)?)?;
    json(StatusCode::CREATED, &web.engine().add_notice(&caller.0, &patient, &new).await?)
}
