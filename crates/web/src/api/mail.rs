//! Recipients' mail: what their domains enforce, TLS sessions that could not be had, and what their hosts report on ours.

use super::query::{Paging, flag, number, parameters};
use crate::caller::Caller;
use crate::problem::Problem;
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
    let paging = Paging::of(&given)?;
    let rows = web.engine().mail_domains(&caller.0, paging.before, paging.rows()).await?;
    paging.page("domains", rows, |row| row.id)
}

/// `GET /v1/tls-failures`.
pub(crate) async fn failures(
    State(web): State<Web>,
    Extension(caller): Extension<Caller>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let given = parameters(query.as_deref(), &["open", "limit", "cursor"])?;
    let open = flag(&given, "open")?;
    let paging = Paging::of(&given)?;
    let rows = web.engine().tls_failures(&caller.0, open, paging.before, paging.rows()).await?;
    paging.page("failures", rows, |row| row.id)
}

/// `GET /v1/mail-reports`.
pub(crate) async fn reports(
    State(web): State<Web>,
    Extension(caller): Extension<Caller>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let given = parameters(query.as_deref(), &["limit", "cursor"])?;
    let paging = Paging::of(&given)?;
    let rows = web.engine().mail_reports(&caller.0, paging.before, paging.rows()).await?;
    paging.page("reports", rows, |row| row.id)
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
