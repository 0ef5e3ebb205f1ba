//! Text messages: what a text becomes on the way, and the vendors that carry it.

pub mod amazon;
pub mod bandwidth;
pub mod rates;
pub mod smpp;
pub mod text;
pub mod twilio;
