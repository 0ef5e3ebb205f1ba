//! `postern portal`: invitations to the patients' portal, in a data directory that no server is running on.
//! `/v1/patients/{id}/portal-invitations` does the same on a running one.

use super::with_engine;
use crate::cli::{Global, Portal, PortalCommand};
use crate::exit::{Exit, Failure};
use crate::output;
use postern_engine::portal::NewInvitation;
use postern_engine::{Principal, UseError};
use std::io::Write as _;

/// Makes an invitation. The server must not be running.
pub(crate) fn run(global: &Global, args: &Portal) -> Result<Exit, Failure> {
    let PortalCommand::Invite { patient, person } = &args.command;
    with_engine(global, args.tenant.as_ref(), |engine, tenant| async move {
        let new = NewInvitation { person: person.clone() };
        let made = engine.invite(&Principal::system(tenant), patient, &new).await.map_err(|error| failure(&error))?;
        if global.json {
            output::json_line(&made)?;
        } else {
            let until = made.expires_at.strftime("%Y-%m-%d %H:%M UTC");
            writeln!(std::io::stdout().lock(), "{}  good until {until}; it is not told again", made.code)?;
        }
        Ok(Exit::Done)
    })
}

fn failure(error: &UseError) -> Failure {
    match error {
        UseError::NotFound => Failure::Usage("there is no such patient here".into()),
        UseError::Malformed(why) => Failure::Usage(why.what.clone()),
        other => Failure::Stopped(other.to_string()),
    }
}
