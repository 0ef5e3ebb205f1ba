//! `postern key`: API keys, in a data directory that no server is running on. `/v1/keys` does the same on a running one.

use super::quickstart::{WantedKey, new_key};
use super::{configuration, of_this_machine};
use crate::cli::{Global, Key, KeyAdd, KeyCommand};
use crate::config::Log;
use crate::exit::{Exit, Failure};
use crate::output;
use crate::process;
use crate::wiring::{self, Sources};
use postern_base::TenantId;
use postern_engine::{Engine, Principal, PrincipalKind, Scope, UseError};
use postern_store::OpenError;
use postern_web::api::keys::Shown;
use serde_json::json;
use std::io::Write as _;

/// What a key may do when nothing is said.
const OF_A_PROGRAM: [Scope; 2] = [Scope::MessagesWrite, Scope::MessagesRead];
const OF_A_PERSON: [Scope; 5] =
    [Scope::MessagesWrite, Scope::MessagesRead, Scope::TemplatesRead, Scope::TemplatesWrite, Scope::TemplatesApprove];

/// What to do when a server has the data directory.
const RUNNING: &str = "a server is running on this data directory; ask it instead, with a key that has the scope admin: \
    GET /v1/keys, POST /v1/keys, DELETE /v1/keys/KEY_ID";

/// Makes, lists or revokes keys. The server must not be running.
pub(crate) fn run(global: &Global, args: &Key) -> Result<Exit, Failure> {
    let (data, file, config) = configuration(global)?;
    process::start_log(&Log { level: "warn".into(), ..config.log.clone() })?;
    process::choose_tls()?;
    process::runtime()?.block_on(async {
        let sources = of_this_machine();
        let running = wiring::open(&data, &config, &sources).await.map_err(|failure| match failure {
            Failure::Open { path, why: OpenError::InUse } => Failure::Data { path, what: RUNNING.into() },
            other => other,
        })?;
        let engine = &running.engine;
        wiring::apply_tenants(engine, &file, &config).await?;
        let done = match &args.command {
            None => add(global, engine, &args.add, &sources).await,
            Some(KeyCommand::Add(args)) => add(global, engine, args, &sources).await,
            Some(KeyCommand::List { tenant }) => list(global, engine, tenant.as_ref()).await,
            Some(KeyCommand::Revoke { tenant, id }) => revoke(global, engine, tenant.as_ref(), id).await,
        };
        running.engine.store().clone().close().await;
        done.map(|()| Exit::Done)
    })
}

async fn add(global: &Global, engine: &Engine, args: &KeyAdd, sources: &Sources) -> Result<(), Failure> {
    let tenant = wiring::tenant(engine, args.tenant.as_ref()).await?;
    let kind = if args.staff { PrincipalKind::Staff } else { PrincipalKind::ApiKey };
    let usual = if args.staff { &OF_A_PERSON[..] } else { &OF_A_PROGRAM };
    let scopes = if args.scopes.is_empty() { usual } else { &args.scopes };
    let wanted = WantedKey {
        kind,
        label: &args.label,
        scopes,
        role: args.role.as_deref(),
        second_factor_until: args.second_factor_until,
    };
    let key = new_key(engine, &tenant, wanted, sources).await?;
    if global.json {
        let scopes: Vec<&str> = scopes.iter().map(|scope| scope.as_str()).collect();
        output::json_line(&json!({
            "tenant": tenant, "api_key": key.token.reveal(), "api_key_id": key.id, "scopes": scopes,
        }))?;
    } else {
        writeln!(std::io::stdout().lock(), "{}", key.token.reveal())?;
        writeln!(std::io::stderr(), "This is shown once; only its hash is stored. Its id is {}.", key.id)?;
    }
    Ok(())
}

async fn list(global: &Global, engine: &Engine, named: Option<&TenantId>) -> Result<(), Failure> {
    let tenant = wiring::tenant(engine, named).await?;
    let principal = Principal::system(tenant);
    let keys = engine.principals(&principal).await.map_err(|error| Failure::Stopped(error.to_string()))?;
    let keys: Vec<Shown> = keys.into_iter().map(Shown::from).collect();
    if global.json {
        output::json_line(&json!({ "keys": keys }))?;
        return Ok(());
    }
    let mut out = std::io::stdout().lock();
    writeln!(out, "{:<26} {:<20} {:<8} {:<24} {:<16} scopes", "id", "made", "state", "label", "role")?;
    for key in keys {
        let made = key.made_at.map_or_else(|| "-".to_owned(), |at| at.strftime("%Y-%m-%d %H:%M UTC").to_string());
        let state = if key.revoked { "revoked" } else { "in use" };
        let (role, scopes) = (key.role.as_deref().unwrap_or("-"), key.scopes.join(" "));
        writeln!(out, "{:<26} {made:<20} {state:<8} {:<24} {role:<16} {scopes}", key.id, key.label)?;
    }
    Ok(())
}

async fn revoke(global: &Global, engine: &Engine, named: Option<&TenantId>, id: &str) -> Result<(), Failure> {
    let tenant = wiring::tenant(engine, named).await?;
    let revoked = engine.revoke_principal(&Principal::system(tenant), id).await.map_err(|error| match error {
        UseError::NotFound => Failure::Usage("there is no key of that id: `postern key list` shows them".into()),
        other => Failure::Stopped(other.to_string()),
    })?;
    if global.json {
        output::json_line(&Shown::from(revoked))?;
    } else {
        writeln!(std::io::stdout().lock(), "revoked {}", revoked.id)?;
    }
    Ok(())
}
