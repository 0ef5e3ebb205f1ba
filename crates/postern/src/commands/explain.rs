//! `postern explain`: what would Postern do if ...

use super::read_input;
use crate::cli::{Explain, Global};
use crate::exit::{Exit, Failure};
use crate::explanation::{self, Heading};
use crate::output::{self, Paint};
use std::io::Write as _;

/// Decides every case; with `--json`, one answer a line.
pub(crate) fn run(global: &Global, args: &Explain) -> Result<Exit, Failure> {
    let paint = Paint::stdout();
    for (index, path) in args.cases.iter().enumerate() {
        let case = read_input(path)?;
        let answer = postern_engine::explain(&case).map_err(|why| Failure::Input { path: path.clone(), why })?;
        if global.json {
            output::json_line(&answer)?;
            continue;
        }
        let mut out = std::io::stdout().lock();
        if index > 0 {
            writeln!(out, "\n")?;
        }
        let name = path.file_stem().map_or_else(|| path.to_string_lossy(), |stem| stem.to_string_lossy());
        explanation::draw(&mut out, paint, &Heading::of(&case, &name), &answer, args.all)?;
    }
    Ok(Exit::Done)
}
