//! What these tests need from the machine.

use std::io::Write as _;

#[path = "../../../channels/tests/it/support/node.rs"]
pub(crate) mod node;

/// Says loudly that a test could not run because `what` is missing; under CI that is a failure.
#[expect(clippy::disallowed_methods, reason = "CI says so by its environment")]
pub(crate) fn missing_peer(what: &str) {
    assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "{what} is missing; run cargo xtask peers as root");
    // Past the test harness, which would keep the words of a test that passes to itself.
    let words = format!("SKIPPED: {what} is missing; run cargo xtask peers as root to try it for real\n");
    std::io::stderr().write_all(words.as_bytes()).expect("standard error is open");
}
