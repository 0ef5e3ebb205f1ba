//! The benchmarks of Postern: what `cargo xtask bench` runs.
//!
//! Each part measures one thing on this machine, now, and prints it beside the goal. With no argument all parts run and
//! `docs/benchmarks.md` is written; `gate` and the like run one part and write nothing. `mail mails=200000` and `sms texts=200000` send as many;
//! `portal patients=1000 messages=10000` fills so much, and `at=FOLDER` keeps it. `binary=FILE` measures another build.
//!
//! What this crate must not do: assert anything about time, or hold product code. Start at `main`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark prints what it measured")]

mod callers;
mod centre;
mod classify;
mod clinic;
mod filling;
mod gate;
mod guesses;
mod http;
mod kannel;
mod ledger;
mod machine;
mod mail;
mod portal;
mod postfix;
mod report;
#[expect(dead_code, reason = "the sample facts of the gate's tests, of which a benchmark needs few")]
#[path = "../../crates/gate/src/sample.rs"]
mod sample;
mod sink;
mod store;
mod texts;
mod timing;
mod visitor;

use machine::Machine;
use postern_base::{Clock, SystemClock};
use report::Line;
use std::env;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Entries in the ledger that is grown and judged: about eight months of a practice that sends a thousand messages a day.
const LEDGER_ENTRIES: usize = 1_000_000;

fn main() -> ExitCode {
    let named: Vec<String> = std::env::args().skip(1).collect();
    match run(&named) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// A folder of this run's own among those of others; what runs that ended left behind is removed.
fn own_folder(runs: &Path) -> Result<PathBuf, Box<dyn Error>> {
    std::fs::create_dir_all(runs)?;
    for run in std::fs::read_dir(runs)? {
        let run = run?;
        // A run's folder bears the number of its process.
        if !Path::new("/proc").join(run.file_name()).exists() {
            drop(std::fs::remove_dir_all(run.path()));
        }
    }
    let own = runs.join(std::process::id().to_string());
    drop(std::fs::remove_dir_all(&own));
    std::fs::create_dir(&own)?;
    Ok(own)
}

/// Measures what is named, or everything.
fn run(named: &[String]) -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("no workspace above the benches")?;
    let directory = own_folder(&root.join("target/bench"))?;
    let machine = Machine::look(&directory)?;
    println!("{} fdatasync/s on this disk, load {}", machine.fsyncs_per_second.round(), machine.load);
    let wanted = |part: &str| named.is_empty() || named.iter().any(|name| name == part);
    let mut lines: Vec<Line> = Vec::new();
    if wanted("gate") {
        lines.extend(gate::run()?);
    }
    if wanted("classify") {
        lines.extend(classify::run(root)?);
    }
    if wanted("ledger") {
        lines.extend(ledger::run(&directory, LEDGER_ENTRIES)?);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    if wanted("store") {
        lines.extend(runtime.block_on(store::run(&directory))?);
    }
    let binary = named.iter().find_map(|name| name.strip_prefix("binary=")).map(PathBuf::from);
    // Cargo puts them side by side, whatever folder it builds in.
    let binary = binary.map_or_else(|| env::current_exe().map(|own| own.with_file_name("postern")), Ok)?;
    if wanted("http") {
        lines.extend(runtime.block_on(http::run(&directory, &binary))?);
    }
    if wanted("mail") {
        let mails = named.iter().find_map(|name| name.strip_prefix("mails=")?.parse().ok()).unwrap_or(mail::MAILS);
        lines.extend(runtime.block_on(mail::run(&directory, &binary, mails))?);
    }
    if wanted("sms") {
        let texts = named.iter().find_map(|name| name.strip_prefix("texts=")?.parse().ok()).unwrap_or(texts::TEXTS);
        lines.extend(runtime.block_on(texts::run(root, &directory, &binary, texts))?);
    }
    if wanted("portal") {
        lines.extend(runtime.block_on(portal::run(&directory, &binary, &portal::Size::of(named)))?);
    }
    for line in &lines {
        println!("{}", report::shown(line));
    }
    if named.is_empty() {
        let date = SystemClock.now().strftime("%Y-%m-%d %H:%M UTC").to_string();
        let page = report::page(&date, &machine, &lines) + &classify::beside_others(root)?;
        std::fs::write(root.join("docs/benchmarks.md"), page)?;
        println!("written to docs/benchmarks.md");
    }
    Ok(())
}
