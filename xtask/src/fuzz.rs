//! Fuzzing: every target of `fuzz/fuzz_targets` for a while, from the seeds in `fuzz/seeds` and what earlier runs found. What it finds goes
//! to `target/fuzz/found`, and a run that finds something fails.

use crate::run::{self, Failed};
use std::fs;
use std::path::Path;

/// How long each target runs when nobody says, in seconds.
const SECONDS: u32 = 180;
/// The longest input, in bytes. What grows faster than its input has property tests of its own.
const LONGEST: &str = "-max_len=8192";
/// An input that takes longer than this, in seconds, is a finding.
const SLOWEST: &str = "-timeout=10";

/// Runs the targets that `arguments` name, or all of them; `--seconds N` among them says for how long each.
///
/// # Errors
/// When cargo-fuzz or a nightly toolchain is missing, a name is no target, or a target found something.
pub fn run(root: &Path, arguments: &[&str]) -> Result<(), Failed> {
    if run::output("cargo", &["+nightly", "fuzz", "--version"]).is_none() {
        return Err(Failed::new("needs a nightly toolchain and cargo-fuzz: cargo install cargo-fuzz"));
    }
    let (seconds, named) = wanted(arguments)?;
    let known = targets(root)?;
    if let Some(other) = named.iter().find(|name| !known.iter().any(|known| known == *name)) {
        return Err(Failed::new(format!("{other} is no target; there are {}", known.join(", "))));
    }
    let mut failed = Vec::new();
    for target in known.iter().filter(|known| named.is_empty() || named.contains(&known.as_str())) {
        if let Err(error) = one(root, target, seconds) {
            failed.push(error.to_string());
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(Failed::new(failed.join("\n"))) }
}

/// How long, and which.
fn wanted<'a>(arguments: &[&'a str]) -> Result<(u32, Vec<&'a str>), Failed> {
    let Some(at) = arguments.iter().position(|argument| *argument == "--seconds") else {
        return Ok((SECONDS, arguments.to_vec()));
    };
    let (before, after) = arguments.split_at(at);
    let seconds = after.get(1).and_then(|number| number.parse().ok());
    let seconds = seconds.ok_or_else(|| Failed::new("--seconds: expected a number"))?;
    Ok((seconds, before.iter().chain(after.iter().skip(2)).copied().collect()))
}

/// Every target there is, in order of names.
fn targets(root: &Path) -> Result<Vec<String>, Failed> {
    let unread = |_| Failed::new("fuzz/fuzz_targets cannot be read");
    let files = fs::read_dir(root.join("fuzz/fuzz_targets")).map_err(unread)?;
    let mut names: Vec<String> =
        files.filter_map(|file| Some(file.ok()?.path().file_stem()?.to_string_lossy().into_owned())).collect();
    names.sort();
    Ok(names)
}

fn one(root: &Path, target: &str, seconds: u32) -> Result<(), Failed> {
    let at = |below: &str| root.join(below).to_string_lossy().into_owned();
    let (corpus, found) = (at(&format!("target/fuzz/corpus/{target}")), at("target/fuzz/found"));
    for directory in [&corpus, &found] {
        fs::create_dir_all(directory).map_err(|_| Failed::new("target/fuzz cannot be written"))?;
    }
    let (build, seeds) = (at("target/fuzz"), at(&format!("fuzz/seeds/{target}")));
    let (time, kept) = (format!("-max_total_time={seconds}"), format!("-artifact_prefix={found}/{target}-"));
    // As it is shipped: without debug assertions, which parsers of others have for mails that they read all the same, and with checks of
    // overflow. Safe Rust has no use for a sanitizer.
    let mut arguments =
        vec!["+nightly", "fuzz", "run", "-O", "-s", "none", "--target-dir", &build, target, &corpus, &seeds];
    arguments.extend(["--", &time, &kept, LONGEST, SLOWEST]);
    let words = format!("-dict={}", at(&format!("fuzz/{target}.dict")));
    if root.join(format!("fuzz/{target}.dict")).exists() {
        arguments.push(&words);
    }
    let flags = [("RUSTFLAGS", "-Coverflow-checks=yes")];
    run::shown_with(root, "cargo", &arguments, &flags)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_is_built_and_has_something_to_begin_with() {
        let manifest = fs::read_to_string(crate::root().join("fuzz/Cargo.toml")).unwrap();
        for target in targets(&crate::root()).unwrap() {
            assert!(manifest.contains(&format!("path = \"fuzz_targets/{target}.rs\"")), "{target}: no [[bin]]");
            let seeds = fs::read_dir(crate::root().join("fuzz/seeds").join(&target));
            assert!(seeds.is_ok_and(|mut seeds| seeds.next().is_some()), "fuzz/seeds/{target} is empty");
        }
    }

    #[test]
    fn the_lock_file_knows_what_our_crates_ask_of_each_other() {
        let read = |path: &str| -> toml::Table {
            let text = fs::read_to_string(crate::root().join(path)).unwrap();
            text.parse().unwrap_or_else(|error| panic!("{path}: {error}"))
        };
        let lock = read("fuzz/Cargo.lock");
        let locked = lock["package"].as_array().unwrap();
        for package in locked {
            let Some(name) = package["name"].as_str().unwrap().strip_prefix("postern-") else { continue };
            if name == "fuzz" {
                continue;
            }
            let manifest = read(&format!("crates/{name}/Cargo.toml"));
            let needs = manifest.get("dependencies").and_then(toml::Value::as_table);
            for needed in needs.into_iter().flatten().map(|(needed, _)| needed) {
                // Beside others of the same name it stands with its version.
                let is_needed =
                    |one: &toml::Value| one.as_str().is_some_and(|one| one.split(' ').next() == Some(needed));
                let known = package.get("dependencies").and_then(toml::Value::as_array);
                let known = known.is_some_and(|known| known.iter().any(is_needed));
                assert!(
                    known,
                    "fuzz/Cargo.lock: {name} needs {needed}: cargo update -w --manifest-path fuzz/Cargo.toml"
                );
            }
        }
    }

    #[test]
    fn the_time_may_stand_anywhere_among_the_names() {
        assert_eq!(wanted(&["--seconds", "5", "pdu"]).unwrap(), (5, vec!["pdu"]));
        assert_eq!(wanted(&["pdu", "--seconds", "5"]).unwrap(), (5, vec!["pdu"]));
        assert_eq!(wanted(&[]).unwrap(), (SECONDS, vec![]));
        assert!(wanted(&["--seconds", "long"]).is_err());
    }
}
