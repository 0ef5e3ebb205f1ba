//! What the store promises, shown on its public interface: nothing here knows a table.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests: a failure here is a failed test")]

mod accepting;
mod faults;
mod files;
mod fixture;
mod ledger;
mod model;
mod outbox;
mod points;
mod sealing;
mod sharing;
mod tenants;
