//! `postern explain`: what would Postern do if ...

use super::read_input;
use crate::cli::{Explain, Global};
use crate::exit::{Exit, Failure};
use crate::explanation::{self, Heading};
use crate::output::{self, Paint};
use postern_engine::wire::Answer;
use serde_json::json;
use std::io::Write as _;
use std::path::Path;

/// Decides every case; with `--json`, one line for each: its answer, or what is not right about it.
pub(crate) fn run(global: &Global, args: &Explain) -> Result<Exit, Failure> {
    if global.json { as_json(args) } else { drawn(args) }
}

fn decided(path: &Path) -> Result<(Vec<u8>, Answer), Failure> {
    let case = read_input(path)?;
    let answer = postern_engine::explain(&case).map_err(|why| Failure::Input { path: path.to_path_buf(), why })?;
    Ok((case, answer))
}

fn as_json(args: &Explain) -> Result<Exit, Failure> {
    let mut first = None;
    for path in &args.cases {
        match decided(path) {
            Ok((_, answer)) => output::json_line(&answer)?,
            Err(failure) => {
                let (field, what) = match &failure {
                    Failure::Input { why, .. } => (Some(&why.field), why.what.clone()),
                    Failure::Read { why, .. } => (None, why.to_string()),
                    other => (None, other.to_string()),
                };
                output::json_line(&json!({ "error": { "file": path, "field": field, "what": what } }))?;
                first.get_or_insert(failure);
            }
        }
    }
    first.map_or(Ok(Exit::Done), Err)
}

fn drawn(args: &Explain) -> Result<Exit, Failure> {
    let paint = Paint::stdout();
    for (index, path) in args.cases.iter().enumerate() {
        let (case, answer) = decided(path)?;
        let mut out = std::io::stdout().lock();
        if index > 0 {
            writeln!(out, "\n")?;
        }
        let name = path.file_stem().map_or_else(|| path.to_string_lossy(), |stem| stem.to_string_lossy());
        explanation::draw(&mut out, paint, &Heading::of(&case, &name), &answer, args.all)?;
    }
    Ok(Exit::Done)
}
