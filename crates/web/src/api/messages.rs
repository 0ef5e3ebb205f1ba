//! Messages: ask for one, check one, read one back.

use super::query::{flag, parameters};
use super::{Body, json, json_body, message_id};
use crate::caller::Caller;
use crate::portal::{brings_files, of_program};
use crate::problem::{Kind, Problem};
use crate::web::Web;
use axum::Extension;
use axum::extract::{FromRequest, Path, RawQuery, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use postern_base::AttachmentId;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Says that an answer was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// `POST /v1/messages`: JSON, or a form with a part `request` and files.
pub(crate) async fn send(
    State(web): State<Web>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Result<Response, Problem> {
    let headers = request.headers().clone();
    let key = idempotency_key(&headers)?;
    let accepted = if brings_files(&headers) {
        // The seat is given back when the files are stored.
        let (form, _seat) = of_program(&web, &caller.0.tenant, &headers, request.into_body()).await?;
        web.engine().accept_with(&caller.0, key, &form.request, &form.files).await?
    } else {
        let body = json_body(&headers, Body::from_request(request, &web).await?)?;
        web.engine().accept(&caller.0, key, &body).await?
    };
    let location = HeaderValue::from_str(&accepted.answer.links.status);
    let mut response = json(StatusCode::ACCEPTED, &accepted.answer)?;
    if let Ok(location) = location {
        response.headers_mut().insert(header::LOCATION, location);
    }
    if accepted.replayed {
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    }
    Ok(response)
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let key = value.to_str().ok().filter(|key| (1..=255).contains(&key.len()) && values.next().is_none());
    match key {
        Some(key) => Ok(Some(key)),
        None => Err(Problem::new(
            Kind::Malformed,
            "`Idempotency-Key`: expected one value of 1 to 255 printable ASCII characters.",
        )
        .at("Idempotency-Key")),
    }
}

/// `POST /v1/messages:check`: what `POST /v1/messages` takes.
pub(crate) async fn check(
    State(web): State<Web>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Result<Response, Problem> {
    let headers = request.headers().clone();
    let answer = if brings_files(&headers) {
        let (form, _seat) = of_program(&web, &caller.0.tenant, &headers, request.into_body()).await?;
        web.engine().check_with(&caller.0, &form.request, &form.files).await?
    } else {
        let body = json_body(&headers, Body::from_request(request, &web).await?)?;
        web.engine().check(&caller.0, &body).await?
    };
    json(StatusCode::OK, &answer)
}

/// `GET /v1/messages/{id}/files/{file}`.
pub(crate) async fn file(
    State(web): State<Web>,
    Extension(caller): Extension<Caller>,
    Path((id, file)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let file: AttachmentId = file.parse().map_err(|_| Problem::not_found())?;
    let (kind, content) = web.engine().message_file(&caller.0, message_id(&id)?, file).await?;
    crate::portal::given(kind, content)
}

/// `GET /v1/messages/{id}`.
pub(crate) async fn status(
    State(web): State<Web>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let content = flag(&parameters(query.as_deref(), &["content"])?, "content")?;
    let message = web.engine().message(&caller.0, message_id(&id)?, content).await?;
    json(StatusCode::OK, &message)
}

/// `GET /v1/messages/{id}/decision`.
pub(crate) async fn decision(
    State(web): State<Web>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let answer = web.engine().decision(&caller.0, message_id(&id)?).await?;
    json(StatusCode::OK, &answer)
}

/// `GET /v1/messages/{id}/entries`.
pub(crate) async fn entries(
    State(web): State<Web>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let entries = web.engine().entries(&caller.0, message_id(&id)?).await?;
    json(StatusCode::OK, &serde_json::json!({ "entries": entries }))
}

/// `GET /v1/messages/{id}/proof`.
pub(crate) async fn proof(
    State(web): State<Web>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let text = web.engine().proof(&caller.0, message_id(&id)?).await?;
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response())
}
