//! Alerts: what somebody must look at now, and who took it up.

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
use postern_engine::wire::ReadReason;

/// `GET /v1/alerts`.
pub(crate) async fn list(
    State(web): State<Web>,
    Extension(caller): Extension<Caller>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let given = parameters(query.as_deref(), &["limit", "cursor", "acknowledged"])?;
    let limit = limit(&given)?;
    let before = value(&given, "cursor").map(number).transpose()?;
    let waiting = match value(&given, "acknowledged") {
        None | Some("false") => true,
        Some("true") => false,
        Some(_) => {
            return Err(Problem::new(Kind::Malformed, "`acknowledged`: expected true or false.").at("acknowledged"));
        }
    };
    let mut rows = web.engine().alerts(&caller.0, waiting, before, limit.saturating_add(1)).await?;
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next = rows.last().map(|row| row.id.to_string()).filter(|_| more);
    json(StatusCode::OK, &serde_json::json!({ "alerts": rows, "next": next }))
}

/// `GET /v1/alerts/{id}`.
pub(crate) async fn text(
    State(web): State<Web>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let given = parameters(query.as_deref(), &["why"])?;
    let why = value(&given, "why").and_then(ReadReason::read).ok_or_else(|| {
        let known = ReadReason::ALL.map(ReadReason::as_str).join(", ");
        Problem::new(Kind::Malformed, format!("`why`: expected why you read it, one of {known}.")).at("why")
    })?;
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
