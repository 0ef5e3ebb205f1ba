//! `cargo xtask …`: the errands of a contributor and of `.ci/run`. What it does is in the library; this file must not hold
//! more than the list. Start at `main`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "an errand talks to the person who ran it")]

use std::path::Path;
use std::process::ExitCode;
use xtask::run::{self, Failed};
use xtask::{Finding, fuzz, law, lexicon, peers, root, space, tidy};

/// What is printed when no errand or an unknown one is named.
const USAGE: &str = "\
cargo xtask peers    install what the tests are checked against (Debian, PyPI, npm; pinned)
cargo xtask test     peers, formatting, lints, and every test of the workspace; .ci/run calls this
cargo xtask tidy     the shape of the house: crate edges, one place per concern, file sizes, links
cargo xtask law      law/index.tsv against the citations in the code, and what is not done yet
cargo xtask matrix   write crates/gate/tests/matrix.out and tables.out anew from the policy; review their diff
cargo xtask schemas  write docs/schemas anew from the wire types; review their diff
cargo xtask lexicon  make the classifier's generated lists anew (Python, PyPI; pinned); review their diff
cargo xtask train    train the classifier's model from its corpus; the same corpus gives the same bytes
cargo xtask score    score the classifier on its development set (--misses, --speed, --write)
cargo xtask fuzz     every fuzz target for three minutes, or those named (--seconds N); needs nightly and cargo-fuzz
cargo xtask bench    measure, and write docs/benchmarks.md (arguments after it go to the benchmark)";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let rest: Vec<&str> = arguments.iter().skip(1).map(String::as_str).collect();
    let root = root();
    let done = match arguments.first().map(String::as_str) {
        Some("peers") => install(&root).map(|_| ()),
        Some("test") => test(&root),
        Some("tidy") => findings(&tidy::check(&root)),
        Some("law") => register(&root),
        Some("matrix") => {
            run::shown(&root, "cargo", &["test", "--release", "-p", "postern-gate", "--", "--ignored", "regenerate"])
        }
        Some("schemas") => {
            run::shown(&root, "cargo", &["test", "--release", "-p", "postern-engine", "--", "--ignored", "regenerate"])
        }
        Some("lexicon") => lexicon::make(&root),
        Some("train") => example(&root, "train", &rest),
        Some("score") => example(&root, "score", &rest),
        Some("fuzz") => fuzz::run(&root, &rest),
        Some("bench") => bench(&root, &rest),
        _ => Err(Failed::new(USAGE)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failed) => {
            eprintln!("{failed}");
            ExitCode::FAILURE
        }
    }
}

/// Whether this runs where a missing peer is a failure.
fn under_ci() -> bool {
    #[expect(clippy::disallowed_methods, reason = "an errand, not the product: CI says so in the environment")]
    std::env::var("CI").is_ok_and(|value| value == "true" || value == "1")
}

/// Installs the peers and says what is there.
fn install(root: &Path) -> Result<peers::Peers, Failed> {
    let peers = peers::install(root)?;
    print!("{}", peers.report());
    if under_ci() && !peers.missing.is_empty() {
        return Err(Failed::new("a peer is missing, and this is CI"));
    }
    Ok(peers)
}

/// Everything a change must pass. One step that fails does not keep the others from being run.
fn test(root: &Path) -> Result<(), Failed> {
    space::check(root)?;
    let peers = install(root)?;
    let formatted = run::shown(root, "cargo", &["fmt", "--all", "--check"]);
    let tested = run::tests(root, &["test", "--release", "--workspace", "--locked", "--no-fail-fast"], |line| {
        println!("{line}")
    });
    let clippy = ["clippy", "--release", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"];
    let linted = run::shown(root, "cargo", &clippy);
    print!("\n{}", peers.report());
    if let Ok(tests) = &tested {
        println!("tests: {tests}");
    }
    let failed: Vec<String> =
        [formatted.err(), tested.err(), linted.err()].into_iter().flatten().map(|failed| failed.to_string()).collect();
    if failed.is_empty() { Ok(()) } else { Err(Failed::new(failed.join("\n"))) }
}

/// Prints the register's state, and what does not hold.
fn register(root: &Path) -> Result<(), Failed> {
    match law::summary(root) {
        Ok(summary) => print!("{summary}"),
        Err(found) => return findings(&found),
    }
    findings(&law::check(root, None))
}

/// Runs an example of the classifier.
fn example(root: &Path, name: &str, rest: &[&str]) -> Result<(), Failed> {
    let mut arguments = vec!["run", "--release", "--quiet", "-p", "postern-classify", "--example", name, "--"];
    arguments.extend_from_slice(rest);
    run::shown(root, "cargo", &arguments)
}

/// Builds the binary that is measured, then measures.
fn bench(root: &Path, rest: &[&str]) -> Result<(), Failed> {
    run::shown(root, "cargo", &["build", "--release", "-p", "postern"])?;
    let mut arguments = vec!["run", "--release", "-p", "postern-benches", "--"];
    arguments.extend_from_slice(rest);
    run::shown(root, "cargo", &arguments)
}

/// Prints findings; any finding is a failure.
fn findings(found: &[Finding]) -> Result<(), Failed> {
    for finding in found {
        println!("{finding}");
    }
    if found.is_empty() {
        return Ok(());
    }
    Err(Failed::new(format!("{} to be put right", found.len())))
}
