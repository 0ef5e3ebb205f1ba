//! The table, the router and the OpenAPI document are one thing; so are the schemas and the parser.

use super::{openapi, schemas};
use crate::routes::{Access, DEMO, Method, Records, Takes, table};
use postern_engine::wire;
use serde_json::{Value, json};
use std::collections::BTreeSet;

#[test]
fn every_route_is_in_the_openapi_document_and_nothing_else_is() {
    let document = openapi::document();
    let mut documented: BTreeSet<String> = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            documented.insert(format!("{method} {path}"));
        }
    }
    let routed: BTreeSet<String> = table()
        .map(|route| format!("{} {}", format!("{:?}", route.method).to_lowercase(), route.path.replace("{*", "{")))
        .collect();
    assert_eq!(documented, routed);
}

#[test]
fn names_of_operations_are_unique_and_every_reference_has_a_schema() {
    let names: BTreeSet<&str> = table().chain(DEMO).map(|route| route.id).collect();
    assert_eq!(names.len(), table().count() + DEMO.len());
    let document = openapi::document();
    let text = document.to_string();
    for reference in text.split("#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(document["components"]["schemas"][name].is_object(), "{name}");
    }
}

#[test]
fn the_document_is_openapi_as_another_library_reads_it() {
    // That library's untagged enums cannot take numbers of arbitrary precision, which serde_json has here: without numbers.
    let document = without_numbers(openapi::document());
    let read: utoipa::openapi::OpenApi = serde_json::from_value(document).unwrap();
    assert_eq!(read.info.title, "Postern");
    assert_eq!(read.paths.paths.len(), table().map(|r| r.path).collect::<BTreeSet<_>>().len());
}

#[test]
fn what_changes_or_shows_something_of_a_patient_needs_a_scope_and_is_recorded() {
    for route in table().chain(DEMO) {
        match route.access {
            Access::Scopes(scopes) => assert!(!scopes.is_empty(), "{}", route.id),
            Access::Anyone => {
                assert_eq!((route.records, route.takes), (Records::Nothing, Takes::Nothing), "{}", route.id)
            }
            Access::Vendor => assert_eq!(route.records, Records::Received, "{}", route.id),
            // A GET of a link changes nothing: programs that look for viruses follow every one.
            Access::Link => assert_eq!(route.records == Records::Nothing, route.method == Method::Get, "{}", route.id),
            Access::Browser | Access::Patient => panic!("{}: a page of the portal is no route of the API", route.id),
            Access::ThisMachine => assert!(DEMO.iter().any(|demo| demo.id == route.id), "{}", route.id),
        }
        if route.path.ends_with("portal-copies") || route.path.ends_with("inbound") {
            assert_eq!(route.records, Records::Disclosed);
        }
    }
}

fn without_numbers(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            fields.into_iter().filter(|(_, v)| !v.is_number()).map(|(k, v)| (k, without_numbers(v))).collect()
        }
        Value::Array(items) => items.into_iter().filter(|v| !v.is_number()).map(without_numbers).collect(),
        other => other,
    }
}

/// The fields that the parser knows, from what it says of one that it does not.
fn known<T: serde::de::DeserializeOwned>(document: &Value) -> BTreeSet<String> {
    let error = wire::parse::<T>(document.to_string().as_bytes()).err().expect("an unknown field is refused");
    let (_, list) = error.what.split_once("known: ").expect("it lists the fields it knows");
    list.split('`').skip(1).step_by(2).map(ToOwned::to_owned).collect()
}

fn described(schema: &Value) -> BTreeSet<String> {
    schema["properties"].as_object().unwrap().keys().cloned().collect()
}

#[test]
fn the_schemas_have_exactly_the_fields_that_the_parser_takes() {
    let unknown = json!({ "zzz": 1 });
    let all = schemas::all();
    assert_eq!(known::<wire::Request>(&unknown), described(&all["Request"]));
    assert_eq!(known::<wire::NewCertificate>(&unknown), described(&all["NewCertificate"]));
    assert_eq!(known::<wire::NewDoNotCall>(&unknown), described(&all["NewDoNotCall"]));
    assert_eq!(known::<wire::NewVerification>(&unknown), described(&all["NewVerification"]));
    assert_eq!(known::<wire::NewDisclosure>(&unknown), described(&all["NewDisclosure"]));
    assert_eq!(known::<wire::NewNotice>(&unknown), described(&all["NewNotice"]));
    assert_eq!(known::<wire::NewNumberCheck>(&unknown), described(&all["NewNumberCheck"]));
    assert_eq!(known::<wire::Vendor>(&unknown), described(&all["Vendor"]));
    assert_eq!(known::<wire::Agreement>(&unknown), described(&all["Agreement"]));
    assert_eq!(known::<postern_engine::scan::ScanLine>(&unknown), described(&all["ScanLine"]));
    assert_eq!(known::<wire::Content>(&unknown), described(&all["Content"]));
    assert_eq!(known::<wire::TemplateUse>(&unknown), described(&all["TemplateUse"]));
    assert_eq!(known::<wire::Recipient>(&unknown), described(&all["Recipient"]));
    assert_eq!(known::<wire::BreakGlass>(&unknown), described(&all["BreakGlass"]));
    assert_eq!(known::<wire::Voice>(&unknown), described(&all["Voice"]));
    assert!(all["Answer"]["properties"]["changes"].is_object() && all["AnsweredCandidate"].is_object());
}
