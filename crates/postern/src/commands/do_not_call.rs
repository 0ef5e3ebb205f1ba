//! `postern do-not-call`: requests not to be called to sell, in a data directory that no server is running on.
//! `/v1/patients/{id}/do-not-call` does the same on a running one.

use super::{of_patient, with_engine};
use crate::cli::{Global, OfPatient, OfPatientCommand};
use crate::exit::{Exit, Failure};
use postern_engine::Principal;
use postern_engine::wire::{self, DoNotCallView};

/// Records or lists requests. The server must not be running.
pub(crate) fn run(global: &Global, args: &OfPatient) -> Result<Exit, Failure> {
    with_engine(global, args.tenant.as_ref(), |engine, tenant| async move {
        let principal = Principal::system(tenant);
        let found = match &args.command {
            OfPatientCommand::Add { patient, file } => {
                let new = wire::parse(&super::read_input(file)?).map_err(|why| of_patient::failure(&why.into()))?;
                engine.add_do_not_call(&principal, patient, &new).await
            }
            OfPatientCommand::List { patient } => engine.do_not_call(&principal, patient).await,
        };
        of_patient::show(global, "do_not_call", found, line).map(|()| Exit::Done)
    })
}

fn line(one: &DoNotCallView) -> String {
    let day = |at: jiff::Timestamp| at.strftime("%Y-%m-%d");
    format!("…{}  asked {}  honoured until {}", one.number_ends, day(one.asked_at), day(one.until))
}
