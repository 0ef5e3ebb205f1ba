//! How the program ends: exit codes, and the failures behind them.

use crate::config::ConfigError;
use postern_engine::wire::WireError;
use postern_store::OpenError;
use std::path::PathBuf;
use std::process::ExitCode;

/// What `--help` says of exit codes; docs/cli.md says the same.
pub(crate) const HELP: &str = "\
Exit codes:
  0  done; for verify: all holds
  1  the answer is no: verify found damage, scan --fail-on found PHI, send was refused or held,
     policy check or doctor found something, import met records it could not read
  2  the command line or its input is not right
  3  it cannot run: configuration, data directory, keys, port
  4  it ran and something stopped it: disk, store, a broken pipe";

/// How the program ends when nothing failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done.
    Done,
    /// The answer is no.
    No,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Done => Self::SUCCESS,
            Exit::No => Self::from(1),
        }
    }
}

/// Why the program did not do what was asked. Each says what to do about it; none holds PHI.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// An input file cannot be read.
    #[error("{}: cannot be read: {why}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        why: std::io::Error,
    },
    /// An input is not as it should be.
    #[error("{}: {why}", path.display())]
    Input {
        /// The file.
        path: PathBuf,
        /// Where and why.
        #[source]
        why: WireError,
    },
    /// An input is not as it should be.
    #[error("{0}")]
    Usage(String),
    /// The configuration is not as it should be.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The data directory is not there, or there is one already.
    #[error("{}: {what}", path.display())]
    Data {
        /// The directory or a file in it.
        path: PathBuf,
        /// What is wrong, and what to do.
        what: String,
    },
    /// The store does not open.
    #[error("{}: {why}", path.display())]
    Open {
        /// The data directory.
        path: PathBuf,
        /// Why.
        #[source]
        why: OpenError,
    },
    /// The port cannot be had.
    #[error("cannot listen on {address}: {why}; is another server there? choose another with --listen")]
    Listen {
        /// The address.
        address: std::net::SocketAddr,
        /// Why.
        #[source]
        why: std::io::Error,
    },
    /// Something this machine must give is not there.
    #[error("{0}")]
    Machine(&'static str),
    /// The engine did not do it.
    #[error("{0}")]
    Stopped(String),
    /// Output cannot be written.
    #[error("the output cannot be written: {0}")]
    Output(#[from] std::io::Error),
}

impl Failure {
    /// The exit code that goes with it.
    pub(crate) fn code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Read { .. } | Self::Input { .. } | Self::Usage(_) => 2,
            Self::Config(_) | Self::Data { .. } | Self::Open { .. } | Self::Listen { .. } | Self::Machine(_) => 3,
            Self::Stopped(_) | Self::Output(_) => 4,
        })
    }
}
