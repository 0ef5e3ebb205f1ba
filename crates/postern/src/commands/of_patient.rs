//! `postern number-check`, `verification`, `notice`, `disclosure` and `do-not-call`: what is recorded of a patient beside the chart, in a data directory
//! that no server is running on. `/v1/patients/{id}/…` does the same on a running one.

use super::with_engine;
use crate::cli::{Global, OfPatient as Args, OfPatientCommand};
use crate::exit::{Exit, Failure};
use crate::output;
use postern_engine::wire::{self, DisclosureView, DoNotCallView, NoticeView, NumberCheckView, VerificationView};
use postern_engine::{Disclosures, DoNotCall, Notices, NumberChecks, OfPatient, Principal, UseError, Verifications};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::Write as _;

/// A kind of record that a person at a terminal reads, a line each.
pub(crate) trait Line: OfPatient {
    /// One of them, in a line.
    fn line(one: &Self::View) -> String;
}

/// Records or lists one kind. The server must not be running.
pub(crate) fn run<K: Line>(global: &Global, args: &Args) -> Result<Exit, Failure> {
    with_engine(global, args.tenant.as_ref(), |engine, tenant| async move {
        let principal = Principal::system(tenant);
        let found = match &args.command {
            OfPatientCommand::Add { patient, file } => {
                let new = wire::parse(&super::read_input(file)?).map_err(|why| failure(&why.into()))?;
                K::add(&engine, &principal, patient, &new).await.map(postern_engine::Added::into_list)
            }
            OfPatientCommand::List { patient } => K::list(&engine, &principal, patient).await,
        };
        show::<K>(global, found.map_err(|error| failure(&error))?).map(|()| Exit::Done)
    })
}

/// Shows what is on record: JSON under its name, or a line each.
fn show<K: Line>(global: &Global, all: Vec<K::View>) -> Result<(), Failure> {
    if global.json {
        output::json_line(&BTreeMap::from([(K::NAME, all)]))?;
        return Ok(());
    }
    let mut out = std::io::stdout().lock();
    for one in &all {
        writeln!(out, "{}", K::line(one))?;
    }
    Ok(())
}

/// Why it could not be done.
fn failure(error: &UseError) -> Failure {
    match error {
        UseError::NotFound => Failure::Usage("there is no such patient here".into()),
        UseError::Malformed(why) => Failure::Usage(why.to_string()),
        other => Failure::Stopped(other.to_string()),
    }
}

/// A field as it stands in JSON; `-` when it is absent.
fn word<T: Serialize>(of: &T, field: &str) -> String {
    let said = serde_json::to_value(of).unwrap_or_default();
    said.get(field).and_then(|value| value.as_str()).unwrap_or("-").to_owned()
}

fn day(at: jiff::Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

impl Line for Disclosures {
    fn line(one: &DisclosureView) -> String {
        let address = one.address.as_ref().map(|address| format!(", {address}")).unwrap_or_default();
        let known = word(one, "known");
        format!(
            "{}  {}{address}  what: {}  for: {}  {known} {}",
            day(one.at),
            one.recipient,
            one.what,
            one.purpose,
            day(one.known_at)
        )
    }
}

impl Line for DoNotCall {
    fn line(one: &DoNotCallView) -> String {
        format!("…{}  asked {}  honoured until {}", one.number_ends, day(one.asked_at), day(one.until))
    }
}

impl Line for Notices {
    fn line(one: &NoticeView) -> String {
        let word = |field| word(one, field);
        let (kind, ends, version, answer) = (word("kind"), word("contact_point_ends"), word("version"), word("answer"));
        let stands = if one.stands { "" } else { " (something newer was said)" };
        format!("{}  {kind}  …{ends}  version: {version}  answer: {answer}{stands}  {}", day(one.at), one.how)
    }
}

impl Line for NumberChecks {
    fn line(one: &NumberCheckView) -> String {
        let word = |field| word(one, field);
        let (reassigned, known_on) = (word("reassigned"), word("known_on"));
        let (line_type, carrier) = (word("line_type"), word("carrier"));
        let (ends, looked_up, source) = (&one.number_ends, day(one.checked_at), &one.source);
        format!(
            "…{ends}  {looked_up}  reassigned: {reassigned} (since {known_on})  line: {line_type}  carrier: {carrier}  {source}"
        )
    }
}

impl Line for Verifications {
    fn line(one: &VerificationView) -> String {
        let whose = if one.verified { "the patient's own" } else { "not the patient's" };
        format!("…{}  {}  {whose}  {}", one.contact_point_ends, day(one.at), one.how)
    }
}
