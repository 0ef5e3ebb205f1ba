//! The pages that exist only in a demo.

use super::{Access, Gives, Method, Records, Route, Takes};
use crate::simulator;
use axum::routing::{get, post};

/// The pages that exist only in a demo. They are no part of the API.
pub const DEMO: &[Route] = &[
    Route {
        method: Method::Get,
        path: "/",
        id: "startPage",
        summary: "Where to go in the demo.",
        access: Access::ThisMachine,
        records: Records::Nothing,
        takes: Takes::Nothing,
        parameters: &[],
        gives: (200, Gives::Text("text/html; charset=utf-8")),
        handler: || get(simulator::start),
    },
    Route {
        method: Method::Get,
        path: "/simulator",
        id: "simulatorPage",
        summary: "What arrived at the simulators.",
        access: Access::ThisMachine,
        records: Records::Nothing,
        takes: Takes::Nothing,
        parameters: &[],
        gives: (200, Gives::Text("text/html; charset=utf-8")),
        handler: || get(simulator::page),
    },
    Route {
        method: Method::Post,
        path: "/simulator/reply",
        id: "simulatorReply",
        summary: "Answer as a patient.",
        access: Access::ThisMachine,
        records: Records::Received,
        takes: Takes::Form,
        parameters: &[],
        gives: (303, Gives::Nothing),
        handler: || post(simulator::reply),
    },
    Route {
        method: Method::Get,
        path: "/simulator/style.css",
        id: "simulatorStyle",
        summary: "The pages' style.",
        access: Access::ThisMachine,
        records: Records::Nothing,
        takes: Takes::Nothing,
        parameters: &[],
        gives: (200, Gives::Text("text/css; charset=utf-8")),
        handler: || get(simulator::style),
    },
];
