//! `postern notice`: what patients were told, accept and object to, in a data directory that no server is running on.
//! `/v1/patients/{id}/notices` does the same on a running one.

use super::{of_patient, with_engine};
use crate::cli::{Global, OfPatient, OfPatientCommand};
use crate::exit::{Exit, Failure};
use postern_engine::Principal;
use postern_engine::wire::{self, NoticeView};

/// Records or lists notices. The server must not be running.
pub(crate) fn run(global: &Global, args: &OfPatient) -> Result<Exit, Failure> {
    with_engine(global, args.tenant.as_ref(), |engine, tenant| async move {
        let principal = Principal::system(tenant);
        let found = match &args.command {
            OfPatientCommand::Add { patient, file } => {
                let new = wire::parse(&super::read_input(file)?).map_err(|why| of_patient::failure(&why.into()))?;
                engine.add_notice(&principal, patient, &new).await.map(|added| vec![added])
            }
            OfPatientCommand::List { patient } => engine.notices(&principal, patient).await,
        };
        of_patient::show(global, "notices", found, line).map(|()| Exit::Done)
    })
}

fn line(one: &NoticeView) -> String {
    let word = |field| of_patient::word(one, field);
    let (kind, ends, version, answer) = (word("kind"), word("contact_point_ends"), word("version"), word("answer"));
    let stands = if one.stands { "" } else { " (something newer was said)" };
    let day = one.at.strftime("%Y-%m-%d");
    format!("{day}  {kind}  …{ends}  version: {version}  answer: {answer}{stands}  {}", one.how)
}
