//! Invariants 1 and 4 by type: what must not compile. Each file under `tests/compiles/` is one way round the gate or out of a
//! wrapper, and names the error it must get; one is the lawful way, which shows that the others do not fail for another reason.
//! They are compiled against the libraries this test itself is linked with, so that nothing is built a second time for them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What the files may name.
const CRATES: &[&str] = &["jiff", "postern_base", "postern_channels", "postern_gate", "postern_ledger", "serde_json"];

/// Where Cargo put the libraries of this build: beside this test.
fn libraries() -> PathBuf {
    std::env::current_exe().unwrap().parent().unwrap().to_path_buf()
}

/// The newest library of that name: older builds may lie beside it.
fn library(directory: &Path, name: &str) -> PathBuf {
    let start = format!("lib{name}-");
    let entries = fs::read_dir(directory).unwrap().flatten().map(|entry| entry.path());
    let of_that_name = entries.filter(|path| {
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        file.starts_with(&start) && file.ends_with(".rlib")
    });
    let newest = of_that_name.max_by_key(|path| path.metadata().and_then(|data| data.modified()).ok());
    newest.unwrap_or_else(|| panic!("{start}*.rlib is not in {}", directory.display()))
}

/// What the compiler says of a file: its errors, one a line.
fn errors(file: &Path) -> Vec<String> {
    let directory = libraries();
    let mut rustc = Command::new("rustc");
    rustc.args([
        "--edition",
        "2024",
        "--crate-type",
        "lib",
        "--emit",
        "metadata",
        "--error-format",
        "short",
        "-A",
        "dead_code",
    ]);
    let made = std::env::temp_dir().join(format!("postern-compiles-{}.rmeta", std::process::id()));
    rustc.arg("-o").arg(&made);
    rustc.arg("-L").arg(format!("dependency={}", directory.display()));
    for name in CRATES {
        rustc.arg("--extern").arg(format!("{name}={}", library(&directory, name).display()));
    }
    let output = rustc.arg(file).output().unwrap();
    drop(fs::remove_file(made));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    said.lines().filter(|line| line.contains(" error[") || line.contains(" error:")).map(str::to_owned).collect()
}

#[test]
fn no_permit_is_forged_reused_or_skipped_and_no_phi_is_printed() {
    let mut files: Vec<PathBuf> = fs::read_dir("tests/compiles").unwrap().flatten().map(|entry| entry.path()).collect();
    files.sort();
    assert_eq!(files.len(), 10);
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let found = errors(&file);
        let name = file.display();
        if text.lines().any(|line| line == "//! compiles") {
            assert!(found.is_empty(), "{name} must compile: {found:?}");
            continue;
        }
        let refused = text.lines().find_map(|line| line.strip_prefix("//! refused: ")).unwrap();
        let (code, words) = refused.split_once(' ').unwrap();
        let [error] = found.as_slice() else { panic!("{name} must fail with one error, not {found:?}") };
        assert!(error.contains(&format!("error[{code}]")) && error.contains(words), "{name}: {error}");
    }
}
