//! The outside programs and data that the tests are checked against: verifiers we did not write, a real mail server,
//! health records nobody here made. Installed from Debian, PyPI and npm, pinned, into `target/peers` where they can be.
//!
//! A peer that is not there is a loud skip for a user and a failure under CI. Nothing is started here: tests start what
//! they need themselves, on loopback, and stop it.

use crate::run::{self, Failed};
use std::fs;
use std::path::{Path, PathBuf};

/// Debian packages, each with the program or file that shows it is there, and what it is for.
const DEBIAN: &[(&str, &[&str], &str)] = &[
    ("golang-go", &["/usr/bin/go"], "verifies the ledger with sumdb/note and sumdb/tlog"),
    ("golang-golang-x-mod-dev", &["/usr/share/gocode/src/golang.org/x/mod/sumdb/tlog/tlog.go"], "the sumdb packages"),
    ("postfix", &["/usr/sbin/postfix"], "takes the e-mail notices over verified STARTTLS"),
    ("openssl", &["/usr/bin/openssl"], "makes test certificates"),
];

/// What was found or installed.
#[derive(Debug, Default)]
pub struct Peers {
    /// What is there.
    pub there: Vec<String>,
    /// What is not, with the reason.
    pub missing: Vec<String>,
}

impl Peers {
    /// Sentences for a person.
    #[must_use]
    pub fn report(&self) -> String {
        let mut out = String::new();
        for name in &self.there {
            out.push_str(&format!("peer there    {name}\n"));
        }
        for name in &self.missing {
            out.push_str(&format!("peer MISSING  {name}\n"));
        }
        if !self.missing.is_empty() {
            out.push_str("Tests that need a missing peer say SKIPPED and pass; under CI they fail.\n");
        }
        out
    }
}

/// Installs what is missing and can be installed, and says what is there.
///
/// # Errors
/// When a directory under `target` cannot be written. A peer that cannot be installed is not an error but a missing peer.
pub fn install(root: &Path) -> Result<Peers, Failed> {
    let home = root.join("target").join("peers");
    fs::create_dir_all(&home).map_err(|_| Failed::new("target/peers cannot be written"))?;
    let mut peers = Peers::default();
    debian(&mut peers);
    python(root, &home, &mut peers);
    node(root, &home, &mut peers);
    Ok(peers)
}

/// Debian packages, when this is Debian and we may.
fn debian(peers: &mut Peers) {
    let there = |shown: &[&str]| shown.iter().all(|path| Path::new(path).exists());
    let absent: Vec<&str> = DEBIAN.iter().filter(|(_, shown, _)| !there(shown)).map(|(name, ..)| *name).collect();
    if !absent.is_empty() && Path::new("/usr/bin/apt-get").exists() {
        apt(&absent);
    }
    for (name, shown, why) in DEBIAN {
        if there(shown) {
            peers.there.push(format!("{name} (Debian): {why}"));
        } else {
            peers
                .missing
                .push(format!("{name} (Debian): {why}; as root: apt-get install --no-install-recommends {name}"));
        }
    }
}

/// Installs `packages` with apt when we are root; services are not started.
fn apt(packages: &[&str]) {
    if run::output("id", &["-u"]).as_deref() != Some("0") {
        return;
    }
    // Debian's postfix asks what kind of mail server this is: none, the tests run their own from a directory of theirs.
    let environment = [("DEBIAN_FRONTEND", "noninteractive"), ("RUNLEVEL", "1")];
    let mut arguments = vec!["-q", "install", "-y", "--no-install-recommends"];
    arguments.extend_from_slice(packages);
    // Whether it worked is seen by what is there afterwards.
    drop(run::quiet("apt-get", &["-q", "update"], &environment));
    drop(run::quiet("apt-get", &arguments, &environment));
}

/// A virtual environment with the pinned Python peers.
fn python(root: &Path, home: &Path, peers: &mut Peers) {
    let wanted = root.join("xtask/peers/requirements.txt");
    let venv = home.join("venv");
    let stamp = home.join("venv.requirements");
    let name = "pymerkle, tietai-synthea, carebundle (PyPI)";
    if !current(&wanted, &stamp) || !venv.join("bin/python").exists() {
        let pip = text(&venv.join("bin/pip"));
        let made = run::quiet("python3", &["-m", "venv", &text(&venv)], &[]).or_else(|_| {
            apt(&["python3", "python3-venv"]);
            run::quiet("python3", &["-m", "venv", &text(&venv)], &[])
        });
        let arguments = ["install", "--quiet", "--disable-pip-version-check", "--no-input", "-r", &text(&wanted)];
        if made.and_then(|()| run::quiet(&pip, &arguments, &[])).is_err() || fs::copy(&wanted, &stamp).is_err() {
            peers.missing.push(format!("{name}: needs python3 with venv, and PyPI"));
            return;
        }
    }
    peers.there.push(name.to_owned());
}

/// The pinned npm packages.
fn node(root: &Path, home: &Path, peers: &mut Peers) {
    let wanted = root.join("xtask/peers/package.json");
    let directory = home.join("node");
    let stamp = home.join("node.package.json");
    let name = "hl7.fhir.r4.examples (npm)";
    if !current(&wanted, &stamp) || !directory.join("node_modules").exists() {
        if run::output("npm", &["--version"]).is_none() {
            apt(&["npm"]);
        }
        let ready = fs::create_dir_all(&directory).and_then(|()| fs::copy(&wanted, directory.join("package.json")));
        let arguments = [
            "install",
            "--prefix",
            &text(&directory),
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--loglevel=error",
        ];
        if ready.is_err() || run::quiet("npm", &arguments, &[]).is_err() || fs::copy(&wanted, &stamp).is_err() {
            peers.missing.push(format!("{name}: needs npm, and its registry"));
            return;
        }
    }
    peers.there.push(name.to_owned());
}

/// Whether what was installed is what is wanted now.
fn current(wanted: &Path, stamp: &Path) -> bool {
    matches!((fs::read(wanted), fs::read(stamp)), (Ok(wanted), Ok(stamp)) if wanted == stamp)
}

/// A path as an argument.
fn text(path: &Path) -> String {
    PathBuf::from(path).to_string_lossy().into_owned()
}
