//! What vendors send us. Not one byte is parsed here: the provider checks the signature first.

use super::{Body, whole_body};
use crate::problem::Problem;
use crate::web::Web;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use postern_base::Phi;
use postern_channels::RawRequest;

/// `POST /v1/webhooks/{vendor}`.
pub(crate) async fn of_vendor(
    State(web): State<Web>,
    Path(vendor): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    receive(&web, &vendor, &uri.to_string(), &headers, body).await
}

/// `POST /v1/webhooks/{vendor}/{service}`.
pub(crate) async fn of_service(
    State(web): State<Web>,
    Path((vendor, service)): Path<(String, String)>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    receive(&web, &format!("{vendor}/{service}"), &uri.to_string(), &headers, body).await
}

async fn receive(web: &Web, vendor: &str, path: &str, headers: &HeaderMap, body: Body) -> Result<Response, Problem> {
    let body = whole_body(body)?;
    let headers = headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
        .collect();
    let raw = RawRequest {
        url: format!("{}{path}", web.config().public_url),
        headers,
        body: Phi::new(body.to_vec()),
        at: web.engine().clock().now(),
    };
    web.engine().receive(vendor, raw).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
