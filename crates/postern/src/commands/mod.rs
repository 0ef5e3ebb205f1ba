//! What each subcommand does.

pub(crate) mod alerts;
pub(crate) mod certificate;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod explain;
pub(crate) mod import;
pub(crate) mod inbound;
pub(crate) mod key;
pub(crate) mod of_patient;
pub(crate) mod policy;
pub(crate) mod portal;
pub(crate) mod quickstart;
pub(crate) mod scan;
pub(crate) mod send;
pub(crate) mod serve;
pub(crate) mod template;
pub(crate) mod verify;
pub(crate) mod wishes;

use crate::cli::{Cli, Global};
use crate::config::{Config, Log};
use crate::data_dir::DataDir;
use crate::exit::{Exit, Failure};
use crate::process;
use crate::wiring::{self, Sources};
use clap::CommandFactory as _;
use clap_complete::Shell;
use postern_base::{SystemClock, SystemRng, TenantId};
use postern_engine::Engine;
use std::future::Future;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Prints completions for `shell`.
///
/// # Errors
/// When standard output is closed.
pub(crate) fn completions(shell: Shell) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "postern", &mut script);
    std::io::Write::write_all(&mut std::io::stdout().lock(), &script)?;
    Ok(Exit::Done)
}

/// The bytes of a file, or of standard input when it is `-`.
fn read_input(path: &Path) -> Result<Vec<u8>, Failure> {
    let read = if path.as_os_str() == "-" {
        let mut bytes = Vec::new();
        std::io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        std::fs::read(path)
    };
    read.map_err(|why| Failure::Read { path: path.to_path_buf(), why })
}

/// The data directory, the configuration file and what is in it.
fn configuration(global: &Global) -> Result<(DataDir, PathBuf, Config), Failure> {
    let data = DataDir::of(global.data.as_deref())?;
    let file = global.config.clone().unwrap_or_else(|| data.config());
    let config = Config::read(&file)?;
    Ok((data, file, config))
}

/// The machine's own clock and randomness.
fn of_this_machine() -> Sources {
    Sources { clock: Arc::new(SystemClock), rng: Arc::new(SystemRng) }
}

/// Opens the data directory for one thing to do. The server must not be running.
fn with_engine<F: Future<Output = Result<Exit, Failure>>>(
    global: &Global,
    tenant: Option<&TenantId>,
    act: impl FnOnce(Engine, TenantId) -> F,
) -> Result<Exit, Failure> {
    let (data, file, config) = configuration(global)?;
    process::start_log(&Log { level: "warn".into(), ..config.log.clone() })?;
    process::choose_tls()?;
    process::runtime()?.block_on(async {
        let running = wiring::open(&data, &config, &of_this_machine()).await?;
        wiring::apply_tenants(&running.engine, &file, &config).await?;
        let tenant = wiring::tenant(&running.engine, tenant).await?;
        let outcome = act(running.engine.clone(), tenant).await;
        running.engine.store().clone().close().await;
        outcome
    })
}
