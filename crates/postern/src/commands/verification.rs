//! `postern verification`: whether contact points are the patient's own, in a data directory that no server is running on.
//! `/v1/patients/{id}/verifications` does the same on a running one.

use super::{of_patient, with_engine};
use crate::cli::{Global, OfPatient, OfPatientCommand};
use crate::exit::{Exit, Failure};
use postern_engine::Principal;
use postern_engine::wire::{self, VerificationView};

/// Records or lists verifications. The server must not be running.
pub(crate) fn run(global: &Global, args: &OfPatient) -> Result<Exit, Failure> {
    with_engine(global, args.tenant.as_ref(), |engine, tenant| async move {
        let principal = Principal::system(tenant);
        let found = match &args.command {
            OfPatientCommand::Add { patient, file } => {
                let new = wire::parse(&super::read_input(file)?).map_err(|why| of_patient::failure(&why.into()))?;
                engine.add_verification(&principal, patient, &new).await.map(|added| vec![added])
            }
            OfPatientCommand::List { patient } => engine.verifications(&principal, patient).await,
        };
        of_patient::show(global, "verifications", found, line).map(|()| Exit::Done)
    })
}

fn line(one: &VerificationView) -> String {
    let (ends, day, how) = (&one.contact_point_ends, one.at.strftime("%Y-%m-%d"), &one.how);
    format!("…{ends}  {day}  {}  {how}", if one.verified { "the patient's own" } else { "not the patient's" })
}
