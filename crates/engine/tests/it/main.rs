//! What the engine promises, told as stories over a real store and simulated vendors, with a clock that is moved by hand.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests: a failure here is a failed test"
)]

mod alerts;
mod bypass;
mod cases;
mod choices;
mod clinic;
mod disclosures;
mod elsewhere;
mod enclosures;
mod explain;
mod factors;
mod lanes;
mod malformed;
mod minors;
mod portal;
mod power_cuts;
mod records;
mod reminders;
mod replay;
mod replies;
mod results;
mod retries;
mod returned;
mod schemas;
mod standby;
mod templates;
mod texted;
mod tls_reports;
mod vendors;
mod walls;
mod withheld;
