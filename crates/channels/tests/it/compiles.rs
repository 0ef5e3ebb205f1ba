//! Invariants 1 and 4 by type: what must not compile. Each file under `tests/compiles/` is one way round the gate or out of a
//! wrapper, and names the error it must get; one is the lawful way, which shows that the others do not fail for another reason.
//! They are compiled against the libraries this test itself is linked with, so that nothing is built a second time for them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What the files may name.
const CRATES: &[&str] = &["postern_base", "postern_channels", "postern_gate", "postern_ledger", "serde_json"];

/// The file that must compile.
const LAWFUL: &str = "tests/compiles/record_then_send.rs";

/// Libraries by name, such as they go together.
type Libraries = Vec<(&'static str, PathBuf)>;

/// Where Cargo put the libraries of this build: beside this test.
fn folder() -> PathBuf {
    std::env::current_exe().unwrap().parent().unwrap().to_path_buf()
}

/// The libraries of that name, the newest first: those of other builds may lie beside the one of this.
fn built(name: &str) -> Vec<PathBuf> {
    let start = format!("lib{name}-");
    let entries = fs::read_dir(folder()).unwrap().flatten().map(|entry| entry.path());
    let of_that_name = entries.filter(|path| {
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        file.starts_with(&start) && file.ends_with(".rlib")
    });
    let mut found: Vec<PathBuf> = of_that_name.collect();
    found.sort_by_key(|path| std::cmp::Reverse(path.metadata().and_then(|data| data.modified()).ok()));
    found
}

/// Libraries with which the lawful way compiles.
fn libraries() -> Libraries {
    let mut ways: Vec<Libraries> = vec![Vec::new()];
    for name in CRATES {
        let with = |way: &Libraries, path: &PathBuf| [way.as_slice(), &[(*name, path.clone())]].concat();
        ways = ways.iter().flat_map(|way| built(name).iter().map(|path| with(way, path)).collect::<Vec<_>>()).collect();
    }
    let fits = ways.iter().find(|way| errors(Path::new(LAWFUL), way).is_empty());
    fits.unwrap_or_else(|| panic!("{LAWFUL} compiles with none of {ways:?}")).clone()
}

/// What the compiler says of a file: its errors, one a line.
fn errors(file: &Path, libraries: &Libraries) -> Vec<String> {
    let mut rustc = Command::new("rustc");
    rustc.args(["--edition", "2024", "--crate-type", "lib", "--emit", "metadata", "-A", "dead_code"]);
    let made = std::env::temp_dir().join(format!("postern-compiles-{}.rmeta", std::process::id()));
    rustc.args(["--error-format", "short"]).arg("-o").arg(&made);
    rustc.arg("-L").arg(format!("dependency={}", folder().display()));
    for (name, path) in libraries {
        rustc.arg("--extern").arg(format!("{name}={}", path.display()));
    }
    let output = rustc.arg(file).output().unwrap();
    drop(fs::remove_file(made));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    said.lines().filter(|line| line.contains(" error[") || line.contains(" error:")).map(str::to_owned).collect()
}

#[test]
fn no_permit_is_forged_reused_or_skipped_and_no_phi_is_printed() {
    let libraries = libraries();
    let entries = fs::read_dir("tests/compiles").unwrap().flatten().map(|entry| entry.path());
    let files: Vec<PathBuf> = entries.filter(|path| path != Path::new(LAWFUL)).collect();
    assert_eq!(files.len(), 9);
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let refused = text.lines().find_map(|line| line.strip_prefix("//! refused: ")).unwrap();
        let (code, words) = refused.split_once(' ').unwrap();
        let (found, name) = (errors(&file, &libraries), file.display());
        let [error] = found.as_slice() else { panic!("{name} must fail with one error, not {found:?}") };
        assert!(error.contains(&format!("error[{code}]")) && error.contains(words), "{name}: {error}");
    }
}
