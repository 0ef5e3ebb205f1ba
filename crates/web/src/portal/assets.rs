//! What pages are drawn with: one style sheet, one small script, an icon. All of it is ours and stands in the binary.

use super::colour;
use super::visit::Visit;
use axum::Extension;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::json;

pub(super) const STYLE: &str = include_str!("../../templates/portal/portal.css");
pub(super) const SCRIPT: &str = include_str!("../../templates/portal/passkey.js");
const IDLE: &str = include_str!("../../templates/portal/idle.js");
const ICON: &str = include_str!("../../templates/portal/icon.svg");

/// Says nothing of anybody, so a browser may keep it for a while.
const KEPT: &str = "public, max-age=600";

/// `GET /portal.css`.
pub(super) async fn style() -> Response {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, KEPT)], STYLE).into_response()
}

/// `GET /colours.css`: the practice's own.
pub(super) async fn colours(Extension(visit): Extension<Visit>) -> Response {
    let sheet = colour::sheet(visit.place.colour.as_deref());
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, KEPT)], sheet).into_response()
}

/// `GET /passkey.js`.
pub(super) async fn script() -> Response {
    ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8"), (header::CACHE_CONTROL, KEPT)], SCRIPT).into_response()
}

/// `GET /idle.js`.
pub(super) async fn idle() -> Response {
    ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8"), (header::CACHE_CONTROL, KEPT)], IDLE).into_response()
}

/// `GET /icon.svg`.
pub(super) async fn icon() -> Response {
    ([(header::CONTENT_TYPE, "image/svg+xml"), (header::CACHE_CONTROL, KEPT)], ICON).into_response()
}

/// `GET /app.webmanifest`: so that it can be put on a phone's first screen (W3C Web Application Manifest). The name is the neutral one.
pub(super) async fn manifest(Extension(visit): Extension<Visit>) -> Response {
    let base = &visit.place.base;
    let manifest = json!({
        "name": visit.place.name, "short_name": visit.place.name, "lang": visit.texts.language().as_str(),
        "start_url": format!("{base}/"), "scope": format!("{base}/"), "display": "standalone",
        "background_color": "#f4f6f8", "theme_color": "#0b5d8a",
        "icons": [{ "src": format!("{base}/icon.svg"), "sizes": "any", "type": "image/svg+xml" }],
    });
    ([(header::CONTENT_TYPE, "application/manifest+json"), (header::CACHE_CONTROL, KEPT)], manifest.to_string())
        .into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn style_and_script_leave_most_of_sixty_kilobytes_to_the_page() {
        assert!(STYLE.len() + SCRIPT.len() + IDLE.len() + ICON.len() < 24 * 1024);
    }

    #[test]
    fn the_style_fetches_nothing_from_anywhere() {
        assert!(!STYLE.contains("url(") && !STYLE.contains("@import"));
        for script in [SCRIPT, IDLE] {
            assert!(!script.contains("http") && !script.contains("fetch(") && !script.contains("eval"));
        }
    }
}
