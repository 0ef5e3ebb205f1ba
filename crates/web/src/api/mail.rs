//! Recipients' mail: what their domains enforce, TLS sessions that could not be had, and what their hosts report on ours.

use super::json;
use super::patients::{limit, parameters, value};
use super::returned::number;
use crate::caller::Caller;
use crate::problem::{Kind, Problem};
use crate::web::Web;
use axum::Extension;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

/// `GET /v1/mail-domains`.
pub(crate) async fn domains(
    State(web): State<Web>,
    Extension(caller): Extension<Caller>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let given = parameters(query.as_deref(), &["limit", "cursor"])?;
    let limit = limit(&given)?;
    let before = value(&given, "cursor").map(number).transpose()?;
    let mut rows = web.engine().mail_domains(&caller.0, before, limit.saturating_add(1)).await?;
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next = rows.last().map(|row| row.id.to_string()).filter(|_| more);
    json(StatusCode::OK, &serde_json::json!({ "domains": rows, "next": next }))
}

/// `GET /v1/tls-failures`.
pub(crate) async fn failures(
    State(web): State<Web>,
    Extension(caller): Extension<Caller>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let given = parameters(query.as_deref(), &["open", "limit", "cursor"])?;
    let open = match value(&given, "open") {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => return Err(Problem::new(Kind::Malformed, "`open`: expected `true` or `false`.").at("open")),
    };
    let limit = limit(&given)?;
    let before = value(&given, "cursor").map(number).transpose()?;
    let mut rows = web.engine().tls_failures(&caller.0, open, before, limit.saturating_add(1)).await?;
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next = rows.last().map(|row| row.id.to_string()).filter(|_| more);
    json(StatusCode::OK, &serde_json::json!({ "failures": rows, "next": next }))
}

/// `GET /v1/mail-reports`.
pub(crate) async fn reports(
    State(web): State<Web>,
    Extension(caller): Extension<Caller>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let given = parameters(query.as_deref(), &["limit", "cursor"])?;
    let limit = limit(&given)?;
    let before = value(&given, "cursor").map(number).transpose()?;
    let mut rows = web.engine().mail_reports(&caller.0, before, limit.saturating_add(1)).await?;
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next = rows.last().map(|row| row.id.to_string()).filter(|_| more);
    json(StatusCode::OK, &serde_json::json!({ "reports": rows, "next": next }))
}

/// `POST /v1/mail-reports/{id}/review`.
pub(crate) async fn review_report(
    State(web): State<Web>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    web.engine().review_mail_report(&caller.0, number(&id).map_err(|_| Problem::not_found())?).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `POST /v1/tls-failures/{id}/review`.
pub(crate) async fn review(
    State(web): State<Web>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    web.engine().review_tls_failure(&caller.0, number(&id).map_err(|_| Problem::not_found())?).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
