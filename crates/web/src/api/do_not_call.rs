//! Requests not to be called to sell.

use super::{Body, json, json_body};
use crate::caller::Caller;
use crate::problem::Problem;
use crate::web::Web;
use axum::Extension;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use postern_engine::wire;

/// `GET /v1/patients/{id}/do-not-call`.
pub(crate) async fn list(
    State(web): State<Web>,
    Extension(caller): Extension<Caller>,
    Path(patient): Path<String>,
) -> Result<Response, Problem> {
    let requests = web.engine().do_not_call(&caller.0, &patient).await?;
    json(StatusCode::OK, &serde_json::json!({ "do_not_call": requests }))
}

/// `POST /v1/patients/{id}/do-not-call`.
pub(crate) async fn add(
    State(web): State<Web>,
    Extension(caller): Extension<Caller>,
    Path(patient): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let new: wire::NewDoNotCall = wire::parse(&json_body(&headers, body)?)?;
    let requests = web.engine().add_do_not_call(&caller.0, &patient, &new).await?;
    json(StatusCode::CREATED, &serde_json::json!({ "do_not_call": requests }))
}
