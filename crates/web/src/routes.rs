//! Every route: who may call it, and what it records.

mod administration;
mod alerts;
mod demo;
mod mail;
mod messages;
mod operation;
mod parts;
mod patients;

pub use demo::DEMO;
pub use parts::{Access, Gives, Method, Records, Takes};

use crate::caller::guard;
use crate::exchange::surround;
use crate::portal::{self, PORTAL, as_pages, by_host};
use crate::problem::{Kind, Problem};
use crate::web::Web;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::MethodRouter;

/// One route.
#[derive(Debug)]
pub struct Route {
    /// Its method.
    pub method: Method,
    /// Its path, parameters in braces.
    pub path: &'static str,
    /// Its name in the OpenAPI document.
    pub id: &'static str,
    /// What it does, in a line.
    pub summary: &'static str,
    /// Who may call it.
    pub access: Access,
    /// What it leaves in the ledger.
    pub records: Records,
    /// What it takes.
    pub takes: Takes,
    /// Its query parameters and request headers: name, where, what.
    pub parameters: &'static [(&'static str, &'static str, &'static str)],
    /// The status of success and what comes with it.
    pub gives: (u16, Gives),
    pub(crate) handler: fn() -> MethodRouter<Web>,
}

const LIMIT: (&str, &str, &str) = ("limit", "query", "At most this many, 1 to 99; 50 when absent.");

/// Every route of the API, by what it is about.
const GROUPS: &[&[Route]] = &[
    messages::MESSAGES,
    alerts::ALERTS,
    patients::PATIENTS,
    mail::MAIL,
    administration::ADMINISTRATION,
    operation::OPERATION,
];

/// Every route of the API.
pub fn table() -> impl Iterator<Item = &'static Route> {
    GROUPS.iter().copied().flatten()
}

/// The router over [`table`], over the patients' [`PORTAL`], and over [`DEMO`] where `web` has simulators.
pub fn router(web: Web) -> Router {
    let demo: &'static [Route] = if web.simulators().is_some() { DEMO } else { &[] };
    let mut router = Router::new();
    for route in table().chain(demo) {
        let guarded = (route.handler)().route_layer(from_fn_with_state((web.clone(), route), guard));
        router = router.route(route.path, guarded);
    }
    router = router.route(portal::LINK.path, (portal::LINK.handler)());
    for route in PORTAL {
        let guarded = (route.handler)().route_layer(from_fn_with_state((web.clone(), route), portal::guard));
        router = router.route(route.path, guarded);
    }
    let pages = router
        .method_not_allowed_fallback(|| async {
            Problem::new(Kind::MethodNotAllowed, "This address does not take that method; `Allow` says which it takes.")
        })
        .fallback(|| async { Problem::new(Kind::NotFound, "There is no such address; GET /openapi.json lists them.") })
        .layer(DefaultBodyLimit::max(web.config().body_limit))
        .layer(from_fn_with_state(web.clone(), as_pages))
        .layer(from_fn_with_state(web.clone(), surround))
        .with_state(web.clone());
    // Outside the router, so that a page of a practice's own host is found under that practice.
    Router::new().fallback_service(pages).layer(from_fn_with_state(web, by_host))
}
