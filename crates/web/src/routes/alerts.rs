//! Alerts: what somebody must look at now.

use super::{Access, Gives, LIMIT, Method, Records, Route, Takes};
use crate::api::alerts;
use axum::routing::{get, post};
use postern_engine::Scope;

pub(super) const ALERTS: &[Route] = &[
    Route {
        method: Method::Get,
        path: "/v1/alerts",
        id: "listAlerts",
        summary: "What somebody must look at now, newest first: who wrote, when, for how long it has waited.",
        access: Access::Scopes(&[Scope::MessagesRead]),
        records: Records::Nothing,
        takes: Takes::Nothing,
        parameters: &[
            LIMIT,
            ("cursor", "query", "The `next` of the page before."),
            ("acknowledged", "query", "`true` for those that somebody took up too."),
        ],
        gives: (200, Gives::Json("Alerts")),
        handler: || get(alerts::list),
    },
    Route {
        method: Method::Get,
        path: "/v1/alerts/{id}",
        id: "readAlert",
        summary: "What was written that an alert is about.",
        access: Access::Scopes(&[Scope::ContentRead]),
        records: Records::Disclosed,
        takes: Takes::Nothing,
        parameters: &[("why", "query", "Why you read it: it stands in the ledger.")],
        gives: (200, Gives::Json("AlertText")),
        handler: || get(alerts::text),
    },
    Route {
        method: Method::Post,
        path: "/v1/alerts/{id}/acknowledge",
        id: "acknowledgeAlert",
        summary: "Take an alert up: you see to the patient now. The first who says so stands.",
        access: Access::Scopes(&[Scope::ContentRead]),
        records: Records::Administered,
        takes: Takes::Nothing,
        parameters: &[],
        gives: (204, Gives::Nothing),
        handler: || post(alerts::acknowledge),
    },
];
