//! Health, readiness and metrics, for machines that watch.

use super::json;
use crate::problem::Problem;
use crate::web::Web;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

/// `GET /healthz`.
pub(crate) async fn alive() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: 200 when requests are taken, else 503.
pub(crate) async fn ready(State(web): State<Web>) -> Result<Response, Problem> {
    if web.engine().is_draining() {
        return Err(Problem::unavailable("This node is shutting down."));
    }
    let gauges =
        web.engine().health().await.map_err(|unwell| Problem::unavailable(&format!("Not ready: {unwell}.")))?;
    let body = serde_json::json!({
        "ready": true,
        "queued": gauges.queued,
        "with_provider": gauges.sent,
        "held": gauges.held,
        "log_size": gauges.log_size,
    });
    json(StatusCode::OK, &body)
}

/// `GET /metrics`, in the OpenMetrics text format.
pub(crate) async fn metrics(State(web): State<Web>) -> Result<Response, Problem> {
    // A store that does not answer leaves the gauges as they were, and says so in its own; the counters still count.
    if let Err(error) = web.engine().health().await {
        tracing::warn!(%error, "the store is not well");
    }
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, web.registry())
        .map_err(|_| Problem::unavailable("The metrics could not be written."))?;
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}
