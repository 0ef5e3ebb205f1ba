//! `postern certificate`: certificates of patients' mailboxes, in a data directory that no server is running on.
//! `/v1/patients/{id}/certificates` does the same on a running one.

use super::with_engine;
use crate::cli::{Certificate, CertificateCommand, Global};
use crate::exit::{Exit, Failure};
use crate::output;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use postern_engine::wire::{CertificateView, NewCertificate};
use postern_engine::{Engine, Principal, UseError};
use serde_json::json;
use std::io::Write as _;

/// Adds, lists or removes certificates. The server must not be running.
pub(crate) fn run(global: &Global, args: &Certificate) -> Result<Exit, Failure> {
    with_engine(global, args.tenant.as_ref(), |engine, tenant| async move {
        act(global, &engine, &Principal::system(tenant), &args.command).await.map(|()| Exit::Done)
    })
}

async fn act(
    global: &Global,
    engine: &Engine,
    principal: &Principal,
    command: &CertificateCommand,
) -> Result<(), Failure> {
    match command {
        CertificateCommand::Add { patient, address, file } => {
            let bytes = super::read_input(file)?;
            // PEM travels as it is, everything else as base64: what the API takes.
            let certificate = match String::from_utf8(bytes) {
                Ok(text) => text,
                Err(other) => STANDARD.encode(other.into_bytes()),
            };
            let new = NewCertificate { address: address.clone(), certificate };
            let added = engine.add_certificate(principal, patient, &new).await;
            show(global, &[added.map_err(|error| failure(&error))?])
        }
        CertificateCommand::List { patient } => {
            let all = engine.certificates(principal, patient).await.map_err(|error| failure(&error))?;
            show(global, &all)
        }
        CertificateCommand::Remove { patient, fingerprint } => {
            engine.remove_certificate(principal, patient, fingerprint).await.map_err(|error| failure(&error))?;
            if global.json {
                output::json_line(&json!({ "removed": fingerprint }))?;
            } else {
                writeln!(std::io::stdout().lock(), "removed {fingerprint}")?;
            }
            Ok(())
        }
    }
}

fn show(global: &Global, all: &[CertificateView]) -> Result<(), Failure> {
    if global.json {
        output::json_line(&json!({ "certificates": all }))?;
        return Ok(());
    }
    let mut out = std::io::stdout().lock();
    for one in all {
        let day = |at: jiff::Timestamp| at.strftime("%Y-%m-%d").to_string();
        let stands = one.reason.as_deref().unwrap_or("usable");
        writeln!(out, "{}  {} to {}  {stands}", one.fingerprint, day(one.not_before), day(one.not_after))?;
    }
    Ok(())
}

fn failure(error: &UseError) -> Failure {
    match error {
        UseError::NotFound => Failure::Usage("there is no such patient or certificate here".into()),
        UseError::Malformed(why) => Failure::Usage(why.what.clone()),
        other => Failure::Stopped(other.to_string()),
    }
}
