//! The end-to-end tests: the real binary, over HTTP and the command line, on a data directory of its own.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that cannot go on has failed, also in the functions that several tests share"
)]

mod attested;
mod bad_input;
mod client;
mod clinic;
mod clocks;
mod command_line;
mod direct;
mod eavesdropper;
mod failover;
mod keys;
mod loopback;
mod mail;
mod mail_asks;
mod mail_back;
mod mail_pages;
mod mailers;
mod morning;
mod outages;
mod peers;
mod policy;
mod portal;
mod pressure;
mod record;
mod relays;
mod replay;
mod ses;
mod smime;
mod storm;
mod story;
mod templates;
mod tenants;
mod texts;
mod tls_reports;
