//! `postern key`: another API key.

use super::quickstart::new_key;
use super::{configuration, of_this_machine};
use crate::cli::{Global, Key};
use crate::config::Log;
use crate::exit::{Exit, Failure};
use crate::output;
use crate::process;
use crate::wiring;
use postern_engine::{PrincipalKind, Scope};
use serde_json::json;
use std::io::Write as _;

/// What a key may do when nothing is said.
const OF_A_PROGRAM: [Scope; 2] = [Scope::MessagesWrite, Scope::MessagesRead];
const OF_A_PERSON: [Scope; 5] =
    [Scope::MessagesWrite, Scope::MessagesRead, Scope::TemplatesRead, Scope::TemplatesWrite, Scope::TemplatesApprove];

/// Makes a key for a tenant of the configuration, and shows it this once. The server must not be running.
pub(crate) fn run(global: &Global, args: &Key) -> Result<Exit, Failure> {
    let (data, file, config) = configuration(global)?;
    process::start_log(&Log { level: "warn".into(), ..config.log.clone() })?;
    process::choose_tls()?;
    process::runtime()?.block_on(async {
        let sources = of_this_machine();
        let running = wiring::open(&data, &config, &sources).await?;
        wiring::apply_tenants(&running.engine, &file, &config).await?;
        let tenant = wiring::tenant(&running.engine, args.tenant.as_ref()).await?;
        let kind = if args.staff { PrincipalKind::Staff } else { PrincipalKind::ApiKey };
        let usual = if args.staff { &OF_A_PERSON[..] } else { &OF_A_PROGRAM };
        let scopes = if args.scopes.is_empty() { usual } else { &args.scopes };
        let key = new_key(&running.engine, &tenant, kind, &args.label, scopes, sources.rng.as_ref()).await?;
        running.engine.store().clone().close().await;
        if global.json {
            let scopes: Vec<&str> = scopes.iter().map(|scope| scope.as_str()).collect();
            output::json_line(&json!({
                "tenant": tenant, "api_key": key.token.reveal(), "api_key_id": key.id, "scopes": scopes,
            }))?;
        } else {
            let mut out = std::io::stdout().lock();
            writeln!(out, "{}", key.token.reveal())?;
            writeln!(std::io::stderr(), "This is shown once; only its hash is stored.")?;
        }
        Ok(Exit::Done)
    })
}
