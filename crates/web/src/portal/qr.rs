//! A picture of a text to scan, drawn here: what it holds is a secret, which no one else's service may see.

use qrcodegen::{QrCode, QrCodeEcc};
use std::fmt::Write as _;

/// White around the code, in modules (ISO/IEC 18004 section 6.3.8).
const QUIET: i32 = 4;

/// `text` as an SVG of this `label`; `None` when it is too long for one. The label is escaped; the rest is numbers.
pub(super) fn svg(text: &str, label: &str) -> Option<String> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).ok()?;
    let side = code.size().checked_add(QUIET.checked_mul(2)?)?;
    let mut path = String::new();
    for y in 0..code.size() {
        for x in 0..code.size() {
            if code.get_module(x, y) {
                write!(path, "M{},{}h1v1h-1z", x.checked_add(QUIET)?, y.checked_add(QUIET)?).ok()?;
            }
        }
    }
    let label = label.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
    Some(format!(
        "<svg class=\"qr\" role=\"img\" aria-label=\"{label}\" viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\"><path fill=\"#000\" d=\"{path}\"/></svg>"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_its_three_corners_and_a_label_that_cannot_break_out() {
        let drawn = svg("otpauth://totp/a?secret=ABC", "a \"<b>\"").unwrap();
        assert!(drawn.contains("aria-label=\"a &quot;&lt;b>&quot;\""), "{drawn}");
        assert!(drawn.contains("M4,4h1v1h-1z"), "the first module of the first corner");
    }

    #[test]
    fn what_is_too_long_has_no_picture() {
        assert!(svg(&"a".repeat(5000), "a").is_none());
    }
}
