//! The `postern` binary: subcommands, configuration and wiring.
//!
//! What this crate must not do: hold a rule or a use case (they live in `gate` and `engine`). It is the only crate that reads
//! the environment (`environment.rs`).
//!
//! Start at [`cli`] for the commands, `commands/` for what each does, [`wiring`] for how a configuration becomes an engine.

mod cli;
mod commands;
mod config;
mod data_dir;
mod demo;
mod environment;
mod exit;
mod explanation;
mod output;
mod process;
mod wiring;

use clap::Parser as _;
use cli::{Cli, Command};
use exit::{Exit, Failure};
use std::io::Write as _;
use std::process::ExitCode;

/// A message is some thousands of small allocations on several threads; glibc's allocator took an eighth of the time (docs/decisions/0061).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(&cli) {
        Ok(exit) => exit.into(),
        // A reader that has seen enough, such as `head`, is no failure.
        Err(Failure::Output(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(failure) => {
            // When even standard error is closed there is nobody left to tell.
            if writeln!(std::io::stderr(), "postern: {failure}").is_err() {
                return ExitCode::from(4);
            }
            failure.code()
        }
    }
}

fn run(cli: &Cli) -> Result<Exit, Failure> {
    process::leave_no_core()?;
    let global = &cli.global;
    match &cli.command {
        Command::Demo(args) => commands::demo::run(global, args),
        Command::Quickstart(args) => commands::quickstart::run(global, args),
        Command::Serve(args) => commands::serve::run(global, args),
        Command::Send(args) => commands::send::run(global, args),
        Command::Explain(args) => commands::explain::run(global, args),
        Command::Scan(args) => commands::scan::run(global, args),
        Command::Verify(args) => commands::verify::run(global, args),
        Command::Import(args) => commands::import::run(global, args),
        Command::Policy(args) => commands::policy::run(global, args),
        Command::Certificate(args) => commands::certificate::run(global, args),
        Command::Portal(args) => commands::portal::run(global, args),
        Command::Doctor(args) => commands::doctor::run(global, args),
        Command::NumberCheck(args) => commands::of_patient::run::<postern_engine::NumberChecks>(global, args),
        Command::Inbound(args) => commands::inbound::run(global, args),
        Command::Wishes(args) => commands::wishes::run(global, args),
        Command::Alerts(args) => commands::alerts::run(global, args),
        Command::Disclosure(args) => commands::of_patient::run::<postern_engine::Disclosures>(global, args),
        Command::Notice(args) => commands::of_patient::run::<postern_engine::Notices>(global, args),
        Command::DoNotCall(args) => commands::of_patient::run::<postern_engine::DoNotCall>(global, args),
        Command::Verification(args) => commands::of_patient::run::<postern_engine::Verifications>(global, args),
        Command::Key(args) => commands::key::run(global, args),
        Command::Template(args) => commands::template::run(global, args),
        Command::Completions { shell } => commands::completions(*shell),
    }
}
