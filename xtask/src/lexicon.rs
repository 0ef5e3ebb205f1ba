//! Making the classifier's generated lists anew, from pinned packages of PyPI in `target/lexicon`.

use crate::run::{self, Failed};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// Where the lists are, below the root.
const DATA: &str = "crates/classify/data";

/// Writes every generated list. The steps: look-alikes from Unicode's data; lists from ICD-10-CM, FDA names, Census names; then
/// the words that only look like care words, found by asking the classifier itself.
///
/// # Errors
/// When Python, a package or the classifier is not to be had, or a step fails.
pub fn make(root: &Path) -> Result<(), Failed> {
    let home = root.join("target").join("lexicon");
    fs::create_dir_all(&home).map_err(|_| Failed::new("target/lexicon cannot be written"))?;
    let python = home.join("venv/bin/python").to_string_lossy().into_owned();
    let scripts = root.join("xtask/lexicon");
    let script = |name: &str| scripts.join(name).to_string_lossy().into_owned();
    if !Path::new(&python).exists() {
        run::shown(&home, "python3", &["-m", "venv", "venv"])?;
    }
    let wanted = script("requirements.txt");
    run::shown(&home, &python, &["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", &wanted])?;
    word_lists(&home)?;
    let data = root.join(DATA);
    let look_alikes = data.join("look-alikes.txt").to_string_lossy().into_owned();
    let data = data.to_string_lossy().into_owned();
    run::shown(root, &python, &[&script("look_alikes.py"), &look_alikes])?;
    run::shown(root, &python, &[&script("lists.py"), &data])?;
    // Without the list that is made now, or what it hides would never be found again.
    let near = root.join(DATA).join("near-misses.txt");
    fs::write(&near, "").map_err(|_| Failed::new("near-misses.txt cannot be written"))?;
    let example = ["run", "--release", "--quiet", "-p", "postern-classify", "--example", "near"];
    let words = piped(root, &python, &[&script("words.py"), &data], "")?;
    let found = piped(root, "cargo", &example, &words)?;
    let said = piped(root, &python, &[&script("near_misses.py"), &data], &found)?;
    if said.trim().is_empty() {
        return Err(Failed::new("near-misses.txt was not written"));
    }
    Ok(())
}

/// Unpacks the lists of ordinary words below `target/lexicon`: SCOWL from Debian, Letterpress's Spanish words from npm.
fn word_lists(home: &Path) -> Result<(), Failed> {
    if !home.join("scowl").exists() {
        run::shown(home, "apt-get", &["download", "-q", "scowl=2020.12.07-2"])?;
        run::shown(home, "dpkg", &["-x", "scowl_2020.12.07-2_all.deb", "scowl"])?;
    }
    if !home.join("spanish").exists() {
        run::shown(home, "npm", &["pack", "--silent", "an-array-of-spanish-words@2.0.0"])?;
        fs::create_dir_all(home.join("spanish")).map_err(|_| Failed::new("target/lexicon cannot be written"))?;
        run::shown(home, "tar", &["xzf", "an-array-of-spanish-words-2.0.0.tgz", "-C", "spanish"])?;
    }
    Ok(())
}

/// Runs a command on `input`; gives what it printed.
fn piped(directory: &Path, program: &str, arguments: &[&str], input: &str) -> Result<String, Failed> {
    let failed = || Failed::new(format!("`{program} {}` failed", arguments.join(" ")));
    let before = directory.join("target/lexicon/input.txt");
    fs::write(&before, input).map_err(|_| failed())?;
    let file = fs::File::open(&before).map_err(|_| failed())?;
    let mut command = Command::new(program);
    let output = command.args(arguments).current_dir(directory).stdin(file).stderr(Stdio::inherit()).output();
    let output = output.map_err(|_| failed())?;
    if !output.status.success() {
        return Err(failed());
    }
    String::from_utf8(output.stdout).map_err(|_| failed())
}
