//! The registry of vendors and their agreements.

use super::{Body, json, json_body};
use crate::caller::Caller;
use crate::problem::Problem;
use crate::web::Web;
use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use postern_engine::wire;

/// `GET /v1/vendors`.
pub(crate) async fn list(State(web): State<Web>, Extension(caller): Extension<Caller>) -> Result<Response, Problem> {
    let vendors = web.engine().vendors(&caller.0).await?;
    json(StatusCode::OK, &serde_json::json!({ "vendors": vendors }))
}

/// `PUT /v1/vendors`: the row is named by its `vendor` and `service`.
pub(crate) async fn put(
    State(web): State<Web>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let row: wire::Vendor = wire::parse(&json_body(&headers, body)?)?;
    web.engine().put_vendor(&caller.0, &row).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
