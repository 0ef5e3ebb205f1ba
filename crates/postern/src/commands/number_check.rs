//! `postern number-check`: look-ups of patients' numbers, in a data directory that no server is running on.
//! `/v1/patients/{id}/number-checks` does the same on a running one.

use super::{of_patient, with_engine};
use crate::cli::{Global, OfPatient, OfPatientCommand};
use crate::exit::{Exit, Failure};
use postern_engine::Principal;
use postern_engine::wire::{self, NumberCheckView};

/// Records or lists look-ups. The server must not be running.
pub(crate) fn run(global: &Global, args: &OfPatient) -> Result<Exit, Failure> {
    with_engine(global, args.tenant.as_ref(), |engine, tenant| async move {
        let principal = Principal::system(tenant);
        let found = match &args.command {
            OfPatientCommand::Add { patient, file } => {
                let new = wire::parse(&super::read_input(file)?).map_err(|why| of_patient::failure(&why.into()))?;
                engine.add_number_check(&principal, patient, &new).await.map(|added| vec![added])
            }
            OfPatientCommand::List { patient } => engine.number_checks(&principal, patient).await,
        };
        of_patient::show(global, "number_checks", found, line).map(|()| Exit::Done)
    })
}

fn line(one: &NumberCheckView) -> String {
    let word = |field| of_patient::word(one, field);
    let (day, ends, source) = (one.checked_at.strftime("%Y-%m-%d"), &one.number_ends, &one.source);
    let (reassigned, known_on, line_type) = (word("reassigned"), word("known_on"), word("line_type"));
    format!("…{ends}  {day}  reassigned: {reassigned} (since {known_on})  line: {line_type}  {source}")
}
