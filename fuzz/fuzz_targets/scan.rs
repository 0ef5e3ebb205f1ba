//! Any bytes, read as text: the classifier neither panics nor gives an offset outside the text, and its spans do not overlap.
#![no_main]

use libfuzzer_sys::fuzz_target;
use postern_classify::{Context, scan};

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let Ok(findings) = scan(&text, &Context::default()) else { return };
    let length = text.chars().count();
    assert!(findings.spans.iter().all(|span| span.start < span.end && span.end <= length));
    assert!(findings.spans.windows(2).all(|two| matches!(two, [a, b] if a.end <= b.start)));
});
