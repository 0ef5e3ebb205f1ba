//! The patients' portal: pages drawn here, in plain words, in two languages, that work without a script.
//!
//! What must hold for every page: nothing of a patient in a title, an address or a history; no sentence outside `texts/`; nothing
//! changed by a GET; every form tied to the browser it was given to; a body only from the engine, which asks the gate and writes it down.
//!
//! Start at [`routes::PORTAL`], then [`visit`], which stands before every page.

mod account;
mod arrive;
mod assets;
mod astray;
mod choices;
mod colour;
mod enrol;
mod files;
mod find;
mod form;
mod messages;
pub(crate) mod multipart;
mod page;
mod persons;
mod place;
mod points;
mod qr;
mod reasons;
mod routes;
mod seats;
mod security;
mod sign_in;
mod stop;
mod texted;
mod texts;
mod unsent;
mod upload;
mod visit;
mod wishes;

pub use routes::PORTAL;

pub(crate) use routes::LINK;

pub(crate) use astray::as_pages;
pub(crate) use files::given;
pub(crate) use place::by_host;
pub(crate) use seats::Uploads;
pub(crate) use upload::{brings_files, of_program};
pub(crate) use visit::guard;

/// Whether a path is one of a portal's pages, as a practice's own host has them.
fn is_page(path: &str) -> bool {
    let of_page = |route: &crate::routes::Route| route.path.strip_prefix("/p/{tenant}").map(first_part);
    let asked = first_part(path);
    PORTAL.iter().any(|route| of_page(route) == Some(asked))
}

fn first_part(path: &str) -> &str {
    path.split('/').nth(1).unwrap_or_default()
}
