//! Alerts: what somebody must look at now, and who took it up.

use super::json;
use super::query::{Paging, flag, number, parameters, why};
use crate::caller::Caller;
use crate::problem::Problem;
use crate::web::Web;
use axum::Extension;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

/// `GET /v1/alerts`.
pub(crate) async fn list(
    State(web): State<Web>,
    Extension(caller): Extension<Caller>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let given = parameters(query.as_deref(), &["limit", "cursor", "acknowledged"])?;
    let paging = Paging::of(&given)?;
    let waiting = !flag(&given, "acknowledged")?;
    let rows = web.engine().alerts(&caller.0, waiting, paging.before, paging.rows()).await?;
    paging.page("alerts", rows, |row| row.id)
}

/// `GET /v1/alerts/{id}`.
pub(crate) async fn text(
    State(web): State<Web>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let given = parameters(query.as_deref(), &["why"])?;
    let why = why(&given)?;
    let id = number(&id).map_err(|_| Problem::not_found())?;
    json(StatusCode::OK, &web.engine().alert_text(&caller.0, id, why).await?)
}

/// `POST /v1/alerts/{id}/acknowledge`.
pub(crate) async fn acknowledge(
    State(web): State<Web>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    web.engine().acknowledge_alert(&caller.0, number(&id).map_err(|_| Problem::not_found())?).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
