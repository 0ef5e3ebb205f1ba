//! Finding PHI in texts, over HTTP.

use super::{Body, whole_body};
use crate::problem::{Kind, Problem};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use postern_engine::scan::{ScanLine, scan_line};
use serde_json::json;

/// `POST /v1/scan`: JSON lines in, JSON lines out, in the same order. A line that cannot be read is answered in its place with its
/// number and what is wrong, never with its text; the others are answered all the same.
pub(crate) async fn scan(headers: HeaderMap, body: Body) -> Result<Response, Problem> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    if !["application/x-ndjson", "application/jsonl", "application/json"].contains(&essence) {
        return Err(Problem::new(Kind::UnsupportedMediaType, "Send `Content-Type: application/x-ndjson`."));
    }
    let body = whole_body(body)?;
    let mut out = String::new();
    for (number, line) in body.split(|byte| *byte == b'\n').enumerate() {
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let answer = match postern_engine::wire::parse::<ScanLine>(line) {
            Ok(line) => serde_json::to_string(&scan_line(&line)),
            Err(why) => serde_json::to_string(
                &json!({ "id": null, "line": number.saturating_add(1), "error": why.to_string() }),
            ),
        };
        out.push_str(&answer.map_err(|_| Problem::unavailable("The answer could not be written."))?);
        out.push('\n');
    }
    Ok(([(header::CONTENT_TYPE, "application/x-ndjson")], out).into_response())
}
