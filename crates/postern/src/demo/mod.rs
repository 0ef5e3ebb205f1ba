//! The demo's made-up clinic, and its morning.
//!
//! Everything is made from a date alone, without randomness: names from two short lists, numbers from the range that is kept
//! for fiction (555-0100 to 555-0199), addresses under domains that no one can own (RFC 2606). The records go through the
//! real import.

pub(crate) mod clinic;
pub(crate) mod clock;
pub(crate) mod morning;
mod records;
pub(crate) mod table;
