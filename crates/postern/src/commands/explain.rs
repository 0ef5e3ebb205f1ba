//! `postern explain`: what would Postern do if ...

use super::read_input;
use crate::cli::{Explain, Global};
use crate::exit::{Exit, Failure};
use crate::output::{self, Paint, Tone};
use std::io::Write as _;

/// Decides every case; with `--json`, one answer a line.
pub(crate) fn run(global: &Global, args: &Explain) -> Result<Exit, Failure> {
    let paint = Paint::stdout();
    for path in &args.cases {
        let case = read_input(path)?;
        let answer = postern_engine::explain(&case).map_err(|why| Failure::Input { path: path.clone(), why })?;
        if global.json {
            output::json_line(&answer)?;
            continue;
        }
        let mut out = std::io::stdout().lock();
        if args.cases.len() > 1 {
            writeln!(out, "{}", paint.text(Tone::Strong, &path.display().to_string()))?;
        }
        output::decision(&mut out, paint, &answer)?;
        let ran = answer.rules.iter().filter(|rule| rule.result != "not_applicable").count();
        writeln!(out, "{}", paint.text(Tone::Soft, &format!("{ran} rules ran; --json lists them")))?;
        if args.cases.len() > 1 {
            writeln!(out)?;
        }
    }
    Ok(Exit::Done)
}
