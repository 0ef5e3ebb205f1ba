//! The end-to-end tests: the real binary, over HTTP and the command line, on a data directory of its own.

mod bad_input;
mod client;
mod clinic;
mod command_line;
mod morning;
mod record;
mod storm;
mod story;
mod tenants;
