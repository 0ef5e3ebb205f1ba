//! The table of results, on the screen and in `docs/benchmarks.md`.

use crate::machine::Machine;
use std::fmt::Write as _;
use std::time::Duration;

/// One measured number.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    part: &'static str,
    what: String,
    value: String,
    goal: String,
    note: String,
}

impl Line {
    /// A number per second.
    pub(crate) fn rate(part: &'static str, what: &str, per_second: f64, goal: &str, note: &str) -> Self {
        Self::text(part, what, format!("{}/s", grouped(per_second)), goal, note)
    }

    /// A duration.
    pub(crate) fn time(part: &'static str, what: &str, took: Duration, goal: &str, note: &str) -> Self {
        let seconds = took.as_secs_f64();
        let value = if seconds < 0.001 {
            format!("{:.1} µs", seconds * 1e6)
        } else if seconds < 1.0 {
            format!("{:.1} ms", seconds * 1e3)
        } else {
            format!("{seconds:.2} s")
        };
        Self::text(part, what, value, goal, note)
    }

    /// Anything else.
    pub(crate) fn text(part: &'static str, what: &str, value: String, goal: &str, note: &str) -> Self {
        Self { part, what: what.into(), value, goal: goal.into(), note: note.into() }
    }
}

/// `12,345` for 12345.4.
fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// The whole page.
pub(crate) fn page(date: &str, machine: &Machine, lines: &[Line]) -> String {
    let mut out = String::from(
        "# Benchmarks\n\nWritten by `cargo xtask bench`; run it to have your own. Numbers hold for one machine in one run: compare \
         ratios, and read the rate of fdatasync and the CPU per message beside every rate. Nothing here is asserted by a test.\n\n",
    );
    let _written = write!(
        out,
        "{date} · {} · {} hardware threads, shared by Postern and its callers · Linux {} · load {} before the run · \
         {} fdatasync/s (8 kB, one thread) · profile `release` (no LTO)\n\n",
        machine.processor,
        machine.threads,
        machine.kernel,
        machine.load,
        grouped(machine.fsyncs_per_second)
    );
    out.push_str("| part | what | measured | goal | how |\n| --- | --- | ---: | ---: | --- |\n");
    for line in lines {
        let _written =
            writeln!(out, "| {} | {} | {} | {} | {} |", line.part, line.what, line.value, line.goal, line.note);
    }
    out
}

/// One line for the screen.
pub(crate) fn shown(line: &Line) -> String {
    let goal = if line.goal == "-" { String::new() } else { format!("  (goal {})", line.goal) };
    format!("{:8} {:44} {:>16}{goal}  {}", line.part, line.what, line.value, line.note)
}
