//! Whether contact points are the patient's own.

use super::{Body, json, json_body};
use crate::caller::Caller;
use crate::problem::Problem;
use crate::web::Web;
use axum::Extension;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use postern_engine::wire;

/// `GET /v1/patients/{id}/verifications`.
pub(crate) async fn list(
    State(web): State<Web>,
    Extension(caller): Extension<Caller>,
    Path(patient): Path<String>,
) -> Result<Response, Problem> {
    let verifications = web.engine().verifications(&caller.0, &patient).await?;
    json(StatusCode::OK, &serde_json::json!({ "verifications": verifications }))
}

/// `POST /v1/patients/{id}/verifications`.
pub(crate) async fn add(
    State(web): State<Web>,
    Extension(caller): Extension<Caller>,
    Path(patient): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let new: wire::NewVerification = wire::parse(&json_body(&headers, body)?)?;
    json(StatusCode::CREATED, &web.engine().add_verification(&caller.0, &patient, &new).await?)
}
