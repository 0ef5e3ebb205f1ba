//! `postern wishes`: what patients asked for in the portal, from a data directory that no server is running on.

use super::with_engine;
use crate::cli::{Global, Wishes};
use crate::exit::{Exit, Failure};
use crate::output;
use postern_engine::{PAGE, Principal, UseError, WishView};
use std::collections::BTreeMap;
use std::io::Write as _;

/// Shows the latest hundred; that they were read is entered in the ledger first.
pub(crate) fn run(global: &Global, args: &Wishes) -> Result<Exit, Failure> {
    let patient = args.patient.as_deref();
    with_engine(global, args.tenant.as_ref(), |engine, tenant| async move {
        let found = engine.wish_list(&Principal::system(tenant), patient, None, PAGE).await;
        let (wishes, _) = found.map_err(|error| match error {
            UseError::Malformed(_) => Failure::Usage(error.to_string()),
            other => Failure::Stopped(other.to_string()),
        })?;
        show(global, wishes)?;
        Ok(Exit::Done)
    })
}

fn show(global: &Global, all: Vec<WishView>) -> Result<(), Failure> {
    if global.json {
        output::json_line(&BTreeMap::from([("wishes", all)]))?;
        return Ok(());
    }
    let mut out = std::io::stdout().lock();
    for one in &all {
        let point = one.contact_point.as_deref().unwrap_or_default();
        let whom = one.emergency_contact.as_ref();
        let whom = whom.map(|whom| format!("{}, {} ({})", whom.name, whom.phone, whom.relation)).unwrap_or_default();
        let hours = one.hours.map(|(from, to)| format!("{from} to {to}")).unwrap_or_default();
        let language = one.language.map(|language| language.to_string()).unwrap_or_default();
        let purposes: Vec<String> = one.purposes.iter().map(ToString::to_string).collect();
        let person = one.person.clone().unwrap_or_default();
        let about = [point.to_owned(), person, whom, hours, language, purposes.join(" ")];
        let about: Vec<&str> = about.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
        writeln!(out, "{}  {}  {}  {}", one.at, one.patient, one.wish, about.join(", "))?;
    }
    Ok(())
}
