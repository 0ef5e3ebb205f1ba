//! The command line.

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Self-hosted gateway for patient communication: decides whether, where, when and how much may be said, says it, and can
/// prove afterwards what it did and why.
#[derive(Debug, Parser)]
#[command(name = "postern", version, max_term_width = 100, after_help = crate::exit::HELP)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Where and how.
    #[command(flatten)]
    pub(crate) global: Global,
}

/// What every command takes.
#[derive(Debug, Args)]
pub(crate) struct Global {
    /// The data directory [default: the platform's data folder, `postern` below it]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// The configuration [default: postern.toml in the data directory]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Write JSON for machines instead of text for people
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show everything: a synthetic clinic, simulated vendors, a morning of messages
    Demo(Demo),
    /// Make a data directory, its root key and a first API key
    Quickstart(Quickstart),
    /// Serve the API and send what is due
    Serve(Serve),
    /// Ask for one message, in the data directory at hand
    Send(Send),
    /// Decide cases without side effects, with every reason
    Explain(Explain),
    /// Find PHI in texts: JSON lines {"id","text","channel","purpose"?,"lang"?}
    Scan(Scan),
    /// Check ledger, checkpoints and records from the files alone
    Verify(Verify),
    /// Read patients' records (FHIR R4 Bundles or NDJSON) into the built-in directory
    Import(Import),
    /// Check a tenant's policy, or show what is in effect beside the floor
    Policy(Policy),
    /// Make another API key
    Key(Key),
    /// Print completions for a shell
    Completions {
        /// For which shell
        shell: Shell,
    },
}

/// `postern demo`.
#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Where to listen
    #[arg(long, default_value = "127.0.0.1:8025", value_name = "ADDR")]
    pub(crate) listen: SocketAddr,
    /// Stop when the morning's messages are out, instead of at Ctrl-C
    #[arg(long)]
    pub(crate) once: bool,
    /// When the demo's clock starts, RFC 3339 [default: 10:00 in New York, today]
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<jiff::Timestamp>,
}

/// `postern quickstart`.
#[derive(Debug, Args)]
pub(crate) struct Quickstart {
    /// The tenant's id: a-z, 0-9 and '-', beginning with a letter
    #[arg(long, default_value = "clinic", value_name = "ID")]
    pub(crate) tenant: postern_base::TenantId,
    /// The organisation's name
    #[arg(long, default_value = "Sunrise Health", value_name = "NAME")]
    pub(crate) name: String,
    /// The neutral name patients see; say nothing of a specialty in it [default: the organisation's name]
    #[arg(long, value_name = "NAME")]
    pub(crate) alias: Option<String>,
    /// The call-back number, E.164
    #[arg(long, default_value = "+15555550100", value_name = "NUMBER")]
    pub(crate) callback: String,
    /// The organisation's state, two letters
    #[arg(long, default_value = "NY", value_name = "STATE")]
    pub(crate) state: String,
}

/// `postern policy`.
#[derive(Debug, Args)]
pub(crate) struct Policy {
    /// What to do with it
    #[command(subcommand)]
    pub(crate) command: PolicyCommand,
}

/// What to do with a policy.
#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Name everything in policy files that would loosen the floor or cannot be read
    Check {
        /// Policy files, TOML or JSON; `-` = standard input
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Show the policy in effect, with what differs from the floor marked
    Show {
        /// A policy file; without one, the built-in floor
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// Show the reference tables: states, hours, holds, ages, numbers, and where each comes from
    Tables {
        /// One table only
        #[arg(value_name = "NAME")]
        name: Option<String>,
    },
}

/// `postern key`.
#[derive(Debug, Args)]
pub(crate) struct Key {
    /// The tenant, when the data directory holds several
    #[arg(long, value_name = "ID")]
    pub(crate) tenant: Option<postern_base::TenantId>,
    /// What the key may do; several are given one by one [default: messages:write and messages:read]
    #[arg(long = "scope", value_name = "SCOPE", value_parser = scope)]
    pub(crate) scopes: Vec<postern_engine::Scope>,
    /// A name for people, such as the program that will hold it
    #[arg(long, default_value = "", value_name = "TEXT")]
    pub(crate) label: String,
}

fn scope(text: &str) -> Result<postern_engine::Scope, String> {
    text.parse().map_err(|_| {
        let known: Vec<&str> = postern_engine::Scope::ALL.iter().map(|scope| scope.as_str()).collect();
        format!("expected one of {}", known.join(", "))
    })
}

/// `postern serve`.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Where to listen, instead of where the configuration says
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: Option<SocketAddr>,
}

/// `postern send`.
#[derive(Debug, Args)]
pub(crate) struct Send {
    /// The request, as in the body of POST /v1/messages; `-` = standard input
    #[arg(value_name = "FILE", default_value = "-")]
    pub(crate) request: PathBuf,
    /// The tenant, when the data directory holds several
    #[arg(long, value_name = "ID")]
    pub(crate) tenant: Option<postern_base::TenantId>,
    /// Decide only, and send nothing
    #[arg(long)]
    pub(crate) check: bool,
    /// The same key and request give the first answer again
    #[arg(long, value_name = "KEY")]
    pub(crate) idempotency_key: Option<String>,
}

/// `postern explain`.
#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// Case files; `-` = standard input
    #[arg(required = true, value_name = "CASE")]
    pub(crate) cases: Vec<PathBuf>,
    /// Draw rules that bear on nothing in the case too
    #[arg(long)]
    pub(crate) all: bool,
}

/// `postern scan`.
#[derive(Debug, Args)]
pub(crate) struct Scan {
    /// JSON lines; `-` = standard input
    #[arg(value_name = "FILE", default_value = "-")]
    pub(crate) file: PathBuf,
    /// Exit with 1 when this is found
    #[arg(long, value_name = "WHAT")]
    pub(crate) fail_on: Option<FailOn>,
}

/// What a scan may fail on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    /// Any text that is PHI
    Phi,
}

/// `postern verify`.
#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// A checkpoint kept elsewhere: finds a copy that was rolled back
    #[arg(long, value_name = "FILE")]
    pub(crate) anchor: Option<PathBuf>,
    /// Also check the record of this message
    #[arg(long, value_name = "ID")]
    pub(crate) message: Option<postern_base::MessageId>,
}

/// `postern import`.
#[derive(Debug, Args)]
pub(crate) struct Import {
    /// Bundles (collection, transaction, searchset), resources or NDJSON
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// The tenant, when the data directory holds several
    #[arg(long, value_name = "ID")]
    pub(crate) tenant: Option<postern_base::TenantId>,
}
