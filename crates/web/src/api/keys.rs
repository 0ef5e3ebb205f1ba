//! API keys: make one, list them, revoke one.

use super::{Body, json, json_body};
use crate::caller::Caller;
use crate::key::{self, ApiKey};
use crate::problem::{Kind, Problem};
use crate::web::Web;
use axum::Extension;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use postern_engine::{Forbidden, PrincipalKind, Scope, wire};
use postern_store::PrincipalRecord;
use serde::{Deserialize, Serialize};

/// The longest label, in characters.
const LABEL_MAX: usize = 100;

/// What is asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// A name for people; no PHI belongs here.
    #[serde(default)]
    label: String,
    /// What it may do.
    scopes: Vec<String>,
    /// Whose it is.
    #[serde(default)]
    kind: HolderKind,
    /// What its holder does, by the name of a role.
    #[serde(default)]
    role: Option<String>,
    /// The caller checked a second factor of the person whose key it is, and it counts until then.
    #[serde(default)]
    second_factor_until: Option<Timestamp>,
}

/// Whose key it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HolderKind {
    /// A program's.
    #[default]
    Program,
    /// A person's own.
    Person,
}

impl HolderKind {
    const fn principal(self) -> PrincipalKind {
        match self {
            Self::Program => PrincipalKind::ApiKey,
            Self::Person => PrincipalKind::Staff,
        }
    }
}

/// A key as a list shows it.
#[derive(Debug, Serialize)]
pub struct Shown {
    /// Its public part, as the ledger names it.
    pub id: String,
    /// Its name for people.
    pub label: String,
    /// Whose it is.
    pub kind: HolderKind,
    /// What its holder does; `null` = nobody said.
    pub role: Option<String>,
    /// Until when a second factor of its holder counts; `null` = none was checked.
    pub second_factor_until: Option<Timestamp>,
    /// What it may do.
    pub scopes: Vec<String>,
    /// When it was made; `null` for a key that does not say.
    pub made_at: Option<Timestamp>,
    /// Nobody can use it any more.
    pub revoked: bool,
}

impl From<PrincipalRecord> for Shown {
    fn from(record: PrincipalRecord) -> Self {
        Self {
            made_at: key::made_at(&record.id),
            id: record.id,
            label: record.label,
            kind: if record.kind == PrincipalKind::Staff.as_str() { HolderKind::Person } else { HolderKind::Program },
            role: record.role,
            second_factor_until: record.second_factor_until,
            scopes: record.scopes,
            revoked: record.revoked,
        }
    }
}

/// `GET /v1/keys`.
pub(crate) async fn list(State(web): State<Web>, Extension(caller): Extension<Caller>) -> Result<Response, Problem> {
    let keys: Vec<Shown> = web.engine().principals(&caller.0).await?.into_iter().map(Shown::from).collect();
    json(StatusCode::OK, &serde_json::json!({ "keys": keys }))
}

/// `POST /v1/keys`: the answer is the only place where the key itself ever stands.
pub(crate) async fn make(
    State(web): State<Web>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let wanted: Wanted = wire::parse(&json_body(&headers, body)?)?;
    if wanted.label.chars().count() > LABEL_MAX || wanted.label.chars().any(char::is_control) {
        let expected = format!("`label`: expected one line of at most {LABEL_MAX} characters.");
        return Err(Problem::new(Kind::Malformed, expected).at("label"));
    }
    if wanted.scopes.is_empty() {
        return Err(Problem::new(Kind::Malformed, "`scopes`: expected at least one scope.").at("scopes"));
    }
    for scope in &wanted.scopes {
        let known: Scope = scope.parse().map_err(|_| {
            let all: Vec<&str> = Scope::ALL.iter().map(|scope| scope.as_str()).collect();
            Problem::new(Kind::Malformed, format!("`scopes`: expected some of {}.", all.join(", "))).at("scopes")
        })?;
        // Nobody gives what they do not have.
        if !caller.0.may(known) {
            return Err(Forbidden(known).into());
        }
    }
    let key = ApiKey::new(web.engine().clock().now(), web.rng())
        .map_err(|_| Problem::unavailable("There is no randomness to make a key from."))?;
    let record = PrincipalRecord {
        tenant: caller.0.tenant.clone(),
        id: key.id.clone(),
        kind: wanted.kind.principal().as_str().into(),
        label: wanted.label,
        scopes: wanted.scopes,
        revoked: false,
        role: wanted.role,
        second_factor_until: wanted.second_factor_until,
    };
    let shown = Shown::from(record.clone());
    web.engine().put_principal(&caller.0, record, key.hash()).await?;
    let made = serde_json::json!({ "api_key": key.token.reveal(), "key": shown });
    json(StatusCode::CREATED, &made)
}

/// `DELETE /v1/keys/{id}`: the next call with that key is refused.
pub(crate) async fn revoke(
    State(web): State<Web>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    web.engine().revoke_principal(&caller.0, &id).await?;
    web.callers().after_revocation();
    Ok(StatusCode::NO_CONTENT.into_response())
}
