//! Verification of e-mail addresses by round trip.

use super::{Body, json, json_body, message_id};
use crate::caller::Caller;
use crate::problem::Problem;
use crate::web::Web;
use axum::Extension;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use postern_engine::wire;

/// `POST /v1/patients/{id}/address-verification`.
pub(crate) async fn ask(
    State(web): State<Web>,
    Extension(caller): Extension<Caller>,
    Path(patient): Path<String>,
) -> Result<Response, Problem> {
    json(StatusCode::ACCEPTED, &web.engine().ask_address(&caller.0, &patient).await?.answer)
}

/// `POST /v1/messages/{id}/confirm-address`.
pub(crate) async fn confirm(
    State(web): State<Web>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let said: wire::AddressCode = wire::parse(&json_body(&headers, body)?)?;
    json(StatusCode::OK, &web.engine().confirm_address(&caller.0, message_id(&id)?, &said.code).await?)
}
