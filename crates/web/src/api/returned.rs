//! What came back by e-mail: addresses that are not written to, and mails that wait for a person.

use super::query::{Paging, flag, number, parameters};
use super::{Body, json_body};
use crate::caller::Caller;
use crate::problem::Problem;
use crate::web::Web;
use axum::Extension;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use postern_engine::wire;

/// `GET /v1/suppressions`.
pub(crate) async fn suppressions(
    State(web): State<Web>,
    Extension(caller): Extension<Caller>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let given = parameters(query.as_deref(), &["limit", "cursor"])?;
    let paging = Paging::of(&given)?;
    let rows = web.engine().suppressions(&caller.0, paging.before, paging.rows()).await?;
    paging.page("suppressions", rows, |row| row.id)
}

/// `POST /v1/suppressions/{id}/lift`.
pub(crate) async fn lift(
    State(web): State<Web>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let wire::Lifting { reason } = wire::parse(&json_body(&headers, body)?)?;
    web.engine().lift_suppression(&caller.0, number(&id).map_err(|_| Problem::not_found())?, reason).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `GET /v1/mails`.
pub(crate) async fn mails(
    State(web): State<Web>,
    Extension(caller): Extension<Caller>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let given = parameters(query.as_deref(), &["limit", "cursor", "reviewed"])?;
    let paging = Paging::of(&given)?;
    let waiting = !flag(&given, "reviewed")?;
    let rows = web.engine().kept_mails(&caller.0, paging.before, waiting, paging.rows()).await?;
    paging.page("mails", rows, |row| row.id)
}

/// `GET /v1/mails/{id}`: headers and body as they came. A browser that is led here shows nothing of it.
pub(crate) async fn mail(
    State(web): State<Web>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let content = web.engine().kept_mail(&caller.0, number(&id).map_err(|_| Problem::not_found())?).await?;
    let headers =
        [(header::CONTENT_TYPE, "message/rfc822"), (header::CONTENT_DISPOSITION, "attachment; filename=\"mail.eml\"")];
    Ok((StatusCode::OK, headers, content.into_inner()).into_response())
}

/// `POST /v1/mails/{id}/review`.
pub(crate) async fn review(
    State(web): State<Web>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    web.engine().review_mail(&caller.0, number(&id).map_err(|_| Problem::not_found())?).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
