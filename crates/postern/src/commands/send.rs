//! `postern send`: one request, accepted and dispatched in the data directory at hand, without a server.

use super::{configuration, of_this_machine, read_input};
use crate::cli::{Global, Send};
use crate::exit::{Exit, Failure};
use crate::output::{self, Paint};
use crate::process;
use crate::wiring;
use postern_engine::wire::{Answer, Message};
use postern_engine::{AcceptError, Principal, UseError};
use serde::Serialize;
use std::io::Write as _;
use std::time::Duration;

/// How long to wait for deliveries to leave, in steps of [`STEP`].
const STEPS: u32 = 100;
const STEP: Duration = Duration::from_millis(50);

#[derive(Debug, Serialize)]
struct Told<'a> {
    decision: &'a Answer,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Message>,
}

/// Asks for the message and waits until it left, or says what it waits for.
pub(crate) fn run(global: &Global, args: &Send) -> Result<Exit, Failure> {
    let body = read_input(&args.request)?;
    let (data, file, config) = configuration(global)?;
    process::start_log(&crate::config::Log { level: "warn".into(), ..config.log.clone() })?;
    process::choose_tls()?;
    process::runtime()?.block_on(async {
        let running = wiring::open(&data, &config, &of_this_machine()).await?;
        wiring::apply_tenants(&running.engine, &file, &config).await?;
        let principal = Principal::system(wiring::tenant(&running.engine, args.tenant.as_ref()).await?);
        let input = |error: AcceptError| match error {
            AcceptError::Malformed(why) => Failure::Input { path: args.request.clone(), why },
            AcceptError::NoSuchPatient | AcceptError::Conflict => Failure::Usage(error.to_string()),
            AcceptError::Forbidden(_) | AcceptError::Busy { .. } | AcceptError::Unavailable => {
                Failure::Stopped(error.to_string())
            }
        };
        if args.check {
            let answer = running.engine.check(&principal, &body).await.map_err(input)?;
            running.engine.store().clone().close().await;
            tell(global, &answer, None)?;
            return Ok(exit(&answer));
        }
        let key = args.idempotency_key.as_deref();
        let accepted = running.engine.accept(&principal, key, &body).await.map_err(input)?;
        let (engine, _, tasks) = running.start();
        let stopped = |error: UseError| Failure::Stopped(error.to_string());
        let mut message = engine.message(&principal, accepted.answer.id, false).await.map_err(stopped)?;
        for _ in 0..STEPS {
            if !["queued", "attempting", "sent"].contains(&message.state.as_str()) {
                break;
            }
            tokio::time::sleep(STEP).await;
            message = engine.message(&principal, accepted.answer.id, false).await.map_err(stopped)?;
        }
        tasks.stop().await;
        engine.store().clone().close().await;
        tell(global, &accepted.answer.decision, Some(message))?;
        Ok(exit(&accepted.answer.decision))
    })
}

fn exit(answer: &Answer) -> Exit {
    if matches!(answer.outcome.as_str(), "send" | "defer") { Exit::Done } else { Exit::No }
}

fn tell(global: &Global, decision: &Answer, message: Option<Message>) -> Result<(), Failure> {
    if global.json {
        output::json_line(&Told { decision, message })?;
        return Ok(());
    }
    let mut out = std::io::stdout().lock();
    output::decision(&mut out, Paint::stdout(), decision)?;
    if let Some(message) = message {
        writeln!(out, "message   {} is {}", message.id, message.state)?;
        for delivery in &message.deliveries {
            let code = delivery.code.as_deref().map(|code| format!(" ({code})")).unwrap_or_default();
            writeln!(out, "          {} as {}: {}{code}", delivery.channel, delivery.form, delivery.state)?;
        }
    }
    Ok(())
}
