//! `postern policy`: checks a tenant's policy, and shows what is in effect beside the floor.

use super::read_input;
use crate::cli::{Global, Policy, PolicyCommand};
use crate::config::document;
use crate::exit::{Exit, Failure};
use crate::output::{self, Paint, Tone};
use postern_base::{Channel, Clock as _, Form, Purpose, SystemClock};
use postern_engine::policy::{self, Effective, EffectiveCell, Problem};
use postern_gate::reference::{TABLES, Table};
use serde_json::json;
use std::io::{self, Write};
use std::path::Path;

/// Does what the subcommand says.
///
/// # Errors
/// [`Failure`] when a file cannot be read or standard output is closed.
pub(crate) fn run(global: &Global, args: &Policy) -> Result<Exit, Failure> {
    match &args.command {
        PolicyCommand::Check { files } => {
            let mut exit = Exit::Done;
            for file in files {
                let problems = judged(file)?.err().unwrap_or_default();
                if !problems.is_empty() {
                    exit = Exit::No;
                }
                checked(global, file, &problems)?;
            }
            Ok(exit)
        }
        PolicyCommand::Show { file } => {
            let policy = match file {
                Some(file) => match judged(file)? {
                    Ok(policy) => policy,
                    Err(problems) => {
                        checked(global, file, &problems)?;
                        return Ok(Exit::No);
                    }
                },
                None => postern_gate::Policy::default(),
            };
            let effective = Effective::of(&policy);
            if global.json {
                output::json_line(&effective)?;
            } else {
                shown(&mut io::stdout().lock(), Paint::stdout(), &effective)?;
            }
            Ok(Exit::Done)
        }
        PolicyCommand::Tables { name } => {
            let known = || TABLES.iter().map(|table| table.name).collect::<Vec<_>>().join(", ");
            let wanted: Vec<&Table> =
                TABLES.iter().filter(|table| name.as_ref().is_none_or(|name| name == table.name)).collect();
            if wanted.is_empty() {
                return Err(Failure::Usage(format!("there is no such table; there are {}", known())));
            }
            for table in wanted {
                reference(global, table)?;
            }
            Ok(Exit::Done)
        }
    }
}

/// The policy of a file, or everything that is wrong with it.
fn judged(file: &Path) -> Result<Result<postern_gate::Policy, Vec<Problem>>, Failure> {
    let bytes = read_input(file)?;
    let text = String::from_utf8(bytes).map_err(|_| Failure::Usage(format!("{}: not UTF-8", file.display())))?;
    Ok(policy::check(&document(file, &text)?).and_then(|policy| {
        match policy::ends_too_late(&policy, SystemClock.now()) {
            Some(problem) => Err(vec![problem]),
            None => Ok(policy),
        }
    }))
}

fn checked(global: &Global, file: &Path, problems: &[Problem]) -> io::Result<()> {
    if global.json {
        return output::json_line(&json!({ "file": file, "holds": problems.is_empty(), "problems": problems }));
    }
    let (mut out, paint) = (io::stdout().lock(), Paint::stdout());
    if problems.is_empty() {
        return writeln!(out, "{}: {}", file.display(), paint.text(Tone::Good, "it only tightens"));
    }
    for Problem { key, rule, sentence } in problems {
        writeln!(out, "{}: {} {rule}\n  {sentence}", file.display(), paint.text(Tone::Bad, key))?;
    }
    Ok(())
}

/// The columns of the table, with a heading that fits above five letters.
const COLUMNS: [(Channel, &str); 9] = [
    (Channel::Sms, "sms"),
    (Channel::Email, "email"),
    (Channel::Voice, "voice"),
    (Channel::Voicemail, "v-mail"),
    (Channel::ChatAnonymous, "anon"),
    (Channel::Chat, "chat"),
    (Channel::Portal, "portal"),
    (Channel::Push, "push"),
    (Channel::MessagingApp, "app"),
];

fn shown(out: &mut impl Write, paint: Paint, effective: &Effective) -> io::Result<()> {
    writeln!(out, "policy {}; what differs from the floor is marked *", paint.text(Tone::Strong, &effective.version))?;
    writeln!(out, "the highest form at L0 L1 L2 L3 L4: F full  M minimal  G notice  C callback  . refused")?;
    writeln!(out, "conditions of a cell and of the rules stand beside it: see crates/gate/tests/matrix.out\n")?;
    write!(out, "{:<22}", "")?;
    for (_, heading) in COLUMNS {
        write!(out, "{heading:<8}")?;
    }
    writeln!(out)?;
    for purpose in Purpose::ALL {
        write!(out, "{:<22}", purpose.as_str())?;
        for (channel, _) in COLUMNS {
            let cells = effective.matrix.iter().filter(|cell| cell.purpose == *purpose && cell.channel == channel);
            let letters: String = cells.clone().map(|cell| letter(cell.highest)).collect();
            let differs = cells.clone().any(|cell: &EffectiveCell| cell.highest != cell.floor);
            let mark = if differs { "*" } else { "" };
            let tone = if differs { Tone::Wait } else { Tone::Soft };
            write!(out, "{}{:width$}", paint.text(tone, &format!("{letters}{mark}")), "", width = 3 - mark.len())?;
        }
        writeln!(out)?;
    }
    writeln!(out)?;
    for setting in &effective.settings {
        let mark = if setting.value == setting.floor { "" } else { "*" };
        let floor = if mark.is_empty() { String::new() } else { format!("  (floor: {})", setting.floor) };
        writeln!(out, "{:<31}{}{mark}{floor}", setting.key, setting.value)?;
    }
    Ok(())
}

fn letter(form: Option<Form>) -> char {
    form.map_or('.', Form::letter)
}

/// One reference table, with what counsel has yet to read.
fn reference(global: &Global, table: &Table) -> io::Result<()> {
    let basis = |row: &postern_gate::reference::Row| (row.basis.source, row.basis.read_on, row.basis.standing);
    if global.json {
        let rows: Vec<_> = table
            .rows
            .iter()
            .map(|row| {
                let (source, read_on, standing) = basis(row);
                let cells: serde_json::Map<_, _> =
                    table.columns.iter().zip(row.cells).map(|(c, v)| ((*c).to_owned(), json!(v))).collect();
                json!({ "cells": cells, "source": source, "read_on": read_on, "standing": standing.as_str(),
                        "needs_counsel": standing.needs_counsel() })
            })
            .collect();
        return output::json_line(&json!({ "table": table.name, "about": table.about, "rows": rows }));
    }
    let (mut out, paint) = (io::stdout().lock(), Paint::stdout());
    writeln!(out, "{}: {}", paint.text(Tone::Strong, table.name), table.about)?;
    for row in table.rows {
        let (source, read_on, standing) = basis(row);
        let read = if read_on == "-" { String::new() } else { format!(", {read_on}") };
        let counsel = if standing.needs_counsel() { paint.text(Tone::Wait, "; needs counsel") } else { String::new() };
        writeln!(out, "  {}  [{source}: {}{read}{counsel}]", row.cells.join(" | "), standing.as_str())?;
    }
    writeln!(out)
}
