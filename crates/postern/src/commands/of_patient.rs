//! How the commands that record something of a patient show it, and what they say when they cannot.

use crate::cli::Global;
use crate::exit::Failure;
use crate::output;
use postern_engine::UseError;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::Write as _;

/// Shows what is on record under its name: JSON, or a line each.
pub(crate) fn show<T: Serialize>(
    global: &Global,
    name: &'static str,
    found: Result<Vec<T>, UseError>,
    line: fn(&T) -> String,
) -> Result<(), Failure> {
    let all = found.map_err(|error| failure(&error))?;
    if global.json {
        output::json_line(&BTreeMap::from([(name, all)]))?;
        return Ok(());
    }
    let mut out = std::io::stdout().lock();
    for one in &all {
        writeln!(out, "{}", line(one))?;
    }
    Ok(())
}

/// A field as it stands in JSON; `-` when it is absent.
pub(crate) fn word<T: Serialize>(of: &T, field: &str) -> String {
    let said = serde_json::to_value(of).unwrap_or_default();
    said.get(field).and_then(|value| value.as_str()).unwrap_or("-").to_owned()
}

/// Why it could not be done.
pub(crate) fn failure(error: &UseError) -> Failure {
    match error {
        UseError::NotFound => Failure::Usage("there is no such patient here".into()),
        UseError::Malformed(why) => Failure::Usage(why.to_string()),
        other => Failure::Stopped(other.to_string()),
    }
}
