//! This API as OpenAPI 3.1, made from the same table as the router.

use super::schemas;
use crate::problem::Kind;
use crate::routes::{Access, Gives, Method, Records, Route, Takes, table};
use crate::web::Web;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

/// `GET /openapi.json`.
pub(crate) async fn serve(State(web): State<Web>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], web.openapi().to_owned()).into_response()
}

/// The document.
#[must_use]
pub fn document() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for route in table() {
        let path = route.path.replace("{*", "{");
        let item = paths.entry(path).or_insert_with(|| json!({}));
        if let Some(item) = item.as_object_mut() {
            item.insert(method(route.method).to_owned(), operation(route));
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Postern",
            "version": "1",
            "description": "Ask that a patient be told something. Postern decides whether, where, when and how much, says it, \
                            and can prove afterwards what it did and why. Designed to support HIPAA compliance.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "paths": paths,
        "components": {
            "schemas": schemas::all(),
            "securitySchemes": { "key": {
                "type": "http",
                "scheme": "bearer",
                "bearerFormat": "pk_ID_SECRET",
                "description": "An API key. Each operation says which scopes it needs under `x-scopes`.",
            } },
        },
    })
}

const fn method(method: Method) -> &'static str {
    match method {
        Method::Get => "get",
        Method::Post => "post",
        Method::Put => "put",
        Method::Delete => "delete",
    }
}

fn operation(route: &Route) -> Value {
    let mut operation = json!({
        "operationId": route.id,
        "summary": route.summary,
        "parameters": parameters(route),
        "responses": responses(route),
        "x-records": records(route.records),
    });
    if let Some(operation) = operation.as_object_mut() {
        if let Some(content) = body(route.takes) {
            operation.insert("requestBody".into(), json!({ "required": true, "content": content }));
        }
        if let Access::Scopes(scopes) = route.access {
            let scopes: Vec<&str> = scopes.iter().map(|scope| scope.as_str()).collect();
            operation.insert("security".into(), json!([{ "key": scopes }]));
            operation.insert("x-scopes".into(), json!(scopes));
        } else {
            operation.insert("security".into(), json!([]));
        }
    }
    operation
}

const fn records(records: Records) -> &'static str {
    match records {
        Records::Nothing => "nothing",
        Records::Accepted => "accepted",
        Records::Disclosed => "disclosed",
        Records::DisclosedOnContent => "disclosed, when the content is read",
        Records::VendorChanged => "vendor_changed",
        Records::ConsentChanged => "consent_changed",
        Records::Administered => "administered",
        Records::Received => "receipt, inbound, consent_changed, terminal",
    }
}

fn parameters(route: &Route) -> Value {
    let of_path = route.path.split('/').filter_map(|part| {
        let name = part.strip_prefix('{')?.strip_suffix('}')?.trim_start_matches('*');
        Some(json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }))
    });
    let named = route.parameters.iter().map(|(name, place, what)| {
        json!({ "name": name, "in": place, "required": false, "description": what, "schema": { "type": "string" } })
    });
    of_path.chain(named).collect()
}

fn reference(schema: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{schema}") })
}

fn body(takes: Takes) -> Option<Value> {
    match takes {
        Takes::Nothing => None,
        Takes::Json(schema) => Some(json!({ "application/json": { "schema": reference(schema) } })),
        Takes::JsonWithFiles(schema) => {
            let parts = json!({
                "type": "object", "required": ["request"],
                "properties": { "request": reference(schema), "file": { "type": "string", "format": "binary" } },
            });
            Some(json!({
                "application/json": { "schema": reference(schema) }, "multipart/form-data": { "schema": parts },
            }))
        }
        Takes::JsonLines(schema) => Some(json!({ "application/x-ndjson": { "schema": reference(schema) } })),
        Takes::Form => Some(json!({ "application/x-www-form-urlencoded": { "schema": { "type": "object" } } })),
        Takes::Files => Some(json!({ "multipart/form-data": { "schema": { "type": "object" } } })),
        Takes::Anything => Some(json!({ "*/*": {} })),
    }
}

fn responses(route: &Route) -> Value {
    let (status, gives) = route.gives;
    let mut good = json!({ "description": "Done." });
    let content = match gives {
        Gives::Nothing => None,
        Gives::Json(schema) => Some(json!({ "application/json": { "schema": reference(schema) } })),
        Gives::JsonLines(schema) => Some(json!({ "application/x-ndjson": { "schema": reference(schema) } })),
        Gives::Text(kind) => Some(json!({ kind: { "schema": { "type": "string" } } })),
    };
    if let (Some(content), Some(good)) = (content, good.as_object_mut()) {
        good.insert("content".into(), content);
    }
    let mut all = Map::new();
    all.insert(status.to_string(), good);
    for kind in problems(route) {
        let problem = json!({
            "description": kind.title(),
            "content": { "application/problem+json": { "schema": reference("Problem") } },
        });
        all.insert(kind.status().as_u16().to_string(), problem);
    }
    Value::Object(all)
}

/// The problems that a route can answer with.
fn problems(route: &Route) -> Vec<Kind> {
    let mut kinds = vec![Kind::Unavailable];
    match route.access {
        Access::Scopes(_) => kinds.extend([Kind::Unauthorized, Kind::Forbidden, Kind::TooMany]),
        Access::Vendor => kinds.extend([Kind::Unauthorized, Kind::NotFound, Kind::BadRequest]),
        Access::Link => kinds.push(Kind::BadRequest),
        Access::Anyone | Access::ThisMachine | Access::Browser | Access::Patient => {}
    }
    match route.takes {
        Takes::Json(_) | Takes::JsonWithFiles(_) | Takes::JsonLines(_) => {
            kinds.extend([Kind::TooLarge, Kind::UnsupportedMediaType, Kind::Malformed, Kind::BadRequest]);
        }
        Takes::Anything | Takes::Form | Takes::Files => kinds.push(Kind::TooLarge),
        Takes::Nothing => {}
    }
    if route.path.contains('{') {
        kinds.push(Kind::NotFound);
    }
    if !route.parameters.is_empty() && route.takes == Takes::Nothing {
        kinds.push(Kind::Malformed);
    }
    if route.records == Records::Administered && route.path.contains('{') {
        kinds.extend([Kind::Conflict, Kind::Malformed]);
    }
    if route.records == Records::Accepted {
        kinds.extend([Kind::Conflict, Kind::NotFound]);
    }
    if matches!(route.records, Records::Disclosed | Records::DisclosedOnContent) || route.path.ends_with("/decision") {
        kinds.push(Kind::Gone);
    }
    kinds
}
