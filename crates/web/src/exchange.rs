//! What surrounds every request: an id, a limit of time, the headers browsers need to hear, and one log line of ids.

use crate::caller::Trace;
use crate::portal::brings_files;
use crate::problem::Problem;
use crate::web::Web;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::time::{Duration, Instant};

/// The header that carries the request's id.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The id goes out with the answer and into the log; what a caller sends under that name is not trusted.
pub(crate) async fn surround(State(web): State<Web>, request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let method = request.method().clone();
    let now = web.engine().clock().now();
    let id = postern_base::id::new_v7(now, web.rng()).map(|id| id.to_string()).unwrap_or_default();
    // A form with files comes as fast as a telephone sends it; how fast at least is held where it is read.
    let arriving = if brings_files(request.headers()) { web.config().upload_time } else { Duration::ZERO };
    let mut response = tokio::time::timeout(web.config().patience + arriving, next.run(request))
        .await
        .unwrap_or_else(|_| Problem::unavailable("The request took longer than it may.").into_response());
    put_headers(&mut response, web.config().behind_tls);
    if web.engine().is_draining() {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    let trace = response.extensions().get::<Trace>();
    tracing::info!(
        request_id = %id,
        method = %method,
        // The pattern, never the path: a path may name a patient.
        route = trace.map_or("(none)", |t| t.route),
        caller = trace.and_then(|t| t.caller.as_ref()).map_or("-", |p| p.id.as_str()),
        status = response.status().as_u16(),
        micros = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX),
        "request"
    );
    response
}

fn put_headers(response: &mut Response, behind_tls: bool) {
    let headers = response.headers_mut();
    let fixed = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let unless_set = [
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    ];
    for (name, value) in unless_set {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if behind_tls {
        // RFC 6797 section 7.1: only over a secure transport.
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
}
