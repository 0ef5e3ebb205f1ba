//! What came back by e-mail: addresses that are not written to, and mails that wait for a person.

use super::patients::{limit, parameters, value};
use super::{Body, json, json_body};
use crate::caller::Caller;
use crate::problem::{Kind, Problem};
use crate::web::Web;
use axum::Extension;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use postern_engine::wire;
use serde_json::json as object;

/// `GET /v1/suppressions`.
pub(crate) async fn suppressions(
    State(web): State<Web>,
    Extension(caller): Extension<Caller>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let given = parameters(query.as_deref(), &["limit", "cursor"])?;
    let limit = limit(&given)?;
    let before = value(&given, "cursor").map(number).transpose()?;
    let mut rows = web.engine().suppressions(&caller.0, before, limit.saturating_add(1)).await?;
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next = rows.last().map(|row| row.id.to_string()).filter(|_| more);
    json(StatusCode::OK, &object!({ "suppressions": rows, "next": next }))
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
    let limit = limit(&given)?;
    let before = value(&given, "cursor").map(number).transpose()?;
    let waiting = match value(&given, "reviewed") {
        None | Some("false") => true,
        Some("true") => false,
        Some(_) => return Err(Problem::new(Kind::Malformed, "`reviewed`: expected true or false.").at("reviewed")),
    };
    let mut rows = web.engine().kept_mails(&caller.0, before, waiting, limit.saturating_add(1)).await?;
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next = rows.last().map(|row| row.id.to_string()).filter(|_| more);
    json(StatusCode::OK, &object!({ "mails": rows, "next": next }))
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

/// The number of a row, or the cursor of a page.
pub(super) fn number(text: &str) -> Result<i64, Problem> {
    let expected = || Problem::new(Kind::Malformed, "`cursor`: expected the `next` of a page before.").at("cursor");
    text.parse().map_err(|_| expected())
}
