//! Peers and material for the tests.

pub(crate) mod aiosmtpd;
pub(crate) mod authority;
pub(crate) mod capture;
pub(crate) mod internet;
pub(crate) mod mailbox;
pub(crate) mod moto;
pub(crate) mod mta;
pub(crate) mod node;
pub(crate) mod permits;
pub(crate) mod policy_host;
pub(crate) mod postfix;
pub(crate) mod prism;
pub(crate) mod proxy;
#[expect(dead_code, reason = "the sample facts of the gate's tests, of which a permit needs few")]
#[path = "../../../../gate/src/sample.rs"]
mod sample;
pub(crate) mod scratch;
pub(crate) mod scripted;
pub(crate) mod simulated;
pub(crate) mod web;
pub(crate) mod zones;

use jiff::Timestamp;
use postern_base::Clock;
use std::io::{self, Write as _};

/// A clock that stands still.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Still(pub Timestamp);

impl Clock for Still {
    fn now(&self) -> Timestamp {
        self.0
    }
}

/// Says loudly that a test could not run because `what` is missing; under CI that is a failure.
#[expect(clippy::disallowed_methods, reason = "CI says so by its environment")]
pub(crate) fn missing_peer(what: &str) {
    assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "{what} is missing; run cargo xtask peers as root");
    // Past the test harness, which would keep the words of a test that passes to itself.
    let words = format!("SKIPPED: {what} is missing; run cargo xtask peers as root to try it for real\n");
    io::stderr().write_all(words.as_bytes()).unwrap();
}
