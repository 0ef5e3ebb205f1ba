//! Recipients' mail: what their domains enforce, and TLS sessions that could not be had.

use super::json;
use super::patients::parameters;
use crate::caller::Caller;
use crate::problem::{Kind, Problem};
use crate::web::Web;
use axum::Extension;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use postern_base::AttemptId;

/// `GET /v1/mail-domains`.
pub(crate) async fn domains(State(web): State<Web>, Extension(caller): Extension<Caller>) -> Result<Response, Problem> {
    let domains = web.engine().mail_domains(&caller.0).await?;
    json(StatusCode::OK, &serde_json::json!({ "domains": domains }))
}

/// `GET /v1/tls-failures`.
pub(crate) async fn failures(
    State(web): State<Web>,
    Extension(caller): Extension<Caller>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let given = parameters(query.as_deref(), &["open"])?;
    let open = match given.first().map(|(_, value)| value.as_str()) {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => return Err(Problem::new(Kind::Malformed, "`open`: expected `true` or `false`.").at("open")),
    };
    let failures = web.engine().tls_failures(&caller.0, open).await?;
    json(StatusCode::OK, &serde_json::json!({ "failures": failures }))
}

/// `POST /v1/tls-failures/{attempt}/review`.
pub(crate) async fn review(
    State(web): State<Web>,
    Extension(caller): Extension<Caller>,
    Path(attempt): Path<String>,
) -> Result<Response, Problem> {
    let attempt: AttemptId = attempt.parse().map_err(|_| Problem::not_found())?;
    web.engine().review_tls_failure(&caller.0, attempt).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
