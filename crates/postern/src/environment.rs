//! The environment: the only place in Postern that reads it.

use std::ffi::OsString;
use std::path::PathBuf;

#[expect(clippy::disallowed_methods, reason = "the one place that may read the environment")]
fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// The platform's folder for a program's data, with `postern` below it; `None` when there is no home.
pub(crate) fn data_folder() -> Option<PathBuf> {
    if let Some(folder) = variable("XDG_DATA_HOME") {
        return Some(PathBuf::from(folder).join("postern"));
    }
    let home = PathBuf::from(variable("HOME")?);
    let below = if cfg!(target_os = "macos") { "Library/Application Support/postern" } else { ".local/share/postern" };
    Some(home.join(below))
}

/// The folder for temporary files.
pub(crate) fn temporary_folder() -> PathBuf {
    std::env::temp_dir()
}

/// How this program was called, for commands that are shown to be typed again.
pub(crate) fn program() -> String {
    std::env::args().next().unwrap_or_else(|| "postern".to_owned())
}

/// Whether the user asked for no colours (the NO_COLOR convention), or the terminal cannot show them.
pub(crate) fn no_colour() -> bool {
    variable("NO_COLOR").is_some() || variable("TERM").is_some_and(|term| term == "dumb")
}

/// What the log shows, when the user says so here and not in the configuration.
pub(crate) fn log_filter() -> Option<String> {
    variable("POSTERN_LOG")?.into_string().ok()
}

/// The key of who runs the command, where one answers for it.
pub(crate) fn api_key() -> Option<String> {
    variable("POSTERN_API_KEY")?.into_string().ok()
}
