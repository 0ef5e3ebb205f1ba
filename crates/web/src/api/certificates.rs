//! Certificates of patients' mailboxes.

use super::{Body, json, json_body};
use crate::caller::Caller;
use crate::problem::Problem;
use crate::web::Web;
use axum::Extension;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use postern_engine::wire;

/// `GET /v1/patients/{id}/certificates`.
pub(crate) async fn list(
    State(web): State<Web>,
    Extension(caller): Extension<Caller>,
    Path(patient): Path<String>,
) -> Result<Response, Problem> {
    let certificates = web.engine().certificates(&caller.0, &patient).await?;
    json(StatusCode::OK, &serde_json::json!({ "certificates": certificates }))
}

/// `POST /v1/patients/{id}/certificates`.
pub(crate) async fn add(
    State(web): State<Web>,
    Extension(caller): Extension<Caller>,
    Path(patient): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let new: wire::NewCertificate = wire::parse(&json_body(&headers, body)?)?;
    json(StatusCode::CREATED, &web.engine().add_certificate(&caller.0, &patient, &new).await?)
}

/// `DELETE /v1/patients/{id}/certificates/{fingerprint}`.
pub(crate) async fn remove(
    State(web): State<Web>,
    Extension(caller): Extension<Caller>,
    Path((patient, fingerprint)): Path<(String, String)>,
) -> Result<Response, Problem> {
    web.engine().remove_certificate(&caller.0, &patient, &fingerprint).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
