//! `postern inbound`: what a patient wrote, from a data directory that no server is running on.

use super::with_engine;
use crate::cli::{Global, Inbound};
use crate::exit::{Exit, Failure};
use crate::output;
use postern_engine::wire::{ReadReason, ReceivedView};
use postern_engine::{PAGE, Principal, UseError};
use std::collections::BTreeMap;
use std::io::Write as _;

/// Shows what a patient wrote, the latest hundred; that it was read, and why, is entered in the ledger first.
pub(crate) fn run(global: &Global, args: &Inbound) -> Result<Exit, Failure> {
    with_engine(global, args.tenant.as_ref(), |engine, tenant| async move {
        let principal = Principal::system(tenant);
        let why = ReadReason::from(args.why);
        let found = engine.received(&principal, &args.patient, why, None, PAGE).await.map_err(|error| match error {
            UseError::Malformed(why) => Failure::Usage(why.to_string()),
            other => Failure::Stopped(other.to_string()),
        })?;
        show(global, found)?;
        Ok(Exit::Done)
    })
}

fn show(global: &Global, all: Vec<ReceivedView>) -> Result<(), Failure> {
    if global.json {
        output::json_line(&BTreeMap::from([("inbound", all)]))?;
        return Ok(());
    }
    let mut out = std::io::stdout().lock();
    for one in &all {
        let whose = if one.theirs { "" } else { "  (perhaps somebody else's)" };
        writeln!(out, "{}  {}  {}{whose}\n  {}", one.at, one.channel, one.read_as, one.text.replace('\n', "\n  "))?;
    }
    Ok(())
}
