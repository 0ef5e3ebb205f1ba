//! Commands, run one after the other as `.ci/run` and a contributor want them.

use std::fmt;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

/// Something that had to work did not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    /// What, in a sentence.
    what: String,
}

impl Failed {
    /// A failure.
    #[must_use]
    pub fn new(what: impl Into<String>) -> Self {
        Self { what: what.into() }
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for Failed {}

/// Runs a command, showing what it prints.
///
/// # Errors
/// When it cannot be started or does not end with 0.
pub fn shown(directory: &Path, program: &str, arguments: &[&str]) -> Result<(), Failed> {
    shown_with(directory, program, arguments, &[])
}

/// The same, with these in the environment.
///
/// # Errors
/// When it cannot be started or does not end with 0.
pub fn shown_with(
    directory: &Path,
    program: &str,
    arguments: &[&str],
    environment: &[(&str, &str)],
) -> Result<(), Failed> {
    let mut command = Command::new(program);
    command.args(arguments).envs(environment.iter().copied()).current_dir(directory).stdin(Stdio::null());
    let status = command.status();
    match status {
        Ok(status) if status.success() => Ok(()),
        _ => Err(Failed::new(format!("`{program} {}` failed", arguments.join(" ")))),
    }
}

/// Runs a command without showing its output, unless it fails.
///
/// # Errors
/// When it cannot be started or does not end with 0; the last line it said is in the sentence.
pub fn quiet(program: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Result<(), Failed> {
    let ran = Command::new(program).args(arguments).envs(environment.iter().copied()).stdin(Stdio::null()).output();
    let last = match ran {
        Ok(output) if output.status.success() => return Ok(()),
        Ok(output) => String::from_utf8_lossy(&output.stderr).lines().last().unwrap_or_default().to_owned(),
        Err(_) => "it could not be started".to_owned(),
    };
    Err(Failed::new(format!("`{program} {}` failed: {last}", arguments.join(" "))))
}

/// What a command prints, trimmed; nothing when it fails.
#[must_use]
pub fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// How many tests ran, added over every binary.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tests {
    /// Passed.
    pub passed: u64,
    /// Failed.
    pub failed: u64,
    /// Ignored.
    pub ignored: u64,
}

impl Tests {
    /// Adds one `test result:` line of cargo's; other lines change nothing.
    pub fn add(&mut self, line: &str) {
        let Some(rest) = line.strip_prefix("test result: ") else { return };
        let mut words = rest.split_whitespace().peekable();
        while let Some(word) = words.next() {
            let Ok(count) = word.parse::<u64>() else { continue };
            match words.peek().map(|w| w.trim_end_matches(';')) {
                Some("passed") => self.passed += count,
                Some("failed") => self.failed += count,
                Some("ignored") => self.ignored += count,
                _ => {}
            }
        }
    }
}

impl fmt::Display for Tests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed; {} failed; {} ignored", self.passed, self.failed, self.ignored)
    }
}

/// Runs cargo's tests, showing each line as it comes, and counts them.
///
/// # Errors
/// When cargo cannot be started or a test fails. The count is in the sentence.
pub fn tests(directory: &Path, arguments: &[&str], mut show: impl FnMut(&str)) -> Result<Tests, Failed> {
    let started = Command::new("cargo")
        .args(arguments)
        .current_dir(directory)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn();
    let mut child = started.map_err(|_| Failed::new("cargo could not be started"))?;
    let mut counted = Tests::default();
    if let Some(out) = child.stdout.take() {
        for line in BufReader::new(out).lines().map_while(Result::ok) {
            counted.add(&line);
            show(&line);
        }
    }
    match child.wait() {
        Ok(status) if status.success() => Ok(counted),
        _ => Err(Failed::new(format!("`cargo {}` failed: {counted}", arguments.join(" ")))),
    }
}

#[cfg(test)]
mod tests_of_counting {
    use super::*;

    #[test]
    fn the_results_of_several_binaries_are_added() {
        let mut tests = Tests::default();
        tests.add("test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.10s");
        tests.add("test gate::x ... ok");
        tests.add("test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.00s");
        assert_eq!(tests, Tests { passed: 15, failed: 2, ignored: 1 });
    }
}
