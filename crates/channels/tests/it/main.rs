//! What the channels promise, against real and scripted peers. Nothing here speaks beyond loopback.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on says where")]

mod amazon_texts;
mod bandwidth;
mod clear;
mod compiles;
mod conformance;
mod direct;
mod dkim;
mod doctor;
mod duty;
mod listener;
mod requiretls;
mod segments;
mod ses;
mod simulator;
mod smarthost;
mod smime;
mod smpp;
mod support;
mod tlsrpt;
mod twilio;
