//! `postern alerts`: what somebody must look at now, and who takes it up, from a data directory that no server is running on.

use super::template::person;
use super::with_engine;
use crate::cli::{Alerts, AlertsCommand, Global};
use crate::exit::{Exit, Failure};
use crate::output;
use postern_engine::wire::AlertView;
use postern_engine::{PAGE, Principal, UseError};
use std::collections::BTreeMap;
use std::io::Write as _;

/// Lists alerts, or takes one up.
pub(crate) fn run(global: &Global, args: &Alerts) -> Result<Exit, Failure> {
    with_engine(global, args.tenant.as_ref(), |engine, tenant| async move {
        match &args.what {
            Some(AlertsCommand::Acknowledge { number, key }) => {
                let person = person(&engine, &tenant, key.key_file.as_deref()).await?;
                engine.acknowledge_alert(&person, *number).await.map_err(stopped)?;
            }
            None => {
                let found = engine.alerts(&Principal::system(tenant), !args.all, None, PAGE).await.map_err(stopped)?;
                show(global, found)?;
            }
        }
        Ok(Exit::Done)
    })
}

fn stopped(error: UseError) -> Failure {
    match error {
        UseError::NotFound => Failure::Usage("there is no such alert: `postern alerts --all` shows the numbers".into()),
        UseError::Forbidden(_) => Failure::Usage(error.to_string()),
        other => Failure::Stopped(other.to_string()),
    }
}

fn show(global: &Global, all: Vec<AlertView>) -> Result<(), Failure> {
    if global.json {
        output::json_line(&BTreeMap::from([("alerts", all)]))?;
        return Ok(());
    }
    let mut out = std::io::stdout().lock();
    for one in &all {
        let who = if one.patients.is_empty() { "not known".to_owned() } else { one.patients.join(", ") };
        let state = match (&one.acknowledged_by, one.late_at) {
            (Some(by), _) => format!("taken up by {by}"),
            (None, Some(_)) => format!("late: waits for {} minutes", one.waited_seconds / 60),
            (None, None) => format!("waits for {} minutes", one.waited_seconds / 60),
        };
        writeln!(out, "{}  {}  {}  {}  patient: {who}  {state}", one.id, one.at, one.rule, one.channel)?;
    }
    Ok(())
}
