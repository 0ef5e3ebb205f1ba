//! What is recorded of a patient beside the chart, one door for every kind: certificates, notices, look-ups, verifications, requests.

use super::{Body, json, json_body};
use crate::caller::Caller;
use crate::problem::Problem;
use crate::web::Web;
use axum::Extension;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use postern_engine::wire;
use postern_engine::{Added, OfPatient};
use std::collections::BTreeMap;

/// `GET /v1/patients/{id}/…`: all of a kind, under its name.
pub(crate) async fn list<K: OfPatient>(
    State(web): State<Web>,
    Extension(caller): Extension<Caller>,
    Path(patient): Path<String>,
) -> Result<Response, Problem> {
    let all = K::list(web.engine(), &caller.0, &patient).await?;
    json(StatusCode::OK, &BTreeMap::from([(K::NAME, all)]))
}

/// `POST /v1/patients/{id}/…`: one more of a kind.
pub(crate) async fn add<K: OfPatient>(
    State(web): State<Web>,
    Extension(caller): Extension<Caller>,
    Path(patient): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let new: K::New = wire::parse(&json_body(&headers, body)?)?;
    match K::add(web.engine(), &caller.0, &patient, &new).await? {
        Added::One(one) => json(StatusCode::CREATED, &one),
        Added::All(all) => json(StatusCode::CREATED, &BTreeMap::from([(K::NAME, all)])),
    }
}

/// `DELETE /v1/patients/{id}/certificates/{fingerprint}`.
pub(crate) async fn remove_certificate(
    State(web): State<Web>,
    Extension(caller): Extension<Caller>,
    Path((patient, fingerprint)): Path<(String, String)>,
) -> Result<Response, Problem> {
    web.engine().remove_certificate(&caller.0, &patient, &fingerprint).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
