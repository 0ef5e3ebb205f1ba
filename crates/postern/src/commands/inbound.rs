//! `postern inbound`: what a patient wrote, and what it means, from a data directory that no server is running on.

use super::template::person;
use super::with_engine;
use crate::cli::{Global, Inbound, InboundCommand};
use crate::exit::{Exit, Failure};
use crate::output;
use postern_base::TenantId;
use postern_engine::wire::{NewReview, ReadReason, ReceivedView};
use postern_engine::{PAGE, Principal, UseError};
use std::collections::BTreeMap;
use std::io::Write as _;

/// Shows what a patient wrote, or records what somebody who read it says it means.
pub(crate) fn run(global: &Global, args: &Inbound) -> Result<Exit, Failure> {
    match (&args.what, &args.patient, args.why) {
        (Some(InboundCommand::Review { patient, tenant, number, verdict, key }), ..) => {
            with_engine(global, tenant.as_ref(), |engine, tenant| async move {
                let person = person(&engine, &tenant, key.key_file.as_deref()).await?;
                let new = NewReview { verdict: *verdict };
                engine.review_inbound(&person, patient, *number, new).await.map_err(stopped)?;
                Ok(Exit::Done)
            })
        }
        (None, Some(patient), Some(why)) => list(global, args.tenant.as_ref(), patient, why.into()),
        (None, ..) => Err(Failure::Usage("say whose messages, and why you read them".into())),
    }
}

/// Shows the latest hundred; that they were read, and why, is entered in the ledger first.
fn list(global: &Global, tenant: Option<&TenantId>, patient: &str, why: ReadReason) -> Result<Exit, Failure> {
    with_engine(global, tenant, |engine, tenant| async move {
        let found = engine.received(&Principal::system(tenant), patient, why, None, PAGE).await.map_err(stopped)?;
        show(global, found)?;
        Ok(Exit::Done)
    })
}

fn stopped(error: UseError) -> Failure {
    match error {
        UseError::NotFound => {
            Failure::Usage("the patient wrote no message of this number: `postern inbound` shows the numbers".into())
        }
        UseError::Malformed(_) | UseError::NotAPerson | UseError::Forbidden(_) => Failure::Usage(error.to_string()),
        other => Failure::Stopped(other.to_string()),
    }
}

fn show(global: &Global, all: Vec<ReceivedView>) -> Result<(), Failure> {
    if global.json {
        output::json_line(&BTreeMap::from([("inbound", all)]))?;
        return Ok(());
    }
    let mut out = std::io::stdout().lock();
    for one in &all {
        let whose = if one.theirs { "" } else { "  (perhaps somebody else's)" };
        let said = one.reviewed.map(|review| format!(", reviewed as {review}")).unwrap_or_default();
        let text = one.text.replace('\n', "\n  ");
        writeln!(out, "{}  {}  {}  {}{said}{whose}\n  {text}", one.id, one.at, one.channel, one.read_as)?;
    }
    Ok(())
}
