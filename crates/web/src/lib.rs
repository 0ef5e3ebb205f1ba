//! HTTP: the API, vendors' webhooks, the ledger as static tiles, health and metrics, the patients' portal, and the simulator's page.
//!
//! What this crate must not do: decide, name a database, open an outbound socket, read the environment. It turns requests
//! into calls of the engine and answers into JSON or HTML, and nothing else.
//!
//! Start at [`routes::table`]: every route, who may call it and what it records, in one list that the router, the OpenAPI
//! document and a test are all made from. Then [`problem`] for how anything that goes wrong looks.

pub mod api;
mod caller;
mod exchange;
pub mod key;
mod portal;
pub mod problem;
pub mod routes;
mod server;
pub mod simulator;
mod web;

pub use key::ApiKey;
pub use portal::PORTAL;
pub use problem::Problem;
pub use routes::router;
pub use server::serve;
pub use web::{Simulators, Web, WebConfig};
