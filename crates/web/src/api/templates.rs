//! Templates: what there is, how it reads at its longest, and how a new version comes into use.

use super::query::parameters;
use super::{Body, json, json_body};
use crate::caller::Caller;
use crate::problem::{Kind, Problem};
use crate::web::Web;
use axum::Extension;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use postern_engine::wire;
use serde::Deserialize;

/// The body of `POST /v1/templates`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Draft {
    /// The file.
    source: String,
}

/// `GET /v1/templates`.
pub(crate) async fn list(State(web): State<Web>, Extension(caller): Extension<Caller>) -> Result<Response, Problem> {
    let templates = web.engine().templates(&caller.0).await?;
    json(StatusCode::OK, &serde_json::json!({ "templates": templates }))
}

/// `POST /v1/templates`.
pub(crate) async fn draft(
    State(web): State<Web>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let draft: Draft = wire::parse(&json_body(&headers, body)?)?;
    json(StatusCode::CREATED, &web.engine().draft_template(&caller.0, &draft.source).await?)
}

/// `GET /v1/templates/{name}`.
pub(crate) async fn show(
    State(web): State<Web>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let version = one(query.as_deref())?;
    json(StatusCode::OK, &web.engine().template(&caller.0, &name, version).await?)
}

/// `GET /v1/templates/{name}/preview`.
pub(crate) async fn preview(
    State(web): State<Web>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let version = one(query.as_deref())?;
    json(StatusCode::OK, &web.engine().preview_template(&caller.0, &name, version).await?)
}

/// `GET /v1/templates/{name}/diff`.
pub(crate) async fn diff(
    State(web): State<Web>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let given = parameters(query.as_deref(), &["older", "newer"])?;
    let of = |name: &str| {
        let value = given.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str());
        value.map(|value| whole(name, value)).unwrap_or_else(|| Err(not_a_version(name)))
    };
    let lines = web.engine().diff_template(&caller.0, &name, of("older")?, of("newer")?).await?;
    json(StatusCode::OK, &serde_json::json!({ "lines": lines }))
}

/// `POST /v1/templates/{name}/versions/{version}/propose`.
pub(crate) async fn propose(
    State(web): State<Web>,
    Extension(caller): Extension<Caller>,
    Path((name, version)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let version = whole("version", &version).map_err(|_| Problem::not_found())?;
    json(StatusCode::OK, &web.engine().propose_template(&caller.0, &name, version).await?)
}

/// `POST /v1/templates/{name}/versions/{version}/approve`.
pub(crate) async fn approve(
    State(web): State<Web>,
    Extension(caller): Extension<Caller>,
    Path((name, version)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let version = whole("version", &version).map_err(|_| Problem::not_found())?;
    json(StatusCode::OK, &web.engine().approve_template(&caller.0, &name, version).await?)
}

/// `POST /v1/templates/{name}/versions/{version}/retire`.
pub(crate) async fn retire(
    State(web): State<Web>,
    Extension(caller): Extension<Caller>,
    Path((name, version)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let version = whole("version", &version).map_err(|_| Problem::not_found())?;
    json(StatusCode::OK, &web.engine().retire_template(&caller.0, &name, version).await?)
}

fn one(query: Option<&str>) -> Result<Option<u32>, Problem> {
    let given = parameters(query, &["version"])?;
    given.first().map(|(_, value)| whole("version", value)).transpose()
}

fn whole(name: &str, value: &str) -> Result<u32, Problem> {
    value.parse().map_err(|_| not_a_version(name))
}

fn not_a_version(name: &str) -> Problem {
    Problem::new(Kind::Malformed, format!("`{name}`: expected the number of a version.")).at(name)
}
