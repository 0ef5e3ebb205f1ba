//! The outside programs and data that the tests are checked against: verifiers we did not write, a real mail server,
//! health records nobody here made. Installed from Debian, PyPI and npm, pinned, into `target/peers` where they can be.
//!
//! A peer that is not there is a loud skip for a user and a failure under CI. Nothing is started here: tests start what
//! they need themselves, on loopback, and stop it.

use crate::run::{self, Failed};
use std::fs;
use std::path::{Path, PathBuf};

/// A Debian package that the tests are checked against.
struct Package {
    name: &'static str,
    /// The beginning of the version that is asked for, Debian's epoch (`2:`) included: the one the tests were written against.
    version: &'static str,
    /// The program or file that shows it is there.
    shows: &'static str,
    why: &'static str,
}

/// Debian keeps one version of each in a release, so on another release the wanted one is not to be had: what is there instead
/// is taken, and called out.
const DEBIAN: &[Package] = &[
    Package {
        name: "golang-go",
        version: "2:1.19",
        shows: "/usr/bin/go",
        why: "verifies the ledger with sumdb/note and sumdb/tlog",
    },
    Package {
        name: "golang-golang-x-mod-dev",
        version: "0.7",
        shows: "/usr/share/gocode/src/golang.org/x/mod/sumdb/tlog/tlog.go",
        why: "the sumdb packages",
    },
    Package {
        name: "postfix",
        version: "3.7",
        shows: "/usr/sbin/postfix",
        why: "takes the e-mail notices over verified STARTTLS",
    },
    Package {
        name: "nsd",
        version: "4.6",
        shows: "/usr/sbin/nsd",
        why: "serves the signed zones that mail policies are read from",
    },
    Package {
        name: "unbound",
        version: "1.17",
        shows: "/usr/sbin/unbound",
        why: "resolves and validates the same zones by its own lights",
    },
    Package {
        name: "stunnel4",
        version: "3:5.68",
        shows: "/usr/bin/stunnel",
        why: "secures the sink of the mail benchmark",
    },
    Package { name: "ldnsutils", version: "1.8", shows: "/usr/bin/ldns-signzone", why: "signs the zones" },
    Package {
        name: "postgrey",
        version: "1.37",
        shows: "/usr/sbin/postgrey",
        why: "makes Postfix turn strangers away once",
    },
    Package { name: "opendkim", version: "2.11", shows: "/usr/sbin/opendkim", why: "verifies our DKIM signatures" },
    Package { name: "tcpdump", version: "4.99", shows: "/usr/bin/tcpdump", why: "captures what travels in the clear" },
    Package { name: "strace", version: "6.1", shows: "/usr/bin/strace", why: "sees every destination of the binary" },
    Package {
        name: "openssl",
        version: "3.0",
        shows: "/usr/bin/openssl",
        why: "makes test certificates, and opens what S/MIME encrypted",
    },
    Package { name: "libssl-dev", version: "3.0", shows: "/usr/include/openssl/cms.h", why: "what S/MIME is built on" },
    Package {
        name: "swaks",
        version: "20201014",
        shows: "/usr/bin/swaks",
        why: "writes to our listener for mail that comes back",
    },
    Package {
        name: "chromium",
        version: "156.0",
        shows: "/usr/bin/chromium",
        why: "the browser that the portal's stories are told in",
    },
    Package {
        name: "libfaketime",
        version: "0.9",
        shows: "/usr/share/doc/libfaketime",
        why: "lets a server live through days in seconds",
    },
    Package {
        name: "kannel",
        version: "1.4",
        shows: "/usr/sbin/bearerbox",
        why: "the gateway for text messages that the benchmark measures beside ours",
    },
    Package { name: "pkg-config", version: "1.8", shows: "/usr/bin/pkg-config", why: "finds it" },
];

/// What was found or installed.
#[derive(Debug, Default)]
pub struct Peers {
    /// What is there.
    pub there: Vec<String>,
    /// What is not, with the reason.
    pub missing: Vec<String>,
    /// What is there in another version than the one the tests were written against.
    pub other: Vec<String>,
}

impl Peers {
    /// Sentences for a person.
    #[must_use]
    pub fn report(&self) -> String {
        let mut out = String::new();
        for name in &self.there {
            out.push_str(&format!("peer there    {name}\n"));
        }
        for name in &self.other {
            out.push_str(&format!("peer OTHER    {name}\n"));
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
    let there = |package: &&Package| Path::new(package.shows).exists();
    let absent: Vec<&Package> = DEBIAN.iter().filter(|package| !there(package)).collect();
    if !absent.is_empty() && Path::new("/usr/bin/apt-get").exists() {
        // apt takes a pattern for the version; with another release of Debian it finds none, and any version is better than none.
        let pinned: Vec<String> =
            absent.iter().map(|package| format!("{}={}*", package.name, package.version)).collect();
        let unpinned: Vec<String> = absent.iter().map(|package| package.name.to_owned()).collect();
        if !apt(&pinned) {
            apt(&unpinned);
        }
    }
    for package in DEBIAN {
        let Package { name, version, why, .. } = package;
        if !there(&package) {
            let how = format!("as root: apt-get install --no-install-recommends {name}");
            peers.missing.push(format!("{name} (Debian): {why}; {how}"));
            continue;
        }
        let found = run::output("dpkg-query", &["--show", "--showformat=${Version}", name]).unwrap_or_default();
        if !begins_with(&found, version) {
            let found = if found.is_empty() { "a version Debian does not know" } else { found.as_str() };
            peers.other.push(format!("{name}: found {found}, the tests were written against {version}"));
        }
        peers.there.push(format!("{name} {found} (Debian): {why}"));
    }
}

/// Whether a Debian version begins with these numbers.
fn begins_with(version: &str, tried: &str) -> bool {
    version.strip_prefix(tried).is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// Installs `packages` with apt when we are root, and says whether apt did; services are not started.
fn apt<S: AsRef<str>>(packages: &[S]) -> bool {
    if run::output("id", &["-u"]).as_deref() != Some("0") {
        return false;
    }
    // Debian's postfix asks what kind of mail server this is: none, the tests run their own from a directory of theirs.
    let environment = [("DEBIAN_FRONTEND", "noninteractive"), ("RUNLEVEL", "1")];
    let mut arguments = vec!["-q", "install", "-y", "--no-install-recommends"];
    arguments.extend(packages.iter().map(AsRef::as_ref));
    run::quiet("apt-get", &["-q", "update"], &environment).is_ok()
        && run::quiet("apt-get", &arguments, &environment).is_ok()
}

/// A virtual environment with the pinned Python peers.
fn python(root: &Path, home: &Path, peers: &mut Peers) {
    let wanted = root.join("xtask/peers/requirements.txt");
    let venv = home.join("venv");
    let stamp = home.join("venv.requirements");
    let name = "pymerkle, tietai-synthea, carebundle, dkimpy, moto, aiosmtpd (PyPI)";
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
    let name = "hl7.fhir.r4.examples, sms-segments-calculator, twilio, bandwidth-sdk, smpp, prism, playwright-core, axe-core \
                (npm)";
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_the_same_when_its_first_numbers_are() {
        assert!(begins_with("2:1.19~1", "2:1.19"));
        assert!(begins_with("3.7.11-0+deb12u1", "3.7"));
        assert!(!begins_with("3.70.1", "3.7"), "70 is not 7");
        assert!(!begins_with("3.8.1", "3.7") && !begins_with("", "3.7"));
    }

    #[test]
    fn another_version_is_called_out() {
        let peers = Peers { other: vec!["postfix: found 4.0".into()], ..Peers::default() };
        assert!(peers.report().contains("peer OTHER    postfix: found 4.0"));
    }
}
